"""The same graph with other numbers, drawn near the given ones."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from random import Random
from typing import Any

from tinygrad_edu.formulas.labels import as_text
from tinygrad_edu.formulas.names import with_constants
from tinygrad_edu.value import Constant, Value

__all__ = ["those_that_vary", "with_other_numbers"]


def those_that_vary(root: Value, wanted: Value | Iterable[Value] | None) -> set[Value]:
    """Return the numbers that are to be drawn anew: those wanted, or else those that may well be.

    Raises ValueError if there are none, and for a Value that was not given to the graph.
    """
    order = with_constants(root)
    leaves = {x for x in order if x.op is None}
    if wanted is not None:
        chosen = {wanted} if isinstance(wanted, Value) else set(wanted)
        if other := chosen - leaves:
            message = f"exercise: vary: {other.pop()!r} is not a number that the graph was given"
            raise ValueError(message)
    else:
        first = {x for node in order for x in beginning(node)}
        chosen = {
            x for x in leaves
            if x.data not in (0, 1)
            and (not isinstance(x, Constant) or (as_text(x.label) and x in first))
        }  # fmt: skip
    if not chosen:
        message = "exercise: a seed finds no number to draw anew; say which, such as vary=[w]"
        raise ValueError(message)
    return chosen


def beginning(node: Value) -> list[Value]:
    """Return the arguments of an operation on nothing but what was given."""
    args = [x for x in node.args if isinstance(x, Value)]
    return args if all(x.op is None for x in args) else []


def with_other_numbers(root: Value, rng: Random, vary: set[Value]) -> dict[Any, Value]:
    """Return copies of the nodes of a graph, with other numbers near those that vary.

    Numbers that lead out of a domain are drawn again. Raises ValueError if none are found.
    """
    order = with_constants(root)
    for _ in range(100):
        copies: dict[Any, Value] = {}
        try:
            for node in order:
                copies[node] = renewed(node, copies, rng if node in vary else None)
        except (ArithmeticError, ValueError):
            continue
        return copies
    message = "exercise: found no numbers near the given ones that stay in all domains"
    raise ValueError(message)


def renewed(node: Value, copies: dict[Any, Value], rng: Random | None) -> Value:
    """Return a node computed anew from the copies of its arguments, or given anew."""
    if node.op is None:
        return type(node)(node.data if rng is None else drawn(node.data, rng), node.label)
    copy: Value = node.op.compute(node.op.nested([copies.get(arg, arg) for arg in node.args]))
    copy.label = node.label
    return copy


def drawn(x: Any, rng: Random) -> Any:
    """Return a number near another, with two digits or as a simple fraction."""
    near_by = float(x) * rng.uniform(0.5, 1.5) if x else rng.uniform(-0.5, 0.5)
    if isinstance(x, Fraction):
        return Fraction(near_by).limit_denominator(max(x.denominator, 5))
    return float(f"{near_by:.2g}")
