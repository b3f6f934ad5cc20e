"""What decides the claim on a real language model (chapter 16)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from icllib.datasets import opinions
from icllib.ledger import Figure
from icllib.prompted import LANGUAGE, area
from icllib.store import load

__all__ = ["correlation", "label_votes", "language_model", "step_votes"]


def correlation(a: Float[Tensor, "*batch n"], b: Float[Tensor, "*batch n"]) -> float:
    """Over all entries, after the mean along the last axis is taken off each."""
    a, b = (values - values.mean(dim=-1, keepdim=True) for values in (a, b))
    return float((a * b).sum() / (a.norm() * b.norm()))


def label_votes(found: dict[str, Tensor]) -> Float[Tensor, "prompts shots n"]:
    """Half of what the leanings lose where one example's label is flipped: its vote, if the
    leanings are a sum of votes."""
    flips = found["flips"].double()
    return (found["off/none"][: len(flips), None].double() - flips) / 2


def step_votes(found: dict[str, Tensor]) -> Float[Tensor, "prompts shots n"]:
    """The votes y_i ⟨x_i, x_q⟩ of one step on the sentence vectors of the same prompts."""
    bank, n = opinions(), len(found["flips"])
    centred = bank.embeddings - bank.embeddings.mean(dim=0)
    shots, asked = found["judged/shots"][:n], found["judged/asked"][:n]
    return bank.labels[shots][:, :, None] * (centred[shots] @ centred[asked].mT)


def language_model(folder: Path) -> Iterator[Figure]:
    """C20: SmolLM2-135M on opinions. It has to follow its labels, true and flipped, as a learner
    does; to answer by a sum of votes, by likeness, as one step does (each single bound lets noise
    through, but not a model that does otherwise); and not to mind the order, as no step from zero
    does. The bounds were set before this model read these sentences."""
    found = load(LANGUAGE, folder).tensors
    truth = torch.ones(LANGUAGE.n_queries)
    truth[LANGUAGE.n_queries // 2 :] = -1

    def mean_area(name: str) -> float:
        return float(area(found[f"leaning/{name}"][:, -1].double(), truth).mean())

    yield Figure("area with 32 examples", mean_area("true"), "≥", 0.8, "of 1", 0.5)
    yield Figure("… with flipped labels", mean_area("flipped"), "≤", 0.2, "of 1", 0.5)
    votes, before = label_votes(found), found["off/none"][: len(found["flips"])].double()
    added_up = correlation(votes.sum(1), before)
    yield Figure("votes' sum and leaning", added_up, "≥", 0.5, "correlation")
    like = correlation(votes, step_votes(found))
    yield Figure("a vote and the step's vote", like, "≥", 0.3, "correlation")
    orders = torch.cat([found["off/none"][:, None], found["orders"]], dim=1).double()
    orders = orders - orders.mean(dim=-1, keepdim=True)
    by_order = orders.var(dim=1).mean().sqrt()
    by_question = orders.mean(dim=1).var(dim=-1).mean().sqrt()
    share = float(by_order / by_question)
    yield Figure("spread by order", share, "≤", 0.5, "× that over questions")
