"""A perceptron learns AND and OR, and fails on XOR for a reason (A1).

A perceptron is a neuron whose activation is a step. The derivative of the step is 0, so gradient
descent teaches a perceptron nothing. Its own rule does: after an error, add the error times the
input to the weights. If a line separates the classes, the rule finds such a line.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tinygrad_edu.nn import Neuron
from tinygrad_edu.nn.data import AND, OR, XOR, Examples
from tinygrad_edu.value import Value


class Taught(NamedTuple):
    """The result of teaching a perceptron."""

    perceptron: Neuron
    errors: list[int]
    """The number of errors in each epoch."""
    repeats: int | None
    """The first epoch after which the weights were the same as after an earlier one. From there on
    they go round in a circle for ever. None if that did not happen."""


def teach(examples: Examples, max_epochs: int = 100) -> Taught:
    """Teach a perceptron by its rule, until it makes no error or its weights repeat.

    >>> teach(AND).errors[-1], teach(XOR).repeats
    (0, 3)
    """
    perceptron = Neuron(2, activation="step", initialisation="zeros")
    errors: list[int] = []
    seen = []
    while len(errors) < max_epochs:
        errors.append(sum(corrected(perceptron, x, y) for x, y in examples))
        if errors[-1] == 0:
            break
        state = perceptron.state_dict()
        if state in seen:
            return Taught(perceptron, errors, repeats=len(errors))
        seen.append(state)
    return Taught(perceptron, errors, repeats=None)


def corrected(perceptron: Neuron, inputs: tuple[float, ...], target: int) -> bool:
    """Show a perceptron one example and correct it if it errs; return whether it erred."""
    error = target - perceptron(inputs).data
    for w, x in zip(perceptron.w, inputs, strict=True):
        w.data += error * x
    perceptron.b.data += error
    return bool(error)


def report() -> str:
    """Return the errors, what was learnt, and why XOR cannot be learnt, as text."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "A perceptron a = step(w₁ x₁ + w₂ x₂ + b), taught by its rule from weights of 0 (A1)\n"
    for name, examples in {"AND": AND, "OR": OR, "XOR": XOR}.items():
        perceptron, errors, repeats = teach(examples)
        yield f"  {name}: errors in each epoch {', '.join(map(str, errors))}"
        if repeats is None:
            numbers = ", ".join(f"{p.label} = {p.data:g}" for p in perceptron.parameters())
            yield f"    learnt: {numbers}"
        else:
            yield f"    after epoch {repeats} the weights are the same as after an earlier epoch:"
            yield "    they go round in a circle for ever"
    yield "\n  Why XOR cannot be learnt: all of these would have to hold"
    yield "    (0, 0) → 0:  b ≤ 0              (0, 1) → 1:  w₂ + b > 0"
    yield "    (1, 1) → 0:  w₁ + w₂ + b ≤ 0    (1, 0) → 1:  w₁ + b > 0"
    yield "  The left two add up to w₁ + w₂ + 2b ≤ 0, the right two to w₁ + w₂ + 2b > 0."
    w = Value(1.0, label="w")
    a = Neuron(1, activation="step")([w])
    a.backward()
    yield f"\n  Gradient descent cannot teach a step: its derivative is {w.grad:g} everywhere."
