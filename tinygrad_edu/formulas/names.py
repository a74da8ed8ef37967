"""The names of all Values of a graph, the same for everything that shows them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from typing import Any

from tinygrad_edu.engine import ancestors
from tinygrad_edu.formulas.labels import as_text, typed
from tinygrad_edu.formulas.notation import name as notation
from tinygrad_edu.operation import Components
from tinygrad_edu.recorder import as_number
from tinygrad_edu.support.characters import subscript
from tinygrad_edu.value import Constant, Value

__all__ = ["LOSS", "Names", "with_constants"]

LOSS = "L"  # what a loss is called


class Names:
    """What the Values behind a root are called.

    A Value bears its label, written as :func:`~tinygrad_edu.formulas.labels.as_text` writes it.
    Without a label it is called v₁, v₂, ... in the order of the forward pass; a constant without a
    label has no name, it stands in formulas as the number that it is. Of several with the same
    label the first keeps it: z, z[2], z[3].

    A Value with the label L is a loss, and so is a root without a label behind which there is one.
    The root is called L, those behind it L₁, L₂, ...

    No two names are the same as text, as LaTeX, or in the way in which they are typed. Time is
    linear in nodes and edges.

    >>> a = Value(1.0, label="a")
    >>> b = a + a
    >>> names = Names(b * b)
    >>> names[a], names[b], names.nodes["v₁"] is b
    ('a', 'v₁', True)
    >>> x, y = Value(2.0, label="w_1"), Value(3.0, label="w₁")
    >>> list(Names(x * y).nodes)
    ['w₁', 'w₁[2]', 'v₁']
    """

    def __init__(self, root: Value) -> None:
        """Name everything behind the root, arguments first."""
        self.root = root
        order = with_constants(root)
        labels = Labels(root, order)
        found, taken = labels.found, labels.taken
        n = 0
        self.of: dict[Value, str] = {}
        for node in order:
            name = found.get(node)
            if name is None:
                if is_plain_number(node):
                    continue
                n = free("v", n, taken)
                name = notation("v", n)
            self.of[node] = name

    def __getitem__(self, node: Value) -> str:
        return self.of[node]

    def get(self, node: object, default: str = "") -> str:
        """Return what a Value is called; for what has no name, such as a number, the default."""
        if not isinstance(node, Value):
            return default
        return self.of.get(node) or self.name_of_output(node) or default

    def name_of_output(self, node: Value) -> str:
        """Return what a further output of an operation is called, from how the others are labelled.

        >>> from tinygrad_edu import softmax
        >>> p = softmax([Value(1.0), Value(2.0)])
        >>> p[0].label = "p_1"
        >>> names = Names(p[0] * 2)
        >>> names.get(p[0]), names.get(p[1])
        ('p₁', 'p₂')
        """
        if not isinstance(node.op, Components):
            return ""
        inputs, index = node.operands
        new = subscript(int(as_number(index)) + 1)
        others = self.outputs.get((node.op, *map(id, inputs)), [])
        for other, old in others:
            if old == new:
                return self.of[other]
        for other, old in others:
            pattern = rf"(?<![₀-₉]){old}(?![₀-₉])"
            name = re.sub(pattern, new, self.of[other], count=1)
            if other.label and name != self.of[other] and name not in self.nodes:
                return name
        return ""

    @cached_property
    def outputs(self) -> dict[Any, list[tuple[Value, str]]]:
        """The outputs of operations that have several, with their places as subscripts."""
        found: dict[Any, list[tuple[Value, str]]] = {}
        for node in self.of:
            if isinstance(node.op, Components):
                inputs, index = node.operands
                place = subscript(int(as_number(index)) + 1)
                found.setdefault((node.op, *map(id, inputs)), []).append((node, place))
        return found

    @cached_property
    def nodes(self) -> dict[str, Value]:
        """The Values by their names."""
        return {name: node for node, name in self.of.items()}

    def has_detour(self, node: Value, arg: Value) -> bool:
        """Tell whether a node depends on an argument of its through its other arguments, too.

        Then its local derivative is not the whole derivative, but that on the direct way.

        >>> x = Value(2.0)
        >>> square = x * x
        >>> y = square + x
        >>> names = Names(y)
        >>> names.has_detour(y, x), names.has_detour(y, square), names.has_detour(square, x)
        (True, False, False)
        """
        if arg not in self.shared:
            return False
        found = [other for other in varying(node) if other is not arg]
        seen = set(found)
        for other in found:
            if self.rank[other] > self.rank[arg]:  # what comes before does not depend on it
                behind = set(varying(other))
                if arg in behind:
                    return True
                found += behind - seen
                seen |= behind
        return False

    @cached_property
    def rank(self) -> dict[Value, int]:
        """The place of each Value in an order in which arguments come first."""
        return {node: place for place, node in enumerate(self.of)}

    @cached_property
    def shared(self) -> set[Value]:
        """The Values that more than one operation uses."""
        users: dict[Value, Value] = {}
        edges = ((arg, node) for node in self.of for arg in varying(node))
        return {arg for arg, node in edges if users.setdefault(arg, node) is not node}


class Labels:
    """The names that come of labels: each as it is, those that are taken already counted."""

    def __init__(self, root: Value, order: Iterable[Value]) -> None:
        """Give the labels as they are first, so that nothing else takes them."""
        self.found: dict[Value, str] = {}
        self.taken: set[str] = set()
        labels = {node: label for node in order if (label := as_text(node.label))}
        losses = [node for node, label in labels.items() if label == LOSS]
        derivatives = Derivatives(labels.values())
        is_loss = losses and root.op is not None and labels.get(root, LOSS) == LOSS
        if is_loss or len(losses) == 1:
            self.claim(root if is_loss else losses[0], LOSS)
        waiting = [
            (node, quoted)
            for node, label in labels.items()
            if label != LOSS and not self.claim(node, quoted := derivatives.told_apart(label))
        ]
        n = 0
        for node in losses:
            if node not in self.found:
                n = free(LOSS, n, self.taken)
                self.claim(node, notation(LOSS, n))
        times: dict[str, int] = {}
        for node, label in waiting:
            times.setdefault(label, 1)
            while node not in self.found:
                times[label] += 1
                self.claim(node, f"{label}[{times[label]}]")

    def claim(self, node: Value, name: str) -> bool:
        """Give a node a name if no other has one that looks like it or is typed like it."""
        key = typed(name)  # what looks the same is typed the same
        if key in self.taken:
            return False
        self.taken.add(key)
        self.found[node] = name
        return True


def free(symbol: str, n: int, taken: set[str]) -> int:
    """Return the first number above n with which a symbol gives a name that is not taken.

    >>> free("v", 0, {"v_1", "v_2"})
    3
    """
    n += 1
    while f"{symbol}_{n}" in taken:
        n += 1
    return n


class Derivatives:
    """Which labels look like derivatives that are spoken of in the same graph."""

    def __init__(self, labels: Iterable[str]) -> None:
        """Keep what is called otherwise; labels without a slash can be nothing of this kind."""
        labels = set(labels)
        has_slash = any("/" in label for label in labels)
        self.others = {typed(label) for label in labels} if has_slash else set()

    def told_apart(self, label: str) -> str:
        """Return a label; in quotation marks if it looks like a derivative of two others.

        >>> Derivatives(["L", "w", "dL/dw"]).told_apart("dL/dw")
        '“dL/dw”'
        """
        found = self.others and re.fullmatch(r"d(.+?)/d(.+?)(?:\(.*\)|via.*)?", typed(label))
        if found and all(self.may_be(part) for part in found.groups()):
            return f"“{label}”"
        return label

    def may_be(self, part: str) -> bool:
        """Tell whether a Value may be called so."""
        return part in self.others or re.fullmatch(rf"[v{LOSS}]_\d+|{LOSS}", part) is not None


def is_plain_number(node: Value) -> bool:
    """Tell whether a node is a constant without a label, which is nothing but its number."""
    return isinstance(node, Constant) and node.op is None and not as_text(node.label)


def varying(node: Value) -> list[Value]:
    """Return the arguments of a node that take a gradient."""
    pairs = zip(node.args, node.partials, strict=True)
    return [arg for arg, d in pairs if d is not None and isinstance(arg, Value)]


def with_constants(root: Value) -> list[Value]:
    """Return all Values behind a root, constants too, each after its arguments."""
    if isinstance(root, Constant):
        return [root]
    found: dict[Value, None] = {}
    for node in reversed(ancestors(root)):
        found.update(dict.fromkeys(arg for arg in node.args if isinstance(arg, Constant)))
        found[node] = None
    return list(found)
