"""Whether somebody else's engine is right, and if not, which classic mistake it has.

>>> class Number:
...     def __init__(self, data, children=()):
...         self.data, self.grad, self.children = data, 0.0, children
...     def __add__(self, other):
...         return Number(self.data + other.data, [(self, 1.0), (other, 1.0)])
...     def __mul__(self, other):
...         return Number(self.data * other.data, [(self, other.data), (other, self.data)])
...     def backward(self, upstream=1.0):
...         self.grad = upstream
...         for child, local in self.children:
...             child.backward(upstream * local)
>>> report = check_engine(Number)
>>> bool(report), report.kinds[0]
(False, 'overwrite')

The engine is a black box: numbers go in, numbers and gradients come out. The same graphs are played
on it and on the engine of this package. Where they differ, the mistakes of
:mod:`~tinygrad_edu.check.engines.mistakes` are played on the graphs as well, and the one that gives
the numbers of the engine on all of them is named.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any

from tinygrad_edu import table
from tinygrad_edu.check.engines.broken import (
    SENDS,
    WALKS,
    Send,
    Walk,
    add,
    depth_first,
    newest_first,
    without_seed,
)
from tinygrad_edu.check.engines.foreign import Engine
from tinygrad_edu.check.engines.graphs import GRAPHS, MADE_OF, points_of
from tinygrad_edu.check.engines.played import Observation, alike, twice
from tinygrad_edu.check.engines.probes import Probes, said
from tinygrad_edu.check.engines.report import EngineReport
from tinygrad_edu.check.engines.rules import UPSTREAM, alone, own_mistake
from tinygrad_edu.check.engines.shrinking import simpler
from tinygrad_edu.operation import Operation
from tinygrad_edu.programs.expressions import Expression, expression, grow
from tinygrad_edu.value import Value

__all__ = ["check_engine"]


def check_engine(
    kind: Callable[..., Any],
    *,
    data: str | None = None,
    grad: str | None = None,
    backward: str | Callable[[Any], Any] | None = None,
    seed: int = 0,
    graphs: int = 100,
) -> EngineReport:
    """Check an engine that somebody wrote: a class of numbers that remember how they were made.

    The class is used as students write it: ``kind(2.0)`` makes a leaf, operators and methods such
    as ``tanh`` compute, ``backward()`` fills in the gradients. Operations that the class does not
    have are not checked.

    Args:
        kind: the class.
        data: what the attribute with the number is called; left out, it is found.
        grad: what the attribute with the gradient is called; left out, it is found.
        backward: the method that runs the backward pass, or a function of the output.
        seed: of the random graphs.
        graphs: how many random graphs to play.

    Raises TypeError if ``kind(2.0)`` fails, AttributeError if an attribute is not found.

    >>> from tinygrad_edu import Value
    >>> check_engine(Value)
    Value: ✓ right on all ... graphs
    """
    engine = Engine(kind, data=data, grad=grad, backward=backward)
    if not (engine.has(table.add) or engine.has(table.mul)):
        message = f"check_engine: {engine.name} has neither + nor *, so nothing can be checked"
        raise TypeError(message)
    return EngineCheck(engine).report(random.Random(seed), graphs)  # noqa: S311 - no cryptography


# --- what is found --------------------------------------------------------------------------------


# --- what is observed -----------------------------------------------------------------------------


# --- the check ------------------------------------------------------------------------------------


class EngineCheck(Probes):
    """The check of one engine: single operations, how it walks and sends, random graphs."""

    def report(self, rng: random.Random, graphs: int) -> EngineReport:
        """Run everything."""
        self.operations.sort(key=lambda op: (op is not table.mul, op.name in MADE_OF))
        singles = {op: self.singles(op) for op in self.operations}
        if not self.hopeless():
            self.structure()
            for op, observed in singles.items() if "no_seed" not in self.findings else ():
                self.single(op, observed)
            for op in self.operations:
                if op.name not in self.wrong:
                    self.shared(op)
            self.numbers_beside()
            self.in_place()
            if self.is_sound():
                self.again()
                self.leftover()
            if self.walk in (newest_first, depth_first):
                self.deep()
            self.kink()
            if not self.wrong and self.is_sound():
                self.random(rng, graphs)
        return EngineReport(
            self.engine.name, tuple(self.findings.values()), self.played, tuple(self.missing),
            tuple(self.remarks),
        )  # fmt: skip

    def hopeless(self) -> bool:
        """Tell whether nothing at all runs."""
        return not any(op.name in {"add", "mul"} for op in self.operations) or (
            "unhashable" in self.findings
        )

    def observe(self, what: Expression, *, may_fail: bool = False) -> Observation | None:
        """Play a graph on both engines; note an error and return None if it raises one."""
        self.played += 1
        leaves = tuple(map(Value, what.inputs))
        root = what(*leaves)
        theirs = [self.engine.leaf(x) for x in what.inputs]
        try:
            output = what(*theirs, compute=self.engine.compute)
            self.engine.backward(output)
            gradients = tuple(map(self.engine.gradient, theirs))
            if [*map(self.engine.number, theirs)] != [*what.inputs] and not self.engine.is_single:
                self.found("in_place", f"{what.code} changes the number of an operand")
                return None
            return Observation(what, root, leaves, self.engine.number(output), gradients)
        except Exception as error:  # noqa: BLE001 - theirs may raise anything
            kind = "unhashable" if "unhashable" in str(error) else "error"
            if may_fail:
                return None
            text = f"{what.code} raises {said(error)}"
            self.found(kind, text)
            self.raised.setdefault(said(error), text)
            return None

    # --- one operation by itself ---

    def singles(self, op: Operation) -> list[Observation]:
        """Return what comes of an operation alone, and of it times a number."""
        found = []
        for point in points_of(op):
            f, inputs = alone(op, point)
            graphs = [expression(f, *inputs)]
            if op is not table.mul and self.can_multiply:
                graphs.append(expression(lambda *xs, f=f: f(*xs[:-1]) * xs[-1], *inputs, UPSTREAM))
            is_root = op is table.power and not point[1].is_integer()
            observed = [self.observe(graph, may_fail=is_root) for graph in graphs]
            if None in observed and is_root:
                self.whole_powers = True
                continue
            if None in observed:
                self.wrong.add(op.name)
                return []
            found += [o for o in observed if o is not None]
        if op is table.mul:
            self.can_multiply = all(o.is_right() and o.is_value_right() for o in found)
        return found

    def single(self, op: Operation, observed: list[Observation]) -> None:
        """Name the mistake of one operation, if it has one of its own."""
        if bad := [o for o in observed if not o.is_value_right()]:
            self.wrong.add(op.name)
            self.wrong_by_itself.add(op.name)
            if not MADE_OF.get(op.name, set()) & self.wrong_by_itself:
                o = bad[0]
                text = f"{o.expression.code} at {o.expression.inputs}: {o.data:.6g}, right is "
                self.found("forward", f"{text}{o.root.data:.6g}")
            return
        bad = [o for o in observed if not self.explained(o)]
        if bad and (self.is_sound() or op.name not in MADE_OF):
            self.wrong.add(op.name)
            self.wrong_by_itself.add(op.name)
            if not MADE_OF.get(op.name, set()) & self.wrong_by_itself:
                self.found(own_mistake(op, observed), bad[0].told())

    def explained(self, o: Observation) -> bool:
        """Tell whether an observation is what the walk and the sending that were found give."""
        return any(o.fits(self.walk, self.send, everywhere, once=once) for once in (False, True))

    # --- how it walks and sends ---

    def structure(self) -> None:
        """Find out how the engine walks and sends, on graphs of sums and products."""
        names = {op.name for op in self.operations} - self.wrong
        graphs = [expression(f, *inputs) for f, inputs in GRAPHS]
        fit = [g for g in graphs if {line.op.name for line in g.instructions} <= names]
        observed = [o for g in fit if (o := self.observe(g)) is not None]
        bad = [o for o in observed if not o.is_right()]
        if not bad or self.seeded_wrongly(observed):
            return
        for once, (walk, send) in product((False, True), candidates()):
            if all(o.fits(walk, send, everywhere, once=once) for o in observed):
                self.walk, self.send = walk, send
                kinds = [*filter(None, (WALKS.get(walk), SENDS.get(send)))]
                for kind in kinds[-1:] if kinds == ["recursion", "overwrite"] else kinds:
                    self.found(kind, bad[0].told())  # with =, recursion is not to be told apart
                return
        shared = [
            o for o in bad if len(o.expression.instructions) > 1 or len(o.expression.inputs) == 1
        ]
        if shared and not self.broken_in_one(observed, shared):
            alone = {o.expression.instructions[0].op.name for o in bad if o not in shared}
            ops = {line.op.name for o in shared for line in o.expression.instructions}
            if not alone & ops:
                self.found("unknown", shared[0].told())

    def seeded_wrongly(self, observed: list[Observation]) -> bool:
        """Find out whether the pass begins with another number than 1, or with 1 everywhere."""
        factors = [o.factor() for o in observed]
        known = [f for f in factors if f is not None]
        data = [o.root.data for o in observed]
        by_factor = len(known) == len(observed) and all(known)
        by_one = by_factor and alike(known, known[:1] * len(known))
        if not (
            by_one or (by_factor and alike(known, data)) or all(o.fits_ones() for o in observed)
        ):
            return False
        self.walk = without_seed
        self.found("no_seed", next(o for o in observed if not o.is_right()).told())
        return True

    def broken_in_one(self, observed: list[Observation], bad: list[Observation]) -> bool:
        """Find a wrong way to send that only sums, or only products, have."""
        walks = [(newest_first, False), (depth_first, False), (depth_first, True)]
        for op, send, (walk, once) in product((table.add, table.mul), SENDS, walks):
            is_broken = partial(is_of, op)
            if all(o.fits(walk, send, is_broken, once=once) for o in observed):
                self.wrong.add(op.name)
                self.found(SENDS[send], bad[0].told())
                return True
        return False

    def shared(self, op: Operation) -> None:
        """Look at an operation whose operands are used elsewhere, too."""
        if op in (table.add, table.mul) or not {table.add, table.mul} <= {*self.operations}:
            return
        if {"add", "mul"} & self.wrong or not self.is_sound():
            return
        f, inputs = alone(op, points_of(op)[0])
        graphs = [
            expression(lambda *xs: f(*xs) * xs[0] + xs[0], *inputs),
            expression(lambda *xs: xs[0] * f(*xs), *inputs),
            expression(lambda *xs: f(*xs) * xs[-1] + xs[-1], *inputs),
            expression(lambda *xs: xs[-1] * f(*xs), *inputs),
            expression(lambda *xs: twice(f(*xs), lambda y: y * y + y), *inputs),
        ]
        observed = [o for g in graphs if (o := self.observe(g)) is not None]
        bad = [o for o in observed if not o.is_right()]
        if not bad:
            return
        self.wrong.add(op.name)
        for send, kind in SENDS.items():
            if all(o.fits(newest_first, send, lambda n: n.op is op, once=False) for o in observed):
                self.found(kind, bad[0].told())
                return
        if not MADE_OF.get(op.name, set()) & self.wrong_by_itself:
            self.found("unknown", bad[0].told())

    # --- random graphs ---

    def random(self, rng: random.Random, graphs: int) -> None:
        """Play random graphs of all operations, and make the first failure small."""
        left_out = {"exponential", "power" if self.whole_powers else ""}
        rows = [op for op in self.operations if op.name not in left_out]
        for _ in range(graphs):
            inputs = [round(rng.uniform(-2, 2), 2) or 1.0 for _ in range(3)]
            what = grow(inputs, rng.choice, 8, rows)
            if not what.instructions:
                continue
            o = self.observe(what)
            if o is None or not (o.is_right() and o.is_value_right()):
                if o is not None:
                    self.found("unknown", self.smaller(o).told())
                return

    def smaller(self, o: Observation) -> Observation:
        """Return the smallest graph found by leaving operations out that is still wrong."""
        improved = True
        while improved:
            improved = False
            for candidate in simpler(o.expression):
                try:
                    found = self.observe(candidate)
                except (ArithmeticError, ValueError):
                    continue
                if found is not None and not found.is_right():
                    o, improved = found, True
                    break
        return o


def everywhere(_: Value) -> bool:
    """Tell that all nodes send in a wrong way."""
    return True


def is_of(op: Operation, node: Value) -> bool:
    """Tell whether a node was made by an operation."""
    return node.op is op


def candidates() -> Iterator[tuple[Walk, Send]]:
    """Yield wrong walks and wrong ways to send: one mistake first, then two together."""
    yield from product((newest_first, depth_first), SENDS)
    yield from ((walk, add) for walk in WALKS)
    yield from product(WALKS, SENDS)
