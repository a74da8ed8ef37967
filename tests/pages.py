"""Helpers that the tests of pages share: graphs to show, and functions that read a page."""

import base64
import html.parser
import math
import re
from xml.etree import ElementTree as ET

from tinygrad_edu import Constant, Value, weighted_sum
from tinygrad_edu.drawing.graph import levels_behind
from tinygrad_edu.lessons.worked_example import forward

EVIL = [
    "</script><b>x",
    "<!-- <script>",
    "'\"><img src=x onerror=alert(1)>",
    "{{data}} \\u003cb>",
    r"\frac{ $x$ & \end",
    "two\nlines",
]


def worked_example():
    return forward().loss


def evil():
    a, *others = [Value(0.5 + i, label=label) for i, label in enumerate(EVIL)]
    y = weighted_sum(others, [a, *[Constant(2.0, label="<i>")] * (len(others) - 1)], a).tanh()
    y.label = "</style><b>y"
    return y


def drawing_in(page):
    """The SVG inside a page, as text."""
    return base64.b64decode(re.search(r"data:image/svg\+xml;base64,([^\"]+)", page)[1]).decode()


def chain(n):
    """A chain of n operations; its steps are 2n + 1."""
    y = Value(0.5, label="x")
    for _ in range(n):
        y = y.sin()
    return y


def square():
    """A small graph: two paths, and an operation that uses its argument twice."""
    a = Value(3.0, label="a")
    b = a * a
    b.label = "b"
    c = b.sigmoid() + b * a
    c.label = "c"
    return c


def texts_in(page):
    """The texts in the picture before any answer."""
    return [e.text or "" for e in ET.fromstring(drawing_in(page)).iter() if e.tag.endswith("text")]  # noqa: S314 - our own


class Tags(html.parser.HTMLParser):
    """Checks that every tag is closed, and lists the tags in ``seen``."""

    VOID = ("meta", "input", "img")

    def __init__(self, page):
        super().__init__()
        self.open, self.seen = [], []
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def box(page, root, node):
    """The visible lines in the box of a Value, from top to bottom."""
    i = [*levels_behind(root, math.inf)].index(node)
    lines = (
        "es => es.filter(e => e.getAttribute('visibility') !== 'hidden').map(e => e.textContent)"
    )
    return page.locator(f'[data-id="v_{i}"] text').evaluate_all(lines)


CONTRASTS = """names => {
  const channel = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = (colour) => colour.match(/[\\d.]+/g).slice(0, 3).map(Number).map(channel)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const contrast = (e) => {
    let behind = e;
    while (getComputedStyle(behind).backgroundColor === 'rgba(0, 0, 0, 0)') {
      behind = behind.parentNode;
    }
    const both = [[e, 'color'], [behind, 'backgroundColor']]
      .map(([element, property]) => light(getComputedStyle(element)[property]));
    return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
  };
  return [...document.querySelectorAll(names)].map((e) => [e.className, contrast(e)]);
}"""  # as WCAG 2 defines it
