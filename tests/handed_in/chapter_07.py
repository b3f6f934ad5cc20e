"""What learners hand in: chapter 7."""

import math

import numpy as np
import torch

from handed_in.entries import entry
from icllib.checks import chapter_07


def transfer(eigenvalues, lr, gamma, n, steps):
    a = b = torch.ones_like(eigenvalues)
    for _ in range(steps):
        curve = eigenvalues * a**2
        a, b = a * (1 - gamma * n * curve), b * (1 - lr * curve)
    return b


def momentum(lr, b):
    root = ((2 + b) ** 2 - 4) ** 0.5
    return [lr / 2 * (2 + b - root), lr / 2 * (2 + b + root)]


ENTRIES = [
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
