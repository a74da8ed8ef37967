"""The shapes of the 3-4-3-1 network, its 35 parameters, and n examples at once (A4, B1).

If A has an example in each column, a layer computes Z = W A + b, where b is added to every column.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tinygrad_edu.formulas.notation import name
from tinygrad_edu.nn import MLP, Layer
from tinygrad_edu.nn.equations import forward_propagation, parameters_of
from tinygrad_edu.nn.initialisation import INITIALISATIONS
from tinygrad_edu.nn.matrix import Matrix

FIVE_INPUTS = [
    [0.5, -1.0, 2.0],
    [1.5, 0.2, -0.7],
    [-0.3, 0.8, 0.1],
    [0.0, 1.0, -2.0],
    [1.0, 1.0, 1.0],
]
"""Five examples of three inputs each."""


def network() -> MLP:
    """Return the network of the lecture, with random weights and biases of ½.

    >>> [shape_text(W) for W, _, _ in parameters_of(network())]
    ['4 × 3', '3 × 4', '1 × 3']
    """
    start = INITIALISATIONS["uniform"]._replace(bias=0.5)
    return MLP(3, [4, 3, 1], "tanh", "sigmoid", initialisation=start, seed=3)


def by_theta(layer: Layer, a: Matrix) -> Matrix:
    """Return Z = Θ A of a layer, with the biases as column 0 of Θ and ones as row 0 of A (B1)."""
    ones = [1.0] * a.shape[1]
    return Matrix(layer.theta) @ Matrix([ones, *a])


def shape_text(matrix: Matrix) -> str:
    """Return the shape of a matrix as text, such as "4 × 3"."""
    return " × ".join(map(str, matrix.shape))


def vector(numbers: Iterable[float]) -> str:
    """Return a vector as text.

    >>> vector([0.5, -1])
    '( 0.5000, -1.0000)'
    """
    return f"({', '.join(f'{x:7.4f}' for x in numbers)})"


def report() -> str:
    """Return the shapes, the numbers of parameters and the forward passes, as text."""
    return "\n".join(_lines(network(), Matrix(FIVE_INPUTS).T))


def _lines(mlp: MLP, x: Matrix) -> Iterator[str]:
    theta = parameters_of(mlp)
    yield "The 3-4-3-1 network: 3 inputs, then layers of 4, 3 and 1 neurons (A4)"
    yield "\n  A layer of m neurons with k inputs has m rows of k weights, m biases, m z and m a"
    yield "    layer  W      b      z, a   parameters"
    counts = [len(layer.parameters()) for layer in mlp.layers]
    for number, ((W, b, _), count) in enumerate(zip(theta, counts, strict=True), start=1):
        m, k = W.shape
        shapes = f"{shape_text(W):<7}{shape_text(b)}  {m} × 1"
        yield f"    {number:<7}{shapes}  {m} · {k} + {m} = {count}"
    yield f"    in all {' + '.join(map(str, counts))} = {len(mlp.parameters())} parameters"

    frozen, first = mlp.frozen(), FIVE_INPUTS[0]
    frozen(first)
    yield f"\n  The forward pass of one example, x = {vector(first)}"
    for number, layer in enumerate(frozen.layers, start=1):
        yield f"    {name('z', layer=number)} = {vector(layer.z)}"
        yield f"    {name('a', layer=number)} = {vector(layer.a)}"

    n = x.shape[1]
    yield f"\n  The forward pass of {n} examples, the columns of X: Z = W A + b, b in each column"
    batch = forward_propagation(theta, x)
    for (W, b, _), a, z in zip(theta, batch.a, batch.z, strict=False):
        yield f"    {shape_text(z)} = ({shape_text(W)})({shape_text(a)}) + ({shape_text(b)})"
    yield "    The outputs are those of the single passes, side by side:"
    yield f"      at once:              {vector(batch.a[-1][0])}"
    yield f"      one after the other:  {vector(frozen(example) for example in FIVE_INPUTS)}"

    yield "\n  With the biases as column 0 of Θ and x₀ = 1 (B1), z = W x + b becomes z = Θ x"
    layer = mlp.layers[0]
    yield f"    {name('Θ', layer=1)} is {shape_text(Matrix(layer.theta))}; its rows are"
    yield from (f"           {vector(row)}" for row in layer.theta)
    z = by_theta(layer, Matrix([first]).T)
    yield f"    {name('z', layer=1)} = {vector(z.T[0])}, as above"
