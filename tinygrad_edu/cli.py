"""The command line: ``tinygrad-edu demo``, ``tinygrad-edu example xor``."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tinygrad_edu import __version__, examples, files
from tinygrad_edu.examples import worked_example
from tinygrad_edu.explain import page, steps

FORMATS = ("svg", "png", "pdf", "dot", "gv", "html")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line on ``argv`` and return its exit code.

    0 is success, 1 says that something could not be done, 2 that the command was not understood.
    """
    commands = parser()
    arguments = commands.parse_args(argv)
    if arguments.command is None:
        commands.print_help()
        return 0
    if arguments.command == "demo" and arguments.format and arguments.output != "-":
        commands.error("--format is for -o -; the ending of a file says its format")
    sys.stdout = sys.stdout or io.TextIOWrapper(io.BytesIO(), "utf-8")  # it may be closed
    try:
        if arguments.command == "demo":
            demo(arguments.output, arguments.format)
        else:
            example(None if arguments.list else arguments.name)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read has seen enough, as in `tinygrad-edu demo | head -3`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        where = error.filename or "standard output"
        sys.stderr.write(f"tinygrad-edu: {where}: {error.strerror}\n")
        return 1
    except RuntimeError as error:  # a format that needs what is not installed
        sys.stderr.write(f"tinygrad-edu: {error}\n")
        return 1
    return 0


def demo(output: str, format_: str | None = None) -> None:
    """Print the figures of the worked example and write its picture to the file ``output``.

    With "-" only the picture is written, to standard output.
    """
    example = worked_example.forward()
    example.loss.backward()
    picture = worked_example.picture(example)
    if output != "-":
        print_text(worked_example.report(example))
    format_ = format_ or Path(output).suffix[1:].lower() or FORMATS[0]
    if format_ == "html":  # both passes, step by step
        rendered = page.document(steps(example.loss)).encode()
    else:
        rendered = picture.pipe(format_)
    if output == "-":
        sys.stdout.buffer.write(rendered)
    else:
        files.write(output, rendered)
        print_text(f"\nPicture: {output}")


def example(name: str | None) -> None:
    """Run an example of the lectures and print what it shows; without a name, list all."""
    if name is None:
        width = max(map(len, examples.names()))
        for known in examples.names():
            print_text(f"{known:<{width}}  {examples.title(known)}")
    else:
        print_text(examples.report(name))


def print_text(text: str) -> None:
    """Print ``text`` on any terminal, even on one that cannot show some of its characters."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "replace").decode(encoding) + "\n")


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(
        prog="tinygrad-edu",
        description="Scalar reverse-mode automatic differentiation that shows how it works.",
    )
    top.add_argument("--version", action="version", version=f"tinygrad-edu {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND")
    demonstration = commands.add_parser(
        "demo",
        help="the worked example of lecture A: every figure, and its graph as a picture",
        description="Print every figure of the worked 2-2-2 example beside the one that the "
        "lecture prints, and write its computation graph as a picture.",
    )
    demonstration.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        type=picture_file,
        default="worked_example.svg",
        help="where the picture goes: a file that ends in .svg, .png, .pdf or .dot, or in .html "
        "for a page that goes through both passes step by step; or - for standard output "
        "(default: %(default)s)",
    )
    demonstration.add_argument(
        "--format", choices=FORMATS, help="the format on standard output (default: svg)"
    )
    one = commands.add_parser(
        "example",
        help="a system of the lectures: what it computes, as text",
        description="Run one of the systems of the lectures and print what it shows.",
    )
    one.add_argument("name", nargs="?", choices=examples.names(), metavar="NAME", help="which")
    one.add_argument("--list", action="store_true", help="list all examples (as without a NAME)")
    return top


def picture_file(text: str) -> str:
    """Return the file name ``text``; refuse an ending that names no format."""
    if text != "-" and Path(text).suffix[1:].lower() not in FORMATS:
        message = f"{text!r} does not end in .svg, .png, .pdf, .dot, .gv or .html"
        raise argparse.ArgumentTypeError(message)
    return text
