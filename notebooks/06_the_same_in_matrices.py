# %% [markdown]
# # 6 · The same in matrices
#
# Lectures write backpropagation in four lines of matrices. In this notebook each line is derived
# from single neurons, and its result is compared with the gradients of the engine, layer by layer.
#
# After this notebook you can
#
# - give the shape of every matrix of a network, and put the biases into the weight matrix as column
#   0;
# - derive the key equations, and say where each transpose comes from;
# - run both passes for a whole batch, with one example in each column;
# - write `back_propagation` yourself, and find the line in which a derivation with matrices goes
#   wrong.
#
# Lecture rows: A4, A11, B1, B4, C2, D2, D5, D7, E1, E2.
#
# The package follows five lecture texts: A (slides "Neural Networks" of a course on machine
# learning), B (notes "Neural networks"), C (handwritten notes "Back propagation"), D (slides
# "Feedforward Neural Networks") and E (a solved exercise on a network with two hidden ReLU layers
# and cross entropy). A4 means item 4 of lecture A; the README lists all items under "The lectures,
# row by row".

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
# A layer of $m$ neurons with $k$ inputs has one row of weights for each neuron: $\mathbf W$ is
# $m \times k$, and $w_{ij}$ leads from input $j$ to neuron $i$. The network of A4 has 3 inputs, and
# layers of 4, 3 and 1 neurons. Write down the three shapes, and the total number of parameters.

# %%
network = shapes.network()
draw_network(network, numbers=False)

# %%
for number, (W, b, _) in enumerate(parameters_of(network), start=1):
    print(f"layer {number}: W is {shapes.shape_text(W)}, b is {shapes.shape_text(b)}")
print(len(network.parameters()), "parameters")

# %% [markdown]
# A layer computes $\mathbf z = \mathbf W \mathbf a + \mathbf b$, and then applies $g$ to each
# number of $\mathbf z$. Now put five examples side by side, as the columns of $\mathbf X$. Nothing
# else changes: $\mathbf b$ is added to every column.

# %%
X = Matrix(shapes.FIVE_INPUTS).T
forward = forward_propagation(parameters_of(network), X)
for below, z in zip(forward.a, forward.z, strict=False):
    print(f"from {shapes.shape_text(below)} to {shapes.shape_text(z)}")
print("all at once:   ", shapes.vector(forward.a[-1][0]))
print("one by one:    ", shapes.vector(network(x).data for x in shapes.FIVE_INPUTS))

# %% [markdown]
# **The bias as column 0** (B1). If you add an input $x_0 = 1$, the bias becomes one more weight:
# $\mathbf z = \boldsymbol\Theta \binom{1}{\mathbf x}$, and $\boldsymbol\Theta$ has one more column
# than $\mathbf W$.

# %%
layer = network.layers[0]
for row in layer.theta:
    print(shapes.vector(row))
print("z₁ of all five by Θ:      ", shapes.vector(shapes.by_theta(layer, X)[0]))
print("z₁ of all five by W and b:", shapes.vector(forward.z[0][0]))

# %% [markdown]
# The first column contains the biases, which are all ½ here.
#
# ## From single neurons to matrices
#
# Let $\delta_i = \partial L / \partial z_i$ be the *error* of neuron $i$. Its pre-activation is
# $z_i = \sum_j w_{ij}\, a_j + b_i$, where $a_j$ comes from the layer below. For one example this
# gives:
#
# 1. The weight $w_{ij}$ affects only $z_i$, where it is multiplied by $a_j$. So
#    $\partial L / \partial w_{ij} = \delta_i\, a_j$: every error times every input. This is the
#    matrix $\boldsymbol\delta\, \mathbf a^T$.
# 2. The bias $b_i$ affects only $z_i$, with the factor 1: $\partial L / \partial b_i = \delta_i$.
# 3. The activation $a_j$ affects *every* $z_i$, with the factor $w_{ij}$. There are several paths,
#    so there is a sum: $\partial L / \partial a_j = \sum_i w_{ij}\, \delta_i$. The sum runs down
#    column $j$ of $\mathbf W$, and this is why there is a transpose:
#    $\mathbf W^T \boldsymbol\delta$.
# 4. Each neuron has $a_j = g(z_j)$, so it adds its own factor $g'(z_j)$. The sign $\odot$ stands
#    for the product number by number.
#
# **The key equations** (A11, D5), where the superscript is the layer:
#
# $$\boldsymbol\delta^{(L)} = \frac{\partial L}{\partial \mathbf a^{(L)}} \odot g'(\mathbf z^{(L)}),
# \qquad \boldsymbol\delta^{(l)} = \mathbf W^{(l+1)T} \boldsymbol\delta^{(l+1)}
# \odot g'(\mathbf z^{(l)}),$$
#
# $$\frac{\partial L}{\partial \mathbf W^{(l)}} = \boldsymbol\delta^{(l)}\, \mathbf a^{(l-1)T},
# \qquad \frac{\partial L}{\partial \mathbf b^{(l)}} = \boldsymbol\delta^{(l)} .$$
#
# The first equation holds if each output depends only on its own $z_i$, as with a sigmoid. For
# softmax see below.
#
# Here is point 3 in the worked example of notebook 2, where two neurons use $a_1^{(1)}$: first with
# the paths of the engine, then with the transpose.

# %%
mlp, loss = worked_example.forward()
hidden, output = mlp.layers
print(paths(loss, hidden.a[0]))

# %%
delta = Matrix([[d] for d in grad(loss, output.z)])
print("Wᵀ δ =", *[f"{x:.5f}" for [x] in Matrix(output.W).T @ delta])

# %% [markdown]
# The first number is the sum of the two paths. The next picture shows point 1: the column of
# errors, the row of activations, and the matrix of all their products.

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
# The number at the top left of the last panel is the 0.0822 of notebook 2. Each row is the error of
# one neuron, times the same two inputs.
#
# ## Compared with the engine, layer by layer
#
# `compare` runs the equations and the engine on the same network, and prints both results with a
# verdict for each line.

# %%
example = [(worked_example.INPUTS, worked_example.TARGETS)]
compare(mlp, example, losses.half_squared_error)

# %% [markdown]
# You know these numbers: you computed them by hand. The equations use no graph and no `Value`. Here
# is their complete backward pass, the algorithm `back_propagation` of D7:

# %%
print(inspect.getsource(back_propagation))

# %% [markdown]
# The factor $g'(\mathbf z)$ is inside `through_activation`. The sum in the last argument of
# `Backward` is for several examples, which come later in this notebook.
#
# ## All error derivatives of a network
#
# Lecture B takes a network with 4 inputs and layers of 2, 3 and 1 logistic neurons, and asks for
# every error derivative. It takes three steps, and stops at the fourth: the way back through a
# layer of three neurons. How many derivatives are there with respect to $a$, to $z$ and to
# $\theta$? In the picture, the derivatives with respect to the weights are on the lines.

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
# (Lecture B counts the inputs as layer 1, so its layer 3 is our layer 2. Its $\theta_{jk}$ leads
# from neuron $j$ to neuron $k$, so its indices are in the opposite order to our $w_{ij}$. The index
# $j = 0$ stands for the bias.) There are 6 derivatives with respect to $a$, 6 with respect to $z$
# and 23 with respect to $\theta$. The comparison has five lines for each layer. The last three of
# them contain all derivatives with respect to $z$ and $\theta$. The derivatives with respect to $a$
# are factors in the lines of $\boldsymbol\delta$, written as $\partial L / \partial \mathbf a$ or
# $\mathbf W^T \boldsymbol\delta$:

# %%
example_of_b = [(error_derivatives.INPUTS, [error_derivatives.TARGET])]
comparison = compare(of_b, example_of_b, losses.half_squared_error)
for row in comparison.rows:
    print(row.layer, f"{row.formula:30}", shapes.shape_text(row.equations), row.verdict)

# %% [markdown]
# **Number by number** (C2). The handwritten notes of C write the recursion without matrices. They
# leave out the sum over the neurons of the next layer, and the $\sigma'$. With both it is
# $\delta_j^{(l)} = \bigl(\sum_i w_{ij}^{(l+1)} \delta_i^{(l+1)}\bigr)\, \sigma'(z_j^{(l)})$. Here
# it is as a function that `compare` can check, with a switch for the $\sigma'$:


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
# Nine lines differ, all those of the backward pass. The six that agree are the $\mathbf z$ and
# $\mathbf a$ of the forward pass.
#
# ## Softmax at the output
#
# Lecture D derives the gradients in three groups (D5), with its own letters: it writes $\mathbf a$
# for the pre-activation, our $\mathbf z$, and $\mathbf h$ for the activation, our $\mathbf a$.
#
# - At the output: $\nabla_{\mathbf a_L} = -(\mathbf e(l) - \hat{\mathbf y})$. In our letters this
#   is $\boldsymbol\delta^{(L)} = \hat{\mathbf y} - \mathbf e_l$.
# - At hidden units: $\nabla_{\mathbf h_k} = \mathbf W_{k+1}^T \nabla_{\mathbf a_{k+1}}$, and then
#   $\nabla_{\mathbf a_k} = \nabla_{\mathbf h_k} \odot g'(\mathbf a_k)$.
# - At parameters: $\nabla_{\mathbf W_k} = \nabla_{\mathbf a_k} \mathbf h_{k-1}^T$ and
#   $\nabla_{\mathbf b_k} = \nabla_{\mathbf a_k}$.
#
# Only the first line is new; notebook 5 derives it.
#
# Lecture E takes two hidden layers of ReLUs and $m$ examples at once. Its loss is the mean of the
# cross entropy over the examples (E1). Then
# $\boldsymbol\delta^{(L)} = (\hat{\mathbf Y} - \mathbf Y) / m$, with a column for each example.
# Here is the case $m = 3$:

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
# The left side was computed from $-\mathbf Y / (m \hat{\mathbf Y})$ and the matrix of the
# derivatives of softmax, the right side with the short formula. They are equal, and every column
# adds up to 0.
#
# What happens to three examples in
# $\partial L / \partial \mathbf W = \boldsymbol\delta\, \mathbf A^T$? A matrix product adds over
# its inner index, and now this index counts the examples.

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
# Where the gradient is red, it is positive, and a step against it makes the weight smaller; where
# it is blue, the weight becomes larger. The second row is 0 for all three examples, because the
# ReLU of that neuron is off. For the biases the same sum must be written explicitly,
# $\partial L / \partial \mathbf b = \sum_k \boldsymbol\delta_{\cdot k}$. Lecture E forgets it, and
# `compare` says so:

# %%
for derivation in (back_propagation, softmax_network.with_biases_not_summed):
    rows = softmax_network.checked(derivation).rows
    print(derivation.__name__)
    for row in rows[4::5]:
        print("  ", row.formula, row.verdict)

# %% [markdown]
# With the sum, all 15 lines agree. For $L$ layers (E2), or for a regression with the identity at
# the output, there is nothing new to derive:

# %%
deep = MLP(2, [4, 4, 3, 2], "relu", "identity", initialisation="kaiming", seed=3)
data = [([0.5, -1.0], [1.0, 0.0]), ([1.0, 0.5], [0.0, 2.0]), ([-0.3, 0.2], [0.5, 0.5])]
print("classes:   ", bool(softmax_network.checked()))
print("regression:", bool(compare(deep, data, losses.mse)))

# %% [markdown]
# ## The same code with arrays, and gradient descent
#
# The equations use only `@`, `.T`, `*`, `+` and `.sum` of their matrices. So they work with NumPy
# arrays without a change. `gradient_descent` (D2, D7) is a loop around them: forward pass, backward
# pass, one step, 1000 times. Here we call it for one iteration at a time, to record the loss in
# between.

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
print(f"log 3 = {np.log(3):.4f}; loss {curve[0]:.4f} at the start, {curve[-1]:.4f} at the end")
print(forward_propagation(theta, X).a[-1].round(3))

# %% [markdown]
# The loss starts near $\log 3$, the loss of a guess among three classes. Then it falls, although
# not in every single iteration: the small teeth come from steps that carry a ReLU across its kink.
# At the end, each column (one example) has nearly all of its probability in the row of its class.
#
# ## Exercises
#
# **1. Write it yourself**, for the network of lecture B. The function below runs, but three lines
# are still wrong. All activations are sigmoids, so
# $g'(\mathbf z) = \mathbf a \odot (1 - \mathbf a)$. The matrices know `@`, `.T`, `*`, `+`, `-`.
# Correct one line after the other until all lines agree.


# %%
def my_back_propagation(theta, forward, dA):
    backward = []
    for layer in reversed(range(len(theta))):
        W, a, below = theta[layer].W, forward.a[layer + 1], forward.a[layer]
        delta = dA * (1 + 0 * a)  # 1. a factor is missing
        dW = 0 * W  # 2. this should be a product of two matrices, in the shape of W
        db = delta
        backward.append(Backward(delta, dW, db))
        dA = 0 * below  # 3. this should be the derivative that goes back to the layer below
    return backward[::-1]


comparison = compare(of_b, example_of_b, losses.half_squared_error, my_back_propagation)
for row in comparison.rows:
    if row.verdict != "✓":
        print(row.layer, row.formula, row.verdict)
print("all agree" if comparison else "not yet")

# %% [markdown]
# **2. Find the mistake.** Somebody forgot a transpose. In a network with 4 inputs and layers of 2,
# 3 and 1 neurons the shapes would not fit, and Python would stop. In the worked example all
# matrices are square, so the shapes fit. Which lines are wrong, and why are those of layer 2 right?


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
# and $\partial L/\partial \mathbf b^{(2)}$ into the list. The first is done.

# %%
answers = [(3, 7), None, None, None]

theta = parameters_of(MLP(5, [7, 3]), np.array)
forward = forward_propagation(theta, np.ones((5, 10)))
first, second = back_propagation(theta, forward, np.ones((3, 10)))
for answer, matrix in zip(answers, [theta[1].W, first.delta, first.dW, second.db], strict=True):
    print("✓" if answer == matrix.shape else "?", answer)

# %% [markdown]
# **4. The recursion by hand.** This sheet asks for the errors of the hidden layer of the worked
# example. The first answer below is wrong, and the sheet says why. Go on with
# `sheet.answer("dL/da1_1", ...)`.

# %%
_, loss = worked_example.forward()
sheet = exercise(loss, only=["dL/da1_1", "dL/dz1_1", "dL/da1_2", "dL/dz1_2"])
print(sheet)

# %%
sheet.answer("dL/da1_1", 0.0554)
