"""Other frameworks behind the interface of NumPy, through which the table computes arrays.

torch_as_numpy(), jax_as_numpy() and autograd_as_numpy() raise ImportError if it is missing.
"""

import importlib
import os

from tinygrad_edu.interop.framework import Framework, compute_with, torch_as_numpy

__all__ = ["Framework", "autograd_as_numpy", "compute_with", "jax_as_numpy", "torch_as_numpy"]


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
    )
