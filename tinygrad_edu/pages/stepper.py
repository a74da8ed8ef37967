"""The stepper: a page that shows both passes step by step.

>>> from tinygrad_edu import Value
>>> from tinygrad_edu import steps
>>> w, x = Value(3.0, label="w"), Value(2.0, label="x")
>>> page = document(steps((w * x).tanh()))
>>> page[:15], "∂v₂/∂w = ∂v₂/∂v₁ · ∂v₁/∂w" in page
('<!doctype html>', True)
"""

from __future__ import annotations

from typing import Any

from tinygrad_edu.explain.passes import BackwardStep, ForwardStep, Step, Steps
from tinygrad_edu.pages.graph import Clusters, Drawing, Texts
from tinygrad_edu.pages.page import filled_template, html_document, notice, on_board
from tinygrad_edu.value import Value

__all__ = ["STEP_LIMIT", "document", "fragment", "title"]

STEP_LIMIT = 300  # more are too many to click through
LEGEND = "".join(
    f"<div><span>{word}</span><p>{meaning}</p></div>"
    for word, meaning in (
        (
            "boxes",
            "numbers: inputs have round corners, parameters are yellow, the result has two frames",
        ),
        ("circles", "operations; the forward pass follows the arrows"),
        ("at the arrows", "local derivatives; the backward pass goes against the arrows"),
    )
)


def document(steps: Steps, clusters: Clusters | None = None) -> str:
    """Return the stepper as an HTML document that needs no other file and no network."""
    return html_document(title(steps), fragment(steps, clusters))


def fragment(steps: Steps, clusters: Clusters | None = None) -> str:
    """Return the stepper as a piece of HTML for a page or a notebook, which may hold several.

    Where no scripts run, it shows the picture with all numbers, and the steps as text. If there are
    more than ``STEP_LIMIT`` steps, it shows only text; if the graph cannot be drawn, it says why.
    """
    if len(steps) > STEP_LIMIT:
        picture = notice(
            f"{len(steps)} steps are too many to click through (at most {STEP_LIMIT}); show the "
            "steps of a Value in the middle of the graph, or print the steps as text"
        )
        data: dict[str, Any] = {"steps": []}
        listed = "The first and the last steps"
    else:
        graph = Drawing(steps, clusters)
        picture = graph.image()
        data = {"before": start_data(graph), "steps": [step_data(step, graph) for step in steps]}
        listed = f"All {len(steps)} steps"
    return filled_template(
        "stepper.html",
        data,
        picture,
        title=title(steps),
        open="" if data["steps"] else " open",
        summary=f"{listed} as text",
        text="\n".join(steps._lines(STEP_LIMIT)),
    )


def title(steps: Steps) -> str:
    """Return the title of the page."""
    return f"Backpropagation of {steps.names[steps.root]}, step by step"


def start_data(graph: Drawing) -> dict[str, Any]:
    """Return what the page shows before the first step: inputs and parameters."""
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


def step_data(step: Step, graph: Drawing) -> dict[str, Any]:
    """Return what the page shows at a step."""
    if isinstance(step, ForwardStep):
        shown = forward_data(step, graph)
    elif isinstance(step, BackwardStep):
        shown = backward_data(step, graph)
    else:
        shown = seed_data(step, graph)
    return {"text": repr(step), **shown}


def forward_data(step: ForwardStep, graph: Drawing) -> dict[str, Any]:
    """Return what the page shows when the result of an operation is computed."""
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


def seed_data(step: Any, graph: Drawing) -> dict[str, Any]:
    """Return what the page shows when the backward pass begins."""
    name, board = step.names[step.root], graph.board
    line = [board.d(step.root, step.root), board.number(step.after)]
    return {
        "pass": "backward",
        "say": f"Backward: start with the derivative of {name} with respect to itself.",
        "board": on_board([("gradient", line)], repr(step)),
        "write": {f"{graph.box(step.root)} 1": graph.gradient_line(step.root, step.after)},
        "now": graph.box(step.root),
        "from": [],
        "flow": [],
    }


def backward_data(step: BackwardStep, graph: Drawing) -> dict[str, Any]:
    """Return what the page shows when a gradient is passed back along an edge."""
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
    say = f"Backward: from {names[node]} to {names[arg]}. "
    say += "Multiply the upstream gradient by the local derivative"
    if not step.is_first:
        say += ", and add the product to what came along other edges"
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
