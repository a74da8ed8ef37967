"""The warning of probabilities for a loss that takes logits: it comes once, with a remedy."""

import warnings

import pytest

from tinygrad_edu import MLP, Layer, Neuron, Value, losses, sigmoid
from tinygrad_edu.nn import SGD, compare, fit
from tinygrad_edu.operation import Operation

X = [0.5, -1.0]
BINARY = losses.binary_cross_entropy_with_logits
WRONG = {
    "softmax, then cross entropy": (
        lambda: MLP(2, [3, 3], output_activation="softmax"),
        losses.cross_entropy,
        0,
        """cross_entropy takes logits and applies softmax itself, but was given outputs of \
softmax: write output_activation='identity', or keep softmax and write \
losses.negative_log_likelihood""",
    ),
    "sigmoid, then with logits": (
        lambda: MLP(2, [3, 1], output_activation="sigmoid"),
        BINARY,
        1,
        """binary_cross_entropy_with_logits takes logits and applies sigmoid itself, but was given \
outputs of sigmoid: write output_activation='identity', or keep sigmoid and write \
losses.binary_cross_entropy""",
    ),
    "sigmoids, then with logits": (
        lambda: MLP(2, [3, 2], output_activation="sigmoid"), BINARY, [0, 1], "outputs of sigmoid",
    ),
    "sigmoids, then cross entropy": (
        lambda: MLP(2, [3, 2], output_activation="sigmoid"),
        losses.cross_entropy, 1, "applies softmax itself, but was given outputs of sigmoid",
    ),
    "softmax, then with logits": (
        lambda: Layer(2, 2, "softmax"), BINARY, [0, 1], "outputs of softmax",
    ),
    "a neuron": (lambda: Neuron(2, "sigmoid"), BINARY, 1, "outputs of sigmoid"),
}  # fmt: skip
RIGHT = {
    "logits": (lambda: MLP(2, [3, 3]), losses.cross_entropy, 0),
    "one logit": (lambda: MLP(2, [3, 1], "sigmoid"), BINARY, 1),
    "probabilities": (
        lambda: MLP(2, [3, 3], output_activation="softmax"), losses.negative_log_likelihood, 0,
    ),
    "a probability": (
        lambda: MLP(2, [3, 1], output_activation="sigmoid"), losses.binary_cross_entropy, 1,
    ),
    "the worked example, A9": (
        lambda: MLP(2, [2, 2], "sigmoid", "sigmoid"), losses.half_squared_error, [0.01, 0.99],
    ),
    "squares of a probability": (
        lambda: MLP(2, [2, 1], "sigmoid", "sigmoid"), losses.mse, 1.0,
    ),
    "squares of softmax": (
        lambda: MLP(2, [2, 2], output_activation="softmax"), losses.mse, [0.0, 1.0],
    ),
}  # fmt: skip


@pytest.fixture
def said():
    """The list of all warnings, repeated ones included."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield caught


@pytest.mark.parametrize(("make", "loss", "y", "message"), WRONG.values(), ids=WRONG)
def test_a_loop_of_your_own_gets_one_warning(said, make, loss, y, message):
    model = make()
    for _ in range(5):
        loss(model(X), y).backward()
    assert len(said) == 1
    assert message in str(said[0].message)
    assert said[0].filename == __file__  # the line with the mistake, not the line that found it


@pytest.mark.parametrize("replay", [False, True])
@pytest.mark.parametrize(("make", "loss", "y", "message"), WRONG.values(), ids=WRONG)
def test_fit_gets_one_warning(said, make, loss, y, message, replay):
    model = make()
    sgd = SGD(model.parameters(), 0.1)
    fit(model, [(X, y), ([1.0, 1.0], y)], loss, sgd, epochs=3, replay=replay)
    fit(model, [(X, y)], loss, sgd, epochs=3, replay=replay)
    assert [message in str(warning.message) for warning in said] == [True]
    assert said[0].filename == __file__


@pytest.mark.parametrize("replay", [False, True])
@pytest.mark.parametrize(("make", "loss", "y"), RIGHT.values(), ids=RIGHT)
def test_a_correct_loss_gives_no_warning(said, make, loss, y, replay):
    model = make()
    loss(model(X), y).backward()
    fit(model, [(X, y)], loss, SGD(model.parameters(), 0.1), epochs=2, replay=replay)
    assert said == []


def test_each_network_and_each_loss_gets_a_warning(said):
    first, second = (MLP(2, [3, 2], output_activation="sigmoid") for _ in range(2))
    for _ in range(3):
        for mlp in (first, second):
            losses.cross_entropy(mlp(X), 0)
            BINARY(mlp(X), [0, 1])
    assert len(said) == 4


def test_a_batch_of_probabilities_is_warned_of_too(said):
    mlp = MLP(2, [3, 3], output_activation="softmax")
    losses.cross_entropy([mlp(X), mlp([1.0, 1.0])], [0, 1])
    assert len(said) == 1


def test_an_expression_of_your_own_gets_a_warning(said):
    w = Value(0.5)
    for x in (1.0, 2.0):
        BINARY(sigmoid(x * w), 1)
    assert len(said) == 1


def test_an_operation_called_softmax_is_found_by_its_name(said):
    softmax = Operation(
        "softmax", "Stands for one.", forward=float, partials=lambda y, x: (1.0,),
        array="positive", symbol="softmax", latex="#1",
    )  # fmt: skip
    losses.cross_entropy([softmax(Value(0.5)), softmax(Value(0.25))], 0)
    assert "outputs of softmax" in str(said[0].message)


def test_a_warning_that_is_an_error_is_raised_until_the_mistake_is_mended():
    mlp = MLP(2, [3, 3], output_activation="softmax")
    for _ in range(2):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(UserWarning, match="cross_entropy takes logits"):
                losses.cross_entropy(mlp(X), 0)


def test_compare_gives_a_warning(said):
    mlp = MLP(2, [3, 3], output_activation="softmax")
    compare(mlp, [(X, 0)], losses.cross_entropy)
    assert len(said) == 1


def test_plain_numbers_have_no_history(said):
    mlp = MLP(2, [3, 3], output_activation="softmax")
    losses.cross_entropy(list(mlp.frozen()(X)), 0)
    assert said == []


@pytest.mark.parametrize(
    ("loss", "targets", "other"),
    [
        (losses.binary_cross_entropy, 1, "binary_cross_entropy_with_logits"),
        (losses.negative_log_likelihood, 0, "cross_entropy"),
    ],
)
def test_logits_for_a_loss_of_probabilities_are_an_error_that_names_the_other(loss, targets, other):
    logits = Value(1.5) if targets else [Value(1.5), Value(-2.0)]
    with pytest.raises(ValueError, match=f"not 1.5; for logits write losses.{other}$"):
        loss(logits, targets)
