"""The worked example trained for 10,000 rounds, beside the figures of M. Mazur (A9).

None of his three figures is that of 10,000 rounds of gradient descent, which moves all weights at
once. The error is that after 9,999 rounds. The outputs come from weights that are moved layer by
layer: the last layer moves first, and the errors go back to the first layer through weights that
have moved already. The errors 0.291027924 after one round, and 0.000035085 after 10,000 in another
version of his text, belong to this kind of update, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from tinygrad_edu.gradient import grad
from tinygrad_edu.lessons.worked_example import (
    INPUTS,
    LEARNING_RATE,
    TARGETS,
    network,
    verdict,
    weights_of,
)
from tinygrad_edu.nn import MLP, SGD
from tinygrad_edu.table import half_squared_error, total

Figures: TypeAlias = "dict[str, float]"

PRINTED = {"error": "0.0000351085", "output 1": "0.015912196", "output 2": "0.984065734"}
"""The figures that M. Mazur prints for "10,000 times"."""


def all_layers_together(mlp: MLP) -> Callable[[], None]:
    """Return a function that does one round of gradient descent: all weights move together."""
    sgd = SGD(weights_of(mlp), LEARNING_RATE)

    def one_round() -> None:
        mlp.zero_grad()
        half_squared_error(mlp(INPUTS), TARGETS).backward()
        sgd.step()

    return one_round


def layer_by_layer(mlp: MLP) -> Callable[[], None]:
    """Return a function that does one round in which the last layer moves before the first.

    The errors go back to the first layer through weights that have moved already.
    """
    hidden, output = (
        SGD([w for neuron in layer.neurons for w in neuron.w], LEARNING_RATE)
        for layer in mlp.layers
    )

    def one_round() -> None:
        mlp.zero_grad()
        loss = half_squared_error(mlp(INPUTS), TARGETS)
        errors = grad(loss, [neuron.z for neuron in mlp.layers[1].neurons])
        loss.backward()
        output.step()
        mlp.zero_grad()
        mlp(INPUTS)
        zs = [neuron.z for neuron in mlp.layers[1].neurons]
        total([error * z for error, z in zip(errors, zs, strict=True)]).backward()
        hidden.step()

    return one_round


def after(rounds: Sequence[int], update: Callable[[MLP], Callable[[], None]]) -> list[Figures]:
    """Return the error and the outputs after each of the given numbers of rounds.

    Args:
        rounds: the numbers of rounds, in rising order.
        update: ``all_layers_together`` or ``layer_by_layer``.

    >>> [f"{figures['error']:.9f}" for figures in after([0, 1], all_layers_together)]
    ['0.298371109', '0.291027774']
    >>> [f"{figures['error']:.9f}" for figures in after([1], layer_by_layer)]  # as Mazur prints it
    ['0.291027924']
    """
    mlp = network()
    one_round = update(mlp)
    found = []
    for done in range(max(rounds) + 1):
        if done in rounds:
            error = half_squared_error(mlp(INPUTS), TARGETS)
            first, second = mlp.layers[-1].a
            found.append({"error": error.data, "output 1": first.data, "output 2": second.data})
        one_round()
    return found


def report() -> str:
    """Return the figures of each kind of update beside the printed ones, as text."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "The worked example after 10,000 rounds with learning rate 0.5 (A9)\n"
    together = after([9_999, 10_000], all_layers_together)
    figures = [*together, *after([10_000], layer_by_layer)]
    columns = dict(zip(["9,999 at once", "10,000 at once", "layer by layer"], figures, strict=True))
    yield f"  {'':<10}{'M. Mazur':>14}" + "".join(f"{title:>18}" for title in columns)
    for what, printed in PRINTED.items():
        decimals = len(printed) - 2
        cells = [
            f"{found[what]:.{decimals}f} {'✓' if verdict(printed, found[what]) == '✓' else ' '}"
            for found in columns.values()
        ]
        yield f"  {what:<10}{printed:>14}" + "".join(f"{cell:>18}" for cell in cells).rstrip()
    yield "\n  ✓ marks a number that rounds to the printed figure."
    yield "  At once: gradient descent. All gradients are taken first, then all weights move."
    yield "  Layer by layer: the last layer moves first, and the errors go back to the first layer"
    yield "  through weights that have moved already. That is not the gradient of the loss."
    yield "  The printed error is the one before the last of 10,000 rounds of gradient descent. In"
    yield "  another version of the text it is 0.000035085, which is that of layer by layer."
