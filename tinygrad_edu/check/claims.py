"""Derivatives that a person worked out, and what may have gone wrong with one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any, NamedTuple

from tinygrad_edu.check.function import Function
from tinygrad_edu.engine import ancestors
from tinygrad_edu.gradient import grad
from tinygrad_edu.primitive import OperandError, number
from tinygrad_edu.value import Value

__all__ = ["Claim", "claims", "mistake"]


class Claim(NamedTuple):
    """A claimed derivative, and how far it may be off for being rounded."""

    value: float
    rounding: float = 0.0
    text: str = ""


def claims(claimed: Any, function: Function, outputs: int) -> list[list[Claim]]:
    """Return the claims for each output and input, at the point where the function is.

    Raises ValueError unless there is one for each.
    """
    found = list(read(claimed, function.args))
    inputs = len(function.leaves)
    if len(found) != outputs * inputs:
        message = f"gradcheck: {len(found)} claims for {outputs * inputs} derivatives"
        raise ValueError(message)
    return [found[i : i + inputs] for i in range(0, len(found), inputs)]


def read(claimed: Any, args: Sequence[Any]) -> Iterator[Claim]:
    """Yield the claims, whether they are written as numbers, as text, as functions, or in lists.

    >>> list(read([2, "0.08", lambda x: 2 * x, None], [3.0]))
    [Claim(value=2.0, rounding=0.0, text=''), Claim(value=0.08, rounding=0.005, text='0.08'),
     Claim(value=6.0, rounding=0.0, text=''), Claim(value=nan, rounding=0.0, text='')]
    """
    if callable(claimed):
        yield from read(claimed(*args), args)
    elif isinstance(claimed, list | tuple):
        for claim in claimed:
            yield from read(claim, args)
    elif isinstance(claimed, str):
        yield rounded(claimed)
    elif claimed is None:
        yield Claim(math.nan)
    else:
        try:
            yield Claim(float(claimed if isinstance(claimed, Value) else number(claimed)))
        except OperandError as error:
            message = f"gradcheck: claim: {error}"
            raise TypeError(message) from None


def rounded(text: str) -> Claim:
    """Return the claim of a number to the digits given: it may be off by half a unit of the last.

    >>> rounded("0.0822")
    Claim(value=0.0822, rounding=5e-05, text='0.0822')
    """
    try:
        exponent = Decimal(text).as_tuple().exponent
        return Claim(float(text), float(Decimal(5).scaleb(int(exponent) - 1)), text)
    except (InvalidOperation, ValueError):
        message = f"gradcheck: the claim {text!r} is not a number"
        raise ValueError(message) from None


# --- what went wrong ------------------------------------------------------------------------------

FACTORS = (
    (-1.0, "the sign is wrong"),
    (2.0, "a factor 2 too many"),
    (0.5, "a factor 1/2 too many"),
    (-2.0, "the sign is wrong, and there is a factor 2 too many"),
    (-0.5, "the sign is wrong, and there is a factor 1/2 too many"),
)
MOST = 200
"""Nodes of a graph in which to look for a forgotten path or factor."""


def mistake(
    claim: Claim, slope: float, tolerance: float, function: Function, y: Value, x: Value
) -> str:
    """Return in words what mistake leads from the slope to the claim; "" if none is known.

    The slope was measured; the engine only proposes what may have been forgotten. So a proposal is
    taken only if with it the claim is right to the last digit.
    """
    for value, words in hypotheses(claim, slope, function, y, x):
        factor = max(1.0, abs(value / slope)) if slope else 1.0
        if abs(claim.value - value) <= tolerance * factor:
            return words
    return ""


def hypotheses(
    claim: Claim, slope: float, function: Function, y: Value, x: Value
) -> Iterator[tuple[float, str]]:
    """Yield what the claim would be after each of the usual mistakes, and the mistake."""
    if claim.text:
        exponent = Decimal(claim.text).as_tuple().exponent
        kept, right = (
            Decimal(slope).quantize(Decimal(1).scaleb(int(exponent)), rounding=rounding)
            for rounding in (ROUND_DOWN, ROUND_HALF_EVEN)
        )
        if Decimal(claim.text) == kept != right:
            yield claim.value, f"cut off; rounded it is {right}"
    for factor, words in FACTORS:
        yield factor * slope, words
    nodes = ancestors(y)
    if len(nodes) > MOST:
        return
    names = dict(zip(function.leaves, function.names, strict=True))
    edges = list(edges_between(nodes, y, x))
    parts = [edge for edge in edges if not math.isclose(edge.term, slope)]
    for edge in parts:
        yield slope - edge.term, f"what goes {edge.way(names)} is missing"
    for edge in parts:
        yield edge.term, f"only what goes {edge.way(names)} is there"
    for edge in edges:
        if abs(edge.partial) != 1:
            derivative = f"∂{called(edge.node, names)}/∂{called(edge.arg, names)}"
            words = f"the factor {derivative} = {edge.partial:.4g} is"
            yield slope * edge.partial, f"{words} there once too often"
            yield slope / edge.partial, f"{words} missing"
    yield 0.0, "it is not 0"


class Edge(NamedTuple):
    """A node, one of its arguments, the derivative between them, and what comes through there."""

    node: Value
    arg: Value
    partial: float
    term: float

    def way(self, names: dict[Value, str]) -> str:
        """Return the edge in words."""
        start = "" if self.arg in names else f"from {called(self.arg, names)} "
        return f"{start}through {called(self.node, names)}"


def edges_between(nodes: Sequence[Value], y: Value, x: Value) -> Iterator[Edge]:
    """Yield the edges on the paths from ``x`` to ``y``, the last ones first."""
    for node, upstream in zip(nodes, grad(y, nodes), strict=True):
        for arg, partial in zip(node.args, node.partials, strict=True):
            if partial and isinstance(arg, Value):
                term = float(upstream * partial * grad(arg, x))
                if term:
                    yield Edge(node, arg, float(partial), term)


def called(node: Value, names: dict[Value, str]) -> str:
    """Return what a message calls a node: its name, or how it was made."""
    if node in names or node.label or node.op is None:
        return names.get(node, node.label) or f"{node.data:.6g}"
    if node.op.arity is None:
        return f"{node.op.name}(…)"
    return node.op.text([float(f"{x:.4g}") for x in node.args])
