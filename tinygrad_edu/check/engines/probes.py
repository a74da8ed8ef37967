"""Questions to somebody else's engine besides its gradients: numbers, +=, second passes, depth."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from tinygrad_edu import table
from tinygrad_edu.check.engines.broken import Send, Walk, add, depth_first, newest_first, play
from tinygrad_edu.check.engines.foreign import Engine
from tinygrad_edu.check.engines.graphs import IN_PLACE, SIGNS
from tinygrad_edu.check.engines.mistakes import MISTAKES
from tinygrad_edu.check.engines.played import alike
from tinygrad_edu.check.engines.report import EngineFinding
from tinygrad_edu.operation import Operation
from tinygrad_edu.value import Value

__all__ = ["Probes", "said"]

DEEP = 3000  # additions: three times Python's usual recursion limit


class Probes:
    """One engine: what it has, what it gets wrong, and what was found."""

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
        self.raised: dict[str, str] = {}  # an error, and the first expression that raises it
        self.played = 0

    def is_sound(self) -> bool:
        """Tell whether a single pass walks and sends as it should."""
        return (
            self.walk in (newest_first, depth_first)
            and self.send is add
            and "unknown" not in self.findings
        )

    def found(self, kind: str, what: str) -> None:
        """Note a mistake, with the first example of it."""
        self.findings.setdefault(kind, EngineFinding(MISTAKES[kind], what))

    # --- numbers beside Values, +=, second passes, long chains, kinks ---

    def numbers_beside(self) -> None:
        """Compute with a plain number on either side."""
        for op in self.operations:
            if op.name in SIGNS and op.name not in self.wrong_by_itself:
                for number in (2.0, 2):
                    self.number_beside(op, "plain_number", "v {} 2", number, is_first=False)
                    self.number_beside(op, "reflected", "2 {} v", number, is_first=True)
        if "error" in self.findings:  # x - y may be made of x + y * -1: that is no error of its own
            others = [text for error, text in self.raised.items() if error not in self.errors]
            del self.findings["error"]
            for text in others[:1]:
                self.found("error", text)

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
            if kind == "plain_number" or said(error) not in self.errors:
                self.found(kind, f"{text} raises {said(error)}")
            self.errors.add(said(error))  # __rmul__ may fail because __mul__ does
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


def said(error: Exception) -> str:
    """Return the type of an error, and its message if it has one."""
    return ": ".join(filter(None, [type(error).__name__, str(error)]))
