"""A recorded graph as numbered operations; nested sums become one sum.

Each number of the graph has an identity, a whole number: inputs and results of operations count
from 0 up, fixed numbers (parameters, then constants) from -1 down. The operands of an operation are
kept as a flat tuple of identities.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeGuard

from tinygrad_edu import table
from tinygrad_edu.engine import ancestors
from tinygrad_edu.operation import Operation
from tinygrad_edu.recorder import as_number, takes_gradient
from tinygrad_edu.value import Value

__all__ = ["Call", "Dot", "Graph", "Sum", "with_sums"]


class Call(NamedTuple):
    """An operation of the table, with the identities of its operands."""

    op: Operation
    operands: tuple[int, ...]


class Sum(NamedTuple):
    """A sum of many terms; it may have been recorded as sums of two."""

    operands: list[int]


class Dot(NamedTuple):
    """A sum of products plus a bias; weights are fixed numbers, and the bias may be missing."""

    weights: tuple[int, ...]
    inputs: tuple[int, ...]
    bias: int | None

    @property
    def operands(self) -> tuple[int, ...]:
        """The identities of everything that it is computed from."""
        bias = () if self.bias is None else (self.bias,)
        return (*self.weights, *self.inputs, *bias)


class Graph:
    """A recorded graph as a list of operations.

    Args:
        root: the result, a loss for example.
        inputs: Values whose data will come from a batch.
        parameters: Values with respect to which to differentiate.
        each: give every constant an identity of its own; otherwise equal constants share one.

    Attributes:
        title: what tracebacks call programs made from the graph, as in "replay of L".
        operations: each operation by its identity, in the order in which they were recorded.
        constants: the data of all other Values, and all plain numbers.
        needs: the identities of parameters and of all that depends on one.
    """

    def __init__(
        self,
        root: Value,
        inputs: Sequence[Value],
        parameters: Sequence[Value],
        *,
        each: bool = False,
    ) -> None:
        """Read the graph."""
        self.each = each
        self.title = f"replay of {root.label}" if root.label else "replay"
        self.parameters = parameters
        self.n_inputs = len(inputs)
        self.constants: list[float] = []
        self.operations: dict[int, Call] = {}
        self.needs = {~i for i in range(len(parameters))}
        found: dict[Any, int] = {x: i for i, x in enumerate(inputs)}
        found.update((p, ~i) for i, p in enumerate(parameters))
        numbers: dict[Any, int] = {}
        for node in reversed(ancestors(root)):
            if node in found:
                continue
            if node.op is None:
                found[node] = self.constant(node.data, numbers)
                continue
            operands = []
            for arg in node.args:
                known = takes_gradient(arg)
                operands.append(found[arg] if known else self.constant(as_number(arg), numbers))
            found[node] = identity = len(inputs) + len(self.operations)
            self.operations[identity] = Call(node.op, tuple(operands))
            if not self.needs.isdisjoint(operands):
                self.needs.add(identity)
        self.root = found[root]
        if self.root < 0:  # the root must have a row, like all that varies
            self.root = len(inputs)
            self.operations[self.root] = Call(table.total, (found[root],))
            self.needs.update([self.root] * (found[root] in self.needs))
        self.one = self.constant(1.0, numbers)

    def constant(self, x: Any, numbers: dict[Any, int]) -> int:
        """Return the identity of a constant; make one if it is new."""
        x = float(x)
        key = x or str(x)  # 0.0 and -0.0 are equal, but not the same number
        if self.each or key not in numbers:
            numbers[key] = ~(len(self.parameters) + len(self.constants))
            self.constants.append(x)
        return numbers[key]

    def parameters_reached(self) -> list[Value]:
        """Return the parameters that the root depends on."""
        used = {x for node in self.operations.values() for x in node.operands} | {self.root}
        return [p for i, p in enumerate(self.parameters) if ~i in used]

    def is_constant(self, identity: int) -> bool:
        """Tell whether an identity is that of a constant."""
        return identity < 0 and ~identity >= len(self.parameters)

    def is_zero(self, identity: int) -> bool:
        """Tell whether an identity is that of the constant 0, which ``sum`` starts from."""
        return self.is_constant(identity) and self.number(identity) == 0

    def number(self, identity: int) -> float:
        """Return the number of a constant."""
        return self.constants[~identity - len(self.parameters)]


# --- nested sums as one ---------------------------------------------------------------------------


def with_sums(graph: Graph) -> dict[int, Call | Sum | Dot]:
    """Return the operations of a graph, with nested sums as one Sum and sums of products as Dots.

    A part is merged into a sum only if nothing else uses it.
    """
    uses = Counter(x for operation in graph.operations.values() for x in operation.operands)
    uses[graph.root] += 1
    nodes: dict[int, Call | Sum | Dot] = {}
    for identity, operation in graph.operations.items():
        if operation.op in (table.add, table.total):
            terms = [x for x in operation.operands if not graph.is_zero(x)] or operation.operands
            nodes[identity] = joined(terms, nodes, uses)
        elif operation.op is table.weighted_sum:
            *pairs, bias = operation.operands
            n = len(pairs) // 2
            dot = dot_of(graph, [*zip(pairs[:n], pairs[n:], strict=True)], [bias])
            nodes[identity] = dot or operation
        else:
            nodes[identity] = operation
    for identity, node in list(nodes.items()):
        if isinstance(node, Sum):
            nodes[identity] = with_products(graph, node, nodes, uses)
    return nodes


def joined(operands: Sequence[int], nodes: dict[int, Any], uses: Counter[int]) -> Sum:
    """Return a sum; sums among its operands that nothing else uses are merged into it."""
    terms: list[int] = []
    for x in operands:
        inner = nodes.get(x)
        if isinstance(inner, Sum) and uses[x] == 1:
            del nodes[x]
            longer, shorter = sorted((terms, inner.operands), key=len, reverse=True)
            longer.extend(shorter)  # so that a chain of sums takes linear time
            terms = longer
        else:
            terms.append(x)
    return Sum(terms)


def with_products(
    graph: Graph, terms: Sum, nodes: dict[int, Any], uses: Counter[int]
) -> Call | Sum | Dot:
    """Return a sum as a dot if some of its terms are products with a parameter."""
    pairs, others, products = [], [], []
    for x in terms.operands:
        node: Any = nodes.get(x)
        if uses[x] == 1 and is_weighted(graph, node):
            pairs.append(node.operands)
            products.append(x)
        else:
            others.append(x)
    dot = dot_of(graph, pairs, others) if pairs else None
    if dot:
        for x in products:
            del nodes[x]
        return dot
    return Call(table.add, tuple(others)) if len(terms.operands) == 2 else terms


def is_weighted(graph: Graph, node: Any) -> TypeGuard[Call]:
    """Tell whether a node is a product with a parameter as one factor."""
    if not isinstance(node, Call) or node.op is not table.mul:
        return False
    return max(weight(graph, factor) for factor in node.operands) == 2


def dot_of(graph: Graph, pairs: Sequence[Sequence[int]], others: Sequence[int]) -> Dot | None:
    """Return a sum of products and other terms as a dot, or None if a weight would vary.

    If both factors of a product are fixed, the weight is a parameter rather than a constant.
    """
    others = sorted(others, key=lambda x: x < 0)
    bias = others.pop() if others and others[-1] < 0 else None
    ordered = [(y, x) if weight(graph, y) > weight(graph, x) else (x, y) for x, y in pairs]
    ordered += [(graph.one, x) for x in others]
    if not ordered or min(weight(graph, w) for w, _ in ordered) == 0:
        return None
    weights, inputs = zip(*ordered, strict=True)
    return Dot(weights, inputs, bias)


def weight(graph: Graph, identity: int) -> int:
    """Return how well an identity serves as a weight: parameter 2, constant 1, varying 0."""
    return 0 if identity >= 0 else 1 if graph.is_constant(identity) else 2
