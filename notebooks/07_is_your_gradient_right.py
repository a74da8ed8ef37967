# %% [markdown]
# # 7 · Is your gradient right?
#
# It is easy to get a derivative wrong, and hard to notice: often the loss still falls, only more
# slowly. So in this notebook every gradient is compared with something that does not use
# derivatives at all: the values of the function.
#
# After this notebook you can
#
# - measure a slope from two values, and say why a smaller step is not always better;
# - read the report of `gradcheck` and distinguish its four verdicts;
# - check a derivative that you worked out by hand, as a number, as text or as a function;
# - test an operation of your own on inputs that a program chooses;
# - find the mistake in a printed formula. This notebook has twelve of them, from five lecture
#   texts.
#
# Lecture rows: A6, A8, A9, B4, C2, D1, D5, E1, and the slips in the lectures.
#
# The five lecture texts are A (slides "Neural Networks" of a course on machine learning), B (notes
# "Neural networks"), C (handwritten notes "Back propagation"), D (slides "Feedforward Neural
# Networks") and E (a solved exercise on a network with two hidden ReLU layers and cross entropy).
# A6 means item 6 of lecture A; the README lists all items under "The lectures, row by row".

# %%
import math
from dataclasses import replace

import matplotlib.pyplot as plt
from hypothesis import Phase, find, given, settings

from tinygrad_edu import (
    Value,
    assert_gradients,
    exercise,
    grad,
    gradcheck,
    half_squared_error,
    log,
    logsumexp,
    relu,
    sigmoid,
    softmax,
    softplus,
    tanh,
    weighted_sum,
)
from tinygrad_edu.lessons import error_derivatives, worked_example
from tinygrad_edu.operation import Operation
from tinygrad_edu.testing import arguments, numbers

plt.style.use("lecture.mplstyle")

# %% [markdown]
# ## A slope from two values
#
# A sigmoid neuron with the input 2 and the bias $-\tfrac12$ has the output
# $a(w) = \sigma(2w - \tfrac12)$. There are two ways to measure $da/dw$ with a step $h$:
#
# $$\text{forward: } \frac{a(w+h) - a(w)}{h}
# \qquad\qquad \text{central: } \frac{a(w+h) - a(w-h)}{2h}$$
#
# Look how many digits agree with the last line when $h$ becomes ten times smaller, and ten times
# smaller again.


# %%
def neuron(w):
    return sigmoid(2 * w - 0.5)


def forward(h):
    return (neuron(0.4 + h) - neuron(0.4)) / h


def central(h):
    return (neuron(0.4 + h) - neuron(0.4 - h)) / (2 * h)


w = Value(0.4, label="w")
for h in (0.1, 0.01, 0.001):
    print(f"h = {h:<5}   forward {forward(h):.9f}   central {central(h):.9f}")
print(f"the engine                         {grad(neuron(w), w):.9f}")

# %% [markdown]
# When the step becomes ten times smaller, the forward quotient gains about one digit, the central
# quotient about two.
#
# **Predict:** how many digits of the central quotient are right for $h = 10^{-15}$?

# %%
print(f"h = 1e-15   central {central(1e-15):.9f}")
print(f"the engine          {grad(neuron(w), w):.9f}")

# %% [markdown]
# Hardly any. The two outputs agree in nearly all of their 16 digits, so their difference consists
# mainly of rounding errors, and these are then divided by $2 \cdot 10^{-15}$.
#
# ## The error depends on the step
#
# Taylor's theorem says how large the truncation errors of the quotients are: about
# $\tfrac12 |a''|\,h$ for the forward one, and $\tfrac16 |a'''|\,h^2$ for the central one. The
# engine can compute both constants, because it can differentiate its own derivatives. Rounding adds
# about $\varepsilon |a| / h$, where $\varepsilon = 2^{-53}$ is the largest relative error of a
# rounded number.

# %%
first = grad(neuron(w), w, differentiable=True)
second = grad(first, w, differentiable=True)
third = grad(second, w)
print(f"a' = {first:.4f}   a'' = {second:.4f}   a''' = {third:.4f}")

# %%
steps = [10 ** (-k / 6) for k in range(3, 91)]
errors = {
    "forward": [abs(forward(h) - first.data) for h in steps],
    "central": [abs(central(h) - first.data) for h in steps],
}
figure, axes = plt.subplots(figsize=(9, 5))
for (name, found), marker in zip(errors.items(), "os", strict=True):
    axes.loglog(steps, found, marker, markersize=4, label=name)
axes.loglog(steps, [abs(second.data) / 2 * h for h in steps], lw=1.5, label=r"$|a''|\,h/2$")
axes.loglog(steps, [abs(third) / 6 * h**2 for h in steps], lw=1.5, label=r"$|a'''|\,h^2/6$")
axes.loglog(
    steps, [2**-53 * neuron(0.4) / h for h in steps], "--", lw=1.5, label=r"$\varepsilon\,a/h$"
)
axes.set(ylim=(1e-15, 3), xlabel="step $h$", ylabel="error of the slope")
axes.set_title("Truncation falls with the step, rounding rises")
_ = axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))

# %% [markdown]
# Read the figure from right to left. Both errors fall along straight lines, the central one twice
# as steeply (the slopes are 1 and 2 on logarithmic axes). Then they reach the dashed line of the
# rounding error, and scatter upwards along it. The best step is near the point where the lines
# cross:

# %%
rounding = 2**-53 * neuron(0.4)
h1 = (2 * rounding / abs(second.data)) ** (1 / 2)
h2 = (6 * rounding / abs(third)) ** (1 / 3)
print(f"forward at h = {h1:.0e}, error {rounding / h1:.0e}; √ε = {2 ** (-53 / 2):.0e}")
print(f"central at h = {h2:.0e}, error {rounding / h2:.0e}; ∛ε = {2 ** (-53 / 3):.0e}")

# %% [markdown]
# The best step is near $\sqrt{\varepsilon}$ for the forward quotient and near
# $\sqrt[3]{\varepsilon}$ for the central one. Even there, the forward quotient loses half of the 16
# digits, and the central one a third. For another function all the lines are somewhere else. So any
# fixed step, and any fixed tolerance, is a guess.
#
# ## A checker that does not guess
#
# `gradcheck` measures the slope with about 50 steps, extrapolates to $h = 0$, measures the noise as
# well, and derives the tolerance from both. Its report is a table with all digits that are certain,
# and one more. For this notebook that is too many, so we print four digits and the verdict:


# %%
def show(report):
    print(report.summary)
    for found in report:
        mark, slope = "✓" if found else "✗", found.slope.value
        print(f"{mark} {found.derivative} = {found.gradient:.4g}, measured {slope:.4g}; ", end="")
        print(found.outcome)
    if report.fault:
        print(report.fault)


report = gradcheck(neuron, 0.4)
show(report)
print("tolerance below 1e-12:", report[0].tolerance < 1e-12)

# %% [markdown]
# The tolerance is in the twelfth decimal or beyond, so the check is more precise than any single
# step. (To see the whole table, run `gradcheck(neuron, 0.4)` in a cell of its own.) All gradients
# of a network can be checked at once. Here they are for the worked example of lecture A, which has
# four weights and two biases in each layer. (The check may change Values that the function uses
# without receiving them as arguments, such as the parameters of a network. It restores them
# afterwards.)

# %%
mlp, L = worked_example.forward()


def loss(*_):
    return half_squared_error(mlp(worked_example.INPUTS), worked_example.TARGETS)


show(gradcheck(loss, *mlp.parameters()))

# %% [markdown]
# ## The four verdicts
#
# | | verdict | what it means | right? |
# |---|---|---|---|
# | ✓ | agrees | the gradient equals the slope, within the tolerance | yes |
# | ✗ | wrong | the gradient does not equal the slope | no |
# | ∧ | not differentiable here | the two sides have different slopes | if it lies between them |
# | ? | inconclusive | rounding errors are too large to decide | no |
#
# You have seen the first verdict. For the second, somebody must make a mistake. **Predict:** what
# is wrong with this function?

# %%
show(gradcheck(lambda x: x * math.sin(x.data), 0.7))

# %% [markdown]
# `math.sin` returns a plain number. The path through it is not in the graph, so one half of the
# product rule is missing. The last line of the report names the operation that received the plain
# number. Next, a weight that hardly matters, this time with the whole table:

# %%
gradcheck(lambda w: 1e9 + 1e-9 * w, 1.0)

# %% [markdown]
# The derivative is right, but no value of the function can confirm it: near $10^9$, neighbouring
# floats are about $10^{-7}$ apart. So the honest verdict is that the check could see nothing.
#
# ## Kinks
#
# ReLU has the slope 0 on the left of 0 and the slope 1 on the right. At 0 itself it has no slope,
# and every engine must choose one. This engine chooses 0, as lecture E does. (Lecture A calls the
# function differentiable, with $g'(0) = 1$.) A central quotient finds neither:

# %%
h = 1e-6
print("left   ", (relu(0.0) - relu(-h)) / h)
print("right  ", (relu(h) - relu(0.0)) / h)
print("central", (relu(h) - relu(-h)) / (2 * h))

# %% [markdown]
# A checker that trusts the central quotient would call the engine's 0 wrong, and the 1 of lecture
# A, too. `gradcheck` reports the slopes on both sides, and accepts everything from one to the
# other.

# %%
gradcheck(relu, 0.0)

# %% [markdown]
# **Predict:** $\mathrm{relu}(x) - \mathrm{relu}(-x)$ is a complicated way to write $x$. Which
# derivative does the engine compute at 0, and what is the verdict?

# %%
show(gradcheck(lambda x: relu(x) - relu(-x), 0.0))

# %% [markdown]
# The verdict is right: the whole function has a derivative, although its parts have none. A choice
# that is allowed for each part may be wrong for the whole. Every engine that applies local rules
# has this flaw.
#
# ## Check your own derivation
#
# A derivative that you worked out by hand is checked in the same way, with `claimed=`. The example
# is the cost of one output neuron, $C(z) = \tfrac12 (\sigma(z) - 0.8)^2$. The first claim is a
# number:


# %%
def cost(z):
    return half_squared_error([sigmoid(z)], [0.8])


show(gradcheck(cost, 0.4, claimed=-0.0484))

# %% [markdown]
# The claim is right to its last digit, but a number is compared with all digits that the check can
# measure. Figures on paper are rounded, so claim them as text. A text must be rounded correctly,
# and is then accepted to its last digit.

# %%
show(gradcheck(cost, 0.4, claimed="-0.0484"))

# %% [markdown]
# The best claim is a function of the inputs, because it states the formula. The next one contains a
# mistake: can you see it before you read the verdict?

# %%
show(gradcheck(cost, 0.4, claimed=lambda z: sigmoid(z) - 0.8))

# %%
show(gradcheck(cost, 0.4, claimed=lambda z: (sigmoid(z) - 0.8) * sigmoid(z) * (1 - sigmoid(z))))

# %% [markdown]
# ## Let a program choose the points
#
# A check at one point proves little, as we shall see.
# [Hypothesis](https://hypothesis.readthedocs.io) draws many points and searches for one at which
# the test fails. `tinygrad_edu.testing` tells it which numbers are in the domain. With the
# `settings` below it draws the same points in every run. A test that passes prints nothing, and
# this one passes:

# %%
same_every_time = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=50,
    phases=[Phase.generate, Phase.shrink],
)


@same_every_time
@given(numbers(low=0, high=1), numbers(low=0, high=1))
def test_log_loss(p, y):
    assert_gradients(lambda p: -(y * log(p) + (1 - y) * log(1 - p)), p)


test_log_loss()

# %% [markdown]
# A favourite mistake is $\tanh' = 1 - \tanh$, without the square. **Predict:** is there a point at
# which this claim passes? And which is the simplest point at which it fails?


# %%
def claim_passes(z):
    return bool(gradcheck(tanh, z, claimed=lambda z: 1 - tanh(z)))


simplest = find(numbers(), lambda z: not claim_passes(z), settings=same_every_time)
print("passes at 0:", claim_passes(0.0))
print("fails at", simplest)

# %% [markdown]
# At 0 the claim passes, because 0 is its own square: zeros and ones are bad points for a check.
# Hypothesis did not stop at the first point where the claim failed, but searched for the simplest
# one.
#
# ## An operation of your own
#
# An operation is one statement. It says how the result is computed, and gives the rule: the partial
# derivatives as an expression of the output `y` and the input `x`. Here is a bell curve
# $y = e^{-x^2}$ with the rule $-2x$.

# %%
bell = Operation(
    "bell",
    "A bell curve of height 1.",
    forward=lambda x: math.exp(-x * x),
    partials=lambda _y, x: (-2 * x,),
    array=lambda np, x: np.exp(-x * x),
    symbol="bell",
    latex=r"e^{-#1^2}",
)


# %%
@same_every_time
@given(arguments(bell))
def test_bell(args):
    assert_gradients(bell, *args)


try:
    test_bell()
except AssertionError as error:
    *_, fault = str(error).splitlines()
    print(fault.partition(", but")[0])

# %% [markdown]
# The rule is wrong, and the point is again the simplest one. (The report then gives the slope that
# it has measured, $-2/e$.) The report also names the wrong operation when it is one of many:

# %%
report = gradcheck(lambda w, x: tanh(w * bell(x)) + sigmoid(w - x), 0.5, 0.8)
for found in report:
    print(found.derivative, found.outcome)
print(report.fault.partition(", but")[0])

# %% [markdown]
# The gradient with respect to $w$ is still right: its path does not lead through the bell. The rule
# forgot the outer derivative, $e^{-x^2}$ itself, which is the output `y`. With this factor the rule
# passes, even for the second derivatives (`order=2`):


# %%
bell = replace(bell, partials=lambda y, x: (-2 * x * y,))


@same_every_time
@given(arguments(bell))
def test_mended_bell(args):
    assert_gradients(bell, *args, order=2)


test_mended_bell()

# %% [markdown]
# ## Twelve slips in five lectures
#
# All of these formulas are printed in the five lecture texts. Their authors know the subject well,
# and formulas still go wrong. Most of the checks below check the same function $f$ twice: the lines
# `f[0]` claim what is **printed**, the lines `f[1]` what is **right**. Try to see the mistake
# before you look at the verdict.
#
# ### Lecture A
#
# **1** · The worked example: $\partial L/\partial w_{11}^{(2)} = 0.0821$.

# %%
w11 = mlp.layers[1].neurons[0].w[0]
show(gradcheck(lambda _: [loss(), loss()], w11, claimed=["0.0821", "0.0822"]))

# %% [markdown]
# **2** · Its loss is written as
# $\tfrac12 \left\| (\tilde y_1 - y_1)^2 - (\tilde y_2 - y_2)^2 \right\|^2$, a difference of
# squares, and the derivative of this loss as $\tilde y_1 - y_1 = 0.7414$. In this check the two
# functions differ, and the claims are the same.


# %%
def f(p, q):
    printed = ((p - 0.01) ** 2 - (q - 0.99) ** 2) ** 2 / 2
    return [printed, half_squared_error([p, q], [0.01, 0.99])]


show(gradcheck(f, 0.7514, 0.7729, claimed=[lambda p, q: [p - 0.01, q - 0.99]] * 2))

# %% [markdown]
# The factor 1.005 comes from the outer square: it is twice the difference 0.5025. The derivative
# and all figures in the lecture belong to the sum of squares. In a difference the two errors could
# cancel: a network that is equally wrong in both outputs would have the loss 0.
#
# **3** · The log loss is written as $-y \log a + (1 - y) \log(1 - a)$, its derivative (correctly)
# as $-\frac{y}{a} + \frac{1 - y}{1 - a}$. We take an example of class 0.


# %%
y = 0


def f(a):
    printed = -y * log(a) + (1 - y) * log(1 - a)
    return [printed, -(y * log(a) + (1 - y) * log(1 - a))]


show(gradcheck(f, 0.7, claimed=[lambda a: -y / a + (1 - y) / (1 - a)] * 2))

# %% [markdown]
# If the minus sign applies only to the first term, the loss rewards the wrong class. Examples of
# class 1 would not have shown this, because their second term is 0.
#
# ### Lecture B
#
# **4** · Step 1 for $C = \tfrac12 (y - \hat y)^2$: $\;\partial C/\partial\hat y = y - \hat y$. The
# target is 0.8.


# %%
def f(p):
    return [half_squared_error([p], [0.8])] * 2


show(gradcheck(f, 0.3, claimed=lambda p: [0.8 - p, p - 0.8]))

# %% [markdown]
# **5** · Step 3 says $\partial z/\partial\theta = \sigma'(z)\,a$, so that (with the right sign)
# $\partial C/\partial\theta = \sigma'(z)^2\,(\hat y - y)\,a$. The neuron has the input $a = 0.55$.


# %%
def f(theta):
    return [half_squared_error([sigmoid(theta * 0.55 - 0.2)], [0.8])] * 2


def by_hand(theta):
    p = sigmoid(theta * 0.55 - 0.2)
    slope = p * (1 - p)
    return [slope**2 * (p - 0.8) * 0.55, slope * (p - 0.8) * 0.55]


show(gradcheck(f, 0.7, claimed=by_hand))

# %% [markdown]
# The weighted sum $z$ is computed before $\sigma$ is applied, so there is no $\sigma'$ in
# $\partial z/\partial\theta = a$.
#
# **6** · Step 4 goes back to the layer before. It takes this path, and there the text breaks off:
#
# $$\frac{\partial C}{\partial a_j} = \frac{\partial C}{\partial z}
# \frac{\partial z}{\partial\theta_j} \frac{\partial\theta_j}{\partial a_j} \ldots$$
#
# But a weight does not depend on the activation that it is multiplied by: the last factor is 0.

# %%
theta, bias = [0.8, -0.9], -0.1


def f(a):
    return [half_squared_error([sigmoid(weighted_sum(theta, a, bias))], [0.8])] * 2


def by_hand(a):
    p = sigmoid(weighted_sum(theta, a, bias))
    return [[0, 0], [(p - 0.8) * p * (1 - p) * weight for weight in theta]]


show(gradcheck(f, [0.55, 0.42], claimed=by_hand))

# %% [markdown]
# The right formula is $\partial C/\partial a_j = \partial C/\partial z \cdot \theta_j$, because $z$
# depends on $a_j$ directly. The engine finishes what the text leaves open, all the way to the first
# layer of its 4-2-3-1 network:

# %%
mlp4, C = error_derivatives.network()


def example(*_):
    return half_squared_error([mlp4(error_derivatives.INPUTS)], [error_derivatives.TARGET])


print(gradcheck(example, *mlp4.parameters()).summary)

# %% [markdown]
# ### Lecture C
#
# **7** · The recursion: $\delta_j^{l} = \delta_j^{l+1} w_{jk}^{l+1}$. In the check, a hidden neuron
# with the output $a$ and the input 0.6 feeds two outputs through the weights 0.8 and $-0.4$. There
# are four claims about the weight of the hidden neuron: as printed; with the sum over both outputs;
# with the slope $\sigma'(z)$; with both.

# %%
v, targets = [0.8, -0.4], [0.3, 0.8]


def f(w):
    a = sigmoid(w * 0.6)
    return [half_squared_error([sigmoid(v_j * a) for v_j in v], targets)] * 4


def by_hand(w):
    a = sigmoid(w * 0.6)
    outputs = [sigmoid(v_j * a) for v_j in v]
    delta = [(p - y) * p * (1 - p) for p, y in zip(outputs, targets, strict=True)]
    one, both, slope = delta[0] * v[0], delta[0] * v[0] + delta[1] * v[1], a * (1 - a)
    return [one * 0.6, both * 0.6, slope * one * 0.6, slope * both * 0.6]


show(gradcheck(f, 0.5, claimed=by_hand))

# %% [markdown]
# Only the last claim is right: $\delta^l = \sigma'(z^l) \sum_j \delta_j^{l+1} w_j^{l+1}$. When one
# of the two mistakes is corrected, the report names the other.
#
# **8** · The summary for the last layer: $\partial C/\partial w^L = (a^L - y)\,\sigma'(z^L)$.


# %%
def f(w):
    return [half_squared_error([sigmoid(w * 0.574)], [0.3])] * 2


def by_hand(w):
    p = sigmoid(w * 0.574)
    return [(p - 0.3) * p * (1 - p), (p - 0.3) * p * (1 - p) * 0.574]


show(gradcheck(f, 0.8, claimed=by_hand))

# %% [markdown]
# The missing factor is the number that the weight is multiplied by, $a^{L-1}$, here 0.574.
#
# ### Lecture D
#
# **9** · The text says that the last weight matrix is $W_L \in \mathbb{R}^{n \times k}$, for $n$
# hidden neurons and $k$ classes. This fails even before the check: the product $W_L h$ does not
# exist.

# %%
h = [0.4, -0.2, 0.7]  # n = 3 hidden neurons, k = 2 classes
n_by_k = [[0.5, -0.7], [0.2, 0.9], [-0.6, 0.8]]


def cross_entropy_by(W):
    a = [weighted_sum(row, h, 0) for row in W]
    return logsumexp(a) - a[0]  # -log of the softmax, for class 0


try:
    cross_entropy_by(n_by_k)
except ValueError as error:
    print(error)

# %% [markdown]
# With a $k \times n$ matrix it works, and the gradient that the lecture derives is right, too:
# $\nabla_{a}\, h^\mathsf{T}$ with $\nabla_{a} = \hat y - e(l)$.


# %%
def by_hand(W):
    p, q = softmax([weighted_sum(row, h, 0) for row in W])
    return [[(p - 1) * h_k for h_k in h], [q * h_k for h_k in h]]


print(gradcheck(cross_entropy_by, [[0.5, 0.2, -0.6], [-0.7, 0.9, 0.8]], claimed=by_hand).summary)

# %% [markdown]
# ### Lecture E
#
# **10** · The derivative of a softmax: $\partial A_i/\partial Z_j = A_i(\delta_{ij} - A_i)$. There
# are three outputs and three inputs. **Predict:** which of the nine claims are right?


# %%
def as_printed(z):
    A = softmax(z)
    return [[A[i] * ((i == j) - A[i]) for j in range(3)] for i in range(3)]


show(gradcheck(softmax, [0.3, -0.8, 1.1], claimed=as_printed))

# %% [markdown]
# The three with $i = j$ are right, so a check of the diagonal alone would not have found the
# mistake. The right formula is $A_i(\delta_{ij} - A_j)$:


# %%
def as_it_should_be(z):
    A = softmax(z)
    return [[A[i] * ((i == j) - A[j]) for j in range(3)] for i in range(3)]


print(gradcheck(softmax, [0.3, -0.8, 1.1], claimed=as_it_should_be).summary)

# %% [markdown]
# **11** · The error of the output layer: $\delta^{3} = -\frac1m (\hat Y - Y)$. The check uses one
# example, $m = 1$, of class 1 (the classes are 0 and 1):


# %%
def f(z):
    return [logsumexp(z) - z[1]] * 2


def by_hand(z):
    p, q = softmax(z)
    return [[-p, -(q - 1)], [p, q - 1]]


show(gradcheck(f, [0.3, -0.8], claimed=by_hand))

# %% [markdown]
# **12** · The gradient of a bias: $\partial J/\partial b = \delta$. But $\delta$ has a column for
# each of the $m$ examples, and $b$ is a single column. Two examples and one output neuron are
# enough to show it. The claims are the $\delta$ of the first example, and the sum over both
# examples.


# %%
def f(b):
    J1, J2 = (softplus(0.3 + b) - (0.3 + b)) / 2, softplus(b - 0.8) / 2  # classes 1 and 0
    J1.label, J2.label = "J1", "J2"
    return [J1 + J2] * 2


def by_hand(b):
    delta = [(sigmoid(0.3 + b) - 1) / 2, sigmoid(b - 0.8) / 2]
    return [delta[0], delta[0] + delta[1]]


show(gradcheck(f, 0.1, claimed=by_hand))

# %% [markdown]
# The report even says which example was left out. The file `tests/check/test_lecture_slips.py` goes
# through about two dozen such slips, and shows in which special cases they are not noticed.
#
# ## Exercises
#
# **1.** Derive $\partial f/\partial w$ and $\partial f/\partial x$ of $f = \tanh(wx)$, and write
# them in place of `w` and `x`, until 2 of 2 are right. (Without `.summary` you see all the digits,
# and what went wrong.)


# %%
def my_derivatives(w, x):
    return [w, x]


print(gradcheck(lambda w, x: tanh(w * x), 0.5, -1.2, claimed=my_derivatives).summary)

# %% [markdown]
# **2.** Claim $\partial L/\partial w_{22}^{(2)}$ of the worked example to four decimals. It is
# $(a_2^{(2)} - 0.99) \cdot a_2^{(2)} (1 - a_2^{(2)}) \cdot a_2^{(1)}$, with $a_2^{(2)} = 0.7729$
# and $a_2^{(1)} = 0.5969$. Here is a wrong answer, and the reply of the package.

# %%
sheet = exercise(L)
sheet.answer("dL/dw2_22", -0.0381)

# %%
# sheet.answer("dL/dw2_22", ...)

# %% [markdown]
# **3.** A fellow student has written softsign, $y = x / (1 + |x|)$, with a wrong rule. Correct the
# rule; then test it with `@given(arguments(softsign))` as above. (Both $1 / (1 + |x|)^2$ and
# $(1 - |y|)^2$ are right. Why?)

# %%
softsign = Operation(
    "softsign",
    "From -1 to 1, more gently than tanh.",
    forward=lambda x: x / (1 + math.fabs(x)),
    partials=lambda _y, x: (1 / (1 + abs(x)),),
    array=lambda np, x: x / (1 + np.abs(x)),
    symbol="softsign",
    latex=r"\mathrm{softsign}(#1)",
)
print(gradcheck(softsign, 1.5).summary)

# %% [markdown]
# **4.** At which logits does the wrong formula of slip 10 pass the check? Find three logits for
# which the report says 9 of 9. What does this mean for a check of a network whose weights all start
# at 0?

# %%
logits = [0.3, -0.8, 1.1]
print(gradcheck(softmax, logits, claimed=as_printed).summary)

# %% [markdown]
# **5.** Without looking at the plot, choose a step for which the central quotient of the neuron is
# right to ten decimals. If it is, the `assert` passes silently. What happens with a step that is a
# hundred times larger, and with one that is a hundred times smaller?

# %%
my_step = 1e-3
print(f"{central(my_step) - first.data:+.12f}")
# assert abs(central(my_step) - first.data) < 5e-11
