"""Whether the numbers of a graph are still what their arguments make them."""

from __future__ import annotations

from typing import Any

from tinygrad_edu.recorder import apply_rule, as_number
from tinygrad_edu.value import Value


def is_as_computed(node: Value) -> bool:
    """Tell whether the data of a node and its partials are those of its arguments as they are.

    >>> x = Value(2.0)
    >>> y = x * x
    >>> x.data = 3.0
    >>> is_as_computed(x), is_as_computed(y)
    (True, False)
    """
    op: Any = node.op
    if op is None:
        return True
    try:
        numbers = [x if type(x) is float else op.number(x) for x in map(as_number, node.args)]
        given = op.nested(numbers)
        now = (op.forward(*given), *op.flat(apply_rule(op, node.data, given)))
    except (ArithmeticError, ValueError, TypeError):  # so it was not when the node was computed
        return False
    before = (node.data, *node.partials)
    return all(
        b is None or a == b or (a != a and b != b)  # noqa: PLR0124 - asks for nan
        for a, b in zip(now, before, strict=True)
    )
