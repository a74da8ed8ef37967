"""A recorded graph as a program: written once from the rules of the table, run for many data.

rules        the rules of operations as lines of code
graph        a recorded graph as numbered operations
compiling    text into functions that a debugger can step through
plan         which operations run together, and in which order
scalars      programs of plain Python: one number at a time
arrays       programs of NumPy: a whole batch at once
program      replay: record once, run for many data (needs NumPy, the extra ``fast``)
expressions  a graph as an expression that runs and prints as Python; random expressions
"""

from typing import TYPE_CHECKING

from tinygrad_edu.support import lazy

if TYPE_CHECKING:
    from tinygrad_edu.programs.program import Outcome, Replay, replay
    from tinygrad_edu.value import recording

__all__ = ["Outcome", "Replay", "recording", "replay"]

__getattr__, __dir__ = lazy.on_demand(
    __name__,  # only replays need NumPy
    {
        **dict.fromkeys(["Outcome", "Replay", "replay"], f"{__name__}.program"),
        "recording": "tinygrad_edu.value",
    },
)
