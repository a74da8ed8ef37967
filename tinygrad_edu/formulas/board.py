"""The board: how a node is written by name and with numbers, for all who show one.

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
from tinygrad_edu.formulas.pieces import by_name, number_piece
from tinygrad_edu.recorder import as_number
from tinygrad_edu.value import Value

__all__ = ["Board"]


class Board:
    """Writes the nodes of one graph, their numbers and their derivatives in one markup."""

    def __init__(self, names: Names, markup: Markup = TEXT, digits: int = DIGITS) -> None:
        """Keep what the Values are called, the markup, and how many digits numbers are shown to."""
        self.names = names
        self.markup = markup
        self.digits = digits

    # --- names and numbers ---

    def name(self, node: Value) -> str:
        """Return what a node is called."""
        return self.markup.name(self.names[node])

    def number(self, x: Any) -> str:
        """Return a number."""
        return self.markup.number(x, self.digits)

    def factor(self, x: Any, *, leads: bool = False) -> str:
        """Return a number as a factor or term: a negative one in parentheses, unless it leads."""
        return self.markup.factor(x, self.digits, leads=leads)

    def by_name(self, x: Any) -> Piece:
        """Return an argument by its name; one that has no name is written as a number."""
        return by_name(x, self.names, self.markup, self.digits)

    def by_number(self, x: Any) -> Piece:
        """Return an argument as a number."""
        return number_piece(as_number(x), self.markup, self.digits)

    # --- the operation of a node ---

    def formula(self, node: Value) -> str:
        """Return the operation of a node, its arguments by name."""
        return self._operation(node, [self.by_name(arg) for arg in node.args])

    def filled(self, node: Value, numbers: Sequence[Any] | None = None) -> str:
        """Return the operation of a node with the numbers of its arguments, or with others."""
        return self._operation(node, [self.by_number(x) for x in numbers or node.args])

    def _operation(self, node: Value, pieces: Sequence[Piece]) -> str:
        return self.markup.compose(node.op, pieces).text if node.op else ""

    # --- derivatives ---

    def d(self, of: Value, wrt: Value) -> str:
        """Return the derivative of one node with respect to another: ∂y/∂x."""
        return self.markup.derivative(self.names[of], self.names[wrt])

    def local(self, node: Value, arg: Value, position: int | None = None) -> str:
        """Return what the local derivative is called; see :func:`.derivatives.local_name`."""
        return local_name(self.names, self.markup, node, arg, position)

    def rule(self, node: Value, *positions: int) -> str | None:
        """Return the local derivative at these positions by its rule, with names.

        None stands for a rule that cannot be written as a formula.
        """
        return whole_derivative(node, positions, self.by_name, self.markup, self.digits)

    def rule_filled(self, node: Value, *positions: int) -> str | None:
        """Return the local derivative at these positions by its rule, with numbers."""
        return whole_derivative(node, positions, self.by_number, self.markup, self.digits)

    def reads(self, node: Value, *positions: int) -> list[Value]:
        """Return the Values that the rule mentions: what one needs to work it out by hand.

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
        """Return the rule with names, then with numbers, where it can be written."""
        written = [self.rule(node, *positions), self.rule_filled(node, *positions)]
        return [*filter(None, written)]
