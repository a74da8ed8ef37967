"""What everything with parameters can do: names, gradients, files."""

import json
import math
import os
import pickle
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import MLP, Layer, Neuron, Value, sigmoid
from tinygrad_edu.nn import Module

finite = st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.fractions())
SPECIAL = [-0.0, 5e-324, -2.2250738585072014e-308, 1e308, 0.1, 1 / 3, Fraction(-1, 3), Fraction(3)]


class Line(Module):
    """A class of a user's own."""

    def __init__(self):
        self.slope, self.offset = Value(2.0, "slope"), Value(1.0, "offset")

    def parameters(self):
        return [self.slope, self.offset]

    def __call__(self, x):
        return sigmoid(self.slope * x + self.offset)


class Between(Module):
    """Parameters of its own, and a network inside."""

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
    assert list(mlp.named_parameters().values()) == mlp.parameters()


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
    assert other.parameters() == parameters  # an optimiser that has them keeps them
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


def test_a_class_of_ones_own_learns_is_saved_and_frozen(tmp_path):
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


def test_a_network_may_be_a_part_of_a_class_of_ones_own(tmp_path):
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


def test_a_class_that_does_not_say_what_its_parameters_are_is_told_so():
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
def test_numbers_with_a_catch_come_back_exactly(tmp_path, number):
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
        "version": 1,
        "model": "MLP(2, [2, 1], 'tanh', 'identity')",
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
    "a later version": with_field(version=2),
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
    with pytest.raises(ValueError, match="is no file of these parameters") as refusal:
        mlp.load(file)
    assert str(refusal.value).startswith(f"load: {file} ")
    assert data_of(mlp) == before


def test_a_file_cut_off_anywhere_is_refused_and_changes_nothing(file):
    content = file.read_bytes().rstrip()
    mlp = MLP(2, [2, 1], seed=2)
    before = data_of(mlp)
    for length in range(0, len(content), 3):  # in the middle of a character, too
        file.write_bytes(content[:length])
        with pytest.raises(ValueError, match="is no file of these parameters"):
            mlp.load(file)
    assert data_of(mlp) == before


@pytest.mark.parametrize(
    "content", [pickle.dumps({"w": 1.0}), b"\x89PNG\r\n\x1a\n", b"\xff\xfe{\x00"], ids=repr
)
def test_a_file_that_is_no_text_is_refused(file, mlp, content):
    file.write_bytes(content)
    with pytest.raises(ValueError, match="is no file of these parameters"):
        mlp.load(file)


@pytest.mark.parametrize(
    "other", [lambda: MLP(2, [3, 1]), lambda: MLP(3, [2, 1]), lambda: MLP(2, [2]), Line]
)
def test_a_file_of_a_network_of_another_shape_is_refused_and_changes_nothing(file, other):
    module = other()
    before = data_of(module)
    with pytest.raises(ValueError, match=r"it is of MLP.* not of "):
        module.load(file)
    assert data_of(module) == before


def test_what_is_refused_says_what_it_is_instead(file, mlp):
    file.write_text(with_field(version=2)(file.read_text("utf-8")), encoding="utf-8")
    with pytest.raises(ValueError, match="its version is 2, not 1"):
        mlp.load(file)


def test_a_file_that_is_not_there_is_an_error_of_its_own_kind(tmp_path, mlp):
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
    other.save(file)  # what was left behind does not stand in the way
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
def test_what_is_no_number_in_a_file_is_refused(tmp_path, text):
    path = tmp_path / "line.json"
    path.write_text(text, encoding="utf-8")
    line = Line()
    before = data_of(line)
    with pytest.raises(ValueError, match="is no file of these parameters"):
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
    """The numbers would fit, and mean something else."""
    with pytest.raises(ValueError, match=r"'tanh', 'identity'.*, not of .*'relu'"):
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
    with pytest.raises(TypeError, match="expected numbers by name"):
        mlp.load_state_dict([1, 2])
