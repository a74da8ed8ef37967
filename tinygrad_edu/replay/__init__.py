"""Replay: a graph recorded once, run again for many data at once, as array code.

Needs NumPy (the extra ``fast``).
"""

from tinygrad_edu.replay.program import Outcome, Replay, replay

__all__ = ["Outcome", "Replay", "replay"]
