"""Properties that every row of the table must have, as functions that raise AssertionError.

    verify(row)                      checks all properties, on arguments from the row's domain
    check_partials(row, (0.5,))      checks one property, on one tuple of arguments

The arguments are one flat tuple, as a rule takes them, even if the operation takes lists.
"""

import math
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np
from hypothesis import Phase, given, settings

from tinygrad_edu import Constant, Value, grad
from tinygrad_edu.operation import ATOM, Components, Operation, padded
from tinygrad_edu.table import TABLE
from tinygrad_edu.testing import flat_arguments as arguments

EPSILON = 2.0**-52

Arguments = tuple[float, ...]
Check = Callable[[Operation, Arguments], None]

# --- arguments of a row -------------------------------------------------------------------------


def identical(x: object, y: object) -> bool:
    return x is y


def call(row: Operation, args: Sequence[Any]) -> Any:
    """Call the operation as a user does."""
    return row(*row.nested(args))


def inside(row: Operation, args: Sequence[float]) -> bool:
    """Tell whether the row has derivatives at these arguments."""
    domains = padded(row.domain, len(args))
    return all(domain.admits(x) for domain, x in zip(domains, args, strict=True))


def to_kink(row: Operation, args: Sequence[float]) -> float:
    """Return the distance from the kink; its sign tells the side."""
    return row.kink(*row.nested(args)) if row.kink else math.inf


def output(row: Operation, args: Sequence[Any]) -> Any:
    """Return the result of the forward function of the row."""
    return row.forward(*row.nested(args))


def rule(row: Operation, args: Sequence[Any]) -> Sequence[Any]:
    """Return all partials, straight from the rule of the row."""
    return row.rule(output(row, args), args)


def as_values(row: Operation, args: Arguments) -> list[Value | float]:
    """Return the arguments as Values; those that must be fixed numbers stay numbers."""
    return [
        x if partial is None else Value(x) for x, partial in zip(args, rule(row, args), strict=True)
    ]


# --- derivatives measured -----------------------------------------------------------------------


def measured(
    f: Callable[[float], float], x: float, step: float, size: float
) -> tuple[float, float]:
    """Return the derivative of ``f`` at ``x`` and its error, from values within ``step`` of x.

    Central differences with halved steps, extrapolated to step 0 (C. J. F. Ridders, Accurate
    computation of F'(x) and F'(x) F''(x), Adv. Eng. Software 4, 1982). The error is the
    difference of two extrapolations, or the effect of rounding if that is larger.
    """
    best, error = math.nan, math.inf
    coarser: list[float] = []
    for _ in range(10):
        above, below = f(x + step), f(x - step)
        width = (x + step) - (x - step)
        noise = EPSILON * (abs(above) + abs(below) + size) / width
        finer = [(above - below) / width]
        for order, coarse in enumerate(coarser, start=1):
            fine = finer[-1]
            finer.append(fine + (fine - coarse) / (4.0**order - 1))
            doubt = max(abs(finer[-1] - fine), abs(finer[-1] - coarse), noise)
            if doubt < error:
                best, error = finer[-1], doubt
        coarser = finer
        step /= 2
    return best, error


def reach(row: Operation, args: Arguments, i: int) -> float:
    """Return a step of argument ``i`` that crosses no kink and goes at most halfway to an edge."""
    domain = padded(row.domain, len(args))[i]
    edges = (domain.low, domain.high, *domain.excluded)
    step = min(0.5, *(abs(args[i] - edge) / 2 for edge in edges))
    while any(
        to_kink(row, (*args[:i], args[i] + far, *args[i + 1 :])) * to_kink(row, args) <= 0
        for far in (-step, step)
    ):
        step /= 2
    return step


def check_derivative(
    row: Operation, f: Callable[[Arguments], float], args: Arguments, i: int, claimed: float
) -> None:
    """Raise unless ``claimed`` is the derivative of ``f`` in argument ``i``, to nine digits."""

    def moved(x: float) -> float:
        return f((*args[:i], x, *args[i + 1 :]))

    size = sum(map(abs, args))
    found, error = measured(moved, args[i], reach(row, args, i), size)
    scale = max(abs(found), abs(f(args)), 1.0)
    assert error <= 1e-9 * scale, f"{row}: cannot be measured at {args}: {found} ± {error}"
    assert abs(claimed - found) <= 1e-9 * abs(found) + 4 * error, (
        f"{row}: derivative {i} at {args} is {claimed!r}, measured {found!r} ± {error:.1g}"
    )


# --- properties ---------------------------------------------------------------------------------


def check_partials(row: Operation, args: Arguments) -> None:
    """The rule is the derivative of the forward function."""
    for i, claimed in enumerate(rule(row, args)):
        if claimed is not None:
            check_derivative(row, lambda at: output(row, at), args, i, claimed)


def check_second_partials(row: Operation, args: Arguments) -> None:
    """The rule, applied to Values, can be differentiated, and its derivatives are right."""
    xs = as_values(row, args)
    y = call(row, xs)
    for i, (x, partial) in enumerate(zip(xs, rule(row, args), strict=True)):
        if not isinstance(x, Value):
            continue
        slope = grad(y, x, differentiable=True)
        assert close(slope.data, partial)
        for j, by in enumerate(xs):
            if isinstance(by, Value):
                second = grad(slope, by)
                check_derivative(row, lambda at, i=i: rule(row, at)[i], args, j, second)


def check_values(row: Operation, args: Arguments) -> None:
    """Numbers and Values give the same output and partials, up to the last bit."""
    xs = as_values(row, args)
    y = call(row, xs)
    assert same(call(row, args), output(row, args))
    assert same(y.data, output(row, args))
    assert y.op is row
    assert all(map(identical, y.args, xs))
    on_numbers = rule(row, args)
    assert all(map(same, y.partials, on_numbers))
    assert all(map(close, row.rule(y, xs), on_numbers))


def check_method(row: Operation, args: Arguments) -> None:
    """If Value has a method of this name, it is the operation."""
    method = getattr(Value, row.name, None)
    if row.arity is None or method is None:
        return
    xs = as_values(row, args)
    y = method(*xs)
    assert y.op is row
    assert same(y.data, output(row, args))
    assert all(map(identical, y.args, xs))


def check_constants(row: Operation, args: Arguments) -> None:
    """Constants get no gradient and change no other one; constants alone record nothing."""
    xs = as_values(row, args)
    partials = rule(row, args)
    for held in choices(len(args)):
        for constant in (Constant, float):
            mixed = [constant(a) if h else x for a, x, h in zip(args, xs, held, strict=True)]
            y = call(row, mixed)
            if any(type(x) is Value for x in mixed):
                expected = [
                    p if type(x) is Value else None for x, p in zip(mixed, partials, strict=True)
                ]
                assert all(map(same, y.partials, expected))
            elif any(type(x) is Constant for x in mixed):
                assert type(y) is Constant
                assert y.args == y.partials == ()
            else:
                assert not isinstance(y, Value)
            assert same(y, output(row, args))


def choices(n: int) -> list[tuple[bool, ...]]:
    """Return which of ``n`` arguments to hold constant: every choice if n is at most 3."""
    if n <= 3:
        return list(product((False, True), repeat=n))
    one = [tuple(i == j for j in range(n)) for i in range(n)]
    return one + [tuple(not held for held in row) for row in one]


def check_arrays(row: Operation, args: Arguments) -> None:
    """On NumPy arrays the operation and its rule work elementwise."""
    on_numbers = rule(row, args)
    arrays = [
        x if partial is None else np.full((2, 3), x)
        for x, partial in zip(args, on_numbers, strict=True)
    ]
    result = call(row, arrays)
    assert isinstance(result, np.ndarray)
    assert result.shape == (2, 3)
    np.testing.assert_allclose(result, output(row, args), rtol=1e-12, atol=1e-14)
    for on_arrays, partial in zip(row.rule(result, arrays), on_numbers, strict=True):
        if partial is not None:
            np.testing.assert_allclose(on_arrays, partial, rtol=1e-12, atol=1e-14)


def check_edges(row: Operation, args: Arguments) -> None:
    """At and beyond the edges of the domain there is a number, or an error that names both."""
    for i, domain in enumerate(padded(row.domain, len(args))):
        for edge in {domain.low, domain.low - 1, domain.high, domain.high + 1, *domain.excluded}:
            xs = as_values(row, args)
            if math.isinf(edge) or not isinstance(xs[i], Value):
                continue
            xs[i] = Value(edge)
            try:
                y = call(row, xs)
            except (ValueError, ZeroDivisionError) as error:
                said = str(error)
            else:  # the value exists; its derivative may be infinite or missing
                said = f"{row.name} at {edge:g}" if math.isfinite(y.data) else ""
            assert row.name in said
            assert f"{edge:g}" in said


def check_formula(row: Operation, args: Arguments) -> None:
    """The formula is LaTeX with balanced braces, and names every argument."""
    indices = row.fixed_arguments(len(args)) if isinstance(row, Components) else [False] * len(args)
    names = ["0" if index else f"x_{{{i}}}" for i, index in enumerate(indices)]
    for precedence in range(1, ATOM + 1):
        latex, own = row.formula([(name, precedence) for name in names])
        assert 1 <= own <= ATOM
        assert all(name in latex for name in names if name != "0")
        assert "#" not in latex
        assert latex.count(r"\left") == latex.count(r"\right")
        depth = 0
        for character in latex:
            depth += {"{": 1, "}": -1}.get(character, 0)
            assert depth >= 0, f"{row}: braces do not match in {latex}"
        assert depth == 0, f"{row}: braces do not match in {latex}"


def check_text(row: Operation, args: Arguments) -> None:
    """The text of a call, as messages quote it, is Python that computes the output."""
    text = row.text(row.nested(args))
    if row.arity is None:
        assert all(str(x) in text for x in args)
        return
    known = {**TABLE, row.name: row}
    computed = eval(text, known)  # noqa: S307 - the text is a template of ours, filled with floats
    assert same(computed, output(row, args)), text


def check_documented(row: Operation, _: Arguments) -> None:
    """The row has a name, a symbol, and one line of documentation."""
    assert row.name.isidentifier()
    assert row.symbol.strip()
    assert row.doc.endswith(".")
    assert "\n" not in row.doc


CHECKS: tuple[Check, ...] = (
    check_partials,
    check_second_partials,
    check_values,
    check_method,
    check_constants,
    check_arrays,
    check_edges,
    check_formula,
    check_text,
    check_documented,
)


def close(x: Any, y: Any) -> bool:
    """Tell whether two numbers, or the data of two Values, agree to a few digits in the last place.

    A rule may use another formula for floats than for Values, where floats would lose digits.
    """
    if x is None or y is None:
        return x is y
    x, y = float(getattr(x, "data", x)), float(getattr(y, "data", y))
    return same(x, y) or abs(x - y) <= 8 * EPSILON * abs(y)


def same(x: Any, y: Any) -> bool:
    """Tell whether two numbers, or the data of two Values, agree to the last bit."""
    if x is None or y is None:
        return x is y
    x, y = float(getattr(x, "data", x)), float(getattr(y, "data", y))
    if math.isnan(x) or math.isnan(y):
        return math.isnan(x) and math.isnan(y)
    return x == y and math.copysign(1.0, x) == math.copysign(1.0, y)


def verify(
    row: Operation, checks: Sequence[Check] = CHECKS, phases: Sequence[Phase] = tuple(Phase)
) -> None:
    """Raise AssertionError unless the row passes the checks, on arguments drawn by Hypothesis."""

    @settings(phases=phases, report_multiple_bugs=False)
    @given(arguments(row))
    def holds(args: Arguments) -> None:
        for check in checks:
            check(row, args)

    holds()
