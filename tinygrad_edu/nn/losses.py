"""Losses: how far predictions are from targets. The first argument is the predictions.

A loss takes numbers, Values or both, and returns a number or a Value.
:func:`~tinygrad_edu.nn.training.fit` computes the loss of each example and averages it over a batch
(B6).

A loss that is a Value has the label L, unless you give it another. Targets that have a label keep
it, so that formulas and pictures show their names.

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
    as_operand,
    complement,
    expected_loss,
    flattened_pairs,
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

PlainNumbers: TypeAlias = "float | Iterable[float] | Iterable[Iterable[float]]"
"""Given such numbers, a loss returns a float; if one of them is a Value, it returns a Value."""

# --- real numbers ---------------------------------------------------------------------------------


@overload
def half_squared_error(
    predictions: PlainNumbers, targets: PlainNumbers, *, reduction: str = ...
) -> float: ...
@overload
def half_squared_error(predictions: Any, targets: Any, *, reduction: str = ...) -> Value: ...
def half_squared_error(predictions: Any, targets: Any, *, reduction: str = "sum") -> Any:
    """Return half the sum of squared errors ½ Σ (ŷ - y)² (A8, B4): its derivative is ŷ - y.

    Args:
        predictions: a number, a list of them, or a list of lists.
        targets: numbers in the same shape; a single number counts as a list of one.
        reduction: "sum", or "mean", which divides by the number of predictions.

    Raises ValueError if the shapes differ, and if there are no predictions.

    >>> half_squared_error([1.0, 2.0], [0.0, 4.0])
    2.5
    """
    name = "half_squared_error"
    predictions, targets = flattened_pairs(name, predictions, targets)
    loss = table.half_squared_error(predictions, targets)
    return reduced(name, loss, len(predictions), reduction)


@overload
def rss(predictions: PlainNumbers, targets: PlainNumbers, *, reduction: str = ...) -> float: ...
@overload
def rss(predictions: Any, targets: Any, *, reduction: str = ...) -> Value: ...
def rss(predictions: Any, targets: Any, *, reduction: str = "sum") -> Any:
    """Return the residual sum of squares Σ (ŷ - y)² (B3).

    Args:
        predictions: a number, a list of them, or a list of lists.
        targets: numbers in the same shape; a single number counts as a list of one.
        reduction: "sum", or "mean", which gives the :func:`mse`.

    Raises ValueError if the shapes differ, and if there are no predictions.

    >>> rss([1.0, 2.0], [0.0, 4.0])
    5.0
    """
    predictions, targets = flattened_pairs("rss", predictions, targets)
    return reduced("rss", table.squared_error(predictions, targets), len(predictions), reduction)


@overload
def mse(
    predictions: PlainNumbers, targets: PlainNumbers, *, half: bool = ..., reduction: str = ...
) -> float: ...
@overload
def mse(predictions: Any, targets: Any, *, half: bool = ..., reduction: str = ...) -> Value: ...
def mse(predictions: Any, targets: Any, *, half: bool = False, reduction: str = "mean") -> Any:
    """Return the mean squared error (1/N) Σ (ŷ - y)² over all N numbers (B3).

    D3 divides by the number of examples, not by the number of all outputs: to get that, average
    :func:`rss` over the examples.

    Args:
        predictions: a number, a list of them, or a list of lists.
        targets: numbers in the same shape.
        half: divide by 2 N as in B3, so that the derivative has no factor 2.
        reduction: "mean", or "sum", which does not divide by N.

    Raises ValueError if the shapes differ, and if there are no predictions.

    >>> mse([1.0, 2.0], [0.0, 4.0]), mse([1.0, 2.0], [0.0, 4.0], half=True)
    (2.5, 1.25)
    """
    predictions, targets = flattened_pairs("mse", predictions, targets)
    n = len(predictions)
    if half and reduction == "sum":
        return reduced("mse", table.half_squared_error(predictions, targets), n, reduction)
    return reduced(
        "mse", table.squared_error(predictions, targets), 2 * n if half else n, reduction
    )


# --- yes or no ------------------------------------------------------------------------------------


@overload
def binary_cross_entropy(
    probabilities: PlainNumbers, targets: PlainNumbers, *, reduction: str = ...
) -> float: ...
@overload
def binary_cross_entropy(probabilities: Any, targets: Any, *, reduction: str = ...) -> Value: ...
def binary_cross_entropy(probabilities: Any, targets: Any, *, reduction: str = "mean") -> Any:
    """Return the log loss -(y log p + (1 - y) log(1 - p)) of probabilities (A8, B3).

    It is the negative log likelihood of Bernoulli trials.

    Args:
        probabilities: p, from 0 to 1: a number, a list of them, or a list of lists.
        targets: y in the same shape: 0, 1, or a number between them.
        reduction: "mean" or "sum".

    Raises ValueError if the shapes differ, if p or y is outside 0 to 1, and where p gives
    probability 0 to the true class, because the loss is infinite there. A loss of logits is always
    finite.

    >>> print(f"{binary_cross_entropy(0.9, 1):.4f} {binary_cross_entropy([0.9, 0.9], [1, 0]):.4f}")
    0.1054 1.2040
    """
    name = "binary_cross_entropy"

    def loss(p: Any, y: Any) -> Any:
        require_prediction(name, p)
        require_target(name, y)
        return expected_loss([complement(y), y], lambda k: minus_log(name, p if k else 1 - p))

    return over_pairs(name, loss, probabilities, targets, reduction)


@overload
def binary_cross_entropy_with_logits(
    logits: PlainNumbers, targets: PlainNumbers, *, reduction: str = ...
) -> float: ...
@overload
def binary_cross_entropy_with_logits(
    logits: Any, targets: Any, *, reduction: str = ...
) -> Value: ...
def binary_cross_entropy_with_logits(logits: Any, targets: Any, *, reduction: str = "mean") -> Any:
    """Return the log loss of the probabilities sigmoid(z), from the logits z (A8, B3).

    It is (1 - y) softplus(z) + y softplus(-z), which keeps its precision for logits of any size.

    Args:
        logits: z: a number, a list of them, or a list of lists.
        targets: y in the same shape: 0, 1, or a number between them.
        reduction: "mean" or "sum".

    Raises ValueError if the shapes differ, and if y is outside 0 to 1.

    >>> binary_cross_entropy_with_logits(1000.0, 1), binary_cross_entropy_with_logits(1000.0, 0)
    (0.0, 1000.0)
    """
    name = "binary_cross_entropy_with_logits"
    warn_of_probabilities(name, logits)

    def loss(z: Any, y: Any) -> Any:
        require_target(name, y)
        return table.binary_cross_entropy_with_logits(z, as_operand(y))

    return over_pairs(name, loss, logits, targets, reduction)


# --- one of several classes -----------------------------------------------------------------------


@overload
def cross_entropy(
    logits: PlainNumbers, targets: PlainNumbers, *, reduction: str = ...
) -> float: ...
@overload
def cross_entropy(logits: Any, targets: Any, *, reduction: str = ...) -> Value: ...
def cross_entropy(logits: Any, targets: Any, *, reduction: str = "mean") -> Any:
    """Return the cross entropy -log softmax(z)_l of logits z and the true class l (B3, D3, E1).

    It is log Σ_j exp(z_j - z_l), which keeps its precision for logits of any size.

    Args:
        logits: a list with one logit z for each class; or a list of such lists, one for each
            example.
        targets: the class l, counted from 0, or a list with the probability of each class, such as
            a one-hot list; for several examples, a list of classes or of such lists.
        reduction: "mean" or "sum" over several examples.

    Raises ValueError if the lengths differ, if a class does not exist, and if probabilities do not
    add up to 1. Raises TypeError if a class is not a whole number.

    >>> print(f"{cross_entropy([2.0, 0.5, -1.0], 0):.4f}")
    0.2413
    >>> print(f"{cross_entropy([[2.0, 0.5], [0.0, 0.0]], [[1, 0], [0, 1]], reduction='sum'):.4f}")
    0.8946
    """
    name = "cross_entropy"
    warn_of_probabilities(name, logits)

    def loss(z: list[Any], target: Any) -> Any:
        if len(z) == 1:
            message = f"{name}: needs at least two classes, got one logit; for one logit, write "
            message += "losses.binary_cross_entropy_with_logits"
            raise ValueError(message)
        return table.cross_entropy(z, probabilities_of(name, target, len(z)))

    return over_examples(name, loss, logits, targets, reduction)


@overload
def negative_log_likelihood(
    probabilities: PlainNumbers, targets: PlainNumbers, *, reduction: str = ...
) -> float: ...
@overload
def negative_log_likelihood(probabilities: Any, targets: Any, *, reduction: str = ...) -> Value: ...
def negative_log_likelihood(probabilities: Any, targets: Any, *, reduction: str = "mean") -> Any:
    """Return -log p_l, given the probabilities p of all classes and the true class l (B3, D3, E1).

    Args:
        probabilities: a list with one probability p for each class, as softmax returns it; or a
            list of such lists, one for each example.
        targets: the class l, counted from 0, or a list with the probability of each class, such as
            a one-hot list; for several examples, a list of classes or of such lists.
        reduction: "mean" or "sum" over several examples.

    Raises ValueError if the lengths differ, if a class does not exist, if p is outside 0 to 1, and
    where p gives probability 0 to the true class, because the loss is infinite there;
    :func:`cross_entropy` of the logits is always finite. Raises TypeError if a class is not a whole
    number.

    >>> print(f"{negative_log_likelihood([0.7, 0.2, 0.1], 1):.4f}")
    1.6094
    """
    name = "negative_log_likelihood"

    def loss(p: list[Any], target: Any) -> Any:
        for p_k in p:
            require_prediction(name, p_k)
        return expected_loss(
            probabilities_of(name, target, len(p)), lambda true: minus_log(name, p[true])
        )

    return over_examples(name, loss, probabilities, targets, reduction)
