"""Training by replay: the model is recorded once, and run for whole batches as array code.

The loss of each example is recorded by itself, on top of the model's outputs. What examples have
different numbers in, such as targets, become inputs of the program; examples whose losses have
another structure, such as another class, get a program of their own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from tinygrad_edu.operation import number
from tinygrad_edu.programs.graph import Graph
from tinygrad_edu.programs.program import Replay
from tinygrad_edu.recorder import as_number, takes_gradient
from tinygrad_edu.value import Value, recording

__all__ = ["Replayed"]


class Forward(NamedTuple):
    """The model, as recorded."""

    inputs: list[Value]
    output: Any


class Loss(NamedTuple):
    """The loss of one example, as recorded on top of the model's outputs."""

    forward: Forward
    structure: tuple[Any, ...]
    """Equal for losses that can be computed together."""
    constants: list[float]
    """Each number in it, in order."""
    graph: Graph


class Replayed:
    """The mean loss of a batch and its gradients, by replay.

    Args:
        model: a function of an input, recorded once.
        loss: a function of a prediction and a target.
        parameters: the Values that take the gradients.
        examples: all pairs of an input and a target.

    Raises RuntimeError if the model or the loss decides by a number on the way, ValueError for
    inputs of different lengths, and where a replay does not give the losses that the model gives.
    """

    def __init__(
        self,
        model: Callable[[Any], Any],
        loss: Callable[[Any, Any], Any],
        parameters: Sequence[Value],
        examples: Sequence[tuple[Any, Any]],
    ) -> None:
        """Record everything."""
        self.parameters = list(parameters)
        rows = [numbers_of(x) for x, _ in examples]
        if len({len(row) for row in rows}) > 1:
            message = "fit: to be replayed, all inputs must have the same length"
            raise ValueError(message)
        with recording():
            losses = list(self.recorded(model, loss, examples))
        self.programs: list[Replay] = []
        self.place: list[tuple[int, list[float]]] = [(0, [])] * len(examples)
        groups: dict[Any, list[int]] = {}
        for i, of_example in enumerate(losses):
            groups.setdefault(of_example.structure, []).append(i)
        for members in groups.values():
            constants = [losses[i].constants for i in members]
            varying = [j for j, column in enumerate(zip(*constants, strict=True))
                       if len(set(column)) > 1]  # fmt: skip
            program = self.program(losses[members[0]], varying)
            for i, own in zip(members, constants, strict=True):
                self.place[i] = len(self.programs), rows[i] + [own[j] for j in varying]
            self.programs.append(program)
            self.verify(model, loss, [(i, examples[i]) for i in {members[0], members[-1]}])

    def forward(self, model: Callable[[Any], Any], x: Any) -> Forward:
        """Record the model on an input."""
        inputs = [Value(entry) for entry in numbers_of(x)]
        return Forward(inputs, model(inputs if hasattr(x, "__len__") else inputs[0]))

    def recorded(
        self,
        model: Callable[[Any], Any],
        loss: Callable[[Any, Any], Any],
        examples: Sequence[tuple[Any, Any]],
    ) -> Iterator[Loss]:
        """Record the loss of every example, on top of the last recording of the model.

        Where that is impossible, the model is recorded once more: it may have been certain of
        another class, so that this target would be infinitely wrong.
        """
        last, forward = 0, self.forward(model, examples[0][0])
        for i, (x, y) in enumerate(examples):
            found = None
            try:
                found = self.on_top_of(forward, loss, y)
            except (ArithmeticError, ValueError):
                if i == last:
                    raise
            if found is None:
                last, forward = i, self.forward(model, x)
                found = self.on_top_of(forward, loss, y)
            yield found

    def on_top_of(self, forward: Forward, loss: Callable[[Any, Any], Any], y: Any) -> Loss:
        """Record a loss, on new Values with the numbers of the outputs.

        A loss may also look into the model, at a hidden neuron for example: so what the inputs
        lead to is part of it.
        """
        leaves = [Value(as_number(x)) for x in as_list(forward.output)]
        cost = loss(leaves if hasattr(forward.output, "__len__") else leaves[0], y)
        if not takes_gradient(cost):
            message = f"fit: the loss does not depend on any parameter: {cost!r}"
            raise TypeError(message)
        graph = Graph(cost, [*leaves, *forward.inputs], self.parameters, each=True)
        return Loss(forward, structure_of(graph), graph.constants, graph)

    def program(self, loss: Loss, varying: Sequence[int]) -> Replay:
        """Return the program of the model and a loss, some constants of which are inputs, too."""
        inputs, output = loss.forward
        slots: list[Any] = list(loss.constants)
        for j in varying:
            slots[j] = Value(slots[j])
        fixed = [*self.parameters, *slots]
        made = [*as_list(output), *inputs]
        with recording():
            for op, operands in loss.graph.operations.values():
                given = [fixed[~x] if x < 0 else made[x] for x in operands]
                made.append(op.compute(op.nested(given)))
        return Replay(made[loss.graph.root], [*inputs, *(slots[j] for j in varying)],
                      self.parameters, "sum")  # fmt: skip

    def __call__(self, batch: Sequence[int]) -> float:
        """Set the gradients to those of the mean loss of a batch, and return that loss.

        Args:
            batch: which examples, by their places among all.
        """
        rows: dict[int, list[list[float]]] = {}
        for i in batch:
            which, row = self.place[i]
            rows.setdefault(which, []).append(row)
        outcomes = [self.programs[which](rows[which]) for which in rows]
        gradient = sum(outcome.gradient for outcome in outcomes) / len(batch)
        for p, g in zip(self.parameters, gradient.tolist(), strict=True):
            p.grad = g
        return float(sum(outcome.losses.sum() for outcome in outcomes) / len(batch))

    def reached(self) -> set[Value]:
        """Return the parameters that the loss of some example depends on."""
        return {p for program in self.programs for p in program.graph.parameters_reached()}

    def verify(
        self, model: Callable[[Any], Any], loss: Callable[[Any, Any], Any], examples: Any
    ) -> None:
        """Raise ValueError unless a replay of single examples gives what the model gives."""
        for i, (x, y) in examples:
            which, row = self.place[i]
            try:
                with moved(self.parameters):
                    replayed, true = self.programs[which]([row]).losses[0], float(loss(model(x), y))
            except (ArithmeticError, ValueError):  # outside of a domain; training will meet it
                continue
            both_nan = math.isnan(replayed) and math.isnan(true)
            if not both_nan and not math.isclose(replayed, true, rel_tol=1e-9, abs_tol=1e-12):
                message = (
                    f"fit: a replay gives example {i} the loss {replayed}, the model {true}: "
                    "it seems to read .data, or to compare for equality"
                )
                raise ValueError(message)


@contextmanager
def moved(parameters: Sequence[Value]) -> Iterator[None]:
    """Give parameters other numbers for a while: what was read from their data shows."""
    before = [p.data for p in parameters]
    try:
        for p in parameters:
            p.data = float(p.data) * 1.001 + 0.001
        yield
    finally:
        for p, x in zip(parameters, before, strict=True):
            p.data = x


def structure_of(graph: Graph) -> tuple[Any, ...]:
    """Return what two losses must have in common to be computed together.

    Numbers that are part of an operation by nature, such as an exponent, are part of it.
    """
    exponents = [
        graph.number(x)
        for node in graph.operations.values()
        for x, fixed in zip(node.operands, node.op.fixed_arguments(len(node.operands)), strict=True)
        if fixed
    ]
    return (tuple(graph.operations.items()), graph.root, *exponents)


def as_list(output: Any) -> list[Any]:
    """Return the outputs of a model as a list.

    >>> as_list([1.0, 2.0]), as_list(1.0)
    ([1.0, 2.0], [1.0])
    """
    return list(output) if hasattr(output, "__len__") else [output]


def numbers_of(x: Any) -> list[float]:
    """Return an input as a list of numbers."""
    try:
        return [float(number(item)) for item in (x if hasattr(x, "__len__") else [x])]
    except TypeError as error:
        message = f"fit: to be replayed, an input is a number or a list of numbers: {error}"
        raise TypeError(message) from None
