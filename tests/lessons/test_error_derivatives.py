"""The 4-2-3-1 logistic network of lecture B: every error derivative, computed in three ways."""

import pytest

from tinygrad_edu import assert_gradients, half_squared_error, sigmoid, weighted_sum
from tinygrad_edu.lessons import error_derivatives as example
from tinygrad_edu.lessons.error_derivatives import (
    INPUTS,
    TARGET,
    THETAS,
    by_engine,
    by_hand,
    variables,
)


@pytest.fixture
def engine():
    return by_engine(*example.network())


def test_there_are_35_derivatives(engine):
    """Each of 6 neurons has a z and an a, and there are 2 · 5 + 3 · 3 + 1 · 4 weights."""
    kinds = [what[0] for what in engine]
    assert {kind: kinds.count(kind) for kind in "azθ"} == {"a": 6, "z": 6, "θ": 23}
    assert len(engine) == 35


def test_all_derivatives_by_hand_are_those_of_the_engine(engine):
    assert by_hand() == pytest.approx(engine, rel=1e-13, abs=0)


def test_the_derivatives_with_respect_to_weights_are_slopes_of_the_cost(engine):
    def cost(*thetas):
        a = INPUTS
        for theta in thetas:
            a = [sigmoid(weighted_sum(row, a, bias)) for bias, *row in theta]
        return half_squared_error(a, [TARGET])

    claimed = [
        [[engine[what] for what in variables(layer, k)[2:]] for k, _ in enumerate(theta, start=1)]
        for layer, theta in enumerate(THETAS, start=2)
    ]
    assert_gradients(cost, *THETAS, claimed=claimed)


def test_the_derivatives_with_respect_to_z_and_a_are_slopes_of_the_later_layers(engine):
    def cost_of_z3(z):
        [(bias, *row)] = THETAS[2]
        return half_squared_error([sigmoid(weighted_sum(row, map(sigmoid, z), bias))], [TARGET])

    def cost_of_a2(a):
        return cost_of_z3([weighted_sum(row, a, bias) for bias, *row in THETAS[1]])

    a2 = example.activations()[1]
    z3 = [weighted_sum(row, a2, bias) for bias, *row in THETAS[1]]
    assert_gradients(cost_of_z3, z3, claimed=[engine[f"z{k}⁽³⁾"] for k in "₁₂₃"])
    assert_gradients(cost_of_a2, a2, claimed=[engine[f"a{k}⁽²⁾"] for k in "₁₂"])


def test_the_report_has_every_derivative_and_what_the_notes_print(engine):
    text = example.report()
    for derivative in engine.values():
        assert f"{derivative:.6f}" in text
    *_, [y_hat] = example.activations()
    slope = y_hat * (1 - y_hat)
    for printed in (TARGET - y_hat, (TARGET - y_hat) * slope):
        assert f"= {printed:.6f}; the sign" in text
    assert f"= {engine['θ₁₁⁽³⁾'] * -slope:.6f}; σ' is there twice" in text
    assert "35 of 35 derivatives by hand agree" in text
