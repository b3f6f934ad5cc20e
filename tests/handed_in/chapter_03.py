"""What learners hand in: chapter 3."""

import math
from fractions import Fraction

import numpy as np
import torch
from torch.linalg import inv, solve

from handed_in.chapter_01 import fit
from handed_in.entries import entry, eye
from icllib import learners
from icllib.checks import chapter_03


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


ENTRIES = [
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
