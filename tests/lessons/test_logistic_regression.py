"""A sigmoid neuron is logistic regression (A2)."""

import math

import pytest

from tinygrad_edu.lessons.logistic_regression import (
    CENTRES,
    DATA,
    SPREAD,
    by_engine,
    by_formula,
    by_hand,
    probability,
    report,
    start,
    theta_of,
    train_neuron,
)
from tinygrad_edu.nn import accuracy

THETAS = [[0.0, 0.0, 0.0], [2.0, 2.0, 0.0], [-3.0, 0.5, 1.0]]


def set_to(theta):
    neuron = start()
    for p, x in zip(neuron.parameters(), theta, strict=True):
        p.data = x
    return neuron


@pytest.mark.parametrize("theta", THETAS)
def test_the_neuron_and_logistic_regression_are_the_same_model(theta):
    neuron = set_to(theta)
    for x, _ in DATA:
        assert neuron(x).data == pytest.approx(probability(theta, x), rel=1e-14)


@pytest.mark.parametrize("theta", THETAS)
@pytest.mark.parametrize("examples", [DATA[:1], DATA], ids=["one example", "all examples"])
def test_the_engine_finds_the_gradient_of_logistic_regression(theta, examples):
    # Each term is right to a few roundings, of numbers up to about 5; the loss divides by a or
    # 1 - a and the sigmoid multiplies by it again, which costs no more.
    gradient = by_engine(set_to(theta), examples)
    assert gradient == pytest.approx(by_formula(theta, examples), rel=1e-12, abs=1e-14)


def test_the_formula_is_the_slope_of_the_log_loss():
    theta, h = [0.3, -0.2, 0.1], 1e-5

    def loss(theta):
        return -math.fsum(
            math.log(probability(theta, x) if y else 1 - probability(theta, x)) for x, y in DATA
        ) / len(DATA)

    for j, slope in enumerate(by_formula(theta, DATA)):
        ahead, behind = ([p + s * h * (i == j) for i, p in enumerate(theta)] for s in (1, -1))
        # Central difference: its error is of the order h^2 = 1e-10.
        assert slope == pytest.approx((loss(ahead) - loss(behind)) / (2 * h), abs=1e-9)


def test_after_the_same_number_of_steps_the_weights_are_the_same():
    neuron, _ = train_neuron(steps=50)
    by_formula_alone = by_hand(theta_of(start()), 50)
    assert theta_of(neuron) == pytest.approx(by_formula_alone, rel=1e-12)
    assert theta_of(neuron) != pytest.approx(by_hand(theta_of(start()), 49), rel=1e-3)


def test_training_makes_the_gradient_vanish_and_finds_the_line_between_the_blobs():
    neuron, history = train_neuron(steps=100)
    assert history.losses[-1] < history.losses[0]
    assert max(map(abs, by_formula(theta_of(neuron), DATA))) < 0.01
    # The best line between two Gaussians with these centres gets Φ(√2 / spread) = 92 % right; for
    # 100 points the standard deviation is 3 %. The line is perpendicular to the one between the
    # centres.
    distance = math.dist(*CENTRES) / 2 / SPREAD
    assert accuracy(neuron, DATA) == pytest.approx((1 + math.erf(distance / 2**0.5)) / 2, abs=0.06)
    w1, w2, _ = theta_of(neuron)
    assert abs(math.degrees(math.atan2(w2, w1)) - 45) < 10


def test_the_report_shows_the_same_digits_for_both():
    rows = [line.split() for line in report().splitlines()]
    engine = [row[:4] for row in rows if row[-1:] == ["engine"]]
    formula = [row[:4] for row in rows if row[-1:] == ["formula"]]
    assert engine == formula
    assert [row[0] for row in engine] == ["0", "10", "100"]
    assert max(map(len, report().splitlines())) <= 100
