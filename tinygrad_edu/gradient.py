"""Derivatives as results: :func:`grad` changes nothing, and can be applied to what it returns.

>>> from tinygrad_edu import Value, grad
>>> x = Value(0.5)
>>> f = (x * x).exp()
>>> print(f"{grad(grad(f, x, differentiable=True), x):.4f}")
3.8521
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, overload

from tinygrad_edu.engine import adjoints, ancestors
from tinygrad_edu.recorder import exactly, is_as_computed, stored
from tinygrad_edu.value import Constant, Value, applying_the_rule_of, is_exact, one_and_zero

__all__ = ["grad", "hessian", "jacobian"]


@overload
def grad(y: Value, xs: Value, *, differentiable: Literal[False] = ...) -> float: ...
@overload
def grad(y: Value, xs: Value, *, differentiable: Literal[True]) -> Value: ...
@overload
def grad(y: Value, xs: Iterable[Value], *, differentiable: Literal[False] = ...) -> list[float]: ...
@overload
def grad(y: Value, xs: Iterable[Value], *, differentiable: Literal[True]) -> list[Value]: ...
@overload
def grad(y: Value, xs: Value | Iterable[Value], *, differentiable: bool = ...) -> Any: ...
def grad(y: Value, xs: Value | Iterable[Value], *, differentiable: bool = False) -> Any:
    """Return the derivative of ``y`` with respect to a Value, or a list of them for several.

    No ``.grad`` changes. A Value that ``y`` does not depend on has the derivative 0.

    Args:
        y: the Value to differentiate.
        xs: the Value, or Values, with respect to which ``y`` is differentiated; ``y`` may have been
            computed from them in any number of steps.
        differentiable: return Values that remember how they were computed, for derivatives of
            derivatives; otherwise plain numbers.

    Raises TypeError for what is not a Value, ValueError for a derivative with respect to a
    constant, and, if ``differentiable``, RuntimeError where data were changed after ``y`` was
    computed and TypeError for an operation whose rule computes with functions of ``math``.

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
    if differentiable:
        rules = {node: partials_as_values(node) for node in ancestors(y)}
        of_nodes = adjoints(y, one, Zero(), rules.__getitem__)
    else:
        of_nodes = adjoints(y, one, zero)
    found = [of_nodes.get(x, zero) for x in targets]
    if differentiable:
        found = [d if isinstance(d, Value) else Constant(d) for d in found]
    return found[0] if isinstance(xs, Value) else found


@overload
def jacobian(
    ys: Sequence[Value], xs: Sequence[Value], *, differentiable: Literal[False] = ...
) -> list[list[float]]: ...
@overload
def jacobian(
    ys: Sequence[Value], xs: Sequence[Value], *, differentiable: Literal[True]
) -> list[list[Value]]: ...
def jacobian(ys: Sequence[Value], xs: Sequence[Value], *, differentiable: bool = False) -> Any:
    """Return the matrix of derivatives ∂y_i/∂x_j: a row for each y, a column for each x (A14).

    Numbers, or with ``differentiable`` Values. Raises what :func:`grad` raises.

    >>> x, y = Value(2.0), Value(3.0)
    >>> jacobian([x * y, x + y], [x, y])
    [[3.0, 2.0], [1.0, 1.0]]
    """
    xs = list(xs)
    return [grad(y, xs, differentiable=differentiable) for y in ys]


@overload
def hessian(
    y: Value, xs: Sequence[Value], *, differentiable: Literal[False] = ...
) -> list[list[float]]: ...
@overload
def hessian(
    y: Value, xs: Sequence[Value], *, differentiable: Literal[True]
) -> list[list[Value]]: ...
def hessian(y: Value, xs: Sequence[Value], *, differentiable: bool = False) -> Any:
    """Return the matrix of second derivatives ∂²y/∂x_i∂x_j.

    Numbers, or with ``differentiable`` Values. Raises what :func:`grad` raises.

    >>> x, y = Value(2.0), Value(3.0)
    >>> hessian(x * x * y, [x, y])
    [[6.0, 4.0], [4.0, 0.0]]
    """
    xs = list(xs)
    slopes = grad(y, xs, differentiable=True)
    return [
        [Constant(0.0) if differentiable else 0.0 for _ in xs]
        if isinstance(slope, Constant)
        else grad(slope, xs, differentiable=differentiable)
        for slope in slopes
    ]


def partials_as_values(node: Value) -> tuple[Any, Any]:
    """Return the partials of a node as it stores them, but as Values, by its rule."""
    op = node.op
    if op is None:
        return None, None
    if not is_as_computed(node):
        message = f"grad: data behind {node!r} changed after it was computed"
        raise RuntimeError(message)
    with applying_the_rule_of(op):
        rule = op.partials(node, *op.nested(node.args))
    return stored(node, op.flat(exactly(op, rule) if is_exact(node.data) else rule))


class Zero:
    """The sum of no Values, so that the first one is not added to a number."""

    def __add__(self, first: Any) -> Any:
        return first
