"""Gradients that other code computes, of functions of numbers and arrays."""

import ctypes
import ctypes.util
import io
import math
import sys
import time

import numpy as np
import pytest

from tinygrad_edu import Value, assert_gradients, gradcheck
from tinygrad_edu.check import shortcut as shortcuts
from tinygrad_edu.check.arrays import Spread, digits_of, numbers_in, shape_of
from tinygrad_edu.check.function import Function
from tinygrad_edu.check.shortcut import shortcut
from tinygrad_edu.table import exp, maximum, sin, tanh


def verdicts(report):
    return [finding.verdict for finding in report]


# --- functions of numbers -------------------------------------------------------------------------


def test_a_backward_pass_in_plain_python():
    def f(x, y):
        return math.sin(x) * y**3

    right = lambda x, y: (math.cos(x) * y**3, 3 * math.sin(x) * y**2)  # noqa: E731
    assert gradcheck(f, 0.5, 2.0, gradient=right)
    wrong = gradcheck(f, 0.5, 2.0, gradient=lambda x, y: (right(x, y)[0], 3 * math.sin(x) * y))
    assert verdicts(wrong) == ["agrees", "wrong"]
    assert [finding.derivative for finding in wrong] == ["∂f/∂x", "∂f/∂y"]


def test_the_gradient_may_be_given_as_numbers():
    assert gradcheck(lambda x: x * x, 3.0, gradient=6.0)
    assert gradcheck(lambda x, y: x * y, 3.0, 2.0, gradient=[2.0, 3.0])
    assert not gradcheck(lambda x, y: x * y, 3.0, 2.0, gradient=[3.0, 2.0])


def test_an_error_in_the_seventh_digit_is_found_and_may_be_allowed():
    f, off = math.sin, lambda x: math.cos(x) * (1 + 1e-6)
    assert verdicts(gradcheck(f, 0.5, gradient=off)) == ["wrong"]
    assert gradcheck(f, 0.5, gradient=off, rtol=1e-5)


def test_a_nan_never_passes():
    report = gradcheck(lambda x: x**3, 0.9, gradient=lambda x: math.nan)
    assert verdicts(report) == ["wrong"]


def test_a_function_of_values_may_be_given_with_a_gradient_of_its_own():
    report = gradcheck(lambda x: tanh(Value(x)), 0.5, gradient=lambda x: 1 - math.tanh(x) ** 2)
    assert report


@pytest.mark.parametrize(
    ("f", "derivative", "x"),
    [
        (lambda x: x * x + x, lambda x: 2 * x + 1, -0.994),  # a straight line from close by
        (lambda x: math.log(math.cos(x)), lambda x: -math.tan(x), 0.074),  # steps from close by
        (lambda x: math.log(math.cos(x)), lambda x: -math.tan(x), 1e-3),
        (lambda x: math.sqrt(1 + x * x) - 1, lambda x: x / math.sqrt(1 + x * x), 0.02),
    ],
)
def test_rounding_that_does_not_show_from_close_by_is_taken_into_account(f, derivative, x):
    assert "wrong" not in verdicts(gradcheck(f, x, gradient=derivative))
    assert verdicts(gradcheck(f, x, gradient=lambda x: 1.01 * derivative(x))) == ["wrong"]


# --- arrays ---------------------------------------------------------------------------------------


def test_arrays_lists_and_dicts_keep_their_shape():
    def f(p, xs, t):
        assert p["W"].shape == (2, 2)
        assert type(xs) is list
        assert type(t) is tuple
        return float(np.sum(p["W"] @ np.array(xs)) * p["b"] + t[0])

    def gradient(p, xs, _):
        x = np.array(xs)
        return (
            {"W": np.outer(np.ones(2), x) * p["b"], "b": float(np.sum(p["W"] @ x))},
            list(p["W"].sum(axis=0) * p["b"]),
            (1.0,),
        )

    inputs = {"W": np.array([[1.0, 2.0], [3.0, -1.0]]), "b": 0.5}, [0.5, -2.0], (4.0,)
    report = gradcheck(f, *inputs, gradient=gradient)
    assert report
    names = [finding.derivative for finding in report]
    assert names[:2] == ["∂f/∂p['W'][0, 0]", "∂f/∂p['W'][0, 1]"]
    assert names[4:] == ["∂f/∂p['b']", "∂f/∂xs[0]", "∂f/∂xs[1]", "∂f/∂t[0]"]


def test_an_array_without_dimensions_is_a_number():
    assert gradcheck(np.sin, np.array(0.5), gradient=np.cos)
    assert gradcheck(np.sin, np.float64(0.5), gradient=np.cos)


def test_of_an_array_of_outputs_the_gradient_is_the_jacobian():
    def f(x):
        return np.array([x[0] * x[1], x[0] ** 2, x[1]])

    def jacobian(x):
        return np.array([[x[1], x[0]], [2 * x[0], 0.0], [0.0, 1.0]])

    report = gradcheck(f, np.array([3.0, 2.0]), gradient=jacobian)
    assert report
    assert len(report) == 6
    wrong = gradcheck(f, np.array([3.0, 2.0]), gradient=lambda x: jacobian(x) + np.eye(3, 2))
    bad = [finding.derivative for finding in wrong.having("wrong")]
    assert bad == ["∂f[0]/∂x[0]", "∂f[1]/∂x[1]"]


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("off", [1.0, 1.01])
def test_single_precision_is_found_out(kind, off):
    x = np.array([0.5, -1.25, 3.0], kind)

    def f(x):
        return np.sum(np.tanh(x) * x)

    def gradient(x):
        return (np.tanh(x) + x * (1 - np.tanh(x) ** 2)) * kind(off)

    report = gradcheck(f, x, gradient=gradient)
    assert bool(report) is (off == 1.0)
    assert all(finding.tolerance < 1e-3 for finding in report)


def test_single_precision_inside_a_function_of_doubles():
    def f(x):
        return float(np.sum(np.sin(x.astype(np.float32))))

    x = np.array([0.5, 1.5])
    report = gradcheck(f, x, gradient=np.cos, precision="float32")
    assert "wrong" not in verdicts(report)


def test_the_two_bugs_of_the_course_are_placed():
    rng = np.random.default_rng(2)
    X, Y = rng.normal(size=(4, 3)), np.array([[1.0, 0.0, 1.0]])
    p = {"W1": rng.normal(size=(3, 4)), "W2": rng.normal(size=(1, 3)), "b1": np.zeros((3, 1))}

    def forward(p):
        a1 = np.tanh(p["W1"] @ X + p["b1"])
        return a1, 1 / (1 + np.exp(-(p["W2"] @ a1)))

    def cost(p):
        a2 = forward(p)[1]
        return -np.mean(Y * np.log(a2) + (1 - Y) * np.log(1 - a2))

    def backward(p):
        a1, a2 = forward(p)
        dz2 = (a2 - Y) / 3
        dz1 = p["W2"].T @ dz2 * (1 - a1 * a1)
        return {"W1": dz1 @ X.T, "W2": dz2 @ a1.T * 2, "b1": 4 * dz1.sum(axis=1, keepdims=True)}

    report = gradcheck(cost, p, gradient=backward)
    assert {finding.derivative.split("'")[1] for finding in report.having("wrong")} == {"W2", "b1"}
    assert {finding.derivative.split("'")[1] for finding in report.having("agrees")} == {"W1"}


# --- many inputs ----------------------------------------------------------------------------------


class Counted:
    """A function that counts its calls."""

    def __init__(self, f):
        self.f = f
        self.calls = 0

    def __call__(self, *args):
        self.calls += 1
        return self.f(*args)


def test_ten_thousand_inputs_take_at_most_200_calls():
    f = Counted(lambda x: np.sum(np.sin(x) * x))
    x = np.linspace(-3, 3, 10_000).reshape(100, 100)
    assert gradcheck(f, x, gradient=lambda x: np.cos(x) * x + np.sin(x))
    assert f.calls <= 200


def test_single_wrong_entries_of_many_are_found():
    def gradient(x):
        found = 2 * x
        found[7, 3] += 0.01
        found[0, 50] = -found[0, 50]
        return found

    x = np.linspace(1, 2, 800).reshape(8, 100)
    report = gradcheck(lambda x: np.sum(x * x), x, gradient=gradient)
    assert not report
    wrong = {finding.derivative for finding in report.having("wrong")[1:]}
    assert wrong == {"∂f/∂x[7, 3]", "∂f/∂x[0, 50]"}
    assert "x[7, 3]" in report.fault


def test_a_jacobian_of_many_inputs_is_looked_at_along_a_direction():
    A = np.random.default_rng(0).normal(size=(5, 100))
    x = np.ones(100)
    assert gradcheck(lambda x: np.tanh(A @ x), x,
                     gradient=lambda x: (1 - np.tanh(A @ x) ** 2)[:, None] * A)  # fmt: skip
    assert not gradcheck(lambda x: np.tanh(A @ x), x, gradient=lambda x: A)


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("seconds", "is_shown"), [(0.02, True), (0.0, False)])
def test_a_check_of_more_than_a_second_shows_how_far_it_is(seconds, is_shown, monkeypatch):
    pytest.importorskip("tqdm")

    def f(x):
        time.sleep(seconds)
        return math.sin(x)

    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    assert gradcheck(
        lambda x, y: f(x) * y, 0.5, 2.0, gradient=lambda x, y: (math.cos(x) * y, math.sin(x))
    )
    assert ("input" in terminal.getvalue()) is is_shown


# --- C, PyTorch, JAX ------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="needs the C library of Linux or macOS")
@pytest.mark.parametrize("x", [0.3, 1.5, 7.25])
def test_a_c_function(x):
    c = ctypes.CDLL(ctypes.util.find_library("m"))
    for name in ("j0", "j1"):
        getattr(c, name).restype, getattr(c, name).argtypes = ctypes.c_double, [ctypes.c_double]
    assert gradcheck(c.j0, x, gradient=lambda x: -c.j1(x))
    assert not gradcheck(c.j0, x, gradient=c.j1)


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_a_pytorch_module(precision):
    torch = pytest.importorskip("torch", reason="pip install tinygrad-edu[torch]")
    torch.manual_seed(0)
    kind = getattr(torch, precision)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1)).to(
        kind
    )

    def by_autograd(x):
        x = x.detach().requires_grad_()
        return torch.autograd.grad(model(x).sum(), x)[0]

    x = torch.tensor([[0.5, -1.0, 2.0]], dtype=kind)
    assert gradcheck(lambda x: model(x).sum(), x, gradient=by_autograd)
    wrong = gradcheck(lambda x: model(x).sum(), x, gradient=lambda x: 1.01 * by_autograd(x))
    assert verdicts(wrong) == ["wrong"] * 3


def test_a_jax_function():
    jax = pytest.importorskip("jax", reason="pip install jax")
    x = jax.numpy.array([0.5, 1.0, -2.0])

    def f(x):
        return jax.numpy.sum(jax.numpy.tanh(x) ** 2)

    assert gradcheck(f, x, gradient=jax.grad(f))
    assert not gradcheck(f, x, gradient=lambda x: 2 * jax.grad(f)(x))


# --- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gradient", "message"),
    [
        (lambda x, y: x, "a list or tuple of 2, one for each input, and it is one thing"),
        (lambda x, y: (x, y, x), "and it is 3 of them"),
        (lambda x, y: (x, np.ones((2, 2))), r"with respect to y has 4 numbers .* it must have 2"),
    ],
)
def test_a_gradient_of_another_shape_is_an_error(gradient, message):
    with pytest.raises(ValueError, match=message):
        gradcheck(lambda x, y: x * y[0], 2.0, np.ones(2), gradient=gradient)


def test_bad_input_is_named():
    with pytest.raises(
        TypeError, match="the gradient: expected numbers or arrays of them, got 'a'"
    ):
        gradcheck(lambda x: x, 1.0, gradient=lambda x: "a")
    with pytest.raises(TypeError, match="what the function returns: expected numbers"):
        gradcheck(lambda x: None, 1.0, gradient=1.0)
    with pytest.raises(ValueError, match=r"precision is one of .*float32"):
        gradcheck(lambda x: x, 1.0, gradient=1.0, precision="single")
    with pytest.raises(ValueError, match="precision and rtol go with gradient"):
        gradcheck(sin, 1.0, rtol=1e-3)
    with pytest.raises(ValueError, match="goes with neither claimed nor order"):
        gradcheck(sin, 1.0, gradient=1.0, claimed=1.0)
    with pytest.raises(ValueError, match=r"input a\[1\] is nan"):
        gradcheck(np.sum, np.array([1.0, math.nan]), gradient=np.ones(2))
    with pytest.raises(ValueError, match="there is no input"):
        gradcheck(np.sum, np.array([]), gradient=np.array([]))


def test_assert_gradients_takes_a_gradient():
    assert_gradients(math.sin, 0.5, gradient=math.cos)
    with pytest.raises(AssertionError, match="0 of 1 gradients right"):
        assert_gradients(math.sin, 0.5, gradient=math.sin)


def test_parts_of_inputs():
    spread = Spread([1.0, {"a": np.eye(2)}], "x")
    assert len(spread.numbers) == 5
    again = spread.gathered(range(5))
    assert again[0] == 0
    assert again[1]["a"].tolist() == [[1, 2], [3, 4]]
    assert digits_of({"a": np.float32(1), "b": 2.0}) == 24
    assert [*numbers_in({"a": [1, np.ones(2)]}, "x")] == [1, 1, 1]
    assert shape_of([[1, 2], [3, 4]]) == (2, 2)


# --- values by a program --------------------------------------------------------------------------


def branching(x):
    return x * x if x.data < 0.55 else x * 3


def counting():
    calls = []

    def f(x):
        calls.append(x)
        return sin(x) * x

    return f, calls


@pytest.mark.parametrize(
    ("f", "inputs"),
    [
        (lambda x, y: sin(x * y) + exp(x) / y, (0.5, 2.0)),
        (lambda x: maximum(x, 0.5), (0.5,)),
        (lambda x: x ** 0.5, (1e-9,)),
        (lambda x: [x, x * x, tanh(x) - x], (0.1,)),
        (branching, (0.5,)),
        (branching, (0.55,)),
        (lambda x: x * math.floor(x.data * 10), (0.501,)),
        (lambda x: Value(x.data) * x, (0.5,)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("order", [1, 2])
def test_with_and_without_the_program_a_check_finds_the_same(f, inputs, order, monkeypatch):
    quick = gradcheck(f, *inputs, order=order)
    monkeypatch.setattr("tinygrad_edu.check.examine.shortcut", lambda function: None)
    assert repr(gradcheck(f, *inputs, order=order)) == repr(quick)


def test_the_program_saves_most_calls():
    f, calls = counting()
    assert gradcheck(f, 0.5)
    assert len(calls) < 60


def test_a_function_that_decides_by_a_number_has_no_program():
    assert shortcut(Function(lambda x: x if x > 0 else -x, [1.0])) is None
    assert shortcut(Function(lambda x: Value(2.0), [1.0])) is None
    assert shortcuts.same_numbers([math.nan, -0.0], [math.nan, -0.0])
