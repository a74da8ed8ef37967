"""A perceptron learns AND and OR, and fails on XOR for a reason (A1).

A perceptron is a neuron whose activation is a step. The step has the derivative 0, so gradient
descent teaches it nothing; its own rule does: after an error, add the error times the input to
the weights. Where a line divides the classes the rule finds one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tinygrad_edu.nn import Neuron
from tinygrad_edu.nn.data import AND, OR, XOR, Examples
from tinygrad_edu.value import Value


class Lesson(NamedTuple):
    """What came of teaching a perceptron."""

    perceptron: Neuron
    errors: list[int]
    """In each epoch."""
    repeats: int | None
    """After which epoch the weights were as they had been after an earlier one: they go round for
    ever. None if that did not happen."""


def teach(examples: Examples, max_epochs: int = 100) -> Lesson:
    """Teach a perceptron by its rule, until it makes no error or begins to go round.

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
            return Lesson(perceptron, errors, repeats=len(errors))
        seen.append(state)
    return Lesson(perceptron, errors, repeats=None)


def corrected(perceptron: Neuron, inputs: tuple[float, ...], target: int) -> bool:
    """Show a perceptron one example; if it errs, correct it, and say so."""
    error = target - perceptron(inputs).data
    for w, x in zip(perceptron.w, inputs, strict=True):
        w.data += error * x
    perceptron.b.data += error
    return bool(error)


def report() -> str:
    """Return how the lessons went, as text."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "A perceptron a = step(w₁ x₁ + w₂ x₂ + b), taught by its rule from weights of 0 (A1)\n"
    for name, examples in {"AND": AND, "OR": OR, "XOR": XOR}.items():
        lesson = teach(examples)
        yield f"  {name}: errors in each epoch {', '.join(map(str, lesson.errors))}"
        if lesson.repeats is None:
            numbers = ", ".join(f"{p.label} = {p.data:g}" for p in lesson.perceptron.parameters())
            yield f"    learnt: {numbers}"
            continue
        yield (
            f"    after epoch {lesson.repeats} the weights are what they were before: they go round"
            " for ever"
        )
    yield "\n  Why XOR cannot be learnt: it would take"
    yield "    (0, 0) → 0:  b ≤ 0              (0, 1) → 1:  w₂ + b > 0"
    yield "    (1, 1) → 0:  w₁ + w₂ + b ≤ 0    (1, 0) → 1:  w₁ + b > 0"
    yield "  The left two add up to w₁ + w₂ + 2b ≤ 0, the right two to w₁ + w₂ + 2b > 0."
    w = Value(1.0, label="w")
    a = Neuron(1, activation="step")([w])
    a.backward()
    yield f"\n  Nor can gradient descent teach a step: its derivative is {w.grad:g} everywhere."
