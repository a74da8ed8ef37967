"""Measure programs that take turns, and print tables of the times."""

import gc
import statistics
import time

__all__ = ["in_units", "measured", "print_row", "print_times", "ratio"]

SLOW = 2.0
"""A program that takes more seconds than this is run only once."""
UNITS = {"s": 1.0, "ms": 1e-3, "µs": 1e-6, "ns": 1e-9}


def seconds(run, repeats, *, collect):
    """Return how long a run takes, averaged over several, with or without garbage collection.

    It is processor time, so that other programs on the machine hardly change it.
    """
    gc.collect()
    if not collect:
        gc.disable()
    try:
        start = time.process_time()
        for _ in range(repeats):
            run()
        return (time.process_time() - start) / repeats
    finally:
        gc.enable()


def measured(runs, size, *, collect=True):
    """Return the seconds that each run takes, in every round.

    The programs take turns, so that a machine that slows down slows all of them. A quick program is
    repeated until it takes ``size.enough`` seconds. If rounds are short, there are more of them,
    since the speed of a machine varies from second to second.
    """
    first = {name: seconds(run, 1, collect=collect) for name, run in runs.items()}  # to warm up
    repeats = {name: max(1, int(size.enough / (taken + 1e-9))) for name, taken in first.items()}
    times = {name: [taken] if taken > SLOW else [] for name, taken in first.items()}
    a_round = sum(max(taken, size.enough) for taken in first.values() if taken <= SLOW)
    for _ in range(max(size.rounds, int(size.altogether / (a_round + 1e-9)))):
        for name, run in runs.items():
            if first[name] <= SLOW:
                times[name].append(seconds(run, repeats[name], collect=collect))
    return times


def ratio(above, below):
    """Return the median over rounds of the ratio of two times, each pair from one round."""
    return statistics.median(a / b for a, b in zip(above, below, strict=False))


def in_units(duration):
    """Return a time as text, in a suitable unit."""
    unit = next((unit for unit, size in UNITS.items() if duration >= size), "ns")
    return f"{three_digits(duration / UNITS[unit])} {unit}"


def three_digits(x):
    """Return a number with three significant digits and no exponent."""
    return f"{x:,.0f}" if x >= 100 else f"{x:.3g}"


def print_row(cells):
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def print_times(title, runs, size, *, faster_than=None, slower_than=None, work=1):
    """Time the runs, with garbage collection and without, and print a table.

    Args:
        title: what the runs do; the head of the first column.
        runs: for the name of each engine, a function without arguments.
        size: the least number of rounds, the least time of a run, and the time for all rounds.
        faster_than: the engine whose time is divided by the times of all.
        slower_than: the engine whose time divides the times of all.
        work: how many operations a run does; the table shows the time of one.
    """
    print_row([title, *[cell for gc_ in ("on", "off") for cell in (f"collection {gc_}",
               *[f"{name} ÷ it" for name in [faster_than] if name in runs],
               *[f"it ÷ {name}" for name in [slower_than] if name in runs])]])  # fmt: skip
    tables = [measured(runs, size, collect=c) for c in (True, False)]
    n_ratios = (faster_than in runs) + (slower_than in runs)
    print_row(["---"] * (1 + 2 * (1 + n_ratios)))
    for name in runs:
        cells = [name]
        for times in tables:
            cells.append(in_units(statistics.median(times[name]) / work))
            if faster_than in runs:
                cells.append(three_digits(ratio(times[faster_than], times[name])))
            if slower_than in runs:
                cells.append(three_digits(ratio(times[name], times[slower_than])))
        print_row(cells)
    print()
