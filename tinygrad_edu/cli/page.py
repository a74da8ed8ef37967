"""The report of a check as a page for a browser."""

from __future__ import annotations

import html
from typing import Any

__all__ = ["document"]

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>body {{ font-family: system-ui, sans-serif; margin: 2em; overflow-x: auto }}</style>
</head>
<body>
<h1>{title}</h1>
{content}
</body>
</html>
"""


def document(title: str, summary: str, report: Any = None) -> str:
    """Return a page with a line of text and a report, each if there is one.

    >>> from tinygrad_edu import gradcheck
    >>> "1 of 1 gradients right" in document("x²", "", gradcheck(lambda x: x * x, 1.0))
    True
    """
    parts = [f"<p>{html.escape(summary)}</p>"] * bool(summary)
    parts += [] if report is None else [report._repr_html_()]
    return PAGE.format(title=html.escape(title), content="\n".join(parts))
