import numpy as np
import pytest

from tinygrad_edu import Value, grad
from tinygrad_edu.programs import Replay


def recorded(f, rows, parameters):
    """A replay of f(inputs, parameters), recorded on the first row."""
    xs, ps = [*map(Value, rows[0])], [*map(Value, parameters)]
    return Replay(f(xs, ps), xs, ps, "sum")


def plain(f, rows, parameters):
    """The losses and the sum of the gradients by the engine, and the sum of their sizes."""
    losses, gradients = [], []
    for row in rows:
        xs, ps = [*map(Value, row)], [*map(Value, parameters)]
        y = f(xs, ps)
        losses.append(y.data)
        gradients.append(grad(y, ps))
    gradients = np.array(gradients, dtype=float).reshape(len(rows), -1)
    return np.array(losses, dtype=float), gradients.sum(axis=0), abs(gradients).sum(axis=0)


def both(compiled, rows):
    """The results of both programs: on arrays at once and in blocks, and in plain Python."""
    fixed = np.concatenate([compiled.numbers(None), compiled.constants])
    examples = compiled.examples(rows)
    arrays, width = compiled.arrays, compiled.arrays.width
    found = [arrays.run(fixed, examples)]
    arrays.width = len(examples) // 3 + 1
    found.append(arrays.run(fixed, examples))
    arrays.width = width
    found.append(compiled.one_by_one(fixed.tolist(), examples.tolist()))
    return [(losses, gradient[: len(compiled.parameters)]) for losses, gradient in found]


def check(f, rows, parameters, *, amplified=None):
    """Compare both programs with the engine, to 1e-12 or to what ``amplified`` rounding allows.

    Returns the replay.
    """
    compiled = recorded(f, rows, parameters)
    losses, gradient, sizes = plain(f, rows, parameters)
    off = [1e-12 * (1 + abs(losses)), 1e-12 * (1 + sizes)]
    if amplified is not None:
        other = plain(amplified, rows, parameters)
        off[0] += 64 * abs(losses - other[0])
        off[1] += 64 * abs(gradient - other[1])
    for found_losses, found_gradient in both(compiled, rows):
        assert found_losses.shape == losses.shape
        assert (abs(found_losses - losses) <= off[0]).all(), (found_losses, losses)
        assert found_gradient.shape == gradient.shape
        assert (abs(found_gradient - gradient) <= off[1]).all(), (found_gradient, gradient)
    return compiled


@pytest.fixture(scope="session")
def agree():
    return check


@pytest.fixture(scope="session")
def programs():
    return both
