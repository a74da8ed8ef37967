"""How far rounding moves a number: computed from its graph, and measured by moving the inputs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise, repeat
from typing import TypeAlias

from tinygrad_edu.check.function import Function, as_floats
from tinygrad_edu.check.graph import adjoints_of
from tinygrad_edu.check.measure import (
    CERTAIN,
    EPSILON,
    SINGLE,
    coincide,
    digits_kept,
    rounding,
    spacings,
)
from tinygrad_edu.gradient import grad
from tinygrad_edu.recorder import as_number
from tinygrad_edu.value import Value

__all__ = ["measured_noise", "noise_of_gradients", "rounding_error"]

SMALLEST = 2.0**-1074
"""The smallest distance between two floats."""


def rounding_error(y: Value) -> float:
    """Return how far rounding may have moved ``y``, to first order.

    The rounding of each node moves it by the last digit of the node times the adjoint of the node
    (running error analysis: N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd
    edition, 3.3).
    """
    sensitive = ((node, abs(adjoint)) for node, adjoint in adjoints_of(y).items())
    return sum(adjoint * last_digit(node) for node, adjoint in sensitive if adjoint)


def last_digit(node: Value) -> float:
    """Return how far its own rounding may have moved the data of a node; leaves are exact."""
    if node.op is None:
        return 0.0
    if node.op.arity is not None:
        return EPSILON * abs(float(node.data)) + SMALLEST
    # A sum is rounded after each term, and its terms may be larger than the sum.
    pairs = zip(node.args, node.partials, strict=True)
    terms = sum(
        abs(float(as_number(x)) * float(partial)) for x, partial in pairs if partial is not None
    )
    return EPSILON * len(node.args) * max(terms, abs(float(node.data))) + SMALLEST


def noise_of_gradients(function: Function, outputs: Sequence[Value]) -> list[float]:
    """Return how far rounding may have moved the engine's gradients, output by output.

    The gradients are recorded like any number, and their graphs give the noise. If that fails,
    because a rule works on floats only or gives a number that is not finite, the noise is measured.
    A rule that rounds to float32 is a wrong rule; its rounding does not count as noise.
    """
    try:
        gradients = [d for y in outputs for d in grad(y, function.leaves, differentiable=True)]
        noises = [rounding_error(d) for d in gradients]
    except Exception:  # noqa: BLE001 - whatever such a rule does to a Value
        noises = [math.nan]
    if all(map(math.isfinite, noises)):
        return noises

    def numbers(outputs: Sequence[Value]) -> list[float]:
        return [d for row in function.gradients(outputs) for d in row]

    distances = [spacings(x, function.digits)[-1] for x in function.point]
    rows = [row for side in (-1, 1) for row in numbers_along(function, numbers, distances, side)]
    digits = map(digits_kept, zip(*rows, strict=True)) if rows else repeat(53)
    noises = measured_noise(function, numbers, thorough=True)
    return [0.0 if kept <= SINGLE else x for x, kept in zip(noises, digits, strict=False)]


RISE = 64
"""A rise of the noise by this factor at a wider distance is not chance."""
FURTHER = 8
"""Noise that rises by less than this factor at the next spacing stays the same."""
NumberFunction: TypeAlias = "Callable[[Sequence[Value]], list[float]]"


def measured_noise(
    function: Function, numbers: NumberFunction, *, thorough: bool = False
) -> list[float]:
    """Return the noise of numbers that are computed from the outputs.

    All inputs move together, on both sides of the point, at the smallest spacing that shows any
    change. With ``thorough``, for functions whose graph does not show all rounding, wider spacings
    are used, too: a function that rounds early looks constant or smooth from close by.
    """
    levels = [Level() for _ in numbers(function.outputs())]
    tables = [spacings(x, function.digits)[function.noise_levels] for x in function.point]
    for distances in zip(*tables, strict=True):
        sides = [numbers_along(function, numbers, distances, side) for side in (-1, 1)]
        for place, level in enumerate(levels):
            level.see([[row[place] for row in side] for side in sides if side], distances[0])
        if not any(sides) or (not thorough and all(level.told for level in levels)):
            break
    return [level.noise for level in levels]


class Level:
    """Estimates how noisy a number is, from samples at wider and wider spacings."""

    def __init__(self) -> None:
        """Start without noise."""
        self.noise = 0.0
        self.told = False
        self.slope = 0.0
        self.smooth = False
        self.risen: float | None = None

    def see(self, columns: Sequence[Sequence[float]], distance: float) -> None:
        """Take in the samples of one or both sides, ``distance`` apart.

        At the first spacing that shows any change the noisier side counts. At wider spacings the
        quieter side counts, since a kink or a jump on one side must not pass for noise. There the
        waves of a function may look like noise, too: a rise counts only if it exceeds what the
        slope at the spacing before explains, or if it goes no further at the next spacing.
        """
        found = [rounding(column) for column in columns if not coincide(column)]
        if not found or self.smooth:
            return
        noise = min(found) if self.told else max(found)
        change = max(abs(b - a) for column in columns for a, b in pairwise(column))
        if self.risen is not None:
            # What rounds stays as it is while the values go further apart; waves do not. From close
            # by, x² + x near -1 looks like a straight line, and log(cos(x)) near 0 like steps.
            self.smooth = not (noise <= FURTHER * self.risen and change > CERTAIN * noise)
            self.noise = self.noise if self.smooth else max(self.noise, self.risen)
            self.risen = None
            if self.smooth:
                return
        elif self.told and RISE * self.noise < noise < self.slope * distance:
            self.risen = noise
            return
        self.told = True
        self.noise = max(self.noise, noise)
        self.slope = change / distance


def numbers_along(
    function: Function, numbers: NumberFunction, distances: Sequence[float], side: int
) -> list[list[float]]:
    """Return the numbers at nine points on one side; [] if the function is undefined at one."""
    rows = []
    for k in range(1, 10):
        moves = [side * k * distance for distance in distances]
        point = [x + move for x, move in zip(function.point, moves, strict=True)]
        is_plain = numbers is as_floats and k not in (1, 9)
        row = function.values_at(point) if is_plain else function.elsewhere(point, numbers)
        if row is None:
            return []
        rows.append(row)
    return rows
