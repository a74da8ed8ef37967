"""A number that remembers how it was made, so that it can be differentiated.

>>> x = Value(3.0, label="x")
>>> y = x * x + 2 * x
>>> y.backward()
>>> y.data, x.grad
(15.0, 8.0)
"""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any, Literal, TypeAlias, overload

from tinygrad_edu import copying, primitives
from tinygrad_edu.engine import Visit, sweep
from tinygrad_edu.primitive import Primitive, number

__all__ = ["Constant", "Value", "grad"]

Number: TypeAlias = "float | Fraction"
Method: TypeAlias = "Callable[[Any, Any], Any]"

# --- from an operation to the Value that remembers it ---------------------------------------------


def record(op: Primitive, operands: tuple[Any, ...]) -> Value:
    """Compute ``op`` and return the Value that remembers it, with its partial derivatives."""
    numbers = [x.data if isinstance(x, Value) else op.number(x) for x in operands]
    varying = [isinstance(x, Value) and type(x) is not Constant for x in operands]
    try:
        data = op.forward(*numbers)
        if True not in varying:
            return Constant(data)
        partials = op.partials(data, *numbers)
    except (ArithmeticError, ValueError) as error:
        raise op.failure(error, numbers) from None
    if False in varying:
        partials = tuple([p if keep else None for p, keep in zip(partials, varying, strict=True)])
    if op.arity is None:
        return made(data, op, operands, None, partials, None)
    (x, y), (dx, dy) = [(*pair, None) if op.arity == 1 else pair for pair in (operands, partials)]
    return made(data, op, x, y, dx, dy)


def operators(op: Primitive) -> tuple[Method, Method]:
    """Return the methods of :class:`Value` for a binary operator, as is and reflected.

    They are :func:`record` for two operands, at the speed that long expressions deserve.
    """
    forward, partials = op.forward, op.partials

    def method(x: Any, y: Any) -> Any:
        x_varies = isinstance(x, Value) and type(x) is not Constant
        y_varies = isinstance(y, Value) and type(y) is not Constant
        try:
            a = x.data if x_varies else plain(x, y)
            b = y.data if y_varies else plain(y, x)
        except TypeError:
            return elementwise(op, x, y)
        try:
            data = forward(a, b)
            if not (x_varies or y_varies):
                return Constant(data)
            dx, dy = partials(data, a, b)
        except (ArithmeticError, ValueError) as error:
            raise op.failure(error, (a, b)) from None
        return made(data, op, x, y, dx if x_varies else None, dy if y_varies else None)

    def reflected(y: Any, x: Any) -> Any:
        return method(x, y)

    return method, reflected


def made(data: Any, op: Primitive, x: Any, y: Any, dx: Any, dy: Any) -> Value:
    """Return a new node: ``data``, computed by ``op`` from ``x`` and ``y``."""
    node = object.__new__(Value)
    node.data = data
    node.grad = 0.0
    node.label = ""
    node.op = op
    node._x = x
    node._y = y
    node._dx = dx
    node._dy = dy
    node._uses = 0
    node._adjoint = None
    return node


def plain(x: object, partner: Any) -> Any:
    """Return the number of a constant operand; beside a Fraction an int becomes one, too."""
    if isinstance(x, Constant):
        return x.data
    x = number(x)
    return Fraction(x) if type(x) is int and isinstance(partner.data, Fraction) else x


def elementwise(op: Primitive, x: Any, y: Any) -> Any:
    """Return an array of Values where an operand is a NumPy array, otherwise NotImplemented.

    What can have no answer of its own to a Value raises TypeError, with a better message.
    """
    for operand in (x, y):
        if isinstance(operand, str | bytes | list | tuple | complex | None):
            op.number(operand)
    numpy = sys.modules.get("numpy")
    if numpy and isinstance(x, numpy.ndarray):
        return numpy.frompyfunc(lambda item: op(item, y), 1, 1)(x)
    if numpy and isinstance(y, numpy.ndarray):
        return numpy.frompyfunc(lambda item: op(x, item), 1, 1)(y)
    return NotImplemented


def comparison(holds: Callable[[Any, Any], bool]) -> Method:
    """Return the method of :class:`Value` that compares the data."""

    def method(x: Value, y: Any) -> Any:
        try:
            return holds(x.data, y.data if isinstance(y, Value) else number(y))
        except TypeError:
            return NotImplemented

    return method


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

    # An operation of one or two arguments has them and its partials in slots of their own, one of
    # more keeps tuples in _x and _dx: one object for the garbage collector instead of three.
    # The engine counts in _uses and adds up in _adjoint while it sweeps.
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
        data = number(data)
        self.data = float(data) if type(data) is int else data
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
        return self._flat(self._x, self._y)

    @property
    def partials(self) -> tuple[Number | None, ...]:
        """The local derivative by each argument, as the forward pass found it; None for constants.

        >>> (Value(2.0) * Value(5.0)).partials, (Value(2.0) * 5).partials
        ((5.0, 2.0), (5, None))
        """
        return self._flat(self._dx, self._dy)

    def _flat(self, first: Any, second: Any) -> tuple[Any, ...]:
        arity = 0 if self.op is None else self.op.arity
        return first if arity is None else (first, second)[:arity]

    def each_partial(self, visit: Visit) -> None:
        """Call ``visit(argument, partial)`` for each argument that takes a gradient."""
        dx = self._dx
        if type(dx) is tuple:
            for arg, partial in zip(self._x, dx, strict=True):
                if partial is not None:
                    visit(arg, partial)
            return
        if dx is not None:
            visit(self._x, dx)
        if self._dy is not None:
            visit(self._y, self._dy)

    # gradients

    def backward(self) -> None:
        """Add the derivative of this Value by every Value behind it to their ``.grad``.

        A second call adds the same again; ``zero_grad()`` clears. All gradients are worked out
        before the first one is added. Raises ValueError for a constant.

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
        nodes, adjoints = sweep(self, seed(self))
        for node, adjoint in zip(nodes, adjoints, strict=True):
            node.grad = adjoint + (node.grad or 0)  # added to 0.0, a Fraction would become a float

    def zero_grad(self) -> None:
        """Set ``.grad`` to 0.0 here and in every Value behind.

        >>> a = Value(1.0)
        >>> b = 2 * a
        >>> b.backward()
        >>> b.zero_grad()
        >>> a.grad, b.grad
        (0.0, 0.0)
        """
        for node in sweep(self)[0]:
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

    __add__, __radd__ = operators(primitives.add)
    __sub__, __rsub__ = operators(primitives.sub)
    __mul__, __rmul__ = operators(primitives.mul)
    __truediv__, __rtruediv__ = operators(primitives.div)
    _to_fixed, _ = operators(primitives.power)
    _to_varying, __rpow__ = operators(primitives.pow)

    def __pow__(self, exponent: object) -> Any:
        varies = isinstance(exponent, Value) and not isinstance(exponent, Constant)
        return self._to_varying(exponent) if varies else self._to_fixed(exponent)

    def __neg__(self) -> Value:
        return record(primitives.neg, (self,))

    def __pos__(self) -> Value:
        return self

    def __abs__(self) -> Value:
        return self.abs()

    # functions; each is a function of the package, too

    def exp(self) -> Value:
        """Return e to the power of this Value; OverflowError beyond 709.78."""
        return record(primitives.exp, (self,))

    def log(self) -> Value:
        """Return the natural logarithm; ValueError unless the data are above 0."""
        return record(primitives.log, (self,))

    def sqrt(self) -> Value:
        """Return the square root; ValueError below 0, ZeroDivisionError at 0 (infinite slope)."""
        return record(primitives.sqrt, (self,))

    def sin(self) -> Value:
        """Return the sine of an angle in radians."""
        return record(primitives.sin, (self,))

    def cos(self) -> Value:
        """Return the cosine of an angle in radians."""
        return record(primitives.cos, (self,))

    def tanh(self) -> Value:
        """Return the hyperbolic tangent (A6)."""
        return record(primitives.tanh, (self,))

    def sigmoid(self) -> Value:
        """Return the logistic function 1 / (1 + exp(-x)) (A6)."""
        return record(primitives.sigmoid, (self,))

    def relu(self) -> Value:
        """Return max(0, x); its derivative at 0 is 0 (A6)."""
        return record(primitives.relu, (self,))

    def leaky_relu(self, alpha: Value | Number = 0.01) -> Value:
        """Return x above 0, otherwise alpha * x; its derivative at 0 is alpha (A6)."""
        return record(primitives.leaky_relu, (self, alpha))

    def softplus(self) -> Value:
        """Return log(1 + exp(x)), the smooth relu."""
        return record(primitives.softplus, (self,))

    def abs(self) -> Value:
        """Return the absolute value; its derivative at 0 is 0."""
        return record(primitives.abs, (self,))

    # as a number

    __lt__, __le__ = comparison(operator.lt), comparison(operator.le)
    __gt__, __ge__ = comparison(operator.gt), comparison(operator.ge)

    def __float__(self) -> float:
        return float(self.data)

    def __int__(self) -> int:
        return int(self.data)

    def __bool__(self) -> bool:
        return bool(self.data)

    def __round__(self, ndigits: int | None = None) -> Any:
        return round(self.data, ndigits)

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else repr(self)

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"{type(self).__name__}(data={self.data!r}, grad={self.grad!r}{label})"

    # copies of any depth

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
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


# --- derivatives without side effects -------------------------------------------------------------


@overload
def grad(y: Value, xs: Value, *, differentiable: Literal[False] = ...) -> Any: ...
@overload
def grad(y: Value, xs: Value, *, differentiable: Literal[True]) -> Value: ...
@overload
def grad(y: Value, xs: Iterable[Value], *, differentiable: Literal[False] = ...) -> list[Any]: ...
@overload
def grad(y: Value, xs: Iterable[Value], *, differentiable: Literal[True]) -> list[Value]: ...
def grad(y: Value, xs: Value | Iterable[Value], *, differentiable: bool = False) -> Any:
    """Return the derivative of ``y`` by a Value, or the list of its derivatives by several.

    No ``.grad`` changes. A Value that ``y`` does not depend on has the derivative 0.

    Args:
        y: the Value to differentiate.
        xs: the Value, or Values, to differentiate by; they may lie anywhere behind ``y``.
        differentiable: return Values that remember how they were computed, for derivatives of
            derivatives; otherwise plain numbers.

    Raises TypeError for what is not a Value, ValueError for a derivative by a constant, and
    RuntimeError where ``differentiable`` finds that data were changed after ``y`` was computed.

    >>> x = Value(2.0)
    >>> grad(x**3, x)
    12.0
    >>> slope = grad(x**3, x, differentiable=True)
    >>> grad(slope, x)
    12.0
    """
    targets = [xs] if isinstance(xs, Value) else list(xs)
    for value in (y, *targets):
        if not isinstance(value, Value):
            message = f"grad: expected a Value, got {value!r} ({type(value).__name__})"
            raise TypeError(message)
    for x in targets:
        if isinstance(x, Constant):
            message = f"grad: {x!r} is a constant; no gradient is kept for it"
            raise ValueError(message)  # noqa: TRY004 - a constant is a Value like any other
    nodes, adjoints = sweep(y, seed(y), partials_as_values if differentiable else None)
    derivatives = dict(zip(nodes, adjoints, strict=True))
    found = [derivatives.get(x, 0.0) for x in targets]
    if differentiable:
        found = [d if isinstance(d, Value) else Constant(d) for d in found]
    return found[0] if isinstance(xs, Value) else found


def seed(root: Value) -> Any:
    """Return the derivative of a Value by itself, 1, exact where the Value is."""
    return Fraction(1) if isinstance(root.data, Fraction) else 1.0


def partials_as_values(node: Value, visit: Visit) -> None:
    """Visit the arguments of ``node`` with its rule applied to the Values themselves."""
    if node.op is None:
        return
    rule = node.op.partials(node, *node.args)
    for arg, partial, stored in zip(node.args, rule, node.partials, strict=True):
        if isinstance(arg, Value) and stored is not None:
            now = partial.data if isinstance(partial, Value) else partial
            if now != stored and not math.isnan(now):
                message = f"grad: data behind {node!r} changed after it was computed"
                raise RuntimeError(message)
            visit(arg, partial)
