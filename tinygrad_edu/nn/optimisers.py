"""Optimisers: how a step of training moves the parameters, given their gradients.

>>> from tinygrad_edu import Value
>>> w = Value(1.0)
>>> optimiser = SGD([w], learning_rate=0.5)
>>> for _ in range(3):
...     loss = w * w
...     optimiser.zero_grad()
...     loss.backward()
...     optimiser.step()
...     print(w.data)
0.0
0.0
0.0

A learning rate is a number, or a schedule: a function of the number of steps done.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from tinygrad_edu.nn.settings import at_least, whole
from tinygrad_edu.value import Value, takes_gradient

__all__ = ["SGD", "Adam", "Optimiser", "Schedule", "cosine", "exponential", "linear", "stepwise"]

Schedule: TypeAlias = "Callable[[int], float]"


class Optimiser:
    """What optimisers have in common; subclasses define ``updated``.

    Args:
        parameters: the Values to move; each once.
        learning_rate: how far; a number, or a function of the number of steps done.
        weight_decay: λ; pulls every parameter towards 0, as if the loss had λ/2 Σ p² more.

    Attributes:
        steps: how many steps were done.
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: float | Schedule,
        *,
        weight_decay: float = 0.0,
    ) -> None:
        """Keep the parameters; nothing moves yet."""
        self.parameters = list(parameters) if hasattr(parameters, "__iter__") else []
        if not all(map(takes_gradient, self.parameters)) or not self.parameters:
            message = f"{self.kind}: parameters are a list of Values, not {parameters}"
            raise TypeError(message)
        if len(set(self.parameters)) < len(self.parameters):
            message = f"{self.kind}: a parameter is given twice, and would move twice"
            raise ValueError(message)
        self.learning_rate = learning_rate
        self.weight_decay = at_least(f"{self.kind}: weight_decay", weight_decay)
        self.steps = 0
        if not callable(learning_rate):
            at_least(f"{self.kind}: learning_rate", learning_rate)

    @property
    def kind(self) -> str:
        """What messages call it."""
        return type(self).__name__

    @property
    def rate(self) -> Any:
        """The learning rate of the next step."""
        rate = self.learning_rate
        return at_least(f"{self.kind}: the rate", rate(self.steps) if callable(rate) else rate)

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0."""
        for p in self.parameters:
            p.grad = 0.0

    def step(self) -> None:
        """Move all parameters, each by its gradient, at the same time.

        All move, or none: after an error or an interrupt everything is as it was. Raises
        FloatingPointError where a parameter would become nan or infinite.
        """
        rate, decay = self.rate, self.weight_decay
        gradients = [p.grad + decay * p.data if decay else p.grad for p in self.parameters]
        before, state = [p.data for p in self.parameters], self.__dict__.copy()
        try:
            moved = self.updated(gradients, rate)
            for p, x in zip(self.parameters, moved, strict=True):
                p.data = self.finite(p, x)
            self.steps += 1
        except BaseException:
            for p, x in zip(self.parameters, before, strict=True):
                p.data = x
            self.__dict__.update(state)
            raise

    def finite(self, p: Value, x: Any) -> Any:
        """Return what a parameter is to become; raise FloatingPointError if it is no number."""
        if math.isfinite(x):
            return x
        message = f"{self.kind}: {p.label or 'a parameter'} would become {x}: "
        message += "the learning rate is too large"
        raise FloatingPointError(message)

    def updated(self, gradients: list[Any], rate: float) -> list[Any]:
        """Return the new numbers of all parameters."""
        raise NotImplementedError

    def __repr__(self) -> str:
        """Return what it is, how much it moves, and how fast."""
        return f"{self.kind}({len(self.parameters)} parameters, learning_rate={self.learning_rate})"


class SGD(Optimiser):
    """Gradient descent: p ← p - η v, v the gradient; with momentum μ, v ← μ v + the gradient.

    Batch, mini-batch and stochastic gradient descent (B6, D2) differ in the examples that the loss
    is made of, not here.

    Args:
        parameters: the Values to move.
        learning_rate: η, a number or a schedule.
        momentum: μ, from 0 to less than 1.
        weight_decay: λ; adds λ p to the gradient.

    >>> w = Value(1.0)
    >>> sgd = SGD([w], learning_rate=0.1, momentum=0.5)
    >>> for _ in range(2):
    ...     w.grad = 1.0
    ...     sgd.step()
    >>> w.data  # 1 - 0.1 - 0.1 (0.5 + 1)
    0.75
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: float | Schedule = 0.1,
        *,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
    ) -> None:
        """Start at rest."""
        super().__init__(parameters, learning_rate, weight_decay=weight_decay)
        self.momentum = at_least(f"{self.kind}: momentum", momentum, below=1)
        self.velocities: list[Any] = [0] * len(self.parameters)

    def updated(self, gradients: list[Any], rate: float) -> list[Any]:
        """Return the new numbers of all parameters."""
        if self.momentum:
            gradients = [
                self.momentum * v + g for v, g in zip(self.velocities, gradients, strict=True)
            ]
            self.velocities = gradients
        # Where there is nothing to add, a Fraction stays one.
        pairs = zip(self.parameters, gradients, strict=True)
        return [p.data - rate * v if v else p.data for p, v in pairs]


class Adam(Optimiser):
    """Adam: steps of about the learning rate, whatever the size of the gradient.

    The mean m of the gradients over recent steps, divided by the root of the mean v of their
    squares, both corrected for their start at 0: p ← p - η m̂ / (√v̂ + ε). D. Kingma and J. Ba,
    Adam: A method for stochastic optimization, ICLR 2015.

    Args:
        parameters: the Values to move.
        learning_rate: η, a number or a schedule.
        betas: how much of m and of v is kept in a step.
        epsilon: ε.
        weight_decay: λ; adds λ p to the gradient.

    >>> w = Value(1.0)
    >>> adam = Adam([w], learning_rate=0.1)
    >>> w.grad = 1e6
    >>> adam.step()
    >>> round(w.data, 6)
    0.9
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: float | Schedule = 0.01,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        """Start both means at 0."""
        super().__init__(parameters, learning_rate, weight_decay=weight_decay)
        first, second = betas
        self.betas = (
            at_least(f"{self.kind}: a beta", first, below=1),
            at_least(f"{self.kind}: a beta", second, below=1),
        )
        self.epsilon = at_least(f"{self.kind}: epsilon", epsilon)
        self.means: list[float] = [0.0] * len(self.parameters)
        self.squares: list[float] = [0.0] * len(self.parameters)

    def updated(self, gradients: list[Any], rate: float) -> list[Any]:
        """Return the new numbers of all parameters."""
        b1, b2 = self.betas
        self.means = [b1 * m + (1 - b1) * g for m, g in zip(self.means, gradients, strict=True)]
        self.squares = [
            b2 * v + (1 - b2) * g * g for v, g in zip(self.squares, gradients, strict=True)
        ]
        if math.inf in self.squares:
            message = "Adam: the square of a gradient is too large for a float"
            raise FloatingPointError(message)
        c1, c2 = (1 - beta ** (self.steps + 1) for beta in self.betas)
        return [
            p.data - rate * (m / c1) / (math.sqrt(v / c2) + self.epsilon)
            for p, m, v in zip(self.parameters, self.means, self.squares, strict=True)
        ]


# --- schedules ------------------------------------------------------------------------------------


def stepwise(rate: float, factor: float, every: int) -> Schedule:
    """Return a schedule that multiplies the rate by ``factor`` after ``every`` steps.

    >>> [stepwise(1.0, 0.5, every=2)(k) for k in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """
    whole("stepwise: every", every)
    return lambda k: rate * factor ** (k // every)


def exponential(rate: float, factor: float) -> Schedule:
    """Return a schedule that multiplies the rate by ``factor`` at every step.

    >>> [exponential(1.0, 0.5)(k) for k in range(3)]
    [1.0, 0.5, 0.25]
    """
    return lambda k: rate * factor**k


def linear(rate: float, steps: int, final: float = 0.0) -> Schedule:
    """Return a schedule that goes straight from ``rate`` to ``final`` in so many steps, and stays.

    >>> [linear(1.0, 4)(k) for k in range(6)]
    [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
    """
    whole("linear: steps", steps)
    return lambda k: rate + (final - rate) * min(k / steps, 1.0)


def cosine(rate: float, steps: int, final: float = 0.0) -> Schedule:
    """Return a schedule that goes to ``final`` in so many steps along half a wave of a cosine.

    I. Loshchilov and F. Hutter, SGDR: Stochastic gradient descent with warm restarts, ICLR 2017.

    >>> [round(cosine(1.0, 4)(k), 4) for k in range(6)]
    [1.0, 0.8536, 0.5, 0.1464, 0.0, 0.0]
    """
    whole("cosine: steps", steps)
    return lambda k: final + (rate - final) * (1 + math.cos(math.pi * min(k / steps, 1.0))) / 2
