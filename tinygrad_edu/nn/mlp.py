"""MLP: a network of layers; the outputs of each layer are the inputs of the next (A4, D1, E2).

>>> mlp = MLP(2, [3, 1], seed=0)
>>> y = mlp([0.5, -1.0])
>>> y.backward()
>>> print(*[name for name, _ in mlp.named_parameters()])
w₁₁⁽¹⁾ w₁₂⁽¹⁾ b₁⁽¹⁾ w₂₁⁽¹⁾ w₂₂⁽¹⁾ b₂⁽¹⁾ w₃₁⁽¹⁾ w₃₂⁽¹⁾ b₃⁽¹⁾ w₁₁⁽²⁾ w₁₂⁽²⁾ w₁₃⁽²⁾ b₁⁽²⁾
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from random import Random
from typing import Any, NoReturn

from tinygrad_edu.nn.activations import Activation, activation_of
from tinygrad_edu.nn.initialisation import Initialisation
from tinygrad_edu.nn.layers import Layer
from tinygrad_edu.nn.lists import is_iterable
from tinygrad_edu.nn.network import Network
from tinygrad_edu.nn.settings import plural, random_source, whole_number
from tinygrad_edu.table import weighted_sum
from tinygrad_edu.value import Value

__all__ = ["MLP"]


class MLP(Network):
    """A multilayer perceptron: each layer's outputs are the inputs of the next (A4, D1, E2).

    Args:
        n_inputs: the number of inputs.
        sizes: the number of neurons in each layer; the last layer gives the outputs.
        activation: the activation of the hidden layers: a name such as "tanh", or a function of
            one number; or a list with one activation for each hidden layer.
        output_activation: the activation of the last layer; :mod:`tinygrad_edu.nn.activations`
            says which one to use for which task.
        initialisation: "lecture", "uniform", "xavier", "kaiming" or "zeros", or an
            ``Initialisation``.
        seed: the seed for the random weights, or a ``random.Random`` to draw them from.

    Attributes:
        layers: the list of layers.

    >>> mlp = MLP(3, [4, 3, 1])  # the network of A4
    >>> len(mlp.parameters())
    35
    >>> mlp([0.5, 1.0])
    Traceback (most recent call last):
      ...
    ValueError: MLP(3, [4, 3, 1], 'tanh', 'identity'): expected 3 inputs, got 2
    """

    def __init__(
        self,
        n_inputs: int,
        sizes: Sequence[int],
        activation: str | Activation | Sequence[str | Activation] = "tanh",
        output_activation: str | Activation = "identity",
        *,
        initialisation: str | Initialisation = "xavier",
        seed: int | Random = 0,
    ) -> None:
        """Draw the weights."""
        if not is_iterable(sizes):
            message = f"MLP: sizes must be a list of whole numbers, not {sizes!r}"
            raise TypeError(message)
        self.n_inputs, *outs = widths = [whole_number("n_inputs", n_inputs), *sizes]
        if not outs:
            message = "MLP: needs at least one layer; write its size, as in MLP(2, [1])"
            raise ValueError(message)
        hidden = activations_of(activation, len(outs) - 1)
        activations = [*hidden, activation_of(output_activation)]
        rng = random_source(seed)
        self.layers = [
            Layer(n_in, n_out, g, initialisation=initialisation, seed=rng)
            for n_in, n_out, g in zip(widths, outs, activations, strict=False)
        ]
        for place, layer in enumerate(self.layers, start=1):
            layer.rename(layer=place)

    def numbered(self) -> Iterator[tuple[str, Any]]:
        """Yield the name and the Value of each parameter, layer by layer."""
        for layer in self.layers:
            yield from layer.numbered()

    def __call__(self, xs: Iterable[Any], *more: NoReturn) -> Value | list[Value]:
        """Return the outputs for a list of inputs: a list, or a single Value if there is only one.

        The inputs are numbers or Values. Raises ValueError unless there are ``n_inputs`` of them.
        """
        outputs = self.forward(xs, *more)
        return outputs[0] if len(outputs) == 1 else outputs

    def forward(self, xs: Iterable[Any], *more: NoReturn) -> list[Value]:
        """Return the outputs like a call, but always as a list."""
        values = self.inputs(xs, more)
        for layer in self.layers:
            values = layer.forward(values)
        return layer.outputs(values)

    def clusters(self, by: str = "neuron") -> dict[str, list[Value]]:
        """Return the nodes of each neuron in the last call, for ``draw`` to frame or fold them.

        The nodes of a softmax belong to no single neuron, only to their layer.

        Args:
            by: "neuron" or "layer": what gets a frame of its own.

        Raises ValueError for any other word.

        >>> from tinygrad_edu import draw
        >>> mlp = MLP(1, [1, 1])
        >>> picture = draw(mlp([0.5]), clusters=mlp.clusters())
        >>> list(mlp.clusters())
        ['layer 1, neuron 1', 'layer 2, neuron 1']
        >>> large = MLP(3, [20, 20, 1])
        >>> picture = draw(large([0.5, 1.0, 2.0]), clusters=large.clusters(by="layer"), fold=True)
        """
        if by not in ("neuron", "layer"):
            message = f"MLP.clusters: by must be 'neuron' or 'layer', not {by!r}"
            raise ValueError(message)
        found: dict[str, dict[Value, None]] = {}
        for place, layer in enumerate(self.layers, start=1):
            for i, neuron in enumerate(layer.neurons, start=1):
                title = f"layer {place}" if by == "layer" else f"layer {place}, neuron {i}"
                own = found.setdefault(title, {})
                given = (*neuron.w, neuron.b, neuron.z)
                own.update((node, None) for node in given if isinstance(node, Value))
                back: list[Any] = [neuron.z if layer.acts_as_one and by == "neuron" else neuron.a]
                for node in back:  # from the activation back to z, with all nodes in between
                    if isinstance(node, Value) and node not in own:
                        own[node] = None
                        back += () if node.op is weighted_sum else node.args
        return {title: list(own) for title, own in found.items()}

    def __repr__(self) -> str:
        """Return the numbers of inputs and neurons, and the activations."""
        sizes = [len(layer.neurons) for layer in self.layers]
        *hidden, output = [layer.activation_text() for layer in self.layers]
        same = len(set(hidden)) == 1 and not hidden[0].startswith("[")
        inner = hidden[0] if same else f"[{', '.join(hidden)}]" if hidden else output
        return f"{type(self).__name__}({self.n_inputs}, {sizes}, {inner}, {output})"


def activations_of(given: Any, n: int) -> list[Activation]:
    """Return the activations of n hidden layers, given one activation for all, or a list.

    >>> activations_of("tanh", 2)
    [<operation tanh>, <operation tanh>]
    """
    if not isinstance(given, list | tuple):
        return [activation_of(given)] * n
    if len(given) != n:
        message = f"MLP: {len(given)} activations for {plural(n, 'hidden layer')}"
        raise ValueError(message)
    return list(map(activation_of, given))
