"""Reports: what they say, and how they print."""

import html
import math
import re

import pytest

from tinygrad_edu import Value, gradcheck, relu, sin
from tinygrad_edu.check.measure import Slope
from tinygrad_edu.check.report import Finding, Report, digits

RIGHT = Finding("∂f/∂x", 2.0, Slope(2.0, 1e-14), 5e-14, "agrees")
WRONG = Finding("∂f/∂y", -3.0, Slope(3.0, 1e-14), 5e-14, "wrong", hint="the sign is wrong")
KINK = Finding(
    "∂f/∂z",
    0.0,
    Slope(0.5, 1e-9),
    5e-9,
    "not differentiable here",
    Slope(0.0, 0.0),
    Slope(1.0, 0.0),
)
OPEN = Finding("∂f/∂w", 1e-9, Slope(1e-9, 1e-10), 5e-10, "inconclusive")


def test_a_report_is_true_if_every_finding_is():
    assert Report((RIGHT, KINK))
    assert not Report((RIGHT, WRONG))
    assert not Report((RIGHT, OPEN))


def test_a_report_without_findings_is_not_true():
    assert not Report(())


def test_at_a_jump_on_both_sides_0_is_right():
    def right(gradient, left, right):
        jump = Finding("∂f/∂x", gradient, RIGHT.slope, 0.0, "not differentiable here", left, right)
        return bool(jump)

    up, down, none = Slope(math.inf, 0.0), Slope(-math.inf, 0.0), Slope(math.nan, math.inf)
    assert [right(x, up, up) for x in (0.0, 3.0, -1.0, math.nan)] == [True, True, False, False]
    assert [right(x, down, down) for x in (0.0, 3.0, -1.0)] == [True, False, True]
    assert [right(x, none, up) for x in (math.inf, 0.0)] == [True, False]
    assert [right(x, none, RIGHT.slope) for x in (2.0, 0.0)] == [True, False]
    assert not right(0.0, none, none)


def test_a_kink_is_right_if_the_choice_lies_between_the_slopes():
    for choice, right in [(0.0, True), (0.5, True), (1.0, True), (-0.1, False), (1.1, False)]:
        finding = Finding(*{**vars(KINK), "gradient": choice}.values())
        assert bool(finding) is finding.between is right


def test_a_report_is_a_table():
    report = Report((RIGHT, WRONG, KINK, OPEN), fault="The rule of f is wrong.")
    assert str(report) == repr(report)
    head, *lines, fault = str(report).splitlines()
    assert head == "2 of 4 gradients right"
    assert [re.split(r"  +", line) for line in lines] == [
        ["", "derivative", "gradient by the engine", "slope measured", "tolerance", "verdict"],
        ["✓", "∂f/∂x", "2", "2", "5e-14", "agrees"],
        ["✗", "∂f/∂y", "-3", "3", "5e-14", "wrong: the sign is wrong"],
        ["∧", "∂f/∂z", "0", "0 left, 1 right", "not differentiable here; 0 lies between"],
        ["?", "∂f/∂w", "1e-09", "1e-09", "5e-10", OPEN.outcome],
    ]
    assert fault == "The rule of f is wrong."
    columns = {line.index("2" if "x" in line else "-3") for line in lines[1:3]}
    assert columns == {lines[0].index("gradient")}


def test_a_report_is_a_sequence_of_findings():
    report = Report((RIGHT, WRONG, OPEN))
    assert len(report) == 3
    assert list(report) == [report[0], report[1], report[2]]
    assert report.having("wrong") == [WRONG]


def test_a_finding_prints_in_one_line():
    assert str(WRONG) == "∂f/∂y = -3: wrong, measured 3 ± 5e-14"
    assert str(KINK) == "∂f/∂z = 0: not differentiable here, measured 0 left, 1 right"


def test_in_a_notebook_it_is_an_html_table():
    page = gradcheck(lambda x, y: relu(x) * y, 0.0, 2.0)._repr_html_()
    assert page.count("<tr>") == page.count("</tr>") == 3
    assert "<b>2 of 2 gradients right</b>" in page
    text = html.unescape(re.sub(r"<[^>]*>", " ", page))
    assert "not differentiable here; 0 lies between" in text


def test_labels_do_no_harm_to_the_page():
    page = gradcheck(sin, Value(0.5, label="</td><script>x"))._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;x" in page


@pytest.mark.parametrize(
    ("x", "tolerance", "text"),
    [
        (0.0821670405, 3e-8, "0.08216704"),
        (2.0, 1e-15, "2"),
        (1 / 3, 1e-16, "0.33333333333333331"),
        (1 / 3, 0.0, "0.33333333333333331"),
        (1 / 3, 10.0, "0.333"),
        (0.0, 1e-9, "0"),
        (1 / 3, math.inf, "0.333333"),
        (float("inf"), 1e-9, "inf"),
        (float("nan"), float("nan"), "nan"),
        (1234567.0, 1.0, "1234567"),
    ],
)
def test_numbers_have_the_digits_that_are_certain_and_one_more(x, tolerance, text):
    assert digits(x, tolerance) == text
