"""Derivatives by hand: how they are written, and which mistakes are recognised."""

import math

import numpy as np
import pytest

from tinygrad_edu import (
    Constant,
    Value,
    assert_gradients,
    exp,
    gradcheck,
    half_squared_error,
    log,
    sigmoid,
    sin,
    softmax,
    tanh,
    total,
    weighted_sum,
)
from tinygrad_edu.lessons import worked_example


def hint(f, *inputs, claimed):
    """The hint for the only wrong claim."""
    report = gradcheck(f, *inputs, claimed=claimed)
    (finding,) = [finding for finding in report if finding.verdict == "wrong"]
    return finding.hint


# --- how a claim is written -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "claimed",
    [
        [2.0, 3.0],
        (2, 3),
        [lambda x, y: y, lambda x, y: x],
        lambda x, y: [y, x],
        ["2.00", "3"],
        [None, 3.0],
        [Value(2.0), Constant(3.0)],
    ],
)
def test_a_claim_is_a_number_text_or_a_function(claimed):
    assert_gradients(lambda x, y: x * y, 3.0, 2.0, claimed=claimed)


@pytest.mark.parametrize("claimed", [6, [6], lambda x: 2 * x, [lambda x: 2 * x], "6.0"])
def test_a_single_claim_needs_no_list(claimed):
    assert_gradients(lambda x: x * x, 3.0, claimed=claimed)


def test_claims_have_the_shape_of_the_inputs():
    def f(w, b):
        return weighted_sum(w[0], [2.0, 3.0], b) + weighted_sum(w[1], [5.0, 7.0], b)

    w, b = [[0.1, 0.2], [0.3, 0.4]], 0.5
    assert_gradients(f, w, b, claimed=[[[2, 3], [5, 7]], 2])
    assert_gradients(f, w, b, claimed=[None, 2])
    assert_gradients(f, w, b, claimed=lambda w, b: [[[2, 3], None], None])
    assert_gradients(f, w, Constant(b), claimed=[[[2, 3], [5, 7]], None])


def test_several_outputs_take_a_list_for_each():
    assert_gradients(lambda x, y: [x * y, x + y], 2.0, 3.0, claimed=[[3, 2], [1, 1]])
    assert_gradients(lambda x: [x * x, 5 * x], 2.0, claimed=[4, 5])
    with pytest.raises(ValueError, match="claims about 2 outputs must be a list of 2"):
        gradcheck(lambda x, y: [x * y, x + y], 2.0, 3.0, claimed=[3, 2, 1])


@pytest.mark.parametrize(
    ("claimed", "words"),
    [
        ([1, 2, 3], "the claims are of shape 3, but the inputs are of shape 2"),
        ([[1, 2], [3, 4]], "claims are of shape 2 x 2, but the inputs are of shape 2"),
        (1, "the claims are one number, but the inputs are of shape 2"),
        ([None, None], "claimed contains no number"),
        ("abc", "the claims are one number, but the inputs are of shape 2"),
        ([1, "abc"], "the claim 'abc' is not a number"),
        (["1/3", 1], "the claim '1/3' is not a number"),
        (["", 1], "the claim '' is not a number"),
        (["nan", 1], "the claim 'nan' is not a number"),
    ],
)
def test_claims_that_do_not_fit(claimed, words):
    with pytest.raises(ValueError, match=words):
        gradcheck(lambda x, y: x * y, 3.0, 2.0, claimed=claimed)


def test_a_claim_that_is_not_a_number():
    with pytest.raises(TypeError, match="claim: expected a real number, got 1j"):
        gradcheck(lambda x: x, 3.0, claimed=1j)


def test_derivatives_without_a_claim_are_not_reported():
    report = gradcheck(lambda x, y: x * y, 3.0, 2.0, claimed=[None, 3.0])
    assert [finding.derivative for finding in report] == ["∂f/∂y"]


@pytest.mark.parametrize("text", ["0.0822", "0.08217", "0.082167", "0.1", "8.22e-2"])
def test_text_is_right_if_the_slope_rounds_to_it(text):
    """With more digits, the figure of A9 is 0.082167041."""
    assert_gradients(weight_of_the_lecture, 0.4, claimed=text)


@pytest.mark.parametrize("text", ["0.0821", "0.0823", "0.08216", "0.0", "-0.0822"])
def test_text_is_wrong_if_it_does_not(text):
    report = gradcheck(weight_of_the_lecture, 0.4, claimed=text)
    assert not report
    assert f"  {text}  " in str(report)


def weight_of_the_lecture(w):
    """The loss of A9 as a function of the first weight of layer 2."""
    mlp = worked_example.network()
    neuron = mlp.layers[1].neurons[0]
    neuron.w = [w, neuron.w[1]]
    return worked_example.forward(mlp).loss


def test_a_claim_is_checked_against_the_slope_not_the_engine():
    assert gradcheck(lambda x: math.sin(x), 0.3, claimed=math.cos(0.3))  # noqa: PLW0108 - no Value


@pytest.mark.parametrize("claimed", [math.nan, [math.nan], lambda x: math.nan, math.inf, -math.inf])
def test_a_claim_that_is_not_finite_is_wrong(claimed):
    report = gradcheck(lambda x: x**3, 0.9, claimed=claimed)
    assert not report
    assert report[0].outcome == "wrong: it is not a finite number"


def test_a_claim_of_nan_among_others_is_one_of_them():
    report = gradcheck(lambda x, y: x * y, 12.0, 2.0, claimed=[math.nan, 12.0])
    assert [finding.verdict for finding in report] == ["wrong", "agrees"]


@pytest.mark.parametrize("text", ["0,0822", "0,08217", "8,22e-2"])
def test_a_comma_is_a_point(text):
    assert_gradients(weight_of_the_lecture, 0.4, claimed=text)
    words = "it is cut off; rounded it is 0.0822"
    assert hint(weight_of_the_lecture, 0.4, claimed="0,0821") == words


@pytest.mark.parametrize("text", ["1,000.5", "1.000,5", "1,2,3"])
def test_one_comma_at_most(text):
    with pytest.raises(ValueError, match="is not a number"):
        gradcheck(lambda x: 2.13 * x, 1.0, claimed=text)


def test_a_number_with_a_few_right_digits_is_wrong_but_right_as_text():
    words = 'it is right to 6 digits; claim a rounded number as text, "2.13529"'
    assert hint(lambda x: x**3 / 1.7, 1.1, claimed=2.13529) == words
    assert hint(lambda x: x**3 / 1.7, 1.1, claimed=2.13528) == ""
    assert_gradients(lambda x: x**3 / 1.7, 1.1, claimed="2.13529")


def test_a_claim_in_single_precision_has_its_rounding():
    for claim in (np.float32(math.cos(0.7)), float(np.float32(math.cos(0.7)))):
        assert_gradients(sin, 0.7, claimed=claim)
        assert not gradcheck(sin, 0.7, claimed=claim * (1 + 3e-7))
    assert not gradcheck(lambda x: 0.75 * (1 + 1e-8) * x, 1.0, claimed=0.75)  # typed, not rounded
    assert not gradcheck(lambda x: 131073.001 * x, 1.0, claimed=131073.0)


@pytest.mark.parametrize(
    "f", [math.sin, lambda x: float(sin(x)), lambda x: math.exp(x) * math.cos(x)]
)
@pytest.mark.parametrize("x", [-7.0, 0.3, 2.0, 11.0])
def test_claims_about_functions_of_floats(f, x):
    h = 1e-3  # extrapolated: right to 1e-10
    slopes = [(f(x + k * h) - f(x - k * h)) / (2 * k * h) for k in (1, 2, 3)]
    slope = 1.5 * slopes[0] - 0.6 * slopes[1] + 0.1 * slopes[2]
    (finding,) = gradcheck(f, x, claimed=slope)
    assert abs(finding.slope.value - slope) < 1e-8 * max(1, abs(slope))
    assert finding.tolerance < 1e-8 * max(1, abs(slope))
    assert hint(f, x, claimed=-finding.slope.value) == "the sign is wrong"
    assert hint(f, x, claimed=finding.slope.value + 0.37) == ""
    assert gradcheck(f, x, claimed=finding.slope.value)


# --- mistakes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claimed", "words"),
    [
        (-6.0, "the sign is wrong"),
        (12.0, "a factor 2 too many"),
        (3.0, "a factor 2 is missing"),
        (-3.0, "a factor 2 is missing, and the sign is wrong"),
        (0.0, "it is not 0"),
        (7.3, ""),
    ],
)
def test_simple_factors(claimed, words):
    assert hint(lambda x: x**2, 3.0, claimed=claimed) == words


def test_a_figure_that_is_cut_off():
    words = "it is cut off; rounded it is 0.0822"
    assert hint(weight_of_the_lecture, 0.4, claimed="0.0821") == words
    assert hint(lambda x: -1.279 * x, 1.0, claimed="-1.27") == "it is cut off; rounded it is -1.28"


def test_a_factor_too_many_and_one_that_is_forgotten():
    """∂a/∂w with the factor σ' twice (B4, step 3), and without it (C2)."""
    once_too_often = hint(
        lambda w: sigmoid(w * 2.0),
        0.3,
        claimed=lambda w: 2 * (s := sigmoid(w * 2)) ** 2 * (1 - s) ** 2,
    )
    factor = "the factor ∂sigmoid(0.6)/∂(0.3 * 2.0) = 0.2288"
    assert once_too_often == f"{factor} appears once too often"
    forgotten = hint(lambda w: sigmoid(w * 2.0), 0.3, claimed=2.0)
    assert forgotten == f"{factor} is missing"


def test_two_mistakes_at_once():
    words = hint(
        lambda z: half_squared_error([sigmoid(z)], [0.8]), 0.4, claimed=lambda z: 0.8 - sigmoid(z)
    )
    assert words == "the factor ∂sigmoid(0.4)/∂z = 0.2403 is missing, and the sign is wrong"


def test_a_forgotten_path():
    """∂p/∂z = Σ_m ∂p/∂q_m ∂q_m/∂z (D6): one of three terms is left out, or only one is there."""

    def p(z):
        q = [sin(z), exp(z), z * z]
        for m, q_m in enumerate(q):
            q_m.label = f"q{m}"
        y = total(q)
        y.label = "p"
        return y

    terms = [math.cos(0.7), math.exp(0.7), 1.4]
    assert hint(p, 0.7, claimed=sum(terms) - terms[1]) == "the contribution from q₁ to p is missing"
    assert hint(p, 0.7, claimed=terms[0]) == "only the contribution from q₀ to p is there"


def test_labels_make_hints_readable():
    def loss(w):
        z = weighted_sum([w], [0.5], 0.1)
        a = tanh(z)
        z.label, a.label = "z", "a"
        return half_squared_error([a], [1.0])

    assert hint(loss, 0.3, claimed=lambda w: (tanh(w * 0.5 + 0.1) - 1) * 0.5) == (
        "the factor ∂a/∂z = 0.94 is missing"
    )


def test_nothing_is_made_up_where_the_slope_is_0():
    assert hint(lambda x: exp(x) * exp(-x), 0.7, claimed=5) == ""
    assert hint(lambda x: (x - 3) ** 2, 3.0, claimed=1) == ""


def test_a_claim_of_0_is_called_that():
    report = gradcheck(softmax, [0.1, 0.2, 0.3], claimed=[[0] * 3] * 3)
    assert {finding.hint for finding in report} == {"it is not 0"}


def test_mistakes_are_looked_for_in_small_graphs_only():
    big = lambda x: total([x * float(k) for k in range(500)])  # noqa: E731 - short
    assert hint(big, 0.5, claimed=-sum(range(500))) == "the sign is wrong"
    assert hint(big, 0.5, claimed=17.0) == ""


def test_a_log_loss_with_the_sign_of_one_term():
    """The log loss of lecture A as printed: the derivative of its other term has the wrong sign."""
    report = gradcheck(
        lambda a: -0.3 * log(a) + 0.7 * log(1 - a), 0.6, claimed=lambda a: -0.3 / a + 0.7 / (1 - a)
    )
    assert [finding.verdict for finding in report] == ["wrong"]
