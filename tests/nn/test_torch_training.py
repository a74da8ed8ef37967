"""Training compared with PyTorch in double precision: the same losses and parameters throughout."""

import itertools

import pytest

from tinygrad_edu.nn import MLP, SGD, Adam, fit
from tinygrad_edu.nn.data import blobs, moons
from tinygrad_edu.nn.losses import binary_cross_entropy, cross_entropy, mse
from tinygrad_edu.nn.optimisers import cosine_decay

torch = pytest.importorskip("torch")

STEPS = 50
# Both round each of some thousand operations of a step by 1e-16 of it, in different orders. What
# that makes in 50 steps, while the steps neither diverge nor jump at a kink, stays far below.
NEAR = {"rel": 1e-9, "abs": 1e-9}

OPTIMISERS = {
    "gradient descent": (SGD, torch.optim.SGD, {"lr": 0.5}),
    "momentum": (SGD, torch.optim.SGD, {"lr": 0.1, "momentum": 0.9}),
    "weight decay": (SGD, torch.optim.SGD, {"lr": 0.5, "weight_decay": 0.01}),
    "both": (SGD, torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}),
    "Adam": (Adam, torch.optim.Adam, {"lr": 0.05}),
    "Adam with weight decay": (Adam, torch.optim.Adam, {"lr": 0.05, "weight_decay": 0.01}),
    "Adam of other means": (
        Adam,
        torch.optim.Adam,
        {"lr": 0.05, "betas": (0.8, 0.9), "eps": 1e-3},
    ),
}


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """With so few numbers, starting threads takes longer than computing."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def in_torch(mlp, hidden, output=()):
    """The same network with the same parameters."""
    modules = []
    for layer in mlp.layers:
        linear = torch.nn.Linear(layer.n_inputs, len(layer.neurons), dtype=torch.float64)
        with torch.no_grad():
            linear.weight.copy_(torch.tensor(layer.W, dtype=torch.float64))
            linear.bias.copy_(torch.tensor(layer.b, dtype=torch.float64))
        modules += [linear, hidden()]
    return torch.nn.Sequential(*modules[:-1], *output)


def numbers(theirs):
    """The parameters in our order: neuron by neuron, weights, then bias."""
    return [
        x
        for linear in theirs
        if isinstance(linear, torch.nn.Linear)
        for w, b in zip(linear.weight.tolist(), linear.bias.tolist(), strict=True)
        for x in [*w, b]
    ]


def assert_same_training(pair, optimisers, examples, losses, **settings):
    """Train both on the batches that our training draws; compare all losses and parameters."""
    (ours, theirs), (loss, their_loss) = pair, losses
    kind, their_kind, options = optimisers
    drawn, before = [], [p.data for p in ours.parameters()]
    history = fit(
        lambda x: drawn.append(x) or ours(x),
        examples,
        loss,
        kind(ours.parameters(), **options),
        **settings,
    )
    optimiser = their_kind(theirs.parameters(), **options)
    target, at = dict(examples), iter(drawn)
    for iteration in history.iterations:
        batch = list(itertools.islice(at, iteration.size))
        optimiser.zero_grad()
        outputs = theirs(torch.tensor(batch, dtype=torch.float64))
        cost = their_loss(outputs, torch.tensor([target[x] for x in batch]))
        cost.backward()
        optimiser.step()
        assert iteration.loss == pytest.approx(cost.item(), **NEAR)
    assert next(at, None) is None
    after = [p.data for p in ours.parameters()]
    assert after == pytest.approx(numbers(theirs), **NEAR)
    assert max(abs(a - b) for a, b in zip(after, before, strict=True)) > 0.1  # it did go somewhere


def probability(outputs, targets):
    return torch.nn.functional.binary_cross_entropy(outputs[:, 0], targets.double())


def squared(outputs, targets):
    return torch.nn.functional.mse_loss(outputs[:, 0], targets.double())


def pair_for_moons():
    mlp = MLP(2, [4, 1], "tanh", "sigmoid", seed=1)
    return mlp, in_torch(mlp, torch.nn.Tanh, [torch.nn.Sigmoid()])


@pytest.mark.parametrize("optimisers", OPTIMISERS.values(), ids=OPTIMISERS)
def test_full_batches_of_moons(optimisers):
    losses = binary_cross_entropy, probability
    assert_same_training(pair_for_moons(), optimisers, moons(30), losses, epochs=STEPS)


@pytest.mark.parametrize("name", ["both", "Adam"])
@pytest.mark.parametrize("size", [1, 16])
def test_smaller_batches_of_moons(name, size):
    losses = binary_cross_entropy, probability
    pair, examples = pair_for_moons(), moons(30)  # of 16: the last batch has 14
    assert_same_training(pair, OPTIMISERS[name], examples, losses, epochs=3, batch_size=size)


def test_squared_error_and_two_hidden_layers_of_softplus():
    mlp = MLP(2, [4, 3, 1], "softplus", seed=2)
    pair = mlp, in_torch(mlp, torch.nn.Softplus)
    assert_same_training(
        pair, OPTIMISERS["momentum"], moons(20), (mse, squared), epochs=STEPS, batch_size=10
    )


@pytest.mark.parametrize("name", ["gradient descent", "Adam"])
def test_cross_entropy_on_three_blobs(name):
    centres = ((0.0, 0.0), (2.0, 0.0), (0.0, 2.0))
    mlp = MLP(2, [5, 3], "tanh", seed=3)
    pair = mlp, in_torch(mlp, torch.nn.Tanh)
    losses = cross_entropy, torch.nn.functional.cross_entropy
    assert_same_training(pair, OPTIMISERS[name], blobs(30, centres), losses, epochs=STEPS)


def test_the_cosine_is_that_of_torch():
    w = torch.zeros(1, requires_grad=True)
    optimiser = torch.optim.SGD([w], lr=0.5)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=20, eta_min=0.1)
    ours = cosine_decay(0.5, 20, final=0.1)
    for k in range(21):
        # PyTorch computes it recursively, with one or two roundings per step of a rate up to 0.5.
        assert ours(k) == pytest.approx(scheduler.get_last_lr()[0], rel=0, abs=1e-14)
        optimiser.step()
        scheduler.step()
