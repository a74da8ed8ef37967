"""Hypothesis strategies: numbers, Values, expressions and networks to test gradients on.

An operation or a loss of one's own is tested in five lines:

>>> from hypothesis import given
>>> from tinygrad_edu import assert_gradients, log
>>> from tinygrad_edu.testing import numbers
>>> @given(prediction=numbers(low=0, high=1), target=numbers())
... def test_log_loss(prediction, target):
...     assert_gradients(lambda p: -(target * log(p) + (1 - target) * log(1 - p)), prediction)
>>> test_log_loss()

What these strategies draw lies clear of edges, poles and kinks, so that there is a derivative. A
failure is shrunk by Hypothesis and prints as Python that can be pasted. Hypothesis itself is in the
extra ``testing``. Where it is installed, ``from_type(Value)`` draws from :func:`values`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import islice, pairwise
from typing import Any

from hypothesis import strategies as st

from tinygrad_edu import primitives
from tinygrad_edu.check.expression import (
    MARGIN,
    ROWS,
    Expression,
    Line,
    Operand,
    grow,
    lengths,
    spelling,
)
from tinygrad_edu.primitive import Primitive, padded
from tinygrad_edu.value import Constant, Value

__all__ = ["arguments", "expressions", "networks", "numbers", "values"]

REACH = 4.0
"""How far from 0 numbers are drawn where a domain does not ask for more."""
SMOOTH = (primitives.tanh, primitives.sigmoid, primitives.softplus, primitives.sin)


def numbers(
    low: float = -math.inf, high: float = math.inf, excluded: Sequence[float] = ()
) -> st.SearchStrategy[float]:
    """Floats of moderate size above ``low``, below ``high`` and away from the ``excluded`` ones.

    They keep 1/20 away from all of these. ``numbers(*interval)`` takes the domain of an operation.

    >>> from hypothesis import find
    >>> find(numbers(low=0), lambda x: True)
    1.0
    """
    least, most = low + MARGIN, high - MARGIN
    least = max(least, min(-REACH, most - REACH))
    most = min(most, max(REACH, least + REACH))
    found = st.floats(least, most).map(lambda x: x if abs(x) > 1e-9 else 0.0)
    if not excluded:
        return found
    return found.filter(lambda x: all(abs(x - point) >= MARGIN for point in excluded))


def values(**interval: Any) -> st.SearchStrategy[Value]:
    """Values of such :func:`numbers`.

    >>> from hypothesis import find
    >>> find(values(), lambda x: True)
    Value(data=0.0, grad=0.0)
    """
    return numbers(**interval).map(Value)


def flat_arguments(op: Primitive) -> st.SearchStrategy[tuple[float, ...]]:
    """Arguments of an operation in one flat tuple, from its domain and away from its kinks."""
    drawn = st.one_of(
        [st.tuples(*[numbers(*interval) for interval in padded(op.domain, n)]) for n in lengths(op)]
    )
    kink = op.kink
    return drawn if kink is None else drawn.filter(lambda args: abs(kink(*args)) >= MARGIN)


def arguments(op: Primitive) -> st.SearchStrategy[tuple[Any, ...]]:
    """Arguments of an operation as a call is given them, numbers or lists of numbers.

    What the operation takes as a fixed number is a Constant.

    >>> from hypothesis import find
    >>> from tinygrad_edu import weighted_sum
    >>> find(arguments(weighted_sum), lambda args: len(args[0]) == 2)
    ([0.0, 0.0], [0.0, 0.0], 0.0)
    """

    def spelled(args: Sequence[float]) -> tuple[Any, ...]:
        rule = op.partials(op.forward(*args), *args)
        pairs = zip(args, rule, strict=True)
        return spelling(op, [Constant(x) if p is None else x for x, p in pairs]) or ()

    return flat_arguments(op).map(spelled)


@st.composite
def expressions(
    draw: Callable[[Any], Any],
    max_inputs: int = 3,
    max_operations: int = 8,
    operations: Sequence[Primitive] = ROWS,
) -> Expression:
    """Random expressions, with nodes that are used more than once, of all operations of the table.

    An :class:`~tinygrad_edu.check.expression.Expression` is a function of numbers or Values; its
    ``inputs`` are a point where it has a derivative; as a string it is Python.

    >>> from hypothesis import find
    >>> from tinygrad_edu import tanh
    >>> find(expressions(operations=[tanh]), lambda e: len(e.lines) == 2)
    lambda x: tanh(tanh(x))  # at x=0.0
    """
    inputs = draw(st.lists(numbers(), min_size=1, max_size=max_inputs))
    size = draw(st.integers(1, max_operations))
    return grow(inputs, lambda options: draw(st.sampled_from(options)), size, operations)


@st.composite
def networks(draw: Callable[[Any], Any], max_width: int = 3, max_layers: int = 2) -> Expression:
    """Small multilayer perceptrons on an example: half the squared error by weights and biases.

    >>> from hypothesis import find
    >>> find(networks(), lambda network: True)
    lambda x, y: half_squared_error([tanh(weighted_sum([x], [0.0], y))], [0.0])  # at x=0.0, y=0.0
    """
    widths = draw(st.lists(st.integers(1, max_width), min_size=2, max_size=1 + max_layers))
    count: int = sum(wide * (fan_in + 1) for fan_in, wide in pairwise(widths))
    parameters = draw(st.lists(numbers(), min_size=count, max_size=count))
    data = [draw(numbers()) for _ in (*range(widths[0]), *range(widths[-1]))]
    activation = draw(st.sampled_from(SMOOTH))
    lines: list[Line] = []

    def place_of(op: Primitive, *operands: Operand) -> int:
        lines.append(Line(op, operands))
        return count + len(lines) - 1

    free = iter(range(count))
    signals: list[Operand] = data[: widths[0]]
    for wide in widths[1:]:
        neurons = [(*islice(free, len(signals)), *signals, next(free)) for _ in range(wide)]
        sums = [place_of(primitives.weighted_sum, *neuron) for neuron in neurons]
        signals = [place_of(activation, z) for z in sums]
    place_of(primitives.half_squared_error, *signals, *data[widths[0] :])
    return Expression(tuple(parameters), tuple(lines))
