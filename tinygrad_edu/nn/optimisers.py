"""Optimisers: they move the parameters in each iteration of training, given the gradients.

>>> from tinygrad_edu import Value
>>> w = Value(1.0)
>>> optimiser = SGD([w], lr=0.5)
>>> for _ in range(3):
...     loss = w * w
...     optimiser.zero_grad()
...     loss.backward()
...     optimiser.step()
...     print(w.data)
0.0
0.0
0.0

The learning rate ``lr`` is a number or a schedule. A schedule is a function of the number of steps
that were already done.

A step does not change a parameter whose ``grad`` is None: as in PyTorch, weight decay and momentum
also wait until it has a gradient.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from math import isfinite
from typing import Any, NoReturn, TypeAlias

from tinygrad_edu.nn.settings import at_least, require_known, whole_number
from tinygrad_edu.operation import OperandError, number
from tinygrad_edu.recorder import takes_gradient
from tinygrad_edu.support.given import quoted
from tinygrad_edu.value import Constant, Value

__all__ = [
    "SGD",
    "Adam",
    "Optimiser",
    "Schedule",
    "cosine_decay",
    "exponential_decay",
    "linear_decay",
    "stepwise_decay",
]

Schedule: TypeAlias = "Callable[[int], float]"


class Optimiser:
    """The base class of optimisers. A subclass defines ``updated``.

    Args:
        parameters: the Values to move; none of them twice.
        lr: the learning rate, a factor of how far they move: a number, or a function of the number
            of steps that were already done.
        weight_decay: λ; it pulls every parameter towards 0, as if λ/2 Σ p² were added to the loss.

    Attributes:
        steps: how many steps were done.
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float | Schedule,
        *,
        weight_decay: float = 0.0,
        **others: NoReturn,
    ) -> None:
        """Keep the parameters and the settings."""
        require_known(self.kind, others, self.settings)
        self.parameters = list_of_values(self.kind, parameters)
        if len(set(self.parameters)) < len(self.parameters):
            message = f"{self.kind}: a parameter is given twice, and would move twice"
            raise ValueError(message)
        self.lr = lr if callable(lr) else at_least(f"{self.kind}: lr", lr)
        self.weight_decay = at_least(f"{self.kind}: weight_decay", weight_decay)
        self.steps = 0

    settings = "lr and weight_decay"
    """The names of the settings, for error messages."""

    @property
    def kind(self) -> str:
        """The name of the class, for error messages."""
        return type(self).__name__

    @property
    def rate(self) -> Any:
        """The learning rate of the next step."""
        rate = self.lr(self.steps) if callable(self.lr) else self.lr
        return at_least(f"{self.kind}: the rate", rate)

    @property
    def learning_rate(self) -> NoReturn:
        """Raise AttributeError: the learning rate is called lr."""
        message = f"{self.kind}: the learning rate is called lr: write optimiser.lr"
        raise AttributeError(message)

    @learning_rate.setter
    def learning_rate(self, _: object) -> NoReturn:
        message = f"{self.kind}: the learning rate is called lr: write optimiser.lr = ..."
        raise AttributeError(message)

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0."""
        for p in self.parameters:
            p.grad = 0.0

    def step(self) -> None:
        """Move all parameters at the same time, each against its gradient.

        Either all parameters move or none: after an error or an interrupt everything is as before.
        A parameter whose ``grad`` is None does not move. Raises TypeError for a gradient that is
        not a number, and FloatingPointError if a gradient is, or a parameter would become, nan or
        infinite.
        """
        rate, gradients = self.rate, self.gradients()
        before, state = [p.data for p in self.parameters], self.__dict__.copy()
        try:
            moved = self.updated(gradients, rate)
            for p, x in zip(self.parameters, moved, strict=True):
                p.data = x if isfinite(x) else self.not_finite(p, x)
            self.steps += 1
        except BaseException:
            for p, x in zip(self.parameters, before, strict=True):
                p.data = x
            self.__dict__.update(state)
            raise

    def gradients(self) -> list[Any]:
        """Return the gradients of all parameters with weight decay; None stays None."""
        found = [
            g if type(g := p.grad) is float and isfinite(g) else self.gradient_of(p)
            for p in self.parameters
        ]
        if not self.weight_decay:
            return found
        with_parameters = zip(self.parameters, found, strict=True)
        return [None if g is None else g + self.weight_decay * p.data for p, g in with_parameters]

    def gradient_of(self, p: Value) -> Any:
        """Return the gradient of a parameter; raise an error if it is not a finite number."""
        g: Any = p.grad  # a user may have assigned anything
        if g is None:
            return None
        try:
            g = number(g)
        except OperandError:
            message = f"{self.kind}: the gradient of {parameter_name(p)} must be a number or None, "
            message += f"not {quoted(g)} ({type(g).__name__})"
            message += "; write p.grad = g.data" if isinstance(g, Value) else ""
            raise TypeError(message) from None
        if isfinite(g):
            return g
        message = f"{self.kind}: the gradient of {parameter_name(p)} is {g}; "
        message += "first_nonfinite_gradient(loss) names the operation where it began"
        raise FloatingPointError(message)

    def not_finite(self, p: Value, x: Any) -> NoReturn:
        """Raise FloatingPointError for a parameter that would become nan or infinite, or is it."""
        if not isfinite(p.data):
            message = (
                f"{self.kind}: {parameter_name(p)} is {p.data} already; set it to a finite number"
            )
        else:
            message = (
                f"{self.kind}: {parameter_name(p)} would become {x}: the learning rate is too large"
            )
        raise FloatingPointError(message)

    def updated(self, gradients: list[Any], rate: float) -> list[Any]:
        """Return the new numbers of all parameters; for a gradient of None, the old number."""
        raise NotImplementedError

    def __repr__(self) -> str:
        """Return the class, the number of parameters and the learning rate."""
        return f"{self.kind}({len(self.parameters)} parameters, lr={self.lr})"


def list_of_values(kind: str, given: Any) -> list[Value]:
    """Return the parameters as a list; raise TypeError unless all take a gradient."""
    parameters = list(given) if hasattr(given, "__iter__") else []
    if parameters and all(map(takes_gradient, parameters)):
        return parameters
    message = f"{kind}: parameters must be a list of Values, not {quoted(given)}"
    if hasattr(given, "parameters"):
        message += f"; write {kind}(mlp.parameters(), lr)"
    elif parameters and all(isinstance(p, tuple) for p in parameters):
        message += f"; write {kind}(mlp.parameters(), lr), without names"
    elif any(isinstance(p, Constant) for p in parameters):
        message += "; a Constant has no gradient, so leave it out"
    raise TypeError(message)


def parameter_name(p: Value) -> str:
    """Return the name of a parameter for error messages."""
    return p.label or "a parameter"


class SGD(Optimiser):
    """Gradient descent: p ← p - η v, where v is the gradient g; with momentum μ, v ← μ v + g.

    Batch, mini-batch and stochastic gradient descent (B6, D2) all use this class: they differ only
    in the number of examples over which the loss is averaged.

    Args:
        parameters: the Values to move.
        lr: the learning rate η, a number or a schedule.
        momentum: μ, at least 0 and less than 1.
        weight_decay: λ; it adds λ p to the gradient.

    >>> w = Value(1.0)
    >>> sgd = SGD([w], lr=0.1, momentum=0.5)
    >>> for _ in range(2):
    ...     w.grad = 1.0
    ...     sgd.step()
    >>> w.data  # 1 - 0.1 - 0.1 (0.5 + 1)
    0.75
    """

    settings = "lr, momentum and weight_decay"

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float | Schedule = 0.1,
        *,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        **others: NoReturn,
    ) -> None:
        """Start with velocities of 0."""
        super().__init__(parameters, lr, weight_decay=weight_decay, **others)
        self.momentum = at_least(f"{self.kind}: momentum", momentum, below=1)
        self.velocities: list[Any] = [0] * len(self.parameters)

    def updated(self, gradients: list[Any], rate: float) -> list[Any]:
        """Return the new numbers of all parameters."""
        steps = gradients
        if self.momentum:
            moving = zip(self.velocities, gradients, strict=True)
            self.velocities = [v if g is None else self.momentum * v + g for v, g in moving]
            steps = self.velocities
        # If v is 0, nothing is subtracted, so that a Fraction stays a Fraction.
        triples = zip(self.parameters, gradients, steps, strict=True)
        return [p.data if g is None or not v else p.data - rate * v for p, g, v in triples]


class Adam(Optimiser):
    """Adam: steps about as large as the learning rate, whatever the size of the gradient.

    A step is p ← p - η m̂ / (√v̂ + ε). Here m is the mean of the recent gradients and v the mean of
    their squares. Both start at 0; m̂ and v̂ are corrected for that. D. Kingma and J. Ba, Adam: A
    method for stochastic optimization, ICLR 2015.

    Args:
        parameters: the Values to move.
        lr: the learning rate η, a number or a schedule.
        betas: a pair of numbers: which fraction of m and of v is kept in each step.
        eps: ε; if it is 0, the step of a parameter whose gradients were all 0 is undefined.
        weight_decay: λ; it adds λ p to the gradient.

    >>> w = Value(1.0)
    >>> adam = Adam([w], lr=0.1)
    >>> w.grad = 1e6
    >>> adam.step()
    >>> round(w.data, 6)
    0.9
    """

    settings = "lr, betas, eps and weight_decay"

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: float | Schedule = 0.01,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        **others: NoReturn,
    ) -> None:
        """Start with means of 0."""
        super().__init__(parameters, lr, weight_decay=weight_decay, **others)
        try:
            first, second = betas
        except (TypeError, ValueError):
            message = f"{self.kind}: betas must be a pair, such as (0.9, 0.999), not "
            message += quoted(betas)
            raise TypeError(message) from None
        self.betas = (
            at_least(f"{self.kind}: a beta", first, below=1),
            at_least(f"{self.kind}: a beta", second, below=1),
        )
        self.eps = at_least(f"{self.kind}: eps", eps)
        self.means: list[float] = [0.0] * len(self.parameters)
        self.squares: list[float] = [0.0] * len(self.parameters)
        self.ages = [0] * len(self.parameters)
        """How many gradients each parameter has received."""

    def updated(self, gradients: list[Any], rate: float) -> list[Any]:
        """Return the new numbers of all parameters."""
        b1, b2 = self.betas
        means, squares, ages = [*self.means], [*self.squares], [*self.ages]
        moved = [p.data for p in self.parameters]
        rest1, rest2, eps, parameters = 1 - b1, 1 - b2, self.eps, self.parameters
        age, c1, c2 = 0, 1.0, 1.0
        for i, g in enumerate(gradients):
            if g is None:
                continue
            means[i] = m = b1 * means[i] + rest1 * g
            squares[i] = v = b2 * squares[i] + rest2 * g * g
            ages[i] += 1
            if ages[i] != age:  # nearly all parameters have the same age
                age = ages[i]
                c1, c2 = 1 - b1**age, 1 - b2**age
            root = math.sqrt(v / c2) + eps
            if root in (0, math.inf):
                raise self.no_step(parameters[i], root)
            moved[i] -= rate * (m / c1) / root
        self.means, self.squares, self.ages = means, squares, ages
        return moved

    def no_step(self, p: Value, root: float) -> FloatingPointError:
        """Return the error for a step that would be divided by 0 or by infinity."""
        if root == math.inf:
            message = f"{self.kind}: the square of a gradient is too large for a float"
        else:
            message = f"{self.kind}: the squares of all gradients of {parameter_name(p)} were 0, "
            message += "and eps is 0, so its step is 0/0; write eps=1e-8"
        return FloatingPointError(message)


# --- schedules ------------------------------------------------------------------------------------


def stepwise_decay(rate: float, factor: float, every: int) -> Schedule:
    """Return a schedule that multiplies the rate by ``factor`` after ``every`` steps.

    >>> [stepwise_decay(1.0, 0.5, every=2)(k) for k in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """
    whole_number("stepwise_decay: every", every)
    return lambda k: rate * factor ** (k // every)


def exponential_decay(rate: float, factor: float) -> Schedule:
    """Return a schedule that multiplies the rate by ``factor`` at every step.

    >>> [exponential_decay(1.0, 0.5)(k) for k in range(3)]
    [1.0, 0.5, 0.25]
    """
    return lambda k: rate * factor**k


def linear_decay(rate: float, steps: int, final: float = 0.0) -> Schedule:
    """Return a schedule that falls linearly from ``rate`` to ``final``, and stays there.

    Args:
        rate: the learning rate of the first step.
        steps: after how many steps the rate is ``final``.
        final: the last learning rate.

    >>> [linear_decay(1.0, 4)(k) for k in range(6)]
    [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
    """
    whole_number("linear_decay: steps", steps)
    return lambda k: rate + (final - rate) * min(k / steps, 1.0)


def cosine_decay(rate: float, steps: int, final: float = 0.0) -> Schedule:
    """Return a schedule that falls along half a wave of the cosine, and then stays at ``final``.

    Args:
        rate: the learning rate of the first step.
        steps: after how many steps the rate is ``final``.
        final: the last learning rate.

    I. Loshchilov and F. Hutter, SGDR: Stochastic gradient descent with warm restarts, ICLR 2017.

    >>> [round(cosine_decay(1.0, 4)(k), 4) for k in range(6)]
    [1.0, 0.8536, 0.5, 0.1464, 0.0, 0.0]
    """
    whole_number("cosine_decay: steps", steps)
    return lambda k: final + (rate - final) * (1 + math.cos(math.pi * min(k / steps, 1.0))) / 2
