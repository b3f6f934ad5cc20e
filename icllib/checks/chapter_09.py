"""Checks for the exercises of chapter 9."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from icllib.checks.feedback import Feedback, call, compare, grade

__all__ = ["best_epsilon", "homogeneous", "hull", "pair", "smoother", "two_pairs"]


def _data() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return tuple(torch.randn(6, generator=generator, dtype=torch.float64) for _ in range(2))


def _pair(scores: Tensor, y: Tensor, lr: float, epsilon: float) -> Tensor:
    return lr / (2 * epsilon) * ((epsilon * scores).softmax(0) - (-epsilon * scores).softmax(0)) @ y


def hull(answers: Sequence[float]) -> Feedback:
    """Smallest and largest answer of a softmax head, and the largest of a step."""
    mistakes = {
        "votes can be negative: the label −1 with the similarity −1 adds 1.": torch.tensor([-1.0, 5, 7]),
        "η/N is 1 here: the step's answer is a plain sum of votes.": torch.tensor([-1.0, 5, 24]),
        "a weighted mean reaches no further than the labels.": torch.tensor([-5.0, 5, 8]),
    }
    return compare(answers, torch.tensor([-1.0, 5, 8]), "a mean stays inside, a sum does not.", mistakes)


def pair(answer: Callable[[Tensor, Tensor, float, float], Tensor]) -> Feedback:
    """`answer(scores, y, lr, epsilon)` → the difference of two softmax heads, scaled to the centred step."""
    scores, y = _data()
    lr, epsilon = 0.8, 0.3
    expected = _pair(scores, y, lr, epsilon)
    mistakes = {
        "the scale is η/(2ε): each head contributes ε.": 2 * expected,
        "divide by ε as well: for small ε the difference vanishes.": 2 * epsilon * expected,
        "subtract the heads; you added them.": lr
        / (2 * epsilon)
        * ((epsilon * scores).softmax(0) + (-epsilon * scores).softmax(0))
        @ y,
        "the sum of the weights already carries 1/N: no further division.": expected / len(y),
    }
    return grade(answer, (scores, y, lr, epsilon), expected, "what is even cancels, what is odd remains.", mistakes)


def best_epsilon(answer: Callable[[float, float], float]) -> Feedback:
    """`answer(a, b)` → the minimum of a ε² + b/ε."""
    a, b = 2.0, 3e-6
    mistakes = {
        "set the *derivatives* equal, not the terms.": torch.tensor((b / a) ** (1 / 3)),
        "the power is 1/3: 2 a ε = b/ε².": torch.tensor((b / (2 * a)) ** 0.5),
    }
    return grade(answer, (a, b), torch.tensor((b / (2 * a)) ** (1 / 3)), "ε = (b/2a)^(1/3).", mistakes)


def homogeneous(answers: Sequence[bool]) -> Feedback:
    """Which of four treatments keep the update proportional to the labels."""
    if answers is None or answers is ...:
        return compare(None, torch.zeros(()), "", {})
    given = torch.as_tensor([float(bool(value)) for value in answers], dtype=torch.float64)
    mistakes = {
        "(c) divides by a number that grows with the labels: the x-parts shrink.": torch.tensor([0.0, 1, 1, 1]),
        "(b) touches x alone, which does not know the labels.": torch.tensor([0.0, 0, 0, 1]),
        "(a): a token's length contains its label.": torch.tensor([1.0, 1, 0, 1]),
    }
    return compare(given, torch.tensor([0.0, 1, 0, 1]), "a divisor without labels in it does no harm.", mistakes)


def smoother(answer: Callable[[Tensor, Tensor, float, float], tuple[Tensor, Tensor]]) -> Feedback:
    """`answer(x, y, x_query, h)` → the Nadaraya–Watson estimate, and keys (N, 2) for the query vector (x_q, 1)."""
    x, y = _data()
    x_query, h = 0.4, 0.7
    given = call(answer, x, y, x_query, h)
    if given is None or isinstance(given, Feedback):
        return given or compare(None, torch.zeros(()), "", {})
    if not isinstance(given, tuple | list) or len(given) != 2:
        return Feedback("not yet", "expected a pair: the estimate, and the keys.")
    weights = (-((x - x_query) ** 2) / (2 * h**2)).softmax(0)
    mistakes = {
        "divide by the sum of the weights.": (-((x - x_query) ** 2) / (2 * h**2)).exp() @ y,
        "the exponent is (x_i − x_q)²/2h²; a 2 is missing.": (-((x - x_query) ** 2) / h**2).softmax(0) @ y,
    }
    estimate = compare(given[0], weights @ y, "", mistakes)
    if not estimate:
        return estimate
    query = torch.tensor([x_query, 1.0], dtype=torch.float64)
    keys = torch.as_tensor(given[1]).double()
    if keys.shape != (6, 2):
        return Feedback("not yet", f"the estimate is right; the keys have shape {tuple(keys.shape)}, expected (6, 2).")
    found = (keys @ query).softmax(0)
    if not torch.allclose(found, weights, atol=1e-8):
        gap = float((found - weights).abs().max())
        return Feedback(
            "not yet",
            f"the estimate is right; with your keys the weights are off by up to {gap:.3g}. Multiply the square out.",
        )
    return Feedback("right", "a softmax head with these keys is the kernel smoother.")


def two_pairs(answer: Callable[..., Tensor]) -> Feedback:
    """`answer(pair, scores, y, lr, epsilon)` → a combination of two pairs with an error of the order ε⁴."""
    scores, y = _data()
    limit = 0.8 / 6 * (scores - scores.mean()) @ y
    errors = []
    for epsilon in (0.1, 0.05):
        given = call(answer, _pair, scores, y, 0.8, epsilon)
        if given is None or given is ... or isinstance(given, Feedback):
            return given if isinstance(given, Feedback) else compare(None, torch.zeros(()), "", {})
        errors.append(float((torch.as_tensor(given) - limit).abs()))
    order = float(torch.tensor(errors[0] / max(errors[1], 1e-300)).log2())
    if errors[0] > 0.05:
        return Feedback(
            "not yet", f"for small ε it tends to something else: the error is {errors[0]:.3g}. Do the weights sum to 1?"
        )
    if order < 3.5:
        return Feedback(
            "not yet", f"the error falls with ε to the power {order:.1f}; expected 4. Which combination cancels c ε²?"
        )
    return Feedback("right", f"the error falls with ε to the power {order:.1f}.")
