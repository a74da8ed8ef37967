"""A derivative worked out as on a blackboard: formulas, numbers, result (A9, A10, D6).

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
from tinygrad_edu.explain.paths import MISSING, Paths, both_ends, checked_names, merged_edges
from tinygrad_edu.formulas.board import Board
from tinygrad_edu.formulas.expressions import require_digits
from tinygrad_edu.formulas.markup import DIGITS, LATEX, TEXT, Markup
from tinygrad_edu.support.showing import Printed
from tinygrad_edu.value import Value

__all__ = ["Derivation", "derivation"]

MOST_CHAINS = 6  # paths that are written out; if there are more, gradients go node by node
END_LINES = 12  # nodes, or gradients, that are written at each end of a long derivation


def derivation(y: Value, x: Value = MISSING, *, digits: int = DIGITS) -> Derivation:
    """Return the derivative of ``y`` with respect to ``x``, worked out as on a blackboard.

    A derivation has three parts: the formulas from ``x`` to ``y``; the local derivatives by the
    rules of the table; and the chain rule, as a sum over all paths, or node by node if there are
    many paths. Each line has the numbers filled in. A derivation prints as text and shows itself as
    LaTeX in a notebook; ``.latex`` is for documents, and needs the package amsmath.

    If an operation has the same argument twice, its local derivatives are added: the derivative of
    ``x * x`` is x + x. If a node depends on an argument through other arguments, too, its local
    derivative with respect to that argument is called direct.

    Args:
        y: the Value to differentiate, for example a loss.
        x: the Value to differentiate with respect to.
        digits: significant digits of all numbers.

    Raises TypeError if ``y`` or ``x`` is not a Value, ValueError if one of them is a constant or
    ``y`` does not depend on ``x``, and RuntimeError if data were changed after the forward pass.

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
    """A derivation, which writes its lines as text or as LaTeX."""

    def __init__(self, found: Paths, digits: int) -> None:
        """Keep the paths; the lines are written when they are shown."""
        self.paths = found
        self.digits = digits

    def lines(self, markup: Markup) -> list[BoardLine]:
        """Return all lines in a markup."""
        board = LineBoard(self.paths.names, markup, self.digits)
        y, x = self.paths.y, self.paths.x
        order = ancestors(y)
        require_unchanged("derivation", order)  # data may have changed since the derivation
        nodes = [n for n in reversed(order) if n in self.paths.nodes and n is not x]
        left_out = len(nodes) - 2 * END_LINES
        dots = [BoardLine("", (f"… {left_out} more",))] if left_out > 0 else []
        near, far = (nodes[:END_LINES], nodes[-END_LINES:]) if dots else (nodes, [])
        lines = [*map(board.forward, near), *dots, *map(board.forward, far)]
        for node in near:
            lines += board.local_derivatives(node, self.paths.nodes)
        lines += dots
        for node in far:
            lines += board.local_derivatives(node, self.paths.nodes)
        if self.paths.count <= MOST_CHAINS:
            return lines + board.chains(self.paths)
        gradients = [*board.node_by_node(self.paths)]
        gradients.sort(key=lambda line: line.left == board.d(y, x))  # the result comes last
        return lines + shortened_lines(gradients)

    @property
    def latex(self) -> str:
        """The lines as LaTeX: an ``aligned`` environment for display mode."""
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


class BoardLine(NamedTuple):
    """A line of a derivation: a left side, and the formulas and numbers that are equal to it.

    A line without a left side continues the line before; it begins with a sign, such as +.
    """

    left: str
    rights: tuple[str, ...]


def shortened_lines(lines: list[BoardLine]) -> list[BoardLine]:
    """Return lines; if there are very many, only the first and the last."""
    left_out = len(lines) - 2 * END_LINES
    if left_out <= 0:
        return lines
    dots = BoardLine("", (f"… {left_out} more",))
    return [*lines[:END_LINES], dots, *lines[-END_LINES:]]


class LineBoard(Board):
    """A board that writes whole lines of a derivation."""

    def forward(self, node: Value) -> BoardLine:
        """Return the line of a node: its formula, the formula with numbers, and its number."""
        formulas = [self.formula(node), self.filled(node)] if node.op is not None else []
        rights = dict.fromkeys([*formulas, self.number(node.data)])
        return BoardLine(self.name(node), tuple(rights))

    def local_derivatives(self, node: Value, on_path: set[Value]) -> Iterator[BoardLine]:
        """Yield the line of each local derivative of a node along a path: its rule and number."""
        positions: dict[Any, list[int]] = {}
        for position, arg in enumerate(node.args):
            positions.setdefault(arg, []).append(position)
        for _, arg, partial in merged_edges(node):
            if arg in on_path:
                rules = self.rules(node, *positions[arg])
                rights = dict.fromkeys([*rules, self.number(partial)])
                yield BoardLine(self.local(node, arg), tuple(rights))

    def chains(self, paths: Paths) -> list[BoardLine]:
        """Return the lines of the chain rule over all paths: chains, factors, products, sum.

        A single path with a single factor needs no such line: its local derivative has one.
        """
        y, x, found = paths.y, paths.x, list(paths)
        if len(found) == 1 and len(found[0].factors) == 1:
            return []
        times = self.markup.times
        formulas = [times.join(both_ends(path.nodes, self.links)) for path in found]
        factors = [self.product(path.factors, leads=not i) for i, path in enumerate(found)]
        total = self.number(paths.total)
        if len(found) == 1:
            return [BoardLine(self.d(y, x), (*filter(None, [formulas[0], factors[0]]), total))]
        products = [self.factor(path.product, leads=not i) for i, path in enumerate(found)]
        return [
            BoardLine(self.d(y, x), (formulas[0],)),
            *[BoardLine("", (f"+ {formula}",)) for formula in formulas[1:]],
            BoardLine("", (f"= {factors[0]}",)),
            *[BoardLine("", (f"+ {numbers}",)) for numbers in factors[1:]],
            BoardLine("", (f"= {' + '.join(products)} = {total}",)),
        ]

    def links(self, nodes: list[Value]) -> list[str]:
        """Return the derivatives from each node to the next."""
        return [self.local(*pair) for pair in pairwise(nodes)]

    def product(self, factors: list[Any], *, leads: bool = False) -> str:
        """Return numbers with multiplication signs between them."""
        written = both_ends(factors, lambda some: list(map(self.factor, some)))
        written[:1] = [self.factor(x, leads=leads) for x in factors[:1]]
        return self.markup.times.join(written)

    def node_by_node(self, found: Paths) -> Iterator[BoardLine]:
        """Yield the line of the gradient of each node: the sum over the operations that use it.

        If only ``y`` uses a node, the gradient is the local derivative, which has a line already.
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
            yield BoardLine(self.d(found.y, arg), tuple(rights))
