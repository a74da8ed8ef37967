"""Pictures as SVG on machines without Graphviz, such as a browser.

The DOT text of a picture is read, laid out by :mod:`tinygrad_edu.drawing.layout`, and written with
the ids and elements that Graphviz uses, so that a page finds the parts of a picture either way.

>>> from tinygrad_edu import Value, draw
>>> a = Value(2.0, label="a")
>>> "a = 2</text>" in svg(draw(a * a))
True
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import add
from typing import Any
from unicodedata import combining, east_asian_width

from tinygrad_edu.drawing.labels import decoded, legible, unescaped
from tinygrad_edu.drawing.layout import Cell, LayoutEdge, Look, Point, arrange

INCH = 72  # points, the unit of all lengths here
PAGE_MARGIN, RIM, CORNER, HEAD = 4.0, 4.0, 6.0, 10.0
"""Around the picture; between two borders; radius of a round corner; arrowhead of size 1."""
LINE_HEIGHT = 1.2  # times the font size
DASHES = {"dotted": "1,5", "dashed": "5,2"}
LOOKS = {
    "color": "black", "fontname": "Times", "fontsize": "14", "fontcolor": "black", "label": "",
    "shape": "ellipse", "width": "0.75", "height": "0.5", "margin": "0.11,0.055",
    "peripheries": "1", "fillcolor": "lightgrey", "style": "", "penwidth": "1", "arrowsize": "1",
}  # fmt: skip
"""Attributes that a picture does not set have these values, as in Graphviz."""


@dataclass
class Diagram:
    """The nodes and edges of a picture, with their places once they are laid out."""

    look: Look
    nodes: dict[str, Cell]
    edges: list[LayoutEdge]

    @property
    def goes_right(self) -> bool:
        """Whether the arrows lead from left to right, rather than down."""
        return self.look.get("rankdir") == "LR"

    @property
    def cells(self) -> list[Cell]:
        """The nodes and the labels of the edges."""
        return [*self.nodes.values(), *(edge.label for edge in self.edges if edge.label)]


def svg(picture: Any) -> str:
    """Return a picture as SVG, laid out without Graphviz; the same picture gives the same text.

    Args:
        picture: a ``graphviz.Digraph``. It may have boxes, circles and plain text, with plain
            labels and colours; it may run from left to right or from top to bottom, or place its
            nodes by ``pos``. Clusters are drawn without frames, and an edge from a node to itself
            is not drawn.

    Raises RuntimeError for a line of DOT that is not a node, an edge or a cluster.
    """
    diagram = diagram_of(picture)
    if all("pos" in cell.look for cell in diagram.nodes.values()):
        pin(diagram)
    elif diagram.goes_right:
        arrange(diagram.nodes.values(), diagram.edges)
    else:  # lay it out from left to right, with x and y exchanged
        exchange(diagram)
        arrange(diagram.nodes.values(), diagram.edges)
        exchange(diagram)
    return "\n".join(svg_lines(diagram))


# --- reading DOT ----------------------------------------------------------------------------------

DOT_WORD = r'"(?:[^"\\]|\\.)*"|[^\s\[\]{}="]+'
STATEMENT = re.compile(rf"({DOT_WORD})(?: -> ({DOT_WORD}))?(?: \[(.*)\])?", re.DOTALL)
FRAME = re.compile(r"subgraph |graph |\}")
ATTRIBUTE = re.compile(rf"(\w+)=({DOT_WORD})", re.DOTALL)


def diagram_of(picture: Any) -> Diagram:
    """Return the diagram in the lines of DOT that the methods of a ``graphviz.Digraph`` write.

    >>> from tinygrad_edu.drawing import Picture
    >>> picture = Picture()
    >>> picture.edge("a", "b", label="twice")
    >>> diagram = diagram_of(picture)
    >>> list(diagram.nodes), diagram.edges[0].look["label"]
    (['a', 'b'], 'twice')
    """
    graph = {**LOOKS, **picture.graph_attr}
    looks: dict[str, Look] = {}
    edges: list[tuple[str, str, Look]] = []
    for name, head, look in statements(picture.body):
        if head:
            edges.append((name, head, {**LOOKS, **picture.edge_attr, **look}))
            looks |= {end: looks.get(end, {}) for end in (name, head)}
        else:
            looks[name] = {**looks.get(name, {}), **look}
    general = {**LOOKS, **picture.node_attr}
    nodes = {
        name: node_cell({**general, "id": name, "label": name, **look})
        for name, look in looks.items()
    }
    drawn = [LayoutEdge(nodes[a], nodes[b], look) for a, b, look in edges if a != b]
    diagram = Diagram(graph, nodes, drawn)
    for edge in diagram.edges:
        edge.label = label_cell(edge.look, above=diagram.goes_right)
    return diagram


def statements(lines: Iterable[str]) -> Iterator[tuple[str, str, Look]]:
    """Yield the nodes and edges in lines of DOT, as triples.

    They are (name, "", look) for a node, and (tail, head, look) for an edge.
    """
    for line in map(str.strip, lines):
        found = STATEMENT.fullmatch(line)
        if found and found[1] not in ("graph", "node", "edge"):
            look = {key: value_of(key, word) for key, word in ATTRIBUTE.findall(found[3] or "")}
            yield unquoted(found[1]), unquoted(found[2] or ""), look
        elif not FRAME.match(line):
            message = f"this line of DOT can only be drawn by Graphviz: {line!r}"
            raise RuntimeError(message)


def unquoted(word: str) -> str:
    r"""Return the text that a word of DOT stands for.

    >>> unquoted(r'"a = \"2\"\ngrad\\0"').split("\n")
    ['a = "2"', 'grad\\0']
    """
    return unescaped(word[1:-1]) if word.startswith('"') else word


def value_of(key: str, word: str) -> str:
    """Return the value of an attribute, read as Graphviz reads it."""
    value = unquoted(word)
    if key == "tooltip":
        value = unescaped(value)  # Graphviz replaces escapes in a tooltip twice
    return decoded(value) if key in ("label", "tooltip") else value


def node_cell(look: Look) -> Cell:
    """Return the cell of a node, as large as its text needs."""
    width, height = inches(look["width"]), inches(look["height"])
    wide, high = text_size(look)
    if look["shape"] == "plain":
        width, height = wide, high
    elif look.get("fixedsize") != "true":
        across, _, down = look["margin"].partition(",")
        width = max(width, wide + 2 * inches(across))
        height = max(height, high + 2 * inches(down or across))
    if look["shape"] == "circle":
        width = height = max(width, height)
    rims = 2 * RIM * (int(look["peripheries"]) - 1)
    return Cell(width + rims, height + rims, look)


def label_cell(look: Look, *, above: bool) -> Cell | None:
    """Return the cell for an edge's label: above the edge, or else to the right of it."""
    if not look["label"]:
        return None
    wide, high = text_size(look)
    return Cell(wide, 2 * high) if above else Cell(2 * wide, high)


def inches(text: str) -> float:
    """Return a length in points, given the text of a length in inches."""
    return float(text) * INCH


def text_size(look: Look) -> Point:
    """Return the approximate width and height of a label in Helvetica or Arial."""
    lines, size = look["label"].split("\n"), float(look["fontsize"])
    return max(map(text_width, lines)) * size, len(lines) * LINE_HEIGHT * size


def text_width(text: str) -> float:
    """Return the approximate width of a line of text, as a multiple of the font size.

    >>> text_width("il") < text_width("00") < text_width("MW") < text_width("漢字")
    True
    """
    return sum(
        0.0 if combining(sign)
        else 1.0 if east_asian_width(sign) in "WF"
        else 0.3 if sign in "ijlftrI.,:;'|!()[] "
        else 0.9 if sign in "mwMW@%…"
        else 0.7 if sign.isupper()
        else 0.57
        for sign in text
    )  # fmt: skip


# --- placing nodes and edges ----------------------------------------------------------------------


def exchange(diagram: Diagram) -> None:
    """Exchange x and y, and width and height, of everything."""
    for cell in diagram.cells:
        cell.x, cell.y = cell.y, cell.x
        cell.width, cell.height = cell.height, cell.width
    for edge in diagram.edges:
        edge.curve = [(y, x) for x, y in edge.curve]


def pin(diagram: Diagram) -> None:
    """Put every node at its ``pos``, in inches with y upwards, and draw straight edges."""
    for cell in diagram.nodes.values():
        x, y = cell.look["pos"].rstrip("!").split(",")
        cell.x, cell.y = inches(x), -inches(y)
    for edge in diagram.edges:
        a, b = edge.tail, edge.head
        across, down = b.x - a.x, b.y - a.y
        far = 2 * math.hypot(across, down) or 1.0
        ways = (a.width / far, 0.5, 0.5, 1 - b.width / far)
        edge.curve = [(a.x + way * across, a.y + way * down) for way in ways]


# --- writing SVG ----------------------------------------------------------------------------------


def svg_lines(diagram: Diagram) -> Iterator[str]:
    """Yield the lines of the SVG."""
    bends = [Cell(0, 0, x=x, y=y) for edge in diagram.edges for x, y in edge.curve]
    page = around([*diagram.cells, *bends], PAGE_MARGIN)
    caption = caption_lines(diagram.look, page)
    left, top = page.x - page.width / 2, page.y - page.height / 2
    yield (
        f'<svg width="{page.width:.0f}pt" height="{page.height:.0f}pt" '
        f'viewBox="{point(left, top)} {point(page.width, page.height)}" '
        'xmlns="http://www.w3.org/2000/svg">\n<g id="graph0" class="graph">'
    )
    yield rectangle(page, fill=diagram.look.get("bgcolor", "none"), stroke="none")
    yield from caption
    for edge in diagram.edges:
        name = f"{edge.tail.look['id']}->{edge.head.look['id']}"
        yield part(edge.look, name, "edge", edge_lines(edge, goes_right=diagram.goes_right))
    for name, cell in diagram.nodes.items():
        yield part(cell.look, name, "node", node_lines(cell))
    yield "</g>\n</svg>\n"


def around(cells: Iterable[Cell], margin: float) -> Cell:
    """Return the smallest cell that holds other cells and a margin."""
    sides = [
        (cell.x + sign * cell.width / 2, cell.y + sign * cell.height / 2)
        for cell in cells
        for sign in (-1, 1)
    ] or [(0.0, 0.0)]
    (left, right), (top, bottom) = ((min(way), max(way)) for way in zip(*sides, strict=True))
    width, height = right - left + 2 * margin, bottom - top + 2 * margin
    return Cell(width, height, x=(left + right) / 2, y=(top + bottom) / 2)


def part(look: Look, name: str, kind: str, lines: Iterable[str]) -> str:
    """Return a node or an edge as a group with an id, and with a title that is its tooltip."""
    ident, title = xml(look.get("id", name)), xml(look.get("tooltip", name))
    return "\n".join(
        [f'<g id="{ident}" class="{kind}">', f"<title>{title}</title>", *lines, "</g>"]
    )


def caption_lines(look: Look, page: Cell) -> list[str]:
    """Make room for the label of the graph at the bottom of a page, and return its lines there."""
    if not look["label"]:
        return []
    lines, size = lines_of_label(look["label"]), float(look["fontsize"])
    wide = max(text_width(re.sub("<[^>]*>", "", line)) for line in lines) * size
    bottom = page.y + page.height / 2
    high = (len(lines) + 1) * LINE_HEIGHT * size
    page.width = max(page.width, wide + 2 * PAGE_MARGIN)
    page.height, page.y = page.height + high, page.y + high / 2
    return [
        text_element(look, line, page.x, bottom + (i + 1) * LINE_HEIGHT * size)
        for i, line in enumerate(lines)
    ]


def node_lines(cell: Cell) -> Iterator[str]:
    """Yield the shape of a node, and the lines of its text."""
    look = cell.look
    fill = look["fillcolor"] if "filled" in look["style"] else "none"
    for i in range(int(look["peripheries"])):
        ink = {"fill": "none" if i else fill, "stroke": look["color"]}
        rim = Cell(cell.width - 2 * i * RIM, cell.height - 2 * i * RIM, x=cell.x, y=cell.y)
        if look["shape"] in ("circle", "ellipse"):
            x, y, rx, ry = map(svg_number, (rim.x, rim.y, rim.width / 2, rim.height / 2))
            yield element("ellipse", **ink, cx=x, cy=y, rx=rx, ry=ry)
        else:
            ink["stroke"] = "none" if look["shape"].startswith("plain") else look["color"]
            yield rectangle(rim, CORNER if "rounded" in look["style"] else 0, **ink)
    lines, size = look["label"].split("\n"), float(look["fontsize"])
    for i, line in enumerate(lines):
        if line:
            below = (i - (len(lines) - 1) / 2) * LINE_HEIGHT + 0.35
            yield text_element(look, xml(line), cell.x, cell.y + below * size)


def edge_lines(edge: LayoutEdge, *, goes_right: bool) -> Iterator[str]:
    """Yield the lines of an edge, one beside the other for each colour, its head, and its label."""
    look, (*curve, tip) = edge.look, edge.curve
    colours, width = look["color"].split(":"), float(look["penwidth"])
    pen = {"stroke-width": svg_number(width)}
    if look["style"] in DASHES:
        pen["stroke-dasharray"] = DASHES[look["style"]]
    size = 0.0 if look.get("arrowhead") == "none" else HEAD * float(look["arrowsize"])
    foot, *corners = arrow(curve[-1], tip, size)
    curve.append(foot)
    for i, colour in enumerate(colours):
        aside = (i - (len(colours) - 1) / 2) * width
        shift = (0.0, aside) if goes_right else (aside, 0.0)
        start, *others = (point(x + shift[0], y + shift[1]) for x, y in curve)
        yield element("path", fill="none", stroke=colour, **pen, d=f"M{start}C{' '.join(others)}")
    if size:
        around_it = " ".join(point(*corner) for corner in corners)
        yield element("polygon", fill=colours[0], stroke=colours[0], points=around_it)
    if place := edge.label:
        wide, high = text_size(look)
        if goes_right:
            x, y = place.x, place.y - 4
        else:
            x, y = place.x + wide / 2 + 3, place.y + 0.3 * high
        yield text_element(look, xml(look["label"]), x, y)


def arrow(start: Point, tip: Point, length: float) -> list[Point]:
    """Return the foot of an arrowhead, where its line ends, and its three corners."""
    (a, b), (x, y) = start, tip
    far = math.dist(start, tip) or 1.0
    across, down = length * (x - a) / far, length * (y - b) / far
    foot = x - across, y - down
    wings = [(foot[0] - side * down, foot[1] + side * across) for side in (0.35, -0.35)]
    return [foot, wings[0], tip, wings[1]]


def text_element(look: Look, line: str, x: float, y: float) -> str:
    """Return a line of text, escaped for SVG, as an element centred at x with its baseline at y."""
    fonts = f"{look['fontname']},Arial,sans-serif"
    way = {"xml:space": "preserve", "text-anchor": "middle"}
    ink = {"font-family": fonts, "font-size": look["fontsize"], "fill": look["fontcolor"]}
    return element("text", line, **way, x=svg_number(x), y=svg_number(y), **ink)


def rectangle(cell: Cell, radius: float = 0.0, **ink: str) -> str:
    """Return the border of a cell, whose corners may be round."""
    start = point(cell.x - cell.width / 2 + radius, cell.y - cell.height / 2)
    w, h, r = map(svg_number, (cell.width - 2 * radius, cell.height - 2 * radius, radius))
    sides = (f"h{w}", f"v{h}", f"h-{w}", f"v-{h}")
    turns = (f"q{r},0 {r},{r}", f"q0,{r} -{r},{r}", f"q-{r},0 -{r},-{r}", f"q0,-{r} {r},-{r}")
    ways = map(add, sides, turns) if radius else sides
    return element("path", **ink, d=f"M{start}{''.join(ways)}z")


def element(tag: str, content: str = "", **attributes: str) -> str:
    """Return an SVG element with its content, which must be escaped already.

    >>> element("text", "a &lt; b", x="1")
    '<text x="1">a &lt; b</text>'
    """
    written = "".join(f' {name}="{xml(value)}"' for name, value in attributes.items())
    return f"<{tag}{written}>{content}</{tag}>" if content else f"<{tag}{written}/>"


def xml(line: str) -> str:
    r"""Return text escaped for SVG, with U+FFFD for characters that XML cannot hold.

    >>> xml('<"\x00">')
    '&lt;&quot;�&quot;&gt;'
    """
    return html.escape(legible(line))


def lines_of_label(label: str) -> list[str]:
    """Return the lines of the label of a graph; an HTML label keeps its text and its colours.

    >>> lines_of_label('<<b>all</b> <font color="#C75300">below 0</font><br/>and more>')
    ['all <tspan fill="#C75300">below 0</tspan>', 'and more']
    """
    if not (label.startswith("<") and label.endswith(">")):
        return [xml(line) for line in decoded(unescaped(label)).split("\n")]
    coloured = re.sub(
        r'<font color="([^"]*)">(.*?)</font>', r'<tspan fill="\1">\2</tspan>', label[1:-1]
    )
    lines = [re.sub(r"<(?!/?tspan)[^>]*>", "", line).strip() for line in coloured.split("<br/>")]
    return [line for line in lines if line]


def point(x: float, y: float) -> str:
    """Return a point as it is written in SVG."""
    return f"{svg_number(x)},{svg_number(y)}"


def svg_number(x: float) -> str:
    """Return a length as text, rounded to a hundredth of a point.

    >>> svg_number(-0.001), svg_number(12.3456), svg_number(7.0)
    ('0', '12.35', '7')
    """
    return f"{round(x, 2) + 0.0:.10g}"
