"""Functions and classes of the user, by file and name."""

import os
import sys

import pytest

from tinygrad_edu.cli.command import CommandError
from tinygrad_edu.cli.user_code import called, loaded


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in ("mine", "broken", "needs"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return tmp_path


def write(folder, **files):
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("theirs.py:loss", "theirs.py: there is no such file"),
        ("folder.py:loss", "folder.py is not a file"),
        ("./notes.txt:loss", "./notes.txt: the name of a file with Python code ends in .py"),
        ("mine.py", "mine.py: say which function, as in mine.py:NAME; it has f, C"),
        ("mine", "'mine' names no function: write FILE.py:FUNCTION or MODULE:FUNCTION"),
        ("mine:", "'mine:' names no function"),
        (":f", "'' is neither the name of a module nor that of a file"),
        ("", "'' names no function"),
        ("a-b:f", "'a-b' is neither the name of a module"),
        ("no_such_module:f", "there is no module 'no_such_module' here, and none is installed"),
        ("mine.py:g", "mine.py has no name 'g'; it has f, C"),
        ("mine.py:C.g", "mine.py:C has no name 'g'; it has h"),
        ("mine.py:C..h", "mine.py:C has no name ''"),
        ("many.py:g", "it has f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, ..."),
        ("empty.py:g", "empty.py has no name 'g'; it has no names"),
        ("mine.py:answer", "mine.py:answer is 42 (int), not a function"),
        ("broken.py:f", "broken.py, line 2: ZeroDivisionError: division by zero"),
        ("wrong.py:f", "wrong.py, line 2: SyntaxError: "),
        ("stops.py:f", "stops.py, line 1: SystemExit: no"),
        ("reads.py:f", "reads.py, line 1: FileNotFoundError: [Errno 2] No such file"),
        ("imports.py:f", "broken.py, line 2: ZeroDivisionError"),
        ("needs.py:f", "needs.py, line 1: ModuleNotFoundError: No module named 'no_such_module'"),
        ("needs:f", "needs.py, line 1: ModuleNotFoundError: No module named 'no_such_module'"),
        ("deep.py:f", "deep.py, line 2: ValueError: one two"),
    ],
)
def test_what_cannot_be_loaded_is_said_in_one_sentence(here, target, words):
    (here / "folder.py").mkdir()
    (here / "notes.txt").write_text("x", encoding="utf-8")
    write(
        here,
        mine="import math\nfrom fractions import Fraction\n_hidden = 1\nanswer = 42\n"
        "def f(x): return x\nclass C:\n    def h(self): pass\n",
        many="".join(f"def f{i}(): pass\n" for i in range(20)),
        empty="",
        broken="x = 1\ny = x / 0\n",
        wrong="x = 1\ndef f(:\n",
        stops="raise SystemExit('no')\n",
        reads="open('no_such_file')\n",
        imports="import broken\n",
        needs="import no_such_module\n",
        deep="def g():\n    raise ValueError('one\\n  two')\ng()\n",
    )
    with pytest.raises(CommandError) as raised:
        called(target)
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_finds_the_files_beside_it_and_hides_no_module(here, monkeypatch):
    folder = here / "part"
    folder.mkdir()
    write(folder, mine="import helper_of_mine\nimport colorsys\nf = helper_of_mine.f\n",
          helper_of_mine="def f(x): return x\n", colorsys="ours = True\n")  # fmt: skip
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    assert called("part/mine.py:f")(3) == 3
    assert sys.modules.pop("colorsys").ours
    del sys.modules["helper_of_mine"]
    assert not hasattr(__import__("colorsys"), "ours")


def test_a_file_may_be_called_like_a_module_of_python(here):
    write(here, statistics="def f(x): return x\n")
    import statistics  # noqa: PLC0415

    assert called("statistics.py:f")(3) == 3
    assert sys.modules["statistics"] is statistics
    assert called(f"{here}/statistics.py:f")(4) == 4


def test_a_file_is_run_once_until_it_changes(here):
    text = (
        "from dataclasses import dataclass\nruns = []\nruns.append(1)\n"
        "@dataclass\nclass D:\n    x: int\ndef f(): return runs\n"
    )
    write(here, counted=text)
    assert loaded("counted.py:f") is loaded("counted.py:f")
    assert loaded("counted.py:runs") == [1]
    assert loaded("counted.py:D")(2).x == 2
    write(here, counted=f"{text}new = 1\n")
    os.utime("counted.py", (0, 0))
    assert loaded("counted.py:new") == 1


def test_files_of_the_same_name_in_two_folders_are_two_modules(here):
    for name in ("a", "b"):
        (here / name).mkdir()
        write(here / name, same=f"def f(): return {name!r}\n")
    assert [loaded(f"{name}/same.py:f")() for name in ("a", "b")] == ["a", "b"]
