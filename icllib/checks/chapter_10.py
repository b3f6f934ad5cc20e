"""Checks for the exercises of chapter 10."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from icllib.attention import LinearSelfAttention
from icllib.checks.feedback import Feedback, compare, grade

__all__ = ["best_matrix", "cosine_of_heads", "other_range", "plateau", "rademacher", "what_it_does"]


def other_range(answers: Sequence[float]) -> Feedback:
    """[η, factor of the loss] for inputs twice as large: a quarter of 200/33, and 4."""
    eta = 200 / 33
    mistakes = {
        "η has the unit 1/x², not 1/x.": torch.tensor([eta / 2, 4.0]),
        "η shrinks when inputs grow: its unit is 1/x².": torch.tensor([eta * 4, 4.0]),
        "the loss is a square: y doubles, its square grows by four.": torch.tensor([eta / 4, 2.0]),
    }
    return _roughly(answers, torch.tensor([eta / 4, 4.0]), "units decide: 1/x² and y².", mistakes, 0.01)


def what_it_does(answer: Callable[[LinearSelfAttention, int], Tensor]) -> Feedback:
    """`answer(layer, dim_x)` → Σ_h B_h^yy A_h^xx of a layer with one output."""
    layer = LinearSelfAttention(4, 2, generator=torch.Generator().manual_seed(0), init_std=1.0, dtype=torch.float64)
    read, written = layer.W_K.mT @ layer.W_Q, layer.P @ layer.W_V
    each = [written[head, 3, 3] * read[head, :3, :3] for head in range(2)]
    turned = [written[head, 3, 3] * (layer.W_Q.mT @ layer.W_K)[head, :3, :3] for head in range(2)]
    merged = (written.sum(0)[3, 3] * read.sum(0)[:3, :3]).detach()
    swapped = sum((layer.W_V @ layer.P)[head, 3, 3] * read[head, :3, :3] for head in range(2))
    mistakes = {
        "that is the first head alone; sum over the heads.": each[0].detach(),
        "A is W_Kᵀ W_Q; you have its transpose.": sum(turned).detach(),
        "multiply within each head first, and sum then.": merged,
        "B is P W_V: first the value, then P.": swapped.detach(),
    }
    return grade(answer, (layer, 3), sum(each).detach(), "head by head, then the sum.", mistakes)


def rademacher(answers: Sequence[float]) -> Feedback:
    """[predicted η*, η read off a trained layer] for x = ±½: N / (s (N + N_x − 1)), and within 3 % of it."""
    eta = 10 / (0.25 * 19)
    mistakes = {
        "that is for uniform inputs; the kurtosis of ±½ is 1.": torch.tensor([10 / (0.25 * 19.8)] * 2),
        "the variance of ±½ is ¼, not 1/12.": torch.tensor([12 * 10 / 19.0] * 2),
        "that is for normal inputs; the kurtosis of ±½ is 1.": torch.tensor([10 / (0.25 * 21)] * 2),
    }
    first = compare(None, torch.zeros(1), "", {}) if answers is None or answers is ... else None
    if first is not None:
        return first
    if not isinstance(answers, Sequence) or len(answers) != 2:
        return Feedback("not yet", "expected two numbers: predicted, and read off.")
    predicted, measured = (float(value) for value in answers)
    known = compare([predicted], torch.tensor([eta]), "", {hint: value[:1] for hint, value in mistakes.items()})
    if not known:
        return known
    if abs(measured / eta - 1) > 0.03:
        return Feedback(
            "not yet",
            f"read off {measured:.3f}: more than 3 % from the prediction. Did you use −N B_yy with A scaled to 1?",
        )
    return Feedback("right", "N / (s (N + N_x + κ − 2)) with κ = 1, and training agrees.")


def plateau(answers: Sequence[float]) -> Feedback:
    """Factors of the update, of the gradient and of the waiting time when every weight is halved."""
    mistakes = {
        "the update is a product of four matrices, its derivative one of three.": torch.tensor([1 / 8, 1 / 8, 4.0]),
        "near zero the gradient is a product of three of the matrices.": torch.tensor([1 / 16, 1 / 16, 4.0]),
        "integrate du/dt = c u³: the time goes with u₀ to the power −2.": torch.tensor([1 / 16, 1 / 8, 8.0]),
        "the time grows: the flow near zero is slower.": torch.tensor([1 / 16, 1 / 8, 1 / 4]),
    }
    return compare(answers, torch.tensor([1 / 16, 1 / 8, 4.0]), "four matrices, three, and u₀⁻².", mistakes)


def cosine_of_heads(answer: Callable[[int, int], float]) -> Feedback:
    """`answer(n_heads, d)` → d² / √(d (d³ + (d³ + d²)/H))."""

    def value(heads: int, d: int, diagonal: bool = True) -> Tensor:
        spread = (d**3 + (d**2 if diagonal else 0)) / heads
        return torch.tensor(d**2 / (d * (d**3 + spread)) ** 0.5)

    mistakes = {
        "that is the limit for large d; keep the variance of the diagonal.": value(4, 5, diagonal=False),
        "that is for a single head.": value(1, 5),
        "that is its square.": value(4, 5) ** 2,
    }
    return grade(answer, (4, 5), value(4, 5), "signal d³, spread (d³ + d²)/H.", mistakes)


def best_matrix(answer: Callable[[int, int, float], Tensor]) -> Feedback:
    """`answer(dim_x, n_context, variance)` → N / (s (N + 9/5 − 1)) at [0, 0], and zero elsewhere."""

    def single(value: float) -> Tensor:
        return torch.diag(torch.tensor([value, 0.0, 0.0, 0.0]))

    n, s = 6, 0.5
    best = n / (s * (n + 0.8))
    mistakes = {
        "that is the best step of chapter 2; only the first coordinate carries a signal.": torch.eye(4)
        * n
        / (s * (n + 3.8)),
        "along the first coordinate the problem has one dimension: use N_x = 1.": single(n / (s * (n + 3.8))),
        "the other coordinates carry noise alone: zero is better.": torch.eye(4) * best,
        "finite N costs: the best step is shorter than 1/s.": single(1 / s),
    }
    return grade(answer, (4, n, s), single(best), "η* of one dimension along the first coordinate.", mistakes)


def _roughly(answers: object, expected: Tensor, right: str, mistakes: dict[str, Tensor], tolerance: float) -> Feedback:
    """`compare` for answers that readers round: those within the tolerance count as exact."""
    if isinstance(answers, Sequence) and len(answers) == len(expected):
        near = [*mistakes.values(), expected]
        given = torch.tensor([float(value) for value in answers])
        for value in near:
            if torch.allclose(given, value, rtol=tolerance):
                return compare(value, expected, right, mistakes)
    return compare(answers, expected, right, mistakes)
