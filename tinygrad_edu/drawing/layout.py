"""A simple layered layout for machines without Graphviz, such as a browser.

It follows K. Sugiyama, S. Tagawa and M. Toda, "Methods for visual understanding of hierarchical
system structures" (1981). Each node is put into a layer just before the nodes that it leads to;
each layer is put into an order with few crossings, and is then moved until its edges are nearly
straight. An edge has a place of its own in every layer that it passes, and so has its label, so
that nothing covers anything else. The running time grows with the number of these places.
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
Cells: TypeAlias = "list[Cell]"

NODE_GAP, LAYER_GAP = 9.0, 16.0
"""Points between the nodes of a layer, and between layers."""
EXTRA_GAP = 0.15
"""Points that are added between two layers for each point that an edge rises or falls there."""
SWEEPS = 24
"""How many times the layers are gone through, in alternating directions."""


@dataclass(eq=False)
class Cell:
    """A rectangle for a node, for a label, or for an edge where it passes a layer.

    Its centre is at x, y; all lengths are in points.
    """

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
        """Whether it is a circle, which arrows may also reach from above and below."""
        return self.look.get("shape") == "circle"

    @property
    def pull(self) -> int:
        """How strongly it pulls its neighbours; high where an edge passes, to keep it straight."""
        return 1 if self.look else 8


@dataclass(eq=False)
class LayoutEdge:
    """An edge, with the cells from its left end to its right end; if ``turned``, it points left."""

    tail: Cell
    head: Cell
    look: Look
    label: Cell | None = None
    turned: bool = False
    cells: list[Cell] = field(default_factory=list)
    curve: list[Point] = field(default_factory=list)
    """Its start; then, for each cubic Bézier curve, two control points and the end."""


def arrange(nodes: Iterable[Cell], edges: list[LayoutEdge]) -> None:
    """Set the places of nodes and labels, from left to right, and the curves of edges.

    >>> a, b = Cell(40, 20), Cell(40, 20)
    >>> arrange([a, b], [LayoutEdge(a, b, {})])
    >>> a.x, b.x, a.y == b.y
    (36.0, 92.0, True)
    """
    nodes = list(nodes)
    set_layers(nodes, edges)
    layers = with_few_crossings(split_into_layers(nodes, edges))
    straighten(layers)
    bounds = place_layers(layers)
    for edge in edges:
        edge.curve = curve_of(edge, bounds)


def set_layers(nodes: list[Cell], edges: list[LayoutEdge]) -> None:
    """Put each node into a layer, by the longest path from it to a node without outgoing edges.

    An edge leads to a later layer, and skips at least one layer if it has a label. In each cycle of
    edges, one edge is turned.
    """
    at: dict[Cell, list[LayoutEdge]] = defaultdict(list)
    outgoing = Counter(edge.tail for edge in edges)
    for edge in edges:
        at[edge.tail].append(edge)
        at[edge.head].append(edge)
    from_end = dict.fromkeys(nodes, 0)
    done: set[Cell] = set()
    for start in sorted(nodes, key=lambda cell: outgoing[cell] > 0):
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
                outgoing[other] -= not edge.turned
                if not edge.turned and not outgoing[other]:
                    ready.append(other)
    last = max(from_end.values(), default=0)
    for cell in nodes:
        cell.layer = last - from_end[cell]


def split_into_layers(nodes: list[Cell], edges: list[LayoutEdge]) -> list[Cells]:
    """Give each edge a cell in every layer that it passes, and return the layers.

    Cells of a layer are in the order of a depth-first walk from the nodes that lead nowhere.
    """
    for edge in edges:
        left, right = (edge.head, edge.tail) if edge.turned else (edge.tail, edge.head)
        passed = [Cell(0, 0, layer=i) for i in range(left.layer + 1, right.layer)]
        if edge.label:
            edge.label.layer = right.layer - 1
            passed[-1] = edge.label
        edge.cells = [left, *passed, right]
        for cell, following in pairwise(edge.cells):
            cell.after.append(following)
            following.before.append(cell)
    layers: dict[int, Cells] = defaultdict(list)
    stack = [cell for cell in reversed(nodes) if not cell.after]
    done: set[Cell] = set()
    while stack:
        cell = stack.pop()
        if cell not in done:
            done.add(cell)
            layers[cell.layer].append(cell)
            stack.extend(reversed(cell.before))
    return [layers[i] for i in sorted(layers)]


def with_few_crossings(layers: list[Cells]) -> list[Cells]:
    """Return the layers with each cell near the mean position of the cells it is joined to."""
    best, fewest = layers, crossings(layers)
    for sweep in range(SWEEPS):
        spot = {cell: float(i) for layer in layers for i, cell in enumerate(layer)}
        layers = [list(layer) for layer in layers]
        for layer in layers if sweep % 2 else reversed(layers):
            for cell in layer:
                if joined := cell.before if sweep % 2 else cell.after:
                    spot[cell] = sum(spot[other] for other in joined) / len(joined)
            layer.sort(key=spot.__getitem__)
            spot.update((cell, float(i)) for i, cell in enumerate(layer))
        if (found := crossings(layers)) < fewest:
            best, fewest = layers, found
    return best


def crossings(layers: list[Cells]) -> int:
    """Return how many pairs of edges cross."""
    total = 0
    for layer, following in pairwise(layers):
        spot = {cell: i for i, cell in enumerate(following)}
        ends: list[int] = []
        for cell in layer:
            here = [spot[other] for other in cell.after]
            total += sum(len(ends) - bisect_right(ends, end) for end in here)
            for end in here:
                insort(ends, end)
    return total


def straighten(layers: list[Cells]) -> None:
    """Move the cells of each layer, keeping their order, so that edges are nearly straight."""
    for layer in layers:
        settle(layer, [0.0] * len(layer))
    for sweep in range(SWEEPS):
        forth, both = sweep % 2, sweep >= SWEEPS - 2
        for layer in layers if forth else reversed(layers):
            wanted = []
            for cell in layer:
                joined = cell.before + cell.after if both else cell.before if forth else cell.after
                pull = sum(other.pull for other in joined)
                mean = sum(other.y * other.pull for other in joined) / (pull or 1)
                wanted.append(mean if joined else cell.y)
            settle(layer, wanted)


def settle(layer: Cells, wanted: list[float]) -> None:
    """Put the cells of a layer as near to the wanted places as their order and room allow.

    This minimises the sum of squared distances: cells that would overlap move as one block, to the
    mean of their wanted places (isotonic regression by pooling adjacent violators).

    >>> layer = [Cell(40, 20), Cell(40, 20), Cell(40, 20)]
    >>> settle(layer, [0, 0, 100])
    >>> [cell.y for cell in layer]
    [-14.5, 14.5, 100.0]
    """
    blocks: list[tuple[float, int, Cells]] = []  # (how far to move, weight, cells)
    end = 0.0
    for cell, y in zip(layer, wanted, strict=True):
        cell.y = end + cell.height / 2
        end += cell.height + NODE_GAP
        shift, weight, cells = y - cell.y, cell.pull, [cell]
        while blocks and blocks[-1][0] > shift:
            its_shift, its_weight, its_cells = blocks.pop()
            shift = (shift * weight + its_shift * its_weight) / (weight + its_weight)
            weight, cells = weight + its_weight, its_cells + cells
        blocks.append((shift, weight, cells))
    for shift, _, cells in blocks:
        for cell in cells:
            cell.y += shift


def place_layers(layers: list[Cells]) -> list[Point]:
    """Put the layers side by side; return the left and the right end of each."""
    bounds: list[Point] = []
    x = 0.0
    for layer in layers:
        rises = [abs(cell.y - other.y) for cell in layer for other in cell.before]
        x += LAYER_GAP + EXTRA_GAP * max(rises, default=0.0)
        width = max(cell.width for cell in layer)
        for cell in layer:
            cell.x = x + (cell.width if cell.is_round else width) / 2
        bounds.append((x, x + width))
        x += width
    return bounds


def curve_of(edge: LayoutEdge, bounds: list[Point]) -> list[Point]:
    """Return the curve of an edge: horizontal through each layer, and bent between layers."""
    left, *passed, right = edge.cells
    points = [(left.x + left.width / 2, left.y)]

    def go(x: float, y: float, bend: Point | None = None) -> None:
        """Add a curve to a point; it starts horizontally and, without ``bend``, ends so, too."""
        last_x, last_y = points[-1]
        if x - last_x > 1e-6:  # otherwise, the point is reached already, apart from rounding
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
    """Return where an edge from a point meets a circle, and a control point outside of it."""
    rise = max(-1.0, min(1.0, (y - circle.y) / (circle.x - x)))
    across, down = -1 / math.hypot(1, rise), rise / math.hypot(1, rise)
    radius = circle.width / 2
    far = radius + (circle.x - radius - x) / 2
    touch, bend = ((circle.x + r * across, circle.y + r * down) for r in (radius, far))
    return touch, bend
