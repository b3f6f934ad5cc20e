"""Checks for the exercises of chapter 5."""

from __future__ import annotations

from collections.abc import Callable
from itertools import starmap

import torch
from torch import Tensor
from torch.nn.functional import elu

from icllib.checks.answers import read
from icllib.checks.feedback import Case, Feedback, checked, compare, grade
from icllib.checks.shared import drawn

__all__ = ["forgetful", "normalised", "orthogonal_keys", "overwrite", "own_pair", "two_pairs"]


def _sequence(t: int, d: int, m: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    return drawn(t, d, seed=seed), drawn(t, d, seed=seed + 1), drawn(t, m, seed=seed + 2)


@checked
def two_pairs(answer: float) -> Feedback:
    """Recall of (1, 0) after 2 under (1, 0) and 5 under (0.6, 0.8)."""
    mistakes = {
        "that would be right for orthogonal keys; these two share a direction.": torch.tensor(2.0),
        "that is the interference alone; the stored value comes back as well.": torch.tensor(3.0),
        "that is the delta rule's answer.": torch.tensor(4.28),
        "the second value is as loud as its key resembles the first: 0.6.": torch.tensor(7.0),
        "the keys share 0.6, the product of their first slots; 0.8 is what the second has alone.": (
            torch.tensor(6.0)
        ),
    }
    return compare(answer, torch.tensor(5.0), "2 · 1 + 5 · 0.6.", mistakes)


@checked
def forgetful(answer: Callable[[Tensor, Tensor, Tensor, float], Tensor]) -> Feedback:
    """`answer(queries, keys, values, decay)` → causal linear attention with weights decay^(t −
    i)."""

    def case(length: int, d: int, m: int, decay: float, seed: int) -> Case:
        queries, keys, values = _sequence(length, d, m, seed)
        t = torch.arange(length)
        fade = torch.tril(decay ** (t[:, None] - t).clamp_min(0).double())
        scores = queries @ keys.T
        mistakes = {
            "nothing fades: multiply the memory by λ before each write.": scores.tril() @ values,
            "the new pair fades at once: multiply the memory before you write, not after.": (
                decay * (scores * fade) @ values
            ),
            "a token reads before it writes; here it writes first.": (
                (scores * fade).tril(-1) @ values / decay
            ),
            (
                "a token reads after the memory has faded, and before it writes; here it writes "
                "first."
            ): ((scores * fade).tril(-1) @ values),
            "tokens see their future: the mask is missing.": scores @ values,
            "the new pair is damped by 1 − λ; here it is written in full.": (
                (1 - decay) * (scores * fade) @ values
            ),
            "queries and keys are exchanged: the key is stored, and the query asks.": (
                (scores.T * fade) @ values
            ),
        }
        return Case((queries, keys, values, decay), (scores * fade) @ values, mistakes)

    return grade(
        answer,
        starmap(case, [(7, 3, 2, 0.8, 0), (5, 2, 3, 0.6, 9)]),
        "a pair fades by λ with every later write.",
    )


@checked
def orthogonal_keys(answer: Tensor) -> Feedback:
    """Four keys of length one, (4, 4), pairwise orthogonal, without a zero."""
    given = read(answer, "the answer").shaped(4, 4)
    keys, least = given.value, given.tolerance
    if not float(keys.abs().min()) > least:
        return Feedback("not yet", "a key has a zero. Can signs alone make all products vanish?")
    products = keys @ keys.T
    lengths = products.diagonal()
    worst = float((products - torch.diag(lengths)).abs().max())
    if not float((lengths - 1).abs().max()) <= least:
        also = (
            " The products of different keys are 0, as they should be."
            if worst <= least * float(lengths.max())
            else ""
        )
        return Feedback(
            "not yet",
            f"squared lengths {[round(float(v), 3) for v in lengths]}: each has to be 1.{also}",
        )
    if not worst <= least:
        return Feedback(
            "not yet",
            f"two keys have the product {worst:.3g}, expected 0: one value shines through another.",
        )
    return Feedback("right", "no product, no interference.")


@checked
def overwrite(answer: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Feedback:
    """`answer(memory, k, v)` → the memory that returns v for k, and is unchanged on keys orthogonal
    to k."""

    def case(m: int, d: int, length: float, seed: int) -> Case:
        memory, k, v = (
            drawn(m, d, seed=seed),
            length * drawn(d, seed=seed + 1),
            drawn(m, seed=seed + 2),
        )
        size, missing = k @ k, v - memory @ k
        mistakes = {
            "that is the sum rule: it adds to what is there already.": memory + torch.outer(v, k),
            "that is the sum rule, scaled: write only what is missing, v − M k.": (
                memory + torch.outer(v, k) / size
            ),
            "right for keys of length one. Which β makes M k = v for any k?": (
                memory + torch.outer(missing, k)
            ),
            "divide by ‖k‖², not by ‖k‖.": memory + torch.outer(missing, k) / k.norm(),
            "that forgets everything else: the old memory is missing.": torch.outer(v, k) / size,
            "that is the change; add it to the memory.": torch.outer(missing, k) / size,
            "the sign is turned: write v − M k, not M k − v.": (
                memory - torch.outer(missing, k) / size
            ),
        }
        return Case((memory, k, v), memory + torch.outer(missing, k) / size, mistakes)

    return grade(
        answer, starmap(case, [(2, 3, 1.7, 0), (4, 4, 0.6, 5)]), "the delta rule with β = 1/‖k‖²."
    )


@checked
def own_pair(answer: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Feedback:
    """`answer(queries, keys, values)` → write-first minus read-first, (T, m)."""

    def case(length: int, d: int, m: int, seed: int) -> Case:
        queries, keys, values = _sequence(length, d, m, seed)
        scores = queries @ keys.T
        own = scores.diagonal()[:, None] * values
        mistakes = {
            "the sign is wrong: write-first has the own pair, read-first has not.": -own,
            "that is the whole output; only the difference is asked.": scores.tril() @ values,
            "that is the output of read-first; only the difference is asked.": (
                scores.tril(-1) @ values
            ),
            "that is the output without a mask; only the own pair makes the difference.": (
                scores @ values
            ),
            (
                "that is the product of the whole sequence's pairs: each token has its own ⟨k_t, "
                "q_t⟩."
            ): (scores.diagonal().sum() * values),
        }
        return Case((queries, keys, values), own, mistakes)

    return grade(
        answer, starmap(case, [(7, 3, 2, 0), (5, 2, 3, 9)]), "v_t ⟨k_t, q_t⟩, the token's own pair."
    )


@checked
def normalised(answer: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Feedback:
    """`answer(queries, keys, values)` → causal linear attention with φ = elu + 1 and weights that
    sum to one."""

    def case(length: int, d: int, m: int, seed: int) -> Case:
        queries, keys, values = _sequence(length, d, m, seed)
        raw, half = queries @ keys.T, (elu(queries) @ elu(keys).T).tril()
        scores = (elu(queries) + 1) @ (elu(keys) + 1).T
        causal = scores.tril()

        def mean(weights: Tensor) -> Tensor:
            return weights @ values / weights.sum(1, keepdim=True)

        mistakes = {
            "divide by the sum of the weights.": causal @ values,
            "tokens see their future: the sums run to t only.": mean(scores),
            "φ is missing.": mean(raw.tril()),
            "φ is elu(z) + 1; the 1 is missing.": mean(half),
            "that is the softmax; here the weights are products of φ.": mean(raw.exp().tril()),
            "that is the softmax, divided by √d; here the weights are products of φ.": mean(
                (raw / d**0.5).exp().tril()
            ),
            "the sum in the denominator runs to t, as the one above it.": (
                causal @ values / scores.sum(1, keepdim=True)
            ),
            "divide by the sum of the weights, not by their number.": (
                causal @ values / torch.arange(1, length + 1)[:, None]
            ),
        }
        return Case((queries, keys, values), mean(causal), mistakes)

    right = "the matrix Σ v φ(k)ᵀ and the vector Σ φ(k) are all that has to be kept."
    return grade(answer, starmap(case, [(7, 3, 2, 0), (5, 2, 3, 9)]), right)
