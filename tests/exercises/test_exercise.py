"""Exercises: the questions, which answers are right, and the feedback to mistakes."""

import json
import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_edu import MLP, Constant, Value, grad, log, losses, sigmoid, tanh
from tinygrad_edu.exercises.exercise import exercise
from tinygrad_edu.formulas.labels import spelled
from tinygrad_edu.lessons import worked_example
from tinygrad_edu.testing import expressions, networks


def solution(sheet, name):
    return sheet.question(name).value


def test_every_number_of_both_passes_is_asked_for_once(sheet):
    names = [q.name for q in sheet.questions]
    assert len(names) == len(set(names)) == 53
    # 9 operations; 2 gradients next to the root; 20 edges further down, 18 gradients there, two of
    # them by two paths
    kinds = [q.kind for q in sheet.questions]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "forward": 9,
        "gradient": 20,
        "local": 20,
        "contribution": 4,
    }


def test_the_solutions_are_those_of_the_lecture(sheet):
    """A9, A10."""
    assert f"{solution(sheet, 'L'):.4f}" == "0.2984"
    assert f"{solution(sheet, 'da2_1/dz2_1'):.4f}" == "0.1868"
    assert f"{solution(sheet, 'dL/dw2_11'):.9f}" == "0.082167041"
    assert f"{solution(sheet, 'dL/dw1_11'):.9f}" == "0.000438568"


@settings(max_examples=40)
@given(st.one_of(expressions(), networks()))
def test_the_solutions_are_the_gradients_of_the_engine(expression):
    xs = [Value(x, f"x{'abcdefghijklmnopqrstuvwxyz'[i]}") for i, x in enumerate(expression.inputs)]
    y = expression(*xs)
    y.label = "y"
    asked = {q.name: q.value for q in exercise(y, ask="gradient").questions}
    for x, gradient in zip(xs, grad(y, xs), strict=True):
        if f"∂y/∂{x.label}" in asked and y is not x:
            # contributions are added edge by edge, in another order
            assert asked[f"∂y/∂{x.label}"] == pytest.approx(gradient, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("given_", [0.0822, "0.0822", "0.08217", 0.082167041, "8.22e-2", " 0.082 "])
def test_an_answer_is_right_if_the_solution_rounds_to_it(sheet, given_):
    assert sheet.answer("dL/dw2_11", given_)


LOCAL, UPSTREAM = "∂z₁⁽²⁾/∂w₁₁⁽²⁾", "∂L/∂z₁⁽²⁾"
FIRST, SECOND = "∂L/∂z₁⁽²⁾ · ∂z₁⁽²⁾/∂a₁⁽¹⁾", "∂L/∂z₂⁽²⁾ · ∂z₂⁽²⁾/∂a₁⁽¹⁾"
MISTAKES = [
    ("dL/dw2_11", -0.0822, "the sign is wrong"),
    ("dL/dw2_11", 0.0815, ""),
    ("dL/dz2_1", 0.13, "that is the right number, but cut off instead of rounded"),
    ("dL/dw2_11", 0.5933, f"that is {LOCAL} alone, without the upstream gradient {UPSTREAM}"),
    ("dL/dw2_11", 0.1385, f"that is the upstream gradient {UPSTREAM} alone, without {LOCAL}"),
    ("dL/da1_1", 0.0554, f"that is only one of 2 paths, {FIRST}; add the others"),
    ("dL/da1_1", 0.01905, f"one of 2 paths, {SECOND}; add the others; the sign is wrong, too"),
    ("da2_1/dz2_1", 0.7514, "that is a₁⁽²⁾ itself, not its derivative"),
    ("dz2_1/dw2_11", 0.4, "that is ∂z₁⁽²⁾/∂a₁⁽¹⁾ instead"),
    ("a2_1", 1.106, "that is z₁⁽²⁾ itself; apply σ to it"),
    ("z1_1", 0.0275, "the last term, b₁⁽¹⁾, is missing"),
    ("dL/da1_1 via z2_1", 0.4, "that is ∂z₁⁽²⁾/∂a₁⁽¹⁾ alone, without the upstream gradient"),
    ("dL/da1_1 via z2_1", -0.0554, "the sign is wrong"),
    ("dL/dw2_11", 0.1, "write at least 2 significant digits"),
    # A10: the second path is forgotten, above the weight
    (
        "dL/dw1_11",
        0.0006684,
        "that is only one of 2 paths, ∂L/∂a₁⁽²⁾ · ∂a₁⁽²⁾/∂z₁⁽²⁾ · ∂z₁⁽²⁾/∂a₁",
    ),
    (
        "dL/dw1_11",
        -0.0002298,
        "that is only one of 2 paths, ∂L/∂a₂⁽²⁾ · ∂a₂⁽²⁾/∂z₂⁽²⁾ · ∂z₂⁽²⁾/∂a₁",
    ),
    ("dL/dz2_1", 0.7414 * 0.7514, "σ itself was used instead of its derivative ∂a₁⁽²⁾/∂z₁⁽²⁾"),
    (
        "dL/dw2_11",
        0.7414 * 0.7514 * 0.5933,
        "σ itself was used instead of its derivative ∂a₁⁽²⁾/∂z₁⁽²⁾",
    ),
    ("dL/dw2_11", 0.7414 * 0.5933, "the derivative of σ, ∂a₁⁽²⁾/∂z₁⁽²⁾, is missing"),
    ("dL/dw1_11", 0.03635 * 0.05, "the derivative of σ, ∂a₁⁽¹⁾/∂z₁⁽¹⁾, is missing"),
    (
        "dL/dw1_11",
        0.03635 * 0.5933 * 0.05,
        "σ itself was used instead of its derivative ∂a₁⁽¹⁾/∂z₁⁽¹⁾",
    ),
    ("dL/da1_1", 0.7414 * 0.4 - 0.2171 * 0.5, "the derivative of σ is missing everywhere"),
    ("dL/da1_1 via z2_1", 0.7414 * 0.7514 * 0.4, "instead of its derivative ∂a₁⁽²⁾/∂z₁⁽²⁾"),
    ("dL/dw1_11", 7.77, "it builds on ∂L/∂z₁⁽¹⁾; answer that question first"),
]


@pytest.mark.parametrize(("name", "given_", "words"), MISTAKES)
def test_a_mistake_is_named(sheet, name, given_, words):
    feedback = sheet.answer(name, given_)
    assert not feedback
    assert words in repr(feedback)
    assert repr(feedback).startswith("✗")
    assert sheet.score == 0


@pytest.mark.parametrize(
    "nonsense",
    [
        "",
        "abc",
        "1,5,0",
        "1/0",
        "1/2/3",
        "1.5/2",
        "59%",
        "nan",
        "0x1",
        "1 2",
        "1_0",
        "\u0661",
        ".",
        "e1",
        "1e999",
        "1e1234",
        True,
    ],
)
def test_a_text_that_is_not_a_number_is_not_an_answer(sheet, nonsense):
    feedback = sheet.answer(1, nonsense)
    assert "is not a number I can read" in repr(feedback)
    assert sheet.answers["z₁⁽¹⁾"] == []


@pytest.mark.parametrize(
    ("value", "given_"),
    [(0.1 + 0.2, "0.30000000000000004"), (0.3, 0.1 + 0.2), (0.1 + 0.2, 0.3), (0.1 + 0.2, "0.30"),
     (4.0, "4"), (4 + 1e-15, "4"), (0.0, "0"), (0.0, "0.00"), (125.0, "1.25e2"), (1e-9, "1e-9"),
     (0.125, "0.12"), (0.125, "0.13"), (-2.675, "−2.68"), (3.0001, "3")],
)  # fmt: skip
def test_an_answer_may_be_rounded_either_way_and_float_errors_do_not_matter(value, given_):
    assert exercise(Value(value) + 0).answer(1, given_)


@pytest.mark.parametrize(
    ("value", "given_", "words"),
    [(0.0822, "0.08", "at least 2 significant digits"), (4.2, "4", "at least 2 significant digits"),
     (3.001, "3", "write at least 2 significant digits"),
     (3.25, "3.25001", "is not 3.25001"),
     (0.0822, "0.1", "write at least 2 significant digits"), (78.6, "78", "cut off"),
     (-0.0826, "-0.082", "cut off"), (0.3, "0.30000001", ""), (12.0, "1e1", "at least 2")],
)  # fmt: skip
def test_too_few_digits_and_wrong_digits_are_refused(value, given_, words):
    feedback = exercise(Value(value) + 0).answer(1, given_)
    assert not feedback
    assert words in feedback.text


def test_a_mistake_that_leads_to_the_right_number_is_not_named():
    x = Value(2.126, "x")
    sheet = exercise(Value(3.0, "w") * x * 1.0)  # the upstream gradient is 1
    assert (
        sheet.answer("∂v₂/∂w", "2.12").text
        == "∂v₂/∂w is not 2.12: that is the right number, but cut off instead of rounded"
    )


def test_after_the_answer_a_hint_costs_nothing(sheet):
    assert sheet.answer("z1_1", 0.3775)
    assert "0.15" in sheet.hint("z1_1")
    assert sheet.score == 1


def test_hints_come_in_two_steps_and_cost_a_part_of_the_point(sheet):
    assert str(sheet.hint("dL/dz2_1")) == "∂L/∂z₁⁽²⁾ = ∂L/∂a₁⁽²⁾ · ∂a₁⁽²⁾/∂z₁⁽²⁾"
    assert str(sheet.hint("dL/dz2_1")) == "∂L/∂z₁⁽²⁾ = 0.7414 · 0.1868"
    assert sheet.answer("dL/dz2_1", 0.1385)
    assert sheet.score == 0.5
    assert sheet.answer("z1_1", 0.3775)
    assert sheet.score == 1.5
    assert sheet.answer("z1_1", 0.3775), "answered twice is answered once"
    assert sheet.score == 1.5


def test_a_solution_that_was_shown_scores_no_point(sheet):
    assert str(sheet.solution("dL/dz2_1")) == "∂L/∂z₁⁽²⁾ = 0.7414 · 0.1868 = 0.1385"
    assert sheet.answer("dL/dz2_1", 0.1385)
    assert sheet.score == 0


def test_questions_have_numbers_and_names_to_type(sheet):
    assert sheet.question(1) is sheet.question("z₁⁽¹⁾") is sheet.question("z1_1")
    for unknown in (0, 54, "nothing", None):
        with pytest.raises(KeyError, match="there is no question"):
            sheet.question(unknown)
    assert len({spelled(q.name) for q in sheet.questions}) == 53


def test_a_sheet_is_printed_with_and_without_solutions(sheet):
    asked, solved = sheet.sheet(), sheet.sheet(solutions=True)
    assert asked.count("= ?") == 53
    assert "= ?" not in solved
    worked = "∂L/∂z₁⁽²⁾ · ∂z₁⁽²⁾/∂w₁₁⁽²⁾ = 0.1385 · 0.5933 = 0.08217"
    assert f"  ∂L/∂w₁₁⁽²⁾ = {worked}" in solved
    assert "z₁⁽¹⁾ = w₁₁⁽¹⁾ · x₁ + w₁₂⁽¹⁾ · x₂ + b₁⁽¹⁾ = 0.15 · 0.05 + 0.2 · 0.1 + 0.35 =" in solved
    assert "∂a₁⁽²⁾/∂z₁⁽²⁾ = a₁⁽²⁾ · (1 − a₁⁽²⁾) = 0.7514 · (1 − 0.7514) = 0.1868" in solved
    assert max(map(len, solved.splitlines())) <= 100
    assert "w₁₁⁽²⁾ = 0.4," in asked.replace("\n", " ")
    assert max(map(len, asked.splitlines())) <= 100


def test_a_seed_gives_everybody_a_sheet_of_their_own():
    loss = worked_example.forward().loss
    sheets = [exercise(loss, seed=seed) for seed in (1, 1, 2)]
    assert sheets[0].sheet(solutions=True) == sheets[1].sheet(solutions=True)
    assert sheets[0].sheet() != sheets[2].sheet()
    assert [q.name for q in sheets[0].questions] == [q.name for q in exercise(loss).questions]
    assert loss.data == worked_example.forward().loss.data
    z, w, x = (sheets[2].root.args[0].args[0].args[k] for k in (0, 0, 2))
    assert isinstance(z, Value)
    assert not isinstance(w, Constant)
    assert x.op is not None


def test_other_numbers_stay_in_the_domain():
    x = Value(0.01, "x")
    y = log(x - 0.009)  # most numbers near 0.01 lead out of it
    for seed in range(20):
        assert math.isfinite(exercise(y, seed=seed).root.data)
    with pytest.raises(ValueError, match="found no numbers near the given ones"):
        exercise(log((x := Value(1000.4)) - 1000.3) + log(1000.5 - x), seed=1)


def test_an_argument_that_is_used_twice_is_asked_for_once():
    a = Value(3.0, "a")
    b = a * a
    b.label = "b"
    sheet = exercise(tanh(b))
    assert solution(sheet, "db/da") == 6
    sheet = exercise(b + a)
    assert [q.name for q in sheet.questions] == [
        "b",
        "v₁",
        "∂v₁/∂a (direct)",
        "∂v₁/∂b",
        "∂b/∂a",
        "∂v₁/∂a via b",
        "∂v₁/∂a",
    ]
    assert solution(sheet, "∂v₁/∂a") == 7
    assert "that is only one of 2 paths" in repr(sheet.answer("∂v₁/∂a", "6.0"))


def test_only_the_wanted_questions_are_asked():
    loss = worked_example.forward().loss
    assert {q.kind for q in exercise(loss, ask="forward local").questions} == {"forward", "local"}
    with pytest.raises(
        ValueError, match=r"ask: expected some of the words forward, .*, got backward"
    ):
        exercise(loss, ask="backward")
    with pytest.raises(ValueError, match="given: expected 'others' or 'inputs', got 'all'"):
        exercise(loss, given="all")
    for most in (0, -1, 2.5):
        with pytest.raises(ValueError, match=f"most: expected a whole number .* got {most}"):
            exercise(loss, most=most)
    with pytest.raises(KeyError, match="there is no question 'dL/dq'"):
        exercise(loss, only=["dL/dw2_11", "dL/dq"])
    for seed in (None, 1):
        with pytest.raises(TypeError, match="exercise: expected a Value"):
            exercise(3.0, seed=seed)
        with pytest.raises(
            ValueError, match=r"exercise: Constant\(.*\) does not depend on any Value"
        ):
            exercise(Constant(2.0), seed=seed)


def test_only_names_questions_and_the_rest_is_given():
    loss = worked_example.forward().loss
    sheet = exercise(loss, only=["dL/dw2_11", "dL/dz2_1"])
    assert [q.name for q in sheet.questions] == ["∂L/∂z₁⁽²⁾", "∂L/∂w₁₁⁽²⁾"], "in their order"
    assert [q.name for q in exercise(loss, only="dL/dw2_11").questions] == ["∂L/∂w₁₁⁽²⁾"]
    given_ = sheet.sheet().partition("  1  ")[0]
    for needed in ("∂L/∂a₁⁽²⁾ = 0.7414", "∂a₁⁽²⁾/∂z₁⁽²⁾ = 0.1868", "∂z₁⁽²⁾/∂w₁₁⁽²⁾ = 0.5933"):
        assert needed in given_
    assert "∂L/∂z₁⁽²⁾" not in given_, "it is asked for"
    bare = exercise(loss, only=["dL/dw2_11", "dL/dz2_1"], given="inputs").sheet()
    assert "w₁₁⁽²⁾ = 0.4" in bare
    assert "∂L/∂a₁⁽²⁾ =" not in bare


@pytest.mark.parametrize("most", [1, 2, 5, 10, 30, 53, 1000])
def test_most_limits_the_questions_and_keeps_the_kinds_balanced(most):
    loss = worked_example.forward().loss
    everything = [q.name for q in exercise(loss).questions]
    found = exercise(loss, most=most).questions
    assert len(found) == min(most, 53)
    assert [q.name for q in found] == [n for n in everything if n in {q.name for q in found}]
    kinds = [q.kind for q in found]
    if 4 <= most <= 16:
        counts = [kinds.count(kind) for kind in ("forward", "local", "contribution", "gradient")]
        assert max(counts) - min(counts) <= 1


def test_a_contribution_is_never_given():
    sheet = exercise(worked_example.forward().loss, only="dL/da1_1")
    assert " via " not in sheet.sheet()
    assert "∂L/∂z₂⁽²⁾ = −0.0381" in sheet.sheet()


def test_infinite_numbers_are_not_asked_for():
    x = Value(1e308, "x")
    assert [q.name for q in exercise(x * 10.0).questions] == ["∂v₁/∂x"]


def test_the_result_is_json(sheet, tmp_path):
    sheet.answer("dL/dw2_11", "0.08")
    sheet.answer("dL/dw2_11", "0.0822")
    sheet.hint("z1_1")
    file = tmp_path / "result.json"
    content = json.loads(sheet.to_json(file))
    assert content == json.loads(file.read_text(encoding="utf-8"))
    assert (content["score"], content["of"], content["seed"]) == (1, 53, None)
    by_name = {q["name"]: q for q in content["questions"]}
    assert by_name["∂L/∂w₁₁⁽²⁾"]["answers"][-1] == "0.0822"
    assert by_name["∂L/∂w₁₁⁽²⁾"]["right"]
    assert by_name["z₁⁽¹⁾"] == {
        "name": "z₁⁽¹⁾", "kind": "forward", "solution": 0.3775,
        "hints": 1, "answers": [], "right": False, "shown": False,
    }  # fmt: skip


def test_a_single_operation_is_an_exercise_too():
    x = Value(0.0, "x")
    sheet = exercise(sigmoid(x))
    assert [q.name for q in sheet.questions] == ["v₁", "∂v₁/∂x"]
    assert sheet.answer("∂v₁/∂x", 0.25)
    assert not sheet.answer("∂v₁/∂x", 0.5)


# --- other numbers --------------------------------------------------------------------------------


def given_in(sheet):
    return dict(line.split(" = ") for line in sheet.given_numbers)


def test_zero_one_targets_and_constants_without_a_name_stay():
    def squared_error():
        w, b, x = Value(0.5, "w"), Value(0.0, "b"), Constant(3.0, "x")
        flag, target, half = Constant(1.0, "flag"), Constant(4.0, "t"), Constant(0.25)
        return (w * x + b + w * flag - target) ** 2 * half

    loss = squared_error()
    before = given_in(exercise(loss, given="inputs"))
    assert set(before) >= {"w", "b", "x", "flag", "t"}
    for seed in range(5):
        drawn = given_in(exercise(loss, given="inputs", seed=seed))
        assert {name for name, x in drawn.items() if x != before[name]} == {"w", "x"}


def test_only_the_numbers_in_vary_are_drawn_anew():
    w, x = Value(1.0, "w"), Constant(0.0, "x")
    loss = (w * x - Constant(2.0, "t")) ** 2
    before = given_in(exercise(loss))
    for vary, names in ((w, {"w"}), ([w, x], {"w", "x"})):
        drawn = given_in(exercise(loss, seed=2, vary=vary))
        assert {name for name, number in drawn.items() if number != before[name]} == names
    with pytest.raises(ValueError, match="the seed finds no number to draw anew; name some"):
        exercise(loss, seed=2)
    with pytest.raises(ValueError, match=r"vary: Value.* is not an input or parameter"):
        exercise(loss, seed=2, vary=[Value(3.0)])
    with pytest.raises(ValueError, match="vary says which numbers a seed draws anew; give a seed"):
        exercise(loss, vary=w)


def test_a_constant_made_of_constants_is_not_drawn_apart_from_them():
    x, t, p = Constant(0.3, "x"), Constant(0.8, "t"), Value(0.6, "p")
    q = (p * x).sigmoid()
    loss = -(t * log(q) + (1 - t) * log(1 - q))
    for seed in range(5):
        sheet = exercise(loss, seed=seed, given="inputs")
        drawn = given_in(sheet)
        assert set(drawn) == {"x", "t", "p"}
        assert f" = {1 - float(drawn['t']):.4g} · v" in str(sheet)


def test_fractions_stay_fractions():
    f = Value(Fraction(1, 3), "f")
    g = (f * f + Fraction(1, 2)) / f
    g.label = "g"
    sheet = exercise(g)
    for answer in (Fraction(-7, 2), "-7/2", "−7/2", -3.5, "-3,5", "-14/4"):
        assert repr(sheet.answer("dg/df", answer)) == "✓ ∂g/∂f = −7/2"
    assert not sheet.answer("dg/df", "-8/2")
    assert sheet.answer("v1", "0.1111")
    assert str(sheet.solution("dg/df")).endswith("= −7/2")
    assert "v₁ = f · f = 1/3 · 1/3 = 1/9" in sheet.sheet(solutions=True)
    json.loads(sheet.to_json())
    drawn = {exercise(g, seed=seed).root.args[1].data for seed in range(9)}
    assert len(drawn) > 2
    assert all(isinstance(x, Fraction) and x.denominator <= 5 for x in drawn)


def test_a_decimal_comma_and_a_fraction_are_numbers(sheet):
    assert sheet.answer("a1_1", "0,5933")
    assert sheet.answer("dz2_1/db2_1", "2/2")
    assert not sheet.answer("a1_1", "5,933")


# --- after a step of training ---------------------------------------------------------------------


def test_after_a_training_step_nothing_is_asked_about_the_old_graph(tmp_path):
    mlp = MLP(1, [1], seed=0)
    loss = losses.mse([mlp([2.0])], [1.0])
    before = exercise(loss)
    sheet = before.sheet(solutions=True)
    mlp.parameters()[0].data += 0.5
    with pytest.raises(RuntimeError, match="exercise: data changed after"):
        exercise(loss)
    for printed in (True, False):
        with pytest.raises(RuntimeError, match="exercise: data changed after"):
            before.to_html(tmp_path / "x.html", printed=printed)
    assert before.sheet(solutions=True) == sheet, "as it was when it was asked"
