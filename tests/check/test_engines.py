"""Somebody else's engine: right ones pass, and each classic mistake is named."""

import importlib.util
import random
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_edu
from tinygrad_edu import Value, grad, tanh
from tinygrad_edu.check.engines import check_engine
from tinygrad_edu.check.engines.broken import SENDS, WALKS, depth_first, play
from tinygrad_edu.check.engines.mistakes import MISTAKES
from tinygrad_edu.engine import ancestors
from tinygrad_edu.programs.expressions import grow
from tinygrad_edu.table import add, mul, sub

spec = importlib.util.spec_from_file_location("home_made", Path(__file__).with_name("home_made.py"))
home_made = importlib.util.module_from_spec(spec)
spec.loader.exec_module(home_made)
CASES = home_made.CASES
NAMES = [f"{kind}-{i}" for i, (kind, _) in enumerate(CASES)]


@pytest.mark.parametrize("name", home_made.RIGHT)
def test_a_right_engine_passes(name):
    report = check_engine(home_made.made(home_made.RIGHT[name]))
    assert report.kinds == []
    assert report
    assert report.played > 100


@pytest.mark.parametrize(("kind", "source"), CASES, ids=NAMES)
def test_the_mistake_is_named_and_nothing_else(kind, source):
    report = check_engine(home_made.made(source))
    assert report.kinds == [kind]
    assert not report


def test_every_mistake_but_the_last_resorts_has_an_engine_that_makes_it():
    found = {kind for kind, _ in CASES}
    assert {*MISTAKES} - found == {"wrong_derivative", "error", "unknown"}
    assert {*SENDS.values(), *WALKS.values()} <= {*MISTAKES}


def test_our_own_engine_is_right():
    assert check_engine(Value).kinds == []


def test_of_micrograd_a_second_pass_and_long_chains_are_named_and_nothing_else():
    micrograd = pytest.importorskip("micrograd.engine", reason="pip install micrograd")
    report = check_engine(micrograd.Value)
    assert report.kinds == ["stale", "recursion_limit"]
    assert "sigmoid" in report.missing


def test_two_mistakes_are_both_named():
    source = home_made.broken(
        home_made.CLOSURES,
        [
            ("1 - out.data ** 2", "1 - self.data ** 2"),
            (".grad += out.grad\n", ".grad = out.grad\n"),
        ],
    )
    assert {*check_engine(home_made.made(source)).kinds} == {"input_for_output", "overwrite"}


def test_the_report_says_where_it_shows_and_what_to_write():
    text = repr(check_engine(home_made.made(dict(CASES)["input_for_output"])))
    assert "✗ 1 mistake" in text
    assert "exp(x) at x = " in text or "tanh(x) at x = " in text or "sigmoid(x) at x = " in text
    assert "right is" in text
    assert "not in the class, so not checked" in text


def test_a_wrong_engine_without_a_classic_mistake_is_wrong_all_the_same():
    last = "                operand.gradient += local * node.gradient\n"
    odd = last + "        if len(order) > 5:\n            order[-1].gradient *= 1.5\n"
    report = check_engine(home_made.made(home_made.broken(home_made.TUPLES, [(last, odd)])))
    assert not report
    assert report.kinds == ["unknown"]


def test_an_error_is_reported_with_its_expression():
    todo = [("        y = math.tanh(self.value)\n", "        raise NotImplementedError('todo')\n")]
    report = check_engine(home_made.made(home_made.broken(home_made.TUPLES, todo)))
    assert report.kinds == ["error"]
    assert "tanh(x)" in repr(report)
    assert "NotImplementedError: todo" in repr(report)


@pytest.mark.parametrize("missing", [[], [("def __radd__", "def unused")]])
def test_an_error_of_its_own_is_reported_beside_a_missing_operator(missing):
    todo = ("        y = math.tanh(self.value)\n", "        raise NotImplementedError('todo')\n")
    report = check_engine(home_made.made(home_made.broken(home_made.TUPLES, [todo, *missing])))
    assert {*report.kinds} == {"error", *["reflected"] * len(missing)}
    assert "NotImplementedError: todo" in repr(report)


def test_an_error_that_a_missing_operator_explains_is_reported_once():
    times = "        other = other if isinstance(other, Number) else Number(other)\n"
    source = home_made.CLOSURES
    start = source.index("def __mul__")
    engine = source[:start] + source[start:].replace(times, "", 1)
    assert check_engine(home_made.made(engine)).kinds == ["plain_number"]


class Renamed:
    """What nobody calls so."""

    def __init__(self, number, made_of=()):
        self.n, self.slope, self.made_of = number, 0.0, made_of

    def __add__(self, other):
        return Renamed(self.n + other.n, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        return Renamed(self.n * other.n, [(self, other.n), (other, self.n)])

    def differentiate(self, upstream=1.0):
        self.slope += upstream
        for part, local in self.made_of:
            part.differentiate(upstream * local)


def test_names_can_be_given():
    with pytest.raises(AttributeError, match=r"no attribute that looks like grad .*grad='\.\.\.'"):
        check_engine(Renamed)
    report = check_engine(Renamed, grad="slope", backward="differentiate")
    assert report.kinds[0] in {"plain_number", "reflected"}
    by_function = check_engine(Renamed, grad="slope", backward=lambda y: y.differentiate())
    assert by_function.kinds == report.kinds


def test_a_class_that_makes_no_leaf_of_a_number_is_an_error():
    class Two:
        def __init__(self, data, grad):
            pass

    with pytest.raises(TypeError, match=r"Two\(2\.375\) raised TypeError: .* from one number"):
        check_engine(Two)


@given(st.integers(0, 10**6))
def test_sorted_depth_first_the_gradients_are_right(seed):
    rng = random.Random(seed)
    f = grow([1.5, -0.75], rng.choice, 7, [add, mul, sub])
    if f.instructions:
        leaves = [*map(Value, f.inputs)]
        root = f(*leaves)
        right = grad(root, leaves)
        for walk in ({}, {"walk": depth_first}):
            found = play(root, **walk)
            assert [found.get(leaf, 0.0) for leaf in leaves] == pytest.approx(right, rel=1e-12)


def test_the_graph_stays_as_it_is():
    a = Value(0.5)
    y = tanh(a * a) + a
    y.backward()
    before = [(n.data, n.grad) for n in ancestors(y)]
    for send in SENDS:
        play(y, send=send)
    assert [(n.data, n.grad) for n in ancestors(y)] == before


def test_the_check_leaves_the_recursion_limit_alone():
    before = sys.getrecursionlimit()
    check_engine(tinygrad_edu.Value)
    assert sys.getrecursionlimit() == before
