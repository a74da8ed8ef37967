"""Derivatives that a person worked out, and the mistakes that may explain a wrong one."""

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
    """A claimed derivative, and how far its rounding may have moved it."""

    value: float
    rounding: float = 0.0
    text: str = ""


SINGLE, SHORT = 24, 16
"""Binary digits: float32 keeps 24; a number with at most 16 may have been typed by a person."""
UNCLAIMED = Claim(math.nan)
"""Stands for "no claim"; compare with `is`, since a person may claim nan."""


def claims(claimed: Any, function: Function, outputs: int) -> list[list[Claim]]:
    """Return the claims at the current point: one row per output, one claim per input.

    ``claimed`` must have the shape of the inputs; for several outputs it is a list with one such
    entry per output. None stands for "no claim" about a number or about a whole list. Raises
    ValueError for any other shape.
    """
    claimed = called_with(function.args, claimed)
    if outputs > 1 and (not isinstance(claimed, list | tuple) or len(claimed) != outputs):
        message = f"gradcheck: claims about {outputs} outputs must be a list of {outputs} entries"
        raise ValueError(message)
    rows = [dict(for_inputs(row, function)) for row in (claimed if outputs > 1 else [claimed])]
    found = [[row.get(leaf, UNCLAIMED) for leaf in function.leaves] for row in rows]
    if not any(claim is not UNCLAIMED for row in found for claim in row):
        message = "gradcheck: claimed contains no number; pass at least one derivative to check"
        raise ValueError(message)
    return found


def for_inputs(claimed: Any, function: Function) -> list[tuple[Value, Claim]]:
    """Return the claims about one output; a claim about a single input needs no list around it."""
    args = function.args
    given = args if len(args) > 1 else args[0]
    ways = [claimed]
    if len(args) == 1 and isinstance(claimed, list | tuple) and len(claimed) == 1:
        ways.append(claimed[0])
    for way in ways:
        with suppress(ShapeError):
            return list(paired(way, given, args))
    claims_shape, inputs_shape = shape_in_words(claimed), shape_in_words(given)
    message = f"gradcheck: the claims are {claims_shape}, but the inputs are {inputs_shape}"
    raise ValueError(message)


class ShapeError(Exception):
    """The claims do not have the shape of the inputs."""


def paired(claimed: Any, given: Any, args: Sequence[Any]) -> Iterator[tuple[Value, Claim]]:
    """Yield each input with the claim about it, going through both nested lists in step."""
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
    """Return the claim; if it is a function, call it with the inputs and return its result."""
    with escaping.expected():  # a claim may compute with plain floats
        return claimed(*args) if callable(claimed) else claimed


def shape_in_words(given: Any) -> str:
    """Describe the shape of nested lists for an error message.

    >>> shape_in_words([[1, 2, 3], [4, 5, 6]]), shape_in_words([1, [2, 3]])
    ('of shape 2 x 3', 'of shape 2')
    """
    sizes = []
    while isinstance(given, list | tuple):
        sizes.append(str(len(given)))
        lengths = {len(item) if isinstance(item, list | tuple) else -1 for item in given}
        given = given[0] if len(lengths) == 1 else None
    return f"of shape {' x '.join(sizes)}" if sizes else "one number"


def claim(given: Any) -> Claim:
    """Return the claim that a number, a Value or a text states.

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
    """Return the rounding error of a number that was rounded to float32, and 0 for any other.

    The number of binary digits tells: a computed double has up to 53, a float32 up to 24, and a
    number that a person typed only a few.

    >>> half_a_digit(0.75), half_a_digit(0.1), half_a_digit(0.10000000149011612)
    (0.0, 0.0, 3.725290298461914e-09)
    """
    if not math.isfinite(value) or value.is_integer():
        return 0.0
    if not SHORT < significant(value) <= SINGLE:
        return 0.0
    return math.ldexp(0.5, math.frexp(value)[1] - SINGLE)


def claim_from_text(text: str) -> Claim:
    """Return the claim that a text states; it may be off by half a unit of its last digit.

    >>> claim_from_text("0.0822"), claim_from_text("2,13").value
    (Claim(value=0.0822, rounding=5e-05, text='0.0822'), 2.13)
    """
    try:
        written = Decimal(text.replace(",", "."))
        exponent = written.as_tuple().exponent
        return Claim(float(written), float(Decimal(5).scaleb(int(exponent) - 1)), text)
    except (InvalidOperation, ValueError):
        message = f"gradcheck: the claim {text!r} is not a number; write one such as '0.0822'"
        raise ValueError(message) from None


# --- what went wrong ------------------------------------------------------------------------------

TYPED = 12
"""The most decimal digits of a number that a person rounded; a computed number has more."""
FACTORS = (
    (-1.0, "the sign is wrong"),
    (2.0, "a factor 2 too many"),
    (0.5, "a factor 2 is missing"),
)
LARGEST_GRAPH = 200
"""Forgotten paths and factors are looked for in graphs with at most this many nodes."""


def mistake(
    claim: Claim, slope: float, tolerance: float, function: Function, y: Value, x: Value
) -> str:
    """Return in words the mistake that turns the slope into the claim; "" if none is known.

    The slope was measured; the engine only suggests what the person may have forgotten. A
    suggestion counts only if it explains the claim to the last digit.
    """
    if claim.value == 0:
        return "it is not 0"
    if not math.isfinite(claim.value):
        return "it is not a finite number"
    proposals = list(hypotheses(claim, slope, function, y, x))
    for sign, also in ((1, ""), (-1, ", and the sign is wrong")):
        for value, words in proposals:
            # A factor on the slope multiplies its error, too.
            factor = max(1.0, min(abs(value / slope), 1e6)) if slope else 1.0
            if abs(sign * claim.value - value) <= tolerance * factor < abs(value):
                return words + also
    return ""


def hypotheses(
    claim: Claim, slope: float, function: Function, y: Value, x: Value
) -> Iterator[tuple[float, str]]:
    """Yield, for each usual mistake, the claim that it would lead to and the mistake in words."""
    text = claim.text.replace(",", ".") or repr(claim.value)
    places = Decimal(1).scaleb(int(Decimal(text).as_tuple().exponent))
    kept, right = (
        Decimal(slope).quantize(places, rounding=way) for way in (ROUND_DOWN, ROUND_HALF_EVEN)
    )
    if claim.text and Decimal(text) == kept != right:
        yield claim.value, f"it is cut off; rounded it is {right}"
    known = len(Decimal(text).normalize().as_tuple().digits)
    if not claim.text and Decimal(text) == right and 1 < known <= TYPED:
        advice = f'claim a rounded number as text, "{text}"'
        yield claim.value, f"it is right to {known} digits; {advice}"
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
        yield slope - edge.term, f"the contribution {edge.way(names)} is missing"
    for edge in parts:
        yield edge.term, f"only the contribution {edge.way(names)} is there"
    for edge in edges:
        if abs(edge.partial) != 1:
            words = f"the factor {edge.derivative(names)} = {edge.partial:.4g}"
            yield slope * edge.partial, f"{words} appears once too often"
            yield slope / edge.partial, f"{words} is missing"


class Contribution(NamedTuple):
    """What one edge of a graph adds to a gradient: the sum over all paths that use this edge."""

    node: Value
    arg: Value
    partial: float
    term: float

    def way(self, names: dict[Value, str]) -> str:
        """Return the edge in words: from which node to which."""
        return f"from {node_in_words(self.arg, names)} to {node_in_words(self.node, names)}"

    def derivative(self, names: dict[Value, str]) -> str:
        """Return the local derivative of the edge in symbols, as in ∂a/∂z."""
        above, below = (
            f"({text})" if " " in text else text
            for text in (node_in_words(self.node, names), node_in_words(self.arg, names))
        )
        return f"∂{above}/∂{below}"


def contributions(nodes: Sequence[Value], y: Value, x: Value) -> Iterator[Contribution]:
    """Yield the contributions of all edges on paths from ``x`` to ``y``, those next to y first."""
    for node, upstream in zip(nodes, grad(y, nodes), strict=True):
        for arg, partial in zip(node.args, node.partials, strict=True):
            if partial and isinstance(arg, Value):
                term = float(upstream * partial * grad(arg, x))
                if term:
                    yield Contribution(node, arg, float(partial), term)


def node_in_words(node: Value, names: dict[Value, str]) -> str:
    """Return the name of a node for a message, or how it was computed if it has no name."""
    if node in names or node.op is None:
        return names.get(node) or f"{node.data:.6g}"
    if node.op.arity is None:
        return f"{node.op.name}(…) = {node.data:.4g}"
    return node.op.text([float(f"{as_number(x):.4g}") for x in node.args])
