"""Scalar reverse-mode automatic differentiation that shows how it works.

>>> from tinygrad_edu import Value
>>> x = Value(0.5, label="x")
>>> y = (x * 3).tanh()
>>> y.backward()
>>> round(x.grad, 6)
0.54212...
"""

import importlib
from typing import TYPE_CHECKING, Any

from tinygrad_edu.gradient import grad
from tinygrad_edu.primitives import (
    abs,
    cos,
    exp,
    half_squared_error,
    leaky_relu,
    log,
    logsumexp,
    maximum,
    minimum,
    relu,
    sigmoid,
    sin,
    softmax,
    softplus,
    sqrt,
    step,
    tanh,
    total,
    weighted_sum,
)
from tinygrad_edu.value import Constant, Value

if TYPE_CHECKING:
    from tinygrad_edu.check import assert_gradients, gradcheck
    from tinygrad_edu.drawing import draw, draw_network
    from tinygrad_edu.explain import derivation, exercise, first_nonfinite, latex, paths, steps
    from tinygrad_edu.explain.mistakes import compare_engines
    from tinygrad_edu.explain.nonfinite import first_nonfinite_gradient
    from tinygrad_edu.nn import MLP, Layer, Neuron, losses

__all__ = [
    "MLP",
    "Constant",
    "Layer",
    "Neuron",
    "Value",
    "abs",
    "assert_gradients",
    "compare_engines",
    "cos",
    "derivation",
    "draw",
    "draw_network",
    "exercise",
    "exp",
    "first_nonfinite",
    "first_nonfinite_gradient",
    "grad",
    "gradcheck",
    "half_squared_error",
    "latex",
    "leaky_relu",
    "log",
    "logsumexp",
    "losses",
    "maximum",
    "minimum",
    "paths",
    "relu",
    "sigmoid",
    "sin",
    "softmax",
    "softplus",
    "sqrt",
    "step",
    "steps",
    "tanh",
    "total",
    "weighted_sum",
]

__version__ = "0.1.0"

_ON_DEMAND = {  # what a program that only computes has no need of
    "MLP": "tinygrad_edu.nn",
    "Layer": "tinygrad_edu.nn",
    "Neuron": "tinygrad_edu.nn",
    "assert_gradients": "tinygrad_edu.check",
    "compare_engines": "tinygrad_edu.explain.mistakes",
    "derivation": "tinygrad_edu.explain",
    "draw": "tinygrad_edu.drawing",
    "draw_network": "tinygrad_edu.drawing",
    "exercise": "tinygrad_edu.explain",
    "first_nonfinite": "tinygrad_edu.explain",
    "first_nonfinite_gradient": "tinygrad_edu.explain.nonfinite",
    "gradcheck": "tinygrad_edu.check",
    "latex": "tinygrad_edu.explain",
    "losses": "tinygrad_edu.nn",
    "paths": "tinygrad_edu.explain",
    "steps": "tinygrad_edu.explain",
}


def __getattr__(name: str) -> Any:
    if name not in _ON_DEMAND:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(importlib.import_module(_ON_DEMAND[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
