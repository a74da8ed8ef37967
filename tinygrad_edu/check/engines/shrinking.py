"""Smaller expressions, for an example that is read at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tinygrad_edu.programs.expressions import Expression, expression

__all__ = ["simpler"]


def simpler(e: Expression) -> Iterator[Expression]:
    """Yield expressions with one operation less."""
    for i in range(len(e.instructions)):
        for operand in e.instructions[i].operands:
            if isinstance(operand, int):
                yield from without(e, i, operand)
    if len(e.instructions) > 1:
        last = len(e.instructions) - 1

        def up_to(*xs: Any, last: int = last) -> Any:
            return Expression(e.inputs, e.instructions[:last])(*xs)

        yield expression(up_to, *e.inputs)


def without(e: Expression, i: int, operand: int) -> Iterator[Expression]:
    """Yield the expression with an operand in the place of the i-th operation."""
    if len(e.instructions) == 1:
        return
    place = len(e.inputs) + i

    def f(*xs: Any) -> Any:
        results = list(xs)
        for k, line in enumerate(e.instructions):
            if len(e.inputs) + k == place:
                results.append(results[operand])
            else:
                results.append(line.op.compute(line.op.nested(line.arguments(results))))
        return results[-1]

    try:
        yield expression(f, *e.inputs)
    except (ArithmeticError, ValueError, AttributeError):
        return
