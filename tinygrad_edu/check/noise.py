"""What rounding does to a number: as its graph says, and as it shows when the inputs are moved."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise, repeat
from typing import TypeAlias

from tinygrad_edu.check.function import Function
from tinygrad_edu.check.graph import adjoints_of
from tinygrad_edu.check.measure import EPSILON, SINGLE, coincide, digits_kept, rounding, spacings
from tinygrad_edu.gradient import grad
from tinygrad_edu.recorder import as_number
from tinygrad_edu.value import Value

__all__ = ["measured_noise", "noise_of_gradients", "rounding_error"]

SMALLEST = 2.0**-1074
"""The distance between two floats is never less."""


def rounding_error(y: Value) -> float:
    """Return how far rounding may have moved ``y``, to first order.

    A node moves it by its own last digit times the derivative with respect to the node: a running
    error (N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd edition, 3.3).
    """
    sensitive = ((node, abs(adjoint)) for node, adjoint in adjoints_of(y).items())
    return sum(adjoint * last_digit(node) for node, adjoint in sensitive if adjoint)


def last_digit(node: Value) -> float:
    """Return how far rounding may have moved the data of a node; what was given is exact."""
    if node.op is None:
        return 0.0
    if node.op.arity is not None:
        return EPSILON * abs(float(node.data)) + SMALLEST
    # A sum is rounded after each of its terms, and may be smaller than they are.
    pairs = zip(node.args, node.partials, strict=True)
    terms = sum(
        abs(float(as_number(x)) * float(partial)) for x, partial in pairs if partial is not None
    )
    return EPSILON * len(node.args) * max(terms, abs(float(node.data))) + SMALLEST


def noise_of_gradients(function: Function, outputs: Sequence[Value]) -> list[float]:
    """Return how far rounding may have moved the engine's gradients, output by output.

    A gradient is recorded like any number, and its graph says so. Where a rule cannot be recorded,
    since it only knows floats, or is no number, the noise is measured. That a rule rounds to
    float32 is a fault of the rule, and no noise.
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

    distances = [spacings(x)[-1] for x in function.point]
    rows = [row for side in (-1, 1) for row in numbers_along(function, numbers, distances, side)]
    digits = map(digits_kept, zip(*rows, strict=True)) if rows else repeat(53)
    noises = measured_noise(function, numbers, thorough=True)
    return [0.0 if kept <= SINGLE else x for x, kept in zip(noises, digits, strict=False)]


RISE = 64
"""How many times as much noise at a wider distance is no longer chance."""
NumberFunction: TypeAlias = "Callable[[Sequence[Value]], list[float]]"


def measured_noise(
    function: Function, numbers: NumberFunction, *, thorough: bool = False
) -> list[float]:
    """Return the noise of numbers that are worked out from the outputs.

    It is measured while all inputs move together, at distances as small as they tell something, and
    on either side. If it has to be ``thorough``, since no graph tells of rounding, wider distances
    are looked at, too: what is rounded early on may look smooth from near by.
    """
    levels = [Level() for _ in numbers(function.outputs())]
    for distances in zip(*map(spacings, function.point), strict=True):
        sides = [numbers_along(function, numbers, distances, side) for side in (-1, 1)]
        for place, level in enumerate(levels):
            level.see([[row[place] for row in side] for side in sides if side], distances[0])
        if not any(sides) or (not thorough and all(level.told for level in levels)):
            break
    return [level.noise for level in levels]


class Level:
    """How noisy a number is, from what is seen of it at wider and wider distances."""

    def __init__(self) -> None:
        """Begin with no noise."""
        self.noise = 0.0
        self.told = False
        self.slope = 0.0
        self.smooth = False

    def see(self, columns: Sequence[Sequence[float]], distance: float) -> None:
        """Take in the values on one or both sides, so far apart.

        From near by both sides tell; further away the quieter one, since a kink or a jump is no
        noise. There the waves of a function may look like noise, too: a rise is believed only if
        it is more than the function changed by at the distance before.
        """
        found = [rounding(column) for column in columns if not coincide(column)]
        if not found or self.smooth:
            return
        noise = min(found) if self.told else max(found)
        if self.told and RISE * self.noise < noise < self.slope * distance:
            self.smooth = True
            return
        self.told = True
        self.noise = max(self.noise, noise)
        changes = [abs(b - a) for column in columns for a, b in pairwise(column)]
        self.slope = max(changes) / distance


def numbers_along(
    function: Function, numbers: NumberFunction, distances: Sequence[float], side: int
) -> list[list[float]]:
    """Return the numbers at nine points on one side; none if that leads outside."""
    rows = []
    for k in range(1, 10):
        moves = [side * k * distance for distance in distances]
        point = [x + move for x, move in zip(function.point, moves, strict=True)]
        row = function.elsewhere(point, numbers)
        if row is None:
            return []
        rows.append(row)
    return rows
