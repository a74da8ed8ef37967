"""Where a gradient goes wrong: in the rule of one operation, or on the way into the graph."""

from __future__ import annotations

from tinygrad_edu.check.examine import examine
from tinygrad_edu.check.function import Function
from tinygrad_edu.check.measure import ladder
from tinygrad_edu.check.report import Finding
from tinygrad_edu.engine import ancestors
from tinygrad_edu.operation import Operation
from tinygrad_edu.recorder import as_number
from tinygrad_edu.value import Constant, Value

__all__ = ["fault", "wrong_rule"]


def fault(function: Function, wrong: list[int]) -> str:
    """Return in words why the gradients by the inputs of these numbers may be wrong."""
    causes = [wrong_rule(function), *(escape(function, i) for i in wrong), at_a_kink(function)]
    return next(filter(None, causes), "") or (
        "Every operation's own derivatives are right, and no number escapes the graph: "
        "see how the contributions of the paths are added up."
    )


def forward_order(function: Function) -> list[Value]:
    """Return all nodes behind the outputs, each after its arguments."""
    nodes = [node for y in function.outputs() for node in reversed(ancestors(y))]
    return list(dict.fromkeys(nodes))


# --- the rule of an operation ---------------------------------------------------------------------


def wrong_rule(function: Function) -> str:
    """Return which operation's rule disagrees with its forward function, the first of the pass."""
    first_order = Function(function.f, function.args)
    for node in forward_order(first_order):
        if node.op is not None:
            for order in range(1, function.order + 1):
                for finding in examine_alone(node.op, node, order):
                    if finding.verdict == "wrong":
                        text = node.op.text(node.op.nested([float(as_number(x)) for x in node.args]))
                        return (
                            f"The rule of {node.op.name} is wrong: at {text} it says that "
                            f"{finding.derivative} is {finding.gradient:.8g}, "
                            f"but the slope is {finding.measured}."
                        )
    return ""


def examine_alone(op: Operation, node: Value, order: int) -> list[Finding]:
    """Examine the operation that made a node, at the numbers that it was given."""
    pairs = zip(node.args, node.partials, strict=True)
    args = [Constant(float(x)) if p is None else Value(float(x)) for x, p in pairs]

    def alone(*args: Value) -> Value:
        y: Value = op.compute(op.nested(args))
        y.label = op.name
        return y

    if op.arity is not None:
        alone.__signature__ = op.__signature__  # type: ignore[attr-defined]  # for the names
    function = Function(alone, args, order)
    return examine(function)


# --- the way into the graph -----------------------------------------------------------------------


def escape(function: Function, i: int) -> str:
    """Return where a number that depends on input ``i`` is a plain number in the graph.

    The graph is recorded again with the input moved: plain numbers in it should not change.
    """
    x, name = function.point[i], function.names[i]
    there = [*function.point[:i], x + ladder(x)[10], *function.point[i + 1 :]]
    here = forward_order(function)
    try:
        with function.moved(there):
            pairs = list(zip(here, forward_order(function), strict=True))
    except (ArithmeticError, ValueError):  # outside the domain, or a graph of another shape
        return ""
    for before, after in pairs:
        if before.op is not after.op:
            return ""
        if before is after and before.op is not None:
            return f"The function uses a result from before: {before!r} is not worked out anew."
        for number, later in zip(plain_numbers(before), plain_numbers(after), strict=True):
            if before is not after and number != later:
                return (
                    f"The function escapes the graph: {receiver(before)} the plain number "
                    f"{number:.6g}, which changes with {name} (by .data, detach() or float()?)."
                )
    return ""


def receiver(node: Value) -> str:
    """Return what is made of plain numbers."""
    if node.op is not None:
        return f"{node.op.name} is given"
    return "it returns" if isinstance(node, Constant) else "a new Value is made of"


def plain_numbers(node: Value) -> list[float]:
    """Return the numbers that a node is made of and that take no gradient."""
    if node.op is None:
        return [float(node.data)]
    pairs = zip(node.args, node.partials, strict=True)
    return [float(x) for x, partial in pairs if partial is None]


def at_a_kink(function: Function) -> str:
    """Return which operation stands on its kink, where the engine has to choose a slope."""
    for node in forward_order(function):
        numbers = [float(x) for x in node.args]
        if node.op is not None and node.op.kink and node.op.kink(*numbers) == 0:
            return (
                f"{node.op.text(numbers)} is on a kink: the slope that is chosen there is right "
                f"for {node.op.name}, but not for what it is a part of."
            )
    return ""
