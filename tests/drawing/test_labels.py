"""Labels appear in a picture exactly as they were typed, whatever program draws it."""

import time
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pages import Tags, drawing_in

from tinygrad_edu import MLP, Value, draw, draw_network, exercise, steps
from tinygrad_edu.drawing import dot
from tinygrad_edu.drawing.labels import LONGEST_LABEL, LONGEST_TIP, abbreviated, legible
from tinygrad_edu.drawing.svg import svg
from tinygrad_edu.formulas.names import Names
from tinygrad_edu.operation import Operation
from tinygrad_edu.pages.stepper import document

SPACE = "{http://www.w3.org/2000/svg}"
TIP = "{http://www.w3.org/1999/xlink}title"

LABELS = [
    "a&lt;b", "a&amp;lt;b", "&#60;", "&#x3c;", "&nbsp;", "&", "&&amp;", "&lt", "&;", "&unknown;",
    '"', "'", r"\"", '\\\\"', "\\", "\\\\", "a\\", r"\n", r"\\n", r"\l\r", r"\N", r"\G", r"\\N",
    r"\E", "<b>bold</b>", "<>", "<", ">", "]]>", "<!-- -->", "<?xml?>", "<<b>x</b>>", "{a|b}", "}",
    "[x=1]", "a -> b", "a:b:c", "node", "graph", "// no comment", "# neither", "/* nor */",
    "∂σ²₁", "漢字", "\U0001d4b3 😀", "e\u0301", "\u202eabc", "\ufeff", "\u200b",
    "\0", "a\0b", "\x01", "\x1b[31m", "\x7f", "\x85", "\ufffe", "\uffff", "\U0001ffff", "\ud800",
    "a\udfff",
    "two\nlines", "two\r\nlines", "two\rlines", "\n", "tab\there", " spaces  inside ", "x" * 10_000,
]  # fmt: skip
ANY = st.text(st.characters() | st.sampled_from("&;<>\\\"'nNlrGE{}|#x0\0\x01\ufffe\ud800\n "))


def by_graphviz(picture):
    if not list(dot.programs()):
        pytest.skip("no Graphviz")
    drawn = dot.render_dot(picture.source, picture.engine, "svg")
    assert drawn is not None
    return drawn


ENGINES = {"Graphviz": by_graphviz, "our own": svg}


@pytest.fixture(params=ENGINES)
def engine(request):
    return ENGINES[request.param]


def lines_of(drawn, name):
    """The lines of text in a part of a picture, with plain spaces for no-break spaces."""
    root = fromstring(drawn)  # noqa: S314 - our own
    [part] = [g for g in root.iter(f"{SPACE}g") if g.get("id") == name]
    lines = ["".join(text.itertext()) for text in part.iter(f"{SPACE}text")]
    return [spaces(line) for line in lines if line.strip()]


def tip_of(drawn, name):
    """The tooltip of a part of a picture."""
    root = fromstring(drawn)  # noqa: S314 - our own
    [part] = [g for g in root.iter(f"{SPACE}g") if g.get("id") == name]
    told = [a.get(TIP) for a in part.iter(f"{SPACE}a")]
    return spaces((told or [part.findtext(f"{SPACE}title")])[0])


def spaces(text):
    """The text with plain spaces only."""
    return text.replace("\xa0", " ").replace("\t", " ")


def expected(text):
    return [line for line in spaces(legible(text)).split("\n") if line.strip()]


def test_characters_that_no_picture_can_hold_are_replaced():
    assert legible("a\0\x01\x1f\ufffe\uffff\ud800b") == "a������b"
    assert legible("a\t\n é \x7f 😀 \U0010ffff") == "a\t\n é \x7f 😀 \U0010ffff"
    assert legible("1\r\n2\r3\n") == "1\n2\n3\n"


@pytest.mark.parametrize("label", LABELS)
def test_a_label_stands_in_the_graph_as_it_was_typed(engine, label):
    x = Value(1.5, label=label)
    y = x * 2
    drawn = engine(draw(y))
    assert lines_of(drawn, "v_0") == expected(f"{abbreviated(legible(Names(y)[x]))} = 1.5")


@pytest.mark.parametrize("label", LABELS)
def test_titles_and_symbols_stand_as_they_were_typed(engine, label):
    x = Value(1.5)
    rule = {"forward": lambda x: x, "partials": lambda y, x: (1.0,), "array": None}
    own = Operation("own", "Its own.", **rule, symbol=label, latex="#1")
    y = own(x)
    assert lines_of(engine(draw(y)), "o_1") == expected(abbreviated(label))
    folded = engine(draw(y, clusters={label: [x]}, fold=True))
    assert lines_of(folded, "f_0") == expected(f"{abbreviated(legible(label))}\n(1 number)")
    if engine is by_graphviz:  # our own layout draws no frames
        framed = engine(draw(y, clusters={label: [x]}))
        root = fromstring(framed)  # noqa: S314 - our own
        [frame] = [g for g in root.iter(f"{SPACE}g") if g.get("class") == "cluster"]
        lines = ["".join(text.itertext()) for text in frame.iter(f"{SPACE}text")]
        assert [spaces(x) for x in lines if x.strip()] == expected(abbreviated(legible(label)))


@pytest.mark.parametrize("label", LABELS)
def test_labels_of_a_network_stand_in_it_and_in_its_tooltips(engine, label):
    mlp = MLP(1, [1], seed=0)
    mlp.layers[0].neurons[0].w[0].label = label
    mlp([Value(1.5, label=label)])
    drawn = engine(draw_network(mlp))
    short = abbreviated(legible(label))
    assert lines_of(drawn, "n_0_1") == expected(f"{short}\n1.5")
    assert tip_of(drawn, "n_0_1") == spaces(f"input 1: {short} = 1.5")
    w = f"{mlp.parameters()[0].data:.10g}".replace("-", "−")
    assert tip_of(drawn, "w_1_1_1") == spaces(legible(abbreviated(f"{label} = {w}", LONGEST_TIP)))


@given(ANY)
@example("&lt;\\N")
def test_any_text_can_be_a_label(label):
    x = Value(1.5, label=label)
    y = x * 2
    picture = draw(y)
    text = f"{abbreviated(legible(Names(y)[x]))} = 1.5"
    assert lines_of(svg(picture), "v_0") == expected(text)
    if list(dot.programs()):
        assert lines_of(by_graphviz(picture), "v_0") == expected(text)


@pytest.mark.parametrize(
    "sign", ["x", "1 ", "\\", "&", '"', "\n", "漢", "\0", "\ud800", "a_1", "{", '\\"']
)  # fmt: skip
def test_a_very_long_label_is_drawn_quickly_with_both_its_ends(engine, sign):
    label = (sign * 10_000)[:10_000]
    began = time.process_time()
    drawn = engine(draw(Value(1.5, label=label) * 2))
    assert time.process_time() - began < 1
    text = "\n".join(lines_of(drawn, "v_0"))
    assert len(text) <= LONGEST_LABEL + len(" = 1.5")
    if sign != "\n":
        assert "…" in text
    told = tip_of(drawn, "v_0")
    assert LONGEST_LABEL - 1 <= len(told) <= LONGEST_TIP


def test_a_label_of_the_greatest_length_is_drawn_whole(engine):
    for n in (LONGEST_LABEL - 1, LONGEST_LABEL, LONGEST_LABEL + 1):
        label = "".join(chr(ord("a") + i % 26) for i in range(n))
        [line] = lines_of(engine(draw(Value(1.5, label=label) * 2)), "v_0")
        assert ("…" in line) == (n > LONGEST_LABEL)
        assert (tip_of(engine(draw(Value(1.5, label=label) * 2)), "v_0") == label) == (
            n > LONGEST_LABEL
        )


# --- pages ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("label", LABELS)
def test_pages_hold_labels_of_any_kind(tmp_path, label):
    a = Value(1.5, label=label)
    y = a * a + a
    exercise(y).to_html(tmp_path / "a.html")
    exercise(y).to_html(tmp_path / "b.html", printed=True)
    exercise(y).to_html(tmp_path / "c.html", printed=True, solutions=True)
    pages = [document(steps(y)), *(file.read_text("utf-8") for file in tmp_path.iterdir())]
    for page in pages:
        assert page == legible(page)
        Tags(page)
        shown = lines_of(drawing_in(page).replace(" data-id=", " id="), "v_0")
        name = abbreviated(legible(Names(y)[a]))
        assert shown[0].endswith("1.5")
        assert shown[0].startswith(spaces(name).lstrip())


@given(ANY)
@settings(max_examples=25, deadline=None)
def test_any_text_can_be_a_label_on_a_page(label):
    page = document(steps(Value(1.5, label=label) * 2))
    assert page.encode()
    assert page == legible(page)
