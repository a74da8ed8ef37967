"""Checks of gradients at points that Hypothesis draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable

from tinygrad_edu import escaping
from tinygrad_edu.check import gradcheck
from tinygrad_edu.check.report import Report
from tinygrad_edu.cli.command import CommandError
from tinygrad_edu.cli.user_code import told, where
from tinygrad_edu.operation import Operation
from tinygrad_edu.testing import arguments, numbers
from tinygrad_edu.value import Constant, Value

__all__ = ["at_points"]

SHRINKING = 100
"""How many more points are looked at for a simpler one that fails."""


def at_points(
    f: Callable[..., Any], target: str, names: Sequence[str], examples: int, options: Any
) -> tuple[str, Report | None]:
    """Return a summary, and the report of a simple point that fails, if one does.

    Raises CommandError if the function raises an error, or if it has no value at any point.
    """
    strategy = arguments(f) if isinstance(f, Operation) else st.tuples(*[numbers() for _ in names])
    checks = Checks(f, options)

    @settings(
        max_examples=examples, derandomize=True, database=None, deadline=None,
        phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False, print_blob=False,
    )  # fmt: skip
    @given(strategy)
    def hold(point: tuple[Any, ...]) -> None:
        checks.check(point)

    try:
        hold()
    except Unsatisfiable:
        message = f"{target} could be checked at none of the points drawn ({checks.left_out()})"
        message += f": give the inputs, as in tinygrad-edu check {target} 0.5 2"
        raise CommandError(message) from None
    except Exception as error:
        if not checks.failed:
            raise
        point, found = [*checks.failed.values()][-1]
        place = ", ".join(f"{name} = {x!r}" for name, x in zip(names, point, strict=True))
        if not isinstance(found, Report):
            hint = "; if it takes lists, give the inputs" if isinstance(found, TypeError) else ""
            message = f"{told(found, 'gradcheck', target)} (at {place}{hint})"
            raise CommandError(message) from error
        return f"{target}: not right at {place}", found
    n = checks.right
    summary = f"{target}: right at all {n} points" if n > 1 else f"{target}: right at 1 point"
    left_out = checks.left_out()
    return summary + f" ({left_out})" * bool(left_out), None


@dataclass
class Checks:
    """The checks of a function at many points, and how they ended."""

    f: Callable[..., Any]
    options: dict[str, Any]
    right: int = 0
    """At how many points every gradient is right."""
    undecided: int = 0
    """At how many points the check is inconclusive."""
    undefined: list[str] = field(default_factory=list)
    """Why the function has no value, for each point where it has none."""
    failed: dict[str, tuple[tuple[Any, ...], Report | Exception]] = field(default_factory=dict)
    """The points that failed, as text, with the report or the error; the last one is shown."""
    more: int = SHRINKING

    def check(self, point: tuple[Any, ...]) -> None:
        """Check the gradients at a point; raise an error if they are not right.

        A point where the function is undefined, or where nothing is known, is rejected.
        """
        key = repr(point)
        if key in self.failed:
            self.failed[key] = self.failed.pop(key)  # so that it is the last one
            raise AssertionError
        if self.failed:
            self.more -= 1
            if self.more < 0:
                return
        try:
            self.call(point)
        except (ValueError, ArithmeticError) as error:
            self.undefined.append(where(error))
            reject()
        except Exception as error:
            self.failed[key] = point, error
            raise
        try:
            report = gradcheck(self.f, *point, **self.options)
        except Exception as error:
            self.failed[key] = point, error
            raise
        if report:
            self.right += 1
        elif all(found or found.verdict == "inconclusive" for found in report) and not report.fault:
            self.undecided += 1
            reject()
        else:
            self.failed[key] = point, report
            raise AssertionError

    def call(self, point: tuple[Any, ...]) -> None:
        """Call the function as the check does."""
        kind = float if "gradient" in self.options else Value
        with escaping.expected():
            self.f(*[of_kind(kind, x) for x in point])

    def left_out(self) -> str:
        """Return how many points could not be checked, and why; "" if there are none."""
        parts = []
        if n := len(self.undefined):
            parts.append(f"undefined at {n} more: {self.undefined[0]}")
        if self.undecided:
            parts.append(f"inconclusive at {self.undecided} more")
        return "; ".join(parts)


def of_kind(kind: Callable[[float], Any], x: Any) -> Any:
    """Return an input with numbers of a kind; Constants stay."""
    if isinstance(x, list):
        return [of_kind(kind, item) for item in x]
    return x if isinstance(x, Constant) else kind(x)
