"""The operations of the table on tensors.

They are computed through the ``array`` column of the table. PyTorch differentiates them itself,
except for operations with a kink: there it follows the rule of the table.

>>> from tinygrad_edu import relu
>>> x = torch.zeros(2, requires_grad=True)
>>> compute(relu, [x]).sum().backward()
>>> x.grad  # torch.maximum(x, 0) would have a slope of 1/2 here
tensor([0., 0.])
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tinygrad_edu.interop.framework import torch_as_numpy
from tinygrad_edu.operation import Operation

__all__ = ["TensorOperand", "compute", "plain_tensor", "require_computable"]

framework = torch_as_numpy()
torch: Any = framework.module


def compute(op: Operation, operands: Sequence[Any]) -> Any:
    """Compute an operation on tensors elementwise; they are broadcast to one shape.

    Torch finds the derivatives by itself. Only for an operation with a kink they follow its rule in
    the table, at the kink and everywhere else.
    """
    if op.kink is None or not torch.is_grad_enabled():
        return framework.compute(op, operands)
    return ByRule.apply(op, *map(framework.as_operand, operands))


class TensorOperand(torch.Tensor):  # type: ignore[misc]  # torch is Any, as it may not be installed
    """A tensor that the functions of this package accept, as they accept a Value."""

    __record__ = staticmethod(compute)


class ByRule(torch.autograd.Function):  # type: ignore[misc]  # as above
    """An operation that torch differentiates by the rule of the table."""

    generate_vmap_rule = True

    @staticmethod
    def forward(op: Operation, *operands: Any) -> Any:
        """Compute the operation through its array column."""
        return framework.compute(op, operands)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        """Keep the output and the operands for the rule."""
        ctx.op, *operands = inputs
        ctx.save_for_backward(output, *operands)

    @staticmethod
    def backward(ctx: Any, upstream: Any) -> tuple[Any, ...]:
        """Multiply by the partials; for an operand that was broadcast, add up its gradients."""
        y, *operands = ctx.saved_tensors
        partials = ctx.op.partials(*[x.as_subclass(TensorOperand) for x in (y, *operands)])
        products = [None if partial is None else upstream * partial for partial in partials]
        return None, *[
            None if product is None else plain_tensor(product).sum_to_size(x.shape)
            for product, x in zip(products, operands, strict=True)
        ]


def require_computable(what: str, function: Callable[..., Any], numbers: Sequence[float]) -> None:
    """Raise NotImplementedError unless torch can compute and differentiate a function.

    The function is tried on a batch of two numbers: ``math.tanh`` and ``if`` work for a single
    number, but not for a batch.
    """
    batch = [torch.full((2,), x, dtype=torch.float64, requires_grad=True) for x in numbers]
    try:
        result = function(*batch)
        problem = "" if is_batch(result) else f"returns {result!r} for a batch of two"
        if not problem:
            torch.autograd.grad(plain_tensor(result).sum(), batch, allow_unused=True)
    except Exception as error:  # noqa: BLE001 - the function may raise anything
        problem = str(error) or type(error).__name__
    if problem:
        message = f"{what} cannot be computed by torch: {problem}"
        raise NotImplementedError(message)


def is_batch(result: Any) -> bool:
    """Tell whether a result has a number with a gradient for each item of a batch of two."""
    return isinstance(result, torch.Tensor) and result.shape == (2,) and result.requires_grad


def plain_tensor(x: Any) -> Any:
    """Return a TensorOperand as an ordinary tensor."""
    return x.as_subclass(torch.Tensor)
