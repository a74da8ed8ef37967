"""The stepper is valid, harmless HTML and shows in a browser what the engine computes."""

import math
import re
from fractions import Fraction
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pages import CONTRASTS, EVIL, Tags, box, drawing_in, evil, worked_example

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


def square_and_more():
    a = Value(Fraction(2, 3), label="a")
    return a * a + a


def chain(n):
    """A chain of n operations; its steps are 2n + 1."""
    y = Value(0.5, label="x")
    for _ in range(n):
        y = y.sin()
    return y


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


# --- in a browser ---------------------------------------------------------------------------------


def at(page):
    return page.locator(".count").first.text_content()


@pytest.mark.parametrize(
    "root",
    [worked_example(), evil(), Value(3.0), square_and_more()],
    ids=["worked example", "evil labels", "one number", "fractions"],
)
def test_after_a_click_for_each_step_the_page_shows_every_number_and_gradient(visit, root):
    walked = steps(root)
    page = visit(document(walked))
    page.locator(".next").click()
    announced = page.evaluate("""n => Array.from({length: n}, () => {
      const line = document.querySelector('.live').textContent;
      document.querySelector('.next').click();
      return line;
    })""", len(walked))  # fmt: skip
    for line, step in zip(announced, walked, strict=True):
        assert line.endswith(str(step))
    assert at(page) == f"Step {len(walked)} of {len(walked)}"
    root.zero_grad()
    root.backward()
    for node in levels_behind(root, math.inf):
        name = " ".join(walked.names[node].split())
        lines = [f"{name} = {number_text(node.data, 4)}"]
        if not isinstance(node, Constant):
            lines.append(f"grad {number_text(node.grad, 4)}")
        assert box(page, root, node) == lines
    root.zero_grad()


def test_numbers_are_hidden_until_their_step(visit):
    example = forward()
    loss, hidden, output = example.loss, *(layer.neurons[0] for layer in example.mlp.layers)
    page = visit(document(steps(loss)))
    shown = "[data-id^=e_] text >> visible=true"
    assert box(page, loss, output.w[0]) == ["w₁₁⁽²⁾ = 0.4"]
    assert box(page, loss, hidden.z) == ["z₁⁽¹⁾"]
    page.locator(".next").click()
    assert box(page, loss, hidden.z) == ["z₁⁽¹⁾ = 0.3775"]
    assert box(page, loss, hidden.a) == ["a₁⁽¹⁾"]
    page.locator("input").fill("10")  # the seed
    assert box(page, loss, loss) == ["L = 0.2984", "grad 1"]
    assert page.locator(shown).count() == 0
    page.locator("input").fill("16")
    assert page.locator(shown).count() == 6
    page.locator("input").fill("21")
    assert box(page, loss, hidden.a) == ["a₁⁽¹⁾ = 0.5933", "grad −0.01905"]
    page.locator(".next").click()
    assert box(page, loss, hidden.a) == ["a₁⁽¹⁾ = 0.5933", "grad 0.03635"]
    formulas = " ".join(page.locator(".board").inner_text().split())
    for line in ("0.1385·0.4", "0.0554", "−0.01905+0.0554", "+="):
        assert line in formulas.replace(" ", "")
    page.locator(".first").click()
    assert box(page, loss, hidden.a) == ["a₁⁽¹⁾"]


def test_the_current_node_and_edge_stand_out_not_by_colour_alone(visit):
    page = visit(document(steps(worked_example())))

    def looks(which):
        script = "e => [getComputedStyle(e).strokeWidth, getComputedStyle(e).strokeDasharray]"
        return page.locator(f".{which} > path, .{which} > polygon").first.evaluate(script)

    for step, dashes in (("3", "none"), ("20", "9px, 5px")):
        page.locator("input").fill(step)
        assert page.locator(".now").count() == 1
        assert looks("now")[0] == "4px"
        assert looks("flow")[1] == dashes
        assert float(looks("flow")[0].removesuffix("px")) > 3


def test_arrow_keys_home_end_and_the_slider(visit):
    walked = steps(chain(3))
    page = visit(document(walked))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "tge"
    for key, expected in [
        ("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("ArrowLeft", 0), ("ArrowLeft", 0),
        ("End", 7), ("ArrowRight", 7), ("Home", 0), ("Control+ArrowRight", 0),
    ]:  # fmt: skip
        page.keyboard.press(key)
        assert at(page) == f"Step {expected} of 7"
    page.locator("input").focus()
    page.keyboard.press("ArrowRight")  # one step, not one of the slider and one of the page
    assert at(page) == "Step 1 of 7"
    assert page.locator("input").input_value() == "1"
    page.locator("input").fill("5")
    assert at(page) == "Step 5 of 7"


def test_space_plays_pauses_and_begins_again_at_the_end(visit):
    page = visit(document(steps(chain(3))))
    page.locator(".tge").focus()
    page.keyboard.press("Space")
    assert page.locator(".play").text_content() == "Pause"
    page.clock.run_for(3100)
    assert at(page) == "Step 3 of 7"
    page.keyboard.press("Space")
    page.clock.run_for(9000)
    assert at(page) == "Step 3 of 7"
    page.keyboard.press("Space")
    page.clock.run_for(60_000)
    assert at(page) == "Step 7 of 7"
    assert page.locator(".play").text_content() == "Play"
    page.locator(".play").click()
    assert at(page) == "Step 0 of 7"
    page.clock.run_for(1600)
    assert at(page) == "Step 1 of 7"
    page.locator(".next").click()
    page.keyboard.press("Space")  # on a button it presses that button
    assert at(page) == "Step 3 of 7"
    page.clock.run_for(9000)
    assert at(page) == "Step 3 of 7"


def test_keys_do_not_reach_the_notebook_around(visit):
    """JupyterLab looks at the element with the focus; other notebooks receive bubbling events."""
    page = visit(fragment(steps(chain(3))))
    page.evaluate("document.heard = ''; addEventListener('keydown', e => document.heard += e.key)")
    page.locator(".tge").focus()
    for key in ("ArrowRight", "Space", "Space", "Home"):
        page.keyboard.press(key)
    assert page.evaluate("document.heard") == ""
    for name in (".tge", ".next", ".play", "input", "summary", "pre", ".picture"):
        assert page.locator(name).first.get_attribute("data-lm-suppress-shortcuts") == "true"


def test_a_wide_graph_is_used_on_a_projector(visit):
    page = visit(document(steps(forward().loss), forward().mlp.clusters()))
    page.set_viewport_size({"width": 1280, "height": 720})
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    for step in ("1", "9", "20", "32"):
        page.locator("input").fill(step)
        now, all_ = page.locator(".now").bounding_box(), page.locator(".picture").bounding_box()
        assert all_["x"] <= now["x"] <= now["x"] + now["width"] <= all_["x"] + all_["width"]
        assert all_["y"] <= now["y"] <= now["y"] + now["height"] <= all_["y"] + all_["height"]
        assert all_["y"] + all_["height"] <= 720
    page.set_viewport_size({"width": 1280, "height": 900})


def test_a_notebook_has_a_theme_of_its_own(visit):
    page = visit(
        f"<body data-jp-theme-light=false>{fragment(steps(chain(2)))}", color_scheme="light"
    )
    background = "e => getComputedStyle(e).backgroundColor"
    assert page.locator(".tge").evaluate(background) == "rgb(28, 29, 32)"
    page.locator("body").evaluate("e => e.dataset.jpThemeLight = true")
    assert page.locator(".tge").evaluate(background) == "rgb(255, 255, 255)"


def test_several_steppers_on_a_page_go_their_own_ways(visit):
    one, other = fragment(steps(worked_example())), fragment(steps(chain(3)))
    page = visit(f"<!doctype html><meta charset=utf-8>{one}{other}{one}")
    for i, clicks in enumerate((12, 2, 30)):
        page.locator(".tge").nth(i).locator("input").fill(str(clicks))
    counts = page.locator(".count").all_text_contents()
    assert counts == ["Step 12 of 32", "Step 2 of 7", "Step 30 of 32"]
    gradients = [
        stepper.locator("text:not([visibility=hidden])", has_text="grad").count()
        for stepper in page.locator(".tge").all()
    ]
    assert gradients[0] == 3
    assert gradients[1] == 0
    assert gradients[2] > gradients[0]
    page.locator(".tge").first.press("ArrowRight")
    assert at(page) == "Step 13 of 32"


def test_a_stepper_that_is_put_into_a_page_later_works_and_leaves_the_same_one_alone(visit):
    page = visit("<!doctype html><meta charset=utf-8><div id=output></div>")
    put = """text => document.getElementById('output')
      .append(document.createRange().createContextualFragment(text))"""
    page.evaluate(put, fragment(steps(chain(3))))
    page.locator(".last").click()
    assert at(page) == "Step 7 of 7"
    page.evaluate(put, fragment(steps(chain(3))))
    assert page.locator(".count").all_text_contents() == ["Step 7 of 7", "Step 0 of 7"]


def test_evil_labels_are_shown_and_do_nothing(visit):
    root = evil()
    page = visit(document(steps(root)))
    page.locator(".last").click()
    page.clock.run_for(5000)
    assert page.locator("b, i, img, .picture script").count() == 0
    assert page.locator("script, style").count() == 2
    texts = page.locator("svg text").all_text_contents()
    for label in EVIL:
        assert any(text.startswith(" ".join(label.split()) + " = ") for text in texts)


def test_without_scripts_the_picture_and_the_text_are_there(visit):
    page = visit(document(steps(worked_example())), java_script_enabled=False)
    image = page.locator(".picture img")
    assert image.is_visible()
    assert image.bounding_box()["width"] > 600
    assert not page.locator(".keys").is_visible()
    page.locator("summary").click()
    assert "∂L/∂a₁⁽¹⁾ += ∂L/∂z₁⁽²⁾" in page.locator("pre").inner_text()


def test_all_controls_have_names_and_steps_are_announced(visit):
    page = visit(document(steps(chain(3))))
    for name in (
        "Go to the beginning",
        "One step back",
        "One step forward",
        "Go to the end",
        "Play",
    ):
        assert page.get_by_role("button", name=name, exact=True).is_visible()
    assert page.get_by_role("slider", name="step").is_visible()
    assert page.get_by_role("group", name="Backpropagation of v₃, step by step").is_visible()
    assert page.locator("[aria-live=polite]").count() == 1
    page.get_by_role("button", name="Go to the end").click()
    assert page.evaluate("document.activeElement.className") == "last"  # it kept the focus
    assert page.locator("input").get_attribute("aria-valuetext") == "step 7 of 7, backward"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast_in_light_and_dark_themes(visit, scheme):
    page = visit(document(steps(worked_example())), color_scheme=scheme)
    names = ".say, .board span, .count, .hint, .next, .first, .passes span, summary"
    for step in ("0", "5", "22"):
        page.locator("input").fill(step)
        contrasts = page.evaluate(CONTRASTS, names)
        assert len(contrasts) >= 9
        assert [name for name, contrast in contrasts if contrast < 4.5] == []


def test_the_greatest_number_of_steps_works(visit):
    root = chain(STEP_LIMIT // 2 - 1)
    page = visit(document(steps(root)))
    page.locator(".last").click()
    assert at(page) == f"Step {STEP_LIMIT - 1} of {STEP_LIMIT - 1}"
    page.locator("input").fill("100")
    assert at(page) == f"Step 100 of {STEP_LIMIT - 1}"
    current = page.locator(".now").bounding_box()
    assert 0 < current["x"] < page.viewport_size["width"]  # scrolled there


def test_a_step_looks_the_same_from_either_side(visit):
    page = visit(document(steps(worked_example())))
    look = """() => [document.querySelector('.count').textContent,
      ...Array.from(document.querySelectorAll('.picture [data-id]'), e => e.getAttribute('class')),
      ...Array.from(document.querySelectorAll('.picture text:not([visibility=hidden])'),
        e => e.textContent)].join('|')"""
    page.locator(".tge").focus()

    def looks(key):
        return [page.evaluate(look), *((page.keyboard.press(key), page.evaluate(look))[1]
                                       for _ in range(32))]  # fmt: skip

    there = looks("ArrowRight")
    assert len(set(there)) == 33
    assert looks("ArrowLeft") == there[::-1]
    page.locator(".last").click()
    assert page.evaluate(look) == there[-1]
    page.locator("input").fill("12")
    assert page.evaluate(look) == there[12]


def test_data_that_were_changed_are_not_shown_beside_an_old_pass():
    x = Value(2.0, label="x")
    walked = steps(x * x)
    x.data = 3.0
    with pytest.raises(RuntimeError, match="steps: data changed after"):
        document(walked)


def test_printed_the_picture_is_whole(visit):
    page = visit(document(steps(chain(60))))
    uncut = "e => [e.scrollWidth - e.clientWidth, e.scrollHeight - e.clientHeight]"
    assert max(page.locator(".picture").evaluate(uncut)) > 0, "on the screen it is scrolled"
    page.emulate_media(media="print")
    try:
        assert page.locator(".picture").evaluate(uncut) == [0, 0]
    finally:
        page.emulate_media(media="screen")


def test_the_direct_derivative_is_called_so():
    x = Value(2.0, label="x")
    page = document(steps(x * x + x))
    assert '<mi mathvariant=\\"normal\\">direct</mi>' in page.replace("\\u003c", "<")
    assert "<mo>.</mo>" not in page.replace("\\u003c", "<")
