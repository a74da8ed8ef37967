"""What a type checker sees of networks: mypy reads this file, and the suite runs it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tinygrad_edu import MLP, Layer, Neuron, Value, losses
from tinygrad_edu.nn import SGD, Adam, History, fit, optimisers

if TYPE_CHECKING:
    from typing_extensions import assert_type
else:

    def assert_type(x, _):
        return x


X = [1.0, 2.0]


def test_the_types_that_networks_return() -> None:
    mlp, layer, neuron = MLP(2, [3, 2]), Layer(2, 3, "relu"), Neuron(2)
    assert isinstance(assert_type(mlp(X), Value | list[Value]), list)
    assert isinstance(assert_type(mlp.forward(X), list[Value]), list)
    assert all(isinstance(a, Value) for a in assert_type(layer(X), list[Value]))
    assert isinstance(assert_type(neuron(X), Value), Value)


def test_the_types_inside_networks() -> None:
    mlp = MLP(2, [3, 1], ["relu"])
    assert len(assert_type(mlp.parameters(), list[Value])) == 13
    named = assert_type(mlp.named_parameters(), Iterator[tuple[str, Value]])
    assert [type(p) for _, p in named] == [Value] * 13
    assert len(assert_type(mlp.layers, list[Layer])) == 2
    assert len(assert_type(mlp.layers[0].neurons, list[Neuron])) == 3
    assert len(assert_type(mlp.layers[0].neurons[0].w, tuple[Value, ...])) == 2
    assert isinstance(assert_type(mlp.layers[0].neurons[0].b, Value), Value)
    assert len(assert_type(mlp.state_dict(), dict[str, Any])) == 13


def test_a_loss_of_values_is_a_value_and_a_loss_of_numbers_a_number() -> None:
    mlp = MLP(2, [3, 2])
    for value in (
        assert_type(losses.half_squared_error(mlp(X), X), Value),
        assert_type(losses.rss(mlp(X), X), Value),
        assert_type(losses.mse(mlp(X), X, half=True), Value),
        assert_type(losses.mse([Value(1.0), 2.0], X), Value),
        assert_type(losses.mse(X, [Value(1.0), Value(2.0)]), Value),
        assert_type(losses.binary_cross_entropy(Value(0.5), 1), Value),
        assert_type(losses.binary_cross_entropy_with_logits(mlp(X), [0, 1]), Value),
        assert_type(losses.cross_entropy([mlp(X), mlp(X)], [0, 1]), Value),
        assert_type(losses.negative_log_likelihood([Value(0.5), Value(0.5)], 0), Value),
    ):
        assert isinstance(value, Value)
    for number in (
        assert_type(losses.mse([1, 2], [[3.0], [4.0]][0] * 2), float),
        assert_type(losses.cross_entropy([[1.0, 2.0]], [1]), float),
    ):
        assert isinstance(number, float)


def test_training() -> None:
    neuron = Neuron(1)
    sgd, adam = (
        SGD(neuron.parameters(), 0.1),
        Adam(neuron.parameters(), lr=optimisers.linear_decay(1, 9)),
    )
    assert len(assert_type(sgd.parameters, list[Value])) == 2
    for optimiser in (sgd, adam):
        history = fit(neuron, [([1.0], 2.0)], losses.mse, optimiser, epochs=1)
        assert len(assert_type(history, History).iterations) == 1


def test_a_type_checker_refuses_these_calls() -> None:
    """Each of these comments is needed: mypy says so if one is not."""
    mlp = MLP(2, [1])
    with pytest.raises(TypeError, match="expected one list of inputs"):
        mlp(1.0, 2.0)  # type: ignore[arg-type]  # it is an error
    with pytest.raises(TypeError, match="write lr"):
        SGD(mlp.parameters(), learning_rate=0.1)  # type: ignore[arg-type]  # it is an error
    with pytest.raises(TypeError, match="write eps"):
        Adam(mlp.parameters(), epsilon=1e-9)  # type: ignore[arg-type]  # it is an error
    with pytest.raises(TypeError, match=r"write SGD\(mlp.parameters\(\), lr\)"):
        SGD(mlp, 0.1)  # type: ignore[arg-type]  # it is an error
    with pytest.raises(AttributeError, match="nothing has to be set"):
        mlp.train()  # type: ignore[attr-defined]  # it is an error
    with pytest.raises(AttributeError, match="combine them into one number first"):
        Layer(2, 2)(X).backward()  # type: ignore[attr-defined]  # it is an error
