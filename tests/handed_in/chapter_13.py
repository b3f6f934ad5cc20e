"""What learners hand in: chapter 13."""

from fractions import Fraction

import numpy as np
import torch
from torch.linalg import inv, solve

from handed_in.entries import entry, eye
from icllib.checks import chapter_13


def free_numbers(d):
    return d * d + 2 * d


def pool_matrix(S, n, s):
    return solve(s * ((1 + 1 / n) * S + S.trace() / n * torch.eye(len(S)).to(S)), S)


ENTRIES = [
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
