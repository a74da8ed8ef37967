"""The stepper is valid, harmless HTML and shows in a browser what the engine computes."""

import math
import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pages import Tags, chain, drawing_in, evil, worked_example

from tinygrad_edu import Constant, Value, table, weighted_sum
from tinygrad_edu.drawing import picture
from tinygrad_edu.drawing.graph import levels_behind
from tinygrad_edu.drawing.labels import number_text
from tinygrad_edu.explain.passes import steps
from tinygrad_edu.formulas.derivatives import rules_as_latex
from tinygrad_edu.formulas.labels import as_text
from tinygrad_edu.formulas.markup import LATEX
from tinygrad_edu.formulas.mathml import mathml
from tinygrad_edu.lessons.worked_example import forward
from tinygrad_edu.operation import ATOM, Operation
from tinygrad_edu.pages.stepper import STEP_LIMIT, document, fragment

TABLE = [op for op in vars(table).values() if isinstance(op, Operation)]


# --- the text of the page -------------------------------------------------------------------------


@pytest.mark.parametrize("root", [worked_example(), evil(), Value(1.0), chain(3), chain(400)])
def test_every_tag_is_closed_and_there_is_one_script(root):
    page = document(steps(root))
    tags = [tag for tag, _ in Tags(page).seen]
    assert tags.count("script") == tags.count("title") == tags.count("style") == 1
    assert "b" not in tags
    assert "i" not in tags
    assert page.count("</script") == 1


def test_a_document_says_what_it_is():
    page = document(steps(worked_example()))
    assert page.startswith('<!doctype html>\n<html lang="en">')
    assert '<meta charset="utf-8">' in page
    assert "<title>Backpropagation of L, step by step</title>" in page


@pytest.mark.parametrize("make", [worked_example, evil])
def test_the_same_graph_gives_the_same_bytes(make):
    assert document(steps(make())) == document(steps(make()))


def test_other_graphs_have_other_marks():
    def mark(root):
        return re.search(r'data-tge="(\w+)"', fragment(steps(root)))[1]

    assert len({mark(root) for root in (worked_example(), chain(3), chain(4), chain(400))}) == 4


def test_the_page_asks_for_nothing_from_outside():
    page = document(steps(worked_example()))
    for text in (page, drawing_in(page)):
        namespaces = r'xmlns(:xlink)?="http://www\.w3\.org/(2000/svg|1999/xlink)"'
        assert not re.search(r"http|//\w+\.|@import|url\(", re.sub(namespaces, "", text))
    addresses = [
        value for _, attrs in Tags(page).seen for key, value in attrs.items()
        if key in ("src", "href")
    ]  # fmt: skip
    assert all(address.startswith("data:image/") for address in addresses)


def test_the_drawing_is_sound_and_has_no_ids_that_two_steppers_could_share():
    page = document(steps(evil()))
    parts = [e.attrib for e in ET.fromstring(drawing_in(page)).iter()]  # noqa: S314 - our own
    assert not any("id" in attributes for attributes in parts)
    assert any(attributes.get("data-id") == "v_0" for attributes in parts)
    assert "id=" not in re.sub(r"data-id=", "", page[: page.index("<script>")])


def test_the_picture_without_scripts_has_all_numbers_and_gradients():
    loss = worked_example()
    shown = drawing_in(fragment(steps(loss)))
    loss.backward()
    texts = [e.text for e in ET.fromstring(shown).iter() if e.tag.endswith("text")]  # noqa: S314 - our own
    for node in levels_behind(loss, math.inf):
        assert f"{node.label} = {number_text(node.data, 4)}" in texts
        assert isinstance(node, Constant) or f"grad {number_text(node.grad, 4)}" in texts


def test_nothing_changes_when_a_page_is_made():
    loss = worked_example()
    loss.backward()
    before = [(node.label, node.data, node.grad) for node in levels_behind(loss, math.inf)]
    fragment(steps(loss))
    assert before == [(node.label, node.data, node.grad) for node in levels_behind(loss, math.inf)]


def test_gradients_on_the_page_do_not_depend_on_earlier_backward_passes():
    loss = worked_example()
    once = fragment(steps(loss))
    loss.backward()
    assert fragment(steps(loss)) == once


def test_too_many_steps_are_shown_as_text():
    page = fragment(steps(chain(STEP_LIMIT // 2)))
    assert f"{STEP_LIMIT + 1} steps are too many to click through" in page
    assert "<details open>" in page
    assert "The first and the last steps as text" in page
    assert "v₁ = sin(x)" in page
    assert "<img" not in page


def test_the_greatest_number_of_steps_is_listed_as_text():
    walked = steps(chain(STEP_LIMIT // 2 - 1))
    page = fragment(walked)
    assert "<img" in page
    text = page[page.index("<pre>") : page.index("</pre>")]
    assert all(f"  {step}\n" in f"{text}\n" for step in walked)


def test_if_the_graph_is_too_large_to_draw_the_steps_still_work():
    w = Value(1.0, label="w")
    page = fragment(steps(weighted_sum([w, *[1.0] * 200], [1.0] * 201, 0.0)))
    assert "404 numbers are too many to read" in page
    assert '"pass": "backward"' in page


def test_a_graph_that_would_take_minutes_to_draw_is_refused():
    x = Value(0.5, label="x")
    y = x
    for _ in range(60):
        y = y * x
    assert "too entangled" in fragment(steps(y))


def test_where_nothing_can_be_drawn_the_page_says_so(monkeypatch):
    def pipe(*_, **__):
        message = "No Graphviz was found; the picture is in `.source`."
        raise RuntimeError(message)

    monkeypatch.setattr(picture.Picture, "pipe", pipe)
    page = fragment(steps(chain(2)))
    assert '<p role="note">No Graphviz was found; the picture is in </p>' in page
    assert '"pass": "backward"' in page


def test_clusters_are_framed(tmp_path):
    example = forward()
    walked = steps(example.loss)
    walked.to_html(tmp_path / "x.html", clusters=example.mlp.clusters())
    page = (tmp_path / "x.html").read_text(encoding="utf-8")
    assert page == document(walked, example.mlp.clusters())
    assert "layer 2, neuron 1" in drawing_in(page)
    assert "layer 2, neuron 1" not in drawing_in(document(walked))


def test_a_notebook_gets_html_and_text():
    walked = steps(chain(2))
    bundle = walked._repr_mimebundle_()
    assert bundle == {"text/plain": repr(walked), "text/html": fragment(walked)}
    assert walked._repr_html_() == bundle["text/html"]
    assert set(walked._repr_mimebundle_(include=["text/plain"])) == {"text/plain"}
    assert set(walked._repr_mimebundle_(exclude=["text/plain"])) == {"text/html"}


def test_to_html_writes_the_document(tmp_path):
    walked = steps(worked_example())
    walked.to_html(tmp_path / "x.html")
    walked.to_html(str(tmp_path / "y.html"))
    for name in ("x.html", "y.html"):
        assert (tmp_path / name).read_text(encoding="utf-8") == document(walked)


# --- formulas -------------------------------------------------------------------------------------


def read(formula):
    """The text of a formula, if it is well-formed."""
    element = ET.fromstring(f"<math>{formula}</math>")  # noqa: S314 - our own
    return "".join(element.itertext())


@pytest.mark.parametrize("op", TABLE, ids=lambda op: op.name)
def test_every_operation_and_every_rule_of_the_table_is_well_formed_mathml(op):
    n = op.arity or {"weighted_sum": 5}.get(op.name, 4)
    fixed = op.fixed_arguments(n)
    formula, _ = op.formula([("2" if fixed[i] else f"x_{{{i}}}", ATOM) for i in range(n)])
    rules = rules_as_latex(op, *[0.75, 0.25, 0.75, 0.25, 0.75][:n])  # a fixed argument has no rule
    for written in [formula, *filter(None, rules)]:
        text = read(mathml(written))
        assert text
        assert not re.search(r"[\\{}]|left|right|frac|cdot", text)


@given(st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1))
@example("rho")
@example("0~")
@example("~")
def test_any_name_is_well_formed(name):
    text = read(mathml(LATEX.name(name)))
    is_set = as_text(name) != name or {"^", "_"} & {*name}  # rho as a letter, ^: as raised
    if name.isascii() and not is_set:
        assert text.replace("−", "-").split() == name.split() or len(name) == 1


@given(st.text(r"\{}^_-+ abfrcqtlehg123()", max_size=30))
def test_any_latex_is_well_formed_however_broken(formula):
    read(mathml(formula))


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\hat{y}_1",
         '<msub><mover accent="true"><mi>y</mi><mo>^</mo></mover><mn>1</mn></msub>'),
        (r"\sqrt{x + 1}", "<msqrt><mrow><mi>x</mi><mo>+</mo><mn>1</mn></mrow></msqrt>"),
        (r"10^{-9}", "<msup><mn>10</mn><mrow><mo>−</mo><mn>9</mn></mrow></msup>"),
        (r"\mathrm{loss\_1}", '<mi mathvariant="normal">loss_1</mi>'),
        (r"\mathrm{</mi>}", '<mi mathvariant="normal">&lt;/mi&gt;</mi>'),
        (LATEX.name("\\"), "<mo>\\</mo>"),
        (LATEX.name(r"a\b"), r'<mi mathvariant="normal">a\b</mi>'),
        (r"\tanh\left(z\right)",
         '<mi>tanh</mi><mo stretchy="false">(</mo><mi>z</mi><mo stretchy="false">)</mo>'),
    ],
)  # fmt: skip
def test_mathml_by_hand(formula, expected):
    assert mathml(formula) == expected
