"""A plan as a program of NumPy: a few lines for each group, forward and backward.

In the program, V and A hold data and adjoints, with a row for each node that varies and a column
for each example. F and G hold the fixed numbers (parameters, then constants) and their gradients.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np

from tinygrad_edu.operation import Operation
from tinygrad_edu.programs.compiling import compiled, definition
from tinygrad_edu.programs.plan import Grid, Map, Plan, Total
from tinygrad_edu.programs.rules import NAMED_NUMBERS, ProgramLines, handed_over, name_in

__all__ = ["Arrays"]

GROUPS = 200  # in one function, so that Python never compiles a huge one
CELLS = 65_536  # in V, so that a block of examples stays in the cache


class Arrays:
    """A program that runs the forward and the backward pass for many examples at once.

    Attributes:
        source: the program as Python.
    """

    def __init__(self, plan: Plan) -> None:
        """Write and compile the program."""
        self.plan = plan
        self.graph = plan.graph
        self.width = max(256, CELLS // plan.n_rows)
        self.root = plan.row[plan.graph.root]
        forward, backward = Writer(plan, "forward"), Writer(plan, "backward")
        for group in plan.groups:
            forward.write(group)
        backward.begin(self.root)
        for group in reversed(plan.groups):
            if group.needed:
                backward.write_backward(group)
        backward.end()
        self.source = f"{forward.source}\n{backward.source}"
        self.forward, self.backward = forward.compiled(), backward.compiled()
        self.buffers: dict[int, list[Any]] = {}
        self.lock = threading.Lock()
        """Held while the buffers are in use."""

    def run(self, fixed: Any, batch: Any) -> tuple[Any, Any]:
        """Return the loss of each example, and the sum of their gradients.

        Args:
            fixed: the parameters, then the constants.
            batch: a row for each example, with its inputs.
        """
        losses = np.empty(len(batch))
        total = np.zeros(len(fixed))
        with self.lock:
            blocks = math.ceil(len(batch) / self.width)
            width = math.ceil(len(batch) / blocks)  # equal blocks, not a small one at the end
            for start in range(0, len(batch), width):
                block = batch[start : start + width]
                values, adjoints = self.buffers_for(len(block))
                gradient = np.zeros(len(fixed))
                values[: self.graph.n_inputs] = block.T
                for function in self.forward:
                    function(fixed, gradient, values, adjoints)
                losses[start : start + width] = values[self.root]
                for function in self.backward:
                    function(fixed, gradient, values, adjoints)
                total += gradient
        return losses, total

    def buffers_for(self, columns: int) -> list[Any]:
        """Return V and A for ``columns`` examples; two sizes are kept: the last block differs."""
        if columns not in self.buffers:
            self.buffers = dict([*self.buffers.items()][-1:])
            self.buffers[columns] = [np.zeros((self.plan.n_rows, columns)) for _ in "VA"]
        return self.buffers[columns]


@lru_cache
def numpy_function(op: Operation) -> Callable[..., Any]:
    """Return the function that computes an operation on arrays; TypeError if its row has none."""
    works = True
    try:
        function: Any = partial(op.array, np) if callable(op.array) else getattr(np, op.array)
        if op.arity is not None:
            missing = np.full(2, np.nan)  # nan is accepted by every domain
            with np.errstate(all="ignore"):
                works = np.shape(function(*[missing] * op.arity)) == (2,)
    except (TypeError, ValueError, AttributeError):
        works = False
    if not works:
        message = f"replay: {op.name}: array={op.array!r} does not compute NumPy arrays elementwise"
        raise TypeError(message)
    return function  # type: ignore[no-any-return]  # it returned an array


class Writer:
    """Writes one of the two passes as a program."""

    def __init__(self, plan: Plan, pass_: str) -> None:
        """Begin an empty program."""
        self.plan = plan
        self.pass_ = pass_
        self.graph = plan.graph
        self.names: dict[str, Any] = {"np": np, **NAMED_NUMBERS}
        self.chunks: list[list[str]] = [[]]
        self.groups = 0
        self.written: dict[str, set[int]] = {"A": set(), "G": set()}
        """Rows of A and places of G that hold something: they are added to, all others are set."""

    # the text of the program

    def add(self, *lines: str) -> None:
        """Add lines."""
        self.chunks[-1] += lines

    def next_group(self) -> None:
        """Begin a group, and a new function after every 200 groups."""
        self.groups += 1
        if self.groups % GROUPS == 0:
            self.chunks.append([])

    @property
    def source(self) -> str:
        """The program as Python text."""
        return "\n".join(definition(self.name(i), lines) for i, lines in enumerate(self.chunks))

    def compiled(self) -> list[Callable[..., None]]:
        """Return the functions of the program, in the order in which they run."""
        return [
            compiled(self.name(i), lines, self.names, self.graph.title)
            for i, lines in enumerate(self.chunks)
        ]

    def name(self, i: int) -> str:
        """Return the name of a function."""
        return self.pass_ if len(self.chunks) == 1 else f"{self.pass_}_{i}"

    def constant(self, array: Any) -> str:
        """Give an array of numbers a name in the program; return the name."""
        name = f"K{len(self.names)}"
        self.names[name] = array
        return name

    # how operands are read

    def index(self, places: Sequence[int]) -> str:
        """Return an index of places in an array: a slice if possible, else an array of numbers."""
        places = list(places)
        first, last, n = places[0], places[-1], len(places)
        stride = (last - first) // (n - 1) if n > 1 else 1
        if stride > 0 and places == list(range(first, last + 1, stride)):
            return f"{first}:{last + 1}" + (f":{stride}" if stride > 1 else "")
        return self.constant(np.array(places))

    def varying(self, operands: Sequence[int]) -> str:
        """Return the expression for the data of operands that vary: rows of V."""
        return f"V[{self.index([*map(self.plan.place, operands)])}]"

    def fixed(self, operands: Sequence[int]) -> str:
        """Return the expression for fixed numbers; constants alone become an array of their own."""
        if all(map(self.graph.is_constant, operands)):
            return self.constant(np.array([*map(self.graph.number, operands)]))
        return f"F[{self.index([~x for x in operands])}]"

    def operand(self, operands: Sequence[int]) -> str:
        """Return the expression for one operand of a map; it can be broadcast to all examples."""
        if max(operands) >= 0:
            same = len(set(operands)) == 1
            return self.varying(operands[:1] if same else operands)
        if len(set(operands)) > 1:
            return f"{self.fixed(operands)}[:, None]"
        x = operands[0]
        return repr(self.graph.number(x)) if self.graph.is_constant(x) else f"F[{~x}]"

    def matrix(self, rows: Sequence[Sequence[int]], array: str = "F") -> str:
        """Return the expression for a matrix of fixed numbers (F) or of their gradients (G)."""
        places = np.array([[~x for x in row] for row in rows])
        m, n = places.shape
        start, stride = int(places[0, 0]), int(places[1, 0] - places[0, 0]) if m > 1 else n
        regular = start + stride * np.arange(m)[:, None] + np.arange(n)
        end = start + m * stride
        size = len(self.graph.parameters) + len(self.graph.constants)
        if stride >= n and end <= size and np.array_equal(places, regular):
            part = f"[:, :{n}]" if stride > n else ""
            return f"{array}[{start}:{end}].reshape({m}, {stride}){part}"
        return f"{array}[{self.constant(places)}]"

    # forward

    def write(self, group: Map | Grid | Total) -> None:
        """Write the forward pass of a group."""
        if not self.groups and self.plan.lifted:
            n = self.graph.n_inputs
            numbers = f"F[{self.index([~x for x in self.plan.lifted])}]"
            self.add(f"V[{n}:{n + len(self.plan.lifted)}] = {numbers}[:, None]")
        self.next_group()
        if isinstance(group, Map):
            self.write_map(group)
        elif isinstance(group, Grid):
            self.write_grid(group)
        else:
            self.add(f"V[{rows_of(group)}] = {self.terms(group)}.sum(axis=0)")

    def write_map(self, group: Map) -> None:
        """Write an operation; a ufunc of NumPy writes its result straight into V."""
        operands = handed_over(
            group.op,
            [
                self.operand(rows) if number is None else repr(number)
                for rows, number in zip(group.operands, group.numbers, strict=True)
            ],
        )
        function = numpy_function(group.op)
        name = name_in(self.names, group.op, function)
        if isinstance(function, np.ufunc):
            self.add(f"{name}({operands}, out=V[{rows_of(group)}])")
        else:
            self.add(f"V[{rows_of(group)}] = {name}({operands})")

    def write_grid(self, group: Grid) -> None:
        """Write a product of matrices."""
        W, X = self.matrix(group.weights), self.inputs(group)
        bias = f"{self.fixed(group.biases)}[:, None]" if group.biases else ""
        if is_fixed(group):
            product = f"({W} @ {X} + {bias or 0.0})"
            self.add(f"V[{rows_of(group)}] = {product}.reshape(-1, 1)")
            return
        self.add(f"z = {self.by_weights('V', group)}", f"np.matmul({W}, {X}, out=z)")
        if bias:
            self.add(f"z += {bias}")

    def inputs(self, group: Grid) -> str:
        """Return the expression for the inputs of a grid: a matrix with a column for each."""
        rows = [*zip(*group.inputs, strict=True)]
        if is_fixed(group):
            flat = [x for row in rows for x in row]
            if all(map(self.graph.is_constant, flat)):
                return f"{self.fixed(flat)}.reshape({len(rows)}, -1)"
            return self.matrix(rows)
        read = self.varying([x for row in rows for x in row])
        return read if len(group.inputs) == 1 else f"{read}.reshape({len(rows)}, -1)"

    def by_weights(self, array: str, group: Grid) -> str:
        """Return the expression for the results of a grid, with a row for each row of weights."""
        rows = f"{array}[{rows_of(group)}]"
        return rows if len(group.inputs) == 1 else f"{rows}.reshape({len(group.weights)}, -1)"

    def terms(self, group: Total) -> str:
        """Return the expression for the terms of sums, of shape (terms, sums, examples)."""
        shape = f"{len(group.operands[0])}, {group.size}"
        flat = [x for row in zip(*group.operands, strict=True) for x in row]
        if max(flat) < 0:
            return f"{self.fixed(flat)}.reshape({shape}, 1)"
        return f"{self.varying(flat)}.reshape({shape}, -1)"

    # backward

    def begin(self, root: int) -> None:
        """Write the seed: the derivative of the loss with respect to itself is 1."""
        self.add(f"A[{root}] = 1.0")
        self.written["A"].add(root)

    def end(self) -> None:
        """Write the gradients that the rows of lifted parameters have collected."""
        rows = self.plan.lifted_row
        lifted = [x for x in self.plan.lifted if rows[x] in self.written["A"]]
        self.add_to_fixed(lifted, f"A[{self.index([rows[x] for x in lifted])}]" if lifted else "")

    def write_backward(self, group: Map | Grid | Total) -> None:
        """Write the backward pass of a group: add upstream times partial to each operand."""
        self.next_group()
        if isinstance(group, Map):
            self.write_map_backward(group)
        elif isinstance(group, Grid):
            self.write_grid_backward(group)
        else:
            self.add(f"u = A[{rows_of(group)}]")
            flat = [x for row in zip(*group.operands, strict=True) for x in row]
            self.add_to(flat, f"np.tile(u, ({len(group.operands[0])}, 1))")

    def write_map_backward(self, group: Map) -> None:
        """Write the chain rule with the partials from the rule of an operation."""
        lines = ProgramLines(numpy_function, self.names)
        names = [f"x{j}" if x is None else x for j, x in enumerate(group.numbers)]
        wanted = [not self.graph.needs.isdisjoint(operands) for operands in group.operands]
        partials = lines.partials(group.op, "y", names, wanted)
        results = [str(d) for d, keep in zip(partials, wanted, strict=True) if keep]
        used = " ".join([*lines.lines, *results])
        self.add(f"u = A[{rows_of(group)}]")
        if re.search(r"\by\b", used):
            self.add(f"y = V[{rows_of(group)}]")
        for name, operands in zip(names, group.operands, strict=True):
            if isinstance(name, str) and re.search(rf"\b{name}\b", used):
                self.add(f"{name} = {self.operand(operands)}")
        self.add(*lines.lines)
        for operands, d, keep in zip(group.operands, partials, wanted, strict=True):
            if d is None and keep:
                message = f"replay: {group.op.name}: a parameter in place of a fixed number"
                raise TypeError(message)
            self.add_to(operands, "u" if d == 1.0 else f"u * {d}")

    def write_grid_backward(self, group: Grid) -> None:
        """Write dW = a X^T, db = the sum of a over its columns, dX = W^T a (A11)."""
        m, needs = len(group.weights), self.graph.needs
        flat = [x for row in zip(*group.inputs, strict=True) for x in row]
        if is_fixed(group):
            self.add(f"a = A[{rows_of(group)}].reshape({m}, {len(group.inputs)}, -1).sum(axis=2)")
        else:
            self.add(f"a = {self.by_weights('A', group)}")
        if not needs.isdisjoint(x for row in group.weights for x in row):
            self.write_weight_gradients(group)
        if group.biases:
            self.add_to_fixed(group.biases, "a")
        product = f"{self.matrix(group.weights)}.T @ a"
        one = len(group.inputs) == 1 and not is_fixed(group)
        self.add_to(flat, product if one else f"({product}).reshape({len(flat)}, -1)")

    def write_weight_gradients(self, group: Grid) -> None:
        """Write dW = a X^T; if possible, straight into a view of G."""
        G, X = self.matrix(group.weights, "G"), self.inputs(group)
        places = [~x for row in group.weights for x in row]
        is_first = self.is_first("G", places)
        if len(set(places)) < len(places):
            self.add(f"np.add.at(G, {G[2:-1]}, a @ {X}.T)")
        elif "reshape" not in G:
            self.add(f"{G} {'=' if is_first else '+='} a @ {X}.T")
        elif is_first:
            self.add(f"np.matmul(a, {X}.T, out={G})")
        else:
            self.add(f"g = {G}", f"g += a @ {X}.T")

    def add_to(self, targets: Sequence[int], contribution: str) -> None:
        """Write a contribution to the gradients of targets; it has a row for each of them."""
        if self.graph.needs.isdisjoint(targets):
            return
        if max(targets) < 0:
            self.add_to_fixed(targets, contribution)
            return
        places = [*map(self.plan.place, targets)]
        if len(set(places)) == 1 < len(places):
            contribution = f"({contribution}).sum(axis=0)"
            places = places[:1]
        elif len(set(places)) < len(places):
            order = np.argsort(places, kind="stable")
            unique, starts = np.unique(np.array(places)[order], return_index=True)
            sorted_ = f"({contribution})[{self.constant(order)}]"
            contribution = f"np.add.reduceat({sorted_}, {self.constant(starts)}, axis=0)"
            places = unique.tolist()
        rows, is_first = f"A[{self.index(places)}]", self.is_first("A", places)
        product = re.fullmatch(r"u \* (\w+)", contribution)
        if is_first and product and ":" in rows:  # NumPy can write straight into a slice
            self.add(f"np.multiply(u, {product[1]}, out={rows})")
        else:
            self.add(f"{rows} {'=' if is_first else '+='} {contribution}")

    def is_first(self, array: str, places: Sequence[int]) -> bool:
        """Tell whether none of these places was set before; if some were, set the others to 0."""
        written = self.written[array]
        fresh = [place for place in dict.fromkeys(places) if place not in written]
        written.update(fresh)
        if 0 < len(fresh) < len(places):
            self.add(f"{array}[{self.index(fresh)}] = 0.0")
        return len(fresh) == len(places)

    def add_to_fixed(self, targets: Sequence[int], contribution: str) -> None:
        """Write a contribution to the gradients of fixed numbers, summed over all examples."""
        if self.graph.needs.isdisjoint(targets):
            return
        summed = contribution if contribution.isidentifier() else f"({contribution})"
        places = [~x for x in targets]
        if len(set(places)) == 1:
            sign = "=" if self.is_first("G", places[:1]) else "+="
            self.add(f"G[{places[0]}] {sign} {summed}.sum()")
        elif len(set(places)) == len(places):
            sign = "=" if self.is_first("G", places) else "+="
            self.add(f"G[{self.index(places)}] {sign} {summed}.sum(axis=1)")
        else:
            self.is_first("G", places)
            self.add(f"np.add.at(G, {self.constant(np.array(places))}, {summed}.sum(axis=1))")


def rows_of(group: Map | Grid | Total) -> str:
    """Return the rows of a group, written as a slice."""
    return f"{group.start}:{group.start + group.size}"


def is_fixed(group: Grid) -> bool:
    """Tell whether all inputs of a grid are fixed numbers."""
    return max(x for column in group.inputs for x in column) < 0
