"""Compare gradients with measured slopes, within a tolerance that follows from all errors."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import closing
from itertools import repeat
from typing import NamedTuple, TypeAlias

from tinygrad_edu.check.function import Function, as_floats
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
from tinygrad_edu.check.shortcut import shortcut
from tinygrad_edu.engine import ancestors
from tinygrad_edu.support.progress import progress_bar
from tinygrad_edu.value import Value

__all__ = ["UNSEEN", "GradientFunction", "examine"]

SAFETY = 5
"""A gradient may differ from the slope by this many times the sum of all errors."""
PRECISION = 1e-3
"""The largest tolerance, relative to the gradient, that allows the verdict "agrees"."""
EVERY = 5
"""The noise is estimated anew at every fifth step of the ladder."""
UNSEEN = "the function changes too much between two neighbouring floats"
"""The hint where even the smallest step is too large."""
NEGLIGIBLE = 1e-9
"""For a gradient of 0: the largest tolerance, relative to the steepest slope in sight."""
APPROXIMATE = 1e-10
"""Relative error granted to a function without a graph: a solver stops before the end."""

GradientFunction: TypeAlias = "Callable[[Sequence[Value]], list[list[float]]]"


def examine(
    function: Function,
    claimed: GradientFunction | None = None,
    slack: Sequence[Sequence[float]] = (),
) -> list[Finding]:
    """Compare the gradients of a function with slopes.

    Args:
        function: the function, at the point to check.
        claimed: given the outputs, returns for each of them its derivatives with respect to all
            inputs. It is also called near the point, to measure its noise. If it is left out, the
            engine computes the gradients.
        slack: an extra allowance for each output and input.
    """
    outputs = outputs_of(function)
    if claimed is None:
        function.program = shortcut(function)
    names = iter(function.derivatives())
    inputs = range(len(function.leaves))
    noise = measured_noise(function, as_floats, thorough=any(y.op is None for y in outputs))
    arounds = []
    bar = progress_bar(len(inputs), unit="input", delay=1.0)
    with closing(bar):
        for i in inputs:
            arounds.append(look_around(function, i, noise))
            bar.update()
    gradients = (claimed or function.gradients)(outputs)
    has_graph = any(y.op is not None for y in outputs)
    noises = (
        iter(noise_of_gradients(function, outputs)) if has_graph or not claimed else repeat(0.0)
    )
    if claimed is not None and function.noise_levels == slice(None):
        theirs = measured_noise(function, lambda ys: [d for row in claimed(ys) for d in row])
        noises = map(max, theirs, noises)
    findings = []
    for j, (y, row) in enumerate(zip(outputs, gradients, strict=True)):
        largest = max(abs(float(node.data)) for node in ancestors(y))
        for i in inputs:
            unit = 2.0 ** (3 - function.result_digits)
            digits = EPSILON if y.op else max(APPROXIMATE, unit)
            errors = Errors(
                rounding=max(next(noises), digits * abs(row[i])),
                slack=slack[j][i] if slack else 0.0,
                flat=not row[i] and certainly_flat(function, i, y, arounds[i][j]),
                largest=largest,
            )
            findings.append(judge(next(names), row[i], arounds[i][j], errors))
    return findings


def outputs_of(function: Function) -> list[Value]:
    """Return the outputs; raise ValueError unless they are finite and the same on a second call."""
    point = function.point
    outputs, again = function.outputs(), as_floats(function.outputs())
    if function.point != point:
        message = f"gradcheck: the function changes its inputs, from {point} to {function.point}"
        raise ValueError(message)
    if not outputs or not all(map(math.isfinite, again)):
        message = f"gradcheck: the function must return finite numbers; at {point} it is {again}"
        raise ValueError(message)
    if as_floats(outputs) != again:
        message = f"gradcheck: the function returns {as_floats(outputs)} at first and then {again}"
        message += "; it must return the same numbers for the same inputs"
        raise ValueError(message)
    return outputs


def look_around(function: Function, i: int, measured: Sequence[float]) -> list[Around]:
    """Return the values of each output while input ``i`` moves down and up by each step.

    The noise of a value is the noise that was ``measured`` or the rounding error that its graph
    gives, whichever is larger. Graphs are read at every fifth step only.
    """
    outputs = function.outputs()
    here, steps = as_floats(outputs), step_ladder(function.point[i], function.digits)
    roundings = rounding_errors(outputs)
    nowhere = [math.nan] * len(here)
    below: list[Sequence[float]] = []
    above: list[Sequence[float]] = []
    noises: list[Sequence[float]] = []
    for k, step in enumerate(steps):
        sides = (-step, step)
        if k % EVERY:
            values = [function.values_beside(i, signed) for signed in sides]
            noises.append(noises[-1])
        else:
            found = [function.beside(i, signed, values_and_errors) for signed in sides]
            values = [side and side[0] for side in found]
            if function.program and values != [function.values_beside(i, x) for x in sides]:
                function.program = None  # it computes in another way there
                return look_around(function, i, measured)
            noises.append(
                list(map(max, measured, *(side[1] if side else roundings for side in found)))
            )
        below.append(values[0] or nowhere)
        above.append(values[1] or nowhere)
    tables = zip(*(zip(*rows, strict=True) for rows in (below, above, noises)), strict=True)
    return [
        with_rounding(Around(function.point[i], steps, low, at, high, noise, rounding), y)
        for y, at, rounding, (low, high, noise) in zip(
            outputs, here, roundings, tables, strict=True
        )
    ]


def with_rounding(around: Around, y: Value) -> Around:
    """Return the values with noise of at least half a unit of the last digit that they keep.

    If the output has no graph and takes few different values, they may be rounded to float32.
    """
    seen = (*around.below, around.at, *around.above)
    kept = digits_kept(seen) if y.op else digits_kept(seen, few=SINGLE)
    unit, noises = 2.0**-kept, []
    for low, high, noise in zip(around.below, around.above, around.noises, strict=True):
        largest = max(abs(x) for x in (low, around.at, high) if math.isfinite(x))
        noises.append(max(noise, unit * largest))
    rounding = max(around.rounding, unit * abs(around.at))
    return around._replace(noises=noises, rounding=rounding)


def values_and_errors(outputs: Sequence[Value]) -> tuple[list[float], list[float]]:
    """Return the outputs as floats, with their rounding errors."""
    return as_floats(outputs), rounding_errors(outputs)


def rounding_errors(outputs: Sequence[Value]) -> list[float]:
    """Return how far rounding may have moved each output."""
    return [rounding_error(y) for y in outputs]


def certainly_flat(function: Function, i: int, y: Value, around: Around) -> bool:
    """Tell whether the slope is certainly 0, without measuring.

    With a graph this holds if every path from the output to input ``i`` meets a derivative of 0
    and no number bypasses the graph. Without a graph it holds if all values near the point are
    equal although a slope would have changed them.
    """
    if y.op is None:
        return around.constant()
    return not leads_to(y, function.leaves[i]) and escape(function, i) == ""


class Errors(NamedTuple):
    """How far a gradient may be off, and what else is known about it."""

    rounding: float
    """How far rounding may have moved it."""
    slack: float
    """How far it may be off because it was written with a few digits."""
    flat: bool
    """Whether it is 0 and the slope is certainly 0, too."""
    largest: float
    """The largest number in the graph that it was computed from."""

    def cancelled(self, around: Around) -> float:
        """Estimate how large the gradient would be if no terms in it had cancelled.

        The estimate is limited to the largest number in the graph divided by the largest step:
        a term that is huge because of a tiny divisor says nothing about what counts as 0.
        """
        return min(self.rounding / EPSILON, self.largest / around.steps[0])


def judge(derivative: str, gradient: float, around: Around, errors: Errors) -> Finding:
    """Compare one gradient with the measured slope and return the verdict."""
    both, left, right = around.slope(), around.left(), around.right()
    # At the edge of the domain, or right next to a pole or a kink, only one side can be measured.
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
