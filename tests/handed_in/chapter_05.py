"""What learners hand in: chapter 5."""

import math

import torch
from torch.nn.functional import elu

from handed_in.entries import entry, eye
from icllib.checks import chapter_05


def forgetful(queries, keys, values, decay, late=False, read_first=False):
    memory, outputs = torch.zeros(values.shape[1], keys.shape[1]), []
    for q, k, v in zip(queries, keys, values, strict=True):
        if read_first:
            outputs.append(memory @ q)
        memory = (
            decay * (memory + torch.outer(v, k)) if late else decay * memory + torch.outer(v, k)
        )
        if not read_first:
            outputs.append(memory @ q)
    return torch.stack(outputs)


def phi(z):
    return elu(z) + 1


def normalised(q, k, v, weights=lambda q, k: (phi(q) @ phi(k).T).tril()):
    a = weights(q, k)
    return a @ v / a.sum(1, keepdim=True)


HADAMARD = torch.tensor([[1.0, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]) / 2


def overwrite(m, k, v):
    return m + torch.outer(v - m @ k, k) / (k @ k)


ENTRIES = [
    entry(
        chapter_05.two_pairs,
        5,
        wrong=[("share a direction", 2), ("interference", 3), ("delta rule", 4.28), ("0.6", 7)],
    ),
    entry(
        chapter_05.forgetful,
        forgetful,
        wrong=[
            ("nothing fades", lambda q, k, v, d: (q @ k.T).tril() @ v),
            ("see their future", lambda q, k, v, d: (q @ k.T) @ v),
            ("fades at once", lambda q, k, v, d: forgetful(q, k, v, d, late=True)),
            ("before it writes", lambda q, k, v, d: forgetful(q, k, v, d, read_first=True)),
        ],
    ),
    entry(
        chapter_05.orthogonal_keys,
        HADAMARD,
        also=[HADAMARD.flip(0).tolist(), HADAMARD.double().numpy(), -HADAMARD],
        wrong=[
            ("a key has a zero", eye(4)),
            ("each has to be 1", torch.ones(4, 4)),
            ("as they should be", 2 * HADAMARD),
            ("two keys have the product 1", torch.ones(4, 4) / 2),
            ("NaN", HADAMARD * math.nan),
        ],
    ),
    entry(
        chapter_05.overwrite,
        overwrite,
        wrong=[
            ("sum rule", lambda m, k, v: m + torch.outer(v, k)),
            ("keys of length one", lambda m, k, v: m + torch.outer(v - m @ k, k)),
            ("not by ‖k‖", lambda m, k, v: m + torch.outer(v - m @ k, k) / k.norm()),
            ("add it to the memory", lambda m, k, v: overwrite(m, k, v) - m),
            ("sign is turned", lambda m, k, v: 2 * m - overwrite(m, k, v)),
        ],
    ),
    entry(
        chapter_05.own_pair,
        lambda q, k, v: (q * k).sum(1, keepdim=True) * v,
        wrong=[
            ("sign is wrong", lambda q, k, v: -(q * k).sum(1, keepdim=True) * v),
            ("whole output", lambda q, k, v: (q @ k.T).tril() @ v),
            ("without a mask", lambda q, k, v: (q @ k.T) @ v),
        ],
    ),
    entry(
        chapter_05.normalised,
        normalised,
        wrong=[
            ("divide by the sum", lambda q, k, v: torch.tril(phi(q) @ phi(k).T) @ v),
            (
                "see their future",
                lambda q, k, v: normalised(q, k, v, lambda q, k: phi(q) @ phi(k).T),
            ),
            (
                "that is the softmax",
                lambda q, k, v: normalised(q, k, v, lambda q, k: (q @ k.T).exp().tril()),
            ),
            ("NaN", lambda q, k, v: normalised(q, k, v, lambda q, k: (phi(q) @ phi(k).T).tril(-1))),
        ],
    ),
]
