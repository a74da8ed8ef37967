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
import os
import textwrap
from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import cycle
from random import Random
from typing import Any

from tinygrad_edu.exercises.answers import WORDS, Answer, Feedback, Hint
from tinygrad_edu.exercises.finding import find
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

KINDS = ("forward", "local", "contribution", "gradient")
GIVEN = ("others", "inputs")


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
        return show_now(self.judge(name, given))

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
        return show_now(Hint(q.hints[min(max(self.hints[q.name], 1), len(q.hints)) - 1]))

    def solution(self, name: str | int) -> Hint:
        """Return the solution, and count the question as not solved by oneself."""
        q = self.question(name)
        self.solved.setdefault(q.name, False)
        return show_now(Hint(q.solution))

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
                known = shown_number(q.value) if q.name in self.solved else "?"
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
        text = files.surrogates_escaped(json.dumps(self.result(), ensure_ascii=False, indent=1))
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


def given_numbers(names: Names) -> list[str]:
    """Return what is known from the start: the inputs and parameters with their numbers."""
    return [f"{name} = {shown_number(x.data)}" for x, name in names.of.items() if x.op is None]


def whole(equation: str) -> str:
    """Return an equation so that no line ends within it."""
    return equation.replace(" ", "\u00a0")


def folded(text: str, indent: int = 2) -> str:
    """Return text in lines of a page's width."""
    folds = textwrap.fill(text, 96, subsequent_indent=" " * indent, break_on_hyphens=False)
    return folds.replace("\u00a0", " ")
