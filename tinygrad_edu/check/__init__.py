"""Gradients compared with slopes that are measured from function values.

gradients   gradcheck and assert_gradients, the two public checks
examine     compares one gradient with one slope: tolerance and verdict
measure     slopes measured from function values alone, with error bounds
noise       how much rounding changes values and gradients
function    the function that is checked; evaluates it at its inputs and near them
graph       what the recorded graphs tell: adjoints, open paths, escaped numbers
faults      finds the operation, or the number outside the graph, that makes a gradient wrong
claims      derivatives worked out by hand, and the mistakes that explain wrong ones
report      the result of a check, as a table
anybody     gradients that other code computes, of functions of numbers and arrays
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
