import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import Constant, Value, grad, total
from tinygrad_edu.nn import MLP, SGD, Adam
from tinygrad_edu.nn.optimisers import (
    Optimiser,
    cosine_decay,
    exponential_decay,
    linear_decay,
    stepwise_decay,
)

both = pytest.mark.parametrize("kind", [SGD, Adam])
ordinary = st.floats(-100, 100).filter(lambda g: g == 0 or abs(g) > 1e-3)
some_gradients = st.lists(ordinary, min_size=1, max_size=10)


def after(optimiser, gradients):
    """The numbers of a single parameter after a step for each gradient."""
    [p] = optimiser.parameters
    for g in gradients:
        p.grad = g
        optimiser.step()
    return p.data


# --- where a step goes ----------------------------------------------------------------------------


@given(st.floats(-100, 100), st.floats(0, 1), st.floats(-100, 100))
def test_gradient_descent_goes_down_the_gradient_to_the_last_bit(start, rate, g):
    assert after(SGD([Value(start)], rate), [g]) == start - rate * g


@given(st.floats(0.1, 0.95), some_gradients)
def test_momentum_adds_up_the_gradients_with_fading_weights(mu, gradients):
    # v_k = Σ μ^(k-i) g_i over i ≤ k, and p goes down by η v_k each time: summed exactly.
    m = Fraction(mu)
    weights = [sum(m**j for j in range(len(gradients) - i)) for i in range(len(gradients))]
    terms = [w * Fraction(g) for w, g in zip(weights, gradients, strict=True)]
    moved = after(SGD([Value(0.0)], 0.5, momentum=mu), gradients)
    # Fewer than 5 roundings of 1.1e-16 in each of at most 10 steps.
    assert moved == pytest.approx(-0.5 * float(sum(terms)), rel=0, abs=1e-14 * sum(map(abs, terms)))


def test_momentum_rolls_on_where_the_slope_ends():
    assert after(SGD([Value(1.0)], 0.5, momentum=0.5), [1.0, 0.0, 0.0]) == 1 - 0.5 - 0.25 - 0.125


@pytest.mark.parametrize("settings", [{}, {"momentum": 0.5}], ids=str)
def test_weight_decay_is_the_gradient_of_half_lambda_times_the_squares(settings):
    w, v = Value(2.0), Value(-3.0)  # small dyadic numbers: everything is exact
    decayed = SGD([w, v], 0.5, weight_decay=0.25, **settings)
    p, q = Value(2.0), Value(-3.0)
    penalised = SGD([p, q], 0.5, **settings)
    for _ in range(3):
        w.grad, v.grad = grad(w * v, [w, v])
        p.grad, q.grad = grad(p * q + 0.25 / 2 * total([p * p, q * q]), [p, q])
        decayed.step()
        penalised.step()
        assert (w.data, v.data) == (p.data, q.data)


@given(some_gradients, st.sampled_from([(0.9, 0.999), (0.5, 0.75), (0.0, 0.5)]))
def test_adam_divides_the_mean_gradient_by_the_root_mean_square(gradients, betas):
    b1, b2 = map(Fraction, betas)
    gs, x, low = [Fraction(g) for g in gradients], 0.0, 0.0
    for k in range(1, len(gs) + 1):
        # Weighted means of all gradients so far, with weights that sum to 1: in exact fractions.
        m, v, high = (
            sum(f(g) * b ** (k - i) for i, g in enumerate(gs[:k], start=1))
            / sum(b ** (k - i) for i in range(1, k + 1))
            for b, f in [(b1, Fraction), (b2, lambda g: g * g), (b1, abs)]
        )
        x -= 0.125 * float(m) / (math.sqrt(v) + 1e-8)
        low += 0.125 * float(high) / (math.sqrt(v) + 1e-8)
    moved = after(Adam([Value(0.0)], 0.125, betas=betas), gradients)
    # 1 - β^k loses digits: 1.1e-16 / (1 - 0.999) is 1.1e-13 of it; the rest is smaller.
    assert moved == pytest.approx(x, rel=0, abs=5e-13 * low)


@given(st.sampled_from([-1.0, 1.0]), st.floats(1e-3, 1e100))
def test_the_first_step_of_adam_is_as_long_as_the_learning_rate(sign, size):
    # ε = 1e-8 makes the step smaller by the factor 1e-8 / |g|, which is at most 1e-5.
    assert after(Adam([Value(0.0)], 0.5), [sign * size]) == pytest.approx(-sign * 0.5, rel=2e-5)


def test_eps_makes_the_step_of_adam_small_for_tiny_gradients():
    g = 1e-8  # as large as ε, so the step is half as long
    assert after(Adam([Value(0.0)], 0.5, eps=1e-8), [g]) == pytest.approx(-0.25, rel=1e-12)
    assert after(Adam([Value(0.0)], 0.5), [0.0]) == 0.0


def test_weight_decay_of_adam_is_added_to_the_gradient():
    p, q = Value(2.0), Value(2.0)
    decayed, plain = Adam([p], 0.1, weight_decay=0.5), Adam([q], 0.1)
    for g in [1.0, -3.0, 0.25]:
        p.grad, q.grad = g, g + 0.5 * q.data
        decayed.step()
        plain.step()
        assert p.data == q.data


@both
def test_every_parameter_moves_against_its_own_gradient(kind):
    together = [Value(1.0), Value(-2.0), Value(0.0)]
    optimiser = kind(together, 0.1, weight_decay=0.01)
    for p, g in zip(together, [3.0, -0.5, 0.0], strict=True):
        p.grad = g
    optimiser.step()
    alone = [
        after(kind([Value(x)], 0.1, weight_decay=0.01), [g])
        for x, g in [(1.0, 3.0), (-2.0, -0.5), (0.0, 0.0)]
    ]
    assert [p.data for p in together] == alone


def test_all_parameters_move_at_the_same_time():
    class Sums(Optimiser):
        """Sets every parameter to the sum of all, as they were before."""

        def updated(self, gradients, rate):
            assert (gradients, rate) == ([0.0, 0.0], 0.1)
            return [sum(q.data for q in self.parameters) for _ in self.parameters]

    w, v = Value(1.0), Value(2.0)
    Sums([w, v], 0.1).step()
    assert (w.data, v.data) == (3.0, 3.0)


def test_an_optimiser_that_does_not_define_updated_is_refused():
    with pytest.raises(NotImplementedError):
        Optimiser([Value(1.0)], 0.1).step()


def test_fractions_stay_exact():
    w, v = Value(Fraction(1)), Value(Fraction(1, 3))
    optimiser = SGD([w, v], Fraction(1, 10))
    for _ in range(2):
        optimiser.zero_grad()
        (w * w + w * v).backward()
        optimiser.step()
    # w ← w - (2 w + v) / 10, v ← v - w / 10, by hand: 23/30 and 7/30, then 59/100 and 47/300
    assert (w.data, v.data) == (Fraction(59, 100), Fraction(47, 300))


def test_zero_grad_clears_the_parameters_only():
    w, other = Value(1.0), Value(1.0)
    (w * other).backward()
    SGD([w]).zero_grad()
    assert (w.grad, other.grad) == (0.0, 1.0)


# --- the learning rate ----------------------------------------------------------------------------


@both
def test_a_learning_rate_is_a_number_or_a_function_of_the_steps_done(kind):
    number, function = kind([Value(1.0)], 0.3), kind([Value(1.0)], lambda k: 0.3)
    assert after(number, [1.0, -2.0, 3.0]) == after(function, [1.0, -2.0, 3.0])


@both
def test_a_schedule_is_asked_for_the_number_of_steps_done(kind):
    optimiser = kind([Value(0.0)], lambda k: k + 0.5)
    rates = []
    for k in range(4):
        assert optimiser.steps == k
        rates.append(optimiser.rate)
        optimiser.step()
    assert rates == [0.5, 1.5, 2.5, 3.5]


def test_each_step_uses_its_own_rate():
    assert after(SGD([Value(0.0)], [1.0, 0.25, 4.0].__getitem__), [1.0, 1.0, 1.0]) == -5.25


def test_the_learning_rate_can_be_changed_during_training():
    optimiser = SGD([Value(0.0)], 1.0)
    after(optimiser, [1.0])
    optimiser.lr = 0.5
    assert after(optimiser, [1.0]) == -1.5


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        (stepwise_decay(1.0, 0.5, every=1), [1.0, 0.5, 0.25, 0.125, 0.0625]),
        (stepwise_decay(8.0, 0.25, every=3), [8.0, 8.0, 8.0, 2.0, 2.0, 2.0, 0.5]),
        (exponential_decay(1.0, 0.5), [1.0, 0.5, 0.25, 0.125]),
        (exponential_decay(3.0, 1.0), [3.0, 3.0, 3.0]),
        (linear_decay(1.0, 4), [1.0, 0.75, 0.5, 0.25, 0.0, 0.0, 0.0]),
        (linear_decay(1.0, 2, final=0.5), [1.0, 0.75, 0.5, 0.5]),
        (linear_decay(0.0, 2, final=1.0), [0.0, 0.5, 1.0, 1.0]),
    ],
)
def test_a_schedule_gives_the_rate_of_every_step(schedule, rates):
    assert [schedule(k) for k in range(len(rates))] == rates


@given(st.floats(1e-3, 10), st.floats(0, 10), st.integers(1, 1000))
def test_the_cosine_goes_from_rate_to_final_by_way_of_their_mean(rate, final, half):
    schedule = cosine_decay(rate, 2 * half, final)
    size = 1e-15 * (rate + final)  # a handful of roundings
    assert schedule(0) == pytest.approx(rate, rel=0, abs=size)
    assert schedule(half) == pytest.approx((rate + final) / 2, rel=0, abs=size)
    assert schedule(2 * half) == schedule(2 * half + 1) == schedule(10**9) == final


@given(st.integers(1, 50))
def test_the_cosine_is_half_a_wave(steps):
    schedule = cosine_decay(2.0, steps)
    for k in range(steps + 1):  # 1 + cos 2x = 2 cos² x
        expected = 2 * math.cos(math.pi * k / steps / 2) ** 2
        assert schedule(k) == pytest.approx(expected, rel=0, abs=2e-15)


# --- all or nothing -------------------------------------------------------------------------------


class Jammed(Value):
    """A parameter whose move is interrupted."""

    __slots__ = ("jams",)

    def __setattr__(self, name, x):
        if name == "data" and getattr(self, "jams", False):
            self.jams = False
            raise KeyboardInterrupt
        super().__setattr__(name, x)


@pytest.mark.parametrize("place", [0, 1, 2])
@both
def test_a_step_that_is_interrupted_has_moved_nothing(kind, place):
    parameters = [Value(1.0), Value(2.0), Value(3.0)]
    parameters[place] = Jammed(parameters[place].data)
    optimiser = kind(parameters, 0.1)
    for p in parameters:
        p.grad = 1.0
    parameters[place].jams = True
    with pytest.raises(KeyboardInterrupt):
        optimiser.step()
    assert [p.data for p in parameters] == [1.0, 2.0, 3.0]
    assert optimiser.steps == 0


def test_after_an_interrupt_gradient_descent_goes_on_as_if_there_had_been_none():
    w, v = Value(1.0), Jammed(2.0)
    optimiser = SGD([w, v], 0.5)
    w.grad = v.grad = 1.0
    v.jams = True
    with pytest.raises(KeyboardInterrupt):
        optimiser.step()
    optimiser.step()
    assert (w.data, v.data, optimiser.steps) == (0.5, 1.5, 1)


def test_an_update_of_too_few_numbers_moves_nothing():
    class Half(Optimiser):
        def updated(self, gradients, rate):
            return [0.0 * rate * g for g in gradients[:1]]

    w, v = Value(1.0), Value(2.0)
    optimiser = Half([w, v], 0.1)
    with pytest.raises(ValueError, match="shorter"):
        optimiser.step()
    assert (w.data, v.data, optimiser.steps) == (1.0, 2.0, 0)


def test_a_schedule_that_fails_moves_nothing():
    w = Value(1.0)
    optimiser = SGD([w], lambda k: 1 / k)
    w.grad = 1.0
    with pytest.raises(ZeroDivisionError):
        optimiser.step()
    assert (w.data, optimiser.steps) == (1.0, 0)


# --- what they are given --------------------------------------------------------------------------


@both
@pytest.mark.parametrize(
    "parameters",
    [[], [1.0], [Constant(1.0)], [Value(1.0), Constant(1.0)], ["w"], [None], [MLP(1, [1])], "w"],
    ids=str,
)
def test_parameters_are_values_and_at_least_one(kind, parameters):
    with pytest.raises(TypeError, match=f"{kind.__name__}: parameters must be a list of Values"):
        kind(parameters)


@both
def test_a_parameter_given_twice_is_refused(kind):
    w = Value(1.0)
    with pytest.raises(ValueError, match=f"{kind.__name__}: a parameter is given twice"):
        kind([w, Value(1.0), w])


@both
def test_parameters_of_equal_numbers_are_not_the_same(kind):
    assert len(kind([Value(1.0), Value(1.0)]).parameters) == 2


@both
def test_parameters_may_come_from_a_generator(kind):
    optimiser = kind(p for p in MLP(2, [3, 1]).parameters())
    assert len(optimiser.parameters) == 3 * 2 + 3 + 3 + 1


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        (SGD, {"momentum": -0.1}, "SGD: momentum must be at least 0 and below 1, not -0.1"),
        (SGD, {"momentum": 1}, "SGD: momentum must be at least 0 and below 1, not 1"),
        (SGD, {"momentum": math.nan}, "SGD: momentum must be at least 0 and below 1, not nan"),
        (SGD, {"weight_decay": -1.0}, "SGD: weight_decay must be at least 0, not -1.0"),
        (SGD, {"weight_decay": math.inf}, "SGD: weight_decay must be at least 0, not inf"),
        (Adam, {"weight_decay": math.nan}, "Adam: weight_decay must be at least 0, not nan"),
        (Adam, {"betas": (1.0, 0.9)}, "Adam: a beta must be at least 0 and below 1, not 1.0"),
        (Adam, {"betas": (0.9, -0.5)}, "Adam: a beta must be at least 0 and below 1, not -0.5"),
        (Adam, {"eps": -1e-8}, "Adam: eps must be at least 0, not -1e-08"),
    ],
    ids=str,
)
def test_a_setting_out_of_its_range_is_refused(kind, settings, message):
    with pytest.raises(ValueError, match="^" + message):
        kind([Value(1.0)], **settings)


@pytest.mark.parametrize("make", [lambda ps: SGD(ps, 0.5, momentum=0.9), Adam], ids=["SGD", "Adam"])
def test_a_step_that_is_interrupted_leaves_the_state_as_it_was(make):
    w, v = Value(1.0), Jammed(2.0)
    optimiser = make([w, v])
    before = {key: kept for key, kept in vars(optimiser).items() if key != "parameters"}
    w.grad = v.grad = 1.0
    v.jams = True
    with pytest.raises(KeyboardInterrupt):
        optimiser.step()
    assert {key: kept for key, kept in vars(optimiser).items() if key != "parameters"} == before


def test_fractions_stay_exact_with_momentum_and_where_nothing_moves():
    w, v = Value(Fraction(1)), Value(Fraction(1))
    sgd = SGD([w, v], Fraction(1, 10), momentum=Fraction(1, 2))
    for _ in range(2):
        w.grad = Fraction(1)
        sgd.step()
    assert (w.data, v.data) == (Fraction(3, 4), Fraction(1))
    assert type(v.data) is Fraction


@pytest.mark.parametrize("rate", [-1, math.nan, math.inf])
def test_a_learning_rate_is_a_number_from_0_on(rate):
    with pytest.raises(ValueError, match=r"SGD: lr must be at least 0, not"):
        SGD([Value(1.0)], rate)
    w = Value(1.0)
    sgd = SGD([w], lambda _: rate)
    with pytest.raises(ValueError, match=r"SGD: the rate must be at least 0, not"):
        sgd.step()


def test_adam_says_when_the_square_of_a_gradient_is_too_large():
    w = Value(1.0)
    adam = Adam([w])
    w.grad = 1e200
    with pytest.raises(FloatingPointError, match="Adam: the square of a gradient"):
        adam.step()
    assert w.data == 1.0


@pytest.mark.parametrize("schedule", [linear_decay, cosine_decay])
def test_a_schedule_needs_at_least_one_step(schedule):
    with pytest.raises(ValueError, match=f"{schedule.__name__}: steps must be at least 1, not 0"):
        schedule(1.0, 0)
    with pytest.raises(ValueError, match="stepwise_decay: every must be at least 1, not 0"):
        stepwise_decay(1.0, 0.5, 0)


def test_settings_have_the_usual_defaults():
    sgd, adam = SGD([Value(1.0)]), Adam([Value(1.0)])
    assert (sgd.lr, sgd.momentum, sgd.weight_decay) == (0.1, 0, 0)
    assert (adam.lr, adam.betas, adam.eps, adam.weight_decay) == (0.01, (0.9, 0.999), 1e-8, 0)


# --- names of settings ----------------------------------------------------------------------------


@both
def test_the_learning_rate_is_lr_and_comes_second(kind):
    assert kind([Value(1.0)], 0.3).lr == kind([Value(1.0)], lr=0.3).lr == 0.3
    assert repr(kind([Value(1.0)], 0.3)) == f"{kind.__name__}(1 parameters, lr=0.3)"


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        (SGD, "learning_rate", "lr"),
        (Adam, "learning_rate", "lr"),
        (SGD, "rate", "lr"),
        (SGD, "decay", "weight_decay"),
        (Adam, "l2", "weight_decay"),
        (Adam, "epsilon", "eps"),
        (Adam, "beta1", "betas="),
        (Adam, "beta_2", "betas="),
    ],
)
def test_a_setting_by_another_name_is_refused_and_its_name_here_given(kind, old, new):
    message = f"{kind.__name__}: there is no setting '{old}'; write {new}"
    with pytest.raises(TypeError, match=message):
        kind([Value(1.0)], **{old: 0.1})


@pytest.mark.parametrize(
    ("kind", "setting"), [(SGD, "nesterov"), (SGD, "eps"), (SGD, "epsilon"), (Adam, "momentum")]
)
def test_a_setting_that_does_not_exist_is_refused_with_the_names_of_all_settings(kind, setting):
    message = rf"no setting '{setting}'; there are lr, .* and weight_decay$"
    with pytest.raises(TypeError, match=message):
        kind([Value(1.0)], 0.1, **{setting: 0.1})


def test_the_old_name_of_the_learning_rate_is_refused_as_an_attribute_too():
    sgd = SGD([Value(1.0)], 0.1)
    with pytest.raises(AttributeError, match=r"write optimiser.lr = \.\.\."):
        sgd.learning_rate = 0.5
    with pytest.raises(AttributeError, match=r"write optimiser.lr$"):
        sgd.learning_rate  # noqa: B018 - the look-up is what raises


@both
@pytest.mark.parametrize("lr", [None, "0.1", [0.1], Value(0.1), 1j])
def test_a_learning_rate_that_is_not_a_number_is_refused(kind, lr):
    with pytest.raises(TypeError, match=f"{kind.__name__}: lr must be a number, not "):
        kind([Value(1.0)], lr)


@pytest.mark.parametrize("betas", [0.9, (0.9,), (0.9, 0.99, 0.999), None, "0.9"])
def test_betas_are_a_pair(betas):
    with pytest.raises(TypeError, match=r"Adam: betas must be a pair, such as \(0.9, 0.999\)"):
        Adam([Value(1.0)], betas=betas)


def test_numbers_of_numpy_set_an_optimiser_and_leave_floats():
    w = Value(1.0)
    sgd = SGD([w], np.float64(0.5), momentum=np.float32(0.5), weight_decay=np.int64(0))
    w.grad = np.float64(1.0)
    sgd.step()
    assert (w.data, type(w.data)) == (0.5, float)


@pytest.mark.parametrize(
    ("given", "instead"),
    [
        (MLP(1, [1]), r"write SGD\(mlp.parameters\(\), lr\)"),
        (list(MLP(1, [1]).named_parameters()), "without names"),
        ([Constant(1.0)], "a Constant has no gradient"),
    ],
)
def test_wrong_parameters_are_answered_with_the_correct_call(given, instead):
    with pytest.raises(TypeError, match=f"SGD: parameters must be .*{instead}"):
        SGD(given, 0.1)


# --- gradients that are none ----------------------------------------------------------------------

SETTINGS = [
    (SGD, {}),
    (SGD, {"momentum": 0.5}),
    (SGD, {"weight_decay": 0.1}),
    (SGD, {"momentum": 0.5, "weight_decay": 0.1}),
    (Adam, {}),
    (Adam, {"weight_decay": 0.1}),
]
every = pytest.mark.parametrize(("kind", "settings"), SETTINGS, ids=str)


@every
def test_a_parameter_without_a_gradient_does_not_move(kind, settings):
    """Steps without a gradient have no effect on the following ones, as in PyTorch."""
    w, v, alone = Value(1.0), Value(2.0), Value(1.0)
    optimiser, other = kind([w, v], 0.1, **settings), kind([alone], 0.1, **settings)
    for g in (None, 1.0, None, None, -2.0, 0.5, None):
        w.grad, v.grad = g, 1.0
        before = w.data
        optimiser.step()
        if g is None:
            assert w.data == before
        else:
            alone.grad = g
            other.step()
        assert w.data == alone.data
    assert optimiser.steps == 7


@every
def test_a_parameter_without_a_gradient_does_not_move_as_in_pytorch(kind, settings):
    torch = pytest.importorskip("torch")
    ours = Value(1.0)
    theirs = torch.nn.Parameter(torch.tensor(1.0, dtype=torch.float64))
    optimiser = kind([ours], 0.1, **settings)
    reference = getattr(torch.optim, kind.__name__)([theirs], lr=0.1, **settings)
    for g in (None, 1.0, None, -2.0, 0.5):
        ours.grad = g
        theirs.grad = None if g is None else torch.tensor(g, dtype=torch.float64)
        optimiser.step()
        reference.step()
        assert ours.data == pytest.approx(theirs.item(), rel=1e-14)


def test_a_parameter_moves_again_after_a_gradient_of_none():
    w = Value(2.0)
    w.grad = None
    (w * w).backward()
    assert w.grad == 4.0


@every
@pytest.mark.parametrize("g", [math.nan, math.inf, -math.inf])
def test_a_gradient_that_is_not_finite_is_named_and_nothing_moves(kind, settings, g):
    w, v = Value(1.0, "w"), Value(2.0)
    w.grad, v.grad = g, 1.0
    with pytest.raises(FloatingPointError, match=f"the gradient of w is {g}; first_nonfinite_grad"):
        kind([w, v], 0.1, **settings).step()
    assert (w.data, v.data) == (1.0, 2.0)


@every
@pytest.mark.parametrize("g", ["1", [1.0], 1j, np.ones(2), Value(1.0)], ids=repr)
def test_a_gradient_that_is_not_a_number_is_named_and_nothing_moves(kind, settings, g):
    w, v = Value(1.0, "w"), Value(2.0)
    w.grad, v.grad = g, 1.0
    with pytest.raises(TypeError, match="gradient of w must be a number or None, ") as refusal:
        kind([w, v], 0.1, **settings).step()
    assert ("write p.grad = g.data" in str(refusal.value)) == isinstance(g, Value)
    assert (w.data, v.data) == (1.0, 2.0)


def test_a_parameter_that_is_not_finite_already_is_named():
    w = Value(math.inf, "w")
    with pytest.raises(FloatingPointError, match="w is inf already; set it to a finite number"):
        SGD([w], 0.1).step()


@pytest.mark.parametrize("g", [0.0, 1e-200])
def test_adam_without_eps_says_what_it_divides_by(g):
    w = Value(1.0, "w")
    adam = Adam([w], 0.1, eps=0)
    w.grad = g
    with pytest.raises(FloatingPointError, match=r"all gradients of w .*; write eps=1e-8"):
        adam.step()
    assert (w.data, adam.steps, adam.ages) == (1.0, 0, [0])
    w.grad = 1.0
    adam.step()
    assert w.data == pytest.approx(0.9, rel=1e-15)
