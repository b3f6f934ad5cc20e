"""Checks for the exercises of chapter 13."""

from __future__ import annotations

from collections.abc import Callable
from itertools import starmap

import torch
from torch import Tensor

from icllib.checks.answers import several
from icllib.checks.feedback import Case, Feedback, checked, compare, grade

__all__ = ["best_for_pool", "enough", "free_numbers", "pair_step", "powers"]


@checked
def pair_step(answer: float) -> Feedback:
    """η of a pair of softmax heads with A = ±2.10 I that hand over labels with ∓1.58: 2 a ε."""
    size, scale = 1.58, 2.10
    values = {
        "two heads add up: each gives one half of it.": size * scale,
        "the sign: a prediction is minus the y-slot, and so is −a.": -2 * size * scale,
        "that is the distance of the values; the scores count as well.": 2 * size,
        "that is the distance of the scores; the values count as well.": 2 * scale,
        "multiply a and ε; the two do not divide.": 2 * size / scale,
        "ε divides nothing: scores and values multiply.": 2 * scale / size,
        "1/N belongs to the formula of the step, not to η.": 2 * size * scale / 10,
        "a and ε are multiplied, not added.": 2 * (size + scale),
    }
    mistakes = {hint: torch.tensor(value) for hint, value in values.items()}
    return compare(answer, torch.tensor(2 * size * scale), "η = 2 a ε.", mistakes, digits=3)


@checked
def free_numbers(answer: Callable[[int], int]) -> Feedback:
    """`answer(dim_x)` → (N_x + 1) + (N_x + 1) N_x − 1, for one head and N_y = 1."""

    def case(d: int) -> Case:
        right = (d + 1) + (d + 1) * d - 1
        values = {
            "b doubled and A halved is the same layer: one number less.": right + 1,
            "the query's y-slot is 0: the last column of A is never read.": (
                (d + 1) + (d + 1) ** 2 - 1
            ),
            "the last column of A is never read, and one number is lost to the scale.": (
                (d + 1) + (d + 1) ** 2
            ),
            "b has an entry for the label as well: N_x + 1.": d + (d + 1) * d - 1,
            "those are all weights; many layers answer alike.": 4 * (d + 1) ** 2,
            "b is missing.": (d + 1) * d,
            "A is missing.": d + 1,
            "only the main entrance: A_xx and the corner of B.": d * d,
            "b and A have separate numbers: add them.": (d + 1) * (d + 1) * d,
        }
        mistakes = {hint: torch.tensor(float(value)) for hint, value in values.items()}
        return Case((d,), torch.tensor(float(right)), mistakes)

    return grade(answer, starmap(case, [(10,), (3,), (7,)]), "N_x² + 2 N_x.")


@checked
def enough(answer: float) -> Feedback:
    """The least n with 1 / (1 − 120/n) ≤ 1.05: 21 · 120."""
    p = 120
    values = {
        "1 − f/n must be at least 1/1.05, not 0.95: 0.05/1.05 is 1/21.": 20 * p,
        "that is how many times f; how many prompts?": 21,
        "that is within 10 %; 5 % are asked.": 11 * p,
        "that is the number of free numbers, where the loss is largest.": p,
        "one fewer than needed or one too many: at n = 21 f it is exactly 1.05.": 21 * p + 1,
        "at n = 21 f it is exactly 1.05, and one prompt fewer is too few.": 21 * p - 1,
        "f is 120 here: not all 484 weights count.": 21 * 484,
    }
    mistakes = {hint: torch.tensor(float(value)) for hint, value in values.items()}
    return compare(answer, torch.tensor(21.0 * p), "n = 21 f.", mistakes)


@checked
def powers(*answers: float) -> Feedback:
    """[3, 0, 1]: with which power of c the answers of step, LayerNorm and softmax pair grow."""
    values = {
        "the step: labels, inputs and query each bring a factor.": [2, 0, 1],
        "the step: a label, its input and the query each bring a factor; W* brings none.": [
            4,
            0,
            1,
        ],
        "a normalised token does not change with c, nor does the query's.": [3, 1, 1],
        "the norm takes the labels' factor too: they are part of the token.": [3, 2, 1],
        "the norm takes the query's factor, and the labels' as well.": [3, -1, 1],
        "softmax weights stay below 1, but they hand over labels that grow.": [3, 0, 0],
        "the weights of softmax do not grow; only the labels do.": [3, 0, 2],
        "the pair is a step only for small scores; large c makes them large.": [3, 0, 3],
        "the true answer grows with c, and not every learner follows.": [1, 1, 1],
    }
    mistakes = {hint: torch.tensor(value, dtype=torch.float64) for hint, value in values.items()}
    right = "c³ overshoots, c⁰ falls behind, c¹ is the power of the truth."
    return compare(several(answers), torch.tensor([3.0, 0.0, 1.0]), right, mistakes)


@checked
def best_for_pool(answer: Callable[[Tensor, int, float], Tensor]) -> Feedback:
    """`answer(Omega, n_context, variance)` → (s ((1 + 1/N) Ω + tr(Ω)/N I))⁻¹ Ω."""

    def case(seed: int, d: int, members: int, n: int, s: float) -> Case:
        generator = torch.Generator().manual_seed(seed)
        w = torch.randn(members, d, generator=generator, dtype=torch.float64)
        S, eye = w.T @ w / members, torch.eye(d, dtype=torch.float64)

        own = S.trace()

        def value(
            first: float = 1 + 1 / n, trace: Tensor = own, mean: float = n, scale: float = s
        ) -> Tensor:
            return torch.linalg.solve(scale * (first * S + trace / mean * eye), S)

        mistakes = {
            "Ω is missing behind the inverse: where no function lies, M is 0.": (
                torch.linalg.inv(s * ((1 + 1 / n) * S + S.trace() / n * eye))
            ),
            "that is the step for endless functions; what of Ω?": (eye / (s * (1 + 1 / n + d / n))),
            "the factor 1 + 1/N is missing.": value(first=1.0),
            "it is 1 + 1/N, not 1 − 1/N.": value(first=1 - 1 / n),
            "1/N is missing before tr Ω.": value(mean=1),
            "the trace is that of Ω, not of the identity.": value(trace=torch.tensor(float(d))),
            "the variance is missing.": value(scale=1.0),
            "one s cancels: E x_q x_qᵀ = s I gives it back.": value(scale=s * s),
            "that is the matrix to invert; M is its inverse times Ω.": (
                s * ((1 + 1 / n) * S + S.trace() / n * eye)
            ),
        }
        return Case((S, n, s), value(), mistakes)

    right = "M is 0 where the pool is silent."
    return grade(answer, starmap(case, [(0, 4, 2, 6, 0.5), (1, 3, 8, 10, 1.3)]), right)
