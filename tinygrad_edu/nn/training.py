"""Training: forward, backward, update, over and over (B5, B6, C1, D2).

>>> from tinygrad_edu import MLP
>>> from tinygrad_edu.nn import data, losses, optimisers
>>> mlp = MLP(2, [4, 1], output_activation="sigmoid", seed=0)
>>> optimiser = optimisers.Adam(mlp.parameters(), lr=0.1)
>>> history = fit(mlp, data.XOR, losses.binary_cross_entropy, optimiser, epochs=100)
>>> accuracy(mlp, data.XOR)
1.0
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from random import Random
from typing import Any, NamedTuple

from tinygrad_edu.engine import ancestors
from tinygrad_edu.nn.module import Module
from tinygrad_edu.nn.optimisers import Optimiser
from tinygrad_edu.nn.settings import plural, random_source, whole
from tinygrad_edu.recorder import takes_gradient
from tinygrad_edu.support.given import quoted
from tinygrad_edu.table import total
from tinygrad_edu.value import Value

__all__ = ["History", "Step", "accuracy", "batches", "fit", "predicted_class"]


class Step(NamedTuple):
    """One step of training: forward, backward, update."""

    epoch: int
    """Counted from 1."""
    iteration: int
    """Within the epoch, counted from 1."""
    loss: float
    """The mean loss of the batch, before the update."""
    size: int
    """How many examples the batch had."""
    rate: float
    """The learning rate."""


@dataclass
class History:
    """What happened in training.

    >>> history = History([Step(1, 1, 3.0, 2, 0.1), Step(1, 2, 1.5, 1, 0.1)])
    >>> history
    1 epoch, 2 steps: loss 2.5 in the first epoch, 2.5 in the last
    >>> history.losses, history.epoch_losses
    ([3.0, 1.5], [2.5])
    """

    steps: list[Step] = field(default_factory=list)
    interrupted: bool = False
    """Whether Ctrl-C ended it."""

    @property
    def losses(self) -> list[float]:
        """The mean loss of the batch of every step."""
        return [step.loss for step in self.steps]

    @property
    def epoch_losses(self) -> list[float]:
        """The mean loss of the examples of every epoch."""
        means = []
        for _, group in groupby(self.steps, key=attrgetter("epoch")):
            steps = list(group)
            means.append(sum(s.loss * s.size for s in steps) / sum(s.size for s in steps))
        return means

    def __repr__(self) -> str:
        """Return the history in a line."""
        if not self.steps:
            return "no step" + ", interrupted" * self.interrupted
        means = self.epoch_losses
        counts = f"{plural(len(means), 'epoch')}, {plural(len(self.steps), 'step')}"
        losses = f"loss {means[0]:.4g} in the first epoch, {means[-1]:.4g} in the last"
        return f"{counts}: {losses}" + ", interrupted" * self.interrupted


def fit(
    model: Callable[[Any], Any],
    data: Iterable[tuple[Any, Any]],
    loss: Callable[[Any, Any], Any],
    optimiser: Optimiser,
    *,
    epochs: int,
    batch_size: int | None = None,
    seed: int | Random = 0,
    callback: Callable[[Step], object] | None = None,
    progress: bool | None = None,
    replay: bool = False,
) -> History:
    """Train a model, and return the history of it.

    Args:
        model: a function of an input, such as an MLP.
        data: the examples: pairs of an input and a target.
        loss: a function of a prediction and a target: the loss of one example. A step goes down
            the gradient of its mean over the batch, so it is divided by the batch's own size (B6).
        optimiser: moves the parameters of the model.
        epochs: how many times to go through all examples.
        batch_size: how many examples to a step: None for all of them (batch gradient descent), 1
            for stochastic gradient descent, anything between for mini-batches (B6).
        seed: of the order in which the examples are drawn, anew for each epoch; a
            ``random.Random`` goes on from where it was in an earlier call.
        callback: is given every :class:`Step` after its update; returns True to end the training,
            False or None to go on.
        progress: whether to show a bar (with tqdm); left out: on a terminal only.
        replay: record model and loss once, and run them for whole batches as array code (needs
            NumPy): the same steps up to rounding, and much faster. What decides by a number on the
            way raises RuntimeError then.

    Ctrl-C ends the training and returns the history so far; the parameters stay as the last full
    step left them. The same holds after an error.

    Raises FloatingPointError where the loss or a gradient is nan or infinite; the message names the
    first operation that made it so. ValueError for no data and a batch size below 1. TypeError
    for data that are no pairs, and if the loss does not depend on all parameters that the optimiser
    moves: they may be those of another model.

    >>> from tinygrad_edu.nn import optimisers
    >>> w = Value(0.0)
    >>> line = [(x, 3 * x) for x in range(10)]
    >>> sgd = optimisers.SGD([w], lr=0.01)
    >>> fit(lambda x: w * x, line, lambda a, y: (a - y) ** 2, sgd, epochs=5, batch_size=4)
    5 epochs, 15 steps: loss 124.9 in the first epoch, 2.249e-08 in the last
    """
    examples = pairs("fit", data)
    size = len(examples) if batch_size is None else whole("batch_size", batch_size)
    rng = random_source(seed)
    history = History()
    bar = progress_bar(
        whole("epochs", epochs, least=0) * math.ceil(len(examples) / size), show=progress
    )
    try:
        gradients = (Replay if replay else Record)(model, loss, optimiser, examples)
        for epoch in range(1, epochs + 1):
            for iteration, batch in enumerate(batches(range(len(examples)), size, rng), start=1):
                cost = gradients(batch)
                rate = optimiser.rate
                optimiser.step()
                step = Step(epoch, iteration, cost, len(batch), rate)
                history.steps.append(step)
                bar.set_postfix(loss=f"{step.loss:.4g}", refresh=False)
                bar.update()
                if callback is not None and is_end(callback(step)):
                    return history
    except KeyboardInterrupt:
        history.interrupted = True
    finally:
        bar.close()
    return history


def is_end(answer: Any) -> bool:
    """Tell whether what a callback returns ends the training: only True does, NumPy's included.

    Anything else is a by-product of what the callback does. Raises TypeError for several booleans.

    >>> import numpy
    >>> is_end(numpy.bool_(True)), is_end(None), is_end(0.25)
    (True, False, False)
    """
    if getattr(answer, "ndim", None) is None:
        return answer is True
    if answer.ndim == 0:
        return answer.item() is True
    message = "fit: a callback returns True to end the training, and False or None to go on, not "
    message += f"{quoted(answer)}; write .any() or .all()"
    raise TypeError(message)


class Record:
    """Forward and backward pass for a batch, recorded anew each time."""

    def __init__(
        self,
        model: Callable[[Any], Any],
        loss: Callable[[Any, Any], Any],
        optimiser: Optimiser,
        examples: Sequence[tuple[Any, Any]],
    ) -> None:
        """Keep what is needed."""
        self.model, self.loss, self.optimiser = model, loss, optimiser
        self.examples = examples
        self.begun = False

    def __call__(self, batch: Sequence[int]) -> float:
        """Set the gradients to those of the mean loss of a batch, and return that loss."""
        try:
            cost = mean_loss(self.model, [self.examples[i] for i in batch], self.loss)
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


class Replay(Record):
    """The same, recorded once."""

    @cached_property
    def replayed(self) -> Callable[[Sequence[int]], float]:
        """The model and the loss of every example, as programs."""
        from tinygrad_edu.nn.replaying import Replayed  # noqa: PLC0415 - it needs NumPy

        found = Replayed(self.model, self.loss, self.optimiser.parameters, self.examples)
        require_parameters(found.reached(), self.optimiser)
        return found

    def __call__(self, batch: Sequence[int]) -> float:
        """Set the gradients to those of the mean loss of a batch, and return that loss."""
        replayed = self.replayed
        try:
            cost = replayed(batch)
        except (ArithmeticError, ValueError):
            return super().__call__(batch)
        gradients = [p.grad for p in self.optimiser.parameters]
        if math.isfinite(cost) and all(map(math.isfinite, gradients)):
            return cost
        return super().__call__(batch)  # which says where it began


def mean_loss(
    model: Callable[[Any], Any], batch: Sequence[tuple[Any, Any]], loss: Callable[[Any, Any], Any]
) -> Value:
    """Return the mean loss of the examples of a batch."""
    cost = total([loss(model(x), y) for x, y in batch]) / len(batch)
    if not takes_gradient(cost):
        message = f"fit: the loss does not depend on any parameter: {cost!r}"
        raise TypeError(message)
    cost.label = "L"
    return cost  # type: ignore[no-any-return]  # a Value, as just seen


def require_parameters(behind: AbstractSet[Value], optimiser: Optimiser) -> None:
    """Raise TypeError unless all that the optimiser moves lies behind the loss."""
    strangers = [p for p in optimiser.parameters if p not in behind]
    if strangers:
        message = (
            f"fit: the loss does not depend on {len(strangers)} of the "
            f"{len(optimiser.parameters)} parameters that the optimiser moves, such as "
            f"{strangers[0]!r}: do they belong to another model?"
        )
        raise TypeError(message)


def pairs(name: str, data: Iterable[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """Return data as a list; raise an error if they are none, or no pairs."""
    examples = list(data)
    if not examples:
        message = f"{name}: there are no data"
        raise ValueError(message)
    if not all(hasattr(example, "__len__") and len(example) == 2 for example in examples):
        message = f"{name}: data are pairs of an input and a target, as in zip(inputs, targets)"
        raise TypeError(message)
    return examples


def batches(data: Sequence[Any], size: int, rng: Random) -> Iterator[list[Any]]:
    """Yield the examples in batches of a size, drawn at random; the last may be smaller (B6).

    A batch of all of them keeps their order. Raises ValueError for a size below 1.

    >>> [len(batch) for batch in batches(range(1000), 200, Random(0))]
    [200, 200, 200, 200, 200]
    >>> list(batches(range(5), 2, Random(0)))
    [[3, 4], [0, 1], [2]]
    """
    whole("batch_size", size)
    examples = list(data) if size >= len(data) else rng.sample(list(data), len(data))
    for start in range(0, len(examples), size):
        yield examples[start : start + size]


# --- when numbers leave the finite ----------------------------------------------------------------


def require_finite(cost: Value, optimiser: Optimiser) -> None:
    """Raise FloatingPointError if a loss or a gradient is nan or infinite; say where it began."""
    if math.isfinite(cost.data) and all(math.isfinite(p.grad) for p in optimiser.parameters):
        return
    from tinygrad_edu.explain.nonfinite import (  # noqa: PLC0415 - pictures come with it
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


# --- what a trained network says ------------------------------------------------------------------


def predicted_class(output: Any, threshold: float = 0.5) -> int:
    """Return the class that an output stands for (B3).

    Raises ValueError for nan, which stands for none.

    Args:
        output: a list with a number for each class, of which the largest wins; or one number
            (or a list of one), which stands for class 1 from the threshold on, for class 0 below.
        threshold: 1/2 for a probability, 0 for a logit or for targets of -1 and 1.

    >>> predicted_class([0.1, 0.7, 0.2]), predicted_class(0.5), predicted_class(0.4)
    (1, 1, 0)
    """
    outputs = list(output) if hasattr(output, "__len__") else [output]
    if any(math.isnan(x) for x in outputs):
        message = f"predicted_class: nan among the outputs {output!r}"
        raise ValueError(message)
    if len(outputs) == 1:
        return int(outputs[0] >= threshold)
    return max(range(len(outputs)), key=outputs.__getitem__)


def accuracy(
    model: Callable[[Any], Any], data: Iterable[tuple[Any, Any]], threshold: float = 0.5
) -> float:
    """Return the fraction of the examples that a model puts into the right class.

    Args:
        model: a function of an input, such as an MLP, which is frozen first.
        data: pairs of an input and a target: a class, or a list with a number for each class; for
            a model with one output 0 and 1, or -1 and 1.
        threshold: where the output of the model, if it is one number, changes the class: 1/2 for
            a probability, 0 for a logit (a network that ends in the identity).

    Raises ValueError for no data, and for targets that are no classes.

    >>> accuracy(lambda x: x, [(0.9, 1), (0.2, 0), (0.3, 1), (0.6, 1)])
    0.75
    """
    if isinstance(model, Module):
        model = model.frozen()
    examples = pairs("accuracy", data)
    right = 0
    for x, target in examples:
        output = model(x)
        several = hasattr(output, "__len__") and len(output) > 1
        true = true_class(target, several=several)
        right += predicted_class(output, threshold) == true
    return right / len(examples)


def true_class(target: Any, *, several: bool) -> int:
    """Return the class that a target stands for, beside one output or several."""
    if hasattr(target, "__len__") and len(target) > 1:
        return predicted_class(target)
    number = target[0] if hasattr(target, "__len__") else target
    if several:
        return whole("accuracy: a class", number, least=0)
    if not -1 <= number <= 1:
        message = f"accuracy: the target {target!r} stands for no class"
        raise ValueError(message)
    return predicted_class(number)


# --- while it runs --------------------------------------------------------------------------------


class NoBar:
    """Shows nothing."""

    def set_postfix(self, **_: Any) -> None:
        """Show nothing."""

    def update(self) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Show nothing."""


def progress_bar(steps: int, *, show: bool | None) -> Any:
    """Return a bar of tqdm; left to itself it shows on a terminal only, if tqdm is there."""
    if show is False or (show is None and not (sys.stderr and sys.stderr.isatty())):
        return NoBar()
    try:
        from tqdm import tqdm  # noqa: PLC0415 - an optional extra
    except ImportError:
        if show is None:
            return NoBar()
        message = "fit: a progress bar needs tqdm: pip install tqdm"
        raise ImportError(message) from None
    return tqdm(total=steps, unit="step")
