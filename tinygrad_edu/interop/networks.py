"""Networks of this package as PyTorch modules, and back.

>>> from tinygrad_edu import MLP
>>> mlp = MLP(2, [3, 2], "relu", "softmax")
>>> from_torch(to_torch(mlp))
MLP(2, [3, 2], 'relu', 'softmax')
"""

from __future__ import annotations

from functools import partial
from typing import Any

from tinygrad_edu.interop.operations import (
    TensorOperand,
    framework,
    plain_tensor,
    require_computable,
    torch,
)
from tinygrad_edu.nn.activations import Activation, acts_on_layer, identity, name_of
from tinygrad_edu.nn.layers import Layer
from tinygrad_edu.nn.mlp import MLP
from tinygrad_edu.recorder import takes_gradient
from tinygrad_edu.table import LEAK, leaky_relu, relu, sigmoid, softmax, softplus, tanh
from tinygrad_edu.value import Constant, Value

__all__ = ["from_torch", "to_torch"]

nn: Any = torch.nn

# --- to PyTorch -----------------------------------------------------------------------------------


def to_torch(mlp: MLP) -> Any:
    """Return a network as a ``torch.nn.Sequential`` in double precision.

    It takes a tensor of shape (examples, ``n_inputs``) and returns one of shape (examples,
    outputs), also for a single output. Its parameters are, layer by layer, a weight of shape
    (neurons, inputs), like ``layer.W``, and a bias. If PyTorch has a module for an activation, it
    is used; any other activation is wrapped in a module that calls it.

    Constant weights or biases of a layer take no gradient in PyTorch, either. Constant biases that
    are all 0 are left out (``bias=False``).

    Raises TypeError for anything that is not an MLP. Raises ValueError for networks that
    ``torch.nn.Linear`` cannot represent: with one parameter in two places, or with a layer in which
    only some weights are constants. Raises NotImplementedError for an activation that torch cannot
    compute, such as one with an ``if``.

    >>> to_torch(MLP(2, [3, 1], activation=lambda z: z * sigmoid(z)))
    Sequential(
      (0): Linear(in_features=2, out_features=3, bias=True)
      (1): Carried(<lambda>)
      (2): Linear(in_features=3, out_features=1, bias=True)
    )
    """
    if not isinstance(mlp, MLP):
        message = f"to_torch: expected an MLP, got {mlp!r} ({type(mlp).__name__})"
        raise TypeError(message)
    require_plain(mlp)
    modules = []
    for number, layer in enumerate(mlp.layers, start=1):
        modules.append(linear_of(layer, f"to_torch: layer {number}"))
        if layer.activation is not identity:
            modules.append(module_of(layer.activation))
    return nn.Sequential(*modules)


def require_plain(mlp: MLP) -> None:
    """Raise ValueError for a network that a sequence of torch layers cannot represent.

    Such networks have one parameter in two places, neurons with different activations in one layer,
    or methods of their own that compute the outputs.
    """
    names: dict[Any, str] = {}
    for name, p in mlp.numbered():
        if takes_gradient(p) and names.setdefault(p, name) != name:
            message = f"to_torch: {names[p]} and {name} are one parameter, not two; "
            message += "torch.nn.Linear cannot share parameters"
            raise ValueError(message)
    for number, layer in enumerate(mlp.layers, start=1):
        if different := [*layer.others().values()]:
            own = name_of(layer.own_activation)
            message = f"to_torch: layer {number} has neurons with different activations: {own} and "
            message += f"{different[0]}; use one activation for the whole layer"
            raise ValueError(message)
    for part in (mlp, *mlp.layers):
        base = MLP if isinstance(part, MLP) else Layer
        if any(getattr(type(part), m) is not getattr(base, m) for m in ("__call__", "forward")):
            message = f"to_torch: {part} has its own __call__ or forward, which torch cannot run"
            raise ValueError(message)


def linear_of(layer: Layer, where: str) -> Any:
    """Return the weighted sums of a layer as a ``torch.nn.Linear``."""
    weights = [w for neuron in layer.neurons for w in neuron.w]
    biases = [neuron.b for neuron in layer.neurons]
    kinds = [{takes_gradient(p) for p in ps} for ps in (weights, biases)]
    if any(len(kind) > 1 for kind in kinds):
        message = f"{where}: some of its weights or biases are constants and others are not; "
        message += "make all weights constant or none, and likewise all biases"
        raise ValueError(message)
    trained = [True in kind for kind in kinds]
    has_bias = trained[1] or any(layer.b)
    linear = nn.Linear(layer.n_inputs, len(layer.neurons), bias=has_bias, dtype=torch.float64)
    numbers = [[*map(float, row)] for row in layer.W], [*map(float, layer.b)]
    for p, given, train in zip(linear.parameters(), numbers, trained, strict=False):
        p.data = framework.asarray(given)
        p.requires_grad_(train)
    return linear


class Carried(nn.Module):  # type: ignore[misc]  # torch is Any, as it may not be installed
    """An activation of this package, or any function of one number, as a module.

    Its operations are computed through their ``array`` column; see :func:`.operations.compute`.
    """

    def __init__(self, activation: Activation) -> None:
        """Keep the activation; raise NotImplementedError if torch cannot compute it."""
        super().__init__()
        self.activation = activation
        what = f"to_torch: the activation {name_of(activation)}"
        require_computable(what, self.of_operand, [0.5])

    def of_operand(self, z: Any) -> Any:
        """Compute the activation of a tensor; functions of this package accept TensorOperands."""
        return self.activation(z.as_subclass(TensorOperand))

    def forward(self, z: Any) -> Any:
        """Compute the activation of every number in a tensor."""
        return plain_tensor(self.of_operand(z))

    def extra_repr(self) -> str:
        """Return the name of the activation."""
        return name_of(self.activation)


TORCH_MODULES = {
    sigmoid: nn.Sigmoid,
    tanh: nn.Tanh,
    relu: nn.ReLU,
    leaky_relu: partial(nn.LeakyReLU, LEAK),
    # Above its threshold torch returns z for softplus(z). At 40 both are equal in double precision;
    # at the default of torch, 20, they differ by 2e-9.
    softplus: partial(nn.Softplus, threshold=40.0),
    softmax: partial(nn.Softmax, dim=-1),
}


def module_of(activation: Activation) -> Any:
    """Return an activation as a module."""
    if activation in TORCH_MODULES:
        return TORCH_MODULES[activation]()
    if isinstance(activation, partial) and activation.func is leaky_relu:
        _, alpha = leaky_relu.bound((0.0, *activation.args), activation.keywords)
        if isinstance(alpha, int | float):
            return nn.LeakyReLU(alpha)
    return Carried(activation)


# --- from PyTorch ---------------------------------------------------------------------------------


def from_torch(module: Any) -> MLP:
    """Return a ``torch.nn.Sequential`` of linear layers and activations as an MLP.

    It may contain further Sequentials and ``torch.nn.Identity``. Its activations may be Sigmoid,
    Tanh, ReLU, LeakyReLU, Softplus, Softmax over the outputs of a layer, and those that
    ``to_torch`` wrapped. The numbers are exactly those of the tensors; numbers in single precision
    stay rounded to single precision. Parameters that take no gradient become constants, and a layer
    without bias gets constant biases of 0.

    To copy the parameters into an MLP that exists already, write
    ``mlp.load_state_dict(from_torch(module).state_dict())``.

    Raises TypeError for a module that has no counterpart here. Raises ValueError for a module in
    the wrong place, with other settings, or with shared parameters. The message names the module.

    >>> from_torch(nn.Sequential(nn.Linear(2, 3), nn.GELU(), nn.Linear(3, 1)))
    Traceback (most recent call last):
      ...
    TypeError: from_torch: module 1, GELU(approximate='none'), has no counterpart here
    """
    linears, activations = chain_of(module)
    widths = [linears[0].in_features, *[linear.out_features for linear in linears]]
    mlp = MLP(widths[0], widths[1:], "identity", initialisation="zeros")
    for layer, linear, activation in zip(mlp.layers, linears, activations, strict=True):
        layer.activation = activation
        set_parameters(layer, linear)
    return mlp


def chain_of(module: Any) -> tuple[list[Any], list[Activation]]:
    """Return the linear layers of a module and the activation of each; check that they fit."""
    if not isinstance(module, nn.Module):
        message = f"from_torch: expected a torch.nn.Sequential, got {module!r}"
        raise TypeError(message)
    linears: list[Any] = []
    activations: list[Activation] = []
    for name, part in module.named_modules(remove_duplicate=False):
        where = f"from_torch: module {name or '0'}, {part}"
        if type(part) is nn.Linear:
            require_fit(part, linears, where)
            linears.append(part)
            activations.append(identity)
        elif type(part) not in (nn.Sequential, nn.Identity):
            activation = activation_in(part, where)
            require_that(
                linears and activations[-1] is identity,
                f"{where}, does not follow a Linear directly",
            )
            single = linears[-1].out_features == 1
            require_that(
                not (single and acts_on_layer(activation)), f"{where}, of one output is always 1"
            )
            activations[-1] = activation
    require_that(linears, "from_torch: the module contains no Linear")
    return linears, activations


def require_fit(linear: Any, linears: list[Any], where: str) -> None:
    """Raise ValueError unless a linear layer can follow the others."""
    if linears:
        n = linears[-1].out_features
        require_that(
            linear.in_features == n,
            f"{where}, must have {n} inputs, as it follows a Linear of {n} outputs",
        )
    shared = {id(p) for other in linears for p in other.parameters()}
    ours = {id(p) for p in linear.parameters()}
    require_that(
        not shared & ours, f"{where}, shares parameters with another; an MLP cannot do that"
    )


def activation_in(part: Any, where: str) -> Activation:
    """Return the activation that a module computes."""
    if type(part) is Carried:
        return part.activation
    if type(part) is nn.LeakyReLU:
        alpha = part.negative_slope
        return leaky_relu if alpha == LEAK else partial(leaky_relu, alpha=alpha)
    if type(part) is nn.Softplus:
        fits = part.beta == 1 and part.threshold >= nn.Softplus().threshold
        require_that(fits, f"{where}, must have beta=1 and a threshold of 20 or more")
        return softplus
    if type(part) is nn.Softmax:
        require_that(part.dim in (-1, 1), f"{where}, must be over the outputs, dim=-1")
        return softmax
    for activation in (sigmoid, tanh, relu):
        if type(part) is TORCH_MODULES[activation]:
            return activation
    message = f"{where}, has no counterpart here"
    raise TypeError(message)


def set_parameters(layer: Layer, linear: Any) -> None:
    """Copy the numbers of a linear layer into a layer; those not trained become Constants."""
    weight, bias = linear.weight, linear.bias
    rows = [[value_class(weight)(x) for x in row] for row in weight.tolist()]
    biases = (
        [Constant(0.0) for _ in rows] if bias is None else map(value_class(bias), bias.tolist())
    )
    for neuron, row, b in zip(layer.neurons, rows, biases, strict=True):
        neuron.w, neuron.b = row, b


def value_class(tensor: Any) -> type[Value]:
    """Return the class for the numbers of a tensor: Value if they are trained, else Constant."""
    return Value if tensor.requires_grad else Constant


def require_that(condition: object, otherwise: str) -> None:
    """Raise ValueError with the message ``otherwise`` unless the condition holds."""
    if not condition:
        raise ValueError(otherwise)
