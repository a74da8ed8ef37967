"""The losses compared with those of PyTorch in double precision."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_edu import Value
from tinygrad_edu.nn import losses
from tinygrad_edu.testing import numbers

torch = pytest.importorskip("torch")
functional = torch.nn.functional

real = numbers()
probability = numbers(low=0, high=1)
label = st.one_of(st.sampled_from([0.0, 1.0]), probability)
reductions = pytest.mark.parametrize("reduction", ["mean", "sum"])


def matrices(element, rows, columns):
    row = st.lists(element, min_size=columns, max_size=columns)
    return st.lists(row, min_size=rows, max_size=rows)


def distributions(rows, columns):
    """For every row, a list with the probability of each class."""
    return matrices(st.integers(1, 9), rows, columns).map(
        lambda counts: [[count / sum(row) for count in row] for row in counts]
    )


shapes = st.tuples(st.integers(1, 3), st.integers(2, 4))


def assert_same(ours, theirs, predictions, targets, dtype=torch.float64):
    """Compare values and gradients with respect to the predictions, a list of lists."""
    tensor = torch.tensor(predictions, dtype=torch.float64, requires_grad=True)
    expected = theirs(tensor, torch.tensor(targets, dtype=dtype))
    expected.backward()
    values = [[Value(x) for x in row] for row in predictions]
    loss = ours(values, targets)
    # A gradient is a difference of terms of up to 1 for a logit; ten roundings of 1 are 1e-15. The
    # same goes for the loss of a class that is nearly certain.
    assert float(loss) == pytest.approx(expected.item(), rel=1e-12, abs=1e-15)
    loss.backward()
    gradients = [[x.grad for x in row] for row in values]
    for found, row in zip(gradients, tensor.grad.tolist(), strict=True):
        assert found == pytest.approx(row, rel=1e-12, abs=1e-15)


OF_PAIRS = {
    "mse": (losses.mse, functional.mse_loss, real, real),
    "binary_cross_entropy": (
        losses.binary_cross_entropy,
        functional.binary_cross_entropy,
        probability,
        label,
    ),
    "binary_cross_entropy_with_logits": (
        losses.binary_cross_entropy_with_logits,
        functional.binary_cross_entropy_with_logits,
        real,
        label,
    ),
}


@reductions
@pytest.mark.parametrize(
    ("ours", "theirs", "prediction", "target"), OF_PAIRS.values(), ids=OF_PAIRS
)
def test_losses_of_pairs_are_those_of_torch(ours, theirs, prediction, target, reduction):
    @given(shapes.flatmap(lambda s: st.tuples(matrices(prediction, *s), matrices(target, *s))))
    def holds(pair):
        assert_same(
            lambda p, y: ours(p, y, reduction=reduction),
            lambda p, y: theirs(p, y, reduction=reduction),
            *pair,
        )

    holds()


@reductions
@given(shapes.flatmap(lambda s: st.tuples(matrices(real, *s), matrices(real, *s))))
def test_half_the_mean_squared_error_is_half_that_of_torch(reduction, pair):
    assert_same(
        lambda p, y: losses.mse(p, y, half=True, reduction=reduction),
        lambda p, y: functional.mse_loss(p, y, reduction=reduction) / 2,
        *pair,
    )


@given(shapes.flatmap(lambda s: st.tuples(matrices(real, *s), matrices(real, *s))))
def test_the_residual_sum_of_squares_is_the_sum_of_torch(pair):
    assert_same(losses.rss, lambda p, y: functional.mse_loss(p, y, reduction="sum"), *pair)


def negative_log_likelihood(p, y, reduction):
    """The loss of torch, which takes logarithms and no probabilities of classes."""
    if y.dtype == torch.int64:
        return functional.nll_loss(torch.log(p), y, reduction=reduction)
    summed = -torch.sum(y * torch.log(p))
    return summed / len(p) if reduction == "mean" else summed


OF_CLASSES = {
    "cross_entropy": (losses.cross_entropy, functional.cross_entropy, real),
    "negative_log_likelihood": (
        losses.negative_log_likelihood,
        negative_log_likelihood,
        probability,
    ),
}
of_classes = pytest.mark.parametrize(
    ("ours", "theirs", "prediction"), OF_CLASSES.values(), ids=OF_CLASSES
)


@of_classes
@reductions
def test_losses_of_a_class_are_those_of_torch(ours, theirs, prediction, reduction):
    @given(
        shapes.flatmap(
            lambda s: st.tuples(
                matrices(prediction, *s),
                st.lists(st.integers(0, s[1] - 1), min_size=s[0], max_size=s[0]),
            )
        )
    )
    def holds(pair):
        assert_same(
            lambda p, y: ours(p, y, reduction=reduction),
            lambda p, y: theirs(p, y, reduction=reduction),
            *pair,
            dtype=torch.int64,
        )

    holds()


@of_classes
@reductions
def test_losses_of_probabilities_of_classes_are_those_of_torch(ours, theirs, prediction, reduction):
    @given(shapes.flatmap(lambda s: st.tuples(matrices(prediction, *s), distributions(*s))))
    def holds(pair):
        assert_same(
            lambda p, y: ours(p, y, reduction=reduction),
            lambda p, y: theirs(p, y, reduction=reduction),
            *pair,
        )

    holds()


@settings(max_examples=20)
@given(classes=st.integers(2, 4), true=st.integers(0, 1), tenths=st.integers(0, 10), data=st.data())
def test_label_smoothing_is_that_of_torch(classes, true, tenths, data):
    logits = data.draw(matrices(real, 1, classes))
    epsilon = tenths / 10
    hot = [(1 - epsilon) * (k == true) + epsilon / classes for k in range(classes)]
    expected = functional.cross_entropy(
        torch.tensor(logits, dtype=torch.float64), torch.tensor([true]), label_smoothing=epsilon
    )
    found = losses.cross_entropy(logits, [hot])
    assert found == pytest.approx(expected.item(), rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("size", [40.0, 1000.0, 1e4])
@pytest.mark.parametrize("true", [0, 1])
def test_logits_of_any_size_give_what_torch_gives(size, true):
    # of a loss below the rounding of 1 torch's cross entropy keeps nothing; so it is close to 0
    for logits in ([[size, -size]], [[-size, size]]):
        assert_same(losses.cross_entropy, functional.cross_entropy, logits, [true], torch.int64)
    for logit in ([[size]], [[-size]]):
        assert_same(
            losses.binary_cross_entropy_with_logits,
            functional.binary_cross_entropy_with_logits,
            logit,
            [[float(true)]],
        )
