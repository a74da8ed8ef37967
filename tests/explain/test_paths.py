"""The paths of the chain rule: that all are found, their order, and their sum."""

import math
from collections import Counter
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tinygrad_edu import Constant, Value, derivation, grad, latex, paths, table, tanh, total
from tinygrad_edu.engine import ancestors
from tinygrad_edu.lessons.worked_example import forward
from tinygrad_edu.testing import expressions

EXACT = (table.add, table.sub, table.mul, table.neg, table.weighted_sum)
ALL = tuple(table.TABLE.values())
FEW = 200  # the most paths that a test lists


def called(label, node):
    node.label = label
    return node


def ladder(x, n, left=1.0, right=1.0):
    """Return the root of a graph with 2 ** n paths."""
    y = x
    for _ in range(n):
        y = left * y + right * y
    return y


def edges(node):
    pairs = zip(node.args, node.partials, strict=True)
    return [(arg, partial) for arg, partial in pairs if partial is not None]


def brute_force(y, x):
    """Return all paths from y to x, each as its nodes and its factors."""
    if y is x:
        return [((x,), ())]
    return [
        ((y, *nodes), (partial, *factors))
        for arg, partial in edges(y)
        for nodes, factors in brute_force(arg, x)
    ]


@st.composite
def graphs(draw, operations=ALL):
    """Draw a root and a Value that it depends on, with few paths between them."""
    expression = draw(expressions(operations=operations))
    exact = all(instruction.op in EXACT for instruction in expression.instructions)
    kind = (lambda x: Fraction(x).limit_denominator(9)) if exact else float
    y = expression(*[Value(kind(x)) for x in expression.inputs])
    x = draw(st.sampled_from(ancestors(y)))
    assume(paths(y, x).count <= FEW)
    return y, x


# --- the lecture's paths --------------------------------------------------------------------------


def test_two_paths_lead_to_a_weight_of_the_first_layer():
    """A10."""
    example = forward()
    w = example.mlp.layers[0].neurons[0].w[0]
    found = paths(example.loss, w)
    assert found.count == 2
    assert [f"{path.product:.9f}" for path in found] == ["0.000668396", "-0.000229828"]
    assert f"{found.total:.9f}" == "0.000438568"
    assert [len(path.factors) for path in found] == [5, 5]
    assert [path.formula for path in found] == [
        "∂L/∂a₁⁽²⁾ · ∂a₁⁽²⁾/∂z₁⁽²⁾ · ∂z₁⁽²⁾/∂a₁⁽¹⁾ · ∂a₁⁽¹⁾/∂z₁⁽¹⁾ · ∂z₁⁽¹⁾/∂w₁₁⁽¹⁾",
        "∂L/∂a₂⁽²⁾ · ∂a₂⁽²⁾/∂z₂⁽²⁾ · ∂z₂⁽²⁾/∂a₁⁽¹⁾ · ∂a₁⁽¹⁾/∂z₁⁽¹⁾ · ∂z₁⁽¹⁾/∂w₁₁⁽¹⁾",
    ]
    assert repr(found).splitlines()[-1] == "∂L/∂w₁₁⁽¹⁾ = 0.0006684 + (−0.0002298) = 0.0004386"


def test_one_path_leads_to_a_weight_of_the_last_layer():
    """A9."""
    example = forward()
    (path,) = paths(example.loss, example.mlp.layers[1].neurons[0].w[0])
    assert [f"{factor:.4f}" for factor in path.factors] == ["0.7414", "0.1868", "0.5933"]
    assert f"{path.product:.6f}" == "0.082167"
    assert str(path).endswith(" = 0.7414 · 0.1868 · 0.5933 = 0.08217")


def test_the_gradient_is_the_sum_over_the_nodes_between():
    """D6: dp/dz = sum over m of dp/dq_m dq_m/dz."""
    z = Value(0.5, label="z")
    qs = [called(f"q{m}", tanh(z * m)) for m in (1, 2, 3)]
    p = called("p", total([q * q for q in qs]))
    by_q = [paths(p, q).total * paths(q, z).total for q in qs]
    assert math.isclose(sum(by_q), grad(p, z), rel_tol=1e-15)
    assert paths(p, z).count == sum(paths(p, q).count * paths(q, z).count for q in qs) == 6


def test_the_chain_of_a_deep_thin_network_in_full_and_compressed():
    """D4."""
    x = h = Value(0.5, label="x")
    hidden = []
    for i in range(1, 51):
        h = called(f"h{i}", tanh(h * 0.9))
        hidden.append(h)
    (path,) = paths(h, x)
    assert len(path.factors) == 100
    assert path.formula.count("·") == 99
    formula, factors, product = path.compressed(hidden[24]).split(" = ")
    assert formula == "∂h₅₀/∂h₂₅ · ∂h₂₅/∂x"
    assert factors == " · ".join(f"{grad(of, by):.4g}".replace("-", "−")
                                 for of, by in ((h, hidden[24]), (hidden[24], x)))  # fmt: skip
    assert product == f"{grad(h, x):.4g}"
    assert path.compressed().startswith("∂h₅₀/∂v")
    assert path.compressed(*path.nodes) == str(path)
    assert path.compressed(h, x) == f"∂h₅₀/∂x = {product}"


def test_a_chain_can_be_compressed_only_at_its_own_nodes():
    x, other = Value(0.5, label="x"), Value(1.0, label="other")
    (path,) = paths(called("y", tanh(x)), x)
    with pytest.raises(ValueError, match=r"compressed: Value\(.*other.* not on the path ∂y/∂x"):
        path.compressed(other)


# --- all of them, and nothing else ----------------------------------------------------------------


@given(graphs())
def test_the_paths_are_those_of_a_brute_force_search(graph):
    y, x = graph
    found = Counter((tuple(path.nodes), tuple(path.factors)) for path in paths(y, x))
    assert found == Counter(brute_force(y, x))
    assert paths(y, x).count == found.total()


@given(graphs(EXACT))
def test_exact_products_add_up_to_the_gradient_exactly(graph):
    y, x = graph
    found = paths(y, x)
    assert sum(path.product for path in found) == found.total == grad(y, x)


@given(graphs())
def test_the_products_add_up_to_the_gradient(graph):
    y, x = graph
    products = [path.product for path in paths(y, x)]
    # A product of at most 8 factors has at most 8 rounding errors, and so have sums on the way.
    error = 2.0**-53 * (20 + len(products)) * sum(map(abs, products))
    assert abs(math.fsum(products) - grad(y, x)) <= error


@given(graphs())
def test_larger_products_come_first(graph):
    y, x = graph
    sizes = [abs(path.product) for path in paths(y, x)]
    assert all(first >= second * (1 - 1e-14) for first, second in pairwise(sizes))


@given(graphs(EXACT))
def test_larger_exact_products_come_first(graph):
    y, x = graph
    sizes = [abs(float(path.product)) for path in paths(y, x)]
    assert all(first >= second * (1 - 1e-14) for first, second in pairwise(sizes))


@given(st.lists(st.integers(-3, 3), min_size=2, max_size=8))
def test_nearly_equal_products_are_sorted(steps):
    """The sizes differ by only a few rounding errors."""
    x = Value(1.0)
    y = total([x * (1 + step * 1e-12) for step in steps])
    assert [path.product for path in paths(y, x)] == sorted(
        [1 + step * 1e-12 for step in steps], reverse=True
    )


def test_the_sign_of_a_product_does_not_matter_for_its_size():
    x = Value(1.0)
    y = total([x * 2.0, x * -3.0, x * 1.0])
    assert [path.product for path in paths(y, x)] == [-3.0, 2.0, 1.0]


def test_paths_whose_product_is_zero_come_last_and_are_counted():
    x = Value(1.0)
    y = total([x * 0.0, (x * 0.0) * 5.0, x * 1e-300, x * 2.0])
    found = paths(y, x)
    assert [path.product for path in found] == [2.0, 1e-300, 0.0, 0.0]
    assert found.count == 4


def test_the_largest_paths_are_found_without_listing_the_others():
    x = Value(0.0)
    found = paths(ladder(x, 200, 0.9, -0.5), x)
    first, second = found.largest(2)
    assert math.isclose(first.product, 0.9**200, rel_tol=1e-13)
    assert math.isclose(second.product, -(0.9**199) * 0.5, rel_tol=1e-13)


# --- counting -------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [0, 1, 10, 300, 2000])
def test_paths_are_counted_exactly_without_being_listed(n):
    x = Value(0.0)
    assert paths(ladder(x, n), x).count == 2**n


def test_a_times_a_has_two_paths():
    a = Value(3.0, label="a")
    found = paths(called("b", a * a), a)
    assert found.count == 2
    assert repr(found) == (
        "2 paths from b to a\n  ∂b/∂a (1st) = 3\n  ∂b/∂a (2nd) = 3\n∂b/∂a = 3 + 3 = 6"
    )


def test_counting_and_listing_change_nothing():
    x = Value(2.0)
    y = ladder(x, 3, 1.5, -0.5)
    y.backward()
    before = [(node.data, node.grad, node.partials) for node in ancestors(y)]
    found = paths(y, x)
    assert found.count == len(list(found)) == 8
    repr(found)
    assert [(node.data, node.grad, node.partials) for node in ancestors(y)] == before


def test_the_nodes_on_paths():
    x, w = Value(2.0), Value(3.0)
    middle, aside = x * 2, w * 5
    y = middle * aside
    assert paths(y, x).nodes == {y, middle, x}


# --- lazy -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "right"), [(1.0, 1.0), (0.5, 0.5000001), (0.5, -0.5), (0.5, 0.0), (0.0, 0.0)]
)
def test_the_largest_of_very_many_paths_are_listed_at_once(left, right):
    x = Value(0.0, label="x")
    found = paths(ladder(x, 300, left, right), x)
    largest = found.largest(5)
    best = max(abs(left), abs(right)) ** 300
    assert math.isclose(abs(largest[0].product), best, rel_tol=1e-12)
    assert len({tuple(path.nodes) for path in largest}) == 5
    assert f"… and {2**300 - 10} more" in repr(found)


@pytest.mark.parametrize("factor", [1e200, 1e-200])
def test_products_beyond_the_range_of_floats_are_listed_at_once(factor):
    x = Value(0.0)
    found = paths(ladder(x, 300, factor, 1.0000001 * factor), x)
    assert [path.product for path in found.largest(2)] == [math.inf if factor > 1 else 0.0] * 2


@pytest.mark.slow
def test_a_path_through_very_many_operations():
    x = y = Value(1.0, label="x")
    for _ in range(100_000):
        y = y * 1.00001
    found = paths(y, x)
    (path,) = found
    assert (found.count, len(path.nodes), len(path.factors)) == (1, 100_001, 100_000)
    assert len(repr(found)) < 2_000
    assert " · … · " in str(path)
    assert path.nodes[0] is y
    assert path.nodes[-1] is x
    assert math.isclose(path.product, grad(y, x), rel_tol=1e-10)
    assert path.compressed(x).count("·") == 0


def test_iterating_twice_gives_the_same_paths():
    x = Value(0.5)
    found = paths(ladder(x, 4, 0.5, 2.0), x)
    assert [path.factors for path in found] == [path.factors for path in found]


# --- how they print -------------------------------------------------------------------------------


def test_a_report_says_how_many_paths_are_left_out():
    x = Value(0.5, label="x")
    lines = repr(paths(ladder(x, 4, 0.5, 2.0), x)).splitlines()
    assert lines[0].startswith("16 paths from ")
    assert len(lines) == 13
    assert lines[-2] == "  … and 6 more"
    assert " + … = " in lines[-1]


def test_a_report_of_ten_paths_leaves_none_out():
    x = Value(0.5, label="x")
    table = repr(paths(total([x] * 10), x))
    assert "…" not in table
    assert table.endswith(f" = {' + '.join(['1'] * 10)} = 10")


def test_no_path_leads_to_a_value_that_the_root_does_not_depend_on():
    x, other = Value(1.0, label="x"), Value(2.0, label="other")
    found = paths(called("y", x * 2), other)
    assert (found.count, list(found), found.total, found.nodes) == (0, [], 0.0, set())
    assert repr(found) == "0 paths from y to other\n∂y/∂other = 0"


def test_no_path_leads_forward():
    x = Value(1.0)
    assert paths(x, x * 2).count == 0


def test_from_a_value_to_itself_there_is_one_path_without_factors():
    y = called("y", Value(2.0) * 3)
    found = paths(y, y)
    (path,) = found
    assert (found.count, path.factors, path.product, found.total) == (1, [], 1, 1.0)
    assert path.nodes == [y]
    assert repr(found) == "1 path from y to y\n  1 = 1\n∂y/∂y = 1"


def test_fractions_stay_exact():
    q = Value(Fraction(1, 3), label="q")
    found = paths(called("y", q * q * 2), q)
    assert [path.product for path in found] == [Fraction(2, 3)] * 2
    assert repr(found).endswith("∂y/∂q = 2/3 + 2/3 = 4/3")


def test_a_product_that_is_not_finite_is_shown():
    x = Value(1.0, label="x")
    for strange in (math.nan, math.inf):
        assert repr(paths(called("y", x * strange), x)).endswith(f"∂y/∂x = {strange}")


# --- errors ---------------------------------------------------------------------------------------


def test_both_ends_must_be_values():
    x = Value(1.0)
    for ends in ((2.0, x), (x, 2.0)):
        with pytest.raises(TypeError, match=r"paths: expected a Value, got 2\.0 \(float\)"):
            paths(*ends)


def test_no_path_begins_or_ends_at_a_constant():
    x, c = Value(1.0), Constant(2.0, label="c")
    for ends in ((c, x), (x * c, c)):
        with pytest.raises(ValueError, match=r"paths: Constant\(.*label='c'.* is a constant"):
            paths(*ends)


@pytest.mark.parametrize("function", [paths, derivation])
def test_errors_name_the_function_that_was_called(function):
    x, c = Value(1.0, label="x"), Constant(2.0)
    with pytest.raises(
        TypeError, match=rf"^{function.__name__}: expected a Value, got 'w' \(str\)"
    ):
        function(x * 2, "w")
    with pytest.raises(ValueError, match=rf"^{function.__name__}: Constant"):
        function(x * c, c)


@pytest.mark.parametrize(
    ("digits", "kind"), [(-1, ValueError), (0, ValueError), (2.5, ValueError), ("a", TypeError)]
)
def test_an_invalid_number_of_digits_is_refused(digits, kind):
    x = Value(1.0, label="x")
    for function, args in ((derivation, (x * 2, x)), (latex, (x * 2,))):
        with pytest.raises(
            kind, match=rf"^{function.__name__}: digits: .* at least 1, got {digits!r}"
        ):
            function(*args, digits=digits)


@pytest.mark.parametrize(("n", "kind"), [(-1, ValueError), (1.5, ValueError), ("a", TypeError)])
def test_an_invalid_number_of_paths_is_refused(n, kind):
    x = Value(1.0, label="x")
    found = paths(x * 2, x)
    for name in ("largest", "draw"):
        with pytest.raises(kind, match=rf"^{name}: .*whole number of paths.*, got {n!r}"):
            getattr(found, name)(n)
    assert found.largest(0) == []


# --- by their places, and how they show themselves ------------------------------------------------


def test_paths_can_be_indexed_and_sliced():
    x = Value(0.5, label="x")
    found = paths(ladder(x, 3, 0.5, 2.0), x)
    listed = list(found)
    assert [found[i] for i in range(-8, 8)] == listed * 2
    for part in (slice(2), slice(2, 5), slice(None, None, -2), slice(9, 20), slice(-2, None)):
        assert found[part] == listed[part]
    assert repr(found[0]) == str(listed[0])
    assert repr(found[:2]) == f"{listed[0]}\n{listed[1]}"
    assert repr(found.largest(1)) == str(listed[0])
    for beyond in (8, -9):
        with pytest.raises(IndexError, match=f"paths: there is no path {beyond}, .*; there are 8"):
            found[beyond]


def test_the_first_of_very_many_paths_can_be_indexed_and_the_last_ones_are_refused():
    x = Value(0.5, label="x")
    found = paths(ladder(x, 300, 0.5, 2.0), x)
    assert math.isclose(found[1].product, 2.0**298)
    assert len(found[:3]) == 3
    for place in (-1, 2**299, slice(2**299, 2**299 + 1), slice(None)):
        with pytest.raises(ValueError, match=r"paths: .*larger paths must be listed before this"):
            found[place]


@pytest.mark.slow
def test_counts_of_thousands_of_digits_are_written_as_powers():
    x = Value(0.5, label="x")
    y = ladder(x, 15_000, 0.5, 0.5)
    lines = repr(paths(y, x)).splitlines()
    assert lines[0] == "2^15000 paths from v₄₅₀₀₀ to x"
    assert lines[-2] == "  … and about 10^4515 more"


def test_paths_show_themselves_as_latex():
    a = Value(3.0, label="a")
    found = paths(called("y", a * a - 4 * a), a)
    first = r"\frac{\partial y}{\partial v_{2}} \cdot \frac{\partial v_{2}}{\partial a}"
    head = r"\frac{\partial y}{\partial v_{1}} \cdot "
    tail = r"\left.\frac{\partial v_{1}}{\partial a}\right|"
    assert found.latex.splitlines() == [
        r"\begin{aligned}",
        first + r" &= -1 \cdot 4 = -4 \\",
        head + tail + r"_{\mathrm{1st}} &= 1 \cdot 3 = 3 \\",
        head + tail + r"_{\mathrm{2nd}} &= 1 \cdot 3 = 3 \\",
        r"\frac{\partial y}{\partial a} &= -4 + 3 + 3 = 2",
        r"\end{aligned}",
    ]
    assert found._repr_latex_() == f"$$\n{found.latex}\n$$"
    assert found[0].latex == first + r" = -1 \cdot 4 = -4"
    assert found[0]._repr_latex_() == f"$$\n{found[0].latex}\n$$"


@given(graphs())
def test_latex_of_paths_has_a_row_for_each_and_one_for_their_sum(graph):
    found = paths(*graph)
    rows = found.latex.splitlines()[1:-1]
    assert len(rows) == min(found.count, 10) + (found.count > 10) + 1
    assert all(row.count("&") == 1 for row in rows)
    assert "−" not in found.latex


def test_latex_says_how_many_paths_are_left_out():
    x = Value(0.5, label="x")
    assert r"&\dots \text{ and 6 more} \\" in paths(ladder(x, 4), x).latex
    latex_of_many = paths(ladder(x, 400), x).latex
    assert r"&\dots \text{ and about $10^{120}$ more} \\" in latex_of_many
    assert r" + \dots = " in latex_of_many
