"""What readers hand in: right answers to each check, and wrong ones with what they are told."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np
import torch
from torch.linalg import eigvalsh, inv, lstsq, solve
from torch.nn.functional import elu

from icllib import alignment, construct, learners
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
    chapter_13,
    chapter_14,
    chapter_15,
    chapter_16,
    chapter_17,
    intro,
    what_you_need,
)
from icllib.tasks import Prompts

MODULES = (intro, chapter_01, chapter_02, chapter_03, chapter_04, chapter_05, chapter_06)
MODULES += (chapter_07, chapter_08, chapter_09, chapter_10, chapter_11, chapter_12)
MODULES += (chapter_13, chapter_14, chapter_15, chapter_16, chapter_17, what_you_need)


@dataclass(frozen=True)
class Entry:
    """One check, and what it is handed.

    Attributes:
        check: the check.
        right: a right answer, as its arguments.
        also: other right answers.
        wrong: wrong answers, each with some words of what it should be told.
        answers: how many of the arguments are the reader's; the page gives the others.
    """

    check: Callable
    right: tuple
    also: list[tuple] = field(default_factory=list)
    wrong: list[tuple[str, tuple]] = field(default_factory=list)
    answers: int = 1


def eye(n, dtype=torch.float64):
    return torch.eye(n, dtype=dtype)


def entry(check, *right, also=(), wrong=(), answers=1):
    """An entry; answers that are no tuples stand for themselves."""

    def arguments(answer):
        answer = answer if isinstance(answer, tuple) else (answer,)
        return answer + right[len(answer) :] if answers < len(right) else answer

    return Entry(
        check,
        right,
        [arguments(a) for a in also],
        [(words, arguments(a)) for words, a in wrong],
        answers,
    )


TENS = torch.tensor([1.0, 2.0, 3.0, 10.0])
MASS = torch.tensor([4.1, 4.25, 4.2554])  # its mean is 4.2018


def fit(x, y):
    return lstsq(x, y, driver="gelsd").solution


def changes_in_place(x, y, strength):
    x *= 2
    y *= 2
    return x, y


def extra(factor):
    """Ridge's extra data with inputs of this length, given N and λ."""

    def answer(x, y, strength):
        d = x.shape[1]
        return torch.cat([x, factor(len(x), strength) * eye(d)]), torch.cat(
            [y, torch.zeros(d, y.shape[1])]
        )

    return answer


def single_precision_combination():
    x = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    x[:, 2] = 0.3 * x[:, 0] + 0.7 * x[:, 1]
    return x


RANDOM = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
ridge_data = extra(lambda n, s: (n * s) ** 0.5)


def swapped_order(x, y, s):
    new_x, new_y = ridge_data(x, y, s)
    return new_x.flip(0), new_y.flip(0)


INTRO_AND_ONE = [
    entry(
        intro.flip_effect,
        0.7608,
        -0.7608,
        also=[0.76, 0.761, 0.7608, [[0.76]]],
        wrong=[
            ("before the flip", -0.76),
            ("before the flip", -0.7608),
            ("largest difference", 0.7),
            ("turns round", 0),
        ],
    ),
    entry(
        chapter_01.best_constant,
        MASS.mean(),
        MASS,
        also=[4.2, 4.202, np.float64(4.2018)],
        wrong=[
            ("grams", 4201.8),
            ("median", 4.25),
            ("largest difference", 4.35),
            ("largest difference", 4.23),
            ("median", (TENS.median(), TENS)),
            ("middle of the range", (5.5, TENS)),
            ("the sum", (16, TENS)),
        ],
    ),
    entry(
        chapter_01.normal_equations,
        lambda x, y: solve(x.T @ x, x.T @ y).T,
        also=[lambda x, y: fit(x, y).T, lambda x, y: (inv(x.T @ x) @ x.T @ y).T],
        wrong=[
            ("inverse", lambda x, y: y.T @ x),
            ("ask for the inverse", lambda x, y: y.T @ x @ x.T @ x),
            ("transposed", fit),
            ("raised", lambda x, y: x @ y),
            ("on neither", lambda x, y: len(x) * fit(x, y).T),
        ],
    ),
    entry(
        chapter_01.ridge_as_data,
        ridge_data,
        also=[swapped_order, lambda x, y, s: tuple(part.numpy() for part in ridge_data(x, y, s))],
        wrong=[
            ("N is missing", extra(lambda n, s: s**0.5)),
            ("take a root", extra(lambda n, s: s)),
            ("take a root", extra(lambda n, s: n * s)),
            ("under the root", extra(lambda n, s: n * s**0.5)),
            ("change nothing", lambda x, y, s: (x, y)),
            ("not all among yours", changes_in_place),
            (
                "not all among yours",
                lambda x, y, s: (
                    eye(x.shape[1]),
                    solve(x.T @ x + len(x) * s * eye(x.shape[1]), x.T @ y),
                ),
            ),
            ("first inputs, then labels", lambda x, y, s: ridge_data(x, y, s)[::-1]),
            ("a pair", lambda x, y, s: x),
            ("NaN", lambda x, y, s: (x * math.nan, y)),
        ],
    ),
    entry(
        chapter_01.singular_inputs,
        torch.cat([RANDOM[:, :2], RANDOM[:, :2].sum(1, keepdim=True)], dim=1),
        also=[
            single_precision_combination(),
            (RANDOM[:, [0, 1, 0]] * torch.tensor([1, 1, 2])).tolist(),
        ],
        wrong=[
            ("two columns are equal", torch.ones(5, 3)),
            ("linearly independent", RANDOM),
            ("linearly independent", RANDOM.double()),
            ("all zeros", RANDOM * torch.tensor([1.0, 0, 1])),
            ("transposed", RANDOM.T),
            ("NaN", RANDOM * math.nan),
        ],
    ),
    entry(
        chapter_01.leave_one_out,
        lambda x, y: (y - x @ solve(x.T @ x, x.T @ y)) / (1 - (x @ solve(x.T @ x, x.T)).diagonal()),
        also=[
            lambda x, y: [
                y[i]
                - x[i] @ fit(x[torch.arange(len(x)) != i], y[torch.arange(len(x)) != i, None])[:, 0]
                for i in range(len(x))
            ]
        ],
        wrong=[("1 − h_i", lambda x, y: y - x @ fit(x, y[:, None])[:, 0])],
    ),
]


def my_step(w, x, y, lr):
    return w + lr / len(x) * (y - x @ w.T).T @ x


def by_autograd(reduce):
    def step(w, x, y, lr):
        w = w.clone().requires_grad_()
        reduce((x @ w.T - y).square(), len(x)).backward()
        return w - lr * w.grad

    return step


def heavy_ball(gradient_at=lambda w, v, b: w, sign=1, new_first=True):
    def run(x, y, lr, momentum, steps):
        w = v = torch.zeros(y.shape[1], x.shape[1])
        for _ in range(steps):
            at = gradient_at(w, v, momentum)
            old, v = v, momentum * v + sign * (my_step(at, x, y, lr) - at)
            w = w + (v if new_first else old)
        return w

    return run


TWO = [
    entry(
        chapter_02.first_step,
        0.35,
        also=[
            [[0.35]],
            Fraction(35, 100),
            np.array([0.35], dtype=np.float32),
            torch.tensor([[0.35]]),
        ],
        wrong=[
            ("1/N is missing", 0.7),
            ("down the gradient", -0.35),
            ("η times that", 3.5),
            ("that is the gradient", -3.5),
            ("multiplied by the inputs", 0.2),
            ("1/5 times the right one", 0.07),
            ("largest difference", 0.347),
            ("largest difference", 0.4),
        ],
    ),
    entry(
        chapter_02.gradient_step,
        my_step,
        also=[
            by_autograd(lambda r, n: r.sum() / (2 * n)),
            lambda w, x, y, lr: my_step(*(t.float() for t in (w, x, y)), lr),
        ],
        wrong=[
            ("climbs", lambda w, x, y, lr: 2 * w - my_step(w, x, y, lr)),
            ("N alone", by_autograd(lambda r, n: r.mean() / 2)),
            ("1/N is missing", by_autograd(lambda r, n: r.sum() / 2)),
            ("2 too much", by_autograd(lambda r, n: r.sum() / n)),
            ("add it to W", lambda w, x, y, lr: my_step(w, x, y, lr) - w),
            ("that is the gradient", lambda w, x, y, lr: (w - my_step(w, x, y, lr)) / lr),
            ("W is missing", lambda w, x, y, lr: w + lr / len(x) * y.T @ x),
            ("transpose", lambda w, x, y, lr: my_step(w, x, y, lr).T),
        ],
    ),
    entry(
        chapter_02.largest_stable_step,
        lambda x: 2 / eigvalsh(x.T @ x / len(x))[-1],
        also=[lambda x: 2 * len(x) / float(torch.linalg.svdvals(x)[0]) ** 2],
        wrong=[
            ("N is missing", lambda x: 2 / eigvalsh(x.T @ x)[-1]),
            ("smallest eigenvalue", lambda x: 2 / eigvalsh(x.T @ x / len(x))[0]),
            ("1/λ_max", lambda x: 1 / eigvalsh(x.T @ x / len(x))[-1]),
        ],
    ),
    entry(
        chapter_02.best_gaussian_step_size,
        lambda n, d: n / (n + d + 1),
        also=[lambda n, d: Fraction(n, n + d + 1)],
        wrong=[
            ("κ = 1", lambda n, d: n / (n + d - 1)),
            ("2 times the right one", lambda n, d: 2 * n / (n + d + 1)),
            ("right for one set", lambda n, d: 9 / 14),
        ],
    ),
    entry(
        chapter_02.heavy_ball,
        heavy_ball(),
        wrong=[
            ("largest difference", lambda x, y, lr, b, k: torch.zeros(y.shape[1], x.shape[1])),
            ("Nesterov", heavy_ball(lambda w, v, b: w + b * v)),
            ("new* velocity", heavy_ball(new_first=False)),
            ("sign of the gradient", heavy_ball(sign=-1)),
            ("forgotten", lambda x, y, lr, b, k: heavy_ball()(x, y, lr, 0.0, k)),
        ],
    ),
]


def bayes(strength):
    return lambda x, y, q, s, t: (
        solve(x.T @ x + strength(s, t) * eye(x.shape[1]), x.T @ y)[:, 0] @ q
    )


def closest(prompts, k=5):
    order = (prompts.x - prompts.x_query[:, None]).square().sum(-1).argsort(dim=1)[:, :k]
    return prompts.y[torch.arange(prompts.batch)[:, None], order].mean(dim=1)


def ridge_learner(prompts):
    return learners.predict(learners.ridge(prompts, 0.05), prompts.x_query)


def one_pass(order=range, scale=lambda n: 1.0):
    def walk(x, y, lr):
        w = torch.zeros(x.shape[1])
        for i in order(len(x)):
            w = w + scale(len(x)) * lr * (y[i] - w @ x[i]) * x[i]
        return w

    return walk


def adaptive(x, y, x_query):
    penalties = torch.logspace(-3, 1.5, 19)[:, None, None]
    inverse = inv(x.T @ x + penalties * torch.eye(x.shape[1]))
    w = inverse @ x.T @ y
    left_out = (y - x @ w)[..., 0] / (1 - (x @ inverse * x).sum(-1))
    return w[left_out.square().sum(-1).argmin(), :, 0] @ x_query


THREE = [
    entry(
        chapter_03.three_answers,
        [2.5, 3, 6.4],
        also=[
            (2.5, 3, 6.4),
            np.array([2.5, 3, 6.4], dtype=np.float32),
            [[2.5, 3, 6.4]],
            [torch.tensor(2.5), 3, Fraction(64, 10)],
        ],
        wrong=[
            ("the slope", [2.5, 3, 1.6]),
            ("nearest example", [2.5, 2, 6.4]),
            ("goes through zero", [2.5, 3, 5]),
            ("their order is not", [6.4, 2.5, 3]),
            ("shape (2,)", [2.5, 3]),
        ],
    ),
    entry(
        chapter_03.bayes,
        bayes(lambda s, t: (s / t) ** 2),
        wrong=[
            ("least squares", lambda x, y, q, s, t: fit(x, y)[:, 0] @ q),
            ("right for τ = 1 only", bayes(lambda s, t: s**2)),
            ("enter squared", bayes(lambda s, t: s / t)),
            ("weights over noise", bayes(lambda s, t: (t / s) ** 2)),
            (
                "N is missing",
                lambda x, y, q, s, t: bayes(lambda *_: len(x) * (s / t) ** 2)(x, y, q, s, t),
            ),
            (
                "N counts twice",
                lambda x, y, q, s, t: bayes(lambda *_: (s / t) ** 2 / len(x))(x, y, q, s, t),
            ),
        ],
    ),
    entry(
        chapter_03.own_learner,
        closest,
        also=[
            ridge_learner,
            lambda p: ridge_learner(p)[:, 0],
            lambda p: ridge_learner(p).float().numpy(),
        ],
        wrong=[
            ("nearest neighbour", lambda p: p.y.mean(1)),
            ("nearest neighbour", lambda p: closest(p, 1)),
            ("the hidden answer must stay hidden", lambda p: p.y_query),
            ("the hidden answer must stay hidden", lambda p: ridge_learner(p) + 0.01 * p.y_query),
            (
                "y_query is hidden, and weights is None",
                lambda p: learners.predict(p.weights, p.x_query),
            ),
            ("shape (1,), expected (2000, 1)", lambda p: p.y[:1, 0, 0]),
            ("NaN", lambda p: math.nan * p.y_query),
        ],
    ),
    entry(
        chapter_03.past_the_peak,
        111,
        wrong=[("not quite enough", 110), ("still pays", 21), ("exactly 10 %", 112)],
    ),
    entry(
        chapter_03.one_pass,
        one_pass(),
        wrong=[
            ("all examples at once", lambda x, y, lr: lr * y @ x),
            ("mean of all", lambda x, y, lr: lr * y @ x / len(x)),
            ("backwards", one_pass(lambda n: range(n - 1, -1, -1))),
            ("has no 1/N", one_pass(scale=lambda n: 1 / n)),
            ("last example is left out", one_pass(lambda n: range(n - 1))),
        ],
    ),
    entry(
        chapter_03.adaptive,
        adaptive,
        wrong=[
            ("σ = 3.0: your loss is 1.", lambda x, y, q: fit(x, y)[:, 0] @ q),
            ("σ = 0.1: your loss is", lambda x, y, q: bayes(lambda *_: 1.0)(x, y, q, 1, 1)),
            ("NaN", lambda x, y, q: math.nan),
            ("expected ()", lambda x, y, q: y),
        ],
    ),
]


def attend(scale=lambda d: d**-0.5, shift=True, sign=1):
    def answer(query, keys, values):
        scores = sign * keys @ query * scale(len(query))
        grown = (scores - (scores.max() if shift else 0)).exp()
        return grown @ values / grown.sum()

    return answer


NAME = torch.eye(4, 5)
LOUD = 20 * NAME


def prompt_mask(n):
    visible = torch.ones(n + 1, n + 1, dtype=torch.bool)
    visible[:, -1] = False
    return visible


def sharpness(s, v, b):
    a = (b * s).softmax(0)
    return a @ ((s - a @ s) * v)


FOUR = [
    entry(
        chapter_04.softmax_by_hand,
        7,
        wrong=[
            ("plain mean", 6),
            ("exponentiates", 8 * math.log(3)),
            ("larger score", 5),
            ("divide by the sum", 28),
        ],
    ),
    entry(
        chapter_04.attend,
        attend(),
        also=[lambda q, k, v: (k @ q / len(q) ** 0.5).softmax(0) @ v],
        wrong=[
            ("√d is missing", attend(lambda d: 1)),
            ("it is √d", attend(lambda d: 1 / d)),
            ("Subtract the largest score", attend(shift=False)),
            ("sign of the scores", attend(sign=-1)),
        ],
    ),
    entry(
        chapter_04.average_and_select,
        (0 * NAME, NAME),
        (LOUD, NAME),
        answers=2,
        also=[([(0 * NAME).tolist(), NAME.numpy()], torch.stack([LOUD, NAME]))],
        wrong=[
            ("an average gives 0.25", ((LOUD, NAME), (LOUD, NAME))),
            ("make the scores larger", ((0 * NAME, NAME), (NAME, NAME))),
            ("0.9985: it has to be above 0.999", ((0 * NAME, NAME), (15.2 * NAME, NAME))),
            ("0.99899", ((0 * NAME, NAME), (15.995 * NAME, NAME))),
            ("agree on the name", ((0 * NAME, NAME), (LOUD, torch.ones(4, 5)))),
            ("turn the sign", ((0 * NAME, NAME), (-LOUD, NAME))),
            ("exchanged", ((LOUD, NAME), (0 * NAME, NAME))),
            ("a pair (W_Q, W_K)", ((0 * NAME,), (LOUD, NAME))),
            ("transposed", ((0 * NAME.T, NAME), (LOUD, NAME))),
            ("NaN", ((math.nan * NAME, NAME), (LOUD, NAME))),
        ],
    ),
    entry(
        chapter_04.head_rank,
        [3, 12, 16],
        also=[(3, 12, 16), np.array([3, 12, 16])],
        wrong=[("16 slots", [3, 12, 24]), ("add their spaces", [3, 3, 3])],
    ),
    entry(
        chapter_04.prompt_mask,
        prompt_mask,
        also=[lambda n: prompt_mask(n).int(), lambda n: prompt_mask(n).tolist()],
        wrong=[
            ("causal mask", lambda n: torch.ones(n + 1, n + 1).tril() > 0),
            ("transposed", lambda n: prompt_mask(n).T),
            ("may not see", lambda n: ~prompt_mask(n)),
            ("right for one set", lambda n: prompt_mask(3)),
        ],
    ),
    entry(
        chapter_04.sharpness,
        sharpness,
        wrong=[
            ("subtract the mean score", lambda s, v, b: (b * s).softmax(0) @ (s * v)),
            ("one β too many", lambda s, v, b: b * sharpness(s, v, b)),
        ],
    ),
]


def forgetful(queries, keys, values, decay, late=False, read_first=False):
    memory, outputs = torch.zeros(values.shape[1], keys.shape[1]), []
    for q, k, v in zip(queries, keys, values, strict=True):
        if read_first:
            outputs.append(memory @ q)
        memory = (
            decay * (memory + torch.outer(v, k)) if late else decay * memory + torch.outer(v, k)
        )
        if not read_first:
            outputs.append(memory @ q)
    return torch.stack(outputs)


def phi(z):
    return elu(z) + 1


def normalised(q, k, v, weights=lambda q, k: (phi(q) @ phi(k).T).tril()):
    a = weights(q, k)
    return a @ v / a.sum(1, keepdim=True)


HADAMARD = torch.tensor([[1.0, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]) / 2


def overwrite(m, k, v):
    return m + torch.outer(v - m @ k, k) / (k @ k)


FIVE = [
    entry(
        chapter_05.two_pairs,
        5,
        wrong=[("share a direction", 2), ("interference", 3), ("delta rule", 4.28), ("0.6", 7)],
    ),
    entry(
        chapter_05.forgetful,
        forgetful,
        wrong=[
            ("nothing fades", lambda q, k, v, d: (q @ k.T).tril() @ v),
            ("see their future", lambda q, k, v, d: (q @ k.T) @ v),
            ("fades at once", lambda q, k, v, d: forgetful(q, k, v, d, late=True)),
            ("before it writes", lambda q, k, v, d: forgetful(q, k, v, d, read_first=True)),
        ],
    ),
    entry(
        chapter_05.orthogonal_keys,
        HADAMARD,
        also=[HADAMARD.flip(0).tolist(), HADAMARD.double().numpy(), -HADAMARD],
        wrong=[
            ("a key has a zero", eye(4)),
            ("each has to be 1", torch.ones(4, 4)),
            ("as they should be", 2 * HADAMARD),
            ("two keys have the product 1", torch.ones(4, 4) / 2),
            ("NaN", HADAMARD * math.nan),
        ],
    ),
    entry(
        chapter_05.overwrite,
        overwrite,
        wrong=[
            ("sum rule", lambda m, k, v: m + torch.outer(v, k)),
            ("keys of length one", lambda m, k, v: m + torch.outer(v - m @ k, k)),
            ("not by ‖k‖", lambda m, k, v: m + torch.outer(v - m @ k, k) / k.norm()),
            ("add it to the memory", lambda m, k, v: overwrite(m, k, v) - m),
            ("sign is turned", lambda m, k, v: 2 * m - overwrite(m, k, v)),
        ],
    ),
    entry(
        chapter_05.own_pair,
        lambda q, k, v: (q * k).sum(1, keepdim=True) * v,
        wrong=[
            ("sign is wrong", lambda q, k, v: -(q * k).sum(1, keepdim=True) * v),
            ("whole output", lambda q, k, v: (q @ k.T).tril() @ v),
            ("without a mask", lambda q, k, v: (q @ k.T) @ v),
        ],
    ),
    entry(
        chapter_05.normalised,
        normalised,
        wrong=[
            ("divide by the sum", lambda q, k, v: torch.tril(phi(q) @ phi(k).T) @ v),
            (
                "see their future",
                lambda q, k, v: normalised(q, k, v, lambda q, k: phi(q) @ phi(k).T),
            ),
            (
                "that is the softmax",
                lambda q, k, v: normalised(q, k, v, lambda q, k: (q @ k.T).exp().tril()),
            ),
            ("NaN", lambda q, k, v: normalised(q, k, v, lambda q, k: (phi(q) @ phi(k).T).tril(-1))),
        ],
    ),
]


def four(key=(1, 1, 0), value=(0, 0, -1), scale=0.125, query=None):
    W_K = torch.diag(torch.tensor(key).double()) if isinstance(key, tuple) else key
    W_Q = W_K if query is None else query
    return W_K, W_Q, torch.diag(torch.tensor(value).double()), scale * eye(3), 2, 1, 4, 0.5


TURN = torch.tensor([[0.0, 2.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 5.0]], dtype=torch.float64)
EXCHANGE = torch.tensor([[0.0, 1, 0], [1, 0, 0], [0, 0, 0]], dtype=torch.float64)
KEEP = torch.diag(torch.tensor([1.0, 1, 0])).double()
W0 = torch.tensor([[2.0, -1.0, 0.5]])


def start(of_x=W0, of_y=-1.0):
    return torch.cat([torch.zeros(3, 4), torch.cat([of_x, torch.tensor([[of_y]])], dim=1)])


def broken(x, y, lr):
    return y - lr / len(x) * (x @ x.T + y @ y.T) @ y


def prefix(length):
    def answer(dim_x, dim_y, n, decay):
        return torch.cat([length(n, decay) * torch.eye(dim_x), torch.zeros(dim_x, dim_y)], dim=1)

    return answer


def sum_loss(factor):
    return lambda d, o, n, lr: factor(n) * lr * torch.eye(d + o)


SIX = [
    Entry(
        chapter_06.four_matrices,
        four(),
        also=[
            (TURN @ KEEP, inv(TURN).T @ KEEP, *four()[2:]),
            tuple(m.tolist() for m in four()[:4]) + four()[4:],
            tuple(m.float().numpy() for m in four()[:4]) + four()[4:],
            (-KEEP, *four(value=(0, 0, 1))[1:]),
        ],
        wrong=[
            ("also compares y-parts", four(key=(1, 1, 1))),
            ("zero on the x-part", four(key=(0, 0, 0))),
            ("slot 2 of x is left out", four(key=(1, 0, 0))),
            ("W_KᵀW_Q compares slot 1 of x with slot 2", four(key=KEEP, query=EXCHANGE)),
            ("do not count alike", four(key=(1, 2, 0))),
            ("wrong sign", four(value=(0, 0, 1))),
            ("writes into the x-part", four(value=(1, 0, -1))),
            ("never reads the labels", four(value=(0, 0, 0))),
            ("N is forgotten", four(scale=0.5)),
            ("η is missing", four(scale=0.25)),
            ("N counts twice", four(scale=0.5 / 16)),
            ("the size is not", four(scale=0.2)),
            ("W_K has shape (2, 2), expected (3, 3)", (eye(2), *four()[1:])),
            ("P holds NaN", (*four()[:3], four()[3] * math.nan, *four()[4:])),
        ],
        answers=4,
    ),
    entry(
        chapter_06.weights_for_sum_loss,
        sum_loss(lambda n: 2),
        also=[
            lambda d, o, n, lr: torch.cat([torch.zeros(d, d + o), (2 * lr * torch.eye(d + o))[d:]])
        ],
        wrong=[
            ("a 2 missing", sum_loss(lambda n: 1)),
            ("the 2 multiplies", sum_loss(lambda n: 1 / 2)),
            ("P has none", sum_loss(lambda n: 2 / n)),
            ("loss of the chapter", sum_loss(lambda n: 1 / n)),
            ("sign is turned", sum_loss(lambda n: -2)),
        ],
    ),
    entry(
        chapter_06.value_matrix_with_start,
        start(),
        W0,
        also=[start().tolist(), start().double().numpy(), start().float()],
        wrong=[
            ("W_0 has the wrong sign", start(-W0)),
            ("both signs", start(-W0, 1.0)),
            ("y has the wrong sign", start(W0, 1.0)),
            ("do not know W_0", start(0 * W0)),
            ("transpose", start().T),
        ],
    ),
    entry(
        chapter_06.matching_query_matrix,
        lambda m: inv(m).T,
        wrong=[
            ("inverse must be too", inv),
            ("a rotation", lambda m: m.T),
            ("MᵀM", lambda m: m),
            ("sign", lambda m: -inv(m).T),
        ],
    ),
    entry(
        chapter_06.broken_layer,
        broken,
        wrong=[
            ("unbroken", lambda x, y, lr: y - lr / len(x) * x @ x.T @ y),
            ("1/N is missing", lambda x, y, lr: broken(x, y, len(x) * lr)),
            ("sign is turned", lambda x, y, lr: broken(x, y, -lr)),
            ("add it to the labels", lambda x, y, lr: broken(x, y, lr) - y),
        ],
    ),
    entry(
        chapter_06.decay_tokens,
        prefix(lambda n, s: (n * s) ** 0.5),
        also=[
            lambda *a: -prefix(lambda n, s: (n * s) ** 0.5)(*a).flip(0),
            lambda *a: prefix(lambda n, s: (n * s) ** 0.5)(*a).numpy(),
        ],
        wrong=[
            ("change nothing", lambda d, o, n, s: torch.zeros(1, d + o)),
            ("N is missing", prefix(lambda n, s: s**0.5)),
            ("take a root", prefix(lambda n, s: n * s)),
            ("under the root", prefix(lambda n, s: n * s**0.5)),
            ("expected (any number, 4)", lambda d, o, n, s: torch.zeros(1, 2)),
        ],
    ),
]


def transfer(eigenvalues, lr, gamma, n, steps):
    a = b = torch.ones_like(eigenvalues)
    for _ in range(steps):
        curve = eigenvalues * a**2
        a, b = a * (1 - gamma * n * curve), b * (1 - lr * curve)
    return b


def momentum(lr, b):
    root = ((2 + b) ** 2 - 4) ** 0.5
    return [lr / 2 * (2 + b - root), lr / 2 * (2 + b + root)]


SEVEN = [
    entry(
        chapter_07.what_is_left,
        [0.512, 0, -2.744],
        also=[(0.512, 0, -2.744), [0.51, 0, -2.7], np.array([0.8**3, 0, (-1.4) ** 3])],
        wrong=[
            ("there are three", [0.8, 0, -1.4]),
            ("sign of the last", [0.512, 0, 2.744]),
            ("what is gone", [0.488, 1, 3.744]),
        ],
    ),
    entry(
        chapter_07.transfer,
        transfer,
        wrong=[
            ("not bent", lambda e, lr, g, n, k: (1 - lr * e) ** k),
            ("a factor N is missing", lambda e, lr, g, n, k: transfer(e, lr, g, 1, k)),
            ("too few", lambda e, lr, g, n, k: transfer(e, lr, g, n, k - 1)),
        ],
    ),
    entry(
        chapter_07.best_bend,
        lambda s: (s**0.5 - 1) / (s**1.5 - 1),
        also=[lambda s: np.float32((s**0.5 - 1) / (s**1.5 - 1))],
        wrong=[
            ("altogether", lambda s: 1 / s),
            ("larger solution", lambda s: (s**0.5 + 1) / (s**1.5 + 1)),
        ],
    ),
    entry(
        chapter_07.degree,
        [5, 100],
        also=[(5, 100), torch.tensor([5, 100])],
        wrong=[("40 only", [4, 100]), ("order", [100, 5])],
    ),
    entry(
        chapter_07.two_rates,
        lambda a, b: [1 / a, 1 / b],
        also=[
            lambda a, b: torch.tensor([1 / b, 1 / a]),
            lambda a, b: {1 / b, 1 / a},
            lambda a, b: np.array([[1 / b, 1 / a]]),
        ],
        wrong=[
            ("best single rate", lambda a, b: [2 / (a + b)] * 2),
            ("eigenvalues", lambda a, b: [a, b]),
        ],
    ),
    entry(
        chapter_07.same_as_momentum,
        momentum,
        also=[
            lambda lr, b: momentum(lr, b)[::-1],
            lambda lr, b: torch.tensor(momentum(lr, b)).float(),
        ],
        wrong=[
            ("the sum is", lambda lr, b: [lr, lr]),
            ("the product is", lambda lr, b: [0.0, (2 + b) * lr]),
            ("NaN", lambda lr, b: (math.nan, math.nan)),
            ("shape (1,)", lambda lr, b: [lr]),
        ],
    ),
]


def backward(length, dim_x, shift=-1):
    return (
        torch.eye(length),
        torch.diag(torch.ones(length - abs(shift)), shift),
        torch.eye(dim_x),
        torch.eye(dim_x),
    )


def blind(x, y, q, lr):
    return lr / len(x) * (y @ x) @ q - y.mean() / 2


def shift_for(p):
    return lstsq(p[1:], p[:-1], driver="gelsd").solution.T


EIGHT = [
    entry(
        chapter_08.logit_scale,
        math.log(99_900),
        also=[11.5, 11.51, 11.512, 11.511, np.float32(11.512), torch.tensor([11.51])],
        wrong=[
            ("the others weigh", math.log(999)),
            ("the others weigh", 6.91),
            ("2N other tokens", 10.8),
            ("base 10", 4.9996),
            ("largest difference", 12),
            ("largest difference", 11.6),
        ],
    ),
    entry(
        chapter_08.copy_backward,
        backward,
        also=[
            lambda n, d: [m.tolist() for m in backward(n, d)],
            lambda n, d: (2 * torch.eye(n), *backward(n, d)[1:3], torch.eye(d) / 2),
        ],
        wrong=[
            ("lower shift", lambda n, d: backward(n, d, 1)),
            (
                "lower shift",
                lambda n, d: (backward(n, d)[1], *backward(n, d)[:1], *backward(n, d)[2:]),
            ),
            ("two places", lambda n, d: backward(n, d, -2)),
            ("four matrices", lambda n, d: torch.eye(n)),
            (
                "W_V holds NaN",
                lambda n, d: (*backward(n, d)[:2], math.nan * torch.eye(d), torch.eye(d)),
            ),
            ("W_Q has shape (5, 5), expected (6, 6)", lambda n, d: backward(5, 2)),
        ],
    ),
    entry(
        chapter_08.two_back,
        lambda n: torch.diag(torch.ones(n - 2), -2),
        wrong=[
            ("one place before", lambda n: torch.diag(torch.ones(n - 1), -1)),
            ("behind", lambda n: torch.diag(torch.ones(n - 2), 2)),
            ("right for one set", lambda n: torch.diag(torch.ones(3), -2)),
        ],
    ),
    entry(
        chapter_08.blind_prediction,
        blind,
        wrong=[
            ("no longer empty", lambda x, y, q, lr: blind(x, y, q, lr) + y.mean() / 2),
            ("minus* the y-slot", lambda x, y, q, lr: blind(x, y, q, lr) + y.mean()),
            ("1/N is missing", lambda x, y, q, lr: blind(x, y, q, len(x) * lr)),
        ],
    ),
    entry(
        chapter_08.shift_for,
        shift_for,
        also=[lambda p: (torch.linalg.pinv(p[1:]) @ p[:-1]).T],
        wrong=[
            ("finds itself", lambda p: torch.eye(p.shape[1])),
            ("misses", lambda p: torch.zeros(p.shape[1], p.shape[1])),
            ("transposed", lambda p: shift_for(p).T),
            ("exchanged", lambda p: lstsq(p[:-1], p[1:], driver="gelsd").solution.T),
            ("leave it out", lambda p: lstsq(p, p.roll(1, 0), driver="gelsd").solution.T),
            ("NaN", lambda p: math.nan * p.T @ p),
        ],
    ),
]


def soft_pair(s, y, lr, e):
    return lr / (2 * e) * ((e * s).softmax(0) - (-e * s).softmax(0)) @ y


def smoother(x, y, q, h, keys=None):
    weights = (-((x - q) ** 2) / (2 * h**2)).softmax(0)
    right = torch.stack([x / h**2, -(x**2) / (2 * h**2)], dim=1)
    return weights @ y, right if keys is None else keys(x, q, h)


def keys_that_know_the_query(x, q, h):
    return torch.stack([torch.zeros_like(x), -((x - q) ** 2) / (2 * h**2)], dim=1)


NINE = [
    entry(
        chapter_09.hull,
        [-1, 5, 8],
        also=[(-1, 5, 8), np.array([-1, 5, 8.0])],
        wrong=[
            ("votes can be negative", [-1, 5, 7]),
            ("with −1", [-1, 5, 6]),
            ("order", [5, -1, 8]),
        ],
    ),
    entry(
        chapter_09.pair,
        soft_pair,
        wrong=[
            ("η/(2ε)", lambda s, y, lr, e: 2 * soft_pair(s, y, lr, e)),
            ("exchanged", lambda s, y, lr, e: -soft_pair(s, y, lr, e)),
            ("limit", lambda s, y, lr, e: lr / len(s) * (s - s.mean()) @ y),
        ],
    ),
    entry(
        chapter_09.best_epsilon,
        lambda a, b: (b / (2 * a)) ** (1 / 3),
        also=[lambda a, b: np.cbrt(b / (2 * a))],
        wrong=[
            ("derivatives", lambda a, b: (b / a) ** (1 / 3)),
            ("power is 1/3", lambda a, b: (b / (2 * a)) ** 0.5),
        ],
    ),
    entry(
        chapter_09.homogeneous,
        [False, True, False, True],
        also=[
            (False, True, False, True),
            np.array([False, True, False, True]),
            [0, 1, 0, 1],
            torch.tensor([0, 1, 0, 1]) > 0,
        ],
        wrong=[
            ("(c)", [False, True, True, True]),
            ("opposite", [True, False, True, False]),
            ("four times True or False", [2, 1, 0, 1]),
            ("str", ["False", "True", "False", "True"]),
            ("shape (3,)", [False, True, False]),
        ],
    ),
    entry(
        chapter_09.smoother,
        smoother,
        also=[
            lambda x, y, q, h: smoother(x, y, q, h, lambda *a: smoother(x, y, q, h)[1] + 3),
            lambda *a: [p.numpy() for p in smoother(*a)],
        ],
        wrong=[
            (
                "Multiply the square out",
                lambda x, y, q, h: smoother(x, y, q, h, lambda *_: torch.zeros(len(x), 2)),
            ),
            (
                "may not depend on the query",
                lambda x, y, q, h: smoother(x, y, q, h, keys_that_know_the_query),
            ),
            ("order is exchanged", lambda x, y, q, h: smoother(x, y, q, h)[::-1]),
            ("a 2 is missing", lambda x, y, q, h: smoother(x, y, q, h / 2**0.5)),
            (
                "the keys holds NaN",
                lambda x, y, q, h: smoother(
                    x, y, q, h, lambda *_: math.nan * torch.ones(len(x), 2)
                ),
            ),
        ],
    ),
    entry(
        chapter_09.two_pairs,
        lambda pair, s, y, lr, e: (4 * pair(s, y, lr, e) - pair(s, y, lr, 2 * e)) / 3,
        also=[lambda pair, *a: (4 * soft_pair(*a) - soft_pair(*a[:3], 2 * a[3])) / 3],
        wrong=[
            ("one pair: its error falls with ε to the power 2", lambda pair, *a: pair(*a)),
            ("one pair with ε²", lambda pair, s, y, lr, e: pair(s, y, lr, e**2)),
            (
                "mean of both",
                lambda pair, s, y, lr, e: (pair(s, y, lr, e) + pair(s, y, lr, 2 * e)) / 2,
            ),
            ("ε/2", lambda pair, s, y, lr, e: (4 * pair(s, y, lr, e / 2) - pair(s, y, lr, e)) / 3),
            (
                "to the power 2.0",
                lambda pair, s, y, lr, e: 0.7 * pair(s, y, lr, e) + 0.3 * pair(s, y, lr, 2 * e),
            ),
            ("sum to 1", lambda pair, s, y, lr, e: 7.3 * pair(s, y, lr, e)),
            ("NaN", lambda *_: torch.tensor(math.nan)),
        ],
    ),
]


def what_it_does(layer, d):
    A, B = layer.W_K.mT @ layer.W_Q, layer.P @ layer.W_V
    return torch.einsum("h,hij->ij", B[:, d, d], A[:, :d, :d])


def cosine(h, d):
    return 1 / (1 + (1 + 1 / d) / h) ** 0.5


def best_matrix(d, n, s):
    matrix = torch.zeros(d, d)
    matrix[0, 0] = n / (s * (n + 0.8))
    return matrix


TEN = [
    entry(
        chapter_10.other_range,
        [1.515, 4],
        also=[(1.515, 4), [1.52, 4], [1.5, 4], torch.tensor([50 / 33, 4])],
        wrong=[
            ("not 1/x", [3.03, 4]),
            ("shrinks", [24.24, 4]),
            ("square", [1.515, 2]),
            ("order", [4, 50 / 33]),
        ],
    ),
    entry(
        chapter_10.what_it_does,
        what_it_does,
        also=[
            lambda m, d: sum(
                (m.P @ m.W_V)[h, d, d] * (m.W_K[h].T @ m.W_Q[h])[:d, :d] for h in range(m.n_heads)
            )
        ],
        wrong=[
            (
                "first head alone",
                lambda m, d: (m.P @ m.W_V)[0, d, d] * (m.W_K.mT @ m.W_Q)[0, :d, :d],
            ),
            (
                "within each head",
                lambda m, d: (m.P @ m.W_V).sum(0)[d, d] * (m.W_K.mT @ m.W_Q).sum(0)[:d, :d],
            ),
            ("transpose", lambda m, d: what_it_does(m, d).T),
        ],
    ),
    entry(
        chapter_10.rademacher,
        [40 / 19, 2.08],
        also=[(2.105, 2.1), [2.1, 2.06], [2.11, 2.14], np.array([2.105, 2.1])],
        wrong=[
            ("kurtosis", [200 / 99, 2.1]),
            ("kurtosis", [2.02, 2.1]),
            ("more than 3 %", [40 / 19, 2.5]),
            ("NaN", [40 / 19, math.nan]),
            ("shape (1,)", [2.105]),
        ],
    ),
    entry(
        chapter_10.plateau,
        [1 / 16, 1 / 8, 4],
        also=[(1 / 16, 1 / 8, 4), [Fraction(1, 16), Fraction(1, 8), 4], [0.0625, 0.125, 4]],
        wrong=[
            ("four matrices", [1 / 8, 1 / 8, 4]),
            ("the time grows", [1 / 16, 1 / 8, 1 / 4]),
            ("inverse factors", [16, 8, 4]),
        ],
    ),
    entry(
        chapter_10.cosine_of_heads,
        cosine,
        wrong=[
            ("limit for large d", lambda h, d: (1 + 1 / h) ** -0.5),
            ("its square", lambda h, d: cosine(h, d) ** 2),
        ],
    ),
    entry(
        chapter_10.best_matrix,
        best_matrix,
        wrong=[
            ("noise alone", lambda d, n, s: torch.eye(d) * n / (s * (n + 0.8))),
            ("finite N", lambda d, n, s: torch.diag(torch.eye(d)[0] / s)),
            ("s is missing", lambda d, n, s: s * best_matrix(d, n, s)),
        ],
    ),
]


def edge(lr, gamma, n, points=400_001):
    lam = torch.linspace(0, 4, points, dtype=torch.float64)[1:]
    left = (1 - lr * lam) * (1 - lr * lam * (1 - gamma * n * lam) ** 2)
    return float(lam[(left.abs() > 1).int().argmax()])


def layer_by_layer(model, tokens, move=True):
    found = []
    for layer in model.layers:
        one = alignment.read_off(layer, tokens, tokens.shape[-1] - 1)
        found.append((one.lr, one.gamma))
        tokens = layer(tokens).detach() if move else tokens
    return found


def pair_a_layer(prompts):
    return learners.gd_plus_plus(prompts, [4.0, 38.06], [0.43, 0.2], 2)


def by_solving(strength):
    return lambda p: learners.predict(learners.ridge(p, strength), p.x_query)


ELEVEN = [
    entry(
        chapter_11.numbers,
        lambda a, b_x, b_y, n: (-n * a * b_y, -a * b_x),
        wrong=[
            ("η stands before the mean", lambda a, b_x, b_y, n: (-a * b_y, -a * b_x)),
            ("signs", lambda a, b_x, b_y, n: (n * a * b_y, a * b_x)),
            ("order", lambda a, b_x, b_y, n: (-a * b_x, -n * a * b_y)),
        ],
    ),
    entry(
        chapter_11.rescaled,
        lambda lr, gamma, c: (lr / c**2, gamma / c**2),
        wrong=[
            ("smaller numbers", lambda lr, gamma, c: (lr * c**2, gamma * c**2)),
            ("same unit", lambda lr, gamma, c: (lr / c**2, gamma)),
            ("two factors", lambda lr, gamma, c: (lr / c, gamma / c)),
        ],
    ),
    entry(
        chapter_11.edge,
        edge,
        also=[lambda *a: edge(*a, points=4001), lambda *a: round(edge(*a), 3)],
        wrong=[
            ("takes it back", lambda lr, gamma, n: 2 / lr),
            ("factor N is missing", lambda lr, gamma, n: edge(lr, gamma / n, n)),
            ("largest difference", lambda lr, gamma, n: 1.02 * edge(lr, gamma, n)),
            ("NaN", lambda lr, gamma, n: math.nan),
        ],
    ),
    entry(
        chapter_11.layer_by_layer,
        layer_by_layer,
        also=[lambda *a: torch.tensor(layer_by_layer(*a)), lambda *a: np.array(layer_by_layer(*a))],
        wrong=[
            (
                "on the tokens at the bottom",
                lambda model, tokens: layer_by_layer(model, tokens, move=False),
            ),
            ("swap", lambda *a: [(gamma, lr) for lr, gamma in layer_by_layer(*a)]),
            ("reverse order", lambda *a: layer_by_layer(*a)[::-1]),
            ("one list of η", lambda *a: list(zip(*layer_by_layer(*a), strict=True))),
            (
                "a factor N is missing",
                lambda m, t: [(lr / (t.shape[1] - 1), g) for lr, g in layer_by_layer(m, t)],
            ),
        ],
    ),
    entry(
        chapter_11.better,
        pair_a_layer,
        also=[
            lambda p: pair_a_layer(replace(p, x=p.x.double().float())).numpy(),
            lambda p: pair_a_layer(p)[:, 0],
        ],
        wrong=[
            ("tuned GD++ has", lambda p: 0 * p.y_query),
            ("tuned GD++ has", lambda p: learners.gd_plus_plus(p, 13.08, 0.172, 2)),
            ("shape", lambda p: p.y_query[0]),
            ("NaN or infinity", lambda p: p.y_query / 0),
            ("must stay hidden", lambda p: p.y_query),
            ("weights is None", lambda p: learners.predict(p.weights, p.x_query)),
            (
                "Solving a system does not count",
                lambda p: learners.predict(learners.least_squares(p), p.x_query),
            ),
            ("Solving a system does not count", by_solving(1e-3)),
            ("Solving a system does not count", lambda p: learners.gd_plus_plus(p, 20.0, 0.18, 4)),
        ],
    ),
]


def side(n, lr):
    """A gradient step through the side entrance: score by y, hand over x."""
    layer = LinearSelfAttention(2)
    with torch.no_grad():
        layer.W_K[0, 0, 1] = layer.W_Q[0, 0, 0] = layer.W_V[0, 0, 0] = 1.0
        layer.P[0, 1, 0] = -lr / n
    return layer


def side_with_nan(n, lr):
    layer = side(n, lr)
    layer.P.data *= math.nan
    return layer


def eta_star(n, d, s, z):
    return 1 / ((1 + 1 / n) * s + (s * d + z**2) / n)


def of_signs(e, n):
    return e.sum() * e / n + (n - 1) / n * e**2


TWELVE = [
    entry(
        chapter_12.eta_star,
        eta_star,
        wrong=[
            ("trace", lambda n, d, s, z: 1 / ((1 + 1 / n) * s + (s + z**2) / n)),
            ("noise is missing", lambda n, d, s, z: eta_star(n, d, s, 0.0)),
            ("its variance", lambda n, d, s, z: eta_star(n, d, s, z**0.5)),
        ],
    ),
    entry(
        chapter_12.many_examples,
        [2, 0.5, 1],
        also=[(2, 0.5, 1), np.array([2, 0.5, 1])],
        wrong=[("inverse", [0.5, 2, 1]), ("square root", [2, 0.5, 0.5]), ("order", [1, 0.5, 2])],
    ),
    entry(
        chapter_12.second_moment_of_signs,
        of_signs,
        wrong=[
            ("Gaussian", lambda e, n: (1 + 1 / n) * e**2 + e.sum() * e / n),
            ("not N²", lambda e, n: e.sum() * e / n + e**2),
        ],
    ),
    entry(
        chapter_12.shifted,
        84.702152,
        also=[85, 84, 84.7, 84.70, np.float32(84.7), torch.tensor(84.7022)],
        wrong=[
            ("same eigenvalues", 1),
            ("largest difference", 90),
            ("upside down", 0.0118),
            ("largest difference", 80),
        ],
    ),
    entry(
        chapter_12.side_layer,
        side,
        also=[lambda n, lr: side(n, lr).double()],
        wrong=[
            ("main entrance is open", lambda n, lr: construct.gd_layer(1, 1, n, lr)),
            ("sign", lambda n, lr: side(n, -lr)),
            ("η/N", lambda n, lr: side(1, lr)),
            ("answers 0", lambda n, lr: LinearSelfAttention(2)),
            ("expected a LinearSelfAttention(2)", lambda n, lr: LinearSelfAttention(3)),
            ("P holds NaN", side_with_nan),
            ("right one", lambda n, lr: side(n, 3 * lr)),
        ],
    ),
]


def free_numbers(d):
    return d * d + 2 * d


def pool_matrix(S, n, s):
    return solve(s * ((1 + 1 / n) * S + S.trace() / n * torch.eye(len(S)).to(S)), S)


THIRTEEN = [
    entry(
        chapter_13.pair_step,
        6.636,
        also=[6.64, 2 * 1.58 * 2.1, np.float32(6.636), Fraction(6636, 1000)],
        wrong=[
            ("two heads add up", 3.318),
            ("the sign", -6.636),
            ("the scores count", 3.16),
            ("multiplied, not added", 7.36),
            ("1/N", 0.664),
        ],
    ),
    entry(
        chapter_13.free_numbers,
        free_numbers,
        also=[lambda d: (d + 1) ** 2 - 1, lambda d: torch.tensor((d + 1) * (d + 1) - 1)],
        wrong=[
            ("one number less", lambda d: (d + 1) ** 2),
            ("never read", lambda d: (d + 1) + (d + 1) ** 2 - 1),
            ("all weights", lambda d: 4 * (d + 1) ** 2),
            ("b is missing", lambda d: (d + 1) * d),
            ("add them", lambda d: (d + 1) ** 2 * d),
            ("only the main entrance", lambda d: d * d),
        ],
    ),
    entry(
        chapter_13.enough,
        2520,
        also=[2520.0, np.int64(2520), torch.tensor(2520)],
        wrong=[
            ("1/21", 2400),
            ("how many prompts", 21),
            ("10 %", 1320),
            ("where the loss is largest", 120),
            ("exactly 1.05", 2521),
            ("exactly 1.05", 2519),
        ],
    ),
    entry(
        chapter_13.powers,
        [3, 0, 1],
        also=[(3, 0, 1), np.array([3, 0, 1]), torch.tensor([3.0, 0.0, 1.0])],
        wrong=[
            ("each bring a factor", [2, 0, 1]),
            ("does not change with c", [3, 1, 1]),
            ("labels that grow", [3, 0, 0]),
            ("only for small scores", [3, 0, 3]),
            ("order", [3, 1, 0]),
        ],
    ),
    entry(
        chapter_13.best_for_pool,
        pool_matrix,
        also=[lambda S, n, s: pool_matrix(S, n, s).numpy()],
        wrong=[
            (
                "Ω is missing",
                lambda S, n, s: inv(s * ((1 + 1 / n) * S + S.trace() / n * eye(len(S)))),
            ),
            ("endless functions", lambda S, n, s: pool_matrix(eye(len(S)), n, s)),
            ("variance is missing", lambda S, n, s: pool_matrix(S, n, 1.0)),
            ("one s cancels", lambda S, n, s: pool_matrix(S, n, s * s)),
        ],
    ),
]


def sine_covariance(distance, least, most):
    return (most**3 - least**3) / (6 * (most - least)) * math.cos(distance)


def kernel_step(x, y, x_query, lr):
    return lr * (y * torch.cos(x - x_query)).mean()


def twice_around(x):
    return torch.cat([torch.ones_like(x), (2 * x).sin(), (2 * x).cos()], dim=-1)


FOURTEEN = [
    entry(
        chapter_14.half_mean,
        1.6234,
        also=[1.62, 2.55 * 2 / math.pi, np.float32(1.6234)],
        wrong=[
            ("what of the phases", 2.55),
            ("what of the amplitudes", 0.6366),
            ("not 1/π", 0.8117),
            ("not 0", 0),
            ("begin at 0.1", 1.5915),
        ],
    ),
    entry(
        chapter_14.best_rate,
        lambda n: 2 * n / (n + 1),
        also=[lambda n: torch.tensor(2 * n / (n + 1)), lambda n: Fraction(2 * n, n + 1)],
        wrong=[
            ("endless examples", lambda n: 2),
            ("½ cos", lambda n: 1),
            ("multiply by N", lambda n: 2 / (n + 1)),
            ("(N + 1)/2", lambda n: 2 * n / (n - 1)),
            ("the 2 is missing", lambda n: n / (n + 1)),
        ],
    ),
    entry(
        chapter_14.covariance,
        sine_covariance,
        also=[lambda g, a, b: (a * a + a * b + b * b) / 6 * math.cos(-g)],
        wrong=[
            ("½ is missing", lambda g, a, b: 2 * sine_covariance(g, a, b)),
            ("not (E a)²", lambda g, a, b: (a + b) ** 2 / 8 * math.cos(g)),
            ("cosine alone", lambda g, a, b: math.cos(g) / 2),
            ("not a sine", lambda g, a, b: sine_covariance(0, a, b) * math.sin(g)),
            ("at distance 0", lambda g, a, b: sine_covariance(0, a, b)),
        ],
    ),
    entry(
        chapter_14.kernel_step,
        kernel_step,
        also=[
            lambda x, y, q, lr: lr * (y * (x.sin() * q.sin() + x.cos() * q.cos())).sum() / len(x)
        ],
        wrong=[
            ("1/N", lambda x, y, q, lr: len(x) * kernel_step(x, y, q, lr)),
            ("η is missing", lambda x, y, q, lr: kernel_step(x, y, q, 1.0)),
            ("not their sum", lambda x, y, q, lr: kernel_step(x, y, -q, lr)),
            ("not its sine", lambda x, y, q, lr: lr * (y * torch.sin(x - q)).mean()),
        ],
    ),
    entry(
        chapter_14.features,
        twice_around,
        also=[
            lambda x: torch.cat([x.sin() ** 2, (2 * x).sin(), x**0], dim=-1),
            lambda x: torch.cat([x.sin() ** 2, x.cos() ** 2, (2 * x).sin()], dim=-1),
        ],
        wrong=[
            ("must span", lambda x: torch.cat([x.sin(), x.cos()], dim=-1)),
            ("must span", lambda x: twice_around(x)[..., 1:]),
            ("at most 4", lambda x: torch.cat([twice_around(x)] * 2, dim=-1)),
            ("expected (20, 11", lambda x: twice_around(x)[0]),
        ],
    ),
]


def uniform_map(x, y, q, lr):
    return lr / 2 * y.mean() * (x.mean(0) @ q)


def three_rates(rates, n):
    r1, r2, r3 = (rate / n for rate in rates)
    return r1 + r2 + r3, -(r1 * r2 + r1 * r3 + r2 * r3), r1 * r2 * r3


def lower_solve(x, y, q):
    return torch.linalg.solve_triangular((x @ x.T).tril(), y[:, None], upper=False)[:, 0] @ x @ q


def kaczmarz(x, y, q):
    weights = torch.zeros_like(q)
    for a, b in zip(x, y, strict=True):
        weights = weights + (b - weights @ a) / (a @ a) * a
    return weights @ q


FIFTEEN = [
    entry(
        chapter_15.plateau,
        lambda d, s: d * s**2 / 6,
        also=[
            lambda d, s: Fraction(d, 6) * Fraction(s) ** 2,
            lambda d, s: torch.tensor(d * s * s / 6),
        ],
        wrong=[
            ("half the mean square", lambda d, s: d * s**2 / 3),
            ("not s²", lambda d, s: d * s**2 / 2),
            ("as a square", lambda d, s: d * s / 6),
            ("all N_x", lambda d, s: s**2 / 6),
            ("U(−s/2, s/2)", lambda d, s: d * s**2 / 24),
        ],
    ),
    entry(
        chapter_15.picked_up,
        lambda w, y: w[::2, 1::2] @ y,
        also=[lambda w, y: torch.einsum("ij,j->i", w[0::2, 1::2], y)],
        wrong=[
            ("columns 1, 3, 5", lambda w, y: w[::2, ::2] @ y),
            ("y-tokens pick up", lambda w, y: w[1::2, 1::2] @ y),
            ("all tokens", lambda w, y: w[:, 1::2] @ y),
            ("query's token is missing", lambda w, y: (w[::2, 1::2] @ y)[:-1]),
        ],
    ),
    entry(
        chapter_15.before_drop,
        uniform_map,
        also=[lambda x, y, q, lr: lr / len(x) * (y.mean() / 2 * x @ q).sum()],
        wrong=[
            ("half of the values", lambda x, y, q, lr: 2 * uniform_map(x, y, q, lr)),
            ("the same half mean", lambda x, y, q, lr: lr / len(x) * (y @ x) @ q),
            ("1/N", lambda x, y, q, lr: len(x) * uniform_map(x, y, q, lr)),
            ("η is missing", lambda x, y, q, lr: uniform_map(x, y, q, 1.0)),
            ("the sign", lambda x, y, q, lr: -uniform_map(x, y, q, lr)),
        ],
    ),
    entry(
        chapter_15.polynomial,
        three_rates,
        also=[lambda r, n: torch.tensor(three_rates(r, n)), lambda r, n: list(three_rates(r, n))],
        wrong=[
            ("1/N is missing", lambda r, n: three_rates(r, 1)),
            ("alternate", lambda r, n: tuple(map(abs, three_rates(r, n)))),
            ("rising powers", lambda r, n: three_rates(r, n)[::-1]),
            ("not their mean", lambda r, n: (three_rates(r, n)[0] / 3, *three_rates(r, n)[1:])),
        ],
    ),
    entry(
        chapter_15.masked_limit,
        lower_solve,
        also=[kaczmarz, lambda x, y, q: torch.linalg.solve((x @ x.T).tril(), y) @ x @ q],
        wrong=[
            ("least squares", lambda x, y, q: torch.linalg.pinv(x) @ y @ q),
            ("below", lambda x, y, q: torch.linalg.solve((x @ x.T).triu(), y) @ x @ q),
            ("one layer", lambda x, y, q: y @ x @ q),
            ("inverse", lambda x, y, q: (x @ x.T).tril() @ y @ x @ q),
        ],
    ),
]


def margin(values, bounds, ideals, signs):
    return signs * (bounds - values) / (bounds - ideals).abs()


def normal(z):
    return (1 + math.erf(z / math.sqrt(2))) / 2


def two_losses(x, y, x_query, y_query, noise, strength=lambda noise, n: noise**2 / n):
    """Of the ridge that knows the noise, and of least squares."""
    prompts = Prompts(x, y, x_query, y_query)

    def losses(weights):
        return learners.query_loss(learners.predict(weights, prompts.x_query), prompts)

    ours = losses(learners.ridge(prompts, strength(noise, prompts.n_context)))
    return ours, losses(learners.least_squares(prompts))


def own_ratio(*given):
    ours, theirs = two_losses(*given)
    return ours.mean() / theirs.mean()


def with_half(ours, theirs, factor=1.0):
    r = ours.mean() / theirs.mean()
    return r, factor * 1.96 * (ours - r * theirs).std() / len(ours) ** 0.5 / theirs.mean()


SEVENTEEN = [
    entry(
        chapter_17.by_chance,
        lambda m, p: (m * p, 1 - (1 - p) ** m),
        also=[
            lambda m, p: [m * p, -math.expm1(m * math.log1p(-p))],
            lambda m, p: (
                sum(p for _ in range(m)),
                sum(math.comb(m, k) * p**k * (1 - p) ** (m - k) for k in range(1, m + 1)),
            ),
        ],
        wrong=[
            ("none is wrong", lambda m, p: (m * p, (1 - p) ** m)),
            ("m p", lambda m, p: (m * (1 - p), 1 - (1 - p) ** m)),
            ("all of them", lambda m, p: (m * p, p**m)),
            ("exactly one", lambda m, p: (m * p, m * p * (1 - p) ** (m - 1))),
        ],
    ),
    entry(
        chapter_17.still_failing,
        lambda n, chance: 1 - chance ** (1 / n),
        also=[lambda n, chance: -math.expm1(math.log(chance) / n)],
        wrong=[
            ("that hold", lambda n, chance: chance ** (1 / n)),
            ("all n held", lambda n, chance: 1 - (1 - chance) ** (1 / n)),
            ("not the n-th part", lambda n, chance: chance / n),
            ("share itself", lambda n, chance: 1 - chance**n),
            ("rule of three", lambda n, chance: -math.log(chance) / n),
        ],
    ),
    entry(
        chapter_17.margins,
        margin,
        also=[lambda v, b, i, s: [float(m) for m in margin(v, b, i, s)]],
        wrong=[
            ("above 0", lambda v, b, i, s: s * (b - v) / (b - i)),
            ("not from 0", lambda v, b, i, s: s * (b - v) / b),
            ("in tolerances", lambda v, b, i, s: s * (b - v)),
            ("the sign is missing", lambda v, b, i, s: (b - v) / (b - i).abs()),
            ("the bound at 1", lambda v, b, i, s: (v - i) / (b - i)),
            ("the sign", lambda v, b, i, s: -margin(v, b, i, s)),
        ],
    ),
    entry(
        chapter_17.afterwards,
        lambda slack: normal(slack / math.sqrt(2)),
        also=[lambda slack: (1 + math.erf(slack / 2)) / 2],
        wrong=[
            ("variance 2", normal),
            ("√2 divides", lambda slack: normal(slack * math.sqrt(2))),
            ("its deviation", lambda slack: normal(slack / 2)),
            ("the sign", lambda slack: normal(-slack / math.sqrt(2))),
            ("both sides", lambda slack: math.erf(slack / 2)),
        ],
    ),
    entry(
        chapter_17.own_figure,
        own_ratio,
        also=[lambda *given: float(own_ratio(*given))],
        wrong=[
            ("turned", lambda *given: 1 / own_ratio(*given)),
            (
                "mean of the ratios",
                lambda *given: (lambda a, b: (a / b).mean())(*two_losses(*given)),
            ),
            (
                "medians",
                lambda *given: (lambda a, b: a.median() / b.median())(*two_losses(*given)),
            ),
            ("carries 1/N", lambda *given: own_ratio(*given, lambda noise, n: noise**2)),
            ("as a square", lambda *given: own_ratio(*given, lambda noise, n: noise / n)),
            ("the ridge's loss", lambda *given: two_losses(*given)[0].mean()),
        ],
    ),
    entry(
        chapter_17.ratio,
        with_half,
        also=[lambda a, b: [float(part) for part in with_half(a, b)]],
        wrong=[
            ("1.96 is missing", lambda a, b: with_half(a, b, 1 / 1.96)),
            ("√n is missing", lambda a, b: with_half(a, b, len(a) ** 0.5)),
            ("mean of theirs", lambda a, b: with_half(a, b, b.mean())),
            ("whole interval", lambda a, b: with_half(a, b, 2)),
            (
                "difference",
                lambda a, b: (
                    a.mean() / b.mean(),
                    1.96 * (a - b).std() / len(a) ** 0.5 / b.mean(),
                ),
            ),
            (
                "mean of the ratios",
                lambda a, b: ((a / b).mean(), 1.96 * (a / b).std() / len(a) ** 0.5),
            ),
            (
                "paired",
                lambda a, b: (
                    a.mean() / b.mean(),
                    1.96
                    / len(a) ** 0.5
                    * a.mean()
                    / b.mean()
                    * (a.var() / a.mean() ** 2 + b.var() / b.mean() ** 2).sqrt(),
                ),
            ),
        ],
    ),
]


def residual_by_inputs(W, x, y):
    return (x @ W.T - y).T @ x


NEEDED = [
    entry(
        what_you_need.shapes,
        [100, 3, 3],
        also=[torch.Size([100, 3, 3]), (100, 3, 3), np.array([100, 3, 3])],
        wrong=[
            ("x @ x.mT", [100, 8, 8]),
            ("a product of its own", [3, 3]),
            ("that is x.mT", [100, 3, 8]),
            ("stays where it is", [3, 3, 100]),
        ],
    ),
    entry(
        what_you_need.gradient,
        lambda W, x, y: residual_by_inputs(W, x, y) / len(x),
        also=[lambda W, x, y: torch.einsum("no,ni->oi", x @ W.T - y, x) / x.shape[0]],
        wrong=[
            ("1/N is missing", residual_by_inputs),
            ("the sign", lambda W, x, y: -residual_by_inputs(W, x, y) / len(x)),
            ("transposed", lambda W, x, y: residual_by_inputs(W, x, y).T / len(x)),
            ("factor 2 is too much", lambda W, x, y: 2 * residual_by_inputs(W, x, y) / len(x)),
            ("no 1/N_y", lambda W, x, y: residual_by_inputs(W, x, y) / y.numel()),
            ("W x is missing", lambda W, x, y: -y.T @ x / len(x)),
        ],
    ),
    entry(
        what_you_need.power,
        [0.9**10, 0.5**10, 0.0],
        also=[[0, 0.5**10, 0.9**10], (0.9**10, 0, 0.5**10), [0.35, 0.00098, 0]],
        wrong=[
            ("H¹⁰", [0.1**10, 0.5**10, 1]),
            ("first subtract", [1 - 0.1**10, 1 - 0.5**10, 0]),
            ("ten times", [0.9, 0.5, 0]),
            ("ten steps", [0, -4, -9]),
        ],
    ),
    entry(
        what_you_need.draws,
        38416,
        also=[196.0**2, (1.96 * 0.3 / 0.003) ** 2, np.int64(38416)],
        wrong=[
            ("square it", 196),
            ("2 in place of 1.96", 40000),
            ("1.96 is missing", 10000),
            ("half the interval", 153664),
            ("one less is enough", 38417),
        ],
    ),
    entry(
        what_you_need.best_factor,
        lambda sigma: 1 / (1 + sigma**2),
        also=[lambda sigma: torch.tensor(1.0) / (1 + sigma**2)],
        wrong=[
            ("its variance", lambda sigma: 1 / (1 + sigma)),
            ("the 1 is missing", lambda sigma: 1 / sigma**2),
            ("1 − g", lambda sigma: sigma**2 / (1 + sigma**2)),
            ("no noise", lambda sigma: 1),
            ("correlation", lambda sigma: (1 + sigma**2) ** -0.5),
        ],
    ),
]


def flipped_moments(votes, p):
    mean = (1 - 2 * p) * votes.sum()
    return mean, (4 * p * (1 - p) * votes.square().sum()).sqrt()


def rank_one(W, alone, after):
    return torch.outer(W @ (after - alone), alone) / (alone @ alone)


def fading_step(M, k, v, alpha, beta):
    return alpha * M - beta * torch.outer(alpha * M @ k - v, k)


def adds_up(learner, x, y, asked):
    single = [learner(x[i : i + 1], y[i : i + 1], asked) for i in range(len(x))]
    together = learner(x, y, asked)
    doubled = torch.allclose(learner(x, 2 * y, asked), 2 * together, atol=1e-9)
    return doubled and torch.allclose(sum(single), together, atol=1e-9)


SIXTEEN = [
    entry(
        chapter_16.calibrated,
        lambda a, y: ((a > a.median()) == (y > 0)).double().mean(),
        also=[
            lambda a, y: sum((a > a.quantile(0.5)) == (y > 0)) / len(y),
            lambda a, y: float(y[a.argsort()[len(y) // 2 :]].gt(0).double().mean()),
        ],
        wrong=[
            ("favourite word", lambda a, y: ((a > 0) == (y > 0)).double().mean()),
            ("moves the mean", lambda a, y: ((a > a.mean()) == (y > 0)).double().mean()),
            (
                "knows the answers",
                lambda a, y: max(((a > t) == (y > 0)).double().mean() for t in a),
            ),
            ("not below", lambda a, y: ((a <= a.median()) == (y > 0)).double().mean()),
        ],
    ),
    entry(
        chapter_16.noisy_labels,
        flipped_moments,
        also=[lambda v, p: (v.sum() - 2 * p * v.sum(), 2 * v.norm() * (p - p**2) ** 0.5)],
        wrong=[
            ("changes sides", lambda v, p: ((1 - p) * v.sum(), flipped_moments(v, p)[1])),
            (
                "not its square",
                lambda v, p: (flipped_moments(v, p)[0], flipped_moments(v, p)[1] ** 2),
            ),
            ("has a 4", lambda v, p: (flipped_moments(v, p)[0], flipped_moments(v, p)[1] / 2)),
            (
                "variances add",
                lambda v, p: (flipped_moments(v, p)[0], 2 * (p * (1 - p)) ** 0.5 * v.abs().sum()),
            ),
        ],
    ),
    entry(
        chapter_16.patch,
        rank_one,
        also=[lambda W, a, b: W @ torch.outer(b - a, a) / a.norm() ** 2],
        wrong=[
            ("overshoots", lambda W, a, b: torch.outer(W @ (b - a), a)),
            ("not by its root", lambda W, a, b: torch.outer(W @ (b - a), a) / a.norm()),
            ("without the prompt", lambda W, a, b: torch.outer(W @ (b - a), b) / (b @ b)),
            ("only ΔW", lambda W, a, b: W + rank_one(W, a, b)),
            ("the sign", lambda W, a, b: -rank_one(W, a, b)),
        ],
    ),
    entry(
        chapter_16.gated_delta,
        fading_step,
        also=[
            lambda M, k, v, a, b: (
                M @ (a * torch.eye(len(k)).double() - a * b * torch.outer(k, k))
                + b * torch.outer(v, k)
            )
        ],
        wrong=[
            (
                "fades first",
                lambda M, k, v, a, b: a * M - b * torch.outer(M @ k - v, k),
            ),
            (
                "in full",
                lambda M, k, v, a, b: a * (M - b * torch.outer(M @ k - v, k)),
            ),
            ("α is missing", lambda M, k, v, a, b: M - b * torch.outer(M @ k - v, k)),
            ("β is missing", lambda M, k, v, a, b: a * M - torch.outer(a * M @ k - v, k)),
            ("against the gradient", lambda M, k, v, a, b: 2 * a * M - fading_step(M, k, v, a, b)),
            ("on the right", lambda M, k, v, a, b: a * M - b * torch.outer(k, a * M @ k - v)),
        ],
    ),
    entry(
        chapter_16.additive,
        lambda *asked: torch.tensor(float(adds_up(*asked))),
        also=[adds_up],
        wrong=[
            ("it must pass", lambda learner, x, y, asked: False),
            (
                "as well: do not test",
                lambda learner, x, y, asked: torch.allclose(
                    learner(x, y, asked), asked @ (x.mT @ y)
                ),
            ),
            (
                "no sum over single examples",
                lambda learner, x, y, asked: torch.allclose(
                    learner(x, -y, asked), -learner(x, y, asked)
                ),
            ),
        ],
    ),
]

TABLE = INTRO_AND_ONE + TWO + THREE + FOUR + FIVE + SIX + SEVEN + EIGHT + NINE + TEN + ELEVEN
TABLE += TWELVE + THIRTEEN + FOURTEEN + FIFTEEN + SIXTEEN + SEVENTEEN + NEEDED
