"""How an answer is read and judged.

The page of an exercise follows the same rules: it takes the patterns and the messages from here,
and repeats ``Answer`` in JavaScript.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import NamedTuple

from tinygrad_edu.exercises.question import Question, is_near
from tinygrad_edu.exercises.rounding import last_place
from tinygrad_edu.support.showing import Remark

__all__ = ["DECIMAL", "ENOUGH", "FLOAT_ERROR", "MESSAGES", "QUOTIENT", "Answer", "Feedback", "Hint"]

ENOUGH = 2
"""An answer needs this many significant digits, unless the right number has only zeros there."""

FLOAT_ERROR = 1e-9
"""Relative tolerance for rounding errors of floats, so that sums may be taken in any order."""

DECIMAL = r"[+-]?([0-9]*)[.,]?([0-9]*)(?:e([+-]?[0-9]{1,3}))?"

QUOTIENT = r"([+-]?[0-9]{1,15})/([0-9]{1,15})"

MESSAGES = {
    "no number": "“{given}” is not a number I can read; write one such as 0.25, 2.5e-3 or 1/4",
    "off": "{result}; {given} is a little off: carry one more digit, and round only at the end",
    "few digits": f"{{name}}: write at least {ENOUGH} significant digits",
    "wrong": "{name} is not {given}",
    "cut off": "that is the right number, but cut off instead of rounded",
    "open": "it builds on {open}; answer that question first",
}


class Answer(NamedTuple):
    """A number as somebody has written it."""

    number: float
    unit: float
    """The value of 1 in its last place: 0.01 for 0.25."""
    digits: int
    """The number of its digits, counted from the first that is not 0."""

    @classmethod
    def read(cls, text: str) -> Answer | None:
        """Return the number in a text, or None if there is none.

        >>> Answer.read("-0.050"), Answer.read("0,5") == Answer.read("0.5")
        (Answer(number=-0.05, unit=0.001, digits=2), True)
        >>> Answer.read("-7/2")
        Answer(number=-3.5, unit=0.0, digits=17)
        """
        if quotient := re.fullmatch(QUOTIENT, text):
            n, d = int(quotient[1]), int(quotient[2])
            return cls(n / d, 0.0, 17) if d else None  # a fraction is exact
        found = re.fullmatch(DECIMAL, text, re.IGNORECASE)
        if found is None or not found[1] + found[2]:
            return None
        x = float(text.replace(",", "."))
        if not math.isfinite(x):
            return None
        unit = float(f"1e{int(found[3] or 0) - len(found[2])}")
        return cls(x, unit, len((found[1] + found[2]).lstrip("0")))

    def rounds(self, x: float, slack: float = 0.0) -> bool:
        """Tell whether x, or a number within ``slack`` of x, rounds to this answer.

        It is rounded to as many digits as the answer has.
        """
        return abs(x - self.number) <= self.unit / 2 + slack + FLOAT_ERROR * abs(x)

    def is_right(self, question: Question) -> bool:
        """Tell whether the answer has enough digits and the right number rounds to it.

        A result computed from the rounded numbers on the sheet counts as right, too.
        """
        is_enough = self.digits >= ENOUGH or self.number == question.short
        return is_enough and self.rounds(float(question.value), question.slack)

    def is_off(self, question: Question) -> bool:
        """Tell whether the answer differs from the right number in the last digit."""
        differs = abs(self.number - question.short) > last_place(question.short) / 2
        return differs and not self.rounds(float(question.value))

    def matches(self, x: float) -> bool:
        """Tell whether the answer is x, apart from a little rounding."""
        return is_near(self.number, x) or (self.digits >= ENOUGH and self.rounds(x))

    def truncates(self, x: float) -> bool:
        """Tell whether the answer is x with its last digits cut off."""
        return self.number * x > 0 and 0 < abs(x) - abs(self.number) < self.unit

    def mistake(self, question: Question) -> str:
        """Say what may have gone wrong; return an empty text if that cannot be told."""
        for x, what in question.mistakes:
            if self.matches(x):
                return what
        return MESSAGES["cut off"] if self.truncates(float(question.value)) else ""


@dataclass(frozen=True, repr=False)
class Feedback(Remark):
    """The reply to an answer; it counts as true if the answer is right."""

    is_right: bool
    text: str

    def __bool__(self) -> bool:
        return self.is_right

    def __repr__(self) -> str:
        """Return the text with a tick or a cross in front."""
        return f"{'✓' if self.is_right else '✗'} {self.text}"


class Hint(Remark, str):  # noqa: SLOT000 - a remark notes where it was shown
    """A line that shows itself without quotation marks."""

    __repr__ = str.__str__
