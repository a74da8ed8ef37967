"""A graph that was played on somebody else's engine, and the order in which its nodes may go."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress, product
from typing import Any

from tinygrad_edu.check.engines.broken import (
    Children,
    Send,
    Walk,
    args_and_partials,
    newest_first,
    play,
)
from tinygrad_edu.engine import ancestors
from tinygrad_edu.programs.expressions import Expression
from tinygrad_edu.value import Value

__all__ = ["Observation", "alike", "twice"]

CLOSE = 1e-4  # relative: engines may add up in another order, or approximate a little

NOISE = 1e-6  # where contributions cancel


def twice(x: Any, f: Callable[[Any], Any]) -> Any:
    """Return f(x): a way to name an intermediate result in a lambda."""
    return f(x)


@dataclass(frozen=True)
class Observation:
    """A graph, and what the engine makes of it."""

    expression: Expression
    root: Value
    """The same graph on the engine of this package."""
    leaves: tuple[Value, ...]
    data: float
    gradients: tuple[float, ...]

    def right(self) -> tuple[float, ...]:
        """Return the right gradients of the leaves."""
        found = play(self.root)
        return tuple(found.get(leaf, 0.0) for leaf in self.leaves)

    def is_right(self) -> bool:
        """Tell whether the gradients are right."""
        return alike(self.gradients, self.right())

    def factor(self) -> float | None:
        """Return by what all gradients of the graph are off; None if there is no one factor."""
        pairs = [(got, x) for got, x in zip(self.gradients, self.right(), strict=True) if x]
        factors = [got / x for got, x in pairs]
        return factors[0] if factors and alike(factors, factors[:1] * len(factors)) else None

    def fits_ones(self) -> bool:
        """Tell whether the gradients are those of a pass that begins with 1 at every node."""
        found = play(self.root, others=1.0)
        return alike(self.gradients, [found.get(leaf, 1.0) for leaf in self.leaves])

    def is_value_right(self) -> bool:
        """Tell whether the number of the output is right."""
        return alike([self.data], [self.root.data])

    def fits(
        self, walk: Walk, send: Send, is_broken: Callable[[Value], bool], *, once: bool
    ) -> bool:
        """Tell whether an engine with a mistake gives these gradients, in some order of operands.

        Args:
            walk: how it walks.
            send: how it sends.
            is_broken: which nodes send so.
            once: whether an operand that stands in two places is gone to once.
        """
        for children in orders(self.root, once=once) if walk is not newest_first else [same_order]:
            try:
                found = play(
                    self.root, walk=walk, send=send, children=children, is_broken=is_broken
                )
            except RecursionError:
                return False
            if alike(self.gradients, [found.get(leaf, 0.0) for leaf in self.leaves]):
                return True
        return False

    def told(self) -> str:
        """Return the expression with the numbers that came out and the right ones."""
        names, point = self.expression.names, self.expression.inputs
        where = ", ".join(f"{n} = {x:g}" for n, x in zip(names, point, strict=True))
        wrong = [
            f"{n}.grad is {got:.6g}, right is {right:.6g}"
            for n, got, right in zip(names, self.gradients, self.right(), strict=True)
            if not alike([got], [right])
        ]
        return f"{self.expression.code} at {where}: {'; '.join(wrong)}"


def same_order(node: Value) -> list[Value]:
    """Return the operands as they stand."""
    return [arg for arg, _ in args_and_partials(node)]


def orders(root: Value, *, once: bool) -> Iterator[Children]:
    """Yield the orders in which a walk may go to the operands.

    From a list they are taken from the left or from the right. A set has an order of its own at
    each node, and no operand twice.
    """
    if not once:
        yield same_order
        yield lambda node: same_order(node)[::-1]
        return

    def operands(node: Value) -> list[Value]:
        return [*dict.fromkeys(same_order(node))]

    forks = [node for node in ancestors(root) if len(operands(node)) > 1]

    def turning(those: set[Value]) -> Children:
        return lambda node: operands(node)[::-1] if node in those else operands(node)

    for turned in product((False, True), repeat=len(forks)):
        yield turning({*compress(forks, turned)})


def alike(found: Sequence[float], right: Sequence[float]) -> bool:
    """Tell whether numbers are the same but for rounding."""
    return all(
        math.isclose(x, y, rel_tol=CLOSE, abs_tol=NOISE) for x, y in zip(found, right, strict=True)
    )
