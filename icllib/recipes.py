"""How a model is trained, as plain data: steps, batch, optimiser, schedule."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch

from icllib.errors import InputError, check_choice, check_count, check_number

__all__ = ["SCHEDULES", "Recipe"]

#: What is left of the learning rate when a fraction t of the steps after the warm-up is done.
#:
#: :meta hide-value:
SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": lambda t: 1.0,
    "linear": lambda t: 1 - t,
    "cosine": lambda t: (1 + math.cos(math.pi * t)) / 2,
}


@dataclass(frozen=True)
class Recipe:
    """How a model is trained, as plain data.

    Attributes:
        steps: how many updates.
        batch: prompts in each; all seeds see the same ones.
        lr: the highest learning rate of the optimiser (not the η of a gradient step in the forward pass).
        optimizer: a class of `torch.optim`, by name.
        options: its other arguments.
        schedule: "constant", "linear" or "cosine", the latter two down to 0.
        warmup: fraction of the steps in which the rate rises linearly.
        clip: largest norm of one seed's gradient; None for no limit.
        trains: parameters that are trained, by the last part of their name; all unless given.
        data_seed: seeds the prompts; the seeds of the models are arguments of `train`.
        dtype: of weights and prompts, "float32" or "float64".

    Raises:
        InputError: a number out of its range, or an unknown name.
    """

    steps: int
    batch: int = 512
    lr: float = 0.01
    optimizer: str = "Adam"
    options: Mapping[str, object] = field(default_factory=lambda: {"betas": (0.9, 0.95)})
    schedule: str = "cosine"
    warmup: float = 0.05
    clip: float | None = 1.0
    trains: tuple[str, ...] | None = None
    data_seed: int = 0
    dtype: str = "float32"

    def __post_init__(self) -> None:
        check_count("steps", self.steps)
        check_count("batch", self.batch)
        check_count("data_seed", self.data_seed, minimum=0)
        for name in ("lr", "warmup") + (() if self.clip is None else ("clip",)):
            check_number(name, getattr(self, name), minimum=0.0)
        check_choice("schedule", self.schedule, tuple(SCHEDULES))
        check_choice("dtype", self.dtype, ("float32", "float64"))
        if not (self.optimizer[:1].isupper() and hasattr(torch.optim, self.optimizer)):
            raise InputError(f"optimizer = {self.optimizer!r}, expected the name of a class in torch.optim")

    def rate(self, step: int) -> float:
        """The learning rate of update `step`, which counts from 0."""
        rising = self.warmup * self.steps
        if step < rising:
            return self.lr * (step + 1) / math.ceil(rising)
        return self.lr * SCHEDULES[self.schedule]((step - rising) / max(1.0, self.steps - rising))
