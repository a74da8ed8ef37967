"""What a command of the command line is, and how it prints and fails."""

from __future__ import annotations

import argparse
import re
import sys
from abc import ABC, abstractmethod
from argparse import Namespace
from typing import Any

from tinygrad_edu.support.showing import printable

__all__ = ["Command", "CommandError", "Parser", "UsageError", "print_text"]


class CommandError(Exception):
    """Something that cannot be done; its message is one sentence, and the exit code is 1."""


class UsageError(Exception):
    """A wrong command; its message is one sentence, and the exit code is 2."""


class Command(ABC):
    """A command of the command line.

    The modules of commands are imported for every command, even for ``--version``. They import
    what a command needs in its method ``run``.
    """

    name: str
    """The word that a user types."""
    help: str
    """One line for the list of commands."""
    description: str
    """One or more sentences for the help of this command."""

    @abstractmethod
    def arguments(self, parser: Parser) -> None:
        """Add the arguments of the command to its parser."""

    @abstractmethod
    def run(self, given: Namespace) -> int:
        """Run the command and return its exit code.

        Raises CommandError if something cannot be done, UsageError if the arguments make no sense.
        """


class Parser(argparse.ArgumentParser):
    """A parser that takes any negative number, and reports an error if it cannot write its help."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """Let -1e-3 and -inf be numbers, which before Python 3.14 only -0.001 would be."""
        super().__init__(*args, **options)
        self._negative_number_matcher = re.compile(r"-\.?\d|-(inf|nan)", re.IGNORECASE)

    def print_help(self, file: Any = None) -> None:
        """Print the help."""
        if file is None:
            print_text(self.format_help().rstrip())
        else:
            super().print_help(file)


def print_text(text: str) -> None:
    """Print ``text``, even on a terminal that cannot show some of its characters."""
    sys.stdout.write(printable(text) + "\n")
