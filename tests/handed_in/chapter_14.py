"""What learners hand in: chapter 14."""

import math
from fractions import Fraction

import numpy as np
import torch

from handed_in.entries import entry
from icllib.checks import chapter_14


def sine_covariance(distance, least, most):
    return (most**3 - least**3) / (6 * (most - least)) * math.cos(distance)


def kernel_step(x, y, x_query, lr):
    return lr * (y * torch.cos(x - x_query)).mean()


def twice_around(x):
    return torch.cat([torch.ones_like(x), (2 * x).sin(), (2 * x).cos()], dim=-1)


ENTRIES = [
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
