"""How a report reaches its reader: on any terminal, and from any place in a notebook's cell.

Reports are written in the notation of the lecture. A terminal whose encoding lacks those characters
(a pipe on Windows, for example) is given what one would type:

>>> writable("∂L/∂w₁₁⁽²⁾ = ∂L/∂z₁⁽²⁾ · x₁² ✓", "ascii")
'dL/dw2_11 = dL/dz2_1 * x_1^2 ok'
>>> writable("∂L/∂w₁₁⁽²⁾", "utf-8")
'∂L/∂w₁₁⁽²⁾'
"""

from __future__ import annotations

import importlib
import re
import sys
import unicodedata
from collections.abc import Container
from typing import Any, Protocol, TypeVar

from tinygrad_edu.support import files
from tinygrad_edu.support.characters import indices_typed

__all__ = ["PAGES", "Printed", "Remark", "Shown", "at_once", "printable", "writable"]

SYMBOLS = str.maketrans({
    "∂": "d", "·": "*", "−": "-", "×": "x", "⊙": ".*", "√": "sqrt", "∇": "grad ", "∞": "inf",
    "Σ": "sum", "∑": "sum", "±": "+-", "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "∧": "^",
    "←": "<-", "→": "->", "✓": "ok", "✗": "x", "…": "...", "•": "*", "\u2044": "/",
    "“": '"', "”": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "\u00a0": " ",
    **dict(zip("▁▂▃▄▅▆▇█", "1234567#", strict=True)), "░": ".", "▒": ":", "▓": "+",
})  # fmt: skip
"""How the symbols of formulas, tables and charts are typed."""
MARKS = {"\u0302": "hat", "\u0303": "tilde", "\u0304": "bar"}
"""What is said for the marks above a letter; others are left out."""
RAISED = "⁰¹²³⁴-⁹ⁱⁿ⁺⁻⁼ʰ-ʸˠ-ˤᴬ-ᵡ"
WORD = r"(?:\[[^\]]{0,200}\]|[^ ])+"
CELL = re.compile(f"({WORD}(?: {WORD})*)( *)")
"""A cell of a table, a list for example, and the space to the next column."""


def writable(text: str, encoding: str) -> str:
    """Return ``text`` if the encoding has all of its characters, or else as it would be typed.

    Columns of a table keep their places as far as there is space between them.
    """
    if is_encodable(text, encoding):
        return text
    return "\n".join(line_typed(line, encoding) for line in text.split("\n"))


def printable(text: str) -> str:
    """Return ``text`` as standard output can show it."""
    return writable(text, getattr(sys.stdout, "encoding", None) or "utf-8")


def is_encodable(text: str, encoding: str) -> bool:
    """Tell whether an encoding has all characters of a text."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def line_typed(line: str, encoding: str) -> str:
    """Return a line as it would be typed; the space after a cell makes up for its new width."""
    over = 0  # by how much the cells so far have become wider

    def cell(match: re.Match[str]) -> str:
        nonlocal over
        new, space = typed(match[1], encoding), len(match[2])
        over += len(new) - len(match[1])
        kept = max(space - over, min(space, 2)) if space else 0
        over -= space - kept
        return new + " " * kept

    return CELL.sub(cell, line)


def typed(text: str, encoding: str) -> str:
    """Return a text as it would be typed.

    >>> typed("W⁽²⁾ᵀ δ⁽²⁾ ⊙ σ'(z⁽¹⁾) = ½ ŷ₁", "ascii")
    "W^(2)^T delta^(2) .* sigma'(z^(1)) = 1/2 yhat_1"
    """
    text = indices_typed(text)
    text = re.sub(f"⁽([^⁾]*)⁾|([{RAISED}]+)", lambda m: f"^({m[1]})" if m[1] else f"^{m[2]}", text)
    text = re.sub(f"[{RAISED}]", lambda m: unicodedata.normalize("NFKC", m[0]), text)
    return "".join(
        c if is_encodable(c, encoding) else letter_typed(c) for c in text.translate(SYMBOLS)
    )


def letter_typed(letter: str) -> str:
    r"""Return a letter that the encoding lacks: by its name if it is Greek, without its accent.

    >>> letter_typed("λ"), letter_typed("Δ"), letter_typed("ŷ"), letter_typed("漢")
    ('lambda', 'Delta', 'yhat', '\\u6f22')
    """
    parts = unicodedata.normalize("NFKD", letter).translate(SYMBOLS)
    if parts != letter:
        return "".join(c if c.isascii() else letter_typed(c) for c in parts)
    if unicodedata.combining(letter):
        return MARKS.get(letter, "")
    greek = re.match(r"GREEK (SMALL|CAPITAL) LETTER (?:FINAL )?(\w+)", unicodedata.name(letter, ""))
    if greek is None:
        return letter.encode("ascii", "backslashreplace").decode()
    name = greek[2].lower().replace("lamda", "lambda")
    return name if greek[1] == "SMALL" else name.capitalize()


class Printed:
    """A report: ``repr`` returns its text, ``print`` writes that as the terminal can show it."""

    __slots__ = ()

    def __str__(self) -> str:
        return printable(repr(self))


class Remark(Printed):
    """A report that a notebook shows as soon as it is made, wherever in the cell that is.

    A notebook shows the last expression of a cell, and nothing else: what is said to an answer
    further up would never be seen. In plain Python a remark is what the function returns: a session
    shows it, a script prints it.
    """

    _cell: int | None = None
    """The number of the cell in which it was shown."""

    def _ipython_display_(self) -> None:
        """Show the remark, but not twice in one cell: at the cell's end it is there already."""
        shell = notebook()
        if shell is not None and self._cell != shell.execution_count:
            object.__setattr__(self, "_cell", shell.execution_count)
            display = sys.modules["IPython"].display.display
            display({"text/plain": repr(self)}, raw=True)


class Pages(Protocol):
    """A module of ``tinygrad_edu.pages``: it makes the pages of one kind of report."""

    def document(self, report: Any, clusters: Any = None) -> str:
        """Return a whole page."""

    def fragment(self, report: Any) -> str:
        """Return what stands in a notebook."""


PAGES: dict[type, Pages] = {}
"""Who makes the page of which report. ``tinygrad_edu.pages`` fills this in when it is imported."""


class Shown(Printed):
    """A report that is an interactive page in a notebook, and text everywhere else.

    A report does not know its page: pages import what they show, and nothing imports them. They
    are loaded here, by name, when the first page is asked for.
    """

    __slots__ = ()

    def _pages(self) -> Pages:
        importlib.import_module("tinygrad_edu.pages")
        return PAGES[type(self)]

    def _repr_html_(self) -> str:
        return self._pages().fragment(self)

    def _repr_mimebundle_(
        self, include: Container[str] | None = None, exclude: Container[str] | None = None
    ) -> dict[str, str]:
        shown = {
            "text/plain": lambda: files.encodable(repr(self)),
            "text/html": self._repr_html_,
        }
        return {
            mime: make()
            for mime, make in shown.items()
            if (include is None or mime in include) and (exclude is None or mime not in exclude)
        }


R = TypeVar("R", bound=Remark)


def at_once(remark: R) -> R:
    """Show a remark if this is a notebook, and return it."""
    remark._ipython_display_()
    return remark


def notebook() -> Any:
    """Return the shell of IPython that this runs in, which every notebook has, or None."""
    ipython = sys.modules.get("IPython")
    return ipython and ipython.get_ipython()
