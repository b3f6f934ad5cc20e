"""What learners hand in: chapter 16."""

import torch

from handed_in.entries import entry
from icllib.checks import chapter_16


def flipped_moments(votes, p):
    mean = (1 - 2 * p) * votes.sum()
    return mean, (4 * p * (1 - p) * votes.square().sum()).sqrt()


def rank_one(W, alone, after):
    return torch.outer(W @ (after - alone), alone) / (alone @ alone)


def fading_step(M, k, v, alpha, beta):
    return alpha * M - beta * torch.outer(alpha * M @ k - v, k)


def adds_up(learner, x, y, asked):
    single = [learner(x[i : i + 1], y[i : i + 1], asked) for i in range(len(x))]
    together = learner(x, y, asked)
    doubled = torch.allclose(learner(x, 2 * y, asked), 2 * together, atol=1e-9)
    return doubled and torch.allclose(sum(single), together, atol=1e-9)


ENTRIES = [
    entry(
        chapter_16.calibrated,
        lambda a, y: ((a > a.median()) == (y > 0)).double().mean(),
        also=[
            lambda a, y: sum((a > a.quantile(0.5)) == (y > 0)) / len(y),
            lambda a, y: float(y[a.argsort()[len(y) // 2 :]].gt(0).double().mean()),
        ],
        wrong=[
            ("favourite word", lambda a, y: ((a > 0) == (y > 0)).double().mean()),
            ("moves the mean", lambda a, y: ((a > a.mean()) == (y > 0)).double().mean()),
            (
                "knows the answers",
                lambda a, y: max(((a > t) == (y > 0)).double().mean() for t in a),
            ),
            ("not below", lambda a, y: ((a <= a.median()) == (y > 0)).double().mean()),
        ],
    ),
    entry(
        chapter_16.noisy_labels,
        flipped_moments,
        also=[lambda v, p: (v.sum() - 2 * p * v.sum(), 2 * v.norm() * (p - p**2) ** 0.5)],
        wrong=[
            ("changes sides", lambda v, p: ((1 - p) * v.sum(), flipped_moments(v, p)[1])),
            (
                "not its square",
                lambda v, p: (flipped_moments(v, p)[0], flipped_moments(v, p)[1] ** 2),
            ),
            ("has a 4", lambda v, p: (flipped_moments(v, p)[0], flipped_moments(v, p)[1] / 2)),
            (
                "variances add",
                lambda v, p: (flipped_moments(v, p)[0], 2 * (p * (1 - p)) ** 0.5 * v.abs().sum()),
            ),
        ],
    ),
    entry(
        chapter_16.patch,
        rank_one,
        also=[lambda W, a, b: W @ torch.outer(b - a, a) / a.norm() ** 2],
        wrong=[
            ("overshoots", lambda W, a, b: torch.outer(W @ (b - a), a)),
            ("not by its root", lambda W, a, b: torch.outer(W @ (b - a), a) / a.norm()),
            ("without the prompt", lambda W, a, b: torch.outer(W @ (b - a), b) / (b @ b)),
            ("only ΔW", lambda W, a, b: W + rank_one(W, a, b)),
            ("the sign", lambda W, a, b: -rank_one(W, a, b)),
        ],
    ),
    entry(
        chapter_16.gated_delta,
        fading_step,
        also=[
            lambda M, k, v, a, b: (
                M @ (a * torch.eye(len(k)).double() - a * b * torch.outer(k, k))
                + b * torch.outer(v, k)
            )
        ],
        wrong=[
            (
                "fades first",
                lambda M, k, v, a, b: a * M - b * torch.outer(M @ k - v, k),
            ),
            (
                "in full",
                lambda M, k, v, a, b: a * (M - b * torch.outer(M @ k - v, k)),
            ),
            ("α is missing", lambda M, k, v, a, b: M - b * torch.outer(M @ k - v, k)),
            ("β is missing", lambda M, k, v, a, b: a * M - torch.outer(a * M @ k - v, k)),
            ("against the gradient", lambda M, k, v, a, b: 2 * a * M - fading_step(M, k, v, a, b)),
            ("on the right", lambda M, k, v, a, b: a * M - b * torch.outer(k, a * M @ k - v)),
        ],
    ),
    entry(
        chapter_16.additive,
        lambda *asked: torch.tensor(float(adds_up(*asked))),
        also=[adds_up],
        wrong=[
            ("it must pass", lambda learner, x, y, asked: False),
            (
                "as well: do not test",
                lambda learner, x, y, asked: torch.allclose(
                    learner(x, y, asked), asked @ (x.mT @ y)
                ),
            ),
            (
                "no sum over single examples",
                lambda learner, x, y, asked: torch.allclose(
                    learner(x, -y, asked), -learner(x, y, asked)
                ),
            ),
        ],
    ),
]
