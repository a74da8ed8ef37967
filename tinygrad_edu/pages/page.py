"""The parts that all pages share: the document, style and script, and equations as MathML."""

from __future__ import annotations

import hashlib
import html
import json
import re
from importlib.resources import files
from typing import Any

from tinygrad_edu.drawing.labels import legible
from tinygrad_edu.formulas.mathml import mathml

__all__ = [
    "LONGEST_FORMULA",
    "equation",
    "filled_template",
    "html_document",
    "notice",
    "on_board",
]

LONGEST_FORMULA = 600
"""Characters of LaTeX; a longer formula is shown as plain text."""


def html_document(title: str, fragment: str) -> str:
    """Return a complete HTML document around a piece of HTML."""
    return legible(
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{html.escape(title)}</title>\n</head>\n<body>\n{fragment}</body>\n</html>\n"
    )


def filled_template(template: str, data: dict[str, Any], picture: str, **texts: str) -> str:
    """Return a template with style, script, data, picture and texts filled in.

    A hash of the content marks the root element. By it a script finds its own root on a page with
    several, and the same content always gives the same bytes.
    """
    content = legible(f"{template}{data}{picture}{texts}")
    content_hash = hashlib.sha256(content.encode()).hexdigest()[:16]
    size = re.search(r'width="(\d+pt)" height="(\d+pt)"', picture)
    parts = {
        "hash": content_hash,
        "style": asset("page.css"),
        "script": asset("page.js"),
        "picture": picture,
        "size": f"--width: {size[1]}; --height: {size[2]}" if size else "",
        "data": as_script({**data, "hash": content_hash}),
        **{name: html.escape(text) for name, text in texts.items()},
    }
    return legible(re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], asset(template)))


def asset(name: str) -> str:
    """Return the content of a file in this folder."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def as_script(data: Any) -> str:
    """Return data as JSON that is safe inside a script element."""
    return json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")


def notice(message: str) -> str:
    """Return a sentence to show in place of a picture."""
    return f'<p role="note">{html.escape(message)}</p>'


def on_board(rows: list[tuple[str, list[str]]], text: str) -> str:
    """Return equations, each with a word before it; if one is very long, return ``text`` instead.

    Args:
        rows: pairs of a word and the sides of an equation in LaTeX.
        text: the same as plain text.
    """
    if max(len(part) for _, sides in rows for part in sides) > LONGEST_FORMULA:
        return f"<p>{html.escape(text)}</p>"
    return "".join(
        f"<div><span>{word}</span><p>{equation(sides)}</p></div>" for word, sides in rows
    )


def equation(sides: list[str]) -> str:
    """Return an equation as MathML: one formula for each side, so that lines can break between."""
    first, *others = sides
    sign = "<mo>+=</mo>" if first.endswith("+") else "<mo>=</mo>"
    formulas = [mathml(first.removesuffix(" +"))]
    formulas += [
        f"{'<mo>=</mo>' if i else sign}<mrow>{mathml(side)}</mrow>" for i, side in enumerate(others)
    ]
    return " ".join(f"<math><mrow>{formula}</mrow></math>" for formula in formulas)
