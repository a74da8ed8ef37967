"""The classic mistakes of a home-made engine: a stable word, a title and advice for each."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["MISTAKES", "EngineMistake"]


class EngineMistake(NamedTuple):
    """A classic mistake, and what to do about it."""

    kind: str
    """A stable word, for tables of a whole class."""
    title: str
    """What is wrong, in a few words."""
    advice: str
    """What to write instead."""


MISTAKES = {
    mistake.kind: mistake
    for mistake in [
        EngineMistake(
            "overwrite",
            "= in place of +=",
            "A Value that is used several times gets a contribution from each use. Add them "
            "up: write x.grad += ..., not x.grad = ...",
        ),
        EngineMistake(
            "set_of_children",
            "the operands are kept in a set or a dict",
            "In a * a both operands are the same Value, and a set keeps it only once. Keep "
            "operands and local derivatives in a tuple or list.",
        ),
        EngineMistake(
            "zeroed_too_early",
            "gradients are set to 0 while the backward pass is under way",
            "A gradient that other nodes have already added to must not be cleared. Clear all "
            "gradients before the pass begins, or not at all.",
        ),
        EngineMistake(
            "no_upstream",
            "the local derivative is not multiplied by the upstream gradient",
            "The chain rule is upstream gradient times local derivative: write x.grad += "
            "local * out.grad.",
        ),
        EngineMistake(
            "loop_variable",
            "a closure that is made in a loop sees only the last operand",
            "A function defined in a loop looks the variable up when it runs, after the loop. "
            "Bind it as a default value: def _backward(child=child).",
        ),
        EngineMistake(
            "recursion",
            "recursion in place of topological order",
            "With plain recursion, or without a set of visited nodes, a shared node sends before "
            "all nodes that use it have added to it, and then once more. Put every node into the "
            "order once, after its operands, and go through the order in reverse.",
        ),
        EngineMistake(
            "first_visit",
            "depth first, every node once, in place of topological order",
            "A node must come after all nodes that use it. Append a node to the order after "
            "its operands have been visited, and go through the order in reverse.",
        ),
        EngineMistake(
            "breadth_first",
            "breadth first in place of topological order",
            "The distance from the output says nothing about who must come first. Append a "
            "node to the order after its operands have been visited, and go through the order "
            "in reverse.",
        ),
        EngineMistake(
            "not_reversed",
            "the topological order is not reversed",
            "The order begins with the leaves, and the backward pass must begin with the "
            "output: go through reversed(order).",
        ),
        EngineMistake(
            "equal_by_number",
            "nodes with equal numbers are taken for the same node",
            "The set of visited nodes must tell Values apart by identity: do not define "
            "__eq__ and __hash__ by data, or keep id(node) in the set.",
        ),
        EngineMistake(
            "no_seed",
            "the gradient of the output is not 1 when the pass begins",
            "The derivative of the output with respect to itself is 1: set self.grad = 1 "
            "after all gradients were cleared and before the first node sends.",
        ),
        EngineMistake(
            "stale",
            "a second backward pass on top of old gradients",
            "What the first pass left in the inner nodes is sent on once more. Set the "
            "gradients of all inner nodes to 0 when a pass begins.",
        ),
        EngineMistake(
            "leftover",
            "something is kept from an earlier backward pass",
            "A set of visited nodes, or an order, that lives longer than one pass keeps the next "
            "pass from reaching nodes. Make it anew in every call of backward().",
        ),
        EngineMistake(
            "recursion_limit",
            "long chains exceed Python's recursion limit",
            "Build the topological order with a list as a stack, in a loop, in place of a "
            "function that calls itself.",
        ),
        EngineMistake(
            "reflected",
            "a number on the left is not understood",
            "Python asks the right operand for __radd__, __rmul__, __rsub__ and __rtruediv__ "
            "when the left one is a number. Define them; mind the order of operands in - and "
            "/.",
        ),
        EngineMistake(
            "plain_number",
            "a number on the right is not understood",
            "Wrap it: other = other if isinstance(other, Value) else Value(other).",
        ),
        EngineMistake(
            "reflected_order",
            "with a number on the left, the operands are exchanged",
            "2 - x is not x - 2, and 2 / x is not x / 2.",
        ),
        EngineMistake(
            "power_rule",
            "the power rule is wrong",
            "The derivative of x ** n with respect to x is n * x ** (n - 1).",
        ),
        EngineMistake(
            "input_for_output",
            "the derivative is computed from the input where it needs the output",
            "tanh'(x) is 1 - tanh(x)**2, and exp'(x) is exp(x): use out.data, not self.data.",
        ),
        EngineMistake(
            "output_for_input",
            "the derivative is computed from the output where it needs the input",
            "Use self.data, the number that went in, not out.data.",
        ),
        EngineMistake(
            "function_for_derivative",
            "the function itself is used in place of its derivative",
            "Multiply by the derivative of the function.",
        ),
        EngineMistake(
            "no_local_derivative",
            "the upstream gradient is passed on without a local derivative",
            "The chain rule is upstream gradient times local derivative.",
        ),
        EngineMistake(
            "no_gradient",
            "no gradient reaches an operand",
            "The backward function must add to the gradient of every operand.",
        ),
        EngineMistake(
            "sign",
            "the sign of a derivative is wrong",
            "Work the derivative out once more.",
        ),
        EngineMistake(
            "swapped",
            "the derivatives of two operands are exchanged",
            "In a * b the derivative with respect to a is b, and that with respect to b is a.",
        ),
        EngineMistake(
            "relu_mask",
            "relu lets gradients through by the wrong number",
            "Whether relu passes the gradient on depends on its input (or output) alone: "
            "(out.data > 0) * out.grad.",
        ),
        EngineMistake(
            "wrong_derivative",
            "a local derivative is wrong",
            "Work the derivative out once more.",
        ),
        EngineMistake(
            "forward",
            "a value is wrong in the forward pass",
            "Compare it with the formula.",
        ),
        EngineMistake(
            "in_place",
            "+= changes a Value that others use",
            "a += b must make a new Value: leave out __iadd__, and Python uses __add__.",
        ),
        EngineMistake(
            "unhashable",
            "Values cannot be put into a set",
            "A class that defines __eq__ loses __hash__: leave __eq__ out, or keep id(node) "
            "in sets.",
        ),
        EngineMistake(
            "error",
            "an operation raises an error",
            "Look at the traceback of this expression.",
        ),
        EngineMistake(
            "unknown",
            "the gradients are wrong, and none of the classic mistakes explains them",
            "Follow the expression by hand, step by step.",
        ),
    ]
}
"""All mistakes by kind; the broken engines of the lessons are called by the same words."""


# --- how an engine sends --------------------------------------------------------------------------


# --- how an engine walks --------------------------------------------------------------------------


# --- an engine with a mistake ---------------------------------------------------------------------
