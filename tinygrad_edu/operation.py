"""What an operation is: one record that everything else reads.

An :class:`Operation` says how an output is computed, what its partial derivatives are, where it is
differentiable, and how it is written. The engine, higher derivatives, drawings, formulas and the
property tests all read this record; the table of them is ``table.py``.

The file is longer than others, because the record is one class, and its fields and what computes
with them are read together.
"""

from __future__ import annotations

import inspect
import math
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from numbers import Complex, Integral, Real
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, overload

if TYPE_CHECKING:
    from tinygrad_edu.value import Value

    Operand: TypeAlias = "Value | float | Fraction | Sequence[Value | float | Fraction]"

__all__ = ["ATOM", "REALS", "Components", "Interval", "OperandError", "Operation", "number"]

SEVERAL = 6  # numbers of a list that a message quotes
ATOM = 9  # the precedence of what never needs parentheses: a symbol, a number, f(x)


class OperandError(TypeError):
    """An operand that is not a real number: its message, and the operand."""

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
    tinygrad_edu.operation.OperandError: expected a real number, got '2' (str)
    """
    if type(x) is float or type(x) is int or isinstance(x, Fraction):
        return x
    if isinstance(x, Integral):
        return int(x)
    kind = type(x)
    if not isinstance(x, Real):  # Decimal and numpy.bool_ are scalars, too
        scalar = hasattr(kind, "__float__") and not hasattr(kind, "__len__")
        if not scalar or isinstance(x, Complex) or hasattr(kind, "__record__"):
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
class Operation:
    """One operation; calling it computes it.

    Given numbers it returns a number, given NumPy arrays an array, and given at least one
    ``Value`` a ``Value`` that remembers the operation:

    >>> from tinygrad_edu import Value, tanh
    >>> tanh(0.0)
    0.0
    >>> tanh(Value(0.0))
    Value(data=0.0, grad=0.0)

    An operand may be a list, and stays a list in the forward function and in the rule;
    ``signature`` says which ones are. Readers that go through the arguments of a node one by one
    use :meth:`nested` and :meth:`flat`.
    """

    name: str
    """What the operation is called, in Python and in messages."""
    doc: str
    """One line of documentation."""
    forward: Callable[..., Any]
    """The output, from the operands as numbers and tuples of numbers."""
    partials: Callable[..., tuple[Any, ...]]
    """The rule: a partial derivative for each operand, and a list of them for a list, as ordinary
    expressions of the output and the operands: numbers in, numbers out; Values in, Values out;
    arrays in, arrays out. So they are written with operators and the functions of the table, never
    with those of ``math``."""
    array: str | Callable[..., Any]
    """The forward function on arrays: the name of a NumPy function, or a function of the module
    ``numpy`` and the operands."""
    symbol: str
    """How graphs write it."""
    latex: str | Callable[..., str]
    """How formulas write it: a template with #1, #2 for the operands, as in a TeX macro, or a
    function of the operands' LaTeX, lists as lists."""
    signature: str = ""
    """What the operands are, as NumPy writes it for its functions of whole arrays: "(n),(n),()" is
    two lists of the same length and a number. A name without parentheses is a fixed number by
    nature, such as an exponent: it takes no gradient, and its partial is None. Left out, all
    operands are numbers."""
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
    """A function of the operands that is zero exactly where the operation bends or jumps."""
    written: Callable[..., tuple[Any, ...]] | None = None
    """The rule as lectures write it, where ``partials`` computes the same in another way because
    the lecture's expression loses digits, as 1 - y² does where tanh saturates. Formulas show this
    one, and programs for arrays compute by it."""
    lists: tuple[bool, ...] = field(init=False)
    """For each operand whether it is a list; from ``signature``."""
    fixed: tuple[bool, ...] = field(init=False)
    """For each operand whether it is a fixed number by nature; from ``signature``."""
    arity: int | None = field(init=False)
    """How many operands there are: 1 or 2; None if one of them is a list, or there are more."""
    __signature__: inspect.Signature = field(init=False)
    """The operands of a call, with their defaults: those of the rule without the output."""

    def __post_init__(self) -> None:
        """Derive what follows, and make help() and pickle find the operation as a function."""
        operands = list(inspect.signature(self.partials).parameters.values())[1:]
        shapes = self.signature.split(",") if self.signature else ["()"] * len(operands)
        lists = tuple([shape == "(n)" for shape in shapes])
        derived = {
            "lists": lists,
            "fixed": tuple(["(" not in shape for shape in shapes]),
            "arity": None if any(lists) or len(lists) > 2 else len(lists),
            "__signature__": inspect.Signature(operands),
            "__doc__": self.doc,
            "__module__": sys._getframe(2).f_globals.get("__name__"),
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    def __reduce__(self) -> str:
        """Pickle by name: an operation is a part of the program, not of the data."""
        return self.name

    def __repr__(self) -> str:
        """Return the operation by name."""
        return f"<operation {self.name}>"

    # computing it

    @overload
    def __call__(self, *operands: float | Sequence[float], **named: float) -> float: ...  # type: ignore[overload-overlap]  # floats are Values' operands
    @overload
    def __call__(self, *operands: Operand, **named: Operand) -> Value: ...
    @overload
    def __call__(self, *operands: Any, **named: Any) -> Any: ...
    def __call__(self, *operands: Any, **named: Any) -> Any:
        """Compute the operation for numbers, NumPy arrays or Values."""
        if named or self.arity != len(operands):
            operands = self.bound(operands, named)
        elif len(operands) == 1 and type(operands[0]) is float:  # as the rules of others call it
            return self.of_numbers(operands)
        return self.compute(operands)

    def bound(self, given: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        """Return the operands of a call in order, lists as tuples; errors name the operation.

        A number in place of a list counts as a list of one.
        """
        try:
            call = self.__signature__.bind(*given, **named)
        except TypeError as error:
            message = f"{self.name}{self.__signature__}: {error}"
            raise TypeError(message) from None
        call.apply_defaults()
        operands = tuple(
            [
                self.listed(x) if is_list else x
                for x, is_list in zip(call.args, self.lists, strict=True)
            ]
        )
        lengths = [len(x) for x, is_list in zip(operands, self.lists, strict=True) if is_list]
        if len(set(lengths)) > 1:
            first, second, *_ = dict.fromkeys(lengths)
            message = f"{self.name}: lists of {first} and {second} do not pair up"
            raise ValueError(message)
        return operands

    def listed(self, given: Any) -> tuple[Any, ...]:
        """Return a list operand as a tuple."""
        if isinstance(given, str | bytes | Mapping | AbstractSet):
            message = f"{self.name}: expected a list of numbers, got {given!r}"
            raise OperandError(message, given)
        return tuple(given) if hasattr(given, "__iter__") else (given,)

    def compute(self, operands: tuple[Any, ...]) -> Any:
        """Compute the operation for operands in order, lists as tuples."""
        others = False
        for x in operands if self.arity else self.flat(operands):
            if type(x) is not float:
                # A Value records the operation itself, as __array_ufunc__ lets arrays do in NumPy.
                record = getattr(type(x), "__record__", None)
                if record is not None:
                    return record(self, operands)
                others = True
        if not others:
            return self.of_numbers(operands)
        numpy = sys.modules.get("numpy")
        if numpy and any(isinstance(x, numpy.ndarray) for x in self.flat(operands)):
            return self.on_arrays(numpy, operands)
        return self.of_numbers(self.nested([self.number(x) for x in self.flat(operands)]))

    def of_numbers(self, numbers: Sequence[Any]) -> Any:
        """Compute the operation for plain numbers; the error names it and them."""
        try:
            return self.forward(*numbers)
        except (ArithmeticError, ValueError) as error:
            raise self.failure(error, numbers) from None

    def number(self, x: object) -> Any:
        """Return an argument as a plain number; the error names the operation."""
        try:
            return number(x)
        except OperandError as error:
            message = f"{self.name}: {error}"
            raise OperandError(message, x) from None

    def on_arrays(self, numpy: Any, operands: Sequence[Any]) -> Any:
        """Compute the operation elementwise; outside the domain it raises, it does not give nan."""
        if any(numpy.asarray(x).dtype.hasobject for x in self.flat(operands)):  # Values, say
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
        spread = numpy.broadcast_arrays(*self.flat(operands))
        results = numpy.empty(spread[0].shape, dtype=kind)
        elements = zip(*[array.flat for array in spread], strict=True)
        results.flat = [self.compute(self.nested(numbers)) for numbers in elements]
        return results[()]

    # operands one by one

    def flat(self, operands: Sequence[Any]) -> Sequence[Any]:
        """Return operands, or their partials, as one flat sequence.

        >>> from tinygrad_edu.table import weighted_sum
        >>> weighted_sum.flat(((1, 2), (3, 4), 5))
        [1, 2, 3, 4, 5]
        """
        if self.arity is not None:
            return operands
        found: list[Any] = []
        for x, is_list in zip(operands, self.lists, strict=True):
            found.extend(x) if is_list else found.append(x)
        return found

    def nested(self, flat: Sequence[Any]) -> tuple[Any, ...]:
        """Return the operands that :meth:`flat` made one sequence, lists as tuples again.

        >>> from tinygrad_edu.table import weighted_sum
        >>> weighted_sum.nested([1, 2, 3, 4, 5])
        ((1, 2), (3, 4), 5)
        """
        if self.arity is not None:
            return tuple(flat)
        n = (len(flat) - self.lists.count(False)) // max(1, self.lists.count(True))
        items = iter(flat)
        return tuple(
            [tuple(islice(items, n)) if is_list else next(items) for is_list in self.lists]
        )

    def fixed_arguments(self, n: int) -> list[bool]:
        """Return for each of n arguments whether it is a fixed number by nature.

        >>> from tinygrad_edu.table import power, softmax
        >>> power.fixed_arguments(2), softmax.fixed_arguments(3)
        ([False, True], [False, False, True])
        """
        operands = zip(self.nested(range(n)), self.lists, self.fixed, strict=True)
        return [fixed for x, many, fixed in operands for _ in (x if many else (x,))]

    def fixed_numbers(self, n: int) -> Sequence[float]:  # noqa: ARG002 - for those that ask
        """Return some numbers that a fixed operand may be, in a call of n arguments."""
        return (2.0, 3.0, 0.5, -1.0)

    def rule(self, y: Any, flat: Sequence[Any], *, written: bool = False) -> Sequence[Any]:
        """Return the partials for arguments in one flat sequence, as one flat sequence.

        >>> from tinygrad_edu.table import tanh, weighted_sum
        >>> weighted_sum.rule(16, [1, 2, 3, 4, 5])
        [3, 4, 1, 2, 1.0]
        """
        rule = self.written if written and self.written else self.partials
        return self.flat(rule(y, *self.nested(flat)))

    # in words and formulas

    def failure(self, error: Exception, numbers: Sequence[Any]) -> Exception:
        """Return ``error``, met in the forward function, with the operation and the numbers."""
        call = f"{self.name}: {self.text(numbers)}"
        if isinstance(error, OverflowError):
            return OverflowError(f"{call} is too large for a float")
        flat = self.flat(numbers)
        needs = [
            f"needs {interval}, not {brief(x)}"
            for x, interval in zip(flat, padded(self.domain, len(flat)), strict=True)
            if not interval.admits(x)
        ]
        kind = ZeroDivisionError if isinstance(error, ZeroDivisionError) else ValueError
        return kind(f"{call} is undefined: {', '.join(needs) or error}")

    def text(self, numbers: Sequence[Any]) -> str:
        """Return the operation on these numbers as Python writes it.

        >>> from tinygrad_edu.table import log, power, weighted_sum
        >>> power.text([-8.0, 3]), log.text([0.0])
        ('(-8.0) ** 3', 'log(0.0)')
        >>> weighted_sum.text(((1.0, 2.0), (3.0, 4.0), 5.0))
        'weighted_sum([1.0, 2.0], [3.0, 4.0], 5.0)'
        """
        if self.code:
            return fill(self.code, [f"({brief(x)})" if x < 0 else brief(x) for x in numbers])
        operands = zip(numbers, self.lists, strict=True)
        written = [brief_list(x) if many else brief(x) for x, many in operands]
        return f"{self.name}({', '.join(written)})"

    def formula(self, args: Sequence[tuple[str, int]]) -> tuple[str, int]:
        r"""Return LaTeX and precedence of the operation, from those of its arguments.

        >>> from tinygrad_edu.table import add, mul
        >>> a_plus_b = add.formula([("a", ATOM), ("b", ATOM)])
        >>> mul.formula([a_plus_b, ("c", ATOM)])
        ('\\left(a + b\\right) \\cdot c', 2)
        """
        pieces = [
            latex if precedence >= bind else rf"\left({latex}\right)"
            for (latex, precedence), bind in zip(args, padded(self.binds, len(args)), strict=True)
        ]
        if callable(self.latex):
            return self.latex(*self.nested(pieces)), self.precedence
        return fill(self.latex, pieces), self.precedence


class Components(Operation):
    """An operation of a list with as many outputs as the list has items, such as softmax.

    A node is one output: the last operand is its index, counted from 0. Called without the index,
    the operation returns the list of all outputs, which share the operands.

    >>> from tinygrad_edu import softmax
    >>> softmax([0.0, 0.0]), softmax([0.0, 0.0], 1)
    ([0.5, 0.5], 0.5)
    """

    @overload  # type: ignore[override]  # a list, where others return a number
    def __call__(self, values: Sequence[float]) -> list[float]: ...  # type: ignore[overload-overlap]  # floats are Values' operands
    @overload
    def __call__(self, values: Sequence[Value | float | Fraction]) -> list[Value]: ...
    @overload
    def __call__(self, values: Any, index: int | None = None) -> Any: ...
    def __call__(self, values: Any, index: int | None = None) -> Any:
        """Compute one output, or all."""
        if index is not None:
            return super().__call__(values, index)
        values = self.listed(values)
        return [
            self.compute((values, i)) for i in range(len(values) or 1)
        ]  # or 1: an error of its own

    def fixed_numbers(self, n: int) -> Sequence[float]:
        """Return the indices of a call of n arguments."""
        return [float(i) for i in range(n - 1)]


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


def brief_list(numbers: Sequence[Any]) -> str:
    """Return a list of numbers for a message, the first few of many.

    >>> brief_list([0.5] * 7)
    '[0.5, 0.5, 0.5, 0.5, 0.5, 0.5, ... 7 in all]'
    """
    more = [f"... {len(numbers)} in all"] if len(numbers) > SEVERAL else []
    return f"[{', '.join([*map(brief, numbers[:SEVERAL]), *more])}]"


def fill(template: str, pieces: Sequence[str]) -> str:
    """Return ``template`` with #1, #2 replaced.

    >>> fill("#1 - #2", ["x", "y"])
    'x - y'
    """
    return re.sub(r"#(\d+)", lambda number: pieces[int(number[1]) - 1], template)
