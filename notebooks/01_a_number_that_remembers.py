# %% [markdown]
# # 1 · A number that remembers
#
# Backpropagation needs to know two things about a number: its value, and how it was computed. A
# `Value` of this package knows both. From them it can work out how strongly a result depends on
# every number that it was computed from.
#
# After this notebook you can
#
# - write an expression with Values and read the graph that it leaves behind,
# - say what a local derivative is, and find it on an edge of the graph,
# - compute a derivative from the graph: first by hand along a path, then with `backward()`,
# - say what a second backward pass does to the gradients, and when to clear them,
# - say which numbers take no gradient, and why that is useful.
#
# Lecture rows: A2 (a neuron with one input; notebook 4 has the rest).
#
# The package follows five lecture texts, called A to E. Lecture A is the set of slides "Neural
# Networks" of a course on machine learning. A row id such as A2 means item 2 of lecture A; the
# README lists all items under "The lectures, row by row".

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
# A neuron with one input multiplies its input by a weight and adds a bias: $z = w x + b$. With
# plain Python numbers this is:

# %%
-3.0 * 2.0 + 6.5

# %% [markdown]
# The result is one half, but where does it come from? The float does not say. Now the same with
# Values. A `label` is the name that pictures and formulas use:

# %%
w, x, b = Value(-3.0, label="w"), Value(2.0, label="x"), Value(6.5, label="b")
z = w * x + b
z.label = "z"
z

# %% [markdown]
# The attribute `data` holds the same number, and the gradient `grad` is still 0. The Value also
# remembers the operation that computed it, and the arguments of that operation:

# %%
print(z.op)
for number in z.args:
    print(number)

# %% [markdown]
# So $z$ is the sum of two numbers. The first of them has no label, because nobody has given it a
# name: it is $w x$, and it remembers its own arguments in turn. In this way everything that $z$ was
# computed from can be reached from $z$. This is the *graph*, and `draw` shows it. Nodes without a
# label are numbered in the picture: $v_1$, $v_2$, ...
#
# Look for the two operations, each in a circle, and for the three numbers that no arrow leads to.

# %%
draw(z, show="data")

# %% [markdown]
# ## Change a number and look again
#
# **Predict:** we change $w$ from −3 to −2.9. What is $z$ now?

# %%
w.data = -2.9
print(f"z = {z.data}")

# %% [markdown]
# It is still 0.5! A Value remembers what *was* computed. It is not a spreadsheet: to see the effect
# of the new $w$, you must compute $z$ again.

# %%
z_new = w * x + b
print(f"z = {z_new.data:.2f}, changed by {z_new.data - z.data:.2f}")

# %% [markdown]
# A step of 0.1 in $w$ became a step of 0.2 in $z$. The ratio, 2, is the number $x$ by which $w$ is
# multiplied. It is the derivative $\partial z/\partial w = x$. We set $w$ back, and apply an
# activation function to $z$, namely $a = \tanh(z)$:

# %%
w.data = -3.0
a = z.tanh()
a.label = "a"
print(f"a = {a:.4f}")

# %% [markdown]
# To try things out, we write the same computation as a function. Given floats it returns a float,
# given Values it returns a Value:


# %%
def neuron(w, x, b):
    return tanh(w * x + b)


# %% [markdown]
# **Predict:** increase each of $w$, $x$ and $b$ by 0.001, one at a time. Which of the three changes
# $a$ most, and in which direction?

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
# The change of $x$ has the largest effect, and it makes $a$ smaller. We want exactly these three
# ratios: the derivatives of $a$ with respect to $w$, $x$ and $b$. But measured in this way, each
# derivative needs another computation of the whole expression, and a network has thousands of
# weights. The graph gives all derivatives in one pass.
#
# ## Local derivatives
#
# Each operation knows how its result changes with each of *its own* arguments, whatever the rest of
# the graph looks like. These are its local derivatives, also called *partials*. They are computed
# in the forward pass. We give the product a name, too, so that we can talk about it:

# %%
v = z.args[0]
v.label = "v"
print("v = w · x, with respect to w and x:", v.partials)
print("z = v + b, with respect to v and b:", z.partials)
print("a = tanh(z), with respect to z:    ", a.partials)

# %% [markdown]
# A product changes with one factor as fast as the *other* factor is large. A sum passes every
# change on as it is. The last local derivative follows from the rule $\tanh'(z) = 1 - a^2$:

# %%
print(f"{1 - a.data**2:.4f}")

# %% [markdown]
# In the picture, each local derivative is written in orange on the edge that it belongs to.
#
# **Predict:** start at $a$ and walk against the arrows to $w$. Multiply the orange numbers on the
# way. Where have you seen the result before?

# %%
draw(a)

# %%
first, second, third = a.partials[0], z.partials[0], v.partials[0]
print(f"{first:.4f} · {second:.0f} · {third:.0f} = {first * second * third:.4f}")

# %% [markdown]
# It is the ratio that we measured by changing $w$. This is the *chain rule*:
#
# $$\frac{\partial a}{\partial w} = \frac{\partial a}{\partial z} \cdot
# \frac{\partial z}{\partial v} \cdot \frac{\partial v}{\partial w}$$
#
# ## Backward
#
# `backward()` does this for all numbers of the graph at once. It starts at $a$ with
# $\partial a/\partial a = 1$ and goes against the arrows. Each number passes to each of its
# arguments its own gradient times the local derivative on the edge.

# %%
a.backward()
print(f"da/dw = {w.grad:.4f}, da/dx = {x.grad:.4f}, da/db = {b.grad:.4f}")

# %% [markdown]
# Compare these numbers with the three ratios above: they agree, up to the precision that a step of
# 0.001 allows. Now the boxes in the picture are complete. The last line of each box is the
# gradient. It answers the question: *if this number changes by a small step, how many times that
# step does $a$ change?*

# %%
draw(a)

# %% [markdown]
# A derivative is a slope. In the figure, look at the point where the dashed line touches the curve:
# at this point both have the same slope. Further away, the line says nothing about $a$.

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
# Here are both passes step by step. Run the cell, use the buttons or the arrow keys, and say each
# number before it appears.

# %%
steps(a)

# %% [markdown]
# ## Numbers that take no gradient
#
# The input $x$ of a neuron is given by the data. Nobody wants to change it, so its gradient is not
# needed. A `Constant` is a number that takes no gradient. Plain numbers in an expression become
# Constants.
#
# Look at the edge from $x$ now.

# %%
x = Constant(2.0, label="x")
z = w * x + b
z.label = "z"
draw(z)

# %% [markdown]
# The edge has no orange number any more. The product only keeps its local derivative with respect
# to $w$:

# %%
print(z.args[0].partials)

# %% [markdown]
# ## Gradients add up
#
# **Predict:** the backward pass from $a$ left the gradient 1.5729 in $w$. Now we call `backward()`
# on the new $z$, with $\partial z/\partial w = 2$. What is `w.grad` afterwards?

# %%
print(f"before: {w.grad:.4f}")
z.backward()
print(f"after:  {w.grad:.4f}")

# %% [markdown]
# It is not 2; it has grown by 2. `backward()` *adds* to the gradients that are already there. There
# is a good reason: the gradient of a sum of losses, for example over several training examples, is
# the sum of their gradients. To get the gradient of $z$ alone, clear the gradients first.
# `zero_grad()` sets the gradient of a Value, and of every Value that it was computed from, to 0:

# %%
z.zero_grad()
z.backward()
print(f"dz/dw = {w.grad}, dz/db = {b.grad}")

# %% [markdown]
# If you only want to *know* a derivative, and do not want to change any `.grad`, use `grad`:

# %%
grad(z, [w, b])

# %% [markdown]
# ## The graph as a formula
#
# The graph can also be written as a formula. `latex` returns LaTeX source for a document of your
# own. `derivation` shows how to get one derivative, as one would write it on the board.

# %%
print(latex(a, full=True))

# %%
derivation(a, w)

# %% [markdown]
# ## Exercises
#
# **1. By hand.** The sheet below asks for every number of $y = (p + q) \cdot q$, forward and
# backward. Note that $y$ depends on $q$ in two ways: through the factor $q$ itself, which the sheet
# calls *direct*, and through $s = p + q$, which it calls *via s*. Answer on the page, or in the
# cells below it.

# %%
p, q = Value(3.0, label="p"), Value(-2.0, label="q")
s = p + q
y = s * q
s.label, y.label = "s", "y"
sheet = exercise(y)
sheet

# %% [markdown]
# Here are a right answer and a wrong one. If the sheet recognises the mistake, it says what went
# wrong:

# %%
sheet.answer("s", 1)

# %%
sheet.answer("dy/dp", 1)

# %% [markdown]
# Now it is your turn: remove a `#`, replace the three dots by your number, and run the cell. (A
# hint costs a quarter of the point.)

# %%
# sheet.answer("dy/dp", ...)
# sheet.answer("dy/dq", ...)
# sheet.hint("dy/dq")
print(f"{sheet.score:g} of {len(sheet.questions)} points")

# %% [markdown]
# The next sheet asks for the three gradients with other numbers, and can be printed. The local
# derivatives are given. Replace the seed 7 by your student number to get a sheet of your own:

# %%
print(exercise(y, ask="gradient", seed=7).sheet())

# %% [markdown]
# **2. A derivative of your own.** Somebody claims that the derivative of $\tanh(3x)$ is
# $1 - \tanh^2(3x)$. The checker measures the slope and disagrees. Correct the claim until the
# report shows ✓.

# %%
gradcheck(lambda x: tanh(3 * x), 0.2, claimed=lambda x: 1 - tanh(3 * x) ** 2)

# %% [markdown]
# **3. Up the hill.** In which direction does $a = \tanh(wx + b)$ grow? Change the line with the
# comment so that `w` and `b` move a little along their gradients, and the last line prints `True`.

# %%
w, b = Value(-3.0, label="w"), Value(6.5, label="b")
a = neuron(w, x, b)
a.backward()
for parameter in [w, b]:
    parameter.data += 0.0  # replace 0.0 by a small number times the gradient
print(neuron(w, x, b).data > a.data)

# %% [markdown]
# **4. Find the mistake.** This code should print $\mathrm{d}(t^2)/\mathrm{d}t = 10$ at $t = 5$
# three times. What is missing, and where?

# %%
t = Value(5.0, label="t")
for _ in range(3):
    square = t * t
    square.backward()
    print(t.grad)

# %% [markdown]
# In the next notebook one neuron becomes a network of four neurons, and you compute its forward and
# its backward pass by hand.
