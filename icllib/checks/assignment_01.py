"""Checks for assignment 1, regression and gradient descent from scratch.

Each takes a `seed` for its numbers: hidden checks, and those of another year, use another one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import starmap

import torch
from torch import Tensor

from icllib.checks.answers import AnswerError, call, read
from icllib.checks.feedback import Case, Feedback, checked, compare, grade, problem

__all__ = ["best_stop", "descend", "gradient", "loss", "ridge", "same_decay", "steps_needed"]


def _data(n: int, dim_x: int, dim_y: int, seed: int) -> tuple[Tensor, Tensor]:
    prompts = problem(n, dim_x, dim_y, seed)
    return prompts.x[0], prompts.y[0]


def _start(dim_x: int, dim_y: int) -> Tensor:
    return torch.linspace(-1, 2, dim_x * dim_y, dtype=torch.float64).reshape(dim_y, dim_x)


def _solved(x: Tensor, y: Tensor, decay: float) -> Tensor:
    """The W of least L(W) + (decay/2) ‖W‖²."""
    n, dim_x = x.shape
    penalty = n * decay * torch.eye(dim_x, dtype=x.dtype)
    return torch.linalg.solve(x.T @ x + penalty, x.T @ y).T


@checked
def loss(answer: Callable[[Tensor, Tensor, Tensor], Tensor], seed: int = 0) -> Feedback:
    """`answer(w, x, y)` → L(W); w (N_y, N_x), x (N, N_x), y (N, N_y)."""

    def case(n: int, dim_x: int, dim_y: int, seed: int) -> Case:
        (x, y), w = _data(n, dim_x, dim_y, seed), _start(dim_x, dim_y)
        total = (x @ w.T - y).square().sum()
        mistakes = {
            "the ½ is missing.": total / n,
            "1/N is missing: the loss is a mean over the examples.": total / 2,
            "½ and 1/N are missing.": total,
            "that is the root of it: the loss is squared.": total.sqrt(),
        }
        if dim_y > 1:
            mistakes["that is a mean over all N·N_y entries; outputs are summed."] = total / (
                2 * n * dim_y
            )
            mistakes["that is the mean of all squares: outputs are summed, with a ½."] = total / (
                n * dim_y
            )
        return Case((w, x, y), total / (2 * n), mistakes)

    return grade(
        answer, starmap(case, [(6, 3, 2, seed), (5, 2, 1, seed + 1)]), "1/(2N) Σ ‖W x − y‖²."
    )


@checked
def gradient(answer: Callable[[Tensor, Tensor, Tensor], Tensor], seed: int = 0) -> Feedback:
    """`answer(w, x, y)` → ∇L(W), (N_y, N_x)."""

    def case(n: int, dim_x: int, dim_y: int, seed: int) -> Case:
        (x, y), w = _data(n, dim_x, dim_y, seed), _start(dim_x, dim_y)
        slope = (x @ w.T - y).T @ x
        mistakes = {
            "1/N is missing: the loss is a mean over the examples.": slope,
            "the sign is turned: the gradient points uphill.": -slope / n,
            "there is a 2 too much: the loss has a ½ in front.": 2 * slope / n,
            "W is missing in the residual W x − y.": -y.T @ x / n,
            "y is missing in the residual W x − y.": w @ x.T @ x / n,
        }
        return Case((w, x, y), slope / n, mistakes)

    cases = starmap(case, [(7, 3, 2, seed), (4, 2, 2, seed + 1)])
    return grade(answer, cases, "(1/N) Σ (W x − y) xᵀ.")


@checked
def descend(answer: Callable[[Tensor, Tensor, float, int], Tensor], seed: int = 0) -> Feedback:
    """`answer(x, y, lr, steps)` → W_0 = 0, W_1, … W_K, (K + 1, N_y, N_x)."""

    def case(n: int, dim_x: int, dim_y: int, lr: float, steps: int, seed: int) -> Case:
        x, y = _data(n, dim_x, dim_y, seed)

        def run(scale: float = 1.0, sign: float = 1.0) -> Tensor:
            path = [torch.zeros(dim_y, dim_x, dtype=torch.float64)]
            for _ in range(steps):
                path.append(path[-1] + sign * scale * lr / n * (y - x @ path[-1].T).T @ x)
            return torch.stack(path)

        right = run()
        mistakes = {
            "1/N is missing in the step.": run(scale=n),
            "the sign is turned: these steps climb.": run(sign=-1.0),
            "every W is the last one: append a copy, or do not change W in place.": (
                right[-1].expand_as(right)
            ),
            "that is W_K alone; the whole path is asked, W_0 first.": right[-1],
            "W_0 is missing: the path begins with zero.": right[1:],
            "W_K is missing: after K steps there are K + 1 matrices.": right[:-1],
        }
        return Case((x, y, lr, steps), right, mistakes)

    cases = starmap(case, [(8, 3, 2, 0.3, 4, seed), (5, 2, 2, 0.2, 3, seed + 1)])
    return grade(answer, cases, "K steps from zero, and all that lies on the way.")


@checked
def ridge(answer: Callable[[Tensor, Tensor, float], Tensor], seed: int = 0) -> Feedback:
    """`answer(x, y, decay)` → the W of least L(W) + (λ/2) ‖W‖²; also for fewer examples than
    inputs."""

    def case(n: int, dim_x: int, dim_y: int, decay: float, seed: int) -> Case:
        x, y = _data(n, dim_x, dim_y, seed)
        mistakes = {
            "N is missing: L has 1/N in front, so Σ x xᵀ meets Nλ I.": _solved(x, y, decay / n),
            "N counts twice: it is Nλ once.": _solved(x, y, decay * n),
            "there is a 2 too much: both terms have a ½.": _solved(x, y, 2 * decay),
            "a 2 is missing: both terms have a ½.": _solved(x, y, decay / 2),
            "the sign of the penalty is turned.": _solved(x, y, -decay),
        }
        if n > dim_x:
            mistakes["that is least squares: λ is forgotten."] = _solved(x, y, 0.0)
        return Case((x, y, decay), _solved(x, y, decay), mistakes)

    cases = starmap(case, [(8, 3, 2, 0.3, seed), (3, 5, 2, 0.7, seed + 1)])
    return grade(answer, cases, "W (Σ x xᵀ + Nλ I) = Σ y xᵀ.")


def _bowl(n: int, dim_x: int, seed: int) -> tuple[Tensor, Tensor]:
    x = _data(n, dim_x, 1, seed)[0]
    return x, torch.linalg.eigvalsh(x.T @ x / n)


@checked
def steps_needed(answer: Callable[[Tensor, float, float], int], seed: int = 0) -> Feedback:
    """`answer(x, lr, epsilon)` → the least K with ‖W_K − W_∞‖ ≤ ε ‖W_∞‖ whatever the labels are."""

    def case(n: int, dim_x: int, share: float, epsilon: float, seed: int) -> Case:
        x, values = _bowl(n, dim_x, seed)
        lr = float(share / values[-1])

        def steps(rate: float) -> Tensor:
            return torch.tensor(float(math.ceil(math.log(epsilon) / math.log(rate))))

        least, most = float((1 - lr * values[0]).abs()), float((1 - lr * values[-1]).abs())
        slow = steps(max(least, most))
        fast = "that is the fastest direction; the slowest decides."
        if most > least:
            fast = "the steep direction overshoots, and is the slowest: take |1 − ηλ| of both ends."
        mistakes = {
            fast: steps(min(least, most)),
            "that is one step too many: K is the least number of steps.": slow + 1,
            "that is one step too few: round up.": slow - 1,
            "1/N is missing in the Hessian.": steps(float((1 - n * lr * values).abs().max())),
            "that is how long the loss takes: it falls with the square of the distance.": (
                steps(max(least, most) ** 2)
            ),
        }
        return Case((x, lr, epsilon), slow, mistakes)

    # the step sizes lie on both sides of 2/(λ_min + λ_max)
    cases = [(9, 3, 0.9, 0.01, seed), (8, 2, 1.95, 0.003, seed + 1), (12, 4, 0.5, 0.2, seed + 2)]
    return grade(answer, starmap(case, cases), "max |1 − ηλ|^K ≤ ε.")


@checked
def same_decay(answer: Callable[[Tensor, float, int], Tensor], seed: int = 0) -> Feedback:
    """`answer(eigenvalue, lr, steps)` → the decay λ with which ridge shrinks this direction as K
    steps from zero do."""

    def case(lr: float, steps: int, seed: int) -> Case:
        values = _bowl(9, 4, seed)[1]
        lr = lr / float(values[-1])
        left = (1 - lr * values) ** steps
        mistakes = {
            "that is the share that is learnt; the decay that leaves the same is asked.": 1 - left,
            "that is the share that is left; the decay that leaves the same is asked.": left,
            "learnt and left are exchanged: the decay grows with what is left.": (
                values * (1 - left) / left
            ),
            "an eigenvalue is missing: ridge leaves λ/(λ + eigenvalue).": left / (1 - left),
            "that is the limit of a small step, 1/(ηK).": torch.full_like(values, 1 / (lr * steps)),
            "that is the limit of a small step, with e^(−ηK·eigenvalue).": values
            / (torch.expm1(lr * steps * values)),
            "that is one step too many.": values
            * (1 - lr * values) ** (steps + 1)
            / (1 - (1 - lr * values) ** (steps + 1)),
        }
        return Case((values, lr, steps), values * left / (1 - left), mistakes)

    cases = starmap(case, [(0.6, 3, seed), (0.3, 7, seed + 1)])
    return grade(answer, cases, "what K steps leave, ridge leaves with this decay.")


@checked
def best_stop(answer: Callable[..., tuple[int, float]], seed: int = 0) -> Feedback:
    """`answer(x, y, x_new, y_new, lr, most)` → (K, λ): the number of steps in 0 … `most` with the
    least loss on the new examples, and the decay of a grid, 10^−4 … 10^1 in 51 steps, with the
    least."""
    for n, dim_x, shift in ((12, 8, 0), (10, 6, 1)):
        feedback = _best_stop(answer, n, dim_x, seed + shift)
        if not feedback:
            return feedback
    return feedback


def _best_stop(answer: object, n: int, dim_x: int, seed: int) -> Feedback:
    x, y = _data(n + 200, dim_x, 1, seed)
    (x, x_new), (y, y_new) = x.split([n, 200]), y.split([n, 200])
    y = y + 2 * torch.randn(y.shape, generator=torch.Generator().manual_seed(seed)).to(y)
    lr, most = float(1 / torch.linalg.eigvalsh(x.T @ x / n)[-1]), 400
    grid = torch.logspace(-4, 1, 51, dtype=torch.float64)
    w, here, new = torch.zeros(1, dim_x, dtype=torch.float64), [], []
    for _ in range(most + 1):
        here.append(float((x @ w.T - y).square().mean()))
        new.append(float((x_new @ w.T - y_new).square().mean()))
        w = w + lr / n * (y - x @ w.T).T @ x
    by_decay = [float((x_new @ _solved(x, y, float(d)).T - y_new).square().mean()) for d in grid]
    given = call(answer, x, y, x_new, y_new, lr, most)
    if given is None or given is ...:
        read(given)
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise AnswerError("not yet", "your function should return a pair: K, and λ.")
    stop = min(range(most + 1), key=new.__getitem__)
    mistakes = {
        "that is one step too many: W_0 = 0 counts as K = 0.": torch.tensor(stop + 1.0),
        "that is one step too few.": torch.tensor(stop - 1.0),
    }
    feedback = compare(given[0], torch.tensor(float(stop)), "the right K.", mistakes)
    if not feedback:
        number = read(given[0], "K").value.flatten()[:1].long().clamp(0, most)
        if here[int(number)] <= 1.001 * min(here):
            words = "there the loss on the *old* examples is least: with more steps it only falls."
            return Feedback("not yet", f"K: {words}")
        return Feedback(feedback.verdict, f"K: {feedback.message}")
    best = grid[min(range(51), key=by_decay.__getitem__)]
    feedback = compare(given[1], best, "new examples choose both, and they do nearly the same.")
    return feedback if feedback else Feedback(feedback.verdict, f"λ: {feedback.message}")
