"""Pictures drawn without Graphviz have the same parts and texts as pictures drawn with it."""

import os
import re
import subprocess
import sys
from xml.etree.ElementTree import fromstring

import pytest
from graphviz import Digraph

from tinygrad_edu import MLP, Value, draw
from tinygrad_edu.drawing import Picture, dot, draw_network
from tinygrad_edu.drawing.picture import fitted
from tinygrad_edu.drawing.svg import svg
from tinygrad_edu.lessons import worked_example

ODD = [
    'a "b"',
    "<b>",
    "\\N",
    "a\\",
    "two\nlines",
    "&lt;",
    "漢字 ∂σ²₁",
    "{x|y}",
    "}",
    "a -> b [id=c]",
]
SPACE = "{http://www.w3.org/2000/svg}"


def worked():
    example = worked_example.forward()
    example.loss.backward()
    return example


def squared():
    a = Value(3.0, label="a")
    return draw(a * a)


def small_loss():
    loss = (MLP(2, [3, 1])([0.5, -1.0]) - 1.0) ** 2
    loss.backward()
    return draw(loss)


def no_data():
    y = Value(2.0, label="a") * 3
    y.backward()
    return draw(y, show="grad")


def out_of_date():
    a = Value(2.0, label="a")
    y = a * a + 1
    a.data = 3.0
    return draw(y)


PICTURES = {
    "the worked example": lambda: worked_example.picture(worked()),
    "two paths in colour": worked_example.picture_of_two_paths,
    "folded": lambda: draw(worked().loss, clusters=worked().mlp.clusters()),
    "two levels": lambda: draw(worked().loss, depth=2),
    "downwards": lambda: draw(worked().loss, direction="TB"),
    "a squared": squared,
    "a small loss": small_loss,
    "one number": lambda: draw(Value(1.0)),
    "odd labels": lambda: draw(sum(Value(1.0, label=text) for text in ODD[:5])),
    "no data": no_data,
    "out of date": out_of_date,
}


def parts(drawn, kind):
    """The parts of a picture by id, each with its lines of text and its elements."""
    root = fromstring(drawn)  # noqa: S314 - our own
    groups = {g.get("id"): g for g in root.iter(f"{SPACE}g") if g.get("class") == kind}
    return {
        name: (
            ["".join(text.itertext()) for text in group.iter(f"{SPACE}text")],
            [element.tag.removeprefix(SPACE) for element in group.iter()],
        )
        for name, group in groups.items()
    }


@pytest.mark.parametrize("name", PICTURES)
def test_nodes_and_edges_have_the_ids_and_the_text_that_graphviz_gives_them(name):
    if not list(dot.programs()):
        pytest.skip("no Graphviz to compare with")
    picture = PICTURES[name]()
    by_graphviz = picture.pipe("svg", encoding="utf-8")
    for kind in ("node", "edge"):
        ours, theirs = parts(svg(picture), kind), parts(by_graphviz, kind)
        named = {name for name in theirs if not re.fullmatch(r"(node|edge)\d+", name)}
        assert named <= set(ours)
        assert len(ours) == len(theirs)
        for part in named:
            assert [line.strip() for line in ours[part][0]] == [s.strip() for s in theirs[part][0]]


@pytest.mark.parametrize("name", PICTURES)
def test_borders_and_edges_are_elements_that_the_stepper_page_marks(name):
    drawn = svg(PICTURES[name]())
    for kind in ("node", "edge"):
        for _, tags in parts(drawn, kind).values():
            assert set(tags) <= {"g", "title", "text", "path", "polygon", "ellipse"}
    assert re.search(r'<svg width="\d+pt" height="\d+pt" viewBox="', drawn)


@pytest.mark.parametrize("label", [*ODD, "a\x00b\x1b\ud800", "]]>", "<>"])
def test_labels_are_text_whatever_they_hold(label):
    drawn = svg(draw(Value(1.0, label=label) * 2))
    shown = re.sub("[\x00\x1b\ud800]", "�", " ".join(label.split())).replace("σ²₁", "σ₁²")
    assert parts(drawn, "node")["v_0"][0] == [f"{shown} = 1"]


def test_names_of_nodes_and_of_attributes_are_not_statements():
    picture = Picture()
    for name in ("graph", "node", "edge", "subgraph", "}", "a b", "1"):
        picture.node(name)
        picture.edge(name, "end", label=name)
    assert list(parts(svg(picture), "node")) == [
        "graph", "end", "node", "edge", "subgraph", "}", "a b", "1",
    ]  # fmt: skip
    assert len(parts(svg(picture), "edge")) == 7


def test_a_tree_of_values_fits_its_page():
    root = fromstring(svg(small_loss()))  # noqa: S314 - our own
    left, top, width, height = map(float, re.split("[ ,]", root.get("viewBox")))
    for text in root.iter(f"{SPACE}text"):
        assert left < float(text.get("x")) < left + width
        assert top < float(text.get("y")) < top + height


def test_direction_is_kept():
    a = Value(2.0, label="a")
    for direction, key in (("LR", "x"), ("TB", "y")):
        root = fromstring(svg(draw(a * 3, direction=direction)))  # noqa: S314 - our own
        groups = {g.get("id"): g for g in root.iter(f"{SPACE}g")}
        places = [float(groups[name].find(f"{SPACE}text").get(key)) for name in ("v_0", "v_1")]
        assert places[0] < places[1]


def test_an_edge_with_several_colours_is_drawn_as_lines_side_by_side():
    a = Value(2.0, label="a")
    b = a * 3
    drawn = svg(draw(b, highlight={(b, 0): ["#0072B2", "#D55E00"]}))
    edge = drawn[drawn.index('id="e_0_1_0"') :].partition("</g>")[0]
    lines = re.findall(r'stroke="(#\w+)" stroke-width="2.5" d="M[\d.]+,(-?[\d.]+)C', edge)
    assert [colour for colour, _ in lines] == ["#0072B2", "#D55E00"]
    assert float(lines[1][1]) - float(lines[0][1]) == pytest.approx(2.5)


def test_a_network_keeps_its_places_and_its_legend():
    picture = draw_network(MLP(2, [3, 1]))
    drawn = svg(picture)
    found = re.findall(r'id="(n_\d_\d)".*?<ellipse[^>]* cx="(.+?)" cy="(.+?)"', drawn, re.DOTALL)
    for name, x, y in found:
        u, v = re.search(rf'id={name} .*?pos="([^,]+),([^!]+)!"', picture.source).groups()
        assert (float(x), float(y)) == pytest.approx((72 * float(u), -72 * float(v)), abs=0.1)
    assert len(found) == 6
    assert len(parts(drawn, "edge")) == 9
    assert '<tspan fill="#0072B2">—  weight above 0</tspan>' in drawn
    assert "<title>w₁₁⁽¹⁾ = " in drawn


def test_the_same_picture_gives_the_same_bytes_in_every_run():
    program = (
        "import hashlib; from tinygrad_edu.drawing.svg import svg; "
        "from tinygrad_edu.lessons import worked_example as example; "
        "print(hashlib.sha256(svg(example.picture(example.forward())).encode()).hexdigest())"
    )
    hashes = {
        subprocess.run(
            [sys.executable, "-c", program],
            check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(hashes) == 1


def test_an_empty_picture_is_an_empty_page():
    assert parts(svg(Picture()), "node") == {}


@pytest.mark.usefixtures("no_graphviz")
@pytest.mark.parametrize("line", ["\trank=same\n", "\tnode [shape=box]\n", "\t// a word\n"])
def test_lines_that_only_graphviz_can_draw_raise_and_a_notebook_gets_the_source(line):
    picture = Picture(body=[line])
    with pytest.raises(RuntimeError, match="can only be drawn by Graphviz") as error:
        picture.pipe("svg")
    assert repr(line.strip()) in str(error.value)
    assert picture.source in picture._repr_mimebundle_()["text/plain"]


# --- where there is no Graphviz -------------------------------------------------------------------


@pytest.mark.usefixtures("no_graphviz")
def test_without_graphviz_pictures_are_drawn_all_the_same():
    picture = squared()
    assert picture.pipe("svg", encoding="utf-8") == svg(picture)
    assert picture.pipe("svg") == svg(picture).encode()
    assert picture._repr_mimebundle_() == {"image/svg+xml": fitted(svg(picture))}
    assert picture._repr_mimebundle_(exclude={"image/svg+xml"}) == {}


@pytest.mark.usefixtures("no_graphviz")
def test_without_graphviz_svg_is_written_to_files(tmp_path):
    picture = squared()
    assert picture.render(outfile=tmp_path / "x.svg") == str(tmp_path / "x.svg")
    assert (tmp_path / "x.svg").read_text(encoding="utf-8") == svg(picture)
    written = picture.render("y", tmp_path, format="svg", cleanup=True)
    assert written == str(tmp_path / "y.svg")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.svg", "y.svg"]


def test_graphs_of_the_graphviz_package_can_be_drawn_too():
    graph = Digraph(graph_attr={"rankdir": "LR"})
    graph.edge("a", "b", "twice")
    graph.edges(["bc", "ca"])
    with graph.subgraph(name="cluster_0", graph_attr={"label": "a frame"}) as inner:
        inner.node("d", "plain", shape="plain")
    drawn = svg(graph)
    assert list(parts(drawn, "node")) == ["a", "b", "c", "d"]
    assert list(parts(drawn, "edge")) == ["a->b", "b->c", "c->a"]
