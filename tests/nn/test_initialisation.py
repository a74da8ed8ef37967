"""Initialisations: the formulas, and their effect on the size of signals."""

import math
from functools import partial
from itertools import pairwise
from random import Random
from statistics import fmean, pvariance

import pytest

from tinygrad_edu import MLP, Layer, Neuron, leaky_relu, losses, relu, sigmoid, softplus, tanh
from tinygrad_edu.nn import SGD, Initialisation
from tinygrad_edu.nn.activations import ACTIVATIONS, identity, linear
from tinygrad_edu.nn.data import XOR
from tinygrad_edu.nn.initialisation import INITIALISATIONS, gain, initialisation_of

FAN_IN, FAN_OUT = 60, 100  # different, so that a mix-up is noticed
DRAWS = FAN_IN * FAN_OUT
ROOT_2 = math.sqrt(2)
UNIFORM, NORMAL = 1.8, 3.0  # kurtosis


def weights_of(initialisation, activation):
    layer = Layer(FAN_IN, FAN_OUT, activation, initialisation=initialisation, seed=1)
    return [w for row in layer.W for w in row]


# --- the formulas ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("initialisation", "activation", "deviation", "kurtosis"),
    [
        ("uniform", "tanh", 1 / math.sqrt(3), UNIFORM),
        ("lecture", "tanh", 1 / math.sqrt(3), UNIFORM),
        ("xavier", "identity", math.sqrt(2 / (FAN_IN + FAN_OUT)), UNIFORM),
        ("xavier", "tanh", 5 / 3 * math.sqrt(2 / (FAN_IN + FAN_OUT)), UNIFORM),
        ("xavier", "relu", ROOT_2 * math.sqrt(2 / (FAN_IN + FAN_OUT)), UNIFORM),
        ("kaiming", "identity", 1 / math.sqrt(FAN_IN), NORMAL),
        ("kaiming", "relu", math.sqrt(2 / FAN_IN), NORMAL),
        ("kaiming", partial(leaky_relu, alpha=1.0), 1 / math.sqrt(FAN_IN), NORMAL),
    ],
)
def test_mean_deviation_and_shape_are_those_of_the_formula(
    initialisation, activation, deviation, kurtosis
):
    weights = weights_of(initialisation, activation)
    assert len(weights) == DRAWS
    # The tolerance is five standard errors. That of a mean is σ/√n, that of a mean square
    # σ² √((κ - 1)/n), and that of a mean fourth power √((μ₈ - μ₄²)/n), where μ₈ is σ⁸ 81/9 for the
    # uniform and σ⁸ 105 for the normal distribution.
    assert abs(fmean(weights)) < 5 * deviation / math.sqrt(DRAWS)
    squares = fmean((w / deviation) ** 2 for w in weights)
    assert abs(squares - 1) < 5 * math.sqrt((kurtosis - 1) / DRAWS)
    eighth = 9 if kurtosis == UNIFORM else 105
    fourth = fmean((w / deviation) ** 4 for w in weights)
    assert abs(fourth - kurtosis) < 5 * math.sqrt((eighth - kurtosis**2) / DRAWS)


@pytest.mark.parametrize(
    ("initialisation", "activation", "bound"),
    [
        ("uniform", "tanh", 1.0),
        ("lecture", "tanh", 1.0),
        ("xavier", "identity", math.sqrt(6 / (FAN_IN + FAN_OUT))),
        ("xavier", "tanh", 5 / 3 * math.sqrt(6 / (FAN_IN + FAN_OUT))),
    ],
)
def test_uniform_weights_fill_their_interval_and_stay_inside(initialisation, activation, bound):
    weights = weights_of(initialisation, activation)
    # The probability that no draw of n comes within 0.5 % of an end is 0.9975^n < 1e-6.
    assert -bound <= min(weights) < -0.995 * bound
    assert 0.995 * bound < max(weights) <= bound


@pytest.mark.parametrize(
    ("name", "bias"),
    [("lecture", 1.0), ("uniform", 0.0), ("xavier", 0.0), ("kaiming", 0.0), ("zeros", 0.0)],
)
def test_biases_are_1_in_the_lecture_b5_and_0_elsewhere(name, bias):
    mlp = MLP(2, [3, 2], initialisation=name)
    assert [layer.b for layer in mlp.layers] == [[bias] * 3, [bias] * 2]


def test_zeros_are_zeros():
    assert {p.data for p in MLP(2, [3, 2], initialisation="zeros").parameters()} == {0.0}


def test_every_name_is_tested_above():
    assert set(INITIALISATIONS) == {"lecture", "uniform", "xavier", "kaiming", "zeros"}


def test_an_initialisation_is_given_the_fan_out_of_a_neuron():
    one, many = (Neuron(2, fan_out=fan_out, seed=1).w[0].data for fan_out in (1, 10))
    assert one / many == pytest.approx(math.sqrt((2 + 10) / (2 + 1)), rel=1e-15)


def test_your_own_initialisation_is_given_all_arguments_once_for_each_weight():
    asked = []

    def weight(rng, fan_in, fan_out, strength):
        asked.append((fan_in, fan_out, strength))
        return rng.choice([-0.25, 0.25])

    mine = Initialisation(weight, bias=0.5)
    mlp = MLP(2, [3, 1], "relu", initialisation=mine, seed=Random(1))
    assert asked == [(2, 3, ROOT_2)] * 6 + [(3, 1, 1.0)] * 3
    assert {p.data for p in mlp.parameters() if p.label.startswith("w")} == {-0.25, 0.25}
    assert {p.data for p in mlp.parameters() if p.label.startswith("b")} == {0.5}
    assert initialisation_of(mine) is mine


@pytest.mark.parametrize("given", ["he", "Xavier", "", None, 0])
def test_an_unknown_name_is_refused_with_those_there_are(given):
    with pytest.raises(ValueError, match="no initialisation") as refusal:
        initialisation_of(given)
    assert repr(given) in str(refusal.value)
    assert all(name in str(refusal.value) for name in INITIALISATIONS)


# --- gains ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("activation", "expected"),
    [  # the table in the documentation of torch.nn.init.calculate_gain
        (identity, 1.0),
        (linear, 1.0),
        (sigmoid, 1.0),
        (tanh, 5 / 3),
        (relu, ROOT_2),
        (leaky_relu, math.sqrt(2 / (1 + 0.01**2))),
        (partial(leaky_relu, alpha=0.2), math.sqrt(2 / (1 + 0.2**2))),
        (partial(tanh), 5 / 3),
        # activations that are not in that table
        (softplus, 1.0),
        (abs, 1.0),
        (lambda z: z * z, 1.0),
    ],
)
def test_the_gain_is_the_documented_one_and_1_for_all_others(activation, expected):
    assert gain(activation) == expected


def test_the_gains_are_those_of_torch():
    torch = pytest.importorskip("torch")
    of_torch = torch.nn.init.calculate_gain
    for name in ("linear", "sigmoid", "tanh", "relu", "leaky_relu"):
        assert gain(ACTIVATIONS[name]) == of_torch(name)
    assert gain(partial(leaky_relu, alpha=0.3)) == of_torch("leaky_relu", 0.3)


# --- what they are for ----------------------------------------------------------------------------


def train(mlp, steps=5):
    optimiser = SGD(mlp.parameters(), lr=1.0)
    for x, y in (XOR * steps)[: 4 * steps]:
        loss = losses.binary_cross_entropy(mlp(x), y)
        mlp.zero_grad()
        loss.backward()
        optimiser.step()


def test_neurons_that_start_as_zeros_stay_the_same_in_training():
    mlp = MLP(2, [3, 1], "sigmoid", "sigmoid", initialisation="zeros")
    train(mlp)
    rows = mlp.layers[0].theta
    assert rows[0] == rows[1] == rows[2]
    assert all(rows[0])  # and they moved
    [outgoing] = mlp.layers[1].W
    assert outgoing[0] == outgoing[1] == outgoing[2] != 0


def test_neurons_that_start_at_random_become_different():
    mlp = MLP(2, [3, 1], "sigmoid", "sigmoid", initialisation="lecture")
    train(mlp)
    assert all(a != b for a, b in pairwise(mlp.layers[0].theta))


WIDTH, DEPTH = 50, 5


def growth(initialisation, activation):
    """The factor by which the variance of z grows from the first wide layer to the last."""
    mlp = MLP(WIDTH, [WIDTH] * DEPTH, activation, initialisation=initialisation, seed=2)
    rng = Random(3)
    frozen = mlp.frozen()
    frozen([rng.gauss(0, 1) for _ in range(WIDTH)])
    first, last = (pvariance([n.z for n in frozen.layers[k].neurons], mu=0) for k in (0, DEPTH - 1))
    return last / first


# Given the layer before, the z of a layer are independent and approximately normal, and their mean
# square is correct on average. For the identity, the relative variance of the mean square is 2/n.
# For a = relu(z) it is 5/n, because a⁴ has the mean 3σ⁴/2 and a² the mean σ²/2. The variances of
# the layers add up in the logarithm, whose mean is lower by half of that sum. The tolerance is five
# standard deviations around that mean.
@pytest.mark.parametrize(
    ("initialisation", "activation", "variance"),
    [("xavier", "identity", 2), ("kaiming", "identity", 2), ("kaiming", "relu", 5)],
)
def test_xavier_and_kaiming_keep_the_size_of_signals(initialisation, activation, variance):
    of_the_logarithm = DEPTH * variance / WIDTH
    logarithm = math.log(growth(initialisation, activation))
    assert abs(logarithm + of_the_logarithm / 2) < 5 * math.sqrt(of_the_logarithm)


@pytest.mark.parametrize(("activation", "variance"), [("identity", 2), ("relu", 5)])
def test_uniform_weights_do_not_keep_the_size_of_signals(activation, variance):
    of_the_logarithm = DEPTH * variance / WIDTH
    # A weight from -1 to 1 has the variance 1/3, and relu halves the mean square.
    each = WIDTH / 3 if activation == "identity" else WIDTH / 6
    logarithm = math.log(growth("uniform", activation))
    assert logarithm > 5 * math.sqrt(of_the_logarithm)  # the test above would fail
    off = logarithm - (DEPTH - 1) * math.log(each)
    assert abs(off + of_the_logarithm / 2) < 5 * math.sqrt(of_the_logarithm)
