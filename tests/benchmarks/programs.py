"""The programs that the engines are timed on, written once for all of them.

A program is a function of an engine and of the scalars to differentiate with respect to.
"""

import itertools
import math
import random

from tinygrad_edu import MLP
from tinygrad_edu.nn.data import moons
from tinygrad_edu.nn.losses import cross_entropy
from tinygrad_edu.table import relu, total

__all__ = [
    "Digit",
    "Gpt",
    "Moons",
    "chain_of_values",
    "chain_with_constants",
    "readme_expression",
]

# --- W1, W2: expressions --------------------------------------------------------------------------


def readme_expression(engine, xs):
    """The expression of micrograd's README: 2 inputs, 32 operations."""
    a, b = xs
    c, d = a + b, a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + engine.relu(b + a)
    d += 3 * d + engine.relu(b - a)
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    return g


def chain_with_constants(n):
    """A chain of n operations; the second operand of each is a number."""

    def chain(_, xs):
        (v,) = xs
        for _ in range(n // 2):
            v = v * 0.9999 + 0.5
        return v

    return chain


def chain_of_values(n):
    """A chain of n operations on Values."""

    def chain(_, xs):
        w, b = xs
        v = b
        for _ in range(n // 2):
            v = v * w + b
        return v

    return chain


# --- W3, W4: steps of training --------------------------------------------------------------------


def by_neuron(parameters, sizes):
    """Return the parameters as layers of neurons, each with weights and bias."""
    rest, layers = list(parameters), []
    for n, m in itertools.pairwise(sizes):
        rows = [rest[i * (n + 1) : (i + 1) * (n + 1)] for i in range(m)]
        layers.append([(row[:n], row[n]) for row in rows])
        rest = rest[m * (n + 1) :]
    return layers


def outputs(layers, x, relu):
    """Return the outputs of a network; products and sums are written out, as in micrograd."""
    for layer in layers:
        x = [sum((wi * xi for wi, xi in zip(w, x, strict=True)), b) for w, b in layer]
        if layer is not layers[-1]:
            x = [relu(z) for z in x]
    return x


class Moons:
    """W3: a step of micrograd's demo, without weight decay.

    The network is 2-16-16-1 with relu; the loss is the mean max-margin loss of all points.
    """

    sizes = (2, 16, 16, 1)

    def __init__(self, n):
        self.points = [(x, 2.0 * y - 1.0) for x, y in moons(n)]
        self.mlp = MLP(2, self.sizes[1:], "relu", seed=1)
        self.numbers = [p.data for p in self.mlp.parameters()]

    def written_out(self, engine, xs):
        """Return the loss, operation by operation."""
        layers = by_neuron(xs, self.sizes)
        losses = []
        for x, y in self.points:
            (score,) = outputs(layers, x, engine.relu)
            losses.append(engine.relu(1 + -y * score))
        return sum(losses) * (1.0 / len(losses))

    def with_layers(self, _engine=None, _xs=None):
        """Return the loss by our own network."""
        return total([self.loss(self.mlp(x), y) for x, y in self.points]) / len(self.points)

    @staticmethod
    def loss(score, y):
        """Return the loss of one point."""
        return relu(1 - y * score)


class Digit:
    """W4: a step of a network 784-32-10 on one picture, with softmax and cross entropy."""

    def __init__(self, *sizes):
        self.sizes = sizes
        rng = random.Random(0)
        self.pixels = [rng.random() for _ in range(sizes[0])]
        self.label = 3
        self.mlp = MLP(sizes[0], sizes[1:], "relu", seed=1)
        self.numbers = [p.data for p in self.mlp.parameters()]

    def written_out(self, engine, xs):
        """Return the loss, operation by operation."""
        z = outputs(by_neuron(xs, self.sizes), self.pixels, engine.relu)
        return engine.log(sum(engine.exp(x) for x in z)) - z[self.label]

    def with_layers(self, _engine=None, _xs=None):
        """Return the loss by our own network."""
        return cross_entropy(self.mlp(self.pixels), self.label)


# --- microgpt's training step ---------------------------------------------------------------------


def linear(x, w):
    return [sum(wi * xi for wi, xi in zip(row, x, strict=True)) for row in w]


def softmax(logits):
    largest = max(z.data for z in logits)
    odds = [(z - largest).exp() for z in logits]
    whole = sum(odds)
    return [x / whole for x in odds]


def rmsnorm(x):
    scale = (sum(xi * xi for xi in x) / len(x) + 1e-5) ** -0.5
    return [xi * scale for xi in x]


def added(x, y):
    return [a + b for a, b in zip(x, y, strict=True)]


class Gpt:
    """A transformer of one layer and one head, in the manner of the microgpt script.

    It uses no more of ``Value`` than that script does: operators, exp, log, relu, .data, .grad and
    backward().
    """

    n = 16  # the size of the embedding
    n_tokens = 27

    def __init__(self, Value, tokens):
        rng = random.Random(42)

        def matrix(rows, columns):
            return [[Value(rng.gauss(0, 0.08)) for _ in range(columns)] for _ in range(rows)]

        n = self.n
        self.tokens = tokens
        self.token, self.position = matrix(self.n_tokens, n), matrix(len(tokens), n)
        self.query, self.key, self.value, self.out = [matrix(n, n) for _ in range(4)]
        self.up, self.down = matrix(4 * n, n), matrix(n, 4 * n)
        self.head = matrix(self.n_tokens, n)
        matrices = [x for x in vars(self).values() if x is not tokens]
        self.parameters = [p for m in matrices for row in m for p in row]
        self.m, self.v = [0.0] * len(self.parameters), [0.0] * len(self.parameters)
        self.steps = 0

    def logits(self, token, position, keys, values):
        x = rmsnorm(added(self.token[token], self.position[position]))
        normed = rmsnorm(x)
        q = linear(normed, self.query)
        keys.append(linear(normed, self.key))
        values.append(linear(normed, self.value))
        scores = [sum(a * b for a, b in zip(q, k, strict=True)) / self.n**0.5 for k in keys]
        shares = softmax(scores)
        mixed = [sum(s * v[j] for s, v in zip(shares, values, strict=True)) for j in range(self.n)]
        x = added(linear(mixed, self.out), x)
        hidden = [z.relu() for z in linear(rmsnorm(x), self.up)]
        return linear(added(linear(hidden, self.down), x), self.head)

    def loss(self):
        """Return the mean of -log p of each next token."""
        keys, values, losses = [], [], []
        for i, (token, following) in enumerate(itertools.pairwise(self.tokens)):
            p = softmax(self.logits(token, i, keys, values))
            losses.append(-p[following].log())
        return (1 / len(losses)) * sum(losses)

    def step(self):
        """Train by one step of Adam; return the loss."""
        loss = self.loss()
        loss.backward()
        self.steps += 1
        for i, p in enumerate(self.parameters):
            self.m[i] = 0.85 * self.m[i] + 0.15 * p.grad
            self.v[i] = 0.99 * self.v[i] + 0.01 * p.grad**2
            m = self.m[i] / (1 - 0.85**self.steps)
            p.data -= 0.01 * m / (math.sqrt(self.v[i] / (1 - 0.99**self.steps)) + 1e-8)
            p.grad = 0
        return loss.data
