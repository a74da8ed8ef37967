"""Labels, which may hold anything, as text that stands in a picture as it was typed."""

from __future__ import annotations

import html
import re
from typing import Any

from graphviz import nohtml

from tinygrad_edu.support.files import encodable

LONGEST = 60
"""So many characters of a label are drawn, and of names everywhere."""
LONGEST_TIP = 400  # characters of a tooltip, which the pointer brings up: some five lines

NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
ENTITY = re.compile(r"&(?:#\d+|#[xX][0-9a-fA-F]+|[A-Za-z]\w*);")


def legible(text: str) -> str:
    r"""Return text that SVG and HTML can hold, with U+FFFD for each character that they cannot.

    >>> legible("a\0b\x01 \ufffe \ud800 \U0001f600")
    'a�b� � � 😀'
    """
    text = encodable(text).replace("\r\n", "\n").replace("\r", "\n")
    return NOT_IN_XML.sub("�", text)


def shortened(text: str, most: int = LONGEST) -> str:
    """Return text with its middle left out if it is longer than so many characters.

    >>> shortened("a label of moderate length", 11)
    'a lab…ength'
    """
    if len(text) <= most:
        return text
    return f"{text[: (most - 1) // 2]}…{text[len(text) - most // 2 :]}"


def as_typed(text: str) -> Any:
    r"""Return text as a label of Graphviz that is drawn character by character.

    Graphviz would replace escapes (``\N``) and entities (``&lt;``), and set ``<b>`` as HTML.

    >>> print(as_typed(r"a&lt;b \N"), as_typed("<b>"))
    a&amp;lt;b \\N <b>
    """
    literal = legible(text).replace("\\", r"\\").replace("&", "&amp;")
    return nohtml(literal.replace("\n", r"\n"))


def as_tip(text: str) -> Any:
    r"""Return text as a tooltip of Graphviz, which reads the escapes in a tooltip twice.

    >>> print(as_tip(r"a&lt;b \N"))
    a&amp;lt;b \\\\N
    """
    literal = legible(shortened(text, LONGEST_TIP)).replace("\\", r"\\\\").replace("&", "&amp;")
    return nohtml(literal.replace("\n", r"\n"))


def unescaped(text: str) -> str:
    r"""Return text with the escapes of Graphviz read: two backslashes are one, ``\n`` a new line.

    >>> unescaped(r"a\\N\nbelow").split("\n")
    ['a\\N', 'below']
    """
    return re.sub(r"(?s)\\(.)", lambda sign: "\n" if sign[1] in "nlr" else sign[1], text)


def decoded(text: str) -> str:
    """Return text with the entities of HTML in it replaced, as Graphviz replaces them in labels.

    >>> decoded("a&amp;lt;b & c")
    'a&lt;b & c'
    """
    return ENTITY.sub(lambda entity: html.unescape(entity[0]), text)
