import copy
import pickle
import sys
from itertools import pairwise

import pytest

from tinygrad_edu import Constant, Value, grad, logsumexp, total, weighted_sum
from tinygrad_edu.engine import ancestors

PICKLED = [
    lambda v, protocol=protocol: pickle.loads(pickle.dumps(v, protocol))
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
]
copies = pytest.mark.parametrize(
    "copied",
    [copy.deepcopy, *PICKLED, lambda v: pickle.loads(pickle._dumps(v))],
    ids=["deepcopy", *[f"protocol{i}" for i in range(len(PICKLED))], "python"],
)


def graph():
    x, w, b = Constant(0.5, label="x"), Value(-1.5, label="w"), Value(0.25, label="b")
    z = weighted_sum([w, w], [x, 2.0], b)
    y = logsumexp([z.tanh(), z * z, w**2]) - z / 3
    y.label = "loss"
    y.backward()
    return y, w


def facts(root):
    """All there is to know of a graph."""
    nodes = ancestors(root)
    place = {node: i for i, node in enumerate(nodes)}
    return [
        (
            type(node), node.data, node.grad, node.label, node.op, node.partials,
            [place.get(arg, (type(arg), float(arg))) for arg in node.args],
        )
        for node in nodes
    ]  # fmt: skip


@copies
def test_a_copy_is_the_same_graph_of_other_nodes(copied):
    y, _ = graph()
    twin = copied(y)
    assert facts(twin) == facts(y)
    assert not set(ancestors(twin)) & set(ancestors(y))


@copies
def test_a_copy_has_gradients_of_its_own(copied):
    y, w = graph()
    before = w.grad
    twin = copied(y)
    twin.backward()
    assert w.grad == before
    nodes = ancestors(twin)
    assert next(node for node in nodes if node.label == "w").grad == 2 * before


@copies
def test_a_copy_can_be_differentiated_twice(copied):
    y, w = graph()
    twin = copied(y)
    v = next(node for node in ancestors(twin) if node.label == "w")
    second = grad(grad(y, w, differentiable=True), w)
    assert grad(grad(twin, v, differentiable=True), v) == second


@copies
def test_what_values_share_stays_shared(copied):
    x = Value(2.0)
    z = x * x
    y1, y2, held = copied([z + 1, z.exp(), {"x": x, "z": z}])
    assert y1.args[0] is y2.args[0] is held["z"]
    assert held["z"].args == (held["x"], held["x"])


@copies
def test_a_value_that_was_given_is_copied(copied):
    v = Value(2.0, label="v")
    v.grad = 3.0
    twin = copied(v)
    assert twin is not v
    assert (twin.data, twin.grad, twin.label, twin.op, twin.args) == (2.0, 3.0, "v", None, ())
    constant = copied(Constant(2.0, label="x"))
    assert (type(constant), constant.data, constant.label) == (Constant, 2.0, "x")


def test_a_shallow_copy_shares_what_is_behind():
    y, w = graph()
    twin = copy.copy(y)
    assert twin is not y
    assert twin.args == y.args
    assert (twin.data, twin.label, twin.op) == (y.data, "loss", y.op)
    assert grad(twin, w) == grad(y, w)


def deep_chain():
    y = Value(1.0)
    for _ in range(3000):
        y = y + 1
    return y


def deep_sums():
    y = Value(1.0)
    for _ in range(3000):
        y = total([y, 1.0])
    return y


def deep_squares():
    y = Value(1.0)
    for _ in range(3000):
        y = y * y
    return y


@copies
@pytest.mark.parametrize("build", [deep_chain, deep_sums, deep_squares])
def test_depth_is_no_limit(copied, build):
    y = build()
    assert sys.getrecursionlimit() <= 1000
    twin = copied([y, y * 2])[1]
    assert len(ancestors(twin)) == 3002


def test_an_operation_is_not_copied():
    y, _ = graph()
    assert copy.deepcopy(y.op) is y.op


@pytest.mark.parametrize("dumps", [pickle.dumps, pickle._dumps])
def test_after_a_pickle_that_failed_others_work(dumps):
    y = deep_chain()
    leaf = ancestors(y)[-1]
    leaf.label = lambda: "cannot be pickled"
    with pytest.raises((AttributeError, pickle.PicklingError)) as failure:
        dumps(y)
    leaf.label = "x"
    assert facts(pickle.loads(dumps(y))) == facts(y)
    assert failure


class Archive:
    """What pickles a graph of its own while it is pickled."""

    def __reduce__(self):
        return len, (pickle.dumps(deep_chain()),)


@pytest.mark.parametrize("dumps", [pickle.dumps, pickle._dumps])
def test_a_graph_is_pickled_while_another_is(dumps):
    y = deep_chain()
    ancestors(y)[-1].label = Archive()
    assert ancestors(pickle.loads(dumps(y)))[-1].label > 3000


def test_nodes_of_one_chain_in_a_list_are_copied_together():
    y = Value(1.0)
    nodes = [y := y * 1.001 for _ in range(500)]
    for twins in (copy.deepcopy(nodes), pickle.loads(pickle.dumps(nodes))):
        assert all(b.args[0] is a for a, b in pairwise(twins))
