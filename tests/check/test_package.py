"""The operations, expressions and networks of the package, checked by its own checker."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_edu import assert_gradients, softmax
from tinygrad_edu.table import TABLE
from tinygrad_edu.testing import arguments, expressions, networks, numbers

rows = pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
orders = pytest.mark.parametrize("order", [1, 2])


# --- operations, expressions, networks ----------------------------------------------------------


@orders
@rows
def test_operations(row, order):
    @settings(max_examples=20 if order == 1 else 4)
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


@given(st.lists(numbers(), min_size=1, max_size=3))
def test_softmax_has_the_derivatives_of_the_lecture(z):
    """∂a_i/∂z_j = a_i (δ_ij - a_j) (D5)."""

    def claimed(z):
        a = softmax(z)
        return [[a_i * ((i == j) - a_j) for j, a_j in enumerate(a)] for i, a_i in enumerate(a)]

    assert_gradients(softmax, z, claimed=claimed)
