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

__all__ = ["WrongChains", "only_one_path"]

MOST_PATHS = 6
"""With more paths than this, single paths are not looked for in a wrong answer."""

MOST_FUNCTIONS = 24
"""With more functions than this, mistakes in a single one are not looked for."""


def only_one_path(n: int, path: str) -> str:
    """Say that a number is only one of several paths."""
    return f"that is only one of {n} paths, {path}; add the others"


class WrongChains:
    """The wrong gradients that follow when something is forgotten anywhere along the chain."""

    def __init__(self, walk: Steps) -> None:
        """Keep the passes; nothing is computed before somebody gives a wrong answer."""
        self.walk = walk

    def to_gradient(self, x: Value, terms: int) -> Iterator[WrongNumber]:
        """Yield the wrong gradients of x that follow from missing paths or wrong derivatives.

        Args:
            x: the Value whose gradient is asked for.
            terms: how many contributions its gradient has.
        """
        yield from self.paths(x, terms)
        for what, gradients in self.broken:
            if x in gradients:
                yield WrongNumber(gradients[x], what)

    def to_contribution(self, term: Term) -> Iterator[WrongNumber]:
        """Yield the wrong contributions that follow from a wrong derivative further up."""
        for what, gradients in self.broken:
            yield WrongNumber(gradients[term.step.node] * float(term.partial), what)

    def paths(self, x: Value, terms: int) -> Iterator[WrongNumber]:
        """Yield single paths, and sums that lack one, if there are more paths than contributions.

        If there are more than ``MOST_PATHS``, nothing is yielded.
        """
        found = Paths(self.walk.root, x, self.walk.names)
        n = found.count
        if terms < n <= MOST_PATHS:
            listed = list(found)
            for path in listed:
                yield WrongNumber(float(path.product), only_one_path(n, path.formula))
            total = float(sum(path.product for path in listed))
            if n > 2:
                for path in listed:
                    what = f"one of {n} paths is missing: {path.formula}"
                    yield WrongNumber(total - float(path.product), what)

    @cached_property
    def broken(self) -> list[tuple[str, dict[Value, float]]]:
        """All gradients, for each function whose derivative is left out or replaced."""
        nodes = [
            step.node for step in self.walk.forward
            if step.node.op is not None and step.node.op.arity == 1 and step.node.op is not neg
        ]  # fmt: skip
        kinds = Counter(node.op for node in nodes)
        found = []
        for node in nodes if len(nodes) <= MOST_FUNCTIONS else []:
            [arg] = node.args
            d = self.walk.board.d(node, arg)  # type: ignore[arg-type]  # unary: one Value
            found += self.with_wrong_derivatives({node}, node.op, d)
        for op, n in kinds.items():
            if n > 1:
                nodes_of_op = {node for node in nodes if node.op is op}
                found += self.with_wrong_derivatives(nodes_of_op, op)
        return found

    def with_wrong_derivatives(
        self, nodes: set[Value], op: Any, derivative: str = ""
    ) -> list[tuple[str, dict[Value, float]]]:
        """Return all gradients with the function itself, or 1, in place of its derivative.

        Args:
            nodes: the results of the function where this happens.
            op: the function.
            derivative: what the derivative is called; left out if it happens everywhere.
        """
        if derivative:
            replaced = f"{op.symbol} itself was used instead of its derivative {derivative}"
            missing = f"the derivative of {op.symbol}, {derivative}, is missing"
        else:
            replaced = f"{op.symbol} itself was used instead of its derivative everywhere"
            missing = f"the derivative of {op.symbol} is missing everywhere"
        return [
            (replaced, self.gradients(lambda x: x.data if x in nodes else None)),
            (missing, self.gradients(lambda x: 1 if x in nodes else None)),
        ]

    def gradients(self, mistaken: Callable[[Value], Any]) -> dict[Value, float]:
        """Return the gradients that the engine computes with some derivatives replaced.

        Args:
            mistaken: takes a node and returns the derivative to use at an operation of one
                argument, or None for the right partials.
        """

        def partials(node: Value) -> tuple[Any, Any]:
            wrong = mistaken(node)
            return stored(node, node.partials if wrong is None else [wrong])

        found = adjoints(self.walk.root, *one_and_zero(self.walk.root), partials)
        return {node: float(adjoint) for node, adjoint in found.items()}
