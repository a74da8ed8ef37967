"""An exercise on its page works in a browser exactly as it does in Python."""

import json
import random
import re
from fractions import Fraction

import pytest
from pages import CONTRASTS, EVIL, box, drawing_in, evil, square, texts_in, worked_example

from tinygrad_edu import MLP, exercise, losses
from tinygrad_edu.pages.worksheet import document, fragment, paper


def go(page, sheet, name):
    """Turn to a question."""
    index = sheet.questions.index(sheet.question(name))
    page.locator(".all button").nth(index).click()


def reply(page, text):
    """Type an answer to the current question, press Enter, and return the feedback."""
    page.locator("input").fill(text)
    page.locator("input").press("Enter")
    return page.locator(".feedback").text_content()


def replies(page, typed):
    """The feedback to several answers, given as pairs of a question's index and a text."""
    return page.evaluate("""typed => typed.map(([i, text]) => {
      document.querySelectorAll('.all button')[i].click();
      const field = document.querySelector('input');
      field.value = text;
      field.dispatchEvent(new Event('input'));
      document.querySelector('.check').click();
      return document.querySelector('.feedback').textContent;
    })""", typed)  # fmt: skip


def exported(page):
    with page.expect_download() as download:
        page.locator(".export").click()
    with open(download.value.path(), encoding="utf-8") as file:  # noqa: PTH123 - as str or Path
        return download.value.suggested_filename, file.read()


@pytest.mark.parametrize(
    "root", [worked_example(), evil(), square()], ids=["worked example", "evil labels", "square"]
)
def test_all_right_answers_make_a_full_score_and_a_full_picture(visit, root):
    sheet = exercise(root)
    page = visit(document(sheet))
    answers = [f"{q.value:.4g}" for q in sheet.questions]
    said = replies(page, [*enumerate(answers)])
    for q, answer, line in zip(sheet.questions, answers, said, strict=True):
        assert line == repr(sheet.answer(q.name, answer)) == f"✓ {q.result}"
    n = len(sheet.questions)
    assert page.locator(".score").text_content() == f"Score {n} of {n}, {n} done"
    shown = page.locator("svg text:not([visibility=hidden])").all_text_contents()
    assert not [text for text in shown if text.endswith("?")]
    root.zero_grad()
    root.backward()
    assert box(page, sheet.root, sheet.questions[0].node)[1].startswith("grad ")
    for q in sheet.questions:
        if q.kind == "gradient":
            assert f"{q.arg.grad:.4g}".replace("-", "−") in box(page, sheet.root, q.arg)[1]
    assert json.loads(exported(page)[1]) == json.loads(sheet.to_json())


def test_enter_checks_and_enter_once_more_goes_to_the_next_open_question(visit):
    sheet = exercise(square())
    page = visit(document(sheet))
    field = page.locator("input")
    assert reply(page, "8").startswith("✗")
    field.press("Enter")
    assert field.get_attribute("aria-label") == "b"
    assert reply(page, "9").startswith("✓")
    field.press("Enter")
    assert field.get_attribute("aria-label") == sheet.questions[1].name
    assert field.input_value() == ""
    page.locator(".all button").last.click()
    page.locator(".next").click()
    assert field.get_attribute("aria-label") == sheet.questions[1].name
    assert page.evaluate("document.activeElement.tagName") == "INPUT"


def test_kinds_of_mistakes_are_named_in_the_same_words(visit):
    sheet = exercise(worked_example())
    page = visit(document(sheet))
    for name, given, words in [
        ("dL/dw2_11", "-0.0822", "the sign is wrong"),
        ("dL/dz2_1", "0.13", "that is the right number, but cut off instead of rounded"),
        ("dL/dw1_11", "0.0006684", "that is only one of 2 paths, ∂L/∂a₁⁽²⁾ · ∂a₁⁽²⁾/∂z₁⁽²⁾"),
        ("dL/dz2_1", "0.55709", "σ itself was used instead of its derivative"),
        ("dL/dw1_11", "0.0018175", "the derivative of σ, ∂a₁⁽¹⁾/∂z₁⁽¹⁾, is missing"),
        ("dL/dw2_11", "0.5933", "alone, without the upstream gradient ∂L/∂z₁⁽²⁾"),
        ("dL/da1_1", "0.0554", "that is only one of 2 paths"),
        ("da2_1/dz2_1", "0.7514", "that is a₁⁽²⁾ itself, not its derivative"),
        ("dL/dw2_11", "0.1", "write at least 2 significant digits"),
        ("dL/dw1_11", "7.77", "it builds on ∂L/∂z₁⁽¹⁾; answer that question first"),
        ("dL/da1_1 via z2_1", "0.4", "alone, without the upstream gradient"),
        ("dL/dw1_11", "<b>7</b>", "is not a number I can read"),
        ("dL/dw1_11", " ", "is not a number I can read"),
    ]:
        go(page, sheet, name)
        said = reply(page, given)
        assert said == repr(sheet.answer(name, given))
        assert words in said
    assert page.locator(".score").text_content() == "Score 0 of 53, 0 done"
    assert json.loads(exported(page)[1]) == json.loads(sheet.to_json())


def strings(rng, values, n):
    """Texts that people might type: right, wrong, cut off, too short, too long, or nonsense."""
    for _ in range(n):
        x = rng.choice(values) * rng.choice([1, 1, 1, -1, 0.999, 1.0000001, 2])
        text = rng.choice(["{:.{}g}", "{:.{}f}", "{:.{}e}"]).format(x, rng.randint(1, 12))
        yield rng.choice(
            [text, text, text, text[:-1], text.replace("-", "−"), f"+{text}", f" {text}",
             text.replace(".", ","), str(Fraction(x).limit_denominator(10**6))]
        )  # fmt: skip
    for _ in range(n // 2):
        yield "".join(rng.choice("0123456789.e-+−,/ E") for _ in range(rng.randint(0, 7)))


@pytest.mark.parametrize("make", [worked_example, square])
def test_the_page_says_of_any_text_what_python_says(visit, make):
    sheet = exercise(make(), given="inputs")
    page = visit(document(sheet))
    rng = random.Random(1)
    values = [
        x for q in sheet.questions for x in [q.value, q.value, *[m.number for m in q.mistakes]]
    ]
    typed = []
    for i, q in enumerate(sheet.questions):
        off = q.value + rng.choice([-1, -0.9, 0.9, 1]) * q.slack  # at the edge of what is right
        own = [q.value, off, *[m.number for m in q.mistakes], rng.choice(values), 0.0]
        typed += [(i, text) for text in strings(rng, own, 450 // len(sheet.questions))]
    rng.shuffle(typed)
    said = replies(page, typed)
    expected = [repr(sheet.answer(i + 1, text)) for i, text in typed]
    assert len(typed) > 500
    assert said == expected
    kinds = ("✓", "not a number", "at least 2", "cut off", "sign", "alone", "one more digit", "/")
    for words in kinds:
        assert any(words in line for line in said), "the random texts do not reach this"
    assert json.loads(exported(page)[1]) == json.loads(sheet.to_json())


def test_hints_and_solutions_cost_what_they_cost_in_python(visit):
    sheet = exercise(square(), seed=3)
    page = visit(document(sheet))

    def help_for(kind, name):
        go(page, sheet, name)
        page.locator(f".{kind}").click()
        return page.locator(".help").text_content()

    simple, first, second, *_ = [q.name for q in sheet.questions if len(q.hints) == 1]
    double, shown, *_ = [q.name for q in sheet.questions if len(q.hints) == 2]
    for name in (simple, simple, double, double, double, shown):
        assert help_for("hints", name) == f"Hint: {sheet.hint(name)}"
    for name in (shown, first):
        assert help_for("solution", name) == f"Solution: {sheet.solution(name)}"
    for name in (simple, double, shown, second):
        go(page, sheet, name)
        answer = f"{sheet.question(name).value:.3g}"
        assert reply(page, answer) == repr(sheet.answer(name, answer))
    assert help_for("hints", second) == f"Hint: {sheet.hint(second)}"  # free, as it is answered
    assert help_for("solution", second) == f"Solution: {sheet.solution(second)}"
    assert sheet.score == 0.75 + 0.5 + 1
    n = len(sheet.questions)
    assert page.locator(".score").text_content() == f"Score 2.25 of {n}, 5 done"
    name, text = exported(page)
    assert name == "exercise-3.json"
    assert json.loads(text) == json.loads(sheet.to_json())


def test_a_number_appears_when_it_is_answered_or_its_solution_is_shown(visit):
    loss = worked_example()
    sheet = exercise(loss)
    page = visit(document(sheet))
    z, a, w = (sheet.question(name) for name in ("z1_1", "a1_1", "dL/dw2_11"))
    assert box(page, loss, z.node) == ["z₁⁽¹⁾ = ?", "grad ?"]
    reply(page, "0.3")
    assert box(page, loss, z.node) == ["z₁⁽¹⁾ = ?", "grad ?"]
    reply(page, "0.378")
    assert box(page, loss, z.node) == ["z₁⁽¹⁾ = 0.3775", "grad ?"]
    go(page, sheet, a.name)
    page.locator(".solution").click()
    assert box(page, loss, a.node) == ["a₁⁽¹⁾ = 0.5933", "grad ?"]
    go(page, sheet, w.name)
    assert page.locator(".now").count() == 1
    reply(page, "0.082")
    assert box(page, loss, w.arg) == ["w₁₁⁽²⁾ = 0.4", "grad 0.08217"]


def test_a_question_mark_in_the_picture_leads_to_its_question(visit):
    sheet = exercise(worked_example())
    page = visit(document(sheet))
    page.locator("[data-id] text", has_text="z₂⁽¹⁾ = ?").click()
    assert page.locator("input").get_attribute("aria-label") == "z₂⁽¹⁾"
    assert page.evaluate("document.activeElement.tagName") == "INPUT"
    page.locator("[data-id] text", has_text="z₂⁽¹⁾ = ?").click()
    assert page.locator("input").get_attribute("aria-label") == "∂L/∂z₂⁽¹⁾"


def test_the_page_begins_with_what_is_answered_in_python(visit):
    sheet = exercise(square())
    sheet.answer(1, 9)
    sheet.hint(2)
    sheet.answer(2, 7)
    sheet.solution(3)
    page = visit(document(sheet))
    assert page.locator(".score").text_content() == f"Score 1 of {len(sheet.questions)}, 2 done"
    assert page.locator(".all button").all_text_contents()[:4] == ["1✓", "2✗", "3\u2013", "4"]
    assert page.locator("input").get_attribute("aria-label") == sheet.question(2).name
    assert json.loads(exported(page)[1]) == json.loads(sheet.to_json())
    page.locator(".check").click()
    assert "is not a number I can read" in page.locator(".feedback").text_content()


def test_several_exercises_on_a_page_go_their_own_ways(visit):
    sheet = exercise(square())
    page = visit(f"<!doctype html><meta charset=utf-8>{fragment(sheet)}{fragment(sheet)}")
    one, other = page.locator(".tge").all()
    other.locator("input").fill("9")
    other.locator(".check").click()
    assert other.locator(".feedback").text_content() == "✓ b = 9"
    assert one.locator(".feedback").text_content() == ""
    assert one.locator("input").input_value() == ""
    assert one.locator(".score").text_content().startswith("Score 0 ")


def test_keys_stay_in_the_field_and_on_the_page(visit):
    page = visit(fragment(exercise(square())))
    page.evaluate("document.heard = ''; addEventListener('keydown', e => document.heard += e.key)")
    page.locator("input").focus()
    for key in ("d", "d", "a", "b", "ArrowLeft", "ArrowDown", "Space", "Escape", "Enter"):
        page.keyboard.press(key)
    assert page.locator("input").input_value() == "ddab "
    assert page.locator("input").get_attribute("aria-label") == "b"
    assert page.evaluate("document.heard") == ""
    names = ("input", ".check", ".hints", ".solution", ".next", ".export", ".all button", "summary")
    for name in (".tge", *names):
        assert page.locator(name).first.get_attribute("data-lm-suppress-shortcuts") == "true"


def test_focus_goes_from_the_field_to_its_buttons_and_one_stop_for_all_questions(visit):
    page = visit(document(exercise(square())))
    order = []
    for _ in range(8):
        page.keyboard.press("Tab")
        order.append(page.evaluate("""(() => { const e = document.activeElement;
          return e.getAttribute('aria-label') || e.textContent; })()"""))  # fmt: skip
        if order[-1] == "picture":
            order.pop()
    assert order[:5] == [
        "b", "Check", "Hint (−¼ point)", "Solution (no point)", "Next open question ▶\ufe0e",
    ]  # fmt: skip
    assert order[5:7] == ["question 1, b, not answered yet", "Export answers"]
    page.locator(".all button").first.focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("[aria-current=step]").text_content() == "2"
    focused = page.evaluate("document.activeElement.textContent")
    assert focused == "2"


def test_all_controls_have_names_and_feedback_is_announced(visit):
    page = visit(document(exercise(square())))
    assert page.get_by_role("group", name="Backpropagation of c by hand").is_visible()
    assert page.get_by_role("textbox", name="b", exact=True).is_visible()
    for name in ("Check", "Hint (−¼ point)", "Solution (no point)", "Export answers"):
        assert page.get_by_role("button", name=name).is_visible()
    assert page.locator("[aria-live=polite] .feedback").count() == 1
    assert page.locator("[aria-live=polite] .help").count() == 1
    reply(page, "8")
    assert page.get_by_role("button", name="question 1, b, wrong so far").is_visible()


def test_evil_labels_are_shown_and_do_nothing(visit):
    sheet = exercise(evil())
    page = visit(document(sheet))
    page.evaluate("""() => document.querySelectorAll('.all button').forEach((question) => {
      question.click();
      for (const name of ['.hints', '.hints', '.solution']) document.querySelector(name).click();
    })""")
    page.clock.run_for(5000)
    assert page.locator("b, i, img, .picture script").count() == 0
    assert page.locator("script, style").count() == 2
    texts = page.locator("svg text").all_text_contents()
    for label in EVIL:
        assert any(text.startswith(" ".join(label.split()) + " = ") for text in texts)


def test_without_scripts_the_picture_and_the_questions_are_there(visit):
    page = visit(document(exercise(worked_example())), java_script_enabled=False)
    assert page.locator(".picture img").is_visible()
    assert not page.locator("input").is_visible()
    page.locator("summary").click()
    assert "∂L/∂w₁₁⁽²⁾ = ?" in page.locator("pre").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast_in_light_and_dark_themes(visit, scheme):
    page = visit(document(exercise(worked_example())), color_scheme=scheme)
    names = ".kind, .asked, .feedback, .help, input, .check, .all button, .score, .export, summary"
    for answer in ("0.3775", "7"):
        reply(page, answer)
        page.locator(".hints").click()
        assert [name for name, contrast in page.evaluate(CONTRASTS, names) if contrast < 4.5] == []
        page.locator(".next").click()


def test_it_fits_a_projector(visit):
    page = visit(document(exercise(worked_example(), most=10)))
    page.set_viewport_size({"width": 1280, "height": 720})
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    export = page.locator(".export").bounding_box()
    assert export["y"] + export["height"] <= 720
    assert not re.search("�", page.locator("body").inner_text())


def wide():
    loss = losses.mse([MLP(8, [3, 1], seed=0)([0.1 * i for i in range(8)])], [1.0])
    loss.label = "L"
    return loss


@pytest.mark.parametrize("most", [8, None])
def test_a_long_formula_has_the_field_below_it_and_the_page_is_not_scrolled_sideways(visit, most):
    page = visit(document(exercise(wide(), ask="forward", most=most)))
    page.set_viewport_size({"width": 1280, "height": 720})
    asked, field = (page.locator(name).bounding_box() for name in (".asked", "input"))
    assert field["y"] >= asked["y"] + asked["height"]
    assert field["x"] + field["width"] <= 1280
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    page.set_viewport_size({"width": 600, "height": 720})
    assert page.evaluate("document.documentElement.scrollWidth") <= 600
    page.set_viewport_size({"width": 1280, "height": 720})


@pytest.mark.parametrize("given", ["others", "inputs"])
def test_all_numbers_are_shown_when_every_question_is_solved(visit, given):
    loss = worked_example()
    sheet = exercise(loss, only=["dL/dz2_1", "dL/dw2_11"], given=given)
    page = visit(document(sheet))
    later = sheet.walk.names.nodes["b₁⁽²⁾"]  # its gradient is the first answer
    assert box(page, loss, later) == ["b₁⁽²⁾ = 0.6"]
    reply(page, "0.1385")
    assert box(page, loss, later) == ["b₁⁽²⁾ = 0.6"]
    page.locator(".next").click()
    reply(page, "0.0822")
    assert box(page, loss, later) == ["b₁⁽²⁾ = 0.6", "grad 0.1385"]
    assert box(page, loss, loss) == ["L = 0.2984", "grad 1"]
    for name in ("dL/dz2_1", "dL/dw2_11"):
        sheet.solution(name)
    assert texts_in(document(sheet)) == texts_in(paper(sheet, solutions=True))


def test_printed_it_shows_the_whole_picture_and_no_buttons(visit):
    page = visit(document(exercise(wide())))
    uncut = """e => [e.scrollWidth - e.clientWidth, e.scrollHeight - e.clientHeight]"""
    assert max(page.locator(".picture").evaluate(uncut)) > 0, "on the screen it is scrolled"
    page.emulate_media(media="print")
    try:
        assert page.locator(".picture").evaluate(uncut) == [0, 0]
        for name in (".check", ".export", ".all"):
            assert not page.locator(name).is_visible()
    finally:
        page.emulate_media(media="screen")


def test_a_page_to_print_fits_its_width_and_needs_no_scripts(visit):
    page = visit(paper(exercise(wide(), seed=1)), java_script_enabled=False)
    assert page.locator("img").is_visible()
    boxes = [e.bounding_box() for e in page.locator("li, img, p, h1").all()]
    widest = max(b["x"] + b["width"] for b in boxes) - min(b["x"] for b in boxes)
    assert widest <= 190 / 25.4 * 96 + 1
    shown = page.locator("img").bounding_box()
    assert shown["height"] <= 230 / 25.4 * 96 + 1
    svg = re.search(
        r'width="(\d+)pt" height="(\d+)pt"', drawing_in(paper(exercise(wide(), seed=1)))
    )
    natural = int(svg[1]) / int(svg[2])
    assert shown["width"] / shown["height"] == pytest.approx(natural, rel=0.02), "not distorted"
