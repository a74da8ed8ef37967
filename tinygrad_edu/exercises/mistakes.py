"""Wrong gradients that come from a mistake further up the chain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

from tinygrad_edu.engine import adjoints
from tinygrad_edu.exercises.question import WrongNumber
from tinygrad_edu.exercises.terms import Term
from tinygrad_edu.explain.passes import Steps
from tinygrad_edu.explain.paths import Paths
from tinygrad_edu.recorder import stored
from tinygrad_edu.table import neg
from tinygrad_edu.value import Value, one_and_zero

__all__ = ["WrongChains", "one_of"]

MOST_PATHS = 6  # of which each alone may be taken for the whole gradient

MOST_FUNCTIONS = 24  # of which each alone may have got a wrong derivative


def one_of(n: int, path: str) -> str:
    """Say of a number that it is only a part of the sum."""
    return f"that is one of {n} paths alone, {path}; add the others"


class WrongChains:
    """Gradients that come out if something is forgotten anywhere along the chain."""

    def __init__(self, walk: Steps) -> None:
        """Keep the passes; nothing is worked out before somebody is wrong."""
        self.walk = walk

    def to_gradient(self, x: Value, terms: int) -> Iterator[WrongNumber]:
        """Yield what a gradient is taken for along one path only, or with a wrong derivative."""
        yield from self.paths(x, terms)
        for what, gradients in self.broken:
            if x in gradients:
                yield WrongNumber(gradients[x], what)

    def to_contribution(self, term: Term) -> Iterator[WrongNumber]:
        """Yield what a contribution is taken for with a wrong derivative above."""
        for what, gradients in self.broken:
            yield WrongNumber(gradients[term.step.node] * float(term.partial), what)

    def paths(self, x: Value, terms: int) -> Iterator[WrongNumber]:
        """Yield the products of single paths, if there are few, and more than contributions."""
        found = Paths(self.walk.root, x, self.walk.names)
        n = found.count
        if terms < n <= MOST_PATHS:
            listed = list(found)
            for path in listed:
                yield WrongNumber(float(path.product), one_of(n, path.formula))
            total = float(sum(path.product for path in listed))
            if n > 2:
                for path in listed:
                    what = f"that is without one of {n} paths, {path.formula}"
                    yield WrongNumber(total - float(path.product), what)

    @cached_property
    def broken(self) -> list[tuple[str, dict[Value, float]]]:
        """All gradients, for each function whose derivative is left out or mistaken."""
        nodes = [
            step.node for step in self.walk.forward
            if step.node.op is not None and step.node.op.arity == 1 and step.node.op is not neg
        ]  # fmt: skip
        kinds = Counter(node.op for node in nodes)
        found = []
        for node in nodes if len(nodes) <= MOST_FUNCTIONS else []:
            [arg] = node.args
            d = self.walk.board.d(node, arg)  # type: ignore[arg-type]  # unary: one Value
            found += self.without({node}, node.op, d)
        for op, n in kinds.items():
            if n > 1:
                found += self.without({node for node in nodes if node.op is op}, op, "everywhere")
        return found

    def without(
        self, nodes: set[Value], op: Any, where: str
    ) -> list[tuple[str, dict[Value, float]]]:
        """Return the gradients with the functions themselves, or 1, for their derivatives."""
        return [
            (
                f"that is with {op.symbol} itself in place of its derivative {where}",
                self.gradients(lambda x: x.data if x in nodes else None),
            ),
            (
                f"that is without the derivative of {op.symbol}, {where}",
                self.gradients(lambda x: 1 if x in nodes else None),
            ),
        ]

    def gradients(self, mistaken: Callable[[Value], Any]) -> dict[Value, float]:
        """Return what the engine makes of other derivatives of some operations of one argument."""

        def partials(node: Value) -> tuple[Any, Any]:
            wrong = mistaken(node)
            return stored(node, node.partials if wrong is None else [wrong])

        found = adjoints(self.walk.root, *one_and_zero(self.walk.root), partials)
        return {node: float(adjoint) for node, adjoint in found.items()}
