"""What everything with parameters has in common."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from tinygrad_edu.habits import missing
from tinygrad_edu.nn.files import content_of, read, require
from tinygrad_edu.support import files
from tinygrad_edu.support.given import quoted
from tinygrad_edu.value import Value

__all__ = ["Module"]

HABITS = {
    "train": "a network computes the same in training and afterwards, so nothing has to be set",
    "eval": "a network computes the same in training and afterwards; frozen() returns a copy that "
    "records nothing",
    "to": "numbers are Python floats; interop.to_torch(mlp) returns the network in PyTorch",
    "cuda": "numbers are Python floats; interop.to_torch(mlp) returns the network in PyTorch",
    "modules": "the layers of a network are mlp.layers, and the neurons of a layer layer.neurons",
    "children": "the layers of a network are mlp.layers, and the neurons of a layer layer.neurons",
    "weight": "the weights of a layer are layer.W, and those of a neuron neuron.w",
    "bias": "the biases of a layer are layer.b, and that of a neuron is neuron.b",
    "requires_grad_": "neuron.b = Constant(0.0) keeps a parameter as it is",
    "item": "call the network first: mlp(inputs).data",
    "backward": "call the network first: mlp(inputs).backward()",
    "fit": "write fit(mlp, data, loss, optimiser, epochs=10), with fit from tinygrad_edu.nn",
}
"""What networks have elsewhere, and what to write here."""

MENTIONED = 3  # differences that a message names

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

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Yield each parameter with its label, which drawings show, too.

        Raises ValueError if two have the same.

        >>> from tinygrad_edu import Neuron
        >>> for name, p in Neuron(1, initialisation="lecture", seed=0).named_parameters():
        ...     print(f"{name} = {p:.4f}")
        w₁ = 0.6888
        b = 1.0000
        """
        named = {p.label: p for p in self.parameters()}
        if len(named) < len(self.parameters()):
            labels = [p.label for p in self.parameters()]
            twice = sorted({label for label in labels if labels.count(label) > 1})
            message = f"{type(self).__name__}: several parameters are called "
            message += (
                f"{', '.join(twice[:MENTIONED])}; set their labels, or rename(layer=...) a layer"
            )
            raise ValueError(message)
        return iter(named.items())

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0."""
        for p in self.parameters():
            p.grad = 0.0

    def frozen(self) -> Any:
        """Return a copy with plain numbers for parameters: it computes numbers, records nothing.

        The same code runs on floats, or on a NumPy array for each input and all examples at once.

        >>> from tinygrad_edu import MLP
        >>> MLP(2, [3, 1], initialisation="zeros").frozen()([0.5, -1.0])
        0.0
        """
        return self.with_parameters([p.data for p in self.parameters()])

    if not TYPE_CHECKING:  # for which there is no other attribute

        def __getattr__(self, name: str) -> NoReturn:
            """Say what those should write who know networks from elsewhere."""
            raise missing(self, name, HABITS)

    def with_parameters(self: M, parameters: Sequence[Any]) -> M:  # noqa: PYI019 - Self came with Python 3.11
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

    def description(self) -> dict[str, Any]:
        """Return what two modules must have in common, besides numbers, to compute the same.

        It is saved with the parameters, and compared when they are loaded. A module of modules
        has the descriptions of all of them. A class of your own may return more.

        >>> from tinygrad_edu import Layer
        >>> Layer(2, 3, "relu").description()
        {'kind': 'Layer', 'n_inputs': 2, 'neurons': 3, 'activation': 'relu'}
        """
        found: dict[str, Any] = {"kind": type(self).__name__}
        for place, part in parts_of(self):
            found |= {f"{place}.{key}": x for key, x in part.description().items()}
        return found

    def stored(self) -> dict[str, Value]:
        """Return what is saved, by name: the parameters, and what else the numbers depend on."""
        return dict(self.named_parameters())

    def state_dict(self) -> dict[str, Any]:
        """Return the numbers of all parameters by name, and those of constants in their places."""
        return {name: p.data for name, p in self.stored().items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Set all parameters to the numbers with their names.

        Raises ValueError unless there is one for each, TypeError for a value that is not a number;
        then no parameter has changed.
        """
        if not isinstance(state, Mapping):
            message = f"load_state_dict: expected numbers by name, got {quoted(state)}"
            raise TypeError(message)
        named = self.stored()
        missing = sorted(named.keys() - state.keys())
        unknown = sorted(state.keys() - named.keys(), key=str)
        if missing or unknown:
            message = f"load_state_dict: missing {quoted(missing)}, unknown {quoted(unknown)}"
            raise ValueError(message)
        numbers = {name: Value(x).data for name, x in state.items()}
        for name, p in named.items():
            p.data = numbers[name]

    def save(self, path: str | Path) -> None:
        """Write the parameters to a JSON file, exactly; a file of that name is replaced.

        Raises ValueError if there are none, as in a frozen copy.
        """
        numbers = self.state_dict()
        require(numbers, f"save: {quoted(self)} has no parameters; a frozen copy has none")
        content = content_of(self.description(), numbers)
        text = json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False)
        files.write(path, f"{files.surrogates_escaped(text)}\n")

    def load(self, path: str | Path) -> None:
        """Set the parameters to those of a file that ``save`` wrote.

        Raises ValueError for a file that is damaged, of another kind or version, or of a network
        that computes something else: one of another shape, or with another activation, for
        example. The message says what differs, and no parameter has changed.
        """
        try:
            model, numbers = read(path)
            self.require_same(model)
            self.load_state_dict(numbers)
        except (ValueError, TypeError, ArithmeticError) as error:
            message = f"load: {path} does not fit this {type(self).__name__}: {error}"
            raise ValueError(message) from error

    def require_same(self, model: dict[str, Any] | str | None) -> None:
        """Raise ValueError if a file was made of something else; say what differs."""
        here: dict[str, Any] = json.loads(json.dumps(self.description()))
        if not isinstance(model, dict):  # as version 1 has it
            plain = type(self).__repr__ is object.__repr__
            here = {"model": type(self).__name__ if plain else repr(self)}
            model = here if model is None else {"model": model}
        different = [key for key in {**model, **here} if model.get(key) != here.get(key)]
        if not different:
            return
        told = [
            f"{quoted(key)[1:-1]} is {quoted(model.get(key))} in the file, and "
            f"{quoted(here.get(key))} here"
            for key in different[:MENTIONED]
        ]
        more = [f"{len(different) - MENTIONED} more differ"] * (len(different) > MENTIONED)
        message = f"{'; '.join([*told, *more])}. Build it as it was when it was saved"
        raise ValueError(message)


def parts_of(module: Module) -> Iterator[tuple[str, Module]]:
    """Yield each module that is an attribute of another, or in a list or dict that is, by place."""
    for attribute, held in vars(module).items():
        if isinstance(held, Module):
            yield attribute, held
        elif isinstance(held, Mapping):
            places = held.items()
            yield from ((f"{attribute}[{k!r}]", x) for k, x in places if isinstance(x, Module))
        elif isinstance(held, list | tuple):
            yield from (
                (f"{attribute}[{i}]", x) for i, x in enumerate(held) if isinstance(x, Module)
            )
