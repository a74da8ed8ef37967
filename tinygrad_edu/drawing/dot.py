"""Run a program that draws graphs written in the DOT language.

A ``dot`` on the PATH is tried first, then the one of ``graphviz-pure``. A program is skipped if it
is missing, exits with an error, is killed, hangs, or prints something that is not a picture.
"""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryFile
from threading import Thread
from xml.etree import ElementTree as ET

TIME_LIMIT = 60.0
"""Seconds: three times what Graphviz 2.43 takes for the most entangled graph that can be drawn."""
TRIAL_LIMIT = 10.0
"""Seconds for a single node; on its first run, Graphviz also makes a list of the fonts."""
MOST_BYTES = 100_000_000
"""Size limit of a picture; a program that prints more may never stop."""

BEGINS = {"png": b"\x89PNG\r\n\x1a\n", "pdf": b"%PDF-"}
ENDS = {"png": b"IEND\xaeB`\x82", "pdf": b"%%EOF"}


def render_dot(source: str, engine: str, format_: str, dpi: float = 96) -> bytes | None:
    """Return a graph in the DOT language as SVG, PNG or PDF, or None if no program can draw it.

    >>> render_dot("digraph { a -> b", "dot", "svg") is None  # a bracket is missing
    True
    """
    data = source.encode("utf-8", "replace")
    for program in programs():
        if not works(program, Path(program).stat().st_mtime_ns):
            continue
        command = [program, f"-K{engine}", f"-T{format_}"]
        command += [f"-Gdpi={dpi:g}"] * (format_ == "png")  # would change the size of SVG and PDF
        picture = output_of(command, data, TIME_LIMIT)
        if is_picture(picture, format_):
            return picture
    return None


def programs() -> Iterator[str]:
    """Yield the paths of the programs to try; there are none in a browser."""
    if sys.platform == "emscripten":
        return
    if found := shutil.which("dot"):
        yield found
    with suppress(importlib.metadata.PackageNotFoundError):
        for file in importlib.metadata.files("graphviz-pure") or []:
            program = Path(str(file.locate()))
            if file.stem == "graphviz-pure" and program.is_file():
                yield str(program)


@lru_cache
def works(program: str, _changed_at: int) -> bool:
    """Tell whether a program draws a single node.

    Each program is tried only once, and one that hangs is given up after ``TRIAL_LIMIT``.
    """
    command = [program, "-Tsvg"]
    return is_picture(output_of(command, b"digraph { a }", TRIAL_LIMIT), "svg")


def is_picture(data: bytes | None, format_: str) -> bool:
    """Tell whether data are a picture of that format, and not an empty one.

    >>> is_picture(b"Segmentation fault", "svg"), is_picture(b"", "png")
    (False, False)
    """
    if not data:
        return False
    if format_ in BEGINS:
        return data.startswith(BEGINS[format_]) and ENDS[format_] in data[-1024:]
    try:
        root = ET.fromstring(data)  # noqa: S314 - made by a program that the user has installed
    except (ET.ParseError, ValueError, LookupError):  # LookupError: an unknown encoding
        return False
    return root.tag.endswith("svg") and any(
        True for _ in root.iter("{http://www.w3.org/2000/svg}g")
    )


def output_of(command: list[str], given: bytes, limit: float) -> bytes | None:
    """Return the output of a program, or None if it fails or takes too long.

    Args:
        command: the program and its arguments.
        given: its standard input.
        limit: seconds.
    """
    try:
        with TemporaryFile() as file:  # unlike a pipe, it does not break if not all of it is read
            file.write(given)
            file.seek(0)
            process = subprocess.Popen(  # noqa: S603 - the user's own dot
                command,
                stdin=file,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # so that `end` also ends the processes it starts
            )
    except OSError:
        return None
    return collected(process, time.monotonic() + limit)


def collected(process: subprocess.Popen[bytes], deadline: float) -> bytes | None:
    """Return the output of a process if it succeeds in time, else None; in any case, end it."""
    printed: list[bytes] = []
    pipe = process.stdout
    assert pipe is not None  # noqa: S101 - tells the type checker that stdout is a pipe
    reader = Thread(target=lambda: printed.append(pipe.read(MOST_BYTES)), daemon=True)
    code = None
    try:
        reader.start()
        reader.join(deadline - time.monotonic())
        if printed and len(printed[0]) < MOST_BYTES:
            code = process.wait(max(0.1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:  # it has closed its output, but is still running
        pass
    finally:
        if code is None:
            end(process)
        reader.join(1.0)
        if not reader.is_alive():
            pipe.close()
    return printed[0] if code == 0 else None


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process and the processes that it has started."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()
