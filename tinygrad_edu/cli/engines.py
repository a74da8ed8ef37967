"""``tinygrad-edu check-engine``: engines that users wrote, one or a whole class of two hundred."""

from __future__ import annotations

import csv
import io
import sys
from argparse import Namespace

from tinygrad_edu.cli.command import Command, Parser, print_text
from tinygrad_edu.cli.one_engine import EngineResult, checked_apart
from tinygrad_edu.cli.user_code import split
from tinygrad_edu.support import files

__all__ = ["CheckEngine"]

TIMEOUT = 60.0
"""How many seconds an engine may take by default."""
COLUMNS = ("file", "class", "right", "mistakes", "remarks", "error")


class CheckEngine(Command):
    """The check of engines, each in a process of its own."""

    name = "check-engine"
    help = "an engine of yours, or those of a class: which classic mistakes they have"
    description = (
        "Check engines that somebody wrote: classes of numbers that remember how they were made. "
        "An engine that crashes, hangs or cannot be imported does not stop the others. The exit "
        "code is 1 if one of them is not right."
    )

    def arguments(self, parser: Parser) -> None:
        """Add the engines, the names of their attributes, and where the results go."""
        parser.add_argument(
            "targets",
            nargs="+",
            metavar="FILE.py:CLASS",
            help="the class, or MODULE:CLASS; FILE.py alone if one class in it is an engine",
        )
        parser.add_argument(
            "--csv",
            metavar="FILE",
            help="write a table with a row for each engine; - is standard output, and then nothing "
            "else is printed",
        )
        parser.add_argument(
            "--timeout", type=seconds, default=TIMEOUT, metavar="SECONDS",
            help="how long the check of one engine may take (default: %(default)g)",
        )  # fmt: skip
        what = {"data": "attribute with the number", "grad": "attribute with the gradient",
                "backward": "method that runs the backward pass"}  # fmt: skip
        for option, thing in what.items():
            parser.add_argument(
                f"--{option}", metavar="NAME", help=f"the {thing} (default: it is looked for)"
            )

    def run(self, given: Namespace) -> int:
        """Print a report for each engine and write the table; return 0 if all are right."""
        names = {"data": given.data, "grad": given.grad, "backward": given.backward}
        table = Table(given.csv)
        right = 0
        for target in given.targets:
            result = checked_apart(target, names, given.timeout)
            right += result.is_right
            table.add(target, result)
            if given.csv != "-":
                print_text(lines_about(target, result))
                sys.stdout.flush()  # so that it can be read while the next one is checked
        table.finish()
        n = len(given.targets)
        if n > 1 and given.csv != "-":
            print_text(f"{right} of {n} engines right")
        return 0 if right == n else 1


def seconds(text: str) -> float:
    """Return a number above 0; argparse says "invalid seconds value" for others."""
    if not float(text) > 0:
        raise ValueError
    return float(text)


def lines_about(target: str, result: EngineResult) -> str:
    """Return the report for an engine as text, which begins with its file."""
    place, _ = split(target)
    if not result.error:
        return f"{place}:{result.text}"
    return result.error if result.error.startswith(place) else f"{target}: {result.error}"


class Table:
    """The table of results; on a disk it is complete after every engine, even if one interrupts."""

    def __init__(self, file: str | None) -> None:
        """Write the head, so that a file that cannot be written is an error at once."""
        self.file = file
        self.rows: list[tuple[str, ...]] = [COLUMNS]
        self.is_stream = file == "-" or (file is not None and files.is_stream(file))
        if not self.is_stream:
            self.write()

    def add(self, target: str, result: EngineResult) -> None:
        """Add the row of an engine."""
        right = "yes" if result.is_right else "no"
        mistakes = " ".join(result.mistakes)
        place, _ = split(target)
        row = place, result.name, right, mistakes, result.remarks, result.error
        self.rows.append(row)
        if not self.is_stream:
            self.write()

    def finish(self) -> None:
        """Write to a stream, which is written only once."""
        if self.is_stream:
            self.write()

    def write(self) -> None:
        """Write the table, if there is a file for it."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(self.rows)
        if self.file == "-":
            print_text(text.getvalue().rstrip("\n"))
        elif self.file is not None:
            files.write(self.file, text.getvalue())
