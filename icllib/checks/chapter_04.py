"""Checks for the exercises of chapter 4."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from icllib.checks.feedback import Feedback, call, compare, grade

__all__ = ["attend", "average_and_select", "head_rank", "prompt_mask", "sharpness", "softmax_by_hand"]


def _drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def softmax_by_hand(answer: float) -> Feedback:
    """The mean of 4 and 8 with the softmax of 0 and ln 3."""
    mistakes = {
        "that is the plain mean: exponentiate the scores first.": torch.tensor(6.0),
        "those are the raw scores as weights; the softmax exponentiates and divides by the sum.": torch.tensor(
            8 * math.log(3)
        ),
        "the larger weight belongs to the larger score.": torch.tensor(5.0),
        "divide by the sum of the exponentials.": torch.tensor(28.0),
    }
    return compare(answer, torch.tensor(7.0), "¼ · 4 + ¾ · 8.", mistakes)


def attend(answer: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Feedback:
    """`answer(query, keys, values)` → softmax(keys · query / √d) values; also for scores of several hundred."""
    query, keys, values = _drawn(4), _drawn(6, 4, seed=1), _drawn(6, 3, seed=2)
    scores = keys @ query / 2
    mistakes = {
        "the division by √d is missing.": (2 * scores).softmax(0) @ values,
        "you divide by d; it is √d.": (scores / 2).softmax(0) @ values,
        "the weights have to sum to one: divide by the sum of the exponentials.": scores.exp() @ values,
    }
    right = "a mean of the values, with weights from the match of keys and query."
    plain = grade(answer, (query, keys, values), scores.softmax(0) @ values, right, mistakes)
    if not plain:
        return plain
    large = grade(answer, (1000 * query, keys, values), (1000 * scores).softmax(0) @ values, right, {})
    hint = "right for small scores, but not for large ones. Subtract the largest score before you exponentiate."
    return large if large else Feedback("not yet", hint)


def average_and_select(averaging: Sequence[Tensor], selecting: Sequence[Tensor]) -> Feedback:
    """Each a pair (W_Q, W_K), (4, 5), for tokens of four one-hot slots and a label."""
    if averaging is None or averaging is ... or selecting is None or selecting is ...:
        return compare(None, torch.zeros(()), "", {})
    tokens = torch.cat([torch.eye(4), torch.tensor([[0.3], [-2.0], [5.0], [1.0]])], dim=1).double()
    for name, pair in (("averaging", averaging), ("selecting", selecting)):
        if len(pair) != 2 or any(not isinstance(w, Tensor) or w.shape != (4, 5) for w in pair):
            return Feedback("not yet", f"{name} should be a pair (W_Q, W_K) of tensors with shape (4, 5).")
        W_Q, W_K = (w.detach().double() for w in pair)
        asked = torch.cat([torch.eye(4), torch.zeros(4, 1)], dim=1).double()  # query tokens have no label
        weights = (asked @ W_Q.T @ (tokens @ W_K.T).T / 2).softmax(-1)
        if name == "averaging" and not torch.allclose(weights, torch.full_like(weights, 0.25), atol=1e-6):
            return Feedback(
                "not yet", f"the first head gives a weight of {float(weights.max()):.3f}; an average gives 0.25."
            )
        if name == "selecting" and float(weights.diagonal().min()) <= 0.999:
            least = float(weights.diagonal().min())
            why = "make the scores larger" if least > 0.25 else "keys and query vectors have to agree on the name alone"
            return Feedback("not yet", f"the second head gives the right token a weight of {least:.3f}: {why}.")
    return Feedback("right", "no question averages, a loud question selects.")


def head_rank(answer: Sequence[int]) -> Feedback:
    """Largest ranks of the updates of 100 tokens of 16 slots: 1, 4 and 8 heads of width 3."""
    mistakes = {
        "updates are tokens: they have 16 slots, so they cannot span 24 dimensions.": torch.tensor([3.0, 12, 24]),
        "the number of tokens is no limit here; the width of the heads is.": torch.tensor([16.0, 16, 16]),
        "heads add their spaces.": torch.tensor([3.0, 3, 3]),
    }
    return compare(
        answer, torch.tensor([3.0, 12, 16]), "width times heads, and never more than the token has slots.", mistakes
    )


def prompt_mask(answer: Callable[[int], Tensor]) -> Feedback:
    """`answer(n_context)` → (N + 1, N + 1): everybody sees the N examples, nobody the query."""
    given, expected = call(answer, 3), torch.ones(4, 4)
    expected[:, -1] = 0
    given = given.double() if isinstance(given, Tensor) else given
    causal = torch.ones(4, 4).tril()
    mistakes = {
        "rows ask and columns are asked: yours is transposed.": expected.T,
        "that is the causal mask; examples may see one another here, whatever their order.": causal,
        "the query may not see itself either: it has no label to offer.": expected
        + torch.diag(torch.tensor([0.0, 0, 0, 1])),
    }
    return (
        given
        if isinstance(given, Feedback)
        else compare(given, expected, "the query asks, and is not asked.", mistakes)
    )


def sharpness(answer: Callable[[Tensor, Tensor, float], Tensor]) -> Feedback:
    """`answer(scores, values, beta)` → d/dβ Σ softmax(β s)_i v_i."""
    scores, values, beta = _drawn(5), _drawn(5, seed=1), 0.7
    a = (beta * scores).softmax(0)
    covariance = a @ ((scores - a @ scores) * values)
    mistakes = {
        "subtract the mean score: a number added to all scores changes nothing.": a @ (scores * values),
        "that is for a single token's weight taken alone; a change of one weight moves all others.": (
            a * (1 - a) * scores
        )
        @ values,
        "one β too many: the derivative is by β, not by the score.": beta * covariance,
    }
    right = "the covariance of scores and values under the attention weights."
    return grade(answer, (scores, values, beta), covariance, right, mistakes)
