"""The deep thin network of lecture D: one chain of factors."""

import math
from itertools import pairwise

import pytest

from tinygrad_edu import grad, sigmoid
from tinygrad_edu.lessons.deep_thin import (
    INPUT,
    TARGET,
    WEIGHTS,
    chain,
    compressed,
    first_weight_gradient,
    forward,
    report,
)


def test_the_chain_has_two_factors_for_each_layer_and_one_for_the_loss():
    for depth in (1, 2, 3, 10):
        assert len(chain(forward([0.5] * depth))) == 2 * depth + 1


def test_the_factors_are_those_of_the_formulas():
    h, expected = [INPUT], []
    for w in WEIGHTS:
        h.append(sigmoid(w * h[-1]))
    expected.append(h[-1] - TARGET)
    for layer in (3, 2, 1):
        expected.append(h[layer] * (1 - h[layer]))
        expected.append(WEIGHTS[layer - 1] if layer > 1 else INPUT)
    factors = [factor for _, factor in chain(forward())]
    assert factors == pytest.approx(expected, rel=1e-14)


def test_the_product_of_the_chain_is_the_slope_of_the_loss():
    def loss(first):
        return forward([first, *WEIGHTS[1:]]).loss.data

    h = 1e-3
    f = [loss(WEIGHTS[0] + k * h) for k in (-2, -1, 1, 2)]
    slope = (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h)  # five-point formula, error of order h⁴
    product = math.prod(factor for _, factor in chain(forward()))
    assert product == pytest.approx(slope, abs=1e-12)
    network = forward()
    assert product == pytest.approx(grad(network.loss, network.weights[0]), rel=1e-14)


def test_the_two_factors_at_any_node_of_the_path_have_the_same_product():
    network = forward()
    gradient = grad(network.loss, network.weights[0])
    for node in network.path()[1:-1]:
        (_, above), (_, below) = compressed(network.loss, node, network.weights[0])
        assert above * below == pytest.approx(gradient, rel=1e-14)


def test_every_layer_makes_the_gradient_at_least_four_times_smaller():
    gradients = [abs(first_weight_gradient(depth)) for depth in range(1, 13)]
    assert all(b < a / 4 for a, b in pairwise(gradients))
    for depth, gradient in enumerate(gradients, start=1):
        assert 0 < gradient < INPUT * abs(TARGET) * 0.25**depth


def test_the_report_shows_the_chain_in_full_and_compressed():
    text = report()
    assert (
        "∂L/∂W₁₁₁ = ∂L/∂ŷ · ∂ŷ/∂a₃₁ · ∂a₃₁/∂h₂₁ · ∂h₂₁/∂a₂₁ · ∂a₂₁/∂h₁₁ · ∂h₁₁/∂a₁₁ · ∂a₁₁/∂W₁₁₁"
    ) in text
    assert "∂L/∂W₁₁₁ = ∂L/∂h₁₁ · ∂h₁₁/∂W₁₁₁" in text
    assert "∂L/∂W₃₁₁ = ∂L/∂a₃₁ · ∂a₃₁/∂W₃₁₁" in text
    network = forward()
    assert text.count(f"{grad(network.loss, network.weights[0]):.6f}") == 3
