# %% [markdown]
# # 5 · Activations and losses
#
# Between two layers stands an activation, at the end of a network stands a loss. Both are functions
# of a few numbers, and for backpropagation two things count: their value and their slope.
#
# After this notebook you can
#
# - write down the usual activations with their derivatives, and derive $\sigma'$ and $\tanh'$;
# - show with one number each what goes wrong: saturation, vanishing gradients, dead neurons,
#   outputs that are not centred on zero, linear layers that collapse;
# - choose the output activation and the loss by the task;
# - derive why softmax with cross entropy has the gradient $\hat{\mathbf y} - \mathbf e_l$;
# - say why libraries compute that loss from the logits.
#
# Lecture rows: A6, A7, A8, B2, B3, D3, D5 (at the output), D8, and two slips, of A and E.

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
# | step | $1$ if $z > 0$, else $0$ | $0$ | 0 or 1 |
# | linear | $\alpha z + \beta$ | $\alpha$ | all |
# | sigmoid | $\sigma(z) = \frac{1}{1 + e^{-z}}$ | $\sigma(z)\,(1 - \sigma(z))$ | 0 to 1 |
# | tanh | $\frac{e^z - e^{-z}}{e^z + e^{-z}} = 2\,\sigma(2z) - 1$ | $1 - \tanh^2 z$ | −1 to 1 |
# | ReLU | $\max(0, z)$ | $1$ if $z > 0$, else $0$ | from 0 |
# | leaky ReLU | $z$ if $z > 0$, else $\alpha z$ | $1$ if $z > 0$, else $\alpha$ | all |
# | softplus | $\log(1 + e^z)$ | $\sigma(z)$ | above 0 |
# | softmax | $\hat y_i = e^{z_i} / \sum_j e^{z_j}$ | $\hat y_i (\delta_{ij} - \hat y_j)$ | 0 to 1 |
#
# The sigmoid is also called the logistic function. Softmax takes a vector and returns one; its
# derivative is that of $\hat y_i$ with respect to $z_j$, derived below.
#
# Before you look at the pictures, sketch for each one the slope as a dashed line. Which slopes are
# 0 nearly everywhere, and which are never 0?

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
# Solid is the function, dashed its slope. Look at the dashed lines: that of the step is 0 wherever
# it exists; those of sigmoid, tanh and softmax are hills that end in plains, but never quite 0;
# those of ReLU and leaky ReLU are steps; that of softplus is the sigmoid. (The lectures take
# $\alpha = 0.01$ for the leaky ReLU, as the package does unless told otherwise; 0.1 can be seen.)
#
# The lectures differ at the edge of the step: A writes $z > 0$, B has a threshold $k$ and writes
# $z \ge k$. Both are in the package, and they disagree in one point only:

# %%
print("step(0) =", step(0.0), "  threshold(0) =", threshold(0.0))
print("threshold(0.5, k=0.5) =", threshold(0.5, k=0.5))

# %% [markdown]
# At a kink there is no derivative. The engine has to return something, and like PyTorch it takes
# the slope from the left for the ReLU; `gradcheck` knows that this is no mistake.

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
# The package does the same if it is given the same small steps. Below, $u = e^{-z}$ and
# $s = 1 + u$; for $-1/s^2$ it writes $-a/s$. Predict the last number from $a = 0.6225$ alone.

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
# **The hyperbolic tangent.** It is a logistic function, stretched and shifted:
# $g(z) = 2\,\sigma(2z) - 1$. Therefore
#
# $$g'(z) = 4\,\sigma(2z)\,(1 - \sigma(2z)) = \bigl(2\,\sigma(2z)\bigr)\bigl(2 - 2\,\sigma(2z)\bigr)
# = (1 + g)(1 - g) = 1 - g(z)^2 .$$
#
# Both steps can be checked: the identity, and the derivative, which we claim and let `gradcheck`
# measure.

# %%
z = np.linspace(-5, 5, 101)
print("tanh z = 2 σ(2z) - 1:", np.allclose(tanh(z), 2 * sigmoid(2 * z) - 1, rtol=0, atol=1e-15))
print("tanh' = 1 - tanh²:   ", gradcheck(tanh, 0.5, claimed=lambda z: 1 - tanh(z) ** 2).summary)
print("tanh' = 1 - tanh:    ", gradcheck(tanh, 0.5, claimed=lambda z: 1 - tanh(z)).summary)

# %% [markdown]
# ## What goes wrong, in numbers
#
# ### Saturation, and gradients that vanish
#
# At $z = 0$ the sigmoid has slope 0.25. How many times smaller is it at $z = 10$?

# %%
print("    z    sigmoid'      tanh'      ReLU'")
for z in (0.0, 2.0, 5.0, 10.0):
    print(f"{z:5.0f}", *[f"{derivative_at(g, z):10.2g}" for g in (sigmoid, tanh, relu)])
times = derivative_at(sigmoid, 0.0) / derivative_at(sigmoid, 10.0)
print(f"from 0 to 10 the slope of the sigmoid becomes {times:.0f} times smaller")

# %% [markdown]
# tanh loses even more. Such a neuron is *saturated*: it hardly learns, because its slope is a
# factor of every gradient that goes through it.
#
# Now layers behind layers. In a network with one neuron to a layer and all weights 1, the gradient
# of the first weight is the product of all slopes. That of the sigmoid is 0.25 at best, so $n$
# layers leave $0.25^n$ at most.

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
# The axis is logarithmic, so the straight lines fall by a constant factor with every layer. After
# 16 layers nothing is left for sigmoid and tanh, and the ReLU has passed on everything. (tanh is
# the worse one here only because biases of 1 push it into its plain; with $z$ near 0 its slope is
# near 1.)
#
# ### Dead neurons
#
# The ReLU has a plain, too: left of 0, and there its slope is not small but 0. A neuron starts with
# $w = -1$, $b = -0.5$ and is to learn $y = 2x$ for $x$ between 0 and 1. At the start $z < 0$ for
# every $x$. What will 400 epochs of gradient descent change?

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
# Left, all three lines lie on the axis: the ReLU neuron is dead, its gradient is exactly 0 and not
# one digit of $w$ has moved. Right, the leaky ReLU let one hundredth of the gradient through. It
# needed its time, and then it found the line.
#
# ### Outputs that are not centred on zero
#
# The gradient of an output neuron's weight $w_j$ is $\delta\, a_j$: one $\delta$ for all weights,
# times an input. Sigmoids hand on inputs above 0. So what can be said about the signs of the
# gradients of two weights of the same neuron?

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
# Each dot is one example. Behind sigmoids the signs always agree: here both are negative, and the
# only other quadrant that can be reached is that of two positive ones. So the weights of a neuron
# can only go up together or down together, and a step that should raise one and lower the other has
# to zigzag. Behind tanh all four quadrants are in use. Over a batch the gradients are added up,
# which softens the effect.
#
# ### Linear layers collapse
#
# Three linear layers are to be replaced by one that computes exactly the same, with
# $\mathbf W = \mathbf W^{(3)} \mathbf W^{(2)} \mathbf W^{(1)}$. How many of the parameters were for
# nothing?

# %%
stack = MLP(3, [4, 3, 2], "linear", "linear", initialisation="lecture", seed=0)
one = problems.collapsed(stack)
for network in (stack, one):
    outputs = ", ".join(f"{a:.6f}" for a in network([0.5, -1.0, 2.0]))
    print(f"{len(network.parameters()):2} parameters: {outputs}   {network}")

# %% [markdown]
# The 8 do the work of the 39: however deep, a stack of linear layers stays one linear function.
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
# | leaky ReLU | no | no | nearly | yes | where ReLUs die |
# | softplus | left | no | no | yes | where a smooth ReLU is wanted |
#
# ## What belongs at the output
#
# | task | output activation | loss |
# | :-- | :-- | :-- |
# | a real number | identity | squared error |
# | yes or no | sigmoid | log loss (binary cross entropy) |
# | one of several classes | softmax | cross entropy |
#
# From probabilities to a class: the largest wins, and of a single probability, one that is at least
# ½. The sigmoid is the softmax of two logits of which one is fixed at 0:

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
# A prediction that is a probability is called $p$. In the last row $l$ is the true class;
# $\delta_{il}$ is 1 for $i = l$ and 0 otherwise. Over several examples each is averaged.
# Conventions differ: B3 halves the mean squared error (`mse(..., half=True)`), D3 divides it by the
# number of examples only.
#
# Here are all of them at one point, $\hat{\mathbf y} = (0.7, 0.2, 0.1)$ and
# $\mathbf y = (1, 0, 0)$. Compute the first row and the last in your head before you run the cell.

# %%
at_hand = [losses.half_squared_error, losses.rss, losses.mse]
at_hand += [losses.binary_cross_entropy, losses.negative_log_likelihood]
for loss in at_hand:
    y_hat = [Value(0.7), Value(0.2), Value(0.1)]
    cost = loss(y_hat, [1, 0, 0])
    print(f"{loss.__name__:24} {cost:7.4f}   gradient", *[f"{d:8.4f}" for d in grad(cost, y_hat)])

# %% [markdown]
# The log loss took the three numbers for three yes-or-no answers and averaged, hence a third of the
# derivative in the table. The last row looks at one number only, the probability of the true class
# (the package calls it the negative log likelihood when it is given probabilities, and keeps
# `cross_entropy` for logits). The name has a reason. Three yes-or-no trials with the predictions
# below have a *likelihood*, the product of what the model gave to what happened; its negative
# logarithm, divided by the number of trials, is the log loss:

# %%
likelihood = 0.9 * (1 - 0.2) * 0.6
print(f"-log(likelihood) / 3     {-math.log(likelihood) / 3:.6f}")
print(f"mean binary cross entropy {losses.binary_cross_entropy([0.9, 0.2, 0.6], [1, 0, 1]):.6f}")

# %% [markdown]
# **A slip.** The slides of A print the log loss as $-y\log a + (1 - y)\log(1 - a)$: the minus sign
# reaches the first term only. Below it the derivative is printed right. For which $y$ do the two
# disagree?

# %%
for y in (1, 0):
    report = gradcheck(
        lambda a, y=y: -y * log(a) + (1 - y) * log(1 - a),  # as printed
        0.8,
        claimed=lambda a, y=y: -(y / a - (1 - y) / (1 - a)),  # as printed
    )
    print(f"y = {y}: {report[0].outcome}")

# %% [markdown]
# For $y = 0$: with both terms under one minus sign, every $y$ passes.
#
# **Why not the squared error for everything?** Because of what becomes of it behind a sigmoid. Let
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
# The squared error is flat on the left: wrong, and nothing pulls. The log loss goes on rising, with
# slope −1: its derivative has $a\,(1 - a)$ in the denominator, which cancels the sigmoid's own
# slope.
#
# ## Softmax and cross entropy
#
# **The derivatives of softmax.** Each output depends on all logits. By the quotient rule, with
# $\hat y_i = e^{z_i} / s$ and $s = \sum_j e^{z_j}$,
#
# $$\frac{\partial \hat y_i}{\partial z_j} = \frac{\delta_{ij}\, e^{z_i}}{s}
# - \frac{e^{z_i} e^{z_j}}{s^2} = \hat y_i\,(\delta_{ij} - \hat y_j),$$
#
# where $\delta_{ij}$ is 1 for $i = j$ and 0 otherwise. E prints
# $\hat y_i\,(\delta_{ij} - \hat y_i)$, with $i$ in both places. How many of the nine derivatives of
# three logits are right nevertheless?


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
# The three on the diagonal, where $i = j$.
#
# **Behind it the cross entropy**, $L = -\log \hat y_l$ with the true class $l = 1$, from
# $\mathbf z = (2, 0.5, -1)$. We build it from its parts, so that every path can be seen. The logit
# $z_1$ stands in the numerator *and* in the sum below; how many paths lead from $L$ to it?

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
# The picture ends at $\hat y_1$, of which $L$ is the negative logarithm. Each path has its colour.
# Here they are from $L$ on, with the product of each. ($v_1$ is $\log \hat y_1$. The numerator is
# marked *direct*, because $e_1$ stands in the sum, too.)

# %%
paths(cost, z[0])

# %% [markdown]
# And for comparison those to $z_2$:

# %%
paths(cost, z[1])

# %% [markdown]
# Two paths to $z_1$. The one through the numerator is always $-1$. The one through the sum is
# $+\hat y_1$: all its factors cancel but this. A logit of another class has the path through the
# sum only. Together, and for any $l$,
#
# $$\frac{\partial L}{\partial z_i} = \hat y_i - \delta_{il}, \qquad\text{that is}\qquad
# \nabla_{\mathbf z} L = -(\mathbf e_l - \hat{\mathbf y}) = \hat{\mathbf y} - \mathbf e_l ,$$
#
# with the unit vector $\mathbf e_l$, the one-hot target. D gets there in two steps: first
# $\nabla_{\hat{\mathbf y}} L = -\mathbf e_l / \hat y_l$, then the matrix of softmax. Both ways with
# the numbers:

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
# What is predicted, less what is true: the bars of the gradient add up to 0. A step against it
# takes from the classes that got too much and gives to the true one. No bar is longer than 1, and
# while another class has the largest probability that of the true class is at least ½ long.
#
# ## Numbers that stay exact
#
# The formula of softmax, typed as it is printed, breaks at logits that an untrained network may
# well produce:

# %%
try:
    math.exp(1e4) / (math.exp(1e4) + math.exp(0.0))
except OverflowError as error:
    print("OverflowError:", error)

# %% [markdown]
# The result would be an ordinary number. Only the step in between is not, so divide numerator and
# denominator by the largest term first: $e^{z_i - m} / \sum_j e^{z_j - m}$ with $m = \max_j z_j$.
# And never compute $\log$ of the softmax, but $L = \log\sum_j e^{z_j - z_l}$. Of a network that is
# sure, and wrong, at logits $(10\,000, 0)$ with true class 2: what is the loss, what is the
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
# All exact. From the probability nothing can be rescued: $\sigma(10^4)$ has been rounded to 1, and
# the loss of saying 1 to what is 0 is infinite. The package says so rather than returning `inf` or
# a made-up large number.

# %%
try:
    losses.binary_cross_entropy(sigmoid(1e4), 0)
except ValueError as error:
    print(error)

# %% [markdown]
# That is why a network that learns classes usually ends in logits (identity at the output), and its
# loss takes them: `cross_entropy`, `binary_cross_entropy_with_logits`.
#
# ## Exercises
#
# **1. A new activation.** SiLU, also called swish, is $g(z) = z\,\sigma(z)$. Derive $g'$. Somebody
# claims $g'(z) = z\,\sigma(z)\,(1 - \sigma(z))$; the report says what was forgotten. Put in yours.


# %%
def silu(z):
    return z * sigmoid(z)


def claim(z):
    return z * sigmoid(z) * (1 - sigmoid(z))  # replace by yours


print(gradcheck(silu, 0.5, claimed=claim)[0].outcome)

# %% [markdown]
# **2. The plain begins.** From which $z$ on, to one decimal place, is the slope of tanh below one
# hundredth of its largest? Change the number until both lines say True.

# %%
z = 1.0
print("below at z:         ", derivative_at(tanh, z) < 0.01 * derivative_at(tanh, 0.0))
print("not yet at z - 0.1: ", derivative_at(tanh, z - 0.1) >= 0.01 * derivative_at(tanh, 0.0))

# %% [markdown]
# **3. Soft targets.** A target need not be one-hot. For $L = -\sum_c y_c \log \hat y_c$ with
# $y_1 + y_2 + y_3 = 1$, derive $\partial L/\partial z_i$ and claim all three as text, rounded to
# four digits. One is filled in, for you to find out whether it is right; `None` claims nothing.

# %%
report = gradcheck(
    lambda z: losses.cross_entropy(z, [0.5, 0.3, 0.2]),
    [2.0, 0.5, -1.0],
    claimed=["0.7856", None, None],
)
for found in report:
    print(f"{found.derivative}: {found.outcome}")

# %% [markdown]
# **4. By hand.** One neuron with a sigmoid and the log loss. Fill in the page below, or answer in
# Python: `sheet.answer("da/dz", ...)`; `sheet.hint("da/dz")` helps. Another `seed` makes another
# sheet. ($y = 1$, so that $L = -v_1$ with $v_1 = \log a$.)

# %%
w, x, b = Value(0.8, label="w"), Constant(1.5, label="x"), Value(-0.4, label="b")
z = weighted_sum([w], [x], b)
a = sigmoid(z)
cost = losses.binary_cross_entropy(a, 1)
z.label, a.label, cost.label = "z", "a", "L"
questions = ["z", "a", "da/dz", "dL/da", "dL/dz", "dL/dw", "dL/db"]
sheet = exercise(cost, only=questions, given="inputs", seed=5)
sheet
