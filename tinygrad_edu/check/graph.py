"""What the graphs of a function tell: adjoints, open paths, and numbers that bypass the graph."""

from __future__ import annotations

from tinygrad_edu.check.function import Function
from tinygrad_edu.check.measure import step_ladder
from tinygrad_edu.engine import adjoints, ancestors
from tinygrad_edu.recorder import as_number
from tinygrad_edu.value import Constant, Value

__all__ = ["adjoints_of", "escape", "forward_order", "leads_to"]


def adjoints_of(root: Value) -> dict[Value, float]:
    """Return the derivative of ``root`` with respect to each node of its graph, as floats."""
    return {node: float(adjoint) for node, adjoint in adjoints(root).items()}


def forward_order(function: Function) -> list[Value]:
    """Return all nodes in the graphs of the outputs, each after its arguments."""
    nodes = [node for y in function.outputs() for node in reversed(ancestors(y))]
    return list(dict.fromkeys(nodes))


def leads_to(y: Value, x: Value) -> bool:
    """Tell whether there is a path from ``y`` to ``x`` with no derivative of 0 on it."""
    reached = {y}
    for node in ancestors(y):
        if node in reached:
            pairs = zip(node.args, node.partials, strict=True)
            reached.update(arg for arg, partial in pairs if isinstance(arg, Value) and partial)
    return x in reached


# --- numbers that bypass the graph ----------------------------------------------------------------


def escape(function: Function, i: int) -> str | None:
    """Say where a number that depends on input ``i`` enters the graph as a plain number.

    The graph is recorded again with the input moved; no plain number in it should change. If none
    does, return "". If the second graph differs in shape or cannot be recorded, return None.
    """
    x, name = function.point[i], function.names[i]
    there = [*function.point[:i], x + step_ladder(x)[10], *function.point[i + 1 :]]
    here = forward_order(function)
    try:
        with function.moved(there):
            pairs = list(zip(here, forward_order(function), strict=True))
    except Exception:  # noqa: BLE001 - undefined there, or another shape
        return None
    for before, after in pairs:
        if before.op is not after.op:
            return None
        if before is after and before.op is not None:
            return f"The function uses an old result: {before!r} is not computed anew at each call."
        for number, later in zip(plain_numbers(before), plain_numbers(after), strict=True):
            if before is not after and number != later:
                return (
                    f"The function escapes the graph: {receiver(before)} the plain number "
                    f"{number:.6g}, which changes with {name} (by .data, detach() or float()?)."
                )
    return ""


def receiver(node: Value) -> str:
    """Return the words that introduce a plain number of this node."""
    if node.op is not None:
        return f"{node.op.name} gets"
    return "it returns" if isinstance(node, Constant) else "it makes a new Value from"


def plain_numbers(node: Value) -> list[float]:
    """Return the numbers a node was computed from that take no gradient."""
    if node.op is None:
        return [float(node.data)]
    pairs = zip(node.args, node.partials, strict=True)
    return [float(as_number(x)) for x, partial in pairs if partial is None]
