"""Gradients checked against slopes that are measured.

gradients   gradcheck and assert_gradients, the checks that people call
examine     one gradient against one slope: tolerance and verdict
measure     slopes from values alone, with their errors
noise       what rounding does to values and gradients
function    the function under a check, and its inputs, which it moves
faults      which operation, or which number outside the graph, is to blame
claims      derivatives by hand, and the mistakes that lead to wrong ones
report      what was found, as a table
engines     somebody else's engine, played against this one
"""

from typing import TYPE_CHECKING

from tinygrad_edu.support import lazy

if TYPE_CHECKING:
    from tinygrad_edu.check.engines import check_engine
    from tinygrad_edu.check.gradients import assert_gradients, gradcheck
    from tinygrad_edu.check.report import Finding, Report

__all__ = ["Finding", "Report", "assert_gradients", "check_engine", "gradcheck"]

__getattr__, __dir__ = lazy.on_demand(
    __name__,  # so that a check of gradients loads no engines
    {
        "Finding": f"{__name__}.report",
        "Report": f"{__name__}.report",
        "assert_gradients": f"{__name__}.gradients",
        "check_engine": f"{__name__}.engines",
        "gradcheck": f"{__name__}.gradients",
    },
)
