"""The command line: ``tinygrad-edu demo``, ``tinygrad-edu check my_loss.py:log_loss``.

command    what a command is, and how it prints and fails
lectures   ``demo`` and ``example``: the worked example and the systems of the lectures
gradients  ``check``: the gradients of a function that the user wrote
points     the same at points that Hypothesis draws
engines    ``check-engine``: engines that users wrote, one or two hundred
one_engine the check of one engine in a process of its own
user_code  functions and classes that the user wrote, by file and name
page       a report as a page for a browser

A new command is a subclass of :class:`~tinygrad_edu.cli.command.Command`, and one entry in the list
``COMMANDS``.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

from tinygrad_edu import __version__
from tinygrad_edu.cli.command import Command, CommandError, Parser, UsageError, print_text
from tinygrad_edu.cli.engines import CheckEngine
from tinygrad_edu.cli.gradients import Check
from tinygrad_edu.cli.lectures import Demo, Example
from tinygrad_edu.support.showing import writable

COMMANDS: list[Command] = [Demo(), Example(), Check(), CheckEngine()]
"""All commands, in the order of the help."""

INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells have it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line on ``argv`` and return its exit code.

    The code is 0 for success, 1 if something could not be done or if a check says that something
    is wrong, and 2 for a wrong command.
    """
    sys.stdout = sys.stdout or io.TextIOWrapper(io.BytesIO(), "utf-8")  # it may be closed
    try:
        try:
            return run(argv)
        finally:  # an error of writing must appear here, not after the end of this function
            sys.stdout.flush()
    except SystemExit as done:  # the parser has printed its message already
        return int(done.code or 0)
    except BrokenPipeError:  # the reader has stopped reading, as in `tinygrad-edu demo | head -3`
        discard_standard_output()
        return 0
    except OSError as error:
        if not error.filename:
            discard_standard_output()
        return failure(f"{error.filename or 'standard output'}: {error.strerror}")
    except (CommandError, RuntimeError) as error:  # the latter if a package is not installed
        return failure(str(error))
    except KeyboardInterrupt:
        failure("interrupted")
        return INTERRUPTED


def run(argv: Sequence[str] | None) -> int:
    """Run the command in ``argv`` and return its exit code; raise SystemExit if it is wrong."""
    commands = parser()
    given = commands.parse_args(argv)
    if given.version:
        print_text(f"tinygrad-edu {__version__}")
    elif given.command is None:
        commands.print_help()
    else:
        try:
            return int(given.command.run(given))
        except UsageError as error:
            given.parser.error(str(error))
    return 0


def parser() -> Parser:
    """Return the parser of the command line."""
    top = Parser(
        prog="tinygrad-edu",
        description="Scalar reverse-mode automatic differentiation that shows how it works.",
    )
    top.add_argument("--version", action="store_true", help="print the version")
    top.set_defaults(command=None)
    commands = top.add_subparsers(metavar="COMMAND")
    for command in COMMANDS:
        own = commands.add_parser(command.name, help=command.help, description=command.description)
        command.arguments(own)
        own.set_defaults(command=command, parser=own)
    return top


def failure(message: str) -> int:
    """Print ``message`` on standard error, and return the exit code of a failure."""
    encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
    sys.stderr.write(writable(f"tinygrad-edu: {message}\n", encoding))
    return 1


def discard_standard_output() -> None:
    """Discard the output that Python would still try to write when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
