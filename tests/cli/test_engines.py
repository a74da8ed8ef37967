"""The command ``check-engine``, on files as students hand them in."""

import csv
import importlib.util
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_edu
from tinygrad_edu.cli import engines, main

spec = importlib.util.spec_from_file_location(
    "home_made", Path(__file__).parent.parent / "check" / "home_made.py"
)
home_made = importlib.util.module_from_spec(spec)
spec.loader.exec_module(home_made)

RIGHT = home_made.RIGHT["tuples"]
FIRST = "self.value, self.gradient = value, 0.0"
FILES = {
    "right": RIGHT,
    "wrong": dict(home_made.CASES)["overwrite"],
    "noisy": "print('hello')\n" + RIGHT,
    "network": RIGHT + "\nclass Neuron:\n    def __init__(self, n): self.w = [Number(1.0)] * n\n",
    "two": RIGHT.replace("Number", "Other") + RIGHT,
    "none": "def f(x): return x\n",
    "network_alone": "class Neuron:\n    def __init__(self, n): self.w = [1.0] * n\n"
    "class Layer(Neuron): pass\n",
    "stops": "import sys\nsys.exit('stop')\n",
    "broken": "x = 1 / 0\n",
    "asks": "name = input()\n" + RIGHT,
    "crashes": "import os\n" + RIGHT.replace(FIRST, "os._exit(3)"),
    "killed": "import os\n" + RIGHT.replace(FIRST, "os.kill(os.getpid(), 9)"),
    "hangs": RIGHT.replace(FIRST, "[None for _ in iter(int, 1)]"),
    "thread": "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\n"
    + RIGHT,
    "empty": "class Value:\n    def __init__(self, data):\n        self.data = data\n"
    "        self.grad = 0.0\n    def backward(self): pass\n",
    "named": RIGHT.replace("value", "content").replace("gradient", "slope"),
}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """The current folder, with the files of students."""
    for name, source in FILES.items():
        (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("target", "status", "said"),
    [
        ("right.py:Number", 0, "right.py:Number: ✓ right on all"),
        ("right.py", 0, "right.py:Number: ✓ right on all"),
        ("right:Number", 0, "right:Number: ✓ right on all"),
        ("network.py", 0, "network.py:Number: ✓ right on all"),
        ("noisy.py", 0, "noisy.py:Number: ✓ right"),
        ("thread.py", 0, "thread.py:Number: ✓ right"),
        ("tinygrad_edu:Value", 0, "tinygrad_edu:Value: ✓ right"),
        ("wrong.py", 1, "wrong.py:Number: ✗ "),
        ("two.py", 1, "two.py has several engines, Other, Number: say which one, as in two.py:O"),
        ("two.py:Number", 0, "two.py:Number: ✓ right"),
        ("none.py", 1, "none.py defines no class"),
        ("none.py:f", 1, "none.py:f: check_engine: "),
        ("network_alone.py", 1, "network_alone.py has no class that is an engine, among Neuron, "),
        ("network_alone.py:Neuron", 1, "network_alone.py:Neuron: check_engine: Neuron(2.375) r"),
        ("nowhere.py", 1, "nowhere.py: there is no such file"),
        ("wrong.py:Value", 1, "wrong.py has no name 'Value'; it has Number"),
        ("stops.py", 1, "stops.py, line 2: SystemExit: stop"),
        ("broken.py", 1, "broken.py, line 1: ZeroDivisionError: division by zero"),
        ("asks.py", 1, "asks.py, line 1: EOFError"),
        ("crashes.py", 1, "crashes.py: the process ended: exit code 3"),
        ("empty.py", 1, "empty.py: check_engine: Value has neither + nor *"),
    ],
)
def test_an_engine_is_checked(capsys, target, status, said):
    assert main(["check-engine", target]) == status
    out, err = capsys.readouterr()
    assert out.startswith(said)
    assert err == ""
    assert "✓" in out or "✗" in out or out.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="signals as in POSIX")
def test_a_process_that_is_killed_is_an_error(capsys):
    assert main(["check-engine", "killed.py"]) == 1
    assert capsys.readouterr().out == "killed.py: the process ended: signal SIGKILL\n"


def test_an_endless_loop_is_stopped(capsys):
    assert main(["check-engine", "hangs.py", "--timeout", "1.5"]) == 1
    said = "hangs.py: it was stopped after 1.5 seconds: look for an endless loop\n"
    assert capsys.readouterr().out == said


def test_a_class_of_students_is_a_table_with_a_row_for_each(here, capsys):
    targets = ["right.py", "broken.py", "wrong.py:Number", "crashes.py", "nowhere.py"]
    assert main(["check-engine", *targets, "--csv", "engines.csv"]) == 1
    rows = list(csv.DictReader((here / "engines.csv").read_text(encoding="utf-8").splitlines()))
    assert [(row["file"], row["class"], row["right"], row["mistakes"]) for row in rows] == [
        ("right.py", "Number", "yes", ""),
        ("broken.py", "", "no", ""),
        ("wrong.py", "Number", "no", "overwrite"),
        ("crashes.py", "", "no", ""),
        ("nowhere.py", "", "no", ""),
    ]
    assert [bool(row["error"]) for row in rows] == [False, True, False, True, True]
    assert capsys.readouterr().out.splitlines()[-1] == "1 of 5 engines right"


def test_a_dash_sends_the_table_alone_to_standard_output(capsys):
    assert main(["check-engine", "right.py", "none.py", "--csv", "-"]) == 1
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert rows[0] == ["file", "class", "right", "mistakes", "remarks", "error"]
    assert [row[2] for row in rows[1:]] == ["yes", "no"]


def test_a_table_that_cannot_be_written_is_an_error_before_any_engine_runs(capsys):
    assert main(["check-engine", "hangs.py", "--csv", "nowhere/x.csv"]) == 1
    assert "nowhere/x.csv: No such file" in capsys.readouterr().err


def test_the_table_is_kept_if_the_command_is_interrupted(here, capsys, monkeypatch):
    checked = engines.checked_apart

    def interrupted(target, names, timeout):
        if target == "wrong.py":
            raise KeyboardInterrupt
        return checked(target, names, timeout)

    monkeypatch.setattr(engines, "checked_apart", interrupted)
    assert main(["check-engine", "right.py", "wrong.py", "--csv", "engines.csv"]) == 130
    assert "right.py,Number,yes" in (here / "engines.csv").read_text(encoding="utf-8")
    assert capsys.readouterr().err == "tinygrad-edu: interrupted\n"


def test_the_names_of_attributes_are_handed_on(capsys):
    names = ["--data", "content", "--grad", "slope"]
    assert main(["check-engine", "named.py", *names]) == 0
    assert main(["check-engine", "named.py", *names, "--backward", "nothing"]) == 1
    assert "nothing" in capsys.readouterr().out


@pytest.mark.parametrize("seconds", ["0", "-1", "soon", "nan"])
def test_a_time_limit_is_a_number_above_zero(capsys, seconds):
    assert main(["check-engine", "right.py", "--timeout", seconds]) == 2
    assert "invalid seconds value" in capsys.readouterr().err


def test_files_named_like_modules_of_python_do_not_disturb_the_check(here):
    for name in ("random", "json", "subprocess", "types"):
        (here / f"{name}.py").write_text("raise SystemExit('ours')\n", encoding="utf-8")
    package = str(Path(tinygrad_edu.__file__).parents[1])
    program = (  # as the installed script does: the current folder is not on the path
        f"import sys; sys.path[0] = {package!r}; from tinygrad_edu.cli import main; "
        "sys.exit(main(['check-engine', 'right.py']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True, text=True, check=False, encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
