"""Checks for the exercises of chapter 11."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import starmap

import torch
from torch import Tensor

from icllib import alignment, construct, learners
from icllib.attention import Transformer
from icllib.checks.answers import Answer, call, call_blindly, read
from icllib.checks.feedback import Case, Feedback, checked, compare, grade
from icllib.tasks import LinearTask, Prompts
from icllib.tokens import join_tokens

__all__ = ["better", "edge", "layer_by_layer", "numbers", "rescaled"]


@checked
def numbers(answer: Callable[[float, float, float, int], Sequence[float]]) -> Feedback:
    """`answer(a, b_x, b_y, n_context)` → η = −N a b_y and γ = −a b_x."""

    def case(a: float, b_x: float, b_y: float, n: int) -> Case:
        lr, gamma = -n * a * b_y, -a * b_x
        mistakes = {
            "η stands before the mean: it needs a factor N; γ stands before the sum.": [
                lr / n,
                gamma,
            ],
            "γ stands before the sum, without N.": [lr, n * gamma],
            "η stands before the mean, and needs N; γ stands before the sum, and needs none.": [
                lr / n,
                n * gamma,
            ],
            "mind the signs: B is negative, and both numbers are positive.": [-lr, -gamma],
            "mind the sign of γ: b_x is negative, and γ is positive.": [lr, -gamma],
            "mind the sign of η: b_y is negative, and η is positive.": [-lr, gamma],
            "A matters as well: (aA, B/a) is the same layer.": [lr / a, gamma / a],
            "η belongs to y and γ to x.": [-n * a * b_x, -a * b_y],
        }
        values = {hint: torch.tensor(value) for hint, value in mistakes.items()}
        return Case((a, b_x, b_y, n), torch.tensor([lr, gamma]), values)

    return grade(
        answer, starmap(case, [(2.0, -0.1, -0.4, 5), (0.5, -0.3, -0.7, 8)]), "−N a b_y and −a b_x."
    )


@checked
def rescaled(answer: Callable[[float, float, float], Sequence[float]]) -> Feedback:
    """`answer(lr, gamma, c)` → both divided by c²."""

    def case(lr: float, gamma: float, c: float) -> Case:
        mistakes = {
            "each multiplies two factors of x.": [lr / c, gamma / c],
            "larger inputs need smaller numbers.": [lr * c**2, gamma * c**2],
            "larger inputs need smaller numbers, and each multiplies two factors of x.": [
                lr * c,
                gamma * c,
            ],
            "γ has the same unit as η.": [lr / c**2, gamma],
            "η has the same unit as γ.": [lr, gamma / c**2],
            "γ multiplies two factors of x, as η does, not four.": [lr / c**2, gamma / c**4],
            "both have a unit, so they change with it.": [lr, gamma],
        }
        values = {hint: torch.tensor(value) for hint, value in mistakes.items()}
        return Case((lr, gamma, c), torch.tensor([lr / c**2, gamma / c**2]), values)

    return grade(
        answer, starmap(case, [(8.0, 0.2, 3.0), (12.0, 0.5, 0.7)]), "the unit of both is 1/x²."
    )


@checked
def edge(answer: Callable[[float, float, int], float]) -> Feedback:
    """`answer(lr, gamma, n_context)` → the smallest λ > 0 with |t(λ)| = 1, to one percent."""
    for lr, gamma, n in ((10.0, 0.15, 10), (6.0, 0.02, 20)):
        given = read(call(answer, lr, gamma, n)).shaped()
        expected, mistakes = _edges(lr, gamma, n)
        feedback = compare(
            Answer(given.value, 0.01), expected, "where the polynomial leaves (−1, 1).", mistakes
        )
        if not feedback:
            return feedback
    return feedback


def _edges(lr: float, gamma: float, n: int) -> tuple[Tensor, dict[str, Tensor]]:
    lam = torch.linspace(0, 4, 400_001, dtype=torch.float64)[1:]
    bent = 1 - gamma * n * lam

    def first(left: Tensor) -> Tensor:
        return lam[(left.abs() > 1).int().argmax()]

    def twice(factor: Tensor) -> Tensor:
        return first((1 - lr * lam) * (1 - lr * lam * factor))

    mistakes = {
        (
            "that is where one loop overshoots, or two plain steps; the second loop, on bent "
            "inputs, takes it back."
        ): first(1 - lr * lam),
        "γ multiplies the sum: a factor N is missing.": twice((1 - gamma * lam) ** 2),
        "the curvature of bent inputs is λ a², not λ a.": twice(bent),
        "that is the zero of the first loop, 1/η.": torch.tensor(1 / lr),
        "that is the second loop alone; the first one has left 1 − ηλ.": first(
            1 - lr * lam * bent**2
        ),
        "that is where the bend has folded an input to zero, 1/(γN).": torch.tensor(
            1 / (gamma * n)
        ),
        "that is where inputs begin to grow, 2/(γN).": torch.tensor(2 / (gamma * n)),
    }
    return twice(bent**2), mistakes


@checked
def layer_by_layer(answer: Callable[[Transformer, Tensor], Sequence[Sequence[float]]]) -> Feedback:
    """`answer(model, tokens)` → (η, γ) of every layer, read on the tokens that the layer sees."""
    for rates, bends, n, seed in (
        ([2.0, 5.0, 3.0], [0.05, 0.1, -0.02], 6, 0),
        ([4.0, 1.5], [0.08, 0.03], 8, 1),
    ):
        model, tokens = _nearly_gd_plus_plus(rates, bends, n, seed)
        given = call(answer, model, tokens)
        feedback = compare(given, *_readings(model, tokens, n))
        if not feedback:
            return feedback
    return feedback


def _nearly_gd_plus_plus(
    rates: list[float], bends: list[float], n: int, seed: int
) -> tuple[Transformer, Tensor]:
    """A stack that is GD++ but for some noise in its weights: what is read off depends on the
    tokens."""
    generator = torch.Generator().manual_seed(seed)
    model = construct.gd_plus_plus_transformer(3, 1, n, rates, bends, len(rates))
    for matrix in model.parameters():
        matrix.data += (
            0.1
            * matrix.abs().max()
            * torch.randn(matrix.shape, generator=generator, dtype=matrix.dtype)
        )
    return model, join_tokens(LinearTask(3, 1, n).sample(20, generator, dtype=torch.float64))


def _readings(model: Transformer, tokens: Tensor, n: int) -> tuple[Tensor, str, dict[str, Tensor]]:
    """The right readings, what to say about them, and the wrong ones."""

    def pairs(found: Sequence[alignment.Algorithm]) -> Tensor:
        return torch.tensor([(one.lr, one.gamma) for one in found], dtype=torch.float64)

    layers = list(model.layers)
    expected = pairs(alignment.read_layers(model, tokens, 3))
    after, before = tokens, []
    with torch.no_grad():
        for layer in layers:
            before.append(after := layer(after))
    scale = torch.tensor([float(n), 1.0])
    mistakes = {
        (
            "every layer is read on the tokens at the bottom; each has to be read on those that "
            "it sees."
        ): pairs([alignment.read_off(layer, tokens, 3) for layer in layers]),
        "each layer is read on the tokens that it has written; read it on those that it sees.": (
            pairs(
                [
                    alignment.read_off(layer, seen, 3)
                    for layer, seen in zip(layers, before, strict=True)
                ]
            )
        ),
        "γ stands before the sum, η before the mean: swap them?": expected.flip(1),
        "that is one list of η and one of γ; a pair (η, γ) for every layer is asked.": expected.T,
        "the layers stand in reverse order.": expected.flip(0),
        "a factor N is missing in η.": expected / scale,
        "γ stands before the sum: no factor N.": expected * scale.flip(0),
        "the signs are turned: the y-part changes by *minus* η times the mean.": -expected,
    }
    mistakes = {
        hint: value
        for hint, value in mistakes.items()
        if value.shape != expected.shape or not torch.equal(value, expected)
    }
    return expected, "each layer on its own input.", mistakes


@checked
def better(answer: Callable[[Prompts], Tensor]) -> Feedback:
    """`answer(prompts)` → predictions whose mean loss is at most 0.9 of tuned GD++'s, on new
    prompts, by two steps."""
    prompts = LinearTask(x_scale=0.5).sample(
        20_000, torch.Generator().manual_seed(1234), dtype=torch.float32
    )
    given = call_blindly(answer, prompts)
    rival = learners.gd_plus_plus(prompts, 13.08, 0.172, 2).double()
    own, rival = (float((p - prompts.y_query).square().mean() / 2) for p in (given.value, rival))
    if not own <= 0.9 * rival:
        return Feedback(
            "not yet",
            f"loss {own:.4f}; tuned GD++ has {rival:.4f}, and 0.9 of that is {0.9 * rival:.4f}.",
        )
    outside = _outside_two_steps(answer)
    if not outside <= 0.01:
        text = (
            f"loss {own:.4f}, but not by two steps: {100 * outside:.0f} % of its weights lie"
            " outside all that they can make"
        )
        return Feedback(
            "not yet",
            f"{text}, Σ y xᵀ times three powers of Σ x xᵀ. Solving a system does not count.",
        )
    return Feedback("right", f"loss {own:.4f} against {rival:.4f} of tuned GD++.")


def _outside_two_steps(learner: Callable[[Prompts], Tensor]) -> float:
    """The share of a learner's weights W that no two steps with one bend each can make.

    Two such steps give W = Σ_i y_i x_iᵀ p(H) with a polynomial of degree 3 at most, of the H of
    each prompt. The rows of W are the answers to unit vectors as queries.
    """
    few = LinearTask(x_scale=0.5).sample(
        100, torch.Generator().manual_seed(4321), dtype=torch.float32
    )
    n, d = few.n_context, few.dim_x
    each = {"x": few.x, "y": few.y, "y_query": few.y_query}
    asked = Prompts(
        **{name: part.repeat_interleave(d, dim=0) for name, part in each.items()},
        x_query=torch.eye(d).repeat(100, 1).to(few.x),
    )
    weights = call_blindly(learner, asked).value.view(100, d)
    hessian, column = (few.x.mT @ few.x / n).double(), (few.x.mT @ few.y).double()
    columns = [column]
    for _ in range(3):
        columns.append(hessian @ columns[-1])
    basis = torch.linalg.qr(
        torch.cat([c / c.norm(dim=1, keepdim=True) for c in columns], dim=2)
    ).Q  # (100, d, 4)
    inside = (basis @ (basis.mT @ weights[..., None]))[..., 0]
    return float((weights - inside).norm() / weights.norm().clamp_min(1e-300))
