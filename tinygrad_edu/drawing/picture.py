"""A Graphviz graph that shows itself, whether or not Graphviz is installed."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import sys
import threading
from base64 import b64encode
from collections.abc import Container, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import graphviz
from graphviz.backend import dot_command

from tinygrad_edu.drawing.svg import svg

NOWHERE = (
    "No Graphviz was found, and without it there is SVG, but no {}: `pip install graphviz-pure`, "
    "or install Graphviz so that `dot` is on the PATH. The picture in the DOT language is in "
    "`.source`."
)
PNG_DPI = "144"  # sharp on a projector
WIDEST = 720  # points: what fits beside the prompts of a notebook, and of the page made from it

_one_at_a_time = threading.Lock()


def dot_binary() -> Path | None:
    """Return the program that lays graphs out: ``dot``, or its stand-in from ``graphviz-pure``.

    None where there is neither, and in a browser, which runs no programs.
    """
    if sys.platform == "emscripten":
        return None
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
    ``.pipe`` are those of ``graphviz.Digraph``. Where neither program is found, in a browser for
    one, SVG has a plain layout of our own, and both raise RuntimeError for any other format.
    ``.source`` is the picture in the DOT language.

    >>> picture = Picture()
    >>> picture.edge("a", "b")
    >>> picture.pipe("svg", encoding="utf-8")[:5]
    '<?xml'
    """

    def pipe(self, format: str | None = None, **options: Any) -> Any:  # noqa: A002 - as graphviz
        """Return the rendered picture: bytes, or str where an ``encoding`` is given."""
        binary = dot_binary()
        if binary is None:
            drawing = self._plain_svg(format)
            return drawing if options.get("encoding") else drawing.encode()
        with self._dot_at_hand(binary, format):
            return super().pipe(format=format, **{"quiet": True, **options})

    def render(self, filename: Any = None, directory: Any = None, **options: Any) -> Any:
        """Write the rendered picture to a file and return its path; see graphviz.Digraph."""
        binary, outfile = dot_binary(), options.get("outfile")
        format_ = options.get("format") or (outfile and Path(outfile).suffix[1:])
        if binary is None:
            drawing = self._plain_svg(format_)
            source = filename or (outfile and Path(outfile).with_suffix(".gv"))
            saved = self.save(source, directory=directory)
            written = str(outfile or f"{saved}.svg")
            Path(written).write_text(drawing, encoding="utf-8")
            if options.get("cleanup"):
                Path(saved).unlink()
            return written
        with self._dot_at_hand(binary, format_):
            return super().render(filename, directory=directory, **{"quiet": True, **options})

    def __repr__(self) -> str:
        """Return the same text in every run, for notebooks that are kept."""
        return f"<picture of a graph, {len(self.source.splitlines())} lines of DOT in .source>"

    def _repr_mimebundle_(
        self, include: Container[str] | None = None, exclude: Container[str] | None = None
    ) -> dict[str, str]:
        try:
            bundle = {"image/svg+xml": fitted(self.pipe("svg", encoding="utf-8"))}
        except RuntimeError as error:
            bundle = {"text/plain": f"{error}\n\n{self.source}"}
        if dot_binary() is not None:
            bundle["image/png"] = b64encode(self.pipe("png")).decode("ascii")
        return {
            mime: data
            for mime, data in bundle.items()
            if (include is None or mime in include) and (exclude is None or mime not in exclude)
        }

    def _plain_svg(self, format_: str | None) -> str:
        """Return the picture as SVG of our own; raise RuntimeError for another format."""
        if (format_ or self.format) != "svg":
            raise RuntimeError(NOWHERE.format(format_ or self.format))
        return svg(self)

    @contextmanager
    def _dot_at_hand(self, binary: Path, format_: str | None) -> Iterator[None]:
        with _one_at_a_time:
            usual, dot_command.DOT_BINARY = dot_command.DOT_BINARY, binary
            if (format_ or self.format) == "png":
                self.graph_attr["dpi"] = PNG_DPI
            try:
                yield
            finally:
                dot_command.DOT_BINARY = usual
                self.graph_attr.pop("dpi", None)


def fitted(drawing: str) -> str:
    """Return a drawing in SVG, shrunk to what a notebook has room for if it is wider.

    >>> fitted('<svg width="1440pt" height="300pt" viewBox="0 0 1440 300">')
    '<svg style="max-width:100%;height:auto" width="720pt" height="150pt" viewBox="0 0 1440 300">'
    """
    size = re.search(r'<svg width="(\d+)pt" height="(\d+)pt"', drawing)
    if size is None:
        return drawing
    width, height = map(int, size.groups())
    scale = min(1.0, WIDEST / width)
    smaller = f'width="{width * scale:.0f}pt" height="{height * scale:.0f}pt"'
    style = 'style="max-width:100%;height:auto"'
    return drawing.replace(size[0], f"<svg {style} {smaller}", 1)
