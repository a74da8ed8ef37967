"""The programs that draw what is written in the DOT language, and what becomes of one that fails.

A ``dot`` on the PATH is asked first, then the one of ``graphviz-pure``. One that is missing, exits
with an error, is killed, hangs, or prints what is not a picture, is passed over.
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
"""Seconds for a single node: a Graphviz that is new first makes its list of fonts."""
MOST_BYTES = 100_000_000  # of a picture; a program that prints more prints without an end

BEGINS = {"png": b"\x89PNG\r\n\x1a\n", "pdf": b"%PDF-"}
ENDS = {"png": b"IEND\xaeB`\x82", "pdf": b"%%EOF"}


def drawn(source: str, engine: str, format_: str, dpi: float = 96) -> bytes | None:
    """Return what is written in DOT as SVG, PNG or PDF; None if no program can draw it.

    >>> drawn("digraph { a -> b", "dot", "svg") is None  # a bracket is missing
    True
    """
    data = source.encode("utf-8", "replace")
    for program in programs():
        if not works(program, Path(program).stat().st_mtime_ns):
            continue
        command = [program, f"-K{engine}", f"-T{format_}"]
        command += [f"-Gdpi={dpi:g}"] * (format_ == "png")  # it would enlarge the others, too
        picture = output_of(command, data, TIME_LIMIT)
        if is_picture(picture, format_):
            return picture
    return None


def programs() -> Iterator[str]:
    """Yield the programs that lay graphs out; a browser runs none."""
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
    """Tell whether a program draws a single node: one that hangs is found out in seconds, once."""
    command = [program, "-Tsvg"]
    return is_picture(output_of(command, b"digraph { a }", TRIAL_LIMIT), "svg")


def is_picture(data: bytes | None, format_: str) -> bool:
    """Tell whether data are a picture of that format with something in it.

    >>> is_picture(b"Segmentation fault", "svg"), is_picture(b"", "png")
    (False, False)
    """
    if not data:
        return False
    if format_ in BEGINS:
        return data.startswith(BEGINS[format_]) and ENDS[format_] in data[-1024:]
    try:
        root = ET.fromstring(data)  # noqa: S314 - by a program that the user has installed
    except (ET.ParseError, ValueError, LookupError):  # also of an encoding that is not known
        return False
    return root.tag.endswith("svg") and any(
        True for _ in root.iter("{http://www.w3.org/2000/svg}g")
    )


def output_of(command: list[str], given: bytes, limit: float) -> bytes | None:
    """Return what a program prints for what it is given; None if it fails or takes too long."""
    try:
        with TemporaryFile() as file:  # a program need not read it all
            file.write(given)
            file.seek(0)
            process = subprocess.Popen(  # noqa: S603 - the user's own dot
                command,
                stdin=file,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # so that it can be ended with all that it has started
            )
    except OSError:
        return None
    return collected(process, time.monotonic() + limit)


def collected(process: subprocess.Popen[bytes], deadline: float) -> bytes | None:
    """Return what a process prints, if it ends well and in time; end it in any case."""
    printed: list[bytes] = []
    pipe = process.stdout
    assert pipe is not None  # noqa: S101 - tells the type checker of PIPE
    reader = Thread(target=lambda: printed.append(pipe.read(MOST_BYTES)), daemon=True)
    code = None
    try:
        reader.start()
        reader.join(deadline - time.monotonic())
        if printed and len(printed[0]) < MOST_BYTES:
            code = process.wait(max(0.1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:  # it has closed its output, and goes on
        pass
    finally:
        if code is None:
            end(process)
        reader.join(1.0)
        if not reader.is_alive():
            pipe.close()
    return printed[0] if code == 0 else None


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process, and those that it has started."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()
