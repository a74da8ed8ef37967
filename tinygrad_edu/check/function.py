"""The function that is checked: its values at the point and near it, and its gradients."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, count, product
from typing import Any, TypeVar

from tinygrad_edu import escaping
from tinygrad_edu.check.measure import DOUBLE
from tinygrad_edu.formulas.labels import as_text, canonical
from tinygrad_edu.gradient import grad
from tinygrad_edu.operation import OperandError, number
from tinygrad_edu.support.characters import superscript
from tinygrad_edu.support.given import quoted
from tinygrad_edu.value import Constant, Value

__all__ = ["Function"]

T = TypeVar("T")

HISTORY = ("op", "_x", "_y", "_dx", "_dy")


class Function:
    """A function of Values, and the point at which it is checked.

    Args:
        f: a function that returns a Value, a number, or a list of them.
        inputs: Values, numbers, or lists of them. ``f`` gets the Values themselves, so it may also
            reach them in other ways, as closures do. Constants are not moved.
        order: what to differentiate: 1 the outputs, 2 their first derivatives, and so on.
    """

    def __init__(self, f: Callable[..., Any], inputs: Sequence[Any], order: int = 1) -> None:
        """Collect the Values to differentiate with respect to."""
        if type(order) is not int or order < 1:
            message = f"gradcheck: order must be a whole number from 1 on, not {order!r}"
            raise ValueError(message)
        if not callable(f):
            message = f"gradcheck: expected a function, got {quoted(f)} ({type(f).__name__})"
            message += "; write gradcheck(lambda x: x * x, 3.0), or pass a function of your own"
            raise TypeError(message)
        self.f = f
        self.order = order
        self.digits = self.result_digits = DOUBLE  # binary digits of inputs and of results
        self.program: Callable[[Sequence[float]], list[float]] | None = None
        """Computes the outputs from the inputs, if that is known to give the same numbers."""
        self.noise_levels = slice(None)  # at which of the spacings noise is looked for
        self.many = 0  # how many outputs there are, once they are computed
        self.leaves: list[Value] = []
        self.names: list[str] = []
        self.taken: set[str] = set()  # the names in use, as one types them
        names = argument_names(f, len(inputs))
        self.args = [self.as_values(x, name) for x, name in zip(inputs, names, strict=True)]
        if not self.leaves:
            message = (
                "gradcheck: there is no input to differentiate with respect to; write the inputs "
                "after the function, as in gradcheck(f, 0.5, [1.0, 2.0])"
            )
            raise ValueError(message)

    def called(self) -> Any:
        """Call the function; it may turn Values into floats without a warning."""
        with escaping.expected():
            return self.f(*self.args)

    def as_values(self, given: Any, name: str) -> Any:
        """Return an input with Values in place of numbers; collect those that take a gradient."""
        if isinstance(given, list | tuple):
            return [self.as_values(item, f"{name}[{i}]") for i, item in enumerate(given)]
        if isinstance(given, Constant):
            return given
        try:
            leaf = given if isinstance(given, Value) else Value(number(given))
        except OperandError as error:
            message = f"gradcheck: input {name}: {error}"
            raise TypeError(message) from None
        if not math.isfinite(leaf.data):
            message = f"gradcheck: input {name} is {leaf.data}; inputs must be finite numbers"
            raise ValueError(message)
        if leaf not in self.leaves:
            self.leaves.append(leaf)
            wanted = [*filter(None, [as_text(leaf.label)]), name]
            all_names = chain(wanted, (f"{name}[{k}]" for k in count(2)))
            self.names.append(next(n for n in all_names if canonical(n) not in self.taken))
            self.taken.add(canonical(self.names[-1]))
        return leaf

    # at the point

    @property
    def point(self) -> list[float]:
        """The inputs as floats."""
        return [float(leaf.data) for leaf in self.leaves]

    def outputs(self) -> list[Value]:
        """Compute the outputs anew, or their derivatives if the order is 2 or more."""
        found = list(as_values(self.called()))
        for _ in range(self.order - 1):
            found = [d for y in found for d in grad(y, self.leaves, differentiable=True)]
        self.many = self.many or len(found)
        return found

    def gradients(self, outputs: Sequence[Value]) -> list[list[float]]:
        """Return the derivatives of the outputs with respect to the inputs, from the engine."""
        return [[float(d) for d in grad(y, self.leaves)] for y in outputs]

    def derivatives(self) -> list[str]:
        """Return the names of the derivatives of all outputs with respect to all inputs.

        >>> Function(lambda x, y: x * y, [2.0, 3.0], order=2).derivatives()
        ['∂²f/∂x∂x', '∂²f/∂x∂y', '∂²f/∂y∂x', '∂²f/∂y∂y']
        """
        own = getattr(self.f, "__name__", getattr(self.f, "name", "f"))
        names = [as_text(y.label) or own for y in as_values(self.called())]
        names = [name if name != "<lambda>" else "f" for name in names]
        if len(set(names)) < len(names):
            names = [f"{name}[{i}]" for i, name in enumerate(names)]
        power = superscript(self.order) if self.order > 1 else ""
        return [
            f"∂{power}{name}/{''.join(f'∂{x}' for x in by)}"
            for name in names
            for by in product(self.names, repeat=self.order)
        ]

    # near the point

    @contextmanager
    def moved(self, point: Sequence[float]) -> Iterator[None]:
        """Move the inputs to a point; move them back at the end."""
        before = [leaf.data for leaf in self.leaves]
        try:
            for leaf, x in zip(self.leaves, point, strict=True):
                leaf.data = x
            yield
        finally:
            for leaf, x in zip(self.leaves, before, strict=True):
                leaf.data = x

    @contextmanager
    def held(self) -> Iterator[None]:
        """Turn computed inputs into leaves for a while; restore them at the end."""
        slots = ("data", "grad", *HISTORY)
        before = [[getattr(leaf, slot) for slot in slots] for leaf in self.leaves]
        try:
            for leaf in self.leaves:
                for slot in HISTORY:
                    setattr(leaf, slot, None)
            yield
        finally:
            for leaf, contents in zip(self.leaves, before, strict=True):
                for slot, content in zip(slots, contents, strict=True):
                    setattr(leaf, slot, content)

    def beside(self, i: int, step: float, read: Callable[[list[Value]], T]) -> T | None:
        """Apply ``read`` to the outputs with input ``i`` moved; None if undefined there."""
        point = self.point
        return self.elsewhere([*point[:i], point[i] + step, *point[i + 1 :]], read)

    def values_at(self, point: Sequence[float]) -> list[float] | None:
        """Return the outputs as floats at another point; None where there are none."""
        if self.program is None:
            return self.elsewhere(point, as_floats)
        try:
            found = self.program(point) if all(map(math.isfinite, point)) else None
        except (ArithmeticError, ValueError):
            return None
        return found

    def values_beside(self, i: int, step: float) -> list[float] | None:
        """Return the outputs as floats with input ``i`` moved."""
        point = self.point
        return self.values_at([*point[:i], point[i] + step, *point[i + 1 :]])

    def elsewhere(self, point: Sequence[float], read: Callable[[list[Value]], T]) -> T | None:
        """Apply ``read`` to the outputs at another point; None if the function is undefined there.

        The function counts as undefined where it raises any error, such as the end of a list or a
        solver that finds nothing, and where it has another number of outputs. ``read`` runs while
        the inputs are moved, since an output may be one of the inputs.
        """
        if not all(map(math.isfinite, point)):
            return None
        try:
            with self.moved(point):
                outputs = self.outputs()
                return read(outputs) if len(outputs) == self.many else None
        except Exception:  # noqa: BLE001 - it is the function of someone else
            return None


def as_floats(outputs: Sequence[Value]) -> list[float]:
    """Return the outputs as floats."""
    return [float(y) for y in outputs]


def as_values(result: Any) -> Iterator[Value]:
    """Yield the outputs of a function as Values."""
    if isinstance(result, list | tuple):
        for item in result:
            yield from as_values(item)
    elif isinstance(result, Value):
        yield result
    else:
        try:
            yield Constant(result)
        except OperandError as error:
            message = f"gradcheck: what the function returns: {error}"
            raise TypeError(message) from None


def argument_names(f: Callable[..., Any], n: int) -> list[str]:
    """Return the names that a function gives its first ``n`` arguments.

    >>> argument_names(lambda x, *more: x, 3)
    ['x', 'more[0]', 'more[1]']
    """
    try:
        arguments = inspect.signature(f).bind(*range(n)).arguments
    except (TypeError, ValueError):  # a function written in C may have no signature
        return [f"x[{i}]" for i in range(n)]
    names = []
    for name, place in arguments.items():
        many = isinstance(place, tuple)
        names += [f"{name}[{i}]" for i in range(len(place))] if many else [name]
    return names
