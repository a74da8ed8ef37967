"""The notebooks run, match their scripts, and have the structure that readers rely on."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"
SCRIPTS = sorted(FOLDER.glob("[0-9][0-9]_*.py"))
ROWS = {"A": 11, "B": 6, "C": 2, "D": 8, "E": 2}
"""Number of rows in the index of each source lecture: A1 to A11, B1 to B6, and so on."""
ALL_ROWS = {f"{lecture}{row}" for lecture in ROWS for row in range(1, ROWS[lecture] + 1)}

missing = [
    name
    for name in ("jupytext", "nbclient", "ipykernel", "matplotlib", "sklearn")
    if not importlib.util.find_spec(name)
]
pytestmark = pytest.mark.skipif(
    bool(missing), reason=f"needs {', '.join(missing)}: pip install tinygrad-edu[test]"
)
every_script = pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)


@pytest.fixture
def runnable(script):
    """Return a script whose imports are all installed, or skip the test."""
    if "import torch" in script.read_text(encoding="utf-8"):
        pytest.importorskip("torch", reason="needs torch: pip install tinygrad-edu[torch]")
    return script


def run(*arguments, folder, expected=0):
    """Run Python in a folder and return what it prints; fail unless its exit code is `expected`."""
    environment = {**os.environ, "MPLBACKEND": "Agg", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, *arguments],
        check=False, capture_output=True, encoding="utf-8", cwd=folder, env=environment,
    )  # fmt: skip
    assert done.returncode == expected, done.stdout + done.stderr
    return done.stdout


def notebook_of(script):
    """Return the committed notebook of a script."""
    nbformat = pytest.importorskip("nbformat")
    return nbformat.read(script.with_suffix(".ipynb"), as_version=4)


def cells_of(script):
    """Return the cells of a script as pairs of type and text."""
    jupytext = pytest.importorskip("jupytext")
    return [(cell.cell_type, cell.source) for cell in jupytext.read(script, fmt="py:percent").cells]


def rows_of(script):
    """Return the lecture rows that the first cell of a script lists."""
    (_, first), *_ = cells_of(script)
    (paragraph,) = re.findall(r"Lecture rows:.*(?:\n.+)*", first)
    return set(re.findall(r"\b[A-Z]\d+\b", paragraph))


MACHINE_DEPENDENT = re.compile(  # memory addresses and absolute paths
    r"0x[0-9a-f]{6}|(?<![\w.:/])/(?:[\w.-]+/)+|site-packages|\\Users"
)


@pytest.mark.slow
@every_script
def test_a_script_runs_as_plain_python(runnable):
    run(runnable.name, folder=FOLDER)


WITHOUT_TORCH = """
import runpy, sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Hidden())
runpy.run_path(sys.argv[1])
"""


@pytest.mark.slow
def test_the_last_notebook_runs_without_torch():
    run("-c", WITHOUT_TORCH, SCRIPTS[-1].name, folder=FOLDER)


@pytest.mark.slow
@every_script
def test_executing_a_notebook_again_gives_the_committed_text(runnable):
    run("build.py", "--check", runnable.stem, folder=FOLDER)


CALL = re.compile(r"\w+\.(?:answer|hint)\(\"[^\"]+\".*?\)")
COMMENTED = re.compile(rf"^# (?={CALL.pattern}$)", re.MULTILINE)


def as_solved(script):
    """Yield each code cell as a student completes it, with the number of its answers.

    The student removes the ``#`` before every answer, and also runs the answers that the text
    proposes; these get a cell of their own.
    """
    proposed = []
    for kind, text in cells_of(script):
        if kind == "markdown":
            proposed += re.findall(rf"`({CALL.pattern})`", text)
            continue
        cell = COMMENTED.sub("", text)
        yield cell.replace("...)", "0.5)"), len(CALL.findall(cell))
        if proposed:
            yield "\n".join([*proposed, "None"]).replace("...)", "0.5)"), len(proposed)
            proposed = []


@pytest.mark.slow
@every_script
def test_every_answer_shows_a_reply_when_its_comment_sign_is_removed(script):
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    cells, answers = zip(*as_solved(script), strict=True)
    if not any(answers):
        pytest.skip("the notebook has no answers to fill in")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    resources = {"metadata": {"path": str(FOLDER)}}
    nbclient.NotebookClient(notebook, kernel_name="python3", resources=resources).execute()
    for cell, expected in zip(notebook.cells, answers, strict=True):
        shown = [output["data"]["text/plain"] for output in cell.outputs if "data" in output]
        replies = [text for text in shown if text[0] in "✓✗∂" and "\n" not in text]
        assert len(replies) == expected, cell.source


def test_there_are_answers_to_fill_in():
    """Otherwise the test above would check nothing."""
    assert sum(answers for script in SCRIPTS for _, answers in as_solved(script)) > 40


@every_script
def test_a_notebook_has_the_cells_of_its_script(script):
    kept = notebook_of(script)
    assert [(cell.cell_type, cell.source) for cell in kept.cells] == cells_of(script)


@every_script
def test_a_notebook_begins_with_its_aims_and_ends_with_exercises(script):
    cells = cells_of(script)
    kind, first = cells[0]
    assert kind == "markdown"
    assert first.startswith("# ")
    aims = first.partition("After this notebook you can")[2]
    assert 3 <= len(re.findall("^- ", aims, re.MULTILINE)) <= 5
    headings = [line for kind, text in cells if kind == "markdown"
                for line in text.splitlines() if line.startswith("## ")]  # fmt: skip
    assert headings[-1] == "## Exercises"


@every_script
def test_the_lecture_rows_that_a_notebook_lists_exist(script):
    assert rows_of(script) <= ALL_ROWS


@pytest.mark.skipif(len(SCRIPTS) < 9, reason="fewer than nine notebooks exist")
def test_the_notebooks_together_cover_every_lecture_row():
    assert set.union(*map(rows_of, SCRIPTS)) == ALL_ROWS


@every_script
def test_a_notebook_was_executed_in_order_without_warnings_or_errors(script):
    cells = [cell for cell in notebook_of(script).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error"]
    assert not [output for output in outputs if output.get("name") == "stderr"]


@every_script
def test_no_output_depends_on_the_machine_or_the_run(script):
    for cell in notebook_of(script).cells:
        for output in cell.get("outputs", []):
            text = output.get("text", "") + output.get("data", {}).get("text/plain", "")
            assert not MACHINE_DEPENDENT.search(text)


TINY = """\
# %% [markdown]
# # Tiny

# %%
import matplotlib.pyplot as plt

from tinygrad_edu import Value, draw, steps

w = Value(0.5, label="w")
print(w)
draw(w * 2)

# %%
print("one")
print("two", flush=True)
steps(w * 2)

# %%
plt.plot([1, 2, 4])
plt.show()
"""


@pytest.mark.slow
def test_building_is_reproducible_and_check_finds_changes(tmp_path):
    folders = [tmp_path / "one", tmp_path / "other"]
    for folder in folders:
        folder.mkdir()
        (folder / "build.py").write_bytes((FOLDER / "build.py").read_bytes())
        (folder / "01_tiny.py").write_text(TINY, encoding="utf-8")
        run("build.py", folder=folder)
    one, other = ((folder / "01_tiny.ipynb").read_bytes() for folder in folders)
    assert one == other
    assert one.count(b"image/png") == 2
    assert b"Matplotlib" not in one
    assert one.endswith(b"}\n")
    (folder / "01_tiny.py").write_text(TINY.replace("0.5", "0.25"), encoding="utf-8")
    diff = run("build.py", "--check", "01", folder=folder, expected=1)
    assert "-Value(data=0.5, grad=0.0, label='w')\n+" in diff
    assert (folder / "01_tiny.ipynb").read_bytes() == other


def test_build_lists_the_notebooks_when_a_name_is_unknown():
    done = subprocess.run(
        [sys.executable, "build.py", "77"],
        check=False, capture_output=True, encoding="utf-8", cwd=FOLDER,
    )  # fmt: skip
    assert done.returncode == 1
    message = "build: no notebook name begins with '77'; the notebooks are 01_a_number"
    assert done.stderr.startswith(message)
