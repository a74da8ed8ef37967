"""Pictures of graphs with paths in colour."""

import re

import pytest

from tinygrad_edu import Value, draw, paths
from tinygrad_edu.explain.paths import COLOURS
from tinygrad_edu.lessons import worked_example


def colours(picture):
    """Return the colour of each edge in colour, by the id of the edge."""
    found = {}
    for line in picture.source.splitlines():
        if "penwidth" in line:
            found[re.search(r"id=(\w+)", line)[1]] = re.search(r'color="([^"]*)"', line)[1]
    return found


def test_each_of_two_paths_has_a_colour_and_shared_edges_have_both():
    """A10: each path has five links; the last two are shared."""
    mlp, loss = worked_example.forward()
    found = paths(loss, mlp.layers[0].neurons[0].w[0])
    edges = colours(found.draw())
    first, second = COLOURS[:2]
    into = [colour for edge, colour in edges.items() if edge.startswith("e_")]
    assert sorted(into) == sorted([first] * 3 + [second] * 3 + [f"{first}:{second}"] * 2)
    results = [colour for edge, colour in edges.items() if edge.startswith("r_")]
    assert sorted(results) == sorted([first] * 2 + [second] * 2 + [f"{first}:{second}"] * 3)


def test_a_single_path_has_one_colour():
    a = Value(2.0, label="a")
    y = a * a + a
    longest, *_ = paths(y, a)
    assert set(colours(longest.draw()).values()) == {COLOURS[0]}
    # only one of the two edges from a to the product is on the path
    assert sum(edge.startswith("e_") for edge in colours(longest.draw())) == 2


def test_without_a_path_nothing_is_coloured():
    a, b = Value(1.0), Value(2.0)
    y = a + 1
    assert colours(paths(y, b).draw()) == {}
    assert paths(y, b).draw().source == draw(y).source


def test_the_options_of_draw_are_accepted():
    a = Value(2.0, label="a")
    picture = paths(a * a, a).draw(show="data", clusters={"frame": [a]})
    assert "frame" in picture.source
    assert "grad" not in picture.source
    with pytest.raises(TypeError, match="unexpected keyword"):
        paths(a * a, a).draw(colour="red")
