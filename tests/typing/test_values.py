"""What a type checker sees of Values and operations: mypy reads this file, pytest runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinygrad_edu import Constant, Value, grad, hessian, softmax, tanh, total, weighted_sum

if TYPE_CHECKING:
    from typing_extensions import assert_type
else:

    def assert_type(value: object, _: object) -> object:
        return value


def test_an_expression_of_values_is_a_value() -> None:
    a, b = Value(2.0), Value(3.0)
    assert_type(a * 2 + b.tanh(), Value)
    assert_type(2 - a / b, Value)
    assert_type(a**2, Value)
    assert_type(-abs(a), Value)
    assert_type(a.leaky_relu(0.1), Value)
    assert_type(a.maximum(b), Value)
    assert_type(Constant(1.0) + a, Value)
    assert_type(a < b, bool)


def test_an_operation_of_values_is_a_value_and_of_floats_a_float() -> None:
    a, b = Value(2.0), Value(3.0)
    assert_type(tanh(a), Value)
    assert_type(tanh(0.5), float)
    assert_type(total([a, b]), Value)
    assert_type(weighted_sum([a, b], [1.0, 2.0], b), Value)
    assert_type(softmax([a, b]), "list[Value]")


def test_numbers_are_floats() -> None:
    a = Value(2.0)
    y = a * a
    assert_type(a.data, float)
    assert_type(a.grad, float)
    assert_type(grad(y, a), float)
    assert_type(grad(y, [a]), "list[float]")
    assert_type(grad(y, a, differentiable=True), Value)
    assert_type(hessian(y, [a]), "list[list[float]]")
