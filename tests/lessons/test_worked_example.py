"""The worked example of lecture A against the slide (A9, A10) and against M. Mazur's figures."""

import math

import pytest

from tinygrad_edu import grad
from tinygrad_edu.lessons import worked_example as example
from tinygrad_edu.lessons.worked_example import (
    MAZUR,
    SLIDE,
    after_one_step,
    chain,
    forward,
    report,
    two_paths,
    verdict,
)


@pytest.fixture
def network():
    return forward()


def computed(network):
    """Every figure of the slide by its name."""
    figures = {
        v.label: v.data for layer in network.mlp.layers for n in layer.neurons for v in (n.z, n.a)
    }
    figures["L"] = network.loss.data
    figures.update(chain(network))
    figures["∂L/∂w₁₁⁽²⁾"] = grad(network.loss, network.mlp.layers[1].neurons[0].w[0])
    return figures


def test_every_figure_of_the_slide_is_rounded_right_except_one(network):
    verdicts = {name: verdict(SLIDE[name], x) for name, x in computed(network).items()}
    assert verdicts.pop("∂L/∂w₁₁⁽²⁾") == "cut off: rounded it is 0.0822"
    assert set(verdicts.values()) == {"✓"}
    assert len(verdicts) == 12


def test_the_product_of_the_chain_is_the_gradient_0_0821_of_the_slide(network):
    product = math.prod(factor for _, factor in chain(network))
    assert product == grad(network.loss, network.mlp.layers[1].neurons[0].w[0])
    assert product == pytest.approx(0.082167041, abs=5e-10)


def test_two_paths_of_five_factors_each_add_up(network):
    paths = [[factor for _, factor in path] for path in two_paths(network)]
    assert [len(path) for path in paths] == [5, 5]
    first, second = map(math.prod, paths)
    assert f"{first:.9f}" == "0.000668396"
    assert f"{second:.9f}" == "-0.000229828"
    gradient = grad(network.loss, network.mlp.layers[0].neurons[0].w[0])
    assert first + second == pytest.approx(gradient, rel=1e-15)
    assert f"{gradient:.9f}" == "0.000438568"


def test_twelve_gradients_agree_with_finite_differences(network):
    parameters = network.mlp.parameters()

    def loss(numbers):
        return float(forward(network.mlp.with_parameters(numbers)).loss)

    at = [p.data for p in parameters]
    assert len(at) == 12
    for i, gradient in enumerate(grad(network.loss, parameters)):
        # Five-point formula: its error is of the order h^4 = 1e-12.
        f = [loss([*at[:i], at[i] + k * 1e-3, *at[i + 1 :]]) for k in (-2, -1, 1, 2)]
        slope = (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / 12e-3
        assert gradient == pytest.approx(slope, abs=1e-12)


def test_one_step_gives_the_weights_that_mazur_prints():
    moved = after_one_step(move_biases=False)
    weights = {p.label: p.data for p in moved.mlp.parameters() if p.label.startswith("w")}
    assert {label: verdict(MAZUR[label], w) for label, w in weights.items()} == dict.fromkeys(
        MAZUR, "✓"
    )


def test_one_step_lowers_the_loss_and_lowers_it_more_if_the_biases_move(network):
    held = after_one_step(move_biases=False).loss.data
    moved = after_one_step(move_biases=True).loss.data
    assert moved < held < network.loss.data
    assert after_one_step(move_biases=False).mlp.layers[0].b == [0.35] * 2


def test_the_report_shows_all_figures(network):
    text = report(network)
    for figure in (*SLIDE.values(), *MAZUR.values(), "0.000668396", "-0.000229828"):
        assert figure in text
    assert "differs" not in text
    assert text.count("cut off") == 1


def test_a_wrong_figure_would_be_reported():
    assert verdict("0.0820", 0.082167) == "differs"
    assert verdict("-0.0821", -0.082167) == "cut off: rounded it is -0.0822"


def test_the_picture_frames_four_neurons_and_shows_all_gradients(network):
    network.loss.backward()
    source = example.picture(network).source
    assert source.count("subgraph cluster_") == 4
    assert r"w₁₁⁽²⁾ = 0.4\ngrad 0.08217" in source
    assert r"L = 0.2984\ngrad 1" in source
