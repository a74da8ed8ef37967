"""Predictions and targets of a loss: read, paired, checked, and reduced to one number."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from numbers import Integral
from typing import Any

from tinygrad_edu.formulas.labels import as_text
from tinygrad_edu.formulas.names import LOSS
from tinygrad_edu.operation import OperandError, number
from tinygrad_edu.recorder import as_number
from tinygrad_edu.table import log, total
from tinygrad_edu.value import Constant, Value

__all__ = [
    "by_name",
    "complement",
    "expected",
    "flat",
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
ROUNDED = 1e-6  # by how much probabilities in single precision may miss 1 in sum


def is_list(x: Any) -> bool:
    """Tell whether ``x`` is a list, a tuple or an array, and no single number."""
    return hasattr(x, "__len__") and not isinstance(x, str | bytes) and getattr(x, "ndim", 1) > 0


def plain(name: str, x: Any) -> Any:
    """Return a number as Python's, a Value as it is; the error names the loss."""
    try:
        return (
            x if isinstance(x, Value) else number(x.item() if getattr(x, "ndim", None) == 0 else x)
        )
    except OperandError as error:
        message = f"{name}: {error}"
        raise TypeError(message) from None


def pairs(name: str, predictions: Any, targets: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every number of the predictions with its target; a number is a list of one."""
    if not is_list(predictions) and not is_list(targets):
        yield plain(name, predictions), by_name(plain(name, targets))
        return
    ps, ts = [x if is_list(x) else [x] for x in (predictions, targets)]
    if len(ps) != len(ts):
        message = f"{name}: {len(ps)} predictions for {len(ts)} targets"
        raise ValueError(message)
    for p, t in zip(ps, ts, strict=True):
        yield from pairs(name, p, t)


def flat(name: str, predictions: Any, targets: Any) -> tuple[list[Any], list[Any]]:
    """Return all predictions and all targets as two flat lists.

    >>> flat("mse", [[1, 2], [3, 4]], [[5, 6], [7, 8]])
    ([1, 2, 3, 4], [5, 6, 7, 8])
    """
    found = list(pairs(name, predictions, targets))
    return [p for p, _ in found], [t for _, t in found]


def over_pairs(
    name: str, loss: Callable[[Any, Any], Any], predictions: Any, targets: Any, reduction: str
) -> Any:
    """Return the mean or the sum of a loss over pairs of a prediction and a target."""
    losses = [named(loss(p, t)) for p, t in pairs(name, predictions, targets)]
    return reduced(name, one_or_total(losses), len(losses), reduction)


def reduced(name: str, loss: Any, n: int, reduction: str) -> Any:
    """Return a sum over n as it is, or divided by n."""
    if reduction not in ("mean", "sum"):
        message = f"{name}: reduction is 'mean' or 'sum', not {reduction!r}"
        raise ValueError(message)
    if n == 0:
        message = f"{name}: there are no predictions"
        raise ValueError(message)
    return named(loss if reduction == "sum" or n == 1 else loss / n)


def named(loss: Any) -> Any:
    """Return a loss, called L if it is a Value without a label.

    >>> named(Value(0.5)).label
    'L'
    """
    if isinstance(loss, Value) and not loss.label:
        loss.label = LOSS
    return loss


def one_or_total(terms: list[Any]) -> Any:
    """Return the sum of some terms, which of one is that term.

    >>> one_or_total([3.0]), one_or_total([3.0, 4.0])
    (3.0, 7.0)
    """
    return terms[0] if len(terms) == 1 else total(terms)


def over_examples(
    name: str, loss: Callable[[list[Any], Any], Any], predictions: Any, targets: Any, reduction: str
) -> Any:
    """Return a loss of one example, or its mean or sum over several."""
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
    losses = [named(loss(of_classes(name, p, len(predictions[0])), t)) for p, t in examples]
    return reduced(name, total(losses), len(losses), reduction)


def of_classes(name: str, predictions: Any, n: int | None = None) -> list[Any]:
    """Return the predictions of one example, at least one, or as many as those of others."""
    found = [plain(name, p) for p in predictions] if is_list(predictions) else [predictions]
    if not found or len(found) != (n or len(found)):
        message = f"{name}: {len(found)} predictions, where there are {n or 'some'} classes"
        raise ValueError(message)
    return found


def probabilities_of(name: str, target: Any, n: int) -> list[Any]:
    """Return the probability of each class that a target gives: of a class, 1 for it and 0 else."""
    if is_list(target):
        if len(target) != n:
            message = f"{name}: {n} predictions for {len(target)} targets"
            raise ValueError(message)
        weights = [plain(name, y) for y in target]
        for y in weights:
            require_target(name, y)
        if abs(sum(map(float, weights)) - 1) > ROUNDED and Value not in map(type, weights):
            message = f"{name}: the probabilities of all classes add up to 1, not those of {target}"
            raise ValueError(message)
        return [*map(by_name, weights)]
    if not isinstance(target, Integral) or isinstance(target, bool):
        message = f"{name}: a class is a whole number, not {target!r} ({type(target).__name__})"
        raise TypeError(message)
    true = int(target)
    if not 0 <= true < n:
        message = f"{name}: there is no class {true}; {n} classes count from 0 to {n - 1}"
        raise ValueError(message)
    return [float(k == true) for k in range(n)]


def require_prediction(name: str, p: Any) -> None:
    """Raise ValueError for a prediction outside 0 to 1; of nan the loss is nan."""
    if as_number(p) < 0 or as_number(p) > 1:
        message = f"{name}: a prediction is a probability, from 0 to 1, not {float(p)}"
        message += f"; for logits write losses.{OF_LOGITS[name]}"
        raise ValueError(message)


def require_target(name: str, y: Any) -> None:
    """Raise ValueError for a target outside 0 to 1."""
    if not 0 <= y <= 1:
        message = f"{name}: a target is a probability, from 0 to 1, not {float(y)}"
        raise ValueError(message)


def expected(probabilities: Sequence[Any], loss_of: Callable[[int], Any]) -> Any:
    """Return Σ_k y_k loss_of(k); what has no probability has no part in it, not even an infinite.

    >>> expected([0.25, 0.75, 0.0], lambda k: [4.0, 8.0, float("inf")][k])
    7.0
    """
    terms = [
        loss_of(k) if is_number(y, 1) and not isinstance(y, Value) else y * loss_of(k)
        for k, y in enumerate(probabilities)
        if not is_number(y, 0)
    ]
    return one_or_total(terms)


def is_number(y: Any, n: int) -> bool:
    """Tell whether a target is a certain number, and cannot become another by a gradient."""
    return bool((y.data if isinstance(y, Constant) else y) == n)  # Values are equal by identity


def by_name(target: Any) -> Any:
    """Return a target; a constant without a label as the number that it is."""
    return target.data if isinstance(target, Constant) and not as_text(target.label) else target


def complement(y: Any) -> Any:
    """Return 1 - y, called so if it is a constant that has a name.

    >>> complement(0.25), complement(Constant(1.0, label="y"))
    (0.75, Constant(data=0.0, grad=0.0, label='(1 − y)'))
    """
    if isinstance(y, Constant):
        return Constant(1 - y.data, label=f"(1 − {as_text(y.label)})")
    return 1 - y


def minus_log(name: str, p: Any) -> Any:
    """Return -log p of the probability that a model gives to what is the case."""
    if as_number(p) <= 0:
        message = (
            f"{name}: the prediction gives the probability 0 to what is true, so the loss is "
            "infinite; from the logits it would be finite"
        )
        raise ValueError(message)
    return -log(p)
