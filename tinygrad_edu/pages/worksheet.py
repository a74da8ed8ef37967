"""An exercise as a page: the graph with question marks, and a field for answers.

>>> from tinygrad_edu import Value
>>> from tinygrad_edu import exercise
>>> w, x = Value(0.5, label="w"), Value(2.0, label="x")
>>> page = document(exercise((w * x).tanh()))
>>> page[:15], "that is v₂ itself, not its derivative" in page
('<!doctype html>', True)

The page holds everything that it may have to say about an answer: the right number, wrong numbers
with the mistakes that lead to them, hints and the solution. It needs no server; but anybody who
looks at its source finds the solutions.

``paper`` makes a page to print: it has no scripts, the whole graph, and all questions or their
solutions.
"""

from __future__ import annotations

import html
from typing import Any

from tinygrad_edu.exercises.answers import DECIMAL, ENOUGH, FLOAT_ERROR, MESSAGES, QUOTIENT
from tinygrad_edu.exercises.exercise import Exercise
from tinygrad_edu.exercises.question import MISTAKE_TOLERANCE, Question
from tinygrad_edu.exercises.rounding import last_place
from tinygrad_edu.explain.passes import BackwardStep, Steps, require_unchanged
from tinygrad_edu.formulas.board import Board
from tinygrad_edu.formulas.markup import LATEX
from tinygrad_edu.formulas.mathml import mathml
from tinygrad_edu.pages.graph import Clusters, Drawing, Texts
from tinygrad_edu.pages.page import (
    LONGEST_FORMULA,
    equation,
    filled_template,
    html_document,
    notice,
)
from tinygrad_edu.pages.stepper import STEP_LIMIT
from tinygrad_edu.value import Constant, Value

__all__ = ["document", "fragment", "paper"]

LINE_LENGTH = 80  # characters; a longer question is printed as text, since MathML does not wrap
MOST_ASKED = 120  # more questions are too many to click through
QUESTION_MARKS = "The graph of the computation, with a question mark for each number asked for"
PAPER = """\
body { color-scheme: light; background: #fff; color: #000; }
main { max-width: 190mm; margin: 10mm auto; font: 11pt/1.5 system-ui, sans-serif; }
header { text-align: right; min-height: 1.5em; }
h1 { font-size: 16pt; margin: 0 0 4mm; }
p span { display: inline-block; max-width: 100%; overflow-wrap: anywhere; }
img { display: block; width: auto; height: auto; max-width: 100%; max-height: 230mm;
  margin: 4mm auto; break-inside: avoid; }
li { padding: 1mm 0 1mm 2mm; break-inside: avoid; overflow-wrap: anywhere; }
.open li { min-height: 9mm; border-bottom: 1px dotted #888; font-size: 13pt; }
math { math-style: normal; }
@media print { main { max-width: none; margin: 0; } }
"""
KIND_NAMES = {
    "forward": "value", "local": "local derivative", "contribution": "contribution of a path",
    "gradient": "gradient",
}  # fmt: skip
Edges = dict[Value, list[tuple[Value, int]]]
"""For each Value its edges to the nodes that use it: pairs of a node and a position in its args."""


def document(exercise: Exercise, clusters: Clusters | None = None) -> str:
    """Return an exercise as an HTML document that needs no other file and no network."""
    return html_document(title(exercise), fragment(exercise, clusters))


def fragment(exercise: Exercise, clusters: Clusters | None = None) -> str:
    """Return an exercise as a piece of HTML for a page or a notebook, which may hold several.

    Where no scripts run, it shows the picture with question marks, and the questions as text. If
    the exercise is too large for a page, it shows only text; if the graph cannot be drawn, it says
    why.
    """
    data: dict[str, Any] = {"questions": []}
    if excess := too_large(exercise):
        picture = notice(excess)
    else:
        data, picture = questions_in_graph(exercise, clusters)
    data["result"] = exercise.result()
    data["rules"] = {
        "decimal": DECIMAL, "quotient": QUOTIENT, "enough": ENOUGH, "float_error": FLOAT_ERROR,
        "tolerance": MISTAKE_TOLERANCE,
    }  # fmt: skip
    data["messages"] = MESSAGES
    return filled_template(
        "worksheet.html",
        data,
        picture,
        title=title(exercise),
        open="" if data["questions"] else " open",
        text=exercise.sheet(),
    )


def too_large(exercise: Exercise) -> str:
    """Say why an exercise is too large for a page; return an empty text if it is not."""
    questions, steps = len(exercise.questions), len(exercise.walk)
    if questions > MOST_ASKED:
        return (
            f"{questions} questions are too many to click through (at most {MOST_ASKED}); ask for "
            "fewer, for example with exercise(..., most=10)"
        )
    if steps > STEP_LIMIT:
        return (
            f"a graph with {steps} steps is too large to read (at most {STEP_LIMIT}); make an "
            "exercise about a Value in the middle of the graph"
        )
    return ""


def paper(exercise: Exercise, clusters: Clusters | None = None, *, solutions: bool = False) -> str:
    """Return an exercise as an HTML document to print: the graph, and all questions below it.

    With ``solutions`` it shows worked solutions and all numbers. It has no scripts.
    """
    graph = framed_graph(exercise, clusters)
    written, _ = picture_texts(exercise, graph, gradient_edges(exercise.walk))
    picture = graph.image() if solutions else graph.image(written, QUESTION_MARKS)
    items = "".join(
        f"<li>{html.escape(q.worked)}</li>\n" if solutions
        else f"<li>{breakable(q, exercise.walk)} <span>=</span></li>\n"
        for q in exercise.questions
    )  # fmt: skip
    given = ", ".join(
        f"<span>{html.escape(equation)}</span>" for equation in exercise.given_numbers
    )
    sheet = "" if exercise.seed is None else f"Sheet {html.escape(str(exercise.seed))}"
    look = "solved" if solutions else "open"
    return html_document(
        title(exercise),
        f'<style>\n{PAPER}</style>\n<main class="{look}">\n<header>{sheet}</header>\n'
        f"<h1>{html.escape(title(exercise))}</h1>\n<p>Given: {given}</p>\n"
        f"{picture}\n<ol>\n{items}</ol>\n</main>\n",
    )


def title(exercise: Exercise) -> str:
    """Return the title of the page."""
    return f"Backpropagation of {exercise.walk.names[exercise.root]} by hand"


def questions_in_graph(exercise: Exercise, clusters: Clusters | None) -> tuple[dict[str, Any], str]:
    """Return the questions as data for the script of the page, and the picture."""
    graph = framed_graph(exercise, clusters)
    edges = gradient_edges(exercise.walk)
    written, later = picture_texts(exercise, graph, edges)
    questions = []
    for q in exercise.questions:
        places = places_of(q, graph, edges)
        questions.append({**question_data(q, graph, edges, exercise.walk), "places": places})
    data = {"questions": questions, "solved": exercise.solved, "write": written, "later": later}
    is_done = len(exercise.solved) == len(exercise.questions)
    return data, graph.image({**written, **later} if is_done else written, QUESTION_MARKS)


def framed_graph(exercise: Exercise, clusters: Clusters | None) -> Drawing:
    """Return the picture of the graph, with frames around the clusters."""
    require_unchanged("exercise", [step.node for step in exercise.walk.forward])
    copies = exercise.copies
    frames = {
        title: [copies.get(node, node) for node in members]
        for title, members in (clusters or {}).items()
    }
    return Drawing(exercise.walk, frames)


def picture_texts(exercise: Exercise, graph: Drawing, edges: Edges) -> tuple[Texts, Texts]:
    """Return the texts of the picture at first, and the texts that are added at the end.

    At first it shows the given numbers and question marks; when all questions are solved, it shows
    all other numbers, too.
    """
    written = texts_at_start(graph)
    for q in exercise.known:
        written |= {place: text for place, (_, text) in places_of(q, graph, edges).items()}
    asked: Texts = {}
    for q in exercise.questions:
        is_open = q.name not in exercise.solved
        for place, (hidden, text) in places_of(q, graph, edges).items():
            asked[place] = hidden if is_open else text
    later = {place: text for place, text in texts_at_end(graph).items() if place not in asked}
    return {**written, **asked}, later


def gradient_edges(walk: Steps) -> Edges:
    """Return for each Value the edges along which its gradient arrives."""
    edges: Edges = {}
    for step in walk.backward:
        if isinstance(step, BackwardStep):
            edges.setdefault(step.arg, []).append((step.node, step.position))
    return edges


def texts_at_start(graph: Drawing) -> Texts:
    """Return the texts of the picture when only inputs and parameters have numbers."""
    written = dict.fromkeys(texts_at_end(graph), "")
    for node in graph.copies:
        if node.op is not None:
            written[f"{graph.box(node)} 0"] = graph.names[node]
    root = graph.given  # its gradient is shown: it is 1 in every graph
    return {**written, f"{graph.box(root)} 1": graph.gradient_line(root, graph.root.grad)}


def texts_at_end(graph: Drawing) -> Texts:
    """Return the texts of all computed numbers, gradients and local derivatives."""
    texts: Texts = {}
    for node, twin in graph.copies.items():
        if node.op is not None:
            texts[f"{graph.box(node)} 0"] = graph.data_line(node)
        if not isinstance(node, Constant):
            texts[f"{graph.box(node)} 1"] = graph.gradient_line(node, twin.grad)
        texts |= dict(
            graph.partial_at(node, k) for k, p in enumerate(node.partials) if p is not None
        )
    return texts


def places_of(q: Question, graph: Drawing, edges: Edges) -> dict[str, tuple[str, str]]:
    """Return the places of a number in the picture, each with two texts: hidden, and solved."""
    if q.kind == "forward":
        line = graph.data_line(q.node)
        return {f"{graph.box(q.node)} 0": (f"{q.name} = ?", line)}
    places = {}
    if q.kind == "gradient" and q.arg is not None:
        line = graph.gradient_line(q.arg, graph.copies[q.arg].grad)
        places[f"{graph.box(q.arg)} 1"] = ("grad ?", line)
    about = question_edges(q, edges)
    is_local = q.kind == "gradient" and {node for node, _ in about} == {graph.given}
    if q.kind == "local" or is_local:  # next to the root both are the same number
        for node, k in about:
            place, written = graph.partial_at(node, k)
            whose, colon, _ = written.rpartition(": ")
            places[place] = (f"{whose}{colon}?", written)
    return places


def question_edges(q: Question, edges: Edges) -> list[tuple[Value, int]]:
    """Return the edges that a question is about."""
    if q.arg is None:
        return []
    return [(node, k) for node, k in edges[q.arg] if q.kind == "gradient" or node is q.node]


def question_data(q: Question, graph: Drawing, edges: Edges, walk: Steps) -> dict[str, Any]:
    """Return a question as data for the script: its texts, and the parts of the picture to mark."""
    about = question_edges(q, edges)
    if q.arg is None:
        now = [graph.box(q.node)]
        users = [arg for arg in q.node.args if isinstance(arg, Value)]
        flow = graph.flow(q.node)
    else:
        now = [graph.box(q.arg)] if q.kind == "gradient" else []
        users = [node for node, _ in about]
        flow = [graph.into(node, k) for node, k in about]
    return {
        "kind": KIND_NAMES[q.kind],
        "name": q.name,
        "asked": asked_as_mathml(q, walk),
        "value": float(q.value),
        "short": q.short,
        "place": last_place(q.short),
        "slack": q.slack,
        "mistakes": q.mistakes,
        "hints": q.hints,
        "solution": q.solution,
        "found": q.result,
        "needs": q.needs,
        "pass": "forward" if q.kind == "forward" else "backward",
        "now": now,
        "from": [*dict.fromkeys(map(graph.box, users))],
        "flow": flow,
    }


def breakable(q: Question, walk: Steps) -> str:
    """Return the question as MathML, or as text if it is longer than a line of a page."""
    return asked_as_mathml(q, walk) if len(q.asked) <= LINE_LENGTH else html.escape(q.asked)


def asked_as_mathml(q: Question, walk: Steps) -> str:
    """Return the question as MathML, or as text if it is very long."""
    board = Board(walk.names, LATEX)
    if q.arg is None:
        line = [board.name(q.node), board.formula(q.node)]
        return equation(line) if len(line[1]) <= LONGEST_FORMULA else html.escape(q.name)
    differentiated = q.node if q.kind == "local" else walk.root
    formula = f"<math><mrow>{mathml(board.d(differentiated, q.arg))}</mrow></math>"
    if q.kind == "contribution":
        return f"{formula} via <math><mrow>{mathml(board.name(q.node))}</mrow></math>"
    return f"{formula} (direct)" if q.name.endswith("(direct)") else formula
