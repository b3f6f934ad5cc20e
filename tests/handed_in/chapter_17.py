"""What learners hand in: chapter 17."""

import math

from handed_in.entries import entry
from icllib import learners
from icllib.checks import chapter_17
from icllib.tasks import Prompts


def margin(values, bounds, ideals, signs):
    return signs * (bounds - values) / (bounds - ideals).abs()


def normal(z):
    return (1 + math.erf(z / math.sqrt(2))) / 2


def two_losses(x, y, x_query, y_query, noise, strength=lambda noise, n: noise**2 / n):
    """Of the ridge that knows the noise, and of least squares."""
    prompts = Prompts(x, y, x_query, y_query)

    def losses(weights):
        return learners.query_loss(learners.predict(weights, prompts.x_query), prompts)

    ours = losses(learners.ridge(prompts, strength(noise, prompts.n_context)))
    return ours, losses(learners.least_squares(prompts))


def own_ratio(*given):
    ours, theirs = two_losses(*given)
    return ours.mean() / theirs.mean()


def with_half(ours, theirs, factor=1.0):
    r = ours.mean() / theirs.mean()
    return r, factor * 1.96 * (ours - r * theirs).std() / len(ours) ** 0.5 / theirs.mean()


ENTRIES = [
    entry(
        chapter_17.by_chance,
        lambda m, p: (m * p, 1 - (1 - p) ** m),
        also=[
            lambda m, p: [m * p, -math.expm1(m * math.log1p(-p))],
            lambda m, p: (
                sum(p for _ in range(m)),
                sum(math.comb(m, k) * p**k * (1 - p) ** (m - k) for k in range(1, m + 1)),
            ),
        ],
        wrong=[
            ("none is wrong", lambda m, p: (m * p, (1 - p) ** m)),
            ("m p", lambda m, p: (m * (1 - p), 1 - (1 - p) ** m)),
            ("all of them", lambda m, p: (m * p, p**m)),
            ("exactly one", lambda m, p: (m * p, m * p * (1 - p) ** (m - 1))),
        ],
    ),
    entry(
        chapter_17.still_failing,
        lambda n, chance: 1 - chance ** (1 / n),
        also=[lambda n, chance: -math.expm1(math.log(chance) / n)],
        wrong=[
            ("that hold", lambda n, chance: chance ** (1 / n)),
            ("all n held", lambda n, chance: 1 - (1 - chance) ** (1 / n)),
            ("not the n-th part", lambda n, chance: chance / n),
            ("share itself", lambda n, chance: 1 - chance**n),
            ("rule of three", lambda n, chance: -math.log(chance) / n),
        ],
    ),
    entry(
        chapter_17.margins,
        margin,
        also=[lambda v, b, i, s: [float(m) for m in margin(v, b, i, s)]],
        wrong=[
            ("above 0", lambda v, b, i, s: s * (b - v) / (b - i)),
            ("not from 0", lambda v, b, i, s: s * (b - v) / b),
            ("in tolerances", lambda v, b, i, s: s * (b - v)),
            ("the sign is missing", lambda v, b, i, s: (b - v) / (b - i).abs()),
            ("the bound at 1", lambda v, b, i, s: (v - i) / (b - i)),
            ("the sign", lambda v, b, i, s: -margin(v, b, i, s)),
        ],
    ),
    entry(
        chapter_17.afterwards,
        lambda slack: normal(slack / math.sqrt(2)),
        also=[lambda slack: (1 + math.erf(slack / 2)) / 2],
        wrong=[
            ("variance 2", normal),
            ("√2 divides", lambda slack: normal(slack * math.sqrt(2))),
            ("its deviation", lambda slack: normal(slack / 2)),
            ("the sign", lambda slack: normal(-slack / math.sqrt(2))),
            ("both sides", lambda slack: math.erf(slack / 2)),
        ],
    ),
    entry(
        chapter_17.own_figure,
        own_ratio,
        also=[lambda *given: float(own_ratio(*given))],
        wrong=[
            ("turned", lambda *given: 1 / own_ratio(*given)),
            (
                "mean of the ratios",
                lambda *given: (lambda a, b: (a / b).mean())(*two_losses(*given)),
            ),
            (
                "medians",
                lambda *given: (lambda a, b: a.median() / b.median())(*two_losses(*given)),
            ),
            ("carries 1/N", lambda *given: own_ratio(*given, lambda noise, n: noise**2)),
            ("as a square", lambda *given: own_ratio(*given, lambda noise, n: noise / n)),
            ("the ridge's loss", lambda *given: two_losses(*given)[0].mean()),
        ],
    ),
    entry(
        chapter_17.ratio,
        with_half,
        also=[lambda a, b: [float(part) for part in with_half(a, b)]],
        wrong=[
            ("1.96 is missing", lambda a, b: with_half(a, b, 1 / 1.96)),
            ("√n is missing", lambda a, b: with_half(a, b, len(a) ** 0.5)),
            ("mean of theirs", lambda a, b: with_half(a, b, b.mean())),
            ("whole interval", lambda a, b: with_half(a, b, 2)),
            (
                "difference",
                lambda a, b: (
                    a.mean() / b.mean(),
                    1.96 * (a - b).std() / len(a) ** 0.5 / b.mean(),
                ),
            ),
            (
                "mean of the ratios",
                lambda a, b: ((a / b).mean(), 1.96 * (a / b).std() / len(a) ** 0.5),
            ),
            (
                "paired",
                lambda a, b: (
                    a.mean() / b.mean(),
                    1.96
                    / len(a) ** 0.5
                    * a.mean()
                    / b.mean()
                    * (a.var() / a.mean() ** 2 + b.var() / b.mean() ** 2).sqrt(),
                ),
            ),
        ],
    ),
]
