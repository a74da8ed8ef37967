"""Names that a package imports only when they are used, so that a program loads what it needs.

For names that other libraries have and this package does not, the error says what to write here.
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
    """Return the functions ``__getattr__`` and ``__dir__`` for a package.

    Args:
        package: the name of the package.
        places: for each name the module that defines it; "" for a name that is itself a module.
        habits: for each name that people know from other libraries, what to write instead.

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
    """Tell whether a frame is executing ``from package import name``.

    In that statement Python replaces the message of an AttributeError by its own message.
    """
    from opcode import opmap  # noqa: PLC0415 - needed only after a mistake

    code: bytes = frame.f_code.co_code
    return bool(code[frame.f_lasti] == opmap["IMPORT_FROM"])
