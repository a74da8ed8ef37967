"""Raised and lowered characters: indices and layers as they are shown, and as people type them."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["indices_typed", "subscript", "superscript"]

LOW = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
HIGH = str.maketrans("0123456789()+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾⁺⁻")
LOWERED = "₀-₉ₐ-ₜᵢ-ᵥⱼ"
"""The characters that are lowered, as a regular expression writes them."""


def subscript(n: int | str) -> str:
    """Return a number, its digits lowered.

    >>> subscript(12)
    '₁₂'
    """
    return str(n).translate(LOW)


def superscript(n: int | str) -> str:
    """Return a number, or one in parentheses, its characters raised.

    >>> superscript("(2)"), superscript(-1)
    ('⁽²⁾', '⁻¹')
    """
    return str(n).translate(HIGH)


def indices_typed(text: str) -> str:
    """Return a text with the indices of names as they are typed: the layer, then the indices.

    >>> indices_typed("w₁₁⁽²⁾ + b₁ + zₖ"), indices_typed("w₃,₁₂⁽¹⁰⁾")
    ('w2_11 + b_1 + z_k', 'w10_3,12')
    """
    layered = f"([{LOWERED},]*[{LOWERED}])⁽([⁰¹²³⁴-⁹]+)⁾"
    text = re.sub(layered, lambda m: f"{flat(m[2])}_{m[1]}", text)
    text = re.sub(f"(?<![_,{LOWERED}])([{LOWERED}])", r"_\1", text)
    return re.sub(f"[{LOWERED}]", lambda m: flat(m[0]), text)


def flat(text: str) -> str:
    """Return digits and letters on the line that are raised or lowered."""
    return unicodedata.normalize("NFKC", text)
