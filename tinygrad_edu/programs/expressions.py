"""Random expressions made from the table of operations; they run, and they print as Python.

>>> import random
>>> from tinygrad_edu import gradcheck
>>> expression = grow([0.5, 2.0], random.Random(2).choice, size=6)
>>> expression
lambda x, y: ...
>>> bool(gradcheck(expression, *expression.inputs))
True
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from tinygrad_edu.engine import ancestors
from tinygrad_edu.operation import ATOM, Interval, Operation, fill, padded
from tinygrad_edu.recorder import as_number
from tinygrad_edu.table import TABLE
from tinygrad_edu.value import Value

__all__ = ["Expression", "clear", "expression", "grow", "lengths"]

Choose: TypeAlias = "Callable[[Sequence[Any]], Any]"
PlaceOrNumber: TypeAlias = "int | float"
"""An int is the index of an earlier result, with the inputs first; a float is a number."""

MARGIN = 0.05
"""The least distance of arguments from edges of a domain, excluded points and kinks."""
LARGEST = 1e3
"""The largest absolute value of an output or a partial."""
ROWS = tuple(TABLE.values())


class Instruction(NamedTuple):
    """An operation and its operands, in one flat tuple."""

    op: Operation
    operands: tuple[PlaceOrNumber, ...]

    def arguments(self, results: Sequence[Any]) -> list[Any]:
        """Return the operands, with each index replaced by the result at that index."""
        return [results[x] if isinstance(x, int) else x for x in self.operands]


@dataclass(frozen=True, repr=False)
class Expression:
    """A function of numbers or Values: a list of instructions; the last one gives the output."""

    inputs: tuple[float, ...]
    """A point inside the domain of every operation."""
    instructions: tuple[Instruction, ...]

    def __post_init__(self) -> None:
        """Give the inputs their names, for those who look at the signature."""
        # Not a property: python -OO makes dataclasses look at the signature of the class.
        kind = inspect.Parameter.POSITIONAL_ONLY
        signature = inspect.Signature([inspect.Parameter(name, kind) for name in self.names])
        object.__setattr__(self, "__signature__", signature)

    def __call__(self, *inputs: Any, compute: Callable[..., Any] = Operation.compute) -> Any:
        """Run the instructions; ``compute(op, operands)`` may replace the usual way to compute one.

        >>> from tinygrad_edu.table import sin
        >>> Expression((0.0,), (Instruction(sin, (0,)), Instruction(sin, (1,))))(0.0)
        0.0
        """
        results = list(inputs)
        for instruction in self.instructions:
            results.append(
                compute(instruction.op, instruction.op.nested(instruction.arguments(results)))
            )
        return results[-1]

    @property
    def names(self) -> list[str]:
        """The names of the inputs."""
        n = len(self.inputs)
        return list("xyz"[:n]) if n <= 3 else [f"x{i + 1}" for i in range(n)]

    def __repr__(self) -> str:
        """Return the function as Python, and the point as a comment."""
        pairs = zip(self.names, self.inputs, strict=True)
        point = ", ".join(f"{name}={x!r}" for name, x in pairs)
        return f"lambda {', '.join(self.names)}: {self.code}  # at {point}"

    def _repr_pretty_(self, printer: Any, _: object) -> None:
        """Write what Hypothesis prints for a failing test: Python that makes this expression."""
        parts = [f"lambda {', '.join(self.names)}: {self.code}", *map(repr, self.inputs)]
        printer.text(f"expression({', '.join(parts)})")

    @property
    def code(self) -> str:
        """The output as Python; a result that is used more than once gets a name."""
        uses = Counter(
            x
            for instruction in self.instructions
            for x in instruction.operands
            if isinstance(x, int)
        )
        names = dict(enumerate(self.names))

        def text(x: PlaceOrNumber) -> tuple[str, int]:
            if not isinstance(x, int):
                return repr(x), ATOM if x >= 0 else 0
            if x in names:
                return names[x], ATOM
            op, operands = self.instructions[x - len(self.inputs)]
            written, precedence = python(op, [text(operand) for operand in operands])
            if uses[x] < 2:
                return written, precedence
            names[x] = f"t{len(names) - len(self.inputs) + 1}"
            return f"({names[x]} := {written})", ATOM

        return text(len(self.inputs) + len(self.instructions) - 1)[0]


def expression(function: Callable[..., Value], *inputs: float) -> Expression:
    """Return a function of Values as an expression at a point; failing tests print such calls.

    >>> from tinygrad_edu.table import tanh
    >>> expression(lambda x, y: tanh(x * y) + 1.0, 0.5, 2.0)
    lambda x, y: tanh(x * y) + 1.0  # at x=0.5, y=2.0
    """
    leaves = [Value(x) for x in inputs]
    places: dict[Any, PlaceOrNumber] = {leaf: place for place, leaf in enumerate(leaves)}
    instructions: list[Instruction] = []
    for node in reversed(ancestors(function(*leaves))):
        if node.op is not None:
            operands = [places.get(arg, as_number(arg)) for arg in node.args]
            places[node] = len(places)
            instructions.append(Instruction(node.op, tuple(operands)))
    return Expression(inputs, tuple(instructions))


def python(op: Operation, args: Sequence[tuple[str, int]]) -> tuple[str, int]:
    """Return an operation as Python code, with its precedence; arguments are given as such pairs.

    >>> from tinygrad_edu.table import mul, total
    >>> python(mul, [("x + y", 1), ("z", ATOM)])
    ('(x + y) * z', 1)
    >>> python(total, [("x", ATOM), ("y", ATOM)])
    ('total([x, y])', 9)
    """
    if op.code:
        return fill(op.code, [x if bind == ATOM else f"({x})" for x, bind in args]), 1
    texts = [text for text, _ in args]
    pieces = [
        piece if isinstance(piece, str) else f"[{', '.join(piece)}]" for piece in op.nested(texts)
    ]
    return f"{op.name}({', '.join(pieces)})", ATOM


# --- how many arguments ---------------------------------------------------------------------------


def lengths(op: Operation) -> list[int]:
    """Return the numbers of arguments to try.

    >>> from tinygrad_edu.table import half_squared_error, tanh
    >>> lengths(tanh), lengths(half_squared_error)
    ([1], [2, 4, 6])
    """
    if op.arity is not None:
        return [op.arity]
    lists, others = op.lists.count(True), op.lists.count(False)
    longest = (6 - others) // lists if lists else 1
    return [n * lists + others for n in range(1, longest + 1)]


# --- random expressions ---------------------------------------------------------------------------


def grow(
    inputs: Sequence[float],
    choose: Choose,
    size: int,
    operations: Sequence[Operation] = ROWS,
) -> Expression:
    """Return an expression of up to ``size`` operations that is defined and smooth at ``inputs``.

    Some results are used more than once, so that there are many paths. Results that the output
    does not depend on are left out.

    Args:
        inputs: the point; numbers of moderate size.
        choose: picks one item of a sequence, as ``random.choice`` does.
        size: how many operations to try.
        operations: the operations to choose from.
    """
    results = list(inputs)
    instructions: list[Instruction] = []
    for _ in range(size):
        op = choose(operations)
        used = {x for instruction in instructions for x in instruction.operands}
        try:
            instruction = Instruction(op, operands_for(op, results, used, choose))
            arguments = instruction.arguments(results)
            fit = smooth(op, arguments)
        except (ArithmeticError, ValueError):
            continue
        if fit:
            instructions.append(instruction)
            results.append(float(op.forward(*op.nested(arguments))))
    return pruned(inputs, instructions)


def operands_for(
    op: Operation, results: Sequence[float], used: set[PlaceOrNumber], choose: Choose
) -> tuple[PlaceOrNumber, ...]:
    """Return operands in the domain of ``op``; half of the time results that nothing uses yet."""
    places: list[int] = []
    for interval in padded(op.domain, choose(lengths(op))):
        fit = [place for place, x in enumerate(results) if clear(interval, x)]
        fresh = [place for place in fit if place not in used and place not in places]
        if not fit:
            message = f"no result lies in the domain of {op}"
            raise ValueError(message)
        places.append(choose(fresh if fresh and choose([True, False]) else fit))
    return tuple(
        [
            choose(op.fixed_numbers(len(places))) if fixed else place
            for place, fixed in zip(places, op.fixed_arguments(len(places)), strict=True)
        ]
    )


def smooth(op: Operation, arguments: Sequence[float]) -> bool:
    """Tell whether ``op`` has moderate partials at ``arguments``, away from edges and kinks.

    >>> from tinygrad_edu.table import relu
    >>> smooth(relu, [0.01]), smooth(relu, [1.0])
    (False, True)
    """
    y = op.forward(*op.nested(arguments))
    partials = [p for p in op.rule(y, arguments) if p is not None]
    return (
        all(map(clear, padded(op.domain, len(arguments)), arguments))
        and all(abs(x) <= LARGEST for x in (y, *partials))
        and (op.kink is None or abs(op.kink(*op.nested(arguments))) >= MARGIN)
    )


def clear(interval: Interval, x: float) -> bool:
    """Tell whether ``x`` lies inside the interval, well away from its edges.

    >>> clear(Interval(low=0), 0.01), clear(Interval(low=0), 1.0)
    (False, True)
    """
    return interval.low + MARGIN <= x <= interval.high - MARGIN and all(
        abs(x - point) >= MARGIN for point in interval.excluded
    )


def pruned(inputs: Sequence[float], instructions: Sequence[Instruction]) -> Expression:
    """Return the expression without the inputs and results that its output does not depend on."""
    n = len(inputs)
    needed = {n + len(instructions) - 1}
    for place in range(n + len(instructions) - 1, n - 1, -1):
        if place in needed:
            needed |= {x for x in instructions[place - n].operands if isinstance(x, int)}
    moved = {place: i for i, place in enumerate(sorted(needed))}
    return Expression(
        tuple([x for place, x in enumerate(inputs) if place in needed]),
        tuple(
            [
                Instruction(op, tuple([moved[x] if isinstance(x, int) else x for x in operands]))
                for place, (op, operands) in enumerate(instructions, start=n)
                if place in needed
            ]
        ),
    )
