"""What learners hand in: chapter 8."""

import math

import numpy as np
import torch
from torch.linalg import lstsq

from handed_in.entries import entry
from icllib.checks import chapter_08


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


ENTRIES = [
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
