"""Checks for the exercises of chapter 3."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import starmap

import torch
from torch import Tensor

from icllib import learners
from icllib.checks.answers import call, call_blindly, read, several
from icllib.checks.feedback import Case, Feedback, checked, compare, grade, problem
from icllib.tasks import LinearTask, Prompts

__all__ = ["adaptive", "bayes", "one_pass", "own_learner", "past_the_peak", "three_answers"]

_BEHIND = 1.25  # times the loss of the ridge that is told σ; least squares lies at 1.5 for σ = 3


@checked
def three_answers(*answers: float) -> Feedback:
    """What mean, nearest neighbour and least squares answer to x_q = 4 after (1, 2) and (2, 3)."""
    mistakes = {
        "the third is the slope of the line; multiply it by the query.": torch.tensor(
            [2.5, 3, 1.6]
        ),
        "the third is a line with an intercept; ours goes through zero.": torch.tensor(
            [2.5, 3, 5.0]
        ),
        "the nearest example to 4 is the one at 2.": torch.tensor([2.5, 2, 6.4]),
        "the mean is that of the labels, not of the inputs.": torch.tensor([1.5, 3, 6.4]),
        "the second is the nearest input; its label is the answer.": torch.tensor([2.5, 2, 1.6]),
        "the slope of the last two points is not that of least squares: w = Σ x y / Σ x².": (
            torch.tensor([2.5, 3, 6.0])
        ),
    }
    return compare(
        several(answers), torch.tensor([2.5, 3, 6.4]), "2.5, 3, and 1.6 · 4 = 6.4.", mistakes
    )


@checked
def bayes(answer: Callable[[Tensor, Tensor, Tensor, float, float], Tensor]) -> Feedback:
    """`answer(x, y, x_query, noise_std, w_scale)` → the posterior mean of y_q."""

    def case(n: int, dim_x: int, sigma: float, tau: float, seed: int) -> Case:
        prompts = problem(n, dim_x, seed=seed)
        x, y, x_query = prompts.x[0], prompts.y[0], prompts.x_query[0]

        def ridge(strength: float) -> Tensor:
            return learners.ridge(prompts, strength)[0, 0] @ x_query

        mistakes = {
            (
                "N is missing: where the loss carries 1/N the strength is σ²/(N τ²), and where it "
                "does not σ²/τ²."
            ): ridge(sigma**2 / tau**2),
            "N counts twice: where the loss carries no 1/N the strength is σ²/τ².": ridge(
                sigma**2 / (n * tau) ** 2
            ),
            "that is right for τ = 1 only: large weights deserve a weaker penalty.": ridge(
                sigma**2 / n
            ),
            "that is least squares: it ignores how large weights usually are.": (
                learners.least_squares(prompts)[0, 0] @ x_query
            ),
            "σ and τ enter squared.": ridge(sigma / tau / n),
            "τ enters squared.": ridge(sigma**2 / (n * tau)),
            "σ enters squared.": ridge(sigma / (n * tau**2)),
            "it is noise over weights, not weights over noise: σ²/τ².": ridge(
                tau**2 / (n * sigma**2)
            ),
        }
        return Case((x, y, x_query, sigma, tau), ridge(sigma**2 / (n * tau**2)), mistakes)

    cases = starmap(case, [(4, 3, 0.6, 1.5, 0), (7, 2, 1.3, 0.4, 1)])
    return grade(answer, cases, "ridge with λ = σ²/(N τ²) is the posterior mean.")


@checked
def own_learner(learner: Callable[[Prompts], Tensor]) -> Feedback:
    """A learner that beats the nearest neighbour at 20 shots, and does not look at the hidden
    answer."""
    task = LinearTask(dim_x=10, n_context=20, x_dist="normal", noise_std=1.0)
    prompts = task.sample(2000, torch.Generator().manual_seed(0), dtype=torch.float64)
    given = call_blindly(learner, prompts).value
    distance = (prompts.x - prompts.x_query[:, None]).square().sum(-1)
    nearest = prompts.y[torch.arange(prompts.batch), distance.argmin(1)]
    ridge = learners.predict(learners.ridge(prompts, 1 / 20), prompts.x_query)
    own, neighbour, best = (_mean_loss(p, prompts) for p in (given, nearest, ridge))
    places = f"your loss is {own:.2f}; nearest neighbour {neighbour:.2f}, matched ridge {best:.2f}."
    return Feedback("right" if own < neighbour else "not yet", places)


def _mean_loss(predictions: Tensor, prompts: Prompts) -> float:
    return float((predictions - prompts.y_query).square().sum(-1).mean() / 2)


@checked
def past_the_peak(answer: int) -> Feedback:
    """The smallest N with σ² N_x / (N − N_x − 1) ≤ σ² / 10, for N_x = 10."""
    mistakes = {
        "that N is not quite enough: the denominator is N − N_x − 1.": torch.tensor(110.0),
        "that is N − N_x − 1; N is asked.": torch.tensor(100.0),
        (
            "you compare with 10 % of nothing: who knows W* still pays σ²/2 for the noise of the "
            "query."
        ): torch.tensor(21.0),
        "at most 10 % above: with 111 examples it is exactly 10 %.": torch.tensor(112.0),
    }
    return compare(
        answer, torch.tensor(111.0), "N_x / (N − N_x − 1) ≤ 1/10 from N = 111 on.", mistakes
    )


@checked
def one_pass(answer: Callable[[Tensor, Tensor, float], Tensor]) -> Feedback:
    """`answer(x, y, lr)` → w after one gradient step an example, in their order."""

    def case(n: int, dim_x: int, lr: float, seed: int) -> Case:
        prompts = problem(n, dim_x, seed=seed)
        x, y = prompts.x[0], prompts.y[0, :, 0]

        def walk(order: Iterable[int], sign: int = 1, lr: float = lr) -> Tensor:
            w = torch.zeros(dim_x, dtype=x.dtype)
            for i in order:
                w = w + sign * lr * (y[i] - w @ x[i]) * x[i]
            return w

        mistakes = {
            (
                "that is one step on all examples at once; the residual must use the w of this "
                "moment."
            ): (lr * (y @ x)),
            "that is one step on the mean of all examples.": lr / n * (y @ x),
            "you went through the examples backwards.": walk(reversed(range(n))),
            "the first example is left out.": walk(range(1, n)),
            "the last example is left out.": walk(range(n - 1)),
            "that is the first step alone: every example takes one.": walk(range(1)),
            "that is the last example's step alone: each starts where the one before it ended.": (
                lr * y[-1] * x[-1]
            ),
            "the sign is turned: this walk climbs.": walk(range(n), sign=-1),
            "a step on one example has no 1/N.": walk(range(n), lr=lr / n),
        }
        return Case((x, y, lr), walk(range(n)), mistakes)

    right = "each step starts where the one before it ended, so the order matters."
    return grade(answer, starmap(case, [(5, 3, 0.3, 0), (4, 2, 0.5, 1)]), right)


@checked
def adaptive(learner: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Feedback:
    """A ridge that finds its strength in the prompt: at most 25 % behind the one that is told σ."""
    lines, passed = [], True
    for sigma in (0.1, 3.0):
        task = LinearTask(dim_x=8, n_context=16, x_dist="normal", noise_std=sigma)
        prompts = task.sample(250, torch.Generator().manual_seed(0), dtype=torch.float64)
        each = zip(prompts.x, prompts.y, prompts.x_query, strict=True)
        given = torch.stack([read(call(learner, *one)).shaped().value for one in each])[:, None]
        told = learners.predict(learners.ridge(prompts, sigma**2 / 16), prompts.x_query)
        behind = _mean_loss(given, prompts) / _mean_loss(told, prompts)
        passed = passed and behind <= _BEHIND
        lines.append(f"σ = {sigma}: your loss is {behind:.2f} times that of the ridge that knows σ")
    return Feedback("right" if passed else "not yet", "; ".join(lines) + ".")
