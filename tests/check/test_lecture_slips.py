"""Slips in the lectures: the printed formula fails the check, the right one passes it.

Every test names its row and quotes what is printed there. The numbers are generic, so that nothing
wrong is right by accident; where a slip does go unseen in a special case, a test says in which.
"""

import pytest

from tinygrad_edu import (
    assert_gradients,
    exp,
    gradcheck,
    half_squared_error,
    leaky_relu,
    log,
    logsumexp,
    relu,
    sigmoid,
    softmax,
    step,
    total,
    weighted_sum,
)
from tinygrad_edu.lessons.worked_example import BIASES, INPUTS, TARGETS, WEIGHTS


def verdicts(report):
    return {finding.verdict for finding in report}


def hints(report):
    return {finding.hint for finding in report}


# --- plain lists as vectors and matrices ----------------------------------------------------------


def dot(xs, ys):
    """The product x . y; a ValueError if the lengths differ."""
    return weighted_sum(xs, ys, 0.0)


def outer(xs, ys):
    return [[x * y for y in ys] for x in xs]


def transposed(matrix):
    return [list(column) for column in zip(*matrix, strict=True)]


def matmul(first, second):
    """The product of two matrices; a ValueError if the shapes do not fit."""
    return [[dot(row, column) for column in transposed(second)] for row in first]


def elementwise(first, second):
    return [[x * y for x, y in zip(*rows, strict=True)] for rows in zip(first, second, strict=True)]


def affine(weights, inputs, biases):
    """The pre-activations W a + b; a ValueError unless W has a column for each input."""
    return [weighted_sum(row, inputs, b) for row, b in zip(weights, biases, strict=True)]


def sigmoids(weights, inputs, biases):
    """A layer of sigmoid neurons."""
    return [sigmoid(z) for z in affine(weights, inputs, biases)]


def slope(a):
    """The derivative of the sigmoid, a (1 - a), from its output."""
    return a * (1 - a)


# === A9: the worked example =======================================================================


def hidden_outputs():
    return sigmoids(WEIGHTS[0], INPUTS, BIASES[0])


def outputs():
    return sigmoids(WEIGHTS[1], hidden_outputs(), BIASES[1])


def difference_of_squares(p, q):
    """Printed: L = 1/2 || (p - y1)^2 - (q - y2)^2 ||^2 for the outputs p and q."""
    return ((p - TARGETS[0]) ** 2 - (q - TARGETS[1]) ** 2) ** 2 / 2


def sum_of_squares(p, q):
    """Computed: L = 1/2 || (p, q) - (y1, y2) ||^2."""
    return half_squared_error([p, q], TARGETS)


def test_a9_the_loss_0_2984_is_a_sum_of_squares_not_a_difference():
    assert f"{sum_of_squares(*outputs()):.4f}" == "0.2984"
    assert f"{difference_of_squares(*outputs()):.4f}" == "0.1263"


def test_a9_the_error_at_an_output_is_the_derivative_of_the_sum():
    """Printed: dL/dp = p - y1 = 0.7414. With the loss as printed it would be 0.7451."""
    p, q = outputs()
    claimed = ["0.7414", q - TARGETS[1]]
    assert verdicts(gradcheck(difference_of_squares, p, q, claimed=claimed)) == {"wrong"}
    assert_gradients(difference_of_squares, p, q, claimed=["0.7451", None])
    assert_gradients(sum_of_squares, p, q, claimed=claimed)


def test_a9_errors_of_one_size_would_cancel_in_a_difference():
    wrong_by_a_half = TARGETS[0] + 0.5, TARGETS[1] - 0.5
    assert difference_of_squares(*wrong_by_a_half) == 0
    assert sum_of_squares(*wrong_by_a_half) == 0.25


def loss_by_a_weight(w11):
    """The loss as a function of w11 of layer 2."""
    (_, w12), *others = WEIGHTS[1]
    return sum_of_squares(*sigmoids([[w11, w12], *others], hidden_outputs(), BIASES[1]))


def test_a9_the_figure_0_0821_is_cut_off():
    """Printed: dL/dw11 = 0.0821 in layer 2."""
    report = gradcheck(loss_by_a_weight, WEIGHTS[1][0][0], claimed="0.0821")
    assert verdicts(report) == {"wrong"}
    assert hints(report) == {"it is cut off; rounded it is 0.0822"}


@pytest.mark.parametrize("figure", ["0.0822", "0.08217", "0.082167"])
def test_a9_the_figure_is_right_once_it_is_rounded(figure):
    assert_gradients(loss_by_a_weight, WEIGHTS[1][0][0], claimed=figure)


def test_a9_layer_2_is_fed_by_layer_1_not_by_the_inputs():
    """Printed: z1 = w1^T x + b1 = 1.106 and z2 = w2^T x + b2 = 1.225 in layer 2."""
    fed_by_inputs = affine(WEIGHTS[1], INPUTS, BIASES[1])
    fed_by_layer_1 = affine(WEIGHTS[1], hidden_outputs(), BIASES[1])
    assert [f"{z:.3f}" for z in fed_by_inputs] == ["0.665", "0.680"]
    assert [f"{z:.3f}" for z in fed_by_layer_1] == ["1.106", "1.225"]


# === A8: the log loss =============================================================================


def log_loss_as_printed(a, y):
    """Printed: L = -y log a + (1 - y) log(1 - a)."""
    return -y * log(a) + (1 - y) * log(1 - a)


def log_loss(a, y):
    return -(y * log(a) + (1 - y) * log(1 - a))


def by_the_output(loss, y):
    """Check a loss against the printed derivative: dL/da = -(y / a - (1 - y) / (1 - a))."""
    return gradcheck(lambda a: loss(a, y), 0.7, claimed=lambda a: -(y / a - (1 - y) / (1 - a)))


@pytest.mark.parametrize("y", [0.0, 0.3])
def test_a8_the_printed_derivative_is_that_of_the_right_log_loss(y):
    assert verdicts(by_the_output(log_loss_as_printed, y)) == {"wrong"}
    assert by_the_output(log_loss, y)


def test_a8_for_examples_of_class_0_it_is_the_sign_that_is_wrong():
    assert hints(by_the_output(log_loss_as_printed, 0.0)) == {"the sign is wrong"}


def test_a8_examples_of_class_1_do_not_show_the_slip():
    """At y = 1 the second term is 0, whatever its sign."""
    assert by_the_output(log_loss_as_printed, 1.0)
    assert by_the_output(log_loss, 1.0)


def test_a8_the_printed_log_loss_rewards_the_wrong_class():
    """For an example of class 0 the loss should rise with the probability of class 1."""
    assert log_loss(0.1, 0.0) < log_loss(0.9, 0.0)
    assert log_loss_as_printed(0.1, 0.0) > log_loss_as_printed(0.9, 0.0)


# === A6: the rectifiers at 0 ======================================================================

RECTIFIERS = pytest.mark.parametrize("rectifier", [relu, leaky_relu])


@RECTIFIERS
@pytest.mark.parametrize("choice", [1, 0.5, 0.01])
def test_a6_rectifiers_have_no_derivative_at_0_but_a_choice_of_slopes(rectifier, choice):
    """Printed: "differentiable", with g'(z) = 1 for z >= 0. Anything between both slopes will do;
    lecture E and the engine take g'(0) = 0 for the ReLU.
    """
    report = gradcheck(rectifier, 0.0, claimed=choice)
    assert verdicts(report) == {"not differentiable here"}
    assert report


@RECTIFIERS
@pytest.mark.parametrize("no_choice", [-0.5, 1.5])
def test_a6_not_any_number_will_do(rectifier, no_choice):
    assert not gradcheck(rectifier, 0.0, claimed=no_choice)


# === B4: backpropagation through a logistic network 4-2-3-1 =======================================

# One row for each neuron, which starts with the bias (B1).
THETA1 = [[0.3, -0.5, 0.2, 0.7, -0.1], [-0.2, 0.4, 0.9, -0.6, 0.8]]
THETA2 = [[0.1, 0.6, -0.3], [-0.4, 0.5, 1.1], [0.2, -0.7, 0.4]]
THETA3 = [[-0.1, 0.8, -0.9, 0.6]]
A1 = [0.5, -1.2, 0.3, 0.9]  # the input
A3 = [0.55, 0.42, 0.63]  # layer 3, where only what comes after it matters
Y = 0.8


def sums(theta, a):
    """The weighted sums z_k = theta_0k + theta_1k a_1 + ... of a layer."""
    return [weighted_sum(weights, a, bias) for bias, *weights in theta]


def logistic(theta, a):
    return [sigmoid(z) for z in sums(theta, a)]


def cost(y_hat):
    """C = 1/2 (y - y_hat)^2."""
    return half_squared_error([y_hat], [Y])


def test_b4_step_1_the_error_has_the_wrong_sign():
    """Printed: dC/dy_hat = y - y_hat."""
    report = gradcheck(cost, 0.3, claimed=lambda y_hat: Y - y_hat)
    assert hints(report) == {"the sign is wrong"}
    assert_gradients(cost, 0.3, claimed=lambda y_hat: y_hat - Y)


def test_b4_step_2_inherits_the_sign():
    """Printed: dC/dz = sigma'(z) (y - sigma(z)) for the output neuron."""

    def cost_by_z(z):
        return cost(sigmoid(z))

    report = gradcheck(cost_by_z, 0.4, claimed=lambda z: slope(sigmoid(z)) * (Y - sigmoid(z)))
    assert hints(report) == {"the sign is wrong"}
    assert_gradients(cost_by_z, 0.4, claimed=lambda z: slope(sigmoid(z)) * (sigmoid(z) - Y))


def z4(theta):
    """The weighted sum of the output neuron as a function of its weights."""
    return sums(theta, A3)[0]


def slope_times_input(theta):
    """Printed: dz_k/dtheta_jk = sigma'(theta_k^T a) a_j."""
    return outer([slope(sigmoid(z4(theta)))], [1, *A3])


def test_b4_step_3_a_weighted_sum_has_no_sigma_in_it():
    """By the definition of z that is given before the example, dz_k/dtheta_jk = a_j."""
    report = gradcheck(z4, THETA3, claimed=slope_times_input)
    assert verdicts(report) == {"wrong"}
    assert_gradients(z4, THETA3, claimed=[[1, *A3]])


def test_b4_step_3_rests_on_a_z_that_is_activated_already():
    """Printed: z_k = sigma(theta_k^T a). The derivative of that is as printed; but the output
    sigma(z_k) is activated twice then, and is another number.
    """
    assert_gradients(lambda theta: sigmoid(z4(theta)), THETA3, claimed=slope_times_input)
    assert f"{sigmoid(z4(THETA3)):.3f}" == "0.584"
    assert f"{sigmoid(sigmoid(z4(THETA3))):.3f}" == "0.642"


def by_a_weight(sign, power):
    """dC/dtheta_j1 = sign sigma'(z)^power (y_hat - y) a_j for the output neuron."""

    def by_hand(theta):
        y_hat = sigmoid(z4(theta))
        return outer([sign * slope(y_hat) ** power * (y_hat - Y)], [1, *A3])

    return gradcheck(lambda theta: cost(sigmoid(z4(theta))), THETA3, claimed=by_hand)


def test_b4_step_3_two_slips_meet_in_the_derivative_by_a_weight():
    """Printed: dC/dtheta_11 = sigma'(z)^2 (y - sigma(z)) a_1. One of the slips mended is not
    enough, and then the report names the other.
    """
    assert verdicts(by_a_weight(sign=-1, power=2)) == {"wrong"}
    assert hints(by_a_weight(sign=-1, power=1)) == {"the sign is wrong"}
    assert all("once too often" in hint for hint in hints(by_a_weight(sign=1, power=2)))
    assert by_a_weight(sign=1, power=1)


def cost_by_a3(a3):
    return cost(*logistic(THETA3, a3))


def test_b4_step_4_takes_a_path_that_is_not_there():
    """Printed: dC/da_j = dC/dz sum_k dz/dtheta_jk dtheta_jk/da_j, where the text breaks off. A
    weight does not depend on what it weighs: dtheta/da = 0, and so is everything.
    """
    report = gradcheck(cost_by_a3, A3, claimed=[0, 0, 0])
    assert hints(report) == {"it is not 0"}


def test_b4_step_4_the_sum_depends_on_the_output_directly():
    """Right: dC/da_j = sum_k dC/dz_k theta_jk."""

    def by_hand(a3):
        (y_hat,) = logistic(THETA3, a3)
        return [(y_hat - Y) * slope(y_hat) * weight for weight in THETA3[0][1:]]

    assert_gradients(cost_by_a3, A3, claimed=by_hand)


def network_cost(theta1, theta2, theta3):
    return cost(*logistic(theta3, logistic(theta2, logistic(theta1, A1))))


def finished_by_hand(theta1, theta2, theta3):
    """Step 4 for every layer: dC/dtheta of all layers."""
    a2 = logistic(theta1, A1)
    a3 = logistic(theta2, a2)
    (y_hat,) = logistic(theta3, a3)

    def back(delta, theta, a):
        """dC/dz of the layer that put out a, from that of the layer above."""
        _, *columns = transposed(theta)  # no error flows to a bias
        return [dot(delta, w) * slope(a_j) for w, a_j in zip(columns, a, strict=True)]

    delta4 = [(y_hat - Y) * slope(y_hat)]
    delta3 = back(delta4, theta3, a3)
    delta2 = back(delta3, theta2, a2)
    return [outer(delta2, [1, *A1]), outer(delta3, [1, *a2]), outer(delta4, [1, *a3])]


def test_b4_step_4_finished_by_the_engine_and_by_hand():
    parameters = THETA1, THETA2, THETA3
    assert len(gradcheck(network_cost, *parameters)) == 23
    assert_gradients(network_cost, *parameters)
    assert_gradients(network_cost, *parameters, claimed=finished_by_hand)


def test_b4_a_layer_is_weighted_by_the_matrix_below_it():
    """Printed: a2 = sigma(theta2^T a1), a3 = sigma(theta3^T a2), a4 = sigma(theta4^T a3). Every
    theta is one too high: theta2 weighs two numbers, not four, and there is no theta4.
    """
    with pytest.raises(ValueError, match="lists of 2 and 4 do not pair up"):
        logistic(THETA2, A1)
    a2 = logistic(THETA1, A1)
    a3 = logistic(THETA2, a2)
    assert [len(a) for a in (a2, a3, logistic(THETA3, a3))] == [2, 3, 1]


def test_b3_the_last_weight_matrix_has_a_column_for_the_bias_too():
    """Printed: theta^L = (theta_0, ..., theta_N) is 1 x N. It is 1 x (N + 1), as B1 has it."""
    with_bias = [1, *A3]
    with pytest.raises(ValueError, match="lists of 3 and 4 do not pair up"):
        matmul([THETA3[0][: len(A3)]], transposed([with_bias]))
    assert matmul(THETA3, transposed([with_bias])) == [[pytest.approx(z4(THETA3))]]


# === C: the recursion of the deltas ===============================================================

# Two inputs, two hidden neurons, two outputs: so the formulas have numbers for any j and k.
C_INPUTS, C_TARGETS = [0.6, -0.4], [0.3, 0.8]
C_W1, C_B1 = [[0.5, -0.7], [0.2, 0.9]], [0.1, -0.3]
C_W2, C_B2 = [[0.8, -0.6], [-0.4, 1.1]], [0.2, -0.1]


def c_hidden(w1):
    return sigmoids(w1, C_INPUTS, C_B1)


def c_cost(w1, w2):
    """C = 1/2 || y - a^L ||^2."""
    return half_squared_error(sigmoids(w2, c_hidden(w1), C_B2), C_TARGETS)


def last_deltas(w1, w2):
    """Printed, and right: delta^L_j = (a^L_j - y_j) sigma'(z^L_j)."""
    a2 = sigmoids(w2, c_hidden(w1), C_B2)
    return [(a - y) * slope(a) for a, y in zip(a2, C_TARGETS, strict=True)]


def test_c2_the_summary_forgets_what_the_last_weight_multiplies():
    """Printed in the summary: dC/dw^L_jk = (a^L_j - y_j) sigma'(z^L_j), without a^(L-1)_k."""
    delta = last_deltas(C_W1, C_W2)

    def check(by_last_weights):
        return gradcheck(lambda w2: c_cost(C_W1, w2), C_W2, claimed=by_last_weights)

    report = check(outer(delta, [1, 1]))
    assert verdicts(report) == {"wrong"}
    assert all(hint.startswith("the factor") and "missing" in hint for hint in hints(report))
    assert check(outer(delta, c_hidden(C_W1)))


def by_first_weights(claimed):
    return gradcheck(lambda w1: c_cost(w1, C_W2), C_W1, claimed=claimed)


@pytest.mark.parametrize("with_slope", [False, True])
def test_c2_one_neuron_is_not_the_whole_layer_above(with_slope):
    """Printed: dC/dw^l_jk = delta^l_j a^(l-1)_k with delta^l_j = delta^(l+1)_j w^(l+1)_jk, and
    shortly before with a factor sigma'(z^l_j). Index j counts the neurons of two layers at once.
    """
    delta = last_deltas(C_W1, C_W2)
    slopes = [slope(a) if with_slope else 1 for a in c_hidden(C_W1)]
    printed = [
        [delta[j] * C_W2[j][k] * slopes[j] * C_INPUTS[k] for k in range(2)] for j in range(2)
    ]
    assert verdicts(by_first_weights(printed)) == {"wrong"}


def test_c2_the_recursion_needs_both_the_sum_and_the_slope():
    """Right: delta^l_k = sigma'(z^l_k) sum_j delta^(l+1)_j w^(l+1)_jk."""
    delta = last_deltas(C_W1, C_W2)
    one_term = [delta[0] * w for w in C_W2[0]]
    all_terms = [dot(delta, column) for column in transposed(C_W2)]
    slopes = [slope(a) for a in c_hidden(C_W1)]

    def with_slopes(terms):
        return [term * s for term, s in zip(terms, slopes, strict=True)]

    no_sum = by_first_weights(outer(with_slopes(one_term), C_INPUTS))
    assert verdicts(no_sum) == {"wrong"}
    assert all(
        hint.startswith("the contribution from") and "missing" in hint for hint in hints(no_sum)
    )

    no_slope = by_first_weights(outer(all_terms, C_INPUTS))
    assert verdicts(no_slope) == {"wrong"}
    assert all(hint.startswith("the factor") and "missing" in hint for hint in hints(no_slope))

    assert by_first_weights(outer(with_slopes(all_terms), C_INPUTS))


W_FIRST, W_LAST, C_INPUT, C_TARGET = 0.7, -1.3, 0.6, 0.3


def chain_outputs(w):
    """One neuron in each of two layers."""
    a1 = sigmoid(weighted_sum([w], [C_INPUT], -0.2))
    return a1, sigmoid(weighted_sum([W_LAST], [a1], 0.4))


def in_a_chain(formula):
    """Check dC/dw of the first layer, a formula of delta^L, w^L, sigma'(z^(L-1)) and a^(L-2)."""

    def by_hand(w):
        a1, a2 = chain_outputs(w)
        return formula((a2 - C_TARGET) * slope(a2), W_LAST, slope(a1), C_INPUT)

    def chain_cost(w):
        return half_squared_error([chain_outputs(w)[1]], [C_TARGET])

    return gradcheck(chain_cost, W_FIRST, claimed=by_hand)


def test_c2_a_chain_of_single_neurons_hides_the_sum_only():
    """Printed first: delta^L w^L sigma'(z^(L-1)) a^(L-2), right where there is nothing to sum.
    Printed last: delta^(L-1) a^(L-2) with delta^(L-1) = delta^L w^L, which lost sigma'.
    """
    assert in_a_chain(lambda delta, w, s, a: delta * w * s * a)
    (finding,) = in_a_chain(lambda delta, w, s, a: delta * w * a)
    assert finding.hint.startswith("the factor ∂sigmoid")
    assert finding.hint.endswith("missing")


def test_c2_a_delta_of_the_wrong_layer_has_the_weight_in_it_already():
    """Printed in between: delta^(L-1) w^L sigma'(z^(L-1)) a^(L-2), where delta^L belongs."""
    (finding,) = in_a_chain(lambda delta, w, s, a: (delta * w) * w * s * a)
    assert finding.verdict == "wrong"
    assert "= -1.3 appears once too often" in finding.hint


def test_c2_the_first_index_of_a_weight_is_the_neuron_it_leads_to():
    """Printed: a_j = sigma(sum_k w_jk a_k + b_j), but z_j = sum_k w_kj a_k + b_j. Only with w_jk is
    dz_j/dw_jk = a_k, on which dC/dw_jk = delta_j a_k rests.
    """
    by_weights_of_neuron_0 = [C_INPUTS, [0, 0]]

    def swapped(w1):
        return affine(transposed(w1), C_INPUTS, C_B1)[0]

    def right(w1):
        return affine(w1, C_INPUTS, C_B1)[0]

    assert not gradcheck(swapped, C_W1, claimed=by_weights_of_neuron_0)
    assert_gradients(right, C_W1, claimed=by_weights_of_neuron_0)


def test_c2_a_transposed_matrix_takes_as_many_numbers_as_the_layer_below_has():
    """Printed: sigma([m x n]^T [n x 1] + [n x 1]) for m neurons below and n here. [m x n]^T takes
    m numbers: [m x n]^T [m x 1] + [n x 1].
    """
    w = [[0.5, -0.7, 0.2], [0.9, 0.8, -0.6]]  # m = 2, n = 3
    biases = [0.1, -0.3, 0.2]
    with pytest.raises(ValueError, match="lists of 2 and 3 do not pair up"):
        sigmoids(transposed(w), [0.6, -0.4, 0.3], biases)
    assert len(sigmoids(transposed(w), [0.6, -0.4], biases)) == 3


# === D: softmax and cross entropy =================================================================

LOGITS = [0.3, -0.8, 1.1]
LABEL = 1
ONE_HOT = [0, 1, 0]


def test_d1_the_last_weight_matrix_is_k_by_n():
    """Printed: W_L in R^(n x k), for n hidden neurons and k classes. W_L h + b_L needs k x n, and
    so does the gradient grad_a h^T.
    """
    h, biases = [0.4, -0.2, 0.7], [0.1, -0.3]  # n = 3, k = 2
    n_by_k = [[0.5, -0.7], [0.2, 0.9], [-0.6, 0.8]]
    with pytest.raises(ValueError, match="lists of 2 and 3 do not pair up"):
        matmul(n_by_k, transposed([h]))

    def loss(w):
        a = affine(w, h, biases)
        return logsumexp(a) - a[LABEL]

    def by_hand(w):
        y_hat = softmax(affine(w, h, biases))
        return outer([y_hat[0], y_hat[1] - 1], h)

    assert_gradients(loss, transposed(n_by_k), claimed=by_hand)


def printed_softmax(a):
    """Printed: y_l = exp(a_l) / sum_i' exp(a_l); the sum should run over exp(a_i')."""
    return [exp(a_l) / total([exp(a_l) for _ in a]) for a_l in a]


def test_d5_a_sum_that_repeats_one_term_makes_all_classes_equal():
    assert printed_softmax(LOGITS) == [pytest.approx(1 / 3)] * 3
    assert f"{softmax(LOGITS)[LABEL]:.4f}" == "0.0935"


def test_d5_the_derivative_belongs_to_the_softmax_with_the_right_sum():
    """Printed, and right: d(-log y_l)/da_i = -(1[l = i] - y_i)."""

    def by_hand(a):
        return [-(one - y) for one, y in zip(ONE_HOT, softmax(a), strict=True)]

    report = gradcheck(lambda a: -log(printed_softmax(a)[LABEL]), LOGITS, claimed=by_hand)
    assert verdicts(report) == {"wrong"}
    assert_gradients(lambda a: -log(softmax(a)[LABEL]), LOGITS, claimed=by_hand)


def sum_of_squared_terms(terms):
    return total([term * term for term in terms])


def square_of_the_sum(terms):
    return total(terms) ** 2


def by_quotient_rule(denominator):
    """Check d(-log y_l)/da_i by the quotient rule, with a denominator of its own."""

    def by_hand(a):
        terms = [exp(a_i) for a_i in a]
        whole, top = total(terms), terms[LABEL]
        return [
            -(whole / top) * (one * top / whole - top * term / denominator(terms))
            for one, term in zip(ONE_HOT, terms, strict=True)
        ]

    return gradcheck(lambda a: -log(softmax(a)[LABEL]), LOGITS, claimed=by_hand)


def test_d5_the_quotient_rule_squares_the_sum_not_its_terms():
    """Printed in some lines: a denominator sum_i' (exp(a_i')^2), for (sum_i' exp(a_i'))^2."""
    assert verdicts(by_quotient_rule(sum_of_squared_terms)) == {"wrong"}
    assert by_quotient_rule(square_of_the_sum)


# === E: two hidden ReLU layers, examples as columns ===============================================


def jacobian(second_factor):
    """The derivatives dA_i/dZ_j = A_i (delta_ij - A_?) of a softmax, with i or j at the end."""

    def by_hand(z):
        a = softmax(z)
        n = range(len(a))
        return [[a[i] * ((i == j) - a[second_factor(i, j)]) for j in n] for i in n]

    return by_hand


def first(i, _):
    return i


def second(_, j):
    return j


def test_e1_the_derivative_of_a_softmax_has_two_outputs_in_it():
    """Printed: dA_i/dZ_j = A_i (delta_ij - A_i). It is right for i = j, so a check of the diagonal
    alone would not find the slip.
    """
    report = gradcheck(softmax, LOGITS, claimed=jacobian(first))
    agreeing = [finding.verdict == "agrees" for finding in report]
    assert agreeing == [i == j for i in range(3) for j in range(3)]
    assert_gradients(softmax, LOGITS, claimed=jacobian(second))


def test_e1_equal_outputs_do_not_show_the_slip():
    """A network that starts with weights of 0 has A_i = A_j: no place for a check."""
    assert_gradients(softmax, [0.0, 0.0, 0.0], claimed=jacobian(first))


M = 4
E_INPUTS = [[0.8, -0.5, 1.3, 0.2], [0.3, 1.2, -0.7, 0.9]]
E_TARGETS = [[1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 1]]
PARAMETERS = (
    [[0.5, 0.3], [-0.2, 0.9], [0.7, 0.4]], [0.1, 0.3, -0.2],
    [[0.6, 0.8, -0.3], [-0.4, 0.5, 0.9]], [0.2, -0.35],
    [[0.7, -0.2], [-0.5, 0.6], [0.3, 0.4]], [-0.1, 0.2, 0.05],
)  # fmt: skip
"""W and b of layers with 3, 2 and 3 neurons."""


def each(function, matrix):
    return [[function(x) for x in row] for row in matrix]


def by_columns(w, a, b):
    """Z = W A + b, the bias added to every column."""
    return transposed([affine(w, column, b) for column in transposed(a)])


def row_sums(matrix):
    return [total(row) for row in matrix]


def mean_cross_entropy(z, targets):
    """J = -(1/m) sum_i sum_k y_k log y_hat_k for the softmax of each column."""
    pairs = list(zip(transposed(z), transposed(targets), strict=True))
    return total([logsumexp(column) - dot(y, column) for column, y in pairs]) / len(pairs)


def output_delta(z, targets, sign=1):
    """delta^3 = (1/m)(Y_hat - Y)."""
    y_hat = transposed([softmax(column) for column in transposed(z)])
    m = len(targets[0])
    return [
        [sign * (p - y) / m for p, y in zip(*rows, strict=True)]
        for rows in zip(y_hat, targets, strict=True)
    ]


def activations(parameters):
    """Z and A of every layer; A of the last layer is left to the loss."""
    w1, b1, w2, b2, w3, b3 = parameters
    z1 = by_columns(w1, E_INPUTS, b1)
    z2 = by_columns(w2, each(relu, z1), b2)
    return z1, each(relu, z1), z2, each(relu, z2), by_columns(w3, each(relu, z2), b3)


def loss(*parameters):
    return mean_cross_entropy(activations(parameters)[-1], E_TARGETS)


def by_hand(sign):
    """The gradients of all parameters, from a delta^3 of this sign."""

    def gradients(*parameters):
        _, _, w2, _, w3, _ = parameters
        z1, a1, z2, a2, z3 = activations(parameters)
        delta3 = output_delta(z3, E_TARGETS, sign)
        delta2 = elementwise(matmul(transposed(w3), delta3), each(step, z2))
        delta1 = elementwise(matmul(transposed(w2), delta2), each(step, z1))
        layers = [(delta1, E_INPUTS), (delta2, a1), (delta3, a2)]
        return [
            gradient
            for delta, a in layers
            for gradient in (matmul(delta, transposed(a)), row_sums(delta))
        ]

    return gradients


def test_e1_the_error_of_the_output_layer_has_the_wrong_sign():
    """Printed: delta^3 = -(1/m)(Y_hat - Y)."""
    z3 = activations(PARAMETERS)[-1]

    def by_z(z):
        return mean_cross_entropy(z, E_TARGETS)

    report = gradcheck(by_z, z3, claimed=lambda z: output_delta(z, E_TARGETS, sign=-1))
    assert hints(report) == {"the sign is wrong"}
    assert_gradients(by_z, z3, claimed=lambda z: output_delta(z, E_TARGETS))


def test_e1_the_sign_goes_through_to_the_first_layer():
    """Steps along such gradients would climb."""
    w1, b1, *others = PARAMETERS
    report = gradcheck(
        lambda w1, b1: loss(w1, b1, *others),
        w1,
        b1,
        claimed=lambda w1, b1: by_hand(sign=-1)(w1, b1, *others)[:2],
    )
    assert len(report) == 9
    assert hints(report) == {"the sign is wrong"}


@pytest.mark.slow
def test_e1_with_the_right_sign_and_sums_all_gradients_are_right():
    assert_gradients(loss, *PARAMETERS, claimed=by_hand(sign=1))


def test_e1_the_two_slips_of_the_output_layer_do_not_make_up_for_each_other():
    """Printed: -(1/m)(Y / Y_hat) * A_i (delta_ij - A_i) = -(1/m)(Y_hat - Y); here m = 1. Neither
    side is right. With A_j for the second A_i the left side is, and equals +(1/m)(Y_hat - Y).
    """

    def cross_entropy(z):
        return logsumexp(z) - z[LABEL]

    def left_side(factor):
        def by_chain_rule(z):
            parts = [-y / a for y, a in zip(ONE_HOT, softmax(z), strict=True)]
            return [dot(parts, column) for column in transposed(jacobian(factor)(z))]

        return gradcheck(cross_entropy, LOGITS, claimed=by_chain_rule)

    def right_side(sign):
        return gradcheck(
            cross_entropy,
            LOGITS,
            claimed=lambda z: [sign * (a - y) for a, y in zip(softmax(z), ONE_HOT, strict=True)],
        )

    assert not left_side(first)
    assert hints(right_side(-1)) == {"the sign is wrong"}
    assert left_side(second)
    assert right_side(1)


def by_b3(examples):
    """The loss of some examples as a function of the last bias, and delta^3."""
    w3 = PARAMETERS[4]
    a2 = [row[:examples] for row in activations(PARAMETERS)[3]]
    targets = [row[:examples] for row in E_TARGETS]
    delta3 = output_delta(by_columns(w3, a2, PARAMETERS[5]), targets)
    return lambda b3: mean_cross_entropy(by_columns(w3, a2, b3), targets), delta3


def test_e1_the_gradient_of_a_bias_is_summed_over_the_examples():
    """Printed: dJ/db^l = delta^l, which has a column for each example; b^l has one column."""
    loss_by_b3, delta3 = by_b3(M)
    with pytest.raises(
        ValueError, match="the claims are of shape 3 x 4, but the inputs are of shape 3"
    ):
        gradcheck(loss_by_b3, PARAMETERS[5], claimed=delta3)
    for column in transposed(delta3):
        report = gradcheck(loss_by_b3, PARAMETERS[5], claimed=column)
        assert verdicts(report) == {"wrong"}
        assert all(hint.startswith("only the contribution from") for hint in hints(report))
    assert_gradients(loss_by_b3, PARAMETERS[5], claimed=row_sums(delta3))


def test_e1_a_single_example_leaves_nothing_to_sum():
    loss_by_b3, delta3 = by_b3(1)
    assert_gradients(loss_by_b3, PARAMETERS[5], claimed=[delta for (delta,) in delta3])


def test_e2_the_gradient_of_the_outputs_is_not_summed_over_the_examples():
    """Printed in the generalization: dJ/dA^L = -(1/m) sum_i y^(i) / y_hat^(i), one number for each
    class. E1 has it right: -(1/m) Y / Y_hat, one for each class and example.
    """
    outputs = transposed([softmax(z) for z in transposed(activations(PARAMETERS)[-1])])

    def by_outputs(a):
        return -total([dot(y, map(log, p)) for y, p in zip(E_TARGETS, a, strict=True)]) / M

    def quotients(a):
        return [
            [-y / p / M for y, p in zip(*rows, strict=True)]
            for rows in zip(E_TARGETS, a, strict=True)
        ]

    def summed(a):
        return [[x] * M for x in row_sums(quotients(a))]

    assert not gradcheck(by_outputs, outputs, claimed=summed)
    assert_gradients(by_outputs, outputs, claimed=quotients)


def test_e1_products_of_matrices_that_lack_their_transposes_do_not_fit():
    """Printed: dJ/dW^l = delta^l * A^(l-1) and dJ/dA^(l-1) = delta^l * W^l; right are
    delta^l A^(l-1)^T and W^l^T delta^l.
    """
    _, _, _, a2, z3 = activations(PARAMETERS)
    w3, delta3 = PARAMETERS[4], output_delta(z3, E_TARGETS)
    for factor in (a2, w3):
        with pytest.raises(ValueError, match="do not pair up"):
            matmul(delta3, factor)
    assert [len(row) for row in matmul(delta3, transposed(a2))] == [len(row) for row in w3]
    assert [len(row) for row in matmul(transposed(w3), delta3)] == [len(row) for row in a2]


@pytest.mark.parametrize("star", [matmul, elementwise])
def test_e1_where_all_matrices_are_square_products_without_transposes_are_wrong(star):
    """With 2 inputs, 2 classes and 2 examples everything fits, however * is read."""
    w, b = [[0.5, -0.7], [0.2, 0.9]], [0.1, -0.3]
    a, y = [[0.8, 0.5], [0.3, 1.2]], [[1, 1], [0, 0]]
    delta = output_delta(by_columns(w, a, b), y)

    def loss_of_layer(w, a):
        return mean_cross_entropy(by_columns(w, a, b), y)

    report = gradcheck(loss_of_layer, w, a, claimed=[star(delta, a), star(delta, w)])
    assert verdicts(report) == {"wrong"}
    right = [matmul(delta, transposed(a)), matmul(transposed(w), delta)]
    assert_gradients(loss_of_layer, w, a, claimed=right)


def test_e1_predictions_are_probabilities_only_after_the_softmax():
    """Printed among the shapes: Y_hat = W^L A^(L-1) + b^L. The loss takes log Y_hat."""
    z3 = transposed(activations(PARAMETERS)[-1])
    with pytest.raises(ValueError, match="log"):
        [[log(p) for p in column] for column in z3]
    for column in z3:
        assert sum(column) != pytest.approx(1)
        assert sum(softmax(column)) == pytest.approx(1)
