"""Simpler formulas: no 1 · x, no x + 0, and x - y in place of x + (-y)."""

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

__all__ = ["added_up", "simplified"]

MOST_EQUAL_TERMS = 3  # equal terms of a sum that are written separately; more become a multiple


def added_up(pieces: Sequence[Piece], markup: Markup) -> Piece:
    """Return the sum of pieces; more than a few equal terms are written as a multiple.

    >>> from tinygrad_edu.formulas.markup import TEXT
    >>> x = Piece("x", ATOM)
    >>> added_up([x, x], TEXT).text, added_up([x] * 9, TEXT).text
    ('x + x', '9 · x')
    """
    terms: list[Piece] = []
    for piece, n in Counter(pieces).items():
        multiple = [number_piece(n, markup, DIGITS), piece]
        terms += [simplified(mul, multiple, markup)] if n > MOST_EQUAL_TERMS else [piece] * n
    return simplified(total, terms, markup)


def simplified(op: Operation, pieces: Sequence[Piece], markup: Markup) -> Piece:
    """Return the formula of an operation, without trivial parts such as 1 · x and x + 0."""
    if op is weighted_sum:
        n = len(pieces) // 2
        pairs = zip(pieces[:n], pieces[n : 2 * n], strict=True)
        terms = [simplified(mul, pair, markup) for pair in pairs]
        return simplified(total, [*terms, pieces[-1]], markup)
    if op is total:
        whole = Piece("0", ATOM, is_number=True)
        for piece in pieces:
            whole = simplified(add, [whole, piece], markup)
        return whole
    if op is half_squared_error:
        return half_of_squares(pieces, markup)
    simple = SIMPLER.get(op)
    if simple is not None and (found := simple(markup, *pieces)) is not None:
        return found
    return markup.compose(op, pieces)


def half_of_squares(pieces: Sequence[Piece], markup: Markup) -> Piece:
    """Return ½ Σ (aᵢ − yᵢ)²; the first half of the pieces are the aᵢ, the others the yᵢ."""
    n = len(pieces) // 2
    errors = [simplified(sub, pair, markup) for pair in zip(pieces[:n], pieces[n:], strict=True)]
    squares = [simplified(power, [error, Piece("2", ATOM)], markup) for error in errors]
    whole = simplified(total, squares, markup)
    factor = whole.text if n == 1 else markup.enclose(whole.text)
    times = " " if factor.startswith(("(", r"\left(")) else markup.times
    half = markup.number(Fraction(1, 2), DIGITS)
    return Piece(f"{half}{times}{factor}", PRODUCT, half_of=whole)


def is_the_number(number: str, x: Piece) -> bool:
    """Tell whether a piece is a given number."""
    return x.is_number and x.text.replace("−", "-") == number


def simpler_sum(_: Markup, x: Piece, y: Piece) -> Piece | None:
    """Return x + y without a 0, or as x - z if y is -z; None if nothing is simpler."""
    if is_the_number("0", x) or is_the_number("0", y):
        return y if is_the_number("0", x) else x
    return Piece(f"{x.text} {y.text[0]} {y.text[1:]}", SUM) if y.is_minus() else None


def simpler_difference(markup: Markup, x: Piece, y: Piece) -> Piece | None:
    """Return x - y without a 0, or as x + 2 if y is -2; None if nothing is simpler."""
    if is_the_number("0", y):
        return x
    if is_the_number("0", x):
        return simplified(neg, [y], markup)
    return Piece(f"{x.text} + {y.text[1:]}", SUM) if y.is_number and y.is_negative else None


def simpler_product(markup: Markup, x: Piece, y: Piece) -> Piece | None:
    """Return x · y without 0, 1 or -1, or x · x as x²; None if nothing is simpler.

    If x is 2 and y is half of a known piece, return that piece.
    """
    for one, other in ((x, y), (y, x)):
        if is_the_number("0", one) or is_the_number("1", one):
            return one if is_the_number("0", one) else other
        if is_the_number("-1", one):
            return simplified(neg, [other], markup)
    if is_the_number("2", x) and y.half_of is not None:
        return y.half_of
    return markup.compose(power, [x, Piece("2", ATOM)]) if x == y else None


def simpler_quotient(markup: Markup, x: Piece, y: Piece) -> Piece | None:
    """Return x / y if x is 0 or y is 1 or -1; None if nothing is simpler."""
    if is_the_number("-1", y):
        return simplified(neg, [x], markup)
    return x if is_the_number("0", x) or is_the_number("1", y) else None


def simpler_negative(markup: Markup, x: Piece) -> Piece:
    """Return -x, which has no minus sign if x is 0 or begins with one."""
    if is_the_number("0", x):
        return x
    if x.is_negative:
        return Piece(x.text[1:], PRODUCT)
    return markup.compose(neg, [x])._replace(is_negative=True)


def simpler_power(_: Markup, x: Piece, n: Piece) -> Piece | None:
    """Return x^n if n is 1 or 0; None if nothing is simpler."""
    if is_the_number("1", n):
        return x
    return Piece("1", ATOM, is_number=True) if is_the_number("0", n) else None


SIMPLER: dict[Operation, Callable[..., Piece | None]] = {
    add: simpler_sum,
    sub: simpler_difference,
    mul: simpler_product,
    div: simpler_quotient,
    neg: simpler_negative,
    power: simpler_power,
}
