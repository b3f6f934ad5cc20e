"""The textbook learners: functions from a prompt's data, seen plainly, to a linear model or a prediction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from icllib.errors import InputError, check_count, check_number, check_tensors
from icllib.tasks import Prompts, Task

__all__ = [
    "Tuned",
    "gd_plus_plus",
    "gradient_descent",
    "gradient_step",
    "least_squares",
    "loss",
    "predict",
    "query_loss",
    "ridge",
    "tune",
]

Weights = Float[Tensor, "batch N_y N_x"]


def predict(weights: Weights, x: Float[Tensor, "batch N_x"]) -> Float[Tensor, "batch N_y"]:
    """The linear model's answer W x, one a prompt."""
    check_tensors({"weights": (weights, ("batch", "N_y", "N_x")), "x": (x, ("batch", "N_x"))})
    return torch.einsum("boi,bi->bo", weights, x)


def loss(weights: Weights, prompts: Prompts) -> Float[Tensor, "batch"]:
    """L(W) = 1/(2N) Σ_i ‖W x_i − y_i‖², one number a prompt.  [von Oswald et al. 2023, eq. 2]"""
    _check_weights("weights", weights, prompts)
    residual = torch.einsum("boi,bni->bno", weights, prompts.x) - prompts.y  # (batch, N, N_y)
    return residual.square().sum(dim=(1, 2)) / (2 * prompts.n_context)


def gradient_step(weights: Weights, prompts: Prompts, lr: float) -> Weights:
    """One step of gradient descent on L: W + (η/N) Σ_i (y_i − W x_i) x_iᵀ.  [von Oswald et al. 2023, eq. 3]

    Args:
        weights: W, (batch, N_y, N_x).
        prompts: the data of the loss.
        lr: η, in units of 1/x².
    """
    _check_weights("weights", weights, prompts)
    check_number("lr", lr)
    residual = prompts.y - torch.einsum("boi,bni->bno", weights, prompts.x)  # (batch, N, N_y)
    return weights + lr / prompts.n_context * torch.einsum("bno,bni->boi", residual, prompts.x)


def gradient_descent(prompts: Prompts, lr: float, steps: int, w0: Float[Tensor, "N_y N_x"] | None = None) -> Weights:
    """K steps of gradient descent on L(W) = 1/(2N) Σ_i ‖W x_i − y_i‖², from W_0.

    Args:
        prompts: one learning problem each.
        lr: η, the same in every step, in units of 1/x².
        steps: K, 0 or more.
        w0: W_0, (N_y, N_x), the same for every prompt; zero unless given.

    Returns:
        W_K, (batch, N_y, N_x).

    Raises:
        ShapeError: w0 does not fit the prompts.
        InputError: steps is negative, or lr is not a finite number.
    """
    check_count("steps", steps, minimum=0)
    check_number("lr", lr)
    weights = starting_weights(prompts, w0)
    for _ in range(steps):
        weights = gradient_step(weights, prompts, lr)
    return weights


def gd_plus_plus(prompts: Prompts, lr: float, gamma: float, steps: int) -> Float[Tensor, "batch N_y"]:
    """GD++: each step moves the labels as gradient descent does, and bends all inputs, the query's too.

    x_j ← x_j − γ Σ_i x_i x_iᵀ x_j (the sum, without 1/N) and y_j ← y_j − (η/N) Σ_i y_i x_iᵀ x_j, both with the x from
    before.  [von Oswald et al. 2023, section 4 and appendix A.10]

    Returns:
        the predictions for the query after K = `steps` steps from zero, (batch, N_y).

    Raises:
        InputError: steps is negative, or lr or gamma is not a finite number.
    """
    check_count("steps", steps, minimum=0)
    check_number("lr", lr)
    check_number("gamma", gamma)
    x, y = prompts.x, prompts.y
    x_query, y_query = prompts.x_query, torch.zeros_like(prompts.y_query)
    for _ in range(steps):
        moment = torch.einsum("bni,bnj->bij", x, x)  # Σ x_i x_iᵀ
        delta_w = lr / prompts.n_context * torch.einsum("bno,bni->boi", y, x)
        y, y_query = (
            y - torch.einsum("boi,bni->bno", delta_w, x),
            y_query + torch.einsum("boi,bi->bo", delta_w, x_query),
        )
        x, x_query = x - gamma * x @ moment, x_query - gamma * torch.einsum("bij,bj->bi", moment, x_query)
    return y_query


def ridge(prompts: Prompts, strength: float) -> Weights:
    """The minimum of 1/(2N) Σ_i ‖W x_i − y_i‖² + (λ/2) ‖W‖², from its normal equations.

    Args:
        prompts: one learning problem each.
        strength: λ > 0. For labels with noise σ² and W* ~ N(0, τ²), λ = σ²/(N τ²) gives the Bayes-optimal answer.

    Raises:
        InputError: strength is not above 0 (`least_squares` is the limit λ → 0).
    """
    check_number("strength", strength, minimum=0.0)
    if strength == 0:
        raise InputError("strength = 0, expected a number above 0; least_squares is the limit")
    n = prompts.n_context
    gram = prompts.x.mT @ prompts.x / n + strength * torch.eye(prompts.dim_x).to(prompts.x)
    return torch.linalg.solve(gram, prompts.x.mT @ prompts.y / n).mT


def least_squares(prompts: Prompts) -> Weights:
    """The W of least loss; of all of them, where there are several, the one of least norm."""
    # gelsd bears matrices of any rank, but exists on the CPU alone.
    solution = torch.linalg.lstsq(prompts.x.cpu(), prompts.y.cpu(), driver="gelsd").solution
    return solution.mT.to(prompts.x.device)


def query_loss(predictions: Float[Tensor, "batch N_y"], prompts: Prompts) -> Float[Tensor, "batch"]:
    """½ ‖ŷ − y_q‖², one number a prompt: how far a prediction is from the query's hidden answer."""
    axes = {"y_query": (prompts.y_query, ("batch", "N_y")), "predictions": (predictions, ("batch", "N_y"))}
    check_tensors(axes)
    return (predictions - prompts.y_query).square().sum(dim=1) / 2


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

    Minimises the mean loss on the query over `batch` prompts, by L-BFGS on the logarithms of the numbers, and measures
    on as many new ones. Float64; the same seed gives the same result.

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
    logs = [torch.tensor(float(value), dtype=torch.float64).log().requires_grad_() for value in start]
    optimizer = torch.optim.LBFGS(logs, max_iter=100, tolerance_change=1e-10, line_search_fn="strong_wolfe")

    def mean_loss() -> Tensor:
        optimizer.zero_grad()
        value = query_loss(learner(seen, *(log.exp() for log in logs)), seen).mean()
        value.backward()
        return value

    optimizer.step(mean_loss)
    with torch.no_grad():
        values = tuple(float(log.exp()) for log in logs)
        losses = query_loss(learner(fresh, *values), fresh)
    return Tuned(values, float(losses.mean()), float(1.96 * losses.std() / len(losses) ** 0.5))


def starting_weights(prompts: Prompts, w0: Float[Tensor, "N_y N_x"] | None) -> Weights:
    """W_0 for every prompt: the given matrix, or zero."""
    if w0 is None:
        return prompts.x.new_zeros(prompts.batch, prompts.dim_y, prompts.dim_x)
    check_tensors({"x": (prompts.x, ("batch", "N", "N_x")), "w0": (w0, ("N_y", "N_x"))}, {"N_y": prompts.dim_y})
    return w0.expand(prompts.batch, -1, -1)


def _check_weights(name: str, weights: Weights, prompts: Prompts) -> None:
    axes = {"x": (prompts.x, ("batch", "N", "N_x")), name: (weights, ("batch", "N_y", "N_x"))}
    check_tensors(axes, {"N_y": prompts.dim_y})
