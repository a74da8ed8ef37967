"""Gradients against measured slopes, each with the tolerance that follows from all errors."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from tinygrad_edu.check.function import Function
from tinygrad_edu.check.graph import escape, leads_to
from tinygrad_edu.check.measure import (
    EPSILON,
    SINGLE,
    Around,
    digits_kept,
    step_ladder,
)
from tinygrad_edu.check.noise import (
    measured_noise,
    noise_of_gradients,
    rounding_error,
)
from tinygrad_edu.check.report import Finding, Verdict
from tinygrad_edu.engine import ancestors
from tinygrad_edu.value import Value

__all__ = ["UNSEEN", "GradientFunction", "examine"]

SAFETY = 5
"""How many times the sum of all errors a gradient may be off."""
PRECISION = 1e-3
"""How much of a gradient the tolerance may be for a verdict."""
EVERY = 5
"""Of how many steps on a ladder one tells the noise."""
UNSEEN = "between two floats the function does too much"
"""Why no step is small enough."""
NEGLIGIBLE = 1e-9
"""How much of what is steep here a tolerance may be for a gradient of 0."""
APPROXIMATE = 1e-10
"""How much of a slope a function without a graph may be off: a solver stops before the end."""

GradientFunction: TypeAlias = "Callable[[Sequence[Value]], list[list[float]]]"


def examine(
    function: Function,
    claimed: GradientFunction | None = None,
    slack: Sequence[Sequence[float]] = (),
) -> list[Finding]:
    """Compare the gradients of a function with slopes.

    Args:
        function: the function, at a point.
        claimed: returns, for each of the outputs that it is given, its derivative with respect to
            each input; it is called near the point, too, for the noise of its own. Left out, the
            engine does.
        slack: for each output and input what the gradient may be off besides.
    """
    outputs = outputs_of(function)
    names = iter(function.derivatives())
    inputs = range(len(function.leaves))
    noise = measured_noise(function, as_floats, thorough=any(y.op is None for y in outputs))
    arounds = [look_around(function, i, noise) for i in inputs]
    gradients = (claimed or function.gradients)(outputs)
    noises = iter(noise_of_gradients(function, outputs))
    if claimed is not None:
        theirs = measured_noise(function, lambda ys: [d for row in claimed(ys) for d in row])
        noises = map(max, theirs, noises)
    findings = []
    for j, (y, row) in enumerate(zip(outputs, gradients, strict=True)):
        largest = max(abs(float(node.data)) for node in ancestors(y))
        for i in inputs:
            digits = EPSILON if y.op else APPROXIMATE
            errors = Errors(
                rounding=max(next(noises), digits * abs(row[i])),
                slack=slack[j][i] if slack else 0.0,
                flat=not row[i] and certainly_flat(function, i, y, arounds[i][j]),
                largest=largest,
            )
            findings.append(judge(next(names), row[i], arounds[i][j], errors))
    return findings


def outputs_of(function: Function) -> list[Value]:
    """Return the outputs; raise ValueError unless they are finite numbers, twice the same."""
    point = function.point
    outputs, again = function.outputs(), as_floats(function.outputs())
    if function.point != point:
        message = f"gradcheck: the function moves its inputs, from {point} to {function.point}"
        raise ValueError(message)
    if not outputs or not all(map(math.isfinite, again)):
        message = f"gradcheck: the function is {again} at {point}"
        raise ValueError(message)
    if as_floats(outputs) != again:
        message = f"gradcheck: the function is {as_floats(outputs)} at first and then {again}"
        raise ValueError(message)
    return outputs


def look_around(function: Function, i: int, measured: Sequence[float]) -> list[Around]:
    """Return the values of each output while input ``i`` goes down and up its ladder.

    Their noise is what was ``measured``, or what rounding does if that is more: in the last step,
    and in all of the graphs of some of them.
    """
    outputs = function.outputs()
    here, steps = as_floats(outputs), step_ladder(function.point[i])
    roundings = rounding_errors(outputs)
    nowhere = ([math.nan] * len(here), roundings)
    below: list[Sequence[float]] = []
    above: list[Sequence[float]] = []
    noises: list[Sequence[float]] = []
    for k, step in enumerate(steps):
        read = values_only if k % EVERY else values_and_errors
        low, high = (function.beside(i, signed, read) or nowhere for signed in (-step, step))
        below.append(low[0])
        above.append(high[0])
        noises.append(noises[-1] if k % EVERY else list(map(max, measured, low[1], high[1])))
    tables = zip(*(zip(*rows, strict=True) for rows in (below, above, noises)), strict=True)
    return [
        with_rounding(Around(function.point[i], steps, low, at, high, noise, rounding), y)
        for y, at, rounding, (low, high, noise) in zip(
            outputs, here, roundings, tables, strict=True
        )
    ]


def with_rounding(around: Around, y: Value) -> Around:
    """Return the values with at least the noise that the rounding of each of them is.

    The few values of what has no graph and hardly changes may have been rounded to float32.
    """
    seen = (*around.below, around.at, *around.above)
    kept = digits_kept(seen) if y.op else digits_kept(seen, few=SINGLE)
    unit, noises = 2.0**-kept, []
    for low, high, noise in zip(around.below, around.above, around.noises, strict=True):
        largest = max(abs(x) for x in (low, around.at, high) if math.isfinite(x))
        noises.append(max(noise, unit * largest))
    rounding = max(around.rounding, unit * abs(around.at))
    return around._replace(noises=noises, rounding=rounding)


def values_only(outputs: Sequence[Value]) -> tuple[list[float], list[float]]:
    """Return the outputs as floats, and nothing about their noise."""
    return as_floats(outputs), []


def values_and_errors(outputs: Sequence[Value]) -> tuple[list[float], list[float]]:
    """Return the outputs as floats, and their noise."""
    return as_floats(outputs), rounding_errors(outputs)


def rounding_errors(outputs: Sequence[Value]) -> list[float]:
    """Return the noise of the outputs."""
    return [rounding_error(y) for y in outputs]


def as_floats(outputs: Sequence[Value]) -> list[float]:
    """Return the outputs as floats."""
    return [float(y) for y in outputs]


def certainly_flat(function: Function, i: int, y: Value, around: Around) -> bool:
    """Tell whether a slope of exactly 0 needs no measuring.

    No path leads from the output to input ``i``, since each meets a derivative of 0, and no number
    goes past the graph. Without a graph: the values never change, though they well could.
    """
    if y.op is None:
        return around.constant()
    return not leads_to(y, function.leaves[i]) and escape(function, i) == ""


class Errors(NamedTuple):
    """What a gradient may be off, and what is known of it besides."""

    rounding: float
    """What rounding may have done to it."""
    slack: float
    """What it may be off for being written with a few digits."""
    flat: bool
    """Whether it is 0, and certainly has to be."""
    largest: float
    """The largest number that it was made of."""

    def cancelled(self, around: Around) -> float:
        """Return what the gradient would be if nothing in it had cancelled.

        It counts for no more than the largest number does over as far as the steps go: what is
        divided by next to nothing is no measure of what is 0.
        """
        return min(self.rounding / EPSILON, self.largest / around.steps[0])


def judge(derivative: str, gradient: float, around: Around, errors: Errors) -> Finding:
    """Compare one gradient with the slope."""
    both, left, right = around.slope(), around.left(), around.right()
    # At the edge of the domain there is one side only, and right beside a pole or a kink, too.
    sides = max(both.error, left.error, right.error) < math.inf
    slope = both if sides else min(left, right, key=lambda side: side.error)
    tolerance = SAFETY * (slope.error + errors.rounding)
    off = abs(gradient - slope.value)
    verdict: Verdict
    hint = ""
    if math.isinf(left.value) or math.isinf(right.value):
        verdict = "not differentiable here"
    elif math.isfinite(gradient) and around.unresolved(gradient):
        verdict, hint = "inconclusive", UNSEEN
    elif abs(left.value - right.value) > SAFETY * (left.error + right.error):
        verdict = "not differentiable here"
    elif not math.isfinite(gradient):
        verdict, hint = "wrong", "it is not a finite number"
    elif off > tolerance + errors.slack:
        verdict = "wrong"
    elif (
        errors.flat
        or tolerance <= PRECISION * max(abs(gradient), abs(slope.value), errors.slack)
        or abs(gradient) <= tolerance <= NEGLIGIBLE * around.steepest()
        or abs(gradient) <= errors.rounding <= tolerance <= NEGLIGIBLE * errors.cancelled(around)
    ):
        verdict = "agrees"
    else:
        verdict = "inconclusive"
    return Finding(
        derivative, gradient, slope, tolerance + errors.slack, verdict, left, right, hint
    )
