"""Gradients against measured slopes, each with the tolerance that follows from all errors."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from tinygrad_edu.check.function import Function
from tinygrad_edu.check.measure import EPSILON, Around, coincide, rounding, spacings
from tinygrad_edu.check.report import Finding, Verdict
from tinygrad_edu.engine import LOCK, sweep
from tinygrad_edu.value import Value

__all__ = ["Gradients", "examine"]

SAFETY = 5
"""How many times the sum of all errors a gradient may be off."""
PRECISION = 1e-3
"""How much of a gradient the tolerance may be for a verdict."""
NOTHING = 1e-9
"""How much of what is steep here a tolerance may be for a gradient of 0."""

Gradients: TypeAlias = "Callable[[Sequence[Value]], list[list[float]]]"


def examine(
    function: Function, gradients: Gradients, slack: Sequence[Sequence[float]] = ()
) -> list[Finding]:
    """Compare the gradients of a function with slopes.

    Args:
        function: the function, at a point.
        gradients: returns, for each of the outputs that it is given, its derivative by each input;
            it is called near the point, too, for the noise of its own.
        slack: for each output and input what the gradient may be off besides.
    """
    outputs = function.outputs()
    if not all(math.isfinite(y.data) for y in outputs):
        message = f"gradcheck: the function is {[y.data for y in outputs]} at {function.point}"
        raise ValueError(message)
    names = iter(function.derivatives())
    inputs = range(len(function.leaves))
    arounds = [function.around(i) for i in inputs]
    noises = noise_along_a_line(function, gradients)
    findings = []
    for j, (y, claimed) in enumerate(zip(outputs, gradients(outputs), strict=True)):
        sums = path_sums(y)
        noise = max(noises[j][0], sum(paths * last_digit(node) for node, paths in sums.items()))
        for i in inputs:
            paths = sums.get(function.leaves[i], 0.0)
            errors = Errors(noise, max(noises[j][1 + i], EPSILON * paths), paths)
            allowed = slack[j][i] if slack else 0.0
            findings.append(judge(next(names), claimed[i], arounds[i][j], errors, allowed))
    return findings


class Errors(NamedTuple):
    """What rounding may have done, and what the gradient would be if nothing in it cancelled."""

    value: float
    gradient: float
    paths: float


def judge(
    derivative: str, gradient: float, around: Around, errors: Errors, slack: float
) -> Finding:
    """Compare one gradient with the slope."""
    both, left, right = (side(errors.value) for side in (around.slope, around.left, around.right))
    # At the edge of the domain there is one side only.
    slope = both if both.error < math.inf else min(left, right, key=lambda side: side.error)
    tolerance = SAFETY * (slope.error + errors.gradient)
    verdict: Verdict
    if abs(left.value - right.value) > SAFETY * (left.error + right.error):
        verdict = "not differentiable here"
    elif abs(gradient - slope.value) > tolerance + slack:
        verdict = "wrong"
    elif tolerance <= PRECISION * abs(gradient) or flat(gradient, tolerance, around, errors):
        verdict = "agrees"
    else:
        verdict = "inconclusive"
    return Finding(derivative, gradient, slope, tolerance + slack, verdict, left, right)


def flat(gradient: float, tolerance: float, around: Around, errors: Errors) -> bool:
    """Tell whether a gradient is 0 as nearly as can be told: beside what is steep here."""
    steepest = around.steepest(errors.value)
    steep = max(steepest, errors.paths)
    return abs(gradient) <= tolerance <= NOTHING * steep or gradient == steepest == 0


def path_sums(y: Value) -> dict[Value, float]:
    """Return for each node behind ``y`` the sum of its paths without their signs.

    That is what the derivative would be if nothing in it cancelled: the measure of its rounding.
    """
    with LOCK:
        return {node: node._adjoint for node in sweep(y, partials=sizes)}


def last_digit(node: Value) -> float:
    """Return how far rounding may have moved the data of a node; what was given is exact."""
    if node.op is None:
        return 0.0
    if node.op.arity is not None:
        return EPSILON * abs(float(node.data))
    # A sum is rounded after each of its terms, and may be smaller than they are.
    pairs = zip(node.args, node.partials, strict=True)
    terms = sum(abs(float(x) * float(partial)) for x, partial in pairs if partial is not None)
    return EPSILON * len(node.args) * max(terms, abs(float(node.data)))


def sizes(node: Value) -> tuple[Any, Any]:
    """Return the partials of a node without their signs, in the way that the node stores them."""
    dx, dy = node._dx, node._dy
    return tuple(map(size, dx)) if type(dx) is tuple else size(dx), size(dy)


def size(partial: Any) -> float | None:
    """Return a partial without its sign; None stays None."""
    return None if partial is None else abs(float(partial))


def noise_along_a_line(function: Function, gradients: Gradients) -> list[list[float]]:
    """Return for each output the noise of its value and of its gradients.

    It is measured while all inputs move together, at distances as small as they tell something.
    """
    width = len(function.leaves) + 1
    found: dict[int, float] = {}
    places = range(width * len(function.outputs()))
    for distances in zip(*map(spacings, function.point), strict=True):
        try:
            table = [values_and_gradients(function, gradients, distances, k) for k in range(-4, 5)]
        except (ArithmeticError, ValueError):  # outside the domain
            break
        for place, column in zip(places, zip(*table, strict=True), strict=True):
            if place not in found and not coincide(column):
                found[place] = rounding(column)
        if len(found) == len(places):
            break
    noises = [found.get(place, 0.0) for place in places]
    return [noises[place : place + width] for place in places[::width]]


def values_and_gradients(
    function: Function, gradients: Gradients, distances: Sequence[float], k: int
) -> list[float]:
    """Return all numbers of a function, ``k`` times the distances away."""
    point = [x + k * distance for x, distance in zip(function.point, distances, strict=True)]
    with function.moved(point):
        outputs = function.outputs()
        pairs = zip(outputs, gradients(outputs), strict=True)
        return [number for y, by in pairs for number in (float(y), *by)]
