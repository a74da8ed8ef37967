# %% [markdown]
# # 2 · Backpropagation by hand
#
# Two inputs, two hidden neurons, two outputs: small enough to be worked out with a pocket
# calculator, large enough to hold all of backpropagation. Take a calculator and a sheet of paper.
#
# After this notebook you can
#
# - carry out a forward pass of a network, figure by figure,
# - write the derivative of the loss with respect to a weight of the last layer as a product of
#   three factors, and with respect to one of the first layer as a sum over two paths,
# - do one update of gradient descent,
# - tell a figure that is rounded from one that is cut off, and a gradient from something like it.
#
# Lecture rows: A9 (the worked example), A10 (two paths to one weight).

# %%
import matplotlib.pyplot as plt

from tinygrad_edu import (
    derivation,
    draw_network,
    exercise,
    gradcheck,
    half_squared_error,
    paths,
    sigmoid,
    steps,
    weighted_sum,
)
from tinygrad_edu.lessons import ten_thousand_rounds, worked_example
from tinygrad_edu.nn import SGD

plt.style.use("lecture.mplstyle")

# %% [markdown]
# ## The network
#
# All four neurons are sigmoid neurons. Neuron $i$ of layer $l$ weighs what comes from the layer
# before, adds its bias, and squashes the result:
#
# $$z_i^{(l)} = \sum_j w_{ij}^{(l)} a_j^{(l-1)} + b_i^{(l)}, \qquad a_i^{(l)} = \sigma(z_i^{(l)}),
# \qquad \sigma(z) = \frac{1}{1 + e^{-z}}$$
#
# with $a_j^{(0)} = x_j$. In the picture look for $w_{12}^{(1)} = 0.2$, on the line from the
# *second* input to the *first* neuron.

# %%
mlp = worked_example.network()
draw_network(mlp)

# %% [markdown]
# The inputs are $x = (0.05, 0.10)$. The outputs ought to be $y = (0.01, 0.99)$. How far they are
# from that is measured by half the sum of the squared errors:
#
# $$L = \tfrac12 \left( (a_1^{(2)} - y_1)^2 + (a_2^{(2)} - y_2)^2 \right)$$
#
# ## Forward, by hand
#
# The package works all of it out now, but shows nothing yet. First you: nine numbers, each from
# those above it. Four digits are enough.

# %%
mlp, loss = worked_example.forward(mlp)
forward = exercise(loss, ask="forward", given="inputs")
print(forward.sheet())

# %% [markdown]
# Write $z_1^{(1)}$ as `z1_1` and $a_2^{(2)}$ as `a2_2`: the layer first. Take the `#` away where
# you have an answer. Two are given, to show how it goes, and what is said of a slip:

# %%
forward.answer("z1_1", 0.3775)

# %%
forward.answer("z1_2", 0.0425)

# %%
# forward.answer("z1_2", ...)
# forward.answer("a1_1", ...)
# forward.answer("a1_2", ...)
# forward.answer("z2_1", ...)
# forward.answer("z2_2", ...)
# forward.answer("a2_1", ...)
# forward.answer("a2_2", ...)
# forward.answer("L", ...)
print(f"{forward.score:g} of {len(forward.questions)} points")

# %% [markdown]
# Done? These are the right ones. All of them are as the lecture prints them.

# %%
for question in forward.questions:
    print(question.result)

# %% [markdown]
# One formula of the lecture is not right: it writes the loss as half the square of a difference
# *of squares*. That would be another number. The number that it goes on with is that of half the
# sum of squared errors.

# %%
first, second = (neuron.a.data for neuron in mlp.layers[1].neurons)
print(f"as printed: {0.5 * ((first - 0.01) ** 2 - (second - 0.99) ** 2) ** 2:.4f}")
print(f"as meant:   {0.5 * ((first - 0.01) ** 2 + (second - 0.99) ** 2):.4f}")

# %% [markdown]
# ## Backward: a weight of the last layer
#
# How does the loss change with $w_{11}^{(2)} = 0.4$? That weight acts on $z_1^{(2)}$ only, this on
# $a_1^{(2)}$ only, and this on the loss. So the chain rule has one chain, of three factors:
#
# $$\frac{\partial L}{\partial w_{11}^{(2)}} = \frac{\partial L}{\partial a_1^{(2)}} \cdot
# \frac{\partial a_1^{(2)}}{\partial z_1^{(2)}} \cdot
# \frac{\partial z_1^{(2)}}{\partial w_{11}^{(2)}}$$
#
# Work out each, and then the products, from left to right. The sheet calls the first product
# $\partial L/\partial z_1^{(2)}$.

# %%
chain = ["dL/da2_1", "da2_1/dz2_1", "dL/dz2_1", "dz2_1/dw2_11", "dL/dw2_11"]
backward = exercise(loss, only=chain)
print(backward.sheet())

# %% [markdown]
# If one of them does not come to mind, ask for a hint. (It costs a quarter of the point.)

# %%
backward.hint("da2_1/dz2_1")

# %% [markdown]
# For the last one the lecture prints 0.0821. Is that right?

# %%
backward.answer("dL/dw2_11", 0.0821)

# %%
# backward.answer("dL/da2_1", ...)
# backward.answer("da2_1/dz2_1", ...)
# backward.answer("dL/dz2_1", ...)
# backward.answer("dz2_1/dw2_11", ...)
# backward.answer("dL/dw2_11", ...)
print(f"{backward.score:g} of {len(backward.questions)} points")

# %% [markdown]
# On the board it looks like this. The last line ends with 0.08217, which is 0.0822 to four
# decimals: the slide has cut the digits off instead of rounding.

# %%
derivation(loss, mlp.layers[1].neurons[0].w[0])

# %% [markdown]
# ## Backward: a weight of the first layer
#
# $w_{11}^{(1)} = 0.15$ acts on the first hidden neuron. But *both* outputs listen to that neuron.
#
# **Predict:** how many paths lead from the loss back to $w_{11}^{(1)}$, and how many factors has
# each? Has the second one the same sign as the first? (The first output is too large, the second
# too small.)
#
# Then work it out. What comes by way of the first output and what comes by way of the second meets
# at $a_1^{(1)}$, and is added there.

# %%
chain = ["dL/da1_1 via z2_1", "dL/da1_1 via z2_2", "dL/da1_1", "da1_1/dz1_1", "dL/dz1_1"]
hidden = exercise(loss, only=[*chain, "dz1_1/dw1_11", "dL/dw1_11"])
print(hidden.sheet())

# %% [markdown]
# Somebody has forgotten one of the paths:

# %%
hidden.answer("dL/da1_1", 0.0554)

# %%
# hidden.answer("dL/da1_1 via z2_1", ...)
# hidden.answer("dL/da1_1 via z2_2", ...)
# hidden.answer("dL/da1_1", ...)
# hidden.answer("da1_1/dz1_1", ...)
# hidden.answer("dL/dz1_1", ...)
# hidden.answer("dz1_1/dw1_11", ...)
# hidden.answer("dL/dw1_11", ...)
print(f"{hidden.score:g} of {len(hidden.questions)} points")

# %% [markdown]
# These are the two paths in full, each with its factors and their product, and the sum:

# %%
found = paths(loss, mlp.layers[0].neurons[0].w[0])
found

# %% [markdown]
# Two paths, five factors each. To raise $w_{11}^{(1)}$ raises both outputs; that makes the first
# worse and the second better, so the contributions have different signs. (Why contributions are
# *added*, notebook 3 shows.)
#
# In the picture follow the two colours from the loss, at the bottom, upwards. They part at the loss
# and meet again at $a_1^{(1)}$. From there on both walk the same edges.

# %%
found.draw(show="partials", direction="TB")

# %% [markdown]
# A computer does not go path by path. The last two factors are the same in both, so it adds up at
# $a_1^{(1)}$ first, as you did, and goes on from there once. That is what makes *backpropagation*
# out of the chain rule: every gradient is worked out once, from those that lie nearer to the loss.
#
# The page below goes through both passes like that. Run the cell, use the buttons or the arrow
# keys, and say each number before it appears. At $\partial L/\partial a_1^{(1)}$ look for the sum.

# %%
steps(loss)

# %% [markdown]
# ## One update
#
# Gradient descent moves each parameter against its gradient, by the learning rate $\eta = 0.5$:
#
# $$w \leftarrow w - \eta \, \frac{\partial L}{\partial w}$$
#
# The picture shows the gradients on the lines; orange ones are negative. **Predict:** which weights
# will grow?

# %%
loss.backward()
draw_network(mlp, show="grad")

# %% [markdown]
# Those of the second output, of course, which is too small. Work out the new $w_{11}^{(2)}$ by
# hand, from 0.4 and its gradient. Then let the package move all parameters, and compute the loss
# anew.

# %%
optimiser = SGD(mlp.parameters(), lr=0.5)
optimiser.step()
print(f"w2_11 = {mlp.layers[1].neurons[0].w[0].data:.9f}")
print(f"L was {loss:.4f} and is {worked_example.forward(mlp).loss:.4f}")

# %% [markdown]
# The network is that of M. Mazur's *A step by step backpropagation example*, which leaves the
# biases alone and prints the weights after one update. Here is the whole example, every figure
# beside the printed one:

# %%
print(worked_example.report())

# %% [markdown]
# Look at the last two lines: one update lowers the loss a little, and more than half of that is due
# to the biases.
#
# ## Ten thousand updates
#
# Now the same update again and again, of the weights only, as Mazur does it.
#
# **Predict:** the first update takes about 0.007 off the loss (the last line above). Do the next
# thousand take off a thousand times as much?

# %%
rounds = sorted({round(10 ** (k / 8)) for k in range(33)})
figures = ten_thousand_rounds.after(rounds, ten_thousand_rounds.all_layers_together)
for done, figure in zip(rounds, figures, strict=True):
    if done in {1, 10, 100, 1_000, 10_000}:
        print(f"loss {figure['error']:.7f} after {done:,}")

# %% [markdown]
# They cannot: there is not that much to take off. In the left figure both axes are logarithmic. For
# about ten updates little happens. From then on, ten times as many updates make the loss eleven to
# 32 times as small. On the right the dotted lines are the targets.

# %%
_, (left, right) = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
left.loglog(rounds, [figure["error"] for figure in figures])
left.set(xlabel="updates", ylabel="loss $L$", title="The loss")
for i, target in enumerate(worked_example.TARGETS, start=1):
    (line,) = right.semilogx(rounds, [figure[f"output {i}"] for figure in figures])
    right.axhline(target, color=line.get_color(), linestyle=":")
    right.annotate(f"$y_{i} = {target}$", (1, target), (0, 28 - 22 * i), textcoords="offset points")
right.set(xlabel="updates", ylabel="output $a_i^{(2)}$", title="The outputs and their targets")
plt.show()

# %% [markdown]
# The nearer the outputs come, the slower they go: the errors that drive them shrink, and so does
# $\sigma' = a (1 - a)$ for an $a$ near 0 or 1.
#
# Mazur prints three figures "after 10,000 times". They are in the left column; beside them what one
# gets after 9,999 and after 10,000 updates, and if the layers move one after the other.

# %%
print(ten_thousand_rounds.report())

# %% [markdown]
# No column agrees with all three.
#
# - The *error* is that of 9,999 updates, taken in the last round before its weights have moved.
# - The *outputs* are not those of gradient descent at all. They come from moving the last layer
#   first, and sending the errors back through weights that have moved already. The difference is in
#   the sixth decimal: nobody would notice it by looking at the loss.
#
# First all derivatives, then all updates.
#
# ## Exercises
#
# **1. All of it.** Every number of both passes is asked for here. Nobody has to answer all of them:
# pick a weight, and find what leads to it. (If the buttons do nothing, run the cell.)

# %%
_, loss = worked_example.forward()
exercise(loss)

# %% [markdown]
# **2. A sheet of your own.** Replace the seed. The numbers are others, the questions the same.

# %%
sheet = exercise(loss, only=["L", "dL/dw2_22", "dL/dw1_21"], given="inputs", seed=1)
# sheet.answer("L", ...)
# sheet.answer("dL/dw2_22", ...)
# sheet.answer("dL/dw1_21", ...)
print(sheet.sheet())

# %% [markdown]
# **3. As a formula.** Here is the loss as a function of $w_{11}^{(2)}$ alone. The claimed
# derivative forgets something. What? Mend it until it says ✓.

# %%
mlp, _ = worked_example.forward()
h1, h2 = (neuron.a.data for neuron in mlp.layers[0].neurons)
second = mlp.layers[1].neurons[1].a.data


def cost(w):
    first = sigmoid(weighted_sum([w, 0.45], [h1, h2], 0.60))
    return half_squared_error([first, second], [0.01, 0.99])


# %%
def claim(w):
    first = sigmoid(w * h1 + 0.45 * h2 + 0.60)
    return (first - 0.01) * h1


gradcheck(cost, 0.4, claimed=claim)

# %% [markdown]
# **4. A printed figure.** A claim may be text. Then it has to be right to the digits it is written
# with. Make this one right.

# %%
gradcheck(cost, 0.4, claimed="0.0821")

# %% [markdown]
# **5. Uphill.** What does the loss do if somebody gets the sign of the update wrong? Predict, write
# `+=` in place of `-=`, and run the cell again.

# %%
mlp, loss = worked_example.forward()
loss.backward()
for p in mlp.parameters():
    p.data -= 0.5 * p.grad
print(f"L was {loss:.4f} and is {worked_example.forward(mlp).loss:.4f}")
