"""The command line: ``tinygrad-edu demo``, ``example xor``, ``check``, ``check-engine``."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tinygrad_edu import __version__, lessons
from tinygrad_edu.cli.checks import add_check, add_check_engine, run_check, run_check_engine
from tinygrad_edu.cli.user_code import UserCodeError
from tinygrad_edu.explain.passes import steps
from tinygrad_edu.lessons import worked_example
from tinygrad_edu.pages import stepper
from tinygrad_edu.support import files
from tinygrad_edu.support.showing import printable, writable
from tinygrad_edu.support.tables import aligned

PICTURE_FORMATS = ("svg", "png", "pdf", "dot", "gv", "html")
"""The formats of pictures; the first one is the default."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line on ``argv`` and return its exit code.

    The code is 0 for success, 1 if something could not be done, and 2 for a wrong command.
    """
    sys.stdout = sys.stdout or io.TextIOWrapper(io.BytesIO(), "utf-8")  # it may be closed
    status = 0
    try:
        try:
            status = run(argv)
        finally:  # an error of writing must appear here, not after the end of this function
            sys.stdout.flush()
    except SystemExit as done:  # the parser has printed its message already
        return int(done.code or 0)
    except BrokenPipeError:  # the reader has stopped reading, as in `tinygrad-edu demo | head -3`
        discard_standard_output()
    except OSError as error:
        if not error.filename:
            discard_standard_output()
        return failure(f"{error.filename or 'standard output'}: {error.strerror}")
    except UserCodeError as error:
        return failure(str(error))
    except RuntimeError as error:  # the format needs a package that is not installed
        return failure(str(error))
    return status


def run(argv: Sequence[str] | None) -> int:
    """Run the command in ``argv``, and return the exit code; a wrong one raises SystemExit."""
    commands = parser()
    arguments = commands.parse_args(argv)
    if arguments.version:
        print_text(f"tinygrad-edu {__version__}")
    elif arguments.command is None:
        commands.print_help()
    elif arguments.command == "demo":
        try:
            format_ = picture_format(arguments.output, arguments.format)
        except ValueError as error:
            commands.error(str(error))
        demo(arguments.output, format_)
    elif arguments.command == "check":
        return run_check(arguments, print_text)
    elif arguments.command == "check-engine":
        return run_check_engine(arguments, print_text)
    else:
        example(None if arguments.list else arguments.name)
    return 0


def failure(message: str) -> int:
    """Print ``message`` on standard error, and return the exit code of a failure."""
    encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
    sys.stderr.write(writable(f"tinygrad-edu: {message}\n", encoding))
    return 1


def discard_standard_output() -> None:
    """Discard the output that Python would still try to write when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def demo(output: str, format_: str) -> None:
    """Print the figures of the worked example and write its picture to the file ``output``.

    If ``output`` is "-", write only the picture, to standard output.
    """
    example = worked_example.forward()
    example.loss.backward()
    picture = worked_example.picture(example)
    if output != "-":
        print_text(worked_example.report(example))
    if format_ == "html":  # both passes, step by step
        rendered = stepper.document(steps(example.loss)).encode()
    else:
        rendered = picture.pipe(format_)
    if output == "-":
        sys.stdout.buffer.write(rendered)
    else:
        files.write(output, rendered)
        print_text(f"\nPicture: {output}")


def example(name: str | None) -> None:
    """Run an example of the lectures and print its results; without a name, list all examples."""
    if name is None:
        print_text("\n".join(aligned([[known, lessons.title(known)] for known in lessons.names()])))
    else:
        print_text(lessons.report(name))


def print_text(text: str) -> None:
    """Print ``text``, even on a terminal that cannot show some of its characters."""
    sys.stdout.write(printable(text) + "\n")


class Parser(argparse.ArgumentParser):
    """A parser that reports an error when its help cannot be written."""

    def print_help(self, file: Any = None) -> None:
        """Print the help."""
        if file is None:
            print_text(self.format_help().rstrip())
        else:
            super().print_help(file)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = Parser(
        prog="tinygrad-edu",
        description="Scalar reverse-mode automatic differentiation that shows how it works.",
    )
    top.add_argument("--version", action="store_true", help="print the version")
    commands = top.add_subparsers(dest="command", metavar="COMMAND")
    add_demo(commands)
    one = commands.add_parser(
        "example",
        help="a system of the lectures: its results as text",
        description="Run one of the systems of the lectures and print its results.",
    )
    one.add_argument(
        "name", nargs="?", choices=lessons.names(), metavar="NAME", help="the example to run"
    )
    one.add_argument("--list", action="store_true", help="list all examples (as without a NAME)")
    add_check(commands)
    add_check_engine(commands)
    return top


def add_demo(commands: Any) -> None:
    """Add the command ``demo`` to the parser."""
    demonstration = commands.add_parser(
        "demo",
        help="the worked example of lecture A: every figure, and its graph as a picture",
        description="Print every figure of the worked 2-2-2 example beside the figure that the "
        "lecture prints, and write its computation graph as a picture.",
    )
    demonstration.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        default="worked_example.svg",
        help="the file for the picture: its name ends in .svg, .png, .pdf or .dot, or in .html "
        "for a page that shows both passes step by step; - is standard output "
        "(default: %(default)s)",
    )
    demonstration.add_argument(
        "--format",
        choices=PICTURE_FORMATS,
        help="the format for a FILE without an ending and for standard output "
        f"(default: {PICTURE_FORMATS[0]})",
    )


def picture_format(output: str, wanted: str | None) -> str:
    """Return the format of a picture: the ending of its file, or ``wanted`` if it has no ending.

    >>> picture_format("figure.PNG", None), picture_format("figure", "png")
    ('png', 'png')

    Raises ValueError if the ending is not that of a format, or if ``wanted`` is another format.
    """
    ending = Path(output).suffix.lower()
    if not ending.strip("."):
        return wanted or PICTURE_FORMATS[0]
    if ending[1:] not in PICTURE_FORMATS:
        *others, last = [f".{known}" for known in PICTURE_FORMATS]
        message = f"{output!r} does not end in {', '.join(others)} or {last}"
        raise ValueError(message)
    if wanted not in {None, ending[1:]}:
        message = (
            f"{output!r} ends in {ending}, but --format says {wanted}: leave --format out, "
            f"or give a FILE that ends in .{wanted}"
        )
        raise ValueError(message)
    return ending[1:]
