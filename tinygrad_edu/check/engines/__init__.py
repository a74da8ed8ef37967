"""Whether somebody else's engine is right: ``check_engine``.

examination  the check: what is played on the engine, and in which order
probes       numbers beside Values, +=, second passes, long chains, kinks
foreign      the engine as a black box: its operators, and the names of its attributes
played       a graph that was played on it, beside the right engine
mistakes     the classic mistakes: a word, a title and advice for each
broken       engines with these mistakes, which give the same wrong numbers
rules        mistakes in the derivative of a single operation
shrinking    smaller expressions that show the same mistake
report       what was found
"""

from tinygrad_edu.check.engines.examination import check_engine
from tinygrad_edu.check.engines.report import EngineFinding, EngineReport

__all__ = ["EngineFinding", "EngineReport", "check_engine"]
