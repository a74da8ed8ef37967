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
from contextlib import suppress
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
    play,
    without_seed,
)
from tinygrad_edu.check.engines.foreign import Engine
from tinygrad_edu.check.engines.graphs import GRAPHS, IN_PLACE, MADE_OF, SIGNS, points_of
from tinygrad_edu.check.engines.mistakes import MISTAKES
from tinygrad_edu.check.engines.played import Observation, alike, twice
from tinygrad_edu.check.engines.report import EngineFinding, EngineReport
from tinygrad_edu.check.engines.rules import UPSTREAM, alone, own_mistake
from tinygrad_edu.check.engines.shrinking import simpler
from tinygrad_edu.operation import Operation
from tinygrad_edu.programs.expressions import Expression, expression, grow
from tinygrad_edu.value import Value

__all__ = ["check_engine"]

DEEP = 3000  # additions: three times Python's usual recursion limit


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


class EngineCheck:
    """The check of one engine: what it has, what it gets wrong, and what was found."""

    def __init__(self, engine: Engine) -> None:
        """Look at which operations there are."""
        self.engine = engine
        rows = [op for op in table.TABLE.values() if op.arity is not None]
        self.operations = [op for op in rows if engine.has(op)]
        usual = {
            "add",
            "sub",
            "mul",
            "div",
            "neg",
            "power",
            "tanh",
            "exp",
            "log",
            "relu",
            "sigmoid",
        }
        self.missing = [op.name for op in rows if op.name in usual and op not in self.operations]
        self.findings: dict[str, EngineFinding] = {}
        self.remarks: list[str] = []
        self.walk: Walk = newest_first
        self.send: Send = add
        self.wrong: set[str] = set()
        self.wrong_by_itself: set[str] = set()
        self.can_multiply = False
        self.whole_powers = False
        self.errors: set[str] = set()
        self.failed: set[str] = set()
        self.played = 0

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

    def is_sound(self) -> bool:
        """Tell whether a single pass walks and sends as it should."""
        return (
            self.walk in (newest_first, depth_first)
            and self.send is add
            and "unknown" not in self.findings
        )

    def hopeless(self) -> bool:
        """Tell whether nothing at all runs."""
        return not any(op.name in {"add", "mul"} for op in self.operations) or (
            "unhashable" in self.findings
        )

    def found(self, kind: str, what: str) -> None:
        """Note a mistake, with the first example of it."""
        self.findings.setdefault(kind, EngineFinding(MISTAKES[kind], what))

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
            self.found(kind, f"{what.code} raises {said(error)}")
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
                self.failed.add(op.name)
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

    # --- numbers beside Values, +=, second passes, long chains, kinks ---

    def numbers_beside(self) -> None:
        """Compute with a plain number on either side."""
        for op in self.operations:
            if op.name in SIGNS and op.name not in self.wrong_by_itself:
                for number in (2.0, 2):
                    self.number_beside(op, "plain_number", "v {} 2", number, is_first=False)
                    self.number_beside(op, "reflected", "2 {} v", number, is_first=True)
        if {"plain_number", "reflected"} & {*self.findings} and self.failed <= {*MADE_OF}:
            self.findings.pop("error", None)  # x - y is made of x + y * -1

    def number_beside(
        self, op: Operation, kind: str, text: str, number: float, *, is_first: bool
    ) -> None:
        """Compute with a plain number on one side."""

        def operands(v: Any) -> tuple[Any, Any]:
            return (number, v) if is_first else (v, number)

        text = text.format(SIGNS[op.name])
        v, ours = self.engine.leaf(3.0), Value(3.0)
        right = op.compute(operands(ours))
        try:
            found = self.engine.compute(op, [*operands(v)])
            data = self.engine.number(found)
            if self.engine.number(v) != 3.0:
                self.found("in_place", f"{text} changes v")
                return
            self.engine.backward(found)
        except Exception as error:  # noqa: BLE001 - theirs may raise anything
            if kind == "plain_number" or str(error) not in self.errors:
                self.found(kind, f"{text} raises {said(error)}")
            self.errors.add(str(error))  # __rmul__ may fail because __mul__ does
            return
        got, slope = self.engine.gradient(v), play(right)[ours]
        if not alike([data], [right.data]):
            exchanged = op.forward(*operands(3.0)[::-1])
            kind = "reflected_order" if alike([data], [exchanged]) else "forward"
            self.found(kind, f"{text} at v = 3 is {data:.6g}, right is {right.data:.6g}")
        elif self.is_sound() and not alike([got], [slope]):
            what = f"{text} at v = 3: v.grad is {got:.6g}, right is {slope:.6g}"
            kind = "sign" if alike([-got], [slope]) else "wrong_derivative"
            self.found("no_gradient" if not got else kind, what)

    def in_place(self) -> None:
        """Look whether += and the like change a Value that stands elsewhere, too."""
        for sign, change in IN_PLACE.items():
            a, b = self.engine.leaf(3.0), self.engine.leaf(2.0)
            with suppress(Exception):
                change(a, b)
                if self.engine.number(a) != 3.0:
                    number = self.engine.number(a)
                    self.found("in_place", f"c = a; c {sign} b: a is {number:g}, right is 3")

    def again(self) -> None:
        """Run the backward pass twice: leaves may keep or double their gradients, nothing else."""
        if not {table.add, table.mul} <= {*self.operations} or {"add", "mul"} & self.wrong:
            return
        a, b = self.engine.leaf(1.5), self.engine.leaf(0.75)
        root = (a * b + a) * b
        once = [0.75**2 + 0.75, 2 * 1.5 * 0.75 + 1.5]  # y = a b² + a b
        try:
            self.engine.backward(root)
            self.engine.backward(root)
        except Exception as error:  # noqa: BLE001 - theirs may refuse
            self.remarks.append(f"a second backward pass raises {said(error)}")
            return
        found = [self.engine.gradient(x) for x in (a, b)]
        if not alike(found, once) and not alike(found, [2 * x for x in once]):
            self.found(
                "stale",
                f"y = (a * b + a) * b at a = 1.5, b = 0.75, y.backward() twice: a.grad is "
                f"{found[0]:.6g}, right is {2 * once[0]:.6g} (added up) or {once[0]:.6g} (anew)",
            )

    def leftover(self) -> None:
        """Run the passes of two outputs that share a node: the second must reach it, too."""
        if "stale" in self.findings or not {table.add, table.mul} <= {*self.operations}:
            return
        if {"add", "mul"} & self.wrong:
            return
        a, b = self.engine.leaf(2.0), self.engine.leaf(3.0)
        shared = a * a
        first, second = shared + b, shared * b
        try:
            self.engine.backward(first)
            self.engine.clear(a)
            self.engine.backward(second)
        except Exception as error:  # noqa: BLE001 - theirs may refuse
            self.remarks.append(f"a pass of a second output raises {said(error)}")
            return
        found = self.engine.gradient(a)
        if not alike([found], [12.0]):
            self.found(
                "leftover",
                "e = a * a; (e + b).backward(); a.grad = 0; (e * b).backward() at a = 2, b = 3: "
                f"a.grad is {found:.6g}, right is 12",
            )

    def deep(self) -> None:
        """Build a long chain and go back along it."""
        if table.add not in self.operations or "add" in self.wrong:
            return
        x = y = self.engine.leaf(1.0)
        step = self.engine.leaf(0.5)
        try:
            for _ in range(DEEP):
                y = y + step
            self.engine.backward(y)
            slope = self.engine.gradient(x)
        except RecursionError:
            self.found("recursion_limit", f"{DEEP} additions one after another: RecursionError")
            return
        if self.is_sound() and not alike([slope], [1.0]):
            what = f"{DEEP} additions one after another: x.grad is {slope:.6g}"
            self.found("unknown", f"{what}, right is 1")

    def kink(self) -> None:
        """Look at relu at 0, where engines may differ."""
        if table.relu not in self.operations or "relu" in self.wrong:
            return
        x = self.engine.leaf(0.0)
        self.engine.backward(self.engine.compute(table.relu, [x]))
        slope = self.engine.gradient(x)
        if slope == 1:
            self.remarks.append("relu'(0) is 1 here, as in lecture A; PyTorch takes 0")
        elif slope and not 0 <= slope <= 1:
            self.found(
                "relu_mask", f"relu(x) at x = 0: x.grad is {slope:.6g}; between 0 and 1 is right"
            )

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


def said(error: Exception) -> str:
    """Return the type of an error, and its message if it has one."""
    return ": ".join(filter(None, [type(error).__name__, str(error)]))


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
