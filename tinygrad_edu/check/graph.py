"""What the graphs of a function say: adjoints, which paths are open, and what goes past them."""

from __future__ import annotations

from tinygrad_edu.check.function import Function
from tinygrad_edu.check.measure import step_ladder
from tinygrad_edu.engine import adjoints, ancestors
from tinygrad_edu.recorder import as_number
from tinygrad_edu.value import Constant, Value

__all__ = ["adjoints_of", "escape", "forward_order", "leads_to"]


def adjoints_of(root: Value) -> dict[Value, float]:
    """Return the derivative of ``root`` with respect to each node behind it."""
    return {node: float(adjoint) for node, adjoint in adjoints(root).items()}


def forward_order(function: Function) -> list[Value]:
    """Return all nodes behind the outputs, each after its arguments."""
    nodes = [node for y in function.outputs() for node in reversed(ancestors(y))]
    return list(dict.fromkeys(nodes))


def leads_to(y: Value, x: Value) -> bool:
    """Tell whether a path leads from ``y`` to ``x`` on which no derivative is 0."""
    reached = {y}
    for node in ancestors(y):
        if node in reached:
            pairs = zip(node.args, node.partials, strict=True)
            reached.update(arg for arg, partial in pairs if isinstance(arg, Value) and partial)
    return x in reached


# --- the way into the graph -----------------------------------------------------------------------


def escape(function: Function, i: int) -> str | None:
    """Return where a number that depends on input ``i`` is a plain number in the graph.

    The graph is recorded again with the input moved: plain numbers in it should not change. Where
    none does, "" is returned; where the graph is of another shape then, or there is none, None.
    """
    x, name = function.point[i], function.names[i]
    there = [*function.point[:i], x + step_ladder(x)[10], *function.point[i + 1 :]]
    here = forward_order(function)
    try:
        with function.moved(there):
            pairs = list(zip(here, forward_order(function), strict=True))
    except Exception:  # noqa: BLE001 - outside, or a graph of another shape
        return None
    for before, after in pairs:
        if before.op is not after.op:
            return None
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
    return [float(as_number(x)) for x, partial in pairs if partial is None]
