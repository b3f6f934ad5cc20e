"""What decides the claims of the paper's last figures (chapter 13): norms outside of their
training, plateaus, and only so many tasks.

The stored trainings were made for chapter 13, which had shown them before these bounds were chosen.
So each bound is one that other claims had before (1.1 for a method that was found), or one without
a number to choose (no worse, no slower).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from icllib import theory
from icllib.alignment import predictor
from icllib.experiments import PAPER, Loaded, load, load_rivals
from icllib.learners import mean_loss
from icllib.ledger import Figure
from icllib.rivals import FORMS
from icllib.tasks import LinearTask, Prompts

__all__ = ["arrivals", "norms_outside", "plateaus", "pools"]


def _step(prompts: Prompts) -> Tensor:
    return FORMS["GD"](1)(prompts, theory.best_step_size(PAPER))


def _step_as_measured() -> float:
    """The step's loss on the prompts on which trainings were measured."""
    return mean_loss(_step, PAPER.sample(1000, torch.Generator().manual_seed(99))).mean


def _worst(
    models: Sequence[nn.Module], rival: Callable[[Prompts], Tensor], task: LinearTask
) -> float:
    """The largest loss of any seed ÷ the rival's, on the same prompts."""
    prompts = task.sample(10_000, torch.Generator().manual_seed(1))
    losses = [mean_loss(predictor(model), prompts).mean for model in models]
    return max(losses) / mean_loss(rival, prompts).mean


def norms_outside(folder: Path) -> Iterator[Figure]:
    """C24: layers behind a LayerNorm, where inputs are larger than in training.

    Better than as many tuned steps is a loss of at most 1 × theirs. That alone says little where
    the step overshoots, so the layer has to be better than answering 0, too.
    """
    once, twice = (load(f"norm-{layers}", folder=folder).models for layers in (1, 2))
    two = load_rivals("rivals-paper", folder=folder).predictor("GD", 2)
    for factor in (2, 3):
        wide, where = replace(PAPER, x_scale=factor * PAPER.x_scale), f"inputs × {factor}"
        ratio = _worst(once, _step, wide)
        yield Figure(f"{where}: loss, worst seed", ratio, "≤", 1.0, "× the step's")
        ratio = _worst(twice, two, wide)
        yield Figure(f"{where}, two layers: loss, worst seed", ratio, "≤", 1.0, "× two steps'")
        ratio = _worst(once, lambda p: 0 * p.y_query, wide)
        what = f"{where}: loss again, worst seed"
        yield Figure(what, ratio, "≤", 1.0, "× that of answering 0")


def arrivals(found: Loaded, part: float = 0.05) -> Tensor:
    """For each seed the first measured update after which its loss is within a part of the step's;
    one more than the last where it never is. Shape (S,)."""
    goal = (1 + part) * _step_as_measured()
    steps = torch.tensor(found.result.record["steps"])
    there = found.measured["loss"] <= goal
    return torch.where(there, steps[:, None], steps[-1] + 1).amin(0).double()


def plateaus(folder: Path) -> Iterator[Figure]:
    """C23: how long starts with one head and with two wait until they are within 5 % of the step.

    A fifth less is more than the ten updates between measurements can make. Of two heads one is the
    luckier; so they have to be faster than the faster of two starts, too. And cured is who does not
    wait longer than others that have not been ill: even the slowest start with two heads should
    not wait longer than the middle one with one head.
    """
    one, two = (arrivals(load(f"plateau-{heads}", folder=folder)) for heads in (1, 2))
    middle = float(one.quantile(0.5))
    yield Figure("two heads: median wait", float(two.quantile(0.5)) / middle, "≤", 0.8, "× one's")
    ratio = float(two.max() / one.max())
    yield Figure("two heads: longest wait", ratio, "≤", 0.8, "× one's longest")
    lucky = one.view(-1, 2).amin(1).quantile(0.5)
    ratio = float(two.quantile(0.5) / lucky)
    yield Figure("two heads: median again", ratio, "≤", 1.0, "× that of the faster of two starts")
    ratio = float(two.max()) / middle
    yield Figure("two heads: longest wait again", ratio, "≤", 1.0, "× one's median")


def pools(folder: Path) -> Iterator[Figure]:
    """C22: the paper's smallest and largest pool of prompts.

    By heart is less than half of the step's loss on the pool, without a method half more than it on
    new prompts: no learner that treats all prompts alike could have the one, and no gradient step
    has the other. A method that was found has 1.1 × the step's loss, as elsewhere.
    """
    step, unit = _step_as_measured(), "× the step's"
    small, large = (load(f"pool-{size}", folder=folder).measured for size in (128, 8192))
    worst, best = float(small["seen"][-1].max()), float(small["loss"][-1].min())
    yield Figure("pool of 128: loss on it, worst seed", worst / step, "≤", 0.5, unit)
    yield Figure("pool of 128: loss on new prompts, best seed", best / step, "≥", 1.5, unit)
    worst = float(large["loss"][-1].max())
    what = "pool of 8,192: loss on new prompts, worst seed"
    yield Figure(what, worst / step, "≤", 1.1, unit, 1.0)
    least = float(large["seen"][-1].min())
    what = "pool of 8,192: loss on it, best seed"
    yield Figure(what, least / step, "≥", 0.9, unit, 1.0)
