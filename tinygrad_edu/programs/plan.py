"""Which operations run together: those of one kind at one depth, and sums of products as matrices.

Each node that varies has a row in one array, with a column for each example. Rows are numbered
group by group, so that one group can often read the results of another as a slice.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from tinygrad_edu.operation import Operation
from tinygrad_edu.programs.graph import Call, Dot, Graph, Sum, with_sums

__all__ = ["Grid", "Map", "Plan", "Total"]


class Map(NamedTuple):
    """One operation computed many times; ``operands`` has a list for each argument position."""

    op: Operation
    operands: list[list[int]]
    numbers: tuple[float | None, ...]
    """For each position: the fixed number that the rule may need to know, or None."""
    start: int
    """The row of the first result."""
    size: int
    needed: bool
    """Whether it depends on a parameter, so that the backward pass needs it."""


class Grid(NamedTuple):
    """Dots of each of several rows of weights with each of several inputs: a matrix product."""

    weights: list[tuple[int, ...]]
    """A tuple for each row."""
    biases: list[int] | None
    inputs: list[tuple[int, ...]]
    """A tuple for each column."""
    start: int
    needed: bool

    @property
    def size(self) -> int:
        """How many results there are."""
        return len(self.weights) * len(self.inputs)


class Total(NamedTuple):
    """Sums that have the same number of terms."""

    operands: list[list[int]]
    """The terms of each sum."""
    start: int
    needed: bool

    @property
    def size(self) -> int:
        """How many results there are."""
        return len(self.operands)


class Plan:
    """The groups of a graph, in the order of the forward pass.

    Attributes:
        groups: maps, grids and totals.
        row: the row of each node that varies, by its identity.
        lifted: fixed numbers that get rows, too, since they are terms beside varying ones.
        n_rows: the number of rows: inputs, lifted numbers and results.
    """

    def __init__(self, graph: Graph) -> None:
        """Group the operations."""
        self.graph = graph
        nodes = with_sums(graph)
        self.lifted = lifted(nodes.values())
        self.row = {i: i for i in range(graph.n_inputs)}
        self.lifted_row = {x: graph.n_inputs + i for i, x in enumerate(self.lifted)}
        self.n_rows = graph.n_inputs + len(self.lifted)
        self.groups: list[Map | Grid | Total] = []
        for kind, members in by_depth_and_kind(graph, nodes):
            if kind is Dot:
                self.add_grids({x: nodes[x] for x in members})
            elif kind is Sum:
                self.add_total(members, nodes)
            else:
                self.add_map(members, nodes)

    def place(self, x: int) -> int:
        """Return the row of a varying or lifted operand; for a fixed number its place in F."""
        return self.row[x] if x >= 0 else self.lifted_row.get(x, ~x)

    def rows(self, members: Iterable[int]) -> int:
        """Give a row to each member; return the first."""
        start = self.n_rows
        for x in members:
            self.row[x] = self.n_rows
            self.n_rows += 1
        return start

    def by_operands(self, members: Iterable[int], nodes: dict[int, Any]) -> list[int]:
        """Return the members sorted by the rows of their operands, varying operands first."""

        def key(x: int) -> list[tuple[bool, int]]:
            return sorted((operand < 0, self.place(operand)) for operand in nodes[x].operands)

        return sorted(members, key=key)

    def add_map(self, members: list[int], nodes: dict[int, Any]) -> None:
        """Add a group of one operation."""
        members = self.by_operands(members, nodes)
        op = nodes[members[0]].op
        columns = [
            list(column) for column in zip(*(nodes[x].operands for x in members), strict=True)
        ]
        numbers = numbers_asked_for(self.graph, nodes[members[0]])
        needed = members[0] in self.graph.needs
        self.groups.append(Map(op, columns, numbers, self.rows(members), len(members), needed))

    def add_total(self, members: list[int], nodes: dict[int, Any]) -> None:
        """Add a group of sums."""
        members = self.by_operands(members, nodes)
        operands = [sorted(nodes[x].operands, key=self.place) for x in members]
        needed = members[0] in self.graph.needs
        self.groups.append(Total(operands, self.rows(members), needed))

    def add_grids(self, dots: dict[int, Any]) -> None:
        """Add dots as matrix products: columns with the same rows of weights make up one grid."""
        columns: dict[Any, dict[Any, int]] = {}
        for x, dot in dots.items():
            rows, again = columns.setdefault((dot.inputs, 0), {}), 0
            while (dot.weights, dot.bias) in rows:  # the same dot was recorded twice
                again += 1
                rows = columns.setdefault((dot.inputs, again), {})
            rows[dot.weights, dot.bias] = x
        grids: dict[Any, list[Any]] = {}
        for column, rows in columns.items():
            grids.setdefault(tuple(sorted(rows, reverse=True)), []).append(column)
        for rows, of_rows in grids.items():
            of_rows.sort(key=lambda column: [self.place(x) for x in column[0]])
            start = self.rows(columns[column][row] for row in rows for column in of_rows)
            biases = None if rows[0][1] is None else [bias for _, bias in rows]
            needed = columns[of_rows[0]][rows[0]] in self.graph.needs
            inputs = [column[0] for column in of_rows]
            self.groups.append(Grid([w for w, _ in rows], biases, inputs, start, needed))


def lifted(nodes: Iterable[Any]) -> list[int]:
    """Return the fixed numbers that are terms of a sum, or inputs of a dot, beside varying ones."""
    found: dict[int, None] = {}
    for node in nodes:
        if not isinstance(node, Call):
            terms = node.inputs if isinstance(node, Dot) else node.operands
            if max(terms) >= 0:
                found.update((x, None) for x in terms if x < 0)
    return list(found)


def by_depth_and_kind(graph: Graph, nodes: dict[int, Any]) -> list[tuple[type, list[int]]]:
    """Return groups of operations that can run together, in the order of their depth."""
    depth: dict[int, int] = {}
    groups: dict[Any, list[int]] = {}
    for x, node in nodes.items():
        depth[x] = 1 + max((depth.get(operand, 0) for operand in node.operands), default=0)
        groups.setdefault((depth[x], x in graph.needs, *group_key(graph, node)), []).append(x)
    return [(key[2], groups[key]) for key in sorted(groups, key=lambda key: key[0])]


def group_key(graph: Graph, node: Call | Sum | Dot) -> tuple[Any, ...]:
    """Return a key; operations at one depth run together if their keys are equal."""
    if isinstance(node, Dot):
        return Dot, len(node.weights), node.bias is None, max(node.inputs) < 0
    if isinstance(node, Sum):
        return Sum, len(node.operands), max(node.operands) < 0
    fixed = tuple([x < 0 for x in node.operands])
    return Call, node.op, fixed, numbers_asked_for(graph, node)


def numbers_asked_for(graph: Graph, node: Call) -> tuple[float | None, ...]:
    """Return for each operand its number if the rule may need to know it, else None.

    The rule of a power, for example, depends on whether the exponent is 0.
    """
    asked = node.op.fixed_arguments(len(node.operands))
    return tuple(
        [
            graph.number(x) if fixed and graph.is_constant(x) else None
            for x, fixed in zip(node.operands, asked, strict=True)
        ]
    )
