"""What learners hand in: chapter 10."""

import math
from fractions import Fraction

import numpy as np
import torch

from handed_in.entries import entry
from icllib.checks import chapter_10


def what_it_does(layer, d):
    A, B = layer.W_K.mT @ layer.W_Q, layer.P @ layer.W_V
    return torch.einsum("h,hij->ij", B[:, d, d], A[:, :d, :d])


def cosine(h, d):
    return 1 / (1 + (1 + 1 / d) / h) ** 0.5


def best_matrix(d, n, s):
    matrix = torch.zeros(d, d)
    matrix[0, 0] = n / (s * (n + 0.8))
    return matrix


ENTRIES = [
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
