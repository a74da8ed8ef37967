"""The classes that a network predicts, and the fraction of them that is right."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from tinygrad_edu.nn.batches import example_pairs
from tinygrad_edu.nn.lists import as_list, scalar
from tinygrad_edu.nn.module import Module
from tinygrad_edu.nn.settings import whole_number

__all__ = ["accuracy", "predicted_class"]


def predicted_class(output: Any, threshold: float = 0.5) -> int:
    """Return the class that an output predicts (B3).

    Args:
        output: a list with a number for each class, where the largest number wins; or a single
            number (or a list of one), which means class 1 if it is at least the threshold, and
            class 0 otherwise.
        threshold: 1/2 for a probability, 0 for a logit or for targets of -1 and 1.

    Raises ValueError if an output is nan.

    >>> predicted_class([0.1, 0.7, 0.2]), predicted_class(0.5), predicted_class(0.4)
    (1, 1, 0)
    """
    outputs = as_list(output)
    if any(math.isnan(x) for x in outputs):
        message = f"predicted_class: there is a nan among the outputs {output!r}"
        raise ValueError(message)
    if len(outputs) == 1:
        return int(outputs[0] >= threshold)
    return max(range(len(outputs)), key=outputs.__getitem__)


def accuracy(
    model: Callable[[Any], Any], data: Iterable[tuple[Any, Any]], threshold: float = 0.5
) -> float:
    """Return the fraction of the examples whose class a model predicts correctly.

    Args:
        model: a function of an input, such as an MLP. A copy of it with plain numbers is used.
        data: pairs of an input and a target. A target is a class, or a list with a number for each
            class. For a model with one output, the classes are 0 and 1, or -1 and 1.
        threshold: for a model with one output: from which output on it predicts class 1. Use 1/2
            for a probability, and 0 for a logit (a network that ends in the identity).

    Raises ValueError if there are no data, and for targets that are not classes.

    >>> accuracy(lambda x: x, [(0.9, 1), (0.2, 0), (0.3, 1), (0.6, 1)])
    0.75
    """
    if isinstance(model, Module):
        model = model.frozen()
    examples = example_pairs("accuracy", data)
    right = 0
    for x, target in examples:
        output = model(x)
        true = true_class(target, several=len(as_list(output)) > 1)
        right += predicted_class(output, threshold) == true
    return right / len(examples)


def true_class(target: Any, *, several: bool) -> int:
    """Return the class of a target.

    Args:
        target: a class, a list of one, or a list with a number for each class.
        several: whether the model has several outputs, so that any whole number can be a class.
    """
    targets = as_list(target)
    if len(targets) != 1:
        return predicted_class(targets)
    true = scalar(targets[0])
    if several:
        return whole_number("accuracy: a class", true, least=0)
    if not -1 <= true <= 1:
        message = f"accuracy: the target for one output must be a class, 0 or 1, not {target!r}"
        raise ValueError(message)
    return predicted_class(true)
