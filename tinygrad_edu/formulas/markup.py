"""The two ways to write a formula: as LaTeX and as text.

A formula is put together from pieces. Each piece knows its precedence, so that there are
parentheses where they are needed and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial
from typing import Any, NamedTuple, TypeAlias

from tinygrad_edu.formulas.labels import as_latex, latex_escaped
from tinygrad_edu.operation import ATOM, Operation
from tinygrad_edu.support.characters import subscript, superscript
from tinygrad_edu.table import POWER, PRODUCT, SUM, mul

__all__ = ["DIGITS", "LATEX", "TEXT", "Markup", "Piece", "latex_number", "outside", "shown_number"]

Compose: TypeAlias = "Callable[[Operation, Sequence[Piece]], Piece]"

DIGITS = 4


class Piece(NamedTuple):
    """A part of a formula."""

    text: str
    precedence: int
    """How tightly the operation of this piece binds; see :mod:`tinygrad_edu.operation`."""
    is_number: bool = False
    """Whether it is a number; a number that only rounds to 1 or -1 does not count."""
    is_negative: bool = False
    """Whether it is a single term with a minus sign in front."""
    half_of: Piece | None = None
    """The piece that is twice this one, if it is known."""

    def is_minus(self) -> bool:
        """Tell whether it is a negative, or a sum that begins with a minus sign."""
        return self.precedence == SUM and self.text[:1] in ("-", "−")


class Markup(NamedTuple):
    """How formulas are written down."""

    name: Callable[[str], str]
    """How a name of :class:`~tinygrad_edu.formulas.names.Names` is written."""
    number: Callable[[Any, int], str]
    """How a number is written, with the given number of significant digits."""
    compose: Compose
    """How an operation is written, given its arguments as pieces."""
    derivative: Callable[[str, str], str]
    """How the derivative of one name with respect to another is written."""
    local: Callable[[str, str, str], str]
    """How one part of a derivative is written; the last argument says which part it is."""
    times: str
    """The sign of multiplication, with spaces."""
    enclose: Callable[[str], str]
    """How parentheses are written around a formula."""

    def factor(self, x: Any, digits: int, *, leads: bool = False) -> str:
        """Return a number as a factor or term.

        A negative number is put in parentheses, unless it comes first (``leads``).
        """
        written = self.number(x, digits)
        return written if leads or not x < 0 else self.enclose(written)


def latex_number(x: Any, digits: int) -> str:
    r"""Return a number as LaTeX.

    >>> latex_number(-0.0821670, 4), latex_number(1e-9, 4), latex_number(Fraction(1, 3), 4)
    ('-0.08217', '10^{-9}', '\\frac{1}{3}')
    """
    if isinstance(x, Fraction) and x.denominator != 1:
        return f"{'-' if x < 0 else ''}\\frac{{{abs(x.numerator)}}}{{{x.denominator}}}"
    mantissa, _, exponent = to_digits(x, digits).partition("e")
    if not exponent:
        named = {"inf": r"\infty", "-inf": r"-\infty", "nan": r"\mathrm{nan}"}
        return named.get(mantissa, mantissa)
    power_of_ten = f"10^{{{int(exponent)}}}"
    return {"1": power_of_ten, "-1": f"-{power_of_ten}"}.get(
        mantissa, f"{mantissa} \\cdot {power_of_ten}"
    )


def to_digits(x: Any, digits: int) -> str:
    """Return a number with the given number of significant digits."""
    return f"{x:.{digits}g}" if isinstance(x, float) else str(x)


def latex_piece(op: Operation, pieces: Sequence[Piece]) -> Piece:
    """Return an operation as LaTeX."""
    return Piece(*op.formula([piece[:2] for piece in pieces]))


def minus_in_front(write: Compose) -> Compose:
    """Return a compose function that writes -x · y in place of (-x) · y, which is the same."""

    def compose(op: Operation, pieces: Sequence[Piece]) -> Piece:
        first, *others = pieces
        if op is not mul or not first.is_negative:
            return write(op, pieces)
        product = write(op, [first._replace(precedence=PRODUCT), *others])
        return product._replace(precedence=SUM, is_negative=True)

    return compose


MACROS = {
    r"\cdot": "·", r"\sigma": "σ", r"\left|": "|", r"\right|": "|", r"\left(": "(",
    r"\right)": ")", "-": "−",
}  # fmt: skip

FIRST_MARK = 0xE000  # characters for private use stand for parts that are already written


def text_piece(op: Operation, pieces: Sequence[Piece]) -> Piece:
    r"""Return an operation as text, from the LaTeX of the table.

    >>> from tinygrad_edu.table import div, exp, power
    >>> x = Piece("x", ATOM)
    >>> text_piece(exp, [x]).text, text_piece(power, [x, Piece("0.5", ATOM)]).text
    ('exp(x)', 'x^0.5')
    >>> text_piece(div, [x, Piece("a + b", SUM)]).text
    'x/(a + b)'
    """
    texts: dict[str, str] = {}

    def mark(written: str) -> str:
        texts[found := chr(FIRST_MARK + len(texts))] = written
        return found

    def resolved(part: str) -> str:
        return "".join(texts.get(character, character) for character in part)

    def replaced(write: Callable[..., str], found: re.Match[str]) -> str:
        return mark(write(*map(resolved, found.groups())))

    marks = [  # a whole number is not marked: the table leaves out 1 and 0, and reads indices
        (piece.text if piece.text.isdigit() else mark(piece.text), piece.precedence)
        for piece in pieces
    ]
    formula, precedence = op.formula(marks)
    for macro, character in MACROS.items():
        formula = formula.replace(macro, character)
    formula = re.sub(r"\\operatorname\{(\w+)\}", r"\1", formula)
    before = ""
    while before != formula:  # from the innermost braces outwards
        before = formula
        for pattern, write in TEMPLATES:
            formula = re.sub(pattern, partial(replaced, write), formula)
    written = resolved(re.sub(r"\\([a-z]+)", r"\1", formula))
    if written.endswith(")") and re.fullmatch(r"\w+", outside(written)):
        precedence = ATOM  # exp(x) needs no parentheses, but its LaTeX is the power e^x
    elif re.fullmatch(r"√[\w.]+", written):
        precedence = POWER  # the square of √x is written (√x)²
    return Piece(written, precedence)


def outside(part: str) -> str:
    """Return the part of a formula that is outside all parentheses.

    >>> outside("f(x · (y + 1)) + g(x)")
    'f + g'
    """
    before = ""
    while before != part:
        before, part = part, re.sub(r"\([^()]*\)", "", part)
    return part


def enclosed(part: str) -> str:
    """Return the numerator or denominator of a quotient, in parentheses if it needs them.

    >>> enclosed("a + b"), enclosed("f(a + b)"), enclosed("−a")
    ('(a + b)', 'f(a + b)', '(−a)')
    """
    return f"({part})" if re.search("[ /]|^−", outside(part)) else part


def raised(exponent: str) -> str:
    """Return an exponent as it is written behind its base.

    >>> raised("2"), raised("n"), raised("n − 1")
    ('²', '^n', '^(n − 1)')
    """
    if re.fullmatch(r"\d+", exponent):
        return superscript(exponent)
    return f"^{exponent}" if re.fullmatch(r"[\w.]+", exponent) else f"^({exponent})"


def root_of(x: str) -> str:
    """Return a square root.

    >>> root_of("x"), root_of("x²"), root_of("x + 1")
    ('√x', '√(x²)', '√(x + 1)')
    """
    return f"√{x}" if re.fullmatch(r"[^\W⁰¹²³⁴-⁹]+|[\d.]+", x) else f"√({x})"


TEMPLATES: list[tuple[str, Callable[..., str]]] = [
    (r"\\frac\{([^{}]*)\}\{([^{}]*)\}", lambda x, y: f"{enclosed(x)}/{enclosed(y)}"),
    (r"\\sqrt\{([^{}]*)\}", root_of),
    (r"e\^\{([^{}]*)\}", lambda x: f"exp({x})"),
    (r"\^\{([^{}]*)\}", raised),
    (r"\^(\d)", raised),
    (r"_\{([^{}]*)\}", lambda x: subscript(x) if x.isdigit() else f"_{enclosed(x)}"),
]

LATEX = Markup(
    name=as_latex,
    number=latex_number,
    compose=minus_in_front(latex_piece),
    derivative=lambda y, x: rf"\frac{{\partial {as_latex(y)}}}{{\partial {as_latex(x)}}}",
    local=lambda y, x, which: (
        rf"\left.\frac{{\partial {as_latex(y)}}}{{\partial {as_latex(x)}}}"
        rf"\right|_{{\mathrm{{{latex_escaped(which)}}}}}"
    ),
    times=r" \cdot ",
    enclose=lambda part: rf"\left({part}\right)",
)

TEXT = Markup(
    name=lambda label: label,
    number=lambda x, digits: to_digits(x, digits).replace("-", "−"),
    compose=minus_in_front(text_piece),
    derivative=lambda y, x: f"∂{y}/∂{x}",
    local=lambda y, x, which: f"∂{y}/∂{x} ({which})",
    times=" · ",
    enclose=lambda part: f"({part})",
)


def shown_number(x: Any) -> str:
    """Return a number as text with four significant digits, as the package shows numbers.

    >>> shown_number(-0.0821670), shown_number(1e-9)
    ('−0.08217', '1e−09')
    """
    return TEXT.number(x, DIGITS)
