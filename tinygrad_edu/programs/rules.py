"""Rules of the table as lines of Python, for numbers or for arrays.

A rule is an ordinary Python function. Called with operands that write down each operation on them,
it produces the lines of a program.

>>> from tinygrad_edu.table import tanh
>>> lines = ProgramLines(lambda op: op.forward)
>>> lines.partials(tanh, "y", ["x"])
['t1']
>>> print(lines)
t0 = y * y
t1 = 1 - t0
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from tinygrad_edu import table
from tinygrad_edu.operation import Operation

__all__ = ["NAMED_NUMBERS", "ProgramLines", "handed_over", "name_in"]

INFIX_CODE = {
    operator.add: "#1 + #2",
    operator.sub: "#1 - #2",
    operator.mul: "#1 * #2",
    operator.truediv: "#1 / #2",
    operator.neg: "-#1",
}
"""Forward functions that Python writes with an operator; #1 and #2 are the operands."""

NAMED_NUMBERS: dict[str, Any] = {"inf": math.inf, "nan": math.nan}
"""Numbers whose repr is a name, which programs must know."""


class ProgramLines:
    """The lines of a program that is being written, and the functions that it calls.

    Args:
        function: returns the function that computes an operation in this program.
        functions: the names that the program knows; functions that it calls are added.
    """

    def __init__(
        self, function: Callable[[Operation], Any], functions: dict[str, Any] | None = None
    ) -> None:
        """Start without lines."""
        self.function = function
        self.functions = {**NAMED_NUMBERS} if functions is None else functions
        self.lines: list[str] = []
        self.names: dict[str, str] = {}
        self.numbers = count()

    def __str__(self) -> str:
        """Return the program."""
        return "\n".join(self.lines)

    def call(self, op: Operation, operands: Sequence[str]) -> str:
        """Return the expression that computes an operation on operands."""
        if op.forward in INFIX_CODE:
            first, *second = operands
            return INFIX_CODE[op.forward].replace("#1", first).replace("#2", "".join(second))
        function = name_in(self.functions, op, self.function(op))
        return f"{function}({handed_over(op, operands)})"

    def named(self, expression: str) -> str:
        """Return a name for an expression; equal expressions share one and are computed once."""
        if expression not in self.names:
            self.names[expression] = name = f"t{next(self.numbers)}"
            self.lines.append(f"{name} = {expression}")
        return self.names[expression]

    def partials(
        self, op: Operation, y: str, operands: Sequence[Any], wanted: Sequence[bool] | None = None
    ) -> list[Any]:
        """Write the rule of an operation; return its partials as names, numbers or None.

        An operand is a name in the program, or a number where the rule needs to know it. Lines for
        partials that are not ``wanted`` are left out. Raises TypeError if the rule cannot be
        written down.
        """
        start = len(self.lines)
        given = [Written(x, self) if isinstance(x, str) else x for x in operands]
        try:
            # The written rule is shorter, but on lists it may assume that targets add up to 1.
            partials = op.rule(Written(y, self), given, written=op.arity is not None)
        except (TypeError, AttributeError) as error:
            message = f"replay: the rule of {op.name} cannot be written down: {error}"
            raise TypeError(message) from None
        found = [p.name if isinstance(p, Written) else p for p in partials]
        if wanted is not None:
            self.keep(start, {str(p) for p, keep in zip(found, wanted, strict=True) if keep})
        return found

    def keep(self, start: int, needed: set[str]) -> None:
        """From line ``start`` on, keep only the lines that the ``needed`` names depend on."""
        kept = []
        for line in reversed(self.lines[start:]):
            name, _, expression = line.partition(" = ")
            if name in needed:
                kept.append(line)
                needed.update(re.findall(r"\bt\d+\b", expression))
            else:
                del self.names[expression]
        self.lines[start:] = reversed(kept)


def handed_over(op: Operation, operands: Sequence[str]) -> str:
    """Return the text of the arguments of a call; lists are written as tuples.

    >>> from tinygrad_edu.table import weighted_sum
    >>> handed_over(weighted_sum, ["w", "x", "b"])
    '(w,), (x,), b'
    """
    given = zip(op.nested(operands), op.lists, strict=True)
    return ", ".join([f"({', '.join(x)},)" if many else x for x, many in given])


def name_in(functions: dict[str, Any], op: Operation, function: Any) -> str:
    """Return the name of a function in a program; two operations of one name get different ones.

    >>> from tinygrad_edu.table import exp
    >>> known = {}
    >>> name_in(known, exp, abs), name_in(known, exp, max), name_in(known, exp, abs)
    ('f_exp', 'f_exp_', 'f_exp')
    """
    name = re.sub(r"\W", "_", f"f_{op.name}")
    while functions.setdefault(name, function) is not function:
        name += "_"
    return name


def write_operation(op: Operation, operands: Sequence[Any]) -> Written:
    """Write down an operation on operands, at least one of which is a Written."""
    flat = op.flat(operands)
    lines = next(x.lines for x in flat if isinstance(x, Written))
    names = [
        x.name if isinstance(x, Written) else repr(x if type(x) is int else float(x)) for x in flat
    ]
    return Written(lines.named(lines.call(op, names)), lines)


def method(op: Operation) -> Any:
    """Return the method that implements an operator, such as ``__add__``."""
    return lambda x, y: write_operation(op, (x, y))


def reflected(op: Operation) -> Any:
    """Return the method for a number on the left, such as ``__radd__``."""
    return lambda y, x: write_operation(op, (x, y))


class Written:
    """An operand that writes down each operation on it as a line of a program."""

    __record__ = staticmethod(write_operation)
    __add__, __radd__ = method(table.add), reflected(table.add)
    __sub__, __rsub__ = method(table.sub), reflected(table.sub)
    __mul__, __rmul__ = method(table.mul), reflected(table.mul)
    __truediv__, __rtruediv__ = method(table.div), reflected(table.div)
    __pow__, __rpow__ = method(table.power), reflected(table.power)

    def __init__(self, name: str, lines: ProgramLines) -> None:
        """Keep the name, and the program that lines are added to."""
        self.name = name
        self.lines = lines

    def __neg__(self) -> Written:
        return write_operation(table.neg, (self,))

    def __pos__(self) -> Written:
        return self

    def __abs__(self) -> Written:
        return write_operation(table.abs, (self,))

    def __bool__(self) -> bool:
        message = "it branches on a number; use step, maximum or abs instead"
        raise TypeError(message)

    def __lt__(self, _: object) -> bool:
        return bool(self)

    __le__ = __gt__ = __ge__ = __eq__ = __ne__ = __lt__
    __hash__ = None  # type: ignore[assignment]  # no hash, since __eq__ raises
