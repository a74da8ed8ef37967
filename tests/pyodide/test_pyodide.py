"""The package in a browser's Python: what it does here, it does in Pyodide.

Needs Node and the npm package pyodide: ``npm install pyodide`` in the folder that the tests run
in, or anywhere, with the folder ``node_modules/pyodide`` in the environment as PYODIDE_DIR.
"""

import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import files
from pathlib import Path

import pytest

from tinygrad_edu import draw
from tinygrad_edu.drawing.picture import fitted
from tinygrad_edu.drawing.svg import svg
from tinygrad_edu.lessons import worked_example

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
pytest.importorskip("build", reason="pip install build hatchling")
pytest.importorskip("hatchling", reason="pip install build hatchling")


def run(*command):
    """Run a program and return what it prints; if it fails, fail with all it has said."""
    done = subprocess.run(command, check=False, capture_output=True, text=True, encoding="utf-8")
    assert not done.returncode, done.stdout + done.stderr
    return done.stdout


def folder_of_pyodide():
    """The folder of the npm package, "" if it is not installed."""
    node = shutil.which("node")
    if node is None or "PYODIDE_DIR" in os.environ:
        return os.environ["PYODIDE_DIR"] if node else ""
    command = [node, "-p", "require.resolve('pyodide')"]
    found = subprocess.run(command, check=False, capture_output=True, text=True)
    return str(Path(found.stdout.strip()).parent) if not found.returncode else ""


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    """What came of the program in Pyodide, with the wheels unpacked; nothing else is there."""
    pyodide = folder_of_pyodide()
    if not pyodide:
        pytest.skip("npm install pyodide, or say in PYODIDE_DIR where it is")
    folder = tmp_path_factory.mktemp("wheels")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    run(*build, str(ROOT))
    (wheel,) = folder.glob("*.whl")
    (package,) = {Path(str(file.locate())).parent for file in files("graphviz") or []
                  if file.as_posix() == "graphviz/__init__.py"}  # fmt: skip
    graphviz = shutil.make_archive(str(folder / "graphviz"), "zip", package.parent, package.name)
    program = str(HERE / "in_the_browser.py")
    return json.loads(run("node", str(HERE / "run.mjs"), pyodide, program, str(wheel), graphviz))


@pytest.fixture(scope="module")
def here():
    example = worked_example.forward()
    example.loss.backward()
    return example


def test_it_is_pyodide_and_needs_nothing_heavy(there):
    assert there["platform"] == "emscripten"
    assert there["heavy"] == []
    assert there["undocumented"] == []


def test_the_worked_example_has_its_loss_and_its_gradients(there, here):
    assert round(there["loss"], 4) == 0.2984
    assert round(there["gradient"], 4) == 0.0822
    gradients = [p.grad for p in here.mlp.parameters()]
    assert there["gradients"] == pytest.approx(gradients, rel=1e-12)
    assert there["paths"] == pytest.approx(gradients[0], rel=1e-12)
    assert there["report"] == worked_example.report()


def test_gradients_are_checked_and_derived(there):
    assert there["gradcheck"] is True
    assert r"\tanh" in there["derivation"]


def test_a_drawing_is_the_same_dot_as_here(there, here):
    assert there["dot"] == draw(here.loss).source


def test_a_drawing_shows_itself_laid_out_without_graphviz(there, here):
    drawn = svg(draw(here.loss))
    assert there["shown"] == {"image/svg+xml": fitted(drawn)}
    assert there["file"] == drawn
    assert there["network"].startswith("<svg")


def test_what_needs_graphviz_says_so_in_a_sentence(there):
    assert there["no png"].startswith("a PNG needs Graphviz")


def test_the_stepper_page_is_complete(there):
    page = there["page"]
    assert page.startswith("<!doctype html>")
    assert "data:image/svg+xml;base64," in page
    assert '"pass": "backward"' in page
    assert "∂L/∂w₁₁⁽²⁾" in page
    assert there["notebook"] in page
