"""Slopes and noise, measured on functions whose slope and noise are known."""

import math
import operator
import random
from itertools import accumulate, cycle, islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu.check.measure import (
    EPSILON,
    Around,
    Quotient,
    central,
    coincide,
    digits_kept,
    extrapolations,
    limit,
    rounding,
    scale,
    settled,
    significant,
    spacings,
    step_ladder,
)


def around(f, x, noise=0.0):
    steps = step_ladder(x)
    below, above = ([f(x + side * h) for h in steps] for side in (-1, 1))
    return Around(x, steps, below, f(x), above, [noise] * len(steps))


@pytest.mark.parametrize(
    ("f", "slope", "x"),
    [
        (math.exp, math.exp, 0.7),
        (math.exp, math.exp, -20.0),
        (math.sin, math.cos, 1e5),
        (math.log, lambda x: 1 / x, 1e-5),
        (math.atan, lambda x: 1 / (1 + x * x), 0.0),
        (lambda x: math.sin(1e6 * x), lambda x: 1e6 * math.cos(1e6 * x), 1.0),
    ],
)
def test_the_true_slope_is_within_the_error(f, slope, x):
    noise = EPSILON * (abs(f(x)) + abs(x * slope(x)))
    seen = around(lambda x: f(x) if x > 0 or f is not math.log else math.nan, x, noise)
    for value, error in (seen.slope(), seen.left(), seen.right()):
        assert abs(value - slope(x)) <= error
        assert error <= 1e-6 * abs(slope(x))


@given(st.floats(-4, 4), st.floats(1e-9, 1e-3), st.integers())
def test_noise_widens_the_error_as_much_as_it_moves_the_slope(x, size, seed):
    shake = random.Random(seed)
    value, error = around(lambda x: math.sin(x) + shake.uniform(-size, size), x, size).slope()
    assert abs(value - math.cos(x)) <= error


def test_values_on_one_side_give_the_slope_of_that_side():
    seen = around(lambda x: abs(x) if x >= 0 else math.nan, 0.0)
    assert seen.right().value == 1
    assert seen.left().error == seen.slope().error == math.inf


def test_a_jump_has_an_infinite_slope():
    seen = around(lambda x: float(x > 2), 2.0)
    assert seen.left().value == 0
    assert seen.right().value == math.inf
    assert around(lambda x: -float(x >= 2), 2.0).left().value == -math.inf


@pytest.mark.parametrize("power", [1 / 2, 1 / 3, 2 / 3])
def test_a_vertical_tangent_has_an_infinite_slope(power):
    seen = around(lambda x: math.copysign(abs(x) ** power, x), 0.0, 1e-16)
    assert seen.left() == seen.right() == (math.inf, 0.0)
    assert seen.slope().error == math.inf


@pytest.mark.parametrize(
    ("growths", "noise", "infinite"),
    [
        ((1.4, 1.4), 1e-3, True),  # as at a vertical tangent, however small the values are
        ((1.1, 1.6), 1e-6, True),
        ((1.1, 1.6), 1e-3, False),
        ((2.0, 2.0), 1e-3, True),  # a jump
        ((2.0, 2.0), 2e-2, False),
    ],
)
def test_quotients_that_grow_have_an_infinite_slope_unless_noise_may_be_why(
    growths, noise, infinite
):
    steps = [2.0**-k for k in range(3, 14)]
    slopes = accumulate(islice(cycle(growths), 10), operator.mul, initial=1.0)
    values = [slope * step for slope, step in zip(slopes, steps, strict=True)]
    seen = Around(0.0, steps, values, 0.0, values, [noise] * len(steps))
    assert math.isinf(seen.right().value) is math.isinf(seen.left().value) is infinite


@pytest.mark.parametrize("f", [math.sin, lambda x: x**3, lambda x: x * abs(x), lambda x: 1e9 * x])
def test_a_finite_slope_is_not_called_infinite(f):
    seen = around(f, 0.0, 1e-16)
    assert math.isfinite(seen.left().value)
    assert math.isfinite(seen.right().value)


def test_steepest_counts_only_slopes_that_exceed_the_noise():
    assert around(lambda x: 2 * x + 1, 1.0, EPSILON).steepest() == pytest.approx(2)
    assert around(lambda x: 2 * x + 1, 1.0, 1.0).steepest() == 0


@pytest.mark.parametrize("side", [-1, 1])
def test_steepest_counts_a_slope_on_one_side_only(side):
    assert around(lambda x: 3 * max(side * x, 0.0), 0.0, EPSILON).steepest() == pytest.approx(3)
    only = around(lambda x: 3 * x if side * x >= 0 else math.nan, 0.0, EPSILON)
    assert only.steepest() == pytest.approx(3)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_steps_are_halved_from_the_size_of_the_input_to_its_last_digits(x):
    steps = step_ladder(x)
    assert all(a == 2 * b for a, b in pairwise(steps))
    assert 0 < steps[-1] <= 2.0**-46 * max(scale(x), steps[-1])
    assert all(x + h != x != x - h for h in steps)
    assert len(steps) < 100


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_the_scale_is_the_power_of_two_at_or_below(x):
    assert abs(x) < 1e-270 or scale(x) <= abs(x) < 2 * scale(x)


def test_a_number_near_the_least_float_has_a_larger_scale_that_leaves_digits_to_steps():
    assert scale(2.0**-900) == scale(-1e-300) == scale(5e-324) == 2.0**-900
    assert scale(1.5 * 2.0**-899) == 2.0**-899


@given(st.floats(-1e6, 1e6))
def test_spacings_grow_but_stay_below_what_a_function_may_do_in_between(x):
    found = spacings(x)
    assert found == sorted(found)
    assert all(x + 4 * d != x for d in found)
    assert found[-1] <= max(2.0**-12, abs(x) * 2.0**-20)


@pytest.mark.parametrize("x", [0.3, 1.0, -1e-200])
def test_spacings_up_to_1_are_two_thirds_of_powers_of_256_and_odd(x):
    least, *wider = spacings(x)
    assert least == scale(x) * EPSILON
    thirds = [85, 21845, 5592405, 1431655765, 366503875925]
    assert [d / least for d in wider] == [2 * third + 1 for third in thirds]


@pytest.mark.parametrize("size", [1e-14, 1e-9, 1.0])
def test_the_noise_added_to_a_smooth_function_is_measured(size):
    shake = random.Random(0)
    found = sorted(
        rounding([math.sin(k / 1e3) + shake.gauss(0, size) for k in range(9)]) for _ in range(200)
    )
    assert 0.5 * size < found[100] < 1.5 * size
    assert found[-1] < 4 * size


def test_the_noise_is_the_middle_one_of_the_estimates_beyond_the_first():
    values = [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]
    squares = [6 / 7, 20 / 6, 70 / 5, 250 / 4, 850 / 3]  # means of 1 -2 1, 1 -3 3 -1, ... squared
    growths = [math.factorial(k) ** 2 / math.factorial(2 * k) for k in range(2, 7)]
    estimates = [math.sqrt(g * s) for g, s in zip(growths, squares, strict=True)]
    assert rounding(values) == pytest.approx(sorted(estimates)[2])


def test_smooth_values_have_no_noise():
    assert rounding([x**3 - x for x in range(9)]) <= 8**3 * 1e-3


def test_one_quotient_settles_nothing():
    only = Quotient(0.5, 0.5, 3.0, 0.0)
    assert not settled([])
    assert not settled([only])
    assert settled([only, only])
    assert settled([only, only._replace(slope=3.3)])  # an eighth of what is steepest
    assert not settled([only, only._replace(slope=3.5)])
    assert settled([only, only._replace(slope=3.5, noise=0.2)])  # drowned


def test_the_noise_of_an_extrapolation_is_that_of_its_quotients_times_their_weights():
    quotients = [Quotient(h, h, 0.0, 1.0) for h in (1.0, 0.5, 0.25)]
    once, twice = 4 / 3 + 1 / 3, (16 / 15 + 1 / 15) * (4 / 3 + 1 / 3)
    found = list(extrapolations(quotients, order=2))
    assert [rung for *_, rung in found] == [1, 2, 2]
    assert [error for error, *_ in found] == pytest.approx([once, once, twice])


def test_steps_that_are_not_halves_are_not_extrapolated():
    quotients = [Quotient(h, h, 1.0, 0.0) for h in (1.0, 0.25, 0.125)]
    assert [rung for *_, rung in extrapolations(quotients, order=1)] == [2]


def test_quotients_of_which_none_can_be_extrapolated_tend_to_nothing_known():
    far_apart = [Quotient(h, h, 1.0, 0.0) for h in (1.0, 0.25, 0.0625)]
    assert limit(far_apart, order=1).error == math.inf
    assert math.isnan(limit(far_apart, order=1).value)


@pytest.mark.parametrize("side", [-1, 1])
def test_the_noise_of_a_quotient_is_that_of_two_values(side):
    for q in around(lambda x: 0.0, 0.5, 0.25).quotients(side):
        assert q.noise * q.step == 2 * 0.25
    steep = around(lambda x: 8 * x, 0.5).quotients(side)  # rounding of the quotient itself
    assert [q.noise for q in steep] == [8 * EPSILON] * len(steep)


def test_a_step_that_was_rounded_is_no_noise_before_the_function_is_seen_to_bend():
    first, second, *_ = around(lambda x: 1e-20 * x, 0.9).quotients(1)
    assert first.width != first.step
    assert first.noise == EPSILON * abs(first.slope)
    assert second.noise >= EPSILON * abs(second.slope)


def test_the_noise_of_a_quotient_from_both_sides_is_that_of_two_values_at_twice_the_distance():
    seen = around(lambda x: 0.0, 0.5, 0.25)
    for q in map(central, seen.quotients(-1), seen.quotients(1)):
        assert (q.noise * q.step, q.width) == (0.25, 2 * q.step)


@pytest.mark.parametrize("side", ["below", "above"])
def test_a_function_is_unresolved_if_its_smallest_step_changes_it_most(side):
    seen = around(lambda x: 0.0, 0.7)._replace(rounding=0.0)
    last = [0.0] * (len(seen.steps) - 1) + [1.0]
    assert not seen.unresolved(0.0)
    assert seen._replace(**{side: last}).unresolved(0.0)
    assert not seen._replace(**{side: last[::-1]}).unresolved(0.0)
    assert not seen._replace(rounding=1.0, **{side: last}).unresolved(0.0)


def test_waves_shorter_than_every_step_are_unresolved():
    for x in (1e20, 1e25, 1e150):
        seen = around(math.sin, x)._replace(rounding=EPSILON)
        assert seen.unresolved(math.cos(x))
    for x in (0.7, 1e8, 1e13):
        seen = around(math.sin, x, EPSILON)._replace(rounding=EPSILON)
        assert not seen.unresolved(math.cos(x))
        assert not seen.unresolved(2.0)


def test_values_that_the_slope_would_leave_at_once_are_unresolved():
    waves = around(lambda x: math.sin(1e17 * x), 0.7)
    assert waves.unresolved(1e17)
    assert not waves.unresolved(1e13)
    drowned = around(lambda x: 1.0 + (x > 0.75), 0.7, 0.1)
    assert drowned.unresolved(1e17)
    assert not drowned._replace(noises=[0.01] * len(drowned.steps)).unresolved(1e17)
    assert not around(lambda x: 1.0, 0.7, 0.1).unresolved(1e17)  # nothing is seen
    assert not around(lambda x: 0.0, 0.7, 0.1).unresolved(1e17)


def test_noise_is_not_taken_for_waves():
    shake = random.Random(0)
    seen = around(lambda x: 1 + shake.choice([0, EPSILON]), 0.7, EPSILON)
    assert not seen._replace(rounding=EPSILON).unresolved(0.0)
    assert not seen._replace(rounding=EPSILON).unresolved(1e3)


@pytest.mark.parametrize("short", [8, 11, 24])
def test_a_shorter_format_shows_in_many_values_but_not_in_few(short):
    def rounded(x):
        return math.ldexp(round(math.ldexp(x, short)), -short)

    values = [rounded(0.5 + 0.5 * k / 97) for k in range(97)]
    assert digits_kept(values) == short
    assert digits_kept([*values, 0.1]) == 53
    assert digits_kept([*values, math.nan, math.inf, 0.0]) == short
    assert digits_kept(values[:10]) == short
    assert digits_kept(values[:9]) == 53
    assert digits_kept(values[:9], few=24) == 24
    assert digits_kept([0.1], few=24) == 53


@given(st.integers(1, 2**53 - 1), st.integers(-900, 900))
def test_significant_digits_are_those_of_a_whole_number_without_zeros_at_the_end(whole, power):
    digits = len(f"{whole:b}".rstrip("0"))
    assert significant(math.ldexp(whole, power)) == digits
    assert significant(-math.ldexp(whole, power)) == digits
    assert significant(1 + EPSILON) == 53
    assert significant(0.0) == significant(-0.0) == 0


def test_values_that_never_change_are_constant_if_a_slope_would_show():
    assert around(lambda x: 5.0, 0.7).constant()
    assert around(lambda x: 5.0 + 1e-3 * (x > 0.76), 0.7).constant()  # near enough
    assert not around(lambda x: 5.0 + 1e-3 * (x > 0.71), 0.7).constant()
    assert not around(lambda x: x + 1e14, 1e-3).constant()
    assert around(lambda x: 1e8, 0.7).constant()
    assert not around(lambda x: 1e9, 0.7).constant()  # a slope of 1e-7 would not show
    assert not around(lambda x: math.nan if x != 0.7 else 5.0, 0.7).constant()


def test_neighbours_coincide_if_half_of_them_do():
    assert not coincide(range(9))
    assert coincide([1.0] * 9)
    assert coincide([1, 1, 2, 2, 3, 3, 4, 4, 5])
    assert not coincide([1, 1, 2, 2, 3, 3, 4, 5, 6])
