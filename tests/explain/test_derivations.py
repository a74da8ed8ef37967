r"""Derivations worked out as on a blackboard: their lines, their numbers, and their LaTeX."""

import math
import re
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tinygrad_edu import (
    Constant,
    Value,
    derivation,
    grad,
    losses,
    maximum,
    paths,
    sigmoid,
    sin,
    softmax,
    tanh,
    total,
    weighted_sum,
)
from tinygrad_edu.engine import ancestors
from tinygrad_edu.formulas.names import Names
from tinygrad_edu.lessons.worked_example import forward
from tinygrad_edu.testing import expressions


def called(label, node):
    node.label = label
    return node


def lines_of(found):
    return repr(found).splitlines()


def ladder(x, n):
    """Return the root of a graph with 2 ** n paths."""
    y = x
    for _ in range(n):
        y = y + 0.5 * y
    return y


def true_numbers(y):
    """Return the number for each left side: data, a derivative, or a direct derivative."""
    names = Names(y)
    numbers = {}
    for node in ancestors(y):
        numbers[names[node]] = node.data
        numbers[f"∂{names[y]}/∂{names[node]}"] = grad(y, node)
        edges = [e for e in zip(node.args, node.partials, strict=True) if e[1] is not None]
        for arg, _ in edges:
            derivative = f"∂{names[node]}/∂{names[arg]}"
            numbers[derivative] = grad(node, arg)
            numbers[f"{derivative} (direct)"] = sum(d for other, d in edges if other is arg)
    return numbers


def rounded(number, digits):
    return f"{number:.{digits}g}".replace("-", "−")


def assert_balanced(formula):
    assert len(re.findall(r"\\left(?![a-z])", formula)) == len(
        re.findall(r"\\right(?![a-z])", formula)
    )
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", formula):
        depth += 1 if brace == "{" else -1
        assert depth >= 0, formula
    assert depth == 0, formula


@st.composite
def graphs(draw):
    """Draw a root and a Value that it depends on; the leaves have labels."""
    expression = draw(expressions(max_operations=6))
    y = expression(*[Value(x, n) for x, n in zip(expression.inputs, "xyz", strict=False)])
    x = draw(st.sampled_from(ancestors(y)))
    assume(x is not y)
    return y, x


# --- the lecture's derivations --------------------------------------------------------------------


def test_the_derivation_of_the_lecture():
    """A9: dL/dw = dL/dy · dy/dz · dz/dw, here with three digits."""
    example = forward()
    w = example.mlp.layers[1].neurons[0].w[0]
    assert lines_of(derivation(example.loss, w, digits=3)) == [
        "z₁⁽²⁾ = w₁₁⁽²⁾ · a₁⁽¹⁾ + w₁₂⁽²⁾ · a₂⁽¹⁾ + b₁⁽²⁾ = 0.4 · 0.593 + 0.45 · 0.597 + 0.6 = 1.11",
        "a₁⁽²⁾ = σ(z₁⁽²⁾) = σ(1.11) = 0.751",
        "L = 1/2 ((a₁⁽²⁾ − y₁)² + (a₂⁽²⁾ − y₂)²) = 1/2 ((0.751 − 0.01)² + (0.773 − 0.99)²) = 0.298",
        "∂z₁⁽²⁾/∂w₁₁⁽²⁾ = a₁⁽¹⁾ = 0.593",
        "∂a₁⁽²⁾/∂z₁⁽²⁾ = a₁⁽²⁾ · (1 − a₁⁽²⁾) = 0.751 · (1 − 0.751) = 0.187",
        "∂L/∂a₁⁽²⁾ = a₁⁽²⁾ − y₁ = 0.751 − 0.01 = 0.741",
        "∂L/∂w₁₁⁽²⁾ = ∂L/∂a₁⁽²⁾ · ∂a₁⁽²⁾/∂z₁⁽²⁾ · ∂z₁⁽²⁾/∂w₁₁⁽²⁾ = 0.741 · 0.187 · 0.593 = 0.0822",
    ]


def test_the_derivation_over_two_paths():
    """A10."""
    example = forward()
    found = derivation(example.loss, example.mlp.layers[0].neurons[0].w[0], digits=6)
    chains = lines_of(found)[-5:]
    assert chains[0] == (
        "∂L/∂w₁₁⁽¹⁾ = ∂L/∂a₁⁽²⁾ · ∂a₁⁽²⁾/∂z₁⁽²⁾ · ∂z₁⁽²⁾/∂a₁⁽¹⁾ · ∂a₁⁽¹⁾/∂z₁⁽¹⁾ · ∂z₁⁽¹⁾/∂w₁₁⁽¹⁾"
    )
    assert chains[1] == (
        "    + ∂L/∂a₂⁽²⁾ · ∂a₂⁽²⁾/∂z₂⁽²⁾ · ∂z₂⁽²⁾/∂a₁⁽¹⁾ · ∂a₁⁽¹⁾/∂z₁⁽¹⁾ · ∂z₁⁽¹⁾/∂w₁₁⁽¹⁾"
    )
    assert chains[2].startswith("    = 0.741365 · 0.186816 · 0.4 · ")
    assert chains[3].startswith("    + (−0.217072) · 0.17551 · 0.5 · ")
    assert chains[4] == "    = 0.000668396 + (−0.000229828) = 0.000438568"


def test_a_derivation_shows_only_the_nodes_between_both_ends():
    example = forward()
    w = example.mlp.layers[1].neurons[0].w[0]
    lefts = [line.split(" = ")[0] for line in lines_of(derivation(example.loss, w))]
    assert "z₁⁽¹⁾" not in lefts
    assert "∂L/∂a₂⁽²⁾" not in lefts


# --- the numbers are right ------------------------------------------------------------------------


@given(graphs(), st.integers(2, 6))
def test_every_line_ends_in_the_true_number_rounded(graph, digits):
    y, x = graph
    numbers = true_numbers(y)
    left = ""
    for line in lines_of(derivation(y, x, digits=digits)):
        sides = line.split(" = ")
        if not line.startswith("    "):
            left = sides[0]
        elif len(sides) < 3:
            continue  # the chain continues on the next line
        last = sides[-1]
        if re.fullmatch(r"−?[\d.]+(e[+−]\d+)?", last):
            exact = numbers[left]
            assert last in {
                rounded(number + shift * number * 1e-13, digits)
                for number in ([exact] if exact else [0.0, -0.0])
                for shift in (-1, 0, 1)  # a sum of products is rounded differently
            }, line


@given(graphs())
def test_the_last_number_of_few_paths_is_the_gradient(graph):
    y, x = graph
    assume(paths(y, x).count <= 6)
    last = lines_of(derivation(y, x))[-1].split(" = ")[-1]
    found = float(last.replace("−", "-"))
    products = sum(abs(path.product) for path in paths(y, x))
    assert math.isclose(found, grad(y, x), rel_tol=5.1e-4, abs_tol=1e-13 * products)


@given(graphs())
def test_there_is_a_line_for_every_value_and_every_edge_between(graph):
    y, x = graph
    between = paths(y, x).nodes
    names = Names(y)
    lefts = {line.split(" = ")[0] for line in lines_of(derivation(y, x))}
    for node in between - {x}:
        assert names[node] in lefts
        for arg, partial in zip(node.args, node.partials, strict=True):
            if partial is not None and arg in between:
                derivative = f"∂{names[node]}/∂{names[arg]}"
                assert {derivative, f"{derivative} (direct)"} & lefts


@given(graphs())
def test_arguments_come_before_their_node(graph):
    y, x = graph
    names = Names(y)
    between = paths(y, x).nodes - {x}
    lefts = [line.split(" = ")[0] for line in lines_of(derivation(y, x))]
    for node in between:
        for arg in node.args:
            if arg in between:
                assert lefts.index(names[arg]) < lefts.index(names[node])


def test_fractions_are_worked_out_exactly():
    q = Value(Fraction(1, 3), label="q")
    assert lines_of(derivation(called("y", q * q), q)) == [
        "y = q · q = 1/3 · 1/3 = 1/9",
        "∂y/∂q = q + q = 1/3 + 1/3 = 2/3",
    ]


# --- many paths -----------------------------------------------------------------------------------


def test_many_paths_are_worked_out_node_by_node():
    x = Value(1.0, label="x")
    h = called("h", ladder(x, 3))
    y = called("y", h * h)
    assert paths(y, x).count == 16
    lines = lines_of(derivation(y, x))
    assert f"∂y/∂h = h + h = 3.375 + 3.375 = {2 * h.data:.4g}" in lines
    (last,) = [line for line in lines if line.startswith("∂y/∂x = ")]
    assert last.endswith(f" = {grad(y, x):.4g}")
    assert not any(line.startswith("    ") for line in lines)


@pytest.mark.parametrize("n", [6, 7])
def test_up_to_six_paths_are_written_out(n):
    x = Value(1.0, label="x")
    y = called("y", total([tanh(x * k) for k in range(1, n + 1)]))
    chains = [line for line in lines_of(derivation(y, x)) if line.startswith("    + ∂")]
    assert len(chains) == (n - 1 if n == 6 else 0)


# --- other graphs ---------------------------------------------------------------------------------


def test_values_without_labels_are_numbered():
    x = Value(2.0)
    assert lines_of(derivation(sin(x * x) * 3, x))[:3] == [
        "v₂ = v₁ · v₁ = 2 · 2 = 4",
        "v₃ = sin(v₂) = sin(4) = −0.7568",
        "v₄ = v₃ · 3 = −0.7568 · 3 = −2.27",
    ]


def test_one_operation():
    x, w = Value(2.0, label="x"), Value(-3.0, label="w")
    lines = lines_of(derivation(called("y", w * x), x))
    assert lines[:2] == ["y = w · x = −3 · 2 = −6", "∂y/∂x = w = −3"]
    assert lines[-1].endswith(" = −3")


def test_between_two_values_in_the_middle():
    x = Value(0.5, label="x")
    h = called("h", x * 2)
    g = called("g", tanh(h))
    y = called("y", g * g * x)
    assert lines_of(derivation(g, h))[0] == "g = tanh(h) = tanh(1) = 0.7616"
    assert "x" not in repr(derivation(g, h))
    assert lines_of(derivation(y, h))[-1].endswith(f" = {grad(y, h):.4g}")


def test_constants_appear_in_the_formulas():
    x, c = Value(2.0, label="x"), Constant(5.0, label="c")
    lines = lines_of(derivation(called("y", weighted_sum([x], [c], 1.0)), x))
    assert lines[0] == "y = x · c + 1 = 2 · 5 + 1 = 11"
    assert lines[1] == "∂y/∂x = c = 5"


def test_a_rule_with_a_choice_shows_it():
    x, y = Value(3.0, label="x"), Value(2.0, label="y")
    lines = lines_of(derivation(called("m", maximum(x, y)), x))
    assert lines[1].startswith("∂m/∂x = [x > y] = ")
    assert lines[1].endswith(" = 1")


def test_a_derivation_changes_nothing():
    x = Value(2.0, label="x")
    y = sin(x * x) * x
    y.backward()
    before = [(node.data, node.grad, node.label) for node in ancestors(y)]
    found = derivation(y, x)
    assert repr(found)
    assert found.latex
    assert [(node.data, node.grad, node.label) for node in ancestors(y)] == before


# --- LaTeX ----------------------------------------------------------------------------------------


def test_the_derivation_as_latex():
    w, x = Value(3.0, label="w"), Value(0.25, label="x")
    z = called("z", w * x)
    assert derivation(called("a", sigmoid(z)), w, digits=3).latex.splitlines() == [
        r"\begin{aligned}",
        r"z &= w \cdot x = 3 \cdot 0.25 = 0.75 \\",
        r"a &= \sigma\left(z\right) = \sigma\left(0.75\right) = 0.679 \\",
        r"\frac{\partial z}{\partial w} &= x = 0.25 \\",
        (
            r"\frac{\partial a}{\partial z} &= a \cdot \left(1 - a\right)"
            r" = 0.679 \cdot \left(1 - 0.679\right) = 0.218 \\"
        ),
        (
            r"\frac{\partial a}{\partial w} &= \frac{\partial a}{\partial z}"
            r" \cdot \frac{\partial z}{\partial w} = 0.218 \cdot 0.25 = 0.0545"
        ),
        r"\end{aligned}",
    ]


@given(graphs())
def test_latex_is_balanced_and_has_as_many_lines_as_text(graph):
    found = derivation(*graph)
    latex = found.latex
    assert latex.startswith("\\begin{aligned}\n")
    assert latex.endswith("\n\\end{aligned}")
    rows = latex.splitlines()[1:-1]
    assert len(rows) == len(lines_of(found))
    assert all(row.count("&") == 1 for row in rows)
    assert [row.endswith(r" \\") for row in rows] == [True] * (len(rows) - 1) + [False]
    for row in rows:
        assert_balanced(row)


def test_a_notebook_shows_latex_in_display_mode():
    x = Value(2.0, label="x")
    found = derivation(x * x, x)
    assert found._repr_latex_() == f"$$\n{found.latex}\n$$"


@pytest.mark.parametrize("label", ["</script>", "%", "\\", "a & b", "$", "100 #"])
def test_odd_labels_do_not_break_latex(label):
    x = Value(2.0, label=label)
    latex = derivation(tanh(x * 3), x).latex
    assert_balanced(latex)
    assert all(len(re.findall(r"(?<!\\)&", row)) == 1 for row in latex.splitlines()[1:-1])
    assert not re.search(r"(?<!\\)[$#%]", latex)


# --- size, and errors -----------------------------------------------------------------------------


def test_a_derivation_of_very_many_lines_is_shortened():
    x = y = Value(0.5, label="x")
    for _ in range(300):
        y = tanh(y)
    found = derivation(y, x)
    lines = lines_of(found)
    assert 20 <= len(lines) < 100
    assert any("more" in line for line in lines)
    assert lines[0].startswith("v₁ = tanh(x)")
    assert lines[-1].endswith(f" = {grad(y, x):.4g}")
    assert len(found.latex.splitlines()) == len(lines) + 2


def test_a_derivation_over_very_many_paths_is_shortened():
    x = Value(1.0, label="x")
    found = derivation(ladder(x, 300), x)
    assert 20 <= len(lines_of(found)) < 100
    assert len(repr(found)) < 20_000


def test_both_ends_must_be_values():
    x = Value(1.0)
    for ends in ((2.0, x), (x, 2.0)):
        with pytest.raises(TypeError, match=r"expected a Value, got 2\.0 \(float\)"):
            derivation(*ends)


def test_there_is_no_derivation_with_respect_to_a_constant():
    x, c = Value(1.0), Constant(2.0, label="c")
    for ends in ((c, x), (x * c, c)):
        with pytest.raises(ValueError, match=r"Constant\(.*label='c'.* is a constant"):
            derivation(*ends)


def test_there_is_no_derivation_without_dependence():
    x, other = Value(1.0, label="x"), Value(2.0, label="other")
    with pytest.raises(ValueError, match=r"derivation: y does not depend on Value\(.*'other'\)"):
        derivation(called("y", x * 2), other)


# --- softmax and cross entropy (D5, D12) ----------------------------------------------------------


def three_probabilities(*labels):
    p = softmax([Value(z, f"z_{i + 1}") for i, z in enumerate((1.0, 2.0, 0.5))])
    for output, label in zip(p, labels, strict=False):
        output.label = label
    return p


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (("p_1", "p_2", "p_3"), "∂p₁/∂z₂ = −p₁ · p₂ = −0.2312 · 0.6285 = −0.1453"),
        (("p_1",), "∂p₁/∂z₂ = −p₁ · p₂ = −0.2312 · 0.6285 = −0.1453"),
        (("a_1^{(2)}",), "∂a₁⁽²⁾/∂z₂ = −a₁⁽²⁾ · a₂⁽²⁾ = −0.2312 · 0.6285 = −0.1453"),
        (("out",), "∂out/∂z₂ = −out · softmax₂(z₁, z₂, z₃) = −0.2312 · 0.6285 = −0.1453"),
        ((), "∂v₁/∂z₂ = −v₁ · softmax₂(z₁, z₂, z₃) = −0.2312 · 0.6285 = −0.1453"),
    ],
)
def test_the_derivative_of_one_probability_with_respect_to_the_logit_of_another(labels, expected):
    p = three_probabilities(*labels)
    assert repr(derivation(p[0], p[0].args[1])).splitlines()[-1] == expected


def test_the_derivative_of_a_probability_with_respect_to_its_own_logit():
    p = three_probabilities("p_1")[0]
    last = repr(derivation(p, p.args[0])).splitlines()[-1]
    assert last == "∂p₁/∂z₁ = p₁ · (1 − p₁) = 0.2312 · (1 − 0.2312) = 0.1778"


def test_another_output_in_the_graph_keeps_its_own_name():
    p = three_probabilities("p_1", "q")
    last = repr(derivation(p[0] + p[1], p[0].args[1]))
    assert "∂p₁/∂z₂ = −p₁ · q = −0.2312 · 0.6285 = −0.1453" in last
    assert "p₂" not in last


def test_the_derivative_of_a_cross_entropy_is_probability_minus_target():
    z = [Value(z, f"z_{i + 1}") for i, z in enumerate((1.0, 2.0, 0.5))]
    loss = losses.cross_entropy(z, 0)
    last = repr(derivation(loss, z[0])).splitlines()[-1]
    assert last == "∂L/∂z₁ = softmax₁(z₁, z₂, z₃) − 1 = 0.2312 − 1 = −0.7688"
    last = repr(derivation(loss, z[1])).splitlines()[-1]
    assert last == "∂L/∂z₂ = softmax₂(z₁, z₂, z₃) = 0.6285"
