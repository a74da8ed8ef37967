"""The package under its own checker, and beside PyTorch."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_edu import (
    assert_gradients,
    half_squared_error,
    logsumexp,
    softmax,
    softplus,
)
from tinygrad_edu.primitives import TABLE
from tinygrad_edu.testing import arguments, expressions, networks, numbers

rows = pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
orders = pytest.mark.parametrize("order", [1, 2])


# --- operations, expressions, losses, networks --------------------------------------------------


@orders
@rows
def test_operations(row, order):
    @settings(max_examples=20 if order == 1 else 8)
    @given(arguments(row))
    def holds(args):
        assert_gradients(row, *args, order=order)

    holds()


@given(expressions())
def test_expressions(expression):
    assert_gradients(expression, *expression.inputs)


@settings(max_examples=15)
@given(expressions(max_inputs=2, max_operations=5))
def test_expressions_twice(expression):
    assert_gradients(expression, *expression.inputs, order=2)


@settings(max_examples=15)
@given(networks())
def test_networks(network):
    assert_gradients(network, *network.inputs)


def cross_entropy(logits, label):
    """logsumexp(z) - z_l, which is -log softmax(z)_l (D3)."""
    return logsumexp(logits) - logits[label]


def binary_cross_entropy(logit, target):
    """The log loss (A8) of sigmoid(logit)."""
    return softplus(logit) - target * logit


@given(st.lists(numbers(), min_size=2, max_size=4), st.data())
def test_losses(logits, data):
    targets = [data.draw(numbers()) for _ in logits]
    label = data.draw(st.integers(0, len(logits) - 1))
    assert_gradients(half_squared_error, logits, targets)
    assert_gradients(lambda z: cross_entropy(z, label), logits)
    assert_gradients(lambda z: binary_cross_entropy(z, targets[0]), logits[0])


@given(st.lists(numbers(), min_size=1, max_size=3))
def test_softmax_has_the_derivatives_of_the_lecture(z):
    """∂a_i/∂z_j = a_i (δ_ij - a_j) (D5)."""

    def claimed(z):
        a = softmax(z)
        return [[a_i * ((i == j) - a_j) for j, a_j in enumerate(a)] for i, a_i in enumerate(a)]

    assert_gradients(softmax, z, claimed=claimed)
