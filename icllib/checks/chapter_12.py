"""Checks for the exercises of chapter 12."""

from __future__ import annotations

from collections.abc import Callable
from itertools import starmap

import torch
from torch import Tensor

from icllib.attention import LinearSelfAttention
from icllib.checks.answers import Answer, call, read, several
from icllib.checks.feedback import Case, Feedback, checked, compare, grade, problem
from icllib.learners import gradient_step, predict
from icllib.tasks import LinearTask
from icllib.theory import best_preconditioner, best_step_size, expected_loss, preconditioned_loss

__all__ = ["eta_star", "many_examples", "second_moment_of_signs", "shifted", "side_layer"]


@checked
def eta_star(answer: Callable[[int, int, float, float], float]) -> Feedback:
    """`answer(n_context, dim_x, variance, noise_std)` → 1 / ((1 + 1/N) s + (s N_x + σ²)/N)."""

    def case(n: int, d: int, s: float, sigma: float) -> Case:
        def value(
            trace: float = s * d, noise: float = sigma**2, first: float = 1 + 1 / n, mean: float = n
        ) -> Tensor:
            return torch.tensor(1 / (first * s + (trace + noise) / mean))

        mistakes = {
            "the trace of s I is s N_x.": value(trace=s),
            "the trace of s I is s N_x; s is missing in it.": value(trace=d),
            "noise enters as its variance, σ².": value(noise=sigma),
            "the noise is missing.": value(noise=0.0),
            "the noise is added, not taken away.": value(noise=-(sigma**2)),
            "the factor 1 + 1/N is missing.": value(first=1.0),
            (
                "the factor is 1 + 1/N, not 1 − 1/N: for a Gaussian E x⁴ is three times the "
                "square of the variance."
            ): value(first=1 - 1 / n),
            "1/N is missing before tr Λ + σ².": value(mean=1),
            "that is 1/s, the step for endless prompts.": torch.tensor(1 / s),
            "that is Γ; the step is its inverse.": 1 / value(),
        }
        return Case((n, d, s, sigma), value(), mistakes)

    return grade(
        answer, starmap(case, [(8, 5, 0.5, 0.6), (5, 4, 1.3, 2.0)]), "Γ is a multiple of I."
    )


@checked
def many_examples(*answers: float) -> Feedback:
    """[M₁₁, M₂₂, power] for Λ = diag(½, 2) and N → ∞: Λ⁻¹, and a loss like 1/N."""
    mistakes = {
        "M tends to the inverse of Λ.": torch.tensor([0.5, 2.0, 1.0]),
        "M tends to Λ⁻¹, not to the identity.": torch.tensor([1.0, 1.0, 1.0]),
        "the loss itself goes as 1/N; its square root as 1/√N.": torch.tensor([2.0, 0.5, 0.5]),
        "expand 1/g once in 1/N: the first order stays.": torch.tensor([2.0, 0.5, 2.0]),
        "the power of 1/N is asked: it is positive, since the loss falls.": torch.tensor(
            [2.0, 0.5, -1.0]
        ),
        "that is Λ⁻² ; one Λ cancels.": torch.tensor([4.0, 0.25, 1.0]),
    }
    right = "Γ → Λ, and the loss is about (λ + tr Λ)/2N."
    return compare(several(answers), torch.tensor([2.0, 0.5, 1.0]), right, mistakes)


@checked
def second_moment_of_signs(answer: Callable[[Tensor, int], Tensor]) -> Feedback:
    """`answer(eigenvalues, n_context)` → tr(Λ) λ / N + (N − 1)/N λ²."""

    def case(values: list[float], n: int) -> Case:
        eigenvalues = torch.tensor(values, dtype=torch.float64)
        trace, square = eigenvalues.sum() * eigenvalues, eigenvalues**2
        expected = trace / n + (n - 1) / n * square
        mistakes = {
            "that is for Gaussian inputs; for signs ‖x‖² is always tr Λ.": (
                (1 + 1 / n) * square + trace / n
            ),
            "there are N (N − 1) different pairs, not N².": square + trace / n,
            "the equal pairs are missing.": (n - 1) / n * square,
            "the different pairs are missing.": trace / n,
            "there are N equal pairs among N².": (n - 1) / n * square + trace,
            "an equal pair gives tr(Λ) Λ, not Λ².": square,
            "the trace is that of Λ, not of the identity.": (
                len(values) * eigenvalues / n + (n - 1) / n * square
            ),
            "that is Γ; E C² has one Λ more.": expected / eigenvalues,
        }
        return Case((eigenvalues, n), expected, mistakes)

    right = "N equal pairs, N (N − 1) different ones."
    return grade(answer, starmap(case, [([0.5, 1.0, 3.0], 4), ([0.2, 2.5], 7)]), right)


@checked
def shifted(answer: float) -> Feedback:
    """Loss of the Γ⁻¹ for ascending eigenvalues on descending ones, over the optimum there."""
    eigenvalues = torch.tensor([0.25, 0.5, 1.0, 2.0, 4.0], dtype=torch.float64)
    here, there = (
        LinearTask(5, n_context=20, covariance=torch.diag(values))
        for values in (eigenvalues, eigenvalues.flip(0))
    )
    old, new = best_preconditioner(here), best_preconditioner(there)
    reached, least, zero = (preconditioned_loss(there, matrix) for matrix in (old, new, 0 * old))
    mistakes = {
        "that is the loss itself; divide by the optimum's for Λ'.": reached,
        "that is the optimum's loss for Λ'; which factor is the old matrix above it?": least,
        "that compares with answering 0; divide by the optimum's for Λ'.": reached / zero,
        "that compares with the best single step; divide by the optimum's for Λ'.": (
            reached / expected_loss(there, best_step_size(there))
        ),
        "the factor is upside down: the old matrix is worse.": least / reached,
        "both have the same eigenvalues, but not in the same directions.": 1.0,
    }
    values = {hint: torch.tensor(value) for hint, value in mistakes.items()}
    return compare(answer, torch.tensor(reached / least), "M of Λ, Γ of Λ'.", values, digits=2)


@checked
def side_layer(answer: Callable[[int, float], LinearSelfAttention]) -> Feedback:
    """`answer(n_context, lr)` → a layer with A and B in the row for y and the column for x only,
    that is a gradient step."""
    for n, lr, seed in ((6, 0.7, 0), (9, 0.4, 1)):
        layer = call(answer, n, lr)
        if layer is None or layer is ...:
            read(layer)
        if not isinstance(layer, LinearSelfAttention) or layer.dim_token != 2:
            return Feedback("not yet", "expected a LinearSelfAttention(2).")
        feedback = _side(layer, n, lr, seed)
        if not feedback:
            return feedback
    return feedback


def _side(layer: LinearSelfAttention, n: int, lr: float, seed: int) -> Feedback:
    W_K, W_Q, W_V, P = (read(getattr(layer, name), name) for name in ("W_K", "W_Q", "W_V", "P"))
    A, B = W_K.value.mT @ W_Q.value, P.value @ W_V.value  # (n_heads, 2, 2) each
    tolerance = max(part.tolerance for part in (W_K, W_Q, W_V, P))
    if (
        not float((A[:, 0, 0] * B[:, 1, 1]).abs().max()) <= 1e-9
        or not max(float(A[:, 0, 0].abs().max()), float(B[:, 1, 1].abs().max())) <= 1e-9
    ):
        return Feedback("not yet", "the main entrance is open: A_xx and B_yy must be 0.")
    prompts = problem(n, dim_x=1, seed=seed)
    context = torch.cat([prompts.x, prompts.y], dim=-1)[0]  # (N, 2)
    query = torch.tensor([float(prompts.x_query), 0.0], dtype=torch.float64)
    scores = torch.einsum("ni,hij,j->hn", context, A, query)
    given = -torch.einsum("hn,hi,ni->", scores, B[:, 1], context)
    step = predict(
        gradient_step(torch.zeros(1, 1, 1, dtype=torch.float64), prompts, lr), prompts.x_query
    )[0, 0]
    mistakes = {
        "the sign: a prediction is minus the y-slot.": -step,
        "η/N, not η.": step * n,
        "η is missing.": step / lr,
        "η and 1/N are missing.": step * n / lr,
        "1/N stands there twice.": step / n,
        (
            "the layer answers 0: A needs its entry in the row for y and the column for x, and so "
            "does B."
        ): (0 * step),
    }
    return compare(Answer(given, tolerance), step, "score by y, hand over x.", mistakes)
