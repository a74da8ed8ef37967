"""Pictures are saved and shown if `dot` is on the PATH, if it is broken, and if there is none."""

import os
import struct
import subprocess
import sys
import threading
import time
from base64 import b64decode
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import MLP, Value, draw, draw_network, paths
from tinygrad_edu.drawing import Picture, dot
from tinygrad_edu.drawing import picture as picture_module
from tinygrad_edu.drawing.picture import FORMAT_OF_ENDING, NEEDED, destination, fitted
from tinygrad_edu.drawing.svg import svg

PNG = b"\x89PNG"
BEGINS = {"svg": b"<", "png": PNG, "pdf": b"%PDF-", "dot": b"digraph {", "gv": b"digraph {"}


def product():
    return draw(Value(2.0, label="a") * 3)


def network():
    return draw_network(MLP(2, [2, 1], seed=0))


def path_in_colour():
    a = Value(2.0, label="a")
    return paths(a * a, a).draw()


@pytest.fixture
def a_picture():
    return product()


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """Makes an empty folder the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(folder):
    return sorted(path.name for path in folder.iterdir())


# --- the ending decides ---------------------------------------------------------------------------


@pytest.mark.usefixtures("no_dot")
@pytest.mark.parametrize("make", [product, network, path_in_colour])
@pytest.mark.parametrize("method", ["render", "save"])
@pytest.mark.parametrize("ending", FORMAT_OF_ENDING)
def test_the_ending_of_the_file_decides_the_format(elsewhere, make, method, ending):
    if ending == "pdf":
        pytest.importorskip("typst")
    for name in (f"a.{ending}", Path(f"b.{ending}"), f"c.{ending.upper()}"):
        assert getattr(make(), method)(name) == str(name)
        assert Path(name).read_bytes().startswith(BEGINS[ending])
    assert len(names(elsewhere)) == 3


@pytest.mark.parametrize("environment", ["no_dot", "no_graphviz"])
@pytest.mark.parametrize("make", [product, network, path_in_colour])
def test_a_name_without_an_ending_gets_svg(elsewhere, make, environment, request):
    request.getfixturevalue(environment)
    assert make().render("pic") == "pic.svg"
    assert make().save("other.") == "other.svg"
    assert make().render() == "Picture.svg"
    assert names(elsewhere) == ["Picture.svg", "other.svg", "pic.svg"]
    for file in elsewhere.iterdir():
        assert fromstring(file.read_bytes()).tag.endswith("svg")  # noqa: S314 - our own
    assert make().pipe().startswith(b"<")
    assert make().pipe(encoding="utf-8").rstrip().endswith("</svg>")


@pytest.mark.parametrize("name", ["a.jpg", "a.xyz", "v0.5", "a.svg.gz", "a.json", "x.svg "])
@pytest.mark.parametrize("method", ["render", "save", "view"])
def test_another_ending_is_refused_in_a_sentence_and_leaves_no_file(elsewhere, name, method):
    with pytest.raises(ValueError, match=r"written as \.svg, \.png, \.pdf or \.dot \(\.gv\), not"):
        getattr(product(), method)(f"folder/{name}")
    with pytest.raises(ValueError, match="not as 'jpg'"):
        product().pipe("jpg")
    assert names(elsewhere) == []


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\\\0"), min_size=1))
def test_every_name_is_given_one_of_the_endings_or_refused(name):
    try:
        path, format_ = destination(name, None, "svg")
    except ValueError:
        assert Path(name).suffix.lower()[1:] not in FORMAT_OF_ENDING
    else:
        assert FORMAT_OF_ENDING[path.rpartition(".")[2].lower()] == format_
        assert path.startswith(name.rstrip("."))


def test_the_parameters_of_graphviz_work(elsewhere, a_picture):
    assert a_picture.render("y", "new/folder", format="png", cleanup=True) == "new/folder/y.png"
    assert a_picture.render("table.gv", format="svg", quiet=True) == "table.gv.svg"
    assert a_picture.render("v2.1", format="svg") == "v2.1.svg"
    assert a_picture.render("x.png", format="png") == "x.png"
    assert a_picture.render(outfile="exact", format="png") == "exact"
    assert a_picture.render("source.gv", outfile="result.svg") == "result.svg"
    a_picture.format = "png"
    assert a_picture.render("z") == "z.png"
    assert a_picture.pipe().startswith(PNG)
    for file in ("new/folder/y.png", "x.png", "exact", "z.png"):
        assert Path(file).read_bytes().startswith(PNG)
    assert "table.gv" not in names(elsewhere)
    assert "source.gv" not in names(elsewhere)


def test_two_formats_for_one_file_are_refused(elsewhere, a_picture):
    with pytest.raises(ValueError, match=r"'a\.svg' says svg, but format='png'; leave one"):
        a_picture.render("a.svg", format="png")
    with pytest.raises(ValueError, match=r"'a\.png' says png, but format='svg'"):
        a_picture.render(outfile="a.png", format="svg")
    assert names(elsewhere) == []


def test_an_unknown_option_is_answered_with_the_known_ones(elsewhere, a_picture):
    with pytest.raises(TypeError, match="render: there is no option renderer; the options are f"):
        a_picture.render("a.svg", renderer="cairo")
    with pytest.raises(TypeError, match="no option skip_existing; the options are filename, "):
        a_picture.save("a.svg", skip_existing=True)
    with pytest.raises(TypeError, match="pipe: there is no option engine; the options are format"):
        a_picture.pipe(engine="neato")
    with pytest.raises(ValueError, match="pipe: png is not text; leave out encoding='utf-8'"):
        a_picture.pipe("png", encoding="utf-8")
    assert names(elsewhere) == []


def test_a_picture_is_viewed_as_the_file_that_was_written(elsewhere, a_picture, monkeypatch):
    opened = []
    monkeypatch.setattr(
        Picture, "_view", lambda _, path, **how: opened.append((path, how["format"]))
    )
    assert a_picture.view() == "Picture.svg"
    assert a_picture.view("x.png") == "x.png"
    assert a_picture.render("y", view=True) == "y.svg"
    assert opened == [("Picture.svg", "svg"), ("x.png", "png"), ("y.svg", "svg")]
    assert names(elsewhere) == ["Picture.svg", "x.png", "y.svg"]


def test_if_no_program_opens_a_picture_the_error_says_where_it_is(
    elsewhere, a_picture, monkeypatch
):
    def missing(*_, **__):
        raise FileNotFoundError

    monkeypatch.setattr(Picture, "_view", missing)
    with pytest.raises(RuntimeError, match=r"view: found no program that opens x\.svg"):
        a_picture.view("x")
    assert names(elsewhere) == ["x.svg"]


@pytest.mark.usefixtures("no_graphviz")
def test_an_old_picture_stays_where_a_new_one_is_refused(elsewhere, a_picture):
    Path("x.png").write_bytes(b"old")
    with pytest.raises(RuntimeError):
        a_picture.render("x.png")
    assert Path("x.png").read_bytes() == b"old"
    assert names(elsewhere) == ["x.png"]


def test_the_picture_itself_stays_what_it_is(a_picture):
    before = a_picture.source
    a_picture.pipe("png", dpi=50)
    assert a_picture.source == before


# --- sizes, and formats that need other programs --------------------------------------------------


def size_of(png):
    """The width and height of a PNG in points, computed from the resolution noted in it."""
    width, height = struct.unpack(">II", png[16:24])
    place = png.index(b"pHYs")
    per_metre, _, unit = struct.unpack(">IIB", png[place + 4 : place + 13])
    assert unit == 1
    return width / per_metre / 0.0254 * 72, height / per_metre / 0.0254 * 72


@pytest.mark.usefixtures("no_dot")
@pytest.mark.parametrize("make", [product, network])
@pytest.mark.parametrize("dpi", [50, 300, 600.0])
def test_a_png_is_printed_as_large_as_the_svg(make, dpi):
    root = fromstring(make().pipe())  # noqa: S314 - our own
    width, height = (float(root.get(side).removesuffix("pt")) for side in ("width", "height"))
    found = size_of(make().pipe("png", dpi=dpi))
    assert found == pytest.approx((width, height), abs=2 * 72 / dpi + 0.5)
    assert struct.unpack(">I", make().pipe("png", dpi=dpi)[16:20])[0] > width * dpi / 72 - 3


@pytest.mark.usefixtures("no_dot")
def test_without_dpi_a_png_has_the_resolution_of_printers(a_picture):
    assert a_picture.pipe("png") == a_picture.pipe("png", dpi=300)


@pytest.mark.parametrize("dpi", [0, -1, float("nan"), float("inf"), "300", None, True, 1e9])
def test_dots_per_inch_are_a_number(elsewhere, a_picture, dpi):
    with pytest.raises(ValueError, match=r"dpi: expected a number of dots per inch, such as 300"):
        a_picture.render("a.png", dpi=dpi)
    assert names(elsewhere) == []


@pytest.mark.usefixtures("no_dot")
@pytest.mark.parametrize("make", [product, network])
def test_without_a_dot_on_the_path_a_pdf_is_made_by_typst(make):
    pytest.importorskip("typst")
    pdf = make().pipe("pdf")
    assert pdf.startswith(b"%PDF-")
    assert pdf == make().pipe("pdf")


@pytest.mark.usefixtures("no_program")
@pytest.mark.parametrize("format_", ["png", "pdf"])
def test_without_graphviz_typst_converts_our_own_layout(a_picture, format_):
    pytest.importorskip("typst")
    assert a_picture.pipe(format_).startswith(BEGINS[format_])
    assert set(a_picture._repr_mimebundle_()) == {"image/svg+xml", "image/png"}


@pytest.mark.usefixtures("no_dot", "no_typst")
def test_without_typst_the_error_says_how_to_get_a_pdf(elsewhere, a_picture):
    with pytest.raises(RuntimeError, match=r"a PDF needs .*`pdf`.*: `pip install typst`.*\.source"):
        a_picture.render("a.pdf")
    assert names(elsewhere) == []


@pytest.mark.usefixtures("no_graphviz")
def test_without_any_graphviz_svg_works_and_other_formats_raise(elsewhere, a_picture):
    for format_, needed in NEEDED.items():
        with pytest.raises(RuntimeError) as error:
            a_picture.render(f"a.{format_}")
        assert str(error.value).startswith(needed)
    assert names(elsewhere) == []
    assert a_picture._repr_mimebundle_() == {"image/svg+xml": fitted(svg(a_picture))}


def test_a_dot_on_the_path_draws_the_pdf(fake_dot, a_picture):
    script = 'case "$*" in *pdf*) printf "%%PDF-1.7 by dot %%%%EOF";; *) exec $PURE "$@";; esac'
    fake_dot(script, seconds=60)
    assert a_picture.pipe("pdf") == b"%PDF-1.7 by dot %%EOF"


# --- a dot that is broken -------------------------------------------------------------------------

BROKEN = {
    "exits with an error": "exit 1",
    "is killed": "kill -9 $$",
    "prints rubbish": "echo 'Segmentation fault'",
    "prints rubbish that is XML": "echo '<html/>'",
    "prints rubbish in no encoding": r"""printf '<?xml version="1.0" encoding="no"?>\377<svg/>'""",
    "prints nothing": "exit 0",
    "prints an empty picture": """echo '<svg xmlns="http://www.w3.org/2000/svg"/>'""",
    "prints the first half": '$PURE "$@" | head -c 400',
    "fails after its picture": '$PURE "$@"; exit 3',
    "prints without an end": "yes",
    "hangs": "sleep 100; true",
    "hangs with its output closed": "exec >&-; sleep 100",
    "leaves a child behind that hangs": "sleep 100 & exit 0",
    "reads nothing": "exec <&-; exit 0",
    "ignores signals": "trap '' TERM INT HUP; sleep 100; sleep 100",
}
"""What a program called dot may do, as a shell script."""


@pytest.mark.usefixtures("no_typst")
@pytest.mark.parametrize("when", ["always", "but for a single node"])
@pytest.mark.parametrize("does", BROKEN)
def test_a_broken_dot_is_skipped(fake_dot, monkeypatch, does, when):
    picture = product()
    monkeypatch.setattr(dot, "MOST_BYTES", 1_000_000)
    script = BROKEN[does]
    if when != "always":  # it passes the trial with a single node
        script = f'case "$*" in *-K*) {script};; *) exec $PURE "$@";; esac'
    fake_dot(script)
    began = time.monotonic()
    bundle = picture._repr_mimebundle_()
    assert set(bundle) == {"image/svg+xml", "image/png"}
    assert "a = 2" in bundle["image/svg+xml"]
    assert b64decode(bundle["image/png"]).startswith(PNG)
    if when == "always":
        assert picture.pipe().startswith(b"<?xml")  # graphviz-pure draws it
        with pytest.raises(RuntimeError, match="a PDF needs"):
            picture.pipe("pdf")
    assert time.monotonic() - began < 60


def test_a_dot_that_hangs_is_tried_once(fake_dot, a_picture, tmp_path):
    fake_dot(f"echo asked >> {tmp_path}/log; sleep 100")
    for _ in range(3):
        a_picture.pipe()
    assert Path(tmp_path, "log").read_text() == "asked\n"


def test_a_dot_that_is_mended_draws_again(fake_dot, a_picture):
    program = fake_dot("exit 1", seconds=60)
    assert "mended" not in a_picture.pipe(encoding="utf-8")
    mended = '$PURE "$@"; echo "<!-- mended -->"'
    program.write_text(program.read_text().replace("exit 1", mended))
    os.utime(program, ns=(1, 1))
    assert "mended" in a_picture.pipe(encoding="utf-8")


def test_a_dot_that_hangs_is_ended_with_all_processes_it_started(fake_dot, a_picture, tmp_path):
    fake_dot(f"sleep 98765 & echo $! > {tmp_path}/pid; wait")
    a_picture.pipe()
    pid = int(Path(tmp_path, "pid").read_text())
    for _ in range(100):  # the system may take a while
        command = ["ps", "-o", "stat=", "-p", str(pid)]
        state = subprocess.run(command, capture_output=True, check=False)
        if state.stdout.strip() in (b"", b"Z"):  # Z: it has ended
            return
        time.sleep(0.05)
    pytest.fail(f"process {pid} goes on")


@pytest.mark.parametrize("script", ["#!/no/such/interpreter\n", "\x7fELF rubbish", ""])
def test_a_dot_that_cannot_be_started_is_skipped(fake_dot, a_picture, script):
    fake_dot("").write_text(script)
    assert a_picture.pipe().startswith(b"<?xml")


def test_an_interrupt_ends_the_dot_and_leaves_nothing_locked(fake_dot, a_picture, monkeypatch):
    join = threading.Thread.join

    def interrupted(*_):
        patched.setattr(threading.Thread, "join", join)
        raise KeyboardInterrupt

    fake_dot("sleep 100")
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "join", interrupted)
        with pytest.raises(KeyboardInterrupt):
            a_picture.pipe()
    assert a_picture.pipe().startswith(b"<?xml")


def test_many_threads_draw_at_once(a_picture):
    drawn = []
    threads = [
        threading.Thread(target=lambda: drawn.append(a_picture.pipe("png"))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(drawn) == 4
    assert len(set(drawn)) == 1


def test_a_browser_runs_no_programs(monkeypatch, a_picture):
    monkeypatch.setattr(sys, "platform", "emscripten")
    assert list(dot.programs()) == []
    assert a_picture.pipe(encoding="utf-8") == svg(a_picture)


# --- in a notebook --------------------------------------------------------------------------------


def test_a_dot_on_the_path_wins(fake_dot, a_picture):
    fake_dot('$PURE "$@"; echo "<!-- by the real one -->"', seconds=60)
    assert a_picture.pipe(encoding="utf-8").endswith("<!-- by the real one -->\n")


@pytest.mark.usefixtures("no_dot")
def test_a_notebook_gets_svg_and_png(a_picture):
    bundle = a_picture._repr_mimebundle_()
    assert bundle["image/svg+xml"].startswith("<?xml")
    assert b64decode(bundle["image/png"]).startswith(PNG)
    assert list(a_picture._repr_mimebundle_(include={"image/png"})) == ["image/png"]
    assert list(a_picture._repr_mimebundle_(exclude={"image/png"})) == ["image/svg+xml"]


def test_showing_a_picture_never_raises(a_picture, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(picture_module.dot, "render_dot", broken)
    assert list(a_picture._repr_mimebundle_()) == ["text/plain"]
    assert a_picture.source in a_picture._repr_mimebundle_()["text/plain"]
