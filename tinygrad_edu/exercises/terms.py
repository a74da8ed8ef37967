"""What each user of a Value contributes to its gradient."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple

from tinygrad_edu.exercises.question import WrongNumber
from tinygrad_edu.explain.passes import BackwardStep, Steps
from tinygrad_edu.value import Value

__all__ = ["Term", "plain", "terms_of"]


def terms_of(walk: Steps) -> dict[Value, dict[Value, Term]]:
    """Return for each Value that takes a gradient what each of its users contributes."""
    terms: dict[Value, dict[Value, Term]] = {}
    for step in walk:
        if isinstance(step, BackwardStep):
            of_arg = terms.setdefault(step.arg, {})
            before = of_arg.get(step.node)
            partial, contribution = plain(step.partial), plain(step.contribution)
            if before is not None:  # an argument that is used twice in one operation
                partial, contribution = partial + before.partial, contribution + before.contribution
            of_arg[step.node] = Term(step, partial, contribution, is_only=True)
    return {
        arg: {node: term._replace(is_only=len(of_arg) == 1) for node, term in of_arg.items()}
        for arg, of_arg in terms.items()
    }


class Term(NamedTuple):
    """What one user contributes to a gradient, over all edges from it."""

    step: BackwardStep
    partial: Any
    contribution: Any
    is_only: bool
    """Whether there is no other user."""

    @property
    def is_of_root(self) -> bool:
        """Whether the user is the root, so that nothing comes from above."""
        return self.step.node is self.step.root

    @property
    def is_all(self) -> bool:
        """Whether the local derivative is the whole gradient."""
        return self.is_of_root and self.is_only

    @property
    def local(self) -> str:
        """What the local derivative is called."""
        return self.step.board.local(self.step.node, self.step.arg)

    @property
    def upstream(self) -> str:
        """What the gradient is called that comes from above."""
        return self.step.board.d(self.step.root, self.step.node)

    @property
    def name(self) -> str:
        """What the contribution is called."""
        step = self.step
        return f"{step.board.d(step.root, step.arg)} via {step.names[step.node]}"

    @property
    def chain(self) -> str:
        """The contribution as a formula."""
        return self.local if self.is_of_root else f"{self.upstream} · {self.local}"

    def numbers(self, *, leads: bool = True) -> str:
        """Return the contribution with its numbers, as the first of a sum or a further one."""
        board = self.step.board
        if self.is_of_root:
            return board.factor(self.partial, leads=leads)
        upstream = board.factor(self.step.upstream, leads=leads)
        return f"{upstream} · {board.factor(self.partial)}"

    def halves(self) -> Iterator[WrongNumber]:
        """Yield what is only one factor of the contribution."""
        if not self.is_of_root:
            what = f"that is {self.local} alone, without the upstream gradient {self.upstream}"
            yield WrongNumber(float(self.partial), what)
            what = f"that is the upstream gradient {self.upstream} alone, without {self.local}"
            yield WrongNumber(float(self.step.upstream), what)


def plain(x: Any) -> Any:
    """Return a number as a float, unless it is exact."""
    return x if isinstance(x, Fraction) else float(x)
