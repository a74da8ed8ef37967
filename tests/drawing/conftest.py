"""Fixtures for machines whose `dot` works, is broken, or is missing."""

import importlib.metadata
import stat
import sys
import textwrap
from pathlib import Path

import pytest

from tinygrad_edu.drawing import dot

PURE = [program for program in dot.programs() if Path(program).stem == "graphviz-pure"]


@pytest.fixture
def no_dot(monkeypatch, tmp_path_factory):
    """No `dot` is on the PATH, so graphviz-pure draws."""
    monkeypatch.setenv("PATH", str(tmp_path_factory.mktemp("path")))


@pytest.fixture
def no_program(no_dot, monkeypatch):  # noqa: ARG001 - a fixture that is used
    """Neither a `dot` on the PATH nor graphviz-pure is installed."""

    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "files", missing)


@pytest.fixture
def no_typst(monkeypatch):
    monkeypatch.setitem(sys.modules, "typst", None)


@pytest.fixture
def no_graphviz(no_program, no_typst):
    """No program draws, so this package draws by itself."""


@pytest.fixture
def fake_dot(monkeypatch, tmp_path_factory):
    """Puts a shell script called dot on the PATH; it may call a working program as $PURE."""
    if sys.platform == "win32" or not PURE:
        pytest.skip("needs a shell, and graphviz-pure")

    output_of = dot.output_of

    def put(script, seconds=1.0):  # other programs keep their own time limit
        folder = tmp_path_factory.mktemp("bin")
        program = Path(folder, "dot")
        program.write_text(f"#!/bin/sh\nPURE={PURE[0]}\n{textwrap.dedent(script)}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

        def impatient(command, given, limit):
            return output_of(command, given, seconds if command[0] == str(program) else limit)

        monkeypatch.setattr(dot, "output_of", impatient)
        return program

    return put
