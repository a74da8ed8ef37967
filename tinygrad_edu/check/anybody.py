"""Anybody's gradient: functions of numbers and arrays, with a gradient computed by other code.

>>> from math import cos, sin
>>> report = anybody(lambda x: sin(x["a"]) * x["b"], [{"a": 0.5, "b": 2.0}],
...                  lambda x: {"a": cos(x["a"]) * x["b"], "b": sin(x["a"])})
>>> bool(report)
True
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from random import Random
from typing import Any

from tinygrad_edu.check.arrays import (
    PRECISIONS,
    Spread,
    digits_of,
    numbers_in,
    places,
    shape_of,
)
from tinygrad_edu.check.examine import examine
from tinygrad_edu.check.function import Function, argument_names
from tinygrad_edu.check.measure import scale
from tinygrad_edu.check.report import Finding, Report
from tinygrad_edu.value import Value

__all__ = ["anybody"]

MANY = 64
"""Of more inputs, a random direction through all of them is looked at first."""
HALVES = 3
"""Wrong entries that are looked for at most."""


def anybody(
    f: Callable[..., Any],
    inputs: Sequence[Any],
    gradient: Any,
    *,
    precision: str | None = None,
    rtol: float = 0.0,
) -> Report:
    """Compare the gradient that other code computes with slopes measured from values of ``f``.

    The arguments are those of :func:`~tinygrad_edu.gradcheck`.
    """
    function = Foreign(f, inputs, gradient, precision, rtol)
    if len(function.leaves) <= MANY:
        return function.report()
    return in_directions(function)


class Foreign(Function):
    """A function of numbers and arrays, as a function of the numbers in them."""

    def __init__(
        self,
        f: Callable[..., Any],
        inputs: Sequence[Any],
        gradient: Any,
        precision: str | None = None,
        rtol: float = 0.0,
    ) -> None:
        """Take the inputs apart."""
        if precision is not None and precision not in PRECISIONS:
            message = f"gradcheck: precision is one of {', '.join(PRECISIONS)}, not {precision!r}"
            raise ValueError(message)
        names = argument_names(f, len(inputs))
        self.spreads = [Spread(x, name) for x, name in zip(inputs, names, strict=True)]
        numbers = [x for spread in self.spreads for x in spread.numbers]
        if not numbers:
            message = "gradcheck: there is no input to differentiate with respect to"
            raise ValueError(message)
        super().__init__(f, numbers[:1])
        self.leaves = [*map(Value, numbers)]
        self.names = [name for spread in self.spreads for name in spread.names]
        self.gradient = gradient
        self.rtol = rtol
        self.wanted = precision
        self.digits = PRECISIONS[precision] if precision else digits_of(list(inputs))
        self.result_digits = self.digits
        self.shape: tuple[int, ...] = ()

    def given(self) -> list[Any]:
        """Return the inputs as the function is given them, with the numbers as they are now."""
        numbers = iter([leaf.data for leaf in self.leaves])
        return [spread.gathered([next(numbers) for _ in spread.numbers]) for spread in self.spreads]

    def called(self) -> Any:
        """Return the numbers in what the function returns."""
        result = self.f(*self.given())
        self.shape = shape_of(result)
        if self.wanted is None:
            self.result_digits = min(self.result_digits, digits_of(result))
        return list(numbers_in(result, "what the function returns"))

    def derivatives(self) -> list[str]:
        """Return what the derivatives are called."""
        name = getattr(self.f, "__name__", "f")
        name = "f" if name == "<lambda>" else name
        self.called()
        outputs = [f"{name}[{', '.join(map(str, p))}]" if p else name for p in places(self.shape)]
        if len(outputs) != self.many:
            outputs = [f"{name}[{k}]" for k in range(self.many)]
        return [f"∂{y}/∂{x}" for y in outputs for x in self.names]

    def claims(self, _: Any = None) -> list[list[float]]:
        """Return the gradient that is checked, a row for each output."""
        found = self.gradient(*self.given()) if callable(self.gradient) else self.gradient
        if self.wanted is None:
            self.result_digits = min(self.result_digits, digits_of(found))
        parts = self.parts(found)
        columns = [
            self.matrix(part, spread) for part, spread in zip(parts, self.spreads, strict=True)
        ]
        return [[x for column in columns for x in column[k]] for k in range(self.many)]

    def parts(self, found: Any) -> Sequence[Any]:
        """Return the part of the gradient that belongs to each input."""
        n = len(self.spreads)
        if n == 1:
            is_wrapped = type(found) is tuple and len(found) == 1
            return found if is_wrapped else [found]
        if not isinstance(found, list | tuple) or len(found) != n:
            got = f"{len(found)} of them" if isinstance(found, list | tuple) else "one thing"
            message = f"gradcheck: the gradient must be a list or tuple of {n}, one for each input"
            message += f", and it is {got}"
            raise ValueError(message)
        return found

    def matrix(self, part: Any, spread: Spread) -> list[list[float]]:
        """Return the gradient with respect to one input, a row for each output."""
        numbers, n = list(numbers_in(part, "the gradient")), len(spread.numbers)
        if len(numbers) != self.many * n:
            name = spread.names[0].partition("[")[0]
            outputs = f"{self.many} outputs times " if self.many > 1 else ""
            message = f"gradcheck: the gradient with respect to {name} has {len(numbers)} numbers"
            message += f" (shape {shape_of(part)}); it must have {outputs}{n}"
            raise ValueError(message)
        return [numbers[k * n : (k + 1) * n] for k in range(self.many)]

    def report(self) -> Report:
        """Return what was found about every derivative."""
        self.outputs()
        rows = self.claims()
        slack = [[self.rtol * abs(x) for x in row] for row in rows]
        return Report(tuple(examine(self, self.claims, slack)), source="gradient given")


# --- many inputs ----------------------------------------------------------------------------------


class Along(Function):
    """A function along a line through its point: one input moves many."""

    def __init__(self, function: Foreign, direction: Sequence[float]) -> None:
        """Keep the direction; outputs are added up with random signs."""
        super().__init__(function.f, [0.0])
        self.noise_levels = slice(0, None, 2)
        self.function = function
        self.direction = direction
        self.start = function.point
        self.digits, self.result_digits = function.digits, function.result_digits
        rng = Random(1)  # noqa: S311 - no cryptography
        self.signs = [rng.choice((-1.0, 1.0)) for _ in range(function.many)]

    def point_now(self) -> list[float]:
        """Return the inputs of the function at the present place on the line."""
        t = float(self.leaves[0].data)
        return [x + t * v for x, v in zip(self.start, self.direction, strict=True)]

    def called(self) -> Any:
        """Return one number: the outputs, added up with their signs."""
        with self.function.moved(self.point_now()):
            return math.fsum(map(float.__mul__, self.signs, self.function.called()))

    def claims(self, _: Any = None) -> list[list[float]]:
        """Return the derivative along the line, as the gradient has it."""
        with self.function.moved(self.point_now()):
            rows = self.function.claims()
        terms = (
            sign * x * v
            for sign, row in zip(self.signs, rows, strict=True)
            for x, v in zip(row, self.direction, strict=True)
        )
        return [[math.fsum(terms)]]

    def derivatives(self) -> list[str]:
        """Return what the derivative is called."""
        n = sum(map(bool, self.direction))
        [name] = self.function.derivatives()[:1]
        return [f"{name.partition('/')[0]} along a random direction through {n} inputs"]

    def finding(self) -> Finding:
        """Compare the derivative along the line with the slope."""
        self.outputs()
        rows = self.function.claims()
        size = math.fsum(
            abs(x * v) for row in rows for x, v in zip(row, self.direction, strict=True)
        )
        slack = self.function.rtol * size + size * 2.0 ** (2 - self.result_digits)
        [found] = examine(self, self.claims, [[slack]])
        return found


def in_directions(function: Foreign) -> Report:
    """Look along a random direction; where the gradient is wrong, halve it down to an entry."""
    function.outputs()
    rng = Random(0)  # noqa: S311 - no cryptography
    direction = [rng.choice((-1.0, 1.0)) * scale(x) for x in function.point]
    findings = [Along(function, direction).finding()]
    if findings[0].verdict == "wrong":
        entries = range(len(direction))
        wrong = list(wrong_entries(function, direction, entries))
        findings += wrong
        names = ", ".join(finding.derivative for finding in wrong)
        fault = f"The gradient is wrong at {names}." if wrong else ""
        return Report(tuple(findings), source="gradient given", fault=fault)
    return Report(tuple(findings), source="gradient given")


def wrong_entries(
    function: Foreign, direction: Sequence[float], entries: Sequence[int]
) -> Iterator[Finding]:
    """Yield the wrong entries of a gradient, found by halving; a few of them."""
    waiting, found = [list(entries)], count()
    while waiting:
        some = waiting.pop()
        kept = set(some)
        part = [v if i in kept else 0.0 for i, v in enumerate(direction)]
        finding = Along(function, part).finding()
        if finding.verdict != "wrong":
            continue
        if len(some) > 1:
            middle = len(some) // 2
            waiting += [some[middle:], some[:middle]]
            continue
        yield named(finding, function, some[0], part)
        if next(found) + 1 == HALVES:
            return


def named(finding: Finding, function: Foreign, i: int, direction: Sequence[float]) -> Finding:
    """Return a finding along one input as one about the derivative with respect to it."""
    v = direction[i]
    name = finding.derivative.partition(" ")[0]

    def scaled(side: Any) -> Any:
        return side._replace(value=side.value / v, error=side.error / abs(v))

    return replace(
        finding, derivative=f"{name}/∂{function.names[i]}", gradient=finding.gradient / v,
        slope=scaled(finding.slope), tolerance=finding.tolerance / abs(v),
        left=scaled(finding.left), right=scaled(finding.right),
    )  # fmt: skip
