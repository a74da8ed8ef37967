"""While recording() is active, a comparison of recorded numbers raises an error."""

import math
import threading
from contextvars import copy_context
from fractions import Fraction

import pytest

from tinygrad_edu import Constant, Value, escaping, maximum, relu, softmax
from tinygrad_edu.value import recording

DECISIONS = {
    "<": lambda x: x < 1,
    "<=": lambda x: x <= 1,
    ">": lambda x: x > 1,
    ">=": lambda x: x >= 1,
    "reflected": lambda x: 1 < x,  # noqa: SIM300 - it is the other method
    "of two": lambda x: Value(2.5) < x,
    "between": lambda x: 0 < x < 1,
    "bool": bool,
    "not": lambda x: not x,
    "if": lambda x: 1 if x else 0,
    "and": lambda x: x and 1,
    "float": float,
    "int": int,
    "round": round,
    "round to digits": lambda x: round(x, 2),
    "math": math.sin,
    "floor": math.floor,
    "max": lambda x: max(x, 0),
    "min": lambda x: min([1, x]),
    "sorted": lambda x: sorted([x, Value(2.5)]),
    "any": lambda x: any([x]),
}


@pytest.mark.parametrize("decide", DECISIONS.values(), ids=DECISIONS)
def test_a_decision_by_a_number_is_refused_while_recording(decide):
    x = Value(2.5)
    with escaping.expected():
        decide(x)
    with recording(), pytest.raises(RuntimeError, match=r"^recording: a decision by .*2.5"):
        decide(x)
    with recording(), pytest.raises(RuntimeError, match="recording"):
        decide(x * 2)
    with escaping.expected():
        decide(x)


OF_CONSTANTS = {
    name: f for name, f in DECISIONS.items() if name not in {"of two", "sorted", "floor"}
}


@pytest.mark.parametrize("decide", OF_CONSTANTS.values(), ids=OF_CONSTANTS)
def test_constants_may_be_compared_while_recording(decide):
    with recording():
        assert float(decide(Constant(2.5))) == float(decide(2.5))


def test_a_constant_on_the_left_does_not_hide_the_decision():
    with recording(), pytest.raises(RuntimeError, match="recording"):
        Constant(1.0) < Value(2.5)  # noqa: B015 - to fail


def test_two_constants_can_be_compared():
    with recording():
        assert Constant(1.0) < Constant(2.0)
        assert not Constant(Fraction(1, 2)) > 0.5


def test_operations_are_recorded_as_usual():
    x = Value(2.5)
    with recording():
        y = maximum(relu(x), 1) + softmax([x, 1.0])[0] + x**2 - abs(x) + x.sqrt()
        assert y.op is not None
        assert f"{x:.1f} {x!r}" == "2.5 Value(data=2.5, grad=0.0)"  # shown, not decided by
        assert x == x  # noqa: PLR0124 - by identity
        assert {x: 1}[x]


def test_it_ends_with_the_block():
    x = Value(1.0)
    with recording():
        pass
    assert x > 0


def test_it_ends_with_an_exception():
    x = Value(1.0)
    with pytest.raises(ZeroDivisionError), recording():
        1 / 0  # noqa: B018 - to fail
    assert x > 0


def test_nested_recordings_end_with_the_outer_one():
    x = Value(1.0)
    with recording():
        with recording():
            pass
        with pytest.raises(RuntimeError, match="recording"):
            bool(x)
    assert x


def test_another_thread_may_compare_as_usual():
    x, found = Value(1.0), []

    def decide():
        try:
            found.append(x > 0)
        except RuntimeError as error:
            found.append(error)

    with recording():
        thread = threading.Thread(target=decide)
        thread.start()
        thread.join()
        decide()
    assert found[0] is True
    assert isinstance(found[1], RuntimeError)


def test_another_context_records_by_itself():
    x = Value(1.0)
    outside = copy_context()
    with recording():
        assert outside.run(lambda: x > 0)
        with pytest.raises(RuntimeError, match="recording"):
            copy_context().run(bool, x)
