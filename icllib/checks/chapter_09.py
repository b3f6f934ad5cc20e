"""Checks for the exercises of chapter 9."""

from __future__ import annotations

from collections.abc import Callable
from itertools import starmap

import torch
from torch import Tensor

from icllib.checks.answers import AnswerError, call, read, several
from icllib.checks.feedback import Case, Feedback, checked, compare, grade

__all__ = ["best_epsilon", "homogeneous", "hull", "pair", "smoother", "two_pairs"]


def _data(n: int = 6, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(n, generator=generator, dtype=torch.float64) for _ in range(2))


def _pair(scores: Tensor, y: Tensor, lr: float, epsilon: float) -> Tensor:
    return lr / (2 * epsilon) * ((epsilon * scores).softmax(0) - (-epsilon * scores).softmax(0)) @ y


@checked
def hull(*answers: float) -> Feedback:
    """Smallest and largest answer of a softmax head, and the largest of a step."""
    mistakes = {
        "votes can be negative: the label −1 with the similarity −1 adds 1.": torch.tensor(
            [-1.0, 5, 7]
        ),
        "with the similarity 1 for all the label −1 takes away: it is larger with −1.": (
            torch.tensor([-1.0, 5, 6])
        ),
        "η/N is 1 here: the step's answer is a plain sum of votes.": torch.tensor([-1.0, 5, 24]),
        "the step's answer is no mean; it is a sum of votes.": torch.tensor([-1.0, 5, 5]),
        "a weighted mean reaches no further than the labels.": torch.tensor([-5.0, 5, 8]),
        "a weighted mean of −1, 2 and 5 can be negative.": torch.tensor([0.0, 5, 8]),
        "that is the middle label; weights may sit on one token alone.": torch.tensor([-1.0, 2, 8]),
    }
    return compare(
        several(answers),
        torch.tensor([-1.0, 5, 8]),
        "a mean stays inside, a sum does not.",
        mistakes,
    )


@checked
def pair(answer: Callable[[Tensor, Tensor, float, float], Tensor]) -> Feedback:
    """`answer(scores, y, lr, epsilon)` → the difference of two softmax heads, scaled to the centred
    step."""

    def case(n: int, lr: float, epsilon: float, seed: int) -> Case:
        scores, y = _data(n, seed)
        expected = _pair(scores, y, lr, epsilon)
        plus, minus = (epsilon * scores).softmax(0) @ y, (-epsilon * scores).softmax(0) @ y
        mistakes = {
            "the scale is η/(2ε): each head contributes ε.": 2 * expected,
            "divide by ε as well: for small ε the difference vanishes.": 2 * epsilon * expected,
            "divide by 2ε: for small ε the difference vanishes.": epsilon * expected,
            "subtract the heads; you added them.": lr / (2 * epsilon) * (plus + minus),
            "the sum of the weights already carries 1/N: no further division.": expected / n,
            "that is one head; its mean label does not cancel.": lr / (2 * epsilon) * plus,
            "that is one head; its mean label does not cancel, and it has no scale.": plus,
            "that is the limit for ε → 0, the centred step; write the two heads.": (
                lr / n * (scores - scores.mean()) @ y
            ),
            "η is missing.": expected / lr,
            "the heads are exchanged: first +ε, minus the one with −ε.": -expected,
        }
        return Case((scores, y, lr, epsilon), expected, mistakes)

    return grade(
        answer,
        starmap(case, [(6, 0.8, 0.3, 0), (4, 1.7, 0.6, 1)]),
        "what is even cancels, what is odd remains.",
    )


@checked
def best_epsilon(answer: Callable[[float, float], float]) -> Feedback:
    """`answer(a, b)` → the minimum of a ε² + b/ε."""

    def case(a: float, b: float) -> Case:
        mistakes = {
            "set the *derivatives* equal, not the terms.": (b / a) ** (1 / 3),
            "the power is 1/3: 2 a ε = b/ε².": (b / (2 * a)) ** 0.5,
            "take the third root: that is ε³.": b / (2 * a),
            "b/2a, not 2a/b: large rounding asks for a large ε.": (2 * a / b) ** (1 / 3),
            "the 2 comes from ε², so it stands below: b/2a.": (2 * b / a) ** (1 / 3),
            "the 2 stands under the root.": (b / a) ** (1 / 3) / 2,
        }
        return Case(
            (a, b),
            torch.tensor((b / (2 * a)) ** (1 / 3)),
            {hint: torch.tensor(v) for hint, v in mistakes.items()},
        )

    return grade(answer, starmap(case, [(2.0, 3e-6), (0.7, 5e-4)]), "ε = (b/2a)^(1/3).")


@checked
def homogeneous(*answers: bool) -> Feedback:
    """Which of four treatments keep the update proportional to the labels."""
    mistakes = {
        "(c) divides by a number that grows with the labels: the x-parts shrink.": torch.tensor(
            [0.0, 1, 1, 1]
        ),
        "(b) touches x alone, which does not know the labels.": torch.tensor([0.0, 0, 0, 1]),
        "(a): a token's length contains its label.": torch.tensor([1.0, 1, 0, 1]),
        "(d) is the layer itself, and a gradient step is proportional to the labels.": torch.tensor(
            [0.0, 1, 0, 0]
        ),
        "(a) and (c) divide by numbers that grow with the labels.": torch.tensor([1.0, 1, 1, 1]),
        "(b) divides by a number without labels in it, (c) by one with them.": torch.tensor(
            [0.0, 0, 1, 1]
        ),
        "that is the opposite: True where the update is still three times as large.": torch.tensor(
            [1.0, 0, 1, 0]
        ),
    }
    given = read(several(answers)).shaped(4)
    if not bool(((given.value == 0) | (given.value == 1)).all()):
        return Feedback("not yet", "expected four times True or False.")
    return compare(
        given,
        torch.tensor([0.0, 1, 0, 1]),
        "a divisor without labels in it does no harm.",
        mistakes,
    )


@checked
def smoother(answer: Callable[[Tensor, Tensor, float, float], tuple[Tensor, Tensor]]) -> Feedback:
    """`answer(x, y, x_query, h)` → the Nadaraya–Watson estimate, and keys (N, 2) for the query
    vector (x_q, 1)."""
    for x_query, h, n, seed in ((0.4, 0.7, 6, 0), (-0.9, 1.3, 5, 1)):
        x, y = _data(n, seed)
        estimate, keys = _smoother_parts(call(answer, x, y, x_query, h), n)
        feedback = compare(
            estimate, _nadaraya(x, x_query, h) @ y, "", _smoother_mistakes(x, y, x_query, h)
        )
        if not feedback:
            return feedback
        # Keys are made before anybody asks: the same ones have to serve another query.
        for asked, why in (
            (x_query, "Multiply the square out."),
            (x_query + 1.1, "A key may not depend on the query."),
        ):
            found = (keys.value @ torch.tensor([asked, 1.0], dtype=torch.float64)).softmax(0)
            gap = float((found - _nadaraya(x, asked, h)).abs().max())
            if not gap <= max(1e-8, 10 * (keys.tolerance - 1e-6)):
                which = "" if asked == x_query else " for another query"
                text = (
                    f"the estimate is right; with your keys the weights{which} are off by up to"
                    f" {gap:.3g}. {why}"
                )
                return Feedback("not yet", text)
    return Feedback("right", "a softmax head with these keys is the kernel smoother.")


def _smoother_parts(given: object, n: int) -> tuple:
    if given is None or given is ...:
        read(given)
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise AnswerError("not yet", "expected a pair: the estimate, and the keys.")
    estimate, keys = read(given[0], "the estimate"), read(given[1], "the keys")
    if estimate.value.numel() > 1 and keys.value.numel() == 1:
        raise AnswerError("not yet", "the order is exchanged: first the estimate, then the keys.")
    return estimate.shaped(name="the estimate"), keys.shaped(n, 2, name="the keys")


def _nadaraya(x: Tensor, x_query: float, h: float) -> Tensor:
    return (-((x - x_query) ** 2) / (2 * h**2)).softmax(0)


def _smoother_mistakes(x: Tensor, y: Tensor, x_query: float, h: float) -> dict[str, Tensor]:
    square = (x - x_query) ** 2
    return {
        "divide by the sum of the weights.": (-square / (2 * h**2)).exp() @ y,
        "divide by the sum of the weights, not by their number.": (
            (-square / (2 * h**2)).exp() @ y / len(y)
        ),
        "the exponent is (x_i − x_q)²/2h²; a 2 is missing.": (-square / h**2).softmax(0) @ y,
        "the width enters squared: 2h².": (-square / (2 * h)).softmax(0) @ y,
        "the sign is turned: near examples weigh more.": (square / (2 * h**2)).softmax(0) @ y,
        "the distance enters squared.": (-square.sqrt() / (2 * h**2)).softmax(0) @ y,
    }


@checked
def two_pairs(answer: Callable[..., Tensor]) -> Feedback:
    """`answer(pair, scores, y, lr, epsilon)` → a combination of two pairs, with ε and 2ε, with an
    error of the order ε⁴."""
    right = "(4 A(ε) − A(2ε))/3: what is left is of order ε⁴."
    cases = starmap(_four_heads, [(6, 0.8, 0.5, 0), (5, 1.2, 0.3, 1)])
    feedback = grade(answer, cases, right)
    if (
        feedback
        or feedback.verdict == "not answered"
        or "largest difference" not in feedback.message
    ):
        return feedback
    return _order(answer)


def _four_heads(n: int, lr: float, epsilon: float, seed: int) -> Case:
    scores, y = _data(n, seed)
    one, two, half = (_pair(scores, y, lr, factor * epsilon) for factor in (1, 2, 0.5))
    mistakes = {
        "that is one pair: its error falls with ε to the power 2.": one,
        "that is one pair, with 2ε: its error falls with ε to the power 2.": two,
        (
            "that is one pair with ε²: its error is of order ε⁴ in name only, since each head "
            "then differs by ε². Combine two pairs."
        ): _pair(scores, y, lr, epsilon**2),
        "the weights sum to 1, but ε² does not cancel: 4 − 1 = 3, and 4·1 − 1·4 = 0.": (
            2 * one - two
        ),
        "that is the mean of both; which combination cancels c ε²?": (one + two) / 2,
        "the pairs are exchanged: the one with ε counts four times.": (4 * two - one) / 3,
        "divide by 3, so that the weights sum to 1.": 4 * one - two,
        "the sign of the second is turned: 4 A(ε) − A(2ε).": (4 * one + two) / 3,
        (
            "that combines ε and ε/2; its error is of order ε⁴ as well, but the exercise has ε "
            "and 2ε."
        ): ((4 * half - one) / 3),
    }
    return Case((_pair, scores, y, lr, epsilon), (4 * one - two) / 3, mistakes)


def _order(answer: object) -> Feedback:
    """What a wrong combination tends to, and how fast."""
    scores, y = _data()
    limit = 0.8 / 6 * (scores - scores.mean()) @ y
    first, second = (
        abs(float(read(call(answer, _pair, scores, y, 0.8, epsilon)).shaped().value - limit))
        for epsilon in (0.1, 0.05)
    )
    if not first <= 0.05:
        text = (
            f"for small ε it tends to something else: the error is {first:.3g}. Do the weights sum"
            " to 1?"
        )
        return Feedback("not yet", text)
    order = float(torch.tensor(first / max(second, 1e-300)).log2())
    text = (
        f"the error falls with ε to the power {order:.1f}; expected 4, from one pair with ε and one"
        " with 2ε. Which combination cancels c ε²?"
    )
    return Feedback("not yet", text)
