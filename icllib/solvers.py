"""The learners that aim at the minimum itself: CG, Newton–Schulz, ridge, least squares."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from icllib.errors import check_count, check_number, warn_if_growing
from icllib.tasks import Prompts, single_or_double

__all__ = ["conjugate_gradients", "least_squares", "newton_schulz", "ridge"]

Weights = Float[Tensor, "batch N_y N_x"]


def conjugate_gradients(prompts: Prompts, steps: int) -> Weights:
    """K steps of conjugate gradients on the normal equations, from zero; each output has its own.

    No number to tune. After N_x steps (N, where N < N_x) the loss is least, up to rounding, and the
    weights are those of least norm. An output stops when its gradient, a sum over the examples, has
    shrunk to the rounding of its first terms: what is left has no direction, and 0/0 no step size.
    [Hestenes and Stiefel 1952; in the stable form of Björck 1996, section 7.4]

    Raises:
        InputError: steps is negative.
    """
    steps = check_count("steps", steps, minimum=0)
    x, error = single_or_double(prompts.x), single_or_double(prompts.y).mT  # (batch, N_y, N)
    weights = x.new_zeros(prompts.batch, prompts.dim_y, prompts.dim_x)
    descent = direction = error @ x  # minus N times the gradient, (batch, N_y, N_x)
    size = descent.square().sum(-1, keepdim=True)
    scale = x.square().sum((1, 2))[:, None, None] * error.square().sum(-1, keepdim=True)
    floor = (4 * torch.finfo(x.dtype).eps) ** 2 * scale
    for _ in range(steps):
        bent, goes_on, before = direction @ x.mT, size > floor, size
        curvature = torch.where(goes_on, bent.square().sum(-1, keepdim=True), 1)
        step = goes_on * size / curvature
        weights, error = weights + step * direction, error - step * bent
        descent = error @ x
        size = descent.square().sum(-1, keepdim=True)
        direction = descent + goes_on * size / torch.where(goes_on, before, 1) * direction
    return weights.to(prompts.x)


def newton_schulz(prompts: Prompts, lr: float, steps: int) -> Weights:
    """Newton's method for the inverse of the Hessian H, by products: V ← V (2 I − H V), V = η I.

    W = (1/N) Σ y_i x_iᵀ V. Each iteration squares I − H V, so K of them are 2^K steps of gradient
    descent. [Schulz 1933]

    Args:
        prompts: one learning problem each.
        lr: η, which starts the iteration; it diverges above 2/λ_max.
        steps: K, 0 or more; K = 0 is one gradient step.

    Raises:
        InputError: steps is negative, or lr is not a finite number.

    Warns:
        UnstableWarning: I − H V grows for most prompts, or overflows.
    """
    steps, lr = check_count("steps", steps, minimum=0), check_number("lr", lr)
    n, eye = prompts.n_context, torch.eye(prompts.dim_x).to(prompts.x)
    hessian = prompts.x.mT @ prompts.x / n
    inverse = (lr * eye).expand(prompts.batch, -1, -1)
    first = eye - hessian @ inverse
    for _ in range(steps):
        inverse = inverse @ (2 * eye - hessian @ inverse)
    cure = "lr is above 2/λ_max, or there are more steps than rounding bears"
    warn_if_growing("Newton–Schulz's matrices I − H V", first, eye - hessian @ inverse, cure)
    return prompts.y.mT @ prompts.x / n @ inverse


def ridge(prompts: Prompts, strength: float) -> Weights:
    """The minimum of 1/(2N) Σ_i ‖W x_i − y_i‖² + (λ/2) ‖W‖², from its normal equations.

    Args:
        prompts: one learning problem each.
        strength: λ > 0. For labels with noise σ² and W* ~ N(0, τ²), λ = σ²/(N τ²) gives the
            Bayes-optimal answer.

    Raises:
        InputError: strength is not above 0 (`least_squares` is the limit λ → 0).
    """
    strength = check_number("strength", strength, above=0)
    x, y, n = single_or_double(prompts.x), single_or_double(prompts.y), prompts.n_context
    gram, eye = x.mT @ x / n, torch.eye(prompts.dim_x).to(x)
    if strength < torch.finfo(x.dtype).eps ** 0.5 * gram.abs().max():
        # The normal equations would square what is lost: the penalty as N_x more examples does not.
        x = torch.cat([x, (n * strength) ** 0.5 * eye.expand(prompts.batch, -1, -1)], dim=1)
        y = torch.cat([y, y.new_zeros(prompts.batch, prompts.dim_x, prompts.dim_y)], dim=1)
        return fit(x, y).to(prompts.x)
    return torch.linalg.solve(gram + strength * eye, x.mT @ y / n).mT.to(prompts.x)


def least_squares(prompts: Prompts) -> Weights:
    """The W of least loss; of all of them, where there are several, the one of least norm.

    In half precision computed in single precision, as `ridge` is.
    """
    return fit(single_or_double(prompts.x), single_or_double(prompts.y)).to(prompts.x)


def fit(
    x: Float[Tensor, "*batch N N_x"], y: Float[Tensor, "*batch N N_y"]
) -> Float[Tensor, "*batch N_y N_x"]:
    """The W of least loss and least norm for inputs and labels in rows, on their device."""
    # gelsd bears matrices of any rank, but exists on the CPU alone. torch's default there, gelsy,
    # begins with uninitialised memory: its last digits, even the rank, change from call to call.
    return torch.linalg.lstsq(x.cpu(), y.cpu(), driver="gelsd").solution.mT.to(x.device)
