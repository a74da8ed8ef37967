"""The scalar engine and the matrix equations side by side: how to check a derivation by matrices.

>>> from tinygrad_edu import MLP
>>> from tinygrad_edu.nn.losses import half_squared_error
>>> mlp = MLP(1, [1, 1], "sigmoid", initialisation="lecture")
>>> compare(mlp, [([0.5], 1.0)], half_squared_error)
                                by the engine  by the equations
layer 1
  z⁽¹⁾ = W⁽¹⁾ x + b⁽¹⁾          [1.344]        [1.344]           ✓
  a⁽¹⁾ = g(z⁽¹⁾)                [0.7932]       [0.7932]          ✓
  δ⁽¹⁾ = W⁽²⁾ᵀ δ⁽²⁾ ⊙ g'(z⁽¹⁾)  [0.03463]      [0.03463]         ✓
  ∂L/∂W⁽¹⁾ = δ⁽¹⁾ xᵀ            [0.01731]      [0.01731]         ✓
  ∂L/∂b⁽¹⁾ = δ⁽¹⁾               [0.03463]      [0.03463]         ✓
layer 2
  z⁽²⁾ = W⁽²⁾ a⁽¹⁾ + b⁽²⁾       [1.409]        [1.409]           ✓
  ...
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby, zip_longest
from operator import attrgetter
from typing import Any, NamedTuple

from tinygrad_edu.formulas.notation import name
from tinygrad_edu.gradient import grad
from tinygrad_edu.nn import equations, losses
from tinygrad_edu.nn.equations import Backward, Forward, Parameters
from tinygrad_edu.nn.matrix import Matrix, of_shape
from tinygrad_edu.nn.mlp import MLP
from tinygrad_edu.support.showing import Printed
from tinygrad_edu.support.tables import aligned
from tinygrad_edu.table import softmax, total
from tinygrad_edu.value import Value

__all__ = ["Comparison", "Row", "columns", "compare"]

SHOWN = 3  # columns of a matrix that a table prints
# Apart by what rounding explains: relative to the largest number of a matrix, and in itself, where
# nothing can be told. The equations lose digits where an output is nearly right: of ŷ - y = 1e-6
# the last ten are left.
CLOSE, TINY = 1e-9, 1e-15

BackPropagation = Callable[[Sequence[Parameters], Forward, Any], Sequence[Backward]]
LossGradient = Callable[[Callable[[Any, Any], Any], Any, Any], Any]


class Row(NamedTuple):
    """One quantity of one layer, from both sides."""

    layer: int
    formula: str
    engine: Matrix
    equations: Matrix

    @property
    def verdict(self) -> str:
        """✓ if both are the same but for rounding; otherwise what is the matter.

        >>> Row(1, "z", Matrix([[1.0]]), Matrix([[1.5]])).verdict
        '✗ up to 0.5 apart'
        >>> Row(1, "z", Matrix([[1e-16]]), Matrix([[-1e-16]])).verdict
        '? too small to compare'
        """
        if self.engine.shape != self.equations.shape:
            return f"✗ is {of_shape(self.equations)}, not {of_shape(self.engine)}"
        pairs = [
            (x, y)
            for ours, theirs in zip(self.engine, self.equations, strict=True)
            for x, y in zip(ours, theirs, strict=True)
        ]
        if not all(map(math.isfinite, chain(*pairs))):
            return "✗ not finite"
        largest = max(abs(x) for x, _ in pairs)
        apart = max(abs(x - y) for x, y in pairs)
        if apart <= CLOSE * largest:
            return "✓"
        return "? too small to compare" if apart <= TINY else f"✗ up to {apart:.3g} apart"


@dataclass(frozen=True, repr=False)
class Comparison(Printed):
    """All quantities of all layers, from both sides; true if they agree."""

    rows: list[Row]

    def __bool__(self) -> bool:
        return all(row.verdict == "✓" for row in self.rows)

    def __repr__(self) -> str:
        """Return a table."""
        return "\n".join(self._lines())

    def _lines(self) -> list[str]:
        lines = [("", "by the engine", "by the equations", "")]
        for layer, rows in groupby(self.rows, key=attrgetter("layer")):
            lines.append((f"layer {layer}", "", "", ""))
            for row in rows:
                formula, verdict = [f"  {row.formula}"], [row.verdict]
                fields = (formula, cells(row.engine), cells(row.equations), verdict)
                lines += zip_longest(*fields, fillvalue="")
        return aligned(lines)


def compare(
    mlp: MLP,
    examples: Iterable[tuple[Any, Any]],
    loss: Callable[[Any, Any], Any],
    back_propagation: BackPropagation = equations.back_propagation,
    *,
    loss_gradient: LossGradient = equations.loss_gradient,
) -> Comparison:
    """Return z, a, δ, ∂L/∂W and ∂L/∂b of all layers, by the engine and by the matrix equations.

    Args:
        mlp: the network.
        examples: pairs of an input and a target; the loss is averaged over them.
        loss: a function of :mod:`tinygrad_edu.nn.losses`, or one of your own.
        back_propagation: a derivation of your own to be checked: a function like
            :func:`.equations.back_propagation`, of the parameters, the forward pass and ∂L/∂A.
        loss_gradient: ∂L/∂A of a loss of your own: a function like
            :func:`.equations.loss_gradient`, of the loss, the outputs and the targets.

    Raises ValueError if there are no examples.

    >>> from tinygrad_edu.nn.losses import half_squared_error
    >>> mlp = MLP(2, [2, 1], "sigmoid")
    >>> def without_transpose(theta, forward, dA):
    ...     return [b._replace(dW=b.dW.T) for b in equations.back_propagation(theta, forward, dA)]
    >>> comparison = compare(mlp, [([0.5, 1.0], 1.0)], half_squared_error, without_transpose)
    >>> bool(comparison), comparison.rows[-2].verdict
    (False, '✗ is 2×1, not 1×2')
    >>> def fourth_power(a, y):
    ...     return (a - y) ** 4
    >>> def its_gradient(loss, A, Y):
    ...     return 4 * (A - Y) ** 3 / A.shape[1]
    >>> bool(compare(mlp, [([0.5, 1.0], 1.0)], fourth_power, loss_gradient=its_gradient))
    True
    """
    examples = list(examples)
    if not examples:
        message = "compare: there are no examples"
        raise ValueError(message)
    X, Y = columns(mlp, examples, loss)
    theta = equations.parameters_of(mlp)
    forward = equations.forward_propagation(theta, X)
    dA = loss_gradient(loss, forward.a[-1], Y)
    backward = back_propagation(theta, forward, dA)
    by_equations = [
        (z, a, *gradients)
        for z, a, gradients in zip(forward.z, forward.a[1:], backward, strict=True)
    ]
    rows = []
    pairs = zip(by_engine(mlp, examples, loss), by_equations, strict=True)
    for number, (ours, theirs) in enumerate(pairs, start=1):
        titles = formulas(mlp, number, several=len(examples) > 1)
        for formula, x, y in zip(titles, ours, theirs, strict=True):
            rows.append(Row(number, formula, x, Matrix(y)))
    return Comparison(rows)


def by_engine(
    mlp: MLP, examples: Sequence[tuple[Any, Any]], loss: Callable[[Any, Any], Any]
) -> Iterator[tuple[Matrix, ...]]:
    """Yield z, a, δ, ∂L/∂W and ∂L/∂b of every layer, from the graph."""
    outputs, zs, activations = [], [], []
    for x, _ in examples:
        outputs.append(mlp(x))
        zs.append([layer.z for layer in mlp.layers])
        activations.append([layer.a for layer in mlp.layers])
    cost = total([loss(a, y) for a, (_, y) in zip(outputs, examples, strict=True)]) / len(examples)
    for number, layer in enumerate(mlp.layers):
        z = Matrix(of_example[number] for of_example in zs).T
        a = Matrix(of_example[number] for of_example in activations).T
        W = Matrix(neuron.w for neuron in layer.neurons)
        b = Matrix([neuron.b] for neuron in layer.neurons)
        yield (data_of(z), data_of(a), *[gradients(cost, nodes) for nodes in (z, W, b)])


def gradients(cost: Value, nodes: Matrix) -> Matrix:
    """Return the derivatives of a Value with respect to those of a matrix, in its shape."""
    return Matrix(grad(cost, row) for row in nodes)


def data_of(nodes: Matrix) -> Matrix:
    """Return the numbers of a matrix of Values."""
    return nodes.map(lambda node: node.data)


def columns(
    mlp: MLP, examples: Sequence[tuple[Any, Any]], loss: Callable[[Any, Any], Any]
) -> tuple[Matrix, Matrix]:
    """Return inputs and targets as matrices with the examples as columns; classes one-hot."""
    n_outputs = len(mlp.layers[-1].neurons)
    of_classes = loss in (losses.cross_entropy, losses.negative_log_likelihood)

    def target(y: Any) -> list[Any]:
        if hasattr(y, "__len__"):
            return list(y)
        return [float(k == y) for k in range(n_outputs)] if of_classes else [y]

    return Matrix(x for x, _ in examples).T, Matrix(target(y) for _, y in examples).T


def formulas(mlp: MLP, number: int, *, several: bool) -> list[str]:
    """Return the equations of a layer in the notation of the lectures."""
    z, a, W, b, delta = (name(s, layer=number) for s in ("z", "a", "W", "b", "δ"))
    below = name("a", layer=number - 1) if number > 1 else "x"
    upstream = f"{name('W', layer=number + 1)}ᵀ {name('δ', layer=number + 1)}"
    if number == len(mlp.layers):
        upstream = f"∂L/∂{a}"
    g_is_softmax = mlp.layers[number - 1].activation is softmax
    return [
        f"{z} = {W} {below} + {b}",
        f"{a} = g({z})",
        f"{delta} = " + (f"(∂{a}/∂{z})ᵀ {upstream}" if g_is_softmax else f"{upstream} ⊙ g'({z})"),
        f"∂L/∂{W} = {delta} {below}ᵀ",
        f"∂L/∂{b} = {'Σ ' if several else ''}{delta}",
    ]


def cells(matrix: Matrix) -> list[str]:
    """Return a matrix as lines of text, a long one cut short; -0 is 0.

    >>> cells(Matrix([[0.5, -1.0], [12.25, 2.0]]))
    ['[  0.5  -1]', '[12.25   2]']
    """
    shown = [[f"{x + 0.0:.4g}" for x in row[:SHOWN]] for row in matrix]
    more = "  …" if matrix.shape[1] > SHOWN else ""
    return [f"[{row}{more}]" for row in aligned(shown, right=True)]
