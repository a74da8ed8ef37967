"""A sigmoid neuron is logistic regression: same model, gradient and weights (A2).

Logistic regression is written out here as a statistics book has it: plain numbers, and the
gradient of the log loss by its formula, (a - y) x for the weights and a - y for the bias. The
neuron knows no formula; the engine differentiates the loss. Both start at the same weights.
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
    """Return how likely class 1 is at x, given w₁, w₂, b.

    >>> probability([2.0, 2.0, 0.0], [1.0, -1.0])
    0.5
    """
    *w, b = theta
    return 1 / (1 + math.exp(-sum(w_j * x_j for w_j, x_j in zip(w, x, strict=True)) - b))


def by_formula(theta: Sequence[float], examples: Examples) -> list[float]:
    """Return the gradient of the log loss in w₁, w₂, b: the mean of (a - y) x₁, (a - y) x₂, a - y.

    >>> by_formula([0.0, 0.0, 0.0], [((2.0, 4.0), 1)])
    [-1.0, -2.0, -0.5]
    """
    errors = [probability(theta, x) - y for x, y in examples]
    products = [
        [error * x_j for x_j in (*x, 1.0)] for error, (x, _) in zip(errors, examples, strict=True)
    ]
    return [sum(column) / len(examples) for column in zip(*products, strict=True)]


def by_hand(theta: Sequence[float], steps: int) -> list[float]:
    """Return w₁, w₂, b after some steps of gradient descent on the data."""
    for _ in range(steps):
        gradient = by_formula(theta, DATA)
        theta = [p - LEARNING_RATE * slope for p, slope in zip(theta, gradient, strict=True)]
    return list(theta)


# --- the sigmoid neuron ---------------------------------------------------------------------------


def start() -> Neuron:
    """Return the neuron before its training."""
    return Neuron(2, activation="sigmoid", seed=0)


def numbers(neuron: Neuron) -> list[float]:
    """Return w₁, w₂, b."""
    return [p.data for p in neuron.parameters()]


def by_engine(neuron: Neuron, examples: Examples) -> list[float]:
    """Return the gradient of the mean log loss in w₁, w₂, b, as the engine finds it."""
    loss = total([binary_cross_entropy(neuron(x), y) for x, y in examples]) / len(examples)
    neuron.zero_grad()
    loss.backward()
    return [p.grad for p in neuron.parameters()]


def trained(steps: int) -> tuple[Neuron, History]:
    """Return the neuron after some steps of gradient descent on the data.

    >>> neuron, _ = trained(steps=20)
    >>> accuracy(neuron, DATA)
    0.96
    """
    neuron = start()
    sgd = SGD(neuron.parameters(), LEARNING_RATE)
    return neuron, fit(neuron, DATA, binary_cross_entropy, sgd, epochs=steps)


def report() -> str:
    """Return both side by side, and what the weights say, as text."""
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
        neuron, history = trained(steps)
        formula = by_hand(numbers(start()), steps)
        for who, theta in (("engine", numbers(neuron)), ("formula", formula)):
            yield f"  {steps:>7}   {''.join(f'{p:>20.12f}' for p in theta)}  {who}"
    yield f"  {history}"

    w1, w2, b = numbers(neuron)
    yield "\n  What the weights say"
    yield f"    a = 1/2 where w₁ x₁ + w₂ x₂ + b = 0: the line x₂ = {-w1 / w2:.3f} x₁ {-b / w2:+.3f}"
    yield f"    one more of x₁ multiplies the odds a / (1 − a) by exp(w₁) = {math.exp(w1):.2f}"
    yield f"    on its side of the line: {accuracy(neuron, DATA):.0%} of the examples"
    best = [(one - zero) / SPREAD**2 for zero, one in zip(*CENTRES, strict=True)]
    yield f"    The blobs were drawn so that w = ({best[0]:g}, {best[1]:g}), b = 0 would be right;"
    yield f"    from {len(DATA)} points we found w = ({w1:.2f}, {w2:.2f}), b = {b:.2f}."


def _side_by_side(neuron: Neuron, examples: Examples, formulas: list[str]) -> Iterator[str]:
    rows = zip(
        neuron.parameters(),
        formulas,
        by_formula(numbers(neuron), examples),
        by_engine(neuron, examples),
        strict=True,
    )
    for p, formula, expected, found in rows:
        yield (
            f"    {formula:<15} = {expected:>18.15f}    engine ∂L/∂{p.label:<2} = {found:>18.15f}"
        )
