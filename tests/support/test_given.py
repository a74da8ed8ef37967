"""Errors for an argument that is not a Value, and what they tell people to write."""

import numpy as np
import pytest

from tinygrad_edu import (
    MLP,
    Value,
    compare_engines,
    derivation,
    draw,
    draw_network,
    exercise,
    first_nonfinite,
    first_nonfinite_gradient,
    gradcheck,
    latex,
    paths,
    steps,
)
from tinygrad_edu.support.given import quoted

MLP_2 = MLP(2, [3, 2])
W = MLP_2.parameters()[0]
SHOW = [compare_engines, draw, exercise, first_nonfinite, first_nonfinite_gradient, latex, steps]
GIVEN = {
    "a network": (MLP_2, "write {}(mlp([1.0, 2.0])) for an output of the network"),
    "its outputs": (MLP_2([1.0, 2.0]), "one of them, or {}(total(values)) for their sum"),
    "a tuple": ((Value(1.0),) * 2, "a list of 2): write {}(values[0])"),
    "a list": ([Value(1.0)] * 2, "a list of 2): write {}(values[0])"),
    "a long list": ([Value(1.0)] * 10**5, "a list of 100000): write {}(values[0])"),
    "an array": (np.ones(2), "an array of 2): write {}(values[0])"),
    "a number": (3.0, "got 3.0 (float): a plain number does not remember how it was made"),
    "a number of NumPy": (np.float64(3.0), "a plain number does not remember"),
    "nothing": (None, "functions without a return statement return None"),
    "a function": (abs, "call the function first, and write {}(f(x))"),
    "a text": ("x" * 10**6, "got 'xxxxx"),
}  # fmt: skip


@pytest.mark.parametrize("function", SHOW, ids=lambda f: f.__name__)
@pytest.mark.parametrize(("given", "answer"), GIVEN.values(), ids=GIVEN)
def test_the_error_for_an_argument_that_is_not_a_value_says_what_to_write(function, given, answer):
    name = function.__name__
    with pytest.raises(TypeError, match=f"^{name}: expected a Value, got ") as refusal:
        function(given)
    assert answer.replace("{}", name) in str(refusal.value)
    assert len(str(refusal.value)) < 500


@pytest.mark.parametrize("function", [paths, derivation], ids=lambda f: f.__name__)
@pytest.mark.parametrize(("given", "answer"), GIVEN.values(), ids=GIVEN)
def test_the_error_says_what_to_write_for_either_of_two_arguments(function, given, answer):
    name = function.__name__
    for args in ((given, W), (given,)):
        with pytest.raises(TypeError, match=f"^{name}: expected a Value, got ") as refusal:
            function(*args)
        written = answer.replace("{}(f(x))", f"{name}(f(x), w)").replace("))", "), w)")
        written = written.replace("{}(values[0])", f"{name}(values[0], w)").replace("{}", name)
        assert written in str(refusal.value)
    with pytest.raises(TypeError, match=f"^{name}: expected a Value, got ") as refusal:
        function(MLP_2([1.0, 2.0])[0], given if given is not None else "None")
    assert len(str(refusal.value)) < 500


@pytest.mark.parametrize("function", [paths, derivation], ids=lambda f: f.__name__)
def test_a_missing_or_wrong_second_argument_is_refused(function):
    y = MLP_2([1.0, 2.0])[0]
    name = function.__name__
    with pytest.raises(
        TypeError, match=rf"{name}: the second Value is missing: write {name}\(loss, w\)"
    ):
        function(y)
    with pytest.raises(TypeError, match=rf"write {name}\(loss, mlp.parameters\(\)\[0\]\) for one"):
        function(y, MLP_2)
    with pytest.raises(TypeError, match=rf"a list of 17\): write {name}\(loss, values\[0\]\)"):
        function(y, MLP_2.parameters())


def test_draw_refers_to_draw_network_and_the_other_way_round():
    with pytest.raises(TypeError, match=r"draw_network\(mlp\) draws a network itself"):
        draw(MLP_2)
    with pytest.raises(TypeError, match=r"draw\(value\) draws the graph of a Value"):
        draw_network(W)


@pytest.mark.parametrize("given", [MLP_2, lambda x: x])
def test_gradcheck_asks_for_inputs(given):
    with pytest.raises(ValueError, match=r"the inputs after the function, as in gradcheck\(f, 0.5"):
        gradcheck(given)


@pytest.mark.parametrize("given", [[W], 3.0, None, "x", W])
def test_gradcheck_asks_for_a_function(given):
    with pytest.raises(TypeError, match=r"gradcheck: expected a function, got .*write gradcheck\("):
        gradcheck(given, 1.0)


def test_a_quotation_is_short_and_has_one_line():
    for x in ("x" * 10**7, [["x" * 10**6] * 10**4], {i: i for i in range(10**5)}, "a\nb" * 10**5):
        assert len(quoted(x)) < 500
        assert "\n" not in quoted(x)
