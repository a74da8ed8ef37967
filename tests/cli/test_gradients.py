"""The command ``check``, on files as users write them."""

import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import tinygrad_edu
from tinygrad_edu.cli import main

CODE = """
from tinygrad_edu import Value, log, tanh

def loss(w, x):
    return tanh(w * x) ** 2

def log_loss(p, y):
    return -(y * log(p) + (1 - y) * log(1 - p))

def escapes(x):
    return Value(x.data) * x

def norm(xs):
    return xs[0] * xs[0] + xs[1] * xs[1]

def cube(x):
    return x * x * x

def three_squares(x):
    return 3 * x * x

def of_parameters(p):
    return p["w"] * 2.0 + sum(p["b"])

def two_and_ones(p):
    return {"w": 2.0, "b": [1.0 for _ in p["b"]]}

def of_other_shape(x):
    return [1.0, 2.0]

def any_number(*xs):
    return xs[0]

def nothing():
    return Value(1.0)

def defaults(n=3):
    return Value(1.0)

def with_default(x, n=3):
    return x ** n

def by_name(x, *, n):
    return x ** n

def nowhere(x):
    return log(-x * x)

def without_return(x):
    x * x

def mistaken(x):
    return x + undefined_name

class Losses:
    @staticmethod
    def square(x):
        return x * x

answer = 42
"""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """The current folder, with a file of the user's."""
    (tmp_path / "mine.py").write_text(CODE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "mine", raising=False)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("PYTHONPATH", str(Path(tinygrad_edu.__file__).parents[1]))
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["mine.py:loss", "0.5", "2"], 0, "2 of 2 gradients right"),
        (["mine:loss", "0.5", "2"], 0, "∂loss/∂w"),
        (["mine.py:norm", "[0.5, -2]"], 0, "∂norm/∂xs[1]"),
        (["mine.py:loss", "0.5", "−2"], 0, "2 of 2"),
        (["mine.py:loss", "-.5", "-1e-3"], 0, "2 of 2"),
        (["mine.py:Losses.square", "3"], 0, "1 of 1"),
        (["mine.py:with_default", "3"], 0, "27"),
        (["mine.py:with_default", "3", "2"], 0, "∂with_default/∂n"),
        (["mine.py:escapes", "0.5"], 1, "wrong"),
        (["mine.py:cube", "2", "--gradient", "mine.py:three_squares"], 0, "12"),
        (["mine.py:cube", "2", "--gradient", "mine.py:cube"], 1, "wrong"),
        (["mine.py:of_parameters", '{"w": 1, "b": [2, 3]}', "--gradient", "mine.py:two_and_ones"],
         0, "∂of_parameters/∂p['b'][1]"),
        (["mine.py:cube", "2", "--order", "2"], 0, "∂²cube/∂x∂x"),
        (["tinygrad_edu:tanh", "0.5"], 0, "1 of 1"),
    ],
)  # fmt: skip
def test_gradients_at_a_point_are_checked(capsys, arguments, status, words):
    assert main(["check", *arguments]) == status
    assert words in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["mine.py:loss"], "mine.py:loss: right at all 20 points"),
        (["mine.py:loss", "--examples", "3"], "mine.py:loss: right at all 3 points"),
        (["mine.py:with_default", "--order", "2"], "right at all 20 points"),
        (["mine.py:cube", "--gradient", "mine.py:three_squares"], "right at all 20 points"),
        (["tinygrad_edu:log"], "tinygrad_edu:log: right at all 20 points"),
        (["tinygrad_edu:weighted_sum", "--examples", "5"], "right at all 5 points"),
    ],
)
def test_without_inputs_points_are_drawn(capsys, arguments, said):
    assert main(["check", *arguments]) == 0
    out = capsys.readouterr().out
    assert said in out
    assert len(out.splitlines()) == 1


def test_points_where_the_function_is_undefined_are_counted_and_replaced(capsys):
    assert main(["check", "mine.py:log_loss"]) == 0
    said = capsys.readouterr().out
    assert re.search(r"right at all 20 points \(undefined at \d+ more: mine\.py, line 8: V", said)


def test_the_same_points_are_drawn_every_time(capsys):
    said = set()
    for _ in range(2):
        assert main(["check", "mine.py:log_loss"]) == 0
        said.add(capsys.readouterr().out)
    assert len(said) == 1


@pytest.mark.parametrize(
    "arguments", [["mine.py:escapes"], ["mine.py:cube", "--gradient", "mine.py:cube"]]
)
def test_the_report_of_a_failing_point_is_printed(capsys, arguments):
    assert main(["check", *arguments]) == 1
    summary, _, report = capsys.readouterr().out.partition("\n")
    assert re.fullmatch(rf"{arguments[0]}: not right at x = [\d.e-]+", summary)
    assert report.startswith("0 of 1 gradients right\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["mine.py:loss", "1"], "mine.py:loss(w, x) does not take 1 input: missing a required"),
        (["mine.py:cube", "1", "2"], "mine.py:cube(x) does not take 2 inputs: too many"),
        (["mine.py:loss", "a", "b"], "'a' is not an input: write a number such as 0.5"),
        (["mine.py:loss", "0,5", "1"], "'0,5' is not an input"),
        (["mine.py:loss", "true", "1"], "'true' is not an input"),
        (["mine.py:loss", "[1, [2, null]]", "1"], "'[1, [2, null]]' is not an input"),
        (["mine.py:loss", "-inf", "1"], "'-inf' is not an input"),
        (["mine.py:loss", "[NaN]", "1"], "is not an input"),
        (["mine.py:loss", "[" * 100_000, "1"], "is not an input"),
        (["mine.py:any_number"], "mine.py:any_number takes any number of inputs: give the inputs"),
        (["mine.py:nothing"], "mine.py:nothing has no parameters, so there are no inputs to draw"),
        (["mine.py:defaults"], "has only parameters with default values, so there are no inputs"),
        (["mine.py:by_name"], "mine.py:by_name needs n=..., which this command cannot give"),
        (["mine.py:nowhere"], "mine.py:nowhere could be checked at none of the points drawn"),
        (["mine.py:norm"], "mine.py, line 14: TypeError: 'Value' object is not subscriptable (at "),
        (["mine.py:norm"], "(at xs = 0.0; if it takes lists, give the inputs)"),
        (["mine.py:without_return", "1"], "gradcheck: what the function returns: expected a real"),
        (["mine.py:without_return"], "got None (NoneType) (at x = 0.0"),
        (["mine.py:mistaken", "1"], "mine.py, line 53: NameError: name 'undefined_name'"),
        (["mine.py:mistaken"], "NameError: name 'undefined_name' is not defined (at x = 0.0)"),
        (["mine.py:nowhere", "1"], "mine.py, line 47: ValueError: log: log(-1.0) is undefined"),
        (["mine.py:cube", "2", "--gradient", "mine.py:answer"], "mine.py:answer is 42 (int), not"),
        (["mine.py:cube", "2", "--gradient", "mine.py:of_other_shape"], "must have 1"),
        (["mine.py:cube", "--gradient", "mine.py:of_other_shape"], "must have 1"),
        (["mine.py:cube", '{"w": 1}'], "expected a real number, got {'w': 1.0} (dict)"),
    ],
)  # fmt: skip
def test_what_cannot_be_checked_is_said_in_one_sentence(capsys, arguments, words):
    assert main(["check", *arguments]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert err.count("\n") == 1
    assert len(err) < 300


@pytest.mark.parametrize(
    "options",
    [["--order", "0"], ["--examples", "x"], ["--order", "2", "--gradient", "mine.py:cube"], ["-x"]],
)
def test_options_that_make_no_sense_are_a_wrong_command(capsys, options):
    assert main(["check", "mine.py:cube", "2", *options]) == 2
    assert capsys.readouterr().err.startswith("usage: tinygrad-edu")


def test_without_hypothesis_one_sentence_says_how_to_get_it(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    monkeypatch.delitem(sys.modules, "tinygrad_edu.cli.points", raising=False)
    assert main(["check", "mine.py:loss"]) == 1
    assert "install Hypothesis: pip install hypothesis; or give the" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "status"),
    [(["mine.py:loss", "0.5", "2"], 0), (["mine.py:loss"], 0), (["mine.py:escapes"], 1)],
)
def test_a_report_is_written_as_a_page(here, capsys, arguments, status):
    assert main(["check", *arguments, "--html", "report.html"]) == status
    page = (here / "report.html").read_text(encoding="utf-8")
    assert page.startswith('<!doctype html>\n<html lang="en">')
    assert f"<title>{arguments[0]}</title>" in page
    printed = capsys.readouterr().out
    assert ("<table>" in page) == ("gradients right" in printed)
    assert printed.splitlines()[0] in page


def test_a_page_that_cannot_be_written_is_named(capsys):
    assert main(["check", "mine.py:cube", "2", "--html", "nowhere/x.html"]) == 1
    assert "nowhere/x.html: No such file" in capsys.readouterr().err


def test_an_interrupt_ends_the_command_without_a_traceback(here, capsys):
    (here / "stop.py").write_text("def f(x):\n    raise KeyboardInterrupt\n", encoding="utf-8")
    assert main(["check", "stop.py:f", "2"]) == 130
    assert capsys.readouterr().err == "tinygrad-edu: interrupted\n"


def test_other_commands_load_neither_checks_nor_pictures():
    program = (
        "import sys; from tinygrad_edu.cli import main; main(['--version']);"
        "print(*sorted(n for n in sys.modules if n.startswith(('tinygrad_edu.', 'hypothesis'))))"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    loaded = {name.split(".")[1] for name in done.stdout.decode().split()[2:] if "." in name}
    assert not loaded & {"check", "drawing", "lessons", "explain", "pages", "nn", "testing"}
    assert b"hypothesis" not in done.stdout


# --- the fixture ----------------------------------------------------------------------------------


def test_the_fixture_fails_with_a_table_and_without_the_lines_of_this_package(pytester):
    pytester.makepyfile(
        """
        import pytest
        from hypothesis import given
        from tinygrad_edu.testing import numbers

        def test_right(check_gradients):
            check_gradients(lambda x: x * x, 3.0)

        @given(x=numbers())
        def test_drawn(check_gradients, x):
            check_gradients(lambda x: x * x, x)

        @pytest.mark.parametrize("x", [3.0])
        def test_wrong(check_gradients, x):
            check_gradients(lambda x: x * x, x, gradient=5.0)
        """
    )
    known = [point.value for point in entry_points(group="pytest11")]
    named = [] if "tinygrad_edu.fixtures" in known else ["-p", "tinygrad_edu.fixtures"]
    result = pytester.runpytest_subprocess("-p", "no:xdist", *named)
    result.assert_outcomes(passed=2, failed=1)
    said = result.stdout.str()
    assert "0 of 1 gradients right" in said
    assert "check_gradients(lambda x: x * x, x, gradient=5.0)" in said
    assert "report = gradcheck(" not in said
