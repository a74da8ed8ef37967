r"""Formulas of Values as LaTeX and as text: right, balanced, and without needless signs."""

import math
import re
import unicodedata
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import (
    Constant,
    Value,
    cos,
    exp,
    half_squared_error,
    leaky_relu,
    log,
    logsumexp,
    maximum,
    relu,
    sigmoid,
    sin,
    softplus,
    sqrt,
    step,
    table,
    tanh,
    total,
    weighted_sum,
)
from tinygrad_edu.engine import ancestors
from tinygrad_edu.formulas.derivatives import rules_as_latex
from tinygrad_edu.formulas.expressions import latex
from tinygrad_edu.formulas.expressions import text_formula as text_of
from tinygrad_edu.formulas.labels import as_latex
from tinygrad_edu.formulas.markup import latex_number
from tinygrad_edu.formulas.names import Names
from tinygrad_edu.operation import Components
from tinygrad_edu.programs.expressions import lengths
from tinygrad_edu.table import TABLE
from tinygrad_edu.testing import expressions

x, y, z = Value(2.0, label="x"), Value(3.0, label="y"), Value(0.5, label="z")
POINT = (0.5, 2.0, 0.3, 0.7, 1.5, 2.5)
ODD_LABELS = [
    "</script>",
    "%",
    "\\",
    "a b",
    "a_b_c",
    "x^2",
    "{",
    "}",
    "$",
    "&",
    "#1",
    "\\frac",
    "₁",
]


def called(label, node):
    node.label = label
    return node


def arguments(row):
    point = POINT[: row.arity or max(lengths(row))]
    return (*point[:-1], 0.0) if isinstance(row, Components) else point  # an index


def assert_balanced(formula):
    """Assert that braces nest, that each \\left has its \\right, and that no template is left."""
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", formula):
        depth += 1 if brace == "{" else -1
        assert depth >= 0, formula
    assert depth == 0, formula
    open_ = []
    for side, fence in re.findall(r"\\(left|right)(?![a-z])(.)", formula):
        if side == "left":
            open_.append(fence)
        else:
            assert (open_.pop(), fence) in {("(", ")"), ("|", "|")}, formula
    assert not open_, formula
    assert not re.search(r"(?<!\\)#", formula), formula
    assert not doubly_raised(formula), formula


def doubly_raised(formula):
    """Tell whether a superscript follows a superscript, which TeX refuses."""
    group = r"(?:\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}|\w)"
    return re.search(rf"\^{group}\^", formula) is not None


def assert_plain(formula):
    assert not re.search(r"[\\{}#]", formula), formula


# --- the table ------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", TABLE.values(), ids=str)
def test_every_operation_is_written(row):
    labels = ["a", "w₁₁⁽²⁾", "ŷ", "θ", "p", "q"]
    fixed = row.fixed_arguments(len(arguments(row)))
    args = [
        number if is_fixed else Value(number, label=label)
        for number, label, is_fixed in zip(arguments(row), labels, fixed, strict=False)
    ]
    node = row.compute(row.nested(args))
    assert_balanced(latex(node))
    assert_balanced(latex(node**2))
    assert_balanced(latex((node - 1) / (node + 2)))
    if row is not table.exponential:
        assert "a" in latex(node)
        assert "a" in text_of(node)
    assert_plain(text_of(node))
    assert_plain(text_of(node**2))
    assert_plain(text_of((node - 1) / (node + 2)))


@pytest.mark.parametrize("row", TABLE.values(), ids=str)
def test_every_rule_is_written(row):
    args = arguments(row)
    rules = rules_as_latex(row, *args)
    assert [not rule for rule in rules] == row.fixed_arguments(len(args))
    for rule in rules:
        assert_balanced(rule)


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("tanh", ["1 - y^{2}"]),
        ("sigmoid", [r"y \cdot \left(1 - y\right)"]),
        ("mul", ["y", "x"]),
        ("div", [r"\frac{1}{y}", r"\frac{-q}{y}"]),
        ("exp", ["y"]),
        ("log", [r"\frac{1}{x}"]),
        ("cos", [r"-\sin\left(x\right)"]),
        ("power", [r"n \cdot x^{n - 1}", ""]),
        ("sub", ["1", "-1"]),
    ],
)
def test_rules_are_written_as_in_the_lectures(name, rules):
    """D8, A6."""
    assert rules_as_latex(TABLE[name], *arguments(TABLE[name])) == rules


# --- no needless signs ----------------------------------------------------------------------------

neg = table.neg
TEXTS = [
    (x + y, "x + y"),
    (x - y, "x − y"),
    (x - y - z, "x − y − z"),
    (x - (y - z), "x − (y − z)"),
    (x - (y + z), "x − (y + z)"),
    (x + (y - z), "x + y − z"),
    ((x + y) + (z + x), "x + y + z + x"),
    (3 - x - (4 - y), "3 − x − (4 − y)"),
    # negatives
    (x + (-y), "x − y"),
    (x + (-2), "x − 2"),
    (x - (-y), "x − (−y)"),
    (x + (-y - z), "x − y − z"),
    (x - (-y - z), "x − (−y − z)"),
    (neg(neg(x)), "x"),
    (-(x + y), "−(x + y)"),
    (-(x - y), "−(x − y)"),
    (-(x * y), "−x · y"),
    (-(x / y), "−x/y"),
    (-(x**2), "−x²"),
    ((-x) ** 2, "(−x)²"),
    (x * (-y), "x · (−y)"),
    (x * (-2), "x · (−2)"),
    (-x * y, "−x · y"),
    (-2 * x, "−2 · x"),
    (-2 * x * y, "−2 · x · y"),
    (-x * -y, "−x · (−y)"),
    (-x * -x, "(−x)²"),
    (z - (-x * y), "z − (−x · y)"),
    (z + -2 * x, "z − 2 · x"),
    ((-2 * x) ** 2, "(−2 · x)²"),
    (-(x + y) * z, "−(x + y) · z"),
    (neg(-2 * x), "2 · x"),
    ((-x - y) * z, "(−x − y) · z"),
    (x - (-2), "x + 2"),
    (x * y - (-2), "x · y + 2"),
    (z - (x - (-2)), "z − (x + 2)"),
    (x - y * z, "x − y · z"),
    (x * y - z, "x · y − z"),
    (-x - y, "−x − y"),
    # products and quotients
    (x * y * z, "x · y · z"),
    (x * (y * z), "x · y · z"),
    ((x + y) * (x - y), "(x + y) · (x − y)"),
    ((x + y) * 0.5, "(x + y) · 0.5"),
    ((x + y) * (x + y), "(x + y)²"),
    (x * x, "x²"),
    (x * x * x, "x² · x"),
    (1 / x, "1/x"),
    (1 / x**2, "1/x²"),
    (x / (y / z), "x/(y/z)"),
    (x / (y * z), "x/(y · z)"),
    (x / (y + z), "x/(y + z)"),
    ((x + y) / (z - x), "(x + y)/(z − x)"),
    ((x / y) ** 2, "(x/y)²"),
    # powers
    (x**2, "x²"),
    ((x**2) ** 3, "(x²)³"),
    ((x + y) ** 2, "(x + y)²"),
    ((2 * x) ** 2, "(2 · x)²"),
    (2**x, "2^x"),
    (x**y, "x^y"),
    ((x**y) ** z, "(x^y)^z"),
    (x ** (y + 1), "x^(y + 1)"),
    (2 ** (-x), "2^(−x)"),
    (x**-1, "x^(−1)"),
    (Value(-1.5) ** 2, "(−1.5)²"),
    (Value(Fraction(1, 3)) ** 2, "(1/3)²"),
    # neutral elements
    (1 * x, "x"),
    (x * 1, "x"),
    (-1 * x, "−x"),
    (x * -1, "−x"),
    (0 * x, "0"),
    (x + 0, "x"),
    (0 + x, "x"),
    (x - 0, "x"),
    (0 - x, "−x"),
    (0 - (x + y), "−(x + y)"),
    (x / 1, "x"),
    (x / -1, "−x"),
    ((x + y) / -1, "−(x + y)"),
    (0 / x, "0"),
    (x**1, "x"),
    (0 * x + y, "y"),
    (y / (1 * z), "y/z"),
    (-1 * (x - y), "−(x − y)"),
    # functions
    (exp(x), "exp(x)"),
    (exp(-x), "exp(−x)"),
    (exp(x + y), "exp(x + y)"),
    (exp(x) * y, "exp(x) · y"),
    (1 / (1 + exp(-x)), "1/(1 + exp(−x))"),
    (sqrt(x + y), "√(x + y)"),
    (sqrt(x) / y, "√x/y"),
    (sqrt(x) ** 2, "(√x)²"),
    ((sqrt(x) + y) * z, "(√x + y) · z"),
    ((sqrt(x + y) + y) * z, "(√(x + y) + y) · z"),
    ((exp(x) + exp(y)) ** 2, "(exp(x) + exp(y))²"),
    (sqrt(x**2), "√(x²)"),
    (sqrt(exp(x)), "√(exp(x))"),
    (exp(x) ** 2, "exp(x)²"),
    (exp(x) * exp(x), "exp(x)²"),
    (sigmoid(x) ** 2, "σ(x)²"),
    (tanh(x) * tanh(x), "tanh(x)²"),
    (log(x * y), "log(x · y)"),
    (relu(-x), "relu(−x)"),
    (step(x) + softplus(y), "step(x) + softplus(y)"),
    (sin(x) * cos(x), "sin(x) · cos(x)"),
    (abs(x - y) ** 2, "|x − y|²"),
    (maximum(x + 1, y * z), "max(x + 1, y · z)"),
    (leaky_relu(x, 0.2), "leakyrelu_0.2(x)"),
    (logsumexp([x + 1, -y]), "log(exp(x + 1) + exp(−y))"),
    # sums of many
    (total([x, -y, z]), "x − y + z"),
    (total([x, y]) * z, "(x + y) · z"),
    (total([x]), "x"),
    (weighted_sum([x, y], [y, z], 1.0), "x · y + y · z + 1"),
    (weighted_sum([x, y], [y, z], -1.0), "x · y + y · z − 1"),
    (weighted_sum([x + y], [z], x), "(x + y) · z + x"),
    (weighted_sum([1.0, x], [y, 1.0], 0.0), "y + x"),
    (weighted_sum([x], [y], z) ** 2, "(x · y + z)²"),
    (half_squared_error([x, y], [1.0, z]), "1/2 ((x − 1)² + (y − z)²)"),
    (half_squared_error([x, y], [1.0, z]) * z, "1/2 ((x − 1)² + (y − z)²) · z"),
    (half_squared_error([x], [1.0]), "1/2 (x − 1)²"),
    (half_squared_error([x], [0.0]), "1/2 · x²"),
    (half_squared_error([x, y], [0.0, 1.0]), "1/2 (x² + (y − 1)²)"),
    (half_squared_error([x], [-1.0]), "1/2 (x + 1)²"),
    (2 * half_squared_error([x], [y]), "(x − y)²"),
    (2 * half_squared_error([x, y], [y, z]) / 2, "((x − y)² + (y − z)²)/2"),
]


@pytest.mark.parametrize(("value", "expected"), TEXTS, ids=[expected for _, expected in TEXTS])
def test_a_formula_has_the_signs_that_it_needs_and_no_others(value, expected):
    assert text_of(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ((x + y) * exp(x), r"\left(x + y\right) \cdot e^{x}"),
        ((x**2) ** 3, r"\left(x^{2}\right)^{3}"),
        (exp(x) ** 2, r"\left(e^{x}\right)^{2}"),
        (x ** (1 / y), r"x^{\frac{1}{y}}"),
        (x**0.5, "x^{0.5}"),
        (exp(exp(x)), "e^{e^{x}}"),
        ((x * y) / z, r"\frac{x \cdot y}{z}"),
        (x / y / z, r"\frac{\frac{x}{y}}{z}"),
        (sqrt(x) ** 2, r"\sqrt{x}^{2}"),
        (abs(x) * y, r"\left|x\right| \cdot y"),
        (x * Fraction(-1, 3), r"x \cdot \left(-\frac{1}{3}\right)"),
        (Value(1e-9) ** 2, r"\left(10^{-9}\right)^{2}"),
        (x - math.inf, r"x - \infty"),
    ],
)
def test_latex_has_the_signs_that_it_needs_and_no_others(value, expected):
    assert latex(value) == expected
    assert_balanced(expected)


@pytest.mark.parametrize("almost", [1.0000001, 0.9999999, 1 + 2**-52])
def test_a_number_that_rounds_to_one_is_not_left_out(almost):
    for value in (x * almost, x / almost, almost * x, x**almost):
        (written,) = re.findall(r"[01]\.\d+", latex(value))
        assert float(written) == almost


def test_a_number_that_rounds_to_zero_is_not_left_out():
    assert text_of(x + 1e-20) == "x + 1e−20"
    assert text_of(x * 1e-20) == "x · 1e−20"
    assert latex(x * 1e-20) == r"x \cdot 10^{-20}"


# --- a formula means what the Value is ------------------------------------------------------------


def as_python(formula):
    """Translate the text of a formula to Python."""
    formula = re.sub(
        r"[⁰¹²³⁴-⁹]+", lambda found: "**" + unicodedata.normalize("NFKC", found[0]), formula
    )
    formula = re.sub(r"leakyrelu_([\w.]+)\(", r"leakyrelu(\1, ", formula)
    formula = re.sub(r"√([A-Za-z]|[\d.]+)", r"√(\1)", formula.replace("1/2 (", "1/2 * ("))
    formula = unicodedata.normalize("NFKC", formula)
    for sign, code in {"·": "*", "−": "-", "^": "**", "√": "sqrt", "σ": "sigmoid"}.items():
        formula = formula.replace(sign, code)
    return formula


FUNCTIONS = {
    **{name: row for name, row in TABLE.items() if row.arity == 1},
    "max": max, "min": min, "e": math.e,
    "leakyrelu": lambda alpha, x: leaky_relu(x, alpha),
}  # fmt: skip


# The text of these operations is ambiguous: an opening bar looks like a closing bar, and the end of
# a subscript or an exponent is not marked.
HARD_TO_READ = {"abs", "leaky_relu", "greater", "softmax", "cross_entropy"}
READABLE = tuple(row for row in TABLE.values() if row.name not in HARD_TO_READ)


def rounding(root):
    """Return the error bound of a formula that adds and multiplies in another order.

    Every operation rounds by 2^-53 of its terms; the gradient says how much that changes the root.
    """
    root.backward()
    return 1e-12 * sum(
        abs(node.grad) * (1 + abs(node.data) + sum(
            abs(partial * getattr(arg, "data", arg))
            for arg, partial in zip(node.args, node.partials, strict=True) if partial is not None
        ))
        for node in ancestors(root)
    )  # fmt: skip


def assert_means(value, formula):
    names = Names(value)
    numbers = {as_python(name): node.data for name, node in names.nodes.items()}
    try:
        found = eval(as_python(formula), {**FUNCTIONS, **numbers})  # noqa: S307 - our own formula
    except (OverflowError, ValueError):  # a log of a sum of exponentials overflows
        assert "log(exp" in formula
        return
    assert abs(found - value.data) <= rounding(value), formula


@given(expressions(operations=READABLE))
def test_a_formula_evaluates_to_the_value(expression):
    inputs = [Value(x, label) for x, label in zip(expression.inputs, "xyz", strict=False)]
    value = expression(*inputs)
    assert_means(value, text_of(value, digits=17))


ARITHMETIC = tuple(TABLE[name] for name in ("add", "sub", "mul", "div", "neg", "total"))


@given(expressions(operations=ARITHMETIC, max_operations=12))
def test_a_formula_of_arithmetic_evaluates_to_the_value(expression):
    inputs = [Value(x, label) for x, label in zip(expression.inputs, "xyz", strict=False)]
    value = expression(*inputs)
    assert_means(value, text_of(value, digits=17))


@given(expressions(operations=ARITHMETIC), st.lists(st.sampled_from([0.0, 1.0, -1.0, 2.0])))
def test_a_formula_of_numbers_evaluates_to_the_value(expression, numbers):
    """Values without labels are written as numbers, and the formula leaves out 0, 1 and -1."""
    inputs = [*numbers, *expression.inputs][: len(expression.inputs)]
    try:
        value = expression(*map(Value, inputs))
    except (ArithmeticError, ValueError):
        return
    assert_means(value, text_of(value, digits=17))


@pytest.mark.parametrize(
    "value",
    [value for value, formula in TEXTS if "|" not in formula],
    ids=[formula for _, formula in TEXTS if "|" not in formula],
)
def test_the_formulas_above_evaluate_to_their_values(value):
    assert_means(value, text_of(value, digits=17))


@given(expressions())
def test_latex_is_balanced(expression):
    value = expression(*map(Value, expression.inputs))
    assert_balanced(latex(value))


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("x", "x"),
        ("w₁₁⁽²⁾", "w_{11}^{(2)}"),
        ("w₁,₂", "w_{1,2}"),
        ("z⁽¹⁰⁾", "z^{(10)}"),
        ("ŷ", r"\hat{y}"),
        ("ŷ₁", r"\hat{y}_{1}"),
        ("y\u0302", r"\hat{y}"),
        ("θ", r"\theta"),
        ("σ", r"\sigma"),
        ("loss", r"\mathrm{loss}"),
        ("loss_1", r"\mathrm{loss}_{1}"),
        ("w_1", "w_{1}"),
        ("w_11", "w_{11}"),
        ("w_1,12", "w_{1,12}"),
        ("w^(1)_11", "w_{11}^{(1)}"),
        ("w_11^(1)", "w_{11}^{(1)}"),
        ("w^[1]_11", "w_{11}^{[1]}"),
        ("w1", "w_{1}"),
        ("theta12", r"\theta_{12}"),
        ("θ_t", r"\theta_{t}"),
        ("loss1", r"\mathrm{loss1}"),
        ("loss_train", r"\mathrm{loss\_train}"),
        ("a_b_c", r"\mathrm{a\_b\_c}"),
        ("2x", r"\mathrm{2x}"),
        ("theta", r"\theta"),
        ("%", r"\%"),
        ("a b", r"\mathrm{a\ b}"),
        ("", ""),
    ],
)
def test_labels_become_latex(label, expected):
    assert as_latex(unicodedata.normalize("NFC", label)) == expected


@pytest.mark.parametrize(
    ("label", "expected"),
    [("x²₁³", "x_{1}^{2}{}^{3}"), ("x₁²", "x_{1}^{2}"), ("x₁y₁", "x_{1}y_{1}"), ("₁", "_{1}")],
)
def test_a_symbol_has_at_most_one_script_of_each_kind(label, expected):
    assert as_latex(label) == expected


def test_a_backslash_in_a_name_is_shown():
    assert as_latex("a\\b") == r"\mathrm{a\backslash{}b}"


@given(st.sampled_from(ODD_LABELS) | st.text("aλ₁²⁽⁾ _^{}\\$%&#-<>/", max_size=5))
def test_odd_labels_leave_latex_balanced(label):
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", as_latex(label)):
        depth += 1 if brace == "{" else -1
        assert depth >= 0
    assert depth == 0
    assert not re.search(r"(?<!\\)[#$%&]", as_latex(label))


@pytest.mark.parametrize("label", ODD_LABELS)
def test_odd_labels_appear_in_formulas(label):
    odd = Value(2.0, label=label)
    assert as_latex(label) in latex(odd * x)
    assert latex(odd) == as_latex(label)


def test_a_name_with_a_superscript_is_put_in_parentheses_before_an_exponent():
    w = Value(2.0, label="w₁₁⁽²⁾")
    assert latex(w * w) == r"\left(w_{11}^{(2)}\right)^{2}"
    assert text_of(w**2) == "(w₁₁⁽²⁾)²"
    assert text_of(w * x) == "w₁₁⁽²⁾ · x"


def test_a_formula_stops_at_labelled_values_unless_full():
    inner = called("h", x + y)
    outer = called("k", inner * z)
    value = exp(outer)
    assert text_of(value) == "exp(k)"
    assert text_of(outer) == "h · z"
    assert text_of(value, full=True) == "exp((x + y) · z)"
    assert latex(value, full=True) == r"e^{\left(x + y\right) \cdot z}"


def test_values_with_the_same_label_are_told_apart():
    first, second = Value(1.0, label="z"), Value(2.0, label="z")
    assert text_of(first - second) == "z − z[2]"
    assert text_of(first * second) == "z · z[2]"  # not z²
    names = Names(first - second)
    assert names.nodes["z"] is first
    assert names.nodes["z[2]"] is second


def test_values_without_a_label_are_numbers():
    assert text_of(Value(2.0) * x + Value(3.5)) == "2 · x + 3.5"


def test_values_without_a_label_are_numbered_in_order():
    a = Value(1.0, label="a")
    b = a + a
    c = b * b
    names = Names(c)
    assert [names[node] for node in (a, b, c)] == ["a", "v₁", "v₂"]


def test_constants_are_written_by_name():
    c = Constant(2.0, label="c")
    assert text_of(x * c) == "x · c"
    assert text_of(c) == "c"
    assert text_of(x * Constant(2.0)) == "x · 2"
    assert text_of(Constant(2.0)) == "2"


def test_the_formula_of_a_leaf_is_its_name_or_its_number():
    assert (latex(x), text_of(x)) == ("x", "x")
    assert (latex(Value(-0.5)), text_of(Value(-0.5))) == ("-0.5", "−0.5")
    assert text_of(Value(Fraction(-1, 3))) == "−1/3"
    assert latex(Value(math.inf)) == r"\infty"
    assert latex(Value(-math.inf)) == r"-\infty"


def test_numbers_that_are_not_finite_appear_in_formulas():
    assert text_of(x * math.inf) == "x · inf"
    assert text_of(x + math.nan) == "x + nan"
    assert "nan" in latex(x + math.nan)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0.0821670, "0.08217"),
        (-0.5, "-0.5"),
        (3.0, "3"),
        (7, "7"),
        (1e-9, "10^{-9}"),
        (-1e-9, "-10^{-9}"),
        (-2.5e20, r"-2.5 \cdot 10^{20}"),
        (Fraction(1, 3), r"\frac{1}{3}"),
        (Fraction(-1, 3), r"-\frac{1}{3}"),
        (Fraction(6, 3), "2"),
    ],
)
def test_numbers_become_latex(number, expected):
    assert latex_number(number, 4) == expected


def test_numbers_have_the_requested_digits():
    assert text_of(x * math.pi, digits=2) == "x · 3.1"
    assert latex(x * math.pi, digits=7) == r"x \cdot 3.141593"


# --- large graphs ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_chain_of_very_many_operations_is_written_in_part():
    value = x
    for _ in range(100_000):
        value = value + y
    assert text_of(value).endswith(" + y + y")
    assert text_of(value).startswith("v")
    assert len(text_of(value)) < 5000
    assert len(latex(value)) < 5000


def test_nested_functions_are_written_in_part():
    value = x
    for _ in range(10_000):
        value = tanh(value)
    assert_balanced(latex(value))
    assert len(latex(value)) < 10_000
    assert len(text_of(value)) < 5000


@pytest.mark.parametrize("join", [lambda a: a + a, lambda a: a * a + a, lambda a: a / (1 + a)])
def test_an_expression_of_very_many_paths_is_written_in_part(join):
    value = Value(0.001, label="x")
    for _ in range(300):
        value = join(value)
    assert len(latex(value)) < 10_000
    assert len(text_of(value)) < 10_000
    assert_balanced(latex(value))


def test_a_neuron_of_very_many_weights_is_written_in_part_or_whole():
    n = 5000
    z = weighted_sum([Value(0.5, f"w{i}") for i in range(n)], [0.1] * n, Value(0.0, "b"))
    assert text_of(called("z", z)).startswith("w₀ · 0.1 + w₁ · 0.1 + ")
    assert text_of(sigmoid(z)) == "σ(z)"


def test_writing_a_formula_changes_nothing():
    value = (x * x + y).tanh()
    value.backward()
    before = [(node.data, node.grad, node.label) for node in ancestors(value)]
    latex(value, full=True)
    assert [(node.data, node.grad, node.label) for node in ancestors(value)] == before


@pytest.mark.parametrize("function", [latex, text_of])
def test_a_formula_that_is_too_long_to_be_written_in_full_is_refused(function):
    value = x
    for _ in range(300):
        value = called("h", tanh(value))
    name = function.__name__
    with pytest.raises(
        ValueError, match=rf"^{name}: with full=True the formula has more than 200 o"
    ):
        function(value, full=True)
    assert "tanh" in function(value)
    with pytest.raises(TypeError, match=rf"^{name}: expected a Value, got 3 \(int\)"):
        function(3)


@pytest.mark.parametrize(
    ("label", "squared"),
    [
        ("a+b", "(a+b)²"),
        ("t-1", "(t-1)²"),
        ("∂L/∂w", "(∂L/∂w)²"),
        ("2x", "(2x)²"),
        ("my loss", "(my loss)²"),
        ("-x", "(-x)²"),
        ("f(a+b)", "f(a+b)²"),
        ("pre-activation", "pre-activation²"),
        ("x*", "x*²"),
        ("x_{t-1}", "xₜ₋₁²"),
        ("L(θ)", "L(θ)²"),
        ("|a-b|", "|a-b|²"),
    ],
)
def test_a_label_that_looks_like_a_formula_has_parentheses_like_a_formula(label, squared):
    x = Value(2.0, label=label)
    assert text_of(x * x) == squared
