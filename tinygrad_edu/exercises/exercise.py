"""Backpropagation by hand: ask questions about a graph, check answers, explain mistakes.

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
✗ ∂a/∂z is not 0.7311: that is a itself, not its derivative
>>> sheet.answer("da/dz", "0.1966")
✓ ∂a/∂z = 0.1966
>>> sheet.answer("da/dw", 2)
✗ ∂a/∂w is not 2: that is ∂z/∂w alone, without the upstream gradient ∂a/∂z
>>> sheet.hint("da/dw")
∂a/∂w = ∂a/∂z · ∂z/∂w
"""

from __future__ import annotations

import json
import os
import textwrap
from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import cycle
from random import Random
from typing import Any

from tinygrad_edu.exercises.answers import MESSAGES, Answer, Feedback, Hint
from tinygrad_edu.exercises.finding import find_question
from tinygrad_edu.exercises.question import Question
from tinygrad_edu.exercises.questions import questions
from tinygrad_edu.exercises.renumbering import those_that_vary, with_other_numbers
from tinygrad_edu.explain.passes import Steps
from tinygrad_edu.formulas.markup import shown_number
from tinygrad_edu.formulas.names import Names
from tinygrad_edu.support import files
from tinygrad_edu.support.given import require_value
from tinygrad_edu.support.showing import Shown, show_now
from tinygrad_edu.value import Constant, Value

__all__ = ["Exercise", "exercise"]

QUESTION_KINDS = ("forward", "local", "contribution", "gradient")
GIVEN = ("others", "inputs")
PAGE_WIDTH = 96  # characters of a line


def exercise(
    value: Value,
    *,
    ask: str | Iterable[str] = QUESTION_KINDS,
    only: str | Iterable[str] | None = None,
    most: int | None = None,
    given: str = "others",
    seed: int | None = None,
    vary: Value | Iterable[Value] | None = None,
) -> Exercise:
    """Return questions about the forward and the backward pass of a graph.

    The questions come in the order of the two passes, so that each can be answered from the ones
    before it. In a notebook the exercise shows itself as a page with the graph and a field for
    answers; ``to_html`` writes that page to a file.

    Args:
        value: the root of the graph, for example a loss.
        ask: which kinds of questions to ask: any of the words forward (values), local (local
            derivatives), contribution (what each of several paths adds to a gradient) and gradient
            (derivatives of the root).
        only: names of questions, such as "dL/dw2_11"; no others are asked.
        most: the greatest number of questions. As far as possible there are equally many of each
            kind, spread over the whole graph.
        given: "others" also gives the numbers that the questions are worked out from, unless they
            are asked for themselves; "inputs" gives only the inputs and parameters.
        seed: draws new numbers at random, so that each student can have a sheet of their own. They
            are half to one and a half times as large as those of the graph and have two digits;
            Fractions stay Fractions. Without a seed, the numbers of the graph are used.
        vary: the Values whose numbers a seed draws anew. Left out, these are all inputs and
            parameters except 0 and 1, constants without a label, and targets (constants that are
            only combined with computed numbers).

    This writes a sheet for each of 30 students, and the solutions for the teacher::

        for seed in range(30):
            sheet = exercise(loss, seed=seed)
            sheet.to_html(f"sheet-{seed}.html", printed=True)
            sheet.to_html(f"solutions-{seed}.html", printed=True, solutions=True)

    Raises TypeError if ``value`` is not a Value; ValueError for a constant, an unknown word, a
    ``most`` below 1, or if there is nothing to vary; KeyError for an unknown name; RuntimeError if
    data changed after the forward pass, which is also checked when a page is made.

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
        message = f"exercise: {value!r} does not depend on any Value that takes a gradient"
        raise ValueError(message)  # noqa: TRY004 - a constant is a Value like any other
    kinds = set(ask.split() if isinstance(ask, str) else ask)
    if unknown := kinds - set(QUESTION_KINDS):
        message = f"exercise: ask: expected some of the words {', '.join(QUESTION_KINDS)}, got "
        message += ", ".join(sorted(unknown))
        raise ValueError(message)
    if given not in GIVEN:
        message = f"exercise: given: expected 'others' or 'inputs', got {given!r}"
        raise ValueError(message)
    if most is not None and (most < 1 or most % 1):
        message = f"exercise: most: expected a whole number of questions, at least 1, got {most!r}"
        raise ValueError(message)
    if vary is not None and seed is None:
        message = "exercise: vary says which numbers a seed draws anew; give a seed, too"
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
        wanted = {find_question(found, name).name for name in names}
        found = [q for q in found if q.name in wanted]
    if most is not None:
        found = selection(found, most)
    return Exercise(walk, found, everything, given=given, seed=seed, copies=copies)


def selection(found: list[Question], most: int) -> list[Question]:
    """Return at most ``most`` of the questions, equally many of each kind, spread over them all."""
    of_kind = {kind: [q for q in found if q.kind == kind] for kind in QUESTION_KINDS}
    share = dict.fromkeys(QUESTION_KINDS, 0)
    for kind in cycle(QUESTION_KINDS):  # each kind gets one more question in turn
        if sum(share.values()) == min(most, len(found)):
            break
        share[kind] += share[kind] < len(of_kind[kind])
    chosen = {
        of_kind[kind][round(k * (len(of_kind[kind]) - 1) / max(n - 1, 1))].name
        for kind, n in share.items()
        for k in range(n)
    }
    return [q for q in found if q.name in chosen]


class Exercise(Shown):
    """Questions, the answers so far, and the score.

    Each right answer scores a point. A hint costs a quarter of that point, and the solution costs
    all of it. In a notebook, and in the file that ``to_html`` writes, the exercise is a page: the
    graph has a question mark for each number that is asked for, and a field takes the answers.
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
        """Begin with no answers; ``everything`` has the questions that are not asked, too."""
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

        A name can be typed without Unicode: dL/dw2_11 means ∂L/∂w₁₁⁽²⁾. Raises KeyError, with the
        nearest names, if there is no such question.
        """
        return find_question(self.questions, name)

    def answer(self, name: str | int, given: float | Fraction | str) -> Feedback:
        """Check an answer and return the feedback.

        An answer is right if the solution, rounded to the digits of the answer, equals it. A result
        computed from the rounded numbers on the sheet is right, too; if its last digit is off, the
        feedback says so. A notebook shows feedback, hints and solutions at once, wherever in a cell
        they are asked for; a script must print them.

        Args:
            name: the question's name or number.
            given: a number, or a text with a number, in which every written digit counts. A decimal
                comma (0,5) and a fraction (1/2) are accepted.

        >>> from tinygrad_edu.lessons.worked_example import forward
        >>> sheet = exercise(forward().loss)
        >>> sheet.answer("dL/dw2_11", 0.0821)  # as on the slide (A9)
        ✗ ∂L/∂w₁₁⁽²⁾ is not 0.0821: that is the right number, but cut off instead of rounded
        >>> sheet.answer("dL/da1_2 via z2_1", "0.06233")  # 0.1385 · 0.45
        ✓ ∂L/∂a₂⁽¹⁾ via z₁⁽²⁾ = 0.06232; 0.06233 is a little off: carry one more digit, ...
        >>> sheet.answer("dL/dw1_11", 0.0006684)  # A10
        ✗ ∂L/∂w₁₁⁽¹⁾ is not 0.0006684: that is only one of 2 paths, ∂L/∂a₁⁽²⁾ · ...
        """
        return show_now(self.judge(name, given))

    def judge(self, name: str | int, given: object) -> Feedback:
        """Check an answer and note it, as ``answer`` does, but show nothing."""
        q = self.question(name)
        text = "..." if given is ... else f"{given}".replace("−", "-").strip()
        answer = Answer.read(text)
        if answer is None:
            return Feedback(is_right=False, text=MESSAGES["no number"].format(given=text))
        self.answers[q.name].append(text)
        shown = text.replace("-", "−")
        if answer.is_right(q):
            self.solved.setdefault(q.name, True)
            off = MESSAGES["off"].format(result=q.result, given=shown)
            return Feedback(is_right=True, text=off if answer.is_off(q) else q.result)
        if answer.rounds(float(q.value)):
            return Feedback(is_right=False, text=MESSAGES["few digits"].format(name=q.name))
        wrong = MESSAGES["wrong"].format(name=q.name, given=shown)
        reason = answer.mistake(q)
        open_ = [need for need in q.needs if need in self.answers and need not in self.solved]
        if not reason and open_:
            reason = MESSAGES["open"].format(open=open_[0])
        return Feedback(is_right=False, text=": ".join(filter(None, [wrong, reason])))

    def hint(self, name: str | int) -> Hint:
        """Return how the number is worked out; when asked again, return it with the numbers.

        After a right answer, or after the solution, a hint costs nothing.
        """
        q = self.question(name)
        if q.name not in self.solved:
            self.hints[q.name] += 1
        return show_now(Hint(q.hints[min(max(self.hints[q.name], 1), len(q.hints)) - 1]))

    def solution(self, name: str | int) -> Hint:
        """Return the solution; a question that was not solved before scores no point then."""
        q = self.question(name)
        self.solved.setdefault(q.name, False)
        return show_now(Hint(q.solution))

    @property
    def score(self) -> float:
        """The points so far."""
        right = [q for q in self.questions if self.solved.get(q.name)]
        return sum(1 - 0.25 * min(self.hints[q.name], len(q.hints)) for q in right)

    def sheet(self, *, solutions: bool = False) -> str:
        """Return all questions as text to print, with worked solutions if ``solutions`` is true.

        >>> from tinygrad_edu import Value
        >>> w = Value(0.5, label="w")
        >>> print(exercise((w * 3).sigmoid(), only="dv2/dw").sheet(solutions=True))
        Given: w = 0.5, ∂v₂/∂v₁ = 0.1491, ∂v₁/∂w = 3
          1  ∂v₂/∂w = ∂v₂/∂v₁ · ∂v₁/∂w = 0.1491 · 3 = 0.4474
        """
        lines = [wrapped(f"Given: {', '.join(map(unbreakable, self.given_numbers))}")]
        for i, q in enumerate(self.questions, start=1):
            if solutions:
                lines.append(wrapped(f"{i:>3}  {q.worked}", indent=5))
            else:
                known = shown_number(q.value) if q.name in self.solved else "?"
                lines.append(f"{i:>3}  {q.asked} = {known}")
        return "\n".join(lines)

    @property
    def given_numbers(self) -> list[str]:
        """Equations for the inputs and parameters, and for the other numbers that are given."""
        return [*self.inputs, *(q.result for q in self.known)]

    @property
    def known(self) -> list[Question]:
        """The questions whose answers are given, because other questions need them.

        A contribution is never given; its factors are given instead.
        """
        if self.given == "inputs":
            return []
        needed = {name for q in self.questions for name in q.needs} - set(self.answers)
        return [q for q in self.everything if q.name in needed and q.kind != "contribution"]

    def __repr__(self) -> str:
        """Return the score and the sheet."""
        return f"Score {self.score:g} of {len(self.questions)}\n{self.sheet()}"

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """Return all questions and answers as JSON, and write them to ``path`` if it is given."""
        text = files.surrogates_escaped(json.dumps(self.result(), ensure_ascii=False, indent=1))
        if path is not None:
            files.write(path, f"{text}\n")
        return text

    def result(self) -> dict[str, Any]:
        """Return all questions and answers, the score and the seed, ready for JSON."""
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

        The page is interactive: it begins with the answers so far, and exports its result in the
        format of ``to_json``. The solutions are in the file, so anybody who looks at its source
        finds them. With ``printed``, the page is a sheet of paper instead: the whole graph and all
        questions, without solutions.

        Args:
            path: the file.
            clusters: frames around Values, as :func:`~tinygrad_edu.draw` takes them.
            printed: whether to write a page to print, without scripts.
            solutions: whether the page to print shows worked solutions and all numbers.

        Raises ValueError for ``solutions`` without ``printed``: the interactive page has a button
        for each solution.
        """
        pages: Any = self._pages()
        if solutions and not printed:
            message = "to_html: solutions=True is for a page to print; add printed=True"
            raise ValueError(message)
        if printed:
            text = pages.paper(self, clusters, solutions=solutions)
        else:
            text = pages.document(self, clusters)
        files.write(path, text)


def given_numbers(names: Names) -> list[str]:
    """Return an equation for each input and parameter, such as "w = 0.5"."""
    return [f"{name} = {shown_number(x.data)}" for x, name in names.of.items() if x.op is None]


def unbreakable(equation: str) -> str:
    """Return an equation with spaces at which no line is broken."""
    return equation.replace(" ", "\u00a0")


def wrapped(text: str, indent: int = 2) -> str:
    """Return text in lines of ``PAGE_WIDTH`` characters, with plain spaces again."""
    indentation = " " * indent
    lines = textwrap.fill(text, PAGE_WIDTH, subsequent_indent=indentation, break_on_hyphens=False)
    return lines.replace("\u00a0", " ")
