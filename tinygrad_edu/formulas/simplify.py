"""Formulas in a short form: no 1 · x, no x + 0, and x - y in place of x + (-y)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction

from tinygrad_edu.formulas.markup import DIGITS, Markup, Piece
from tinygrad_edu.formulas.pieces import number_piece
from tinygrad_edu.operation import ATOM, Operation
from tinygrad_edu.table import (
    PRODUCT,
    SUM,
    add,
    div,
    half_squared_error,
    mul,
    neg,
    power,
    sub,
    total,
    weighted_sum,
)

__all__ = ["added_up", "composed"]

SEVERAL = 3  # equal terms of a sum that are written one by one


def added_up(pieces: Sequence[Piece], markup: Markup) -> Piece:
    """Return the sum of pieces; of more than a few equal ones the multiple.

    >>> from tinygrad_edu.formulas.markup import TEXT
    >>> x = Piece("x", ATOM)
    >>> added_up([x, x], TEXT).text, added_up([x] * 9, TEXT).text
    ('x + x', '9 · x')
    """
    terms: list[Piece] = []
    for piece, n in Counter(pieces).items():
        multiple = [number_piece(n, markup, DIGITS), piece]
        terms += [composed(mul, multiple, markup)] if n > SEVERAL else [piece] * n
    return composed(total, terms, markup)


def composed(op: Operation, pieces: Sequence[Piece], markup: Markup) -> Piece:
    """Return the formula of an operation, simpler where that is short: no 1 · x and no x + 0."""
    if op is weighted_sum:
        n = len(pieces) // 2
        pairs = zip(pieces[:n], pieces[n : 2 * n], strict=True)
        terms = [composed(mul, pair, markup) for pair in pairs]
        return composed(total, [*terms, pieces[-1]], markup)
    if op is total:
        whole = Piece("0", ATOM, is_number=True)
        for piece in pieces:
            whole = composed(add, [whole, piece], markup)
        return whole
    if op is half_squared_error:
        return half_of_squares(pieces, markup)
    simple = SIMPLER.get(op)
    if simple is not None and (found := simple(markup, *pieces)) is not None:
        return found
    return markup.compose(op, pieces)


def half_of_squares(pieces: Sequence[Piece], markup: Markup) -> Piece:
    """Return half the sum of the squared differences of the first pieces and the others."""
    n = len(pieces) // 2
    errors = [composed(sub, pair, markup) for pair in zip(pieces[:n], pieces[n:], strict=True)]
    squares = [composed(power, [error, Piece("2", ATOM)], markup) for error in errors]
    whole = composed(total, squares, markup)
    factor = whole.text if n == 1 else markup.enclose(whole.text)
    times = " " if factor.startswith(("(", r"\left(")) else markup.times
    half = markup.number(Fraction(1, 2), DIGITS)
    return Piece(f"{half}{times}{factor}", PRODUCT, half_of=whole)


def is_(number: str, x: Piece) -> bool:
    """Tell whether a piece is a certain number."""
    return x.is_number and x.text.replace("−", "-") == number


def simpler_sum(_: Markup, x: Piece, y: Piece) -> Piece | None:
    """Return x + y where one is 0, and x - z where y is -z."""
    if is_("0", x) or is_("0", y):
        return y if is_("0", x) else x
    return Piece(f"{x.text} {y.text[0]} {y.text[1:]}", SUM) if y.is_minus() else None


def simpler_difference(markup: Markup, x: Piece, y: Piece) -> Piece | None:
    """Return x - y where one is 0, and x + 2 where y is the number -2."""
    if is_("0", y):
        return x
    if is_("0", x):
        return composed(neg, [y], markup)
    return Piece(f"{x.text} + {y.text[1:]}", SUM) if y.is_number and y.is_negative else None


def simpler_product(markup: Markup, x: Piece, y: Piece) -> Piece | None:
    """Return x y where one is 0, 1 or -1, x is 2 and y the half of something, or both are one."""
    for one, other in ((x, y), (y, x)):
        if is_("0", one) or is_("1", one):
            return one if is_("0", one) else other
        if is_("-1", one):
            return composed(neg, [other], markup)
    if is_("2", x) and y.half_of is not None:
        return y.half_of
    return markup.compose(power, [x, Piece("2", ATOM)]) if x == y else None


def simpler_quotient(markup: Markup, x: Piece, y: Piece) -> Piece | None:
    """Return x / y where x is 0 or y is 1 or -1."""
    if is_("-1", y):
        return composed(neg, [x], markup)
    return x if is_("0", x) or is_("1", y) else None


def simpler_negative(markup: Markup, x: Piece) -> Piece:
    """Return -x, which may be 0, or without a minus where x has one."""
    if is_("0", x):
        return x
    if x.is_negative:
        return Piece(x.text[1:], PRODUCT)
    return markup.compose(neg, [x])._replace(is_negative=True)


def simpler_power(_: Markup, x: Piece, n: Piece) -> Piece | None:
    """Return x^n where n is 1 or 0."""
    if is_("1", n):
        return x
    return Piece("1", ATOM, is_number=True) if is_("0", n) else None


SIMPLER: dict[Operation, Callable[..., Piece | None]] = {
    add: simpler_sum,
    sub: simpler_difference,
    mul: simpler_product,
    div: simpler_quotient,
    neg: simpler_negative,
    power: simpler_power,
}
