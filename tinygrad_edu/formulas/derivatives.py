"""The names of derivatives, and the rules of the table as formulas."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from tinygrad_edu.engine import ancestors
from tinygrad_edu.formulas import notation
from tinygrad_edu.formulas.expressions import Write, formula_piece
from tinygrad_edu.formulas.markup import DIGITS, LATEX, Markup, Piece
from tinygrad_edu.formulas.names import Names
from tinygrad_edu.formulas.pieces import constant_piece, name_piece
from tinygrad_edu.formulas.simplify import added_up
from tinygrad_edu.operation import Components, Operation
from tinygrad_edu.value import Constant, Value

__all__ = ["local_name", "rules_as_latex", "whole_derivative"]


def local_name(
    names: Names, markup: Markup, node: Value, arg: Value, position: int | None = None
) -> str:
    """Return the name of the derivative of a node with respect to one of its arguments: ∂y/∂x.

    If the node depends on the argument through other arguments, too, the derivative is called
    direct. If the same argument occurs several times, a position picks the 1st, the 2nd, ...

    >>> from tinygrad_edu.formulas.markup import TEXT
    >>> x = Value(3.0, label="x")
    >>> y = x * x
    >>> names = Names(y)
    >>> local_name(names, TEXT, y, x), local_name(names, TEXT, y, x, position=1)
    ('∂v₁/∂x', '∂v₁/∂x (2nd)')
    """
    same = [k for k, x in enumerate(node.args) if x is arg]
    if position is not None and len(same) > 1:
        return markup.local(names[node], names[arg], ordinal(same.index(position) + 1))
    if names.has_detour(node, arg):
        return markup.local(names[node], names[arg], "direct")
    return markup.derivative(names[node], names[arg])


def ordinal(n: int) -> str:
    """Return 1st, 2nd, 3rd, ...

    >>> ordinal(2), ordinal(12), ordinal(23)
    ('2nd', '12th', '23rd')
    """
    ending = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"


def whole_derivative(
    node: Value, positions: Sequence[int], write: Write, markup: Markup, digits: int = DIGITS
) -> str | None:
    """Return the rule of a local derivative as a formula; several positions are added up.

    ``write`` writes the output and the arguments, by name or as numbers. The result is None if the
    rule cannot be written as a formula.

    >>> from tinygrad_edu.formulas.markup import TEXT
    >>> x = Value(3.0, label="x")
    >>> whole_derivative(x * x, [0, 1], lambda x: Piece(x.label, 9), TEXT)
    'x + x'
    """
    if node.op is None:
        return None
    stands_for: dict[Value, Any] = {}

    def symbol(x: Any) -> Any:
        if not isinstance(x, Value):
            return x
        copy = Value(x.data)
        stands_for[copy] = x
        return copy

    def written(leaf: Value) -> Piece:
        if leaf in stands_for:
            return write(stands_for[leaf])
        return constant_piece(leaf.data, markup, digits)

    def piece(rule: Any) -> Piece:
        if not isinstance(rule, Value):
            return constant_piece(rule, markup, digits)
        stands_for.update(outputs_in(rule, stands_for, node, write))
        if rule in stands_for:
            return written(rule)
        return formula_piece(rule, written, markup, full=False, digits=digits)

    try:
        rules = node.op.rule(symbol(node), [*map(symbol, node.args)], written=True)
    except Exception:  # noqa: BLE001 - a rule written for floats alone
        return None
    wanted = [rules[position] for position in positions]
    return None if None in wanted else added_up(list(map(piece, wanted)), markup).text


def outputs_in(
    rule: Value, stands_for: Mapping[Any, Any], node: Value, write: Write
) -> dict[Value, Value]:
    """Return the softmax outputs in the rule of a node, each with the Value to write in its place.

    An output is included only if it is written in the same way as the node: by name (p₂ with p₁),
    or as a number. Its label keeps it from being written out.
    """
    found = {}
    for part in ancestors(rule):
        if isinstance(part.op, Components):
            args = [stands_for.get(arg, arg) for arg in part.args]
            output = part.op.compute(part.op.nested(args))
            if write(output).is_number == write(node).is_number:
                found[part], part.label = output, "output"
    return found


def rules_as_latex(op: Operation, *args: float) -> list[str]:
    r"""Return the rule of an operation as LaTeX: one derivative for each argument.

    The arguments and the output have the names that they have in the rule. The string for an
    argument that is a fixed number is empty.

    Args:
        op: the operation.
        args: the arguments at which the operation is computed, as in ``node.args``.

    >>> from tinygrad_edu.table import div, sigmoid, tanh
    >>> rules_as_latex(tanh, 0.5), rules_as_latex(sigmoid, 0.5)
    (['1 - y^{2}'], ['y \\cdot \\left(1 - y\\right)'])
    >>> rules_as_latex(div, 1.0, 2.0)
    ['\\frac{1}{y}', '\\frac{-q}{y}']
    """
    output, *names = inspect.signature(op.partials).parameters
    if op.arity is None:
        names = [notation.name("v", k) for k in range(1, len(args) + 1)]
    fixed = op.fixed_arguments(len(args))
    operands = [
        x if f and isinstance(op, Components) else (Constant if f else Value)(x, n)
        for x, n, f in zip(args, names, fixed, strict=True)
    ]
    node = op.compute(op.nested(operands))
    node.label = output

    def write(x: Value) -> Piece:
        return name_piece(x.label, LATEX) if x.label else constant_piece(x.data, LATEX, DIGITS)

    found = [whole_derivative(node, [position], write, LATEX) for position in range(len(args))]
    return ["" if f else rule or "" for rule, f in zip(found, fixed, strict=True)]
