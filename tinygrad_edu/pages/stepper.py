"""The stepper: both passes as a page on which they are walked through, step by step.

>>> from tinygrad_edu import Value
>>> from tinygrad_edu import steps
>>> w, x = Value(3.0, label="w"), Value(2.0, label="x")
>>> page = document(steps((w * x).tanh()))
>>> page[:15], "∂v₂/∂w = ∂v₂/∂v₁ · ∂v₁/∂w" in page
('<!doctype html>', True)
"""

from __future__ import annotations

import copy
import hashlib
import html
import json
import math
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from importlib.resources import files
from itertools import count
from typing import Any, TypeAlias

from tinygrad_edu.drawing.graph import (
    box_text,
    draw,
    in_groups,
    levels_behind,
    partial_text,
)
from tinygrad_edu.drawing.labels import legible
from tinygrad_edu.explain.passes import (
    BackwardStep,
    ForwardStep,
    SeedStep,
    Step,
    Steps,
    require_unchanged,
)
from tinygrad_edu.formulas.alphabet import COMMANDS, FONTS, styled
from tinygrad_edu.formulas.board import Board
from tinygrad_edu.formulas.markup import DIGITS, LATEX
from tinygrad_edu.value import Value

__all__ = ["document", "fragment", "mathml"]

Texts: TypeAlias = "dict[str, str]"  # by part of the drawing and line in it: "v_3 1"
Clusters: TypeAlias = "Mapping[str, Iterable[Value]]"

MOST = 300  # steps that anybody walks through
LONGEST = 600  # characters of LaTeX; a formula that is longer is set as plain text
ALT = "The graph of the computation, with all numbers and gradients"
LEGEND = "".join(
    f"<div><span>{word}</span><p>{meaning}</p></div>"
    for word, meaning in (
        ("boxes", "numbers: inputs with round corners, parameters yellow, the result framed twice"),
        ("circles", "operations; the forward pass follows the arrows"),
        ("next to arrows", "local derivatives; the backward pass goes against the arrows"),
    )
)


def document(steps: Steps, clusters: Clusters | None = None) -> str:
    """Return the stepper as an HTML document that needs no other file and no network."""
    return whole(title(steps), fragment(steps, clusters))


def fragment(steps: Steps, clusters: Clusters | None = None) -> str:
    """Return the stepper as a piece of HTML, to stand in a page, in a notebook, several at once.

    Without scripts it shows the drawing with all numbers, and the steps as text. So it does of more
    steps than anybody walks through; where the graph cannot be drawn, it says why.
    """
    if len(steps) > MOST:
        picture = notice(
            f"{len(steps)} steps are more than anybody walks through (at most {MOST}); take the "
            "steps of a Value in the middle, or print them as text"
        )
        data: dict[str, Any] = {"steps": []}
    else:
        graph = Drawing(steps, clusters)
        picture = graph.image()
        data = {"before": before(graph), "steps": [record(step, graph) for step in steps]}
    those = f"all {len(steps)} steps" if len(steps) <= MOST else "the first and the last steps"
    return filled(
        "stepper.html",
        data,
        picture,
        title=title(steps),
        open="" if data["steps"] else " open",
        summary=f"{those} as text",
        text="\n".join(steps._lines(MOST)),
    )


# --- what pages have in common --------------------------------------------------------------------


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


def title(steps: Steps) -> str:
    """Return what the page is called."""
    return f"Backpropagation of {steps.names[steps.root]}, step by step"


def notice(message: str) -> str:
    """Return a sentence in place of the picture."""
    return f'<p role="note">{html.escape(message)}</p>'


# --- the drawing ----------------------------------------------------------------------------------


class Drawing:
    """The graph with all its numbers, and the text of its boxes on the way there."""

    def __init__(self, steps: Steps, clusters: Clusters | None = None) -> None:
        """Copy the graph: gradients are written on the copy, nothing changes."""
        require_unchanged("steps", [step.node for step in steps.forward])
        self.given = steps.root
        self.names = steps.names
        self.board = Board(steps.names, LATEX)
        self.root = copy.deepcopy(steps.root)
        nodes = levels_behind(steps.root, math.inf)
        copies = levels_behind(self.root, math.inf)
        self.copies = dict(zip(nodes, copies, strict=True))
        self.numbers = {node: i for i, node in enumerate(nodes)}
        self.groups = in_groups(nodes)
        for twin in self.copies.values():
            twin.grad = 0.0
        for step in steps.backward:
            if isinstance(step, SeedStep | BackwardStep):
                self.copies[target(step)].grad = step.after
        self.clusters = {
            title: [self.copies[node] for node in members if node in self.copies]
            for title, members in (clusters or {}).items()
        }

    def image(self, written: Texts | None = None, alt: str = ALT) -> str:
        """Return the finished drawing as an image that shows without scripts, too.

        Args:
            written: texts that stand in place of the finished ones.
            alt: what the image shows, for those who do not see it.
        """
        try:
            svg = draw(self.root, digits=DIGITS, clusters=self.clusters).pipe(
                "svg", encoding="utf-8"
            )
        except (ValueError, RuntimeError) as error:  # too large, too entangled
            return notice(str(error).partition("`.source`")[0])
        svg = svg[svg.index("<svg") :]
        svg = re.sub(r"<!--.*?-->\n?|<title>.*?</title>\n?", "", svg, flags=re.DOTALL)
        svg = svg.replace(' id="', ' data-id="')  # ids are unique in a page; steppers may be many
        svg = rewritten(svg, written or {})
        size = re.search(r'width="\d+pt" height="\d+pt"', svg)
        coded = b64encode(svg.encode()).decode("ascii")
        return (
            f'<img {size[0] if size else ""} alt="{alt}" src="data:image/svg+xml;base64,{coded}">'
        )

    def box(self, node: Value) -> str:
        """Return the id of a Value's box."""
        return f"v_{self.numbers[node]}"

    def into(self, node: Value, position: int) -> str:
        """Return the id of the edge that leads from an argument to a Value's operation."""
        arg, i = node.args[position], self.numbers[self.groups[node][0]]
        source = self.numbers[arg] if isinstance(arg, Value) else f"n_{i}_{position}"
        return f"e_{source}_{i}_{position}"

    def flow(self, node: Value) -> list[str]:
        """Return the ids of all that is on the way from the arguments of a Value to it."""
        operation = f"o_{self.numbers[self.groups[node][0]]}"
        edges = [self.into(node, position) for position in range(len(node.args))]
        return [operation, f"r_{self.numbers[node]}", *edges]

    def partial_at(self, node: Value, position: int) -> tuple[str, str]:
        """Return at which line of which edge a partial derivative stands, and what stands there."""
        group = self.groups[node]
        line = f"{self.into(node, position)} {group.index(node)}"
        return line, partial_text(node, position, group, self.names, DIGITS)

    def data_line(self, node: Value) -> str:
        """Return the first line of a box: the name and the number."""
        return box_text(node, self.names.get(node), {"data"}, DIGITS)[0]

    def gradient_line(self, node: Value, gradient: Any) -> str:
        """Return the second line of a box, with a gradient that may not be complete."""
        twin = self.copies[node]
        twin.grad, complete = gradient, twin.grad
        line = box_text(twin, self.names.get(node), {"data", "grad"}, DIGITS)[1]
        twin.grad = complete
        return line


def rewritten(svg: str, written: Texts) -> str:
    """Return a drawing with other texts at some places."""

    def part(found: re.Match[str]) -> str:
        i = count()

        def line(text: re.Match[str]) -> str:
            new = written.get(f"{found[1]} {next(i)}")
            return text[0] if new is None else f"{text[1]}{html.escape(new)}</text>"

        return re.sub(r"(<text[^>]*>)[^<]*</text>", line, found[0])

    return re.sub(r'<g data-id="([ve]_\w+)".*?</g>', part, svg, flags=re.DOTALL)


def target(step: SeedStep | BackwardStep) -> Value:
    """Return the Value whose gradient grows."""
    return step.root if isinstance(step, SeedStep) else step.arg


# --- the steps ------------------------------------------------------------------------------------


def before(graph: Drawing) -> dict[str, Any]:
    """Return what the page shows before the first step: the numbers that were given."""
    written: Texts = {}
    for node in graph.copies:
        first = graph.data_line(node) if node.op is None else graph.names[node]
        written |= {f"{graph.box(node)} 0": first, f"{graph.box(node)} 1": ""}
        written |= {graph.partial_at(node, k)[0]: "" for k in range(len(node.args))}
    say = "Before the forward pass: only the inputs and the parameters have numbers."
    return {
        "pass": "before", "say": say, "text": "", "board": LEGEND, "write": written,
        "now": "", "from": [], "flow": [],
    }  # fmt: skip


def record(step: Step, graph: Drawing) -> dict[str, Any]:
    """Return what the page shows at a step."""
    if isinstance(step, ForwardStep):
        shown = forward(step, graph)
    elif isinstance(step, BackwardStep):
        shown = backward(step, graph)
    else:
        shown = seed(step, graph)
    return {"text": repr(step), **shown}


def forward(step: ForwardStep, graph: Drawing) -> dict[str, Any]:
    """Return what the page shows when an operation is computed."""
    node, board = step.node, graph.board
    formulas = [board.formula(node), board.filled(node, step.numbers)]
    line = [board.name(node), *dict.fromkeys(formulas), board.number(step.data)]
    return {
        "pass": "forward",
        "say": f"Forward: compute {step.names[node]}.",
        "board": on_board([("value", line)], repr(step)),
        "write": {f"{graph.box(node)} 0": graph.data_line(node)},
        "now": graph.box(node),
        "from": [graph.box(arg) for arg in node.args if isinstance(arg, Value)],
        "flow": graph.flow(node),
    }


def seed(step: Any, graph: Drawing) -> dict[str, Any]:
    """Return what the page shows where the backward pass begins."""
    name, board = step.names[step.root], graph.board
    line = [board.d(step.root, step.root), board.number(step.after)]
    return {
        "pass": "backward",
        "say": f"Backward: begin with the derivative of {name} with respect to itself.",
        "board": on_board([("gradient", line)], repr(step)),
        "write": {f"{graph.box(step.root)} 1": graph.gradient_line(step.root, step.after)},
        "now": graph.box(step.root),
        "from": [],
        "flow": [],
    }


def backward(step: BackwardStep, graph: Drawing) -> dict[str, Any]:
    """Return what the page shows when a gradient goes back along an edge."""
    names, node, arg = step.names, step.node, step.arg
    place, partial_written = graph.partial_at(node, step.position)
    board = graph.board
    local = board.local(node, arg, step.position)
    sought = board.d(step.root, arg)
    product = [
        rf"{board.d(step.root, node)} \cdot {local}",
        rf"{board.number(step.upstream)} \cdot {board.factor(step.partial)}",
        board.number(step.contribution),
    ]
    rule = board.rules(node, step.position)
    rows = [("local derivative", [local, *dict.fromkeys([*rule, board.number(step.partial)])])]
    say = f"Backward: from {names[node]} to {names[arg]}. Upstream gradient times local derivative"
    if not step.is_first:
        say += ", added to what has come by other paths"
    if step.is_only:
        rows.append(("chain rule", [sought, *product]))
    else:
        rows.append(("chain rule", [f"{sought} +", *product]))
        sums = f"{board.number(step.before)} + {board.factor(step.contribution)}"
        rows.append(("sum", [sought, sums, board.number(step.after)]))
    return {
        "pass": "backward",
        "say": f"{say}.",
        "board": on_board(rows, repr(step)),
        "write": {
            f"{graph.box(arg)} 1": graph.gradient_line(arg, step.after),
            place: partial_written,
        },
        "now": graph.box(arg),
        "from": [graph.box(node)],
        "flow": [f"r_{graph.numbers[node]}", graph.into(node, step.position)],
    }


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


# --- from LaTeX to MathML -------------------------------------------------------------------------

SIGN = re.compile(r"\\[A-Za-z]+|'+|\\.|\d+(?:\.\d+)?|\S", re.DOTALL)
ESCAPED = re.compile(r"\\(?:backslash|hat|sim)\{\}|\\.", re.DOTALL)
WORDS = re.compile(
    rf"\\(?:operatorname|mathrm|text)\{{((?:{ESCAPED.pattern}|[^{{}}\\])*)\}}", re.DOTALL
)
WRITTEN = {r"\backslash{}": "\\", r"\hat{}": "^", r"\sim{}": "~"}
ABOVE = {
    "hat": "^", "tilde": "~", "bar": "¯", "dot": "˙", "ddot": "¨", "vec": "→", "check": "ˇ",
    "breve": "˘", "acute": "\u00b4", "grave": "`", "mathring": "˚",
}  # fmt: skip
CONSTRUCTS = {
    r"\frac": "<mfrac>{}{}</mfrac>",
    r"\sqrt": "<msqrt>{}</msqrt>",
    r"\underline": '<munder accentunder="true">{}<mo>_</mo></munder>',
} | {
    f"\\{name}": f'<mover accent="true">{{}}<mo>{mark}</mo></mover>' for name, mark in ABOVE.items()
}
SYMBOLS = {r"\backslash": "\\", r"\sim": "~", "-": "−", "'": "\u2032", r"\ ": "\u00a0"} | {
    f"\\{name}": sign for name, sign in COMMANDS.items() if not sign.isalpha()
}
LETTERS = {f"\\{name}": sign for name, sign in COMMANDS.items() if sign.isalpha()}


def mathml(latex: str) -> str:
    r"""Return a formula of the table as MathML, which browsers draw by themselves.

    It knows the LaTeX that the package writes: fractions, roots, raised and lowered, hats, words.
    What it does not know it shows as it is.

    >>> mathml(r"\frac{1}{2} x_{1}^{2}")
    '<mfrac><mn>1</mn><mn>2</mn></mfrac><msubsup><mi>x</mi><mn>1</mn><mn>2</mn></msubsup>'
    >>> mathml(r"\sigma\left(-z\right)")
    '<mi>σ</mi><mo stretchy="false">(</mo><mo form="prefix">−</mo><mi>z</mi>...'
    """
    return "".join(Reader(latex).elements())


class Reader:
    """Reads LaTeX from left to right and turns it into elements of MathML."""

    def __init__(self, latex: str) -> None:
        """Put words aside, which are no formulas, and take the rest apart."""
        self.words: list[str] = []
        latex = WORDS.sub(self.put_aside, latex)
        latex = re.sub(r"\\(backslash|sim)\{\}", r"\\\1 ", latex)
        latex = re.sub(r"\\left\.|\\(left|right)(?![A-Za-z])", "", latex)
        self.rest = SIGN.findall(latex)[::-1]

    def put_aside(self, found: re.Match[str]) -> str:
        """Keep a word; leave its number in its place."""
        self.words.append(ESCAPED.sub(lambda e: WRITTEN.get(e[0], e[0][1:]), found[1]))
        return f"\\word {len(self.words) - 1} "

    def elements(self) -> list[str]:
        """Read to the end of a group."""
        found: list[str] = []
        scripts: dict[str, str] = {}  # of the last element, which is then still to come
        base = ""
        while self.rest and (sign := self.rest.pop()) != "}":
            if sign in ("^", "_"):
                base = base or (found.pop() if found else "<mrow></mrow>")
                scripts[sign] = self.argument()
                continue
            if sign[0] == "'":
                base = base or (found.pop() if found else "<mrow></mrow>")
                scripts["^"] = f"<mo>{SYMBOLS[sign[0]] * len(sign)}</mo>"
                continue
            if base:
                found.append(scripted(base, scripts))
                base, scripts = "", {}
            is_sign = sign == "-" and found and found[-1].endswith(("(</mo>", "·</mo>", "+</mo>"))
            found.append('<mo form="prefix">−</mo>' if is_sign else self.element(sign))
        return [*found, scripted(base, scripts)] if base else found

    def argument(self) -> str:
        """Read a group or a single sign."""
        return self.element(self.rest.pop()) if self.rest else "<mrow></mrow>"

    def element(self, sign: str) -> str:
        """Return a sign, with the arguments that it takes, as one element."""
        if sign == "{":
            group = self.elements()
            return group[0] if len(group) == 1 else f"<mrow>{''.join(group)}</mrow>"
        if sign[1:] in FONTS:  # of Unicode: no browser knows others
            return self.in_font(sign[1:])
        if construct := CONSTRUCTS.get(sign):
            return construct.format(*(self.argument() for _ in range(construct.count("{}"))))
        if sign == r"\word":
            word = html.escape(self.words[int(self.rest.pop())])
            return f'<mi mathvariant="normal">{word}</mi>'
        return leaf(sign)

    def in_font(self, font: str) -> str:
        """Return the argument of a font in the letters of that font."""

        def in_letters(found: re.Match[str]) -> str:
            return f">{''.join(styled(sign, font) for sign in html.unescape(found[1]))}<"

        return re.sub(r">([^<]+)<", in_letters, self.argument())


def scripted(base: str, scripts: dict[str, str]) -> str:
    """Return an element with what stands below and above it."""
    tag = "msubsup" if len(scripts) > 1 else "msub" if "_" in scripts else "msup"
    return f"<{tag}>{base}{scripts.get('_', '')}{scripts.get('^', '')}</{tag}>"


def leaf(sign: str) -> str:
    """Return a number, a letter or an operator."""
    if sign[0].isdigit():
        return f"<mn>{sign}</mn>"
    if sign in "()[]|":
        return f'<mo stretchy="false">{sign}</mo>'
    shown = SYMBOLS.get(sign) or LETTERS.get(sign) or sign.removeprefix("\\")
    tag = "mi" if shown in ("∂", "∞") or shown[:1].isalpha() else "mo"
    return f"<{tag}>{html.escape(shown)}</{tag}>"
