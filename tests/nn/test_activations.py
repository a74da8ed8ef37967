"""Activation functions: A6, B2."""

import math
from fractions import Fraction
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_edu import (
    Value,
    assert_gradients,
    leaky_relu,
    relu,
    sigmoid,
    softmax,
    softplus,
    step,
    tanh,
    total,
)
from tinygrad_edu.nn.activations import (
    ACTIVATIONS,
    activation_of,
    acts_on_layer,
    identity,
    linear,
    name_of,
    threshold,
)

EPSILON = 2.0**-52
OF_ONE_NUMBER = {name: g for name, g in ACTIVATIONS.items() if not acts_on_layer(g)}
moderate = st.floats(-30, 30)

# --- by name --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "below", "at_zero", "above"),
    [  # at -2, 0 and 2, by the formulas of A6 and B2
        ("identity", -2, 0, 2),
        ("linear", -2, 0, 2),
        ("step", 0, 0, 1),
        ("threshold", 0, 1, 1),
        ("sigmoid", 1 / (1 + math.exp(2)), 0.5, 1 / (1 + math.exp(-2))),
        ("tanh", math.tanh(-2), 0, math.tanh(2)),
        ("relu", 0, 0, 2),
        ("leaky_relu", -0.02, 0, 2),
        ("softplus", math.log(1 + math.exp(-2)), math.log(2), math.log(1 + math.exp(2))),
    ],
)
def test_each_activation_is_its_formula_for_floats_and_values(name, below, at_zero, above):
    g = activation_of(name)
    for z, expected in zip((-2.0, 0.0, 2.0), (below, at_zero, above), strict=True):
        assert g(z) == pytest.approx(expected, rel=8 * EPSILON)
        assert g(Value(z)).data == g(z)


def test_every_name_but_softmax_is_in_the_table_above():
    assert set(OF_ONE_NUMBER) == set(ACTIVATIONS) - {"softmax"}
    assert len(OF_ONE_NUMBER) == 9


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_name_stands_for_its_function_and_is_what_messages_call_it(name):
    assert activation_of(name) is ACTIVATIONS[name]
    assert name_of(activation_of(name)) == name


def test_a_function_stands_for_itself():
    halved = partial(linear, alpha=0.5)
    assert activation_of(halved) is halved
    assert activation_of(abs) is abs


@pytest.mark.parametrize("given", ["tahn", "Tanh", "", None, 3])
def test_an_unknown_name_is_refused_with_those_there_are(given):
    with pytest.raises(ValueError, match="no activation") as refusal:
        activation_of(given)
    assert repr(given) in str(refusal.value)
    assert all(name in str(refusal.value) for name in ACTIVATIONS)


def test_only_softmax_acts_on_layer():
    assert [name for name, g in ACTIVATIONS.items() if acts_on_layer(g)] == ["softmax"]


# --- what they compute ----------------------------------------------------------------------------


@given(moderate)
def test_tanh_is_twice_the_sigmoid_of_2z_less_one_a6(z):
    # The sigmoid is at most 1 and has two rounding errors; doubled, these are four roundings of 1.
    assert tanh(z) == pytest.approx(2 * sigmoid(2 * z) - 1, rel=0, abs=4 * EPSILON)


@given(moderate, moderate, moderate)
def test_linear_is_alpha_z_plus_beta_a6(z, alpha, beta):
    assert linear(z) == z
    assert linear(z, alpha=alpha, beta=beta) == alpha * z + beta
    assert linear(Value(z), alpha, beta).data == alpha * z + beta


def test_identity_returns_the_same_value_and_linear_a_new_one():
    z = Value(0.5)
    assert identity(z) is z
    assert linear(z) is not z


def test_linear_with_parameters_learns_them():
    z, alpha, beta = Value(3.0), Value(2.0), Value(1.0)
    linear(z, alpha, beta).backward()
    assert (z.grad, alpha.grad, beta.grad) == (2.0, 3.0, 1.0)


@given(moderate, moderate)
def test_threshold_is_1_from_k_on_b2(z, k):
    assert threshold(z, k) == (z >= k)
    assert threshold(Value(z), k).data == (z >= k)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_threshold_is_1_at_k_itself_where_the_step_is_0(k):
    assert threshold(k, k) == 1
    assert threshold(Value(k), k).data == 1
    if k:
        assert threshold(math.nextafter(k, -math.inf), k) == 0
    assert step(0.0) == 0


def test_fractions_stay_exact():
    third = Fraction(1, 3)
    doubled = partial(linear, alpha=Fraction(2), beta=Fraction(0))
    exact = [identity, relu, step, partial(threshold, k=Fraction(1, 3)), doubled]
    assert [g(third) for g in exact] == [third, third, 1, 1, 2 * third]
    assert {type(g(Value(third)).data) for g in exact} == {Fraction}


# --- softmax --------------------------------------------------------------------------------------

logits = st.lists(st.integers(-50, 50), min_size=1, max_size=6)


@given(st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=6))
def test_softmax_is_positive_or_underflows_and_its_sum_is_1_b2(zs):
    shares = softmax(zs)
    assert all(0 <= share <= 1 for share in shares)
    # Each quotient is rounded once, and the sum in its denominator once for every term.
    assert math.fsum(shares) == pytest.approx(1, rel=0, abs=len(zs) * EPSILON)
    assert [share.data for share in softmax(list(map(Value, zs)))] == shares


@given(logits, st.integers(-(10**6), 10**6))
def test_softmax_does_not_change_when_all_logits_change_by_the_same_number(zs, shift):
    # Whole numbers shift without rounding. What is rounded is the distance to logsumexp, at most
    # 2**7, in both; an exponential turns it into a relative error of each share and their sum.
    shifted = softmax([float(z + shift) for z in zs])
    assert shifted == pytest.approx(softmax(list(map(float, zs))), rel=2 * 2**7 * EPSILON)


@given(logits)
def test_softmax_has_the_ratios_of_exponentials_and_keeps_the_order(zs):
    shares = softmax(list(map(float, zs)))
    for z, share in zip(zs, shares, strict=True):
        # The same errors as above.
        assert share == pytest.approx(shares[0] * math.exp(z - zs[0]), rel=2 * 2**7 * EPSILON)


def test_softmax_of_two_is_the_sigmoid_of_the_difference():
    assert softmax([3.0, 1.0]) == pytest.approx([sigmoid(2.0), sigmoid(-2.0)], rel=8 * EPSILON)


def test_softmax_of_no_logits_is_refused():
    with pytest.raises(ValueError, match="needs at least one value"):
        softmax([])


# --- derivatives ----------------------------------------------------------------------------------


@pytest.mark.parametrize("g", OF_ONE_NUMBER.values(), ids=OF_ONE_NUMBER)
@settings(max_examples=15)
@given(z=st.floats(-4, 4).filter(lambda z: abs(z) > 1e-3))
def test_the_derivative_of_each_is_its_slope(g, z):
    assert_gradients(g, z)


@pytest.mark.parametrize(
    ("g", "z", "derivative"),
    [  # A6
        (identity, 2.0, 1.0),
        (partial(linear, alpha=3.0), 2.0, 3.0),
        (step, 2.0, 0.0),
        (threshold, 2.0, 0.0),
        (sigmoid, 2.0, sigmoid(2.0) * (1 - sigmoid(2.0))),
        (tanh, 2.0, 1 - math.tanh(2.0) ** 2),
        (relu, 2.0, 1.0),
        (relu, -2.0, 0.0),
        (leaky_relu, -2.0, 0.01),
        (partial(leaky_relu, alpha=0.25), -2.0, 0.25),
        (softplus, 2.0, sigmoid(2.0)),
    ],
)
def test_the_derivative_of_each_is_its_formula(g, z, derivative):
    x = Value(z)
    g(x).backward()
    assert x.grad == pytest.approx(derivative, rel=4 * EPSILON)


@settings(max_examples=10)
@given(st.lists(st.floats(-4, 4), min_size=1, max_size=3), st.data())
def test_the_derivatives_of_softmax_are_its_slopes(zs, data):
    i = data.draw(st.integers(0, len(zs) - 1))
    assert_gradients(lambda *zs: softmax(zs)[i], *zs)


def test_the_derivatives_of_softmax_are_s_times_delta_less_s_b2():
    zs = [Value(z) for z in (1.0, -0.5, 2.0)]
    shares = softmax(zs)
    shares[0].backward()
    s = [share.data for share in shares]
    expected = [s[0] * ((j == 0) - s[j]) for j in range(3)]
    # Terms of at most 1 that cancel.
    assert [z.grad for z in zs] == pytest.approx(expected, rel=0, abs=8 * EPSILON)


def test_the_sum_of_softmax_has_no_slope():
    zs = [Value(z) for z in (1.0, -0.5, 2.0)]
    total(softmax(zs)).backward()
    assert [z.grad for z in zs] == pytest.approx([0, 0, 0], abs=8 * EPSILON)
