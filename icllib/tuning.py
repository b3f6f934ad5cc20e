"""Finding the numbers with which a learner does best on a distribution of problems."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from icllib.errors import UnstableWarning, check_number
from icllib.learners import query_loss
from icllib.tasks import Task

__all__ = ["REACH", "Tuned", "tune"]

#: The tuner looks for each number within a factor of e^REACH of its start.
REACH = 5.0


@dataclass(frozen=True)
class Tuned:
    """What `tune` found.

    Attributes:
        values: the tuned numbers, in the order in which the learner takes them.
        loss: E ½ ‖ŷ − y_q‖² with them, on prompts that the tuning has not seen.
        interval: half the width of its 95 % interval.
    """

    values: tuple[float, ...]
    loss: float
    interval: float


def tune(
    task: Task,
    learner: Callable[..., Float[Tensor, "batch N_y"]],
    start: Sequence[float],
    generator: torch.Generator,
    batch: int = 5000,
) -> Tuned:
    """Find the numbers above 0 (step sizes, strengths) with which a learner does best on a distribution of problems.

    Minimises the mean loss on the query over `batch` prompts, by L-BFGS on the logarithms of the numbers (within e^±5 of the
    start), and measures on as many new ones. Float64; the same seed gives the same result.

    Args:
        task: the distribution of the prompts.
        learner: ``learner(prompts, *values)`` → predictions (batch, N_y), differentiable in the values.
        start: where to begin, one number above 0 each.
        generator: draws both sets of prompts.
        batch: how many prompts in each.

    Raises:
        InputError: a start that is not above 0, or `batch` below 1.
        ShapeError: the learner's predictions are not (batch, N_y).
    """
    for position, value in enumerate(start):
        check_number(f"start[{position}]", value, minimum=1e-300)
    seen, fresh = (task.sample(batch, generator, dtype=torch.float64) for _ in range(2))
    moves = [torch.zeros((), dtype=torch.float64, requires_grad=True) for _ in start]
    optimizer = torch.optim.LBFGS(moves, max_iter=100, tolerance_change=1e-10, line_search_fn="strong_wolfe")

    def current() -> list[Tensor]:
        """The start times e^move, where no move is larger than REACH: a line search must not leap to infinity."""
        return [value * (REACH * torch.tanh(move / REACH)).exp() for value, move in zip(start, moves, strict=True)]

    def mean_loss() -> Tensor:
        optimizer.zero_grad()
        value = query_loss(learner(seen, *current()), seen).mean()
        value.backward()
        return value

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnstableWarning)  # the search may look beyond the edge
        optimizer.step(mean_loss)
    with torch.no_grad():
        values = tuple(float(value) for value in current())
        losses = query_loss(learner(fresh, *values), fresh)
    return Tuned(values, float(losses.mean()), float(1.96 * losses.std() / len(losses) ** 0.5))
