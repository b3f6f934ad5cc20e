"""Figures 4, 5, 15 and 16 of von Oswald et al. (2023): curves, separate tokens, plateaus, and only
so many prompts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from icllib import theory
from icllib.alignment import Predictor
from icllib.curves import SineTask, on_waves
from icllib.datasets import paper_runs
from icllib.exhibits import Curve, Exhibit, Panel, at_least, at_most
from icllib.experiments import PAPER, Loaded, load, load_rivals
from icllib.paper_measures import (
    by_tokens,
    ends,
    gd_layer,
    interpolated,
    losses,
    step,
    worst_cosine,
)
from icllib.rivals import FORMS
from icllib.separate import drop_times
from icllib.tasks import Prompts
from icllib.tuning import tune

__all__ = ["plateaus", "pools", "separate", "sines"]


def sines(folder: Path) -> Exhibit:
    """Figure 4: a small network and a layer on sine curves, beside a step on features."""
    whole, small = load("curves-1", folder=folder), load("curves-paper", folder=folder)
    task, theirs = whole.experiment.task, paper_runs()["sine_bs512"]
    models, waves = by_tokens(whole.models), _tuned_waves(task)
    found = losses({"step": waves, "zero": _silent} | models, task, 2000)
    trained = ends(found, models)[-1]
    own = by_tokens(small.models)
    tiny = losses({"zero": _silent} | own, small.experiment.task, 2000)
    last = theirs["curve"][-1]
    rows = (
        at_most(
            "whole circle: loss ÷ the step's",
            trained / found["step"].mean,
            1.05,
            last["tf"] / theirs["loss_gd"],
        ),
        at_least(
            "whole circle: cosine with the step",
            worst_cosine(models, waves, task),
            0.95,
            last["cos"],
        ),
        at_most(
            "their task: loss ÷ answering 0",
            ends(tiny, own)[-1] / tiny["zero"].mean,
            0.15,
            last["tf"] / theirs["loss_zero"],
        ),
    )
    prompts = task.sample(1, torch.Generator().manual_seed(8), torch.float64)
    grid = torch.linspace(-5, 5, 61, dtype=torch.float64)
    lines = {"step on features": ("gd", waves), "network and layer": ("trained", models[0])}
    curves = [Curve(n, look, grid, _along(one, prompts, grid)) for n, (look, one) in lines.items()]
    points = Curve("", "points", prompts.x.flatten(), prompts.y.flatten())
    panel = Panel("One prompt", "input (x)", "label (y)", (*curves, points))
    return Exhibit((panel,), rows)


def _tuned_waves(task: SineTask) -> Predictor:
    """One step of gradient descent on sin x and cos x, its η tuned."""

    def step_on_waves(prompts: Prompts, lr: float) -> Tensor:
        return FORMS["GD"](1)(on_waves(prompts), lr)

    (lr,) = tune(task, step_on_waves, [1.5], torch.Generator().manual_seed(0), 2000).values
    return lambda prompts: step_on_waves(prompts, lr)


def _silent(prompts: Prompts) -> Tensor:
    return 0 * prompts.y_query


def _along(answer: Predictor, prompts: Prompts, grid: Tensor) -> Tensor:
    """A prompt's answers to every query of the grid."""
    many = replace(
        prompts,
        x=prompts.x.expand(len(grid), -1, -1),
        y=prompts.y.expand(len(grid), -1, -1),
        x_query=grid[:, None],
        y_query=grid[:, None],
    )
    with torch.no_grad():
        return answer(many).flatten()


def separate(folder: Path) -> Exhibit:
    """Figure 5: separate tokens, a softmax layer and a linear one."""
    loaded = load("separate-paper", folder=folder)
    linear = by_tokens(load("separate-paper-linear", folder=folder).models)
    models = by_tokens(loaded.models)
    two = load_rivals("rivals-paper", folder=folder).predictor("GD", 2)
    found = losses({"one": step(PAPER), "two": two} | models, PAPER, 4000)
    one, seeds = found["one"].mean, ends(found, models)
    halves = torch.maximum(loaded.measured["next"], loaded.measured["previous"])
    best = ends(losses(linear, PAPER, 4000), linear)[0]
    theirs, level = paper_runs()["normal_seed0_bs1024"], paper_runs()["lsa1_seed0"]["loss_gd"]
    own = theirs["curve"][-1]["tf"] / level
    without = paper_runs()["normal_linear_first_layer"]["curve"][-1]["tf"] / level
    reads_next = theirs["attn1_to_next_from_x_tokens(even)"]
    before = _at_the_drop(loaded, halves)
    rows = (
        at_most("loss ÷ one step's, worst seed", seeds[-1] / one, 1.06, own),
        at_least("loss ÷ two steps', best seed", seeds[0] / found["two"].mean, 1.0),
        at_least("attention to other half, half-way down", before, 0.3),
        at_least("attention to other half, at the end", float(halves[-1].min()), 0.5, reads_next),
        at_least("linear first layer: loss ÷ one step's", best / one, 1.1, without),
    )
    smooth = loaded.result.tensors["losses"].unfold(0, 25, 25).mean(-1)
    at, steps = torch.arange(1, len(smooth) + 1) * 25, loaded.result.record["steps"]
    left = [Curve("", "trained", at, line) for line in smooth.T]
    left.append(Curve("one step", "gd", [0, int(at[-1])], [one, one]))
    right = tuple(Curve("", "trained", steps, line) for line in halves.T)
    panels = (
        Panel("Separate tokens", "updates", "loss", tuple(left)),
        Panel("First layer", "updates", "attention, other half", right, limits=(0, 1)),
    )
    return Exhibit(panels, rows)


def _levels() -> list[float]:
    """The losses of answering 0 and of the best step, between which the drop lies."""
    return [theory.expected_loss(PAPER, lr) for lr in (0.0, theory.best_step_size(PAPER))]


def _at_the_drop(loaded: Loaded, values: Tensor) -> float:
    """The least, over seeds, of what was measured when half of the way from silence to the step was
    done."""
    times = drop_times(loaded.result.tensors["losses"], *_levels(), 0.5, window=25)
    steps = loaded.result.record["steps"]
    return min(_at(steps, values[:, seed], float(when)) for seed, when in enumerate(times))


def _at(steps: Sequence[int], values: Tensor, when: float) -> float:
    """The value at the first measurement not before a time."""
    place = next((k for k, at in enumerate(steps) if at >= when), len(steps) - 1)
    return float(values[place])


def plateaus(folder: Path) -> Exhibit:
    """Figure 15: waiting times of one head and two; a block on 8,192 prompts."""
    levels = _levels()
    panels, times = [], {}
    for count, title in ((1, "One head"), (2, "Two heads")):
        lines = load(f"plateau-{count}", folder=folder).result.tensors["losses"]
        times[count] = drop_times(lines, *levels)
        smooth = lines.unfold(0, 10, 10).mean(-1)[:, ::2]
        at = torch.arange(1, len(smooth) + 1) * 10
        curves = tuple(Curve("", "trained", at, line) for line in smooth.T)
        panels.append(Panel(f"{title}, ten seeds", "updates", "loss", curves, limits=(0.15, 0.5)))
    pool = load("pool-8192-block", folder=folder)
    seen, new = (pool.measured[name] for name in ("seen", "loss"))
    steps = pool.result.record["steps"]
    curves = (Curve("new", "trained", steps, new[:, 0]), Curve("seen", "other", steps, seen[:, 0]))
    panels.append(Panel("8,192 prompts", "updates", "loss", curves))
    slow, quick = (float(times[k].max()) for k in (1, 2))
    rows = (
        at_least("one head: slowest ÷ fastest start", slow / float(times[1].min()), 1.5),
        at_most("slowest start: two heads ÷ one", quick / slow, 0.8),
        at_most(
            "8,192 prompts: new loss ÷ the step's",
            float(new[-1].min()) / levels[1],
            1.2,
        ),
        at_least(
            "8,192 prompts: highest new loss ÷ first",
            float((new.max(0).values / new[0]).max()),
            1.2,
        ),
    )
    return Exhibit(tuple(panels), rows)


def pools(folder: Path) -> Exhibit:
    """Figure 16: a layer trained on 128, 512, 2,048 and 8,192 prompts."""
    sizes, rows, constructed = (128, 512, 2048, 8192), [], gd_layer(PAPER)
    lasts: dict[str, list[float]] = {name: [] for name in ("new", "seen", "interpolated", "cosine")}
    level = 0.0
    for size in sizes:
        loaded = load(f"pool-{size}", folder=folder)
        halves = {s: interpolated(m, constructed, 10) for s, m in enumerate(loaded.models)}
        found = losses(
            {"GD": step(PAPER)} | halves | {("own", s): m for s, m in enumerate(loaded.models)},
            PAPER,
        )
        level = found["GD"].mean
        lasts["new"].append(max(found["own", s].mean for s in halves))
        lasts["interpolated"].append(max(found[s].mean for s in halves))
        lasts["seen"].append(float(loaded.measured["seen"][-1].max()))
        lasts["cosine"].append(float(loaded.measured["cosine"][-1].min()))
    new, cosine = lasts["new"], lasts["cosine"]
    rows = (
        at_least("128 prompts: new loss ÷ the step's", new[0] / level, 2.0),
        at_most("8,192 prompts: new loss ÷ the step's", new[-1] / level, 1.1),
        at_most("128 prompts: cosine", cosine[0], 0.9),
        at_least("8,192 prompts: cosine", cosine[-1], 0.98),
        at_most("8,192 prompts: interpolated ÷ the step's", lasts["interpolated"][-1] / level, 1.1),
    )
    places = [math.log2(size) for size in sizes]
    curves = (
        Curve("new", "trained", places, new),
        Curve("the pool's", "other", places, lasts["seen"]),
        Curve("GD", "gd", places, [level] * len(sizes)),
    )
    cosines = (Curve("", "trained", places, cosine),)
    return Exhibit(
        (
            Panel("Loss", "log₂ of prompts in the pool", "loss", curves, "log"),
            Panel("Alignment", "log₂ of prompts in the pool", "sensitivity cosine", cosines),
        ),
        rows,
    )
