"""Functions and classes from the user's own code, by ``module:name`` or ``file.py:name``."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import inspect
import os
import sys
import sysconfig
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from tinygrad_edu.cli.command import CommandError
from tinygrad_edu.support.given import quoted

__all__ = ["called", "loaded", "module_at", "split", "told", "where"]

LISTED = 12
"""How many names of a file a message lists at most."""
PACKAGE = Path(__file__).parents[1]
NOT_THEIRS = {PACKAGE, *(Path(sysconfig.get_path(kind)) for kind in ("stdlib", "purelib"))}
"""Folders with code that no user of this package wrote."""


def split(target: str) -> tuple[str, str]:
    r"""Return a module or file, and the name in it; the name is "" if it is left out.

    >>> split("losses:hinge"), split("my/engine.py:Value"), split(r"C:\my\engine.py")
    (('losses', 'hinge'), ('my/engine.py', 'Value'), ('C:\\my\\engine.py', ''))
    """
    if target.endswith(".py") or ":" not in target:
        return target, ""
    place, _, name = target.rpartition(":")
    return place, name


def loaded(target: str) -> Any:
    """Return what ``module:name`` or ``file.py:name`` stands for; the name may contain dots.

    Raises CommandError, with one sentence, if there is no such file, module or name, and if the
    code raises an error.

    >>> loaded("math:pi"), loaded("tinygrad_edu:Value.tanh").__name__
    (3.141592653589793, 'tanh')
    """
    place, name = split(target)
    if not name and not is_file(place):
        message = f"{target!r} names no function: write FILE.py:FUNCTION or MODULE:FUNCTION"
        raise CommandError(message)
    thing: Any = module_at(place)
    if not name:
        message = f"{place}: say which function, as in {place}:NAME; {names_in(thing)}"
        raise CommandError(message)
    inside = place
    for part in name.split("."):
        try:
            thing = getattr(thing, part)
        except AttributeError:
            message = f"{inside} has no name {part!r}; {names_in(thing)}"
            raise CommandError(message) from None
        inside = f"{inside}:{part}" if inside == place else f"{inside}.{part}"
    return thing


def called(target: str) -> Callable[..., Any]:
    """Return the function that ``module:name`` or ``file.py:name`` stands for.

    >>> called("math:pi")
    Traceback (most recent call last):
      ...
    tinygrad_edu.cli.command.CommandError: math:pi is 3.141592653589793 (float), not a function
    """
    thing = loaded(target)
    if not callable(thing):
        message = f"{target} is {quoted(thing)} ({type(thing).__name__}), not a function"
        raise CommandError(message)
    return thing  # type: ignore[no-any-return]  # it is callable


def is_file(place: str) -> bool:
    """Tell whether a place is a file; otherwise it is a module."""
    return place.endswith(".py") or os.sep in place or "/" in place


def module_at(place: str) -> ModuleType:
    """Return a module by its name, or the module that a file makes."""
    return module_in(place) if is_file(place) else module_named(place)


def module_in(file: str) -> ModuleType:
    """Return the module that a file makes."""
    path = Path(file).absolute()
    if not path.is_file():
        message = f"{file}: there is no such file" if not path.exists() else f"{file} is not a file"
        raise CommandError(message)
    return module_made_by(path, file, path.stat().st_mtime_ns)


@functools.cache  # a function and its gradient may be in one file
def module_made_by(path: Path, file: str, _: int) -> ModuleType:
    """Run a file and return it as a module; it finds other files beside it, as a script does.

    Args:
        path: the file.
        file: what messages call it.
        _: when it was changed; a file that was changed is run again.
    """
    name = path.name  # with its ending, so that no other module has this name
    while name in sys.modules:
        name += "_"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        message = f"{file}: the name of a file with Python code ends in .py"
        raise CommandError(message)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        with importing_from(path.parent):
            spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise CommandError(where(error, file)) from error
    return module


def module_named(name: str) -> ModuleType:
    """Import a module, from the current folder or from where Python finds it."""
    if not all(part.isidentifier() for part in name.split(".")):
        message = f"{name!r} is neither the name of a module nor that of a file, which ends in .py"
        raise CommandError(message)
    try:
        with importing_from(Path.cwd()):
            return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and f"{name}.".startswith(f"{error.name}."):
            message = f"there is no module {error.name!r} here, and none is installed"
            message += f"; for a file write {name}.py:NAME"
            raise CommandError(message) from None
        raise CommandError(where(error, name)) from error
    except (Exception, SystemExit) as error:
        raise CommandError(where(error, name)) from error


@contextmanager
def importing_from(folder: Path) -> Iterator[None]:
    """Import from a folder first; afterwards last, so that a random.py there hides no other."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        sys.path.append(str(folder))


def names_in(thing: Any) -> str:
    """Return a clause that lists the names in a module or class, its own functions first."""
    public = {name: x for name, x in vars_of(thing).items() if not name.startswith("_")}
    own = getattr(thing, "__name__", None)
    functions = [name for name, x in public.items() if getattr(x, "__module__", "") == own]
    names = functions or [name for name, x in public.items() if not inspect.ismodule(x)]
    if not names:
        return "it has no names"
    return f"it has {', '.join(names[:LISTED])}" + ", ..." * (len(names) > LISTED)


def vars_of(thing: Any) -> dict[str, Any]:
    """Return the attributes of a module, a class or another object, without those of its class."""
    return {**getattr(thing, "__dict__", {})}


def where(error: BaseException, otherwise: str = "") -> str:
    """Return an error in one line, with the file and line of the user's code that raised it.

    Args:
        error: the error.
        otherwise: what stands in the place of the file and line if none of the user's raised it.
    """
    what = str(error)
    lines = [
        (frame.filename, frame.lineno)
        for frame in traceback.extract_tb(error.__traceback__)
        if is_theirs(frame.filename)
    ]
    if isinstance(error, SyntaxError) and error.filename:
        lines.append((error.filename, error.lineno))
        what = error.msg
    what = " ".join(f"{type(error).__name__}: {what}".removesuffix(": ").split())
    if lines:
        file, line = lines[-1]
        return f"{shown(file)}, line {line}: {what}"
    return f"{otherwise}: {what}" if otherwise else what


def told(error: BaseException, checker: str, otherwise: str = "") -> str:
    """Return an error in one line; the messages of a checker are sentences of their own.

    >>> told(ValueError("gradcheck: there is no input"), "gradcheck")
    'gradcheck: there is no input'
    """
    said = str(error)
    return said if said.startswith(f"{checker}: ") else where(error, otherwise)


def is_theirs(file: str) -> bool:
    """Tell whether a file may be the user's: not Python's, not installed, not of this package."""
    return not file.startswith("<") and not NOT_THEIRS & {*Path(file).parents}


def shown(file: str) -> str:
    """Return the name of a file as seen from the current folder, if it is inside."""
    path = Path(file).absolute()
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
