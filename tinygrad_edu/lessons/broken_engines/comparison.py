"""Broken engines beside the right one, and updates in turn beside those at once."""

from __future__ import annotations

import html
import inspect
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tinygrad_edu.explain.nonfinite import first_nonfinite_gradient, is_finite
from tinygrad_edu.formulas.names import Names
from tinygrad_edu.gradient import grad
from tinygrad_edu.lessons.broken_engines.engines import (
    MISTAKES,
    TooManyStepsError,
    edges,
    nodes_to_show,
    paths_walked,
    topological_order,
)
from tinygrad_edu.support.characters import subscript
from tinygrad_edu.support.showing import Printed
from tinygrad_edu.support.tables import aligned, html_table
from tinygrad_edu.value import Value

__all__ = [
    "Comparison",
    "allowances",
    "compare_engines",
    "compare_updates",
    "example_loss",
    "short",
    "wrong_nodes",
]


@dataclass(frozen=True)
class Comparison(Printed):
    """The right numbers, and those that come of the mistakes; prints as a table."""

    names: tuple[str, ...]
    """Of the rows: nodes, or weights."""
    right: tuple[Any, ...]
    found: dict[str, tuple[Any, ...]]
    """For each mistake its numbers; none if it would have taken too many steps."""
    wrong: dict[str, tuple[str, ...]]
    """For each mistake the names of the rows where it is wrong."""
    notes: tuple[str, ...]

    @property
    def rows(self) -> list[list[str]]:
        """The table, its head first."""
        head = ["", "right", *self.found]
        body = [[name, short(x)] for name, x in zip(self.names, self.right, strict=True)]
        for mistake, numbers in self.found.items():
            for row, x in zip(body, numbers or ["…"] * len(body), strict=True):
                row.append(short(x) + " ✗" * (row[0] in self.wrong[mistake]))
        return [head, *body]

    def __repr__(self) -> str:
        """Return the table as text."""
        return "\n".join([*aligned(self.rows), *self.notes])

    def _repr_html_(self) -> str:
        """Return the table as HTML."""
        notes = "<br>".join(html.escape(note) for note in self.notes)
        return f"{html_table(self.rows)}<p>{notes}</p>"


def compare_engines(value: Value, *, only: Iterable[Value | str] | None = None) -> Comparison:
    """Return the gradients behind ``value``, beside those of every broken engine.

    ``value`` is a Value of one's own, with at most 300 nodes behind it; neither its graph nor any
    ``.grad`` changes. In the table ✗ marks what is wrong by more than rounding. A broken engine
    that would take more than 100,000 steps is left out, with the number of steps in a note.

    Args:
        value: the root of the graph.
        only: the rows to show: Values, or their names; left out, all of them.

    Raises TypeError for what is not a Value, ValueError for a constant, for a larger graph, and for
    gradients that are not finite, KeyError for a row that there is not.

    >>> w, x = Value(2.0, label="w"), Value(3.0, label="x")
    >>> square = w * w
    >>> comparison = compare_engines(square + x)
    >>> comparison.wrong["overwrite"], comparison.wrong["recursion"]
    (('w',), ())
    >>> compare_engines(square + x, only=["w"])
       right  overwrite  recursion  first_visit  stale
    w  4      2 ✗        4          4            8 ✗
    ...
    """
    nodes = nodes_to_show("compare_engines", value)
    names = Names(value)
    shown = nodes if only is None else rows_to_show(only, nodes, names)
    right = dict(zip(nodes, grad(value, nodes), strict=True))
    if not all(map(is_finite, right.values())):
        message = f"compare_engines: a gradient is not finite: {first_nonfinite_gradient(value)}"
        raise ValueError(message)
    found: dict[str, tuple[Any, ...]] = {}
    wrong: dict[str, tuple[str, ...]] = {}
    notes = []
    for name, mistake in MISTAKES.items():
        if mistake.right is not topological_order:
            continue
        note = f"{name}: {mistake.title}"
        try:
            gradients = mistake(value)
            found[name] = tuple(gradients[node] for node in shown)
            is_wrong = wrong_nodes(gradients, right)
            wrong[name] = tuple(names[node] for node in shown if node in is_wrong)
        except TooManyStepsError:
            found[name] = wrong[name] = ()
            note += f"; left out: it would take {Decimal(paths_walked(value)):.4g} steps"
        notes.append(note)
    rows = tuple(names[node] for node in shown), tuple(right[node] for node in shown)
    return Comparison(*rows, found, wrong, tuple(notes))


def rows_to_show(only: Iterable[Value | str], nodes: list[Value], names: Names) -> list[Value]:
    """Return the nodes that are asked for, by themselves or by name, in the order of the table."""
    chosen = set()
    for row in [only] if isinstance(only, str | Value) else only:
        node = names.nodes.get(row) if isinstance(row, str) else row
        if node not in nodes:
            known = ", ".join(names[node] for node in nodes[:5])
            message = f"compare_engines: there is no row {row!r}; there are {known}, ..."
            raise KeyError(message)
        chosen.add(node)
    return [node for node in nodes if node in chosen]


def wrong_nodes(gradients: dict[Value, Any], right: dict[Value, Any]) -> list[Value]:
    """Return the nodes whose gradient is wrong by more than another order of adding up explains."""
    allowed = allowances(right)
    return [n for n, x in right.items() if not abs(gradients[n] - x) <= allowed[n]]


def allowances(right: dict[Value, Any]) -> dict[Value, Any]:
    """Return how far each gradient may be off for being added up in another order.

    ``right`` has the root first, and every node after all that use it.
    """
    sizes = {node: x - x for node, x in right.items()}
    sizes[next(iter(right))] += 1
    for node in right:
        for arg, partial in edges(node):
            sizes[arg] += sizes[node] * abs(partial)
    return {node: size / 10**12 for node, size in sizes.items()}


def example_loss(w1: Value, w2: Value) -> Value:
    """Return half the squared error of two weights in a row, for the input 1 and the target 0."""
    loss: Value = (w1 * w2) ** 2 / 2
    return loss


def compare_updates(
    loss: Callable[..., Value] = example_loss,
    weights: Sequence[float] = (1.0, 2.0),
    rate: float = 0.1,
) -> Comparison:
    """Return the weights after a step of gradient descent, all at once and in turn.

    The example is L = (w₁w₂)²/2 at (1, 2), where the gradient is (4, 2). In turn, the second
    derivative is taken at (0.6, 2), where it is 0.72.

    The rows are named after the parameters of the function, w1 as w₁.

    Args:
        loss: a function of Values that returns a Value.
        weights: where to start.
        rate: the learning rate.

    >>> compare_updates()
        right  in_turn
    w₁  0.6    0.6
    w₂  1.8    1.928 ✗
    in_turn: weights updated in turn, in place of all at once
    """
    mistake = MISTAKES["in_turn"]
    right, found = mistake.right(loss, weights, rate), mistake(loss, weights, rate)
    names = names_of_parameters(loss, len(right))
    wrong = [
        name
        for name, x, y in zip(names, right, found, strict=True)
        if not math.isclose(x, y, rel_tol=1e-12, abs_tol=1e-300)
    ]
    return Comparison(
        tuple(names), tuple(right), {"in_turn": tuple(found)}, {"in_turn": tuple(wrong)},
        (f"in_turn: {mistake.title}",),
    )  # fmt: skip


def names_of_parameters(function: Callable[..., Any], n: int) -> list[str]:
    """Return what a function calls its first n parameters; w₁, w₂, ... if it does not name them.

    >>> names_of_parameters(lambda w1, b: None, 2), names_of_parameters(lambda *ws: None, 2)
    (['w₁', 'b'], ['w₁', 'w₂'])
    """
    parameters = inspect.signature(function).parameters.values()
    named = [p.name for p in parameters if p.kind is not p.VAR_POSITIONAL][:n]
    if len(named) < n:
        named = [f"w{i}" for i in range(1, n + 1)]
    return [re.sub(r"\d+$", lambda digits: subscript(digits[0]), name) for name in named]


def short(x: Any) -> str:
    """Return a number to four digits; text as it is.

    >>> short(0.0821670), short("…")
    ('0.08217', '…')
    """
    return f"{x:.4g}" if isinstance(x, float) else str(x)
