"""Recorded graphs as PyTorch modules."""

import copy
import math
import pickle
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import (
    Constant,
    Value,
    exp,
    grad,
    half_squared_error,
    leaky_relu,
    logsumexp,
    maximum,
    minimum,
    relu,
    softmax,
    step,
    tanh,
    total,
    weighted_sum,
)
from tinygrad_edu.check.graph import adjoints_of
from tinygrad_edu.nn import MLP
from tinygrad_edu.nn.losses import binary_cross_entropy, mse
from tinygrad_edu.operation import Operation
from tinygrad_edu.table import TABLE
from tinygrad_edu.testing import expressions, flat_arguments, networks

torch = pytest.importorskip("torch")

from tinygrad_edu.interop import expression_to_torch  # noqa: E402 - it needs torch

NEAR = {"rel": 1e-12, "abs": 1e-12}


def tensor(numbers, **settings):
    return torch.tensor(numbers, dtype=torch.float64, **settings)


def slopes(f, *numbers):
    """The value and the gradient on a batch of two equal examples."""
    xs = [tensor([x, x], requires_grad=True) for x in numbers]
    y = f(*xs)
    y.sum().backward()
    assert all(x.grad is None or x.grad[0] == x.grad[1] for x in xs)
    return y[0].item(), [0.0 if x.grad is None else x.grad[0].item() for x in xs]


def size(y):
    """The largest contribution of a node to a number; rounding errors grow with it."""
    return max(abs(adjoint * node.data) for node, adjoint in adjoints_of(y).items())


# --- the same as here -----------------------------------------------------------------------------


@given(st.one_of(expressions(max_operations=10), networks()))
def test_values_and_gradients_are_the_same_for_any_expression(expression):
    xs = [Value(x) for x in expression.inputs]
    y = expression(*xs)
    behind = [x for x in xs if x in adjoints_of(y)]
    value, gradient = slopes(expression_to_torch(y, behind), *[x.data for x in behind])
    near = {"rel": 1e-12, "abs": 1e-12 * max(1.0, size(y))}
    assert value == pytest.approx(y.data, **near)
    for found, x in zip(gradient, grad(y, behind, differentiable=True), strict=True):
        assert found == pytest.approx(x.data, rel=1e-10, abs=1e-12 * max(1.0, size(x)))


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
def test_every_operation_of_the_table_can_be_run(row):
    @given(flat_arguments(row))
    def holds(args):
        partials = row.rule(row.forward(*row.nested(args)), args)
        xs = [x if p is None else Value(x) for x, p in zip(args, partials, strict=True)]
        y = row.compute(row.nested(xs))
        varied = [x for x in xs if isinstance(x, Value)]
        value, gradient = slopes(expression_to_torch(y, varied), *[x.data for x in varied])
        assert value == pytest.approx(y.data, rel=1e-12, abs=1e-14 * max(map(abs, args)))
        # Torch may differ from the rule by one or two roundings of the arguments.
        expected = [p for p in partials if p is not None]
        assert gradient == pytest.approx(expected, rel=1e-10, abs=1e-12)

    holds()


KINKS = {
    "relu": (relu, 0.0),
    "abs": (abs, 0.0),
    "step": (lambda x: step(x) + x * x, 0.0),
    "leaky_relu": (lambda x: leaky_relu(x, 0.2), 0.0),
    "maximum with a number": (lambda x: maximum(x, 0.5), 0.5),
    "minimum with a number": (lambda x: minimum(0.5, x), 0.5),
    "maximum with itself": (lambda x: maximum(x, x), 0.5),
    "maximum with its square": (lambda x: maximum(x, x * x), 1.0),
    "second slopes": (lambda x: relu(x) * x + abs(x) * exp(x), 0.0),
}


@pytest.mark.parametrize(("function", "at"), KINKS.values(), ids=KINKS)
def test_at_kinks_gradients_are_those_of_the_table(function, at):
    x = Value(at)
    y = function(x)
    f = expression_to_torch(y, [x])
    batch = tensor([at, at], requires_grad=True)
    (first,) = torch.autograd.grad(f(batch).sum(), batch, create_graph=True)
    assert first.tolist() == [grad(y, x)] * 2
    slope = grad(y, x, differentiable=True)
    second = torch.autograd.grad(first.sum(), batch, materialize_grads=True)[0]
    assert second.tolist() == pytest.approx([grad(slope, x)] * 2)


def test_a_power_to_a_varying_0_has_all_its_second_derivatives():
    x, n = Value(1.5), Value(0.0)
    f = expression_to_torch(x**n, [x, n])
    found = torch.autograd.functional.hessian(f, (tensor(1.5), tensor(0.0)))
    slopes = grad(x**n, [x, n], differentiable=True)
    expected = [grad(slope, [x, n]) for slope in slopes]
    assert [[d.item() for d in row] for row in found] == [pytest.approx(r) for r in expected]


def test_a_negative_number_has_whole_powers_even_if_the_exponent_is_an_input():
    x, n = Value(-2.0), Constant(3.0)
    a, b = tensor(-2.0, requires_grad=True), tensor(3.0, requires_grad=True)
    y = expression_to_torch(x**n, [x, n])(a, b)
    y.backward()
    assert (y.item(), a.grad.item()) == (-8.0, 12.0)  # the slope by n is not real


def test_a_kink_of_a_new_operation_is_that_of_its_rule():
    hard_tanh = Operation(
        "hard_tanh",
        "The number, but from -1 to 1.",
        forward=lambda x: max(-1.0, min(1.0, x)),
        partials=lambda y, x: (step(x + 1) * step(1 - x),),
        array=lambda numpy, x: numpy.clip(x, -1.0, 1.0),  # torch's slope is 1 at the edges
        symbol="hard tanh",
        latex="#1",
        kink=lambda x: (x + 1) * (x - 1),
    )
    x = Value(0.5)
    f = expression_to_torch(hard_tanh(x), [x])
    at = tensor([-2.0, -1.0, 0.5, 1.0, 2.0], requires_grad=True)
    f(at).sum().backward()
    assert at.grad.tolist() == [0.0, 0.0, 1.0, 0.0, 0.0]


# --- whole batches --------------------------------------------------------------------------------


def test_a_network_recorded_once_computes_whole_batches():
    mlp = MLP(2, [4, 2], "relu", seed=1)
    xs = [Constant(0.5), Constant(-1.0)]
    losses = mse(mlp(xs), [0.0, 1.0])
    f = expression_to_torch(losses, xs)
    rows = [[0.3, 0.7], [-2.0, 1.0], [0.0, 0.0]]
    found = f(*tensor(rows).T).tolist()
    assert found == pytest.approx([mse(mlp(row), [0.0, 1.0]).data for row in rows], **NEAR)


def test_tensors_of_different_shapes_are_broadcast():
    x, y = Value(1.0), Value(2.0)
    f = expression_to_torch(maximum(x, y) * x, [x, y])
    a, b = tensor([[1.0], [3.0]], requires_grad=True), tensor([2.0, 3.0, 4.0], requires_grad=True)
    found = f(a, b)
    assert found.tolist() == [[2.0, 3.0, 4.0], [9.0, 9.0, 12.0]]
    found.sum().backward()
    assert a.grad.tolist() == [[2.0 + 3.0 + 4.0], [3.0 + 3.0 + 3.0 + 1.5 + 4.0]]
    assert b.grad.tolist() == [1.0, 1.0 + 1.5, 1.0 + 3.0]


def test_single_precision_stays_single():
    x = Value(0.5)
    f = expression_to_torch(leaky_relu(weighted_sum([2.0, x], [x, 3.0], 1.0)), [x])
    assert f(torch.tensor([1.0, -1.0])).dtype is torch.float32


def test_parameters_are_trained_as_they_are_here():
    mlp = MLP(2, [3, 1], "tanh", "sigmoid", seed=1)
    xs, y = [Constant(0.5), Constant(-1.0)], Value(1.0)
    recorded = half_squared_error([mlp(xs)], [y])
    f = expression_to_torch(recorded, [*xs, y], parameters=mlp.parameters())
    rows, targets = [[0.3, 0.7], [-2.0, 1.0], [0.1, 0.0]], [0.0, 1.0, 1.0]
    optimiser = torch.optim.SGD(f.parameters(), lr=0.5)
    for _ in range(5):
        here = total(
            [half_squared_error([mlp(r)], [t]) for r, t in zip(rows, targets, strict=True)]
        )
        mlp.zero_grad()
        here.backward()
        there = f(*tensor(rows).T, tensor(targets)).sum()
        optimiser.zero_grad()
        there.backward()
        assert there.item() == pytest.approx(here.data, **NEAR)
        gradient = [p.grad.item() for p in f.parameters()]
        assert gradient == pytest.approx([p.grad for p in mlp.parameters()], **NEAR)
        optimiser.step()
        for p in mlp.parameters():
            p.data -= 0.5 * p.grad
    assert [p.item() for p in f.parameters()] == pytest.approx(
        [p.data for p in mlp.parameters()], **NEAR
    )


def test_numbers_that_are_not_inputs_are_kept():
    x, w = Constant(2.0), Value(3.0)
    y = w * x + Constant(1.0) * w - 4
    f = expression_to_torch(y, [x])
    w.data = 100.0
    assert f(tensor([2.0, 5.0])).tolist() == [5.0, 14.0]
    assert list(f.parameters()) == []


def test_a_computed_value_may_be_an_input():
    x = Value(0.5)
    z = x * 3
    f = expression_to_torch(tanh(z) + z, [z])
    assert f(tensor([0.0, 1.0])).tolist() == [0.0, math.tanh(1.0) + 1.0]


def test_fractions_and_softmax_and_shared_nodes():
    x, y = Value(Fraction(1, 3)), Value(Fraction(1, 2))
    z = x * y + Fraction(1, 7) / x
    assert expression_to_torch(z, [x, y])(tensor(1 / 3), tensor(0.5)).item() == float(z.data)
    values = [Value(1.0), Value(2.0), Value(3.0)]
    p = softmax(values)[1] + logsumexp(values)
    found, gradient = slopes(expression_to_torch(p, values), 1.0, 2.0, 3.0)
    assert found == pytest.approx(p.data, **NEAR)
    assert gradient == pytest.approx(grad(p, values), **NEAR)


def test_the_input_itself_and_constants_are_expressions_too():
    x, c = Value(1.0), Constant(2.0)
    assert expression_to_torch(x, [x])(tensor([3.0, 4.0])).tolist() == [3.0, 4.0]
    assert expression_to_torch(c, [c])(tensor([3.0])).tolist() == [3.0]
    assert expression_to_torch(c, [])().item() == 2.0
    assert expression_to_torch(x * 2, [])().item() == 2.0


@pytest.mark.slow
def test_a_long_chain_is_run_without_recursion():
    x = y = Value(0.5)
    for _ in range(10**5):
        y = y.sin()
    f = expression_to_torch(y, [x])
    value, gradient = slopes(f, 0.5)
    assert value == pytest.approx(y.data, rel=1e-10)
    assert gradient == pytest.approx([grad(y, x)], rel=1e-10)


def test_every_node_is_computed_once():
    x = y = Value(1.0)
    for _ in range(300):
        y = y + y  # 2^300 paths
    f = expression_to_torch(y, [x])
    assert slopes(f, 1.0) == (2.0**300, [2.0**300])
    assert repr(f) == "Recorded(inputs: input 1; parameters: 0; operations: 300)"


def test_it_is_a_module_that_is_copied_and_pickled():
    x, w = Value(0.5, label="x"), Value(3.0)
    f = expression_to_torch(relu(w * x - 0.25), [x], [w])
    for again in (copy.deepcopy(f), pickle.loads(pickle.dumps(f))):
        assert again(tensor([0.5, -1.0])).tolist() == [1.25, 0.0]
    again.load_state_dict({**f.state_dict(), "trained.0": tensor(1.0)})
    assert again(tensor([0.5])).tolist() == [0.25]


def test_torch_functions_differentiate_the_module():
    x = Value(0.5)
    f = expression_to_torch(relu(x) * x, [x])
    found = torch.func.vmap(torch.func.grad(f))(tensor([-1.0, 0.0, 3.0]))
    assert found.tolist() == [0.0, 0.0, 6.0]


# --- what is refused ------------------------------------------------------------------------------

a, b, c = Value(1.0, label="a"), Value(2.0, label="b"), Constant(3.0, label="c")
product = a * c
REFUSED = {
    "no value": (
        lambda: expression_to_torch(1.0, []),
        TypeError,
        "value must be a Value, not 1.0 .float.",
    ),
    "one input": (
        lambda: expression_to_torch(product, a),
        TypeError,
        "inputs must be a list of Values",
    ),
    "a number as input": (
        lambda: expression_to_torch(product, [a, 3.0]),
        TypeError,
        r"inputs\[1\] must be a Value, not 3.0",
    ),
    "an input twice": (
        lambda: expression_to_torch(product, [a, a]),
        ValueError,
        r"inputs\[1\], Value.*label='a'.*, is inputs\[0\], too",
    ),
    "an input that is a parameter": (
        lambda: expression_to_torch(product, [a], [a]),
        ValueError,
        r"parameters\[0\], Value.*, is inputs\[0\], too",
    ),
    "a stranger": (
        lambda: expression_to_torch(product, [a, b]),
        ValueError,
        r"does not depend on inputs\[1\], Value.*label='b'\)$",
    ),
    "a constant stranger": (
        lambda: expression_to_torch(product, [Constant(3.0)]),
        ValueError,
        r"does not depend on inputs\[0\]",
    ),
    "a constant target, of which the loss keeps the number": (
        lambda: expression_to_torch(binary_cross_entropy(a / 2, y := Constant(1.0)), [a, y]),
        ValueError,
        r"does not depend on inputs\[1\]",
    ),
    "one that only another input depends on": (
        lambda: expression_to_torch(product * 2, [product, a]),
        ValueError,
        r"does not depend on inputs\[1\], .* except through other inputs or parameters",
    ),
    "too few tensors": (
        lambda: expression_to_torch(product, [a, c])(tensor([1.0])),
        ValueError,
        r"expected 2 tensors \(a, c\), got 1",
    ),
    "a number for a tensor": (
        lambda: expression_to_torch(product, [a])(1.0),
        TypeError,
        "a must be a tensor of floats, not 1.0",
    ),
    "whole numbers": (
        lambda: expression_to_torch(product, [a])(torch.tensor([1, 2])),
        TypeError,
        r"a must be a tensor of floats, not tensor\(\[1, 2\]\)",
    ),
}


@pytest.mark.parametrize(("attempt", "error", "problem"), REFUSED.values(), ids=REFUSED)
def test_impossible_requests_are_refused(attempt, error, problem):
    with pytest.raises(error, match=f"expression_to_torch: .*{problem}"):
        attempt()


ARRAYS = {
    "a function that torch lacks": ("cbrt", "has no attribute 'cbrt'"),
    "the functions of math": (lambda numpy, x: math.cos(x), "scalar|only one element"),
    "a result for the whole batch": ("sum", "returns tensor"),
    "a number": (lambda numpy, x: 1.0, "returns 1.0"),
}


@pytest.mark.parametrize(("array", "problem"), ARRAYS.values(), ids=ARRAYS)
def test_an_operation_that_torch_cannot_compute_is_named(array, problem):
    row = Operation(
        "novel", "New.", forward=math.cos, partials=lambda y, x: (y,), array=array,
        symbol="n", latex="n",
    )  # fmt: skip
    x = Value(0.5)
    with pytest.raises(NotImplementedError, match=f"the operation novel cannot .*{problem}"):
        expression_to_torch(row(x) * 2, [x])


def test_a_rule_that_does_not_work_on_batches_is_named():
    row = Operation(
        "novel", "New.", forward=lambda x: x, partials=lambda y, x: (1.0 if x > 0 else 0.0,),
        array=lambda numpy, x: x * 1.0, symbol="n", latex="n", kink=lambda x: x,
    )  # fmt: skip
    x = Value(0.5)
    with pytest.raises(NotImplementedError, match=r"the operation novel cannot .*Boolean value"):
        expression_to_torch(row.compute((x,)), [x])
