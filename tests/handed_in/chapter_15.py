"""What learners hand in: chapter 15."""

from fractions import Fraction

import torch

from handed_in.entries import entry
from icllib.checks import chapter_15


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


ENTRIES = [
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
