"""Where a gradient goes wrong: in the rule of one operation, or on the way into the graph."""

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
"""Places of an operation that show whether its rule is wrong in general."""


class Fault(NamedTuple):
    """Why gradients may be wrong, in words, and whether they are."""

    words: str
    proven: bool = True


def fault(function: Function, wrong: list[int]) -> Fault:
    """Return why the gradients with respect to the inputs of these numbers may be wrong.

    Where no cause is found: what was ruled out, and what could not be. Where an operation does too
    much between two floats, it may have been hidden from the slope as well: nothing is proven.
    """
    escapes = [escape(function, i) for i in wrong]
    found = next(filter(None, [first_wrong_rule(function), *escapes]), "")
    if found:
        return Fault(found)
    rules = examine_rules(function)
    found = rules.wrong or at_a_kink(function)
    if found:
        return Fault(found)
    unknown = f"That of {rules.undecided} could not be measured. " if rules.undecided else ""
    if None in escapes:
        unknown += "Whether a number escapes the graph could not be told. "
    if unknown:
        words = f"No operation's rule was found to be wrong. {unknown}".rstrip()
        return Fault(words, proven=not rules.unseen)
    return Fault(
        "Every operation's own derivatives are right, and no number escapes the graph: "
        "see how the contributions of the paths are added up."
    )


# --- the rule of an operation ---------------------------------------------------------------------


class Rules(NamedTuple):
    """What was found about the rules of a function's operations, in words; "" for nothing."""

    wrong: str
    """Which one disagrees with its forward function, the first of the forward pass."""
    undecided: str
    """Which operation has one that could not be measured, the first of those."""
    unseen: bool
    """Whether any operation does too much between two floats for that."""


def first_wrong_rule(function: Function) -> str:
    """Return which operation's rule disagrees with its forward function, the first of the pass.

    Of a large graph only some places of each operation are looked at.
    """
    return examine_rules(function, most=SOME).wrong


def examine_rules(function: Function, most: float = math.inf) -> Rules:
    """Examine the rule of each operation by itself, at the numbers that it was given."""
    undecided, unseen = "", False
    for node in places(function, most):
        text = node.op.text(node.op.nested([float(as_number(x)) for x in node.args]))
        for order in range(1, function.order + 1):
            for finding in examine_alone(node.op, node, order):
                if finding.verdict == "wrong":
                    return Rules(
                        f"The rule of {node.op.name} is wrong: at {text} it says that "
                        f"{finding.derivative} is {finding.gradient:.8g}, "
                        f"but the slope is {finding.measured}.",
                        undecided,
                        unseen,
                    )
                if finding.verdict == "inconclusive":
                    undecided = undecided or text
                    unseen |= finding.hint == UNSEEN
    return Rules("", undecided, unseen)


def knows_only_floats(function: Function) -> bool:
    """Tell whether the rule of an operation behind a function cannot be recorded."""
    try:
        for node in {node.op: node for node in forward_order(function)}.values():
            partials_as_values(node)
    except Exception:  # noqa: BLE001 - whatever such a rule does to a Value
        return True
    return False


def places(function: Function, most: float) -> list[Any]:
    """Return nodes with all operations behind a function, each at up to so many different places.

    They are spread evenly over the forward pass, and in its order.
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
    """Examine the operation that made a node, at the numbers that it was given."""
    pairs = zip(node.args, node.partials, strict=True)
    numbers = [(float(as_number(x)), p) for x, p in pairs]
    args = [Constant(x) if p is None else Value(x) for x, p in numbers]

    def alone(*args: Value) -> Value:
        y: Value = op.compute(op.nested(args))
        y.label = op.name
        return y

    if op.arity is not None:
        alone.__signature__ = op.__signature__  # type: ignore[attr-defined]  # for the names
    function = Function(alone, args, order)
    return examine(function)


def at_a_kink(function: Function) -> str:
    """Return which operation stands on its kink, where the engine has to choose a slope."""
    for node in forward_order(function):
        if node.op is None or not node.op.kink:
            continue
        numbers = node.op.nested([float(as_number(x)) for x in node.args])
        if node.op.kink(*numbers) == 0:
            return (
                f"{node.op.text(numbers)} is on a kink: the slope that is chosen there is right "
                f"for {node.op.name}, but not for what it is a part of."
            )
    return ""
