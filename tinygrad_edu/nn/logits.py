"""A warning of the most frequent mistake with losses: probabilities for a loss that takes logits.

Such a loss applies sigmoid or softmax itself. If the network applies it, too, training still runs
without an error, but it goes badly.
"""

from __future__ import annotations

import sys
import warnings
from collections import deque
from typing import Any

from tinygrad_edu.nn.lists import is_list
from tinygrad_edu.recorder import takes_gradient
from tinygrad_edu.value import Value

__all__ = ["warn_of_probabilities"]

OF_PROBABILITIES = {"sigmoid": "binary_cross_entropy", "softmax": "negative_log_likelihood"}
"""Operations that return probabilities, each with the loss that takes them."""
APPLIED = {"cross_entropy": "softmax", "binary_cross_entropy_with_logits": "sigmoid"}
"""The operation that each loss itself applies to the logits."""

WARNED: deque[tuple[str, Value]] = deque(maxlen=100)
"""The loss and a parameter of the network for each of the last warnings.

A Value has no weak references, so only the last warnings are kept. A parameter is a leaf, which
keeps no graph alive.
"""


def warn_of_probabilities(loss: str, predictions: Any) -> None:
    """Warn if the predictions for a loss that takes logits come from sigmoid or softmax.

    The warning comes once for each loss and network.

    Args:
        loss: the name of the loss.
        predictions: a number or a Value, a list of them, or a list of lists.
    """
    first, made_by = predictions, ""
    while is_list(first) and len(first):
        made_by = getattr(first, "made_by", "")
        first = first[0]
    if not isinstance(first, Value) or first.op is None:
        return
    made_by = made_by or first.op.name
    if made_by not in OF_PROBABILITIES:
        return
    parameter = origin(first)
    if any(warned == loss and p is parameter for warned, p in WARNED):
        return
    message = (
        f"{loss} takes logits and applies {APPLIED[loss]} itself, but was given outputs of "
        f"{made_by}: write output_activation='identity', or keep {made_by} and write "
        f"losses.{OF_PROBABILITIES[made_by]}"
    )
    warnings.warn(message, stacklevel=depth_of_caller())
    WARNED.append((loss, parameter))


def origin(node: Value) -> Value:
    """Return the leaf that is reached through the first arguments: a neuron's first weight."""
    while node.op is not None:
        node = next(arg for arg in node.args if isinstance(arg, Value) and takes_gradient(arg))
    return node


def depth_of_caller() -> int:
    """Return the ``stacklevel`` with which a warning names the line that uses this package."""
    depth, frame = 1, sys._getframe(1)
    inside = ("tinygrad_edu.", "functools")  # functools calls cached properties
    while frame.f_back and frame.f_globals.get("__name__", "").startswith(inside):
        depth, frame = depth + 1, frame.f_back
    return depth
