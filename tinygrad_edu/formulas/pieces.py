"""Names and numbers as pieces of a formula."""

from __future__ import annotations

import re
from typing import Any

from tinygrad_edu.formulas.alphabet import RAISED
from tinygrad_edu.formulas.markup import DIGITS, Markup, Piece
from tinygrad_edu.formulas.names import Names
from tinygrad_edu.operation import ATOM
from tinygrad_edu.recorder import as_number
from tinygrad_edu.table import POWER, PRODUCT, SUM

__all__ = ["by_name", "constant_piece", "name_piece", "number_piece"]

BRACKETED = re.compile(r"\([^()]*\)|\[[^][]*\]|\{[^{}]*\}|\|[^|]*\|")

LIKE_SUM = re.compile(r"^\s*[-−+±]|\S\s*[+−±=<>≤≥≈∓]\s*\S|(?<![^\W\d_]{2})-(?![^\W\d_]{2})")
"""A hyphen between two words is no minus."""

LIKE_PRODUCT = re.compile(r"\S\s*[·*/÷×⋅∘⊙]\s*\S|\S\s+\S|^\s*\d+[^\W\d_]")


def name_piece(name: str, markup: Markup) -> Piece:
    """Return a name as a piece of a formula; it holds together like what it looks like."""
    return Piece(markup.name(name), looks(name))


def looks(name: str) -> int:
    """Return how firmly a name holds together: a label may look like a sum, or have a superscript.

    >>> looks("a+b") == SUM, looks("∂L/∂w") == PRODUCT, looks("x²") == POWER, looks("f(a+b)") == 9
    (True, True, True, True)
    """
    outside, inside = name, 1
    while inside:
        outside, inside = BRACKETED.subn("•", outside)
    if LIKE_SUM.search(outside):
        return SUM
    if LIKE_PRODUCT.search(outside):
        return PRODUCT
    return POWER if any(character in RAISED for character in name) else ATOM


def by_name(x: Any, names: Names, markup: Markup, digits: int = DIGITS) -> Piece:
    """Return an argument of an operation by its name; what has none is a number.

    >>> from tinygrad_edu import Constant, Value
    >>> from tinygrad_edu.formulas.markup import TEXT
    >>> x, c = Value(2.0, label="x"), Constant(3.0)
    >>> [by_name(arg, Names(x * c), TEXT).text for arg in (x * c).args]
    ['x', '3']
    """
    if name := names.get(x):
        return name_piece(name, markup)
    return constant_piece(as_number(x), markup, digits)


def number_piece(x: Any, markup: Markup, digits: int) -> Piece:
    """Return a number as a piece of a formula; one with a sign holds together like a sum."""
    written = markup.number(x, digits)
    is_number = not looks_like_one(written) or abs(x) == 1
    if written[:1] in ("-", "−"):
        return Piece(written, SUM, is_number, is_negative=True)
    plain = re.fullmatch(r"[\d.]+", written)
    return Piece(written, ATOM if plain else PRODUCT, is_number)


def constant_piece(x: Any, markup: Markup, digits: int) -> Piece:
    """Return a number that is a part of the formula: 1.0000001 is not to look like 1."""
    if looks_like_one(markup.number(x, digits)) and abs(x) != 1:
        digits = next(d for d in range(digits, 18) if float(f"{x:.{d}g}") == x)
    return number_piece(x, markup, digits)


def looks_like_one(written: str) -> bool:
    """Tell whether a number is written as 1 or -1."""
    return written.lstrip("-−") == "1"
