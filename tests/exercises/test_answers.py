"""Answers computed from the numbers on the sheet are right; mistakes are named."""

import math

import pytest

from tinygrad_edu import MLP, Value, grad, log, losses, sigmoid, weighted_sum
from tinygrad_edu.exercises.exercise import exercise
from tinygrad_edu.lessons import worked_example

# --- calculations with the rounded numbers on the sheet -------------------------------------------


def shown(x):
    return float(f"{x:.4g}")


def mlp_loss():
    return losses.mse([MLP(2, [3, 1], seed=0)([0.5, 0.2])], [1.0])


@pytest.mark.parametrize("make", [lambda: worked_example.forward().loss, mlp_loss])
def test_the_product_of_the_factors_on_the_sheet_is_right_to_all_digits_given(make):
    loss = make()
    asked = off = 0
    for seed in range(15):
        sheet = exercise(loss, seed=seed)
        on_sheet = {q.name: shown(q.value) for q in sheet.everything}
        for q in sheet.questions:
            is_product = len(q.needs) == 2 and set(q.needs) <= set(on_sheet)
            if q.kind in ("gradient", "contribution") and is_product:
                product = math.prod(on_sheet[name] for name in q.needs)
                for digits in (3, 4, 17):
                    answer = f"{product:.{digits - 1}e}"
                    asked += 1
                    feedback = sheet.answer(q.name, answer)
                    assert feedback, (seed, answer, feedback)
                    off += "carry one more digit" in feedback.text
    assert asked > 400
    assert 0 < off < asked / 2, "only some results are off in the last digit"


def test_sums_and_derivatives_of_the_numbers_on_the_sheet_are_right():
    loss = worked_example.forward().loss
    for seed in range(15):
        sheet = exercise(loss, seed=seed)
        known = {q.name: shown(q.value) for q in sheet.everything}
        for layer, i in (("¹", "₁"), ("¹", "₂"), ("²", "₁"), ("²", "₂")):
            a, z = f"a{i}⁽{layer}⁾", f"z{i}⁽{layer}⁾"
            from_a = known[a] * (1 - known[a])
            from_z = grad(sigmoid(x := Value(known[z])), x)
            for answer in (from_a, from_z):
                assert sheet.answer(f"∂{a}/∂{z}", f"{answer:.3e}")
            assert sheet.answer(a, f"{sigmoid(known[z]):.3e}")
        terms = [known[f"∂L/∂a₁⁽¹⁾ via z{i}⁽²⁾"] for i in "₁₂"]
        assert sheet.answer("dL/da1_1", f"{sum(terms):.5f}")


def test_the_last_digit_may_be_off_and_the_feedback_says_so(sheet):
    assert repr(sheet.answer("dL/dz2_1", 0.7414 * 0.1868)) == "✓ ∂L/∂z₁⁽²⁾ = 0.1385"
    assert "cut off instead" in repr(sheet.answer("dL/dw2_11", "0.0821"))  # A9, on the slide
    assert sheet.score == 1
    feedback = sheet.answer("dL/da1_2 via z2_1", f"{0.1385 * 0.45:.4g}")
    assert feedback
    assert "via z₁⁽²⁾ = 0.06232; 0.06233 is a little off: carry one more digit" in feedback.text


def test_an_answer_beyond_the_error_bound_is_wrong(sheet):
    q = sheet.question("dL/dw2_11")  # 0.1385 · 0.5933, both rounded to four digits
    upstream, partial = (sheet.question(name).value for name in ("dL/dz2_1", "dz2_1/dw2_11"))
    carried = partial * abs(upstream - 0.1385) + upstream * abs(partial - 0.5933)
    assert q.slack == pytest.approx(carried, rel=0.02)
    for off, is_right in ((0.9, True), (-0.9, True), (1.1, False), (-1.1, False)):
        assert bool(sheet.answer(q.name, repr(q.value + off * q.slack))) is is_right
    exact = exercise(weighted_sum([Value(0.25, "w")], [0.5], 1.0))
    assert exact.question(1).slack == 0
    assert not exact.answer(1, 1.1251)


def test_the_numbers_on_the_sheet_may_lie_at_the_edge_of_a_domain():
    y = log(Value(1e-5 / 3, "x"))
    sheet = exercise(y)
    assert sheet.answer(1, f"{math.log(3.333e-6):.5f}")
    assert exercise(Value(0.0, "x") ** 2 + 1).question(1).slack == 0


# --- mistakes -------------------------------------------------------------------------------------


def test_one_of_several_places_is_named():
    x = Value(5.0, "x")
    assert "only for one of 2 places of x" in repr(exercise(x * x).answer("dv1/dx", "5.0"))


def test_no_path_is_listed_where_there_are_many():
    x = Value(0.5, "x")
    for _ in range(300):
        x = x + x.sin() * 0.1
    sheet = exercise(x, ask="gradient", most=3)
    assert "is not 77" in repr(sheet.answer(3, 77))


def test_a_missing_path_is_named():
    a = Value(0.5, "a")
    b = a * 3
    y = (b * 2).sin() + (b * b).sin() + b.sin() * 7
    b.label, y.label = "b", "y"
    one = 2 * math.cos(3.0) * 3
    sheet = exercise(y)
    right = sheet.question("dy/da").value
    assert "one of 4 paths is missing" in repr(sheet.answer("dy/da", right - one))


def test_with_very_many_functions_only_mistakes_everywhere_are_looked_for():
    x = Value(0.9, "x")
    y = x
    for _ in range(60):
        y = y.tanh()
    sheet = exercise(y, ask="gradient")
    assert len(sheet.question(60).mistakes) < 10
    assert "derivative of tanh is missing everywhere" in repr(sheet.answer(60, 1.0))
