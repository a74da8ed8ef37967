"""Activation functions by name (A6, B2).

The task decides which activation and which loss to use at the output (A7, D3, E2):

=====================  ==================  ================================================
task                   output activation   loss
=====================  ==================  ================================================
a real number          identity            half_squared_error, mse
yes or no              sigmoid             binary_cross_entropy
yes or no              identity (logits)   binary_cross_entropy_with_logits
one of several         softmax             negative_log_likelihood
one of several         identity (logits)   cross_entropy
=====================  ==================  ================================================
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

from tinygrad_edu.nn.settings import looked_up
from tinygrad_edu.recorder import as_number
from tinygrad_edu.table import leaky_relu, relu, sigmoid, softmax, softplus, step, tanh
from tinygrad_edu.value import Value

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "activation_of",
    "acts_on_layer",
    "identity",
    "linear",
    "threshold",
]

Activation: TypeAlias = "Callable[[Any], Any]"


def identity(z: Any) -> Any:
    """Return ``z`` unchanged: the activation for the output of a regression (A7), or for logits.

    >>> identity(0.5)
    0.5
    """
    return z


def linear(z: Any, alpha: Any = 1, beta: Any = 0) -> Any:
    """Return alpha * z + beta (A6; kx in B2).

    ``functools.partial(linear, alpha=2.0)`` is the activation 2 z.

    >>> linear(3.0, alpha=2.0, beta=1.0)
    7.0
    """
    return alpha * z + beta


def threshold(z: Any, k: Any = 0) -> Any:
    """Return 1 if z is at least k, otherwise 0 (B2).

    It differs from step(z - k) at z = k, where the step is 0 (A6).

    >>> threshold(0.4, k=0.5), threshold(0.5, k=0.5)
    (0.0, 1.0)
    """
    return 1 - step(k - z)


ACTIVATIONS: dict[str, Activation] = {
    "identity": identity,
    "linear": linear,
    "step": step,
    "threshold": threshold,
    "sigmoid": sigmoid,
    "tanh": tanh,
    "relu": relu,
    "leaky_relu": leaky_relu,
    "softplus": softplus,
    "softmax": softmax,
}
"""Activations by name. Any other function of a number can be an activation, too. Settings are given
with ``functools.partial``, as in ``partial(leaky_relu, alpha=0.2)``."""


def activation_of(given: str | Activation) -> Activation:
    """Return the activation function, given its name or the function itself.

    >>> activation_of("tanh")
    <operation tanh>
    >>> activation_of("tahn")
    Traceback (most recent call last):
      ...
    ValueError: no activation 'tahn'; there are identity, linear, step, ..., and any function
    """
    if callable(given):
        return given
    found: Activation = looked_up("activation", given, ACTIVATIONS, others=", and any function")
    return found


def acts_on_layer(activation: Activation) -> bool:
    """Tell whether an activation takes all pre-activations of a layer together, as softmax does."""
    return activation is softmax


def name_of(activation: Activation) -> str:
    """Return the name of an activation, or of any other function, for messages.

    >>> name_of(tanh), name_of(softmax), name_of(partial(leaky_relu, alpha=0.2))
    ('tanh', 'softmax', 'leaky_relu(alpha=0.2)')
    """
    if isinstance(activation, partial):
        settings = [str(as_number(x)) for x in activation.args]
        settings += [f"{key}={as_number(given)}" for key, given in activation.keywords.items()]
        return f"{name_of(activation.func)}({', '.join(settings)})"
    own_name = getattr(activation, "name", None) or getattr(activation, "__name__", None)
    return str(own_name or type(activation).__name__)


def described(activation: Activation) -> str:
    """Return the description of an activation that is saved in a file of parameters.

    Two functions of the user may have the same name, so the description of such a function
    contains some of its values.

    >>> described(tanh), described(lambda z: 2 * z)
    ('tanh', '<lambda>: -2 to -4, -0.5 to -1, 0.75 to 1.5, 3 to 6')
    """
    function = activation.func if isinstance(activation, partial) else activation
    if function in ACTIVATIONS.values():
        return name_of(activation)
    tried = [number_at(activation, z) for z in TRIED for _ in range(2)]
    if tried[::2] != tried[1::2]:
        return f"{name_of(activation)}, which changes from call to call"
    numbers = [f"{z:g} to {a}" for z, a in zip(TRIED, tried[::2], strict=True)]
    return f"{name_of(activation)}: {', '.join(numbers)}"


TRIED = (-2.0, -0.5, 0.75, 3.0)


def number_at(activation: Activation, z: float) -> str:
    """Return the rounded value of an activation as text, or "nothing" if it raises an error."""
    try:
        return f"{float(as_number(activation(Value(z)))):.9g}"
    except Exception:  # noqa: BLE001 - a function of the user may raise anything
        return "nothing"
