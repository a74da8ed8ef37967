"""Replay: a graph recorded once, run again for many data at once, as array code.

Needs NumPy (the extra ``fast``).
"""

try:
    import numpy as _  # noqa: F401, ICN001 - asked for here, where the answer can be said
except ImportError as error:
    message = 'tinygrad_edu.replay needs NumPy: pip install "tinygrad-edu[fast]"'
    raise ImportError(message) from error

from tinygrad_edu.replay.program import Outcome, Replay, replay
from tinygrad_edu.value import recording

__all__ = ["Outcome", "Replay", "recording", "replay"]
