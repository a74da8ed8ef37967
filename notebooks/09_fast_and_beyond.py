# %% [markdown]
# # 9 · Fast, and beyond
#
# A graph of single numbers shows everything, and pays for it with time. Here the graph is recorded
# once and turned into a program of matrix products, which takes the same steps far faster; and
# where that is not enough, the network moves to PyTorch.
#
# After this notebook you can
#
# - say what one step of training costs on a graph of single numbers, and where the cost comes from;
# - read the program that replay writes, and find the key equations of notebook 6 in it;
# - tell which functions can be recorded once for all numbers, and which cannot;
# - train by replay, in whole batches and in mini-batches, and know that the steps are the same;
# - hand a network over to PyTorch, and say what training in several processes needs.
#
# Lecture rows: D1 (a network of $L$ layers, and what belongs to training it), B6 (batches), D7 (the
# two passes), A4 (a batch as columns), A11 (key equations), D3 (output functions and their losses).

# %%
from collections import Counter
from statistics import median
from timeit import timeit

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_iris

from tinygrad_edu import MLP, Value, grad, gradcheck, leaky_relu, losses, total
from tinygrad_edu.engine import ancestors
from tinygrad_edu.nn import SGD, Adam, accuracy, data, fit
from tinygrad_edu.programs import recording, replay

try:
    import torch

    from tinygrad_edu.interop import expression_to_torch, from_torch, to_torch
except ImportError:
    torch = None  # the part on PyTorch does nothing, all else works

plt.style.use("lecture.mplstyle")

# %% [markdown]
# ## Five things to train a network
#
# Lecture D lists them (D1): data; a model, here of $L = 3$ layers,
#
# $$\hat{\mathbf y} = O\bigl(\mathbf W_3\, g(\mathbf W_2\, g(\mathbf W_1 \mathbf x + \mathbf b_1) +
# \mathbf b_2) + \mathbf b_3\bigr);$$
#
# its parameters; an algorithm; and an objective, the mean over the $N$ examples of a loss. Each is
# one line of code. Which part of the second line is $g$, which is $O$, and which is $L$?

# %%
moons = data.moons(100, noise=0.15)  # data: N = 100 pairs of x and y
mlp = MLP(2, [16, 16, 1], "tanh", "sigmoid", seed=0)  # model
theta = mlp.parameters()  # parameters: W₁, b₁, W₂, b₂, W₃, b₃
descent = SGD(theta, lr=0.5)  # algorithm: gradient descent
loss = losses.binary_cross_entropy  # objective: its mean over the data is to become small
len(theta)

# %% [markdown]
# $g$ is `"tanh"`, the output function $O$ is `"sigmoid"`, and $L$ is the length of the list. What
# $\theta$ stands for is 337 numbers.
#
# ## What a graph costs
#
# One step of gradient descent on all examples needs the graph of the mean loss of all 100. How many
# operations are in it? **Predict** first: are there hundreds, thousands, or tens of thousands? In a
# plain engine a neuron is written with products and sums:


# %%
def written_out(x):
    a = list(x)
    for layer in mlp.layers:
        z = [sum(w * x for w, x in zip(n.w, a, strict=True)) + n.b for n in layer.neurons]
        a = [layer.activation(z_i) for z_i in z]
    return a[0]


def objective(model, examples):
    return loss([model(x) for x, _ in examples], [y for _, y in examples])


def operations(value):
    return sum(node.op is not None for node in ancestors(value))


# %%
sizes = [1, 10, 100]
by_products = [operations(objective(written_out, moons[:n])) for n in sizes]
by_weighted_sum = [operations(objective(mlp, moons[:n])) for n in sizes]
for row in zip(["examples", *sizes], ["products and sums", *by_products],
               ["weighted_sum", *by_weighted_sum], strict=True):  # fmt: skip
    print("{:>8}  {:>17}  {:>12}".format(*row))

# %% [markdown]
# Every operation is a Python object with its number, its arguments and its local derivatives, made
# anew for every step. Since `weighted_sum` does all of $z = \sum_j w_j x_j + b$ at once, the
# network of the package needs about a tenth of them. Still, the number grows with the number of
# examples, although every example goes through the same formula.
#
# ## Record once, run for any numbers
#
# `replay` reads a recorded graph and writes a program that computes it, and its gradients, for
# other numbers. A small network shows how: two inputs, three hidden neurons, one output, the
# identity as output function, and half the squared error. What is to change from example to example
# must be a `Value`: $x_1$, $x_2$ and the target $y$.

# %%
net = MLP(2, [3, 1], "tanh", "identity", seed=0)
x, y = [Value(0.5), Value(-1.0)], Value(1.0)
compiled = replay(
    losses.half_squared_error(net(x), y), inputs=[*x, y], wrt=net.parameters(), reduce="sum"
)
compiled

# %% [markdown]
# Eight operations: four weighted sums, three tanh and the loss. Four groups: we shall see which.
# Now other numbers.

# %%
rows = [[0.5, -1.0, 1.0], [1.0, 0.5, 0.0], [-0.3, 0.2, 0.5], [2.0, 1.0, -1.0]]  # x₁, x₂, y
print(compiled(rows).losses.round(6))

# %% [markdown]
# Four losses, for four examples, only the first of which was ever recorded. The engine records a
# graph for each. Its numbers go into a table `V`, a column for each example; the gradients of all
# are added up.

# %%
hidden, output = net.layers


def by_engine(rows):
    columns, gradients = [], np.zeros(len(net.parameters()))
    for *x, y in rows:
        cost = losses.half_squared_error(net(x), y)
        gradients += grad(cost, net.parameters())
        columns.append([float(v) for v in (*x, y, *hidden.z, *hidden.a, *output.z, cost)])
    return np.array(columns).T, gradients


V, gradients = by_engine(rows)

# %%
names = [f"${name}_{i}$" for name in "xza" for i in (1, 2, 3)]
names[2:3], names[9:] = ["$y$"], [r"$\hat{y}$", "$L$"]
fig, ax = plt.subplots(figsize=(7, 5.2), layout="constrained")
ax.imshow(V, cmap="RdBu_r", vmin=-5, vmax=5, aspect="auto")
for (i, k), v in np.ndenumerate(V):
    ax.text(k, i, f"{v:.3f}", ha="center", va="center", fontsize=12)
ax.set(xlabel="example", ylabel="row of $V$", xticks=range(4), yticks=range(11))
ax.grid(visible=False)
right = ax.secondary_yaxis("right")
right.set_yticks(range(11), names)
right.tick_params(length=0)
plt.show()

# %% [markdown]
# Rows 0 to 2 are given; every other row is one node of the graph, for all examples at once. How
# does row 3 come from rows 0 and 1? By $z_1 = w_{11} x_1 + w_{12} x_2 + b_1$, in every column the
# same. Rows 3 to 5 together are
# $\mathbf Z^{(1)} = \mathbf W^{(1)} \mathbf X + \mathbf b^{(1)}$: the batch as columns (A4). Here
# is the program. `V` is the table, and `F` holds the 13 parameters, neuron by neuron: two weights
# and a bias, three times; then three weights and a bias.

# %%
forward, backward = compiled.source.strip().split("\n\n")
print(forward)

# %% [markdown]
# Three kinds of lines: a product of matrices, a bias added to every column, a function of every
# number (those that begin with `f_`). A product with its bias is one group, and so is a function:
# four groups in all. Nobody has told `replay` about layers: it found that rows 3, 4 and 5 are sums
# of products of the same inputs, and put them together. Now the way back. `A` is a table like `V`,
# of the gradients of the rows; `G` collects those of the parameters. **Predict:** where are
# $\boldsymbol\delta\, \mathbf a^T$ and $\mathbf W^T \boldsymbol\delta$?

# %%
print(backward)

# %% [markdown]
# These are the key equations of notebook 6 (A11), and the two halves of the program are
# `forward_propagation` and `back_propagation` of D7:
#
# | in the program | in the lecture |
# | --- | --- |
# | `a`, a part of the table `A` | $\boldsymbol\delta$, a column for each example |
# | `t0 = x0 - x1` | $\partial L / \partial \hat y = \hat y - y$, the rule of the loss |
# | `a` times `V[6:9].T` | $\partial L / \partial \mathbf W = \boldsymbol\delta\, \mathbf A^T$ |
# | `a.sum()` | $\partial L / \partial b$: the sum of $\delta$ over the examples |
# | `F[9:12]`, transposed, times `a` | $\mathbf W^T \boldsymbol\delta$ |
# | `t1 = 1 - t0`, where `t0 = y * y` | $g'(\mathbf z) = 1 - \mathbf a^2$, the rule of tanh |
# | `np.multiply(u, t1, ...)` | $\odot\; g'(\mathbf z)$ |
#
# (In the program, `y` is what an operation has put out, here `V[6:9]`, the $a$ of the table.) The
# rule of tanh is the one line of the package's table of operations that the engine uses, too. So
# both should agree, but for rounding. (With a handful of examples there is little to put together,
# and replay runs a program of plain Python instead; 500 examples run the one above.)


# %%
def equal(one, other):
    return np.allclose(one, other, rtol=1e-12, atol=1e-12)


many = np.random.default_rng(0).normal(size=(500, 3))
for examples in (rows, many):
    found, (table, summed) = compiled(examples), by_engine(examples)
    print(f"{len(examples):>3} examples, losses equal to 1e-12:   ", equal(found.losses, table[-1]))
    print(f"{len(examples):>3} examples, gradients equal to 1e-12:", equal(found.gradient, summed))

# %% [markdown]
# ## A whole batch, written in scalars
#
# Does it take `MLP` to find the matrices? The loss of all 100 moons, with all its products and
# sums, knows nothing of layers, and has no inputs: each of its 100 examples is in the graph as
# numbers. How many groups of operations will the program have?

# %%
whole = objective(written_out, moons)
program = replay(whole, wrt=theta)
print(program)
for kind, n in Counter(type(group).__name__ for group in program.plan.groups).items():
    print(f"{n:3} × {kind}")

# %% [markdown]
# Three are a `Grid`, a product of matrices: one for each layer. A `Map` is one function of many
# numbers, a `Total` the sum over the examples. And the gradients?

# %%
print("equal to 1e-12:", equal(program().gradient, grad(whole, theta)))

# %%
groups = [len(replay(objective(mlp, moons[:n]), wrt=theta).plan.groups) for n in sizes]
fig, ax = plt.subplots(figsize=(8, 4))
ax.loglog(sizes, by_products, "o-", label="operations: products and sums")
ax.loglog(sizes, by_weighted_sum, "s-", label="operations: weighted_sum")
ax.loglog(sizes, groups, "^-", label="groups of the program")
ax.set(xlabel="examples", ylabel="how many", ylim=(5, 3e5))
ax.legend(loc="upper left", fontsize=11)
plt.show()
print("groups:", dict(zip(sizes, groups, strict=True)))

# %% [markdown]
# Both graphs grow with the examples, the program does not: more examples only make its matrices
# wider. (A single example needs fewer groups: its loss is of one class only, and there is no mean
# to take.)
#
# ## What replay cannot see
#
# A graph holds operations, and nothing of the Python around them. This function decides by its
# number, and only the branch taken was recorded:


# %%
def leaky(z):
    return z if z > 0 else 0.1 * z


z = Value(2.0)
print("recorded at 2, replayed at -2:", replay(leaky(z), inputs=[z])([[-2.0]]).losses[0])
print("the function itself at -2:    ", leaky(-2.0))

# %% [markdown]
# The replay is wrong, and says nothing. Record inside `recording()`, and a decision raises an
# error; `fit` below does that for you. An operation decides anew each time:

# %%
try:
    with recording():
        leaky(z)
except RuntimeError as error:
    print(str(error).replace("; ", ";\n"))
with recording():
    print(replay(leaky_relu(z, 0.1), inputs=[z])([[-2.0], [2.0]]).losses)


# %% [markdown]
# The other way out of a graph is to read a number by `.data` or `float()`: it is then a constant,
# and no error can be raised. But a gradient is missing as well, and that `gradcheck` finds:


# %%
def escapes(x):
    return x * x.data


print(replay(escapes(z), inputs=[z])([[3.0]]).losses, "should be", [3.0 * 3.0])
print(gradcheck(escapes, 2.0).fault)

# %% [markdown]
# Large frameworks have limits of this kind, too. A function that `jax.jit` compiles is recorded in
# this way, and must not decide by a number in Python either.
#
# ## The same steps
#
# `fit(..., replay=True)` records model and loss once, and runs the program for every batch. Two
# copies of the network, one way and the other, three epochs in mini-batches of 30 (B6): how many
# steps is that, and how large is the last batch?

# %%
histories = []
for replayed in (False, True):
    copy = MLP(2, [16, 16, 1], "tanh", "sigmoid", seed=0)
    optimiser = SGD(copy.parameters(), lr=0.5)
    history = fit(copy, moons, loss, optimiser, epochs=3, batch_size=30, replay=replayed)
    histories.append(history)
one, other = histories
print("sizes in an epoch:", [iteration.size for iteration in other.iterations[:4]])
print("the same losses:  ", equal(one.losses, other.losses))

# %% [markdown]
# Twelve steps, every one the same. Now there is time for 500 epochs in whole batches. Before the
# first and after some others a frozen copy is kept:

# %%
kept = {0: mlp.frozen()}


def keep(iteration):
    if iteration.epoch in (20, 100, 500):
        kept[iteration.epoch] = mlp.frozen()


history = fit(mlp, moons, loss, descent, epochs=500, callback=keep, replay=True)
print(history)
print("accuracy:", accuracy(mlp, moons))

# %%
fig, panels = plt.subplots(1, 4, figsize=(11, 3.3), sharey=True, layout="constrained")
grid = np.meshgrid(np.linspace(-1.7, 2.7, 120), np.linspace(-1.3, 1.8, 120))
for ax, (epoch, network) in zip(panels, kept.items(), strict=True):
    shades = ax.contourf(*grid, network(grid), np.linspace(0, 1, 11), cmap="PuOr_r", alpha=0.5)
    ax.contour(*grid, network(grid), levels=[0.5], colors="black")
    for label, marker in enumerate("o^"):
        x1, x2 = zip(*[x_i for x_i, y_i in moons if y_i == label], strict=True)
        ax.plot(x1, x2, marker, markersize=5, mec="white", mew=0.5)
    ax.set(title=f"epoch {epoch}", xlabel="$x_1$")
    ax.grid(visible=False)
panels[0].set_ylabel("$x_2$")
fig.colorbar(shades, ax=panels, pad=0.02, label=r"output $\hat{y}$", ticks=[0, 0.5, 1])
plt.show()

# %% [markdown]
# Blue circles are class 0, orange triangles class 1; the black line is where the output is ½. It
# starts where chance has put it, becomes nearly straight, bends, and at last follows the gap
# between the moons; one point stays on the wrong side.

# %%
fig, ax = plt.subplots(figsize=(8, 3.6), layout="constrained")
ax.semilogy(range(1, 501), history.losses)
for epoch in (20, 100, 500):
    ax.plot(epoch, history.losses[epoch - 1], "o", color="C1")
ax.minorticks_off()
ax.set_yticks([0.03, 0.1, 0.3], ["0.03", "0.1", "0.3"])
ax.set(xlabel="epoch (one step each)", ylabel="mean cross entropy")
plt.show()

# %% [markdown]
# The learning curve, with the epochs of the panels marked. The loss falls at once to a shoulder at
# about epoch 20, as far as a nearly straight line goes; then the line bends, and the loss falls on.
#
# ## Three classes, in mini-batches
#
# What belongs at the output, and with which loss, D3 has in a table:
#
# | | real values | probabilities |
# | --- | --- | --- |
# | output function $O$ | linear | softmax |
# | loss of an example | $\sum_j (\hat y_j - y_j)^2$ | $-\log \hat y_l$ |
#
# Left stands what the small network above had (with a ½ before the sum); right what iris needs. 150
# flowers, four lengths each, three species:

# %%
iris = load_iris()
inputs = (iris.data - iris.data.mean(axis=0)) / iris.data.std(axis=0)
examples = list(zip(inputs.tolist(), iris.target.tolist(), strict=True))
flowers = MLP(4, [8, 3], "tanh", "softmax", seed=0)
adam = Adam(flowers.parameters(), lr=0.01)
history = fit(
    flowers, examples, losses.negative_log_likelihood, adam, epochs=60, batch_size=32, replay=True
)
print(history)
print("sizes in an epoch:", [iteration.size for iteration in history.iterations[:5]])
print(f"accuracy on the flowers that it has learnt: {accuracy(flowers, examples):.3f}")

# %% [markdown]
# $-\log \hat y_l$ reads another output for each species, so replay writes three programs, one for
# each class, and adds up what they give. The last batch has 22 flowers, and its step is divided by
# 22. (For how good such a network is on flowers that it has *not* seen, see notebook 8.)
#
# ## How much faster?
#
# One gradient of the mean loss of all moons, on the graph and by the program, in turns, so that
# both meet the same machine. The cell prints no times, since those are different in every run.

# %%
x, y = [Value(0.0), Value(0.0)], Value(1.0)
step = replay(loss(mlp(x), y), inputs=[*x, y], wrt=theta)
batch = np.array([[*x_i, y_i] for x_i, y_i in moons])


def on_the_graph():
    objective(mlp, moons).backward()


def by_the_program():
    step(batch)


by_the_program()  # the first time, it is written

# %%
ratios = [
    timeit(on_the_graph, number=1) / (timeit(by_the_program, number=20) / 20) for _ in range(7)
]
print("more than twenty times as fast:", median(ratios) > 20)

# %% [markdown]
# Time it yourself, in a cell of its own: `%timeit on_the_graph()`, then `%timeit by_the_program()`.
#
# ## Beyond: PyTorch
#
# Images, text, a GPU: for these the network moves out. `to_torch` makes of it the same network of
# PyTorch, with the same numbers, and examples in *rows*. (If nothing is printed below, PyTorch is
# not installed. It is a large download: `%pip install torch` in a cell, then restart the kernel.)

# %%
if torch:
    model = to_torch(mlp)
    points = torch.tensor([x_i for x_i, _ in moons], dtype=torch.float64)
    targets = torch.tensor([[y_i] for _, y_i in moons], dtype=torch.float64)
    torch_loss = torch.nn.functional.binary_cross_entropy(model(points), targets)
    print(model)
    print("the same loss:", np.isclose(torch_loss.item(), step(batch).losses.mean(), rtol=1e-12))

# %% [markdown]
# PyTorch goes on with the training, here by gradient descent written out. What has learnt there
# comes back by `from_torch`, to be drawn or stepped through:

# %%
for _ in range(200 if torch else 0):
    model.zero_grad()
    torch.nn.functional.binary_cross_entropy(model(points), targets).backward()
    with torch.no_grad():
        for p in model.parameters():
            p.sub_(0.5 * p.grad)
if torch:
    back, before = from_torch(model), objective(mlp, moons)
    print(back, "with a loss of", f"{objective(back, moons):.4f}, before {before:.4f}")

# %% [markdown]
# Any other recorded graph goes by `expression_to_torch`. Here it is the loss of the small network,
# and its gradients are those of the replay and of the engine. Three ways to one answer:

# %%
x, y = [Value(0.5, label="x₁"), Value(-1.0, label="x₂")], Value(1.0, label="y")
cost = losses.half_squared_error(net(x), y)
if torch:
    module = expression_to_torch(cost, inputs=[*x, y], parameters=net.parameters())
    print(module)
    module(*torch.tensor(rows, dtype=torch.float64).T).sum().backward()
    by_torch = [p.grad.item() for p in module.parameters()]
    for name, found in {"engine": gradients, "replay": compiled(rows).gradient}.items():
        print(f"gradients of PyTorch and {name} equal to 1e-12:", equal(by_torch, found))

# %% [markdown]
# ## In several processes
#
# The gradient of a sum is the sum of the gradients, and so a batch can be shared out. Two
# processes, a share of the examples each; here, one after the other. Eleven examples do not go into
# two equal shares. Is the mean of the two mean gradients that of all?

# %%
eleven, rank = batch[:11], (0, 1)
mean = step(eleven).gradient
shares = [eleven[r::2] for r in rank]
of_means = sum(step(share).gradient for share in shares) / 2
scaled = sum(step(share).gradient * len(share) * 2 / 11 for share in shares) / 2
print("shares of", [len(share) for share in shares])
print("mean of the means:", equal(of_means, mean))
print("scaled by share:  ", equal(scaled, mean))

# %% [markdown]
# Not quite: the examples of the smaller share would count for more. `DistributedDataParallel` of
# PyTorch averages the gradients of the processes, no more; the rest is up to you. It needs
#
# 1. processes that know each other: `torchrun` starts them, `init_process_group` joins them;
# 2. the same model in each: `DistributedDataParallel(model)` copies that of process 0 to all;
# 3. a share of every batch: `x[rank::processes]`;
# 4. a loss that makes the average right: the *sum* over the share, times `processes / len(batch)`;
# 5. the same optimiser in each, so that all take the same step.
#
# `tinygrad_edu/interop/distributed.py` does these five things in a hundred lines: moons, a few
# epochs here, more in PyTorch, and back. It prints the same losses in one process and in two, in a
# terminal in which the environment is active:
#
# ```sh
# python -m tinygrad_edu.interop.distributed
# torchrun --nproc-per-node 2 -m tinygrad_edu.interop.distributed
# ```
#
# ## Exercises
#
# **1. Count.** How many operations are in the graph of the *output* of a network with 4 inputs and
# 6, 5 and 2 neurons, tanh within and the identity at the end? (`weighted_sum` is one operation; the
# identity is none.) The two outputs go into one `total`, which is one more.

# %%
my_count = 0
in_truth = operations(total(MLP(4, [6, 5, 2])([1.0, 2.0, 3.0, 4.0])))
# assert my_count == in_truth


# %% [markdown]
# **2. Read the program.** `G[12]` is the derivative with respect to the bias of the output neuron,
# for the four examples of the table `V` above. Work it out from two rows of the table.

# %%
my_G12 = 0.0
# assert np.isclose(my_G12, compiled(rows).gradient[12], atol=5e-3)

# %% [markdown]
# **3. Decide by operations.** The function below is $-1$, $z$ or $1$. It decides in Python, so it
# cannot be replayed. Write it with `maximum` and `minimum` of the package, until the cell prints
# -1, 0.5 and 1.


# %%
def clipped(z):
    return -1.0 if z < -1 else 1.0 if z > 1 else z


z = Value(0.5)
try:
    with recording():
        print(replay(clipped(z), inputs=[z])([[-3.0], [0.5], [3.0]]).losses)
except RuntimeError as error:
    print(str(error).replace("; ", ";\n"))

# %% [markdown]
# **4. Write the program.** The gradients of the small network for all four examples, by NumPy and
# the key equations. Two lines are still wrong.

# %%
W1, b1, W2, b2 = map(np.array, (hidden.W, hidden.b, output.W, output.b))
X, Y = V[:2], V[2:3]
A1 = np.tanh(W1 @ X + b1[:, None])
delta2 = W2 @ A1 + b2[:, None] - Y
delta1 = W2.T @ delta2  # 1. a factor is missing
dW1, db1 = delta1 @ X.T, delta1[:, 0]  # 2. what is db for several examples?
mine = [*np.column_stack([dW1, db1]).ravel(), *(delta2 @ A1.T).ravel(), delta2.sum()]
wrong = np.flatnonzero(~np.isclose(mine, compiled(rows).gradient))
print("wrong:", [str(net.parameters()[i].label) for i in wrong])

# %% [markdown]
# **5. Go on in PyTorch.** Make a network of 2, 8 and 1 neurons learn the circles of
# `data.circles(100)`: some epochs by `fit(..., replay=True)`, the rest in PyTorch with
# `torch.optim.Adam`, and back. The `assert` is silent once all are in the right class.

# %%
circles = data.circles(100)
mine = MLP(2, [8, 1], "tanh", "sigmoid", seed=0)
returned = from_torch(to_torch(mine)) if torch else mine  # train before, in between, or both
print(f"{accuracy(returned, circles):.2f}")
# assert accuracy(returned, circles) == 1
