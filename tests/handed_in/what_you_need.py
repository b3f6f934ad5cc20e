"""What learners hand in: what you need."""

import numpy as np
import torch

from handed_in.entries import entry
from icllib.checks import what_you_need


def residual_by_inputs(W, x, y):
    return (x @ W.T - y).T @ x


ENTRIES = [
    entry(
        what_you_need.shapes,
        [100, 3, 3],
        also=[torch.Size([100, 3, 3]), (100, 3, 3), np.array([100, 3, 3])],
        wrong=[
            ("x @ x.mT", [100, 8, 8]),
            ("a product of its own", [3, 3]),
            ("that is x.mT", [100, 3, 8]),
            ("stays where it is", [3, 3, 100]),
        ],
    ),
    entry(
        what_you_need.gradient,
        lambda W, x, y: residual_by_inputs(W, x, y) / len(x),
        also=[lambda W, x, y: torch.einsum("no,ni->oi", x @ W.T - y, x) / x.shape[0]],
        wrong=[
            ("1/N is missing", residual_by_inputs),
            ("the sign", lambda W, x, y: -residual_by_inputs(W, x, y) / len(x)),
            ("transposed", lambda W, x, y: residual_by_inputs(W, x, y).T / len(x)),
            ("factor 2 is too much", lambda W, x, y: 2 * residual_by_inputs(W, x, y) / len(x)),
            ("no 1/N_y", lambda W, x, y: residual_by_inputs(W, x, y) / y.numel()),
            ("W x is missing", lambda W, x, y: -y.T @ x / len(x)),
        ],
    ),
    entry(
        what_you_need.power,
        [0.9**10, 0.5**10, 0.0],
        also=[[0, 0.5**10, 0.9**10], (0.9**10, 0, 0.5**10), [0.35, 0.00098, 0]],
        wrong=[
            ("H¹⁰", [0.1**10, 0.5**10, 1]),
            ("first subtract", [1 - 0.1**10, 1 - 0.5**10, 0]),
            ("ten times", [0.9, 0.5, 0]),
            ("ten steps", [0, -4, -9]),
        ],
    ),
    entry(
        what_you_need.draws,
        38416,
        also=[196.0**2, (1.96 * 0.3 / 0.003) ** 2, np.int64(38416)],
        wrong=[
            ("square it", 196),
            ("2 in place of 1.96", 40000),
            ("1.96 is missing", 10000),
            ("half the interval", 153664),
            ("one less is enough", 38417),
        ],
    ),
    entry(
        what_you_need.best_factor,
        lambda sigma: 1 / (1 + sigma**2),
        also=[lambda sigma: torch.tensor(1.0) / (1 + sigma**2)],
        wrong=[
            ("its variance", lambda sigma: 1 / (1 + sigma)),
            ("the 1 is missing", lambda sigma: 1 / sigma**2),
            ("1 − g", lambda sigma: sigma**2 / (1 + sigma**2)),
            ("no noise", lambda sigma: 1),
            ("correlation", lambda sigma: (1 + sigma**2) ** -0.5),
        ],
    ),
]
