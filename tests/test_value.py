import copy
import inspect
import math
import operator
import random
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from fractions import Fraction
from itertools import product

import micrograd.engine
import micrograd.nn
import numpy as np
import pytest
from harness import same
from hypothesis import assume, given
from hypothesis import strategies as st

import tinygrad_edu
from tinygrad_edu import (
    Constant,
    Value,
    grad,
    leaky_relu,
    logsumexp,
    maximum,
    minimum,
    softmax,
    table,
    tanh,
    weighted_sum,
)
from tinygrad_edu.habits import OF_VALUES
from tinygrad_edu.operation import Operation
from tinygrad_edu.recorder import record
from tinygrad_edu.table import TABLE

OPERATORS = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "pow": operator.pow,
}
operators = pytest.mark.parametrize("f", OPERATORS.values(), ids=OPERATORS)
moderate = st.floats(-100, 100).filter(lambda x: x == 0 or abs(x) > 1e-3)

# --- a number -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [2, True, 0.5, np.float32(0.1), np.int64(3), np.bool_(1), np.float64(2.5), Decimal("0.25")],
)
def test_any_real_number_becomes_a_float(data):
    v = Value(data)
    assert type(v.data) is float
    assert v.data == float(data)
    assert (v.grad, v.label, v.op, v.args, v.partials) == (0.0, "", None, (), ())


@pytest.mark.parametrize(
    "data",
    [
        "2",
        b"2",
        None,
        [1],
        (1.0,),
        {},
        object(),
        1j,
        np.complex128(1j),
        np.array([1.0]),
        np.array(1.0),
    ],
    ids=lambda x: str(x).partition(" at ")[0],
)
def test_what_is_no_real_number_is_refused_with_what_it_is(data):
    with pytest.raises(TypeError) as refusal:
        Value(data)
    assert repr(data) in str(refusal.value)
    assert type(data).__name__ in str(refusal.value)


def test_a_value_of_a_value_is_refused():
    with pytest.raises(TypeError, match=r"Value\(data=1.0, grad=0.0\)"):
        Value(Value(1))


def test_truth_and_conversions_go_by_the_data():
    assert not Value(0.0)
    assert Value(-0.5)
    assert float(Value(2.5)) == 2.5
    assert int(Value(2.5)) == 2
    assert round(Value(2.4)) == 2
    assert round(Value(2.345), 1) == 2.3
    assert abs(Value(-2.5)).data == 2.5
    assert math.floor(Value(2.5)) == 2
    assert f"{Value(2.345):.2f} {Value(1.0)} {Value(1234.5):>8.1f}" == (
        "2.35 Value(data=1.0, grad=0.0)   1234.5"
    )


def test_repr_shows_data_gradient_and_label():
    v = Value(2, label="w¹₁₁")
    assert repr(v) == "Value(data=2.0, grad=0.0, label='w¹₁₁')"
    assert repr(Constant(2)) == "Constant(data=2.0, grad=0.0)"


@pytest.mark.parametrize("other", [Value, float, int, Fraction, np.float64, np.int64, Decimal])
def test_order_goes_by_the_data(other):
    v = Value(2.0)
    assert (v < other(3), v <= other(2), v > other(1), v >= other(2)) == (True,) * 4
    assert (other(1) < v, other(2) <= v, other(3) > v, other(2) >= v) == (True,) * 4
    assert (v < other(2), v > other(2), v <= other(1), v >= other(3)) == (False,) * 4


def test_values_can_be_sorted():
    values = [Value(3.0), Value(1.0), Value(2.0)]
    assert [v.data for v in sorted(values)] == [1.0, 2.0, 3.0]
    assert max(values) is values[0]
    assert min(values) is values[1]


@pytest.mark.parametrize("other", ["2", None, [2], 1j])
def test_order_against_what_is_no_number_is_refused(other):
    with pytest.raises(TypeError, match="not supported between instances"):
        Value(1.0) < other  # noqa: B015 - the comparison is what raises


def test_equality_and_hash_are_by_identity():
    a, b = Value(1.0), Value(1.0)
    assert a == a  # noqa: PLR0124 - identity is the fact
    assert a != b
    assert a != 1.0
    assert a != np.float64(1.0)
    assert len({a, b, a}) == 2
    assert {a: "a", b: "b"}[b] == "b"


def test_plus_leaves_a_value_as_it_is():
    v = Value(2.0)
    assert +v is v


# --- operators ------------------------------------------------------------------------------------


@operators
@given(moderate, moderate)
def test_an_operator_gives_what_python_gives_to_the_last_bit(f, x, y):
    assume(y != 0)
    if f is operator.pow:
        assume(x > 0 and abs(y * math.log(x)) < 700)
    right = f(x, y)
    for result in (f(Value(x), Value(y)), f(Value(x), y), f(x, Value(y))):
        assert same(result, right)


@operators
def test_ints_stand_on_either_side(f):
    assert f(Value(3.0), 2).data == f(3.0, 2)
    assert f(3, Value(2.0)).data == f(3, 2.0)
    assert type(f(3, Value(2.0)).data) is float


@pytest.mark.parametrize(
    "kind", [np.float64, np.float32, np.int64, np.int8, Decimal, Fraction, bool]
)
@operators
def test_numbers_of_every_kind_stand_on_either_side(f, kind):
    one = kind(1)
    for result in (f(one, Value(2.5)), f(Value(2.5), one)):
        assert type(result) is Value
        assert type(result.data) is float
    assert f(one, Value(2.5)).data == f(1, 2.5)
    assert f(Value(2.5), one).data == f(2.5, 1)


def test_numpy_scalars_on_the_left_are_not_swallowed():
    v = Value(3.0)
    y = np.float64(2) * v
    assert type(y) is Value
    assert grad(y, v) == 2.0
    assert type(np.float64(2) ** v) is Value


@operators
def test_an_array_and_a_value_give_an_array_of_values(f):
    v, array = Value(2.0), np.array([[1.0, 2.0], [3.0, 4.0]])
    for result, right, left_is_array in (
        (f(array, v), f(array, 2.0), True),
        (f(v, array), f(2.0, array), False),
    ):
        assert result.shape == (2, 2)
        assert result.dtype == object
        for node, number, item in zip(result.flat, right.flat, array.flat, strict=True):
            assert type(node) is Value
            assert node.data == number
            assert node.args == ((item, v) if left_is_array else (v, item))


def test_gradients_flow_through_arrays_of_values():
    w = np.array([Value(1.0), Value(-2.0)])
    x = Value(3.0)
    y = np.sum(w * x * np.array([0.5, 4.0]))
    y.backward()
    assert x.grad == 0.5 * 1.0 + 4.0 * -2.0
    assert [v.grad for v in w] == [1.5, 12.0]


def test_gradients_flow_into_an_array_of_exponents():
    base, exponent = Value(2.0), Value(3.0)
    (y,) = base ** np.array([exponent])
    assert grad(y, [base, exponent]) == pytest.approx([12.0, 8 * math.log(2)])


FOREIGN = ["ab", b"ab", [1], (1,), None, 1j]


@pytest.mark.parametrize("other", FOREIGN, ids=repr)
@operators
def test_an_operator_says_what_it_cannot_take(f, other):
    for x, y in ((Value(1.0), other), (other, Value(1.0))):
        with pytest.raises(TypeError, match="expected a real number") as refusal:
            f(x, y)
        assert repr(other) in str(refusal.value)
        assert type(other).__name__ in str(refusal.value)


@operators
def test_a_complex_numpy_scalar_is_refused_too(f):
    for x, y in ((Value(1.0), np.complex128(1j)), (np.complex128(1j), Value(1.0))):
        with pytest.raises(TypeError):
            f(x, y)


class Foreign:
    """A type of which Value knows nothing, and which knows what to do with Values."""

    def answer(self, _):
        return "mine"

    __radd__ = __rsub__ = __rmul__ = __rtruediv__ = __rpow__ = answer
    __lt__ = __gt__ = __le__ = __ge__ = answer


@operators
def test_a_foreign_object_gets_its_turn(f):
    assert f(Value(1.0), Foreign()) == "mine"
    with pytest.raises(TypeError, match="unsupported operand"):
        f(Foreign(), Value(1.0))


@pytest.mark.parametrize("f", [operator.lt, operator.le, operator.gt, operator.ge])
def test_a_foreign_object_gets_its_turn_in_comparisons(f):
    assert f(Value(1.0), Foreign()) == "mine"


@operators
def test_a_value_without_an_answer_leaves_it_to_python(f):
    with pytest.raises(TypeError, match="unsupported operand"):
        f(Value(1.0), {})


def test_sum_adds_values_up():
    values = [Value(1.0), Value(2.0), Value(3.0)]
    s = sum(values)
    assert s.data == 6.0
    assert grad(s, values) == [1.0, 1.0, 1.0]


def test_assignment_operators_make_new_nodes():
    v = w = Value(2.0)
    v += 1
    v *= 2
    v -= 0.5
    v /= 5
    v **= 2
    assert v.data == pytest.approx(1.21)
    assert w.data == 2.0
    assert grad(v, w) == pytest.approx(2 * 1.1 * 2 / 5)


# --- the fast path of the operators ---------------------------------------------------------------

KINDS = {
    "Value": Value,
    "Constant": Constant,
    "float": float,
    "numpy": np.float64,
    "int": int,
}
BINARY = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
}


def rows_of_powers(left, right):
    fixed = right is not Value
    if not fixed:
        return {"pow" if left is Value else "exponential": operator.pow}
    return {"power" if left in (Value, Constant) else "exponential": operator.pow}


@pytest.mark.parametrize(
    ("left", "right"),
    [pair for pair in product(KINDS, repeat=2) if {"Value", "Constant"} & set(pair)],
)
@given(st.integers(1, 64), st.integers(1, 64), st.sampled_from([1, 7, 10]))
def test_an_operator_records_what_the_table_says(left, right, m, n, scale):
    x, y = (
        KINDS[left](m if left == "int" else m / scale),
        KINDS[right](n if right == "int" else n / 7),
    )
    for name, f in {**BINARY, **rows_of_powers(KINDS[left], KINDS[right])}.items():
        row = TABLE[name]
        try:
            expected = record(row, (x, y))
        except OverflowError:
            with pytest.raises(OverflowError, match=name):
                f(x, y)
            continue
        assert_same_node(f(x, y), expected)


def assert_same_node(node, expected):
    assert type(node) is type(expected)
    assert same(node.data, expected.data)
    assert type(node.data) is float
    assert node.op is expected.op
    for arg, expected_arg in zip(node.args, expected.args, strict=True):
        assert arg is expected_arg or (type(arg) is float and arg == expected_arg)
    assert all(map(same, node.partials, expected.partials))


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "power"])
@given(st.fractions(-9, 9, max_denominator=99), st.integers(1, 9))
def test_an_operator_is_exact_where_the_table_is(name, x, n):
    f = {**BINARY, "power": operator.pow}[name]
    operands = [(Value(x), n), (Value(x), Fraction(n)), (Constant(x), n)]
    if name != "power":
        operands += [(Value(x), Value(Fraction(n))), (Value(x), Constant(Fraction(n)))]
    for a, b in operands:
        node, expected = f(a, b), record(TABLE[name], (a, Fraction(b) if type(b) is int else b))
        assert type(node) is type(expected)
        assert (node.data, node.partials) == (expected.data, expected.partials)
        assert type(node.data) is Fraction


# --- domains --------------------------------------------------------------------------------------

OUTSIDE = [
    (lambda: Value(0.0).log(), ValueError, "log", "0.0"),
    (lambda: Value(-1.5).log(), ValueError, "log", "-1.5"),
    (lambda: tinygrad_edu.log(0), ValueError, "log", "0"),
    (lambda: Value(0.0) ** -1, ZeroDivisionError, "power", "0.0"),
    (lambda: Value(0.0) ** Value(-1.0), ZeroDivisionError, "pow", "0.0"),
    (lambda: 0 ** Value(-1.0), ZeroDivisionError, "exponential", "0"),
    (lambda: Value(-8.0) ** (1 / 3), ValueError, "power", "-8.0"),
    (lambda: Value(-8.0) ** Value(1 / 3), ValueError, "pow", "-8.0"),
    (lambda: (-8) ** Value(1 / 3), ValueError, "exponential", "-8"),
    (lambda: Constant(-8.0) ** (1 / 3), ValueError, "power", "-8.0"),
    (lambda: 1 / Value(0.0), ZeroDivisionError, "div", "0.0"),
    (lambda: Value(1.0) / 0, ZeroDivisionError, "div", "0"),
    (lambda: Value(1.0) / Value(0.0), ZeroDivisionError, "div", "0.0"),
    (lambda: Constant(1.0) / Constant(0.0), ZeroDivisionError, "div", "0.0"),
    (lambda: Value(1000.0).exp(), OverflowError, "exp", "1000.0"),
    (lambda: tinygrad_edu.exp(1000), OverflowError, "exp", "1000"),
    (lambda: Value(1e200) ** 2, OverflowError, "power", "1e+200"),
    (lambda: 10 ** Value(1000.0), OverflowError, "exponential", "1000.0"),
    (lambda: Value(-1.0).sqrt(), ValueError, "sqrt", "-1.0"),
    (lambda: Value(1.0) + 10**400, OverflowError, "add", "1329 bits"),
    (lambda: tinygrad_edu.maximum(Constant(0.5), 10**400), OverflowError, "maximum", "1329 bits"),
    (lambda: Value(0.5) * 10**400, OverflowError, "mul", "1329 bits"),
    (lambda: 10**400 * Value(0.5), OverflowError, "mul", "1329 bits"),
    (lambda: Value(math.inf).sin(), ValueError, "sin", "inf"),
    (lambda: Value(-math.inf).cos(), ValueError, "cos", "-inf"),
]


EDGES = [
    (lambda: Value(0.0).sqrt(), 0.0, (math.inf,)),
    (lambda: Value(0.0) ** 0.5, 0.0, (math.inf, None)),
    (lambda: Value(0.0) ** 1.5, 0.0, (0.0, None)),
    (lambda: Value(0.0) ** 1, 0.0, (1.0, None)),
    (lambda: Value(0.0) ** 0, 1.0, (0.0, None)),
    (lambda: Value(0.0) ** Value(2.0), 0.0, (0.0, 0.0)),
    (lambda: Value(0.0) ** Value(1.0), 0.0, (1.0, 0.0)),
    (lambda: Value(0.0) ** Value(0.5), 0.0, (math.inf, 0.0)),
    (lambda: 0.0 ** Value(2.0), 0.0, (None, 0.0)),
    (lambda: 0.0 ** Value(0.0), 1.0, (None, -math.inf)),
    (lambda: 0 ** Value(2.0), 0.0, (None, 0.0)),
    (lambda: Value(Fraction(0)) ** Value(Fraction(2)), 0, (0, 0)),
    (lambda: Value(-2.0) ** Value(3.0), -8.0, (12.0, math.nan)),
    (lambda: (-2.0) ** Value(3.0), -8.0, (None, math.nan)),
    (lambda: Value(1e-200) ** -1.5, 1e300, (-math.inf, None)),
    (lambda: maximum(Value(math.inf), Value(math.inf)), math.inf, (0.5, 0.5)),
    (lambda: minimum(Value(-math.inf), Value(-math.inf)), -math.inf, (0.5, 0.5)),
    (lambda: maximum(Value(math.inf), Value(-math.inf)), math.inf, (1.0, 0.0)),
    (lambda: leaky_relu(Value(math.inf), Value(0.1)), math.inf, (1.0, 0.0)),
    (lambda: leaky_relu(Value(-math.inf), Value(0.1)), -math.inf, (0.1, -math.inf)),
    (lambda: Value(math.inf).log(), math.inf, (0.0,)),
    (lambda: Value(math.inf).relu(), math.inf, (1.0,)),
    (lambda: Value(math.inf).sigmoid(), 1.0, (0.0,)),
    (lambda: Value(-math.inf).tanh(), -1.0, (0.0,)),
    (lambda: Value(1e-310) ** 1e-5, 1e-310**1e-5, (1e-5 * 1e-310**1e-5 / 1e-310, None)),
    (lambda: Value(1e-309) ** 2**-10, 1e-309**2**-10, (2**-10 * 1e-309**2**-10 / 1e-309, None)),
]
"""Where a value exists, and its derivative is infinite, does not exist, or is hard to compute."""


@pytest.mark.parametrize(("compute", "data", "partials"), EDGES)
def test_a_value_that_exists_is_given_whatever_its_derivative_is(compute, data, partials):
    y = compute()
    assert y.data == pytest.approx(data, rel=1e-15)
    for found, expected in zip(y.partials, partials, strict=True):
        assert found is expected is None or found == pytest.approx(expected, rel=1e-14, nan_ok=True)


def test_a_derivative_at_an_edge_is_recorded_where_it_exists():
    x = Value(0.0)
    assert grad(x**1.5, x, differentiable=True).data == 0.0
    assert grad(grad(x**2.5, x, differentiable=True), x) == 0.0
    y = x**1.5
    x.data = 1.0
    with pytest.raises(RuntimeError, match="changed after it was computed"):
        grad(y, x, differentiable=True)


def test_a_rule_of_ones_own_that_divides_by_zero_is_infinite_there():
    cbrt = Operation(
        "cbrt", "The cube root.", forward=lambda x: math.copysign(math.fabs(x) ** (1 / 3), x),
        partials=lambda y, x: (1 / (3 * y * y),), array="cbrt", symbol="∛", latex=r"\sqrt[3]{#1}",
    )  # fmt: skip
    assert cbrt(Value(0.0)).partials == (math.inf,)
    assert cbrt(Value(8.0)).partials == (pytest.approx(1 / 12),)


def test_a_rule_that_leaves_the_graph_is_named():
    careless = Operation(
        "careless", "The sine.", forward=math.sin, partials=lambda y, x: (math.cos(x),),
        array="sin", symbol="sin", latex="sin #1",
    )  # fmt: skip
    x = Value(0.5)
    assert grad(careless(x), x) == math.cos(0.5)
    with pytest.raises(TypeError, match="careless: its rule asks a Value for a float"):
        grad(careless(x), x, differentiable=True)


LEAVING = [
    ("math.exp(x)", "tinygrad_edu.exp"),
    ("math.exp(x * math.pi)", "tinygrad_edu.exp"),
    ("math.fabs(x)", "tinygrad_edu.abs"),
    ("math.pow(x, 2)", "x ** y"),
    ("array.__setitem__(0, x)", "operations of tinygrad_edu"),
    ("sum(map(math.sqrt, [x, x]))", "operations of tinygrad_edu"),
]


@pytest.mark.parametrize(("expression", "instead"), LEAVING)
def test_a_value_that_silently_becomes_a_float_warns_and_names_ours(expression, instead, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(f"found = {expression}\n")
    code = compile(script.read_text(), str(script), "exec")
    with pytest.warns(UserWarning, match="no gradient flows") as caught:
        exec(code, {"math": math, "x": Value(0.5), "array": np.zeros(1)})  # noqa: S102 - of this test
    assert instead in str(caught[0].message) or sys.version_info < (3, 11)
    assert caught[0].filename == str(script)


def test_code_that_asks_for_a_number_gets_it_without_a_warning():
    x = Value(0.5)
    assert [float(x), int(x), round(x, 1), math.floor(x), bool(x)] == [0.5, 0, 0.5, 0, True]
    assert list(map(float, [x, x])) == [0.5, 0.5]
    assert f"{x:.2f}" == "0.50"
    assert math.exp(Constant(0.0)) == 1.0


def test_numpy_functions_are_the_operations_of_the_same_name():
    x = Value(0.5)
    for name in ("exp", "log", "sqrt", "tanh", "sin", "cos", "absolute", "negative"):
        y = getattr(np, name)(x)
        assert y.data == pytest.approx(getattr(np, name)(0.5))
        assert y.args == (x,)
    assert np.maximum(x, 1.0).data == 1.0
    assert np.power(x, 2).op.name == "power"
    with pytest.raises(TypeError, match=r"numpy.arctan cannot take a Value: use an operation of"):
        np.arctan(x)


@pytest.mark.parametrize("name", ["subtract", "power", "maximum"])
def test_numpy_functions_take_a_value_before_an_array_and_behind_it(name):
    f, x, array = getattr(np, name), Value(1.5), np.array([1.0, 2.0])
    for found, right in ((f(x, array), f(1.5, array)), (f(array, x), f(array, 1.5))):
        assert [type(y) for y in found] == [Value, Value]
        assert [y.data for y in found] == right.tolist()


@pytest.mark.parametrize(("compute", "kind", "name", "number"), OUTSIDE)
def test_outside_its_domain_an_operation_raises_with_its_name_and_the_number(
    compute, kind, name, number
):
    with pytest.raises(kind) as failure:
        compute()
    assert str(failure.value).startswith(f"{name}: ")
    assert number in str(failure.value)


def test_a_constant_has_no_derivative_to_fail():
    assert Constant(0.0).sqrt().data == 0.0
    assert (Constant(0.0) ** 0.5).data == 0.0


def test_the_derivative_by_a_constant_makes_no_rule_fail():
    x = Value(-1.0)
    y = 1e-200**x
    assert grad(y, x) == pytest.approx(1e200 * math.log(1e-200))


def test_the_zeroth_power_has_gradient_0_at_0():
    x = Value(0.0)
    y = x**0
    assert y.data == 1.0
    slope = grad(y, x, differentiable=True)
    assert (grad(y, x), slope.data, grad(slope, x)) == (0.0, 0.0, 0.0)


def test_an_integer_power_of_a_negative_number_differentiates_twice():
    x = Value(-2.0)
    slope = grad(x**3, x, differentiable=True)
    assert (slope.data, grad(slope, x)) == (12.0, -12.0)


@pytest.mark.parametrize("n", range(5))
def test_a_power_at_0_has_all_its_derivatives(n):
    x = Value(0.0)
    derivative = x**n
    for k in range(1, n + 3):
        derivative = grad(derivative, x, differentiable=True)
        assert derivative.data == (math.factorial(n) if k == n else 0.0)


# --- exact mode -----------------------------------------------------------------------------------


def test_fractions_stay_exact():
    x = Value(Fraction(1, 3))
    y = (x * x + Fraction(1, 2)) / x
    y.backward()
    assert y.data == Fraction(11, 6)
    assert x.grad == Fraction(-7, 2)
    assert type(y.data) is type(x.grad) is Fraction


@pytest.mark.parametrize(
    ("f", "first", "second"),
    [
        (lambda x: x / 3, Fraction(1, 3), 0),
        (lambda x: 3 / x, Fraction(-27, 4), Fraction(81, 4)),
        (lambda x: x**3 / 7, Fraction(4, 21), Fraction(4, 7)),
        (lambda x: x**-2, Fraction(-27, 4), Fraction(243, 8)),
        (lambda x: (1 - x) * (x + 2) / 5, Fraction(-7, 15), Fraction(-2, 5)),
    ],
)
def test_derivatives_of_fractions_are_exact_to_any_order(f, first, second):
    x = Value(Fraction(2, 3))
    y = f(x)
    slope = grad(y, x, differentiable=True)
    assert (grad(y, x), slope.data, grad(slope, x)) == (first, first, second)
    assert type(grad(y, x)) is type(slope.data) is Fraction


def test_sums_of_fractions_are_exact():
    w = [Value(Fraction(1, 3)), Value(Fraction(1, 7))]
    z = tinygrad_edu.weighted_sum(w, [Fraction(1, 2), 3], 1)
    assert z.data == Fraction(67, 42)
    assert grad(z, w) == [Fraction(1, 2), 3]
    assert tinygrad_edu.total(w).data == Fraction(10, 21)


def test_gradients_of_fractions_add_up_exactly():
    x = Value(Fraction(1, 3))
    y = x / 7
    y.backward()
    y.backward()
    assert x.grad == Fraction(2, 7)
    assert y.grad == 2


# --- constants ------------------------------------------------------------------------------------


def test_a_constant_takes_no_gradient():
    x, w = Constant(0.05, label="x₁"), Value(0.15)
    y = w * x
    y.backward()
    assert (w.grad, x.grad) == (0.05, 0.0)
    assert y.partials == (0.05, None)


def test_a_graph_of_constants_records_nothing():
    a, b = Constant(2.0), Constant(3.0)
    for y in (a + b, a * 2, 2 / a, a**b, -a, a.tanh(), a.leaky_relu(), tinygrad_edu.total([a, b])):
        assert type(y) is Constant
        assert (y.op, y.args, y.partials) == (None, (), ())


@pytest.mark.parametrize(
    "constant", [Constant(2.0), Constant(2.0) * 3, Value(2.0).detach()], ids=repr
)
def test_a_constant_cannot_be_differentiated(constant):
    with pytest.raises(ValueError, match=r"backward: Constant.* does not depend on any Value"):
        constant.backward()
    with pytest.raises(ValueError, match=r"grad: Constant.* is a constant"):
        grad(Value(1.0), constant)


def test_detach_stops_the_gradient():
    x = Value(3.0, label="x")
    held = x.detach()
    assert (type(held), held.data, held.label) == (Constant, 3.0, "x")
    y = x * x * held
    assert grad(y, x) == 18.0
    x.data = 5.0
    assert held.data == 3.0


# --- gradients ------------------------------------------------------------------------------------


def small_graph():
    a, b = Value(2.0), Value(-3.0)
    c = a * b
    return a, b, c, c * c + a


def test_a_second_backward_doubles_every_gradient_interior_ones_included():
    nodes = small_graph()
    nodes[-1].backward()
    once = [v.grad for v in nodes]
    nodes[-1].backward()
    assert once == [37.0, -24.0, -12.0, 1.0]
    assert [v.grad for v in nodes] == [2 * g for g in once]


def test_two_roots_that_share_nodes_add_up():
    a = Value(2.0)
    b = a * a
    y, z = b * 3, b.exp()
    y.backward()
    z.backward()
    assert b.grad == 3 + math.exp(4)
    assert a.grad == pytest.approx(4 * b.grad)
    assert (y.grad, z.grad) == (1.0, 1.0)


def test_zero_grad_clears_everything_behind():
    nodes = small_graph()
    nodes[-1].backward()
    nodes[-1].zero_grad()
    assert [v.grad for v in nodes] == [0.0] * 4
    nodes[-1].backward()
    assert [v.grad for v in nodes] == [37.0, -24.0, -12.0, 1.0]


@pytest.mark.parametrize("cleared", [0, 0.0, None])
def test_a_gradient_can_be_cleared_by_hand(cleared):
    a, b, _, y = small_graph()
    y.backward()
    a.grad = b.grad = cleared
    y.backward()
    assert (a.grad, b.grad) == (37.0, -24.0)
    assert type(a.grad) is float


def test_gradients_are_plain_floats():
    nodes = small_graph()
    nodes[-1].backward()
    assert all(type(v.grad) is float for v in nodes)
    assert all(type(g) is float for g in grad(nodes[-1], nodes))


def test_a_step_of_gradient_descent_is_an_assignment():
    p = Value(1.0)
    (p * p).backward()
    p.data -= 0.1 * p.grad
    p.grad = 0
    assert p.data == 0.8
    (p * p).backward()
    assert p.grad == 1.6


def test_stored_partials_stay_when_data_change():
    w, x = Value(2.0), Value(3.0)
    y = (w * x).tanh() * w
    before = grad(y, [w, x])
    w.data -= 100.0
    x.data = 0.0
    assert grad(y, [w, x]) == before
    y.backward()
    assert [w.grad, x.grad] == before


def test_grad_leaves_every_gradient_as_it_was():
    nodes = small_graph()
    nodes[-1].backward()
    before = [v.grad for v in nodes]
    grad(nodes[-1], nodes[:2])
    grad(nodes[-1], nodes[0], differentiable=True)
    assert [v.grad for v in nodes] == before


def test_grad_takes_one_value_or_several_in_any_place():
    a, b, c, y = small_graph()
    assert grad(y, a) == 37.0
    assert grad(y, (v for v in (c, b, y, a))) == [-12.0, -24.0, 1.0, 37.0]
    assert grad(y, []) == []
    assert [d.data for d in grad(y, [a, b], differentiable=True)] == [37.0, -24.0]


def test_the_derivative_by_what_is_not_behind_is_0():
    y = Value(2.0) * 3
    assert grad(y, Value(1.0)) == 0.0
    assert grad(y, Value(1.0), differentiable=True).data == 0.0


@pytest.mark.parametrize(("y", "x"), [(1.0, Value(1.0)), (Value(1.0), [1.0]), (Value(1.0), 3)])
def test_grad_refuses_what_is_no_value(y, x):
    with pytest.raises(TypeError, match="grad: expected a Value"):
        grad(y, x)


@pytest.mark.parametrize(
    ("f", "changed"),
    [
        (lambda x: x * x, 3.0),
        (lambda x: x.log(), 3.0),
        (lambda x: x.sin() * 2, 3.0),
        (lambda x: x**3, 3.0),
        (lambda x: x**3, -2.0),
        (lambda x: x.sin(), -2.0),
    ],
)
def test_a_differentiable_gradient_notices_changed_data(f, changed):
    x = Value(2.0)
    y = f(x)
    x.data = changed
    with pytest.raises(RuntimeError, match=r"grad: data behind .* changed after it was computed"):
        grad(y, x, differentiable=True)


def test_nan_is_handed_on_and_no_change_of_data():
    x = Value(math.nan)
    assert math.isnan(grad(x * x, x))
    assert math.isnan(grad(x * x, x, differentiable=True).data)


def test_labels_are_kept_and_not_handed_on():
    a = Value(1.0, label="a")
    b = a + 1
    assert (a.label, b.label) == ("a", "")
    b.label = "b"
    assert b.label == "b"


@pytest.mark.parametrize(
    "name",
    [
        "exp",
        "log",
        "sqrt",
        "sin",
        "cos",
        "tanh",
        "sigmoid",
        "relu",
        "leaky_relu",
        "softplus",
        "abs",
    ],
)
def test_a_method_is_the_function_of_the_package(name):
    x = Value(0.7)
    y = getattr(x, name)()
    assert_same_node(y, getattr(tinygrad_edu, name)(x))
    assert getattr(Value, name).__doc__
    assert getattr(table, name) is getattr(tinygrad_edu, name) is y.op


def test_operators_and_operations_of_lists_are_no_methods():
    others = [name for name, row in TABLE.items() if row.code or row.lists[0]]
    assert {"add", "div", "pow", "total", "weighted_sum", "softmax"} <= {*others}
    assert not [name for name in others if hasattr(Value, name)]


# --- programs written for the small engine everyone knows -----------------------------------------


def expression(number):
    a, b = number(-4.0), number(2.0)
    c = a + b * 3 - 1
    d = (c * a).relu() + b**3 / 4
    d += 2 * d + (b - a).relu() * a
    e = 10.0 - d / c + -b
    f = e**2 / 2.0
    f = f + 7 / f
    f.backward()
    return [v.data for v in (c, d, e, f)] + [v.grad for v in (a, b, c, d, e, f)]


def classifier(number):
    rng = random.Random(5)
    w = [number(rng.uniform(-1, 1)) for _ in range(2)]
    b = number(0)
    data = [((0.0, 1.0), 1), ((1.0, 0.5), -1), ((0.2, 0.8), 1), ((0.9, 0.1), -1)]
    for _ in range(20):
        scores = [sum((wi * xi for wi, xi in zip(w, x, strict=True)), b) for x, _ in data]
        losses = [(1 + -y * s).relu() for (_, y), s in zip(data, scores, strict=True)]
        loss = sum(losses) * (1.0 / len(losses)) + 1e-3 * sum(p * p for p in w)
        for p in [*w, b]:
            p.grad = 0
        loss.backward()
        for p in [*w, b]:
            p.data -= 0.3 * p.grad
    return [loss.data, *(p.data for p in [*w, b]), *(p.grad for p in [*w, b])]


@pytest.mark.parametrize("program", [expression, classifier])
def test_a_program_for_micrograd_runs_when_only_the_import_changes(program):
    assert program(Value) == pytest.approx(program(micrograd.engine.Value), rel=1e-12)


def trained_network():
    random.seed(3)
    model = micrograd.nn.MLP(2, [4, 4, 1])
    for _ in range(5):
        scores = [model([x, y]) for x, y in product((0.0, 1.0), repeat=2)]
        loss = sum((s - t) ** 2 for s, t in zip(scores, (0, 1, 1, 0), strict=True))
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= 0.05 * p.grad
    return [loss.data, *(p.data for p in model.parameters())]


def test_the_networks_of_micrograd_train_on_our_values(monkeypatch):
    theirs = trained_network()
    monkeypatch.setattr(micrograd.nn, "Value", Value)
    ours = trained_network()
    assert ours == pytest.approx(theirs, rel=1e-10)


# --- hardly visible errors ------------------------------------------------------------------------


@pytest.mark.parametrize("z", [0.0, 1e3, -1e3, 1e4, -1e4, 1e16])
def test_softmax_of_equal_numbers_is_exactly_equal_however_large(z):
    assert softmax([z, z]) == [0.5, 0.5]
    a, b = Value(z), Value(z)
    assert logsumexp([a, b]).partials == (0.5, 0.5)
    assert [p.data for p in softmax([a, b])] == [0.5, 0.5]


def test_softmax_has_the_derivative_of_the_lecture():  # E1, with A_j where the lecture prints A_i
    z = [Value(x) for x in (0.3, -1.2, 2.0)]
    a = softmax(z)
    for i, j in product(range(3), repeat=2):
        expected = a[i].data * ((i == j) - a[j].data)
        assert grad(a[i], z[j]) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("given", [np.float32(0.3), np.float16(0.3), Decimal("0.3"), True])
@pytest.mark.parametrize("f", [operator.add, operator.truediv, operator.pow])
def test_scalars_of_other_kinds_are_kept_as_the_numbers_they_are(f, given):
    x = Value(2.0)
    y = f(x, given)
    assert type(y.args[1]) in (float, int)
    assert grad(y, x, differentiable=True).data == pytest.approx(grad(y, x), rel=1e-15)


def test_data_set_from_numpy_compute_like_floats():
    p = Value(1.0)
    p.data = np.float64(0.0)
    with pytest.raises(ZeroDivisionError):
        1.0 / p
    p.data = np.float32(0.1)
    assert type((p * p).data) is float
    assert type(weighted_sum([p], [p], p).data) is float
    for kind in (np.float32, np.float64, np.int64, Decimal, bool):
        p.data = kind(1)
        for y in (p.log(), tinygrad_edu.minimum(p, Value(3.0)), tinygrad_edu.logsumexp([p, 2.0])):
            assert not {type(x) for x in (y.data, *y.partials)} - {float, int, type(None)}


def test_a_step_that_forgets_data_is_refused_where_it_is_used():
    p = Value(2.0)
    p.data = p - 0.1 * p.grad
    for f in (Value.tanh, Value.log, lambda p: tinygrad_edu.minimum(p, Value(2.0))):
        with pytest.raises(TypeError, match=r": expected a real number, got Value"):
            f(p)


@pytest.mark.parametrize("data", ["2", None, [2.0], 2j])
def test_data_set_to_what_is_no_number_are_refused_with_the_operation(data):
    p, q = Value(1.0), Value(2.0)
    p.data = data
    for compute in (
        lambda: weighted_sum([p], [q], q),
        lambda: tinygrad_edu.total([q, p]),
        lambda: p * q,
        p.log,
    ):
        with pytest.raises(TypeError, match=r"^(weighted_sum|total|mul|log): ") as failure:
            compute()
        assert repr(data) in str(failure.value)


def test_of_many_arguments_those_that_take_no_gradient_have_no_partial():
    w, x, b = Value(2.0), Constant(3.0), Value(0.5)
    z = weighted_sum([w, 4], [x, w], b)
    assert z.args == (w, 4, x, w, b)
    assert z.partials == (3.0, None, None, 4, 1.0)
    z.backward()
    assert (w.grad, x.grad, b.grad) == (7.0, 0.0, 1.0)


def test_activations_of_fractions_stay_exact():
    x, alpha = Value(Fraction(-1, 3)), Fraction(1, 10)
    y = x.leaky_relu(alpha)
    assert (y.data, grad(y, x)) == (Fraction(-1, 30), alpha)
    assert x.relu().data == Fraction(0)
    assert grad(abs(x) * x, x) == Fraction(2, 3)
    assert grad(maximum(x, Value(Fraction(-1, 3))), x) == Fraction(1, 2)


def test_a_base_so_small_that_the_power_underflows_has_its_derivative():
    assert (Value(1e-170) ** Value(2.0)).partials[0] == pytest.approx(2e-170)


def test_walks_for_the_order_alone_cannot_overflow():
    x = Value(Fraction(10) ** 400)
    y = x * Value(Fraction(3))
    y.zero_grad()
    assert copy.deepcopy(y).data == y.data


def test_changed_data_outside_the_domain_are_changed_data():
    x = Value(2.0)
    y = x.log()
    x.data = -1.0
    with pytest.raises(RuntimeError, match="changed"):
        grad(y, x, differentiable=True)


def test_threads_whose_graphs_share_a_parameter_get_the_right_gradients():
    w = Value(0.7)
    graphs = [sum((w * k).tanh() for _ in range(200)) for k in (1.0, 2.0, 3.0)]
    expected = [grad(y, w) for y in graphs]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda i: grad(graphs[i % 3], w), range(600)))
    assert found == [expected[i % 3] for i in range(600)]


def test_a_fraction_can_be_formatted_as_a_number():
    assert f"{Value(Fraction(1, 3)):.2f}" == "0.33"


def test_a_subclass_of_tuple_with_an_answer_gives_it():
    class Vector(tuple):
        __slots__ = ()

        def __rmul__(self, other):
            return ("answered", float(other))

    assert Value(2.0) * Vector((1,)) == ("answered", 2.0)


def test_functions_can_be_asked_what_they_are():
    assert tanh.__doc__.startswith("The hyperbolic tangent")
    assert str(inspect.signature(leaky_relu)) == "(x, alpha=0.01)"
    assert str(inspect.signature(weighted_sum)) == "(weights, inputs, bias)"
    assert Value.exp.__name__ == "exp"
    assert Value.exp.__doc__ == "The exponential function."
    assert leaky_relu(-1.0, alpha=0.5) == Value(-1.0).leaky_relu(alpha=0.5).data == -0.5
    assert weighted_sum([1.0], [2.0], bias=0.5) == 2.5
    with pytest.raises(TypeError, match=r"weighted_sum\(weights, inputs, bias\): .*'bias'"):
        weighted_sum([1.0], [2.0])


# --- habits from elsewhere ------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(OF_VALUES))
def test_a_habit_from_elsewhere_is_told_what_to_write_here(name):
    for x in (Value(2.0), Constant(2.0)):
        assert not hasattr(x, name)  # what exists needs no advice
        with pytest.raises(AttributeError, match=f"no attribute '{name}': ") as raised:
            getattr(x, name)
        assert raised.value.name == name  # so that Python looks for what is spelt nearly the same


WRITTEN = """
x.data; x.op; x.op is None; x.args; x.partials; x.grad = 0.0; loss.zero_grad()
Value(x.data); x + 0; total(values); total(values) / len(values); maximum(x, y); minimum(x, y)
weighted_sum(weights, inputs, bias); softmax(logits); x ** n; x ** 2; x.log() / math.log(2)
x.log() / math.log(10); x.sin() / x.cos(); x + y; x - y; x * y; x / y; -x; engine.ancestors(loss)
"""


@pytest.mark.parametrize("written", re.split("; |\n", WRITTEN.strip()))
def test_what_habits_are_told_to_write_runs(written):
    assert any(written in advice for advice in OF_VALUES.values())
    x, y = Value(2.0), Value(3.0)
    names = {**vars(tinygrad_edu), "math": math, "engine": tinygrad_edu.engine}
    names |= {"x": x, "y": y, "n": 2, "values": [x, y], "logits": [x, y], "loss": x.exp()}
    exec(written, names | {"weights": [1.0], "inputs": [x], "bias": 0.0})  # noqa: S102 - our own


def test_what_a_value_lists_is_there_and_no_habit_from_elsewhere():
    names = dir(Value(2.0))
    assert {"data", "grad", "backward", "tanh"} <= {*names}
    assert names == sorted(set(names) - OF_VALUES.keys())
    assert all(hasattr(Value(2.0), name) for name in names)


def test_what_is_nowhere_is_missed_as_anywhere():
    with pytest.raises(AttributeError, match=r"^'Value' object has no attribute 'tahn'$"):
        Value(2.0).tahn()
