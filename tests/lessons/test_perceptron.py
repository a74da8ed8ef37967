"""The rule of the perceptron learns AND and OR, and goes round on XOR (A1)."""

import pytest

from tinygrad_edu.lessons.perceptron import corrected, report, teach
from tinygrad_edu.nn import Neuron
from tinygrad_edu.nn.data import AND, OR, XOR


@pytest.mark.parametrize("table", [AND, OR])
def test_what_a_line_divides_is_learnt(table):
    perceptron, errors, repeats = teach(table)
    assert errors.index(0) == len(errors) - 1
    assert repeats is None
    assert [perceptron(inputs).data for inputs, _ in table] == [output for _, output in table]


def states_after(epochs):
    """The parameters after each epoch of XOR, the rule applied with no regard to repetition."""
    perceptron = Neuron(2, activation="step", initialisation="zeros")
    for _ in range(epochs):
        for inputs, output in XOR:
            corrected(perceptron, inputs, output)
        yield [p.data for p in perceptron.parameters()]


def test_on_xor_the_weights_recur_and_so_go_round_for_ever():
    lesson = teach(XOR)
    assert 0 not in lesson.errors
    assert lesson.repeats == len(lesson.errors)
    states = list(states_after(30))
    last = lesson.repeats - 1
    assert states[last] == [p.data for p in lesson.perceptron.parameters()]
    first = states.index(states[last])
    assert first < last
    period = last - first
    assert all(states[k] == states[k + period] for k in range(first, 30 - period))


def test_max_epochs_ends_a_lesson_early():
    lesson = teach(XOR, max_epochs=2)
    assert len(lesson.errors) == 2
    assert lesson.repeats is None
    assert len(teach(AND, max_epochs=3).errors) == 3


def test_the_report_says_who_learns():
    assert "OR: errors in each epoch 1, 2, 1, 0\n    learnt: " in report()
    assert "go round for ever" in report()
    assert "its derivative is 0 everywhere" in report()
