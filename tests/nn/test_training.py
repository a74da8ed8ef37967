import io
import itertools
import math
import random
import sys
from collections import Counter
from fractions import Fraction
from functools import partial
from statistics import linear_regression, mean, pstdev

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import Value, grad, total
from tinygrad_edu.engine import lock
from tinygrad_edu.nn import (
    MLP,
    SGD,
    Adam,
    History,
    Iteration,
    Neuron,
    accuracy,
    data,
    fit,
    predicted_class,
)
from tinygrad_edu.nn import batches as batch_gradients
from tinygrad_edu.nn.losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    mse,
)
from tinygrad_edu.nn.optimisers import Optimiser, cosine_decay, stepwise_decay

LINE = [(float(x), 3.0 * x) for x in range(-2, 3)]


def squared(a, y):
    return (a - y) ** 2


class Line:
    """A straight line that keeps a record of the inputs it is given."""

    def __init__(self, start=0.0):
        self.w, self.seen = Value(start, label="w"), []

    def __call__(self, x):
        self.seen.append(x)
        return self.w * x


def drawn(examples, epochs=1, **settings):
    """The inputs that training gives to a model, for each epoch and batch."""
    line = Line()
    history = fit(line, examples, squared, SGD([line.w], 0.0), epochs=epochs, **settings)
    inputs, found = iter(line.seen), [[] for _ in range(epochs)]
    for iteration in history.iterations:
        found[iteration.epoch - 1].append(list(itertools.islice(inputs, iteration.size)))
    assert next(inputs, None) is None
    return found


def numbers(n):
    return [(float(k), 0.0) for k in range(n)]


# --- epochs, batches, iterations ------------------------------------------------------------------


def test_a_thousand_examples_in_batches_of_200_make_5_iterations():  # B6
    line = Line()
    history = fit(line, numbers(1000), squared, SGD([line.w], 0.0), epochs=2, batch_size=200)
    places = [
        (iteration.epoch, iteration.number, iteration.size) for iteration in history.iterations
    ]
    assert places == [(epoch, k, 200) for epoch in (1, 2) for k in range(1, 6)]


@pytest.mark.parametrize(
    ("size", "sizes"),
    [(None, [10]), (10, [10]), (99, [10]), (1, [1] * 10), (5, [5, 5]), (4, [4, 4, 2]), (9, [9, 1])],
)
def test_one_setting_makes_it_batch_stochastic_or_mini_batch_descent(size, sizes):  # B6
    [epoch] = drawn(numbers(10), batch_size=size)
    assert [*map(len, epoch)] == sizes


@given(st.integers(1, 30), st.integers(1, 40), st.integers(0, 3), st.integers(0, 2**64))
def test_every_epoch_sees_each_example_once(n, size, epochs, seed):
    expected = Counter(x for x, _ in numbers(n))
    for epoch in drawn(numbers(n), epochs, batch_size=size, seed=seed):
        assert Counter(itertools.chain(*epoch)) == expected
        assert [*map(len, epoch[:-1])] == [size] * (len(epoch) - 1)


def test_batches_are_drawn_anew_in_each_epoch():  # B6
    epochs = drawn(numbers(40), epochs=3, batch_size=20)
    assert len({frozenset(epoch[0]) for epoch in epochs}) == 3  # other sets, not only other orders


def test_all_examples_in_one_batch_keep_their_order():
    examples = numbers(40)
    assert drawn(examples, epochs=2) == [[[x for x, _ in examples]]] * 2


def test_the_same_seed_draws_the_same_batches_and_another_others():
    run = partial(drawn, numbers(40), epochs=2, batch_size=8)
    assert run(seed=7) == run(seed=7)
    assert run(seed=7) != run(seed=8)
    assert run() == run(seed=0)


def test_the_global_source_of_randomness_stays_as_it_is():
    random.seed(5)
    state = random.getstate()
    first = drawn(numbers(20), batch_size=3)
    assert random.getstate() == state
    random.seed(6)
    assert drawn(numbers(20), batch_size=3) == first


def test_the_examples_stay_in_their_list():
    examples = numbers(20)
    drawn(examples, batch_size=3)
    assert examples == numbers(20)


# --- what a step does -----------------------------------------------------------------------------


def test_an_update_divides_by_the_size_of_its_own_batch():  # B6
    def model(x):
        return line.w * x + b

    line, b, rate = Line(Fraction(2)), Value(Fraction(-1)), Fraction(1, 100)
    examples = [(Fraction(x), Fraction(x * x)) for x in range(5)]
    seen, trail = [], [(line.w.data, b.data)]
    history = fit(
        lambda x: seen.append(x) or model(x),
        examples,
        squared,
        SGD([line.w, b], rate),
        epochs=2,
        batch_size=2,
        callback=lambda step: trail.append((line.w.data, b.data)),
    )
    assert [iteration.size for iteration in history.iterations] == [2, 2, 1] * 2
    inputs = iter(seen)
    for iteration, before, after in zip(history.iterations, trail[:-1], trail[1:], strict=True):
        line.w.data, b.data = before
        batch = list(itertools.islice(inputs, iteration.size))
        slopes = [grad(squared(model(x), x * x), [line.w, b]) for x in batch]
        sums = [sum(by) for by in zip(*slopes, strict=True)]  # of fractions: exact
        assert after == tuple(
            p - rate * s / iteration.size for p, s in zip(before, sums, strict=True)
        )
        assert iteration.loss == float(
            sum(squared(model(x), x * x).data for x in batch) / iteration.size
        )


def test_gradient_descent_on_all_data_is_the_loop_written_by_hand_to_the_last_bit():  # D2
    examples = data.moons(12)
    ours, by_hand = (MLP(2, [3, 1], "tanh", "sigmoid", seed=4) for _ in range(2))
    sgd = SGD(ours.parameters(), lr=0.5)
    history = fit(ours, examples, binary_cross_entropy, sgd, epochs=10)
    costs = []
    for _ in range(10):
        cost = total([binary_cross_entropy(by_hand(x), y) for x, y in examples]) / len(examples)
        by_hand.zero_grad()
        cost.backward()
        for p in by_hand.parameters():
            p.data -= 0.5 * p.grad
        costs.append(cost.data)
    assert history.losses == costs
    assert ours.state_dict() == by_hand.state_dict()


def test_weights_and_biases_move_at_the_same_time():
    w, b = Value(2.0), Value(3.0)
    fit(lambda x: w * b * x, [(1.0, 0.0)], lambda a, y: a, SGD([w, b], 0.5), epochs=1)
    assert (w.data, b.data) == (2 - 0.5 * 3, 3 - 0.5 * 2)  # the second by the old w


def test_training_goes_as_the_notes_have_it_from_random_weights_and_biases_of_1():  # B5
    mlp = MLP(2, [3, 1], "sigmoid", "sigmoid", initialisation="lecture", seed=1)
    before = mlp.state_dict()
    weights = [x for name, x in before.items() if name.startswith("w")]
    assert len(set(weights)) == len(weights) == 9
    assert [x for name, x in before.items() if name.startswith("b")] == [1.0] * 4
    [(x, y)] = example = [((0.05, 0.10), 1)]
    slopes = grad(mse(mlp(x), y, half=True), mlp.parameters())  # forward, backward
    sgd = SGD(mlp.parameters(), lr=0.5)
    fit(mlp, example, partial(mse, half=True), sgd, epochs=1)  # and the update
    moved = [x - 0.5 * slope for x, slope in zip(before.values(), slopes, strict=True)]
    assert list(mlp.state_dict().values()) == moved
    assert all(slope != 0 for slope in slopes)


def test_a_thousand_iterations_end_where_the_loss_is_least():  # C1, D2
    examples = data.curve(9, lambda x: 2 * x - 1, low=-1, high=1, noise=0.3)
    xs, ys = [x for (x,), _ in examples], [y for _, y in examples]
    neuron = Neuron(1, "identity")
    fit(neuron, examples, squared, SGD(neuron.parameters(), 0.3), epochs=1000)
    # Each step removes a fraction of the distance to the least squares; only rounding remains.
    assert (neuron.w[0].data, neuron.b.data) == pytest.approx(linear_regression(xs, ys), abs=1e-14)


def test_earlier_gradients_have_no_effect_on_training():
    line = Line()
    line.w.grad = 1e9
    fit(line, [(1.0, 1.0)], squared, SGD([line.w], 0.5), epochs=1)
    assert line.w.data == 1.0


def test_an_optimiser_of_your_own_can_be_used():
    class Signs(Optimiser):
        def updated(self, gradients, rate):
            pairs = zip(self.parameters, gradients, strict=True)
            return [p.data - math.copysign(rate, g) for p, g in pairs]

    line = Line()
    history = fit(line, LINE, squared, Signs([line.w], 0.25), epochs=8)
    assert line.w.data == 2.0
    assert len(history.iterations) == 8


def test_more_training_goes_on_with_the_state_of_the_optimiser():
    once, twice = Line(), Line()
    fit(once, LINE, squared, Adam([once.w], 0.1), epochs=6)
    adam = Adam([twice.w], 0.1)
    for _ in range(2):
        fit(twice, LINE, squared, adam, epochs=3)
    assert once.w.data == twice.w.data


# --- the history ----------------------------------------------------------------------------------


def test_a_history_has_every_iteration_with_its_loss_and_rate():
    line = Line()
    sgd = SGD([line.w], stepwise_decay(0.5, 0.5, every=1))
    history = fit(line, [(1.0, 1.0)], squared, sgd, epochs=3)
    # The first step goes to 0 - 0.5 · 2 (0 - 1) = 1, and there the slope ends.
    assert history.iterations == [
        Iteration(1, 1, 1.0, 1, 0.5),
        Iteration(2, 1, 0.0, 1, 0.25),
        Iteration(3, 1, 0, 1, 1 / 8),
    ]
    assert history.losses == [1.0, 0.0, 0.0]
    assert not history.interrupted


def test_the_loss_of_an_epoch_is_the_mean_over_its_examples():
    line = Line(1.0)
    examples = [(float(x), 0.0) for x in range(5)]
    history = fit(line, examples, squared, SGD([line.w], 0.0), epochs=3, batch_size=2)
    assert history.epoch_losses == [(0 + 1 + 4 + 9 + 16) / 5] * 3  # not the mean over the batches
    assert len(set(history.losses)) > 1


def test_a_history_shows_itself_in_a_line():
    steps = [
        Iteration(1, 1, 2.0, 3, 0.1),
        Iteration(1, 2, 6.0, 1, 0.1),
        Iteration(2, 1, 0.5, 3, 0.1),
    ]
    assert (
        repr(History(steps)) == "2 epochs, 3 iterations: loss 3 in the first epoch, 0.5 in the last"
    )
    assert (
        repr(History(steps[:1])) == "1 epoch, 1 iteration: loss 2 in the first epoch, 2 in the last"
    )
    assert repr(History(steps[:1], interrupted=True)).endswith("in the last, interrupted")
    assert repr(History()) == "no iterations"
    assert repr(History(interrupted=True)) == "no iterations, interrupted"


def test_no_epochs_make_no_iterations():
    line = Line()
    assert fit(line, LINE, squared, SGD([line.w]), epochs=0) == History()
    assert line.seen == []


# --- the callback ---------------------------------------------------------------------------------


def test_the_callback_sees_every_iteration_after_its_update():
    line, seen = Line(), []
    sgd = SGD([line.w], 0.25)

    def callback(step):
        seen.append((step, line.w.data))

    history = fit(line, [(1.0, 1.0)], squared, sgd, epochs=3, callback=callback)
    assert [iteration for iteration, _ in seen] == history.iterations
    assert [w for _, w in seen] == [0.5, 0.75, 0.875]  # each goes half the way to 1


def test_true_from_the_callback_ends_the_training():
    line = Line()
    history = fit(
        line,
        LINE,
        squared,
        SGD([line.w]),
        epochs=9,
        callback=lambda iteration: iteration.epoch == 3,
    )
    assert [iteration.epoch for iteration in history.iterations] == [1, 2, 3]
    assert not history.interrupted


@pytest.mark.parametrize("answer", [None, False, 0, 1, "stop", [True], 1.0])
def test_no_other_answer_of_the_callback_ends_the_training(answer):
    line = Line()
    history = fit(line, LINE, squared, SGD([line.w]), epochs=3, callback=lambda step: answer)
    assert len(history.iterations) == 3


@pytest.mark.parametrize(
    "true", [True, np.True_, np.bool_(1), np.ones(1)[0] > 0, np.asarray(np.True_)], ids=repr
)
def test_a_true_of_numpy_ends_training_too(true):
    line = Line()
    history = fit(line, LINE, squared, SGD([line.w]), epochs=3, callback=lambda step: true)
    assert len(history.iterations) == 1


@pytest.mark.parametrize("answer", [np.False_, np.float64(1.0), np.int64(1)], ids=repr)
def test_other_scalars_of_numpy_do_not_end_the_training(answer):
    line = Line()
    history = fit(line, LINE, squared, SGD([line.w]), epochs=3, callback=lambda step: answer)
    assert len(history.iterations) == 3


def test_a_callback_that_returns_several_booleans_is_told_to_decide():
    line = Line()
    with pytest.raises(TypeError, match=r"fit: a callback must return True .*; write .any"):
        fit(line, LINE, squared, SGD([line.w]), epochs=3, callback=lambda s: np.ones(2) > 0)


# --- when it is interrupted, or fails -------------------------------------------------------------


def raising(error, at, of=lambda *_: None):
    """A function that raises an error in its call number ``at``, from 1."""
    calls = itertools.count(1)

    def function(*args):
        if next(calls) == at:
            raise error
        return of(*args)

    return function


def train(error, place, at, batch_size=None):
    """Train with an error on the way; return what fit does, and w before and after each step."""
    line, trail = Line(), [0.0]
    sgd = SGD([line.w], 0.05)

    def kept(_):
        trail.append(line.w.data)

    parts = {"model": line, "loss": squared, "callback": kept, "step": sgd.updated}
    parts[place] = raising(error, at, parts[place])
    sgd.updated = parts["step"]
    arguments = parts["model"], LINE, parts["loss"], sgd
    run = partial(fit, *arguments, epochs=9, batch_size=batch_size, callback=parts["callback"])
    return run, line, sgd, trail


@pytest.mark.parametrize(
    ("place", "at", "steps"),
    [("model", 13, 2), ("loss", 13, 2), ("callback", 3, 3), ("step", 3, 2), ("model", 1, 0)],
)
def test_an_interrupt_ends_the_training_after_the_last_full_step(place, at, steps):
    run, line, sgd, trail = train(KeyboardInterrupt, place, at)  # LINE has 5 examples
    history = run()
    assert history.interrupted
    assert len(history.iterations) == sgd.steps == steps
    whole = Line()
    fit(whole, LINE, squared, SGD([whole.w], 0.05), epochs=steps)
    assert line.w.data == whole.w.data
    assert trail == [*dict.fromkeys(trail)]  # w moved at every step


@pytest.mark.parametrize(
    ("place", "at", "steps"),
    [("model", 13, 2), ("loss", 13, 2), ("callback", 3, 3), ("step", 3, 2), ("model", 1, 0)],
)
@pytest.mark.parametrize("kind", [RuntimeError, SystemExit, GeneratorExit])
def test_other_errors_pass_and_leave_the_last_full_step(kind, place, at, steps):
    error = kind("by design")
    run, line, sgd, _ = train(error, place, at)
    with pytest.raises(kind) as passed:
        run()
    assert passed.value is error
    whole = Line()
    fit(whole, LINE, squared, SGD([whole.w], 0.05), epochs=steps)
    assert (line.w.data, sgd.steps) == (whole.w.data, steps)


def interrupted_at(line_number, modules, run):
    """Interrupt ``run`` at a line of some modules; return how many lines it reached."""
    count = itertools.count(1)
    came_to = 0

    def tracer(frame, event, _):
        nonlocal came_to
        if not frame.f_code.co_filename.endswith(modules):
            return None
        # Python takes no signal where a lock is let go.
        if frame.f_code.co_name in {"ancestors", "adjoints", "accumulate"}:
            return None
        if event == "line":
            came_to = next(count)
            if came_to == line_number:
                raise KeyboardInterrupt
        return tracer

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        run()
    finally:
        sys.settrace(before)
    return came_to


@pytest.mark.parametrize(
    "kind", [SGD, partial(SGD, momentum=0.9), Adam], ids=["SGD", "momentum", "Adam"]
)
def test_an_interrupt_at_any_line_of_backward_or_step_leaves_full_steps(kind):
    def start():
        w, b = Value(1.0), Value(-1.0)
        optimiser, trail = kind([w, b], 0.05), [(w.data, b.data)]

        def run():
            found.append(
                fit(
                    lambda x: w * x + b,
                    [(1.0, 2.0)],
                    squared,
                    optimiser,
                    epochs=2,
                    callback=lambda _: trail.append((w.data, b.data)),
                )
            )

        return w, b, optimiser, trail, run

    found, modules = [], ("engine.py", "optimisers.py")
    _, _, _, trail, run = start()
    lines = interrupted_at(-1, modules, run)
    assert len(set(trail)) == 3
    assert lines > 100
    for line in range(1, lines + 1):
        w, b, optimiser, _, run = start()
        interrupted_at(line, modules, run)
        history = found[-1]
        assert history.interrupted
        assert (w.data, b.data) == trail[len(history.iterations)]
        assert optimiser.steps == len(history.iterations)
        assert not lock._is_owned()


# --- numbers that leave the finite ----------------------------------------------------------------


def assert_not_finite(message, model, examples, parameters, loss=lambda a, y: a):
    """Training stops with a message, and the parameters are as they were."""
    before = [p.data for p in parameters]
    sgd = SGD(parameters, 0.1)
    with pytest.raises(FloatingPointError) as refusal:
        fit(model, examples, loss, sgd, epochs=1)
    assert str(refusal.value) == f"fit: {message}. No parameter has changed in this step."
    assert list(map(repr, before)) == [repr(p.data) for p in parameters]
    assert sgd.steps == 0


def test_a_loss_of_inf_names_the_first_operation():
    w, b = Value(1e200, "w"), Value(1.0, "b")
    assert_not_finite(
        "the loss is inf: v₂ = v₁ · w = 1e+200 · 1e+200 = inf is the first operation whose result "
        "is not finite",
        lambda x: (w * b) * w * 2 + b,
        [(1.0, 0.0)],
        [w, b],
    )


def test_a_loss_of_nan_names_the_first_operation_and_its_name():
    w = Value(1e308, "w")

    def model(_):
        z = w * 10
        z.label = "z"
        return z - z

    assert_not_finite(
        "the loss is nan: z = w · 10 = 1e+308 · 10 = inf is the first operation whose result "
        "is not finite",
        model,
        [(1.0, 0.0)],
        [w],
    )


@pytest.mark.parametrize("x", [math.nan, math.inf, -math.inf])
def test_an_input_that_is_not_finite_is_named(x):
    neuron = Neuron(2, "identity")
    neuron.w[1].data = 1.0
    assert_not_finite(
        f"the loss is {x}: the input x₂[2] of weighted_sum is {x}",  # x₂ of the second example
        neuron,
        [((1.0, 1.0), 0.0), ((1.0, x), 0.0)],
        neuron.parameters(),
    )


def test_a_target_that_is_not_finite_is_named():
    line = Line()
    with pytest.raises(FloatingPointError, match=r"the loss is nan: the input .*of sub is nan\."):
        fit(line, [(1.0, math.nan)], squared, SGD([line.w]), epochs=1)
    assert line.w.data == 0.0


def test_a_parameter_that_is_not_finite_is_named():
    w, b = Value(math.nan, "w₁"), Value(0.0)
    message = "the loss is nan: the parameter w₁ is nan"
    assert_not_finite(message, lambda x: (w + b) * 2, [(1.0, 0.0)], [w, b])
    w.data, b.data = 0.0, -math.inf
    message = "the loss is -inf: the parameter v₁ without a label is -inf"
    assert_not_finite(message, lambda x: w + b, [(1.0, 0.0)], [w, b])


def test_a_gradient_that_is_not_finite_names_the_operation_though_the_loss_is_0():
    w = Value(0.0, "w")
    assert_not_finite(
        "a gradient is not finite, though the loss is: at v₁ = w · 1e+200 the gradient ∂L/∂v₁ = "
        "1e+200 times the local derivative ∂v₁/∂w = 1e+200 is the first product that is not finite",
        lambda x: w * 1e200 * 1e200,
        [(1.0, 0.0)],
        [w],
    )


def test_the_error_names_a_sum_of_gradients_that_overflows():
    w = Value(1e-10, "w")
    message = (
        "a gradient is not finite, though the loss is: the contributions to ∂L/∂w are finite, "
        "but add up to inf"
    )
    assert_not_finite(message, lambda x: w * 1e308 + w * 1e308, [(1.0, 0.0)], [w])


def test_an_error_keeps_the_earlier_iterations():
    line = Line()
    sgd = SGD([line.w], lambda k: 0.5 if k < 2 else math.nan)
    with pytest.raises(ValueError, match="SGD: the rate must be at least 0, not nan"):
        fit(line, [(1.0, 3.0)], squared, sgd, epochs=9)
    assert sgd.steps == 2
    assert math.isfinite(line.w.data)


# --- what it is given -----------------------------------------------------------------------------


@pytest.mark.parametrize("none", [[], (), data.moons(0)])
def test_training_needs_data(none):
    line = Line()
    with pytest.raises(ValueError, match=r"^fit: there are no data$"):
        fit(line, none, squared, SGD([line.w]), epochs=1)


@pytest.mark.parametrize("size", [0, -1])
def test_a_batch_has_at_least_one_example(size):
    line = Line()
    with pytest.raises(ValueError, match=f"batch_size must be at least 1, not {size}$"):
        fit(line, LINE, squared, SGD([line.w]), epochs=1, batch_size=size)
    assert line.seen == []


@pytest.mark.parametrize(
    "loss", [lambda a, y: 1.0, lambda a, y: float(a), lambda a, y: squared(a.detach(), y)]
)
def test_a_loss_that_depends_on_no_parameter_is_refused(loss):
    line = Line(1.5)
    with pytest.raises(TypeError, match=r"^fit: the loss does not depend on any parameter"):
        fit(line, LINE, loss, SGD([line.w]), epochs=1)
    assert line.w.data == 1.5


def test_rows_of_arrays_are_examples():
    inputs, targets = np.array([[0.0, 1.0], [1.0, 1.0]]), np.array([0, 1])
    arrays, lists = (Neuron(2, "sigmoid", seed=0) for _ in range(2))
    for neuron, examples in [
        (arrays, list(zip(inputs, targets, strict=True))),
        (lists, list(zip(inputs.tolist(), targets.tolist(), strict=True))),
    ]:
        fit(neuron, examples, binary_cross_entropy, SGD(neuron.parameters()), epochs=2)
    assert arrays.state_dict() == lists.state_dict()
    assert all(type(p.data) is float for p in arrays.parameters())


# --- the progress bar -----------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self):
        return True


def trained(**settings):
    line = Line()
    return fit(line, LINE, squared, SGD([line.w], 0.05), epochs=3, batch_size=2, **settings)


def test_there_is_no_bar_where_there_is_no_terminal(capsys):
    trained()
    assert capsys.readouterr() == ("", "")


def test_a_bar_that_is_asked_for_counts_the_iterations_and_shows_the_loss(capsys):
    pytest.importorskip("tqdm")
    history = trained(progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    last = err.rsplit("\r", 1)[-1]
    assert "9/9" in last
    assert "iteration" in last
    assert f"loss={history.losses[-1]:.4g}" in last


def test_a_bar_shows_on_a_terminal_unless_it_is_not_wanted(monkeypatch):
    pytest.importorskip("tqdm")
    terminals = [Terminal(), Terminal()]
    for terminal, progress in zip(terminals, [None, False], strict=True):
        monkeypatch.setattr(sys, "stderr", terminal)
        trained(progress=progress)
    assert "9/9" in terminals[0].getvalue()
    assert terminals[1].getvalue() == ""


@pytest.mark.parametrize("ends", ["interrupt", "error", "callback"])
def test_a_bar_is_closed_when_training_ends_early(capsys, ends):
    pytest.importorskip("tqdm")
    error = {"interrupt": KeyboardInterrupt, "error": RuntimeError}.get(ends)
    if error is RuntimeError:
        with pytest.raises(RuntimeError):
            trained(progress=True, callback=raising(error, 4))
    else:
        trained(progress=True, callback=raising(error, 4) if error else lambda s: s.epoch == 2)
    err = capsys.readouterr().err
    assert "4/9" in err.rsplit("\r", 1)[-1]
    assert err.endswith("\n")  # the terminal goes on in a line of its own


def test_a_bar_without_tqdm_is_an_error_if_asked_for(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    line = Line()
    with pytest.raises(ImportError, match=r"^fit: a progress bar needs tqdm: pip install tqdm$"):
        fit(line, LINE, squared, SGD([line.w]), epochs=1, progress=True)
    assert line.seen == []


def test_without_tqdm_a_terminal_shows_nothing(monkeypatch):
    terminal = Terminal()
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setattr(sys, "stderr", terminal)
    assert len(trained().iterations) == 9
    assert terminal.getvalue() == ""


def test_training_needs_no_stderr(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)  # as in a program without a console
    assert len(trained().iterations) == 9


# --- what a trained network says ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("output", "threshold", "expected"),
    [
        (0.5, 0.5, 1),
        (math.nextafter(0.5, 0), 0.5, 0),
        (0.0, 0.0, 1),
        (-1.0, 0.0, 0),
        (0.7, 0.8, 0),
        (Value(0.9), 0.5, 1),
        (np.float64(0.1), 0.5, 0),
        ([0.2, 0.5, 0.3], 0.5, 1),
        ([3.0, -1.0], 0.5, 0),
        ((0.5, 0.5), 0.5, 0),  # of equal ones the first
        ([Value(0.1), Value(0.2)], 0.5, 1),
        (np.array([0.1, 0.2, 0.9]), 0.5, 2),
    ],
)
def test_the_predicted_class_is_the_largest_or_that_of_the_threshold(output, threshold, expected):
    predicted = predicted_class(output, threshold)  # B3
    assert predicted == expected
    assert type(predicted) is int


def same(x):
    return x


@pytest.mark.parametrize(
    ("examples", "settings", "share"),
    [
        ([(0.9, 1), (0.2, 0), (0.3, 1), (0.6, 1)], {}, 3 / 4),
        ([(0.9, 1), (0.2, 0), (0.3, 1), (0.6, 1)], {"threshold": 0.8}, 2 / 4),
        ([(0.9, True), (0.2, 0.0), (0.6, 0.01)], {}, 2 / 3),
        ([(-2.0, -1), (0.1, 1), (3.0, -1), (-0.1, 1)], {"threshold": 0}, 2 / 4),
        ([([0.1, 0.9], 1), ([0.1, 0.9], 0), ([3.0, 1.0], 0)], {}, 2 / 3),
        ([([0.1, 0.9], [0, 1]), ([0.1, 0.9], [1, 0]), ([3.0, 1.0], [1, 0])], {}, 2 / 3),
        ([([0, 1, 2], np.int64(2)), (np.array([0, 1, 2]), 1)], {}, 1 / 2),
        ([((0.2, 0.5, 0.3), (0.3, 0.4, 0.3))], {}, 1.0),
    ],
)
def test_accuracy_is_the_share_of_right_classes(examples, settings, share):
    assert accuracy(same, examples, **settings) == share


def test_accuracy_computes_with_a_frozen_copy():
    mlp = MLP(2, [3, 1], "tanh", "sigmoid")
    before = mlp(data.XOR[0][0])
    gradients = [p.grad for p in mlp.parameters()]
    right = [predicted_class(mlp(x)) == y for x, y in data.XOR]
    before = mlp.layers[0].neurons[0].z
    assert accuracy(mlp, data.XOR) == sum(right) / 4
    assert mlp.layers[0].neurons[0].z is before  # the network itself was not called
    assert [p.grad for p in mlp.parameters()] == gradients


# --- it learns ------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
@pytest.mark.parametrize("hidden", [2, 4])
def test_a_network_learns_xor(hidden, activation):  # A3
    mlp = MLP(2, [hidden, 1], activation, "sigmoid", seed=1)
    sgd = SGD(mlp.parameters(), 1.0, momentum=0.9)
    history = fit(mlp, data.XOR, binary_cross_entropy, sgd, epochs=400)
    assert accuracy(mlp, data.XOR) == 1.0
    assert history.losses[-1] < 0.02
    assert history.losses[0] > 0.5  # log 2 is that of a network that knows nothing


@pytest.mark.parametrize(("table", "share"), [(data.AND, 1.0), (data.OR, 1.0), (data.XOR, 0.75)])
def test_one_neuron_learns_and_and_or_but_of_xor_three_cases_at_most(table, share):  # A1
    neuron = Neuron(2, "sigmoid")
    sgd = SGD(neuron.parameters(), 5.0)
    found = []
    fit(
        neuron,
        table,
        binary_cross_entropy,
        sgd,
        epochs=100,
        callback=lambda _: found.append(accuracy(neuron, table)),
    )
    assert max(found) <= share
    assert share < 1 or found[-1] == 1.0


def test_a_sigmoid_neuron_learns_what_logistic_regression_does():  # A2
    examples = data.blobs(60, noise=1.0)
    neuron = Neuron(2, "sigmoid", seed=0)
    sgd = SGD(neuron.parameters(), 1.0, momentum=0.9)
    history = fit(neuron, examples, binary_cross_entropy, sgd, epochs=400)
    # Logistic regression by Newton's method, which ends at rounding.
    x = np.array([(*point, 1.0) for point, _ in examples])
    y, theta = np.array([label for _, label in examples]), np.zeros(3)
    for _ in range(20):
        p = 1 / (1 + np.exp(-x @ theta))
        theta += np.linalg.solve((x.T * p * (1 - p)) @ x, x.T @ (y - p))
    learnt = [*(w.data for w in neuron.w), neuron.b.data]
    assert learnt == pytest.approx(theta.tolist(), rel=1e-6)
    assert accuracy(neuron, examples) == np.mean((p >= 0.5) == y)
    assert history.losses[-1] == pytest.approx(-np.mean(np.log(np.where(y, p, 1 - p))), rel=1e-9)


def learns(examples, sizes, epochs, optimiser, **settings):
    """Train a network with one output on two classes; return its accuracy."""
    mlp = MLP(2, [*sizes, 1], "tanh", "sigmoid", **settings)
    steps = epochs * math.ceil(len(examples) / 10)
    optimiser = optimiser(mlp.parameters(), steps)
    fit(mlp, examples, binary_cross_entropy, optimiser, epochs=epochs, batch_size=10)
    return accuracy(mlp, examples)


def test_a_network_learns_moons():
    def momentum(parameters, _):
        return SGD(parameters, 0.5, momentum=0.9)

    assert learns(data.moons(100), [8], 40, momentum, seed=1) >= 0.99


def test_a_network_learns_circles():
    def adam(parameters, _):
        return Adam(parameters, 0.1)

    assert learns(data.circles(100), [8], 25, adam) == 1.0


@pytest.mark.slow
def test_a_network_learns_two_spirals():
    def adam(parameters, steps):
        return Adam(parameters, cosine_decay(0.05, steps))

    assert learns(data.spirals(100), [8, 8], 60, adam) >= 0.95


def test_logits_learn_as_well_from_relu():
    mlp = MLP(2, [8, 8, 1], "relu", initialisation="kaiming", seed=1)
    adam = Adam(mlp.parameters(), cosine_decay(0.05, 400))
    loss = binary_cross_entropy_with_logits
    examples = data.moons(100)
    fit(mlp, examples, loss, adam, epochs=40, batch_size=10)
    right = [predicted_class(mlp(x), threshold=0) == y for x, y in examples]
    assert mean(right) >= 0.97


def test_a_network_learns_a_curve():
    mlp, examples = MLP(1, [8, 1]), data.curve(20)
    adam = Adam(mlp.parameters(), cosine_decay(0.05, 1000))
    fit(mlp, examples, mse, adam, epochs=250, batch_size=5)
    frozen = mlp.frozen()
    assert mean((frozen(x) - y) ** 2 for x, y in examples) < 0.005  # the sine itself has 1/2
    between = [k / 10 for k in range(-30, 31)]
    assert max(abs(frozen([x]) - math.sin(x)) for x in between) < 0.25


@pytest.mark.slow
def test_a_network_learns_iris():
    datasets = pytest.importorskip("sklearn.datasets")
    inputs, labels = (found.tolist() for found in datasets.load_iris(return_X_y=True))
    examples = list(zip(inputs, labels, strict=True))
    random.Random(0).shuffle(examples)
    columns = list(zip(*(x for x, _ in examples[:100]), strict=True))  # what training may know
    means, deviations = list(map(mean, columns)), list(map(pstdev, columns))
    examples = [
        ([(x - m) / s for x, m, s in zip(xs, means, deviations, strict=True)], label)
        for xs, label in examples
    ]
    mlp = MLP(4, [8, 3])
    adam = Adam(mlp.parameters(), 0.03)
    fit(mlp, examples[:100], cross_entropy, adam, epochs=20, batch_size=10)
    assert accuracy(mlp, examples[:100]) >= 0.96
    assert accuracy(mlp, examples[100:]) >= 0.93


# --- mistakes that would otherwise go unseen ------------------------------------------------------


def test_accuracy_of_logits_with_targets_0_and_1():
    assert accuracy(lambda x: x, [(-5.0, 0), (5.0, 1)], threshold=0) == 1.0
    assert accuracy(lambda x: x, [(-5.0, -1), (5.0, 1)], threshold=0) == 1.0


def test_a_list_of_one_output_or_target_counts_as_the_number():
    assert predicted_class([0.9]) == 1
    assert accuracy(lambda x: [x], [(0.9, 1), (0.1, [0])]) == 1.0
    assert accuracy(lambda x: x, [(0.9, [1]), (0.1, [0])]) == 1.0


def test_arrays_without_dimensions_count_as_numbers():
    assert predicted_class(np.array(0.7)) == 1
    assert accuracy(lambda _: np.array(0.7), [(0.5, np.array(1)), (0.5, 0)]) == 0.5
    assert accuracy(lambda _: np.array([0.1, 0.9]), [(0.5, np.array(1)), (0.5, 0)]) == 0.5


def test_accuracy_needs_data():
    with pytest.raises(ValueError, match="accuracy: there are no data"):
        accuracy(lambda x: x, [])


def test_the_optimiser_of_another_network_is_noticed():
    other = SGD(MLP(2, [1]).parameters())
    with pytest.raises(TypeError, match="does not depend on 3 of the 3 parameters"):
        fit(MLP(2, [1]), data.XOR, squared, other, epochs=2)


def test_data_may_come_from_an_iterator_and_are_gone_through_in_every_epoch():
    line = Line()
    history = fit(line, zip([1.0, 2.0], [3.0, 6.0], strict=True), squared, SGD([line.w]), epochs=3)
    assert [iteration.size for iteration in history.iterations] == [2, 2, 2]


def test_a_step_that_would_go_to_infinity_is_not_taken():
    w = Value(1e300, "w")
    with pytest.raises(
        FloatingPointError, match="SGD: w would become -inf: the learning rate is too large"
    ):
        fit(lambda x: w * x, [(1.0, 0.0)], lambda a, y: a * 1e5, SGD([w], 1e305), epochs=1)
    assert w.data == 1e300


def test_epochs_below_0_are_refused():
    line = Line()
    with pytest.raises(ValueError, match="epochs must be at least 0, not -1"):
        fit(line, [(1.0, 3.0)], squared, SGD([line.w]), epochs=-1)


def test_all_parameters_of_the_optimiser_must_be_those_of_the_model():
    """With only some of them the loss would still fall, and nobody would notice."""
    neuron = Neuron(1, "identity")
    sgd = SGD(neuron.parameters())
    neuron.w = [Value(5.0)]
    with pytest.raises(TypeError, match="does not depend on 1 of the 2 parameters"):
        fit(neuron, [([1.0], 3.0)], squared, sgd, epochs=1)


def test_data_that_are_not_pairs_are_refused():
    line = Line()
    for wrong in ([1.0, 2.0], [(1.0, 2.0, 3.0)], ([1.0, 2.0, 3.0], [4.0, 5.0, 6.0])):
        with pytest.raises(TypeError, match="fit: data must be pairs of an input and a target"):
            fit(line, wrong, squared, SGD([line.w]), epochs=1)


def test_a_source_of_randomness_goes_on_from_call_to_call():
    line, seen = Line(), []
    rng = random.Random(3)
    for _ in range(2):
        fit(
            lambda x: line(x) if seen.append(x) is None else None,
            [(float(x), 0.0) for x in range(20)],
            squared, SGD([line.w], 1e-6), epochs=1, batch_size=1, seed=rng,
        )  # fmt: skip
    assert sorted(seen[:20]) == sorted(seen[20:])
    assert seen[:20] != seen[20:]


@pytest.mark.parametrize("target", [3, -2, 7.5])
def test_a_target_that_is_not_a_class_is_refused(target):
    with pytest.raises(ValueError, match="must be a class, 0 or 1, not"):
        accuracy(lambda x: x, [(0.5, target)])


def test_nan_stands_for_no_class():
    with pytest.raises(ValueError, match="predicted_class: there is a nan among the outputs"):
        predicted_class([math.nan, 1.0])


def test_settings_that_are_not_whole_numbers_are_named():
    line = Line()
    for setting in ({"epochs": 1.5}, {"epochs": 1, "batch_size": 2.5}):
        with pytest.raises(TypeError, match="must be a whole number, not"):
            fit(line, [(1.0, 3.0)], squared, SGD([line.w]), **setting)


def test_only_the_first_step_looks_for_the_parameters(monkeypatch):
    """A walk over the graph in every iteration would double the time of the backward pass."""
    walks = []
    ancestors = batch_gradients.ancestors
    monkeypatch.setattr(
        batch_gradients, "ancestors", lambda cost: walks.append(cost) or ancestors(cost)
    )
    line = Line()
    fit(line, [(1.0, 3.0)], squared, SGD([line.w], 0.1), epochs=3)
    assert len(walks) == 1
