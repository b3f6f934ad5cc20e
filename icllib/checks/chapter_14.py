"""Checks for the exercises of chapter 14."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import starmap

import torch
from torch import Tensor

from icllib.checks.answers import call, read
from icllib.checks.feedback import Case, Feedback, checked, compare, grade

__all__ = ["best_rate", "covariance", "features", "half_mean", "kernel_step"]


@checked
def half_mean(answer: float) -> Feedback:
    """E y at x = 0 for a ~ U(0.1, 5) and ϕ ~ U(0, π): 2.55 · 2/π."""
    mean = 2.55
    values = {
        "that is the mean amplitude; what of the phases?": mean,
        "that is the mean of the sine alone; what of the amplitudes?": 2 / math.pi,
        "over half a circle the mean of sin ϕ is 2/π, not 1/π.": mean / math.pi,
        "the mean of sin ϕ is 2/π, not 1/2.": mean / 2,
        "over half a circle the sine is never negative, so its mean is not 0.": 0.0,
        "the amplitudes begin at 0.1: their mean is 2.55.": 2.5 * 2 / math.pi,
        "that is half the difference of the amplitudes; their mean is half the sum.": (
            2.45 * 2 / math.pi
        ),
        "the integral of sin ϕ from 0 to π is 2; divide by π.": 2 * mean,
    }
    mistakes = {hint: torch.tensor(value) for hint, value in values.items()}
    return compare(answer, torch.tensor(mean * 2 / math.pi), "E a · 2/π.", mistakes, digits=3)


@checked
def best_rate(answer: Callable[[int], float]) -> Feedback:
    """`answer(n_context)` → 2N/(N + 1), for inputs that fill whole turns."""

    def case(n: int) -> Case:
        values = {
            "that is for endless examples; the example itself counts among the N.": 2.0,
            "the mean of cos · cos over a turn is ½ cos, not cos.": 1.0,
            "that is the weight of a label, η/N; multiply by N.": 2 / (n + 1),
            "1 + (N − 1)/2 is (N + 1)/2.": 2 * n / (n - 1),
            "the 2 is missing.": n / (n + 1),
            "η falls with fewer examples: N stands above the line.": (n + 1) / (2 * n),
            "N of the examples, not N + 1, stand above the line.": 2 * (n + 1) / n,
        }
        mistakes = {hint: torch.tensor(value) for hint, value in values.items()}
        return Case((n,), torch.tensor(2 * n / (n + 1)), mistakes)

    return grade(answer, map(case, (10, 4, 25)), "2N/(N + 1), and 2 for endless examples.")


@checked
def covariance(answer: Callable[[float, float, float], float]) -> Feedback:
    """`answer(distance, least, most)` → ½ E a² cos(distance), a uniform."""

    def case(distance: float, least: float, most: float) -> Case:
        square = (most**3 - least**3) / (3 * (most - least))
        mean = (least + most) / 2
        values = {
            "½ is missing: half of the product of sines averages to zero.": (
                square * math.cos(distance)
            ),
            "E a² is not (E a)².": mean**2 / 2 * math.cos(distance),
            "the amplitude enters as a square.": mean / 2 * math.cos(distance),
            "that is the cosine alone; what of the amplitudes?": math.cos(distance) / 2,
            "at distance 0 it is the mean of y², so not 0: a cosine, not a sine.": (
                square / 2 * math.sin(distance)
            ),
            "that is the variance of a; E a² is its variance and its mean squared.": (
                (most - least) ** 2 / 24 * math.cos(distance)
            ),
            "that is at distance 0.": square / 2,
        }
        mistakes = {hint: torch.tensor(value) for hint, value in values.items()}
        return Case(
            (distance, least, most), torch.tensor(square / 2 * math.cos(distance)), mistakes
        )

    cases = starmap(case, [(0.7, 0.1, 5.0), (2.3, 1.0, 2.0)])
    return grade(answer, cases, "½ E a² cos(x − x').")


@checked
def kernel_step(answer: Callable[[Tensor, Tensor, Tensor, float], Tensor]) -> Feedback:
    """`answer(x, y, x_query, lr)` → η/N Σ y cos(x − x_q)."""

    def case(seed: int, n: int, lr: float) -> Case:
        generator = torch.Generator().manual_seed(seed)
        x, y = torch.randn(2, n, generator=generator, dtype=torch.float64)
        x_query = torch.tensor(0.8, dtype=torch.float64)
        gap = x - x_query
        right = lr * (y * gap.cos()).mean()
        mistakes = {
            "1/N is missing.": right * n,
            "η is missing.": right / lr,
            "η and 1/N are missing.": right * n / lr,
            "the difference of the inputs, not their sum.": lr * (y * (x + x_query).cos()).mean(),
            "the cosine of the distance, not its sine.": lr * (y * gap.sin()).mean(),
            "the distance, not the product of the inputs.": lr * (y * (x * x_query).cos()).mean(),
            "the sign: a step from zero goes towards the labels.": -right,
            "sin x sin x_q is missing.": lr * (y * x.cos() * x_query.cos()).mean(),
            "cos x cos x_q is missing.": lr * (y * x.sin() * x_query.sin()).mean(),
        }
        return Case((x, y, x_query, lr), right, mistakes)

    return grade(answer, starmap(case, [(0, 5, 1.7), (1, 8, 0.6)]), "the kernel of the step.")


@checked
def features(answer: Callable[[Tensor], Tensor]) -> Feedback:
    """`answer(x)`, (…, 1) → (…, at most 4): features that span sin² x, sin 2x and 1."""
    generator = torch.Generator().manual_seed(0)
    x = 10 * torch.rand(20, 11, 1, generator=generator, dtype=torch.float64) - 5
    c = torch.randn(20, 1, 3, generator=generator, dtype=torch.float64)
    y = (c * torch.cat([x.sin() ** 2, (2 * x).sin(), torch.ones_like(x)], dim=-1)).sum(-1)
    given = read(call(answer, x))
    phi = given.value
    if phi.dim() != 3 or phi.shape[:2] != x.shape[:2]:
        shape = tuple(phi.shape)
        return Feedback("not yet", f"for x (20, 11, 1) the shape is {shape}, expected (20, 11, …).")
    if phi.shape[2] > 4:
        return Feedback("not yet", f"{phi.shape[2]} features, expected at most 4.")
    seen, labels = phi[:, :-1], y[:, :-1, None]
    fitted = torch.linalg.lstsq(seen, labels, driver="gelsd").solution
    missed = ((phi[:, -1:] @ fitted)[:, 0, 0] - y[:, -1]).abs().max()
    if not float(missed) <= max(1e-6, 1e3 * given.tolerance):
        text = f"least squares misses a query by {float(missed):.2g}; the features must span "
        return Feedback("not yet", text + "sin² x, sin 2x and 1.")
    return Feedback("right", "least squares is exact on them.")
