"""What everything with parameters has in common."""

from __future__ import annotations

import copy
import json
import math
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

from tinygrad_edu import files
from tinygrad_edu.primitive import number
from tinygrad_edu.value import Value

__all__ = ["Module"]

FORMAT, VERSION = "tinygrad_edu parameters", 1

M = TypeVar("M", bound="Module")


class Module:
    """Something with parameters: a neuron, a layer, a network, or a class of your own.

    A class of your own says in ``parameters()`` what its parameters are.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.offset = Value(2.0, "slope"), Value(1.0, "offset")
    ...     def parameters(self):
    ...         return [self.slope, self.offset]
    ...     def __call__(self, x):
    ...         return self.slope * x + self.offset
    >>> line = Line()
    >>> line(3.0), line.frozen()(3.0)
    (Value(data=7.0, grad=0.0), 7.0)
    """

    def parameters(self) -> list[Value]:
        """Return the parameters, each once."""
        message = f"{type(self).__name__}: parameters() is not defined"
        raise NotImplementedError(message)

    def named_parameters(self) -> dict[str, Value]:
        """Return the parameters by their labels, which drawings show, too.

        Raises ValueError if two have the same.
        """
        named = {p.label: p for p in self.parameters()}
        if len(named) < len(self.parameters()):
            labels = [p.label for p in self.parameters()]
            twice = sorted({label for label in labels if labels.count(label) > 1})
            message = (
                f"{type(self).__name__}: several parameters are called {', '.join(twice)}; "
                "set their labels, or rename(layer=...) a layer"
            )
            raise ValueError(message)
        return named

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0."""
        for p in self.parameters():
            p.grad = 0.0

    def frozen(self: M) -> M:  # noqa: PYI019 - Self came with Python 3.11
        """Return a copy with plain numbers for parameters: it computes numbers, records nothing.

        The same code runs on floats, or on a NumPy array for each input and all examples at once.

        >>> from tinygrad_edu import MLP
        >>> MLP(2, [3, 1], initialisation="zeros").frozen()([0.5, -1.0])
        0.0
        """
        return self.with_parameters([p.data for p in self.parameters()])

    def with_parameters(self: M, parameters: Sequence[Any]) -> M:  # noqa: PYI019 - as above
        """Return a copy with other parameters, Values or numbers, in the order of ``parameters()``.

        Raises ValueError if there are more or fewer. So gradients of a network are checked:

        >>> from tinygrad_edu import MLP, gradcheck
        >>> mlp = MLP(2, [2, 1], seed=0)
        >>> def output(parameters):
        ...     return mlp.with_parameters(parameters)([0.5, -1.0])
        >>> bool(gradcheck(output, [p.data for p in mlp.parameters()]))
        True
        """
        own = self.parameters()
        if len(own) != len(parameters):
            message = f"{type(self).__name__}: has {len(own)} parameters, got {len(parameters)}"
            raise ValueError(message)
        return copy.deepcopy(self, {id(p): x for p, x in zip(own, parameters, strict=True)})

    # to keep and to bring back

    def shape(self) -> str:
        """Return what a file of parameters says that they are of."""
        plain = type(self).__repr__ is object.__repr__
        return type(self).__name__ if plain else repr(self)

    def state_dict(self) -> dict[str, Any]:
        """Return the numbers of all parameters by name."""
        return {name: p.data for name, p in self.named_parameters().items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Set all parameters to the numbers with their names.

        Raises ValueError unless there is one for each, TypeError for what is no number; then no
        parameter has changed.
        """
        if not isinstance(state, Mapping):
            message = f"load_state_dict: expected numbers by name, got {state!r}"
            raise TypeError(message)
        named = self.named_parameters()
        missing, unknown = [*(named.keys() - state.keys())], [*(state.keys() - named.keys())]
        if missing or unknown:
            message = f"load_state_dict: missing {sorted(missing)}, unknown {sorted(unknown)}"
            raise ValueError(message)
        numbers = {name: Value(x).data for name, x in state.items()}
        for name, p in named.items():
            p.data = numbers[name]

    def save(self, path: str | Path) -> None:
        """Write the parameters to a JSON file, exactly; a file of that name is replaced.

        Raises ValueError if there are none, as in a frozen copy.
        """
        numbers = {name: as_json(x) for name, x in self.state_dict().items()}
        require(numbers, f"save: {self.shape()} has no parameters; a frozen copy has none")
        content = {
            "format": FORMAT, "version": VERSION, "model": self.shape(), "parameters": numbers
        }  # fmt: skip
        text = json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False)
        files.write(path, f"{files.escaped(text)}\n")

    def load(self, path: str | Path) -> None:
        """Set the parameters to those of a file that ``save`` wrote.

        Raises ValueError for a file that is damaged, of another kind or version, or of a network
        of another shape; then no parameter has changed.
        """
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
            require(isinstance(content, dict), "it is no JSON object")
            kind, version = content.get("format"), content.get("version")
            require(kind == FORMAT, f"its format is {kind!r}, not {FORMAT!r}")
            require(version == VERSION, f"its version is {version!r}, not {VERSION}")
            numbers = content.get("parameters")
            require(isinstance(numbers, dict), "it has no parameters")
            model = content.get("model", self.shape())
            require(model == self.shape(), f"it is of {model}, not of {self.shape()}")
            self.load_state_dict({name: from_json(x) for name, x in numbers.items()})
        except (ValueError, TypeError, ArithmeticError, RecursionError) as error:
            message = f"load: {path} is no file of these parameters: {error}"
            raise ValueError(message) from error


def require(condition: object, otherwise: str) -> None:
    """Raise ValueError unless a condition holds."""
    if not condition:
        raise ValueError(otherwise)


def as_json(x: Any) -> Any:
    """Return a number as JSON has it: what JSON has no number for as a string.

    >>> as_json(0.1), as_json(Fraction(1, 3)), as_json(math.inf)
    (0.1, '1/3', 'inf')
    """
    x = number(x)
    return str(x) if isinstance(x, Fraction) or not math.isfinite(x) else x


def from_json(x: Any) -> Any:
    """Return the number that ``as_json`` wrote; raise ValueError for anything else.

    >>> from_json(0.1), from_json("1/3"), from_json("inf")
    (0.1, Fraction(1, 3), inf)
    """
    if isinstance(x, str) and re.fullmatch(r"-?\d+(/\d+)?", x):
        return Fraction(x)
    if x in ("inf", "-inf", "nan") or (isinstance(x, int | float) and not isinstance(x, bool)):
        return float(x)
    message = f"{x!r} is no number"
    raise ValueError(message)
