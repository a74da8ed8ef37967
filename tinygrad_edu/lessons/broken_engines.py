"""Broken engines: the classic mistakes of writing a backward pass, to run and to look at.

Each mistake is a short function. Most take a Value and return a gradient for every node behind it,
as a dict, without changing the graph; the last one takes a step of gradient descent.

>>> from tinygrad_edu import Value
>>> a = Value(1.0, label="a")
>>> b = a + a
>>> b.label = "b"
>>> c = b + b
>>> c.label = "c"
>>> compare_engines(c)
   right  overwrite  recursion  first_visit  stale
c  1      1          1          1            1
b  2      1 ✗        2          2            4 ✗
a  4      1 ✗        6 ✗        2 ✗          8 ✗
overwrite: = in place of +=
recursion: recursion in place of topological order
first_visit: depth first, every node once, in place of topological order
stale: a second backward pass on top of old gradients
>>> MISTAKES["recursion"](c)[a]
6.0
>>> print(MISTAKES["overwrite"].source)
def overwrite(value: Value) -> Gradients:
    ...
    gradients = Gradients(value)
    for node in ancestors(value):
        for arg, partial in edges(node):
            gradients[arg] = gradients[node] * partial  # right: +=
    return gradients

Why topological order, why not just recurse? :func:`why_topological_order` shows it.
"""

from __future__ import annotations

import ast
import html
import inspect
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from tinygrad_edu.engine import ancestors
from tinygrad_edu.explain.nonfinite import first_nonfinite_gradient, is_finite, nodes_behind
from tinygrad_edu.formulas.names import Names
from tinygrad_edu.gradient import grad
from tinygrad_edu.support.characters import subscript
from tinygrad_edu.support.showing import Printed, printable
from tinygrad_edu.value import Constant, Value, one_and_zero

__all__ = [
    "MISTAKES",
    "Comparison",
    "Gradients",
    "Mistake",
    "Step",
    "WhyTopologicalOrder",
    "compare_engines",
    "compare_updates",
    "every_path",
    "paths_walked",
    "topological_order",
    "why_topological_order",
]

MOST_NODES = 300  # in a graph for a broken engine: a table of more is not read, and some recurse
MOST_STEPS = 100_000
MOST_LINES = 40  # of steps that are written out
LADDERS = (1, 2, 3, 5, 10)
TALL_LADDER = 100


# --- what all engines here are made of ------------------------------------------------------------


class Step(NamedTuple):
    """One change of a gradient."""

    sender: Value
    """The node whose gradient was read last before: the one that sends (in ``every_path``, which
    sends products, the argument itself)."""
    upstream: Any
    """The gradient of the sender at this time."""
    arg: Value
    """The node whose gradient changes."""
    before: Any
    after: Any


class Gradients(dict[Value, Any]):
    """A gradient for every node behind a Value: 1 for itself, 0 for the others, to start with.

    An ordinary dict, but for ``steps``, in which it notes every change.

    Raises TypeError for what is not a Value, ValueError for a constant, for a graph that is too
    large to be looked at, and when there have been too many steps.
    """

    def __init__(self, value: Value) -> None:
        """Start a backward pass."""
        nodes = nodes_to_show("mistakes", value)
        one, zero = one_and_zero(value)
        super().__init__([(node, one if node is value else zero) for node in nodes])
        self.steps: list[Step] = []
        self.last_read = value

    def __getitem__(self, node: Value) -> Any:
        self.last_read = node
        return super().__getitem__(node)

    def __setitem__(self, node: Value, gradient: Any) -> None:
        if len(self.steps) == MOST_STEPS:
            raise TooManyStepsError
        sender = self.last_read
        self.steps.append(Step(sender, self.get(sender), node, self.get(node), gradient))
        super().__setitem__(node, gradient)


class TooManyStepsError(ValueError):
    """The walk was stopped."""

    def __str__(self) -> str:
        """Say why."""
        return f"mistakes: stopped after {MOST_STEPS} steps; show a graph with fewer paths"


def nodes_to_show(name: str, value: Value) -> list[Value]:
    """Return the nodes behind a Value, in topological order, unless they are too many to show."""
    nodes = nodes_behind(name, value)
    if isinstance(value, Constant):
        message = f"{name}: {value!r} depends on no Value that takes a gradient"
        raise ValueError(message)  # noqa: TRY004 - a constant is a Value like any other
    if len(nodes) > MOST_NODES:
        message = (
            f"{name}: {len(nodes)} nodes are too many to look at; show at most {MOST_NODES}: "
            "a Value in the middle of the graph, or a smaller example"
        )
        raise ValueError(message)
    return nodes


def edges(node: Value) -> list[tuple[Value, Any]]:
    """Return the arguments of a node that take a gradient, each with the local derivative.

    >>> a, b = Value(2.0), Value(3.0)
    >>> [(arg.data, partial) for arg, partial in edges(a * b)]
    [(2.0, 3.0), (3.0, 2.0)]
    """
    pairs = zip(node.args, node.partials, strict=True)
    return [(arg, p) for arg, p in pairs if isinstance(arg, Value) and p is not None]


# --- right ----------------------------------------------------------------------------------------


def topological_order(value: Value) -> Gradients:
    """Every node after all that use it: when it sends its gradient on, this is complete."""
    gradients = Gradients(value)
    for node in ancestors(value):
        for arg, partial in edges(node):
            gradients[arg] += gradients[node] * partial
    return gradients


def every_path(value: Value) -> Gradients:
    """Recursion done right: not a gradient is sent on, but the product along one path.

    It walks every path by itself, and there may be 2^n of them behind n additions.
    """
    gradients = Gradients(value)

    def backward(node: Value, product: Any) -> None:
        for arg, partial in edges(node):
            gradients[arg] += product * partial
            backward(arg, product * partial)

    backward(value, gradients[value])
    return gradients


def at_once(loss: Callable[..., Value], weights: Iterable[float], rate: float = 0.1) -> list[float]:
    """Gradient descent: first all derivatives, where the weights are; then all updates."""
    ws = [Value(w) for w in weights]
    slopes = grad(loss(*ws), ws)
    return [w.data - rate * slope for w, slope in zip(ws, slopes, strict=True)]


# --- wrong ----------------------------------------------------------------------------------------


def overwrite(value: Value) -> Gradients:
    """Put each contribution in the place of the one before, where they should add up.

    A node that is used twice is reached by two edges, and the last one wins.
    """
    gradients = Gradients(value)
    for node in ancestors(value):
        for arg, partial in edges(node):
            gradients[arg] = gradients[node] * partial  # right: +=
    return gradients


def recursion(value: Value) -> Gradients:
    """Add to an argument, and let it send its gradient on at once.

    More may come to the argument later. Then what it sent was incomplete; and when it sends again,
    it sends what it had before once more.
    """
    gradients = Gradients(value)

    def backward(node: Value) -> None:
        for arg, partial in edges(node):
            gradients[arg] += gradients[node] * partial
            backward(arg)  # right: later, after all that use arg

    backward(value)
    return gradients


def first_visit(value: Value) -> Gradients:
    """Go depth first, but let every node send its gradient on only once: at the first visit.

    More may come to the node later, and is never sent on.
    """
    gradients = Gradients(value)
    visited = set()

    def backward(node: Value) -> None:
        if node in visited:
            return
        visited.add(node)
        for arg, partial in edges(node):
            gradients[arg] += gradients[node] * partial
            backward(arg)  # right: later, after all that use arg

    backward(value)
    return gradients


def stale(value: Value) -> Gradients:
    """Do a second backward pass, and clear only the gradients of the parameters before it.

    The nodes between still have what the first pass left, and send it on once more.
    """
    gradients = Gradients(value)
    for _ in range(2):
        for node in ancestors(value):
            if node.op is None:  # right: every node
                gradients[node] = 0
        gradients[value] = 1
        for node in ancestors(value):
            for arg, partial in edges(node):
                gradients[arg] += gradients[node] * partial
    return gradients


def in_turn(loss: Callable[..., Value], weights: Iterable[float], rate: float = 0.1) -> list[float]:
    """Update the first weight, then differentiate by the second one, and so on.

    From the second weight on, the derivatives are taken at a point where some weights have already
    moved: they are not the gradient of any one point.
    """
    numbers = list(weights)
    for i in range(len(numbers)):
        ws = [Value(w) for w in numbers]
        numbers[i] -= rate * grad(loss(*ws), ws[i])  # right: all derivatives before any update
    return numbers


# --- the list of them -----------------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class Mistake:
    """A classic mistake; called, it makes it. Printed, it shows its explanation and its source."""

    title: str
    """What it is, in a few words."""
    function: Callable[..., Any]
    """The broken engine."""
    right: Callable[..., Any]
    """The same done right."""

    @property
    def explanation(self) -> str:
        """Why it is wrong, in a paragraph."""
        # As the source has it: python -OO leaves out the docstring itself.
        function: Any = ast.parse(self.source).body[0]
        return " ".join((ast.get_docstring(function) or "").split())

    @property
    def source(self) -> str:
        """The function in Python."""
        return inspect.getsource(self.function).rstrip()

    def __call__(self, *args: Any) -> Any:
        """Return what the broken engine returns."""
        return self.function(*args)

    def __repr__(self) -> str:
        """Return what it is, without the source."""
        return f"<mistake {self.function.__name__}: {self.title}>"

    def __str__(self) -> str:
        """Return the title and the source, which explains itself."""
        return printable(f"{self.title}\n\n{self.source}")


MISTAKES = {
    "overwrite": Mistake("= in place of +=", overwrite, topological_order),
    "recursion": Mistake(
        "recursion in place of topological order", recursion, topological_order
    ),
    "first_visit": Mistake(
        "depth first, every node once, in place of topological order",
        first_visit, topological_order,
    ),
    "stale": Mistake("a second backward pass on top of old gradients", stale, topological_order),
    "in_turn": Mistake("weights updated in turn, in place of all at once", in_turn, at_once),
}  # fmt: skip
"""The mistakes by name."""


# --- side by side ---------------------------------------------------------------------------------


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
        head, *body = [[html.escape(cell) for cell in row] for row in self.rows]
        lines = [
            "<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in row) + "</tr>"
            for tag, row in [("th", head), *(("td", row) for row in body)]
        ]
        notes = "<br>".join(html.escape(note) for note in self.notes)
        return f"<table>{''.join(lines)}</table><p>{notes}</p>"


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


# --- why topological order ------------------------------------------------------------------------


def paths_walked(value: Value) -> int:
    """Return how many steps ``recursion`` and ``every_path`` take, without taking them.

    They take one step for every path from ``value`` to every node behind it.

    Raises TypeError for what is not a Value.

    >>> x = Value(1.0)
    >>> for _ in range(100):
    ...     x = x + x
    >>> paths_walked(x) == 2**101 - 2
    True
    """
    paths = dict.fromkeys(nodes_behind("paths_walked", value), 0)
    paths[value] = 1
    for node in paths:
        for arg, _ in edges(node):
            paths[arg] += paths[node]
    return sum(paths.values()) - 1


def smallest_example() -> Value:
    """Return c = b + b of b = a + a of a = 1: the derivative of c with respect to a is 4."""
    a = Value(1.0, label="a")
    b = a + a
    b.label = "b"
    c: Value = b + b
    c.label = "c"
    return c


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


# --- how it is written ----------------------------------------------------------------------------


def short(x: Any) -> str:
    """Return a number to four digits; text as it is.

    >>> short(0.0821670), short("…")
    ('0.08217', '…')
    """
    return f"{x:.4g}" if isinstance(x, float) else str(x)


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the rows of a table as lines, the cells one below the other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
