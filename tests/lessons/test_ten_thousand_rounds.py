"""M. Mazur's network after 10,000 rounds (A9)."""

import pytest

from tinygrad_edu.lessons import ten_thousand_rounds as example
from tinygrad_edu.lessons.ten_thousand_rounds import (
    PRINTED,
    after,
    all_layers_together,
    layer_by_layer,
)
from tinygrad_edu.lessons.worked_example import verdict


def verdicts(figures):
    return {what: verdict(printed, figures[what]) for what, printed in PRINTED.items()}


@pytest.mark.slow
def test_gradient_descent_gives_neither_his_error_nor_his_outputs():
    almost, done = after([9_999, 10_000], all_layers_together)
    # From an independent program in plain floats; the tolerances allow for 10,000 roundings.
    assert done["error"] == pytest.approx(3.5101878e-05, abs=5e-13)
    assert done["output 1"] == pytest.approx(0.015913620, abs=5e-10)
    assert done["output 2"] == pytest.approx(0.984064274, abs=5e-10)
    assert set(verdicts(done).values()) == {"differs"}
    assert verdicts(almost) == {"error": "✓", "output 1": "differs", "output 2": "differs"}


@pytest.mark.slow
def test_his_outputs_come_from_moving_one_layer_after_the_other():
    [done] = after([10_000], layer_by_layer)
    assert verdicts(done) == {"error": "differs", "output 1": "✓", "output 2": "✓"}
    assert verdict("0.000035085", done["error"]) == "✓"  # in another version of his text


def test_his_error_after_one_round_comes_from_moving_one_layer_after_the_other():
    [figures] = after([1], layer_by_layer)
    assert verdict("0.291027924", figures["error"]) == "✓"


def test_the_report_marks_what_agrees(monkeypatch):
    figures = {"error": 0.5, "output 1": 0.25, "output 2": 0.984065734}
    monkeypatch.setattr(example, "after", lambda counts, _update: [figures] * len(counts))
    first, second = example.report().splitlines()[4:6]
    assert first.count("✓") == 0
    assert second.count("✓") == 3
