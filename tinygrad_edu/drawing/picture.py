"""A graph that shows itself and can be saved, whether or not Graphviz is installed."""

from __future__ import annotations

import os
import re
import struct
import zlib
from base64 import b64encode
from collections.abc import Container
from numbers import Real
from typing import Any

import graphviz

from tinygrad_edu.drawing import dot
from tinygrad_edu.drawing.svg import svg
from tinygrad_edu.drawing.typesetting import typeset
from tinygrad_edu.support import files

FORMAT_OF_ENDING = {"svg": "svg", "png": "png", "pdf": "pdf", "dot": "dot", "gv": "dot"}
OPTIONS = "filename, directory, format, outfile, dpi, view, cleanup and quiet"
NEEDED = {
    "png": "a PNG needs Graphviz: `pip install graphviz-pure`, or install Graphviz so that `dot` "
    "is on the PATH; SVG works without it",
    "pdf": "a PDF needs the extra `pdf` of this package: `pip install typst`; or install Graphviz "
    "so that `dot` is on the PATH; SVG works without them",
}
PRINT_DPI = 300  # what printers ask for
SCREEN_DPI = 144  # sharp on a projector, and not too large for a notebook
NOTEBOOK_WIDTH = 720  # points: the room beside the prompts of a notebook, also in its HTML export


class Picture(graphviz.Digraph):  # type: ignore[misc]  # graphviz has no types
    """A ``graphviz.Digraph`` that shows itself and can be saved, with or without Graphviz.

    In a notebook it shows itself as SVG, or as PNG where SVG is not trusted. ``save``, ``render``,
    ``pipe`` and ``view`` give SVG unless the ending of the file name or ``format`` asks for png,
    pdf, or dot (gv). They use a working ``dot`` on the PATH, or the one of ``graphviz-pure``; where
    no such program runs, as in a browser, SVG has a plain layout of our own. PDF needs a ``dot`` on
    the PATH or the extra ``pdf``. ``.source`` is the picture in the DOT language.

    >>> picture = Picture()
    >>> picture.edge("a", "b")
    >>> picture.pipe(encoding="utf-8").rstrip()[-6:]
    '</svg>'
    """

    _format = "svg"

    def render(
        self,
        filename: files.Name | None = None,
        directory: files.Name | None = None,
        *,
        format: str | None = None,  # noqa: A002 - as graphviz
        outfile: files.Name | None = None,
        dpi: float = PRINT_DPI,
        view: bool = False,
        cleanup: bool = True,  # noqa: ARG002 - nothing is left to clean up
        quiet: bool = True,  # noqa: ARG002 - it always is
        **unknown: Any,
    ) -> str:
        """Write the picture to a file, and return its path.

        The ending of the name decides what is written: .svg, .png, .pdf, or .dot and .gv for text
        in the DOT language. A name without an ending gets .svg, or the ending of ``format``.

        Args:
            filename: the file; left out, it is Picture.svg.
            directory: the folder, which is created if it does not exist.
            format: what to write to a name without one of these endings.
            outfile: the file, in place of ``filename``; if ``format`` is given, it gets no ending.
            dpi: dots per inch of a PNG.
            view: whether to open the file.
            cleanup: has no effect, as no other file is written; accepted as in graphviz.
            quiet: has no effect; accepted as in graphviz.
            unknown: not accepted; an unknown option raises TypeError.

        Raises ValueError for another format, for an ending that contradicts ``format``, and for
        dots per inch that are not a number above 0; RuntimeError if nothing here can make a PNG or
        PDF, or no program opens the file; TypeError for an option that does not exist; OSError if
        the file cannot be written. If drawing or writing fails, an old file stays as it was.

        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Picture().render("nothing", folder)
        ...     os.listdir(folder)
        ['nothing.svg']
        """
        refuse(unknown, "render", OPTIONS)
        name = os.fsdecode(outfile or filename or self.filename.removesuffix(".gv"))
        path = os.path.join(os.fsdecode(directory or self.directory), name)  # noqa: PTH118 - as given
        path, written_as = destination(path, format, self.format, exact=outfile is not None)
        data = self._drawn(written_as, dpi)
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)  # noqa: PTH103, PTH120 - a str
        files.write(path, data)
        if view:
            self._open(path, written_as)
        return path

    def save(
        self,
        filename: files.Name | None = None,
        directory: files.Name | None = None,
        **options: Any,
    ) -> str:
        """Write the picture to a file and return its path; ``render`` is the same."""
        return self.render(filename, directory, **options)

    def view(
        self,
        filename: files.Name | None = None,
        directory: files.Name | None = None,
        **options: Any,
    ) -> str:
        """Write the picture to a file, open it, and return its path; the options of ``render``."""
        return self.render(filename, directory, **{**options, "view": True})

    def pipe(
        self,
        format: str | None = None,  # noqa: A002 - as graphviz
        *,
        encoding: str | None = None,
        dpi: float = PRINT_DPI,
        quiet: bool = True,  # noqa: ARG002 - it always is
        **unknown: Any,
    ) -> Any:
        """Return the picture: bytes, or text where an ``encoding`` is given.

        Args:
            format: "svg", "png", "pdf", or "dot".
            encoding: such as "utf-8", to get SVG or DOT as text.
            dpi: dots per inch of a PNG.
            quiet: has no effect; accepted as in graphviz.
            unknown: not accepted; an unknown option raises TypeError.

        Raises the same errors as ``render``.
        """
        refuse(unknown, "pipe", "format, encoding, dpi and quiet")
        written_as = known(format or self.format)
        if encoding and written_as in dot.BEGINS:
            message = f"pipe: {written_as} is not text; leave out encoding={encoding!r}"
            raise ValueError(message)
        data = self._drawn(written_as, dpi)
        return data.decode(encoding) if encoding else data

    def __repr__(self) -> str:
        """Return a text that is the same in every run, so that saved notebooks do not change."""
        return f"<picture of a graph, {len(self.source.splitlines())} lines of DOT in .source>"

    def _repr_mimebundle_(
        self, include: Container[str] | None = None, exclude: Container[str] | None = None
    ) -> dict[str, str]:
        bundle = {}
        for mime, show in (("image/svg+xml", self._as_svg), ("image/png", self._as_png)):
            if (include is None or mime in include) and (exclude is None or mime not in exclude):
                try:
                    bundle[mime] = show()
                except Exception as error:  # noqa: BLE001 - a notebook shows the error as text
                    if mime == "image/svg+xml":
                        bundle["text/plain"] = f"{error}\n\n{self.source}"
        return bundle

    def _as_svg(self) -> str:
        return fitted(self.pipe("svg", encoding="utf-8"))

    def _as_png(self) -> str:
        return b64encode(self.pipe("png", dpi=SCREEN_DPI)).decode("ascii")

    def _drawn(self, format_: str, dpi: float) -> bytes:
        """Return the picture in a format; raise RuntimeError if nothing here can make it."""
        if isinstance(dpi, bool) or not isinstance(dpi, Real) or not 0 < dpi <= 10_000:
            message = f"dpi: expected a number of dots per inch, such as {PRINT_DPI}, got {dpi!r}"
            raise ValueError(message)
        if format_ == "dot":
            return files.encodable(self.source).encode()
        dpi = float(dpi)
        data = dot.render_dot(self.source, self.engine, format_, dpi)
        if data is None and format_ == "svg":
            data = svg(self).encode()
        if data is None:
            data = typeset(self._drawn("svg", dpi).decode(), format_, dpi)
        if data is None:
            message = f"{NEEDED[format_]}. The picture in the DOT language is in `.source`."
            raise RuntimeError(message)
        return with_resolution(data, dpi) if format_ == "png" else data

    def _open(self, path: str, format_: str) -> None:
        try:
            self._view(path, format=format_, quiet=True)
        except (OSError, RuntimeError) as error:
            message = f"view: found no program that opens {path}; the picture is in this file"
            raise RuntimeError(message) from error


def refuse(unknown: dict[str, Any], name: str, options: str) -> None:
    """Raise TypeError for options that a method does not have."""
    if unknown:
        message = f"{name}: there is no option {', '.join(unknown)}; the options are {options}"
        raise TypeError(message)


def known(format_: str) -> str:
    """Return the format that a word or an ending stands for; raise ValueError if it is unknown.

    >>> known("SVG"), known("gv")
    ('svg', 'dot')
    """
    found = FORMAT_OF_ENDING.get(str(format_).lower().removeprefix("."))
    if found is None:
        message = (
            "a picture can be written as .svg, .png, .pdf or .dot (.gv), "
            f"not as {format_!r}; end the name with one of these"
        )
        raise ValueError(message)
    return found


def destination(
    path: str, format_: str | None, otherwise: str, *, exact: bool = False
) -> tuple[str, str]:
    """Return the path that a picture is written to, and its format, which the ending decides.

    Args:
        path: the name that was given.
        format_: the format that was given, or None.
        otherwise: the format for a name without an ending.
        exact: whether the name must stay as it is if the format is given.

    >>> destination("a.PNG", None, "svg"), destination("a", None, "svg")
    (('a.PNG', 'png'), ('a.svg', 'svg'))
    >>> destination("a.v2", "png", "svg"), destination("a.gv", "pdf", "svg")
    (('a.v2.png', 'png'), ('a.gv.pdf', 'pdf'))
    """
    root, ending = os.path.splitext(path)  # noqa: PTH122 - keeps the name as it was given
    if format_ is None:
        if len(ending) > 1:
            return path, known(ending)
        found = known(otherwise)
        return (path if files.is_stream(path) else f"{root}.{found}"), found
    found = known(format_)
    says = FORMAT_OF_ENDING.get(ending[1:].lower())
    if says == found or (exact and says is None) or files.is_stream(path):
        return path, found
    if says in (None, "dot"):
        return f"{path}.{str(format_).lower().removeprefix('.')}", found
    message = f"the ending of {path!r} says {says}, but format={format_!r}; leave one of them out"
    raise ValueError(message)


def with_resolution(png: bytes, dpi: float) -> bytes:
    """Return a PNG with its resolution noted in it, so that it is printed at its true size."""
    if b"pHYs" in png[: png.find(b"IDAT")]:
        return png
    per_metre = round(dpi / 0.0254)
    chunk = b"pHYs" + struct.pack(">IIB", per_metre, per_metre, 1)
    chunk = struct.pack(">I", 9) + chunk + struct.pack(">I", zlib.crc32(chunk))
    after_header = 33
    return png[:after_header] + chunk + png[after_header:]


def fitted(svg_text: str) -> str:
    """Return an SVG picture, shrunk to the width of a notebook if it is wider.

    >>> fitted('<svg width="1440pt" height="300pt" viewBox="0 0 1440 300">')
    '<svg style="max-width:100%;height:auto" width="720pt" height="150pt" viewBox="0 0 1440 300">'
    """
    size = re.search(r'<svg width="(\d+)pt" height="(\d+)pt"', svg_text)
    if size is None:
        return svg_text
    width, height = map(int, size.groups())
    scale = min(1.0, NOTEBOOK_WIDTH / width)
    smaller = f'width="{width * scale:.0f}pt" height="{height * scale:.0f}pt"'
    style = 'style="max-width:100%;height:auto"'
    return svg_text.replace(size[0], f"<svg {style} {smaller}", 1)
