"""Replay: a recorded graph becomes a program that runs for other numbers."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from operator import attrgetter
from typing import Any, NamedTuple

try:
    import numpy as np
except ImportError as error:
    message = 'replay needs NumPy: pip install "tinygrad-edu[fast]"'
    raise ImportError(message) from error

from tinygrad_edu.engine import ancestors
from tinygrad_edu.operation import number
from tinygrad_edu.programs.arrays import Arrays
from tinygrad_edu.programs.graph import Graph
from tinygrad_edu.programs.plan import Plan
from tinygrad_edu.programs.scalars import Scalars
from tinygrad_edu.recorder import takes_gradient
from tinygrad_edu.support.given import require_value
from tinygrad_edu.value import Value

__all__ = ["Outcome", "Replay", "replay"]

GROUP_TIME, OPERAND_TIME = 8.0, 0.15
"""Microseconds that NumPy takes for a group, and plain Python for one operand of an operation."""


class Outcome(NamedTuple):
    """The result of a replay."""

    losses: Any
    """The loss of each example."""
    gradient: Any
    """The derivative of their mean (or sum) with respect to each parameter."""


def replay(
    loss: Value, inputs: Iterable[Value] = (), wrt: Iterable[Value] = (), *, reduce: str = "mean"
) -> Replay:
    """Return a program that computes a recorded graph and its gradient for other numbers.

    Args:
        loss: the result of the graph.
        inputs: the Values whose data change from example to example.
        wrt: the Values with respect to which to differentiate, usually parameters. Their data are
            read anew at each run.
        reduce: "mean" or "sum": the gradient is that of the mean or of the sum of the losses.

    The program repeats what was recorded. If Python took a decision by comparing data, such as an
    ``if``, the program keeps that decision; a graph recorded inside ``with recording():`` cannot
    contain one. All other numbers of the graph keep their values, too.

    Raises TypeError if ``inputs`` or ``wrt`` is not a list, or contains anything but Values that
    were given, not computed. Raises ValueError if the loss does not depend on one of them.

    >>> x, w = Value(1.0), Value(2.0)
    >>> squared = replay((w * x - 1) ** 2, inputs=[x], wrt=[w])
    >>> losses, gradient = squared([[1.0], [2.0], [3.0]])
    >>> losses.tolist(), gradient.tolist()
    ([1.0, 9.0, 25.0], [14.666666666666666])
    """
    if isinstance(inputs, Value) or isinstance(wrt, Value):
        message = "replay: inputs and wrt must be lists of Values; write [x] for a single one"
        raise TypeError(message)
    inputs, wrt = list(inputs), list(wrt)
    if reduce not in ("mean", "sum"):
        message = f"replay: reduce must be 'mean' or 'sum', not {reduce!r}"
        raise ValueError(message)
    require_leaves(loss, inputs, wrt)
    return Replay(loss, inputs, wrt, reduce)


def require_leaves(loss: Value, inputs: list[Value], wrt: list[Value]) -> None:
    """Raise an error unless inputs and parameters are leaves that the loss depends on."""
    require_value("replay({}, inputs, wrt)", loss, what="a Value that takes a gradient")
    for x in (loss, *inputs, *wrt):
        if not takes_gradient(x):
            message = f"replay: expected a Value that takes a gradient, got {x!r}"
            raise TypeError(message)
    behind = set(ancestors(loss))
    for x in (*inputs, *wrt):
        if x.op is not None:
            message = f"replay: {x!r} was computed; inputs and parameters must be leaves, "
            message += "that is Values made from a number"
            raise TypeError(message)
        if x not in behind:
            message = f"replay: the loss does not depend on {x!r}"
            raise ValueError(message)
    if len({*inputs, *wrt}) < len(inputs) + len(wrt):
        message = "replay: a Value is given twice among inputs and parameters"
        raise ValueError(message)


class Replay:
    """A program made from a recorded graph; a call runs it for a batch of examples."""

    def __init__(self, loss: Value, inputs: list[Value], wrt: list[Value], reduce: str) -> None:
        """Read the graph; the programs are written when they are first needed."""
        self.parameters = wrt
        self.reduce = reduce
        with no_collection():
            self.graph = Graph(loss, inputs, wrt)
        self.constants = np.array(self.graph.constants)
        self.n_operands = sum(len(node.operands) for node in self.graph.operations.values())

    @cached_property
    def plan(self) -> Plan:
        """Which operations run together."""
        with no_collection():
            return Plan(self.graph)

    @cached_property
    def arrays(self) -> Arrays:
        """The program of NumPy."""
        with no_collection():
            return Arrays(self.plan)

    @cached_property
    def scalars(self) -> Scalars:
        """The program of plain Python."""
        with no_collection():
            return Scalars(self.graph)

    @property
    def source(self) -> str:
        """The NumPy program as Python text.

        V and A hold data and adjoints; F and G hold the fixed numbers and their gradients.
        """
        return self.arrays.source

    def __repr__(self) -> str:
        """Return the numbers of inputs, parameters, operations and groups."""
        graph = self.graph
        return (
            f"Replay({graph.n_inputs} inputs, {len(self.parameters)} parameters: "
            f"{len(graph.operations)} operations in {len(self.plan.groups)} groups)"
        )

    def __call__(self, batch: Any = None, parameters: Any = None) -> Outcome:
        """Return the losses and the gradient for a batch.

        Args:
            batch: a row for each example, with a number for each input; leave it out if the
                graph has no inputs.
            parameters: a number for each parameter; if left out, the data of the Values.

        Raises ValueError for a wrong shape, TypeError for entries that are not numbers, and outside
        of a domain the error of the operation, with the number of the example.
        """
        examples = self.examples(batch)
        fixed = np.concatenate([self.numbers(parameters), self.constants])
        losses, gradient = self.run(fixed, examples)
        gradient = gradient[: len(self.parameters)]
        return Outcome(losses, gradient / len(examples) if self.reduce == "mean" else gradient)

    def examples(self, batch: Any) -> Any:
        """Return a batch as an array with a row for each example."""
        examples = np.zeros((1, 0)) if batch is None else as_array(batch)
        if examples.ndim != 2 or examples.shape[1] != self.graph.n_inputs or not len(examples):
            message = (
                f"replay: the batch needs a row of {self.graph.n_inputs} numbers for each example, "
            )
            message += f"got an array of shape {examples.shape}"
            raise ValueError(message)
        return examples

    def numbers(self, parameters: Any) -> Any:
        """Return the parameters as an array."""
        n = len(self.parameters)
        if parameters is None:
            return np.fromiter(map(attrgetter("data"), self.parameters), float, n)
        numbers = as_array(parameters)
        if numbers.shape != (n,):
            message = f"replay: needs a number for each of {n} parameters, "
            message += f"got an array of shape {numbers.shape}"
            raise ValueError(message)
        return numbers

    def run(self, fixed: Any, examples: Any) -> tuple[Any, Any]:
        """Run the program that is expected to be faster."""
        if self.prefers_scalars(len(examples)):
            return self.one_by_one(fixed.tolist(), examples.tolist())
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise", under="ignore"):
                return self.arrays.run(fixed, examples)
        except FloatingPointError:
            self.find_error(fixed.tolist(), examples.tolist())
            return self.run_at_edges(fixed, examples)

    def prefers_scalars(self, n: int) -> bool:
        """Tell whether plain Python is expected to be faster for ``n`` examples than NumPy."""
        return n * self.n_operands * OPERAND_TIME < len(self.plan.groups) * GROUP_TIME

    def one_by_one(self, fixed: list[float], examples: list[list[float]]) -> tuple[Any, Any]:
        """Run the plain Python program for one example after the other."""
        losses, gradient = np.empty(len(examples)), np.zeros(len(fixed))
        for i, example in enumerate(examples):
            try:
                losses[i], more = self.scalars.run(fixed, example)
            except (ArithmeticError, ValueError):
                self.find_error(fixed, [example], i)
                (losses[i],), more = self.run_at_edges(np.array(fixed), np.array([example]))
            gradient += more
        return losses, gradient

    def run_at_edges(self, fixed: Any, examples: Any) -> tuple[Any, Any]:
        """Run although a derivative does not exist; it becomes inf or nan, as in the engine."""
        with np.errstate(all="ignore"):
            return self.arrays.run(fixed, examples)

    def find_error(self, fixed: list[float], examples: list[list[float]], first: int = 0) -> None:
        """Raise the error of the operation that fails, as the engine does, and name the example."""
        for i, example in enumerate(examples, start=first):
            data: dict[int, float] = dict(enumerate(example))
            for x, (op, operands) in self.graph.operations.items():
                numbers = [fixed[~y] if y < 0 else data[y] for y in operands]
                try:
                    data[x] = float(op.forward(*op.nested(numbers)))
                except (ArithmeticError, ValueError) as error:
                    failure = op.failure(error, op.nested(numbers))
                    message = f"{failure} (in example {i}, counted from 0)"
                    raise type(failure)(message) from None


def as_array(given: Any) -> Any:
    """Return numbers as a NumPy array of floats.

    >>> as_array([[1, True], [0.5, -2]]).tolist()
    [[1.0, 1.0], [0.5, -2.0]]
    """
    try:
        array = np.asarray(given)
        if array.dtype.kind not in "biuf":  # e.g. Fractions; raises for None and strings
            array = np.frompyfunc(lambda x: float(number(x)), 1, 1)(array)
        return np.asarray(array, dtype=float)
    except TypeError as error:
        message = f"replay: {error}"
        raise TypeError(message) from None
    except ValueError as error:
        message = f"replay: all rows must have the same length: {error}"
        raise ValueError(message) from None


@contextmanager
def no_collection() -> Iterator[None]:
    """Pause the garbage collector, which would scan the many new objects again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
