"""The graph of a computation as a picture, node by node."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tinygrad_edu.drawing.labels import (
    LONGEST_LABEL,
    abbreviated,
    as_tip,
    as_typed,
    legible,
    number_text,
    with_plural,
)
from tinygrad_edu.drawing.picture import Picture
from tinygrad_edu.engine import ancestors
from tinygrad_edu.formulas.names import Names
from tinygrad_edu.operation import Components
from tinygrad_edu.recorder import is_as_computed
from tinygrad_edu.support.given import require_value
from tinygrad_edu.value import Constant, Value

FONT = "Helvetica"  # Graphviz knows the widths of its letters even where it is not installed
INK, GREY, GRADIENT, WARNING = "#222222", "#6B6B6B", "#B04A00", "#B3261E"

OUT_OF_DATE = "out of date"
CHANGED = (
    f"Data changed after the forward pass: numbers that are {OUT_OF_DATE} were computed\n"
    "from the data before the change. Run the forward pass again."
)

MOST_CROSSED = 1200
"""How many levels the edges may cross in all; for this many, Graphviz takes about ten seconds."""

MOST_OUTPUTS = 4
"""An edge shows the derivatives of all outputs of an operation if there are at most this many."""

ROLES = {
    "input": {"style": "filled,rounded", "color": "#0072B2", "fillcolor": "#E1F0FA"},
    "parameter": {"style": "filled", "color": "#B27D00", "fillcolor": "#FFF1CC"},
    "intermediate": {"style": "filled", "color": "#8C8C8C", "fillcolor": "#FFFFFF"},
    "result": {"style": "filled", "color": "#00785A", "fillcolor": "#DDF4EA", "peripheries": "2"},
    "folded": {"style": "filled", "color": "#8C8C8C", "fillcolor": "#F2F2F2", "shape": "box3d"},
}
"""Roles differ in shape, too; the colours can be told apart with any colour vision."""


def draw(
    value: Value,
    *,
    show: str | Iterable[str] = "data grad partials",
    direction: str = "LR",
    digits: int = 4,
    clusters: Mapping[str, Iterable[Value]] | None = None,
    fold: bool | str | Iterable[str] = False,
    highlight: Mapping[tuple[Value, int], Sequence[str]] | None = None,
    depth: float = math.inf,
    max_nodes: int = 300,
) -> Picture:
    """Return the graph of ``value`` as a picture that shows itself in a notebook.

    Boxes are numbers, circles are operations. Inputs (constants and plain numbers) are blue with
    round corners, parameters (other leaves) are yellow, computed numbers are white, and ``value``
    itself is green with a double line. Each box has a label, or one of the names v₁, v₂, ... that
    ``steps``, ``paths`` and ``derivation`` use, too. An edge into an operation carries the local
    derivative, so that the backward pass can be read off: multiply the gradient of an operation's
    result by the number on an edge into the operation, and you have what this edge adds to the
    gradient of its argument.

    Where all gradients are 0, as before ``backward()``, none is written. If data changed after the
    forward pass, a line below the picture says so, and each number that was computed from the old
    data is marked. The middle of a label of more than 60 characters is left out.

    Args:
        value: the Value to draw, together with every Value it was computed from.
        show: which numbers to write: any of the words data, grad, partials.
        direction: "LR" from left to right, "TB" from top to bottom.
        digits: significant digits of the numbers.
        clusters: titles of frames, each with the Values inside it, for example those of a neuron.
        fold: titles of clusters to draw as one box each, or True for all clusters. Several edges
            between a box and another place become one.
        highlight: colours of edges. The key of an edge is the Value it leads to and the position
            of the argument it comes from; an edge with several colours is drawn as several lines.
        depth: draw only Values that are at most this many operations behind ``value``.
        max_nodes: refuse to draw more numbers than this; a folded cluster counts as one.

    Raises TypeError if ``value`` is not a Value; ValueError for an unknown word in ``show``, an
    unknown title in ``fold``, and for a graph that is too large to read.

    >>> a, b = Value(2.0, label="a"), Value(3.0, label="b")
    >>> picture = draw(a * b, show="data")
    >>> "e_0_2_0" in picture.source  # the edge from a, node 0, into the product, node 2
    True
    """
    levels = levels_behind(value, depth)
    shown = numbers_to_show(show, levels)
    members = {title: list(nodes) for title, nodes in (clusters or {}).items()}
    folds = folds_of(levels, members, titles_in(fold, members))
    require_readable(levels, depth, folds, max_nodes)
    require_untangled([node for node in levels if node not in folds])
    called, highlight = Names(value), highlight or {}
    names = {node: f"v_{i}" for i, node in enumerate(levels)}
    frames = {title: frame(i, title) for i, title in enumerate(members)}
    framed = {node: frames[title] for title, nodes in members.items() for node in nodes}
    old = out_of_date(levels)
    picture = empty_graph(direction, CHANGED if old else "")
    edges: list[dict[str, str]] = []
    groups, numbers = in_groups(levels), {node: i for i, node in enumerate(levels)}
    for i, (node, level) in enumerate(levels.items()):
        home = framed.get(node, picture)
        lines = box_text(node, abbreviated(legible(called.get(node))), shown, digits)
        lines += [OUT_OF_DATE] * (node in old)
        box(home, names[node], lines, role_of(node, value), **look_of(node, old))
        if node.op is None:
            continue
        group = groups[node]
        operation = f"o_{numbers[group[0]]}"
        look = highlighted(highlight, [node], range(len(node.args)))
        edges.append({"tail_name": operation, "head_name": names[node], "id": f"r_{i}", **look})
        if node is not group[0]:  # the operation has several outputs and is drawn already
            continue
        symbol = as_typed(abbreviated(node.op.symbol))
        home.node(operation, symbol, id=operation, shape="circle", margin="0.01")
        if level < depth:
            for k, edge in edges_into(group, i, home, names, called, shown, digits):
                edges.append({**edge, **highlighted(highlight, group, [k])})
        else:
            omitted = f"m_{folds.get(node, i)}"
            (picture if node in folds else home).node(omitted, "…", shape="plain")
            edges.append({"tail_name": omitted, "head_name": operation, "style": "dotted"})
    add_frames(picture, frames, folds, old, value)
    for edge in folded_edges(edges, {names[node]: name for node, name in folds.items()}):
        picture.edge(**edge)
    return picture


def add_frames(
    picture: Picture,
    frames: Mapping[str, Picture],
    folds: Mapping[Value, str],
    old: set[Value],
    result: Value,
) -> None:
    """Add the clusters to a picture: a frame for each, or one box for each that is folded."""
    sizes = Counter(folds.values())
    old_folds = {folds[node] for node in old if node in folds}
    for i, (title, inner) in enumerate(frames.items()):
        if size := sizes[f"f_{i}"]:  # the cluster is folded, and its frame is not drawn
            role = "result" if folds.get(result) == f"f_{i}" else "folded"
            lines = [title, f"({with_plural(size, 'number')})"]
            lines += [OUT_OF_DATE] * (f"f_{i}" in old_folds)
            fold_box(picture, f"f_{i}", lines, role)
        else:
            picture.subgraph(inner)


def empty_graph(direction: str, note: str) -> Picture:
    """Return an empty picture with the look of graphs, and with a note below it if there is one."""
    below = {"label": as_typed(note), "fontname": FONT, "fontsize": "12", "fontcolor": WARNING}
    return Picture(
        graph_attr={"rankdir": direction, "bgcolor": "white", "ranksep": "0.4", "nodesep": "0.12",
                    **(below if note else {})},
        node_attr={"fontname": FONT, "fontsize": "12", "fontcolor": INK, "margin": "0.08,0.04",
                   "width": "0.4", "height": "0.3"},
        edge_attr={"fontname": FONT, "fontsize": "10", "fontcolor": GRADIENT, "color": GREY,
                   "arrowsize": "0.6"},
    )  # fmt: skip


def highlighted(
    highlight: Mapping[tuple[Value, int], Sequence[str]],
    nodes: Iterable[Value],
    positions: Sequence[int],
) -> dict[str, str]:
    """Return the look of an edge that is highlighted for any of some nodes and positions.

    >>> node = Value(1.0) + 2
    >>> highlighted({(node, 0): ["#0072B2", "#D55E00"]}, [node], [0])["color"]
    '#0072B2:#D55E00'
    """
    found = (highlight.get((node, k), ()) for node in nodes for k in positions)
    colours = dict.fromkeys(colour for some in found for colour in some)
    return {"color": ":".join(colours), "penwidth": "2.5"} if colours else {}


def in_groups(nodes: Iterable[Value]) -> dict[Value, list[Value]]:
    """Return for each computed node all outputs of its operation; a softmax has several.

    >>> from tinygrad_edu import softmax
    >>> p = softmax([Value(1.0), Value(2.0)])
    >>> in_groups(p)[p[1]] == p
    True
    """
    found: dict[Any, list[Value]] = {}
    groups = {}
    for node in nodes:
        if node.op is not None:
            several = isinstance(node.op, Components)
            key = (node.op, *map(id, node.operands[0])) if several else node
            groups[node] = found.setdefault(key, [])
            groups[node].append(node)
    return groups


def edges_into(
    group: Sequence[Value],
    i: int,
    home: Picture,
    names: dict[Value, str],
    called: Names,
    shown: set[str],
    digits: int,
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the edges into an operation, with their positions; add a box for each plain number.

    If the operation has several outputs, an edge carries the derivative of each.
    """
    node = group[0]
    for position, arg in enumerate(node.args):
        if isinstance(node.op, Components) and position == len(node.args) - 1:
            return  # the last argument only says which output the node is
        if isinstance(arg, Value):
            source = names[arg]
        else:
            source = f"n_{i}_{position}"
            box(home, source, [number_text(arg, digits)], "input")
        label = ""
        if "partials" in shown and len(group) <= MOST_OUTPUTS:
            lines = [partial_text(n, position, group, called, digits) for n in group]
            label = as_typed("\n".join(filter(None, lines)))
        ident = f"e_{source.removeprefix('v_')}_{i}_{position}"
        yield position, {"tail_name": source, "head_name": f"o_{i}", "label": label, "id": ident}


def partial_text(
    node: Value, position: int, group: Sequence[Value], called: Names, digits: int
) -> str:
    """Return the partial of a node as text on an edge, with its name if there are more outputs."""
    partial = node.partials[position]
    if partial is None:
        return ""
    whose = f"{abbreviated(legible(called.get(node)))}: " if len(group) > 1 else ""
    return whose + number_text(partial, digits)


def numbers_to_show(show: str | Iterable[str], nodes: Iterable[Value]) -> set[str]:
    """Return the words of ``show``, without grad if all gradients are 0.

    Raises ValueError for an unknown word.

    >>> sorted(numbers_to_show("data grad", [Value(1.0)]))
    ['data']
    """
    shown = set(show.split() if isinstance(show, str) else show)
    if unknown := shown - {"data", "grad", "partials"}:
        message = "draw: show: expected some of the words data, grad, partials, got "
        raise ValueError(message + ", ".join(sorted(unknown)))
    return shown if any(node.grad for node in nodes) else shown - {"grad"}


def folds_of(
    levels: Iterable[Value], clusters: Mapping[str, Iterable[Value]], titles: set[str]
) -> dict[Value, str]:
    """Return for each folded Value the name of its box: ``f_0`` for the first of the clusters."""
    home = {node: i for i, nodes in enumerate(clusters.values()) for node in nodes}
    boxes = {i: f"f_{i}" for i, title in enumerate(clusters) if title in titles}
    return {node: boxes[home[node]] for node in levels if home.get(node) in boxes}


def titles_in(fold: object, clusters: Iterable[str]) -> set[str]:
    """Return the titles of the clusters to fold; raise ValueError for an unknown one.

    >>> sorted(titles_in(True, ["a", "b"])), titles_in("b", ["a", "b"])
    (['a', 'b'], {'b'})
    """
    if not isinstance(fold, bool | str | Iterable):
        message = f"draw: fold: expected True or titles of clusters, got {fold!r}"
        raise TypeError(message)
    if isinstance(fold, bool):
        return set(clusters) if fold else set()
    titles = {fold} if isinstance(fold, str) else set(fold)
    if unknown := titles - set(clusters):
        message = f"draw: fold: no cluster is called {', '.join(sorted(map(repr, unknown)))}"
        raise ValueError(message)
    return titles


def require_readable(
    levels: Mapping[Value, int], depth: float, folds: Mapping[Value, str], max_nodes: int
) -> None:
    """Raise ValueError if more numbers would be drawn than ``max_nodes``."""
    unfolded = [node for node in levels if node not in folds]
    args = [arg for node in unfolded if levels[node] < depth for arg in node.args]
    boxes = len(unfolded) + sum(not isinstance(arg, Value) for arg in args)
    boxes += len(set(folds.values()))
    if boxes > max_nodes:
        message = (
            f"draw: {boxes} numbers are too many to read (max_nodes={max_nodes}); draw a part of "
            "the graph, with a small depth or from a Value in the middle, or fold clusters"
        )
        raise ValueError(message)


def require_untangled(nodes: Sequence[Value]) -> None:
    """Raise ValueError if the edges are so long that Graphviz would take minutes for a layout."""
    crossed = levels_crossed(nodes)
    if crossed > MOST_CROSSED:
        message = (
            f"draw: the graph is too entangled: its edges cross {crossed} levels, and beyond "
            f"{MOST_CROSSED} a layout takes minutes; draw a part of the graph, with a small depth "
            "or from a Value in the middle"
        )
        raise ValueError(message)


def levels_crossed(nodes: Iterable[Value]) -> int:
    """Return how many levels the edges between some Values cross; arguments must come first.

    >>> x = Value(1.0)
    >>> y = x * x
    >>> levels_crossed([x, y, z := y * x])  # two into y, one on to z, one all the way from x to z
    5
    """
    level: dict[Value, int] = {}
    crossed = 0
    for node in nodes:
        below = [level[arg] for arg in node.args if isinstance(arg, Value) and arg in level]
        level[node] = 1 + max(below, default=0)
        crossed += sum(level[node] - height for height in below)
    return crossed


def folded_edges(
    edges: Iterable[dict[str, str]], folds: Mapping[str, str]
) -> Iterator[dict[str, str]]:
    """Yield the edges after folding: none inside a box, and one between a box and another place.

    Args:
        edges: the edges of the whole graph, as arguments of ``Picture.edge``.
        folds: the name of the box for the name of each folded Value: ``{"v_12": "f_0"}``.
    """

    def place(name: str) -> str:  # o_12 and n_12_0 are folded into the box of v_12
        return folds.get(f"v_{name.split('_')[1]}", name)

    seen = set()
    for edge in edges:
        tail, head = ends = place(edge["tail_name"]), place(edge["head_name"])
        if ends == (edge["tail_name"], edge["head_name"]):
            yield edge
        elif tail != head and ends not in seen:
            seen.add(ends)
            look = {key: edge[key] for key in edge if key != "label"}
            yield {**look, "tail_name": tail, "head_name": head, "id": f"e_{tail}_{head}"}


def levels_behind(root: Value, depth: float) -> dict[Value, int]:
    """Return the Values at most ``depth`` operations behind ``root``, arguments first.

    Each is mapped to its level: the least number of operations between it and the root.
    """
    require_value("draw({})", root, "draw_network(mlp) draws a network itself")
    levels = {root: 0}
    order = []
    for node in ancestors(root):
        if node not in levels:
            continue
        order.append(node)
        if levels[node] < depth:
            for arg in reversed(node.args):
                if isinstance(arg, Value):
                    levels[arg] = min(levels.get(arg, levels[node] + 1), levels[node] + 1)
                    if isinstance(arg, Constant):
                        order.append(arg)
    return {node: levels[node] for node in reversed(order)}


def role_of(node: Value, result: Value) -> str:
    """Return the role of a Value in the graph: result, input, parameter or intermediate."""
    if node is result:
        return "result"
    if isinstance(node, Constant):
        return "input"
    return "parameter" if node.op is None else "intermediate"


def box(graph: Picture, name: str, lines: list[str], role: str, **look: Any) -> None:
    """Add a box for a number to ``graph``, with lines of text in it."""
    graph.node(name, as_typed("\n".join(lines)), id=name, shape="box", **{**ROLES[role], **look})


def look_of(node: Value, old: Container[Value]) -> dict[str, Any]:
    """Return how the box of a Value differs from others of its role."""
    look = {"color": WARNING} if node in old else {}
    if len(str(node.label)) > LONGEST_LABEL:  # the box does not show all of it
        look["tooltip"] = as_tip(str(node.label))
    return look


def fold_box(graph: Picture, name: str, lines: list[str], role: str) -> None:
    """Add the one box of a folded cluster: its title, and how many Values are inside."""
    title, *others = lines
    text = as_typed("\n".join([abbreviated(legible(title)), *others]))
    graph.node(name, text, id=name, **{"margin": "0.15,0.1", **ROLES["folded"], **ROLES[role]})


def frame(i: int, title: str) -> Picture:
    """Return an empty frame with a title."""
    look = {"style": "rounded", "color": "#B5B5B5", "fontname": FONT, "fontsize": "12"}
    return Picture(
        name=f"cluster_{i}",
        graph_attr={"label": as_typed(abbreviated(legible(title))), "fontcolor": GREY, **look},
    )


def box_text(node: Value, name: str, shown: set[str], digits: int) -> list[str]:
    """Return the lines in the box of a Value: its name and data, and its gradient below.

    A constant without a label has no name; its data are shown even if ``shown`` lacks "data".
    """
    first = [name] if name else []
    if "data" in shown or not name:
        first.append(number_text(node.data, digits))
    lines = [" = ".join(first)]
    if "grad" in shown and not isinstance(node, Constant):
        lines.append(f"grad {number_text(node.grad, digits)}")
    return lines


def out_of_date(nodes: Iterable[Value]) -> set[Value]:
    """Return the Values that were computed from data that changed since; arguments must come first.

    >>> w = Value(1.0)
    >>> square, other = w * w, w * 1
    >>> w.data = 3.0
    >>> out_of_date([w, square, last := square + 1]) == {square, last}
    True
    """
    old: set[Value] = set()
    for node in nodes:
        if not is_as_computed(node) or any(isinstance(x, Value) and x in old for x in node.args):
            old.add(node)
    return old
