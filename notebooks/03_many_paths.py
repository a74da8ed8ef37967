# %% [markdown]
# # 3 · Many paths
#
# In a network a weight acts on the loss in more than one way. Backpropagation has to collect all of
# them, each once, and in the right order. Here you see why, and what comes out where it is not
# done.
#
# After this notebook you can
#
# - write a gradient along one path as a chain of factors, in full and compressed;
# - add up the paths where there are several, and say why they *add*;
# - say why a backward pass takes one step for each edge, though there may be $2^{300}$ paths;
# - say why it goes in topological order, and what plain recursion gets wrong;
# - recognise the classic mistakes of home-made engines by the numbers that they print.
#
# Lecture rows: D4 (the deep thin network), D6 (the chain rule along multiple paths), A10 (the two
# paths of the worked example).

# %%
import math

import matplotlib.pyplot as plt
import numpy as np

from tinygrad_edu import (
    MLP,
    Value,
    compare_engines,
    draw_network,
    exercise,
    grad,
    gradcheck,
    half_squared_error,
    paths,
    sin,
    steps,
    total,
)
from tinygrad_edu.engine import ancestors
from tinygrad_edu.lessons import broken_engines, deep_thin, worked_example
from tinygrad_edu.lessons.broken_engines.engines import Gradients, args_and_partials, paths_walked
from tinygrad_edu.lessons.why_topological_order import doubled, why_topological_order

plt.style.use("lecture.mplstyle")

# %% [markdown]
# ## One path: a chain
#
# A *deep thin* network (D4) has one neuron in each layer. In that lecture's notation $a$ is the
# pre-activation and $h$ the activation, and the first index is the layer:
#
# $$x \to a_{11} \to h_{11} \to a_{21} \to h_{21} \to a_{31} \to \hat y \to L$$
#
# Here is one of three sigmoid neurons. The number on the first line is $W_{111}$. (The picture
# writes $z$ and $a$ for what D calls $a$ and $h$.)

# %%
thin = deep_thin.forward()
draw_network(thin.mlp)

# %% [markdown]
# **Predict:** how many factors does $\partial L/\partial W_{111}$ have? Count the arrows from
# $W_{111}$ on.

# %%
paths(thin.loss, thin.weights[0])

# %% [markdown]
# Seven factors, one for each step of the way: first the loss, then for every layer a $\sigma'$, and
# between them the weights, at last the input. (The last line is the gradient as the engine works it
# out.) This is the whole chain rule where there is only one path. The
# lecture reads it as a conversation, layer by layer:
#
# $$\frac{\partial L}{\partial W_{111}} =
# \underbrace{\frac{\partial L}{\partial \hat y}\frac{\partial \hat y}{\partial a_{31}}}
# _{\text{output layer}}\;
# \underbrace{\frac{\partial a_{31}}{\partial h_{21}}\frac{\partial h_{21}}{\partial a_{21}}}
# _{\text{layer 2}}\;
# \underbrace{\frac{\partial a_{21}}{\partial h_{11}}\frac{\partial h_{11}}{\partial a_{11}}}
# _{\text{layer 1}}\;
# \underbrace{\frac{\partial a_{11}}{\partial W_{111}}}
# _{\text{weight}}$$
#
# *Compressed*, the factors between two nodes become one. `compressed` keeps the nodes that you
# name:

# %%
[path] = paths(thin.loss, thin.weights[0])
print(path.compressed(*thin.pre_activations))
print(path.compressed(thin.pre_activations[0]))
print(path.compressed(thin.activations[0]))

# %% [markdown]
# Every line is the same number. The first factor of the second line, $\partial L/\partial a_{11}$,
# is what a backward pass keeps in the node $a_{11}$: worked out once, it serves the weight, the
# bias and everything below.

# %% [markdown]
# Now a warning. Every layer puts a weight and a $\sigma' \le \frac14$ into the chain. **Predict:**
# with all weights 1, how does the gradient of the first weight change with each layer?

# %%
depths = range(1, 17)
sizes = [abs(deep_thin.first_weight_gradient(depth)) for depth in depths]
print(f"16 layers: {sizes[-1]:.2e}, {sizes[-1] / sizes[-2]:.3f} times that of 15 layers")

plt.semilogy(depths, sizes, "o-")
plt.xlabel("layers, one neuron each")
plt.ylabel(r"$|\partial L/\partial W_{111}|$")
plt.title("One path: the gradient of the first weight shrinks with depth")
plt.show()

# %% [markdown]
# On the logarithmic scale the points lie on a straight line: with each layer the gradient is
# multiplied by nearly the same number, below $\frac14$. It *vanishes*; notebook 5 comes back to
# this.

# %% [markdown]
# ## Several paths: the sum
#
# Let $p$ depend on $z$ by way of several intermediate results $q_1, q_2, \dots$ Then (D6)
#
# $$\frac{\partial p}{\partial z} = \sum_m \frac{\partial p}{\partial q_m}\,
# \frac{\partial q_m}{\partial z}$$
#
# An example with three of them: $q_1 = z^2$, $q_2 = \sin z$, $q_3 = e^z$, and $p = q_1 q_2 + q_3$.

# %%
z = Value(1.2, label="z")
q1, q2, q3 = z**2, z.sin(), z.exp()
r = q1 * q2
p = r + q3
for node, label in zip((q1, q2, q3, r, p), ("q₁", "q₂", "q₃", "r", "p"), strict=True):
    node.label = label

three = paths(p, z)
three

# %% [markdown]
# Each line is one path, each factor a local derivative. The paths by way of $q_1$ and $q_2$
# together are the *product rule* that you know from school: $2z \cdot \sin z + z^2 \cdot \cos z$.
# In the picture each path has its colour, the one with the largest product first:

# %%
three.draw(show="data partials")

# %% [markdown]
# **Why do they add?** Turn $z$ by a little, and let only *one* of $q_1, q_2, q_3$ notice.
# **Predict:** what do the three changes of $p$ have to do with the change if all of them notice?

# %%
h = 1e-4
at, moved = [1.2] * 3, 1.2 + h


def p_of(z1, z2, z3):
    return z1**2 * math.sin(z2) + math.exp(z3)


for m in range(3):
    change = p_of(*at[:m], moved, *at[m + 1 :]) - p_of(*at)
    print(f"only q{m + 1} notices: p changes by {change / h:.4f} h")
change = p_of(moved, moved, moved) - p_of(*at)
print(f"all notice:      p changes by {change / h:.4f} h   ({three.total:.4f} by the paths)")

# %% [markdown]
# The three changes add up to the whole. A small change of $z$ arrives at $p$ by every path, and
# small changes do not get in each other's way: what they do to each other is of the order $h^2$.
# (That, and the finite step, is the difference in the last digits.) So contributions are *added*,
# never averaged, and never does the last one win.

# %% [markdown]
# ## The smallest example
#
# One number, used twice, and the result used twice again: $a = 1$, $b = a + a$, $c = b + b$.
#
# **Predict:** how many paths lead from $c$ back to $a$? What is $\partial c/\partial a$?

# %%
a = Value(1.0, label="a")
b = a + a
c = b + b
b.label, c.label = "b", "c"
paths(c, a).draw(show="data partials")

# %%
paths(c, a)

# %% [markdown]
# Two ways from $c$ to $b$, by the first summand and by the second, and two from $b$ to $a$:
# $2 \cdot 2 = 4$ paths of product 1. Remember this
# little graph: it is all that is needed to bring most wrong engines down.

# %% [markdown]
# ## Two paths in the worked example
#
# In the 2-2-2 network of notebook 2 the first hidden neuron feeds *both* outputs, so $w_{11}^{(1)}$
# reaches the loss by two paths, each a product of five factors (A10).

# %%
example = worked_example.forward()
w = example.mlp.layers[0].neurons[0].w[0]
two = paths(example.loss, w)
two

# %% [markdown]
# The second path is *negative*: to raise $w_{11}^{(1)}$ makes the first output worse and the second
# one better. The numbers beside a coloured line are its five factors, from the bottom up. Look
# where the two colours run side by side.

# %%
two.draw(show="partials", direction="TB")

# %% [markdown]
# From $a_1^{(1)}$ on upwards both paths are the same two factors. A backward pass does not walk
# them twice. It first *adds* what arrives at $a_1^{(1)}$, and then sends the sum on:

# %%
hidden = example.mlp.layers[0].neurons[0].a
arriving = [path.product / grad(hidden, w) for path in two]
print(f"arrives at a₁⁽¹⁾: {arriving[0]:.6f} + ({arriving[1]:.6f}) = {sum(arriving):.6f}")
print(f"is sent on:       {sum(arriving):.6f} · {grad(hidden, w):.6f} = {two.total:.9f}")

# %% [markdown]
# That is all of backpropagation: the distributive law. $u v + u' v = (u + u')\, v$, from the loss
# to the weights.

# %% [markdown]
# ## How many paths are there?
#
# **Predict:** in a network of 2 inputs and layers of 4, 3 and 2 neurons, how many paths lead from
# the loss to one weight of the first layer?

# %%
mlp = MLP(2, [4, 3, 2], seed=0)
loss = half_squared_error(mlp([0.5, -1.0]), [0.0, 1.0])
paths(loss, mlp.layers[0].neurons[0].w[0]).count

# %% [markdown]
# Through any of the 3 neurons of layer 2, then through any of the 2 outputs: $3 \cdot 2$. With each
# layer more the number is *multiplied* by its width. Now 300 additions $x \leftarrow x + x$; the
# paths are counted exactly, without listing them:

# %%
x = Value(1.0, label="x")
y = x
for _ in range(300):
    y = y + y

count = paths(y, x).count
edges_in_all = sum(len(node.args) for node in ancestors(y))
print(f"{edges_in_all} edges, 2^300 paths: {count == 2**300}, a number of {len(str(count))} digits")
print(f"∂y/∂x = {grad(y, x):.4g}, 2^300 exactly: {grad(y, x) == 2.0**300}")
print(f"a nanosecond for each path makes {count / 1e9 / 3.15e7:.0e} years")

# %%
additions = range(1, 31)
plt.semilogy(additions, [paths_walked(doubled(n)) for n in additions], "o-", label="path by path")
plt.semilogy(additions, [2 * n for n in additions], "s-", label="edge by edge")
plt.xlabel("additions x = x + x")
plt.ylabel("steps of a backward pass")
plt.title("Paths double with every addition, edges only grow by two")
plt.legend()
plt.show()

# %% [markdown]
# The upper line is straight on a logarithmic scale: it doubles with every addition. The lower one
# is what an engine does that adds up first and sends on once.

# %% [markdown]
# ## Why topological order? Why not just recurse?
#
# "Adds up first": how does a node know that everything has arrived? It has to wait for all the
# nodes that use it. An order in which every node comes after all of its users is called
# *topological*. This is a right engine, in full (`ancestors` returns such an order,
# `args_and_partials` the arguments of a node with the local derivatives):


# %%
def right_engine(value):
    gradients = Gradients(value)  # 1 for the value itself, 0 for all behind it
    for node in ancestors(value):
        for arg, partial in args_and_partials(node):
            gradients[arg] += gradients[node] * partial
    return gradients


found = right_engine(c)
[found[node] for node in (c, b, a)]

# %% [markdown]
# Many engines begin otherwise, because recursion is so short to write. **Predict:** what does this
# one answer for $\partial c/\partial a$ of the smallest example?

# %%
print(broken_engines.MISTAKES["recursion"].source)

# %%
why_topological_order(c)

# %% [markdown]
# Recursion sends on from $b$ before all has arrived there; and when the rest arrives, it sends what
# it had before once more. To visit every node only once does not save it: then the rest is never
# sent. To send on *products* instead of gradients is right, but walks every path by itself.
#
# Step through the right order on the page: before $b$ sends anything to $a$, it is complete.

# %%
steps(c)

# %% [markdown]
# ## The broken engines side by side
#
# The package keeps the classic mistakes ready to run. A ✗ is a wrong gradient.

# %%
compare_engines(c)

# %% [markdown]
# - **overwrite** writes `=` where `+=` belongs: of several paths the last one wins.
# - **recursion** and **first_visit** you have just met.
# - **stale** is a second backward pass for which only the gradients of the *parameters* were
#   cleared. The node $b$ still has its old gradient, adds the new one to it, and sends on too much.
#
# Why do such mistakes live so long? Because most small tests do not see them. **Predict** for each
# of these expressions which engines get something wrong:

# %%
w, x = Value(0.5, label="w"), Value(2.0, label="x")
u = w * x
tests = {
    "a neuron, tanh(w x + b)": (w * x + 0.1).tanh(),
    "a weight used twice, w w + x": w * w + x,
    "a result used twice, u u, u = w x": u * u,
    "the worked example": example.loss,
}
for what, value in tests.items():
    wrong = [name for name, nodes in compare_engines(value).wrong.items() if nodes]
    print(f"{what:<34} {', '.join(wrong)}")

# %% [markdown]
# A single neuron has one path to each of its numbers, and three of the four engines are right about
# it. A *leaf* that is used twice finds the overwriting. Only a *computed* number that is used twice
# finds all, and every network with two layers and two outputs has such numbers. Where are they
# wrong there?

# %%
for engine, nodes in compare_engines(example.loss).wrong.items():
    parameters = [n for n in nodes if n[0] in "wb"]
    print(f"{engine:<12} {len(parameters):>2} wrong parameters: {' '.join(parameters)}")

# %% [markdown]
# The first three spoil the first layer and nothing else. The last layer still learns, and the loss
# may well go on falling: the kind of mistake that nobody notices without a gradient check (notebook
# 7).

# %% [markdown]
# ## Twice backward on purpose
#
# This engine *adds* a second pass to the gradients, as PyTorch does. That is wanted for batches,
# where the gradients of several examples add up; and it is why a training loop clears them.
# `zero_grad()` clears those of all nodes behind the loss.

# %%
c.zero_grad()
for _ in range(2):
    c.backward()
    print(f"∂c/∂a = {a.grad}")
c.zero_grad()
c.backward()
print(f"∂c/∂a = {a.grad} after zero_grad()")

# %% [markdown]
# Each pass is worked out from 0, and only then added: the 8 is 4 + 4, as it was meant to be. The
# stale engine *did* clear $a$ and found 8 nevertheless, out of what was left in $b$.

# %% [markdown]
# ## Weights updated in turn
#
# One more mistake happens after the backward pass: to move the first weight, and only then to
# differentiate with respect to the second one.

# %%
print(broken_engines.MISTAKES["in_turn"].source)

# %% [markdown]
# Take $L = \frac12 (w_1 w_2)^2$ at $(1, 2)$, where the gradient is
# $(w_1 w_2^2,\; w_1^2 w_2) = (4, 2)$, and a learning rate of 0.1.

# %%
update = broken_engines.compare_updates()
update

# %%
w1, w2 = np.meshgrid(np.linspace(0.3, 1.3, 200), np.linspace(1.6, 2.2, 200))
levels = plt.contour(w1, w2, (w1 * w2) ** 2 / 2, levels=12, colors="#888888", linewidths=1)
plt.clabel(levels, fontsize=11)
for label, colour, end in [
    ("all at once", "C0", update.right),
    ("in turn", "C1", update.found["in_turn"]),
]:
    way = np.subtract(end, (1, 2))
    plt.quiver(1, 2, *way, angles="xy", scale_units="xy", scale=1, color=colour, label=label)
plt.gca().set(xlabel="$w_1$", ylabel="$w_2$", aspect="equal", title="One step, from (1, 2)")
plt.legend(loc="lower left")
plt.grid(visible=False)
plt.show()

# %% [markdown]
# The grey lines are level lines of $L$. The blue step leaves its level line at a right angle, as a
# gradient does; the orange one does not: its second component was taken at a point where $w_1$ had
# moved already. First all derivatives, then all updates.

# %% [markdown]
# ## Exercises
#
# **1. Contributions.** Here are the gradients of $p = q_1 q_2 + q_3$ from above, and what each path
# contributes. Answer on the page, or in the cell below it, where two answers are given, one of them
# wrong on purpose. `sheet.hint("dp/dz")` helps.

# %%
sheet = exercise(p, ask="contribution gradient")
sheet

# %%
sheet.answer("dp/dz via q_3", "3.320")
sheet.answer("dp/dz", "3.320")
# sheet.answer("dp/dq_1", ...)
# sheet.answer("dp/dz", ...)

# %% [markdown]
# **2. A path forgotten.** Somebody derives $f(z) = z^2 \sin z$ and forgets that there is a product.
# The checker measures the slope and says what is missing. Correct the claim until the ✗ is a ✓.

# %%
gradcheck(
    lambda z: z**2 * sin(z),
    1.2,
    claimed=lambda z: 2 * z * math.sin(z),
)

# %% [markdown]
# **3. Count.** How many paths lead from the loss to one weight of the *first* layer, if layers of
# 8, 5, 5 and 3 neurons follow each other? How many to a weight of the *second* layer? Write your
# numbers in place of `None`.

# %%
mlp = MLP(2, [8, 5, 5, 3], seed=0)
loss = half_squared_error(mlp([0.5, -1.0]), [0.0, 1.0, 0.0])
to_first, to_second = None, None

for layer, answer in zip(mlp.layers, (to_first, to_second), strict=False):
    right = paths(loss, layer.neurons[0].w[0]).count
    print("not answered yet" if answer is None else answer == right)

# %% [markdown]
# **4. Mend an engine.** This one overwrites. The last line lists the nodes of the smallest example
# that it gets wrong; change one sign so that the list is empty. Then try to make the engine
# recursive, and look where it goes wrong.


# %%
def mine(value):
    gradients = Gradients(value)
    for node in ancestors(value):
        for arg, partial in args_and_partials(node):
            gradients[arg] = gradients[node] * partial
    return gradients


right, found = broken_engines.topological_order(c), mine(c)
print([node.label for node in right if not math.isclose(found[node], right[node])])

# %% [markdown]
# **5. Recursion done right** sends products and walks every path. For ten doublings
# $x \leftarrow 2x$, each written as a sum, it takes many times as many steps as topological order:

# %%
tall = doubled(10)
print(f"{paths_walked(tall)} steps instead of {len(broken_engines.topological_order(tall).steps)}")

# %% [markdown]
# Make a Value of your own with at most ten operations for which the ratio is larger still. (An
# operation may have more than two arguments: `total([x, x, x])`.)

# %%
x = Value(1.0)
my_value = total([x, x])

operations = sum(node.op is not None for node in ancestors(my_value))
ratio = paths_walked(my_value) / len(broken_engines.topological_order(my_value).steps)
print(f"operations: {operations}, ratio {ratio:.1f}; to beat: {paths_walked(tall) / 20:.1f}")
