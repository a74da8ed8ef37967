"""The chain rule, written once.

:func:`sweep` walks a graph from its root to its leaves and works out the adjoint of every node:
the derivative of the root by it. Everything that differentiates calls it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tinygrad_edu.value import Value

Visit = Callable[["Value", Any], None]
"""Called with an argument that takes a gradient and the partial derivative by it."""


def sweep(
    root: Value, seed: Any = 1.0, each_partial: Callable[[Value, Visit], None] | None = None
) -> tuple[list[Value], list[Any]]:
    """Return all nodes behind ``root`` that take a gradient, and the adjoint of each.

    A node comes before its arguments, and after everything behind the root that uses it, so its
    adjoint is complete when the walk reaches it: topological order. Time is linear in nodes and
    edges, nothing recurses, and only the shape of the graph decides the order.

    Args:
        root: where the walk starts.
        seed: the adjoint of the root.
        each_partial: hands over the partial derivatives of a node, where they are not to be the
            numbers that it stored when it was made.

    Not for two threads at once on graphs that share nodes.

    >>> from tinygrad_edu import Value
    >>> a = Value(3.0)
    >>> b = a * a
    >>> nodes, adjoints = sweep(b)
    >>> nodes == [b, a], adjoints
    (True, [1.0, 6.0])
    """
    stored = type(root).each_partial
    found = [root]
    order = [root]
    upstream = seed

    def count_use(arg: Value, _: Any) -> None:
        if not arg._uses:
            found.append(arg)
        arg._uses += 1

    def send_back(arg: Value, partial: Any) -> None:
        term = upstream * partial  # the chain rule: along a path multiply ...
        arg._adjoint = term if arg._adjoint is None else arg._adjoint + term  # ... over paths add
        arg._uses -= 1
        if not arg._uses:
            order.append(arg)

    try:
        for node in found:
            stored(node, count_use)
        root._adjoint = seed
        for node in order:
            upstream = node._adjoint
            (each_partial or stored)(node, send_back)
        return order, [node._adjoint for node in order]
    finally:  # an interrupt, too, leaves no trace on the nodes
        for node in found:
            node._uses = 0
            node._adjoint = None
