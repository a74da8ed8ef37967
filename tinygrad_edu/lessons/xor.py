"""XOR by a network: wired from perceptrons, and learnt (A3).

One line cannot separate the classes of XOR, but two lines can: XOR means "one of them, and not
both". Perceptrons AND, OR and NOT compute it when the outputs of some are the inputs of others. Two
layers are enough: OR and NOT AND, one perceptron each, are the inputs of a third one, AND.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tinygrad_edu.formulas.notation import name
from tinygrad_edu.nn import MLP, Adam, History, Neuron, fit
from tinygrad_edu.nn.data import XOR
from tinygrad_edu.nn.losses import binary_cross_entropy

GATES = {"AND": ([1, 1], -1.5), "OR": ([1, 1], -0.5), "NOT": ([-1], 0.5)}
"""The weights and the bias of the perceptron for each gate."""


def gate(name: str) -> Neuron:
    """Return AND, OR or NOT as one perceptron.

    >>> [gate("NOT")([x]).data for x in (0, 1)]
    [1.0, 0.0]
    """
    w, b = GATES[name]
    neuron = Neuron(len(w), "step", initialisation="zeros")
    neuron.w, neuron.b = w, b
    return neuron


def xor_of_gates(x: Any, y: Any) -> Any:
    """Return x XOR y, computed by four perceptrons: (x OR y) AND NOT (x AND y).

    >>> [xor_of_gates(*inputs).data for inputs, _ in XOR]
    [0.0, 1.0, 1.0, 0.0]
    """
    and_, or_, not_ = gate("AND"), gate("OR"), gate("NOT")
    return and_([or_([x, y]), not_([and_([x, y])])])


def wired() -> MLP:
    """Return a network of two layers for XOR: hidden perceptrons OR and NOT AND, and output AND.

    NOT AND is one perceptron, too: AND with the signs of its weights and bias changed.

    >>> [wired()(x).data for x, _ in XOR]
    [0.0, 1.0, 1.0, 0.0]
    """
    mlp = MLP(2, [2, 1], activation="step", output_activation="step")
    hidden, output = mlp.layers
    (and_w, and_b), (or_w, or_b) = GATES["AND"], GATES["OR"]
    hidden.W, hidden.b = [or_w, [-w for w in and_w]], [or_b, -and_b]
    output.W, output.b = [and_w], [and_b]
    return mlp


def learnt() -> tuple[MLP, History]:
    """Return a network of two hidden neurons that has learnt XOR, and the history of its training.

    >>> mlp, history = learnt()
    >>> [round(mlp(x).data) for x, _ in XOR]
    [0, 1, 1, 0]
    """
    mlp = MLP(2, [2, 1], output_activation="sigmoid", seed=1)
    adam = Adam(mlp.parameters(), lr=0.1)
    return mlp, fit(mlp, XOR, binary_cross_entropy, adam, epochs=200)


def report() -> str:
    """Return the gates and both networks with their truth tables, as text."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "XOR by perceptrons, and by a network of 2 inputs, 2 hidden neurons and 1 output (A3)"
    yield "\n  Three gates, each a perceptron a = step(w · x + b)"
    for title, (w, b) in GATES.items():
        yield f"    {title:<4} w = {w}, b = {b}"
    yield "    Composed of them, XOR = (x₁ OR x₂) AND NOT (x₁ AND x₂):"
    yield "    x₁ x₂  AND   OR  NOT x₁   XOR"
    for (x, y), _ in XOR:
        and_, or_, not_ = gate("AND")([x, y]), gate("OR")([x, y]), gate("NOT")([x])
        yield f"     {x:g}  {y:g}    {and_:g}    {or_:g}     {not_:g}      {xor_of_gates(x, y):g}"
    yield "\n  In two layers: OR and NOT AND, and then the AND of both"
    yield from parameters(network := wired())
    yield "    x₁ x₂   OR  NOT AND  XOR"
    for (x, y), _ in XOR:
        output = network([x, y])
        one_of, not_both = network.layers[0].a
        yield f"     {x:g}  {y:g}    {one_of:g}     {not_both:g}      {output:g}"
    yield "    NOT AND is one perceptron here: AND with the signs of its w and b changed"
    mlp, history = learnt()
    yield f"\n  Learnt (tanh, sigmoid): {history}"
    yield from parameters(mlp)
    yield "    x₁ x₂  target  output"
    for (x, y), target in XOR:
        yield f"     {x:g}  {y:g}     {target}    {mlp([x, y]):.4f}"


def parameters(mlp: MLP) -> Iterator[str]:
    """Yield a line with the parameters of each layer."""
    for number, layer in enumerate(mlp.layers, start=1):
        rows = ", ".join(f"[{', '.join(f'{w:.4g}' for w in row)}]" for row in layer.W)
        biases = ", ".join(f"{b:.4g}" for b in layer.b)
        yield f"    {name('W', layer=number)} = [{rows}], {name('b', layer=number)} = [{biases}]"
