"""How fast is it, and how much memory does it take? This package and its peers, in one run.

    python tests/benchmarks/speed.py [--quick] [--only W3 ...] [--without torch ...]

All programs take turns, so that a machine that slows down slows all of them. Times are processor
times: the median of five rounds or more. To compare two programs, take the median of their ratios,
round by round. A peer that takes more than two seconds runs only once. Before anything is timed,
all engines must agree on the result.

W1  the expression of micrograd's README
W2  chains of operations, and how time grows with their length
W3  a step of micrograd's demo: a network 2-16-16-1 on moons, all points at once
W4  a step of a network 784-32-10 on one picture, softmax and cross entropy
memory, microgpt (a transformer's training step by scalars), story (500 epochs by replay)
"""

import argparse
import gc
import importlib.util
import os
import sys
import threading
from pathlib import Path

NAMES = ("W1", "W2", "W3", "W4", "memory", "microgpt", "story")
FRAMEWORKS = ("autograd", "torch", "jax")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="one round of less of everything")
    parser.add_argument("--only", nargs="+", choices=NAMES, help="some of the programs")
    parser.add_argument("--without", nargs="+", default=[], help="peers to leave out",
                        choices=["micrograd", *FRAMEWORKS])  # fmt: skip
    options = parser.parse_args()
    set_up(set(FRAMEWORKS) - set(options.without))
    failures = []

    def run():
        try:
            tables = importlib.import_module("benchmarks.tables")
            tables.print_tables(options.only, options.without, quick=options.quick)
        except BaseException as error:
            failures.append(error)
            raise

    thread = threading.Thread(target=run)  # with a stack of its own size
    thread.start()
    thread.join()
    sys.exit(bool(failures))


def set_up(frameworks):
    """Make the machine fair: one thread, no large heap to look through, room to recurse."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when NumPy and PyTorch are imported
    for name in frameworks:
        if importlib.util.find_spec(name):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # garbage collection as in a program without the frameworks
    sys.setrecursionlimit(10_000_000)  # some peers recurse through the graph
    threading.stack_size(1024 * 1024 * 1024)
    sys.path.insert(0, str(Path(__file__).parents[1]))


if __name__ == "__main__":
    main()
