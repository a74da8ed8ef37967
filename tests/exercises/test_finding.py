"""Questions are found by names that are typed in many ways; hints come on demand."""

import pytest

from tinygrad_edu import Value
from tinygrad_edu.exercises.exercise import exercise
from tinygrad_edu.formulas import board
from tinygrad_edu.formulas.derivatives import whole_derivative
from tinygrad_edu.formulas.labels import canonical
from tinygrad_edu.lessons import worked_example


@pytest.mark.parametrize(
    "name",
    ["dL/dw2_11", "dL/dw_11^2", "dL/dw_11^(2)", "dL/dw11^[2]", "dL/dw^2_11", "dL/dw^(2)_11",
     "dL/dw(2)_11", "dL/dw_{11}^{(2)}", "dL / dw^[2]_11", "∂L/∂w2_11", "∂L/∂w₁₁⁽²⁾"],
)  # fmt: skip
def test_a_name_may_be_typed_in_many_ways(sheet, name):
    assert sheet.question(name).name == "∂L/∂w₁₁⁽²⁾"


def test_typed_names_are_still_different(sheet):
    assert len({canonical(q.name) for q in sheet.questions}) == 53


def test_an_index_may_be_typed_without_its_line():
    z = Value(2.0, "w_1") * Value(3.0, "x₁")
    z.label = "z1"
    sheet = exercise(z.tanh())
    for name in ("z1", "z_1", "z₁"):
        assert sheet.question(name).name == "z₁"
    for name in ("dz1/dw1", "dz_1/dw_1", "∂z₁/∂w₁"):
        assert sheet.question(name).name == "∂z₁/∂w₁"
    assert sheet.question("dv1/dx1") is sheet.question("dv_1/dx_1")


def test_an_unknown_name_is_answered_with_the_nearest_names(sheet):
    with pytest.raises(KeyError, match=r"no question 'dL/dw2_13'; the nearest are .*dL/dw2_11"):
        sheet.question("dL/dw2_13")
    with pytest.raises(KeyError, match="no question 99; there are 53 questions, counted from 1"):
        sheet.question(99)


def test_hints_are_worked_out_on_demand(monkeypatch):
    """Hints for the n weights of a neuron take n² steps in all, so they must not come unasked."""
    written = []

    def counted(*args):
        written.append(args)
        return whole_derivative(*args)

    monkeypatch.setattr(board, "whole_derivative", counted)
    sheet = exercise(worked_example.forward().loss)
    assert not written
    assert sheet.hint("da2_1/dz2_1")
    assert len(written) == 3, "by names, by numbers, and once for what it is worked out from"
