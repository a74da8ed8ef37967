"""The table of operations: one statement each, read by everything else.

``partials`` is the rule of an operation: its partial derivatives as expressions of the output
``y`` and the arguments. The other fields are explained at :class:`~.primitive.Primitive`.

At a kink the derivative is PyTorch's choice: step' = 0, relu'(0) = 0, abs'(0) = 0,
leaky_relu'(0) = alpha, and equal arguments of maximum and minimum share 1/2 each.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from functools import reduce
from typing import Any

from tinygrad_edu.primitive import ATOM, REALS, Binary, Interval, Nary, Primitive, Unary

SUM, PRODUCT, POWER = 1, 2, 4  # precedences
LEAK = 0.01  # the slope of leaky_relu below 0 (A6)
POSITIVE = Interval(low=0)
NONZERO = Interval(excluded=(0,))

# A table reads best as a table.
# fmt: off

# --- arithmetic ---------------------------------------------------------------------------------

add = Binary("add", "The sum x + y.",
             forward=operator.add, partials=lambda s, x, y: (1.0, 1.0), array="add",
             symbol="+", latex="#1 + #2", code="#1 + #2", precedence=SUM, binds=(SUM,))

sub = Binary("sub", "The difference x - y.",
             forward=operator.sub, partials=lambda d, x, y: (1.0, -1.0), array="subtract",
             symbol="−", latex="#1 - #2", code="#1 - #2", precedence=SUM, binds=(SUM, PRODUCT))

mul = Binary("mul", "The product x * y.",
             forward=operator.mul, partials=lambda p, x, y: (y, x), array="multiply",
             symbol="×", latex=r"#1 \cdot #2", code="#1 * #2", precedence=PRODUCT, binds=(PRODUCT,))

div = Binary("div", "The quotient x / y.",
             forward=operator.truediv, partials=lambda q, x, y: (1 / y, -q / y), array="divide",
             symbol="÷", latex=r"\frac{#1}{#2}", code="#1 / #2", precedence=PRODUCT,
             domain=(REALS, NONZERO))

neg = Unary("neg", "The negative -x.",
            forward=operator.neg, partials=lambda y, x: (-1.0,), array="negative",
            symbol="−", latex="-#1", code="-#1", precedence=SUM, binds=(PRODUCT,))

# --- elementary functions -----------------------------------------------------------------------

exp = Unary("exp", "The exponential function.",
            forward=math.exp, partials=lambda y, x: (y,), array="exp",
            symbol="exp", latex="e^{#1}", precedence=POWER)

log = Unary("log", "The natural logarithm.",
            forward=math.log, partials=lambda y, x: (1 / x,), array="log",
            symbol="log", latex=r"\log\left(#1\right)", domain=(POSITIVE,))

sqrt = Unary("sqrt", "The square root.",
             forward=math.sqrt, partials=lambda y, x: (0.5 / y,), array="sqrt",
             symbol="√", latex=r"\sqrt{#1}", domain=(POSITIVE,))

sin = Unary("sin", "The sine of an angle in radians.",
            forward=math.sin, partials=lambda y, x: (cos(x),), array="sin",
            symbol="sin", latex=r"\sin\left(#1\right)")

cos: Unary = Unary("cos", "The cosine of an angle in radians.",
                   forward=math.cos, partials=lambda y, x: (-sin(x),), array="cos",
                   symbol="cos", latex=r"\cos\left(#1\right)")

# --- powers -------------------------------------------------------------------------------------


def real_power(x: Any, n: Any) -> Any:
    """Return ``x ** n``; where Python would go complex, raise ValueError.

    >>> real_power(2.0, 3)
    8.0
    """
    if isinstance(y := x**n, complex):
        message = "a negative number to a fractional power is not real"
        raise ValueError(message)  # noqa: TRY004 - it is the number that is wrong, not its type
    return y


# Three operations are written x ** y: where only one of the two varies, the derivative by the other
# is not asked for. So a negative base to a fixed exponent needs no logarithm.
power = Binary("power", "The power x ** n to a fixed n.",
               forward=real_power, partials=lambda y, x, n: (n * x ** (n - 1) if n else 0.0, None),
               array="power", symbol="xⁿ", latex="#1^{#2}", code="#1 ** #2",
               precedence=POWER, binds=(ATOM, 0), domain=(POSITIVE, REALS))

exponential = Binary("exponential", "The power b ** x of a fixed b.",
                     forward=real_power, partials=lambda p, b, x: (None, p * log(b)),
                     array="power", symbol="bˣ", latex="#1^{#2}", code="#1 ** #2",
                     precedence=POWER, binds=(ATOM, 0), domain=(POSITIVE, REALS))

pow = Binary("pow", "The power x ** y of which both vary.",
             forward=real_power, partials=lambda p, x, y: (y * x ** (y - 1), p * log(x)),
             array="power", symbol="xʸ", latex="#1^{#2}", code="#1 ** #2",
             precedence=POWER, binds=(ATOM, 0), domain=(POSITIVE, REALS))

# --- activations (A6, B2) -----------------------------------------------------------------------

tanh = Unary("tanh", "The hyperbolic tangent, from -1 to 1 (A6, D8).",
             forward=math.tanh, partials=lambda y, x: (1 - y * y,), array="tanh",
             symbol="tanh", latex=r"\tanh\left(#1\right)")


def stable_sigmoid(x: float) -> float:
    """Return 1 / (1 + exp(-x)) without overflow.

    >>> stable_sigmoid(-1000.0), stable_sigmoid(0.0), stable_sigmoid(1000.0)
    (0.0, 0.5, 1.0)
    """
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    odds = math.exp(x)
    return odds / (1 + odds)


sigmoid = Unary("sigmoid", "The logistic function 1 / (1 + exp(-x)), from 0 to 1 (A6, D8).",
                forward=stable_sigmoid, partials=lambda y, x: (y * (1 - y),),
                array=lambda numpy, x: numpy.exp(-numpy.logaddexp(0, -x)),
                symbol="σ", latex=r"\sigma\left(#1\right)")

softplus = Unary("softplus", "The smooth relu log(1 + exp(x)).",
                 forward=lambda x: max(x, 0.0) + math.log1p(math.exp(-math.fabs(x))),
                 partials=lambda y, x: (sigmoid(x),),
                 array=lambda numpy, x: numpy.logaddexp(0, x),
                 symbol="softplus", latex=r"\operatorname{softplus}\left(#1\right)")

step = Unary("step", "The step function: 1 above 0, otherwise 0 (A6); the perceptron's activation.",
             forward=lambda x: x if x != x else type(x)(x > 0),  # noqa: PLR0124 - asks for nan
             partials=lambda y, x: (0.0,), array=lambda numpy, x: numpy.sign(numpy.maximum(x, 0)),
             symbol="step", latex=r"\operatorname{step}\left(#1\right)", kink=lambda x: x)

relu = Unary("relu", "The rectified linear unit max(0, x) (A6).",
             forward=lambda x: type(x)(0) if x <= 0 else x, partials=lambda y, x: (step(x),),
             array=lambda numpy, x: numpy.maximum(x, 0),
             symbol="relu", latex=r"\operatorname{relu}\left(#1\right)", kink=lambda x: x)

leaky_relu = Binary("leaky_relu", "The leaky relu: x above 0, otherwise alpha * x (A6).",
                    forward=lambda x, alpha: alpha * x if x <= 0 else x,
                    partials=lambda y, x, alpha: (step(x) + alpha * (1 - step(x)),
                                                  x * (1 - step(x))),
                    array=lambda numpy, x, alpha: numpy.where(x <= 0, alpha * x, x),
                    symbol="leaky relu", kink=lambda x, alpha: x,
                    flatten=lambda x, alpha=LEAK: (x, alpha),
                    latex=r"\operatorname{leakyrelu}_{#2}\left(#1\right)")

# --- comparisons --------------------------------------------------------------------------------

abs = Unary("abs", "The absolute value.",
            forward=operator.abs, partials=lambda y, x: (step(x) - step(-x),), array="absolute",
            symbol="|x|", latex=r"\left|#1\right|", kink=lambda x: x)


def greater(x: Any, y: Any) -> Any:
    """Return 1 where x > y, 0 where x < y, and 1/2 where they are equal.

    >>> greater(2, 1), greater(1, 1), greater(1, 2)
    (1.0, 0.5, 0.0)
    """
    return (1 + step(x - y) - step(y - x)) / 2


maximum = Binary("maximum", "The larger of x and y.",
                 forward=lambda x, y: y if y > x or y != y else x,  # noqa: PLR0124 - asks for nan
                 partials=lambda m, x, y: (greater(x, y), greater(y, x)), array="maximum",
                 symbol="max", latex=r"\max\left(#1, #2\right)", kink=lambda x, y: x - y)

minimum = Binary("minimum", "The smaller of x and y.",
                 forward=lambda x, y: y if y < x or y != y else x,  # noqa: PLR0124 - asks for nan
                 partials=lambda m, x, y: (greater(y, x), greater(x, y)), array="minimum",
                 symbol="min", latex=r"\min\left(#1, #2\right)", kink=lambda x, y: x - y)

# --- any number of arguments --------------------------------------------------------------------


def aligned(name: str, first: Sequence[Any], second: Sequence[Any]) -> tuple[Any, ...]:
    """Return both sequences as one tuple; raise ValueError if their lengths differ.

    >>> aligned("weighted_sum", [1, 2], [3, 4])
    (1, 2, 3, 4)
    """
    first, second = tuple(first), tuple(second)
    if len(first) != len(second):
        message = f"{name}: lists of {len(first)} and {len(second)} do not pair up"
        raise ValueError(message)
    return first + second


def listed(x: Any) -> Sequence[Any]:
    """Return a list as it is; a number counts as a list of one.

    >>> listed(0.5), listed([0.5])
    ([0.5], [0.5])
    """
    return x if hasattr(x, "__iter__") else [x]


def halves(args: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Any]]:
    """Return the sequences that were made one; an odd argument at the end is left out.

    >>> halves((1, 2, 3, 4, 5))
    ((1, 2), (3, 4))
    """
    n = len(args) // 2
    return args[:n], args[n : n + n]


def weigh(*args: Any) -> Any:
    """Return w1 x1 + ... + wn xn + b for the arguments w1 ... wn, x1 ... xn, b.

    >>> weigh(1, 2, 3, 4, 5)
    16
    """
    n = len(args) // 2
    return sum(map(operator.mul, args[:n], args[n:-1]), args[-1])


def weights_exchanged(_: Any, *args: Any) -> tuple[Any, ...]:
    """Return x1 ... xn, w1 ... wn, 1.0 for the arguments w1 ... wn, x1 ... xn, b.

    >>> weights_exchanged(16, 1, 2, 3, 4, 5)
    (3, 4, 1, 2, 1.0)
    """
    n = len(args) // 2
    return (*args[n:-1], *args[:n], 1.0)


weighted_sum = Nary("weighted_sum", "The pre-activation w · x + b of a neuron (A1, A4).",
                    forward=weigh, array=lambda numpy, *args: weigh(*args),
                    flatten=lambda weights, inputs, bias:
                        (*aligned("weighted_sum", weights, inputs), bias),
                    partials=weights_exchanged,
                    symbol="Σ", precedence=SUM, binds=(PRODUCT,),
                    latex=lambda args: " + ".join(
                        [rf"{w} \cdot {x}" for w, x in zip(*halves(args), strict=True)]
                        + [args[-1]]))

total = Nary("total", "The sum of many values.",
             forward=lambda *values: sum(values), array=lambda numpy, *values: sum(values),
             partials=lambda s, *values: (1.0,) * len(values), flatten=lambda values: (*values,),
             symbol="Σ", latex=" + ".join, precedence=SUM, binds=(SUM,))


def at_least_one(values: Sequence[Any]) -> tuple[Any, ...]:
    """Return the values as a tuple; raise ValueError if there are none.

    >>> at_least_one([1, 2])
    (1, 2)
    """
    if not (values := tuple(values)):
        message = "logsumexp: needs at least one value"
        raise ValueError(message)
    return values


def stable_logsumexp(*values: float) -> float:
    """Return log(exp(v1) + ... + exp(vn)) without overflow.

    >>> stable_logsumexp(1000.0, 1000.0)
    1000.6931471805599
    """
    largest = max(values)
    if math.isinf(largest):
        return next(filter(math.isnan, values), largest)
    others = list(values)
    others.remove(largest)  # its own share is 1, which log1p leaves out: so nothing small is lost
    return largest + math.log1p(sum(math.exp(v - largest) for v in others))


def shares(norm: Any, values: Sequence[Any]) -> tuple[Any, ...]:
    """Return exp(v_i) / sum_j exp(v_j) for every i, given the logarithm of that sum.

    The division undoes the rounding of ``norm``, which at large values is all that matters.

    >>> shares(stable_logsumexp(1e16, 1e16), (1e16, 1e16))
    (0.5, 0.5)
    """
    odds = [exp(value - norm) for value in values]
    whole = total(odds)
    return tuple([x / whole for x in odds])


logsumexp = Nary("logsumexp", "The stable log(exp(v1) + ... + exp(vn)); its partials are softmax.",
                 forward=stable_logsumexp, flatten=at_least_one,
                 array=lambda numpy, *values: reduce(numpy.logaddexp, values),
                 partials=lambda y, *values: shares(y, values),
                 symbol="logΣexp",
                 latex=lambda args: rf"\log\left({' + '.join(f'e^{{{v}}}' for v in args)}\right)")


def squared_distance(*args: Any) -> Any:
    """Return (p1 - t1)^2 + ... + (pn - tn)^2 for the arguments p1 ... pn, t1 ... tn.

    >>> squared_distance(1, 2, 3, 5)
    13
    """
    return sum((p - t) * (p - t) for p, t in zip(*halves(args), strict=True))


half_squared_error = Nary(
    "half_squared_error", "Half the sum of squared errors of predictions and targets (A8, B4).",
    forward=lambda *args: squared_distance(*args) / 2,
    partials=lambda loss, *args: (*[p - t for p, t in zip(*halves(args), strict=True)],
                                  *[t - p for p, t in zip(*halves(args), strict=True)]),
    array=lambda numpy, *args: squared_distance(*args) / 2,
    flatten=lambda predictions, targets: aligned(
        "half_squared_error", listed(predictions), listed(targets)),
    symbol="½Σ(·)²", precedence=PRODUCT, binds=(PRODUCT,),
    latex=lambda args: r"\frac{1}{2} " + (r"\left(%s\right)" if len(args) > 2 else "%s") % " + ".join(
        rf"\left({p} - {t}\right)^2" for p, t in zip(*halves(args), strict=True)))

# fmt: on

TABLE: dict[str, Primitive] = {
    row.name: row for row in list(globals().values()) if isinstance(row, Primitive)
}
"""Every operation of this module by its name, in the order of the table."""


def softmax(values: Sequence[Any]) -> list[Any]:
    """Return exp(v_i) / sum_j exp(v_j) for every i (B2, D3): positive, and 1 in sum.

    Values, numbers or both; raises ValueError for an empty sequence.

    >>> softmax([0.0, 0.0])
    [0.5, 0.5]
    """
    return list(shares(logsumexp(values), values))
