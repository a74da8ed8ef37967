# %% [markdown]
# # 2 · Backpropagation by hand
#
# This network has two inputs, two hidden neurons and two outputs. It is small enough for a pocket
# calculator, and large enough to show all of backpropagation. Take a calculator and a sheet of
# paper.
#
# After this notebook you can
#
# - carry out a forward pass of a network, number by number,
# - write the derivative of the loss with respect to a weight of the last layer as a product of
#   three factors, and with respect to a weight of the first layer as a sum over two paths,
# - carry out one update of gradient descent,
# - tell a rounded figure from a figure that was cut off, and a gradient from a number that only
#   looks similar.
#
# Lecture rows: A9 (the worked example), A10 (two paths to one weight).
#
# "The lecture" in this notebook is lecture A, one of the five lecture texts A to E that the package
# follows: the slides "Neural Networks" of a course on machine learning. A9 means item 9 of lecture
# A; the README lists all items under "The lectures, row by row".

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
# All four neurons are sigmoid neurons. Neuron $i$ of layer $l$ takes the weighted sum of the
# activations of the layer before, adds its bias, and applies the sigmoid $\sigma$:
#
# $$z_i^{(l)} = \sum_j w_{ij}^{(l)} a_j^{(l-1)} + b_i^{(l)}, \qquad a_i^{(l)} = \sigma(z_i^{(l)}),
# \qquad \sigma(z) = \frac{1}{1 + e^{-z}}$$
#
# with $a_j^{(0)} = x_j$. In the picture, look for $w_{12}^{(1)} = 0.2$, on the line from the
# *second* input to the *first* neuron.

# %%
mlp = worked_example.network()
draw_network(mlp)

# %% [markdown]
# The inputs are $x = (0.05, 0.10)$. The outputs should be $y = (0.01, 0.99)$. The loss measures how
# far the outputs are from these targets. It is half the sum of the squared errors:
#
# $$L = \tfrac12 \left( (a_1^{(2)} - y_1)^2 + (a_2^{(2)} - y_2)^2 \right)$$
#
# ## Forward, by hand
#
# The package computes all numbers now, but it does not show them yet. You go first: compute nine
# numbers, each from those above it. Four digits are enough.

# %%
mlp, loss = worked_example.forward(mlp)
forward = exercise(loss, ask="forward", given="inputs")
print(forward.sheet())

# %% [markdown]
# Write $z_1^{(1)}$ as `z1_1` and $a_2^{(2)}$ as `a2_2`: the number of the layer comes first. Remove
# the `#` where you have an answer. Two answers are given, to show what happens after a right answer
# and after a mistake:

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
# Are you done? These are the right answers. All of them agree with the figures in the lecture.

# %%
for question in forward.questions:
    print(question.result)

# %% [markdown]
# One formula of the lecture is wrong: it writes the loss as half the square of a difference *of
# squares*. That would be another number. The figure that the lecture goes on with is half the sum
# of the squared errors.

# %%
first, second = (neuron.a.data for neuron in mlp.layers[1].neurons)
print(f"as printed: {0.5 * ((first - 0.01) ** 2 - (second - 0.99) ** 2) ** 2:.4f}")
print(f"as meant:   {0.5 * ((first - 0.01) ** 2 + (second - 0.99) ** 2):.4f}")

# %% [markdown]
# ## Backward: a weight of the last layer
#
# How does the loss change with $w_{11}^{(2)} = 0.4$? This weight affects only $z_1^{(2)}$, which
# affects only $a_1^{(2)}$, which affects the loss. So the chain rule gives a single product of
# three factors:
#
# $$\frac{\partial L}{\partial w_{11}^{(2)}} = \frac{\partial L}{\partial a_1^{(2)}} \cdot
# \frac{\partial a_1^{(2)}}{\partial z_1^{(2)}} \cdot
# \frac{\partial z_1^{(2)}}{\partial w_{11}^{(2)}}$$
#
# Compute each factor, and then the products from left to right. The sheet calls the first product
# $\partial L/\partial z_1^{(2)}$.

# %%
chain = ["dL/da2_1", "da2_1/dz2_1", "dL/dz2_1", "dz2_1/dw2_11", "dL/dw2_11"]
backward = exercise(loss, only=chain)
print(backward.sheet())

# %% [markdown]
# If you do not remember one of the formulas, ask for a hint. (It costs a quarter of the point.)

# %%
backward.hint("da2_1/dz2_1")

# %% [markdown]
# For the last number the lecture prints 0.0821. Is that right?

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
# decimals: the slide cuts the digits off instead of rounding.

# %%
derivation(loss, mlp.layers[1].neurons[0].w[0])

# %% [markdown]
# ## Backward: a weight of the first layer
#
# The weight $w_{11}^{(1)} = 0.15$ affects the first hidden neuron. But *both* outputs depend on
# that neuron.
#
# **Predict:** how many paths lead from the loss back to $w_{11}^{(1)}$, and how many factors does
# each path have? Does the second product have the same sign as the first? (The first output is too
# large, the second too small.)
#
# Then compute it. One contribution arrives through the first output, the other through the second.
# They meet at $a_1^{(1)}$, and there they are added.

# %%
chain = ["dL/da1_1 via z2_1", "dL/da1_1 via z2_2", "dL/da1_1", "da1_1/dz1_1", "dL/dz1_1"]
hidden = exercise(loss, only=[*chain, "dz1_1/dw1_11", "dL/dw1_11"])
print(hidden.sheet())

# %% [markdown]
# This answer forgets one of the paths:

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
# These are the two paths in full, each with its factors and their product, and the sum of both:

# %%
found = paths(loss, mlp.layers[0].neurons[0].w[0])
found

# %% [markdown]
# There are two paths of five factors each. Raising $w_{11}^{(1)}$ raises both outputs. That makes
# the first output worse and the second better, so the contributions have different signs. (Notebook
# 3 shows why contributions are *added*.)
#
# In the picture, follow the two colours upwards from the loss, which is at the bottom. They
# separate at the loss and meet again at $a_1^{(1)}$. From there on, both use the same edges.

# %%
found.draw(show="partials", direction="TB")

# %% [markdown]
# A computer does not compute path by path. The last two factors are the same in both paths. So it
# first adds the contributions at $a_1^{(1)}$, as you did, and continues from there only once. This
# turns the chain rule into *backpropagation*: every gradient is computed once, from the gradients
# that are nearer to the loss.
#
# The page below goes through both passes in this way. Run the cell, use the buttons or the arrow
# keys, and say each number before it appears. At $\partial L/\partial a_1^{(1)}$, look for the sum.

# %%
steps(loss)

# %% [markdown]
# ## One update
#
# Gradient descent moves each parameter a step against its gradient. The size of the step is the
# learning rate $\eta = 0.5$ times the gradient:
#
# $$w \leftarrow w - \eta \, \frac{\partial L}{\partial w}$$
#
# The picture shows the gradients on the lines. Orange lines have a negative gradient. **Predict:**
# which weights will grow?

# %%
loss.backward()
draw_network(mlp, show="grad")

# %% [markdown]
# The weights of the second output grow, because this output is too small and its weights have
# negative gradients. Compute the new $w_{11}^{(2)}$ by hand, from 0.4 and its gradient. Then let
# the package move all parameters and compute the loss again.

# %%
optimiser = SGD(mlp.parameters(), lr=0.5)
optimiser.step()
print(f"w2_11 = {mlp.layers[1].neurons[0].w[0].data:.9f}")
print(f"L was {loss:.4f} and is {worked_example.forward(mlp).loss:.4f}")

# %% [markdown]
# The network is the one in M. Mazur's *A step by step backpropagation example*, which does not
# change the biases and prints the weights after one update. Here is the whole example, with every
# computed figure beside the printed one:

# %%
print(worked_example.report())

# %% [markdown]
# Look at the losses at the end of the report: one update lowers the loss a little, and more than
# half of the decrease comes from the biases.
#
# ## Ten thousand updates
#
# Now we repeat the update many times, and move only the weights.
#
# **Predict:** the first update lowers the loss by about 0.007 if the biases stay as they are. Do
# the next thousand updates lower it by a thousand times as much?

# %%
rounds = sorted({round(10 ** (k / 8)) for k in range(33)})
figures = ten_thousand_rounds.after(rounds, ten_thousand_rounds.all_layers_together)
for done, figure in zip(rounds, figures, strict=True):
    if done in {1, 10, 100, 1_000, 10_000}:
        print(f"loss {figure['error']:.7f} after {done:,}")

# %% [markdown]
# They cannot: the loss is only 0.29, and it cannot fall below 0. In the left figure both axes are
# logarithmic. During the first ten updates little happens. After that, ten times as many updates
# make the loss between 11 and 32 times smaller. In the right figure, the dotted lines are the
# targets.

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
# The nearer the outputs come to the targets, the more slowly they move: the errors become smaller,
# and $\sigma' = a (1 - a)$ becomes smaller, too, as $a$ comes near 0 or 1.
#
# Mazur prints three figures "after 10,000 times". They are in the left column of the next table.
# The other columns show what the package finds: after 9,999 and after 10,000 updates of gradient
# descent, and after 10,000 rounds in which the layers move one after the other.

# %%
print(ten_thousand_rounds.report())

# %% [markdown]
# No single column agrees with all three figures on the left.
#
# - The *outputs* are not those of gradient descent. They are the ones that you get if you move the
#   last layer first, and then send the errors back through weights that have already moved. The
#   difference is in the sixth decimal, so nobody would notice it by looking at the loss.
# - The *error* differs between two versions of Mazur's text. One of them prints 0.000035085, which
#   is also the figure of the layers that move one after the other. The other version prints the
#   figure on the left.
#
# Remember: first compute all derivatives, then make all updates.
#
# ## Exercises
#
# **1. All of it.** This page asks for every number of both passes. You do not have to answer
# everything: pick a weight, and answer the questions on the way to it. (If the buttons do nothing,
# run the cell.)

# %%
_, loss = worked_example.forward()
exercise(loss)

# %% [markdown]
# **2. A sheet of your own.** Change the seed. The numbers change, the questions stay the same.

# %%
sheet = exercise(loss, only=["L", "dL/dw2_22", "dL/dw1_21"], given="inputs", seed=1)
# sheet.answer("L", ...)
# sheet.answer("dL/dw2_22", ...)
# sheet.answer("dL/dw1_21", ...)
print(sheet.sheet())

# %% [markdown]
# **3. As a formula.** Here is the loss as a function of $w_{11}^{(2)}$ alone. The claimed
# derivative forgets a factor. Which one? Correct the claim until the report shows ✓.

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
# **4. A printed figure.** A claim may also be a text. Then it must be right to the digits that are
# written. Correct this one.

# %%
gradcheck(cost, 0.4, claimed="0.0821")

# %% [markdown]
# **5. Uphill.** What happens to the loss if somebody gets the sign of the update wrong? Make a
# prediction, write `+=` in place of `-=`, and run the cell again.

# %%
mlp, loss = worked_example.forward()
loss.backward()
for p in mlp.parameters():
    p.data -= 0.5 * p.grad
print(f"L was {loss:.4f} and is {worked_example.forward(mlp).loss:.4f}")
