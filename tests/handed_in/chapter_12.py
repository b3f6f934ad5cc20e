"""What learners hand in: chapter 12."""

import math

import numpy as np
import torch

from handed_in.entries import entry
from icllib import construct
from icllib.attention import LinearSelfAttention
from icllib.checks import chapter_12


def side(n, lr):
    """A gradient step through the side entrance: score by y, hand over x."""
    layer = LinearSelfAttention(2)
    with torch.no_grad():
        layer.W_K[0, 0, 1] = layer.W_Q[0, 0, 0] = layer.W_V[0, 0, 0] = 1.0
        layer.P[0, 1, 0] = -lr / n
    return layer


def side_with_nan(n, lr):
    layer = side(n, lr)
    layer.P.data *= math.nan
    return layer


def eta_star(n, d, s, z):
    return 1 / ((1 + 1 / n) * s + (s * d + z**2) / n)


def of_signs(e, n):
    return e.sum() * e / n + (n - 1) / n * e**2


ENTRIES = [
    entry(
        chapter_12.eta_star,
        eta_star,
        wrong=[
            ("trace", lambda n, d, s, z: 1 / ((1 + 1 / n) * s + (s + z**2) / n)),
            ("noise is missing", lambda n, d, s, z: eta_star(n, d, s, 0.0)),
            ("its variance", lambda n, d, s, z: eta_star(n, d, s, z**0.5)),
        ],
    ),
    entry(
        chapter_12.many_examples,
        [2, 0.5, 1],
        also=[(2, 0.5, 1), np.array([2, 0.5, 1])],
        wrong=[("inverse", [0.5, 2, 1]), ("square root", [2, 0.5, 0.5]), ("order", [1, 0.5, 2])],
    ),
    entry(
        chapter_12.second_moment_of_signs,
        of_signs,
        wrong=[
            ("Gaussian", lambda e, n: (1 + 1 / n) * e**2 + e.sum() * e / n),
            ("not N²", lambda e, n: e.sum() * e / n + e**2),
        ],
    ),
    entry(
        chapter_12.shifted,
        84.702152,
        also=[85, 84, 84.7, 84.70, np.float32(84.7), torch.tensor(84.7022)],
        wrong=[
            ("same eigenvalues", 1),
            ("largest difference", 90),
            ("upside down", 0.0118),
            ("largest difference", 80),
        ],
    ),
    entry(
        chapter_12.side_layer,
        side,
        also=[lambda n, lr: side(n, lr).double()],
        wrong=[
            ("main entrance is open", lambda n, lr: construct.gd_layer(1, 1, n, lr)),
            ("sign", lambda n, lr: side(n, -lr)),
            ("η/N", lambda n, lr: side(1, lr)),
            ("answers 0", lambda n, lr: LinearSelfAttention(2)),
            ("expected a LinearSelfAttention(2)", lambda n, lr: LinearSelfAttention(3)),
            ("P holds NaN", side_with_nan),
            ("right one", lambda n, lr: side(n, 3 * lr)),
        ],
    ),
]
