"""What decides the claims on models less simple than one linear layer (chapters 13 to 15)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn

from icllib import construct, evidence, theory
from icllib.alignment import compare, predictor
from icllib.attention import Transformer
from icllib.curves import SineTask, on_waves
from icllib.experiments import PAPER, load
from icllib.learners import mean_loss
from icllib.ledger import Figure
from icllib.rivals import FORMS
from icllib.separate import copying, drop_times, every_answer
from icllib.tasks import LinearTask, Prompts
from icllib.tokens import join_tokens, separate_tokens
from icllib.tuning import tune
from icllib.weights import products

__all__ = [
    "Recall",
    "copying_appears",
    "copying_without_softmax",
    "curves",
    "induction",
    "layer_norm",
    "pressure_to_predict",
    "recall",
    "softmax",
]


def _centred(prompts: Prompts, lr: float) -> torch.Tensor:
    """A gradient step on the examples less their mean."""
    around = replace(prompts, x=prompts.x - prompts.x.mean(dim=1, keepdim=True))
    return FORMS["GD"](1)(around, lr)


def _prompts(task: LinearTask | SineTask = PAPER, batch: int = 20_000) -> Prompts:
    return task.sample(batch, torch.Generator().manual_seed(1))


def _losses(models: Sequence[nn.Module], prompts: Prompts) -> list[float]:
    return [mean_loss(predictor(model), prompts).mean for model in models]


def _step(task: LinearTask, prompts: Prompts) -> float:
    """The loss of one step with the best η of a task."""
    return mean_loss(lambda p: FORMS["GD"](1)(p, theory.best_step_size(task)), prompts).mean


def _zero(prompts: Prompts) -> float:
    return mean_loss(lambda p: 0 * p.y_query, prompts).mean


def _over_step(
    models: Sequence[nn.Module], prompts: Prompts, task: LinearTask = PAPER
) -> list[float]:
    """The loss of every seed ÷ that of the best step of the task on the same prompts."""
    step = _step(task, prompts)
    return [loss / step for loss in _losses(models, prompts)]


def softmax(folder: Path) -> Iterator[Figure]:
    """C14: trained softmax heads beside the step, and beside the centred one."""
    prompts = _prompts()
    single, pairs = (load(f"softmax-{heads}", folder=folder).models for heads in (1, 2))
    best, worst = min(_over_step(single, prompts)), max(_over_step(pairs, prompts))
    yield Figure("one head: loss, best seed", best, "≥", 1.2, "× the step's")
    yield Figure("two heads: loss, worst seed", worst, "≤", 1.1, "× the step's", 1.0)
    lr = tune(PAPER, _centred, [6.0], torch.Generator().manual_seed(0)).values[0]
    few = _prompts(batch=4000)
    near = [compare(predictor(model), lambda p: _centred(p, lr), few) for model in pairs]
    worst = max(found.loss / found.reference_loss for found in near)
    what = "two heads: loss again, worst seed"
    yield Figure(what, worst, "≤", 1.02, "× the centred step's", 1.0)
    alike = min(found.sensitivity_cosine for found in near)
    what = "two heads: sensitivities beside the centred step's, worst seed"
    yield Figure(what, alike, "≥", 0.98, "cosine", 1.0)


def layer_norm(folder: Path) -> Iterator[Figure]:
    """C15: trained layers behind a LayerNorm."""
    models, once = load("norm-1", folder=folder).models, _prompts()
    yield Figure("loss, best seed", min(_over_step(models, once)), "≥", 1.1, "× the step's")
    thrice = replace(once, y=3 * once.y, y_query=3 * once.y_query)
    before, after = (predictor(models[0])(prompts) for prompts in (once, thrice))
    factor = float((before * after).sum() / before.square().sum())
    yield Figure("the answer to labels × 3", factor, "≤", 2.0, "× the answer before")


def _kernel(model: Transformer, grid: torch.Tensor) -> torch.Tensor:
    """What a label at one input of the grid adds to the answer at another, through the layer's main
    entrance."""
    network, layer = model.layers
    phi = network(torch.stack([grid, 0 * grid], dim=1)[None])[0, :, :-1]
    A, B = products(layer)
    return -B[0, -1, -1] * phi @ A[0, :-1, :-1] @ phi.T


def curves(folder: Path) -> Iterator[Figure]:
    """C12: a network and layers, trained together, on sine curves."""
    task, prompts = SineTask(), _prompts(SineTask())
    zero, steps = _zero(prompts), []
    for count in (1, 2):
        source = torch.Generator().manual_seed(0)
        steps_on = FORMS["GD"](count)
        lr = tune(task, lambda p, lr, on=steps_on: on(on_waves(p), lr), [1.5], source).values[0]
        steps.append(mean_loss(lambda p, lr=lr, on=steps_on: on(on_waves(p), lr), prompts).mean)
    models = load("curves-1", folder=folder).models
    losses = _losses(models, prompts)
    worst = max(losses)
    yield Figure("one layer: loss, worst seed", worst / zero, "≤", 0.15, "× that of answering 0")
    what = "one layer: loss again, worst seed"
    yield Figure(what, worst / steps[0], "≤", 1.02, "× the step's", 1.0)
    grid = torch.linspace(-5, 5, 51)
    target = torch.cos(grid[:, None] - grid).flatten()
    alike = [torch.cosine_similarity(_kernel(m, grid).flatten(), target, dim=0) for m in models]
    what = "learned kernel beside cos(x − x'), worst seed"
    yield Figure(what, float(min(alike)), "≥", 0.99, "cosine", 1.0)
    worst = max(_losses(load("curves-2", folder=folder).models, prompts))
    yield Figure("two layers: loss, worst seed", worst / steps[1], "≤", 1.0, "× two steps'")


def pressure_to_predict(folder: Path) -> Iterator[Figure]:
    """C08: training on the answer alone, and on every label behind a causal mask."""
    yield from evidence.pressure_to_predict(folder)
    causal = load("separate-causal", folder=folder)
    prompts = _prompts(causal.experiment.task)
    worst = max(_over_step(causal.models, prompts, causal.experiment.task))
    what = "causal, every label: last loss, worst seed"
    yield Figure(what, worst, "≤", 1.1, "× the step's", 1.0)


def copying_appears(folder: Path) -> Iterator[Figure]:
    """C13: the constructed copying layer; when training finds copying; what hangs on it."""
    small = LinearTask(2, n_context=3).sample(
        50, torch.Generator().manual_seed(0), dtype=torch.float64
    )
    with torch.no_grad():
        copied = construct.copy_layer(2, 1, 3)(separate_tokens(small))[:, ::2, :3]
    error = float((copied - join_tokens(small)).abs().max())
    yield Figure("constructed copying: largest error", error, "≤", 1e-12)
    large, prompts = load("separate-paper", folder=folder).models, _prompts()
    few = PAPER.sample(64, torch.Generator().manual_seed(0))
    shares = [max(copying(model, few).values()) for model in large]
    what = "attention of one half of an example for the other, worst seed"
    yield Figure(what, min(shares), "≥", 0.6, "of its weight")
    worst = max(_over_step(large, prompts))
    yield Figure("loss, worst seed", worst, "≤", 1.1, "× the step's", 1.0)
    without = []
    for model in map(deepcopy, large):
        model.layers[0].P.zero_()
        without.append(mean_loss(predictor(model), prompts).mean / _zero(prompts))
    what = "without the first layer: loss, best seed"
    yield Figure(what, min(without), "≥", 0.9, "× that of answering 0")
    start = load("separate-6", folder=folder)
    task = start.experiment.task
    levels = [theory.expected_loss(task, lr) for lr in (0.0, theory.best_step_size(task))]
    losses = start.result.tensors["losses"]
    begun, done = (drop_times(losses, *levels, part, window=25) for part in (0.2, 0.8))
    lasts = float(((done - begun) / begun).median())
    what = "from 20 % to 80 % of the drop, median of the starts"
    yield Figure(what, lasts, "≤", 1.0, "× the updates before")


def induction(folder: Path) -> Iterator[Figure]:
    """C19: behind a causal mask, a first layer that looks back, and a second that recalls."""
    causal = load("separate-causal", folder=folder).models
    drawn = LinearTask(3, n_context=6).sample(64, torch.Generator().manual_seed(0))
    looks = [copying(model, drawn)["previous"] for model in causal]
    what = "attention of y for the token before, worst seed"
    yield Figure(what, min(looks), "≥", 0.7, "of its weight")
    alike = [recall(model).cosine for model in causal]
    what = "letters: answers beside what followed, worst seed"
    yield Figure(what, min(alike), "≥", 0.9, "cosine", 1.0)


class Recall(NamedTuple):
    """How a model's answers lie to what followed a letter: their cosine, and the share of it that
    they give back (the slope of the answers)."""

    cosine: float
    share: float


def recall(model: nn.Module, letters: int = 3, batch: int = 2000) -> Recall:
    """Each letter a unit vector, each followed by a random number, and then one of them again: does
    a causal model answer with the number that followed it?"""
    source = torch.Generator().manual_seed(0)
    x = torch.eye(letters).expand(batch, -1, -1)
    y = torch.randn(batch, letters, 1, generator=source)
    asked = torch.randint(letters, (batch,), generator=source)
    rows = torch.arange(batch)
    prompts = Prompts(x, y, x[rows, asked], y[rows, asked])
    with torch.no_grad():
        answers = every_answer(model, prompts)[:, -1].flatten()
    right = prompts.y_query.flatten()
    both = float(answers @ right)
    cosine = both / float(answers.norm() * right.norm())
    return Recall(cosine, both / float(right.square().sum()))


def copying_without_softmax(folder: Path) -> Iterator[Figure]:
    """C21: what training makes of a linear first layer."""
    for name, task in (("linear", LinearTask(3, n_context=6)), ("paper-linear", PAPER)):
        models = load(f"separate-{name}", folder=folder).models
        best = min(_over_step(models, _prompts(task), task))
        where = f"linear first layer, N = {task.n_context}: loss, best seed"
        yield Figure(where, best, "≥", 1.1, "× the step's")
