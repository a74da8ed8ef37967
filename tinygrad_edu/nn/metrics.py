"""What a trained network says: classes, and how many of them are right."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from tinygrad_edu.nn.batches import pairs
from tinygrad_edu.nn.module import Module
from tinygrad_edu.nn.settings import whole

__all__ = ["accuracy", "predicted_class"]


def predicted_class(output: Any, threshold: float = 0.5) -> int:
    """Return the class that an output stands for (B3).

    Raises ValueError for nan, which stands for none.

    Args:
        output: a list with a number for each class, of which the largest wins; or one number
            (or a list of one), which stands for class 1 from the threshold on, for class 0 below.
        threshold: 1/2 for a probability, 0 for a logit or for targets of -1 and 1.

    >>> predicted_class([0.1, 0.7, 0.2]), predicted_class(0.5), predicted_class(0.4)
    (1, 1, 0)
    """
    outputs = list(output) if hasattr(output, "__len__") else [output]
    if any(math.isnan(x) for x in outputs):
        message = f"predicted_class: nan among the outputs {output!r}"
        raise ValueError(message)
    if len(outputs) == 1:
        return int(outputs[0] >= threshold)
    return max(range(len(outputs)), key=outputs.__getitem__)


def accuracy(
    model: Callable[[Any], Any], data: Iterable[tuple[Any, Any]], threshold: float = 0.5
) -> float:
    """Return the fraction of the examples that a model puts into the right class.

    Args:
        model: a function of an input, such as an MLP, which is frozen first.
        data: pairs of an input and a target: a class, or a list with a number for each class; for
            a model with one output 0 and 1, or -1 and 1.
        threshold: where the output of the model, if it is one number, changes the class: 1/2 for
            a probability, 0 for a logit (a network that ends in the identity).

    Raises ValueError for no data, and for targets that are no classes.

    >>> accuracy(lambda x: x, [(0.9, 1), (0.2, 0), (0.3, 1), (0.6, 1)])
    0.75
    """
    if isinstance(model, Module):
        model = model.frozen()
    examples = pairs("accuracy", data)
    right = 0
    for x, target in examples:
        output = model(x)
        several = hasattr(output, "__len__") and len(output) > 1
        true = true_class(target, several=several)
        right += predicted_class(output, threshold) == true
    return right / len(examples)


def true_class(target: Any, *, several: bool) -> int:
    """Return the class that a target stands for, beside one output or several."""
    if hasattr(target, "__len__") and len(target) > 1:
        return predicted_class(target)
    number = target[0] if hasattr(target, "__len__") else target
    if several:
        return whole("accuracy: a class", number, least=0)
    if not -1 <= number <= 1:
        message = f"accuracy: the target {target!r} stands for no class"
        raise ValueError(message)
    return predicted_class(number)
