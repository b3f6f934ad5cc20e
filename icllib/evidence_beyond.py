"""What decides the claims on models that are less simple than one linear layer (chapter 13)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch

from icllib import learners, theory
from icllib.alignment import compare, predictor
from icllib.evidence import Figure
from icllib.experiments import PAPER, load
from icllib.learners import mean_loss
from icllib.tasks import LinearTask, Prompts
from icllib.tuning import tune

__all__ = ["layer_norm", "softmax"]


def _centred(prompts: Prompts, lr: float) -> torch.Tensor:
    """A gradient step on the examples less their mean."""
    around = replace(prompts, x=prompts.x - prompts.x.mean(dim=1, keepdim=True))
    return learners.predict(learners.gradient_descent(around, lr, 1), prompts.x_query)


def _step(prompts: Prompts) -> torch.Tensor:
    step = learners.gradient_descent(prompts, theory.best_step_size(PAPER), 1)
    return learners.predict(step, prompts.x_query)


def _prompts(task: LinearTask = PAPER) -> Prompts:
    return task.sample(20_000, torch.Generator().manual_seed(1))


def _losses(name: str, folder: Path, prompts: Prompts) -> list[float]:
    """The loss of every seed ÷ that of the best step on the same prompts."""
    answers = [predictor(model) for model in load(name, folder=folder).models]
    step = mean_loss(_step, prompts).mean
    return [mean_loss(answer, prompts).mean / step for answer in answers]


def softmax(folder: Path) -> Iterator[Figure]:
    """C14: trained softmax heads beside the step, and beside the centred one."""
    prompts = _prompts()
    one, two = (_losses(f"softmax-{heads}", folder, prompts) for heads in (1, 2))
    yield Figure("one head: loss ÷ the step's, best seed", min(one), "≥", 1.2)
    yield Figure("two heads: loss ÷ the step's, worst seed", max(two), "≤", 1.1)
    lr = tune(PAPER, _centred, [6.0], torch.Generator().manual_seed(0)).values[0]
    near = [
        compare(predictor(model), lambda p: _centred(p, lr), prompts)
        for model in load("softmax-2", folder=folder).models
    ]
    worst = max(found.loss / found.reference_loss for found in near)
    yield Figure("two heads: loss ÷ the centred step's, worst seed", worst, "≤", 1.02)
    alike = min(found.sensitivity_cosine for found in near)
    yield Figure(
        "two heads: sensitivity cosine with the centred step, worst seed", alike, "≥", 0.98
    )


def layer_norm(folder: Path) -> Iterator[Figure]:
    """C15: trained layers behind a LayerNorm, inside and outside of their training."""
    losses = _losses("norm-1", folder, _prompts())
    yield Figure("loss ÷ the step's, best seed", min(losses), "≥", 1.1)
    once = _prompts()
    thrice = replace(once, y=3 * once.y, y_query=3 * once.y_query)
    layer = predictor(load("norm-1", folder=folder).models[0])
    with torch.no_grad():
        before, after = layer(once), layer(thrice)
    factor = float((before * after).sum() / before.square().sum())
    yield Figure("labels × 3: the answer ×", factor, "≤", 2.0)
    wide = _losses("norm-1", folder, _prompts(replace(PAPER, x_scale=2 * PAPER.x_scale)))
    yield Figure("inputs × 2: loss ÷ the step's, worst seed", max(wide), "≤", 1.0)
