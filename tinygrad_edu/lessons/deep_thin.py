"""The deep thin network: a gradient as one chain of factors, in full and compressed (D4).

Each layer has one neuron, so a single path leads from the loss to each weight. In the notation of
lecture D, a is a pre-activation and h an activation, and the first index is the number of the
layer.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from tinygrad_edu.formulas.notation import name
from tinygrad_edu.gradient import grad
from tinygrad_edu.lessons.worked_example import factors
from tinygrad_edu.nn import MLP
from tinygrad_edu.nn.losses import half_squared_error
from tinygrad_edu.value import Value

INPUT, TARGET = 0.5, 1.0
WEIGHTS = (0.8, -1.5, 2.0)


class Thin(NamedTuple):
    """A deep thin network after its forward pass; each list begins with the first layer."""

    mlp: MLP
    weights: list[Value]
    pre_activations: list[Value]
    activations: list[Value]
    loss: Value

    def path(self) -> list[Value]:
        """Return the nodes on the path from the loss to the first weight."""
        layers = zip(reversed(self.activations), reversed(self.pre_activations), strict=True)
        return [self.loss, *(node for pair in layers for node in pair), self.weights[0]]


def forward(weights: Sequence[float] = WEIGHTS) -> Thin:
    """Run the forward pass of sigmoid neurons in a row, with the given weights and biases of 0.

    >>> print(*[node.label for node in forward().path()])
    L ŷ a₃₁ h₂₁ a₂₁ h₁₁ a₁₁ W₁₁₁
    """
    mlp = MLP(1, [1] * len(weights), "sigmoid", "sigmoid", initialisation="zeros")
    for number, (layer, weight) in enumerate(zip(mlp.layers, weights, strict=True), start=1):
        layer.W = [[weight]]
        layer.neurons[0].w[0].label = name("W", number, 1, 1)
    mlp([INPUT])
    neurons = [layer.neurons[0] for layer in mlp.layers]
    y = neurons[-1].a
    for number, neuron in enumerate(neurons, start=1):
        neuron.z.label, neuron.a.label = name("a", number, 1), name("h", number, 1)
    loss = half_squared_error([y], [TARGET])
    y.label, loss.label = "ŷ", "L"
    w, z, a = [n.w[0] for n in neurons], [n.z for n in neurons], [n.a for n in neurons]
    return Thin(mlp, w, z, a, loss)


def chain(network: Thin) -> list[tuple[str, Any]]:
    """Return the gradient of the first weight as the factors along its path.

    >>> len(chain(forward()))
    7
    """
    return factors(*network.path())


def compressed(loss: Value, node: Value, weight: Value) -> list[tuple[str, Any]]:
    """Return the gradient of a weight as two factors: from the loss to a node, and from the node.

    >>> network = forward()
    >>> [what for what, _ in compressed(network.loss, network.activations[0], network.weights[0])]
    ['∂L/∂h₁₁', '∂h₁₁/∂W₁₁₁']
    """
    return [
        (f"∂{loss.label}/∂{node.label}", grad(loss, node)),
        (f"∂{node.label}/∂{weight.label}", grad(node, weight)),
    ]


def first_weight_gradient(depth: int) -> float:
    """Return the gradient of the first weight in a network of ``depth`` layers with weights 1.

    >>> abs(first_weight_gradient(2)) < abs(first_weight_gradient(1)) / 4
    True
    """
    network = forward([1.0] * depth)
    return float(grad(network.loss, network.weights[0]))


def report() -> str:
    """Return the chain, its compressed forms, and how the gradient shrinks with depth, as text."""
    return "\n".join(_lines(forward()))


def _lines(network: Thin) -> Iterator[str]:
    depth = len(WEIGHTS)
    yield f"A deep thin network: {depth} sigmoid neurons in a row, loss L = ½ (ŷ − y)² (D4)"
    yield f"  x = {INPUT}, y = {TARGET}, weights {', '.join(map(str, WEIGHTS))}, biases 0"
    first = network.weights[0]
    yield f"\n  The gradient of {first.label} in full: one factor for each step of the only path"
    links = chain(network)
    yield f"    ∂L/∂{first.label} = {' · '.join(what for what, _ in links)}"
    yield from (f"      {what:<12}{factor:>10.6f}" for what, factor in links)
    yield f"      {'product':<12}{math.prod(f for _, f in links):>10.6f}"
    yield f"      {'engine':<12}{grad(network.loss, first):>10.6f}"

    yield "\n  The same compressed: all factors above a node are one factor"
    nodes = [*network.activations[:-1], network.pre_activations[-1]]
    for node, weight in zip(nodes, network.weights, strict=True):
        pair = compressed(network.loss, node, weight)
        words, numbers = (
            " · ".join(p) for p in zip(*((w, f"{f:.6f}") for w, f in pair), strict=True)
        )
        product = math.prod(factor for _, factor in pair)
        yield f"    ∂L/∂{weight.label} = {words:<22} = {numbers} = {product:.6f}"

    yield "\n  Each layer adds two factors to the chain: a weight and a σ' ≤ ¼. With all weights 1:"
    yield "    layers     ∂L/∂W₁₁₁   ratio to one layer fewer"
    gradients = [first_weight_gradient(depth) for depth in range(1, 17)]
    for depth in (1, 2, 4, 8, 16):
        gradient = gradients[depth - 1]
        ratio = f"{gradient / gradients[depth - 2]:>10.3f}" if depth > 1 else ""
        yield f"    {depth:>4}{gradient:>16.2e}{ratio}"
    yield "  The first layer of a deep network learns almost nothing: its gradient vanishes."
