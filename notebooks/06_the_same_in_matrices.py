# %% [markdown]
# # 6 · The same in matrices
#
# Lectures write backpropagation in four lines of matrices. Here each line is derived from single
# neurons, and what it computes is set beside the gradients of the engine, layer by layer, until
# both agree.
#
# After this notebook you can
#
# - tell the shape of every matrix of a network, and put the biases into the weights as column 0;
# - derive the key equations, and say where each transpose comes from;
# - run both passes for a whole batch, one example in each column;
# - write `back_propagation` yourself, and find out in which line a derivation by matrices goes
#   wrong.
#
# Lecture rows: A4, A11, B1, B4, C2, D2, D5, D7, E1, E2.

# %%
import inspect
from functools import partial

import matplotlib.pyplot as plt
import numpy as np

from tinygrad_edu import MLP, draw_network, exercise, grad, losses, paths
from tinygrad_edu.lessons import error_derivatives, shapes, softmax_network, worked_example
from tinygrad_edu.nn import compare, equations
from tinygrad_edu.nn.equations import Backward, back_propagation, forward_propagation, parameters_of
from tinygrad_edu.nn.matrix import Matrix

plt.style.use("lecture.mplstyle")

# %% [markdown]
# ## Shapes
#
# A layer of $m$ neurons on $k$ inputs has a row of weights for each neuron: $\mathbf W$ is
# $m \times k$, and $w_{ij}$ leads from input $j$ to neuron $i$. In the network of A4 there are 3
# inputs, then 4, 3 and 1 neurons. Write down the three shapes, and the number of parameters in all.

# %%
network = shapes.network()
draw_network(network, numbers=False)

# %%
for number, (W, b, _) in enumerate(parameters_of(network), start=1):
    print(f"layer {number}: W is {shapes.shape_text(W)}, b is {shapes.shape_text(b)}")
print(len(network.parameters()), "parameters")

# %% [markdown]
# A layer computes $\mathbf z = \mathbf W \mathbf a + \mathbf b$ and then $g(\mathbf z)$, number by
# number. Now five examples side by side, as the columns of $\mathbf X$. Nothing else changes:
# $\mathbf b$ is added to every column.

# %%
X = Matrix(shapes.FIVE_INPUTS).T
forward = forward_propagation(parameters_of(network), X)
for below, z in zip(forward.a, forward.z, strict=False):
    print(f"from {shapes.shape_text(below)} to {shapes.shape_text(z)}")
print("all at once:   ", shapes.vector(forward.a[-1][0]))
print("one by one:    ", shapes.vector(network(x).data for x in shapes.FIVE_INPUTS))

# %% [markdown]
# **The bias as column 0** (B1). With an input $x_0 = 1$ added, the bias is one more weight:
# $\mathbf z = \boldsymbol\Theta \binom{1}{\mathbf x}$, and $\boldsymbol\Theta$ has one column more
# than $\mathbf W$.

# %%
layer = network.layers[0]
for row in layer.theta:
    print(shapes.vector(row))
print("z₁ of all five by Θ:      ", shapes.vector(shapes.by_theta(layer, X)[0]))
print("z₁ of all five by W and b:", shapes.vector(forward.z[0][0]))

# %% [markdown]
# The first column is the biases, all ½ here.
#
# ## From single neurons to matrices
#
# Let $\delta_i = \partial L / \partial z_i$ be the *error* of neuron $i$. From
# $z_i = \sum_j w_{ij}\, a_j + b_i$, where $a_j$ comes from the layer below:
#
# 1. The weight $w_{ij}$ goes into $z_i$ only, and there it is multiplied by $a_j$. So
#   $\partial L / \partial w_{ij} = \delta_i\, a_j$: every error times every input, which is the
#   table $\boldsymbol\delta\, \mathbf a^T$.
# 2. The bias $b_i$ goes into $z_i$ with factor 1: $\partial L / \partial b_i = \delta_i$.
# 3. The activation $a_j$ goes into *every* $z_i$, with factor $w_{ij}$. Several paths, so a sum:
#   $\partial L / \partial a_j = \sum_i w_{ij}\, \delta_i$. It runs down column $j$ of $\mathbf W$,
#   and that is what the transpose is for: $\mathbf W^T \boldsymbol\delta$.
# 4. From $a_j = g(z_j)$ comes the factor $g'(z_j)$, each neuron its own: $\odot$ is the product
#   number by number.
#
# **The key equations** (A11, D5), with layers counted by superscripts:
#
# $$\boldsymbol\delta^{(L)} = \frac{\partial L}{\partial \mathbf a^{(L)}} \odot g'(\mathbf z^{(L)}),
# \qquad \boldsymbol\delta^{(l)} = \mathbf W^{(l+1)T} \boldsymbol\delta^{(l+1)}
# \odot g'(\mathbf z^{(l)}),$$
#
# $$\frac{\partial L}{\partial \mathbf W^{(l)}} = \boldsymbol\delta^{(l)}\, \mathbf a^{(l-1)T},
# \qquad \frac{\partial L}{\partial \mathbf b^{(l)}} = \boldsymbol\delta^{(l)} .$$
#
# Point 3 on the worked example of notebook 2, two neurons above $a_1^{(1)}$: first by the paths of
# the engine, then by the transpose.

# %%
mlp, loss = worked_example.forward()
hidden, output = mlp.layers
print(paths(loss, hidden.a[0]))

# %%
delta = Matrix([[d] for d in grad(loss, output.z)])
print("Wᵀ δ =", *[f"{x:.5f}" for [x] in Matrix(output.W).T @ delta])

# %% [markdown]
# The first number is the sum of the two paths. Point 1 as a picture: the column of errors, the row
# of activations, and between them all products.

# %%
a = Matrix([[x.data for x in hidden.a]])
panels = {"δ⁽²⁾": delta, "a⁽¹⁾ᵀ": a, "∂L/∂W⁽²⁾ = δ⁽²⁾ a⁽¹⁾ᵀ": delta @ a}
fig, axes = plt.subplots(1, 3, figsize=(10, 3.4), width_ratios=[1, 2, 2], layout="constrained")
for ax, (title, matrix) in zip(axes, panels.items(), strict=True):
    ax.imshow(list(matrix), cmap="RdBu_r", vmin=-1.5, vmax=1.5)
    for i, row in enumerate(matrix):
        for j, x in enumerate(row):
            ax.text(j, i, f"{x:.4f}", ha="center", va="center")
    ax.set(title=title, xticks=[], yticks=[])
axes[0].set_ylabel("neuron $i$")
axes[1].set_xlabel("input $j$")
axes[2].set(xlabel="from input $j$", ylabel="to neuron $i$")
plt.show()

# %% [markdown]
# Top left in the last panel stands the 0.0822 of notebook 2. Each row is one neuron's error times
# the same two inputs.
#
# ## Beside the engine, layer by layer
#
# `compare` runs the equations and the engine on the same network and prints both, with a verdict
# for each line.

# %%
example = [(worked_example.INPUTS, worked_example.TARGETS)]
compare(mlp, example, losses.half_squared_error)

# %% [markdown]
# You know the numbers on the left: they are those that you computed by hand. The equations know no
# graph and no `Value`. Here is their whole way back, the algorithm `back_propagation` of D7:

# %%
print(inspect.getsource(back_propagation))

# %% [markdown]
# $g'(\mathbf z)$ hides in `through_activation`; the sum in the last argument of `Backward` is for
# several examples, which come below.
#
# ## All error derivatives of a network
#
# B asks for every error derivative of a network with 4 inputs and 2, 3 and 1 logistic neurons, does
# three steps and stops at the fourth, the way back through a layer of three. How many derivatives
# are there, by $a$, by $z$ and by $\theta$? In the picture, those by weights stand on the lines.

# %%
of_b, cost = error_derivatives.network()
cost.backward()
draw_network(of_b, show="grad")

# %%
by_engine = error_derivatives.by_engine(of_b, cost)
print(len(by_engine), "derivatives; those of the first neuron of layer 3:")
for name in error_derivatives.variables(3, 1):
    print(f"  ∂C/∂{name:6} {by_engine[name]:10.6f}")

# %% [markdown]
# (B calls the inputs layer 1, so its layer 3 is our layer 2. And its $\theta_{jk}$ leads from
# neuron $j$ to neuron $k$, the other way round than our $w_{ij}$; $j = 0$ is the bias.) They are 6
# by $a$, 6 by $z$ and 23 by $\theta$. The matrices have five lines to a layer, and the last three
# of them hold all derivatives by $z$ and by $\theta$; those by $a$ are factors within the lines of
# $\boldsymbol\delta$, as $\partial L / \partial \mathbf a$ or $\mathbf W^T \boldsymbol\delta$:

# %%
example_of_b = [(error_derivatives.INPUTS, [error_derivatives.TARGET])]
comparison = compare(of_b, example_of_b, losses.half_squared_error)
for row in comparison.rows:
    print(row.layer, f"{row.formula:30}", shapes.shape_text(row.equations), row.verdict)

# %% [markdown]
# **Number by number** (C2). The handwritten notes of C write the recursion without matrices, and
# lose on the way the sum over the neurons above and the $\sigma'$. With both it reads
# $\delta_j^{(l)} = \bigl(\sum_i w_{ij}^{(l+1)} \delta_i^{(l+1)}\bigr)\, \sigma'(z_j^{(l)})$. As a
# function that `compare` can check, with a switch for the $\sigma'$:


# %%
def number_by_number(theta, forward, dA, *, slope=True):
    found = []
    for layer in reversed(range(len(theta))):
        W, a, below = theta[layer].W, forward.a[layer + 1], forward.a[layer]
        slopes = [a_j * (1 - a_j) if slope else 1 for [a_j] in a]
        delta = [d * s for [d], s in zip(dA, slopes, strict=True)]
        dW = [[d * a_j for [a_j] in below] for d in delta]
        found.append(Backward(Matrix([delta]).T, Matrix(dW), Matrix([delta]).T))
        dA = [[sum(W[i][j] * delta[i] for i in range(len(W)))] for j in range(len(below))]
    return found[::-1]


# %%
as_in_c = partial(number_by_number, slope=False)
for what, derivation in {"with σ'": number_by_number, "without": as_in_c}.items():
    comparison = compare(of_b, example_of_b, losses.half_squared_error, derivation)
    wrong = [row for row in comparison.rows if row.verdict != "✓"]
    print(f"{what}: {len(wrong)} of {len(comparison.rows)} lines differ")

# %% [markdown]
# Nine: everything on the way back. The six that agree are $\mathbf z$ and $\mathbf a$, of the
# forward pass.
#
# ## Softmax at the output
#
# D derives the gradients in three groups (D5), in its own letters: it writes $\mathbf a$ for the
# pre-activation, our $\mathbf z$, and $\mathbf h$ for the activation, our $\mathbf a$.
#
# - at the output $\nabla_{\mathbf a_L} = -(\mathbf e(l) - \hat{\mathbf y})$, for us
#   $\boldsymbol\delta^{(L)} = \hat{\mathbf y} - \mathbf e_l$;
# - at hidden units $\nabla_{\mathbf h_k} = \mathbf W_{k+1}^T \nabla_{\mathbf a_{k+1}}$, and then
#   $\nabla_{\mathbf a_k} = \nabla_{\mathbf h_k} \odot g'(\mathbf a_k)$;
# - at parameters $\nabla_{\mathbf W_k} = \nabla_{\mathbf a_k} \mathbf h_{k-1}^T$ and
#   $\nabla_{\mathbf b_k} = \nabla_{\mathbf a_k}$.
#
# Only the first line is new; notebook 5 derives it.
#
# E takes two hidden layers of ReLUs, and $m$ examples at once, over which the cross entropy is
# averaged (E1). Then $\boldsymbol\delta^{(L)} = (\hat{\mathbf Y} - \mathbf Y) / m$, a column for
# each example. With $m = 3$:

# %%
mlp = softmax_network.network()
X = Matrix(x for x, _ in softmax_network.LABELLED_EXAMPLES).T
Y = Matrix([[1, 0, 0], [0, 1, 0], [0, 0, 1]])  # one-hot columns: the classes are 0, 1, 2
theta = parameters_of(mlp)
forward = forward_propagation(theta, X)
dA = equations.loss_gradient(losses.negative_log_likelihood, forward.a[-1], Y)
backward = back_propagation(theta, forward, dA)
for ours, short in zip(backward[-1].delta, (forward.a[-1] - Y) / 3, strict=True):
    print(shapes.vector(ours), shapes.vector(short))

# %% [markdown]
# Left by way of $-\mathbf Y / (m \hat{\mathbf Y})$ and the matrix of softmax, right the short
# formula. Both are equal, and every column adds up to 0.
#
# What happens to three examples in
# $\partial L / \partial \mathbf W = \boldsymbol\delta\, \mathbf A^T$? The matrix product adds up
# over its inner index, and that now counts the examples.

# %%
delta, A = backward[1].delta, forward.a[1]
columns = zip(delta.T, A.T, strict=True)
panels = [*(Matrix([d]).T @ Matrix([a]) for d, a in columns), delta @ A.T]
titles = ["example 1", "+ example 2", "+ example 3", "= ∂L/∂W⁽²⁾"]
fig, axes = plt.subplots(1, 4, figsize=(10.5, 2.9), layout="constrained")
for ax, matrix, title in zip(axes, panels, titles, strict=True):
    image = ax.imshow(list(matrix), cmap="RdBu_r", vmin=-0.15, vmax=0.15)
    ax.set(title=title, xticks=[], yticks=[])
axes[0].set(xlabel="from neuron $j$", ylabel="to neuron $i$")
fig.colorbar(image, ax=axes, label="gradient")
plt.show()

# %% [markdown]
# Where a weight is red, a step against the gradient makes it smaller; where it is blue, larger. The
# second row is 0 for all three examples: the ReLU of that neuron is off. For the biases the same
# sum has to be written out, $\partial L / \partial \mathbf b = \sum_k \boldsymbol\delta_{\cdot k}$,
# which E forgets. `compare` says so:

# %%
for derivation in (back_propagation, softmax_network.with_biases_not_summed):
    rows = softmax_network.checked(derivation).rows
    print(derivation.__name__)
    for row in rows[4::5]:
        print("  ", row.formula, row.verdict)

# %% [markdown]
# With the sum, all 15 lines agree. And for $L$ layers (E2), with the identity for a regression,
# nothing is left to derive:

# %%
deep = MLP(2, [4, 4, 3, 2], "relu", "identity", initialisation="kaiming", seed=3)
data = [([0.5, -1.0], [1.0, 0.0]), ([1.0, 0.5], [0.0, 2.0]), ([-0.3, 0.2], [0.5, 0.5])]
print("classes:   ", bool(softmax_network.checked()))
print("regression:", bool(compare(deep, data, losses.mse)))

# %% [markdown]
# ## The same code on arrays, and downhill
#
# The equations ask of their matrices only `@`, `.T`, `*`, `+` and `.sum`. So they run on NumPy as
# they are, and `gradient_descent` (D2, D7) is a loop around them: forward, backward, one step, 1000
# times. Here it is called for one iteration at a time, to note the loss in between.

# %%
theta, loss = parameters_of(mlp, np.array), losses.negative_log_likelihood
X, Y = np.array(list(X)), np.array(list(Y))
curve = []
for _ in range(1000):
    probabilities = forward_propagation(theta, X).a[-1]
    curve.append(-np.log(probabilities[Y == 1]).mean())
    theta = equations.gradient_descent(theta, X, Y, loss, lr=0.1, max_iterations=1)

# %%
fig, ax = plt.subplots(figsize=(8, 3.6))
ax.semilogy(curve)
ax.set(xlabel="iteration", ylabel="cross entropy")
plt.show()

# %%
print(f"log 3 = {np.log(3):.4f}; loss {curve[0]:.4f} at first, {curve[-1]:.4f} at last")
print(forward_propagation(theta, X).a[-1].round(3))

# %% [markdown]
# The loss starts near $\log 3$, that of guessing among three classes, and falls, if not in every
# single iteration: the small teeth are ReLUs that a step has carried across their kink. In the end
# each column, an example, has nearly all of its probability in the row of its class.
#
# ## Exercises
#
# **1. Write it yourself**, for the network of B. The function below runs, but three lines are still
# wrong; all activations are sigmoids, so that $g'(\mathbf z) = \mathbf a \odot (1 - \mathbf a)$.
# Matrices know `@`, `.T`, `*`, `+`, `-`. Mend one line after the other until all agree.


# %%
def my_back_propagation(theta, forward, dA):
    backward = []
    for layer in reversed(range(len(theta))):
        W, a, below = theta[layer].W, forward.a[layer + 1], forward.a[layer]
        delta = dA * (1 + 0 * a)  # 1. a factor is missing
        dW = 0 * W  # 2. a product of two matrices, in the shape of W
        db = delta
        backward.append(Backward(delta, dW, db))
        dA = 0 * below  # 3. what goes back to the layer below
    return backward[::-1]


comparison = compare(of_b, example_of_b, losses.half_squared_error, my_back_propagation)
for row in comparison.rows:
    if row.verdict != "✓":
        print(row.layer, row.formula, row.verdict)
print("all agree" if comparison else "not yet")

# %% [markdown]
# **2. Find the mistake.** Somebody forgot a transpose. On a network of 4, 2, 3 and 1 neurons the
# shapes would not go together and Python would stop; on the worked example they do. Which lines are
# wrong, and why not those of layer 2?


# %%
def without_transpose(theta, forward, dA):
    backward = []
    for layer in reversed(range(len(theta))):
        W, a, below = theta[layer].W, forward.a[layer + 1], forward.a[layer]
        delta = dA * a * (1 - a)
        backward.append(Backward(delta, delta @ below.T, delta))
        dA = W @ delta
    return backward[::-1]


# %%
square = worked_example.network()
comparison = compare(square, example, losses.half_squared_error, without_transpose)
for row in comparison.rows:
    print(row.layer, f"{row.formula:30}", row.verdict)

# %% [markdown]
# **3. Shapes.** A network with 5 inputs, 7 hidden and 3 output neurons is given 10 examples. Write
# the shapes of $\mathbf W^{(2)}$, $\boldsymbol\delta^{(1)}$, $\partial L/\partial \mathbf W^{(1)}$
# and $\partial L/\partial \mathbf b^{(2)}$ into the list; the first is done.

# %%
answers = [(3, 7), None, None, None]

theta = parameters_of(MLP(5, [7, 3]), np.array)
forward = forward_propagation(theta, np.ones((5, 10)))
first, second = back_propagation(theta, forward, np.ones((3, 10)))
for answer, matrix in zip(answers, [theta[1].W, first.delta, first.dW, second.db], strict=True):
    print("✓" if answer == matrix.shape else "?", answer)

# %% [markdown]
# **4. The recursion by hand.** The errors of the hidden layer of the worked example. A first answer
# is wrong, and the sheet says why; go on with `sheet.answer("dL/da1_1", ...)`.

# %%
_, loss = worked_example.forward()
sheet = exercise(loss, only=["dL/da1_1", "dL/dz1_1", "dL/da1_2", "dL/dz1_2"])
print(sheet)

# %%
sheet.answer("dL/da1_1", 0.0554)
