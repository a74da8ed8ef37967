# %% [markdown]
# # 1 · A number that remembers
#
# Backpropagation needs two things of a number: its value, and how it came about. A `Value` of this
# package knows both. From them it works out how much every other number had to do with it.
#
# After this notebook you can
#
# - write an expression with Values and read the graph that it leaves behind,
# - say what a local derivative is, and find it on an edge of the graph,
# - get a derivative out of the graph: first by hand along a path, then by `backward()`,
# - tell what happens to gradients on a second backward pass, and when to clear them,
# - say which numbers take no gradient, and why one wants that.
#
# Lecture rows: A2 (a neuron with one input; the rest of it in notebook 4).

# %%
import matplotlib.pyplot as plt
import numpy as np

from tinygrad_edu import (
    Constant,
    Value,
    derivation,
    draw,
    exercise,
    grad,
    gradcheck,
    latex,
    steps,
    tanh,
)

plt.style.use("lecture.mplstyle")

# %% [markdown]
# ## A float forgets, a Value remembers
#
# A neuron with one input multiplies it by a weight and adds a bias: $z = w x + b$. With plain
# Python numbers:

# %%
-3.0 * 2.0 + 6.5

# %% [markdown]
# One half, but of what? The float does not say. Now with Values. A `label` is the name that
# pictures and formulas use:

# %%
w, x, b = Value(-3.0, label="w"), Value(2.0, label="x"), Value(6.5, label="b")
z = w * x + b
z.label = "z"
z

# %% [markdown]
# The same number in `data`, and a `grad` that is still 0. What it remembers is the operation that
# made it, and what went into that:

# %%
print(z.op)
for number in z.args:
    print(number)

# %% [markdown]
# A sum of two numbers. The first of them has no label, because nobody has given it a name: it is
# $w x$, and remembers that in its turn. So from $z$ everything can be reached that it was made of.
# That is the *graph*, and `draw` shows it. What has no label is numbered there: $v_1$, $v_2$, ...
#
# Look for the two operations, each in a circle, and for the three numbers that nothing leads to.

# %%
draw(z, show="data")

# %% [markdown]
# ## Change a number and look again
#
# **Predict:** we set $w$ from −3 to −2.9. What does $z$ say?

# %%
w.data = -2.9
print(f"z = {z.data}")

# %% [markdown]
# Still 0.5! A Value remembers what *was* computed. It is no spreadsheet: to see what the new $w$
# does, compute again.

# %%
z_new = w * x + b
print(f"z = {z_new.data:.2f}, changed by {z_new.data - z.data:.2f}")

# %% [markdown]
# A step of 0.1 in $w$ became one of 0.2 in $z$. The ratio, 2, is the number $x$ by which $w$ is
# multiplied: the derivative $\partial z/\partial w = x$. We put $w$ back, and let $z$ go through
# an activation, $a = \tanh(z)$:

# %%
w.data = -3.0
a = z.tanh()
a.label = "a"
print(f"a = {a:.4f}")

# %% [markdown]
# To try things out we write the same as a function. Of floats it makes floats, of Values Values:


# %%
def neuron(w, x, b):
    return tanh(w * x + b)


# %% [markdown]
# **Predict:** turn each of $w$, $x$ and $b$ up by 0.001. Which of them does $a$ follow most, and
# in which direction?

# %%
h = 0.001
change = {
    "w": neuron(-3.0 + h, 2.0, 6.5) - a.data,
    "x": neuron(-3.0, 2.0 + h, 6.5) - a.data,
    "b": neuron(-3.0, 2.0, 6.5 + h) - a.data,
}
for name, difference in change.items():
    print(f"{name} + 0.001 changes a by {difference:+.6f}: {difference / h:+.2f} times the step")

# %% [markdown]
# $a$ follows $x$ most, and downwards. Those three ratios are what we are after: the derivatives of
# $a$ with respect to $w$, $x$ and $b$. But this way each of them costs a computation of the whole
# expression, and a network has thousands of weights. The graph gives all of them in one go.
#
# ## Local derivatives
#
# Each operation knows how its result changes with each of *its own* inputs, whatever the rest of
# the graph may look like. These are its local derivatives, worked out on the way forward. The
# product gets a name, too, so that we can talk about it:

# %%
v = z.args[0]
v.label = "v"
print("of v = w · x with respect to w and x:", v.partials)
print("of z = v + b with respect to v and b:", z.partials)
print("of a = tanh(z) with respect to z:    ", a.partials)

# %% [markdown]
# A product changes with one factor as fast as the *other* factor is large. A sum passes changes on
# as they are. For the last one there is a rule, $\tanh'(z) = 1 - a^2$:

# %%
print(f"{1 - a.data**2:.4f}")

# %% [markdown]
# In the picture every local derivative stands, in orange, on the edge that it belongs to.
#
# **Predict:** start at $a$ and walk against the arrows to $w$. Multiply the orange numbers that
# you pass. Where have you seen the result?

# %%
draw(a)

# %%
first, second, third = a.partials[0], z.partials[0], v.partials[0]
print(f"{first:.4f} · {second:.0f} · {third:.0f} = {first * second * third:.4f}")

# %% [markdown]
# It is the ratio that we measured by turning $w$. This is the *chain rule*:
#
# $$\frac{\partial a}{\partial w} = \frac{\partial a}{\partial z} \cdot
# \frac{\partial z}{\partial v} \cdot \frac{\partial v}{\partial w}$$
#
# ## Backward
#
# `backward()` does this for all numbers of the graph at once. It starts at $a$ with
# $\partial a/\partial a = 1$, and goes against the arrows. What a number hands on to each of its
# inputs is its own gradient times the local derivative on the edge.

# %%
a.backward()
print(f"da/dw = {w.grad:.4f}, da/dx = {x.grad:.4f}, da/db = {b.grad:.4f}")

# %% [markdown]
# Compare with the three ratios above: the same, to the precision that a step of 0.001 allows. Now
# the boxes are full. The last line of each is the gradient, and it says: *by how many times its own
# step would $a$ move, if this number moved a little?*

# %%
draw(a)

# %% [markdown]
# A derivative is a slope. In the figure look at the point where the dashed line touches the curve:
# there both climb equally fast. Further away the line says nothing about $a$.

# %%
ws = np.linspace(-4.5, -2.0, 200)
plt.plot(ws, neuron(ws, x.data, b.data), label=r"$a = \tanh(wx + b)$")
plt.plot(ws, a.data + w.grad * (ws - w.data), "--", label=f"slope {w.grad:.2f}")
plt.plot(w.data, a.data, "o", color="black")
plt.gca().set(xlabel="weight $w$", ylabel="activation $a$", ylim=(-1.2, 1.2))
plt.title(r"$\partial a/\partial w$ is the slope at $w = -3$")
plt.legend()
plt.show()

# %% [markdown]
# And here are both passes step by step. Run the cell, use the buttons or the arrow keys, and say
# each number before it appears.

# %%
steps(a)

# %% [markdown]
# ## What takes no gradient
#
# The input $x$ of a neuron is given by the data. Nobody wants to change it, so its gradient is work
# for nothing. A `Constant` is a number that takes none; plain numbers in expressions become one.
#
# Look at what has become of the edge from $x$.

# %%
x = Constant(2.0, label="x")
z = w * x + b
z.label = "z"
draw(z)

# %% [markdown]
# No orange number: the product knows only its local derivative with respect to $w$.

# %%
print(z.args[0].partials)

# %% [markdown]
# ## Gradients add up
#
# **Predict:** $w$ has had the gradient 1.5729 since the backward pass from $a$. Now we call
# `backward()` on the new $z$, with $\partial z/\partial w = 2$. What is `w.grad`?

# %%
print(f"before: {w.grad:.4f}")
z.backward()
print(f"after:  {w.grad:.4f}")

# %% [markdown]
# Not 2, but 2 more. `backward()` *adds* to what is there. That is wanted: the gradient of a sum of
# losses, say of several examples, is the sum of their gradients. But who wants the gradient of $z$
# alone has to clear first. `zero_grad()` sets all gradients behind a Value to 0:

# %%
z.zero_grad()
z.backward()
print(f"dz/dw = {w.grad}, dz/db = {b.grad}")

# %% [markdown]
# If you only want to *know* a derivative, and leave no traces in `.grad`, ask `grad`:

# %%
grad(z, [w, b])

# %% [markdown]
# ## What it says in formulas
#
# The graph can be written down, too. `latex` gives the source of a formula, for a page of your own;
# `derivation` shows the way to one derivative as one would write it on the board.

# %%
print(latex(a, full=True))

# %%
derivation(a, w)

# %% [markdown]
# ## Exercises
#
# **1. By hand.** The sheet below asks for every number of $y = (p + q) \cdot q$, forward and
# backward. Note that $q$ goes into it twice: once as it is, which the sheet calls *direct*, and
# once *via s*. Answer on the page, or in the cells below it.

# %%
p, q = Value(3.0, label="p"), Value(-2.0, label="q")
s = p + q
y = s * q
s.label, y.label = "s", "y"
sheet = exercise(y)
sheet

# %% [markdown]
# A right answer, and a wrong one. What went wrong is said where it can be told:

# %%
sheet.answer("s", 1)

# %%
sheet.answer("dy/dp", 1)

# %% [markdown]
# Now you: take a `#` away, write your number in place of the three dots, and run the cell. (A hint
# costs a quarter of the point.)

# %%
# sheet.answer("dy/dp", ...)
# sheet.answer("dy/dq", ...)
# sheet.hint("dy/dq")
print(f"{sheet.score:g} of {len(sheet.questions)} points")

# %% [markdown]
# The three gradients with other numbers, to print; the local derivatives are given. With your
# student number in place of the 7 you get a sheet that nobody else has:

# %%
print(exercise(y, ask="gradient", seed=7).sheet())

# %% [markdown]
# **2. A derivative of your own.** Somebody claims that the derivative of $\tanh(3x)$ is
# $1 - \tanh^2(3x)$. The checker measures the slope and disagrees. Mend the claim until it says ✓.

# %%
gradcheck(lambda x: tanh(3 * x), 0.2, claimed=lambda x: 1 - tanh(3 * x) ** 2)

# %% [markdown]
# **3. Up the hill.** Which way does $a = \tanh(wx + b)$ grow? Change the line with the comment such
# that `w` and `b` move a little along their gradients, and the last line prints `True`.

# %%
w, b = Value(-3.0, label="w"), Value(6.5, label="b")
a = neuron(w, x, b)
a.backward()
for parameter in [w, b]:
    parameter.data += 0.0  # instead of 0.0: a small number times its gradient
print(neuron(w, x, b).data > a.data)

# %% [markdown]
# **4. Find the mistake.** This is meant to print $\mathrm{d}(t^2)/\mathrm{d}t$ at $t = 5$ three
# times, thus 10. What is missing, and in which line?

# %%
t = Value(5.0, label="t")
for _ in range(3):
    square = t * t
    square.backward()
    print(t.grad)

# %% [markdown]
# In the next notebook one neuron becomes a network of four, and you work out every figure of it by
# hand.
