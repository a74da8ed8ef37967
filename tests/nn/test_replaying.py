"""Training by replay: its iterations are the same as without replay."""

import math
import random
from fractions import Fraction
from functools import partial

import numpy as np
import pytest

from tinygrad_edu import MLP, Constant, Neuron, Value, relu, softmax, total
from tinygrad_edu.nn import SGD, Adam, Module, fit
from tinygrad_edu.nn.data import XOR, blobs, curve, moons
from tinygrad_edu.nn.losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    half_squared_error,
    mse,
    negative_log_likelihood,
    rss,
)
from tinygrad_edu.nn.optimisers import cosine_decay

LINE = [(float(x), 3.0 * x + 1) for x in range(-3, 4)]
NEAR = {"rel": 1e-9, "abs": 1e-9}


def squared(a, y):
    return (a - y) ** 2


class Line(Module):
    def __init__(self, slope=0.5, offset=0.0):
        self.slope, self.offset = Value(slope, "slope"), Value(offset, "offset")
        self.calls = 0

    def parameters(self):
        return [self.slope, self.offset]

    def __call__(self, x):
        self.calls += 1
        return self.slope * x + self.offset


class Cubic(Module):
    """A model that is not a network: it takes a number, and uses parameters at several depths."""

    def __init__(self):
        self.c = [Value(0.1 * i, f"c{i}") for i in range(4)]

    def parameters(self):
        return self.c

    def __call__(self, x):
        c = self.c
        return ((c[3] * x + c[2]) * x + c[1]) * x + c[0] + (c[3] * c[0]).tanh()


def both_ways(make, examples, loss, optimiser, **settings):
    """Train without and with replay; return both histories and the parameters."""
    found = []
    for replay in (False, True):
        model = make()
        moves = optimiser(model.parameters())
        history = fit(model, examples, loss, moves, replay=replay, **settings)
        found.append((history, [p.data for p in model.parameters()]))
    return found


def check_same(*args, **settings):
    """Train both ways; raise AssertionError unless all iterations and parameters agree."""
    (plain, ps), (replayed, qs) = both_ways(*args, **settings)
    assert len(replayed.iterations) >= 20
    assert replayed.losses == pytest.approx(plain.losses, **NEAR)
    assert [iteration[:2] + iteration[3:] for iteration in replayed.iterations] == [
        iteration[:2] + iteration[3:] for iteration in plain.iterations
    ]
    assert qs == pytest.approx(ps, **NEAR)
    assert all(type(q) is float for q in qs)
    assert plain.losses[0] != plain.losses[-1]


# --- the same steps -------------------------------------------------------------------------------

OPTIMISERS = {
    "gradient descent": partial(SGD, lr=0.1),
    "momentum": partial(SGD, lr=0.05, momentum=0.9),
    "weight decay": partial(SGD, lr=0.1, weight_decay=0.01),
    "schedule": partial(SGD, lr=cosine_decay(0.2, 30)),
    "Adam": partial(Adam, lr=0.02),
    "Adam with decay": partial(Adam, lr=0.02, weight_decay=0.01),
}


@pytest.mark.parametrize("optimiser", OPTIMISERS.values(), ids=OPTIMISERS)
@pytest.mark.parametrize(("size", "epochs"), [(None, 30), (7, 10), (1, 2)])
def test_every_optimiser_makes_the_same_steps_on_batches_of_every_size(optimiser, size, epochs):
    check_same(
        lambda: MLP(2, [4, 1], seed=1),
        moons(20),
        binary_cross_entropy_with_logits,
        optimiser,
        epochs=epochs,
        batch_size=size,
        seed=3,
    )


def hinge(a, y):
    return relu(1 - (2 * y - 1) * a)


TASKS = {
    "moons": (partial(MLP, 2, [5, 4, 1]), moons(16), binary_cross_entropy_with_logits),
    "probabilities": (partial(MLP, 2, [3, 1], output_activation="sigmoid"), XOR,
                      binary_cross_entropy),
    "classes": (partial(MLP, 2, [5, 3]), blobs(15), cross_entropy),
    "classes as lists": (partial(MLP, 2, [5, 3]), [(x, [0.9, 0.1, 0.0][y:] + [0.9, 0.1, 0.0][:y])
                                                   for x, y in blobs(15)], cross_entropy),
    "probabilities of classes": (partial(MLP, 2, [5, 3], output_activation="softmax"), blobs(15),
                                 negative_log_likelihood),
    "softmax by hand": (partial(MLP, 2, [3]), blobs(15), lambda z, y: -softmax(z)[y].log()),
    "regression": (partial(MLP, 1, [6, 1]), [([x], y) for x, y in LINE], half_squared_error),
    "regression of a curve": (partial(MLP, 1, [6, 1]), curve(12), half_squared_error),
    "several outputs": (partial(MLP, 1, [4, 2]), [([x], [x / 3, math.sin(x)]) for x, _ in LINE],
                        mse),
    "several outputs, summed": (partial(MLP, 1, [4, 2]), [([x], (x, 1)) for x, _ in LINE], rss),
    "hinge": (partial(MLP, 2, [4, 1]), moons(16), hinge),
    "a neuron": (partial(Neuron, 2, "sigmoid", seed=1), XOR, half_squared_error),
    "numbers": (Line, LINE, squared),
    "whole numbers": (Line, [(x, 3 * x) for x in range(-2, 3)], squared),
    "a class of one's own": (Cubic, [(x / 3, y) for x, y in LINE], squared),
    "arrays": (partial(MLP, 2, [4, 1]), [(np.array(x), np.float64(y)) for x, y in moons(16)],
               binary_cross_entropy_with_logits),
    "a target that is nowhere the same": (Line, [(x, y + x * x) for x, y in LINE],
                                          lambda a, y: (a - y) ** 2 / (1 + y * y) + y),
    "targets that decide": (Line, LINE, lambda a, y: (a - y) ** 2 if y > 0 else (a - y) ** 4 / 100),
    "targets as exponents": (Line, [(0.1 * x, x % 3 + 1) for x in range(9)], lambda a, y: a**y + a),
    "a loss of numbers too": (Line, [(x / 9, y) for x, y in LINE],
                              lambda a, y: total([0.5, (a - y) ** 2, 0.25 * a, y])),
}  # fmt: skip


@pytest.mark.parametrize(("make", "examples", "loss"), TASKS.values(), ids=TASKS)
@pytest.mark.parametrize("size", [None, 4])
def test_every_task_is_trained_in_the_same_steps(make, examples, loss, size):
    optimiser = partial(SGD, lr=0.03)
    check_same(make, examples, loss, optimiser, epochs=20, batch_size=size)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu", "leaky_relu", "softplus"])
def test_every_activation_is_trained_in_the_same_steps(activation):
    check_same(
        lambda: MLP(2, [6, 5, 1], activation=activation, seed=2),
        moons(20),
        binary_cross_entropy_with_logits,
        partial(Adam, lr=0.02),
        epochs=20,
    )


def test_a_loss_may_weigh_the_parameters():
    found = []
    for replay in (False, True):
        mlp = MLP(2, [4, 1], seed=0)
        weights = [p for p in mlp.parameters() if "w" in p.label]

        def loss(a, y, weights=weights):
            penalty = 0.01 * total([w * w for w in weights])
            return binary_cross_entropy_with_logits(a, y) + penalty

        sgd = SGD(mlp.parameters(), 0.5)
        history = fit(mlp, moons(12), loss, sgd, epochs=30, replay=replay)
        found.append(history.losses + [p.data for p in mlp.parameters()])
    assert found[0] == pytest.approx(found[1], **NEAR)


def test_a_loss_may_look_at_a_hidden_neuron():
    def make():
        mlp = MLP(1, [3, 1], seed=0)
        models.append(mlp)
        return mlp

    def loss(a, y):
        return (a - y) ** 2 + 0.1 * total([n.a**2 for n in models[-1].layers[0].neurons])

    models = []
    check_same(make, [([x], y / 9) for x, y in LINE], loss,
               partial(SGD, lr=0.05), epochs=20)  # fmt: skip


def test_the_first_examples_may_be_certain_of_their_classes():
    # Then the loss of another class cannot be recorded on top of their outputs.
    def certain():
        neuron = Neuron(1, "sigmoid")
        neuron.w, neuron.b = [60.0], 0.5
        return neuron

    def loss(p, y):
        return binary_cross_entropy(p, y) + 0.001 * total([p, p])

    examples = [([10.0], 1), ([-100.0], 0), ([0.02], 1), ([8.0], 1), ([-0.01], 0), ([0.01], 0)]
    check_same(certain, examples, loss, partial(Adam, lr=0.01), epochs=10, batch_size=3)


def test_a_model_may_be_a_function():
    found = []
    for replay in (False, True):
        w, b = Value(0.5), Value(0.0)
        sgd = SGD([w, b], 0.05)
        history = fit(lambda x, w=w, b=b: w * x + b, LINE, squared, sgd, epochs=40, replay=replay)
        found.append([*history.losses, w.data, b.data])
    assert found[0] == pytest.approx(found[1], **NEAR)
    assert found[1][-2:] == pytest.approx([3.0, 1.0], abs=0.05)


def test_only_the_parameters_of_the_optimiser_move():
    found = []
    for replay in (False, True):
        mlp = MLP(2, [4, 1], seed=0)
        last = mlp.layers[-1].parameters()
        fit(mlp, moons(12), binary_cross_entropy_with_logits, SGD(last, 0.5), epochs=20,
            replay=replay)  # fmt: skip
        found.append([p.data for p in mlp.parameters()])
    assert found[0] == pytest.approx(found[1], **NEAR)
    assert found[1][:12] == [p.data for p in MLP(2, [4, 1], seed=0).parameters()][:12]


def test_one_parameter_may_be_shared():
    def make():
        mlp = MLP(2, [3, 3, 1], seed=0)
        mlp.layers[0].neurons[0].w = mlp.layers[0].neurons[1].w
        mlp.layers[1].neurons[2].b = mlp.layers[0].neurons[0].b
        return mlp

    check_same(make, moons(10), binary_cross_entropy_with_logits,
               partial(SGD, lr=0.3), epochs=20)  # fmt: skip


def test_an_example_need_not_depend_on_all_parameters():
    check_same(partial(MLP, 2, [4, 2]), blobs(12), lambda a, y: (a[y] - 1) ** 2,
               partial(SGD, lr=0.05), epochs=20)  # fmt: skip


def test_an_input_may_be_unused():
    found = []
    for replay in (False, True):
        w = Value(0.5)
        examples = [([x, 100.0 * x, 7.0], y) for x, y in LINE]
        sgd = SGD([w], 0.02)
        found.append(fit(lambda x, w=w: w * x[0] + x[2], examples, squared, sgd, epochs=20,
                         replay=replay).losses)  # fmt: skip
    assert found[0] == pytest.approx(found[1], **NEAR)


def test_all_inputs_may_be_unused():
    w = Value(0.0)
    fit(lambda _: w, LINE, squared, SGD([w], 0.1), epochs=100, replay=True)
    assert w.data == pytest.approx(sum(y for _, y in LINE) / len(LINE))


def test_the_output_may_be_given_as_a_tuple_with_numbers_in_it():
    found = []
    for replay in (False, True):
        w = Value(0.5)
        history = fit(lambda x, w=w: (w * x, 1.0, Constant(2.0)), LINE,
                      lambda a, y: (a[0] - y * a[1]) ** 2 + a[2], SGD([w], 0.02), epochs=20,
                      replay=replay)  # fmt: skip
        found.append(history.losses)
    assert found[0] == pytest.approx(found[1], **NEAR)


def test_callbacks_and_the_history_work_as_without_replay():
    seen, line = [], Line()
    history = fit(
        line,
        LINE,
        squared,
        SGD(line.parameters(), 0.01),
        epochs=10,
        batch_size=3,
        replay=True,
        callback=lambda step: seen.append(step) or len(seen) == 5,
    )
    assert history.iterations == seen
    assert len(seen) == 5
    assert all(type(iteration.loss) is float for iteration in seen)


def test_gradients_are_set_not_added_to():
    line = Line()
    fit(line, LINE, squared, SGD(line.parameters(), 0.0), epochs=3, replay=True)
    replayed = [p.grad for p in line.parameters()]
    assert all(type(g) is float for g in replayed)
    fit(line, LINE, squared, SGD(line.parameters(), 0.0), epochs=3)
    assert replayed == pytest.approx([p.grad for p in line.parameters()], rel=1e-12)


# --- recorded once --------------------------------------------------------------------------------


def calls(n, epochs, batch_size=None):
    line = Line()
    examples = [(x / n, x / n) for x in range(n)]
    fit(line, examples, squared, SGD(line.parameters(), 0.01), epochs=epochs,
        batch_size=batch_size, replay=True)  # fmt: skip
    return line.calls


def test_the_model_is_recorded_once():
    few = calls(5, 1)
    assert few <= 4  # one recording, one search for parameters, two comparisons
    assert calls(5, 50) == calls(200, 3) == calls(200, 3, batch_size=7) == few


def test_recording_moves_no_parameter():
    numbers = [1 / 3, Fraction(1, 3), 2]
    line = [Value(x) for x in numbers]
    fit(lambda x: line[0] * x + line[1] + line[2], LINE, squared, SGD(line, 0.1), epochs=0,
        replay=True)  # fmt: skip
    assert [p.data for p in line] == numbers
    assert type(line[1].data) is Fraction
    assert [p.grad for p in line] == [0.0, 0.0, 0.0]


def test_the_model_is_given_values_once_and_then_numbers():
    given = []
    w = Value(1.0)

    def model(x):
        given.append(type(x))
        return w * x

    fit(model, LINE, squared, SGD([w], 0.01), epochs=20, replay=True)
    assert given.count(Value) == 1


# --- what cannot be replayed ----------------------------------------------------------------------


def refused(error, message, model, examples, loss, parameters):
    """Training by replay raises, and nothing has moved."""
    before = [p.data for p in parameters]
    with pytest.raises(error, match=message):
        fit(model, examples, loss, SGD(parameters, 0.1), epochs=2, replay=True)
    assert [p.data for p in parameters] == before


def test_a_model_that_branches_is_refused():
    w = Value(1.0)
    for model in (
        lambda x: w * x if x > 0 else -w * x,
        lambda x: w * x if w * x > 0 else 0.5 * w,
        lambda x: w * max(x, 0.0),
        lambda x: w * math.sin(x),
        lambda x: w * x if w else w,
        lambda x: w * round(x),
    ):
        refused(RuntimeError, "recording: a decision by Value", model, LINE, squared, [w])
    fit(lambda x: w * x if x > 0 else -w * x, LINE, squared, SGD([w], 0.01), epochs=1)


def test_a_loss_that_branches_is_refused():
    w = Value(-1.0)
    refused(RuntimeError, "recording: a decision", lambda x: w * x, LINE,
            lambda a, y: max(0, 1 - y * a), [w])  # fmt: skip


@pytest.mark.parametrize(
    "model",
    [
        lambda x, w: w * getattr(x, "data", x),
        lambda x, w: w * x + w.data,
        lambda x, w: w * x * w.detach(),
        lambda x, w: w * x if w.data > 1 else w * x * 2,
        lambda x, w: w * x if getattr(x, "data", x) == -3.0 else 2 * w * x,
        lambda x, w: w * x if x == -3.0 else 2 * w * x,
    ],
    ids=["of the input", "of a parameter", "detached", "decides", "decides by the input", "equal"],
)
def test_a_model_that_reads_data_is_detected(model):
    w = Value(1.0)
    refused(ValueError, r"fit: with replay=True the loss of example \d is .*, but the model gives "
            r".*: the model seems to read \.data",
            lambda x: model(x, w), LINE, squared, [w])  # fmt: skip


def test_a_model_that_uses_random_numbers_is_detected():
    w, rng = Value(1.0), random.Random(0)
    refused(ValueError, "fit: with replay=True the loss of", lambda x: w * x * rng.random(), LINE,
            squared, [w])  # fmt: skip


def test_inputs_of_several_lengths_are_refused():
    w = Value(1.0)
    refused(ValueError, "fit: for replay=True all inputs must have the same length",
            lambda xs: w * sum(xs), [([1.0], 1.0), ([1.0, 2.0], 1.0)], squared, [w])  # fmt: skip


@pytest.mark.parametrize("given", [[[1.0, 2.0]], ["1"], [None], "1", [Value(1.0)]])
def test_inputs_that_are_not_numbers_are_refused(given):
    w = Value(1.0)
    with pytest.raises(TypeError, match="fit: for replay=True an input must be a number"):
        fit(lambda _: w * 2, [(given, 1.0)], squared, SGD([w], 0.1), epochs=1, replay=True)


def test_parameters_of_another_model_are_refused():
    line, other = Line(), Line()
    refused(TypeError, "fit: the loss does not depend on 2 of the 2 parameters", line, LINE,
            squared, other.parameters())  # fmt: skip


def test_a_loss_that_uses_no_parameters_is_refused():
    w = Value(1.0)
    refused(TypeError, "fit: the loss does not depend on 1 of the 1", lambda x: 2.0 * x, LINE,
            squared, [w])  # fmt: skip


# --- when numbers leave the finite ----------------------------------------------------------------


def failures(make, examples, loss, rate, **settings):
    """The error of training without and with replay, and the parameters after it."""
    for replay in (False, True):
        model = make()
        steps = []
        with pytest.raises((ArithmeticError, ValueError)) as raised:
            fit(model, examples, loss, SGD(model.parameters(), rate), replay=replay,
                callback=steps.append, **settings)  # fmt: skip
        yield raised.value, len(steps), [p.data for p in model.parameters()]


@pytest.mark.parametrize("rate", [1e10, 1e100, 1e300])
@pytest.mark.parametrize("size", [None, 2, 1])
def test_too_large_a_learning_rate_ends_in_the_same_error(rate, size):
    plain, replayed = failures(
        lambda: MLP(1, [3, 1], activation="relu", seed=0),
        [([x], y) for x, y in LINE],
        half_squared_error,
        rate,
        epochs=50,
        batch_size=size,
    )
    assert type(replayed[0]) is type(plain[0]) is FloatingPointError
    assert str(replayed[0]).split(":")[:2] == str(plain[0]).split(":")[:2]
    assert replayed[1] == plain[1]
    assert replayed[2] == pytest.approx(plain[2], rel=1e-6)
    assert all(map(math.isfinite, replayed[2]))


def test_leaving_a_domain_ends_in_the_same_error():
    plain, replayed = failures(
        lambda: Line(1.0, 1.0), [(x, 0.0) for x in (1.0, 2.0, 3.0)],
        lambda a, y: a.log() * a, 0.35, epochs=50)  # fmt: skip
    assert type(replayed[0]) is type(plain[0]) is ValueError
    assert str(replayed[0]).split("(")[0] == str(plain[0]).split("(")[0] == "log: log"
    assert replayed[1] == plain[1] > 0
    assert replayed[2] == pytest.approx(plain[2], rel=1e-9)


def test_nan_among_the_data_is_named_as_without_replay():
    for bad in ([(1.0, 1.0), (math.nan, 1.0)], [(math.nan, 1.0)], [(1.0, 1.0), (2.0, math.nan)]):
        plain, replayed = failures(Line, bad, squared, 0.1, epochs=2)
        assert type(replayed[0]) is type(plain[0]) is FloatingPointError
        assert str(replayed[0]) == str(plain[0])
        assert replayed[1:] == plain[1:]


def test_ctrl_c_ends_training_as_without_replay():
    line, steps = Line(), []

    def callback(_):
        steps.append([p.data for p in line.parameters()])
        if len(steps) == 3:
            raise KeyboardInterrupt

    history = fit(line, LINE, squared, SGD(line.parameters(), 0.01), epochs=10, replay=True,
                  callback=callback)  # fmt: skip
    assert history.interrupted
    assert len(history.iterations) == 3
    assert [p.data for p in line.parameters()] == steps[-1]


def test_a_batch_that_failed_is_replayed_again_afterwards():
    mlp = MLP(1, [3, 1], activation="relu", seed=0)
    examples = [([x], y) for x, y in LINE]
    start = [p.data for p in mlp.parameters()]
    with pytest.raises(FloatingPointError):
        fit(mlp, examples, half_squared_error, SGD(mlp.parameters(), 1e300), epochs=9, replay=True)
    for p, x in zip(mlp.parameters(), start, strict=True):
        p.data = x
    history = fit(mlp, examples, half_squared_error, SGD(mlp.parameters(), 0.01), epochs=30,
                  replay=True)  # fmt: skip
    assert history.losses[-1] < history.losses[0]
