"""Losses: how far predictions are from targets. Predictions first, then targets.

A loss takes numbers, Values or both, and returns a number or a Value. The loss of one example is
what :func:`~tinygrad_edu.nn.training.fit` asks for and averages over a batch (B6).

A loss that is a Value has the label L, until it is given another. Targets that have a label keep
it, so that formulas and pictures show them by name.

>>> from tinygrad_edu import Value
>>> logits = [Value(2.0), Value(0.5), Value(-1.0)]
>>> loss = cross_entropy(logits, 0)
>>> loss.backward()
>>> print(f"{loss:.4f}", *[f"{z.grad:.4f}" for z in logits])  # softmax - one-hot (D5)
0.2413 -0.2144 0.1753 0.0391
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias, overload

from tinygrad_edu import table
from tinygrad_edu.nn.logits import warn_of_probabilities
from tinygrad_edu.nn.predictions import (
    by_name,
    complement,
    expected,
    flat,
    minus_log,
    over_examples,
    over_pairs,
    probabilities_of,
    reduced,
    require_prediction,
    require_target,
)
from tinygrad_edu.value import Value

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "half_squared_error",
    "mse",
    "negative_log_likelihood",
    "rss",
]

Numbers: TypeAlias = "float | Iterable[float] | Iterable[Iterable[float]]"
"""Of numbers a loss is a number; if a Value is among them, it is a Value."""

# --- real numbers ---------------------------------------------------------------------------------


@overload
def half_squared_error(
    predictions: Numbers, targets: Numbers, *, reduction: str = ...
) -> float: ...
@overload
def half_squared_error(predictions: Any, targets: Any, *, reduction: str = ...) -> Value: ...
def half_squared_error(predictions: Any, targets: Any, *, reduction: str = "sum") -> Any:
    """Return half the sum of squared errors ½ Σ (ŷ - y)² (A8, B4): its derivative is ŷ - y.

    Args:
        predictions: a number, a list of them, or a list of lists.
        targets: numbers in the same shape; a number goes for a list of one.
        reduction: "sum", or "mean", which divides by how many there are.

    Raises ValueError for shapes that differ, and if there are no predictions.

    >>> half_squared_error([1.0, 2.0], [0.0, 4.0])
    2.5
    """
    name = "half_squared_error"
    predictions, targets = flat(name, predictions, targets)
    loss = table.half_squared_error(predictions, targets)
    return reduced(name, loss, len(predictions), reduction)


@overload
def rss(predictions: Numbers, targets: Numbers, *, reduction: str = ...) -> float: ...
@overload
def rss(predictions: Any, targets: Any, *, reduction: str = ...) -> Value: ...
def rss(predictions: Any, targets: Any, *, reduction: str = "sum") -> Any:
    """Return the residual sum of squares Σ (ŷ - y)² (B3).

    Args:
        predictions: a number, a list of them, or a list of lists.
        targets: numbers in the same shape; a number goes for a list of one.
        reduction: "sum", or "mean", which makes it the :func:`mse`.

    Raises ValueError for shapes that differ, and if there are no predictions.

    >>> rss([1.0, 2.0], [0.0, 4.0])
    5.0
    """
    predictions, targets = flat("rss", predictions, targets)
    return reduced("rss", table.squared_error(predictions, targets), len(predictions), reduction)


@overload
def mse(
    predictions: Numbers, targets: Numbers, *, half: bool = ..., reduction: str = ...
) -> float: ...
@overload
def mse(predictions: Any, targets: Any, *, half: bool = ..., reduction: str = ...) -> Value: ...
def mse(predictions: Any, targets: Any, *, half: bool = False, reduction: str = "mean") -> Any:
    """Return the mean squared error (1/N) Σ (ŷ - y)² over all N numbers (B3).

    D3 divides by the number of examples, not by that of all outputs: that is the mean of
    :func:`rss`.

    Args:
        predictions: a number, a list of them, or a list of lists.
        targets: numbers in the same shape.
        half: divide by 2 N, as B3 has it, so that no factor 2 is left in the derivative.
        reduction: "mean", or "sum", which does not divide by N.

    Raises ValueError for shapes that differ, and for the mean of nothing.

    >>> mse([1.0, 2.0], [0.0, 4.0]), mse([1.0, 2.0], [0.0, 4.0], half=True)
    (2.5, 1.25)
    """
    predictions, targets = flat("mse", predictions, targets)
    n = len(predictions)
    if half and reduction == "sum":
        return reduced("mse", table.half_squared_error(predictions, targets), n, reduction)
    return reduced(
        "mse", table.squared_error(predictions, targets), 2 * n if half else n, reduction
    )


# --- yes or no ------------------------------------------------------------------------------------


@overload
def binary_cross_entropy(
    probabilities: Numbers, targets: Numbers, *, reduction: str = ...
) -> float: ...
@overload
def binary_cross_entropy(probabilities: Any, targets: Any, *, reduction: str = ...) -> Value: ...
def binary_cross_entropy(probabilities: Any, targets: Any, *, reduction: str = "mean") -> Any:
    """Return the log loss -(y log p + (1 - y) log(1 - p)) of probabilities (A8, B3).

    It is the negative log likelihood of Bernoulli trials.

    Args:
        probabilities: p, from 0 to 1: a number, a list of them, or a list of lists.
        targets: y in the same shape: 0, 1, or between.
        reduction: "mean" or "sum".

    Raises ValueError for shapes that differ, for p or y outside 0 to 1, and where p says 0 of what
    is the case: the loss is infinite there. From the logits it never is.

    >>> print(f"{binary_cross_entropy(0.9, 1):.4f} {binary_cross_entropy([0.9, 0.9], [1, 0]):.4f}")
    0.1054 1.2040
    """
    name = "binary_cross_entropy"

    def loss(p: Any, y: Any) -> Any:
        require_prediction(name, p)
        require_target(name, y)
        return expected([complement(y), y], lambda k: minus_log(name, p if k else 1 - p))

    return over_pairs(name, loss, probabilities, targets, reduction)


@overload
def binary_cross_entropy_with_logits(
    logits: Numbers, targets: Numbers, *, reduction: str = ...
) -> float: ...
@overload
def binary_cross_entropy_with_logits(
    logits: Any, targets: Any, *, reduction: str = ...
) -> Value: ...
def binary_cross_entropy_with_logits(logits: Any, targets: Any, *, reduction: str = "mean") -> Any:
    """Return the log loss of the probabilities sigmoid(z), from the logits z (A8, B3).

    It is (1 - y) softplus(z) + y softplus(-z), which loses no digit at logits of any size.

    Args:
        logits: z: a number, a list of them, or a list of lists.
        targets: y in the same shape: 0, 1, or between.
        reduction: "mean" or "sum".

    Raises ValueError for shapes that differ, and for y outside 0 to 1.

    >>> binary_cross_entropy_with_logits(1000.0, 1), binary_cross_entropy_with_logits(1000.0, 0)
    (0.0, 1000.0)
    """
    name = "binary_cross_entropy_with_logits"
    warn_of_probabilities(name, logits)

    def loss(z: Any, y: Any) -> Any:
        require_target(name, y)
        return table.binary_cross_entropy_with_logits(z, by_name(y))

    return over_pairs(name, loss, logits, targets, reduction)


# --- one of several classes -----------------------------------------------------------------------


@overload
def cross_entropy(logits: Numbers, targets: Numbers, *, reduction: str = ...) -> float: ...
@overload
def cross_entropy(logits: Any, targets: Any, *, reduction: str = ...) -> Value: ...
def cross_entropy(logits: Any, targets: Any, *, reduction: str = "mean") -> Any:
    """Return the cross entropy -log softmax(z)_l of logits z and a class l (B3, D3, E1).

    It is log Σ_j exp(z_j - z_l), which loses no digit at logits of any size.

    Args:
        logits: z, one for each class: a list; or a list of such lists, one for each example.
        targets: the class l, counted from 0, or a list of the probability of each class, such as a
            one-hot list; for several examples a list of these.
        reduction: over several examples: "mean" or "sum".

    Raises ValueError for lengths that differ, for a class that there is not and for probabilities
    that do not add up to 1, TypeError for a class that is no whole number.

    >>> print(f"{cross_entropy([2.0, 0.5, -1.0], 0):.4f}")
    0.2413
    >>> print(f"{cross_entropy([[2.0, 0.5], [0.0, 0.0]], [[1, 0], [0, 1]], reduction='sum'):.4f}")
    0.8946
    """
    name = "cross_entropy"
    warn_of_probabilities(name, logits)

    def loss(z: list[Any], target: Any) -> Any:
        if len(z) == 1:
            message = f"{name}: one class is certain; binary_cross_entropy_with_logits has two"
            raise ValueError(message)

        return table.cross_entropy(z, probabilities_of(name, target, len(z)))

    return over_examples(name, loss, logits, targets, reduction)


@overload
def negative_log_likelihood(
    probabilities: Numbers, targets: Numbers, *, reduction: str = ...
) -> float: ...
@overload
def negative_log_likelihood(probabilities: Any, targets: Any, *, reduction: str = ...) -> Value: ...
def negative_log_likelihood(probabilities: Any, targets: Any, *, reduction: str = "mean") -> Any:
    """Return -log p_l of the probabilities p of all classes and a class l (B3, D3, E1).

    Args:
        probabilities: p, one for each class, such as softmax returns: a list; or a list of such
            lists, one for each example.
        targets: the class l, counted from 0, or a list of the probability of each class, such as a
            one-hot list; for several examples a list of these.
        reduction: over several examples: "mean" or "sum".

    Raises ValueError for lengths that differ, for a class that there is not, for p outside 0 to 1,
    and where p says 0 of what is the case: the loss is infinite there, but not that of
    :func:`cross_entropy` from the logits. TypeError for a class that is no whole number.

    >>> print(f"{negative_log_likelihood([0.7, 0.2, 0.1], 1):.4f}")
    1.6094
    """
    name = "negative_log_likelihood"

    def loss(p: list[Any], target: Any) -> Any:
        for p_k in p:
            require_prediction(name, p_k)
        return expected(
            probabilities_of(name, target, len(p)), lambda true: minus_log(name, p[true])
        )

    return over_examples(name, loss, probabilities, targets, reduction)


# --- pairs of a prediction and a target -----------------------------------------------------------


# --- classes --------------------------------------------------------------------------------------


# --- probabilities --------------------------------------------------------------------------------
