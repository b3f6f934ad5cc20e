"""Checks for the exercises of chapter 5."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from icllib.checks.feedback import Feedback, call, compare, grade

__all__ = ["forgetful", "normalised", "orthogonal_keys", "overwrite", "own_pair", "two_pairs"]


def _drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _sequence() -> tuple[Tensor, Tensor, Tensor]:
    return _drawn(7, 3), _drawn(7, 3, seed=1), _drawn(7, 2, seed=2)


def two_pairs(answer: float) -> Feedback:
    """Recall of (1, 0) after 2 under (1, 0) and 5 under (0.6, 0.8)."""
    mistakes = {
        "that would be right for orthogonal keys; these two share a direction.": torch.tensor(2.0),
        "that is the delta rule's answer.": torch.tensor(4.28),
        "the second value is as loud as its key resembles the first: 0.6.": torch.tensor(7.0),
    }
    return compare(answer, torch.tensor(5.0), "2 · 1 + 5 · 0.6.", mistakes)


def forgetful(answer: Callable[[Tensor, Tensor, Tensor, float], Tensor]) -> Feedback:
    """`answer(queries, keys, values, decay)` → causal linear attention with weights decay^(t − i)."""
    queries, keys, values = _sequence()
    decay, t = 0.8, torch.arange(7)
    fade = torch.tril(decay ** (t[:, None] - t).clamp_min(0).double())
    scores = queries @ keys.T
    mistakes = {
        "nothing fades: multiply the memory by λ before each write.": scores.tril() @ values,
        "the new pair fades at once: multiply the memory before you write, not after.": decay
        * (scores * fade)
        @ values,
        "a token reads before it writes; here it writes first.": (scores * fade).tril(-1) @ values,
        "tokens see their future: the mask is missing.": scores @ values,
    }
    right = "a pair fades by λ with every later write."
    return grade(answer, (queries, keys, values, decay), (scores * fade) @ values, right, mistakes)


def orthogonal_keys(answer: Tensor) -> Feedback:
    """Four keys of length one, (4, 4), pairwise orthogonal, without a zero."""
    if answer is None or answer is ...:
        return compare(None, torch.zeros(()), "", {})
    if not isinstance(answer, Tensor) or answer.shape != (4, 4):
        return Feedback("not yet", "expected a tensor of shape (4, 4), one key a row.")
    keys = answer.double()
    if float(keys.abs().min()) < 1e-9:
        return Feedback("not yet", "a key has a zero. Can signs alone make all products vanish?")
    products = keys @ keys.T
    lengths = products.diagonal()
    if not torch.allclose(lengths, torch.ones(4, dtype=lengths.dtype), atol=1e-6):
        return Feedback("not yet", f"squared lengths {[round(float(v), 3) for v in lengths]}: each has to be 1.")
    worst = float((products - torch.diag(lengths)).abs().max())
    if worst > 1e-6:
        return Feedback(
            "not yet", f"two keys have the product {worst:.3g}, expected 0: one value shines through another."
        )
    return Feedback("right", "no product, no interference.")


def overwrite(answer: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Feedback:
    """`answer(memory, k, v)` → the memory that returns v for k, and is unchanged on keys orthogonal to k."""
    memory, k, v = _drawn(2, 3), 1.7 * _drawn(3, seed=1), _drawn(2, seed=2)
    expected = memory + torch.outer(v - memory @ k, k) / (k @ k)
    mistakes = {
        "that is the sum rule: it adds to what is there already.": memory + torch.outer(v, k),
        "right for keys of length one. Which β makes M k = v for any k?": memory + torch.outer(v - memory @ k, k),
        "divide by ‖k‖², not by ‖k‖.": memory + torch.outer(v - memory @ k, k) / k.norm(),
        "that forgets everything else: the old memory is missing.": torch.outer(v, k) / (k @ k),
    }
    return grade(answer, (memory, k, v), expected, "the delta rule with β = 1/‖k‖².", mistakes)


def own_pair(answer: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Feedback:
    """`answer(queries, keys, values)` → write-first minus read-first, (T, m)."""
    queries, keys, values = _sequence()
    scores = queries @ keys.T
    mistakes = {
        "the sign is wrong: write-first has the own pair, read-first has not.": -scores.diagonal()[:, None] * values,
        "that is the whole output; only the difference is asked.": scores.tril() @ values,
    }
    right = "v_t ⟨k_t, q_t⟩, the token's own pair."
    return grade(answer, (queries, keys, values), scores.diagonal()[:, None] * values, right, mistakes)


def normalised(answer: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Feedback:
    """`answer(queries, keys, values)` → causal linear attention with φ = elu + 1 and weights that sum to one."""
    queries, keys, values = _sequence()
    given = call(answer, queries, keys, values)
    scores = torch.tril((torch.nn.functional.elu(queries) + 1) @ (torch.nn.functional.elu(keys) + 1).T)
    plain = torch.tril(queries @ keys.T)
    mistakes = {
        "divide by the sum of the weights.": scores @ values,
        "φ is missing.": plain @ values / plain.sum(1, keepdim=True),
        "that is the softmax; here the weights are products of φ.": torch.tril((queries @ keys.T).exp())
        @ values
        / torch.tril((queries @ keys.T).exp()).sum(1, keepdim=True),
    }
    right = "the matrix Σ v φ(k)ᵀ and the vector Σ φ(k) are all that has to be kept."
    expected = scores @ values / scores.sum(1, keepdim=True)
    return given if isinstance(given, Feedback) else compare(given, expected, right, mistakes)
