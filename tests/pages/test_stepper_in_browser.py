"""The stepper shows in a browser what the engine computes, for mouse, keys and screen readers."""

import math
from fractions import Fraction

import pytest
from pages import CONTRASTS, EVIL, box, chain, evil, worked_example

from tinygrad_edu import Constant, Value
from tinygrad_edu.drawing.graph import levels_behind
from tinygrad_edu.drawing.labels import number_text
from tinygrad_edu.explain.passes import steps
from tinygrad_edu.lessons.worked_example import forward
from tinygrad_edu.pages.stepper import STEP_LIMIT, document, fragment


def square_and_more():
    a = Value(Fraction(2, 3), label="a")
    return a * a + a


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
