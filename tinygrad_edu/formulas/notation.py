"""The lecture's notation: the names of the numbers in a network."""

from __future__ import annotations

from tinygrad_edu.support.characters import subscript, superscript

__all__ = ["name"]


def name(symbol: str, *indices: int, layer: int = 0) -> str:
    """Return a name in the notation of lecture A.

    Indices are subscripts; the layer is a superscript in parentheses.

    >>> name("w", 1, 2, layer=2), name("b", 1), name("w", 3, 12, layer=10)
    ('w₁₂⁽²⁾', 'b₁', 'w₃,₁₂⁽¹⁰⁾')
    """
    comma = "," if max(indices, default=0) > 9 else ""
    below = comma.join(map(subscript, indices))
    return f"{symbol}{below}" + (superscript(f"({layer})") if layer else "")
