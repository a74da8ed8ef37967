"""The 3-4-3-1 network of lecture A: its shapes, its parameters, and examples as columns."""

import pytest

from tinygrad_edu.examples.shapes import (
    EXAMPLES,
    affine,
    by_theta,
    forward,
    network,
    report,
    shape,
    transposed,
)


@pytest.fixture
def mlp():
    return network()


def test_weights_have_a_row_for_each_neuron_and_a_column_for_each_input(mlp):
    assert [shape(layer.W) for layer in mlp.layers] == ["4 × 3", "3 × 4", "1 × 3"]
    assert [len(layer.b) for layer in mlp.layers] == [4, 3, 1]


def test_35_parameters_are_16_and_15_and_4(mlp):
    assert [len(layer.parameters()) for layer in mlp.layers] == [16, 15, 4]
    assert len(mlp.parameters()) == sum(m * (k + 1) for k, m in [(3, 4), (4, 3), (3, 1)]) == 35


def test_the_columns_of_a_batch_are_the_single_results_side_by_side(mlp):
    batch = forward(mlp, transposed(EXAMPLES))
    for column, x in enumerate(EXAMPLES):
        mlp(x)
        for layer, signals in zip(mlp.layers, batch, strict=True):
            for neuron, z, a in zip(layer.neurons, signals.z, signals.a, strict=True):
                assert z[column] == pytest.approx(neuron.z.data, abs=1e-15)
                assert a[column] == pytest.approx(neuron.a.data, abs=1e-15)


def test_a_batch_keeps_the_rows_and_has_a_column_for_each_example(mlp):
    for n in (1, 5):
        batch = forward(mlp, transposed(EXAMPLES[:n]))
        sizes = [(shape(z), shape(a)) for z, a in batch]
        assert sizes == [(f"{m} × {n}",) * 2 for m in (4, 3, 1)]


def test_numpy_agrees_at_once(mlp):
    numpy = pytest.importorskip("numpy")
    x = transposed(EXAMPLES)
    mine = forward(mlp, x)
    a = numpy.array(x)
    for layer, signals in zip(mlp.layers, mine, strict=True):
        z = numpy.array(layer.W) @ a + numpy.array(layer.b)[:, None]
        numpy.testing.assert_allclose(signals.z, z, atol=1e-15)
        a = numpy.array(signals.a)
    numpy.testing.assert_allclose(mlp.frozen()(list(numpy.array(x))), a[0], atol=1e-15)


def test_the_bias_as_column_0_gives_the_same_z(mlp):
    batch = forward(mlp, transposed(EXAMPLES))
    a = transposed(EXAMPLES)
    for layer, signals in zip(mlp.layers, batch, strict=True):
        assert shape(layer.theta) == f"{len(layer.neurons)} × {layer.n_inputs + 1}"
        for row, same in zip(by_theta(layer, a), signals.z, strict=True):
            assert row == pytest.approx(same, abs=1e-15)
        a = signals.a


def test_matrices_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="lists of 2 and 1 do not pair up"):
        affine([[1.0, 2.0]], [[1.0]], [0.0])


def test_the_report_shows_shapes_counts_and_equal_outputs():
    text = report()
    assert "4 · 3 + 4 = 16" in text
    assert "16 + 15 + 4 = 35" in text
    at_once, single = (
        line.partition(":")[2].strip()
        for line in text.splitlines()
        if "at once:" in line or "other:" in line
    )
    assert at_once == single
    z = [line for line in text.splitlines() if "z⁽¹⁾ = " in line]
    assert z[1] == f"{z[0]}, as above"
