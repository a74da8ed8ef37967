"""The board: it writes a node by name and with numbers, for every part of the package.

>>> from tinygrad_edu import Value
>>> w, x = Value(3.0, label="w"), Value(0.25, label="x")
>>> a = (w * x).sigmoid()
>>> board = Board(Names(a))
>>> board.formula(a), board.filled(a), board.number(a.data)
('σ(v₁)', 'σ(0.75)', '0.6792')
>>> board.d(a, w), board.rule(a, 0), board.rule_filled(a, 0)
('∂v₂/∂w', 'v₂ · (1 − v₂)', '0.6792 · (1 − 0.6792)')
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinygrad_edu.formulas.derivatives import local_name, whole_derivative
from tinygrad_edu.formulas.markup import DIGITS, TEXT, Markup, Piece
from tinygrad_edu.formulas.names import Names
from tinygrad_edu.formulas.pieces import name_or_number, number_piece
from tinygrad_edu.recorder import as_number
from tinygrad_edu.value import Value

__all__ = ["Board"]


class Board:
    """Writes the nodes of one graph, their numbers and their derivatives in one markup."""

    def __init__(self, names: Names, markup: Markup = TEXT, digits: int = DIGITS) -> None:
        """Keep the names of the Values, the markup, and the number of significant digits."""
        self.names = names
        self.markup = markup
        self.digits = digits

    # --- names and numbers ---

    def name(self, node: Value) -> str:
        """Return the name of a node."""
        return self.markup.name(self.names[node])

    def number(self, x: Any) -> str:
        """Return a number."""
        return self.markup.number(x, self.digits)

    def factor(self, x: Any, *, leads: bool = False) -> str:
        """Return a number as a factor or term; see :meth:`.markup.Markup.factor`."""
        return self.markup.factor(x, self.digits, leads=leads)

    def by_name(self, x: Any) -> Piece:
        """Return an argument by name, or as a number if it has no name."""
        return name_or_number(x, self.names, self.markup, self.digits)

    def by_number(self, x: Any) -> Piece:
        """Return an argument as a number."""
        return number_piece(as_number(x), self.markup, self.digits)

    # --- the operation of a node ---

    def formula(self, node: Value) -> str:
        """Return the operation of a node, with its arguments by name."""
        return self._operation(node, [self.by_name(arg) for arg in node.args])

    def filled(self, node: Value, numbers: Sequence[Any] | None = None) -> str:
        """Return the operation of a node, with the numbers of its arguments or with others."""
        return self._operation(node, [self.by_number(x) for x in numbers or node.args])

    def _operation(self, node: Value, pieces: Sequence[Piece]) -> str:
        return self.markup.compose(node.op, pieces).text if node.op else ""

    # --- derivatives ---

    def d(self, of: Value, wrt: Value) -> str:
        """Return the derivative of one node with respect to another: ∂y/∂x."""
        return self.markup.derivative(self.names[of], self.names[wrt])

    def local(self, node: Value, arg: Value, position: int | None = None) -> str:
        """Return the name of a local derivative; see :func:`.derivatives.local_name`."""
        return local_name(self.names, self.markup, node, arg, position)

    def rule(self, node: Value, *positions: int) -> str | None:
        """Return the rule of a local derivative, with names; several positions are added up.

        The result is None if the rule cannot be written as a formula.
        """
        return whole_derivative(node, positions, self.by_name, self.markup, self.digits)

    def rule_filled(self, node: Value, *positions: int) -> str | None:
        """Return the rule of a local derivative, with numbers; see :meth:`rule`."""
        return whole_derivative(node, positions, self.by_number, self.markup, self.digits)

    def reads(self, node: Value, *positions: int) -> list[Value]:
        """Return the Values in the rule of a local derivative, which one needs to compute it.

        >>> from tinygrad_edu import Value
        >>> w = Value(3.0, label="w")
        >>> a = (w * 2).sigmoid()
        >>> [found is a for found in Board(Names(a)).reads(a, 0)]
        [True]
        """
        read: dict[Value, None] = {}

        def write(x: Value) -> Piece:
            read[x] = None
            return self.by_name(x)

        if whole_derivative(node, positions, write, self.markup) is None:
            read = dict.fromkeys(x for x in (node, *node.args) if isinstance(x, Value))
        return [*read]

    def rules(self, node: Value, *positions: int) -> list[str]:
        """Return the rule with names and the rule with numbers, as far as they can be written."""
        written = [self.rule(node, *positions), self.rule_filled(node, *positions)]
        return [*filter(None, written)]
