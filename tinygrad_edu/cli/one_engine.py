"""The check of one engine, in a process of its own, so that it may crash or hang."""

from __future__ import annotations

import inspect
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from tinygrad_edu.cli.command import CommandError
from tinygrad_edu.cli.user_code import loaded, module_at, split, told

__all__ = ["EngineResult", "checked_apart"]

PROGRAM = (
    "import sys; sys.path[:] = sys.argv[4:]; from tinygrad_edu.cli.one_engine import write_result; "
    "write_result(*sys.argv[1:4])"
)
"""What the process runs. It finds the same modules as this one, whatever files stand around it."""


class EngineResult(NamedTuple):
    """What was found in one engine."""

    name: str
    """The name of the class, or "" if it was not found."""
    is_right: bool
    mistakes: tuple[str, ...] = ()
    """A word for each mistake."""
    remarks: str = ""
    text: str = ""
    """The whole report."""
    error: str = ""
    """Why there is no report."""


def checked_apart(target: str, names: dict[str, str | None], timeout: float) -> EngineResult:
    """Check an engine in another process; a crash or an endless loop is an error in the result.

    Args:
        target: ``file.py:Class``, or ``file.py`` if it has one class that is an engine.
        names: the options ``data``, ``grad`` and ``backward`` of ``check_engine``.
        timeout: after how many seconds the process is stopped.
    """
    _, name = split(target)
    with TemporaryDirectory() as folder:
        result = Path(folder, "result.json")
        command = [sys.executable, "-c", PROGRAM, str(result), target, json.dumps(names), *sys.path]
        try:
            done = subprocess.run(  # noqa: S603 - it is Python itself
                command,
                timeout=timeout,
                check=False,
                stdin=subprocess.DEVNULL,  # so that input() raises an error
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired:
            error = f"it was stopped after {timeout:g} seconds: look for an endless loop"
            return EngineResult(name, is_right=False, error=error)
        if result.exists():
            found = json.loads(result.read_text(encoding="utf-8"))
            return EngineResult(**{**found, "mistakes": tuple(found["mistakes"])})
    return EngineResult(name, is_right=False, error=f"the process ended: {ending(done.returncode)}")


def ending(code: int) -> str:
    """Return how a process ended.

    >>> ending(3), ending(-11)
    ('exit code 3', 'signal SIGSEGV')
    """
    if code < 0:
        try:
            return f"signal {signal.Signals(-code).name}"
        except ValueError:
            return f"signal {-code}"
    return f"exit code {code}"


# --- in the other process -------------------------------------------------------------------------


def write_result(file: str, target: str, names: str) -> None:
    """Check an engine and write what was found to a file; then end, whatever else still runs."""
    text = json.dumps(checked(target, json.loads(names))._asdict())
    part = Path(f"{file}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(file)
    os._exit(0)  # threads of the engine's file must not keep the process alive


def checked(target: str, names: dict[str, Any]) -> EngineResult:
    """Check an engine in this process."""
    place, name = split(target)
    try:
        if name:
            return result_of(loaded(target), names)
        return only_engine(place, names)
    except CommandError as error:
        return EngineResult(name, is_right=False, error=str(error))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the engine may raise anything
        return EngineResult(name, is_right=False, error=told(error, "check_engine"))


def result_of(kind: Any, names: dict[str, Any]) -> EngineResult:
    """Return what ``check_engine`` finds in a class."""
    from tinygrad_edu.check import check_engine  # noqa: PLC0415 - only this process needs it

    report = check_engine(kind, **names)
    return EngineResult(
        report.name, bool(report), tuple(report.kinds), "; ".join(report.remarks), repr(report)
    )


def only_engine(place: str, names: dict[str, Any]) -> EngineResult:
    """Return what is found in the one class of a file that ``check_engine`` accepts."""
    module = module_at(place)
    classes = dict.fromkeys(filter(inspect.isclass, vars(module).values()))
    kinds = [kind for kind in classes if kind.__module__ == module.__name__]
    if not kinds:
        message = f"{place} defines no class"
        raise CommandError(message)
    found, refused = [], []
    for kind in kinds:
        try:
            found.append(result_of(kind, names))
        except (TypeError, AttributeError) as error:  # noqa: PERF203 - the loop is short
            refused.append(told(error, "check_engine"))
    if len(found) == 1:
        return found[0]
    if found:
        listed = ", ".join(result.name for result in found)
        message = f"{place} has several engines, {listed}: say which one, as in {place}:"
        raise CommandError(message + found[0].name)
    if len(kinds) == 1:
        raise CommandError(refused[0])
    listed = ", ".join(kind.__name__ for kind in kinds)
    message = f"{place} has no class that is an engine, among {listed}; {refused[0]}"
    raise CommandError(message)
