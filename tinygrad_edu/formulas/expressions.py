r"""Formulas of Values and of derivatives, as LaTeX and as text, from the table of operations.

>>> from tinygrad_edu import Value
>>> x, y = Value(3.0, label="x"), Value(2.0, label="y₁")
>>> latex((x + y) * x.exp())
'\\left(x + y_{1}\\right) \\cdot e^{x}'
>>> text_formula((x + y) * x.exp())
'(x + y₁) · exp(x)'
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from tinygrad_edu.engine import ancestors
from tinygrad_edu.formulas.labels import as_text
from tinygrad_edu.formulas.markup import DIGITS, LATEX, TEXT, Markup, Piece
from tinygrad_edu.formulas.names import Names
from tinygrad_edu.formulas.pieces import constant_piece, name_piece
from tinygrad_edu.formulas.simplify import simplified
from tinygrad_edu.support.given import require_value
from tinygrad_edu.value import Value

__all__ = ["Write", "formula", "formula_piece", "latex", "require_digits", "text_formula"]

Write: TypeAlias = "Callable[[Value], Piece]"

MOST_OPERATIONS = 200  # operations that one formula writes out; names stand for further ones
LONGEST_PART = 2000  # characters of a part that is written out; a name stands for a longer part


def latex(value: Value, *, full: bool = False, digits: int = DIGITS) -> str:
    r"""Return the formula of a Value as LaTeX.

    Args:
        value: the Value; the formula of a leaf is its name or its number.
        full: whether to write out Values with a label, too, instead of their names.
        digits: significant digits of numbers.

    At most 200 operations are written out, and parts of at most 2000 characters. Longer parts are
    replaced by the names that ``steps`` and ``derivation`` use.

    Raises TypeError if ``value`` is not a Value, and ValueError if the formula is too long for
    ``full``.

    >>> w, x = Value(0.5, label="w"), Value(2.0, label="x")
    >>> z = w * x - 1
    >>> z.label = "z"
    >>> latex(z.sigmoid()), latex(z.sigmoid(), full=True)
    ('\\sigma\\left(z\\right)', '\\sigma\\left(w \\cdot x - 1\\right)')
    """
    return formula("latex", value, LATEX, full=full, digits=digits)


def text_formula(value: Value, *, full: bool = False, digits: int = DIGITS) -> str:
    """Return the formula of a Value as text; see :func:`latex`.

    >>> a = Value(0.5, label="a")
    >>> text_formula(1 / (1 + a * a).sqrt())
    '1/√(1 + a²)'
    """
    return formula("text_formula", value, TEXT, full=full, digits=digits)


def formula(name: str, value: Value, markup: Markup, *, full: bool, digits: int) -> str:
    """Return the formula of a Value in a markup; error messages start with ``name``."""
    require_value(f"{name}({{}})", value)
    require_digits(name, digits)
    names = Names(value)

    def write(node: Value) -> Piece:
        if full and node.op is not None:
            message = (
                f"{name}: with full=True the formula has more than {MOST_OPERATIONS} operations, "
                f"or a part of more than {LONGEST_PART} characters: leave out full=True, or ask "
                "for the formula of a part"
            )
            raise ValueError(message)
        if node.op is not None or as_text(node.label):
            return name_piece(names[node], markup)
        return constant_piece(node.data, markup, digits)

    return formula_piece(value, write, markup, full=full, digits=digits).text


def require_digits(name: str, digits: object) -> None:
    """Raise TypeError or ValueError unless ``digits`` is a whole number of at least 1."""
    if not isinstance(digits, int) or digits < 1:
        kind = ValueError if isinstance(digits, int | float) else TypeError
        message = f"{name}: digits: expected a whole number of at least 1, got {digits!r}"
        raise kind(message)


def formula_piece(
    root: Value, write: Write, markup: Markup, *, full: bool = True, digits: int = DIGITS
) -> Piece:
    """Return the formula of a graph as a piece; ``write`` writes its leaves.

    The formula is put together from the leaves, without recursion. If it has too many operations or
    a part is too long, ``write`` also writes the nodes that are not written out.
    """
    if root.op is None:
        return write(root)
    order = ancestors(root)
    written_out = {root}
    for node in order:
        for arg in node.args if node in written_out else ():
            if not isinstance(arg, Value) or arg.op is None or (as_text(arg.label) and not full):
                continue
            if len(written_out) < MOST_OPERATIONS:
                written_out.add(arg)
    pieces: dict[Value, Piece] = {}

    def piece(arg: Any) -> Piece:
        if not isinstance(arg, Value):
            return constant_piece(arg, markup, digits)
        found = pieces.get(arg) or write(arg)
        return found if len(found.text) <= LONGEST_PART else write(arg)

    for node in reversed(order):
        if node in written_out and node.op is not None:
            pieces[node] = simplified(node.op, [piece(arg) for arg in node.args], markup)
    return pieces[root]
