"""One question: what is asked, the right number, and what can be said about wrong ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from tinygrad_edu.formulas.markup import DIGITS, shown_number
from tinygrad_edu.value import Value

__all__ = ["MISTAKE_TOLERANCE", "Explanation", "Question", "WrongNumber", "is_near"]

MISTAKE_TOLERANCE = 5e-3
"""How near, relative to it, an answer must be to a wrong number to count as that mistake."""


class WrongNumber(NamedTuple):
    """A wrong number, and the mistake that leads to it."""

    number: float
    what: str


class Explanation(NamedTuple):
    """How a number is worked out."""

    hints: tuple[str, ...]
    """Formulas; the last one is with numbers."""
    needs: list[str]
    """The names of the numbers in the formulas."""


@dataclass(frozen=True, eq=False)
class Question:
    """One number that is asked for, with everything that can be said about it.

    A graph may have very many questions, so explanations and mistakes are worked out on demand.
    """

    kind: str
    """forward, local, contribution or gradient."""
    name: str
    """The name of the number, such as ∂L/∂w₁₁⁽²⁾."""
    asked: str
    """The text before the question mark: the name and, in the forward pass, the formula."""
    value: Any
    """The right number: a float, or a Fraction where the graph is exact."""
    explain: Callable[[], Explanation]
    """Returns how the number is worked out."""
    wrong: Callable[[], Iterable[WrongNumber]]
    """Returns wrong numbers; each may also come with the other sign."""
    error: Callable[[], float]
    """Returns an error bound for an answer computed from the rounded numbers on the sheet."""
    node: Value
    """The operation's result: its value is asked for, or its derivative."""
    arg: Value | None = None
    """The argument with respect to which the derivative is taken."""
    deeper: Callable[[], Iterable[WrongNumber]] = tuple
    """Returns wrong numbers that come from mistakes further up the chain."""

    @cached_property
    def explanation(self) -> Explanation:
        """How the number is worked out."""
        return self.explain()

    @property
    def hints(self) -> tuple[str, ...]:
        """How the number is worked out, as formulas; the last one is with numbers."""
        return self.explanation.hints

    @property
    def needs(self) -> list[str]:
        """The names of the numbers that it is worked out from."""
        return self.explanation.needs

    @cached_property
    def slack(self) -> float:
        """How far off an answer may be, in addition to its own rounding.

        A student who multiplies the rounded numbers on the sheet must not be marked wrong.
        """
        error = self.error()
        return error if math.isfinite(error) else 0.0

    @cached_property
    def mistakes(self) -> list[WrongNumber]:
        """Wrong numbers; an answer is explained by the first one that it is near to."""
        found = [WrongNumber(-float(self.value), "the sign is wrong")]
        for x, what in self.wrong():
            found += [WrongNumber(x, what), WrongNumber(-x, f"{what}; the sign is wrong, too")]
        found += self.deeper()
        different: dict[str, WrongNumber] = {}
        for mistake in found:
            different.setdefault(f"{mistake.number:.6g}", mistake)
        return [
            mistake for mistake in different.values()
            if mistake.number and math.isfinite(mistake.number)
            and not is_near(mistake.number, float(self.value))
        ]  # fmt: skip

    @property
    def short(self) -> float:
        """The right number, rounded to the digits that are shown."""
        return float(f"{float(self.value):.{DIGITS}g}")

    @property
    def result(self) -> str:
        """The name with the right number."""
        return f"{self.name} = {shown_number(self.value)}"

    @property
    def solution(self) -> str:
        """The last hint with the right number."""
        parts = [*self.hints[-1].split(" = "), shown_number(self.value)]
        return " = ".join(dict.fromkeys(parts))

    @property
    def worked(self) -> str:
        """The solution as a teacher writes it: the formula, the numbers in it, the result."""
        left = f"{self.name} = "
        lines = [line for line in (self.asked, *self.hints) if line.startswith(left)]
        parts = [line.removeprefix(left) for line in lines]
        return left + " = ".join(dict.fromkeys([*parts, shown_number(self.value)]))


def is_near(x: float, y: float) -> bool:
    """Tell whether x is y apart from a little rounding."""
    return abs(x - y) <= MISTAKE_TOLERANCE * abs(y)
