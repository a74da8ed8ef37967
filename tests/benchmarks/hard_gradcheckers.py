"""Which gradient checkers say "right" without grounds, on functions that are hard to measure?

The functions of ``tests/hard_functions.py``: loops, deep networks, recurrences, plain floats,
float32 inside, large numbers, and stiff, cancelling or oscillating ones. Each is checked with its
derivative, which is known to 50 digits, and with wrong ones. All checkers get the same function of
one float and the same claim about its derivative, with their default settings in float64. Only this
package also gets the graph, if the function runs on Values; the engine's gradient is then the right
one.

- False alarm: the right derivative is called wrong.
- Accepted: a wrong derivative is called right. It has a wrong factor or sign, or is 0 or nan.
- Inconclusive: the right derivative is called neither, although floats are precise enough to
  decide; see ``can_be_told``. The other checkers have no such verdict.

Run it with ``python tests/benchmarks/hard_gradcheckers.py``; a checker that is not installed is
left out.
"""

import argparse
import importlib
import math
import statistics
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu import gradcheck

sys.path.insert(0, str(Path(__file__).parents[1]))
from hard_functions import FAMILIES, FUNCTIONS, HELD_OUT

WRONG = {
    "1e-2 off": lambda d: d * (1 + 1e-2),
    "1e-4 off": lambda d: d * (1 + 1e-4),
    "1e-6 off": lambda d: d * (1 + 1e-6),
    "of the wrong sign": lambda d: -d,
    "0": lambda d: 0.0,
    "nan": lambda d: math.nan,
}
NOTHING = 1e-40
"""A smaller derivative counts as 0."""


class Checker(NamedTuple):
    """A gradient checker: a function that gives a verdict on a function, a point and a claim."""

    name: str
    check: Callable[[Any, float, float, bool], str]


def ours(function, x, claim, right):
    if function.has_graph:
        report = gradcheck(function.on_values, x, claimed=None if right else claim)
    else:
        report = gradcheck(function.on_floats, x, claimed=claim)
    if report:
        return "right"
    unsure = not report.fault and all(x or x.verdict == "inconclusive" for x in report)
    return "inconclusive" if unsure else "wrong"


def with_torch():
    torch = importlib.import_module("torch")
    torch.set_num_threads(1)

    class Claimed(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, f, slope):
            ctx.slope = slope
            return x.new_tensor(f(x.item()))

        @staticmethod
        def backward(ctx, upstream):
            return upstream * ctx.slope, None, None

    def check(function, x, claim, _):
        given = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        return torch.autograd.gradcheck(
            lambda x: Claimed.apply(x, function.on_floats, claim), given, raise_exception=False
        )

    return Checker(f"PyTorch {version('torch')}", verdict(check))


def with_jax():
    importlib.import_module("frameworks").jax_as_numpy()
    check_vjp = importlib.import_module("jax.test_util").check_vjp

    def check(function, x, claim, _):
        def f(x):
            return np.float64(function.on_floats(float(x)))

        def pulling_back(x):
            return f(x), lambda upstream: (upstream * claim,)

        check_vjp(f, pulling_back, (np.float64(x),))
        return True

    return Checker(f"JAX {version('jax')}", verdict(check))


def with_autograd():
    extend = importlib.import_module("autograd.extend")
    check_grads = importlib.import_module("autograd.test_util").check_grads
    np.random.seed(0)  # noqa: NPY002 - it draws a random direction in this way

    def check(function, x, claim, _):
        f = extend.primitive(lambda x: np.float64(function.on_floats(float(x))))
        extend.defvjp(f, lambda ans, x: lambda upstream: upstream * claim)
        check_grads(f, modes=["rev"], order=1)(x)
        return True

    return Checker(f"autograd {version('autograd')}", verdict(check))


def verdict(check):
    """Return a check that turns whatever a checker returns or raises into a verdict."""

    def checking(*args):
        try:
            return "right" if check(*args) else "wrong"
        except Exception:  # noqa: BLE001 - an AssertionError, or an error of the function nearby
            return "wrong"

    return checking


# --- counting -------------------------------------------------------------------------------------


class Tally:
    """The verdicts of one checker on one family."""

    def __init__(self):
        self.counts = Counter()
        self.seconds = []

    def examine(self, checker, function, x, slope, told):
        start = time.process_time()
        found = checker.check(function, x, slope, True)  # noqa: FBT003 - the right one
        self.seconds.append(time.process_time() - start)
        self.counts["points"] += 1
        self.counts["told"] += told
        self.counts["false alarms"] += found == "wrong"
        self.counts["inconclusive"] += found == "inconclusive" and told
        for words, change in WRONG.items():
            claim = change(slope)
            if claim != slope:
                self.counts["claims", words] += 1
                accepted = checker.check(function, x, claim, False) == "right"  # noqa: FBT003 - a verdict
                self.counts["accepted", words] += accepted


def total_of(tallies):
    whole = Tally()
    for tally in tallies:
        whole.counts += tally.counts
        whole.seconds += tally.seconds
    return whole


def run(functions, checkers):
    """Return the verdicts of each checker on each family."""
    tallies = {(c.name, family): Tally() for c in checkers for family in FAMILIES}
    for function in functions:
        for x in function.points:
            slope = function.derivative(x)
            flat = abs(slope) < NOTHING
            told = flat or function.can_be_told(x)
            for checker in checkers:
                tally = tallies[checker.name, function.family]
                tally.examine(checker, function, x, 0.0 if flat else float(slope), told)
    return tallies


# --- the tables -----------------------------------------------------------------------------------


def row(cells):
    print(f"| {' | '.join(map(str, cells))} |")


def head(*cells):
    row(cells)
    row(["---"] * len(cells))


def share(part, whole):
    return f"{100 * part / whole:.1f}" if whole else "-"


def milliseconds(seconds):
    tenths = statistics.quantiles(seconds, n=10)
    return f"{1e3 * statistics.median(seconds):.1f} / {1e3 * tenths[-1]:.0f}"


def print_checkers(tallies, checkers):
    whole = {c.name: total_of([tallies[c.name, family] for family in FAMILIES]) for c in checkers}
    first = whole[checkers[0].name].counts
    head("%", "cases", *whole)
    row(
        ["right derivatives called wrong", first["points"]]
        + [share(t.counts["false alarms"], t.counts["points"]) for t in whole.values()]
    )
    for words in WRONG:
        shares = [
            share(t.counts["accepted", words], t.counts["claims", words]) for t in whole.values()
        ]
        row([f"accepted: {words}", first["claims", words], *shares])
    row(
        ["inconclusive", first["told"]]
        + [share(t.counts["inconclusive"], t.counts["told"]) for t in whole.values()]
    )
    times = [milliseconds(t.seconds) for t in whole.values()]
    row(["milliseconds, median / 90th percentile", "", *times])


def print_families(tallies, checkers):
    print()
    names = [c.name for c in checkers]
    head("right derivatives called wrong, and 1e-2 off accepted", "points", *names)
    for family in FAMILIES:
        here = [tallies[c.name, family].counts for c in checkers]
        if here[0]["points"]:
            cells = [f"{c['false alarms']}, {c['accepted', '1e-2 off']}" for c in here]
            row([family, here[0]["points"], *cells])


def installed(make):
    """Return a list with the checker, or an empty one with a note."""
    try:
        return [make()]
    except ImportError as error:
        print(f"Left out: {error}\n")
        return []


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--alone", action="store_true", help="without the other checkers")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # outside a domain
    makers = () if options.alone else (with_torch, with_jax, with_autograd)
    checkers = [Checker("tinygrad_edu", ours), *[c for make in makers for c in installed(make)]]
    for words, functions in (("Looked at", FUNCTIONS), ("Held out", HELD_OUT)):
        print(f"\n{words} while the checker was made: {len(functions)} functions.\n")
        tallies = run(functions, checkers)
        print_checkers(tallies, checkers)
        print_families(tallies, checkers)


if __name__ == "__main__":
    main()
