"""Deep copies and pickles of graphs of any depth.

Both take the nodes one by one, arguments before what was made of them, so that nothing follows a
chain of arguments down. Nodes that several Values share stay shared.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tinygrad_edu.engine import sweep

if TYPE_CHECKING:
    from tinygrad_edu.value import Value


def deepcopy(root: Value, memo: dict[int, Any]) -> Value:
    """Return a copy of ``root`` and of everything behind it."""
    for node in reversed(sweep(root)):
        if id(node) not in memo:
            x, y = copy.deepcopy(node._x, memo), copy.deepcopy(node._y, memo)
            memo[id(node)] = rebuilt(type(node), None, *fields(node, x, y))
    copied: Value = memo[id(root)]
    return copied


def reduce(root: Value) -> tuple[Any, ...]:
    """Return what pickle asks for: a function and the arguments that make the Value again."""
    behind = None if Behind.in_progress else Behind(sweep(root)[:0:-1])
    return rebuilt, (type(root), behind, *fields(root, root._x, root._y))


def fields(node: Value, x: Any, y: Any) -> tuple[Any, ...]:
    """Return what a node holds, with ``x`` and ``y`` for its arguments."""
    return node.data, node.grad, node.label, node.op, x, y, node._dx, node._dy


def rebuilt(kind: type[Value], _behind: object, *held: Any) -> Value:
    """Return a node that holds ``held``."""
    node = object.__new__(kind)
    node.data, node.grad, node.label, node.op, node._x, node._y, node._dx, node._dy = held
    node._uses = 0
    return node


class Behind:
    """The nodes behind a Value, which are pickled ahead of it."""

    in_progress = False

    def __init__(self, nodes: list[Value]) -> None:
        """Hold the nodes, arguments first."""
        self.nodes = nodes

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (), None, self._one_by_one()

    def _one_by_one(self) -> Iterator[Value]:
        Behind.in_progress = True  # what a node needs has been pickled when its turn comes
        try:
            yield from self.nodes
        finally:
            Behind.in_progress = False
