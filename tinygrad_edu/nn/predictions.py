"""Predictions and targets of a loss: read, paired, checked, and reduced to one number."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from numbers import Integral
from typing import Any

from tinygrad_edu.formulas.labels import as_text
from tinygrad_edu.formulas.names import LOSS
from tinygrad_edu.nn.lists import as_list, is_list, plain_number
from tinygrad_edu.recorder import as_number
from tinygrad_edu.table import log, total
from tinygrad_edu.value import Constant, Value

__all__ = [
    "as_operand",
    "complement",
    "expected_loss",
    "flattened_pairs",
    "minus_log",
    "over_examples",
    "over_pairs",
    "probabilities_of",
    "reduced",
    "require_prediction",
    "require_target",
]


OF_LOGITS = {
    "binary_cross_entropy": "binary_cross_entropy_with_logits",
    "negative_log_likelihood": "cross_entropy",
}
"""Losses of probabilities, each with the loss that takes logits instead."""

ROUNDED = 1e-6
"""How far the sum of probabilities in single precision may be from 1."""


def prediction_pairs(name: str, predictions: Any, targets: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every single prediction with its target; a single number counts as a list of one."""
    if not is_list(predictions) and not is_list(targets):
        yield plain_number(name, predictions), as_operand(plain_number(name, targets))
        return
    ps, ts = as_list(predictions), as_list(targets)
    if len(ps) != len(ts):
        message = f"{name}: {len(ps)} predictions for {len(ts)} targets"
        raise ValueError(message)
    for p, t in zip(ps, ts, strict=True):
        yield from prediction_pairs(name, p, t)


def flattened_pairs(name: str, predictions: Any, targets: Any) -> tuple[list[Any], list[Any]]:
    """Return all predictions and all targets as two flat lists.

    >>> flattened_pairs("mse", [[1, 2], [3, 4]], [[5, 6], [7, 8]])
    ([1, 2, 3, 4], [5, 6, 7, 8])
    """
    found = list(prediction_pairs(name, predictions, targets))
    return [p for p, _ in found], [t for _, t in found]


def over_pairs(
    name: str, loss: Callable[[Any, Any], Any], predictions: Any, targets: Any, reduction: str
) -> Any:
    """Return the mean or the sum of a loss over all pairs of a prediction and a target."""
    losses = [label_loss(loss(p, t)) for p, t in prediction_pairs(name, predictions, targets)]
    return reduced(name, one_or_total(losses), len(losses), reduction)


def reduced(name: str, loss: Any, n: int, reduction: str) -> Any:
    """Return the sum of n losses unchanged, or divided by n for their mean."""
    if reduction not in ("mean", "sum"):
        message = f"{name}: reduction must be 'mean' or 'sum', not {reduction!r}"
        raise ValueError(message)
    if n == 0:
        message = f"{name}: there are no predictions"
        raise ValueError(message)
    return label_loss(loss if reduction == "sum" or n == 1 else loss / n)


def label_loss(loss: Any) -> Any:
    """Return a loss; if it is a Value without a label, label it L.

    >>> label_loss(Value(0.5)).label
    'L'
    """
    if isinstance(loss, Value) and not loss.label:
        loss.label = LOSS
    return loss


def one_or_total(terms: list[Any]) -> Any:
    """Return the sum of some terms; a single term is returned unchanged.

    >>> one_or_total([3.0]), one_or_total([3.0, 4.0])
    (3.0, 7.0)
    """
    return terms[0] if len(terms) == 1 else total(terms)


def over_examples(
    name: str, loss: Callable[[list[Any], Any], Any], predictions: Any, targets: Any, reduction: str
) -> Any:
    """Return the loss of one example, or the mean or sum of the losses of several examples."""
    if not is_list(predictions):
        message = f"{name}: expected a list with a number for each class, got {predictions!r}"
        raise TypeError(message)
    if not len(predictions) or not is_list(predictions[0]):
        return reduced(name, loss(of_classes(name, predictions), targets), 1, reduction)
    if not is_list(targets) or len(predictions) != len(targets):
        given = f"{len(targets)} targets" if is_list(targets) else repr(targets)
        message = f"{name}: {len(predictions)} lists of predictions for {given}"
        raise ValueError(message)
    examples = zip(predictions, targets, strict=True)
    losses = [label_loss(loss(of_classes(name, p, len(predictions[0])), t)) for p, t in examples]
    return reduced(name, total(losses), len(losses), reduction)


def of_classes(name: str, predictions: Any, n: int | None = None) -> list[Any]:
    """Return the predictions for one example as a list.

    Raises ValueError unless there are ``n`` of them, or at least one if ``n`` is None.
    """
    found = [plain_number(name, p) for p in as_list(predictions)]
    if not found or len(found) != (n or len(found)):
        message = f"{name}: {len(found)} predictions, but there must be one for each of the "
        message += f"{n} classes" if n else "classes"
        raise ValueError(message)
    return found


def probabilities_of(name: str, target: Any, n: int) -> list[Any]:
    """Return the probability of each class: for a target that is a class, 1 for it and 0 elsewhere.

    Args:
        name: the name of the loss, for error messages.
        target: a class, or a list with the probability of each class.
        n: the number of classes.
    """
    if is_list(target):
        if len(target) != n:
            message = f"{name}: {n} predictions for {len(target)} targets"
            raise ValueError(message)
        weights = [plain_number(name, y) for y in target]
        for y in weights:
            require_target(name, y)
        if abs(sum(map(float, weights)) - 1) > ROUNDED and Value not in map(type, weights):
            message = f"{name}: the probabilities of all classes must add up to 1, but those of "
            message += f"{target} do not"
            raise ValueError(message)
        return [*map(as_operand, weights)]
    if not isinstance(target, Integral) or isinstance(target, bool):
        message = f"{name}: a class must be a whole number, not {target!r} "
        message += f"({type(target).__name__})"
        raise TypeError(message)
    true = int(target)
    if not 0 <= true < n:
        message = (
            f"{name}: there is no class {true}; the {n} classes are numbered from 0 to {n - 1}"
        )
        raise ValueError(message)
    return [float(k == true) for k in range(n)]


def require_prediction(name: str, p: Any) -> None:
    """Raise ValueError for a prediction outside 0 to 1; nan passes, and the loss becomes nan."""
    if as_number(p) < 0 or as_number(p) > 1:
        message = f"{name}: a prediction must be a probability, from 0 to 1, not {float(p)}"
        message += f"; for logits write losses.{OF_LOGITS[name]}"
        raise ValueError(message)


def require_target(name: str, y: Any) -> None:
    """Raise ValueError for a target outside 0 to 1."""
    if not 0 <= y <= 1:
        message = f"{name}: a target must be a probability, from 0 to 1, not {float(y)}"
        raise ValueError(message)


def expected_loss(probabilities: Sequence[Any], loss_of: Callable[[int], Any]) -> Any:
    """Return Σ_k y_k loss_of(k) without the terms for y_k = 0, whose loss may be infinite.

    >>> expected_loss([0.25, 0.75, 0.0], lambda k: [4.0, 8.0, float("inf")][k])
    7.0
    """
    terms = [
        loss_of(k) if is_number(y, 1) and not isinstance(y, Value) else y * loss_of(k)
        for k, y in enumerate(probabilities)
        if not is_number(y, 0)
    ]
    return one_or_total(terms)


def is_number(y: Any, n: int) -> bool:
    """Tell whether a target is a plain number or a Constant that equals ``n``.

    A Value that takes a gradient equals only itself, so the answer for it is False.
    """
    return bool((y.data if isinstance(y, Constant) else y) == n)


def as_operand(target: Any) -> Any:
    """Return a target as an operand: a Constant without a label as its number."""
    return target.data if isinstance(target, Constant) and not as_text(target.label) else target


def complement(y: Any) -> Any:
    """Return 1 - y; if y is a Constant with the label y, the label of the result is (1 − y).

    >>> complement(0.25), complement(Constant(1.0, label="y"))
    (0.75, Constant(data=0.0, grad=0.0, label='(1 − y)'))
    """
    if isinstance(y, Constant):
        return Constant(1 - y.data, label=f"(1 − {as_text(y.label)})")
    return 1 - y


def minus_log(name: str, p: Any) -> Any:
    """Return -log p of the probability p that a model gives to the true class."""
    if as_number(p) <= 0:
        message = f"{name}: the prediction gives probability 0 to the true class, so the loss is "
        message += f"infinite; losses.{OF_LOGITS[name]} of logits is always finite"
        raise ValueError(message)
    return -log(p)
