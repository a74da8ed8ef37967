"""The warning where code turns a Value into a float without saying so: the float has no history.

``math.exp(x)`` and ``array[0] = x`` ask a Value for a float. What is computed from it no longer
depends on the Value, so its gradient would be wrong without a word.
"""

from __future__ import annotations

import ast
import linecache
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from types import CodeType
from typing import Any

from tinygrad_edu.table import TABLE

MEANT = {
    *("float", "int", "round", "str", "format", "Decimal", "Fraction", "floor", "ceil", "trunc"),
    *("isnan", "isinf", "isfinite", "isclose"),
}
"""Code that calls one of these wants a plain number, so there is no warning."""
OURS = {name: name for name in TABLE} | {"fabs": "abs", "pow": "**"}


EXPECTED = ContextVar("EXPECTED", default=False)


@contextmanager
def expected() -> Iterator[None]:
    """Give no warning inside: there a function of floats is looked at as such."""
    token = EXPECTED.set(True)
    try:
        yield
    finally:
        EXPECTED.reset(token)


def warn(number: object) -> None:
    """Warn that code takes the float of a Value, unless it asks for one."""
    if EXPECTED.get():
        return
    frame = sys._getframe(2)  # 0 is this function, 1 is Value.__float__
    instead = what_to_write(frame.f_code, frame.f_lasti, frame.f_lineno)
    if instead:
        message = (
            f"a Value became the plain number {number}, through which no gradient flows: {instead} "
            "to stay in the graph, or x.data if you want only the number"
        )
        warnings.warn(message, UserWarning, stacklevel=3)


@lru_cache(maxsize=1024)
def what_to_write(code: CodeType, instruction: int, line: int) -> str:
    """Return what to write instead of the code that takes a float, or "" if it asks for one."""
    expression = source_of(code, instruction, line)
    names = {node.id for node in ast.walk(expression) if isinstance(node, ast.Name)}
    calls = [node.func for node in ast.walk(expression) if isinstance(node, ast.Call)]
    called = [f.attr if isinstance(f, ast.Attribute) else getattr(f, "id", "") for f in calls]
    if MEANT & {*names, *called}:
        return ""
    ours = next((OURS[name] for name in called if name in OURS), None)
    if ours == "**":
        return "write x ** y"
    return f"write tinygrad_edu.{ours}" if ours else "compute with operations of tinygrad_edu"


def source_of(code: CodeType, instruction: int, line: int) -> ast.AST:
    """Return the expression of an instruction, or its line, or nothing where neither is known."""
    first = last = line
    start: int | None = None
    end: int | None = None
    if hasattr(code, "co_positions"):  # from Python 3.11 on
        found: Any = list(code.co_positions())[instruction // 2]
        first, last, start, end = found[0] or first, found[1] or last, found[2], found[3]
    lines = [linecache.getline(code.co_filename, n).encode() for n in range(first, last + 1)]
    if lines and start is not None and end is not None:
        lines[-1] = lines[-1][:end]
        lines[0] = lines[0][start:]
    try:
        return ast.parse(b"".join(lines).decode().strip())
    except (SyntaxError, ValueError):
        return ast.Module([], [])
