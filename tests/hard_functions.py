"""Functions that are hard for a gradient checker, with their derivatives to 50 digits.

Each function is written once; it takes the module to compute with: ``math`` for plain floats, this
package for Values, ``mpmath`` for exact results. A function that runs on floats only, such as a
solver, NumPy or single precision, also names the exact function that it approximates.

FUNCTIONS were used while the checker was written. HELD_OUT were written afterwards, and run only
when the checker was finished.
"""

import math
import random
import statistics
from collections.abc import Callable
from functools import reduce
from types import SimpleNamespace
from typing import Any, NamedTuple

import mpmath
import numpy as np

import tinygrad_edu

DIGITS = 120
"""Digits to compute with, so that 50 are right after a loop has lost some of them."""
LOOPS, DEEP, RECURRENCES = "loops", "deep networks", "recurrences"
PLAIN, SINGLE, LARGE = "plain floats", "float32 inside", "large numbers"
HARSH, DEAD = "stiff, cancelling, oscillating", "dead units"
FAMILIES = (LOOPS, DEEP, RECURRENCES, PLAIN, SINGLE, LARGE, HARSH, DEAD)

NAMES = ("sin", "cos", "exp", "log", "sqrt", "tanh")
FLOATS = SimpleNamespace(
    **{name: getattr(math, name) for name in NAMES},
    relu=lambda x: x if x > 0 else 0.0,
    sigmoid=tinygrad_edu.sigmoid,
)
VALUES = tinygrad_edu
EXACT = SimpleNamespace(
    **{name: getattr(mpmath, name) for name in NAMES},
    relu=lambda x: x if x > 0 else mpmath.mpf(0),
    sigmoid=lambda x: 1 / (1 + mpmath.exp(-x)),
)


class Function(NamedTuple):
    """A function of one number, and the points at which it is checked."""

    family: str
    name: str
    written: Callable[[Any, Any], Any]
    """The function of the module to compute with, and of x."""
    points: tuple[float, ...]
    rough: Callable[[float], float] | None = None
    """A function that runs on floats instead, if the written one cannot."""

    @property
    def has_graph(self):
        """Whether it runs on Values, too."""
        return self.rough is None

    def on_values(self, x):
        return self.written(VALUES, x)

    def on_floats(self, x):
        """Return the value, which may be a number of NumPy or a Value."""
        return (self.rough or self.plainly)(float(x))

    def plainly(self, x):
        return float(self.written(FLOATS, x))

    def exactly(self, x):
        with mpmath.workdps(digits(x)):
            return self.written(EXACT, mpmath.mpf(x))

    def derivative(self, x):
        """Return the derivative at the float ``x``, right to 50 digits."""
        with mpmath.workdps(digits(x)):
            h = mpmath.mpf(10) ** -40 * min(1, abs(mpmath.mpf(x)) or 1)
            x = mpmath.mpf(x)
            return (self.written(EXACT, x + h) - self.written(EXACT, x - h)) / (2 * h)

    def can_be_told(self, x):
        """Tell whether any step shows the slope to 1e-4 in spite of the noise of the values.

        The noise is the largest error of nearby values, compared with their exact ones.
        """
        slope = self.derivative(x)
        unit = max(abs(x), 1.0) / 8
        steps = [s for k in range(0, 56, 2) if x - (s := unit * 2.0**-k) < x < x + s]
        noise = max(
            [abs(self.on_floats(x) - self.exactly(x)), math.ulp(self.on_floats(x)) / 2]
            + [self.error(x + side * math.ulp(x) * 2**k) for side in (1, -1) for k in (3, 9, 15)]
        )
        for step in steps:
            sides = [self.exactly(mpmath.mpf(x) + side * step) for side in (1, -1)]
            if not all(isinstance(y, mpmath.mpf) and mpmath.isfinite(y) for y in sides):
                continue
            quotient = (sides[0] - sides[1]) / (2 * mpmath.mpf(step))
            if abs(quotient - slope) + noise / step <= 1e-4 * abs(slope):
                return True
        return False

    def error(self, x):
        try:
            return abs(self.on_floats(x) - self.exactly(x))
        except (ArithmeticError, ValueError):
            return 0


def digits(x):
    """Return how many digits to compute with near ``x``: more for large and small numbers."""
    return DIGITS + 2 * abs(math.frexp(x)[1]) // 3


def repeated(n, step):
    """Return a function that applies ``step`` to a number ``n`` times."""
    return lambda start: reduce(lambda y, _: step(y), range(n), start)


# --- loops ----------------------------------------------------------------------------------------


def descent(rate, rounds, gradient, start):
    return lambda m, x: repeated(rounds, lambda w: w - rate * gradient(m, w, x))(start + 0 * x)


def newton(rounds, f, slope, start):
    return lambda m, x: repeated(rounds, lambda w: w - f(m, w, x) / slope(m, w, x))(start + 0 * x)


def momentum(m, x):
    w, v = 1.0 + 0 * x, 0.0
    for _ in range(40):
        v = 0.8 * v - 0.05 * (w * w * w - x)
        w = w + v
    return w


def adam(m, x):
    w, first, second = 0.5 + 0 * x, 0.0, 0.0
    for _ in range(30):
        g = 2 * (w - x) + m.cos(w)
        first, second = 0.9 * first + 0.1 * g, 0.99 * second + 0.01 * g * g
        w = w - 0.1 * first / m.sqrt(second + 1e-8)
    return w


def regression_by_rate(m, x):
    """The loss after 30 steps of linear regression, as a function of the learning rate."""
    rows = [(0.2, 1.1), (0.7, 2.3), (1.1, 2.9), (1.6, 4.2)]
    w, b = 0.0 * x, 0.0 * x
    for _ in range(30):
        errors = [(w * s + b - t, s) for s, t in rows]
        w, b = w - x * sum(e * s for e, s in errors), b - x * sum(e for e, _ in errors)
    return sum((w * s + b - t) ** 2 for s, t in rows)


def euler(m, x):
    y, v = 1.0 + 0 * x, 0.0 * x
    for _ in range(200):
        y, v = y + 0.02 * v, v - 0.02 * x * m.sin(y)
    return y


def runge_kutta(m, x):
    def slope(y):
        return x * y * (1 - y)

    y = 0.1 + 0 * x
    for _ in range(50):
        a = slope(y)
        b = slope(y + 0.05 * a)
        c = slope(y + 0.05 * b)
        y = y + 0.1 * (a + 2 * b + 2 * c + slope(y + 0.1 * c)) / 6
    return y


LOOPING = [
    ("descent on (a w - 1)² / 2a", descent(0.5, 100, lambda m, w, a: a * w - 1, 0.0), (0.3, 0.9, 1.7)),
    ("descent on log cosh", descent(0.3, 60, lambda m, w, a: m.tanh(w - a), 3.0), (0.2, -1.5)),
    ("descent with a small rate", descent(0.01, 300, lambda m, w, a: w * w * w - a, 1.0), (0.5, 2.0)),
    ("Newton's square root", newton(8, lambda m, w, a: w * w - a, lambda m, w, a: 2 * w, 1.0), (2.0, 7.3, 1e-2)),
    ("Newton's logarithm", newton(9, lambda m, w, a: m.exp(w) - a, lambda m, w, a: m.exp(w), 1.0), (0.4, 3.1)),
    ("Halley's cube root", lambda m, x: repeated(7, lambda w: w * (w**3 + 2 * x) / (2 * w**3 + x))(1.0 + 0 * x), (2.0, 30.0)),
    ("cos to its fixed point", lambda m, x: repeated(60, lambda w: m.cos(x * w))(0.5 + 0 * x), (0.4, 0.9, 1.1)),
    ("Kepler's equation", lambda m, x: repeated(50, lambda e: 1.3 + x * m.sin(e))(1.0 + 0 * x), (0.1, 0.6)),
    ("mean by geometry", lambda m, x: agm(m, x), (0.2, 5.0)),
    ("momentum", momentum, (0.3, 1.4)),
    ("Adam", adam, (0.2, -0.6, 1.5)),
    ("regression by its rate", regression_by_rate, (0.02, 0.11, 0.2)),
    ("Euler's pendulum", euler, (1.0, 3.0)),
    ("Runge and Kutta's logistic", runge_kutta, (0.5, 2.0)),
]  # fmt: skip


def agm(m, x):
    a, b = 1.0 + 0 * x, x
    for _ in range(8):
        a, b = (a + b) / 2, m.sqrt(a * b)
    return a


# --- deep networks --------------------------------------------------------------------------------


def network(seed, width, layers, activation, gain=1.0, offset=0.0):
    """Return a network with one input and randomly initialised weights."""
    rng = random.Random(seed)
    sizes = [1] + [width] * layers
    weights = [
        [[rng.gauss(0, gain / math.sqrt(n)) for _ in range(n)] for _ in range(k)]
        for n, k in zip(sizes, sizes[1:], strict=False)
    ]
    biases = [[rng.gauss(0, 0.1) for _ in range(width)] for _ in range(layers)]
    last = [rng.gauss(0, 1) for _ in range(width)]

    def f(m, x):
        act, row = getattr(m, activation), [x]
        for rows, bias in zip(weights, biases, strict=True):
            row = [
                act(sum((w * a for w, a in zip(ws, row, strict=True)), b))
                for ws, b in zip(rows, bias, strict=True)
            ]
        return sum((w * a for w, a in zip(last, row, strict=True)), offset)

    return f


def residual(m, x):
    return repeated(40, lambda a: a + 0.3 * m.tanh(1.7 * a - 0.4))(x)


NETWORKS = [
    (f"{act}, {layers} layers of {width}", network(seed, width, layers, act, gain), points)
    for seed, (act, layers, width, gain, points) in enumerate([
        ("tanh", 10, 4, 1.0, (0.3, -1.2)), ("tanh", 15, 5, 1.0, (0.5, 2.0)),
        ("tanh", 20, 6, 1.3, (0.1, -0.7)), ("tanh", 30, 4, 1.0, (0.4,)),
        ("tanh", 30, 5, 1.5, (0.4, 1.1)), ("tanh", 40, 4, 1.2, (0.2,)),
        ("sigmoid", 10, 5, 4.0, (0.3, -1.0)), ("sigmoid", 20, 4, 4.0, (0.6,)),
        ("sigmoid", 15, 4, 1.0, (0.5,)), ("relu", 10, 6, 1.4, (0.3, -1.0)),
        ("relu", 20, 8, 1.4, (0.7,)), ("relu", 40, 6, 1.5, (1.3,)),
        ("sin", 12, 5, 1.0, (0.4, -0.9)), ("sin", 25, 4, 1.2, (0.2,)),
    ])
] + [("residual, 40 layers", residual, (0.1, 0.236, -2.0))]  # fmt: skip


# --- recurrences ----------------------------------------------------------------------------------


def two_terms(n, first, second, step):
    """Return a function for the last of ``n`` terms, each computed from the two before."""

    def f(m, x):
        a, b = first(x), second(x)
        for k in range(2, n):
            a, b = b, step(k, b, a, x)
        return b

    return f


def continued_fraction(m, x):
    return reduce(lambda y, k: k + x / y, range(40, 0, -1), 41.0 + 0 * x)


RECURRENT = [
    ("Fibonacci's, 40", two_terms(40, lambda x: x, lambda x: 1.0 + 0 * x, lambda k, b, a, x: a + b), (0.3, 2.0)),
    ("Fibonacci's with x, 30", two_terms(30, lambda x: x, lambda x: x * x, lambda k, b, a, x: x * b + a), (0.4, -0.8)),
    ("Chebyshev's, 25", two_terms(25, lambda x: 1.0 + 0 * x, lambda x: x, lambda k, b, a, x: 2 * x * b - a), (0.31, 0.77, -0.5)),
    ("Chebyshev's, 60", two_terms(60, lambda x: 1.0 + 0 * x, lambda x: x, lambda k, b, a, x: 2 * x * b - a), (0.31, 0.62)),
    ("Legendre's, 30", two_terms(30, lambda x: 1.0 + 0 * x, lambda x: x, lambda k, b, a, x: ((2 * k - 1) * x * b - (k - 1) * a) / k), (0.2, 0.9)),
    ("Hermite's, 12", two_terms(12, lambda x: 1.0 + 0 * x, lambda x: 2 * x, lambda k, b, a, x: 2 * x * b - 2 * (k - 1) * a), (0.5, 1.6)),
    ("logistic map, 12", lambda m, x: repeated(12, lambda y: 3.7 * y * (1 - y))(x), (0.2, 0.43)),
    ("logistic map by its rate, 15", lambda m, x: repeated(15, lambda y: x * y * (1 - y))(0.3 + 0 * x), (2.9, 3.6)),
    ("Horner, 20", lambda m, x: reduce(lambda y, k: y * x + (-1) ** k / (k + 1.0), range(20), 1.0 + 0 * x), (0.8, -1.1)),
    ("Wilkinson's product, 15", lambda m, x: reduce(lambda y, k: y * (x - k), range(1, 16), 1.0 + 0 * x), (2.3, 7.5)),
    ("a continued fraction", continued_fraction, (0.7, 3.0)),
    ("Hénon's map, 10", lambda m, x: henon(x), (0.1, 0.5)),
    ("a filter, 80", two_terms(80, lambda x: 1.0 + 0 * x, lambda x: x, lambda k, b, a, x: 1.6 * b - 0.7 * a + 0.1 * x), (0.5, 3.0)),
]  # fmt: skip


def henon(x):
    y = 0.2
    for _ in range(10):
        x, y = 1 - 1.3 * x * x + y, 0.3 * x
    return x


# --- plain floats ---------------------------------------------------------------------------------


def bisected(f, low, high):
    """Return a function of x: the root of f(w, x) in w, by 80 bisections."""

    def root(x):
        a, b = low, high
        for _ in range(80):
            middle = (a + b) / 2
            a, b = (middle, b) if (f(middle, x) > 0) == (f(a, x) > 0) else (a, middle)
        return (a + b) / 2

    return root


def simpson(f, a, b, n=100):
    def integral(m, x):
        h = (b - a) / n
        ends = f(m, a, x) + f(m, b, x)
        inner = sum((4 if k % 2 else 2) * f(m, a + k * h, x) for k in range(1, n))
        return (ends + inner) * h / 3

    return integral


def solved(x):
    return float(np.linalg.solve([[2.0, x], [x, 5.0]], [1.0, 3.0])[0])


def deviation(m, x):
    rows = [0.5, 1.25, 3.0, x]
    mean = sum(rows) / 4
    return m.sqrt(sum((row - mean) ** 2 for row in rows) / 3)


ON_FLOATS = [
    ("sin", lambda m, x: m.sin(x), (0.7, 3.0), math.sin),
    ("atan", lambda m, x: mpmath.atan(x), (0.3, -20.0), math.atan),
    ("erf", lambda m, x: mpmath.erf(x), (0.4, 1.9), math.erf),
    ("gamma", lambda m, x: mpmath.gamma(x), (2.5, 0.3), math.gamma),
    ("log gamma", lambda m, x: mpmath.loggamma(x), (7.2, 300.0), math.lgamma),
    ("hypot", lambda m, x: m.sqrt(x * x + 9), (4.0, 1e-3), lambda x: math.hypot(x, 3.0)),
    ("log1p of exp", lambda m, x: m.log(1 + m.exp(x)), (-3.0, 2.0), lambda x: math.log1p(math.exp(x))),
    ("expm1 - x", lambda m, x: m.exp(x) - 1 - x, (1e-3, 0.5), lambda x: math.expm1(x) - x),
    ("a power", lambda m, x: x**2.7, (1.3, 50.0), lambda x: math.pow(x, 2.7)),
    ("sum of squares by fsum", lambda m, x: sum((x - k) ** 2 for k in range(5)), (0.3, 7.0), lambda x: math.fsum((x - k) ** 2 for k in range(5))),
    ("a standard deviation", deviation, (2.2, 9.0), lambda x: statistics.stdev([0.5, 1.25, 3.0, x])),
    ("a geometric mean", lambda m, x: (6 * x) ** (mpmath.mpf(1) / 3), (0.5, 8.0), lambda x: statistics.geometric_mean([2.0, 3.0, x])),
    ("a normal distribution", lambda m, x: mpmath.ncdf(x), (0.3, -2.5), statistics.NormalDist().cdf),
    ("NumPy's solve", lambda m, x: (5 - 3 * x) / (10 - x * x), (0.7, 2.9), solved),
    ("NumPy's determinant", lambda m, x: 6 * x - 7, (1.3, 1.1666667), lambda x: float(np.linalg.det([[x, 1.0], [7.0, 6.0]]))),
    ("NumPy's norm", lambda m, x: m.sqrt(x * x + 14), (0.6, -30.0), lambda x: float(np.linalg.norm([1.0, 2.0, 3.0, x]))),
    ("NumPy's largest eigenvalue", lambda m, x: (3 + m.sqrt(1 + 4 * x * x)) / 2, (0.4, 2.0), lambda x: float(np.linalg.eigvalsh([[1.0, x], [x, 2.0]])[-1])),
    ("a root by bisection", lambda m, x: mpmath.findroot(lambda w: mpmath.cos(w) - x * w, 0.7), (0.8, 1.5), bisected(lambda w, x: math.cos(w) - x * w, 0.0, 1.5)),
    ("a logarithm by bisection", lambda m, x: m.log(x), (2.5, 10.0), bisected(lambda w, x: math.exp(w) - x, -5.0, 5.0)),
    ("an integral of exp(-x t²)", simpson(lambda m, t, x: m.exp(-x * t * t), 0.0, 2.0), (0.5, 3.0), lambda x: simpson(lambda m, t, x: m.exp(-x * t * t), 0.0, 2.0)(math, x)),
    ("an integral of sin(x t)", simpson(lambda m, t, x: m.sin(x * t), 0.0, 3.0), (1.0, 6.0), lambda x: simpson(lambda m, t, x: m.sin(x * t), 0.0, 3.0)(math, x)),
    ("a series of exp", lambda m, x: sum(x**k / math.factorial(k) for k in range(40)), (-6.0, 2.0), lambda x: sum(x**k / math.factorial(k) for k in range(40))),
    ("a one-pass variance", lambda m, x: (x * x + 1e6 + 1e6 + 4e3 + 4) / 3 - ((x + 2002) / 3) ** 2, (1001.5, 990.0), lambda x: sum(v * v for v in (x, 1000.0, 1002.0)) / 3 - (sum((x, 1000.0, 1002.0)) / 3) ** 2),
    ("a loop that stops by itself", lambda m, x: m.sqrt(x), (3.0, 200.0), lambda x: babylonian(x)),
]  # fmt: skip


def babylonian(x):
    w = x
    while abs(w * w - x) > 1e-13 * x:
        w = (w + x / w) / 2
    return w


# --- float32 inside -------------------------------------------------------------------------------


def single(x):
    return float(np.float32(x))


def single_network(x):
    a = np.float32(x)
    for w in (0.9, -1.3, 0.7):
        a = np.tanh(np.float32(w) * a + np.float32(0.1))
    return float(a)


def exact_network(m, x):
    a = x
    for w in (0.9, -1.3, 0.7):
        a = m.tanh(mpmath.mpf(single(w)) * a + mpmath.mpf(single(0.1)))
    return a


WITH_SINGLE = [
    ("sin, rounded", lambda m, x: m.sin(x), (0.01, 0.3, 1.0, 2.9), lambda x: single(math.sin(x))),
    ("exp, rounded", lambda m, x: m.exp(x), (-3.0, 0.1, 4.4), lambda x: single(math.exp(x))),
    ("a square, rounded", lambda m, x: x * x, (0.37, 12.3), lambda x: single(x * x)),
    ("tanh of a rounded input", lambda m, x: m.tanh(x), (0.2, 0.7), lambda x: math.tanh(single(x))),
    ("sin of a large rounded input", lambda m, x: m.sin(x), (100.3, 1000.7), lambda x: math.sin(single(x))),
    ("cos in float32", lambda m, x: m.cos(x), (0.4, 2.0), lambda x: float(np.cos(np.float32(x)))),
    ("a polynomial in float32", lambda m, x: x**3 - 2 * x + 1, (0.3, 1.9), lambda x: float(np.float32(x) ** 3 - 2 * np.float32(x) + 1)),
    ("a network in float32", exact_network, (0.5, -1.3), single_network),
    ("exp of a rounded sin", lambda m, x: m.exp(m.sin(x)), (0.4, 1.2), lambda x: math.exp(single(math.sin(x)))),
    ("1000 and a rounded cos", lambda m, x: 1000 + 50 * m.cos(x), (0.8,), lambda x: 1000 + 50 * single(math.cos(x))),
    ("a saturated tanh, rounded", lambda m, x: m.tanh(x), (9.5,), lambda x: single(math.tanh(x))),
    ("a mean in float32", lambda m, x: (x + 3) / 4, (0.7, 40.0), lambda x: float(np.mean(np.array([x, 1.5, 0.5, 1.0], np.float32)))),
]  # fmt: skip

# --- large numbers --------------------------------------------------------------------------------

WITH_LARGE = [
    ("sin", lambda m, x: m.sin(x), (1e8, 1e12, 1e14, 1e16, 1e20, 1e25, 1e150)),
    ("cos", lambda m, x: m.cos(x), (3e9, 7e15, 2e25, 1e300)),
    ("a square", lambda m, x: x * x, (1e8, 1e25, 1e150, -3e60)),
    ("a quotient", lambda m, x: (x + 1e20) / (x - 3e20), (1e20, 5e8, 2e25)),
    ("a logarithm", lambda m, x: m.log(x), (1e8, 1e25, 1e150, 1e300)),
    ("a root", lambda m, x: m.sqrt(x), (1e25, 3e150)),
    ("tanh", lambda m, x: m.tanh(x / 1e25), (1e25, -3e24)),
    ("exp", lambda m, x: m.exp(x / 1e12), (1e12, 3e13)),
    ("x sin x", lambda m, x: x * m.sin(x), (1e6, 1e10, 1e18)),
    ("sin of a square", lambda m, x: m.sin(x * x), (1e4, 1e7, 1e9)),
    ("a million and sin", lambda m, x: 1e6 + m.sin(x), (1e3, 1e17)),
    ("1e150 times tanh", lambda m, x: 1e150 * m.tanh(x), (0.4, 2.0)),
    ("exp(-x) of a large one", lambda m, x: m.exp(-x / 1e8) * x, (1e8, 5e9)),
]

# --- stiff, cancelling, oscillating ---------------------------------------------------------------

WITH_HARSH = [
    ("a stiff decay", lambda m, x: m.exp(-1e4 * x) + m.exp(-x), (1e-4, 0.5)),
    ("a steep sigmoid", lambda m, x: m.sigmoid(1e5 * (x - 0.5)), (0.5, 0.50001)),
    ("a narrow peak", lambda m, x: 1 / (1 + 1e8 * (x - 0.3) ** 2), (0.3001, 0.29)),
    ("(1 - cos x) / x²", lambda m, x: (1 - m.cos(x)) / (x * x), (1e-3, 1e-5, 0.7)),
    ("exp(x) - exp(-x)", lambda m, x: m.exp(x) - m.exp(-x), (1e-8, 1e-3, 3.0)),
    ("a root less a root", lambda m, x: m.sqrt(x * x + 1) - x, (1e3, 1e5)),
    ("sin(1e7 x)", lambda m, x: m.sin(1e7 * x), (0.3, 1.0)),
    ("sin(1 / x)", lambda m, x: m.sin(1 / x), (1e-3, 1e-6)),
    ("x + 1e-9 sin(1e7 x)", lambda m, x: x + 1e-9 * m.sin(1e7 * x), (0.4, 1.0)),
    ("sin(x) / x near 0", lambda m, x: m.sin(x) / x, (1e-4, 0.1)),
    ("x log x", lambda m, x: x * m.log(x), (1e-10, 0.36788)),
    ("1e9 and a little", lambda m, x: 1e9 + x * x, (2.0, 1e4)),
    ("1e-150 and its square", lambda m, x: x * x + x, (1e-150, 1e-70)),
    ("a chirp", lambda m, x: m.cos(m.exp(x)), (3.0, 12.0)),
    ("a quotient of exponentials", lambda m, x: m.exp(x) / (m.exp(x) + m.exp(2.0)), (700.0, 2.5)),
]

# --- dead units -----------------------------------------------------------------------------------

WITH_DEAD = [
    ("a dead unit and an offset", lambda m, x: 1e-4 * m.relu(x) + 1, (-0.1, -3.0)),
    ("a dead unit in a sum", lambda m, x: m.relu(0.3 * x - 1) * m.exp(x) + 5.0, (1.0, -2.0)),
    ("a unit that lives", lambda m, x: 1e-4 * m.relu(x) + 1, (0.1, 3.0)),
    ("what is not used", lambda m, x: 0 * x + 1e6, (0.5, 1e10)),
    ("a dead layer", lambda m, x: m.tanh(m.relu(-m.exp(x)) + 0.4), (0.3, -4.0)),
]


def listed(family, rows):
    return [Function(family, *row) for row in rows]


FUNCTIONS = [
    function
    for family, rows in zip(
        FAMILIES,
        (LOOPING, NETWORKS, RECURRENT, ON_FLOATS, WITH_SINGLE, WITH_LARGE, WITH_HARSH, WITH_DEAD),
        strict=True,
    )
    for function in listed(family, rows)
]


# --- held out -------------------------------------------------------------------------------------


def damped_newton(m, x):
    w = 1.5 + 0 * x
    for _ in range(12):
        w = w - 0.9 * (w * w * w - x) / (3 * w * w + 0.1)
    return w


def predator(m, x):
    a, b = 1.0 + 0 * x, 0.5 + 0 * x
    for _ in range(120):
        a, b = a + 0.02 * a * (x - b), b + 0.02 * b * (a - 1.0)
    return a


def softmax_descent(m, x):
    z = [0.1 + 0 * x, 0.2 * x, -0.3 + 0 * x]
    for _ in range(25):
        odds = [m.exp(v) for v in z]
        whole = odds[0] + odds[1] + odds[2]
        z = [v - 0.5 * (o / whole - t) for v, o, t in zip(z, odds, (0.2, 0.5, 0.3), strict=True)]
    return z[1]


def gated(m, x):
    """The state of a recurrent unit with one gate after 25 rounds."""
    h = 0.1 + 0 * x
    for k in range(25):
        gate = m.sigmoid(1.5 * h + x - 0.1 * k)
        h = gate * h + (1 - gate) * m.tanh(0.8 * h + 0.5 * x)
    return h


def secant(x):
    a, b = 0.5, 1.5
    for _ in range(40):
        low, high = a * math.exp(a) - x, b * math.exp(b) - x
        if high == low:
            break
        a, b = b, b - high * (b - a) / (high - low)
    return b


def trapezium(x):
    grid = np.linspace(0.0, 1.0, 201)
    values = np.exp(-x * grid) * np.cos(grid)
    return float(np.sum((values[1:] + values[:-1]) * np.diff(grid)) / 2)


def exact_trapezium(m, x):
    grid = [float(t) for t in np.linspace(0.0, 1.0, 201)]
    values = [m.exp(-x * t) * m.cos(t) for t in grid]
    pairs = zip(values, values[1:], grid, grid[1:], strict=False)
    return sum((a + b) * (mpmath.mpf(t) - s) for a, b, s, t in pairs) / 2


def float32_descent(x):
    w, target = np.float32(0), np.float32(x)
    for _ in range(40):
        w = w - np.float32(0.25) * (w - target) * np.float32(2)
    return float(w)


HELD_OUT = [
    *listed(LOOPS, [
        ("a cube root by damped steps", damped_newton, (1.7, 4.0)),
        ("hunters and their prey", predator, (0.8, 1.6)),
        ("descent on a softmax", softmax_descent, (0.4, -1.7)),
        ("descent on a quartic", descent(0.02, 150, lambda m, w, a: 4 * w**3 - a * w + 0.3, 1.2), (0.9, 2.5)),
        ("Newton's reciprocal", lambda m, x: repeated(9, lambda w: w * (2 - x * w))(0.1 + 0 * x), (3.0, 0.7)),
        ("Newton's arc sine", newton(8, lambda m, w, a: m.sin(w) - a, lambda m, w, a: m.cos(w), 0.3), (0.2, 0.8)),
        ("a fixed point of exp", lambda m, x: repeated(80, lambda w: m.exp(-x * w))(0.5 + 0 * x), (0.6, 1.3)),
        ("a sum that is averaged", lambda m, x: repeated(50, lambda w: 0.9 * w + 0.1 * m.sin(x + w))(0.0 * x), (0.5, 4.0)),
        ("descent that nearly diverges", descent(1.9, 70, lambda m, w, a: w - a * a, 0.3), (0.8, -1.1)),
    ]),
    *listed(DEEP, [
        ("a gated unit", gated, (0.3, -1.0)),
        ("softened relu", lambda m, x: repeated(15, lambda a: m.log(1 + m.exp(1.3 * a - 0.6)))(x), (0.2, 1.5)),
        ("tanh and relu in turn", lambda m, x: repeated(10, lambda a: m.relu(1.2 * m.tanh(a) + 0.3))(x), (0.4, -0.1)),
        ("tanh, 12 layers of 7", network(101, 7, 12, "tanh", 1.1), (0.35, -0.8)),
        ("tanh, 35 layers of 3", network(102, 3, 35, "tanh", 1.4), (0.6,)),
        ("sigmoid, 12 layers of 6", network(103, 6, 12, "sigmoid", 3.5), (-0.2, 1.4)),
        ("relu, 15 layers of 7", network(104, 7, 15, "relu", 1.45), (0.9, -2.0)),
        ("relu, 30 layers of 8", network(105, 8, 30, "relu", 1.5), (0.25,)),
    ]),
    *listed(RECURRENCES, [
        ("Lucas's with x, 45", two_terms(45, lambda x: 2 + 0 * x, lambda x: x, lambda k, b, a, x: b + a / x), (1.3, 2.6)),
        ("Chebyshev's second, 40", two_terms(40, lambda x: 1.0 + 0 * x, lambda x: 2 * x, lambda k, b, a, x: 2 * x * b - a), (0.12, -0.81)),
        ("Laguerre's, 14", two_terms(14, lambda x: 1.0 + 0 * x, lambda x: 1 - x, lambda k, b, a, x: ((2 * k - 1 - x) * b - (k - 1) * a) / k), (0.7, 3.3)),
        ("Bessel's, downwards", two_terms(20, lambda x: 1e-8 + 0 * x, lambda x: 1e-7 * x, lambda k, b, a, x: 2 * (21 - k) / x * b - a), (1.4, 2.2)),
        ("the tent, softened, 10", lambda m, x: repeated(10, lambda y: m.sin(3.0 * y * (1 - y)))(x), (0.22, 0.61)),
        ("the sine map, 14", lambda m, x: repeated(14, lambda y: x * m.sin(3.141592653589793 * y))(0.4 + 0 * x), (0.7, 0.87)),
        ("Horner, 35", lambda m, x: reduce(lambda y, k: y * x + math.cos(k), range(35), 0.5 + 0 * x), (0.93, -1.04)),
        ("a tower of roots", lambda m, x: repeated(30, lambda y: m.sqrt(x + y))(0.0 * x + 1), (2.0, 0.3)),
    ]),
    *listed(PLAIN, [
        ("erfc", lambda m, x: mpmath.erfc(x), (0.6, 4.0), math.erfc),
        ("asinh", lambda m, x: mpmath.asinh(x), (0.4, -1e3), math.asinh),
        ("acosh", lambda m, x: mpmath.acosh(x), (1.2, 9.0), math.acosh),
        ("log2", lambda m, x: m.log(x) / m.log(mpmath.mpf(2)), (5.0, 1e-3), math.log2),
        ("cbrt by a power", lambda m, x: x ** (mpmath.mpf(1 / 3)), (2.0, 1e4), lambda x: x ** (1 / 3)),
        ("distance", lambda m, x: m.sqrt((x - 1) ** 2 + 4), (0.2, 3.5), lambda x: math.dist((x, 2.0), (1.0, 0.0))),
        ("a variance", lambda m, x: ((x - (x + 10) / 3) ** 2 + (4 - (x + 10) / 3) ** 2 + (6 - (x + 10) / 3) ** 2) / 3, (1.5, 20.0), lambda x: statistics.pvariance([x, 4.0, 6.0])),
        ("a harmonic mean", lambda m, x: 3 / (1 / x + mpmath.mpf(3) / 4), (0.8, 6.0), lambda x: statistics.harmonic_mean([x, 2.0, 4.0])),
        ("NumPy's inverse", lambda m, x: x / (x * x - 2), (1.1, 3.0), lambda x: float(np.linalg.inv(np.array([[x, 1.0], [2.0, x]]))[0, 0])),
        ("NumPy's log of a sum", lambda m, x: m.log(m.exp(x) + m.exp(mpmath.mpf(1)) + 1), (0.5, 4.0), lambda x: float(np.log(np.sum(np.exp([x, 1.0, 0.0]))))),
        ("NumPy's polynomial", lambda m, x: ((2 * x - 3) * x + 1) * x - 5, (0.9, -4.0), lambda x: float(np.polyval([2.0, -3.0, 1.0, -5.0], x))),
        ("the secant method", lambda m, x: mpmath.lambertw(x).real, (1.0, 3.0), secant),
        ("a trapezium rule", exact_trapezium, (0.5, 8.0), trapezium),
        ("a cube by bisection", lambda m, x: x ** (mpmath.mpf(1) / 3), (1.9, 0.05), bisected(lambda w, x: w**3 - x, 0.0, 2.0)),
        ("a product", lambda m, x: x * (x + 1) * (x + 2) * (x + 3), (0.4, -1.7), lambda x: math.prod(x + k for k in range(4))),
    ]),
    *listed(SINGLE, [
        ("a logarithm, rounded", lambda m, x: m.log(x), (0.03, 1.7, 55.0), lambda x: single(math.log(x))),
        ("exp in float32", lambda m, x: m.exp(x), (-1.3, 3.2), lambda x: float(np.exp(np.float32(x)))),
        ("a root of a rounded input", lambda m, x: m.sqrt(x), (0.6, 700.1), lambda x: math.sqrt(single(x))),
        ("descent in float32", lambda m, x: x * (1 - mpmath.mpf(0.5) ** 40), (0.7, -12.0), float32_descent),
        ("a product of rounded ones", lambda m, x: m.sin(x) * m.cos(2 * x), (0.21, 1.9), lambda x: single(math.sin(x)) * single(math.cos(2 * x))),
        ("a sigmoid, rounded", lambda m, x: 1 / (1 + m.exp(-x)), (0.8, -5.0), lambda x: single(1 / (1 + math.exp(-x)))),
        ("a dot product in float32", lambda m, x: mpmath.mpf(0.5) * x + x * x + mpmath.mpf(0.25), (1.3, 0.06), lambda x: float(np.dot(np.array([0.5, x, 0.25], np.float32), np.array([x, x, 1.0], np.float32)))),
    ]),
    *listed(LARGE, [
        ("cos and a line", lambda m, x: m.cos(x) + 1e-3 * x, (1e5, 1e11, 1e22)),
        ("a cube less a square", lambda m, x: x * x * x - x * x, (1e9, -2e40)),
        ("log of a square", lambda m, x: m.log(x * x + 1), (3e8, 1e100)),
        ("a ratio of roots", lambda m, x: m.sqrt(x) / (m.sqrt(x) + 1e5), (1e10, 1e13)),
        ("a wave on a hill", lambda m, x: m.exp(-((x / 1e9) ** 2)) * m.sin(x / 1e3), (1e8, 4e8)),
        ("sigmoid of a large difference", lambda m, x: m.sigmoid((x - 1e12) / 1e10), (1.01e12, 9.7e11)),
        ("sin of exp", lambda m, x: m.sin(m.exp(x)), (5.0, 20.0, 60.0)),
        ("1e100 times a wave", lambda m, x: 1e100 * m.cos(3 * x), (0.3, 2.0)),
    ]),
    *listed(HARSH, [
        ("a boundary layer", lambda m, x: 1 - m.exp(-x / 1e-6) + x, (1e-6, 3e-6, 0.1)),
        ("log of 1 + a little", lambda m, x: m.log(1 + x), (1e-6, 1e-3)),
        ("tanh less its argument", lambda m, x: m.tanh(x) - x, (1e-2, 0.4)),
        ("a beat", lambda m, x: m.sin(1e5 * x) * m.sin(1.001e5 * x), (0.2, 1.1)),
        ("a difference of squares", lambda m, x: (x + 1e6) ** 2 - (x - 1e6) ** 2, (0.5, 300.0)),
        ("a damped wave", lambda m, x: m.exp(-300 * x) * m.cos(4e4 * x), (1e-3, 0.02)),
        ("a power of 50", lambda m, x: x**50, (0.5, 1.02)),
        ("a Lorentzian in a sum", lambda m, x: x + 1e-6 / (1e-6 + (x - 1) ** 2), (1.0003, 1.2)),
    ]),
    *listed(DEAD, [
        ("a dead sum", lambda m, x: 2.5 + 1e-3 * m.relu(x - 3) + 1e-5 * m.relu(-x - 1), (1.0, 0.2)),
        ("a dead factor", lambda m, x: m.exp(m.relu(-2 * x) * 3) * 7, (0.7,)),
    ]),
]  # fmt: skip
