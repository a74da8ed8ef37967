"""Training: forward pass, backward pass and update, again and again (B5, B6, C1, D2).

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

from tinygrad_edu.nn.batches import RecordedBatches, ReplayedBatches, batches, example_pairs
from tinygrad_edu.nn.optimisers import Optimiser
from tinygrad_edu.nn.settings import plural, random_source, whole_number
from tinygrad_edu.support.given import quoted
from tinygrad_edu.support.progress import progress_bar

__all__ = ["History", "Iteration", "fit"]


class Iteration(NamedTuple):
    """One iteration of training (B6): forward pass, backward pass and update for one batch."""

    epoch: int
    """The number of the epoch, counted from 1."""
    number: int
    """The number of the iteration within its epoch, counted from 1."""
    loss: float
    """The mean loss of the batch, before the update."""
    size: int
    """How many examples the batch had."""
    rate: float
    """The learning rate of the update."""


@dataclass
class History:
    """The history of a training: all its iterations.

    >>> history = History([Iteration(1, 1, 3.0, 2, 0.1), Iteration(1, 2, 1.5, 1, 0.1)])
    >>> history
    1 epoch, 2 iterations: loss 2.5 in the first epoch, 2.5 in the last
    >>> history.losses, history.epoch_losses
    ([3.0, 1.5], [2.5])
    """

    iterations: list[Iteration] = field(default_factory=list)
    interrupted: bool = False
    """Whether Ctrl-C ended the training."""

    @property
    def losses(self) -> list[float]:
        """The mean loss of the batch in every iteration."""
        return [iteration.loss for iteration in self.iterations]

    @property
    def epoch_losses(self) -> list[float]:
        """The mean loss over the examples of every epoch."""
        means = []
        for _, group in groupby(self.iterations, key=attrgetter("epoch")):
            of_epoch = list(group)
            n_examples = sum(iteration.size for iteration in of_epoch)
            means.append(sum(i.loss * i.size for i in of_epoch) / n_examples)
        return means

    def __repr__(self) -> str:
        """Return a summary in one line."""
        if not self.iterations:
            return "no iterations" + ", interrupted" * self.interrupted
        means = self.epoch_losses
        counts = f"{plural(len(means), 'epoch')}, {plural(len(self.iterations), 'iteration')}"
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
    callback: Callable[[Iteration], object] | None = None,
    progress: bool | None = None,
    replay: bool = False,
) -> History:
    """Train a model, and return the history of the training.

    Args:
        model: a function of an input, such as an MLP.
        data: the examples: pairs of an input and a target.
        loss: a function of a prediction and a target, which returns the loss of one example. An
            update uses the gradient of its mean over the batch, so the sum is divided by the
            batch's own size (B6).
        optimiser: moves the parameters of the model.
        epochs: how many times to go through all examples.
        batch_size: how many examples a batch has: None for all of them (batch gradient descent), 1
            for stochastic gradient descent, any number in between for mini-batches (B6).
        seed: the seed for the order of the examples, which is drawn anew in each epoch. A
            ``random.Random`` continues from its present state.
        callback: a function that is called with every :class:`Iteration` after its update. It
            returns True to end the training, and False or None to continue.
        progress: whether to show a progress bar, which needs tqdm; None shows it on a terminal.
        replay: whether to record the model and the loss only once, and to run them for whole
            batches as array code. This needs NumPy and is much faster; the results are the same up
            to rounding. A model that branches on a computed number raises RuntimeError.

    Ctrl-C ends the training and returns the history so far. After that, and after an error, the
    parameters are as the last complete iteration left them.

    Raises FloatingPointError if the loss or a gradient is nan or infinite; the message names the
    operation where it began. Raises ValueError if there are no data, and for a batch size below 1.
    Raises TypeError if the data are not pairs, and if the loss does not depend on every parameter
    that the optimiser moves: perhaps they belong to another model.

    >>> from tinygrad_edu.nn import optimisers
    >>> from tinygrad_edu import Value
    >>> w = Value(0.0)
    >>> line = [(x, 3 * x) for x in range(10)]
    >>> sgd = optimisers.SGD([w], lr=0.01)
    >>> fit(lambda x: w * x, line, lambda a, y: (a - y) ** 2, sgd, epochs=5, batch_size=4)
    5 epochs, 15 iterations: loss 124.9 in the first epoch, 2.249e-08 in the last
    """
    examples = example_pairs("fit", data)
    size = len(examples) if batch_size is None else whole_number("batch_size", batch_size)
    rng = random_source(seed)
    history = History()
    bar = progress_bar(
        whole_number("epochs", epochs, least=0) * math.ceil(len(examples) / size), show=progress
    )
    try:
        gradients = (ReplayedBatches if replay else RecordedBatches)(
            model, loss, optimiser, examples
        )
        for epoch in range(1, epochs + 1):
            for place, batch in enumerate(batches(range(len(examples)), size, rng), start=1):
                cost = gradients(batch)
                rate = optimiser.rate
                optimiser.step()
                iteration = Iteration(epoch, place, cost, len(batch), rate)
                history.iterations.append(iteration)
                bar.set_postfix(loss=f"{cost:.4g}", refresh=False)
                bar.update()
                if callback is not None and is_end(callback(iteration)):
                    return history
    except KeyboardInterrupt:
        history.interrupted = True
    finally:
        bar.close()
    return history


def is_end(answer: Any) -> bool:
    """Tell whether the answer of a callback ends the training: only True does, also that of NumPy.

    Any other answer is ignored, except that several booleans raise TypeError.

    >>> import numpy
    >>> is_end(numpy.bool_(True)), is_end(None), is_end(0.25)
    (True, False, False)
    """
    if getattr(answer, "ndim", None) is None:
        return answer is True
    if answer.ndim == 0:
        return answer.item() is True
    message = "fit: a callback must return True to end the training, or False or None to continue, "
    message += f"not {quoted(answer)}; write .any() or .all()"
    raise TypeError(message)
