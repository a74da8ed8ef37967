"""How an answer is read and judged.

The page follows the same rules: it reads the pattern and the words from here, and has ``Answer`` in
JavaScript.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import NamedTuple

from tinygrad_edu.exercises.question import Question, near
from tinygrad_edu.exercises.rounding import last_place
from tinygrad_edu.support.showing import Remark

__all__ = ["ENOUGH", "FRACTION", "NOISE", "PATTERN", "WORDS", "Answer", "Feedback", "Hint"]

ENOUGH = 2  # significant digits that an answer needs, unless the others are zeros

NOISE = 1e-9  # relative: the error of floats, so that they may be added in another order

# The page follows the same rules: it reads the pattern and the words, and has Answer in JavaScript.
PATTERN = r"[+-]?([0-9]*)[.,]?([0-9]*)(?:e([+-]?[0-9]{1,3}))?"

FRACTION = r"([+-]?[0-9]{1,15})/([0-9]{1,15})"

WORDS = {
    "no number": "“{given}” is no number; write one such as 0.25, 2.5e-3 or 1/4",
    "off": "{result}; {given} is a little off: carry a digit more, and round at the end",
    "few digits": f"{{name}}: give at least {ENOUGH} digits",
    "wrong": "{name} is not {given}",
    "cut off": "that is cut off, not rounded",
    "open": "it builds on {open}, which is not answered yet",
}


class Answer(NamedTuple):
    """A number as somebody has written it."""

    number: float
    unit: float
    """What 1 is worth in its last place: 0.01 in 0.25."""
    digits: int
    """How many digits it has, from the first that is not 0."""

    @classmethod
    def read(cls, text: str) -> Answer | None:
        """Return the number in a text, or None if there is none.

        >>> Answer.read("-0.050"), Answer.read("0,5") == Answer.read("0.5")
        (Answer(number=-0.05, unit=0.001, digits=2), True)
        >>> Answer.read("-7/2")
        Answer(number=-3.5, unit=0.0, digits=17)
        """
        if over := re.fullmatch(FRACTION, text):
            n, d = int(over[1]), int(over[2])
            return cls(n / d, 0.0, 17) if d else None  # as it is, rounded nowhere
        found = re.fullmatch(PATTERN, text, re.IGNORECASE)
        if found is None or not found[1] + found[2]:
            return None
        x = float(text.replace(",", "."))
        if not math.isfinite(x):
            return None
        unit = float(f"1e{int(found[3] or 0) - len(found[2])}")
        return cls(x, unit, len((found[1] + found[2]).lstrip("0")))

    def rounds(self, x: float, slack: float = 0.0) -> bool:
        """Tell whether a number, or one that is so far off, rounds to it, to the digits given."""
        return abs(x - self.number) <= self.unit / 2 + slack + NOISE * abs(x)

    def is_right(self, question: Question) -> bool:
        """Tell whether the right number rounds to it, or what comes of numbers as they are shown.

        And it has digits enough.
        """
        is_enough = self.digits >= ENOUGH or self.number == question.short
        return is_enough and self.rounds(float(question.value), question.slack)

    def is_off(self, question: Question) -> bool:
        """Tell whether it differs from the right number in the last digit."""
        differs = abs(self.number - question.short) > last_place(question.short) / 2
        return differs and not self.rounds(float(question.value))

    def may_be(self, x: float) -> bool:
        """Tell whether it is a number, but for a little rounding."""
        return near(self.number, x) or (self.digits >= ENOUGH and self.rounds(x))

    def cuts(self, x: float) -> bool:
        """Tell whether it is a number without its last digits."""
        return self.number * x > 0 and 0 < abs(x) - abs(self.number) < self.unit

    def mistake(self, question: Question) -> str:
        """Say what may have gone wrong, if that can be told."""
        for x, what in question.mistakes:
            if self.may_be(x):
                return what
        return WORDS["cut off"] if self.cuts(float(question.value)) else ""


@dataclass(frozen=True, repr=False)
class Feedback(Remark):
    """What is said to an answer; true if it is right."""

    is_right: bool
    text: str

    def __bool__(self) -> bool:
        return self.is_right

    def __repr__(self) -> str:
        """Return it with a mark in front."""
        return f"{'✓' if self.is_right else '✗'} {self.text}"


class Hint(Remark, str):  # noqa: SLOT000 - a remark notes where it was shown
    """A line that shows itself without quotation marks."""

    __repr__ = str.__str__
