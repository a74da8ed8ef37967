"""An exercise on its page asks, hides, checks and scores exactly as it does in Python."""

import pytest
from pages import Tags, drawing_in, evil, square, texts_in, worked_example

from tinygrad_edu import Value, exercise
from tinygrad_edu.lessons.worked_example import forward
from tinygrad_edu.pages.worksheet import MOST_ASKED, document, fragment, paper

# --- the text of the page -------------------------------------------------------------------------


@pytest.mark.parametrize("root", [worked_example(), evil(), square()])
def test_every_tag_is_closed_and_there_is_one_script(root):
    page = document(exercise(root))
    tags = [tag for tag, _ in Tags(page).seen]
    assert tags.count("script") == tags.count("title") == tags.count("style") == 1
    assert not {"b", "i", "form"} & set(tags)  # a sandbox may forbid forms
    assert page.count("</script") == 1
    assert page == document(exercise(root)), "the same graph gives the same bytes"


def test_without_scripts_the_numbers_asked_for_are_hidden():
    loss = worked_example()
    sheet = exercise(loss)
    page = document(sheet)
    texts = texts_in(page)
    places = 9 + 20 + 22  # values, gradients, and local derivatives on edges
    assert sum(text.endswith("?") for text in texts) == places
    assert "w₁₁⁽²⁾ = 0.4" in texts
    assert "grad 1" in texts
    assert page[page.index("<pre>") : page.index("</pre>")].count("= ?") == 53
    for number in ("0.08217", "0.2984", "0.7414"):
        assert number not in " ".join(texts)


def test_numbers_that_are_not_asked_for_are_given_or_left_out():
    loss = worked_example()
    others, inputs = (
        texts_in(document(exercise(loss, only="dL/dw2_11", given=given)))
        for given in ("others", "inputs")
    )
    assert [text for text in others if "?" in text] == ["grad ?"]
    assert "∂L" not in " ".join(others)
    assert "grad −0.01905" not in others  # the gradient is complete
    for texts in (others, inputs):
        assert [text for text in texts if "?" in text] == ["grad ?"]
        assert "w₁₁⁽²⁾ = 0.4" in texts
        assert "L" in texts
        assert "a₁⁽¹⁾" in texts
        assert "grad 1" in texts
    # what the question is worked out from, and nothing that comes later
    assert [text for text in others if text.startswith("grad 0")] == ["grad 0.1385"]
    assert [text for text in others if text.startswith("0.")] == ["0.5933"]
    assert not [text for text in inputs if text.startswith(("grad −", "grad 0", "0.", "−"))]


def test_next_to_the_root_the_local_derivative_is_hidden_with_the_gradient():
    x = Value(0.5, label="x")
    texts = texts_in(document(exercise(x.tanh(), ask="gradient")))
    assert "0.7864" not in " ".join(texts)
    assert texts.count("?") == 1


def test_a_notebook_gets_html_and_text():
    sheet = exercise(square())
    assert sheet._repr_mimebundle_() == {"text/plain": repr(sheet), "text/html": fragment(sheet)}
    assert sheet._repr_html_() == fragment(sheet)
    assert set(sheet._repr_mimebundle_(include=["text/plain"])) == {"text/plain"}
    assert set(sheet._repr_mimebundle_(exclude=["text/plain"])) == {"text/html"}


def test_to_html_writes_the_document_with_clusters_on_other_numbers_too(tmp_path):
    example = forward()
    for seed in (None, 1):
        sheet = exercise(example.loss, seed=seed)
        sheet.to_html(tmp_path / "x.html", clusters=example.mlp.clusters())
        page = (tmp_path / "x.html").read_text(encoding="utf-8")
        assert page == document(sheet, example.mlp.clusters())
        assert "layer 2, neuron 1" in drawing_in(page)
        assert "cluster" not in drawing_in(document(sheet))


def test_too_many_questions_are_shown_as_text():
    y = Value(0.5, label="x")
    for _ in range(MOST_ASKED // 3 + 1):
        y = y.sin()
    page = document(exercise(y))
    assert f"{MOST_ASKED + 2} questions are too many to click through" in page
    assert "<details open>" in page
    assert "<img" in document(exercise(y, most=10))
    for _ in range(300):
        y = y.sin()
    assert "is too large to read" in document(exercise(y, most=10))


# --- on paper -------------------------------------------------------------------------------------


@pytest.mark.parametrize("root", [worked_example(), evil(), square()])
@pytest.mark.parametrize("solutions", [False, True])
def test_a_page_to_print_has_every_tag_closed_and_no_scripts(root, solutions):
    page = paper(exercise(root, seed=5), solutions=solutions)
    tags = [tag for tag, _ in Tags(page).seen]
    assert not {"script", "input", "button", "b", "i"} & set(tags)
    assert tags.count("li") == len(exercise(root).questions)
    assert tags.count("img") == 1


def test_a_page_to_print_shows_solutions_only_on_request(tmp_path):
    sheet = exercise(worked_example(), seed=5)
    sheet.to_html(tmp_path / "asked.html", printed=True)
    sheet.to_html(tmp_path / "solved.html", printed=True, solutions=True)
    asked = (tmp_path / "asked.html").read_text(encoding="utf-8")
    solved = (tmp_path / "solved.html").read_text(encoding="utf-8")
    assert "Sheet 5" in asked
    assert f"L = {sheet.root.data:.4g}" in texts_in(solved)
    assert f"L = {sheet.root.data:.4g}" not in texts_in(asked)
    assert sum(text.endswith("?") for text in texts_in(asked)) == 9 + 20 + 22
    assert not [text for text in texts_in(solved) if "?" in text]
    for given in sheet.given_numbers:
        assert f"<span>{given}</span>" in asked
    for q in sheet.questions:
        assert f"<li>{q.worked}</li>" in solved
        assert q.worked not in asked
    with pytest.raises(ValueError, match="to_html: solutions=True is for a page to print"):
        sheet.to_html(tmp_path / "x.html", solutions=True)


def test_many_questions_can_be_printed():
    y = Value(0.5, label="x")
    for _ in range(400):
        y = y.sin()
    page = paper(exercise(y))
    assert "numbers are too many to read" in page
    assert page.count("<li>") == 400 * 3 - 1
