"""Derivatives to the last digit: every row against sixty digits, over its whole domain."""

import math
import random
import struct

import mpmath
import pytest

from tinygrad_edu.recorder import apply_rule
from tinygrad_edu.table import TABLE

ULPS = 4
mp = mpmath.mp.clone()
mp.dps = 60


def true_softmax(z, i):
    norm = mp.fsum([mp.exp(x) for x in z])
    return [mp.exp(x) / norm for x in z][i]


def slopes_of_softmax(z, i):
    norm = mp.fsum([mp.exp(x) for x in z])
    p = [mp.exp(x) / norm for x in z]
    others = mp.fsum([q for j, q in enumerate(p) if j != i])
    return [p[i] * others if j == i else -p[i] * q for j, q in enumerate(p)]


def slopes_of_cross_entropy(z, t):
    norm = mp.fsum([mp.exp(x) for x in z])
    return [mp.fsum(t) * mp.exp(x) / norm - tk for x, tk in zip(z, t, strict=True)]


def sigmoid(x):
    return 1 / (1 + mp.exp(-x))


TRUE = {
    "div": lambda x, y: (1 / y, -x / y**2),
    "exp": lambda x: (mp.exp(x),),
    "log": lambda x: (1 / x,),
    "sqrt": lambda x: (1 / (2 * mp.sqrt(x)),),
    "sin": lambda x: (mp.cos(x),),
    "cos": lambda x: (-mp.sin(x),),
    "power": lambda x, n: (n * mp.power(x, n - 1), None),
    "exponential": lambda b, x: (None, mp.power(b, x) * mp.log(b)),
    "pow": lambda x, y: (y * mp.power(x, y - 1), mp.power(x, y) * mp.log(x)),
    "tanh": lambda x: (mp.sech(x) ** 2,),
    "sigmoid": lambda x: (sigmoid(x) * sigmoid(-x),),
    "softplus": lambda x: (sigmoid(x),),
    "binary_cross_entropy_with_logits": lambda z, t: (
        (1 - t) * sigmoid(z) - t * sigmoid(-z),
        -z,
    ),  # which is sigmoid(z) - t, with all its digits
}
"""The derivatives of rows that have something to round; others are sums, products and choices."""


def a_float(rng, low, high):
    """A float between two bounds: any bit pattern, or one of moderate size."""
    while True:
        if rng.random() < 0.5:
            x = rng.uniform(-50, 50)
        elif rng.random() < 0.5:
            x = math.copysign(10 ** rng.uniform(-320, 5), rng.random() - 0.5)
        else:
            (x,) = struct.unpack("<d", rng.getrandbits(64).to_bytes(8, "little"))
        if math.isfinite(x) and low < x < high:
            return x


def drawn(row, rng):
    """Arguments of a row, anywhere in its domain."""
    n = row.arity
    domains = (*row.domain, *row.domain[-1:] * n)[:n]
    args = [a_float(rng, d.low, d.high) for d in domains]
    if row.name in ("power", "exponential", "pow"):
        args[0] = abs(args[0])
        args[1] = rng.choice(
            [args[1], rng.uniform(-20, 20), float(rng.randint(-9, 9)), rng.random()]
        )
    if row.name == "binary_cross_entropy_with_logits":
        args[1] = float(rng.random() < 0.5)
    return args


def ulps(found, true):
    """How many units in the last place a float is away from the true number."""
    if math.isnan(found):
        return math.inf
    nearest = float(true)
    if math.isinf(nearest) or math.isinf(found):
        return 0.0 if found == nearest or abs(true) > mp.mpf(2) ** 1023 else math.inf
    return float(abs(mp.mpf(found) - true) / mp.mpf(math.ulp(nearest)))


def worst(name, points, seed=0):
    """The largest error of a row's partials in units of the last place, and where it is."""
    row, rng = TABLE[name], random.Random(seed)
    largest = (0.0, None)
    for _ in range(points):
        args = drawn(row, rng)
        try:
            y = row.forward(*args)
        except (ArithmeticError, ValueError):
            continue
        if isinstance(y, complex):
            continue
        true = TRUE[name](*map(mp.mpf, args))
        for found, t in zip(apply_rule(row, y, args), true, strict=True):
            if t is not None:
                largest = max(largest, (ulps(found, t), tuple(args)), key=lambda pair: pair[0])
    return largest


@pytest.mark.parametrize("name", TRUE)
def test_a_derivative_is_right_to_the_last_digits(name):
    error, where = worst(name, 500)
    assert error <= ULPS, where


@pytest.mark.slow
@pytest.mark.parametrize("name", TRUE)
def test_a_derivative_is_right_to_the_last_digits_at_many_points(name):
    error, where = worst(name, 20_000, seed=1)
    assert error <= ULPS, where


@pytest.mark.parametrize("size", [1, 10, 100, 700, 1e4])
@pytest.mark.parametrize("name", ["softmax", "logsumexp", "cross_entropy"])
def test_derivatives_of_operations_of_classes_are_right_to_the_last_digits(name, size):
    row, rng = TABLE[name], random.Random(2)
    for _ in range(100):
        z = tuple([rng.uniform(-size, size) for _ in range(rng.randint(1, 6))])
        i = rng.randrange(len(z))
        true_z = [mp.mpf(x) for x in z]
        if name == "cross_entropy":
            t = tuple([float(k == i) for k in range(len(z))])
            found, true = (
                row.partials(row.forward(z, t), z, t)[0],
                slopes_of_cross_entropy(true_z, t),
            )
            true[i] = -mp.fsum([true[j] for j in range(len(z)) if j != i])  # p - 1, all its digits
        elif name == "softmax":
            found, true = row.partials(row.forward(z, i), z, i)[0], slopes_of_softmax(true_z, i)
        else:
            found = row.partials(row.forward(z), z)[0]
            true = [true_softmax(true_z, j) for j in range(len(z))]
        for d, t_d in zip(found, true, strict=True):
            assert ulps(d, t_d) <= ULPS, (z, i)


@pytest.mark.parametrize(("name", "x", "slope"), [
    ("sigmoid", 40.0, 4.248354255291589e-18), ("sigmoid", -40.0, 4.248354255291589e-18),
    ("tanh", 20.0, 1.6993417021166355e-17), ("tanh", -20.0, 1.6993417021166355e-17),
    ("sigmoid", 20.0, 2.0611536139418488e-09), ("tanh", 400.0, 0.0),
])  # fmt: skip
def test_a_saturated_activation_still_has_its_derivative(name, x, slope):
    row = TABLE[name]
    assert row.partials(row.forward(x), x) == (slope,)


@pytest.mark.parametrize("row", [r for r in TABLE.values() if r.written], ids=lambda r: r.name)
def test_the_written_rule_is_the_same_but_for_rounding(row):
    rng = random.Random(3)
    for _ in range(200):
        if row.arity is None:
            z = tuple([rng.uniform(-3, 3) for _ in range(3)])
            operands = (z, 1) if row.fixed[-1] else (z, (0.0, 1.0, 0.0))
        else:
            operands = tuple([rng.uniform(0.5, 3) for _ in range(row.arity)])
        y = row.forward(*operands)
        for exact, written in zip(
            row.flat(row.partials(y, *operands)), row.flat(row.written(y, *operands)), strict=True
        ):
            assert exact is written is None or math.isclose(
                exact, written, rel_tol=1e-12, abs_tol=1e-14
            )
