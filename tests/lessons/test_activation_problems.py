"""The activation functions and the problem of each one (A6)."""

import math
from random import Random

import pytest

from tinygrad_edu.lessons.activation_problems import (
    ACTIVATIONS_OF_A6,
    RAMP,
    born_dead,
    collapsed,
    derivative_at,
    gradient_of_a_neuron,
    gradient_through,
    report,
)
from tinygrad_edu.nn import MLP
from tinygrad_edu.table import leaky_relu, relu, sigmoid, tanh

POINTS = [-10.0, -2.0, -0.5, 0.5, 2.0, 5.0, 10.0]


@pytest.mark.parametrize("z", POINTS)
def test_the_derivatives_are_those_of_the_lecture(z):
    odds = math.exp(-z)
    assert derivative_at(sigmoid, z) == pytest.approx(odds / (1 + odds) ** 2, rel=1e-9)
    assert derivative_at(tanh, z) == pytest.approx(
        1 / math.cosh(z) ** 2, rel=1e-6
    )  # 1 - tanh² cancels
    assert derivative_at(relu, z) == (z > 0)
    assert derivative_at(leaky_relu, z) == (1 if z > 0 else 0.01)
    assert derivative_at(ACTIVATIONS_OF_A6["step"], z) == 0
    assert derivative_at(ACTIVATIONS_OF_A6["2z + 1"], z) == 2


@pytest.mark.parametrize("z", POINTS)
def test_tanh_is_a_stretched_sigmoid(z):
    assert tanh(z) == pytest.approx(2 * sigmoid(2 * z) - 1, abs=1e-15)
    assert derivative_at(tanh, z) == pytest.approx(4 * derivative_at(sigmoid, 2 * z), rel=1e-6)


def test_sigmoid_and_tanh_saturate_and_relu_does_not():
    for g in (sigmoid, tanh):
        slopes = [derivative_at(g, z) for z in (0.0, 2.0, 5.0, 10.0)]
        assert slopes == sorted(slopes, reverse=True)
        assert slopes[-1] < 2e-4 * slopes[0]
    assert derivative_at(relu, 10.0) == 1


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_the_gradient_of_a_deep_network_is_the_product_of_its_slopes(depth):
    a, product = 1.0, 1.0
    for _ in range(depth):
        a = 1 / (1 + math.exp(-a - 1))
        product *= a * (1 - a)
    assert gradient_through(sigmoid, depth) == pytest.approx(product, rel=1e-12)
    assert gradient_through(sigmoid, depth) <= 0.25**depth
    assert gradient_through(tanh, depth) <= derivative_at(tanh, 1.0) ** depth
    assert gradient_through(relu, depth) == 1


def test_a_dead_relu_never_moves_and_a_leaky_one_learns():
    dead, alive = (born_dead(g, epochs=400) for g in (relu, leaky_relu))
    assert [p.data for p in dead.parameters()] == [-1.0, -0.5]
    assert [p.grad for p in dead.parameters()] == [0.0, 0.0]
    assert [p.data for p in alive.parameters()] == pytest.approx([2.0, 0.0], abs=1e-3)
    start = born_dead(relu, epochs=0)
    assert all(start(x).data == 0 and start.z.data < 0 for x, _ in RAMP)


def test_a_neuron_with_sigmoids_as_inputs_has_gradients_of_one_sign():
    rng = Random(1)
    examples = [[rng.gauss(0, 1) for _ in range(3)] for _ in range(50)]

    def of_one_sign(g):
        gradients = [gradient_of_a_neuron(g, xs) for xs in examples]
        return sum(all(x > 0 for x in g) or all(x < 0 for x in g) for g in gradients)

    assert of_one_sign(sigmoid) == 50
    assert of_one_sign(tanh) < 25


@pytest.mark.parametrize("sizes", [[1], [2, 2], [4, 3, 2], [5, 5, 5, 5]])
def test_a_stack_of_linear_layers_is_one_linear_layer(sizes):
    stack = MLP(3, sizes, "linear", "linear", initialisation="lecture", seed=2)
    one = collapsed(stack)
    rng = Random(3)
    for _ in range(20):
        xs = [rng.uniform(-2, 2) for _ in range(3)]
        outputs = [a.data for a in stack.forward(xs)]
        assert [a.data for a in one(xs)] == pytest.approx(outputs, rel=1e-12, abs=1e-12)


def test_the_weights_of_the_one_layer_are_the_product_of_the_matrices():
    numpy = pytest.importorskip("numpy")
    stack = MLP(3, [4, 3, 2], "linear", "linear", seed=2)
    product = numpy.linalg.multi_dot([numpy.array(layer.W) for layer in reversed(stack.layers)])
    numpy.testing.assert_allclose(collapsed(stack).W, product, rtol=1e-12)


def test_layers_with_tanh_do_not_collapse():
    xs = [0.5, -1.0, 2.0]
    nonlinear = MLP(3, [4, 3, 2], "tanh", "linear", seed=2)
    assert [a.data for a in collapsed(nonlinear)(xs)] != pytest.approx(
        [a.data for a in nonlinear(xs)], rel=0.01
    )


def test_the_report_shows_every_problem_in_the_width_of_a_terminal():
    text = report()
    for word in ("Saturation", "Vanishing", "Dead", "Not centred", "collapse"):
        assert word in text
    assert "100 of 100" in text
    assert max(map(len, text.splitlines())) <= 100
