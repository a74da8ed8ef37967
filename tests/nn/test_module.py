"""Modules: names, gradients and files of their parameters."""

import json
import math
import os
import pickle
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import MLP, Constant, Layer, Neuron, Value, leaky_relu, relu, sigmoid, tanh
from tinygrad_edu.nn import Module

finite = st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.fractions())
SPECIAL = [-0.0, 5e-324, -2.2250738585072014e-308, 1e308, 0.1, 1 / 3, Fraction(-1, 3), Fraction(3)]


class Line(Module):
    """A class that a user wrote."""

    def __init__(self):
        self.slope, self.offset = Value(2.0, "slope"), Value(1.0, "offset")

    def parameters(self):
        return [self.slope, self.offset]

    def __call__(self, x):
        return sigmoid(self.slope * x + self.offset)


class Between(Module):
    """A class with parameters of its own and a network as a part."""

    def __init__(self):
        self.scale = Value(3.0, "scale")
        self.mlp = MLP(1, [2, 1])

    def parameters(self):
        return [self.scale, *self.mlp.parameters()]

    def __call__(self, x):
        return self.scale * self.mlp([x])


def data_of(module):
    return [p.data for p in module.parameters()]


def exactly(numbers):
    """Numbers with their types and signs, for comparison."""
    return [(type(x), repr(x)) for x in numbers]


@pytest.fixture
def mlp():
    return MLP(2, [2, 1], seed=1)


@pytest.fixture
def file(tmp_path, mlp):
    """A file with the parameters of the network."""
    path = tmp_path / "network.json"
    mlp.save(path)
    return path


# --- names and numbers ----------------------------------------------------------------------------


def test_the_state_is_the_numbers_by_the_names_of_the_lecture_in_order(mlp):
    state = mlp.state_dict()
    names = "w₁₁⁽¹⁾ w₁₂⁽¹⁾ b₁⁽¹⁾ w₂₁⁽¹⁾ w₂₂⁽¹⁾ b₂⁽¹⁾ w₁₁⁽²⁾ w₁₂⁽²⁾ b₁⁽²⁾"
    assert " ".join(state) == names
    assert list(state.values()) == data_of(mlp)
    assert [p for _, p in mlp.named_parameters()] == mlp.parameters()


def test_a_state_is_a_copy(mlp):
    before = data_of(mlp)
    state = mlp.state_dict()
    state["b₁⁽¹⁾"] = 99.0
    assert data_of(mlp) == before


def test_a_state_makes_another_network_the_same(mlp):
    other = MLP(2, [2, 1], seed=2)
    parameters = other.parameters()
    assert data_of(other) != data_of(mlp)
    other.load_state_dict(mlp.state_dict())
    assert data_of(other) == data_of(mlp)
    assert other.parameters() == parameters  # they stay the parameters of an optimiser
    assert other([0.5, -1.0]).data == mlp([0.5, -1.0]).data


def test_a_state_goes_by_names_not_by_order(mlp):
    before = mlp.state_dict()
    mlp.load_state_dict(dict(reversed(before.items())))
    assert mlp.state_dict() == before


def test_a_state_takes_any_real_numbers():
    line = Line()
    line.load_state_dict({"slope": np.float32(0.5), "offset": Fraction(1, 3)})
    assert exactly(data_of(line)) == exactly([0.5, Fraction(1, 3)])


@pytest.mark.parametrize(
    ("state", "error", "message"),
    [
        ({"slope": 5.0}, ValueError, r"missing \['offset'\], unknown \[\]"),
        ({}, ValueError, r"missing \['offset', 'slope'\]"),
        ({"slope": 5.0, "offset": 6.0, "x": 7.0}, ValueError, r"missing \[\], unknown \['x'\]"),
        ({"slope": 5.0, "Offset": 6.0}, ValueError, r"missing \['offset'\], unknown \['Offset'\]"),
        ({"slope": 5.0, "offset": "6"}, TypeError, r"'6' \(str\)"),
        ({"slope": 5.0, "offset": None}, TypeError, "None"),
        ({"slope": 5.0, "offset": [6.0]}, TypeError, r"\[6.0\]"),
        ({"slope": 5.0, "offset": 10**400}, OverflowError, "too large"),
    ],
)
def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(state, error, message):
    line = Line()
    with pytest.raises(error, match=message):
        line.load_state_dict(state)
    assert data_of(line) == [2.0, 1.0]


def test_two_parameters_of_one_name_are_refused_before_anything_is_written(tmp_path):
    line = Line()
    path = tmp_path / "line.json"
    line.save(path)
    before = path.read_bytes()
    line.offset.label = "slope"
    for use in (
        line.named_parameters,
        line.state_dict,
        lambda: line.load_state_dict({"slope": 5.0}),
        lambda: line.save(path),
        lambda: line.load(path),
    ):
        with pytest.raises(ValueError, match="Line: several parameters are called slope"):
            use()
    assert path.read_bytes() == before
    assert data_of(line) == [2.0, 1.0]


def test_zero_grad_clears_the_parameters_and_nothing_else(mlp):
    x = Value(0.5)
    y = mlp([x, 1.0])
    y.backward()
    assert all(p.grad for p in mlp.parameters())
    before = x.grad
    mlp.zero_grad()
    assert exactly(p.grad for p in mlp.parameters()) == exactly([0.0] * 9)
    assert (x.grad, y.grad) == (before, 1.0)


# --- other parameters -----------------------------------------------------------------------------


def test_a_copy_with_values_for_parameters_gives_them_the_gradients(mlp):
    given = [Value(p.data) for p in mlp.parameters()]
    before = mlp.state_dict()
    copied = mlp.with_parameters(given)
    copied([0.5, -1.0]).backward()
    mlp([0.5, -1.0]).backward()
    assert copied.parameters() == given
    assert [p.grad for p in given] == [p.grad for p in mlp.parameters()]
    assert all(p.grad for p in given)
    assert mlp.state_dict() == before


def test_a_copy_with_numbers_for_parameters_takes_them_in_order(mlp):
    numbers = [k / 10 for k in range(9)]
    y = mlp.with_parameters(numbers)([0.5, -1.0])
    assert type(y) is float
    for p, x in zip(mlp.parameters(), numbers, strict=True):
        p.data = x
    assert y == mlp([0.5, -1.0]).data


def test_a_shared_parameter_is_given_once():
    line = Line()
    line.offset = line.slope
    line.parameters = lambda: [line.slope]
    assert line.with_parameters([2.0])(0.5) == sigmoid(2.0 * 0.5 + 2.0)


@pytest.mark.parametrize("n", [0, 8, 10])
def test_more_or_fewer_parameters_are_refused(mlp, n):
    with pytest.raises(ValueError, match=f"MLP: has 9 parameters, got {n}"):
        mlp.with_parameters([0.0] * n)


# --- a class of one's own -------------------------------------------------------------------------


def test_a_class_of_your_own_can_be_trained_saved_and_frozen(tmp_path):
    line = Line()
    y = line(0.25)
    y.backward()
    assert line.slope.grad == 0.25 * line.offset.grad != 0
    assert line.frozen()(0.25) == y.data
    assert type(line.frozen()(0.25)) is float
    line.slope.data = 7.0
    line.save(tmp_path / "line.json")
    twin = Line()
    twin.load(tmp_path / "line.json")
    assert data_of(twin) == [7.0, 1.0]


def test_a_network_may_be_a_part_of_your_own_class(tmp_path):
    module = Between()
    y = module(0.5)
    frozen = module.frozen()
    assert frozen(0.5) == y.data
    module.scale.data = 0.0
    assert frozen(0.5) == y.data
    module.save(tmp_path / "module.json")
    twin = Between()
    twin.load(tmp_path / "module.json")
    assert twin.state_dict() == module.state_dict()
    assert pickle.loads(pickle.dumps(module)).state_dict() == module.state_dict()


def test_a_class_without_parameters_raises_not_implemented_error():
    class Forgetful(Module):
        pass

    for use in (Forgetful().parameters, Forgetful().zero_grad, Forgetful().state_dict):
        with pytest.raises(NotImplementedError, match=r"Forgetful: parameters\(\) is not defined"):
            use()


# --- files ----------------------------------------------------------------------------------------


@given(st.lists(finite, min_size=2, max_size=2))
def test_any_finite_numbers_come_back_exactly(tmp_path_factory, numbers):
    path = tmp_path_factory.mktemp("line") / "line.json"
    line, twin = Line(), Line()
    line.slope.data, line.offset.data = numbers
    line.save(path)
    twin.load(path)
    assert exactly(data_of(twin)) == exactly(numbers)


@pytest.mark.parametrize("number", SPECIAL, ids=repr)
def test_unusual_numbers_come_back_exactly(tmp_path, number):
    line, twin = Line(), Line()
    line.slope.data = number
    line.save(tmp_path / "line.json")
    twin.load(tmp_path / "line.json")
    assert exactly(data_of(twin)) == exactly([number, 1.0])


@pytest.mark.parametrize("make", [lambda: Neuron(2), lambda: Layer(2, 2), lambda: MLP(2, [2, 2])])
@pytest.mark.parametrize("kind", [str, Path])
def test_everything_is_saved_and_loaded_by_string_or_path(tmp_path, monkeypatch, make, kind):
    monkeypatch.chdir(tmp_path)
    module, twin = make(), make()
    module.save(kind("gewichte ü.v2.json"))
    for p in twin.parameters():
        p.data = 9.0
    twin.load(kind("gewichte ü.v2.json"))
    assert twin.state_dict() == module.state_dict()
    assert [path.name for path in tmp_path.iterdir()] == ["gewichte ü.v2.json"]


def test_a_file_is_json_in_utf_8_with_a_version_and_the_names_of_the_lecture(file, mlp):
    text = file.read_bytes().decode("utf-8", errors="strict")
    content = json.loads(text, parse_constant=pytest.fail)  # NaN and Infinity are not JSON
    assert content == {
        "format": "tinygrad_edu parameters",
        "version": 2,
        "model": {
            "kind": "MLP",
            "layers[0].kind": "Layer",
            "layers[0].n_inputs": 2,
            "layers[0].neurons": 2,
            "layers[0].activation": "tanh",
            "layers[1].kind": "Layer",
            "layers[1].n_inputs": 2,
            "layers[1].neurons": 1,
            "layers[1].activation": "identity",
        },
        "parameters": mlp.state_dict(),
    }
    assert list(content["parameters"]) == list(mlp.state_dict())
    assert '"w₁₂⁽¹⁾": ' in text  # for people to read, not as \u escapes
    assert text.endswith("}\n")


def test_a_fraction_is_written_as_people_write_it(tmp_path):
    line = Line()
    line.slope.data = Fraction(-1, 3)
    line.save(tmp_path / "line.json")
    assert json.loads((tmp_path / "line.json").read_text("utf-8"))["parameters"] == {
        "slope": "-1/3",
        "offset": 1.0,
    }


def test_a_file_of_version_1_will_always_be_read(tmp_path):
    # Written out, so that a change of the format cannot go unnoticed.
    path = tmp_path / "line.json"
    path.write_text(
        '{"format": "tinygrad_edu parameters", "version": 1,'
        ' "parameters": {"offset": "1/7", "slope": -0.5}}'
    )
    line = Line()
    line.load(path)
    assert data_of(line) == [-0.5, Fraction(1, 7)]


def test_saving_again_replaces_the_file_and_leaves_no_other(file, mlp):
    mlp.layers[0].W = [[1, 2], [3, 4]]
    mlp.save(file)
    twin = MLP(2, [2, 1])
    twin.load(file)
    assert twin.layers[0].W == [[1, 2], [3, 4]]
    assert list(file.parent.iterdir()) == [file]


def test_saving_and_loading_change_no_gradient_and_no_graph(file, mlp):
    y = mlp([0.5, -1.0])
    y.backward()
    gradients = [p.grad for p in mlp.parameters()]
    mlp.save(file)
    mlp.load(file)
    assert [p.grad for p in mlp.parameters()] == gradients


def with_parameters(change):
    """Return a function that changes the parameters in the text of a file."""

    def changed(text):
        content = json.loads(text)
        change(content["parameters"])
        return json.dumps(content)

    return changed


def with_field(**fields):
    return lambda text: json.dumps({**json.loads(text), **fields})


DAMAGE = {
    "empty": lambda text: "",
    "words": lambda text: "no JSON",
    "zeros": lambda text: "\0" * len(text),
    "two files in one": lambda text: text + text,
    "another JSON": lambda text: '{"w": 1}',
    "a list": lambda text: "[1, 2]",
    "a number": lambda text: "1.5",
    "null": lambda text: "null",
    "only a header": lambda text: '{"format": "tinygrad_edu parameters", "version": 1}',
    "another format": with_field(format="something else"),
    "a later version": with_field(version=3),
    "no version": with_field(version=None),
    "a version in words": with_field(version="1"),
    "no parameters": with_field(parameters={}),
    "a list of parameters": with_field(parameters=[1.0] * 9),
    "null for parameters": with_field(parameters=None),
    "one missing": with_parameters(lambda ps: ps.pop("b₁⁽²⁾")),
    "one too many": with_parameters(lambda ps: ps.update({"b₂⁽²⁾": 1.0})),
    "one renamed": with_parameters(lambda ps: ps.update({"b": ps.pop("b₁⁽²⁾")})),
    "null for a number": with_parameters(lambda ps: ps.update({"b₁⁽²⁾": None})),
    "a list for a number": with_parameters(lambda ps: ps.update({"b₁⁽²⁾": [1.0]})),
    "a word for a number": with_parameters(lambda ps: ps.update({"b₁⁽²⁾": "one"})),
    "a fraction of nothing": with_parameters(lambda ps: ps.update({"b₁⁽²⁾": "1/0"})),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_file_of_another_kind_is_refused_by_name_and_changes_nothing(file, damage):
    file.write_text(damage(file.read_text("utf-8")), encoding="utf-8")
    mlp = MLP(2, [2, 1], seed=2)
    before = data_of(mlp)
    with pytest.raises(ValueError, match="does not fit this") as refusal:
        mlp.load(file)
    assert str(refusal.value).startswith(f"load: {file} ")
    assert data_of(mlp) == before


def test_a_file_cut_off_anywhere_is_refused_and_changes_nothing(file):
    content = file.read_bytes().rstrip()
    mlp = MLP(2, [2, 1], seed=2)
    before = data_of(mlp)
    for length in range(0, len(content), 3):  # in the middle of a character, too
        file.write_bytes(content[:length])
        with pytest.raises(ValueError, match="does not fit this"):
            mlp.load(file)
    assert data_of(mlp) == before


@pytest.mark.parametrize(
    "content", [pickle.dumps({"w": 1.0}), b"\x89PNG\r\n\x1a\n", b"\xff\xfe{\x00"], ids=repr
)
def test_a_file_that_is_not_text_is_refused(file, mlp, content):
    file.write_bytes(content)
    with pytest.raises(ValueError, match="does not fit this"):
        mlp.load(file)


@pytest.mark.parametrize(
    "other", [lambda: MLP(2, [3, 1]), lambda: MLP(3, [2, 1]), lambda: MLP(2, [2]), Line]
)
def test_a_file_of_a_network_of_another_shape_is_refused_and_changes_nothing(file, other):
    module = other()
    before = data_of(module)
    with pytest.raises(ValueError, match=r" in the file, and .* here"):
        module.load(file)
    assert data_of(module) == before


def test_a_refused_file_is_described(file, mlp):
    file.write_text(with_field(version=3)(file.read_text("utf-8")), encoding="utf-8")
    with pytest.raises(ValueError, match='"version" must be a whole number from 1 to 2, not 3'):
        mlp.load(file)


def test_a_missing_file_raises_file_not_found_error(tmp_path, mlp):
    with pytest.raises(FileNotFoundError):
        mlp.load(tmp_path / "none.json")
    with pytest.raises(FileNotFoundError):
        mlp.save(tmp_path / "no folder" / "network.json")
    assert list(tmp_path.iterdir()) == []


# --- saving that fails ----------------------------------------------------------------------------


def test_a_number_that_cannot_be_written_leaves_the_old_file_and_no_other(file):
    before = file.read_bytes()
    mlp = MLP(2, [2, 1], seed=2)
    mlp.parameters()[-1].data = 1j
    with pytest.raises(TypeError):
        mlp.save(file)
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def test_a_disk_that_is_full_leaves_the_old_file(file):
    resource = pytest.importorskip("resource")  # Windows has none
    before = file.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            MLP(2, [2, 1], seed=2).save(file)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert file.read_bytes() == before


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_interrupt_before_the_new_file_takes_its_place_leaves_the_old_one(
    file, monkeypatch, error
):
    def interrupted(*_):
        raise error

    before = file.read_bytes()
    other = MLP(2, [2, 1], seed=2)
    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", interrupted)
        with pytest.raises(error):
            other.save(file)
    assert file.read_bytes() == before
    other.save(file)  # leftovers of the failed save do not hinder the next
    assert file.read_bytes() != before
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize(
    "text",
    [
        '{"format": "tinygrad_edu parameters", "version": 1, "parameters": '
        f'{{"slope": {number}, "offset": 1.0}}}}'
        for number in ("1" + "0" * 400, "true", '"1e400"', '"x"', "null", "[1]")
    ]
    + ["[" * 200_000, "[]", "3", '"text"'],
    ids=lambda text: text[-20:],
)
def test_an_entry_of_a_file_that_is_not_a_number_is_refused(tmp_path, text):
    path = tmp_path / "line.json"
    path.write_text(text, encoding="utf-8")
    line = Line()
    before = data_of(line)
    with pytest.raises(ValueError, match="does not fit this"):
        line.load(path)
    assert data_of(line) == before


@pytest.mark.parametrize("x", [math.inf, -math.inf, math.nan])
def test_numbers_that_json_lacks_are_kept_too(tmp_path, x):
    line, path = Line(), tmp_path / "line.json"
    line.slope.data = x
    line.save(path)
    json.loads(path.read_text("utf-8"), parse_constant=pytest.fail)
    line.slope.data = 0.0
    line.load(path)
    assert repr(line.slope.data) == repr(x)


def test_an_interrupt_leaves_no_half_written_file(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    line, path = Line(), tmp_path / "line.json"
    line.save(path)
    before = path.read_bytes()
    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        line.save(path)
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [before]


def test_the_same_shape_with_another_activation_is_another_model(file):
    """The numbers would fit, but they would mean something else."""
    with pytest.raises(ValueError, match=r"'tanh' in the file, and 'relu' here"):
        MLP(2, [2, 1], "relu").load(file)


def test_a_frozen_copy_is_not_saved_over_its_network(file, mlp):
    before = file.read_bytes()
    with pytest.raises(ValueError, match="has no parameters; a frozen copy has none"):
        mlp.frozen().save(file)
    assert file.read_bytes() == before


def test_names_in_a_file_are_those_of_the_place_not_of_the_drawing(file, mlp):
    mlp.layers[0].neurons[0].w[0].label = "slope"
    mlp.load(file)
    mlp.save(file)
    MLP(2, [2, 1]).load(file)


def test_numbers_of_numpy_are_saved(tmp_path):
    line, path = Line(), tmp_path / "line.json"
    line.slope.data = np.float32(0.5)
    line.save(path)
    line.load(path)
    assert line.slope.data == 0.5


def test_load_state_dict_takes_numbers_by_name(mlp):
    with pytest.raises(TypeError, match="expected a dict of numbers by name"):
        mlp.load_state_dict([1, 2])


# --- what a description holds ---------------------------------------------------------------------


def mixed(**activations):
    """A network of two hidden layers, in which some activations are replaced."""
    mlp = MLP(2, [3, 3, 1], "relu", seed=0)
    for place, g in activations.items():
        mlp.layers[int(place[1])].activation = g
    return mlp


def of_neuron(activation):
    mlp = mixed()
    mlp.layers[0].neurons[1].activation = activation
    return mlp


class OwnMLP(MLP):
    """A network that computes something else."""

    def forward(self, xs):
        return [2 * a for a in super().forward(xs)]


def inside(make):
    """A module of modules: an attribute, a list, a dict."""

    class Outer(Module):
        def __init__(self):
            self.scale = Value(3.0, "scale")
            self.parts = make()

        def parameters(self):
            return [self.scale]

    return Outer()


class Scaled:
    """An activation that is an object."""

    def __init__(self, factor):
        self.factor = factor

    def __call__(self, z):
        return z * self.factor


DIFFERENT = {
    "a hidden layer": (lambda: mixed(l1="sigmoid"), mixed, "layers[1].activation"),
    "the output": (lambda: mixed(l2="tanh"), mixed, "layers[2].activation"),
    "the slope": (
        lambda: mixed(l0=partial(leaky_relu, alpha=0.2)),
        lambda: mixed(l0=partial(leaky_relu, alpha=0.1)),
        "leaky_relu(alpha=0.2)",
    ),
    "the slope, by default": (
        lambda: mixed(l0=partial(leaky_relu, alpha=0.2)),
        lambda: mixed(l0="leaky_relu"),
        "leaky_relu(alpha=0.2)",
    ),
    "the slope, a Value": (
        lambda: mixed(l0=partial(leaky_relu, alpha=Value(0.2))),
        lambda: mixed(l0=partial(leaky_relu, alpha=Value(0.1))),
        "leaky_relu(alpha=0.2)",
    ),
    "functions of one name": (
        lambda: mixed(l0=lambda z: 2 * z),
        lambda: mixed(l0=lambda z: 3 * z),
        "<lambda>: -2 to -4",
    ),
    "objects of one class": (lambda: mixed(l0=Scaled(2)), lambda: mixed(l0=Scaled(3)), "Scaled"),
    "one neuron": (lambda: of_neuron("tanh"), mixed, "layers[0].neurons[1].activation"),
    "another neuron": (
        lambda: of_neuron("tanh"),
        lambda: of_neuron("sigmoid"),
        "layers[0].neurons[1].activation",
    ),
    "a class": (lambda: OwnMLP(2, [3, 3, 1], "relu", seed=0), mixed, "kind"),
    "softmax": (
        lambda: MLP(2, [3, 2], output_activation="softmax"),
        lambda: MLP(2, [3, 2]),
        "layers[1].activation",
    ),
    "a neuron": (lambda: Neuron(2, "relu"), lambda: Neuron(2, "tanh"), "activation"),
    "a layer": (lambda: Layer(2, 2, "relu"), lambda: Layer(2, 2, "tanh"), "activation"),
    "a part": (
        lambda: inside(lambda: Neuron(1, "relu")),
        lambda: inside(lambda: Neuron(1, "tanh")),
        "parts.activation",
    ),
    "one of a list of parts": (
        lambda: inside(lambda: [Neuron(1), Neuron(1, "relu")]),
        lambda: inside(lambda: [Neuron(1), Neuron(1, "tanh")]),
        "parts[1].activation",
    ),
    "one of a dict of parts": (
        lambda: inside(lambda: {"a": Neuron(1, "relu")}),
        lambda: inside(lambda: {"a": Neuron(1, "tanh")}),
        "parts['a'].activation",
    ),
}


@pytest.mark.parametrize(("saved", "other", "named"), DIFFERENT.values(), ids=DIFFERENT)
def test_a_file_of_another_model_is_refused_and_the_difference_is_named(
    tmp_path, saved, other, named
):
    path = tmp_path / "network.json"
    saved().save(path)
    saved().load(path)  # a model that computes the same accepts the file
    module = other()
    before = data_of(module)
    with pytest.raises(ValueError, match=r" in the file, and .* here") as refusal:
        module.load(path)
    assert named in str(refusal.value)
    assert "Build the network as it was" in str(refusal.value)
    assert data_of(module) == before


def test_a_network_with_a_random_activation_can_be_saved_and_loaded(tmp_path):
    draws = iter(range(1000))
    make = lambda: MLP(2, [2, 1], lambda z: z * next(draws))  # noqa: E731 - one line
    make().save(tmp_path / "network.json")
    make().load(tmp_path / "network.json")


def test_an_activation_that_raises_for_our_numbers_can_be_saved(tmp_path):
    def picky(z):
        if z.data < 1e6:
            raise RuntimeError
        return z

    MLP(2, [2, 1], picky).save(tmp_path / "network.json")
    MLP(2, [2, 1], picky).load(tmp_path / "network.json")


def test_only_a_few_of_many_differences_are_named(tmp_path):
    MLP(1, [1] * 100, "relu").save(tmp_path / "network.json")
    with pytest.raises(ValueError, match="96 more differ") as refusal:
        MLP(1, [1] * 100, "tanh").load(tmp_path / "network.json")
    assert len(str(refusal.value)) < 1000


def test_the_numbers_of_constants_in_the_place_of_parameters_are_saved(tmp_path):
    mlp, twin = MLP(2, [2, 1], seed=0), MLP(2, [2, 1], seed=1)
    mlp.layers[0].neurons[0].b = Constant(0.5)
    twin.layers[0].neurons[0].b = Constant(-0.5)
    assert len(mlp.parameters()) == 8
    mlp.save(tmp_path / "network.json")
    twin.load(tmp_path / "network.json")
    assert twin([0.5, -1.0]).data == mlp([0.5, -1.0]).data
    assert type(twin.layers[0].neurons[0].b) is Constant


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (mixed, "MLP(2, [3, 3, 1], 'relu', 'identity')"),
        (lambda: mixed(l1="sigmoid"), "MLP(2, [3, 3, 1], ['relu', 'sigmoid'], 'identity')"),
        (lambda: mixed(l1="sigmoid", l2="tanh"), "MLP(2, [3, 3, 1], ['relu', 'sigmoid'], 'tanh')"),
        (lambda: of_neuron("tanh").layers[0], "Layer(2, 3, ['relu', 'tanh', 'relu'])"),
        (
            lambda: of_neuron("tanh"),
            "MLP(2, [3, 3, 1], [['relu', 'tanh', 'relu'], 'relu'], 'identity')",
        ),
        (lambda: OwnMLP(1, [1]), "OwnMLP(1, [1], 'identity', 'identity')"),
    ],
)
def test_the_repr_of_a_network_names_all_activations(make, text):
    assert repr(make()) == text


def test_the_repr_of_a_network_with_several_activations_can_be_evaluated():
    mlp = mixed(l0="tanh", l1="sigmoid")
    assert repr(eval(repr(mlp))) == repr(mlp)  # noqa: S307 - it is our own text


def test_hidden_layers_have_an_activation_each():
    mlp = MLP(2, [3, 3, 1], ["relu", tanh], "sigmoid")
    assert [layer.activation for layer in mlp.layers] == [relu, tanh, sigmoid]
    for wrong in (["relu"], ["relu"] * 3, []):
        with pytest.raises(ValueError, match=f"MLP: {len(wrong)} activations for 2 hidden layers"):
            MLP(2, [3, 3, 1], wrong)
    with pytest.raises(ValueError, match="no activation 'tahn'"):
        MLP(2, [3, 1], ["tahn"])


def test_a_layer_of_neurons_with_different_activations_has_no_one_activation():
    with pytest.raises(ValueError, match=r"\['relu', 'tanh', 'relu'\].*different activations"):
        of_neuron("tanh").layers[0].activation  # noqa: B018 - the look-up is what raises


def test_a_file_of_version_1_describes_its_network_in_words(tmp_path):
    path = tmp_path / "network.json"
    numbers = json.dumps(MLP(1, [1], seed=3).state_dict())
    for model, fits in (("MLP(1, [1], 'identity', 'identity')", True), ("MLP(1, [1])", False)):
        path.write_text(
            f'{{"format": "tinygrad_edu parameters", "version": 1, "model": {json.dumps(model)},'
            f' "parameters": {numbers}}}',
            encoding="utf-8",
        )
        mlp = MLP(1, [1], seed=4)
        if fits:
            mlp.load(path)
        else:
            with pytest.raises(ValueError, match="model is 'MLP"):
                mlp.load(path)
        assert (mlp.state_dict() == MLP(1, [1], seed=3).state_dict()) == fits


# --- what a file may do ---------------------------------------------------------------------------

LONG = "x" * 10_000_000
HEAD = '"format": "tinygrad_edu parameters", "version": 1, '
LINE = '"parameters": {"slope": 5.0, "offset": 6.0}'
FILES = {
    "a duplicate number": (
        f'{{{HEAD} "parameters": {{"slope": 5.0, "slope": 7.0, "offset": 6.0}}}}',
        "it has the name 'slope' twice",
    ),
    "a duplicate field": (f"{{{HEAD} {LINE}, {LINE}}}", "it has the name 'parameters' twice"),
    "a number too large": (f"{{{HEAD} {LINE}}}".replace("5.0", "1e999"), "1e999 is too large"),
    "minus too large": (f"{{{HEAD} {LINE}}}".replace("5.0", "-1e999"), "-1e999 is too large"),
    "a long int": (f"{{{HEAD} {LINE}}}".replace("5.0", "1" * 5000), "is too large for a float"),
    "nan": (f"{{{HEAD} {LINE}}}".replace("5.0", "NaN"), 'NaN is not JSON; write "nan"'),
    "inf": (f"{{{HEAD} {LINE}}}".replace("5.0", "Infinity"), "Infinity is not JSON"),
    "minus inf": (f"{{{HEAD} {LINE}}}".replace("5.0", "-Infinity"), "-Infinity is not JSON"),
    "a version that is true": (
        f"{{{HEAD} {LINE}}}".replace('"version": 1', '"version": true'),
        'its "version" must be a whole number from 1 to 2, not True',
    ),
    "a version of 1.0": (f"{{{HEAD} {LINE}}}".replace(" 1,", " 1.0,"), "not 1.0"),
    "version 0": (f"{{{HEAD} {LINE}}}".replace(" 1,", " 0,"), "not 0"),
    "a long format": (
        f"{{{HEAD} {LINE}}}".replace("tinygrad_edu parameters", LONG),
        'its "format" must be',
    ),
    "a long version": (f"{{{HEAD} {LINE}}}".replace(" 1,", f' "{LONG}",'), 'its "version" must be'),
    "a long model": (f'{{{HEAD} "model": "{LONG}", {LINE}}}', "model is 'xxx"),
    "a long field": (f'{{{HEAD} "{LONG}": 1, {LINE}}}', "the unknown field 'xxx"),
    "a long duplicate": (f'{{"{LONG}": 1, "{LONG}": 1}}', "it has the name 'xxx"),
    "a long name": (f"{{{HEAD} {LINE}}}".replace("slope", LONG), "missing ['slope'], unknown"),
    "a long number": (
        f"{{{HEAD} {LINE}}}".replace("5.0", f'"{LONG}"'),
        "'slope' must be a number, or a fraction",
    ),
    "long digits": (f"{{{HEAD} {LINE}}}".replace("5.0", "9" * 10**6), "is too large for a float"),
    "a long fraction": (
        f"{{{HEAD} {LINE}}}".replace("5.0", f'"{"9" * 10**6}/7"'),
        "'slope' must be a number",
    ),
    "long numbers": (f"{{{HEAD} {LINE}}}".replace("5.0", f"[{'1, ' * 10**6}1]"), "'slope' must be"),
    "many names": (
        f"{{{HEAD} " + '"parameters": {' + ", ".join(f'"{i}": 1' for i in range(10**5)) + "}}",
        "missing ['offset', 'slope'], unknown ['0', '1', '10', ...]",
    ),
    "a deep list": (f"{{{HEAD} {LINE}}}".replace("5.0", "[" * 10**5 + "]" * 10**5), "too deeply"),
    "a deep object": ('{"a":' * 10**5 + "1" + "}" * 10**5, "nested too deeply"),
    "a fraction of nothing": (f"{{{HEAD} {LINE}}}".replace("5.0", '"1/0"'), "not '1/0'"),
    "digits of another script": (
        f"{{{HEAD} {LINE}}}".replace("5.0", '"\u0661/\u0663"'),
        "'slope' must be",
    ),
    "a model in numbers": (f'{{{HEAD} "model": 3, {LINE}}}', 'its "model" must describe'),
    "version 2 without a model": (
        f"{{{HEAD} {LINE}}}".replace(" 1,", " 2,"),
        'its "model" must describe the saved network, not None',
    ),
    "another field": (f'{{{HEAD} "comment": "", {LINE}}}', "it has the unknown field 'comment'"),
    "no format": (f"{{{LINE}}}", 'its "format" must be "tinygrad_edu parameters", not None'),
    "no parameters": (f"{{{HEAD[:-2]}}}", 'its "parameters" must be an object, not None'),
    "cut off": (f"{{{HEAD} {LINE}"[:-4], "it is not JSON, or it was cut off"),
    "nothing": ("", "it is not JSON, or it was cut off"),
}


@pytest.mark.parametrize(("text", "problem"), FILES.values(), ids=FILES)
def test_a_file_that_is_wrong_is_refused_in_one_short_sentence(tmp_path, text, problem):
    path = tmp_path / "line.json"
    path.write_text(text, encoding="utf-8")
    line = Line()
    with pytest.raises(ValueError, match="does not fit this Line: ") as refusal:
        line.load(path)
    said = str(refusal.value)
    assert problem in said
    assert len(said) < 600 + len(str(path))
    assert "\n" not in said
    assert data_of(line) == [2.0, 1.0]


def test_a_byte_order_mark_at_the_start_of_a_file_is_ignored(tmp_path):
    path = tmp_path / "line.json"
    path.write_text(f"{{{HEAD} {LINE}}}", encoding="utf-8-sig")
    line = Line()
    line.load(path)
    assert data_of(line) == [5.0, 6.0]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "latin-1"])
def test_a_file_of_another_encoding_is_refused(tmp_path, encoding):
    path = tmp_path / "line.json"
    path.write_text(f"{{{HEAD} {LINE}}}".replace("slope", "ü"), encoding=encoding)
    with pytest.raises(ValueError, match="does not fit this Line: it is not text in UTF-8"):
        Line().load(path)


def test_a_state_of_many_names_is_refused_in_one_short_sentence():
    with pytest.raises(ValueError, match="missing") as refusal:
        Line().load_state_dict(dict.fromkeys(range(10**5), 1.0) | {"x" * 10**6: 1.0})
    assert len(str(refusal.value)) < 600


# --- habits ---------------------------------------------------------------------------------------


def test_named_parameters_come_as_pairs(mlp):
    names = [name for name, p in mlp.named_parameters() if p.data == 0]
    assert names == ["b₁⁽¹⁾", "b₂⁽¹⁾", "b₁⁽²⁾"]
    assert dict(mlp.named_parameters()).keys() == mlp.state_dict().keys()
    assert next(mlp.named_parameters()) == ("w₁₁⁽¹⁾", mlp.parameters()[0])
    assert dict(Line().named_parameters()).keys() == {"slope", "offset"}


@pytest.mark.parametrize("name", ["train", "eval", "to", "cuda", "weight", "bias", "backward"])
def test_attributes_of_networks_in_other_packages_are_answered(mlp, name):
    with pytest.raises(AttributeError, match=f"'MLP' object has no attribute '{name}': "):
        getattr(mlp, name)
    assert not hasattr(mlp, name)


def test_an_attribute_that_no_network_has_is_named(mlp):
    with pytest.raises(AttributeError, match=r"^'MLP' object has no attribute 'nothing'$"):
        mlp.nothing  # noqa: B018 - the look-up is what raises
