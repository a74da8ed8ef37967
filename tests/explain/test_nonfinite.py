"""The first number that is nan or infinite is found and named."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import Constant, Value, weighted_sum
from tinygrad_edu.engine import ancestors
from tinygrad_edu.explain.nonfinite import first_nonfinite, first_nonfinite_gradient


def test_nothing_is_found_if_all_numbers_are_finite():
    x = Value(2.0)
    y = (x * x).tanh() + 1
    assert first_nonfinite(y) is None
    assert first_nonfinite_gradient(y) is None


def test_the_first_operation_is_named_and_not_the_later_ones():
    w = Value(1e200, label="w")
    square = w * w
    square.label = "z"
    found = first_nonfinite((square - square) * 3 + w)
    assert found.node is square
    assert (found.name, found.operation, found.numbers) == ("z", "mul", (1e200, 1e200))
    assert (
        str(found)
        == "z = w · w = 1e+200 · 1e+200 = inf is the first operation whose result is not finite"
    )


def test_a_parameter_that_is_not_finite_is_the_first_number():
    w = Value(math.nan, label="w")
    found = first_nonfinite(w * 2)
    assert found.node is w
    assert (found.name, found.operation, found.numbers) == ("w", "", ())
    assert str(found) == "the parameter w is nan"
    assert str(first_nonfinite(Value(-math.inf) * 2)) == "the parameter v₁ without a label is -inf"


def test_an_input_is_called_by_its_name_or_its_position():
    w = Value(1.0, label="w")
    z = weighted_sum([w, w], [Constant(1.0), Constant(math.inf, label="x₂")], 0)
    assert str(first_nonfinite(z * 2)) == "the input x₂ of weighted_sum is inf"
    assert first_nonfinite(z * 2).node is z
    assert str(first_nonfinite(w - math.nan)) == "the input 2 of sub is nan"
    assert str(first_nonfinite(Constant(math.nan, label="t"))) == "the input t is nan"


def test_an_infinite_input_is_ignored_if_the_results_are_finite():
    w = Value(1.0, label="w")
    assert first_nonfinite(w / math.inf) is None
    found = first_nonfinite(w / math.inf + w * 1e308 * 10)
    assert found.numbers == (1e308, 10)


@given(st.lists(st.sampled_from([2.0, 1e200, 1e-200, -1e300]), min_size=1, max_size=8))
def test_everything_before_the_first_one_is_finite(factors):
    y = Value(1.0)
    for factor in factors:
        y = y * factor - y
    found = first_nonfinite(y)
    order = ancestors(y)[::-1]
    bad = [node for node in order if not math.isfinite(node.data)]
    if bad:
        assert found.node is bad[0]
        assert all(math.isfinite(x) for x in found.numbers)
    else:
        assert found is None


def test_exact_numbers_are_finite_however_large():
    x = Value(Fraction(10) ** 400)
    assert first_nonfinite(x * x) is None
    assert first_nonfinite_gradient(x * x) is None


def test_a_deep_graph_needs_no_recursion():
    start = y = Value(1e308, label="w") * 10
    for _ in range(20_000):
        y = y + 1
    assert first_nonfinite(y).node is start


def test_a_weighted_sum_is_shown_with_names_and_with_numbers():
    w, x = Value(1e300, label="w"), Constant(1e300, label="x")
    b = Value(0.0, label="b")
    found = first_nonfinite(weighted_sum([w, b], [x, x], b) * 2)
    assert (
        repr(found)
        == str(found)
        == (
            "v₁ = w · x + b · x + b = 1e+300 · 1e+300 + 0 · 1e+300 + 0 = inf "
            "is the first operation whose result is not finite"
        )
    )


# --- the backward pass ----------------------------------------------------------------------------


def test_a_gradient_is_followed_back_to_where_it_overflows():
    w = Value(0.0, label="w")
    small = w * 1e200
    y = small * 1e200
    found = first_nonfinite_gradient(y)
    assert first_nonfinite(y) is None
    assert found.node is small
    assert (found.position, found.upstream) == (1, 1e200)
    assert str(found) == (
        "at v₁ = w · 1e+200 the gradient ∂v₂/∂v₁ = 1e+200 times the local derivative "
        "∂v₁/∂w = 1e+200 is the first product that is not finite"
    )


def test_a_gradient_of_a_weighted_sum_is_followed_back_with_names():
    w, x = Value(1.0, label="w"), Constant(1e200, label="x")
    z = weighted_sum([w], [x], 1.0)
    z.label = "z"
    found = first_nonfinite_gradient(z * 1e200)
    assert (
        repr(found)
        == str(found)
        == (
            "at z = w · x + 1 the gradient ∂v₁/∂z = 1e+200 times the local derivative "
            "∂z/∂w = 1e+200 is the first product that is not finite"
        )
    )


def test_a_sum_of_contributions_that_overflows_is_found():
    w = Value(1e-10, label="w")
    found = first_nonfinite_gradient(w * 1e308 + w * 1e308)
    assert (found.node, found.position) == (w, 0)
    assert str(found) == "the contributions to ∂v₃/∂w are finite, but add up to inf"
    inner = w * 1
    found = first_nonfinite_gradient(inner * 1e308 + inner * 1e308)
    assert found.node is inner


def test_no_gradient_is_read_or_changed():
    w = Value(0.0)
    y = w * 1e200 * 1e200
    w.grad = 7.0
    assert first_nonfinite_gradient(y) is not None
    assert (w.grad, y.grad) == (7.0, 0.0)
    w.grad = math.inf
    assert first_nonfinite_gradient(w * 2) is None


def test_a_constant_has_no_gradient_to_check():
    assert first_nonfinite_gradient(Constant(math.inf)) is None


@pytest.mark.parametrize("find", [first_nonfinite, first_nonfinite_gradient])
def test_only_values_can_be_checked(find):
    with pytest.raises(TypeError, match=rf"{find.__name__}: expected a Value, got inf \(float\)"):
        find(math.inf)
