"""Compile text into functions whose lines debuggers step through and tracebacks show.

Python finds the lines of a file through ``linecache``. The text of each generated function is
registered there under a file name of its own, for as long as the function lives.
"""

from __future__ import annotations

import linecache
import weakref
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

__all__ = ["compiled", "definition"]

serial_numbers = count(1)
"""They keep file names apart, since several programs may have the same title."""


def definition(name: str, lines: Sequence[str]) -> str:
    """Return the text of a function that works on fixed numbers F, G and on arrays V, A.

    >>> print(definition("forward", ["V[1] = F[0] * V[0]"]))
    def forward(F, G, V, A):
        V[1] = F[0] * V[0]
    <BLANKLINE>
    """
    return f"def {name}(F, G, V, A):\n    " + "\n    ".join(lines or ["pass"]) + "\n"


def compiled(
    name: str, lines: Sequence[str], known: dict[str, Any], title: str
) -> Callable[..., None]:
    """Return the function with these lines.

    Args:
        name: the name of the function.
        lines: its body.
        known: the global names that the lines use.
        title: what a traceback shows in place of a file name.

    >>> compiled("forward", ["V[1] = F[0] * V[0]"], {}, "replay of L").__code__.co_filename
    '<replay of L, forward, program ...>'
    """
    source = definition(name, lines)
    file = f"<{title}, {name}, program {next(serial_numbers)}>"
    functions: dict[str, Callable[..., None]] = {}  # apart from known, to make no reference cycle
    exec(compile(source, file, "exec"), known, functions)  # noqa: S102 - the text is our own
    function = functions[name]
    # Without a time of change, linecache never looks for the file on the disk.
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    # A traceback keeps the code alive, so that its lines can be shown when the program is gone.
    weakref.finalize(function.__code__, linecache.cache.pop, file, None).atexit = False
    return function
