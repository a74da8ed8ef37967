"""The questions about a graph: each number of both passes, and what can be said about it.

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
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache, cached_property
from typing import Any, NamedTuple

from tinygrad_edu.engine import adjoints
from tinygrad_edu.explain.passes import BackwardStep, ForwardStep, Steps
from tinygrad_edu.explain.paths import Paths
from tinygrad_edu.formulas.markup import DIGITS, number
from tinygrad_edu.recorder import as_number, stored
from tinygrad_edu.table import neg, weighted_sum
from tinygrad_edu.value import Value, one_and_zero

__all__ = ["Mistake", "Question", "questions"]

CLOSE = 5e-3  # relative: what a wrong answer is taken for
MOST_PATHS = 6  # of which each alone may be taken for the whole gradient
MOST_FUNCTIONS = 24  # of which each alone may have got a wrong derivative

# --- questions ------------------------------------------------------------------------------------


class Mistake(NamedTuple):
    """A wrong number, and what has gone wrong if somebody comes to it."""

    number: float
    what: str


class Explanation(NamedTuple):
    """What a number is made of."""

    hints: tuple[str, ...]
    """As formulas; at last, with numbers."""
    needs: list[str]
    """The names of what is in them."""


@dataclass(frozen=True, eq=False)
class Question:
    """One number that is asked for, with all that can be said about it.

    A graph may have very many: what is said is worked out when it is wanted.
    """

    kind: str
    """forward, local, contribution or gradient."""
    name: str
    """What it is called, such as ∂L/∂w₁₁⁽²⁾."""
    asked: str
    """What stands before the question mark: the name, for a value its formula, too."""
    value: Any
    """The right number: a float, or a Fraction where the graph is exact."""
    explain: Callable[[], Explanation]
    """What it is made of."""
    wrong: Callable[[], Iterable[Mistake]]
    """Wrong numbers, either sign of which may come up."""
    error: Callable[[], float]
    """How far off the number may be that comes of the others as they are shown."""
    node: Value
    """The operation's result: the value asked for, or where the derivative comes from."""
    arg: Value | None = None
    """By which argument the derivative is."""
    deeper: Callable[[], Iterable[Mistake]] = tuple
    """Further wrong numbers, from further up the chain."""

    @cached_property
    def explanation(self) -> Explanation:
        """What it is made of."""
        return self.explain()

    @property
    def hints(self) -> tuple[str, ...]:
        """What it is made of, as formulas; at last, with numbers."""
        return self.explanation.hints

    @property
    def needs(self) -> list[str]:
        """The names of what it is worked out from."""
        return self.explanation.needs

    @cached_property
    def slack(self) -> float:
        """How far off an answer may be besides its own rounding.

        Who multiplies the numbers on the sheet, which are rounded, is not to blame for that.
        """
        error = self.error()
        return error if math.isfinite(error) else 0.0

    @cached_property
    def mistakes(self) -> list[Mistake]:
        """Wrong numbers; the first that an answer comes near is what is said of it."""
        found = [Mistake(-float(self.value), "the sign is wrong")]
        for x, what in self.wrong():
            found += [Mistake(x, what), Mistake(-x, f"{what}, and the sign is wrong")]
        found += self.deeper()
        different: dict[str, Mistake] = {}
        for mistake in found:
            different.setdefault(f"{mistake.number:.6g}", mistake)
        return [
            mistake for mistake in different.values()
            if mistake.number and math.isfinite(mistake.number)
            and not near(mistake.number, float(self.value))
        ]  # fmt: skip

    @property
    def short(self) -> float:
        """The right number, to the digits that it is shown with."""
        return float(f"{float(self.value):.{DIGITS}g}")

    @property
    def result(self) -> str:
        """The name with the right number."""
        return f"{self.name} = {number(self.value)}"

    @property
    def solution(self) -> str:
        """The last hint with the right number."""
        parts = [*self.hints[-1].split(" = "), number(self.value)]
        return " = ".join(dict.fromkeys(parts))

    @property
    def worked(self) -> str:
        """The solution as on the board: the formula, the numbers in it, the result."""
        left = f"{self.name} = "
        lines = [line for line in (self.asked, *self.hints) if line.startswith(left)]
        parts = [line.removeprefix(left) for line in lines]
        return left + " = ".join(dict.fromkeys([*parts, number(self.value)]))


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


def terms_of(walk: Steps) -> dict[Value, dict[Value, Term]]:
    """Return for each Value that takes a gradient what each of its users contributes."""
    terms: dict[Value, dict[Value, Term]] = {}
    for step in walk:
        if isinstance(step, BackwardStep):
            of_arg = terms.setdefault(step.arg, {})
            before = of_arg.get(step.node)
            partial, contribution = plain(step.partial), plain(step.contribution)
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
    partial: Any
    contribution: Any
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
        """What the local derivative is called."""
        return self.step.board.local(self.step.node, self.step.arg)

    @property
    def upstream(self) -> str:
        """What the gradient is called that comes from above."""
        return self.step.board.d(self.step.root, self.step.node)

    @property
    def name(self) -> str:
        """What the contribution is called."""
        step = self.step
        return f"{step.board.d(step.root, step.arg)} via {step.names[step.node]}"

    @property
    def chain(self) -> str:
        """The contribution as a formula."""
        return self.local if self.is_of_root else f"{self.upstream} · {self.local}"

    def numbers(self, *, leads: bool = True) -> str:
        """Return the contribution with its numbers, as the first of a sum or a further one."""
        board = self.step.board
        if self.is_of_root:
            return board.factor(self.partial, leads=leads)
        upstream = board.factor(self.step.upstream, leads=leads)
        return f"{upstream} · {board.factor(self.partial)}"

    def halves(self) -> Iterator[Mistake]:
        """Yield what is only one factor of the contribution."""
        if not self.is_of_root:
            what = f"that is {self.local} alone, without the upstream gradient {self.upstream}"
            yield Mistake(float(self.partial), what)
            what = f"that is the upstream gradient {self.upstream} alone, without {self.local}"
            yield Mistake(float(self.step.upstream), what)


def value_question(step: ForwardStep) -> Question:
    """Return the question for the result of an operation."""
    node, name = step.node, step.names[step.node]
    formula, filled = step.formulas()
    op: Any = node.op

    def explain() -> Explanation:
        needs = [*filter(None, map(step.names.get, node.args))]
        return Explanation((f"{name} = {filled}",), needs)

    def wrong() -> Iterator[Mistake]:
        last = node.args[-1]
        shown = step.names.get(last) or number(as_number(last))
        if op is weighted_sum:
            without = float(node.data) - float(step.numbers[-1])
            yield Mistake(without, f"that is without {shown}, the last term")
        elif len(node.args) == 1:
            what = f"that is {shown} itself, without {op.symbol}"
            yield Mistake(float(step.numbers[0]), what)

    def error() -> float:
        if op.arity is not None:
            return carried(op.forward, *step.numbers)
        slopes = zip(node.partials, step.numbers, strict=True)
        return sum(abs(float(slope)) * shown_off(x) for slope, x in slopes if slope is not None)

    asked = f"{name} = {formula}"
    return Question("forward", name, asked, plain(node.data), explain, wrong, error, node)


def local_question(term: Term) -> Question:
    """Return the question for a local derivative."""
    step = term.step
    node, arg = step.node, step.arg
    op: Any = node.op
    positions = [k for k, x in enumerate(node.args) if x is arg]

    @cache
    def reads() -> list[Value]:
        return step.board.reads(node, *positions)

    def explain() -> Explanation:
        of = f"{term.local}: of {op.symbol}"
        rules = step.board.rules(node, *positions)
        hints = tuple(f"{term.local} = {rule}" for rule in dict.fromkeys(rules)) or (of,)
        return Explanation(hints, [*filter(None, map(step.names.get, reads()))])

    def error() -> float:
        return local_error(node, positions, reads())

    return Question("local", term.local, term.local, term.partial, explain,
                    lambda: other_locals(term), error, node, arg)  # fmt: skip


def other_locals(term: Term) -> Iterator[Mistake]:
    """Yield what a local derivative is taken for."""
    node, arg, names = term.step.node, term.step.arg, term.step.names
    symbol = node.op.symbol if node.op is not None else ""
    yield Mistake(float(node.data), f"that is {symbol} itself, not its derivative")
    places = sum(x is arg for x in node.args)
    for other, partial in zip(node.args, node.partials, strict=True):
        if partial is None or not isinstance(other, Value):
            continue
        if other is not arg:
            yield Mistake(float(partial), f"that is {term.step.board.d(node, other)}")
        elif places > 1:
            what = f"that is for one of {places} places of {names[arg]} alone; add the others"
            yield Mistake(float(partial), what)


def contribution_question(term: Term, chain: WrongChains) -> Question:
    """Return the question for what one of several paths adds to a gradient."""

    def explain() -> Explanation:
        hints = f"{term.name} = {term.chain}", f"{term.name} = {term.numbers()}"
        return Explanation(hints, [term.upstream, term.local])

    return Question("contribution", term.name, term.name, term.contribution, explain, term.halves,
                    lambda: sum_error([term]), term.step.node, term.step.arg,
                    lambda: chain.to_contribution(term))  # fmt: skip


def gradient_question(terms: list[Term], chain: WrongChains) -> Question:
    """Return the question for a gradient, of which all contributions are known."""
    step = terms[0].step
    name = step.board.d(step.root, step.arg)

    def explain() -> Explanation:
        needs = [t.local if t.is_of_root else t.name for t in terms if len(terms) > 1]
        needs += [piece for t in terms if not t.is_of_root for piece in (t.upstream, t.local)]
        formula = " + ".join(t.chain for t in terms)
        filled = " + ".join(t.numbers(leads=t is terms[0]) for t in terms)
        return Explanation((f"{name} = {formula}", f"{name} = {filled}"), needs)

    def wrong() -> Iterator[Mistake]:
        if len(terms) > 1:
            for t in terms:
                yield Mistake(float(t.contribution), one_of(len(terms), t.chain))
        for t in terms:
            yield from t.halves()

    return Question("gradient", name, name, sum(t.contribution for t in terms), explain, wrong,
                    lambda: sum_error(terms), step.node, step.arg,
                    lambda: chain.to_gradient(step.arg, len(terms)))  # fmt: skip


def one_of(n: int, path: str) -> str:
    """Say of a number that it is only a part of the sum."""
    return f"that is one of {n} paths alone, {path}; add the others"


def plain(x: Any) -> Any:
    """Return a number as a float, unless it is exact."""
    return x if isinstance(x, Fraction) else float(x)


# --- how far off what is worked out by hand may be ------------------------------------------------


def shown_off(x: Any) -> float:
    """Return how far what is shown of a number is from the number.

    >>> print(f"{shown_off(0.186815602):.2g} {shown_off(0.25)} {shown_off(Fraction(1, 3))}")
    1.6e-05 0.0 0.0
    """
    if not isinstance(x, float) or not math.isfinite(x):
        return 0.0
    return abs(float(f"{x:.{DIGITS}g}") - x)


def half_unit(x: Any) -> float:
    """Return half of what 1 is worth in the last place that is shown of a number.

    It is 0 for what is shown in full.

    >>> half_unit(0.186815), half_unit(0.25), half_unit(Fraction(1, 3))
    (5e-05, 0.0, 0.0)
    """
    if not isinstance(x, float) or float(f"{x:.{DIGITS}g}") == x or not math.isfinite(x):
        return 0.0
    return last_place(x) / 2


def last_place(x: float) -> float:
    """Return what 1 is worth in the last place that is shown of a number."""
    exponent = f"{x:.{DIGITS - 1}e}".partition("e")[2] if x and math.isfinite(x) else "0"
    return float(f"1e{int(exponent) + 1 - DIGITS}")


def carried(formula: Callable[..., Any], *numbers: Any) -> float:
    """Return how far off the result of a formula may be if its numbers are taken as they are shown.

    >>> print(f"{carried(lambda x, y: x * y, 0.741365, 0.186816):.6f}")
    0.000019
    """

    def moved(i: int, by: float) -> float:
        try:
            return float(abs(formula(*numbers[:i], numbers[i] + by, *numbers[i + 1 :]) - right))
        except (ArithmeticError, ValueError):
            return 0.0

    right = formula(*numbers)
    shifts = [(i, shift) for i, x in enumerate(numbers) if (shift := shown_off(x))]
    errors = [max(moved(i, shift), moved(i, -shift)) for i, shift in shifts]
    return 1.01 * sum(errors)  # together they do a little more than each by itself


def local_error(node: Value, positions: list[int], read: list[Value]) -> float:
    """Return how far off a local derivative may be.

    That of sigma can be worked out from the result, or from the argument.

    Args:
        node: the operation's result.
        positions: where the argument stands.
        read: the Values that the rule makes use of.
    """
    op: Any = node.op
    args = [x for x in dict.fromkeys(node.args) if isinstance(x, Value)]

    def rule(operands: list[Value], numbers: Iterable[Any], *, is_anew: bool = False) -> float:
        known = {x: x.data for x in (node, *args)} | dict(zip(operands, numbers, strict=True))
        given = [known[x] if isinstance(x, Value) else x for x in node.args]
        y = op.forward(*op.nested(given)) if is_anew else known[node]
        partials = op.rule(y, given, written=True)
        return sum(float(partials[k]) for k in positions)

    error = carried(lambda *numbers: rule(read, numbers), *(x.data for x in read))
    if node not in read:
        return error
    anew = carried(lambda *numbers: rule(args, numbers, is_anew=True), *(x.data for x in args))
    return max(error, anew)


def sum_error(terms: list[Term]) -> float:
    """Return how far off a sum of contributions may be, each of which is rounded."""
    products = [
        carried(lambda x, y: x * y, plain(term.step.upstream), term.partial) for term in terms
    ]
    rounding = [half_unit(term.contribution) for term in terms] if len(terms) > 1 else []
    return sum(products) + sum(rounding)


# --- mistakes further up the chain ----------------------------------------------------------------


class WrongChains:
    """Gradients that come out if something is forgotten anywhere along the chain."""

    def __init__(self, walk: Steps) -> None:
        """Keep the passes; nothing is worked out before somebody is wrong."""
        self.walk = walk

    def to_gradient(self, x: Value, terms: int) -> Iterator[Mistake]:
        """Yield what a gradient is taken for along one path only, or with a wrong derivative."""
        yield from self.paths(x, terms)
        for what, gradients in self.broken:
            if x in gradients:
                yield Mistake(gradients[x], what)

    def to_contribution(self, term: Term) -> Iterator[Mistake]:
        """Yield what a contribution is taken for with a wrong derivative above."""
        for what, gradients in self.broken:
            yield Mistake(gradients[term.step.node] * float(term.partial), what)

    def paths(self, x: Value, terms: int) -> Iterator[Mistake]:
        """Yield the products of single paths, if there are few, and more than contributions."""
        found = Paths(self.walk.root, x, self.walk.names)
        n = found.count
        if terms < n <= MOST_PATHS:
            listed = list(found)
            for path in listed:
                yield Mistake(float(path.product), one_of(n, path.formula))
            total = float(sum(path.product for path in listed))
            if n > 2:
                for path in listed:
                    what = f"that is without one of {n} paths, {path.formula}"
                    yield Mistake(total - float(path.product), what)

    @cached_property
    def broken(self) -> list[tuple[str, dict[Value, float]]]:
        """All gradients, for each function whose derivative is left out or mistaken."""
        nodes = [
            step.node for step in self.walk.forward
            if step.node.op is not None and step.node.op.arity == 1 and step.node.op is not neg
        ]  # fmt: skip
        kinds = Counter(node.op for node in nodes)
        found = []
        for node in nodes if len(nodes) <= MOST_FUNCTIONS else []:
            [arg] = node.args
            d = self.walk.board.d(node, arg)  # type: ignore[arg-type]  # unary: one Value
            found += self.without({node}, node.op, d)
        for op, n in kinds.items():
            if n > 1:
                found += self.without({node for node in nodes if node.op is op}, op, "everywhere")
        return found

    def without(
        self, nodes: set[Value], op: Any, where: str
    ) -> list[tuple[str, dict[Value, float]]]:
        """Return the gradients with the functions themselves, or 1, for their derivatives."""
        return [
            (
                f"that is with {op.symbol} itself in place of its derivative {where}",
                self.gradients(lambda x: x.data if x in nodes else None),
            ),
            (
                f"that is without the derivative of {op.symbol}, {where}",
                self.gradients(lambda x: 1 if x in nodes else None),
            ),
        ]

    def gradients(self, mistaken: Callable[[Value], Any]) -> dict[Value, float]:
        """Return what the engine makes of other derivatives of some operations of one argument."""

        def partials(node: Value) -> tuple[Any, Any]:
            wrong = mistaken(node)
            return stored(node, node.partials if wrong is None else [wrong])

        found = adjoints(self.walk.root, *one_and_zero(self.walk.root), partials)
        return {node: float(adjoint) for node, adjoint in found.items()}
