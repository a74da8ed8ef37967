"""Slopes of a function measured from its values, each with an error that follows from them.

A difference quotient is wrong in two ways: too large a step misses how the function bends, and too
small a step drowns in rounding. So no one step is trusted. The quotients of a ladder of halved
steps are extrapolated to step 0, the noise of the values is measured too, and the estimate with the
smallest error is taken that all smaller steps bear out.

Nothing here knows how the function is computed, or what its derivative is held to be.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

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
"""Extrapolations of one quotient; more would only amplify the noise."""
SLACK = 4
"""How many times as far as expected a smaller step may be from the limit."""
FOOT = 8
"""Rungs at the foot of the ladder over which the quotients of a smooth function settle."""
STEEPER = 1.05
"""By how much each of these quotients exceeds the one before at a jump or a vertical tangent."""
CLEAR = 8
"""How many times the noise a difference is that was certainly not made by it."""
DROWNED = 16
"""Within how many times the noise values say nothing else."""
CERTAIN = 1e3
"""How many times something is so large that no doubt is left."""
NEAR = 3
"""Rungs at the top of the ladder that may lead to where a function is another one."""
SINGLE = 24
"""Binary digits of float32."""
FLOAT_FORMATS = (8, 11, SINGLE, 53)
"""Binary digits of floats: bfloat16, half, single and double precision."""
MANY = 10
"""How many different numbers of a short format are no coincidence."""


class Slope(NamedTuple):
    """A measured slope, and how far from the true one it may be."""

    value: float
    error: float


UNKNOWN = Slope(math.nan, math.inf)


# --- where to look --------------------------------------------------------------------------------


def scale(x: float) -> float:
    """Return the power of two at or below ``abs(x)``; 1 for 0.

    Numbers so small that steps would run out of digits get a larger one.

    >>> scale(5.0), scale(-0.3), scale(0.0)
    (4.0, 0.25, 1.0)
    """
    return max(math.ldexp(0.5, math.frexp(x)[1]), 2.0**-900) if x else 1.0


def step_ladder(x: float) -> list[float]:
    """Return steps from an eighth of ``x``, or of 1 if that is more, down to the next float.

    >>> steps = step_ladder(5.0)
    >>> steps[:3], len(steps)
    ([0.5, 0.25, 0.125], 50)
    """
    size = scale(x)
    steps = [max(size, min(1.0, size * 2.0**40)) / 8]
    while steps[-1] > size * EPSILON:
        steps.append(steps[-1] / 2)
    return steps


def spacings(x: float) -> list[float]:
    """Return distances from ``x`` at which to look for noise, from the least on.

    They are odd multiples of the distance between two floats: at round distances results that are
    rounded to a coarser grid, such as float32, would hit the grid at the same place each time.

    >>> [f"{spacing:.0e}" for spacing in spacings(5.0)]
    ['9e-16', '2e-13', '1e-11', '2e-09', '6e-07', '2e-04']
    """
    size = scale(x)
    least = size * EPSILON
    wider = [max(size * 2.0**-44, min(size, 1.0) * 2.0**-k) for k in (44, 36, 28, 20, 12)]
    wider[-1] = max(wider[-1], size * 2.0**-20)  # so that float32 shows in the largest input
    return [least, *(least * (2 * round(distance / least / 3) + 1) for distance in wider)]


# --- how noisy the values are ---------------------------------------------------------------------


def coincide(values: Sequence[float]) -> bool:
    """Tell whether so many neighbours are equal that their differences say nothing of noise.

    >>> coincide([1.0, 1.0, 1.0, 2.0, 3.0]), coincide([1.0, 1.0, 2.0, 3.0, 4.0])
    (True, False)
    """
    pairs = list(pairwise(values))
    return 2 * sum(a == b for a, b in pairs) >= len(pairs)


def rounding(values: Sequence[float]) -> float:
    """Return the noise in values of a smooth function at equal distances, a standard deviation.

    In a table of differences what is smooth vanishes from column to column, and what is noise
    grows at a known rate (J. J. Moré and S. M. Wild, Estimating computational noise, SIAM J. Sci.
    Comput. 33, 2011).

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
    """Return to how many binary digits a function rounds its values: 24 if it does so to float32.

    That all of many values fit a shorter format by chance does not happen; of a few values it may
    be so, and then they are said to keep at least ``few``.

    >>> digits_kept([k / 7 for k in range(20)]), digits_kept([1.0] * 20)
    (53, 53)
    >>> digits_kept([round(k / 7 * 2**20) / 2**20 for k in range(20)])
    24
    """
    different = {y for y in values if y and math.isfinite(y)}
    kept = next(n for n in FLOAT_FORMATS if all(significant(y) <= n for y in different))
    return kept if len(different) >= MANY else max(kept, few)


def significant(y: float) -> int:
    """Return how many binary digits a number has, without zeros at the end.

    >>> significant(0.75), significant(0.1)
    (2, 52)
    """
    mantissa = int(math.ldexp(math.frexp(abs(y))[0], 53))
    return mantissa.bit_length() - (mantissa & -mantissa).bit_length() + 1 if mantissa else 0


# --- the slope ------------------------------------------------------------------------------------


class Quotient(NamedTuple):
    """A difference quotient, and what rounding may have done to it."""

    step: float
    width: float
    slope: float
    noise: float


class Estimate(NamedTuple):
    """An extrapolated slope, its error, and the place of the smallest step that it knows."""

    error: float
    value: float
    rung: int


def limit(quotients: Sequence[Quotient], order: int) -> Slope:
    """Return what the quotients, from the largest step to the smallest, tend to.

    The error of a quotient falls with the step to the power of ``order``: 2 for central
    differences, 1 for one-sided ones. An estimate is believed only if every smaller step comes as
    close to it as that: the values of sin(1e7 x) at larger steps would tell a tale of their own.
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
    """Tell whether the smallest steps agree roughly, or drown in noise; if not, no step is small.

    >>> settled([Quotient(h, h, 1 / h, 0.0) for h in (0.5, 0.25, 0.125)])
    False
    """
    if len(quotients) < 2:
        return False
    larger, smaller = quotients[-2:]
    change = abs(smaller.slope - larger.slope)
    steepest = max(abs(q.slope) for q in quotients)
    return change <= max(steepest / 8, SLACK * (smaller.noise + larger.noise))


def extrapolations(quotients: Sequence[Quotient], order: int) -> Iterator[Estimate]:
    """Yield the entries of Richardson's table of extrapolations to step 0.

    The error of an entry: how far it is from the two that it was made of, and the noise of both.
    """
    coarse_step, above = math.nan, [(0.0, 0.0)]  # the row of the step twice as large
    for rung, quotient in enumerate(quotients):
        slope, noise = quotient.slope, quotient.noise
        row = [(slope, noise)]
        if coarse_step == 2 * quotient.step:
            for column, (coarse, coarse_noise) in enumerate(above[:COLUMNS], start=1):
                weight = 2.0 ** (order * column) - 1
                value = slope + (slope - coarse) / weight
                doubt = max(abs(value - slope), abs(value - coarse))
                noise += (noise + coarse_noise) / weight
                slope = value
                row.append((slope, noise))
                yield Estimate(doubt + noise, slope, rung)
        coarse_step, above = quotient.step, row


class Around(NamedTuple):
    """Values of a function at a point ``x``, and at steps below it and above; nan for none."""

    x: float
    steps: Sequence[float]
    below: Sequence[float]
    at: float
    above: Sequence[float]
    noises: Sequence[float]
    """The noise of the values at each step: on the way to a minimum it grows with the step."""
    rounding: float = math.inf
    """How much of the noise at ``x`` the rounding of what is computed accounts for, if known."""

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
            width = (self.x + side * step) - self.x  # the sum may have been rounded
            slope = (y - self.at) / width
            bend = abs(slope - found[-1].slope) if found else 0.0
            doubt = EPSILON * abs(slope) + bend * abs(abs(width) / step - 1)
            found.append(Quotient(step, width, slope, 2 * noise / step + doubt))
        return found

    def values(self, side: int) -> Sequence[float]:
        """Return the values on the side with this sign."""
        return self.above if side > 0 else self.below

    def variation(self) -> float:
        """Return by how much any of the values differs from the one at ``x``."""
        values = [y for y in (*self.below, *self.above) if math.isfinite(y)]
        return max((abs(y - self.at) for y in values), default=0.0)

    def constant(self) -> bool:
        """Tell whether all values near ``x`` are the same, and a slope would have moved them."""
        near = [y for y in (*self.below[NEAR:], *self.above[NEAR:]) if math.isfinite(y)]
        same = bool(near) and all(y == self.at for y in near)
        return same and math.ulp(self.at) <= 1e-6 * self.steps[NEAR]

    def unresolved(self, slope: float) -> bool:
        """Tell whether even the smallest steps are too large to see the function between them.

        Then one step leads as far as many, and not for rounding; or the values look like noise, or
        like another function, while one of this ``slope`` would leave their range at once. So do
        those of sin at 1e25, of sin(1e17 x), or right beside a pole.
        """
        variation = self.variation()
        ends = [y for y in (self.below[-1], self.above[-1]) if math.isfinite(y)]
        gap = max((abs(y - self.at) for y in ends), default=0.0)
        if gap > max(variation / DROWNED, CERTAIN * self.rounding):
            return True
        values = (y for y in (*self.below, self.at, *self.above) if math.isfinite(y))
        seen = variation > 1e-9 * max(map(abs, values))
        vague = variation <= DROWNED * self.noises[-1] or gap > variation / CERTAIN
        # Beyond 2 ** 53 the step may be a multiple of a wave, which then looks like a long one.
        vague |= self.steps[-1] > 1
        return seen and vague and abs(slope) * self.steps[-1] > variation

    def steepest(self) -> float:
        """Return the largest quotient in sight, less its noise: what is steep here."""
        found = [abs(q.slope) - CLEAR * q.noise for side in (-1, 1) for q in self.quotients(side)]
        return max([0.0, *filter(math.isfinite, found)])


def central(left: Quotient, right: Quotient) -> Quotient:
    """Return the quotient from both sides: that of a parabola, even for sides of unequal width."""
    width = right.width - left.width
    slope = (left.slope * right.width - right.slope * left.width) / width
    return Quotient(right.step, width, slope, (left.noise + right.noise) / 4)
