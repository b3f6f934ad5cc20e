"""Checks for the exercises of chapter 10."""

from __future__ import annotations

from collections.abc import Callable
from itertools import starmap

import torch
from torch import Tensor

from icllib.attention import LinearSelfAttention
from icllib.checks.answers import Answer, read, several
from icllib.checks.feedback import Case, Feedback, checked, compare, grade

__all__ = ["best_matrix", "cosine_of_heads", "other_range", "plateau", "rademacher", "what_it_does"]


@checked
def other_range(*answers: float) -> Feedback:
    """[η, factor of the loss] for inputs twice as large: a quarter of 200/33, and 4."""
    eta = 200 / 33
    mistakes = {
        "η has the unit 1/x², not 1/x.": [eta / 2, 4.0],
        "η shrinks when inputs grow: its unit is 1/x².": [eta * 4, 4.0],
        "η shrinks when inputs grow, and by the square: its unit is 1/x².": [eta * 2, 4.0],
        "η has a unit, 1/x², so it changes with the range.": [eta, 4.0],
        "the loss is a square: y doubles, its square grows by four.": [eta / 4, 2.0],
        "the loss grows: y doubles with x.": [eta / 4, 1 / 4],
        "the loss has the unit y², and y doubles with x.": [eta / 4, 1.0],
        "the first is η itself, not its factor.": [1 / 4, 4.0],
    }
    values = {hint: torch.tensor(value) for hint, value in mistakes.items()}
    return compare(
        several(answers),
        torch.tensor([eta / 4, 4.0]),
        "units decide: 1/x² and y².",
        values,
        digits=2,
    )


@checked
def what_it_does(answer: Callable[[LinearSelfAttention, int], Tensor]) -> Feedback:
    """`answer(layer, dim_x)` → Σ_h B_h^yy A_h^xx of a layer with one output."""
    right = "head by head, then the sum."
    return grade(answer, starmap(_heads, [(3, 2, 0), (2, 3, 1)]), right)


def _heads(d: int, heads: int, seed: int) -> Case:
    generator = torch.Generator().manual_seed(seed)
    layer = LinearSelfAttention(
        d + 1, heads, generator=generator, init_std=1.0, dtype=torch.float64
    )
    W_K, W_Q, W_V, P = (matrix.detach() for matrix in (layer.W_K, layer.W_Q, layer.W_V, layer.P))

    def total(read: Tensor, written: Tensor, n: int = heads) -> Tensor:
        return torch.einsum("h,hij->ij", written[:n, d, d], read[:n, :d, :d])

    A, B = W_K.mT @ W_Q, P @ W_V
    mistakes = {
        "that is the first head alone; sum over the heads.": total(A, B, 1),
        "A is W_Kᵀ W_Q; you have its transpose.": total(A.mT, B),
        "multiply within each head first, and sum then.": B.sum(0)[d, d] * A.sum(0)[:d, :d],
        "B is P W_V: first the value, then P.": total(A, W_V @ P),
        "A is W_Kᵀ W_Q; the transpose of W_K is missing.": total(W_K @ W_Q, B),
        "A is W_Kᵀ W_Q; you transposed W_Q.": total(W_K @ W_Q.mT, B),
        "that is the mean over the heads; their updates are added.": total(A, B) / heads,
        "that is the sum of the A alone; each counts with its own entry of B at (y, y).": (
            A[:, :d, :d].sum(0)
        ),
        "the sign stays as it is: for a gradient step the result is −(η/N) I.": -total(A, B),
    }
    return Case((layer, d), total(A, B), mistakes)


@checked
def rademacher(*answers: float) -> Feedback:
    """[predicted η*, η read off a trained layer] for x = ±½: N / (s (N + N_x − 1)), and within 3 %
    of it."""
    eta = 10 / (0.25 * 19)
    mistakes = {
        "that is for uniform inputs; the kurtosis of ±½ is 1.": 10 / (0.25 * 19.8),
        "the variance of ±½ is ¼, not 1/12.": 12 * 10 / 19.0,
        "the variance of ±½ is ¼, not ½.": 10 / (0.5 * 19),
        "that is for inputs ±1; the variance of ±½ is ¼.": 10 / 19.0,
        "that is for normal inputs; the kurtosis of ±½ is 1.": 10 / (0.25 * 21),
        "that is η* of the chapter's inputs; these are ±½.": 200 / 33,
        "that is η* for endless prompts; N is 10.": 4.0,
    }
    given = read(several(answers)).shaped(2)
    predicted, measured = (Answer(number, given.tolerance) for number in given.value)
    values = {hint: torch.tensor(value) for hint, value in mistakes.items()}
    known = compare(predicted, torch.tensor(eta), "", values, digits=2)
    if not known:
        return Feedback("not yet", f"predicted: {known.message}")
    if not abs(float(measured.value) / eta - 1) <= 0.03:
        text = (
            f"read off {float(measured.value):.3f}: more than 3 % from the prediction. Did you use"
            " −N B_yy with A scaled to 1?"
        )
        return Feedback("not yet", text)
    return Feedback("right", "N / (s (N + N_x + κ − 2)) with κ = 1, and training agrees.")


@checked
def plateau(*answers: float) -> Feedback:
    """Factors of the update, of the gradient and of the waiting time when every weight is
    halved."""
    mistakes = {
        "the update is a product of four matrices, its derivative one of three.": [
            1 / 8,
            1 / 8,
            4.0,
        ],
        "near zero the gradient is a product of three of the matrices.": [1 / 16, 1 / 16, 4.0],
        "the update is a product of four matrices, not of one.": [1 / 2, 1 / 8, 4.0],
        "integrate du/dt = c u³: the time goes with u₀ to the power −2.": [1 / 16, 1 / 8, 8.0],
        "integrate du/dt = c u³: u₀ enters squared.": [1 / 16, 1 / 8, 2.0],
        "the time grows: the flow near zero is slower.": [1 / 16, 1 / 8, 1 / 4],
        "those are the inverse factors: update and gradient shrink.": [16.0, 8.0, 4.0],
    }
    values = {hint: torch.tensor(value) for hint, value in mistakes.items()}
    return compare(
        several(answers),
        torch.tensor([1 / 16, 1 / 8, 4.0]),
        "four matrices, three, and u₀⁻².",
        values,
    )


@checked
def cosine_of_heads(answer: Callable[[int, int], float]) -> Feedback:
    """`answer(n_heads, d)` → d² / √(d (d³ + (d³ + d²)/H))."""

    def case(heads: int, d: int) -> Case:
        def value(heads: float, diagonal: float = 1.0) -> Tensor:
            return torch.tensor(d**2 / (d * (d**3 + (d**3 + diagonal * d**2) / heads)) ** 0.5)

        mistakes = {
            "that is the limit for large d; keep the variance of the diagonal.": value(
                heads, diagonal=0.0
            ),
            "that is for a single head.": value(1),
            "that is its square.": value(heads) ** 2,
            "the spread falls with H: an average of H heads has 1/H of the variance.": value(
                1 / heads
            ),
            "the variance falls with H, not with H².": value(heads**2),
            "a diagonal entry of RᵀR has the variance 2d, so d² is added, not taken away.": value(
                heads, diagonal=-1.0
            ),
            "a diagonal entry of RᵀR has the variance 2d: together d² more, not 2d².": value(
                heads, diagonal=2.0
            ),
            "that is one over the cosine.": 1 / value(heads),
        }
        return Case((heads, d), value(heads), mistakes)

    return grade(answer, starmap(case, [(4, 5), (2, 9)]), "signal d³, spread (d³ + d²)/H.")


@checked
def best_matrix(answer: Callable[[int, int, float], Tensor]) -> Feedback:
    """`answer(dim_x, n_context, variance)` → N / (s (N + 9/5 − 1)) at [0, 0], and zero
    elsewhere."""

    def case(d: int, n: int, s: float) -> Case:
        def single(value: float) -> Tensor:
            return torch.diag(torch.tensor([value] + [0.0] * (d - 1)))

        best, wide = n / (s * (n + 0.8)), n / (s * (n + d - 0.2))
        mistakes = {
            "that is the best step of chapter 2; only the first coordinate carries a signal.": (
                torch.eye(d) * wide
            ),
            "along the first coordinate the problem has one dimension: use N_x = 1.": single(wide),
            "the other coordinates carry noise alone: zero is better.": torch.eye(d) * best,
            "finite N costs: the best step is shorter than 1/s.": single(1 / s),
            "that is for normal inputs; the kurtosis of a uniform one is 9/5.": single(
                n / (s * (n + 2))
            ),
            "that has κ alone, without the −1: N + κ − 1.": single(n / (s * (n + 1.8))),
            "s is missing: a step has the unit 1/x².": single(n / (n + 0.8)),
            "s stands below: larger inputs ask for smaller steps.": single(s * n / (n + 0.8)),
            "a mean over N examples stands before it already: N cancels in part only.": single(
                1 / (s * (n + 0.8))
            ),
        }
        return Case((d, n, s), single(best), mistakes)

    return grade(
        answer,
        starmap(case, [(4, 6, 0.5), (3, 9, 1 / 12)]),
        "η* of one dimension along the first coordinate.",
    )
