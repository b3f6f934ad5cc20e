"""Checks for the exercises of chapter 15."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from itertools import starmap

import torch
from torch import Tensor

from icllib.checks.feedback import Case, Feedback, checked, grade
from icllib.checks.shared import drawn

__all__ = ["before_drop", "masked_limit", "picked_up", "plateau", "polynomial"]


@checked
def plateau(answer: Callable[[int, float], float]) -> Feedback:
    """`answer(dim_x, s)` → N_x s²/6."""

    def case(dim_x: int, s: float) -> Case:
        right = dim_x * s**2 / 6
        values = {
            "the loss is half the mean square.": 2 * right,
            "E x² of U(−s, s) is s²/3, not s².": 3 * right,
            "s enters as a square.": dim_x * s / 6,
            "the squares of all N_x products add up.": s**2 / 6,
            "E x² of U(−s, s) is s²/3; s²/12 is that of U(−s/2, s/2).": right / 4,
        }
        mistakes = {hint: torch.tensor(value) for hint, value in values.items()}
        return Case((dim_x, s), torch.tensor(right), mistakes)

    return grade(answer, starmap(case, [(3, 0.7), (10, 1.3), (5, 2.2)]), "N_x s²/6.")


@checked
def picked_up(answer: Callable[[Tensor, Tensor], Tensor]) -> Feedback:
    """`answer(weights, y)` → weights[::2, 1::2] y."""

    def case(seed: int, n: int) -> Case:
        weights, y = drawn(2 * n + 1, 2 * n, seed=seed).softmax(dim=1), drawn(n, seed=seed + 9)
        mistakes = {
            "the y-tokens are the columns 1, 3, 5, …": weights[::2, ::2] @ y,
            "that is what the y-tokens pick up; the x-tokens are the rows 0, 2, 4, …": (
                weights[1::2, 1::2] @ y
            ),
            "all tokens are there; only those of x and the query are asked for.": (
                weights[:, 1::2] @ y
            ),
            "the query's token is missing.": (weights[::2, 1::2] @ y)[:-1],
            "columns are read and rows ask, not the other way round.": (
                (weights[:-1].T)[::2, 1::2] @ y
            ),
        }
        return Case((weights, y), weights[::2, 1::2] @ y, mistakes)

    return grade(answer, starmap(case, [(0, 3), (1, 5)]), "rows ask, columns are read.")


@checked
def before_drop(answer: Callable[[Tensor, Tensor, Tensor, float], Tensor]) -> Feedback:
    """`answer(x, y, x_query, lr)` → η/2 ȳ ⟨x̄, x_q⟩."""

    def case(seed: int, n: int, dim: int, lr: float) -> Case:
        x, y, x_query = (
            drawn(n, dim, seed=seed),
            drawn(n, seed=seed + 9),
            drawn(dim, seed=seed + 18),
        )
        right = lr / 2 * y.mean() * (x.mean(0) @ x_query)
        mistakes = {
            "half of the values are those of x-tokens, whose y-slots are empty.": 2 * right,
            "that is the step on the true labels; every token holds the same half mean.": (
                lr / n * (y @ x) @ x_query
            ),
            "1/N is missing, in the step or in the mean of the y.": n * right,
            "η is missing.": right / lr,
            "the sign: the answer is minus the query's y-slot, and the step takes it down.": -right,
            "the query's y-slot stays 0.": right - y.mean() / 2,
        }
        return Case((x, y, x_query, lr), right, mistakes)

    cases = starmap(case, [(0, 4, 2, 0.7), (1, 7, 3, 1.5)])
    return grade(answer, cases, "η/2 · ȳ ⟨x̄, x_q⟩: two means are left of the pairs.")


@checked
def polynomial(answer: Callable[[Sequence[float], int], Sequence[float]]) -> Feedback:
    """`answer(rates, n_context)` → a, b, c of 1 − λ g(λ) = Π (1 − η_k λ/N)."""

    def case(rates: Sequence[float], n: int) -> Case:
        def solved(r: Tensor) -> Tensor:
            twos = [p * q for p, q in itertools.combinations(r, 2)]
            return torch.stack([r.sum(), -torch.stack(twos).sum(), r.prod()])

        r = torch.tensor(rates, dtype=torch.float64) / n
        right = solved(r)
        signs = torch.tensor([1.0, -1.0, 1.0], dtype=torch.float64)
        mistakes = {
            "r_k = η_k / N: 1/N is missing.": solved(n * r),
            "the signs alternate: b is below 0.": right * signs,
            "the signs: 1 − λ g(λ) is the product, so g = (1 − product)/λ.": -right,
            "the order is a, b, c: by rising powers of S.": right.flip(0),
            "b adds up the products of two rates, each pair once.": (
                right * torch.tensor([1.0, 2.0, 1.0], dtype=torch.float64)
            ),
            "a is the sum of the three rates, not their mean.": (
                right * torch.tensor([1 / 3, 1.0, 1.0], dtype=torch.float64)
            ),
        }
        return Case((rates, n), right, mistakes)

    cases = starmap(case, [((1.0, 2.0, 5.0), 6), ((0.5, 0.7, 1.1), 10)])
    return grade(
        answer, cases, "every quadratic g for which 1 − λ g(λ) has three real roots is three steps."
    )


@checked
def masked_limit(answer: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Feedback:
    """`answer(x, y, x_query)` → x_qᵀ Xᵀ tril(G)⁻¹ y."""

    def case(seed: int, n: int, dim: int) -> Case:
        x, y, x_query = (
            drawn(n, dim, seed=seed),
            drawn(n, seed=seed + 9),
            drawn(dim, seed=seed + 18),
        )
        gram = x @ x.T

        def solved(matrix: Tensor) -> Tensor:
            return torch.linalg.solve(matrix, y) @ x @ x_query

        mistakes = {
            "that is least squares, without a mask.": (torch.linalg.pinv(x) @ y @ x_query),
            "the mask keeps what is *below* the diagonal: each example sees those before it.": (
                solved(gram.triu())
            ),
            "an example sees itself as well: the diagonal stays.": solved(
                gram.tril(-1) + torch.eye(n, dtype=torch.float64)
            ),
            "that is one layer with η/N = 1; with endless layers tril(G) a = y.": y @ x @ x_query,
            "multiply by the inverse of tril(G), not by tril(G).": gram.tril() @ y @ x @ x_query,
        }
        return Case((x, y, x_query), solved(gram.tril()), mistakes)

    return grade(answer, starmap(case, [(0, 5, 3), (1, 4, 2)]), "one online pass.")
