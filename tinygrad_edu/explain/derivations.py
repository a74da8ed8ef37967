"""A derivative worked out as on the board: formulas, numbers, result (A9, A10, D6).

>>> from tinygrad_edu import Value
>>> w, x = Value(3.0, label="w"), Value(0.25, label="x")
>>> z = w * x
>>> a = z.sigmoid()
>>> z.label, a.label = "z", "a"
>>> derivation(a, w)
z = w · x = 3 · 0.25 = 0.75
a = σ(z) = σ(0.75) = 0.6792
∂z/∂w = x = 0.25
∂a/∂z = a · (1 − a) = 0.6792 · (1 − 0.6792) = 0.2179
∂a/∂w = ∂a/∂z · ∂z/∂w = 0.2179 · 0.25 = 0.05447
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

from tinygrad_edu.engine import ancestors
from tinygrad_edu.explain.passes import BackwardStep, Steps, require_unchanged
from tinygrad_edu.explain.paths import MISSING, Paths, checked_names, ends, merged_edges
from tinygrad_edu.formulas.board import Board
from tinygrad_edu.formulas.expressions import require_digits
from tinygrad_edu.formulas.markup import DIGITS, LATEX, TEXT, Markup
from tinygrad_edu.support.showing import Printed
from tinygrad_edu.value import Value

__all__ = ["Derivation", "derivation"]

CHAINS = 6  # paths that are written out in full; if there are more, node by node
MOST = 48  # lines of each part


def derivation(y: Value, x: Value = MISSING, *, digits: int = DIGITS) -> Derivation:
    """Return the derivative of ``y`` with respect to ``x``, worked out as on the board.

    First the formulas from ``x`` to ``y``, then the local derivatives, by the rules of the table,
    each with its numbers; then the chain rule: the sum over all paths, or, where there are many,
    the gradients node by node. It prints as text, shows itself as LaTeX in a notebook, and
    ``.latex`` is for a document of one's own (with the package amsmath).

    Of an argument that an operation has twice the local derivatives add up: that of ``x * x`` is
    x + x. A local derivative beside ways through other arguments is called the direct one.

    Args:
        y: what is differentiated, a loss for example.
        x: the Value with respect to which.
        digits: significant digits of all numbers.

    Raises TypeError for what is not a Value, ValueError for a constant and for a Value that ``y``
    does not depend on, and RuntimeError where data were changed after the forward pass.

    >>> x = Value(3.0, label="x")
    >>> y = x * x / x
    >>> y.label = "y"
    >>> derivation(y, x)
    v₁ = x · x = 3 · 3 = 9
    y = v₁/x = 9/3 = 3
    ∂v₁/∂x = x + x = 3 + 3 = 6
    ∂y/∂v₁ = 1/x = 1/3 = 0.3333
    ∂y/∂x (direct) = (−y)/x = (−3)/3 = −1
    ∂y/∂x = ∂y/∂v₁ · ∂v₁/∂x
        + ∂y/∂x (direct)
        = 0.3333 · 6
        + (−1)
        = 2 + (−1) = 1
    """
    names = checked_names("derivation", y, x)
    require_digits("derivation", digits)
    found = Paths(y, x, names, merged_edges)
    if not found.count:
        message = f"derivation: {names[y]} does not depend on {x!r}"
        raise ValueError(message)
    return Derivation(found, digits)


class Derivation(Printed):
    """The lines of a derivation, in any markup."""

    def __init__(self, found: Paths, digits: int) -> None:
        """Keep the paths; lines are written as they are asked for."""
        self.paths = found
        self.digits = digits

    def lines(self, markup: Markup) -> list[Line]:
        """Return each line as its left side and all that it equals."""
        board = LineBoard(self.paths.names, markup, self.digits)
        y, x = self.paths.y, self.paths.x
        order = ancestors(y)
        require_unchanged("derivation", order)  # it may have been kept for a while
        nodes = [n for n in reversed(order) if n in self.paths.nodes and n is not x]
        left_out = len(nodes) - MOST // 2
        dots = [Line("", (f"… {left_out} more",))] if left_out > 0 else []
        near, far = (nodes[: MOST // 4], nodes[-MOST // 4 :]) if dots else (nodes, [])
        lines = [*map(board.forward, near), *dots, *map(board.forward, far)]
        for node in near:
            lines += board.local_derivatives(node, self.paths.nodes)
        lines += dots
        for node in far:
            lines += board.local_derivatives(node, self.paths.nodes)
        if self.paths.count <= CHAINS:
            return lines + board.chains(self.paths)
        gradients = [*board.node_by_node(self.paths)]
        gradients.sort(key=lambda line: line.left == board.d(y, x))  # what is sought comes last
        return lines + shortened(gradients)

    @property
    def latex(self) -> str:
        """The lines as LaTeX: an ``aligned`` environment, to be set in display mode."""
        rows = [
            rf"{line.left} &= {' = '.join(line.rights)}" if line.left else rf"&{line.rights[0]}"
            for line in self.lines(LATEX)
        ]
        return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"

    def _repr_latex_(self) -> str:
        return f"$$\n{self.latex}\n$$"

    def __repr__(self) -> str:
        """Return the lines as text."""
        return "\n".join(
            " = ".join([line.left, *line.rights]) if line.left else f"    {line.rights[0]}"
            for line in self.lines(TEXT)
        )


class Line(NamedTuple):
    """A line on the board: a left side and all that it equals.

    A line without a left side goes on with the one before, from the sign with which it begins.
    """

    left: str
    rights: tuple[str, ...]


def shortened(lines: list[Line]) -> list[Line]:
    """Return the first and the last of very many lines."""
    half = MOST // 4
    if len(lines) <= 2 * half:
        return lines
    left_out = Line("", (f"… {len(lines) - 2 * half} more",))
    return [*lines[:half], left_out, *lines[-half:]]


class LineBoard(Board):
    """A board on which whole lines are written."""

    def forward(self, node: Value) -> Line:
        """Return a node as its formula, with numbers, and its own number."""
        formulas = [self.formula(node), self.filled(node)] if node.op is not None else []
        rights = dict.fromkeys([*formulas, self.number(node.data)])
        return Line(self.name(node), tuple(rights))

    def local_derivatives(self, node: Value, on_path: set[Value]) -> Iterator[Line]:
        """Yield the derivative of a node with respect to each argument on a path, by its rule."""
        positions: dict[Any, list[int]] = {}
        for position, arg in enumerate(node.args):
            positions.setdefault(arg, []).append(position)
        for _, arg, partial in merged_edges(node):
            if arg in on_path:
                rules = self.rules(node, *positions[arg])
                rights = dict.fromkeys([*rules, self.number(partial)])
                yield Line(self.local(node, arg), tuple(rights))

    def chains(self, paths: Paths) -> list[Line]:
        """Return the chain rule over all paths: chains, factors, products, sum.

        A single link has a line already.
        """
        y, x, found = paths.y, paths.x, list(paths)
        if len(found) == 1 and len(found[0].factors) == 1:
            return []
        times = self.markup.times
        formulas = [times.join(ends(path.nodes, self.links)) for path in found]
        factors = [self.product(path.factors, leads=not i) for i, path in enumerate(found)]
        total = self.number(paths.total)
        if len(found) == 1:
            return [Line(self.d(y, x), (*filter(None, [formulas[0], factors[0]]), total))]
        products = [self.factor(path.product, leads=not i) for i, path in enumerate(found)]
        return [
            Line(self.d(y, x), (formulas[0],)),
            *[Line("", (f"+ {formula}",)) for formula in formulas[1:]],
            Line("", (f"= {factors[0]}",)),
            *[Line("", (f"+ {numbers}",)) for numbers in factors[1:]],
            Line("", (f"= {' + '.join(products)} = {total}",)),
        ]

    def links(self, nodes: list[Value]) -> list[str]:
        """Return the derivatives from each node to the next."""
        return [self.local(*pair) for pair in pairwise(nodes)]

    def product(self, factors: list[Any], *, leads: bool = False) -> str:
        """Return numbers with the sign of multiplication between them."""
        written = ends(factors, lambda some: list(map(self.factor, some)))
        written[:1] = [self.factor(x, leads=leads) for x in factors[:1]]
        return self.markup.times.join(written)

    def node_by_node(self, found: Paths) -> Iterator[Line]:
        """Yield the gradient of each node from ``y`` to ``x``: the sum over all that use it.

        Where only ``y`` uses it, the local derivative, which has a line already, is the gradient.
        """
        partials = {node: {a: d for _, a, d in merged_edges(node)} for node in found.nodes}
        last: dict[Value, dict[Value, BackwardStep]] = {}
        for step in Steps(found.y, "derivation").backward:
            if isinstance(step, BackwardStep) and step.arg in found.nodes:
                last.setdefault(step.arg, {})[step.node] = step
        for arg in ancestors(found.y):
            terms = list(last.get(arg, {}).values())
            if [t.node for t in terms] in ([], [found.y]):
                continue
            formulas, numbers = [], []
            for i, t in enumerate(terms):
                above = [] if t.node is found.y else [(self.d(found.y, t.node), t.upstream)]
                links = [*above, (self.local(t.node, arg), partials[t.node][arg])]
                formulas.append(self.markup.times.join(name for name, _ in links))
                numbers.append(self.product([x for _, x in links], leads=not i))
            total = self.number(terms[-1].after)
            rights = dict.fromkeys([" + ".join(formulas), " + ".join(numbers), total])
            yield Line(self.d(found.y, arg), tuple(rights))
