"""Closed forms: what one gradient step from zero can reach on average over a distribution of
problems."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from icllib.errors import InputError, check_number, check_tensors
from icllib.tasks import LinearTask

__all__ = ["best_preconditioner", "best_step_size", "expected_loss", "preconditioned_loss"]

_KURTOSIS = {"uniform": 9 / 5, "normal": 3.0, "rademacher": 1.0}  # E x⁴ / (E x²)²
_VARIANCE = {"uniform": 1 / 3, "normal": 1.0, "rademacher": 1.0}  # of x / x_scale


def best_step_size(task: LinearTask) -> float:
    """η*, the step size whose single step from zero has the least expected loss on the query.

    With t_1 = tr Λ, t_2 = tr Λ², t_3 = tr(Λ E[C²]), C = (1/N) Σ x_i x_iᵀ, noise σ² and W* ~ N(0,
    τ²): η* = τ² t_2 / (τ² t_3 + σ² t_2 / N). Without noise and for independent coordinates of
    variance s and kurtosis κ this is N / (s (N + N_x + κ − 2)). Derived in chapter 2; for Gaussian
    x see Ahn et al. (2023), theorem 1.

    Raises:
        InputError: the inputs or W* are all zero, so that no step size is better than another, or
            the task is a `BalancedTask`.
    """
    _, t2, t3 = _traces(task)
    signal = task.w_scale**2
    if signal * t2 == 0:
        raise InputError(
            "task has x_scale = 0 or w_scale = 0, expected inputs and weights that are not all zero"
        )
    return signal * t2 / (signal * t3 + task.noise_std**2 * t2 / task.n_context)


def expected_loss(task: LinearTask, lr: float) -> float:
    """E ½ ‖ŷ − y_q‖² of one step from zero with step size η = `lr`, exactly.

    (N_y / 2) (τ² (t_1 − 2 η t_2 + η² t_3) + σ² (1 + η² t_2 / N)), letters as in `best_step_size`.

    Raises:
        InputError: lr is not a finite number, or the task is a `BalancedTask`.

    Source: chapter 2.
    """
    lr = check_number("lr", lr)
    t1, t2, t3 = _traces(task)
    signal = task.w_scale**2 * (t1 - 2 * lr * t2 + lr**2 * t3)
    noise = task.noise_std**2 * (1 + lr**2 * t2 / task.n_context)
    return task.dim_y / 2 * (signal + noise)


def best_preconditioner(task: LinearTask) -> Float[Tensor, "N_x N_x"]:
    """Γ⁻¹, the matrix with which ŷ = (1/N) Σ_i y_i ⟨x_i, Γ⁻¹ x_q⟩ has the least expected loss on
    Gaussian inputs.

    Γ = (1 + 1/N) Λ + ((tr Λ + σ²/τ²)/N) I, with noise σ² and W* ~ N(0, τ²); float64. Derived in
    chapter 12. [Ahn et al. 2023, theorem 1; Zhang, Frei and Bartlett 2024]

    Raises:
        InputError: the inputs are not Gaussian, all inputs or weights are 0, or the task is a
            `BalancedTask`.
    """
    return torch.linalg.inv(_gamma(task, _gaussian_covariance(task), task.n_context))


def preconditioned_loss(
    task: LinearTask, matrix: Float[Tensor, "N_x N_x"], n_context: float | None = None
) -> float:
    """E ½ ‖ŷ − y_q‖² of ŷ = (1/N) Σ_i y_i ⟨x_i, M x_q⟩ for any M = `matrix`, exactly, on Gaussian
    inputs.

    (N_y / 2) (τ² (tr Λ − 2 tr(Λ² M) + tr(Λ Mᵀ Λ Γ M)) + σ²), with Γ as in `best_preconditioner`. An
    M that was best for one N may be used at another: Γ is that of the N in the prompt. For N → ∞ it
    tends to Λ, and the loss to (N_y / 2) (τ² tr((I − ΛM) Λ (I − ΛM)ᵀ) + σ²), which is above the
    noise unless M = Λ⁻¹: what M leaves of W*, no number of examples repairs.  [for M = Γ_N⁻¹:
    Zhang, Frei and Bartlett 2024]

    Args:
        task: the distribution of the prompts.
        matrix: M, (N_x, N_x).
        n_context: N of the prompt, `math.inf` for the limit; the task's own unless given.

    Raises:
        ShapeError: matrix is not (N_x, N_x).
        InputError: n_context is below 1, or as `best_preconditioner`.
    """
    covariance = _gaussian_covariance(task)
    check_tensors({"matrix": (matrix, ("N_x", "N_x"))}, {"N_x": task.dim_x})
    n = task.n_context if n_context is None else n_context
    if not n >= 1:
        raise InputError(
            f"n_context = {n_context!r}, expected a number of examples, 1 or more, or math.inf"
        )
    m = matrix.detach().to(covariance)
    gamma = _gamma(task, covariance, n)
    gain, cost = (covariance @ covariance @ m).trace(), covariance @ m.T @ covariance @ gamma @ m
    signal = task.w_scale**2 * float(covariance.trace() - 2 * gain + cost.trace())
    return task.dim_y / 2 * (signal + task.noise_std**2)


def _check_isotropic(task: LinearTask) -> None:
    if type(task) is not LinearTask:
        raise InputError(
            f"task is a {type(task).__name__}, expected a LinearTask, "
            "whose W* has no preferred direction"
        )


def _gaussian_covariance(task: LinearTask) -> Tensor:
    _check_isotropic(task)
    if task.covariance is not None:
        return task.covariance.double()
    if task.x_dist != "normal":
        raise InputError(
            f"task has x_dist = {task.x_dist!r}, "
            "expected Gaussian inputs: 'normal', or a covariance"
        )
    return task.x_scale**2 * torch.eye(task.dim_x, dtype=torch.float64)


def _gamma(task: LinearTask, covariance: Tensor, n: float) -> Tensor:
    if task.w_scale == 0 or not covariance.any():
        raise InputError(
            "task has x_scale = 0 or w_scale = 0, expected inputs and weights that are not all zero"
        )
    eye = torch.eye(task.dim_x, dtype=torch.float64)
    return (1 + 1 / n) * covariance + (
        covariance.trace() + (task.noise_std / task.w_scale) ** 2
    ) / n * eye


def _traces(task: LinearTask) -> tuple[float, float, float]:
    """tr Λ, tr Λ² and tr(Λ E[C²])."""
    _check_isotropic(task)
    n, d = task.n_context, task.dim_x
    if task.covariance is None:
        s = task.x_scale**2 * _VARIANCE[task.x_dist]
        return s * d, s**2 * d, s**3 * d * (n + d + _KURTOSIS[task.x_dist] - 2) / n
    eigenvalues = torch.linalg.eigvalsh(task.covariance.double())
    t1, t2, t3 = (float((eigenvalues**power).sum()) for power in (1, 2, 3))
    return t1, t2, (1 + 1 / n) * t3 + t1 * t2 / n
