"""The strategies, used as in tests of other projects."""

import inspect
import math
import os
import re
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from hypothesis import Phase, assume, find, given, settings
from hypothesis import strategies as st
from hypothesis.vendor.pretty import pretty

import tinygrad_edu
from tinygrad_edu import Constant, Value, assert_gradients, table, tanh
from tinygrad_edu.operation import Operation, padded
from tinygrad_edu.programs.expressions import MARGIN
from tinygrad_edu.table import TABLE
from tinygrad_edu.testing import (
    SMOOTH,
    arguments,
    expression,
    expressions,
    flat_arguments,
    networks,
    numbers,
    values,
)

rows = pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)

square = Operation(
    "square", "The square.",
    forward=lambda x: x * x, partials=lambda y, x: (2 * x,), array="square",
    symbol="²", latex="#1^2", precedence=4,
)  # fmt: skip
halved = Operation(
    "halved", "The square, with half its derivative.",
    forward=lambda x: x * x, partials=lambda y, x: (x,), array="square",
    symbol="²", latex="#1^2", precedence=4,
)  # fmt: skip


# --- numbers and Values -------------------------------------------------------------------------


@given(st.data(), st.floats(-1e6, 1e6), st.floats(0.2, 1e6))
def test_numbers_lie_clear_of_their_bounds(data, low, width):
    x = data.draw(numbers(low=low, high=low + width))
    assert low < x < low + width
    assert min(x - low, low + width - x) >= 0.9 * MARGIN


finite = st.floats(allow_nan=False)


@settings(max_examples=300)
@given(st.data(), finite, finite, st.lists(finite, max_size=3))
def test_numbers_lie_between_any_bounds_that_have_a_float_between_them(data, low, high, excluded):
    assume(low < high)
    try:
        strategy = numbers(low, high, excluded)
    except ValueError:
        between = math.nextafter(max(low, -sys.float_info.max), math.inf)
        assert between in (*excluded, high, math.inf) or len(excluded) > 0
        return
    x = data.draw(strategy)
    assert low < x < high
    assert math.isfinite(x)
    assert x not in excluded


@pytest.mark.parametrize(
    ("low", "high"),
    [(0, 0.05), (0, 1e-9), (-1e-12, 1e-12), (1, 1 + 2**-50), (0, 1e-310), (5e-324, 2e-323),
     (1e300, math.inf), (-math.inf, -1e300), (1e17, math.inf), (-1e308, 1e308), (1, 1.1), (-3, -2)],
)  # fmt: skip
def test_numbers_of_narrow_and_of_far_intervals_are_many(low, high):
    seen = set()

    @settings(max_examples=200, database=None, phases=[Phase.generate])
    @given(numbers(low, high))
    def look(x):
        assert low < x < high
        seen.add(x)

    look()
    assert len(seen) > 1


@pytest.mark.parametrize(("low", "high"), [(1, 1), (2, 1), (math.nan, 1), (math.inf, math.inf)])
def test_numbers_need_a_low_below_a_high(low, high):
    with pytest.raises(
        ValueError, match=f"low must be below high, got low={low!r} and high={high!r}"
    ):
        numbers(low, high)


def test_numbers_need_a_float_between_the_bounds():
    with pytest.raises(ValueError, match=r"no float lies between 0\.0 and 5e-324"):
        numbers(0, 5e-324)
    with pytest.raises(ValueError, match=r"and 1e-323, away from \[5e-324\]"):
        numbers(0, 1e-323, excluded=[5e-324])


@given(numbers(0, 0.06, excluded=[0.03, 5.0]))
def test_numbers_of_a_narrow_interval_keep_away_from_what_is_excluded(x):
    assert min(x, abs(x - 0.03), 0.06 - x) >= 0.0074


@given(numbers(excluded=[0, 1]))
def test_numbers_lie_clear_of_excluded_points(x):
    assert abs(x) >= MARGIN
    assert abs(x - 1) >= MARGIN


def test_numbers_know_an_interval_of_the_table():
    (interval,) = table.log.domain
    assert find(numbers(*interval), lambda x: True) > 0


@given(values(low=0))
def test_values_are_fresh_values(x):
    assert type(x) is Value
    assert x.data > 0
    assert x.grad == 0


@given(x=st.from_type(Value), c=st.from_type(Constant))
def test_values_are_drawn_by_type(x, c):
    assert type(x) is Value
    assert type(c) is Constant
    assert math.isfinite(x.data + c.data)


@pytest.mark.parametrize("first", ["tinygrad_edu.testing", "hypothesis", "tinygrad_edu"])
def test_hypothesis_knows_values_whatever_is_imported_first(first):
    program = (
        f"import {first}; from hypothesis import find, strategies as st; import tinygrad_edu;"
        "print(find(st.from_type(tinygrad_edu.Value), lambda x: True))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "Value(data=0.0, grad=0.0)"


# --- arguments of an operation ------------------------------------------------------------------


@rows
def test_arguments_are_what_a_call_takes(row):
    @given(arguments(row))
    def holds(args):
        assert math.isfinite(float(row(*args)))

    holds()


@rows
def test_arguments_lie_in_the_domain(row):
    @given(flat_arguments(row))
    def holds(args):
        domains = padded(row.domain, len(args))
        assert all(domain.admits(x) for domain, x in zip(domains, args, strict=True))

    holds()


def test_your_own_operation_is_tested_in_five_lines():
    @given(arguments(square))
    def test_square(args):
        assert_gradients(square, *args)

    test_square()


def test_a_wrong_rule_of_your_own_is_found_and_named():
    @settings(database=None)
    @given(arguments(halved))
    def test_halved(args):
        assert_gradients(halved, *args)

    with pytest.raises(AssertionError, match="The rule of halved is wrong"):
        test_halved()


# --- expressions --------------------------------------------------------------------------------


def code(expression):
    """Run the printed expression as Python."""
    known = {**vars(tinygrad_edu), **TABLE, "square": square}
    return eval(repr(expression), known)  # noqa: S307 - the text is our own


@given(expressions())
def test_an_expression_is_defined_where_it_says(expression):
    y = expression(*expression.inputs)
    assert math.isfinite(y)
    on_values = expression(*map(Value, expression.inputs))
    assert float(on_values) == y


@given(expressions())
def test_an_expression_prints_as_python_that_can_be_pasted(expression):
    pasted = code(expression)
    assert pasted(*expression.inputs) == expression(*expression.inputs)
    assert list(inspect.signature(pasted).parameters) == expression.names


@given(expressions())
def test_an_expression_has_no_unused_instruction(expression):
    used = {
        x
        for instruction in expression.instructions
        for x in instruction.operands
        if isinstance(x, int)
    }
    n = len(expression.inputs) + len(expression.instructions)
    assert used | {n - 1} == set(range(n))


def test_expressions_reach_every_operation():
    seen = set()

    @settings(max_examples=500, database=None, phases=[Phase.generate])
    @given(expressions())
    def look(expression):
        seen.update(instruction.op for instruction in expression.instructions)

    look()
    assert seen == set(TABLE.values())


def test_your_own_operation_can_be_used_in_expressions_at_once():
    assert repr(find(expressions(operations=[square]), lambda e: e.instructions)) == (
        "lambda x: square(x)  # at x=0.0"
    )


def test_your_own_operation_of_many_arguments_can_be_used_in_expressions():
    product = Operation(
        "product", "The product of many values.",
        signature="(n)", forward=math.prod, array=lambda numpy, xs: math.prod(xs),
        partials=lambda y, xs: ([math.prod(xs[:i] + xs[i + 1 :]) for i in range(len(xs))],),
        symbol="Π", latex=r" \cdot ".join,
    )  # fmt: skip
    found = find(expressions(operations=[product]), lambda e: e.instructions and len(e.inputs) == 2)
    assert repr(found) == "lambda x, y: product([x, y])  # at x=0.0, y=0.0"


def uses_twice(expression):
    places = [
        x
        for instruction in expression.instructions
        for x in set(instruction.operands)
        if isinstance(x, int)
    ]
    return any(places.count(x) > 1 for x in places if x >= len(expression.inputs))


@pytest.mark.parametrize(
    ("condition", "shrunk"),
    [
        (
            lambda e: any(instruction.op is tanh for instruction in e.instructions),
            "lambda x: tanh(x)  # at x=0.0",
        ),
        (lambda e: len(e.instructions) > 2, "lambda x: ((x + x) + x) + x  # at x=0.0"),
    ],
)
def test_expressions_shrink_to_something_readable(condition, shrunk):
    # From some starting points Hypothesis finds another one of the same size: -((x + x) + x).
    assert repr(find(expressions(), condition, random=Random(1))) == shrunk


def test_a_shared_node_is_named_where_it_comes_first():
    found = find(expressions(), uses_twice, settings=settings(max_examples=1000))
    assert repr(found).count(":= ") == 1
    assert len(repr(found)) < 60


@given(st.one_of(expressions(), networks()))
def test_an_expression_is_shown_by_hypothesis_as_a_call_that_makes_it_anew(drawn):
    known = {**vars(tinygrad_edu), **TABLE, "expression": expression}
    anew = eval(pretty(drawn), known)  # noqa: S307 - the text is our own
    assert anew.inputs == drawn.inputs
    assert anew(*anew.inputs) == drawn(*drawn.inputs)
    assert pretty(anew) == pretty(eval(pretty(anew), known))  # noqa: S307 - our own
    xs, ys = ([Value(x) for x in e.inputs] for e in (anew, drawn))
    assert tinygrad_edu.grad(anew(*xs), xs) == pytest.approx(tinygrad_edu.grad(drawn(*ys), ys))


FAILING = """
from hypothesis import Phase, given, settings, strategies as st
from tinygrad_edu import *
from tinygrad_edu.table import *
from tinygrad_edu.testing import *

@settings(database=None, print_blob=False, phases=[Phase.generate])
@given(e=expressions(), n=networks(), v=values(), c=st.from_type(Constant), a=arguments(power),
       w=arguments(weighted_sum), many=st.lists(values(), min_size=2))
def test(e, n, v, c, a, w, many):
    print("run with", repr(e), n(*n.inputs), v, c, a, w, many)
    assert len(e.instructions) < 3 or len(n.instructions) < 4
"""


@pytest.mark.skipif(sys.version_info < (3, 11), reason="errors have notes from Python 3.11 on")
def test_what_a_failing_test_prints_can_be_pasted():
    def run(program):
        command = [sys.executable, "-c", FAILING + program]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    said = run("try: test()\nexcept AssertionError as error: print(*error.__notes__)")
    runs, _, call = said.partition("Failing test case: ")
    again = run(f"try: test.hypothesis.inner_{call.strip()}\nexcept AssertionError: print('fails')")
    assert again.splitlines() == [runs.splitlines()[-1], "fails"]


RECIPES = {
    "README.md": r"in six lines:\n\n```python\n(.*?)```",
    "CONTRIBUTING.md": r"Hypothesis\s+finds\s+out[^:]*:\n\n```python\n(.*?)```",
}


@pytest.mark.parametrize("file", RECIPES)
def test_a_recipe_passes_as_printed_on_a_machine_200_times_as_slow(file):
    """It runs with the default settings of Hypothesis, except for a deadline of 1 ms."""
    text = (Path(__file__).parents[1] / file).read_text(encoding="utf-8")
    recipe = re.search(RECIPES[file], text, re.DOTALL)[1]
    program = "\n".join(
        ["from hypothesis import settings",
         "settings.register_profile('slow', settings.get_profile('default'), deadline=1)",
         "settings.load_profile('slow')",
         *(["from tinygrad_edu.table import tanh as arctan"] if "arctan" in recipe else []),
         *(line[4:] for line in recipe.splitlines())]
    )  # fmt: skip
    environment = {key: os.environ[key] for key in os.environ if key != "CI"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=False, capture_output=True, text=True, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


# --- networks -----------------------------------------------------------------------------------


@given(networks())
def test_a_network_is_a_loss_of_its_parameters(network):
    loss = network(*map(Value, network.inputs))
    assert loss.op is table.half_squared_error
    assert loss.data >= 0
    assert network.instructions[0].op is table.weighted_sum


def test_networks_have_hidden_layers():
    def deep(network):
        ops = [instruction.op for instruction in network.instructions]
        return ops[:3] == [table.weighted_sum, ops[1], table.weighted_sum]

    network = find(networks(), lambda network: len(network.instructions) == 5 and deep(network))
    hidden = len(network.inputs) + 1
    assert network.instructions[1].op in SMOOTH
    assert hidden in network.instructions[2].operands
