"""What all pages have in common: the frame, the look, the code, and how equations are set."""

from __future__ import annotations

import hashlib
import html
import json
import re
from importlib.resources import files
from typing import Any

from tinygrad_edu.drawing.labels import legible
from tinygrad_edu.formulas.mathml import mathml

__all__ = ["LONGEST", "equation", "filled", "notice", "on_board", "whole"]

LONGEST = 600  # characters of LaTeX; a formula that is longer is set as plain text


def whole(title: str, fragment: str) -> str:
    """Return a piece of HTML as a document."""
    return legible(
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{html.escape(title)}</title>\n</head>\n<body>\n{fragment}</body>\n</html>\n"
    )


def filled(template: str, data: dict[str, Any], picture: str, **texts: str) -> str:
    """Return a template with the look and the code of all pages, with data, a picture and texts.

    Its mark is made of all that, so that a page finds its own root and is the same every time.
    """
    content = legible(f"{template}{data}{picture}{texts}")
    mark = hashlib.sha256(content.encode()).hexdigest()[:16]
    size = re.search(r'width="(\d+pt)" height="(\d+pt)"', picture)
    parts = {
        "hash": mark,
        "style": asset("page.css"),
        "script": asset("page.js"),
        "picture": picture,
        "size": f"--width: {size[1]}; --height: {size[2]}" if size else "",
        "data": as_script({**data, "hash": mark}),
        **{name: html.escape(text) for name, text in texts.items()},
    }
    return legible(re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], asset(template)))


def asset(name: str) -> str:
    """Return a file that lies beside this one."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def as_script(data: Any) -> str:
    """Return data as JSON that may stand in a script."""
    return json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")


def notice(message: str) -> str:
    """Return a sentence in place of the picture."""
    return f'<p role="note">{html.escape(message)}</p>'


def on_board(rows: list[tuple[str, list[str]]], text: str) -> str:
    """Return equations, each with a word before it; as plain text if they are very long."""
    if max(len(part) for _, line in rows for part in line) > LONGEST:
        return f"<p>{html.escape(text)}</p>"
    return "".join(f"<div><span>{word}</span><p>{equation(line)}</p></div>" for word, line in rows)


def equation(parts: list[str]) -> str:
    """Return an equation as MathML, a formula for each side, so that lines can break between."""
    first, *others = parts
    sign = "<mo>+=</mo>" if first.endswith("+") else "<mo>=</mo>"
    formulas = [mathml(first.removesuffix(" +"))]
    formulas += [
        f"{'<mo>=</mo>' if i else sign}<mrow>{mathml(part)}</mrow>" for i, part in enumerate(others)
    ]
    return " ".join(f"<math><mrow>{formula}</mrow></math>" for formula in formulas)
