"""Why a backward pass goes in topological order, and why recursion is not enough."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

from tinygrad_edu.formulas.names import Names
from tinygrad_edu.lessons.broken_engines.comparison import allowances, short, wrong_nodes
from tinygrad_edu.lessons.broken_engines.engines import (
    MOST_STEPS,
    Gradients,
    edges,
    every_path,
    first_visit,
    nodes_to_show,
    paths_walked,
    recursion,
    smallest_example,
    topological_order,
)
from tinygrad_edu.support.showing import Printed
from tinygrad_edu.support.tables import aligned
from tinygrad_edu.value import Value

__all__ = [
    "WhyTopologicalOrder",
    "ladder",
    "why_topological_order",
]

MOST_LINES = 40  # of steps that are written out

LADDERS = (1, 2, 3, 5, 10)

TALL_LADDER = 100


def ladder(n: int) -> Value:
    """Return what n additions x = x + x make of 1."""
    x: Value = Value(1.0)
    for _ in range(n):
        x = x + x
    return x


@dataclass(frozen=True)
class WhyTopologicalOrder(Printed):
    """Why a backward pass goes in topological order; prints as a text with every step."""

    value: Value

    def __repr__(self) -> str:
        """Return the text."""
        names = Names(self.value)
        right = topological_order(self.value)
        parts = [
            "Recursion: add to an argument, and let it send its gradient on at once.",
            *steps_written(recursion(self.value), right, names),
            "",
            "Depth first, each node once: the same, but no node sends a second time.",
            *steps_written(first_visit(self.value), right, names),
            "",
            "Topological order: a node sends after all that use it have sent, so it is complete.",
            *steps_written(right, right, names),
            "",
            "Recursion can be saved: send on not the gradient, but the product along this one path",
            "(every_path). That is right, but takes a step for every path. Steps for n additions",
            "x = x + x:",
            *aligned(ladder_rows()),
            f"(The steps of every_path for {TALL_LADDER} additions are counted, not taken.)",
        ]
        return "\n".join(parts)


def why_topological_order(value: Value | None = None) -> WhyTopologicalOrder:
    """Answer "why topological order, why not just recurse?", step by step.

    Args:
        value: a Value of one's own with a small graph; left out, the smallest example, c = b + b
            of b = a + a.

    Recursion goes wrong only where a node is used twice *and* has arguments of its own, to which it
    can send what is incomplete. Where only leaves are used twice, all is well; that is why simple
    tests do not find the mistake.

    Raises TypeError for what is not a Value, ValueError for a constant, for a large graph, and
    for one with so many paths that recursion would not come to an end.

    >>> print(why_topological_order())
    Recursion: add to an argument, and let it send its gradient on at once.
      1  c = 1 adds 1 to b = 0: 1
      2  b = 1 adds 1 to a = 0: 1  b should be 2 first
      3  b = 1 adds 1 to a = 1: 2  b should be 2 first
      4  c = 1 adds 1 to b = 1: 2
      5  b = 2 adds 2 to a = 2: 4  b has sent to a before
      6  b = 2 adds 2 to a = 4: 6  b has sent to a before
      ✗ a = 6, right is 4
    ...
    """
    chosen = smallest_example() if value is None else value
    nodes_to_show("why_topological_order", chosen)
    if (steps := paths_walked(chosen)) > MOST_STEPS:
        message = (
            f"why_topological_order: recursion would take {Decimal(steps):.4g} steps here; "
            "show a graph with fewer paths"
        )
        raise ValueError(message)
    return WhyTopologicalOrder(chosen)


def steps_written(gradients: Gradients, right: Gradients, names: Names) -> list[str]:
    """Return the steps of a pass line by line, with what is wrong about them, and the outcome."""
    rows = []
    allowed = allowances(right)
    sent: Counter[tuple[Value, Value]] = Counter()
    for i, step in enumerate(gradients.steps[:MOST_LINES], start=1):
        node, arg = names[step.sender], names[step.arg]
        sent[step.sender, step.arg] += 1
        remarks = []
        final = right[step.sender]
        if not abs(step.upstream - final) <= allowed[step.sender]:
            remarks.append(f"{node} should be {short(final)} first")
        if sent[step.sender, step.arg] > [x for x, _ in edges(step.sender)].count(step.arg):
            remarks.append(f"{node} has sent to {arg} before")
        text = (
            f"{node} = {short(step.upstream)} adds {short(step.after - step.before)} "
            f"to {arg} = {short(step.before)}: {short(step.after)}"
        )
        rows.append(["", str(i), text, "; ".join(remarks)])
    lines = aligned(rows)
    if len(gradients.steps) > MOST_LINES:
        lines.append(f"  ... {len(gradients.steps) - MOST_LINES} more steps")
    wrong = [
        f"  ✗ {names[node]} = {short(gradients[node])}, right is {short(right[node])}"
        for node in wrong_nodes(gradients, right)
    ]
    return [*lines, *(wrong or ["  ✓ every gradient is right"])]


def ladder_rows() -> list[list[str]]:
    """Return how many steps two right engines take, as rows of a table."""
    head = ["  n", "topological_order", "every_path"]
    body = [
        [
            f"  {n}",
            str(len(topological_order(ladder(n)).steps)),
            str(len(every_path(ladder(n)).steps)),
        ]
        for n in LADDERS
    ]
    tall = ladder(TALL_LADDER)
    steps = len(topological_order(tall).steps)
    return [head, *body, [f"  {TALL_LADDER}", str(steps), str(paths_walked(tall))]]


def report() -> str:
    """Return the lesson as text.

    >>> print(report().splitlines()[0])
    Recursion: add to an argument, and let it send its gradient on at once.
    """
    return repr(why_topological_order())
