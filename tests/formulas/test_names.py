"""The names of Values: how labels are read, and that all readers use the same names."""

import html
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tinygrad_edu import (
    MLP,
    Constant,
    Value,
    derivation,
    draw,
    exercise,
    first_nonfinite,
    grad,
    gradcheck,
    latex,
    losses,
    paths,
    steps,
    tanh,
    total,
)
from tinygrad_edu.engine import ancestors
from tinygrad_edu.formulas.expressions import text_formula
from tinygrad_edu.formulas.labels import as_latex, as_text, canonical, spelled
from tinygrad_edu.formulas.markup import LATEX
from tinygrad_edu.formulas.mathml import mathml
from tinygrad_edu.formulas.names import Names
from tinygrad_edu.pages.graph import Drawing
from tinygrad_edu.pages.stepper import document

# --- labels as lecturers type them ----------------------------------------------------------------

MEANT = [  # label, text, LaTeX
    (r"w_{1,1}^{[1]}", "w₁,₁^[1]", "w_{1,1}^{[1]}"),
    (r"w_{11}^{(2)}", "w₁₁⁽²⁾", "w_{11}^{(2)}"),
    (r"w^{(2)}_{11}", "w₁₁⁽²⁾", "w_{11}^{(2)}"),
    ("w_11^(2)", "w₁₁⁽²⁾", "w_{11}^{(2)}"),
    ("$w_1$", "w₁", "w_{1}"),
    (r"\(w_1\)", "w₁", "w_{1}"),
    (r"\alpha", "α", r"\alpha"),
    (r"\Gamma", "Γ", r"\Gamma"),
    (r"\varepsilon", "ε", r"\varepsilon"),
    ("Σ", "Σ", r"\Sigma"),
    (r"\theta_{12}^{(2)}", "θ₁₂⁽²⁾", r"\theta_{12}^{(2)}"),
    ("theta", "θ", r"\theta"),
    ("theta1", "θ₁", r"\theta_{1}"),
    (r"\hat y", "ŷ", r"\hat{y}"),
    (r"\hat{y}", "ŷ", r"\hat{y}"),
    (r"\hat{y}_1", "ŷ₁", r"\hat{y}_{1}"),
    (r"\widehat{w_1}", "ŵ₁", r"\hat{w}_{1}"),
    ("y_hat", "ŷ", r"\hat{y}"),
    (r"\bar x", "x̄", r"\bar{x}"),
    (r"\overline{xy}", "x̄ȳ", r"\bar{x}\bar{y}"),
    (r"\dot q", "q̇", r"\dot{q}"),
    (r"\vec v", "v⃗", r"\vec{v}"),
    (r"\tilde{z}", "z̃", r"\tilde{z}"),
    (r"\mathbf{x}", "𝐱", r"\mathbf{x}"),
    (r"\boldsymbol{\alpha}", "𝛂", r"\mathbf{\alpha}"),
    (r"\mathcal{L}", "ℒ", r"\mathcal{L}"),
    (r"\mathbb R", "ℝ", r"\mathbb{R}"),
    ("z^{[2]}", "z^[2]", "z^{[2]}"),
    ("z^{2}", "z²", "z^{2}"),
    ("a^l", "aˡ", "a^{l}"),
    ("a^{(l-1)}", "a⁽ˡ⁻¹⁾", "a^{(l-1)}"),
    ("x^T", "xᵀ", "x^{T}"),
    ("y^*", "y^*", "y^{*}"),
    ("w_{ij}", "wᵢⱼ", "w_{ij}"),
    ("w_ij", "wᵢⱼ", "w_{ij}"),
    ("x_{QR}", "x_{QR}", "x_{QR}"),
    (r"w_{\mathrm{out}}", "w_out", r"w_{\mathrm{out}}"),
    (r"\eta_\text{max}", "η_max", r"\eta_{\mathrm{max}}"),
    ("w_{i_{1}}", "w_{i₁}", "w_{i_{1}}"),
    ("x'", "x′", "x'"),
    ("x'_1", "x₁′", "x_{1}'"),
    (r"\partial", "∂", r"\partial"),
    (r"\nabla J", "∇J", r"\nabla J"),
    (r"\Delta w", "Δw", r"\Delta w"),
    (r"\ell_2", "ℓ₂", r"\ell_{2}"),
    (r"\alpha\beta", "αβ", r"\alpha\beta"),
    ("x[0]", "x[0]", "x[0]"),
    ("z₁⁽¹⁾[2]", "z₁⁽¹⁾[2]", "z_{1}^{(1)}[2]"),
]
"""Labels with their text and their LaTeX."""


@pytest.mark.parametrize(("label", "as_unicode", "as_tex"), MEANT, ids=[m[0] for m in MEANT])
def test_a_label_is_written_as_it_is_meant(label, as_unicode, as_tex):
    assert as_text(label) == as_unicode
    assert as_latex(as_unicode) == as_latex(label) == as_tex
    assert latex(Value(1.0, label)) == as_tex
    assert text_formula(Value(1.0, label)) == as_unicode
    assert f'"{as_unicode} = 1' in draw(Value(1.0, label)).source


MALFORMED = ["{", "}", "{}", "x_", "x^", "_", "x_{", "x^{2", "}x{", r"\hat", r"\hat{", r"\unknown",
             r"\frac{a}{b}", "x_1_2", "x^2^3", "a_b_c", "\\", "a\\b", "_x", "x__1", r"\begin{x}",
             "w_{1}}", "x^{2}'", "loss_total", "learning_rate", "{x|y}"]  # fmt: skip


@pytest.mark.parametrize("label", MALFORMED)
def test_a_label_that_is_not_correct_tex_stays_as_it_was_typed(label):
    assert as_text(label) == label
    assert text_formula(Value(1.0, label)) == label
    written = as_latex(label)
    assert written.count(r"\_") == label.count("_")
    assert len(re.findall(r"(?<!\\){", written)) == len(re.findall(r"(?<!\\)}", written))


@pytest.mark.parametrize(
    "label",
    ["loss", "a b", "don't", "2x", "2", "3.5", "h2o", "loss1", "é", "naïve", "日本", "शक्ति",
     "|x|", '"q"', "<b>x</b>", "a-b", "50 %", "&lt;", "dL/dw", "(1 − y)"],
)  # fmt: skip
def test_labels_without_markup_stay_as_they_are(label):
    assert as_text(label) == label


def test_invisible_characters_are_not_part_of_a_name():
    assert as_text("  a \n b\t") == "a b"
    assert as_text("a\u200b\u202eb\ufeff") == "ab"
    assert as_text("\0\x1b\ud800\ue000\ufffe") == "�����"
    assert as_text("e\u0301") == as_text("é")
    assert as_text(None) == as_text(" \n ") == as_text("\u200b") == ""
    assert (as_text(1), as_text(1.0), as_text(["w"])) == ("1", "1.0", "['w′]"), "of any type"


def test_an_equation_keeps_its_direction_if_a_label_is_written_from_right_to_left():
    x = Value(0.5, "שלום")
    assert as_text("שלום") == as_text(as_text("שלום")) == "\u200eשלום\u200e"
    assert latex(x) == as_latex("שלום")
    assert '"\u200eשלום\u200e = 0.5' in draw(x).source
    assert exercise(tanh(x)).question("dv1/dשלום").arg is x


def test_a_very_long_label_is_cut_before_names_are_told_apart():
    x, y = Value(2.0, "a" * 10_000), Value(3.0, "a" * 10_000 + "b")
    names = Names(x * y)
    assert (names[x], names[y]) == ("a" * 59 + "…", "a" * 59 + "…[2]")


anything = st.text(st.sampled_from("abxw12_^{}\\ '()[],αŷ₁²⁽⁾hat−-*~$.éL/d∂𝐱"), max_size=12)
labels = anything | st.sampled_from([m[0] for m in MEANT]) | st.text(max_size=8)


@given(labels)
@example("\\")
@example("_{" * 40)
@example("{" * 60 + "}" * 60)
@example(r"\hat" * 20)
def test_no_label_raises_and_its_latex_is_balanced(label):
    shown, written = as_text(label), as_latex(label)
    assert spelled(shown) is not None
    assert canonical(shown) is not None
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", written):
        depth += 1 if brace == "{" else -1
        assert depth >= 0
    assert depth == 0
    assert mathml(written) is not None


@given(labels)
def test_a_name_used_as_a_label_is_the_same_name(label):
    shown = as_text(label)
    assert canonical(as_text(shown)) == canonical(shown)


# --- names in a graph -----------------------------------------------------------------------------


@st.composite
def graphs(draw):
    """Draw the root of a graph of Values with and without labels, including constants."""
    few = draw(st.lists(labels | st.sampled_from(["", "z", "z[2]", "L", "L_1", "v_1", "dL/dz"]),
                        min_size=1, max_size=6))  # fmt: skip
    label = st.sampled_from(few)
    kinds = st.sampled_from([Value, Value, Constant])
    nodes = [Value(0.5, draw(label)), draw(kinds)(0.25, draw(label))]
    for _ in range(draw(st.integers(1, 5))):
        a, b = (draw(st.sampled_from(nodes)) for _ in range(2))
        node = draw(
            st.sampled_from([lambda a, b: a * b, lambda a, b: a + b, lambda a, _: tanh(a)])
        )(a, b)
        node.label = draw(label)
        nodes.append(node)
    root = total([node for node in nodes if node.op is not None] or nodes[:1])
    root.label = draw(label)
    return root


def rendered(name):
    """Return a name in each notation, and its canonical form."""
    written = LATEX.name(name)
    return {"text": name, "latex": written, "mathml": mathml(written), "typed": canonical(name)}


@given(graphs())
def test_names_are_different_in_every_notation(root):
    names = Names(root)
    assert set(ancestors(root)) <= set(names.of)
    for notation in ("text", "latex", "mathml", "typed"):
        written = [rendered(name)[notation] for name in names.of.values()]
        assert len(set(written)) == len(written), notation


@given(graphs())
def test_all_readers_use_the_same_names(root):
    names = Names(root)
    drawn = re.findall(r'v_\d+ \[label="?(.*?)"? color', draw(root, show="data").source)
    numbered = [f"{name} = {root_data(x)}" for x, name in names.of.items()]
    assert {undo(line) for line in drawn if " = " in undo(line)} >= set(numbered)
    walk = steps(root)
    assert walk.names.of == names.of
    lefts = [str(step).partition(" = ")[0] for step in walk.forward]
    assert lefts == [names[step.node][:72] for step in walk.forward]
    page = Drawing(walk)
    twins = {page.copies[node]: name for node, name in names.of.items()}
    assert Names(page.root).of == twins
    leaf = ancestors(root)[-1]
    assert paths(root, leaf).names.of == names.of
    if leaf is not root:
        board = repr(derivation(root, leaf)).splitlines()[0]
        assert board.partition(" = ")[0] in {names[node] for node in ancestors(root)}
    asked = [q.name for q in exercise(root, ask="forward").questions]
    assert asked == [names[step.node] for step in walk.forward]


def root_data(x):
    return f"{x.data:.4g}".replace("-", "−")


def undo(line):
    """Undo the escapes of dot in a line of a box."""
    plain = line.replace('\\"', '"').replace("\\\\", "\\").partition("\\ngrad")[0]
    return html.unescape(plain)


def test_labels_that_look_the_same_are_told_apart():
    value = Value(2.0, label="w_1") * Value(3.0, label="w₁")
    assert latex(value) == r"w_{1} \cdot w_{1}[2]"
    assert text_formula(value) == "w₁ · w₁[2]"


def test_automatic_names_skip_names_that_a_label_has():
    x = Value(2.0, label="v_1")
    y = (x * x).tanh()
    assert [*Names(y).nodes] == ["v₁", "v₂", "v₃"]


def test_labels_are_kept_if_possible():
    values = [Value(1.0, label) for label in ("z", "z", "z[2]", "z")]
    names = Names(total(values))
    assert [names[v] for v in values] == ["z", "z[3]", "z[2]", "z[4]"]


def test_a_parameter_and_an_input_with_the_same_label_are_told_apart():
    x, c = Value(2.0, label="x"), Constant(3.0, label="x")
    assert text_formula(x * c) == "x · x[2]"


def test_a_constant_without_a_label_is_a_number_for_all_readers():
    x = Value(2.0, label="x")
    y = x * Constant(3.0)
    assert str(steps(y)[0]) == "v₁ = x · 3 = 2 · 3 = 6"
    assert repr(derivation(y, x)).splitlines()[0] == "v₁ = x · 3 = 2 · 3 = 6"
    assert text_formula(y) == "x · 3"
    assert exercise(y).inputs == ["x = 2"]
    assert "[label=3 color" in draw(y, show="").source


def test_a_label_of_spaces_is_no_label():
    x = Value(2.0, label="  ")
    y = x * 3
    y.label = "\n"
    assert [*Names(y).nodes] == ["v₁", "v₂"]
    assert latex(y * 1.5) == r"2 \cdot 3 \cdot 1.5"


def test_all_readers_use_the_same_names_for_the_neurons_of_a_batch():
    mlp = MLP(1, [1], "tanh", seed=0)
    loss = total([losses.mse(mlp([x]), 0.5) for x in (0.1, 0.2, 0.3)]) / 3
    names = Names(loss)
    for k in ("", "[2]", "[3]"):
        z = names.nodes[f"z₁⁽¹⁾{k}"]
        assert f'"z₁⁽¹⁾{k} = {root_data(z)}' in draw(loss).source
    w = mlp.parameters()[0]
    assert "∂z₁⁽¹⁾[3]/∂w₁₁⁽¹⁾ = " in repr(paths(loss, w))
    assert 'label="z₁⁽¹⁾[3] = ' in paths(loss, w).draw().source
    assert "z₁⁽¹⁾[3] = " in repr(derivation(loss, w))


def test_a_picture_shows_the_names_that_a_derivation_uses():
    x = Value(2.0, label="x")
    y = (x * x + 1).tanh()
    spoken = set(re.findall("v[₀-₉]+", repr(derivation(y, x))))
    assert spoken == set(re.findall("v[₀-₉]+", draw(y).source)) == {"v₁", "v₂", "v₃"}
    assert spoken == set(re.findall("v[₀-₉]+", document(steps(y)).partition("<pre")[2]))


def test_the_first_number_that_is_not_finite_has_the_usual_name():
    w = Value(1e200, label="w_1")
    loss = (w * w - w * w) * 2
    assert str(first_nonfinite(loss)).startswith("v₁ = w₁ · w₁ = 1e+200 · 1e+200 = inf")
    assert first_nonfinite(loss).name == "v₁"


def test_gradcheck_uses_the_usual_names():
    w, v = Value(0.5, label="w_1"), Value(0.25, label="w₁")

    def f(a, b):
        z, u = tanh(a * 2), tanh(b * 3)
        z.label, u.label = r"\hat z", "ẑ"
        return z * u

    report = gradcheck(f, w, v)
    assert [finding.derivative for finding in report] == ["∂f/∂w₁", "∂f/∂b"]
    root = f(w, v)
    slope = grad(root, w)
    hint = gradcheck(f, w, v, claimed=[slope / root.args[0].partials[0], grad(root, v)])
    assert "ẑ" in str(hint)
    assert "hat" not in str(hint)


# --- losses ---------------------------------------------------------------------------------------


def test_the_losses_of_a_batch_are_numbered_and_the_root_is_the_loss():
    w = Value(0.5, label="w")
    parts = [losses.mse(w * x, y) for x, y in ((1.0, 2.0), (2.0, 1.0), (3.0, 0.5))]
    mean = total(parts) / 3
    assert text_formula(mean) == "(L₁ + L₂ + L₃)/3"
    assert latex(mean) == r"\frac{L_{1} + L_{2} + L_{3}}{3}"
    names = Names(mean)
    assert [names[x] for x in (*parts, mean)] == ["L₁", "L₂", "L₃", "L"]
    assert exercise(mean).question("dL/dw").name == "∂L/∂w"
    mean.label = "J"
    names = Names(mean)
    assert [names[x] for x in (*parts, mean)] == ["L₁", "L₂", "L₃", "J"]


def test_a_single_loss_is_called_l_unless_the_root_is():
    w = Value(0.5, label="w")
    loss = losses.mse(w, 2.0)
    assert Names(loss)[loss] == "L"
    cost = loss + 0.1 * w * w
    assert text_formula(cost) == "L₁ + 0.1 · w · w"
    assert Names(cost)[cost] == "L"
    cost.label = "J"
    assert text_formula(cost) == "L + 0.1 · w · w"


def test_a_loss_does_not_take_the_label_of_another_value():
    w = Value(0.5, label="L_1")
    parts = [losses.mse(w, 2.0), losses.mse(w, 1.0)]
    names = Names(parts[0] + parts[1])
    assert [names[x] for x in (w, *parts)] == ["L₁", "L₂", "L₃"]


# --- names that are typed -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["dL/dw_1", "dL/dw1", "dL/dw₁", "dL/dw_{1}", "∂L/∂w₁", r"\frac{\partial L}{\partial w_1}",
     r"\partial L/\partial w_{1}", "dL / dw_1"],
)  # fmt: skip
@pytest.mark.parametrize("label", ["w_1", "w1", "w₁", "w_{1}", "$w_1$"])
def test_a_question_is_found_by_any_spelling_of_its_name_and_label(label, name):
    w = Value(0.5, label=label)
    assert exercise(losses.mse(tanh(w), 1.0)).question(name).name == "∂L/∂w₁"


@pytest.mark.parametrize(
    ("label", "names"),
    [
        (r"\theta_1", ["θ₁", "theta_1", "theta1", r"\theta_{1}", r"\theta_1"]),
        (r"\hat y", ["ŷ", "yhat", "y_hat", r"\hat{y}", r"\hat y"]),
        (
            "w_{1,1}^{[1]}",
            ["w₁,₁^[1]", "w1_1,1", "w1_11", "w_11^1", "w_{1,1}^{[1]}", "w_{11}^{(1)}"],
        ),
        (r"\mathbf{x}", ["𝐱", r"\mathbf{x}", r"\mathbf x", "x"]),
        ("σ", ["σ", "sigma", "s"]),
        ("x'", ["x'", "x′", "x’"]),
    ],
)
def test_characters_that_no_keyboard_has_can_be_typed(label, names):
    sheet = exercise(losses.mse(tanh(Value(0.5, label=label)), 1.0))
    for name in names:
        assert sheet.question(f"dL/d{name}").name == f"∂L/∂{as_text(label)}"


def test_an_ambiguous_name_is_refused():
    x, y = Value(0.5, label="w_{1,11}"), Value(2.0, label="w_{11,1}")
    sheet = exercise(losses.mse(tanh(x) * y, 1.0))
    with pytest.raises(KeyError, match=r"'dL/dw_111' may mean several questions; give the number: "
                                       r"\d+ for ∂L/∂w₁₁,₁ or \d+ for ∂L/∂w₁,₁₁"):  # fmt: skip
        sheet.question("dL/dw_111")
    assert sheet.question("dL/dw_{1,11}").name == "∂L/∂w₁,₁₁"


def test_a_label_that_looks_like_a_derivative_is_not_taken_for_one():
    w = Value(0.5, label="w")
    g = w * 3
    g.label = "dL/dw"
    loss = losses.mse(g, 1.0)
    assert Names(loss)[g] == "“dL/dw”"
    sheet = exercise(loss)
    assert sheet.question("dL/dw").kind == "gradient"
    assert sheet.question('"dL/dw"').kind == "forward"
    alone = w * 3
    alone.label = "∂J/∂w"
    assert Names(alone)[alone] == "∂J/∂w", "nothing here is called J"


def test_the_time_for_names_is_linear_in_the_graph():
    """Counting continues where it stopped, so a thousand equal labels need a thousand look-ups."""
    values = [Value(1.0, "z") for _ in range(1000)]
    names = Names(total(values))
    assert names[values[-1]] == "z[1000]"
