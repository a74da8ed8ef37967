"""The questions about a graph: one for each number of both passes, with hints and mistakes.

>>> from tinygrad_edu import Value
>>> w = Value(0.5, label="w")
>>> walk = Steps((w * 3).sigmoid())
>>> [question.worked for question in questions(walk)][-1]
'∂v₂/∂w = ∂v₂/∂v₁ · ∂v₁/∂w = 0.1491 · 3 = 0.4474'
>>> [mistake.what for mistake in [*questions(walk)][-1].mistakes][:2]
['the sign is wrong', 'that is ∂v₁/∂w alone, without the upstream gradient ∂v₂/∂v₁']
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

from tinygrad_edu.exercises.mistakes import WrongChains, only_one_path
from tinygrad_edu.exercises.question import Explanation, Question, WrongNumber
from tinygrad_edu.exercises.rounding import (
    display_error,
    error_from_rounding,
    local_error,
    sum_error,
)
from tinygrad_edu.exercises.terms import Term, exact_or_float, terms_of
from tinygrad_edu.explain.passes import BackwardStep, ForwardStep, Steps
from tinygrad_edu.formulas.markup import shown_number
from tinygrad_edu.recorder import as_number
from tinygrad_edu.table import weighted_sum
from tinygrad_edu.value import Value

__all__ = ["questions"]


def questions(walk: Steps) -> Iterator[Question]:
    """Yield all questions about two passes, in the order in which they can be answered.

    Numbers that are not finite cannot be written down and are not asked for.
    """
    for question in all_questions(walk):
        if math.isfinite(question.value):
            yield question


def all_questions(walk: Steps) -> Iterator[Question]:
    """Yield all questions, those about infinite numbers and nan included."""
    terms = terms_of(walk)
    chain = WrongChains(walk)
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
            yield contribution_question(term, chain)
        if all((node, step.arg) in asked for node in all_terms):
            yield gradient_question([*all_terms.values()], chain)


def value_question(step: ForwardStep) -> Question:
    """Return the question about the result of an operation."""
    node, name = step.node, step.names[step.node]
    formula, filled = step.formulas()
    op: Any = node.op

    def explain() -> Explanation:
        needs = [*filter(None, map(step.names.get, node.args))]
        return Explanation((f"{name} = {filled}",), needs)

    def wrong() -> Iterator[WrongNumber]:
        last = node.args[-1]
        shown = step.names.get(last) or shown_number(as_number(last))
        if op is weighted_sum:
            without = float(node.data) - float(step.numbers[-1])
            yield WrongNumber(without, f"the last term, {shown}, is missing")
        elif len(node.args) == 1:
            what = f"that is {shown} itself; apply {op.symbol} to it"
            yield WrongNumber(float(step.numbers[0]), what)

    def error() -> float:
        if op.arity is not None:
            return error_from_rounding(op.forward, *step.numbers)
        slopes = zip(node.partials, step.numbers, strict=True)
        return sum(abs(float(slope)) * display_error(x) for slope, x in slopes if slope is not None)

    asked = f"{name} = {formula}"
    value = exact_or_float(node.data)
    return Question("forward", name, asked, value, explain, wrong, error, node)


def local_question(term: Term) -> Question:
    """Return the question about a local derivative."""
    step = term.step
    node, arg = step.node, step.arg
    op: Any = node.op
    positions = [k for k, x in enumerate(node.args) if x is arg]

    @cache
    def reads() -> list[Value]:
        return step.board.reads(node, *positions)

    def explain() -> Explanation:
        without_rule = f"{term.local}: the derivative of {op.symbol}"
        rules = step.board.rules(node, *positions)
        hints = tuple(f"{term.local} = {rule}" for rule in dict.fromkeys(rules)) or (without_rule,)
        return Explanation(hints, [*filter(None, map(step.names.get, reads()))])

    def error() -> float:
        return local_error(node, positions, reads())

    return Question("local", term.local, term.local, term.partial, explain,
                    lambda: wrong_locals(term), error, node, arg)  # fmt: skip


def wrong_locals(term: Term) -> Iterator[WrongNumber]:
    """Yield the numbers that a local derivative is mistaken for."""
    node, arg, names = term.step.node, term.step.arg, term.step.names
    yield WrongNumber(float(node.data), f"that is {names[node]} itself, not its derivative")
    places = sum(x is arg for x in node.args)
    for other, partial in zip(node.args, node.partials, strict=True):
        if partial is None or not isinstance(other, Value):
            continue
        if other is not arg:
            yield WrongNumber(float(partial), f"that is {term.step.board.d(node, other)} instead")
        elif places > 1:
            what = f"that is only for one of {places} places of {names[arg]}; add the others"
            yield WrongNumber(float(partial), what)


def contribution_question(term: Term, chain: WrongChains) -> Question:
    """Return the question about the contribution of one of several paths to a gradient."""

    def explain() -> Explanation:
        hints = f"{term.name} = {term.chain}", f"{term.name} = {term.numbers()}"
        return Explanation(hints, [term.upstream, term.local])

    return Question("contribution", term.name, term.name, term.contribution, explain,
                    term.single_factors, lambda: sum_error([term]), term.step.node,
                    term.step.arg, lambda: chain.to_contribution(term))  # fmt: skip


def gradient_question(terms: list[Term], chain: WrongChains) -> Question:
    """Return the question about a gradient, given all its contributions."""
    step = terms[0].step
    name = step.board.d(step.root, step.arg)

    def explain() -> Explanation:
        needs = [t.local if t.is_of_root else t.name for t in terms if len(terms) > 1]
        needs += [piece for t in terms if not t.is_of_root for piece in (t.upstream, t.local)]
        formula = " + ".join(t.chain for t in terms)
        filled = " + ".join(t.numbers(leads=t is terms[0]) for t in terms)
        return Explanation((f"{name} = {formula}", f"{name} = {filled}"), needs)

    def wrong() -> Iterator[WrongNumber]:
        if len(terms) > 1:
            for t in terms:
                yield WrongNumber(float(t.contribution), only_one_path(len(terms), t.chain))
        for t in terms:
            yield from t.single_factors()

    return Question("gradient", name, name, sum(t.contribution for t in terms), explain, wrong,
                    lambda: sum_error(terms), step.node, step.arg,
                    lambda: chain.to_gradient(step.arg, len(terms)))  # fmt: skip
