"""What rounding does to a number: as its graph says, and as it shows when the inputs are moved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from tinygrad_edu.check.function import Function
from tinygrad_edu.check.measure import EPSILON, coincide, rounding, spacings
from tinygrad_edu.engine import adjoints
from tinygrad_edu.gradient import grad
from tinygrad_edu.recorder import stored
from tinygrad_edu.value import Value

__all__ = ["measured_noise", "noise_of_gradients", "path_sums", "rounding_error"]

SMALLEST = 2.0**-1022
"""Below it a float has fewer digits."""


def path_sums(y: Value) -> dict[Value, float]:
    """Return for each node behind ``y`` the sum of its paths without their signs.

    That is what the derivative would be if nothing in it cancelled: the measure of its rounding.
    """
    return adjoints(y, partials=sizes)


def sizes(node: Value) -> tuple[Any, Any]:
    """Return the partials of a node without their signs, in the way that the node stores them."""
    return stored(node, list(map(size, node.partials)))


def size(partial: Any) -> float | None:
    """Return a partial without its sign; None stays None."""
    return None if partial is None else abs(float(partial))


def rounding_error(y: Value) -> float:
    """Return how far rounding may have moved ``y``: the last digit of each node, over all paths."""
    return sum(paths * last_digit(node) for node, paths in path_sums(y).items())


def last_digit(node: Value) -> float:
    """Return how far rounding may have moved the data of a node; what was given is exact."""
    if node.op is None:
        return 0.0
    if node.op.arity is not None:
        return EPSILON * abs(float(node.data)) + SMALLEST
    # A sum is rounded after each of its terms, and may be smaller than they are.
    pairs = zip(node.args, node.partials, strict=True)
    terms = sum(abs(float(x) * float(partial)) for x, partial in pairs if partial is not None)
    return EPSILON * len(node.args) * max(terms, abs(float(node.data))) + SMALLEST


def noise_of_gradients(function: Function, outputs: Sequence[Value]) -> list[float]:
    """Return how far rounding may have moved the engine's gradients, output by output.

    A gradient is recorded like any number, and its graph says so. Where a rule cannot be recorded,
    since it only knows floats, the noise is measured.
    """
    try:
        gradients = [d for y in outputs for d in grad(y, function.leaves, differentiable=True)]
    except Exception:  # noqa: BLE001 - whatever such a rule does to a Value
        return measured_noise(
            function, lambda ys: [d for row in function.gradients(ys) for d in row]
        )
    return [rounding_error(d) for d in gradients]


Numbers: TypeAlias = "Callable[[Sequence[Value]], list[float]]"


def measured_noise(function: Function, numbers: Numbers) -> list[float]:
    """Return the noise of numbers that are worked out from the outputs.

    It is measured while all inputs move together, at distances as small as they tell something, and
    on either side, of which the quieter one counts: a kink or a jump is no noise.
    """
    places = range(len(numbers(function.outputs())))
    found: dict[int, float] = {}
    for distances in zip(*map(spacings, function.point), strict=True):
        sides = [numbers_along(function, numbers, distances, side) for side in (-1, 1)]
        for place in places:
            columns = [[row[place] for row in side] for side in sides if side]
            told = [rounding(column) for column in columns if not coincide(column)]
            if told and place not in found:
                found[place] = min(told)
        if len(found) == len(places) or not any(sides):
            break
    return [found.get(place, 0.0) for place in places]


def numbers_along(
    function: Function, numbers: Numbers, distances: Sequence[float], side: int
) -> list[list[float]]:
    """Return the numbers at nine points on one side; none if that leads outside the domain."""
    rows = []
    for k in range(1, 10):
        moves = [side * k * distance for distance in distances]
        point = [x + move for x, move in zip(function.point, moves, strict=True)]
        try:
            with function.moved(point):
                rows.append(numbers(function.outputs()))
        except (ArithmeticError, ValueError):
            return []
    return rows
