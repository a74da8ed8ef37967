"""Are the gradients right? The public checks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import cycle
from typing import Any

from tinygrad_edu.check.anybody import anybody
from tinygrad_edu.check.claims import UNCLAIMED, claims, mistake
from tinygrad_edu.check.examine import UNSEEN, examine
from tinygrad_edu.check.faults import fault, first_wrong_rule, knows_only_floats
from tinygrad_edu.check.function import Function
from tinygrad_edu.check.report import Finding, Report
from tinygrad_edu.value import Value

__all__ = ["assert_gradients", "gradcheck"]

COARSE = 1e-6
"""If a tolerance exceeds this part of its gradient, the rules are examined, too."""


def gradcheck(
    f: Callable[..., Any],
    *inputs: Any,
    order: int = 1,
    claimed: Any = None,
    gradient: Any = None,
    precision: str | None = None,
    rtol: float = 0.0,
) -> Report:
    """Compare the gradients of ``f`` with slopes measured from its values.

    Step and tolerance need no guessing. The slope is extrapolated from many steps, and its error
    follows from the noise of the values, which is measured, too; see ``check/measure.py``. In most
    gradients the check finds a relative error of 1e-8, whatever their size, and near a kink or at
    the edge of a domain it does not call a right gradient wrong.

    Args:
        f: a function of Values that returns a Value, or a list of them.
        inputs: the point: numbers, Values, or lists of them. Values are moved during the check and
            moved back at its end, so they may be parameters that ``f`` reaches by itself. Constants
            are not moved.
        order: 1 checks gradients, 2 checks gradients of gradients, and so on.
        claimed: derivatives that a person worked out, checked instead of the engine's. They have
            the shape of the inputs; for several outputs pass a list with one such entry per output.
            A claim is a number; a text such as ``"0.0822"`` or ``"0,0822"``, which is right if it
            is rounded correctly; or a function of the inputs that returns one or more claims. None
            skips an input. With claims, ``f`` may compute with plain floats: ``math``, NumPy, a
            solver.

        gradient: what other code computes as the gradient: a function of the inputs, or its result.
            Then ``f`` and ``gradient`` may be functions of numbers, of arrays of NumPy, PyTorch or
            JAX, and of lists and dicts of them; the gradient has the shape of the inputs, with one
            part for each. Where ``f`` returns an array, the gradient is the Jacobian: the shape of
            the output, followed by that of the input. Of more than 64 inputs a random direction
            through all of them is checked first, and single entries only if that is wrong.
        precision: with ``gradient``, the precision in which it and ``f`` compute: "float32", say.
            Left out, it is that of the arrays.
        rtol: with ``gradient``, a relative error that is allowed besides.

    Returns:
        a report that is true if every gradient is right. It prints as a table, with a verdict for
        each:

        - agrees: the gradient equals the slope within the tolerance, and the tolerance is at most
          1/1000 of the gradient. A gradient of 0 agrees if every path to that input meets a
          derivative of 0, or if the tolerance is tiny compared with the steepest slope nearby.
        - wrong: it is off by more than the tolerance, or it is not a finite number.
        - not differentiable here: the slopes from the left and from the right differ, or one is
          infinite. The gradient is right if it lies between them.
        - inconclusive: the tolerance that rounding demands exceeds 1/1000 of the gradient, or the
          function changes too much between two neighbouring floats for its slope to be measured.
          The report is then false, since nothing is known.

        If a gradient is wrong, the report names the operation whose rule is wrong, or the number
        that escapes the graph. For a wrong claim it names the mistake, if that can be recognised.

    Raises TypeError for an input that is not a number. Raises ValueError if there is no input, for
    an order below 1, and for claims that do not have the shape of the inputs. An error that ``f``
    raises at the point itself is passed on; at other points it means that ``f`` is undefined there.

    >>> from tinygrad_edu import gradcheck, sin, tanh
    >>> bool(gradcheck(lambda x, y: sin(x * y) + x / y, 0.5, 2.0))
    True
    >>> gradcheck(tanh, 0.5, claimed=lambda x: 1 - tanh(x))
    0 of 1 gradients right
       derivative  claimed           slope measured    tolerance  verdict
    ✗  ∂tanh/∂x    0.53788284273...  0.78644773296...  ...        wrong
    """
    if gradient is not None:
        if claimed is not None or order != 1:
            message = "gradcheck: gradient goes with neither claimed nor order"
            raise ValueError(message)
        return anybody(f, inputs, gradient, precision=precision, rtol=rtol)
    if precision is not None or rtol:
        message = "gradcheck: precision and rtol go with gradient=..., the gradient of other code"
        raise ValueError(message)
    function = Function(f, inputs, order)
    with function.held():
        return check_engine(function) if claimed is None else check_claims(function, claimed)


def check_engine(function: Function) -> Report:
    """Check the engine's gradients; if one is wrong, look for the fault.

    If a tolerance is wide, or a rule works on floats only, a wrong rule could stay hidden in the
    gradients. Then each rule is examined by itself, too.
    """
    findings = examine(function)
    places = cycle(range(len(function.leaves)))
    wrong = {i for i, found in zip(places, findings, strict=False) if found.verdict == "wrong"}
    if wrong:
        words, proven = fault(function, sorted(wrong))
        if not proven:
            findings = [undecided(found) for found in findings]
        return Report(tuple(findings), fault=words if proven else "")
    coarse = any(found.tolerance > COARSE * abs(found.gradient) for found in findings)
    hidden = coarse or knows_only_floats(function)
    return Report(tuple(findings), fault=first_wrong_rule(function) if hidden else "")


def undecided(finding: Finding) -> Finding:
    """Return the finding; turn the verdict "wrong" into "inconclusive"."""
    if finding.verdict != "wrong":
        return finding
    return replace(finding, verdict="inconclusive", hint=UNSEEN)


def check_claims(function: Function, claimed: Any) -> Report:
    """Check claimed derivatives; for a wrong one, look for the mistake."""
    outputs = function.outputs()
    here = claims(claimed, function, len(outputs))

    def values(outputs: Sequence[Value]) -> list[list[float]]:
        return [[claim.value for claim in row] for row in claims(claimed, function, len(outputs))]

    findings = iter(examine(function, values, [[claim.rounding for claim in row] for row in here]))
    found = []
    for y, row in zip(outputs, here, strict=True):
        for x, claim in zip(function.leaves, row, strict=True):
            finding = next(findings)
            hint = finding.hint
            if finding.verdict == "wrong":
                hint = mistake(claim, finding.slope.value, finding.tolerance, function, y, x)
            if claim is not UNCLAIMED:
                found.append(replace(finding, hint=hint, text=claim.text))
    return Report(tuple(found), source="claimed")


def assert_gradients(f: Callable[..., Any], *inputs: Any, **options: Any) -> None:
    """Raise AssertionError with the report of :func:`gradcheck` unless every gradient is right.

    Inside a Hypothesis test, a point where the check is inconclusive is rejected, as ``assume``
    would do.

    >>> from tinygrad_edu import sigmoid
    >>> assert_gradients(sigmoid, 0.5)
    >>> assert_gradients(lambda x, y: x * y, 3.0, 2.0, claimed=[2.0, -3.0])
    Traceback (most recent call last):
      ...
    AssertionError: 1 of 2 gradients right
       derivative  claimed  slope measured  tolerance  verdict
    ✓  ∂f/∂x       2        2               ...        agrees
    ✗  ∂f/∂y       -3       3               ...        wrong: the sign is wrong
    """
    __tracebackhide__ = True  # pytest shows the test and the table, not this function
    report = gradcheck(f, *inputs, **options)
    if not report:
        hypothesis = sys.modules.get("hypothesis")
        undecided = all(found or found.verdict == "inconclusive" for found in report)
        if undecided and hypothesis and hypothesis.currently_in_test_context():
            hypothesis.reject()
        raise AssertionError(report)
