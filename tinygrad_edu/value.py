"""A number that remembers how it was made, so that it can be differentiated.

>>> x = Value(3.0, label="x")
>>> y = x * x + 2 * x
>>> y.backward()
>>> y.data, x.grad
(15.0, 8.0)
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from fractions import Fraction
from itertools import compress
from typing import Any, TypeAlias

from tinygrad_edu import copying, primitives
from tinygrad_edu.engine import LOCK, ancestors, sweep
from tinygrad_edu.primitive import OperandError, Primitive, brief, number

__all__ = ["Constant", "Value"]

Number: TypeAlias = "float | Fraction"
Method: TypeAlias = "Callable[[Any, Any], Any]"
NEVER_OPERANDS = {str, bytes, list, tuple, type(None)}  # they have no answer to a Value
ADD, MUL = primitives.add, primitives.mul
new = object.__new__

# --- from an operation to the Value that remembers it ---------------------------------------------


def record(op: Primitive, operands: tuple[Any, ...]) -> Value:
    """Compute ``op`` and return the Value that remembers it, with its partial derivatives."""
    if op.arity == 1 and type(operands[0]) is Value and type(operands[0].data) is float:
        return record_unary(op, operands[0])
    kinds = set(map(type, operands))
    own = kinds <= OWN
    numbers = [x.data for x in operands] if own else list(map(as_number, operands))
    if not (own and are_floats(numbers)):
        numbers = plain_numbers(op, numbers)
        pairs = zip(operands, numbers, strict=True)
        operands = tuple([x if isinstance(x, Value) else n for x, n in pairs])
    try:
        data = op.forward(*numbers)
        if Value not in kinds and not any(map(takes_gradient, operands)):
            return Constant(data)
        partials = op.partials(data, *numbers)
        if type(data) is not float:
            data, partials = exactly(data, partials)
    except (ArithmeticError, ValueError) as error:
        raise op.failure(error, numbers) from None
    if type(partials) is not tuple or len(partials) != len(numbers):
        raise wrong_rule(op, partials, len(numbers))
    if op.arity is None and len(kinds) == 1:
        return new_node(data, op, operands, operands, partials, None)
    return node_of_some(data, op, operands, partials)


def node_of_some(
    data: Any, op: Primitive, operands: tuple[Any, ...], partials: tuple[Any, ...]
) -> Value:
    """Return a new node that has no partial by operands that take no gradient, if there are any."""
    varies = [type(x) is Value or (type(x) is not Constant and takes_gradient(x)) for x in operands]
    if op.arity is None:
        xs, dxs = tuple(compress(operands, varies)), tuple(compress(partials, varies))
        return new_node(data, op, xs, operands, dxs, None)
    kept = [p if varying else None for p, varying in zip(partials, varies, strict=True)]
    if kept.count(None) + sum(varies) != op.arity:
        raise no_fixed_number(op)
    (x, y), (dx, dy) = [pair if op.arity == 2 else (*pair, None) for pair in (operands, kept)]
    return new_node(data, op, x, y, dx, dy)


def record_unary(op: Primitive, x: Value) -> Value:
    """Do what :func:`record` does for a Value whose data are a float."""
    try:
        data = op.forward(x.data)
        partials = op.partials(data, x.data)
    except (ArithmeticError, ValueError) as error:
        raise op.failure(error, (x.data,)) from None
    if type(partials) is not tuple or len(partials) != 1:
        raise wrong_rule(op, partials, 1)
    if partials[0] is None:
        raise no_fixed_number(op)
    return new_node(data if type(data) is float else float(data), op, x, None, partials[0], None)


def no_fixed_number(op: Primitive) -> TypeError:
    """Return the error for a Value where the rule of an operation has no derivative by nature."""
    message = f"{op.name}: a Value that takes a gradient in place of a fixed number"
    return TypeError(message)


def wrong_rule(op: Primitive, partials: object, n: int) -> TypeError:
    """Return the error that a rule deserves which gives anything but a tuple of n partials."""
    message = f"{op.name}: its rule returns {partials!r}, not a tuple of {n} partials"
    return TypeError(message)


def are_floats(numbers: list[Any]) -> bool:
    """Tell whether data are floats, at the price of a sum: with anything else it is no float.

    Exact numbers beside a float pass: so they would in the operation.

    >>> are_floats([1.0, 2.0]), are_floats([1, 2]), are_floats([1.0, None])
    (True, False, False)
    """
    try:
        return type(sum(numbers)) is float
    except (TypeError, ArithmeticError):
        return False


def plain_numbers(op: Primitive, numbers: list[Any]) -> list[Any]:
    """Return plain numbers; beside a Fraction an int becomes one, so that its quotient is exact."""
    numbers = [op.number(n) for n in numbers]
    if Fraction in map(type, numbers):
        return [Fraction(n) if type(n) is int else n for n in numbers]
    return numbers


def exactly(data: Any, partials: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """Return both as Fractions where the data are one: the floats of a rule are exact."""
    if not isinstance(data, Fraction):
        return float(data), partials
    return data, tuple([Fraction(p) if type(p) is float else p for p in partials])


def takes_gradient(x: object) -> bool:
    """Tell whether ``x`` is a Value, and not a constant."""
    kind = type(x)
    return kind is Value or (kind is not Constant and isinstance(x, Value))


def unary_method(op: Primitive) -> Callable[[Any], Any]:
    """Return the method of :class:`Value` for an operation of one argument."""

    def method(self: Any) -> Any:
        if type(self) is Value and type(self.data) is float:
            return record_unary(op, self)
        return record(op, (self,))

    method.__name__ = op.name
    method.__doc__ = op.doc
    return method


def binary_methods(op: Primitive, infix: Method) -> tuple[Method, Method]:
    """Return the methods of :class:`Value` for a binary operator, as is and reflected.

    They do what :func:`record` does, for Values and floats, without its questions;
    :func:`record_operator` does the rest.
    """
    forward, partials = op.forward, op.partials

    def method(x: Any, y: Any) -> Any:
        kind = type(y)
        a, b = x.data, y.data if kind is Value or kind is Constant else y
        if (
            type(x) is not Value
            or type(a) is not float
            or (type(b) is not float and type(b) is not int)
        ):
            return record_operator(op, infix, x, y)
        try:
            data = forward(a, b)
            dx, dy = partials(data, a, b)
        except (ArithmeticError, ValueError) as error:
            raise op.failure(error, (a, b)) from None
        return new_node(data, op, x, y, dx, dy if kind is Value else None)

    def reflected(y: Any, x: Any) -> Any:
        b = y.data
        if (
            type(y) is not Value
            or type(b) is not float
            or (type(x) is not float and type(x) is not int)
        ):
            return record_operator(op, infix, x, y)
        try:
            data = forward(x, b)
            _, dy = partials(data, x, b)
        except (ArithmeticError, ValueError) as error:
            raise op.failure(error, (x, b)) from None
        return new_node(data, op, x, y, None, dy)

    return method, reflected


# Sums and products are nine of ten operations that people write. So these two have the partials of
# their rows in the table written out, and new_node: that makes them a third faster. Constants have
# the methods of any operator instead.


def plus(x: Any, y: Any) -> Any:
    """Return x + y; the method of :class:`Value`."""
    a = x.data
    if type(y) is Value:
        b, dy = y.data, 1.0
    else:
        b, dy = y.data if type(y) is Constant else y, None
    if type(a) is not float or not (type(b) is float or type(b) is int):
        return record_operator(ADD, operator.add, x, y)
    try:
        data = a + b
    except OverflowError as error:
        raise ADD.failure(error, (a, b)) from None
    node = new(Value)
    node.data, node.op = data, ADD
    node._x, node._y = x, y
    node._dx, node._dy = 1.0, dy
    node.grad, node.label, node._uses = 0.0, "", 0
    return node


def times(x: Any, y: Any) -> Any:
    """Return x * y; the method of :class:`Value`."""
    a = x.data
    if type(y) is Value:
        b, dy = y.data, a
    else:
        b, dy = y.data if type(y) is Constant else y, None
    if type(a) is not float or not (type(b) is float or type(b) is int):
        return record_operator(MUL, operator.mul, x, y)
    try:
        data = a * b
    except OverflowError as error:
        raise MUL.failure(error, (a, b)) from None
    node = new(Value)
    node.data, node.op = data, MUL
    node._x, node._y = x, y
    node._dx, node._dy = b, dy
    node.grad, node.label, node._uses = 0.0, "", 0
    return node


def record_operator(op: Primitive, infix: Method, x: Any, y: Any) -> Any:
    """Return what an operator gives for operands other than Values, floats and ints.

    An array gives an array of Values. What is no number gets its own turn to answer, unless it can
    have no answer to a Value.
    """
    numpy = sys.modules.get("numpy")
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


def new_node(data: Any, op: Primitive, x: Any, y: Any, dx: Any, dy: Any) -> Value:
    """Return a new node: ``data``, computed by ``op`` from ``x`` and ``y``."""
    node = new(Value)
    node.data, node.op = data, op
    node._x, node._y = x, y
    node._dx, node._dy = dx, dy
    node.grad, node.label, node._uses = 0.0, "", 0
    return node


def comparison(holds: Callable[[Any, Any], bool]) -> Method:
    """Return the method of :class:`Value` that compares the data."""

    def method(x: Value, y: Any) -> Any:
        require_free(x)
        require_free(y)
        try:
            return holds(x.data, y.data if isinstance(y, Value) else number(y))
        except TypeError:
            return NotImplemented

    return method


DECIDES = ContextVar("DECIDES", default=True)


@contextmanager
def recording() -> Iterator[None]:
    """Forbid to decide by numbers: what is recorded inside is to hold for other numbers, too.

    >>> with recording():
    ...     Value(1.0) > 0
    Traceback (most recent call last):
      ...
    RuntimeError: recording: a decision by Value(data=1.0, grad=0.0) holds for this number only; ...
    """
    token = DECIDES.set(False)
    try:
        yield
    finally:
        DECIDES.reset(token)


def require_free(x: object) -> None:
    """Raise RuntimeError if a number that may become another is to decide something."""
    if not DECIDES.get() and takes_gradient(x):
        message = (
            f"recording: a decision by {x!r} holds for this number only; "
            "write it with operations such as maximum, step or abs"
        )
        raise RuntimeError(message)


def float_or_fraction(given: object) -> Any:
    """Return a number as a float, or as the Fraction that it is."""
    x = number(given)
    try:
        return x if isinstance(x, Fraction) else float(x)
    except OverflowError:
        message = f"Value: {brief(x)} is too large for a float"
        raise OverflowError(message) from None


def one_and_zero(root: Value) -> tuple[Any, Any]:
    """Return the adjoint of the root and what a sum of adjoints starts from, exact if it is."""
    return (Fraction(1), Fraction(0)) if isinstance(root.data, Fraction) else (1.0, 0.0)


def as_stored(node: Value, partials: Sequence[Any]) -> tuple[Any, Any]:
    """Return something for each of ``node.partials`` in the way that the node stores them.

    >>> as_stored(Value(2.0) * 3, "ab")
    ('a', 'b')
    """
    if node.op is not None and node.op.arity is None:
        pairs = zip(partials, node.args, strict=True)
        return tuple([p for p, x in pairs if takes_gradient(x)]), None
    dx, dy = (*partials, None, None)[:2]
    return dx, dy


def as_number(x: Any) -> Any:
    """Return the data of a Value, anything else as it is."""
    return x.data if isinstance(x, Value) else x


# --- the Value ------------------------------------------------------------------------------------


class Value:
    """A real number with its gradient, and the operation and arguments that made it.

    Args:
        data: any real number; kept as a float, or exactly where it is a ``fractions.Fraction``.
        label: what drawings, steps and formulas call it.

    Attributes:
        data: the number. It may be set; what was computed from it before stays as it was.
        grad: the sum of all gradients that ``backward()`` has added; 0.0 at first.
        label: its name.
        op: the operation that computed it; None for a number that was given.

    Values stand in expressions with ints, floats, Fractions and NumPy scalars on either side.
    Equality and hash are by identity, so that Values can be counted and looked up as nodes;
    ``<`` and its like, ``bool``, ``int``, ``float`` and ``round`` go by the data.

    Raises TypeError for anything that is not a real number. An operation outside its domain
    raises ValueError, ZeroDivisionError or OverflowError with its name and the numbers.

    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> product = a * b
    >>> product.backward()
    >>> a
    Value(data=2.0, grad=-3.0, label='a')
    >>> (a - 2).log()
    Traceback (most recent call last):
      ...
    ValueError: log: log(0.0) is undefined: needs a number above 0, not 0.0
    """

    # The slots with an underscore are those of engine.Node. Arguments and partials in slots of
    # their own make a node one object for the garbage collector instead of three. Of many
    # arguments _x has those that take a gradient, as the engine needs them, and _y has all.
    __slots__ = ("_adjoint", "_dx", "_dy", "_uses", "_x", "_y", "data", "grad", "label", "op")

    data: Any
    grad: Any
    label: str
    op: Primitive | None
    _x: Any
    _y: Any
    _dx: Any
    _dy: Any
    _uses: int
    _adjoint: Any

    __primitive__ = staticmethod(record)  # how an operation that is given a Value answers
    __array_ufunc__ = None  # NumPy leaves scalar * value and array * value to Value

    def __init__(self, data: object, label: str = "") -> None:
        """Make a number that takes a gradient."""
        self.data = data if type(data) is float else float_or_fraction(data)
        self.grad = 0.0
        self.label = label
        self.op = self._x = self._y = self._dx = self._dy = self._adjoint = None
        self._uses = 0

    # how it was made

    @property
    def args(self) -> tuple[Value | Number, ...]:
        """What the operation was given: Values, and plain numbers as they were written.

        >>> (Value(2.0) * 3).args
        (Value(data=2.0, grad=0.0), 3)
        """
        if self.op is None:
            return ()
        args: tuple[Any, ...] = self._y if self.op.arity is None else (self._x, self._y)
        return args[: self.op.arity]

    @property
    def partials(self) -> tuple[Number | None, ...]:
        """The local derivative with respect to each argument; None for constants.

        >>> (Value(2.0) * Value(5.0)).partials, (Value(2.0) * 5).partials
        ((5.0, 2.0), (5, None))
        """
        if self.op is None:
            return ()
        if self.op.arity is not None:
            return (self._dx, self._dy)[: self.op.arity]
        partials = iter(self._dx)
        return tuple([next(partials) if takes_gradient(x) else None for x in self.args])

    # gradients

    def backward(self) -> None:
        """Add to ``.grad`` of every Value behind this one the derivative with respect to it.

        A second call adds the same again; ``zero_grad()`` clears. After an error, an interrupt for
        example, all gradients are as they were. Raises ValueError for a constant.

        >>> a = Value(1.0)
        >>> b = a + a
        >>> c = b + b
        >>> c.backward()
        >>> a.grad, b.grad
        (4.0, 2.0)
        """
        if isinstance(self, Constant):
            message = f"backward: {self!r} depends on no Value that takes a gradient"
            raise ValueError(message)  # noqa: TRY004 - a constant is a Value like any other
        with LOCK:
            sweep(self, *one_and_zero(self), add=True)

    def zero_grad(self) -> None:
        """Set ``.grad`` to 0.0 here and in every Value behind.

        >>> a = Value(1.0)
        >>> b = 2 * a
        >>> b.backward()
        >>> b.zero_grad()
        >>> a.grad, b.grad
        (0.0, 0.0)
        """
        for node in ancestors(self):
            node.grad = 0.0

    def detach(self) -> Constant:
        """Return a constant of the same number and label: no gradient flows through it.

        >>> x = Value(3.0)
        >>> y = x * x.detach()
        >>> y.backward()
        >>> x.grad
        3.0
        """
        return Constant(self.data, self.label)

    # operators

    __add__, __radd__ = plus, binary_methods(ADD, operator.add)[1]
    __sub__, __rsub__ = binary_methods(primitives.sub, operator.sub)
    __mul__, __rmul__ = times, binary_methods(MUL, operator.mul)[1]
    __truediv__, __rtruediv__ = binary_methods(primitives.div, operator.truediv)
    _power = binary_methods(primitives.power, operator.pow)[0]
    _pow = binary_methods(primitives.pow, operator.pow)[0]
    __rpow__ = binary_methods(primitives.exponential, operator.pow)[1]

    def __pow__(self, exponent: Any) -> Any:
        if type(exponent) is int or not takes_gradient(exponent):
            return self._power(exponent)
        return self._pow(exponent) if takes_gradient(self) else exponent.__rpow__(self)

    __neg__ = unary_method(primitives.neg)

    def __pos__(self) -> Value:
        return self

    # functions; each is a function of the package, too

    exp = unary_method(primitives.exp)
    log = unary_method(primitives.log)
    sqrt = unary_method(primitives.sqrt)
    sin = unary_method(primitives.sin)
    cos = unary_method(primitives.cos)
    tanh = unary_method(primitives.tanh)
    sigmoid = unary_method(primitives.sigmoid)
    relu = unary_method(primitives.relu)
    softplus = unary_method(primitives.softplus)
    abs = __abs__ = unary_method(primitives.abs)

    def leaky_relu(self, alpha: Value | Number = primitives.LEAK) -> Value:
        """Return x above 0, otherwise alpha * x (A6)."""
        return record(primitives.leaky_relu, (self, alpha))

    # as a number

    __lt__, __le__ = comparison(operator.lt), comparison(operator.le)
    __gt__, __ge__ = comparison(operator.gt), comparison(operator.ge)

    def __float__(self) -> float:
        require_free(self)
        return float(self.data)

    def __int__(self) -> int:
        require_free(self)
        return int(self.data)

    def __bool__(self) -> bool:
        require_free(self)
        return bool(self.data)

    def __round__(self, ndigits: int | None = None) -> Any:
        require_free(self)
        return round(self.data, ndigits)

    def __format__(self, spec: str) -> str:
        if not spec:
            return repr(self)
        return format(float(self) if isinstance(self.data, Fraction) else self.data, spec)

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"{type(self).__name__}(data={self.data!r}, grad={self.grad!r}{label})"

    # copies of any depth

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return copying.deepcopy(self, memo)

    def __reduce__(self) -> tuple[Any, ...]:
        return copying.reduce(self)


class Constant(Value):
    """A number that takes no gradient: an input of a network, a target, a detached Value.

    An operation on constants alone gives a constant and records nothing.

    >>> x = Constant(0.05, label="x₁")
    >>> x * 2
    Constant(data=0.1, grad=0.0)
    >>> (Value(0.15) * x).partials
    (0.05, None)
    """

    __slots__ = ()

    # mypy would have the names of plus's and times's arguments in these, too.
    __add__ = binary_methods(ADD, operator.add)[0]  # type: ignore[assignment]  # no names
    __mul__ = binary_methods(MUL, operator.mul)[0]  # type: ignore[assignment]  # no names


OWN = {Value, Constant}  # the types of nearly all operands
