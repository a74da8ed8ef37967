# %% [markdown]
# # 9 · Fast, and beyond
#
# A graph of single numbers shows everything, but it is slow. In this notebook the graph is recorded
# once and turned into a program of matrix products, which takes the same steps far faster. Where
# that is not enough, the network moves to PyTorch.
#
# After this notebook you can
#
# - say what one step of training costs on a graph of single numbers, and where the cost comes from;
# - read the program that replay writes, and find the key equations of notebook 6 in it;
# - tell which functions can be recorded once for all inputs, and which cannot;
# - train by replay, in whole batches and in mini-batches, and know that the steps are the same;
# - convert a network to PyTorch, and say what training in several processes needs.
#
# Lecture rows: D1 (a network of $L$ layers, and what is needed to train it), B6 (batches), D7 (the
# two passes), A4 (a batch as columns), A11 (key equations), D3 (output functions and their losses).
#
# The package follows five lecture texts, called A to E. This notebook uses three of them: A (slides
# "Neural Networks" of a course on machine learning), B (notes "Neural networks") and D (slides
# "Feedforward Neural Networks"). D1 means item 1 of lecture D; the README lists all items under
# "The lectures, row by row".

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
    torch = None  # then the part on PyTorch does nothing, and everything else works

plt.style.use("lecture.mplstyle")

# %% [markdown]
# ## Five things to train a network
#
# Lecture D lists them (D1): data; a model, here with $L = 3$ layers,
#
# $$\hat{\mathbf y} = O\bigl(\mathbf W_3\, g(\mathbf W_2\, g(\mathbf W_1 \mathbf x + \mathbf b_1) +
# \mathbf b_2) + \mathbf b_3\bigr);$$
#
# its parameters; an algorithm; and an objective, which is the mean of a loss over the $N$ examples.
# Each of them is one line of code. Which parts of the second line are $g$, $O$ and $L$?

# %%
moons = data.moons(100, noise=0.15)  # data: N = 100 pairs of x and y
mlp = MLP(2, [16, 16, 1], "tanh", "sigmoid", seed=0)  # model
theta = mlp.parameters()  # parameters: W₁, b₁, W₂, b₂, W₃, b₃
descent = SGD(theta, lr=0.5)  # algorithm: gradient descent
loss = losses.binary_cross_entropy  # objective: make its mean over the data small
len(theta)

# %% [markdown]
# $g$ is `"tanh"`, the output function $O$ is `"sigmoid"`, and $L$ is the length of the list.
# $\theta$ stands for 337 numbers.
#
# ## What a graph costs
#
# One step of gradient descent on all examples needs the graph of the mean loss of all 100. How many
# operations are in it? **Predict** first: are there hundreds, thousands, or tens of thousands? In a
# simple engine a neuron is written with products and sums:


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
# Every operation creates a Python object with its number, its arguments and its local derivatives,
# and all of them are created again in every step. Because `weighted_sum` computes the whole
# $z = \sum_j w_j x_j + b$ in one operation, the network of the package needs only about a tenth of
# them. Still, the number of operations grows with the number of examples, although every example
# goes through the same formula.
#
# ## Record once, run for any numbers
#
# `replay` reads a recorded graph and writes a program that computes the result and its gradients
# for other numbers. We start with a small network: two inputs, three hidden neurons, one output,
# the identity as the output function, and half the squared error. Whatever changes from example to
# example must be a `Value`: $x_1$, $x_2$ and the target $y$.

# %%
net = MLP(2, [3, 1], "tanh", "identity", seed=0)
x, y = [Value(0.5), Value(-1.0)], Value(1.0)
compiled = replay(
    losses.half_squared_error(net(x), y), inputs=[*x, y], wrt=net.parameters(), reduce="sum"
)
compiled

# %% [markdown]
# There are eight operations: four weighted sums, three tanh and the loss. They form four groups; we
# shall see which. Now we give it other numbers.

# %%
rows = [[0.5, -1.0, 1.0], [1.0, 0.5, 0.0], [-0.3, 0.2, 0.5], [2.0, 1.0, -1.0]]  # x₁, x₂, y
print(compiled(rows).losses.round(6))

# %% [markdown]
# These are four losses for four examples, and only the first example was ever recorded. The engine
# records a graph for each example. We put its numbers into a table `V`, with a column for each
# example, and add up the gradients of all examples.

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
# Rows 0 to 2 are given. Every other row is one node of the graph, for all examples at once. How is
# row 3 computed from rows 0 and 1? By $z_1 = w_{11} x_1 + w_{12} x_2 + b_1$, in the same way in
# every column. Rows 3 to 5 together are
# $\mathbf Z^{(1)} = \mathbf W^{(1)} \mathbf X + \mathbf b^{(1)}$: the batch as columns (A4). Here
# is the program. `V` is the table, and `F` contains the 13 parameters, neuron by neuron: three
# times two weights and a bias, then three weights and a bias.

# %%
forward, backward = compiled.source.strip().split("\n\n")
print(forward)

# %% [markdown]
# There are three kinds of lines: a matrix product, a bias that is added to every column, and a
# function that is applied to every number (its name begins with `f_`). A product with its bias is
# one group, and a function is one group: four groups in all. Nobody has told `replay` about layers.
# It found that rows 3, 4 and 5 are weighted sums of the same inputs, and combined them. Now the way
# back. `A` is a table like `V`, and contains the derivatives of the loss with respect to the rows
# of `V`; `G` collects the gradients of the parameters. **Predict:** where are
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
# (In the program, `y` is the output of an operation, here `V[6:9]`, which the lecture calls
# $\mathbf a$.) The rule of tanh comes from the package's table of operations, and the engine uses
# the same row. So both should agree, except for rounding. (With only a few examples there is little
# to combine, and replay runs a program of plain Python instead. With 500 examples it runs the
# program above.)


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
# Does replay need an `MLP` to find the matrices? The loss of all 100 moons, written with products
# and sums, contains nothing about layers. It has no inputs either: the numbers of its 100 examples
# are constants in the graph. How many groups of operations will the program have?

# %%
whole = objective(written_out, moons)
program = replay(whole, wrt=theta)
print(program)
for kind, n in Counter(type(group).__name__ for group in program.plan.groups).items():
    print(f"{n:3} × {kind}")

# %% [markdown]
# Three groups are a `Grid`, a matrix product: one for each layer. A `Map` is one function of many
# numbers, a `Total` the sum over the examples. Are the gradients right?

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
# Both graphs grow with the number of examples, but the program does not: more examples only make
# its matrices wider. (A single example needs fewer groups, because its loss has only one class and
# there is no mean to compute.)
#
# ## What replay cannot see
#
# A graph contains operations, but nothing of the Python code around them. The next function
# branches on its argument, and only the branch that was taken is recorded:


# %%
def leaky(z):
    return z if z > 0 else 0.1 * z


z = Value(2.0)
print("recorded at 2, replayed at -2:", replay(leaky(z), inputs=[z])([[-2.0]]).losses[0])
print("the function itself at -2:    ", leaky(-2.0))

# %% [markdown]
# The replayed result is wrong, and there is no warning. If you record inside `recording()`, such a
# decision raises an error; `fit` below does this for you. An operation, on the other hand, decides
# again for each number:

# %%
try:
    with recording():
        leaky(z)
except RuntimeError as error:
    print(str(error).replace("; ", ";\n"))
with recording():
    print(replay(leaky_relu(z, 0.1), inputs=[z])([[-2.0], [2.0]]).losses)


# %% [markdown]
# There is another way to leave the graph: reading a number with `.data` or `float()`. The number is
# then a constant, and no error can be raised. But then a gradient is missing, too, and `gradcheck`
# finds that:


# %%
def escapes(x):
    return x * x.data


print(replay(escapes(z), inputs=[z])([[3.0]]).losses, "should be", [3.0 * 3.0])
print(gradcheck(escapes, 2.0).fault)

# %% [markdown]
# Large frameworks have similar limits. A function that `jax.jit` compiles is recorded in this way,
# and must not branch on a number in Python either.
#
# ## The same steps
#
# `fit(..., replay=True)` records the model and the loss once, and runs the program for every batch.
# We train two copies of the network, one with the graph and one with the program, for three epochs
# in mini-batches of 30 (B6). How many steps is that, and how large is the last batch?

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
# There are twelve steps, and all losses are the same. Now there is time for 500 epochs in whole
# batches. We keep a frozen copy of the network before the first epoch and after some others:

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
# Blue circles are class 0, orange triangles class 1, and on the black line the output is ½. The
# line starts where the random weights have put it. It becomes nearly straight, then it bends, and
# in the end it follows the gap between the moons; one point stays on the wrong side.

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
# This is the learning curve, with the epochs of the panels marked. The loss falls quickly to a
# shoulder at about epoch 20, which is as far as a nearly straight line can go. Then the line bends,
# and the loss falls further.
#
# ## Three classes, in mini-batches
#
# Lecture D has a table of output functions and the losses that go with them (D3):
#
# | | real values | probabilities |
# | --- | --- | --- |
# | output function $O$ | linear | softmax |
# | loss of an example | $\sum_j (\hat y_j - y_j)^2$ | $-\log \hat y_l$ |
#
# The small network above used the left column (with a ½ before the sum). The iris data need the
# right one: 150 flowers, four lengths each, three species.

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
print(f"accuracy on the training flowers: {accuracy(flowers, examples):.3f}")

# %% [markdown]
# The loss $-\log \hat y_l$ uses a different output for each species, so replay writes three
# programs, one for each class, and adds up their results. The last batch has 22 flowers, and its
# step is divided by 22. (Notebook 8 shows how good such a network is on flowers that it has *not*
# seen.)
#
# ## How much faster?
#
# The next cells compute the gradient of the mean loss of all moons, with the graph and with the
# program. They take turns, so that both run under the same conditions. The cell prints no times,
# because times are different in every run.

# %%
x, y = [Value(0.0), Value(0.0)], Value(1.0)
step = replay(loss(mlp(x), y), inputs=[*x, y], wrt=theta)
batch = np.array([[*x_i, y_i] for x_i, y_i in moons])


def on_the_graph():
    objective(mlp, moons).backward()


def by_the_program():
    step(batch)


by_the_program()  # the first call writes the program

# %%
ratios = [
    timeit(on_the_graph, number=1) / (timeit(by_the_program, number=20) / 20) for _ in range(7)
]
print("more than twenty times as fast:", median(ratios) > 20)

# %% [markdown]
# You can measure the times yourself in a cell of its own: `%timeit on_the_graph()`, then
# `%timeit by_the_program()`.
#
# ## Beyond: PyTorch
#
# For images, for text or on a GPU, use another library. `to_torch` turns the network into the same
# network in PyTorch, with the same numbers. PyTorch expects examples in *rows*. (If nothing is
# printed below, PyTorch is not installed. It is a large download: run `%pip install torch` in a
# cell, then restart the kernel.)

# %%
if torch:
    model = to_torch(mlp)
    points = torch.tensor([x_i for x_i, _ in moons], dtype=torch.float64)
    targets = torch.tensor([[y_i] for _, y_i in moons], dtype=torch.float64)
    torch_loss = torch.nn.functional.binary_cross_entropy(model(points), targets)
    print(model)
    print("the same loss:", np.isclose(torch_loss.item(), step(batch).losses.mean(), rtol=1e-12))

# %% [markdown]
# PyTorch continues the training, here with gradient descent written out. `from_torch` brings the
# trained network back, to be drawn or stepped through:

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
# Any other recorded graph is converted by `expression_to_torch`. Here it converts the loss of the
# small network. PyTorch finds the same gradients as replay and as the engine, so three methods give
# one answer:

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
# The gradient of a sum is the sum of the gradients, so a batch can be divided among processes.
# Imagine two processes, each with its share of the examples; here we compute the shares one after
# the other. Eleven examples cannot be divided into two equal shares. Is the mean of the two mean
# gradients equal to the mean gradient of all examples?

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
# No: the examples of the smaller share would count for more. PyTorch's `DistributedDataParallel`
# only averages the gradients of the processes; the rest is up to you. You need
#
# 1. processes that can talk to each other: `torchrun` starts them, `init_process_group` connects
#    them;
# 2. the same model in each process: `DistributedDataParallel(model)` copies the model of process 0
#    to all others;
# 3. a share of every batch: `x[rank::processes]`;
# 4. a loss for which the average is right: the *sum* over the share, times
#    `processes / len(batch)`;
# 5. the same optimiser in each process, so that all take the same step.
#
# `tinygrad_edu/interop/distributed.py` does these five things in a hundred lines. It trains on the
# moons: a few epochs here, more in PyTorch, and back. It prints the same losses with one process
# and with two. Run it in a terminal in which the environment is active:
#
# ```sh
# python -m tinygrad_edu.interop.distributed
# torchrun --nproc-per-node 2 -m tinygrad_edu.interop.distributed
# ```
#
# ## Exercises
#
# **1. Count.** A network has 4 inputs, layers of 6, 5 and 2 neurons, tanh in the hidden layers and
# the identity at the end. How many operations are in the graph of its *output*? (`weighted_sum` is
# one operation; the identity is none.) The two outputs go into one `total`, which is one more.

# %%
my_count = 0
right_count = operations(total(MLP(4, [6, 5, 2])([1.0, 2.0, 3.0, 4.0])))
# assert my_count == right_count


# %% [markdown]
# **2. Read the program.** `G[12]` is the derivative with respect to the bias of the output neuron,
# for the four examples of the table `V` above. Compute it from two rows of the table.

# %%
my_G12 = 0.0
# assert np.isclose(my_G12, compiled(rows).gradient[12], atol=5e-3)

# %% [markdown]
# **3. Decide with operations.** The function below returns $-1$, $z$ or $1$. It decides in Python,
# so it cannot be replayed. Write it with `maximum` and `minimum` of the package, until the cell
# prints -1, 0.5 and 1.


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
# **4. Write the program.** This cell computes the gradients of the small network for all four
# examples, with NumPy and the key equations. Two lines are still wrong.

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
# **5. Continue in PyTorch.** Let a network with 2 inputs, 8 hidden neurons and 1 output learn the
# circles of `data.circles(100)`: some epochs with `fit(..., replay=True)`, the rest in PyTorch with
# `torch.optim.Adam`, and back. The `assert` passes silently when all points are in the right class.

# %%
circles = data.circles(100)
mine = MLP(2, [8, 1], "tanh", "sigmoid", seed=0)
returned = from_torch(to_torch(mine)) if torch else mine  # train before, in between, or both
print(f"{accuracy(returned, circles):.2f}")
# assert accuracy(returned, circles) == 1
