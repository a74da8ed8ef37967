"""What counts as a list and what as a single number: one rule for networks, losses and training.

An array without dimensions, such as ``numpy.array(2.0)``, counts as a single number.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from tinygrad_edu.operation import OperandError, number
from tinygrad_edu.value import Value

__all__ = ["as_list", "is_array", "is_iterable", "is_list", "plain_number", "scalar"]


def is_iterable(x: Any) -> bool:
    """Tell whether ``x`` gives several items in an order: a list, an array, or an iterator.

    >>> is_iterable([1.0]), is_iterable(iter([1.0])), is_iterable("ab"), is_iterable({1, 2})
    (True, True, False, False)
    """
    if not hasattr(x, "__iter__") or isinstance(x, str | bytes | AbstractSet | Mapping):
        return False
    return bool(getattr(x, "ndim", 1) > 0)


def is_list(x: Any) -> bool:
    """Tell whether ``x`` is a list, a tuple, or an array with at least one dimension.

    >>> import numpy
    >>> is_list((1.0, 2.0)), is_list(numpy.ones(2)), is_list(numpy.array(2.0)), is_list(2.0)
    (True, True, False, False)
    """
    return hasattr(x, "__len__") and is_iterable(x)


def is_array(x: Any) -> bool:
    """Tell whether ``x`` is an array with at least one dimension."""
    return bool(getattr(x, "ndim", 0) > 0)


def as_list(x: Any) -> list[Any]:
    """Return a list or an array as a list; a single number as a list of one.

    >>> as_list((1.0, 2.0)), as_list(1.0)
    ([1.0, 2.0], [1.0])
    """
    return list(x) if is_list(x) else [x]


def scalar(x: Any) -> Any:
    """Return an array without dimensions, or a number of NumPy, as a number of Python.

    Return anything else unchanged.
    """
    return x.item() if getattr(x, "ndim", None) == 0 else x


def plain_number(name: str, x: Any) -> Any:
    """Return a number as a number of Python, and a Value unchanged.

    Raises TypeError for anything else; the message starts with ``name``.
    """
    if isinstance(x, Value):
        return x
    try:
        return number(scalar(x))
    except OperandError as error:
        message = f"{name}: {error}"
        raise TypeError(message) from None
