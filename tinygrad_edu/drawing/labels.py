"""Labels and numbers as text in a picture, where labels appear exactly as they were typed."""

from __future__ import annotations

import html
import math
import re
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from fractions import Fraction
from typing import Any

from graphviz import nohtml

from tinygrad_edu.support.files import encodable

LONGEST_LABEL = 60
"""Characters of a label or name that are drawn; the middle of a longer one is left out."""
LONGEST_TIP = 400
"""Characters of a tooltip: about five lines."""

NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
ENTITY = re.compile(r"&(?:#\d+|#[xX][0-9a-fA-F]+|[A-Za-z]\w*);")


def legible(text: str) -> str:
    r"""Return text with U+FFFD in place of each character that SVG and HTML cannot hold.

    >>> legible("a\0b\x01 \ufffe \ud800 \U0001f600")
    'a�b� � � 😀'
    """
    text = encodable(text).replace("\r\n", "\n").replace("\r", "\n")
    return NOT_IN_XML.sub("�", text)


def abbreviated(text: str, most: int = LONGEST_LABEL) -> str:
    """Return text with its middle left out if it is longer than ``most`` characters.

    >>> abbreviated("a label of moderate length", 11)
    'a lab…ength'
    """
    if len(text) <= most:
        return text
    return f"{text[: (most - 1) // 2]}…{text[len(text) - most // 2 :]}"


def as_typed(text: str) -> Any:
    r"""Return text as a Graphviz label that is drawn character by character.

    Otherwise, Graphviz would replace escapes (``\N``) and entities (``&lt;``), and read ``<b>`` as
    HTML.

    >>> print(as_typed(r"a&lt;b \N"), as_typed("<b>"))
    a&amp;lt;b \\N <b>
    """
    literal = legible(text).replace("\\", r"\\").replace("&", "&amp;")
    return nohtml(literal.replace("\n", r"\n"))


def as_tip(text: str) -> Any:
    r"""Return text as a Graphviz tooltip, in which Graphviz replaces escapes twice.

    >>> print(as_tip(r"a&lt;b \N"))
    a&amp;lt;b \\\\N
    """
    literal = legible(abbreviated(text, LONGEST_TIP)).replace("\\", r"\\\\").replace("&", "&amp;")
    return nohtml(literal.replace("\n", r"\n"))


def unescaped(text: str) -> str:
    r"""Return text with Graphviz escapes replaced: two backslashes by one, ``\n`` by a new line.

    >>> unescaped(r"a\\N\nbelow").split("\n")
    ['a\\N', 'below']
    """
    return re.sub(r"(?s)\\(.)", lambda sign: "\n" if sign[1] in "nlr" else sign[1], text)


def decoded(text: str) -> str:
    """Return text with HTML entities replaced, as Graphviz replaces them in labels.

    >>> decoded("a&amp;lt;b & c")
    'a&lt;b & c'
    """
    return ENTITY.sub(lambda entity: html.unescape(entity[0]), text)


def number_text(x: Any, digits: int) -> str:
    """Return a number with ``digits`` significant digits and a typographic minus sign.

    An exact number is written in full unless that is very long.

    >>> number_text(-0.0821670, 4), number_text(2, 4), number_text(1e-9, 4)
    ('−0.08217', '2', '1e−09')
    >>> number_text(Fraction(1, 3), 4), number_text(Fraction(10**5000, 3), 4)
    ('1/3', '3.333e+4999')
    """
    if isinstance(x, float):
        text = f"{x:.{digits}g}"
    elif isinstance(x, int | Fraction) and is_long(x):
        context = Context(prec=digits + 2, Emax=MAX_EMAX, Emin=MIN_EMIN)
        quotient = context.divide(Decimal(x.numerator), Decimal(x.denominator))
        text = f"{quotient.normalize(context):.{digits}g}"
    else:
        text = abbreviated(str(x))
    return text.replace("-", "−")


def is_long(x: int | Fraction) -> bool:
    """Tell whether an exact number has more digits than fit into a label."""
    bits = x.numerator.bit_length() + x.denominator.bit_length()
    return bits * math.log10(2) > LONGEST_LABEL


def with_plural(n: int, noun: str) -> str:
    """Return a number and a noun, with an s unless the number is 1.

    >>> with_plural(1, "input"), with_plural(2, "input")
    ('1 input', '2 inputs')
    """
    return f"{n} {noun}{'s' * (n != 1)}"
