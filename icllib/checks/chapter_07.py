"""Checks for the exercises of chapter 7."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import starmap

import torch
from torch import Tensor

from icllib.checks.answers import call, read, several
from icllib.checks.feedback import Case, Feedback, checked, compare, grade

__all__ = ["best_bend", "degree", "same_as_momentum", "transfer", "two_rates", "what_is_left"]


@checked
def what_is_left(*answers: float) -> Feedback:
    """(1 − 4 λ)³ for λ = 0.05, 0.25 and 0.6."""
    expected = torch.tensor([0.512, 0.0, -2.744])
    mistakes = {
        "that is one step; there are three.": torch.tensor([0.8, 0.0, -1.4]),
        "the sign of the last is wrong: 1 − 2.4 is negative, and so is its third power.": (
            expected.abs()
        ),
        "that is three times what one step removes; what is left is multiplied.": torch.tensor(
            [0.4, -2.0, -6.2]
        ),
        "that is what is gone; what is left is asked.": 1 - expected,
    }
    return compare(several(answers), expected, "0.8³, 0 and (−1.4)³.", mistakes, digits=2)


@checked
def transfer(answer: Callable[[Tensor, float, float, int, int], Tensor]) -> Feedback:
    """`answer(eigenvalues, lr, gamma, n_context, steps)` → what GD++ leaves of each direction."""
    first = torch.tensor([0.0, 0.1, 0.3], dtype=torch.float64)
    second = torch.tensor([[0.05, 0.2], [0.35, 0.4]], dtype=torch.float64)
    cases = starmap(_transfer, [(first, 4.0, 0.05, 10, 3), (second, 3.0, 0.02, 20, 4)])
    return grade(answer, cases, "b (1 − η λ a²) and a (1 − γ N λ a²), layer by layer.")


def _transfer(eigenvalues: Tensor, lr: float, gamma: float, n: int, steps: int) -> Case:
    def run(
        bend: float,
        new_a_first: bool = False,
        power: int = 2,
        steps: int = steps,
        tied: bool = True,
    ) -> Tensor:
        a = b = torch.ones_like(eigenvalues)
        for _ in range(steps):
            curve = eigenvalues * a**power
            bent = a * (1 - bend * (curve if tied else eigenvalues))
            b = b * (1 - lr * (eigenvalues * bent**2 if new_a_first else curve))
            a = bent
        return b

    mistakes = {
        "that is gradient descent: the inputs are not bent.": run(0.0),
        "γ multiplies the sum over the examples: a factor N is missing.": run(gamma),
        "N stands beside γ, not below it.": run(gamma / n),
        "both updates use the inputs from before the layer.": run(gamma * n, new_a_first=True),
        "the curvature of bent inputs is λ a², not λ a.": run(gamma * n, power=1),
        "the second bend sees bent inputs: a (1 − γ N λ a²).": run(gamma * n, tied=False),
        "the sign of the bend is turned: a (1 − γ N λ a²).": run(-gamma * n),
        "that is one layer too few.": run(gamma * n, steps=steps - 1),
        "that is one layer too many.": run(gamma * n, steps=steps + 1),
        "that is what is gone; what is left is asked.": 1 - run(gamma * n),
    }
    return Case((eigenvalues, lr, gamma, n, steps), run(gamma * n), mistakes)


@checked
def best_bend(answer: Callable[[float], float]) -> Feedback:
    """`answer(s)` → the smaller γ with (1 − γ)² = s (1 − γ s)²."""

    def case(s: float) -> Case:
        mistakes = {
            "that is the larger solution: the second direction has changed its sign.": (
                (s**0.5 + 1) / (s**1.5 + 1)
            ),
            "that removes the large eigenvalue altogether; both should be equal.": 1 / s,
            "that is the best *step* for two eigenvalues, not the best bend.": 2 / (1 + s),
            "that is with s (1 − γ s) = 1 − γ; the bend enters squared, so take the root of s.": (
                1 / (s + 1)
            ),
            "γ is positive: a bend shrinks.": -(s**0.5 - 1) / (s**1.5 - 1),
            "that is one over γ.": (s**1.5 - 1) / (s**0.5 - 1),
        }
        expected = torch.tensor((s**0.5 - 1) / (s**1.5 - 1))
        return Case((s,), expected, {hint: torch.tensor(value) for hint, value in mistakes.items()})

    return grade(answer, starmap(case, [(4.0,), (2.5,)]), "1 − γ = √s (1 − γ s).")


@checked
def degree(*answers: int) -> Feedback:
    """Layers of GD++ and of gradient descent for degree 100."""
    mistakes = {
        "4 layers reach degree 40 only.": torch.tensor([4.0, 100.0]),
        "every layer of gradient descent adds one degree.": torch.tensor([5.0, 5.0]),
        "(3⁵ − 1)/2 is 121 already.": torch.tensor([6.0, 100.0]),
        "degree 100 takes 100 steps, one degree each.": torch.tensor([5.0, 99.0]),
        "that is one step too many: K steps have degree K.": torch.tensor([5.0, 101.0]),
        "that is the degree of five layers; their number is asked.": torch.tensor([121.0, 100.0]),
    }
    return compare(
        several(answers),
        torch.tensor([5.0, 100.0]),
        "121 ≥ 100 > 40, and one degree a step.",
        mistakes,
    )


@checked
def two_rates(answer: Callable[[float, float], Sequence[float]]) -> Feedback:
    """`answer(low, high)` → 1/low and 1/high in any order."""

    def case(low: float, high: float) -> Case:
        mistakes = {
            "that is the best single rate, twice.": torch.tensor([2 / (low + high)] * 2),
            "those are the eigenvalues; a rate removes the one that it is the inverse of.": (
                torch.tensor([low, high])
            ),
            "that is for 2/λ, the edge; a rate of 1/λ removes λ.": torch.tensor(
                [2 / low, 2 / high]
            ),
            "each of the two has to be removed once, not one of them twice.": torch.tensor(
                [1 / high, 1 / high]
            ),
            "each of the two has to be removed once, not the low one twice.": torch.tensor(
                [1 / low, 1 / low]
            ),
            "rates are positive: 1 − η λ has to vanish.": torch.tensor([-1 / low, -1 / high]),
        }
        return Case((low, high), torch.tensor([1 / low, 1 / high]), mistakes)

    right = "(1 − λ/λ₁)(1 − λ/λ₂) vanishes at both."
    return grade(answer, starmap(case, [(0.2, 0.5), (0.4, 3.0)]), right, unordered=True)


@checked
def same_as_momentum(answer: Callable[[float, float], Sequence[float]]) -> Feedback:
    """`answer(lr, momentum)` → the rates with sum (2 + β) η and product η²."""
    for lr, beta in ((1.5, 0.4), (0.3, 0.9)):
        given = call(answer, lr, beta)
        given = read(
            list(given) if isinstance(given, set | frozenset) else given, "the answer"
        ).shaped(2)
        total, product, right = float(given.value.sum()), float(given.value.prod()), (2 + beta) * lr
        if not abs(total - right) <= given.tolerance * right:
            text = (
                f"the sum is {total:.3f}; the λ term of momentum's polynomial is −(2 + β) η ="
                f" {-right:.3f}."
            )
            return Feedback("not yet", text)
        if not abs(product - lr**2) <= 3 * given.tolerance * right**2:
            text = (
                f"the product is {product:.3f}; the λ² term of momentum's polynomial is η² ="
                f" {lr**2:.3f}."
            )
            return Feedback("not yet", text)
    return Feedback("right", "two rates are momentum, for two steps.")
