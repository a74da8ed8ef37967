"""What an operation is: one record that everything else reads.

A :class:`Primitive` says how an operation computes its output, what its partial derivatives
are, where it is differentiable, and how it is written. The engine, higher derivatives, drawings,
formulas and the property tests all read this record; the table of them is ``primitives.py``.
"""

from __future__ import annotations

import inspect
import math
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from numbers import Complex, Integral, Real
from typing import Any, ClassVar, NamedTuple

__all__ = [
    "ATOM",
    "REALS",
    "Binary",
    "Interval",
    "Nary",
    "OperandError",
    "Primitive",
    "Unary",
    "number",
]

SEVERAL = 6  # arguments that a message quotes
ATOM = 9  # the precedence of what never needs parentheses: a symbol, a number, f(x)


class OperandError(TypeError):
    """An operand that is no real number: its message, and the operand."""

    def __str__(self) -> str:
        """Return the message alone."""
        return str(self.args[0])


def number(x: object) -> Any:
    """Return ``x`` as a plain number: an int, a float, or a Fraction, which stays exact.

    Raises TypeError for anything else: strings, None, lists, arrays, complex numbers, Values.

    >>> number(True), number(0.5), number(Fraction(1, 3))
    (1, 0.5, Fraction(1, 3))
    >>> number("2")
    Traceback (most recent call last):
      ...
    tinygrad_edu.primitive.OperandError: expected a real number, got '2' (str)
    """
    if type(x) is float or type(x) is int or isinstance(x, Fraction):
        return x
    if isinstance(x, Integral):
        return int(x)
    kind = type(x)
    if not isinstance(x, Real):  # Decimal and numpy.bool_ are scalars, too
        scalar = hasattr(kind, "__float__") and not hasattr(kind, "__len__")
        if not scalar or isinstance(x, Complex) or hasattr(kind, "__primitive__"):
            message = f"expected a real number, got {x!r} ({kind.__name__})"
            raise OperandError(message, x)
    return float(x)  # type: ignore[arg-type]  # it has __float__


class Interval(NamedTuple):
    """An open interval, less some points: where an argument may lie."""

    low: float = -math.inf
    high: float = math.inf
    excluded: tuple[float, ...] = ()

    def admits(self, x: float) -> bool:
        """Tell whether the number ``x`` lies inside.

        >>> Interval(low=0).admits(0), Interval(low=0).admits(0.1)
        (False, True)
        """
        return self.low < x < self.high and x not in self.excluded

    def __str__(self) -> str:
        """Return the condition in words.

        >>> str(Interval(low=0)), str(Interval(excluded=(0,)))
        ('a number above 0', 'a number other than 0')
        """
        words = [f"above {self.low:g}"] if self.low > -math.inf else []
        words += [f"below {self.high:g}"] if self.high < math.inf else []
        words += [f"other than {point:g}" for point in self.excluded]
        return f"a number {' and '.join(words)}" if words else "a finite number"


REALS = Interval()


@dataclass(frozen=True, eq=False, repr=False)
class Primitive:
    """One operation; calling it computes it.

    Given numbers it returns a number, given NumPy arrays an array, and given at least one
    ``Value`` a ``Value`` that remembers the operation:

    >>> from tinygrad_edu import Value, tanh
    >>> tanh(0.0)
    0.0
    >>> tanh(Value(0.0))
    Value(data=0.0, grad=0.0)
    """

    arity: ClassVar[int | None] = None

    name: str
    """What the operation is called, in Python and in messages."""
    doc: str
    """One line of documentation."""
    forward: Callable[..., Any]
    """The output, from the arguments as numbers."""
    partials: Callable[..., tuple[Any, ...]]
    """All partial derivatives, from the output and the arguments, as ordinary expressions: numbers
    in, numbers out; Values in, Values out; arrays in, arrays out. So they are written with
    operators and the functions of the table, never with those of ``math``. None stands for an
    argument that is a fixed number by nature and takes no gradient; where there may be any number
    of arguments, none is."""
    array: str | Callable[..., Any]
    """The forward function on arrays: the name of a NumPy function, or a function of the module
    ``numpy`` and the arguments."""
    symbol: str
    """How graphs write it."""
    latex: str | Callable[[Sequence[str]], str]
    """How formulas write it: a template with #1, #2 for the arguments, as in a TeX macro, or a
    function of all the arguments' LaTeX."""
    precedence: int = ATOM
    """How tightly its formula holds together: 1 sums, 2 products, 4 powers, ATOM the rest."""
    binds: tuple[int, ...] = (0,)
    """For each argument the least precedence it may have without parentheses; the last entry
    serves all further arguments."""
    code: str = ""
    """How Python writes it, as a template like ``latex``; left out: name(#1, #2)."""
    domain: tuple[Interval, ...] = (REALS,)
    """For each argument where the operation has a derivative (kinks apart); the last entry serves
    all further arguments."""
    kink: Callable[..., Any] | None = None
    """A function of the arguments that is zero exactly where the operation bends or jumps."""
    flatten: Callable[..., tuple[Any, ...]] | None = None
    """Makes one flat tuple of the arguments of a call, where they are lists or have defaults."""

    def __post_init__(self) -> None:
        """Make help() and pickle find the operation as they find a function."""
        object.__setattr__(self, "__doc__", self.doc)
        object.__setattr__(self, "__module__", sys._getframe(2).f_globals.get("__name__"))

    @property
    def __signature__(self) -> inspect.Signature:
        """The arguments of a call: those of ``flatten``, or of the rule without the output."""
        if self.flatten is not None:
            return inspect.signature(self.flatten)
        rule = inspect.signature(self.partials)
        return rule.replace(parameters=list(rule.parameters.values())[1:])

    def __reduce__(self) -> str:
        """Pickle by name: an operation is a part of the program, not of the data."""
        return self.name

    def __repr__(self) -> str:
        """Return the operation by name."""
        return f"<operation {self.name}>"

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Compute the operation for numbers, NumPy arrays or Values."""
        if self.flatten is not None or named or len(args) != self.arity:
            args = self.bound(args, named)
        return self.compute(args)

    def bound(self, args: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        """Return the arguments of a call as one flat tuple; a TypeError names the operation."""
        try:
            if self.flatten is not None:
                return self.flatten(*args, **named)
            return self.__signature__.bind(*args, **named).args
        except TypeError as error:
            message = f"{self.name}{self.__signature__}: {error}"
            raise TypeError(message) from None

    def compute(self, operands: tuple[Any, ...]) -> Any:
        """Compute the operation for operands in one flat tuple."""
        others = False
        for operand in operands:
            if type(operand) is not float:
                # A Value records the operation itself, as __array_ufunc__ lets arrays do in NumPy.
                record = getattr(type(operand), "__primitive__", None)
                if record is not None:
                    return record(self, operands)
                others = True
        if not others:
            return self.of_numbers(operands)
        numpy = sys.modules.get("numpy")
        if numpy and any(isinstance(operand, numpy.ndarray) for operand in operands):
            return self.on_arrays(numpy, operands)
        return self.of_numbers([self.number(operand) for operand in operands])

    def of_numbers(self, numbers: Sequence[Any]) -> Any:
        """Compute the operation for plain numbers; the error names it and them."""
        try:
            return self.forward(*numbers)
        except (ArithmeticError, ValueError) as error:
            raise self.failure(error, numbers) from None

    def number(self, operand: object) -> Any:
        """Return the operand as a plain number; the error names the operation."""
        try:
            return number(operand)
        except OperandError as error:
            message = f"{self.name}: {error}"
            raise OperandError(message, operand) from None

    def on_arrays(self, numpy: Any, operands: Sequence[Any]) -> Any:
        """Compute the operation elementwise; outside the domain it raises, it does not give nan."""
        if any(numpy.asarray(operand).dtype.hasobject for operand in operands):  # Values, say
            return self.one_by_one(numpy, operands, object)
        try:
            with numpy.errstate(divide="raise", over="raise", invalid="raise", under="ignore"):
                if callable(self.array):
                    return self.array(numpy, *operands)
                return getattr(numpy, self.array)(*operands)
        except FloatingPointError:  # then let the element at fault say what is wrong
            with numpy.errstate(all="ignore"):
                return self.one_by_one(numpy, operands, float)

    def one_by_one(self, numpy: Any, operands: Sequence[Any], kind: type) -> Any:
        """Compute the operation for the elements of arrays, each by itself."""
        spread = numpy.broadcast_arrays(*operands)
        results = numpy.empty(spread[0].shape, dtype=kind)
        elements = zip(*[array.flat for array in spread], strict=True)
        results.flat = [self.compute(numbers) for numbers in elements]
        return results[()]

    def failure(self, error: Exception, numbers: Sequence[Any]) -> Exception:
        """Return ``error``, met in the forward function or the rule, with operation and numbers."""
        try:
            self.forward(*numbers)
            problem = "has no finite derivative"
            too_large = "has a derivative too large for a float"
        except (ArithmeticError, ValueError):
            problem = "is undefined"
            too_large = "is too large for a float"
        call = f"{self.name}: {self.text(numbers)}"
        if isinstance(error, OverflowError):
            return OverflowError(f"{call} {too_large}")
        needs = [
            f"needs {interval}, not {brief(x)}"
            for x, interval in zip(numbers, padded(self.domain, len(numbers)), strict=True)
            if not interval.admits(x)
        ]
        kind = ZeroDivisionError if isinstance(error, ZeroDivisionError) else ValueError
        return kind(f"{call} {problem}: {', '.join(needs) or error}")

    def text(self, numbers: Sequence[Any]) -> str:
        """Return the operation on these numbers as Python writes it.

        >>> from tinygrad_edu.primitives import log, power
        >>> power.text([-8.0, 3]), log.text([0.0])
        ('(-8.0) ** 3', 'log(0.0)')
        """
        if not self.code:
            more = [f"... {len(numbers)} in all"] if len(numbers) > SEVERAL else []
            return f"{self.name}({', '.join([*map(brief, numbers[:SEVERAL]), *more])})"
        return fill(self.code, [f"({brief(x)})" if x < 0 else brief(x) for x in numbers])

    def formula(self, args: Sequence[tuple[str, int]]) -> tuple[str, int]:
        r"""Return LaTeX and precedence of the operation, from those of its arguments.

        >>> from tinygrad_edu.primitives import add, mul
        >>> a_plus_b = add.formula([("a", ATOM), ("b", ATOM)])
        >>> mul.formula([a_plus_b, ("c", ATOM)])
        ('\\left(a + b\\right) \\cdot c', 2)
        """
        pieces = [
            latex if precedence >= bind else rf"\left({latex}\right)"
            for (latex, precedence), bind in zip(args, padded(self.binds, len(args)), strict=True)
        ]
        filled = self.latex(pieces) if callable(self.latex) else fill(self.latex, pieces)
        return filled, self.precedence


class Unary(Primitive):
    """An operation of one argument."""

    arity = 1

    def __call__(self, x: Any, *more: Any) -> Any:
        """Compute the operation; what is asked for all the time goes straight to it."""
        if more:
            return super().__call__(x, *more)
        if type(x) is float:
            return self.of_numbers((x,))
        record = getattr(type(x), "__primitive__", None)
        return self.compute((x,)) if record is None else record(self, (x,))


class Binary(Primitive):
    """An operation of two arguments."""

    arity = 2


class Nary(Primitive):
    """An operation of any number of arguments."""


def padded(fields: tuple[Any, ...], n: int) -> tuple[Any, ...]:
    """Return the fields of ``n`` arguments, of which the last entry serves all further ones.

    >>> padded((1, 2), 4)
    (1, 2, 2, 2)
    """
    return (*fields, *fields[-1:] * n)[:n]


def brief(x: Any) -> str:
    """Return the number ``x`` for a message: in full, unless it has thousands of digits.

    >>> brief(0.5), brief(Fraction(1, 3)), brief(10**400)
    ('0.5', '1/3', 'an int of 1329 bits')
    """
    bits = 0 if isinstance(x, float) else max(x.numerator.bit_length(), x.denominator.bit_length())
    return f"an {type(x).__name__} of {bits} bits" if bits > 128 else str(x)


def fill(template: str, pieces: Sequence[str]) -> str:
    """Return ``template`` with #1, #2 replaced.

    >>> fill("#1 - #2", ["x", "y"])
    'x - y'
    """
    return re.sub(r"#(\d+)", lambda number: pieces[int(number[1]) - 1], template)
