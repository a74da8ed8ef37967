"""A Graphviz graph that shows itself, whether or not Graphviz is installed."""

from __future__ import annotations

import importlib.metadata
import shutil
import threading
from base64 import b64encode
from collections.abc import Container, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import graphviz
from graphviz.backend import dot_command

NOWHERE = (
    "No Graphviz was found to draw this: `pip install graphviz-pure`, or install Graphviz so that "
    "`dot` is on the PATH. The picture in the DOT language is in `.source`."
)
PNG_DPI = "144"  # sharp on a projector

_one_at_a_time = threading.Lock()


def dot_binary() -> Path | None:
    """Return the program that lays graphs out: ``dot``, or its stand-in from ``graphviz-pure``."""
    if found := shutil.which("dot"):
        return Path(found)
    try:
        files = importlib.metadata.files("graphviz-pure") or []
    except importlib.metadata.PackageNotFoundError:
        return None
    programs = [Path(str(file.locate())) for file in files if file.stem == "graphviz-pure"]
    return next((program for program in programs if program.is_file()), None)


class Picture(graphviz.Digraph):  # type: ignore[misc]  # graphviz has no types
    """A ``graphviz.Digraph`` that renders with ``dot``, or else with ``graphviz-pure``.

    In a notebook it shows itself as SVG, and as PNG where SVG is not trusted. ``.render`` and
    ``.pipe`` are those of ``graphviz.Digraph``; both raise RuntimeError where neither program is
    found. ``.source`` is the picture in the DOT language.

    >>> picture = Picture()
    >>> picture.edge("a", "b")
    >>> picture.pipe("svg", encoding="utf-8")[:5]
    '<?xml'
    """

    def pipe(self, format: str | None = None, **options: Any) -> Any:  # noqa: A002 - as graphviz
        """Return the rendered picture: bytes, or str where an ``encoding`` is given."""
        with self._dot_at_hand(format):
            return super().pipe(format=format, **{"quiet": True, **options})

    def render(self, *args: Any, **options: Any) -> Any:
        """Write the rendered picture to a file and return its path; see graphviz.Digraph."""
        outfile = options.get("outfile")
        format_ = options.get("format") or (outfile and Path(outfile).suffix[1:])
        with self._dot_at_hand(format_):
            return super().render(*args, **{"quiet": True, **options})

    def __repr__(self) -> str:
        """Return the same text in every run, for notebooks that are kept."""
        return f"<picture of a graph, {len(self.source.splitlines())} lines of DOT in .source>"

    def _repr_mimebundle_(
        self, include: Container[str] | None = None, exclude: Container[str] | None = None
    ) -> dict[str, str]:
        try:
            bundle = {
                "image/svg+xml": self.pipe("svg", encoding="utf-8"),
                "image/png": b64encode(self.pipe("png")).decode("ascii"),
            }
        except RuntimeError as error:
            bundle = {"text/plain": f"{error}\n\n{self.source}"}
        return {
            mime: data
            for mime, data in bundle.items()
            if (include is None or mime in include) and (exclude is None or mime not in exclude)
        }

    @contextmanager
    def _dot_at_hand(self, format_: str | None) -> Iterator[None]:
        binary = dot_binary()
        if binary is None:
            raise RuntimeError(NOWHERE)
        with _one_at_a_time:
            usual, dot_command.DOT_BINARY = dot_command.DOT_BINARY, binary
            if (format_ or self.format) == "png":
                self.graph_attr["dpi"] = PNG_DPI
            try:
                yield
            finally:
                dot_command.DOT_BINARY = usual
                self.graph_attr.pop("dpi", None)
