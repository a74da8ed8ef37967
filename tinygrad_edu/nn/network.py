"""Network: the base class of neurons, layers and MLPs: inputs, names, parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from tinygrad_edu.formulas.notation import name
from tinygrad_edu.nn.lists import is_array, is_iterable, is_list
from tinygrad_edu.nn.module import Module
from tinygrad_edu.nn.settings import plural
from tinygrad_edu.recorder import takes_gradient
from tinygrad_edu.support.given import quoted
from tinygrad_edu.value import Constant, Value

__all__ = ["Network", "label_if_unnamed", "set_numbers", "wrong_number"]


class Network(Module):
    """The base class of Neuron, Layer and MLP: named parameters, and a list of inputs."""

    n_inputs: int

    def numbered(self) -> Iterator[tuple[str, Any]]:
        """Yield the name and the Value of each parameter, first the weights, then the bias."""
        raise NotImplementedError

    def forward(self, xs: list[Any]) -> Any:
        """Compute the outputs for inputs that have already been checked."""
        raise NotImplementedError

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Yield each parameter with its name in the lecture's notation (A4).

        A parameter that is shared comes only once, with its first name. Constants and plain numbers
        are not parameters.
        """
        return ((label, p) for label, p in self.stored().items() if takes_gradient(p))

    def stored(self) -> dict[str, Value]:
        """Return the parameters, and constants in their place, by name."""
        names: dict[Value, str] = {}
        for label, p in self.numbered():
            if isinstance(p, Value):
                names.setdefault(p, label)
        return {label: p for p, label in names.items()}

    def parameters(self) -> list[Value]:
        """Return the parameters neuron by neuron, first the weights of each, then its bias."""
        return [p for _, p in self.named_parameters()]

    def inputs(self, xs: Iterable[Any], more: tuple[Any, ...] = ()) -> list[Any]:
        """Return the inputs as a list, in which plain numbers become constants called x₁, x₂, ...

        In a frozen network, whose parameters are plain numbers, numbers stay numbers.
        """
        if more:
            given_as = ", ".join(map(quoted, (xs, *more)))
            message = f"{self}: expected one list of inputs, got {given_as}: write "
            message += f"mlp([{given_as}]), with brackets"
            raise TypeError(message)
        if not is_iterable(xs):
            message = f"{self}: expected a list of inputs, got {quoted(xs)} ({type(xs).__name__})"
            raise TypeError(message)
        given = list(xs)
        frozen = not isinstance(next(self.numbered())[1], Value)
        nested = [x for x in given if is_list(x) and not (frozen and is_array(x))]
        hint = ": a call takes one example, so write [mlp(x) for x in examples]" if nested else ""
        if len(given) != self.n_inputs:
            if any(map(is_array, given)) and not nested:
                hint = "; a frozen network takes one array per input: write mlp(X.T)"
            raise wrong_number(self, given, hint)
        if nested:
            given_as = f"{quoted(nested[0])} ({type(nested[0]).__name__})"
            message = f"{self}: expected a real number, got {given_as}{hint}"
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


def wrong_number(network: Network, xs: Sequence[Any], hint: str = "") -> ValueError:
    """Return the error for too few or too many inputs."""
    needed = plural(network.n_inputs, "input")
    return ValueError(f"{network}: expected {needed}, got {len(xs)}{hint}")


@lru_cache
def input_names(n: int) -> list[str]:
    """Return the names of n inputs that are plain numbers.

    >>> input_names(2)
    ['x₁', 'x₂']
    """
    return [name("x", j) for j in range(1, n + 1)]


def label_if_unnamed(x: Any, label: str) -> Any:
    """Return ``x``; if it is a Value without a label, give it one."""
    if (type(x) is Value or isinstance(x, Value)) and not x.label:
        x.label = label
    return x


def set_numbers(
    what: str, parameters: Sequence[Sequence[Any]], rows: Iterable[Iterable[Any]]
) -> None:
    """Set parameters to the numbers in rows of the same shape.

    Args:
        what: the name of the parameters, for error messages.
        parameters: rows of Values.
        rows: rows of numbers.

    Raises TypeError or ValueError if the numbers do not fit; then no parameter has changed.
    """
    try:
        numbers = [[Value(x).data for x in row] for row in rows]
    except TypeError as error:
        message = f"{what}: {error}"
        raise TypeError(message) from None
    if not all(isinstance(p, Value) for row in parameters for p in row):
        message = f"{what}: a frozen network cannot be changed; set the parameters of the network, "
        message += "and then freeze it"
        raise TypeError(message)
    shapes = [[len(row) for row in matrix] for matrix in (parameters, numbers)]
    if shapes[0] != shapes[1]:
        message = f"{what}: needs rows of lengths {shapes[0]}, got lengths {shapes[1]}"
        raise ValueError(message)
    for ps, xs in zip(parameters, numbers, strict=True):
        for p, x in zip(ps, xs, strict=True):
            p.data = x
