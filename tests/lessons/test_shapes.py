"""The 3-4-3-1 network of lecture A: its shapes, its parameters, and examples as columns."""

import pytest

from tinygrad_edu.lessons.shapes import FIVE_INPUTS, by_theta, network, report, shape_text
from tinygrad_edu.nn.equations import forward_propagation, parameters_of
from tinygrad_edu.nn.matrix import Matrix

X = Matrix(FIVE_INPUTS).T


@pytest.fixture
def mlp():
    return network()


@pytest.fixture
def batch(mlp):
    return forward_propagation(parameters_of(mlp), X)


def test_weights_have_a_row_for_each_neuron_and_a_column_for_each_input(mlp):
    theta = parameters_of(mlp)
    assert [shape_text(W) for W, _, _ in theta] == ["4 × 3", "3 × 4", "1 × 3"]
    assert [shape_text(b) for _, b, _ in theta] == ["4 × 1", "3 × 1", "1 × 1"]


def test_the_35_parameters_are_16_and_15_and_4(mlp):
    assert [len(layer.parameters()) for layer in mlp.layers] == [16, 15, 4]
    assert len(mlp.parameters()) == sum(m * (k + 1) for k, m in [(3, 4), (4, 3), (3, 1)]) == 35


def test_the_columns_of_a_batch_are_the_single_results_side_by_side(mlp, batch):
    for column, x in enumerate(FIVE_INPUTS):
        mlp(x)
        for layer, z, a in zip(mlp.layers, batch.z, batch.a[1:], strict=True):
            # a few terms of size 1, each rounded
            assert z.T[column] == pytest.approx([v.data for v in layer.z], abs=1e-15)
            assert a.T[column] == pytest.approx([v.data for v in layer.a], abs=1e-15)


@pytest.mark.parametrize("n", [1, 5])
def test_a_batch_keeps_the_rows_and_has_a_column_for_each_example(mlp, n):
    batch = forward_propagation(parameters_of(mlp), Matrix(FIVE_INPUTS[:n]).T)
    sizes = [(shape_text(z), shape_text(a)) for z, a in zip(batch.z, batch.a[1:], strict=True)]
    assert sizes == [(f"{m} × {n}",) * 2 for m in (4, 3, 1)]


def test_numpy_agrees_at_once(mlp, batch):
    numpy = pytest.importorskip("numpy")
    a = numpy.array(X)
    for layer, z_of_lists, a_of_lists in zip(mlp.layers, batch.z, batch.a[1:], strict=True):
        z = numpy.array(layer.W) @ a + numpy.array(layer.b)[:, None]
        numpy.testing.assert_allclose(numpy.array(z_of_lists), z, atol=1e-15)
        a = numpy.array(a_of_lists)
    numpy.testing.assert_allclose(mlp.frozen()(list(numpy.array(X))), a[0], atol=1e-15)


def test_the_bias_as_column_0_gives_the_same_z(mlp, batch):
    for layer, a, z in zip(mlp.layers, batch.a[:-1], batch.z, strict=True):
        assert shape_text(Matrix(layer.theta)) == f"{len(layer.neurons)} × {layer.n_inputs + 1}"
        for row, same in zip(by_theta(layer, a), z, strict=True):
            assert row == pytest.approx(same, abs=1e-15)


def test_matrices_whose_shapes_do_not_fit_are_refused(mlp):
    with pytest.raises(ValueError, match="the shapes 4×4 and 3×1 have no product"):
        by_theta(mlp.layers[0], Matrix([[1.0], [2.0]]))


def test_the_report_shows_shapes_counts_and_equal_outputs():
    text = report()
    assert "4 · 3 + 4 = 16" in text
    assert "16 + 15 + 4 = 35" in text
    assert "    4 × 5 = (4 × 3)(3 × 5) + (4 × 1)\n" in text
    at_once, single = (
        line.partition(":")[2].strip()
        for line in text.splitlines()
        if "at once:" in line or "other:" in line
    )
    assert at_once == single
    z = [line for line in text.splitlines() if "z⁽¹⁾ = " in line]
    assert z[1] == f"{z[0]}, as above"
