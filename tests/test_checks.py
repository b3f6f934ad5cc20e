import math

import pytest
import torch

from icllib import construct
from icllib.attention import LinearSelfAttention
from icllib.checks import (
    chapter_01,
    chapter_02,
    chapter_03,
    chapter_04,
    chapter_05,
    chapter_06,
    chapter_07,
    chapter_08,
    chapter_09,
    chapter_10,
    chapter_11,
    chapter_12,
    intro,
)
from icllib.checks.feedback import compare

TENS = torch.tensor([1.0, 2.0, 3.0, 10.0])
EYE = torch.eye(3, dtype=torch.float64)


def matrices(key=(1, 1, 0), value=(0, 0, -1), scale=0.125):
    keep = torch.diag(torch.tensor(key).double())
    return keep, keep, torch.diag(torch.tensor(value).double()), scale * EYE


NAME = torch.eye(4, 5)
LOUD = 20 * NAME


def side(n, lr):
    """A gradient step through the side entrance: score by y, hand over x."""
    layer = LinearSelfAttention(2)
    with torch.no_grad():
        layer.W_K[0, 0, 1] = layer.W_Q[0, 0, 0] = layer.W_V[0, 0, 0] = 1.0
        layer.P[0, 1, 0] = -lr / n
    return layer


def phi(z):
    return torch.nn.functional.elu(z) + 1


def unstable(query, keys, values):
    grown = (keys @ query / len(query) ** 0.5).exp()
    return grown @ values / grown.sum()


@pytest.mark.parametrize(
    ("feedback", "words"),
    [
        (intro.flip_effect(0.5, 0.5), "before the flip"),
        (chapter_01.best_constant(TENS.median(), TENS), "median"),
        (chapter_01.best_constant(5.5, TENS), "middle of the range"),
        (chapter_01.normal_equations(lambda x, y: y.T @ x), "inverse"),
        (chapter_01.normal_equations(lambda x, y: torch.linalg.lstsq(x, y).solution), "transposed"),
        (chapter_01.normal_equations(lambda x, y: x @ y), "raised"),
        (
            chapter_01.ridge_as_data(lambda x, y, s: (torch.cat([x, s**0.5 * EYE]), torch.cat([y, torch.zeros(3, 1)]))),
            "N is missing",
        ),
        (chapter_01.ridge_as_data(lambda x, y, s: (x, y)), "change nothing"),
        (chapter_01.singular_inputs(torch.ones(5, 3)), "two columns are equal"),
        (
            chapter_01.singular_inputs(torch.randn(5, 3, generator=torch.Generator().manual_seed(0))),
            "linearly independent",
        ),
        (chapter_01.leave_one_out(lambda x, y: y - x @ torch.linalg.lstsq(x, y[:, None]).solution[:, 0]), "1 − h_i"),
        (chapter_02.first_step(0.7), "1/N is missing"),
        (chapter_02.gradient_step(lambda w, x, y, lr: w - lr / len(x) * (y - x @ w.T).T @ x), "climbs"),
        (chapter_02.largest_stable_step(lambda x: 2 / torch.linalg.eigvalsh(x.T @ x)[-1]), "N is missing"),
        (chapter_02.best_gaussian_step_size(lambda n, d: n / (n + d - 1)), "κ = 1"),
        (chapter_02.best_gaussian_step_size(lambda n, d: 2 * n / (n + d + 1)), "2 times the right one"),
        (chapter_02.heavy_ball(lambda x, y, lr, b, k: torch.zeros(1, 3)), "largest difference"),
        (chapter_03.three_answers([2.5, 3, 1.6]), "the slope"),
        (chapter_03.three_answers([2.5, 2, 6.4]), "nearest example"),
        (chapter_03.bayes(lambda x, y, q, s, t: torch.linalg.lstsq(x, y).solution[:, 0] @ q), "least squares"),
        (
            chapter_03.bayes(lambda x, y, q, s, t: torch.linalg.solve(x.T @ x + s**2 * EYE, x.T @ y)[:, 0] @ q),
            "right for τ = 1 only",
        ),
        (chapter_03.own_learner(lambda p: p.y.mean(1)), "nearest neighbour"),
        (chapter_03.own_learner(lambda p: p.y_query), "the hidden answer must stay hidden"),
        (chapter_03.own_learner(lambda p: p.y[:, 0, 0]), "expected a tensor (2000, 1)"),
        (chapter_03.past_the_peak(110), "not quite enough"),
        (chapter_03.past_the_peak(21), "still pays"),
        (chapter_03.one_pass(lambda x, y, lr: lr * y @ x), "all examples at once"),
        (chapter_03.adaptive(lambda x, y, q: torch.linalg.lstsq(x, y).solution[:, 0] @ q), "σ = 2.0: your loss is 1."),
        (chapter_04.softmax_by_hand(6), "plain mean"),
        (chapter_04.attend(lambda q, k, v: (k @ q).softmax(0) @ v), "√d is missing"),
        (chapter_04.attend(unstable), "Subtract the largest score"),
        (chapter_04.average_and_select((LOUD, NAME), (LOUD, NAME)), "an average gives 0.25"),
        (chapter_04.average_and_select((0 * NAME, NAME), (NAME, NAME)), "make the scores larger"),
        (chapter_04.average_and_select((0 * NAME, NAME), (LOUD, torch.ones(4, 5))), "agree on the name"),
        (chapter_04.average_and_select((0 * NAME,), (LOUD, NAME)), "a pair (W_Q, W_K)"),
        (chapter_04.head_rank([3, 12, 24]), "16 slots"),
        (chapter_04.prompt_mask(lambda n: torch.ones(n + 1, n + 1).tril() > 0), "causal mask"),
        (chapter_04.sharpness(lambda s, v, b: (b * s).softmax(0) @ (s * v)), "subtract the mean score"),
        (chapter_05.two_pairs(2), "share a direction"),
        (chapter_05.forgetful(lambda q, k, v, d: (q @ k.T).tril() @ v), "nothing fades"),
        (chapter_05.forgetful(lambda q, k, v, d: (q @ k.T) @ v), "see their future"),
        (chapter_05.orthogonal_keys(torch.eye(4)), "a key has a zero"),
        (chapter_05.orthogonal_keys(torch.ones(4, 4)), "each has to be 1"),
        (chapter_05.orthogonal_keys(torch.ones(4, 4) / 2), "two keys have the product 1"),
        (chapter_05.overwrite(lambda m, k, v: m + torch.outer(v, k)), "sum rule"),
        (chapter_05.overwrite(lambda m, k, v: m + torch.outer(v - m @ k, k)), "keys of length one"),
        (chapter_05.own_pair(lambda q, k, v: -(q * k).sum(1, keepdim=True) * v), "sign is wrong"),
        (chapter_05.normalised(lambda q, k, v: torch.tril(phi(q) @ phi(k).T) @ v), "divide by the sum"),
        (chapter_07.what_is_left([0.8, 0, -1.4]), "there are three"),
        (chapter_07.transfer(lambda e, lr, g, n, k: (1 - lr * e) ** k), "not bent"),
        (chapter_07.best_bend(lambda s: 1 / s), "altogether"),
        (chapter_07.degree([4, 100]), "40 only"),
        (chapter_07.two_rates(lambda a, b: [2 / (a + b)] * 2), "best single rate"),
        (chapter_07.same_as_momentum(lambda lr, b: [lr, lr]), "the sum is"),
        (chapter_07.same_as_momentum(lambda lr, b: [0.0, (2 + b) * lr]), "the product is"),
        (chapter_08.logit_scale(math.log(999)), "the others weigh"),
        (
            chapter_08.copy_backward(
                lambda n, d: (torch.eye(n), torch.ones(n, n).triu(1).tril(1), torch.eye(d), torch.eye(d))
            ),
            "lower shift",
        ),
        (chapter_08.copy_backward(lambda n, d: torch.eye(n)), "four matrices"),
        (chapter_08.two_back(lambda n: torch.diag(torch.ones(n - 1), -1)), "one place"),
        (chapter_08.blind_prediction(lambda x, y, q, lr: lr / len(x) * (y @ x) @ q), "no longer empty"),
        (chapter_08.shift_for(lambda p: torch.eye(8)), "misses"),
        (chapter_09.hull([-1, 5, 7]), "votes can be negative"),
        (chapter_09.pair(lambda s, y, lr, e: lr / e * ((e * s).softmax(0) - (-e * s).softmax(0)) @ y), "η/(2ε)"),
        (chapter_09.best_epsilon(lambda a, b: (b / a) ** (1 / 3)), "derivatives"),
        (chapter_09.homogeneous([False, True, True, True]), "(c)"),
        (
            chapter_09.smoother(lambda x, y, q, h: ((-((x - q) ** 2) / (2 * h**2)).softmax(0) @ y, torch.zeros(6, 2))),
            "with your keys",
        ),
        (chapter_09.two_pairs(lambda pair, s, y, lr, e: pair(s, y, lr, e)), "to the power 2.0"),
        (chapter_10.other_range([3.03, 4]), "not 1/x"),
        (chapter_10.other_range([24.24, 4]), "shrinks"),
        (chapter_10.other_range([1.515, 2]), "square"),
        (
            chapter_10.what_it_does(lambda m, d: (m.P @ m.W_V)[0, d, d] * (m.W_K.mT @ m.W_Q)[0, :d, :d]),
            "first head alone",
        ),
        (
            chapter_10.what_it_does(
                lambda m, d: (m.P @ m.W_V).sum(0)[d, d] * (m.W_K.mT @ m.W_Q).sum(0)[:d, :d],
            ),
            "within each head",
        ),
        (chapter_10.rademacher([200 / 99 * 0.2 * 5.0, 2.1]), "kurtosis"),
        (chapter_10.rademacher([40 / 19, 2.5]), "more than 3 %"),
        (chapter_10.plateau([1 / 8, 1 / 8, 4]), "four matrices"),
        (chapter_10.plateau([1 / 16, 1 / 8, 1 / 4]), "the time grows"),
        (chapter_10.cosine_of_heads(lambda h, d: (1 + 1 / h) ** -0.5), "limit for large d"),
        (chapter_10.best_matrix(lambda d, n, s: torch.eye(d) * n / (s * (n + 0.8))), "noise alone"),
        (chapter_10.best_matrix(lambda d, n, s: torch.diag(torch.eye(d)[0] / s)), "finite N"),
        (chapter_11.numbers(lambda a, b_x, b_y, n: (-a * b_y, -a * b_x)), "η stands before the mean"),
        (chapter_11.numbers(lambda a, b_x, b_y, n: (n * a * b_y, a * b_x)), "signs"),
        (chapter_11.rescaled(lambda lr, gamma, c: (lr * c**2, gamma * c**2)), "smaller numbers"),
        (chapter_11.rescaled(lambda lr, gamma, c: (lr / c**2, gamma)), "same unit"),
        (chapter_11.edge(lambda lr, gamma, n: 2 / lr), "takes it back"),
        (chapter_11.edge(lambda lr, gamma, n: 0.2065), "factor N is missing"),
        (chapter_11.layer_by_layer(lambda model, tokens: [(0.05, 2.0), (0.1, 5.0), (-0.02, 3.0)]), "swap"),
        (chapter_11.better(lambda p: 0 * p.y_query), "tuned GD++ has"),
        (chapter_11.better(lambda p: p.y_query[0]), "shape"),
        (chapter_11.better(lambda p: p.y_query / 0), "not finite"),
        (chapter_12.eta_star(lambda n, d, s, z: 1 / ((1 + 1 / n) * s + (s + z**2) / n)), "trace"),
        (chapter_12.eta_star(lambda n, d, s, z: 1 / ((1 + 1 / n) * s + s * d / n)), "noise is missing"),
        (chapter_12.many_examples([0.5, 2, 1]), "inverse"),
        (chapter_12.many_examples([2, 0.5, 0.5]), "square root"),
        (
            chapter_12.second_moment_of_signs(lambda e, n: (1 + 1 / n) * e**2 + e.sum() * e / n),
            "Gaussian",
        ),
        (chapter_12.shifted(1.0), "same eigenvalues"),
        (chapter_12.side_layer(lambda n, lr: construct.gd_layer(1, 1, n, lr)), "main entrance is open"),
        (chapter_12.side_layer(lambda n, lr: side(n, -lr)), "sign"),
        (chapter_12.side_layer(lambda n, lr: side(1, lr)), "η/N"),
        (chapter_06.four_matrices(*matrices(key=(1, 1, 1)), 2, 1, 4, 0.5), "also compares y-parts"),
        (chapter_06.four_matrices(*matrices(key=(0, 0, 0)), 2, 1, 4, 0.5), "zero on the x-part"),
        (chapter_06.four_matrices(*matrices(value=(0, 0, 1)), 2, 1, 4, 0.5), "wrong sign"),
        (chapter_06.four_matrices(*matrices(value=(1, 0, -1)), 2, 1, 4, 0.5), "writes into the x-part"),
        (chapter_06.four_matrices(*matrices(scale=0.5), 2, 1, 4, 0.5), "the size is not"),
        (
            chapter_06.four_matrices(torch.eye(2), *matrices()[1:], 2, 1, 4, 0.5),
            "W_K has shape (2, 2), expected (3, 3)",
        ),
        (chapter_06.weights_for_sum_loss(lambda d, o, n, lr: lr * torch.eye(d + o)), "a 2 missing"),
        (
            chapter_06.value_matrix_with_start(torch.diag(torch.tensor([0.0, 0, -1])), torch.ones(1, 2)),
            "do not know W_0",
        ),
        (chapter_06.matching_query_matrix(torch.linalg.inv), "transposed"),
        (chapter_06.broken_layer(lambda x, y, lr: y - lr / len(x) * x @ x.T @ y), "unbroken"),
        (chapter_06.decay_tokens(lambda d, o, n, s: torch.zeros(1, d + o)), "change nothing"),
    ],
)
def test_a_wrong_answer_is_told_what_is_wrong_with_it(feedback, words):
    assert not feedback and feedback.verdict == "not yet"
    assert words in feedback.message


def test_an_open_exercise_is_not_counted_as_wrong():
    for feedback in (
        chapter_02.first_step(...),
        chapter_06.four_matrices(..., ..., ..., ..., 2, 1, 4, 0.5),
        chapter_06.decay_tokens(lambda *_: None),
        chapter_01.singular_inputs(...),
        chapter_03.own_learner(lambda prompts: None),
        chapter_03.adaptive(...),
        chapter_04.average_and_select(..., ...),
        chapter_04.prompt_mask(...),
        chapter_05.orthogonal_keys(...),
        chapter_07.same_as_momentum(...),
        chapter_08.copy_backward(lambda n, d: None),
        chapter_08.shift_for(...),
        chapter_09.homogeneous(...),
        chapter_09.two_pairs(lambda *_: None),
        chapter_05.normalised(lambda q, k, v: None),
        chapter_10.other_range(...),
        chapter_10.rademacher(...),
        chapter_11.better(lambda p: None),
        chapter_11.layer_by_layer(lambda model, tokens: None),
        chapter_12.side_layer(lambda n, lr: None),
        chapter_12.shifted(...),
    ):
        assert feedback.verdict == "not answered"


def test_a_right_answer_with_other_weights_than_the_book_s_is_right():
    turn = torch.tensor([[0.0, 2.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 5.0]], dtype=torch.float64)
    W_K, W_Q, W_V, P = matrices()
    assert chapter_06.four_matrices(turn @ W_K, torch.linalg.inv(turn).T @ W_Q, W_V, P, 2, 1, 4, 0.5)


@pytest.mark.parametrize(
    ("given", "words"),
    [("two", "is a str"), ([1.0, 2.0], "has shape (2,), expected ()"), (float("nan"), "NaN or infinity")],
)
def test_answers_of_the_wrong_kind_get_a_sentence_and_no_traceback(given, words):
    assert words in compare(given, torch.tensor(1.0), "", {}).message


def test_a_solution_that_is_wrong_stops_the_build():
    with pytest.raises(AssertionError, match="1/N is missing"):
        chapter_02.first_step(0.7).must_hold()
    assert chapter_02.first_step(0.35).must_hold()
