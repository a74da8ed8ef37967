"""A network as lecturers draw it: neurons as circles, layer by layer, and a line for each weight.

A network is recognised by its attributes, not by its class: an MLP has ``layers``, a Layer has
``neurons``, and a Neuron has ``w`` and ``b``. So a network of your own can be drawn, too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from numbers import Real
from typing import Any, NamedTuple

from tinygrad_edu.drawing.graph import FONT, GREY, INK, OUT_OF_DATE, ROLES, WARNING, out_of_date
from tinygrad_edu.drawing.labels import (
    abbreviated,
    as_tip,
    as_typed,
    legible,
    number_text,
    with_plural,
)
from tinygrad_edu.drawing.picture import Picture
from tinygrad_edu.formulas.notation import name
from tinygrad_edu.recorder import as_number, takes_gradient
from tinygrad_edu.support.given import quoted
from tinygrad_edu.table import weighted_sum
from tinygrad_edu.value import Value

BLUE, ORANGE = "#0072B2", "#C75300"
"""Colours of numbers above and below 0, which can be told apart with any colour vision."""
THINNEST, THICKEST = 0.4, 4.0  # lines, in points
CIRCLE, BIAS_DISTANCE, PITCH, GAP = 1.0, 0.6, 1.25, 2.5
"""Inches: the width of a circle; then from its centre to bias, next neuron and next layer."""
MOST_NUMBERED = 4
"""If at most this many lines meet at a neuron on one side, each line has room for a number."""


class DrawnNeuron(NamedTuple):
    """The numbers of a neuron; its parameters are Values, or plain numbers if it is frozen."""

    w: tuple[Any, ...]
    b: Any
    z: Any
    a: Any


class DrawnLayer(NamedTuple):
    """The neurons of a layer, and the name of their activation."""

    neurons: list[DrawnNeuron]
    activation: str


class WeightLine(NamedTuple):
    """The line of a weight; its look shows ``strength``, which is the weight or its gradient."""

    layer: int
    neuron: int
    input: int
    weight: Any
    strength: Any


class Place(NamedTuple):
    """A point of the picture, in inches."""

    x: float
    y: float


class Canvas(NamedTuple):
    """A picture in the making, with the facts that all its parts need."""

    picture: Picture
    layers: list[DrawnLayer]
    columns: list[list[int]]
    """The neurons that are drawn of each layer, as `drawn_neurons` returns them."""
    places: dict[tuple[int, int], Place]
    digits: int
    has_gradients: bool
    old: set[tuple[int, int]]
    """The neurons whose z or a was computed before data changed, by layer and number."""

    def write(self, name: str, text: str, place: Place, **look: str) -> None:
        """Add a text, drawn character by character, at a place."""
        if "tooltip" in look:
            look["tooltip"] = as_tip(look["tooltip"])
        pos = f"{place.x:.4g},{place.y:.4g}!"
        self.picture.node(name, as_typed(text), id=name, pos=pos, **look)

    def circle(self, place: tuple[int, int], text: str, tooltip: str, role: str) -> None:
        """Add the circle of an input or a neuron."""
        layer, i = place
        look = {key: ROLES[role][key] for key in ("color", "fillcolor")}
        if place in self.old:
            look["color"] = WARNING
        look |= {"shape": "circle", "style": "filled", "fixedsize": "true", "width": str(CIRCLE)}
        size = "9" if "=" in text else "12"
        where = self.places[place]
        self.write(f"n_{layer}_{i}", text, where, tooltip=tooltip, fontsize=size, **look)


def draw_network(
    network: Any,
    *,
    show: str = "weights",
    numbers: bool | None = None,
    digits: int = 4,
    max_neurons: int = 12,
) -> Picture:
    """Return a network as lecturers draw it: circles, layer by layer, and a line for each weight.

    A line is blue if the weight is above 0 and orange if it is below; the larger the weight, the
    wider the line. After a call of the network, each circle shows z and a of that call; the bias
    is written below the circle. In SVG, each line and circle has a tooltip with its numbers,
    gradients included.

    If all gradients are 0, as before ``backward()``, none is written. If data changed after the
    call, for example in a training step, a line below the picture says so, and the circles whose z
    or a was computed from the old data are red.

    Args:
        network: an MLP, a Layer or a Neuron, or an object with the same attributes.
        show: "weights", or "grad" for lines that show the gradients of the weights instead.
        numbers: whether to write the number on each line; left out, they are written if there is
            room.
        digits: significant digits of the numbers.
        max_neurons: the greatest number of rows; of a larger layer, only the first neurons and the
            last one are drawn.

    Raises TypeError if ``network`` is not a network; ValueError for another word in ``show``, for
    layers that do not fit together, for ``max_neurons`` below 3, and for the gradients of a frozen
    copy, which has none.

    >>> from tinygrad_edu import MLP
    >>> picture = draw_network(MLP(2, [3, 1]))
    >>> "w_1_3_2" in picture.source  # layer 1: to neuron 3 from input 2
    True
    """
    layers = layers_of(network)
    if show not in ("weights", "grad"):
        message = f"draw_network: show: expected 'weights' or 'grad', got {show!r}"
        raise ValueError(message)
    sizes = [len(layers[0].neurons[0].w), *(len(layer.neurons) for layer in layers)]
    columns = [drawn_neurons(size, max_neurons) for size in sizes]
    lines = list(lines_of(layers, columns, show))
    crowd = max(min(len(ins), len(outs)) for ins, outs in pairwise(columns))
    if numbers is None:
        numbers = crowd <= MOST_NUMBERED
    fontsize = str(max(12, 2 * max(map(len, columns))))  # a large picture is usually scaled down
    with_gradients, old = has_gradients(layers), neurons_out_of_date(layers, columns)
    numbers = numbers and (with_gradients or show == "weights")
    picture = empty_network(fontsize, legend(lines, show, digits, changed=bool(old)))
    places = neuron_places(columns, crowd if numbers else 0)
    canvas = Canvas(picture, layers, columns, places, digits, with_gradients, old)
    for layer, size in enumerate(sizes):
        draw_column(canvas, layer, size, fontsize, show)
    largest = largest_strength(lines)
    for line in lines:
        draw_line(canvas, line, largest)
        if numbers:
            draw_number(canvas, line)
    return picture


# --- reading the network --------------------------------------------------------------------------


def layers_of(network: Any) -> list[DrawnLayer]:
    """Return the layers of a network; raise TypeError if it is not one.

    >>> from tinygrad_edu import MLP
    >>> [layer.activation for layer in layers_of(MLP(2, [3, 1], "relu"))]
    ['relu', 'identity']
    """
    try:
        layers = [layer_of(layer) for layer in getattr(network, "layers", [network])]
    except (AttributeError, TypeError):
        layers = []
    neurons = [neuron for layer in layers for neuron in layer.neurons]
    parameters = [as_number(p) for neuron in neurons for p in (*neuron.w, neuron.b)]
    complete = layers and all(layer.neurons for layer in layers) and all(n.w for n in neurons)
    if not complete or not all(isinstance(p, Real) for p in parameters):
        message = f"draw_network: expected an MLP, a Layer or a Neuron, got {quoted(network)}"
        message += f" ({type(network).__name__}); draw(value) draws the graph of a Value"
        raise TypeError(message)
    size = len(layers[0].neurons[0].w)
    for number, layer in enumerate(layers, start=1):
        for neuron in layer.neurons:
            if len(neuron.w) != size:
                message = f"draw_network: a neuron of layer {number} has {len(neuron.w)} weights, "
                message += f"but {size} inputs; each input needs one weight"
                raise ValueError(message)
        size = len(layer.neurons)
    return layers


def layer_of(layer: Any) -> DrawnLayer:
    """Return a layer to draw, given a layer or a single neuron."""
    neurons = [
        DrawnNeuron(tuple(n.w), n.b, getattr(n, "z", None), getattr(n, "a", None))
        for n in getattr(layer, "neurons", [layer])
    ]
    g = getattr(layer, "activation", "")
    g = getattr(g, "func", g)  # a functools.partial has the function as func
    return DrawnLayer(neurons, str(getattr(g, "name", getattr(g, "__name__", g))))


def drawn_neurons(size: int, at_most: Any) -> list[int]:
    """Return the numbers, from 1, of the neurons of a layer to draw; 0 stands for those left out.

    >>> drawn_neurons(3, 4), drawn_neurons(784, 4)
    ([1, 2, 3], [1, 2, 0, 784])
    """
    if not isinstance(at_most, int) or at_most < 3:
        message = "draw_network: max_neurons: expected a whole number of at least 3, got "
        message += repr(at_most)
        raise ValueError(message)
    if size <= at_most:
        return list(range(1, size + 1))
    return [*range(1, at_most - 1), 0, size]


def lines_of(layers: list[DrawnLayer], columns: list[list[int]], show: str) -> Iterator[WeightLine]:
    """Yield the lines between the neurons that are drawn."""
    for number, layer in enumerate(layers, start=1):
        for i in filter(None, columns[number]):
            for j in filter(None, columns[number - 1]):
                w = layer.neurons[i - 1].w[j - 1]
                yield WeightLine(number, i, j, w, strength_of(w, show))


def strength_of(p: Any, show: str) -> Any:
    """Return the number of a parameter, or its gradient; raise ValueError if it has none."""
    if show == "weights":
        return as_number(p)
    if isinstance(p, Value):
        return p.grad
    message = "draw_network: show='grad': a frozen copy has plain numbers without gradients; draw "
    message += "the network that it is a copy of"
    raise ValueError(message)


def has_gradients(layers: list[DrawnLayer]) -> bool:
    """Tell whether some gradient is not 0; before ``backward()`` all are 0."""
    neurons = [neuron for layer in layers for neuron in layer.neurons]
    return any(p.grad for n in neurons for p in (*n.w, n.b) if isinstance(p, Value))


def neurons_out_of_date(layers: list[DrawnLayer], columns: list[list[int]]) -> set[tuple[int, int]]:
    """Return layer and number of each neuron whose z or a was computed before data changed."""
    shown = [
        (number, i, x)
        for number, layer in enumerate(layers, start=1)
        for i in filter(None, columns[number])
        for x in (layer.neurons[i - 1].z, layer.neurons[i - 1].a)
        if isinstance(x, Value)
    ]
    old = out_of_date(x for _, _, x in shown)
    return {(number, i) for number, i, x in shown if x in old}


def largest_strength(lines: list[WeightLine]) -> Any:
    """Return the largest absolute value that the lines show, apart from infinities and nan."""
    return max((abs(s) for *_, s in lines if math.isfinite(s)), default=0)


# --- placing neurons and numbers ------------------------------------------------------------------


def neuron_places(columns: list[list[int]], crowd: int) -> dict[tuple[int, int], Place]:
    """Return the place of each neuron, with room for ``crowd`` numbers beside a neuron."""
    height = max(map(len, columns))
    pitch = max(PITCH, 0.19 * (1 + crowd))  # the numbers beside a neuron do not overlap
    gap = max(GAP, 1.0 * (1 + crowd), 0.5 * pitch * height)  # nor do they reach into its circle
    return {
        (layer, i): Place(layer * gap, (len(column) / 2 - row) * pitch)
        for layer, column in enumerate(columns)
        for row, i in enumerate(column)
    }


def draw_number(canvas: Canvas, line: WeightLine) -> None:
    """Write the number of a line where all lines between the two layers are well apart.

    n lines leave each neuron on the left. At 1 / (1 + n) of the way, they have spread out just so
    far that the lines of the next neuron begin there. The same holds from the right. The side with
    fewer lines at each neuron is taken.
    """
    layer, i, j, _, strength = line
    start, end = canvas.places[layer - 1, j], canvas.places[layer, i]
    ins, outs = len(canvas.columns[layer - 1]), len(canvas.columns[layer])
    way = 1 / (1 + outs) if outs <= ins else 1 - 1 / (1 + ins)
    at = Place(start.x + way * (end.x - start.x), start.y + way * (end.y - start.y))
    look = {"style": "filled", "fillcolor": "white", "fontcolor": colour(strength)}
    text, tooltip = number_text(strength, canvas.digits), line_tooltip(canvas, line)
    canvas.write(f"t_{layer}_{i}_{j}", text, at, tooltip=tooltip, **look)


# --- drawing --------------------------------------------------------------------------------------


def empty_network(fontsize: str, label: str) -> Picture:
    """Return an empty picture with a legend, in which every node has a fixed place."""
    return Picture(
        graph_attr={"layout": "neato", "splines": "line", "outputorder": "edgesfirst",
                    "bgcolor": "white", "fontname": FONT, "fontsize": fontsize, "fontcolor": GREY,
                    "label": label},
        node_attr={"fontname": FONT, "fontsize": "10", "fontcolor": INK, "shape": "plaintext",
                   "width": "0", "height": "0", "margin": "0.02"},
        edge_attr={"arrowhead": "none"},
    )  # fmt: skip


def draw_column(canvas: Canvas, layer: int, size: int, fontsize: str, show: str) -> None:
    """Add a layer with its heading and a circle for each neuron; layer 0 is the inputs."""
    column = canvas.columns[layer]
    top = max(place.y for place in canvas.places.values()) + CIRCLE / 2 + int(fontsize) / 30
    above = Place(canvas.places[layer, 1].x, top)
    canvas.write(f"l_{layer}", heading(canvas.layers, layer), above, fontsize=fontsize)
    for i in column:
        if i == 0:
            left_out = f"•\n•\n•\n{size - len(column) + 1} more"
            canvas.write(f"d_{layer}", left_out, canvas.places[layer, 0])
        elif layer == 0:
            draw_input(canvas, i)
        else:
            draw_neuron(canvas, layer, i)
            draw_bias(canvas, layer, i, show)


def draw_input(canvas: Canvas, j: int) -> None:
    """Add the circle of an input, with its number in the last call, which the first neuron kept."""
    first = canvas.layers[0].neurons[0]
    x = None
    if isinstance(first.z, Value) and first.z.op is weighted_sum:
        x = first.z.args[len(first.w) + j - 1]
    label = abbreviated(legible(str(getattr(x, "label", "") or name("x", j))))
    number = as_texts(x, canvas.digits)
    tooltip = f"input {j}: {' = '.join([label, *number])}"
    canvas.circle((0, j), "\n".join([label, *number]), tooltip, "input")


def draw_neuron(canvas: Canvas, layer: int, i: int) -> None:
    """Add the circle of a neuron, with z and a of the last call."""
    neuron = canvas.layers[layer - 1].neurons[i - 1]
    indices = name("", i, layer=layer if len(canvas.layers) > 1 else 0)
    numbers = {"a": neuron.a} if neuron.a is neuron.z else {"z": neuron.z, "a": neuron.a}
    text = [f"{s}{indices} = {x}" for s in numbers for x in as_texts(numbers[s], canvas.digits)]
    bias = parameter_text("b", neuron.b, with_gradient=canvas.has_gradients)
    tooltip = ", ".join([*text, bias])
    if (layer, i) in canvas.old:
        tooltip += f"; z and a are {OUT_OF_DATE}"
    role = "result" if layer == len(canvas.layers) else "intermediate"
    shown = "\n".join(text) or f"a{indices}"
    canvas.circle((layer, i), shown, f"layer {layer}, neuron {i}: {tooltip}", role)


def draw_bias(canvas: Canvas, layer: int, i: int, show: str) -> None:
    """Write the bias of a neuron, or the gradient of its bias, below its circle."""
    if show == "grad" and not canvas.has_gradients:
        return
    b, (x, y) = canvas.layers[layer - 1].neurons[i - 1].b, canvas.places[layer, i]
    strength = strength_of(b, show)
    text = f"{'grad b' if show == 'grad' else 'b'} = {number_text(strength, canvas.digits)}"
    tooltip = parameter_text("b", b, with_gradient=canvas.has_gradients)
    look = {"fontcolor": colour(strength), "tooltip": tooltip}
    canvas.write(f"b_{layer}_{i}", text, Place(x, y - BIAS_DISTANCE), **look)


def draw_line(canvas: Canvas, line: WeightLine, largest: Any) -> None:
    """Add the line of a weight; it is dashed if its number is not finite."""
    layer, i, j, _, strength = line
    finite = math.isfinite(strength)
    share = float(abs(strength) / largest) if finite and largest else float(not finite)
    canvas.picture.edge(
        f"n_{layer - 1}_{j}",
        f"n_{layer}_{i}",
        id=f"w_{layer}_{i}_{j}",
        color=colour(strength),
        penwidth=f"{THINNEST + (THICKEST - THINNEST) * share:.3g}",
        style="solid" if finite else "dashed",
        tooltip=as_tip(line_tooltip(canvas, line)),
    )


def heading(layers: list[DrawnLayer], layer: int) -> str:
    """Return the text above a layer; layer 0 is the inputs."""
    if layer == 0:
        return with_plural(len(layers[0].neurons[0].w), "input")
    neurons, activation = layers[layer - 1]
    return f"layer {layer}\n{with_plural(len(neurons), 'neuron')}, {activation}".rstrip(", ")


def legend(lines: list[WeightLine], show: str, digits: int, *, changed: bool = False) -> str:
    """Return the meaning of colours and widths as an HTML label of Graphviz.

    If data changed, a note about that is added.
    """
    what = "weight" if show == "weights" else "gradient"
    largest = largest_strength(lines)
    widths = f"widest line: ±{number_text(largest, digits)}" if largest else "all are 0"
    if show == "grad" and not largest:
        widths += ", as before backward()"
    note = f"data changed: z and a in red circles are {OUT_OF_DATE}; call the network again"
    space = "     "
    return (
        f'<<font point-size="6"> <br/></font>'
        f'<font color="{BLUE}"><b>—</b>  {what} above 0</font>{space}'
        f'<font color="{ORANGE}"><b>—</b>  below 0</font>{space}{widths}'
        + (f'<br/><font color="{WARNING}">{note}</font>' if changed else "")
        + ">"
    )


def colour(x: Any) -> str:
    """Return the colour for the sign of a number; grey for 0 and nan."""
    return BLUE if x > 0 else ORANGE if x < 0 else GREY


def line_tooltip(canvas: Canvas, line: WeightLine) -> str:
    """Return the tooltip of a line."""
    otherwise = f"w from {line.input} to {line.neuron}"
    return parameter_text(otherwise, line.weight, with_gradient=canvas.has_gradients)


def parameter_text(otherwise: str, p: Any, *, with_gradient: bool = True) -> str:
    """Return label and number of a parameter, and its gradient if ``with_gradient`` is true.

    Without a label, ``otherwise`` is its name. Plain numbers have no gradient.

    >>> parameter_text("b", Value(0.5, label="b₁")), parameter_text("b", 0.5)
    ('b₁ = 0.5, grad 0', 'b = 0.5')
    """
    text = f"{getattr(p, 'label', '') or otherwise} = {number_text(as_number(p), 10)}"
    if with_gradient and takes_gradient(p):
        text += f", grad {number_text(p.grad, 10)}"
    return text


def as_texts(x: Any, digits: int) -> Sequence[str]:
    """Return a list with the text of a number; an empty one if x is not a single number.

    That is so before the first call, and after a call with a batch.
    """
    x = as_number(x)
    return [number_text(x, digits)] if isinstance(x, Real) else []
