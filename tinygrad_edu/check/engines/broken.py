"""Engines with a classic mistake, and the gradients that they give.

An engine walks through the graph, and at each node it sends gradients to the arguments. A mistake
is a wrong walk or a wrong way to send. Played on a graph, it gives the gradients that any engine
with this mistake gives: so it is recognised by its numbers, whatever the engine's code looks like.

>>> a = Value(3.0)
>>> square = a * a
>>> play(square)[a], play(square, send=overwrite)[a]
(6.0, 3.0)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

from tinygrad_edu.engine import ancestors
from tinygrad_edu.value import Value

__all__ = [
    "SENDS",
    "WALKS",
    "Children",
    "Send",
    "Walk",
    "add",
    "args_and_partials",
    "depth_first",
    "newest_first",
    "play",
]

Ways: TypeAlias = "list[tuple[Value, Any]]"
"""The arguments of a node that take a gradient, each with the local derivative."""

Gradients: TypeAlias = "dict[Value, Any]"

Send: TypeAlias = "Callable[[Gradients, Value, Ways], None]"

Children: TypeAlias = "Callable[[Value], Sequence[Value]]"

Walk: TypeAlias = "Callable[[Value, Children], Iterator[tuple[Value, Ways]]]"


def args_and_partials(node: Value) -> Ways:
    """Return the arguments of a node that take a gradient, each with the local derivative.

    >>> a, b = Value(2.0), Value(3.0)
    >>> [(arg.data, partial) for arg, partial in args_and_partials(a * b)]
    [(2.0, 3.0), (3.0, 2.0)]
    """
    pairs = zip(node.args, node.partials, strict=True)
    return [(arg, p) for arg, p in pairs if isinstance(arg, Value) and p is not None]


def add(gradients: Gradients, node: Value, ways: Ways) -> None:
    """Add upstream gradient times local derivative: the right way."""
    for arg, partial in ways:
        gradients[arg] += gradients[node] * partial


def overwrite(gradients: Gradients, node: Value, ways: Ways) -> None:
    """Write = in place of +=."""
    for arg, partial in ways:
        gradients[arg] = gradients[node] * partial


def last_of_set(gradients: Gradients, node: Value, ways: Ways) -> None:
    """Keep one local derivative for each operand: of a * a only the last."""
    add(gradients, node, [*dict(ways).items()])


def first_of_set(gradients: Gradients, node: Value, ways: Ways) -> None:
    """Keep one local derivative for each operand: of a * a only the first."""
    add(gradients, node, [*dict(reversed(ways)).items()])


def zero_first(gradients: Gradients, node: Value, ways: Ways) -> None:
    """Clear the gradients of the operands, and then add to them."""
    for arg, _ in ways:
        gradients[arg] = 0.0
    add(gradients, node, ways)


def without_upstream(gradients: Gradients, _: Value, ways: Ways) -> None:
    """Add the local derivative alone."""
    for arg, partial in ways:
        gradients[arg] += partial


def all_to_last(gradients: Gradients, node: Value, ways: Ways) -> None:
    """Send everything to the last operand: the name is looked up after the loop."""
    add(gradients, node, [(ways[-1][0], partial) for _, partial in ways])


def last_to_last(gradients: Gradients, node: Value, ways: Ways) -> None:
    """Send to the last operand, once for each operand, with the last local derivative."""
    add(gradients, node, [ways[-1]] * len(ways))


def only_last(gradients: Gradients, node: Value, ways: Ways) -> None:
    """Send to the last operand only: each turn of the loop replaces the function."""
    add(gradients, node, ways[-1:])


def first_wins(gradients: Gradients, node: Value, ways: Ways) -> None:
    """Keep the first contribution, and drop all later ones."""
    for arg, partial in ways:
        gradients[arg] = gradients[arg] or gradients[node] * partial


def last_of_equal(gradients: Gradients, node: Value, ways: Ways) -> None:
    """Keep operands by their numbers: of two that are equal only the last."""
    add(gradients, node, [*{arg.data: (arg, partial) for arg, partial in ways}.values()])


def only_at(position: int, send: Send) -> Send:
    """Return how to send if only the operand at one position is sent to in a wrong way."""

    def mixed(gradients: Gradients, node: Value, ways: Ways) -> None:
        for k, way in enumerate(ways):
            (send if k == position else add)(gradients, node, [way])

    return mixed


def last_partial_at_first(gradients: Gradients, node: Value, ways: Ways) -> None:
    """Send to each operand, but always with the last local derivative."""
    add(gradients, node, [(arg, ways[-1][1]) for arg, _ in ways])


SENDS: dict[Send, str] = {
    overwrite: "overwrite",
    only_at(0, overwrite): "overwrite",
    only_at(1, overwrite): "overwrite",
    first_wins: "overwrite",
    only_at(0, without_upstream): "no_upstream",
    only_at(1, without_upstream): "no_upstream",
    last_of_set: "set_of_children",
    first_of_set: "set_of_children",
    zero_first: "zeroed_too_early",
    without_upstream: "no_upstream",
    all_to_last: "loop_variable",
    last_to_last: "loop_variable",
    only_last: "loop_variable",
    last_partial_at_first: "loop_variable",
    last_of_equal: "set_of_children",
}
"""The wrong ways to send, and the mistakes that they are."""


def newest_first(root: Value, _: Children) -> Iterator[tuple[Value, Ways]]:
    """Walk in topological order: every node after all that use it."""
    for node in ancestors(root):
        yield node, args_and_partials(node)


def recursion(root: Value, children: Children) -> Iterator[tuple[Value, Ways]]:
    """Let a node send, and then each of its operands, whatever is still to come."""
    yield root, args_and_partials(root)
    for child in children(root):
        yield from recursion(child, children)


def recursion_at_once(root: Value, children: Children) -> Iterator[tuple[Value, Ways]]:
    """Send to one operand, let it send, and only then go on to the next one."""
    ways = args_and_partials(root)
    if children(root)[:1] != [arg for arg, _ in ways[:1]]:
        ways.reverse()
    for way in ways:
        yield root, [way]
        yield from recursion_at_once(way[0], children)


def first_visit(root: Value, children: Children) -> Iterator[tuple[Value, Ways]]:
    """Let every node send once, when it is first met, depth first."""
    visited: set[Value] = set()

    def visit(node: Value) -> Iterator[tuple[Value, Ways]]:
        if node not in visited:
            visited.add(node)
            yield node, args_and_partials(node)
            for child in children(node):
                yield from visit(child)

    return visit(root)


def first_visit_at_once(root: Value, children: Children) -> Iterator[tuple[Value, Ways]]:
    """Let every node send once, and each operand send before the next one is sent to."""
    visited: set[Value] = set()

    def visit(node: Value) -> Iterator[tuple[Value, Ways]]:
        if node in visited:
            return
        visited.add(node)
        ways = args_and_partials(node)
        if children(node)[:1] != [arg for arg, _ in ways[:1]]:
            ways.reverse()
        for way in ways:
            yield node, [way]
            yield from visit(way[0])

    return visit(root)


def stack(root: Value, children: Children) -> Iterator[tuple[Value, Ways]]:
    """Take the node that was put on the stack last; every node sends once."""
    waiting, visited = [root], {root}
    while waiting:
        node = waiting.pop()
        yield node, args_and_partials(node)
        for child in children(node):
            if child not in visited:
                visited.add(child)
                waiting.append(child)


def breadth_first(root: Value, children: Children) -> Iterator[tuple[Value, Ways]]:
    """Take the nodes by their distance from the root."""
    waiting, visited = deque([root]), {root}
    while waiting:
        node = waiting.popleft()
        yield node, args_and_partials(node)
        for child in children(node):
            if child not in visited:
                visited.add(child)
                waiting.append(child)


def every_time(root: Value, children: Children) -> Iterator[tuple[Value, Ways]]:
    """Take a node as often as there are paths to it, breadth first."""
    waiting = deque([root])
    while waiting:
        node = waiting.popleft()
        yield node, args_and_partials(node)
        waiting.extend(children(node))


def post_order(root: Value, children: Children) -> list[Value]:
    """Return the nodes, each after its operands."""
    order: dict[Value, None] = {}

    def visit(node: Value) -> None:
        for child in children(node):
            if child not in order:
                visit(child)
        order[node] = None

    visit(root)
    return [*order]


def depth_first(root: Value, children: Children) -> Iterator[tuple[Value, Ways]]:
    """Walk in topological order, as an engine does that sorts the nodes: the right way."""
    for node in reversed(post_order(root, children)):
        yield node, args_and_partials(node)


def not_reversed(root: Value, children: Children) -> Iterator[tuple[Value, Ways]]:
    """Walk from the leaves to the root."""
    for node in post_order(root, children):
        yield node, args_and_partials(node)


def equal_by_number(root: Value, children: Children) -> Iterator[tuple[Value, Ways]]:
    """Take nodes with equal numbers for the same node when the order is built."""
    seen: set[Any] = set()
    order: list[Value] = []

    def visit(node: Value) -> None:
        if node.data not in seen:
            seen.add(node.data)
            for child in children(node):
                visit(child)
            order.append(node)

    visit(root)
    for node in reversed(order):
        yield node, args_and_partials(node)


def equal_by_structure(root: Value, children: Children) -> Iterator[tuple[Value, Ways]]:
    """Take nodes for the same that have equal numbers and were made in the same way."""
    seen: set[str] = set()
    order: list[Value] = []
    written: dict[Value, str] = {}

    def visit(node: Value) -> None:
        if written[node] not in seen:
            seen.add(written[node])
            for child in children(node):
                visit(child)
            order.append(node)

    for node in reversed(ancestors(root)):
        written[node] = (
            f"{node.data}({','.join(written[arg] for arg, _ in args_and_partials(node))})"
        )
    visit(root)
    for node in reversed(order):
        yield node, args_and_partials(node)


def marked_when_pushed(root: Value, children: Children) -> Iterator[tuple[Value, Ways]]:
    """Build the order with a stack, and mark nodes as visited when they are put on it."""
    order: list[Value] = []
    stacked, visited = [(root, False)], {root}
    while stacked:
        node, is_done = stacked.pop()
        if is_done:
            order.append(node)
            continue
        stacked.append((node, True))
        for child in children(node):
            if child not in visited:
                visited.add(child)
                stacked.append((child, False))
    for node in reversed(order):
        yield node, args_and_partials(node)


def without_seed(root: Value, _: Children) -> Iterator[tuple[Value, Ways]]:
    """Send nothing: all gradients are 0."""
    del root
    yield from ()


WALKS: dict[Walk, str] = {
    recursion: "recursion",
    recursion_at_once: "recursion",
    every_time: "recursion",
    first_visit: "first_visit",
    first_visit_at_once: "first_visit",
    stack: "first_visit",
    breadth_first: "breadth_first",
    not_reversed: "not_reversed",
    equal_by_number: "equal_by_number",
    equal_by_structure: "equal_by_number",
    marked_when_pushed: "first_visit",
    without_seed: "no_seed",
}
"""The wrong walks, and the mistakes that they are."""


def operands_of(node: Value) -> Sequence[Value]:
    """Return the arguments of a node that take a gradient, in their order."""
    return [arg for arg, _ in args_and_partials(node)]


def play(
    root: Value,
    *,
    walk: Walk = newest_first,
    send: Send = add,
    children: Children = operands_of,
    is_broken: Callable[[Value], bool] = lambda _: True,
    others: float = 0.0,
) -> Gradients:
    """Return the gradients that an engine gives which walks and sends in this way.

    Args:
        root: the output.
        walk: in which order nodes send.
        send: what a node sends.
        children: the operands of a node in the order in which the walk goes to them.
        is_broken: tells which nodes send in this way; all others add.
        others: with which gradient all nodes but the output begin.
    """
    gradients: Gradients = dict.fromkeys(ancestors(root), others)
    gradients[root] = 1.0
    for node, ways in walk(root, children):
        if ways:
            (send if is_broken(node) else add)(gradients, node, ways)
    return gradients
