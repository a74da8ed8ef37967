"""Initialisations by name: the values with which the weights and biases of a network start.

Each function draws one weight. It is given a source of randomness, the fan-in and fan-out of the
neuron, and the gain of its activation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any, NamedTuple

from tinygrad_edu.nn.activations import Activation
from tinygrad_edu.nn.settings import looked_up
from tinygrad_edu.table import LEAK, leaky_relu, relu, tanh

__all__ = ["INITIALISATIONS", "Initialisation", "gain", "initialisation_of"]


class Initialisation(NamedTuple):
    """The values with which a neuron starts."""

    weight: Callable[[Random, int, int, float], float]
    """A function that draws a weight, given a ``random.Random``, fan-in, fan-out and gain."""
    bias: float = 0.0
    """The bias of every neuron."""


def uniform(rng: Random, _fan_in: int, _fan_out: int, _gain: float) -> float:
    """Draw a weight between -1 and 1."""
    return rng.uniform(-1.0, 1.0)


def xavier(rng: Random, fan_in: int, fan_out: int, gain: float) -> float:
    """Draw a weight between ±gain √(6 / (fan-in + fan-out)): signals and gradients keep their size.

    X. Glorot and Y. Bengio, Understanding the difficulty of training deep feedforward neural
    networks, AISTATS 2010.
    """
    bound = gain * math.sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-bound, bound)


def kaiming(rng: Random, fan_in: int, _fan_out: int, gain: float) -> float:
    """Draw a weight with standard deviation gain / √fan-in: signals keep their size.

    K. He et al., Delving deep into rectifiers, ICCV 2015.
    """
    return rng.gauss(0.0, gain / math.sqrt(fan_in))


def zero(_rng: Random, _fan_in: int, _fan_out: int, _gain: float) -> float:
    """Return 0. All neurons of a layer are then equal, and training keeps them equal."""
    return 0.0


INITIALISATIONS = {
    "lecture": Initialisation(uniform, bias=1.0),  # B5: random weights, biases 1
    "uniform": Initialisation(uniform),
    "xavier": Initialisation(xavier),
    "kaiming": Initialisation(kaiming),
    "zeros": Initialisation(zero),
}
"""Initialisations by name; "lecture" is the one of B5."""


def initialisation_of(given: str | Initialisation) -> Initialisation:
    """Return the initialisation, given its name or the initialisation itself.

    >>> initialisation_of("lecture").bias
    1.0
    >>> initialisation_of("random")
    Traceback (most recent call last):
      ...
    ValueError: no initialisation 'random'; there are lecture, uniform, xavier, kaiming, zeros
    """
    if isinstance(given, Initialisation):
        return given
    found: Initialisation = looked_up("initialisation", given, INITIALISATIONS)
    return found


def gain(activation: Activation) -> float:
    """Return the factor by which weights must grow because the activation shrinks a signal.

    It is √2 for relu, which sets half of the signal to 0, √(2 / (1 + alpha²)) for leaky relu, 5/3
    for tanh, and 1 for all others, as in PyTorch.

    >>> gain(tanh), gain(abs)
    (1.6666666666666667, 1.0)
    >>> round(gain(relu), 4), round(gain(partial(leaky_relu, alpha=0.5)), 4)
    (1.4142, 1.2649)
    """
    settings: dict[str, Any] = {}
    if isinstance(activation, partial):
        settings, activation = activation.keywords, activation.func
    if activation is tanh:
        return 5 / 3
    if activation is relu:
        return math.sqrt(2)
    if activation is leaky_relu:
        return math.sqrt(2 / (1 + float(settings.get("alpha", LEAK)) ** 2))
    return 1.0
