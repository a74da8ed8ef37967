"""The chain rule, written once.

:func:`sweep` walks a graph from its root to its leaves and works out the adjoint of every node:
the derivative of the root with respect to it. Everything that differentiates calls it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Protocol, TypeVar


class Node(Protocol):
    """What the chain rule needs of a node of a graph.

    The arguments of the operation that made it, if one did, and the partial derivatives: one or two
    in slots of their own, where None stands for the derivative by an argument that takes no
    gradient; of many, those that take one, as tuples in ``_x`` and ``_dx``.
    """

    grad: Any
    """The sum of all gradients that were added to it."""
    _x: Any
    _y: Any
    _dx: Any
    _dy: Any
    _uses: int
    """How many edges lead here that have not been walked; 0 between two sweeps."""
    _adjoint: Any
    """The derivative of the root with respect to this node, after a sweep."""


N = TypeVar("N", bound=Node)


LOCK = threading.RLock()
"""Held by who sweeps until the adjoints are read: graphs of two threads may share parameters."""


def ancestors(root: N) -> list[N]:
    """Return ``root`` and all nodes behind it that take a gradient, in the order of a sweep."""
    with LOCK:
        return sweep(root, 0, 0)


def sweep(  # noqa: C901, PLR0912 - the same four lines for one argument, two, and many
    root: N,
    seed: Any = 1.0,
    zero: Any = 0.0,
    partials: Callable[[N], tuple[Any, Any]] | None = None,
    *,
    add: bool = False,
) -> list[N]:
    """Return ``root`` and all nodes behind it that take a gradient, their ``_adjoint`` worked out.

    A node comes before its arguments, and after everything behind the root that uses it, so its
    adjoint is complete when the walk reaches it: topological order. Turned round, it is an order of
    the forward pass. Time is linear in nodes and edges, nothing recurses, and only the shape of
    the graph decides the order.

    Args:
        root: where the walk starts.
        seed: the adjoint of the root.
        zero: what the other adjoints start from.
        partials: returns the partial derivatives of a node in the way that the node stores them;
            left out, they are those that it has stored.
        add: whether to add each adjoint to the ``grad`` of its node. After an error no ``grad``
            has changed.

    For those who hold the ``LOCK``.

    >>> from tinygrad_edu import Value
    >>> a = Value(3.0)
    >>> b = a * a
    >>> nodes = sweep(b)
    >>> nodes == [b, a], a._adjoint
    (True, 6.0)
    """
    found = [root]
    order = [root]
    before = []
    try:
        count_uses(found, zero)
        root._adjoint = seed
        for node in order:
            upstream = node._adjoint
            if add:  # here, where the node is at hand: another walk would take a tenth more
                grad = node.grad
                before.append(grad)
                node.grad = upstream + grad if grad else upstream  # a Fraction + 0.0 is a float
            if partials is None:
                dx, dy = node._dx, node._dy
            else:
                dx, dy = partials(node)
            # The chain rule: along a path multiply, over all paths add. An argument is next in
            # order when everything that uses it has been visited. Written out for the second
            # argument, the first, and many: a call for each would double the time of the walk.
            if dy is not None:
                arg = node._y
                arg._adjoint += upstream * dy
                arg._uses = uses = arg._uses - 1
                if not uses:
                    order.append(arg)
            if dx is None:
                continue
            if type(dx) is not tuple:
                arg = node._x
                arg._adjoint += upstream * dx
                arg._uses = uses = arg._uses - 1
                if not uses:
                    order.append(arg)
                continue
            for arg, partial in zip(reversed(node._x), reversed(dx)):  # noqa: B905 - strict is slow
                arg._adjoint += upstream * partial
                arg._uses = uses = arg._uses - 1
                if not uses:
                    order.append(arg)
        if len(order) != len(found):
            message = "sweep: a node was not reached; was the graph changed on the way?"
            raise RuntimeError(message)  # noqa: TRY301 - to be cleaned up after, too
        return order  # noqa: TRY300 - still inside: either all is done, or nothing
    except BaseException:  # an interrupt, too, leaves the graph fit for the next walk
        for node, grad in zip(order, before):  # noqa: B905 - those that the walk has come to
            node.grad = grad
        for node in found:
            node._uses = 0
            node._adjoint = None
        raise


def count_uses(found: list[N], zero: Any) -> None:
    """Find the nodes behind the one in ``found``; count in each the edges that lead to it."""
    for node in found:
        if node._dy is not None:
            arg = node._y
            uses = arg._uses
            if not uses:
                arg._adjoint = zero
                found.append(arg)
            arg._uses = uses + 1
        dx = node._dx
        if dx is None:
            continue
        if type(dx) is not tuple:
            arg = node._x
            uses = arg._uses
            if not uses:
                arg._adjoint = zero
                found.append(arg)
            arg._uses = uses + 1
            continue
        for arg in node._x:
            uses = arg._uses
            if not uses:
                arg._adjoint = zero
                found.append(arg)
            arg._uses = uses + 1
