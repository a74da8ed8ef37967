"""Which mistake the derivative of a single operation has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from tinygrad_edu.check.engines.broken import args_and_partials
from tinygrad_edu.check.engines.played import Observation, alike
from tinygrad_edu.engine import ancestors
from tinygrad_edu.operation import Operation
from tinygrad_edu.recorder import as_number

__all__ = ["UPSTREAM", "alone", "own_mistake"]

UPSTREAM = -1.5


def alone(op: Operation, point: Sequence[float]) -> tuple[Callable[..., Any], list[float]]:
    """Return a function that is one operation, and its inputs; a fixed number is part of it."""
    fixed = op.fixed_arguments(len(point))

    def f(*xs: Any) -> Any:
        given = iter(xs)
        return op.compute(
            tuple([x if f else next(given) for x, f in zip(point, fixed, strict=True)])
        )

    return f, [x for x, is_fixed in zip(point, fixed, strict=True) if not is_fixed]


def own_mistake(op: Operation, observed: list[Observation]) -> str:
    """Return the kind of mistake in the derivative of one operation."""
    seen = [
        (Inner.of(op, o), k, got, right)
        for o in observed
        for k, (got, right) in enumerate(partials_of(op, o))
    ]
    bad = [case for case in seen if not alike([case[2]], [case[3]])]
    for kind, guess in guesses(op):
        if all(any(alike([got], [x]) for x in guess(n, k)) for n, k, got, _ in bad):
            return kind
    return "power_rule" if op.name == "power" else "wrong_derivative"


def partials_of(op: Operation, o: Observation) -> list[tuple[float, float]]:
    """Return for each operand the gradient that came out, and the right one."""
    n = op.arity if not any(op.fixed_arguments(op.arity or 1)) else 1
    return [*zip(o.gradients, o.right(), strict=True)][:n]


def guesses(op: Operation) -> Iterator[tuple[str, Callable[[Inner, int], list[float]]]]:
    """Yield kinds of mistakes, each with the gradients that it would give to operand k."""
    if op.name == "relu":
        yield "relu_mask", lambda n, _: [0.0, n.upstream]
    yield "no_upstream", lambda n, k: [n.partials[k]]
    yield "no_gradient", lambda *_: [0.0]
    if op.name == "power":
        return
    yield "sign", lambda n, k: [-n.upstream * n.partials[k]]
    yield "swapped", lambda n, k: [n.upstream * p for p in n.partials[1 - k : 2 - k]]
    yield "no_local_derivative", lambda n, _: [n.upstream]
    yield "input_for_output", lambda n, _: n.by_rule(n.args, n.args)
    yield "output_for_input", lambda n, _: n.by_rule([n.y], [n.y])
    yield "function_for_derivative", lambda n, _: [n.upstream * n.y]


class Inner(NamedTuple):
    """The node of one operation in a graph, and the gradient that comes to it."""

    op: Operation
    y: Any
    args: list[Any]
    partials: list[Any]
    upstream: float

    @classmethod
    def of(cls, op: Operation, o: Observation) -> Inner:
        """Find it: it was made first."""
        node = [n for n in ancestors(o.root) if n.op is op][-1]
        ways = args_and_partials(node)
        upstream = 1.0 if node is o.root else UPSTREAM
        return cls(op, node.data, [*map(as_number, node.args)], [p for _, p in ways], upstream)

    def by_rule(self, output: list[Any], args: list[Any]) -> list[float]:
        """Return the gradient by the rule of the operation, with other numbers put in.

        A rule may be written in two ways: from the output, and from the input.
        """
        if self.op.arity != 1:
            return []
        found = []
        for written in (True, False):
            with suppress(ArithmeticError, ValueError):
                found.append(self.upstream * self.op.rule(output[0], args, written=written)[0])
        return found
