"""As much of matrices as the equations of the lectures need, for plain lists.

The names are NumPy's, so that the same equations run on its arrays.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["Matrix"]


class Matrix:
    """A matrix of numbers, or of Values: a list of rows of the same length.

    Raises ValueError for rows of different lengths and for shapes that do not go together.

    >>> W, x = Matrix([[1, 2], [3, 4]]), Matrix([[1], [10]])
    >>> W @ x + x
    Matrix([[22], [53]])
    >>> W * W.T
    Matrix([[1, 6], [6, 16]])
    """

    __array_ufunc__ = None  # NumPy leaves array @ matrix and the like to an error

    def __init__(self, rows: Iterable[Iterable[Any]]) -> None:
        """Copy the rows."""
        self.rows = [list(row) for row in rows]
        lengths = {len(row) for row in self.rows}
        if len(lengths) != 1 or lengths == {0}:
            message = f"Matrix: needs rows of one length, above 0, got lengths {sorted(lengths)}"
            raise ValueError(message)

    @property
    def shape(self) -> tuple[int, int]:
        """The number of rows, and that of columns."""
        return len(self.rows), len(self.rows[0])

    @property
    def T(self) -> Matrix:  # noqa: N802 - as NumPy and mathematics have it
        """The transpose: rows become columns."""
        return Matrix(zip(*self.rows, strict=True))

    def __matmul__(self, other: Matrix) -> Matrix:
        """Return the product of matrices: rows of this times columns of the other."""
        if self.shape[1] != other.shape[0]:
            message = f"Matrix: no product of {self.text_of_shape()} and {other.text_of_shape()}"
            raise ValueError(message)
        columns = other.T.rows
        return Matrix(
            [sum(map(operator.mul, row, column)) for column in columns] for row in self.rows
        )

    def map(self, function: Callable[..., Any], *others: Any) -> Matrix:
        """Apply a function to every number, and to those of other matrices in the same place.

        A row, a column or a number is repeated to the shape of the others, as NumPy does.

        >>> Matrix([[1, 2], [3, 4]]).map(max, Matrix([[2], [0]]), 1)
        Matrix([[2, 2], [3, 4]])
        """
        matrices = [self, *[m if isinstance(m, Matrix) else Matrix([[m]]) for m in others]]
        height, width = [max(sizes) for sizes in zip(*[m.shape for m in matrices], strict=True)]
        for m in matrices:
            if m.shape[0] not in (1, height) or m.shape[1] not in (1, width):
                message = f"Matrix: {m.text_of_shape()} does not spread to {height}×{width}"
                raise ValueError(message)
        return Matrix(
            [
                function(*[m.rows[i % m.shape[0]][j % m.shape[1]] for m in matrices])
                for j in range(width)
            ]
            for i in range(height)
        )

    def __add__(self, other: Any) -> Matrix:
        return self.map(operator.add, other)

    def __sub__(self, other: Any) -> Matrix:
        return self.map(operator.sub, other)

    def __rsub__(self, other: Any) -> Matrix:
        return self.map(lambda x, y: y - x, other)

    def __mul__(self, other: Any) -> Matrix:
        """Return the product number by number, ⊙ in the lectures."""
        return self.map(operator.mul, other)

    __radd__, __rmul__ = __add__, __mul__

    def __truediv__(self, other: Any) -> Matrix:
        return self.map(operator.truediv, other)

    def __neg__(self) -> Matrix:
        return self.map(operator.neg)

    def sum(self, axis: int, *, keepdims: bool) -> Matrix:
        """Return the sum over the rows (axis 0), as a row, or over the columns (1), as a column.

        >>> Matrix([[1, 2], [3, 4]]).sum(axis=1, keepdims=True)
        Matrix([[3], [7]])
        """
        if not keepdims:
            message = "Matrix: a sum keeps its dimensions: keepdims=True"
            raise ValueError(message)
        return Matrix([map(sum, self.T.rows)] if axis == 0 else [[sum(row)] for row in self.rows])

    def __iter__(self) -> Any:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def text_of_shape(self) -> str:
        """Return the shape as it is written: rows × columns."""
        return f"{self.shape[0]}×{self.shape[1]}"

    def __repr__(self) -> str:
        """Return the rows."""
        return f"Matrix({self.rows})"
