"""Finding the numbers with which a learner does best on a distribution of problems."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from icllib.errors import (
    InputError,
    UnstableWarning,
    WallWarning,
    check_count,
    check_number,
    shapes_only,
)
from icllib.learners import mean_loss, query_loss
from icllib.tasks import Prompts, Task

__all__ = ["REACH", "Tuned", "tune", "tune_online"]

#: `tune` looks for each number within a factor of e^REACH of its start.
REACH = 5.0
_NEAR_WALL = 0.95  # of REACH, in logarithms

#: ``learner(prompts, *values)`` → predictions (batch, N_y), differentiable in the values.
Learner = Callable[..., Float[Tensor, "batch N_y"]]


@dataclass(frozen=True)
class Tuned:
    """What a tuner found.

    Attributes:
        values: the tuned numbers, in the order in which the learner takes them.
        loss: E ½ ‖ŷ − y_q‖² with them, on prompts that the tuning has not seen.
        interval: half the width of its 95 % interval.
        trimmed: the mean without the worst 1 % of these prompts. With many numbers a learner can
            fit the spectrum so closely that one prompt in a million ruins its mean; then compare by
            this one.
        at_wall: for each number, whether the search ended at the edge of its range, so that a
            number still further away may be better. `tune_online` has no such edge.
    """

    values: tuple[float, ...]
    loss: float
    interval: float
    trimmed: float
    at_wall: tuple[bool, ...]


def tune(
    task: Task,
    learner: Learner,
    start: Sequence[float],
    generator: torch.Generator,
    batch: int = 5000,
) -> Tuned:
    """Find the numbers above 0 (step sizes, strengths) with which a learner does best on a
    distribution of problems.

    Minimises the mean loss on the query over `batch` prompts, by L-BFGS on the logarithms of the
    numbers (within e^±5 of the start), and measures on as many new ones. For one to three numbers;
    with more, the mean over a few thousand prompts hangs on single ones, and `tune_online` is
    better. Float64; the same seed gives the same result.

    Args:
        task: the distribution of the prompts.
        learner: ``learner(prompts, *values)`` → predictions (batch, N_y), differentiable in the
            values.
        start: where to begin, one number above 0 each.
        generator: draws both sets of prompts.
        batch: how many prompts in each.

    Raises:
        InputError: a start that is not above 0 or has no finite loss, or `batch` below 2.
        ShapeError: the learner's predictions are not (batch, N_y).

    Warns:
        WallWarning: a number ended at the edge of its range.
    """
    _check_start(start)
    batch = check_count("batch", batch, minimum=2)
    seen, fresh = (task.sample(batch, generator, dtype=torch.float64) for _ in range(2))
    search = _Search(learner, seen, start)
    with warnings.catch_warnings(), shapes_only():
        warnings.simplefilter("ignore", UnstableWarning)  # the search may look beyond the edge
        for lr in (
            1.0,
            0.1,
            0.01,
        ):  # lost where numbers overflow, it begins again at the best point with shorter steps
            if search.run(lr):
                break
    values = search.best_values
    walls = tuple(
        abs(math.log(v / s)) > _NEAR_WALL * REACH for v, s in zip(values, start, strict=True)
    )
    for place in (place for place, reached in enumerate(walls) if reached):
        warnings.warn(
            f"value {place} ended at {values[place]:.3g}, "
            f"the edge of the range around start[{place}] = {start[place]:.3g}"
            ": start there, or ask whether a best number exists",
            WallWarning,
            stacklevel=2,
        )
    return _judged(values, learner, fresh, walls)


class _Search:
    """L-BFGS on the logarithms of the numbers, which remembers the best point with a finite
    loss."""

    def __init__(self, learner: Learner, prompts: Prompts, start: Sequence[float]) -> None:
        self.learner, self.prompts, self.start = learner, prompts, start
        self.best = [0.0] * len(start)
        self.least = math.inf

    def current(self, moves: Sequence[Tensor]) -> list[Tensor]:
        """The start times e^move, where no move is larger than REACH: a line search must not leap
        to infinity."""
        return [
            value * (REACH * torch.tanh(move / REACH)).exp()
            for value, move in zip(self.start, moves, strict=True)
        ]

    @property
    def best_values(self) -> tuple[float, ...]:
        return tuple(
            float(value)
            for value in self.current([torch.tensor(m, dtype=torch.float64) for m in self.best])
        )

    def run(self, lr: float) -> bool:
        """Search from the best point; tell whether it came to an end, and did not get lost in
        infinity or NaN."""
        moves = [torch.tensor(move, dtype=torch.float64, requires_grad=True) for move in self.best]
        options = {"max_iter": 100, "tolerance_change": 1e-10, "line_search_fn": "strong_wolfe"}
        optimizer = torch.optim.LBFGS(moves, lr=lr, **options)

        def loss() -> Tensor:
            optimizer.zero_grad()
            if not all(math.isfinite(move.detach()) for move in moves):
                raise _LostError
            value = query_loss(
                self.learner(self.prompts, *self.current(moves)), self.prompts
            ).mean()
            value.backward()
            slopes = [
                move.grad for move in moves if move.grad is not None
            ]  # None: it has no effect
            if not all(math.isfinite(n) for n in (value.detach(), *slopes)):
                raise _LostError
            if value.item() < self.least:
                self.least, self.best = value.item(), [float(move.detach()) for move in moves]
            return value

        try:
            optimizer.step(loss)
        except _LostError:
            if self.least == math.inf:
                raise InputError(
                    f"start = {list(self.start)}, expected numbers with a finite loss and slope"
                ) from None
            return False
        return True


class _LostError(Exception):
    """The search has come to where the loss or its slope is not finite."""


def tune_online(
    task: Task,
    learner: Learner,
    start: Sequence[float],
    generator: torch.Generator,
    steps: int = 700,
    batch: int = 2000,
    lr: float = 0.05,
    judged_on: int = 100_000,
) -> Tuned:
    """`tune` for many numbers: new prompts at every step, so that no single prompt can decide.

    Adam on the logarithms of the numbers, the gradient clipped at norm 1, the rate falling to 0
    along a cosine. The clip keeps one rare prompt from throwing the numbers about; it also means
    that such prompts hardly count, so that the mean of what is found can be ruined by one prompt in
    a million, where its `Tuned.trimmed` is low. Where a step's loss is not finite, the numbers stay
    as they are. Float64; the same seed gives the same result.

    Args:
        task: the distribution of the prompts.
        learner: as for `tune`.
        start: where to begin, one number above 0 each.
        generator: draws all prompts.
        steps: how many.
        batch: prompts in each.
        lr: the largest change of a logarithm in a step, roughly.
        judged_on: new prompts on which the loss is measured.

    Raises:
        InputError: a start that is not above 0, a size below 1, or judged_on below 2.
        ShapeError: the learner's predictions are not (batch, N_y).
    """
    _check_start(start)
    check_count("steps", steps)
    check_count("batch", batch)
    check_count("judged_on", judged_on, minimum=2)
    logs = torch.tensor(
        [math.log(value) for value in start], dtype=torch.float64, requires_grad=True
    )
    optimizer = torch.optim.Adam([logs], lr=lr, betas=(0.9, 0.95))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    with warnings.catch_warnings(), shapes_only():
        warnings.simplefilter("ignore", UnstableWarning)
        for _ in range(steps):
            prompts = task.sample(batch, generator, dtype=torch.float64)
            loss = query_loss(learner(prompts, *logs.exp()), prompts).mean()
            (logs.grad,) = torch.autograd.grad(loss, logs)
            if not (loss.isfinite() and logs.grad.isfinite().all()):
                logs.grad = None  # and the optimiser leaves the numbers alone
            torch.nn.utils.clip_grad_norm_([logs], 1.0)
            optimizer.step()
            schedule.step()
        values = tuple(logs.detach().exp().tolist())
        fresh = task.sample(judged_on, generator, dtype=torch.float64)
        return _judged(values, learner, fresh, (False,) * len(values))


def _judged(
    values: tuple[float, ...], learner: Learner, fresh: Prompts, walls: tuple[bool, ...]
) -> Tuned:
    found = mean_loss(lambda p: learner(p, *values), fresh)
    return Tuned(values, found.mean, found.interval, found.trimmed, walls)


def _check_start(start: Sequence[float]) -> None:
    for position, value in enumerate(start):
        check_number(f"start[{position}]", value, above=0)
