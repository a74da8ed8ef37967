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
>>> sheet.answer("da/dw", 2)
✗ ∂a/∂w is not 2: that is ∂z/∂w alone, without the upstream gradient ∂a/∂z
>>> sheet.hint("da/dw")
∂a/∂w = ∂a/∂z · ∂z/∂w
"""

from __future__ import annotations

import json
import math
import os
import re
import textwrap
import unicodedata
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from tinygrad_edu.explain.formulas import (
    DIGITS,
    TEXT,
    Names,
    Piece,
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
    shown_as,
    steps,
)
from tinygrad_edu.primitives import weighted_sum
from tinygrad_edu.value import Value

__all__ = ["Exercise", "Feedback", "Question", "exercise"]

KINDS = ("forward", "local", "contribution", "gradient")
GIVEN = ("others", "inputs")
ENOUGH = 2  # significant digits that an answer needs, unless the others are zeros
NOISE = 1e-9  # relative: the error of floats, so that they may be added in another order
CLOSE = 5e-3  # relative: what a wrong answer is taken for


def exercise(
    value: Value,
    *,
    ask: str | Iterable[str] = KINDS,
    only: str | Iterable[str] | None = None,
    most: int | None = None,
    given: str = "others",
    seed: int | None = None,
) -> Exercise:
    """Return questions about the forward and the backward pass behind a Value.

    They come in the order of the two passes, so that each can be answered from those before it.
    In a notebook they show themselves as a page with the graph, on which they are answered;
    ``to_html`` writes that page.

    Args:
        value: the root of the graph, a loss for example.
        ask: what to ask for: any of the words forward (the values), local (the local derivatives),
            contribution (what each of several paths adds to a gradient) and gradient (the
            derivatives of the root).
        only: names of the only questions to ask, such as "dL/dw2_11".
        most: how many questions to ask at most: as many of each kind, from the whole of the graph.
        given: "others" gives all numbers that are not asked for; "inputs" gives only those
            of the inputs and parameters.
        seed: left out, the numbers are those of the graph; with a seed they are drawn anew, half
            to one and a half times as large and to two digits, for a sheet of one's own.

    Raises TypeError for what is not a Value, ValueError for an unknown word or a ``most`` below 1,
    KeyError for an unknown name.

    >>> from tinygrad_edu.examples.worked_example import forward
    >>> loss = forward().loss
    >>> [q.name for q in exercise(loss, ask="forward gradient", most=4).questions]
    ['z₁⁽¹⁾', 'L', '∂L/∂a₂⁽²⁾', '∂L/∂w₁₁⁽¹⁾']
    >>> exercise(loss, only=["dL/dz2_1", "dL/dw2_11"])
    Score 0 of 2
    Given: ...
      ∂L/∂a₁⁽²⁾ = 0.7414, ∂a₁⁽²⁾/∂z₁⁽²⁾ = 0.1868, ∂z₁⁽²⁾/∂w₁₁⁽²⁾ = 0.5933
      1  ∂L/∂z₁⁽²⁾ = ?
      2  ∂L/∂w₁₁⁽²⁾ = ?
    """
    if not isinstance(value, Value):
        message = f"exercise: expected a Value, got {value!r} ({type(value).__name__})"
        raise TypeError(message)
    kinds = set(ask.split() if isinstance(ask, str) else ask)
    if unknown := kinds - set(KINDS):
        message = f"exercise: ask knows {', '.join(KINDS)}, not {', '.join(sorted(unknown))}"
        raise ValueError(message)
    if given not in GIVEN:
        message = f"exercise: given is 'others' or 'inputs', not {given!r}"
        raise ValueError(message)
    if most is not None and (most < 1 or most % 1):
        message = f"exercise: most: expected a whole number of questions, at least 1, got {most!r}"
        raise ValueError(message)
    copies: Mapping[Any, Value] = {}
    if seed is not None:
        copies = with_other_numbers(value, Random(seed))  # noqa: S311 - no cryptography
    walk = steps(copies.get(value, value))
    everything = list(questions(walk))
    found = [q for q in everything if q.kind in kinds]
    if only is not None:
        names = [only] if isinstance(only, str) else only
        wanted = {find(found, name).name for name in names}
        found = [q for q in found if q.name in wanted]
    if most is not None:
        found = selection(found, most)
    return Exercise(walk, found, everything, given=given, seed=seed, copies=copies)


def selection(found: list[Question], most: int) -> list[Question]:
    """Return at most so many of the questions, as many of each kind, spread over all of them."""
    of_kind = {kind: [q for q in found if q.kind == kind] for kind in KINDS}
    share = dict.fromkeys(KINDS, 0)
    for kind in cycle(KINDS):  # a question to each kind in turn
        if sum(share.values()) == min(most, len(found)):
            break
        share[kind] += share[kind] < len(of_kind[kind])
    chosen = {
        of_kind[kind][round(k * (len(of_kind[kind]) - 1) / max(n - 1, 1))].name
        for kind, n in share.items()
        for k in range(n)
    }
    return [q for q in found if q.name in chosen]


# --- questions ------------------------------------------------------------------------------------


class Mistake(NamedTuple):
    """A wrong number, and what has gone wrong if somebody comes to it."""

    number: float
    what: str


@dataclass(frozen=True, eq=False)
class Question:
    """One number that is asked for, with all that can be said about it."""

    kind: str
    """forward, local, contribution or gradient."""
    name: str
    """What it is called, such as ∂L/∂w₁₁⁽²⁾."""
    asked: str
    """What stands before the question mark: the name, for a value its formula, too."""
    hints: tuple[str, ...]
    """What it is made of; at last, with numbers."""
    value: float
    """The right number."""
    mistakes: list[Mistake]
    """Wrong numbers; the first that an answer comes near is what is said of it."""
    needs: list[str]
    """The names of what it is worked out from."""
    node: Value
    """The operation's result: the value asked for, or where the derivative comes from."""
    arg: Value | None = None
    """By which argument the derivative is."""

    @property
    def short(self) -> float:
        """The right number, to the digits that it is shown with."""
        return float(f"{self.value:.{DIGITS}g}")

    @property
    def result(self) -> str:
        """The name with the right number."""
        return f"{self.name} = {number(self.value)}"

    @property
    def solution(self) -> str:
        """The last hint with the right number."""
        parts = [*self.hints[-1].split(" = "), number(self.value)]
        return " = ".join(dict.fromkeys(parts))


def mistakes_for(value: float, *wrong: Mistake) -> list[Mistake]:
    """Return the wrong numbers that can be told from the right one, with either sign."""
    found = [Mistake(-value, "the sign is wrong")]
    for x, what in wrong:
        found += [Mistake(x, what), Mistake(-x, f"{what}, and the sign is wrong")]
    return [
        mistake for mistake in found
        if mistake.number and math.isfinite(mistake.number) and not near(mistake.number, value)
    ]  # fmt: skip


def near(x: float, y: float) -> bool:
    """Tell whether two numbers are the same but for a little rounding."""
    return abs(x - y) <= CLOSE * abs(y)


def questions(walk: Steps) -> Iterator[Question]:
    """Yield all questions about two passes, in the order in which they can be answered.

    Numbers that are not finite cannot be written down and are not asked for.
    """
    for question in all_questions(walk):
        if math.isfinite(question.value):
            yield question


def all_questions(walk: Steps) -> Iterator[Question]:
    """Yield them, whatever their numbers."""
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
        if not term.is_only and not term.is_of_root:
            yield contribution_question(term)
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
    def name(self) -> str:
        """What the contribution is called."""
        return f"{self.step.d(self.step.root, self.step.arg)} via {self.step.names[self.step.node]}"

    @property
    def chain(self) -> str:
        """The contribution as a formula."""
        return self.local if self.is_of_root else f"{self.upstream} · {self.local}"

    @property
    def numbers(self) -> str:
        """The contribution with its numbers."""
        partial = factor(self.partial)
        return partial if self.is_of_root else f"{factor(self.step.upstream)} · {partial}"

    def halves(self) -> Iterator[Mistake]:
        """Yield what is only one factor of the contribution."""
        if not self.is_of_root:
            what = f"that is {self.local} alone, without the upstream gradient {self.upstream}"
            yield Mistake(self.partial, what)
            what = f"that is the upstream gradient {self.upstream} alone, without {self.local}"
            yield Mistake(float(self.step.upstream), what)


def value_question(step: ForwardStep) -> Question:
    """Return the question for the result of an operation."""
    node, name = step.node, step.names[step.node]
    needs = [step.names[arg] for arg in node.args if isinstance(arg, Value)]
    formula, filled = step.formulas()
    wrong = []
    if node.op is weighted_sum:
        missing = step.names[arg] if isinstance(arg := node.args[-1], Value) else number(arg)
        without = float(node.data) - float(step.numbers[-1])
        wrong = [Mistake(without, f"that is without {missing}, the last term")]
    elif len(node.args) == 1 and node.op is not None:
        symbol = node.op.symbol
        wrong = [Mistake(float(step.numbers[0]), f"that is {needs[0]} itself, without {symbol}")]
    value = float(node.data)
    return Question("forward", name, f"{name} = {formula}", (f"{name} = {filled}",), value,
                    mistakes_for(value, *wrong), needs, node)  # fmt: skip


def local_question(term: Term) -> Question:
    """Return the question for a local derivative."""
    step, names = term.step, term.step.names
    node, arg = step.node, step.arg
    symbol = node.op.symbol if node.op is not None else ""
    needs: dict[str, None] = {}

    def by_name(x: Value) -> Piece:
        needs[names[x]] = None
        return name_piece(names[x], TEXT)

    def by_number(x: Value) -> Piece:
        return number_piece(x.data, TEXT, DIGITS)

    once = sum(x is arg for x in node.args) == 1
    rules = [
        local_derivative(node, step.position, write, TEXT) if once else None
        for write in (by_name, by_number)
    ]
    hints = [f"{term.local} = {rule}" if rule else f"{term.local}: of {symbol}" for rule in rules]
    if None in rules:
        needs = dict.fromkeys(names[x] for x in (node, *node.args) if isinstance(x, Value))
    wrong = [Mistake(float(node.data), f"that is {symbol} itself, not its derivative")]
    wrong += [
        Mistake(float(partial), f"that is {step.d(node, other)}")
        for other, partial in zip(node.args, node.partials, strict=True)
        if isinstance(other, Value) and other is not arg and partial is not None
    ]
    return Question("local", term.local, term.local, tuple(dict.fromkeys(hints)), term.partial,
                    mistakes_for(term.partial, *wrong), [*needs], node, arg)  # fmt: skip


def contribution_question(term: Term) -> Question:
    """Return the question for what one of several paths adds to a gradient."""
    hints = f"{term.name} = {term.chain}", f"{term.name} = {term.numbers}"
    mistakes = mistakes_for(term.contribution, *term.halves())
    needs = [term.upstream, term.local]
    return Question("contribution", term.name, term.name, hints, term.contribution, mistakes, needs,
                    term.step.node, term.step.arg)  # fmt: skip


def gradient_question(terms: list[Term]) -> Question:
    """Return the question for a gradient, of which all contributions are known."""
    step = terms[0].step
    name = step.d(step.root, step.arg)
    wrong = []
    needs = []
    if len(terms) > 1:
        needs = [t.local if t.is_of_root else t.name for t in terms]
        what = f"that is one of {len(terms)} paths alone, {{}}; add the others"
        wrong = [Mistake(t.contribution, what.format(t.chain)) for t in terms]
    wrong += [half for t in terms for half in t.halves()]
    needs += [piece for t in terms if not t.is_of_root for piece in (t.upstream, t.local)]
    hints = tuple(
        f"{name} = {' + '.join(parts)}"
        for parts in ([t.chain for t in terms], [t.numbers for t in terms])
    )
    value = sum(t.contribution for t in terms)
    return Question("gradient", name, name, hints, value, mistakes_for(value, *wrong), needs,
                    step.node, step.arg)  # fmt: skip


# --- answers --------------------------------------------------------------------------------------

# The page follows the same rules: it reads the pattern and the words, and has Answer in JavaScript.
PATTERN = r"[+-]?([0-9]*)\.?([0-9]*)(?:e([+-]?[0-9]{1,3}))?"
WORDS = {
    "no number": "“{given}” is no number; write one such as 0.25 or 2.5e-3",
    "few digits": f"{{name}}: give at least {ENOUGH} digits",
    "wrong": "{name} is not {given}",
    "cut off": "that is cut off, not rounded",
    "open": "it builds on {open}, which is not answered yet",
}


class Answer(NamedTuple):
    """A number as somebody has written it."""

    number: float
    unit: float
    """What 1 is worth in its last place: 0.01 in 0.25."""
    digits: int
    """How many digits it has, from the first that is not 0."""

    @classmethod
    def read(cls, text: str) -> Answer | None:
        """Return the number in a text, or None if there is none.

        >>> Answer.read("-0.050")
        Answer(number=-0.05, unit=0.001, digits=2)
        """
        found = re.fullmatch(PATTERN, text, re.IGNORECASE)
        if found is None or not found[1] + found[2] or not math.isfinite(float(text)):
            return None
        unit = float(f"1e{int(found[3] or 0) - len(found[2])}")
        return cls(float(text), unit, len((found[1] + found[2]).lstrip("0")))

    def rounds(self, x: float) -> bool:
        """Tell whether a number rounds to it, to the digits given."""
        return abs(x - self.number) <= self.unit / 2 + NOISE * abs(x)

    def is_right(self, question: Question) -> bool:
        """Tell whether the right number rounds to it, and it has digits enough."""
        is_enough = self.digits >= ENOUGH or self.number == question.short
        return is_enough and self.rounds(question.value)

    def may_be(self, x: float) -> bool:
        """Tell whether it is a number, but for a little rounding."""
        return near(self.number, x) or (self.digits >= ENOUGH and self.rounds(x))

    def cuts(self, x: float) -> bool:
        """Tell whether it is a number without its last digits."""
        return self.number * x > 0 and 0 < abs(x) - abs(self.number) < self.unit

    def mistake(self, question: Question) -> str:
        """Say what may have gone wrong, if that can be told."""
        for x, what in question.mistakes:
            if self.may_be(x):
                return what
        return WORDS["cut off"] if self.cuts(question.value) else ""


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


# --- a sheet of them ------------------------------------------------------------------------------


class Exercise:
    """Questions, the answers so far, and the score: a point for each that is right.

    A hint costs a quarter of the point, the solution all of it. In a notebook, and in the file that
    ``to_html`` writes, the same is a page: the graph, with a question mark for each number that is
    asked for, and a field to answer it.
    """

    def __init__(
        self,
        walk: Steps,
        asked: list[Question],
        everything: list[Question],
        *,
        given: str,
        seed: int | None,
        copies: Mapping[Any, Value],
    ) -> None:
        """Keep the questions that are asked among all there are; nothing is answered yet."""
        self.root = walk.root
        self.walk = walk
        self.questions = asked
        self.everything = everything
        self.given = given
        self.seed = seed
        self.copies = copies
        self.answers: dict[str, list[str]] = {q.name: [] for q in asked}
        self.hints: dict[str, int] = {q.name: 0 for q in asked}
        self.solved: dict[str, bool] = {}

    def question(self, name: str | int) -> Question:
        """Return a question by its number, counted from 1, or by its name.

        A name can be written without Unicode: dL/dw2_11 is ∂L/∂w₁₁⁽²⁾.
        """
        return find(self.questions, name)

    def answer(self, name: str | int, given: float | str) -> Feedback:
        """Check an answer: right is what the solution rounds to, to the digits given.

        Args:
            name: the question's name or number.
            given: a number, or text with one, whose digits count as they are written.
        """
        q = self.question(name)
        text = f"{given}".replace("−", "-").strip()
        answer = Answer.read(text)
        if answer is None:
            return Feedback(is_right=False, text=WORDS["no number"].format(given=text))
        self.answers[q.name].append(text)
        if answer.is_right(q):
            self.solved.setdefault(q.name, True)
            return Feedback(is_right=True, text=q.result)
        if answer.rounds(q.value):
            return Feedback(is_right=False, text=WORDS["few digits"].format(name=q.name))
        wrong = WORDS["wrong"].format(name=q.name, given=text.replace("-", "−"))
        reason = answer.mistake(q)
        open_ = [need for need in q.needs if need in self.answers and need not in self.solved]
        if not reason and open_:
            reason = WORDS["open"].format(open=open_[0])
        return Feedback(is_right=False, text=": ".join(filter(None, [wrong, reason])))

    def hint(self, name: str | int) -> Hint:
        """Return what the number is made of; asked again, the same with numbers.

        Once the question is answered, a hint costs nothing.
        """
        q = self.question(name)
        if q.name not in self.solved:
            self.hints[q.name] += 1
        return Hint(q.hints[min(max(self.hints[q.name], 1), len(q.hints)) - 1])

    def solution(self, name: str | int) -> Hint:
        """Return the solution, and count the question as not solved by oneself."""
        q = self.question(name)
        self.solved.setdefault(q.name, False)
        return Hint(q.solution)

    @property
    def score(self) -> float:
        """The points so far."""
        own = [q for q in self.questions if self.solved.get(q.name)]
        return sum(1 - 0.25 * min(self.hints[q.name], len(q.hints)) for q in own)

    def sheet(self, *, solutions: bool = False) -> str:
        """Return all questions as text to print, with or without the solutions."""
        given = [*given_numbers(self.walk.names), *self.known_numbers()]
        whole = ", ".join(equation.replace(" ", "\u00a0") for equation in given)  # not to be broken
        text = textwrap.fill(f"Given: {whole}", 96, subsequent_indent="  ", break_on_hyphens=False)
        lines = [text.replace("\u00a0", " ")]
        for i, q in enumerate(self.questions, start=1):
            shown = solutions or q.name in self.solved
            lines.append(f"{i:>3}  {q.asked} = {number(q.value) if shown else '?'}")
        return "\n".join(lines)

    def known_numbers(self) -> list[str]:
        """Return what is given besides the inputs and parameters, if a question needs it.

        A contribution is never given, but the factors that it is made of.
        """
        if self.given == "inputs":
            return []
        needed = {name for q in self.questions for name in q.needs} - set(self.answers)
        return [q.result for q in self.everything if q.name in needed and q.kind != "contribution"]

    def __repr__(self) -> str:
        """Return the score and the sheet."""
        return f"Score {self.score:g} of {len(self.questions)}\n{self.sheet()}"

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """Return what was asked and answered as JSON, and write it to a file if one is given."""
        text = json.dumps(self.result(), ensure_ascii=False, indent=1)
        if path is not None:
            Path(path).write_text(f"{text}\n", encoding="utf-8")
        return text

    def result(self) -> dict[str, Any]:
        """Return what was asked and answered."""
        return {
            "format": "tinygrad_edu exercise",
            "version": 1,
            "seed": self.seed,
            "score": self.score,
            "of": len(self.questions),
            "questions": [
                {"name": q.name, "kind": q.kind, "solution": q.value, "hints": self.hints[q.name],
                 "answers": self.answers[q.name], "right": bool(self.solved.get(q.name)),
                 "shown": self.solved.get(q.name) is False}
                for q in self.questions
            ],
        }  # fmt: skip

    def to_html(
        self,
        path: str | os.PathLike[str],
        *,
        clusters: Mapping[str, Iterable[Value]] | None = None,
    ) -> None:
        """Write the exercise as an interactive page that needs no other file and no network.

        It begins with what is answered so far, and exports its result in the format of ``to_json``.
        The solutions are in the file, for whoever looks at its source.

        Args:
            path: the file.
            clusters: frames around Values, as :func:`~tinygrad_edu.draw` takes them.
        """
        from tinygrad_edu.explain.worksheet import document  # noqa: PLC0415 - only pages need it

        Path(path).write_text(document(self, clusters), encoding="utf-8")

    def _repr_html_(self) -> str:
        from tinygrad_edu.explain.worksheet import fragment  # noqa: PLC0415 - only pages need it

        return fragment(self)

    def _repr_mimebundle_(
        self, include: Container[str] | None = None, exclude: Container[str] | None = None
    ) -> dict[str, str]:
        return shown_as(repr(self), self._repr_html_, include, exclude)


def find(found: Iterable[Question], name: object) -> Question:
    """Return a question by its number, counted from 1, or by its name; see Exercise.question."""
    found = list(found)
    if isinstance(name, int) and 1 <= name <= len(found):
        return found[name - 1]
    if isinstance(name, str):
        same: list[Callable[[str], bool]] = [name.__eq__, lambda x: spelled(x) == spelled(name)]
        for is_same in same:
            for q in found:
                if is_same(q.name):
                    return q
    known = ", ".join(q.name for q in found[:5])
    message = f"exercise: there is no question {name!r}; there are {known}, ..."
    raise KeyError(message)


def given_numbers(names: Names) -> list[str]:
    """Return what is known from the start: the inputs and parameters with their numbers."""
    return [f"{name} = {number(x.data)}" for x, name in names.of.items() if x.op is None]


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


def with_other_numbers(root: Value, rng: Random) -> dict[Any, Value]:
    """Return copies of the nodes of a graph, with other numbers near those given.

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
        return copies
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
