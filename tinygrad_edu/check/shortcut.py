"""The values of a function by a program that was made from its graph: the same, sooner.

A check needs the values of a function at some hundred points. Recording the function anew for each
of them takes most of the time of a check. The graph that was recorded once says how the outputs are
computed, and as plain Python it gives the same numbers, to the last bit. It does so as long as the
function computes in the same way at all points; the check compares program and function at some of
the points, and does without the program where they differ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tinygrad_edu.check.function import Function
from tinygrad_edu.engine import ancestors
from tinygrad_edu.programs.compiling import compiled
from tinygrad_edu.programs.rules import ProgramLines
from tinygrad_edu.recorder import as_number
from tinygrad_edu.value import recording

__all__ = ["same_numbers", "shortcut"]

LARGEST = 2000
"""Nodes: a larger graph takes longer to compile than it saves."""


def shortcut(function: Function) -> Callable[[Sequence[float]], list[float]] | None:
    """Return a function from the inputs to the outputs, or None if the graph does not give one.

    It does not if the function decides by a number, has no graph, or computes with Fractions.

    >>> from tinygrad_edu import sin
    >>> shortcut(Function(lambda x, y: [sin(x) * y, x], [0.0, 2.0]))([1.0, 2.0])
    [1.682941969615793, 1.0]
    """
    try:
        with recording():
            outputs = function.outputs()
    except RuntimeError:
        return None
    nodes = {node: None for y in outputs for node in reversed(ancestors(y))}
    numbers = [as_number(x) for node in nodes for x in (node, *node.args)]
    if len(nodes) > LARGEST or any(y.op is None for y in outputs if y not in function.leaves):
        return None
    if any(type(x) is not float for x in numbers):
        return None
    lines = ProgramLines(lambda op: op.forward)
    names: dict[Any, str] = {leaf: f"V[{i}]" for i, leaf in enumerate(function.leaves)}
    for i, node in enumerate(nodes):
        if node.op is not None and node not in names:
            operands = [names.get(x) or repr(as_number(x)) for x in node.args]
            lines.lines.append(f"v{i} = {lines.call(node.op, operands)}")
            names[node] = f"v{i}"
    lines.lines.append(f"A[:] = [{', '.join(names[y] for y in outputs)}]")
    program = compiled("values", lines.lines, lines.functions, "gradcheck")

    def values(point: Sequence[float]) -> list[float]:
        found: list[float] = []
        program((), (), point, found)
        return found

    return values


def same_numbers(found: Sequence[float], right: Sequence[float]) -> bool:
    """Tell whether numbers are equal to the last bit; nan counts as equal to nan."""
    return [*map(repr, found)] == [*map(repr, right)]
