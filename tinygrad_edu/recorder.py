"""From an operation to the node that remembers it.

:func:`record` computes an operation whose operands are Values, and returns a new Value with the
operands and the partial derivatives; :func:`record_one` and :func:`record_two` do the same, faster,
for the usual operands.
"""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import compress, count
from typing import TYPE_CHECKING, Any

from tinygrad_edu.operation import OperandError, Operation

if TYPE_CHECKING:
    from tinygrad_edu.value import Value as Recorded

__all__ = ["Listed", "as_number", "is_as_computed", "record", "stored", "takes_gradient"]

# The classes of the nodes that are recorded here; value.py, which stands above it, sets them.
Value: Any = None
Constant: Any = None
OWN: set[Any] = set()  # both of them: the types of nearly all operands

new = object.__new__
INFIX = dict.fromkeys(("power", "exponential", "pow"), operator.pow)
NEVER_OPERANDS = {str, bytes, list, tuple, type(None)}  # they have no answer to a Value
next_age = count().__next__  # nodes count up, so that a node is younger than its arguments


def takes_gradient(x: object) -> bool:
    """Tell whether ``x`` is a Value, and not a constant."""
    kind = type(x)
    return kind is Value or (kind is not Constant and isinstance(x, Value))


def as_number(x: Any) -> Any:
    """Return the data of a Value, anything else as it is."""
    return x.data if isinstance(x, Value) else x


class Listed(Sequence[Any]):
    """A list operand that several operations are given: it is read only once.

    The neurons of a layer share their inputs in this way.
    """

    __slots__ = ("items", "numbers", "usual", "varying")

    def __init__(self, items: Iterable[Any]) -> None:
        """Keep the items as a tuple, their numbers, and those that take a gradient."""
        self.items = tuple(items)
        self.numbers, self.varying = read(self.items)
        self.usual = are_floats(self.numbers)

    def __getitem__(self, i: Any) -> Any:
        return self.items[i]

    def __len__(self) -> int:
        return len(self.items)


def read(items: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...] | None]:
    """Return the numbers of a list operand, and those items that take a gradient; None for none.

    If all take one, they are the same tuple: the engine visits a list that nodes share only once.
    """
    numbers = tuple([x.data for x in items if type(x) is Value])
    if len(numbers) == len(items):
        return numbers, items or None
    return tuple(map(as_number, items)), tuple(filter(takes_gradient, items)) or None


def record(op: Operation, operands: tuple[Any, ...]) -> Recorded:  # noqa: C901 - hot
    """Compute ``op`` and return the Value that remembers it, with its partial derivatives.

    Of constants alone it returns a Constant, which remembers nothing.
    """
    items: Any = []  # the operands, lists as tuples
    numbers: Any = []
    varying: list[Any] = []  # of each operand what takes a gradient; None if nothing does
    usual, varies = True, False
    for x, many in zip(operands, op.lists):  # noqa: B905 - they are as many, and strict is slow
        item = own = x
        if type(x) is Value:
            n = x.data
        elif type(x) is Listed:
            item, n, own = x.items, x.numbers, x.varying
        elif many:
            item = tuple(x)
            n, own = read(item)
        else:
            n, own = as_number(x), x if takes_gradient(x) else None
        fits = type(n) is float or (x.usual if type(x) is Listed else many and are_floats(n))
        usual = usual and fits
        varies = varies or own is not None
        items.append(item)
        numbers.append(n)
        varying.append(own)
    if not usual:
        items, numbers = plain(op, items, numbers)
    try:
        data = op.forward(*numbers)
        if type(data) is not float and not isinstance(data, Fraction):
            data = float(data)
    except (ArithmeticError, ValueError) as error:
        raise op.failure(error, numbers) from None
    if not varies:
        return Constant(data)  # type: ignore[no-any-return]  # a Value
    partials = apply_rule(op, data, numbers)
    if type(partials) is not tuple or len(partials) != len(numbers):
        raise wrong_rule(op, partials)
    if type(data) is not float:
        partials = exactly(op, partials)
    kept = of_varying(op, items, varying, partials)
    if op.arity is not None:
        return new_node(data, op, *(*items, None)[:2], *(*kept, None)[:2])
    operands = tuple(items)
    args = operands if varying == items else tuple(varying)  # which saves memory
    return new_node(data, op, args, operands, kept, None)


def of_varying(
    op: Operation, operands: Sequence[Any], varying: Sequence[Any], partials: tuple[Any, ...]
) -> tuple[Any, ...]:
    """Return the partials with respect to what takes a gradient, and None for what does not."""
    kept = []
    for x, own, many, slopes in zip(operands, varying, op.lists, partials):  # noqa: B905 - as above
        if own is None:
            slopes = None  # noqa: PLW2901 - hot
        elif slopes is None:
            raise no_fixed_number(op)
        elif many:
            if len(slopes) != len(x):
                raise wrong_rule(op, partials)
            if own is not x:
                slopes = tuple(compress(slopes, map(takes_gradient, x)))  # noqa: PLW2901 - hot
        kept.append(slopes)
    return tuple(kept)


def record_one(op: Operation, x: Any) -> Recorded:
    """Do what :func:`record` does for one operand, at once for a Value whose data is a float."""
    if type(x) is Value and type(x.data) is float:
        try:
            data = op.forward(x.data)
            (dx,) = op.partials(data, x.data)
        except (ArithmeticError, ValueError, TypeError):
            return record(op, (x,))  # says what is wrong, or what the derivative is at an edge
        if type(data) is float and dx is not None:
            return new_node(data, op, x, None, dx, None)
    return record(op, (x,))


def record_two(op: Operation, x: Any, y: Any) -> Recorded:
    """Do what :func:`record` does for an operator, at once for a Value with a Value or a number."""
    kind_x, kind_y = type(x), type(y)
    a = x.data if kind_x is Value or kind_x is Constant else x
    b = y.data if kind_y is Value or kind_y is Constant else y
    if (type(a) is float or type(a) is int) and (type(b) is float or type(b) is int):
        try:
            data = op.forward(a, b)
            dx, dy = op.partials(data, a, b)
        except (ArithmeticError, ValueError):
            return record_operator(op, x, y)  # type: ignore[no-any-return]  # as above
        if type(data) is float and (kind_x is Value or kind_y is Value):
            node: Recorded = new(Value)
            node.data, node.op, node.age = data, op, next_age()
            node._x, node._y = x, y
            node._dx = dx if kind_x is Value else None
            node._dy = dy if kind_y is Value else None
            node.grad, node.label, node._adjoint = 0.0, "", None
            return node
    return record_operator(op, x, y)  # type: ignore[no-any-return]  # a Value, or NotImplemented


def record_operator(op: Operation, x: Any, y: Any) -> Any:
    """Return what an operator gives for any operands.

    An array gives an array of Values. An operand that is not a number gets its own turn to answer,
    unless it can have no answer to a Value.
    """
    numpy = sys.modules.get("numpy")
    infix = INFIX.get(op.name, op.forward)
    if numpy and isinstance(x, numpy.ndarray):
        return numpy.frompyfunc(lambda item: infix(item, y), 1, 1)(x)
    if numpy and isinstance(y, numpy.ndarray):
        return numpy.frompyfunc(lambda item: infix(x, item), 1, 1)(y)
    try:
        return record(op, (x, y))
    except OperandError as error:
        if isinstance(error.args[1], Value | complex) or type(error.args[1]) in NEVER_OPERANDS:
            raise
        return NotImplemented


def new_node(data: Any, op: Operation | None, x: Any, y: Any, dx: Any, dy: Any) -> Recorded:
    """Return a new node: ``data``, computed by ``op`` from ``x`` and ``y``."""
    node: Recorded = new(Value)
    node.data, node.op, node.age = data, op, next_age()
    node._x, node._y = x, y
    node._dx, node._dy = dx, dy
    node.grad, node.label, node._adjoint = 0.0, "", None
    return node


# --- partials as a node keeps them ----------------------------------------------------------------


def stored(node: Any, partials: Sequence[Any]) -> tuple[Any, Any]:
    """Return something for each of ``node.args`` in the way that the node stores partials.

    >>> from tinygrad_edu import Value
    >>> stored(Value(2.0) * 3, "ab")
    ('a', None)
    """
    op = node.op
    if op is None:
        return None, None
    varying = [
        read(x)[1] if many else x if takes_gradient(x) else None
        for x, many in zip(node.operands, op.lists, strict=True)
    ]
    kept = of_varying(op, node.operands, varying, op.nested(partials))
    return (kept, None) if op.arity is None else (*kept, None)[:2]


# --- the rule, applied to numbers -----------------------------------------------------------------


def apply_rule(op: Operation, data: Any, numbers: Sequence[Any]) -> Any:
    """Return the partials at a value that exists.

    Where the rule divides by zero or overflows, the derivative is infinite: it is worked out again
    by the rules of IEEE 754, in which 1/0 is infinite. Where that does not help it is nan.
    """
    try:
        return op.partials(data, *numbers)
    except (ArithmeticError, ValueError):
        pass
    flat = op.flat(numbers)
    try:
        rule = op.partials(Ieee(data), *op.nested([Ieee(x) for x in flat]))
        found = [None if d is None else float(d) for d in op.flat(rule)]
    except (ArithmeticError, ValueError):
        found = [math.nan] * len(flat)
    return op.nested(found)


class Ieee(float):
    """A float whose quotients and powers are infinite or nan where Python's raise an error.

    >>> 1 / Ieee(0.0), Ieee(0.0) ** -0.5, Ieee(0.0) / 0.0
    (inf, inf, nan)
    """

    def __truediv__(self, other: Any) -> Any:
        return quotient(self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return quotient(other, self)

    def __pow__(self, other: Any, _: None = None) -> Any:
        return limit_of_power(self, other)

    def __rpow__(self, other: Any, _: None = None) -> Any:
        return limit_of_power(other, self)


def closed(name: str) -> Any:
    """Return an operator of floats whose result is an :class:`Ieee` again."""
    operator = getattr(float, name)

    def method(self: Any, *others: Any) -> Any:
        found = operator(self, *[float(x) for x in others])
        return Ieee(found)

    return method


for _name in ("add", "radd", "sub", "rsub", "mul", "rmul", "neg", "abs"):
    setattr(Ieee, f"__{_name}__", closed(f"__{_name}__"))


def quotient(x: float, y: float) -> Ieee:
    """Return x / y; of a number other than 0 divided by 0, infinity with the sign of x."""
    if y:
        return Ieee(float(x) / float(y))
    return Ieee(math.copysign(math.inf, x) if x and x == x else math.nan)  # noqa: PLR0124 - not nan


def limit_of_power(x: float, n: float) -> Ieee:
    """Return x ** n; infinity where it is too large, or 0 to a negative power."""
    try:
        return Ieee(float(x) ** float(n))
    except (ZeroDivisionError, OverflowError):
        return Ieee(math.copysign(math.inf, x) if n % 2 == 1 else math.inf)


def exactly(op: Operation, partials: Any) -> Any:
    """Return the partials of a Fraction as Fractions, those that are finite."""
    return op.nested(
        [Fraction(p) if type(p) is float and math.isfinite(p) else p for p in op.flat(partials)]
    )


# --- operands that are not floats, and rules that are wrong ---------------------------------------


def are_floats(x: Any) -> bool:
    """Tell whether a number, or all numbers of a list, can be taken as they are.

    Of a list it is the type of the sum that says so, at a fraction of the price: with anything but
    floats and exact numbers beside them it is not a float.

    >>> are_floats((1.0, 2.0)), are_floats((1, 2)), are_floats((1.0, None))
    (True, False, False)
    """
    try:
        return type(sum(x) if type(x) is tuple else x) is float
    except (TypeError, ArithmeticError):
        return False


def plain(
    op: Operation, operands: Sequence[Any], numbers: Sequence[Any]
) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Return operands and numbers, all of them plain: Values, ints, floats and Fractions.

    If any number is a Fraction, ints become Fractions, too, so that their quotients are exact.
    """
    found = [op.number(n) for n in op.flat(numbers)]
    if Fraction in map(type, found):
        found = [Fraction(n) if type(n) is int else n for n in found]
    pairs = zip(op.flat(operands), found, strict=True)
    kept = op.nested([x if isinstance(x, Value) else n for x, n in pairs])
    return kept, op.nested(found)


def no_fixed_number(op: Operation) -> TypeError:
    """Return the error for a differentiable Value where the operation needs a fixed number."""
    message = f"{op.name}: a Value that takes a gradient in place of a fixed number"
    return TypeError(message)


def wrong_rule(op: Operation, partials: object) -> TypeError:
    """Return the error for a rule that does not return a partial for each operand."""
    n = (
        f"{len(op.lists)} partials, with a list for a list"
        if op.arity is None
        else f"{op.arity} partials"
    )
    message = f"{op.name}: its rule returns {partials!r}, not a tuple of {n}"
    return TypeError(message)


def is_as_computed(node: Recorded) -> bool:
    """Tell whether the data of a node and its partials are those of its arguments as they are.

    >>> from tinygrad_edu import Value
    >>> x = Value(2.0)
    >>> y = x * x
    >>> x.data = 3.0
    >>> is_as_computed(x), is_as_computed(y)
    (True, False)
    """
    op: Any = node.op
    if op is None:
        return True
    try:
        numbers = [x if type(x) is float else op.number(x) for x in map(as_number, node.args)]
        given = op.nested(numbers)
        now = (op.forward(*given), *op.flat(apply_rule(op, node.data, given)))
    except (ArithmeticError, ValueError, TypeError):  # so it was not when the node was computed
        return False
    before = (node.data, *node.partials)
    return all(
        b is None or a == b or (a != a and b != b)  # noqa: PLR0124 - asks for nan
        for a, b in zip(now, before, strict=True)
    )
