"""Why a backward pass goes in topological order, and why recursion is not enough (D6, D7)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

from tinygrad_edu.formulas.markup import shown_number
from tinygrad_edu.formulas.names import Names
from tinygrad_edu.lessons.broken_engines.comparison import allowances, wrong_nodes
from tinygrad_edu.lessons.broken_engines.engines import (
    MOST_STEPS,
    Gradients,
    args_and_partials,
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
    "doubled",
    "why_topological_order",
]

MOST_LINES = 40
"""The largest number of steps that are written out."""

FEW_DOUBLINGS = (1, 2, 3, 5, 10)
MANY_DOUBLINGS = 100


def doubled(n: int) -> Value:
    """Return 1 doubled n times, by additions x = x + x.

    >>> doubled(10).data
    1024.0
    """
    x: Value = Value(1.0)
    for _ in range(n):
        x = x + x
    return x


@dataclass(frozen=True)
class WhyTopologicalOrder(Printed):
    """The answer to "why topological order?" on a graph; prints as a text with every step."""

    value: Value

    def __repr__(self) -> str:
        """Return the text."""
        names = Names(self.value)
        right = topological_order(self.value)
        parts = [
            "Recursion: add to an argument, and let it send its gradient on at once.",
            *steps_written(recursion(self.value), right, names),
            "",
            "Depth first, each node once: as before, but no node sends a second time.",
            *steps_written(first_visit(self.value), right, names),
            "",
            "Topological order: a node sends after all that use it have sent, so it is complete.",
            *steps_written(right, right, names),
            "",
            "Recursion can be repaired: send on not the gradient, but the product along this one",
            "path (every_path). That is right, but it takes a step for every path. The number of",
            "steps for n additions x = x + x:",
            *aligned(step_counts()),
            f"(The steps of every_path for {MANY_DOUBLINGS} additions are counted, not taken.)",
        ]
        return "\n".join(parts)


def why_topological_order(value: Value | None = None) -> WhyTopologicalOrder:
    """Answer "why topological order, why not just recurse?", step by step.

    Args:
        value: the root of a small graph; by default the smallest example: c = b + b, b = a + a.

    Recursion goes wrong only where a node is used twice *and* has arguments of its own, to which it
    sends an incomplete gradient. If only leaves are used twice, its gradients are right; that is
    why simple tests do not find the mistake.

    Raises TypeError if ``value`` is not a Value, and ValueError if it is a constant, if its graph
    has too many nodes, or if it has so many paths that recursion would take too many steps.

    >>> print(why_topological_order())
    Recursion: add to an argument, and let it send its gradient on at once.
      1  c = 1 adds 1 to b = 0: 1
      2  b = 1 adds 1 to a = 0: 1  b is incomplete: it should be 2
      3  b = 1 adds 1 to a = 1: 2  b is incomplete: it should be 2
      4  c = 1 adds 1 to b = 1: 2
      5  b = 2 adds 2 to a = 2: 4  b has already sent to a
      6  b = 2 adds 2 to a = 4: 6  b has already sent to a
      ✗ a = 6; the right gradient is 4
    ...
    """
    chosen = smallest_example() if value is None else value
    nodes_to_show("why_topological_order", chosen)
    if (steps := paths_walked(chosen)) > MOST_STEPS:
        message = (
            f"why_topological_order: recursion would take {Decimal(steps):.4g} steps here; "
            "use a graph with fewer paths"
        )
        raise ValueError(message)
    return WhyTopologicalOrder(chosen)


def steps_written(gradients: Gradients, right: Gradients, names: Names) -> list[str]:
    """Return a line for each step of a pass, with a remark if it is wrong, and the outcome."""
    rows = []
    allowed = allowances(right)
    sent: Counter[tuple[Value, Value]] = Counter()
    for i, step in enumerate(gradients.steps[:MOST_LINES], start=1):
        node, arg = names[step.sender], names[step.arg]
        sent[step.sender, step.arg] += 1
        remarks = []
        final = right[step.sender]
        if not abs(step.upstream - final) <= allowed[step.sender]:
            remarks.append(f"{node} is incomplete: it should be {shown_number(final)}")
        uses = [x for x, _ in args_and_partials(step.sender)].count(step.arg)
        if sent[step.sender, step.arg] > uses:
            remarks.append(f"{node} has already sent to {arg}")
        text = (
            f"{node} = {shown_number(step.upstream)} adds {shown_number(step.after - step.before)} "
            f"to {arg} = {shown_number(step.before)}: {shown_number(step.after)}"
        )
        rows.append(["", str(i), text, "; ".join(remarks)])
    lines = aligned(rows)
    if len(gradients.steps) > MOST_LINES:
        lines.append(f"  ... {len(gradients.steps) - MOST_LINES} more steps")
    wrong = [
        f"  ✗ {names[node]} = {shown_number(gradients[node])}; "
        f"the right gradient is {shown_number(right[node])}"
        for node in wrong_nodes(gradients, right)
    ]
    return [*lines, *(wrong or ["  ✓ every gradient is right"])]


def step_counts() -> list[list[str]]:
    """Return the numbers of steps that the two right engines take, as rows of a table."""
    head = ["  n", "topological_order", "every_path"]
    body = [
        [
            f"  {n}",
            str(len(topological_order(doubled(n)).steps)),
            str(len(every_path(doubled(n)).steps)),
        ]
        for n in FEW_DOUBLINGS
    ]
    root = doubled(MANY_DOUBLINGS)
    steps = len(topological_order(root).steps)
    return [head, *body, [f"  {MANY_DOUBLINGS}", str(steps), str(paths_walked(root))]]


def report() -> str:
    """Return the lesson as text.

    >>> print(report().splitlines()[0])
    Recursion: add to an argument, and let it send its gradient on at once.
    """
    return repr(why_topological_order())
