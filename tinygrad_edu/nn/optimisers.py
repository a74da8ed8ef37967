"""Optimisers: how a step of training moves the parameters, given their gradients.

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

A learning rate, ``lr``, is a number, or a schedule: a function of the number of steps done.

A parameter whose ``grad`` is None is left as it is by a step, as PyTorch does it; decay and
momentum, too, wait until it has a gradient.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from math import isfinite
from typing import Any, NoReturn, TypeAlias

from tinygrad_edu.nn.settings import at_least, require_known, whole
from tinygrad_edu.operation import OperandError, number
from tinygrad_edu.recorder import takes_gradient
from tinygrad_edu.support.given import quoted
from tinygrad_edu.value import Constant, Value

__all__ = ["SGD", "Adam", "Optimiser", "Schedule", "cosine", "exponential", "linear", "stepwise"]

Schedule: TypeAlias = "Callable[[int], float]"


class Optimiser:
    """What optimisers have in common; subclasses define ``updated``.

    Args:
        parameters: the Values to move; each once.
        lr: the learning rate, how far they move; a number, or a function of the steps done.
        weight_decay: λ; pulls every parameter towards 0, as if the loss had λ/2 Σ p² more.

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
        """Keep the parameters; nothing moves yet."""
        require_known(self.kind, others, self.settings)
        self.parameters = list_of_values(self.kind, parameters)
        if len(set(self.parameters)) < len(self.parameters):
            message = f"{self.kind}: a parameter is given twice, and would move twice"
            raise ValueError(message)
        self.lr = lr if callable(lr) else at_least(f"{self.kind}: lr", lr)
        self.weight_decay = at_least(f"{self.kind}: weight_decay", weight_decay)
        self.steps = 0

    settings = "lr and weight_decay"
    """What messages say can be set."""

    @property
    def kind(self) -> str:
        """What messages call it."""
        return type(self).__name__

    @property
    def rate(self) -> Any:
        """The learning rate of the next step."""
        rate = self.lr(self.steps) if callable(self.lr) else self.lr
        return at_least(f"{self.kind}: the rate", rate)

    @property
    def learning_rate(self) -> NoReturn:
        """Not its name here: setting it would have no effect."""
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
        """Move all parameters, each by its gradient, at the same time.

        All move, or none: after an error or an interrupt everything is as it was. A parameter
        whose ``grad`` is None does not move. Raises TypeError for a gradient that is not a number,
        FloatingPointError for one that is nan or infinite, and where a parameter would become so.
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
        """Return the gradients of all parameters with their decay, None where there is none."""
        found = [
            g if type(g := p.grad) is float and isfinite(g) else self.gradient_of(p)
            for p in self.parameters
        ]
        if not self.weight_decay:
            return found
        pairs = zip(self.parameters, found, strict=True)
        return [None if g is None else g + self.weight_decay * p.data for p, g in pairs]

    def gradient_of(self, p: Value) -> Any:
        """Return the gradient of a parameter; raise an error if it is not a finite number."""
        g: Any = p.grad  # whatever has been assigned
        if g is None:
            return None
        try:
            g = number(g)
        except OperandError:
            message = f"{self.kind}: the gradient of {called(p)} is a number or None, not "
            message += f"{quoted(g)} ({type(g).__name__})"
            message += "; write p.grad = g.data" if isinstance(g, Value) else ""
            raise TypeError(message) from None
        if isfinite(g):
            return g
        message = f"{self.kind}: the gradient of {called(p)} is {g}; "
        message += "first_nonfinite_gradient(loss) names the operation where that began"
        raise FloatingPointError(message)

    def not_finite(self, p: Value, x: Any) -> NoReturn:
        """Raise FloatingPointError for what a parameter would become, or is already."""
        if not isfinite(p.data):
            message = f"{self.kind}: {called(p)} is {p.data} already; set it to a finite number"
        else:
            message = f"{self.kind}: {called(p)} would become {x}: the learning rate is too large"
        raise FloatingPointError(message)

    def updated(self, gradients: list[Any], rate: float) -> list[Any]:
        """Return the new numbers of all parameters; where the gradient is None, the old one."""
        raise NotImplementedError

    def __repr__(self) -> str:
        """Return what it is, how much it moves, and how fast."""
        return f"{self.kind}({len(self.parameters)} parameters, lr={self.lr})"


def list_of_values(kind: str, given: Any) -> list[Value]:
    """Return parameters as a list; raise TypeError if they are none, or if there are none."""
    parameters = list(given) if hasattr(given, "__iter__") else []
    if parameters and all(map(takes_gradient, parameters)):
        return parameters
    message = f"{kind}: parameters are a list of Values, not {quoted(given)}"
    if hasattr(given, "parameters"):
        message += f"; write {kind}(mlp.parameters(), lr)"
    elif parameters and all(isinstance(p, tuple) for p in parameters):
        message += f"; write {kind}(mlp.parameters(), lr), without names"
    elif any(isinstance(p, Constant) for p in parameters):
        message += "; a Constant takes no gradient"
    raise TypeError(message)


def called(p: Value) -> str:
    """Return what a message calls a parameter."""
    return p.label or "a parameter"


class SGD(Optimiser):
    """Gradient descent: p ← p - η v, v the gradient; with momentum μ, v ← μ v + the gradient.

    Batch, mini-batch and stochastic gradient descent (B6, D2) differ in the examples that the loss
    is made of, not here.

    Args:
        parameters: the Values to move.
        lr: the learning rate η, a number or a schedule.
        momentum: μ, from 0 to less than 1.
        weight_decay: λ; adds λ p to the gradient.

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
        """Start at rest."""
        super().__init__(parameters, lr, weight_decay=weight_decay, **others)
        self.momentum = at_least(f"{self.kind}: momentum", momentum, below=1)
        self.velocities: list[Any] = [0] * len(self.parameters)

    def updated(self, gradients: list[Any], rate: float) -> list[Any]:
        """Return the new numbers of all parameters."""
        steps = gradients
        if self.momentum:
            pairs = zip(self.velocities, gradients, strict=True)
            self.velocities = [v if g is None else self.momentum * v + g for v, g in pairs]
            steps = self.velocities
        # Where there is nothing to add, a Fraction stays one.
        triples = zip(self.parameters, gradients, steps, strict=True)
        return [p.data if g is None or not v else p.data - rate * v for p, g, v in triples]


class Adam(Optimiser):
    """Adam: steps of about the learning rate, whatever the size of the gradient.

    The mean m of the gradients over recent steps, divided by the root of the mean v of their
    squares, both corrected for their start at 0: p ← p - η m̂ / (√v̂ + ε). D. Kingma and J. Ba,
    Adam: A method for stochastic optimization, ICLR 2015.

    Args:
        parameters: the Values to move.
        lr: the learning rate η, a number or a schedule.
        betas: how much of m and of v is kept in a step: a pair of numbers.
        eps: ε; without it, 0, a parameter whose gradients have all been 0 cannot move.
        weight_decay: λ; adds λ p to the gradient.

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
        """Start both means at 0."""
        super().__init__(parameters, lr, weight_decay=weight_decay, **others)
        try:
            first, second = betas
        except (TypeError, ValueError):
            message = f"{self.kind}: betas are a pair, such as (0.9, 0.999), not {quoted(betas)}"
            raise TypeError(message) from None
        self.betas = (
            at_least(f"{self.kind}: a beta", first, below=1),
            at_least(f"{self.kind}: a beta", second, below=1),
        )
        self.eps = at_least(f"{self.kind}: eps", eps)
        self.means: list[float] = [0.0] * len(self.parameters)
        self.squares: list[float] = [0.0] * len(self.parameters)
        self.ages = [0] * len(self.parameters)
        """How many gradients each parameter has had."""

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
            if ages[i] != age:  # it is the same for nearly all
                age = ages[i]
                c1, c2 = 1 - b1**age, 1 - b2**age
            root = math.sqrt(v / c2) + eps
            if root in (0, math.inf):
                raise self.no_step(parameters[i], root)
            moved[i] -= rate * (m / c1) / root
        self.means, self.squares, self.ages = means, squares, ages
        return moved

    def no_step(self, p: Value, root: float) -> FloatingPointError:
        """Return the error for a step that is divided by 0 or by an infinite number."""
        if root == math.inf:
            message = f"{self.kind}: the square of a gradient is too large for a float"
        else:
            message = f"{self.kind}: the squares of all gradients of {called(p)} have been 0, and "
            message += "eps is 0, so its step is 0/0; write eps=1e-8"
        return FloatingPointError(message)


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
