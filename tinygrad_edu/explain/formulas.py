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
from typing import Any, NamedTuple, TypeAlias

from tinygrad_edu.engine import ancestors
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

Piece: TypeAlias = "tuple[str, int]"  # a formula, and how tightly it holds together
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
                name = "v" + str(unnamed).translate(LOW)
            times[name] = times.get(name, 0) + 1
            if times[name] > 1:
                name = f"{name}[{times[name]}]"
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


class Notation(NamedTuple):
    """How formulas are written down."""

    name: Callable[[str], str]
    """How a name is written, given as a label."""
    number: Callable[[Any, int], str]
    """How a number is written, to so many significant digits."""
    finish: Callable[[str], str]
    """What is made of a formula that was put together as LaTeX."""
    derivative: Callable[[str, str], str]
    """How the derivative of one name by another is written."""
    times: str
    """What stands between factors."""


LOW, HIGH = (
    str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"),
    str.maketrans("0123456789()+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾⁺⁻"),
)
GREEK = {
    letter: "\\" + unicodedata.name(letter).split()[-1].lower()
    for letter in "αβγδεζηθικλμνξπρστυφχψω"
}
RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾"
LETTERS = set(GREEK.values())


def latex_name(label: str) -> str:
    r"""Return a label as LaTeX: runs of raised and lowered characters, Greek letters, hats.

    >>> latex_name("w₁₁⁽²⁾"), latex_name("ŷ₁"), latex_name("θ"), latex_name("loss_1")
    ('w_{11}^{(2)}', '\\hat{y}_{1}', '\\theta', '\\mathrm{loss\\_1}')
    """
    pieces = []
    for run in re.findall(r"[₀-₉,]+(?<!,)|[⁰¹²³⁴-⁹⁺⁻⁽⁾]+|[^₀-₉⁰¹²³⁴-⁹⁺⁻⁽⁾]+", label):
        plain_run = unicodedata.normalize("NFKC", run)
        if "₀" <= run[0] <= "₉":
            pieces.append(f"_{{{plain_run}}}")
        elif run[0] in RAISED:
            pieces.append(f"^{{{plain_run.replace('−', '-')}}}")
        elif len(run) == 1:
            apart = unicodedata.normalize("NFD", run)  # a letter, and a hat if it wears one
            letter = GREEK.get(apart[0], escaped(apart[0]))
            pieces.append(f"\\hat{{{letter}}}" if apart[1:] == "\u0302" else letter)
        else:
            spelled = f"\\{run}"
            pieces.append(spelled if spelled in LETTERS else f"\\mathrm{{{escaped(run)}}}")
    return "".join(pieces)


def escaped(run: str) -> str:
    """Return text as LaTeX shows it."""
    run = run.replace("\\", "\\backslash ")
    return re.sub(r"([_#$%&{}])", r"\\\1", run).replace("^", "\\hat{}").replace(" ", "\\ ")


def latex_number(x: Any, digits: int) -> str:
    r"""Return a number as LaTeX.

    >>> latex_number(-0.0821670, 4), latex_number(1e-9, 4), latex_number(Fraction(1, 3), 4)
    ('-0.08217', '10^{-9}', '\\frac{1}{3}')
    """
    if isinstance(x, Fraction) and x.denominator != 1:
        return f"{'-' if x < 0 else ''}\\frac{{{abs(x.numerator)}}}{{{x.denominator}}}"
    mantissa, _, exponent = short(x, digits).partition("e")
    if not exponent:
        return {"inf": r"\infty", "-inf": r"-\infty"}.get(mantissa, mantissa)
    power_of_ten = f"10^{{{int(exponent)}}}"
    return {"1": power_of_ten, "-1": f"-{power_of_ten}"}.get(
        mantissa, f"{mantissa} \\cdot {power_of_ten}"
    )


def short(x: Any, digits: int) -> str:
    """Return a number to so many significant digits."""
    return f"{x:.{digits}g}" if isinstance(x, float) else str(x)


MACROS = {
    r"\cdot": "·", r"\sigma": "σ", r"\left|": "|", r"\right|": "|", r"\left(": "(",
    r"\right)": ")", r"\partial": "∂", r"\infty": "∞",
}  # fmt: skip


def plain(formula: str) -> str:
    r"""Return a formula of the table's LaTeX as text.

    >>> plain(r"\frac{1}{2} \left(a - y\right)^2"), plain(r"\sqrt{x + 1}"), plain(r"e^{-x}")
    ('1/2 (a − y)²', '√(x + 1)', 'exp(−x)')
    """
    for macro, character in MACROS.items():
        formula = formula.replace(macro, character)
    formula = re.sub(r"\\operatorname\{(\w+)\}", r"\1", formula)
    before = ""
    while before != formula:  # from the innermost braces outwards
        before = formula
        formula = re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", fraction, formula)
        formula = re.sub(r"\\sqrt\{([^{}]*)\}", r"√(\1)", formula)
        formula = re.sub(r"\be\^\{([^{}]*)\}", r"exp(\1)", formula)
        formula = re.sub(r"\^\{?(\d+)\b\}?", lambda m: m[1].translate(HIGH), formula)
        formula = re.sub(r"\^\{(\w+)\}", r"^\1", formula)
        formula = re.sub(r"\^\{([^{}]*)\}", r"^(\1)", formula)
        formula = re.sub(r"_\{([^{}]*)\}", r"_\1", formula)
    formula = re.sub(r"\\([a-z]+)", r"\1", formula)
    return formula.replace("-", "−")


def fraction(found: re.Match[str]) -> str:
    """Return a fraction on one line, with parentheses where they are needed."""

    def enclosed(part: str) -> str:
        outside, before = part, ""
        while before != outside:  # what stands in parentheses of its own needs no others
            before, outside = outside, re.sub(r"\([^()]*\)", "", outside)
        return f"({part})" if re.search("[ /]", outside) else part

    return f"{enclosed(found[1])}/{enclosed(found[2])}"


LATEX = Notation(
    name=latex_name,
    number=latex_number,
    finish=lambda formula: formula,
    derivative=lambda y, x: rf"\frac{{\partial {latex_name(y)}}}{{\partial {latex_name(x)}}}",
    times=r" \cdot ",
)
TEXT = Notation(
    name=lambda label: label,
    number=short,
    finish=plain,
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
    names = Names(value)

    def write(node: Value) -> Piece:
        if node.label or node.op is not None:
            return name_piece(names[node], notation)
        return number_piece(node.data, notation, digits)

    return notation.finish(expression(value, write, notation, full=full, digits=digits)[0])


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
        return found if len(found[0]) <= LONGEST else write(arg)

    for node in reversed(order):
        if node in written_out and node.op is not None:
            pieces[node] = composed(node.op, [piece(arg) for arg in node.args])
    return pieces[root]


def name_piece(label: str, notation: Notation) -> Piece:
    """Return a name as a piece of a formula; one with a superscript holds together like a power."""
    raised = any(character in RAISED for character in label)
    return notation.name(label), POWER if raised else ATOM


def number_piece(x: Any, notation: Notation, digits: int) -> Piece:
    """Return a number as a piece of a formula; one with a sign holds together like a sum."""
    written = notation.number(x, digits)
    if written in ("0", "1", "-1") and x != int(written):
        written = notation.number(x, 17)  # 1.0001 is not to be left out as if it were 1
    if written.startswith("-"):
        return written, SUM
    return written, PRODUCT if re.search(r"[^\d.]", written) else ATOM


def composed(op: Primitive, pieces: Sequence[Piece]) -> Piece:
    """Return the formula of an operation, simpler where that is short: no 1 · x and no x + 0."""
    if op is weighted_sum:
        n = len(pieces) // 2
        terms = [composed(mul, pair) for pair in zip(pieces[:n], pieces[n : 2 * n], strict=True)]
        return composed(total, [*terms, pieces[-1]])
    if op is total:
        whole: Piece = ("0", ATOM)
        for piece in pieces:
            whole = composed(add, [whole, piece])
        return whole
    texts = [written for written, _ in pieces]
    simple = SIMPLER.get(op)
    if simple is not None and (found := simple(*pieces)) is not None:
        return found
    if op is add and texts[1].startswith("-"):
        return f"{texts[0]} - {texts[1][1:]}", SUM
    return op.formula(pieces)


def simpler_sum(x: Piece, y: Piece) -> Piece | None:
    """Return x + y where one is 0."""
    return y if x[0] == "0" else x if y[0] == "0" else None


def simpler_difference(x: Piece, y: Piece) -> Piece | None:
    """Return x - y where one is 0."""
    return x if y[0] == "0" else composed(neg, [y]) if x[0] == "0" else None


def simpler_product(x: Piece, y: Piece) -> Piece | None:
    """Return x y where one is 0, 1 or -1, or both are the same."""
    for one, other in ((x, y), (y, x)):
        if one[0] in ("0", "1", "-1"):
            return {"0": one, "1": other, "-1": composed(neg, [other])}[one[0]]
    return power.formula([x, ("2", ATOM)]) if x == y else None


def simpler_quotient(x: Piece, y: Piece) -> Piece | None:
    """Return x / y where x is 0 or y is 1."""
    return x if x[0] == "0" or y[0] == "1" else None


def simpler_negative(x: Piece) -> Piece | None:
    """Return -x where x is 0 or a negative itself."""
    if x[0] == "0":
        return x
    return (x[0][1:], PRODUCT) if re.fullmatch(r"-[^+-]*", x[0]) else None


def simpler_power(x: Piece, n: Piece) -> Piece | None:
    """Return x^n where n is 1 or 0."""
    return {"1": x, "0": ("1", ATOM)}.get(n[0])


SIMPLER: dict[Primitive, Callable[..., Piece | None]] = {
    add: simpler_sum,
    sub: simpler_difference,
    mul: simpler_product,
    div: simpler_quotient,
    neg: simpler_negative,
    power: simpler_power,
}

# --- derivatives ----------------------------------------------------------------------------------


def local_derivative(node: Value, position: int, write: Write, notation: Notation) -> str | None:
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
        return notation.finish(number_piece(rule, notation, DIGITS)[0])

    def written(leaf: Value) -> Piece:
        return write(stands_for[leaf]) if leaf in stands_for else (f"{leaf.data:g}", ATOM)

    return notation.finish(expression(rule, written, notation)[0])


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
        names = [f"v{k}".translate(LOW) for k in range(1, len(args) + 1)]
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
