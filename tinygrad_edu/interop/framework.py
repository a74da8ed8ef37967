"""PyTorch, and frameworks like it, behind the interface of NumPy.

The table says how to compute an operation on arrays: it names a NumPy function, or has a function
that takes the module ``numpy``. Given another module in its place, the operation is computed there:

>>> from tinygrad_edu.table import sigmoid
>>> framework = torch_as_numpy()
>>> framework.compute(sigmoid, [framework.module.zeros(2)])
tensor([0.5000, 0.5000])
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Sequence
from typing import Any

from tinygrad_edu.operation import Operation

__all__ = ["Framework", "compute_with", "torch_as_numpy", "torch_module"]


class Framework:
    """A framework behind the interface of NumPy.

    Args:
        module: a module with most functions of NumPy under their names.
        asarray: turns a number into an array of the framework.
        stop_gradient: returns an array as a constant.
        own: functions that the module lacks or has under another name.
    """

    def __init__(
        self,
        module: Any,
        asarray: Callable[[Any], Any],
        stop_gradient: Callable[[Any], Any],
        **own: Any,
    ) -> None:
        """Keep the module and the functions."""
        self.module = module
        self.asarray = asarray
        self.stop_gradient = stop_gradient
        self.__dict__.update(own)
        self.logaddexp = Logaddexp(self.wrapped(module.logaddexp))

    def __getattr__(self, name: str) -> Any:
        return self.wrapped(getattr(self.module, name))

    def wrapped(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function of the module that accepts plain numbers as operands, too."""
        return lambda *args: function(*map(self.as_operand, args))

    def as_operand(self, x: Any) -> Any:
        """Return a number as an array of the framework, and anything else as it is."""
        return self.asarray(x) if isinstance(x, int | float) else x

    def compute(self, op: Operation, operands: Sequence[Any]) -> Any:
        """Compute an operation of the table."""
        return compute_with(op, self, op.nested([*map(self.as_operand, op.flat(operands))]))


class Logaddexp:
    """The function logaddexp with its method ``reduce``, which only NumPy has."""

    def __init__(self, of_two: Callable[[Any, Any], Any]) -> None:
        """Keep the function of two operands."""
        self.of_two = of_two

    def __call__(self, x: Any, y: Any) -> Any:
        """Return log(exp(x) + exp(y))."""
        return self.of_two(x, y)

    def reduce(self, values: Sequence[Any]) -> Any:
        """Return log(exp(v1) + ... + exp(vn))."""
        return functools.reduce(self.of_two, values)


def compute_with(op: Operation, numpy: Any, operands: Sequence[Any]) -> Any:
    """Compute an operation with a module that has the interface of NumPy."""
    if callable(op.array):
        return op.array(numpy, *operands)
    return getattr(numpy, op.array)(*operands)


def torch_module() -> Any:
    """Return PyTorch; if it is not installed, raise ImportError and say how to install it."""
    try:
        return importlib.import_module("torch")
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        message = 'tinygrad_edu.interop needs PyTorch: pip install "tinygrad_edu[torch]"'
        raise ImportError(message) from None


def torch_as_numpy() -> Framework:
    """Return PyTorch behind the interface of NumPy; numbers become double precision tensors."""
    torch = torch_module()
    return Framework(
        torch,
        functools.partial(torch.tensor, dtype=torch.float64),
        torch.Tensor.detach,
        power=functools.partial(torch_power, torch),
    )


def torch_power(torch: Any, x: Any, n: Any) -> Any:
    """Return x to the power n, with all second derivatives.

    At n = 0, torch.pow has a derivative with respect to x that is constant and ignores n.
    """
    if not n.requires_grad:
        return torch.pow(x, n)
    positive = x > 0
    smooth = torch.exp(n * torch.log(torch.where(positive, x, 1.0)))
    return torch.where(positive, smooth, torch.pow(x, n))
