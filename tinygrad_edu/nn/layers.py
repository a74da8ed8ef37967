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
from tinygrad_edu.nn.network import Network, labelled, set_numbers, wrong_number
from tinygrad_edu.nn.outputs import Outputs
from tinygrad_edu.nn.settings import random_source, whole
from tinygrad_edu.operation import Operation
from tinygrad_edu.recorder import Listed, as_number, record, record_one, takes_gradient
from tinygrad_edu.table import weighted_sum
from tinygrad_edu.value import Value

__all__ = ["Layer", "Neuron"]

GOING_ON = Random(0)  # noqa: S311 - no cryptography
"""Where neurons and layers that are given no seed draw from: no two of them are the same."""


class Neuron(Network):
    """A weighted sum and its activation: a = g(z), z = w · x + b (A1, A2).

    Args:
        n_inputs: how many inputs it takes.
        activation: a name such as "tanh", or a function of one number.
        initialisation: where it starts: a name such as "xavier".
        seed: of the random weights, or a ``random.Random`` to draw them from. Left out, the
            draws go on from one neuron to the next.
        fan_out: how many neurons its inputs go to, for the initialisation.

    Attributes:
        z: the pre-activation of the last call; None before the first.
        a: the activation of the last call; z itself if the activation is the identity.

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
        seed: int | Random = GOING_ON,
        fan_out: int = 1,
    ) -> None:
        """Draw the weights."""
        self.n_inputs = whole("n_inputs", n_inputs)
        self.activation = activation_of(activation)
        start, rng = initialisation_of(initialisation), random_source(seed)
        size = gain(self.activation)
        draws = [start.weight(rng, n_inputs, fan_out, size) for _ in range(n_inputs)]
        self._w: tuple[Any, ...] = tuple(map(Value, draws))  # plain numbers in a frozen copy
        self._b: Any = Value(start.bias)
        self.rename()

    @property
    def activation(self) -> Activation:
        """The activation function; one that is assigned may be a name."""
        return self._activation

    @activation.setter
    def activation(self, given: str | Activation) -> None:
        if acts_on_layer(g := activation_of(given)):
            message = f"Neuron: {name_of(g)} is an activation of a whole layer"
            raise ValueError(message)
        self._activation = g

    @property
    def w(self) -> tuple[Value, ...]:
        """The weights. Numbers that are assigned go into the Values; Values take their place."""
        return self._w

    @w.setter
    def w(self, weights: Iterable[Any]) -> None:
        weights = tuple(weights)
        if len(weights) == self.n_inputs and all(isinstance(w, Value) for w in weights):
            self._w = tuple(map(labelled, weights, self._names))
        else:
            set_numbers("w", [self._w], [weights])

    @property
    def b(self) -> Value:
        """The bias. A number that is assigned goes into the Value; a Value takes its place."""
        return self._b  # type: ignore[no-any-return]  # Any, for frozen copies

    @b.setter
    def b(self, bias: Any) -> None:
        if isinstance(bias, Value):
            self._b = labelled(bias, self._names[-1])
        else:
            set_numbers("b", [[self._b]], [[bias]])

    def __call__(self, xs: Iterable[Any], *more: NoReturn) -> Value:
        """Return the output for a list of inputs, numbers or Values.

        Raises ValueError unless there are ``n_inputs`` of them.
        """
        return self.forward(self.inputs(xs, more))  # type: ignore[no-any-return]  # for speed

    def description(self) -> dict[str, Any]:
        """Return what a file of parameters says that they are of."""
        g = described(self.activation)
        return {"kind": type(self).__name__, "n_inputs": self.n_inputs, "activation": g}

    def rename(self, *index: int, layer: int = 0) -> None:
        """Name the parameters, z and a, given the neuron's place in a layer and in a network."""
        self._names = [name("w", *index, j, layer=layer) for j in range(1, self.n_inputs + 1)]
        self._names.append(name("b", *index, layer=layer))
        self._z_name, self._a_name = (name(symbol, *index, layer=layer) for symbol in "za")
        for label, p in self.numbered():
            p.label = label

    def numbered(self) -> Iterator[tuple[str, Any]]:
        """Yield the name and the Value of each parameter, weights, then bias."""
        yield from zip(self._names, (*self._w, self._b), strict=True)

    def forward(self, xs: list[Any]) -> Any:
        """Compute z and a for a list of inputs, which a call has made sure are numbers."""
        if len(xs) != self.n_inputs:
            raise wrong_number(self, xs)
        g, operands = self._activation, (self._w, xs, self._b)
        if varies := type(self._b) is Value:  # a call would find it out, for a price
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
            message = f"{self}: the activation returns {a!r}, which has lost its gradient: "
            message += "write it with functions of this package, not with those of math"
            raise TypeError(message)
        return self.activated(a)

    def activated(self, a: Any) -> Any:
        """Keep and name the activation, which is z itself where the function is the identity."""
        self.a = a
        if isinstance(a, Value) and not a.label:
            a.label = self._a_name
        return a

    def __getstate__(self) -> dict[str, Any]:
        """Leave the graph of the last call out of copies and pickles."""
        return {key: kept for key, kept in self.__dict__.items() if key not in ("z", "a")}

    def __repr__(self) -> str:
        """Return the shape and the activation."""
        return f"{type(self).__name__}({self.n_inputs}, {name_of(self.activation)!r})"


class Layer(Network):
    """Neurons side by side, all with the same inputs: a = g(W x + b) (A4, B1).

    Args:
        n_inputs: how many inputs each neuron takes.
        n_neurons: how many neurons there are.
        activation, initialisation, seed: as of a :class:`Neuron`; "softmax" acts on all of them.

    Attributes:
        neurons: the list of them.

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
        seed: int | Random = GOING_ON,
    ) -> None:
        """Draw the weights."""
        self.n_inputs = whole("n_inputs", n_inputs)
        g, rng = activation_of(activation), random_source(seed)
        own = identity if acts_on_layer(g) else g
        self.neurons = [
            Neuron(n_inputs, own, initialisation=initialisation, seed=rng, fan_out=n_neurons)
            for _ in range(whole("n_neurons", n_neurons))
        ]
        self.activation = g
        self.rename()

    def __call__(self, xs: Iterable[Any], *more: NoReturn) -> list[Value]:
        """Return the outputs for a list of inputs, numbers or Values.

        Raises ValueError unless there are ``n_inputs`` of them.
        """
        return self.outputs(self.forward(self.inputs(xs, more)))

    def outputs(self, values: list[Value]) -> Outputs:
        """Return outputs of the layer as a list that says what made them."""
        return Outputs(values, name_of(self._activation) if self.acts_as_one else "")

    @property
    def activation(self) -> Activation:
        """The activation function of all neurons; one that is assigned may be a name.

        Raises ValueError if a neuron has been given another.
        """
        if any(neuron.activation is not self.own_activation for neuron in self.neurons):
            message = f"{self}: the neurons have different activations; ask each for its own"
            raise ValueError(message)
        return self._activation

    @activation.setter
    def activation(self, given: str | Activation) -> None:
        g = activation_of(given)
        self.acts_as_one = acts_on_layer(g)
        if self.acts_as_one and len(self.neurons) == 1:
            message = f"Layer: {name_of(g)} of one neuron is always 1"
            raise ValueError(message)
        self._activation = g
        for neuron in self.neurons:
            neuron.activation = self.own_activation

    @property
    def own_activation(self) -> Activation:
        """What each neuron applies by itself: nothing, where the layer acts as one."""
        return identity if self.acts_as_one else self._activation

    def others(self) -> dict[int, Neuron]:
        """Return the neurons that are not like the layer says, by their places."""
        own, pairs = self.own_activation, enumerate(self.neurons)
        return {i: n for i, n in pairs if n.activation is not own or type(n) is not Neuron}

    def description(self) -> dict[str, Any]:
        """Return what a file of parameters says that they are of."""
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
        """Return the name of the activation, or a list of those of the neurons if they differ."""
        own = name_of(self._activation)
        if not self.others():
            return repr(own)
        names = [name_of(n.activation) for n in self.neurons]
        return f"{own!r} of {names}" if self.acts_as_one else str(names)

    def rename(self, layer: int = 0) -> None:
        """Name everything, given the layer's place in a network."""
        for i, neuron in enumerate(self.neurons, start=1):
            neuron.rename(i, layer=layer)

    def numbered(self) -> Iterator[tuple[str, Any]]:
        """Yield the name and the Value of each parameter, neuron by neuron."""
        for neuron in self.neurons:
            yield from neuron.numbered()

    def forward(self, xs: list[Any]) -> list[Any]:
        """Compute the activations for a list of inputs."""
        shared: Any = Listed(xs)
        outputs = [neuron.forward(shared) for neuron in self.neurons]
        if not self.acts_as_one:
            return outputs
        pairs = zip(self.neurons, self._activation(outputs), strict=True)
        return [neuron.activated(a) for neuron, a in pairs]

    @property
    def z(self) -> list[Any]:
        """The pre-activations of the last call."""
        return [neuron.z for neuron in self.neurons]

    @property
    def a(self) -> list[Any]:
        """The activations of the last call."""
        return [neuron.a for neuron in self.neurons]

    # as matrices of numbers, which are copies: assign a whole one to change it

    @property
    def W(self) -> list[list[Any]]:  # noqa: N802 - the lecture's name
        """The weights as numbers, a row for each neuron (A4). Assign such a list to set them."""
        return [[as_number(w) for w in neuron.w] for neuron in self.neurons]

    @W.setter
    def W(self, rows: Iterable[Iterable[Any]]) -> None:  # noqa: N802 - as above
        set_numbers("W", [neuron.w for neuron in self.neurons], rows)

    @property
    def b(self) -> list[Any]:
        """The biases as numbers, one for each neuron (A4). Assign such a list to set them."""
        return [as_number(neuron.b) for neuron in self.neurons]

    @b.setter
    def b(self, biases: Iterable[Any]) -> None:
        set_numbers("b", [[neuron.b for neuron in self.neurons]], [biases])

    @property
    def theta(self) -> list[list[Any]]:
        """Biases and weights in one: a row for each neuron, its bias first (B1). Can be set."""
        return [[as_number(p) for p in (neuron.b, *neuron.w)] for neuron in self.neurons]

    @theta.setter
    def theta(self, rows: Iterable[Iterable[Any]]) -> None:
        set_numbers("theta", [(neuron.b, *neuron.w) for neuron in self.neurons], rows)

    def __repr__(self) -> str:
        """Return the shape and the activation."""
        size = f"{self.n_inputs}, {len(self.neurons)}"
        return f"{type(self).__name__}({size}, {self.activation_text()})"


# --- small parts ----------------------------------------------------------------------------------
