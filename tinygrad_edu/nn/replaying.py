"""Training by replay: the model is recorded once, and run for whole batches as array code.

The loss of each example is recorded separately, on top of the model's outputs. Numbers that differ
between examples, such as targets, become inputs of the program. Examples whose losses have another
structure, for example because of another class, get a program of their own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from tinygrad_edu.nn.lists import as_list, is_list, scalar
from tinygrad_edu.nn.settings import require_differentiable
from tinygrad_edu.operation import number
from tinygrad_edu.programs.graph import Graph
from tinygrad_edu.programs.program import Replay
from tinygrad_edu.recorder import as_number
from tinygrad_edu.value import Value, recording

__all__ = ["BatchPrograms"]


class RecordedModel(NamedTuple):
    """The recording of the model."""

    inputs: list[Value]
    output: Any


class RecordedLoss(NamedTuple):
    """The recording of the loss of one example, on top of the model's outputs."""

    forward: RecordedModel
    structure: tuple[Any, ...]
    """Equal for losses that one program can compute."""
    constants: list[float]
    """The fixed numbers in it, in order."""
    graph: Graph


class BatchPrograms:
    """Programs that compute the mean loss of a batch and its gradients.

    Args:
        model: a function of an input, which is recorded once.
        loss: a function of a prediction and a target.
        parameters: the Values whose gradients are set.
        examples: all pairs of an input and a target.

    Raises RuntimeError if the model or the loss branches on a computed number. Raises ValueError if
    the inputs have different lengths, and if a program gives another loss than the model.
    """

    def __init__(
        self,
        model: Callable[[Any], Any],
        loss: Callable[[Any, Any], Any],
        parameters: Sequence[Value],
        examples: Sequence[tuple[Any, Any]],
    ) -> None:
        """Record the model and the loss of every example, and write the programs."""
        self.parameters = list(parameters)
        rows = [numbers_of(x) for x, _ in examples]
        if len({len(row) for row in rows}) > 1:
            message = "fit: for replay=True all inputs must have the same length"
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

    def forward(self, model: Callable[[Any], Any], x: Any) -> RecordedModel:
        """Record the model on an input."""
        inputs = [Value(entry) for entry in numbers_of(x)]
        return RecordedModel(inputs, model(inputs if is_list(x) else inputs[0]))

    def recorded(
        self,
        model: Callable[[Any], Any],
        loss: Callable[[Any, Any], Any],
        examples: Sequence[tuple[Any, Any]],
    ) -> Iterator[RecordedLoss]:
        """Record the loss of every example, on top of the last recording of the model.

        If that fails, the model is recorded again, on the input of this example. It fails, for
        example, if the recorded output gives probability 0 to the class of this example.
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

    def on_top_of(
        self, forward: RecordedModel, loss: Callable[[Any, Any], Any], y: Any
    ) -> RecordedLoss:
        """Record a loss, on new Values with the numbers of the outputs.

        A loss may also use other nodes of the model, such as a hidden neuron. Therefore the graph
        begins at the model's inputs, too, not only at its outputs.
        """
        leaves = [Value(as_number(x)) for x in as_list(forward.output)]
        cost = loss(leaves if is_list(forward.output) else leaves[0], y)
        require_differentiable(cost)
        graph = Graph(cost, [*leaves, *forward.inputs], self.parameters, each=True)
        return RecordedLoss(forward, structure_of(graph), graph.constants, graph)

    def program(self, loss: RecordedLoss, varying: Sequence[int]) -> Replay:
        """Return the program of the model and a loss.

        Args:
            loss: the recording of the loss.
            varying: the places of those constants that become inputs of the program.
        """
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
            batch: the places of its examples among all examples.
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
        """Return the parameters on which the loss of at least one example depends."""
        return {p for program in self.programs for p in program.graph.parameters_reached()}

    def verify(
        self, model: Callable[[Any], Any], loss: Callable[[Any, Any], Any], examples: Any
    ) -> None:
        """Raise ValueError unless the programs give single examples the same loss as the model."""
        for i, (x, y) in examples:
            which, row = self.place[i]
            try:
                with moved(self.parameters):
                    replayed, true = self.programs[which]([row]).losses[0], float(loss(model(x), y))
            except (ArithmeticError, ValueError):  # outside a domain; training will report it
                continue
            both_nan = math.isnan(replayed) and math.isnan(true)
            if not both_nan and not math.isclose(replayed, true, rel_tol=1e-9, abs_tol=1e-12):
                message = (
                    f"fit: with replay=True the loss of example {i} is {replayed}, but the model "
                    f"gives {true}: the model seems to read .data or to compare with ==; write "
                    "replay=False for it"
                )
                raise ValueError(message)


@contextmanager
def moved(parameters: Sequence[Value]) -> Iterator[None]:
    """Change the parameters for a while, so that numbers read from their data become noticeable."""
    before = [p.data for p in parameters]
    try:
        for p in parameters:
            p.data = float(p.data) * 1.001 + 0.001
        yield
    finally:
        for p, x in zip(parameters, before, strict=True):
            p.data = x


def structure_of(graph: Graph) -> tuple[Any, ...]:
    """Return the parts of two losses that must be equal so that one program can compute both.

    Operands that must be fixed numbers, such as an exponent, belong to the structure.
    """
    exponents = [
        graph.number(x)
        for node in graph.operations.values()
        for x, fixed in zip(node.operands, node.op.fixed_arguments(len(node.operands)), strict=True)
        if fixed
    ]
    return (tuple(graph.operations.items()), graph.root, *exponents)


def numbers_of(x: Any) -> list[float]:
    """Return an input as a list of numbers."""
    try:
        return [float(number(scalar(item))) for item in as_list(x)]
    except TypeError as error:
        message = f"fit: for replay=True an input must be a number or a list of numbers: {error}"
        raise TypeError(message) from None
