"""The exercise as a page: the graph with question marks, and a field to answer them.

>>> from tinygrad_edu import Value
>>> from tinygrad_edu import exercise
>>> w, x = Value(0.5, label="w"), Value(2.0, label="x")
>>> page = document(exercise((w * x).tanh()))
>>> page[:15], "that is tanh itself, not its derivative" in page
('<!doctype html>', True)

Everything that can be said of an answer is on the page before it is given: the right number, the
wrong ones with what went wrong, hints and solution. So it needs nobody to ask; and whoever looks
at its source finds the solutions.

On paper it is a page without scripts: the whole graph, and all questions or their solutions.
"""

from __future__ import annotations

import html
from typing import Any

from tinygrad_edu.exercises.answers import ENOUGH, FRACTION, NOISE, PATTERN, WORDS
from tinygrad_edu.exercises.exercise import Exercise
from tinygrad_edu.exercises.question import CLOSE, Question
from tinygrad_edu.exercises.rounding import last_place
from tinygrad_edu.explain.passes import BackwardStep, Steps, require_unchanged
from tinygrad_edu.formulas.board import Board
from tinygrad_edu.formulas.markup import LATEX
from tinygrad_edu.formulas.mathml import mathml
from tinygrad_edu.pages.graph import Clusters, Drawing, Texts
from tinygrad_edu.pages.page import LONGEST, equation, filled, notice, whole
from tinygrad_edu.pages.stepper import MOST
from tinygrad_edu.value import Constant, Value

__all__ = ["document", "fragment", "paper"]

LINE = 80  # characters; MathML does not go on in the next line
MOST_ASKED = 120  # questions that anybody answers
ALT = "The graph of the computation, with question marks for the numbers that are asked for"
ALL_NUMBERS = "The graph of the computation, with all numbers and gradients"
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
KINDS = {
    "forward": "value", "local": "local derivative", "contribution": "contribution of a path",
    "gradient": "gradient",
}  # fmt: skip
Edges = dict[Value, list[tuple[Value, int]]]


def document(exercise: Exercise, clusters: Clusters | None = None) -> str:
    """Return an exercise as an HTML document that needs no other file and no network."""
    return whole(title(exercise), fragment(exercise, clusters))


def fragment(exercise: Exercise, clusters: Clusters | None = None) -> str:
    """Return an exercise as a piece of HTML, to stand in a page, in a notebook, several at once.

    Without scripts it shows the drawing with question marks, and the questions as text. So it does
    of more questions than anybody answers; where the graph cannot be drawn, it says why.
    """
    asked = exercise.questions
    excess = ""
    if len(asked) > MOST_ASKED:
        excess = f"{len(asked)} questions are more than anybody answers (at most {MOST_ASKED}); "
        excess += "take some of them, such as exercise(..., most=10)"
    elif len(exercise.walk) > MOST:
        excess = (
            f"a graph of {len(exercise.walk)} steps is more than anybody reads (at most {MOST})"
        )
    if excess:
        data: dict[str, Any] = {"questions": []}
        picture = notice(excess)
    else:
        data, picture = questions_in_graph(exercise, clusters)
    data["result"] = exercise.result()
    data["rules"] = {
        "pattern": PATTERN, "fraction": FRACTION, "enough": ENOUGH, "noise": NOISE, "close": CLOSE,
    }  # fmt: skip
    data["words"] = WORDS
    return filled(
        "worksheet.html",
        data,
        picture,
        title=title(exercise),
        open="" if data["questions"] else " open",
        text=exercise.sheet(),
    )


def paper(exercise: Exercise, clusters: Clusters | None = None, *, solutions: bool = False) -> str:
    """Return an exercise as an HTML document to print: the graph, and all questions below it.

    On request with the solutions, worked out. There is nothing to click.
    """
    graph = drawing(exercise, clusters)
    written, _ = what_is_shown(exercise, graph, edges_to(exercise.walk))
    picture = graph.image({} if solutions else written, ALL_NUMBERS if solutions else ALT)
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
    return whole(
        title(exercise),
        f'<style>\n{PAPER}</style>\n<main class="{look}">\n<header>{sheet}</header>\n'
        f"<h1>{html.escape(title(exercise))}</h1>\n<p>Given: {given}</p>\n"
        f"{picture}\n<ol>\n{items}</ol>\n</main>\n",
    )


def title(exercise: Exercise) -> str:
    """Return what the page is called."""
    return f"Backpropagation of {exercise.walk.names[exercise.root]} by hand"


def questions_in_graph(exercise: Exercise, clusters: Clusters | None) -> tuple[dict[str, Any], str]:
    """Return the questions as the page has them, and the picture."""
    graph = drawing(exercise, clusters)
    edges = edges_to(exercise.walk)
    written, later = what_is_shown(exercise, graph, edges)
    questions = []
    for q in exercise.questions:
        places = places_of(q, graph, edges)
        questions.append({**record(q, graph, edges, exercise.walk), "places": places})
    data = {"questions": questions, "solved": exercise.solved, "write": written, "later": later}
    is_done = len(exercise.solved) == len(exercise.questions)
    return data, graph.image({**written, **later} if is_done else written, ALT)


def drawing(exercise: Exercise, clusters: Clusters | None) -> Drawing:
    """Return the graph, in its frames."""
    require_unchanged("exercise", [step.node for step in exercise.walk.forward])
    copies = exercise.copies
    frames = {
        title: [copies.get(node, node) for node in members]
        for title, members in (clusters or {}).items()
    }
    return Drawing(exercise.walk, frames)


def what_is_shown(exercise: Exercise, graph: Drawing, edges: Edges) -> tuple[Texts, Texts]:
    """Return what the picture shows at first: what is given, and question marks.

    And what else it shows in the end, when nothing is left to be asked.
    """
    written = unknown(graph)
    for q in exercise.known:
        written |= {place: text for place, (_, text) in places_of(q, graph, edges).items()}
    asked: Texts = {}
    for q in exercise.questions:
        is_open = q.name not in exercise.solved
        for place, (hidden, text) in places_of(q, graph, edges).items():
            asked[place] = hidden if is_open else text
    later = {place: text for place, text in finished(graph).items() if place not in asked}
    return {**written, **asked}, later


def edges_to(walk: Steps) -> Edges:
    """Return for each Value the edges along which its gradient comes."""
    edges: Edges = {}
    for step in walk.backward:
        if isinstance(step, BackwardStep):
            edges.setdefault(step.arg, []).append((step.node, step.position))
    return edges


def unknown(graph: Drawing) -> Texts:
    """Return what the picture shows where only inputs and parameters have numbers."""
    written = dict.fromkeys(finished(graph), "")
    for node in graph.copies:
        if node.op is not None:
            written[f"{graph.box(node)} 0"] = graph.names[node]
    root = graph.given  # its derivative with respect to itself is 1 in any graph
    return {**written, f"{graph.box(root)} 1": graph.gradient_line(root, graph.root.grad)}


def finished(graph: Drawing) -> Texts:
    """Return what the picture shows of computed numbers, gradients and local derivatives."""
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
    """Return where the number stands: a line in the drawing, with a question mark and without."""
    if q.kind == "forward":
        line = graph.data_line(q.node)
        return {f"{graph.box(q.node)} 0": (f"{q.name} = ?", line)}
    places = {}
    if q.kind == "gradient" and q.arg is not None:
        line = graph.gradient_line(q.arg, graph.copies[q.arg].grad)
        places[f"{graph.box(q.arg)} 1"] = ("grad ?", line)
    is_local = q.kind == "gradient" and {node for node, _ in edges_of(q, edges)} == {graph.given}
    if q.kind == "local" or is_local:  # next to the root both are the same number
        for node, k in edges_of(q, edges):
            place, written = graph.partial_at(node, k)
            whose, colon, _ = written.rpartition(": ")
            places[place] = (f"{whose}{colon}?", written)
    return places


def edges_of(q: Question, edges: Edges) -> list[tuple[Value, int]]:
    """Return the edges that a question is about, given by a Value and the argument's position."""
    if q.arg is None:
        return []
    return [(node, k) for node, k in edges[q.arg] if q.kind == "gradient" or node is q.node]


def record(q: Question, graph: Drawing, edges: Edges, walk: Steps) -> dict[str, Any]:
    """Return what the page says of a question, and what it points at."""
    about = edges_of(q, edges)
    if q.arg is None:
        now = [graph.box(q.node)]
        users = [arg for arg in q.node.args if isinstance(arg, Value)]
        flow = graph.flow(q.node)
    else:
        now = [graph.box(q.arg)] if q.kind == "gradient" else []
        users = [node for node, _ in about]
        flow = [graph.into(node, k) for node, k in about]
    return {
        "kind": KINDS[q.kind],
        "name": q.name,
        "asked": asked(q, walk),
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
    return asked(q, walk) if len(q.asked) <= LINE else html.escape(q.asked)


def asked(q: Question, walk: Steps) -> str:
    """Return the question as MathML, or as text if it is very long."""
    board = Board(walk.names, LATEX)
    if q.arg is None:
        line = [board.name(q.node), board.formula(q.node)]
        return equation(line) if len(line[1]) <= LONGEST else html.escape(q.name)
    of = q.node if q.kind == "local" else walk.root
    formula = f"<math><mrow>{mathml(board.d(of, q.arg))}</mrow></math>"
    if q.kind == "contribution":
        return f"{formula} via <math><mrow>{mathml(board.name(q.node))}</mrow></math>"
    return f"{formula} (direct)" if q.name.endswith("(direct)") else formula
