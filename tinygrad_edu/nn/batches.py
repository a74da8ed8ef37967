"""The mean loss of a batch and its gradients, recorded anew for each batch or replayed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from random import Random
from typing import Any

from tinygrad_edu.engine import ancestors
from tinygrad_edu.nn.lists import is_list
from tinygrad_edu.nn.optimisers import Optimiser
from tinygrad_edu.nn.settings import require_differentiable, whole_number
from tinygrad_edu.table import total
from tinygrad_edu.value import Value

__all__ = ["RecordedBatches", "ReplayedBatches", "batches", "example_pairs"]


class RecordedBatches:
    """The mean loss of a batch and its gradients: the graph is recorded anew for each batch."""

    def __init__(
        self,
        model: Callable[[Any], Any],
        loss: Callable[[Any, Any], Any],
        optimiser: Optimiser,
        examples: Sequence[tuple[Any, Any]],
    ) -> None:
        """Keep the model, the loss, the optimiser and the examples."""
        self.model, self.loss, self.optimiser = model, loss, optimiser
        self.examples = examples
        self.begun = False

    def __call__(self, batch: Sequence[int]) -> float:
        """Set the gradients to those of the mean loss of a batch, and return that loss."""
        try:
            cost = recorded_mean_loss(self.model, [self.examples[i] for i in batch], self.loss)
        except OverflowError as error:
            message = f"fit: the loss overflows: {error}. No parameter has changed in this step."
            raise FloatingPointError(message) from None
        if not self.begun:
            require_parameters(set(ancestors(cost)), self.optimiser)
        self.begun = True
        self.optimiser.zero_grad()
        cost.backward()
        require_finite(cost, self.optimiser)
        return float(cost)


class ReplayedBatches(RecordedBatches):
    """The mean loss of a batch and its gradients, by programs that are recorded only once."""

    @cached_property
    def programs(self) -> Callable[[Sequence[int]], float]:
        """The model and the loss of every example, as programs."""
        from tinygrad_edu.nn.replaying import BatchPrograms  # noqa: PLC0415 - it needs NumPy

        found = BatchPrograms(self.model, self.loss, self.optimiser.parameters, self.examples)
        require_parameters(found.reached(), self.optimiser)
        return found

    def __call__(self, batch: Sequence[int]) -> float:
        """Set the gradients to those of the mean loss of a batch, and return that loss.

        Where a program fails or its results are not finite, the batch is recorded instead: the
        error of the recording names the operation where it began.
        """
        programs = self.programs
        try:
            cost = programs(batch)
        except (ArithmeticError, ValueError):
            return super().__call__(batch)
        gradients = [p.grad for p in self.optimiser.parameters]
        if math.isfinite(cost) and all(map(math.isfinite, gradients)):
            return cost
        return super().__call__(batch)


def recorded_mean_loss(
    model: Callable[[Any], Any], batch: Sequence[tuple[Any, Any]], loss: Callable[[Any, Any], Any]
) -> Value:
    """Return the mean loss of the examples of a batch, as a Value with the label L."""
    cost = total([loss(model(x), y) for x, y in batch]) / len(batch)
    require_differentiable(cost)
    cost.label = "L"
    return cost  # type: ignore[no-any-return]  # a Value, as was just checked


def require_parameters(behind: AbstractSet[Value], optimiser: Optimiser) -> None:
    """Raise TypeError unless the loss depends on every parameter that the optimiser moves.

    Args:
        behind: every Value that the loss was computed from.
        optimiser: moves the parameters.
    """
    strangers = [p for p in optimiser.parameters if p not in behind]
    if strangers:
        message = (
            f"fit: the loss does not depend on {len(strangers)} of the "
            f"{len(optimiser.parameters)} parameters that the optimiser moves, such as "
            f"{strangers[0]!r}: do they belong to another model?"
        )
        raise TypeError(message)


def example_pairs(name: str, data: Iterable[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """Return the examples as a list.

    Raises ValueError if there are none, and TypeError if one of them is not a pair.
    """
    examples = list(data)
    if not examples:
        message = f"{name}: there are no data"
        raise ValueError(message)
    if not all(is_list(example) and len(example) == 2 for example in examples):
        message = f"{name}: data must be pairs of an input and a target, as in zip(inputs, targets)"
        raise TypeError(message)
    return examples


def batches(data: Sequence[Any], size: int, rng: Random) -> Iterator[list[Any]]:
    """Yield the examples in batches, drawn at random; the last batch may be smaller (B6).

    A batch of all examples keeps their order. Raises ValueError for a size below 1.

    >>> [len(batch) for batch in batches(range(1000), 200, Random(0))]
    [200, 200, 200, 200, 200]
    >>> list(batches(range(5), 2, Random(0)))
    [[3, 4], [0, 1], [2]]
    """
    whole_number("batch_size", size)
    examples = list(data) if size >= len(data) else rng.sample(list(data), len(data))
    for start in range(0, len(examples), size):
        yield examples[start : start + size]


def require_finite(cost: Value, optimiser: Optimiser) -> None:
    """Raise FloatingPointError if a loss or a gradient is nan or infinite; say where it began."""
    if math.isfinite(cost.data) and all(math.isfinite(p.grad) for p in optimiser.parameters):
        return
    from tinygrad_edu.explain.nonfinite import (  # noqa: PLC0415 - it loads the explanations
        first_nonfinite,
        first_nonfinite_gradient,
    )

    if not math.isfinite(cost.data):
        message = f"fit: the loss is {cost.data}: {first_nonfinite(cost)}"
    else:
        found = first_nonfinite_gradient(cost) or "a sum of gradients overflows"
        message = f"fit: a gradient is not finite, though the loss is: {found}"
    message += ". No parameter has changed in this step."
    raise FloatingPointError(message)
