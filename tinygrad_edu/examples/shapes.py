"""Shapes of the 3-4-3-1 network, its 35 parameters, and n examples at once (A4, B1).

A matrix is a list of its rows. With an example in each column of A, a layer computes Z = W A + b,
where b is added to every column.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from tinygrad_edu.nn import MLP, Layer
from tinygrad_edu.nn.initialisation import INITIALISATIONS
from tinygrad_edu.nn.naming import name
from tinygrad_edu.primitives import weighted_sum

Matrix: TypeAlias = "list[list[float]]"

EXAMPLES = [[0.5, -1.0, 2.0], [1.5, 0.2, -0.7], [-0.3, 0.8, 0.1], [0.0, 1.0, -2.0], [1.0, 1.0, 1.0]]
"""Five inputs of three numbers each."""


def network() -> MLP:
    """Return the network of the lecture, with random weights and biases of ½.

    >>> [shape(layer.W) for layer in network().layers]
    ['4 × 3', '3 × 4', '1 × 3']
    """
    start = INITIALISATIONS["uniform"]._replace(bias=0.5)
    return MLP(3, [4, 3, 1], "tanh", "sigmoid", initialisation=start, seed=3)


class Signals(NamedTuple):
    """What a layer computes for all examples, a row for each neuron, a column for each example."""

    z: Matrix
    a: Matrix


def forward(mlp: MLP, x: Matrix) -> list[Signals]:
    """Return Z = W A + b and A = g(Z) of every layer, for examples in the columns of ``x``.

    >>> [shape(layer.z) for layer in forward(network(), transposed(EXAMPLES))]
    ['4 × 5', '3 × 5', '1 × 5']
    """
    a, passed = x, []
    for layer in mlp.layers:
        z = affine(layer.W, a, layer.b)
        a = [[layer.activation(number) for number in row] for row in z]
        passed.append(Signals(z, a))
    return passed


def by_theta(layer: Layer, a: Matrix) -> Matrix:
    """Return Z = Θ A of a layer: the bias is column 0 of Θ, a row of ones is row 0 of A (B1)."""
    ones = [1.0] * len(a[0])
    return affine(layer.theta, [ones, *a], [0.0] * len(layer.neurons))


def affine(w: Matrix, a: Matrix, b: Sequence[float]) -> Matrix:
    """Return W A + b, with b added to every column.

    >>> affine([[1, 2]], [[1, 0, 1], [0, 1, 1]], [10])
    [[11, 12, 13]]
    """
    columns = transposed(a)
    return [
        [weighted_sum(row, column, bias) for column in columns]
        for row, bias in zip(w, b, strict=True)
    ]


def transposed(matrix: Matrix) -> Matrix:
    """Return the columns of a matrix as rows."""
    return [list(column) for column in zip(*matrix, strict=True)]


def shape(matrix: Matrix) -> str:
    """Return how many rows and columns a matrix has."""
    return f"{len(matrix)} × {len(matrix[0])}"


def vector(numbers: Iterable[float]) -> str:
    """Return numbers as text.

    >>> vector([0.5, -1])
    '( 0.5000, -1.0000)'
    """
    return f"({', '.join(f'{x:7.4f}' for x in numbers)})"


def report() -> str:
    """Return shapes, parameter counts and the forward passes, as text."""
    return "\n".join(_lines(network(), transposed(EXAMPLES)))


def _lines(mlp: MLP, x: Matrix) -> Iterator[str]:
    n, first = len(x[0]), EXAMPLES[0]
    yield "The 3-4-3-1 network: 3 inputs, then layers of 4, 3 and 1 neurons (A4)"
    yield "\n  A layer of m neurons on k inputs: m rows of k weights, m biases, m numbers z and a"
    yield "    layer  W      b      z, a   parameters"
    for number, layer in enumerate(mlp.layers, start=1):
        m, k = len(layer.neurons), layer.n_inputs
        count = f"{m} · {k} + {m} = {len(layer.parameters())}"
        yield f"    {number:<7}{shape(layer.W):<7}{m} × 1  {m} × 1  {count}"
    counts = " + ".join(str(len(layer.parameters())) for layer in mlp.layers)
    yield f"    in all {counts} = {len(mlp.parameters())} parameters"

    frozen = mlp.frozen()
    frozen(first)
    yield f"\n  Forward pass of one example, x = {vector(first)}"
    for number, layer in enumerate(frozen.layers, start=1):
        for symbol in "za":
            signals = vector(getattr(neuron, symbol) for neuron in layer.neurons)
            yield f"    {name(symbol, layer=number)} = {signals}"

    yield f"\n  Forward pass of {n} examples, the columns of X: Z = W A + b, b in each column"
    at_once = forward(mlp, x)
    for layer, (z, _) in zip(mlp.layers, at_once, strict=True):
        k = layer.n_inputs
        yield f"    {shape(z)} = ({shape(layer.W)})({k} × {n}) + ({len(z)} × 1)"
    yield "    The outputs are those of the single passes, side by side:"
    yield f"      at once:              {vector(at_once[-1].a[0])}"
    yield f"      one after the other:  {vector(frozen(example) for example in EXAMPLES)}"

    yield "\n  The bias as column 0 of Θ, and x₀ = 1 (B1): z = W x + b becomes z = Θ x"
    layer = mlp.layers[0]
    yield f"    {name('Θ', layer=1)} is {shape(layer.theta)}, its rows"
    yield from (f"           {vector(row)}" for row in layer.theta)
    z = by_theta(layer, transposed([first]))
    yield f"    {name('z', layer=1)} = {vector(row[0] for row in z)}, as above"
