"""The same graph with other numbers, drawn at random near the given ones."""

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
    """Return the Values whose numbers must be drawn anew.

    They are the wanted ones. If ``wanted`` is None, they are the inputs and parameters, but not 0
    and 1, constants without a label, and constants that only meet computed numbers, as targets do.

    Raises ValueError if there are none, and for a Value that is not a leaf of the graph.
    """
    order = with_constants(root)
    leaves = {x for x in order if x.op is None}
    if wanted is not None:
        chosen = {wanted} if isinstance(wanted, Value) else set(wanted)
        if other := chosen - leaves:
            message = f"exercise: vary: {other.pop()!r} is not an input or parameter of the graph"
            raise ValueError(message)
    else:
        first = {x for node in order for x in leaves_if_all_are(node)}
        chosen = {
            x for x in leaves
            if x.data not in (0, 1)
            and (not isinstance(x, Constant) or (as_text(x.label) and x in first))
        }  # fmt: skip
    if not chosen:
        message = "exercise: the seed finds no number to draw anew; name some, such as vary=[w]"
        raise ValueError(message)
    return chosen


def leaves_if_all_are(node: Value) -> list[Value]:
    """Return the arguments of a node if all of them are leaves; otherwise, an empty list."""
    args = [x for x in node.args if isinstance(x, Value)]
    return args if all(x.op is None for x in args) else []


def with_other_numbers(root: Value, rng: Random, vary: set[Value]) -> dict[Any, Value]:
    """Return copies of the nodes of a graph, with new numbers in place of those that vary.

    Numbers that lead out of a domain are drawn again. Raises ValueError if that never succeeds.
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
    message = (
        "exercise: found no numbers near the given ones for which every operation is defined; "
        "choose others to draw anew, such as vary=[w]"
    )
    raise ValueError(message)


def renewed(node: Value, copies: dict[Any, Value], rng: Random | None) -> Value:
    """Return a copy of a node, computed from the copies of its arguments.

    A leaf gets a new number if ``rng`` is given.
    """
    if node.op is None:
        return type(node)(node.data if rng is None else number_near(node.data, rng), node.label)
    copy: Value = node.op.compute(node.op.nested([copies.get(arg, arg) for arg in node.args]))
    copy.label = node.label
    return copy


def number_near(x: Any, rng: Random) -> Any:
    """Return a random number near x with two digits; near a Fraction, a simple fraction."""
    found = float(x) * rng.uniform(0.5, 1.5) if x else rng.uniform(-0.5, 0.5)
    if isinstance(x, Fraction):
        return Fraction(found).limit_denominator(max(x.denominator, 5))
    return float(f"{found:.2g}")
