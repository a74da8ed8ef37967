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
import unicodedata
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial
from typing import Any, NamedTuple, TypeAlias

from tinygrad_edu import naming
from tinygrad_edu.engine import ancestors
from tinygrad_edu.naming import superscript
from tinygrad_edu.primitive import ATOM, Primitive
from tinygrad_edu.primitives import (
    POWER,
    PRODUCT,
    SUM,
    add,
    div,
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

DIGITS = 4
WIDEST = 200  # operations that one formula writes out; further ones go by their names
LONGEST = 2000  # characters; so do parts that are longer

# --- names ----------------------------------------------------------------------------------------


class Names:
    """What the Values behind a root are called: by their labels, or v₁, v₂, ... in order.

    Where several bear the same label they are counted: z, z[2], z[3].

    >>> a = Value(1.0, label="a")
    >>> b = a + a
    >>> names = Names(b * b)
    >>> names[a], names[b], names.nodes["v₁"] is b
    ('a', 'v₁', True)
    """

    def __init__(self, root: Value) -> None:
        """Name everything behind the root, arguments first."""
        self.of: dict[Value, str] = {}
        self.nodes: dict[str, Value] = {}
        times: dict[str, int] = {}
        unnamed = 0
        for node in with_constants(root):
            name = str(node.label)
            if not name:
                unnamed += 1
                name = naming.name("v", unnamed)
            label = name
            while name in self.nodes:
                times[label] = times.get(label, 1) + 1
                name = f"{label}[{times[label]}]"
            self.of[node] = name
            self.nodes[name] = node

    def __getitem__(self, node: Value) -> str:
        return self.of[node]


def with_constants(root: Value) -> list[Value]:
    """Return all Values behind a root, constants too, each after its arguments."""
    if isinstance(root, Constant):
        return [root]
    found: dict[Value, None] = {}
    for node in reversed(ancestors(root)):
        found.update(dict.fromkeys(arg for arg in node.args if isinstance(arg, Constant)))
        found[node] = None
    return list(found)


# --- two notations --------------------------------------------------------------------------------


class Piece(NamedTuple):
    """A part of a formula."""

    text: str
    precedence: int
    """How tightly it holds together."""
    is_number: bool = False

    def is_minus(self) -> bool:
        """Tell whether it is a negative."""
        return self.precedence == SUM and self.text[:1] in ("-", "−")


class Notation(NamedTuple):
    """How formulas are written down."""

    name: Callable[[str], str]
    """How a name is written, given as a label."""
    number: Callable[[Any, int], str]
    """How a number is written, to so many significant digits."""
    compose: Callable[[Primitive, Sequence[Piece]], Piece]
    """How an operation is written, its arguments written already."""
    derivative: Callable[[str, str], str]
    """How the derivative of one name by another is written."""
    times: str
    """What stands between factors."""


GREEK = {
    letter: "\\" + unicodedata.name(letter).split()[-1].lower().replace("lamda", "lambda")
    for letter in "αβγδεζηθικλμνξπρστυφχψω"
}
RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾"
LETTERS = set(GREEK.values())


def latex_name(label: str) -> str:
    r"""Return a label as LaTeX: runs of raised and lowered characters, Greek letters, hats.

    >>> latex_name("w₁₁⁽²⁾"), latex_name("ŷ₁"), latex_name("θ"), latex_name("loss_1")
    ('w_{11}^{(2)}', '\\hat{y}_{1}', '\\theta', '\\mathrm{loss\\_1}')
    """
    pieces: list[str] = []
    for run in re.findall(r"[₀-₉,]+(?<!,)|[⁰¹²³⁴-⁹⁺⁻⁽⁾]+|[^₀-₉⁰¹²³⁴-⁹⁺⁻⁽⁾]+", label):
        plain_run = unicodedata.normalize("NFKC", run)
        if "₀" <= run[0] <= "₉" or run[0] in RAISED:
            script = "^" if run[0] in RAISED else "_"
            before = pieces[-2:] if pieces and pieces[-1][0] in "_^" else []
            second = any(piece.startswith(script) for piece in before)  # TeX allows one of each
            pieces += ["{}"] * second + [f"{script}{{{plain_run.replace('−', '-')}}}"]
        elif len(run) == 1:
            apart = unicodedata.normalize("NFD", run)  # a letter, and a hat if it wears one
            hat = apart[1:] == "\u0302"
            letter = apart[0] if hat else run
            letter = GREEK.get(letter, escaped(letter))
            pieces.append(f"\\hat{{{letter}}}" if hat else letter)
        else:
            spelled = f"\\{run}"
            pieces.append(spelled if spelled in LETTERS else f"\\mathrm{{{escaped(run)}}}")
    return "".join(pieces)


def escaped(run: str) -> str:
    """Return text as LaTeX shows it."""
    special = {"\\": r"\backslash{}", "^": r"\hat{}"}
    return re.sub(r"[\\^_#$%&{} ]", lambda sign: special.get(sign[0], f"\\{sign[0]}"), run)


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


def latex_piece(op: Primitive, pieces: Sequence[Piece]) -> Piece:
    """Return an operation as LaTeX."""
    return Piece(*op.formula([piece[:2] for piece in pieces]))


MACROS = {
    r"\cdot": "·", r"\sigma": "σ", r"\left|": "|", r"\right|": "|", r"\left(": "(",
    r"\right)": ")", "-": "−",
}  # fmt: skip
FIRST_MARK = 0xE000  # characters for private use stand for what is written already


def text_piece(op: Primitive, pieces: Sequence[Piece]) -> Piece:
    r"""Return an operation as text, from the LaTeX of the table.

    >>> from tinygrad_edu.primitives import div, exp, power
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

    marks = [(mark(piece.text), piece.precedence) for piece in pieces]
    formula, precedence = op.formula(marks)
    for macro, character in MACROS.items():
        formula = formula.replace(macro, character)
    formula = re.sub(r"\\operatorname\{(\w+)\}", r"\1", formula)
    before = ""
    while before != formula:  # from the innermost braces outwards
        before = formula
        for pattern, write in TEMPLATES:
            formula = re.sub(pattern, partial(replaced, write), formula)
    return Piece(resolved(re.sub(r"\\([a-z]+)", r"\1", formula)), precedence)


def enclosed(part: str) -> str:
    """Return a part of a quotient, with parentheses if it needs them.

    >>> enclosed("a + b"), enclosed("f(a + b)"), enclosed("−a")
    ('(a + b)', 'f(a + b)', '(−a)')
    """
    outside, before = part, ""
    while before != outside:  # what stands in parentheses of its own needs no others
        before, outside = outside, re.sub(r"\([^()]*\)", "", outside)
    return f"({part})" if re.search("[ /]|^−", outside) else part


def raised(exponent: str) -> str:
    """Return an exponent as it stands behind its base.

    >>> raised("2"), raised("n"), raised("n − 1")
    ('²', '^n', '^(n − 1)')
    """
    if re.fullmatch(r"\d+", exponent):
        return superscript(exponent)
    return f"^{exponent}" if re.fullmatch(r"[\w.]+", exponent) else f"^({exponent})"


TEMPLATES: list[tuple[str, Callable[..., str]]] = [
    (r"\\frac\{([^{}]*)\}\{([^{}]*)\}", lambda x, y: f"{enclosed(x)}/{enclosed(y)}"),
    (r"\\sqrt\{([^{}]*)\}", lambda x: f"√({x})"),
    (r"e\^\{([^{}]*)\}", lambda x: f"exp({x})"),
    (r"\^\{([^{}]*)\}", raised),
    (r"\^(\d)", raised),
    (r"_\{([^{}]*)\}", lambda x: f"_{enclosed(x)}"),
]

LATEX = Notation(
    name=latex_name,
    number=latex_number,
    compose=latex_piece,
    derivative=lambda y, x: rf"\frac{{\partial {latex_name(y)}}}{{\partial {latex_name(x)}}}",
    times=r" \cdot ",
)
TEXT = Notation(
    name=lambda label: label,
    number=lambda x, digits: short(x, digits).replace("-", "−"),
    compose=text_piece,
    derivative=lambda y, x: f"∂{y}/∂{x}",
    times=" · ",
)

# --- formulas -------------------------------------------------------------------------------------


def latex(value: Value, *, full: bool = False, digits: int = DIGITS) -> str:
    r"""Return the formula of a Value as LaTeX.

    Args:
        value: the Value; where it has no operation behind it, its name or number.
        full: write out what stands behind Values with a label, too, instead of their names.
        digits: significant digits of numbers.

    >>> w, x = Value(0.5, label="w"), Value(2.0, label="x")
    >>> z = w * x - 1
    >>> z.label = "z"
    >>> latex(z.sigmoid()), latex(z.sigmoid(), full=True)
    ('\\sigma\\left(z\\right)', '\\sigma\\left(w \\cdot x - 1\\right)')
    """
    return formula(value, LATEX, full=full, digits=digits)


def text(value: Value, *, full: bool = False, digits: int = DIGITS) -> str:
    """Return the formula of a Value as text; see :func:`latex`.

    >>> a = Value(0.5, label="a")
    >>> text(1 / (1 + a * a).sqrt())
    '1/√(1 + a²)'
    """
    return formula(value, TEXT, full=full, digits=digits)


def formula(value: Value, notation: Notation, *, full: bool = False, digits: int = DIGITS) -> str:
    """Return the formula of a Value in a notation."""
    if not isinstance(value, Value):
        message = f"formula: expected a Value, got {value!r} ({type(value).__name__})"
        raise TypeError(message)
    names = Names(value)

    def write(node: Value) -> Piece:
        if node.label or node.op is not None:
            return name_piece(names[node], notation)
        return number_piece(node.data, notation, digits)

    return expression(value, write, notation, full=full, digits=digits).text


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
            if not isinstance(arg, Value) or arg.op is None or (arg.label and not full):
                continue
            if len(written_out) < WIDEST:
                written_out.add(arg)
    pieces: dict[Value, Piece] = {}

    def piece(arg: Any) -> Piece:
        if not isinstance(arg, Value):
            return number_piece(arg, notation, digits)
        found = pieces.get(arg) or write(arg)
        return found if len(found.text) <= LONGEST else write(arg)

    for node in reversed(order):
        if node in written_out and node.op is not None:
            pieces[node] = composed(node.op, [piece(arg) for arg in node.args], notation)
    return pieces[root]


def name_piece(label: str, notation: Notation) -> Piece:
    """Return a name as a piece of a formula; one with a superscript holds together like a power."""
    has_superscript = any(character in RAISED for character in label)
    return Piece(notation.name(label), POWER if has_superscript else ATOM)


def number_piece(x: Any, notation: Notation, digits: int) -> Piece:
    """Return a number as a piece of a formula; one with a sign holds together like a sum."""
    written = notation.number(x, digits)
    if written in ("0", "1", "−1", "-1") and x != int(written.replace("−", "-")):
        # 1.0001 is not to be left out as if it were 1.
        enough = next(d for d in range(digits, 18) if float(f"{x:.{d}g}") == x)
        written = notation.number(x, enough)
    if written[:1] in ("-", "−"):
        return Piece(written, SUM, is_number=True)
    plain = re.fullmatch(r"[\d.]+", written)
    return Piece(written, ATOM if plain else PRODUCT, is_number=True)


def composed(op: Primitive, pieces: Sequence[Piece], notation: Notation) -> Piece:
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
    simple = SIMPLER.get(op)
    if simple is not None and (found := simple(notation, *pieces)) is not None:
        return found
    return notation.compose(op, pieces)


def is_(number: str, x: Piece) -> bool:
    """Tell whether a piece is a certain number."""
    return x.is_number and x.text.replace("−", "-") == number


def simpler_sum(_: Notation, x: Piece, y: Piece) -> Piece | None:
    """Return x + y where one is 0, and x - z where y is -z."""
    if is_("0", x) or is_("0", y):
        return y if is_("0", x) else x
    return Piece(f"{x.text} {y.text[0]} {y.text[1:]}", SUM) if y.is_minus() else None


def simpler_difference(notation: Notation, x: Piece, y: Piece) -> Piece | None:
    """Return x - y where one is 0."""
    if is_("0", y):
        return x
    return composed(neg, [y], notation) if is_("0", x) else None


def simpler_product(notation: Notation, x: Piece, y: Piece) -> Piece | None:
    """Return x y where one is 0, 1 or -1, or both are the same."""
    for one, other in ((x, y), (y, x)):
        if is_("0", one) or is_("1", one):
            return one if is_("0", one) else other
        if is_("-1", one):
            return composed(neg, [other], notation)
    return notation.compose(power, [x, Piece("2", ATOM)]) if x == y else None


def simpler_quotient(_: Notation, x: Piece, y: Piece) -> Piece | None:
    """Return x / y where x is 0 or y is 1."""
    return x if is_("0", x) or is_("1", y) else None


def simpler_negative(_: Notation, x: Piece) -> Piece | None:
    """Return -x where x is 0 or a negative itself."""
    if is_("0", x):
        return x
    is_term = x.is_minus() and not re.search("[+−-]", x.text[1:])
    return Piece(x.text[1:], PRODUCT) if is_term else None


def simpler_power(_: Notation, x: Piece, n: Piece) -> Piece | None:
    """Return x^n where n is 1 or 0."""
    if is_("1", n):
        return x
    return Piece("1", ATOM, is_number=True) if is_("0", n) else None


SIMPLER: dict[Primitive, Callable[..., Piece | None]] = {
    add: simpler_sum,
    sub: simpler_difference,
    mul: simpler_product,
    div: simpler_quotient,
    neg: simpler_negative,
    power: simpler_power,
}

# --- derivatives ----------------------------------------------------------------------------------


def local_derivative(
    node: Value, position: int, write: Write, notation: Notation, digits: int = DIGITS
) -> str | None:
    """Return the derivative of a node by its argument at a position, as its rule says.

    The output and the arguments are written as ``write`` says: by name, or as numbers. None stands
    for a rule that cannot be written as a formula.
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

    try:
        rule = node.op.partials(symbol(node), *map(symbol, node.args))[position]
    except Exception:  # noqa: BLE001 - a rule written for floats alone
        return None
    if rule is None:
        return None
    if not isinstance(rule, Value):
        return number_piece(rule, notation, digits).text

    def written(leaf: Value) -> Piece:
        if leaf in stands_for:
            return write(stands_for[leaf])
        return number_piece(leaf.data, notation, digits)

    return expression(rule, written, notation, digits=digits).text


def rules_as_latex(op: Primitive, *args: float) -> list[str]:
    r"""Return the rule of an operation as LaTeX: its derivatives, one for each argument.

    The arguments and the output bear the names that they have in the rule. An empty string stands
    for an argument that is a fixed number.

    Args:
        op: the operation.
        args: numbers to compute it for, in one flat tuple, as its rule takes them.

    >>> from tinygrad_edu.primitives import div, sigmoid, tanh
    >>> rules_as_latex(tanh, 0.5), rules_as_latex(sigmoid, 0.5)
    (['1 - y^{2}'], ['y \\cdot \\left(1 - y\\right)'])
    >>> rules_as_latex(div, 1.0, 2.0)
    ['\\frac{1}{y}', '\\frac{-q}{y}']
    """
    output, *names = inspect.signature(op.partials).parameters
    if op.arity is None:
        names = [naming.name("v", k) for k in range(1, len(args) + 1)]
    fixed = [p is None for p in op.partials(op.forward(*args), *args)]
    operands = [
        (Constant if f else Value)(x, n) for x, n, f in zip(args, names, fixed, strict=True)
    ]
    node = op.compute(tuple(operands))
    node.label = output

    def write(x: Value) -> Piece:
        return name_piece(x.label, LATEX)

    found = [local_derivative(node, position, write, LATEX) for position in range(len(args))]
    return ["" if f else rule or "" for rule, f in zip(found, fixed, strict=True)]
