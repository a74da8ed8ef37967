"""The tables of the benchmark: plain engines, memory, microgpt, and a story."""

import datetime as dt
import gc
import importlib.util
import math
import os
import platform
import statistics
import tracemalloc
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from benchmarks.peers import MICROGPT, OURS, Autograd, Microgpt, Recorder, engines
from benchmarks.programs import (
    Digit,
    Gpt,
    Moons,
    chain_of_values,
    chain_with_constants,
    readme_expression,
)
from benchmarks.replays import print_replays
from benchmarks.timing import in_units, measured, print_row, print_times

from tinygrad_edu import Value
from tinygrad_edu.nn import SGD, accuracy, fit

__all__ = ["PROGRAMS", "print_tables"]


class Size(NamedTuple):
    """How large the programs are, and how long they are timed."""

    rounds: int = 5
    enough: float = 0.25
    """Seconds for which a quick program is repeated, so that its garbage is collected, too."""
    altogether: float = 5.0
    """Seconds to spend on a column, if that allows more rounds."""
    expressions: int = 2000
    chain: int = 100_000
    growth: tuple[int, ...] = (10_000, 100_000, 1_000_000)
    points: int = 104
    batches: tuple[int, ...] = (1, 104, 10_000)
    digit: tuple[int, ...] = (784, 32, 10)
    tokens: tuple[int, ...] = (0, 9, 19, 1, 2, 5, 12, 12, 1, 0)
    epochs: int = 500


QUICK = Size(rounds=1, enough=0.0, altogether=0.0, expressions=20, chain=1000,
             growth=(100, 1000), points=8, batches=(1, 8), digit=(16, 8, 4), tokens=(0, 9, 0),
             epochs=20)  # fmt: skip


# --- plain engines --------------------------------------------------------------------------------


def print_expressions(peers, size, _):
    """Print W1: a graph is made, differentiated and dropped again and again."""
    require_agreement(peers, readme_expression, [-4.0, 2.0])

    def repeated(engine):
        for _ in range(size.expressions):
            engine.run(readme_expression, engine.leaves([-4.0, 2.0]))

    runs = {engine.name: partial(repeated, engine) for engine in peers}
    title = f"W1, an expression (of {size.expressions:,})"
    print_times(title, runs, size, faster_than="micrograd", work=size.expressions)


def print_chains(peers, size, _):
    """Print W2."""
    for name, chain, numbers in (("constants", chain_with_constants, [0.5]),
                                 ("Values", chain_of_values, [0.999, 0.5])):  # fmt: skip
        require_agreement(peers, chain(100), numbers)
        runs = {engine.name: partial(made_and_run, engine, chain(size.chain), numbers)
                for engine in peers}  # fmt: skip
        title = f"W2, an operation (of {size.chain:,}, with {name})"
        print_times(title, runs, size, faster_than="micrograd", work=size.chain)
    few = [engine for engine in peers if engine.name in ("micrograd", OURS.name)]
    for n in size.growth:
        runs = {engine.name: partial(made_and_run, engine, chain_of_values(n), [0.999, 0.5])
                for engine in few}  # fmt: skip
        title = f"W2, an operation (of {n:,}, of Values)"
        print_times(title, runs, size, faster_than="micrograd", work=n)


def made_and_run(engine, program, numbers):
    engine.run(program, engine.leaves(numbers))


def print_training(name, program, peers, size):
    """Print W3 or W4, and return micrograd's step."""
    able = [engine for engine in peers if name == "W3" or not isinstance(engine, Autograd)]
    require_agreement(able, program.written_out, program.numbers)
    runs = {engine.name: partial(engine.run, program.written_out, engine.leaves(program.numbers))
            for engine in able}  # fmt: skip
    runs[f"{OURS.name}, MLP and loss"] = partial(
        OURS.run, program.with_layers, program.mlp.parameters()
    )
    what = f"{size.points} points" if name == "W3" else f"{len(program.numbers):,} parameters"
    print_times(f"{name}, a step ({what})", runs, size, faster_than="micrograd")
    if len(able) < len(peers):
        print(f"Autograd is left out: minutes for {len(program.numbers):,} scalars.\n")
    return runs.get("micrograd")


def require_agreement(peers, program, numbers):
    """Check that all engines find the same value and gradient, before they are timed."""
    value, gradient = OURS.gradient(program, OURS.leaves(numbers))
    for engine in peers:
        y, slopes = engine.gradient(program, engine.leaves(numbers))
        for a, b in zip([y, *slopes], [value, *gradient], strict=True):
            if not math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12):
                message = f"{engine.name} finds {a}, not {b}"
                raise ArithmeticError(message)


# --- memory ---------------------------------------------------------------------------------------

TRACED = 10_000
"""The most operations to trace: tracemalloc is slow for engines that recurse."""


def print_memory(peers, size, _):
    """Print the bytes per node of chains, and the sizes of the graphs of W3 and W4."""
    print_row(["memory", "chain: bytes a node, built", "after backward",
               "W3: nodes", "MB, built", "after backward",
               "W4: nodes", "MB, built", "after backward"])  # fmt: skip
    print_row(["---"] * 9)
    moons, digit = Moons(size.points), Digit(*size.digit)
    for engine in [peer for peer in peers if isinstance(peer, Recorder) and peer.arguments]:
        n = min(size.chain, TRACED)
        _, *chain = taken(engine, chain_of_values(n), engine.leaves([0.999, 0.5]))
        cells = [f"{bytes_ / n:.0f}" for bytes_ in chain]
        for program in (moons, digit):
            cells += of_step(engine, program.written_out, engine.leaves(program.numbers))
        print_row([engine.name, *cells])
    cells = [of_step(OURS, x.with_layers, x.mlp.parameters()) for x in (moons, digit)]
    print_row([f"{OURS.name}, MLP and loss", "", "", *cells[0], *cells[1]])
    print()


def of_step(engine, program, xs):
    """Return how many nodes the graph of a step has, and its size."""
    nodes, *bytes_ = taken(engine, program, xs)
    return [f"{nodes:,}", *[f"{x / 1e6:.2f}" for x in bytes_]]


def taken(engine, program, xs):
    """Return the nodes of a graph, its bytes, and those after the backward pass."""
    gc.collect()
    tracemalloc.start()
    y = engine.record(program, xs)
    built = tracemalloc.get_traced_memory()[0]
    y.backward()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return engine.count(y), built, after


# --- microgpt, and a story ------------------------------------------------------------------------


def print_microgpt(_peers, size, _):
    """Print a transformer's training step by its own loops, on both kinds of Value."""
    gpts = {MICROGPT.name: Gpt(Microgpt, size.tokens), OURS.name: Gpt(Value, size.tokens)}
    losses = [[gpt.step() for _ in range(3)] for gpt in gpts.values()]
    if not all(map(partial(math.isclose, rel_tol=1e-9), *losses)):
        message = f"microgpt: losses {losses}"
        raise ArithmeticError(message)
    runs = {name: gpt.step for name, gpt in gpts.items()}
    title = f"microgpt, a training step ({len(size.tokens) - 1} tokens)"
    print_times(title, runs, size, faster_than=MICROGPT.name)


def print_story(_peers, size, _):
    """Print how long a person waits until a network separates the moons."""
    moons = Moons(size.points)

    def train():
        moons.mlp.load_state_dict(start)
        optimiser = SGD(moons.mlp.parameters(), lr=0.1, momentum=0.9)
        fit(moons.mlp, moons.points, moons.loss, optimiser, epochs=size.epochs, replay=True)

    start = moons.mlp.state_dict()
    times = measured({"fit": train}, size)["fit"]
    right = accuracy(moons.mlp, moons.points, threshold=0)
    print(f"The story: {size.epochs} epochs of all {size.points} moons by fit(..., replay=True) "
          f"in {in_units(statistics.median(times))}; accuracy {right:.3f}.\n")  # fmt: skip


# --- the command ----------------------------------------------------------------------------------


def print_machine():
    """Print the machine and the versions that the figures depend on."""
    names = [f"{name} {version(name)}" for name in ("numpy", "micrograd") if installed(name)]
    cpu = platform.processor() or platform.machine()
    if (info := Path("/proc/cpuinfo")).exists():
        models = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        cpu = models[0].partition(":")[2].strip() if models else cpu
    today = dt.datetime.now(tz=dt.timezone.utc).date()
    print(f"Python {platform.python_version()}, {', '.join(names)}; {cpu}, {os.cpu_count()} cores "
          f"({os.environ['OMP_NUM_THREADS']} used); {today}.\n")  # fmt: skip


def installed(name):
    return importlib.util.find_spec(name) is not None


def print_step(name, program, peers, size, without):
    """Print W3 or W4, on plain engines and by replay."""
    micrograd = print_training(name, program, peers, size)
    print_replays(name, size, without, micrograd)


PROGRAMS = {
    "W1": print_expressions,
    "W2": print_chains,
    "W3": lambda peers, size, without: print_step("W3", Moons(size.points), peers, size, without),
    "W4": lambda peers, size, without: print_step("W4", Digit(*size.digit), peers, size, without),
    "memory": print_memory,
    "microgpt": print_microgpt,
    "story": print_story,
}


def print_tables(names, without, *, quick):
    """Print the machine, and the tables of some programs."""
    print_machine()
    peers = engines(without)
    for name in names or PROGRAMS:
        PROGRAMS[name](peers, QUICK if quick else Size(), without)
