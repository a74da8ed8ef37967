"""Names and numbers as pieces of a formula."""

from __future__ import annotations

import re
from typing import Any

from tinygrad_edu.formulas.alphabet import POWER_SIGNS
from tinygrad_edu.formulas.markup import DIGITS, Markup, Piece
from tinygrad_edu.formulas.names import Names
from tinygrad_edu.operation import ATOM
from tinygrad_edu.recorder import as_number
from tinygrad_edu.table import POWER, PRODUCT, SUM

__all__ = ["constant_piece", "name_or_number", "name_piece", "number_piece"]

BRACKETED = re.compile(r"\([^()]*\)|\[[^][]*\]|\{[^{}]*\}|\|[^|]*\|")

LIKE_SUM = re.compile(r"^\s*[-−+±]|\S\s*[+−±=<>≤≥≈∓]\s*\S|(?<![^\W\d_]{2})-(?![^\W\d_]{2})")
"""A sum or a negative. A hyphen between two words is not a minus sign."""

LIKE_PRODUCT = re.compile(r"\S\s*[·*/÷×⋅∘⊙]\s*\S|\S\s+\S|^\s*\d+[^\W\d_]")


def name_piece(name: str, markup: Markup) -> Piece:
    """Return a name as a piece of a formula."""
    return Piece(markup.name(name), precedence_of_name(name))


def precedence_of_name(name: str) -> int:
    """Return the precedence of a name: a label may look like a sum, a product or a power.

    >>> names = {"a+b": SUM, "∂L/∂w": PRODUCT, "x²": POWER, "f(a+b)": ATOM}
    >>> [precedence_of_name(name) == expected for name, expected in names.items()]
    [True, True, True, True]
    """
    outside, inside = name, 1
    while inside:
        outside, inside = BRACKETED.subn("•", outside)
    if LIKE_SUM.search(outside):
        return SUM
    if LIKE_PRODUCT.search(outside):
        return PRODUCT
    return POWER if any(character in POWER_SIGNS for character in name) else ATOM


def name_or_number(x: Any, names: Names, markup: Markup, digits: int = DIGITS) -> Piece:
    """Return the name of an argument as a piece, or its number if it has no name.

    >>> from tinygrad_edu import Constant, Value
    >>> from tinygrad_edu.formulas.markup import TEXT
    >>> x, c = Value(2.0, label="x"), Constant(3.0)
    >>> [name_or_number(arg, Names(x * c), TEXT).text for arg in (x * c).args]
    ['x', '3']
    """
    if name := names.get(x):
        return name_piece(name, markup)
    return constant_piece(as_number(x), markup, digits)


def number_piece(x: Any, markup: Markup, digits: int) -> Piece:
    """Return a number as a piece; a negative number has the precedence of a sum."""
    written = markup.number(x, digits)
    is_number = not looks_like_one(written) or abs(x) == 1
    if written[:1] in ("-", "−"):
        return Piece(written, SUM, is_number, is_negative=True)
    plain = re.fullmatch(r"[\d.]+", written)
    return Piece(written, ATOM if plain else PRODUCT, is_number)


def constant_piece(x: Any, markup: Markup, digits: int) -> Piece:
    """Return a number of the formula itself as a piece; 1.0000001 must not look like 1."""
    if looks_like_one(markup.number(x, digits)) and abs(x) != 1:
        digits = next(d for d in range(digits, 18) if float(f"{x:.{d}g}") == x)
    return number_piece(x, markup, digits)


def looks_like_one(written: str) -> bool:
    """Tell whether the text of a number is 1 or -1."""
    return written.lstrip("-−") == "1"
