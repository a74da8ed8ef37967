"""The commands ``check`` and ``check-engine``, on files as users write them."""

import csv
import importlib.util
from pathlib import Path

import pytest

from tinygrad_edu.cli import main

spec = importlib.util.spec_from_file_location(
    "home_made", Path(__file__).parent.parent / "check" / "home_made.py"
)
home_made = importlib.util.module_from_spec(spec)
spec.loader.exec_module(home_made)

CODE = """
from tinygrad_edu import Value, tanh

def loss(w, x):
    return tanh(w * x) ** 2

def escapes(x):
    return Value(x.data) * x

def norm(xs):
    return xs[0] * xs[0] + xs[1] * xs[1]

def cube(x):
    return x * x * x

def three_squares(x):
    return 3 * x * x

def any_number(*xs):
    return xs[0]

answer = 42
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a file of the user's."""
    (tmp_path / "mine.py").write_text(CODE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["mine.py:loss", "0.5", "2"], 0, "2 of 2 gradients right"),
        (["mine:loss", "0.5", "2"], 0, "∂loss/∂w"),
        (["mine.py:norm", "[0.5, -2]"], 0, "∂norm/∂xs[1]"),
        (["mine.py:loss", "0.5", "−2"], 0, "2 of 2"),
        (["mine.py:escapes", "0.5"], 1, "wrong"),
        (["mine.py:loss"], 0, "20 inputs checked: every gradient is right"),
        (["mine.py:escapes"], 1, "0 of 1 gradients right"),
        (["mine.py:cube", "2", "--gradient", "mine.py:three_squares"], 0, "12"),
        (["mine.py:cube", "2", "--gradient", "mine.py:cube"], 1, "wrong"),
        (["mine.py:cube", "2", "--order", "2"], 0, "∂²cube/∂x∂x"),
    ],
)
@pytest.mark.usefixtures("here")
def test_gradients_are_checked(capsys, arguments, status, words):
    assert main(["check", *arguments]) == status
    assert words in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["mine.py:nothing", "1"], "mine.py has no 'nothing'; it has loss, escapes, norm"),
        (["theirs.py:loss", "1"], "there is no file theirs.py"),
        (["mine.py", "1"], "'mine.py' is not a place: write file.py:name or module:name"),
        (["no_such_module:f", "1"], "No module named 'no_such_module'"),
        (["mine.py:answer", "1"], "mine.py:answer is not a function"),
        (["mine.py:loss", "1"], "mine.py:loss: TypeError: "),
        (["mine.py:loss", "a", "b"], "'a' is not an input: write a number such as 0.5"),
        (["mine.py:any_number"], "how many inputs mine.py:any_number takes is not known"),
        (["broken.py:f", "1"], "broken.py, line 2: ZeroDivisionError: division by zero"),
        (["wrong.py:f", "1"], "wrong.py, line 1: SyntaxError"),
    ],
)
def test_what_cannot_be_checked_is_said_in_one_sentence(here, capsys, arguments, words):
    (here / "broken.py").write_text("x = 1\ny = x / 0\n", encoding="utf-8")
    (here / "wrong.py").write_text("def f(:\n", encoding="utf-8")
    assert main(["check", *arguments]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert err.count("\n") == 1


def test_a_report_is_written_as_a_page(here):
    assert main(["check", "mine.py:loss", "0.5", "2", "--html", "report.html"]) == 0
    page = (here / "report.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "<table>" in page


def test_engines_are_checked_one_by_one(here, capsys):
    cases = dict(home_made.CASES)
    engines = {
        "right.py": home_made.RIGHT["tuples"],
        "wrong.py": cases["overwrite"],
        "breaks.py": "raise SystemExit('stop')\n",
        "two.py": home_made.RIGHT["tuples"].replace("class Number", "class Other")
        + home_made.RIGHT["tuples"],
        "sleeps.py": "class Value:\n    def __init__(self, data):\n        while True: pass\n"
        "    def __add__(self, other): pass\n",
    }
    for name, source in engines.items():
        (here / name).write_text(source, encoding="utf-8")
    assert main(["check-engine", "right.py:Number"]) == 0
    assert "✓ right on all" in capsys.readouterr().out
    assert main(["check-engine", *engines, "--csv", "engines.csv", "--timeout", "6"]) == 1
    rows = list(csv.DictReader((here / "engines.csv").read_text(encoding="utf-8").splitlines()))
    found = {row["engine"]: (row["right"], row["mistakes"], row["error"]) for row in rows}
    assert found["right.py"] == ("yes", "", "")
    assert found["wrong.py"][:2] == ("no", "overwrite")
    assert found["breaks.py"] == ("no", "", "breaks.py: stop")
    assert "say which class is the engine" in found["two.py"][2]
    assert found["sleeps.py"][2] == "sleeps.py: no answer within 6 seconds"


def test_the_fixture_fails_with_a_table(pytester):
    pytester.makepyfile(
        """
        def test_right(check_gradients):
            check_gradients(lambda x: x * x, 3.0)

        def test_wrong(check_gradients):
            check_gradients(lambda x: x * x, 3.0, gradient=5.0)
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:xdist")
    result.assert_outcomes(passed=1, failed=1)
    assert "0 of 1 gradients right" in result.stdout.str()
