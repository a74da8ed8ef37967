"""The picture of a graph shows its numbers, operations, derivatives and clusters."""

import html
import math
import re
from fractions import Fraction

import pytest

from tinygrad_edu import Constant, Value, draw, softmax, total, weighted_sum
from tinygrad_edu.drawing.graph import levels_behind
from tinygrad_edu.drawing.svg import svg


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


def test_every_edge_into_an_operation_carries_its_local_derivative():
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
    with pytest.raises(ValueError, match=r"show: expected .* data, grad, partials, got colours"):
        draw(a, show="data colours")


def test_roles_differ_in_shape_and_colour():
    x, w = Constant(0.5, label="x"), Value(3.0, label="w")
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


def test_an_entangled_graph_is_refused_before_graphviz_hangs():
    x = Value(1.1)
    y = x
    for _ in range(60):
        y = y * x
    with pytest.raises(ValueError, match=r"draw: the graph is too entangled: its edges cross 1890"):
        draw(y)
    assert draw(y, depth=10)
    assert draw(y, clusters={"all": levels_behind(y, math.inf)}, fold=True)


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


# --- folding --------------------------------------------------------------------------------------


def two_products():
    """(a b + a) c, where a, b and their product are a cluster."""
    a, b, c = (Value(x, label=name) for x, name in zip((2.0, 3.0, 5.0), "abc", strict=True))
    inner = a * b
    return (inner + a) * c, {"inner": [a, b, inner]}


def edges(picture):
    return [line.split(" [")[0] for line in lines(picture, "->")]


def test_a_folded_cluster_is_one_box_with_its_title_and_size():
    value, clusters = two_products()
    picture = draw(value, clusters=clusters, fold=True)
    [box] = lines(picture, r"^\tf_0 \[")
    assert r'label="inner\n(3 numbers)"' in box
    assert "subgraph" not in picture.source
    assert "a = 2" not in picture.source
    assert "c = 5" in picture.source


def test_a_folded_cluster_keeps_only_its_edges_to_the_outside_each_once():
    value, clusters = two_products()
    unfolded = edges(draw(value))
    assert [e for e in unfolded if e.endswith("o_3")] == ["v_0 -> o_3", "v_1 -> o_3"]
    folded = edges(draw(value, clusters=clusters, fold=True))
    assert folded == ["o_4 -> v_4", "f_0 -> o_4", "o_5 -> v_5", "v_4 -> o_5", "v_2 -> o_5"]


def test_edges_beside_a_folded_cluster_keep_their_names_and_numbers():
    value, clusters = two_products()
    whole, folded = draw(value), draw(value, clusters=clusters, fold=True)
    [edge] = lines(folded, "v_4 -> o_5")
    assert edge == "v_4 -> o_5 [label=5 id=e_4_5_0]"
    assert edge in lines(whole, "->")
    assert lines(folded, "f_0 -> o_4") == ["f_0 -> o_4 [id=e_f_0_o_4]"]


def test_folding_chooses_by_title():
    a, b = Value(2.0, label="a"), Value(3.0, label="b")
    clusters = {"first": [a], "second": [b]}
    for fold in (["second"], "second", {"second"}):
        picture = draw(a * b, clusters=clusters, fold=fold)
        assert lines(picture, r"^\tf_\d+ \[") == lines(picture, r"second\\n\(1 number\)")
        assert "subgraph cluster_0" in picture.source
        assert "cluster_1" not in picture.source
    assert draw(a * b, clusters=clusters, fold=[]).source == draw(a * b, clusters=clusters).source


@pytest.mark.parametrize(
    ("fold", "error", "message"),
    [
        (["second", "third"], ValueError, "draw: fold: no cluster is called 'second', 'third'"),
        ("second", ValueError, "draw: fold: no cluster is called 'second'"),
        (3, TypeError, "draw: fold: expected True or titles of clusters, got 3"),
    ],
)
def test_what_cannot_be_folded_is_refused(fold, error, message):
    a = Value(2.0)
    with pytest.raises(error, match=message):
        draw(a * 2, clusters={"first": [a]}, fold=fold)


def test_plain_numbers_and_operations_go_into_the_box_with_their_value():
    a = Value(2.0, label="a")
    product = a * 7
    picture = draw(product + a, clusters={"seven": [product]}, fold=True)
    assert "label=7" not in picture.source
    assert edges(picture) == ["v_0 -> f_0", "o_2 -> v_2", "f_0 -> o_2", "v_0 -> o_2"]


def test_a_folded_result_still_looks_like_one():
    value, _ = two_products()
    [box] = lines(draw(value, clusters={"all of it": [value]}, fold=True), r"^\tf_0 \[")
    assert "peripheries=2" in box


def test_what_lies_beyond_the_depth_is_marked_once_behind_a_folded_cluster():
    x = Value(1.0)
    left, right = (x + 1) + 1, (x + 2) + 2
    picture = draw(left * right, depth=1, clusters={"both": [left, right]}, fold=True)
    assert picture.pipe("svg", encoding="utf-8").count(">…<") == 1
    assert lines(picture, "dotted") == ["m_f_0 -> f_0 [id=e_m_f_0_f_0 style=dotted]"]


def test_a_cluster_without_drawn_values_gives_no_box():
    elsewhere = Value(1.0)
    assert "f_0" not in draw(Value(2.0) * 3, clusters={"far": [elsewhere]}, fold=True).source


def test_a_value_in_two_clusters_belongs_to_the_last_one_folded_or_not():
    a = Value(2.0, label="a")
    clusters = {"first": [a], "last": [a]}
    assert "a = 2" in draw(a * 3, clusters=clusters, fold="first").source
    assert r"last\n(1 number)" in draw(a * 3, clusters=clusters, fold=True).source


def test_clusters_may_be_iterators():
    a = Value(2.0)
    assert r"(1 number)" in draw(a * 3, clusters={"a": iter([a])}, fold=True).source


def test_titles_of_folded_clusters_are_text_whatever_they_hold():
    x = Value(1.0, label="x")
    for title in ("a\\", "\\N", "<b>"):
        svg = draw(x * 2, clusters={title: [x]}, fold=True).pipe("svg", encoding="utf-8")
        assert f">{html.escape(title)}</text>" in svg


def test_thousands_of_numbers_are_drawn_when_they_are_folded():
    nodes = [Value(1.0, label="start")]
    for _ in range(4000):
        nodes.append(nodes[-1] + 1)
    clusters = {f"part {i}": nodes[1 + 1000 * i : 1001 + 1000 * i] for i in range(4)}
    picture = draw(nodes[-1], clusters=clusters, fold=True)
    assert edges(picture) == ["v_0 -> f_0", "f_0 -> f_1", "f_1 -> f_2", "f_2 -> f_3"]
    with pytest.raises(ValueError, match=r"^draw: 2004 numbers .* fold"):
        draw(nodes[-1], clusters=clusters, fold=["part 0", "part 1", "part 2"])


def test_max_nodes_counts_what_is_drawn():
    value, clusters = two_products()
    assert draw(value, clusters=clusters, fold=True, max_nodes=4)
    with pytest.raises(ValueError, match="4 numbers"):
        draw(value, clusters=clusters, fold=True, max_nodes=3)


def test_the_same_folded_graph_gives_the_same_bytes():
    def source():
        value, clusters = two_products()
        return draw(value, clusters=clusters, fold={"inner"}).source

    assert source() == source()


# --- before backward, and after a change ----------------------------------------------------------


def test_before_backward_no_gradient_is_written():
    a, b = Value(2.0, label="a"), Value(3.0, label="b")
    y = a * b + 0 * a
    for picture in (draw(y), draw(y, show="grad"), draw(y, show="data grad"), draw(y, depth=1)):
        assert "grad" not in picture.source
    y.backward()
    assert draw(y).source.count("grad ") == len(levels_behind(y, math.inf))
    b.grad = 0.0
    assert r"b = 3\ngrad 0" in draw(y).source  # one among others
    for p in (a, b, *levels_behind(y, math.inf)):
        p.grad = 0.0
    assert "grad" not in draw(y).source


@pytest.mark.parametrize("grad", [math.nan, math.inf, -1e-300, Fraction(1, 7)])
def test_if_one_gradient_is_not_0_all_are_written(grad):
    a = Value(2.0, label="a")
    y = a * 3 + 1
    a.grad = grad
    assert draw(y).source.count("grad ") == 3
    assert "grad" not in draw(y, show="data").source


def test_data_that_changed_after_the_forward_pass_are_reported():
    w, x = Value(1.0, label="w"), Value(5.0, label="x")
    square, other = w * w, x * x
    y = square + other
    unchanged = draw(y).source
    assert "out of date" not in unchanged
    w.data = 3.0
    picture = draw(y)
    assert "Data changed after the forward pass" in picture.source
    marked = lines(picture, r"out of date.*fillcolor|fillcolor.*out of date")
    assert [re.search(r'label="?([^\\]*)', line)[1] for line in marked] == ["v₁ = 1", "v₃ = 26"]
    for drawn in (picture.pipe(encoding="utf-8"), svg(picture)):
        assert drawn.count(">out of date</text>") == 2
        assert "Run the forward pass again." in drawn
    w.data = 1.0
    assert draw(y).source == unchanged


@pytest.mark.parametrize("data", [0.0, -1.0, math.nan, 1e300, 1j, Fraction(1, 3)])
def test_the_graph_is_drawn_whatever_its_data_become(data):
    x = Value(2.0, label="x")
    y = x.log() * x
    x.data = data
    assert "out of date" in draw(y).pipe(encoding="utf-8")


def test_a_partial_that_changed_is_reported_too():
    w, x = Value(2.0, label="w"), Value(0.0, label="x")
    y = w * x
    w.data = 3.0  # y is 0 as before, but its derivative with respect to x is not 2
    assert "out of date" in draw(y).source


def test_data_that_changed_inside_a_folded_cluster_are_reported_on_its_box():
    value, clusters = two_products()
    clusters["inner"][0].data = 7.0
    [box] = lines(draw(value, clusters=clusters, fold=True), r"^\tf_0 \[")
    assert r"inner\n(3 numbers)\nout of date" in box


def test_nan_that_was_computed_is_up_to_date():
    x = Value(math.inf, label="x")
    assert "out of date" not in draw(x - x).source


# --- very long numbers ----------------------------------------------------------------------------


def test_long_exact_numbers_are_drawn_to_the_digits_that_were_asked_for():
    x = Value(Fraction(10**5000, 3**9000), label="x")
    y = x * x
    assert "x = 8.104e+705" in draw(y).source
    assert "−2e+4999" in draw(Value(Fraction(-2 * 10**4999))).source
    assert "x = 1/3" in draw(Value(Fraction(1, 3), label="x")).source
    assert f"= {10**40 + 1}" in draw(Value(Fraction(10**40 + 1), label="x")).source


# --- an operation with several outputs ------------------------------------------------------------


def softmax_of_three():
    z = [Value(z, f"z_{i + 1}") for i, z in enumerate((1.0, 2.0, 0.5))]
    p = softmax(z)
    for i, output in enumerate(p):
        output.label = f"p_{i + 1}"
    return p


def test_softmax_is_drawn_once_with_all_its_derivatives_at_each_edge():
    source = draw(total([p * p for p in softmax_of_three()])).source
    assert source.count("label=softmax") == 1
    assert source.count(r"p₁: 0.1778\np₂: −0.1453\np₃: −0.03243") == 1  # with respect to z₁
    assert "label=0 " not in source  # the number of the output has no edge
    for i, label in enumerate(("p₁", "p₂", "p₃")):
        assert label in source, i


def test_two_softmaxes_are_both_drawn():
    p, q = softmax_of_three(), softmax_of_three()
    assert draw(total([*p, *q])).source.count("label=softmax") == 2


def test_one_output_alone_has_plain_derivatives():
    source = draw(softmax_of_three()[0]).source
    assert "p₁: " not in source
    assert "label=0.1778" in source or 'label="0.1778' in source
