"""The systems of the lectures, each a short module that can be read and run.

``tinygrad-edu example --list`` lists them, and ``tinygrad-edu example xor`` runs one. Each module
begins with a line that says what it shows; its function ``report`` returns the results as text.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil

__all__ = ["names", "report", "title"]


def names() -> list[str]:
    """Return the names of all examples.

    >>> "xor" in names()
    True
    """
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def title(name: str) -> str:
    """Return the first line of the docstring of an example.

    >>> title("worked_example")
    'The worked example of lecture A, figure by figure (A9, A10).'
    """
    source = inspect.getsource(importlib.import_module(f"{__name__}.{name}"))
    text = ast.get_docstring(ast.parse(source))  # python -OO removes docstrings, not the source
    return (text or name).partition("\n")[0]


def report(name: str) -> str:
    """Run an example and return its results as text."""
    return str(importlib.import_module(f"{__name__}.{name}").report())
