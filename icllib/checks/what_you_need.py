"""Checks for the exercises of the appendix What you need."""

from __future__ import annotations

from collections.abc import Callable
from itertools import starmap

import torch
from torch import Tensor

from icllib.checks.answers import several
from icllib.checks.feedback import Case, Feedback, checked, compare, grade, problem

__all__ = ["best_factor", "draws", "gradient", "power", "shapes"]


@checked
def shapes(*answers: int) -> Feedback:
    """The shape of x.mT @ x for x of shape (100, 8, 3): [100, 3, 3]."""
    mistakes = {
        "that is x @ x.mT: here the turned matrices stand first, (3, 8) times (8, 3).": [100, 8, 8],
        "every prompt has a product of its own: the first axis stays.": [3, 3],
        "the axis of the prompts stays where it is, first.": [3, 3, 100],
        "that is x.mT; it is still multiplied by x.": [100, 3, 8],
        "that is x; it is still multiplied by x.mT from the left.": [100, 8, 3],
        "the prompts are not summed over: they are the first axis.": [1, 3, 3],
        ".mT turns each matrix of a batch, and leaves the prompts alone.": [3, 8, 3],
    }
    values = {hint: torch.tensor(shape) for hint, shape in mistakes.items()}
    right = "a product of (3, 8) and (8, 3) for each of the hundred prompts."
    return compare(several(answers), torch.tensor([100, 3, 3]), right, values)


@checked
def gradient(answer: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Feedback:
    """`answer(W, x, y)` → Σ_i (W x_i − y_i) x_iᵀ / N, (N_y, N_x)."""

    def case(n: int, dim_x: int, dim_y: int, seed: int) -> Case:
        prompts = problem(n, dim_x, dim_y, seed)
        x, y = prompts.x[0], prompts.y[0]
        generator = torch.Generator().manual_seed(seed)
        W = torch.randn(dim_y, dim_x, generator=generator, dtype=torch.float64)
        expected = (x @ W.T - y).T @ x / n
        mistakes = {
            "1/N is missing: the loss is a mean over the examples.": n * expected,
            "the sign: what is missing is W x − y, not y − W x.": -expected,
            "the sign is turned, and 1/N is missing.": -n * expected,
            "it is transposed: a row for each output, a column for each input.": expected.T,
            "a factor 2 is too much: the loss has ½ before the square.": 2 * expected,
            "the factor 2 of the square cancels the ½ of the loss.": expected / 2,
            "1/N stands there twice.": expected / n,
            "the loss sums over the outputs: there is no 1/N_y.": expected / dim_y,
            "y is missing: the residual is W x − y.": W @ x.T @ x / n,
            "W x is missing: that is the gradient at W = 0.": -y.T @ x / n,
        }
        return Case((W, x, y), expected, mistakes)

    cases = starmap(case, [(6, 2, 3, 0), (5, 4, 3, 1)])
    return grade(answer, cases, "residuals, turned round, times inputs, over N.")


@checked
def power(*answers: float) -> Feedback:
    """The eigenvalues of (I − H)¹⁰ where H has 0.1, 0.5 and 1: (1 − λ)¹⁰, in any order."""
    values = torch.tensor([0.1, 0.5, 1.0], dtype=torch.float64)
    mistakes = {
        "those are of H¹⁰; I − H stretches by 1 − λ.": values**10,
        "first subtract, then take the power: (1 − λ)¹⁰, not 1 − λ¹⁰.": 1 - values**10,
        "those are of I − H; it is applied ten times.": 1 - values,
        "a power multiplies again and again: (1 − λ)¹⁰, not 10 (1 − λ).": 10 * (1 - values),
        "ten steps are not one step ten times as long: (1 − λ)¹⁰, not 1 − 10 λ.": 1 - 10 * values,
        "those are of I − (I − H)¹⁰.": 1 - (1 - values) ** 10,
        "I + H would stretch by 1 + λ; here it is 1 − λ.": (1 + values) ** 10,
        "those are of H itself.": values,
    }
    right = "along each eigenvector ten times the stretching by 1 − λ."
    return compare(several(answers), (1 - values) ** 10, right, mistakes, digits=2, unordered=True)


@checked
def draws(answer: float) -> Feedback:
    """How many draws of standard deviation 0.3 give a 95 % interval of ± 0.003: 196²."""
    mistakes = {
        "that is √n; square it.": 196,
        "that is with 2 in place of 1.96.": 200**2,
        "that is √n, with 2 in place of 1.96.": 200,
        "1.96 is missing: one standard deviation holds only 68 % of the draws.": 100**2,
        "that is √n, and 1.96 is missing.": 100,
        "± 0.003 is half the interval's length, not all of it.": 392**2,
        "0.3 is the standard deviation, not the variance.": 1.96**2 * 0.3 / 0.003**2,
        "1.96 is squared as well.": 1.96 * 100**2,
        "1.645 is for a 90 % interval.": 164.5**2,
        "one less is enough: floating point lay just above the whole number.": 196**2 + 1,
    }
    values = {hint: torch.tensor(float(n), dtype=torch.float64) for hint, n in mistakes.items()}
    right = "1.96 · 0.3 / √n = 0.003."
    return compare(answer, torch.tensor(196.0**2, dtype=torch.float64), right, values)


@checked
def best_factor(answer: Callable[[float], float]) -> Feedback:
    """`answer(sigma)` → 1 / (1 + σ²), the g of least E (a − g b)² for b = a + ε."""

    def case(sigma: float) -> Case:
        variance = sigma**2
        mistakes = {
            "noise enters as its variance, σ².": 1 / (1 + sigma),
            "the 1 is missing: a varies too, with variance 1.": 1 / variance,
            "the 1 is missing, and noise enters as its variance.": 1 / sigma,
            "that is 1 − g, the share of the noise in b.": variance / (1 + variance),
            "that trusts b as if it had no noise.": 1.0,
            "that answers with the mean of a, and ignores b.": 0.0,
            "the variances of a and ε add up: 1 + σ², not 1 − σ².": 1 / (1 - variance),
            "that is the variance of b; g is its inverse.": 1 + variance,
            "that is the correlation of a and b; the best guess varies less.": (
                (1 + variance) ** -0.5
            ),
        }
        values = {
            hint: torch.tensor(value, dtype=torch.float64) for hint, value in mistakes.items()
        }
        return Case((sigma,), torch.tensor(1 / (1 + variance), dtype=torch.float64), values)

    return grade(answer, map(case, [0.5, 2.0]), "the noisier the sight, the nearer to the mean.")
