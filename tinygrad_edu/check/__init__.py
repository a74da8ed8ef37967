"""Gradients checked against slopes that are measured.

gradients   gradcheck and assert_gradients, the checks that people call
examine     one gradient against one slope: tolerance and verdict
measure     slopes from values alone, with their errors
noise       what rounding does to values and gradients
function    the function under a check, and its inputs, which it moves
faults      which operation, or which number outside the graph, is to blame
claims      derivatives by hand, and the mistakes that lead to wrong ones
report      what was found, as a table
expression  random functions made from the table of operations
"""

from tinygrad_edu.check.gradients import assert_gradients, gradcheck
from tinygrad_edu.check.report import Finding, Report

__all__ = ["Finding", "Report", "assert_gradients", "gradcheck"]
