"""Functions of numbers and arrays of any library, as functions of a flat list of numbers.

>>> spread = Spread({"W": [[1.0, 2.0]], "b": 0.5}, "p")
>>> spread.numbers, spread.names
([1.0, 2.0, 0.5], ["p['W'][0, 0]", "p['W'][0, 1]", "p['b']"])
>>> spread.gathered([3.0, 4.0, 5.0])
{'W': [[3.0, 4.0]], 'b': 5.0}
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tinygrad_edu.check.measure import FLOAT_FORMATS
from tinygrad_edu.operation import OperandError, number
from tinygrad_edu.support.given import quoted

__all__ = ["DOUBLE", "PRECISIONS", "Spread", "digits_of", "is_array", "numbers_in", "shape_of"]

BFLOAT, HALF, SINGLE, DOUBLE = FLOAT_FORMATS
PRECISIONS = {"bfloat16": BFLOAT, "float16": HALF, "float32": SINGLE, "float64": DOUBLE}
"""Binary digits of floats by what they are called."""


def is_array(x: Any) -> bool:
    """Tell whether something is an array or tensor, of NumPy, PyTorch, JAX or one like them."""
    return all(hasattr(x, name) for name in ("shape", "dtype", "tolist"))


def is_spread(x: Any) -> bool:
    """Tell whether something holds arrays or a dict, so that it is no plain input of an engine."""
    if isinstance(x, list | tuple):
        return any(map(is_spread, x))
    return isinstance(x, dict) or is_array(x)


def digits_of(x: Any) -> int:
    """Return how many binary digits the floats in something have; 53 for Python's own.

    >>> import numpy
    >>> digits_of(numpy.float32(1.0)), digits_of([0.5, 2.0])
    (24, 53)
    """
    if isinstance(x, dict):
        return digits_of([*x.values()])
    if isinstance(x, list | tuple):
        return min(map(digits_of, x), default=DOUBLE)
    kind = str(getattr(x, "dtype", "float64")).rpartition(".")[2]
    return PRECISIONS.get(kind, DOUBLE)


def shape_of(x: Any) -> tuple[int, ...]:
    """Return the shape of an array, or of lists of lists; () for a number.

    >>> shape_of([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), shape_of(1.0)
    ((2, 3), ())
    """
    if is_array(x):
        return tuple(x.shape)
    if not isinstance(x, list | tuple):
        return ()
    inner = {shape_of(item) for item in x}
    return (len(x), *inner.pop()) if len(inner) == 1 else (len(x),)


def numbers_in(x: Any, what: str) -> Iterator[float]:
    """Yield the numbers in a result, row by row, from lists, dicts and arrays of any library.

    Raises TypeError for something that is not a number, naming ``what`` it stands in.
    """
    if isinstance(x, dict):
        x = [*x.values()]
    if is_array(x):
        x = x.detach().tolist() if hasattr(x, "detach") else x.tolist()
    if isinstance(x, list | tuple):
        for item in x:
            yield from numbers_in(item, what)
        return
    try:
        yield float(number(getattr(x, "data", x) if type(x).__name__ == "Value" else x))
    except OperandError:
        message = f"gradcheck: {what}: expected numbers or arrays of them, got {quoted(x)}"
        raise TypeError(message) from None


class Spread:
    """An input taken apart into its numbers, and how to put others together in the same way.

    Args:
        given: a number, an array of any library, or lists and dicts of them.
        name: what it is called.
    """

    def __init__(self, given: Any, name: str) -> None:
        """Take it apart."""
        self.numbers: list[float] = []
        self.names: list[str] = []
        self._gather = self._taken(given, name)

    def gathered(self, numbers: Sequence[float]) -> Any:
        """Return the same structure with other numbers, arrays with their own types."""
        return self._gather(iter(numbers))

    def _taken(self, x: Any, name: str, place: str = "") -> Callable[[Iterator[float]], Any]:
        if isinstance(x, dict):
            keys = [*x]
            inner = [self._taken(x[key], f"{name}[{key!r}]") for key in keys]
            return lambda rest: {k: f(rest) for k, f in zip(keys, inner, strict=True)}
        if isinstance(x, list | tuple):
            kind = type(x) if type(x) in (list, tuple) else list
            inner = [self._taken(item, name, f"{place}, {i}" if place else f"{i}")
                     for i, item in enumerate(x)]  # fmt: skip
            return lambda rest: kind([f(rest) for f in inner])
        called = f"{name}[{place}]" if place else name
        if is_array(x):
            return self._array(x, called)
        try:
            self._note(float(number(x)), called)
        except OperandError as error:
            message = f"gradcheck: input {called}: {error}"
            raise TypeError(message) from None
        return next

    def _array(self, x: Any, name: str) -> Callable[[Iterator[float]], Any]:
        shape = tuple(x.shape)
        for place, value in zip(places(shape), numbers_in(x, f"input {name}"), strict=True):
            inner = ", ".join(map(str, place))
            self._note(value, f"{name}[{inner}]" if place else name)
        make, size = maker(x), math.prod(shape)
        return lambda rest: make([next(rest) for _ in range(size)])

    def _note(self, x: float, name: str) -> None:
        if not math.isfinite(x):
            message = f"gradcheck: input {name} is {x}"
            raise ValueError(message)
        self.numbers.append(x)
        self.names.append(name)


def places(shape: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Yield the indices of an array, row by row.

    >>> [*places((2, 2))], [*places(())]
    ([(0, 0), (0, 1), (1, 0), (1, 1)], [()])
    """
    if not shape:
        yield ()
        return
    for i in range(shape[0]):
        for rest in places(shape[1:]):
            yield (i, *rest)


def maker(x: Any) -> Callable[[list[float]], Any]:
    """Return what makes an array like another one of a list of numbers, in its library and type."""
    library = type(x).__module__.partition(".")[0]
    shape = tuple(x.shape)
    if library == "torch":
        torch: Any = sys.modules["torch"]
        return lambda numbers: (
            torch.tensor(numbers, dtype=x.dtype, device=x.device)
            .reshape(shape)
            .requires_grad_(x.requires_grad)
        )
    numpy: Any = sys.modules["numpy"]
    dtype = x.dtype if "float" in str(x.dtype) else float
    if library.startswith("jax"):
        jax_numpy: Any = sys.modules["jax.numpy"]
        return lambda numbers: jax_numpy.asarray(numpy.array(numbers, dtype=dtype).reshape(shape))
    if not isinstance(x, numpy.ndarray):  # a single number of NumPy's
        return lambda numbers: x.dtype.type(numbers[0])
    return lambda numbers: numpy.array(numbers, dtype=dtype).reshape(shape)
