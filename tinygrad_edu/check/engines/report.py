"""What was found in somebody else's engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from tinygrad_edu.check.engines.mistakes import EngineMistake
from tinygrad_edu.support.showing import Printed

__all__ = ["EngineFinding", "EngineReport"]


class EngineFinding(NamedTuple):
    """One mistake, and the smallest expression found that shows it."""

    mistake: EngineMistake
    what: str
    """What goes wrong, with the expression and the numbers."""


@dataclass(frozen=True, repr=False)
class EngineReport(Printed):
    """What was found; true if nothing was. It prints the mistakes and how to mend them."""

    name: str
    """Of the class."""
    findings: tuple[EngineFinding, ...]
    played: int
    """How many graphs were played."""
    missing: tuple[str, ...]
    """The operations that the class does not have."""
    remarks: tuple[str, ...] = ()
    """What is a matter of choice."""

    def __bool__(self) -> bool:
        return not self.findings

    @property
    def kinds(self) -> list[str]:
        """The mistakes, a stable word for each."""
        return [finding.mistake.kind for finding in self.findings]

    def __repr__(self) -> str:
        """Return the mistakes, each with an example and with what to write instead."""
        n = len(self.findings)
        lines = [f"{self.name}: ✓ right on all {self.played} graphs"]
        if n:
            lines = [f"{self.name}: ✗ {n} mistake{'s' * (n != 1)}"]
        for i, (mistake, what) in enumerate(self.findings, start=1):
            lines += [
                f"{i}. {mistake.title} ({mistake.kind})",
                f"   {what}",
                f"   {mistake.advice}",
            ]
        if self.missing:
            lines.append(f"not in the class, so not checked: {', '.join(self.missing)}")
        return "\n".join([*lines, *self.remarks])
