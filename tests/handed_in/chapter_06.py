"""What learners hand in: chapter 6."""

import math

import torch
from torch.linalg import inv

from handed_in.entries import Entry, entry, eye
from icllib.checks import chapter_06


def four(key=(1, 1, 0), value=(0, 0, -1), scale=0.125, query=None):
    W_K = torch.diag(torch.tensor(key).double()) if isinstance(key, tuple) else key
    W_Q = W_K if query is None else query
    return W_K, W_Q, torch.diag(torch.tensor(value).double()), scale * eye(3), 2, 1, 4, 0.5


TURN = torch.tensor([[0.0, 2.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 5.0]], dtype=torch.float64)
EXCHANGE = torch.tensor([[0.0, 1, 0], [1, 0, 0], [0, 0, 0]], dtype=torch.float64)
KEEP = torch.diag(torch.tensor([1.0, 1, 0])).double()
W0 = torch.tensor([[2.0, -1.0, 0.5]])


def start(of_x=W0, of_y=-1.0):
    return torch.cat([torch.zeros(3, 4), torch.cat([of_x, torch.tensor([[of_y]])], dim=1)])


def broken(x, y, lr):
    return y - lr / len(x) * (x @ x.T + y @ y.T) @ y


def prefix(length):
    def answer(dim_x, dim_y, n, decay):
        return torch.cat([length(n, decay) * torch.eye(dim_x), torch.zeros(dim_x, dim_y)], dim=1)

    return answer


def sum_loss(factor):
    return lambda d, o, n, lr: factor(n) * lr * torch.eye(d + o)


ENTRIES = [
    Entry(
        chapter_06.four_matrices,
        four(),
        also=[
            (TURN @ KEEP, inv(TURN).T @ KEEP, *four()[2:]),
            tuple(m.tolist() for m in four()[:4]) + four()[4:],
            tuple(m.float().numpy() for m in four()[:4]) + four()[4:],
            (-KEEP, *four(value=(0, 0, 1))[1:]),
        ],
        wrong=[
            ("also compares y-parts", four(key=(1, 1, 1))),
            ("zero on the x-part", four(key=(0, 0, 0))),
            ("slot 2 of x is left out", four(key=(1, 0, 0))),
            ("W_KᵀW_Q compares slot 1 of x with slot 2", four(key=KEEP, query=EXCHANGE)),
            ("do not count alike", four(key=(1, 2, 0))),
            ("wrong sign", four(value=(0, 0, 1))),
            ("writes into the x-part", four(value=(1, 0, -1))),
            ("never reads the labels", four(value=(0, 0, 0))),
            ("N is forgotten", four(scale=0.5)),
            ("η is missing", four(scale=0.25)),
            ("N counts twice", four(scale=0.5 / 16)),
            ("the size is not", four(scale=0.2)),
            ("W_K has shape (2, 2), expected (3, 3)", (eye(2), *four()[1:])),
            ("P holds NaN", (*four()[:3], four()[3] * math.nan, *four()[4:])),
        ],
        answers=4,
    ),
    entry(
        chapter_06.weights_for_sum_loss,
        sum_loss(lambda n: 2),
        also=[
            lambda d, o, n, lr: torch.cat([torch.zeros(d, d + o), (2 * lr * torch.eye(d + o))[d:]])
        ],
        wrong=[
            ("a 2 missing", sum_loss(lambda n: 1)),
            ("the 2 multiplies", sum_loss(lambda n: 1 / 2)),
            ("P has none", sum_loss(lambda n: 2 / n)),
            ("loss of the chapter", sum_loss(lambda n: 1 / n)),
            ("sign is turned", sum_loss(lambda n: -2)),
        ],
    ),
    entry(
        chapter_06.value_matrix_with_start,
        start(),
        W0,
        also=[start().tolist(), start().double().numpy(), start().float()],
        wrong=[
            ("W_0 has the wrong sign", start(-W0)),
            ("both signs", start(-W0, 1.0)),
            ("y has the wrong sign", start(W0, 1.0)),
            ("do not know W_0", start(0 * W0)),
            ("transpose", start().T),
        ],
    ),
    entry(
        chapter_06.matching_query_matrix,
        lambda m: inv(m).T,
        wrong=[
            ("inverse must be too", inv),
            ("a rotation", lambda m: m.T),
            ("MᵀM", lambda m: m),
            ("sign", lambda m: -inv(m).T),
        ],
    ),
    entry(
        chapter_06.broken_layer,
        broken,
        wrong=[
            ("unbroken", lambda x, y, lr: y - lr / len(x) * x @ x.T @ y),
            ("1/N is missing", lambda x, y, lr: broken(x, y, len(x) * lr)),
            ("sign is turned", lambda x, y, lr: broken(x, y, -lr)),
            ("add it to the labels", lambda x, y, lr: broken(x, y, lr) - y),
        ],
    ),
    entry(
        chapter_06.decay_tokens,
        prefix(lambda n, s: (n * s) ** 0.5),
        also=[
            lambda *a: -prefix(lambda n, s: (n * s) ** 0.5)(*a).flip(0),
            lambda *a: prefix(lambda n, s: (n * s) ** 0.5)(*a).numpy(),
        ],
        wrong=[
            ("change nothing", lambda d, o, n, s: torch.zeros(1, d + o)),
            ("N is missing", prefix(lambda n, s: s**0.5)),
            ("take a root", prefix(lambda n, s: n * s)),
            ("under the root", prefix(lambda n, s: n * s**0.5)),
            ("expected (any number, 4)", lambda d, o, n, s: torch.zeros(1, 2)),
        ],
    ),
]
