import dataclasses
import functools
import math
import os
import pickle
import subprocess
import sys
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from harness import (
    CHECKS,
    as_values,
    call,
    check_arrays,
    check_documented,
    check_formula,
    check_partials,
    check_second_partials,
    check_text,
    check_values,
    measured,
    verify,
)
from hypothesis import Phase, given

import tinygrad_edu
from tinygrad_edu import Constant, Value, grad, softmax, table
from tinygrad_edu.operation import (
    ATOM,
    REALS,
    Components,
    Interval,
    Operation,
    brief,
    fill,
    number,
    padded,
)
from tinygrad_edu.programs.expressions import lengths
from tinygrad_edu.table import TABLE
from tinygrad_edu.testing import numbers

rows = pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)

# --- the table ----------------------------------------------------------------------------------


@rows
def test_a_row_keeps_what_the_table_promises(row):
    verify(row)


def test_the_table_has_every_operation_of_the_module_under_its_own_name():
    of_module = {v.name: v for v in vars(table).values() if isinstance(v, Operation)}
    assert of_module == TABLE
    assert all(getattr(table, name) is row for name, row in TABLE.items())


def test_the_table_has_the_operations_of_the_lectures():
    assert set(TABLE) >= {
        *("add", "sub", "mul", "div", "neg", "pow", "power", "exp", "log", "sqrt", "sin", "cos"),
        *("tanh", "sigmoid", "relu", "leaky_relu", "softplus", "abs", "step"),
        *("maximum", "minimum", "weighted_sum", "total", "logsumexp"),
    }


@rows
def test_a_row_is_pickled_by_name(row):
    assert pickle.loads(pickle.dumps(row)) is row
    assert repr(row) == f"<operation {row.name}>"


@rows
def test_a_row_refuses_what_is_no_number_by_name_and_value(row):
    n = lengths(row)[-1]
    with pytest.raises(TypeError, match=f"{row.name}: expected a real number, got 'two' .str."):
        call(row, ["two"] * n)


@pytest.mark.parametrize("row", [r for r in TABLE.values() if r.arity], ids=lambda r: r.name)
def test_a_row_says_how_many_arguments_it_takes(row):
    with pytest.raises(TypeError, match=rf"^{row.name}\(.*\): .*argument"):
        row(1.0, 2.0, 3.0)


# --- rules that are wrong on purpose --------------------------------------------------------------


def sabotaged(row, change, i):
    """The row with partial ``i`` changed."""

    @functools.wraps(row.partials)
    def rule(y, *args):
        partials = list(row.flat(row.partials(y, *args)))
        if partials[i] is not None:
            partials[i] = change(partials[i])
        return row.nested(partials)

    return dataclasses.replace(row, partials=rule)


def first_partial(row):
    """The first argument that takes a gradient; that of a fixed base is its exponent."""
    return int(row.name == "exponential")


def last_partial(row):
    """The last argument that takes a gradient, of those that there always are."""
    return 0 if row.name == "power" else (row.arity or 1) - 1


def fails(row, *checks):
    with pytest.raises(AssertionError):
        verify(row, checks or CHECKS, phases=[Phase.generate])


@pytest.mark.parametrize(
    "row", [r for r in TABLE.values() if r.name not in ("step", "greater")], ids=str
)
def test_a_partial_off_by_a_millionth_is_found(row):
    for i in {first_partial(row), last_partial(row)}:
        fails(sabotaged(row, lambda partial: partial * (1 + 1e-6), i), check_partials)


@pytest.mark.parametrize(
    "row", [r for r in TABLE.values() if r.name not in ("step", "greater")], ids=str
)
def test_a_wrong_sign_is_found(row):
    fails(sabotaged(row, lambda partial: -partial, first_partial(row)), check_partials)


@rows
def test_a_shifted_partial_is_found(row):
    fails(sabotaged(row, lambda partial: partial + 1e-6, first_partial(row)), check_partials)


@pytest.mark.parametrize("name", ["sub", "mul", "div", "pow", "leaky_relu", "maximum", "minimum"])
def test_swapped_partials_are_found(name):
    row = TABLE[name]

    @functools.wraps(row.partials)
    def swapped(y, *args):
        return row.partials(y, *args)[::-1]

    fails(dataclasses.replace(row, partials=swapped), check_partials)


def test_weights_taken_for_inputs_are_found():
    row = TABLE["weighted_sum"]
    wrong = lambda z, weights, inputs, bias: (weights, inputs, 1)  # noqa: E731 - one line
    fails(dataclasses.replace(row, partials=wrong), check_partials)


def test_a_rule_that_cannot_be_differentiated_again_is_found():
    row = dataclasses.replace(TABLE["sin"], partials=lambda y, x: (math.cos(float(x)),))
    verify(row, [check_partials])
    with pytest.raises(TypeError, match="sin: its rule asks a Value for a float"):
        verify(row, [check_second_partials], phases=[Phase.generate])


def test_a_rule_that_treats_values_in_another_way_is_found():
    row = dataclasses.replace(
        TABLE["exp"], partials=lambda y, x: (y * (1 + 1e-12) if isinstance(y, Value) else y,)
    )
    verify(row, [check_partials])
    fails(row, check_values)


def test_a_wrong_array_function_is_found():
    fails(dataclasses.replace(TABLE["sin"], array="cos"), check_arrays)


@pytest.mark.parametrize("latex", ["#1 +", r"\frac{#1}{#2", "}#1{ #2", r"\left(#1 #2"])
def test_a_broken_formula_is_found(latex):
    fails(dataclasses.replace(TABLE["add"], latex=latex), check_formula)


def test_code_that_computes_something_else_is_found():
    fails(dataclasses.replace(TABLE["sub"], code="#2 - #1"), check_text)


@pytest.mark.parametrize("field", ["doc", "symbol"])
def test_an_undocumented_row_is_found(field):
    fails(dataclasses.replace(TABLE["sub"], **{field: ""}), check_documented)


@given(numbers())
def test_the_harness_measures_a_derivative_to_twelve_digits(x):
    found, error = measured(math.exp, x, 0.5, abs(x))
    assert abs(found - math.exp(x)) <= 4 * error <= 1e-12 * (1 + math.exp(x))


# --- an operation of one's own: one statement ---------------------------------------------------

cube = Operation(
    "cube", "The third power.",
    forward=lambda x: x * x * x, partials=lambda y, x: (3 * x * x,),
    array=lambda numpy, x: x * x * x,
    symbol="x³", latex="#1^3", precedence=4, binds=(ATOM,),
)  # fmt: skip

arctan = Operation(
    "arctan", "The inverse tangent.",
    forward=math.atan, partials=lambda y, x: (1 / (1 + x * x),), array="arctan",
    symbol="arctan", latex=r"\arctan\left(#1\right)",
)  # fmt: skip

artanh = Operation(
    "artanh", "The inverse hyperbolic tangent.",
    forward=math.atanh, partials=lambda y, x: (1 / (1 - x * x),), array="arctanh",
    symbol="artanh", latex=r"\operatorname{artanh}\left(#1\right)", domain=(Interval(-1, 1),),
)  # fmt: skip

hypot = Operation(
    "hypot", "The length of the hypotenuse.",
    forward=math.hypot, partials=lambda r, x, y: (x / r, y / r), array="hypot",
    symbol="hypot", latex=r"\sqrt{#1^2 + #2^2}", binds=(ATOM,),
    domain=(REALS, Interval(low=1)),  # far from the tip of the cone
)  # fmt: skip

mean = Operation(
    "mean", "The mean of many values.",
    signature="(n)",
    forward=lambda values: sum(values) / len(values),
    partials=lambda m, values: ([1 / len(values)] * len(values),),
    array=lambda numpy, values: sum(values) / len(values),
    symbol="mean", latex=lambda args: rf"\operatorname{{mean}}\left({', '.join(args)}\right)",
)  # fmt: skip

own = pytest.mark.parametrize("row", [cube, arctan, artanh, hypot, mean], ids=str)


@own
def test_an_operation_of_one_statement_passes_every_check(row):
    verify(row)


@own
def test_an_operation_of_ones_own_is_pickled_with_a_graph(row):
    y = call(row, [Value(0.5)] * lengths(row)[-1])
    assert pickle.loads(pickle.dumps(y)).op is row


def test_an_operation_of_one_statement_works_on_numbers_arrays_and_values():
    assert cube(2.0) == 8.0
    assert cube(np.array([1.0, 2.0])).tolist() == [1.0, 8.0]
    assert cube(Fraction(1, 2)) == Fraction(1, 8)
    x = Value(2.0)
    y = cube(x)
    assert (y.data, y.op, y.args, y.partials) == (8.0, cube, (x,), (12.0,))
    slope = grad(y, x, differentiable=True)
    assert (slope.data, grad(slope, x)) == (12.0, 12.0)
    assert cube.formula([("a + b", 1)]) == (r"\left(a + b\right)^3", 4)


def test_an_operation_that_no_module_holds_says_why_it_cannot_be_pickled():
    local = dataclasses.replace(cube, name="local")
    with pytest.raises(pickle.PicklingError, match="Can't pickle <operation local>"):
        pickle.dumps(local)


def run(script):
    """What a fresh interpreter prints."""
    package = str(Path(tinygrad_edu.__file__).parents[1])
    return subprocess.run(
        [sys.executable, "-c", script],
        check=True, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": package},
    ).stdout  # fmt: skip


def test_pickling_passes_over_a_module_that_is_blocked():
    run(
        "import sys; sys.modules['numpy'] = None\n"
        "import pickle, tinygrad_edu\n"
        "assert pickle.loads(pickle.dumps(tinygrad_edu.tanh)) is tinygrad_edu.tanh"
    )


def test_a_pickle_can_be_read_by_another_program():
    pickled = run(
        "import pickle; from tinygrad_edu import Value, tanh\n"
        "print(pickle.dumps(tanh(Value(0.5))).hex())"
    )
    run(f"import pickle; assert pickle.loads(bytes.fromhex({pickled.strip()!r})).op.name == 'tanh'")


# --- numbers, intervals, templates --------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        (True, 1),
        (3, 3),
        (0.5, 0.5),
        (Fraction(1, 3), Fraction(1, 3)),
        (Decimal("0.25"), 0.25),
        (np.float32(0.5), 0.5),
        (np.float64(0.1), 0.1),
        (np.int64(3), 3),
        (np.bool_(1), 1.0),
    ],
)
def test_real_numbers_of_every_kind_become_plain_ones(given_, kept):
    assert number(given_) == kept
    assert type(number(given_)) is type(kept)


@pytest.mark.parametrize(
    "given_",
    [
        "2",
        b"2",
        None,
        [1],
        (1,),
        {},
        1j,
        np.complex128(1j),
        np.array([1.0]),
        np.array(1.0),
        Value(1),
    ],
    ids=repr,
)
def test_what_is_no_real_number_is_refused_with_what_it_is(given_):
    with pytest.raises(TypeError) as refusal:
        number(given_)
    assert repr(given_) in str(refusal.value)
    assert f"({type(given_).__name__})" in str(refusal.value)


def test_an_interval_is_open_and_leaves_points_out():
    interval = Interval(low=-1, high=1, excluded=(0,))
    assert [interval.admits(x) for x in (-1, -0.5, 0, 0.5, 1)] == [False, True, False, True, False]
    assert str(interval) == "a number above -1 and below 1 and other than 0"
    assert str(REALS) == "a finite number"
    assert not any(map(REALS.admits, (math.inf, -math.inf, math.nan)))


def test_the_last_field_serves_all_further_arguments():
    assert padded((1, 2), 1) == (1,)
    assert padded((1, 2), 4) == (1, 2, 2, 2)


def test_an_argument_may_hold_the_sign_of_templates():
    assert fill("#1 - #2", ["a#2", "b"]) == "a#2 - b"
    assert TABLE["mul"].formula([(r"\#2", ATOM), ("c", ATOM)]) == (r"\#2 \cdot c", 2)


def test_a_template_of_ten_arguments_tells_1_from_10():
    template = " ".join(f"#{i}" for i in range(1, 11))
    assert fill(template, list("abcdefghij")) == "a b c d e f g h i j"


def test_a_message_does_not_print_a_thousand_digits():
    assert brief(10**400) == "an int of 1329 bits"
    assert brief(-7) == "-7"


# --- formulas -------------------------------------------------------------------------------------

FORMULAS = [
    (lambda a, b, c: (a + b) * c, r"\left(a + b\right) \cdot c"),
    (lambda a, b, c: a + b * c, r"a + b \cdot c"),
    (lambda a, b, c: a - (b - c), r"a - \left(b - c\right)"),
    (lambda a, b, c: a - b - c, "a - b - c"),
    (lambda a, b, c: -(a + b) * c, r"\left(-\left(a + b\right)\right) \cdot c"),
    (lambda a, b, c: -(a * b) - c, r"-a \cdot b - c"),
    (lambda a, b, c: (a + b) / c, r"\frac{a + b}{c}"),
    (lambda a, b, c: (a * b) ** c, r"\left(a \cdot b\right)^{c}"),
    (lambda a, b, c: (a**b) ** c, r"\left(a^{b}\right)^{c}"),
    (lambda a, b, c: a ** (b + c), "a^{b + c}"),
    (lambda a, b, c: a * (b / c), r"a \cdot \frac{b}{c}"),
    (
        lambda a, b, c: (a**2) ** b + (a + c) ** 2,
        r"\left(a^{2}\right)^{b} + \left(a + c\right)^{2}",
    ),
    (lambda a, b, c: (a + b).exp() ** c, r"\left(e^{a + b}\right)^{c}"),
    (lambda a, b, c: (-a - b).sigmoid() * c, r"\sigma\left(-a - b\right) \cdot c"),
]


def formula(value, names):
    if not isinstance(value, Value):
        return str(value), ATOM
    if value in names:
        return names[value], ATOM
    return value.op.formula([formula(arg, names) for arg in value.args])


@pytest.mark.parametrize(("f", "latex"), FORMULAS, ids=[latex for _, latex in FORMULAS])
def test_parentheses_stand_where_they_are_needed_and_nowhere_else(f, latex):
    a, b, c = Value(2.0), Value(3.0), Value(5.0)
    assert formula(f(a, b, c), {a: "a", b: "b", c: "c"})[0] == latex


def test_the_formula_of_a_neuron_is_that_of_the_lecture():
    pieces = [(name, ATOM) for name in ("w_1", "w_2", "x_1", "x_2", "b")]
    assert TABLE["weighted_sum"].formula(pieces) == (r"w_1 \cdot x_1 + w_2 \cdot x_2 + b", 1)


# --- kinks: PyTorch's choice ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "args", "partials"),
    [
        ("step", (0.0,), (0.0,)),
        ("relu", (0.0,), (0.0,)),
        ("relu", (-0.0,), (0.0,)),
        ("abs", (0.0,), (0.0,)),
        ("leaky_relu", (0.0, 0.01), (0.01, 0.0)),
        ("leaky_relu", (0.0, 0.3), (0.3, 0.0)),
        ("maximum", (2.0, 2.0), (0.5, 0.5)),
        ("minimum", (2.0, 2.0), (0.5, 0.5)),
        ("maximum", (0.0, -0.0), (0.5, 0.5)),
    ],
)
def test_the_derivative_at_a_kink(name, args, partials):
    values = [Value(x) for x in args]
    y = TABLE[name](*values)
    assert y.partials == partials
    assert tuple(grad(y, values)) == partials
    assert tuple(d.data for d in grad(y, values, differentiable=True)) == partials
    arrays = [np.array([x]) for x in args]
    on_arrays = TABLE[name].partials(TABLE[name](*arrays), *arrays)
    assert tuple(float(np.squeeze(p)) for p in on_arrays) == partials


@pytest.mark.parametrize("row", [r for r in TABLE.values() if r.kink], ids=str)
def test_a_kink_is_where_the_measured_derivative_jumps(row):
    args = (0.0, 0.0)[: row.arity]
    assert row.kink(*args) == 0
    left, right = (row.partials(row.forward(x, *args[1:]), x, *args[1:]) for x in (-1.0, 1.0))
    assert left != right or row.forward(-1.0, *args[1:]) != row.forward(1.0, *args[1:])


def test_the_slope_of_leaky_relu_is_a_hundredth_unless_given():
    assert tinygrad_edu.leaky_relu(-2.0) == -0.02
    assert tinygrad_edu.leaky_relu(-2.0, 0.5) == -1.0
    assert Value(-2.0).leaky_relu().data == -0.02
    assert Value(-2.0).leaky_relu(0.5).partials == (0.5, None)


# --- extremes -------------------------------------------------------------------------------------


def exactly(name, x):
    """The activation to fifty digits (A6, D8)."""
    with localcontext() as context:
        context.prec = 50
        x = Decimal(x)
        up, down = x.exp(), (-x).exp()
        return float({
            "sigmoid": lambda: 1 / (1 + down),
            "tanh": lambda: (up - down) / (up + down),
            "softplus": lambda: (1 + up).ln() if abs(x) < 100 else max(x, 0) + min(up, down),
        }[name]())  # fmt: skip


@pytest.mark.parametrize("x", [0.0, 1.0, 20.0, 36.5, 700.0, 1000.0, 1e4])
@pytest.mark.parametrize("name", ["sigmoid", "tanh", "softplus"])
def test_activations_are_exact_however_large_the_argument(name, x):
    for signed in (x, -x):
        row, right = TABLE[name], exactly(name, signed)
        assert row(signed) == pytest.approx(right, rel=4e-16, abs=0)
        assert row(Value(signed)).data == row(signed)
        on_array = row(np.array([signed]))
        np.testing.assert_allclose(on_array, [right], rtol=1e-12, atol=0)


@pytest.mark.parametrize("x", [700.0, 1000.0, 1e4])
def test_gradients_of_saturated_activations_are_0_or_1_and_no_error(x):
    slopes = {"sigmoid": (0, 0), "tanh": (0, 0), "softplus": (0, 1)}
    for name, (below, above) in slopes.items():
        assert TABLE[name](Value(-x)).partials[0] == pytest.approx(below, abs=1e-300)
        assert TABLE[name](Value(x)).partials[0] == pytest.approx(above, abs=1e-300)


@pytest.mark.parametrize("x", [1000.0, 1e4])
def test_logsumexp_and_softmax_do_not_overflow(x):
    assert tinygrad_edu.logsumexp([x, x]) == pytest.approx(x + math.log(2), rel=1e-15)
    assert tinygrad_edu.logsumexp([-x, -x]) == pytest.approx(-x + math.log(2), rel=1e-15)
    assert tinygrad_edu.logsumexp([x, -x]) == x
    assert softmax([x, 0.0, -x]) == [1.0, 0.0, 0.0]
    assert softmax([-x, -x]) == pytest.approx([0.5, 0.5], rel=1e-11)
    values = [Value(x), Value(-x)]
    assert tinygrad_edu.logsumexp(values).partials == (1.0, 0.0)


def test_the_partials_of_logsumexp_are_the_softmax():
    logits = [0.5, -1.0, 2.0]
    values = [Value(v) for v in logits]
    assert list(tinygrad_edu.logsumexp(values).partials) == softmax(logits)
    assert [p.data for p in softmax(values)] == softmax(logits)
    assert sum(softmax(logits)) == pytest.approx(1.0, rel=1e-15)


def test_the_gradient_of_softmax_is_that_of_the_lecture():  # D3
    values = [Value(0.5), Value(-1.0), Value(2.0)]
    p = softmax(values)
    for i, p_i in enumerate(p):
        expected = [p_i.data * ((i == j) - p_j.data) for j, p_j in enumerate(p)]
        assert grad(p_i, values) == pytest.approx(expected, rel=1e-13, abs=1e-16)


def test_cross_entropy_from_logits_has_the_gradient_p_minus_y():
    logits = [Value(0.5), Value(-1.0), Value(2.0)]
    loss = tinygrad_edu.logsumexp(logits) - logits[1]
    expected = [p - y for p, y in zip(softmax([0.5, -1.0, 2.0]), (0, 1, 0), strict=True)]
    assert grad(loss, logits) == pytest.approx(expected, rel=1e-14)


# --- nan and infinity -----------------------------------------------------------------------------


@rows
def test_nan_never_becomes_a_number(row):
    for n in lengths(row):
        for i in range(n):
            args = [-2.5 if domain.admits(-2.5) else 2.5 for domain in padded(row.domain, n)]
            if isinstance(row, Components):
                args[-1] = 0.0
                if i == n - 1:
                    continue  # an index
            args[i] = math.nan
            assert math.isnan(call(row, args))
            assert math.isnan(call(row, as_values(row, args)).data)


def test_nan_is_not_lost_beside_infinity():
    for values in ([-math.inf, math.nan], [math.nan, -math.inf], [math.nan, 1.0], [1.0, math.nan]):
        assert math.isnan(tinygrad_edu.logsumexp(values))


def test_logsumexp_of_infinities_is_infinite():
    assert tinygrad_edu.logsumexp([math.inf, 1.0]) == math.inf
    assert tinygrad_edu.logsumexp([-math.inf, 1.0]) == 1.0
    assert tinygrad_edu.logsumexp([-math.inf, -math.inf]) == -math.inf


# --- arrays ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (tinygrad_edu.log, "log: log(0.0) is undefined: needs a number above 0, not 0.0"),
        (lambda a: tinygrad_edu.sqrt(a - 1), "sqrt: sqrt(-1.0) is undefined"),
        (lambda a: tinygrad_edu.exp(a + 1000), "exp: exp(1001.0) is too large for a float"),
        (lambda a: table.div(1.0, a), "div: 1.0 / 0.0 is undefined"),
        (lambda a: table.power(a - 1, 0.5), "power: (-1.0) ** 0.5 is undefined"),
    ],
)
def test_outside_the_domain_an_array_raises_what_its_element_raises(f, message):
    with pytest.raises((ArithmeticError, ValueError)) as raised:
        f(np.array([1.0, 0.0]))
    assert str(raised.value).startswith(message)
    with pytest.raises(raised.type):
        [f(x) for x in (1.0, 0.0)]


def test_a_nan_in_an_array_stays_nan_and_raises_nothing():
    for f in (tinygrad_edu.sigmoid, tinygrad_edu.log, tinygrad_edu.softplus, tinygrad_edu.relu):
        result = f(np.array([math.nan, 1.0]))
        assert math.isnan(result[0])
        assert result[1] == pytest.approx(f(1.0))


@pytest.mark.parametrize("x", [0.5, -0.5])
def test_arrays_may_be_very_many(x):
    arrays = [np.array([x, 0.25])] * 100
    assert tinygrad_edu.weighted_sum(arrays[:50], arrays[50:], 0.0).tolist() == [12.5, 3.125]
    boxed = np.array([Value(x), Value(0.25)], dtype=object)
    assert [z.data for z in tinygrad_edu.total([*arrays[:99], boxed])] == [100 * x, 25.0]


def test_a_weighted_sum_of_arrays_is_that_of_each_example():  # A4
    z = tinygrad_edu.weighted_sum([2.0, -1.0], [np.array([1.0, 2.0]), np.array([3.0, 4.0])], 0.5)
    assert z.tolist() == [-0.5, 0.5]


@rows
def test_an_array_of_values_gives_an_array_of_values(row):
    n = lengths(row)[-1]
    values = [[Value(1.5), Value(2.0)] for _ in range(n)]
    if row.name in {"power", "exponential"}:
        values[row.name == "power"] = [2.0, 2.0]
    columns = [np.array(column, dtype=object) for column in values]
    if isinstance(row, Components):
        columns[-1], values[-1] = 0, [0, 0]
    result = call(row, columns)
    assert result.shape == (2,)
    for y, args in zip(result, zip(*values, strict=True), strict=True):
        assert y.op is row
        assert y.args == args


# --- lists ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "m"), [(2, 3), (3, 2), (0, 1), (1, 0)])
def test_lists_of_unequal_length_are_refused(n, m):
    with pytest.raises(ValueError, match=f"weighted_sum.*{n}.*{m}"):
        tinygrad_edu.weighted_sum([Value(1.0)] * n, [1.0] * m, 0.0)


def test_a_weighted_sum_is_one_node_that_reads_as_the_lecture_writes_it():  # A1, A4
    w, a, b = [Value(0.15), Value(0.20)], [Value(0.05), Value(0.10)], Value(0.35)
    z = tinygrad_edu.weighted_sum(w, a, b)
    assert z.data == pytest.approx(0.3775)
    assert z.args == (*w, *a, b)
    assert z.partials == (0.05, 0.10, 0.15, 0.20, 1)


def test_sums_take_any_iterable():
    values = [Value(1.0), Value(2.0), 3.0]
    assert tinygrad_edu.total(v for v in values).data == 6.0
    assert tinygrad_edu.logsumexp(iter(values)).data == tinygrad_edu.logsumexp([1.0, 2.0, 3.0])
    assert tinygrad_edu.total([]) == 0


def test_nothing_has_no_logsumexp_and_no_softmax():
    with pytest.raises(ValueError, match="at least one value"):
        tinygrad_edu.logsumexp([])
    with pytest.raises(ValueError, match="at least one value"):
        softmax([])


def test_a_value_may_stand_in_one_operation_twice():
    x = Value(3.0)
    y = tinygrad_edu.weighted_sum([x, x], [x, 2.0], x)
    assert y.data == 18.0
    assert grad(y, x) == 2 * 3.0 + 2.0 + 1


# --- what is kept of an operation -----------------------------------------------------------------


@rows
def test_the_data_of_a_value_are_a_float_whatever_the_constants_are(row):
    n = lengths(row)[-1]
    for i, constant in product(range(n), (2, 3)):
        args = [constant] * n
        args[i] = as_values(row, (2.5,) * n)[i]
        y = call(row, args)
        assert type(y) is not Value or type(y.data) is float


def test_constants_alone_give_a_constant():
    y = tinygrad_edu.weighted_sum([Constant(2.0)], [3.0], Constant(1.0))
    assert (type(y), y.data, y.op, y.args) == (Constant, 7.0, None, ())


def test_a_message_does_not_quote_hundreds_of_numbers():
    assert TABLE["total"].text([[0.5] * 3]) == "total([0.5, 0.5, 0.5])"
    assert TABLE["total"].text([[0.5] * 200]).endswith("0.5, ... 200 in all])")


@pytest.mark.parametrize("returned", [2.0, (), (1.0, 2.0), [1.0]])
def test_a_rule_that_returns_something_else_is_named(returned):
    wrong = dataclasses.replace(cube, partials=lambda y, x: returned)
    with pytest.raises(TypeError, match=r"cube: its rule returns .*, not a tuple of 1 partials"):
        wrong(Value(2.0))


def test_an_exponent_that_varies_is_no_fixed_number():
    with pytest.raises(TypeError, match="power: a Value that takes a gradient in place of a fixed"):
        table.power(Value(2.0), Value(3.0))


def test_what_a_new_operation_computes_becomes_a_float():
    sign = Operation("sign", "1, 0 or -1.", forward=lambda x: (x > 0) - (x < 0),
                 partials=lambda y, x: (0.0,), array="sign", symbol="sgn", latex="#1")  # fmt: skip
    assert type(sign(Value(-0.5)).data) is float


def test_a_rule_of_one_argument_without_a_derivative_is_named():
    lost = Operation("lost", "Its derivative is missing.", forward=lambda x: x,
                 partials=lambda y, x: (None,), array="abs", symbol="?", latex="#1")  # fmt: skip
    with pytest.raises(TypeError, match="lost: a Value that takes a gradient in place of a fixed"):
        lost(Value(1.0))
