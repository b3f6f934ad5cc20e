"""Checks for assignment 1, regression and gradient descent from scratch.

Each takes a `seed` for its numbers: hidden checks, and those of another year, use another one. A
variant has another `factor` in front of the loss, factor/(2N) Σ ‖W x − y‖², and another `start`,
which is every entry of W_0.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import starmap

import torch
from torch import Tensor

from icllib.checks.answers import AnswerError, call, read
from icllib.checks.feedback import Case, Feedback, checked, compare, grade, problem
from icllib.checks.shared import losses, solved, told_apart
from icllib.errors import check_number

__all__ = ["best_stop", "descend", "gradient", "loss", "ridge", "same_decay", "steps_needed"]


def _data(n: int, dim_x: int, dim_y: int, seed: int) -> tuple[Tensor, Tensor]:
    prompts = problem(n, dim_x, dim_y, seed)
    return prompts.x[0], prompts.y[0]


def _start(dim_x: int, dim_y: int) -> Tensor:
    return torch.linspace(-1, 2, dim_x * dim_y, dtype=torch.float64).reshape(dim_y, dim_x)


@checked
def loss(
    answer: Callable[[Tensor, Tensor, Tensor], Tensor], seed: int = 0, factor: float = 1
) -> Feedback:
    """`answer(w, x, y)` → L(W); w (N_y, N_x), x (N, N_x), y (N, N_y)."""
    check_number("factor", factor, above=0)

    def case(n: int, dim_x: int, dim_y: int, seed: int) -> Case:
        (x, y), w = _data(n, dim_x, dim_y, seed), _start(dim_x, dim_y)
        total = factor * (x @ w.T - y).square().sum()
        mistakes = {
            "the ½ is missing.": total / n,
            "1/N is missing: the loss is a mean over the examples.": total / 2,
            "½ and 1/N are missing.": total,
            "that is the root of it: the loss is squared.": total.sqrt(),
            "it is divided by N_x, not by N.": total / (2 * dim_x),
            "that is a mean over all N·N_y entries; outputs are summed.": total / (2 * n * dim_y),
            "that is the mean of all squares: outputs are summed, with a ½.": total / (n * dim_y),
            f"the factor {factor:g} in front is missing.": total / (2 * n * factor),
        }
        right = total / (2 * n)
        return Case((w, x, y), right, told_apart(right, mistakes))

    # of 2N, N, 2, 1, 2N_x, 2N N_y and N N_y no two are equal
    cases = starmap(case, [(7, 4, 5, seed), (11, 3, 5, seed + 1)])
    return grade(answer, cases, f"{factor:g}/(2N) Σ ‖W x − y‖².")


@checked
def gradient(
    answer: Callable[[Tensor, Tensor, Tensor], Tensor], seed: int = 0, factor: float = 1
) -> Feedback:
    """`answer(w, x, y)` → ∇L(W), (N_y, N_x)."""
    check_number("factor", factor, above=0)

    def case(n: int, dim_x: int, dim_y: int, seed: int) -> Case:
        (x, y), w = _data(n, dim_x, dim_y, seed), _start(dim_x, dim_y)
        slope = factor * (x @ w.T - y).T @ x
        mistakes = {
            "1/N is missing: the loss is a mean over the examples.": slope,
            "the sign is turned: the gradient points uphill.": -slope / n,
            "there is a 2 too much: the loss has a ½ in front.": 2 * slope / n,
            "W is missing in the residual W x − y.": -factor * y.T @ x / n,
            "y is missing in the residual W x − y.": factor * w @ x.T @ x / n,
            f"the factor {factor:g} of the loss is missing.": slope / n / factor,
        }
        return Case((w, x, y), slope / n, told_apart(slope / n, mistakes))

    cases = starmap(case, [(7, 3, 2, seed), (4, 2, 2, seed + 1)])
    return grade(answer, cases, f"({factor:g}/N) Σ (W x − y) xᵀ.")


@checked
def descend(
    answer: Callable[[Tensor, Tensor, float, int], Tensor],
    seed: int = 0,
    factor: float = 1,
    start: float = 0,
) -> Feedback:
    """`answer(x, y, lr, steps)` → W_0, W_1, … W_K, (K + 1, N_y, N_x)."""
    check_number("factor", factor, above=0)

    def case(n: int, dim_x: int, dim_y: int, lr: float, steps: int, seed: int) -> Case:
        x, y = _data(n, dim_x, dim_y, seed)

        def run(scale: float = factor, start: float = start) -> Tensor:
            path = [torch.full((dim_y, dim_x), float(start), dtype=torch.float64)]
            for _ in range(steps):
                path.append(path[-1] + scale * lr / n * (y - x @ path[-1].T).T @ x)
            return torch.stack(path)

        right = run()
        mistakes = {
            "1/N is missing in the step.": run(scale=n * factor),
            "the sign is turned: these steps climb.": run(scale=-factor),
            "every W is the last one: append a copy, or do not change W in place.": (
                right[-1].expand_as(right)
            ),
            "that is W_K alone; the whole path is asked, W_0 first.": right[-1],
            "W_0 is missing: the path begins with it.": right[1:],
            "W_K is missing: after K steps there are K + 1 matrices.": right[:-1],
            f"the factor {factor:g} of the loss is missing.": run(scale=1.0),
            f"the path begins where all entries are {start:g}.": run(start=0.0),
        }
        return Case((x, y, lr, steps), right, told_apart(right, mistakes))

    cases = starmap(case, [(8, 3, 2, 0.3, 4, seed), (5, 2, 2, 0.2, 3, seed + 1)])
    return grade(answer, cases, "K steps, and all that lies on the way.")


@checked
def ridge(
    answer: Callable[[Tensor, Tensor, float], Tensor],
    seed: int = 0,
    factor: float = 1,
    start: float = 0,
) -> Feedback:
    """`answer(x, y, decay)` → the W of least L(W) + (λ/2) ‖W − W_0‖²; also for fewer examples than
    inputs."""
    check_number("factor", factor, above=0)

    def case(n: int, dim_x: int, dim_y: int, decay: float, seed: int) -> Case:
        x, y = _data(n, dim_x, dim_y, seed)

        def run(scale: float = 1.0, start: float = start) -> Tensor:
            return solved(x, y, scale * decay / factor, start)

        mistakes = {
            "N is missing: L has 1/N in front, so Σ x xᵀ meets Nλ I.": run(1 / n),
            "N counts twice: it is Nλ once.": run(n),
            "there is a 2 too much: both terms have a ½.": run(2),
            "a 2 is missing: both terms have a ½.": run(0.5),
            "the sign of the penalty is turned.": run(-1),
            f"the factor {factor:g} of the loss is missing.": run(factor),
            f"the price is on the way from W_0, whose entries are {start:g}.": run(start=0.0),
        }
        if n > dim_x:
            mistakes["that is least squares: λ is forgotten."] = run(0.0)
        return Case((x, y, decay), run(), told_apart(run(), mistakes))

    cases = starmap(case, [(8, 3, 5, 0.3, seed), (5, 7, 6, 0.7, seed + 1)])
    f = "" if factor == 1 else f"{factor:g} "
    return grade(answer, cases, f"W ({f}Σ x xᵀ + Nλ I) = {f}Σ y xᵀ + Nλ W_0.")


def _bowl(n: int, dim_x: int, seed: int) -> tuple[Tensor, Tensor]:
    x = _data(n, dim_x, 1, seed)[0]
    return x, torch.linalg.eigvalsh(x.T @ x / n)


@checked
def steps_needed(
    answer: Callable[[Tensor, float, float], int], seed: int = 0, factor: float = 1
) -> Feedback:
    """`answer(x, lr, epsilon)` → the least K with ‖W_K − W_∞‖ ≤ ε ‖W_∞ − W_0‖ whatever the labels
    are."""
    check_number("factor", factor, above=0)

    def case(n: int, dim_x: int, share: float, epsilon: float, seed: int) -> Case:
        x, values = _bowl(n, dim_x, seed)
        values = factor * values
        lr = float(share / values[-1])

        def exact(rate: float | Tensor) -> Tensor:
            ends = rate not in (0.0, 1.0)  # at once, or never
            found = math.log(epsilon) / math.log(rate) if ends else math.nan
            return torch.tensor(found, dtype=torch.float64)

        def steps(rate: float | Tensor) -> Tensor:
            return exact(rate).ceil()

        least, most = float((1 - lr * values[0]).abs()), float((1 - lr * values[-1]).abs())
        slow = steps(max(least, most))
        both = "the steep direction overshoots, and is the slowest: take |1 − ηλ| of both ends."
        fast = both if most > least else "that is the fastest direction; the slowest decides."
        endless = "that is for steps without end, e^(−ηλK); each of these leaves |1 − ηλ|."
        square = "that is how long the loss takes: it falls with the square of the distance."
        other = f"the factor {factor:g} is missing in the Hessian."
        mistakes = {
            fast: steps(min(least, most)),
            "that is one step too many: K is the least number of steps.": slow + 1,
            "that is one step too few: round up.": slow - 1,
            "K is a whole number: round up.": exact(max(least, most)),
            "1/N is missing in the Hessian.": steps((1 - n * lr * values).abs().max()),
            square: steps(max(least, most) ** 2),
            other: steps((1 - lr / factor * values).abs().max()),
            endless: steps((-lr * values[0]).exp()),
        }
        return Case((x, lr, epsilon), slow, told_apart(slow, mistakes))

    # the step sizes lie on both sides of 2/(λ_min + λ_max), and no ε is a whole power of 1 − share
    cases = [(9, 3, 0.9, 0.02, seed), (8, 2, 1.95, 0.003, seed + 1), (12, 4, 0.5, 0.2, seed + 2)]
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
def best_stop(
    answer: Callable[..., tuple[int, float]], seed: int = 0, factor: float = 1, start: float = 0
) -> Feedback:
    """`answer(x, y, x_new, y_new, lr, most)` → (K, λ): the number of steps in 0 … `most` with the
    least loss on the new examples, and the decay of a grid, 10^−4 … 10^1 in 51 steps, with the
    least."""
    check_number("factor", factor, above=0)
    for n, dim_x, shift in ((12, 8, 0), (10, 6, 1)):
        feedback = _best_stop(answer, n, dim_x, seed + shift, factor, start)
        if not feedback:
            return feedback
    return feedback


def _best_stop(
    answer: object, n: int, dim_x: int, seed: int, factor: float, start: float
) -> Feedback:
    x, y = _data(n + 200, dim_x, 1, seed)
    (x, x_new), (y, y_new) = x.split([n, 200]), y.split([n, 200])
    y = y + 2 * torch.randn(y.shape, generator=torch.Generator().manual_seed(seed)).to(y)
    lr, most = float(1 / factor / torch.linalg.eigvalsh(x.T @ x / n)[-1]), 400
    grid = torch.logspace(-4, 1, 51, dtype=torch.float64)
    grid = torch.logspace(-4, 1, 51, dtype=torch.float64)
    w, path = torch.full((1, dim_x), float(start), dtype=torch.float64), []
    for _ in range(most + 1):
        path.append(w)
        w = w + factor * lr / n * (y - x @ w.T).T @ x
    here, new = losses(path, x, y), losses(path, x_new, y_new)
    ridges = [solved(x, y, float(d) / factor, start) for d in grid]
    stop, best = int(new.argmin()), grid[losses(ridges, x_new, y_new).argmin()]
    given = call(answer, x, y, x_new, y_new, lr, most)
    if given is None or given is ...:
        read(given)
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise AnswerError("not yet", "your function should return a pair: K, and λ.")
    if not compare(given[0], torch.tensor(float(stop)), "") and compare(given[0], best, ""):
        return Feedback("not yet", "the pair is turned around: K first, then λ.")
    number = float(read(given[0], "K").shaped(name="K").value)
    # of two losses that rounding alone tells apart, either is the least
    if number not in range(most + 1) or new[int(number)] > (1 + 1e-9) * new.min():
        return Feedback("not yet", f"K: {_why_not(number, stop, here)}")
    feedback = compare(given[1], best, "new examples choose both, and they do nearly the same.")
    if feedback:
        return feedback
    words = "with another one of the grid, ridge has less loss there."
    if not any(compare(given[1], decay, "") for decay in grid):
        words = "that is none of torch.logspace(-4, 1, 51)."
    return Feedback("not yet", f"λ: {words}")


def _why_not(number: float, stop: int, here: Tensor) -> str:
    """Why the loss on the new examples is not least after so many steps."""
    if abs(number - stop) == 1:
        few, many = "that is one step too few.", "that is one step too many: W_0 counts as K = 0."
        return few if number < stop else many
    if number not in range(len(here)):
        return f"a whole number from 0 to {len(here) - 1} is asked."
    if here[int(number)] <= 1.001 * here.min():
        return "there the loss on the *old* examples is least: with more steps it only falls."
    return "after another number of steps the loss on the *new* examples is less."
