"""What is played on somebody else's engine: small graphs, and points for each operation."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from tinygrad_edu.check.engines.played import twice
from tinygrad_edu.operation import Operation, padded
from tinygrad_edu.programs.expressions import clear

__all__ = ["GRAPHS", "MADE_OF", "SIGNS", "points_of"]

POINTS: dict[int, list[tuple[float, ...]]] = {
    1: [(0.6,), (1.7,), (-0.8,)],
    2: [(1.5, 0.6), (-0.7, 2.25), (2.5, -1.25)],
}

POWERS: list[tuple[float, ...]] = [
    (1.5, 3.0),
    (0.7, 2.0),
    (2.5, -1.0),
    (-2.0, 3.0),
    (-1.5, 2.0),
    (4.0, 0.5),
]

GRAPHS: list[tuple[Callable[..., Any], tuple[float, ...]]] = [
    (lambda a, b: a + b, (3.0, -2.0)),
    (lambda a, b: a * b, (3.0, -2.0)),
    (lambda a: a + a, (3.0,)),
    (lambda a: a * a, (3.0,)),
    (lambda a, b: (a + b) * a, (3.0, -2.0)),
    (lambda a, b: (a + b) * (a * b), (3.0, -2.0)),
    (lambda a: twice(a + a, lambda b: b + b), (1.5,)),
    (lambda a, b: twice(a * b, lambda c: c * c), (1.5, 0.75)),
    (lambda a: twice(a * a, lambda b: b * (b + a)), (1.5,)),
    (lambda a: twice(a * a, lambda b: (b + a) * b), (1.5,)),
    (lambda a, b: twice(a + b, lambda c: twice(c * a, lambda d: d * c + d)), (1.5, 0.75)),
    (lambda a, b: twice(a * b, lambda c: twice(c + a, lambda d: c * (d + c) + b)), (1.5, 0.75)),
    (lambda a, b: twice(a + b, lambda s: (s * a) * (s + b)), (1.5, 0.75)),
    (lambda a, b: twice(a * b, lambda c: twice(c * b, lambda d: d * (c * d) + d)), (1.5, 0.75)),
    (lambda a, b: (a * a) + (b * b), (2.0, 2.0)),
    (lambda a, b: (a + b) * b, (2.0, 2.0)),
]  # fmt: skip
"""Graphs of sums and products, which every engine has, that tell the mistakes apart."""

IN_PLACE: dict[str, Callable[[Any, Any], Any]] = {
    "+=": operator.iadd, "-=": operator.isub, "*=": operator.imul, "/=": operator.itruediv,
}  # fmt: skip
SIGNS = {"add": "+", "sub": "-", "mul": "*", "div": "/"}

MADE_OF = {
    "neg": {"mul"}, "sub": {"add", "neg", "mul"}, "div": {"mul", "power"},
    "sigmoid": {"exp", "add", "div", "neg", "mul", "power"},
    "tanh": {"exp", "add", "sub", "div", "mul", "power"},
}  # fmt: skip
"""Of what small engines make some operations: a mistake there shows here, too."""


def points_of(op: Operation) -> list[tuple[float, ...]]:
    """Return the points at which to try an operation, away from edges of its domain.

    >>> from tinygrad_edu import log
    >>> points_of(log)
    [(0.6,), (1.7,)]
    """
    if op.name == "power":
        return POWERS
    points = POINTS[op.arity or 1]
    return [p for p in points if all(map(clear, padded(op.domain, len(p)), p))]
