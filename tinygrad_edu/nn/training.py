"""Training: forward, backward, update, over and over (B5, B6, C1, D2).

>>> from tinygrad_edu import MLP
>>> from tinygrad_edu.nn import accuracy, data, losses, optimisers
>>> mlp = MLP(2, [4, 1], output_activation="sigmoid", seed=0)
>>> optimiser = optimisers.Adam(mlp.parameters(), lr=0.1)
>>> history = fit(mlp, data.XOR, losses.binary_cross_entropy, optimiser, epochs=100)
>>> accuracy(mlp, data.XOR)
1.0
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from random import Random
from typing import Any, NamedTuple

from tinygrad_edu.nn.batches import Record, Replay, batches, pairs
from tinygrad_edu.nn.optimisers import Optimiser
from tinygrad_edu.nn.progress import progress_bar
from tinygrad_edu.nn.settings import plural, random_source, whole
from tinygrad_edu.support.given import quoted

__all__ = ["History", "Step", "fit"]


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
    >>> from tinygrad_edu import Value
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
