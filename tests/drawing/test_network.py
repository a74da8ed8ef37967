"""The picture of a network shows its weights, numbers and gradients."""

import math
import re
from fractions import Fraction
from functools import partial
from itertools import combinations, pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from tinygrad_edu import (
    MLP,
    Constant,
    Layer,
    Neuron,
    Value,
    draw,
    draw_network,
    leaky_relu,
    total,
)
from tinygrad_edu.drawing import network
from tinygrad_edu.drawing.svg import svg
from tinygrad_edu.lessons import worked_example


@pytest.fixture
def of_the_lecture():
    example = worked_example.forward()
    example.loss.backward()
    return example.mlp


def line(picture, name):
    """The statement of the node or edge with an id."""
    [found] = [text for text in picture.source.splitlines() if f"id={name} " in f"{text[:-1]} "]
    return found


def attribute(picture, name, key):
    quoted = re.search(rf'\b{key}=(?:"([^"]*)"|([^\s\]]+))', line(picture, name))
    return quoted[1] if quoted[1] is not None else quoted[2]


def ids(picture, kind):
    return re.findall(rf"\bid=({kind}_\w+)", picture.source)


def place(picture, name):
    x, y = attribute(picture, name, "pos").removesuffix("!").split(",")
    return float(x), float(y)


# --- circles and lines ----------------------------------------------------------------------------


def test_a_circle_for_each_neuron_and_input_and_a_line_for_each_weight_a4():
    picture = draw_network(MLP(3, [4, 3, 1]))
    assert ids(picture, "n") == [
        *("n_0_1", "n_0_2", "n_0_3"),
        *("n_1_1", "n_1_2", "n_1_3", "n_1_4"),
        *("n_2_1", "n_2_2", "n_2_3"),
        "n_3_1",
    ]
    assert len(ids(picture, "w")) == 4 * 3 + 3 * 4 + 1 * 3
    assert line(picture, "w_2_1_3").strip().startswith("n_1_3 -> n_2_1 ")
    assert len(ids(picture, "b")) == 4 + 3 + 1


def test_circles_show_the_last_call_a9(of_the_lecture):
    picture = draw_network(of_the_lecture)
    assert attribute(picture, "n_0_2", "label") == r"x₂\n0.1"
    assert attribute(picture, "n_1_1", "label") == r"z₁⁽¹⁾ = 0.3775\na₁⁽¹⁾ = 0.5933"
    assert attribute(picture, "n_2_2", "label") == r"z₂⁽²⁾ = 1.225\na₂⁽²⁾ = 0.7729"
    assert attribute(picture, "b_2_1", "label") == "b = 0.6"
    assert attribute(picture, "t_1_1_2", "label") == "0.2"


def test_before_a_call_there_are_names_only():
    picture = draw_network(MLP(2, [2, 1]))
    assert attribute(picture, "n_0_2", "label") == "x₂"
    assert attribute(picture, "n_1_2", "label") == "a₂⁽¹⁾"


def test_an_activation_equal_to_z_is_written_once():
    mlp = MLP(1, [1], initialisation="zeros")
    mlp([2.0])
    assert attribute(draw_network(mlp), "n_1_1", "label") == "a₁ = 0"


def test_softmax_is_distinguished_from_z():
    mlp = MLP(1, [2], output_activation="softmax", initialisation="zeros")
    mlp([2.0])
    picture = draw_network(mlp)
    assert attribute(picture, "n_1_1", "label") == r"z₁ = 0\na₁ = 0.5"
    assert attribute(picture, "l_1", "label") == r"layer 1\n2 neurons, softmax"


def test_inputs_show_their_own_labels_if_they_have_any():
    mlp = MLP(2, [1])
    mlp([Value(1.5, label="width"), Constant(2.5)])
    picture = draw_network(mlp)
    assert attribute(picture, "n_0_1", "label") == r"width\n1.5"
    assert attribute(picture, "n_0_2", "label") == r"x₂\n2.5"


def test_a_layer_and_a_neuron_are_networks_of_one_layer():
    layer, neuron = Layer(2, 3, "relu", seed=0), Neuron(2, "step", seed=0)
    assert len(ids(draw_network(layer), "w")) == 6
    assert attribute(draw_network(layer), "l_1", "label") == r"layer 1\n3 neurons, relu"
    assert ids(draw_network(neuron), "w") == ["w_1_1_1", "w_1_1_2"]
    assert attribute(draw_network(neuron), "l_1", "label") == r"layer 1\n1 neuron, step"


def test_an_activation_is_called_by_its_name_or_not_at_all():
    def own(z):
        return z * z

    titles = [
        attribute(draw_network(Neuron(1, g, seed=0)), "l_1", "label")
        for g in ("tanh", own, partial(leaky_relu, alpha=0.2))
    ]
    assert [title.rpartition(", ")[2] for title in titles] == ["tanh", "own", "leaky_relu"]
    bare = SimpleNamespace(w=[0.5], b=0.25)
    assert attribute(draw_network(bare), "l_1", "label") == r"layer 1\n1 neuron"


def test_inputs_hidden_neurons_and_outputs_differ_in_colour():
    picture = draw_network(MLP(1, [1, 1, 1]))
    fills = [attribute(picture, f"n_{layer}_1", "fillcolor") for layer in (0, 1, 2, 3)]
    assert fills[1] == fills[2]
    assert len(set(fills)) == 3


# --- colours and widths ---------------------------------------------------------------------------


def with_weights(*weights):
    neuron = Neuron(len(weights))
    neuron.w = weights
    return neuron


def test_the_colour_shows_the_sign_and_the_width_the_size():
    picture = draw_network(with_weights(2.0, -1.0, 0.0))
    colours = [attribute(picture, f"w_1_1_{j}", "color") for j in (1, 2, 3)]
    widths = [float(attribute(picture, f"w_1_1_{j}", "penwidth")) for j in (1, 2, 3)]
    assert colours == [network.BLUE, network.ORANGE, network.GREY]
    assert widths == [4.0, 2.2, 0.4]
    assert "widest line: ±2" in picture.source


def test_widths_compare_across_layers():
    mlp = MLP(1, [1, 1])
    mlp.layers[0].W, mlp.layers[1].W = [[0.5]], [[-5.0]]
    picture = draw_network(mlp)
    assert float(attribute(picture, "w_1_1_1", "penwidth")) == pytest.approx(0.4 + 3.6 / 10)
    assert attribute(picture, "w_2_1_1", "penwidth") == "4"


def test_grad_shows_gradients_in_place_of_weights_a9(of_the_lecture):
    picture = draw_network(of_the_lecture, show="grad")
    assert attribute(picture, "t_2_1_1", "label") == "0.08217"
    assert attribute(picture, "t_1_1_1", "label") == "0.0004386"
    assert attribute(picture, "w_2_2_1", "color") == network.ORANGE
    assert attribute(draw_network(of_the_lecture), "w_2_2_1", "color") == network.BLUE
    assert attribute(picture, "b_2_1", "label") == "grad b = 0.1385"
    assert "widest line: ±0.08267" in picture.source  # at w₁₂ of layer 2


def test_before_backward_no_gradient_is_written():
    mlp = MLP(2, [2], seed=0)
    loss = total(mlp([0.5, 1.0]))
    assert "grad" not in draw_network(mlp).source
    loss.backward()
    assert draw_network(mlp).source.count("grad ") == 4 * 2 + 2 * 2  # on lines, numbers, biases
    mlp.zero_grad()
    assert "grad" not in draw_network(mlp).source


def test_gradients_before_backward_are_all_0():
    picture = draw_network(MLP(2, [2]), show="grad")
    assert "all are 0, as before backward()" in picture.source
    assert not ids(picture, "t")
    assert not ids(picture, "b")
    assert {attribute(picture, name, "color") for name in ids(picture, "w")} == {network.GREY}


def test_numbers_that_are_not_finite_are_dashed_and_leave_the_scale_alone():
    picture = draw_network(with_weights(math.inf, -math.inf, math.nan, 0.5))
    styles = [attribute(picture, f"w_1_1_{j}", "style") for j in (1, 2, 3, 4)]
    colours = [attribute(picture, f"w_1_1_{j}", "color") for j in (1, 2, 3)]
    assert styles == ["dashed", "dashed", "dashed", "solid"]
    assert colours == [network.BLUE, network.ORANGE, network.GREY]
    assert "widest line: ±0.5" in picture.source
    assert "</svg>" in picture.pipe("svg", encoding="utf-8")


def test_fractions_are_written_as_fractions():
    neuron = with_weights(Fraction(1, 3))
    neuron.b = Fraction(-1, 7)
    neuron([Fraction(3, 5)])
    picture = draw_network(neuron)
    assert attribute(picture, "t_1_1_1", "label") == "1/3"
    assert attribute(picture, "b_1_1", "label") == "b = −1/7"
    assert attribute(picture, "n_0_1", "label") == r"x₁\n3/5"


# --- after a change -------------------------------------------------------------------------------


def test_a_network_whose_weights_changed_after_the_call_says_so():
    mlp = MLP(2, [2, 1], seed=0)
    mlp([0.5, 1.0])
    assert "out of date" not in draw_network(mlp).source
    mlp.layers[0].neurons[1].b.data += 1.0
    picture = draw_network(mlp)
    assert "data changed: z and a in red circles are out of date" in picture.source
    told = {
        name: "out of date" in attribute(picture, name, "tooltip") for name in ids(picture, "n")
    }
    assert [name for name, is_old in told.items() if is_old] == ["n_1_2", "n_2_1"]
    assert attribute(picture, "n_1_2", "color") != attribute(picture, "n_1_1", "color")
    assert "z and a in red circles are out of date" in svg(picture)
    mlp([0.5, 1.0])
    assert "out of date" not in draw_network(mlp).source


# --- tooltips -------------------------------------------------------------------------------------


def test_tooltips_have_name_number_and_gradient(of_the_lecture):
    svg = draw_network(of_the_lecture).pipe("svg", encoding="utf-8")
    grad = of_the_lecture.layers[1].neurons[0].w[0].grad
    told = re.search(r'<g id="a_w_2_1_1"><a xlink:title="([^"]*)"', svg)[1]
    assert told == f"w₁₁⁽²⁾ = 0.4, grad {grad:.10g}"
    neuron = re.search(r'<g id="a_n_1_1"><a xlink:title="([^"]*)"', svg)[1]
    assert neuron.startswith(
        "layer 1, neuron 1: z₁⁽¹⁾ = 0.3775, a₁⁽¹⁾ = 0.5933, b₁⁽¹⁾ = 0.35, grad"
    )
    assert '<a xlink:title="input 1: x₁ = 0.05"' in svg


def test_labels_are_text_whatever_they_hold():
    label = r'<b> & "quoted" \N {record|fields} ∂σ²₁'
    neuron = with_weights(Value(1.0, label=label))
    neuron([Value(2.0, label=label)])
    svg = draw_network(neuron).pipe("svg", encoding="utf-8")
    shown = "&lt;b&gt; &amp; &quot;quoted&quot; \\N {record|fields} ∂σ²₁"
    assert f">{shown}</text>" in svg
    assert f'xlink:title="{shown} = 1"' in svg
    assert f'xlink:title="input 1: {shown} = 2"' in svg


# --- large and small ------------------------------------------------------------------------------


def test_a_large_layer_shows_its_ends_and_how_many_neurons_are_left_out():
    picture = draw_network(MLP(784, [32, 10]), max_neurons=5)
    assert ids(picture, "n") == [f"n_{k}_{i}" for k, n in enumerate((784, 32, 10))
                                 for i in (1, 2, 3, n)]  # fmt: skip
    assert len(ids(picture, "w")) == 2 * 4 * 4
    assert [attribute(picture, f"d_{k}", "label") for k in (0, 1, 2)] == [
        rf"•\n•\n•\n{n} more" for n in (784 - 4, 32 - 4, 10 - 4)
    ]
    assert attribute(picture, "l_0", "label") == "784 inputs"
    assert "n_0_784 -> n_1_32" in line(picture, "w_1_32_784")


def test_a_layer_of_just_max_neurons_is_drawn_whole():
    whole, cut = (draw_network(Layer(1, n), max_neurons=4) for n in (4, 5))
    assert ids(whole, "n_1") == ["n_1_1", "n_1_2", "n_1_3", "n_1_4"]
    assert ids(cut, "n_1") == ["n_1_1", "n_1_2", "n_1_5"]


@pytest.mark.parametrize("sizes", [[2, 2], [3, 4, 3, 1], [1, 12], [12, 1], [4, 9, 4]])
def test_numbers_on_lines_lie_apart_where_they_are_written(sizes):
    check_numbers(draw_network(MLP(sizes[0], sizes[1:])), sizes)


@pytest.mark.parametrize("sizes", [[2, 11, 11, 1], [12, 12]])
def test_numbers_on_lines_lie_apart_where_they_are_wanted(sizes):
    check_numbers(draw_network(MLP(sizes[0], sizes[1:]), numbers=True), sizes)


def check_numbers(picture, sizes):
    names = ids(picture, "t")
    assert len(names) == sum(m * n for m, n in pairwise(sizes))
    places = [place(picture, name) for name in names]
    height, width = 13 / 72, 45 / 72  # the size of a number in 10 points
    for (x, y), (u, v) in combinations(places, 2):
        assert abs(x - u) > width or abs(y - v) > height
    for name in names:
        _, layer, i, j = name.split("_")
        for end in (f"n_{int(layer) - 1}_{j}", f"n_{layer}_{i}"):
            assert math.dist(place(picture, name), place(picture, end)) > (
                network.CIRCLE / 2 + width / 2
            )


def test_a_number_lies_on_its_line():
    picture = draw_network(MLP(3, [4, 2]))
    for name in ids(picture, "t"):
        _, layer, i, j = name.split("_")
        (x, y), (u, v) = place(picture, f"n_{int(layer) - 1}_{j}"), place(picture, f"n_{layer}_{i}")
        s, t = place(picture, name)
        assert (s - x) * (v - y) == pytest.approx((t - y) * (u - x), abs=0.01)


def test_large_networks_have_no_numbers_on_lines_unless_they_are_wanted():
    large, small = MLP(2, [16, 16, 1]), MLP(2, [2])
    assert not ids(draw_network(large), "t")
    wanted = draw_network(large, numbers=True)
    assert len(ids(wanted, "t")) == len(ids(wanted, "w"))
    assert not ids(draw_network(small, numbers=False), "t")


def test_no_circle_lies_on_another():
    picture = draw_network(MLP(5, [12, 3, 1]))
    places = [place(picture, name) for name in ids(picture, "n")]
    for (x, y), (u, v) in combinations(places, 2):
        assert math.hypot(x - u, y - v) > network.CIRCLE


def test_digits_are_significant_digits():
    assert attribute(draw_network(with_weights(1 / 3), digits=2), "t_1_1_1", "label") == "0.33"


def test_the_same_network_gives_the_same_bytes():
    def pictures():
        mlp = MLP(3, [20, 2], "relu", "softmax", seed=1)
        total(mlp([1.0, 2.0, 3.0])).backward()
        return [draw_network(mlp).source, draw_network(mlp, show="grad").pipe("svg")]

    assert pictures() == pictures()


@pytest.mark.parametrize("format_", ["svg", "png"])
def test_circles_are_where_they_are_put(format_):
    picture = draw_network(MLP(2, [3, 1]))
    assert picture.pipe(format_)
    svg = picture.pipe("svg", encoding="utf-8")
    centres = {
        name: (float(x), float(y))
        for name, x, y in re.findall(r'<g id="(n_\d_\d)".*?<ellipse[^>]* cx="([^"]+)" cy="([^"]+)"',
                                     svg, re.DOTALL)
    }  # fmt: skip
    assert len(centres) == 6
    lines = re.findall(r'<path fill="none" stroke="#\w+" stroke-width="[^"]+" d="M([^"]+)"', svg)
    assert len(lines) == 9
    for line_of_two in lines:  # a cubic whose four points lie in a row is straight
        (x, y), *rest = (map(float, xy.split(",")) for xy in re.split("[C ]", line_of_two))
        turns = [(u - x, v - y) for u, v in rest]
        assert all(abs(u * turns[-1][1] - v * turns[-1][0]) < 5 for u, v in turns)
    (x0, y0), (u0, v0) = centres["n_0_1"], place(picture, "n_0_1")
    for name, (x, y) in centres.items():
        u, v = place(picture, name)
        assert (x - x0, y0 - y) == pytest.approx((72 * (u - u0), 72 * (v - v0)), abs=1)


def test_drawing_leaves_the_network_alone(of_the_lecture):
    before = [(p.data, p.grad, p.label) for p in of_the_lecture.parameters()]
    draw_network(of_the_lecture, show="grad").pipe("svg")
    assert [(p.data, p.grad, p.label) for p in of_the_lecture.parameters()] == before


# --- plain numbers, and things that are not networks ----------------------------------------------


def test_a_frozen_network_is_drawn_with_its_numbers(of_the_lecture):
    frozen = of_the_lecture.frozen()
    frozen(worked_example.INPUTS)
    picture = draw_network(frozen)
    assert attribute(picture, "n_1_1", "label") == r"z₁⁽¹⁾ = 0.3775\na₁⁽¹⁾ = 0.5933"
    assert attribute(picture, "n_0_1", "label") == "x₁"  # plain numbers leave no graph behind
    assert attribute(picture, "w_2_1_2", "tooltip") == "w from 2 to 1 = 0.45"
    with pytest.raises(ValueError, match=r"show='grad': a frozen copy has plain numbers"):
        draw_network(frozen, show="grad")


def test_after_a_batch_there_is_no_single_number_to_show(of_the_lecture):
    frozen = of_the_lecture.frozen()
    frozen(np.ones((2, 5)))
    assert attribute(draw_network(frozen), "n_1_1", "label") == "a₁⁽¹⁾"


def test_a_network_of_your_own_needs_the_same_attributes():
    class Own:
        def __init__(self):
            self.layers = [Layer(2, 2, seed=0), SimpleNamespace(neurons=[Neuron(2, seed=0)])]

    assert len(ids(draw_network(Own()), "w")) == 6


@pytest.mark.parametrize(
    "thing",
    [
        3, None, "mlp", Value(1.0), [MLP(1, [1])], {"w": [1.0], "b": 0.0}, MLP, Layer, Neuron,
        SimpleNamespace(layers=[]), SimpleNamespace(layers=3), SimpleNamespace(neurons=[]),
        SimpleNamespace(layers=[SimpleNamespace(neurons=[])]),
        SimpleNamespace(w=[], b=0.0), SimpleNamespace(w=["1"], b=0.0),
        SimpleNamespace(w=[np.ones(3)], b=0.0), SimpleNamespace(w=[1.0], b=None), np.ones((2, 2)),
    ],
    ids=str,
)  # fmt: skip
def test_a_thing_that_is_not_a_network_is_refused_with_its_type(thing):
    with pytest.raises(TypeError, match="draw_network: expected an MLP, a Layer or a Neuron, got"):
        draw_network(thing)


def test_layers_that_do_not_fit_together_are_refused():
    unfit = SimpleNamespace(layers=[Layer(2, 3), Layer(2, 1)])
    with pytest.raises(ValueError, match="a neuron of layer 2 has 2 weights, but 3 inputs"):
        draw_network(unfit)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"show": "colours"}, "draw_network: show: expected 'weights' or 'grad', got 'colours'"),
        ({"show": ["grad"]}, "draw_network: show: expected 'weights' or 'grad', got "),
        (
            {"max_neurons": 2},
            "max_neurons: expected a whole number of at least 3, got 2",
        ),
        (
            {"max_neurons": 4.5},
            "max_neurons: expected a whole number of at least 3, got 4.5",
        ),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        draw_network(MLP(2, [2]), **options)


def test_the_graph_and_the_network_are_pictures_of_the_same_kind(of_the_lecture):
    network_picture = draw_network(of_the_lecture)
    assert type(network_picture) is type(draw(Value(1.0) * 2))
    assert set(network_picture._repr_mimebundle_()) == {"image/svg+xml", "image/png"}
