"""What learners hand in: chapter 11."""

import math
from dataclasses import replace

import numpy as np
import torch

from handed_in.entries import entry
from icllib import alignment, learners
from icllib.checks import chapter_11


def edge(lr, gamma, n, points=400_001):
    lam = torch.linspace(0, 4, points, dtype=torch.float64)[1:]
    left = (1 - lr * lam) * (1 - lr * lam * (1 - gamma * n * lam) ** 2)
    return float(lam[(left.abs() > 1).int().argmax()])


def layer_by_layer(model, tokens, move=True):
    found = []
    for layer in model.layers:
        one = alignment.read_off(layer, tokens, tokens.shape[-1] - 1)
        found.append((one.lr, one.gamma))
        tokens = layer(tokens).detach() if move else tokens
    return found


def pair_a_layer(prompts):
    return learners.gd_plus_plus(prompts, [4.0, 38.06], [0.43, 0.2], 2)


def by_solving(strength):
    return lambda p: learners.predict(learners.ridge(p, strength), p.x_query)


ENTRIES = [
    entry(
        chapter_11.numbers,
        lambda a, b_x, b_y, n: (-n * a * b_y, -a * b_x),
        wrong=[
            ("η stands before the mean", lambda a, b_x, b_y, n: (-a * b_y, -a * b_x)),
            ("signs", lambda a, b_x, b_y, n: (n * a * b_y, a * b_x)),
            ("order", lambda a, b_x, b_y, n: (-a * b_x, -n * a * b_y)),
        ],
    ),
    entry(
        chapter_11.rescaled,
        lambda lr, gamma, c: (lr / c**2, gamma / c**2),
        wrong=[
            ("smaller numbers", lambda lr, gamma, c: (lr * c**2, gamma * c**2)),
            ("same unit", lambda lr, gamma, c: (lr / c**2, gamma)),
            ("two factors", lambda lr, gamma, c: (lr / c, gamma / c)),
        ],
    ),
    entry(
        chapter_11.edge,
        edge,
        also=[lambda *a: edge(*a, points=4001), lambda *a: round(edge(*a), 3)],
        wrong=[
            ("takes it back", lambda lr, gamma, n: 2 / lr),
            ("factor N is missing", lambda lr, gamma, n: edge(lr, gamma / n, n)),
            ("largest difference", lambda lr, gamma, n: 1.02 * edge(lr, gamma, n)),
            ("NaN", lambda lr, gamma, n: math.nan),
        ],
    ),
    entry(
        chapter_11.layer_by_layer,
        layer_by_layer,
        also=[lambda *a: torch.tensor(layer_by_layer(*a)), lambda *a: np.array(layer_by_layer(*a))],
        wrong=[
            (
                "on the tokens at the bottom",
                lambda model, tokens: layer_by_layer(model, tokens, move=False),
            ),
            ("swap", lambda *a: [(gamma, lr) for lr, gamma in layer_by_layer(*a)]),
            ("reverse order", lambda *a: layer_by_layer(*a)[::-1]),
            ("one list of η", lambda *a: list(zip(*layer_by_layer(*a), strict=True))),
            (
                "a factor N is missing",
                lambda m, t: [(lr / (t.shape[1] - 1), g) for lr, g in layer_by_layer(m, t)],
            ),
        ],
    ),
    entry(
        chapter_11.better,
        pair_a_layer,
        also=[
            lambda p: pair_a_layer(replace(p, x=p.x.double().float())).numpy(),
            lambda p: pair_a_layer(p)[:, 0],
        ],
        wrong=[
            ("tuned GD++ has", lambda p: 0 * p.y_query),
            ("tuned GD++ has", lambda p: learners.gd_plus_plus(p, 13.08, 0.172, 2)),
            ("shape", lambda p: p.y_query[0]),
            ("NaN or infinity", lambda p: p.y_query / 0),
            ("must stay hidden", lambda p: p.y_query),
            ("weights is None", lambda p: learners.predict(p.weights, p.x_query)),
            (
                "Solving a system does not count",
                lambda p: learners.predict(learners.least_squares(p), p.x_query),
            ),
            ("Solving a system does not count", by_solving(1e-3)),
            ("Solving a system does not count", lambda p: learners.gd_plus_plus(p, 20.0, 0.18, 4)),
        ],
    ),
]
