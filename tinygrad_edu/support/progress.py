"""A progress bar for what takes long, if the package tqdm is installed."""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["progress_bar"]


class NoBar:
    """A progress bar that shows nothing."""

    def set_postfix(self, **_: Any) -> None:
        """Do nothing."""

    def update(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


def progress_bar(
    total: int, *, show: bool | None = None, unit: str = "iteration", delay: float = 0.0
) -> Any:
    """Return a progress bar of tqdm, or a bar that shows nothing.

    Args:
        total: how many steps there are.
        show: whether to show it; None shows it on a terminal, if tqdm is installed.
        unit: what a step is.
        delay: seconds after which it appears.
    """
    if show is False or (show is None and not (sys.stderr and sys.stderr.isatty())):
        return NoBar()
    try:
        from tqdm import tqdm  # noqa: PLC0415 - an optional extra
    except ImportError:
        if show is None:
            return NoBar()
        message = "fit: a progress bar needs tqdm: pip install tqdm"
        raise ImportError(message) from None
    return tqdm(total=total, unit=unit, delay=delay)
