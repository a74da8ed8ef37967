"""The paths of the chain rule: every way from a Value to one behind it (A10, D4, D6).

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
from tinygrad_edu.explain.passes import Lines, require_unchanged
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

Edge: TypeAlias = "tuple[int, Value, Any]"  # position, argument, partial

SHOWN = 10  # paths that a table lists
LINKS = 12  # of a long chain that are written, from either end
LISTED = 100_000  # paths that are listed for the sake of one
LONGEST = 100  # digits that a count may have to be written out
MISSING: Any = None  # an argument that was left out, so that the error can say what to write
COLOURS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7")  # people with any colour vision tell these


def paths(y: Value, x: Value = MISSING) -> Paths:
    """Return all paths from a Value back to one behind it, the largest products first.

    They are found as they are asked for, and counted without being listed: an expression may have
    2^300 of them. Of two arguments that are the same Value each is a path: ``a * a`` has a first
    and a second one to ``a``. A derivative by an argument that lies behind other arguments, too, is
    called the direct one. ``paths(y, x)[0]`` is the path with the largest product.

    Args:
        y: where the paths begin, a loss for example.
        x: where they end.

    Raises TypeError for what is not a Value, ValueError for a constant, to which no path leads, and
    RuntimeError where data were changed after the forward pass.

    >>> x = Value(1.0, label="x")
    >>> y = x
    >>> for _ in range(300):
    ...     y = y + y
    >>> paths(y, x).count == 2**300
    True
    """
    return Paths(y, x, checked_names("paths", y, x))


def checked_names(name: str, y: Value, x: Value) -> Names:
    """Return the names behind ``y``; raise the errors of the function that is called so."""
    require_value(f"{name}({{}}, w)", y)
    if x is MISSING:
        message = f"{name}: say to which Value, as in {name}(loss, w)"
        raise TypeError(message)
    require_value(f"{name}(loss, {{}})", x)
    for given in (y, x):
        if isinstance(given, Constant):
            message = f"{name}: {given!r} is a constant: no gradient flows from it or to it"
            raise ValueError(message)  # noqa: TRY004 - a constant is a Value like any other
    require_unchanged(name, ancestors(y))
    return Names(y)


# --- edges ----------------------------------------------------------------------------------------


def edges(node: Value) -> list[Edge]:
    """Return the ways from a node to its arguments: each one's position, and the partial."""
    pairs: list[tuple[Any, Any]] = [*zip(node.args, node.partials, strict=True)]
    return [(k, arg, partial) for k, (arg, partial) in enumerate(pairs) if partial is not None]


def merged_edges(node: Value) -> list[Edge]:
    """Return one way to each argument, at the first of its positions: partials add up.

    >>> x = Value(3.0)
    >>> [partial for _, _, partial in merged_edges(x * x)]
    [6.0]
    """
    merged: dict[Value, Edge] = {}
    for position, arg, partial in edges(node):
        before = merged.get(arg)
        merged[arg] = (before[0], arg, before[2] + partial) if before else (position, arg, partial)
    return list(merged.values())


# --- all paths ------------------------------------------------------------------------------------


class Paths(Printed):
    """The paths from ``y`` to ``x``; iterating lists them, the largest products first."""

    def __init__(
        self, y: Value, x: Value, names: Names, edges: Callable[[Value], list[Edge]] = edges
    ) -> None:
        """Keep both ends; nothing is searched yet."""
        self.y = y
        self.x = x
        self.names = names
        self.edges = edges

    @property
    def count(self) -> int:
        """How many there are, exactly."""
        return int(adjoints(self.y, 1, 0, self._ones).get(self.x, 0))

    def _ones(self, node: Value) -> tuple[Any, Any]:
        """Return 1 for every way on from a node, as the engine takes its partials."""
        ways = {position for position, _, _ in self.edges(node)}
        ones = [None if d is None else int(k in ways) for k, d in enumerate(node.partials)]
        return stored(node, ones)

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
            for position, arg, partial in reversed(self.edges(node)):
                if arg in best:
                    kept = abs(float(partial)) * best[arg] / best[node] if best[node] else 1.0
                    longer = Stretch(arg, stretch, partial, position)
                    heapq.heappush(begun, (size * kept, next(turn), longer))

    @overload
    def __getitem__(self, index: int) -> Path: ...
    @overload
    def __getitem__(self, index: slice) -> Lines[Path]: ...
    def __getitem__(self, index: int | slice) -> Path | Lines[Path]:
        n = self.count
        try:
            wanted = range(n)[index]
        except IndexError:
            message = f"paths: there is no path {index}, counted from 0; there are {counted(n)}"
            raise IndexError(message) from None
        places = wanted if isinstance(wanted, range) else range(wanted, wanted + 1)
        furthest = max(places[0], places[-1]) if places else -1
        if furthest >= LISTED:
            message = f"paths: {counted(furthest)} larger ones would have to be listed before it"
            raise ValueError(message)
        listed = self.largest(furthest + 1)
        return Lines([listed[i] for i in places]) if isinstance(index, slice) else listed[-1]

    def _best(self) -> dict[Value, float]:
        """Return for each node that leads to ``x`` the size of the largest product on the way."""
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
        """Return the graph with the largest paths, each in its colour; options as of ``draw``."""
        require_whole("draw", most)
        return draw_paths(self.largest(most), options, self.y)

    def largest(self, n: int) -> Lines[Path]:
        """Return the n paths with the largest products, or all if there are fewer.

        Raises TypeError for what is not a whole number, ValueError for a negative one.
        """
        require_whole("largest", n)
        return Lines(islice(self, n))

    def __repr__(self) -> str:
        """Return the largest paths, how many are left, and the sum."""
        listed, n = self.largest(SHOWN), self.count
        begin, end = self._names()
        lines = [f"{counted(n)} path{'s' * (n != 1)} from {begin} to {end}"]
        lines += [f"  {path!r}" for path in listed]
        if n > len(listed):
            lines.append(f"  … and {counted(n - len(listed))} more")
        return "\n".join([*lines, " = ".join(self._sum(listed, n, TEXT))])

    @property
    def latex(self) -> str:
        """The largest paths and the sum as LaTeX, an ``aligned`` environment."""
        listed, n = self.largest(SHOWN), self.count
        rows = [path.latex.replace(" = ", " &= ", 1) for path in listed]
        if n > len(listed):
            more = re.sub(r"(\d+)\^(\d+)", r"$\1^{\2}$", counted(n - len(listed)))
            rows.append(rf"&\dots \text{{ and {more} more}}")
        left, *rights = self._sum(listed, n, LATEX)
        rows.append(f"{left} &= {' = '.join(rights)}")
        return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"

    def _repr_latex_(self) -> str:
        return f"$$\n{self.latex}\n$$"

    def _names(self) -> tuple[str, str]:
        """Return what both ends are called."""
        return self.names[self.y], self.names.get(self.x, as_text(self.x.label) or "x")

    def _sum(self, listed: Sequence[Path], n: int, markup: Markup) -> list[str]:
        """Return the sides of the equation that adds up n paths, of which some are listed."""
        terms = [markup.factor(path.product, DIGITS, leads=not i)
                 for i, path in enumerate(listed)]  # fmt: skip
        terms += [r"\dots" if markup is LATEX else "…"] * (n > len(listed))
        added = [" + ".join(terms)] if n > 1 else []
        return [markup.derivative(*self._names()), *added, markup.number(self.total, DIGITS)]


def counted(n: int) -> str:
    """Return a number of paths; one of very many digits as a power.

    >>> counted(12), counted(2**15000), counted(3**10000)
    ('12', '2^15000', 'about 10^4771')
    """
    if n < 10**LONGEST:
        return str(n)
    power = n.bit_length() - 1
    return f"2^{power}" if n == 1 << power else f"about 10^{round(math.log10(n))}"


def require_whole(name: str, n: object) -> None:
    """Raise an error if something is not a number of paths."""
    if not isinstance(n, int) or n < 0:
        kind = ValueError if isinstance(n, int | float) else TypeError
        message = f"{name}: expected a whole number of paths, at least 0, got {n!r}"
        raise kind(message)


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


# --- one path -------------------------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class Path(Printed):
    """One path, and the local derivatives along it; it shows itself as an equation."""

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
        board = Board(self.names)
        return " · ".join(self.link(i, j, board) for i, j in pairwise(self._places())) or "1"

    def link(self, i: int, j: int, board: Board) -> str:
        """Return what the derivative of a node with respect to a later one is called.

        Where other ways lead from one to the other, it is marked as a part of that derivative.
        """
        of, wrt = self.nodes[i], self.nodes[j]
        if j == i + 1:
            return board.local(of, wrt, self.positions[i])
        if Paths(of, wrt, self.names).count > 1:
            return board.markup.local(self.names[of], self.names[wrt], "this path")
        return board.d(of, wrt)

    def compressed(self, *at: Value) -> str:
        """Return the chain with all factors between given nodes as one (D4).

        Left out, it is the last link apart from all before it.

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
        """Return the chain between nodes with its numbers and their product.

        Of a long one both ends are written.
        """
        board = Board(self.names, markup)
        links = list(pairwise(places))
        parts = [math.prod(self.factors[i:j]) for i, j in links]
        formula = ends(links, lambda some: [self.link(i, j, board) for i, j in some])
        numbers = ends(parts, lambda some: [board.factor(x) for x in some])
        numbers[:1] = [board.number(x) for x in parts[:1]]
        several = [markup.times.join(numbers)] if len(parts) > 1 else []
        return " = ".join([markup.times.join(formula) or "1", *several, board.number(self.product)])

    def draw(self, **options: Any) -> Picture:
        """Return the graph with this path in colour; options are those of ``draw``."""
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
