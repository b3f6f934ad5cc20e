"""The textbook learners: functions from a prompt's data to a linear model or a prediction."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import fields

import torch
from jaxtyping import Float
from torch import Tensor

from icllib.errors import (
    InputError,
    check_count,
    check_number,
    check_per_step,
    check_tensors,
    warn_if_growing,
)
from icllib.losses import LossSummary, summarise
from icllib.solvers import conjugate_gradients, least_squares, newton_schulz, ridge
from icllib.tasks import Prompts

__all__ = [
    "chebyshev_steps",
    "conjugate_gradients",
    "gd_plus_plus",
    "gradient_descent",
    "gradient_step",
    "heavy_ball",
    "least_squares",
    "loss",
    "mean_loss",
    "newton_schulz",
    "predict",
    "query_loss",
    "ridge",
]

Weights = Float[Tensor, "batch N_y N_x"]

_CHUNK = 50_000  # numbers in the examples' inputs that `mean_loss` hands over at a time


def predict(weights: Weights, x: Float[Tensor, "batch N_x"]) -> Float[Tensor, "batch N_y"]:
    """The linear model's answer W x, one a prompt.

    Raises:
        ShapeError: weights and inputs of different batches or widths.
    """
    check_tensors({"weights": (weights, ("batch", "N_y", "N_x")), "x": (x, ("batch", "N_x"))})
    return torch.einsum("boi,bi->bo", weights, x)


def loss(weights: Weights, prompts: Prompts) -> Float[Tensor, "batch"]:
    """L(W) = 1/(2N) Σ_i ‖W x_i − y_i‖², a number a prompt.  [von Oswald et al. 2023, section 2]

    Raises:
        ShapeError: weights that do not fit the prompts.
    """
    _check_weights("weights", weights, prompts)
    residual = torch.einsum("boi,bni->bno", weights, prompts.x) - prompts.y  # (batch, N, N_y)
    return residual.square().sum(dim=(1, 2)) / (2 * prompts.n_context)


def gradient_step(weights: Weights, prompts: Prompts, lr: float) -> Weights:
    """One step of gradient descent on L: W + (η/N) Σ_i (y_i − W x_i) x_iᵀ.  [von Oswald et al.
    2023, section 2]

    Args:
        weights: W, (batch, N_y, N_x).
        prompts: the data of the loss.
        lr: η, in units of 1/x².

    Raises:
        ShapeError, InputError: weights that do not fit the prompts; an lr that is not finite.
    """
    _check_weights("weights", weights, prompts)
    return _step(weights, prompts, check_number("lr", lr))


def _step(weights: Weights, prompts: Prompts, lr: float) -> Weights:
    residual = prompts.y - torch.einsum("boi,bni->bno", weights, prompts.x)  # (batch, N, N_y)
    return weights + lr / prompts.n_context * torch.einsum("bno,bni->boi", residual, prompts.x)


def gradient_descent(
    prompts: Prompts,
    lr: float | Sequence[float],
    steps: int,
    w0: Float[Tensor, "N_y N_x"] | None = None,
) -> Weights:
    """K steps of gradient descent on L(W) = 1/(2N) Σ_i ‖W x_i − y_i‖², from W_0.

    Args:
        prompts: one learning problem each.
        lr: η in units of 1/x², a number for all steps or a sequence with one a step.
        steps: K, 0 or more.
        w0: W_0, (N_y, N_x), the same for every prompt; zero unless given.

    Returns:
        W_K, (batch, N_y, N_x).

    Raises:
        ShapeError: w0 does not fit the prompts.
        InputError: steps is negative, or lr is not a finite number, or not one a step.

    Warns:
        UnstableWarning: of several steps with one lr the steps grow for most prompts, or with an lr
            a step the errors on the examples; or they overflow for some prompt.
    """
    rates = check_per_step("lr", lr, check_count("steps", steps, minimum=0))
    before = weights = start = starting_weights(prompts, w0)
    first = None
    for eta in rates:
        before, weights = weights, _step(weights, prompts, eta)
        first = weights - before if first is None else first
    if len(rates) > 1 and all(eta is rates[0] for eta in rates):
        warn_if_growing(
            "gradient descent's steps",
            first,
            weights - before,
            "lr is above 2/λ_max, and W will blow up",
        )
    elif len(rates) > 1:
        _warn_of_errors(
            "gradient descent's", start, weights, prompts, "lr is too large for these inputs"
        )
    return weights


def _warn_of_errors(
    whose: str, start: Weights, weights: Weights, prompts: Prompts, cure: str
) -> None:
    before, after = (prompts.y - prompts.x @ each.mT for each in (start, weights))
    warn_if_growing(f"{whose} errors on the examples", before, after, cure)


def gd_plus_plus(
    prompts: Prompts,
    lr: float | Sequence[float],
    gamma: float | Sequence[float],
    steps: int,
    w0: Float[Tensor, "N_y N_x"] | None = None,
) -> Float[Tensor, "batch N_y"]:
    """GD++: each step moves the labels as gradient descent does, and bends all inputs, the query's
    too.

    x_j ← x_j − γ Σ_i x_i x_iᵀ x_j (the sum, without 1/N) and y_j ← y_j − (η/N) Σ_i (y_i − W_0 x_i)
    x_iᵀ x_j, both with the x from before.  [von Oswald et al. 2023, section 3 and appendix A.10]

    What chapter 7 derives from the eigenvalues of Σ x_i x_iᵀ (the factors a and b of a layer) holds
    from W_0 = 0 and for labels without noise, y_i = W* x_i: then all that happens to a label
    happens to W*.

    Args:
        prompts: one learning problem each.
        lr, gamma: η and γ, a number for all steps or a sequence with one a step.
        steps: K, 0 or more.
        w0: W_0, (N_y, N_x); zero unless given. Every step measures its residuals against this W_0.

    Returns:
        the predictions for the query after K steps, (batch, N_y).

    Raises:
        InputError: steps is negative, or lr or gamma is not a finite number, or not one a step.

    Warns:
        UnstableWarning: the inputs grow for most prompts, because γ is above 2/λ_max of Σ_i x_i
            x_iᵀ.
    """
    steps = check_count("steps", steps, minimum=0)
    rates, bends = check_per_step("lr", lr, steps), check_per_step("gamma", gamma, steps)
    start = starting_weights(prompts, w0)
    x, y, x_query = prompts.x, prompts.y, prompts.x_query
    y_query = predict(start, x_query)
    for eta, bend in zip(rates, bends, strict=True):
        moment = x.mT @ x  # Σ x_i x_iᵀ
        residual = y - x @ start.mT
        delta_w = eta / prompts.n_context * residual.mT @ x
        y, y_query = y - x @ delta_w.mT, y_query + torch.einsum("boi,bi->bo", delta_w, x_query)
        x, x_query = (
            x - bend * x @ moment,
            x_query - bend * torch.einsum("bij,bj->bi", moment, x_query),
        )
    warn_if_growing(
        "GD++'s inputs",
        prompts.x,
        x,
        "gamma is above 2/λ_max of Σ x xᵀ, and predictions will blow up",
    )
    return y_query


def heavy_ball(prompts: Prompts, lr: float, momentum: float, steps: int) -> Weights:
    """K steps of gradient descent with momentum from zero: V ← β V − η ∇L(W), W ← W + V.  [Polyak
    1964]

    Args:
        prompts: one learning problem each.
        lr: η, in units of 1/x².
        momentum: β, 0 or more; 1 and above diverges.
        steps: K, 0 or more.

    Raises:
        InputError: a negative momentum or number of steps, or an lr that is not a finite number.

    Warns:
        UnstableWarning: the errors on the examples grow for most prompts, or overflow.
    """
    steps, lr = check_count("steps", steps, minimum=0), check_number("lr", lr)
    momentum = check_number("momentum", momentum, minimum=0.0)
    weights = start = starting_weights(prompts, None)
    velocity = torch.zeros_like(weights)
    for _ in range(steps):
        velocity = momentum * velocity + _step(weights, prompts, lr) - weights
        weights = weights + velocity
    cure = "lr is above 2 (1 + β)/λ_max, or β is 1 or more"
    _warn_of_errors("heavy ball's", start, weights, prompts, cure)
    return weights


def chebyshev_steps(low: float | Tensor, high: float | Tensor, steps: int) -> list[float | Tensor]:
    """The K step sizes that shrink every eigenvalue between `low` and `high` best in the worst
    case.

    η_k = 1 / (c + r cos(π (2k − 1) / 2K)) with c and r the middle and half the width of the
    interval: the inverse roots of a Chebyshev polynomial, for `gradient_descent`.  [Golub and Van
    Loan 2013, section 11.2.8]

    Raises:
        InputError: low is negative, or not below high; or steps is below 1.
    """
    steps = check_count("steps", steps)
    low, high = check_number("low", low, minimum=0.0), check_number("high", high, minimum=0.0)
    if not low < high:
        raise InputError(f"low = {float(low)}, expected a number below high = {float(high)}")
    middle, radius = (high + low) / 2, (high - low) / 2
    return [
        1 / (middle + radius * math.cos(math.pi * (2 * k - 1) / (2 * steps)))
        for k in range(1, steps + 1)
    ]


def query_loss(predictions: Float[Tensor, "batch N_y"], prompts: Prompts) -> Float[Tensor, "batch"]:
    """½ ‖ŷ − y_q‖², one number a prompt: how far a prediction is from the query's hidden answer.

    Raises:
        ShapeError: predictions that do not fit the prompts.
    """
    axes = {
        "y_query": (prompts.y_query, ("batch", "N_y")),
        "predictions": (predictions, ("batch", "N_y")),
    }
    check_tensors(axes)
    return (predictions - prompts.y_query).square().sum(dim=1) / 2


@torch.no_grad()
def mean_loss(
    predict: Callable[[Prompts], Float[Tensor, "batch N_y"]], prompts: Prompts, trim: float = 0.01
) -> LossSummary:
    """Mean of ½ ‖ŷ − y_q‖² over many prompts, with its interval, the median and the trimmed mean.

    Asks for hundreds or a few thousand predictions at a time, fewer where prompts are long, so that
    hundreds of thousands of prompts fit.

    Args:
        predict: prompts → predictions for their queries; each prompt is answered by itself.
        prompts: two or more.
        trim: the fraction of the largest losses that the trimmed mean leaves out.

    Raises:
        ShapeError: the predictions are not (batch, N_y).
        InputError: as `losses.summarise`.
    """
    tensors = [getattr(prompts, field.name) for field in fields(prompts)]
    size = max(1, _CHUNK // prompts.x[0].numel())
    parts = [
        [None] * math.ceil(prompts.batch / size) if t is None else t.split(size) for t in tensors
    ]
    chunks = (Prompts(*part) for part in zip(*parts, strict=True))
    return summarise(torch.cat([query_loss(predict(chunk), chunk) for chunk in chunks]), trim)


def starting_weights(prompts: Prompts, w0: Float[Tensor, "N_y N_x"] | None) -> Weights:
    """W_0 for every prompt: the given matrix, or zero."""
    if w0 is None:
        return prompts.x.new_zeros(prompts.batch, prompts.dim_y, prompts.dim_x)
    check_tensors(
        {"x": (prompts.x, ("batch", "N", "N_x")), "w0": (w0, ("N_y", "N_x"))},
        {"N_y": prompts.dim_y},
    )
    return w0.expand(prompts.batch, -1, -1)


def _check_weights(name: str, weights: Weights, prompts: Prompts) -> None:
    axes = {"x": (prompts.x, ("batch", "N", "N_x")), name: (weights, ("batch", "N_y", "N_x"))}
    check_tensors(axes, {"N_y": prompts.dim_y})
