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

from tinygrad_edu.engine import age_of, ancestors
from tinygrad_edu.recorder import next_age

Value: TypeAlias = Any  # value.py stands above this file, and uses it


def deepcopy(root: Value, memo: dict[int, Any]) -> Value:
    """Return a copy of ``root`` and of everything behind it that has not been copied yet."""
    found = [root]
    seen = {id(root)}
    for node in found:
        for arg in node.args:
            if hasattr(type(arg), "__record__") and id(arg) not in memo and id(arg) not in seen:
                found.append(arg)
                seen.add(id(arg))
    for node in sorted(found, key=age_of):  # arguments first, as they were made
        memo[id(node)] = twin = object.__new__(type(node))
        x, y = copy.deepcopy(node._x, memo), copy.deepcopy(node._y, memo)
        restore(twin, *fields(node, x, y))
        for name, kept in own_state(node).items():
            object.__setattr__(twin, name, copy.deepcopy(kept, memo))
    return memo[id(root)]


def reduce(root: Value) -> tuple[Any, ...]:
    """Return a function and its arguments, with which pickle makes the Value again."""
    state = own_state(root) or None
    running = in_progress.behind()
    if root.op is None or (running is not None and id(root) in running.members):
        return rebuilt, (type(root), *fields(root, root._x, root._y)), state
    behind = Behind(ancestors(root)[:0:-1])
    held = (type(root), *fields(root, root._x, root._y))
    return rebuilt_after, (behind, Done(behind), *held), state


def fields(node: Value, x: Any, y: Any) -> tuple[Any, ...]:
    """Return what a node holds, with ``x`` and ``y`` for its arguments."""
    return node.data, node.grad, node.label, node.op, x, y, node._dx, node._dy


def own_state(node: Value) -> dict[str, Any]:
    """Return the attributes that a subclass of Value has added."""
    kinds = type(node).__mro__
    added = kinds[: next(i for i, kind in enumerate(kinds) if "__record__" in vars(kind))]
    slots = [name for kind in added for name in slots_of(kind)]
    state = {name: getattr(node, name) for name in slots if hasattr(node, name)}
    return {**state, **getattr(node, "__dict__", {})}


def slots_of(kind: type) -> list[str]:
    """Return the names of the slots that a class adds, private ones as they are stored."""
    slots = vars(kind).get("__slots__", ())
    names = [slots] if isinstance(slots, str) else slots
    mangled = f"_{kind.__name__.lstrip('_')}"
    private = [name.startswith("__") and not name.endswith("__") for name in names]
    found = [
        mangled + name if hidden else name for name, hidden in zip(names, private, strict=True)
    ]
    return [name for name in found if name not in ("__dict__", "__weakref__")]


def restore(node: Value, *held: Any) -> Value:
    """Fill an empty node with what it must hold, and return it; it is the youngest so far."""
    node.data, node.grad, node.label, node.op, node._x, node._y, node._dx, node._dy = held
    node._adjoint = None
    node.age = next_age()
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
