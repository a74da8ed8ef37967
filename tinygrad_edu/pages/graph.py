"""The graph on a page: a drawing whose texts change from step to step."""

from __future__ import annotations

import copy
import html
import math
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any, TypeAlias

from tinygrad_edu.drawing.graph import box_text, draw, in_groups, levels_behind, partial_text
from tinygrad_edu.explain.passes import BackwardStep, SeedStep, Steps, require_unchanged
from tinygrad_edu.formulas.board import Board
from tinygrad_edu.formulas.markup import DIGITS, LATEX
from tinygrad_edu.pages.page import notice
from tinygrad_edu.value import Value

__all__ = ["Clusters", "Drawing", "Texts"]

Texts: TypeAlias = "dict[str, str]"  # by part of the drawing and line in it: "v_3 1"

Clusters: TypeAlias = "Mapping[str, Iterable[Value]]"

ALT = "The graph of the computation, with all numbers and gradients"


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
