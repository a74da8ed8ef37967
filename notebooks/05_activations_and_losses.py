# %% [markdown]
# # 5 · Activations and losses
#
# Between two layers there is an activation function, and at the end of a network there is a loss.
# Both are functions of a few numbers, and backpropagation needs two things from them: their value
# and their slope.
#
# After this notebook you can
#
# - write down the usual activations with their derivatives, and derive $\sigma'$ and $\tanh'$;
# - show with one number each what can go wrong: saturation, vanishing gradients, dead neurons,
#   outputs that are not centred on zero, linear layers that collapse into one;
# - choose the output activation and the loss for a given task;
# - derive why softmax with cross entropy has the gradient $\hat{\mathbf y} - \mathbf e_l$;
# - say why libraries compute that loss from the logits.
#
# Lecture rows: A6, A7, A8, B2, B3, D3, D5 (at the output), D8, and two slips, in A and E.
#
# The package follows five lecture texts. This notebook uses four of them: A (slides "Neural
# Networks" of a course on machine learning), B (notes "Neural networks"), D (slides "Feedforward
# Neural Networks") and E (a solved exercise on a network with two hidden ReLU layers and cross
# entropy). A6 means item 6 of lecture A; the README lists all items under "The lectures, row by
# row".

# %%
import math
from functools import partial

import matplotlib.pyplot as plt
import numpy as np

from tinygrad_edu import (
    MLP,
    Constant,
    Value,
    derivation,
    exercise,
    exp,
    grad,
    gradcheck,
    log,
    losses,
    paths,
    weighted_sum,
)
from tinygrad_edu.lessons import activation_problems as problems
from tinygrad_edu.lessons.activation_problems import derivative_at
from tinygrad_edu.nn import predicted_class
from tinygrad_edu.nn.activations import linear, threshold
from tinygrad_edu.table import leaky_relu, relu, sigmoid, softmax, softplus, step, tanh, total

plt.style.use("lecture.mplstyle")

# %% [markdown]
# ## Eight activations
#
# | | $g(z)$ | $g'(z)$ | values |
# | :-- | :-- | :-- | :-- |
# | step | $1$ if $z > 0$, else $0$ | $0$ if $z \ne 0$ | 0 or 1 |
# | linear | $\alpha z + \beta$ | $\alpha$ | all |
# | sigmoid | $\sigma(z) = \frac{1}{1 + e^{-z}}$ | $\sigma(z)\,(1 - \sigma(z))$ | 0 to 1 |
# | tanh | $\frac{e^z - e^{-z}}{e^z + e^{-z}} = 2\,\sigma(2z) - 1$ | $1 - \tanh^2 z$ | −1 to 1 |
# | ReLU | $\max(0, z)$ | $1$ if $z > 0$, $0$ if $z < 0$ | from 0 |
# | leaky ReLU | $z$ if $z > 0$, else $\alpha z$ | $1$ if $z > 0$, $\alpha$ if $z < 0$ | all |
# | softplus | $\log(1 + e^z)$ | $\sigma(z)$ | above 0 |
# | softmax | $\hat y_i = e^{z_i} / \sum_j e^{z_j}$ | $\hat y_i (\delta_{ij} - \hat y_j)$ | 0 to 1 |
#
# The sigmoid is also called the logistic function. Softmax takes a vector and returns a vector. The
# table gives the derivative of $\hat y_i$ with respect to $z_j$, which is derived below;
# $\delta_{ij}$ is 1 if $i = j$, and 0 otherwise.
#
# Before you look at the pictures, sketch the slope of each function as a dashed line. Which slopes
# are 0 nearly everywhere, and which are never 0?

# %%
activations = {
    "step": step,
    "linear, ½z + ½": partial(linear, alpha=0.5, beta=0.5),
    "sigmoid": sigmoid,
    "tanh": tanh,
    "ReLU": relu,
    "leaky ReLU, α = 0.1": partial(leaky_relu, alpha=0.1),
    "softplus": softplus,
    "softmax of (z, 0, 1), first": lambda z: softmax([z, 0.0, 1.0])[0],
}

# %%
z = np.linspace(-4, 4, 161)
fig, axes = plt.subplots(2, 4, figsize=(11, 5.6), sharex=True, sharey=True, layout="constrained")
for ax, (name, g) in zip(axes.flat, activations.items(), strict=True):
    ax.plot(z, g(z), label="$g(z)$")
    ax.plot(z, [derivative_at(g, x) for x in z], "--", label="$g'(z)$, by the engine")
    ax.set_title(name, fontsize=13)
    ax.set(ylim=(-1.3, 2.3), xticks=[-4, -2, 0, 2, 4])
fig.supxlabel("pre-activation $z$", fontsize=14)
fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
plt.show()

# %% [markdown]
# The solid line is the function, the dashed line its slope. Look at the dashed lines. The slope of
# the step is 0 wherever it exists. The slopes of sigmoid, tanh and softmax are hills with long flat
# ends, but they are never exactly 0. The slopes of ReLU and leaky ReLU are steps. The slope of
# softplus is the sigmoid. (Lecture A takes $\alpha = 0.01$ for the leaky ReLU, and so does the
# package if you give no other number. The picture takes 0.1, because 0.01 could not be seen.)
#
# The lectures differ at the edge of the step: the package follows lecture A and takes 1 for
# $z > 0$, while lecture B has a threshold $k$ and takes 1 for $z \ge k$. The package has both
# functions. With $k = 0$ they differ only at the point 0:

# %%
print("step(0) =", step(0.0), "  threshold(0) =", threshold(0.0))
print("threshold(0.5, k=0.5) =", threshold(0.5, k=0.5))

# %% [markdown]
# At a kink there is no derivative, but the engine must return something. For the ReLU it returns
# the slope on the left, like PyTorch. `gradcheck` knows that this is not a mistake.

# %%
print(gradcheck(relu, 0.0)[0])

# %% [markdown]
# ## Two derivatives, derived
#
# **The logistic function.** By the chain rule, with $1 + e^{-z}$ inside the reciprocal:
#
# $$\sigma'(z) = \frac{-1}{(1 + e^{-z})^2}\cdot(-e^{-z})
# = \frac{1}{1 + e^{-z}}\cdot\frac{(1 + e^{-z}) - 1}{1 + e^{-z}} = \sigma(z)\,(1 - \sigma(z))$$
#
# The package does the same if the function is written in the same small steps. Below, $u = e^{-z}$
# and $s = 1 + u$, and $-1/s^2$ is written as $-a/s$. Predict the last number from $a = 0.6225$
# alone.

# %%
z = Value(0.5, label="z")
u = exp(-z)
s = 1 + u
a = 1 / s
u.label, s.label, a.label = "u", "s", "a"
derivation(a, z)

# %%
print(f"by four small steps {grad(a, z):.6f}, by a (1 - a) {a * (1 - a):.6f}")

# %% [markdown]
# **The hyperbolic tangent.** It is a stretched and shifted logistic function:
# $g(z) = 2\,\sigma(2z) - 1$. Therefore
#
# $$g'(z) = 4\,\sigma(2z)\,(1 - \sigma(2z)) = \bigl(2\,\sigma(2z)\bigr)\bigl(2 - 2\,\sigma(2z)\bigr)
# = (1 + g)(1 - g) = 1 - g(z)^2 .$$
#
# Both steps can be checked. For the identity we compare numbers. For the derivative we make a
# claim, and let `gradcheck` measure the slope.

# %%
z = np.linspace(-5, 5, 101)
print("tanh z = 2 σ(2z) - 1:", np.allclose(tanh(z), 2 * sigmoid(2 * z) - 1, rtol=0, atol=1e-15))
print("tanh' = 1 - tanh²:   ", gradcheck(tanh, 0.5, claimed=lambda z: 1 - tanh(z) ** 2).summary)
print("tanh' = 1 - tanh:    ", gradcheck(tanh, 0.5, claimed=lambda z: 1 - tanh(z)).summary)

# %% [markdown]
# ## What can go wrong, in numbers
#
# ### Saturation and vanishing gradients
#
# At $z = 0$ the sigmoid has the slope 0.25. How many times smaller is its slope at $z = 10$?

# %%
print("    z    sigmoid'      tanh'      ReLU'")
for z in (0.0, 2.0, 5.0, 10.0):
    print(f"{z:5.0f}", *[f"{derivative_at(g, z):10.2g}" for g in (sigmoid, tanh, relu)])
times = derivative_at(sigmoid, 0.0) / derivative_at(sigmoid, 10.0)
print(f"from 0 to 10 the slope of the sigmoid becomes {times:.0f} times smaller")

# %% [markdown]
# The slope of tanh falls even more. Such a neuron is *saturated*: it hardly learns, because its
# slope is a factor of every gradient that passes through it.
#
# Now put several layers one after the other. Take a network with one neuron in each layer, in which
# the input, all weights and all biases are 1. Then the derivative of the output with respect to the
# first weight is the product of all slopes. The slope of the sigmoid is at most 0.25, so $n$ layers
# leave at most $0.25^n$.

# %%
depths = range(1, 17)
fig, ax = plt.subplots()
for name, g in {"sigmoid": sigmoid, "tanh": tanh, "ReLU": relu}.items():
    ax.semilogy(depths, [problems.gradient_through(g, n) for n in depths], "o-", label=name)
ax.semilogy(depths, [0.25**n for n in depths], "k:", label="$0.25^n$")
ax.set(xlabel="layers $n$", ylabel="gradient of the first weight")
ax.legend(loc="lower left")
plt.show()

# %%
for name, g in {"sigmoid": sigmoid, "tanh": tanh, "ReLU": relu}.items():
    print(f"{name:8} {problems.gradient_through(g, 16):.2g} at 16 layers")

# %% [markdown]
# The vertical axis is logarithmic, so a straight line means that every layer multiplies the
# gradient by the same factor. After 16 layers almost nothing is left with sigmoid and tanh, while
# the ReLU has passed on everything. (tanh is the worst one here only because the biases of 1 push
# it into its flat part; near $z = 0$ its slope is near 1.)
#
# ### Dead neurons
#
# The ReLU has a flat part, too. It lies on the left of 0, and there the slope is not just small but
# exactly 0. A neuron starts with $w = -1$ and $b = -0.5$, and should learn $y = 2x$ for $x$ between
# 0 and 1. At the start $z < 0$ for every $x$. What will 400 epochs of gradient descent change?

# %%
x = np.linspace(0, 1, 51)
fig, axes = plt.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
for ax, g in zip(axes, (relu, leaky_relu), strict=True):
    for epochs in (0, 200, 400):
        neuron = problems.born_dead(g, epochs)
        ax.plot(x, g(neuron.w[0].data * x + neuron.b.data), label=f"after {epochs} epochs")
    ax.plot([x for (x,), _ in problems.RAMP], [y for _, y in problems.RAMP], "ko", label="data")
    ax.set(title="ReLU" if g is relu else "leaky ReLU, α = 0.01", xlabel="input $x$")
axes[0].set_ylabel("output $a$")
axes[1].legend()
plt.show()

# %%
for g in (relu, leaky_relu):
    neuron = problems.born_dead(g, epochs=400)
    print(f"{g.name:10} w = {neuron.w[0]:7.4f}, b = {neuron.b:7.4f}")

# %% [markdown]
# In the left figure, all three lines lie on the axis: the ReLU neuron is dead. Its gradient is
# exactly 0, and $w$ has not changed in any digit. In the right figure, the leaky ReLU lets one
# hundredth of the gradient through. It learns slowly at first, but it finds the line.
#
# ### Outputs that are not centred on zero
#
# The gradient with respect to a weight $w_j$ of an output neuron is $\delta\, a_j$: the factor
# $\delta$ is the same for all weights of the neuron, and $a_j$ is the input of this weight.
# Sigmoids pass on inputs above 0. What does this mean for the signs of the gradients of two weights
# of the same neuron?

# %%
inputs = np.random.default_rng(0).normal(size=(200, 3))
fig, axes = plt.subplots(1, 2, figsize=(10, 4.6), layout="constrained")
for ax, g in zip(axes, (sigmoid, tanh), strict=True):
    gradients = [problems.gradient_of_a_neuron(g, list(xs)) for xs in inputs]
    first, second, *_ = zip(*gradients, strict=True)
    ax.plot(first, second, "o", markersize=5, alpha=0.6)
    same = sum(p * q > 0 for p, q in zip(first, second, strict=True))
    ax.set(title=f"behind {g.name}: same sign in {same} of 200", xlabel="∂L/∂w₁", ylabel="∂L/∂w₂")
    ax.axhline(0, color="black", linewidth=1)
    ax.axvline(0, color="black", linewidth=1)
plt.show()

# %% [markdown]
# Each dot is one example. Behind sigmoids the two signs always agree. Here both gradients are
# negative; the only other possibility is that both are positive. So for one example, the weights of
# a neuron can only all go up or all go down. If one weight should rise and another should fall, the
# descent must zigzag. Behind tanh all four quadrants occur. In a batch the gradients of several
# examples are added up, which makes the effect smaller.
#
# ### Linear layers collapse
#
# We replace three linear layers by one layer that computes exactly the same, with
# $\mathbf W = \mathbf W^{(3)} \mathbf W^{(2)} \mathbf W^{(1)}$. How many of the parameters were
# superfluous?

# %%
stack = MLP(3, [4, 3, 2], "linear", "linear", initialisation="lecture", seed=0)
one = problems.collapsed(stack)
for network in (stack, one):
    outputs = ", ".join(f"{a:.6f}" for a in network([0.5, -1.0, 2.0]))
    print(f"{len(network.parameters()):2} parameters: {outputs}   {network}")

# %% [markdown]
# The 8 parameters do the work of the 39: a stack of linear layers, however deep, is still one
# linear function. (Lecture A says that a linear activation cannot be used for backpropagation. It
# can: the gradients are right, and such layers can be trained. But they cannot compute more than a
# single layer.)
#
# In short:
#
# | | saturates | slope exactly 0 | centred on zero | non-linear | where it is used |
# | :-- | :-- | :-- | :-- | :-- | :-- |
# | step | everywhere | everywhere | no | yes | in perceptrons |
# | linear | no | no | yes | **no** | at the output |
# | sigmoid | on both sides | no | no | yes | at the output |
# | tanh | on both sides | no | yes | yes | in small hidden layers |
# | ReLU | left | left | no | yes | in most hidden layers |
# | leaky ReLU | no | no | no | yes | where ReLUs die |
# | softplus | left | no | no | yes | where a smooth ReLU is needed |
#
# (Lecture A calls the leaky ReLU nearly centred on zero. But with $\alpha = 0.01$ its negative
# outputs are a hundred times smaller than its positive ones, so the difference from the ReLU is
# small.)
#
# ## Which activation and loss belong at the output
#
# | task | output activation | loss |
# | :-- | :-- | :-- |
# | a real number | identity | squared error |
# | yes or no | sigmoid | log loss (binary cross entropy) |
# | one of several classes | softmax | cross entropy |
#
# From probabilities to a class: of several probabilities, the largest wins. A single probability
# means class 1 if it is at least ½. The sigmoid is the softmax of two logits, of which the second
# is fixed at 0:

# %%
print(predicted_class([0.1, 0.7, 0.2]), predicted_class(0.5), predicted_class(0.49))
print(f"softmax of (0.8, 0): {softmax([0.8, 0.0])[0]:.6f}   σ(0.8): {sigmoid(0.8):.6f}")

# %% [markdown]
# ## Losses
#
# | loss | formula | derivative with respect to $\hat y_i$ |
# | :-- | :-- | :-- |
# | half the squared error (A8, B4) | $\frac12 \sum_i (\hat y_i - y_i)^2$ | $\hat y_i - y_i$ |
# | residual sum of squares (B3) | $\sum_i (\hat y_i - y_i)^2$ | $2(\hat y_i - y_i)$ |
# | mean squared error (B3, D3) | $\frac1N \sum_i (\hat y_i - y_i)^2$ | $\frac2N (\hat y_i - y_i)$ |
# | log loss (A8, B3) | $-y \log p - (1 - y) \log(1 - p)$ | $(p - y) / (p\,(1 - p))$ |
# | cross entropy (B3, D3) | $-\sum_c y_c \log p_c = -\log p_l$ | $-\delta_{il} / p_l$ |
#
# A prediction that is a probability is called $p$. In the last row $l$ is the true class. The last
# two rows are for one example; for several examples, the package takes the mean. The first two rows
# are sums, and stay sums. Conventions differ: B3 halves the mean squared error
# (`mse(..., half=True)`), and D3 divides only by the number of examples, not by the number of
# outputs.
#
# Here are all losses at one point, $\hat{\mathbf y} = (0.7, 0.2, 0.1)$ and $\mathbf y = (1, 0, 0)$.
# Compute the first row and the last in your head before you run the cell.

# %%
at_hand = [losses.half_squared_error, losses.rss, losses.mse]
at_hand += [losses.binary_cross_entropy, losses.negative_log_likelihood]
for loss in at_hand:
    y_hat = [Value(0.7), Value(0.2), Value(0.1)]
    cost = loss(y_hat, [1, 0, 0])
    print(f"{loss.__name__:24} {cost:7.4f}   gradient", *[f"{d:8.4f}" for d in grad(cost, y_hat)])

# %% [markdown]
# The log loss read the three numbers as three yes-or-no answers and took the mean, so each
# derivative is a third of the one in the table. The last row uses only one number, the probability
# of the true class. (The package calls this loss the negative log likelihood when it is computed
# from probabilities, and `cross_entropy` when it is computed from logits.) This is where the name
# comes from: take three yes-or-no trials with the predictions below. Their *likelihood* is the
# product of the probabilities that the model gave to what really happened. The negative logarithm
# of the likelihood, divided by the number of trials, is the log loss:

# %%
likelihood = 0.9 * (1 - 0.2) * 0.6
print(f"-log(likelihood) / 3     {-math.log(likelihood) / 3:.6f}")
print(f"mean binary cross entropy {losses.binary_cross_entropy([0.9, 0.2, 0.6], [1, 0, 1]):.6f}")

# %% [markdown]
# **A slip.** The slides of A print the log loss as $-y\log a + (1 - y)\log(1 - a)$: the minus sign
# only applies to the first term. The derivative that they print below it is right. For which $y$ do
# the two disagree?

# %%
for y in (1, 0):
    report = gradcheck(
        lambda a, y=y: -y * log(a) + (1 - y) * log(1 - a),  # as printed
        0.8,
        claimed=lambda a, y=y: -(y / a - (1 - y) / (1 - a)),  # as printed
    )
    print(f"y = {y}: {report[0].outcome}")

# %% [markdown]
# They disagree for $y = 0$. With both terms under one minus sign, the formula is right for every
# $y$.
#
# **Why not use the squared error for everything?** The reason is its gradient behind a sigmoid. Let
# $y = 1$, and look at the gradient with respect to $z$:
#
# $$\text{squared error: } (a - 1)\,a\,(1 - a) \qquad\qquad
# \text{log loss: } \frac{a - 1}{a\,(1 - a)}\cdot a\,(1 - a) = a - 1$$
#
# At $z = -6$ the network is sure of the wrong answer. Which of the two losses will make it learn?

# %%
zs = np.linspace(-8, 8, 161)
fig, axes = plt.subplots(1, 2, figsize=(10.5, 4.2), sharex=True, layout="constrained")
for loss in (losses.half_squared_error, losses.binary_cross_entropy):
    nodes = [Value(z) for z in zs]
    costs = [loss(sigmoid(z), 1) for z in nodes]
    axes[0].plot(zs, [cost.data for cost in costs], label=loss.__name__.replace("_", " "))
    axes[1].plot(zs, [grad(cost, z) for cost, z in zip(costs, nodes, strict=True)])
axes[0].set(title="loss at $y = 1$", xlabel="pre-activation $z$", ylabel="$L$")
axes[1].set(title="its slope", xlabel="pre-activation $z$", ylabel="$∂L/∂z$")
axes[0].legend()
plt.show()

# %%
for loss in (losses.half_squared_error, losses.binary_cross_entropy):
    cost = loss(sigmoid(z := Value(-6.0)), 1)
    print(f"{loss.__name__:20} at z = -6: L = {cost:.4f}, ∂L/∂z = {grad(cost, z):.4f}")

# %% [markdown]
# The squared error is flat on the left: the answer is wrong, but the gradient is nearly 0. The log
# loss keeps rising to the left, with a slope close to −1: its derivative has $a\,(1 - a)$ in the
# denominator, and this cancels the slope of the sigmoid.
#
# ## Softmax and cross entropy
#
# **The derivatives of softmax.** Each output depends on all logits. By the quotient rule, with
# $\hat y_i = e^{z_i} / s$ and $s = \sum_j e^{z_j}$,
#
# $$\frac{\partial \hat y_i}{\partial z_j} = \frac{\delta_{ij}\, e^{z_i}}{s}
# - \frac{e^{z_i} e^{z_j}}{s^2} = \hat y_i\,(\delta_{ij} - \hat y_j),$$
#
# where $\delta_{ij}$ is 1 if $i = j$, and 0 otherwise. Lecture E prints
# $\hat y_i\,(\delta_{ij} - \hat y_i)$, with $i$ in both places. How many of the nine derivatives
# for three logits are right nevertheless?


# %%
def derived(z):
    p = softmax(z)
    return [[p[i] * ((i == j) - p[j]) for j in range(3)] for i in range(3)]


def as_printed(z):
    p = softmax(z)
    return [[p[i] * ((i == j) - p[i]) for j in range(3)] for i in range(3)]


print("derived:   ", gradcheck(softmax, [2.0, 0.5, -1.0], claimed=derived).summary)
print("as printed:", gradcheck(softmax, [2.0, 0.5, -1.0], claimed=as_printed).summary)

# %% [markdown]
# Three of them are right: those on the diagonal, where $i = j$.
#
# **Then the cross entropy**, $L = -\log \hat y_l$ with the true class $l = 1$, for
# $\mathbf z = (2, 0.5, -1)$. We build it from its parts, so that every path can be seen. The logit
# $z_1$ occurs in the numerator *and* in the sum below it. How many paths lead from $L$ to $z_1$?

# %%
z = [Value(x, label=name) for x, name in zip((2.0, 0.5, -1.0), ("z₁", "z₂", "z₃"), strict=True)]
e = [exp(x) for x in z]
s = total(e)
y_hat = e[0] / s
cost = -log(y_hat)
for node, name in zip([*e, s, y_hat, cost], ["e₁", "e₂", "e₃", "s", "ŷ₁", "L"], strict=True):
    node.label = name
paths(y_hat, z[0]).draw(show="data partials")

# %% [markdown]
# The picture ends at $\hat y_1$; the loss $L$ is its negative logarithm. Each path has its own
# colour. Here are the paths from $L$ on, with the product of each. ($v_1$ is $\log \hat y_1$. The
# edge to the numerator is marked *direct*, because $e_1$ also occurs in the sum.)

# %%
paths(cost, z[0])

# %% [markdown]
# For comparison, here are the paths to $z_2$:

# %%
paths(cost, z[1])

# %% [markdown]
# There are two paths to $z_1$. The one through the numerator always contributes $-1$. The one
# through the sum contributes $+\hat y_1$, because everything else cancels. A logit of another class
# has only the path through the sum. Together, and for any $l$,
#
# $$\frac{\partial L}{\partial z_i} = \hat y_i - \delta_{il}, \qquad\text{that is}\qquad
# \nabla_{\mathbf z} L = -(\mathbf e_l - \hat{\mathbf y}) = \hat{\mathbf y} - \mathbf e_l ,$$
#
# where the unit vector $\mathbf e_l$ is the one-hot target. Lecture D gets there in two steps:
# first $\nabla_{\hat{\mathbf y}} L = -\mathbf e_l / \hat y_l$, and then the matrix of the
# derivatives of softmax. Here are both ways with numbers:

# %%
p = np.array(softmax([2.0, 0.5, -1.0]))
e_l = np.array([1.0, 0.0, 0.0])
J = np.diag(p) - np.outer(p, p)  # ŷᵢ (δᵢⱼ - ŷⱼ)
print("ŷ              ", p.round(4))
print("Jᵀ (-e_l / ŷ_l)", (J.T @ (-e_l / p[0])).round(4))
print("ŷ - e_l        ", (p - e_l).round(4))
print("by the engine  ", np.round(grad(cost, z), 4))

# %%
fig, axes = plt.subplots(1, 3, figsize=(10.5, 3.6), sharey=True, layout="constrained")
bars = {r"$\hat{\mathbf{y}}$, predicted": p, r"$\mathbf{e}_l$, true": e_l}
bars[r"$\hat{\mathbf{y}} - \mathbf{e}_l$, gradient"] = p - e_l
for ax, (title, heights), colour in zip(axes, bars.items(), ("C0", "C2", "C1"), strict=True):
    ax.bar(["class 1", "class 2", "class 3"], heights, color=colour)
    ax.axhline(0, color="black", linewidth=1)
    ax.set(title=title)
axes[0].set_ylabel("probability, or slope")
plt.show()

# %% [markdown]
# The gradient is the prediction minus the target, so its bars add up to 0. A step against the
# gradient takes from the classes that got too much, and gives to the true class. No bar is longer
# than 1. As long as another class has the largest probability, the bar of the true class is at
# least ½ long.
#
# ## Logits instead of probabilities
#
# If you type the formula of softmax as it is printed, it fails at logits that an untrained network
# may well produce:

# %%
try:
    math.exp(1e4) / (math.exp(1e4) + math.exp(0.0))
except OverflowError as error:
    print("OverflowError:", error)

# %% [markdown]
# The result would be an ordinary number; only the numbers on the way are too large. So divide
# numerator and denominator by the largest term first: $e^{z_i - m} / \sum_j e^{z_j - m}$ with
# $m = \max_j z_j$. And do not compute the logarithm of the softmax, but
# $L = (m - z_l) + \log\sum_j e^{z_j - m}$, which is the same number. A network is sure, and wrong:
# its logits are $(10\,000, 0)$, and the true class is the second. What is the loss, and what is the
# gradient?

# %%
print("softmax", softmax([1e4, 0.0]))
z = [Value(1e4), Value(0.0)]
cost = losses.cross_entropy(z, 1)  # classes count from 0
print("cross entropy", cost.data, " gradient", grad(cost, z))
cost = losses.binary_cross_entropy_with_logits(z[0], 0)
print("log loss from the logit", cost.data, " gradient", grad(cost, z[0]))
print("softplus", softplus(1e4), " sigmoid", sigmoid(-1e4))

# %% [markdown]
# All of these numbers are as precise as floats can be. From the probability, the loss can no longer
# be computed: $\sigma(10^4)$ was rounded to 1, and if the true class is 0, the loss of the
# prediction 1 is infinite. The package raises an error, instead of returning `inf` or an invented
# large number.

# %%
try:
    losses.binary_cross_entropy(sigmoid(1e4), 0)
except ValueError as error:
    print(error)

# %% [markdown]
# This is why a network that learns classes usually ends in logits (with the identity at the
# output), and its loss takes logits: `cross_entropy`, `binary_cross_entropy_with_logits`.
#
# ## Exercises
#
# **1. A new activation.** SiLU, also called swish, is $g(z) = z\,\sigma(z)$. Derive $g'$. Somebody
# claims $g'(z) = z\,\sigma(z)\,(1 - \sigma(z))$, and the report says what is missing. Replace the
# claim by your derivative.


# %%
def silu(z):
    return z * sigmoid(z)


def claim(z):
    return z * sigmoid(z) * (1 - sigmoid(z))  # replace this by your derivative


print(gradcheck(silu, 0.5, claimed=claim)[0].outcome)

# %% [markdown]
# **2. Where the flat part begins.** Find the smallest $z$ with one decimal place at which the slope
# of tanh is below one hundredth of its largest value. Change the number until both lines print
# True.

# %%
z = 1.0
print("below at z:         ", derivative_at(tanh, z) < 0.01 * derivative_at(tanh, 0.0))
print("not yet at z - 0.1: ", derivative_at(tanh, z - 0.1) >= 0.01 * derivative_at(tanh, 0.0))

# %% [markdown]
# **3. Soft targets.** A target does not have to be one-hot. For $L = -\sum_c y_c \log \hat y_c$
# with $y_1 + y_2 + y_3 = 1$, derive $\partial L/\partial z_i$. Claim all three derivatives as text,
# rounded to four decimals. One claim is filled in; find out whether it is right. `None` claims
# nothing.

# %%
report = gradcheck(
    lambda z: losses.cross_entropy(z, [0.5, 0.3, 0.2]),
    [2.0, 0.5, -1.0],
    claimed=["0.7856", None, None],
)
for found in report:
    print(f"{found.derivative}: {found.outcome}")

# %% [markdown]
# **4. By hand.** Here is one neuron with a sigmoid and the log loss. Fill in the page below, or
# answer in Python: `sheet.answer("da/dz", ...)`; `sheet.hint("da/dz")` gives a hint. Another `seed`
# makes another sheet. (Here $y = 1$, so $L = -v_1$ with $v_1 = \log a$.)

# %%
w, x, b = Value(0.8, label="w"), Constant(1.5, label="x"), Value(-0.4, label="b")
z = weighted_sum([w], [x], b)
a = sigmoid(z)
cost = losses.binary_cross_entropy(a, 1)
z.label, a.label, cost.label = "z", "a", "L"
questions = ["z", "a", "da/dz", "dL/da", "dL/dz", "dL/dw", "dL/db"]
sheet = exercise(cost, only=questions, given="inputs", seed=5)
sheet
