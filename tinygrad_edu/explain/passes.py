"""The forward and the backward pass, step by step, exactly as the engine takes them.

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

WIDTH = 72  # characters of a formula in a line; a longer one is cut


def steps(value: Value) -> Steps:
    r"""Return the forward pass that computed a Value, and its backward pass, step by step.

    The result is a sequence of steps. Each step prints as one line, and the sequence can be sliced.
    The last sum for each Value is the gradient that ``backward()`` adds, to the last bit. The graph
    does not change.

    If a gradient is the sum of several contributions, each line shows the sum before and after. If
    an operation has the same argument twice, there is a step for the first and one for the second.
    If a node depends on an argument through other arguments, too, its local derivative with respect
    to that argument is called direct.

    Raises TypeError if ``value`` is not a Value, ValueError for a constant, which has no passes,
    and RuntimeError if data were changed after the forward pass.

    >>> a = Value(1.0, label="a")
    >>> b = a + a
    >>> steps(b)[-2:]
    ∂v₁/∂a += ∂v₁/∂v₁ · ∂v₁/∂a (2nd) = 1 · 1 = 1: 0 + 1 = 1
    ∂v₁/∂a += ∂v₁/∂v₁ · ∂v₁/∂a (1st) = 1 · 1 = 1: 1 + 1 = 2
    """
    require_value("steps({})", value)
    if isinstance(value, Constant):
        message = (
            f"steps: {value!r} is a constant and has no backward pass; pass a Value that was "
            "computed from Values, not only from constants"
        )
        raise ValueError(message)  # noqa: TRY004 - a constant is a Value, too
    return Steps(value)


# --- the steps ------------------------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class Step(Printed):
    """A step of a pass, with a board to write on. A step shows itself as an equation."""

    board: Board

    @property
    def names(self) -> Names:
        """The names of the Values of the graph."""
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
        """Return the formula, the formula with numbers, and the result as an equation."""
        name, result = self.board.name(self.node), self.board.number(self.data)
        parts = [name, *dict.fromkeys(self.formulas()), result]
        return " = ".join(map(cut, parts))

    def formulas(self) -> list[str]:
        """Return the formula with names, and the formula with numbers."""
        return [self.board.formula(self.node), self.board.filled(self.node, self.numbers)]


@dataclass(frozen=True, repr=False)
class SeedStep(Step):
    """The backward pass begins: the derivative of the root with respect to itself is 1."""

    root: Value
    after: Any

    def __repr__(self) -> str:
        """Return the step as an equation."""
        return f"{self.board.d(self.root, self.root)} = {self.board.number(self.after)}"


@dataclass(frozen=True, repr=False)
class BackwardStep(Step):
    """A gradient goes back along one edge of the graph: multiply, then add."""

    root: Value
    node: Value
    """The node that the gradient comes from."""
    arg: Value
    """The argument of the node that the gradient goes to."""
    position: int
    """The position of the argument, counted from 0."""
    upstream: Any
    """The gradient of ``node``, which is complete."""
    partial: Any
    """The local derivative of ``node`` with respect to ``arg``."""
    contribution: Any
    """Their product."""
    before: Any
    """The sum of the earlier contributions to ``arg``."""
    after: Any
    """The sum including this contribution."""
    is_first: bool
    """Whether this is the first contribution to ``arg``."""
    is_only: bool
    """Whether this is the only contribution to ``arg``."""

    @property
    def local(self) -> str:
        """The name of the local derivative."""
        return self.board.local(self.node, self.arg, self.position)

    def __repr__(self) -> str:
        """Return the step as an equation, with the sum if there are several contributions."""
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
    """Return a part of a line; a long part is cut."""
    return part if len(part) <= WIDTH else f"{part[:WIDTH]}…"


S = TypeVar("S")


class Listing(Printed, list[S]):
    """A list that shows each item on a line of its own."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "\n".join(map(repr, self)) or "[]"


# --- the data must be those of the forward pass ---------------------------------------------------


def require_unchanged(name: str, nodes: Iterable[Value]) -> None:
    """Raise RuntimeError if computing a node again would give another number.

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
        """Run the engine on numbers that are traced; error messages start with ``name``."""
        self.root = root
        self.board = Board(Names(root))
        trace = BackwardTrace()
        one, zero = (TracedAdjoint(x, trace) for x in one_and_zero(root))
        order = list(adjoints(root, one, zero, traced_partials))
        require_unchanged(name, order)
        self._computed = [
            (node, tuple(map(as_number, node.args)), node.data)
            for node in reversed(order)
            if node.op is not None
        ]
        self._entries = trace.entries
        self._times = Counter(entry[1] for entry in trace.entries)

    @property
    def names(self) -> Names:
        """The names of the Values of the graph."""
        return self.board.names

    def __len__(self) -> int:
        return len(self._computed) + 1 + len(self._entries)

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> Listing[Step]: ...
    def __getitem__(self, index: int | slice) -> Step | Listing[Step]:
        if isinstance(index, slice):
            return Listing([self[i] for i in range(*index.indices(len(self)))])
        i = range(len(self))[index]
        forward = len(self._computed)
        if i < forward:
            return ForwardStep(self.board, *self._computed[i])
        if i == forward:
            return SeedStep(self.board, self.root, one_and_zero(self.root)[0])
        entry = self._entries[i - forward - 1]
        return BackwardStep(self.board, self.root, *(*entry, self._times[entry[1]] == 1))

    @property
    def forward(self) -> Listing[ForwardStep]:
        """The steps of the forward pass."""
        return Listing([ForwardStep(self.board, *computed) for computed in self._computed])

    @property
    def backward(self) -> Listing[Step]:
        """The steps of the backward pass."""
        return self[len(self._computed) :]

    def __repr__(self) -> str:
        """Return all steps as lines; if there are very many, only the first and the last."""
        return "\n".join(self._lines())

    def to_html(
        self,
        path: str | os.PathLike[str],
        *,
        clusters: Mapping[str, Iterable[Value]] | None = None,
    ) -> None:
        """Write the steps as an interactive page in a single file that works offline.

        Args:
            path: the file.
            clusters: frames around Values; see :func:`~tinygrad_edu.draw`.
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


class TracedPartial(NamedTuple):
    """A partial that knows its node and its position; the engine multiplies adjoints by it."""

    node: Value
    position: int
    partial: Any


class BackwardTrace:
    """The contributions of a backward pass, in order."""

    def __init__(self) -> None:
        """Start without entries."""
        self.entries: list[tuple[Any, ...]] = []
        self.reached: set[Value] = set()


class TracedAdjoint:
    """An adjoint that enters each of its contributions in a trace; the engine adds them up."""

    __slots__ = ("number", "trace")

    def __init__(self, x: Any, trace: BackwardTrace) -> None:
        """Start from a number."""
        self.number = x
        self.trace = trace

    def __mul__(self, traced: TracedPartial) -> Contribution:
        return Contribution(traced, self.number, self.number * traced.partial)

    def __add__(self, more: Contribution) -> TracedAdjoint:
        node, position, partial = more.traced
        arg: Any = node.args[position]
        after = self.number + more.number
        is_first = arg not in self.trace.reached
        self.trace.reached.add(arg)
        self.trace.entries.append(
            (node, arg, position, more.upstream, partial, more.number, self.number, after, is_first)
        )
        return TracedAdjoint(after, self.trace)


class Contribution(NamedTuple):
    """The product of an adjoint and a partial, which the engine adds to another adjoint."""

    traced: TracedPartial
    upstream: Any
    number: Any


def traced_partials(node: Value) -> tuple[Any, Any]:
    """Return the partials of a node as traced partials, in the form that the engine needs."""
    traced = [
        None if partial is None else TracedPartial(node, position, partial)
        for position, partial in enumerate(node.partials)
    ]
    return stored(node, traced)
