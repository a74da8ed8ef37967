"""Values, gradients and second derivatives, compared with PyTorch in double precision."""

import math

import pytest
from frameworks import torch_as_numpy
from hypothesis import assume, given
from hypothesis import strategies as st

from tinygrad_edu import Value, grad
from tinygrad_edu.check.graph import adjoints_of
from tinygrad_edu.engine import ancestors
from tinygrad_edu.testing import expressions, networks

torch = pytest.importorskip("torch")
framework = torch_as_numpy()


def of_torch(expression, order):
    """The derivatives of this order with respect to all inputs, by PyTorch, as floats."""
    xs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in expression.inputs]
    found = [expression(*xs, compute=framework.compute)]
    for _ in range(order):
        found = [
            d
            for y in found
            for d in (
                torch.autograd.grad(y, xs, create_graph=True, materialize_grads=True)
                if y.requires_grad
                else [torch.zeros(()) for _ in xs]
            )
        ]
    return [d.item() for d in found]


def of_engine(expression, order):
    """The same derivatives by the engine, as Values."""
    xs = [Value(x) for x in expression.inputs]
    found = [expression(*xs)]
    for _ in range(order):
        found = [d for y in found for d in grad(y, xs, differentiable=True)]
    return found


def size(y):
    """The largest contribution of a node to a number; rounding errors grow with it."""
    return max(abs(adjoint * node.data) for node, adjoint in adjoints_of(y).items())


SATURATING = {"tanh", "sigmoid", "softmax"}


def lost(expression):
    """The relative error of PyTorch, which computes these slopes as 1 - a² or a (1 - a)."""
    nodes = ancestors(expression(*map(Value, expression.inputs)))
    rests = [1 - abs(node.data) for node in nodes if node.op and node.op.name in SATURATING]
    smallest = min(rests, default=1.0)
    return 1e-15 / smallest if smallest else math.inf


@pytest.mark.parametrize("order", [0, 1, 2])
@given(st.one_of(expressions(max_operations=10), networks()))
def test_values_and_derivatives_are_those_of_torch(order, expression):
    tolerance = max(1e-9, lost(expression))
    assume(tolerance < 1e-3)
    ours, theirs = of_engine(expression, order), of_torch(expression, order)
    for y, expected in zip(ours, theirs, strict=True):
        assert y.data == pytest.approx(expected, rel=tolerance, abs=1e-3 * tolerance * size(y))
