"""The paths of the chain rule: every way from a Value to one behind it (A10, D4, D6).

>>> from tinygrad_edu import Value
>>> a = Value(3.0, label="a")
>>> b, c = a * a, 2 * a
>>> b.label, c.label = "b", "c"
>>> y = b * c
>>> y.label = "y"
>>> paths(y, a)
3 paths from y to a
  ∂y/∂b · ∂b/∂a = 6 · 3 = 18
  ∂y/∂b · ∂b/∂a = 6 · 3 = 18
  ∂y/∂c · ∂c/∂a = 9 · 2 = 18
∂y/∂a = 18 + 18 + 18 = 54
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import count, cycle, islice, pairwise
from typing import Any, NamedTuple

from tinygrad_edu.drawing import Picture, draw
from tinygrad_edu.engine import LOCK, ancestors, sweep
from tinygrad_edu.explain.formulas import TEXT, Names
from tinygrad_edu.explain.walk import factor, number
from tinygrad_edu.gradient import grad
from tinygrad_edu.value import Constant, Value

__all__ = ["Path", "Paths", "paths"]

SHOWN = 10  # paths that a table lists
LINKS = 12  # of a long chain that are written, from either end
COLOURS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7")  # people with any colour vision tell these


def paths(y: Value, x: Value) -> Paths:
    """Return all paths from a Value back to one behind it, the largest products first.

    They are found as they are asked for, and counted without being listed: an expression may have
    2^300 of them. Of two arguments that are the same Value each is a path.

    Args:
        y: where the paths begin, a loss for example.
        x: where they end.

    Raises TypeError for what is not a Value, ValueError for a constant, to which no path leads.

    >>> x = Value(1.0, label="x")
    >>> y = x
    >>> for _ in range(300):
    ...     y = y + y
    >>> paths(y, x).count == 2**300
    True
    """
    for given in (y, x):
        if not isinstance(given, Value):
            message = f"paths: expected a Value, got {given!r} ({type(given).__name__})"
            raise TypeError(message)
        if isinstance(given, Constant):
            message = f"paths: {given!r} is a constant: no gradient flows from it or to it"
            raise ValueError(message)  # noqa: TRY004 - a constant is a Value like any other
    return Paths(y, x, Names(y))


class Paths:
    """The paths from ``y`` to ``x``; iterating lists them, the largest products first."""

    def __init__(self, y: Value, x: Value, names: Names) -> None:
        """Keep both ends; nothing is searched yet."""
        self.y = y
        self.x = x
        self.names = names

    @property
    def count(self) -> int:
        """How many there are, exactly."""
        with LOCK:
            order = sweep(self.y, 1, 0, ones)
            return next((int(node._adjoint) for node in order if node is self.x), 0)

    @cached_property
    def nodes(self) -> set[Value]:
        """All Values that lie on a path."""
        return set(self._best())

    @property
    def total(self) -> Any:
        """The sum of their products, which is the gradient."""
        return grad(self.y, self.x)

    def __iter__(self) -> Iterator[Path]:
        """Yield the paths, those with the largest products first.

        A path is followed from ``y`` on; of all that have begun the one that can still become the
        largest goes on, and of several the one that began last. How large it can become is known
        from the other end: an edge that keeps to the largest way on loses nothing.
        """
        best = self._best()
        if self.y not in best:
            return
        turn = count(0, -1)
        begun = [(-best[self.y], next(turn), Stretch(self.y))]
        while begun:
            size, _, stretch = heapq.heappop(begun)
            node = stretch.node
            if node is self.x:
                yield Path(self.names, *stretch.unrolled())
                continue
            edges: list[tuple[Any, Any]] = [*zip(node.args, node.partials, strict=True)]
            for position, (arg, partial) in reversed([*enumerate(edges)]):
                if partial is not None and arg in best:
                    kept = abs(float(partial)) * best[arg] / best[node] if best[node] else 1.0
                    longer = Stretch(arg, stretch, partial, position)
                    heapq.heappush(begun, (size * kept, next(turn), longer))

    def _best(self) -> dict[Value, float]:
        """Return for each node that leads to ``x`` the size of the largest product on the way."""
        best: dict[Value, float] = {}
        for node in reversed(ancestors(self.y)):
            if node is self.x:
                best[node] = 1.0
                continue
            edges: list[tuple[Any, Any]] = [*zip(node.args, node.partials, strict=True)]
            sizes = [
                abs(float(partial)) * best[arg]
                for arg, partial in edges
                if partial is not None and arg in best
            ]
            if sizes:
                best[node] = max(sizes)
        return best

    def draw(self, most: int = len(COLOURS), **options: Any) -> Picture:
        """Return the graph with the largest paths, each in its colour; options as of ``draw``."""
        return draw_paths(self.largest(most), options, self.y)

    def largest(self, n: int) -> list[Path]:
        """Return the n paths with the largest products, or all if there are fewer."""
        return list(islice(self, n))

    def __repr__(self) -> str:
        """Return the largest paths, how many are left, and the sum."""
        listed, n = self.largest(SHOWN), self.count
        begin, end = self.names[self.y], self.names.of.get(self.x, self.x.label or "x")
        lines = [f"{n} path{'s' * (n != 1)} from {begin} to {end}"]
        lines += [f"  {path}" for path in listed]
        if n > len(listed):
            lines.append(f"  … and {n - len(listed)} more")
        derivative = TEXT.derivative(begin, end)
        terms = " + ".join(factor(path.product) if i else number(path.product)
                           for i, path in enumerate(listed))  # fmt: skip
        if n > len(listed) > 0:
            terms += " + …"
        total = number(self.total)
        lines.append(f"{derivative} = {terms} = {total}" if n > 1 else f"{derivative} = {total}")
        return "\n".join(lines)


class Stretch(NamedTuple):
    """The beginning of a path, as a chain of what came before."""

    node: Value
    before: Stretch | None = None
    partial: Any = None
    position: int = 0

    def unrolled(self) -> tuple[list[Value], list[Any], list[int]]:
        """Return the nodes from the first to this one, and derivatives and positions between."""
        chain = [self]
        while chain[-1].before is not None:
            chain.append(chain[-1].before)
        chain.reverse()
        later = chain[1:]
        nodes = [stretch.node for stretch in chain]
        return nodes, [s.partial for s in later], [s.position for s in later]


@dataclass(frozen=True)
class Path:
    """One path, and the local derivatives along it."""

    names: Names
    nodes: list[Value]
    """From the first Value to the last."""
    factors: list[Any]
    """The local derivative of each node with respect to the next."""
    positions: list[int]
    """Which argument of each node the next one is, counted from 0."""

    @property
    def product(self) -> Any:
        """What the path contributes to the gradient."""
        return math.prod(self.factors)

    @property
    def formula(self) -> str:
        """The chain of derivatives in full."""
        return self.chain(self.nodes)

    def chain(self, nodes: list[Value]) -> str:
        """Return a chain of derivatives from each node to the next."""
        return " · ".join(self.links(nodes)) or "1"

    def links(self, nodes: list[Value]) -> list[str]:
        """Return the derivative of each node with respect to the next."""
        names = [self.names[node] for node in nodes]
        return [TEXT.derivative(of, by) for of, by in pairwise(names)]

    def compressed(self, *at: Value) -> str:
        """Return the chain with all factors between given nodes as one (D4).

        Left out, it is the last link apart from all before it.

        >>> x = Value(0.5, label="x")
        >>> h = x.tanh()
        >>> h.label = "h"
        >>> y = 3 * h * h.exp()
        >>> y.label = "y"
        >>> [path.compressed(h) for path in paths(y, x)]
        ['∂y/∂h · ∂h/∂x = 4.762 · 0.7864 = 3.745', '∂y/∂h · ∂h/∂x = 2.201 · 0.7864 = 1.731']
        """
        ends = {self.nodes[0], *(at or self.nodes[-2:-1]), self.nodes[-1]}
        missing = ends - set(self.nodes)
        if missing:
            message = f"compressed: {missing.pop()!r} is not on the path {self.formula}"
            raise ValueError(message)
        kept = [i for i, node in enumerate(self.nodes) if node in ends]
        parts = [math.prod(self.factors[i:j]) for i, j in pairwise(kept)]
        return self.equation([self.nodes[i] for i in kept], parts)

    def equation(self, nodes: list[Value], parts: list[Any]) -> str:
        """Return a chain with its numbers and their product; of a long one both ends."""
        formula = " · ".join(ends(nodes, self.links)) or "1"
        numbers = ends(parts, lambda some: list(map(factor, some)))
        numbers[:1] = map(number, parts[:1])
        several = [" · ".join(numbers)] if len(parts) > 1 else []
        return " = ".join([formula, *several, number(self.product)])

    def draw(self, **options: Any) -> Picture:
        """Return the graph with this path in colour; options are those of ``draw``."""
        return draw_paths([self], options)

    def __str__(self) -> str:
        """Return the chain with its numbers and their product."""
        return self.equation(self.nodes, self.factors)


def ends(items: list[Any], write: Callable[[list[Any]], list[str]]) -> list[str]:
    """Return what is written of items; of very many only of the first and the last.

    >>> ends(list(range(100)), lambda some: [str(i) for i in some])[11:14]
    ['11', '…', '88']
    """
    if len(items) <= 2 * LINKS:
        return write(items)
    return [*write(items[:LINKS]), "…", *write(items[-LINKS:])]


def draw_paths(found: list[Path], options: dict[str, Any], root: Value | None = None) -> Picture:
    """Return the graph behind a root with paths in colour."""
    highlight: dict[tuple[Value, int], list[str]] = {}
    for path, colour in zip(found, cycle(COLOURS), strict=False):
        for node, position in zip(path.nodes, path.positions, strict=False):
            highlight.setdefault((node, position), []).append(colour)
    return draw(found[0].nodes[0] if root is None else root, highlight=highlight, **options)


def ones(node: Value) -> tuple[Any, Any]:
    """Return 1 for every partial of a node, in the way that it stores them."""
    dx, dy = node._dx, node._dy
    if type(dx) is tuple:
        return tuple(None if partial is None else 1 for partial in dx), None
    return None if dx is None else 1, None if dy is None else 1
