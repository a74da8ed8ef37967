"""Networks converted to PyTorch, and back."""

import copy
import math
import pickle
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import Constant, Value, half_squared_error, maximum, sin, table
from tinygrad_edu.nn import MLP
from tinygrad_edu.nn.activations import ACTIVATIONS, acts_on_layer, linear, threshold
from tinygrad_edu.table import leaky_relu, relu, sigmoid, softmax, softplus

torch = pytest.importorskip("torch")

from tinygrad_edu.interop import from_torch, to_torch  # noqa: E402 - they need torch
from tinygrad_edu.interop.networks import Carried  # noqa: E402 - torch may be missing

nn = torch.nn


def swish(z):
    return z * sigmoid(z)


def by_method(z):
    return z.tanh() ** 2 + abs(z) / 2


OWN = {
    "linear with settings": partial(linear, alpha=-2.0, beta=0.5),
    "threshold with a setting": partial(threshold, k=0.5),
    "leaky relu with a setting": partial(leaky_relu, alpha=0.2),
    "leaky relu with a setting by position": partial(leaky_relu, alpha=0.3),
    "swish": swish,
    "methods": by_method,
    "larger of two": partial(maximum, -0.1),
}
EVERY = {**ACTIVATIONS, **OWN}
every_activation = pytest.mark.parametrize("activation", EVERY.values(), ids=EVERY)
ALPHA = Value(0.1)
INPUTS = [[0.5, -1.0], [2.0, 3.0], [-1.5, 0.25]]
# Sums of up to four products of numbers up to 10 are added in another order: a few roundings.
NEAR = {"rel": 1e-12, "abs": 1e-12}


def network(activation, output="identity"):
    return MLP(2, [4, 3, 2], activation, output, seed=1)


def in_rows(rows, **settings):
    return torch.tensor(rows, dtype=torch.float64, **settings)


def gradients_here(mlp, rows):
    """The gradients with respect to parameters, in the order of torch, and to inputs."""
    xs = [[Value(x) for x in row] for row in rows]
    outputs = [mlp(row) for row in xs]
    sum(half_squared_error(output, [0.5, -0.5]) for output in outputs).backward()
    found = []
    for layer in mlp.layers:
        found += [w.grad for neuron in layer.neurons for w in neuron.w]
        found += [neuron.b.grad for neuron in layer.neurons]
    numbers = [[y.data for y in output] for output in outputs]
    return numbers, found, [[x.grad for x in row] for row in xs]


def gradients_there(model, rows):
    xs = in_rows(rows, requires_grad=True)
    outputs = model(xs)
    (((outputs - in_rows([0.5, -0.5])) ** 2).sum() / 2).backward()
    found = [x for p in model.parameters() for x in p.grad.flatten().tolist()]
    return outputs.tolist(), found, xs.grad.tolist()


def flat(rows):
    return [x for row in rows for x in row]


def assert_same(mlp, model, rows):
    ours, theirs = gradients_here(mlp, rows), gradients_there(model, rows)
    assert flat(theirs[0]) == pytest.approx(flat(ours[0]), **NEAR)
    assert theirs[1] == pytest.approx(ours[1], **NEAR)
    assert flat(theirs[2]) == pytest.approx(flat(ours[2]), **NEAR)


@every_activation
def test_outputs_and_gradients_are_the_same_for_every_hidden_activation(activation):
    assert_same(mlp := network(activation), to_torch(mlp), INPUTS)


@every_activation
def test_outputs_and_gradients_are_the_same_for_every_output_activation(activation):
    assert_same(mlp := network("tanh", activation), to_torch(mlp), INPUTS)


@every_activation
def test_at_kinks_gradients_are_those_of_the_table(activation):
    # With all weights 1 and all inputs 0, the network is at the kink of its first layer.
    mlp = network(activation)
    for layer in mlp.layers:
        layer.W = [[1.0] * layer.n_inputs for _ in layer.neurons]
    model = to_torch(mlp)
    assert_same(mlp, model, [[0.0, 0.0]])


@given(st.lists(st.lists(st.floats(-100, 100), min_size=2, max_size=2), min_size=1, max_size=3))
def test_outputs_and_gradients_are_the_same_for_large_inputs(rows):
    for activation in (softplus, sigmoid, relu):
        mlp = MLP(2, [3, 2], activation, softmax, seed=2)
        assert_same(mlp, to_torch(mlp), rows)


@every_activation
def test_round_trips_are_exact(activation):
    for mlp in (network(activation), network("tanh", activation)):
        back = from_torch(to_torch(mlp))
        assert repr(back) == repr(mlp)
        assert list(back.state_dict().items()) == list(mlp.state_dict().items())
        assert [p.label for p in back.parameters()] == [p.label for p in mlp.parameters()]


def test_an_activation_that_torch_has_becomes_its_module():
    kinds = {name: type(to_torch(MLP(1, [2, 2], "tanh", g))[-1]) for name, g in ACTIVATIONS.items()}
    assert kinds == {
        "identity": nn.Linear,
        "linear": Carried,
        "step": Carried,
        "threshold": Carried,
        "sigmoid": nn.Sigmoid,
        "tanh": nn.Tanh,
        "relu": nn.ReLU,
        "leaky_relu": nn.LeakyReLU,
        "softplus": nn.Softplus,
        "softmax": nn.Softmax,
    }


def test_softplus_loses_nothing_above_the_threshold_of_torch():
    mlp = MLP(1, [1], output_activation="softplus")
    mlp.layers[0].W = [[1.0]]
    found = to_torch(mlp)(in_rows([[20.5], [39.9], [40.1], [800.0], [-800.0]])).flatten().tolist()
    expected = [mlp([x]).data for x in (20.5, 39.9, 40.1, 800.0, -800.0)]
    assert found == pytest.approx(expected, rel=1e-15)
    assert found[0] > 20.5 + 1e-9


def test_parameters_come_layer_by_layer_as_the_matrices_here():
    mlp = network("tanh")
    parameters = [p.tolist() for p in to_torch(mlp).parameters()]
    assert parameters == [m for layer in mlp.layers for m in (layer.W, layer.b)]
    assert all(p.dtype is torch.float64 for p in to_torch(mlp).parameters())


def test_networks_with_a_single_output_give_rows_of_one():
    mlp = MLP(2, [3, 1])
    assert to_torch(mlp)(in_rows(INPUTS)).tolist() == [
        [pytest.approx(mlp(x).data, **NEAR)] for x in INPUTS
    ]


def test_training_in_torch_comes_back_into_an_existing_network():
    mlp = network("tanh")
    before, optimiser_sees = mlp.state_dict(), mlp.parameters()
    model = to_torch(mlp)
    with torch.no_grad():
        for p in model.parameters():
            p.add_(1.0)
    assert mlp.state_dict() == before  # two networks, not two views of one
    mlp.load_state_dict(from_torch(model).state_dict())
    assert [p.data for p in optimiser_sees] == [x + 1.0 for x in before.values()]


# --- constants ------------------------------------------------------------------------------------


def test_a_layer_without_bias_has_constant_zeros_here_and_no_bias_in_torch():
    mlp = from_torch(nn.Sequential(nn.Linear(2, 3, bias=False), nn.Tanh(), nn.Linear(3, 1)))
    assert len(mlp.parameters()) == 2 * 3 + 3 + 1
    assert all(type(n.b) is Constant and n.b.data == 0.0 for n in mlp.layers[0].neurons)
    again = to_torch(mlp)
    assert again[0].bias is None
    assert again[2].bias is not None


def test_a_frozen_layer_stays_frozen_both_ways():
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    model[0].requires_grad_(False)  # noqa: FBT003 - torch's own API
    mlp = from_torch(model)
    assert len(mlp.parameters()) == 3 + 1
    assert [p.requires_grad for p in to_torch(mlp).parameters()] == [False, False, True, True]


def test_a_frozen_network_has_nothing_to_train():
    model = to_torch(network("tanh").frozen())
    assert not any(p.requires_grad for p in model.parameters())
    expected = network("tanh").frozen()(INPUTS[0])
    assert model(in_rows(INPUTS))[0].tolist() == pytest.approx(expected, **NEAR)


# --- what cannot be converted ---------------------------------------------------------------------


def test_only_an_mlp_can_be_converted():
    with pytest.raises(TypeError, match=r"to_torch: expected an MLP, got 'mlp' \(str\)"):
        to_torch("mlp")


def test_a_parameter_in_two_places_is_refused():
    mlp = network("tanh")
    first, second = mlp.layers[0].neurons[:2]
    second.w = first.w
    with pytest.raises(ValueError, match="w₁₁⁽¹⁾ and w₂₁⁽¹⁾ are one parameter"):
        to_torch(mlp)


def test_a_layer_with_some_constant_weights_is_refused():
    mlp = network("tanh")
    neuron = mlp.layers[1].neurons[0]
    neuron.w = [Constant(w.data) for w in neuron.w]
    with pytest.raises(ValueError, match="to_torch: layer 2: some of its weights or biases are"):
        to_torch(mlp)


def test_neurons_of_one_layer_with_different_activations_are_refused():
    mlp = network("tanh")
    mlp.layers[0].neurons[2].activation = "relu"
    with pytest.raises(ValueError, match=r"layer 1 has .*: tanh and Neuron\(2, 'relu'\)"):
        to_torch(mlp)


@pytest.mark.parametrize(
    ("activation", "problem"),
    [
        (lambda z: z if z > 0 else 0.1 * z, "Boolean value"),
        (lambda z: 1 / (1 + math.exp(-z)), "scalar|only one element"),
        (lambda z: 1.0, "returns 1.0"),
        (lambda z: z.softmax_of_the_future(), "softmax_of_the_future"),
        (lambda z: sin(z).sum(), "returns"),
        (lambda z: maximum(z, ALPHA * z), "Value"),
    ],
)
def test_an_activation_that_torch_cannot_compute_is_named(activation, problem):
    mlp = MLP(1, [2], output_activation=activation)
    with pytest.raises(NotImplementedError, match=f"the activation <lambda> .*{problem}"):
        to_torch(mlp)


# --- what can and cannot be converted back --------------------------------------------------------


def test_models_built_in_torch_can_be_converted():
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Sequential(nn.Linear(2, 3), nn.Identity(), nn.LeakyReLU(0.2)),
        nn.Identity(),
        nn.Linear(3, 4),
        nn.Softplus(),
        nn.Linear(4, 2),
        nn.Softmax(dim=1),
    )
    mlp = from_torch(model)  # single precision: outputs agree to its 1e-7
    assert model[0][0].weight.tolist() == mlp.layers[0].W
    found = [y.data for y in mlp(INPUTS[0])]
    assert found == pytest.approx(model(torch.tensor(INPUTS[0])[None])[0].tolist(), rel=1e-5)
    assert_same(mlp, model.double(), INPUTS)


def test_a_single_linear_layer_can_be_converted():
    assert repr(from_torch(nn.Linear(2, 3))) == "MLP(2, [3], 'identity', 'identity')"


WRONG = {
    "no module": ([1], TypeError, r"expected a torch.nn.Sequential, got \[1\]"),
    "nothing": (nn.Sequential(), ValueError, "contains no Linear"),
    "GELU": (
        nn.Sequential(nn.Linear(1, 2), nn.GELU()),
        TypeError,
        r"module 1, GELU\(approximate='none'\), has no counterpart",
    ),
    "dropout, inside": (
        nn.Sequential(nn.Linear(1, 2), nn.Sequential(nn.Tanh(), nn.Dropout(0.1))),
        TypeError,
        r"module 1.1, Dropout\(p=0.1",
    ),
    "a relu of another kind": (
        nn.Sequential(nn.Linear(1, 2), nn.ReLU6()),
        TypeError,
        "module 1, ReLU6",
    ),
    "softplus of another kind": (
        nn.Sequential(nn.Linear(1, 2), nn.Softplus(beta=2.0)),
        ValueError,
        r"module 1, Softplus\(beta=2.0.*beta=1",
    ),
    "softplus with a low threshold": (
        nn.Sequential(nn.Linear(1, 2), nn.Softplus(threshold=1.0)),
        ValueError,
        "module 1, Softplus",
    ),
    "softmax over the examples": (
        nn.Sequential(nn.Linear(1, 2), nn.Softmax(dim=0)),
        ValueError,
        r"module 1, Softmax\(dim=0\), must be over the outputs",
    ),
    "softmax of one": (
        nn.Sequential(nn.Linear(1, 1), nn.Softmax(dim=-1)),
        ValueError,
        r"module 1, Softmax\(dim=-1\), of one output",
    ),
    "an activation first": (
        nn.Sequential(nn.Tanh(), nn.Linear(1, 1)),
        ValueError,
        r"module 0, Tanh\(\), does not follow a Linear",
    ),
    "two activations": (
        nn.Sequential(nn.Linear(1, 1), nn.Tanh(), nn.ReLU()),
        ValueError,
        r"module 2, ReLU\(\), does not follow a Linear",
    ),
    "layers that do not fit": (
        nn.Sequential(nn.Linear(1, 2), nn.Linear(3, 1)),
        ValueError,
        "module 1, Linear.* must have 2 inputs",
    ),
    "one layer twice": (
        nn.Sequential(twice := nn.Linear(2, 2), nn.Tanh(), twice),
        ValueError,
        "module 2, Linear.* shares parameters",
    ),
}


@pytest.mark.parametrize(("module", "error", "problem"), WRONG.values(), ids=WRONG)
def test_a_module_without_counterpart_is_named(module, error, problem):
    with pytest.raises(error, match=f"from_torch: .*{problem}"):
        from_torch(module)


def test_a_model_is_copied_and_pickled_with_its_wrapped_activations():
    model = to_torch(MLP(2, [3, 2], "step", partial(linear, alpha=2.0)))
    for again in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert again(in_rows(INPUTS)).tolist() == model(in_rows(INPUTS)).tolist()


def test_every_named_activation_has_been_tried():
    # This fails if an activation is added to the table and forgotten here.
    assert set(EVERY) >= set(ACTIVATIONS)
    assert [g for g in EVERY.values() if acts_on_layer(g)] == [table.softmax]


class Doubled(MLP):
    """A network with a ``forward`` of its own."""

    def forward(self, xs):
        return [2 * a for a in super().forward(xs)]


class Named(MLP):
    """A network with a new method that changes no output."""

    title = "moons"


def test_a_network_with_a_forward_of_its_own_is_refused():
    with pytest.raises(ValueError, match=r"Doubled\(2, \[1\], .* has its own __call__ or forward"):
        to_torch(Doubled(2, [1]))
    assert len(to_torch(Named(2, [1]))) == 1


def test_a_converted_network_prints_all_of_its_activations():
    module = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 1))
    mlp = from_torch(module)
    assert repr(mlp) == "MLP(2, [3, 3, 1], ['relu', 'tanh'], 'identity')"
    assert repr(from_torch(to_torch(mlp))) == repr(mlp)


def test_a_layer_without_biases_comes_back_and_its_zeros_go_into_another_network():
    module = nn.Sequential(nn.Linear(2, 2, bias=False, dtype=torch.float64))
    mlp = MLP(2, [2], initialisation="lecture")
    mlp.load_state_dict(from_torch(module).state_dict())
    assert mlp.layers[0].b == [0, 0]
