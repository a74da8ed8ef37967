"""Small data sets for training: an example is a pair of an input and a target.

An input is a tuple of numbers, and a class is a whole number: 0, 1, 2, ... All random numbers come
from a seed; so does the order of the examples of a data set with classes.

>>> XOR
(((0.0, 0.0), 0), ((0.0, 1.0), 1), ((1.0, 0.0), 1), ((1.0, 1.0), 0))
>>> len(moons(100)), moons(1, noise=0)
(100, [((1.0, 0.0), 0)])
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, TypeAlias

from tinygrad_edu.nn.settings import at_least, random_source, whole_number

__all__ = ["AND", "OR", "XOR", "blobs", "circles", "curve", "moons", "spirals"]

Example: TypeAlias = "tuple[tuple[float, ...], Any]"
Examples: TypeAlias = "Sequence[Example]"


def truth_table(holds: Callable[[int, int], int]) -> Examples:
    """Return the four cases of a logical operation of two bits.

    >>> truth_table(lambda x, y: 1 - (x & y))[3]
    ((1.0, 1.0), 0)
    """
    return tuple(((float(x), float(y)), int(holds(x, y))) for x in (0, 1) for y in (0, 1))


AND = truth_table(lambda x, y: x & y)
"""1 if both bits are 1 (A1)."""
OR = truth_table(lambda x, y: x | y)
"""1 if at least one bit is 1 (A1)."""
XOR = truth_table(lambda x, y: x ^ y)
"""1 if exactly one bit is 1: no straight line separates the classes (A1, A3)."""


def moons(n: int = 100, noise: float = 0.1, seed: int | Random = 0) -> Examples:
    """Return points on two half circles that reach into each other; each half circle is a class.

    Args:
        n: the number of points, half of them in each class; if n is odd, class 0 has one more.
        noise: the standard deviation of the noise that is added to each coordinate.
        seed: the seed for the noise and the order.

    >>> sorted(label for _, label in moons(5))
    [0, 0, 0, 1, 1]
    """
    whole_number("n", n, least=0)
    upper = [(math.cos(t), math.sin(t), 0) for t in spread(n - n // 2, 0, math.pi)]
    lower = [(1 - math.cos(t), 0.5 - math.sin(t), 1) for t in spread(n // 2, 0, math.pi)]
    return scattered(upper + lower, noise, seed)


def circles(
    n: int = 100, noise: float = 0.05, inner: float = 0.5, seed: int | Random = 0
) -> Examples:
    """Return points on a circle of radius 1 (class 0) and on a smaller circle inside it (class 1).

    Args:
        n: the number of points, half of them in each class; if n is odd, class 0 has one more.
        noise: the standard deviation of the noise that is added to each coordinate.
        inner: the radius of the smaller circle.
        seed: the seed for the noise and the order.

    >>> sorted(circles(2, noise=0), reverse=True)
    [((1.0, 0.0), 0), ((0.5, 0.0), 1)]
    """
    whole_number("n", n, least=0)
    points = []
    for label, (count, radius) in enumerate([(n - n // 2, 1.0), (n // 2, inner)]):
        angles = [2 * math.pi * k / count for k in range(count)]
        points += [(radius * math.cos(t), radius * math.sin(t), label) for t in angles]
    return scattered(points, noise, seed)


def spirals(
    n: int = 100, noise: float = 0.02, turns: float = 1.0, arms: int = 2, seed: int | Random = 0
) -> Examples:
    """Return points on spiral arms from the centre to radius 1; each arm is a class.

    Args:
        n: the number of points, spread evenly over the arms.
        noise: the standard deviation of the noise that is added to each coordinate.
        turns: how often each arm goes around the centre.
        arms: the number of arms.
        seed: the seed for the noise and the order.

    >>> sorted(label for _, label in spirals(6, arms=3))
    [0, 0, 1, 1, 2, 2]
    """
    whole_number("n", n, least=0)
    whole_number("arms", arms)
    points = []
    for label in range(arms):
        count = n // arms + (label < n % arms)
        for t in [k / count for k in range(1, count + 1)]:  # not 0, where all arms meet
            angle = 2 * math.pi * (turns * t + label / arms)
            points.append((t * math.cos(angle), t * math.sin(angle), label))
    return scattered(points, noise, seed)


def blobs(
    n: int = 100,
    centres: tuple[tuple[float, float], ...] = ((-1.0, -1.0), (1.0, 1.0)),
    noise: float = 0.5,
    seed: int | Random = 0,
) -> Examples:
    """Return points that are scattered around centres; each centre is a class.

    Args:
        n: the number of points, spread evenly over the centres.
        centres: the coordinates of each centre.
        noise: the standard deviation of the points around their centre.
        seed: the seed for the noise and the order.

    >>> sorted(blobs(2, noise=0))
    [((-1.0, -1.0), 0), ((1.0, 1.0), 1)]
    """
    whole_number("n", n, least=0)
    whole_number("the number of centres", len(centres))
    points = []
    for label, (x, y) in enumerate(centres):
        points += [(x, y, label)] * (n // len(centres) + (label < n % len(centres)))
    return scattered(points, noise, seed)


def curve(
    n: int = 20,
    function: Callable[[float], float] = math.sin,
    low: float = -math.pi,
    high: float = math.pi,
    noise: float = 0.0,
    seed: int | Random = 0,
) -> Examples:
    """Return points on the curve of a function of one number, for a regression.

    Args:
        n: the number of points, with inputs at equal distances from ``low`` to ``high``.
        function: gives the target for an input.
        low: the first input.
        high: the last input.
        noise: the standard deviation of the noise that is added to each target.
        seed: the seed for the noise.

    >>> curve(3, abs, low=-1, high=1)
    [((-1.0,), 1.0), ((0.0,), 0.0), ((1.0,), 1.0)]
    """
    whole_number("n", n, least=0)
    at_least("noise", noise)
    rng = random_source(seed)
    return [((x,), function(x) + rng.gauss(0.0, noise)) for x in spread(n, low, high)]


def spread(n: int, low: float, high: float) -> list[float]:
    """Return n numbers at equal distances from low to high, both included; for n = 1, only low.

    >>> spread(3, 1.0, 2.0)
    [1.0, 1.5, 2.0]
    """
    parts = [k / max(n - 1, 1) for k in range(n)]
    return [low * (1.0 - part) + high * part for part in parts]


def scattered(points: list[tuple[float, float, int]], noise: float, seed: int | Random) -> Examples:
    """Return points in the plane as examples: with noise on the coordinates, in random order."""
    at_least("noise", noise)
    rng = random_source(seed)
    examples: list[Example] = [
        ((x + rng.gauss(0.0, noise), y + rng.gauss(0.0, noise)), label) for x, y, label in points
    ]
    rng.shuffle(examples)
    return examples
