"""SVG as a page of PDF, or as PNG, made by the package ``typst`` (the extra ``pdf``)."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

SANS_SERIF = "Helvetica, Arial, Liberation Sans, Arimo, Nimbus Sans, DejaVu Sans"
"""Fonts to look for, because typst has none built in and does not know the name "sans-serif"."""

PAGE = b"""
#set document(date: none) // so that the same picture gives the same bytes
#set page(width: auto, height: auto, margin: 0pt, fill: white)
#image(bytes(sys.inputs.svg), format: "svg")
"""


def typeset(svg: str, format_: str, dpi: float) -> bytes | None:
    """Return an SVG picture as PDF or PNG, or None if the package ``typst`` is not installed.

    Raises RuntimeError if typst refuses the picture.

    >>> data = typeset('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', "pdf", 72)
    >>> data is None or data[:5]
    b'%PDF-'
    """
    try:
        typst: Any = import_module("typst")
    except ImportError:
        return None
    svg = re.sub('font-family="[^"]*"', f'font-family="{SANS_SERIF}"', svg)
    try:
        page: bytes = typst.compile(PAGE, format=format_, ppi=dpi, sys_inputs={"svg": svg})
    except (RuntimeError, TypeError) as error:
        message = (
            f"typst could not convert this picture: {error}. If its version is below 0.14, run "
            "`pip install --upgrade typst`"
        )
        raise RuntimeError(message) from error
    return page
