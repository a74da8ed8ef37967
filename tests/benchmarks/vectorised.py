"""The steps of W3 and W4 on arrays: by hand in NumPy, with PyTorch, with JAX.

A step is a function without arguments. It returns the losses and the gradient of their mean, in
the order of the layers: the matrix of each, then its biases.
"""

import importlib
import itertools

import numpy as np

__all__ = ["digit_by_hand", "moons_by_hand", "order_by_layer", "with_jax", "with_torch"]


def order_by_layer(sizes):
    """Return where our parameters, neuron by neuron, are in the order used here."""
    places, start = [], 0
    for n, m in itertools.pairwise(sizes):
        block = start + np.arange(m * (n + 1)).reshape(m, n + 1)
        places += [block[:, :n].ravel(), block[:, n]]
        start += m * (n + 1)
    return np.concatenate(places)


def views(flat, sizes):
    """Return the matrices and biases of a network as views of one array."""
    found, start = [], 0
    for n, m in itertools.pairwise(sizes):
        found.append(flat[start : start + m * n].reshape(m, n))
        found.append(flat[start + m * n : start + m * (n + 1)])
        start += m * (n + 1)
    return found


def moons_by_hand(P, sizes, X, y):
    """Return the step of W3, forward and backward written by hand."""
    G = np.empty_like(P)
    W1, b1, W2, b2, W3, b3 = views(P, sizes)
    dW1, db1, dW2, db2, dW3, db3 = views(G, sizes)
    y = y[:, None]
    share = y / len(X)

    def step():
        A1 = np.maximum(X @ W1.T + b1, 0)
        A2 = np.maximum(A1 @ W2.T + b2, 0)
        losses = np.maximum(1 - y * (A2 @ W3.T + b3), 0)
        delta = np.where(losses > 0, -share, 0)
        np.matmul(delta.T, A2, out=dW3)
        np.sum(delta, axis=0, out=db3)
        delta = delta @ W3 * (A2 > 0)
        np.matmul(delta.T, A1, out=dW2)
        np.sum(delta, axis=0, out=db2)
        delta = delta @ W2 * (A1 > 0)
        np.matmul(delta.T, X, out=dW1)
        np.sum(delta, axis=0, out=db1)
        return losses[:, 0], G

    return step


def digit_by_hand(P, sizes, x, label):
    """Return the step of W4, forward and backward written by hand."""
    G = np.empty_like(P)
    W1, b1, W2, b2 = views(P, sizes)
    dW1, db1, dW2, db2 = views(G, sizes)

    def step():
        a = np.maximum(W1 @ x + b1, 0)
        z = W2 @ a + b2
        odds = np.exp(z - z.max())
        whole = odds.sum()
        loss = np.log(whole) - (z[label] - z.max())
        delta = odds / whole
        delta[label] -= 1
        np.multiply(delta[:, None], a, out=dW2)
        db2[:] = delta
        delta = W2.T @ delta * (a > 0)
        np.multiply(delta[:, None], x, out=dW1)
        db1[:] = delta
        return loss, G

    return step


def losses_of(relu, logsumexp, label):
    """Return a function of outputs and targets: max-margin, or the cross entropy of a class."""
    if label is None:
        return lambda z, y: relu(1 - y * z[:, 0])
    return lambda z, _: logsumexp(z) - z[:, label]


def with_torch(P, sizes, X, y, label=None):
    """Return the step on PyTorch's tensors."""
    torch = importlib.import_module("torch")
    parameters = [torch.tensor(p, requires_grad=True) for p in views(P, sizes)]
    X, y = torch.tensor(X), torch.tensor(y)
    losses_from = losses_of(torch.relu, lambda z: torch.logsumexp(z, 1), label)

    def step():
        a = X
        for W, b in zip(parameters[::2], parameters[1::2], strict=True):
            a = (torch.relu(a) if a is not X else a) @ W.T + b
        losses = losses_from(a, y)
        for p in parameters:
            p.grad = None
        losses.mean().backward()
        return losses, parameters

    def result():
        losses, parameters = step()
        flat = np.concatenate([p.grad.numpy().ravel() for p in parameters])
        return losses.detach().numpy(), flat

    return step, result


def with_jax(P, sizes, X, y, label=None):
    """Return the step compiled by JAX, in float64."""
    jax = importlib.import_module("jax")
    jax.config.update("jax_enable_x64", True)  # noqa: FBT003 - the interface of JAX
    jnp = jax.numpy
    parameters = [jnp.asarray(p) for p in views(P, sizes)]
    X, y = jnp.asarray(X), jnp.asarray(y)
    relu = lambda z: jnp.maximum(z, 0)  # noqa: E731 - it is short
    losses_from = losses_of(relu, lambda z: jax.nn.logsumexp(z, axis=1), label)

    def mean_loss(parameters, X, y):
        a = X
        for i in range(0, len(parameters), 2):
            a = (relu(a) if i else a) @ parameters[i].T + parameters[i + 1]
        losses = losses_from(a, y)
        return losses.mean(), losses

    compiled = jax.jit(jax.value_and_grad(mean_loss, has_aux=True))

    def step():
        return jax.block_until_ready(compiled(parameters, X, y))

    def result():
        (_, losses), gradient = step()
        return np.asarray(losses), np.concatenate([np.asarray(g).ravel() for g in gradient])

    return step, result
