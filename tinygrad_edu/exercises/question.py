"""One question, with all that can be said about it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from tinygrad_edu.formulas.markup import DIGITS, shown_number
from tinygrad_edu.value import Value

__all__ = ["CLOSE", "Explanation", "Question", "WrongNumber", "near"]

CLOSE = 5e-3  # relative: what a wrong answer is taken for


class WrongNumber(NamedTuple):
    """A wrong number, and what has gone wrong if somebody comes to it."""

    number: float
    what: str


class Explanation(NamedTuple):
    """What a number is made of."""

    hints: tuple[str, ...]
    """As formulas; at last, with numbers."""
    needs: list[str]
    """The names of what is in them."""


@dataclass(frozen=True, eq=False)
class Question:
    """One number that is asked for, with all that can be said about it.

    A graph may have very many: what is said is worked out when it is wanted.
    """

    kind: str
    """forward, local, contribution or gradient."""
    name: str
    """What it is called, such as ∂L/∂w₁₁⁽²⁾."""
    asked: str
    """What stands before the question mark: the name, for a value its formula, too."""
    value: Any
    """The right number: a float, or a Fraction where the graph is exact."""
    explain: Callable[[], Explanation]
    """What it is made of."""
    wrong: Callable[[], Iterable[WrongNumber]]
    """Wrong numbers, either sign of which may come up."""
    error: Callable[[], float]
    """How far off the number may be that comes of the others as they are shown."""
    node: Value
    """The operation's result: the value asked for, or where the derivative comes from."""
    arg: Value | None = None
    """By which argument the derivative is."""
    deeper: Callable[[], Iterable[WrongNumber]] = tuple
    """Further wrong numbers, from further up the chain."""

    @cached_property
    def explanation(self) -> Explanation:
        """What it is made of."""
        return self.explain()

    @property
    def hints(self) -> tuple[str, ...]:
        """What it is made of, as formulas; at last, with numbers."""
        return self.explanation.hints

    @property
    def needs(self) -> list[str]:
        """The names of what it is worked out from."""
        return self.explanation.needs

    @cached_property
    def slack(self) -> float:
        """How far off an answer may be besides its own rounding.

        Who multiplies the numbers on the sheet, which are rounded, is not to blame for that.
        """
        error = self.error()
        return error if math.isfinite(error) else 0.0

    @cached_property
    def mistakes(self) -> list[WrongNumber]:
        """Wrong numbers; the first that an answer comes near is what is said of it."""
        found = [WrongNumber(-float(self.value), "the sign is wrong")]
        for x, what in self.wrong():
            found += [WrongNumber(x, what), WrongNumber(-x, f"{what}, and the sign is wrong")]
        found += self.deeper()
        different: dict[str, WrongNumber] = {}
        for mistake in found:
            different.setdefault(f"{mistake.number:.6g}", mistake)
        return [
            mistake for mistake in different.values()
            if mistake.number and math.isfinite(mistake.number)
            and not near(mistake.number, float(self.value))
        ]  # fmt: skip

    @property
    def short(self) -> float:
        """The right number, to the digits that it is shown with."""
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
        """The solution as on the board: the formula, the numbers in it, the result."""
        left = f"{self.name} = "
        lines = [line for line in (self.asked, *self.hints) if line.startswith(left)]
        parts = [line.removeprefix(left) for line in lines]
        return left + " = ".join(dict.fromkeys([*parts, shown_number(self.value)]))


def near(x: float, y: float) -> bool:
    """Tell whether two numbers are the same but for a little rounding."""
    return abs(x - y) <= CLOSE * abs(y)
