"""A plain layered layout of our own, for where no Graphviz can run: in a browser, above all.

After K. Sugiyama, S. Tagawa and M. Toda, "Methods for visual understanding of hierarchical system
structures" (1981): everything stands just before what it leads to; each layer is put into an order
with few crossings, and then moved to where its edges are nearly straight. An edge has a place of
its own in every layer that it passes, and so has its label, so that nothing covers anything else.
Time grows with the number of these places.
"""

from __future__ import annotations

import math
from bisect import bisect_right, insort
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeAlias

Look: TypeAlias = "dict[str, str]"
Point: TypeAlias = "tuple[float, float]"
Row: TypeAlias = "list[Cell]"

BESIDE, BETWEEN, CLIMB = 9.0, 16.0, 0.15
"""Points from node to node, from layer to layer, and more there for each that an edge climbs."""
SWEEPS = 24


@dataclass(eq=False)
class Cell:
    """A place around a middle: of a node, of a label, or of an edge that passes a layer."""

    width: float
    height: float
    look: Look = field(default_factory=dict)
    layer: int = 0
    x: float = 0.0
    y: float = 0.0
    before: list[Cell] = field(default_factory=list)
    after: list[Cell] = field(default_factory=list)

    @property
    def is_round(self) -> bool:
        """Whether it is a circle: arrows reach it from above and below, too."""
        return self.look.get("shape") == "circle"

    @property
    def pull(self) -> int:
        """How strongly it holds its neighbours: edges that pass a layer should be straight."""
        return 1 if self.look else 8


@dataclass(eq=False)
class Edge:
    """An edge, with the cells from its left end to its right end; a turned one points left."""

    tail: Cell
    head: Cell
    look: Look
    label: Cell | None = None
    turned: bool = False
    cells: list[Cell] = field(default_factory=list)
    curve: list[Point] = field(default_factory=list)
    """Where it starts; then for each cubic curve two points to steer by, and where it ends."""


def arrange(nodes: Iterable[Cell], edges: list[Edge]) -> None:
    """Give nodes and labels their places, from left to right, and edges their curves.

    >>> a, b = Cell(40, 20), Cell(40, 20)
    >>> arrange([a, b], [Edge(a, b, {})])
    >>> a.x, b.x, a.y == b.y
    (36.0, 92.0, True)
    """
    nodes = list(nodes)
    set_layers(nodes, edges)
    rows = with_few_crossings(threaded(nodes, edges))
    straighten(rows)
    bounds = columns(rows)
    for edge in edges:
        edge.curve = curve(edge, bounds)


def set_layers(nodes: list[Cell], edges: list[Edge]) -> None:
    """Put each node into a layer, by the longest way from it to an end.

    An edge leads to a later layer, two on if it has a label. Where edges lead round in a circle,
    one of them is turned.
    """
    at: dict[Cell, list[Edge]] = defaultdict(list)
    to_come = Counter(edge.tail for edge in edges)
    for edge in edges:
        at[edge.tail].append(edge)
        at[edge.head].append(edge)
    from_end = dict.fromkeys(nodes, 0)
    done: set[Cell] = set()
    for start in sorted(nodes, key=lambda cell: to_come[cell] > 0):
        ready = [] if start in done else [start]
        while ready:
            cell = ready.pop()
            done.add(cell)
            for edge in at[cell]:
                other = edge.tail if cell is edge.head else edge.head
                if other in done:
                    continue
                edge.turned = cell is edge.tail
                from_end[other] = max(from_end[other], from_end[cell] + 1 + bool(edge.label))
                to_come[other] -= not edge.turned
                if not edge.turned and not to_come[other]:
                    ready.append(other)
    last = max(from_end.values(), default=0)
    for cell in nodes:
        cell.layer = last - from_end[cell]


def threaded(nodes: list[Cell], edges: list[Edge]) -> list[Row]:
    """Thread the edges through the layers; return these, in the order of a walk from the ends."""
    for edge in edges:
        left, right = (edge.head, edge.tail) if edge.turned else (edge.tail, edge.head)
        passed = [Cell(0, 0, layer=layer) for layer in range(left.layer + 1, right.layer)]
        if edge.label:
            edge.label.layer = right.layer - 1
            passed[-1] = edge.label
        edge.cells = [left, *passed, right]
        for cell, following in pairwise(edge.cells):
            cell.after.append(following)
            following.before.append(cell)
    rows: dict[int, Row] = defaultdict(list)
    stack = [cell for cell in reversed(nodes) if not cell.after]
    done: set[Cell] = set()
    while stack:
        cell = stack.pop()
        if cell not in done:
            done.add(cell)
            rows[cell.layer].append(cell)
            stack.extend(reversed(cell.before))
    return [rows[layer] for layer in sorted(rows)]


def with_few_crossings(rows: list[Row]) -> list[Row]:
    """Return the layers in a better order: each cell near the mean of those it is joined to."""
    best, fewest = rows, crossings(rows)
    for sweep in range(SWEEPS):
        spot = {cell: float(i) for row in rows for i, cell in enumerate(row)}
        rows = [list(row) for row in rows]
        for row in rows if sweep % 2 else reversed(rows):
            for cell in row:
                if joined := cell.before if sweep % 2 else cell.after:
                    spot[cell] = sum(spot[other] for other in joined) / len(joined)
            row.sort(key=spot.__getitem__)
            spot.update((cell, float(i)) for i, cell in enumerate(row))
        if (found := crossings(rows)) < fewest:
            best, fewest = rows, found
    return best


def crossings(rows: list[Row]) -> int:
    """Return how many pairs of edges cross."""
    total = 0
    for row, following in pairwise(rows):
        spot = {cell: i for i, cell in enumerate(following)}
        ends: list[int] = []
        for cell in row:
            here = [spot[other] for other in cell.after]
            total += sum(len(ends) - bisect_right(ends, end) for end in here)
            for end in here:
                insort(ends, end)
    return total


def straighten(rows: list[Row]) -> None:
    """Move the cells of each layer, in their order, to where their edges are nearly straight."""
    for row in rows:
        settle(row, [0.0] * len(row))
    for sweep in range(SWEEPS):
        forth, both = sweep % 2, sweep >= SWEEPS - 2
        for row in rows if forth else reversed(rows):
            wanted = []
            for cell in row:
                joined = cell.before + cell.after if both else cell.before if forth else cell.after
                pull = sum(other.pull for other in joined)
                mean = sum(other.y * other.pull for other in joined) / (pull or 1)
                wanted.append(mean if joined else cell.y)
            settle(row, wanted)


def settle(row: Row, wanted: list[float]) -> None:
    """Put the cells of a layer as near to where they are wanted as their order and room allow.

    So that the squares of the distances are least: cells that would overlap move as one block, to
    the mean of what they want (isotonic regression, by pooling adjacent violators).

    >>> row = [Cell(40, 20), Cell(40, 20), Cell(40, 20)]
    >>> settle(row, [0, 0, 100])
    >>> [cell.y for cell in row]
    [-14.5, 14.5, 100.0]
    """
    blocks: list[tuple[float, int, Row]] = []  # how far to move, with what weight, whom
    end = 0.0
    for cell, y in zip(row, wanted, strict=True):
        cell.y = end + cell.height / 2
        end += cell.height + BESIDE
        shift, weight, cells = y - cell.y, cell.pull, [cell]
        while blocks and blocks[-1][0] > shift:
            its_shift, its_weight, its_cells = blocks.pop()
            shift = (shift * weight + its_shift * its_weight) / (weight + its_weight)
            weight, cells = weight + its_weight, its_cells + cells
        blocks.append((shift, weight, cells))
    for shift, _, cells in blocks:
        for cell in cells:
            cell.y += shift


def columns(rows: list[Row]) -> list[Point]:
    """Put the layers one beside the other; return where each begins and ends."""
    bounds: list[Point] = []
    x = 0.0
    for row in rows:
        climbs = [abs(cell.y - other.y) for cell in row for other in cell.before]
        x += BETWEEN + CLIMB * max(climbs, default=0.0)
        width = max(cell.width for cell in row)
        for cell in row:
            cell.x = x + (cell.width if cell.is_round else width) / 2
        bounds.append((x, x + width))
        x += width
    return bounds


def curve(edge: Edge, bounds: list[Point]) -> list[Point]:
    """Return the curve of an edge: level through each layer, and bent in between."""
    left, *passed, right = edge.cells
    points = [(left.x + left.width / 2, left.y)]

    def go(x: float, y: float, bend: Point | None = None) -> None:
        """Go on to a point; level at first and, if there is no other bend, level at the end."""
        last_x, last_y = points[-1]
        if x - last_x > 1e-6:  # or else it is here already, but for rounding
            middle = (last_x + x) / 2
            points.extend([(middle, last_y), bend or (middle, y), (x, y)])

    for cell in (left, *passed):
        start, end = bounds[cell.layer]
        go(start, cell.y)
        go(end, cell.y)
    if right.is_round:
        touch, bend = on_circle(right, *points[-1])
        go(*touch, bend)
    else:
        go(bounds[right.layer][0], right.y)
        go(right.x - right.width / 2, right.y)
    return points[::-1] if edge.turned else points


def on_circle(circle: Cell, x: float, y: float) -> tuple[Point, Point]:
    """Return where an edge from a point meets a circle, and a point outside to steer it by."""
    rise = max(-1.0, min(1.0, (y - circle.y) / (circle.x - x)))
    across, down = -1 / math.hypot(1, rise), rise / math.hypot(1, rise)
    radius = circle.width / 2
    far = radius + (circle.x - radius - x) / 2
    touch, bend = ((circle.x + r * across, circle.y + r * down) for r in (radius, far))
    return touch, bend
