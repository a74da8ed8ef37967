"""Batch, mini-batch and stochastic gradient descent, by one setting (B5, B6, D2).

An epoch goes through all examples, an iteration takes a step for one batch of them. The size of a
batch is all that tells the three apart: all examples, some, or one.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

from tinygrad_edu.gradient import grad
from tinygrad_edu.nn import MLP, SGD, History, Iteration, Neuron, fit
from tinygrad_edu.nn.data import XOR, Examples, moons
from tinygrad_edu.nn.losses import binary_cross_entropy, mse

EXAMPLES = moons(20)
EPOCHS, LEARNING_RATE = 20, 0.3
SHOWN = (0, 1, 5, EPOCHS)


class Descent(NamedTuple):
    """What came of training."""

    history: History
    losses: list[float]
    """The mean loss of all examples, before the first step and after every one."""

    @property
    def uphill(self) -> int:
        """How many steps made the mean loss of all examples larger."""
        return sum(after > before for before, after in pairwise(self.losses))


def network() -> MLP:
    """Return a network with random weights and biases 1 (B5).

    >>> [layer.b for layer in network().layers]
    [[1.0, 1.0, 1.0], [1.0]]
    """
    return MLP(2, [3, 1], output_activation="sigmoid", initialisation="lecture")


def mean_loss(mlp: MLP, examples: Examples = EXAMPLES) -> Any:
    """Return the mean loss of all examples: a Value, or of a frozen network a number."""
    outputs, targets = [mlp(x) for x, _ in examples], [y for _, y in examples]
    return binary_cross_entropy(outputs, targets)


def descend(batch_size: int | None, epochs: int = EPOCHS) -> Descent:
    """Train the network in batches of a size; None is all examples at once.

    >>> [len(descend(size, epochs=1).history.iterations) for size in (None, 8, 1)]
    [1, 3, 20]
    """
    mlp = network()
    losses = [mean_loss(mlp.frozen())]
    history = fit(
        mlp,
        EXAMPLES,
        binary_cross_entropy,
        SGD(mlp.parameters(), LEARNING_RATE),
        epochs=epochs,
        batch_size=batch_size,
        callback=lambda _: losses.append(mean_loss(mlp.frozen())),
    )
    return Descent(history, losses)


def one_epoch(n_examples: int, batch_size: int) -> list[Iteration]:
    """Return the iterations of an epoch for a neuron that learns y = 2x + 1.

    >>> [iteration.size for iteration in one_epoch(1000, 200)]
    [200, 200, 200, 200, 200]
    """
    line = [((k / n_examples,), 2 * k / n_examples + 1) for k in range(n_examples)]
    neuron = Neuron(1, "identity", initialisation="lecture")
    sgd = SGD(neuron.parameters(), lr=0.5)
    return fit(neuron, line, mse, sgd, epochs=1, batch_size=batch_size).iterations


def gradient_descent(mlp: MLP, examples: Examples, max_iterations: int = 1000) -> None:
    """Run the algorithm of lecture D: θ ← θ - η ∇θ, by all examples in every iteration (D2).

    >>> mlp = network()
    >>> gradient_descent(mlp, XOR, max_iterations=1)
    >>> mean_loss(mlp, XOR).data < mean_loss(network(), XOR).data
    True
    """
    theta = mlp.parameters()
    for _ in range(max_iterations):
        for p, gradient in zip(theta, grad(mean_loss(mlp, examples), theta), strict=True):
            p.data -= LEARNING_RATE * gradient


def report() -> str:
    """Return how epochs, batches and iterations count, and how the descents went, as text."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "Batch, mini-batch and stochastic gradient descent, from biases 1 (B5, B6)"
    yield "\n  One epoch of 1000 examples"
    for size in (1000, 200, 300, 1):
        iterations = one_epoch(1000, size)
        count, last = len(iterations), iterations[-1].size
        yield f"    batch size {size:>4}: iterations {count:>4}, size of the last {last:>4}"

    n = len(EXAMPLES)
    yield f"\n  {EPOCHS} epochs of {n} examples, learning rate {LEARNING_RATE}"
    yield f"  {'':<12}batch  iterations      mean loss after epoch            steps"
    yield f"  {'':<12} size    an epoch{''.join(f'{epoch:>8}' for epoch in SHOWN)}       uphill"
    kinds: dict[str, int | None] = {"batch": None, "mini-batch": 8, "stochastic": 1}
    for kind, batch_size in kinds.items():
        descent = descend(batch_size)
        count = len(descent.history.iterations)
        losses = "".join(f"{descent.losses[epoch * count // EPOCHS]:>8.4f}" for epoch in SHOWN)
        uphill = f"{descent.uphill} of {count}"
        yield f"  {kind:<12}{batch_size or n:>5}{count // EPOCHS:>12}{losses}{uphill:>13}"
    yield "  Small batches make more steps an epoch, so the loss falls sooner. But a step downhill"
    yield "  for a few examples may lead uphill for all: the smaller the batch, the noisier."

    yield "\n  The loop of lecture D: θ ← θ − η ∇θ, by all examples each time (D2)"
    for what, examples, limit in (("these", EXAMPLES, EPOCHS), ("XOR", XOR, 1000)):
        gradient_descent(mlp := network(), examples, limit)
        yield f"    on {what:<5} loss {mean_loss(mlp, examples):.4f} after {limit} iterations"
    yield "  It is batch gradient descent, the first row above: an iteration is an epoch."
