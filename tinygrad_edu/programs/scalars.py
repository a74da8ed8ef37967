"""A graph as a program of plain Python, with a line for each operation.

This serves graphs with little to compute together, such as long chains. Without loops, the program
runs several times faster than recording the graph.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tinygrad_edu.programs.compiling import compiled
from tinygrad_edu.programs.graph import Graph
from tinygrad_edu.programs.rules import ProgramLines

__all__ = ["Scalars"]

OPERATIONS = 500  # in one function, so that Python never compiles a huge one


class Scalars:
    """A program that runs the forward and the backward pass for one example.

    In the program, V and A are lists of data and adjoints, indexed by identity; F and G hold the
    fixed numbers and their gradients.
    """

    def __init__(self, graph: Graph) -> None:
        """Write and compile the program."""
        self.graph = graph
        self.size = graph.n_inputs + len(graph.operations)
        items = list(graph.operations.items())
        pieces = [items[i : i + OPERATIONS] for i in range(0, len(items), OPERATIONS)]
        self.forward = [self.compiled("forward", self.forward_of(piece)) for piece in pieces]
        pieces.reverse()
        self.backward = [self.compiled("backward", self.backward_of(piece)) for piece in pieces]

    def run(self, fixed: list[float], example: list[float]) -> tuple[float, list[float]]:
        """Return the loss and the gradient of one example."""
        values = [*example, *[0.0] * (self.size - len(example))]
        adjoints = [0.0] * self.size
        gradient = [0.0] * len(fixed)
        for function in self.forward:
            function(fixed, gradient, values, adjoints)
        adjoints[self.graph.root] = 1.0
        for function in self.backward:
            function(fixed, gradient, values, adjoints)
        return values[self.graph.root], gradient

    def forward_of(self, piece: list[Any]) -> ProgramLines:
        """Write the forward pass of some operations."""
        lines = ProgramLines(lambda op: op.forward)
        results = [
            f"v{x} = {lines.call(node.op, [*map(data, node.operands)])}" for x, node in piece
        ]
        lines.lines = [
            *self.read(piece),
            *results,
            f"{slice_of('V', piece)} = {tuple_of('v', piece)}",
        ]
        return lines

    def backward_of(self, piece: list[Any]) -> ProgramLines:
        """Write the backward pass of some operations: upstream times partial, added up."""
        lines = ProgramLines(lambda op: op.forward)
        lines.lines = self.read(piece)
        lines.lines += [f"{tuple_of(x, piece)} = {slice_of(X, piece)}" for x, X in ("vV", "aA")]
        first, needs = piece[0][0], self.graph.needs
        for x, node in reversed(piece):
            if x not in needs:
                continue
            operands = [
                self.graph.number(y) if self.graph.is_constant(y) else data(y)
                for y in node.operands
            ]
            wanted = [y in needs for y in node.operands]
            partials = lines.partials(node.op, f"v{x}", operands, wanted)
            for y, d in zip(node.operands, partials, strict=True):
                if y in needs:
                    target = f"G[{~y}]" if y < 0 else f"a{y}" if y >= first else f"A[{y}]"
                    lines.lines.append(f"{target} += a{x}" + (f" * {d}" if d != 1.0 else ""))
        return lines

    def read(self, piece: list[Any]) -> list[str]:
        """Return lines that read the fixed numbers and the results of other pieces."""
        first = piece[0][0]
        outside = {x for _, node in piece for x in node.operands if x < first}
        return [f"{data(x)} = " + (f"F[{~x}]" if x < 0 else f"V[{x}]") for x in sorted(outside)]

    def compiled(self, name: str, lines: ProgramLines) -> Callable[..., None]:
        """Return the function with these lines."""
        return compiled(name, lines.lines, lines.functions, self.graph.title)


def slice_of(array: str, piece: list[Any]) -> str:
    """Return the slice of an array that holds the results of a piece."""
    return f"{array}[{piece[0][0]}:{piece[-1][0] + 1}]"


def tuple_of(letter: str, piece: list[Any]) -> str:
    """Return a tuple of the names of all results of a piece."""
    return f"({', '.join(f'{letter}{x}' for x, _ in piece)},)"


def data(identity: int) -> str:
    """Return the name of the data of an identity in a program.

    >>> data(3), data(-1)
    ('v3', 'p0')
    """
    return f"v{identity}" if identity >= 0 else f"p{~identity}"
