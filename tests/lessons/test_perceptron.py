"""The rule of the perceptron learns AND and OR; on XOR its weights go round in a circle (A1)."""

import pytest

from tinygrad_edu.lessons.perceptron import corrected, report, teach
from tinygrad_edu.nn import Neuron
from tinygrad_edu.nn.data import AND, OR, XOR


@pytest.mark.parametrize("table", [AND, OR])
def test_classes_that_a_line_separates_are_learnt(table):
    perceptron, errors, repeats = teach(table)
    assert errors.index(0) == len(errors) - 1
    assert repeats is None
    assert [perceptron(inputs).data for inputs, _ in table] == [output for _, output in table]


def states_after(epochs):
    """The parameters after each epoch of XOR, if the rule is applied whether or not they repeat."""
    perceptron = Neuron(2, activation="step", initialisation="zeros")
    for _ in range(epochs):
        for inputs, output in XOR:
            corrected(perceptron, inputs, output)
        yield [p.data for p in perceptron.parameters()]


def test_on_xor_the_weights_repeat_and_so_go_round_for_ever():
    taught = teach(XOR)
    assert 0 not in taught.errors
    assert taught.repeats == len(taught.errors)
    states = list(states_after(30))
    last = taught.repeats - 1
    assert states[last] == [p.data for p in taught.perceptron.parameters()]
    first = states.index(states[last])
    assert first < last
    period = last - first
    assert all(states[k] == states[k + period] for k in range(first, 30 - period))


def test_max_epochs_ends_the_teaching_early():
    taught = teach(XOR, max_epochs=2)
    assert len(taught.errors) == 2
    assert taught.repeats is None
    assert len(teach(AND, max_epochs=3).errors) == 3


def test_the_report_says_what_is_learnt():
    assert "OR: errors in each epoch 1, 2, 1, 0\n    learnt: " in report()
    assert "they go round in a circle for ever" in report()
    assert "its derivative is 0 everywhere" in report()
