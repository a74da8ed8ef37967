r"""Formulas of Values and of derivatives, as LaTeX and as text, from the table of operations.

>>> from tinygrad_edu import Value
>>> x, y = Value(3.0, label="x"), Value(2.0, label="y₁")
>>> latex((x + y) * x.exp())
'\\left(x + y_{1}\\right) \\cdot e^{x}'
>>> text((x + y) * x.exp())
'(x + y₁) · exp(x)'
"""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import Any, NamedTuple, TypeAlias

from tinygrad_edu.engine import ancestors
from tinygrad_edu.formulas import notation
from tinygrad_edu.formulas.labels import RAISED, as_latex, as_text, escaped
from tinygrad_edu.formulas.names import Names
from tinygrad_edu.operation import ATOM, Components, Operation
from tinygrad_edu.recorder import as_number
from tinygrad_edu.support.characters import subscript, superscript
from tinygrad_edu.support.given import require_value
from tinygrad_edu.table import (
    POWER,
    PRODUCT,
    SUM,
    add,
    div,
    half_squared_error,
    mul,
    neg,
    power,
    sub,
    total,
    weighted_sum,
)
from tinygrad_edu.value import Constant, Value

__all__ = ["LATEX", "TEXT", "Names", "Notation", "latex", "rules_as_latex", "text"]

Write: TypeAlias = "Callable[[Value], Piece]"
Compose: TypeAlias = "Callable[[Operation, Sequence[Piece]], Piece]"

DIGITS = 4
WIDEST = 200  # operations that one formula writes out; further ones go by their names
LONGEST = 2000  # characters; so do parts that are longer
SEVERAL = 3  # equal terms of a sum that are written one by one

# --- two notations --------------------------------------------------------------------------------


class Piece(NamedTuple):
    """A part of a formula."""

    text: str
    precedence: int
    """How tightly it holds together."""
    is_number: bool = False
    """Whether it is a number: that which it looks like."""
    is_negative: bool = False
    """Whether it is a single term with a minus in front."""
    half_of: Piece | None = None
    """What it is half of, if that is known."""

    def is_minus(self) -> bool:
        """Tell whether it is a negative."""
        return self.precedence == SUM and self.text[:1] in ("-", "−")


class Notation(NamedTuple):
    """How formulas are written down."""

    name: Callable[[str], str]
    """How a name of :class:`~tinygrad_edu.formulas.names.Names` is written."""
    number: Callable[[Any, int], str]
    """How a number is written, to so many significant digits."""
    compose: Compose
    """How an operation is written, its arguments written already."""
    derivative: Callable[[str, str], str]
    """How the derivative of one name by another is written."""
    local: Callable[[str, str, str], str]
    """How a derivative is written that is a part of the whole one only: which part comes last."""
    times: str
    """What stands between factors."""
    enclose: Callable[[str], str]
    """How parentheses are written around something."""

    def factor(self, x: Any, digits: int, *, leads: bool = False) -> str:
        """Return a number as a factor or term: a negative one in parentheses, unless it leads."""
        written = self.number(x, digits)
        return written if leads or not x < 0 else self.enclose(written)


def latex_number(x: Any, digits: int) -> str:
    r"""Return a number as LaTeX.

    >>> latex_number(-0.0821670, 4), latex_number(1e-9, 4), latex_number(Fraction(1, 3), 4)
    ('-0.08217', '10^{-9}', '\\frac{1}{3}')
    """
    if isinstance(x, Fraction) and x.denominator != 1:
        return f"{'-' if x < 0 else ''}\\frac{{{abs(x.numerator)}}}{{{x.denominator}}}"
    mantissa, _, exponent = short(x, digits).partition("e")
    if not exponent:
        named = {"inf": r"\infty", "-inf": r"-\infty", "nan": r"\mathrm{nan}"}
        return named.get(mantissa, mantissa)
    power_of_ten = f"10^{{{int(exponent)}}}"
    return {"1": power_of_ten, "-1": f"-{power_of_ten}"}.get(
        mantissa, f"{mantissa} \\cdot {power_of_ten}"
    )


def short(x: Any, digits: int) -> str:
    """Return a number to so many significant digits."""
    return f"{x:.{digits}g}" if isinstance(x, float) else str(x)


def latex_piece(op: Operation, pieces: Sequence[Piece]) -> Piece:
    """Return an operation as LaTeX."""
    return Piece(*op.formula([piece[:2] for piece in pieces]))


def minus_in_front(write: Compose) -> Compose:
    """Return how operations are written, but -x · y in place of (-x) · y: it is the same."""

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
FIRST_MARK = 0xE000  # characters for private use stand for what is written already


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

    marks = [  # a whole number stays: 1 and 0 are left out of a sum, and an index is one
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
        precedence = ATOM  # exp(x), which in LaTeX is a power
    elif re.fullmatch(r"√[\w.]+", written):
        precedence = POWER  # its square is (√x)²
    return Piece(written, precedence)


def outside(part: str) -> str:
    """Return what stands outside of all parentheses.

    >>> outside("f(x · (y + 1)) + g(x)")
    'f + g'
    """
    before = ""
    while before != part:
        before, part = part, re.sub(r"\([^()]*\)", "", part)
    return part


def enclosed(part: str) -> str:
    """Return a part of a quotient, with parentheses if it needs them.

    >>> enclosed("a + b"), enclosed("f(a + b)"), enclosed("−a")
    ('(a + b)', 'f(a + b)', '(−a)')
    """
    return f"({part})" if re.search("[ /]|^−", outside(part)) else part


def raised(exponent: str) -> str:
    """Return an exponent as it stands behind its base.

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

LATEX = Notation(
    name=as_latex,
    number=latex_number,
    compose=minus_in_front(latex_piece),
    derivative=lambda y, x: rf"\frac{{\partial {as_latex(y)}}}{{\partial {as_latex(x)}}}",
    local=lambda y, x, which: (
        rf"\left.\frac{{\partial {as_latex(y)}}}{{\partial {as_latex(x)}}}"
        rf"\right|_{{\mathrm{{{escaped(which)}}}}}"
    ),
    times=r" \cdot ",
    enclose=lambda part: rf"\left({part}\right)",
)
TEXT = Notation(
    name=lambda label: label,
    number=lambda x, digits: short(x, digits).replace("-", "−"),
    compose=minus_in_front(text_piece),
    derivative=lambda y, x: f"∂{y}/∂{x}",
    local=lambda y, x, which: f"∂{y}/∂{x} ({which})",
    times=" · ",
    enclose=lambda part: f"({part})",
)

# --- formulas -------------------------------------------------------------------------------------


def latex(value: Value, *, full: bool = False, digits: int = DIGITS) -> str:
    r"""Return the formula of a Value as LaTeX.

    Args:
        value: the Value; where it has no operation behind it, its name or number.
        full: write out what stands behind Values with a label, too, instead of their names.
        digits: significant digits of numbers.

    At most 200 operations are written out, and parts of at most 2000 characters. Anything more goes
    by the name that ``steps`` and ``derivation`` give it; with ``full`` it is a ValueError. Raises
    TypeError for what is not a Value.

    >>> w, x = Value(0.5, label="w"), Value(2.0, label="x")
    >>> z = w * x - 1
    >>> z.label = "z"
    >>> latex(z.sigmoid()), latex(z.sigmoid(), full=True)
    ('\\sigma\\left(z\\right)', '\\sigma\\left(w \\cdot x - 1\\right)')
    """
    return formula("latex", value, LATEX, full=full, digits=digits)


def text(value: Value, *, full: bool = False, digits: int = DIGITS) -> str:
    """Return the formula of a Value as text; see :func:`latex`.

    >>> a = Value(0.5, label="a")
    >>> text(1 / (1 + a * a).sqrt())
    '1/√(1 + a²)'
    """
    return formula("text", value, TEXT, full=full, digits=digits)


def formula(name: str, value: Value, notation: Notation, *, full: bool, digits: int) -> str:
    """Return the formula of a Value in a notation, for the function that has this name."""
    require_value(f"{name}({{}})", value)
    require_digits(name, digits)
    names = Names(value)

    def write(node: Value) -> Piece:
        if full and node.op is not None:
            message = (
                f"{name}: in full the formula has more than {WIDEST} operations, or a part of more "
                f"than {LONGEST} characters; leave out full=True, or write the formula of a part"
            )
            raise ValueError(message)
        if node.op is not None or as_text(node.label):
            return name_piece(names[node], notation)
        return constant_piece(node.data, notation, digits)

    return expression(value, write, notation, full=full, digits=digits).text


def require_digits(name: str, digits: object) -> None:
    """Raise an error unless numbers can be shown to so many significant digits."""
    if not isinstance(digits, int) or digits < 1:
        kind = ValueError if isinstance(digits, int | float) else TypeError
        message = f"{name}: digits: expected a whole number of at least 1, got {digits!r}"
        raise kind(message)


def expression(
    root: Value, write: Write, notation: Notation, *, full: bool = True, digits: int = DIGITS
) -> Piece:
    """Return the expression behind a root, its leaves written as ``write`` says.

    It is put together from the leaves, without recursion. At most so many operations and
    characters are written out; what is more goes as ``write`` says, too.
    """
    if root.op is None:
        return write(root)
    order = ancestors(root)
    written_out = {root}
    for node in order:
        for arg in node.args if node in written_out else ():
            if not isinstance(arg, Value) or arg.op is None or (as_text(arg.label) and not full):
                continue
            if len(written_out) < WIDEST:
                written_out.add(arg)
    pieces: dict[Value, Piece] = {}

    def piece(arg: Any) -> Piece:
        if not isinstance(arg, Value):
            return constant_piece(arg, notation, digits)
        found = pieces.get(arg) or write(arg)
        return found if len(found.text) <= LONGEST else write(arg)

    for node in reversed(order):
        if node in written_out and node.op is not None:
            pieces[node] = composed(node.op, [piece(arg) for arg in node.args], notation)
    return pieces[root]


BRACKETED = re.compile(r"\([^()]*\)|\[[^][]*\]|\{[^{}]*\}|\|[^|]*\|")
LIKE_SUM = re.compile(r"^\s*[-−+±]|\S\s*[+−±=<>≤≥≈∓]\s*\S|(?<![^\W\d_]{2})-(?![^\W\d_]{2})")
"""A hyphen between two words is no minus."""
LIKE_PRODUCT = re.compile(r"\S\s*[·*/÷×⋅∘⊙]\s*\S|\S\s+\S|^\s*\d+[^\W\d_]")


def name_piece(name: str, notation: Notation) -> Piece:
    """Return a name as a piece of a formula; it holds together like what it looks like."""
    return Piece(notation.name(name), looks(name))


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


def by_name(x: Any, names: Names, notation: Notation, digits: int = DIGITS) -> Piece:
    """Return an argument of an operation by its name; what has none is a number.

    >>> x, c = Value(2.0, label="x"), Constant(3.0)
    >>> [by_name(arg, Names(x * c), TEXT).text for arg in (x * c).args]
    ['x', '3']
    """
    if name := names.get(x):
        return name_piece(name, notation)
    return constant_piece(as_number(x), notation, digits)


def number_piece(x: Any, notation: Notation, digits: int) -> Piece:
    """Return a number as a piece of a formula; one with a sign holds together like a sum."""
    written = notation.number(x, digits)
    is_number = not looks_like_one(written) or abs(x) == 1
    if written[:1] in ("-", "−"):
        return Piece(written, SUM, is_number, is_negative=True)
    plain = re.fullmatch(r"[\d.]+", written)
    return Piece(written, ATOM if plain else PRODUCT, is_number)


def constant_piece(x: Any, notation: Notation, digits: int) -> Piece:
    """Return a number that is a part of the formula: 1.0000001 is not to look like 1."""
    if looks_like_one(notation.number(x, digits)) and abs(x) != 1:
        digits = next(d for d in range(digits, 18) if float(f"{x:.{d}g}") == x)
    return number_piece(x, notation, digits)


def looks_like_one(written: str) -> bool:
    """Tell whether a number is written as 1 or -1."""
    return written.lstrip("-−") == "1"


def added_up(pieces: Sequence[Piece], notation: Notation) -> Piece:
    """Return the sum of pieces; of more than a few equal ones the multiple.

    >>> x = Piece("x", ATOM)
    >>> added_up([x, x], TEXT).text, added_up([x] * 9, TEXT).text
    ('x + x', '9 · x')
    """
    terms: list[Piece] = []
    for piece, n in Counter(pieces).items():
        multiple = [number_piece(n, notation, DIGITS), piece]
        terms += [composed(mul, multiple, notation)] if n > SEVERAL else [piece] * n
    return composed(total, terms, notation)


def composed(op: Operation, pieces: Sequence[Piece], notation: Notation) -> Piece:
    """Return the formula of an operation, simpler where that is short: no 1 · x and no x + 0."""
    if op is weighted_sum:
        n = len(pieces) // 2
        pairs = zip(pieces[:n], pieces[n : 2 * n], strict=True)
        terms = [composed(mul, pair, notation) for pair in pairs]
        return composed(total, [*terms, pieces[-1]], notation)
    if op is total:
        whole = Piece("0", ATOM, is_number=True)
        for piece in pieces:
            whole = composed(add, [whole, piece], notation)
        return whole
    if op is half_squared_error:
        return half_of_squares(pieces, notation)
    simple = SIMPLER.get(op)
    if simple is not None and (found := simple(notation, *pieces)) is not None:
        return found
    return notation.compose(op, pieces)


def half_of_squares(pieces: Sequence[Piece], notation: Notation) -> Piece:
    """Return half the sum of the squared differences of the first pieces and the others."""
    n = len(pieces) // 2
    errors = [composed(sub, pair, notation) for pair in zip(pieces[:n], pieces[n:], strict=True)]
    squares = [composed(power, [error, Piece("2", ATOM)], notation) for error in errors]
    whole = composed(total, squares, notation)
    factor = whole.text if n == 1 else notation.enclose(whole.text)
    times = " " if factor.startswith(("(", r"\left(")) else notation.times
    half = notation.number(Fraction(1, 2), DIGITS)
    return Piece(f"{half}{times}{factor}", PRODUCT, half_of=whole)


def is_(number: str, x: Piece) -> bool:
    """Tell whether a piece is a certain number."""
    return x.is_number and x.text.replace("−", "-") == number


def simpler_sum(_: Notation, x: Piece, y: Piece) -> Piece | None:
    """Return x + y where one is 0, and x - z where y is -z."""
    if is_("0", x) or is_("0", y):
        return y if is_("0", x) else x
    return Piece(f"{x.text} {y.text[0]} {y.text[1:]}", SUM) if y.is_minus() else None


def simpler_difference(notation: Notation, x: Piece, y: Piece) -> Piece | None:
    """Return x - y where one is 0, and x + 2 where y is the number -2."""
    if is_("0", y):
        return x
    if is_("0", x):
        return composed(neg, [y], notation)
    return Piece(f"{x.text} + {y.text[1:]}", SUM) if y.is_number and y.is_negative else None


def simpler_product(notation: Notation, x: Piece, y: Piece) -> Piece | None:
    """Return x y where one is 0, 1 or -1, x is 2 and y the half of something, or both are one."""
    for one, other in ((x, y), (y, x)):
        if is_("0", one) or is_("1", one):
            return one if is_("0", one) else other
        if is_("-1", one):
            return composed(neg, [other], notation)
    if is_("2", x) and y.half_of is not None:
        return y.half_of
    return notation.compose(power, [x, Piece("2", ATOM)]) if x == y else None


def simpler_quotient(notation: Notation, x: Piece, y: Piece) -> Piece | None:
    """Return x / y where x is 0 or y is 1 or -1."""
    if is_("-1", y):
        return composed(neg, [x], notation)
    return x if is_("0", x) or is_("1", y) else None


def simpler_negative(notation: Notation, x: Piece) -> Piece:
    """Return -x, which may be 0, or without a minus where x has one."""
    if is_("0", x):
        return x
    if x.is_negative:
        return Piece(x.text[1:], PRODUCT)
    return notation.compose(neg, [x])._replace(is_negative=True)


def simpler_power(_: Notation, x: Piece, n: Piece) -> Piece | None:
    """Return x^n where n is 1 or 0."""
    if is_("1", n):
        return x
    return Piece("1", ATOM, is_number=True) if is_("0", n) else None


SIMPLER: dict[Operation, Callable[..., Piece | None]] = {
    add: simpler_sum,
    sub: simpler_difference,
    mul: simpler_product,
    div: simpler_quotient,
    neg: simpler_negative,
    power: simpler_power,
}

# --- derivatives ----------------------------------------------------------------------------------


def local_name(
    names: Names, notation: Notation, node: Value, arg: Value, position: int | None = None
) -> str:
    """Return what the derivative of a node by an argument of its is called: ∂y/∂x.

    Beside ways through other arguments it is the direct one. With a position it is that of this
    position alone, the 1st or the 2nd of several that have the same argument.

    >>> x = Value(3.0, label="x")
    >>> y = x * x
    >>> names = Names(y)
    >>> local_name(names, TEXT, y, x), local_name(names, TEXT, y, x, position=1)
    ('∂v₁/∂x', '∂v₁/∂x (2nd)')
    """
    same = [k for k, x in enumerate(node.args) if x is arg]
    if position is not None and len(same) > 1:
        return notation.local(names[node], names[arg], ordinal(same.index(position) + 1))
    if names.has_detour(node, arg):
        return notation.local(names[node], names[arg], "direct")
    return notation.derivative(names[node], names[arg])


def ordinal(n: int) -> str:
    """Return 1st, 2nd, 3rd, ...

    >>> ordinal(2), ordinal(12), ordinal(23)
    ('2nd', '12th', '23rd')
    """
    ending = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"


def local_derivative(
    node: Value, position: int, write: Write, notation: Notation, digits: int = DIGITS
) -> str | None:
    """Return the derivative of a node by its argument at a position, as its rule says.

    The output and the arguments are written as ``write`` says: by name, or as numbers. None stands
    for a rule that cannot be written as a formula.
    """
    return whole_derivative(node, [position], write, notation, digits)


def whole_derivative(
    node: Value, positions: Sequence[int], write: Write, notation: Notation, digits: int = DIGITS
) -> str | None:
    """Return the derivative of a node by one argument that it has at several positions: a sum.

    >>> x = Value(3.0, label="x")
    >>> whole_derivative(x * x, [0, 1], lambda x: Piece(x.label, ATOM), TEXT)
    'x + x'
    """
    if node.op is None:
        return None
    stands_for: dict[Value, Any] = {}

    def symbol(x: Any) -> Any:
        if not isinstance(x, Value):
            return x
        copy = Value(x.data)
        stands_for[copy] = x
        return copy

    def written(leaf: Value) -> Piece:
        if leaf in stands_for:
            return write(stands_for[leaf])
        return constant_piece(leaf.data, notation, digits)

    def piece(rule: Any) -> Piece:
        if not isinstance(rule, Value):
            return constant_piece(rule, notation, digits)
        stands_for.update(outputs_in(rule, stands_for, node, write))
        if rule in stands_for:
            return written(rule)
        return expression(rule, written, notation, full=False, digits=digits)

    try:
        rules = node.op.rule(symbol(node), [*map(symbol, node.args)], written=True)
    except Exception:  # noqa: BLE001 - a rule written for floats alone
        return None
    wanted = [rules[position] for position in positions]
    return None if None in wanted else added_up(list(map(piece, wanted)), notation).text


def outputs_in(
    rule: Value, stands_for: Mapping[Any, Any], node: Value, write: Write
) -> dict[Value, Value]:
    """Return for the outputs of a softmax in the rule of a node what stands for them.

    Beside p₁ another output is p₂; where numbers are written it is a number, too. A label keeps it
    from being written out.
    """
    found = {}
    for part in ancestors(rule):
        if isinstance(part.op, Components):
            args = [stands_for.get(arg, arg) for arg in part.args]
            output = part.op.compute(part.op.nested(args))
            if write(output).is_number == write(node).is_number:
                found[part], part.label = output, "output"
    return found


def rules_as_latex(op: Operation, *args: float) -> list[str]:
    r"""Return the rule of an operation as LaTeX: its derivatives, one for each argument.

    The arguments and the output bear the names that they have in the rule. An empty string stands
    for an argument that is a fixed number.

    Args:
        op: the operation.
        args: numbers to compute it for, in one flat tuple, as its rule takes them.

    >>> from tinygrad_edu.table import div, sigmoid, tanh
    >>> rules_as_latex(tanh, 0.5), rules_as_latex(sigmoid, 0.5)
    (['1 - y^{2}'], ['y \\cdot \\left(1 - y\\right)'])
    >>> rules_as_latex(div, 1.0, 2.0)
    ['\\frac{1}{y}', '\\frac{-q}{y}']
    """
    output, *names = inspect.signature(op.partials).parameters
    if op.arity is None:
        names = [notation.name("v", k) for k in range(1, len(args) + 1)]
    fixed = op.fixed_arguments(len(args))
    operands = [
        x if f and isinstance(op, Components) else (Constant if f else Value)(x, n)
        for x, n, f in zip(args, names, fixed, strict=True)
    ]
    node = op.compute(op.nested(operands))
    node.label = output

    def write(x: Value) -> Piece:
        return name_piece(x.label, LATEX) if x.label else constant_piece(x.data, LATEX, DIGITS)

    found = [local_derivative(node, position, write, LATEX) for position in range(len(args))]
    return ["" if f else rule or "" for rule, f in zip(found, fixed, strict=True)]
