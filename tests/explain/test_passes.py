"""The steps of both passes, and that they do the same as ``backward()``."""

import gc
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import MLP, Constant, Value, derivation, losses, paths, sin, steps, table
from tinygrad_edu.engine import ancestors
from tinygrad_edu.explain import passes
from tinygrad_edu.explain.passes import BackwardStep, ForwardStep, SeedStep
from tinygrad_edu.lessons.worked_example import forward
from tinygrad_edu.recorder import as_number
from tinygrad_edu.testing import expressions, networks

EXACT = (table.add, table.sub, table.mul, table.neg, table.weighted_sum)


def of(expression, kind=float):
    """Return the root of an expression's graph."""
    return expression(*[Value(kind(x)) for x in expression.inputs])


def bits(x):
    """Return a form of a number that also tells its type and the sign of a zero."""
    return (x.hex() if isinstance(x, float) else x), type(x)


def last_sums(found):
    """Return the sum after the last contribution to each Value, including the root."""
    sums = {}
    for step in found.backward:
        sums[step.arg if isinstance(step, BackwardStep) else step.root] = step.after
    return sums


def assert_equal_to_backward(y):
    sums = last_sums(steps(y))
    y.backward()
    assert {n: bits(total) for n, total in sums.items()} == {n: bits(n.grad) for n in ancestors(y)}


# --- the numbers are those of the engine ----------------------------------------------------------


@given(expressions())
def test_the_last_sums_equal_the_gradients_to_the_last_bit(expression):
    assert_equal_to_backward(of(expression))


@given(networks())
def test_the_last_sums_equal_the_gradients_of_networks_to_the_last_bit(network):
    assert_equal_to_backward(of(network))


@given(expressions(operations=EXACT))
def test_the_last_sums_of_fractions_are_exact(expression):
    y = of(expression, lambda x: Fraction(x).limit_denominator(9))
    assert_equal_to_backward(y)
    assert all(type(total) is Fraction for total in last_sums(steps(y)).values())


@given(expressions())
def test_every_backward_step_multiplies_and_adds_the_numbers_that_it_shows(expression):
    found = steps(of(expression))
    complete = last_sums(found)
    sums = {}
    for step in found.backward[1:]:
        assert step.node.args[step.position] is step.arg
        assert step.partial == step.node.partials[step.position]
        assert step.upstream == complete[step.node]
        assert step.contribution == step.upstream * step.partial
        assert step.is_first == (step.arg not in sums)
        assert step.before == sums.get(step.arg, 0)
        assert step.after == step.before + step.contribution
        sums[step.arg] = step.after


@given(expressions())
def test_a_gradient_goes_on_only_when_it_is_complete(expression):
    found = steps(of(expression)).backward[1:]
    sources = [step.node for step in found]
    for i, step in enumerate(found):
        assert step.arg not in sources[: i + 1]


@given(expressions())
def test_there_is_one_backward_step_for_every_edge(expression):
    y = of(expression)
    edges = [
        (node, position)
        for node in ancestors(y)
        for position, partial in enumerate(node.partials)
        if partial is not None
    ]
    walked = [(step.node, step.position) for step in steps(y).backward[1:]]
    assert len(walked) == len(edges)
    assert set(walked) == set(edges)


@given(expressions())
def test_in_the_forward_pass_every_argument_comes_first(expression):
    y = of(expression)
    computed = []
    for step in steps(y).forward:
        args = [arg for arg in step.node.args if isinstance(arg, Value)]
        assert all(arg in computed for arg in args if arg.op is not None)
        assert step.numbers == tuple(map(as_number, step.node.args))
        assert step.data == step.node.data
        computed.append(step.node)
    assert computed[-1:] == ([y] if y.op else [])
    assert set(computed) == {node for node in ancestors(y) if node.op is not None}


# --- how they print -------------------------------------------------------------------------------


def test_the_worked_example_has_the_figures_of_the_lecture():
    """A9; a number that the slide truncates is rounded here."""
    lines = repr(steps(forward().loss)).splitlines()
    for line in (
        "  z₁⁽¹⁾ = w₁₁⁽¹⁾ · x₁ + w₁₂⁽¹⁾ · x₂ + b₁⁽¹⁾ = 0.15 · 0.05 + 0.2 · 0.1 + 0.35 = 0.3775",
        "  a₁⁽¹⁾ = σ(z₁⁽¹⁾) = σ(0.3775) = 0.5933",
        "  a₂⁽¹⁾ = σ(z₂⁽¹⁾) = σ(0.3925) = 0.5969",
        "  a₁⁽²⁾ = σ(z₁⁽²⁾) = σ(1.106) = 0.7514",
        "  a₂⁽²⁾ = σ(z₂⁽²⁾) = σ(1.225) = 0.7729",
        "  ∂L/∂L = 1",
        "  ∂L/∂a₁⁽²⁾ = ∂L/∂L · ∂L/∂a₁⁽²⁾ = 1 · 0.7414 = 0.7414",
        "  ∂L/∂z₁⁽²⁾ = ∂L/∂a₁⁽²⁾ · ∂a₁⁽²⁾/∂z₁⁽²⁾ = 0.7414 · 0.1868 = 0.1385",
        "  ∂L/∂w₁₁⁽²⁾ = ∂L/∂z₁⁽²⁾ · ∂z₁⁽²⁾/∂w₁₁⁽²⁾ = 0.1385 · 0.5933 = 0.08217",
    ):
        assert line in lines
    assert lines[0] == "forward pass"
    assert lines[lines.index("  ∂L/∂L = 1") - 1] == "backward pass"
    assert any(line.startswith("  L = ") and line.endswith(" = 0.2984") for line in lines)
    assert any(
        line.startswith("  ∂L/∂a₁⁽¹⁾ += ") and line.endswith(": −0.01905 + 0.0554 = 0.03635")
        for line in lines
    )


def test_a_times_a_takes_two_steps():
    a = Value(3.0, label="a")
    b = a * a
    b.label = "b"
    assert [str(step) for step in steps(b)] == [
        "b = a · a = 3 · 3 = 9",
        "∂b/∂b = 1",
        "∂b/∂a += ∂b/∂b · ∂b/∂a (2nd) = 1 · 3 = 3: 0 + 3 = 3",
        "∂b/∂a += ∂b/∂b · ∂b/∂a (1st) = 1 · 3 = 3: 3 + 3 = 6",
    ]
    assert {step.position for step in steps(b)[2:]} == {0, 1}


def test_a_negative_number_after_another_sign_is_in_parentheses():
    x, y = Value(-2.0, label="x"), Value(-3.0, label="y")
    product = x * y
    assert str(steps(product)[0]) == "v₁ = x · y = −2 · (−3) = 6"
    assert "= 1 · (−3) = −3" in repr(steps(product))


def test_constants_and_plain_numbers_appear_in_formulas_and_get_no_gradient():
    x, c = Value(2.0, label="x"), Constant(5.0, label="c")
    found = steps(x * c + 7)
    assert [str(step) for step in found.forward] == [
        "v₁ = x · c = 2 · 5 = 10",
        "v₂ = v₁ + 7 = 10 + 7 = 17",
    ]
    assert all(step.arg is not c for step in found.backward[1:])


def test_fractions_print_exactly():
    q = Value(Fraction(1, 3), label="q")
    assert str(steps(q * q)[0]) == "v₁ = q · q = 1/3 · 1/3 = 1/9"


@given(expressions())
def test_every_step_prints_on_one_line(expression):
    for step in steps(of(expression)):
        assert "\n" not in str(step)
        assert "\\" not in str(step)


def test_a_leaf_has_only_the_seed_step():
    x = Value(2.0, label="x")
    found = steps(x)
    assert len(found) == 1
    assert isinstance(found[0], SeedStep)
    assert repr(found) == "backward pass\n  ∂x/∂x = 1"


def test_a_neuron_of_many_weights_prints_a_short_line():
    n = 1000
    z = table.weighted_sum([Value(0.5) for _ in range(n)], [0.1] * n, Value(0.0))
    assert len(str(steps(z)[0])) < 300


# --- a sequence -----------------------------------------------------------------------------------


def test_steps_are_a_sequence():
    found = steps(forward().loss)
    listed = list(found)
    n = len(found)
    assert len(listed) == n
    assert found[0] == listed[0]
    assert found[-1] == listed[-1] == found[n - 1]
    assert found[2:9:3] == listed[2:9:3]
    assert found[::-1] == listed[::-1]
    assert found[n:] == []
    assert found.forward + found.backward == listed
    assert list(reversed(found)) == listed[::-1]
    assert listed[4] in found
    for beyond in (n, -n - 1):
        with pytest.raises(IndexError):
            found[beyond]


def test_the_forward_pass_comes_before_the_backward_pass():
    found = steps(forward().loss)
    assert {type(step) for step in found.forward} == {ForwardStep}
    assert type(found.backward[0]) is SeedStep
    assert {type(step) for step in found.backward[1:]} == {BackwardStep}


# --- nothing changes ------------------------------------------------------------------------------


def test_nothing_changes_in_the_graph():
    x = Value(2.0, label="x")
    y = sin(x * x) * x
    y.backward()
    nodes = ancestors(y)
    before = [(node.data, node.grad, node.label, node.partials) for node in nodes]
    repr(steps(y))
    assert [(node.data, node.grad, node.label, node.partials) for node in nodes] == before
    assert ancestors(y) == nodes
    y.backward()
    assert [node.grad for node in nodes] == [2 * grad for _, grad, _, _ in before]


def test_no_traced_adjoint_is_left_in_the_graph():
    x = Value(2.0)
    y = sin(x * x) * x
    steps(y)
    assert not any(isinstance(node._adjoint, passes.TracedAdjoint) for node in (x, y, *y.args))


def test_a_graph_is_freed_with_its_steps():
    gc.collect()
    gc.disable()
    try:
        y = Value(2.0)
        for _ in range(50):
            y = sin(y * y)
        found = steps(y)
        repr(found)
        assert found[3] is not None
        del found, y
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_the_numbers_of_a_step_stay_as_they_were():
    x = Value(2.0, label="x")
    y = x * x
    found = steps(y)
    before = repr(found)
    x.data = y.data = 100.0
    y.backward()
    assert repr(found) == before


def test_the_graph_can_be_used_after_an_interrupted_pass(monkeypatch):
    x = Value(2.0, label="x")
    y = sin(x * x) * x
    whole = repr(steps(y))
    seen = []

    def interrupted(node):
        seen.append(node)
        if len(seen) == 3:
            raise KeyboardInterrupt
        return traced(node)

    traced = passes.traced_partials
    with monkeypatch.context() as patch:
        patch.setattr(passes, "traced_partials", interrupted)
        with pytest.raises(KeyboardInterrupt):
            steps(y)
    assert repr(steps(y)) == whole
    assert_equal_to_backward(y)


# --- size, and errors -----------------------------------------------------------------------------


@pytest.mark.slow
def test_a_chain_of_many_operations():
    x = y = Value(1.0, label="x")
    for _ in range(100_000):
        y = y * 1.00001
    found = steps(y)
    assert len(found) == 200_001
    y.backward()
    assert found[-1].arg is x
    assert found[-1].after == x.grad
    lines = repr(found).splitlines()
    assert len(lines) < 210
    assert any("more" in line for line in lines)


@given(st.integers(1, 400))
def test_the_steps_left_out_of_a_long_report_are_counted(n):
    y = Value(1.0)
    for _ in range(n):
        y = y + 1
    lines = repr(steps(y)).splitlines()
    left_out = [int(line.split()[1]) for line in lines if "more" in line]
    shown = [line for line in lines if "=" in line]
    assert len(shown) + sum(left_out) == 2 * n + 1
    assert len(shown) == min(2 * n + 1, 200)


def test_only_a_value_has_steps():
    with pytest.raises(TypeError, match=r"steps: expected a Value, got 2\.0 \(float\)"):
        steps(2.0)
    with pytest.raises(TypeError, match=r"steps: expected a Value, got None"):
        steps(None)


def test_a_constant_has_no_steps():
    with pytest.raises(ValueError, match=r"steps: Constant\(data=2\.0.*no backward pass"):
        steps(Constant(2.0))


# --- data that changed ----------------------------------------------------------------------------


def call_all(y, x):
    return [(steps, (y,)), (paths, (y, x)), (derivation, (y, x))]


def test_data_that_changed_after_the_forward_pass_are_refused():
    x = Value(2.0, label="x")
    y = x * x
    y.label = "y"
    x.data = 10.0
    for function, args in call_all(y, x):
        with pytest.raises(RuntimeError) as refusal:
            function(*args)
        assert str(refusal.value) == (
            f"{function.__name__}: data changed after Value(data=4.0, grad=0.0, label='y') was "
            "computed from them; run the forward pass again"
        )
    x.data = 2.0
    assert str(steps(y)[0]) == "y = x · x = 2 · 2 = 4"


@pytest.mark.parametrize("changed", [3.0, float("nan"), float("inf"), 2])
def test_any_change_of_any_number_is_found(changed):
    c, x = Constant(1.5, label="c"), Value(0.5, label="x")
    middle = x * c
    y = sin(middle) + 1
    for node in (x, c, middle, y):
        before, node.data = node.data, changed
        with pytest.raises(RuntimeError, match="run the forward pass again"):
            steps(y)
        node.data = before
    assert len(steps(y)) == 7


def test_changed_data_outside_the_domain_are_found():
    x = Value(2.0)
    y = x.log()
    x.data = -1.0
    with pytest.raises(RuntimeError, match="steps: data changed"):
        steps(y)


def test_an_update_of_parameters_is_found():
    mlp = MLP(2, [2, 1], seed=0)
    loss = losses.mse([mlp([2.0, 1.0])], [1.0])
    loss.backward()
    kept = derivation(loss, mlp.parameters()[0])
    for p in mlp.parameters():
        p.data -= 0.1 * p.grad
    for function, args in call_all(loss, mlp.parameters()[0]):
        with pytest.raises(RuntimeError, match=f"^{function.__name__}: data changed"):
            function(*args)
    with pytest.raises(RuntimeError, match=r"^derivation: data changed"):
        repr(kept)


@pytest.mark.parametrize("strange", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite_do_not_count_as_changed(strange):
    x = Value(strange, label="x")
    y = x * x + Constant(strange)
    assert len(steps(y)) == 6
    assert paths(y, x).count == 2


@given(expressions())
def test_an_unchanged_graph_does_not_count_as_changed(expression):
    y = of(expression)
    passes.require_unchanged("steps", ancestors(y))


# --- how they show themselves ---------------------------------------------------------------------


def test_steps_show_themselves_as_equations_and_slices_as_lines():
    x = Value(3.0, label="x")
    found = steps(x * 2)
    assert repr(found[0]) == str(found[0]) == "v₁ = x · 2 = 3 · 2 = 6"
    assert repr(found[:2]) == "v₁ = x · 2 = 3 · 2 = 6\n∂v₁/∂v₁ = 1"
    assert repr(found.forward) == "v₁ = x · 2 = 3 · 2 = 6"
    assert repr(found[9:]) == "[]"
    assert isinstance(found[:2], list)


def test_a_local_derivative_beside_other_paths_is_called_direct():
    x = Value(3.0, label="x")
    y = x * 2 + x
    y.label = "y"
    assert [str(step) for step in steps(y).backward] == [
        "∂y/∂y = 1",
        "∂y/∂x += ∂y/∂y · ∂y/∂x (direct) = 1 · 1 = 1: 0 + 1 = 1",
        "∂y/∂v₁ = ∂y/∂y · ∂y/∂v₁ = 1 · 1 = 1",
        "∂y/∂x += ∂y/∂v₁ · ∂v₁/∂x = 1 · 2 = 2: 1 + 2 = 3",
    ]


def test_direct_derivatives_are_marked_in_a_long_graph():
    x = y = Value(0.5, label="x")
    for _ in range(3_000):
        y = sin(y) + x
    lines = [str(step) for step in steps(y)[-40:]]
    assert any(line.startswith("∂v₆₀₀₀/∂x += ") and "∂x (direct) = " in line for line in lines)
