"""``tinygrad-edu check``: the gradients of a function in the user's own code."""

from __future__ import annotations

import inspect
import json
import math
from argparse import Namespace
from collections.abc import Callable
from typing import Any, NoReturn

from tinygrad_edu.cli.command import Command, CommandError, Parser, UsageError, print_text
from tinygrad_edu.cli.page import document
from tinygrad_edu.cli.user_code import called, told
from tinygrad_edu.support import files
from tinygrad_edu.support.given import quoted

DRAWN = 20
"""The number of points that are drawn by default."""


class Check(Command):
    """The check of a function's gradients, at one point or at many."""

    name = "check"
    help = "the gradients of a function of yours, compared with measured slopes"
    description = (
        "Compare the gradients of a function of Values with slopes that are measured from its "
        "values: at the inputs given, or at points that Hypothesis draws. The exit code is 1 if "
        "a gradient is not right."
    )

    def arguments(self, parser: Parser) -> None:
        """Add the function, its inputs and what to do with them."""
        parser.add_argument(
            "target", metavar="FILE.py:FUNCTION", help="the function, or MODULE:FUNCTION"
        )
        parser.add_argument(
            "inputs",
            nargs="*",
            metavar="NUMBER",
            help='an input: a number such as 0.5 or -1e-3, or a list such as "[0.5, 1.0]" '
            "(default: points are drawn)",
        )
        parser.add_argument(
            "--gradient",
            metavar="FILE.py:FUNCTION",
            help="a function that returns the gradient, in whatever way it computes it; the "
            "function that is checked then gets plain numbers, and lists of them",
        )
        parser.add_argument(
            "--order", type=positive, default=1, metavar="N",
            help="check derivatives of this order (default: %(default)s)",
        )  # fmt: skip
        parser.add_argument(
            "--examples", type=positive, default=DRAWN, metavar="N",
            help="how many points to draw (default: %(default)s)",
        )  # fmt: skip
        parser.add_argument("--html", metavar="FILE", help="write the report as a page, too")

    def run(self, given: Namespace) -> int:
        """Print the report; return 0 if every gradient is right."""
        if given.gradient is not None and given.order != 1:
            message = "--order goes without --gradient: the gradient given has order 1"
            raise UsageError(message)
        inputs = [input_of(text) for text in given.inputs]
        f = called(given.target)
        options: dict[str, Any] = {"order": given.order}
        if given.gradient is not None:
            options = {"gradient": called(given.gradient)}
        if inputs:
            summary, report = "", report_at(f, inputs, options, given.target)
            is_right = bool(report)
        else:
            summary, report = drawn(f, given.target, given.examples, options)
            is_right = report is None
        shown = [summary, "" if report is None else repr(report)]
        print_text("\n".join(filter(None, shown)))
        if given.html is not None:
            files.write(given.html, document(given.target, summary, report))
        return 0 if is_right else 1


def positive(text: str) -> int:
    """Return a whole number from 1 on; argparse says "invalid positive value" for others."""
    if int(text) < 1:
        raise ValueError
    return int(text)


def input_of(text: str) -> Any:
    """Return an input as a number, or as a list or dict of numbers.

    >>> input_of("-1e-3"), input_of("[0.5, [1, 2]]")
    (-0.001, [0.5, [1.0, 2.0]])

    Raises CommandError for other texts.
    """
    text = text.replace("\N{MINUS SIGN}", "-")  # as reports print it
    try:
        found = json.loads(text, parse_int=float, parse_constant=refused)
    except (ValueError, RecursionError):
        try:
            found = float(text)  # it also reads .5 and +1
        except ValueError:
            refused(text)
    if not is_of_numbers(found):
        refused(text)
    return found


def refused(text: str) -> NoReturn:
    """Raise CommandError for an input that is not a number."""
    message = f'{quoted(text)} is not an input: write a number such as 0.5, or a list: "[0.5, 1.0]"'
    raise CommandError(message)


def is_of_numbers(x: Any) -> bool:
    """Tell whether something is a finite number, or a list or dict of such."""
    if isinstance(x, dict):
        x = [*x.values()]
    if isinstance(x, list):
        return all(map(is_of_numbers, x))
    return isinstance(x, float) and math.isfinite(x)


def report_at(f: Callable[..., Any], inputs: list[Any], options: Any, target: str) -> Any:
    """Return the report of the check at one point."""
    from tinygrad_edu.check import gradcheck  # noqa: PLC0415 - not needed for other commands

    try:
        signature = inspect.signature(f)
    except ValueError:  # a function written in C may have none
        signature = None
    try:
        if signature:
            signature.bind(*inputs)
    except TypeError as error:
        inputs_given = f"{len(inputs)} input{'s' * (len(inputs) != 1)}"
        message = f"{target}{signature} does not take {inputs_given}: {error}"
        raise CommandError(message) from None
    try:
        return gradcheck(f, *inputs, **options)
    except Exception as error:
        raise CommandError(told(error, "gradcheck", target)) from error


def drawn(f: Callable[..., Any], target: str, examples: int, options: Any) -> tuple[str, Any]:
    """Return a summary of the checks at points that Hypothesis draws, and a report if one fails."""
    names = drawn_names(f, target)
    try:
        from tinygrad_edu.cli.points import at_points  # noqa: PLC0415 - Hypothesis is an extra
    except ModuleNotFoundError as error:
        if error.name != "hypothesis":
            raise
        message = "to draw points, install Hypothesis: pip install hypothesis; or give the inputs"
        message += f", as in tinygrad-edu check {target} 0.5"
        raise CommandError(message) from None

    return at_points(f, target, names, examples, options)


def drawn_names(f: Callable[..., Any], target: str) -> list[str]:
    """Return the names of the parameters for which numbers are drawn: those without a default."""
    give = f"give the inputs, as in tinygrad-edu check {target} 0.5 2"
    try:
        parameters = inspect.signature(f).parameters.values()
    except ValueError:
        message = f"Python does not know the parameters of {target}: {give}"
        raise CommandError(message) from None
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        message = f"{target} takes any number of inputs: {give}"
        raise CommandError(message)
    needed = [p for p in parameters if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
    if by_name := [p.name for p in needed if p.kind is p.KEYWORD_ONLY]:
        message = f"{target} needs {by_name[0]}=..., which this command cannot give: "
        message += "give this parameter a default value"
        raise CommandError(message)
    if not needed:
        what = "only parameters with default values" if parameters else "no parameters"
        message = f"{target} has {what}, so there are no inputs to draw"
        message += f": {give}" if parameters else ""
        raise CommandError(message)
    return [p.name for p in needed]
