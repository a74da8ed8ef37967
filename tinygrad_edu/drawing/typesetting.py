"""SVG as a page of PDF, or as PNG, by the package ``typst``: the extra ``pdf``."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

FONTS = "Helvetica, Arial, Liberation Sans, Arimo, Nimbus Sans, DejaVu Sans"
"""Sans serif, whichever there is: typst knows no generic names, and has none of its own."""

PAGE = b"""
#set document(date: none) // the same picture, the same bytes
#set page(width: auto, height: auto, margin: 0pt, fill: white)
#image(bytes(sys.inputs.svg), format: "svg")
"""


def typeset(svg: str, format_: str, dpi: float) -> bytes | None:
    """Return a picture in SVG as PDF or PNG; None without the package ``typst``.

    >>> data = typeset('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', "pdf", 72)
    >>> data is None or data[:5]
    b'%PDF-'
    """
    try:
        typst: Any = import_module("typst")
    except ImportError:
        return None
    svg = re.sub('font-family="[^"]*"', f'font-family="{FONTS}"', svg)
    try:
        page: bytes = typst.compile(PAGE, format=format_, ppi=dpi, sys_inputs={"svg": svg})
    except (RuntimeError, TypeError) as error:
        message = f"typst cannot set this picture; is it older than 0.14? It says: {error}"
        raise RuntimeError(message) from error
    return page
