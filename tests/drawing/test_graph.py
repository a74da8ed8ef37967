"""What a drawing shows of a graph."""

import html
import re
from fractions import Fraction

import pytest

from tinygrad_edu import Constant, Value, draw, weighted_sum


def lines(picture, pattern):
    return [line.strip() for line in picture.source.splitlines() if re.search(pattern, line)]


def test_boxes_show_label_data_and_gradient_and_circles_the_operation():
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    product = a * b
    product.backward()
    source = draw(product).source
    assert r"a = 2\ngrad −3" in source
    assert r"b = −3\ngrad 2" in source
    assert r"−6\ngrad 1" in source
    assert 'label="×"' in source


def test_every_edge_into_an_operation_bears_its_local_derivative():
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    edges = lines(draw(a * b), "-> o_2")
    assert edges == ['v_0 -> o_2 [label="−3" id=e_0_2_0]', "v_1 -> o_2 [label=2 id=e_1_2_1]"]


def test_a_times_a_has_two_edges():
    a = Value(3.0, label="a")
    assert len(lines(draw(a * a), "v_0 -> o_1 .*label=3")) == 2


def test_show_chooses_the_numbers():
    a = Value(2.0, label="a")
    assert "grad" not in draw(a * 5, show="data partials").source
    assert "label=5 id=e_0_1_0" not in draw(a * 5, show="data grad").source
    assert "a = 2" not in draw(a * 5, show=["grad"]).source
    with pytest.raises(ValueError, match="show knows data, grad and partials, not colours"):
        draw(a, show="data colours")


def test_roles_differ_in_shape_and_colour():
    x, w = Constant(0.5, label="x"), Value(2.0, label="w")
    middle = w * x
    middle.label = "m"
    picture = draw(middle * 7)
    patterns = ['"x = ', "label=7 ", '"w = ', '"m = ', "peripheries"]
    constant, number, parameter, intermediate, result = (
        lines(picture, f"fillcolor.*{pattern}|{pattern}.*fillcolor")[0] for pattern in patterns
    )
    fill = re.compile(r'fillcolor="(#\w+)"')
    fills = [fill.search(line)[1] for line in (constant, parameter, intermediate, result)]
    assert len(set(fills)) == 4
    assert fill.search(number)[1] == fills[0]
    assert "rounded" in constant
    assert "rounded" in number
    assert "rounded" not in parameter


def test_a_constant_has_no_gradient():
    x, w = Constant(0.5, label="x"), Value(2.0, label="w")
    source = draw(weighted_sum([w], [x], 1)).source
    assert 'label="x = 0.5"' in source


def test_clusters_frame_values_with_their_operations():
    a, b = Value(2.0, label="a"), Value(3.0, label="b")
    inner = a * b
    source = draw(inner + 1, clusters={"a neuron": [inner, a]}).source
    frame = source[
        source.index("subgraph cluster_0") : source.index("}", source.index("cluster_0"))
    ]
    assert 'label="a neuron"' in frame
    assert "o_2" in frame
    assert "a = 2" in frame
    assert "b = 3" not in frame


def test_the_same_graph_gives_the_same_bytes():
    def source():
        x = Value(0.5, label="x")
        return draw((x * 2 + 1).tanh() * x).source

    assert source() == source()


def test_labels_are_text_whatever_they_hold():
    label = r'<b> & "quoted" \N {record|fields} ∂σ²₁'
    svg = draw(Value(1.0, label=label) * 2).pipe("svg", encoding="utf-8")
    assert "&lt;b&gt; &amp; &quot;quoted&quot; \\N {record|fields} ∂σ²₁" in svg


def test_fractions_are_drawn_as_fractions():
    x = Value(Fraction(1, 3), label="x")
    assert "x = 1/3" in draw(x * x).source


def test_depth_draws_a_part_and_marks_what_is_left_out():
    v = Value(1.0, label="start")
    for _ in range(50):
        v = v + 1
    picture = draw(v, depth=3)
    assert "start" not in picture.source
    assert "…" in picture.source
    assert len(lines(picture, "shape=circle")) == 4


def test_depth_counts_along_the_shortest_way():
    x = Value(1.0, label="x")
    assert "x = 1" in draw((x + 1 + 1 + 1) * x, depth=1).source


def test_a_graph_too_large_to_read_is_refused_with_advice():
    v = Value(1.0)
    for _ in range(400):
        v = v + 1
    with pytest.raises(ValueError, match=r"801 numbers .* small depth"):
        draw(v)
    assert len(lines(draw(v, max_nodes=1000), "shape=circle")) == 400


def test_only_a_value_can_be_drawn():
    with pytest.raises(TypeError, match=r"draw: expected a Value, got 2\.0 \(float\)"):
        draw(2.0)


def test_drawing_leaves_gradients_alone():
    x = Value(2.0)
    y = x * x
    y.backward()
    draw(y)
    assert (x.grad, y.grad) == (4.0, 1.0)


def test_titles_of_clusters_are_text_whatever_they_hold():
    x = Value(1.0, label="x")
    for title in ("a\\", "\\N", "<b>"):
        svg = draw(x * 2, clusters={title: [x]}).pipe("svg", encoding="utf-8")
        assert f">{html.escape(title)}</text>" in svg


def test_plain_numbers_count_as_much_as_values():
    with pytest.raises(ValueError, match="602 numbers"):
        draw(weighted_sum([0.1] * 300, [1.0] * 300, Value(1.0)))


def test_a_label_need_not_be_text():
    assert '"5 = 1' in draw(Value(1.0, label=5) * 2).source


def test_numbers_beyond_the_depth_do_not_count():
    wide = weighted_sum([0.1] * 300, [1.0] * 300, Value(1.0))
    assert "…" in draw(wide + 1, depth=1).source
