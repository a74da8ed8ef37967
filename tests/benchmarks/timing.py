"""Times of programs that take turns, and tables of them."""

import gc
import statistics
import time

__all__ = ["in_units", "measured", "print_row", "print_times", "ratio"]

SLOW = 2.0
"""Seconds: what takes longer is run once only."""
UNITS = {"s": 1.0, "ms": 1e-3, "µs": 1e-6, "ns": 1e-9}


def seconds(run, repeats, *, collect):
    """Return how long a run takes, on average over several, with garbage collection or without.

    It is the time that the processor spent on it: a machine that does other things, too, tells the
    same tale.
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

    The programs take turns, so that a machine that slows down slows all of them. What is quick is
    repeated until it takes ``size.enough`` seconds; where a round is soon over, there are more of
    them: a machine may be faster in one second than in the next.
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
    """Return seconds for a reader: in the unit that fits."""
    unit = next((unit for unit, size in UNITS.items() if duration >= size), "ns")
    return f"{three_digits(duration / UNITS[unit])} {unit}"


def three_digits(x):
    """Return a number with three digits that count, and no exponent."""
    return f"{x:,.0f}" if x >= 100 else f"{x:.3g}"


def print_row(cells):
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def print_times(title, runs, size, *, faster_than=None, slower_than=None, work=1):
    """Time the runs, with garbage collection and without, and print a table.

    Args:
        title: what the runs do; the head of the first column.
        runs: a function without arguments by the name of who does it.
        size: how many rounds at least, how long a run has to take, and how long all of them.
        faster_than: whose time is divided by that of each.
        slower_than: by whose time that of each is divided.
        work: how much a run does, such as 1000 operations; the times are those of one.
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
