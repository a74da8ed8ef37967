"""The user's own functions and classes, loaded from a file or a module by name."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

__all__ = ["UserCodeError", "load", "module_of"]


class UserCodeError(Exception):
    """Code of the user cannot be loaded; the message is one sentence."""


def load(place: str) -> Any:
    """Return what stands at a place such as ``net.py:loss`` or ``package.module:Class.method``.

    Raises UserCodeError if the file or the name does not exist, or if the file raises an error.
    """
    where, colon, name = place.rpartition(":")
    if not colon or not where or not name:
        message = f"{place!r} is not a place: write file.py:name or module:name"
        raise UserCodeError(message)
    found: Any = module_of(where)
    for part in name.split("."):
        if not hasattr(found, part):
            message = f"{where} has no {part!r}; it has {names_in(found)}"
            raise UserCodeError(message)
        found = getattr(found, part)
    return found


def module_of(where: str) -> ModuleType:
    """Return the module in a file, or of a name."""
    try:
        return module_in_file(where) if where.endswith(".py") else module_named(where)
    except UserCodeError:
        raise
    except Exception as error:
        line = traceback.extract_tb(error.__traceback__)[-1].lineno
        at = f", line {error.lineno if isinstance(error, SyntaxError) else line}"
        at = "" if isinstance(error, ModuleNotFoundError) else at
        message = f"{where}{at}: {type(error).__name__}: {error}"
        raise UserCodeError(message) from error


def module_named(name: str) -> ModuleType:
    """Return a module that Python finds, in the present folder, too."""
    if sys.path[:1] != [""]:
        sys.path.insert(0, "")  # as python -m does
    return importlib.import_module(name)


def module_in_file(where: str) -> ModuleType:
    """Return the module in a file."""
    path = Path(where)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if not path.is_file() or spec is None or spec.loader is None:
        message = f"there is no file {where}"
        raise UserCodeError(message)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # dataclasses and pickle look there
    spec.loader.exec_module(module)
    return module


def names_in(thing: Any) -> str:
    """Return the functions and classes that a module or class defines, for a message."""
    own = getattr(thing, "__name__", "")
    found = [
        name for name, value in vars(thing).items()
        if not name.startswith("_") and (inspect.isfunction(value) or inspect.isclass(value))
        and getattr(value, "__module__", own) in (own, getattr(thing, "__module__", own))
    ]  # fmt: skip
    return ", ".join(found[:8]) or "no functions and no classes"
