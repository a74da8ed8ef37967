"""Hypothesis strategies: numbers, Values, expressions and networks to test gradients on.

Test your own operation or loss in six lines:

>>> from hypothesis import given, settings
>>> from tinygrad_edu import assert_gradients, log
>>> from tinygrad_edu.testing import numbers
>>> @settings(deadline=None)  # measuring a slope may take more than the default of 200 ms
... @given(prediction=numbers(low=0, high=1), target=numbers())
... def test_log_loss(prediction, target):
...     assert_gradients(lambda p: -(target * log(p) + (1 - target) * log(1 - p)), prediction)
>>> test_log_loss()

These strategies keep away from edges of domains, poles and kinks, so that derivatives exist.
Hypothesis shrinks a failing example and prints it as Python that you can paste. Install Hypothesis
with the extra ``testing``. With it, ``from_type(Value)`` draws from :func:`values`.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from itertools import islice, pairwise
from typing import Any

from hypothesis import strategies as st

from tinygrad_edu import table
from tinygrad_edu.operation import Components, Operation, padded
from tinygrad_edu.programs.expressions import (
    MARGIN,
    ROWS,
    Expression,
    Instruction,
    PlaceOrNumber,
    expression,
    grow,
    lengths,
)
from tinygrad_edu.value import Constant, Value

__all__ = ["arguments", "expression", "expressions", "networks", "numbers", "values"]

REACH = 4.0
"""Numbers are drawn from -4 to 4 unless the bounds demand others."""
SMOOTH = (table.tanh, table.sigmoid, table.softplus, table.sin)


def numbers(
    low: float = -math.inf, high: float = math.inf, excluded: Sequence[float] = ()
) -> st.SearchStrategy[float]:
    """Draw floats of moderate size between ``low`` and ``high``, away from ``excluded`` points.

    They keep a distance of 1/20 from bounds and excluded points, or less if these are less than
    1/5 apart. For an interval from the ``domain`` of an operation write ``numbers(*interval)``.

    Raises ValueError if ``low`` is not below ``high``, or if no float lies between them.

    >>> from hypothesis import find
    >>> find(numbers(low=0), lambda x: True)
    1.0
    """
    if not low < high:
        message = f"numbers: low must be below high, got low={low!r} and high={high!r}"
        raise ValueError(message)
    low, high = float(low), float(high)
    first = max(low, min(-REACH, 2 * high - REACH), -sys.float_info.max)
    last = min(high, max(REACH, 2 * low + REACH), sys.float_info.max)
    points = [first, *sorted({point for point in excluded if first < point < last}), last]
    gaps = [gap for gap in map(inside, points, points[1:]) if gap[0] <= gap[1]]
    if not gaps:
        message = f"numbers: no float lies between {low!r} and {high!r}"
        raise ValueError(message + f", away from {list(excluded)}" * bool(excluded))
    return st.one_of([between(*gap) for gap in reversed(gaps)])


def inside(low: float, high: float) -> tuple[float, float]:
    """Return the smallest and the largest float to draw between two bounds.

    >>> inside(0.0, 1.0), inside(0.0, 0.04)
    ((0.05, 0.95), (0.01, 0.03))
    """
    margin = min(MARGIN, (high - low) / 4)
    return (
        max(low + margin, math.nextafter(low, math.inf)),
        min(high - margin, math.nextafter(high, -math.inf)),
    )


def between(least: float, most: float) -> st.SearchStrategy[float]:
    """Draw floats from an interval; floats very close to 0 become 0 if 0 is in the interval."""
    tiny = 1e-9 * min(1.0, most - least)
    if not least <= 0 <= most:
        return st.floats(least, most)
    return st.floats(least, most).map(lambda x: x if abs(x) > tiny else 0.0)


def values(**interval: Any) -> st.SearchStrategy[Value]:
    """Draw Values with data from :func:`numbers`, which takes the same arguments.

    >>> from hypothesis import find
    >>> find(values(), lambda x: True)
    Value(data=0.0, grad=0.0)
    """
    return numbers(**interval).map(Value)


def flat_arguments(op: Operation) -> st.SearchStrategy[tuple[float, ...]]:
    """Draw the arguments of an operation as one flat tuple, in its domain, away from kinks."""
    drawn = st.one_of([st.tuples(*drawn_arguments(op, n)) for n in lengths(op)])
    kink = op.kink
    return drawn if kink is None else drawn.filter(lambda args: abs(kink(*args)) >= MARGIN)


def drawn_arguments(op: Operation, n: int) -> list[st.SearchStrategy[float]]:
    """Return a strategy for each of n arguments; an index is drawn from the valid ones."""
    places = zip(padded(op.domain, n), op.fixed_arguments(n), strict=True)
    indexed = isinstance(op, Components)
    return [
        st.sampled_from(op.fixed_numbers(n)) if fixed and indexed else numbers(*interval)
        for interval, fixed in places
    ]


@st.composite
def arguments(draw: Callable[[Any], Any], op: Operation) -> tuple[Any, ...]:
    """Draw the arguments for a call of an operation: numbers or lists of numbers.

    An argument that the operation takes as a fixed number is drawn as a Constant.

    >>> from hypothesis import find
    >>> from tinygrad_edu import weighted_sum
    >>> find(arguments(weighted_sum), lambda args: len(args[0]) == 2)
    ([0.0, 0.0], [0.0, 0.0], 0.0)
    """
    args = draw(flat_arguments(op))
    pairs = zip(args, op.fixed_arguments(len(args)), strict=True)
    given = [draw(st.just(x).map(Constant)) if fixed else x for x, fixed in pairs]
    return tuple([list(x) if isinstance(x, tuple) else x for x in op.nested(given)])


@st.composite
def expressions(
    draw: Callable[[Any], Any],
    max_inputs: int = 3,
    max_operations: int = 8,
    operations: Sequence[Operation] = ROWS,
) -> Expression:
    """Draw random expressions of all operations of the table, with nodes used more than once.

    An :class:`~tinygrad_edu.programs.expressions.Expression` is a function of numbers or Values.
    Its ``inputs`` are a point where it has a derivative, and it prints as Python. A failing test
    reports it as a call of :func:`expression` that you can paste.

    >>> from hypothesis import find
    >>> from tinygrad_edu import tanh
    >>> find(expressions(operations=[tanh]), lambda e: len(e.instructions) == 2)
    lambda x: tanh(tanh(x))  # at x=0.0
    """
    inputs = draw(st.lists(numbers(), min_size=1, max_size=max_inputs))
    size = draw(st.integers(1, max_operations))
    return grow(inputs, lambda options: draw(st.sampled_from(options)), size, operations)


ANY_NUMBERS = numbers()  # made once, since a network draws dozens


@st.composite
def networks(draw: Callable[[Any], Any], max_width: int = 3, max_layers: int = 2) -> Expression:
    """Draw small multilayer perceptrons: half the squared error as a function of the parameters.

    >>> from hypothesis import find
    >>> find(networks(), lambda network: True)
    lambda x, y: half_squared_error([tanh(weighted_sum([x], [0.0], y))], [0.0])  # at x=0.0, y=0.0
    """
    widths = draw(st.lists(st.integers(1, max_width), min_size=2, max_size=1 + max_layers))
    count: int = sum(wide * (fan_in + 1) for fan_in, wide in pairwise(widths))
    *parameters, activation = draw(st.tuples(*[ANY_NUMBERS] * count, st.sampled_from(SMOOTH)))
    data = draw(st.tuples(*[ANY_NUMBERS] * (widths[0] + widths[-1])))
    instructions: list[Instruction] = []

    def place_of(op: Operation, *operands: PlaceOrNumber) -> int:
        instructions.append(Instruction(op, operands))
        return count + len(instructions) - 1

    free = iter(range(count))
    signals: list[PlaceOrNumber] = [*data[: widths[0]]]
    for wide in widths[1:]:
        neurons = [(*islice(free, len(signals)), *signals, next(free)) for _ in range(wide)]
        sums = [place_of(table.weighted_sum, *neuron) for neuron in neurons]
        signals = [place_of(activation, z) for z in sums]
    place_of(table.half_squared_error, *signals, *data[widths[0] :])
    return Expression(tuple(parameters), tuple(instructions))
