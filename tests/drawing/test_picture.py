"""Rendering with a `dot` on the PATH, with the one from graphviz-pure, and with none."""

import importlib.metadata
import stat
import sys
from base64 import b64decode

import pytest
from graphviz.backend import dot_command

from tinygrad_edu import Value, draw
from tinygrad_edu.drawing import picture as picture_module
from tinygrad_edu.drawing.picture import fitted
from tinygrad_edu.drawing.svg import svg

PNG = b"\x89PNG"


@pytest.fixture
def a_picture():
    return draw(Value(2.0, label="a") * 3)


@pytest.fixture
def no_dot(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.fixture
def nothing_at_all(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))

    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "files", missing)


@pytest.mark.usefixtures("no_dot")
def test_renders_without_dot_on_the_path(a_picture):
    assert "</svg>" in a_picture.pipe("svg", encoding="utf-8")
    assert a_picture.pipe("png").startswith(PNG)


@pytest.mark.usefixtures("no_dot")
def test_render_writes_the_file(a_picture, tmp_path):
    for ending in ("svg", "png"):
        written = a_picture.render(outfile=tmp_path / f"figure.{ending}", cleanup=True)
        assert (tmp_path / f"figure.{ending}").stat().st_size > 500
        assert str(written).endswith(f"figure.{ending}")


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for dot is a POSIX script")
def test_a_dot_on_the_path_wins(a_picture, monkeypatch, tmp_path):
    dot = tmp_path / "dot"
    dot.write_text(f"#!{sys.executable}\nprint('drawn by the real one')\n")
    dot.chmod(dot.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert a_picture.pipe("svg", encoding="utf-8").strip() == "drawn by the real one"


@pytest.mark.usefixtures("no_dot")
def test_graphviz_itself_is_left_alone(a_picture):
    before = dot_command.DOT_BINARY
    a_picture.pipe("svg")
    assert before == dot_command.DOT_BINARY
    assert "dpi" not in a_picture.source


@pytest.mark.usefixtures("nothing_at_all")
def test_without_any_graphviz_there_is_svg_and_for_the_rest_a_sentence(a_picture):
    with pytest.raises(RuntimeError, match=r"pip install graphviz-pure.*\.source") as error:
        a_picture.pipe("png")
    assert str(error.value) == picture_module.NOWHERE.format("png")
    assert a_picture._repr_mimebundle_() == {"image/svg+xml": fitted(svg(a_picture))}


@pytest.mark.usefixtures("no_dot")
def test_a_notebook_gets_svg_and_png(a_picture):
    bundle = a_picture._repr_mimebundle_()
    assert bundle["image/svg+xml"].startswith("<?xml")
    assert b64decode(bundle["image/png"]).startswith(PNG)
    assert list(a_picture._repr_mimebundle_(include={"image/png"})) == ["image/png"]
    assert list(a_picture._repr_mimebundle_(exclude={"image/png"})) == ["image/svg+xml"]


@pytest.mark.usefixtures("no_dot")
def test_the_options_of_graphviz_still_work(a_picture, tmp_path):
    assert a_picture.pipe("svg", quiet=False)
    assert a_picture.render(outfile=tmp_path / "x.svg", quiet=True)
