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

import difflib
import json
import math
import os
import re
import textwrap
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import cycle
from random import Random
from typing import Any, NamedTuple

from tinygrad_edu.exercises.questions import Question, last_place, near, questions
from tinygrad_edu.explain.passes import Steps
from tinygrad_edu.formulas.labels import as_text, spelled, typed
from tinygrad_edu.formulas.markup import number
from tinygrad_edu.formulas.names import Names, with_constants
from tinygrad_edu.support import files
from tinygrad_edu.support.given import require_value
from tinygrad_edu.support.showing import Remark, Shown, at_once, writable
from tinygrad_edu.value import Constant, Value

__all__ = ["Exercise", "Feedback", "Question", "exercise"]

KINDS = ("forward", "local", "contribution", "gradient")
GIVEN = ("others", "inputs")
ENOUGH = 2  # significant digits that an answer needs, unless the others are zeros
NOISE = 1e-9  # relative: the error of floats, so that they may be added in another order


def exercise(
    value: Value,
    *,
    ask: str | Iterable[str] = KINDS,
    only: str | Iterable[str] | None = None,
    most: int | None = None,
    given: str = "others",
    seed: int | None = None,
    vary: Value | Iterable[Value] | None = None,
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
        given: "others" gives what the questions are worked out from, as far as it is not asked for;
            "inputs" gives only the numbers of the inputs and parameters.
        seed: left out, the numbers are those of the graph; with a seed they are drawn anew, half
            to one and a half times as large and to two digits, for a sheet of one's own. Fractions
            stay fractions.
        vary: which numbers a seed draws anew. Left out, it is all that were given but for 0 and 1,
            constants without a label, and targets: constants that meet a computed number.

    A sheet for everybody, and one with the solutions for oneself::

        for seed in range(30):
            sheet = exercise(loss, seed=seed)
            sheet.to_html(f"sheet-{seed}.html", printed=True)
            sheet.to_html(f"solutions-{seed}.html", printed=True, solutions=True)

    Raises TypeError for what is not a Value, ValueError for a constant, an unknown word, a ``most``
    below 1, or if there is nothing to vary, KeyError for an unknown name, RuntimeError if data were
    changed after the forward pass; so do the pages.

    >>> from tinygrad_edu.lessons.worked_example import forward
    >>> loss = forward().loss
    >>> [q.name for q in exercise(loss, ask="forward gradient", most=4).questions]
    ['z₁⁽¹⁾', 'L', '∂L/∂a₁⁽²⁾', '∂L/∂b₁⁽¹⁾']
    >>> exercise(loss, only=["dL/dz2_1", "dL/dw2_11"])
    Score 0 of 2
    Given: ...
      ∂L/∂a₁⁽²⁾ = 0.7414, ∂a₁⁽²⁾/∂z₁⁽²⁾ = 0.1868, ∂z₁⁽²⁾/∂w₁₁⁽²⁾ = 0.5933
      1  ∂L/∂z₁⁽²⁾ = ?
      2  ∂L/∂w₁₁⁽²⁾ = ?
    """
    require_value("exercise({})", value)
    if isinstance(value, Constant):
        message = f"exercise: {value!r} depends on no Value that takes a gradient"
        raise ValueError(message)  # noqa: TRY004 - a constant is a Value like any other
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
    if vary is not None and seed is None:
        message = "exercise: vary says what a seed draws anew; give a seed, too"
        raise ValueError(message)
    copies: Mapping[Any, Value] = {}
    if seed is not None:
        rng = Random(seed)  # noqa: S311 - no cryptography
        copies = with_other_numbers(value, rng, those_that_vary(value, vary))
    walk = Steps(copies.get(value, value), "exercise")
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


# --- answers --------------------------------------------------------------------------------------

# The page follows the same rules: it reads the pattern and the words, and has Answer in JavaScript.
PATTERN = r"[+-]?([0-9]*)[.,]?([0-9]*)(?:e([+-]?[0-9]{1,3}))?"
FRACTION = r"([+-]?[0-9]{1,15})/([0-9]{1,15})"
WORDS = {
    "no number": "“{given}” is no number; write one such as 0.25, 2.5e-3 or 1/4",
    "off": "{result}; {given} is a little off: carry a digit more, and round at the end",
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

        >>> Answer.read("-0.050"), Answer.read("0,5") == Answer.read("0.5")
        (Answer(number=-0.05, unit=0.001, digits=2), True)
        >>> Answer.read("-7/2")
        Answer(number=-3.5, unit=0.0, digits=17)
        """
        if over := re.fullmatch(FRACTION, text):
            n, d = int(over[1]), int(over[2])
            return cls(n / d, 0.0, 17) if d else None  # as it is, rounded nowhere
        found = re.fullmatch(PATTERN, text, re.IGNORECASE)
        if found is None or not found[1] + found[2]:
            return None
        x = float(text.replace(",", "."))
        if not math.isfinite(x):
            return None
        unit = float(f"1e{int(found[3] or 0) - len(found[2])}")
        return cls(x, unit, len((found[1] + found[2]).lstrip("0")))

    def rounds(self, x: float, slack: float = 0.0) -> bool:
        """Tell whether a number, or one that is so far off, rounds to it, to the digits given."""
        return abs(x - self.number) <= self.unit / 2 + slack + NOISE * abs(x)

    def is_right(self, question: Question) -> bool:
        """Tell whether the right number rounds to it, or what comes of numbers as they are shown.

        And it has digits enough.
        """
        is_enough = self.digits >= ENOUGH or self.number == question.short
        return is_enough and self.rounds(float(question.value), question.slack)

    def is_off(self, question: Question) -> bool:
        """Tell whether it differs from the right number in the last digit."""
        differs = abs(self.number - question.short) > last_place(question.short) / 2
        return differs and not self.rounds(float(question.value))

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
        return WORDS["cut off"] if self.cuts(float(question.value)) else ""


@dataclass(frozen=True, repr=False)
class Feedback(Remark):
    """What is said to an answer; true if it is right."""

    is_right: bool
    text: str

    def __bool__(self) -> bool:
        return self.is_right

    def __repr__(self) -> str:
        """Return it with a mark in front."""
        return f"{'✓' if self.is_right else '✗'} {self.text}"


class Hint(Remark, str):  # noqa: SLOT000 - a remark notes where it was shown
    """A line that shows itself without quotation marks."""

    __repr__ = str.__str__


# --- a sheet of them ------------------------------------------------------------------------------


class Exercise(Shown):
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
        self.inputs = given_numbers(walk.names)
        self.answers: dict[str, list[str]] = {q.name: [] for q in asked}
        self.hints: dict[str, int] = {q.name: 0 for q in asked}
        self.solved: dict[str, bool] = {}

    def question(self, name: str | int) -> Question:
        """Return a question by its number, counted from 1, or by its name.

        A name can be written without Unicode: dL/dw2_11 is ∂L/∂w₁₁⁽²⁾.
        """
        return find(self.questions, name)

    def answer(self, name: str | int, given: float | Fraction | str) -> Feedback:
        """Check an answer: right is what the solution rounds to, to the digits given.

        So is what comes of the numbers on the sheet, which are rounded themselves; then it is said
        that the last digit is off. A notebook shows the feedback at once, wherever in a cell this
        stands, and hints and solutions likewise; a script has to print it.

        Args:
            name: the question's name or number.
            given: a number, or text with one, whose digits count as they are written; 0,5 and 1/2
                are numbers, too.

        >>> from tinygrad_edu.lessons.worked_example import forward
        >>> sheet = exercise(forward().loss)
        >>> sheet.answer("dL/dw2_11", 0.0821)  # as on the slide (A9)
        ✗ ∂L/∂w₁₁⁽²⁾ is not 0.0821: that is cut off, not rounded
        >>> sheet.answer("dL/da1_2 via z2_1", "0.06233")  # 0.1385 · 0.45
        ✓ ∂L/∂a₂⁽¹⁾ via z₁⁽²⁾ = 0.06232; 0.06233 is a little off: carry a digit more, ...
        >>> sheet.answer("dL/dw1_11", 0.0006684)
        ✗ ∂L/∂w₁₁⁽¹⁾ is not 0.0006684: that is one of 2 paths alone, ∂L/∂a₁⁽²⁾ · ...
        """
        return at_once(self.judge(name, given))

    def judge(self, name: str | int, given: object) -> Feedback:
        """Check an answer and note it, as ``answer`` does, and show nothing."""
        q = self.question(name)
        text = "..." if given is ... else f"{given}".replace("−", "-").strip()
        answer = Answer.read(text)
        if answer is None:
            return Feedback(is_right=False, text=WORDS["no number"].format(given=text))
        self.answers[q.name].append(text)
        shown = text.replace("-", "−")
        if answer.is_right(q):
            self.solved.setdefault(q.name, True)
            off = WORDS["off"].format(result=q.result, given=shown)
            return Feedback(is_right=True, text=off if answer.is_off(q) else q.result)
        if answer.rounds(float(q.value)):
            return Feedback(is_right=False, text=WORDS["few digits"].format(name=q.name))
        wrong = WORDS["wrong"].format(name=q.name, given=shown)
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
        return at_once(Hint(q.hints[min(max(self.hints[q.name], 1), len(q.hints)) - 1]))

    def solution(self, name: str | int) -> Hint:
        """Return the solution, and count the question as not solved by oneself."""
        q = self.question(name)
        self.solved.setdefault(q.name, False)
        return at_once(Hint(q.solution))

    @property
    def score(self) -> float:
        """The points so far."""
        own = [q for q in self.questions if self.solved.get(q.name)]
        return sum(1 - 0.25 * min(self.hints[q.name], len(q.hints)) for q in own)

    def sheet(self, *, solutions: bool = False) -> str:
        """Return all questions as text to print, on request with worked solutions.

        >>> from tinygrad_edu import Value
        >>> w = Value(0.5, label="w")
        >>> print(exercise((w * 3).sigmoid(), only="dv2/dw").sheet(solutions=True))
        Given: w = 0.5, ∂v₂/∂v₁ = 0.1491, ∂v₁/∂w = 3
          1  ∂v₂/∂w = ∂v₂/∂v₁ · ∂v₁/∂w = 0.1491 · 3 = 0.4474
        """
        lines = [folded(f"Given: {', '.join(whole(given) for given in self.given_numbers)}")]
        for i, q in enumerate(self.questions, start=1):
            if solutions:
                lines.append(folded(f"{i:>3}  {q.worked}", indent=5))
            else:
                known = number(q.value) if q.name in self.solved else "?"
                lines.append(f"{i:>3}  {q.asked} = {known}")
        return "\n".join(lines)

    @property
    def given_numbers(self) -> list[str]:
        """What is given: the inputs and parameters, and what else a question needs."""
        return [*self.inputs, *(q.result for q in self.known)]

    @property
    def known(self) -> list[Question]:
        """What is given besides the inputs and parameters, if a question needs it.

        A contribution is never given, but the factors that it is made of.
        """
        if self.given == "inputs":
            return []
        needed = {name for q in self.questions for name in q.needs} - set(self.answers)
        return [q for q in self.everything if q.name in needed and q.kind != "contribution"]

    def __repr__(self) -> str:
        """Return the score and the sheet."""
        return f"Score {self.score:g} of {len(self.questions)}\n{self.sheet()}"

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """Return what was asked and answered as JSON, and write it to a file if one is given."""
        text = files.escaped(json.dumps(self.result(), ensure_ascii=False, indent=1))
        if path is not None:
            files.write(path, f"{text}\n")
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
                {"name": q.name, "kind": q.kind, "solution": float(q.value),
                 "hints": self.hints[q.name], "answers": self.answers[q.name],
                 "right": bool(self.solved.get(q.name)),
                 "shown": self.solved.get(q.name) is False}
                for q in self.questions
            ],
        }  # fmt: skip

    def to_html(
        self,
        path: str | os.PathLike[str],
        *,
        clusters: Mapping[str, Iterable[Value]] | None = None,
        printed: bool = False,
        solutions: bool = False,
    ) -> None:
        """Write the exercise as a page that needs no other file and no network.

        It is interactive: it begins with what is answered so far, and exports its result in the
        format of ``to_json``. The solutions are in the file, for whoever looks at its source.
        Printed, it is a sheet of paper: the whole graph and all questions, without their solutions.

        Args:
            path: the file.
            clusters: frames around Values, as :func:`~tinygrad_edu.draw` takes them.
            printed: write a page to print instead.
            solutions: on that, the solutions worked out, and the graph with all numbers.

        Raises ValueError for solutions on the interactive page, which has a button for each.
        """
        pages: Any = self._pages()
        if solutions and not printed:
            message = "to_html: solutions are for a page to print; add printed=True"
            raise ValueError(message)
        if printed:
            text = pages.paper(self, clusters, solutions=solutions)
        else:
            text = pages.document(self, clusters)
        files.write(path, text)


def find(found: Iterable[Question], name: object) -> Question:
    """Return a question by its number, counted from 1, or by its name; see Exercise.question."""
    found = list(found)
    if type(name) is int and 1 <= name <= len(found):
        return found[name - 1]
    if isinstance(name, str):
        ways: list[Callable[[str], str]] = [str, spelled, typed, as_a_terminal_shows, loosely_typed]
        for written in [name, f"{name} (direct)"]:  # where there is no other
            for way in ways:
                same = [q for q in found if way(q.name) == way(written)]
                if len(same) > 1:
                    raise KeyError(ambiguous(found, same, name))
                if same:
                    return same[0]
    message = f"exercise: there is no question {name!r}; {nearest(found, name)}"
    raise KeyError(message)


def loosely_typed(name: str) -> str:
    r"""Return a name without what is left out where no other name is like it.

    >>> loosely_typed("∂a/∂w₁,₁"), loosely_typed(r"d\mathbf{x}/dσ")
    ('da/dw_11', 'dx/ds')
    """
    plain = unicodedata.normalize("NFKC", typed(name)).replace("sigma", "s")
    return re.sub(r"(?<=\d),(?=\d)", "", plain)


def ambiguous(found: list[Question], same: list[Question], name: str) -> str:
    """Say that a name may mean several questions, and how each can be asked for."""
    places = " or ".join(f"{found.index(q) + 1} for {q.name}" for q in same)
    return f"exercise: {name!r} may mean several questions; give the number: {places}"


def nearest(found: list[Question], name: object) -> str:
    """Say which questions there are that somebody might have meant."""
    if not isinstance(name, str):
        return f"there are {len(found)}, counted from 1"
    names = {typed(q.name): spelled(q.name) for q in found}
    close = difflib.get_close_matches(typed(name), names, n=3, cutoff=0.0)
    return f"the nearest are {', '.join(names[key] for key in close)}" if close else "there is none"


def given_numbers(names: Names) -> list[str]:
    """Return what is known from the start: the inputs and parameters with their numbers."""
    return [f"{name} = {number(x.data)}" for x, name in names.of.items() if x.op is None]


def whole(equation: str) -> str:
    """Return an equation so that no line ends within it."""
    return equation.replace(" ", "\u00a0")


def as_a_terminal_shows(name: str) -> str:
    """Return a name as it is typed after a terminal without Unicode has shown it."""
    return spelled(writable(name, "ascii"))


def folded(text: str, indent: int = 2) -> str:
    """Return text in lines of a page's width."""
    folds = textwrap.fill(text, 96, subsequent_indent=" " * indent, break_on_hyphens=False)
    return folds.replace("\u00a0", " ")


# --- other numbers --------------------------------------------------------------------------------


def those_that_vary(root: Value, wanted: Value | Iterable[Value] | None) -> set[Value]:
    """Return the numbers that are to be drawn anew: those wanted, or else those that may well be.

    Raises ValueError if there are none, and for a Value that was not given to the graph.
    """
    order = with_constants(root)
    leaves = {x for x in order if x.op is None}
    if wanted is not None:
        chosen = {wanted} if isinstance(wanted, Value) else set(wanted)
        if other := chosen - leaves:
            message = f"exercise: vary: {other.pop()!r} is not a number that the graph was given"
            raise ValueError(message)
    else:
        first = {x for node in order for x in beginning(node)}
        chosen = {
            x for x in leaves
            if x.data not in (0, 1)
            and (not isinstance(x, Constant) or (as_text(x.label) and x in first))
        }  # fmt: skip
    if not chosen:
        message = "exercise: a seed finds no number to draw anew; say which, such as vary=[w]"
        raise ValueError(message)
    return chosen


def beginning(node: Value) -> list[Value]:
    """Return the arguments of an operation on nothing but what was given."""
    args = [x for x in node.args if isinstance(x, Value)]
    return args if all(x.op is None for x in args) else []


def with_other_numbers(root: Value, rng: Random, vary: set[Value]) -> dict[Any, Value]:
    """Return copies of the nodes of a graph, with other numbers near those that vary.

    Numbers that lead out of a domain are drawn again. Raises ValueError if none are found.
    """
    order = with_constants(root)
    for _ in range(100):
        copies: dict[Any, Value] = {}
        try:
            for node in order:
                copies[node] = renewed(node, copies, rng if node in vary else None)
        except (ArithmeticError, ValueError):
            continue
        return copies
    message = "exercise: found no numbers near the given ones that stay in all domains"
    raise ValueError(message)


def renewed(node: Value, copies: dict[Any, Value], rng: Random | None) -> Value:
    """Return a node computed anew from the copies of its arguments, or given anew."""
    if node.op is None:
        return type(node)(node.data if rng is None else drawn(node.data, rng), node.label)
    copy: Value = node.op.compute(node.op.nested([copies.get(arg, arg) for arg in node.args]))
    copy.label = node.label
    return copy


def drawn(x: Any, rng: Random) -> Any:
    """Return a number near another, with two digits or as a simple fraction."""
    near_by = float(x) * rng.uniform(0.5, 1.5) if x else rng.uniform(-0.5, 0.5)
    if isinstance(x, Fraction):
        return Fraction(near_by).limit_denominator(max(x.denominator, 5))
    return float(f"{near_by:.2g}")
