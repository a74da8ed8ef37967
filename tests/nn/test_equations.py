"""The matrix equations of the lectures against the scalar engine (A11, C2, D5, D7, E1, E2)."""

import dataclasses
import math
import operator
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_edu import MLP, leaky_relu, maximum, sigmoid, softmax, tanh
from tinygrad_edu.lessons import worked_example
from tinygrad_edu.nn import SGD, Adam, data, fit, losses
from tinygrad_edu.nn.activations import identity
from tinygrad_edu.nn.comparison import ComparedQuantity, compare, example_columns
from tinygrad_edu.nn.equations import (
    Parameters,
    back_propagation,
    forward_propagation,
    gradient_descent,
    loss_gradient,
    parameters_of,
)
from tinygrad_edu.nn.matrix import Matrix
from tinygrad_edu.testing import numbers

OUTPUTS = {  # for each loss, output activations that fit it
    losses.half_squared_error: ["identity", "sigmoid", "tanh", "relu", "softmax"],
    losses.rss: ["identity", "sigmoid"],
    losses.mse: ["identity", "tanh"],
    losses.binary_cross_entropy: ["sigmoid", "softmax"],
    losses.binary_cross_entropy_with_logits: ["identity"],
    losses.negative_log_likelihood: ["softmax", "sigmoid"],
    losses.cross_entropy: ["identity", "tanh"],
}
OWN = [  # activations that are not in the table of operations
    "linear",
    partial(leaky_relu, alpha=0.2),
    lambda z: z * sigmoid(z),
    lambda z: z.tanh() + 0.1 * z,
    lambda z: maximum(z, -1.0),
]
BY_CLASS = (losses.negative_log_likelihood, losses.cross_entropy)


@st.composite
def problems(draw):
    """A network of any depth, examples, and a loss."""
    loss = draw(st.sampled_from(list(OUTPUTS)))
    output = draw(st.sampled_from(OUTPUTS[loss]))
    least = 2 if loss in BY_CLASS or output == "softmax" else 1
    widths = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    widths.append(draw(st.integers(least, 4)))
    table = ["sigmoid", "tanh", "relu", "leaky_relu", "softplus"]
    hidden = draw(st.sampled_from([*table, *OWN, *(["softmax"] if 1 not in widths[1:] else [])]))
    init = draw(st.sampled_from(["lecture", "xavier"]))
    seed = draw(st.integers(0, 10_000))
    mlp = MLP(widths[0], widths[1:], hidden, output, initialisation=init, seed=seed)
    wide = widths[-1]
    target = st.integers(0, wide - 1) if loss in BY_CLASS else st.lists(
        st.floats(0, 1), min_size=wide, max_size=wide
    )  # fmt: skip
    inputs = st.lists(numbers(), min_size=widths[0], max_size=widths[0])
    return mlp, draw(st.lists(st.tuples(inputs, target), min_size=1, max_size=4)), loss


@settings(max_examples=150)
@given(problems())
def test_matrices_and_engine_agree_layer_by_layer(problem):
    for row in compare(*problem).rows:
        assert row.verdict in ("✓", "? too small to compare")


@settings(max_examples=30)
@given(problems())
def test_numpy_computes_the_same_as_lists(problem):
    mlp, examples, loss = problem
    X, Y = example_columns(mlp, examples, loss)
    found = []
    for make in (Matrix, np.array):
        theta = parameters_of(mlp, make)
        forward = forward_propagation(theta, make(X.rows))
        backward = back_propagation(
            theta, forward, loss_gradient(loss, forward.a[-1], make(Y.rows))
        )
        layers = zip(forward.z, forward.a[1:], backward, strict=True)
        found.append([np.array(list(m)) for z, a, gradients in layers for m in (z, a, *gradients)])
    for ours, theirs in zip(*found, strict=True):
        assert ours.shape == theirs.shape
        # sums in another order: a few dozen terms, each rounded
        assert np.abs(ours - theirs).max() <= 1e-13 * max(1, np.abs(ours).max())


def test_the_worked_example_by_matrices():
    """A9, A10: all twelve gradients of the lecture's network."""
    example = (worked_example.INPUTS, worked_example.TARGETS)
    comparison = compare(worked_example.network(), [example], losses.half_squared_error)
    assert comparison
    by_formula = {row.formula.partition(" = ")[0]: row.equations for row in comparison.rows}
    assert f"{by_formula['∂L/∂W⁽²⁾'].rows[0][0]:.9f}" == "0.082167041"
    assert f"{by_formula['∂L/∂W⁽¹⁾'].rows[0][0]:.9f}" == "0.000438568"


def test_softmax_and_cross_entropy_leave_prediction_minus_target():
    """D5, E1: δ of the last layer is (ŷ - y) / m."""
    Z, Y = Matrix([[2.0, -1.0], [0.5, 0.0], [0.0, 3.0]]), Matrix([[1, 0], [0, 0], [0, 1]])
    identity = Matrix([[1, 0, 0], [0, 1, 0], [0, 0, 1]])
    theta = [Parameters(identity, Matrix([[0]] * 3), softmax)]
    forward = forward_propagation(theta, Z)
    dA = loss_gradient(losses.negative_log_likelihood, forward.a[-1], Y)
    [backward] = back_propagation(theta, forward, dA)
    for delta, a, y in zip(backward.delta, forward.a[-1], Y, strict=True):
        assert delta == pytest.approx([(p - t) / 2 for p, t in zip(a, y, strict=True)], rel=1e-14)


def test_the_recursion_of_errors():
    """C2, with the sum and the derivative that are missing in the text."""
    mlp = MLP(2, [3, 4, 2], "sigmoid", "sigmoid", seed=3)
    rows = compare(mlp, [([0.3, -0.8], [0.0, 1.0])], losses.half_squared_error).rows
    deltas = [row.engine for row in rows if row.formula.startswith("δ")]
    activations = [row.engine for row in rows if row.formula.startswith("a")]
    for layer in range(2):
        W = mlp.layers[layer + 1].W
        for j, [delta] in enumerate(deltas[layer]):
            [a] = activations[layer].rows[j]
            summed = sum(W[k][j] * d for k, [d] in enumerate(deltas[layer + 1]))
            assert delta == pytest.approx(summed * a * (1 - a), rel=1e-13)


def test_gradient_descent_by_matrices_is_that_of_the_engine():
    """D2, D7: the same parameters after 100 iterations."""
    mlp = MLP(2, [3, 1], "tanh", "sigmoid", seed=2)
    X, Y = example_columns(mlp, data.XOR, losses.binary_cross_entropy)
    theta = gradient_descent(parameters_of(mlp), X, Y, losses.binary_cross_entropy, 0.5, 100)
    fit(mlp, data.XOR, losses.binary_cross_entropy, SGD(mlp.parameters(), 0.5), epochs=100)
    for layer, (W, b, _) in zip(mlp.layers, theta, strict=True):
        # rounding grows along 100 steps, which do not contract
        for ours, theirs in zip(layer.W, W, strict=True):
            assert ours == pytest.approx(theirs, rel=1e-10)
        assert layer.b == pytest.approx([x for [x] in b], rel=1e-10)


def test_gradient_descent_takes_a_thousand_iterations_unless_told():
    """D2: each takes a fifth of a percent off the error of w x + b at x = 1."""
    theta = [Parameters(Matrix([[1.0]]), Matrix([[0.0]]), identity)]
    X, Y, loss = Matrix([[1.0]]), Matrix([[3.0]]), losses.half_squared_error
    [(W, b, _)] = gradient_descent(theta, X, Y, loss, lr=0.001)
    assert 3 - W[0][0] - b[0][0] == pytest.approx((3 - 1) * 0.998**1000, rel=1e-12)


# --- a derivation that is wrong ------------------------------------------------------------------


def wrong(change):
    """Back propagation with one thing changed in every layer."""
    return lambda theta, forward, dA: [
        change(layer, a)
        for layer, a in zip(back_propagation(theta, forward, dA), forward.a, strict=False)
    ]


@pytest.mark.parametrize(
    ("what", "change", "verdict"),
    [
        ("δ", lambda layer, a: layer._replace(delta=-layer.delta), "✗ up to"),
        ("∂L/∂W", lambda layer, a: layer._replace(dW=layer.dW * 1.000001), "✗ up to"),
        ("∂L/∂W", lambda layer, a: layer._replace(dW=a @ layer.delta.T), "✗ is "),
        ("∂L/∂b", lambda layer, a: layer._replace(db=layer.delta), "✗ is "),
    ],
)
def test_a_wrong_derivation_is_found_in_its_place(what, change, verdict):
    mlp = MLP(3, [2, 2], "tanh", seed=1)
    examples = [([0.1, 0.2, 0.3], [1.0, 0.0]), ([-0.5, 0.4, 0.1], [0.0, 1.0])]
    comparison = compare(mlp, examples, losses.mse, wrong(change))
    assert not comparison
    bad = [row for row in comparison.rows if row.verdict != "✓"]
    assert {row.formula.partition("⁽")[0] for row in bad} == {what}
    assert all(verdict in row.verdict for row in bad if row.layer == 1)
    assert "✗" in repr(comparison)


def test_rounding_errors_of_a_trained_network_are_not_mistakes():
    """Only the last digits of ŷ - y remain, so the equations lose digits."""
    mlp = MLP(2, [3, 1], "tanh", "sigmoid", seed=2)
    fit(mlp, data.XOR, losses.binary_cross_entropy, Adam(mlp.parameters(), 0.5), epochs=300)
    assert compare(mlp, data.XOR, losses.binary_cross_entropy)
    classes = MLP(2, [3, 2], "tanh", "softmax", seed=2)
    fit(
        classes,
        data.XOR,
        losses.negative_log_likelihood,
        Adam(classes.parameters(), 0.5),
        epochs=300,
    )
    assert compare(classes, data.XOR, losses.negative_log_likelihood)


def test_a_table_of_many_examples_is_cut_short():
    mlp = MLP(1, [1])
    table = repr(compare(mlp, data.curve(9), losses.mse))
    assert "…" in table
    assert all(len(line) < 110 for line in table.splitlines())


@pytest.mark.parametrize("made_of", [1e-3, 1.0, 1e3])
def test_a_number_that_is_not_finite_agrees_with_no_number(made_of):
    for bad in (math.nan, math.inf, -math.inf):
        for engine, equations in ((made_of, bad), (bad, made_of), (bad, bad)):
            row = ComparedQuantity(1, "z", Matrix([[1.0, engine]]), Matrix([[1.0, equations]]))
            assert row.verdict == "✗ not finite"


def test_gradients_too_small_to_compare_do_not_agree():
    """Fourteen sigmoids leave ∂L/∂W⁽¹⁾ so small that its sign does not show in the difference."""
    mlp = MLP(1, [1] * 14, "sigmoid", "sigmoid", seed=0)
    examples = [([0.5], 1.0)]
    assert compare(mlp, examples, losses.half_squared_error)

    def turned_round(theta, forward, dA):
        first, *others = back_propagation(theta, forward, dA)
        return [first._replace(dW=-first.dW), *others]

    comparison = compare(mlp, examples, losses.half_squared_error, turned_round)
    assert not comparison
    [row] = [row for row in comparison.rows if row.verdict != "✓"]
    assert (row.layer, row.verdict) == (1, "? too small to compare")


def test_a_loss_of_your_own_is_compared_by_its_gradient():
    mlp = MLP(2, [3, 2], "tanh", seed=1)
    examples = [([0.1, 0.2], [1.0, 0.0]), ([-0.5, 0.4], [0.0, 1.0])]

    def quartic(outputs, targets):
        return sum((a - y) ** 4 for a, y in zip(outputs, targets, strict=True))

    def its_gradient(_loss, A, Y):
        return 4 * (A - Y) ** 3 / len(examples)

    assert compare(mlp, examples, quartic, loss_gradient=its_gradient)
    assert not compare(mlp, examples, quartic, loss_gradient=lambda *args: -its_gradient(*args))
    with pytest.raises(TypeError, match="the derivative of quartic"):
        compare(mlp, examples, quartic)


def test_examples_may_come_from_an_iterator_but_there_must_be_some():
    mlp = MLP(2, [1], seed=0)
    comparison = compare(mlp, (example for example in data.XOR), losses.mse)
    assert comparison
    assert repr(comparison) == repr(compare(mlp, data.XOR, losses.mse))
    with pytest.raises(ValueError, match="there are no examples"):
        compare(mlp, [], losses.mse)


# --- activations of your own, losses at the ends of the probabilities -----------------------------


@pytest.mark.parametrize("make", [Matrix, np.array])
@pytest.mark.parametrize("g", [*OWN, "threshold", partial(leaky_relu, alpha=0.5)])
def test_the_derivative_of_any_activation_is_that_of_the_engine(g, make):
    mlp = MLP(2, [3, 1], g, seed=4)
    X, Y = example_columns(mlp, data.XOR, losses.mse)
    theta = parameters_of(mlp, make)
    forward = forward_propagation(theta, make(X.rows))
    dA = loss_gradient(losses.mse, forward.a[-1], make(Y.rows))
    found = back_propagation(theta, forward, dA)
    ours = [row.engine for row in compare(mlp, data.XOR, losses.mse).rows]
    for layer in range(2):
        computed = (forward.z[layer], forward.a[layer + 1], *found[layer])
        for theirs, engine in zip(computed, ours[5 * layer :], strict=False):
            assert type(theirs) is (Matrix if make is Matrix else np.ndarray)
            np.testing.assert_allclose(np.array(theirs), np.array(engine), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("make", [Matrix, np.array])
@pytest.mark.parametrize(
    ("g", "slope"), [(sigmoid, lambda a: a * (1 - a)), (tanh, lambda a: 1 - a * a)]
)
def test_the_slope_of_an_activation_is_computed_as_the_lecture_writes_it(g, slope, make):
    """D8: from a, to the last bit, so that it is 0 where a is rounded to 1."""
    theta = [Parameters(make([[1.0]]), make([[0.0]]), g)]
    forward = forward_propagation(theta, make([[-0.7, 0.3, 2.9, 40.0]]))
    [backward] = back_propagation(theta, forward, make([[1.0] * 4]))
    assert [*backward.delta[0]] == [slope(a) for a in forward.a[-1][0]]
    assert backward.delta[0][-1] == 0


def test_an_activation_of_the_table_takes_an_array_whole():
    shapes = []

    def on_array(numpy, z):
        shapes.append(z.shape)
        return numpy.tanh(z)

    theta = [Parameters(np.eye(2), np.zeros((2, 1)), dataclasses.replace(tanh, array=on_array))]
    X = np.array([[0.5, -1.0, 2.0], [0.0, 1.0, 3.0]])
    np.testing.assert_array_equal(forward_propagation(theta, X).a[-1], np.tanh(X))
    assert shapes == [(2, 3)]


@pytest.mark.filterwarnings("ignore:a Value became the plain number")  # this warning comes, too
def test_an_activation_that_does_not_return_a_value_is_refused():
    theta = [Parameters(Matrix([[1.0]]), Matrix([[0.0]]), math.tanh)]
    forward = forward_propagation(theta, Matrix([[0.5]]))
    with pytest.raises(TypeError, match="tanh must return a Value, not 0"):
        back_propagation(theta, forward, Matrix([[1.0]]))


@pytest.mark.parametrize("make", [Matrix, np.array])
@pytest.mark.parametrize(
    ("loss", "a", "y", "dA"),
    [
        (losses.binary_cross_entropy, [[0.0, 1.0, 0.5]], [[0, 1, 1]], [[1 / 3, -1 / 3, -2 / 3]]),
        (losses.negative_log_likelihood, [[1.0], [0.0]], [[1], [0]], [[-1.0], [0.0]]),
    ],
)
def test_a_certain_and_right_prediction_has_a_gradient(loss, a, y, dA, make):
    np.testing.assert_allclose(np.array(loss_gradient(loss, make(a), make(y))), dA, rtol=1e-15)
    with pytest.raises(ValueError, match="gives probability 0 to the true class, so the"):
        loss_gradient(loss, make(a), 1 - make(y))


@pytest.mark.parametrize(
    ("loss", "sizes", "output", "target"),
    [
        (losses.binary_cross_entropy, [1], "sigmoid", 1),
        (losses.negative_log_likelihood, [2], "softmax", 0),
    ],
)
def test_a_network_that_is_certain_and_right_has_gradients_of_0(loss, sizes, output, target):
    mlp = MLP(1, sizes, output_activation=output, seed=0)
    mlp.layers[0].W = [[1000.0], [-1000.0]][: sizes[0]]
    comparison = compare(mlp, [([1.0], target)], loss)
    assert comparison
    assert all(x == 0 for row in comparison.rows[2:] for [x] in row.equations)


@pytest.mark.parametrize("make", [Matrix, np.array])
@pytest.mark.parametrize("loss", OUTPUTS)
def test_targets_are_in_the_shape_of_the_outputs(loss, make):
    outputs, targets = make([[0.5, 0.25, 0.25]]), make([[0.0], [1.0], [0.0]])
    with pytest.raises(ValueError, match="the outputs are 1×3, but the targets are 3×1"):
        loss_gradient(loss, outputs, targets)


def test_the_gradient_of_an_unknown_loss_is_refused():
    with pytest.raises(TypeError, match="the derivative of leaky_relu"):
        loss_gradient(leaky_relu, Matrix([[1.0]]), Matrix([[1.0]]))


# --- matrices ------------------------------------------------------------------------------------

shapes = st.integers(1, 4)


def matrices(height, width):
    row = st.lists(numbers(), min_size=width, max_size=width)
    return st.lists(row, min_size=height, max_size=height)


@given(st.data(), shapes, shapes, shapes)
def test_matrices_do_what_numpy_does(drawn, n, k, m):
    x, y = drawn.draw(matrices(n, k)), drawn.draw(matrices(k, m))
    np.testing.assert_allclose((Matrix(x) @ Matrix(y)).rows, np.array(x) @ np.array(y), atol=1e-13)
    assert Matrix(x).T.rows == np.array(x).T.tolist()
    column, row = drawn.draw(matrices(n, 1)), drawn.draw(matrices(1, k))
    for other in (x, column, row, 2.0):
        ours = other if isinstance(other, float) else Matrix(other)
        for operation in ("__add__", "__radd__", "__sub__", "__rsub__", "__mul__", "__rmul__"):
            expected = getattr(np.array(x), operation)(np.array(other))
            assert getattr(Matrix(x), operation)(ours).rows == expected.tolist()
    assert (Matrix(x) / 3).rows == (np.array(x) / 3).tolist()
    np.testing.assert_allclose((Matrix(x) ** 2).rows, np.array(x) ** 2, rtol=1e-15)
    assert (1 / (Matrix(x) * x + 1)).rows == (1 / (np.array(x) * x + 1)).tolist()
    assert np.array(Matrix(x)).tolist() == x
    assert Matrix(x)[0][0] == x[0][0]
    for axis in (0, 1):
        np.testing.assert_allclose(
            Matrix(x).sum(axis=axis, keepdims=True).rows,
            np.array(x).sum(axis=axis, keepdims=True),
            atol=1e-14,
        )


@pytest.mark.parametrize("rows", [[], [[]], [[1, 2], [3]]])
def test_rows_that_are_not_a_matrix_are_refused(rows):
    with pytest.raises(ValueError, match="needs rows of the same length"):
        Matrix(rows)


@pytest.mark.parametrize("rows", [2.0, "ab", {1: 2}, np.array(2.0), [1, 2], ["ab"]])
def test_a_matrix_needs_a_list_of_lists(rows):
    with pytest.raises(TypeError, match="expected a list of rows of numbers"):
        Matrix(rows)


def test_shapes_that_do_not_fit_together_are_refused():
    x, y = Matrix([[1, 2, 3], [4, 5, 6]]), Matrix([[1, 2], [3, 4]])
    with pytest.raises(ValueError, match="the shapes 2×3 and 2×2 have no product"):
        x @ y
    with pytest.raises(ValueError, match="cannot be repeated"):
        x + y


def test_the_other_operand_may_be_a_list_of_rows_or_an_array():
    x, y = Matrix([[1.0, 2.0], [3.0, 4.0]]), [[5.0, 6.0], [7.0, 8.0]]
    for other in (y, np.array(y), tuple(map(tuple, y))):
        assert x + other == other + x == Matrix([[6, 8], [10, 12]])
        assert x - other == -(other - x) == Matrix([[-4, -4], [-4, -4]])
        assert x * other == other * x == Matrix([[5, 12], [21, 32]])
        assert x / other == Matrix([[1 / 5, 2 / 6], [3 / 7, 4 / 8]])
        assert other / x == Matrix([[5, 3], [7 / 3, 2]])
        assert x @ other == Matrix([[19, 22], [43, 50]])
        assert other @ x == Matrix([[23, 34], [31, 46]])
    assert np.float64(2) * x == x * Fraction(2) == Matrix([[2, 4], [6, 8]])


@pytest.mark.parametrize("foreign", ["ab", None, 1j, [1, 2], object(), np.ones(2), np.array(1.0)])
@pytest.mark.parametrize("f", [operator.add, operator.sub, operator.mul, operator.matmul])
def test_an_operand_that_is_not_a_matrix_is_refused(f, foreign):
    x = Matrix([[1, 2], [3, 4]])
    with pytest.raises(TypeError):
        f(x, foreign)
    with pytest.raises(TypeError):
        f(foreign, x)


def test_matrices_are_equal_if_their_rows_are():
    x = Matrix([[1, 2]])
    assert x == Matrix([[1.0, 2.0]])
    assert x != Matrix([[1], [2]])
    assert x != [[1, 2]]
    with pytest.raises(TypeError, match="unhashable"):
        hash(x)
