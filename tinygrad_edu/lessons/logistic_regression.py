"""A sigmoid neuron is logistic regression: same model, gradient and weights (A2).

Here logistic regression is written as in a book on statistics: in plain numbers, with a formula for
the gradient of the log loss, (a - y) x for the weights and a - y for the bias. The neuron does not
know this formula; the engine differentiates its loss. Both start with the same weights.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from tinygrad_edu.nn import SGD, History, Neuron, accuracy, fit
from tinygrad_edu.nn.data import Examples, blobs
from tinygrad_edu.nn.losses import binary_cross_entropy
from tinygrad_edu.table import total

CENTRES = ((-1.0, -1.0), (1.0, 1.0))
SPREAD = 1.0
DATA = blobs(100, CENTRES, SPREAD)
LEARNING_RATE = 1.0

# --- logistic regression --------------------------------------------------------------------------


def probability(theta: Sequence[float], x: Sequence[float]) -> float:
    """Return the probability of class 1 at x, given theta = w₁, w₂, b.

    >>> probability([2.0, 2.0, 0.0], [1.0, -1.0])
    0.5
    """
    *w, b = theta
    return 1 / (1 + math.exp(-sum(w_j * x_j for w_j, x_j in zip(w, x, strict=True)) - b))


def by_formula(theta: Sequence[float], examples: Examples) -> list[float]:
    """Return the gradient of the mean log loss: the means of (a - y) x₁, (a - y) x₂ and a - y.

    >>> by_formula([0.0, 0.0, 0.0], [((2.0, 4.0), 1)])
    [-1.0, -2.0, -0.5]
    """
    errors = [probability(theta, x) - y for x, y in examples]
    products = [
        [error * x_j for x_j in (*x, 1.0)] for error, (x, _) in zip(errors, examples, strict=True)
    ]
    return [sum(column) / len(examples) for column in zip(*products, strict=True)]


def by_hand(theta: Sequence[float], steps: int) -> list[float]:
    """Return w₁, w₂, b after some steps of gradient descent by the formula, from ``theta``."""
    for _ in range(steps):
        gradient = by_formula(theta, DATA)
        theta = [p - LEARNING_RATE * slope for p, slope in zip(theta, gradient, strict=True)]
    return list(theta)


# --- the sigmoid neuron ---------------------------------------------------------------------------


def start() -> Neuron:
    """Return the neuron before its training."""
    return Neuron(2, activation="sigmoid", seed=0)


def theta_of(neuron: Neuron) -> list[float]:
    """Return the parameters w₁, w₂, b of a neuron as numbers."""
    return [p.data for p in neuron.parameters()]


def by_engine(neuron: Neuron, examples: Examples) -> list[float]:
    """Return the gradient of the mean log loss with respect to w₁, w₂, b, by the engine."""
    loss = total([binary_cross_entropy(neuron(x), y) for x, y in examples]) / len(examples)
    neuron.zero_grad()
    loss.backward()
    return [p.grad for p in neuron.parameters()]


def train_neuron(steps: int) -> tuple[Neuron, History]:
    """Return the neuron after some steps of gradient descent, and the history of its training.

    >>> neuron, _ = train_neuron(steps=20)
    >>> accuracy(neuron, DATA)
    0.96
    """
    neuron = start()
    sgd = SGD(neuron.parameters(), LEARNING_RATE)
    return neuron, fit(neuron, DATA, binary_cross_entropy, sgd, epochs=steps)


def report() -> str:
    """Return the results of both side by side, and the meaning of the weights, as text."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "A sigmoid neuron a = σ(w₁ x₁ + w₂ x₂ + b) is logistic regression, a = P(y = 1 | x) (A2)"
    neuron = start()
    x, y = DATA[0]
    yield "\n  The gradient of the log loss before training"
    yield f"  for one example, x = ({x[0]:.4f}, {x[1]:.4f}), y = {y}: a = {neuron(x):.4f}"
    yield from _side_by_side(neuron, [(x, y)], ["(a − y) x₁", "(a − y) x₂", "(a − y)"])
    yield f"  and its mean over all {len(DATA)} examples"
    yield from _side_by_side(neuron, DATA, ["mean (a − y) x₁", "mean (a − y) x₂", "mean (a − y)"])

    yield f"\n  Gradient descent from the same weights, learning rate {LEARNING_RATE:g}"
    yield f"  {'steps':>7}   {'w₁':>20}{'w₂':>20}{'b':>20}"
    for steps in (0, 10, 100):
        neuron, history = train_neuron(steps)
        formula = by_hand(theta_of(start()), steps)
        for who, theta in (("engine", theta_of(neuron)), ("formula", formula)):
            yield f"  {steps:>7}   {''.join(f'{p:>20.12f}' for p in theta)}  {who}"
    yield f"  {history}"

    w1, w2, b = theta_of(neuron)
    yield "\n  What the weights mean"
    yield f"    a = 1/2 where w₁ x₁ + w₂ x₂ + b = 0: the line x₂ = {-w1 / w2:.3f} x₁ {-b / w2:+.3f}"
    yield f"    raising x₁ by 1 multiplies the odds a / (1 − a) by exp(w₁) = {math.exp(w1):.2f}"
    yield f"    {accuracy(neuron, DATA):.0%} of the examples lie on the right side of the line"
    best = [(one - zero) / SPREAD**2 for zero, one in zip(*CENTRES, strict=True)]
    yield f"    the blobs were drawn so that w = ({best[0]:g}, {best[1]:g}), b = 0 is best;"
    yield f"    training on {len(DATA)} points found w = ({w1:.2f}, {w2:.2f}), b = {b:.2f}"


def _side_by_side(neuron: Neuron, examples: Examples, formulas: list[str]) -> Iterator[str]:
    rows = zip(
        neuron.parameters(),
        formulas,
        by_formula(theta_of(neuron), examples),
        by_engine(neuron, examples),
        strict=True,
    )
    for p, formula, expected, found in rows:
        yield (
            f"    {formula:<15} = {expected:>18.15f}    engine ∂L/∂{p.label:<2} = {found:>18.15f}"
        )
