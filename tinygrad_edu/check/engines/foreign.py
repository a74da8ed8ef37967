"""An engine that somebody else wrote, spoken to by operators and by the names that it uses.

>>> class Number:
...     def __init__(self, value):
...         self.value, self.derivative = value, 0.0
...     def backprop(self):
...         self.derivative = 1.0
>>> engine = Engine(Number)
>>> x = engine.leaf(2.0)
>>> engine.backward(x)
>>> engine.data, engine.number(x), engine.grad, engine.gradient(x)
('value', 2.0, 'derivative', 1.0)
"""

from __future__ import annotations

import builtins
import inspect
import math
import operator
import sys
from collections.abc import Callable
from fractions import Fraction
from typing import Any, cast

from tinygrad_edu.operation import Operation

__all__ = ["Engine"]

DATA = ("data", "value", "val", "v", "x", "item", "primal", "output")
GRAD = ("grad", "gradient", "derivative", "adjoint", "deriv", "dx", "g", "d", "dv", "bar")
BACKWARD = (
    "backward",
    "backprop",
    "backpropagate",
    "back",
    "backward_pass",
    "run_backward",
    "compute_gradients",
    "calculate_gradients",
    "compute_grad",
    "reverse",
    "autodiff",
)
OPERATORS: dict[str, Callable[..., Any]] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv,
    "neg": operator.neg, "power": operator.pow, "pow": operator.pow, "exponential": operator.pow,
    "abs": builtins.abs,
}  # fmt: skip
ALSO = {"log": ["ln"], "sigmoid": ["sigm", "logistic"], "power": ["pow"], "relu": ["ReLU"]}
PROBE = 2.375  # a number that nothing else is


class Engine:
    """A class of numbers that remember, whatever its attributes are called.

    Args:
        kind: the class; ``kind(2.0)`` must make a leaf.
        data: the attribute with the number.
        grad: the attribute with the gradient.
        backward: the method, or a function of the output, that runs the backward pass.

    What is left out is looked for: ``data``, ``value``, ...; ``grad``, ``gradient``, ...;
    ``backward``, ``backprop``, ...

    Raises TypeError if ``kind(2.0)`` fails, and AttributeError if one of the three is not found.
    """

    def __init__(
        self,
        kind: Callable[..., Any],
        *,
        data: str | None = None,
        grad: str | None = None,
        backward: str | Callable[[Any], Any] | None = None,
    ) -> None:
        """Look for the names."""
        self.kind = kind
        self.name = getattr(kind, "__name__", str(kind))
        self.returned: dict[Any, Any] = {}
        probe = self.leaf(PROBE)
        self.nodes = type(probe)  # kind may be a function that makes them
        self.is_single = False
        self.data = data or self._find("data", DATA, probe, lambda x: number_in(x) == PROBE)
        self.grad = grad or self._find("grad", GRAD, probe, is_empty)
        self._backward = backward or self._find("backward", BACKWARD, probe, callable)
        self.is_single = self.number(self.leaf(0.1)) != 0.1

    def leaf(self, x: float) -> Any:
        """Return a new leaf with this number."""
        try:
            return self.kind(x)
        except Exception as error:
            message = (
                f"check_engine: {self.name}({x}) raised {type(error).__name__}: {error}; give a "
                "class that makes a leaf from one number"
            )
            raise TypeError(message) from error

    def _find(
        self, what: str, names: tuple[str, ...], probe: Any, fits: Callable[[Any], bool]
    ) -> str:
        """Return the name of an attribute: one that is usual, or one that begins like it."""
        found = [name for name in names if hasattr(probe, name) and fits(getattr(probe, name))]
        others = [name for name in dir(probe) if not name.startswith("__") and what in name.lower()]
        found += [name for name in others if fits(getattr(probe, name, None))]
        if what == "data":
            found += [name for name, x in attributes(probe).items() if fits(x)]
        if found:
            return found[0]
        message = (
            f"check_engine: {self.name} has no attribute that looks like {what} "
            f"({', '.join(names[:4])}, ...); say what it is called: {what}='...'"
        )
        raise AttributeError(message)

    # --- what it computes ---

    def number(self, node: Any) -> float:
        """Return the number of a node."""
        return float(number_in(getattr(node, self.data)))

    def gradient(self, node: Any) -> float:
        """Return the gradient of a node; a gradient that was never set counts as 0."""
        for key in (node, id(node)) if self.returned else ():
            if key in self.returned:
                return float(number_in(self.returned[key]))
        found = getattr(node, self.grad)
        return 0.0 if found is None else float(number_in(found))

    def clear(self, node: Any) -> None:
        """Set the gradient of a node to 0."""
        setattr(node, self.grad, 0.0)

    def backward(self, root: Any) -> None:
        """Run the backward pass."""
        method = self._backward if callable(self._backward) else None
        result = method(root) if method else getattr(root, self._backward)()  # type: ignore[arg-type]
        self.returned = result if isinstance(result, dict) else {}  # gradients by node, in some

    def has(self, op: Operation) -> bool:
        """Tell whether the engine has an operation: as an operator, a method or a function."""
        if op.name == "pow":
            return False  # whether an exponent may vary is not to be seen from outside
        if method := {"div": "truediv", "power": "pow", "exponential": "rpow"}.get(op.name, ""):
            return self._defines(f"__{method}__")
        if op.name in OPERATORS:
            return self._defines(f"__{op.name}__")
        return op.arity == 1 and self.function(op) is not None

    def _defines(self, method: str) -> bool:
        """Tell whether the class has a method of its own, not that of float."""
        kinds = (kind for kind in self.nodes.__mro__ if kind not in (object, int, float, complex))
        return any(method in vars(kind) for kind in kinds)

    def function(self, op: Operation) -> Callable[..., Any] | None:
        """Return what computes an operation that is not an operator: a method, or a function."""
        module = sys.modules.get(getattr(self.nodes, "__module__", ""))
        for name in (op.name, *ALSO.get(op.name, ())):
            places = (getattr(self.nodes, name, None), vars(module).get(name) if module else None)
            for found in filter(inspect.isroutine, places):
                return cast("Callable[..., Any]", found)
        return None

    def compute(self, op: Operation, operands: list[Any]) -> Any:
        """Return what the engine makes of an operation and its operands."""
        if op.name in {"power", "exponential"}:
            operands = [whole(x) for x in operands]
        function = OPERATORS.get(op.name) or self.function(op)
        if function is None:
            message = f"{self.name} has no {op.name}"
            raise AttributeError(message)
        return function(*operands)


def attributes(thing: Any) -> dict[str, Any]:
    """Return the attributes that belong to an object itself, in a dict or in slots."""
    slots = [s for kind in type(thing).__mro__ for s in getattr(kind, "__slots__", ())]
    return {**getattr(thing, "__dict__", {}), **{s: getattr(thing, s, None) for s in slots}}


def number_in(x: Any) -> Any:
    """Return a number as Python's, from an array or a tensor of one number, too."""
    if hasattr(x, "item") and not isinstance(x, int | float):
        x = x.item() if callable(x.item) else x.item
    return math.nan if isinstance(x, complex) else x


def is_empty(x: Any) -> bool:
    """Tell whether something is a gradient: a number, or None before the first pass."""
    x = number_in(x)
    return x is None or (isinstance(x, int | float | Fraction) and float(x) != PROBE)


def whole(x: Any) -> Any:
    """Return a whole number as an int: x ** 2 is what people write."""
    return int(x) if type(x) is float and x.is_integer() else x
