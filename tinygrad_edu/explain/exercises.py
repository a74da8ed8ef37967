"""Backpropagation by hand: questions about a graph, answers checked, mistakes named.

>>> from tinygrad_edu import Value
>>> w, x = Value(0.5, label="w"), Value(2.0, label="x")
>>> z = w * x
>>> a = z.sigmoid()
>>> z.label, a.label = "z", "a"
>>> sheet = exercise(a)
>>> sheet
Score 0 of 7
Given: w = 0.5, x = 2
  1  z = w · x = ?
  2  a = σ(z) = ?
  3  ∂a/∂z = ?
  4  ∂z/∂x = ?
  5  ∂a/∂x = ?
  6  ∂z/∂w = ?
  7  ∂a/∂w = ?
>>> sheet.answer("da/dz", 0.7311)
✗ ∂a/∂z is not 0.7311: that is σ itself, not its derivative
>>> sheet.answer("da/dz", "0.1966")
✓ ∂a/∂z = 0.1966
>>> sheet.answer("da/dw", 2.0)
✗ ∂a/∂w is not 2: that is ∂z/∂w alone, without the upstream gradient ∂a/∂z
>>> sheet.hint("da/dw")
∂a/∂w = ∂a/∂z · ∂z/∂w
"""

from __future__ import annotations

import json
import math
import re
import textwrap
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from tinygrad_edu.explain.formulas import (
    DIGITS,
    TEXT,
    Names,
    local_derivative,
    name_piece,
    number_piece,
    with_constants,
)
from tinygrad_edu.explain.walk import (
    BackwardStep,
    ForwardStep,
    Steps,
    factor,
    number,
    steps,
    written,
)
from tinygrad_edu.value import Value

__all__ = ["Exercise", "Feedback", "Question", "exercise"]

KINDS = ("forward", "local", "gradient")
ENOUGH = 2  # significant digits that an answer needs, unless it is exact
CLOSE = 5e-3  # relative: what an answer is taken for that is not right


def exercise(
    value: Value, *, ask: str | Iterable[str] = KINDS, seed: int | None = None
) -> Exercise:
    """Return questions about the forward and the backward pass behind a Value.

    Args:
        value: the root of the graph, a loss for example.
        ask: what to ask for: any of the words forward (the values), local (the local derivatives)
            and gradient (the derivatives of the root).
        seed: left out, the numbers are those of the graph; with a seed they are drawn anew, half
            to one and a half times as large and to two digits, for a sheet of one's own.

    Raises TypeError for what is not a Value, ValueError for an unknown word.
    """
    kinds = set(ask.split() if isinstance(ask, str) else ask)
    if unknown := kinds - set(KINDS):
        message = f"exercise: ask knows {', '.join(KINDS)}, not {', '.join(sorted(unknown))}"
        raise ValueError(message)
    root = value if seed is None else with_other_numbers(value, Random(seed))  # noqa: S311 - no cryptography
    return Exercise(root, [q for q in questions(root) if q.kind in kinds], seed)


# --- questions ------------------------------------------------------------------------------------


@dataclass
class Question:
    """One number that is asked for."""

    kind: str
    """forward, local or gradient."""
    name: str
    """What it is called, such as ∂L/∂w₁₁⁽²⁾."""
    formula: str
    """The first hint: what it is made of."""
    numbers: str
    """The second hint: the same with numbers."""
    value: float
    """The solution."""
    wrong: list[tuple[float, str]] = field(default_factory=list)
    """Numbers that come of mistakes, and what the mistake is."""
    needs: list[str] = field(default_factory=list)
    """The names of what it is worked out from."""

    def right(self, given: str) -> bool:
        """Tell whether a number, as it is written, is the solution rounded to its digits."""
        answer = Decimal(given)
        if float(answer) == self.value:
            return True
        return self.rounds_to(answer) and len(answer.as_tuple().digits) >= ENOUGH

    def rounds_to(self, answer: Decimal) -> bool:
        """Tell whether the solution rounds to an answer, whatever its digits."""
        unit = Decimal(1).scaleb(int(answer.as_tuple().exponent))
        return abs(Decimal(self.value) - answer) <= unit / 2

    def mistake(self, given: float) -> str:
        """Say what may have gone wrong, if that can be told."""
        if near(given, -self.value):
            return "the sign is wrong"
        for x, what in self.wrong:
            if near(given, x):
                return what
            if near(given, -x):
                return f"{what}, and the sign is wrong"
        cut = f"{abs(given)}"
        if "." in cut and math.trunc(abs(self.value) * 10 ** (n := len(cut.partition(".")[2]))) == (
            round(abs(given) * 10**n)
        ):  # fmt: skip
            return "that is cut off, not rounded"
        return ""


def near(x: float, y: float) -> bool:
    """Tell whether two numbers are the same but for a little rounding."""
    return y != 0 and abs(x - y) <= CLOSE * abs(y)


def questions(root: Value) -> Iterator[Question]:
    """Yield all questions about a graph, in the order in which they can be answered."""
    walk = steps(root)
    terms = terms_of(walk)
    asked: set[tuple[Value, Value]] = set()
    for step in walk:
        if isinstance(step, ForwardStep):
            yield value_question(step)
        if not isinstance(step, BackwardStep) or (step.node, step.arg) in asked:
            continue
        asked.add((step.node, step.arg))
        all_terms = terms[step.arg]
        term = all_terms[step.node]
        if term.is_all:  # the gradient is the local derivative itself
            yield replace(local_question(term), kind="gradient")
            continue
        yield local_question(term)
        if all((node, step.arg) in asked for node in all_terms):
            yield gradient_question([*all_terms.values()])


def terms_of(walk: Steps) -> dict[Value, dict[Value, Term]]:
    """Return for each Value that takes a gradient what each of its users contributes."""
    terms: dict[Value, dict[Value, Term]] = {}
    for step in walk:
        if isinstance(step, BackwardStep):
            of_arg = terms.setdefault(step.arg, {})
            before = of_arg.get(step.node)
            partial, contribution = float(step.partial), float(step.contribution)
            if before is not None:  # an argument that is used twice in one operation
                partial, contribution = partial + before.partial, contribution + before.contribution
            of_arg[step.node] = Term(step, partial, contribution, is_only=True)
    return {
        arg: {node: term._replace(is_only=len(of_arg) == 1) for node, term in of_arg.items()}
        for arg, of_arg in terms.items()
    }


class Term(NamedTuple):
    """What one user contributes to a gradient, over all edges from it."""

    step: BackwardStep
    partial: float
    contribution: float
    is_only: bool
    """Whether there is no other user."""

    @property
    def is_of_root(self) -> bool:
        """Whether the user is the root, so that nothing comes from above."""
        return self.step.node is self.step.root

    @property
    def is_all(self) -> bool:
        """Whether the local derivative is the whole gradient."""
        return self.is_of_root and self.is_only

    @property
    def local(self) -> str:
        """What the local derivative is called; beside other paths, that on the direct one."""
        name = self.step.d(self.step.node, self.step.arg)
        return f"{name} (direct)" if self.is_of_root and not self.is_only else name

    @property
    def upstream(self) -> str:
        """What the gradient is called that comes from above."""
        return self.step.d(self.step.root, self.step.node)

    @property
    def chain(self) -> str:
        """The contribution as a formula."""
        return self.local if self.is_of_root else f"{self.upstream} · {self.local}"

    @property
    def numbers(self) -> str:
        """The contribution with its numbers."""
        partial = factor(self.partial)
        return partial if self.is_of_root else f"{factor(self.step.upstream)} · {partial}"


def value_question(step: ForwardStep) -> Question:
    """Return the question for the result of an operation."""
    numbers = [number_piece(x, TEXT, DIGITS) for x in step.numbers]
    names = [
        name_piece(step.names[arg], TEXT) if isinstance(arg, Value) else piece
        for arg, piece in zip(step.node.args, numbers, strict=True)
    ]
    needs = [step.names[arg] for arg in step.node.args if isinstance(arg, Value)]
    formula, filled = (written(step.node.op, pieces) for pieces in (names, numbers))
    name = step.names[step.node]
    return Question("forward", name, f"{name} = {formula}", f"{name} = {filled}", float(step.data),
                    needs=needs)  # fmt: skip


def local_question(term: Term) -> Question:
    """Return the question for a local derivative."""
    step = term.step
    symbol = step.node.op.symbol if step.node.op is not None else ""
    once = sum(x is step.arg for x in step.node.args) == 1
    rules = [
        local_derivative(step.node, step.position, write, TEXT) if once else None
        for write in (
            lambda x: name_piece(step.names[x], TEXT),
            lambda x: number_piece(x.data, TEXT, DIGITS),
        )
    ]
    hints = [f"{term.local} = {rule}" if rule else f"{term.local}: of {symbol}" for rule in rules]
    wrong = [(float(step.node.data), f"that is {symbol} itself, not its derivative")]
    needs = [step.names[step.node]]
    return Question("local", term.local, hints[0], hints[1], term.partial, wrong, needs)


def gradient_question(terms: list[Term]) -> Question:
    """Return the question for a gradient, of which all contributions are known."""
    step = terms[0].step
    name = step.d(step.root, step.arg)
    wrong: list[tuple[float, str]] = []
    if len(terms) > 1:
        wrong = [
            (t.contribution, f"that is one of {len(terms)} paths alone, {t.chain}; add the others")
            for t in terms
        ]
    for t in terms:
        if not t.is_of_root:
            what = f"that is {t.local} alone, without the upstream gradient {t.upstream}"
            wrong.append((t.partial, what))
            what = f"that is the upstream gradient {t.upstream} alone, without {t.local}"
            wrong.append((float(t.step.upstream), what))
    formula = " + ".join(t.chain for t in terms)
    numbers = " + ".join(t.numbers for t in terms)
    needs = [piece for t in terms for piece in (t.upstream, t.local)]
    value = sum(t.contribution for t in terms)
    return Question(
        "gradient", name, f"{name} = {formula}", f"{name} = {numbers}", value, wrong, needs
    )


def given_numbers(root: Value) -> list[str]:
    """Return what is known from the start: the inputs and parameters with their numbers."""
    names = Names(root)
    return [f"{name} = {number(x.data)}" for x, name in names.of.items() if x.op is None]


# --- a sheet of them ------------------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class Feedback:
    """What is said to an answer; true if it is right."""

    is_right: bool
    text: str

    def __bool__(self) -> bool:
        return self.is_right

    def __repr__(self) -> str:
        """Return it with a mark in front."""
        return f"{'✓' if self.is_right else '✗'} {self.text}"


class Hint(str):
    """A line that shows itself without quotation marks."""

    __slots__ = ()
    __repr__ = str.__str__


class Exercise:
    """Questions, the answers so far, and the score: a point for each that is right.

    A hint costs a quarter of the point, the solution all of it.
    """

    def __init__(self, root: Value, found: list[Question], seed: int | None) -> None:
        """Keep the questions; nothing is answered yet."""
        self.root = root
        self.questions = found
        self.seed = seed
        self.answers: dict[str, list[str]] = {q.name: [] for q in found}
        self.hints: dict[str, int] = {q.name: 0 for q in found}
        self.solved: dict[str, bool] = {}
        self._by_name = {spelled(q.name): q for q in found}

    def question(self, name: str | int) -> Question:
        """Return a question by its number, counted from 1, or by its name.

        A name can be written without Unicode: dL/dw2_11 is ∂L/∂w₁₁⁽²⁾.
        """
        if isinstance(name, int) and 1 <= name <= len(self.questions):
            return self.questions[name - 1]
        if isinstance(name, str) and spelled(name) in self._by_name:
            return self._by_name[spelled(name)]
        known = ", ".join(q.name for q in self.questions[:5])
        message = f"exercise: there is no question {name!r}; there are {known}, ..."
        raise KeyError(message)

    def answer(self, name: str | int, given: float | str) -> Feedback:
        """Check an answer: right is what the solution rounds to, to the digits given.

        Args:
            name: the question's name or number.
            given: a number, or text with one, whose digits count as they are written.
        """
        q = self.question(name)
        text = f"{given}".replace("−", "-").strip()
        if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", text, re.IGNORECASE):
            return Feedback(is_right=False, text=f"{given!r} is no number")
        self.answers[q.name].append(text)
        if q.right(text):
            self.solved.setdefault(q.name, True)
            return Feedback(is_right=True, text=f"{q.name} = {number(q.value)}")
        shown = f"{float(text):g}".replace("-", "−")
        open_ = [name for name in q.needs if name in self.answers and name not in self.solved]
        if q.rounds_to(Decimal(text)):
            return Feedback(is_right=False, text=f"{q.name}: give at least {ENOUGH} digits")
        reasons = [q.mistake(float(text))]
        if not reasons[0] and open_:
            reasons = [f"it builds on {open_[0]}, which is not answered yet"]
        return Feedback(
            is_right=False, text=": ".join([f"{q.name} is not {shown}", *filter(None, reasons)])
        )

    def hint(self, name: str | int) -> Hint:
        """Return the formula; asked again, the formula with numbers."""
        q = self.question(name)
        self.hints[q.name] += 1
        return Hint(q.formula if self.hints[q.name] == 1 else q.numbers)

    def solution(self, name: str | int) -> Hint:
        """Return the solution, and count the question as not solved by oneself."""
        q = self.question(name)
        self.solved.setdefault(q.name, False)
        return Hint(f"{q.numbers} = {number(q.value)}" if "=" in q.numbers else number(q.value))

    @property
    def score(self) -> float:
        """The points so far."""
        own = [name for name, by_oneself in self.solved.items() if by_oneself]
        return sum(1 - 0.25 * min(self.hints[name], 2) for name in own)

    def sheet(self, *, solutions: bool = False) -> str:
        """Return all questions as text to print, with or without the solutions."""
        given = ", ".join(given_numbers(self.root))
        lines = [textwrap.fill(f"Given: {given}", 96, subsequent_indent="  ")]
        for i, q in enumerate(self.questions, start=1):
            asked = q.formula if q.kind == "forward" else q.name
            shown = solutions or q.name in self.solved
            lines.append(f"{i:>3}  {asked} = {number(q.value) if shown else '?'}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        """Return the score and the sheet."""
        return f"Score {self.score:g} of {len(self.questions)}\n{self.sheet()}"

    def to_json(self, path: str | Path | None = None) -> str:
        """Return what was asked and answered as JSON, and write it to a file if one is given."""
        content = {
            "format": "tinygrad_edu exercise",
            "version": 1,
            "seed": self.seed,
            "score": self.score,
            "of": len(self.questions),
            "questions": [
                {"name": q.name, "kind": q.kind, "solution": q.value, "hints": self.hints[q.name],
                 "answers": self.answers[q.name], "right": bool(self.solved.get(q.name))}
                for q in self.questions
            ],
        }  # fmt: skip
        text = json.dumps(content, ensure_ascii=False, indent=1)
        if path is not None:
            Path(path).write_text(f"{text}\n", encoding="utf-8")
        return text


def spelled(name: str) -> str:
    """Return a name as it can be typed: ∂L/∂w₁₁⁽²⁾ as dL/dw2_11.

    >>> spelled("∂L/∂w₁₁⁽²⁾"), spelled("dL/dw2_11"), spelled("x₁"), spelled("da_1 / dz_1")
    ('dL/dw2_11', 'dL/dw2_11', 'x_1', 'da_1/dz_1')
    """
    name = re.sub("([₀-₉,]+)⁽([⁰¹²³⁴-⁹]+)⁾", lambda m: f"{m[2]}_{m[1]}", name)
    name = re.sub("(?<![_₀-₉,])([₀-₉])", r"_\1", name)
    plain = unicodedata.normalize("NFKC", name.replace("∂", "d").replace(" ", ""))
    return plain.replace("σ", "s")


# --- other numbers --------------------------------------------------------------------------------


def with_other_numbers(root: Value, rng: Random) -> Value:
    """Return a graph of the same operations and names on other numbers, near those given.

    Numbers that lead out of a domain are drawn again. Raises ValueError if none are found.
    """
    order = with_constants(root)
    for _ in range(100):
        copies: dict[Any, Value] = {}
        try:
            for node in order:
                copies[node] = renewed(node, copies, rng)
        except (ArithmeticError, ValueError):
            continue
        return copies[root]
    message = "exercise: found no numbers near the given ones that stay in all domains"
    raise ValueError(message)


def renewed(node: Value, copies: dict[Any, Value], rng: Random) -> Value:
    """Return a node computed anew from the copies of its arguments, or with a number drawn anew."""
    if node.op is None:
        x = float(node.data)
        drawn = x * rng.uniform(0.5, 1.5) if x else rng.uniform(-0.5, 0.5)
        return type(node)(float(f"{drawn:.2g}"), node.label)
    copy: Value = node.op.compute(tuple(copies.get(arg, arg) for arg in node.args))
    copy.label = node.label
    return copy
