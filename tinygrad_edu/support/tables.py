"""Tables: rows of text as lines for a terminal, and as HTML for a notebook."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

__all__ = ["aligned", "html_table"]


def aligned(rows: Iterable[Sequence[str]], *, right: bool = False) -> list[str]:
    r"""Return the rows of a table as lines with aligned columns.

    Args:
        rows: the table; all rows have the same length.
        right: whether cells are aligned on the right, as is usual for numbers.

    >>> print(*aligned([["w", "0.5"], ["bias", "-12"]]), sep="\n")
    w     0.5
    bias  -12
    """
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    side = ">" if right else "<"
    lines = (zip(row, widths, strict=True) for row in rows)
    return ["  ".join(f"{cell:{side}{width}}" for cell, width in line).rstrip() for line in lines]


def html_table(rows: Iterable[Sequence[str]], style: str = "") -> str:
    """Return the rows of a table as HTML; the first row is the header.

    >>> html_table([["x"], ["<1"]])
    '<table><tr><th>x</th></tr><tr><td>&lt;1</td></tr></table>'
    """
    styled = f" style='{style}'" if style else ""
    lines = []
    for i, row in enumerate(rows):
        tag = "td" if i else "th"
        cells = "".join(f"<{tag}{styled}>{html.escape(cell)}</{tag}>" for cell in row)
        lines.append(f"<tr>{cells}</tr>")
    return f"<table>{''.join(lines)}</table>"
