"""The place where nan or infinity first appears.

If a number is nan or infinite, so is nearly every number computed from it. These functions find the
first such number: in the forward pass, or, if all its numbers are finite, in the backward pass.

>>> from tinygrad_edu import Value
>>> w = Value(1e200, label="w")
>>> loss = (w * w - w * w) * 2
>>> loss.data
nan
>>> first_nonfinite(loss)
v₁ = w · w = 1e+200 · 1e+200 = inf is the first operation whose result is not finite
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tinygrad_edu.engine import ancestors
from tinygrad_edu.explain.passes import ForwardStep, cut
from tinygrad_edu.formulas.board import Board
from tinygrad_edu.formulas.labels import as_text
from tinygrad_edu.formulas.names import Names
from tinygrad_edu.gradient import grad
from tinygrad_edu.recorder import as_number
from tinygrad_edu.support.given import require_value
from tinygrad_edu.support.showing import Printed
from tinygrad_edu.value import Constant, Value

__all__ = ["NonFinite", "NonFiniteGradient", "first_nonfinite", "first_nonfinite_gradient"]


@dataclass(frozen=True, repr=False)
class NonFinite(Printed):
    """The first number of a forward pass that is nan or infinite; it shows itself as a sentence."""

    names: Names
    """The names of the Values, as in ``steps``."""
    node: Value
    """The Value with this number. Either it is a leaf, or all its arguments are finite, or one of
    its arguments is a constant or a plain number that is not finite."""

    @property
    def name(self) -> str:
        """The name of the node; "" for a constant without a label."""
        return self.names.get(self.node)

    @property
    def operation(self) -> str:
        """The name of the operation that computed the number; "" for a leaf."""
        return self.node.op.name if self.node.op else ""

    @property
    def numbers(self) -> tuple[Any, ...]:
        """The numbers of the arguments."""
        return tuple(map(as_number, self.node.args))

    def __repr__(self) -> str:
        """Return a sentence that says where the number comes from."""
        node = self.node
        if node.op is None:
            kind = "input" if isinstance(node, Constant) else "parameter"
            without = "" if as_text(node.label) else " without a label"
            name = " ".join(filter(None, [kind, self.name]))
            return f"the {name}{without} is {node.data}"
        for position, (arg, x) in enumerate(zip(node.args, self.numbers, strict=True), start=1):
            if not is_finite(x):
                return f"the input {self.names.get(arg) or position} of {node.op.name} is {x}"
        equation = ForwardStep(Board(self.names), node, self.numbers, node.data)
        return f"{equation!r} is the first operation whose result is not finite"


def first_nonfinite(value: Value) -> NonFinite | None:
    """Return the first number in the forward pass to ``value`` that is nan or infinite, or None.

    An infinite constant is ignored if the operations with it give finite numbers, as in
    ``1 / inf``.

    Raises TypeError if ``value`` is not a Value.

    >>> from tinygrad_edu import Constant
    >>> x, w = Constant(math.inf, label="x"), Value(0.0, label="w")
    >>> found = first_nonfinite(w * x + 1)
    >>> found
    the input x of mul is inf
    >>> found.operation, found.numbers, found.node.data
    ('mul', (0.0, inf), nan)
    >>> first_nonfinite(w + 1) is None
    True
    """
    for node in reversed(nodes_behind("first_nonfinite", value)):
        if not is_finite(node.data):
            return NonFinite(Names(value), node)
    return None


@dataclass(frozen=True, repr=False)
class NonFiniteGradient(Printed):
    """The first contribution to a gradient that is nan or infinite; it shows itself as a sentence.

    If all contributions are finite, it is the first sum of contributions that is not finite.
    """

    names: Names
    """The names of the Values, as in ``steps``."""
    node: Value
    """The node that the contribution comes from, or the Value whose sum is not finite."""
    position: int
    """The position of the argument that it goes to, counted from 1; 0 for a sum."""
    upstream: Any
    """The gradient of the node."""

    def __repr__(self) -> str:
        """Return a sentence that says where the number comes from."""
        board, node, place = Board(self.names), self.node, self.position - 1
        gradient, upstream = board.d(self.names.root, node), board.number(self.upstream)
        if not self.position:
            return f"the contributions to {gradient} are finite, but add up to {upstream}"
        arg: Any = node.args[place]
        return (
            f"at {board.name(node)} = {cut(board.formula(node))} the gradient {gradient} = "
            f"{upstream} times the local derivative {board.local(node, arg, place)} = "
            f"{board.number(node.partials[place])} is the first product that is not finite"
        )


def first_nonfinite_gradient(value: Value) -> NonFiniteGradient | None:
    """Return the first number in the backward pass from ``value`` that is not finite, or None.

    The gradients are computed again; no ``.grad`` is read or changed.

    Raises TypeError if ``value`` is not a Value.

    >>> w = Value(0.0, label="w")
    >>> first_nonfinite_gradient(w * 1e200 * 1e200)
    at v₁ = w · 1e+200 the gradient ∂v₂/∂v₁ = 1e+200 times the local derivative ∂v₁/∂w = 1e+200
    is the first product that is not finite
    """
    order = nodes_behind("first_nonfinite_gradient", value)
    if isinstance(value, Constant):
        return None
    gradients = grad(value, order)
    for node, upstream in zip(order, gradients, strict=True):
        if not is_finite(upstream):
            return NonFiniteGradient(Names(value), node, 0, upstream)
        for position, partial in enumerate(node.partials, start=1):
            if partial is not None and not is_finite(upstream * partial):
                return NonFiniteGradient(Names(value), node, position, upstream)
    return None


def nodes_behind(name: str, value: Value) -> list[Value]:
    """Return the ancestors of a Value, or raise TypeError if ``value`` is not a Value."""
    require_value(f"{name}({{}})", value)
    return ancestors(value)


def is_finite(x: Any) -> bool:
    """Tell whether a number is neither nan nor infinite; ints and Fractions are always finite.

    >>> is_finite(10**400), is_finite(math.nan)
    (True, False)
    """
    return isinstance(x, int | Fraction) or math.isfinite(x)
