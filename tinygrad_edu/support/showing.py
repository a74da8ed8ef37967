"""How a report reaches its reader: on any terminal, and from anywhere in a notebook cell.

Reports are written in the notation of the lecture. If the encoding of a terminal lacks those
characters (a pipe on Windows, for example), they are replaced by what one would type:

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

__all__ = ["PAGES", "Printed", "Remark", "Shown", "printable", "show_now", "writable"]

TYPED_AS = str.maketrans({
    "∂": "d", "·": "*", "−": "-", "×": "x", "⊙": ".*", "√": "sqrt", "∇": "grad ", "∞": "inf",
    "Σ": "sum", "∑": "sum", "±": "+-", "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "∧": "^",
    "←": "<-", "→": "->", "✓": "ok", "✗": "x", "…": "...", "•": "*", "\u2044": "/",
    "“": '"', "”": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "\u00a0": " ",
    **dict(zip("▁▂▃▄▅▆▇█", "1234567#", strict=True)), "░": ".", "▒": ":", "▓": "+",
})  # fmt: skip
"""What is typed for the symbols of formulas, tables and charts."""
ACCENT_NAMES = {"\u0302": "hat", "\u0303": "tilde", "\u0304": "bar"}
"""What is typed for an accent above a letter; all other accents are left out."""
SUPERSCRIPT_RANGE = "⁰¹²³⁴-⁹ⁱⁿ⁺⁻⁼ʰ-ʸˠ-ˤᴬ-ᵡ"
CELL_WORD = r"(?:\[[^\]]{0,200}\]|[^ ])+"
TABLE_CELL = re.compile(f"({CELL_WORD}(?: {CELL_WORD})*)( *)")
"""A cell of a table (a list in brackets is one cell), and the space up to the next column."""


def writable(text: str, encoding: str) -> str:
    """Return ``text``, transliterated if the encoding lacks one of its characters.

    Table columns stay in place as long as there is enough space between them.
    """
    if is_encodable(text, encoding):
        return text
    return "\n".join(transliterated_line(line, encoding) for line in text.split("\n"))


def printable(text: str) -> str:
    """Return ``text`` in characters that standard output can show."""
    return writable(text, getattr(sys.stdout, "encoding", None) or "utf-8")


def is_encodable(text: str, encoding: str) -> bool:
    """Tell whether an encoding has all the characters of a text."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def transliterated_line(line: str, encoding: str) -> str:
    """Transliterate a line; the spaces between cells keep columns in place."""
    over = 0  # how many characters the line is too wide so far

    def cell(match: re.Match[str]) -> str:
        nonlocal over
        new, space = transliterated(match[1], encoding), len(match[2])
        over += len(new) - len(match[1])
        kept = max(space - over, min(space, 2)) if space else 0
        over -= space - kept
        return new + " " * kept

    return TABLE_CELL.sub(cell, line)


def transliterated(text: str, encoding: str) -> str:
    """Return a text as one would type it; the characters that the encoding has stay.

    >>> transliterated("W⁽²⁾ᵀ δ⁽²⁾ ⊙ σ'(z⁽¹⁾) = ½ ŷ₁", "ascii")
    "W^(2)^T delta^(2) .* sigma'(z^(1)) = 1/2 yhat_1"
    """
    text = indices_typed(text)
    text = re.sub(
        f"⁽([^⁾]*)⁾|([{SUPERSCRIPT_RANGE}]+)",
        lambda m: f"^({m[1]})" if m[1] else f"^{m[2]}",
        text,
    )
    text = re.sub(f"[{SUPERSCRIPT_RANGE}]", lambda m: unicodedata.normalize("NFKC", m[0]), text)
    return "".join(
        c if is_encodable(c, encoding) else transliterated_letter(c)
        for c in text.translate(TYPED_AS)
    )


def transliterated_letter(letter: str) -> str:
    r"""Return what one types for a letter: its name if it is Greek, and the name of its accent.

    A letter of another alphabet becomes an escape.

    >>> [transliterated_letter(letter) for letter in "λΔŷ漢"]
    ['lambda', 'Delta', 'yhat', '\\u6f22']
    """
    parts = unicodedata.normalize("NFKD", letter).translate(TYPED_AS)
    if parts != letter:
        return "".join(c if c.isascii() else transliterated_letter(c) for c in parts)
    if unicodedata.combining(letter):
        return ACCENT_NAMES.get(letter, "")
    greek = re.match(r"GREEK (SMALL|CAPITAL) LETTER (?:FINAL )?(\w+)", unicodedata.name(letter, ""))
    if greek is None:
        return letter.encode("ascii", "backslashreplace").decode()
    name = greek[2].lower().replace("lamda", "lambda")
    return name if greek[1] == "SMALL" else name.capitalize()


class Printed:
    """A report. ``repr`` returns its text; ``print`` writes characters the terminal can show."""

    __slots__ = ()

    def __str__(self) -> str:
        return printable(repr(self))


class Remark(Printed):
    """A report that a notebook shows as soon as it is made, anywhere in a cell.

    A notebook shows only the last expression of a cell; without this class, a remark on an answer
    further up would never be seen. In plain Python, the function simply returns the remark: an
    interactive session shows it, and a script can print it.
    """

    _cell: int | None = None
    """The number of the cell in which the remark was shown last."""

    def _ipython_display_(self) -> None:
        """Show the remark, but only once in a cell, even if it is also the last expression."""
        shell = notebook()
        if shell is not None and self._cell != shell.execution_count:
            object.__setattr__(self, "_cell", shell.execution_count)
            display = sys.modules["IPython"].display.display
            display({"text/plain": repr(self)}, raw=True)


class Pages(Protocol):
    """A module of ``tinygrad_edu.pages`` that makes the pages for one kind of report."""

    def document(self, report: Any, clusters: Any = None) -> str:
        """Return a complete page."""

    def fragment(self, report: Any) -> str:
        """Return the HTML for the output of a notebook cell."""


PAGES: dict[type, Pages] = {}
"""The module that makes the page, for each class of reports; ``tinygrad_edu.pages`` fills it in."""


class Shown(Printed):
    """A report that is an interactive page in a notebook, and text everywhere else.

    The modules of pages import the reports, never the other way round. They are therefore loaded
    here by name, when the first page is needed.
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


def show_now(remark: R) -> R:
    """Show a remark if the code runs in a notebook, and return it."""
    remark._ipython_display_()
    return remark


def notebook() -> Any:
    """Return the IPython shell that the code runs in (every notebook has one), or None."""
    ipython = sys.modules.get("IPython")
    return ipython and ipython.get_ipython()
