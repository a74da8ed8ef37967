"""Paths in colour."""

import re

import pytest

from tinygrad_edu import Value, draw, paths
from tinygrad_edu.explain.paths import COLOURS
from tinygrad_edu.lessons import worked_example


def colours(picture):
    """The colours of every edge that has one of its own, by its id."""
    found = {}
    for line in picture.source.splitlines():
        if "penwidth" in line:
            found[re.search(r"id=(\w+)", line)[1]] = re.search(r'color="([^"]*)"', line)[1]
    return found


def test_two_paths_have_a_colour_each_and_share_what_they_share():
    """A10: five links each, of which the last two are the same."""
    mlp, loss = worked_example.forward()
    found = paths(loss, mlp.layers[0].neurons[0].w[0])
    edges = colours(found.draw())
    first, second = COLOURS[:2]
    into = [colour for edge, colour in edges.items() if edge.startswith("e_")]
    assert sorted(into) == sorted([first] * 3 + [second] * 3 + [f"{first}:{second}"] * 2)
    results = [colour for edge, colour in edges.items() if edge.startswith("r_")]
    assert sorted(results) == sorted([first] * 2 + [second] * 2 + [f"{first}:{second}"] * 3)


def test_one_path_alone():
    a = Value(2.0, label="a")
    y = a * a + a
    longest, *_ = paths(y, a)
    assert set(colours(longest.draw()).values()) == {COLOURS[0]}
    # of two edges from a into the product one is on the path
    assert sum(edge.startswith("e_") for edge in colours(longest.draw())) == 2


def test_no_path_no_colour():
    a, b = Value(1.0), Value(2.0)
    y = a + 1
    assert colours(paths(y, b).draw()) == {}
    assert paths(y, b).draw().source == draw(y).source


def test_options_are_those_of_draw():
    a = Value(2.0, label="a")
    picture = paths(a * a, a).draw(show="data", clusters={"frame": [a]})
    assert "frame" in picture.source
    assert "grad" not in picture.source
    with pytest.raises(TypeError, match="unexpected keyword"):
        paths(a * a, a).draw(colour="red")
