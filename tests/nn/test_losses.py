import math
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_edu import Constant, Value, assert_gradients, grad, sigmoid, softmax, total
from tinygrad_edu.formulas.expressions import text_formula
from tinygrad_edu.nn import losses
from tinygrad_edu.nn.losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    half_squared_error,
    mse,
    negative_log_likelihood,
    rss,
)
from tinygrad_edu.nn.optimisers import SGD
from tinygrad_edu.nn.training import fit
from tinygrad_edu.testing import numbers

ULP = 2.0**-53  # the largest relative error of one rounding
real = numbers()  # from -4 to 4
probability = numbers(low=0, high=1)  # from 0.05 to 0.95
yes_or_no = st.sampled_from([0, 1])
label = st.one_of(yes_or_no, probability)  # soft targets as well as hard ones


def lists(*elements, least=1, most=4):
    """Lists of equal length."""
    columns = st.lists(st.tuples(*elements), min_size=least, max_size=most)
    return columns.map(lambda rows: [list(column) for column in zip(*rows, strict=True)])


@st.composite
def distributions(draw, n):
    """Probabilities of n classes, as fractions of an integer, so that they add up to 1."""
    counts = draw(st.lists(st.integers(1, 9), min_size=n, max_size=n))
    return [count / sum(counts) for count in counts]


@st.composite
def classified(draw, predictions=real, most=4):
    """Predictions for a few classes and one of the classes."""
    z = draw(st.lists(predictions, min_size=2, max_size=most))
    return z, draw(st.integers(0, len(z) - 1))


@st.composite
def labelled(draw, predictions=real, most=4):
    """Predictions for a few classes and the probability of each class."""
    z = draw(st.lists(predictions, min_size=2, max_size=most))
    return z, draw(distributions(len(z)))


def one_hot(true, n):
    return [float(k == true) for k in range(n)]


def near(expected, size=0.0):
    """A dozen roundings of a number, or of the terms of that size whose sum it is."""
    return pytest.approx(expected, rel=12 * ULP, abs=12 * ULP * size)


PAIRWISE = {
    "rss": (rss, real, real),
    "mse": (mse, real, real),
    "binary_cross_entropy": (binary_cross_entropy, probability, label),
    "binary_cross_entropy_with_logits": (binary_cross_entropy_with_logits, real, label),
}
OF_CLASSES = {
    "cross_entropy": (cross_entropy, real),
    "negative_log_likelihood": (negative_log_likelihood, probability),
}
pairwise = pytest.mark.parametrize(
    ("loss", "prediction", "target"), PAIRWISE.values(), ids=PAIRWISE
)
of_classes = pytest.mark.parametrize(("loss", "prediction"), OF_CLASSES.values(), ids=OF_CLASSES)
averaged = [name for name in losses.__all__ if name not in ("half_squared_error", "rss")]


def test_the_tables_here_have_every_loss():
    assert {*PAIRWISE, *OF_CLASSES, "half_squared_error"} == {*losses.__all__}


# --- the formulas of the lectures -----------------------------------------------------------------


@given(lists(real, real))
def test_squared_errors_are_those_of_a8_b3_and_d3(pair):
    predictions, targets = pair
    n = len(targets)
    squares = math.fsum((y - p) ** 2 for p, y in zip(predictions, targets, strict=True))
    assert rss(predictions, targets) == near(squares)
    assert half_squared_error(predictions, targets) == near(squares / 2)
    assert mse(predictions, targets) == near(squares / n)
    assert mse(predictions, targets, half=True) == near(squares / (2 * n))
    assert mse(predictions, targets, reduction="sum") == near(squares)


def test_half_the_squared_error_of_the_worked_example_is_that_of_a9():
    assert round(half_squared_error([0.7514, 0.7729], [0.01, 0.99]), 4) == 0.2984


@given(lists(probability, label))
def test_the_log_loss_is_that_of_a8_averaged_as_in_b3(pair):
    p, y = pair
    n = len(p)
    terms = [
        -(y[i] * math.log(p[i]) + (1 - y[i]) * math.log(1 - p[i])) for i in range(n)
    ]  # one minus sign before both terms, unlike on the slide of A8
    assert binary_cross_entropy(p, y) == near(math.fsum(terms) / n)
    assert binary_cross_entropy(p, y, reduction="sum") == near(math.fsum(terms))


@given(lists(real, label))
def test_the_log_loss_of_logits_is_that_of_their_sigmoid(pair):
    z, y = pair
    p = [1 / (1 + math.exp(-x)) for x in z]
    q = [1 / (1 + math.exp(x)) for x in z]
    terms = [-(y[i] * math.log(p[i]) + (1 - y[i]) * math.log(q[i])) for i in range(len(z))]
    # p is rounded before its logarithm is taken, so a small loss has the error of a rounding of 1
    expected = math.fsum(terms)
    assert binary_cross_entropy_with_logits(z, y, reduction="sum") == near(expected, size=len(z))
    assert binary_cross_entropy_with_logits(z, y) == near(expected / len(z), size=1)


@given(lists(probability, yes_or_no))
def test_the_log_loss_is_the_negative_log_likelihood_of_bernoulli_trials_of_b3(pair):
    p, y = pair
    likelihood = math.prod(p_i if y_i else 1 - p_i for p_i, y_i in zip(p, y, strict=True))
    assert binary_cross_entropy(p, y, reduction="sum") == near(-math.log(likelihood))


@given(classified())
def test_the_cross_entropy_is_minus_the_log_of_the_softmax_of_d3(example):
    z, true = example
    share = math.exp(z[true]) / math.fsum(map(math.exp, z))
    expected = near(-math.log(share), size=1)  # of the share, whose own size is 1
    assert cross_entropy(z, true) == expected
    assert cross_entropy(z, one_hot(true, len(z))) == expected
    assert negative_log_likelihood(softmax(z), true) == expected


@given(classified(probability))
def test_the_negative_log_likelihood_is_minus_the_log_of_d3(example):
    p, true = example
    assert negative_log_likelihood(p, true) == near(-math.log(p[true]))
    assert negative_log_likelihood(p, one_hot(true, len(p))) == near(-math.log(p[true]))


@given(labelled())
def test_soft_targets_weigh_the_losses_of_all_classes_as_in_b3(example):
    z, y = example
    norm = math.log(math.fsum(map(math.exp, z)))
    terms = [y_k * (norm - z_k) for y_k, z_k in zip(y, z, strict=True)]
    # norm and z are up to 6 and cancel
    assert cross_entropy(z, y) == near(math.fsum(terms), size=6)


@given(labelled(probability))
def test_soft_targets_weigh_the_logarithms_of_all_probabilities_as_in_b3(example):
    p, y = example
    terms = [-y_k * math.log(p_k) for y_k, p_k in zip(y, p, strict=True)]
    assert negative_log_likelihood(p, y) == near(math.fsum(terms))


@given(classified(), st.integers(1, 9))
def test_label_smoothing_mixes_the_class_with_all_classes(example, tenths):
    z, true = example
    n, epsilon = len(z), tenths / 10
    smoothed = [(1 - epsilon) * y + epsilon / n for y in one_hot(true, n)]
    mean = math.fsum(cross_entropy(z, k) for k in range(n)) / n
    # the targets round, and so do sums of losses of up to 10
    expected = near((1 - epsilon) * cross_entropy(z, true) + epsilon * mean, size=10)
    assert cross_entropy(z, smoothed) == expected


@of_classes
def test_several_examples_are_averaged_as_in_e1(loss, prediction):
    @given(st.lists(st.tuples(*[prediction] * 3, st.integers(0, 2)), min_size=1, max_size=4))
    def holds(rows):
        outputs, classes = [list(row[:3]) for row in rows], [row[3] for row in rows]
        each = [loss(z, true) for z, true in zip(outputs, classes, strict=True)]
        expected = math.fsum(each)
        assert loss(outputs, classes, reduction="sum") == near(expected)
        assert loss(outputs, classes) == near(expected / len(rows))
        hot = [one_hot(true, 3) for true in classes]
        assert loss(outputs, hot) == loss(outputs, classes)

    holds()


@given(real, yes_or_no)
def test_two_classes_give_the_same_loss_as_yes_or_no(z, y):
    assert binary_cross_entropy_with_logits(z, y) == near(cross_entropy([0.0, z], y))


# --- what goes in and what comes out --------------------------------------------------------------


@pairwise
def test_numbers_give_a_float_and_values_a_value(loss, prediction, target):
    @settings(max_examples=20)
    @given(lists(prediction, target))
    def holds(pair):
        predictions, targets = pair
        found = loss(predictions, targets)
        assert type(found) is float
        constants = loss(list(map(Constant, predictions)), targets)
        assert type(constants) is Constant
        assert constants.args == ()
        values = loss(list(map(Value, predictions)), targets)
        assert type(values) is Value
        assert values.data == constants.data == found
        mixed = loss([Value(predictions[0]), *predictions[1:]], targets)
        assert type(mixed) is Value
        assert mixed.data == found

    holds()


@of_classes
def test_numbers_of_classes_give_a_float_and_values_a_value(loss, prediction):
    @settings(max_examples=20)
    @given(st.one_of(classified(prediction, most=3), labelled(prediction, most=3)))
    def holds(example):
        outputs, target = example
        found = loss(outputs, target)
        assert type(found) is float
        constants = loss(list(map(Constant, outputs)), target)
        assert type(constants) is Constant
        assert constants.args == ()
        values = loss(list(map(Value, outputs)), target)
        assert type(values) is Value
        assert values.data == constants.data == found

    holds()


@pairwise
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_a_number_counts_as_a_list_of_one(loss, prediction, target, reduction):
    named = {} if loss is rss else {"reduction": reduction}

    @settings(max_examples=20)
    @given(prediction, target)
    def holds(p, y):
        found = loss(p, y, **named)
        assert type(found) is float
        assert type(loss(Value(p), y, **named)) is Value
        assert loss([p], y, **named) == loss(p, [y], **named) == found
        assert loss([[p]], [[y]], **named) == loss((p,), (y,), **named) == found

    holds()


@pairwise
def test_nested_lists_are_their_numbers(loss, prediction, target):
    @settings(max_examples=20)
    @given(lists(prediction, target, least=4, most=4))
    def holds(pair):
        (a, b, c, d), (s, t, u, v) = pair
        flat = loss([a, b, c, d], [s, t, u, v])
        assert loss([[a, b], [c, d]], [[s, t], [u, v]]) == flat
        assert loss([[a, b, c], [d]], [(s, t, u), v]) == flat
        assert loss([[[a, b], [c, d]]], [[[s, t], [u, v]]]) == flat

    holds()


@pytest.mark.parametrize("name", [name for name in PAIRWISE if name != "rss"])
def test_the_mean_is_the_sum_divided_by_the_count(name):
    loss, prediction, target = PAIRWISE[name]

    @settings(max_examples=20)
    @given(lists(prediction, target))
    def holds(pair):
        assert loss(*pair) == loss(*pair, reduction="sum") / len(pair[0])

    holds()


@of_classes
def test_the_mean_over_examples_is_the_sum_divided_by_their_count(loss, prediction):
    @settings(max_examples=20)
    @given(st.lists(st.lists(prediction, min_size=3, max_size=3), min_size=1, max_size=4))
    def holds(outputs):
        classes = [i % 3 for i in range(len(outputs))]
        assert loss(outputs, classes) == loss(outputs, classes, reduction="sum") / len(outputs)
        for reduction in ("mean", "sum"):  # one example is not divided by its number of classes
            assert loss(outputs[0], 0, reduction=reduction) == loss(outputs[0], 0)

    holds()


def test_a_batch_may_mix_classes_and_probabilities():
    z = [[2.0, 0.5], [1.0, 2.0]]
    expected = cross_entropy(z[0], [0.25, 0.75]) + cross_entropy(z[1], 1)
    assert cross_entropy(z, [[0.25, 0.75], 1], reduction="sum") == expected


@pytest.mark.parametrize("dtype", [np.float64, np.int64, np.int8, np.uint8, np.bool_])
def test_targets_may_be_arrays(dtype):
    y = [[1, 0], [0, 1]]
    array = np.array(y, dtype=dtype)
    for loss, _, _ in PAIRWISE.values():
        p = [[0.25, 0.5], [0.75, 0.125]]
        assert loss(p, array) == loss(np.array(p), array) == loss(p, y)
        assert type(loss(np.array(p), array)) is float
        assert loss(Value(0.5), array[0, 0]).data == loss(0.5, 1)
    for loss, _ in OF_CLASSES.values():
        p = [[0.25, 0.5], [0.75, 0.125]]
        assert loss(p, array) == loss(np.array(p), array) == loss(p, [0, 1])
        assert loss(list(map(Value, p[0])), array[1]).data == loss(p[0], 1)


@of_classes
@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.int8, np.uint8])
def test_a_class_may_be_an_integer_of_numpy(loss, prediction, dtype):
    del prediction
    p = [0.25, 0.5, 0.125]
    assert loss(p, dtype(2)) == loss(p, 2)
    assert loss([p, p], np.array([2, 0], dtype=dtype)) == loss([p, p], [2, 0])


# --- gradients ------------------------------------------------------------------------------------


@pairwise
@pytest.mark.parametrize("order", [1, 2])
def test_the_gradients_with_respect_to_all_predictions_are_the_slopes(
    loss, prediction, target, order
):
    @settings(max_examples=8)
    @given(lists(prediction, target, most=2))
    def holds(pair):
        predictions, targets = pair
        assert_gradients(lambda p: loss(p, targets), predictions, order=order)

    holds()


@pytest.mark.parametrize("name", [name for name in PAIRWISE if name != "rss"])
def test_the_gradients_of_sums_are_the_slopes(name):
    loss, prediction, target = PAIRWISE[name]

    @settings(max_examples=8)
    @given(lists(prediction, target))
    def holds(pair):
        predictions, targets = pair
        assert_gradients(lambda p: loss(p, targets, reduction="sum"), predictions)

    holds()


@of_classes
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("examples", [classified, labelled])
def test_gradients_with_respect_to_predictions_for_all_classes_are_slopes(
    loss, prediction, order, examples
):
    @settings(max_examples=8)
    @given(examples(prediction, most=3))
    def holds(example):
        outputs, target = example
        assert_gradients(lambda z: loss(z, target), outputs, order=order)

    holds()


@of_classes
def test_gradients_with_respect_to_predictions_for_several_examples_are_slopes(loss, prediction):
    @settings(max_examples=8)
    @given(*[st.lists(prediction, min_size=3, max_size=3)] * 2)
    def holds(first, second):
        assert_gradients(lambda x, y: loss([x, y], [2, [0.5, 0.25, 0.25]]), first, second)

    holds()


@settings(max_examples=8)
@given(lists(real, real, most=3))
def test_the_gradients_of_half_the_squared_error_are_the_slopes(pair):
    assert_gradients(half_squared_error, *pair, order=2)


@pairwise
def test_the_gradients_with_respect_to_targets_are_the_slopes(loss, prediction, target):
    del target

    @settings(max_examples=8)
    @given(lists(prediction, probability, most=2))
    def holds(pair):
        assert_gradients(loss, *pair)

    holds()


@of_classes
def test_the_gradients_with_respect_to_target_probabilities_are_the_slopes(loss, prediction):
    @settings(max_examples=8)
    @given(labelled(prediction, most=3))
    def holds(example):
        assert_gradients(loss, *example)

    holds()


# --- gradients in closed form ---------------------------------------------------------------------


def values(xs):
    return [Value(x) for x in xs]


@given(lists(real, real))
def test_the_gradient_of_squared_errors_is_the_difference_of_b3(pair):
    predictions, targets = values(pair[0]), pair[1]
    n = len(targets)
    difference = [p.data - y for p, y in zip(predictions, targets, strict=True)]
    for loss, factor in (
        (half_squared_error(predictions, targets), 1),
        (rss(predictions, targets), 2),
        (mse(predictions, targets), 2 / n),
        (mse(predictions, targets, half=True), 1 / n),  # the 1/2 cancels the factor 2
        (mse(predictions, targets, reduction="sum"), 2),
        (mse(predictions, targets, half=True, reduction="sum"), 1),
    ):
        assert grad(loss, predictions) == [near(factor * d) for d in difference]


@given(probability, label)
def test_the_gradient_of_the_log_loss_is_that_of_a8(a, y):
    p = Value(a)
    # the two terms cancel where a is about y
    expected = near(-(y / a - (1 - y) / (1 - a)), size=y / a + (1 - y) / (1 - a))
    assert grad(binary_cross_entropy(p, y), p) == expected


@given(real, label)
def test_behind_a_sigmoid_the_gradient_of_the_log_loss_is_a_minus_y(z, y):
    logit = Value(z)
    # terms of size 1 cancel where a is about y
    expected = near(1 / (1 + math.exp(-z)) - y, size=1)
    a = sigmoid(z)  # 1 - a is rounded, and is a divisor
    rounded = near(1 / (1 + math.exp(-z)) - y, size=1 / (1 - a))
    assert grad(binary_cross_entropy(sigmoid(logit), y), logit) == rounded
    assert grad(binary_cross_entropy_with_logits(logit, y), logit) == expected


@given(lists(real, label))
def test_the_gradient_of_the_mean_log_loss_is_a_minus_y_over_n(pair):
    logits, y = values(pair[0]), pair[1]
    gradients = grad(binary_cross_entropy_with_logits(logits, y), logits)
    for z, y_i, found in zip(pair[0], y, gradients, strict=True):
        assert found == near((1 / (1 + math.exp(-z)) - y_i) / len(y), size=1)


@given(classified(probability))
def test_the_gradient_with_respect_to_the_probabilities_is_that_of_d5(example):
    p, true = values(example[0]), example[1]
    expected = [-e / p_k.data for e, p_k in zip(one_hot(true, len(p)), p, strict=True)]
    assert grad(negative_log_likelihood(p, true), p) == near(expected)
    assert grad(negative_log_likelihood(p, one_hot(true, len(p))), p) == near(expected)


@given(st.one_of(classified(), labelled()))
def test_the_gradient_with_respect_to_the_logits_is_softmax_minus_one_hot_of_d5(example):
    logits, target = values(example[0]), example[1]
    y = target if isinstance(target, list) else one_hot(target, len(logits))
    whole = math.fsum(math.exp(z) for z in example[0])
    expected = [math.exp(z) / whole - y_k for z, y_k in zip(example[0], y, strict=True)]
    # Terms of size 1 cancel. Through the softmax their sum has a term for every pair of classes,
    # and shares whose exponents, of up to 9, are rounded.
    direct = grad(cross_entropy(logits, target), logits)
    assert direct == pytest.approx(expected, rel=0, abs=32 * ULP)
    through = grad(negative_log_likelihood(softmax(logits), target), logits)
    assert through == pytest.approx(expected, rel=0, abs=128 * ULP)


@given(st.lists(st.tuples(real, real, real, st.integers(0, 2)), min_size=1, max_size=4))
def test_the_gradient_with_respect_to_the_logits_of_several_examples_is_that_of_e1(rows):
    logits, classes = [values(row[:3]) for row in rows], [row[3] for row in rows]
    loss = cross_entropy(logits, classes)
    for row, true in zip(logits, classes, strict=True):
        whole = math.fsum(math.exp(z.data) for z in row)
        shares = [math.exp(z.data) / whole for z in row]
        # +(1/m)(Ŷ - Y), unlike the sheet of E1
        expected = [(s - y) / len(rows) for s, y in zip(shares, one_hot(true, 3), strict=True)]
        assert grad(loss, row) == pytest.approx(expected, rel=0, abs=32 * ULP)


# --- logits of any size ---------------------------------------------------------------------------

EXTREMES = [0.0, 1.0, 17.0, -40.0, 40.0, -1000.0, 1000.0, -1e4, 1e4]
TINY = 4 * math.ulp(0.0)  # a few roundings where floats have no more digits


def exactly(logits, true):
    """The cross entropy and its gradient with respect to logits, as Decimals of thirty digits."""
    with localcontext() as context:
        context.prec = 60
        odds = [(Decimal(z) - Decimal(logits[true])).exp() for z in logits]
        rest = sum(odds[:true] + odds[true + 1 :], Decimal(0))
        # where the rest is small, most digits of 1 + rest are zeros, so more digits are needed
        loss = rest - rest * rest / 2 if rest < Decimal("1e-30") else (1 + rest).ln()
        gradient = [(o if k != true else -rest) / (1 + rest) for k, o in enumerate(odds)]
    return loss, gradient


def agrees(found, exact, exponent):
    """Whether a float is right up to a few roundings, including those of an exponent."""
    error = abs(Decimal(found) - exact)
    return error <= Decimal((8 + abs(exponent)) * ULP) * abs(exact) + Decimal(TINY)


def logarithm(exact):
    """The exponent of such a number; 0 where the number underflows as a float."""
    return math.log(abs(float(exact))) if float(exact) else 0.0


def test_the_exact_results_here_are_those_of_numbers_known_otherwise():
    # for the logits log 3 and 0 the odds are 3 to 1
    loss, gradient = exactly([math.log(3), 0.0], 0)
    assert float(loss) == near(math.log(4 / 3))
    assert list(map(float, gradient)) == near([-0.25, 0.25])
    # x - x²/2 is what log(1 + x) is for small x, and e^-80 is small
    assert float(exactly([40.0, -40.0], 0)[0]) == near(math.exp(-80))
    assert float(exactly([40.0, -40.0], 1)[0]) == 80.0
    assert float(exactly([35.0, 0.0], 0)[0]) == near(math.log1p(math.exp(-35)))


@pytest.mark.parametrize("true", [0, 1, 2])
def test_the_cross_entropy_loses_no_digit_at_logits_of_any_size(true):
    for logits in product(EXTREMES, repeat=3):
        zs = values(logits)
        loss = cross_entropy(zs, true)
        exact, slopes = exactly(logits, true)
        assert agrees(loss.data, exact, logarithm(exact)), (logits, loss, exact)
        assert cross_entropy(list(logits), true) == loss.data
        assert cross_entropy(list(logits), one_hot(true, 3)) == loss.data
        for found, slope in zip(grad(loss, zs), slopes, strict=True):
            assert agrees(found, slope, logarithm(slope)), (logits, found, slope)


@pytest.mark.parametrize("true", [0, 1])
@pytest.mark.parametrize("z", sorted({*EXTREMES} | {-x for x in EXTREMES}))
def test_the_log_loss_of_a_logit_loses_no_digit_at_any_size(z, true):
    logit = Value(z)
    exact, (_, slope) = exactly([0.0, z], true)
    loss = binary_cross_entropy_with_logits(logit, true)
    assert agrees(loss.data, exact, logarithm(exact))
    assert binary_cross_entropy_with_logits(z, true) == loss.data
    assert agrees(grad(loss, logit), slope, logarithm(slope))


@given(st.lists(st.floats(-1e4, 1e4), min_size=2, max_size=4), st.integers(0, 3))
def test_the_cross_entropy_is_right_at_logits_that_no_float_difference_hits(logits, true):
    true %= len(logits)
    zs = values(logits)
    loss = cross_entropy(zs, true)
    # differences of logits are exponents, and rounded
    spread = max(abs(z - logits[true]) for z in logits)
    exact, slopes = exactly(logits, true)
    assert agrees(loss.data, exact, min(spread, 800))
    for found, slope in zip(grad(loss, zs), slopes, strict=True):
        assert agrees(found, slope, 2 * spread)


@given(st.floats(-1e4, 1e4), yes_or_no)
def test_the_log_loss_of_any_logit_is_right(z, true):
    logit = Value(z)
    exact, (_, slope) = exactly([0.0, z], true)
    loss = binary_cross_entropy_with_logits(logit, true)
    assert agrees(loss.data, exact, 0)  # nothing is subtracted, so no exponent is rounded
    assert agrees(grad(loss, logit), slope, 0)


@given(st.floats(-1e4, 1e4), probability)
def test_the_log_loss_of_any_logit_is_right_for_soft_targets(z, y):
    (no, (_, up)), (yes, (_, down)) = exactly([0.0, z], 0), exactly([0.0, z], 1)
    with localcontext() as context:
        context.prec = 60
        weight = Decimal(y)
        loss, slope = (1 - weight) * no + weight * yes, (1 - weight) * up + weight * down
    logit = Value(z)
    found = binary_cross_entropy_with_logits(logit, y)
    assert agrees(found.data, loss, 0)
    assert grad(found, logit) == near(float(slope), size=1)  # terms of size 1 cancel


def test_a_loss_far_below_the_rounding_of_1_is_not_lost():
    # e^-40 and e^-80, of which log(1 + x) keeps x; math.exp is right to an ulp
    assert binary_cross_entropy_with_logits(40.0, 1) == pytest.approx(math.exp(-40), rel=4 * ULP)
    assert cross_entropy([40.0, -40.0], 0) == pytest.approx(math.exp(-80), rel=4 * ULP)


def test_equal_logits_of_any_size_have_equal_probabilities():
    for size in (0.0, 40.0, -1000.0, 1e4, 1e16, 1e300):
        zs = values([size] * 4)
        loss = cross_entropy(zs, 1)
        assert loss.data == near(math.log(4))
        assert grad(loss, zs) == [near(g) for g in (0.25, -0.75, 0.25, 0.25)]


# --- probabilities at the edge --------------------------------------------------------------------

CERTAIN = [(0, 0, 1.0), (1, 1, -1.0), (0.0, 0.0, 1.0), (1.0, True, -1.0), (Fraction(0), 0, 1)]


@pytest.mark.parametrize(("p", "y", "slope"), CERTAIN)
def test_a_certain_and_right_prediction_has_loss_0_and_a_gradient(p, y, slope):
    assert binary_cross_entropy(p, y) == 0
    value = Value(p)
    loss = binary_cross_entropy(value, y)
    assert loss.data == 0
    assert grad(loss, value) == slope  # one term of (1 - y) / (1 - p) - y / p is left (A8)


def test_a_certain_and_right_prediction_among_several_classes_has_loss_0():
    p = values([0.0, 1.0, 0.0])
    for target in (1, [0, 1, 0]):
        loss = negative_log_likelihood(p, target)
        assert loss.data == 0
        assert grad(loss, p) == [0, -1, 0]


WRONG = [(0, 1), (1, 0), (0.0, 1), (1.0, 0.0), (0.0, 0.5), (1.0, 0.5), (0.0, 1e-9)]


@pytest.mark.parametrize("kind", [float, Value, Constant, np.float64])
@pytest.mark.parametrize(("p", "y"), WRONG)
def test_a_certain_and_wrong_prediction_is_refused(p, y, kind):
    expected = r"^binary_cross_entropy: .* probability 0.* infinite"
    with pytest.raises(ValueError, match=expected):
        binary_cross_entropy(kind(p), y)
    with pytest.raises(ValueError, match=expected):
        binary_cross_entropy([0.5, kind(p)], [1, y])


@pytest.mark.parametrize("target", [1, [0, 1], [0.5, 0.5]])
def test_probability_0_for_the_true_class_is_refused(target):
    expected = r"^negative_log_likelihood: .* probability 0.* infinite"
    for p in ([1.0, 0.0], values([1.0, 0.0])):
        with pytest.raises(ValueError, match=expected):
            negative_log_likelihood(p, target)
        with pytest.raises(ValueError, match=expected):
            negative_log_likelihood([[0.5, 0.5], p], [0, target])


@pytest.mark.parametrize("p", [1e-7, 1e-12, 1e-16, 1e-100, 1e-300, 2.0**-1022])
def test_a_small_probability_is_not_clipped(p):
    for loss in (lambda x: binary_cross_entropy(x, 1), lambda x: negative_log_likelihood([x], 0)):
        value = Value(p)
        assert loss(p) == loss(value).data == near(-math.log(p))
        assert grad(loss(value), value) == near(-1 / p)


@pytest.mark.parametrize("bits", [10, 24, 40, 53])
def test_a_probability_next_to_1_is_not_clipped(bits):
    p = Value(1 - 2.0**-bits)
    loss = binary_cross_entropy(p, 0)
    assert loss.data == near(bits * math.log(2))
    assert grad(loss, p) == 2.0**bits


@given(st.floats(0, 1, exclude_max=True))
def test_the_log_loss_for_target_0_is_right_up_to_the_rounding_of_1_minus_p(p):
    # 1 - p has an error of at most ULP / 2, which the logarithm multiplies by 1 / (1 - p)
    expected = pytest.approx(-math.log1p(-p), rel=4 * ULP, abs=ULP / (1 - p))
    assert binary_cross_entropy(p, 0) == expected


@pytest.mark.parametrize("y", [0, 1, 0.5])
@pytest.mark.parametrize("p", [-0.5, 1.5, -(2.0**-52), 1 + 2.0**-52, math.inf, -math.inf])
def test_a_prediction_that_is_not_a_probability_is_refused(p, y):
    for given_ in (p, Value(p)):
        with pytest.raises(
            ValueError, match=r"^binary_cross_entropy: a prediction must be a probability, from 0"
        ):
            binary_cross_entropy(given_, y)


@pytest.mark.parametrize("p", [-0.5, 1.5, 1 + 2.0**-52, math.inf])
def test_a_prediction_for_a_class_that_is_not_a_probability_is_refused(p):
    for target in (1, [0, 1], [0.5, 0.5]):
        with pytest.raises(
            ValueError, match=r"^negative_log_likelihood: .* from 0 to 1"
        ) as refusal:
            negative_log_likelihood([0.5, p], target)
        assert str(p) in str(refusal.value)


@pytest.mark.parametrize("loss", [binary_cross_entropy, binary_cross_entropy_with_logits])
@pytest.mark.parametrize("y", [-1, 2, -0.25, 1.25, math.inf, -math.inf, math.nan])
def test_a_target_that_is_not_a_probability_is_refused(loss, y):
    for p in (0.5, Value(0.5)):
        with pytest.raises(ValueError, match=rf"^{loss.__name__}: a target must be a probability"):
            loss(p, y)
        with pytest.raises(ValueError, match=rf"^{loss.__name__}: a target must be a probability"):
            loss([p, p], [1, y])


@of_classes
@pytest.mark.parametrize("y", [-1, 2, -0.25, 1.25, math.inf, math.nan])
def test_a_list_of_targets_that_are_not_probabilities_is_refused(loss, prediction, y):
    del prediction
    with pytest.raises(
        ValueError, match=rf"^{loss.__name__}: a target must be a probability"
    ) as refusal:
        loss([0.5, 0.5], [0, y])
    assert str(y) in str(refusal.value)


@pytest.mark.parametrize("kind", [float, Value])
def test_a_nan_is_never_hidden(kind):
    nan = kind(math.nan)
    found = [
        rss([nan, 1.0], [0, 1]),
        mse([nan, 1.0], [0, 1]),
        half_squared_error([nan], [0.0]),
        *[binary_cross_entropy([0.5, nan], [1, y]) for y in (0, 1, 0.5)],
        *[binary_cross_entropy_with_logits([0.5, nan], [1, y]) for y in (0, 1, 0.5)],
        *[cross_entropy([0.5, nan], y) for y in (0, 1, [0.5, 0.5])],
        *[negative_log_likelihood([0.5, nan], y) for y in (1, [0.5, 0.5])],
    ]
    assert all(math.isnan(loss) for loss in found)


# --- what is refused ------------------------------------------------------------------------------

SHAPES = [
    ([1.0, 0.5], [1.0], "2", "1"),
    ([0.5], [1.0, 0.0, 1.0], "1", "3"),
    ([0.5, 0.5], 1.0, "2", "1"),
    (0.5, [1.0, 0.0], "1", "2"),
    ([], [1.0], "0", "1"),
    ([[0.5, 0.5], [0.5]], [[1, 0], [1, 0]], "1", "2"),
    ([[0.5, 0.5]], [1, 0], "1", "2"),
    ([[0.5, 0.5], [0.5, 0.5]], [1, 0], "2", "1"),
    ([[0.5, 0.5], [0.5, 0.5]], np.ones((2, 3)), "2", "3"),
]


@pytest.mark.parametrize(("predictions", "targets", "m", "n"), SHAPES)
@pytest.mark.parametrize("name", PAIRWISE)
def test_shapes_that_differ_are_refused(name, predictions, targets, m, n):
    loss = getattr(losses, name)
    with pytest.raises(ValueError, match=f"^{name}: {m} predictions for {n} targets$"):
        loss(predictions, targets)


def test_lists_of_different_lengths_have_no_half_squared_error():
    with pytest.raises(ValueError, match=r"^half_squared_error: 2 predictions for 1 targets$"):
        half_squared_error([1.0, 2.0], [1.0])


@of_classes
@pytest.mark.parametrize("true", [3, 4, -1, -3, 10**30, np.int64(-1), np.uint8(200)])
def test_a_class_that_does_not_exist_is_refused(loss, prediction, true):
    del prediction
    for z, target in (([0.5, 0.25, 0.25], true), ([[0.5, 0.25, 0.25]] * 2, [0, true])):
        with pytest.raises(ValueError, match=rf"^{loss.__name__}: .*{true}.* 0 to 2$"):
            loss(z, target)


NO_CLASSES = [0.0, 1.0, 0.5, math.nan, None, Fraction(1), Decimal(1), 1j, Value(1), Constant(1)]
NO_CLASSES += [np.float64(1), np.bool_(True), object()]  # noqa: FBT003 - NumPy's own


@of_classes
@pytest.mark.parametrize(
    "true", NO_CLASSES, ids=lambda x: f"{type(x).__name__} {x}".partition(" at ")[0]
)
def test_a_class_that_is_not_a_whole_number_is_refused(loss, prediction, true):
    del prediction
    for z, target in (([0.5, 0.5], true), ([[0.5, 0.5]] * 2, [0, true])):
        with pytest.raises(TypeError) as refusal:
            loss(z, target)
        assert str(refusal.value).startswith(f"{loss.__name__}: a class must be a whole number")
        assert repr(true) in str(refusal.value)
        assert type(true).__name__ in str(refusal.value)


@of_classes
@pytest.mark.parametrize("target", [[], [1], [0, 1], [0, 1, 0, 0], np.ones(2)])
def test_a_target_for_another_number_of_classes_is_refused(loss, prediction, target):
    del prediction
    for z, y in (([0.5, 0.25, 0.25], target), ([[0.5, 0.25, 0.25]] * 2, [0, target])):
        with pytest.raises(
            ValueError, match=f"^{loss.__name__}: 3 predictions for {len(target)} targets$"
        ):
            loss(z, y)


@of_classes
@pytest.mark.parametrize(("targets", "given_"), [([0], "1 targets"), ([0, 1, 0], "3 "), (1, "1")])
def test_several_examples_need_as_many_targets(loss, prediction, targets, given_):
    del prediction
    with pytest.raises(ValueError, match=f"^{loss.__name__}: 2 lists of predictions for {given_}"):
        loss([[0.5, 0.5], [0.5, 0.5]], targets)


@of_classes
@pytest.mark.parametrize("output", [0.5, Value(0.5), None], ids=["float", "Value", "None"])
def test_classes_need_a_list(loss, prediction, output):
    del prediction
    with pytest.raises(TypeError, match=f"^{loss.__name__}: expected a list") as refusal:
        loss(output, 0)
    assert repr(output) in str(refusal.value)


@pytest.mark.parametrize("name", averaged)
@pytest.mark.parametrize("reduction", ["none", "Mean", "", None, 2])
def test_a_reduction_that_does_not_exist_is_refused(name, reduction):
    arguments = ([0.5, 0.5], [0, 1]) if name in PAIRWISE else ([0.5, 0.5], 1)
    with pytest.raises(ValueError, match=f"^{name}: reduction ") as refusal:
        getattr(losses, name)(*arguments, reduction=reduction)
    assert "'mean' or 'sum'" in str(refusal.value)
    assert repr(reduction) in str(refusal.value)


@pytest.mark.parametrize("nothing", [[], [[]], [[], []], np.zeros((0,)), np.zeros((2, 0))])
@pytest.mark.parametrize("name", [name for name in PAIRWISE if name != "rss"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_without_predictions_there_is_no_loss(name, nothing, reduction):
    loss = getattr(losses, name)
    with pytest.raises(ValueError, match=f"^{name}: there are no predictions$"):
        loss(nothing, nothing, reduction=reduction)


def test_squared_errors_take_lists_of_lists_and_their_mean():
    predictions, targets = [[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [0.0, 0.0]]
    assert half_squared_error(predictions, targets) == 15
    assert half_squared_error(predictions, targets, reduction="mean") == 3.75
    assert rss(predictions, targets, reduction="mean") == mse(predictions, targets) == 7.5


@of_classes
def test_an_empty_list_of_classes_is_refused(loss, prediction):
    del prediction
    for z, target in (([], 0), ([[]], [0])):
        with pytest.raises(ValueError, match=f"^{loss.__name__}: 0 predictions"):
            loss(z, target)


# --- squared errors without rounding --------------------------------------------------------------

fraction = st.fractions(-9, 9, max_denominator=99)


@given(lists(fraction, fraction))
def test_squared_errors_of_fractions_are_exact(pair):
    predictions, targets = pair
    n = len(targets)
    squares = sum((p - y) ** 2 for p, y in zip(predictions, targets, strict=True))
    results = {
        rss(*pair): squares,
        half_squared_error(*pair): squares / 2,
        mse(*pair): squares / n,
        mse(*pair, half=True): squares / (2 * n),  # B3
        mse(*pair, reduction="sum"): squares,
        mse(*pair, half=True, reduction="sum"): squares / 2,
    }
    for found, exact in results.items():
        assert type(found) is Fraction
        assert found == exact


@given(lists(fraction, fraction))
def test_gradients_of_squared_errors_of_fractions_are_exact(pair):
    predictions, targets = values(pair[0]), pair[1]
    n = len(targets)
    difference = [p - y for p, y in zip(*pair, strict=True)]
    for loss, factor in (
        (half_squared_error(predictions, targets), 1),
        (rss(predictions, targets), 2),
        (mse(predictions, targets), Fraction(2, n)),
        (mse(predictions, targets, half=True), Fraction(1, n)),  # B3
    ):
        assert type(loss.data) is Fraction
        gradients = grad(loss, predictions)
        assert set(map(type, gradients)) == {Fraction}
        assert gradients == [factor * d for d in difference]


@given(lists(real, real))
def test_halves_are_halves_to_the_last_bit(pair):
    n = len(pair[0])
    assert rss(*pair) == 2 * half_squared_error(*pair) == mse(*pair, reduction="sum")
    assert mse(*pair) == rss(*pair) / n == 2 * mse(*pair, half=True)
    assert mse(*pair, half=True, reduction="sum") == half_squared_error(*pair)


def test_d3_divides_by_the_number_of_examples_and_mse_by_that_of_numbers():
    predictions, targets = [[1.0, 2.0], [3.0, 5.0]], [[0.0, 0.0], [0.0, 0.0]]
    examples = [rss(p, y) for p, y in zip(predictions, targets, strict=True)]
    assert total(examples) / 2 == (5 + 34) / 2
    assert mse(predictions, targets) == 39 / 4


# --- what is given is checked, and named as it was given ------------------------------------------


def test_numbers_of_numpy_count_as_numbers():
    """In single precision, or in eight bits, the result would differ."""
    single = np.float32(0.1)
    assert binary_cross_entropy(0.3, single) == binary_cross_entropy(0.3, float(single))
    logits = np.array([1.1, 1e4], dtype=np.float32)
    assert cross_entropy(logits, 0) == cross_entropy([float(z) for z in logits], 0)
    assert cross_entropy(np.array([100, -100], dtype=np.int8), 1) == 200.0
    assert mse(np.array(1.0), np.array(3.0)) == 4.0


@pytest.mark.parametrize("given_", ["a", None, 1j, object()])
@pytest.mark.parametrize("name", PAIRWISE)
def test_an_error_for_something_that_is_not_a_number_names_the_loss(name, given_):
    loss = getattr(losses, name)
    for arguments in ((given_, 1), (0.5, given_)):
        with pytest.raises(TypeError, match=f"^{name}: expected a real number, got "):
            loss(*arguments)


@pytest.mark.parametrize("name", ["cross_entropy", "negative_log_likelihood"])
def test_an_error_for_a_class_that_is_not_a_number_names_the_loss(name):
    loss = getattr(losses, name)
    with pytest.raises(TypeError, match=f"^{name}: expected a real number, got None"):
        loss([None, 0.5], 0)
    with pytest.raises(TypeError, match=f"^{name}: expected a real number, got 'a'"):
        loss([0.5, 0.5], ["a", 0.5])
    for wrong in ("ab", None, 1.0, True):
        with pytest.raises(
            TypeError, match=f"^{name}: a class must be a whole number, not {wrong!r}"
        ):
            loss([0.5, 0.5], wrong)


@pytest.mark.parametrize(
    ("p", "y", "message"),
    [
        (0.5, -1, "a target must be a probability, from 0 to 1, not -1.0"),
        (0.5, 2, "a target must be a probability, from 0 to 1, not 2.0"),
        (
            -0.5,
            0,
            "a prediction must be a probability, from 0 to 1, not -0.5; for logits .*_logits",
        ),
        (
            -1e-300,
            0,
            "a prediction must be a probability, from 0 to 1, not -1e-300; for logits .*_logits",
        ),
        (Value(0.5), Value(-1.0), "a target must be a probability, from 0 to 1, not -1.0"),
    ],
)
def test_a_number_outside_0_to_1_is_named(p, y, message):
    with pytest.raises(ValueError, match=f"^binary_cross_entropy: {message}$"):
        binary_cross_entropy(p, y)


def test_a_constant_target_counts_as_its_number():
    assert binary_cross_entropy(Value(0.0), Constant(0.0)).data == 0
    assert cross_entropy([Value(1.0), Value(2.0)], [Constant(1.0), Constant(0.0)]).data == (
        cross_entropy([1.0, 2.0], 0)
    )


@pytest.mark.parametrize("targets", [[0.0, 0.0, 0.0], [1, 1, 1], [0.2, 0.3, 0.4]])
@pytest.mark.parametrize("loss", [cross_entropy, negative_log_likelihood])
def test_probabilities_of_all_classes_add_up_to_1(loss, targets):
    with pytest.raises(ValueError, match="the probabilities of all classes must add up to 1"):
        loss([0.2, 0.3, 0.5], targets)
    assert loss([0.2, 0.3, 0.5], np.array([0.1, 0.2, 0.7], dtype=np.float32)) > 0


def test_one_class_alone_is_refused():
    with pytest.raises(ValueError, match="cross_entropy: needs at least two classes"):
        cross_entropy([Value(1.0)], 0)


def test_all_probabilities_are_checked_not_only_that_of_the_class():
    with pytest.raises(
        ValueError, match=r"a prediction must be a probability, from 0 to 1, not -3\.0"
    ):
        negative_log_likelihood([0.5, -3.0], 0)


def test_examples_have_the_same_classes():
    with pytest.raises(
        ValueError, match="cross_entropy: 2 predictions, but there must be one for each of the 3"
    ):
        cross_entropy([[1, 2, 3], [1, 2]], [0, 1])


@pytest.mark.parametrize(
    ("output", "loss", "target"),
    [
        (list, half_squared_error, [0.5, -1.0, 2.0]),
        (lambda z: list(map(sigmoid, z)), binary_cross_entropy, [1, 0, 1]),
        (softmax, negative_log_likelihood, [0, 1, 0]),
    ],
    ids=["regression", "yes or no", "classes"],
)
def test_an_output_and_its_loss_have_the_gradient_output_minus_target(output, loss, target):
    # A7, D3; the mean over three answers of yes or no is a third of it
    z = [Value(0.3), Value(-1.2), Value(0.8)]
    outputs = output(z)
    parts = len(z) if loss is binary_cross_entropy else 1
    expected = [(y.data - t) / parts for y, t in zip(outputs, target, strict=True)]
    assert grad(loss(outputs, target), z) == pytest.approx(expected, abs=1e-12)


# --- how they are called and written --------------------------------------------------------------

z1, z2, z3 = (Value(x, f"z_{i}") for i, x in enumerate((0.5, -1.0, 2.0), 1))
p1, p2 = Value(0.7, "p_1"), Value(0.2, "p_2")
y1, y2, y3 = (Constant(x, f"y_{i}") for i, x in enumerate((1.0, 0.0, 0.0), 1))
soft = Constant(0.25, "y")
t = Value(0.25, "t")


@pytest.mark.parametrize(
    ("loss", "written"),
    [
        (half_squared_error(z1, y1), "1/2 (z₁ − y₁)²"),
        (half_squared_error([z1], [y1]), "1/2 (z₁ − y₁)²"),
        (half_squared_error([z1, z2], [y1, t]), "1/2 ((z₁ − y₁)² + (z₂ − t)²)"),
        (mse(z1, y1), "(z₁ − y₁)²"),
        (mse(z1, 1.0), "(z₁ − 1)²"),
        (mse(z1, t), "(z₁ − t)²"),
        (mse(z1, Constant(1.0)), "(z₁ − 1)²"),
        (mse([z1, z2, z3], [y1, y2, y3]), "((z₁ − y₁)² + (z₂ − y₂)² + (z₃ − y₃)²)/3"),
        (mse([z1, z2], [y1, y2], half=True), "((z₁ − y₁)² + (z₂ − y₂)²)/4"),
        (mse([z1, z2], [y1, y2], half=True, reduction="sum"),
         "1/2 ((z₁ − y₁)² + (z₂ − y₂)²)"),
        (rss([z1, z2], [y1, y2]), "(z₁ − y₁)² + (z₂ − y₂)²"),
        (rss(z1, y1), "(z₁ − y₁)²"),
        (binary_cross_entropy(p1, 1), "−log(p₁)"),
        (binary_cross_entropy(p1, y1), "y₁ · (−log(p₁))"),
        (binary_cross_entropy(p1, y2), "(1 − y₂) · (−log(1 − p₁))"),
        (binary_cross_entropy(p1, soft), "(1 − y) · (−log(1 − p₁)) + y · (−log(p₁))"),
        (binary_cross_entropy(p1, t), "(1 − t) · (−log(1 − p₁)) + t · (−log(p₁))"),
        (binary_cross_entropy([p1, p2], [1, 0]), "(L₁ + L₂)/2"),
        (
            binary_cross_entropy_with_logits(z1, y1),
            "−(y₁ · log(σ(z₁)) + (1 − y₁) · log(1 − σ(z₁)))",
        ),
        (negative_log_likelihood([p1, p2], [y1, y2]), "y₁ · (−log(p₁))"),
        (negative_log_likelihood([[p1, p2], [p2, p1]], [0, 1]), "(L₁ + L₂)/2"),
        (cross_entropy([[z1, z2], [z2, z1]], [0, 1], reduction="sum"), "L₁ + L₂"),
    ],
)  # fmt: skip
def test_the_formula_of_a_loss_is_that_of_the_lecture_and_its_label_is_l(loss, written):
    assert loss.label == "L"
    assert text_formula(loss) == written


def test_the_label_of_a_target_changes_no_number():
    for of_pair in (half_squared_error, mse, rss, binary_cross_entropy):
        for y in (0.0, 0.25, 1.0):
            named, plain = (of_pair(Value(0.3), target) for target in (Constant(y, "y"), y))
            assert named.data == plain.data
    for y in ([1.0, 0.0], [0.25, 0.75]):
        named = negative_log_likelihood([p1, p2], [Constant(x, f"y_{i}") for i, x in enumerate(y)])
        assert named.data == negative_log_likelihood([p1, p2], y).data
    certain = binary_cross_entropy(Value(1.0), Constant(1.0, "y"))
    assert certain.data == 0.0, "what has no probability has no part in it"


@given(lists(real, real, most=5))
def test_the_mean_of_squares_is_as_exact_as_its_parts(pair):
    predictions, targets = pair
    values = [Value(Fraction(x)) for x in predictions]
    loss = mse(values, list(map(Fraction, targets)))
    n = len(values)
    pairs = list(zip(map(Fraction, predictions), map(Fraction, targets), strict=True))
    assert loss.data == sum((p - y) ** 2 for p, y in pairs) / n
    assert grad(loss, values) == [2 * (p - y) / n for p, y in pairs]


@pytest.mark.parametrize("replay", [False, True])
def test_targets_with_a_label_train_like_numbers(replay):
    pytest.importorskip("numpy")
    found = []
    for make in (float, lambda y: Constant(y, "y")):
        w = Value(0.3)
        examples = [(x, make(1.0 - x)) for x in (0.1, 0.5, 0.9)]
        fit(lambda x, w=w: w * x, examples, mse, SGD([w], 0.1), epochs=3, replay=replay)
        found.append(w.data)
    assert found[0] == pytest.approx(found[1], rel=1e-12)


def test_a_loss_that_overflows_stops_training_and_names_the_numbers():
    w = Value(1e200, "w")
    with pytest.raises(FloatingPointError) as refusal:
        fit(lambda x: w * x, [(1.0, 0.0)], mse, SGD([w], 0.1), epochs=1)
    assert str(refusal.value) == (
        "fit: the loss is inf: L₁ = (v₁ − 0)² = (1e+200 − 0)² = inf is the first operation whose "
        "result is not finite. No parameter has changed in this step."
    )
    assert w.data == 1e200
