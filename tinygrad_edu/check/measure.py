"""Measure slopes of a function from its values, each with an error bound.

A difference quotient is wrong in two ways: a large step misses how the function bends, and a small
step drowns in rounding. Therefore no single step is trusted. The quotients of a ladder of steps,
each half the one before, are extrapolated to step 0, and the noise of the values is measured. Among
the estimates that all smaller steps confirm, the one with the smallest error is the result.

This file knows neither how the function is computed nor what its derivative is claimed to be.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple, TypeAlias

__all__ = [
    "EPSILON",
    "Around",
    "Slope",
    "coincide",
    "digits_kept",
    "rounding",
    "scale",
    "significant",
    "spacings",
    "step_ladder",
]

EPSILON = 2.0**-52
COLUMNS = 6
"""The largest number of extrapolations of one quotient; more would only amplify the noise."""
SLACK = 4
"""A smaller step may be this many times as far from the limit as expected."""
FOOT = 8
"""Over this many smallest steps the quotients of a smooth function settle."""
STEEPER = 1.05
"""At a jump or a vertical tangent each of these quotients is this many times the one before."""
CLEAR = 8
"""A difference of this many times the noise certainly does not come from the noise."""
DROWNED = 16
"""Values that vary by less than this many times the noise show nothing but noise."""
CERTAIN = 1e3
"""A ratio that leaves no doubt."""
NEAR = 3
"""This many of the largest steps may lead to where the function is a different one."""
SINGLE, DOUBLE = 24, 53
"""Binary digits of float32 and of float64."""
FLOAT_FORMATS = (8, 11, SINGLE, 53)
"""Binary digits of bfloat16, half, single and double precision."""
MANY = 10
"""This many different numbers do not fit a short format by coincidence."""


class Slope(NamedTuple):
    """A measured slope, and how far it may be from the true slope."""

    value: float
    error: float


UNKNOWN = Slope(math.nan, math.inf)


# --- steps ----------------------------------------------------------------------------------------


def scale(x: float) -> float:
    """Return the power of two at or below ``abs(x)``; 1 for 0.

    For numbers so small that steps would run out of digits it returns a larger power.

    >>> scale(5.0), scale(-0.3), scale(0.0)
    (4.0, 0.25, 1.0)
    """
    return max(math.ldexp(0.5, math.frexp(x)[1]), 2.0**-900) if x else 1.0


def step_ladder(x: float, digits: int = DOUBLE) -> list[float]:
    """Return halved steps from about 1/8 of ``x`` (1/8 if x is small) down to the next float.

    The floats have so many binary digits: 24 in single precision.

    >>> steps = step_ladder(5.0)
    >>> steps[:3], len(steps)
    ([0.5, 0.25, 0.125], 50)
    """
    size = scale(x)
    steps = [max(size, min(1.0, size * 2.0**40)) / 8]
    while steps[-1] > size * 2.0 ** (1 - digits):
        steps.append(steps[-1] / 2)
    return steps


def spacings(x: float, digits: int = DOUBLE) -> list[float]:
    """Return spacings at which to sample a function near ``x`` for noise, the smallest first.

    They are odd multiples of the distance between two floats. At round distances, results that are
    rounded to a coarser grid, such as float32, would always fall on the same place of that grid.

    >>> [f"{spacing:.0e}" for spacing in spacings(5.0)]
    ['9e-16', '2e-13', '1e-11', '2e-09', '6e-07', '2e-04']
    """
    size = scale(x)
    least = size * 2.0 ** (1 - digits)
    exponents = [k for k in (44, 36, 28, 20, 12) if k < digits - 8] or [digits // 2]
    wider = [max(size * 2.0**-44, min(size, 1.0) * 2.0**-k) for k in exponents]
    wider[-1] = max(wider[-1], size * 2.0**-20)  # so that float32 shows in the largest input
    return [least, *(least * (2 * round(distance / least / 3) + 1) for distance in wider)]


# --- how noisy the values are ---------------------------------------------------------------------


def coincide(values: Sequence[float]) -> bool:
    """Tell whether at least half of the neighbours are equal, so that noise cannot be estimated.

    >>> coincide([1.0, 1.0, 1.0, 2.0, 3.0]), coincide([1.0, 1.0, 2.0, 3.0, 4.0])
    (True, False)
    """
    pairs = list(pairwise(values))
    return 2 * sum(a == b for a, b in pairs) >= len(pairs)


def rounding(values: Sequence[float]) -> float:
    """Return the noise in equally spaced values of a smooth function, as a standard deviation.

    In a table of differences the smooth part vanishes from column to column, while noise grows at
    a known rate (J. J. Moré and S. M. Wild, Estimating computational noise, SIAM J. Sci. Comput.
    33, 2011).

    >>> rounding([x * x for x in range(9)])
    0.0
    >>> round(rounding([5.1, 4.9, 5.0, 5.1, 5.0, 4.9, 4.9, 5.1, 5.0]), 2)
    0.04
    """
    differences, growth, estimates = list(values), 1.0, []
    for order in range(1, len(values) - 2):
        differences = [b - a for a, b in pairwise(differences)]
        growth *= order / (4 * order - 2)  # order!^2 / (2 order)!
        estimates.append(math.sqrt(growth / len(differences)) * math.hypot(*differences))
    return sorted(estimates[1:])[len(estimates) // 2 - 1]


def digits_kept(values: Sequence[float], few: int = 53) -> int:
    """Return how many binary digits the values of a function keep: 24 if it rounds to float32.

    Many values do not fit a shorter format by chance, but a few values may. If there are only a
    few different values, the result is at least ``few``.

    >>> digits_kept([k / 7 for k in range(20)]), digits_kept([1.0] * 20)
    (53, 53)
    >>> digits_kept([round(k / 7 * 2**20) / 2**20 for k in range(20)])
    24
    """
    different = {y for y in values if y and math.isfinite(y)}
    shorter = (n for n in FLOAT_FORMATS[:-1] if all(significant(y) <= n for y in different))
    kept = next(shorter, FLOAT_FORMATS[-1])
    return kept if len(different) >= MANY else max(kept, few)


def significant(y: float) -> int:
    """Return how many binary digits a number has, not counting zeros at the end.

    >>> significant(0.75), significant(0.1)
    (2, 52)
    """
    mantissa = int(math.ldexp(math.frexp(abs(y))[0], 53))
    return mantissa.bit_length() - (mantissa & -mantissa).bit_length() + 1 if mantissa else 0


# --- the slope ------------------------------------------------------------------------------------


class Quotient(NamedTuple):
    """A difference quotient, and how far rounding may have moved it."""

    step: float
    width: float
    slope: float
    noise: float


Estimate: TypeAlias = "tuple[float, float, int]"
"""The error of an extrapolated slope, the slope, and the index of the smallest step it uses."""


def limit(quotients: Sequence[Quotient], order: int) -> Slope:
    """Return the limit of the quotients for step 0; they come with the largest step first.

    The error of a quotient falls like the step to the power of ``order``: 2 for central
    differences, 1 for one-sided ones. An estimate counts only if the quotients of all smaller
    steps approach it at that rate. This rules out the large steps of a function like sin(1e7 x),
    which agree with each other by accident.
    """
    quotients = [q for q in quotients if math.isfinite(q.slope)]
    if not settled(quotients):
        return UNKNOWN
    for error, value, rung in sorted(extrapolations(quotients, order)):
        known = quotients[rung]
        expected = abs(known.slope - value) + error
        if all(
            abs(q.slope - value)
            <= SLACK * (expected * (q.step / known.step) ** order + q.noise) + error
            for q in quotients[rung + 1 :]
        ):
            return Slope(value, error)
    return UNKNOWN


def settled(quotients: Sequence[Quotient]) -> bool:
    """Tell whether the two smallest steps agree roughly, or differ by no more than noise.

    If not, even the smallest step is too large.

    >>> settled([Quotient(h, h, 1 / h, 0.0) for h in (0.5, 0.25, 0.125)])
    False
    """
    if len(quotients) < 2:
        return False
    larger, smaller = quotients[-2:]
    change = abs(smaller.slope - larger.slope)
    steepest = max(abs(q.slope) for q in quotients)
    return change <= max(steepest / 8, SLACK * (smaller.noise + larger.noise))


def extrapolations(quotients: Sequence[Quotient], order: int) -> list[Estimate]:
    """Return the entries of Richardson's table of extrapolations to step 0.

    The error of an entry is its distance from the two entries that it was made of, plus their
    noise.
    """
    found: list[Estimate] = []
    weights = [2.0 ** (order * column) - 1 for column in range(1, COLUMNS + 1)]
    coarse_step, above = math.nan, [(0.0, 0.0)]  # the row of the step twice as large
    for rung, quotient in enumerate(quotients):
        step, _, slope, noise = quotient
        row = [(slope, noise)]
        if coarse_step == 2 * step:
            for weight, (coarse, coarse_noise) in zip(weights, above, strict=False):
                value = slope + (slope - coarse) / weight
                doubt = max(abs(value - slope), abs(value - coarse))
                noise += (noise + coarse_noise) / weight
                slope = value
                row.append((slope, noise))
                found.append((doubt + noise, slope, rung))
        coarse_step, above = step, row
    return found


class Around(NamedTuple):
    """Values of a function at ``x`` and at steps below and above it; nan where it is undefined."""

    x: float
    steps: Sequence[float]
    below: Sequence[float]
    at: float
    above: Sequence[float]
    noises: Sequence[float]
    """The noise of the values at each step; next to a minimum it grows with the step."""
    rounding: float = math.inf
    """The part of the noise at ``x`` that comes from rounding in the computation, if known."""

    def slope(self) -> Slope:
        """Return the slope from both sides."""
        sides = zip(self.quotients(-1), self.quotients(1), strict=True)
        return limit([central(*pair) for pair in sides], order=2)

    def left(self) -> Slope:
        """Return the slope from below; it is infinite at a jump or a vertical tangent."""
        return self.one_sided(-1)

    def right(self) -> Slope:
        """Return the slope from above; it is infinite at a jump or a vertical tangent."""
        return self.one_sided(1)

    def one_sided(self, side: int) -> Slope:
        """Return the slope from the side with this sign."""
        quotients = self.quotients(side)
        foot = [q.slope for q in quotients[-FOOT:]]
        growths = [b / a if a else 0.0 for a, b in pairwise(foot)]
        gap = abs(self.values(side)[-1] - self.at)
        clear = gap > CLEAR * self.noises[-1] or max(growths) < min(1.9, 1.1 * min(growths))
        if all(growth > STEEPER for growth in growths) and clear:
            return Slope(math.copysign(math.inf, foot[-1]), 0.0)
        return limit(quotients, order=1)

    def quotients(self, side: int) -> list[Quotient]:
        """Return the difference quotients on the side with this sign."""
        found: list[Quotient] = []
        for step, y, noise in zip(self.steps, self.values(side), self.noises, strict=True):
            width = (self.x + side * step) - self.x  # the sum may be rounded
            slope = (y - self.at) / width
            bend = abs(slope - found[-1].slope) if found else 0.0
            doubt = EPSILON * abs(slope) + bend * abs(abs(width) / step - 1)
            found.append(Quotient(step, width, slope, 2 * noise / step + doubt))
        return found

    def values(self, side: int) -> Sequence[float]:
        """Return the values on the side with this sign."""
        return self.above if side > 0 else self.below

    def variation(self) -> float:
        """Return the largest distance of any value from the one at ``x``."""
        values = [y for y in (*self.below, *self.above) if math.isfinite(y)]
        return max((abs(y - self.at) for y in values), default=0.0)

    def constant(self) -> bool:
        """Tell whether all values near ``x`` are equal although a slope would have changed them."""
        near = [y for y in (*self.below[NEAR:], *self.above[NEAR:]) if math.isfinite(y)]
        same = bool(near) and all(y == self.at for y in near)
        return same and math.ulp(self.at) <= 1e-6 * self.steps[NEAR]

    def unresolved(self, slope: float) -> bool:
        """Tell whether even the smallest step is too large to measure a slope.

        There are two signs of this. The smallest step changes the value as much as any larger
        step, and by more than rounding explains. Or the values look like noise, while a function
        with this ``slope`` would leave their range within one step. Examples are sin at 1e25,
        sin(1e17 x), and any function right next to a pole.
        """
        variation = self.variation()
        ends = [y for y in (self.below[-1], self.above[-1]) if math.isfinite(y)]
        gap = max((abs(y - self.at) for y in ends), default=0.0)
        if gap > max(variation / DROWNED, CERTAIN * self.rounding):
            return True
        values = (y for y in (*self.below, self.at, *self.above) if math.isfinite(y))
        seen = variation > 1e-9 * max(map(abs, values))
        vague = variation <= DROWNED * self.noises[-1] or gap > variation / CERTAIN
        # Beyond 2 ** 53 a step may span many waves, and samples of them look like one long wave.
        vague |= self.steps[-1] > 1
        return seen and vague and abs(slope) * self.steps[-1] > variation

    def steepest(self) -> float:
        """Return the absolute value of the steepest quotient, minus its noise."""
        found = [abs(q.slope) - CLEAR * q.noise for side in (-1, 1) for q in self.quotients(side)]
        return max([0.0, *filter(math.isfinite, found)])


def central(left: Quotient, right: Quotient) -> Quotient:
    """Return the slope of the parabola through all three points, whose distances may differ."""
    width = right.width - left.width
    slope = (left.slope * right.width - right.slope * left.width) / width
    return Quotient(right.step, width, slope, (left.noise + right.noise) / 4)
