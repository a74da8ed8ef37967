"""The results of replays, compared with those of the engine."""

import math
import random
import threading
from fractions import Fraction
from itertools import cycle, islice, product

import numpy as np
import pytest
from harness import call
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tinygrad_edu import (
    Constant,
    Value,
    exp,
    grad,
    leaky_relu,
    log,
    logsumexp,
    maximum,
    minimum,
    relu,
    softmax,
    sqrt,
    tanh,
    total,
    weighted_sum,
)
from tinygrad_edu.nn import losses
from tinygrad_edu.operation import Operation
from tinygrad_edu.programs import replay
from tinygrad_edu.programs.expressions import lengths
from tinygrad_edu.recorder import apply_rule
from tinygrad_edu.table import TABLE
from tinygrad_edu.testing import drawn_arguments, expressions, networks, numbers

rows = pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
INPUT, PARAMETER, CONSTANT = "input", "parameter", "constant"

# --- every operation ------------------------------------------------------------------------------


def fixed_places(row, args):
    """The arguments that must be fixed numbers."""
    return [i for i, fixed in enumerate(row.fixed_arguments(len(args))) if fixed]


def in_roles(row, roles, args):
    """A function of inputs and parameters: the operation on arguments in these roles."""

    def f(xs, ps):
        xs, ps = iter(xs), iter(ps)
        given = {INPUT: lambda _: next(xs), PARAMETER: lambda _: next(ps), CONSTANT: lambda c: c}
        return call(row, [given[role](x) for role, x in zip(roles, args, strict=True)])

    return f


def all_roles(n):
    """Roles of n arguments: all if n is small, else those where at most one differs."""
    kinds = (INPUT, PARAMETER, CONSTANT)
    if n <= 2:
        return [*product(kinds, repeat=n)]
    found = [(kind,) * n for kind in kinds]
    found += [(*[kind] * i, other, *[kind] * (n - i - 1))
              for kind, other in product(kinds, kinds) for i in (0, n // 2, n - 1)
              if kind != other]  # fmt: skip
    return found


def check_roles(agree, row, args, batch):
    """Compare an operation on many examples, with its arguments in every role."""
    for roles in all_roles(len(args[0])):
        if set(roles) == {CONSTANT} or any(
            roles[i] != CONSTANT for i in fixed_places(row, args[0])
        ):
            continue
        of_inputs = [i for i, role in enumerate(roles) if role == INPUT]
        held = [x for x, role in zip(args[0], roles, strict=True) if role == PARAMETER]
        examples = [[example[i] for i in of_inputs] for example in islice(cycle(args), batch)]
        agree(in_roles(row, roles, args[0]), examples, held)


@rows
@pytest.mark.parametrize("batch", [1, 3, 200])
def test_an_operation_is_that_of_the_engine_whatever_its_arguments_are(agree, row, batch):
    examples = 2 if batch < 200 else 1

    @settings(max_examples=examples)
    @given(st.data())
    def holds(data):
        n = data.draw(st.sampled_from(lengths(row)))
        drawn = st.tuples(*drawn_arguments(row, n))
        first = data.draw(drawn)
        fixed = fixed_places(row, first)
        more = data.draw(st.lists(drawn, min_size=1, max_size=2))
        args = [first] + [
            tuple(first[i] if i in fixed else x for i, x in enumerate(other)) for other in more
        ]
        assume(all(defined(row, mixed) for mixed in product(*map(set, zip(*args, strict=True)))))
        check_roles(agree, row, args, batch)

    holds()


def defined(row, args):
    """Whether the engine can compute it."""
    try:
        apply_rule(row, row.forward(*row.nested(args)), row.nested(args))
    except (ArithmeticError, ValueError):
        return False
    return True


@pytest.mark.parametrize("row", [r for r in TABLE.values() if r.kink], ids=str)
def test_a_kink_has_the_derivative_of_the_engine(agree, row):
    kinked = [(0.0, 0.0), (-0.0, 0.0), (2.0, 2.0), (0.0, -0.0), (-1.0, 0.3), (0.0, 0.3)]
    check_roles(agree, row, [args[: row.arity] for args in kinked], len(kinked))


@rows
def test_one_value_may_be_every_argument(agree, row):
    for n in lengths(row):
        if any(row.fixed):
            continue
        for role in (0, 1):
            examples, held = ([[0.5], [2.0], [1.0]], []) if role == 0 else ([[]], [2.0])
            agree(lambda *given, n=n, role=role: call(row, given[role] * n), examples, held)
            agree(
                lambda *given, n=n, role=role: (
                    call(row, given[role] * n) * given[role][0] + given[role][0]
                ),
                examples,
                held,
            )


@rows
def test_extreme_numbers_are_those_of_the_engine(agree, row):
    for n in lengths(row):
        if any(row.fixed) or row.name == "pow":
            continue
        for x in (1e-3, 30.0, -30.0, 500.0, -500.0):
            args = (x,) * n
            if defined(row, args):
                agree(lambda xs, ps: call(row, xs), [args], [])
                agree(lambda xs, ps: call(row, ps), [[]], args)


def test_powers_are_those_of_the_engine(agree):
    for exponent in (0, 1, 2, 3, 0.5, -1, -2.5, 0.0):
        agree(lambda xs, ps, n=exponent: (ps[0] * xs[0]) ** n, [[1.5], [2.0], [0.1]], [3.0])
    for exponent in (0, 1, 2, 3, -1, -2):  # a negative base needs no logarithm
        agree(lambda xs, ps, n=exponent: (ps[0] * xs[0]) ** n, [[-1.5], [2.0]], [3.0])
    for exponent in (0, 1, 2, 1.0):
        agree(lambda xs, ps, n=exponent: (ps[0] * xs[0]) ** n, [[0.0], [2.0]], [3.0])


def test_powers_of_several_exponents_do_not_mix(agree):
    exponents = (2, 3, 0, 2, -1, 0.5)
    agree(
        lambda xs, ps: total([(p * xs[0]) ** n for p, n in zip(ps, exponents, strict=True)]),
        [[1.5], [2.0]],
        [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
    )


def test_fractions_are_taken_as_floats(agree):
    third = Fraction(1, 3)
    agree(lambda xs, ps: (ps[0] * xs[0] + third) ** 2 / ps[1], [[third], [0.5]], [third, 2])
    x, w = Value(third), Value(Fraction(2, 7))
    outcome = replay(w * x * x, [x], [w])([[third], [Fraction(1, 2)]])
    assert outcome.losses == pytest.approx([2 / 63, 1 / 14], rel=1e-15)
    assert outcome.losses.dtype == outcome.gradient.dtype == float


# --- whole graphs ---------------------------------------------------------------------------------


def roles_of(expression, roles):
    """The expression as a function of inputs and parameters; its other Values stay fixed."""

    def f(xs, ps, **compute):
        xs, ps = iter(xs), iter(ps)
        pick = {INPUT: lambda _: next(xs), PARAMETER: lambda _: next(ps), CONSTANT: Value}
        return expression(
            *[pick[r](x) for r, x in zip(roles, expression.inputs, strict=True)], **compute
        )

    return f


def shaken(f):
    """The function with every result off by a few units in the last place."""
    rng = random.Random(0)

    def compute(op, operands):
        return Operation.compute(op, operands) * (1 + rng.choice((-4, -2, 2, 4)) * 2.0**-52)

    return lambda xs, ps: f(xs, ps, compute=compute)


def check_expression(agree, expression, roles):
    """Compare an expression with the engine at points near its own."""
    f = roles_of(expression, roles)
    pairs = [*zip(expression.inputs, roles, strict=True)]
    examples = [[x * by for x, role in pairs if role == INPUT] for by in (1, 1 + 1e-9, 1 - 1e-9)]
    agree(f, examples, [x for x, role in pairs if role == PARAMETER], amplified=shaken(f))


@given(expressions(max_inputs=3, max_operations=10), st.data())
def test_a_random_expression_is_that_of_the_engine(agree, expression, data):
    n = len(expression.inputs)
    roles = data.draw(st.tuples(*[st.sampled_from((PARAMETER, INPUT, CONSTANT))] * n))
    check_expression(agree, expression, roles)


SUMS = [TABLE[name] for name in ("add", "mul", "total", "weighted_sum", "sub", "neg", "tanh")]


@given(expressions(max_inputs=3, max_operations=14, operations=SUMS), st.data())
def test_sums_and_products_in_any_mixture_are_those_of_the_engine(agree, expression, data):
    n = len(expression.inputs)
    roles = data.draw(st.tuples(*[st.sampled_from((PARAMETER, INPUT, CONSTANT))] * n))
    check_expression(agree, expression, roles)


@settings(max_examples=30)
@given(networks(max_width=4, max_layers=3), st.data())
def test_a_random_network_is_that_of_the_engine(agree, network, data):
    n = len(network.inputs)
    roles = data.draw(st.tuples(*[st.sampled_from((PARAMETER, PARAMETER, INPUT, CONSTANT))] * n))
    check_expression(agree, network, roles)


ACTIVATIONS = {
    **{name: TABLE[name] for name in ("tanh", "sigmoid", "relu", "softplus", "leaky_relu", "abs")},
    "step": TABLE["step"],
    "identity": lambda z: z,
    "z sigmoid(z)": lambda z: z * z.sigmoid(),
    "-z": lambda z: -z,
    "z ** 3": lambda z: z**3,
}
LOSSES = {
    "half squared error": lambda a: losses.half_squared_error(a, [0.25, -1.0, 2.0]),
    "mse": lambda a: losses.mse(a, [0.25, -1.0, 2.0]),
    "cross entropy": lambda a: losses.cross_entropy(a, 1),
    "cross entropy of probabilities": lambda a: losses.cross_entropy(a, [0.5, 0.0, 0.5]),
    "log likelihood of softmax": lambda a: losses.negative_log_likelihood(softmax(a), 2),
    "log loss": lambda a: losses.binary_cross_entropy([x.sigmoid() for x in a], [0, 1, 0.25]),
    "log loss of logits": lambda a: losses.binary_cross_entropy_with_logits(a, [0, 1, 0.25]),
    "hinge": lambda a: total([relu(1 - y * x) for x, y in zip(a, (1, -1, 1), strict=True)]),
    "largest": lambda a: maximum(maximum(a[0], a[1]), a[2]),
    "spread": lambda a: logsumexp(a) - minimum(a[0], a[1]),
}


def neurons(ps, sizes, activation, written):
    """A network that takes its parameters in order, written in one of two ways."""
    ps = iter(ps)

    def z(xs):
        w, b = [next(ps) for _ in xs], next(ps)
        if written == "products":
            return sum((w_i * x_i for w_i, x_i in zip(w, xs, strict=True)), b)
        return weighted_sum(w, xs, b)

    def network(xs):
        for i, size in enumerate(sizes):
            xs = [z(xs) for _ in range(size)]
            xs = xs if i == len(sizes) - 1 else [activation(x) for x in xs]
        return xs

    return network


@pytest.mark.parametrize("written", ["products", "neurons"])
@pytest.mark.parametrize(
    ("activation", "loss"),
    [(activation, "cross entropy") for activation in ACTIVATIONS]
    + [("tanh", loss) for loss in LOSSES]
    + [("relu", loss) for loss in LOSSES],
)
def test_every_activation_and_every_loss_of_a_network(agree, activation, loss, written):
    activation, loss = ACTIVATIONS[activation], LOSSES[loss]
    rng = random.Random(1)
    ps = [rng.gauss(0, 0.7) for _ in range(3 * 2 + 4 * 3)]
    agree(
        lambda xs, ps: loss(neurons(ps, [2, 3], activation, written)(xs)),
        [[rng.gauss(0, 1) for _ in range(2)] for _ in range(4)],
        ps + [rng.gauss(0, 0.7) for _ in range(3)],
    )


# --- values used several times, and in several roles ----------------------------------------------


def dot(ws, xs):
    return sum(w * x for w, x in zip(ws, xs, strict=True))


def applied(f, x):
    """The result of a function that uses its argument more than once."""
    return f(x)


GRAPHS = {
    "one bias twice": lambda xs, ps: dot(ps[:2], xs) + ps[2] + ps[2],
    "one bias three times": lambda xs, ps: total([*ps[:1] * 3, ps[0] * xs[0]]),
    "one product twice": lambda xs, ps: total([ps[0] * xs[0]] * 2),
    "one input twice": lambda xs, ps: total([xs[0], xs[0], ps[0] * xs[1], ps[0]]),
    "two biases": lambda xs, ps: ps[0] * xs[0] + ps[1] + ps[2],
    "a bias that varies": lambda xs, ps: weighted_sum(ps[:2], xs, xs[0] * xs[1]).tanh(),
    "biases that vary and do not": lambda xs, ps: xs[1] + ps[0] * xs[0] + ps[1] + 3 + xs[0],
    "a bias that is a weight": lambda xs, ps: weighted_sum(ps[:2], xs, ps[0]),
    "weights that are inputs": lambda xs, ps: weighted_sum(xs, ps[:2], ps[2]),
    "weights and inputs both vary": lambda xs, ps: weighted_sum(xs, [ps[0].tanh() * xs[0]] * 2, 1),
    "weights mixed": lambda xs, ps: weighted_sum(
        [ps[0], xs[0], 2.0, xs[1] * ps[1]], [xs[0], ps[1], xs[1], ps[2]], ps[0]
    ),
    "weights constant": lambda xs, ps: weighted_sum([2.0, 3.0], [ps[0] * xs[0], xs[1]], -1.0),
    "weights and inputs parameters": lambda xs, ps: weighted_sum(ps[:2], ps[1:], 1.0) * xs[0],
    "a weight times itself": lambda xs, ps: dot(ps, ps) + xs[0] * ps[0],
    "one weight twice": lambda xs, ps: weighted_sum([ps[0], ps[0]], xs, ps[1]),
    "one dot twice": lambda xs, ps: (
        weighted_sum(ps[:2], xs, ps[2]) * weighted_sum(ps[:2], xs, ps[2]).tanh()
    ),
    "one dot three times, and another": lambda xs, ps: total(
        [weighted_sum(ps[:2], xs, ps[2]).tanh() for _ in range(3)]
        + [weighted_sum(ps[:2], xs, ps[0]).tanh()]
    ),
    "rows in another order": lambda xs, ps: (
        weighted_sum(ps[:2], xs, 1.0).tanh() + weighted_sum(ps[1::-1], xs, 1.0).tanh()
        + weighted_sum(ps[1:], xs[::-1], 1.0).tanh() * weighted_sum(ps[1:], xs, 1.0).tanh()
    ),
    "rows that overlap": lambda xs, ps: total(
        [weighted_sum(ps[i : i + 2], xs, ps[i]).tanh() for i in range(2)]
    ),
    "a sum used twice": lambda xs, ps: applied(
        lambda s: s * s.tanh() + s, ps[0] * xs[0] + ps[1] + xs[1]
    ),
    "sums of sums, shared": lambda xs, ps: applied(
        lambda s: total([s, s + xs[0], total([s, ps[2]])]), ps[0] * xs[0] + ps[1]
    ),
    "sums without a product": lambda xs, ps: (
        total([ps[0].tanh(), xs[0].tanh(), xs[1], ps[1], 2.0]) * total([xs[0], xs[1]])
    ),
    "sums of two": lambda xs, ps: (ps[0] + xs[0]).tanh() + (ps[1] + ps[2]).tanh() * (xs[0] + xs[1]),
    "sums of fixed and varying terms": lambda xs, ps: total(
        [total([ps[0], ps[1], xs[0]]).exp(), total([ps[2], 1.0, xs[1] * xs[1]]).tanh()]
    ),
    "sums of fixed terms": lambda xs, ps: total([total(ps).exp(), total([*ps, *ps])]) * xs[0],
    "fixed terms beside those with the first input": lambda xs, ps: (
        total(ps).exp() * total([xs[0], ps[0], ps[1]]).sin()
    ),
    "fixed dots beside those of the first input": lambda xs, ps: (
        weighted_sum(ps[:2], ps[1::-1], 1.0).sin() * weighted_sum(ps[:2], [xs[0], ps[0]], 1.0).sin()
    ),
    "a sum of one": lambda xs, ps: total([total([ps[0]]) * total([xs[0]])]),
    "zeros": lambda xs, ps: 0 + (0 + ps[0] * xs[0]) + 0 * xs[1] + total([0.0, ps[1], 0.0]),
    "only zeros beside it": lambda xs, ps: total([0.0, ps[0] * xs[0], 0.0]) + 0,
    "products that are used again": lambda xs, ps: applied(
        lambda p: total([p, p.tanh(), xs[0] * ps[1]]), ps[0] * xs[0]
    ),
    "an input times a parameter": lambda xs, ps: xs[0] * ps[0],
    "a parameter times an input": lambda xs, ps: ps[0] * xs[0],
    "a parameter": lambda xs, ps: ps[1],
    "an input": lambda xs, ps: xs[1],
    "a parameter that nothing else uses": lambda xs, ps: total([ps[0]]),
    "one parameter at many depths": lambda xs, ps: (
        ((xs[0] * ps[0]).tanh() * ps[0] + ps[0]).tanh() * ps[0] + (ps[0] * xs[1]).sin()
    ),
    "fixed parts alone": lambda xs, ps: (ps[0] * ps[1] + ps[2]).tanh() + xs[0] * xs[1],
    "parts without a parameter": lambda xs, ps: (xs[0] * xs[1]).tanh() * ps[0] + xs[0].exp(),
    "no part with an input": lambda xs, ps: logsumexp(ps) * ps[0] ** 2 / (1 + ps[1] ** 2),
    "no part with a parameter": lambda xs, ps: logsumexp(xs) * xs[0].sin(),
    "equal operations on equal numbers": lambda xs, ps: total([(ps[0] * 2).exp() for _ in "abc"]),
    "maxima of the same": lambda xs, ps: maximum(ps[0], ps[0]) + maximum(xs[0], xs[0]),
    "minus nothing": lambda xs, ps: (ps[0] * -0.0) / (xs[0] + 10) + xs[1] * 0.0,
    "infinity": lambda xs, ps: maximum(ps[0] * xs[0], -math.inf) + 1 / (math.inf + ps[1] * xs[1]),
}  # fmt: skip


@pytest.mark.parametrize("f", GRAPHS.values(), ids=GRAPHS)
@pytest.mark.parametrize("batch", [1, 7])
def test_a_graph_is_that_of_the_engine(agree, f, batch):
    rng = random.Random(batch)
    examples = [[rng.gauss(0, 1) for _ in range(2)] for _ in range(batch)]
    agree(f, examples, [0.5, -1.25, 2.0])


@pytest.mark.parametrize("f", GRAPHS.values(), ids=GRAPHS)
def test_a_graph_without_inputs_is_that_of_the_engine(agree, f):
    agree(lambda _, ps: f(ps[3:], ps[:3]), [[]], [0.5, -1.25, 2.0, 0.75, -0.3])


@pytest.mark.parametrize("f", GRAPHS.values(), ids=GRAPHS)
def test_a_graph_without_parameters_is_that_of_the_engine(agree, f):
    agree(lambda xs, _: f(xs[:2], xs[2:]), [[1.0, 2.0, 3.0, 4.0, 5.0], [0.1] * 5, [-1.0] * 5], [])


@pytest.mark.parametrize("f", GRAPHS.values(), ids=GRAPHS)
def test_a_sum_of_graphs_is_that_of_the_engine(agree, f):
    rng = random.Random(3)
    examples = [[rng.gauss(0, 1) for _ in range(2)] for _ in range(6)]
    agree(
        lambda _, ps: sum([f([*map(Constant, x)], ps) for x in examples[:5]]) / 5 + ps[0],
        [[]],
        [0.5, -1.25, 2.0],
    )


@pytest.mark.parametrize("batch", [1, 3])
def test_two_values_may_be_one(agree, batch):
    examples = [[0.5], [-1.0], [2.0]][:batch]
    for f in GRAPHS.values():
        agree(lambda xs, ps, f=f: f([xs[0], xs[0]], ps), examples, [0.5, -1.25, 2.0])
        agree(lambda xs, ps, f=f: f([xs[0], ps[0]], [ps[0]] * 3), examples, [0.5])


# --- numbers that change --------------------------------------------------------------------------


def test_parameters_are_read_anew_for_each_run():
    x, w = Value(1.0), Value(2.0)
    compiled = replay((w * x) ** 2, [x], [w])
    assert compiled([[3.0]]).losses == [36.0]
    w.data = 5.0
    assert compiled([[3.0]]).losses == [225.0]
    assert compiled([[3.0]], [1.0]).losses == [9.0]
    assert compiled([[3.0]], parameters=np.array([1])).gradient == [18.0]
    assert w.data == 5.0
    assert w.grad == 0.0


def test_other_numbers_stay_as_they_were_recorded():
    x, w, other = Value(1.0), Value(2.0), Value(10.0)
    compiled = replay(w * x + other, [x], [w])
    other.data = 20.0
    assert compiled([[3.0]]).losses == [16.0]


def test_the_gradient_is_that_of_the_mean_or_of_the_sum():
    x, w = Value(1.0), Value(2.0)
    batch = [[1.0], [2.0], [5.0]]
    assert replay(w * x, [x], [w])(batch).gradient == pytest.approx([8 / 3])
    assert replay(w * x, [x], [w], reduce="sum")(batch).gradient == [8.0]


def test_runs_do_not_depend_on_earlier_runs(programs):
    rng = random.Random(5)
    xs, ps = [Value(0.5), Value(2.0)], [Value(0.5), Value(-1.25), Value(2.0)]
    compiled = replay(GRAPHS["biases that vary and do not"](xs, ps).exp(), xs, ps[:2])
    batches = [[[rng.gauss(0, 1), rng.gauss(0, 1)] for _ in range(n)] for n in (4, 1, 4, 300, 2, 4)]
    first = [[part.tolist() for found in programs(compiled, b) for part in found] for b in batches]
    again = [[part.tolist() for found in programs(compiled, b) for part in found] for b in batches]
    assert first == again


def test_threads_do_not_mix_their_runs():
    xs, ps = [Value(0.5), Value(2.0)], [Value(0.01 * i) for i in range(63)]
    compiled = replay(neurons(ps, [10, 3], tanh, "neurons")(xs)[0], xs, ps[:30])
    batches = [np.full((2000 + i, 2), float(i)) for i in range(4)]
    expected = [compiled(batch).losses.tolist() for batch in batches]
    found = [[] for _ in batches]

    def run(i):
        found[i] += [compiled(batches[i]).losses.tolist() for _ in range(20)]

    threads = [threading.Thread(target=run, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[losses] * 20 for losses in expected]


def test_a_replay_keeps_no_result_of_another_run():
    x, w = Value(1.0), Value(2.0)
    compiled = replay((w * x).tanh(), [x], [w])
    one = compiled([[1.0]] * 300)
    compiled([[2.0]] * 300)
    assert one.losses.tolist() == pytest.approx([math.tanh(2.0)] * 300, rel=1e-15)


def test_a_batch_may_be_of_any_kind_of_number():
    x, w = Value(1.0), Value(2.0)
    compiled = replay(w * x, [x], [w])
    rows = [[1], [True], [Fraction(1, 2)], [np.float32(0.5)], [np.int64(3)]]
    assert compiled(rows).losses.tolist() == [2.0, 2.0, 1.0, 1.0, 6.0]
    assert compiled(np.array([[1], [2]])).losses.tolist() == [2.0, 4.0]
    assert compiled(((1,), (2,))).losses.tolist() == [2.0, 4.0]


# --- which program --------------------------------------------------------------------------------


def test_many_examples_run_as_arrays_and_one_of_a_small_graph_as_plain_python():
    x, w = Value(1.0), Value(2.0)
    compiled = replay((w * x).tanh(), [x], [w])
    assert compiled.prefers_scalars(1)
    assert compiled.prefers_scalars(15)  # two calls of NumPy take as long as about 35 in Python
    assert not compiled.prefers_scalars(80)
    assert not compiled.prefers_scalars(1000)


def test_both_programs_are_used(monkeypatch):
    x, w = Value(1.0), Value(2.0)
    compiled = replay((w * x).tanh(), [x], [w])
    found = []
    for choice in (True, False):
        monkeypatch.setattr(compiled, "prefers_scalars", lambda n, choice=choice: choice)
        found.append(compiled([[0.5], [1.5]]))
        assert ("arrays" in vars(compiled)) is not choice  # made when it is needed
    assert found[0].losses == pytest.approx(found[1].losses, rel=1e-14)
    assert found[0].gradient == pytest.approx(found[1].gradient, rel=1e-14)


# --- outside a domain -----------------------------------------------------------------------------

OUTSIDE = {
    "log": (log, -1.0, ValueError, "log: log(-2.0) is undefined"),
    "log of 0": (log, 0.0, ValueError, "log: log(0.0) is undefined"),
    "exp": (exp, 400.0, OverflowError, "exp: exp(800.0) is too large"),
    "quotient": (lambda z: 1 / z, 0.0, ZeroDivisionError, "div: 1.0 / 0.0 is undefined"),
    "of two": (lambda z: z / z, 0.0, ZeroDivisionError, "div: 0.0 / 0.0 is undefined"),
    "sqrt": (sqrt, -2.0, ValueError, "sqrt: sqrt(-4.0) is undefined"),
    "power": (lambda z: z**0.5, -2.0, ValueError, "power: (-4.0) ** 0.5 is undefined"),
    "negative power": (lambda z: z**-1, 0.0, ZeroDivisionError, "power: 0.0 ** (-1.0)"),
    "large power": (lambda z: z**200, 1e3, OverflowError, "power: 2000.0 ** 200.0 is"),
    "sine": (lambda z: z.sin(), math.inf, ValueError, "sin: sin(inf) is undefined"),
}  # fmt: skip


@pytest.mark.parametrize("scalars", [True, False], ids=["plain Python", "arrays"])
@pytest.mark.parametrize(("f", "x", "kind", "message"), OUTSIDE.values(), ids=OUTSIDE)
@pytest.mark.parametrize(("n", "at", "width"), [(9, 5, 100), (9, 5, 2), (9, 8, 4), (1, 0, 1)])
def test_an_error_names_operation_and_example(
    f, x, kind, message, n, at, width, scalars, monkeypatch
):
    given, w = Value(1.0), Value(2.0)
    compiled = replay(tanh(w * 0.1) * f(w * given), [given], [w])
    compiled.arrays.width = width  # columns at a time
    monkeypatch.setattr(compiled, "prefers_scalars", lambda n: scalars)
    batch = np.ones((n, 1))
    batch[at:] = x
    with pytest.raises(kind) as raised:
        compiled(batch)
    assert str(raised.value).startswith(message)
    assert str(raised.value).endswith(f"(in example {at}, counted from 0)")
    assert type(raised.value) is kind
    assert compiled(np.ones((n, 1))).losses == pytest.approx(compiled([[1.0]]).losses[0], rel=1e-12)


EDGES = {
    "slope": (sqrt, 0.0),
    "slope of a power": (lambda z: z**0.3, 0.0),
    "falling": (lambda z: -((z - 2) ** 0.5), 1.0),
    "pow": (lambda z: z**z, -1.0),
    "logarithm of the base": (lambda z: 0**z, 2.0),
}


@pytest.mark.parametrize("scalars", [True, False], ids=["plain Python", "arrays"])
@pytest.mark.parametrize(("f", "x"), EDGES.values(), ids=EDGES)
def test_where_only_the_derivative_does_not_exist_a_replay_agrees_with_the_engine(
    f, x, scalars, monkeypatch
):
    given, w = Value(1.5), Value(2.0)
    compiled = replay(f(w * given), [given], [w], reduce="sum")
    monkeypatch.setattr(compiled, "prefers_scalars", lambda n: scalars)
    found = compiled([[1.5], [x]])
    ys = [f(w * number) for number in (1.5, x)]
    np.testing.assert_allclose(found.losses, [y.data for y in ys], rtol=1e-14)
    np.testing.assert_allclose(found.gradient, [sum(grad(y, w) for y in ys)], rtol=1e-14)


@pytest.mark.parametrize("scalars", [True, False], ids=["plain Python", "arrays"])
def test_an_overflow_without_an_error_has_none_in_a_replay(scalars, monkeypatch):
    def f(x, w):
        return w * x * x - x * x * w / 2 + w

    for number in (1e200, -1e200, math.inf, math.nan, 1e308):
        given, w = Value(1.0), Value(2.0)
        compiled = replay(f(given, w), [given], [w], reduce="sum")
        monkeypatch.setattr(compiled, "prefers_scalars", lambda n: scalars)
        found = compiled([[1.0], [number], [1.0]])
        w = Value(2.0)
        y = f(Value(number), w)
        assert not math.isfinite(y.data)
        np.testing.assert_array_equal(found.losses, [3.0, y.data, 3.0])
        np.testing.assert_array_equal(found.gradient, [grad(y, w) + 2 * grad(f(Value(1.0), w), w)])


@pytest.mark.parametrize("scalars", [True, False], ids=["plain Python", "arrays"])
@pytest.mark.parametrize("op", [tanh, exp, relu, leaky_relu, log, TABLE["sigmoid"], TABLE["step"]])
def test_nan_stays_nan(op, scalars, monkeypatch):
    x, w = Value(1.0), Value(2.0)
    compiled = replay(op(w * x), [x], [w])
    monkeypatch.setattr(compiled, "prefers_scalars", lambda n: scalars)
    losses, gradient = compiled([[1.0], [math.nan]])
    assert math.isfinite(losses[0])
    assert math.isnan(losses[1])
    assert math.isnan(gradient[0]) or op is TABLE["step"]


# --- bad arguments --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (lambda x, w: (3.0, [x], [w]), TypeError, "replay: expected a Value .* got 3.0"),
        (lambda x, w: ([w * x], [x], [w]), TypeError, r"replay: expected a Value .* got \["),
        (lambda x, w: (Constant(1.0), [], []), TypeError, "replay: .* got Constant"),
        (lambda x, w: (w * x, [1.0], [w]), TypeError, "replay: .* got 1.0"),
        (lambda x, w: (w * x, [x], [w.detach()]), TypeError, "replay: .* got Constant"),
        (lambda x, w: (w * x, "x", [w]), TypeError, "replay: .* got 'x'"),
        (lambda x, w: (w * x, x, [w]), TypeError, "replay: inputs and wrt must be lists of Values"),
        (lambda x, w: (w * x, [x], w), TypeError, "replay: inputs and wrt must be lists of Values"),
        (lambda x, w: (w * x, [x, x], [w]), ValueError, "replay: a Value is given twice"),
        (lambda x, w: (w * x, [x], [w, x]), ValueError, "replay: a Value is given twice"),
        (lambda x, w: (w * x, [Value(7.0)], [w]), ValueError, "does not depend on .*7.0"),
        (lambda x, w: (w * x, [x], [w, Value(7.0)]), ValueError, "does not depend on .*7.0"),
    ],
)
def test_bad_arguments_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        replay(*arguments(Value(1.0), Value(2.0)))


def test_a_computed_value_cannot_be_an_input_or_a_parameter():
    x, w = Value(1.0), Value(2.0)
    z = w * x
    for inputs, wrt in (([z], [w]), ([x], [z])):
        with pytest.raises(TypeError, match=r"replay: Value.data=2.0.* was computed"):
            replay(z * z, inputs, wrt)


def test_a_gradient_is_that_of_a_mean_or_a_sum_only():
    with pytest.raises(ValueError, match="replay: reduce must be 'mean' or 'sum', not 'max'"):
        replay(Value(1.0), reduce="max")


@pytest.mark.parametrize(
    ("batch", "error", "message"),
    [
        ([1.0, 2.0], ValueError, r"a row of 2 numbers for each example, got .* shape \(2,\)"),
        ([[1.0]], ValueError, r"a row of 2 numbers for each example, got .* shape \(1, 1\)"),
        ([[[1.0, 2.0]]], ValueError, r"a row of 2 numbers .* shape \(1, 1, 2\)"),
        (np.zeros((0, 2)), ValueError, r"a row of 2 numbers .* shape \(0, 2\)"),
        ([], ValueError, r"a row of 2 numbers .* shape \(0,\)"),
        (None, ValueError, r"a row of 2 numbers .* shape \(1, 0\)"),
        (3.0, ValueError, r"a row of 2 numbers .* shape \(\)"),
        ([[1.0, 2.0], [3.0]], ValueError, "all rows must have the same length"),
        ([["1.0", "2.0"]], TypeError, "expected a real number, got '1.0'"),
        ([[None, 1.0]], TypeError, "expected a real number, got None"),
        ([[1j, 1.0]], TypeError, "expected a real number, got "),
        ([[Value(1.0), 1.0]], TypeError, "expected a real number, got Value"),
        ("ab", TypeError, "expected a real number, got 'ab'"),
    ],
)
def test_a_batch_of_another_shape_is_refused(batch, error, message):
    x, y, w = Value(1.0), Value(2.0), Value(3.0)
    with pytest.raises(error, match=f"^replay: .*{message}"):
        replay(w * x * y, [x, y], [w])(batch)


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ([1.0], ValueError, r"a number for each of 2 parameters, got .* shape \(1,\)"),
        ([1.0, 2.0, 3.0], ValueError, r"for each of 2 parameters, got .* shape \(3,\)"),
        ([[1.0, 2.0]], ValueError, r"for each of 2 parameters, got .* shape \(1, 2\)"),
        ([1.0, "2"], TypeError, "expected a real number, got '"),
        ([None, 1.0], TypeError, "expected a real number, got None"),
    ],
)
def test_parameters_of_another_number_are_refused(parameters, error, message):
    x, w, b = Value(1.0), Value(2.0), Value(3.0)
    with pytest.raises(error, match=f"^replay: .*{message}"):
        replay(w * x + b, [x], [w, b])([[1.0]], parameters)


@given(st.lists(numbers(), min_size=1, max_size=5))
def test_a_batch_is_its_examples_one_by_one(values):
    x, w = Value(1.0), Value(2.0)
    compiled = replay((w * x).tanh() * x, [x], [w], reduce="sum")
    together = compiled([[value] for value in values])
    apart = [compiled([[value]]) for value in values]
    assert together.losses.tolist() == pytest.approx([a.losses[0] for a in apart], rel=1e-12)
    size = sum(abs(a.gradient[0]) for a in apart)
    assert abs(together.gradient[0] - sum(a.gradient[0] for a in apart)) <= 1e-12 * (1 + size)
