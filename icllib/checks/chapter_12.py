"""Checks for the exercises of chapter 12."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from icllib.attention import LinearSelfAttention
from icllib.checks.feedback import Feedback, call, compare, grade, problem
from icllib.learners import gradient_step, predict
from icllib.tasks import LinearTask
from icllib.theory import best_preconditioner, preconditioned_loss
from icllib.tokens import join_tokens, read_prediction

__all__ = ["eta_star", "many_examples", "second_moment_of_signs", "shifted", "side_layer"]


def eta_star(answer: Callable[[int, int, float, float], float]) -> Feedback:
    """`answer(n_context, dim_x, variance, noise_std)` → 1 / ((1 + 1/N) s + (s N_x + σ²)/N)."""
    n, d, s, sigma = 8, 3, 0.5, 0.6

    def value(trace: float, noise: float, first: float = 1 + 1 / n) -> Tensor:
        return torch.tensor(1 / (first * s + (trace + noise) / n))

    mistakes = {
        "the trace of s I is s N_x.": value(s, sigma**2),
        "noise enters as its variance, σ².": value(s * d, sigma),
        "the noise is missing.": value(s * d, 0.0),
        "the factor 1 + 1/N is missing.": value(s * d, sigma**2, 1.0),
        "that is Γ; the step is its inverse.": 1 / value(s * d, sigma**2),
    }
    return grade(answer, (n, d, s, sigma), value(s * d, sigma**2), "Γ is a multiple of I.", mistakes)


def many_examples(answers: Sequence[float]) -> Feedback:
    """[M₁₁, M₂₂, power] for Λ = diag(½, 2) and N → ∞: Λ⁻¹, and a loss like 1/N."""
    mistakes = {
        "M tends to the inverse of Λ.": torch.tensor([0.5, 2.0, 1.0]),
        "the loss itself goes as 1/N; its square root as 1/√N.": torch.tensor([2.0, 0.5, 0.5]),
        "expand 1/g once in 1/N: the first order stays.": torch.tensor([2.0, 0.5, 2.0]),
    }
    return compare(answers, torch.tensor([2.0, 0.5, 1.0]), "Γ → Λ, and the loss is about (λ + tr Λ)/2N.", mistakes)


def second_moment_of_signs(answer: Callable[[Tensor, int], Tensor]) -> Feedback:
    """`answer(eigenvalues, n_context)` → tr(Λ) λ / N + (N − 1)/N λ²."""
    eigenvalues, n = torch.tensor([0.5, 1.0, 3.0], dtype=torch.float64), 4
    trace, square = eigenvalues.sum() * eigenvalues, eigenvalues**2
    mistakes = {
        "that is for Gaussian inputs; for signs ‖x‖² is always tr Λ.": (1 + 1 / n) * square + trace / n,
        "there are N (N − 1) different pairs, not N².": square + trace / n,
        "the equal pairs are missing.": (n - 1) / n * square,
        "there are N equal pairs among N².": (n - 1) / n * square + trace,
    }
    expected = trace / n + (n - 1) / n * square
    return grade(answer, (eigenvalues, n), expected, "N equal pairs, N (N − 1) different ones.", mistakes)


def shifted(answer: float) -> Feedback:
    """Loss of the Γ⁻¹ for ascending eigenvalues on descending ones, over the optimum there."""
    eigenvalues = torch.tensor([0.25, 0.5, 1.0, 2.0, 4.0], dtype=torch.float64)
    here, there = (
        LinearTask(5, n_context=20, covariance=torch.diag(values)) for values in (eigenvalues, eigenvalues.flip(0))
    )
    old, new = best_preconditioner(here), best_preconditioner(there)
    factor = preconditioned_loss(there, old) / preconditioned_loss(there, new)
    zero = preconditioned_loss(there, 0 * old)
    mistakes = {
        "that is the loss itself; divide by the optimum's for Λ'.": torch.tensor(preconditioned_loss(there, old)),
        "that compares with answering 0; divide by the optimum's for Λ'.": torch.tensor(
            preconditioned_loss(there, old) / zero
        ),
        "both have the same eigenvalues, but not in the same directions.": torch.tensor(1.0),
    }
    if isinstance(answer, float) and abs(answer / factor - 1) < 0.005:
        answer = factor
    return compare(answer, torch.tensor(factor), "M of Λ, Γ of Λ'.", mistakes)


def side_layer(answer: Callable[[int, float], LinearSelfAttention]) -> Feedback:
    """`answer(n_context, lr)` → a layer with A and B in the row for y and the column for x only, that is a gradient step."""
    prompts, lr = problem(n=6, dim_x=1), 0.7
    layer = call(answer, 6, lr)
    if isinstance(layer, Feedback):
        return layer
    if layer is None or layer is ...:
        return compare(None, torch.zeros(()), "", {})
    if not isinstance(layer, LinearSelfAttention) or layer.dim_token != 2:
        return Feedback("not yet", "expected a LinearSelfAttention(2).")
    with torch.no_grad():
        read, written = (layer.W_K.mT @ layer.W_Q).sum(0), (layer.P @ layer.W_V).sum(0)
        given = read_prediction(layer.double()(join_tokens(prompts)), 1)
    if abs(float(read[0, 0])) > 1e-9 or abs(float(written[1, 1])) > 1e-9:
        return Feedback("not yet", "the main entrance is open: A_xx and B_yy must be 0.")
    expected = predict(gradient_step(torch.zeros(1, 1, 1, dtype=torch.float64), prompts, lr), prompts.x_query)
    mistakes = {
        "the sign: a prediction is minus the y-slot.": -expected,
        "η/N, not η.": expected * 6,
    }
    return compare(given, expected, "score by y, hand over x.", mistakes)
