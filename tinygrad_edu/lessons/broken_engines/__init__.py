"""The classic mistakes in a backward pass, each a short function to run and to read (D6, D7).

:func:`compare_engines` runs them beside the right engine:

>>> from tinygrad_edu import Value
>>> a = Value(1.0, label="a")
>>> b = a + a
>>> b.label = "b"
>>> c = b + b
>>> c.label = "c"
>>> compare_engines(c)
   right  overwrite  recursion  first_visit  stale
c  1      1          1          1            1
b  2      1 ✗        2          2            4 ✗
a  4      1 ✗        6 ✗        2 ✗          8 ✗
overwrite: = in place of +=
recursion: recursion in place of topological order
first_visit: depth first, every node once, in place of topological order
stale: a second backward pass on top of old gradients
>>> MISTAKES["recursion"](c)[a]
6.0

The lesson :mod:`~tinygrad_edu.lessons.why_topological_order` walks through them step by step.
"""

from tinygrad_edu.lessons.broken_engines.comparison import (
    MistakeComparison,
    compare_engines,
    compare_updates,
)
from tinygrad_edu.lessons.broken_engines.engines import (
    MISTAKES,
    Gradients,
    Mistake,
    every_path,
    paths_walked,
    smallest_example,
    topological_order,
)

__all__ = [
    "MISTAKES",
    "Gradients",
    "Mistake",
    "MistakeComparison",
    "compare_engines",
    "compare_updates",
    "every_path",
    "paths_walked",
    "smallest_example",
    "topological_order",
]


def report() -> str:
    """Return the tables of :func:`compare_engines` and :func:`compare_updates` as text."""
    engines, updates = compare_engines(smallest_example()), compare_updates()
    return (
        f"Gradients of c = b + b, where b = a + a and a = 1\n\n{engines!r}\n\n"
        f"One step of gradient descent on L = (w₁ · w₂)²/2\n\n{updates!r}"
    )
