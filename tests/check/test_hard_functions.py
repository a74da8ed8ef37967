"""A sample of functions that are hard for a checker; `make checkers` goes through all of them.

Their derivatives are known to 50 digits, by mpmath.
"""

import math

import pytest

pytest.importorskip("mpmath")

from hard_functions import FAMILIES, FUNCTIONS

from tinygrad_edu import Value, gradcheck
from tinygrad_edu.engine import ancestors

MOST = 400
"""The most nodes of a graph in this sample; larger graphs are left to `make checkers`."""


def fast(function):
    return not function.has_graph or len(ancestors(function.on_values(Value(0.3)))) <= MOST


SAMPLE = [
    (function, function.points[0])
    for family in FAMILIES
    for function in [row for row in FUNCTIONS if row.family == family][::3]
    if fast(function)
]
BOUNDED = {"(1 - cos x) / x²"}
"""Functions whose bound for the rounding error is ten times the real error."""
sample = pytest.mark.parametrize(
    ("function", "x"), SAMPLE, ids=[f"{function.name} at {x}" for function, x in SAMPLE]
)


def run(function, x, claimed=None):
    return gradcheck(
        function.on_values if function.has_graph else function.on_floats, x, claimed=claimed
    )


@sample
def test_right_derivatives_are_never_wrong_and_wrong_ones_never_right(function, x):
    slope = float(function.derivative(x))
    right = [run(function, x, slope)] + ([run(function, x)] if function.has_graph else [])
    told = function.can_be_told(x)
    verdicts = {finding.verdict for report in right for finding in report}
    assert verdicts <= {"agrees", "inconclusive"}, right
    assert verdicts == {"agrees"} or not told or function.name in BOUNDED, right
    for claim in (1.01 * slope, -slope, math.nan, *[0.0] * told):
        if claim != slope:
            assert not run(function, x, claim)


def test_the_sample_is_of_all_families_and_of_points_where_floats_can_tell():
    families = {function.family for function, _ in SAMPLE}
    assert families == set(FAMILIES)
    told = [function.can_be_told(x) for function, x in SAMPLE]
    assert sum(told) >= 0.8 * len(told)
