"""Each broken engine makes the mistake that it describes, and our checks find the mistake."""

import html
import math
import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import MLP, Constant, Value, grad, gradcheck, tanh, total, weighted_sum
from tinygrad_edu.engine import ancestors
from tinygrad_edu.lessons.broken_engines.comparison import (
    compare_engines,
    compare_updates,
    example_loss,
)
from tinygrad_edu.lessons.broken_engines.engines import (
    MISTAKES,
    MOST_NODES,
    MOST_STEPS,
    every_path,
    paths_walked,
    smallest_example,
    topological_order,
)
from tinygrad_edu.lessons.why_topological_order import (
    doubled,
    why_topological_order,
)

ENGINES = [name for name, mistake in MISTAKES.items() if mistake.right is topological_order]
ORDERS = ["recursion", "first_visit"]

# --- graphs ---------------------------------------------------------------------------------------

numbers = st.fractions(-3, 3, max_denominator=5).filter(bool)
operations = st.sampled_from([
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a * b,
    lambda a, b: -a * b + 2,
    lambda a, b: weighted_sum([a, 3], [2, b], Fraction(1, 2)),
    lambda a, b: total([a, b, Constant(Fraction(5))]),
])  # fmt: skip


@st.composite
def trees(draw, *, share_leaves=False):
    """The root of a graph of exact numbers in which no node but a leaf is used twice."""
    leaves = [Value(x) for x in draw(st.lists(numbers, min_size=2, max_size=8))]
    open_ends = list(leaves)
    if share_leaves:
        open_ends += draw(st.lists(st.sampled_from(leaves), min_size=1, max_size=8))
    while len(open_ends) > 1:
        a, b = (open_ends.pop(draw(st.integers(0, len(open_ends) - 1))) for _ in range(2))
        open_ends.append(draw(operations)(a, b))
    return open_ends[0]


@st.composite
def graphs(draw):
    """The root of a graph of exact numbers in which any node may be used more than once."""
    nodes = [Value(x) for x in draw(st.lists(numbers, min_size=1, max_size=3))]
    for _ in range(draw(st.integers(1, 6))):
        a, b = draw(st.sampled_from(nodes)), draw(st.sampled_from(nodes))
        nodes.append(draw(operations)(a, b))
    return nodes[-1]


def right(value):
    nodes = ancestors(value)
    return dict(zip(nodes, grad(value, nodes), strict=True))


# --- the smallest example -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("overwrite", [1, 1, 1]),
        ("recursion", [1, 2, 6]),
        ("first_visit", [1, 2, 2]),
        ("stale", [1, 4, 8]),
    ],
)
def test_each_mistake_gives_other_numbers_on_the_smallest_example(name, found):
    c = smallest_example()
    assert list(right(c).values()) == [1, 2, 4]
    assert list(MISTAKES[name](c).values()) == found


def test_the_mistakes_are_those_that_small_engines_make():
    """Here the mistakes are written as in such an engine, with the gradients in the nodes."""

    class Node:
        def __init__(self, args=()):
            self.args, self.grad = args, 0.0

        def overwriting(self):
            for arg in self.args:
                arg.grad = self.grad
            for arg in self.args:
                arg.overwriting()

        def recursing(self):
            for arg in self.args:
                arg.grad += self.grad
                arg.recursing()

    for backward, name in ((Node.overwriting, "overwrite"), (Node.recursing, "recursion")):
        a = Node()
        b = Node((a, a))
        c = Node((b, b))
        c.grad = 1.0
        backward(c)
        assert [c.grad, b.grad, a.grad] == list(MISTAKES[name](smallest_example()).values())


# --- right where nothing is used twice ------------------------------------------------------------


@pytest.mark.parametrize("name", ["overwrite", *ORDERS])
@given(value=trees())
def test_on_trees_a_mistake_does_not_show(name, value):
    assert MISTAKES[name](value) == right(value)


@pytest.mark.parametrize("name", ORDERS)
@given(value=trees(share_leaves=True))
def test_recursion_is_right_where_only_leaves_are_used_twice(name, value):
    assert MISTAKES[name](value) == right(value)


@pytest.mark.parametrize("depth", [1, 2, 3, 7])
def test_stale_gradients_are_sent_again_at_every_level_of_a_tree(depth):
    x = y = Value(Fraction(1, 3))
    for _ in range(depth):
        y = y * 2
    assert MISTAKES["stale"](y)[x] == depth * grad(y, x)


def test_the_engine_itself_sends_no_stale_gradients():
    c = smallest_example()
    a = ancestors(c)[-1]
    c.backward()
    a.grad = 0.0
    c.backward()
    assert (a.grad, MISTAKES["stale"](c)[a]) == (4.0, 8.0)


@given(graphs())
def test_the_right_engines_are_right(value):
    assert topological_order(value) == right(value)
    assert every_path(value) == right(value)


@given(graphs())
def test_the_table_marks_all_wrong_gradients_and_no_others(value):
    comparison = compare_engines(value)
    nodes = list(right(value))
    assert list(comparison.right) == list(right(value).values())
    for name in ENGINES:
        gradients = MISTAKES[name](value)
        differs = [gradients[node] != x for node, x in right(value).items()]
        marked = [row in comparison.wrong[name] for row in comparison.names]
        assert marked == differs
        assert comparison.found[name] == tuple(gradients[node] for node in nodes)


@given(graphs())
def test_the_graph_does_not_change(value):
    def state():
        return [(n.data, n.grad, n.label, n.args, n.partials) for n in ancestors(value)]

    value.backward()
    before = state()
    compare_engines(value)
    str(why_topological_order(value))
    assert state() == before


def test_rounding_is_not_called_wrong():
    shared = tanh(Value(0.1))
    y = total([shared * 0.1, shared * 0.2, shared * 0.3])
    gradients = MISTAKES["recursion"](y)
    assert gradients[shared] != grad(y, shared)  # 0.1 + 0.2 + 0.3 and 0.3 + 0.2 + 0.1
    table = compare_engines(y)
    row = table.names[list(gradients).index(shared)]
    assert row not in table.wrong["recursion"]
    assert row in table.wrong["overwrite"]


# --- our own checks find them ---------------------------------------------------------------------


def doubled_twice(a):
    b = a + a
    return b + b


def used_twice(w, x):
    h = tanh(w * x)
    return h * h * w + h


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize(
    ("f", "inputs"), [(doubled_twice, [1.0]), (used_twice, [0.7, -1.3])], ids=["sums", "tanh"]
)
def test_gradcheck_finds_every_broken_engine(name, f, inputs):
    def by(engine):
        def claimed(*args):
            gradients = engine(f(*args))
            return [gradients[arg] for arg in args]

        return gradcheck(f, *inputs, claimed=claimed)

    assert by(topological_order)
    report = by(MISTAKES[name])
    assert not report
    assert report.having("wrong")


def test_gradcheck_finds_derivatives_that_are_taken_in_turn():
    start, rate = [1.0, 2.0], 0.1

    def claimed(step):
        return [
            (w - new) / rate for w, new in zip(start, step(example_loss, start, rate), strict=True)
        ]

    mistake = MISTAKES["in_turn"]
    assert gradcheck(example_loss, *start, claimed=[f"{g:.6f}" for g in claimed(mistake.right)])
    report = gradcheck(example_loss, *start, claimed=[f"{g:.6f}" for g in claimed(mistake)])
    assert [finding.verdict for finding in report] == ["agrees", "wrong"]


def test_every_broken_engine_is_wrong_about_a_network():
    mlp = MLP(2, [3, 2, 1], seed=1)
    loss = (mlp([0.5, -1.0]) - 1) ** 2 / 2
    wrong = compare_engines(loss).wrong
    assert all(wrong[name] for name in ENGINES)


# --- updates --------------------------------------------------------------------------------------


def test_one_step_of_gradient_descent_by_hand():
    # L = (w₁w₂)²/2 at (1, 2): the gradient is (w₁w₂², w₁²w₂) = (4, 2).
    mistake = MISTAKES["in_turn"]
    assert mistake.right(example_loss, [1.0, 2.0], 0.1) == pytest.approx([0.6, 1.8], rel=1e-15)
    # In turn, the second derivative is taken at (0.6, 2): 0.36 * 2 = 0.72.
    assert mistake(example_loss, [1.0, 2.0], 0.1) == pytest.approx([0.6, 1.928], rel=1e-15)
    assert compare_updates().wrong == {"in_turn": ("w₂",)}


def test_updates_in_turn_are_right_where_no_derivative_depends_on_another_weight():
    comparison = compare_updates(lambda u, v, w: u**2 + 3 * v + w**3, [1.0, 2.0, 3.0])
    assert comparison.wrong == {"in_turn": ()}
    assert comparison.names == ("u", "v", "w")
    assert comparison.right == pytest.approx((0.8, 1.7, 0.3), rel=1e-15)


def test_the_given_weights_do_not_change():
    weights = [1.0, 2.0]
    compare_updates(weights=weights)
    assert weights == [1.0, 2.0]


# --- why topological order ------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 3, 8])
def test_for_n_doublings_every_path_takes_2_to_the_n_steps_and_topological_order_2_n(n):
    x = doubled(n)
    assert len(topological_order(x).steps) == 2 * n
    assert len(every_path(x).steps) == 2 ** (n + 1) - 2
    assert every_path(x)[ancestors(x)[-1]] == 2**n


@given(graphs())
def test_the_steps_of_recursion_are_counted_without_taking_them(value):
    assert paths_walked(value) == len(every_path(value).steps)
    assert paths_walked(value) == len(MISTAKES["recursion"](value).steps)


def test_the_answer_shows_each_step_of_the_smallest_example():
    text = str(why_topological_order())
    recursion, first_visit, topological, rest = text.split("\n\n")
    assert "b = 1 adds 1 to a = 0: 1  b is incomplete: it should be 2" in recursion
    assert recursion.count("b has already sent to a") == 2
    assert recursion.endswith("✗ a = 6; the right gradient is 4")
    assert first_visit.count("should be") == 2
    assert "already" not in first_visit
    assert first_visit.endswith("✗ a = 2; the right gradient is 4")
    assert "should be" not in topological
    assert topological.endswith("✓ every gradient is right")
    assert re.search(r"^ +10 +20 +2046$", rest, re.MULTILINE)
    assert re.search(rf"^ +100 +200 +{2**101 - 2}$", rest, re.MULTILINE)


def test_recursion_is_right_about_a_product_and_a_sum_that_share_a_leaf():
    a, b = Value(2.0, label="a"), Value(3.0, label="b")
    text = str(why_topological_order(a * b + b))
    assert "✗" not in text
    assert text.count("✓ every gradient is right") == 3
    # If the shared node has an argument of its own, recursion is wrong about the same graph.
    w = Value(1.5, label="w")
    shared = 2 * w
    shared.label = "b"
    text = str(why_topological_order(a * shared + shared))
    assert "b is incomplete: it should be 3" in text
    assert "the right gradient is 6" in text  # (a + 1) · 2


def test_the_steps_add_up_to_the_gradients():
    y = used_twice(Value(0.7), Value(-1.3))
    for engine in (topological_order, every_path, MISTAKES["recursion"]):
        gradients = engine(y)
        last = {y: 1.0}
        for step in gradients.steps:
            assert step.before == last.get(step.arg, 0.0)
            last[step.arg] = step.after
        assert last == gradients


# --- how results are shown ------------------------------------------------------------------------


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_explains_itself_and_is_short(name):
    mistake = MISTAKES[name]
    assert mistake.source in str(mistake)
    assert str(mistake).startswith(mistake.title)
    assert len(mistake.explanation.split()) > 15
    assert len(mistake.source.splitlines()) <= 22
    assert "# right: " in mistake.source


def test_a_label_is_escaped_in_html():
    x = Value(1.0, label="</td><b>x & y")
    shown = compare_engines(x * x)._repr_html_()
    assert html.escape("</td><b>x & y") in shown
    assert "<b>" not in shown
    assert "<td>1 ✗</td>" in shown


def test_fractions_stay_exact():
    x = Value(Fraction(1, 3), label="x")
    y = x * x
    comparison = compare_engines(y * y)
    assert Fraction(4, 27) in comparison.right
    assert "4/27" in str(comparison)
    assert all(type(n) in {Fraction, int} for row in comparison.found.values() for n in row)


def test_a_mistake_is_shown_in_one_line_without_an_address():
    shown = repr(MISTAKES)
    assert "<mistake overwrite: = in place of +=>" in shown
    assert "0x" not in shown


def test_some_of_many_rows_can_be_chosen():
    mlp = MLP(2, [3, 2, 1], seed=1)
    loss = (mlp([0.5, -1.0]) - 1) ** 2 / 2
    everything = compare_engines(loss)
    w = mlp.layers[0].neurons[1].w[0]
    chosen = compare_engines(loss, only=[w, "a₂⁽¹⁾"])
    assert chosen.names == ("a₂⁽¹⁾", "w₂₁⁽¹⁾")
    for name, i in zip(chosen.names, map(everything.names.index, chosen.names), strict=True):
        row = chosen.names.index(name)
        assert chosen.right[row] == everything.right[i]
        for engine in ENGINES:
            assert chosen.found[engine][row] == everything.found[engine][i]
            assert (name in chosen.wrong[engine]) == (name in everything.wrong[engine])
    assert compare_engines(loss, only="a₂⁽¹⁾").names == ("a₂⁽¹⁾",)


@pytest.mark.parametrize("row", ["nonsense", Value(1.0)])
def test_an_unknown_row_is_refused(row):
    with pytest.raises(
        KeyError, match=r"compare_engines: there is no row .*; the rows are c, b, a"
    ):
        compare_engines(smallest_example(), only=[row])


def test_updates_are_named_after_the_parameters_of_the_function():
    def loss(w1, bias):
        return (w1 * bias - 1) ** 2

    assert compare_updates(loss, [1.0, 2.0]).names == ("w₁", "bias")
    assert compare_updates(lambda *ws: ws[0] * ws[1], [1.0, 2.0]).names == ("w₁", "w₂")


# --- what is refused ------------------------------------------------------------------------------


def test_a_graph_with_too_many_paths_is_left_out_with_the_number_of_steps():
    comparison = compare_engines(doubled(200))
    assert comparison.found["recursion"] == comparison.wrong["recursion"] == ()
    assert "it would take 3.214e+60 steps" in str(comparison)  # 2^201 - 2
    assert comparison.wrong["overwrite"]
    with pytest.raises(ValueError, match=rf"stopped after {MOST_STEPS} steps"):
        MISTAKES["recursion"](doubled(200))
    with pytest.raises(ValueError, match=r"why_topological_order: .* would take 3\.214e\+60 steps"):
        why_topological_order(doubled(200))


def test_a_number_of_steps_that_is_too_large_for_a_float_is_shown():
    x = Value(0.5)
    for _ in range(MOST_NODES // 2 - 1):
        x = total([x] * 200) / 200
    assert "e+342 steps" in str(compare_engines(x))


@pytest.mark.parametrize(
    "call", [compare_engines, why_topological_order, *(MISTAKES[name] for name in ENGINES)]
)
def test_bad_input_is_refused_by_an_error_that_names_the_function(call):
    name = getattr(call, "__name__", "mistakes")
    with pytest.raises(TypeError, match=rf"{name}: expected a Value, got 2\.0 \(float\)"):
        call(2.0)
    with pytest.raises(ValueError, match=rf"{name}: Constant.* does not depend on any Value"):
        call(Constant(2.0))
    with pytest.raises(ValueError, match=f"{name}: {MOST_NODES + 1} nodes are too many"):
        call(doubled(MOST_NODES))


def test_paths_walked_refuses_a_plain_number():
    with pytest.raises(TypeError, match=r"paths_walked: expected a Value, got 2 \(int\)"):
        paths_walked(2)


def test_gradients_that_are_not_finite_are_not_compared():
    w = Value(0.0, label="w")
    with pytest.raises(
        ValueError, match=r"compare_engines: a gradient is not finite: at v₁ = w · 1e"
    ):
        compare_engines(w * 1e200 * 1e200)
    x = Value(1.0)
    assert not math.isfinite((x + math.inf).data)
    assert compare_engines(x + math.inf).right == (1.0, 1.0)
