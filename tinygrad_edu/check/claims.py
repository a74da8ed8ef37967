"""Derivatives that a person worked out, and what may have gone wrong with one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any, NamedTuple

from tinygrad_edu import escaping
from tinygrad_edu.check.function import Function
from tinygrad_edu.check.measure import significant
from tinygrad_edu.engine import ancestors
from tinygrad_edu.formulas.labels import as_text
from tinygrad_edu.formulas.names import Names
from tinygrad_edu.gradient import grad
from tinygrad_edu.operation import OperandError, number
from tinygrad_edu.recorder import as_number
from tinygrad_edu.value import Constant, Value

__all__ = ["UNCLAIMED", "Claim", "claims", "mistake"]


class Claim(NamedTuple):
    """A claimed derivative, and how far it may be off for being rounded."""

    value: float
    rounding: float = 0.0
    text: str = ""


SINGLE, SHORT = 24, 16
"""Binary digits of float32, and those of numbers that a person may have typed."""
UNCLAIMED = Claim(math.nan)
"""No claim; told by identity, since a person may claim nan."""


def claims(claimed: Any, function: Function, outputs: int) -> list[list[Claim]]:
    """Return the claims for each output and input, at the point where the function is.

    They have the shape of the inputs, and where there are several outputs, once for each. None
    claims nothing, of one number or of a whole list. Raises ValueError for another shape.
    """
    claimed = called_with(function.args, claimed)
    if outputs > 1 and (not isinstance(claimed, list | tuple) or len(claimed) != outputs):
        message = f"gradcheck: the claims for {outputs} outputs have to be a list of {outputs}"
        raise ValueError(message)
    rows = [dict(for_inputs(row, function)) for row in (claimed if outputs > 1 else [claimed])]
    found = [[row.get(leaf, UNCLAIMED) for leaf in function.leaves] for row in rows]
    if not any(claim is not UNCLAIMED for row in found for claim in row):
        message = "gradcheck: nothing is claimed"
        raise ValueError(message)
    return found


def for_inputs(claimed: Any, function: Function) -> list[tuple[Value, Claim]]:
    """Return the claims about one output; those about a single input need no list around them."""
    args = function.args
    given = args if len(args) > 1 else args[0]
    ways = [claimed]
    if len(args) == 1 and isinstance(claimed, list | tuple) and len(claimed) == 1:
        ways.append(claimed[0])
    for way in ways:
        with suppress(ShapeError):
            return list(paired(way, given, args))
    message = f"gradcheck: claims {shape_in_words(claimed)} for inputs {shape_in_words(given)}"
    raise ValueError(message)


class ShapeError(Exception):
    """Claims that do not have the shape of the inputs."""


def paired(claimed: Any, given: Any, args: Sequence[Any]) -> Iterator[tuple[Value, Claim]]:
    """Yield each input with the claim about it, walking through lists of both side by side."""
    claimed = called_with(args, claimed)
    listed = isinstance(claimed, list | tuple)
    if not isinstance(given, list):
        if listed:
            raise ShapeError
        yield given, claim(claimed)
    elif claimed is not None:
        if not listed or len(claimed) != len(given):
            raise ShapeError
        for part, inputs in zip(claimed, given, strict=True):
            yield from paired(part, inputs, args)


def called_with(args: Sequence[Any], claimed: Any) -> Any:
    """Return the claim; if it is a function of the inputs, what it returns."""
    with escaping.expected():  # a claim may be worked out with plain floats
        return claimed(*args) if callable(claimed) else claimed


def shape_in_words(given: Any) -> str:
    """Return the shape of a list of lists, for a message.

    >>> shape_in_words([[1, 2, 3], [4, 5, 6]]), shape_in_words([1, [2, 3]])
    ('of shape 2 x 3', 'of shape 2')
    """
    sizes = []
    while isinstance(given, list | tuple):
        sizes.append(str(len(given)))
        lengths = {len(item) if isinstance(item, list | tuple) else -1 for item in given}
        given = given[0] if len(lengths) == 1 else None
    return f"of shape {' x '.join(sizes)}" if sizes else "of one number"


def claim(given: Any) -> Claim:
    """Return what is claimed, by a number, a Value or text.

    >>> claim(2), claim("0.08")
    (Claim(value=2.0, rounding=0.0, text=''), Claim(value=0.08, rounding=0.005, text='0.08'))
    """
    if given is None:
        return UNCLAIMED
    if isinstance(given, str):
        return claim_from_text(given)
    try:
        value = float(given if isinstance(given, Value) else number(given))
        return Claim(value, half_a_digit(value))
    except OperandError as error:
        message = f"gradcheck: claim: {error}"
        raise TypeError(message) from None


def half_a_digit(value: float) -> float:
    """Return how far a number may be off for being rounded to float32; 0 for one that is not.

    A number that was worked out has all 53 digits, and one that was typed has few.

    >>> half_a_digit(0.75), half_a_digit(0.1), half_a_digit(0.10000000149011612)
    (0.0, 0.0, 3.725290298461914e-09)
    """
    if not math.isfinite(value) or value.is_integer():
        return 0.0
    if not SHORT < significant(value) <= SINGLE:
        return 0.0
    return math.ldexp(0.5, math.frexp(value)[1] - SINGLE)


def claim_from_text(text: str) -> Claim:
    """Return the claim of a number to the digits given: it may be off by half a unit of the last.

    >>> claim_from_text("0.0822"), claim_from_text("2,13").value
    (Claim(value=0.0822, rounding=5e-05, text='0.0822'), 2.13)
    """
    try:
        written = Decimal(text.replace(",", "."))
        exponent = written.as_tuple().exponent
        return Claim(float(written), float(Decimal(5).scaleb(int(exponent) - 1)), text)
    except (InvalidOperation, ValueError):
        message = f"gradcheck: the claim {text!r} is not a number"
        raise ValueError(message) from None


# --- what went wrong ------------------------------------------------------------------------------

TYPED = 12
"""Digits that a person may have rounded a number to; what is worked out has more."""
FACTORS = (
    (-1.0, "the sign is wrong"),
    (2.0, "a factor 2 too many"),
    (0.5, "a factor 2 is missing"),
)
LARGEST_GRAPH = 200
"""Nodes of a graph in which to look for a forgotten path or factor."""


def mistake(
    claim: Claim, slope: float, tolerance: float, function: Function, y: Value, x: Value
) -> str:
    """Return in words what mistake leads from the slope to the claim; "" if none is known.

    The slope was measured; the engine only proposes what may have been forgotten. So a proposal is
    taken only if with it the claim is right to the last digit.
    """
    if claim.value == 0:
        return "it is not 0"
    if not math.isfinite(claim.value):
        return "it is not a finite number"
    proposals = list(hypotheses(claim, slope, function, y, x))
    for sign, also in ((1, ""), (-1, ", and the sign is wrong")):
        for value, words in proposals:
            # Where the slope is multiplied, so is its error.
            factor = max(1.0, min(abs(value / slope), 1e6)) if slope else 1.0
            if abs(sign * claim.value - value) <= tolerance * factor < abs(value):
                return words + also
    return ""


def hypotheses(
    claim: Claim, slope: float, function: Function, y: Value, x: Value
) -> Iterator[tuple[float, str]]:
    """Yield what the claim would be after each of the usual mistakes, and the mistake."""
    text = claim.text.replace(",", ".") or repr(claim.value)
    places = Decimal(1).scaleb(int(Decimal(text).as_tuple().exponent))
    kept, right = (
        Decimal(slope).quantize(places, rounding=way) for way in (ROUND_DOWN, ROUND_HALF_EVEN)
    )
    if claim.text and Decimal(text) == kept != right:
        yield claim.value, f"cut off; rounded it is {right}"
    known = len(Decimal(text).normalize().as_tuple().digits)
    if not claim.text and Decimal(text) == right and 1 < known <= TYPED:
        yield claim.value, f'it is right to {known} digits: claim it as text, "{text}"'
    for factor, words in FACTORS:
        yield factor * slope, words
    if isinstance(y, Constant) or len(nodes := ancestors(y)) > LARGEST_GRAPH:
        return
    graph = Names(y)
    names = {node: graph[node] for node in nodes if as_text(node.label)}
    names |= zip(function.leaves, function.names, strict=True)
    edges = list(contributions(nodes, y, x))
    parts = [edge for edge in edges if not math.isclose(edge.term, slope)]
    for edge in parts:
        yield slope - edge.term, f"what goes {edge.way(names)} is missing"
    for edge in parts:
        yield edge.term, f"only what goes {edge.way(names)} is there"
    for edge in edges:
        if abs(edge.partial) != 1:
            words = f"the factor {edge.derivative(names)} = {edge.partial:.4g} is"
            yield slope * edge.partial, f"{words} there once too often"
            yield slope / edge.partial, f"{words} missing"


class Contribution(NamedTuple):
    """A node, one of its arguments, the derivative between them, and what comes through there."""

    node: Value
    arg: Value
    partial: float
    term: float

    def way(self, names: dict[Value, str]) -> str:
        """Return the edge in words."""
        return f"from {node_in_words(self.arg, names)} to {node_in_words(self.node, names)}"

    def derivative(self, names: dict[Value, str]) -> str:
        """Return what the derivative between them is called."""
        above, below = (
            f"({text})" if " " in text else text
            for text in (node_in_words(self.node, names), node_in_words(self.arg, names))
        )
        return f"∂{above}/∂{below}"


def contributions(nodes: Sequence[Value], y: Value, x: Value) -> Iterator[Contribution]:
    """Yield the edges on the paths from ``x`` to ``y``, the last ones first."""
    for node, upstream in zip(nodes, grad(y, nodes), strict=True):
        for arg, partial in zip(node.args, node.partials, strict=True):
            if partial and isinstance(arg, Value):
                term = float(upstream * partial * grad(arg, x))
                if term:
                    yield Contribution(node, arg, float(partial), term)


def node_in_words(node: Value, names: dict[Value, str]) -> str:
    """Return what a message calls a node: its name, or how it was made."""
    if node in names or node.op is None:
        return names.get(node) or f"{node.data:.6g}"
    if node.op.arity is None:
        return f"{node.op.name}(…) = {node.data:.4g}"
    return node.op.text([float(f"{as_number(x):.4g}") for x in node.args])
