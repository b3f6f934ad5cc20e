"""Checks for the exercises of chapter 11."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from icllib import construct, learners
from icllib.attention import Transformer
from icllib.checks.feedback import Feedback, call, compare, grade
from icllib.tasks import LinearTask, Prompts
from icllib.tokens import join_tokens

__all__ = ["better", "edge", "layer_by_layer", "numbers", "rescaled"]


def numbers(answer: Callable[[float, float, float, int], Sequence[float]]) -> Feedback:
    """`answer(a, b_x, b_y, n_context)` → η = −N a b_y and γ = −a b_x."""
    a, b_x, b_y, n = 2.0, -0.1, -0.4, 5
    mistakes = {
        "η stands before the mean: it needs a factor N; γ stands before the sum.": torch.tensor([0.8, 0.2]),
        "γ stands before the sum, without N.": torch.tensor([4.0, 1.0]),
        "mind the signs: B is negative, and both numbers are positive.": torch.tensor([-4.0, -0.2]),
        "A matters as well: (aA, B/a) is the same layer.": torch.tensor([2.0, 0.1]),
    }
    return grade(answer, (a, b_x, b_y, n), torch.tensor([4.0, 0.2]), "−N a b_y and −a b_x.", mistakes)


def rescaled(answer: Callable[[float, float, float], Sequence[float]]) -> Feedback:
    """`answer(lr, gamma, c)` → both divided by c²."""
    mistakes = {
        "each multiplies two factors of x.": torch.tensor([4.0, 0.1]),
        "larger inputs need smaller numbers.": torch.tensor([72.0, 1.8]),
        "γ has the same unit as η.": torch.tensor([8 / 9, 0.2]),
    }
    return grade(answer, (8.0, 0.2, 3.0), torch.tensor([8 / 9, 0.2 / 9]), "the unit of both is 1/x².", mistakes)


def edge(answer: Callable[[float, float, int], float]) -> Feedback:
    """`answer(lr, gamma, n_context)` → the smallest λ > 0 with |t(λ)| = 1, to one percent."""
    lr, gamma, n = 10.0, 0.15, 10
    lam = torch.linspace(0, 4, 400_001, dtype=torch.float64)[1:]

    def first(left: Tensor) -> Tensor:
        return lam[(left.abs() > 1).int().argmax()]

    bent = (1 - gamma * n * lam) ** 2
    expected = first((1 - lr * lam) * (1 - lr * lam * bent))
    mistakes = {
        "that is where one loop overshoots, or two plain steps; the second loop, on bent inputs, takes it back.": first(
            1 - lr * lam
        ),
        "γ multiplies the sum: a factor N is missing.": first((1 - lr * lam) * (1 - lr * lam * (1 - gamma * lam) ** 2)),
        "the curvature of bent inputs is λ a², not λ a.": first(
            (1 - lr * lam) * (1 - lr * lam * (1 - gamma * n * lam))
        ),
    }
    given = call(answer, lr, gamma, n)
    if isinstance(given, float | int | Tensor) and not isinstance(given, bool):
        near = [expected, *mistakes.values()]
        given = next((v for v in near if abs(float(given) / float(v) - 1) < 0.01), given)
    return (
        given
        if isinstance(given, Feedback)
        else compare(given, expected, "where the polynomial leaves (−1, 1).", mistakes)
    )


def layer_by_layer(answer: Callable[[Transformer, Tensor], Sequence[Sequence[float]]]) -> Feedback:
    """`answer(model, tokens)` → (η, γ) of every layer, read on the tokens that the layer sees."""
    rates, bends = [2.0, 5.0, 3.0], [0.05, 0.1, -0.02]
    model = construct.gd_plus_plus_transformer(3, 1, 6, rates, bends, 3)
    prompts = LinearTask(3, 1, 6).sample(20, torch.Generator().manual_seed(0), dtype=torch.float64)
    tokens = join_tokens(prompts)
    given = call(answer, model, tokens)
    if isinstance(given, Feedback):
        return given
    expected = torch.tensor([rates, bends]).T
    mistakes = {
        "γ stands before the sum, η before the mean: swap them?": expected.flip(1),
        "a factor N is missing in η.": expected / torch.tensor([6.0, 1.0]),
        "γ stands before the sum: no factor N.": expected * torch.tensor([1.0, 6.0]),
    }
    return compare(given, expected, "each layer on its own input.", mistakes)


def better(answer: Callable[[Prompts], Tensor]) -> Feedback:
    """`answer(prompts)` → predictions whose mean loss is at most 0.9 of tuned GD++'s, on new prompts."""
    prompts = LinearTask(x_scale=0.5).sample(20_000, torch.Generator().manual_seed(1234))
    given = call(answer, prompts)
    if isinstance(given, Feedback):
        return given
    if given is None or given is ...:
        return compare(None, torch.zeros(()), "", {})
    if not isinstance(given, Tensor) or given.shape != prompts.y_query.shape:
        return Feedback("not yet", f"expected predictions of shape {tuple(prompts.y_query.shape)}.")
    if not torch.isfinite(given).all():
        return Feedback("not yet", "some predictions are not finite: a bend beyond 2/λ_max?")
    rival = float(learners.query_loss(learners.gd_plus_plus(prompts, 13.08, 0.172, 2), prompts).mean())
    own = float(learners.query_loss(given.to(prompts.y_query), prompts).mean())
    if own > 0.9 * rival:
        return Feedback("not yet", f"loss {own:.4f}; tuned GD++ has {rival:.4f}, and 0.9 of that is {0.9 * rival:.4f}.")
    return Feedback("right", f"loss {own:.4f} against {rival:.4f} of tuned GD++.")
