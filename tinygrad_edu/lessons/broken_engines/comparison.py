"""Tables that compare each classic mistake with the right engine or the right update."""

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
from tinygrad_edu.formulas.markup import shown_number
from tinygrad_edu.formulas.names import Names
from tinygrad_edu.gradient import grad
from tinygrad_edu.lessons.broken_engines.engines import (
    MISTAKES,
    TooManyStepsError,
    args_and_partials,
    nodes_to_show,
    paths_walked,
    topological_order,
)
from tinygrad_edu.support.characters import subscript
from tinygrad_edu.support.showing import Printed
from tinygrad_edu.support.tables import aligned, html_table
from tinygrad_edu.value import Value

__all__ = [
    "MistakeComparison",
    "allowances",
    "compare_engines",
    "compare_updates",
    "example_loss",
    "wrong_nodes",
]


@dataclass(frozen=True)
class MistakeComparison(Printed):
    """The right numbers beside those that each mistake leads to; prints as a table."""

    names: tuple[str, ...]
    """The names of the rows: nodes, or weights."""
    right: tuple[Any, ...]
    """The right number of each row."""
    found: dict[str, tuple[Any, ...]]
    """The numbers of each mistake; empty if it would have taken too many steps."""
    wrong: dict[str, tuple[str, ...]]
    """The names of the rows in which each mistake is wrong."""
    notes: tuple[str, ...]
    """A line below the table about each mistake."""

    @property
    def rows(self) -> list[list[str]]:
        """The rows of the table; the first one is its head."""
        head = ["", "right", *self.found]
        body = [[name, shown_number(x)] for name, x in zip(self.names, self.right, strict=True)]
        for mistake, numbers in self.found.items():
            cells = map(shown_number, numbers) if numbers else ["…"] * len(body)
            for row, cell in zip(body, cells, strict=True):
                row.append(cell + " ✗" * (row[0] in self.wrong[mistake]))
        return [head, *body]

    def __repr__(self) -> str:
        """Return the table as text."""
        return "\n".join([*aligned(self.rows), *self.notes])

    def _repr_html_(self) -> str:
        """Return the table as HTML."""
        notes = "<br>".join(html.escape(note) for note in self.notes)
        return f"{html_table(self.rows)}<p>{notes}</p>"


def compare_engines(
    value: Value, *, only: Iterable[Value | str] | None = None
) -> MistakeComparison:
    """Return the right gradient of every node of a graph beside that of every broken engine.

    In the table, ✗ marks a gradient that is wrong by more than rounding. A broken engine that
    would take more than 100,000 steps is left out; a note gives the number of its steps. Neither
    the graph nor any ``.grad`` changes.

    Args:
        value: the root of the graph, which may have at most 300 nodes.
        only: the rows to show, as Values or as their names; by default all of them.

    Raises TypeError if ``value`` is not a Value, ValueError if it is a constant, if the graph has
    more than 300 nodes or if a gradient is not finite, and KeyError if ``only`` names a row that
    is not in the table.

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
    return MistakeComparison(*rows, found, wrong, tuple(notes))


def rows_to_show(only: Iterable[Value | str], nodes: list[Value], names: Names) -> list[Value]:
    """Return the nodes that ``only`` gives as Values or by name, in the order of the table."""
    chosen = set()
    for row in [only] if isinstance(only, str | Value) else only:
        node = names.nodes.get(row) if isinstance(row, str) else row
        if node not in nodes:
            known = ", ".join(names[node] for node in nodes[:5])
            message = f"compare_engines: there is no row {row!r}; the rows are {known}, ..."
            raise KeyError(message)
        chosen.add(node)
    return [node for node in nodes if node in chosen]


def wrong_nodes(gradients: dict[Value, Any], right: dict[Value, Any]) -> list[Value]:
    """Return the nodes whose gradient differs by more than the order of a sum can explain."""
    allowed = allowances(right)
    return [n for n, x in right.items() if not abs(gradients[n] - x) <= allowed[n]]


def allowances(right: dict[Value, Any]) -> dict[Value, Any]:
    """Return how far each gradient may differ because its terms are added in another order.

    ``right`` maps nodes to gradients, the root first and every node after those that use it.
    """
    sizes = {node: x - x for node, x in right.items()}
    sizes[next(iter(right))] += 1
    for node in right:
        for arg, partial in args_and_partials(node):
            sizes[arg] += sizes[node] * abs(partial)
    return {node: size / 10**12 for node, size in sizes.items()}


def example_loss(w1: Value, w2: Value) -> Value:
    """Return half the squared error of two linear neurons in a row; the input is 1, the target 0.

    >>> example_loss(Value(1.0), Value(2.0)).data
    2.0
    """
    loss: Value = (w1 * w2) ** 2 / 2
    return loss


def compare_updates(
    loss: Callable[..., Value] = example_loss,
    weights: Sequence[float] = (1.0, 2.0),
    rate: float = 0.1,
) -> MistakeComparison:
    """Return the weights after one step of gradient descent: all updated at once, and in turn.

    The example is L = (w₁w₂)²/2 at (1, 2), where the gradient is (4, 2). If the weights are updated
    in turn, the second derivative is taken at (0.6, 2), where it is 0.72.

    The rows are named after the parameters of the function: w1 is shown as w₁.

    Args:
        loss: a function of Values that returns a Value.
        weights: the numbers at which the step starts.
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
    return MistakeComparison(
        tuple(names), tuple(right), {"in_turn": tuple(found)}, {"in_turn": tuple(wrong)},
        (f"in_turn: {mistake.title}",),
    )  # fmt: skip


def names_of_parameters(function: Callable[..., Any], n: int) -> list[str]:
    """Return the names of the first n parameters of a function; w₁, w₂, ... if it has none.

    >>> names_of_parameters(lambda w1, b: None, 2), names_of_parameters(lambda *ws: None, 2)
    (['w₁', 'b'], ['w₁', 'w₂'])
    """
    parameters = inspect.signature(function).parameters.values()
    named = [p.name for p in parameters if p.kind is not p.VAR_POSITIONAL][:n]
    if len(named) < n:
        named = [f"w{i}" for i in range(1, n + 1)]
    return [re.sub(r"\d+$", lambda digits: subscript(digits[0]), name) for name in named]
