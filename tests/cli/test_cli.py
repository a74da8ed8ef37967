"""The command line as a person uses it: a process with its output and its exit code."""

import functools
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_edu
from tinygrad_edu import lessons
from tinygrad_edu.cli import main


def run(*arguments, cwd=None, **environment):
    return subprocess.run(
        [sys.executable, "-m", "tinygrad_edu", *arguments],
        capture_output=True,
        check=False,
        cwd=cwd,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
    )


def test_without_a_command_it_prints_its_help():
    result = run()
    assert result.returncode == 0
    assert b"usage: tinygrad-edu" in result.stdout


def test_version():
    assert run("--version").stdout.decode().strip() == f"tinygrad-edu {tinygrad_edu.__version__}"


@pytest.mark.parametrize(
    ("ending", "start"),
    [
        ("svg", b"<?xml"),
        ("SVG", b"<?xml"),
        ("png", b"\x89PNG"),
        ("pdf", b"%PDF-"),
        ("dot", b"digraph"),
        ("gv", b"digraph"),
        ("html", b"<!doctype html>"),
    ],
)
def test_demo_prints_the_figures_and_writes_the_picture(tmp_path, ending, start):
    if ending == "pdf":
        pytest.importorskip("typst")
    file = tmp_path / f"figure.{ending}"
    result = run("demo", "-o", str(file))
    assert result.returncode == 0
    assert result.stderr == b""
    assert "0.0821670    0.0821  cut off: rounded it is 0.0822" in result.stdout.decode()
    assert file.read_bytes().startswith(start)


def test_demo_without_options_writes_into_the_current_folder(tmp_path):
    result = run("demo", cwd=tmp_path)
    assert result.returncode == 0
    assert [file.name for file in tmp_path.iterdir()] == ["worked_example.svg"]
    assert result.stdout.decode().rstrip().endswith("Picture: worked_example.svg")


def test_a_dash_sends_the_picture_alone_to_standard_output(tmp_path):
    result = run("demo", "-o", "-", cwd=tmp_path)
    assert result.stdout.startswith(b"<?xml")
    assert result.stdout.rstrip().endswith(b"</svg>")
    assert list(tmp_path.iterdir()) == []
    assert run("demo", "-o", "-", "--format", "dot").stdout.startswith(b"digraph")


@pytest.mark.parametrize("name", ["figure.jpg", "figure.xyz", "figure.svg.gz"])
def test_an_unknown_ending_leaves_no_file(tmp_path, name):
    assert run("demo", "-o", name, cwd=tmp_path).returncode == 2
    assert list(tmp_path.iterdir()) == []


def test_a_pdf_that_cannot_be_written_here_is_refused_in_one_sentence(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "typst", None)
    assert main(["demo", "-o", str(tmp_path / "x.pdf")]) == 1
    assert capsys.readouterr().err.startswith("tinygrad-edu: a PDF needs the extra `pdf`")


@pytest.mark.parametrize(
    ("name", "options", "start"),
    [
        ("figure", [], b"<?xml"),
        ("figure", ["--format", "png"], b"\x89PNG"),
        ("figure", ["--format", "html"], b"<!doctype html>"),
        ("figure.PNG", [], b"\x89PNG"),
        ("figure.dot", ["--format", "dot"], b"digraph"),
        ("-", [], b"<?xml"),
        ("-", ["--format", "dot"], b"digraph"),
    ],
)
def test_the_ending_decides_and_without_an_ending_the_option_format(tmp_path, name, options, start):
    result = run("demo", "-o", name, *options, cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, b"")
    written = result.stdout if name == "-" else (tmp_path / name).read_bytes()
    assert written.startswith(start)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "figure.gif"], "'figure.gif' does not end in .svg, .png, .pdf, .dot, .gv or .html"),
        (["-o", "figure.v2", "--format", "png"], "'figure.v2' does not end in .svg, .png, .pdf"),
        (["-o", "y.svg", "--format", "png"], "'y.svg' ends in .svg, but --format says png: leave"),
    ],
)
def test_a_wrong_ending_and_a_contradiction_are_wrong_commands(tmp_path, arguments, said):
    result = run("demo", *arguments, cwd=tmp_path)
    assert (result.returncode, result.stdout) == (2, b"")
    assert said in result.stderr.decode()
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_command_is_a_wrong_command():
    assert run("dance").returncode == 2


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    result = run("demo", "-o", str(tmp_path / "nowhere" / "x.svg"))
    assert result.returncode == 1
    assert "x.svg: No such file or directory" in result.stderr.decode()
    assert "Traceback" not in result.stderr.decode()


# --- terminals, pipes and files -------------------------------------------------------------------

reported = functools.cache(lessons.report)
COMMANDS = [
    ["--help"], ["--version"], ["demo", "--help"], ["example", "--help"], [],
    ["demo", "-o", "x.dot"], ["demo", "-o", "∂z₁.dot"], ["example", "--list"],
    ["check", "--help"], ["check-engine", "--help"], ["check", "tinygrad_edu:tanh", "0.5"],
    ["check", "tinygrad_edu:log", "--examples", "2"], ["check-engine", "tinygrad_edu:Value"],
]  # fmt: skip
TRAINING = {"batches", "ten_thousand_rounds", "universal_approximation"}  # they take seconds
COMMANDS += [
    pytest.param(["example", name], marks=pytest.mark.slow if name in TRAINING else [])
    for name in lessons.names()
]


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "cp437", "utf-8"])
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_can_be_read_on_every_terminal(command, encoding, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(lessons, "report", reported)
    bytes_, errors = io.BytesIO(), io.StringIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(bytes_, encoding, newline="\n"))
    monkeypatch.setattr(sys, "stderr", errors)
    assert main(command) == 0
    assert errors.getvalue() == ""
    said = bytes_.getvalue().decode(encoding)
    assert said
    assert "?" not in said
    assert "\\u" not in said
    assert not re.search(" $", said, re.MULTILINE)
    if command[:1] == ["demo"] and "--help" not in command and encoding != "utf-8":
        assert re.search(r"^  z1_1 {16}0\.3775000    0\.3775  ok$", said, re.MULTILINE)
        assert "dL/da2_1 * da2_1/dz2_1 * dz2_1/da1_1" in said


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "cp1252"},
        {"PYTHONIOENCODING": "", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    ],
    ids=str,
)
def test_a_process_without_unicode_writes_names_as_they_are_typed(environment, tmp_path):
    result = run("demo", "-o", str(tmp_path / "x.dot"), **environment)
    assert (result.returncode, result.stderr) == (0, b"")
    assert (
        b"  dL/dw2_11           0.0821670    0.0821  cut off: rounded it is 0.0822" in result.stdout
    )
    assert b"?" not in result.stdout


def test_an_error_on_a_terminal_without_unicode_is_written_as_it_is_typed(tmp_path):
    nowhere = str(tmp_path / "z₁⁽²⁾" / "x.svg")
    result = run("demo", "-o", nowhere, PYTHONIOENCODING="ascii")
    assert result.returncode == 1
    assert b"z2_1" in result.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "command",
    [["--version"], ["--help"], [], ["demo", "-o", "x.dot"], ["demo", "-o", "-"],
     ["demo", "--help"], ["example"], ["example", "--list"], ["example", "perceptron"]],
    ids=" ".join,
)  # fmt: skip
def test_output_that_cannot_be_written_is_an_error_in_one_sentence(command, unbuffered, tmp_path):
    with Path("/dev/full").open("wb") as full:
        result = subprocess.run(
            [sys.executable, "-m", "tinygrad_edu", *command],
            stdout=full, stderr=subprocess.PIPE, check=False, cwd=tmp_path,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        )  # fmt: skip
    said = "tinygrad-edu: standard output: No space left on device\n"
    assert (result.returncode, result.stderr.decode()) == (1, said)


def test_the_output_is_the_same_if_python_removes_docstrings(tmp_path):
    """``python -OO`` removes them."""
    for command in (["example", "--list"], ["example", "perceptron"], ["demo", "-o", "x.dot"]):
        plain, stripped = (
            run(*command, cwd=tmp_path, PYTHONOPTIMIZE=level).stdout for level in ("", "2")
        )
        assert plain == stripped
        assert b"None" not in stripped


@pytest.mark.skipif(sys.platform == "win32", reason="pipes break differently there")
@pytest.mark.parametrize(
    "command", [["demo", "-o", "x.dot"], ["--version"], ["--help"], ["example"]]
)
def test_it_is_no_error_if_the_reader_of_a_pipe_stops_early(command, tmp_path):
    read_end, write_end = os.pipe()
    os.close(read_end)
    result = subprocess.run(
        [sys.executable, "-m", "tinygrad_edu", *command],
        stdout=write_end,
        stderr=subprocess.PIPE,
        check=False,
        cwd=tmp_path,
    )
    os.close(write_end)
    assert (result.returncode, result.stderr) == (0, b"")


# --- examples -------------------------------------------------------------------------------------


def test_the_list_of_examples_says_what_each_shows():
    listed = run("example", "--list").stdout.decode()
    assert listed == run("example").stdout.decode()
    assert [line.split()[0] for line in listed.splitlines()] == lessons.names()
    for line in listed.splitlines():
        assert re.search(r"\([A-E]\d+(, [A-E]\d+)*\)\.$", line), "the rows of the lectures"


@pytest.mark.parametrize("name", lessons.names())
def test_every_example_prints_a_report_that_fits_a_terminal(name, capsys, monkeypatch):
    monkeypatch.setattr(lessons, "report", reported)
    assert main(["example", name]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 9
    assert max(map(len, lines)) <= 108


def test_an_unknown_example_is_a_wrong_command():
    result = run("example", "dance")
    assert result.returncode == 2
    assert b"'xor'" in result.stderr
