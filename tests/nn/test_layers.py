"""Neurons, layers and networks: A1-A4, A9, B1, D1, E2."""

import copy
import gc
import math
import pickle
import random
from fractions import Fraction
from functools import partial
from itertools import product

import micrograd.engine
import micrograd.nn
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_edu import (
    MLP,
    Constant,
    Layer,
    Neuron,
    Value,
    assert_gradients,
    draw,
    half_squared_error,
    leaky_relu,
    losses,
    relu,
    sigmoid,
    tanh,
    total,
    weighted_sum,
)
from tinygrad_edu.check.noise import rounding_error
from tinygrad_edu.engine import ancestors
from tinygrad_edu.lessons import worked_example
from tinygrad_edu.nn.activations import ACTIVATIONS, linear

EPSILON = 2.0**-52
by_name = pytest.mark.parametrize("activation", ACTIVATIONS)
moderate = st.floats(-10, 10)


def of_the_lecture():
    """The network of A9."""
    mlp = MLP(2, [2, 2], "sigmoid", "sigmoid")
    for layer, rows, biases in zip(
        mlp.layers, worked_example.WEIGHTS, worked_example.BIASES, strict=True
    ):
        layer.W, layer.b = rows, biases
    return mlp


def numbers(outputs):
    """The data of one output or of several."""
    return [v.data for v in outputs] if isinstance(outputs, list) else outputs.data


def data_of(module):
    return [p.data for p in module.parameters()]


# --- what a network computes ----------------------------------------------------------------------


def written_out(xs, targets):
    """The z, the a, the parameters in order, and the loss of A9, without a network."""
    zs, activations, parameters = [], [], []
    signals = [Constant(x) for x in xs]
    for rows, biases in zip(worked_example.WEIGHTS, worked_example.BIASES, strict=True):
        layer = [([Value(w) for w in row], Value(b)) for row, b in zip(rows, biases, strict=True)]
        parameters += [p for weights, bias in layer for p in (*weights, bias)]
        z = [weighted_sum(weights, signals, bias) for weights, bias in layer]
        signals = [sigmoid(v) for v in z]
        zs += z
        activations += signals
    return zs, activations, parameters, half_squared_error(signals, targets)


def test_the_worked_example_as_a_network_is_the_worked_example_written_out_a9():
    mlp = of_the_lecture()
    loss = half_squared_error(mlp(worked_example.INPUTS), worked_example.TARGETS)
    zs, activations, parameters, expected = written_out(
        worked_example.INPUTS, worked_example.TARGETS
    )
    loss.backward()
    expected.backward()
    assert f"{loss.data:.4f}" == "0.2984"  # the slide
    neurons = [neuron for layer in mlp.layers for neuron in layer.neurons]
    assert loss.data == expected.data
    assert [n.z.data for n in neurons] == [z.data for z in zs]
    assert [n.a.data for n in neurons] == [a.data for a in activations]
    assert [n.a.grad for n in neurons] == [a.grad for a in activations]
    assert data_of(mlp) == [p.data for p in parameters]
    assert [p.grad for p in mlp.parameters()] == [p.grad for p in parameters]
    assert len(parameters) == 12


@pytest.mark.parametrize(
    ("weights", "bias", "table"),
    [([1, 1], -1.5, [0, 0, 0, 1]), ([1, 1], -0.5, [0, 1, 1, 1]), ([-1, -1], 1.5, [1, 1, 1, 0])],
    ids=["and", "or", "nand"],
)
def test_a_perceptron_represents_and_or_and_nand_a1(weights, bias, table):
    layer = Layer(2, 1, "step")
    layer.W, layer.b = [weights], [bias]
    assert [layer(case)[0].data for case in product((0, 1), repeat=2)] == table


def test_perceptrons_wired_together_represent_xor_a3():
    mlp = MLP(2, [2, 1], "step", "step")
    mlp.layers[0].theta = [[-0.5, 1, 1], [1.5, -1, -1]]  # or; not and
    mlp.layers[1].theta = [[-1.5, 1, 1]]  # and
    assert [mlp(case).data for case in product((0, 1), repeat=2)] == [0, 1, 1, 0]


@given(st.lists(st.floats(-2, 2), min_size=2, max_size=2), st.sampled_from([0, 1]))
def test_a_sigmoid_neuron_has_the_gradient_of_logistic_regression_a2(xs, target):
    neuron = Neuron(2, "sigmoid", seed=1)
    a = neuron(xs)
    losses.binary_cross_entropy(a, target).backward()
    # Half a dozen roundings; those of a and 1 - a are divided by them.
    off = 8 * EPSILON / (a.data * (1 - a.data))
    assert neuron.b.grad == pytest.approx(a.data - target, rel=off)
    for w, x in zip(neuron.w, xs, strict=True):
        assert w.grad == pytest.approx((a.data - target) * x, rel=off, abs=1e-300)


def test_the_3_4_3_1_network_has_the_shapes_and_35_parameters_of_a4():
    mlp = MLP(3, [4, 3, 1])
    assert [np.shape(layer.W) for layer in mlp.layers] == [(4, 3), (3, 4), (1, 3)]
    assert [np.shape(layer.b) for layer in mlp.layers] == [(4,), (3,), (1,)]
    assert [np.shape(layer.theta) for layer in mlp.layers] == [(4, 4), (3, 5), (1, 4)]  # B1
    assert len(mlp.parameters()) == 4 * (3 + 1) + 3 * (4 + 1) + 1 * (3 + 1) == 35


@given(st.lists(moderate, min_size=3, max_size=3))
def test_a_forward_pass_is_the_matrix_equation_of_a4_layer_by_layer(xs):
    mlp = MLP(3, [4, 3, 2], "tanh", "sigmoid", seed=2)
    signal = np.array(xs)
    functions = [np.tanh, np.tanh, lambda z: 1 / (1 + np.exp(-z))]
    for layer, g in zip(mlp.layers, functions, strict=True):
        signal = g(np.array(layer.W) @ signal + np.array(layer.b))
    for y, expected in zip(mlp(xs), signal, strict=True):
        # Twice what rounding may do, and as much again since NumPy's functions round differently.
        assert y.data == pytest.approx(expected, rel=0, abs=4 * rounding_error(y))


def test_theta_with_a_leading_one_among_the_inputs_gives_z_b1():
    layer = Layer(2, 3, seed=3)
    xs = [0.5, -0.25]
    outputs = layer(xs)
    z = np.array(layer.theta) @ [1.0, *xs]
    for neuron, output, expected in zip(layer.neurons, outputs, z, strict=True):
        assert neuron.z.data == pytest.approx(expected, rel=0, abs=2 * rounding_error(neuron.z))
        assert neuron.a is output


def test_one_output_is_returned_without_a_list_and_several_as_a_list():
    assert isinstance(MLP(2, [3, 1])([1, 2]), Value)
    assert [type(y) for y in MLP(2, [3, 2])([1, 2])] == [Value, Value]
    assert [type(y) for y in Layer(2, 1)([1, 2])] == [Value]  # a layer is a list, like W


def test_a_chain_of_single_neurons_works():
    mlp = MLP(2, [1, 1], "tanh", "tanh")
    mlp.layers[0].theta, mlp.layers[1].theta = [[0.5, 1, 2]], [[-1, 3]]
    assert mlp([0.25, 0.125]).data == math.tanh(3 * math.tanh(1.0) - 1)


def test_an_identity_output_is_z_itself():
    mlp = MLP(2, [2, 1])
    y = mlp([0.5, -1.0])
    output = mlp.layers[-1].neurons[0]
    assert y is output.z
    assert y is output.a
    assert y.label == "z₁⁽²⁾"


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "softplus", "step"])
@pytest.mark.parametrize("sizes", [[1], [1, 1], [3, 1], [4, 3, 1]], ids=str)
def test_a_call_makes_two_nodes_for_a_neuron_its_weighted_sum_and_its_activation(sizes, activation):
    mlp = MLP(3, sizes, activation)
    nodes = ancestors(mlp([0.1, 0.2, 0.3]))
    made = [node.op.name for node in nodes if node.op is not None]
    assert sorted(made) == sorted(["weighted_sum"] * sum(sizes) + [activation] * sum(sizes[:-1]))
    assert len(nodes) == len(mlp.parameters()) + 2 * sum(sizes) - 1  # the output is z itself


def test_softmax_acts_on_a_layer_and_its_shares_are_the_activations_e2():
    mlp = MLP(2, [4, 3], "relu", "softmax", seed=4)
    outputs = mlp([0.5, -1.0])
    neurons = mlp.layers[-1].neurons
    odds = [math.exp(neuron.z.data) for neuron in neurons]
    assert [y.data for y in outputs] == pytest.approx(
        [x / sum(odds) for x in odds], rel=16 * EPSILON
    )
    assert [neuron.a for neuron in neurons] == outputs
    assert [y.label for y in outputs] == ["a₁⁽²⁾", "a₂⁽²⁾", "a₃⁽²⁾"]
    assert [n.z.label for n in neurons] == ["z₁⁽²⁾", "z₂⁽²⁾", "z₃⁽²⁾"]


def test_softmax_may_stand_between_two_layers():
    mlp = MLP(2, [3, 1], "softmax")
    mlp([0.5, -1.0])
    assert sum(n.a.data for n in mlp.layers[0].neurons) == pytest.approx(1, rel=4 * EPSILON)
    assert mlp.layers[1].neurons[0].z.args[3:6] == tuple(n.a for n in mlp.layers[0].neurons)


@pytest.mark.parametrize(
    ("activation", "expected"),
    [
        ("linear", -1.5),
        ("step", 0.0),
        ("threshold", 0.0),
        (partial(linear, alpha=2, beta=1), -2.0),
        (partial(leaky_relu, alpha=0.5), -0.75),
        (tanh, math.tanh(-1.5)),
        (lambda z: z * z, 2.25),
        (abs, 1.5),
    ],
)
def test_an_activation_is_a_name_or_any_function_of_a_number(activation, expected):
    neuron = Neuron(1, activation)
    neuron.w[0].data, neuron.b.data = 1.0, -2.0
    a = neuron([0.5])
    assert (a.data, a.label, neuron.a is a) == (expected, "a", True)
    assert (neuron.z.data, neuron.z.label) == (-1.5, "z")
    mlp = MLP(1, [1], "tanh", activation)
    mlp.layers[0].theta = [[-2.0, 1.0]]
    assert mlp([0.5]).data == expected


def test_the_hidden_and_the_output_activation_are_separate_settings():
    mlp = MLP(1, [1, 1, 1], "relu", "sigmoid")
    assert [layer.activation for layer in mlp.layers] == [
        ACTIVATIONS["relu"],
        ACTIVATIONS["relu"],
        ACTIVATIONS["sigmoid"],
    ]
    assert repr(mlp) == "MLP(1, [1, 1, 1], 'relu', 'sigmoid')"
    assert repr(mlp.layers[-1]) == "Layer(1, 1, 'sigmoid')"
    assert repr(mlp.layers[-1].neurons[0]) == "Neuron(1, 'sigmoid')"


@settings(max_examples=8)
@given(
    st.lists(st.integers(1, 3), min_size=1, max_size=2),
    st.sampled_from(sorted(ACTIVATIONS)),
    st.sampled_from(sorted(ACTIVATIONS)),
    st.integers(0, 9),
    st.lists(st.floats(-2, 2), min_size=2, max_size=2),
)
def test_gradients_of_a_network_are_its_slopes(sizes, hidden, output, seed, xs):
    if hidden == "softmax" or output == "softmax":
        sizes = [size + 1 for size in sizes]
    mlp = MLP(2, sizes, hidden, output, seed=seed)
    inputs = [Value(x) for x in xs]

    def loss(*_moved):
        y = mlp(inputs)
        return total([v * (k + 1) for k, v in enumerate(y)]) if isinstance(y, list) else y

    assert_gradients(loss, *inputs, *mlp.parameters())


# --- names and order ------------------------------------------------------------------------------


def test_parameters_go_layer_by_layer_neuron_by_neuron_weights_then_bias():
    mlp = MLP(2, [2, 1])
    labels = " ".join(p.label for p in mlp.parameters())
    assert labels == "w₁₁⁽¹⁾ w₁₂⁽¹⁾ b₁⁽¹⁾ w₂₁⁽¹⁾ w₂₂⁽¹⁾ b₂⁽¹⁾ w₁₁⁽²⁾ w₁₂⁽²⁾ b₁⁽²⁾"
    first = mlp.layers[0].neurons[0]
    assert mlp.parameters()[:3] == [*first.w, first.b] == first.parameters()
    assert mlp.layers[0].parameters() == mlp.parameters()[:6]


def test_a_layer_and_a_neuron_by_themselves_leave_out_the_upper_indices():
    assert [p.label for p in Layer(2, 1).parameters()] == ["w₁₁", "w₁₂", "b₁"]
    assert [p.label for p in Neuron(2).parameters()] == ["w₁", "w₂", "b"]


def test_names_stay_apart_where_indices_have_two_digits():
    labels = [p.label for p in MLP(12, [12, 12]).parameters()]
    assert len(set(labels)) == len(labels) == 2 * 12 * 13
    assert {"w₁₁⁽¹⁾", "w₁,₁₁⁽¹⁾", "w₁₁,₁⁽¹⁾", "b₁₁⁽²⁾"} <= set(labels)


def test_inputs_z_and_a_bear_their_names_in_the_graph():
    mlp = MLP(2, [2, 1], "tanh", "sigmoid")
    y = mlp([0.5, -1.0])
    (z,) = y.args
    assert (y.label, z.label) == ("a₁⁽²⁾", "z₁⁽²⁾")
    assert [arg.label for arg in z.args] == ["w₁₁⁽²⁾", "w₁₂⁽²⁾", "a₁⁽¹⁾", "a₂⁽¹⁾", "b₁⁽²⁾"]
    (hidden,) = z.args[3].args
    assert hidden.label == "z₂⁽¹⁾"
    assert [arg.label for arg in hidden.args] == ["w₂₁⁽¹⁾", "w₂₂⁽¹⁾", "x₁", "x₂", "b₂⁽¹⁾"]
    assert [(type(x), x.data) for x in hidden.args[2:4]] == [(Constant, 0.5), (Constant, -1.0)]


def test_a_call_leaves_no_reference_cycles():
    mlp = MLP(2, [3, 3, 2], output_activation="softmax")
    mlp([0.5, -1.0])
    gc.collect()
    mlp([0.25, 1.0])
    assert gc.collect() == 0


def test_z_and_a_are_those_of_the_last_call():
    neuron = Neuron(1, "tanh")
    assert (neuron.z, neuron.a) == (None, None)
    neuron([1.0])
    a = neuron([2.0])
    assert neuron.a is a
    assert a.args == (neuron.z,)


def test_values_as_inputs_keep_their_names_and_get_gradients():
    mlp = of_the_lecture()
    named, nameless = Value(0.05, "dose"), Value(0.10)
    loss = half_squared_error(mlp([named, nameless]), worked_example.TARGETS)
    loss.backward()
    assert (named.label, nameless.label) == ("dose", "")
    # dL/dx_j = Σ_i δ_i w_ij, and δ_i is the gradient of the bias (D5).
    for j, x in enumerate([named, nameless]):
        expected = sum(n.b.grad * n.w[j].data for n in mlp.layers[0].neurons)
        assert x.grad == pytest.approx(expected, rel=8 * EPSILON)


def test_an_activation_that_hands_back_something_named_leaves_it_its_name():
    mine = Value(3.0, "mine")
    assert Neuron(1, lambda _: mine)([1.0]).label == "mine"


@pytest.mark.filterwarnings("ignore:a Value became the plain number")  # this warning comes, too
@pytest.mark.parametrize("loses", [lambda _: 0.5, math.tanh, lambda z: z.detach()])
def test_an_activation_that_loses_the_gradient_is_refused(loses):
    with pytest.raises(TypeError, match="which has no gradient: use functions of tinygrad_edu"):
        Neuron(1, loses)([1.0])


def test_an_activation_that_calls_a_method_is_refused_for_plain_numbers():
    mlp = MLP(1, [1, 1], lambda z: z.tanh())
    assert mlp([0.5]).data
    with pytest.raises(TypeError, match=r"for plain numbers write tanh\(z\), not z\.tanh\(\)"):
        mlp.frozen()([0.5])


def test_an_activation_can_be_changed():
    layer = Layer(2, 2, "tanh", seed=0)
    layer.activation = "softmax"
    assert sum(a.data for a in layer([1.0, 2.0])) == pytest.approx(1, rel=1e-15)
    layer.activation = "relu"
    assert [n.activation for n in layer.neurons] == [relu, relu]
    assert layer.a == [n.a for n in layer.neurons]
    assert [z.label for z in layer.z] == ["z₁", "z₂"]
    with pytest.raises(ValueError, match="softmax of one neuron is always 1"):
        Layer(2, 1, "softmax")


def test_neurons_without_a_seed_are_not_the_same():
    assert Neuron(2).state_dict() != Neuron(2).state_dict()
    assert Layer(2, 1).W != Layer(2, 1).W
    assert MLP(2, [1]).state_dict() == MLP(2, [1]).state_dict()


@pytest.mark.parametrize("seed", [-1, 0.5, "1", None])
def test_a_seed_is_a_whole_number_from_0(seed):
    with pytest.raises((TypeError, ValueError), match="a seed must be"):
        MLP(2, [1], seed=seed)


def test_a_picture_frames_every_neuron_and_shows_every_name():
    mlp = of_the_lecture()
    loss = half_squared_error(mlp(worked_example.INPUTS), worked_example.TARGETS)
    loss.backward()
    clusters = mlp.clusters()
    assert list(clusters) == [f"layer {k}, neuron {i}" for k in (1, 2) for i in (1, 2)]
    first = mlp.layers[0].neurons[0]
    assert clusters["layer 1, neuron 1"] == [*first.w, first.b, first.z, first.a]
    source = draw(loss, clusters=clusters).source
    for title, members in clusters.items():
        start = source.index(f'label="{title}"')
        frame = source[start : source.index("\t}", start)]
        assert frame.count("shape=box") == len(members)
        assert all(f'"{v.label} = ' in frame for v in members)
    assert '"x₁ = 0.05"' in source


def test_an_output_that_is_z_stands_in_its_frame_once():
    mlp = MLP(1, [1])
    y = mlp([0.5])
    assert mlp.clusters()["layer 1, neuron 1"] == [*mlp.parameters(), y]


# --- weights and biases as matrices ---------------------------------------------------------------


def test_w_b_and_theta_are_three_views_of_the_same_parameters_b1():
    layer = Layer(2, 3)
    layer.W, layer.b = [[1, 2], [3, 4], [5, 6]], [7, 8, 9]
    assert data_of(layer) == [1, 2, 7, 3, 4, 8, 5, 6, 9]
    assert layer.theta == [[7, 1, 2], [8, 3, 4], [9, 5, 6]]
    layer.theta = [[0.5, -1, -2], [1.5, -3, -4], [2.5, -5, -6]]
    assert layer.W == [[-1, -2], [-3, -4], [-5, -6]]
    assert layer.b == [0.5, 1.5, 2.5]
    assert {type(x) for x in data_of(layer)} == {float}


def test_setting_numbers_keeps_the_parameters_and_reading_them_gives_a_copy():
    layer = Layer(2, 1)
    before = layer.parameters()
    layer.W, layer.b = [[1, 2]], [3]
    assert layer.parameters() == before
    layer.W[0][0] = layer.b[0] = layer.theta[0][0] = 99.0
    assert data_of(layer) == [1, 2, 3]


def test_earlier_results_do_not_change():
    layer = Layer(1, 1, "identity")
    layer.theta = [[1, 2]]
    [y] = layer([3])
    layer.theta = [[0, 0]]
    assert y.data == 7


@pytest.mark.parametrize("make", [np.array, tuple, iter])
def test_arrays_and_any_iterables_are_taken(make):
    layer = Layer(2, 2)
    layer.W, layer.b = make([[1, 2], [3, 4]]), make([5, 6])
    assert data_of(layer) == [1, 2, 5, 3, 4, 6]
    assert {type(x) for x in data_of(layer)} == {float}


def test_fractions_stay_exact_and_so_does_the_network():
    mlp = MLP(2, [2, 1], "relu")
    mlp.layers[0].theta = [[Fraction(1, 9), Fraction(1, 3), Fraction(1, 7)], [Fraction(-9)] * 3]
    mlp.layers[1].theta = [[Fraction(1, 11), Fraction(1, 5), Fraction(1)]]
    y = mlp([Fraction(1), Fraction(2)])
    expected = Fraction(1, 5) * (Fraction(1, 3) + Fraction(2, 7) + Fraction(1, 9)) + Fraction(1, 11)
    assert (type(y.data), y.data) == (Fraction, expected)
    assert mlp.frozen()([Fraction(1), Fraction(2)]) == expected
    y.backward()
    assert mlp.layers[0].neurons[0].w[1].grad == Fraction(2, 5)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("W", [[1, 2]]),
        ("W", [[1, 2], [3]]),
        ("W", [[1, 2], [3, 4, 5]]),
        ("W", [[1, 2], [3, 4], [5, 6]]),
        ("W", np.eye(3)),
        ("W", []),
        ("b", [1]),
        ("b", [1, 2, 3]),
        ("theta", [[1, 2], [3, 4]]),
    ],
    ids=str,
)
def test_a_wrong_shape_is_refused_and_changes_nothing(name, given):
    layer = Layer(2, 2)
    before = data_of(layer)
    with pytest.raises(ValueError, match=f"{name}: needs rows of lengths"):
        setattr(layer, name, given)
    assert data_of(layer) == before


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("W", [[1, 2], [3, "4"]]),
        ("W", [[1, 2], [3, None]]),
        ("W", [[1, 2], [3, 1j]]),
        ("W", [[1, 2], [3, [4]]]),
        ("W", [[1, 2], [3, Value(4)]]),
        ("W", [[1, 2], 3]),
        ("W", ["12", "34"]),
        ("W", 1.0),
        ("W", None),
        ("b", [1, "2"]),
        ("b", np.ones((2, 1))),
        ("b", "12"),
        ("b", 1.0),
        ("b", None),
        ("theta", [[1, 2, 3], [4, 5, "6"]]),
    ],
    ids=str,
)
def test_something_that_is_not_a_number_is_refused_and_changes_nothing(name, given):
    layer = Layer(2, 2)
    before = data_of(layer)
    with pytest.raises(TypeError):
        setattr(layer, name, given)
    assert data_of(layer) == before


def test_a_shared_parameter_is_one_parameter_with_one_gradient():
    mlp = MLP(1, [1, 1], "identity")
    first, second = (layer.neurons[0] for layer in mlp.layers)
    second.w = first.w
    [shared] = first.w
    shared.data = 3.0
    assert mlp.parameters() == [shared, first.b, second.b]
    assert len(mlp.state_dict()) == 3
    mlp([5.0]).backward()  # y = w² x
    assert shared.grad == 2 * 3 * 5
    assert mlp.frozen()([5.0]) == 45
    twin = copy.deepcopy(mlp)
    twin.layers[0].W = [[2.0]]
    assert (twin.layers[1].W, twin([5.0]).data) == ([[2.0]], 20)
    assert mlp.layers[1].W == [[3.0]]


# --- what is refused ------------------------------------------------------------------------------

MODULES = {
    "Neuron": lambda: Neuron(2, seed=0),
    "Layer": lambda: Layer(2, 3, seed=0),
    "MLP": lambda: MLP(2, [3, 1]),
}
modules = pytest.mark.parametrize("make", MODULES.values(), ids=MODULES)


@modules
@pytest.mark.parametrize("inputs", [[], [1.0], [1.0, 2.0, 3.0], np.ones(3), np.ones((1, 2))])
def test_a_wrong_number_of_inputs_is_refused_not_cut_off(make, inputs):
    module = make()
    with pytest.raises(ValueError, match="expected 2 inputs, got") as refusal:
        module(inputs)
    said = str(refusal.value)
    assert said.startswith(f"{module}: expected 2 inputs, got {len(inputs)}")
    assert ("write [mlp(x) for x in examples]" in said) == (np.ndim(inputs) > 1)
    with pytest.raises(ValueError, match="expected 2 inputs, got"):
        module.frozen()(inputs)


@modules
@pytest.mark.parametrize(
    "inputs", [None, 1.0, Value(1.0), math.sin, "ab", b"ab", {1, 2}, {1: 2, 3: 4}], ids=str
)
def test_inputs_that_are_not_a_list_are_refused_and_named(make, inputs):
    module = make()
    with pytest.raises(TypeError) as refusal:
        module(inputs)
    said = f"{module}: expected a list of inputs, got {inputs!r} ({type(inputs).__name__})"
    assert str(refusal.value) == said


@modules
@pytest.mark.parametrize("inputs", [["a", 1], [1, None], [1, 1j], [[1], [2]], np.eye(2)])
def test_inputs_that_are_not_numbers_are_refused(make, inputs):
    with pytest.raises(TypeError, match="expected a real number, got"):
        make()(inputs)


@modules
@pytest.mark.parametrize(
    "make_inputs",
    [
        tuple,
        np.array,
        iter,
        partial(np.array, dtype=np.float32),
        lambda xs: [np.float64(x) for x in xs],
        lambda xs: [Fraction(x) for x in xs],
        lambda xs: [Constant(x) for x in xs],
        lambda xs: [Value(x) for x in xs],
    ],
)
def test_inputs_come_in_any_iterable_of_real_numbers(make, make_inputs):
    xs = [0.5, -2.0]  # the same in single precision
    assert numbers(make()(make_inputs(xs))) == numbers(make()(xs))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: MLP(0, [1]), ValueError, "n_inputs must be at least 1, not 0"),
        (lambda: MLP(-1, [1]), ValueError, "n_inputs must be at least 1, not -1"),
        (lambda: MLP(2.0, [1]), TypeError, r"n_inputs must be a whole number, not 2.0 \(float\)"),
        (lambda: MLP(True, [1]), TypeError, r"n_inputs must be a whole number, not True \(bool\)"),  # noqa: FBT003 - the bool is the test
        (lambda: MLP("2", [1]), TypeError, r"n_inputs must be a whole number, not '2' \(str\)"),
        (lambda: MLP(None, [1]), TypeError, "n_inputs must be a whole number, not None"),
        (lambda: MLP(2, []), ValueError, "needs at least one layer"),
        (lambda: MLP(2, [0]), ValueError, "n_neurons must be at least 1, not 0"),
        (lambda: MLP(2, [2, 1.5]), TypeError, "n_neurons must be a whole number, not 1.5"),
        (lambda: MLP(2, "12"), TypeError, "sizes must be a list of whole numbers, not '12'"),
        (lambda: MLP(2, [2, 1], "tahn"), ValueError, "no activation 'tahn'; there are identity"),
        (lambda: MLP(2, [1], "tanh", "x"), ValueError, "no activation 'x'"),
        (lambda: MLP(2, [2, 1], None), ValueError, "no activation None"),
        (lambda: MLP(2, [1], initialisation="he"), ValueError, "no initialisation 'he'; there are"),
        (lambda: MLP(2, [1], initialisation=None), ValueError, "no initialisation None"),
        (lambda: MLP(2, [1], seed=[1]), TypeError, "seed"),
        (lambda: Layer(2, 0), ValueError, "n_neurons must be at least 1, not 0"),
        (lambda: Layer(0, 2), ValueError, "n_inputs must be at least 1, not 0"),
        (lambda: Neuron(0), ValueError, "n_inputs must be at least 1, not 0"),
        (lambda: Neuron(2, "softmax"), ValueError, "softmax is an activation of a whole layer"),
    ],
)
def test_an_impossible_network_is_refused_with_the_reason(make, error, message):
    with pytest.raises(error, match=message):
        make()


# --- plain numbers --------------------------------------------------------------------------------


@by_name
@given(st.lists(moderate, min_size=2, max_size=2), st.integers(0, 99))
def test_a_frozen_network_computes_the_same_floats_bit_by_bit(activation, xs, seed):
    mlp = MLP(2, [3, 3, 2], activation, activation, seed=seed)
    frozen = mlp.frozen()
    outputs = frozen(xs)
    assert outputs == numbers(mlp(xs))
    assert {type(y) for y in outputs} == {float}  # so nothing is recorded
    frozen_neuron, neuron = frozen.layers[0].neurons[0], mlp.layers[0].neurons[0]
    assert (frozen_neuron.z, frozen_neuron.a) == (neuron.z.data, neuron.a.data)


@by_name
def test_a_batch_is_the_single_results_side_by_side_a4(activation):
    mlp = MLP(3, [4, 3, 2], activation, activation, seed=5)
    columns = np.random.default_rng(6).uniform(-2, 2, (3, 7))
    batch = mlp.frozen()(columns)
    assert np.shape(batch) == (2, 7)
    for n, example in enumerate(columns.T):
        for row, y in zip(batch, mlp(example), strict=True):
            # Twice what rounding may do, and as much again: NumPy's functions round differently.
            assert row[n] == pytest.approx(y.data, rel=0, abs=4 * rounding_error(y))


def test_a_frozen_network_takes_a_list_of_arrays_and_returns_one_output_without_a_list():
    batch = MLP(2, [2, 1], "relu", seed=7).frozen()([np.zeros(5), np.ones(5)])
    assert isinstance(batch, np.ndarray)
    assert batch.shape == (5,)


def test_later_changes_to_the_network_do_not_reach_a_frozen_copy():
    mlp = of_the_lecture()
    frozen = mlp.frozen()
    before = frozen([0.05, 0.10])
    mlp.layers[0].W = [[9, 9], [9, 9]]
    assert frozen([0.05, 0.10]) == before
    assert numbers(mlp([0.05, 0.10])) != before


def test_freezing_leaves_the_network_as_it_was():
    mlp = of_the_lecture()
    before = data_of(mlp)
    mlp([1.0, 2.0])
    z = mlp.layers[0].neurons[0].z
    mlp.frozen()([3.0, 4.0])
    assert data_of(mlp) == before
    assert mlp.layers[0].neurons[0].z is z


def test_settings_of_an_activation_are_frozen_with_the_network():
    neuron = Neuron(1, partial(leaky_relu, alpha=0.25))
    neuron.w[0].data = 1.0
    assert neuron.frozen()([-2.0]) == -0.5


# --- copies ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda mlp: pickle.loads(pickle.dumps(mlp))], ids=["deep", "pickle"]
)
@pytest.mark.parametrize("output", ["identity", "softmax"])
def test_a_copy_has_the_same_outputs_and_parameters_of_its_own(copied, output):
    mlp = MLP(2, [3, 2], "sigmoid", output, seed=8)
    before = numbers(mlp([0.5, -1.0]))
    total(mlp([0.5, -1.0])).backward()
    twin = copied(mlp)
    assert numbers(twin([0.5, -1.0])) == before
    assert [p.label for p in twin.parameters()] == [p.label for p in mlp.parameters()]
    assert [p.grad for p in twin.parameters()] == [p.grad for p in mlp.parameters()]
    assert not set(twin.parameters()) & set(mlp.parameters())
    twin.layers[0].W = [[0, 0]] * 3
    assert numbers(mlp([0.5, -1.0])) == before
    assert repr(twin) == repr(mlp)


def test_a_copy_after_a_call_does_not_contain_the_graph():
    mlp = MLP(2, [2, 1])
    before = pickle.dumps(mlp)
    mlp([0.5, -1.0])
    assert pickle.dumps(mlp) == before
    assert mlp.layers[0].neurons[0].z is not None  # the network itself keeps it
    for module in (copy.deepcopy(mlp), pickle.loads(before)):
        assert [(n.z, n.a) for layer in module.layers for n in layer.neurons] == [(None, None)] * 3


# --- randomness -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda seed: Neuron(2, seed=seed),
        lambda seed: Layer(2, 2, seed=seed),
        lambda seed: MLP(2, [2, 1], seed=seed),
        lambda seed: MLP(2, [2, 1], initialisation="kaiming", seed=seed),
    ],
)
def test_a_seed_gives_the_same_network_again_and_another_seed_another(make):
    assert data_of(make(1)) == data_of(make(1)) == data_of(make(random.Random(1)))
    assert data_of(make(1)) != data_of(make(2))


def test_all_weights_of_a_network_differ():
    weights = [p.data for p in MLP(3, [4, 3, 1]).parameters() if p.label.startswith("w")]
    assert len(set(weights)) == len(weights)


def test_two_networks_from_one_source_differ():
    rng = random.Random(1)
    assert data_of(MLP(2, [1], seed=rng)) != data_of(MLP(2, [1], seed=rng))


def test_the_global_random_generator_is_neither_used_nor_moved():
    random.seed(1)
    before = random.getstate()
    first = data_of(MLP(2, [3, 1], initialisation="kaiming"))
    assert random.getstate() == before
    random.seed(2)
    assert data_of(MLP(2, [3, 1], initialisation="kaiming")) == first


# --- beside micrograd -----------------------------------------------------------------------------


def step_of_the_demo(model, constant):
    """One iteration of the demo of micrograd; its settings are powers of two, see below."""
    inputs = [[x / 4, y / 4] for x, y in product((-5, -2, 1, 6), (-3, 2))]
    targets = [1, -1] * 4
    scores = list(map(model, [list(map(constant, row)) for row in inputs]))
    margins = [(1 + -target * score).relu() for target, score in zip(targets, scores, strict=True)]
    data_loss = sum(margins) * (1.0 / len(margins))
    loss = data_loss + 2**-12 * sum(p * p for p in model.parameters())
    model.zero_grad()
    loss.backward()
    for p in model.parameters():
        p.data -= 2**-4 * p.grad
    return [loss.data, *[s.data for s in scores]], [(p.data, p.grad) for p in model.parameters()]


def test_it_drops_in_for_the_network_of_micrograd_to_the_last_bit():
    # The numbers are multiples of powers of two, with few digits: no operation rounds them,
    # so that no order of a sum matters, and every bit must agree.
    rng = random.Random(9)
    theirs, ours = micrograd.nn.MLP(2, [16, 16, 1]), MLP(2, [16, 16, 1], relu)
    for p, q in zip(theirs.parameters(), ours.parameters(), strict=True):
        p.data = q.data = rng.randint(-16, 16) / 16
    expected = step_of_the_demo(theirs, micrograd.engine.Value)
    assert step_of_the_demo(ours, Value) == expected
    assert sum(grad != 0 for _, grad in expected[1]) > 300  # of 337: the comparison says something
    ours.zero_grad()
    assert {p.grad for p in ours.parameters()} == {0.0}


def test_the_network_of_micrograd_itself_works_with_our_value(monkeypatch):
    monkeypatch.setattr(micrograd.nn, "Value", Value)
    theirs, ours = micrograd.nn.MLP(2, [3, 1]), MLP(2, [3, 1], relu)
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        p.data = q.data
    y = ours([0.5, -1.0])
    assert theirs([0.5, -1.0]).data == pytest.approx(y.data, rel=0, abs=2 * rounding_error(y))


# --- settings and assignments ---------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [3, "12", b"12", None])
def test_sizes_are_a_list(sizes):
    with pytest.raises(TypeError, match="MLP: sizes must be a list of whole numbers, not "):
        MLP(2, sizes)


@pytest.mark.parametrize("activation", ["nope", None, 3])
def test_a_hidden_activation_is_checked_although_there_is_no_hidden_layer(activation):
    with pytest.raises(ValueError, match="no activation "):
        MLP(2, [1], activation)


def test_numpy_integers_are_whole_numbers():
    mlp = MLP(np.int64(2), [np.int64(3)], seed=np.int64(5))
    assert [p.data for p in mlp.parameters()] == [p.data for p in MLP(2, [3], seed=5).parameters()]


def test_a_neuron_takes_numbers_and_keeps_its_values():
    neuron = Neuron(2)
    before = neuron.parameters()
    neuron.w, neuron.b = [1, 2.5], Fraction(1, 3)
    assert neuron.parameters() == before
    assert [p.data for p in before] == [1.0, 2.5, Fraction(1, 3)]
    with pytest.raises(TypeError, match="item assignment"):
        neuron.w[0] = 3.0
    for wrong in ([1], [1, 2, 3], [1, "2"], 3.0):
        with pytest.raises((TypeError, ValueError)):
            neuron.w = wrong
    assert [p.data for p in before] == [1.0, 2.5, Fraction(1, 3)]


def test_a_neuron_takes_values_of_another():
    first, second = Neuron(2, seed=1), Neuron(2, seed=2)
    second.w, second.b = first.w, first.b
    assert second.parameters() == first.parameters()


@pytest.mark.parametrize("what", ["W", "b", "theta"])
def test_wrong_numbers_for_a_matrix_are_named(what):
    with pytest.raises(TypeError, match=f"^{what}: expected a real number, got 'x'"):
        setattr(Layer(1, 1), what, ["x"] if what == "b" else [["x"]])


def test_a_frozen_network_reads_but_does_not_change():
    frozen = (mlp := MLP(2, [1])).frozen()
    assert frozen.layers[0].W == mlp.layers[0].W
    assert frozen.parameters() == []
    with pytest.raises(TypeError, match="frozen network cannot be changed"):
        frozen.layers[0].b = [1.0]


def test_whole_numbers_for_inputs_are_the_same_to_a_frozen_network():
    mlp = MLP(2, [1])
    mlp.layers[0].theta = [[Fraction(1, 9), Fraction(1, 3), Fraction(1, 7)]]
    assert mlp.frozen()([1, 2]) == mlp([1, 2]).data


def test_before_a_call_the_clusters_are_the_parameters():
    mlp = MLP(1, [1, 2], output_activation="softmax")
    assert [p for nodes in mlp.clusters().values() for p in nodes] == mlp.parameters()
    mlp([0.5])
    assert mlp.layers[1].neurons[0].a not in mlp.clusters()["layer 2, neuron 1"]


def test_clusters_by_layer_hold_the_neurons_of_each_layer():
    mlp = MLP(2, [3, 2], "sigmoid")
    mlp([0.5, -1.0])
    by_neuron, by_layer = mlp.clusters(), mlp.clusters(by="layer")
    assert list(by_layer) == ["layer 1", "layer 2"]
    for title, nodes in by_layer.items():
        neurons = [own for name, own in by_neuron.items() if name.startswith(f"{title},")]
        assert nodes == [node for own in neurons for node in own]


def test_the_nodes_of_softmax_belong_to_the_layer():
    mlp = MLP(2, [3, 2], output_activation="softmax")
    outputs = mlp([0.5, -1.0])
    first, own = mlp.clusters(by="layer").values()
    assert set(outputs) < set(own)
    assert not set(first) & set(own)
    assert len(set(own)) == len(own)
    folded = draw(total(outputs), clusters=mlp.clusters(by="layer"), fold=True).source
    assert folded.count("shape=circle") == 1  # the total; nothing of softmax is left outside


@pytest.mark.parametrize("by", ["neuron", "layer"])
def test_an_activation_of_several_operations_is_in_the_cluster_whole(by):
    mlp = MLP(1, [2, 1], lambda z: (z * 2).tanh() * z, "identity")
    y = mlp([0.5])
    clusters = mlp.clusters(by)
    between = mlp.layers[0].neurons[0].a.args[0]
    assert between in clusters["layer 1" if by == "layer" else "layer 1, neuron 1"]
    folded = draw(y, clusters=clusters, fold=True).source
    assert "shape=circle" not in folded


def test_clusters_end_at_z():
    mlp = MLP(1, [1, 1], "relu")
    mlp([0.5])
    first, second = mlp.clusters(by="layer").values()
    assert not set(first) & set(second)


def test_clusters_by_anything_else_are_refused():
    with pytest.raises(ValueError, match=r"clusters: by must be 'neuron' or 'layer', not 'row'"):
        MLP(1, [1]).clusters(by="row")


# --- habits ---------------------------------------------------------------------------------------


@modules
def test_several_arguments_are_answered_with_brackets(make):
    with pytest.raises(
        TypeError, match=r"expected one list of inputs, got 1, 2: write mlp\(\[1, 2\]"
    ):
        make()(1, 2)


@modules
@pytest.mark.parametrize(
    ("batch", "error"),
    [
        ([[1, 2], [3, 4]], TypeError),
        (([1, 2], [3, 4]), TypeError),
        (np.ones((2, 2)), TypeError),
        ([[1, 2], [3, 4], [5, 6]], ValueError),
        (np.ones((3, 2)), ValueError),
        ([[1, 2]], ValueError),
        ([[Value(1.0), Value(2.0)]] * 2, TypeError),
    ],
    ids=str,
)
def test_a_batch_is_answered_with_a_loop(make, batch, error):
    with pytest.raises(error, match=r"write \[mlp\(x\) for x in examples\]$"):
        make()(batch)


@modules
def test_a_frozen_network_takes_an_array_for_each_input(make):
    frozen, X = make().frozen(), np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    with pytest.raises(ValueError, match=r"expected 2 inputs, got 3; .* write mlp.X.T"):
        frozen(X)
    with pytest.raises(TypeError, match="for x in examples"):
        frozen([[1, 2], [3, 4]])
    assert np.shape(frozen(X.T)) in {(3,), (3, 3)}
    assert np.shape(frozen([X[:, 0], 2.0])) in {(3,), (3, 3)}  # an array and a number


@modules
def test_an_array_without_dimensions_is_not_a_list(make):
    with pytest.raises(TypeError, match=r"expected a list of inputs, got array\(2.\)"):
        make()(np.array(2.0))


@modules
@pytest.mark.parametrize("inputs", [[], [1.0], [1.0, 2.0, 3.0]])
def test_forward_does_not_cut_off_inputs_either(make, inputs):
    with pytest.raises(ValueError, match=f"expected 2 inputs, got {len(inputs)}"):
        make().forward(inputs)


def test_forward_gives_what_a_call_gives_as_a_list():
    for mlp in (MLP(2, [3, 2]), MLP(2, [3, 1])):
        outputs = mlp.forward([1, 2])
        called = mlp([1.0, 2.0])
        assert [a.data for a in outputs] == [
            a.data for a in (called if isinstance(called, list) else [called])
        ]


@pytest.mark.parametrize("name", ["backward", "data", "grad"])
@pytest.mark.parametrize("make", [lambda: MLP(2, [3, 2]), lambda: Layer(2, 2)])
def test_a_list_of_outputs_says_how_to_get_one_number(make, name):
    outputs = make()([1.0, 2.0])
    with pytest.raises(AttributeError, match=rf"a list of 2 outputs has no {name}: combine them"):
        getattr(outputs, name)
    with pytest.raises(AttributeError, match=r"a list of 2 outputs has no nothing$"):
        outputs.nothing  # noqa: B018 - the look-up is what raises
    assert isinstance(outputs, list)
    assert repr(outputs) == repr(list(outputs))
    assert [a.data for a in pickle.loads(pickle.dumps(outputs))] == [a.data for a in outputs]
    assert [a.data for a in copy.deepcopy(outputs)] == [a.data for a in outputs]
