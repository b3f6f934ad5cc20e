"""How a model is trained, as plain data: steps, batch, optimiser, schedule."""

from __future__ import annotations

import inspect
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
        lr: the highest learning rate of the optimiser (not the η of a gradient step in the forward
            pass).
        optimizer: a class of `torch.optim`, by name.
        options: its other arguments; unless given, those of torch, but for optimisers with betas
            (0.9, 0.95).
        schedule: "constant", "linear" or "cosine", the latter two down to 0.
        warmup: fraction of the steps in which the rate rises linearly.
        clip: largest norm of one seed's gradient; None for no limit.
        trains: parameters that are trained, by the last part of their name; all unless given.
        data_seed: seeds the prompts; the seeds of the models are arguments of `train`.
        dtype: of weights and prompts, "float32" or "float64".

    Raises:
        InputError: a number out of its range, an unknown name, or options that the optimiser does
            not take.
    """

    steps: int
    batch: int = 512
    lr: float = 0.01
    optimizer: str = "Adam"
    options: Mapping[str, object] | None = field(default=None, hash=False)
    schedule: str = "cosine"
    warmup: float = 0.05
    clip: float | None = 1.0
    trains: tuple[str, ...] | None = None
    data_seed: int = 0
    dtype: str = "float32"

    def __post_init__(self) -> None:
        counts = {"steps": 1, "batch": 1, "data_seed": 0}
        plain = {
            name: check_count(name, getattr(self, name), least) for name, least in counts.items()
        }
        for name in ("lr", "warmup") + (() if self.clip is None else ("clip",)):
            plain[name] = _plain(check_number(name, getattr(self, name), minimum=0.0))
        if plain["warmup"] > 1:
            raise InputError(
                f"warmup = {self.warmup!r}, expected a fraction of the steps, at most 1"
            )
        if isinstance(self.trains, str):
            raise InputError(
                f"trains = {self.trains!r}, expected a tuple of names: ({self.trains!r},)"
            )
        plain["trains"] = None if self.trains is None else tuple(self.trains)
        check_choice("schedule", self.schedule, tuple(SCHEDULES))
        check_choice("dtype", self.dtype, ("float32", "float64"))
        plain["options"] = _options_of(self.optimizer, plain["lr"], self.options)
        for name, value in plain.items():
            object.__setattr__(self, name, value)

    def rate(self, step: int) -> float:
        """The learning rate of update `step`, which counts from 0."""
        rising = self.warmup * self.steps
        if step < rising:
            return self.lr * (step + 1) / math.ceil(rising)
        return self.lr * SCHEDULES[self.schedule]((step - rising) / max(1.0, self.steps - rising))


def _plain(value: object) -> object:
    """Python's own numbers for NumPy's and torch's, so that recipes can be compared and stored."""
    value = value.tolist() if hasattr(value, "tolist") else value
    return tuple(map(_plain, value)) if isinstance(value, list | tuple) else value


def _options_of(name: object, lr: float, options: Mapping[str, object] | None) -> dict[str, object]:
    """The options of a class of `torch.optim`, tried on it."""
    optimizer = getattr(torch.optim, name, None) if isinstance(name, str) else None
    is_one = isinstance(optimizer, type) and issubclass(optimizer, torch.optim.Optimizer)
    if not is_one or optimizer is torch.optim.Optimizer:
        raise InputError(f"optimizer = {name!r}, expected the name of a class in torch.optim")
    takes = [one for one in inspect.signature(optimizer).parameters if one not in ("params", "lr")]
    if options is None:
        return {"betas": (0.9, 0.95)} if "betas" in takes else {}
    if not isinstance(options, Mapping):
        raise InputError(f"options = {options!r}, expected a dictionary from names to values")
    if unknown := [option for option in options if option not in takes]:
        raise InputError(
            f"options has {unknown[0]!r}, expected those of {name}: {', '.join(takes)}"
        )
    plain = {option: _plain(value) for option, value in options.items()}
    try:
        optimizer([], lr=lr, **plain)
    except (TypeError, ValueError, RuntimeError) as error:
        # Good options leave torch one complaint. (With parameters it would load its compiler.)
        if "empty parameter list" not in str(error):
            raise InputError(f"options = {plain}: {name} says {error}") from error
    return plain
