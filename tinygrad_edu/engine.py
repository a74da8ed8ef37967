"""The chain rule, written once.

:func:`adjoints` works out the derivative of a root with respect to every node that it was computed
from. Everything that differentiates calls it, or :func:`accumulate`, which adds them to ``.grad``.

Why the newest node comes first
-------------------------------
An adjoint may be passed on only when it is complete: when every node that uses this one has been
visited. An order that guarantees it is called topological. Here it costs no search: an operation
can only be given Values that exist already, so a node is younger than everything it was computed
from. Visiting the ancestors of the root from the newest to the oldest therefore visits every node
before its arguments. Turned round, the order is that of the forward pass.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from itertools import repeat
from operator import attrgetter
from typing import Any, Protocol, TypeVar

__all__ = ["accumulate", "adjoints", "ancestors"]


class Node(Protocol):
    """What the chain rule needs of a node of a graph.

    An operation of one argument or two keeps them in slots of their own, with their partial
    derivatives; None stands for the derivative with respect to an argument that takes no gradient.
    An operation of lists keeps in ``_x``, operand by operand, what takes a gradient: an argument, a
    tuple of arguments, or None; in ``_dx`` are their partials, and ``_dy`` is None there.
    """

    op: Any
    """The operation that made it; None for a leaf."""
    grad: Any
    """The sum of all gradients that were added to it."""
    age: int
    """Nodes count up: the arguments of a node have a lower number."""
    _x: Any
    _y: Any
    _dx: Any
    _dy: Any
    _adjoint: Any
    """The derivative of the root with respect to this node during a walk; otherwise None."""


N = TypeVar("N", bound=Node)
Stored = tuple[Any, Any]  # partials as a node keeps them: (_dx, _dy)

# Held while a walk uses the nodes' marks: graphs of two threads may share parameters. A fork waits
# for the walk to end, so that the child inherits neither a lock that is held nor half a walk.
lock = threading.RLock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release
    )

age_of = attrgetter("age")


def ancestors(root: N) -> list[N]:
    """Return ``root`` and all nodes behind it that take a gradient, the newest first.

    >>> from tinygrad_edu import Value
    >>> a = Value(3.0)
    >>> b = a * a
    >>> ancestors(b) == [b, a]
    True
    """
    inner: list[N] = [root]
    leaves: list[N] = []
    with lock:
        try:
            mark(inner, leaves, 0.0)
        finally:
            assign(inner + leaves, "_adjoint", repeat(None))
    return sorted(inner + leaves, key=age_of, reverse=True)


def adjoints(
    root: N, seed: Any = 1.0, zero: Any = 0.0, partials: Callable[[N], Stored] | None = None
) -> dict[N, Any]:
    """Return the derivative of ``root`` with respect to each of its :func:`ancestors`, in order.

    Time is linear in nodes and edges, apart from sorting by age, and nothing recurses.

    Args:
        root: where the walk starts.
        seed: the adjoint of the root.
        zero: what the other adjoints start from.
        partials: returns the partial derivatives of a node in the way that the node stores them
            (``stored`` of the recorder does it); left out, they are those that it has stored.

    >>> from tinygrad_edu import Value
    >>> a = Value(3.0)
    >>> b = a * a
    >>> adjoints(b) == {b: 1.0, a: 6.0}
    True
    """
    with lock:
        found = dict(zip(*walk(root, seed, zero, partials), strict=True))
    return {node: found[node] for node in sorted(found, key=age_of, reverse=True)}


def accumulate(root: N, seed: Any = 1.0, zero: Any = 0.0) -> None:
    """Add to ``.grad`` of ``root`` and its ancestors the derivative of ``root`` with respect to it.

    After an error or an interrupt either all gradients have changed, or none.
    """
    with lock:
        walk(root, seed, zero, add=True)


def walk(  # noqa: C901, PLR0912 - the same line for one argument, two, and lists
    root: N,
    seed: Any,
    zero: Any,
    partials: Callable[[N], Stored] | None = None,
    *,
    add: bool = False,
) -> tuple[list[N], list[Any]]:
    """Return the ancestors, the leaves last, and their adjoints; no mark is left behind.

    With ``add`` each adjoint is added to the gradient of its node, and the gradients of before are
    returned: here, where the node is at hand, for another walk would take a third more.
    """
    inner: list[N] = [root]
    leaves: list[N] = []
    found: list[Any] = []
    try:
        mark(inner, leaves, zero)
        root._adjoint = seed
        for node in inner:
            upstream = node._adjoint
            if add:
                found.append(grad := node.grad)
                node.grad = upstream + grad if grad else upstream  # a Fraction + 0.0 is a float
            else:
                found.append(upstream)
            node._adjoint = None
            dx, dy = (node._dx, node._dy) if partials is None else partials(node)
            # The chain rule: along a path multiply, over all paths add. Written out for the second
            # argument, the first, and lists: a loop over each would double the time of the walk.
            if dy is not None:
                node._y._adjoint += upstream * dy
            if type(dx) is tuple:
                for args, slopes in zip(node._x, dx):  # noqa: B905 - strict is slow
                    if type(args) is tuple:
                        for arg, slope in zip(args, slopes):  # noqa: B905 - strict is slow
                            arg._adjoint += upstream * slope
                    elif args is not None:
                        args._adjoint += upstream * slopes
            elif dx is not None:
                node._x._adjoint += upstream * dx
        for node in leaves:
            upstream = node._adjoint
            if add:
                found.append(grad := node.grad)
                node.grad = upstream + grad if grad else upstream
            else:
                found.append(upstream)
            node._adjoint = None
        return inner + leaves, found  # still inside: either all is done, or nothing
    except BaseException:  # an interrupt, too, leaves the graph as it was
        assign(inner + leaves, "_adjoint", repeat(None))
        if add:
            assign(inner + leaves, "grad", found)
        raise


def mark(inner: list[N], leaves: list[N], zero: Any) -> None:  # noqa: C901 - as in walk
    """Find all nodes behind the root in ``inner``, leaves apart; set their adjoints to zero.

    What has been computed is sorted by age. The adjoints tell what has been found already.
    """
    shared = set()  # neurons of a layer share their inputs, and examples of a batch the weights
    inner[0]._adjoint = zero
    for node in inner:
        if node._dy is not None:
            arg = node._y
            if arg._adjoint is None:
                (inner if arg.op else leaves).append(arg)
                arg._adjoint = zero
        dx = node._dx
        if type(dx) is tuple:
            for args in node._x:
                if args is None or id(args) in shared:
                    continue
                shared.add(id(args))
                for arg in args if type(args) is tuple else (args,):
                    if arg._adjoint is None:
                        (inner if arg.op else leaves).append(arg)
                        arg._adjoint = zero
        elif dx is not None:
            arg = node._x
            if arg._adjoint is None:
                (inner if arg.op else leaves).append(arg)
                arg._adjoint = zero
    inner.sort(key=age_of, reverse=True)


def assign(nodes: list[N], name: str, values: Any) -> None:
    """Set an attribute of each node that there is a value for; no interrupt falls in between."""
    deque(map(setattr, nodes, repeat(name), values), maxlen=0)
