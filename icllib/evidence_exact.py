"""What decides the claims on layers that nobody trains (introduction, chapters 3 to 8)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from icllib import construct, learners
from icllib.attention import LinearSelfAttention, trace
from icllib.datasets import machine_proof, reviews
from icllib.ledger import Figure
from icllib.tasks import LinearTask, Prompts
from icllib.tokens import join_tokens, read_prediction

__all__ = ["context_alone", "fast_weights", "few_shot", "many_steps", "one_step", "recorded"]

_SHAPES = ((1, 1, 1), (3, 2, 7), (10, 1, 10), (4, 3, 30))  # N_x, N_y, N


def _seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def few_shot(folder: Path) -> Iterator[Figure]:
    """C01: one constructed layer on 200 prompts of sixteen reviews, with their labels and with
    shuffled ones."""
    bank, source = reviews(), _seeded()
    centred = bank.embeddings - bank.embeddings.mean(dim=0)
    x = centred @ torch.linalg.svd(centred, full_matrices=False).Vh[:16].T
    order = torch.stack([torch.randperm(len(x), generator=source) for _ in range(200)])
    chosen, asked, labels = order[:, :16], order[:, 16], bank.labels
    layer = construct.gd_layer(16, 1, 16, lr=8.0)
    before = [weight.detach().clone() for weight in layer.parameters()]

    def right(y: Tensor) -> Tensor:
        """Whether each prompt's query is labelled right."""
        found = Prompts(x[chosen], y[..., None], x[asked], labels[asked][:, None])
        with torch.no_grad():
            answers = read_prediction(layer(join_tokens(found)), 1)[:, 0]
        return (answers.sign() == labels[asked]).double()

    told = labels[chosen]
    shuffled = torch.stack([row[torch.randperm(16, generator=source)] for row in told])
    share, chance = right(told), right(shuffled)
    half = 1.96 * (0.25 / len(share)) ** 0.5  # the widest interval that a share can have
    low, by_chance = (float(each.mean()) - half for each in (share, chance))
    yield Figure("reviews labelled right, lower end", low, "≥", 0.6, "of all")
    yield Figure("… with shuffled labels, lower end", by_chance, "≤", 0.5, "of all")
    changes = [
        float((new - old).abs().max())
        for new, old in zip(layer.state_dict().values(), before, strict=True)
    ]
    yield Figure("largest change of a weight meanwhile", max(changes), "≤", 0.0)


def fast_weights(folder: Path) -> Iterator[Figure]:
    """C02: linear attention beside a fast net that is programmed token by token."""
    layer = LinearSelfAttention(6, generator=_seeded(), init_std=1.0, dtype=torch.float64)
    tokens = torch.randn(5, 9, 6, generator=_seeded(1), dtype=torch.float64)
    W_K, W_Q, W_V, P = (weight.detach()[0] for weight in (layer.W_K, layer.W_Q, layer.W_V, layer.P))
    fast = torch.zeros(5, 6, 6, dtype=torch.float64)
    for token in tokens[:, :-1].unbind(1):  # the slow net writes outer products
        fast = fast + torch.einsum("bi,bj->bij", token @ W_V.T, token @ W_K.T)
    recalled = torch.einsum("bij,btj->bti", fast, tokens @ W_Q.T) @ P.T
    with torch.no_grad():
        gap = float((layer(tokens) - tokens - recalled).abs().max() / recalled.abs().max())
    yield Figure("linear attention against fast weights, relative difference", gap, "≤", 1e-12)


def _apart(steps: int, shape: tuple[int, int, int]) -> float:
    """The largest difference between K constructed layers and K gradient steps, W_0 ≠ 0."""
    prompts = LinearTask(*shape).sample(20, _seeded(steps), torch.float64)
    w0 = torch.randn(shape[1], shape[0], generator=_seeded(1), dtype=torch.float64)
    model = construct.gd_transformer(*shape, 0.3, steps, w0)
    with torch.no_grad():
        answers = read_prediction(model(join_tokens(prompts, w0)), shape[1])
    weights = learners.gradient_descent(prompts, 0.3, steps, w0)
    return float((answers - learners.predict(weights, prompts.x_query)).abs().max())


def one_step(folder: Path) -> Iterator[Figure]:
    """C03: the constructed layer in numbers, and its proof as a machine read it."""
    worst = max(_apart(1, shape) for shape in _SHAPES)
    yield Figure("one layer against one step, largest difference", worst, "≤", 1e-12)
    proof = machine_proof()
    accepted = len(proof["statements"]) if proof["said"].startswith("Closed") else 0
    what = "what a proof checker has accepted"
    yield Figure(what, accepted, "≥", 9, "statements", 9)


def many_steps(folder: Path) -> Iterator[Figure]:
    """C04: K layers against K steps."""
    worst = max(_apart(steps, shape) for steps in (2, 5, 50) for shape in _SHAPES)
    yield Figure("2, 5 and 50 layers against as many steps, largest difference", worst, "≤", 1e-12)


def recorded(folder: Path) -> Iterator[Figure]:
    """C17: from what `trace` recorded of a pass, every further number follows."""
    model = construct.gd_transformer(3, 1, 8, 0.5, 2)
    prompts = LinearTask(3, n_context=8).sample(4, _seeded(), torch.float64)
    with torch.no_grad():
        seen = trace(model, join_tokens(prompts))
        answers = model(join_tokens(prompts))
    layer, gaps = model.layers[0], [float((seen["layers.1.out"] - answers).abs().max())]
    for place in ("layers.0", "layers.1"):
        keys, values, queries = (seen[f"{place}.{name}"] for name in ("keys", "values", "queries"))
        gaps.append(float((seen[f"{place}.memory"] - values.mT @ keys).abs().max()))
        gaps.append(float((seen[f"{place}.mixed"] - queries @ keys.mT @ values).abs().max()))
        update = torch.einsum("hid,bhtd->bti", layer.P.detach(), seen[f"{place}.mixed"])
        gaps.append(float((seen[f"{place}.update"] - update).abs().max()))
    yield Figure("recorded against recomputed numbers, largest difference", max(gaps), "≤", 1e-12)


def context_alone(folder: Path) -> Iterator[Figure]:
    """C18: one W, read off with unit vectors as queries, answers all other queries of a prompt."""
    layer = construct.gd_layer(4, 2, 9, 0.7)
    prompts = LinearTask(4, 2, 9).sample(1, _seeded(), torch.float64)

    def answers(queries: Tensor) -> Tensor:
        count = len(queries)
        many = Prompts(
            prompts.x.expand(count, -1, -1),
            prompts.y.expand(count, -1, -1),
            queries,
            prompts.y_query.expand(count, -1),
        )
        with torch.no_grad():
            return read_prediction(layer(join_tokens(many)), 2)

    model = answers(torch.eye(4, dtype=torch.float64))
    queries = torch.randn(50, 4, generator=_seeded(1), dtype=torch.float64)
    gap = float((answers(queries) - queries @ model).abs().max())
    yield Figure("one W for all queries of a prompt, largest difference", gap, "≤", 1e-12)
