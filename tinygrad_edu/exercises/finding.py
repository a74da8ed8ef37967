"""Find a question by its number or by its name, in the ways that people type names."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Iterable

from tinygrad_edu.exercises.question import Question
from tinygrad_edu.formulas.labels import canonical, spelled
from tinygrad_edu.support.showing import writable

__all__ = ["find_question"]


def find_question(questions: Iterable[Question], name: object) -> Question:
    """Return a question by its number, counted from 1, or by its name.

    Raises KeyError if there is no such question, or if the name fits several. Names can be typed in
    several ways; see :meth:`~tinygrad_edu.exercises.exercise.Exercise.question`.
    """
    questions = list(questions)
    if type(name) is int and 1 <= name <= len(questions):
        return questions[name - 1]
    if isinstance(name, str):
        spellings: list[Callable[[str], str]] = [
            str, spelled, canonical, as_a_terminal_shows, loosely_typed,
        ]  # fmt: skip
        for written in (name, f"{name} (direct)"):  # people may leave out "(direct)"
            for spelling in spellings:
                same = [q for q in questions if spelling(q.name) == spelling(written)]
                if len(same) > 1:
                    raise KeyError(ambiguous(questions, same, name))
                if same:
                    return same[0]
    message = f"exercise: there is no question {name!r}; {nearest(questions, name)}"
    raise KeyError(message)


def loosely_typed(name: str) -> str:
    r"""Return a name without the details that people leave out when it is clear without them.

    >>> loosely_typed("∂a/∂w₁,₁"), loosely_typed(r"d\mathbf{x}/dσ")
    ('da/dw_11', 'dx/ds')
    """
    ascii_name = unicodedata.normalize("NFKC", canonical(name)).replace("sigma", "s")
    return re.sub(r"(?<=\d),(?=\d)", "", ascii_name)


def ambiguous(questions: list[Question], same: list[Question], name: str) -> str:
    """Say that a name may mean several questions, and how to ask for each of them."""
    places = " or ".join(f"{questions.index(q) + 1} for {q.name}" for q in same)
    return f"exercise: {name!r} may mean several questions; give the number: {places}"


def nearest(questions: list[Question], name: object) -> str:
    """Say which questions somebody might have meant."""
    if not isinstance(name, str):
        return f"there are {len(questions)} questions, counted from 1"
    names = {canonical(q.name): spelled(q.name) for q in questions}
    close = difflib.get_close_matches(canonical(name), names, n=3, cutoff=0.0)
    if not close:
        return "this exercise has no questions"
    return f"the nearest are {', '.join(names[key] for key in close)}"


def as_a_terminal_shows(name: str) -> str:
    """Return a name as somebody types it who reads it in a terminal without Unicode."""
    return spelled(writable(name, "ascii"))
