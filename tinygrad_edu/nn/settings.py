"""Checks of what a user gives, with clear errors for settings and losses that make no sense."""

from __future__ import annotations

import math
from collections.abc import Mapping
from random import Random
from typing import Any

from tinygrad_edu.operation import OperandError, number
from tinygrad_edu.recorder import takes_gradient
from tinygrad_edu.support.given import quoted

__all__ = [
    "at_least",
    "looked_up",
    "plural",
    "random_source",
    "require_differentiable",
    "require_known",
    "whole_number",
]


def looked_up(what: str, name: Any, table: Mapping[str, Any], others: str = "") -> Any:
    """Return the entry of a table with a name; raise ValueError, with all names, if there is none.

    >>> looked_up("activation", "tahn", {"tanh": 1, "relu": 2}, others=", and any function")
    Traceback (most recent call last):
      ...
    ValueError: no activation 'tahn'; there are tanh, relu, and any function
    """
    if not isinstance(name, str) or name not in table:
        message = f"no {what} {name!r}; there are {', '.join(table)}{others}"
        raise ValueError(message)
    return table[name]


def whole_number(what: str, n: Any, least: int = 1) -> int:
    """Return a whole number that is at least ``least``; raise TypeError or ValueError otherwise.

    >>> whole_number("n_inputs", 3)
    3
    >>> whole_number("n_inputs", 0)
    Traceback (most recent call last):
      ...
    ValueError: n_inputs must be at least 1, not 0
    """
    if not hasattr(n, "__index__") or isinstance(n, bool):
        message = f"{what} must be a whole number, not {n!r} ({type(n).__name__})"
        raise TypeError(message)
    return int(at_least(what, n, least))


def at_least(what: str, x: Any, least: float = 0, below: float = math.inf) -> Any:
    """Return a number that is at least ``least`` and less than ``below``.

    Raises TypeError for anything that is not a number, and ValueError for any other number.

    >>> at_least("momentum", 0.9, below=1)
    0.9
    """
    try:
        found = number(x)
    except OperandError:
        message = f"{what} must be a number, not {quoted(x)} ({type(x).__name__})"
        raise TypeError(message) from None
    if not least <= found < below:
        allowed = f"at least {least}" + (f" and below {below}" if below < math.inf else "")
        message = f"{what} must be {allowed}, not {x}"
        raise ValueError(message)
    return found


RENAMED = {
    "learning_rate": "lr",
    "rate": "lr",
    "eta": "lr",
    "epsilon": "eps",
    "decay": "weight_decay",
    "l2": "weight_decay",
    **dict.fromkeys(("beta", "beta1", "beta2", "beta_1", "beta_2"), "betas=(0.9, 0.999)"),
}
"""Names of settings in other packages, and their names here."""


def require_known(kind: str, others: Mapping[str, Any], settings: str) -> None:
    """Raise TypeError if there are settings that do not exist; name the one that may be meant.

    >>> require_known("SGD", {"learning_rate": 0.1}, "lr, momentum and weight_decay")
    Traceback (most recent call last):
      ...
    TypeError: SGD: there is no setting 'learning_rate'; write lr (there are lr, momentum and ...)
    """
    for name in others:
        known = f"there are {settings}"
        here = RENAMED.get(name, "")
        if here.partition("=")[0] in settings.replace(",", "").split():
            known = f"write {here} ({known})"
        message = f"{kind}: there is no setting {name!r}; {known}"
        raise TypeError(message)


def require_differentiable(cost: Any) -> None:
    """Raise TypeError unless a loss depends on a parameter."""
    if not takes_gradient(cost):
        message = f"fit: the loss does not depend on any parameter: {cost!r}"
        raise TypeError(message)


def random_source(seed: int | Random) -> Random:
    """Return a new source of randomness with a seed, so that the global one does not change.

    A ``random.Random`` is returned unchanged: it continues from its present state.
    """
    if isinstance(seed, Random):
        return seed
    if not hasattr(seed, "__index__"):
        message = f"a seed must be a whole number or a random.Random, not {seed!r}"
        raise TypeError(message)
    return Random(whole_number("a seed", seed, least=0))  # noqa: S311 - no cryptography


def plural(n: int, noun: str) -> str:
    """Return a number with its noun, in the singular or the plural.

    >>> plural(1, "step"), plural(2, "step")
    ('1 step', '2 steps')
    """
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
