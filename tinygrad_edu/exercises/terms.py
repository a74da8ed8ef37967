"""The contributions to the gradient of a Value, one from each node that uses it."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple

from tinygrad_edu.exercises.question import WrongNumber
from tinygrad_edu.explain.passes import BackwardStep, Steps
from tinygrad_edu.value import Value

__all__ = ["Term", "exact_or_float", "terms_of"]


def terms_of(walk: Steps) -> dict[Value, dict[Value, Term]]:
    """Return the contributions to the gradient of each Value, by the node they come from."""
    terms: dict[Value, dict[Value, Term]] = {}
    for step in walk:
        if isinstance(step, BackwardStep):
            of_arg = terms.setdefault(step.arg, {})
            before = of_arg.get(step.node)
            partial = exact_or_float(step.partial)
            contribution = exact_or_float(step.contribution)
            if before is not None:  # the operation uses the argument more than once
                partial, contribution = partial + before.partial, contribution + before.contribution
            of_arg[step.node] = Term(step, partial, contribution, is_only=True)
    return {
        arg: {node: term._replace(is_only=len(of_arg) == 1) for node, term in of_arg.items()}
        for arg, of_arg in terms.items()
    }


class Term(NamedTuple):
    """The contribution of one node to the gradient of an argument, over all edges between them."""

    step: BackwardStep
    partial: Any
    contribution: Any
    is_only: bool
    """Whether no other node uses the argument."""

    @property
    def is_of_root(self) -> bool:
        """Whether the node is the root, so that the upstream gradient is 1."""
        return self.step.node is self.step.root

    @property
    def is_all(self) -> bool:
        """Whether the local derivative is the whole gradient."""
        return self.is_of_root and self.is_only

    @property
    def local(self) -> str:
        """The name of the local derivative."""
        return self.step.board.local(self.step.node, self.step.arg)

    @property
    def upstream(self) -> str:
        """The name of the upstream gradient."""
        return self.step.board.d(self.step.root, self.step.node)

    @property
    def name(self) -> str:
        """The name of the contribution."""
        step = self.step
        return f"{step.board.d(step.root, step.arg)} via {step.names[step.node]}"

    @property
    def chain(self) -> str:
        """The contribution as a formula."""
        return self.local if self.is_of_root else f"{self.upstream} · {self.local}"

    def numbers(self, *, leads: bool = True) -> str:
        """Return the contribution with its numbers; ``leads`` if it is the first term of a sum."""
        board = self.step.board
        if self.is_of_root:
            return board.factor(self.partial, leads=leads)
        upstream = board.factor(self.step.upstream, leads=leads)
        return f"{upstream} · {board.factor(self.partial)}"

    def single_factors(self) -> Iterator[WrongNumber]:
        """Yield each factor of the contribution as a wrong number: the other one is forgotten."""
        if not self.is_of_root:
            what = f"that is {self.local} alone, without the upstream gradient {self.upstream}"
            yield WrongNumber(float(self.partial), what)
            what = f"that is the upstream gradient {self.upstream} alone, without {self.local}"
            yield WrongNumber(float(self.step.upstream), what)


def exact_or_float(x: Any) -> Any:
    """Return a number as a float; a Fraction stays one."""
    return x if isinstance(x, Fraction) else float(x)
