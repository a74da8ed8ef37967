"""A recorded graph as a PyTorch module.

>>> from tinygrad_edu import Value
>>> w, x = Value(3.0, label="w"), Value(0.5, label="x")
>>> y = (w * x).tanh()
>>> f = expression_to_torch(y, [x], parameters=[w])
>>> f
Recorded(inputs: x; parameters: 1; operations: 2)
>>> f(torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64)).tolist()[0] == y.data
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain
from typing import Any

from tinygrad_edu.engine import ancestors
from tinygrad_edu.interop.operations import compute, framework, require_computable, torch
from tinygrad_edu.operation import Operation
from tinygrad_edu.programs.expressions import Expression, Instruction
from tinygrad_edu.value import Constant, Value

__all__ = ["expression_to_torch"]


def expression_to_torch(
    value: Value, inputs: Iterable[Value], parameters: Iterable[Value] = ()
) -> Callable[..., Any]:
    """Return the graph of ``value`` as a ``torch.nn.Module``: a function of its inputs.

    Call the module with a tensor for each input. The tensors must have one shape, or shapes that
    torch can broadcast to one. The module computes for each element what was recorded for one
    number. If Python took a decision while the graph was recorded, such as an ``if``, the module
    keeps that decision. Outside the domain of an operation torch gives nan or inf, where this
    package raises an error.

    Args:
        value: the Value to compute.
        inputs: the Values and Constants in its graph that tensors replace. To have the inputs of
            a network at hand, make them first: ``xs = [Constant(0.5), Constant(1.0)]; mlp(xs)``.
            A target must be a Value, since losses keep only the number of a constant.
        parameters: the Values that become trainable parameters of the module, in this order.

    Inputs and parameters may be computed Values; the part of the graph that only they depend on is
    then left out. All other numbers keep the values that they have at the time of this call.

    Raises TypeError for anything that is not a Value, ValueError for an input or a parameter that
    is given twice or that ``value`` does not depend on, and NotImplementedError for an operation
    that torch cannot compute through its ``array`` column. The module raises ValueError if the
    number of tensors is not the number of inputs, and TypeError for anything that is not a tensor
    of floats.

    >>> x = Constant(0.5, label="x")
    >>> y = 2 * Value(1.0) + x
    >>> f = expression_to_torch(y, [x])
    >>> f(torch.tensor([1.0, 2.0]))
    tensor([3., 4.])
    """
    xs, ps = as_list("inputs", inputs), as_list("parameters", parameters)
    require_value_at("value", value)
    given = [(f"inputs[{i}]", x) for i, x in enumerate(xs)]
    given += [(f"parameters[{i}]", p) for i, p in enumerate(ps)]
    places: dict[Value, str] = {}
    for where, x in given:
        require_value_at(where, x)
        if x in places:
            message = f"expression_to_torch: {where}, {x!r}, is {places[x]}, too"
            raise ValueError(message)
        places[x] = where
    nodes = needed(value, places)
    for x, where in places.items():
        if x not in nodes:
            message = f"expression_to_torch: the value does not depend on {where}, {x!r}"
            if x in needed(value, {}):
                message += " except through other inputs or parameters"
            raise ValueError(message)
    computed = [node for node in nodes if node.op is not None and node not in places]
    return Recorded(value, xs, ps, computed)


def as_list(name: str, values: Any) -> list[Any]:
    """Return Values as a list; raise TypeError for a single Value and for other objects."""
    if isinstance(values, Value) or not isinstance(values, Iterable):
        message = f"expression_to_torch: {name} must be a list of Values, not {values!r}"
        raise TypeError(message)
    return list(values)


def require_value_at(where: str, x: object) -> None:
    """Raise TypeError unless ``x`` is a Value; ``where`` names it in the message."""
    if not isinstance(x, Value):
        message = f"expression_to_torch: {where} must be a Value, not {x!r} ({type(x).__name__})"
        raise TypeError(message)


def needed(value: Value, given: Iterable[Value]) -> dict[Value, None]:
    """Return the Values that ``value`` depends on if some are given, arguments first.

    A given Value is part of the result, but the Values that it was computed from are not, unless
    ``value`` depends on them in another way.

    >>> a, b = Value(1.0, label="a"), Constant(2.0, label="b")
    >>> c = a * b
    >>> nodes = needed(c + b, [c])
    >>> a in nodes, b in nodes, c in nodes
    (False, True, True)
    """
    found = {value}
    order = []
    for node in ancestors(value):
        if node in found:
            order.append(node)
            if node not in given:
                args = [arg for arg in node.args if isinstance(arg, Value)]
                order += [arg for arg in args if isinstance(arg, Constant)]  # no ancestors
                found.update(args)
    return dict.fromkeys(reversed(order))


class Recorded(torch.nn.Module):  # type: ignore[misc]  # torch is Any, as it may not be installed
    """A recorded graph as a module; made by :func:`expression_to_torch`.

    Args:
        value: the Value to compute.
        inputs: the Values that tensors replace.
        parameters: the Values that can be trained.
        computed: the nodes to compute, arguments first.
    """

    def __init__(
        self,
        value: Value,
        inputs: Sequence[Value],
        parameters: Sequence[Value],
        computed: Sequence[Value],
    ) -> None:
        """Write the graph down as an expression of inputs, parameters and constants."""
        super().__init__()
        self.inputs = [str(x.label) or f"input {i}" for i, x in enumerate(inputs, start=1)]
        operations = [(node.op, [*map(as_value, node.args)]) for node in computed if node.op]
        used = chain([value], *[args for _, args in operations])
        known = {*inputs, *parameters, *computed}
        constants = [x for x in dict.fromkeys(used) if x not in known]
        leaves = [*inputs, *parameters, *constants]
        places = {x: place for place, x in enumerate([*leaves, *computed])}
        instructions = [
            Instruction(op, tuple([places[x] for x in args])) for op, args in operations
        ]
        self.expression = Expression(tuple(map(float, leaves)), tuple(instructions))
        self.trained = torch.nn.ParameterList([framework.asarray(float(p)) for p in parameters])
        self.register_buffer("constants", framework.asarray([*map(float, constants)]))
        for op, args in dict(operations).items():
            what = f"expression_to_torch: the operation {op.name}"
            require_computable(what, partial(compute_all, op), [*map(float, args)])

    def forward(self, *tensors: Any) -> Any:
        """Compute the value, given a tensor for each input."""
        if len(tensors) != len(self.inputs):
            expected = f"{len(self.inputs)} tensors ({', '.join(self.inputs)})"
            message = f"expression_to_torch: expected {expected}, got {len(tensors)}"
            raise ValueError(message)
        for name, x in zip(self.inputs, tensors, strict=True):
            if not isinstance(x, torch.Tensor) or not x.is_floating_point():
                message = f"expression_to_torch: {name} must be a tensor of floats, not {x!r}"
                raise TypeError(message)
        leaves = [*tensors, *self.trained, *self.constants.unbind()]
        return self.expression(*leaves, compute=compute)

    def __repr__(self) -> str:
        """Return the names of the inputs and the numbers of parameters and operations."""
        inputs = ", ".join(self.inputs) or "none"
        counts = f"parameters: {len(self.trained)}; operations: {len(self.expression.instructions)}"
        return f"Recorded(inputs: {inputs}; {counts})"


def as_value(arg: Any) -> Value:
    """Return an argument of an operation; a plain number becomes a Constant."""
    return arg if isinstance(arg, Value) else Constant(arg)


def compute_all(op: Operation, *operands: Any) -> Any:
    """Compute an operation on tensors given one by one, its lists flattened."""
    return compute(op, op.nested(operands))
