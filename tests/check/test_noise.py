"""How far rounding moves a number: computed from its graph, and measured by moving inputs."""

import math
from functools import reduce

import numpy as np
import pytest

from tinygrad_edu import Constant, Value, exp, sin, total, weighted_sum
from tinygrad_edu.check.function import Function
from tinygrad_edu.check.graph import adjoints_of, leads_to
from tinygrad_edu.check.measure import EPSILON
from tinygrad_edu.check.noise import measured_noise, rounding_error


def measured(f, x, *, thorough=True):
    function = Function(f, [x])
    (noise,) = measured_noise(function, lambda ys: [float(y) for y in ys], thorough=thorough)
    return noise


# --- from the graph -------------------------------------------------------------------------------


def test_a_node_is_rounded_once_and_a_leaf_is_exact():
    x = Value(3.0)
    assert rounding_error(x) == 0
    assert rounding_error(Constant(2.0) * 3) == 0
    assert rounding_error(x * 5) == pytest.approx(15 * EPSILON, rel=1e-9)
    assert rounding_error(x * 5 - 15) == pytest.approx(15 * EPSILON, rel=1e-9)  # 0, rounded before
    assert rounding_error((x * 5) * -2) == pytest.approx((30 + 30) * EPSILON, rel=1e-9)


def test_contributions_that_cancel_on_the_way_do_not_count():
    a = Value(0.9)
    w = reduce(lambda w, _: w - 0.5 * (a * w - 1), range(100), 0.0)
    assert 2 * EPSILON < rounding_error(w) < 20 * EPSILON  # path by path it would be 1e16 times so
    assert rounding_error(exp(a) * exp(-a)) < 8 * EPSILON


def test_the_rounding_of_a_sum_grows_with_its_terms():
    for large in (
        weighted_sum([Value(1e8), Value(-1e8)], [1.0, 1.0], 0.5),
        total([Value(1e8), Value(-1e8), Value(0.5)]),
    ):
        assert large.data == 0.5
        assert 1e8 * EPSILON < rounding_error(large) < 1e10 * EPSILON


def test_a_tiny_result_has_the_noise_of_the_smallest_floats():
    assert 0 < rounding_error(Value(1e-200) * 1e-200) < 1e-322


def test_paths_are_open_unless_a_derivative_is_0():
    x, y = Value(2.0), Value(3.0)
    assert leads_to(x, x)
    assert leads_to(x * y + 1, x)
    assert not leads_to(y * 2, x)
    assert not leads_to((0 * x) * y + y, x)
    assert leads_to((0 * x) * y + x, x)
    assert leads_to(x - x, x)  # nothing is open or closed by cancelling
    assert adjoints_of(x - x)[x] == 0


# --- measured -------------------------------------------------------------------------------------


@pytest.mark.parametrize("x", [0.3, 0.7, 2.0, 30.3])
def test_a_function_of_floats_has_the_noise_of_its_last_digits(x):
    size = EPSILON * (abs(math.sin(x)) + 1)
    assert 0.02 * size < measured(lambda x: math.sin(x) + 1, x) < 4 * size


@pytest.mark.parametrize("x", [0.01, 0.3, 0.7, 30.3, 100.3, 1e5])
def test_an_input_that_is_rounded_to_float32_makes_noise(x):
    size = 2.0**-24 * x
    assert 0.2 * size < measured(lambda x: 1e3 + float(np.float32(x)), x) < 4 * size


def test_early_rounding_shows_at_wider_spacings_only():
    def f(x):
        return (1 - math.cos(x)) / (x * x)

    assert measured(f, 1e-3, thorough=False) < 1e-15
    assert 5e-12 < measured(f, 1e-3) < 5e-10


def test_waves_are_not_taken_for_noise():
    for x in (0.3, 1.0):
        assert measured(lambda x: math.sin(1e7 * x), x) < 1e-6
        assert measured(lambda x: sin(1e7 * x), x, thorough=False) < 1e-6


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize("distance", [1e-11, 1e-6, 1e-4])
def test_a_nearby_kink_is_not_taken_for_noise(side, distance):
    def f(x):
        return max(side * (x - 1.3) - distance, 0.0) + x

    assert measured(f, 1.3) < 1e-15


def test_a_nearby_jump_is_not_taken_for_noise():
    assert measured(lambda x: x + (x > 1.3 + 1e-6), 1.3) < 1e-15
    assert measured(lambda x: x + (x < 1.3 - 1e-6), 1.3) < 1e-15


def test_constants_have_no_noise():
    assert measured(lambda x: 5.0, 0.3) == 0
    assert measured(lambda x: 5.0 if x.data == 0.3 else math.log(-1.0), 0.3) == 0
