"""Two hidden ReLU layers and softmax by matrices (E1, D5)."""

from collections import Counter

import pytest

from tinygrad_edu.lessons.softmax_network import (
    LABELLED_EXAMPLES,
    checked,
    network,
    report,
    with_biases_not_summed,
    with_the_sign_of_the_slide,
    without_transposes,
)


def test_every_example_reaches_the_output_through_both_hidden_layers():
    mlp, alive = network(), []
    for x, _ in LABELLED_EXAMPLES:
        mlp(x)
        alive.append([sum(a.data > 0 for a in layer.a) for layer in mlp.layers[:2]])
    assert alive == [[3, 2], [3, 1], [3, 2]]


def test_the_equations_are_right():
    comparison = checked()
    assert len(comparison.rows) == 3 * 5
    assert comparison


@pytest.mark.parametrize(
    ("derivation", "wrong"),
    [
        (with_the_sign_of_the_slide, {"δ": 3, "∂L/∂W": 3, "∂L/∂b": 3}),
        (with_biases_not_summed, {"∂L/∂b": 3}),
        (without_transposes, {"∂L/∂W": 2}),
    ],
)
def test_the_comparison_finds_the_wrong_results_of_each_printed_equation(derivation, wrong):
    rows = [row for row in checked(derivation).rows if row.verdict != "✓"]
    assert all(row.verdict.startswith("✗") for row in rows)
    assert Counter(row.formula.partition("⁽")[0] for row in rows) == wrong


def test_the_report_names_the_mistakes():
    assert "δ⁽³⁾ = -(Ŷ - Y) / m: 9 results are wrong" in report()
    assert "∂L/∂b⁽³⁾ = Σ δ⁽³⁾  ✗ is 3×3, not 3×1" in report()
