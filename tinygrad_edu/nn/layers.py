"""Neuron and Layer: weighted sums and their activations (A1-A3, B1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random
from typing import Any, NoReturn

from tinygrad_edu.formulas.notation import name
from tinygrad_edu.nn.activations import (
    Activation,
    activation_of,
    acts_on_layer,
    described,
    identity,
    name_of,
)
from tinygrad_edu.nn.initialisation import Initialisation, gain, initialisation_of
from tinygrad_edu.nn.network import Network, label_if_unnamed, set_numbers, wrong_number
from tinygrad_edu.nn.outputs import Outputs
from tinygrad_edu.nn.settings import random_source, whole_number
from tinygrad_edu.operation import Operation
from tinygrad_edu.recorder import Listed, as_number, record, record_one, takes_gradient
from tinygrad_edu.table import weighted_sum
from tinygrad_edu.value import Value

__all__ = ["Layer", "Neuron"]

SHARED_SOURCE = Random(0)  # noqa: S311 - no cryptography
"""The source of randomness of all neurons and layers without a seed: each gets other weights."""


class Neuron(Network):
    """A weighted sum and its activation: a = g(z), z = w · x + b (A1, A2).

    Args:
        n_inputs: the number of inputs.
        activation: a name such as "tanh", or a function of one number.
        initialisation: a name such as "xavier", or an ``Initialisation``.
        seed: the seed for the random weights, or a ``random.Random`` to draw them from. Without a
            seed, every neuron gets other weights.
        fan_out: how many neurons share its inputs; some initialisations need it.

    Attributes:
        z: the pre-activation of the last call; None before the first.
        a: the activation of the last call; it is z itself if the function is the identity.

    >>> both = Neuron(2, activation="step")
    >>> both.w, both.b = [1, 1], -1.5
    >>> [both([x, y]).data for x in (0, 1) for y in (0, 1)]
    [0.0, 0.0, 0.0, 1.0]
    """

    z: Any = None
    a: Any = None

    def __init__(
        self,
        n_inputs: int,
        activation: str | Activation = "tanh",
        *,
        initialisation: str | Initialisation = "xavier",
        seed: int | Random = SHARED_SOURCE,
        fan_out: int = 1,
    ) -> None:
        """Draw the weights."""
        self.n_inputs = whole_number("n_inputs", n_inputs)
        self.activation = activation_of(activation)
        start, rng = initialisation_of(initialisation), random_source(seed)
        size = gain(self.activation)
        draws = [start.weight(rng, n_inputs, fan_out, size) for _ in range(n_inputs)]
        self._w: tuple[Any, ...] = tuple(map(Value, draws))  # a frozen copy has plain numbers
        self._b: Any = Value(start.bias)
        self.rename()

    @property
    def activation(self) -> Activation:
        """The activation function. You can assign a function or a name."""
        return self._activation

    @activation.setter
    def activation(self, given: str | Activation) -> None:
        if acts_on_layer(g := activation_of(given)):
            message = f"Neuron: {name_of(g)} is an activation of a whole layer; use a Layer"
            raise ValueError(message)
        self._activation = g

    @property
    def w(self) -> tuple[Value, ...]:
        """The weights, as Values.

        If you assign numbers, the Values stay and get new data. If you assign Values, they replace
        the old ones.
        """
        return self._w

    @w.setter
    def w(self, weights: Iterable[Any]) -> None:
        weights = tuple(weights)
        if len(weights) == self.n_inputs and all(isinstance(w, Value) for w in weights):
            self._w = tuple(map(label_if_unnamed, weights, self._names))
        else:
            set_numbers("w", [self._w], [weights])

    @property
    def b(self) -> Value:
        """The bias, as a Value.

        If you assign a number, the Value stays and gets new data. If you assign a Value, it
        replaces the old one.
        """
        return self._b  # type: ignore[no-any-return]  # Any, because of frozen copies

    @b.setter
    def b(self, bias: Any) -> None:
        if isinstance(bias, Value):
            self._b = label_if_unnamed(bias, self._names[-1])
        else:
            set_numbers("b", [[self._b]], [[bias]])

    def __call__(self, xs: Iterable[Any], *more: NoReturn) -> Value:
        """Return the output for a list of inputs, which are numbers or Values.

        Raises ValueError unless there are ``n_inputs`` of them.
        """
        return self.forward(self.inputs(xs, more))  # type: ignore[no-any-return]  # for speed

    def description(self) -> dict[str, Any]:
        """Return the description of the neuron that is saved with its parameters."""
        g = described(self.activation)
        return {"kind": type(self).__name__, "n_inputs": self.n_inputs, "activation": g}

    def rename(self, *index: int, layer: int = 0) -> None:
        """Name the parameters, z and a.

        Args:
            index: the place of the neuron in its layer, counted from 1; none for a single neuron.
            layer: the place of the layer in its network, counted from 1; 0 without a network.
        """
        self._names = [name("w", *index, j, layer=layer) for j in range(1, self.n_inputs + 1)]
        self._names.append(name("b", *index, layer=layer))
        self._z_name, self._a_name = (name(symbol, *index, layer=layer) for symbol in "za")
        for label, p in self.numbered():
            p.label = label

    def numbered(self) -> Iterator[tuple[str, Any]]:
        """Yield the name and the Value of each parameter, first the weights, then the bias."""
        yield from zip(self._names, (*self._w, self._b), strict=True)

    def forward(self, xs: list[Any]) -> Any:
        """Compute z and a for a list of inputs, which ``inputs`` has already checked."""
        if len(xs) != self.n_inputs:
            raise wrong_number(self, xs)
        g, operands = self._activation, (self._w, xs, self._b)
        if varies := type(self._b) is Value:  # recording directly saves time
            z = record(weighted_sum, operands)
        else:
            z = weighted_sum(*operands)
        self.z = z
        if isinstance(z, Value):
            z.label = self._z_name
        try:
            a = record_one(g, z) if varies and type(g) is Operation and g.arity == 1 else g(z)
        except AttributeError:
            if isinstance(z, Value):
                raise
            message = f"{self}: for plain numbers write tanh(z), not z.tanh()"
            raise TypeError(message) from None
        if type(a) is not Value and takes_gradient(z) and not takes_gradient(a):
            message = f"{self}: the activation returns {a!r}, which has no gradient: "
            message += "use functions of tinygrad_edu in it, not those of math or numpy"
            raise TypeError(message)
        return self.activated(a)

    def activated(self, a: Any) -> Any:
        """Keep the activation, and name it unless it is a Value that already has a name."""
        self.a = a
        if isinstance(a, Value) and not a.label:
            a.label = self._a_name
        return a

    def __getstate__(self) -> dict[str, Any]:
        """Leave the graph of the last call out of copies and pickles."""
        return {key: kept for key, kept in self.__dict__.items() if key not in ("z", "a")}

    def __repr__(self) -> str:
        """Return the number of inputs and the activation."""
        return f"{type(self).__name__}({self.n_inputs}, {name_of(self.activation)!r})"


class Layer(Network):
    """Neurons that share their inputs: a = g(W x + b) (A4, B1).

    Args:
        n_inputs: the number of inputs of each neuron.
        n_neurons: the number of neurons.
        activation, initialisation, seed: as for a :class:`Neuron`; the activation may also be
            "softmax", which acts on all neurons together.

    Attributes:
        neurons: the list of neurons.

    >>> layer = Layer(2, 1, "sigmoid")
    >>> layer.W, layer.b = [[0.15, 0.20]], [0.35]
    >>> layer.theta  # with the bias as column 0 (B1)
    [[0.35, 0.15, 0.2]]
    >>> [a] = layer([0.05, 0.10])
    >>> print(f"{layer.z[0]:.4f} {a:.4f}")
    0.3775 0.5933
    """

    def __init__(
        self,
        n_inputs: int,
        n_neurons: int,
        activation: str | Activation = "tanh",
        *,
        initialisation: str | Initialisation = "xavier",
        seed: int | Random = SHARED_SOURCE,
    ) -> None:
        """Draw the weights."""
        self.n_inputs = whole_number("n_inputs", n_inputs)
        g, rng = activation_of(activation), random_source(seed)
        own = identity if acts_on_layer(g) else g
        self.neurons = [
            Neuron(n_inputs, own, initialisation=initialisation, seed=rng, fan_out=n_neurons)
            for _ in range(whole_number("n_neurons", n_neurons))
        ]
        self.activation = g
        self.rename()

    def __call__(self, xs: Iterable[Any], *more: NoReturn) -> list[Value]:
        """Return the outputs for a list of inputs, which are numbers or Values.

        Raises ValueError unless there are ``n_inputs`` of them.
        """
        return self.outputs(self.forward(self.inputs(xs, more)))

    def outputs(self, values: list[Value]) -> Outputs:
        """Return the outputs as a list that remembers whether softmax computed it."""
        return Outputs(values, name_of(self._activation) if self.acts_as_one else "")

    @property
    def activation(self) -> Activation:
        """The activation function of all neurons. You can assign a function or a name.

        Raises ValueError if the neurons have different activations.
        """
        if any(neuron.activation is not self.own_activation for neuron in self.neurons):
            message = f"{self}: the neurons have different activations; read that of each neuron"
            raise ValueError(message)
        return self._activation

    @activation.setter
    def activation(self, given: str | Activation) -> None:
        g = activation_of(given)
        self.acts_as_one = acts_on_layer(g)
        if self.acts_as_one and len(self.neurons) == 1:
            message = f"Layer: {name_of(g)} of one neuron is always 1; use two neurons, or sigmoid"
            raise ValueError(message)
        self._activation = g
        for neuron in self.neurons:
            neuron.activation = self.own_activation

    @property
    def own_activation(self) -> Activation:
        """The activation of each single neuron: the identity if softmax acts on the whole layer."""
        return identity if self.acts_as_one else self._activation

    def others(self) -> dict[int, Neuron]:
        """Return the neurons whose activation or class differs from the others, by place."""
        own, numbered = self.own_activation, enumerate(self.neurons)
        return {i: n for i, n in numbered if n.activation is not own or type(n) is not Neuron}

    def description(self) -> dict[str, Any]:
        """Return the description of the layer that is saved with its parameters."""
        found = {
            "kind": type(self).__name__,
            "n_inputs": self.n_inputs,
            "neurons": len(self.neurons),
            "activation": described(self._activation),
        }
        for i, neuron in self.others().items():
            of_neuron = neuron.description()
            found[f"neurons[{i}].kind"] = of_neuron["kind"]
            found[f"neurons[{i}].activation"] = of_neuron["activation"]
        return found

    def activation_text(self) -> str:
        """Return the name of the activation, or a list of names if the neurons have several."""
        own = name_of(self._activation)
        if not self.others():
            return repr(own)
        names = [name_of(n.activation) for n in self.neurons]
        return f"{own!r} of {names}" if self.acts_as_one else str(names)

    def rename(self, layer: int = 0) -> None:
        """Name everything, given the layer's place in a network, counted from 1."""
        for i, neuron in enumerate(self.neurons, start=1):
            neuron.rename(i, layer=layer)

    def numbered(self) -> Iterator[tuple[str, Any]]:
        """Yield the name and the Value of each parameter, neuron by neuron."""
        for neuron in self.neurons:
            yield from neuron.numbered()

    def forward(self, xs: list[Any]) -> list[Any]:
        """Compute the activations for a list of inputs, which ``inputs`` has already checked."""
        shared: Any = Listed(xs)
        outputs = [neuron.forward(shared) for neuron in self.neurons]
        if not self.acts_as_one:
            return outputs
        activations = zip(self.neurons, self._activation(outputs), strict=True)
        return [neuron.activated(a) for neuron, a in activations]

    @property
    def z(self) -> list[Any]:
        """The pre-activations of the last call, one for each neuron."""
        return [neuron.z for neuron in self.neurons]

    @property
    def a(self) -> list[Any]:
        """The activations of the last call, one for each neuron."""
        return [neuron.a for neuron in self.neurons]

    # The parameters as matrices of numbers. These are copies: assign a whole matrix to change them.

    @property
    def W(self) -> list[list[Any]]:  # noqa: N802 - the lecture's name
        """The weights as numbers, a row for each neuron (A4). You can assign such a list."""
        return [[as_number(w) for w in neuron.w] for neuron in self.neurons]

    @W.setter
    def W(self, rows: Iterable[Iterable[Any]]) -> None:  # noqa: N802 - as above
        set_numbers("W", [neuron.w for neuron in self.neurons], rows)

    @property
    def b(self) -> list[Any]:
        """The biases as numbers, one for each neuron (A4). You can assign such a list."""
        return [as_number(neuron.b) for neuron in self.neurons]

    @b.setter
    def b(self, biases: Iterable[Any]) -> None:
        set_numbers("b", [[neuron.b for neuron in self.neurons]], [biases])

    @property
    def theta(self) -> list[list[Any]]:
        """Biases and weights in one matrix: a row for each neuron, which begins with its bias (B1).

        You can assign such a list.
        """
        return [[as_number(p) for p in (neuron.b, *neuron.w)] for neuron in self.neurons]

    @theta.setter
    def theta(self, rows: Iterable[Iterable[Any]]) -> None:
        set_numbers("theta", [(neuron.b, *neuron.w) for neuron in self.neurons], rows)

    def __repr__(self) -> str:
        """Return the numbers of inputs and neurons, and the activation."""
        size = f"{self.n_inputs}, {len(self.neurons)}"
        return f"{type(self).__name__}({size}, {self.activation_text()})"
