"""Scalar reverse-mode automatic differentiation that shows how it works.

>>> from tinygrad_edu import Value
>>> x = Value(0.5, label="x")
>>> y = (x * 3).tanh()
>>> y.backward()
>>> round(x.grad, 6)
0.54212...
"""

from tinygrad_edu.primitives import (
    abs,
    cos,
    exp,
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
from tinygrad_edu.value import Constant, Value, grad

__all__ = [
    "Constant",
    "Value",
    "abs",
    "cos",
    "exp",
    "grad",
    "leaky_relu",
    "log",
    "logsumexp",
    "maximum",
    "minimum",
    "relu",
    "sigmoid",
    "sin",
    "softmax",
    "softplus",
    "sqrt",
    "step",
    "tanh",
    "total",
    "weighted_sum",
]
