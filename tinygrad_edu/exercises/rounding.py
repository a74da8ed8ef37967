"""How far off an answer may be that was worked out from rounded numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from tinygrad_edu.exercises.terms import Term, plain
from tinygrad_edu.formulas.markup import DIGITS
from tinygrad_edu.value import Value

__all__ = ["carried", "last_place", "local_error", "shown_off", "sum_error"]


def shown_off(x: Any) -> float:
    """Return how far what is shown of a number is from the number.

    >>> from fractions import Fraction
    >>> print(f"{shown_off(0.186815602):.2g} {shown_off(0.25)} {shown_off(Fraction(1, 3))}")
    1.6e-05 0.0 0.0
    """
    if not isinstance(x, float) or not math.isfinite(x):
        return 0.0
    return abs(float(f"{x:.{DIGITS}g}") - x)


def half_unit(x: Any) -> float:
    """Return half of what 1 is worth in the last place that is shown of a number.

    It is 0 for what is shown in full.

    >>> from fractions import Fraction
    >>> half_unit(0.186815), half_unit(0.25), half_unit(Fraction(1, 3))
    (5e-05, 0.0, 0.0)
    """
    if not isinstance(x, float) or float(f"{x:.{DIGITS}g}") == x or not math.isfinite(x):
        return 0.0
    return last_place(x) / 2


def last_place(x: float) -> float:
    """Return what 1 is worth in the last place that is shown of a number."""
    exponent = f"{x:.{DIGITS - 1}e}".partition("e")[2] if x and math.isfinite(x) else "0"
    return float(f"1e{int(exponent) + 1 - DIGITS}")


def carried(formula: Callable[..., Any], *numbers: Any) -> float:
    """Return how far off the result of a formula may be if its numbers are taken as they are shown.

    >>> print(f"{carried(lambda x, y: x * y, 0.741365, 0.186816):.6f}")
    0.000019
    """

    def moved(i: int, by: float) -> float:
        try:
            return float(abs(formula(*numbers[:i], numbers[i] + by, *numbers[i + 1 :]) - right))
        except (ArithmeticError, ValueError):
            return 0.0

    right = formula(*numbers)
    shifts = [(i, shift) for i, x in enumerate(numbers) if (shift := shown_off(x))]
    errors = [max(moved(i, shift), moved(i, -shift)) for i, shift in shifts]
    return 1.01 * sum(errors)  # together they do a little more than each by itself


def local_error(node: Value, positions: list[int], read: list[Value]) -> float:
    """Return how far off a local derivative may be.

    That of sigma can be worked out from the result, or from the argument.

    Args:
        node: the operation's result.
        positions: where the argument stands.
        read: the Values that the rule makes use of.
    """
    op: Any = node.op
    args = [x for x in dict.fromkeys(node.args) if isinstance(x, Value)]

    def rule(operands: list[Value], numbers: Iterable[Any], *, is_anew: bool = False) -> float:
        known = {x: x.data for x in (node, *args)} | dict(zip(operands, numbers, strict=True))
        given = [known[x] if isinstance(x, Value) else x for x in node.args]
        y = op.forward(*op.nested(given)) if is_anew else known[node]
        partials = op.rule(y, given, written=True)
        return sum(float(partials[k]) for k in positions)

    error = carried(lambda *numbers: rule(read, numbers), *(x.data for x in read))
    if node not in read:
        return error
    anew = carried(lambda *numbers: rule(args, numbers, is_anew=True), *(x.data for x in args))
    return max(error, anew)


def sum_error(terms: list[Term]) -> float:
    """Return how far off a sum of contributions may be, each of which is rounded."""
    products = [
        carried(lambda x, y: x * y, plain(term.step.upstream), term.partial) for term in terms
    ]
    rounding = [half_unit(term.contribution) for term in terms] if len(terms) > 1 else []
    return sum(products) + sum(rounding)
