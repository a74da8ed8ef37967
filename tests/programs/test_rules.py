"""Operations outside the table: their rules are written down, or refused with an error."""

import math
from fractions import Fraction

import numpy as np
import pytest

from tinygrad_edu import Value, cos, exp, log, sqrt, total
from tinygrad_edu.operation import Interval, Operation
from tinygrad_edu.programs import replay
from tinygrad_edu.programs.expressions import lengths
from tinygrad_edu.programs.rules import ProgramLines
from tinygrad_edu.table import TABLE


def operation(name="novel", **fields):
    row = {
        "forward": math.atan,
        "partials": lambda y, x: (1 / (1 + x * x),),
        "array": "arctan",
        "symbol": "?",
        "latex": name,
    }
    return Operation(name, "Something new.", **{**row, **fields})


NEW = {
    "arctan": operation(),
    "arctanh": operation(  # its rule has no value at 1
        forward=math.atanh, partials=lambda y, x: (1 / (1 - x * x),), array="arctanh",
        domain=(Interval(-1, 1),)),
    "of the output": operation(
        forward=lambda x: math.sqrt(1 + x * x), partials=lambda y, x: (x / y,),
        array=lambda numpy, x: numpy.sqrt(1 + x * x)),
    "of other operations": operation(
        forward=lambda x: math.sin(x * x), partials=lambda y, x: (2 * x * cos(x**2),),
        array=lambda numpy, x: numpy.sin(x * x)),
    "no universal function of NumPy": operation(
        forward=lambda x: math.sin(math.pi * x) / (math.pi * x),
        partials=lambda y, x: ((cos(math.pi * x) - y) / x,), array="sinc"),
    "a rule with signs": operation(
        forward=lambda x: -math.exp(-x), partials=lambda y, x: (+abs(-y),),
        array=lambda numpy, x: -numpy.exp(-x)),
    "a rule with a Fraction": operation(
        forward=lambda x: x * x / 3, partials=lambda y, x: (Fraction(2, 3) * x,),
        array=lambda numpy, x: x * x / 3),
    "a rule with a number of NumPy": operation(
        forward=lambda x: x * x / 2, partials=lambda y, x: (np.float64(0.5) * x + x * 0.5,),
        array=lambda numpy, x: x * x / 2),
    "a slope that is the same everywhere": operation(
        forward=lambda x: 3 * x, partials=lambda y, x: (3,), array=lambda numpy, x: 3 * x),
    "an infinite number": operation(
        forward=lambda x: max(x, -math.inf), partials=lambda y, x: (x / x + 1 / (math.inf * x),),
        array=lambda numpy, x: numpy.maximum(x, -numpy.inf)),
    "arctan2": operation(
        forward=math.atan2, array="arctan2",
        partials=lambda a, y, x: (x / (x * x + y * y), -y / (x * x + y * y))),
    "a fixed argument": operation(
        signature="(),n", forward=lambda x, n: n * x, array=lambda numpy, x, n: n * x,
        partials=lambda y, x, n: (n if n > 0 else 2 * n - n, None)),
    "mean": operation(
        signature="(n)", forward=lambda values: sum(values) / len(values),
        array=lambda numpy, values: sum(values) / len(values),
        partials=lambda y, values: ([1 / len(values)] * len(values),)),
    "a name with a space": operation(name="not a name"),
    "a keyword": operation(name="lambda"),
}  # fmt: skip


def apply(op, x, y):
    """The operation on one or two numbers; the second one is fixed if it must be."""
    if op.arity is None:
        return op([x, y, x])
    if op.arity == 1:
        return op(x)
    return op(x, -0.75 if any(op.fixed) else y)


@pytest.mark.parametrize("op", NEW.values(), ids=NEW)
@pytest.mark.parametrize("batch", [1, 3, 40])
def test_a_new_operation_works_at_once(agree, op, batch):
    examples = [[(0.9 * (i + 1)) / (batch + 1)] for i in range(batch)]
    agree(lambda xs, ps: apply(op, xs[0], ps[0]) * ps[0], examples, [0.3])
    agree(lambda xs, ps: apply(op, ps[0] * xs[0], xs[0]), examples, [0.7])
    agree(lambda xs, ps: apply(op, ps[0], ps[0] + xs[0]), examples, [0.7])


def test_two_operations_of_one_name_are_kept_apart(agree):
    other = operation(name="exp", forward=lambda x: 2 * x, partials=lambda y, x: (2.0,),
                      array=lambda numpy, x: 2 * x)  # fmt: skip
    third = operation(name="exp", forward=math.sinh, partials=lambda y, x: (exp(x) - y * 0 - y,),
                      array="sinh")  # fmt: skip
    third_right = operation(name="exp", forward=math.sinh, array="sinh",
                            partials=lambda y, x: ((exp(x) + exp(-x)) / 2,))  # fmt: skip
    assert third.partials(third(0.5), 0.5) == pytest.approx(third_right.partials(0, 0.5))
    agree(
        lambda xs, ps: total([f(ps[0] * xs[0]) for f in (exp, other, third, third_right, other)]),
        [[0.5], [1.0], [-1.0]],
        [0.8],
    )


WRONG = {
    "array": operation(array=lambda numpy, x: numpy.arctan(x) + 1e-9),
    "rule on arrays": operation(
        partials=lambda y, x: (1 / (1 + x * x) + (1e-9 if type(x) is not float else 0.0),)
    ),
    "rule of the output": operation(
        partials=lambda y, x: (1 / (1 + x * x) if type(x) is float else y,)
    ),
}


@pytest.mark.parametrize("op", WRONG.values(), ids=WRONG)
def test_an_operation_that_differs_on_arrays_is_found(agree, op):
    with pytest.raises(AssertionError):
        agree(lambda xs, ps: op(ps[0] * xs[0]), [[0.5], [1.0]], [0.3])


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
def test_the_rule_of_every_operation_can_be_written_down(row):
    n = lengths(row)[-1]
    fixed = row.fixed_arguments(n)
    names = [2.0 if is_fixed else f"x{i}" for i, is_fixed in enumerate(fixed)]
    partials = ProgramLines(lambda op: op.forward).partials(row, "y", names)
    assert [p is None for p in partials] == fixed


REFUSED = {
    "math": (lambda y, x: (math.cos(x),), "must be real number"),
    "if": (lambda y, x: (1.0 if x > 0 else 0.0,), "it branches on a number"),
    "if at least": (lambda y, x: (1.0 if x >= 0 else 0.0,), "it branches on a number"),
    "if equal": (lambda y, x: (1.0 if x == 0 else 0.0,), "it branches on a number"),
    "if other": (lambda y, x: (1.0 if x != 0 else 0.0,), "it branches on a number"),
    "if at all": (lambda y, x: (1.0 if x else 0.0,), "it branches on a number"),
    "max": (lambda y, x: (max(x, 0),), "it branches on a number"),
    "numpy": (lambda y, x: (np.exp(x),), "exp"),
    "float": (lambda y, x: (float(x),), "float"),
    "round": (lambda y, x: (round(x),), "round"),
    "remainder": (lambda y, x: (x % 2,), "%"),
    "attribute": (lambda y, x: (x.real,), "real"),
}


@pytest.mark.parametrize("scalars", [True, False], ids=["plain Python", "arrays"])
@pytest.mark.parametrize(("rule", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_rule_that_cannot_be_written_down_is_refused_by_name(rule, reason, scalars, monkeypatch):
    op = operation(partials=rule)
    x, w = Value(1.0), Value(2.0)
    compiled = replay(op(w * x), [x], [w])
    monkeypatch.setattr(compiled, "prefers_scalars", lambda n: scalars)
    message = rf"^replay: the rule of novel cannot be written down: .*{reason}"
    with pytest.raises(TypeError, match=message):
        compiled([[1.0]])


@pytest.mark.parametrize(
    "array",
    ["no such function", "", None, "pi", "sum", "frexp", "arctan2", lambda x: x,
     lambda numpy, x: math.atan(x), lambda numpy, x: x.nothing, lambda numpy, x: x[:1]],
    ids=lambda given: given if isinstance(given, str) else None,
)  # fmt: skip
def test_an_operation_without_a_function_on_arrays_is_refused_by_name(array):
    x, w = Value(1.0), Value(2.0)
    compiled = replay(operation(array=array)(w * x), [x], [w])
    with pytest.raises(
        TypeError, match=r"^replay: novel: array=.* does not compute NumPy arrays elementwise"
    ):
        compiled([[1.0]] * 1000)
    assert compiled.scalars.run([2.0, 1.0], [1.0]) == (math.atan(2.0), [0.2, 0.0])


def test_a_written_rule_that_lacks_a_partial_is_refused_by_name():
    op = operation(
        signature="(),n", forward=lambda x, n: n * x, array=lambda numpy, x, n: n * x,
        partials=lambda y, x, n: (n, x), written=lambda y, x, n: (n, None))  # fmt: skip
    x, w = Value(1.0), Value(2.0)
    compiled = replay(op(x, w), [x], [w])
    with pytest.raises(TypeError, match=r"^replay: novel: a parameter in place of a fixed number"):
        compiled([[1.0]] * 1000)


def test_lines_for_unwanted_partials_are_left_out():
    every, first = ProgramLines(lambda op: op.forward), ProgramLines(lambda op: op.forward)
    every.partials(NEW["arctan2"], "a", ["y", "x"])
    found = first.partials(NEW["arctan2"], "a", ["y", "x"], [True, False])
    assert set(first.lines) < set(every.lines)
    assert first.lines[-1].startswith(f"{found[0]} = x / ")


def test_equal_expressions_are_computed_once():
    op = operation(partials=lambda y, x: (sqrt(1 - y * y) + (1 - y * y) * log(1 - y * y),))
    lines = ProgramLines(lambda op: op.forward)
    assert lines.partials(op, "y", ["x"]) == ["t5"]
    assert str(lines).splitlines() == [
        "t0 = y * y",
        "t1 = 1 - t0",
        "t2 = f_sqrt(t1)",
        "t3 = f_log(t1)",
        "t4 = t1 * t3",
        "t5 = t2 + t4",
    ]
