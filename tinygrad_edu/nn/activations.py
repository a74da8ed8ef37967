"""Activation functions by name (A6, B2).

What belongs at the output goes by the task (A7, D3, E2):

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
    """Return what it is given: the output of a regression (A7), or logits.

    >>> identity(0.5)
    0.5
    """
    return z


def linear(z: Any, alpha: Any = 1, beta: Any = 0) -> Any:
    """Return alpha * z + beta (A6; kx in B2).

    ``functools.partial(linear, alpha=2.0)`` makes an activation of it.

    >>> linear(3.0, alpha=2.0, beta=1.0)
    7.0
    """
    return alpha * z + beta


def threshold(z: Any, k: Any = 0) -> Any:
    """Return 1 where z is at least k, otherwise 0 (B2); at k itself step(z - k) would say 0 (A6).

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
"""Activations by name. Any function of a number does, too; one with settings is written with
``functools.partial``, as in ``partial(leaky_relu, alpha=0.2)``."""


def activation_of(given: str | Activation) -> Activation:
    """Return an activation that is given by name or as a function.

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
    """Tell whether an activation takes all pre-activations of a layer at once, as softmax does."""
    return activation is softmax


def name_of(activation: Activation) -> str:
    """Return what to call an activation, or any other function, in a message.

    >>> name_of(tanh), name_of(softmax), name_of(partial(leaky_relu, alpha=0.2))
    ('tanh', 'softmax', 'leaky_relu(alpha=0.2)')
    """
    if isinstance(activation, partial):
        settings = [str(as_number(x)) for x in activation.args]
        settings += [f"{key}={as_number(given)}" for key, given in activation.keywords.items()]
        return f"{name_of(activation.func)}({', '.join(settings)})"
    named = getattr(activation, "name", None) or getattr(activation, "__name__", None)
    return str(named or type(activation).__name__)


def described(activation: Activation) -> str:
    """Return an activation as a file of parameters describes it.

    A function of one's own may have the name of another, so some of its numbers come along.

    >>> described(tanh), described(lambda z: 2 * z)
    ('tanh', '<lambda>: -2 to -4, -0.5 to -1, 0.75 to 1.5, 3 to 6')
    """
    of_settings = activation.func if isinstance(activation, partial) else activation
    if of_settings in ACTIVATIONS.values():
        return name_of(activation)
    tried = [number_at(activation, z) for z in TRIED for _ in range(2)]
    if tried[::2] != tried[1::2]:
        return f"{name_of(activation)}, which changes from call to call"
    numbers = [f"{z:g} to {a}" for z, a in zip(TRIED, tried[::2], strict=True)]
    return f"{name_of(activation)}: {', '.join(numbers)}"


TRIED = (-2.0, -0.5, 0.75, 3.0)


def number_at(activation: Activation, z: float) -> str:
    """Return what an activation makes of a number, rounded; "nothing" where it raises an error."""
    try:
        return f"{float(as_number(activation(Value(z)))):.9g}"
    except Exception:  # noqa: BLE001 - it is a function of anybody's, given a number of ours
        return "nothing"
