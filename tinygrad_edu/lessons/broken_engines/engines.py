"""Broken engines: the classic mistakes of writing a backward pass, to run and to look at.

Each mistake is a short function. Most take a Value and return a gradient for every node behind it,
as a dict, without changing the graph; the last one takes a step of gradient descent.

>>> print(MISTAKES["overwrite"].source)
def overwrite(value: Value) -> Gradients:
    ...
    gradients = Gradients(value)
    for node in ancestors(value):
        for arg, partial in edges(node):
            gradients[arg] = gradients[node] * partial  # right: +=
    return gradients
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

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
    "edges",
    "every_path",
    "first_visit",
    "nodes_to_show",
    "recursion",
    "topological_order",
]

MOST_NODES = 300  # in a graph for a broken engine: a table of more is not read, and some recurse
MOST_STEPS = 100_000


# --- what all engines here are made of ------------------------------------------------------------


class Change(NamedTuple):
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
