"""A question is found by its number or by its name, however people type it."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Iterable

from tinygrad_edu.exercises.question import Question
from tinygrad_edu.formulas.labels import canonical, spelled
from tinygrad_edu.support.showing import writable

__all__ = ["find"]


def find(found: Iterable[Question], name: object) -> Question:
    """Return a question by its number, counted from 1, or by its name; see Exercise.question."""
    found = list(found)
    if type(name) is int and 1 <= name <= len(found):
        return found[name - 1]
    if isinstance(name, str):
        ways: list[Callable[[str], str]] = [
            str,
            spelled,
            canonical,
            as_a_terminal_shows,
            loosely_typed,
        ]
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
    plain = unicodedata.normalize("NFKC", canonical(name)).replace("sigma", "s")
    return re.sub(r"(?<=\d),(?=\d)", "", plain)


def ambiguous(found: list[Question], same: list[Question], name: str) -> str:
    """Say that a name may mean several questions, and how each can be asked for."""
    places = " or ".join(f"{found.index(q) + 1} for {q.name}" for q in same)
    return f"exercise: {name!r} may mean several questions; give the number: {places}"


def nearest(found: list[Question], name: object) -> str:
    """Say which questions there are that somebody might have meant."""
    if not isinstance(name, str):
        return f"there are {len(found)}, counted from 1"
    names = {canonical(q.name): spelled(q.name) for q in found}
    close = difflib.get_close_matches(canonical(name), names, n=3, cutoff=0.0)
    return f"the nearest are {', '.join(names[key] for key in close)}" if close else "there is none"


def as_a_terminal_shows(name: str) -> str:
    """Return a name as it is typed after a terminal without Unicode has shown it."""
    return spelled(writable(name, "ascii"))
