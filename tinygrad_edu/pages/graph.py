"""The graph on a page: a picture whose texts change from step to step."""

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

Texts: TypeAlias = "dict[str, str]"
"""Texts in the picture, by their places: "v_3 1" is line 1 (counted from 0) of the box v_3."""

Clusters: TypeAlias = "Mapping[str, Iterable[Value]]"

ALL_NUMBERS = "The graph of the computation, with all numbers and gradients"


class Drawing:
    """The picture of a graph with all its numbers, and the texts to show in it before that."""

    def __init__(self, steps: Steps, clusters: Clusters | None = None) -> None:
        """Copy the graph and set gradients on the copy, so that the graph itself stays as it is."""
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

    def image(self, written: Texts | None = None, alt: str = ALL_NUMBERS) -> str:
        """Return the picture as an HTML image, which needs no scripts.

        If the graph cannot be drawn, a sentence that says why is returned instead.

        Args:
            written: texts that replace the final ones.
            alt: a description of the image, for people who cannot see it.
        """
        try:
            svg = draw(self.root, digits=DIGITS, clusters=self.clusters).pipe(
                "svg", encoding="utf-8"
            )
        except (ValueError, RuntimeError) as error:  # the graph is too large or too entangled
            return notice(str(error).partition("`.source`")[0])
        svg = svg[svg.index("<svg") :]
        svg = re.sub(r"<!--.*?-->\n?|<title>.*?</title>\n?", "", svg, flags=re.DOTALL)
        svg = svg.replace(' id="', ' data-id="')  # a page may hold several pictures, ids only once
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
        """Return the id of the edge from the argument at a position to a Value's operation."""
        arg, i = node.args[position], self.numbers[self.groups[node][0]]
        source = self.numbers[arg] if isinstance(arg, Value) else f"n_{i}_{position}"
        return f"e_{source}_{i}_{position}"

    def flow(self, node: Value) -> list[str]:
        """Return the ids of the operation and the edges between a Value and its arguments."""
        operation = f"o_{self.numbers[self.groups[node][0]]}"
        edges = [self.into(node, position) for position in range(len(node.args))]
        return [operation, f"r_{self.numbers[node]}", *edges]

    def partial_at(self, node: Value, position: int) -> tuple[str, str]:
        """Return the place of a partial derivative on its edge, and the text there."""
        group = self.groups[node]
        line = f"{self.into(node, position)} {group.index(node)}"
        return line, partial_text(node, position, group, self.names, DIGITS)

    def data_line(self, node: Value) -> str:
        """Return the first line of a Value's box: its name and its number."""
        return box_text(node, self.names.get(node), {"data"}, DIGITS)[0]

    def gradient_line(self, node: Value, gradient: Any) -> str:
        """Return the second line of a Value's box, with a gradient that may still grow."""
        twin = self.copies[node]
        twin.grad, complete = gradient, twin.grad
        line = box_text(twin, self.names.get(node), {"data", "grad"}, DIGITS)[1]
        twin.grad = complete
        return line


def rewritten(svg: str, written: Texts) -> str:
    """Return an SVG picture with the texts of ``written`` at their places."""

    def part(found: re.Match[str]) -> str:
        i = count()

        def line(text: re.Match[str]) -> str:
            new = written.get(f"{found[1]} {next(i)}")
            return text[0] if new is None else f"{text[1]}{html.escape(new)}</text>"

        return re.sub(r"(<text[^>]*>)[^<]*</text>", line, found[0])

    return re.sub(r'<g data-id="([ve]_\w+)".*?</g>', part, svg, flags=re.DOTALL)


def target(step: SeedStep | BackwardStep) -> Value:
    """Return the Value whose gradient grows in a step."""
    return step.root if isinstance(step, SeedStep) else step.arg
