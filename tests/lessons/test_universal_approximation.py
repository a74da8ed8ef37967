"""Universal approximation: steps, bumps, curves and surfaces (A5)."""

import math
from itertools import pairwise

import pytest

from tinygrad_edu.lessons.universal_approximation import (
    CURVES,
    HIGH,
    LOW,
    bump_edges,
    bump_middles,
    curve_network,
    evenly_spaced,
    hill,
    largest_error,
    report,
    surface_network,
)

wave, cusp = CURVES.values()


def width(n):
    return (HIGH - LOW) / n


def test_bumps_are_as_high_as_the_curve_in_their_middles():
    network = curve_network(wave, 8).frozen()
    assert [network([x]) for x in bump_middles(8)] == pytest.approx(
        list(map(wave, bump_middles(8)))
    )


def test_the_network_is_halfway_between_two_bumps_where_they_meet():
    network = curve_network(wave, 8).frozen()
    heights = list(map(wave, bump_middles(8)))
    for k, edge in enumerate(bump_edges(8)[1:-1]):
        assert network([edge]) == pytest.approx((heights[k] + heights[k + 1]) / 2)


def test_outside_the_bumps_the_network_is_0():
    network = curve_network(lambda _: 5.0, 8).frozen()
    assert [network([x]) for x in (2 * LOW, 2 * HIGH)] == pytest.approx([0.0, 0.0], abs=1e-9)


# In its middle a bump is as high as the curve. The slope of the curve is at most 2, so up to the
# edge of the bump it changes by at most 2 times half a width. Around an edge, the height goes from
# that of one bump to that of the next within a tenth of a width on either side (beyond that, only
# exp(-10) of a height of at most 2 is left), so there the error can be a tenth of a width more.
@pytest.mark.parametrize("n", [4, 8, 16, 32])
def test_the_error_of_a_smooth_curve_is_below_its_slope_times_half_a_bump(n):
    assert largest_error(curve_network(wave, n), wave, 251) <= 2 * (0.6 * width(n)) + 1e-4


@pytest.mark.parametrize("n", [4, 8, 16, 32])
def test_the_error_at_a_cusp_is_the_square_root_of_half_a_width(n):
    assert largest_error(curve_network(cusp, n), cusp, 251) == pytest.approx((width(n) / 2) ** 0.5)


def test_twice_the_bumps_halve_the_error_of_a_smooth_curve():
    errors = [largest_error(curve_network(wave, n), wave, 401) for n in (8, 16, 32)]
    for error, with_twice_as_many in pairwise(errors):
        assert with_twice_as_many / error == pytest.approx(0.5, abs=0.1)


def test_towers_are_as_high_as_the_surface_in_their_middles():
    network = surface_network(hill, 4).frozen()
    for x in bump_middles(4):
        for y in bump_middles(4):
            assert network([x, y]) == pytest.approx(hill(x, y), abs=1e-9)


def test_there_is_no_hole_where_four_towers_meet():
    network = surface_network(lambda _x, _y: 1.0, 4).frozen()
    inside = bump_edges(4)[1:-1]
    for x in inside:
        for y in inside:
            for dx, dy in [(0, 0), (0.001, 0), (0, -0.001), (0.01, 0.01)]:
                assert network([x + dx, y + dy]) == pytest.approx(1.0, abs=1e-6)


def test_the_error_of_a_surface_falls_with_the_towers():
    errors = [largest_error(surface_network(hill, n), hill, 15) for n in (2, 4, 8)]
    assert errors == sorted(errors, reverse=True)
    # The slope of the hill is at most √(2/e), and a corner of a tower is √2/2 of a width away.
    steepest = math.sqrt(2 / math.e)
    assert errors[-1] <= steepest * width(8) * math.sqrt(2) / 2


@pytest.mark.slow
def test_the_report_gives_the_numbers_of_neurons_and_fits_a_terminal():
    lines = report().splitlines()
    assert [len(layer.neurons) for layer in curve_network(wave, 8).layers] == [16, 1]
    assert any(line.split()[:2] == ["8", "16"] for line in lines)
    assert [len(layer.neurons) for layer in surface_network(hill, 8).layers] == [18, 81, 1]
    assert any("18 + 81" in line for line in lines)
    assert max(map(len, lines)) <= 100


def test_evenly_spaced_points_go_from_end_to_end():
    assert evenly_spaced(5) == [-2.0, -1.0, 0.0, 1.0, 2.0]
