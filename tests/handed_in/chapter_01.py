"""What learners hand in: the introduction and chapter 1."""

import math

import numpy as np
import torch
from torch.linalg import inv, lstsq, solve

from handed_in.entries import entry, eye
from icllib.checks import chapter_01, intro

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


ENTRIES = [
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
