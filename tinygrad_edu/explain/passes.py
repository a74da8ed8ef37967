"""The forward and the backward pass, one step at a time, exactly as the engine takes them.

>>> from tinygrad_edu import Value
>>> w, x = Value(3.0, label="w"), Value(2.0, label="x")
>>> y = (w * x).tanh()
>>> y.label = "y"
>>> steps(y)
forward pass
  v₁ = w · x = 3 · 2 = 6
  y = tanh(v₁) = tanh(6) = 1
backward pass
  ∂y/∂y = 1
  ∂y/∂v₁ = ∂y/∂y · ∂y/∂v₁ = 1 · 2.458e−05 = 2.458e−05
  ∂y/∂x = ∂y/∂v₁ · ∂v₁/∂x = 2.458e−05 · 3 = 7.373e−05
  ∂y/∂w = ∂y/∂v₁ · ∂v₁/∂w = 2.458e−05 · 2 = 4.915e−05
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar, overload

from tinygrad_edu.engine import adjoints
from tinygrad_edu.formulas.board import Board
from tinygrad_edu.formulas.names import Names
from tinygrad_edu.recorder import as_number, is_as_computed, stored
from tinygrad_edu.support import files
from tinygrad_edu.support.given import require_value
from tinygrad_edu.support.showing import Printed, Shown
from tinygrad_edu.value import Constant, Value, one_and_zero

__all__ = ["BackwardStep", "ForwardStep", "SeedStep", "Step", "Steps", "steps"]

WIDTH = 72  # characters that a formula may have in a line


def steps(value: Value) -> Steps:
    r"""Return the forward and the backward pass behind a Value, step by step.

    It is a sequence of records that print one to a line and can be sliced; the sums after the last
    steps are the gradients that ``backward()`` adds, to the last bit. Nothing changes.

    Where several contributions add up to a gradient, each line has the sum before and after it;
    of an argument that an operation has twice, each of the two is counted; and the derivative by an
    argument that others depend on, too, is called the direct one.

    Raises TypeError for what is not a Value, ValueError for a constant, which has no passes, and
    RuntimeError where data were changed after the forward pass.

    >>> a = Value(1.0, label="a")
    >>> b = a + a
    >>> steps(b)[-2:]
    ∂v₁/∂a += ∂v₁/∂v₁ · ∂v₁/∂a (2nd) = 1 · 1 = 1: 0 + 1 = 1
    ∂v₁/∂a += ∂v₁/∂v₁ · ∂v₁/∂a (1st) = 1 · 1 = 1: 1 + 1 = 2
    """
    require_value("steps({})", value)
    if isinstance(value, Constant):
        message = f"steps: {value!r} depends on no Value that takes a gradient"
        raise ValueError(message)  # noqa: TRY004 - a constant is a Value like any other
    return Steps(value)


# --- the records ----------------------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class Step(Printed):
    """What all steps have: a board to write on. A step shows itself as an equation."""

    board: Board

    @property
    def names(self) -> Names:
        """What the Values of the graph are called."""
        return self.board.names


@dataclass(frozen=True, repr=False)
class ForwardStep(Step):
    """An operation is computed."""

    node: Value
    numbers: tuple[Any, ...]
    """The arguments, as plain numbers."""
    data: Any
    """The result."""

    def __repr__(self) -> str:
        """Return the formula, with the numbers in it, and the result."""
        name, result = self.board.name(self.node), self.board.number(self.data)
        parts = [name, *dict.fromkeys(self.formulas()), result]
        return " = ".join(map(cut, parts))

    def formulas(self) -> list[str]:
        """Return the formula, and the same with the numbers in it."""
        return [self.board.formula(self.node), self.board.filled(self.node, self.numbers)]


@dataclass(frozen=True, repr=False)
class SeedStep(Step):
    """The backward pass begins: the derivative of the root with respect to itself is 1."""

    root: Value
    after: Any

    def __repr__(self) -> str:
        """Return it as an equation."""
        return f"{self.board.d(self.root, self.root)} = {self.board.number(self.after)}"


@dataclass(frozen=True, repr=False)
class BackwardStep(Step):
    """A gradient goes back along one edge of the graph: multiply, and add."""

    root: Value
    node: Value
    """Where it comes from: the operation's result."""
    arg: Value
    """Where it goes to: an argument of the operation."""
    position: int
    """Which argument that is, counted from 0."""
    upstream: Any
    """The gradient of ``node``, complete by now."""
    partial: Any
    """The local derivative of ``node`` with respect to ``arg``."""
    contribution: Any
    """Their product."""
    before: Any
    """The sum of the contributions to ``arg`` so far."""
    after: Any
    """The sum with this one."""
    is_first: bool
    """Whether nothing was added to ``arg`` before."""

    is_only: bool
    """Whether nothing else is added."""

    @property
    def local(self) -> str:
        """What the local derivative is called."""
        return self.board.local(self.node, self.arg, self.position)

    def __repr__(self) -> str:
        """Return it as an equation, with the sum where there is more than one contribution."""
        board = self.board
        product = (
            f"{board.d(self.root, self.node)} · {self.local} = {board.number(self.upstream)} · "
            f"{board.factor(self.partial)} = {board.number(self.contribution)}"
        )
        target = board.d(self.root, self.arg)
        if self.is_only:
            return f"{target} = {product}"
        before, more = board.number(self.before), board.factor(self.contribution)
        return f"{target} += {product}: {before} + {more} = {board.number(self.after)}"


def cut(part: str) -> str:
    """Return a part of a line, the end left out if it is long."""
    return part if len(part) <= WIDTH else f"{part[:WIDTH]}…"


S = TypeVar("S")


class Lines(Printed, list[S]):
    """A list that shows itself as a line for each item."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "\n".join(map(repr, self)) or "[]"


# --- what has to hold -----------------------------------------------------------------------------


def require_unchanged(name: str, nodes: Iterable[Value]) -> None:
    """Raise RuntimeError if a node, computed anew, would not be what it is.

    >>> x = Value(2.0)
    >>> y = x * x
    >>> x.data = 10.0
    >>> require_unchanged("steps", [y])
    Traceback (most recent call last):
      ...
    RuntimeError: steps: data changed after Value(data=4.0, grad=0.0) was computed from them; run
    the forward pass again
    """
    for node in nodes:
        if not is_as_computed(node):
            message = (
                f"{name}: data changed after {node!r} was computed from them; "
                "run the forward pass again"
            )
            raise RuntimeError(message)


# --- the passes -----------------------------------------------------------------------------------


class Steps(Shown, Sequence[Step]):
    """The steps of both passes, in order: forward, then backward."""

    def __init__(self, root: Value, name: str = "steps") -> None:
        """Run the engine on numbers that keep a record; errors blame the function of that name."""
        self.root = root
        self.board = Board(Names(root))
        record = Record()
        one, zero = (Adjoint(x, record) for x in one_and_zero(root))
        order = list(adjoints(root, one, zero, edges_of))
        require_unchanged(name, order)
        self._computed = [
            (node, tuple(map(as_number, node.args)), node.data)
            for node in reversed(order)
            if node.op is not None
        ]
        self._entries = record.entries
        self._times = Counter(entry[1] for entry in record.entries)

    @property
    def names(self) -> Names:
        """What the Values of the graph are called."""
        return self.board.names

    def __len__(self) -> int:
        return len(self._computed) + 1 + len(self._entries)

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> Lines[Step]: ...
    def __getitem__(self, index: int | slice) -> Step | Lines[Step]:
        if isinstance(index, slice):
            return Lines([self[i] for i in range(*index.indices(len(self)))])
        i = range(len(self))[index]
        forward = len(self._computed)
        if i < forward:
            return ForwardStep(self.board, *self._computed[i])
        if i == forward:
            return SeedStep(self.board, self.root, one_and_zero(self.root)[0])
        entry = self._entries[i - forward - 1]
        return BackwardStep(self.board, self.root, *(*entry, self._times[entry[1]] == 1))

    @property
    def forward(self) -> Lines[ForwardStep]:
        """The steps of the forward pass."""
        return Lines([ForwardStep(self.board, *computed) for computed in self._computed])

    @property
    def backward(self) -> Lines[Step]:
        """The steps of the backward pass."""
        return self[len(self._computed) :]

    def __repr__(self) -> str:
        """Return all steps, or the first and the last of very many."""
        return "\n".join(self._lines())

    def to_html(
        self,
        path: str | os.PathLike[str],
        *,
        clusters: Mapping[str, Iterable[Value]] | None = None,
    ) -> None:
        """Write the steps as an interactive page that needs no other file and no network.

        Args:
            path: the file.
            clusters: frames around Values, as :func:`~tinygrad_edu.draw` takes them.
        """
        files.write(path, self._pages().document(self, clusters))

    def _lines(self, most: int = 200) -> Iterator[str]:
        shown = list(range(len(self)))
        if len(self) > most:
            shown = [*shown[: most // 2], *shown[-most // 2 :]]
        previous = -1
        for i in shown:
            if i in (0, len(self._computed)):
                yield "forward pass" if i == 0 and self._computed else "backward pass"
            if i != previous + 1:
                yield f"  … {len(self) - most} more …"
            yield f"  {self[i]!r}"
            previous = i


class Edge(NamedTuple):
    """A partial derivative that knows its place: what the engine multiplies with."""

    node: Value
    position: int
    partial: Any


class Record:
    """What happens in a backward pass, entry by entry."""

    def __init__(self) -> None:
        """Start empty."""
        self.entries: list[tuple[Any, ...]] = []
        self.reached: set[Value] = set()


class Adjoint:
    """A sum of contributions that writes down how it comes about: what the engine adds up."""

    __slots__ = ("number", "record")

    def __init__(self, x: Any, record: Record) -> None:
        """Start from a number."""
        self.number = x
        self.record = record

    def __mul__(self, edge: Edge) -> Contribution:
        return Contribution(edge, self.number, self.number * edge.partial)

    def __add__(self, more: Contribution) -> Adjoint:
        node, position, partial = more.edge
        arg: Any = node.args[position]
        after = self.number + more.number
        is_first = arg not in self.record.reached
        self.record.reached.add(arg)
        self.record.entries.append(
            (node, arg, position, more.upstream, partial, more.number, self.number, after, is_first)
        )
        return Adjoint(after, self.record)


class Contribution(NamedTuple):
    """A product that is to be added."""

    edge: Edge
    upstream: Any
    number: Any


def edges_of(node: Value) -> tuple[Any, Any]:
    """Return the partials of a node as edges, in the way that the engine takes them."""
    edges = [
        None if partial is None else Edge(node, position, partial)
        for position, partial in enumerate(node.partials)
    ]
    return stored(node, edges)
