"""The commands ``check`` and ``check-engine``."""

from __future__ import annotations

import argparse
import csv
import html
import inspect
import io
import json
import multiprocessing
import queue
from collections.abc import Callable, Iterator
from typing import Any

from tinygrad_edu.cli.user_code import UserCodeError, load, module_of
from tinygrad_edu.support import files

__all__ = ["add_check", "add_check_engine", "run_check", "run_check_engine"]

Print = Callable[[str], None]


# --- gradients ------------------------------------------------------------------------------------


def add_check(commands: Any) -> None:
    """Add the command ``check``."""
    command = commands.add_parser(
        "check",
        help="the gradients of a function of yours, against measured slopes",
        description="Compare the gradients of a function with slopes measured from its values. "
        "The exit status is 1 unless every gradient is right.",
    )
    command.add_argument("function", metavar="FILE.py:FUNCTION", help="or module:function")
    command.add_argument(
        "inputs",
        metavar="INPUT",
        nargs="*",
        help="numbers, or lists such as '[0.5, 1.0]'; left out, they are drawn by Hypothesis",
    )
    command.add_argument(
        "--gradient",
        metavar="FILE.py:FUNCTION",
        help="a gradient computed by other code, to be checked in place of the engine's",
    )
    command.add_argument("--order", type=int, default=1, help="2 checks gradients of gradients")
    command.add_argument(
        "--examples", type=int, default=20, help="how many inputs to draw (default: %(default)s)"
    )
    command.add_argument("--html", metavar="FILE", help="write the report as a page, too")


def run_check(arguments: argparse.Namespace, print_text: Print) -> int:
    """Check the gradients of a function; return the exit status."""
    from tinygrad_edu.check import gradcheck  # noqa: PLC0415 - other commands do not need it

    function = load(arguments.function)
    if not callable(function):
        message = f"{arguments.function} is not a function"
        raise UserCodeError(message)
    options = {"order": arguments.order} if arguments.order != 1 else {}
    if arguments.gradient:
        options["gradient"] = load(arguments.gradient)
    given = [number_or_list(text) for text in arguments.inputs]
    report, checked = None, 0
    for inputs in [given] if given else drawn_inputs(function, arguments):
        try:
            found = gradcheck(function, *inputs, **options)
        except Exception as error:
            if given:
                message = f"{arguments.function}: {type(error).__name__}: {error}"
                raise UserCodeError(message) from error
            continue  # not defined there
        report, checked = found, checked + 1
        if not report:
            break
    if report is None:
        message = f"{arguments.function} raised an error at every input; give inputs by hand"
        raise UserCodeError(message)
    if not given:
        at = ", ".join(f"{x:.6g}" for x in inputs)
        verdict = "every gradient is right" if report else f"at {at}"
        print_text(f"{checked} inputs checked: {verdict}")
    print_text(repr(report))
    if arguments.html:
        page = f"<!doctype html>\n<meta charset='utf-8'>\n<title>{html.escape(arguments.function)}"
        files.write(arguments.html, f"{page}</title>\n{report._repr_html_()}\n")
    return 0 if report else 1


def number_or_list(text: str) -> Any:
    """Return an input that was typed: a number, or a list of numbers as JSON."""
    try:
        found = json.loads(text.replace("−", "-"))
    except ValueError:
        found = None
    if isinstance(found, bool) or not isinstance(found, int | float | list):
        message = f"{text!r} is not an input: write a number such as 0.5, or a list '[0.5, 1.0]'"
        raise UserCodeError(message)
    return found


def drawn_inputs(function: Any, arguments: argparse.Namespace) -> Iterator[list[float]]:
    """Yield inputs that Hypothesis draws, the same every time."""
    try:
        from hypothesis import HealthCheck, given, settings  # noqa: PLC0415 - an optional extra
        from hypothesis import strategies as st  # noqa: PLC0415 - as above

        from tinygrad_edu.testing import numbers  # noqa: PLC0415 - it needs Hypothesis
    except ImportError:
        message = "drawing inputs needs Hypothesis (pip install hypothesis); or give inputs by hand"
        raise UserCodeError(message) from None
    parameters = inspect.signature(function).parameters.values()
    kinds = {parameter.kind for parameter in parameters}
    if not kinds or inspect.Parameter.VAR_POSITIONAL in kinds:
        message = f"how many inputs {arguments.function} takes is not known; give them by hand"
        raise UserCodeError(message)
    needed = [p for p in parameters if p.default is p.empty]
    drawn: list[list[float]] = []

    @settings(
        max_examples=arguments.examples, derandomize=True, database=None, deadline=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.tuples(*[numbers()] * len(needed)))
    def note(inputs: tuple[float, ...]) -> None:
        drawn.append(list(inputs))

    note()
    yield from drawn


# --- engines --------------------------------------------------------------------------------------


def add_check_engine(commands: Any) -> None:
    """Add the command ``check-engine``."""
    command = commands.add_parser(
        "check-engine",
        help="an engine that somebody wrote: which classic mistakes it has",
        description="Play graphs on engines that somebody wrote, and name the classic mistakes in "
        "them. The files are run. The exit status is 1 unless every engine is right.",
    )
    command.add_argument(
        "engines", metavar="FILE.py:CLASS", nargs="+", help="the class may be left out"
    )
    for name in ("data", "grad", "backward"):
        command.add_argument(f"--{name}", metavar="NAME", help=f"what {name} is called there")
    command.add_argument("--csv", metavar="FILE", help="a row for each engine; - is the terminal")
    command.add_argument(
        "--timeout", type=float, default=60, help="seconds for each engine (default: %(default)s)"
    )


def run_check_engine(arguments: argparse.Namespace, print_text: Print) -> int:
    """Check engines, each in a process of its own; return the exit status."""
    names = {name: getattr(arguments, name) for name in ("data", "grad", "backward")}
    rows = []
    for place in arguments.engines:
        right, mistakes, text = in_time(place, names, arguments.timeout)
        rows.append([place, "yes" if right else "no", mistakes, "" if mistakes or right else text])
        if arguments.csv != "-":
            print_text(text)
    if arguments.csv:
        table = io.StringIO()
        writer = csv.writer(table, lineterminator="\n")
        writer.writerows([["engine", "right", "mistakes", "error"], *rows])
        if arguments.csv == "-":
            print_text(table.getvalue().rstrip("\n"))
        else:
            files.write(arguments.csv, table.getvalue())
    return 0 if all(row[1] == "yes" for row in rows) else 1


def in_time(place: str, names: dict[str, Any], timeout: float) -> tuple[bool, str, str]:
    """Check an engine in a process of its own: whether it is right, its mistakes, and the text."""
    context = multiprocessing.get_context("spawn")
    answers: Any = context.Queue()
    process = context.Process(target=answer, args=(place, names, answers), daemon=True)
    process.start()
    try:
        return tuple(answers.get(timeout=timeout))
    except queue.Empty:
        return False, "", f"{place}: no answer within {timeout:g} seconds"
    finally:
        process.kill()
        process.join()


def answer(place: str, names: dict[str, Any], answers: Any) -> None:
    """Check an engine and put the answer into a queue."""
    from tinygrad_edu.check import check_engine  # noqa: PLC0415 - only in the process of an engine

    try:
        report = check_engine(engine_at(place), **names)
        answers.put((bool(report), " ".join(report.kinds), repr(report)))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - it is the code of someone else
        words = str(error) if isinstance(error, UserCodeError) else f"{place}: {error}"
        answers.put((False, "", words))


def engine_at(place: str) -> Any:
    """Return the class at a place; of a file without a name, the only one that has a sum."""
    if not place.endswith(".py"):
        return load(place)
    module = module_of(place)
    found = {
        name: kind for name, kind in vars(module).items()
        if inspect.isclass(kind) and kind.__module__ == module.__name__
        and any(hasattr(kind, method) for method in ("__add__", "__mul__"))
    }  # fmt: skip
    if len(found) != 1:
        which = ", ".join(found) or "none"
        message = (
            f"{place}: say which class is the engine, as in {place}:Value (there are: {which})"
        )
        raise UserCodeError(message)
    return next(iter(found.values()))
