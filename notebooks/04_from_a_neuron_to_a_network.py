# %% [markdown]
# # 4 · From a neuron to a network
#
# One neuron draws one line. This notebook shows what a neuron can do, where its limit is, and why a
# few more neurons go far beyond it.
#
# After this notebook you can
#
# - set the weights of a perceptron for AND and OR, or let it learn them, and prove that no
#   perceptron computes XOR;
# - show that a sigmoid neuron *is* logistic regression, with the gradient $(a - y)\,x$;
# - build XOR from AND, OR and NOT, and explain how a trained network computes it;
# - give the shape of every matrix in a network, and count its parameters;
# - explain universal approximation with steps, bumps and towers, and say what the theorem does
#   *not* promise.
#
# Lecture rows: A1 (perceptron), A2 (sigmoid neuron), A3 (XOR), A4 (layers and shapes), A5
# (universal approximation).
#
# "The lecture" in this notebook is lecture A, one of the five lecture texts A to E that the package
# follows: the slides "Neural Networks" of a course on machine learning. A1 means item 1 of lecture
# A; the README lists all items under "The lectures, row by row".

# %%
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap
from sklearn.linear_model import LogisticRegression

from tinygrad_edu import MLP, Neuron, derivation, draw, draw_network, exercise, losses, sigmoid
from tinygrad_edu.lessons import logistic_regression, perceptron, shapes, xor
from tinygrad_edu.lessons import universal_approximation as approximation
from tinygrad_edu.nn import accuracy
from tinygrad_edu.nn.data import AND, OR, XOR

plt.style.use("lecture.mplstyle")
plt.rcParams["axes.grid"] = False
SHADES = ListedColormap(["#FBE3D1", "#D3E7F5"])  # orange where the output is 0, blue where it is 1

# %% [markdown]
# ## A perceptron
#
# A perceptron (A1) is a weighted sum followed by a step:
# $a = \operatorname{step}(w_1 x_1 + w_2 x_2 + b)$. With $w = (1, 1)$ and $b = -1.5$ the sum is
# above 0 only if both inputs are 1. This is AND. Here is the neuron as lecturers draw it, and below
# it as the engine sees it:

# %%
neuron = xor.gate("AND")
output = neuron([1, 1])
draw_network(neuron)

# %%
draw(output, show="data")

# %% [markdown]
# A perceptron can also *learn*, by its own rule: if the error $y - a$ is not 0, add the error times
# the input to the weights, and add the error to the bias. **Predict:** will it learn all three of
# AND, OR and XOR?

# %%
tables = {"AND": AND, "OR": OR, "XOR": XOR}
lessons = {name: perceptron.teach(table) for name, table in tables.items()}
for name, lesson in lessons.items():
    learnt = ", ".join(f"{p.label} = {p.data:g}" for p in lesson.perceptron.parameters())
    print(f"{name:<4} errors in each epoch {lesson.errors}: {learnt}")
print(f"XOR: after epoch {lessons['XOR'].repeats} the weights are those of an earlier epoch")


# %%
def show(axes, network, examples, title, low=-0.5, high=1.5):
    """Draw where the output of a network is 0 and 1, and the examples on top."""
    x = np.linspace(low, high, 201)
    output = network.frozen()(np.meshgrid(x, x))
    axes.contourf(x, x, output, levels=[-0.1, 0.5, 1.1], cmap=SHADES)
    for label, marker, colour in (0, "o", "C1"), (1, "s", "C0"):
        points = np.array([x for x, y in examples if y == label])
        axes.plot(*points.T, marker, color=colour, label=f"y = {label}")
    axes.set(title=title, xlabel="$x_1$", ylabel="$x_2$", aspect="equal")


# %%
figure, panels = plt.subplots(1, 3, figsize=(10, 3.6), layout="constrained")
for axes, (name, lesson) in zip(panels, lessons.items(), strict=True):
    right = accuracy(lesson.perceptron, tables[name])
    show(axes, lesson.perceptron, tables[name], f"{name}: {right:.0%} right")
figure.legend(*axes.get_legend_handles_labels(), loc="outside right center")
plt.show()

# %% [markdown]
# Each perceptron divides the plane by a straight line. The side where its output is 1 is blue. (A
# point on the line itself counts as 0.) For AND and OR, the squares are in the blue part and the
# circles are not. For XOR the learning rule runs in a loop and never finds a solution, and no
# straight line can be one. The proof takes two lines. XOR would need
#
# $$\begin{aligned}
# (0,0) \to 0 &: \quad b \le 0 & (0,1) \to 1 &: \quad w_2 + b > 0 \\
# (1,1) \to 0 &: \quad w_1 + w_2 + b \le 0 \qquad & (1,0) \to 1 &: \quad w_1 + b > 0
# \end{aligned}$$
#
# Add up each column: the left one gives $w_1 + w_2 + 2b \le 0$, the right one $w_1 + w_2 + 2b > 0$.
# These two contradict each other.

# %% [markdown]
# ## A sigmoid neuron is logistic regression
#
# **Predict:** why does nobody train a perceptron by gradient descent?

# %%
neuron = Neuron(2, "step", seed=0)
loss = losses.half_squared_error([neuron([1.0, 1.0])], [0.0])
loss.backward()
print([p.grad for p in neuron.parameters()])

# %% [markdown]
# The step function is flat on both sides, so every gradient is 0. Replace the step by the sigmoid,
# and use the loss $L = -\,(y \log a + (1 - y) \log(1 - a))$. Now the same neuron is *logistic
# regression* (A2), and $a$ is the probability of class 1. Here is one example with $y = 1$:

# %%
neuron = logistic_regression.start()
x, y = logistic_regression.DATA[0]
loss = losses.binary_cross_entropy(neuron(x), y)
loss.label = "L"
derivation(loss, neuron.w[0])

# %% [markdown]
# In the product on the last line, $\frac1a$ is multiplied by $a(1 - a)$, and $a$ cancels. What
# remains is $-(1 - a)\,x_1$, and because $y = 1$ this is $(a - y)\,x_1$. Exercise 2 does the same
# for $y = 0$, with the same result. So the engine, which does not know this formula, must agree
# with the textbook on all 100 examples:

# %%
data, start = logistic_regression.DATA, logistic_regression.theta_of(neuron)
formula = logistic_regression.by_formula(start, data)
engine = logistic_regression.by_engine(neuron, data)
for p, f, e in zip(neuron.parameters(), formula, engine, strict=True):
    print(f"∂L/∂{p.label:<2}  mean of (a − y) x: {f:.12f}   engine: {e:.12f}")

# %% [markdown]
# The model is the same and the gradient is the same, so the weights are the same after each step.
# Below are the weights after 100 steps with the engine, after 100 and 2000 steps with the formula,
# and the weights that scikit-learn finds with its own method:

# %%
trained, _ = logistic_regression.train_neuron(steps=100)
library = LogisticRegression(C=np.inf, tol=1e-8).fit(*zip(*data, strict=True))
rows = {
    "engine, 100 steps": logistic_regression.theta_of(trained),
    "formula, 100 steps": logistic_regression.by_hand(start, steps=100),
    "formula, 2000 steps": logistic_regression.by_hand(start, steps=2000),
    "scikit-learn": [*library.coef_[0], *library.intercept_],
}
for name, (w1, w2, b) in rows.items():
    print(f"{name:<20} w₁ = {w1:.3f}, w₂ = {w2:.3f}, b = {b:.3f}")

# %%
figure, axes = plt.subplots(figsize=(6, 5), layout="constrained")
show(axes, trained, data, f"A sigmoid neuron: {accuracy(trained, data):.0%} right", -4, 4)
x = np.linspace(-4, 4, 201)
levels = axes.contour(x, x, trained.frozen()(np.meshgrid(x, x)), [0.1, 0.5, 0.9], colors="#444444")
axes.clabel(levels, fontsize=12)
axes.legend(loc="lower left")
plt.show()

# %% [markdown]
# The boundary is still a straight line, at $a = \frac12$. But the probability now rises gradually
# from one side to the other, with parallel level lines: near the boundary the neuron is uncertain,
# far away from it the neuron is almost certain.

# %% [markdown]
# ## XOR, built by hand
#
# One line is not enough for XOR, but two lines are: XOR is "at least one of them, **and not**
# both". AND, OR and NOT are one perceptron each, and the output of one can be the input of another
# (A3):

# %%
for name, (w, b) in xor.GATES.items():
    print(f"{name:<4} w = {w}, b = {b}")
print([xor.xor_of_gates(*x).data for x, _ in XOR])

# %% [markdown]
# The same network has two layers: OR and NOT AND side by side, and then the AND of both. (NOT AND
# is a single perceptron: AND with all signs reversed.) In the picture a line is blue if its weight
# is positive. The numbers in the circles are those for $x = (1, 0)$:

# %%
wired = xor.wired()
wired([1, 0])
draw_network(wired)

# %%
for x, _ in XOR:
    output = wired(x)
    either, not_both = wired.layers[0].a
    print(f"{x}: OR {either:g}, NOT AND {not_both:g}: XOR {output:g}")

# %% [markdown]
# ## XOR, learnt
#
# This network has two hidden tanh neurons and a sigmoid output, and is trained from random weights.
# **Predict:** will it find the same OR and NOT AND as we did?

# %%
learnt, history = xor.learnt()
print(history)
for x, y in XOR:
    output = learnt(x)
    hidden = ", ".join(f"{a:+.2f}" for a in learnt.layers[0].a)
    print(f"{x}: target {y}, output {output:.4f}, hidden {hidden}")
learnt([1, 0])
draw_network(learnt)

# %%
figure, panels = plt.subplots(1, 3, figsize=(10, 3.8), layout="constrained")
frozen = wired.frozen()
inside = [(frozen.layers[0](x), y) for x, y in XOR]
show(panels[0], wired, XOR, "built, in the inputs")
show(panels[1], wired.layers[1].neurons[0], inside, "built, after the hidden layer")
show(panels[2], learnt, XOR, "learnt")
panels[1].set(xlabel="$a_1^{(1)}$ (OR)", ylabel="$a_2^{(1)}$ (NOT AND)")
plt.show()

# %% [markdown]
# *Left:* there are two lines, and the 1s lie in the blue band between them. *Middle:* the same four
# points, where the hidden layer has moved them. Both squares are now at the same place, (1, 1), and
# *one* line is enough. This is the purpose of a hidden layer: it moves the points until the last
# neuron can separate them. *Right:* the trained network found another solution: a band of 0s, with
# 1 on both sides of it. Its first hidden neuron is negative only at (1, 0), its second only at (0,
# 1), and the output is 1 if one of them is negative: $x_1$ and not $x_2$, or $x_2$ and not $x_1$.

# %% [markdown]
# ## Layers, shapes, parameters
#
# A layer of $m$ neurons with $k$ inputs has a weight matrix of $m$ rows and $k$ columns (A4):
#
# $$z^{(l)} = W^{(l)} a^{(l-1)} + b^{(l)}, \qquad a^{(l)} = g\bigl(z^{(l)}\bigr)$$
#
# The network of the lecture has 3 inputs and layers of 4, 3 and 1 neurons. **Predict** the shapes
# of its matrices, and the number of its parameters.

# %%
network = shapes.network()
for number, layer in enumerate(network.layers, start=1):
    shape = np.array(layer.W).shape
    print(
        f"layer {number}: W is {shape}, b has {len(layer.b)}: {len(layer.parameters())} parameters"
    )
print(f"in all {len(network.parameters())}")

# %%
output = network(shapes.FIVE_INPUTS[0])
draw_network(network, numbers=False)

# %% [markdown]
# Each line is a weight, and each circle is a weighted sum with its activation. The engine sees more
# nodes than the lecturer draws, because parameters are inputs of the graph, too. The next picture
# is folded: each layer is one box (with its weights, biases, $z$ and $a$):

# %%
draw(output, clusters=network.clusters(by="layer"), fold=True, show="data")

# %% [markdown]
# **One example and $n$ examples.** Put one example into each *column* of $X$. Then one matrix
# product computes a layer for all examples. The bias is added to every column. **Predict** the
# shapes of the three results for five examples.

# %%
A = np.array(shapes.FIVE_INPUTS).T
print(f"X is {A.shape}")
for layer in network.layers:
    Z = np.array(layer.W) @ A + np.array(layer.b)[:, np.newaxis]
    A = layer.activation(Z)
    print(f"Z and A are {A.shape}")

one_by_one = [network(x).data for x in shapes.FIVE_INPUTS]
print("at once:   ", np.round(A[0], 4))
print("one by one:", np.round(one_by_one, 4))

# %% [markdown]
# The result for the batch consists of the single results, side by side.

# %% [markdown]
# ## Universal approximation
#
# Take a continuous function on a closed and bounded set of inputs, for example on an interval. A
# network with *one* hidden layer of sigmoids and a linear output can come as close to it as you
# like on this whole set, if it has enough hidden neurons (A5). We do not prove this, but three
# pictures show why it is true.
#
# **A steep sigmoid is almost a step.** The sigmoid $\sigma(w x + b)$ rises where $w x + b = 0$,
# that is at $x = -b / w$. The larger $w$ is, the steeper it rises.

# %%
x = np.linspace(-1, 1, 401)
for w, style in zip((1, 5, 25, 125), (":", "-.", "--", "-"), strict=True):
    plt.plot(x, sigmoid(w * x - 0.5 * w), style, label=f"w = {w}, b = {-0.5 * w:g}")
plt.xlabel("x")
plt.ylabel("σ(w x + b)")
plt.title("The steeper, the more a step, at x = −b / w = 0.5")
plt.legend(loc="upper left")
plt.show()

# %% [markdown]
# **Two steps make a bump:** one goes up, and the other, with the output weight $-1$, takes it down
# again.

# %%
bump = approximation.curve_network(lambda _: 1.0, 1)
draw_network(bump)

# %%
x = np.linspace(-6, 6, 601)
frozen = bump.frozen()
output = frozen([x])
up, down = frozen.layers[0].a
plt.plot(x, up, "--", label="$a_1^{(1)}$: the step up")
plt.plot(x, -down, "-.", label="$-a_2^{(1)}$: the step down")
plt.plot(x, output, color="C2", label="their sum")
plt.xlabel("x")
plt.ylabel("output")
plt.title("Two hidden neurons make a bump")
plt.legend(loc="lower left")
plt.show()

# %% [markdown]
# **Bumps make a curve:** put them side by side, and make each bump as high as the curve is in the
# middle of the bump. Nothing is learnt here; all weights are set.

# %%
curve = approximation.CURVES["sin 2x"]
x = approximation.evenly_spaced(401)
figure, panels = plt.subplots(1, 3, figsize=(10, 3.6), sharey=True, layout="constrained")
for axes, n in zip(panels, (4, 8, 32), strict=True):
    network = approximation.curve_network(curve, n).frozen()
    axes.plot(x, [curve(point) for point in x], "--", color="#888888", label="sin 2x")
    axes.plot(x, [network([point]) for point in x], label="network")
    axes.set(title=f"{n} bumps, {2 * n} hidden", xlabel="x")
panels[0].legend(loc="lower right")
plt.show()

# %% [markdown]
# How fast does the error fall? We compare the smooth curve with one that has a cusp: $\sqrt{|x|}$
# is continuous, but infinitely steep at 0. **Predict:** if there are twice as many neurons, by how
# much does the error fall?

# %%
sizes = (4, 8, 16, 32, 64)
errors = {
    name: [approximation.largest_error(approximation.curve_network(f, n), f, 201) for n in sizes]
    for name, f in approximation.CURVES.items()
}
print("bumps  ", *(f"{n:>8}" for n in sizes))
for name, row in errors.items():
    print(f"{name:<7}", *(f"{error:>8.4f}" for error in row))

# %%
for (name, row), style in zip(errors.items(), ("o-", "s--"), strict=True):
    plt.loglog([2 * n for n in sizes], row, style, label=name)
plt.xlabel("hidden neurons")
plt.ylabel("largest error")
plt.title("The error falls as hidden neurons are added")
plt.legend()
plt.show()

# %% [markdown]
# Both axes are logarithmic, and the lines are straight. For the smooth curve, twice as many neurons
# halve the error. For the cusp this takes four times as many. The theorem says "as close as you
# like", but not at what price.

# %% [markdown]
# **In two inputs, too.** A neuron with a large weight for $x_1$ and the weight 0 for $x_2$ is a
# step along $x_1$. The AND of two such steps, computed by a neuron of a second hidden layer, is a
# corner. Four corners, added with the signs $+, -, -, +$, make a tower.

# %%
x = np.linspace(-6, 6, 121)
tower = approximation.surface_network(lambda *_: 1.0, 1).frozen()
output = tower(np.meshgrid(x, x))
(step_1, _, step_2, _), (corner, *_) = tower.layers[0].a, tower.layers[1].a
parts = {"step in $x_1$": step_1, "step in $x_2$": step_2, "AND: a corner": corner, "tower": output}

figure, panels = plt.subplots(1, 4, figsize=(10, 3.2), sharey=True, layout="constrained")
for axes, (title, height) in zip(panels, parts.items(), strict=True):
    picture = axes.imshow(height, extent=(-6, 6, -6, 6), origin="lower", vmin=0, vmax=1)
    axes.set(title=title, xlabel="$x_1$")
panels[0].set(ylabel="$x_2$")
figure.colorbar(picture, ax=panels, label="output", shrink=0.8)
plt.show()

# %% [markdown]
# Bright is 1, dark is 0. The pictures show a half plane, another half plane, the quarter where they
# overlap, and a square. Towers side by side make any surface; here it is $e^{-x_1^2 - x_2^2}$:

# %%
hill = approximation.hill
networks = {n: approximation.surface_network(hill, n) for n in (4, 8)}
for n, network in networks.items():
    parameters = len(network.parameters())
    error = approximation.largest_error(network, hill, 19)
    print(f"{n} × {n} towers: {parameters:>4} parameters, largest error {error:.2f}")

# %%
surfaces = {f"{n} × {n} towers": network.frozen() for n, network in networks.items()}
surfaces["the surface itself"] = lambda point: hill(*point)
x = approximation.evenly_spaced(32)
figure, panels = plt.subplots(1, 3, figsize=(10, 3.8), sharey=True, layout="constrained")
for axes, (title, surface) in zip(panels, surfaces.items(), strict=True):
    heights = [[surface((x1, x2)) for x1 in x] for x2 in x]
    picture = axes.imshow(heights, extent=(-2, 2, -2, 2), origin="lower", vmin=0, vmax=1)
    axes.set(title=title, xlabel="$x_1$")
panels[0].set(ylabel="$x_2$")
figure.colorbar(picture, ax=panels, label="output", shrink=0.8)
plt.show()

# %% [markdown]
# From left to right the squares become finer, and the hill appears. The number of parameters grows
# much faster than the error falls.
#
# The theorem does *not* say how many neurons are needed, that training finds the weights, or that
# one wide layer is the best way. It says nothing about inputs outside the set: there the network
# can be arbitrarily wrong. (The theorem needs only one hidden layer. We used two for the towers,
# because then each neuron is easy to understand.) The lecture prefers more layers with fewer
# neurons.

# %% [markdown]
# ## Exercises
#
# **1. A perceptron by hand.** Set the weights and the bias so that it computes NOT AND (which is 0
# only if both inputs are 1).

# %%
nand = Neuron(2, "step", initialisation="zeros")
nand.w, nand.b = [0, 0], 0  # your numbers

table = [(x, 1 - y) for x, y in AND]
print(f"{accuracy(nand, table):.0%} right")

# %% [markdown]
# **2. The same gradient for $y = 0$.** Work through both passes of the log loss for an example of
# class 0, where $L = -\log v_1$ with $v_1 = 1 - a$. Answer on the page or with `sheet.answer(...)`.
# (One answer is given below; it is wrong on purpose.) Is $\partial L/\partial w_1 = (a - y)\,x_1$?

# %%
neuron = logistic_regression.start()
loss = losses.binary_cross_entropy(neuron([1.5, -0.5]), 0)
loss.label = "L"
questions = ["z", "a", "dL/da", "da/dz", "dL/dz", "dz/dw_1", "dL/dw_1"]
sheet = exercise(loss, only=questions, given="inputs")
sheet

# %%
sheet.answer("da/dz", f"{neuron.a:.4f}")
# sheet.answer("da/dz", ...)
# sheet.answer("dL/dw_1", ...)

# %% [markdown]
# **3. Exactly one of three.** Build a network of perceptrons whose output is 1 if exactly one of
# its three inputs is 1. Two hidden neurons are enough. (At least one, and not at least two.)

# %%
one_of_three = MLP(3, [2, 1], "step", "step", initialisation="zeros")
hidden, output = one_of_three.layers
hidden.W, hidden.b = [[1, 1, 1], [0, 0, 0]], [-0.5, 0]  # the first neuron is done
output.W, output.b = [[0, 0]], [0]

cases = [((i, j, k), int(i + j + k == 1)) for i in (0, 1) for j in (0, 1) for k in (0, 1)]
print(f"{accuracy(one_of_three, cases):.1%} right")

# %% [markdown]
# **4. Count.** A network for images of $28 \times 28$ pixels has layers of 128, 64 and 10 neurons.
# How many parameters does it have? Replace `None` by your number.

# %%
my_count = None

layer_sizes = [(784, 128), (128, 64), (64, 10)]
right = sum(len(MLP(k, [m]).parameters()) for k, m in layer_sizes)
print("not answered yet" if my_count is None else my_count == right)

# %% [markdown]
# **5. How many bumps?** Use the table above to guess how many bumps bring the error for $\sin 2x$
# below 0.05, and try it. What is the smallest number that is enough? Then do the same for
# $\sqrt{|x|}$: guess first. (Use even numbers, because with an odd number one bump lies exactly on
# the cusp. The last runs take a while.)

# %%
n = 8  # your number
f = approximation.CURVES["sin 2x"]  # then "√|x|"

error = approximation.largest_error(approximation.curve_network(f, n), f, 1001)
print(f"{n} bumps: error {error:.4f}, {'below' if error < 0.05 else 'not below'} 0.05")
