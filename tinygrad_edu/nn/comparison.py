"""The results of the scalar engine and of the matrix equations, side by side.

In this way a derivation by matrices is checked.

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
from tinygrad_edu.nn.lists import as_list, is_list
from tinygrad_edu.nn.matrix import Matrix, shape_text
from tinygrad_edu.nn.mlp import MLP
from tinygrad_edu.support.showing import Printed
from tinygrad_edu.support.tables import aligned
from tinygrad_edu.table import softmax, total
from tinygrad_edu.value import Value

__all__ = ["ComparedQuantity", "EquationComparison", "compare", "example_columns"]

SHOWN_COLUMNS = 3  # columns of a matrix that a table prints
CLOSE = 1e-9
"""The largest difference that rounding explains, relative to the largest number of a matrix.

The equations lose digits where an output is nearly right: if ŷ - y is 1e-6, the difference has only
ten correct digits."""
TINY = 1e-15
"""Numbers of this size or smaller may be rounding errors, so two of them cannot be compared."""

BackPropagation = Callable[[Sequence[Parameters], Forward, Any], Sequence[Backward]]
LossGradient = Callable[[Callable[[Any, Any], Any], Any, Any], Any]


class ComparedQuantity(NamedTuple):
    """One quantity of one layer: the engine's result and that of the equations."""

    layer: int
    formula: str
    engine: Matrix
    equations: Matrix

    @property
    def verdict(self) -> str:
        """✓ if both results are equal up to rounding; otherwise ✗ or ?, and the difference.

        >>> ComparedQuantity(1, "z", Matrix([[1.0]]), Matrix([[1.5]])).verdict
        '✗ up to 0.5 apart'
        >>> ComparedQuantity(1, "z", Matrix([[1e-16]]), Matrix([[-1e-16]])).verdict
        '? too small to compare'
        """
        if self.engine.shape != self.equations.shape:
            return f"✗ is {shape_text(self.equations)}, not {shape_text(self.engine)}"
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
class EquationComparison(Printed):
    """All quantities of all layers, by the engine and by the equations; true if they agree."""

    rows: list[ComparedQuantity]

    def __bool__(self) -> bool:
        return all(row.verdict == "✓" for row in self.rows)

    def __repr__(self) -> str:
        """Return the comparison as a table."""
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
) -> EquationComparison:
    """Compare z, a, δ, ∂L/∂W and ∂L/∂b of all layers: the engine's beside the matrix equations'.

    Args:
        mlp: the network.
        examples: pairs of an input and a target; the loss is averaged over them.
        loss: a function of :mod:`tinygrad_edu.nn.losses`, or one of your own.
        back_propagation: your own derivation, if you want to check one: a function of the
            parameters, the forward pass and ∂L/∂A, like :func:`.equations.back_propagation`.
        loss_gradient: ∂L/∂A for your own loss: a function of the loss, the outputs and the
            targets, like :func:`.equations.loss_gradient`.

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
    X, Y = example_columns(mlp, examples, loss)
    theta = equations.parameters_of(mlp)
    forward = equations.forward_propagation(theta, X)
    dA = loss_gradient(loss, forward.a[-1], Y)
    backward = back_propagation(theta, forward, dA)
    by_equations = [
        (z, a, *gradients)
        for z, a, gradients in zip(forward.z, forward.a[1:], backward, strict=True)
    ]
    rows = []
    pairs = zip(engine_results(mlp, examples, loss), by_equations, strict=True)
    for place, (ours, theirs) in enumerate(pairs, start=1):
        titles = equations_of_layer(mlp, place, several=len(examples) > 1)
        for formula, x, y in zip(titles, ours, theirs, strict=True):
            rows.append(ComparedQuantity(place, formula, x, Matrix(y)))
    return EquationComparison(rows)


def engine_results(
    mlp: MLP, examples: Sequence[tuple[Any, Any]], loss: Callable[[Any, Any], Any]
) -> Iterator[tuple[Matrix, ...]]:
    """Yield z, a, δ, ∂L/∂W and ∂L/∂b of every layer, computed by the engine."""
    outputs, zs, activations = [], [], []
    for x, _ in examples:
        outputs.append(mlp(x))
        zs.append([layer.z for layer in mlp.layers])
        activations.append([layer.a for layer in mlp.layers])
    cost = total([loss(a, y) for a, (_, y) in zip(outputs, examples, strict=True)]) / len(examples)
    for place, layer in enumerate(mlp.layers):
        z = Matrix(of_example[place] for of_example in zs).T
        a = Matrix(of_example[place] for of_example in activations).T
        W = Matrix(neuron.w for neuron in layer.neurons)
        b = Matrix([neuron.b] for neuron in layer.neurons)
        yield (data_of(z), data_of(a), *[gradients_of(cost, nodes) for nodes in (z, W, b)])


def gradients_of(cost: Value, nodes: Matrix) -> Matrix:
    """Return the gradients of a cost with respect to the nodes in a matrix, in the same shape."""
    return Matrix(grad(cost, row) for row in nodes)


def data_of(nodes: Matrix) -> Matrix:
    """Return the numbers of a matrix of Values."""
    return nodes.map(lambda node: node.data)


def example_columns(
    mlp: MLP, examples: Sequence[tuple[Any, Any]], loss: Callable[[Any, Any], Any]
) -> tuple[Matrix, Matrix]:
    """Return inputs and targets as matrices whose columns are the examples.

    A target that is a class becomes a one-hot column.
    """
    n_outputs = len(mlp.layers[-1].neurons)
    of_classes = loss in (losses.cross_entropy, losses.negative_log_likelihood)

    def target(y: Any) -> list[Any]:
        if of_classes and not is_list(y):
            return [float(k == y) for k in range(n_outputs)]
        return as_list(y)

    return Matrix(x for x, _ in examples).T, Matrix(target(y) for _, y in examples).T


def equations_of_layer(mlp: MLP, place: int, *, several: bool) -> list[str]:
    """Return the equations of a layer in the notation of the lectures.

    Args:
        mlp: the network.
        place: which layer, counted from 1.
        several: whether ∂L/∂b is a sum over several examples.
    """
    z, a, W, b, delta = (name(s, layer=place) for s in ("z", "a", "W", "b", "δ"))
    below = name("a", layer=place - 1) if place > 1 else "x"
    upstream = f"{name('W', layer=place + 1)}ᵀ {name('δ', layer=place + 1)}"
    if place == len(mlp.layers):
        upstream = f"∂L/∂{a}"
    g_is_softmax = mlp.layers[place - 1].activation is softmax
    return [
        f"{z} = {W} {below} + {b}",
        f"{a} = g({z})",
        f"{delta} = " + (f"(∂{a}/∂{z})ᵀ {upstream}" if g_is_softmax else f"{upstream} ⊙ g'({z})"),
        f"∂L/∂{W} = {delta} {below}ᵀ",
        f"∂L/∂{b} = {'Σ ' if several else ''}{delta}",
    ]


def cells(matrix: Matrix) -> list[str]:
    """Return a matrix as lines of text: the first columns of a wide one, and 0 for -0.

    >>> cells(Matrix([[0.5, -1.0], [12.25, 2.0]]))
    ['[  0.5  -1]', '[12.25   2]']
    """
    shown = [[f"{x + 0.0:.4g}" for x in row[:SHOWN_COLUMNS]] for row in matrix]
    more = "  …" if matrix.shape[1] > SHOWN_COLUMNS else ""
    return [f"[{row}{more}]" for row in aligned(shown, right=True)]
