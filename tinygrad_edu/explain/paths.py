"""The paths of the chain rule: all ways from a Value to one that it depends on (A10, D4, D6).

>>> from tinygrad_edu import Value
>>> a = Value(3.0, label="a")
>>> b, c = a * a, 2 * a
>>> b.label, c.label = "b", "c"
>>> y = b * c
>>> y.label = "y"
>>> paths(y, a)
3 paths from y to a
  ∂y/∂b · ∂b/∂a (1st) = 6 · 3 = 18
  ∂y/∂b · ∂b/∂a (2nd) = 6 · 3 = 18
  ∂y/∂c · ∂c/∂a = 9 · 2 = 18
∂y/∂a = 18 + 18 + 18 = 54
"""

from __future__ import annotations

import heapq
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count, cycle, islice, pairwise
from typing import Any, NamedTuple, TypeAlias, overload

from tinygrad_edu.drawing import Picture, draw
from tinygrad_edu.engine import adjoints, ancestors
from tinygrad_edu.explain.passes import Listing, require_unchanged
from tinygrad_edu.formulas.board import Board
from tinygrad_edu.formulas.labels import as_text
from tinygrad_edu.formulas.markup import DIGITS, LATEX, TEXT, Markup
from tinygrad_edu.formulas.names import Names
from tinygrad_edu.gradient import grad
from tinygrad_edu.recorder import stored
from tinygrad_edu.support.given import require_value
from tinygrad_edu.support.showing import Printed
from tinygrad_edu.value import Constant, Value

__all__ = ["Path", "Paths", "paths"]

PathEdge: TypeAlias = "tuple[int, Value, Any]"  # position, argument, partial

SHOWN_PATHS = 10  # paths that a report lists
END_LINKS = 12  # links that are written at each end of a long chain
MOST_LISTED = 100_000  # paths that may be listed before the one that is needed
MOST_DIGITS = 100  # digits of a count that is written out; a longer count becomes a power
MISSING: Any = None  # stands for a missing argument, so that the error can say what to write
COLOURS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7")  # distinct for people who are colour-blind


def paths(y: Value, x: Value = MISSING) -> Paths:
    """Return all paths from ``y`` back to ``x``, sorted by the size of their products.

    ``paths(y, x)[0]`` is the path with the largest product. Paths are searched only when they are
    needed, and counted without being listed, because an expression may have 2^300 of them.

    If an operation has the same argument twice, there is a path through each: ``a * a`` has a first
    and a second path to ``a``. If a node depends on an argument through other arguments, too, its
    local derivative with respect to that argument is called direct.

    Args:
        y: the Value at which the paths begin, for example a loss.
        x: the Value at which they end.

    Raises TypeError if ``y`` or ``x`` is not a Value, ValueError if one of them is a constant, and
    RuntimeError if data were changed after the forward pass.

    >>> x = Value(1.0, label="x")
    >>> y = x
    >>> for _ in range(300):
    ...     y = y + y
    >>> paths(y, x).count == 2**300
    True
    """
    return Paths(y, x, checked_names("paths", y, x))


def checked_names(name: str, y: Value, x: Value) -> Names:
    """Return the names of the graph of ``y``, after checking both arguments of function ``name``.

    The errors are those of :func:`paths`; their messages start with ``name``.
    """
    require_value(f"{name}({{}}, w)", y)
    if x is MISSING:
        message = f"{name}: the second Value is missing: write {name}(loss, w)"
        raise TypeError(message)
    require_value(f"{name}(loss, {{}})", x)
    for given in (y, x):
        if isinstance(given, Constant):
            message = f"{name}: {given!r} is a constant: no gradient flows from it or to it"
            raise ValueError(message)  # noqa: TRY004 - a constant is a Value, too
    require_unchanged(name, ancestors(y))
    return Names(y)


# --- edges ----------------------------------------------------------------------------------------


def path_edges(node: Value) -> list[PathEdge]:
    """Return the edges from a node to its arguments: position, argument and partial."""
    pairs: list[tuple[Any, Any]] = [*zip(node.args, node.partials, strict=True)]
    return [(k, arg, partial) for k, (arg, partial) in enumerate(pairs) if partial is not None]


def merged_edges(node: Value) -> list[PathEdge]:
    """Return one edge to each argument; the partials of an argument used twice are added.

    >>> x = Value(3.0)
    >>> [partial for _, _, partial in merged_edges(x * x)]
    [6.0]
    """
    merged: dict[Value, PathEdge] = {}
    for position, arg, partial in path_edges(node):
        before = merged.get(arg)
        merged[arg] = (before[0], arg, before[2] + partial) if before else (position, arg, partial)
    return list(merged.values())


# --- all paths ------------------------------------------------------------------------------------


class Paths(Printed):
    """The paths from ``y`` to ``x``; an iteration yields the largest products first."""

    def __init__(
        self,
        y: Value,
        x: Value,
        names: Names,
        edges: Callable[[Value], list[PathEdge]] = path_edges,
    ) -> None:
        """Keep both ends and the function that gives the edges of a node; search nothing yet."""
        self.y = y
        self.x = x
        self.names = names
        self.edges = edges

    @property
    def count(self) -> int:
        """The exact number of paths."""
        return int(adjoints(self.y, 1, 0, self._ones).get(self.x, 0))

    def _ones(self, node: Value) -> tuple[Any, Any]:
        """Return 1 in place of the partial of each edge, in the form that the engine needs."""
        positions = {position for position, _, _ in self.edges(node)}
        ones = [None if d is None else int(k in positions) for k, d in enumerate(node.partials)]
        return stored(node, ones)

    @cached_property
    def nodes(self) -> set[Value]:
        """All Values on the paths."""
        return set(self._best())

    @property
    def total(self) -> Any:
        """The sum of the products of all paths, which is the gradient."""
        return grad(self.y, self.x)

    def __iter__(self) -> Iterator[Path]:
        """Yield the paths, those with the largest products first.

        This is a best-first search from ``y``. A heap holds the beginnings of paths; the next one
        to be continued is the one whose product can become largest, and the newest of equal ones.
        The bound comes from the other end: ``best`` has the largest product from each node to
        ``x``, and each edge lowers the bound of its path by the factor it loses against the best
        edge.
        """
        best = self._best()
        if self.y not in best:
            return
        turn = count(0, -1)  # smaller for a newer beginning, which the heap returns first
        begun = [(-best[self.y], next(turn), Stretch(self.y))]
        while begun:
            size, _, stretch = heapq.heappop(begun)
            node = stretch.node
            if node is self.x:
                yield Path(self.names, *stretch.unrolled())
                continue
            for position, arg, partial in reversed(self.edges(node)):
                if arg in best:
                    kept = abs(float(partial)) * best[arg] / best[node] if best[node] else 1.0
                    longer = Stretch(arg, stretch, partial, position)
                    heapq.heappush(begun, (size * kept, next(turn), longer))

    @overload
    def __getitem__(self, index: int) -> Path: ...
    @overload
    def __getitem__(self, index: slice) -> Listing[Path]: ...
    def __getitem__(self, index: int | slice) -> Path | Listing[Path]:
        n = self.count
        try:
            wanted = range(n)[index]
        except IndexError:
            message = (
                f"paths: there is no path {index}, counted from 0; there are {count_as_text(n)}"
            )
            raise IndexError(message) from None
        places = wanted if isinstance(wanted, range) else range(wanted, wanted + 1)
        furthest = max(places[0], places[-1]) if places else -1
        if furthest >= MOST_LISTED:
            message = (
                f"paths: {count_as_text(furthest)} larger paths must be listed before this one; "
                f"take one of the first {MOST_LISTED}"
            )
            raise ValueError(message)
        listed = self.largest(furthest + 1)
        return Listing([listed[i] for i in places]) if isinstance(index, slice) else listed[-1]

    def _best(self) -> dict[Value, float]:
        """Return the size of the largest product from each node to ``x``, if there is a path."""
        best: dict[Value, float] = {}
        for node in reversed(ancestors(self.y)):
            if node is self.x:
                best[node] = 1.0
                continue
            sizes = [abs(float(d)) * best[arg] for _, arg, d in self.edges(node) if arg in best]
            if sizes:
                best[node] = max(sizes)
        return best

    def draw(self, most: int = len(COLOURS), **options: Any) -> Picture:
        """Return a picture of the graph in which each of the largest paths has a colour.

        Args:
            most: the number of paths in colour.
            options: the options of :func:`~tinygrad_edu.draw`.
        """
        require_path_count("draw", most)
        return draw_paths(self.largest(most), options, self.y)

    def largest(self, n: int) -> Listing[Path]:
        """Return the n paths with the largest products, or all paths if there are fewer.

        Raises TypeError if ``n`` is not a number, and ValueError if it is negative or not whole.
        """
        require_path_count("largest", n)
        return Listing(islice(self, n))

    def __repr__(self) -> str:
        """Return the largest paths, the number of further paths, and the sum."""
        listed, n = self.largest(SHOWN_PATHS), self.count
        begin, end = self._names()
        lines = [f"{count_as_text(n)} path{'s' * (n != 1)} from {begin} to {end}"]
        lines += [f"  {path!r}" for path in listed]
        if n > len(listed):
            lines.append(f"  … and {count_as_text(n - len(listed))} more")
        return "\n".join([*lines, " = ".join(self._sum(listed, n, TEXT))])

    @property
    def latex(self) -> str:
        """The largest paths and the sum as LaTeX, an ``aligned`` environment."""
        listed, n = self.largest(SHOWN_PATHS), self.count
        rows = [path.latex.replace(" = ", " &= ", 1) for path in listed]
        if n > len(listed):
            more = re.sub(r"(\d+)\^(\d+)", r"$\1^{\2}$", count_as_text(n - len(listed)))
            rows.append(rf"&\dots \text{{ and {more} more}}")
        left, *rights = self._sum(listed, n, LATEX)
        rows.append(f"{left} &= {' = '.join(rights)}")
        return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"

    def _repr_latex_(self) -> str:
        return f"$$\n{self.latex}\n$$"

    def _names(self) -> tuple[str, str]:
        """Return the names of both ends."""
        return self.names[self.y], self.names.get(self.x, as_text(self.x.label) or "x")

    def _sum(self, listed: Sequence[Path], n: int, markup: Markup) -> list[str]:
        """Return the sides of the equation that adds up n paths, with the terms of some."""
        terms = [markup.factor(path.product, DIGITS, leads=not i)
                 for i, path in enumerate(listed)]  # fmt: skip
        terms += [r"\dots" if markup is LATEX else "…"] * (n > len(listed))
        added = [" + ".join(terms)] if n > 1 else []
        return [markup.derivative(*self._names()), *added, markup.number(self.total, DIGITS)]


def count_as_text(n: int) -> str:
    """Return a number of paths as text; a number with very many digits becomes a power.

    >>> count_as_text(12), count_as_text(2**15000), count_as_text(3**10000)
    ('12', '2^15000', 'about 10^4771')
    """
    if n < 10**MOST_DIGITS:
        return str(n)
    power = n.bit_length() - 1
    return f"2^{power}" if n == 1 << power else f"about 10^{round(math.log10(n))}"


def require_path_count(name: str, n: object) -> None:
    """Raise TypeError or ValueError unless ``n`` is a whole number of at least 0."""
    if not isinstance(n, int) or n < 0:
        kind = ValueError if isinstance(n, int | float) else TypeError
        message = f"{name}: expected a whole number of paths, at least 0, got {n!r}"
        raise kind(message)


class Stretch(NamedTuple):
    """The beginning of a path: its last node, and the stretch up to the node before it."""

    node: Value
    before: Stretch | None = None
    partial: Any = None
    position: int = 0

    def unrolled(self) -> tuple[list[Value], list[Any], list[int]]:
        """Return the nodes from the first to the last, and the partials and positions between."""
        chain = [self]
        while chain[-1].before is not None:
            chain.append(chain[-1].before)
        chain.reverse()
        later = chain[1:]
        nodes = [stretch.node for stretch in chain]
        return nodes, [s.partial for s in later], [s.position for s in later]


# --- one path -------------------------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class Path(Printed):
    """A path with the local derivatives along it; it shows itself as an equation."""

    names: Names
    nodes: list[Value]
    """From the first Value to the last."""
    factors: list[Any]
    """The local derivative of each node with respect to the next."""
    positions: list[int]
    """For each node except the last, the position of the argument that comes next, from 0."""

    @property
    def product(self) -> Any:
        """The product of the factors, which is the contribution of this path to the gradient."""
        return math.prod(self.factors)

    @property
    def formula(self) -> str:
        """The chain of all local derivatives, by name."""
        board = Board(self.names)
        return " · ".join(self.link(i, j, board) for i, j in pairwise(self._places())) or "1"

    def link(self, i: int, j: int, board: Board) -> str:
        """Return the name of the derivative of one node with respect to a later one on the path.

        If other paths join the two nodes, the name says that only this path is meant.
        """
        of, wrt = self.nodes[i], self.nodes[j]
        if j == i + 1:
            return board.local(of, wrt, self.positions[i])
        if Paths(of, wrt, self.names).count > 1:
            return board.markup.local(self.names[of], self.names[wrt], "this path")
        return board.d(of, wrt)

    def compressed(self, *at: Value) -> str:
        """Return the chain with one factor between any two neighbours among given nodes (D4).

        Without nodes, there are two factors: the last local derivative, and all the others.

        Raises ValueError if a node is not on the path.

        >>> x = Value(0.5, label="x")
        >>> h = x.tanh()
        >>> h.label = "h"
        >>> y = 3 * h * h.exp()
        >>> y.label = "y"
        >>> print(paths(y, x)[0].compressed(h))
        ∂y/∂h (this path) · ∂h/∂x = 4.762 · 0.7864 = 3.745
        """
        ends = {self.nodes[0], *(at or self.nodes[-2:-1]), self.nodes[-1]}
        missing = ends - set(self.nodes)
        if missing:
            message = f"compressed: {missing.pop()!r} is not on the path {self.formula}"
            raise ValueError(message)
        return self.equation([i for i, node in enumerate(self.nodes) if node in ends])

    def equation(self, places: Sequence[int], markup: Markup = TEXT) -> str:
        """Return the chain between the nodes at some places, with its numbers and their product.

        If the chain is long, only both ends are written.
        """
        board = Board(self.names, markup)
        links = list(pairwise(places))
        parts = [math.prod(self.factors[i:j]) for i, j in links]
        formula = both_ends(links, lambda some: [self.link(i, j, board) for i, j in some])
        numbers = both_ends(parts, lambda some: [board.factor(x) for x in some])
        numbers[:1] = [board.number(x) for x in parts[:1]]
        several = [markup.times.join(numbers)] if len(parts) > 1 else []
        return " = ".join([markup.times.join(formula) or "1", *several, board.number(self.product)])

    def draw(self, **options: Any) -> Picture:
        """Return a picture of the graph with this path in colour.

        Args:
            options: the options of :func:`~tinygrad_edu.draw`.
        """
        return draw_paths([self], options)

    @property
    def latex(self) -> str:
        """The chain with its numbers and their product as LaTeX."""
        return self.equation(self._places(), LATEX)

    def _repr_latex_(self) -> str:
        return f"$$\n{self.latex}\n$$"

    def __repr__(self) -> str:
        """Return the chain with its numbers and their product."""
        return self.equation(self._places())

    def _places(self) -> range:
        return range(len(self.nodes))


def both_ends(items: list[Any], write: Callable[[list[Any]], list[str]]) -> list[str]:
    """Return items as ``write`` writes them; if there are many, only the first and the last.

    >>> both_ends(list(range(100)), lambda some: [str(i) for i in some])[11:14]
    ['11', '…', '88']
    """
    if len(items) <= 2 * END_LINKS:
        return write(items)
    return [*write(items[:END_LINKS]), "…", *write(items[-END_LINKS:])]


def draw_paths(found: list[Path], options: dict[str, Any], root: Value | None = None) -> Picture:
    """Return a picture of the graph of a root with some paths in colour."""
    highlight: dict[tuple[Value, int], list[str]] = {}
    for path, colour in zip(found, cycle(COLOURS), strict=False):
        for node, position in zip(path.nodes, path.positions, strict=False):
            highlight.setdefault((node, position), []).append(colour)
    return draw(found[0].nodes[0] if root is None else root, highlight=highlight, **options)
