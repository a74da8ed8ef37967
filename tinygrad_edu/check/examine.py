"""Gradients against measured slopes, each with the tolerance that follows from all errors."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from tinygrad_edu.check.function import Function
from tinygrad_edu.check.measure import EPSILON, Around, ladder
from tinygrad_edu.check.noise import (
    measured_noise,
    noise_of_gradients,
    path_sums,
    rounding_error,
)
from tinygrad_edu.check.report import Finding, Verdict
from tinygrad_edu.value import Value

__all__ = ["Gradients", "examine"]

SAFETY = 5
"""How many times the sum of all errors a gradient may be off."""
PRECISION = 1e-3
"""How much of a gradient the tolerance may be for a verdict."""
EVERY = 5
"""Of how many steps on a ladder one tells the noise."""
NOTHING = 1e-9
"""How much of what is steep here a tolerance may be for a gradient of 0."""

Gradients: TypeAlias = "Callable[[Sequence[Value]], list[list[float]]]"


def examine(
    function: Function,
    claimed: Gradients | None = None,
    slack: Sequence[Sequence[float]] = (),
) -> list[Finding]:
    """Compare the gradients of a function with slopes.

    Args:
        function: the function, at a point.
        claimed: returns, for each of the outputs that it is given, its derivative by each input; it
            is called near the point, too, for the noise of its own. Left out, the engine does.
        slack: for each output and input what the gradient may be off besides.
    """
    outputs = outputs_of(function)
    names = iter(function.derivatives())
    inputs = range(len(function.leaves))
    floors = list(map(max, measured_noise(function, floats), map(rounding_error, outputs)))
    arounds = [look_around(function, i, floors) for i in inputs]
    gradients = (claimed or function.gradients)(outputs)
    if claimed is None:
        noises = iter(noise_of_gradients(function, outputs))
    else:
        noises = iter(measured_noise(function, lambda ys: [d for row in claimed(ys) for d in row]))
    findings = []
    for j, (y, row) in enumerate(zip(outputs, gradients, strict=True)):
        sums = path_sums(y)
        for i in inputs:
            paths = sums.get(function.leaves[i], 0.0)
            errors = Errors(max(next(noises), EPSILON * paths), paths)
            allowed = slack[j][i] if slack else 0.0
            findings.append(judge(next(names), row[i], arounds[i][j], errors, allowed))
    return findings


def outputs_of(function: Function) -> list[Value]:
    """Return the outputs; raise ValueError unless they are finite numbers, twice the same."""
    point = function.point
    outputs, again = function.outputs(), floats(function.outputs())
    if function.point != point:
        message = f"gradcheck: the function moves its inputs, from {point} to {function.point}"
        raise ValueError(message)
    if not outputs or not all(map(math.isfinite, again)):
        message = f"gradcheck: the function is {again} at {point}"
        raise ValueError(message)
    if floats(outputs) != again:
        message = f"gradcheck: the function is {floats(outputs)} at first and then {again}"
        raise ValueError(message)
    return outputs


def look_around(function: Function, i: int, floors: Sequence[float]) -> list[Around]:
    """Return the values of each output while input ``i`` goes down and up its ladder.

    Their noise is read from the graphs of some of them, and at least that of the ``floors``.
    """
    here, steps = floats(function.outputs()), ladder(function.point[i])
    below: list[Sequence[float]] = []
    above: list[Sequence[float]] = []
    noises: list[Sequence[float]] = []
    for k, step in enumerate(steps):
        errors = [floors]
        for values, signed in ((below, -step), (above, step)):
            values.append(function.beside(i, signed, floats) or [math.nan] * len(here))
            if k % EVERY == 0:
                errors.append(function.beside(i, signed, rounding_errors) or floors)
        noises.append(list(map(max, *errors)) if k % EVERY == 0 else noises[-1])
    tables = (list(zip(*rows, strict=True)) for rows in (below, above, noises))
    return [
        Around(function.point[i], steps, low, at, high, noise)
        for at, low, high, noise in zip(here, *tables, strict=True)
    ]


def rounding_errors(outputs: Sequence[Value]) -> list[float]:
    """Return the noise of the outputs."""
    return [rounding_error(y) for y in outputs]


def floats(outputs: Sequence[Value]) -> list[float]:
    """Return the outputs as floats."""
    return [float(y) for y in outputs]


class Errors(NamedTuple):
    """What rounding may have done to a gradient, and what it would be if nothing cancelled."""

    rounding: float
    paths: float


def judge(
    derivative: str, gradient: float, around: Around, errors: Errors, slack: float
) -> Finding:
    """Compare one gradient with the slope."""
    both, left, right = around.slope(), around.left(), around.right()
    # At the edge of the domain there is one side only, and right beside a pole or a kink, too.
    sides = max(both.error, left.error, right.error) < math.inf
    slope = both if sides else min(left, right, key=lambda side: side.error)
    tolerance = SAFETY * (slope.error + errors.rounding)
    verdict: Verdict
    if abs(left.value - right.value) > SAFETY * (left.error + right.error):
        verdict = "not differentiable here"
    elif not math.isfinite(gradient):
        verdict = "wrong"
    elif around.hides(gradient):
        verdict = "inconclusive"
    elif abs(gradient - slope.value) > tolerance + slack:
        verdict = "wrong"
    elif tolerance <= PRECISION * abs(gradient) or flat(gradient, tolerance, around, errors):
        verdict = "agrees"
    else:
        verdict = "inconclusive"
    return Finding(derivative, gradient, slope, tolerance + slack, verdict, left, right)


def flat(gradient: float, tolerance: float, around: Around, errors: Errors) -> bool:
    """Tell whether a gradient is 0 as nearly as can be told: beside what is steep here."""
    steepest = around.steepest()
    steep = max(steepest, errors.paths)
    return abs(gradient) <= tolerance <= NOTHING * steep or gradient == steepest == 0
