"""The command line as a person meets it: a process, its output, its exit code."""

import os
import re
import subprocess
import sys

import pytest

import tinygrad_edu
from tinygrad_edu import examples
from tinygrad_edu.cli import main


def run(*arguments, cwd=None, **environment):
    return subprocess.run(
        [sys.executable, "-m", "tinygrad_edu", *arguments],
        capture_output=True,
        check=False,
        cwd=cwd,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
    )


def test_bare_it_prints_help():
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


def test_demo_alone_writes_beside_you(tmp_path):
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


def test_an_unknown_ending_is_a_wrong_command():
    result = run("demo", "-o", "figure.gif")
    assert result.returncode == 2
    assert b"'figure.gif' does not end in .svg, .png, .pdf, .dot, .gv or .html" in result.stderr


@pytest.mark.parametrize("name", ["figure.jpg", "figure.xyz", "figure", "figure.svg.gz"])
def test_an_unknown_ending_leaves_no_file(tmp_path, name):
    assert run("demo", "-o", name, cwd=tmp_path).returncode == 2
    assert list(tmp_path.iterdir()) == []


def test_a_pdf_that_nothing_here_can_write_is_answered_in_a_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "typst", None)
    assert main(["demo", "-o", str(tmp_path / "x.pdf")]) == 1
    assert capsys.readouterr().err.startswith("tinygrad-edu: a PDF needs the extra `pdf`")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_command_is_a_wrong_command():
    assert run("dance").returncode == 2


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    result = run("demo", "-o", str(tmp_path / "nowhere" / "x.svg"))
    assert result.returncode == 1
    assert "x.svg: No such file or directory" in result.stderr.decode()
    assert "Traceback" not in result.stderr.decode()


def test_a_terminal_without_unicode_still_gets_the_figures(tmp_path):
    result = run("demo", "-o", str(tmp_path / "x.dot"), PYTHONIOENCODING="ascii")
    assert result.returncode == 0
    assert b"0.2983711" in result.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="pipes break differently there")
def test_a_reader_that_leaves_early_is_no_error(tmp_path):
    read_end, write_end = os.pipe()
    os.close(read_end)
    result = subprocess.run(
        [sys.executable, "-m", "tinygrad_edu", "demo", "-o", str(tmp_path / "x.dot")],
        stdout=write_end,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(write_end)
    assert (result.returncode, result.stderr) == (0, b"")


# --- examples -------------------------------------------------------------------------------------


def test_the_list_of_examples_says_what_each_shows():
    listed = run("example", "--list").stdout.decode()
    assert listed == run("example").stdout.decode()
    assert [line.split()[0] for line in listed.splitlines()] == examples.names()
    for line in listed.splitlines():
        assert re.search(r"\([A-E]\d+(, [A-E]\d+)*\)\.$", line), "the rows of the lectures"


@pytest.mark.parametrize("name", examples.names())
def test_every_example_prints_a_report_that_fits_a_terminal(name, capsys):
    assert main(["example", name]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 9
    assert max(map(len, lines)) <= 108


def test_an_unknown_example_is_a_wrong_command():
    result = run("example", "dance")
    assert result.returncode == 2
    assert b"'xor'" in result.stderr
