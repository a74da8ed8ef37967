"""Activation functions, their derivatives, and the problem of each as a number (A6).

Saturation and vanishing gradients, dead neurons, outputs that are not centred on zero, and linear
layers that collapse into one. Every derivative is the engine's.
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

ACTIVATIONS: dict[str, Activation] = {
    "step": step,
    "2z + 1": partial(linear, alpha=2.0, beta=1.0),
    "sigmoid": sigmoid,
    "tanh": tanh,
    "relu": relu,
    "leaky relu": leaky_relu,
}
RAMP = curve(6, lambda x: 2 * x, low=0.0, high=1.0)
"""What the neuron that is born dead should learn: y = 2x."""


def slope(g: Activation, z: float) -> float:
    """Return the derivative of an activation at z, as the engine finds it.

    >>> slope(sigmoid, 0.0), slope(relu, -1.0), slope(leaky_relu, -1.0)
    (0.25, 0.0, 0.01)
    """
    return float(grad(g(x := Value(z)), x))


def first_gradient(g: Activation, depth: int) -> float:
    """Return the gradient that reaches the first weight of a network, one neuron to a layer.

    Weights, biases and the input are 1 (biases as in B5), so it is the product of all g'(z).

    >>> first_gradient(relu, 16), first_gradient(sigmoid, 16) < 0.25**16
    (1.0, True)
    """
    network = MLP(1, [1] * depth, activation=g, output_activation=g)
    for layer in network.layers:
        layer.theta = [[1.0, 1.0]]
    network([1.0])
    [output] = network.layers[-1].a
    return float(grad(output, network.layers[0].neurons[0].w[0]))


def born_dead(g: Activation, epochs: int) -> Neuron:
    """Return a neuron that began below 0 for all data, after its training on y = 2x.

    >>> neuron = born_dead(relu, epochs=10)
    >>> neuron.w[0].data, neuron.b.data
    (-1.0, -0.5)
    """
    neuron = Neuron(1, g)
    neuron.w[0].data, neuron.b.data = -1.0, -0.5
    fit(neuron, RAMP, half_squared_error, SGD(neuron.parameters(), 0.5), epochs=epochs)
    return neuron


def gradient_of_a_neuron(g: Activation, xs: list[float]) -> list[float]:
    """Return the gradient of the four weights of an output neuron behind a layer of four."""
    network = MLP(3, [4, 1], activation=g, seed=0)
    return grad(half_squared_error(network(xs), 1.0), network.layers[1].neurons[0].w)


def collapsed(network: MLP) -> Layer:
    """Return the one linear layer that does what a stack of them does: W = W⁽ᴸ⁾ ... W⁽¹⁾.

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
    """Return all of it as text."""
    parts = (_table, _saturation, _depth, _dead_neuron, _not_centred, _collapse)
    return "\n\n".join("\n  ".join(part()) for part in parts)


def _table() -> Iterator[str]:
    points = (-2.0, 0.0, 0.5, 2.0)
    yield "Activations g(z) and their derivatives g'(z) (A6)\n"
    heads = [f"{what}({z:g})" for z in points for what in ("g", "g'")]
    yield f"{'':<12}{''.join(f'{head:>10}' for head in heads)}"
    for name, g in ACTIVATIONS.items():
        numbers = [x for z in points for x in (float(g(z)), slope(g, z))]
        yield f"{name:<12}{''.join(f'{x:>10.4f}' for x in numbers)}"
    zs = [k / 10 for k in range(-50, 51)]
    gap = max(abs(tanh(z) - (2 * sigmoid(2 * z) - 1)) for z in zs)
    yield f"tanh(z) = 2 σ(2z) − 1: from −5 to 5 they differ by {gap:.0e} at most, by rounding."
    yield "The step has no slope to go down; see the perceptron."


def _saturation() -> Iterator[str]:
    zs = (0.0, 2.0, 5.0, 10.0)
    yield "Saturation: far from 0 the slope is gone"
    yield f"{'z':<12}{''.join(f'{z:>10g}' for z in zs)}"
    for name in ("sigmoid", "tanh", "relu"):
        yield f"{name:<12}{''.join(f'{slope(ACTIVATIONS[name], z):>10.2g}' for z in zs)}"


def _depth() -> Iterator[str]:
    depths = (1, 2, 4, 8, 16)
    yield "Vanishing gradient: what reaches the first weight, by the number of layers"
    yield f"{'layers':<12}{''.join(f'{depth:>10}' for depth in depths)}"
    for name in ("sigmoid", "tanh", "relu"):
        gradients = [first_gradient(ACTIVATIONS[name], depth) for depth in depths]
        yield f"{name:<12}{''.join(f'{x:>10.2g}' for x in gradients)}"
    yield "One neuron to a layer, weights and biases 1: the gradient is the product of all slopes."


def _dead_neuron() -> Iterator[str]:
    yield "Dead neuron: a = g(−x − 0.5) is to learn y = 2x, and z < 0 for every x from 0 to 1"
    yield f"{'':<12}{'epochs':>8}{'w':>10}{'b':>10}{'∂L/∂w':>10}{'z > 0 at':>12}"
    for name in ("relu", "leaky relu"):
        for epochs in (0, 200, 400):
            neuron = born_dead(ACTIVATIONS[name], epochs)
            (w,), b = neuron.w, neuron.b
            loss = total([half_squared_error(neuron(x), y) for x, y in RAMP]) / len(RAMP)
            alive = sum(w.data * x + b.data > 0 for (x,), _ in RAMP)
            numbers = f"{w:>10.4f}{b:>10.4f}{grad(loss, w):>10.2g}"
            yield f"{name:<12}{epochs:>8}{numbers}{alive:>7} of {len(RAMP)}"


def _not_centred() -> Iterator[str]:
    rng = Random(0)  # noqa: S311 - no cryptography
    examples = [[rng.gauss(0, 1) for _ in range(3)] for _ in range(100)]
    yield "Not centred on zero: ∂L/∂w of one neuron behind four sigmoids, or four tanhs"
    for name in ("sigmoid", "tanh"):
        gradients = [gradient_of_a_neuron(ACTIVATIONS[name], xs) for xs in examples]
        same = sum(len({slope > 0 for slope in gradient}) == 1 for gradient in gradients)
        first = " ".join(f"{slope:>+8.4f}" for slope in gradients[0])
        yield f"{name:<12}{first}   all of one sign in {same} of {len(examples)} examples"
    yield "With inputs above 0 the weights can only go up together, or down together."


def _collapse() -> Iterator[str]:
    stack = MLP(3, [4, 3, 2], "linear", "linear", initialisation="lecture")
    xs, one = (0.5, -1.0, 2.0), collapsed(stack)
    yield f"Linear layers collapse: {stack} is one layer, W = W⁽³⁾ W⁽²⁾ W⁽¹⁾"
    yield f"{'':<7}{'W':>20}{'b':>20}     at x = {xs} the stack says"
    stack(xs)
    for i, (neuron, a) in enumerate(zip(one.neurons, stack.layers[-1].a, strict=True), start=1):
        numbers = "".join(f"{p.data:>10.4f}" for p in neuron.parameters())
        yield f"row {i}  {numbers}     {a:.12f}, the one layer {one(xs)[i - 1]:.12f}"
    yield "However deep, it stays a linear function: it needs something bent between the layers."
