"""Checks for the exercises of chapter 4."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import starmap

import torch
from torch import Tensor

from icllib.checks.answers import AnswerError, read, several
from icllib.checks.feedback import Case, Feedback, checked, compare, grade
from icllib.checks.shared import drawn

__all__ = [
    "attend",
    "average_and_select",
    "head_rank",
    "prompt_mask",
    "sharpness",
    "softmax_by_hand",
]


@checked
def softmax_by_hand(answer: float) -> Feedback:
    """The mean of 4 and 8 with the softmax of 0 and ln 3."""
    mistakes = {
        "that is the plain mean: exponentiate the scores first.": torch.tensor(6.0),
        "those are the raw scores as weights; the softmax exponentiates and divides by the sum.": (
            torch.tensor(8 * math.log(3))
        ),
        "the raw scores are divided by their sum: exponentiate them first.": torch.tensor(8.0),
        "the larger weight belongs to the larger score.": torch.tensor(5.0),
        "divide by the sum of the exponentials.": torch.tensor(28.0),
        "that is the larger weight; the values are mixed by the weights.": torch.tensor(0.75),
    }
    return compare(answer, torch.tensor(7.0), "¼ · 4 + ¾ · 8.", mistakes)


@checked
def attend(answer: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Feedback:
    """`answer(query, keys, values)` → softmax(keys · query / √d) values; also for scores of several
    hundred."""

    def case(n: int, d: int, m: int, seed: int, loud: float = 1.0) -> Case:
        query, keys, values = (
            drawn(d, seed=seed),
            drawn(n, d, seed=seed + 1),
            drawn(n, m, seed=seed + 2),
        )
        scores = loud * keys @ query / d**0.5
        mistakes = _wrong_weights(scores, values, d) if loud == 1 else {}
        return Case((loud * query, keys, values), scores.softmax(0) @ values, mistakes)

    right = "a mean of the values, with weights from the match of keys and query."
    plain = grade(answer, starmap(case, [(6, 4, 3, 0), (5, 3, 2, 7)]), right)
    if not plain or grade(
        answer, starmap(case, [(6, 4, 3, 0, 1000.0), (6, 4, 3, 0, -1000.0)]), right
    ):
        return plain
    return Feedback(
        "not yet",
        "right for small scores, but not for large ones. Subtract the largest score before you"
        " exponentiate.",
    )


def _wrong_weights(scores: Tensor, values: Tensor, d: int) -> dict[str, Tensor]:
    return {
        "the division by √d is missing.": (d**0.5 * scores).softmax(0) @ values,
        "you divide by d; it is √d.": (scores / d**0.5).softmax(0) @ values,
        "that multiplies by √d; divide.": (d * scores).softmax(0) @ values,
        "the weights have to sum to one: divide by the sum of the exponentials.": (
            scores.exp() @ values
        ),
        "the scores are used as weights: exponentiate them, and divide by the sum.": (
            scores @ values
        ),
        "the sign of the scores is turned: the best match has to weigh most.": (
            (-scores).softmax(0) @ values
        ),
        "that is the plain mean of the values: the weights follow the match of keys and query.": (
            values.mean(0)
        ),
    }


@checked
def average_and_select(averaging: Sequence[Tensor], selecting: Sequence[Tensor]) -> Feedback:
    """Each a pair (W_Q, W_K), (4, 5), for tokens of four one-hot slots and a label."""
    heads = {
        name: _weights(pair, name)
        for name, pair in (("averaging", averaging), ("selecting", selecting))
    }
    off = float((heads["averaging"] - 0.25).abs().max())
    if not off <= 1e-6:
        if float((heads["selecting"] - 0.25).abs().max()) <= 1e-6:
            return Feedback("not yet", "the two heads are exchanged: the second one averages.")
        largest = float(heads["averaging"].max())
        return Feedback(
            "not yet",
            f"the first head gives one token a weight of {largest:.3f}; an average gives 0.25 to"
            " each.",
        )
    least = float(heads["selecting"].diagonal().min())
    if not least > 0.999:
        if least > 0.25:
            why = "it has to be above 0.999, so make the scores larger"
        elif float((1 - heads["selecting"].diagonal()).min()) > 0.999:
            why = "it looks at the other tokens: turn the sign of the scores"
        else:
            why = "keys and query vectors have to agree on the name alone"
        return Feedback(
            "not yet",
            f"the second head gives the right token a weight of {_short_of_one(least)}: {why}.",
        )
    return Feedback("right", "no question averages, a loud question selects.")


def _short_of_one(weight: float) -> str:
    """A weight with so many digits that it does not look like its limit."""
    return next(
        text
        for digits in range(3, 18)
        if float(text := f"{weight:.{digits}f}") < 0.999 or digits == 17
    )


def _weights(pair: object, name: str) -> Tensor:
    """The attention weights of the four labelled tokens (columns) for four query tokens (rows),
    whose label is empty."""
    if pair is None or pair is ...:
        read(pair)
    if isinstance(pair, Tensor) and pair.dim() == 3:
        pair = list(pair)
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise AnswerError(
            "not yet", f"{name} should be a pair (W_Q, W_K) of tensors with shape (4, 5)."
        )
    W_Q, W_K = (
        read(w, f"{what} of {name}").shaped(4, 5, name=f"{what} of {name}").value
        for what, w in zip(("W_Q", "W_K"), pair, strict=True)
    )
    names, labels = (
        torch.eye(4, dtype=torch.float64),
        torch.tensor([[0.3], [-2.0], [5.0], [1.0]], dtype=torch.float64),
    )
    tokens, asked = torch.cat([names, labels], dim=1), torch.cat([names, 0 * labels], dim=1)
    return (asked @ W_Q.T @ (tokens @ W_K.T).T / 2).softmax(-1)


@checked
def head_rank(*answers: int) -> Feedback:
    """Largest ranks of the updates of 100 tokens of 16 slots: 1, 4 and 8 heads of width 3."""
    mistakes = {
        "updates are tokens: they have 16 slots, so they cannot span 24 dimensions.": torch.tensor(
            [3.0, 12, 24]
        ),
        "the number of tokens is no limit here; the width of the heads is.": torch.tensor(
            [16.0, 16, 16]
        ),
        "there are 100 tokens, but a head writes into 3 dimensions only.": torch.tensor(
            [100.0, 100, 100]
        ),
        "heads add their spaces.": torch.tensor([3.0, 3, 3]),
        "that is the number of heads; each has the width 3.": torch.tensor([1.0, 4, 8]),
    }
    right = "width times heads, and never more than the token has slots."
    return compare(several(answers), torch.tensor([3.0, 12, 16]), right, mistakes)


@checked
def prompt_mask(answer: Callable[[int], Tensor]) -> Feedback:
    """`answer(n_context)` → (N + 1, N + 1): everybody sees the N examples, nobody the query."""

    def case(n: int) -> Case:
        expected = torch.ones(n + 1, n + 1)
        expected[:, -1] = 0
        alone = torch.zeros(n + 1, n + 1)
        alone[-1, -1] = 1
        first = torch.ones(n + 1, n + 1)
        first[:, 0] = 0
        mistakes = {
            "rows ask and columns are asked: yours is transposed.": expected.T,
            "that is the causal mask; examples may see one another here, whatever their order.": (
                torch.ones(n + 1, n + 1).tril()
            ),
            "the query may not see itself either: it has no label to offer.": expected + alone,
            "True means that the row *may* see the column; yours says whom it may not see.": (
                1 - expected
            ),
            "the query is the last token, not the first.": first,
            "the query's own row is empty; it has to see the examples.": (
                expected * (1 - torch.eye(n + 1)[:, -1:])
            ),
            "nobody may see the query, the examples neither.": torch.ones(n + 1, n + 1),
        }
        return Case((n,), expected, mistakes)

    return grade(answer, starmap(case, [(3,), (5,)]), "the query asks, and is not asked.")


@checked
def sharpness(answer: Callable[[Tensor, Tensor, float], Tensor]) -> Feedback:
    """`answer(scores, values, beta)` → d/dβ Σ softmax(β s)_i v_i."""

    def case(n: int, beta: float, seed: int) -> Case:
        scores, values = drawn(n, seed=seed), drawn(n, seed=seed + 1)
        a = (beta * scores).softmax(0)
        covariance = a @ ((scores - a @ scores) * values)
        plain = scores.softmax(0)
        mistakes = {
            "subtract the mean score: a number added to all scores changes nothing.": (
                a @ (scores * values)
            ),
            (
                "that is for a single token's weight taken alone; a change of one weight moves "
                "all others."
            ): ((a * (1 - a) * scores) @ values),
            "one β too many: the derivative is by β, not by the score.": beta * covariance,
            "that is what is received; its derivative is asked.": a @ values,
            "the weights are those of β s, not of s.": plain @ ((scores - plain @ scores) * values),
            "the means are those under the attention weights, not plain ones.": (
                ((scores - scores.mean()) * values).mean()
            ),
            "the mean of the scores is the one under the attention weights.": (
                a @ ((scores - scores.mean()) * values)
            ),
        }
        return Case((scores, values, beta), covariance, mistakes)

    right = "the covariance of scores and values under the attention weights."
    return grade(answer, starmap(case, [(5, 0.7, 0), (4, 1.6, 5)]), right)
