"""The named experiments of the book, as plain data: task, model and recipe. And the one way to load them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from icllib import runs, store
from icllib.errors import InputError
from icllib.kinds import Experiment, Flat, Stack, trained_models
from icllib.kinds import FlatNetwork as FlatNetwork
from icllib.recipes import Recipe
from icllib.tasks import LinearTask

__all__ = ["CLEAN", "NAMED", "PAPER", "Loaded", "load", "named"]

#: The paper's setting: x ~ U(−½, ½), N = N_x = 10.
PAPER = LinearTask(x_scale=0.5)
#: Few inputs, many examples: a setting in which depth shows clearly.
CLEAN = LinearTask(dim_x=5, n_context=20, x_scale=0.5)

_FOUR = Stack(merged=False, init_std=0.2, identity=0.0)
_LAYER = Recipe(steps=200, batch=2048, lr=0.02)


def _spectrum(n_context: int, noise_std: float = 0.0, rotated: bool = False) -> LinearTask:
    """Gaussian inputs whose covariance has the eigenvalues ¼, ½, 1, 2, 4, along the axes or along drawn directions."""
    covariance = torch.diag(torch.tensor([0.25, 0.5, 1.0, 2.0, 4.0], dtype=torch.float64))
    if rotated:
        directions = torch.randn(5, 5, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
        basis = torch.linalg.qr(directions).Q
        covariance = basis @ covariance @ basis.T
        covariance = (covariance + covariance.T) / 2
    return LinearTask(5, n_context=n_context, covariance=covariance, noise_std=noise_std)


def _all() -> Iterator[Experiment]:
    yield Experiment("one-layer", "What does training find in one layer?", PAPER, _FOUR, _LAYER, every=10)
    for size in (5, 20):
        task = LinearTask(dim_x=size, n_context=size, x_scale=0.5)
        question = f"… with N = N_x = {size}?"
        yield Experiment(f"one-layer-nx{size}", question, task, _FOUR, _LAYER, every=20)
    two = replace(_FOUR, heads=2)
    yield Experiment("one-layer-heads2", "Does a second head change it?", PAPER, two, _LAYER, every=20)
    for name, hidden, seeds in (("small", (2,), 3), ("middle", (256,), 3), ("large", (512, 512, 512), 1)):
        recipe = Recipe(steps=2000, batch=512, lr=0.001)
        yield Experiment(f"mlp-{name}", "Can a network without attention?", PAPER, Flat(hidden), recipe, seeds, 200)
    question = "One layer looped twice: does training find GD, or something better?"
    twice = Recipe(1000, lr=0.004)
    yield Experiment("looped-2", question, PAPER, Stack(looped=2), twice, every=50, keep_weights=True)
    for depth in (3, 4, 5):
        question = f"One layer looped {depth} times?"
        yield Experiment(f"looped-{depth}", question, PAPER, Stack(looped=depth), Recipe(1500, lr=0.007), 3)
    for depth, steps, lr, seeds in ((2, 1200, 0.01, 5), (3, 2000, 0.01, 4), (4, 2000, 0.008, 3), (5, 2500, 0.007, 3)):
        question = f"{depth} layers of their own: how good?"
        yield Experiment(f"deep-{depth}", question, PAPER, Stack(depth), Recipe(steps, lr=lr), seeds)
    random = Stack(looped=2, init_std=0.3, identity=0.0)
    yield Experiment("looped-2-random", "… from a random start?", PAPER, random, Recipe(1500, lr=0.01))
    for name, std, identity in (("random", 0.3, 0.0), ("mixed", 0.3, 0.3), ("small", 0.02, 0.0)):
        question = f"Two layers, start {identity} I + {std} noise: how often a spurious minimum?"
        start = Stack(2, init_std=std, identity=identity)
        yield Experiment(f"deep-2-{name}", question, PAPER, start, Recipe(1200, lr=0.01), 8)
    for depth in (1, 2, 3):
        question = f"{depth} layers where prompts are well conditioned?"
        yield Experiment(f"clean-deep-{depth}", question, CLEAN, Stack(depth), Recipe(1500, lr=0.01), 3)
    for depth in (2, 3):
        question = f"One layer looped {depth} times where prompts are well conditioned?"
        yield Experiment(f"clean-looped-{depth}", question, CLEAN, Stack(looped=depth), Recipe(1500, lr=0.01), 3)
    yield from _on_spectra()


def _on_spectra() -> Iterator[Experiment]:
    optimum = Recipe(2000, batch=4096, lr=0.02)
    for name, task in {
        "n10": _spectrum(10),
        "n20": _spectrum(20),
        "n40": _spectrum(40),
        "n100": _spectrum(100),
        "noise": _spectrum(20, 2.0),
        "rotated": _spectrum(20, 0.0, True),
        "rotated-noise": _spectrum(20, 2.0, True),
    }.items():
        yield Experiment(f"optimum-{name}", "Is the optimum preconditioned GD?", task, Stack(), optimum, 3)
    random, recipe = Stack(init_std=0.3, identity=0.0), Recipe(1500, 1024, 0.02)
    yield Experiment("optimum-random", "… from a random start?", _spectrum(20), random, recipe, 8)
    even = LinearTask(5, n_context=20, x_dist="normal", x_scale=1.55**0.5)  # the same trace, all eigenvalues alike
    yield Experiment("optimum-random-even", "… where all directions are alike?", even, random, recipe, 8)


#: name → experiment: everything that `python -m icllib run` can train.
#:
#: :meta hide-value:
NAMED: dict[str, Experiment] = {experiment.name: experiment for experiment in _all()}


def named(name: str) -> Experiment:
    """The experiment of this name.

    Raises:
        InputError: there is none.
    """
    if name not in NAMED:
        raise InputError(f"name = {name!r}, expected one of {', '.join(NAMED)}")
    return NAMED[name]


@dataclass(frozen=True)
class Loaded:
    """A stored experiment, ready to be looked at.

    Attributes:
        experiment: what was trained.
        result: everything that the training left behind.
        models: the trained models, one a seed.
    """

    experiment: Experiment
    result: store.Result
    models: list[nn.Module]

    @property
    def measured(self) -> dict[str, Tensor]:
        """name → (R, S): what was measured on the way, by measurement and seed."""
        prefix = "measured/"
        found = self.result.tensors.items()
        return {name.removeprefix(prefix): tensor for name, tensor in found if name.startswith(prefix)}

    @property
    def seeds(self) -> list[int]:
        """The seed of each model."""
        return list(self.result.record["seeds"])

    @property
    def provenance(self) -> str:
        """One sentence: command, seeds, time, machine, versions, date."""
        return self.result.provenance


def load(name: str, retrain: bool = False, folder: Path = store.FOLDER) -> Loaded:
    """The stored result of a named experiment, with its trained models.

    Args:
        name: as `python -m icllib list` shows it.
        retrain: train it now, with a progress bar, and store the new result; may take minutes.
        folder: where results lie.

    Raises:
        InputError: no experiment of this name.
        MissingResultError, StaleResultError: nothing is stored, or the result of an earlier version.
        FileError: a file is damaged.
    """
    experiment = named(name)
    result = runs.run(experiment, folder=folder) if retrain else store.load(experiment, folder)
    return Loaded(experiment, result, trained_models(experiment, result))
