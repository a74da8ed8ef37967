"""Checks of what a person sets: clear errors for what cannot be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from random import Random
from typing import Any

from tinygrad_edu.operation import OperandError, number
from tinygrad_edu.support.given import quoted

__all__ = ["at_least", "looked_up", "plural", "random_source", "require_known", "whole"]


def looked_up(what: str, name: Any, table: Mapping[str, Any], others: str = "") -> Any:
    """Return what a table has by a name; raise ValueError, with all names, for an unknown one.

    >>> looked_up("activation", "tahn", {"tanh": 1, "relu": 2}, others=", and any function")
    Traceback (most recent call last):
      ...
    ValueError: no activation 'tahn'; there are tanh, relu, and any function
    """
    if not isinstance(name, str) or name not in table:
        message = f"no {what} {name!r}; there are {', '.join(table)}{others}"
        raise ValueError(message)
    return table[name]


def whole(what: str, n: Any, least: int = 1) -> int:
    """Return a whole number, at least so large; raise TypeError or ValueError for another.

    >>> whole("n_inputs", 3)
    3
    >>> whole("n_inputs", 0)
    Traceback (most recent call last):
      ...
    ValueError: n_inputs is at least 1, not 0
    """
    if not hasattr(n, "__index__") or isinstance(n, bool):
        message = f"{what} is a whole number, not {n!r} ({type(n).__name__})"
        raise TypeError(message)
    return int(at_least(what, n, least))


def at_least(what: str, x: Any, least: float = 0, below: float = math.inf) -> Any:
    """Return a number that lies where it may; raise TypeError or ValueError for another.

    >>> at_least("momentum", 0.9, below=1)
    0.9
    """
    try:
        plain = number(x)
    except OperandError:
        message = f"{what} is a number, not {quoted(x)} ({type(x).__name__})"
        raise TypeError(message) from None
    if not least <= plain < below:
        allowed = f"at least {least}" + (f" and below {below}" if below < math.inf else "")
        message = f"{what} is {allowed}, not {x}"
        raise ValueError(message)
    return plain


RENAMED = {
    "learning_rate": "lr",
    "rate": "lr",
    "eta": "lr",
    "epsilon": "eps",
    "decay": "weight_decay",
    "l2": "weight_decay",
    **dict.fromkeys(("beta", "beta1", "beta2", "beta_1", "beta_2"), "betas=(0.9, 0.999)"),
}
"""What people call a setting elsewhere, and what it is called here."""


def require_known(kind: str, others: Mapping[str, Any], settings: str) -> None:
    """Raise TypeError for settings that there are not; name the one that may be meant.

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


def random_source(seed: int | Random) -> Random:
    """Return a source of randomness of our own, so that the global one stays as it is.

    A ``random.Random`` is taken as it is, so that it goes on from where it was.
    """
    if isinstance(seed, Random):
        return seed
    if not hasattr(seed, "__index__"):
        message = f"a seed is a whole number or a random.Random, not {seed!r}"
        raise TypeError(message)
    return Random(whole("a seed", seed, least=0))  # noqa: S311 - no cryptography


def plural(n: int, noun: str) -> str:
    """Return a number with its noun.

    >>> plural(1, "step"), plural(2, "step")
    ('1 step', '2 steps')
    """
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
