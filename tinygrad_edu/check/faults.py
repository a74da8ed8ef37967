"""Find where a gradient goes wrong: in the rule of an operation, or outside the graph."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from tinygrad_edu.check.examine import UNSEEN, examine
from tinygrad_edu.check.function import Function
from tinygrad_edu.check.graph import escape, forward_order
from tinygrad_edu.check.report import Finding
from tinygrad_edu.gradient import partials_as_values
from tinygrad_edu.operation import Operation
from tinygrad_edu.recorder import as_number
from tinygrad_edu.value import Constant, Value

__all__ = ["fault", "first_wrong_rule", "knows_only_floats"]

SOME = 20
"""In a large graph the rule of an operation is examined at this many places."""


class Fault(NamedTuple):
    """Why gradients are wrong, in words, and whether it is proven that they are."""

    words: str
    proven: bool = True


def fault(function: Function, wrong: list[int]) -> Fault:
    """Return why the gradients with respect to these inputs, given by number, are wrong.

    If no cause is found, the words say what was ruled out and what could not be. If an operation
    changes too much between two neighbouring floats, the slope may be wrong: nothing is proven.
    """
    escapes = [escape(function, i) for i in wrong]
    found = next(filter(None, [first_wrong_rule(function), *escapes]), "")
    if found:
        return Fault(found)
    rules = examine_rules(function)
    found = rules.wrong or at_a_kink(function)
    if found:
        return Fault(found)
    unknown = f"The slope of {rules.undecided} could not be measured. " if rules.undecided else ""
    if None in escapes:
        unknown += "Whether a number escapes the graph could not be determined. "
    if unknown:
        words = f"No operation's rule was found to be wrong. {unknown}".rstrip()
        return Fault(words, proven=not rules.unseen)
    return Fault(
        "The local derivatives of every operation are right, and no number escapes the graph. "
        "Look at how the contributions of the paths are added up."
    )


# --- the rule of an operation ---------------------------------------------------------------------


class Rules(NamedTuple):
    """What was found about the rules of the operations in a graph."""

    wrong: str
    """The first rule of the forward pass that contradicts its forward function, in words, or ""."""
    undecided: str
    """The first operation whose slope could not be measured, with its numbers, or ""."""
    unseen: bool
    """Whether an operation changes too much between two floats for its slope to be measured."""


def first_wrong_rule(function: Function) -> str:
    """Return in words the first rule that contradicts its forward function, or "".

    In a large graph each operation is examined at some places only.
    """
    return examine_rules(function, most=SOME).wrong


def examine_rules(function: Function, most: float = math.inf) -> Rules:
    """Examine each operation alone, at the numbers that it was called with."""
    undecided, unseen = "", False
    for node in places(function, most):
        text = node.op.text(node.op.nested([float(as_number(x)) for x in node.args]))
        for order in range(1, function.order + 1):
            for finding in examine_alone(node.op, node, order):
                if finding.verdict == "wrong":
                    return Rules(
                        f"The rule of {node.op.name} is wrong: at {text} it says "
                        f"{finding.derivative} = {finding.gradient:.8g}, "
                        f"but the slope is {finding.measured}.",
                        undecided,
                        unseen,
                    )
                if finding.verdict == "inconclusive":
                    undecided = undecided or text
                    unseen |= finding.hint == UNSEEN
    return Rules("", undecided, unseen)


def knows_only_floats(function: Function) -> bool:
    """Tell whether any operation in the graph has a rule that works on floats only."""
    try:
        for node in {node.op: node for node in forward_order(function)}.values():
            partials_as_values(node)
    except Exception:  # noqa: BLE001 - whatever such a rule does to a Value
        return True
    return False


def places(function: Function, most: float) -> list[Any]:
    """Return nodes to examine: for each operation up to ``most``, all with different numbers.

    They are spread evenly over the forward pass and come in its order.
    """
    nodes: dict[Any, Value] = {}
    for node in forward_order(Function(function.f, function.args)):
        if node.op is not None:
            at = tuple(
                [
                    (float(as_number(x)), p is None)
                    for x, p in zip(node.args, node.partials, strict=True)
                ]
            )
            nodes.setdefault((node.op, at), node)
    order = list(nodes.values())
    chosen = set()
    for op in {node.op for node in order}:
        own = [node for node in order if node.op is op]
        chosen.update(own[:: max(1, math.ceil(len(own) / most))])
    return [node for node in order if node in chosen]


def examine_alone(op: Operation, node: Value, order: int) -> list[Finding]:
    """Examine the operation of a node alone, at the numbers that it was called with."""
    pairs = zip(node.args, node.partials, strict=True)
    numbers = [(float(as_number(x)), p) for x, p in pairs]
    args = [Constant(x) if p is None else Value(x) for x, p in numbers]

    def alone(*args: Value) -> Value:
        y: Value = op.compute(op.nested(args))
        y.label = op.name
        return y

    if op.arity is not None:
        alone.__signature__ = op.__signature__  # type: ignore[attr-defined]  # for the names of its arguments
    function = Function(alone, args, order)
    return examine(function)


def at_a_kink(function: Function) -> str:
    """Return in words the first operation at its kink, where the engine must choose a slope."""
    for node in forward_order(function):
        if node.op is None or not node.op.kink:
            continue
        numbers = node.op.nested([float(as_number(x)) for x in node.args])
        if node.op.kink(*numbers) == 0:
            return (
                f"{node.op.text(numbers)} is at a kink: the slope chosen there is right for "
                f"{node.op.name} alone, but not for the whole function."
            )
    return ""
