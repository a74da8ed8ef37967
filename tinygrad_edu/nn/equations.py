"""Backpropagation by matrices, as the lectures write it (A4, A11, C2, D5, D7, E1, E2).

The examples are the columns of X. A superscript in parentheses is the number of a layer.

====================================  ===========================================================
Z⁽ˡ⁾ = W⁽ˡ⁾ A⁽ˡ⁻¹⁾ + b⁽ˡ⁾             pre-activations, from A⁽⁰⁾ = X
A⁽ˡ⁾ = g(Z⁽ˡ⁾)                        activations
δ⁽ᴸ⁾ = ∂L/∂A⁽ᴸ⁾ ⊙ g'(Z⁽ᴸ⁾)            the error ∂L/∂Z of the last layer
δ⁽ˡ⁾ = W⁽ˡ⁺¹⁾ᵀ δ⁽ˡ⁺¹⁾ ⊙ g'(Z⁽ˡ⁾)      the error of every earlier layer
∂L/∂W⁽ˡ⁾ = δ⁽ˡ⁾ A⁽ˡ⁻¹⁾ᵀ               gradients of the weights
∂L/∂b⁽ˡ⁾ = Σ δ⁽ˡ⁾                     gradients of the biases, a sum over the examples
====================================  ===========================================================

The matrices are NumPy arrays, or objects of the class :class:`~tinygrad_edu.nn.matrix.Matrix`: the
same code runs on both. The engine records nothing here;
:func:`~tinygrad_edu.nn.comparison.compare` shows these results beside those of the engine.

>>> from tinygrad_edu import MLP
>>> from tinygrad_edu.nn.losses import half_squared_error
>>> theta = parameters_of(MLP(2, [3, 1], "sigmoid", seed=0))
>>> X, Y = Matrix([[0.0, 1.0], [1.0, 1.0]]), Matrix([[1.0, 0.0]])
>>> forward = forward_propagation(theta, X)
>>> backward = back_propagation(theta, forward, loss_gradient(half_squared_error, forward.a[-1], Y))
>>> [layer.dW.shape for layer in backward]
[(3, 2), (1, 3)]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, NoReturn, TypeAlias

from tinygrad_edu.gradient import grad
from tinygrad_edu.nn import losses
from tinygrad_edu.nn.activations import Activation, identity, name_of
from tinygrad_edu.nn.matrix import Matrix, shape_text
from tinygrad_edu.nn.mlp import MLP
from tinygrad_edu.nn.settings import require_known
from tinygrad_edu.operation import Operation
from tinygrad_edu.recorder import as_number
from tinygrad_edu.table import sigmoid, softmax
from tinygrad_edu.value import Constant, Value

__all__ = [
    "Backward",
    "Forward",
    "Parameters",
    "back_propagation",
    "forward_propagation",
    "gradient_descent",
    "loss_gradient",
    "parameters_of",
]

Array: TypeAlias = "Any"  # a Matrix or a NumPy array


class Parameters(NamedTuple):
    """The parameters of a layer: weights W, biases b as a column, and the activation g."""

    W: Array
    b: Array
    g: Activation


class Forward(NamedTuple):
    """The results of the forward pass."""

    z: list[Array]
    """The pre-activations Z⁽¹⁾ to Z⁽ᴸ⁾."""
    a: list[Array]
    """The activations A⁽⁰⁾ to A⁽ᴸ⁾; A⁽⁰⁾ is the input X."""


class Backward(NamedTuple):
    """The results of the backward pass for one layer."""

    delta: Array
    """δ = ∂L/∂Z, the error."""
    dW: Array
    """∂L/∂W, in the shape of W."""
    db: Array
    """∂L/∂b, a column like b."""


def parameters_of(mlp: MLP, make: Callable[[Any], Array] = Matrix) -> list[Parameters]:
    """Return the parameters of each layer as matrices.

    Args:
        mlp: the network.
        make: turns a list of rows into a matrix; ``numpy.array`` makes NumPy arrays.
    """
    return [
        Parameters(make(layer.W), make([[b] for b in layer.b]), layer.activation)
        for layer in mlp.layers
    ]


# --- the algorithms of D7 -------------------------------------------------------------------------


def forward_propagation(theta: Sequence[Parameters], X: Array) -> Forward:
    """Return the pre-activations and activations of all layers (A4, D7, E1).

    Args:
        theta: the parameters of each layer.
        X: the inputs, one example per column.
    """
    zs, activations = [], [X]
    for W, b, g in theta:
        z = W @ activations[-1] + b
        zs.append(z)
        activations.append(activated(g, z))
    return Forward(zs, activations)


def back_propagation(theta: Sequence[Parameters], forward: Forward, dA: Array) -> list[Backward]:
    """Return the errors and gradients of all layers (A11, D7, E1).

    Args:
        theta: the parameters of each layer.
        forward: the results of the forward pass.
        dA: the derivative of the loss with respect to the activations of the last layer.
    """
    backward = []
    for layer in reversed(range(len(theta))):
        W, _, g = theta[layer]
        delta = through_activation(g, forward.z[layer], forward.a[layer + 1], dA)
        a_below = forward.a[layer]
        backward.append(Backward(delta, delta @ a_below.T, delta.sum(axis=1, keepdims=True)))
        dA = W.T @ delta
    return backward[::-1]


def gradient_descent(
    theta: Sequence[Parameters],
    X: Array,
    Y: Array,
    loss: Callable[..., Any],
    lr: float,
    max_iterations: int = 1000,
    **others: NoReturn,
) -> list[Parameters]:
    """Return the parameters after ``max_iterations`` steps against the gradient (D2, D7).

    Args:
        theta: the parameters of each layer at the start.
        X: the inputs, one example per column.
        Y: the targets in the shape of the outputs, one example per column.
        loss: a function of :mod:`tinygrad_edu.nn.losses`.
        lr: the learning rate, by which each gradient is multiplied.
        max_iterations: the number of steps.
        others: no other setting is accepted; an unknown one raises TypeError.
    >>> from tinygrad_edu import MLP
    >>> from tinygrad_edu.nn.losses import binary_cross_entropy
    >>> theta = parameters_of(MLP(2, [4, 1], output_activation="sigmoid"))
    >>> X, Y = Matrix([[0, 0, 1, 1], [0, 1, 0, 1]]), Matrix([[0, 1, 1, 0]])  # XOR
    >>> theta = gradient_descent(theta, X, Y, binary_cross_entropy, lr=1.0)
    >>> forward_propagation(theta, X).a[-1].map(round)
    Matrix([[0, 1, 1, 0]])
    """
    require_known("gradient_descent", others, "lr and max_iterations")
    for _ in range(max_iterations):
        forward = forward_propagation(theta, X)
        backward = back_propagation(theta, forward, loss_gradient(loss, forward.a[-1], Y))
        theta = [
            Parameters(W - lr * dW, b - lr * db, g)
            for (W, b, g), (_, dW, db) in zip(theta, backward, strict=True)
        ]
    return list(theta)


# --- activations and losses -----------------------------------------------------------------------


def activated(g: Activation, z: Array) -> Array:
    """Return g(Z): number by number, or column by column for softmax.

    A function of the user may work neither on arrays nor on plain numbers, so it is called with
    one Value at a time.
    """
    if g is identity or (isinstance(g, Operation) and g is not softmax):
        return each(g, z)
    if g is not softmax:
        return one_by_one(lambda x: as_number(g(Constant(x))), z)
    if isinstance(z, Matrix):
        return Matrix(softmax(column) for column in z.T).T
    import numpy as np  # noqa: PLC0415 - z is an array, so NumPy is loaded

    return np.array(softmax(list(z)))


def through_activation(g: Activation, z: Array, a: Array, dA: Array) -> Array:
    """Return ∂L/∂Z, given ∂L/∂A: multiply by g'(Z), or by the matrix of derivatives of softmax.

    The entries of that matrix are a_i (δ_ij - a_j) (D5), so
    ∂L/∂z_j = a_j (∂L/∂a_j - Σ_i a_i ∂L/∂a_i).
    """
    if g is identity:
        return dA
    if g is softmax:
        return a * (dA - (a * dA).sum(axis=0, keepdims=True))
    if isinstance(g, Operation):
        return dA * each(lambda a, z: g.rule(a, g.bound((z,), {}), written=True)[0], a, z)
    return dA * one_by_one(lambda x: derivative_by_engine(g, x), z)


def derivative_by_engine(g: Activation, z: float) -> Any:
    """Return g'(z), computed by the engine, for a function that is not in the table.

    >>> derivative_by_engine(lambda z: z * z, 3.0)
    6.0
    """
    v = Value(z)
    a = g(v)
    if not isinstance(a, Value):
        message = (
            f"back_propagation: {name_of(g)} must return a Value, not {a!r}: without one its "
            "derivative is unknown"
        )
        raise TypeError(message)
    return grad(a, v)


def loss_gradient(loss: Callable[..., Any], a: Array, y: Array) -> Array:
    """Return ∂L/∂A of the last layer, for a loss that is averaged over the examples.

    Args:
        loss: a function of :mod:`tinygrad_edu.nn.losses`.
        a: the activations of the last layer, one example per column.
        y: the targets in the same shape; a class is a one-hot column.

    Raises TypeError for any other loss: write your own function for its derivative. Raises
    ValueError if the targets have another shape or the loss is infinite.

    >>> loss_gradient(losses.half_squared_error, Matrix([[0.75], [0.5]]), Matrix([[0.0], [1.0]]))
    Matrix([[0.75], [-0.5]])
    """
    if a.shape != y.shape:
        message = (
            f"loss_gradient: the outputs are {shape_text(a)}, but the targets are {shape_text(y)}"
        )
        raise ValueError(message)
    k, m = a.shape
    of_one_example: dict[Callable[..., Any], Callable[[], Array]] = {
        losses.half_squared_error: lambda: a - y,  # A8, B4
        losses.rss: lambda: 2 * (a - y),  # B3, D3
        losses.mse: lambda: 2 * (a - y) / k,
        losses.binary_cross_entropy: lambda: -(ratio(y, a) - ratio(1 - y, 1 - a)) / k,  # A8, B3
        losses.binary_cross_entropy_with_logits: lambda: (each(sigmoid, a) - y) / k,
        losses.negative_log_likelihood: lambda: -ratio(y, a),  # D5, E1
        losses.cross_entropy: lambda: activated(softmax, a) - y,  # D5: the loss applies softmax
    }
    if loss not in of_one_example:
        message = (
            f"loss_gradient: the derivative of {name_of(loss)} is unknown; write your own function "
            "that returns it"
        )
        raise TypeError(message)
    return of_one_example[loss]() / m


def ratio(y: Array, a: Array) -> Array:
    """Return y / a for targets y and probabilities a, with 0 / 0 = 0.

    A class whose target is 0 contributes nothing to the loss. Raises ValueError where a is 0 and y
    is not.

    >>> ratio(Matrix([[1.0, 0.0]]), Matrix([[0.5, 0.0]]))
    Matrix([[2.0, 0.0]])
    """
    if any(map(any, each(lambda a, y: (a == 0) & (y != 0), a, y))):
        message = (
            "loss_gradient: the model gives probability 0 to the true class, so the loss is "
            "infinite; use a loss that takes logits, which is always finite"
        )
        raise ValueError(message)
    return y / each(lambda a: a + (a == 0), a)


# --- matrices and arrays --------------------------------------------------------------------------


def each(function: Callable[..., Any], first: Array, *others: Array) -> Array:
    """Apply a function to matrices number by number, or to NumPy arrays as a whole."""
    return first.map(function, *others) if isinstance(first, Matrix) else function(first, *others)


def one_by_one(function: Callable[[float], Any], z: Array) -> Array:
    """Apply a function of one number to a matrix or an array."""
    if isinstance(z, Matrix):
        return z.map(function)
    import numpy as np  # noqa: PLC0415 - z is an array, so NumPy is loaded

    return np.vectorize(function, otypes=[float])(z)
