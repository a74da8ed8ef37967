"""Broken engines: the classic mistakes in a backward pass, each a short function (D6, D7).

Most of them take the root of a graph and return a dict with the gradient of every node, without
changing the graph. The last one takes a step of gradient descent.

>>> print(MISTAKES["overwrite"].source)
def overwrite(value: Value) -> Gradients:
    ...
    gradients = Gradients(value)
    for node in ancestors(value):
        for arg, partial in args_and_partials(node):
            gradients[arg] = gradients[node] * partial  # right: +=
    return gradients
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from tinygrad_edu.check.engines import mistakes as engine_mistakes
from tinygrad_edu.check.engines.broken import args_and_partials
from tinygrad_edu.engine import ancestors
from tinygrad_edu.explain.nonfinite import nodes_behind
from tinygrad_edu.gradient import grad
from tinygrad_edu.support.showing import printable
from tinygrad_edu.value import Constant, Value, one_and_zero

__all__ = [
    "MISTAKES",
    "MOST_NODES",
    "MOST_STEPS",
    "Change",
    "Gradients",
    "Mistake",
    "TooManyStepsError",
    "args_and_partials",
    "every_path",
    "first_visit",
    "nodes_to_show",
    "recursion",
    "topological_order",
]

MOST_NODES = 300
"""The largest graph for a broken engine: nobody reads a longer table, and some engines recurse."""
MOST_STEPS = 100_000
"""The number of changes of gradients after which a broken engine is stopped."""


# --- the parts that all engines here share --------------------------------------------------------


class Change(NamedTuple):
    """One change of a gradient."""

    sender: Value
    """The node that sends: the one whose gradient was read last before the change. In
    ``every_path``, which sends products, it is the argument itself."""
    upstream: Any
    """The gradient of the sender at this time."""
    arg: Value
    """The node whose gradient changes."""
    before: Any
    """Its gradient before the change."""
    after: Any
    """Its gradient after the change."""


class Gradients(dict[Value, Any]):
    """A gradient for every node of a graph: at first 1 for the root and 0 for all others.

    It is a dict that also notes every change, in ``steps``.

    Raises TypeError if ``value`` is not a Value, ValueError if it is a constant or if its graph has
    too many nodes, and TooManyStepsError when a pass takes too many steps.
    """

    def __init__(self, value: Value) -> None:
        """Start a backward pass at the root ``value``."""
        nodes = nodes_to_show("mistakes", value)
        one, zero = one_and_zero(value)
        super().__init__([(node, one if node is value else zero) for node in nodes])
        self.steps: list[Change] = []
        self.last_read = value

    def __getitem__(self, node: Value) -> Any:
        self.last_read = node
        return super().__getitem__(node)

    def __setitem__(self, node: Value, gradient: Any) -> None:
        if len(self.steps) == MOST_STEPS:
            raise TooManyStepsError
        sender = self.last_read
        self.steps.append(Change(sender, self.get(sender), node, self.get(node), gradient))
        super().__setitem__(node, gradient)


class TooManyStepsError(ValueError):
    """A broken engine was stopped because it took too many steps."""

    def __str__(self) -> str:
        """Return the message."""
        return f"mistakes: stopped after {MOST_STEPS} steps; use a graph with fewer paths"


def nodes_to_show(name: str, value: Value) -> list[Value]:
    """Return the nodes of the graph of ``value``, the root first, in topological order.

    Raises TypeError if ``value`` is not a Value, ValueError if it is a constant or if there are
    more than ``MOST_NODES`` nodes. The messages start with ``name``.
    """
    nodes = nodes_behind(name, value)
    if isinstance(value, Constant):
        message = f"{name}: {value!r} does not depend on any Value that takes a gradient"
        raise ValueError(message)  # noqa: TRY004 - a constant is a Value like any other
    if len(nodes) > MOST_NODES:
        message = (
            f"{name}: {len(nodes)} nodes are too many to look at; use a graph of at most "
            f"{MOST_NODES}: start from a Value in the middle of it, or take a smaller example"
        )
        raise ValueError(message)
    return nodes


def paths_walked(value: Value) -> int:
    """Return the number of steps that ``recursion`` and ``every_path`` take, without taking them.

    They take one step for every path from the root ``value`` to every other node of its graph.

    Raises TypeError if ``value`` is not a Value.

    >>> x = Value(1.0)
    >>> for _ in range(100):
    ...     x = x + x
    >>> paths_walked(x) == 2**101 - 2
    True
    """
    paths = dict.fromkeys(nodes_behind("paths_walked", value), 0)
    paths[value] = 1
    for node in paths:
        for arg, _ in args_and_partials(node):
            paths[arg] += paths[node]
    return sum(paths.values()) - 1


def smallest_example() -> Value:
    """Return c = b + b, where b = a + a and a = 1; the derivative of c with respect to a is 4."""
    a = Value(1.0, label="a")
    b = a + a
    b.label = "b"
    c: Value = b + b
    c.label = "c"
    return c


# --- right ----------------------------------------------------------------------------------------


def topological_order(value: Value) -> Gradients:
    """Visit every node after all nodes that use it: then its gradient is complete when it sends."""
    gradients = Gradients(value)
    for node in ancestors(value):
        for arg, partial in args_and_partials(node):
            gradients[arg] += gradients[node] * partial
    return gradients


def every_path(value: Value) -> Gradients:
    """Do recursion right: send on not the gradient, but the product along one path.

    Every path is walked separately, and a graph of n additions may have 2^n paths.
    """
    gradients = Gradients(value)

    def backward(node: Value, product: Any) -> None:
        for arg, partial in args_and_partials(node):
            gradients[arg] += product * partial
            backward(arg, product * partial)

    backward(value, gradients[value])
    return gradients


def updated_together(
    loss: Callable[..., Value], weights: Iterable[float], rate: float = 0.1
) -> list[float]:
    """Take a step of gradient descent: first compute all derivatives, then update all weights."""
    ws = [Value(w) for w in weights]
    slopes = grad(loss(*ws), ws)
    return [w.data - rate * slope for w, slope in zip(ws, slopes, strict=True)]


# --- wrong ----------------------------------------------------------------------------------------


def overwrite(value: Value) -> Gradients:
    """Overwrite a gradient with each contribution, where the contributions must be added up.

    A node that is used twice gets two contributions, and only the last one remains.
    """
    gradients = Gradients(value)
    for node in ancestors(value):
        for arg, partial in args_and_partials(node):
            gradients[arg] = gradients[node] * partial  # right: +=
    return gradients


def recursion(value: Value) -> Gradients:
    """Add to the gradient of an argument, and let the argument send its gradient on at once.

    The argument may receive more later. Then what it sent was incomplete; and when it sends again,
    it sends its earlier gradient once more.
    """
    gradients = Gradients(value)

    def backward(node: Value) -> None:
        for arg, partial in args_and_partials(node):
            gradients[arg] += gradients[node] * partial
            backward(arg)  # right: later, after all that use arg

    backward(value)
    return gradients


def first_visit(value: Value) -> Gradients:
    """Go depth first, but let every node send its gradient on only once: at the first visit.

    The node may receive more later, and that is never sent on.
    """
    gradients = Gradients(value)
    visited = set()

    def backward(node: Value) -> None:
        if node in visited:
            return
        visited.add(node)
        for arg, partial in args_and_partials(node):
            gradients[arg] += gradients[node] * partial
            backward(arg)  # right: later, after all that use arg

    backward(value)
    return gradients


def stale(value: Value) -> Gradients:
    """Do a second backward pass after clearing only the gradients of the parameters.

    The nodes in between still hold the gradients of the first pass, and send them on once more.
    """
    gradients = Gradients(value)
    for _ in range(2):
        for node in ancestors(value):
            if node.op is None:  # right: every node
                gradients[node] = 0
        gradients[value] = 1
        for node in ancestors(value):
            for arg, partial in args_and_partials(node):
                gradients[arg] += gradients[node] * partial
    return gradients


def in_turn(loss: Callable[..., Value], weights: Iterable[float], rate: float = 0.1) -> list[float]:
    """Update the first weight, then differentiate with respect to the second one, and so on.

    From the second weight on, the derivatives are taken at a point where some weights have already
    moved. Together they are not the gradient at any point.
    """
    numbers = list(weights)
    for i in range(len(numbers)):
        ws = [Value(w) for w in numbers]
        numbers[i] -= rate * grad(loss(*ws), ws[i])  # right: all derivatives before any update
    return numbers


# --- the list of mistakes -------------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class Mistake:
    """A classic mistake: calling it runs the broken engine, printing it shows the source."""

    title: str
    """The mistake in a few words."""
    function: Callable[..., Any]
    """The broken engine."""
    right: Callable[..., Any]
    """The engine, or the update, without the mistake."""

    @property
    def explanation(self) -> str:
        """The paragraph that says why it is wrong."""
        # Read from the source, because python -OO removes docstrings.
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
        """Return the name and the title."""
        return f"<mistake {self.function.__name__}: {self.title}>"

    def __str__(self) -> str:
        """Return the title and the source, whose docstring explains the mistake."""
        return printable(f"{self.title}\n\n{self.source}")


MISTAKES = {
    name: Mistake(engine_mistakes.MISTAKES[name].title, function, topological_order)
    for name, function in {
        "overwrite": overwrite, "recursion": recursion, "first_visit": first_visit, "stale": stale,
    }.items()
} | {
    "in_turn": Mistake(
        "weights updated in turn, in place of all at once", in_turn, updated_together
    ),
}  # fmt: skip
"""The mistakes by name: those of an engine as :func:`~tinygrad_edu.check_engine` names them."""
