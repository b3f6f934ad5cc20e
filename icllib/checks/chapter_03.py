"""Checks for the exercises of chapter 3."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from icllib import learners
from icllib.checks.feedback import Feedback, call, compare, grade, problem
from icllib.tasks import LinearTask, Prompts

__all__ = ["adaptive", "bayes", "one_pass", "own_learner", "past_the_peak", "three_answers"]


def three_answers(answers: Sequence[float]) -> Feedback:
    """What mean, nearest neighbour and least squares answer to x_q = 4 after (1, 2) and (2, 3)."""
    mistakes = {
        "the third is the slope of the line; multiply it by the query.": torch.tensor([2.5, 3, 1.6]),
        "the third is a line with an intercept; ours goes through zero.": torch.tensor([2.5, 3, 5.0]),
        "the nearest example to 4 is the one at 2.": torch.tensor([2.5, 2, 6.4]),
    }
    return compare(answers, torch.tensor([2.5, 3, 6.4]), "2.5, 3, and 1.6 · 4 = 6.4.", mistakes)


def bayes(answer: Callable[[Tensor, Tensor, Tensor, float, float], Tensor]) -> Feedback:
    """`answer(x, y, x_query, noise_std, w_scale)` → the posterior mean of y_q."""
    prompts, sigma, tau = problem(n=4), 0.6, 1.5
    x, y, x_query = prompts.x[0], prompts.y[0], prompts.x_query[0]
    ridge = lambda strength: learners.ridge(prompts, strength)[0, 0] @ x_query  # noqa: E731
    mistakes = {
        "the strength is σ²/(N τ²) when the loss carries 1/N, and σ²/τ² when it does not: N counts twice or never.": ridge(
            sigma**2 / tau**2
        ),
        "that is right for τ = 1 only: large weights deserve a weaker penalty.": ridge(sigma**2 / 4),
        "that is least squares: it ignores how large weights usually are.": learners.least_squares(prompts)[0, 0]
        @ x_query,
        "σ and τ enter squared.": ridge(sigma / tau / 4),
    }
    right = "ridge with λ = σ²/(N τ²) is the posterior mean."
    return grade(answer, (x, y, x_query, sigma, tau), ridge(sigma**2 / (4 * tau**2)), right, mistakes)


def own_learner(learner: Callable[[Prompts], Tensor]) -> Feedback:
    """A learner that beats the nearest neighbour at 20 shots, and does not look at the hidden answer."""
    task = LinearTask(dim_x=10, n_context=20, x_dist="normal", noise_std=1.0)
    prompts = task.sample(2000, torch.Generator().manual_seed(0), dtype=torch.float64)
    given = call(learner, prompts)
    if given is None or isinstance(given, Feedback):
        return given or compare(None, torch.zeros(()), "", {})
    if not isinstance(given, Tensor) or given.shape != prompts.y_query.shape:
        shape = tuple(given.shape) if isinstance(given, Tensor) else type(given).__name__
        return Feedback("not yet", f"your learner returned {shape}, expected a tensor {tuple(prompts.y_query.shape)}.")
    blind = Prompts(prompts.x, prompts.y, prompts.x_query, torch.zeros_like(prompts.y_query))
    if not torch.equal(given, call(learner, blind)):
        return Feedback("not yet", "its answer changes with y_query: the hidden answer must stay hidden.")
    distance = (prompts.x - prompts.x_query[:, None]).square().sum(-1)
    nearest = prompts.y[torch.arange(prompts.batch), distance.argmin(1)]
    ridge = learners.predict(learners.ridge(prompts, 1 / 20), prompts.x_query)
    own, neighbour, best = (float(learners.query_loss(p, prompts).mean()) for p in (given, nearest, ridge))
    places = f"your loss is {own:.2f}; nearest neighbour {neighbour:.2f}, matched ridge {best:.2f}."
    return Feedback("right" if own < neighbour else "not yet", places)


def past_the_peak(answer: int) -> Feedback:
    """The smallest N with σ² N_x / (N − N_x − 1) ≤ σ² / 10, for N_x = 10."""
    mistakes = {
        "that N is not quite enough: the denominator is N − N_x − 1.": torch.tensor(110.0),
        "you compare with 10 % of nothing: who knows W* still pays σ²/2 for the noise of the query.": torch.tensor(
            21.0
        ),
    }
    return compare(answer, torch.tensor(111.0), "N_x / (N − N_x − 1) ≤ 1/10 from N = 111 on.", mistakes)


def one_pass(answer: Callable[[Tensor, Tensor, float], Tensor]) -> Feedback:
    """`answer(x, y, lr)` → w after one gradient step an example, in their order."""
    prompts, lr = problem(n=5), 0.3
    x, y = prompts.x[0], prompts.y[0, :, 0]

    def walk(order: Sequence[int]) -> Tensor:
        w = torch.zeros(x.shape[1], dtype=x.dtype)
        for i in order:
            w = w + lr * (y[i] - w @ x[i]) * x[i]
        return w

    mistakes = {
        "that is one step on all examples at once; the residual must use the w of this moment.": lr * (y @ x),
        "that is one step on the mean of all examples.": lr / 5 * (y @ x),
        "you went through the examples backwards.": walk(range(4, -1, -1)),
    }
    right = "each step starts where the one before it ended, so the order matters."
    return grade(answer, (x, y, lr), walk(range(5)), right, mistakes)


def adaptive(learner: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Feedback:
    """A ridge that finds its strength in the prompt: at most 20 % behind the one that is told σ."""
    lines = []
    for sigma in (0.3, 2.0):
        task = LinearTask(dim_x=8, n_context=16, x_dist="normal", noise_std=sigma)
        prompts = task.sample(400, torch.Generator().manual_seed(0), dtype=torch.float64)
        answers = [call(learner, *one) for one in zip(prompts.x, prompts.y, prompts.x_query, strict=True)]
        if answers[0] is None or isinstance(answers[0], Feedback):
            return answers[0] or compare(None, torch.zeros(()), "", {})
        given = torch.tensor([float(value) for value in answers], dtype=torch.float64)[:, None]
        told = learners.predict(learners.ridge(prompts, sigma**2 / 16), prompts.x_query)
        own, best = (float(learners.query_loss(p, prompts).mean()) for p in (given, told))
        lines.append(
            (own <= 1.2 * best, f"σ = {sigma}: your loss is {own / best:.2f} times that of the ridge that knows σ")
        )
    passed = all(good for good, _ in lines)
    return Feedback("right" if passed else "not yet", "; ".join(text for _, text in lines) + ".")
