"""Derivatives as results: :func:`grad` changes nothing, and can be applied to what it returns.

>>> from tinygrad_edu import Value, grad
>>> x = Value(0.5)
>>> f = (x * x).exp()
>>> print(f"{grad(grad(f, x, differentiable=True), x):.4f}")
3.8521
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, overload

from tinygrad_edu.engine import LOCK, sweep
from tinygrad_edu.value import Constant, Value, as_number, as_stored, exactly, one_and_zero

__all__ = ["grad"]


@overload
def grad(y: Value, xs: Value, *, differentiable: Literal[False] = ...) -> Any: ...
@overload
def grad(y: Value, xs: Value, *, differentiable: Literal[True]) -> Value: ...
@overload
def grad(y: Value, xs: Iterable[Value], *, differentiable: Literal[False] = ...) -> list[Any]: ...
@overload
def grad(y: Value, xs: Iterable[Value], *, differentiable: Literal[True]) -> list[Value]: ...
def grad(y: Value, xs: Value | Iterable[Value], *, differentiable: bool = False) -> Any:
    """Return the derivative of ``y`` with respect to a Value, or a list of them for several.

    No ``.grad`` changes. A Value that ``y`` does not depend on has the derivative 0.

    Args:
        y: the Value to differentiate.
        xs: the Value, or Values, to differentiate by; they may lie anywhere behind ``y``.
        differentiable: return Values that remember how they were computed, for derivatives of
            derivatives; otherwise plain numbers.

    Raises TypeError for what is not a Value, ValueError for a derivative with respect to a
    constant, and RuntimeError where ``differentiable`` finds that data were changed after ``y`` was
    computed.

    >>> x = Value(2.0)
    >>> grad(x**3, x)
    12.0
    >>> slope = grad(x**3, x, differentiable=True)
    >>> grad(slope, x)
    12.0
    """
    targets = list(xs) if isinstance(xs, Iterable) else [xs]
    for value in (y, *targets):
        if not isinstance(value, Value):
            message = f"grad: expected a Value, got {value!r} ({type(value).__name__})"
            raise TypeError(message)
    for x in targets:
        if isinstance(x, Constant):
            message = f"grad: {x!r} is a constant; no gradient is kept for it"
            raise ValueError(message)  # noqa: TRY004 - a constant is a Value like any other
    one, zero = one_and_zero(y)
    rules = (Zero(), partials_as_values) if differentiable else (zero,)
    with LOCK:
        nodes = sweep(y, one, *rules)
        adjoints = {node: node._adjoint for node in nodes}
        if differentiable:
            for node in nodes:  # its adjoint leads back to it; nothing is to lead in circles
                node._adjoint = None
    found = [adjoints.get(x, zero) for x in targets]
    if differentiable:
        found = [d if isinstance(d, Value) else Constant(d) for d in found]
    return found[0] if isinstance(xs, Value) else found


def partials_as_values(node: Value) -> tuple[Any, Any]:
    """Return what :func:`sweep` multiplies with, the rule applied to the Values themselves."""
    if node.op is None:
        return None, None
    try:
        _, rule = exactly(node.data, node.op.partials(node, *node.args))
        rule = tuple([None if d is None else p for p, d in zip(rule, node.partials, strict=True)])
        now = (node.op.forward(*map(as_number, node.args)), *map(as_number, rule))
        before = (node.data, *node.partials)
        same = all(a == b or a != a for a, b in zip(now, before, strict=True))  # noqa: PLR0124 - a nan
    except (ArithmeticError, ValueError):
        same = False
    if not same:
        message = f"grad: data behind {node!r} changed after it was computed"
        raise RuntimeError(message)
    return as_stored(node, rule)


class Zero:
    """The sum of no Values, so that the first one is not added to a number."""

    def __add__(self, first: Any) -> Any:
        return first
