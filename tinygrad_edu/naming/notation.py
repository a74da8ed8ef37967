"""The lecture's notation: what the numbers of a network are called."""

from __future__ import annotations

__all__ = ["name", "subscript", "superscript"]

LOW = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
HIGH = str.maketrans("0123456789()+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾⁺⁻")


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


def name(symbol: str, *indices: int, layer: int = 0) -> str:
    """Return a name in the notation of lecture A: indices below, the layer above in parentheses.

    >>> name("w", 1, 2, layer=2), name("b", 1), name("w", 3, 12, layer=10)
    ('w₁₂⁽²⁾', 'b₁', 'w₃,₁₂⁽¹⁰⁾')
    """
    comma = "," if max(indices, default=0) > 9 else ""
    below = comma.join(map(subscript, indices))
    return f"{symbol}{below}" + (superscript(f"({layer})") if layer else "")
