"""How often gradcheck is right about the gradients of other code: NumPy, PyTorch and C.

    python tests/benchmarks/anybodys_gradient.py --cases 1000

Random functions of NumPy and PyTorch in single and double precision, and functions of the C
library, each with its right gradient and with one that is 1 % off. A gradient of 0 cannot be
1 % off, and is left out there.
"""

import argparse
import collections
import ctypes
import ctypes.util
import math
import operator
import random
import time

import numpy as np

from tinygrad_edu import Value, grad, gradcheck, table
from tinygrad_edu.programs.expressions import grow

NAMES = ("add", "sub", "mul", "div", "sin", "cos", "exp", "tanh", "sigmoid", "log", "sqrt")
ROWS = [table.TABLE[name] for name in NAMES]
SIGNS = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv,
}  # fmt: skip
C = ctypes.CDLL(ctypes.util.find_library("m"))
for name in ("sin", "cos", "exp", "tanh", "sqrt", "cosh", "sinh", "erf", "j0", "j1", "atan"):
    function = getattr(C, name)
    function.restype, function.argtypes = ctypes.c_double, [ctypes.c_double]
C_DERIVATIVES = {
    "sin": C.cos, "cos": lambda x: -C.sin(x), "exp": C.exp, "tanh": lambda x: C.cosh(x) ** -2,
    "sqrt": lambda x: 0.5 / C.sqrt(x), "cosh": C.sinh, "sinh": C.cosh,
    "erf": lambda x: 2 / math.sqrt(math.pi) * C.exp(-x * x), "j0": lambda x: -C.j1(x),
    "atan": lambda x: 1 / (1 + x * x),
}  # fmt: skip


def by(library):
    """Compute operations with the functions of a library."""

    def compute(op, operands):
        if op.name in SIGNS:
            return SIGNS[op.name](*operands)
        if op.name == "sigmoid":
            return 1 / (1 + library.exp(-operands[0]))
        return getattr(library, op.name)(*operands)

    return compute


def c_case(rng):
    """A function of the C library, a point, and its derivative."""
    name = rng.choice([*C_DERIVATIVES])
    return getattr(C, name), rng.uniform(0.05, 6), C_DERIVATIVES[name]


def numpy_case(rng, kind):
    """A random function of an array, a point, and its gradient by the engine of this package."""
    f = expression(rng)

    def gradient(x):
        leaves = [Value(float(v)) for v in x]
        return np.array(grad(f(*leaves), leaves)).astype(x.dtype)

    return lambda x: f(*x, compute=by(np)), np.array(f.inputs, kind), gradient


def torch_case(rng, kind):
    """A random function of a tensor, a point, and its gradient by autograd."""
    import torch  # noqa: PLC0415 - an optional extra

    f = expression(rng)

    def gradient(x):
        x = x.detach().requires_grad_()
        return torch.autograd.grad(f(*x, compute=by(torch)), x)[0]

    return lambda x: f(*x, compute=by(torch)), torch.tensor(np.array(f.inputs, kind)), gradient


def expression(rng):
    """A random expression."""
    while True:
        point = [round(rng.uniform(-2, 2), 3) or 1.0 for _ in range(rng.randint(1, 4))]
        found = grow(point, rng.choice, rng.randint(1, 8), ROWS)
        if found.instructions:
            return found


KINDS = {
    "C": c_case,
    "NumPy, float64": lambda rng: numpy_case(rng, np.float64),
    "NumPy, float32": lambda rng: numpy_case(rng, np.float32),
    "PyTorch, float64": lambda rng: torch_case(rng, np.float64),
    "PyTorch, float32": lambda rng: torch_case(rng, np.float32),
}


def counted(kind, cases, factor, seed):
    """Count the verdicts on gradients that are multiplied by a factor; and the time of a check."""
    rng = random.Random(f"{kind} {seed}")
    verdicts, start = collections.Counter(), time.perf_counter()
    for _ in range(cases):
        f, x, gradient = KINDS[kind](rng)
        report = gradcheck(f, x, gradient=lambda x, g=gradient: g(x) * factor)
        verdicts.update(found.verdict for found in report if found.gradient or factor == 1)
    return verdicts, (time.perf_counter() - start) / cases


def main():
    """Print a row for each kind of function."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cases", type=int, default=200, help="functions of each kind")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print("| function | right: wrong | inconclusive | 1 % off: agrees | inconclusive | ms |")
    print("|---|---|---|---|---|---|")
    for kind in KINDS:
        right, seconds = counted(kind, arguments.cases, 1, arguments.seed)
        off, _ = counted(kind, arguments.cases, 1.01, arguments.seed + 1)
        cells = [right["wrong"] / right.total(), right["inconclusive"] / right.total(),
                 off["agrees"] / off.total(), off["inconclusive"] / off.total()]  # fmt: skip
        shares = " | ".join(f"{100 * share:.2f} %" for share in cells)
        print(f"| {kind} ({right.total()} gradients) | {shares} | {1000 * seconds:.1f} |")


if __name__ == "__main__":
    main()
