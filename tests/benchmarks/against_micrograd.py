"""How fast is the engine? The same programs on this package and on micrograd, in one run.

The two take turns, so that a machine that slows down slows both; the median of the rounds counts.
Run it with ``python tests/benchmarks/against_micrograd.py``.
"""

import gc
import platform
import statistics
import sys
import threading
import time

from micrograd.engine import Value as Micrograd

from tinygrad_edu import Value

ROUNDS = 5


def readme_expression(make):
    """The expression of micrograd's README: 2 inputs, 32 operations."""
    a, b = make(-4.0), make(2.0)
    c, d = a + b, a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()


def repeated_readme_expression(make):
    for _ in range(2000):
        readme_expression(make)


def chain_with_constants(make):
    v = make(0.5)
    for _ in range(50_000):
        v = v * 1.0001 + 0.5
    v.backward()


def chain_of_values(make):
    w, b = make(0.999), make(0.5)
    v = b
    for _ in range(50_000):
        v = v * w + b
    v.backward()


PROGRAMS = {
    "README expression, 2,000 times": repeated_readme_expression,
    "chain of 100,000 operations, with constants": chain_with_constants,
    "chain of 100,000 operations, of Values": chain_of_values,
}


def seconds(program, make, *, collect):
    gc.collect()
    if not collect:
        gc.disable()
    start = time.perf_counter()
    program(make)
    taken = time.perf_counter() - start
    gc.enable()
    return taken


def compare():
    print(f"Python {platform.python_version()}, {platform.machine()}, medians of {ROUNDS} rounds\n")
    print("| program | garbage collection | micrograd, s | tinygrad_edu, s | ratio |")
    print("| --- | --- | --- | --- | --- |")
    for name, program in PROGRAMS.items():
        for collect in (True, False):
            rounds = [
                [seconds(program, make, collect=collect) for make in (Micrograd, Value)]
                for _ in range(ROUNDS)
            ]
            theirs, ours = (statistics.median(column) for column in zip(*rounds, strict=True))
            ratio = statistics.median(a / b for a, b in rounds)
            gc_ = "on" if collect else "off"
            print(f"| {name} | {gc_} | {theirs:.3f} | {ours:.3f} | {ratio:.1f} |", flush=True)


if __name__ == "__main__":
    sys.setrecursionlimit(1_000_000)  # micrograd recurses through the graph
    threading.stack_size(512 * 1024 * 1024)
    thread = threading.Thread(target=compare)
    thread.start()
    thread.join()
