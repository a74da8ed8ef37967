"""Which gradient checkers find a wrong gradient, and which call a right one wrong?

Random expressions of the table of operations are checked by this package, PyTorch, JAX and HIPS
autograd, each with its default settings in float64. Half of the expressions are "ordinary": their
inputs lie between 0.1 and 5, with either sign. The other half are "wide": 1e-6 to 1e6. Run
``python tests/benchmarks/against_gradcheckers.py``; a checker that is not installed is left out.

All checkers get the same faults. One random operation of an expression gets a wrong rule. In the
other frameworks it becomes stop(y) + Σ pᵢ (xᵢ - stop(xᵢ)), which has the value y and the wrong
partials p. A lost contribution is a stopped operand. For the gradient of 1e-6 there is a new input
w, and 1e-6 w is added to the expression.

Each function gives one verdict:

- A fault counts only if it moves the gradient with respect to some input by more than 1e-10 of that
  gradient, computed by the engine: next to a derivative of 0 there is nothing to find. If no place
  of an expression has such an effect, the fault is left out.
- An expression, or a fault in it, counts for a framework only if its value and gradient equal those
  of the engine to 1e-9, or for a gradient to 1e-13 of its size without cancelling paths.
- At a kink there is one operation, and the slopes on both sides differ by more than 1e-3 of the
  steeper one. All frameworks use the gradient that this package chooses; it lies between the two.
- "inconclusive" is a third verdict of this package: it found no wrong gradient and names no fault.
  It counts neither as missed nor as found nor as a false alarm.
"""

import argparse
import functools
import importlib
import math
import platform
import random
import struct
import sys
import time
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from tinygrad_edu import Value, grad, gradcheck
from tinygrad_edu.engine import ancestors
from tinygrad_edu.operation import Operation
from tinygrad_edu.programs.expressions import Expression, Instruction, grow
from tinygrad_edu.table import LEAK, TABLE, add, mul, sub

sys.path.insert(0, str(Path(__file__).parents[1]))
from frameworks import autograd_as_numpy, compute_with, jax_as_numpy, torch_as_numpy

POPULATIONS = {"ordinary": (0.1, 5.0), "wide": (1e-6, 1e6)}
ERRORS = (1e-2, 1e-4, 1e-6, 1e-8)
LARGEST = 20
"""The most operations to try in an expression."""
EFFECT = 1e-10
"""A fault must move a gradient by at least this part of it."""
BEND = 1e-3
"""The two slopes at a kink must differ by at least this part of the steeper one."""
RIGHT, KINK = "none", "kink"
STEPS = {"step", "greater"}  # they have no slopes
KINKS = [op for op in TABLE.values() if op.kink and op.name not in STEPS]


# --- expressions with a fault ---------------------------------------------------------------------


class Case(NamedTuple):
    """An expression, its fault, the first words of a report that names it, and its effect."""

    population: str
    fault: str
    expression: Expression
    named: str = ""
    effect: float = 0.0


class Detaching(NamedTuple):
    """An operation that first detaches one of its operands."""

    op: Operation
    place: int

    def __getattr__(self, name):
        return getattr(self.op, name)

    def compute(self, operands):
        return self.op.compute(self.detached(operands, Value.detach))

    def array(self, xp, *operands):
        return compute_with(self.op, xp, self.detached(operands, xp.stop_gradient))

    def detached(self, operands, stop):
        flat = self.op.flat(operands)
        return self.op.nested([stop(x) if i == self.place else x for i, x in enumerate(flat)])


def planted(op, wrong, numbers):
    """Return ``op`` with a wrong rule; on arrays it uses that rule at ``numbers``."""
    numbers = op.nested(numbers)
    slopes = op.flat(wrong(op.forward(*numbers), *numbers))

    def array(xp, *operands):
        y = xp.stop_gradient(compute_with(op, xp, operands))
        for slope, x in zip(slopes, op.flat(operands), strict=True):
            if slope is not None:
                y = y + slope * (x - xp.stop_gradient(x))
        return y

    @functools.wraps(op.partials)  # for the names of the arguments
    def rule(y, *args):
        return wrong(y, *args)

    return replace(op, partials=rule, array=array)


def numbers_at(expression):
    """Return the operands of each instruction at the point."""
    results, given = list(expression.inputs), []
    for instruction in expression.instructions:
        given.append(instruction.arguments(results))
        results.append(float(instruction.op.forward(*instruction.op.nested(given[-1]))))
    return given


def with_op(expression, k, op):
    """Return the expression with another operation in instruction ``k``."""
    instructions = list(expression.instructions)
    instructions[k] = instructions[k]._replace(op=op)
    return replace(expression, instructions=tuple(instructions))


def with_rule(expression, k, wrong):
    """Return the expression with a wrong rule in instruction ``k``."""
    return with_op(
        expression, k, planted(expression.instructions[k].op, wrong, numbers_at(expression)[k])
    )


def scaled(change):
    """Return a function that makes a rule wrong by changing all its partials."""

    def wrong(op):
        def rule(y, *args):
            flat = op.flat(op.partials(y, *args))
            return op.nested([None if p is None else change(p) for p in flat])

        return rule

    return wrong


def float32(x):
    return struct.unpack("f", struct.pack("f", x))[0]


WRONG_RULES: dict[str, tuple[Callable[[Operation], Any], str]] = {
    **{f"rule × (1 + {e:.0e})": (scaled(lambda p, e=e: p * (1 + e)), "") for e in ERRORS},
    "tanh' = 1 - y": (lambda op: lambda y, x: (1 - y,), "tanh"),
    "log' = 1 / (x + 1e-4)": (lambda op: lambda y, x: (1 / (x + 1e-4),), "log"),
    "rule rounded to float32": (scaled(float32), ""),
}
LOST, SIGN = "= for +=", "sign of a gradient of 1e-6"
FAULTS = [*WRONG_RULES, LOST, SIGN]


def wrong_rules(expression, wrong, only):
    """Return the expressions in which one operation has a wrong rule."""
    return [
        (functools.partial(with_rule, expression, k, wrong(op)), naming(op))
        for k, (op, _) in enumerate(expression.instructions)
        if only in {"", op.name}
    ]


def naming(op):
    return f"The rule of {op.name} is wrong"


def lost_contributions(expression):
    """Return the expressions in which one of several contributions to a gradient is lost."""
    operands = [
        (k, i, x)
        for k, instruction in enumerate(expression.instructions)
        for i, x in enumerate(instruction.operands)
        if isinstance(x, int)
    ]
    uses = Counter(x for _, _, x in operands)
    return [
        (
            functools.partial(with_op, expression, k, Detaching(expression.instructions[k].op, i)),
            "The function escapes the graph",
        )
        for k, i, x in operands
        if uses[x] > 1
    ]


def with_faint_input(expression, w):
    """Return the expression plus 1e-6 w for a new input w, with the wrong sign in the rule."""
    n, k = len(expression.inputs), len(expression.instructions)
    instructions = (
        *moved(expression, 1, {}),
        Instruction(mul, (n, 1e-6)),
        Instruction(add, (n + k, n + k + 1)),
    )
    right = Expression((*expression.inputs, w), instructions)
    return with_rule(right, k, lambda p, x, y: (-y, x))


def cases(population, expression, rng, w):
    """Yield the expression as it is, with each fault that has an effect, and at a kink."""
    yield Case(population, RIGHT, expression)
    right = engine(expression)[1]
    faults = {fault: wrong_rules(expression, *how) for fault, how in WRONG_RULES.items()}
    for fault, candidates in {**faults, LOST: lost_contributions(expression)}.items():
        for make, named in rng.sample(candidates, len(candidates)):
            wrong = make()
            if (moved := effect(right, engine(wrong)[1])) > EFFECT:
                yield Case(population, fault, wrong, named, moved)
                break
    yield Case(population, SIGN, with_faint_input(expression, w), naming(mul), 2.0)
    bent = kinked(expression, rng)
    if bent is not None:
        yield Case(population, KINK, bent)


def effect(right, wrong):
    """Return the largest relative error of a gradient."""
    pairs = zip(right, wrong, strict=True)
    moved = [abs(a - b) / abs(a) if a else math.inf for a, b in pairs if a != b]
    return max(moved, default=0.0)


def kinked(expression, rng):
    """Return the expression with x + k for its input x, where k is 0 at a kink; None if none bends.

    What is on the kink is z = x - c, or z = x y - c, exactly 0 in every framework.
    """
    inputs, op = expression.inputs, rng.choice(KINKS)
    n, y = len(inputs), rng.randrange(len(inputs))
    instructions = [Instruction(sub, (0, inputs[0]))]
    if rng.random() < 0.5 and abs(product := inputs[0] * inputs[y]) <= 1e3:
        instructions = [Instruction(mul, (0, y)), Instruction(sub, (n, product))]
    k = len(instructions)
    more = () if op.arity == 1 else (LEAK if op.name == "leaky_relu" else 0.0,)
    instructions += [Instruction(op, (n + k - 1, *more)), Instruction(add, (0, n + k))]
    bent = Expression(
        inputs, (*instructions, *moved(expression, len(instructions), {0: n + k + 1}))
    )
    return with_rule(bent, k, op.partials) if bends(bent, k) else None


def moved(expression, m, inputs):
    """Return the instructions renumbered to follow ``m`` others, which replace some inputs."""
    n = len(expression.inputs)
    return [
        Instruction(
            op, tuple([inputs.get(x, x + m * (x >= n)) if isinstance(x, int) else x for x in xs])
        )
        for op, xs in expression.instructions
    ]


def bends(expression, k):
    """Tell whether the two slopes at the kink of instruction ``k`` give different gradients."""
    op = expression.instructions[k].op

    def beside(side):
        def rule(_, x, *more):
            return op.partials(op.forward(x + side, *more), x + side, *more)

        return rule

    sides = [engine(with_rule(expression, k, beside(side)))[1] for side in (-1.0, 1.0)]
    chosen = engine(expression)[1]
    pairs = list(zip(*sides, strict=True))
    for (a, b), x in zip(pairs, chosen, strict=True):
        assert min(a, b) - 1e-9 * abs(a) <= x <= max(a, b) + 1e-9 * abs(b)
    return any(abs(a - b) > BEND * max(abs(a), abs(b)) for a, b in pairs)


def grown(n):
    """Yield a population, an expression, a random generator and a new input, ``n`` times."""
    for population, bounds in POPULATIONS.items():
        left, seed = n // len(POPULATIONS), 0
        while left:
            rng = random.Random(f"{population} {seed}")
            seed += 1
            *inputs, w = [log_uniform(rng, *bounds) for _ in range(rng.randint(2, 4))]
            expression = grow(inputs, rng.choice, rng.randint(1, LARGEST))
            if expression.instructions:
                left -= 1
                yield population, expression, rng, w


def log_uniform(rng, low, high):
    return rng.choice((-1, 1)) * math.exp(rng.uniform(math.log(low), math.log(high)))


# --- the engine -----------------------------------------------------------------------------------


def compute(op, operands):
    return op.compute(operands)


def engine(expression):
    """Return value and gradient by the engine of this package."""
    inputs = [Value(x) for x in expression.inputs]
    y = expression(*inputs, compute=compute)
    return float(y), [float(d) for d in grad(y, inputs)]


def paths(expression):
    """Return the size of the gradient if no paths cancelled."""
    inputs = [Value(x) for x in expression.inputs]
    y = expression(*inputs, compute=compute)
    sums = Counter({y: 1.0})
    for node in ancestors(y):
        for x, partial in zip(node.args, node.partials, strict=True):
            if partial is not None:
                sums[x] += sums[node] * abs(partial)
    return [sums[x] for x in inputs]


def check_with_engine(expression):
    """Return our verdict and report."""

    def f(*inputs):
        return expression(*inputs, compute=compute)

    f.__signature__ = expression.__signature__
    report = gradcheck(f, *expression.inputs)
    if report:
        return "right", report
    unsure = not report.fault and all(x or x.verdict == "inconclusive" for x in report)
    return "inconclusive" if unsure else "wrong", report


# --- the other frameworks -------------------------------------------------------------------------


class Checker(NamedTuple):
    """A gradient checker: functions that compute value and gradient, and a verdict."""

    name: str
    gradient: Callable[[Expression], tuple[float, Sequence[float]]]
    check: Callable[[Expression], tuple[str, Any]]


def with_torch():
    xp = torch_as_numpy()
    torch = xp.module
    torch.set_num_threads(1)

    def inputs(expression):
        return [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in expression.inputs]

    def gradient(expression):
        xs = inputs(expression)
        y = expression(*xs, compute=xp.compute)
        if not y.requires_grad:  # only a step function
            return y.item(), [0.0] * len(xs)
        return y.item(), [d.item() for d in torch.autograd.grad(y, xs, materialize_grads=True)]

    def check(expression):
        f = functools.partial(expression, compute=xp.compute)
        right = torch.autograd.gradcheck(f, inputs(expression), raise_exception=False)
        return "right" if right else "wrong", None

    return Checker(f"PyTorch {torch.__version__}", gradient, check)


def with_jax():
    xp = jax_as_numpy()
    jax = importlib.import_module("jax")
    check_grads = importlib.import_module("jax.test_util").check_grads

    def function(expression):
        return lambda *xs: expression(*map(jax.numpy.asarray, xs), compute=xp.compute)

    def inputs(expression):
        return [jax.numpy.asarray(x) for x in expression.inputs]

    def gradient(expression):
        y, pullback = jax.vjp(function(expression), *inputs(expression))
        return float(y), [float(d) for d in pullback(jax.numpy.ones_like(y))]

    def check(expression):
        return verdict(check_grads, function(expression), inputs(expression), 1, modes=["rev"])

    return Checker(f"JAX {jax.__version__}", gradient, check)


def with_autograd():
    xp = autograd_as_numpy()
    autograd = importlib.import_module("autograd")
    check_grads = importlib.import_module("autograd.test_util").check_grads
    xp.module.random.seed(0)  # it draws a random direction

    def function(expression):
        return functools.partial(expression, compute=xp.compute)

    def gradient(expression):
        places = tuple(range(len(expression.inputs)))
        y, ds = autograd.value_and_grad(function(expression), places)(*expression.inputs)
        return float(y), [float(d) for d in ds]

    def check(expression):
        places = tuple(range(len(expression.inputs)))
        checking = check_grads(function(expression), places, modes=["rev"], order=1)
        return verdict(checking, *expression.inputs)

    return Checker(f"autograd {version('autograd')}", gradient, check)


def verdict(checking, *args, **options):
    """Return the verdict of a checker that raises an AssertionError."""
    try:
        checking(*args, **options)
    except AssertionError:
        return "wrong", None
    return "right", None


ENGINE = Checker("tinygrad_edu", engine, check_with_engine)


def equal(expression, checker):
    """Tell whether a framework computes the value and the gradient that the engine does."""
    value, gradient = checker.gradient(expression)
    expected, slopes = engine(expression)
    return math.isclose(value, expected, rel_tol=1e-9, abs_tol=1e-13) and all(
        math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-13 * size)
        for a, b, size in zip(gradient, slopes, paths(expression), strict=True)
    )


# --- counting -------------------------------------------------------------------------------------


class Tally:
    """The verdicts of one checker."""

    def __init__(self, checker):
        self.checker = checker
        self.seconds = 0.0
        self.calls = 0
        self.unequal = Counter()
        self.unplanted = Counter()
        self.verdicts = defaultdict(Counter)
        self.named = Counter()
        self.noted = []

    def examine(self, case):
        start = time.perf_counter()
        verdict, report = self.checker.check(case.expression)
        self.seconds += time.perf_counter() - start
        self.calls += 1
        self.verdicts[case.population, case.fault][verdict] += 1
        if verdict == "wrong" and case.named and report is not None:
            self.named[case.population, case.fault] += report.fault.startswith(case.named)
        if report is not None:
            self.noted.append((case, verdict, report))

    def percent(self, fault, verdict):
        """Return how often the verdict was given, in percent, in both populations."""
        shares = []
        for population in POPULATIONS:
            counts = self.verdicts[population, fault]
            shares.append(share(counts[verdict], counts.total()))
        return " / ".join(shares)

    def percent_named(self, fault):
        """Return how often the right fault was named, in percent of the faults found."""
        return " / ".join(
            share(self.named[p, fault], self.verdicts[p, fault]["wrong"]) for p in POPULATIONS
        )


def share(part, whole):
    return f"{100 * part / whole:.1f}" if whole else "-"


def installed(make):
    """Return a list with the checker, or an empty one with a note."""
    try:
        return [make()]
    except ImportError as error:
        print(f"Left out: {error}\n")
        return []


def run(n):
    """Return the verdicts of all checkers on ``n`` expressions."""
    others = [
        checker for make in (with_torch, with_jax, with_autograd) for checker in installed(make)
    ]
    tallies = [Tally(checker) for checker in (ENGINE, *others)]
    for population, expression, rng, w in grown(n):
        here = list(cases(population, expression, rng, w))
        for tally in tallies:
            if not equal(expression, tally.checker):
                tally.unequal[population] += 1
                continue
            for case in here:
                if equal(case.expression, tally.checker):
                    tally.examine(case)
                else:
                    tally.unplanted[population] += 1
    return tallies


# --- the table ------------------------------------------------------------------------------------


def row(cells):
    print(f"| {' | '.join(map(str, cells))} |")


def print_table(tallies):
    """Print how many faults are missed, and how many right gradients are called wrong."""
    ours = tallies[0]
    row(["%, ordinary / wide", "cases", *[tally.checker.name for tally in tallies]])
    row(["---"] * (2 + len(tallies)))
    for words, fault, verdict in (
        ("false alarms", RIGHT, "wrong"),
        ("kinks called wrong", KINK, "wrong"),
        *[(f"missed: {fault}", fault, "right") for fault in FAULTS],
    ):
        row([words, counted(ours, fault), *[t.percent(fault, verdict) for t in tallies]])


def counted(tally, fault):
    return " / ".join(str(tally.verdicts[p, fault].total()) for p in POPULATIONS)


def print_ours(ours):
    print()
    row(["tinygrad_edu, %, ordinary / wide", "found", "inconclusive", "missed", "fault named"])
    row(["---"] * 5)
    for fault in (RIGHT, KINK, *FAULTS):
        verdicts = [ours.percent(fault, verdict) for verdict in ("wrong", "inconclusive", "right")]
        row([fault, *verdicts, ours.percent_named(fault) if fault in FAULTS else ""])


def print_notes(tallies, n):
    print(f"\nPython {platform.python_version()}, NumPy {version('numpy')}, {platform.machine()}.")
    print(f"{n} expressions, half of them ordinary and half wide.")
    for tally in tallies:
        unequal, unplanted = (
            " / ".join(str(counts[population]) for population in POPULATIONS)
            for counts in (tally.unequal, tally.unplanted)
        )
        print(
            f"{tally.checker.name}: {tally.seconds:.0f} s for {tally.calls} checks; left out, as "
            f"the gradient differs from the engine's: {unequal} expressions, {unplanted} faults."
        )


def print_in_full(ours):
    """Print our false alarms, and all but small faults that we missed or named wrongly."""
    small = {f"rule × (1 + {ERRORS[-1]:.0e})", "rule rounded to float32"}
    for case, verdict, report in ours.noted:
        if case.fault in {RIGHT, KINK}:
            mistaken = verdict == "wrong"
        else:
            mistaken = verdict != "wrong" or not report.fault.startswith(case.named)
        if mistaken and case.fault not in small:
            print(f"\n{case.population}, {case.fault}: {case.named}, effect {case.effect:.0e}")
            print(case.expression, report, sep="\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--expressions", type=int, default=1000)
    parser.add_argument("--in-full", action="store_true", help="print our mistakes, too")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # outside a domain, and where an output is constant
    tallies = run(options.expressions)
    print_table(tallies)
    print_notes(tallies, options.expressions)
    print_ours(tallies[0])
    if options.in_full:
        print_in_full(tallies[0])


if __name__ == "__main__":
    main()
