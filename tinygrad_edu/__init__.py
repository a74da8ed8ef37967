"""Scalar reverse-mode automatic differentiation that shows how it works.

>>> from tinygrad_edu import Value
>>> x = Value(0.5, label="x")
>>> y = (x * 3).tanh()
>>> y.backward()
>>> round(x.grad, 6)
0.54212...
"""

from typing import TYPE_CHECKING

from tinygrad_edu.gradient import grad, hessian, jacobian
from tinygrad_edu.support import lazy
from tinygrad_edu.table import TABLE as _TABLE
from tinygrad_edu.value import Constant, Value

if TYPE_CHECKING:
    from tinygrad_edu.check import assert_gradients, check_engine, gradcheck
    from tinygrad_edu.drawing import draw, draw_network
    from tinygrad_edu.exercises.exercise import exercise
    from tinygrad_edu.explain.derivations import derivation
    from tinygrad_edu.explain.nonfinite import first_nonfinite, first_nonfinite_gradient
    from tinygrad_edu.explain.passes import steps
    from tinygrad_edu.explain.paths import paths
    from tinygrad_edu.formulas.expressions import latex
    from tinygrad_edu.lessons.broken_engines import compare_engines
    from tinygrad_edu.nn import MLP, Layer, Neuron, losses

    # The operations that are added below, for type checkers; a test holds the two lists equal.
    from tinygrad_edu.table import (
        abs as abs,
    )
    from tinygrad_edu.table import (
        binary_cross_entropy_with_logits as binary_cross_entropy_with_logits,
    )
    from tinygrad_edu.table import (
        cos as cos,
    )
    from tinygrad_edu.table import (
        cross_entropy as cross_entropy,
    )
    from tinygrad_edu.table import (
        exp as exp,
    )
    from tinygrad_edu.table import (
        greater as greater,
    )
    from tinygrad_edu.table import (
        half_squared_error as half_squared_error,
    )
    from tinygrad_edu.table import (
        leaky_relu as leaky_relu,
    )
    from tinygrad_edu.table import (
        log as log,
    )
    from tinygrad_edu.table import (
        logsumexp as logsumexp,
    )
    from tinygrad_edu.table import (
        maximum as maximum,
    )
    from tinygrad_edu.table import (
        minimum as minimum,
    )
    from tinygrad_edu.table import (
        relu as relu,
    )
    from tinygrad_edu.table import (
        sigmoid as sigmoid,
    )
    from tinygrad_edu.table import (
        sin as sin,
    )
    from tinygrad_edu.table import (
        softmax as softmax,
    )
    from tinygrad_edu.table import (
        softplus as softplus,
    )
    from tinygrad_edu.table import (
        sqrt as sqrt,
    )
    from tinygrad_edu.table import (
        squared_error as squared_error,
    )
    from tinygrad_edu.table import (
        step as step,
    )
    from tinygrad_edu.table import (
        tanh as tanh,
    )
    from tinygrad_edu.table import (
        total as total,
    )
    from tinygrad_edu.table import (
        weighted_sum as weighted_sum,
    )

__all__ = [
    "MLP",
    "Constant",
    "Layer",
    "Neuron",
    "Value",
    "assert_gradients",
    "check_engine",
    "compare_engines",
    "derivation",
    "draw",
    "draw_network",
    "exercise",
    "first_nonfinite",
    "first_nonfinite_gradient",
    "grad",
    "gradcheck",
    "hessian",
    "jacobian",
    "latex",
    "losses",
    "paths",
    "steps",
]

# The rows with code are operators, such as +, and need no name here.
_OPERATIONS = {row.name: row for row in _TABLE.values() if not row.code}
globals().update(_OPERATIONS)
__all__ += list(_OPERATIONS)

__version__ = "0.1.0"

__getattr__, __dir__ = lazy.on_demand(
    __name__,
    {  # names that a program which only computes does not need
        "MLP": "tinygrad_edu.nn.mlp",
        "Layer": "tinygrad_edu.nn.layers",
        "Neuron": "tinygrad_edu.nn.layers",
        "assert_gradients": "tinygrad_edu.check",
        "check_engine": "tinygrad_edu.check",
        "compare_engines": "tinygrad_edu.lessons.broken_engines",
        "derivation": "tinygrad_edu.explain.derivations",
        "draw": "tinygrad_edu.drawing",
        "draw_network": "tinygrad_edu.drawing",
        "lessons": "",
        "exercise": "tinygrad_edu.exercises.exercise",
        "first_nonfinite": "tinygrad_edu.explain.nonfinite",
        "first_nonfinite_gradient": "tinygrad_edu.explain.nonfinite",
        "gradcheck": "tinygrad_edu.check",
        "interop": "",
        "latex": "tinygrad_edu.formulas.expressions",
        "losses": "tinygrad_edu.nn",
        "nn": "",
        "paths": "tinygrad_edu.explain.paths",
        "steps": "tinygrad_edu.explain.passes",
        "testing": "",
    },
    habits={
        "Adam": "write from tinygrad_edu.nn import Adam",
        "Linear": "a layer is Layer(n_inputs, n_neurons, activation)",
        "Module": "write from tinygrad_edu.nn import Module",
        "Parameter": "a parameter is a Value, such as Value(0.5, label='w')",
        "SGD": "write from tinygrad_edu.nn import SGD",
        "Sequential": "layers in a row are MLP(n_inputs, [8, 8, 1], activation)",
        "Tensor": "a number is a Value, such as Value(2.0), and several are a list of Values",
        "Variable": "a number is a Value, such as Value(2.0)",
        "accuracy": "write from tinygrad_edu.nn import accuracy",
        "backward": "write loss.backward(), or grad(loss, w) to get the derivative as a result",
        "fit": "write from tinygrad_edu.nn import fit",
        "manual_seed": "give a seed to each call that draws random numbers, as in "
        "MLP(2, [3, 1], seed=0) and fit(..., seed=0)",
        "mse": "write losses.mse",
        "no_grad": "to compute without recording, use plain numbers: mlp.frozen() is a network of "
        "plain numbers, x.data is a number, and x.detach() is a constant",
        "optim": "write from tinygrad_edu.nn import SGD, Adam",
        "sum": "write total(values)",
        "tensor": "a number is a Value, such as Value(2.0), and several are a list of Values",
    },
)
