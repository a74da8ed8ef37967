"""Formulas that were once written wrongly, and equations that were once false.

Among the first are exponents, labels that look like formulas, and short derivations; among the
others are arguments that are used twice, or directly and through other arguments.
"""

import math
import re
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tinygrad_edu import (
    Value,
    derivation,
    exp,
    grad,
    half_squared_error,
    latex,
    losses,
    paths,
    steps,
    tanh,
    total,
    weighted_sum,
)
from tinygrad_edu.engine import ancestors
from tinygrad_edu.explain.passes import BackwardStep
from tinygrad_edu.formulas.expressions import text_formula
from tinygrad_edu.formulas.labels import as_latex
from tinygrad_edu.formulas.names import Names

x, y, z = Value(2.0, label="x"), Value(3.0, label="y"), Value(0.5, label="z")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (x**0.5, "x^0.5"),
        (x ** Fraction(1, 2), "x^(1/2)"),
        (x ** (1 / y), "x^(1/y)"),
        (x ** (2 * y), "x^(2 · y)"),
        (exp(x**2), "exp(x²)"),
        (exp(exp(x)), "exp(exp(x))"),
        (exp(x) ** 2, "exp(x)²"),
        (x * y / z, "(x · y)/z"),
        (x / y / z, "(x/y)/z"),
        (x / -y, "x/(−y)"),
        (x * 1.0000001, "x · 1.0000001"),
        (Value(2.0, "e") ** 2, "e²"),
        (Value(5.0, "1") * x, "1 · x"),
        (Value(1.0, "a-b") * x, "(a-b) · x"),
        (Value(1.0, "x^2") * x, "x² · x"),
    ],
)
def test_text(value, expected):
    assert text_formula(value) == expected


def test_names_are_unique():
    labels = ["z", "z", "z[2]"]
    values = [Value(1.0, label) for label in labels]
    names = Names(total(values))
    assert len({names[v] for v in values}) == 3


@pytest.mark.parametrize(("label", "expected"), [("λ", r"\lambda"), ("é", "é")])
def test_letters_as_latex(label, expected):
    assert as_latex(label) == expected


@pytest.mark.parametrize("f", [latex, text_formula])
def test_only_values_have_a_formula(f):
    with pytest.raises(TypeError, match=r"expected a Value, got 2\.0"):
        f(2.0)


def test_the_derivative_of_a_leaf_with_respect_to_itself():
    assert repr(derivation(x, x)) == "∂x/∂x = 1"


def test_one_operation_has_no_empty_chain():
    assert repr(derivation(-x, x)).splitlines()[-1] == "∂v₁/∂x = −1"


def test_rules_have_the_requested_digits():
    assert "∂v₁/∂x = 0.123" in repr(derivation(x * 0.123456, x, digits=3)).splitlines()


def test_gradients_node_by_node_end_with_x():
    v = x
    for _ in range(3):
        v = v * x + v
    lines = repr(derivation(v, x)).splitlines()
    assert lines[-1].startswith("∂v₆/∂x = ")


def test_lines_that_are_left_out_are_counted():
    v = x
    for _ in range(300):
        v = tanh(v)
    lines = repr(derivation(v, x)).splitlines()
    assert any(line.startswith("v₃₀₀ = ") for line in lines)
    left_out = sum(int(line.split()[1]) for line in lines if "more" in line)
    assert left_out + sum("=" in line for line in lines) == 601


# --- equations are true ---------------------------------------------------------------------------

operations = st.sampled_from([
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a * b,
    lambda a, b: weighted_sum([a, 3], [b, a], b),
    lambda a, b: total([a, b, a]),
])  # fmt: skip


@st.composite
def tangled(draw):
    """Draw a root and a Value it depends on, in a graph of Fractions with much shared use."""
    nodes = [
        Value(Fraction(n, 2)) for n in draw(st.lists(st.integers(-3, 3), min_size=1, max_size=2))
    ]
    for _ in range(draw(st.integers(1, 5))):
        a, b = draw(st.sampled_from(nodes[-3:])), draw(st.sampled_from(nodes))
        nodes.append(draw(operations)(a, b))
    behind = ancestors(nodes[-1])[1:]
    return nodes[-1], draw(st.sampled_from(behind))


def meaning(derivative, names):
    """Return the number of a derivative: whole, direct, or for one of several positions."""
    of, wrt, which = re.fullmatch(r"∂([^∂]+)/∂(\S+)(?: \((\w+)\))?", derivative).groups()
    y, x = names.nodes[of], names.nodes[wrt]
    pairs = zip(y.args, y.partials, strict=True)
    partials = [partial for arg, partial in pairs if arg is x and partial is not None]
    if which is None:
        return grad(y, x)
    return sum(partials) if which == "direct" else partials[int(which[:-2]) - 1]


def value_of(chain, names):
    """Return the number of a sum of products of derivatives."""
    return sum(
        math.prod(meaning(factor, names) for factor in product.split(" · "))
        for product in chain.split(" + ")
    )


def as_fraction(written):
    return Fraction(written.replace("−", "-").strip("()"))


def is_chain(side):
    return "∂" in side


@given(tangled())
def test_every_equation_of_a_derivation_is_true(graph):
    y, x = graph
    names = Names(y)
    whole = repr(derivation(y, x)).replace("\n    ", " ")
    assume("more" not in whole)
    lefts = []
    for line in whole.splitlines():
        left, *rights = line.split(" = ")
        lefts.append(left)
        number = as_fraction(rights[-1])
        assert number == (value_of(left, names) if is_chain(left) else names.nodes[left].data), line
        for right in filter(is_chain, rights):
            assert value_of(right, names) == number, line
    assert len(set(lefts)) == len(lefts)


@given(tangled())
def test_every_equation_of_paths_is_true(graph):
    y, x = graph
    assume(paths(y, x).count <= 200)
    names = Names(y)
    for path in paths(y, x):
        chain, *_, product = str(path).split(" = ")
        assert value_of(chain, names) == as_fraction(product) == path.product


@given(tangled())
def test_every_equation_of_steps_is_true(graph):
    y, _ = graph
    names = Names(y)
    for step in steps(y).backward:
        if not isinstance(step, BackwardStep):
            continue
        equation, _, added = str(step).partition(": ")
        target, chain, *_, contribution = re.split(r" \+?= ", equation)
        assert value_of(chain, names) == as_fraction(contribution) == step.contribution
        if added:
            before, more, after = map(as_fraction, re.split(r" \+ | = ", added))
            assert before + more == after
        else:
            assert value_of(target, names) == step.contribution


def test_an_argument_used_twice_and_used_directly_and_through_others():
    f = Value(Fraction(1, 3), label="f")
    g = (f * f + Fraction(1, 2)) / f
    lines = repr(derivation(g, f)).splitlines()
    assert "∂v₁/∂f = f + f = 1/3 + 1/3 = 2/3" in lines
    assert "∂v₃/∂f (direct) = (−v₃)/f = (−11/6)/(1/3) = −11/2" in lines
    assert lines[-5:] == [
        "∂v₃/∂f = ∂v₃/∂f (direct)",
        "    + ∂v₃/∂v₂ · ∂v₂/∂v₁ · ∂v₁/∂f",
        "    = −11/2",
        "    + 3 · 1 · 2/3",
        "    = −11/2 + 2 = −7/2",
    ]
    assert (
        r"\left.\frac{\partial v_{3}}{\partial f}\right|_{\mathrm{direct}}"
        in derivation(g, f).latex
    )


def test_equal_partials_are_written_as_a_multiple():
    assert repr(derivation(total([x, y, x]), x)).splitlines()[1:] == ["∂v₁/∂x = 1 + 1 = 2"]
    assert repr(derivation(total([x * y] * 9), x)).splitlines()[3] == "∂v₂/∂v₁ = 9"
    assert "∂v₁/∂x = 5 · y = 5 · 3 = 15" in repr(derivation(weighted_sum([x] * 5, [y] * 5, 0), x))


def test_a_factor_for_one_of_several_paths_says_this_path():
    h = tanh(x)
    h.label = "h"
    v = h * exp(h)
    v.label = "v"
    first, _ = paths(v, x)
    chain, factors, _ = first.compressed(h).split(" = ")
    assert chain == "∂v/∂h (direct) · ∂h/∂x"
    assert first.compressed(h, x) == first.compressed(h)
    assert paths(v, x)[1].compressed(h).startswith("∂v/∂h (this path) · ∂h/∂x = ")
    assert factors.startswith(f"{exp(h).data:.4g} · ")


# --- numbers, once more ---------------------------------------------------------------------------


def test_a_number_close_to_one_is_shown_with_four_digits():
    almost = Value(1 - 2**-53, label="n")
    assert str(steps(x / almost)[0]) == "v₁ = x/n = 2/1 = 2"
    assert "∂v₁/∂x = 1/n = 1/1 = 1" in repr(derivation(x / almost, x))
    assert text_formula(x * 1.0000001) == "x · 1.0000001"
    assert str(steps(x * 1.0000001)[0]) == "v₁ = x · 1.0000001 = 2 · 1 = 2"


def test_no_line_is_written_twice_for_one_edge():
    assert repr(derivation(x**y, y)).splitlines() == [
        "v₁ = x^y = 2³ = 8",
        "∂v₁/∂y = v₁ · log(x) = 8 · log(2) = 5.545",
    ]


def test_a_minus_sign_at_the_beginning_needs_no_parentheses():
    v = tanh(x * -3) * -2 + x * -1
    lines = repr(derivation(v, x)).splitlines()
    assert lines[-1].startswith("    = −")
    assert " + (−" not in lines[-1].split(" = ")[0]
    assert "(-" not in derivation(v, x).latex.replace(r"\left(-", "")


def test_one_pair_needs_no_parentheses_around_its_square():
    one = half_squared_error([x], [1.0])
    assert latex(one) == r"\frac{1}{2} \left(x - 1\right)^{2}"
    assert str(steps(one)[0]) == "v₁ = 1/2 (x − 1)² = 1/2 (2 − 1)² = 0.5"
    assert (
        latex(losses.mse([x, y], [0, 1]))
        == r"\frac{\left(x - 0\right)^2 + \left(y - 1\right)^2}{2}"
    )
