import cmath
import itertools
import math
import random
from collections import Counter
from functools import partial
from statistics import correlation, mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu.nn.data import AND, OR, XOR, blobs, circles, curve, moons, spirals

TRIANGLE = ((0.0, 0.0), (4.0, 0.0), (0.0, 4.0))
KINDS = {
    "moons": (moons, 2),
    "circles": (circles, 2),
    "spirals": (spirals, 2),
    "spirals of 3 arms": (partial(spirals, arms=3), 3),
    "blobs": (blobs, 2),
    "3 blobs": (partial(blobs, centres=TRIANGLE), 3),
}
every_kind = pytest.mark.parametrize(("make", "classes"), KINDS.values(), ids=KINDS)
every_random = pytest.mark.parametrize(
    "make", [make for make, _ in KINDS.values()] + [partial(curve, noise=0.1)]
)


def inputs(examples):
    return [x for x, _ in examples]


# --- truth tables ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "holds"), [(AND, all), (OR, any), (XOR, lambda bits: sum(bits) == 1)]
)
def test_truth_tables_have_every_case_once_and_are_right(table, holds):  # A1
    assert inputs(table) == list(itertools.product([0.0, 1.0], repeat=2))
    assert [y for _, y in table] == [int(holds(x)) for x in inputs(table)]


# --- how many, of what ----------------------------------------------------------------------------


@every_kind
@given(n=st.integers(0, 60))
def test_classes_share_the_points_evenly_and_the_first_take_the_rest(make, classes, n):
    examples = make(n)
    counts = Counter(y for _, y in examples)
    assert [counts[k] for k in range(classes)] == [
        len(range(k, n, classes)) for k in range(classes)
    ]
    assert len(examples) == n


@every_kind
def test_examples_are_pairs_of_two_floats_and_a_class(make, classes):
    for x, y in make(7):
        assert type(x) is tuple
        assert [*map(type, x), type(y)] == [float, float, int]
        assert 0 <= y < classes


@every_random
@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_few_points_are_that_many_and_finite(make, n):
    examples = make(n)
    assert len(examples) == n
    assert all(map(math.isfinite, itertools.chain(*inputs(examples))))


def test_one_point_is_one_of_many():
    for make in (moons, circles, blobs, curve):
        [point] = make(1, noise=0)
        assert point in make(9, noise=0)


@pytest.mark.parametrize("make", [moons, circles, spirals, blobs])
def test_the_first_half_of_the_points_is_of_all_classes(make):
    examples = make(100)
    assert {y for _, y in examples[:50]} == {0, 1}
    assert examples != sorted(examples, key=lambda example: example[1])


# --- seeds ----------------------------------------------------------------------------------------


@every_random
def test_the_same_seed_gives_the_same_points_and_another_others(make):
    assert make(20, seed=3) == make(20, seed=3)
    assert make(20, seed=3) != make(20, seed=4)
    assert make(20) == make(20, seed=0)


@every_random
def test_the_global_source_of_randomness_stays_as_it_is(make):
    random.seed(5)
    state = random.getstate()
    first = make(20)
    assert random.getstate() == state
    random.seed(6)
    assert make(20) == first


# --- shapes without noise -------------------------------------------------------------------------

# Points of size up to 2 by cosines of angles up to 2π: a rounding of the angle is 4.4e-16.
NEAR = partial(pytest.approx, rel=0, abs=2e-15)


def test_moons_are_half_circles_about_two_centres():
    for (x, y), label in moons(41, noise=0):
        cx, cy, side = [(0, 0, 1), (1, 0.5, -1)][label]
        assert math.hypot(x - cx, y - cy) == NEAR(1)
        assert side * (y - cy) >= -1e-15  # the upper half, the lower half


def test_moons_begin_and_end_where_half_circles_do():
    points = inputs(moons(20, noise=0))
    for end in ([1, 0], [-1, 0], [0, 0.5], [2, 0.5]):
        assert any(point == NEAR(tuple(end)) for point in points)


@given(st.integers(2, 40), st.floats(0.1, 0.9))
def test_circles_have_their_radii_and_equal_angles(n, inner):
    for label, radius in enumerate([1.0, inner]):
        points = [complex(*x) for x, y in circles(n, noise=0, inner=inner) if y == label]
        points.sort(key=cmath.phase)
        turn = cmath.rect(1, 2 * math.pi / len(points))
        for k, point in enumerate(points):  # the next after the last is the first
            assert abs(point) == NEAR(radius)
            assert abs(points[(k + 1) % len(points)] - point * turn) < 1e-14


@pytest.mark.parametrize("n", [2, 10, 100])
def test_moons_and_circles_are_those_of_scikit_learn(n):
    datasets = pytest.importorskip("sklearn.datasets")
    for ours, theirs in [
        (moons(n, noise=0), datasets.make_moons(n, shuffle=False, noise=None)),
        (circles(n, noise=0), datasets.make_circles(n, shuffle=False, noise=None, factor=0.5)),
    ]:
        points, labels = theirs
        expected = list(zip(points.round(12).tolist(), labels.tolist(), strict=True))
        found = [([round(x, 12) for x in point], y) for point, y in ours]
        assert sorted(found) == sorted(expected)


@given(st.integers(1, 4), st.floats(0.25, 3), st.integers(2, 20))
def test_arms_of_spirals_run_evenly_outward_and_around(arms, turns, each):
    examples = spirals(arms * each, noise=0, turns=turns, arms=arms)
    in_order = sorted(examples, key=lambda example: (example[1], math.hypot(*example[0])))
    for k, ((x, y), label) in enumerate(in_order):
        t = (k % each + 1) / each
        assert label == k // each
        assert math.hypot(x, y) == NEAR(t)
        # An angle of up to 4 turns, 25, is rounded a few times by up to 1.8e-15.
        direction = cmath.exp(2j * math.pi * turns * t) * cmath.exp(2j * math.pi * label / arms)
        assert abs(complex(x, y) - t * direction) < 2e-14


def test_blobs_without_noise_are_their_centres():
    assert Counter(blobs(7, centres=TRIANGLE, noise=0)) == {
        ((0.0, 0.0), 0): 3,
        ((4.0, 0.0), 1): 2,
        ((0.0, 4.0), 2): 2,
    }


def test_a_curve_is_a_function_at_equal_distances():
    examples = curve(9, math.exp, low=-1, high=3)
    assert inputs(examples) == [(-1 + k / 2,) for k in range(9)]
    assert all(y == math.exp(x) for (x,), y in examples)


def test_a_curve_is_by_default_a_wave_of_the_sine():
    examples = curve()
    assert (len(examples), examples[0][0], examples[-1][0]) == (20, (-math.pi,), (math.pi,))
    assert all(y == math.sin(x) for (x,), y in examples)


# --- noise ----------------------------------------------------------------------------------------

MANY = 4000


def deviations(noisy, plain):
    """The noise that was added to each coordinate."""
    assert [y for _, y in noisy] == [y for _, y in plain]
    pairs = list(zip(inputs(noisy), inputs(plain), strict=True))
    return [[a[i] - b[i] for a, b in pairs] for i in (0, 1)]


def assert_normal(noise, sigma):
    """The mean, the mean square and the mean fourth power within 5 standard errors.

    Those of n normal numbers have the variances σ²/n, 2σ⁴/n and 96σ⁸/n about 0, σ² and 3σ⁴.
    """
    for power, expected, variance in [(1, 0, 1), (2, 1, 2), (4, 3, 96)]:
        moment = mean((x / sigma) ** power for x in noise)
        assert moment == pytest.approx(expected, abs=5 * math.sqrt(variance / len(noise)))


@pytest.mark.parametrize("sigma", [0.01, 0.5])
@every_kind
def test_noise_is_normal_with_the_deviation_it_says_on_each_coordinate(make, classes, sigma):
    dx, dy = deviations(make(MANY, noise=sigma), make(MANY, noise=0))
    assert_normal(dx, sigma)
    assert_normal(dy, sigma)
    # The correlation of n independent pairs has the standard error 1/√n. The pairs here are the two
    # coordinates of a point, and the noise of a point and of the next one.
    for a, b in [(dx, dy), (dx[1:], dx[:-1]), (dy[1:], dx[:-1])]:
        assert abs(correlation(a, b)) < 5 / math.sqrt(len(a))
    half = MANY // classes
    assert abs(correlation(dx[:half], dx[-half:])) < 5 / math.sqrt(half)


def test_noise_of_a_curve_is_on_the_targets_only():
    noisy, plain = curve(MANY, noise=0.25), curve(MANY)
    assert inputs(noisy) == inputs(plain)
    assert_normal([a - b for (_, a), (_, b) in zip(noisy, plain, strict=True)], 0.25)


def test_a_curve_ends_where_it_says():
    """Three times 0.1 / 3 is more than 0.1 in floats."""
    assert curve(4, lambda x: math.sqrt(0.1 - x), low=0, high=0.1)[-1] == ((0.1,), 0.0)


@every_random
@pytest.mark.parametrize("setting", [{"n": -1}, {"noise": -0.1}])
def test_settings_below_0_are_refused(make, setting):
    [(what, x)] = setting.items()
    with pytest.raises(ValueError, match=f"{what} must be at least 0, not {x}"):
        make(**{"n": 5, **setting})


def test_there_is_at_least_one_class():
    with pytest.raises(ValueError, match="arms must be at least 1, not 0"):
        spirals(5, arms=0)
    with pytest.raises(ValueError, match="the number of centres must be at least 1, not 0"):
        blobs(5, centres=())
