"""Neuron, Layer and MLP: weighted sums and their activations (A1-A4, B1, D1, E2).

>>> mlp = MLP(2, [3, 1], seed=0)
>>> y = mlp([0.5, -1.0])
>>> y.backward()
>>> print(*[p.label for p in mlp.parameters()])
w₁₁⁽¹⁾ w₁₂⁽¹⁾ b₁⁽¹⁾ w₂₁⁽¹⁾ w₂₂⁽¹⁾ b₂⁽¹⁾ w₃₁⁽¹⁾ w₃₂⁽¹⁾ b₃⁽¹⁾ w₁₁⁽²⁾ w₁₂⁽²⁾ w₁₃⁽²⁾ b₁⁽²⁾
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from random import Random
from typing import Any

from tinygrad_edu.nn.activations import Activation, activation_of, identity, is_of_a_layer, name_of
from tinygrad_edu.nn.initialisation import Initialisation, gain, initialisation_of
from tinygrad_edu.nn.module import Module
from tinygrad_edu.nn.naming import name
from tinygrad_edu.primitives import weighted_sum
from tinygrad_edu.value import Constant, Value, as_number

__all__ = ["MLP", "Layer", "Neuron"]


class Neuron(Module):
    """A weighted sum and its activation: a = g(z), z = w · x + b (A1, A2).

    Args:
        n_inputs: how many inputs it takes.
        activation: a name such as "tanh", or a function of one number.
        initialisation: where it starts: a name such as "xavier".
        seed: of the random weights, or a ``random.Random`` to draw them from.
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
        seed: int | Random = 0,
        fan_out: int = 1,
    ) -> None:
        """Draw the weights."""
        self.n_inputs = counted("n_inputs", n_inputs)
        self.activation = activation_of(activation)
        if is_of_a_layer(self.activation):
            message = f"Neuron: {name_of(self.activation)} is an activation of a whole layer"
            raise ValueError(message)
        start = initialisation_of(initialisation)
        rng, strength = source_of(seed), gain(self.activation)
        draws = [start.weight(rng, n_inputs, fan_out, strength) for _ in range(n_inputs)]
        self._w: list[Any] = [Value(x) for x in draws]  # plain numbers in a frozen copy
        self._b: Any = Value(start.bias)
        self.rename()

    @property
    def w(self) -> list[Value]:
        """The weights, a list of Values. Numbers that are assigned go into them."""
        return self._w

    @w.setter
    def w(self, weights: Iterable[Any]) -> None:
        weights = list(weights)
        if len(weights) == self.n_inputs and all(isinstance(w, Value) for w in weights):
            self._w = weights
        else:
            assign("w", [self._w], [weights])

    @property
    def b(self) -> Value:
        """The bias, a Value. A number that is assigned goes into it."""
        return self._b  # type: ignore[no-any-return]

    @b.setter
    def b(self, bias: Any) -> None:
        if isinstance(bias, Value):
            self._b = bias
        else:
            assign("b", [[self._b]], [[bias]])

    def rename(self, *index: int, layer: int = 0) -> None:
        """Name the parameters, z and a, given the neuron's place in a layer and in a network."""
        for j, w in enumerate(self.w, start=1):
            w.label = name("w", *index, j, layer=layer)
        self.b.label = name("b", *index, layer=layer)
        self._z_name, self._a_name = (name(symbol, *index, layer=layer) for symbol in "za")

    def parameters(self) -> list[Value]:
        """Return the weights, then the bias; plain numbers are no parameters."""
        return unique([*self._w, self._b])

    def __call__(self, xs: Iterable[Any]) -> Any:
        """Return the activation for a list of inputs, numbers or Values.

        Raises ValueError unless there are ``n_inputs`` of them.
        """
        return self.forward(inputs_of(self, xs, self.b))

    def forward(self, xs: Sequence[Any]) -> Any:
        """Compute z and a for inputs that are known to be in order."""
        self.z = labelled(weighted_sum(self.w, xs, self.b), self._z_name)
        return self.activated(self.activation(self.z))

    def activated(self, a: Any) -> Any:
        """Keep and name the activation, which is z itself where the function is the identity."""
        self.a = labelled(a, self._a_name)
        return a

    def __getstate__(self) -> dict[str, Any]:
        """Leave the graph of the last call out of copies and pickles."""
        return {key: kept for key, kept in self.__dict__.items() if key not in ("z", "a")}

    def __repr__(self) -> str:
        """Return the shape and the activation."""
        return f"Neuron({self.n_inputs}, {name_of(self.activation)!r})"


class Layer(Module):
    """Neurons side by side, all with the same inputs: a = g(W x + b) (A4, B1).

    Args:
        n_inputs: how many inputs each neuron takes.
        n_neurons: how many neurons there are.
        activation, initialisation, seed: as of a :class:`Neuron`; "softmax" acts on all of them.

    Attributes:
        neurons: the list of them.
        activation: their activation, a function.

    >>> layer = Layer(2, 1, "sigmoid")
    >>> layer.W, layer.b = [[0.15, 0.20]], [0.35]
    >>> layer.theta  # with the bias as column 0 (B1)
    [[0.35, 0.15, 0.2]]
    >>> [a] = layer([0.05, 0.10])
    >>> print(f"{layer.neurons[0].z:.4f} {a:.4f}")
    0.3775 0.5933
    """

    def __init__(
        self,
        n_inputs: int,
        n_neurons: int,
        activation: str | Activation = "tanh",
        *,
        initialisation: str | Initialisation = "xavier",
        seed: int | Random = 0,
    ) -> None:
        """Draw the weights."""
        self.n_inputs = counted("n_inputs", n_inputs)
        self.activation = activation_of(activation)
        self.is_whole = is_of_a_layer(self.activation)
        own = identity if self.is_whole else self.activation
        rng = source_of(seed)
        self.neurons = [
            Neuron(n_inputs, own, initialisation=initialisation, seed=rng, fan_out=n_neurons)
            for _ in range(counted("n_neurons", n_neurons))
        ]
        self.rename()

    def rename(self, layer: int = 0) -> None:
        """Name everything, given the layer's place in a network."""
        for i, neuron in enumerate(self.neurons, start=1):
            neuron.rename(i, layer=layer)

    def parameters(self) -> list[Value]:
        """Return the parameters, neuron by neuron."""
        return unique([p for neuron in self.neurons for p in neuron.parameters()])

    def __call__(self, xs: Iterable[Any]) -> list[Any]:
        """Return the activations for a list of inputs, numbers or Values.

        Raises ValueError unless there are ``n_inputs`` of them.
        """
        return self.forward(inputs_of(self, xs, self.neurons[0].b))

    def forward(self, xs: Sequence[Any]) -> list[Any]:
        """Compute the activations for inputs that are known to be in order."""
        outputs = [neuron.forward(xs) for neuron in self.neurons]
        if not self.is_whole:
            return outputs
        pairs = zip(self.neurons, self.activation(outputs), strict=True)
        return [neuron.activated(a) for neuron, a in pairs]

    # as matrices

    @property
    def W(self) -> list[list[Any]]:  # noqa: N802 - the lecture's name
        """The weights as numbers, a row for each neuron (A4). Set them by assigning such a list."""
        return [[as_number(w) for w in neuron.w] for neuron in self.neurons]

    @W.setter
    def W(self, rows: Iterable[Iterable[Any]]) -> None:  # noqa: N802
        assign("W", [neuron.w for neuron in self.neurons], rows)

    @property
    def b(self) -> list[Any]:
        """The biases as numbers, one for each neuron (A4). Set them by assigning such a list."""
        return [as_number(neuron.b) for neuron in self.neurons]

    @b.setter
    def b(self, biases: Iterable[Any]) -> None:
        assign("b", [[neuron.b for neuron in self.neurons]], [biases])

    @property
    def theta(self) -> list[list[Any]]:
        """Biases and weights in one: a row for each neuron, its bias first (B1). Can be set."""
        return [[as_number(p) for p in (neuron.b, *neuron.w)] for neuron in self.neurons]

    @theta.setter
    def theta(self, rows: Iterable[Iterable[Any]]) -> None:
        assign("theta", [[neuron.b, *neuron.w] for neuron in self.neurons], rows)

    def __repr__(self) -> str:
        """Return the shape and the activation."""
        return f"Layer({self.n_inputs}, {len(self.neurons)}, {name_of(self.activation)!r})"


class MLP(Module):
    """A multilayer perceptron: layers one behind the other (A4, D1, E2).

    Args:
        n_inputs: how many inputs it takes.
        sizes: how many neurons each layer has; the last are the outputs.
        activation: of the hidden layers: a name such as "tanh", or a function of one number.
        output_activation: of the last layer; see :mod:`tinygrad_edu.nn.activations` for what
            belongs there.
        initialisation: where it starts: "lecture", "uniform", "xavier", "kaiming" or "zeros".
        seed: of the random weights, or a ``random.Random`` to draw them from.

    Attributes:
        layers: the list of them.

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
        activation: str | Activation = "tanh",
        output_activation: str | Activation = "identity",
        *,
        initialisation: str | Initialisation = "xavier",
        seed: int | Random = 0,
    ) -> None:
        """Draw the weights."""
        if not hasattr(sizes, "__iter__") or isinstance(sizes, str | bytes):
            message = f"MLP: sizes is a list of whole numbers, not {sizes!r}"
            raise TypeError(message)
        self.n_inputs, *outs = widths = [counted("n_inputs", n_inputs), *sizes]
        if not outs:
            message = "MLP: needs at least one layer, got no sizes"
            raise ValueError(message)
        hidden, output = activation_of(activation), activation_of(output_activation)
        activations = [hidden] * (len(outs) - 1) + [output]
        rng = source_of(seed)
        self.layers = [
            Layer(n_in, n_out, g, initialisation=initialisation, seed=rng)
            for n_in, n_out, g in zip(widths, outs, activations, strict=False)
        ]
        for number, layer in enumerate(self.layers, start=1):
            layer.rename(layer=number)

    def parameters(self) -> list[Value]:
        """Return the parameters: layer by layer, neuron by neuron, weights, then bias."""
        return unique([p for layer in self.layers for p in layer.parameters()])

    def __call__(self, xs: Iterable[Any]) -> Any:
        """Return the outputs for a list of inputs: a list, or the output itself if there is one.

        Inputs are numbers or Values. Raises ValueError unless there are ``n_inputs`` of them.
        """
        outputs = self.forward(inputs_of(self, xs, self.layers[0].neurons[0].b))
        return outputs[0] if len(outputs) == 1 else outputs

    def forward(self, xs: Sequence[Any]) -> list[Any]:
        """Compute the outputs for inputs that are known to be in order."""
        signals = list(xs)
        for layer in self.layers:
            signals = layer.forward(signals)
        return signals

    def clusters(self) -> dict[str, list[Value]]:
        """Return what belongs to each neuron in the last call, to be framed by ``draw``.

        What softmax makes of a layer belongs to none of its neurons.

        >>> from tinygrad_edu import draw
        >>> mlp = MLP(1, [1, 1])
        >>> picture = draw(mlp([0.5]), clusters=mlp.clusters())
        >>> list(mlp.clusters())
        ['layer 1, neuron 1', 'layer 2, neuron 1']
        """
        return {
            f"layer {number}, neuron {i}": unique(
                [*neuron.parameters(), neuron.z, None if layer.is_whole else neuron.a]
            )
            for number, layer in enumerate(self.layers, start=1)
            for i, neuron in enumerate(layer.neurons, start=1)
        }

    def __repr__(self) -> str:
        """Return the shape and the activations."""
        sizes = [len(layer.neurons) for layer in self.layers]
        hidden, output = (name_of(self.layers[i].activation) for i in (0, -1))
        return f"MLP({self.n_inputs}, {sizes}, {hidden!r}, {output!r})"


# --- small parts ----------------------------------------------------------------------------------


def counted(what: str, n: Any) -> int:
    """Return a number of inputs or neurons; raise an error if it is none."""
    if not hasattr(n, "__index__") or isinstance(n, bool):
        message = f"{what} is a whole number, not {n!r} ({type(n).__name__})"
        raise TypeError(message)
    if n < 1:
        message = f"{what} is at least 1, not {n}"
        raise ValueError(message)
    return int(n)


def source_of(seed: int | Random) -> Random:
    """Return a source of randomness of our own, so that the global one stays as it is."""
    if isinstance(seed, Random):
        return seed
    if not hasattr(seed, "__index__"):
        message = f"a seed is a whole number or a random.Random, not {seed!r}"
        raise TypeError(message)
    return Random(int(seed))  # noqa: S311 - no cryptography


def unique(nodes: list[Any]) -> list[Value]:
    """Return the Values among the nodes, each once: a shared parameter is one parameter."""
    return list(dict.fromkeys(node for node in nodes if isinstance(node, Value)))


def labelled(x: Any, label: str) -> Any:
    """Name a Value that has no name; numbers have none."""
    if isinstance(x, Value) and not x.label:
        x.label = label
    return x


def inputs_of(module: Neuron | Layer | MLP, xs: Iterable[Any], parameter: Any) -> list[Any]:
    """Return the inputs of a network as a list, plain numbers as constants called x₁, x₂, ...

    A frozen network, whose parameters are plain numbers, takes them as they are.
    """
    if not hasattr(xs, "__iter__") or isinstance(xs, str | bytes | AbstractSet | Mapping):
        message = f"{module}: expected a list of inputs, got {xs!r} ({type(xs).__name__})"
        raise TypeError(message)
    inputs = list(xs)
    if len(inputs) != module.n_inputs:
        message = f"{module}: expected {module.n_inputs} inputs, got {len(inputs)}"
        raise ValueError(message)
    if not isinstance(parameter, Value):
        return [float(x) if isinstance(x, int) else x for x in inputs]
    try:
        return [
            x if isinstance(x, Value) else Constant(x, name("x", j))
            for j, x in enumerate(inputs, start=1)
        ]
    except TypeError as error:
        message = f"{module}: {error}"
        raise TypeError(message) from None


def assign(what: str, parameters: list[list[Any]], rows: Iterable[Iterable[Any]]) -> None:
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
