"""Activation functions, their derivatives, and the problem of each as a number (A6).

The problems are saturation and vanishing gradients, dead neurons, outputs that are not centred on
zero, and linear layers that collapse into one. The engine computes every derivative.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from random import Random

from tinygrad_edu.gradient import grad
from tinygrad_edu.nn import MLP, SGD, Layer, Neuron, fit
from tinygrad_edu.nn.activations import Activation, linear
from tinygrad_edu.nn.data import curve
from tinygrad_edu.nn.losses import half_squared_error
from tinygrad_edu.table import leaky_relu, relu, sigmoid, step, tanh, total, weighted_sum
from tinygrad_edu.value import Value

ACTIVATIONS_OF_A6: dict[str, Activation] = {
    "step": step,
    "2z + 1": partial(linear, alpha=2.0, beta=1.0),
    "sigmoid": sigmoid,
    "tanh": tanh,
    "relu": relu,
    "leaky relu": leaky_relu,
}
RAMP = curve(6, lambda x: 2 * x, low=0.0, high=1.0)
"""The data for the neuron that is born dead: y = 2x."""


def derivative_at(g: Activation, z: float) -> float:
    """Return the derivative g'(z) of an activation, as the engine computes it.

    >>> derivative_at(sigmoid, 0.0), derivative_at(relu, -1.0), derivative_at(leaky_relu, -1.0)
    (0.25, 0.0, 0.01)
    """
    return float(grad(g(x := Value(z)), x))


def gradient_through(g: Activation, depth: int) -> float:
    """Return the derivative of the output with respect to the first weight of a deep network.

    Each of the ``depth`` layers has one neuron. The input, all weights and all biases (as in B5)
    are 1, so the gradient is the product of all g'(z).

    >>> gradient_through(relu, 16), gradient_through(sigmoid, 16) < 0.25**16
    (1.0, True)
    """
    network = MLP(1, [1] * depth, activation=g, output_activation=g)
    for layer in network.layers:
        layer.theta = [[1.0, 1.0]]
    network([1.0])
    [output] = network.layers[-1].a
    return float(grad(output, network.layers[0].neurons[0].w[0]))


def born_dead(g: Activation, epochs: int) -> Neuron:
    """Return a neuron after training on y = 2x; at the start its z is below 0 for all data.

    >>> neuron = born_dead(relu, epochs=10)
    >>> neuron.w[0].data, neuron.b.data
    (-1.0, -0.5)
    """
    neuron = Neuron(1, g)
    neuron.w[0].data, neuron.b.data = -1.0, -0.5
    fit(neuron, RAMP, half_squared_error, SGD(neuron.parameters(), 0.5), epochs=epochs)
    return neuron


def gradient_of_a_neuron(g: Activation, xs: list[float]) -> list[float]:
    """Return the gradients of the four weights of an output neuron; its inputs are four g(z)."""
    network = MLP(3, [4, 1], activation=g, seed=0)
    return grad(half_squared_error(network(xs), 1.0), network.layers[1].neurons[0].w)


def collapsed(network: MLP) -> Layer:
    """Return the linear layer that computes the same as a stack of them: W = W⁽ᴸ⁾ ... W⁽¹⁾.

    >>> stack = MLP(2, [3, 1], activation="linear")
    >>> [a] = collapsed(stack)([0.5, -1.0])
    >>> abs(a - stack([0.5, -1.0])) < 1e-12
    True
    """
    first, *others = network.layers
    weights, biases = first.W, first.b
    for layer in others:
        columns = list(zip(*weights, strict=True))
        weights = [[weighted_sum(row, column, 0.0) for column in columns] for row in layer.W]
        biases = [weighted_sum(row, biases, b) for row, b in zip(layer.W, layer.b, strict=True)]
    one = Layer(network.n_inputs, len(biases), "linear")
    one.W, one.b = weights, biases
    return one


def report() -> str:
    """Return the table of activations and the number that shows each problem, as text."""
    parts = (_table, _saturation, _depth, _dead_neuron, _not_centred, _collapse)
    return "\n\n".join("\n  ".join(part()) for part in parts)


def _table() -> Iterator[str]:
    points = (-2.0, 0.0, 0.5, 2.0)
    yield "Activations g(z) and their derivatives g'(z) (A6)\n"
    heads = [f"{what}({z:g})" for z in points for what in ("g", "g'")]
    yield f"{'':<12}{''.join(f'{head:>10}' for head in heads)}"
    for name, g in ACTIVATIONS_OF_A6.items():
        numbers = [x for z in points for x in (float(g(z)), derivative_at(g, z))]
        yield f"{name:<12}{''.join(f'{x:>10.4f}' for x in numbers)}"
    zs = [k / 10 for k in range(-50, 51)]
    gap = max(abs(tanh(z) - (2 * sigmoid(2 * z) - 1)) for z in zs)
    yield f"tanh(z) = 2 σ(2z) − 1: from −5 to 5 the two differ by at most {gap:.0e}, by rounding."
    yield "The step has no slope for gradient descent to follow; see the lesson on the perceptron."


def _saturation() -> Iterator[str]:
    zs = (0.0, 2.0, 5.0, 10.0)
    yield "Saturation: far from 0 the derivative of a sigmoid or tanh is almost 0"
    yield f"{'z':<12}{''.join(f'{z:>10g}' for z in zs)}"
    for name in ("sigmoid", "tanh", "relu"):
        slopes = [derivative_at(ACTIVATIONS_OF_A6[name], z) for z in zs]
        yield f"{name:<12}{''.join(f'{x:>10.2g}' for x in slopes)}"


def _depth() -> Iterator[str]:
    depths = (1, 2, 4, 8, 16)
    yield "Vanishing gradient: the gradient of the first weight for several numbers of layers"
    yield f"{'layers':<12}{''.join(f'{depth:>10}' for depth in depths)}"
    for name in ("sigmoid", "tanh", "relu"):
        gradients = [gradient_through(ACTIVATIONS_OF_A6[name], depth) for depth in depths]
        yield f"{name:<12}{''.join(f'{x:>10.2g}' for x in gradients)}"
    yield "Layers of one neuron, weights and biases of 1: the gradient is the product of all g'(z)."


def _dead_neuron() -> Iterator[str]:
    yield "Dead neuron: a = g(−x − 0.5) should learn y = 2x, but z < 0 for every x from 0 to 1"
    yield f"{'':<12}{'epochs':>8}{'w':>10}{'b':>10}{'∂L/∂w':>10}{'z > 0 at':>12}"
    for name in ("relu", "leaky relu"):
        for epochs in (0, 200, 400):
            neuron = born_dead(ACTIVATIONS_OF_A6[name], epochs)
            (w,), b = neuron.w, neuron.b
            loss = total([half_squared_error(neuron(x), y) for x, y in RAMP]) / len(RAMP)
            alive = sum(w.data * x + b.data > 0 for (x,), _ in RAMP)
            numbers = f"{w:>10.4f}{b:>10.4f}{grad(loss, w):>10.2g}"
            yield f"{name:<12}{epochs:>8}{numbers}{alive:>7} of {len(RAMP)}"


def _not_centred() -> Iterator[str]:
    rng = Random(0)  # noqa: S311 - no cryptography
    examples = [[rng.gauss(0, 1) for _ in range(3)] for _ in range(100)]
    yield "Not centred on zero: ∂L/∂w of a neuron whose inputs are four sigmoids, or four tanhs"
    for name in ("sigmoid", "tanh"):
        gradients = [gradient_of_a_neuron(ACTIVATIONS_OF_A6[name], xs) for xs in examples]
        same = sum(len({x > 0 for x in gradient}) == 1 for gradient in gradients)
        first = " ".join(f"{x:>+8.4f}" for x in gradients[0])
        yield f"{name:<12}{first}   the same sign in {same} of {len(examples)} examples"
    yield "If all inputs are above 0, the weights can only rise together or fall together."


def _collapse() -> Iterator[str]:
    stack = MLP(3, [4, 3, 2], "linear", "linear", initialisation="lecture")
    xs, one = (0.5, -1.0, 2.0), collapsed(stack)
    yield f"Linear layers collapse: {stack} is one layer, W = W⁽³⁾ W⁽²⁾ W⁽¹⁾"
    yield f"{'':<7}{'W':>20}{'b':>20}     at x = {xs} the outputs are"
    stack(xs)
    for i, (neuron, a) in enumerate(zip(one.neurons, stack.layers[-1].a, strict=True), start=1):
        numbers = "".join(f"{p.data:>10.4f}" for p in neuron.parameters())
        yield f"row {i}  {numbers}     stack {a:>13.10f}, one layer {one(xs)[i - 1]:>13.10f}"
    yield "However deep, it is a linear function: only a non-linear activation changes that."
