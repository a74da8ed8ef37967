"""Names that people know from other packages, and what to write here instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

__all__ = ["OF_VALUES", "Missing", "missing"]

ONE_NUMBER = "a Value is one number; a vector is a list of them"
NO_DEVICE = "its data is a Python float, on no device and of one type"
OF_VALUES = {
    "item": "write x.data",
    "numpy": "write x.data",
    "tolist": "write x.data",
    "value": "write x.data",
    "requires_grad": "a Value takes a gradient, a Constant takes none",
    "requires_grad_": "a Value takes a gradient, a Constant takes none",
    "retain_grad": "every Value keeps its gradient, x.grad",
    "grad_fn": "x.op is the operation that made it, None for what was given",
    "is_leaf": "write x.op is None",
    "clone": "write Value(x.data) for a new number, x + 0 for a node of its own behind x",
    "zero_": "write x.grad = 0.0 for one Value, loss.zero_grad() for all behind a loss",
    "sum": f"{ONE_NUMBER}: write total(values)",
    "mean": f"{ONE_NUMBER}: write total(values) / len(values)",
    "max": f"{ONE_NUMBER}: write maximum(x, y)",
    "min": f"{ONE_NUMBER}: write minimum(x, y)",
    "dot": f"{ONE_NUMBER}: write weighted_sum(weights, inputs, bias)",
    "matmul": f"{ONE_NUMBER}: write weighted_sum(weights, inputs, bias)",
    "softmax": f"{ONE_NUMBER}: write softmax(logits)",
    "pow": "write x ** n",
    "square": "write x ** 2",
    "log2": "write x.log() / math.log(2)",
    "log10": "write x.log() / math.log(10)",
    "tan": "write x.sin() / x.cos()",
    "add": "write x + y",
    "sub": "write x - y",
    "mul": "write x * y",
    "div": "write x / y",
    "neg": "write -x",
    "_prev": "write x.args",
    "children": "write x.args",
    "parents": "write x.args",
    "_op": "write x.op",
    "_backward": "x.partials are its derivatives by its arguments, x.args",
    "parameters": "the Values behind a loss are engine.ancestors(loss)",
    **dict.fromkeys(["shape", "size", "ndim", "dim", "T", "view", "reshape"], ONE_NUMBER),
    **dict.fromkeys(["flatten", "squeeze", "unsqueeze", "argmax"], ONE_NUMBER),
    **dict.fromkeys(["cpu", "cuda", "to", "device", "dtype", "float", "double"], NO_DEVICE),
}
"""What Values have elsewhere, and what to write here."""


def missing(x: object, name: str, habits: Mapping[str, str]) -> AttributeError:
    """Return the error for an attribute that ``x`` does not have; it says what to write instead.

    >>> print(missing(2.0, "item", OF_VALUES))
    'float' object has no attribute 'item': write x.data
    """
    message = f"{type(x).__name__!r} object has no attribute {name!r}"
    message += f": {habits[name]}" if name in habits else ""
    return AttributeError(message, name=name, obj=x)


class Missing:
    """An attribute that is not there; asked for, it says what to write instead.

    A ``__getattr__`` would do the same, but makes Python look up all other attributes more slowly.
    """

    def __init__(self, name: str, habits: Mapping[str, str]) -> None:
        """Keep what is said."""
        self.name = name
        self.habits = habits

    def __get__(self, x: object, kind: type) -> NoReturn:
        raise missing(kind if x is None else x, self.name, self.habits)
