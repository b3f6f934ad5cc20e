"""Checks for the exercises of chapter 17."""

from __future__ import annotations

from collections.abc import Callable
from itertools import starmap

import torch
from torch import Tensor
from torch.special import ndtr

from icllib import learners
from icllib.checks.feedback import Case, Feedback, checked, grade
from icllib.learners import query_loss
from icllib.tasks import LinearTask, Prompts

__all__ = ["afterwards", "by_chance", "margins", "own_figure", "ratio", "still_failing"]


def _number(value: float) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)


@checked
def by_chance(answer: Callable[[int, float], tuple[float, float]]) -> Feedback:
    """`answer(count, chance)` → how many verdicts are expected to be wrong, and with which
    probability one is at least."""

    def case(count: int, chance: float) -> Case:
        expected, none = count * chance, (1 - chance) ** count
        mistakes = {
            "the second is the probability that none is wrong.": [expected, none],
            "the first is the share that is right: those that are expected to be wrong are m p.": [
                count * (1 - chance),
                1 - none,
            ],
            "that all of them are wrong is rarer than that one is.": [expected, chance**count],
            "the second is the probability that exactly one is wrong.": [
                expected,
                count * chance * (1 - chance) ** (count - 1),
            ],
        }
        right = torch.tensor([expected, 1 - none], dtype=torch.float64)
        hints = {hint: torch.tensor(value, dtype=torch.float64) for hint, value in mistakes.items()}
        return Case((count, chance), right, hints)

    return grade(answer, starmap(case, [(24, 0.05), (60, 0.01)]), "m p, and 1 − (1 − p)ᵐ.")


@checked
def still_failing(answer: Callable[[int, float], float]) -> Feedback:
    """`answer(n, chance)` → 1 − chance^(1/n)."""

    def case(n: int, chance: float) -> Case:
        share = chance ** (1 / n)
        mistakes = {
            "that is the share of starts that hold; asked is the share that fails.": share,
            "that would be the chance that at least one of n fails; all n held.": (
                1 - (1 - chance) ** (1 / n)
            ),
            "one start's share is the n-th root, not the n-th part.": chance / n,
            "that many starts fail by chance if each fails with this chance; asked is the share "
            "itself.": 1 - chance**n,
            "that is the rule of three, −ln(chance)/n, which is good for large n only.": -float(
                _number(chance).log() / n
            ),
        }
        hints = {hint: _number(value) for hint, value in mistakes.items()}
        return Case((n, chance), _number(1 - share), hints)

    cases = starmap(case, [(5, 0.05), (20, 0.1)])
    return grade(answer, cases, "n starts in a row hold with the n-th power of one start's share.")


@checked
def margins(answer: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]) -> Feedback:
    """`answer(values, bounds, ideals, signs)` → signs (bounds − values) / |bounds − ideals|."""

    def case(*rows: tuple[float, ...]) -> Case:
        values, bounds, ideals, signs = (torch.tensor(r, dtype=torch.float64) for r in rows)
        away, scale = signs * (bounds - values), (bounds - ideals).abs()
        mistakes = {
            "a tolerance is a distance, and above 0: |bound − ideal|.": away / (bounds - ideals),
            "a tolerance is counted from the ideal, not from 0.": away / bounds,
            "that is the distance; it is to be counted in tolerances.": away,
            "≤ and ≥ have their good sides on different sides: the sign is missing.": (
                (bounds - values) / scale
            ),
            "that is where the number lies, with the ideal at 0 and the bound at 1.": (
                (values - ideals) / (bounds - ideals)
            ),
            "the sign: what keeps its bound has a margin above 0.": -away / scale,
        }
        return Case((values, bounds, ideals, signs), away / scale, mistakes)

    cases = [
        case([1.002, 0.7, 0.9991, 0.5], [1.005, 0.8, 0.999, 0.9], [1, 0, 1, 0], [1, 1, -1, -1]),
        case([1.4, 0.3, 0.2], [1.2, 0.9, 0.5], [0, 1, 0], [-1, -1, 1]),
    ]
    return grade(answer, cases, "0 is the bound, and 1 the ideal.")


@checked
def afterwards(answer: Callable[[float], float]) -> Feedback:
    """`answer(slack)` → Φ(slack / √2)."""

    def case(slack: float) -> Case:
        mistakes = {
            "the bound was measured, too: the difference of two measurements has the variance 2.": (
                slack
            ),
            "two variances add up, so √2 divides.": slack * 2**0.5,
            "the variance of a difference of two measurements is 2, its deviation √2.": slack / 2,
            "the lower the number, the better it holds: the sign.": -slack / 2**0.5,
        }
        hints = {hint: ndtr(_number(z)) for hint, z in mistakes.items()}
        hints["a normal number lies below the limit; both sides are not asked for."] = (
            2 * ndtr(_number(slack / 2**0.5)) - 1
        )
        return Case((slack,), ndtr(_number(slack / 2**0.5)), hints)

    cases = map(case, (0.5, 2.0))
    return grade(answer, cases, "with no slack that is one half: a bound that was hit exactly.")


def _noisy(n: int, dim_x: int, noise_std: float) -> Prompts:
    task = LinearTask(dim_x, n_context=n, x_dist="normal", noise_std=noise_std)
    return task.sample(50, torch.Generator().manual_seed(n), torch.float64)


@checked
def own_figure(answer: Callable[[Tensor, Tensor, Tensor, Tensor, float], float]) -> Feedback:
    """`answer(x, y, x_query, y_query, noise_std)` → mean loss of the ridge that knows σ ÷ that of
    least squares."""

    def case(n: int, dim_x: int, noise_std: float) -> Case:
        prompts = _noisy(n, dim_x, noise_std)

        def losses(weights: Tensor) -> Tensor:
            return query_loss(learners.predict(weights, prompts.x_query), prompts)

        def ridge(strength: float) -> Tensor:
            return losses(learners.ridge(prompts, strength))

        ours, theirs = ridge(noise_std**2 / n), losses(learners.least_squares(prompts))
        right = ours.mean() / theirs.mean()
        mistakes = {
            "the ratio is turned: ours ÷ theirs.": 1 / right,
            "that is the mean of the ratios; single prompts rule it. Divide the means.": (
                (ours / theirs).mean()
            ),
            "divide the means, not the medians.": ours.median() / theirs.median(),
            "the strength is σ²/N, for the loss carries 1/N (chapter 3).": (
                ridge(noise_std**2).mean() / theirs.mean()
            ),
            "the strength is σ²/N: σ enters as a square.": ridge(noise_std / n).mean()
            / theirs.mean(),
            "that is the ridge's loss; divide it by that of least squares.": ours.mean(),
        }
        given = (prompts.x, prompts.y, prompts.x_query, prompts.y_query, noise_std)
        return Case(given, right, mistakes)

    cases = starmap(case, [(8, 5, 0.8), (12, 4, 1.5)])
    return grade(answer, cases, "two means on the same prompts; now write a bound, and decide.")


@checked
def ratio(answer: Callable[[Tensor, Tensor], tuple[float, float]]) -> Feedback:
    """`answer(ours, theirs)` → r = ours' mean ÷ theirs', and half of its 95 % interval, 1.96 ×
    the deviation of ours − r theirs ÷ (√n × theirs' mean)."""

    def case(seed: int, n: int) -> Case:
        source = torch.Generator().manual_seed(seed)
        theirs = torch.rand(n, generator=source, dtype=torch.float64) ** 2 + 0.1
        ours = 1.1 * theirs + 0.05 * torch.randn(n, generator=source, dtype=torch.float64)
        r = ours.mean() / theirs.mean()
        z = 1.96 / n**0.5

        def pair(half: Tensor, value: Tensor = r) -> Tensor:
            return torch.stack([value, half])

        half = z * (ours - r * theirs).std() / theirs.mean()
        single = ours.var() / ours.mean() ** 2 + theirs.var() / theirs.mean() ** 2
        mistakes = {
            "the losses are paired, so the luck of the prompts cancels: do not add up the "
            "variances of both.": pair(z * r * single.sqrt()),
            "1.96 is missing: half of a 95 % interval is 1.96 standard errors.": pair(half / 1.96),
            "√n is missing: the interval is that of a mean.": pair(half * n**0.5),
            "divide by the mean of theirs, for a ratio.": pair(half * theirs.mean()),
            "that is the whole interval; asked is half of it.": pair(2 * half),
            "ours − theirs has the deviation of a difference; for a ratio it is ours − r theirs.": (
                pair(z * (ours - theirs).std() / theirs.mean())
            ),
            "that is the mean of the ratios, and single prompts rule it.": pair(
                z * (ours / theirs).std(), (ours / theirs).mean()
            ),
        }
        return Case((ours, theirs), pair(half), mistakes)

    cases = starmap(case, [(0, 40), (1, 60)])
    return grade(answer, cases, "what differs between the two decides, not what both share.")
