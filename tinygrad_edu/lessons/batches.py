"""Batch, mini-batch and stochastic gradient descent, by one setting (B5, B6, D2).

An epoch goes through all examples; an iteration takes one step for one batch of them. The three
methods differ only in the size of a batch: all examples, some of them, or one.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

from tinygrad_edu.gradient import grad
from tinygrad_edu.nn import MLP, SGD, History, Iteration, Neuron, fit
from tinygrad_edu.nn.data import XOR, Examples, moons
from tinygrad_edu.nn.losses import binary_cross_entropy, mse

MOONS = moons(20)
EPOCHS, LEARNING_RATE = 20, 0.3
EPOCHS_SHOWN = (0, 1, 5, EPOCHS)


class Descent(NamedTuple):
    """The result of training."""

    history: History
    losses: list[float]
    """The mean loss of all examples, before the first step and after every step."""

    @property
    def uphill(self) -> int:
        """The number of steps that made the mean loss of all examples larger."""
        return sum(after > before for before, after in pairwise(self.losses))


def network() -> MLP:
    """Return a network with random weights and biases of 1 (B5).

    >>> [layer.b for layer in network().layers]
    [[1.0, 1.0, 1.0], [1.0]]
    """
    return MLP(2, [3, 1], output_activation="sigmoid", initialisation="lecture")


def loss_of_all(mlp: MLP, examples: Examples = MOONS) -> Any:
    """Return the mean loss of all examples: a Value, or a number for a frozen network."""
    outputs, targets = [mlp(x) for x, _ in examples], [y for _, y in examples]
    return binary_cross_entropy(outputs, targets)


def descend(batch_size: int | None, epochs: int = EPOCHS) -> Descent:
    """Train the network with batches of the given size; None puts all examples into one batch.

    >>> [len(descend(size, epochs=1).history.iterations) for size in (None, 8, 1)]
    [1, 3, 20]
    """
    mlp = network()
    losses = [loss_of_all(mlp.frozen())]
    history = fit(
        mlp,
        MOONS,
        binary_cross_entropy,
        SGD(mlp.parameters(), LEARNING_RATE),
        epochs=epochs,
        batch_size=batch_size,
        callback=lambda _: losses.append(loss_of_all(mlp.frozen())),
    )
    return Descent(history, losses)


def one_epoch(n_examples: int, batch_size: int) -> list[Iteration]:
    """Return the iterations of one epoch of a neuron that learns y = 2x + 1.

    >>> [iteration.size for iteration in one_epoch(1000, 200)]
    [200, 200, 200, 200, 200]
    """
    line = [((k / n_examples,), 2 * k / n_examples + 1) for k in range(n_examples)]
    neuron = Neuron(1, "identity", initialisation="lecture")
    sgd = SGD(neuron.parameters(), lr=0.5)
    return fit(neuron, line, mse, sgd, epochs=1, batch_size=batch_size).iterations


def lecture_loop(mlp: MLP, examples: Examples, max_iterations: int = 1000) -> None:
    """Run gradient descent as lecture D writes it: θ ← θ - η ∇θ, each time for all examples (D2).

    >>> mlp = network()
    >>> lecture_loop(mlp, XOR, max_iterations=1)
    >>> loss_of_all(mlp, XOR).data < loss_of_all(network(), XOR).data
    True
    """
    theta = mlp.parameters()
    for _ in range(max_iterations):
        for p, gradient in zip(theta, grad(loss_of_all(mlp, examples), theta), strict=True):
            p.data -= LEARNING_RATE * gradient


def report() -> str:
    """Return the numbers of iterations in an epoch, and the losses of the descents, as text."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "Batch, mini-batch and stochastic gradient descent; biases start at 1 (B5, B6)"
    yield "\n  One epoch of 1000 examples"
    for size in (1000, 200, 300, 1):
        iterations = one_epoch(1000, size)
        count, last = len(iterations), iterations[-1].size
        yield f"    batch size {size:>4}: iterations {count:>4}, size of the last {last:>4}"

    n = len(MOONS)
    yield f"\n  {EPOCHS} epochs of {n} examples, learning rate {LEARNING_RATE}"
    yield f"  {'':<12}batch  iterations      mean loss after epoch            steps"
    epochs = "".join(f"{epoch:>8}" for epoch in EPOCHS_SHOWN)
    yield f"  {'':<12} size    an epoch{epochs}       uphill"
    kinds: dict[str, int | None] = {"batch": None, "mini-batch": 8, "stochastic": 1}
    for kind, batch_size in kinds.items():
        descent = descend(batch_size)
        count = len(descent.history.iterations)
        at = (epoch * count // EPOCHS for epoch in EPOCHS_SHOWN)
        losses = "".join(f"{descent.losses[i]:>8.4f}" for i in at)
        uphill = f"{descent.uphill} of {count}"
        yield f"  {kind:<12}{batch_size or n:>5}{count // EPOCHS:>12}{losses}{uphill:>13}"
    yield "  With small batches an epoch has more steps, so the loss falls sooner. But a step that"
    yield "  goes downhill for a few examples may go uphill for all: small batches are noisy."

    yield "\n  The loop of lecture D: θ ← θ − η ∇θ, each time for all examples (D2)"
    for what, examples, limit in (("moons", MOONS, EPOCHS), ("XOR", XOR, 1000)):
        lecture_loop(mlp := network(), examples, limit)
        yield f"    on {what:<5} loss {loss_of_all(mlp, examples):.4f} after {limit} iterations"
    yield "  It is batch gradient descent, the first row above: an iteration is an epoch."
