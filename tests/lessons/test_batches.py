"""Batch, mini-batch and stochastic gradient descent of lecture B, and the loop of lecture D."""

import pytest

from tinygrad_edu.lessons import batches as example
from tinygrad_edu.lessons.batches import (
    EPOCHS,
    MOONS,
    descend,
    lecture_loop,
    network,
    one_epoch,
)
from tinygrad_edu.nn import SGD, fit
from tinygrad_edu.nn.data import XOR
from tinygrad_edu.nn.losses import binary_cross_entropy


@pytest.fixture(scope="module")
def descents():
    return {size: descend(size) for size in (None, 8, 1)}


def test_1000_examples_in_batches_of_200_make_5_iterations():
    assert [iteration.size for iteration in one_epoch(1000, 200)] == [200] * 5


def test_the_last_batch_may_be_smaller():
    assert [iteration.size for iteration in one_epoch(1000, 300)] == [300, 300, 300, 100]


def test_one_setting_gives_batch_mini_batch_and_stochastic_descent(descents):
    for size, per_epoch in {None: 1, 8: 3, 1: 20}.items():
        iterations = descents[size].history.iterations
        assert len(iterations) == per_epoch * EPOCHS
        assert sum(iteration.size for iteration in iterations) == len(MOONS) * EPOCHS


def test_biases_start_at_1_and_weights_at_random_numbers():
    mlp = network()
    weights = [w for layer in mlp.layers for row in layer.W for w in row]
    assert {b for layer in mlp.layers for b in layer.b} == {1.0}
    assert len(set(weights)) == len(weights) == 9


def test_smaller_batches_have_the_smaller_loss_after_the_same_epochs(descents):
    start = {descent.losses[0] for descent in descents.values()}
    assert len(start) == 1
    batch, mini_batch, stochastic = (descents[size].losses[-1] for size in (None, 8, 1))
    assert stochastic < mini_batch < batch < start.pop()


def test_only_batch_gradient_descent_never_goes_uphill(descents):
    share = {
        size: descent.uphill / len(descent.history.iterations) for size, descent in descents.items()
    }
    assert share[None] == 0 < share[8] < share[1] < 1


def test_the_loop_of_lecture_d_is_batch_gradient_descent(descents):
    mlp = network()
    lecture_loop(mlp, MOONS, EPOCHS)
    assert example.loss_of_all(mlp).data == pytest.approx(descents[None].losses[-1], rel=1e-13)


def test_an_update_divides_by_the_size_of_the_batch():
    """If every example is there twice, the step is the same."""
    once, twice = network(), network()
    for mlp, examples in ((once, XOR), (twice, XOR * 2)):
        fit(mlp, examples, binary_cross_entropy, SGD(mlp.parameters(), 0.3), epochs=1)
    for p, q in zip(once.parameters(), twice.parameters(), strict=True):
        assert p.data == pytest.approx(q.data, rel=1e-14)


def test_the_report_shows_the_losses(descents):
    text = example.report()
    assert "batch size  200: iterations    5" in text
    for descent in descents.values():
        assert f"{descent.losses[-1]:.4f}" in text
        assert f"{descent.uphill} of {len(descent.history.iterations)}" in text
