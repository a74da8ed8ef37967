"""Names that a package imports when they are asked for, so that a program loads what it uses.

And names that it does not have, but that people type who come from elsewhere: the error says what
they are called here.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

__all__ = ["on_demand"]

Faces: TypeAlias = "tuple[Callable[[str], Any], Callable[[], list[str]]]"


def on_demand(
    package: str, places: Mapping[str, str], habits: Mapping[str, str] | None = None
) -> Faces:
    """Return ``__getattr__`` and ``__dir__`` for a package.

    Args:
        package: its name.
        places: for each name the module that has it; "" for a name that is itself a module.
        habits: for each name that people know from elsewhere, what they should write instead.

    >>> import tinygrad_edu
    >>> tinygrad_edu.manual_seed(0)
    Traceback (most recent call last):
      ...
    AttributeError: module 'tinygrad_edu' has no attribute 'manual_seed': give a seed to each ...
    """

    def getattr_of_package(name: str) -> Any:
        if name in places:
            if not places[name]:
                return importlib.import_module(f"{package}.{name}")
            return getattr(importlib.import_module(places[name]), name)
        message = f"module {package!r} has no attribute {name!r}"
        if habits and name in habits:
            message += f": {habits[name]}"
            if is_from_import(sys._getframe(1)):
                raise ImportError(message)
        raise AttributeError(message)

    def dir_of_package() -> list[str]:
        module = sys.modules[package]
        return sorted({*vars(module), *module.__all__})

    return getattr_of_package, dir_of_package


def is_from_import(frame: Any) -> bool:
    """Tell whether a frame says ``from package import name``.

    Of that statement Python replaces the message of an AttributeError by one of its own.
    """
    from opcode import opmap  # noqa: PLC0415 - after a mistake only

    code: bytes = frame.f_code.co_code
    return bool(code[frame.f_lasti] == opmap["IMPORT_FROM"])
