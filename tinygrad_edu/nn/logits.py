"""The most frequent mistake with losses: probabilities for a loss that takes logits.

Such a loss applies sigmoid or softmax itself. Applied twice, they still train, only badly, so
nothing else would say so.
"""

from __future__ import annotations

import sys
import warnings
from collections import deque
from typing import Any

from tinygrad_edu.recorder import takes_gradient
from tinygrad_edu.value import Value

__all__ = ["warn_of_probabilities"]

OF_PROBABILITIES = {"sigmoid": "binary_cross_entropy", "softmax": "negative_log_likelihood"}
"""Operations that make probabilities, each with the loss that takes them."""
APPLIED = {"cross_entropy": "softmax", "binary_cross_entropy_with_logits": "sigmoid"}
"""What each loss applies to the logits itself."""

SAID: deque[tuple[str, Value]] = deque(maxlen=100)
"""Losses and networks that have been told, each network by the first parameter behind its output.

Of a Value there is no weak reference; so these are the last few, and each is a number alone.
"""


def warn_of_probabilities(loss: str, predictions: Any) -> None:
    """Warn if predictions for a loss that takes logits come from sigmoid or softmax; once for each.

    Args:
        loss: the name of the loss.
        predictions: a number or a Value, a list of them, or a list of lists.
    """
    first, made_by = predictions, ""
    while hasattr(first, "__len__") and len(first) and not isinstance(first, str | bytes):
        made_by = getattr(first, "made_by", "")
        first = first[0]
    if not isinstance(first, Value) or first.op is None:
        return
    made_by = made_by or first.op.name
    if made_by not in OF_PROBABILITIES:
        return
    parameter = origin(first)
    if any(told == loss and p is parameter for told, p in SAID):
        return
    message = (
        f"{loss} takes logits and applies {APPLIED[loss]} itself, but was given outputs of "
        f"{made_by}: write output_activation='identity', or keep {made_by} and write "
        f"losses.{OF_PROBABILITIES[made_by]}"
    )
    warnings.warn(message, stacklevel=depth_of_caller())
    SAID.append((loss, parameter))


def origin(node: Value) -> Value:
    """Return the first Value behind a node that was given: of a neuron its first weight."""
    while node.op is not None:
        node = next(arg for arg in node.args if isinstance(arg, Value) and takes_gradient(arg))
    return node


def depth_of_caller() -> int:
    """Return how many frames above its caller the code stands that uses this package."""
    depth, frame = 1, sys._getframe(1)
    inside = ("tinygrad_edu.", "functools")  # cached properties are called by the latter
    while frame.f_back and frame.f_globals.get("__name__", "").startswith(inside):
        depth, frame = depth + 1, frame.f_back
    return depth
