"""What decides the claims on models less simple than one linear layer (chapters 13 and 14)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch

from icllib import learners, theory
from icllib.alignment import compare, predictor
from icllib.attention import Transformer
from icllib.curves import SineTask
from icllib.evidence import Figure
from icllib.experiments import PAPER, load
from icllib.learners import mean_loss
from icllib.tasks import LinearTask, Prompts
from icllib.tuning import tune
from icllib.weights import products

__all__ = ["curves", "layer_norm", "softmax"]


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


def _waves(prompts: Prompts, lr: float, steps: int = 1) -> torch.Tensor:
    """Steps of gradient descent on sin x and cos x."""
    x, x_query = (torch.cat([x.sin(), x.cos()], -1) for x in (prompts.x, prompts.x_query))
    seen = replace(prompts, x=x, x_query=x_query)
    return learners.predict(learners.gradient_descent(seen, lr, steps), x_query)


def _kernel(model: Transformer, grid: torch.Tensor) -> torch.Tensor:
    """What a label at one input of the grid adds to the answer at another, through the layer's main
    entrance."""
    network, layer = model.layers
    phi = network(torch.stack([grid, 0 * grid], dim=1)[None])[0, :, :-1]
    A, B = products(layer)
    return -B[0, -1, -1] * phi @ A[0, :-1, :-1] @ phi.T


def curves(folder: Path) -> Iterator[Figure]:
    """C12: a network and layers, trained together, on sine curves."""
    task = SineTask()
    prompts = task.sample(20_000, torch.Generator().manual_seed(1))
    zero = mean_loss(lambda p: 0 * p.y_query, prompts).mean
    steps = []
    for count in (1, 2):
        source = torch.Generator().manual_seed(0)
        lr = tune(task, lambda p, lr, k=count: _waves(p, lr, k), [1.5], source).values[0]
        steps.append(mean_loss(lambda p, lr=lr, k=count: _waves(p, lr, k), prompts).mean)
    models = load("curves-1", folder=folder).models
    losses = [mean_loss(predictor(model), prompts).mean for model in models]
    yield Figure("one layer: loss ÷ that of answering 0, worst seed", max(losses) / zero, "≤", 0.15)
    yield Figure("one layer: loss ÷ the step's, worst seed", max(losses) / steps[0], "≤", 1.02)
    grid = torch.linspace(-5, 5, 51)
    target = torch.cos(grid[:, None] - grid).flatten()
    alike = [torch.cosine_similarity(_kernel(m, grid).flatten(), target, dim=0) for m in models]
    yield Figure(
        "learned kernel: cosine with cos(x − x'), worst seed", float(min(alike)), "≥", 0.99
    )
    deep = [predictor(model) for model in load("curves-2", folder=folder).models]
    worst = max(mean_loss(answer, prompts).mean for answer in deep)
    yield Figure("two layers: loss ÷ two steps', worst seed", worst / steps[1], "≤", 1.0)
