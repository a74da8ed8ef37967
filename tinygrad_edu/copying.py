"""Deep copies and pickles of graphs of any depth.

Both take the nodes one by one, arguments before what was made of them, so that nothing follows a
chain of arguments down. Nodes that several Values share stay shared.
"""

from __future__ import annotations

import copy
import threading
import weakref
from collections.abc import Callable
from typing import Any, TypeAlias

from tinygrad_edu.engine import ancestors

Value: TypeAlias = Any  # value.py stands above this file, and uses it


def deepcopy(root: Value, memo: dict[int, Any]) -> Value:
    """Return a copy of ``root`` and of everything behind it that has not been copied yet."""
    found = [root]
    memo[id(root)] = object.__new__(type(root))
    for node in found:
        for arg in node.args:
            if hasattr(type(arg), "__primitive__") and id(arg) not in memo:  # a Value
                found.append(arg)
                memo[id(arg)] = object.__new__(type(arg))
    for node in found:
        x, y = copy.deepcopy(node._x, memo), copy.deepcopy(node._y, memo)
        restore(memo[id(node)], *fields(node, x, y))
    return memo[id(root)]


def reduce(root: Value) -> tuple[Any, ...]:
    """Return what pickle asks for: a function and the arguments that make the Value again."""
    running = in_progress.behind()
    if root.op is None or (running is not None and id(root) in running.members):
        return rebuilt, (type(root), *fields(root, root._x, root._y))
    behind = Behind(ancestors(root)[:0:-1])
    return rebuilt_after, (behind, Done(behind), type(root), *fields(root, root._x, root._y))


def fields(node: Value, x: Any, y: Any) -> tuple[Any, ...]:
    """Return what a node holds, with ``x`` and ``y`` for its arguments."""
    return node.data, node.grad, node.label, node.op, x, y, node._dx, node._dy


def restore(node: Value, *held: Any) -> Value:
    """Fill an empty node with what it is to hold, and return it."""
    node.data, node.grad, node.label, node.op, node._x, node._y, node._dx, node._dy = held
    node._uses = 0
    return node


def rebuilt(kind: type[Value], *held: Any) -> Value:
    """Return a node that holds ``held``."""
    return restore(object.__new__(kind), *held)


def rebuilt_after(_behind: list[Value], _done: int, kind: type[Value], *held: Any) -> Value:
    """Return a node that holds ``held``, which was pickled after what is behind it."""
    return rebuilt(kind, *held)


class InProgress(threading.local):
    """The nodes that are being pickled one by one in this thread, if any are."""

    def __init__(self) -> None:
        """Begin with none."""
        self.behind: Callable[[], Behind | None] = lambda: None


in_progress = InProgress()


class Behind:
    """The nodes behind a Value, arguments first, to be pickled ahead of it.

    While that goes on, what each of them needs has been pickled when its turn comes, so that it may
    simply name its arguments.
    """

    def __init__(self, nodes: list[Value]) -> None:
        """Hold the nodes; they stay alive and so keep their ids."""
        self.nodes = nodes
        self.members = set(map(id, nodes))
        self.outer = in_progress.behind

    def __reduce__(self) -> tuple[Any, ...]:
        # A weak reference: if pickling fails, this is soon gone, and in progress no more.
        self.outer, in_progress.behind = in_progress.behind, weakref.ref(self)
        return list, (), None, iter(self.nodes)


class Done:
    """Comes after the nodes behind a Value and says that they have been pickled."""

    def __init__(self, behind: Behind) -> None:
        """Remember what will be done."""
        self.behind = behind

    def __reduce__(self) -> tuple[Any, ...]:
        in_progress.behind = self.behind.outer
        return int, ()
