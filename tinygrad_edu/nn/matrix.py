"""Matrices of plain lists, with the few operations that the equations of the lectures need.

The names are those of NumPy, so that the same equations run on its arrays.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from numbers import Real
from typing import Any

from tinygrad_edu.nn.lists import is_iterable
from tinygrad_edu.value import Value

__all__ = ["Matrix", "shape_text"]


def list_of_items(x: Any) -> list[Any]:
    """Return rows, or the numbers of a row, as a list; raise TypeError for anything else."""
    if not is_iterable(x):
        message = f"Matrix: expected a list of rows of numbers, got {x!r} ({type(x).__name__})"
        raise TypeError(message)
    return list(x.tolist() if hasattr(x, "tolist") else x)


def shape_text(matrix: Any) -> str:
    """Return the shape of a matrix or an array as text, such as 2×3 (rows × columns)."""
    return "×".join(map(str, matrix.shape))


def by_number(operation: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return a method that applies an operation of numbers to matrices, number by number."""
    return lambda self, other: self.map(operation, other)


class Matrix:
    """A matrix of numbers, or of Values: a list of rows of the same length.

    The other operand of + - * / ** and @ is a Matrix, a list of rows or an array; except for @, it
    may also be a number. Raises ValueError for rows of different lengths and for shapes that do not
    fit together, and TypeError for anything that is not a matrix. Unlike in NumPy, == returns a
    single bool.

    >>> W, x = Matrix([[1, 2], [3, 4]]), Matrix([[1], [10]])
    >>> W @ x + x
    Matrix([[22], [53]])
    >>> W * W.T, W[1][0]
    (Matrix([[1, 6], [6, 16]]), 3)
    """

    __array_ufunc__ = None  # makes NumPy call __rmatmul__ and the like for array @ matrix
    __hash__ = None  # type: ignore[assignment]  # a matrix can change

    def __init__(self, rows: Iterable[Iterable[Any]]) -> None:
        """Copy the rows."""
        self.rows = [list_of_items(row) for row in list_of_items(rows)]
        lengths = {len(row) for row in self.rows}
        if len(lengths) != 1 or lengths == {0}:
            message = f"Matrix: needs rows of the same length, at least 1, not {sorted(lengths)}"
            raise ValueError(message)

    @property
    def shape(self) -> tuple[int, int]:
        """The number of rows and the number of columns."""
        return len(self.rows), len(self.rows[0])

    @property
    def T(self) -> Matrix:  # noqa: N802 - as in NumPy and mathematics
        """The transpose: rows become columns."""
        return Matrix(zip(*self.rows, strict=True))

    def __matmul__(self, other: Any) -> Matrix:
        """Return the matrix product: rows of this matrix times columns of the other."""
        other = Matrix(other)
        if self.shape[1] != other.shape[0]:
            message = f"Matrix: the shapes {shape_text(self)} and {shape_text(other)} have no "
            message += "product: the first must have as many columns as the second has rows"
            raise ValueError(message)
        columns = other.T.rows
        return Matrix(
            [sum(map(operator.mul, row, column)) for column in columns] for row in self.rows
        )

    def __rmatmul__(self, other: Any) -> Matrix:
        return Matrix(other) @ self

    def map(self, function: Callable[..., Any], *others: Any) -> Matrix:
        """Apply a function to every number and the numbers of other matrices in the same place.

        A row, a column or a number is repeated to the shape of the others, as in NumPy.

        >>> Matrix([[1, 2], [3, 4]]).map(max, Matrix([[2], [0]]), 1)
        Matrix([[2, 2], [3, 4]])
        """
        matrices = [self, *[Matrix([[x]] if isinstance(x, Real | Value) else x) for x in others]]
        height, width = [max(sizes) for sizes in zip(*[m.shape for m in matrices], strict=True)]
        for m in matrices:
            if m.shape[0] not in (1, height) or m.shape[1] not in (1, width):
                message = (
                    f"Matrix: the shape {shape_text(m)} cannot be repeated to {height}×{width}"
                )
                raise ValueError(message)
        return Matrix(
            [
                function(*[m.rows[i % m.shape[0]][j % m.shape[1]] for m in matrices])
                for j in range(width)
            ]
            for i in range(height)
        )

    __add__ = __radd__ = by_number(operator.add)
    __sub__, __rsub__ = by_number(operator.sub), by_number(lambda x, y: y - x)
    __mul__ = __rmul__ = by_number(operator.mul)  # ⊙ in the lectures
    __truediv__, __rtruediv__ = by_number(operator.truediv), by_number(lambda x, y: y / x)
    __pow__ = by_number(operator.pow)

    def __neg__(self) -> Matrix:
        return self.map(operator.neg)

    def sum(self, axis: int, *, keepdims: bool) -> Matrix:
        """Return the sum over the rows (axis 0) as a row, or over the columns (axis 1) as a column.

        >>> Matrix([[1, 2], [3, 4]]).sum(axis=1, keepdims=True)
        Matrix([[3], [7]])
        """
        if not keepdims:
            message = "Matrix: a sum must keep its dimensions: write keepdims=True"
            raise ValueError(message)
        return Matrix([map(sum, self.T.rows)] if axis == 0 else [[sum(row)] for row in self.rows])

    def __eq__(self, other: object) -> bool:
        return self.rows == other.rows if isinstance(other, Matrix) else NotImplemented

    def __getitem__(self, row: int) -> list[Any]:
        return self.rows[row]

    def __iter__(self) -> Iterator[list[Any]]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"Matrix({self.rows})"
