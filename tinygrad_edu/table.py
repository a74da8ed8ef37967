"""The table of operations: one statement each, read by everything else.

The file is longer than others, so that every operation, with the functions that it needs, is found
in one place.

``partials`` is the rule of an operation: its partial derivatives as expressions of the output
``y`` and the operands. The other fields are explained at :class:`~.operation.Operation`.

Rules are exact to a few units in the last digit over the whole domain. Where the expression that
lectures write is not, it stands in ``written``, and the rule computes the same in another way.

At a kink the derivative is PyTorch's choice: step' = 0, relu'(0) = 0, abs'(0) = 0,
leaky_relu'(0) = alpha, and equal arguments of maximum and minimum share 1/2 each.
"""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache, reduce
from itertools import accumulate
from typing import Any

from tinygrad_edu.operation import ATOM, REALS, Components, Interval, Operation

SUM, PRODUCT, POWER = 1, 2, 4  # precedences
LEAK = 0.01  # the slope of leaky_relu below 0 (A6)
POSITIVE = Interval(low=0)
NONZERO = Interval(excluded=(0,))
NORMAL = sys.float_info.min  # below it floats lose digits

# A table reads best as a table.
# fmt: off

# --- arithmetic ---------------------------------------------------------------------------------


def slope_of_quotient(q: Any, x: Any, y: Any) -> Any:
    """Return the derivative -x / y² of q = x / y with respect to y."""
    if type(q) is float and math.fabs(q) < NORMAL and math.fabs(y) < 1:  # q has lost digits
        return -x / (y * y)
    return -q / y


add = Operation("add", "The sum x + y.",
    forward=operator.add, partials=lambda s, x, y: (1.0, 1.0), array="add",
    symbol="+", latex="#1 + #2", code="#1 + #2", precedence=SUM, binds=(SUM,))

sub = Operation("sub", "The difference x - y.",
    forward=operator.sub, partials=lambda d, x, y: (1.0, -1.0), array="subtract",
    symbol="−", latex="#1 - #2", code="#1 - #2", precedence=SUM, binds=(SUM, PRODUCT))

mul = Operation("mul", "The product x * y.",
    forward=operator.mul, partials=lambda p, x, y: (y, x), array="multiply",
    symbol="×", latex=r"#1 \cdot #2", code="#1 * #2", precedence=PRODUCT, binds=(PRODUCT,))

div = Operation("div", "The quotient x / y.",
    forward=operator.truediv, partials=lambda q, x, y: (1 / y, slope_of_quotient(q, x, y)),
    written=lambda q, x, y: (1 / y, -q / y), array="divide",
    symbol="÷", latex=r"\frac{#1}{#2}", code="#1 / #2", precedence=PRODUCT,
    domain=(REALS, NONZERO))

neg = Operation("neg", "The negative -x.",
    forward=operator.neg, partials=lambda y, x: (-1.0,), array="negative",
    symbol="−", latex="-#1", code="-#1", precedence=SUM, binds=(PRODUCT,))

# --- elementary functions -----------------------------------------------------------------------

exp = Operation("exp", "The exponential function.",
    forward=math.exp, partials=lambda y, x: (y,), array="exp",
    symbol="exp", latex="e^{#1}", precedence=POWER)

log = Operation("log", "The natural logarithm.",
    forward=math.log, partials=lambda y, x: (1 / x,), array="log",
    symbol="log", latex=r"\log\left(#1\right)", domain=(POSITIVE,))

sqrt = Operation("sqrt", "The square root; its derivative at 0 is infinite.",
    forward=math.sqrt, partials=lambda y, x: (0.5 / y,), array="sqrt",
    symbol="√", latex=r"\sqrt{#1}", domain=(POSITIVE,))

sin = Operation("sin", "The sine of an angle in radians.",
    forward=math.sin, partials=lambda y, x: (cos(x),), array="sin",
    symbol="sin", latex=r"\sin\left(#1\right)")

cos: Operation = Operation("cos", "The cosine of an angle in radians.",
    forward=math.cos, partials=lambda y, x: (-sin(x),), array="cos",
    symbol="cos", latex=r"\cos\left(#1\right)")

# --- powers -------------------------------------------------------------------------------------


def real_power(x: Any, n: Any) -> Any:
    """Return ``x ** n``; where Python would go complex, raise ValueError.

    >>> real_power(2.0, 3)
    8.0
    """
    if type(y := x**n) is complex:
        message = "a negative number to a fractional power is not real"
        raise ValueError(message)
    return y


def slope_by_base(x: Any, n: Any) -> Any:
    """Return the derivative n x^(n - 1) of a power with respect to its base x.

    >>> slope_by_base(3.0, 2), slope_by_base(0.0, 1.5), slope_by_base(0.0, 0)
    (6.0, 0.0, 0.0)
    """
    if type(n) is not int and type(n) is not float:
        return n * x ** (n - 1)
    if n == 0:
        return 0.0  # x ** 0 is 1 everywhere, at 0 too
    m = n - 1
    if type(x) is not float:
        return n * x**m
    try:
        y = x**m
    except OverflowError:
        y = math.inf
    if m + 1 == n and NORMAL <= math.fabs(y) < math.inf:
        return n * y
    return careful_slope_by_base(x, n) if 0 < math.fabs(x) < math.inf else n * y


def careful_slope_by_base(x: float, n: float) -> float:
    """Return n x^(n - 1) where n - 1 is rounded, or x^(n - 1) is too large or too small for a float."""
    m = n - 1
    lost = (n - m) - 1 if math.fabs(n) >= 1 else n - (m + 1)  # what m is short of n - 1
    root: float = math.fabs(x) ** (m / 2)
    more = 1 + lost * math.log(math.fabs(x))
    n = -n if x < 0 and m % 2 else n
    whole = root * root
    return n * (whole * more) if NORMAL <= whole < math.inf else n * root * more * root


def slope_by_exponent(p: Any, b: Any, x: Any) -> Any:
    """Return the derivative p log(b) of the power p = b ** x with respect to its exponent x.

    >>> slope_by_exponent(0.0, 0.0, 2.0), slope_by_exponent(4.0, -2.0, 2.0)
    (0.0, nan)
    """
    if isinstance(p, float | Fraction):
        if b < 0:
            return math.nan  # between whole exponents there is no real power
        if b == 0:
            return 0.0 if x > 0 else -math.inf
        if p < NORMAL:  # p has lost digits
            root = b ** (x / 2)
            return root * math.log(b) * root
    return p * log(b)


# Three operations are written x ** y: where only one of the two varies, the derivative with respect
# to the other is not asked for. So a negative base to a fixed exponent needs no logarithm.
power = Operation("power", "The power x ** n to a fixed n.",
    signature="(),n",
    forward=real_power, partials=lambda y, x, n: (slope_by_base(x, n), None),
    written=lambda y, x, n: (n * x ** (n - 1) if n else 0.0, None), array="power",
    symbol="xⁿ", latex="#1^{#2}", code="#1 ** #2",
    precedence=POWER, binds=(ATOM, 0), domain=(POSITIVE, REALS))

exponential = Operation("exponential", "The power b ** x of a fixed b.",
    signature="b,()",
    forward=real_power, partials=lambda p, b, x: (None, slope_by_exponent(p, b, x)),
    written=lambda p, b, x: (None, p * log(b) if b else 0.0), array="power",
    symbol="bˣ", latex="#1^{#2}", code="#1 ** #2",
    precedence=POWER, binds=(ATOM, 0), domain=(POSITIVE, REALS))

pow = Operation("pow", "The power x ** y of which both vary.",
    forward=real_power,
    partials=lambda p, x, y: (slope_by_base(x, y), slope_by_exponent(p, x, y)),
    written=lambda p, x, y: (y * x ** (y - 1), p * log(x)), array="power",
    symbol="xʸ", latex="#1^{#2}", code="#1 ** #2",
    precedence=POWER, binds=(ATOM, 0), domain=(POSITIVE, REALS))

# --- activations (A6, B2) -----------------------------------------------------------------------


def slope_of_tanh(x: Any) -> Any:
    """Return tanh'(x) = 4 σ(2x) σ(-2x); 1 - y² is the same, but 0 where y is nearly 1.

    >>> slope_of_tanh(0.0), slope_of_tanh(20.0)
    (1.0, 1.699...e-17)
    """
    if type(x) is float:
        odds = math.exp(-2 * math.fabs(x))
        return 4 * odds / ((1 + odds) * (1 + odds))
    return 4 * sigmoid(2 * x) * sigmoid(-2 * x)


def stable_sigmoid(x: float) -> float:
    """Return 1 / (1 + exp(-x)) without overflow.

    >>> stable_sigmoid(-1000.0), stable_sigmoid(0.0), stable_sigmoid(1000.0)
    (0.0, 0.5, 1.0)
    """
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    odds = math.exp(x)
    return odds / (1 + odds)


def slope_of_relu(x: Any) -> Any:
    """Return step(x); written out for a float, which relu of a network is given often.

    >>> slope_of_relu(2.0), slope_of_relu(0.0)
    (1.0, 0.0)
    """
    if type(x) is float:
        return 1.0 if x > 0 else 0.0 if x <= 0 else x
    return step(x)


tanh = Operation("tanh", "The hyperbolic tangent, from -1 to 1 (A6, D8).",
    forward=math.tanh, partials=lambda y, x: (slope_of_tanh(x),),
    written=lambda y, x: (1 - y * y,), array="tanh",
    symbol="tanh", latex=r"\tanh\left(#1\right)")

sigmoid: Operation = Operation("sigmoid", "The logistic function 1 / (1 + exp(-x)), from 0 to 1 (A6, D8).",
    forward=stable_sigmoid, partials=lambda y, x: (y * sigmoid(-x),),
    written=lambda y, x: (y * (1 - y),),
    array=lambda numpy, x: numpy.exp(-numpy.logaddexp(0, -x)),
    symbol="σ", latex=r"\sigma\left(#1\right)")

softplus = Operation("softplus", "The smooth relu log(1 + exp(x)).",
    forward=lambda x: max(x, 0.0) + math.log1p(math.exp(-math.fabs(x))),
    partials=lambda y, x: (sigmoid(x),),
    array=lambda numpy, x: numpy.logaddexp(0, x),
    symbol="softplus", latex=r"\operatorname{softplus}\left(#1\right)")

step = Operation("step", "The step function: 1 above 0, otherwise 0 (A6); the perceptron's activation.",
    forward=lambda x: x if x != x else type(x)(x > 0),  # noqa: PLR0124 - asks for nan
    partials=lambda y, x: (0.0,), array=lambda numpy, x: numpy.sign(numpy.maximum(x, 0)),
    symbol="step", latex=r"\operatorname{step}\left(#1\right)", kink=lambda x: x)

relu = Operation("relu", "The rectified linear unit max(0, x) (A6).",
    forward=lambda x: type(x)(0) if x <= 0 else x, partials=lambda y, x: (slope_of_relu(x),),
    written=lambda y, x: (step(x),), array=lambda numpy, x: numpy.maximum(x, 0),
    symbol="relu", latex=r"\operatorname{relu}\left(#1\right)", kink=lambda x: x)

leaky_relu = Operation("leaky_relu", "The leaky relu: x above 0, otherwise alpha * x (A6).",
    forward=lambda x, alpha: alpha * x if x <= 0 else x,
    partials=lambda y, x, alpha=LEAK: (step(x) + alpha * (1 - step(x)), minimum(x, 0.0)),
    array=lambda numpy, x, alpha: numpy.where(x <= 0, alpha * x, x),
    symbol="leaky relu", latex=r"\operatorname{leakyrelu}_{#2}\left(#1\right)",
    kink=lambda x, alpha: x)

# --- comparisons --------------------------------------------------------------------------------

abs = Operation("abs", "The absolute value.",
    forward=operator.abs, partials=lambda y, x: (step(x) - step(-x),), array="absolute",
    symbol="|x|", latex=r"\left|#1\right|", kink=lambda x: x)

greater = Operation("greater", "1 where x > y, 0 where x < y, and 1/2 where they are equal.",
    forward=lambda x, y: 1.0 if x > y else 0.0 if x < y else 0.5 if x == y else math.nan,
    partials=lambda g, x, y: (0.0, 0.0),
    array=lambda numpy, x, y: numpy.where(x == y, 0.5, numpy.where(x > y, 1.0, 0.0)),
    symbol=">", latex="[#1 > #2]", kink=lambda x, y: x - y)

maximum = Operation("maximum", "The larger of x and y.",
    forward=lambda x, y: y if y > x or y != y else x,  # noqa: PLR0124 - asks for nan
    partials=lambda m, x, y: (greater(x, y), greater(y, x)), array="maximum",
    symbol="max", latex=r"\max\left(#1, #2\right)", kink=lambda x, y: x - y)

minimum: Operation = Operation("minimum", "The smaller of x and y.",
    forward=lambda x, y: y if y < x or y != y else x,  # noqa: PLR0124 - asks for nan
    partials=lambda m, x, y: (greater(y, x), greater(x, y)), array="minimum",
    symbol="min", latex=r"\min\left(#1, #2\right)", kink=lambda x, y: x - y)

# --- lists --------------------------------------------------------------------------------------


def dot(xs: Sequence[Any], ys: Sequence[Any], start: Any = 0) -> Any:
    """Return x1 y1 + ... + xn yn + start.

    >>> dot([1, 2], [3, 4], 5)
    16
    """
    return sum(map(operator.mul, xs, ys), start)


def differences(xs: Sequence[Any], ys: Sequence[Any]) -> list[Any]:
    """Return x - y for each pair.

    >>> differences([1, 2], [3, 5])
    [-2, -3]
    """
    return list(map(operator.sub, xs, ys))


def squared_distance(xs: Sequence[Any], ys: Sequence[Any]) -> Any:
    """Return (x1 - y1)² + ... + (xn - yn)².

    >>> squared_distance([1, 2], [3, 5])
    13
    """
    gaps = differences(xs, ys)
    return dot(gaps, gaps)


def squares(predictions: Sequence[str], targets: Sequence[str]) -> str:
    """Return the LaTeX of a sum of squared differences."""
    pairs = zip(predictions, targets, strict=True)
    return " + ".join([rf"\left({p} - {t}\right)^2" for p, t in pairs])


weighted_sum = Operation("weighted_sum", "The pre-activation w · x + b of a neuron (A1, A4).",
    signature="(n),(n),()",
    forward=dot,
    partials=lambda z, weights, inputs, bias: (inputs, weights, 1.0),
    array=lambda numpy, weights, inputs, bias: dot(weights, inputs, bias),
    symbol="Σ", precedence=SUM, binds=(PRODUCT,),
    latex=lambda weights, inputs, bias: " + ".join(
        [*[rf"{w} \cdot {x}" for w, x in zip(weights, inputs, strict=True)], bias]))

total = Operation("total", "The sum of many values.",
    signature="(n)",
    forward=sum, partials=lambda s, values: ([1.0] * len(values),),
    array=lambda numpy, values: sum(values),
    symbol="Σ", latex=" + ".join, precedence=SUM, binds=(SUM,))

half_squared_error = Operation("half_squared_error",
    "Half the sum of squared errors of predictions and targets (A8, B4).",
    signature="(n),(n)",
    forward=lambda predictions, targets: squared_distance(predictions, targets) / 2,
    partials=lambda loss, predictions, targets: (
        differences(predictions, targets), differences(targets, predictions)),
    array=lambda numpy, predictions, targets: squared_distance(predictions, targets) / 2,
    symbol="½Σ(·)²", precedence=PRODUCT, binds=(PRODUCT,),
    latex=lambda predictions, targets: r"\frac{1}{2} " + (
        r"\left(%s\right)" if len(targets) > 1 else "%s") % squares(predictions, targets))

squared_error = Operation("squared_error",
    "The sum of squared errors of predictions and targets (B3).",
    signature="(n),(n)",
    forward=squared_distance,
    partials=lambda loss, predictions, targets: (
        [2 * gap for gap in differences(predictions, targets)],
        [2 * gap for gap in differences(targets, predictions)]),
    array=lambda numpy, predictions, targets: squared_distance(predictions, targets),
    symbol="Σ(·)²", precedence=SUM, binds=(PRODUCT,), latex=squares)

# --- classes ------------------------------------------------------------------------------------


def at_least_one(values: Sequence[Any]) -> Sequence[Any]:
    """Return the values; raise ValueError if there are none."""
    if not values:
        message = "needs at least one value"
        raise ValueError(message)
    return values


def scaled(values: Sequence[float]) -> tuple[float, list[float], int]:
    """Return the largest value, exp(v - largest) for each value v, and where the largest stands.

    The rounding of v - largest, which the exponential would make larger, is made good.

    >>> scaled((1000.0, 1000.0))
    (1000.0, [1.0, 1.0], 0)
    """
    largest = max(at_least_one(values))
    odds = []
    for v in values:
        gap = v - largest
        back = gap - v
        lost = (v - (gap - back)) - (largest + back)
        odds.append(math.exp(gap) * (1 + lost) if 0 < math.fabs(lost) < 1 else math.exp(gap))
    return largest, odds, values.index(largest)


def log_norm(values: Sequence[float]) -> tuple[float, float]:
    """Return the largest value, and log(Σ exp(v)) less it, without overflow.

    The share of the largest is 1, which log1p leaves out: so nothing small is lost.

    >>> log_norm((1000.0, 1000.0))
    (1000.0, 0.6931471805599453)
    """
    largest = max(at_least_one(values))
    if math.isinf(largest) or math.isnan(sum(values)):
        return next(filter(math.isnan, values), largest), 0.0
    largest, odds, where = scaled(values)
    return largest, math.log1p(math.fsum(odds[:where] + odds[where + 1 :]))


@lru_cache(maxsize=1)  # each output of softmax, and the rule of each, asks for the same
def probabilities(values: tuple[float, ...]) -> tuple[float, ...]:
    """Return exp(v) / Σ exp(v) for each value.

    >>> probabilities((1e16, 1e16))
    (0.5, 0.5)
    """
    _, odds, _ = scaled(values)
    norm = math.fsum(odds)
    return tuple([x / norm for x in odds])


def shares(values: Sequence[Any]) -> Sequence[Any]:
    """Return the outputs of softmax for floats, or for what else a rule is applied to."""
    return probabilities(tuple(values)) if set(map(type, values)) == {float} else softmax(values)


def others(values: Sequence[Any]) -> list[Any]:
    """Return for each value the sum of all others, in which no digit cancels.

    >>> others([1, 2, 4])
    [6, 5, 3]
    """
    before = accumulate(values[:-1], initial=0)
    after = [*accumulate(values[:0:-1], initial=0)][::-1]
    return list(map(operator.add, before, after))


def slopes_of_softmax(p: Any, values: Sequence[Any], i: int) -> list[Any]:
    """Return p_i (1[i = j] - p_j) for each j, where 1 - p_i is the sum of the others."""
    all_p = shares(values)
    return [p * others(all_p)[j] if j == i else -p * q for j, q in enumerate(all_p)]


def slopes_of_cross_entropy(logits: Sequence[Any], targets: Sequence[Any]) -> list[Any]:
    """Return p - t for each class, written as p (1 - t) - t (1 - p), in which no digit cancels.

    >>> slopes_of_cross_entropy([0.0, 0.0], [1.0, 0.0])
    [-0.5, 0.5]
    """
    p = shares(logits)
    classes = zip(p, others(targets), targets, others(p), strict=True)
    return [q * other_t - t * other_q for q, other_t, t, other_q in classes]


def expected_surprise(logits: Sequence[float], targets: Sequence[float]) -> float:
    """Return Σ_k t_k (log Σ_j exp(z_j) - z_k); a class without probability has no part in it.

    >>> expected_surprise((1000.0, 0.0), (1.0, 0.0)), expected_surprise((1000.0, 0.0), (0.0, 1.0))
    (0.0, 1000.0)
    """
    largest, more = log_norm(logits)
    return sum([t * ((largest - z) + more) for z, t in zip(logits, targets, strict=True) if t])


def surprise(logits: Sequence[str], targets: Sequence[str]) -> str:
    """Return the LaTeX of a cross entropy: -log of the probability of each class that there may be."""
    terms = [
        ("" if t == "1" else rf"{t} \cdot ") + rf"\log\left({softmax_latex(logits, str(k))}\right)"
        for k, t in enumerate(targets)
        if t != "0"
    ]
    return f"-{terms[0]}" if len(terms) == 1 else rf"-\left({' + '.join(terms)}\right)"


def softmax_latex(values: Sequence[str], i: str) -> str:
    """Return the LaTeX of one output of softmax; classes count from 1 in formulas."""
    return rf"\operatorname{{softmax}}_{{{int(float(i)) + 1}}}\left({', '.join(values)}\right)"


def array_softmax(numpy: Any, values: Sequence[Any], i: int) -> Any:
    """Return one output of softmax for arrays."""
    chosen = sum([v * (i == k) for k, v in enumerate(values)])  # the index may be an array, too
    return 1 / sum([numpy.exp(v - chosen) for v in values])


def array_surprise(numpy: Any, logits: Sequence[Any], targets: Sequence[Any]) -> Any:
    """Return a cross entropy for arrays; the largest logit is taken out, so that none is too large."""
    largest = reduce(numpy.maximum, logits)
    more = numpy.log(sum([numpy.exp(z - largest) for z in logits]))
    return dot(targets, [(largest - z) + more for z in logits])


logsumexp = Operation("logsumexp", "The stable log(exp(v1) + ... + exp(vn)); its partials are softmax.",
    signature="(n)",
    forward=lambda values: sum(log_norm(values)), partials=lambda y, values: (list(shares(values)),),
    array=lambda numpy, values: reduce(numpy.logaddexp, values),
    symbol="logΣexp",
    latex=lambda values: rf"\log\left({' + '.join(f'e^{{{v}}}' for v in values)}\right)")

softmax: Components = Components("softmax", "The probabilities exp(v_i) / (exp(v1) + ... + exp(vn)) (B2, D3, E1).",
    signature="(n),i",
    forward=lambda values, i: probabilities(tuple(values))[int(i)],
    partials=lambda p, values, i: (slopes_of_softmax(p, values, i), None),
    written=lambda p, values, i: (
        [p * (1 - p) if j == i else -p * q for j, q in enumerate(softmax(values))], None),
    array=array_softmax, symbol="softmax", latex=softmax_latex)

cross_entropy = Operation("cross_entropy",
    "The cross entropy -Σ t log(softmax(z)) of logits z and probabilities t (B3, D5, E1).",
    signature="(n),(n)",
    forward=expected_surprise,
    partials=lambda loss, logits, targets: (
        slopes_of_cross_entropy(logits, targets), [logsumexp(logits) - z for z in logits]),
    written=lambda loss, logits, targets: (
        differences(softmax(logits), targets), [-log(p) for p in softmax(logits)]),
    array=array_surprise,
    symbol="−Σt log p", precedence=SUM, latex=surprise)

binary_cross_entropy_with_logits = Operation("binary_cross_entropy_with_logits",
    "The cross entropy of the probability sigmoid(z) and a target from 0 to 1 (A8, B3).",
    forward=lambda z, target: sum([weight * softplus.forward(x)
                                   for weight, x in ((target, -z), (1 - target, z)) if weight]),
    partials=lambda loss, z, target: ((1 - target) * sigmoid(z) - target * sigmoid(-z), -z),
    written=lambda loss, z, target: (sigmoid(z) - target, -z),
    array=lambda numpy, z, target:
        target * numpy.logaddexp(0, -z) + (1 - target) * numpy.logaddexp(0, z),
    symbol="log loss", precedence=SUM, binds=(PRODUCT, PRODUCT),
    latex=r"-\left(#2 \cdot \log\left(\sigma\left(#1\right)\right) + \left(1 - #2\right)"
          r" \cdot \log\left(1 - \sigma\left(#1\right)\right)\right)")

# fmt: on

TABLE: dict[str, Operation] = {
    row.name: row for row in list(globals().values()) if isinstance(row, Operation)
}
"""Every operation of this module by its name, in the order of the table."""
