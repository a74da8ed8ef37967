"""Every error derivative of the logistic 4-2-3-1 network, by the engine and by hand (B4).

The notation is that of lecture B. Layer 1 is the input. θ_jk of layer l is the weight from neuron j
of layer l to neuron k of layer l + 1; θ_0k is the bias, the weight of a₀ = 1. z is the weighted sum
before σ is applied.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from tinygrad_edu.formulas.notation import name
from tinygrad_edu.gradient import grad
from tinygrad_edu.nn import MLP
from tinygrad_edu.nn.losses import half_squared_error
from tinygrad_edu.table import sigmoid, weighted_sum
from tinygrad_edu.value import Value

INPUTS, TARGET = (0.2, 0.7, 0.4, 0.9), 0.8
THETAS = (
    [[0.1, 0.5, -0.4, 0.3, 0.2], [-0.2, 0.6, 0.1, -0.5, 0.4]],
    [[0.3, -0.7, 0.5], [0.2, 0.4, -0.6], [-0.1, 0.8, 0.3]],
    [[-0.4, 0.9, -0.3, 0.5]],
)
"""The weights of layers 1 to 3: a row for each neuron of the next layer, its bias first (B1)."""


def network() -> tuple[MLP, Value]:
    """Return the network after its forward pass, and the cost C = ½ (y - ŷ)².

    >>> network()[0]
    MLP(4, [2, 3, 1], 'sigmoid', 'sigmoid')
    """
    mlp = MLP(len(INPUTS), [len(theta) for theta in THETAS], "sigmoid", "sigmoid")
    for layer, theta in zip(mlp.layers, THETAS, strict=True):
        layer.theta = theta
    return mlp, half_squared_error([mlp(INPUTS)], [TARGET])


def variables(layer: int, k: int) -> list[str]:
    """Return the names of the variables of neuron k of a layer: output, weighted sum, weights.

    >>> variables(4, 1)
    ['a₁⁽⁴⁾', 'z₁⁽⁴⁾', 'θ₀₁⁽³⁾', 'θ₁₁⁽³⁾', 'θ₂₁⁽³⁾', 'θ₃₁⁽³⁾']
    """
    inputs = range(len(THETAS[layer - 2][0]))
    return [
        name("a", k, layer=layer),
        name("z", k, layer=layer),
        *(name("θ", j, k, layer=layer - 1) for j in inputs),
    ]


def by_engine(mlp: MLP, cost: Value) -> dict[str, float]:
    """Return all error derivatives by the name of the variable, as the engine computes them.

    >>> len(by_engine(*network()))  # with respect to 6 a, 6 z and 23 θ
    35
    """
    named: dict[str, Value] = {}
    for number, layer in enumerate(mlp.layers, start=2):
        for k, neuron in enumerate(layer.neurons, start=1):
            nodes = [neuron.a, neuron.z, neuron.b, *neuron.w]
            named.update(zip(variables(number, k), nodes, strict=True))
    return dict(zip(named, grad(cost, named.values()), strict=True))


def activations() -> list[list[float]]:
    """Return the activations of layers 1 to 4 as numbers."""
    found = [list(INPUTS)]
    for theta in THETAS:
        found.append([sigmoid(weighted_sum(row, found[-1], bias)) for bias, *row in theta])
    return found


def sigmoid_slope(a: float) -> float:
    """Return σ'(z) = a (1 - a), given a = σ(z)."""
    return a * (1 - a)


def by_hand() -> dict[str, float]:
    """Return all error derivatives by the four steps of the lecture, without its mistakes.

    >>> by_hand().keys() == by_engine(*network()).keys()
    True
    """
    _, *layers = outputs = activations()
    found: dict[str, float] = {}
    d_as = [y_hat - TARGET for y_hat in layers[-1]]  # step 1
    for number in (4, 3, 2):
        above, below, theta = outputs[number - 1], outputs[number - 2], THETAS[number - 2]
        d_zs = [d_a * sigmoid_slope(a) for d_a, a in zip(d_as, above, strict=True)]  # step 2
        for k, (d_a, d_z) in enumerate(zip(d_as, d_zs, strict=True), start=1):
            d_thetas = [d_z * a for a in (1.0, *below)]  # step 3
            found.update(zip(variables(number, k), [d_a, d_z, *d_thetas], strict=True))
        _, *columns = zip(*theta, strict=True)  # nothing goes back through a bias
        d_as = [weighted_sum(d_zs, column, 0.0) for column in columns]  # step 4
    return found


def report() -> str:
    """Return all error derivatives and the steps that lead to them, as text."""
    return "\n".join(_lines(*network()))


def _lines(mlp: MLP, cost: Value) -> Iterator[str]:
    d = by_engine(mlp, cost)
    *_, a3, [y_hat] = activations()
    yield "Every error derivative of a logistic network with 4 inputs and 2, 3 and 1 neurons (B4)"
    yield f"  One example: x = {INPUTS}, y = {TARGET}, ŷ = a₁⁽⁴⁾ = {y_hat:.6f}"
    yield f"  C = ½ (y − ŷ)² = {cost:.6f}; its derivatives by the engine, a row for each neuron:"
    for number in (4, 3, 2):
        titles = [f"∂C/∂{what.replace('₀⁽', 'ₖ⁽')}" for what in variables(number, 0)]
        yield f"\n    k{''.join(f'{title:>13}' for title in titles)}"
        for k, _ in enumerate(THETAS[number - 2], start=1):
            yield f"    {k}{''.join(f'{d[what]:>13.6f}' for what in variables(number, k))}"

    hand, error, s = by_hand(), y_hat - TARGET, sigmoid_slope(y_hat)
    d_z = hand["z₁⁽⁴⁾"]
    yield "\n  The same by hand, step by step, beside the formulas that the notes print"
    yield f"  1. ∂C/∂ŷ = ŷ − y = {error:.6f}"
    yield f"       printed: y − ŷ = {-error:.6f}; the sign is wrong"
    yield f"  2. ∂C/∂z₁⁽⁴⁾ = ∂C/∂ŷ · σ'(z₁⁽⁴⁾) = {error:.6f} · {s:.6f} = {d_z:.6f}"
    yield f"       printed: (y − ŷ) · σ'(z₁⁽⁴⁾) = {-error * s:.6f}; the sign is still wrong"
    yield f"  3. ∂C/∂θ₁₁⁽³⁾ = ∂C/∂z₁⁽⁴⁾ · a₁⁽³⁾ = {d_z:.6f} · {a3[0]:.6f} = {d_z * a3[0]:.6f}"
    twice = -error * s * s * a3[0]
    yield f"       printed: (y − ŷ) · σ'(z₁⁽⁴⁾)² · a₁⁽³⁾ = {twice:.6f}; σ' is there twice, but z is"
    yield "       the sum before σ is applied, so ∂z₁⁽⁴⁾/∂θ₁₁⁽³⁾ is a₁⁽³⁾ alone"
    pairs = [(hand[name("z", k, layer=3)], row[1]) for k, row in enumerate(THETAS[1], start=1)]
    terms = " + ".join(f"({d_zk:.6f})({theta:g})" for d_zk, theta in pairs)
    yield "  4. ∂C/∂a₁⁽²⁾ = Σₖ ∂C/∂zₖ⁽³⁾ · θ₁ₖ⁽²⁾, over all neurons k that take a₁⁽²⁾ as an input"
    yield f"       = {terms} = {sum(d_zk * theta for d_zk, theta in pairs):.6f}"
    yield "       printed: factors ∂θ/∂a, which are 0: a weight does not depend on its input;"
    yield "       the notes stop there"
    agreeing = sum(math.isclose(d[what], hand[what], rel_tol=1e-12) for what in d)
    yield f"  {agreeing} of {len(d)} derivatives by hand agree with the engine to 12 digits."
