"""PyTorch, and others like it, in the guise of NumPy.

The table says how an operation is computed on arrays: by the name of a NumPy function, or by a
function of the module ``numpy``. Give it another module by that name, and it computes there:

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
    """A framework in the guise of NumPy.

    Args:
        module: has most functions of NumPy by their names.
        asarray: makes an operand of a number.
        stop_gradient: makes a constant of an operand.
        own: what the module calls by other names, or lacks.
    """

    def __init__(
        self,
        module: Any,
        asarray: Callable[[Any], Any],
        stop_gradient: Callable[[Any], Any],
        **own: Any,
    ) -> None:
        """Keep what is given."""
        self.module = module
        self.asarray = asarray
        self.stop_gradient = stop_gradient
        self.__dict__.update(own)
        self.logaddexp = Logaddexp(self.wrapped(module.logaddexp))

    def __getattr__(self, name: str) -> Any:
        return self.wrapped(getattr(self.module, name))

    def wrapped(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function of the module that takes numbers for operands, too."""
        return lambda *args: function(*map(self.as_operand, args))

    def as_operand(self, x: Any) -> Any:
        """Return a number as an operand, anything else as it is."""
        return self.asarray(x) if isinstance(x, int | float) else x

    def compute(self, op: Operation, operands: Sequence[Any]) -> Any:
        """Compute an operation of the table."""
        return compute_with(op, self, op.nested([*map(self.as_operand, op.flat(operands))]))


class Logaddexp:
    """What only NumPy has: a logaddexp of many."""

    def __init__(self, of_two: Callable[[Any, Any], Any]) -> None:
        """Keep the logaddexp of two."""
        self.of_two = of_two

    def __call__(self, x: Any, y: Any) -> Any:
        """Return log(exp(x) + exp(y))."""
        return self.of_two(x, y)

    def reduce(self, values: Sequence[Any]) -> Any:
        """Return log(exp(v1) + ... + exp(vn))."""
        return functools.reduce(self.of_two, values)


def compute_with(op: Operation, numpy: Any, operands: Sequence[Any]) -> Any:
    """Compute an operation with a module that is like NumPy."""
    if callable(op.array):
        return op.array(numpy, *operands)
    return getattr(numpy, op.array)(*operands)


def torch_module() -> Any:
    """Return PyTorch; raise ImportError, which says how to get it, where there is none."""
    try:
        return importlib.import_module("torch")
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        message = 'tinygrad_edu.interop needs PyTorch: pip install "tinygrad_edu[torch]"'
        raise ImportError(message) from None


def torch_as_numpy() -> Framework:
    """Return PyTorch in the guise of NumPy; numbers become tensors in double precision."""
    torch = torch_module()
    return Framework(
        torch,
        functools.partial(torch.tensor, dtype=torch.float64),
        torch.Tensor.detach,
        power=functools.partial(torch_power, torch),
    )


def torch_power(torch: Any, x: Any, n: Any) -> Any:
    """Return x to the n. Of torch.pow the derivative by x, at n = 0, has itself none by n."""
    if not n.requires_grad:
        return torch.pow(x, n)
    positive = x > 0
    smooth = torch.exp(n * torch.log(torch.where(positive, x, 1.0)))
    return torch.where(positive, smooth, torch.pow(x, n))
