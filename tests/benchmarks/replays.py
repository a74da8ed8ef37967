"""Replay compared with NumPy by hand, PyTorch tensors and JAX, on W3 and W4."""

import statistics
import time
from functools import partial

import numpy as np
from benchmarks import vectorised
from benchmarks.peers import OURS
from benchmarks.programs import Digit, Moons
from benchmarks.timing import in_units, measured, print_row, print_times

from tinygrad_edu import Value
from tinygrad_edu.nn.losses import cross_entropy
from tinygrad_edu.programs import replay

__all__ = ["print_replays"]

BY_HAND, OURS_REPLAYED = "NumPy by hand", "replay, parameters as an array"
EXACT = 1e-12


def recorded_moons(moons):
    """Return a replay of the loss of one point; inputs are the point and its class."""
    x, y = [Value(0.5), Value(-0.25)], Value(1.0)
    loss = moons.loss(moons.mlp(x), y)
    return replay(loss, inputs=[*x, y], wrt=moons.mlp.parameters())


def recorded_digit(digit):
    """Return a replay of the loss of one picture."""
    x = [Value(pixel) for pixel in digit.pixels]
    loss = cross_entropy(digit.mlp(x), digit.label)
    return replay(loss, inputs=x, wrt=digit.mlp.parameters())


def whole_graph(program):
    """Return a replay of the whole loss, recorded with products and sums written out."""
    parameters = program.mlp.parameters()
    return replay(program.written_out(OURS, parameters), wrt=parameters)


def print_replays(name, size, without, micrograd):
    """Print the tables of W3 or W4.

    Args:
        name: W3 or W4.
        size: how large the programs are, and how many rounds are timed.
        without: the frameworks to leave out.
        micrograd: the step of micrograd for the usual batch, or None.
    """
    if name == "W3":
        moons = Moons(size.points)
        for n in size.batches:
            compare_moons(moons, n, size, without, micrograd if n == size.points else None)
        print_plans(size, {"one point, by our MLP": (moons, recorded_moons),
                           f"{size.points} points, written out": (moons, whole_graph)})  # fmt: skip
    else:
        digit = Digit(*size.digit)
        compare_digit(digit, size, without, micrograd)
        print_plans(size, {"one picture, by our MLP": (digit, recorded_digit),
                           "one picture, written out": (digit, whole_graph)})  # fmt: skip


def compare_moons(moons, n, size, without, micrograd):
    """Print the times of W3 for a batch."""
    points = Moons(n).points
    X, y = np.array([x for x, _ in points]), np.array([y for _, y in points])
    order, P = vectorised.order_by_layer(moons.sizes), np.array(moons.numbers)
    by_hand = vectorised.moons_by_hand(P[order], moons.sizes, X, y)
    compiled, rows = recorded_moons(moons), np.column_stack([X, y])
    runs = {BY_HAND: by_hand, **replays(compiled, rows, P)}
    if n == size.points:
        whole = whole_graph(moons)
        runs["replay of the whole graph"] = partial(whole, None, P)
        losses, gradient = by_hand()
        require_equal("the whole graph", whole(None, P), ([losses.mean()], gradient), order)
    require_equal("replay", compiled(rows, P), by_hand(), order)
    arrays = (P[order], moons.sizes, X, y)
    runs.update(frameworks(arrays, {}, by_hand(), without))
    if micrograd:
        runs["micrograd"] = micrograd
    print_times(f"W3, replay, batch {n:,}", runs, size,
                slower_than=BY_HAND, faster_than="micrograd")  # fmt: skip


def compare_digit(digit, size, without, micrograd):
    """Print the times of W4."""
    x = np.array(digit.pixels)
    order, P = vectorised.order_by_layer(digit.sizes), np.array(digit.numbers)
    by_hand = vectorised.digit_by_hand(P[order], digit.sizes, x, digit.label)
    compiled, whole = recorded_digit(digit), whole_graph(digit)
    runs = {BY_HAND: by_hand, **replays(compiled, x[None], P)}
    runs["replay of the whole graph"] = partial(whole, None, P)
    for what, outcome in (("replay", compiled(x[None], P)), ("the whole graph", whole(None, P))):
        require_equal(what, outcome, by_hand(), order)
    arrays = (P[order], digit.sizes, x[None], np.zeros(1))
    runs.update(frameworks(arrays, {"label": digit.label}, by_hand(), without))
    if micrograd:
        runs["micrograd"] = micrograd
    print_times("W4, replay", runs, size, slower_than=BY_HAND, faster_than="micrograd")


def replays(compiled, rows, P):
    """Return the ways to call a replay."""
    return {OURS_REPLAYED: partial(compiled, rows, P),
            "replay, parameters from Values": partial(compiled, rows)}  # fmt: skip


def frameworks(arrays, options, expected, without):
    """Return the steps of the installed frameworks, after a check of their results."""
    runs = {}
    for name, make in (("torch", vectorised.with_torch), ("jax", vectorised.with_jax)):
        if name in without:
            continue
        try:
            step, result = make(*arrays, **options)
        except ImportError as error:
            print(f"Left out: {error}\n")
            continue
        start = time.perf_counter()
        require_equal(name, result(), expected)
        if name == "jax":
            print(f"JAX compiled its step in {in_units(time.perf_counter() - start)}.\n")
        runs[f"{name}, arrays"] = step
    return runs


def require_equal(what, given, expected, order=slice(None)):
    """Raise an error unless losses and gradient are as expected."""
    np.testing.assert_allclose(given[0], expected[0], EXACT, EXACT, err_msg=what)
    np.testing.assert_allclose(given[1][order], expected[1], EXACT, EXACT, err_msg=what)


def print_plans(size, graphs):
    """Print how long it takes to record graphs and to plan them, and how many groups there are."""
    print_row(["graph", "operations", "groups", "record it", "plan it", "run it"])
    print_row(["---"] * 6)
    for name, (program, record) in graphs.items():
        recorded, planned = [], []
        for _ in range(size.rounds):
            compiled, taken = timed(partial(record, program))
            recorded.append(taken)
            planned.append(timed(lambda compiled=compiled: compiled.arrays)[1])
        n = compiled.graph.n_inputs
        batch = np.full((1, n), 0.5) if n else None
        run = partial(compiled, batch, np.array(program.numbers))
        times = measured({name: run}, size)
        medians = [in_units(statistics.median(x)) for x in (recorded, planned, times[name])]
        print_row([name, f"{len(compiled.graph.operations):,}", len(compiled.plan.groups),
                   *medians])  # fmt: skip
    print()


def timed(run):
    """Return the result of a function, and how long it took."""
    start = time.process_time()
    result = run()
    return result, time.process_time() - start
