"""Subscripts and superscripts: indices and layers as they are shown, and as people type them."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["indices_typed", "subscript", "superscript"]

TO_SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
TO_SUPERSCRIPT = str.maketrans("0123456789()+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾⁺⁻")
SUBSCRIPT_RANGE = "₀-₉ₐ-ₜᵢ-ᵥⱼ"
"""The subscript characters, as the inside of a character class in a regular expression."""


def subscript(n: int | str) -> str:
    """Return a number with its digits as subscripts.

    >>> subscript(12)
    '₁₂'
    """
    return str(n).translate(TO_SUBSCRIPT)


def superscript(n: int | str) -> str:
    """Return a number, with or without parentheses, in superscript characters.

    >>> superscript("(2)"), superscript(-1)
    ('⁽²⁾', '⁻¹')
    """
    return str(n).translate(TO_SUPERSCRIPT)


def indices_typed(text: str) -> str:
    """Return a text in which the indices of names are typed: first the layer, then the indices.

    >>> indices_typed("w₁₁⁽²⁾ + b₁ + zₖ"), indices_typed("w₃,₁₂⁽¹⁰⁾")
    ('w2_11 + b_1 + z_k', 'w10_3,12')
    """
    layered = f"([{SUBSCRIPT_RANGE},]*[{SUBSCRIPT_RANGE}])⁽([⁰¹²³⁴-⁹]+)⁾"
    text = re.sub(layered, lambda m: f"{plain_form(m[2])}_{m[1]}", text)
    text = re.sub(f"(?<![_,{SUBSCRIPT_RANGE}])([{SUBSCRIPT_RANGE}])", r"_\1", text)
    return re.sub(f"[{SUBSCRIPT_RANGE}]", lambda m: plain_form(m[0]), text)


def plain_form(text: str) -> str:
    """Return subscripts and superscripts as ordinary digits and letters."""
    return unicodedata.normalize("NFKC", text)
