"""XOR by a network: wired from perceptrons, and learnt (A3).

What no line can divide two lines can: XOR is "one of them, and not both", so OR and NOT AND, each a
perceptron, feed a third that is their AND.
"""

from __future__ import annotations

from collections.abc import Iterator

from tinygrad_edu.nn import MLP, Adam, History, fit
from tinygrad_edu.nn.data import XOR
from tinygrad_edu.nn.losses import binary_cross_entropy
from tinygrad_edu.nn.naming import name


def wired() -> MLP:
    """Return XOR wired by hand: hidden perceptrons OR and NOT AND, and AND at the output.

    >>> [wired()(x).data for x, _ in XOR]
    [0.0, 1.0, 1.0, 0.0]
    """
    mlp = MLP(2, [2, 1], activation="step", output_activation="step")
    hidden, output = mlp.layers
    hidden.W, hidden.b = [[1, 1], [-1, -1]], [-0.5, 1.5]
    output.W, output.b = [[1, 1]], [-1.5]
    return mlp


def learnt() -> tuple[MLP, History]:
    """Return XOR learnt by two hidden neurons and a sigmoid, and the history of its training.

    >>> mlp, history = learnt()
    >>> [round(mlp(x).data) for x, _ in XOR]
    [0, 1, 1, 0]
    """
    mlp = MLP(2, [2, 1], output_activation="sigmoid", seed=1)
    adam = Adam(mlp.parameters(), learning_rate=0.1)
    return mlp, fit(mlp, XOR, binary_cross_entropy, adam, epochs=200)


def report() -> str:
    """Return both networks and what they say, as text."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "XOR by a network of 2 inputs, 2 hidden neurons and 1 output (A3)"
    yield "\n  Wired from perceptrons: OR, NOT AND, and AND of both"
    yield from parameters(network := wired())
    yield "    x₁ x₂   OR  NOT AND  XOR"
    for (x, y), _ in XOR:
        output = network([x, y])
        one_of, not_both = [neuron.a for neuron in network.layers[0].neurons]
        yield f"     {x:g}  {y:g}    {one_of:g}     {not_both:g}      {output:g}"
    mlp, history = learnt()
    yield f"\n  Learnt with tanh and sigmoid: {history}"
    yield from parameters(mlp)
    yield "    x₁ x₂  target  output"
    for (x, y), target in XOR:
        yield f"     {x:g}  {y:g}     {target}    {mlp([x, y]):.4f}"


def parameters(mlp: MLP) -> Iterator[str]:
    """Yield the parameters of a network, a line to a layer."""
    for number, layer in enumerate(mlp.layers, start=1):
        rows = ", ".join(f"[{', '.join(f'{w:.4g}' for w in row)}]" for row in layer.W)
        biases = ", ".join(f"{b:.4g}" for b in layer.b)
        yield f"    {name('W', layer=number)} = [{rows}], {name('b', layer=number)} = [{biases}]"
