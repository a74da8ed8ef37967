"""What a terminal shows if it lacks some characters, and where a notebook shows a remark."""

import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_edu
from tinygrad_edu import Value, exercise
from tinygrad_edu.formulas.notation import name
from tinygrad_edu.lessons.worked_example import forward
from tinygrad_edu.support.showing import writable

ENCODINGS = ["ascii", "latin-1", "cp1252", "cp437", "utf-8", "shift_jis"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("z₁⁽¹⁾", "z1_1"),
        ("∂L/∂w₁₁⁽²⁾ · 1", "dL/dw2_11 * 1"),
        ("w₃,₁₂⁽¹⁰⁾", "w10_3,12"),
        ("∂C/∂θ₀ₖ⁽³⁾", "dC/dtheta3_0k"),
        ("δ⁽¹⁾ = W⁽²⁾ᵀ δ⁽²⁾ ⊙ σ'(z⁽¹⁾)", "delta^(1) = W^(2)^T delta^(2) .* sigma'(z^(1))"),
        ("½ (ŷ − y)²", "1/2 (yhat - y)^2"),
        ("10⁻³ ✓ ✗ … ±∞", "10^-3 ok x ... +-inf"),
        ("Δθ ς λ Ω é", "Deltatheta sigma lambda Omega e"),
        ("漢\ud800", r"\u6f22\ud800"),
    ],
)
def test_characters_are_replaced_by_what_one_would_type(text, expected):
    assert writable(text, "ascii") == expected


def test_a_letter_that_the_terminal_has_is_kept():
    assert writable("é ∂z₁", "cp1252") == "é dz_1"


def test_columns_keep_their_places():
    rows = ["∂L/∂w₁₁⁽²⁾   0.5   ✓  a", "σ            [1   2]   b", "w            0.5   ✗  a"]
    assert [writable(row, "ascii") for row in rows] == [
        "dL/dw2_11    0.5   ok  a", "sigma        [1   2]   b", "w            0.5   x  a"
    ]  # fmt: skip


@given(st.text(), st.sampled_from(ENCODINGS))
def test_writable_text_can_be_encoded_and_has_no_new_question_mark(text, encoding):
    written = writable(text, encoding)
    assert written.encode(encoding).decode(encoding).count("?") <= (
        unicodedata.normalize("NFKD", text).count("?")
    )
    assert written.count("\n") >= text.count("\n")


@given(st.sampled_from("wzbaδσθλ"), st.lists(st.integers(1, 30), max_size=2), st.integers(0, 12))
def test_an_exercise_accepts_a_name_as_a_terminal_shows_it(symbol, indices, layer):
    indices = indices or [1]
    v = Value(2.0, name(symbol, *indices, layer=layer))
    y = v * 3
    y.label = "y"
    shown = writable(f"∂y/∂{v.label}", "ascii")
    assert exercise(y).judge(shown, 3)


REPORTS = """
from tinygrad_edu import *
from tinygrad_edu.lessons import worked_example
from tinygrad_edu.lessons.broken_engines import MISTAKES
from tinygrad_edu.lessons.broken_engines import compare_engines
from tinygrad_edu.lessons.why_topological_order import why_topological_order
from tinygrad_edu.nn import compare
mlp, loss = worked_example.forward()
w = mlp.layers[0].neurons[0].w[0]
sheet = exercise(loss, seed=1)
reports = [
    steps(loss), steps(loss)[0], steps(loss)[-1], steps(loss).backward, paths(loss, w),
    paths(loss, w)[0], derivation(loss, w), sheet, sheet.answer("dL/da2_1", 1),
    sheet.hint("z2_1"), sheet.solution("z2_1"), compare_engines(loss), why_topological_order(),
    *MISTAKES.values(), compare(mlp, [([0.5, -1.0], [0, 1])], losses.half_squared_error),
    gradcheck(lambda x: relu(x) + x, 0.0), gradcheck(lambda x: x * x, 1.0)[0],
    first_nonfinite(Value(float("inf"), "x₁") * Value(1.0)),
]
"""


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_every_report_can_be_printed_on_every_terminal(encoding):
    program = REPORTS + "for report in reports: print(report, end='\\n---\\n')"
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=False, capture_output=True, env={"PYTHONIOENCODING": encoding, "PYTHONPATH": ROOT},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    said = done.stdout.decode(encoding).split("\n---\n")[:-1]
    assert all(said)
    assert "?" not in "".join(said).replace(" = ?", "")  # an exercise asks with " = ?"
    if encoding == "utf-8":
        known = {}
        exec(REPORTS, known)  # noqa: S102 - the program is a constant of this file
        assert said[:3] == [repr(report) for report in known["reports"]][:3]
    else:
        assert "  z1_1 = w1_11 * x_1 + w1_12 * x_2 + b1_1 = " in said[0]


ROOT = str(Path(tinygrad_edu.__file__).parents[1])


# --- in a notebook --------------------------------------------------------------------------------

SETTING = """
from tinygrad_edu import Value, exercise
w = Value(0.5, label="w")
y = w * 3
y.label = "y"
sheet = exercise(y)
"""
RIGHT, WRONG = "✓ ∂y/∂w = 3", "✗ ∂y/∂w is not 2: that is not the derivative"
CELLS = {
    "in the middle": ('sheet.answer("dy/dw", 3)\nprint("end")', [RIGHT, "end\n"]),
    "at the end": ('print("begin")\nsheet.answer("dy/dw", 3)', ["begin\n", RIGHT]),
    "two": ('sheet.answer("dy/dw", 3)\nsheet.answer("y", 1.5)', [RIGHT, "✓ y = 1.5"]),
    "the same twice": ('sheet.answer("dy/dw", 3)\nsheet.answer("dy/dw", 3)', [RIGHT, RIGHT]),
    "in a loop": ("for i in (1, 2):\n    sheet.answer(i, 1.5 * i)", ["✓ y = 1.5", RIGHT]),
    "kept": ('kept = sheet.answer("dy/dw", 3)', [RIGHT]),
    "kept, then named": ('kept = sheet.answer("dy/dw", 3)\nkept', [RIGHT]),
    "in a condition": ('if sheet.answer("dy/dw", 3):\n    print("good")', [RIGHT, "good\n"]),
    "in a function": (
        'def tell():\n    return sheet.answer("dy/dw", 3)\ntell()\nprint("end")', [RIGHT, "end\n"]
    ),
    "a hint": ('sheet.hint("dy/dw")\nprint(sheet.score)', ["∂y/∂w = 3", "0\n"]),
    "a hint at the end": ('sheet.hint("dy/dw")', ["∂y/∂w = 3"]),
    "a solution": ('sheet.solution("dy/dw")\nprint("end")', ["∂y/∂w = 3", "end\n"]),
    "not filled in": (
        'sheet.answer("dy/dw", ...)\nprint("end")',
        ["✗ “...” is not a number I can read; write one such as 0.25, 2.5e-3 or 1/4", "end\n"],
    ),
    "shown by hand": (
        'from IPython.display import display\ndisplay(sheet.answer("dy/dw", 3))', [RIGHT]
    ),
    "judged": ('sheet.judge("dy/dw", 3)\nprint(sheet.score)', ["1.0\n"]),
}  # fmt: skip


def texts(cell):
    """Return the texts that a cell shows, in order."""
    return [
        output["text"] if output.output_type == "stream" else output["data"]["text/plain"]
        for output in cell.outputs
    ]


@pytest.fixture(scope="module")
def executed():
    """Run each cell after a fresh setting, in one kernel; then show a remark in two cells."""
    nbclient = pytest.importorskip("nbclient", reason="pip install tinygrad-edu[test]")
    pytest.importorskip("ipykernel", reason="pip install tinygrad-edu[test]")
    from nbformat import v4  # noqa: PLC0415 - installed with nbclient

    codes = [code for code, _ in CELLS.values()]
    cells = [v4.new_code_cell(code) for pair in zip([SETTING] * 99, codes) for code in pair]  # noqa: B905 - the shorter
    again = [v4.new_code_cell(code) for code in ('kept = sheet.answer("dy/dw", 3)', "kept")]
    notebook = v4.new_notebook(cells=[*cells, *again])
    nbclient.NotebookClient(notebook, kernel_name="python3", coalesce_streams=True).execute()
    return notebook.cells


@pytest.mark.parametrize("case", CELLS)
def test_a_remark_is_shown_once_anywhere_in_a_cell(executed, case):
    _, expected = CELLS[case]
    assert texts(executed[2 * list(CELLS).index(case) + 1]) == expected


def test_a_remark_that_was_kept_is_shown_again_in_another_cell(executed):
    assert [texts(cell) for cell in executed[-2:]] == [[RIGHT], [RIGHT]]


def test_in_plain_python_a_remark_is_only_returned(capsys):
    sheet = exercise(forward().loss)
    said = sheet.answer("dL/dw2_11", 0.0822)
    hint = sheet.hint("dL/dw1_11")
    assert capsys.readouterr().out == ""
    assert repr(said) == "✓ ∂L/∂w₁₁⁽²⁾ = 0.08217"
    assert hint.startswith("∂L/∂w₁₁⁽¹⁾ = ")


def test_an_interactive_session_shows_a_remark_once():
    session = subprocess.run(
        [sys.executable, "-i", "-q", "-c", SETTING],
        input='sheet.answer("dy/dw", 3)\nfor i in (1, 2): _ = sheet.answer(i, 1)\n\n',
        capture_output=True, text=True, check=True, encoding="utf-8",
        env={"PYTHONIOENCODING": "utf-8", "PYTHONPATH": ROOT},
    )  # fmt: skip
    assert session.stdout.count(RIGHT) == 1
