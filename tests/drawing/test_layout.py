"""Our own layout of nodes and edges, on graphs of any shape."""

import math
from itertools import combinations, pairwise
from operator import mul

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu.drawing import layout
from tinygrad_edu.drawing.layout import (
    NODE_GAP,
    Cell,
    LayoutEdge,
    arrange,
    crossings,
    settle,
    split_into_layers,
)

SHAPES = st.one_of(
    st.builds(Cell, st.floats(5, 150), st.floats(5, 60), st.just({"shape": "box"})),
    st.builds(lambda size: Cell(size, size, {"shape": "circle"}), st.floats(25, 60)),
)


@st.composite
def graphs(draw, *, cycles=False):
    """Nodes, and edges between them, with and without labels; some edges are parallel."""
    nodes = draw(st.lists(SHAPES, min_size=2, max_size=12))
    n = len(nodes)
    ends = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)).filter(lambda e: e[0] != e[1])
    labels = st.none() | st.builds(Cell, st.floats(5, 60), st.floats(5, 40))
    edges = []
    for (i, j), label in draw(st.lists(st.tuples(ends, labels), max_size=25)):
        tail, head = (i, j) if cycles else sorted((i, j))
        edges.append(LayoutEdge(nodes[tail], nodes[head], {}, label))
    return nodes, edges


def joined(ends):
    """Boxes of one size, named by letters, and an edge for each pair of letters."""
    nodes = {name: Cell(40, 20, {"shape": "box"}) for name in sorted({*"".join(ends)})}
    return nodes, [LayoutEdge(nodes[tail], nodes[head], {}) for tail, head in ends]


def overlap(a, b):
    """How deep one cell lies in another."""
    return min((a.width + b.width) / 2 - abs(a.x - b.x), (a.height + b.height) / 2 - abs(a.y - b.y))


def depth(x, y, cell):
    """How deep a point lies in a cell."""
    if cell.is_round:
        return cell.width / 2 - math.hypot(x - cell.x, y - cell.y)
    return overlap(Cell(0, 0, x=x, y=y), cell)


def along(curve, steps=20):
    """Points on the curve of an edge."""
    for i in range(0, len(curve) - 1, 3):
        xs, ys = zip(*curve[i : i + 4], strict=True)
        for t in (step / steps for step in range(steps + 1)):
            weights = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3
            yield sum(map(mul, weights, xs)), sum(map(mul, weights, ys))


@given(graphs(cycles=True))
def test_no_two_nodes_or_labels_overlap(graph):
    nodes, edges = graph
    arrange(nodes, edges)
    cells = nodes + [edge.label for edge in edges if edge.label]
    assert all(overlap(a, b) < 1e-6 for a, b in combinations(cells, 2))


@given(graphs(cycles=True))
def test_every_edge_leads_from_the_border_of_its_tail_to_that_of_its_head(graph):
    nodes, edges = graph
    arrange(nodes, edges)
    for edge in edges:
        for cell, (x, y) in ((edge.tail, edge.curve[0]), (edge.head, edge.curve[-1])):
            assert depth(x, y, cell) == pytest.approx(0, abs=1e-6)


@given(graphs())
def test_edges_avoid_nodes_and_labels(graph):
    nodes, edges = graph
    arrange(nodes, edges)
    others = [edge.label for edge in edges if edge.label]
    for edge in edges:
        for cell in nodes + others:
            if cell not in (edge.tail, edge.head, edge.label):
                assert all(depth(x, y, cell) < 1e-6 for x, y in along(edge.curve))


@given(graphs())
def test_an_edge_leads_to_the_right_and_through_its_label(graph):
    nodes, edges = graph
    arrange(nodes, edges)
    for edge in edges:
        xs = [x for x, _ in along(edge.curve)]
        assert all(x <= later + 1e-6 for x, later in pairwise(xs))
        if edge.label:
            halfway = [
                y for x, y in along(edge.curve) if abs(x - edge.label.x) < edge.label.width / 2
            ]
            assert halfway == pytest.approx([edge.label.y] * len(halfway))


def test_a_node_stands_just_before_what_it_leads_to():
    nodes, edges = joined(["ab", "bc", "cd", "xd", "ad"])
    arrange(nodes.values(), edges)
    assert [nodes[name].layer for name in "abcdx"] == [0, 1, 2, 3, 2]


def test_in_a_cycle_of_edges_one_points_back():
    nodes, edges = joined(["ab", "bc", "ca", "cd"])
    arrange(nodes.values(), edges)
    assert sum(edge.turned for edge in edges) == 1
    for edge in edges:
        assert (edge.curve[0][0] > edge.curve[-1][0]) == edge.turned


def test_a_chain_of_nodes_is_straight():
    nodes, edges = joined(["ab", "bc", "cd"])
    arrange(nodes.values(), edges)
    assert {y for edge in edges for _, y in edge.curve} == {nodes["a"].y}


def test_a_tree_has_no_crossings():
    leaves = "ghijklmn"  # everything below a comes before everything below b
    tree = ["ca", "db", "ea", "fb", *(leaf + "cdef"[i % 4] for i, leaf in enumerate(leaves))]
    nodes, edges = joined([*tree, "az", "bz"])
    layout.set_layers(list(nodes.values()), edges)
    layers = split_into_layers(list(nodes.values()), edges)
    assert crossings(layers) == 0


def test_crossings_that_can_be_removed_are_removed():
    nodes, edges = joined(["ax", "by", "cz", "xp", "yp", "zp", "az", "cx"])
    layout.set_layers(list(nodes.values()), edges)
    layers = split_into_layers(list(nodes.values()), edges)
    found = layout.with_few_crossings(layers)
    assert crossings(found) <= crossings(layers)
    assert crossings(found) == 1
    assert [sorted(map(id, layer)) for layer in found] == [
        sorted(map(id, layer)) for layer in layers
    ]


def test_crossings_are_counted():
    nodes, edges = joined(["ax", "ay", "az", "bx", "by", "bz"])  # a before b: 3 pairs cross
    layout.set_layers(list(nodes.values()), edges)
    a, b, x, y, z = (nodes[name] for name in "abxyz")
    split_into_layers(list(nodes.values()), edges)
    assert crossings([[a, b], [x, y, z]]) == 3
    assert crossings([[b, a], [z, x, y]]) == 3
    assert crossings([[a], [x, y, z]]) == 0


@given(st.lists(st.tuples(SHAPES, st.floats(-500, 500)), min_size=1, max_size=8))
def test_no_other_places_in_a_layer_are_nearer_to_the_wanted_ones(wishes):
    layer, wanted = [cell for cell, _ in wishes], [y for _, y in wishes]
    settle(layer, wanted)
    tops = [cell.y - cell.height / 2 for cell in layer]
    bottoms = [cell.y + cell.height / 2 for cell in layer]
    gaps = [top - bottom for bottom, top in zip(bottoms, tops[1:], strict=False)]
    assert all(gap > NODE_GAP - 1e-6 for gap in gaps)
    blocks = [[layer[0]]]
    for cell, gap in zip(layer[1:], gaps, strict=True):
        if gap > NODE_GAP + 1e-6:
            blocks.append([])
        blocks[-1].append(cell)
    missed = {cell: y - cell.y for cell, y in zip(layer, wanted, strict=True)}
    for (
        block
    ) in blocks:  # a block is at its mean wanted place; no upper part of it should go higher
        assert sum(missed[cell] for cell in block) == pytest.approx(0, abs=1e-5)
        for i in range(1, len(block)):
            assert sum(missed[cell] for cell in block[:i]) > -1e-5


@pytest.mark.slow
def test_a_chain_of_many_thousands_is_laid_out_without_recursion():
    nodes = [Cell(40, 20, {"shape": "box"}) for _ in range(5_000)]
    arrange(nodes, [LayoutEdge(a, b, {}) for a, b in pairwise(nodes)])
    assert nodes[0].y == nodes[-1].y
    assert nodes[-1].layer == 4_999
