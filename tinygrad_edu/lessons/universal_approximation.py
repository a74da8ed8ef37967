"""Steps make bumps, bumps make any curve, and any surface: universal approximation (A5).

A network with one hidden layer of sigmoids and a linear output can come as close as you like to any
continuous function on a closed, bounded set, if it has enough neurons. Here the weights are set,
not learnt: the theorem says that they exist, not that training finds them.

For one input, two steep sigmoids make a bump. For two inputs, a neuron of a second hidden layer
computes the AND of a step in x₁ and a step in x₂. This makes a corner, and four corners make a
tower.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import product

from tinygrad_edu.nn import MLP
from tinygrad_edu.table import sigmoid

STEEPNESS = 100.0  # the factor before x in a step, times the width of a bump
CERTAINTY = 50.0  # the weights of an AND: the larger they are, the nearer it is to 0 or 1
LOW, HIGH = -2.0, 2.0  # the interval in which functions are approximated


def bump_edges(n: int) -> list[float]:
    """Return the edges of n bumps side by side; the outermost edges lie outside the interval.

    >>> bump_edges(4)
    [-2.5, -1.0, 0.0, 1.0, 2.5]
    """
    width = (HIGH - LOW) / n
    inside = [LOW + width * k for k in range(1, n)]
    return [LOW - width / 2, *inside, HIGH + width / 2]


def bump_middles(n: int) -> list[float]:
    """Return the points at which the n bumps are as high as the curve.

    >>> bump_middles(4)
    [-1.5, -0.5, 0.5, 1.5]
    """
    return [LOW + (HIGH - LOW) * (k + 0.5) / n for k in range(n)]


def curve_network(f: Callable[[float], float], n: int) -> MLP:
    """Return a network of n bumps side by side, each as high as the curve f at its middle.

    Each bump takes two hidden neurons.

    >>> bump = curve_network(lambda x: 3.0, 1).frozen()
    >>> [round(bump([x]), 3) for x in (-6.0, -2.0, 0.0, 2.0, 6.0)]
    [0.0, 3.0, 3.0, 3.0, 0.0]
    """
    network = MLP(1, [2 * n, 1], activation="sigmoid")
    hidden, output = network.layers
    steepness = STEEPNESS * n / (HIGH - LOW)
    at = bump_edges(n)
    hidden.W = [[steepness]] * (2 * n)
    hidden.b = [-steepness * edge for k in range(n) for edge in (at[k], at[k + 1])]
    output.W = [[sign * f(x) for x in bump_middles(n) for sign in (1, -1)]]
    output.b = [0.0]
    return network


def surface_network(f: Callable[[float, float], float], n: int) -> MLP:
    """Return a network of n × n towers side by side, each as high as the surface f at its middle.

    The first hidden layer computes the steps in x₁ and then those in x₂, the second the corners.

    >>> tower = surface_network(lambda x, y: 3.0, 1).frozen()
    >>> [round(tower(xy)) for xy in ([0.0, 0.0], [6.0, 0.0], [0.0, -6.0], [6.0, 6.0])]
    [3, 0, 0, 0]
    """
    at, xs, steps = bump_edges(n), bump_middles(n), range(n + 1)
    network = MLP(2, [2 * len(at), len(at) ** 2, 1], activation="sigmoid")
    first, second, output = network.layers
    steepness = STEEPNESS * n / (HIGH - LOW)
    first.W = [[steepness, 0.0]] * len(at) + [[0.0, steepness]] * len(at)
    first.b = [-steepness * edge for edge in at * 2]
    second.W = [
        [CERTAINTY * (k == i) for k in steps] + [CERTAINTY * (k == j) for k in steps]
        for i, j in product(steps, steps)
    ]
    second.b = [-1.5 * CERTAINTY] * len(at) ** 2
    heights = dict.fromkeys(product(steps, steps), 0.0)
    for i, j in product(range(n), range(n)):
        for di, dj in product((0, 1), (0, 1)):  # a tower: corners +, -, -, +
            heights[i + di, j + dj] += (-1) ** (di + dj) * f(xs[i], xs[j])
    output.W, output.b = [[*heights.values()]], [0.0]
    return network


def evenly_spaced(points: int) -> list[float]:
    """Return numbers at equal distances from LOW to HIGH, both included."""
    return [LOW + (HIGH - LOW) * k / (points - 1) for k in range(points)]


def largest_error(network: MLP, f: Callable[..., float], points: int) -> float:
    """Return the largest difference between a network and a function f on a grid of points.

    The grid has ``points`` numbers for each input.
    """
    frozen = network.frozen()
    at = product(evenly_spaced(points), repeat=network.n_inputs)
    return float(max(abs(frozen(xs) - f(*xs)) for xs in at))


# --- the report -----------------------------------------------------------------------------------


CURVES: dict[str, Callable[[float], float]] = {
    "sin 2x": lambda x: math.sin(2 * x),
    "√|x|": lambda x: math.sqrt(abs(x)),
}
"""A smooth curve, and one with a cusp: continuous, but infinitely steep at 0."""


def hill(x: float, y: float) -> float:
    """Return the height of a smooth hill at a point."""
    return math.exp(-(x * x) - y * y)


def shaded(heights: Sequence[float], shades: str, low: float, high: float) -> str:
    """Return a row of characters that shows heights by shades, from low (first) to high (last).

    >>> shaded([0.0, 0.4, 1.0], " ░█", 0.0, 1.0)
    ' ░█'
    """
    top = len(shades) - 1
    levels = [round(top * (height - low) / (high - low)) for height in heights]
    return "".join(shades[min(max(level, 0), top)] for level in levels)


def report() -> str:
    """Return the errors for more and more neurons, with small pictures, as text."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "Steps make bumps, bumps make curves and surfaces; all weights are set, not learnt (A5)"
    yield "\n  A steep sigmoid σ(k x) is nearly a step"
    xs = (-0.1, -0.01, 0.01, 0.1)
    heads = [f"x = {x}" for x in xs]
    yield f"    {'k':>5}{''.join(f'{head:>12}' for head in heads)}"
    for k in (1, 10, 100, 1000):
        yield f"    {k:>5}{''.join(f'{sigmoid(k * x):>12.4f}' for x in xs)}"

    yield "\n  One input: n bumps of 2 hidden neurons each; the largest error from −2 to 2"
    yield f"    {'n':>5}{'hidden':>8}{''.join(f'{name:>12}' for name in CURVES)}"
    for n in (4, 8, 16, 32):
        errors = (largest_error(curve_network(f, n), f, 201) for f in CURVES.values())
        yield f"    {n:>5}{2 * n:>8}{''.join(f'{error:>12.4f}' for error in errors)}"
    yield "  To halve the error, the smooth curve takes twice as many bumps, the cusp four times."
    wave, ramp = CURVES["sin 2x"], "▁▂▃▄▅▆▇█"
    for n in (4, 8, 32):
        network = curve_network(wave, n).frozen()
        yield f"    n = {n:<4}{shaded([network([x]) for x in evenly_spaced(64)], ramp, -1, 1)}"
    yield f"    sin 2x  {shaded([wave(x) for x in evenly_spaced(64)], ramp, -1, 1)}"

    yield "\n  Two inputs: n × n towers of 4 corners; the largest error for exp(−x₁² − x₂²)"
    yield f"    {'n':>5}{'hidden':>10}{'error':>12}"
    for n in (2, 4, 8):
        network = surface_network(hill, n)
        hidden = " + ".join(str(len(layer.neurons)) for layer in network.layers[:-1])
        yield f"    {n:>5}{hidden:>10}{largest_error(network, hill, 19):>12.4f}"
    surfaces = [surface_network(hill, n).frozen() for n in (4, 8)]
    yield f"    {'n = 4':<28}{'n = 8':<28}exp(−x₁² − x₂²)"
    for y in evenly_spaced(11):
        points = [(x, y) for x in evenly_spaced(24)]
        heights = [[surface(point) for point in points] for surface in surfaces]
        rows = [*heights, [hill(*point) for point in points]]
        yield "    " + "    ".join(shaded(row, "·░▒▓█", 0, 1) for row in rows)
