"""XOR computed by single perceptrons, by two layers of them, and by a network that learns (A3)."""

import pytest

from tinygrad_edu.lessons.xor import GATES, gate, learnt, report, wired, xor_of_gates
from tinygrad_edu.nn.data import AND, OR, XOR

NOT = [((0,), 1), ((1,), 0)]


@pytest.mark.parametrize(("name", "table"), [("AND", AND), ("OR", OR), ("NOT", NOT)])
def test_a_gate_is_one_perceptron(name, table):
    assert [gate(name)(inputs).data for inputs, _ in table] == [output for _, output in table]


def test_gates_connected_to_each_other_compute_xor():
    assert [xor_of_gates(*inputs).data for inputs, _ in XOR] == [output for _, output in XOR]


def test_two_layers_of_gates_compute_xor():
    assert [wired()(inputs).data for inputs, _ in XOR] == [output for _, output in XOR]


def test_not_and_is_the_perceptron_for_and_with_its_signs_changed():
    network = wired()
    w, b = GATES["AND"]
    assert network.layers[0].W[1] == [-x for x in w]
    assert network.layers[0].b[1] == -b
    for inputs, both in AND:
        network(inputs)
        assert network.layers[0].neurons[1].a.data == 1 - both


def test_xor_is_learnt():
    mlp, history = learnt()
    assert [round(mlp(inputs).data) for inputs, _ in XOR] == [output for _, output in XOR]
    assert history.losses[-1] < 0.01 < history.losses[0]


def test_the_report_shows_all_truth_tables():
    rows = [line.split() for line in report().splitlines()]
    for x, y in [(0, 0), (0, 1), (1, 0), (1, 1)]:
        assert [str(n) for n in (x, y, x & y, x | y, 1 - x, x ^ y)] in rows  # of gates
        assert [str(n) for n in (x, y, x | y, 1 - (x & y), x ^ y)] in rows  # in two layers
    assert "AND with the signs of its w and b changed" in report()
