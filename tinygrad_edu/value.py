"""A number that remembers how it was made, so that it can be differentiated.

The file is longer than others, so that every operator of ``Value`` is a method in one class.

>>> x = Value(3.0, label="x")
>>> y = x * x + 2 * x
>>> y.backward()
>>> y.data, x.grad
(15.0, 8.0)
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from fractions import Fraction
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias

from tinygrad_edu import copying, escaping, recorder, table
from tinygrad_edu.engine import accumulate, ancestors
from tinygrad_edu.habits import OF_VALUES, Missing
from tinygrad_edu.operation import Operation, brief, number
from tinygrad_edu.recorder import new, next_age, record, record_one, record_two, takes_gradient

__all__ = ["Constant", "Value"]

Number: TypeAlias = "float | Fraction"
Operand: TypeAlias = "Value | float | Fraction"
ADD, MUL = table.add, table.mul


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

    # Arguments and partials have slots of their own, which make a node one object for the garbage
    # collector instead of three; engine.Node says what is in those with an underscore.
    __slots__ = ("_adjoint", "_dx", "_dy", "_x", "_y", "age", "data", "grad", "label", "op")

    data: float
    grad: float
    label: str
    op: Operation | None
    age: int
    _x: Any
    _y: Any
    _dx: Any
    _dy: Any
    _adjoint: Any

    __record__ = staticmethod(record)  # how an operation that is given a Value answers

    def __init__(self, data: object, label: str = "") -> None:
        """Make a number that takes a gradient."""
        self.data = data if type(data) is float else float_or_fraction(data)
        self.grad = 0.0
        self.label = label
        self.age = next_age()
        self.op = self._x = self._y = self._dx = self._dy = self._adjoint = None

    # operators: record_two does the same for any of them; the two that people write most have their
    # usual operands and their node written out, which makes them a third faster

    def __add__(self, other: Operand) -> Value:
        varies = type(other) is Value
        a, b = self.data, other.data if varies else other  # type: ignore[union-attr]  # it is a Value
        if type(a) is type(b) is float and type(self) is Value:
            node = new(Value)
            node.data, node.op, node.age = a + b, ADD, next_age()
            node._x, node._y = self, other
            node._dx, node._dy = 1.0, 1.0 if varies else None
            node.grad, node.label, node._adjoint = 0.0, "", None
            return node
        return record_two(ADD, self, other)

    def __radd__(self, other: Operand) -> Value:
        return record_two(ADD, other, self)

    def __sub__(self, other: Operand) -> Value:
        return record_two(table.sub, self, other)

    def __rsub__(self, other: Operand) -> Value:
        return record_two(table.sub, other, self)

    def __mul__(self, other: Operand) -> Value:
        varies = type(other) is Value
        a, b = self.data, other.data if varies else other  # type: ignore[union-attr]  # it is a Value
        if type(a) is type(b) is float and type(self) is Value:
            node = new(Value)
            node.data, node.op, node.age = a * b, MUL, next_age()
            node._x, node._y = self, other
            node._dx, node._dy = b, a if varies else None
            node.grad, node.label, node._adjoint = 0.0, "", None
            return node
        return record_two(MUL, self, other)

    def __rmul__(self, other: Operand) -> Value:
        return record_two(MUL, other, self)

    def __truediv__(self, other: Operand) -> Value:
        return record_two(table.div, self, other)

    def __rtruediv__(self, other: Operand) -> Value:
        return record_two(table.div, other, self)

    def __pow__(self, exponent: Operand) -> Value:
        if type(exponent) is int or not takes_gradient(exponent):
            return record_two(table.power, self, exponent)
        op = table.pow if takes_gradient(self) else table.exponential
        return record_two(op, self, exponent)

    def __rpow__(self, base: Operand) -> Value:
        return record_two(table.exponential, base, self)

    def __neg__(self) -> Value:
        return record_one(table.neg, self)

    def __pos__(self) -> Value:
        return self

    def __abs__(self) -> Value:
        return record_one(table.abs, self)

    # The other operations of one or two numbers are methods, too: below, from the table.

    # gradients

    def backward(self) -> None:
        """Add this Value's derivatives to ``.grad`` of every Value that it was computed from.

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
            message = f"backward: {self!r} does not depend on any Value that takes a gradient"
            raise ValueError(message)  # noqa: TRY004 - a constant is a Value like any other
        accumulate(self, *one_and_zero(self))

    def zero_grad(self) -> None:
        """Set ``.grad`` to 0.0 here and in every Value that this one was computed from.

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

    # how it was made

    @property
    def operands(self) -> tuple[Any, ...]:
        """What the operation was given, lists as tuples.

        >>> from tinygrad_edu import weighted_sum
        >>> weighted_sum([Value(2.0)], [3.0], 1.0).operands
        ((Value(data=2.0, grad=0.0),), (3.0,), 1.0)
        """
        if self.op is None:
            return ()
        return (self._x, self._y)[: self.op.arity] if self.op.arity else self._y

    @property
    def args(self) -> tuple[Value | Number, ...]:
        """What the operation was given, one by one: Values, and plain numbers as they were written.

        >>> (Value(2.0) * 3).args
        (Value(data=2.0, grad=0.0), 3)
        """
        return () if self.op is None else tuple(self.op.flat(self.operands))

    @property
    def partials(self) -> tuple[Number | None, ...]:
        """The local derivative with respect to each argument; None for constants.

        >>> (Value(2.0) * Value(5.0)).partials, (Value(2.0) * 5).partials
        ((5.0, 2.0), (5, None))
        """
        if self.op is None:
            return ()
        if self.op.arity:
            return (self._dx, self._dy)[: self.op.arity]
        kept = zip(self._dx, self.op.lists, strict=True)
        found = chain.from_iterable([d if many else (d,) for d, many in kept if d is not None])
        return tuple([next(found) if takes_gradient(x) else None for x in self.args])

    # as a number

    def __lt__(self, other: Operand) -> bool:
        return compare(operator.lt, self, other)

    def __le__(self, other: Operand) -> bool:
        return compare(operator.le, self, other)

    def __gt__(self, other: Operand) -> bool:
        return compare(operator.gt, self, other)

    def __ge__(self, other: Operand) -> bool:
        return compare(operator.ge, self, other)

    def __float__(self) -> float:
        require_free(self)
        if takes_gradient(self):
            require_recordable()
            escaping.warn(self.data)
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
        return format(float(self.data) if is_exact(self.data) else self.data, spec)

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"{type(self).__name__}(data={self.data!r}, grad={self.grad!r}{label})"

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self)} - OF_VALUES.keys())

    # in NumPy

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **named: Any) -> Any:
        """Answer a function of NumPy with the operation of the same name."""
        return of_ufunc(ufunc.__name__, method, inputs, named)

    # copies of any depth

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return copying.deepcopy(self, memo)

    def __reduce__(self) -> tuple[Any, ...]:
        return copying.reduce(self)

    if TYPE_CHECKING:  # what the table adds, for type checkers; a test holds the two equal

        def abs(self) -> Value: ...
        def cos(self) -> Value: ...
        def exp(self) -> Value: ...
        def log(self) -> Value: ...
        def relu(self) -> Value: ...
        def sigmoid(self) -> Value: ...
        def sin(self) -> Value: ...
        def softplus(self) -> Value: ...
        def sqrt(self) -> Value: ...
        def step(self) -> Value: ...
        def tanh(self) -> Value: ...
        def greater(self, y: Operand) -> Value: ...
        def leaky_relu(self, alpha: Operand = ...) -> Value: ...
        def maximum(self, y: Operand) -> Value: ...
        def minimum(self, y: Operand) -> Value: ...
        def binary_cross_entropy_with_logits(self, target: Operand) -> Value: ...


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


recorder.Value, recorder.Constant, recorder.OWN = Value, Constant, {Value, Constant}


# --- methods from the table -----------------------------------------------------------------------


def method_of(op: Operation) -> Callable[..., Any]:
    """Return the method of :class:`Value` for an operation whose first operand is a number."""

    def of_one(self: Any) -> Any:
        return record_one(op, self)

    def of_several(self: Any, *others: Any, **named: Any) -> Any:
        return op(self, *others, **named)

    method = of_one if op.arity == 1 else of_several
    method.__name__ = method.__qualname__ = op.name
    method.__doc__ = op.doc
    return method


for _row in table.TABLE.values():
    if not _row.code and not _row.lists[0]:  # operators and operations of lists are no methods
        setattr(Value, _row.name, method_of(_row))

for _name in OF_VALUES:
    setattr(Value, _name, Missing(_name, OF_VALUES))


# --- operators ------------------------------------------------------------------------------------

INFIX: dict[str, Callable[[Any, Any], Any]] = {  # operators, as NumPy calls them
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "power": operator.pow,
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "equal": operator.eq,
    "not_equal": operator.ne,
}


def of_ufunc(name: str, method: str, inputs: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """Return what the operation that NumPy calls ``name`` gives for Values and arrays of them."""
    numpy = sys.modules["numpy"]
    rows: list[Any] = [row for row in table.TABLE.values() if row.array == name]
    infix: Any = INFIX[name] if name in INFIX else rows[0] if rows else None
    if infix is None or method != "__call__" or named:
        ours = ", ".join(row.name for row in table.TABLE.values() if not row.code)
        message = (
            f"numpy.{name} cannot take a Value: use an operation of tinygrad_edu ({ours}), or the "
            "number x.data, which leaves the graph"
        )
        raise TypeError(message)
    given = [
        x.item() if isinstance(x, numpy.generic) or not getattr(x, "ndim", 1) else x for x in inputs
    ]
    arrays = [i for i, x in enumerate(given) if isinstance(x, numpy.ndarray)]
    if not arrays:
        return infix(*given)
    (place,) = arrays  # the other is the Value

    def at(item: Any) -> Any:
        return infix(*given[:place], item, *given[place + 1 :])

    return numpy.frompyfunc(at, 1, 1)(given[place])


# --- numbers --------------------------------------------------------------------------------------

DECIDES = ContextVar("DECIDES", default=True)


def compare(holds: Callable[[Any, Any], bool], x: Value, y: Any) -> bool:
    """Return whether the data of two Values compare so."""
    require_free(x)
    require_free(y)
    try:
        return holds(x.data, y.data if isinstance(y, Value) else number(y))
    except TypeError:
        return NotImplemented  # type: ignore[no-any-return]  # Python asks the other one


@contextmanager
def recording() -> Iterator[None]:
    """Forbid decisions by numbers: a graph recorded inside must hold for other numbers, too.

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
    """Raise RuntimeError if a number that may become another must not decide anything."""
    if not DECIDES.get() and takes_gradient(x):
        message = (
            f"recording: a decision by {x!r} holds for this number only; "
            "write it with operations such as maximum, step or abs"
        )
        raise RuntimeError(message)


RULE: ContextVar[Operation | None] = ContextVar("RULE", default=None)


@contextmanager
def applying_the_rule_of(op: Operation) -> Iterator[None]:
    """Forbid floats of Values while the rule of an operation is applied to Values."""
    token = RULE.set(op)
    try:
        yield
    finally:
        RULE.reset(token)


def require_recordable() -> None:
    """Raise TypeError if a rule that is applied to Values asks for a float, without a history."""
    op = RULE.get()
    if op is not None:
        message = (
            f"{op.name}: its rule asks a Value for a float, so its derivative would be lost; write "
            "the rule with operators and the functions of tinygrad_edu: cos(x) for math.cos(x)"
        )
        raise TypeError(message)


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
    return (Fraction(1), Fraction(0)) if is_exact(root.data) else (1.0, 0.0)


def is_exact(data: object) -> bool:
    """Tell whether data, which types call a float, is a Fraction, without rounding."""
    return isinstance(data, Fraction)
