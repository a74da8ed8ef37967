"""Plans: which operations run together, and how the numbers of groups and lines grow."""

import gc
import math
import random
import sys
import tracemalloc
from itertools import permutations

import numpy as np
import pytest

from tinygrad_edu import MLP, Value, grad, relu, total, weighted_sum
from tinygrad_edu.nn.data import moons
from tinygrad_edu.nn.losses import cross_entropy
from tinygrad_edu.operation import Operation
from tinygrad_edu.programs import Replay, replay
from tinygrad_edu.programs.arrays import GROUPS, Writer
from tinygrad_edu.programs.plan import Grid, Map, Total
from tinygrad_edu.programs.program import no_collection


def products(layer, xs):
    """The pre-activations of a layer as sums of products of two, as small engines write them."""
    return [
        sum((w * x for w, x in zip(neuron.w, xs, strict=True)), neuron.b)
        for neuron in layer.neurons
    ]


def dots(layer, xs):
    """The same pre-activations as weighted sums."""
    return [weighted_sum(neuron.w, xs, neuron.b) for neuron in layer.neurons]


def score(mlp, xs, written):
    for layer in mlp.layers[:-1]:
        xs = [z.tanh() for z in written(layer, xs)]
    return written(mlp.layers[-1], xs)


def svm(mlp, examples, written):
    """The loss of micrograd's demo over all examples: a margin of 1, and L2."""
    scores = [score(mlp, x, written)[0] for x, _ in examples]
    margins = [relu(1 + -(2 * y - 1) * s) for (_, y), s in zip(examples, scores, strict=True)]
    return sum(margins) * (1.0 / len(margins)) + 1e-4 * sum(p * p for p in mlp.parameters())


def classes(mlp, examples, written):
    """The cross entropy over all examples."""
    logits = [score(mlp, x, written) for x, _ in examples]
    pairs = zip(logits, examples, strict=True)
    return total([cross_entropy(z, y) for z, (_, y) in pairs]) / len(examples)


@pytest.mark.parametrize("written", [products, dots])
@pytest.mark.parametrize(("loss", "outputs"), [(svm, 1), (classes, 2)])
def test_a_whole_recorded_batch_has_the_gradients_of_the_engine(loss, outputs, written, programs):
    mlp = MLP(2, [5, 4, outputs], seed=1)
    cost = loss(mlp, moons(11), written)
    expected = np.array(grad(cost, mlp.parameters()))
    for losses, gradient in programs(replay(cost, [], mlp.parameters()), None):
        assert losses == pytest.approx([cost.data], rel=1e-12)
        assert gradient == pytest.approx(expected, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("written", [products, dots])
@pytest.mark.parametrize(("loss", "outputs", "most"), [(svm, 1, 13), (classes, 2, 13)])
def test_a_recorded_sum_over_a_batch_runs_as_matrix_products(loss, outputs, most, written):
    counts = []
    for n in (8, 32):
        mlp = MLP(2, [16, 16, outputs], seed=1)
        compiled = replay(loss(mlp, moons(n), written), [], mlp.parameters())
        groups = compiled.plan.groups
        assert sum(isinstance(group, Grid) for group in groups) >= 3
        layers = [(len(g.weights), len(g.inputs)) for g in groups if isinstance(g, Grid)]
        assert {(16, n), (outputs, n)} <= {
            *layers
        }  # a row for each neuron, a column for each example
        counts.append((len(groups), compiled.arrays.source.count("\n")))
    assert counts[0] == counts[1]
    assert counts[0][0] <= most


def test_a_layer_is_one_product_of_matrices_and_one_activation():
    mlp, xs = MLP(3, [4, 2], seed=0), [Value(0.5), Value(1.0), Value(-1.0)]
    loss = total(mlp(xs))
    groups = replay(loss, xs, mlp.parameters()).plan.groups
    kinds = [(type(g), g.size) for g in groups]
    assert kinds == [(Grid, 4), (Map, 4), (Grid, 2), (Total, 1)] or kinds[:3] == [
        (Grid, 4), (Map, 4), (Grid, 2)]  # fmt: skip


def test_operations_that_differ_in_a_constant_only_run_together():
    xs = [Value(0.5), Value(1.0)]
    groups = replay((xs[0] * 0.5).sin() + (xs[1] * 0.25).sin(), xs).plan.groups
    assert [(g.op.name, g.size) for g in groups] == [("mul", 2), ("sin", 2), ("add", 1)]


def test_a_parameter_may_stand_for_a_fixed_number_if_the_rule_differentiates_it(agree):
    scaled = Operation(
        "scaled", "n times x.", signature="(),n", symbol="?", latex="n",
        forward=lambda x, n: n * x, array=lambda numpy, x, n: n * x,
        partials=lambda y, x, n: (n, x))  # fmt: skip
    agree(lambda xs, ps: scaled(xs[0], ps[0]), [[0.5], [2.0], [-1.0]], [3.0])
    agree(lambda xs, ps: scaled(ps[0], xs[0]), [[0.5], [2.0], [-1.0]], [3.0])
    agree(lambda xs, ps: scaled(xs[0] * ps[0], 3.0), [[0.5], [2.0], [-1.0]], [3.0])


def test_a_fixed_term_is_the_bias_wherever_it_stands():
    x, y, w, b = map(Value, (0.5, 1.0, 2.0, 3.0))
    for terms in permutations([w * y, x, b]):
        [grid] = replay(total(terms), [x, y], [w, b]).plan.groups
        assert grid.biases == [~1]
        assert {*grid.inputs[0]} == {0, 1}


def test_what_stands_at_equal_distances_is_read_as_a_slice_rather_than_copied():
    writer = Writer(Replay(*chain(4), "mean").plan, "forward")
    slices = {"3:4": [3], "0:3": [0, 1, 2], "3:8:2": [3, 5, 7], "1:9:7": [1, 8]}
    assert [writer.index(places) for places in slices.values()] == [*slices]
    for places in ([2, 1], [3, 3], [0, 1, 3], [0, 2, 3], [4, 2, 0]):
        assert writer.names[writer.index(places)].tolist() == places


def test_zeros_are_not_terms():
    xs = [Value(float(i)) for i in range(3)]
    for root in (sum(xs), total([0.0, *xs, 0.0])):
        [group] = replay(root, xs).plan.groups
        assert group.operands == [[0, 1, 2]]


def test_lines_do_not_grow_with_the_width_of_a_layer():
    lines = []
    for width in (8, 64):
        mlp, xs = MLP(2, [width, width, 1], seed=0), [Value(0.5), Value(1.0)]
        compiled = replay(mlp(xs), xs, mlp.parameters())
        lines.append(compiled.arrays.source.count("\n"))
    assert lines[0] == lines[1]


def test_lines_do_not_grow_with_the_batch():
    mlp, xs = MLP(2, [8, 1], seed=0), [Value(0.5), Value(1.0)]
    compiled = replay(mlp(xs), xs, mlp.parameters())
    source = compiled.arrays.source
    for n in (1, 100, 3000):
        assert compiled(np.ones((n, 2))).losses.shape == (n,)
        assert compiled.arrays.source is source


def chain(n):
    """The result of a chain of n operations."""
    x, w = Value(0.5), Value(0.9)
    z = w * x
    for i in range(n - 1):
        z = (z.sin(), z * w, z + x, z.tanh())[i % 4]
    return z, [x], [w]


def test_lines_and_functions_grow_linearly_with_a_chain():
    sizes = []
    for n in (400, 800, 1600):
        compiled = Replay(*chain(n), "mean")
        arrays, scalars = compiled.arrays, compiled.scalars
        longest = max(len(text.splitlines()) for text in arrays.source.split("def "))
        assert longest < 2500
        assert len(arrays.forward) == 1 + len(compiled.plan.groups) // GROUPS
        assert len(arrays.backward) == 1 + len(compiled.plan.groups) // GROUPS
        sizes.append((arrays.source.count("\n"), len(scalars.forward), len(compiled.plan.groups)))
    for one, two, four in zip(*sizes, strict=True):
        assert one < two < four
        assert four - two == pytest.approx(2 * (two - one), rel=0.02)


@pytest.mark.slow
def test_memory_grows_linearly_with_a_chain():
    peaks = []
    for n in (500, 500, 1000, 2000):  # the first run fills caches
        graph = chain(n)
        tracemalloc.start()
        compiled = Replay(*graph, "mean")
        compiled([[0.5]])
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[3] < 2.5 * peaks[2] < 6.25 * peaks[1]


def test_a_large_batch_takes_no_more_memory_than_its_blocks():
    mlp, xs = MLP(4, [32, 32, 1], seed=0), [Value(0.1) for _ in range(4)]
    compiled = replay(mlp(xs), xs, mlp.parameters())
    batch = np.ones((20_000, 4))
    compiled(batch)
    tracemalloc.start()
    compiled(batch)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000 * 8 * 28  # all rows of V and A would take 20,000 * 8 * 280


def test_buffers_are_kept_for_two_batch_sizes_only():
    mlp, xs = MLP(2, [8, 1], seed=0), [Value(0.5), Value(1.0)]
    arrays = replay(mlp(xs), xs, mlp.parameters()).arrays
    fixed = np.ones(len(mlp.parameters()) + 1)
    for n in range(301, 311):
        arrays.run(fixed, np.ones((n, 2)))
        assert n in arrays.buffers
        assert len(arrays.buffers) <= 2


def test_the_last_block_of_a_batch_takes_no_new_buffers_in_each_run():
    mlp, xs = MLP(2, [8, 1], seed=0), [Value(0.5), Value(1.0)]
    arrays = replay(mlp(xs), xs, mlp.parameters()).arrays
    arrays.width = 300
    fixed, batch = np.ones(len(mlp.parameters()) + 1), np.ones((599, 2))
    arrays.run(fixed, batch)
    before = dict(arrays.buffers)
    assert sorted(before) == [299, 300]
    arrays.run(fixed, batch)
    assert all(arrays.buffers[n] is before[n] for n in before)


def test_equal_blocks_are_as_few_as_fit():
    compiled = replay(*chain(4))
    compiled.arrays.width = 100
    for n, widths in ((100, {100}), (101, {51, 50}), (300, {100}), (301, {76, 73})):
        compiled.arrays.buffers.clear()
        compiled.arrays.run(np.ones(2), np.ones((n, 1)))
        assert {*compiled.arrays.buffers} == widths


@pytest.mark.parametrize("before", [True, False])
def test_the_garbage_collector_pauses_while_a_program_is_made_and_is_then_as_before(before):
    enabled = gc.isenabled()
    (gc.enable if before else gc.disable)()
    try:
        with no_collection():
            assert not gc.isenabled()
        assert gc.isenabled() is before
    finally:
        (gc.enable if enabled else gc.disable)()


# --- graphs without structure ---------------------------------------------------------------------


def test_a_long_chain_runs_as_plain_python_by_itself():
    compiled = replay(*chain(10_000))
    assert compiled.prefers_scalars(1)
    z, _, [w] = chain(10_000)
    outcome = compiled([[0.5]])
    assert "arrays" not in vars(compiled)
    assert outcome.losses == pytest.approx([z.data], rel=1e-12)
    assert outcome.gradient == pytest.approx([grad(z, w)], rel=1e-12)


@pytest.mark.parametrize(
    "grow",
    [
        lambda z, x, w: z + w * x,  # one sum
        lambda z, x, w: total([z, x, w]),
        lambda z, x, w: w * x + (z + 0),
        lambda z, x, w: x - z,
        lambda z, x, w: weighted_sum([w], [z], x),
        lambda z, x, w: (z * w).tanh(),
    ],
)
def test_nothing_recurses(grow, programs):
    x, w = Value(0.5), Value(-0.9)
    z = w * x
    for _ in range(sys.getrecursionlimit() * 3 // 2):
        z = grow(z, x, w)
    compiled = replay(z, [x], [w])
    for losses, gradient in programs(compiled, [[0.5]]):
        assert losses == pytest.approx([z.data], rel=1e-11)
        assert gradient == pytest.approx([grad(z, w)], rel=1e-11)


def test_sums_of_sums_are_one_group_however_they_lean():
    xs = [Value(float(i)) for i in range(300)]
    from_left, from_right = sum(xs[1:], xs[0]), xs[-1]
    for x in reversed(xs[:-1]):
        from_right = x + from_right
    level = xs
    while len(level) > 1:
        level = [total(level[i : i + 3]) for i in range(0, len(level), 3)]
    for root in (from_left, from_right, total(xs), level[0]):
        compiled = replay(root, xs)
        assert [(type(g), g.size) for g in compiled.plan.groups] == [(Total, 1)]
        assert compiled([[*range(300)]]).losses == [sum(range(300))]


def test_a_thousand_random_parts_are_right(agree):
    rng = random.Random(2)

    def f(xs, ps):
        rng.seed(2)
        nodes = [*xs, *ps]
        for _ in range(1000):
            a, b = rng.choice(nodes[-40:]), rng.choice(nodes)
            c = rng.choice((a + b, a * b, a - b, a.tanh(), a.sin(), total([a, b, a])))
            nodes.append(c if abs(c.data) < 10 else c.tanh())
        return total(nodes)

    agree(f, [[0.5, -0.25]], [1.5, 0.75], amplified=lambda xs, ps: f(xs, ps) * (1 + 2**-40))


def test_numbers_are_finite_in_a_deep_thin_network(agree):
    mlp = MLP(1, [1] * 50, seed=0)
    agree(lambda xs, _: mlp(xs), [[0.5], [1.0]], [])
    assert math.isfinite(mlp([0.5]).data)
