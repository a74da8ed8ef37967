"""A progress bar for training, where the package tqdm is installed."""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["progress_bar"]


class NoBar:
    """Shows nothing."""

    def set_postfix(self, **_: Any) -> None:
        """Show nothing."""

    def update(self) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Show nothing."""


def progress_bar(steps: int, *, show: bool | None) -> Any:
    """Return a bar of tqdm; left to itself it shows on a terminal only, if tqdm is there."""
    if show is False or (show is None and not (sys.stderr and sys.stderr.isatty())):
        return NoBar()
    try:
        from tqdm import tqdm  # noqa: PLC0415 - an optional extra
    except ImportError:
        if show is None:
            return NoBar()
        message = "fit: a progress bar needs tqdm: pip install tqdm"
        raise ImportError(message) from None
    return tqdm(total=steps, unit="step")
