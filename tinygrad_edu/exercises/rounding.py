"""Error bounds for answers that were worked out from the rounded numbers on the sheet."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from tinygrad_edu.exercises.terms import Term, exact_or_float
from tinygrad_edu.formulas.markup import DIGITS
from tinygrad_edu.value import Value

__all__ = ["display_error", "error_from_rounding", "last_place", "local_error", "sum_error"]


def display_error(x: Any) -> float:
    """Return the distance between a number and its rounded form on the sheet.

    >>> from fractions import Fraction
    >>> print(f"{display_error(0.186815602):.2g}")
    1.6e-05
    >>> display_error(0.25), display_error(Fraction(1, 3))
    (0.0, 0.0)
    """
    if not isinstance(x, float) or not math.isfinite(x):
        return 0.0
    return abs(float(f"{x:.{DIGITS}g}") - x)


def half_unit(x: Any) -> float:
    """Return half a unit in the last place shown; 0 for a number that is shown in full.

    >>> from fractions import Fraction
    >>> half_unit(0.186815), half_unit(0.25), half_unit(Fraction(1, 3))
    (5e-05, 0.0, 0.0)
    """
    if not isinstance(x, float) or float(f"{x:.{DIGITS}g}") == x or not math.isfinite(x):
        return 0.0
    return last_place(x) / 2


def last_place(x: float) -> float:
    """Return the value of 1 in the last place that is shown of a number."""
    exponent = f"{x:.{DIGITS - 1}e}".partition("e")[2] if x and math.isfinite(x) else "0"
    return float(f"1e{int(exponent) + 1 - DIGITS}")


def error_from_rounding(formula: Callable[..., Any], *numbers: Any) -> float:
    """Return an error bound for the result of a formula if its numbers are rounded as shown.

    >>> print(f"{error_from_rounding(lambda x, y: x * y, 0.741365, 0.186816):.6f}")
    0.000019
    """

    def moved(i: int, by: float) -> float:
        try:
            return float(abs(formula(*numbers[:i], numbers[i] + by, *numbers[i + 1 :]) - right))
        except (ArithmeticError, ValueError):
            return 0.0

    right = formula(*numbers)
    shifts = [(i, shift) for i, x in enumerate(numbers) if (shift := display_error(x))]
    errors = [max(moved(i, shift), moved(i, -shift)) for i, shift in shifts]
    return 1.01 * sum(errors)  # all shifts together may do a little more than their sum


def local_error(node: Value, positions: list[int], read: list[Value]) -> float:
    """Return an error bound for a local derivative.

    A derivative such as that of sigma can be worked out from the operation's result or from its
    argument; the bound covers both ways.

    Args:
        node: the operation's result.
        positions: the positions of the argument among the arguments.
        read: the Values that the rule uses.
    """
    op: Any = node.op
    args = [x for x in dict.fromkeys(node.args) if isinstance(x, Value)]

    def rule(inputs: list[Value], numbers: Iterable[Any], *, from_args: bool = False) -> float:
        known = {x: x.data for x in (node, *args)} | dict(zip(inputs, numbers, strict=True))
        given = [known[x] if isinstance(x, Value) else x for x in node.args]
        y = op.forward(*op.nested(given)) if from_args else known[node]
        partials = op.rule(y, given, written=True)
        return sum(float(partials[k]) for k in positions)

    error = error_from_rounding(lambda *numbers: rule(read, numbers), *(x.data for x in read))
    if node not in read:
        return error
    from_args = error_from_rounding(
        lambda *numbers: rule(args, numbers, from_args=True), *(x.data for x in args)
    )
    return max(error, from_args)


def sum_error(terms: list[Term]) -> float:
    """Return an error bound for a sum of contributions, each of which is rounded."""
    products = [
        error_from_rounding(lambda x, y: x * y, exact_or_float(term.step.upstream), term.partial)
        for term in terms
    ]
    rounding = [half_unit(term.contribution) for term in terms] if len(terms) > 1 else []
    return sum(products) + sum(rounding)
