"""Checks for the exercises of chapter 6."""

from __future__ import annotations

from collections.abc import Callable
from itertools import starmap

import torch
from torch import Tensor

from icllib import construct, learners
from icllib.checks.answers import Answer, AnswerError, call, read
from icllib.checks.blame import blame, layer_from
from icllib.checks.feedback import Case, Feedback, checked, compare, grade, near, problem
from icllib.tasks import Prompts
from icllib.tokens import join_tokens

__all__ = [
    "broken_layer",
    "decay_tokens",
    "four_matrices",
    "matching_query_matrix",
    "value_matrix_with_start",
    "weights_for_sum_loss",
]


def _count(value: object, name: str) -> int:
    number = float(read(value, name).shaped(name=name).value)
    if number != int(number) or not 1 <= number <= 1000:
        raise AnswerError("not yet", f"{name} = {number:g}, expected a whole number of at least 1.")
    return int(number)


@checked
def four_matrices(
    W_K: Tensor,
    W_Q: Tensor,
    W_V: Tensor,
    P: Tensor,
    dim_x: int,
    dim_y: int,
    n_context: int,
    lr: float,
) -> Feedback:
    """The four matrices, each (N_x + N_y, N_x + N_y), as a layer that does one gradient step from
    W_0 = 0."""
    dim_x, dim_y, n_context = (
        _count(value, name)
        for name, value in (("dim_x", dim_x), ("dim_y", dim_y), ("n_context", n_context))
    )
    lr = float(read(lr, "lr").shaped(name="lr").value)
    if not 1e-9 <= abs(lr) <= 1e9:
        raise AnswerError("not yet", f"lr = {lr:.3g}, expected a step size of a sensible length.")
    layer, tolerance = layer_from((W_K, W_Q, W_V, P), dim_x + dim_y)
    tokens = join_tokens(problem(n_context, dim_x, dim_y))
    with torch.no_grad():
        right = construct.gd_layer(dim_x, dim_y, n_context, lr)(tokens) - tokens
        gap = float((layer(tokens) - tokens - right).abs().max())
    if not gap <= tolerance * float(right.abs().max()):
        return Feedback(
            "not yet",
            f"{blame(layer, dim_x, lr, n_context)} (Largest error over all tokens: {gap:.3g}.)",
        )
    return Feedback(
        "right", f"every token moves as the gradient step moves it (largest error {gap:.1g})."
    )


@checked
def weights_for_sum_loss(answer: Callable[[int, int, int, float], Tensor]) -> Feedback:
    """`answer(dim_x, dim_y, n_context, lr)` → P for the loss Σ ‖W x − y‖², with neither ½ nor
    1/N."""
    for dim_x, dim_y, n, lr in ((3, 2, 7, 0.3), (2, 1, 5, 0.4)):
        width = dim_x + dim_y
        given = read(call(answer, dim_x, dim_y, n, lr), "P").shaped(width, width, name="P")
        factors = {
            "there is a 2 missing: this loss has no ½.": 1,
            "this loss has no 1/N, so P has none.": 2 / n,
            "that is P for the loss of the chapter, with ½ and 1/N.": 1 / n,
            "the 2 multiplies: without the ½ the gradient is twice as large.": 1 / 2,
            "N is in it once more than it should be: a sum has no N in front.": 2 * n,
            (
                "the new gradient is 2N times the old one, and the old P is η/N: N cancels, and "
                "the 2 stays."
            ): (n),
            "the sign is turned: W_V has the minus already.": -2,
            (
                "½ and 2 are exchanged, and N is in it: without the ½ the gradient is twice as "
                "large."
            ): (1 / (2 * n)),
        }
        # W_V has no x-rows, so P may hold anything in the columns that read the x-part.
        seen = torch.eye(width, dtype=torch.float64)[:, dim_x:]
        mistakes = {hint: factor * lr * seen for hint, factor in factors.items()}
        columns = Answer(given.value[:, dim_x:], given.tolerance)
        feedback = compare(
            columns, 2 * lr * seen, "the gradient is 2N times larger, so P = 2η I.", mistakes
        )
        if not feedback:
            return feedback
    return feedback


@checked
def value_matrix_with_start(answer: Tensor, w0: Tensor) -> Feedback:
    """W_V, (N_x + N_y, N_x + N_y), for a step from W_0 = `w0`, with P = (η/N) I and the other
    matrices as they are."""
    start = read(w0, "w0").value
    if start.dim() != 2 or start.numel() == 0:
        raise AnswerError("not yet", f"w0 has shape {tuple(start.shape)}, expected (N_y, N_x).")
    dim_y, dim_x = start.shape

    def values(of_x: Tensor, of_y: float) -> Tensor:
        below = torch.cat([of_x, of_y * torch.eye(dim_y, dtype=torch.float64)], dim=1)
        return torch.cat([torch.zeros(dim_x, dim_x + dim_y, dtype=torch.float64), below])

    mistakes = {
        "W_0 has the wrong sign: the value is the residual, W_0 x − y.": values(-start, -1.0),
        "both signs are turned: the value is W_0 x − y, not y − W_0 x.": values(-start, 1.0),
        "y has the wrong sign: the value is W_0 x − y.": values(start, 1.0),
        "that is the start from W_0 = 0: the values do not know W_0.": values(0 * start, -1.0),
        "the values have to carry −y as well: W_0 x − y.": values(start, 0.0),
    }
    right = "the value of token i is W_0 x_i − y_i, its residual."
    return compare(answer, values(start, -1.0), right, mistakes)


@checked
def matching_query_matrix(answer: Callable[[Tensor], Tensor]) -> Feedback:
    """`answer(key_block)` → the x-block of W_Q, (N_x, N_x), that makes W_KᵀW_Q the identity on the
    x-part."""

    def case(dim_x: int, seed: int) -> Case:
        key = problem(dim_x, dim_x, seed=seed).x[0] + 2 * torch.eye(dim_x)
        inverse = torch.linalg.inv(key)
        mistakes = {
            "that is the inverse; W_Kᵀ is transposed, so the inverse must be too.": inverse,
            "that is the transpose, which is right only if the block is a rotation.": key.T,
            "that is the block itself: then W_KᵀW_Q = MᵀM.": key,
            "the sign is turned: W_KᵀW_Q is minus the identity.": -inverse.T,
            "that is (MᵀM)⁻¹; only one M has to be undone.": torch.linalg.inv(key.T @ key),
            "that is the identity: then W_KᵀW_Q = Mᵀ.": torch.eye(dim_x),
        }
        return Case((key,), inverse.T, mistakes)

    return grade(
        answer, starmap(case, [(3, 3), (2, 4)]), "MᵀM⁻ᵀ = I: the similarity is ⟨x_i, x_j⟩ again."
    )


@checked
def broken_layer(answer: Callable[[Tensor, Tensor, float], Tensor]) -> Feedback:
    """`answer(x, y, lr)` → the labels after a layer with W_K = W_Q = I on whole tokens; x (N, N_x),
    y (N, N_y)."""

    def case(n: int, dim_x: int, dim_y: int, lr: float, seed: int) -> Case:
        prompts = problem(n, dim_x, dim_y, seed)
        x, y = prompts.x[0], prompts.y[0]
        scale, alike = lr / n, x @ x.T + y @ y.T
        mistakes = {
            (
                "that is what the unbroken layer does. Whole tokens are compared now, labels "
                "included."
            ): (y - scale * x @ x.T @ y),
            "the sign is turned: the values are −y.": y + scale * alike @ y,
            "1/N is missing: P holds η/N.": y - lr * alike @ y,
            "that compares the labels alone; x is still compared as well.": y - scale * y @ y.T @ y,
            "that is the change; add it to the labels.": -scale * alike @ y,
            "that is minus the change; subtract it from the labels.": scale * alike @ y,
            "the scores of x and of y are added, not subtracted.": (
                y - scale * (x @ x.T - y @ y.T) @ y
            ),
        }
        return Case((x, y, lr), y - scale * alike @ y, mistakes)

    return grade(
        answer,
        starmap(case, [(8, 3, 2, 0.4, 0), (5, 2, 1, 0.7, 1)]),
        "similarity is now ⟨x_i, x_j⟩ + ⟨y_i, y_j⟩.",
    )


@checked
def decay_tokens(answer: Callable[[int, int, int, float], Tensor]) -> Feedback:
    """`answer(dim_x, dim_y, n_context, decay)` → extra context tokens, (any, N_x + N_y), that add
    weight decay λ."""
    for dim_x, dim_y, n, lr, decay, seed in ((3, 1, 8, 0.2, 0.3, 0), (2, 2, 5, 0.4, 0.7, 1)):
        extra = read(call(answer, dim_x, dim_y, n, decay), "the answer")
        width, prompts = dim_x + dim_y, problem(n, dim_x, dim_y, seed)
        if extra.value.dim() != 2 or extra.value.shape[1] != width:
            shape = tuple(extra.value.shape)
            return Feedback(
                "not yet", f"the extra tokens have shape {shape}, expected (any number, {width})."
            )
        w0 = torch.linspace(-1, 2, dim_x * dim_y, dtype=torch.float64).reshape(dim_y, dim_x)
        layer = construct.gd_layer(dim_x, dim_y, n, lr, w0)
        after = layer(torch.cat([extra.value[None], join_tokens(prompts, w0)], dim=1))[
            0, -1, dim_x:
        ]
        feedback = _decayed(Answer(-after.detach(), extra.tolerance), prompts, w0, lr, decay)
        if not feedback:
            return feedback
    return feedback


def _decayed(answer: Answer, prompts: Prompts, w0: Tensor, lr: float, decay: float) -> Feedback:
    n = prompts.n_context

    def decayed(strength: float) -> Tensor:
        step = learners.gradient_descent(prompts, lr, 1, w0)[0] - lr * strength * w0
        return step @ prompts.x_query[0]

    strengths = {
        "the extra tokens change nothing that the query sees.": 0.0,
        "N is missing: P divides by N, so the x of each token is √(Nλ) times a unit vector.": (
            decay / n
        ),
        (
            "the x of each token is Nλ times a unit vector; it enters as key and as value, so "
            "take a root."
        ): (n * decay**2),
        "the x of each token is λ times a unit vector; it enters as key and as value: √(Nλ).": (
            decay**2 / n
        ),
        "N stands under the root, as λ does: √(Nλ).": n * decay,
    }
    if near(answer, decayed(decay)):
        return Feedback("right", "ridge's extra data, as tokens in front of the prompt.")
    hint = next(
        (hint for hint, strength in strengths.items() if near(answer, decayed(strength))), None
    )
    gap = float((answer.value - decayed(decay)).abs().max())
    return Feedback(
        "not yet", hint or f"the query's answer is off by up to {gap:.3g} from the decayed step's."
    )
