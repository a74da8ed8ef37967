"""The names of all Values of a graph, which all parts of the package use."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from typing import Any

from tinygrad_edu.engine import ancestors
from tinygrad_edu.formulas.labels import as_text, canonical
from tinygrad_edu.formulas.notation import name as notation
from tinygrad_edu.operation import Components
from tinygrad_edu.recorder import as_number
from tinygrad_edu.support.characters import subscript
from tinygrad_edu.value import Constant, Value

__all__ = ["LOSS", "Names", "with_constants"]

LOSS = "L"  # the name of a loss


class Names:
    """The names of the root of a graph and of all Values that it was computed from.

    The name of a Value is its label, written as by :func:`~tinygrad_edu.formulas.labels.as_text`.
    Values without a label are called v₁, v₂, ... in the order of the forward pass. A constant
    without a label has no name; formulas show its number. If several Values have the same label,
    the first one keeps it: z, z[2], z[3].

    A Value with the label L is a loss. A root without a label is a loss, too, if it was computed
    from a loss. If the root is a loss, it is called L, and the others are called L₁, L₂, ... If the
    root has a label of its own, a single loss is called L.

    Any two names differ as text, as LaTeX, and when typed. The time is linear in nodes and edges.

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
        """Name all Values of the graph, arguments first."""
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
        """Return the name of a Value, or the default for anything without a name.

        Constants without a label, and plain numbers, have no name.
        """
        if not isinstance(node, Value):
            return default
        return self.of.get(node) or self.name_of_output(node) or default

    def name_of_output(self, node: Value) -> str:
        """Return the name of one output of an operation, derived from the labels of the others.

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
        """The outputs of each operation with several outputs, and their indices as subscripts."""
        found: dict[Any, list[tuple[Value, str]]] = {}
        for node in self.of:
            if isinstance(node.op, Components):
                inputs, index = node.operands
                place = subscript(int(as_number(index)) + 1)
                found.setdefault((node.op, *map(id, inputs)), []).append((node, place))
        return found

    @cached_property
    def nodes(self) -> dict[str, Value]:
        """The Values, by name."""
        return {name: node for node, name in self.of.items()}

    def has_detour(self, node: Value, arg: Value) -> bool:
        """Tell whether a node depends on one of its arguments through other arguments, too.

        If so, its local derivative is only the direct part of the whole derivative.

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
            if self.rank[other] > self.rank[arg]:  # an earlier Value cannot depend on `arg`
                behind = set(varying(other))
                if arg in behind:
                    return True
                found += behind - seen
                seen |= behind
        return False

    @cached_property
    def rank(self) -> dict[Value, int]:
        """The position of each Value in an order in which arguments come first."""
        return {node: place for place, node in enumerate(self.of)}

    @cached_property
    def shared(self) -> set[Value]:
        """The Values that more than one operation uses."""
        users: dict[Value, Value] = {}
        edges = ((arg, node) for node in self.of for arg in varying(node))
        return {arg for arg, node in edges if users.setdefault(arg, node) is not node}


class Labels:
    """The names that come from labels; a label that is already taken gets a number."""

    def __init__(self, root: Value, order: Iterable[Value]) -> None:
        """Give unchanged labels first, so that no numbered name takes one of them."""
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
        """Name a node, unless another name looks the same or is typed the same."""
        key = canonical(name)
        if key in self.taken:
            return False
        self.taken.add(key)
        self.found[node] = name
        return True


def free(symbol: str, n: int, taken: set[str]) -> int:
    """Return the first number above n for which the symbol with that number is not taken.

    >>> free("v", 0, {"v_1", "v_2"})
    3
    """
    n += 1
    while f"{symbol}_{n}" in taken:
        n += 1
    return n


class Derivatives:
    """Finds labels that look like a derivative of other names in the same graph."""

    def __init__(self, labels: Iterable[str]) -> None:
        """Keep the other names; without a slash in a label there is nothing to find."""
        labels = set(labels)
        has_slash = any("/" in label for label in labels)
        self.others = {canonical(label) for label in labels} if has_slash else set()

    def told_apart(self, label: str) -> str:
        """Return a label, in quotation marks if it looks like a derivative of other names.

        >>> Derivatives(["L", "w", "dL/dw"]).told_apart("dL/dw")
        '“dL/dw”'
        """
        found = self.others and re.fullmatch(r"d(.+?)/d(.+?)(?:\(.*\)|via.*)?", canonical(label))
        if found and all(self.may_be(part) for part in found.groups()):
            return f"“{label}”"
        return label

    def may_be(self, part: str) -> bool:
        """Tell whether a Value of the graph may have this name."""
        return part in self.others or re.fullmatch(rf"[v{LOSS}]_\d+|{LOSS}", part) is not None


def is_plain_number(node: Value) -> bool:
    """Tell whether a node is a constant without a label, which is shown as its number."""
    return isinstance(node, Constant) and node.op is None and not as_text(node.label)


def varying(node: Value) -> list[Value]:
    """Return the arguments of a node that receive a gradient."""
    pairs = zip(node.args, node.partials, strict=True)
    return [arg for arg, d in pairs if d is not None and isinstance(arg, Value)]


def with_constants(root: Value) -> list[Value]:
    """Return all Values of a graph, including constants, each after its arguments."""
    if isinstance(root, Constant):
        return [root]
    found: dict[Value, None] = {}
    for node in reversed(ancestors(root)):
        found.update(dict.fromkeys(arg for arg in node.args if isinstance(arg, Constant)))
        found[node] = None
    return list(found)
