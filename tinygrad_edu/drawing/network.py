"""A network as lecturers draw it: neurons as circles, layer by layer, and a line for each weight.

What is drawn is known by what it has, not by its class: an MLP has ``layers``, a Layer ``neurons``,
a Neuron ``w`` and ``b``. So a network of your own can be drawn, too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from numbers import Real
from typing import Any, NamedTuple

from tinygrad_edu.drawing.graph import (
    FONT,
    GREY,
    INK,
    OUT_OF_DATE,
    ROLES,
    WARNING,
    number_text,
    out_of_date,
)
from tinygrad_edu.drawing.labels import as_tip, as_typed, legible, shortened
from tinygrad_edu.drawing.picture import Picture
from tinygrad_edu.formulas.notation import name
from tinygrad_edu.recorder import as_number, takes_gradient
from tinygrad_edu.support.given import quoted
from tinygrad_edu.table import weighted_sum
from tinygrad_edu.value import Value

POSITIVE, NEGATIVE = "#0072B2", "#C75300"  # people with any colour vision tell them apart
NARROW, WIDE = 0.4, 4.0  # lines, in points
CIRCLE, BELOW, PITCH, GAP = 1.0, 0.6, 1.25, 2.5  # inches
"""The width of a neuron, from its middle to its bias, from one to the next, between layers."""
READABLE = 4  # with so many lines at one of its ends, each line has room for a number


class Neuron(NamedTuple):
    """What is drawn of a neuron: parameters are Values, or plain numbers where it is frozen."""

    w: tuple[Any, ...]
    b: Any
    z: Any
    a: Any


class Layer(NamedTuple):
    """Neurons side by side."""

    neurons: list[Neuron]
    activation: str


class Line(NamedTuple):
    """A weight that is drawn, with its place in the network, and what its colour stands for."""

    layer: int
    neuron: int
    input: int
    weight: Any
    strength: Any


class Place(NamedTuple):
    """A point of the sheet, in inches."""

    x: float
    y: float


class Sheet(NamedTuple):
    """A picture in the making, and what all its parts need to know.

    That is, besides where everything goes: whether there are gradients, and the neurons whose
    numbers were computed before data changed.
    """

    picture: Picture
    layers: list[Layer]
    columns: list[list[int]]
    places: dict[tuple[int, int], Place]
    digits: int
    graded: bool
    old: set[tuple[int, int]]

    def number(self, x: Any) -> str:
        """Return a number as text."""
        return number_text(x, self.digits)

    def write(self, name: str, text: str, place: Place, **look: str) -> None:
        """Add a node, with its text as it is."""
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

    A line is blue where the weight is above 0, orange where it is below, and the wider the larger
    the weight is. After a call, z and a of that call stand in the circles; the bias stands below.
    As SVG, each line and circle tells its numbers, gradients included, to the pointer.

    Where all gradients are 0, as before ``backward()``, none is written. Where data changed after
    the call, as by a step of training, a line below says so, and the circles are red whose z and a
    were computed from the old data.

    Args:
        network: an MLP, a Layer or a Neuron, or what has the same attributes.
        show: "weights", or "grad" for lines that show the gradients of the weights instead.
        numbers: whether to write the number on each line; left out, where there is room.
        digits: significant digits of the numbers.
        max_neurons: of a larger layer only the first and the last are drawn, so many in all rows.

    Raises TypeError for what is no network; ValueError for another word in ``show``, for layers
    that do not fit together, for fewer than 3 of ``max_neurons``, and for gradients of a frozen
    network, which has none.

    >>> from tinygrad_edu import MLP
    >>> picture = draw_network(MLP(2, [3, 1]))
    >>> "w_1_3_2" in picture.source  # layer 1: to neuron 3 from input 2
    True
    """
    layers = layers_of(network)
    if show not in ("weights", "grad"):
        message = f"draw_network: show is 'weights' or 'grad', not {show!r}"
        raise ValueError(message)
    sizes = [len(layers[0].neurons[0].w), *(len(layer.neurons) for layer in layers)]
    columns = [rows(size, max_neurons) for size in sizes]
    lines = list(lines_of(layers, columns, show))
    crowd = max(min(len(ins), len(outs)) for ins, outs in pairwise(columns))
    if numbers is None:
        numbers = crowd <= READABLE
    fontsize = str(max(12, 2 * max(map(len, columns))))  # large pictures are seen from afar
    graded, old = has_gradients(layers), changed(layers, columns)
    numbers = numbers and (graded or show == "weights")  # before backward() there are no gradients
    picture = blank(fontsize, legend(lines, show, digits, changed=bool(old)))
    places = grid(columns, crowd if numbers else 0)
    sheet = Sheet(picture, layers, columns, places, digits, graded, old)
    for layer, size in enumerate(sizes):
        draw_column(sheet, layer, size, fontsize, show)
    widest = greatest(lines)
    for line in lines:
        draw_line(sheet, line, widest)
        if numbers:
            draw_number(sheet, line)
    return picture


# --- what there is to draw ------------------------------------------------------------------------


def layers_of(network: Any) -> list[Layer]:
    """Return the layers of a network; raise TypeError for what is none.

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
                message = f"draw_network: a neuron of layer {number} has {len(neuron.w)} weights "
                message += f"for {size} inputs"
                raise ValueError(message)
        size = len(layer.neurons)
    return layers


def layer_of(layer: Any) -> Layer:
    """Return what is drawn of a layer, or of a neuron by itself."""
    neurons = [
        Neuron(tuple(n.w), n.b, getattr(n, "z", None), getattr(n, "a", None))
        for n in getattr(layer, "neurons", [layer])
    ]
    g = getattr(layer, "activation", "")
    g = getattr(g, "func", g)  # of a function with settings
    return Layer(neurons, str(getattr(g, "name", getattr(g, "__name__", g))))


def rows(size: int, at_most: Any) -> list[int]:
    """Return which neurons of a layer are drawn, counted from 1; 0 where some are left out.

    >>> rows(3, 4), rows(784, 4)
    ([1, 2, 3], [1, 2, 0, 784])
    """
    if not isinstance(at_most, int) or at_most < 3:
        message = f"draw_network: max_neurons is a whole number from 3 on, not {at_most!r}"
        raise ValueError(message)
    if size <= at_most:
        return list(range(1, size + 1))
    return [*range(1, at_most - 1), 0, size]


def lines_of(layers: list[Layer], columns: list[list[int]], show: str) -> Iterator[Line]:
    """Yield the weights between the neurons that are drawn."""
    for number, layer in enumerate(layers, start=1):
        for i in filter(None, columns[number]):
            for j in filter(None, columns[number - 1]):
                w = layer.neurons[i - 1].w[j - 1]
                yield Line(number, i, j, w, strength_of(w, show))


def strength_of(p: Any, show: str) -> Any:
    """Return the number of a parameter, or its gradient; raise ValueError if it has none."""
    if show == "weights":
        return as_number(p)
    if isinstance(p, Value):
        return p.grad
    message = "draw_network: show='grad': the plain numbers of a frozen network have no gradient"
    raise ValueError(message)


def has_gradients(layers: list[Layer]) -> bool:
    """Tell whether some gradient is not 0; before ``backward()`` there is none."""
    neurons = [neuron for layer in layers for neuron in layer.neurons]
    return any(p.grad for n in neurons for p in (*n.w, n.b) if isinstance(p, Value))


def changed(layers: list[Layer], columns: list[list[int]]) -> set[tuple[int, int]]:
    """Return the layer and the number of each neuron whose z or a was computed from other data."""
    shown = [
        (number, i, x)
        for number, layer in enumerate(layers, start=1)
        for i in filter(None, columns[number])
        for x in (layer.neurons[i - 1].z, layer.neurons[i - 1].a)
        if isinstance(x, Value)
    ]
    old = out_of_date(x for _, _, x in shown)
    return {(number, i) for number, i, x in shown if x in old}


def greatest(lines: list[Line]) -> Any:
    """Return the greatest size of what the lines show, infinities and nan apart."""
    return max((abs(s) for *_, s in lines if math.isfinite(s)), default=0)


# --- where it goes --------------------------------------------------------------------------------


def grid(columns: list[list[int]], crowd: int) -> dict[tuple[int, int], Place]:
    """Return the place of each neuron, with room for the numbers of ``crowd`` lines at an end."""
    height = max(map(len, columns))
    pitch = max(PITCH, 0.19 * (1 + crowd))  # see draw_number: the height of a number for each
    gap = max(GAP, 1.0 * (1 + crowd), 0.5 * pitch * height)  # the first number, beside a circle
    return {
        (layer, i): Place(layer * gap, (len(column) / 2 - row) * pitch)
        for layer, column in enumerate(columns)
        for row, i in enumerate(column)
    }


def draw_number(sheet: Sheet, line: Line) -> None:
    """Write its number on a line, where all lines between the two layers are well apart.

    From each of the neurons on the left, n lines go out. At 1 / (1 + n) of the way they are spread
    just as far as those of the next neuron begin; so it is from the right.
    """
    layer, i, j, _, strength = line
    start, end = sheet.places[layer - 1, j], sheet.places[layer, i]
    ins, outs = len(sheet.columns[layer - 1]), len(sheet.columns[layer])
    way = 1 / (1 + outs) if outs <= ins else 1 - 1 / (1 + ins)
    at = Place(start.x + way * (end.x - start.x), start.y + way * (end.y - start.y))
    look = {"style": "filled", "fillcolor": "white", "fontcolor": colour(strength)}
    tooltip = told(sheet, line)
    sheet.write(f"t_{layer}_{i}_{j}", sheet.number(strength), at, tooltip=tooltip, **look)


# --- how it looks ---------------------------------------------------------------------------------


def blank(fontsize: str, label: str) -> Picture:
    """Return a picture with a legend, on which every node stands where it is put."""
    return Picture(
        graph_attr={"layout": "neato", "splines": "line", "outputorder": "edgesfirst",
                    "bgcolor": "white", "fontname": FONT, "fontsize": fontsize, "fontcolor": GREY,
                    "label": label},
        node_attr={"fontname": FONT, "fontsize": "10", "fontcolor": INK, "shape": "plaintext",
                   "width": "0", "height": "0", "margin": "0.02"},
        edge_attr={"arrowhead": "none"},
    )  # fmt: skip


def draw_column(sheet: Sheet, layer: int, size: int, fontsize: str, show: str) -> None:
    """Add a layer, 0 being the inputs: what it is called, and a circle for each neuron."""
    column = sheet.columns[layer]
    top = max(place.y for place in sheet.places.values()) + CIRCLE / 2 + int(fontsize) / 30
    above = Place(sheet.places[layer, 1].x, top)
    sheet.write(f"l_{layer}", heading(sheet.layers, layer), above, fontsize=fontsize)
    for i in column:
        if i == 0:
            left_out = f"•\n•\n•\n{size - len(column) + 1} more"
            sheet.write(f"d_{layer}", left_out, sheet.places[layer, 0])
        elif layer == 0:
            draw_input(sheet, i)
        else:
            draw_neuron(sheet, layer, i)
            draw_bias(sheet, layer, i, show)


def draw_input(sheet: Sheet, j: int) -> None:
    """Add the circle of an input, with its number in the last call, which the first layer knows."""
    first = sheet.layers[0].neurons[0]
    x = None
    if isinstance(first.z, Value) and first.z.op is weighted_sum:
        x = first.z.args[len(first.w) + j - 1]
    label = shortened(legible(str(getattr(x, "label", "") or name("x", j))))
    number = written(x, sheet.digits)
    tooltip = f"input {j}: {' = '.join([label, *number])}"
    sheet.circle((0, j), "\n".join([label, *number]), tooltip, "input")


def draw_neuron(sheet: Sheet, layer: int, i: int) -> None:
    """Add the circle of a neuron, with z and a in the last call."""
    neuron = sheet.layers[layer - 1].neurons[i - 1]
    indices = name("", i, layer=layer if len(sheet.layers) > 1 else 0)
    numbers = {"a": neuron.a} if neuron.a is neuron.z else {"z": neuron.z, "a": neuron.a}
    text = [f"{s}{indices} = {x}" for s in numbers for x in written(numbers[s], sheet.digits)]
    tooltip = ", ".join([*text, parameter_text("b", neuron.b, graded=sheet.graded)])
    if (layer, i) in sheet.old:
        tooltip += f"; z and a are {OUT_OF_DATE}"
    role = "result" if layer == len(sheet.layers) else "intermediate"
    shown = "\n".join(text) or f"a{indices}"
    sheet.circle((layer, i), shown, f"layer {layer}, neuron {i}: {tooltip}", role)


def draw_bias(sheet: Sheet, layer: int, i: int, show: str) -> None:
    """Write the bias of a neuron below its circle, or its gradient."""
    if show == "grad" and not sheet.graded:
        return
    b, (x, y) = sheet.layers[layer - 1].neurons[i - 1].b, sheet.places[layer, i]
    strength = strength_of(b, show)
    text = f"{'grad b' if show == 'grad' else 'b'} = {sheet.number(strength)}"
    look = {"fontcolor": colour(strength), "tooltip": parameter_text("b", b, graded=sheet.graded)}
    sheet.write(f"b_{layer}_{i}", text, Place(x, y - BELOW), **look)


def draw_line(sheet: Sheet, line: Line, widest: Any) -> None:
    """Add the line of a weight; what is not finite is dashed."""
    layer, i, j, _, strength = line
    finite = math.isfinite(strength)
    share = float(abs(strength) / widest) if finite and widest else float(not finite)
    sheet.picture.edge(
        f"n_{layer - 1}_{j}",
        f"n_{layer}_{i}",
        id=f"w_{layer}_{i}_{j}",
        color=colour(strength),
        penwidth=f"{NARROW + (WIDE - NARROW) * share:.3g}",
        style="solid" if finite else "dashed",
        tooltip=as_tip(told(sheet, line)),
    )


def heading(layers: list[Layer], layer: int) -> str:
    """Return what stands above a layer, 0 being the inputs."""
    if layer == 0:
        return counted(len(layers[0].neurons[0].w), "input")
    neurons, activation = layers[layer - 1]
    return f"layer {layer}\n{counted(len(neurons), 'neuron')}, {activation}".rstrip(", ")


def counted(n: int, noun: str) -> str:
    """Return a number of things.

    >>> counted(1, "input"), counted(2, "input")
    ('1 input', '2 inputs')
    """
    return f"{n} {noun}{'s' * (n != 1)}"


def legend(lines: list[Line], show: str, digits: int, *, changed: bool = False) -> str:
    """Return what the colours and widths mean, in HTML of Graphviz, and whether data changed."""
    what = "weight" if show == "weights" else "gradient"
    widest = greatest(lines)
    widths = f"widest: ±{number_text(widest, digits)}" if widest else "all are 0"
    if show == "grad" and not widest:
        widths += ", as before backward()"
    note = f"z and a in red circles are {OUT_OF_DATE}: data changed; call the network again"
    space = "     "
    return (
        f'<<font point-size="6"> <br/></font>'
        f'<font color="{POSITIVE}"><b>—</b>  {what} above 0</font>{space}'
        f'<font color="{NEGATIVE}"><b>—</b>  below 0</font>{space}{widths}'
        + (f'<br/><font color="{WARNING}">{note}</font>' if changed else "")
        + ">"
    )


def colour(x: Any) -> str:
    """Return the colour of a number: by its sign, grey for 0 and nan."""
    return POSITIVE if x > 0 else NEGATIVE if x < 0 else GREY


def told(sheet: Sheet, line: Line) -> str:
    """Return the tooltip of a line."""
    otherwise = f"w from {line.input} to {line.neuron}"
    return parameter_text(otherwise, line.weight, graded=sheet.graded)


def parameter_text(otherwise: str, p: Any, *, graded: bool = True) -> str:
    """Return name, number and, if there are gradients, the gradient of a parameter.

    >>> parameter_text("b", Value(0.5, label="b₁")), parameter_text("b", 0.5)
    ('b₁ = 0.5, grad 0', 'b = 0.5')
    """
    text = f"{getattr(p, 'label', '') or otherwise} = {number_text(as_number(p), 10)}"
    return f"{text}, grad {number_text(p.grad, 10)}" if graded and takes_gradient(p) else text


def written(x: Any, digits: int) -> Sequence[str]:
    """Return a number as text, if it is one: before a call there is none, of a batch no single."""
    x = as_number(x)
    return [number_text(x, digits)] if isinstance(x, Real) else []
