import copy
import gc
import linecache
import math
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_edu
from tinygrad_edu import (
    Constant,
    Value,
    engine,
    grad,
    hessian,
    jacobian,
    tanh,
    total,
    weighted_sum,
)
from tinygrad_edu.engine import ancestors
from tinygrad_edu.operation import Operation

# --- any graph ------------------------------------------------------------------------------------

small = st.fractions(-3, 3, max_denominator=5)


@st.composite
def graphs(draw, size=12):
    """Nodes of a random graph with exact numbers, arguments first."""
    nodes = [Value(x) for x in draw(st.lists(small, min_size=1, max_size=3))]
    for _ in range(draw(st.integers(1, size))):
        a, b = draw(st.sampled_from(nodes)), draw(st.sampled_from(nodes))
        nodes.append(
            draw(
                st.sampled_from([
                    lambda a, b: a + b,
                    lambda a, b: a - b,
                    lambda a, b: a * b,
                    lambda a, _: -a,
                    lambda a, _: a**2,
                    lambda a, _: a * Constant(Fraction(1, 2)),
                    lambda a, b: weighted_sum([a, b], [b, Fraction(2)], a),
                    lambda a, b: total([a, b, a, b]),
                ])
            )(a, b)
        )  # fmt: skip
    return nodes


def edges(node):
    """The arguments of a node that take a gradient, each with its partial."""
    return [
        (arg, partial)
        for arg, partial in zip(node.args, node.partials, strict=True)
        if partial is not None
    ]


def over_all_paths(y, x):
    """The derivative as a sum over paths of products of partials, one path after the other."""
    if y is x:
        return Fraction(1)
    return sum((partial * over_all_paths(arg, x) for arg, partial in edges(y)), Fraction(0))


def reachable(node):
    behind = {node}
    for arg, _ in edges(node):
        behind |= reachable(arg)
    return behind


@given(graphs(size=7))
def test_a_gradient_is_the_sum_over_all_paths(nodes):
    y = nodes[-1]
    assert grad(y, nodes) == [over_all_paths(y, x) for x in nodes]


@given(graphs(size=7))
def test_gradients_that_can_be_differentiated_are_the_same(nodes):
    y = nodes[-1]
    assert [d.data for d in grad(y, nodes, differentiable=True)] == grad(y, nodes)


@given(graphs())
def test_every_node_comes_once_and_before_its_arguments(nodes):
    order = ancestors(nodes[-1])
    place = {node: i for i, node in enumerate(order)}
    assert len(order) == len(place)
    assert set(order) == reachable(nodes[-1])
    for node in order:
        assert all(place[arg] > place[node] for arg, _ in edges(node))


@given(graphs())
def test_a_walk_leaves_no_trace(nodes):
    first = ancestors(nodes[-1])
    for node in nodes:
        ancestors(node)
    assert ancestors(nodes[-1]) == first
    assert all(node.grad == 0.0 for node in nodes)


@given(graphs())
def test_backward_adds_the_very_numbers_of_grad(nodes):
    y = nodes[-1]
    y.backward()
    assert [node.grad for node in nodes] == grad(y, nodes)


class Partial(float):
    """A partial derivative that counts its uses and, while ``armed``, interrupts instead."""

    armed = False
    used = 0

    def __rmul__(self, other):
        if Partial.armed:
            raise KeyboardInterrupt
        Partial.used += 1
        return other * float(self)

    __mul__ = __rmul__


watched = Operation(
    "watched", "The number itself.",
    forward=lambda x: x, partials=lambda y, x: (Partial(1),), array="positive",
    symbol="!", latex="#1",
)  # fmt: skip


# --- how much work it is --------------------------------------------------------------------------


def run_traced(action, trace):
    """Run the action with a trace function, and then give the one before its place back."""
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        action()
    finally:
        sys.settrace(before)


def lines_run(action):
    """How many lines of the package run during ``action``: work that no noise can change."""
    package = str(Path(tinygrad_edu.__file__).parent)
    count = 0

    def trace(frame, event, _):
        nonlocal count
        if not frame.f_code.co_filename.startswith(package):
            return None
        count += event == "line"
        return trace

    run_traced(action, trace)
    return count


def chain(n):
    y = Value(1.0)
    for _ in range(n):
        y = tanh(y * 1.5)
    return y


def ladder(n):
    y = Value(1.0)
    for _ in range(n):
        y = y * y / y
    return y


def fan(n):
    xs = [Value(1.0) for _ in range(n)]
    return weighted_sum(xs, xs, total(xs))


@pytest.mark.parametrize("build", [chain, ladder, fan])
@pytest.mark.parametrize(
    "action",
    [
        Value.backward,
        Value.zero_grad,
        copy.deepcopy,
        pickle.dumps,
        pickle._dumps,
        repr,
        lambda y: grad(y, y),
        lambda y: grad(y, y, differentiable=True),
    ],
    ids=[
        "backward",
        "zero_grad",
        "deepcopy",
        "pickle",
        "python_pickle",
        "repr",
        "grad",
        "differentiable",
    ],
)
def test_work_grows_with_the_nodes_and_no_faster(build, action):
    small, medium, large = (lines_run(lambda n=n: action(build(n))) for n in (50, 100, 150))
    assert small > 0
    assert large - medium == pytest.approx(medium - small, rel=0.01)


def test_two_to_the_300_paths_are_no_more_work_than_300_nodes():
    x = y = Value(1.0)
    for _ in range(300):
        y = y + y
    y.backward()
    assert x.grad == 2.0**300
    assert grad(y, x, differentiable=True).data == 2.0**300


def test_the_chain_rule_is_applied_once_to_every_edge(monkeypatch):
    x = y = Value(1.0)
    for _ in range(300):
        y = watched(y)
        y = y + y
    monkeypatch.setattr(Partial, "used", 0)
    y.backward()
    assert (x.grad, Partial.used) == (2.0**300, 300)


# --- memory ---------------------------------------------------------------------------------------


def values_alive():
    # By type: isinstance would ask every object for its class, and some warn when they are asked.
    return sum(issubclass(type(thing), Value) for thing in gc.get_objects())


@pytest.fixture
def no_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("build", [chain, ladder, fan])
def test_a_dropped_graph_is_freed_without_the_collector(build):
    before = values_alive()
    y = build(1000)
    y.backward()
    grad(y, y, differentiable=True)
    grad(grad(y, y, differentiable=True), y)
    assert values_alive() > before
    del y
    assert values_alive() == before


@pytest.mark.usefixtures("no_collector")
def test_a_failed_operation_keeps_no_graph_alive():
    before = values_alive()
    x = Value(-1.0)
    for fail in (Value.log, lambda v: v * "ab", lambda v: v / 0, lambda v: grad(v, Constant(1.0))):
        with pytest.raises((ValueError, TypeError, ZeroDivisionError)):
            fail(x * 2)
    del x
    assert values_alive() == before


@pytest.mark.usefixtures("no_collector")
def test_a_failed_derivative_keeps_no_graph_alive():
    before = values_alive()
    x = Value(2.0)
    y = (x * x).exp()
    x.data = 3.0
    with pytest.raises(RuntimeError):
        grad(y, x, differentiable=True)
    del x, y
    assert values_alive() == before


def test_there_are_no_reference_cycles():
    y = chain(100)
    y.backward()
    grad(grad(y, y, differentiable=True), y)
    copy.deepcopy(y)
    pickle.loads(pickle.dumps(y))
    gc.collect()
    del y
    assert gc.collect() == 0


@pytest.mark.usefixtures("no_collector")
def test_a_node_is_one_object_to_the_collector():
    before = len(gc.get_objects())
    y = chain(1000)
    made = len(gc.get_objects()) - before
    assert made <= 2 * 1000 + 10
    assert y.data > 0


# --- interrupts -----------------------------------------------------------------------------------


def diamonds(watch=None):
    """Thirteen nodes, every second one used twice; a watched node stands in diamond ``watch``."""
    nodes = [Value(1.5)]
    for i in range(6):
        left = nodes[-1] * 0.5
        if i == watch:
            left = watched(left)
        nodes += [left, left * nodes[-1]]
    return nodes


@pytest.mark.parametrize("watch", range(6))
def test_an_interrupt_leaves_every_gradient_as_it_was(watch, monkeypatch):
    nodes = diamonds(watch)
    y = nodes[-1]
    y.backward()
    before = [node.grad for node in nodes]
    monkeypatch.setattr(Partial, "armed", True)
    with pytest.raises(KeyboardInterrupt):
        y.backward()
    monkeypatch.setattr(Partial, "armed", False)
    assert [node.grad for node in nodes] == before
    y.backward()
    assert [node.grad for node in nodes] == [2 * g for g in before]


def interrupted_at(k, action):
    """Interrupt ``action`` at the k-th line that runs in the engine; count these lines.

    A real interrupt never falls between the end of a ``with`` block and the release of its lock,
    but a tracer that raises does: these lines are left out.
    """
    seen = 0

    def trace(frame, event, _):
        nonlocal seen
        if frame.f_code.co_filename != engine.__file__:
            return None
        line = linecache.getline(engine.__file__, frame.f_lineno).strip()
        seen += event == "line" and line != "with lock:"
        if seen == k > 0:
            raise KeyboardInterrupt
        return trace

    run_traced(action, trace)
    return seen


def test_an_interrupt_at_any_line_of_the_engine_leaves_a_sound_graph():
    nodes = diamonds()
    y = nodes[-1]
    right = grad(y, nodes)
    lines = interrupted_at(0, y.backward)
    assert lines > 100
    y.zero_grad()
    for k in range(1, lines + 1):
        with pytest.raises(KeyboardInterrupt):
            interrupted_at(k, y.backward)
        assert [node.grad for node in nodes] in (
            [0.0] * len(nodes),
            right,
        )  # the last line is too late
        assert grad(y, nodes) == right
        with ThreadPoolExecutor(1) as other:  # is the lock free?
            assert other.submit(engine.lock.acquire, timeout=0).result(1)
            other.submit(engine.lock.release).result(1)
        y.zero_grad()


def test_an_error_in_a_rule_leaves_no_trace():
    x = Value(1e-160)
    y = x.log() * x
    with pytest.raises(OverflowError):
        grad(grad(y**-1, x, differentiable=True) ** 2, x, differentiable=True)
    assert grad(y, x) == pytest.approx(math.log(1e-160) + 1)


# --- the same bits in every run -------------------------------------------------------------------

PROGRAM = """
import random
from tinygrad_edu import Value, grad, logsumexp, tanh, weighted_sum
random.seed(1)
nodes = [Value(random.uniform(-1, 1)) for _ in range(30)]
for _ in range(300):
    a, b, c, d, e = random.sample(nodes, 5)
    nodes.append(tanh(weighted_sum([a, b], [c, d], e) + a * e))
y = logsumexp(nodes)
y.backward()
slopes = grad(y, nodes[:30], differentiable=True)
print([v.grad.hex() for v in nodes], [g.hex() for g in grad(slopes[0] * slopes[1], nodes[:30])])
"""


def test_gradients_are_the_same_bits_in_every_run():
    package = str(Path(tinygrad_edu.__file__).parents[1])
    runs = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True,
            env={**os.environ, "PYTHONPATH": package, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1", "2")
    }  # fmt: skip
    assert len(runs) == 1
    assert len(runs.pop()) > 5000


# --- derivatives of derivatives -------------------------------------------------------------------


def derivatives(f, at, order):
    """The data of the derivatives of ``f`` up to an order."""
    x = Value(at)
    y = f(x)
    found = [y.data]
    for _ in range(order):
        y = grad(y, x, differentiable=True)
        found.append(y.data)
    return found


def test_ten_derivatives_of_a_cube():
    assert derivatives(lambda x: x**3, 2.0, 10) == [8.0, 12.0, 12.0, 6.0, *[0.0] * 7]


def hermite(order, x):
    """The polynomial p for which p(x) exp(x x) is a derivative of exp(x x)."""
    p = [Fraction(1)]
    for _ in range(order):
        slope = [i * c for i, c in enumerate(p)][1:]
        p = [
            (slope[i] if i < len(slope) else 0) + (2 * p[i - 1] if i else 0)
            for i in range(len(p) + 1)
        ]
    return float(sum(c * Fraction(x) ** i for i, c in enumerate(p)))


@pytest.mark.parametrize("at", [0.0, 0.7, -1.3])
def test_ten_derivatives_of_a_bell_turned_upside_down(at):
    expected = [hermite(order, at) * math.exp(at * at) for order in range(11)]
    found = derivatives(lambda x: (x * x).exp(), at, 10)
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_six_derivatives_of_a_sine_and_of_a_logarithm():
    s, c = math.sin(0.4), math.cos(0.4)
    assert derivatives(Value.sin, 0.4, 6) == pytest.approx([s, c, -s, -c, s, c, -s], rel=1e-14)
    assert derivatives(Value.log, 0.5, 6)[1:] == [2.0, -4.0, 16.0, -96.0, 768.0, -7680.0]


def test_a_hessian():
    x = [Value(0.5), Value(-1.0), Value(2.0)]
    y = x[0] ** 2 * x[1] + (x[1] * x[2]).sin() + x[0] / x[2]
    found = [grad(slope, x) for slope in grad(y, x, differentiable=True)]
    assert hessian(y, x) == found
    s, c = math.sin(-2.0), math.cos(-2.0)
    expected = [
        [2 * -1.0, 2 * 0.5, -1 / 4],
        [2 * 0.5, -4 * s, c + 2.0 * s],
        [-1 / 4, c + 2.0 * s, -s + 2 * 0.5 / 8],
    ]
    for row, right in zip(found, expected, strict=True):
        assert row == pytest.approx(right, rel=1e-14)


def test_a_hessian_is_zero_where_slopes_are_constant():
    x, y = Value(2.0), Value(3.0)
    assert hessian(4 * x + 5 * y, [x, y]) == [[0, 0], [0, 0]]
    assert hessian(4 * x + y * y, (v for v in (x, y))) == [[0, 0], [0, 2]]
    values = hessian(4 * x + y**3, [x, y], differentiable=True)
    assert [[d.data for d in row] for row in values] == [[0, 0], [0, 18]]
    assert all(isinstance(d, Value) for row in values for d in row)
    assert grad(values[1][1], y) == 6


def test_a_jacobian_of_values_can_be_differentiated_again():
    x, y = Value(2.0), Value(3.0)
    (row,) = jacobian([x * x * y], [x, y], differentiable=True)
    assert [grad(d, x) for d in row] == [6, 4]


def test_the_hessian_of_logsumexp_is_that_of_the_softmax():  # D3
    x = [Value(v) for v in (0.3, -0.8, 1.2)]
    y = tinygrad_edu.logsumexp(x)
    p = [v.data for v in tinygrad_edu.softmax(x)]
    for i, slope in enumerate(grad(y, x, differentiable=True)):
        expected = [p[i] * ((i == j) - p[j]) for j in range(3)]
        assert grad(slope, x) == pytest.approx(expected, rel=1e-13)


def test_the_gradient_of_a_gradient_can_be_descended():
    x = Value(3.0)
    slope = grad(x**4, x, differentiable=True)
    penalty = slope * slope
    penalty.backward()
    assert x.grad == 2 * 108.0 * 108.0


# --- a million nodes, at the default recursion limit ----------------------------------------------

MILLION = 10**6


@pytest.fixture(scope="module")
def million():
    """A leaf and the end of a chain of a million sums that all use it."""
    assert sys.getrecursionlimit() <= 1000
    x = y = Value(1.0, label="x")
    for _ in range(MILLION):
        y = y + x
    return x, y


@pytest.mark.slow
def test_a_million_nodes_are_differentiated(million):
    x, y = million
    y.backward()
    assert (x.grad, y.grad) == (MILLION + 1, 1.0)
    y.zero_grad()
    assert (x.grad, y.grad) == (0.0, 0.0)


def test_a_million_nodes_are_shown_as_one(million):
    _, y = million
    assert repr(y) == "Value(data=1000001.0, grad=0.0)"
    assert f"{y:.0f}" == "1000001"


@pytest.mark.slow
@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize(
    "copied",
    [copy.deepcopy, lambda y: pickle.loads(pickle.dumps(y, pickle.HIGHEST_PROTOCOL))],
    ids=["deepcopy", "pickle"],
)
def test_a_million_nodes_are_copied_and_the_copy_is_freed(million, copied):
    _, y = million
    before = values_alive()
    twin = copied(y)
    assert values_alive() == before + MILLION + 1
    nodes = ancestors(twin)
    assert len(nodes) == MILLION + 1
    assert (nodes[-1].label, grad(twin, nodes[-1]), twin.data) == ("x", MILLION + 1, y.data)
    del twin, nodes
    assert values_alive() == before
