"""What neurons, layers and networks have in common: inputs, names, parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Any

from tinygrad_edu.formulas.notation import name
from tinygrad_edu.nn.module import Module
from tinygrad_edu.nn.settings import plural
from tinygrad_edu.recorder import takes_gradient
from tinygrad_edu.support.given import quoted
from tinygrad_edu.value import Constant, Value

__all__ = ["Network", "labelled", "set_numbers", "wrong_number"]


class Network(Module):
    """What Neuron, Layer and MLP have in common: named parameters, and a list of inputs."""

    n_inputs: int

    def numbered(self) -> Iterator[tuple[str, Any]]:
        """Yield the name and the Value of each parameter, weights, then bias."""
        raise NotImplementedError

    def forward(self, xs: list[Any]) -> Any:
        """Compute the outputs for inputs that are known to be in order."""
        raise NotImplementedError

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Yield each parameter with its name in the lecture's notation (A4).

        One that is shared comes once, by its first name; constants and plain numbers are no
        parameters.
        """
        return ((label, p) for label, p in self.stored().items() if takes_gradient(p))

    def stored(self) -> dict[str, Value]:
        """Return the parameters by name, and constants that stand in the place of one."""
        names: dict[Value, str] = {}
        for label, p in self.numbered():
            if isinstance(p, Value):
                names.setdefault(p, label)
        return {label: p for p, label in names.items()}

    def parameters(self) -> list[Value]:
        """Return the parameters: layer by layer, neuron by neuron, weights, then bias."""
        return [p for _, p in self.named_parameters()]

    def inputs(self, xs: Iterable[Any], more: tuple[Any, ...] = ()) -> list[Any]:
        """Return the inputs as a list, plain numbers as constants called x₁, x₂, ...

        A frozen network, whose parameters are plain numbers, takes them as they are.
        """
        if more:
            given_as = ", ".join(map(quoted, (xs, *more)))
            message = f"{self}: expected one list of inputs, got {given_as}: write "
            message += f"mlp([{given_as}]), with brackets"
            raise TypeError(message)
        if not is_iterable(xs) or isinstance(xs, str | bytes | AbstractSet | Mapping):
            message = f"{self}: expected a list of inputs, got {quoted(xs)} ({type(xs).__name__})"
            raise TypeError(message)
        given = list(xs)
        frozen = not isinstance(next(self.numbered())[1], Value)
        nested = [x for x in given if is_list(x) and not (frozen and is_array(x))]
        hint = ": a call takes one example, so write [mlp(x) for x in examples]" if nested else ""
        if len(given) != self.n_inputs:
            if any(map(is_array, given)) and not nested:
                hint = "; a frozen network takes an array for each input, which are the rows of X.T"
            raise wrong_number(self, given, hint)
        if nested:
            what = f"{quoted(nested[0])} ({type(nested[0]).__name__})"
            message = f"{self}: expected a real number, got {what}{hint}"
            raise TypeError(message)
        if frozen:
            return [float(x) if isinstance(x, int) else x for x in given]
        try:
            return [
                x if isinstance(x, Value) else Constant(x, label)
                for x, label in zip(given, input_names(self.n_inputs), strict=True)
            ]
        except TypeError as error:
            message = f"{self}: {error}"
            raise TypeError(message) from None


def is_iterable(xs: Any) -> bool:
    """Tell whether one can go through something; not so through an array of one number."""
    return hasattr(xs, "__iter__") and getattr(xs, "ndim", 1) > 0


def is_list(x: Any) -> bool:
    """Tell whether an input is itself a list of numbers, or an array of several."""
    return isinstance(x, list | tuple) or is_array(x)


def is_array(x: Any) -> bool:
    """Tell whether an input is an array of several numbers."""
    return bool(getattr(x, "ndim", 0) > 0)


def wrong_number(network: Network, xs: Sequence[Any], hint: str = "") -> ValueError:
    """Return the error for inputs that are too few or too many."""
    needed = plural(network.n_inputs, "input")
    return ValueError(f"{network}: expected {needed}, got {len(xs)}{hint}")


@lru_cache
def input_names(n: int) -> list[str]:
    """Return what n inputs that are plain numbers are called.

    >>> input_names(2)
    ['x₁', 'x₂']
    """
    return [name("x", j) for j in range(1, n + 1)]


def labelled(x: Any, label: str) -> Any:
    """Name a Value that has no name, and return it; numbers have none."""
    if (type(x) is Value or isinstance(x, Value)) and not x.label:
        x.label = label
    return x


def set_numbers(
    what: str, parameters: Sequence[Sequence[Any]], rows: Iterable[Iterable[Any]]
) -> None:
    """Set parameters to the numbers in rows of the same shape; all of them, or none."""
    try:
        numbers = [[Value(x).data for x in row] for row in rows]
    except TypeError as error:
        message = f"{what}: {error}"
        raise TypeError(message) from None
    if not all(isinstance(p, Value) for row in parameters for p in row):
        message = f"{what}: the numbers of a frozen network stay as they are"
        raise TypeError(message)
    shapes = [[len(row) for row in matrix] for matrix in (parameters, numbers)]
    if shapes[0] != shapes[1]:
        message = f"{what}: needs rows of lengths {shapes[0]}, got {shapes[1]}"
        raise ValueError(message)
    for ps, xs in zip(parameters, numbers, strict=True):
        for p, x in zip(ps, xs, strict=True):
            p.data = x
