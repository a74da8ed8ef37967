"""Two hidden ReLU layers, softmax, cross entropy over m examples: every gradient (E1, D5).

The lecture derives the gradients by matrices, with the examples as columns. Here the results of
these equations are compared with the engine, and so are three equations as the lecture prints them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tinygrad_edu.nn import MLP
from tinygrad_edu.nn.comparison import EquationComparison, compare
from tinygrad_edu.nn.equations import Backward, Forward, Parameters, back_propagation
from tinygrad_edu.nn.losses import negative_log_likelihood

LABELLED_EXAMPLES = [([0.5, -0.2, 0.1], 0), ([-0.3, 0.8, 0.4], 1), ([0.9, 0.6, -0.7], 2)]
"""m = 3 examples: three features and a class each."""


def network() -> MLP:
    """Return a network of 3 inputs, hidden layers of 4 and 3 neurons, and 3 classes.

    >>> network()
    MLP(3, [4, 3, 3], 'relu', 'softmax')
    """
    return MLP(3, [4, 3, 3], "relu", "softmax", initialisation="kaiming", seed=7)


def with_the_sign_of_the_slide(
    theta: Sequence[Parameters], forward: Forward, dA: Any
) -> list[Backward]:
    """Return the results that follow from the wrong equation δ⁽³⁾ = -(Ŷ - Y) / m."""
    return back_propagation(theta, forward, -dA)


def with_biases_not_summed(
    theta: Sequence[Parameters], forward: Forward, dA: Any
) -> list[Backward]:
    """Return the results with the wrong ∂J/∂b = δ, which has a column for each example."""
    return [layer._replace(db=layer.delta) for layer in back_propagation(theta, forward, dA)]


def without_transposes(theta: Sequence[Parameters], forward: Forward, dA: Any) -> list[Backward]:
    """Return the results with the wrong ∂J/∂W = δ A, in the layers where the shapes permit it."""
    backward = back_propagation(theta, forward, dA)
    return [
        layer._replace(dW=layer.delta @ a) if layer.delta.shape[1] == len(a) else layer
        for layer, a in zip(backward, forward.a, strict=False)
    ]


def checked(derivation: Any = back_propagation) -> EquationComparison:
    """Return the comparison of a derivation by matrices with the engine.

    >>> bool(checked()), bool(checked(with_the_sign_of_the_slide))
    (True, False)
    """
    return compare(network(), LABELLED_EXAMPLES, negative_log_likelihood, derivation)


def report() -> str:
    """Return the comparisons as text."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    m = len(LABELLED_EXAMPLES)
    yield f"{network()}: cross entropy J of m = {m} examples, as columns (E1)\n"
    yield repr(checked())
    yield "\n  The same with equations as the lecture prints them:"
    for what, derivation in {
        "δ⁽³⁾ = -(Ŷ - Y) / m": with_the_sign_of_the_slide,
        "∂J/∂b = δ, not summed": with_biases_not_summed,
        "∂J/∂W = δ A, not δ Aᵀ": without_transposes,
    }.items():
        wrong = [row for row in checked(derivation).rows if row.verdict != "✓"]
        yield f"    {what}: {len(wrong)} results are wrong, for example"
        yield f"      {wrong[-1].formula}  {wrong[-1].verdict}"
