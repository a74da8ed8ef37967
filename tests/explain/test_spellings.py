"""What once was written wrongly: exponents, labels that look like formulas, short derivations."""

from fractions import Fraction

import pytest

from tinygrad_edu import Value, exp, tanh, total
from tinygrad_edu.explain import derivation, latex
from tinygrad_edu.explain.formulas import Names, latex_name, text

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
        (exp(x) ** 2, "(exp(x))²"),
        (x * y / z, "(x · y)/z"),
        (x / y / z, "(x/y)/z"),
        (x / -y, "x/(−y)"),
        (x * 1.0000001, "x · 1.0000001"),
        (Value(2.0, "e") ** 2, "e²"),
        (Value(5.0, "1") * x, "1 · x"),
        (Value(1.0, "a-b") * x, "a-b · x"),
        (Value(1.0, "x^2") * x, "x^2 · x"),
    ],
)
def test_text(value, expected):
    assert text(value) == expected


def test_names_are_unique():
    labels = ["z", "z", "z[2]"]
    values = [Value(1.0, label) for label in labels]
    names = Names(total(values))
    assert len({names[v] for v in values}) == 3


@pytest.mark.parametrize(("label", "expected"), [("λ", r"\lambda"), ("é", "é")])
def test_latex_names(label, expected):
    assert latex_name(label) == expected


@pytest.mark.parametrize("f", [latex, text])
def test_errors(f):
    with pytest.raises(TypeError, match=r"expected a Value, got 2\.0"):
        f(2.0)


def test_a_value_by_itself():
    assert repr(derivation(x, x)) == "∂x/∂x = 1"


def test_one_operation_has_no_empty_chain():
    assert repr(derivation(-x, x)).splitlines()[-1] == "∂v₁/∂x = −1"


def test_digits_of_rules():
    assert "∂v₁/∂x = 0.123" in repr(derivation(x * 0.123456, x, digits=3)).splitlines()


def test_node_by_node_ends_with_x():
    v = x
    for _ in range(3):
        v = v * x + v
    lines = repr(derivation(v, x)).splitlines()
    assert lines[-1].startswith("∂v₆/∂x = ")


def test_left_out_lines():
    v = x
    for _ in range(300):
        v = tanh(v)
    lines = repr(derivation(v, x)).splitlines()
    assert any(line.startswith("v₃₀₀ = ") for line in lines)
    left_out = sum(int(line.split()[1]) for line in lines if "more" in line)
    assert left_out + sum("=" in line for line in lines) == 601
