"""The result of a gradient check, as a table in a terminal or a notebook."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from tinygrad_edu.check.measure import UNKNOWN, Slope
from tinygrad_edu.support.showing import Printed, printable
from tinygrad_edu.support.tables import aligned, html_table

__all__ = ["Finding", "Report", "Verdict"]

Verdict: TypeAlias = Literal["agrees", "wrong", "not differentiable here", "inconclusive"]

VERDICT_MARKS = {"agrees": "✓", "wrong": "✗", "not differentiable here": "∧", "inconclusive": "?"}
CELL_STYLE = "text-align: left; padding: 0.2em 0.8em; font-variant-numeric: tabular-nums"


@dataclass(frozen=True)
class Finding:
    """The result for one derivative.

    >>> print(Finding("∂f/∂x", 2.0, Slope(3.0, 1e-14), 5e-14, "wrong"))
    ∂f/∂x = 2: wrong, measured 3 ± 5e-14
    """

    derivative: str
    """Its name, as in ∂f/∂x."""
    gradient: float
    """Its value according to the engine or to a person."""
    slope: Slope
    """Its measured value, with an error bound."""
    tolerance: float
    """How far the gradient may be from the slope, given the rounding of both."""
    verdict: Verdict
    left: Slope = UNKNOWN
    """The slope measured from below."""
    right: Slope = UNKNOWN
    """The slope measured from above."""
    hint: str = ""
    """What may have gone wrong, if that is known."""
    text: str = ""
    """The gradient as a person wrote it, if it was given as text."""

    def __bool__(self) -> bool:
        """Tell whether the gradient is right: it agrees, or at a kink lies between both slopes."""
        return self.verdict == "agrees" or (
            self.verdict == "not differentiable here" and self.between
        )

    @property
    def between(self) -> bool:
        """Whether the gradient lies between the slopes from the left and from the right.

        If both are infinite with the same sign, there is a jump, and 0 counts as right, too: a
        step function is flat on both sides of its jump.
        """
        sides = [side for side in (self.left, self.right) if side.error < math.inf]
        if not sides:
            return False
        low, high = min(sides), max(sides)
        if len(sides) == 2 and low == high and math.isinf(low.value):
            low, high = sorted([low, Slope(0.0, 0.0)])
        return low.value - 5 * low.error <= self.gradient <= high.value + 5 * high.error

    @property
    def measured(self) -> str:
        """The measured slope as text; at a kink the slopes of both sides."""
        if self.verdict == "not differentiable here":
            pairs = ((self.left, "left"), (self.right, "right"))
            return ", ".join(f"{side.value:.6g} {name}" for side, name in pairs if side != UNKNOWN)
        return digits(self.slope.value, 5 * self.slope.error)

    @property
    def outcome(self) -> str:
        """The verdict, followed by its reason or a hint if there is one."""
        hint = self.hint
        if self.verdict == "not differentiable here":
            lies = "lies" if self.between else "does not lie"
            return f"{self.verdict}; {self.gradient:.6g} {lies} between"
        if self.verdict == "inconclusive":
            hint = hint or "the tolerance exceeds 1/1000 of the gradient"
        return f"{self.verdict}: {hint}" if hint else self.verdict

    def __str__(self) -> str:
        """Return the finding in one line."""
        gradient = digits(self.gradient, self.tolerance)
        return printable(
            f"{self.derivative} = {gradient}: {self.verdict}, measured {self.measured}"
            + (f" ± {self.tolerance:.0e}" if self.verdict != "not differentiable here" else "")
        )


def digits(x: float, tolerance: float) -> str:
    """Write ``x`` with all digits that are certain given the tolerance, and one more.

    >>> digits(0.0821670405, 3e-8), digits(2.0, 1e-15)
    ('0.08216704', '2')
    """
    if not x or not math.isfinite(x) or not math.isfinite(tolerance):
        return f"{x:.6g}"
    known = math.log10(abs(x)) - math.log10(tolerance) if tolerance else 17
    return f"{x:.{min(max(math.ceil(known) + 1, 3), 17)}g}"


@dataclass(frozen=True, repr=False)
class Report(Printed):
    """The findings about all derivatives; true if every gradient is right.

    It prints as a table, in a terminal and in a notebook.
    """

    findings: tuple[Finding, ...]
    source: str = "gradient by the engine"
    """Whose gradients they are; the head of their column."""
    fault: str = ""
    """Where the mistake is, if there is one and it was found."""

    def __bool__(self) -> bool:
        """Tell whether there are findings, all of them are right, and there is no fault."""
        return bool(self.findings) and all(self.findings) and not self.fault

    def __iter__(self) -> Iterator[Finding]:
        """Iterate over the findings."""
        return iter(self.findings)

    def __len__(self) -> int:
        """Return how many derivatives there are."""
        return len(self.findings)

    def __getitem__(self, place: int) -> Finding:
        """Return one finding."""
        return self.findings[place]

    def having(self, verdict: Verdict) -> list[Finding]:
        """Return the findings with this verdict."""
        return [finding for finding in self.findings if finding.verdict == verdict]

    @property
    def summary(self) -> str:
        """The result in one line."""
        right = sum(map(bool, self.findings))
        return f"{right} of {len(self)} gradients right"

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """The rows of the table, the head first."""
        head = ("", "derivative", self.source, "slope measured", "tolerance", "verdict")
        found = [
            (
                VERDICT_MARKS[finding.verdict],
                finding.derivative,
                finding.text or digits(finding.gradient, finding.tolerance),
                finding.measured,
                "" if finding.verdict == "not differentiable here" else f"{finding.tolerance:.0e}",
                finding.outcome,
            )
            for finding in self.findings
        ]
        return [head, *found]

    def __repr__(self) -> str:
        """Return the table as text."""
        return "\n".join([self.summary, *aligned(self.rows), *[self.fault] * bool(self.fault)])

    def _repr_html_(self) -> str:
        """Return the table as HTML."""
        fault = f"<p>{html.escape(self.fault)}</p>" if self.fault else ""
        return f"<p><b>{self.summary}</b></p>{html_table(self.rows, CELL_STYLE)}{fault}"
