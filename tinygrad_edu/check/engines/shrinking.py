"""Smaller expressions, for an example that is read at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tinygrad_edu.programs.expressions import Expression, expression

__all__ = ["simpler"]


def simpler(e: Expression) -> Iterator[Expression]:
    """Yield expressions with one operation less."""
    for i in range(len(e.lines)):
        for operand in e.lines[i].operands:
            if isinstance(operand, int):
                yield from without(e, i, operand)
    if len(e.lines) > 1:
        last = len(e.lines) - 1

        def up_to(*xs: Any, last: int = last) -> Any:
            return Expression(e.inputs, e.lines[:last])(*xs)

        yield expression(up_to, *e.inputs)


def without(e: Expression, i: int, operand: int) -> Iterator[Expression]:
    """Yield the expression with an operand in the place of the i-th operation."""
    if len(e.lines) == 1:
        return
    place = len(e.inputs) + i

    def f(*xs: Any) -> Any:
        results = list(xs)
        for k, line in enumerate(e.lines):
            if len(e.inputs) + k == place:
                results.append(results[operand])
            else:
                results.append(line.op.compute(line.op.nested(line.arguments(results))))
        return results[-1]

    try:
        yield expression(f, *e.inputs)
    except (ArithmeticError, ValueError, AttributeError):
        return
