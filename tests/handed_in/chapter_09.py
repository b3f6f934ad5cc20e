"""What learners hand in: chapter 9."""

import math

import numpy as np
import torch

from handed_in.entries import entry
from icllib.checks import chapter_09


def soft_pair(s, y, lr, e):
    return lr / (2 * e) * ((e * s).softmax(0) - (-e * s).softmax(0)) @ y


def smoother(x, y, q, h, keys=None):
    weights = (-((x - q) ** 2) / (2 * h**2)).softmax(0)
    right = torch.stack([x / h**2, -(x**2) / (2 * h**2)], dim=1)
    return weights @ y, right if keys is None else keys(x, q, h)


def keys_that_know_the_query(x, q, h):
    return torch.stack([torch.zeros_like(x), -((x - q) ** 2) / (2 * h**2)], dim=1)


ENTRIES = [
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
