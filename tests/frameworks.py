"""Other frameworks in the guise of NumPy, which the table speaks of when it computes arrays.

torch_as_numpy(), jax_as_numpy() and autograd_as_numpy() raise ImportError where there is none.
"""

import functools
import importlib
import os


class Framework:
    """A framework in the guise of NumPy.

    Args:
        module: has most functions of NumPy by their names.
        asarray: makes an operand of a number.
        stop_gradient: makes a constant of an operand.
        own: what the module calls by other names, or lacks.
    """

    def __init__(self, module, asarray, stop_gradient, **own):
        self.module = module
        self.asarray = asarray
        self.stop_gradient = stop_gradient
        self.__dict__.update(own)
        self.logaddexp = Logaddexp(self.wrapped(module.logaddexp))

    def __getattr__(self, name):
        return self.wrapped(getattr(self.module, name))

    def wrapped(self, function):
        return lambda *args: function(*map(self.as_operand, args))

    def as_operand(self, x):
        return self.asarray(x) if isinstance(x, int | float) else x

    def compute(self, op, operands):
        """Compute an operation of the table."""
        return on_arrays(op, self, list(map(self.as_operand, operands)))


class Logaddexp:
    """What only NumPy has: a logaddexp of many."""

    def __init__(self, of_two):
        self.of_two = of_two

    def __call__(self, x, y):
        return self.of_two(x, y)

    def reduce(self, values):
        return functools.reduce(self.of_two, values)


def on_arrays(op, numpy, operands):
    """Compute an operation with a module that is like NumPy."""
    if callable(op.array):
        return op.array(numpy, *operands)
    return getattr(numpy, op.array)(*operands)


def torch_as_numpy():
    torch = importlib.import_module("torch")
    return Framework(
        torch,
        functools.partial(torch.tensor, dtype=torch.float64),
        torch.Tensor.detach,
        power=torch.pow,
        heaviside=lambda x, _: torch.relu(torch.sign(x)),  # torch's own has no derivative
    )


def jax_as_numpy():
    os.environ["JAX_PLATFORMS"] = "cpu"
    jax = importlib.import_module("jax")
    jax.config.update("jax_enable_x64", True)  # noqa: FBT003 - JAX's own API
    return Framework(jax.numpy, jax.numpy.asarray, jax.lax.stop_gradient)


def autograd_as_numpy():
    numpy = importlib.import_module("autograd.numpy")
    return Framework(
        numpy,
        numpy.float64,
        importlib.import_module("autograd.tracer").getval,
        heaviside=lambda x, _: numpy.maximum(numpy.sign(x), 0.0),  # its own has no derivative
    )
