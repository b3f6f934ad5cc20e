"""Checks for the exercises of chapter 7."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from icllib.checks.feedback import Feedback, call, compare, grade

__all__ = ["best_bend", "degree", "same_as_momentum", "transfer", "two_rates", "what_is_left"]


def what_is_left(answers: Sequence[float]) -> Feedback:
    """(1 − 4 λ)³ for λ = 0.05, 0.25 and 0.6."""
    expected = torch.tensor([0.512, 0.0, -2.744])
    mistakes = {
        "that is one step; there are three.": torch.tensor([0.8, 0.0, -1.4]),
        "the sign of the last is wrong: 1 − 2.4 is negative, and so is its third power.": expected.abs(),
    }
    return compare(answers, expected, "0.8³, 0 and (−1.4)³.", mistakes)


def transfer(answer: Callable[[Tensor, float, float, int, int], Tensor]) -> Feedback:
    """`answer(eigenvalues, lr, gamma, n_context, steps)` → what GD++ leaves of each direction."""
    eigenvalues, lr, gamma, n = torch.tensor([0.0, 0.1, 0.3], dtype=torch.float64), 4.0, 0.05, 10

    def run(gamma: float, new_a_first: bool = False, square: bool = True) -> Tensor:
        a = b = torch.ones_like(eigenvalues)
        for _ in range(3):
            curve = eigenvalues * (a**2 if square else a)
            bent = a * (1 - gamma * curve)
            b = b * (1 - lr * (eigenvalues * bent**2 if new_a_first else curve))
            a = bent
        return b

    mistakes = {
        "that is gradient descent: the inputs are not bent.": run(0.0),
        "γ multiplies the sum over the examples: a factor N is missing.": run(gamma),
        "both updates use the inputs from before the layer.": run(gamma * n, new_a_first=True),
        "the curvature of bent inputs is λ a², not λ a.": run(gamma * n, square=False),
    }
    right = "b (1 − η λ a²) and a (1 − γ N λ a²), layer by layer."
    return grade(answer, (eigenvalues, lr, gamma, n, 3), run(gamma * n), right, mistakes)


def best_bend(answer: Callable[[float], float]) -> Feedback:
    """`answer(s)` → the smaller γ with (1 − γ)² = s (1 − γ s)²."""
    s = 4.0
    mistakes = {
        "that is the larger solution: the second direction has changed its sign.": torch.tensor(
            (s**0.5 + 1) / (s**1.5 + 1)
        ),
        "that removes the large eigenvalue altogether; both should be equal.": torch.tensor(1 / s),
        "that is the best *step* for two eigenvalues, not the best bend.": torch.tensor(2 / (1 + s)),
    }
    return grade(answer, (s,), torch.tensor((s**0.5 - 1) / (s**1.5 - 1)), "1 − γ = √s (1 − γ s).", mistakes)


def degree(answers: Sequence[int]) -> Feedback:
    """Layers of GD++ and of gradient descent for degree 100."""
    mistakes = {
        "4 layers reach degree 40 only.": torch.tensor([4.0, 100.0]),
        "every layer of gradient descent adds one degree.": torch.tensor([5.0, 5.0]),
    }
    return compare(answers, torch.tensor([5.0, 100.0]), "121 ≥ 100 > 40, and one degree a step.", mistakes)


def two_rates(answer: Callable[[float, float], Sequence[float]]) -> Feedback:
    """`answer(low, high)` → 1/low and 1/high in any order."""
    given = call(answer, 0.2, 0.5)
    if isinstance(given, list | tuple) and len(given) == 2:
        given = sorted(float(value) for value in given)
    mistakes = {"that is the best single rate, twice.": torch.tensor([2 / 0.7, 2 / 0.7])}
    right = "(1 − λ/λ₁)(1 − λ/λ₂) vanishes at both."
    return given if isinstance(given, Feedback) else compare(given, torch.tensor([2.0, 5.0]), right, mistakes)


def same_as_momentum(answer: Callable[[float, float], Sequence[float]]) -> Feedback:
    """`answer(lr, momentum)` → the rates with sum (2 + β) η and product η²."""
    lr, beta = 1.5, 0.4
    given = call(answer, lr, beta)
    if isinstance(given, Feedback) or given is None or given is ...:
        return given if isinstance(given, Feedback) else compare(None, torch.zeros(()), "", {})
    if not isinstance(given, list | tuple | Tensor) or len(given) != 2:
        return Feedback("not yet", "expected two rates.")
    total, product = float(given[0]) + float(given[1]), float(given[0]) * float(given[1])
    if abs(total - (2 + beta) * lr) > 1e-6:
        return Feedback(
            "not yet",
            f"the sum is {total:.3f}; the λ term of momentum's polynomial is −(2 + β) η = {-(2 + beta) * lr:.3f}.",
        )
    if abs(product - lr**2) > 1e-6:
        return Feedback(
            "not yet", f"the product is {product:.3f}; the λ² term of momentum's polynomial is η² = {lr**2:.3f}."
        )
    return Feedback("right", "two rates are momentum, for two steps.")
