"""``tinygrad-edu demo`` and ``tinygrad-edu example``: what the lectures compute."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from tinygrad_edu.cli.command import Command, Parser, UsageError, print_text
from tinygrad_edu.support import files
from tinygrad_edu.support.tables import aligned

PICTURE_FORMATS = ("svg", "png", "pdf", "dot", "gv", "html")
"""The formats of pictures; the first one is the default."""


class Demo(Command):
    """The worked example of lecture A, as figures and as a picture."""

    name = "demo"
    help = "the worked example of lecture A: every figure, and its graph as a picture"
    description = (
        "Print every figure of the worked 2-2-2 example beside the figure that the "
        "lecture prints, and write its computation graph as a picture."
    )

    def arguments(self, parser: Parser) -> None:
        """Add the file and its format."""
        parser.add_argument(
            "-o",
            "--output",
            metavar="FILE",
            default="worked_example.svg",
            help="the file for the picture: its name ends in .svg, .png, .pdf or .dot, or in .html "
            "for a page that shows both passes step by step; - is standard output "
            "(default: %(default)s)",
        )
        parser.add_argument(
            "--format",
            choices=PICTURE_FORMATS,
            help="the format for a FILE without an ending and for standard output "
            f"(default: {PICTURE_FORMATS[0]})",
        )

    def run(self, given: Namespace) -> int:
        """Print the figures and write the picture; if the file is "-", only write the picture."""
        output = given.output
        try:
            format_ = picture_format(output, given.format)
        except ValueError as error:
            raise UsageError(str(error)) from None
        from tinygrad_edu.lessons import worked_example  # noqa: PLC0415 - it loads pictures

        example = worked_example.forward()
        example.loss.backward()
        picture = worked_example.picture(example)
        if output != "-":
            print_text(worked_example.report(example))
        if format_ == "html":  # both passes, step by step
            from tinygrad_edu.explain.passes import steps  # noqa: PLC0415
            from tinygrad_edu.pages import stepper  # noqa: PLC0415

            rendered = stepper.document(steps(example.loss)).encode()
        else:
            rendered = picture.pipe(format_)
        if output == "-":
            sys.stdout.buffer.write(rendered)
        else:
            files.write(output, rendered)
            print_text(f"\nPicture: {output}")
        return 0


class Example(Command):
    """A system of the lectures, or the list of all."""

    name = "example"
    help = "a system of the lectures: its results as text"
    description = "Run one of the systems of the lectures and print its results."

    def arguments(self, parser: Parser) -> None:
        """Add the name of an example."""
        parser.add_argument("name", nargs="?", metavar="NAME", help="the example to run")
        parser.add_argument(
            "--list", action="store_true", help="list all examples (as without a NAME)"
        )

    def run(self, given: Namespace) -> int:
        """Run an example and print its results; without a name, list all examples."""
        from tinygrad_edu import lessons  # noqa: PLC0415 - not needed for other commands

        names = lessons.names()
        if given.name not in {None, *names}:
            known = ", ".join(map(repr, names))
            message = f"argument NAME: invalid choice: {given.name!r} (choose from {known})"
            raise UsageError(message)
        if given.list or given.name is None:
            print_text("\n".join(aligned([[name, lessons.title(name)] for name in names])))
        else:
            print_text(lessons.report(given.name))
        return 0


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
