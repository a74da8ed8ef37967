"""Engines that differentiate programs of scalars: the one of this package, and its peers.

An engine that is not installed is left out.
"""

import importlib
import math
from operator import attrgetter, methodcaller

from tinygrad_edu import Value

__all__ = ["OURS", "Microgpt", "Recorder", "engines"]


class Microgpt:
    """A scalar in the manner of the microgpt script: children and local gradients as tuples.

    It is written for this benchmark, as an example of a short engine with slots.
    """

    __slots__ = ("children", "data", "grad", "local_gradients")

    def __init__(self, data, children=(), local_gradients=()):
        self.data = data
        self.grad = 0.0
        self.children = children
        self.local_gradients = local_gradients

    def __add__(self, other):
        other = other if isinstance(other, Microgpt) else Microgpt(other)
        return Microgpt(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = other if isinstance(other, Microgpt) else Microgpt(other)
        return Microgpt(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, n):
        return Microgpt(self.data**n, (self,), (n * self.data ** (n - 1),))

    def exp(self):
        y = math.exp(self.data)
        return Microgpt(y, (self,), (y,))

    def log(self):
        return Microgpt(math.log(self.data), (self,), (1.0 / self.data,))

    def relu(self):
        return Microgpt(max(0.0, self.data), (self,), (float(self.data > 0),))

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + -other

    def __truediv__(self, other):
        return self * other**-1

    def __rsub__(self, other):
        return -self + other

    def __rtruediv__(self, other):
        return self**-1 * other

    __radd__, __rmul__ = __add__, __mul__

    def backward(self):
        order, visited = [], set()

        def visit(node):
            if node not in visited:
                visited.add(node)
                for child in node.children:
                    visit(child)
                order.append(node)

        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            for child, local_gradient in zip(node.children, node.local_gradients, strict=True):
                child.grad += local_gradient * node.grad


class Recorder:
    """An engine whose numbers remember how they were made."""

    relu, exp, log = map(methodcaller, ("relu", "exp", "log"))

    def __init__(self, name, make, arguments):
        self.name = name
        self.make = make
        self.arguments = arguments
        """A function that returns the Values that a node was computed from."""

    def leaves(self, numbers):
        """Return leaves with these numbers."""
        return [self.make(x) for x in numbers]

    def record(self, f, xs):
        """Return the result of a function, ready for the backward pass."""
        for x in xs:
            x.grad = 0.0
        return f(self, xs)

    def run(self, f, xs):
        """Compute a function and its gradient."""
        self.record(f, xs).backward()

    def gradient(self, f, xs):
        """Return the value and the gradient of a function."""
        y = self.record(f, xs)
        y.backward()
        return float(y.data), [float(x.grad) for x in xs]

    def count(self, y):
        """Return how many nodes the graph of a result has."""
        found, todo = {y}, [y]
        for node in todo:
            new = set(self.arguments(node)) - found
            found |= new
            todo += new
        return len(found)


OURS = Recorder("tinygrad_edu", Value, lambda node: [x for x in node.args if isinstance(x, Value)])
MICROGPT = Recorder("microgpt-style", Microgpt, attrgetter("children"))


def micrograd():
    """Return micrograd, with the two functions that it lacks, written in its style."""
    Micrograd = importlib.import_module("micrograd.engine").Value

    def exp(x):
        out = Micrograd(math.exp(x.data), (x,), "exp")

        def _backward():
            x.grad += out.data * out.grad

        out._backward = _backward
        return out

    def log(x):
        out = Micrograd(math.log(x.data), (x,), "log")

        def _backward():
            x.grad += 1 / x.data * out.grad

        out._backward = _backward
        return out

    engine = Recorder("micrograd", Micrograd, attrgetter("_prev"))
    engine.exp, engine.log = exp, log
    return engine


class TorchScalars(Recorder):
    """Tensors of one number."""

    def __init__(self):
        self.torch = importlib.import_module("torch")
        super().__init__("torch scalars", self.tensor, None)

    def tensor(self, x):
        return self.torch.tensor(x, dtype=self.torch.float64, requires_grad=True)

    def record(self, f, xs):
        for x in xs:
            x.grad = None
        return f(self, xs)


class Autograd:
    """HIPS autograd on scalars."""

    name = "autograd scalars"

    def __init__(self):
        self.autograd = importlib.import_module("autograd")
        numpy = importlib.import_module("autograd.numpy")
        self.exp, self.log = numpy.exp, numpy.log
        self.relu = lambda x: numpy.maximum(x, 0.0)

    def leaves(self, numbers):
        return list(numbers)

    def run(self, f, xs):
        return self.autograd.value_and_grad(lambda *xs: f(self, xs), tuple(range(len(xs))))(*xs)

    def gradient(self, f, xs):
        value, gradient = self.run(f, xs)
        return float(value), [float(x) for x in gradient]


def engines(without=()):
    """Return the engines that are installed, ours last."""
    peers = {"micrograd": micrograd, "autograd": Autograd, "torch": TorchScalars}
    found = []
    for name, make in peers.items():
        if name not in without:
            try:
                found.append(make())
            except ImportError as error:
                print(f"Left out: {error}\n")
    return [*found, MICROGPT, OURS]
