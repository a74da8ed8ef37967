"""The worked example of lecture A, figure by figure (A9, A10).

The network has two inputs, two hidden neurons and two outputs, all with sigmoids; the loss is half
the sum of squared errors. It is the network of M. Mazur's "A step by step backpropagation example";
his figures, to nine digits, are here, too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from tinygrad_edu.drawing import Picture, draw
from tinygrad_edu.explain.paths import paths
from tinygrad_edu.formulas.notation import name
from tinygrad_edu.gradient import grad
from tinygrad_edu.nn import MLP, SGD
from tinygrad_edu.table import half_squared_error
from tinygrad_edu.value import Constant, Value

INPUTS = (0.05, 0.10)
TARGETS = (0.01, 0.99)
WEIGHTS = (((0.15, 0.20), (0.25, 0.30)), ((0.40, 0.45), (0.50, 0.55)))
BIASES = ((0.35, 0.35), (0.60, 0.60))
LEARNING_RATE = 0.5


class WorkedExample(NamedTuple):
    """The network after its forward pass; ``loss`` is the root of its graph."""

    mlp: MLP
    loss: Value


def network(
    weights: Sequence[Sequence[Sequence[float]]] = WEIGHTS,
    biases: Sequence[Sequence[float]] = BIASES,
) -> MLP:
    """Return the network of the lecture, or one of the same shape with other parameters.

    Args:
        weights: a matrix W for each layer, with a row for each neuron as in the lecture.
        biases: a list for each layer, with a number for each neuron.

    >>> network().layers[1].W
    [[0.4, 0.45], [0.5, 0.55]]
    """
    mlp = MLP(2, [2, 2], "sigmoid", "sigmoid")
    for layer, W, b in zip(mlp.layers, weights, biases, strict=True):
        layer.W, layer.b = W, b
    return mlp


def forward(mlp: MLP | None = None) -> WorkedExample:
    """Run the forward pass of a network; by default, of the network of the lecture.

    >>> print(f"{forward().loss:.4f}")
    0.2984
    """
    mlp = mlp or network()
    targets = [Constant(y, name("y", i)) for i, y in enumerate(TARGETS, start=1)]
    loss = half_squared_error(mlp(INPUTS), targets)
    loss.label = "L"
    return WorkedExample(mlp, loss)


def factors(*path: Value) -> list[tuple[str, Any]]:
    """Return the local derivatives along a path of nodes, the root first, with their names.

    >>> example = forward()
    >>> output = example.mlp.layers[1].neurons[0]
    >>> [(name, round(f, 4)) for name, f in factors(example.loss, output.a, output.z)]
    [('∂L/∂a₁⁽²⁾', 0.7414), ('∂a₁⁽²⁾/∂z₁⁽²⁾', 0.1868)]
    """
    found = []
    for node, below in pairwise(path):
        edges = zip(node.args, node.partials, strict=True)
        partial = sum(p for arg, p in edges if arg is below and p is not None)
        found.append((f"∂{node.label}/∂{below.label}", partial))
    return found


def chain(example: WorkedExample) -> list[tuple[str, Any]]:
    """Return the three factors of the derivative of L with respect to w₁₁ of layer 2 (A9)."""
    output = example.mlp.layers[1].neurons[0]
    return factors(example.loss, output.a, output.z, output.w[0])


def two_paths(example: WorkedExample) -> list[list[tuple[str, Any]]]:
    """Return the five factors of each path from the loss to w₁₁ of layer 1 (A10)."""
    hidden, outputs = example.mlp.layers[0].neurons[0], example.mlp.layers[1].neurons
    return [
        factors(example.loss, output.a, output.z, hidden.a, hidden.z, hidden.w[0])
        for output in outputs
    ]


def after_one_step(*, move_biases: bool) -> WorkedExample:
    """Return the network after one step of gradient descent; Mazur does not move the biases."""
    example = forward()
    example.loss.backward()
    parameters = example.mlp.parameters()
    moving = parameters if move_biases else weights_of(example.mlp)
    SGD(moving, LEARNING_RATE).step()
    return forward(example.mlp)


def weights_of(mlp: MLP) -> list[Value]:
    """Return the weights of a network, without its biases."""
    return [w for layer in mlp.layers for neuron in layer.neurons for w in neuron.w]


def picture(example: WorkedExample) -> Picture:
    """Return a picture of the graph of the example, with a frame around each neuron."""
    return draw(example.loss, clusters=example.mlp.clusters())


def picture_of_two_paths() -> Picture:
    """Return a picture of the graph with both paths to w₁₁ of layer 1 in colour (A10)."""
    example = forward()
    example.loss.backward()
    found = paths(example.loss, example.mlp.layers[0].neurons[0].w[0])
    return found.draw(clusters=example.mlp.clusters())


# --- the report -----------------------------------------------------------------------------------

SLIDE = {
    "z₁⁽¹⁾": "0.3775", "z₂⁽¹⁾": "0.3925", "z₁⁽²⁾": "1.106", "z₂⁽²⁾": "1.225",
    "a₁⁽¹⁾": "0.5933", "a₂⁽¹⁾": "0.5969", "a₁⁽²⁾": "0.7514", "a₂⁽²⁾": "0.7729", "L": "0.2984",
    "∂L/∂a₁⁽²⁾": "0.7414", "∂a₁⁽²⁾/∂z₁⁽²⁾": "0.1868", "∂z₁⁽²⁾/∂w₁₁⁽²⁾": "0.5933",
    "∂L/∂w₁₁⁽²⁾": "0.0821",
}  # fmt: skip
"""The figures as lecture A prints them."""

MAZUR = {
    "w₁₁⁽¹⁾": "0.149780716", "w₁₂⁽¹⁾": "0.19956143", "w₂₁⁽¹⁾": "0.24975114",
    "w₂₂⁽¹⁾": "0.29950229", "w₁₁⁽²⁾": "0.35891648", "w₁₂⁽²⁾": "0.408666186",
    "w₂₁⁽²⁾": "0.511301270", "w₂₂⁽²⁾": "0.561370121",
}  # fmt: skip
"""The weights after one step as M. Mazur prints them."""


def verdict(printed: str, computed: float) -> str:
    """Return whether a printed figure is the computed one: rounded (✓), cut off, or different.

    >>> verdict("0.0821", 0.0821670), verdict("0.0822", 0.0821670), verdict("0.09", 0.0821670)
    ('cut off: rounded it is 0.0822', '✓', 'differs')
    """
    decimals = len(printed.partition(".")[2])
    rounded = f"{computed:.{decimals}f}"
    if rounded == printed:
        return "✓"
    cut_off = math.trunc(computed * 10**decimals) / 10**decimals
    return (
        f"cut off: rounded it is {rounded}" if f"{cut_off:.{decimals}f}" == printed else "differs"
    )


def report(example: WorkedExample | None = None) -> str:
    """Return every figure of the example, computed and as printed, as text."""
    return "\n".join(_lines(example or forward()))


def _lines(example: WorkedExample) -> Iterator[str]:
    def figure(what: str, computed: float) -> str:
        printed = SLIDE[what]
        return f"  {what:<17}{computed:>12.7f}{printed:>10}  {verdict(printed, computed)}"

    yield "The worked example of lecture A: 2 inputs, 2 hidden and 2 output neurons, all sigmoid"
    yield f"\n  {'Forward pass (A9)':<17}{'computed':>12}{'slide':>10}"
    for layer in example.mlp.layers:
        for neuron in layer.neurons:
            yield figure(neuron.z.label, neuron.z.data)
            yield figure(neuron.a.label, neuron.a.data)
    yield figure("L", example.loss.data)

    yield "\n  Backward pass: the chain to one weight (A9)"
    links = chain(example)
    for what, factor in links:
        yield figure(what, factor)
    yield figure("∂L/∂w₁₁⁽²⁾", math.prod(factor for _, factor in links))

    yield "\n  Two paths to one weight (A10)"
    products = []
    for path in two_paths(example):
        products.append(math.prod(factor for _, factor in path))
        yield f"  {' · '.join(what for what, _ in path)}"
        yield f"    = {' · '.join(f'{f:.6f}' for _, f in path)} = {products[-1]:.9f}"
    yield f"  ∂L/∂w₁₁⁽¹⁾ = {products[0]:.9f} + ({products[1]:.9f}) = {sum(products):.9f}"

    yield f"\n  All gradients, and one step of gradient descent with learning rate {LEARNING_RATE}"
    yield f"  {'':<8}{'before':>7}{'gradient':>14}{'after':>14}{'M. Mazur':>14}"
    moved, held = (after_one_step(move_biases=choice) for choice in (True, False))
    parameters = example.mlp.parameters()
    gradients = grad(example.loss, parameters)
    for p, gradient, q in zip(parameters, gradients, moved.mlp.parameters(), strict=True):
        printed = MAZUR.get(p.label, "")
        line = f"  {p.label:<8}{p.data:>7}{gradient:>14.9f}{q.data:>14.9f}{printed:>14}"
        yield f"{line}  {verdict(printed, q.data)}" if printed else line.rstrip()
    yield f"  L = {example.loss.data:.9f} becomes {moved.loss.data:.9f};"
    yield (
        f"  if only the weights move, it becomes {held.loss.data:.9f} "
        "(Mazur prints 0.291027924; see ten_thousand_rounds)"
    )
