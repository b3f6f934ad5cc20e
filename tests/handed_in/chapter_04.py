"""What learners hand in: chapter 4."""

import math

import numpy as np
import torch

from handed_in.entries import entry
from icllib.checks import chapter_04


def attend(scale=lambda d: d**-0.5, shift=True, sign=1):
    def answer(query, keys, values):
        scores = sign * keys @ query * scale(len(query))
        grown = (scores - (scores.max() if shift else 0)).exp()
        return grown @ values / grown.sum()

    return answer


NAME = torch.eye(4, 5)
LOUD = 20 * NAME


def prompt_mask(n):
    visible = torch.ones(n + 1, n + 1, dtype=torch.bool)
    visible[:, -1] = False
    return visible


def sharpness(s, v, b):
    a = (b * s).softmax(0)
    return a @ ((s - a @ s) * v)


ENTRIES = [
    entry(
        chapter_04.softmax_by_hand,
        7,
        wrong=[
            ("plain mean", 6),
            ("exponentiates", 8 * math.log(3)),
            ("larger score", 5),
            ("divide by the sum", 28),
        ],
    ),
    entry(
        chapter_04.attend,
        attend(),
        also=[lambda q, k, v: (k @ q / len(q) ** 0.5).softmax(0) @ v],
        wrong=[
            ("√d is missing", attend(lambda d: 1)),
            ("it is √d", attend(lambda d: 1 / d)),
            ("Subtract the largest score", attend(shift=False)),
            ("sign of the scores", attend(sign=-1)),
        ],
    ),
    entry(
        chapter_04.average_and_select,
        (0 * NAME, NAME),
        (LOUD, NAME),
        answers=2,
        also=[([(0 * NAME).tolist(), NAME.numpy()], torch.stack([LOUD, NAME]))],
        wrong=[
            ("an average gives 0.25", ((LOUD, NAME), (LOUD, NAME))),
            ("make the scores larger", ((0 * NAME, NAME), (NAME, NAME))),
            ("0.9985: it has to be above 0.999", ((0 * NAME, NAME), (15.2 * NAME, NAME))),
            ("0.99899", ((0 * NAME, NAME), (15.995 * NAME, NAME))),
            ("agree on the name", ((0 * NAME, NAME), (LOUD, torch.ones(4, 5)))),
            ("turn the sign", ((0 * NAME, NAME), (-LOUD, NAME))),
            ("exchanged", ((LOUD, NAME), (0 * NAME, NAME))),
            ("a pair (W_Q, W_K)", ((0 * NAME,), (LOUD, NAME))),
            ("transposed", ((0 * NAME.T, NAME), (LOUD, NAME))),
            ("NaN", ((math.nan * NAME, NAME), (LOUD, NAME))),
        ],
    ),
    entry(
        chapter_04.head_rank,
        [3, 12, 16],
        also=[(3, 12, 16), np.array([3, 12, 16])],
        wrong=[("16 slots", [3, 12, 24]), ("add their spaces", [3, 3, 3])],
    ),
    entry(
        chapter_04.prompt_mask,
        prompt_mask,
        also=[lambda n: prompt_mask(n).int(), lambda n: prompt_mask(n).tolist()],
        wrong=[
            ("causal mask", lambda n: torch.ones(n + 1, n + 1).tril() > 0),
            ("transposed", lambda n: prompt_mask(n).T),
            ("may not see", lambda n: ~prompt_mask(n)),
            ("right for one set", lambda n: prompt_mask(3)),
        ],
    ),
    entry(
        chapter_04.sharpness,
        sharpness,
        wrong=[
            ("subtract the mean score", lambda s, v, b: (b * s).softmax(0) @ (s * v)),
            ("one β too many", lambda s, v, b: b * sharpness(s, v, b)),
        ],
    ),
]
