"""Checks for the exercises of chapter 16."""

from __future__ import annotations

from collections.abc import Callable
from itertools import starmap

import torch
from torch import Tensor

from icllib.checks.feedback import Case, Feedback, checked, grade
from icllib.checks.shared import drawn

__all__ = ["additive", "calibrated", "gated_delta", "noisy_labels", "patch"]


@checked
def calibrated(answer: Callable[[Tensor, Tensor], float]) -> Feedback:
    """`answer(leanings, labels)` → the share right with the median as threshold."""

    def case(seed: int, n: int, bias: float) -> Case:
        labels = torch.tensor([1.0] * (n // 2) + [-1.0] * (n // 2), dtype=torch.float64)
        leanings = 0.4 * labels + drawn(n, seed=seed) + bias
        leanings[0] += 30  # one question pulls the mean away

        def share(threshold: Tensor | float) -> Tensor:
            return ((leanings > threshold) == (labels > 0)).double().mean()

        best = torch.stack([share(value) for value in leanings]).max()
        right = share(leanings.median())
        mistakes = {
            "0 is the threshold of a model without a favourite word.": share(0.0),
            "one extreme question moves the mean; the median stays.": share(leanings.mean()),
            "that threshold was chosen with the labels of the questions: it knows the answers.": (
                best
            ),
            "above the threshold is praise, not below.": 1 - right,
        }
        return Case((leanings, labels), right, mistakes)

    cases = starmap(case, [(0, 20, 5.0), (8, 20, 4.0)])
    return grade(answer, cases, "half above, half below, whatever the favourite word.")


@checked
def noisy_labels(answer: Callable[[Tensor, float], tuple[Tensor, Tensor]]) -> Feedback:
    """`answer(votes, p)` → mean and standard deviation of the answer with labels flipped by
    chance."""

    def case(seed: int, n: int, p: float) -> Case:
        votes = drawn(n, seed=seed)
        mean, variance = (1 - 2 * p) * votes.sum(), 4 * p * (1 - p) * votes.square().sum()

        def both(first: Tensor, second: Tensor) -> Tensor:
            return torch.stack([first, second])

        mistakes = {
            "a flipped vote does not vanish, it changes sides: 1 − 2p, not 1 − p.": both(
                (1 - p) * votes.sum(), variance.sqrt()
            ),
            "the second number is the standard deviation, not its square.": both(mean, variance),
            "a flip moves a vote by twice its size, so the variance has a 4.": both(
                mean, variance.sqrt() / 2
            ),
            "the labels are flipped one by one: variances add, not standard deviations.": both(
                mean, 2 * (p * (1 - p)) ** 0.5 * votes.abs().sum()
            ),
        }
        return Case((votes, p), both(mean, variance.sqrt()), mistakes)

    return grade(answer, starmap(case, [(0, 6, 0.2), (3, 9, 0.35)]), "(1 − 2p) of the answer.")


@checked
def patch(answer: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Feedback:
    """`answer(W, alone, after)` → W (after − alone) aloneᵀ / |alone|²."""

    def case(seed: int, rows: int, columns: int) -> Case:
        W, alone = drawn(rows, columns, seed=seed), drawn(columns, seed=seed + 9)
        after = alone + drawn(columns, seed=seed + 18)
        moved = W @ (after - alone)
        right = torch.outer(moved, alone) / alone.square().sum()
        mistakes = {
            "divide by |alone|², or W + ΔW overshoots.": torch.outer(moved, alone),
            "divide by |alone|², not by its root.": torch.outer(moved, alone) / alone.norm(),
            "W + ΔW must act on what is there without the prompt.": (
                torch.outer(moved, after) / after.square().sum()
            ),
            "that is W + ΔW; only ΔW is asked for.": W + right,
            "the sign: the prompt takes `alone` to `after`.": -right,
        }
        return Case((W, alone, after), right, mistakes)

    return grade(answer, starmap(case, [(0, 4, 3), (1, 2, 5)]), "one outer product.")


@checked
def gated_delta(answer: Callable[..., Tensor]) -> Feedback:
    """`answer(M, k, v, alpha, beta)` → αM − β (αM k − v) kᵀ."""

    def case(seed: int, size: int, alpha: float, beta: float) -> Case:
        M, k, v = (
            drawn(size, size, seed=seed),
            drawn(size, seed=seed + 9),
            drawn(size, seed=seed + 18),
        )

        def step(shrunk: Tensor, seen: Tensor) -> Tensor:
            return shrunk - beta * torch.outer(seen @ k - v, k)

        mistakes = {
            "the memory fades first; the error is that of the faded memory.": step(alpha * M, M),
            "the memory fades before the step, so the new pair is written in full.": (
                alpha * step(M, M)
            ),
            "α is missing.": step(M, M),
            "β is missing: it is the learning rate.": alpha * M - torch.outer(alpha * M @ k - v, k),
            "a step goes against the gradient.": 2 * alpha * M - step(alpha * M, alpha * M),
            "the gradient has the key on the right: (αM k − v) kᵀ.": (
                alpha * M - beta * torch.outer(k, alpha * M @ k - v)
            ),
        }
        return Case((M, k, v, alpha, beta), step(alpha * M, alpha * M), mistakes)

    cases = starmap(case, [(0, 3, 0.9, 0.4), (1, 4, 0.5, 1.2)])
    return grade(answer, cases, "fade, then one step on the newest pair.")


Learner = Callable[[Tensor, Tensor, Tensor], Tensor]


def _step(x: Tensor, y: Tensor, asked: Tensor) -> Tensor:
    return asked @ (x.mT @ y)


def _features(x: Tensor, y: Tensor, asked: Tensor) -> Tensor:
    return (asked @ x.mT).pow(3) @ y


def _ridge(x: Tensor, y: Tensor, asked: Tensor) -> Tensor:
    gram = x @ x.mT + torch.eye(len(x), dtype=x.dtype)
    return asked @ x.mT @ torch.linalg.solve(gram, y)


def _nearest(x: Tensor, y: Tensor, asked: Tensor) -> Tensor:
    return y[torch.cdist(asked, x).argmin(dim=1)]


def _smoother(x: Tensor, y: Tensor, asked: Tensor) -> Tensor:
    return (asked @ x.mT).softmax(dim=1) @ y


def _bent(x: Tensor, y: Tensor, asked: Tensor) -> Tensor:
    return asked @ x.mT @ (3 * y).tanh() / 10


def _deaf(x: Tensor, y: Tensor, asked: Tensor) -> Tensor:
    return asked[:, 0]


@checked
def additive(answer: Callable[[Learner, Tensor, Tensor, Tensor], bool]) -> Feedback:
    """`answer(learner, x, y, asked)` → whether its answers are sums over single examples."""

    def case(learner: Learner, is_step: bool, seed: int, hint: str) -> Case:
        x, asked = drawn(5, 3, seed=seed), drawn(4, 3, seed=seed + 9)
        y = torch.tensor([1.0, -0.5, 2.0, 1.5, -1.0], dtype=torch.float64)
        right = torch.tensor(float(is_step), dtype=torch.float64)
        return Case((learner, x, y, asked), right, {hint: 1 - right})

    cases = [
        (_step, True, 0, "one step from zero is a sum over the examples: it must pass."),
        (_features, True, 1, "a step on other features is a sum as well: do not test ⟨x, x_q⟩."),
        (_ridge, False, 2, "ridge is linear in the labels, but no sum over single examples."),
        (_nearest, False, 3, "the nearest neighbour is no sum."),
        (_smoother, False, 4, "softmax divides by a sum over all examples: not additive."),
        (_bent, False, 6, "this one adds up, but twice the labels are not twice its answer."),
        (_deaf, False, 5, "this learner does not look at the examples at all."),
    ]
    return grade(answer, starmap(case, cases), "five learners refuted, two kinds of step left.")
