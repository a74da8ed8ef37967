"""Module: the base class of everything that has parameters."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from tinygrad_edu.habits import missing
from tinygrad_edu.nn.files import content_of, read_parameters, require_that
from tinygrad_edu.support import files
from tinygrad_edu.support.given import quoted
from tinygrad_edu.value import Value

__all__ = ["Module"]

HABITS = {
    "train": "a network computes the same in training and afterwards, so nothing has to be set",
    "eval": "a network computes the same in training and afterwards; frozen() returns a copy that "
    "computes without recording",
    "to": "numbers are Python floats; interop.to_torch(mlp) returns the network in PyTorch",
    "cuda": "numbers are Python floats; interop.to_torch(mlp) returns the network in PyTorch",
    "modules": "the layers of a network are mlp.layers; the neurons of a layer are layer.neurons",
    "children": "the layers of a network are mlp.layers; the neurons of a layer are layer.neurons",
    "weight": "the weights of a layer are layer.W; the weights of a neuron are neuron.w",
    "bias": "the biases of a layer are layer.b; the bias of a neuron is neuron.b",
    "requires_grad_": "a Constant in place of a parameter stays fixed: neuron.b = Constant(0.0)",
    "item": "call the network first: mlp(inputs).data",
    "backward": "call the network first: mlp(inputs).backward()",
    "fit": "write fit(mlp, data, loss, optimiser, epochs=10), with fit from tinygrad_edu.nn",
}
"""Attributes of networks in other packages, and what to write here instead."""

MENTIONED = 3  # how many differences a message names

M = TypeVar("M", bound="Module")


class Module:
    """Something with parameters: a neuron, a layer, a network, or a class of your own.

    A class of your own must define ``parameters()``.

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
        """Return the list of the parameters, each once."""
        message = f"{type(self).__name__}: parameters() is not defined; return a list of Values"
        raise NotImplementedError(message)

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Yield each parameter with its label, which drawings also show.

        Raises ValueError if two parameters have the same label.

        >>> from tinygrad_edu import Neuron
        >>> for name, p in Neuron(1, initialisation="lecture", seed=0).named_parameters():
        ...     print(f"{name} = {p:.4f}")
        w₁ = 0.6888
        b = 1.0000
        """
        by_label = {p.label: p for p in self.parameters()}
        if len(by_label) < len(self.parameters()):
            labels = [p.label for p in self.parameters()]
            twice = sorted({label for label in labels if labels.count(label) > 1})
            message = f"{type(self).__name__}: several parameters are called "
            message += f"{', '.join(twice[:MENTIONED])}; give each its own label, or write "
            message += "layer.rename(layer=1) for a layer"
            raise ValueError(message)
        return iter(by_label.items())

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0."""
        for p in self.parameters():
            p.grad = 0.0

    def frozen(self) -> Any:
        """Return a copy whose parameters are plain numbers, which computes without recording.

        Its inputs may be floats, or NumPy arrays with the values of each input for all examples.

        >>> from tinygrad_edu import MLP
        >>> MLP(2, [3, 1], initialisation="zeros").frozen()([0.5, -1.0])
        0.0
        """
        return self.with_parameters([p.data for p in self.parameters()])

    if not TYPE_CHECKING:  # a type checker should report unknown attributes

        def __getattr__(self, name: str) -> NoReturn:
            """Raise AttributeError; say what to write instead of a name from another package."""
            raise missing(self, name, HABITS)

    def with_parameters(self: M, parameters: Sequence[Any]) -> M:  # noqa: PYI019 - Self came with Python 3.11
        """Return a copy with other parameters, Values or numbers, in the order of ``parameters()``.

        Raises ValueError if there are more or fewer. Use it to check the gradients of a network:

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

    # Saving and loading

    def description(self) -> dict[str, Any]:
        """Return everything, except for the parameters, that the results of the module depend on.

        It is saved with the parameters, and compared when they are loaded. If the module has parts
        that are modules, it contains their descriptions. A class of your own may add more.

        >>> from tinygrad_edu import Layer
        >>> Layer(2, 3, "relu").description()
        {'kind': 'Layer', 'n_inputs': 2, 'neurons': 3, 'activation': 'relu'}
        """
        found: dict[str, Any] = {"kind": type(self).__name__}
        for place, part in parts_of(self):
            found |= {f"{place}.{key}": x for key, x in part.description().items()}
        return found

    def stored(self) -> dict[str, Value]:
        """Return the Values that are saved, by name: parameters, and constants in their place."""
        return dict(self.named_parameters())

    def state_dict(self) -> dict[str, Any]:
        """Return the numbers of all parameters, and of constants in their place, by name."""
        return {name: p.data for name, p in self.stored().items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Set all parameters to the numbers with the same names.

        Raises ValueError unless there is exactly one number for each parameter, and TypeError for a
        value that is not a number. After an error no parameter has changed.
        """
        if not isinstance(state, Mapping):
            message = f"load_state_dict: expected a dict of numbers by name, got {quoted(state)}"
            raise TypeError(message)
        own = self.stored()
        absent = sorted(own.keys() - state.keys())
        unknown = sorted(state.keys() - own.keys(), key=str)
        if absent or unknown:
            message = "load_state_dict: the names differ from those of the parameters: missing "
            message += f"{quoted(absent)}, unknown {quoted(unknown)}"
            raise ValueError(message)
        numbers = {name: Value(x).data for name, x in state.items()}
        for name, p in own.items():
            p.data = numbers[name]

    def save(self, path: str | Path) -> None:
        """Write the parameters to a JSON file, to the last digit. An existing file is replaced.

        Raises ValueError if there are no parameters, as in a frozen copy.
        """
        numbers = self.state_dict()
        require_that(numbers, f"save: {quoted(self)} has no parameters; a frozen copy has none")
        content = content_of(self.description(), numbers)
        text = json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False)
        files.write(path, f"{files.surrogates_escaped(text)}\n")

    def load(self, path: str | Path) -> None:
        """Set the parameters to those in a file that ``save`` wrote.

        Raises ValueError if the file is damaged, has another format or version, or comes from a
        network that computes something else, for example with another shape or activation. The
        message says what differs, and no parameter has changed.
        """
        try:
            model, numbers = read_parameters(path)
            self.require_same(model)
            self.load_state_dict(numbers)
        except (ValueError, TypeError, ArithmeticError) as error:
            message = f"load: {path} does not fit this {type(self).__name__}: {error}"
            raise ValueError(message) from error

    def require_same(self, model: dict[str, Any] | str | None) -> None:
        """Raise ValueError if a file describes another model; say what differs."""
        here: dict[str, Any] = json.loads(json.dumps(self.description()))
        if not isinstance(model, dict):  # a file of version 1
            has_own_repr = type(self).__repr__ is not object.__repr__
            here = {"model": repr(self) if has_own_repr else type(self).__name__}
            model = here if model is None else {"model": model}
        different = [key for key in {**model, **here} if model.get(key) != here.get(key)]
        if not different:
            return
        named = [
            f"{quoted(key)[1:-1]} is {quoted(model.get(key))} in the file, and "
            f"{quoted(here.get(key))} here"
            for key in different[:MENTIONED]
        ]
        more = [f"{len(different) - MENTIONED} more differ"] * (len(different) > MENTIONED)
        message = f"{'; '.join([*named, *more])}. Build the network as it was when it was saved"
        raise ValueError(message)


def parts_of(module: Module) -> Iterator[tuple[str, Module]]:
    """Yield each module inside another module, with its place.

    Such a module is an attribute, or an item of a list or dict that is an attribute.
    """
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
