"""What learners hand in: chapter 2."""

from fractions import Fraction

import numpy as np
import torch
from torch.linalg import eigvalsh

from handed_in.entries import entry
from icllib.checks import chapter_02


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


ENTRIES = [
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
