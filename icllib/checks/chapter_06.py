"""Checks for the exercises of chapter 6."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from icllib import construct, learners
from icllib.attention import LinearSelfAttention
from icllib.checks.feedback import TOLERANCE, Feedback, call, compare, grade, problem
from icllib.tokens import join_tokens

__all__ = [
    "broken_layer",
    "decay_tokens",
    "four_matrices",
    "matching_query_matrix",
    "value_matrix_with_start",
    "weights_for_sum_loss",
]


def _layer(matrices: object, width: int) -> LinearSelfAttention | Feedback:
    """The one-head layer with these four matrices, or Feedback on which one does not fit."""
    if not isinstance(matrices, tuple | list) or len(matrices) != 4:
        return Feedback("not yet", "expected the four matrices W_K, W_Q, W_V, P.")
    if any(matrix is ... or matrix is None for matrix in matrices):
        return Feedback("not answered", "replace every ... by a matrix and run the cell again.")
    layer = LinearSelfAttention(width, dtype=torch.float64)
    for name, matrix in zip(("W_K", "W_Q", "W_V", "P"), matrices, strict=True):
        matrix = torch.as_tensor(matrix).double()
        if tuple(matrix.shape) != (width, width):
            return Feedback("not yet", f"{name} has shape {tuple(matrix.shape)}, expected ({width}, {width}).")
        getattr(layer, name).data[0] = matrix
    return layer


def _blame(layer: LinearSelfAttention, dim_x: int) -> str:
    """The first thing that keeps a layer's own products from being a gradient step, in words."""
    score = (layer.W_K[0].T @ layer.W_Q[0]).detach()
    value = (layer.P[0] @ layer.W_V[0]).detach()
    if not score[:dim_x, :dim_x].any():
        return "W_KᵀW_Q is zero on the x-part: no token sees how similar its x is to another's."
    if score[dim_x:].any() or score[:, dim_x:].any():
        return "the similarity also compares y-parts. Zero the y-rows and y-columns of W_K and W_Q."
    if value[:dim_x].any():
        return "P W_V writes into the x-part of the tokens; a gradient step moves the y-part alone."
    if not value[dim_x:, dim_x:].any():
        return "P W_V never reads the labels: its y-to-y block is zero."
    if value[dim_x:, dim_x:].diagonal().sum() > 0:
        return "P W_V has the wrong sign: the y-part must change by minus ΔW x, so the values carry −y."
    return "the blocks are in place, the size is not: compare P W_V with −η/N."


def four_matrices(
    W_K: Tensor, W_Q: Tensor, W_V: Tensor, P: Tensor, dim_x: int, dim_y: int, n_context: int, lr: float
) -> Feedback:
    """The four matrices, each (N_x + N_y, N_x + N_y), as a layer that does one gradient step from W_0 = 0."""
    layer = _layer((W_K, W_Q, W_V, P), dim_x + dim_y)
    if isinstance(layer, Feedback):
        return layer
    tokens = join_tokens(problem(n_context, dim_x, dim_y))
    with torch.no_grad():
        gap = float((layer(tokens) - construct.gd_layer(dim_x, dim_y, n_context, lr)(tokens)).abs().max())
    if gap > TOLERANCE:
        return Feedback("not yet", f"{_blame(layer, dim_x)} (Largest error over all tokens: {gap:.3g}.)")
    return Feedback("right", f"every token moves as the gradient step moves it (largest error {gap:.1g}).")


def weights_for_sum_loss(answer: Callable[[int, int, int, float], Tensor]) -> Feedback:
    """`answer(dim_x, dim_y, n_context, lr)` → P for the loss Σ ‖W x − y‖², with neither ½ nor 1/N."""
    mistakes = {
        "there is a 2 missing: this loss has no ½.": 0.3 * torch.eye(5).double(),
        "this loss has no 1/N, so P has none.": 0.6 / 4 * torch.eye(5).double(),
        "that is P for the loss of the chapter, with ½ and 1/N.": 0.3 / 4 * torch.eye(5).double(),
    }
    answer_p = call(answer, 3, 2, 4, 0.3)
    if isinstance(answer_p, Tensor) and answer_p.shape == (5, 5):
        # W_V has no x-rows, so P may hold anything in the columns that read the x-part.
        answer_p = torch.cat([0.6 * torch.eye(5, 3).double(), answer_p[:, 3:].detach()], dim=1)
        mistakes = {
            hint: torch.cat([0.6 * torch.eye(5, 3).double(), wrong[:, 3:]], dim=1) for hint, wrong in mistakes.items()
        }
    if isinstance(answer_p, Feedback):
        return answer_p
    return compare(answer_p, 0.6 * torch.eye(5).double(), "the gradient is 2N times larger, so P = 2η I.", mistakes)


def value_matrix_with_start(answer: Tensor, w0: Tensor) -> Feedback:
    """W_V, (N_x + N_y, N_x + N_y), for a step from W_0 = `w0`, with P = (η/N) I and the other matrices as they are."""
    dim_y, dim_x = w0.shape
    expected = construct.gd_layer(dim_x, dim_y, 1, 1.0, w0.double()).W_V[0].detach()
    shifted = torch.zeros_like(expected)
    shifted[dim_x:, :dim_x], shifted[dim_x:, dim_x:] = -w0, -torch.eye(dim_y).double()
    start = construct.gd_layer(dim_x, dim_y, 1, 1.0).W_V[0].detach()
    mistakes = {
        "W_0 has the wrong sign: the value is minus the residual, W_0 x − y.": shifted,
        "both signs are turned: the value is W_0 x − y, not y − W_0 x.": -expected,
        "that is the start from W_0 = 0: the values do not know W_0.": start,
    }
    return compare(answer, expected, "the value of token i is W_0 x_i − y_i, minus its residual.", mistakes)


def matching_query_matrix(answer: Callable[[Tensor], Tensor]) -> Feedback:
    """`answer(key_block)` → the x-block of W_Q, (N_x, N_x), that makes W_KᵀW_Q the identity on the x-part."""
    key = problem(n=3, seed=3).x[0] + torch.eye(3)
    mistakes = {
        "that is the inverse; W_Kᵀ is transposed, so the inverse must be too.": torch.linalg.inv(key),
        "that is the transpose, which is right only if the block is a rotation.": key.T,
        "that is the block itself: then W_KᵀW_Q = MᵀM.": key,
    }
    return grade(answer, (key,), torch.linalg.inv(key).T, "MᵀM⁻ᵀ = I: the similarity is ⟨x_i, x_j⟩ again.", mistakes)


def broken_layer(answer: Callable[[Tensor, Tensor, float], Tensor]) -> Feedback:
    """`answer(x, y, lr)` → the labels after a layer with W_K = W_Q = I on whole tokens; x (N, N_x), y (N, N_y)."""
    prompts, lr = problem(dim_y=2), 0.4
    x, y = prompts.x[0], prompts.y[0]
    scale = lr / len(x)
    mistakes = {
        "that is what the unbroken layer does. Whole tokens are compared now, labels included.": y
        - scale * x @ x.T @ y,
        "the sign is turned: the values are −y.": y + scale * (x @ x.T + y @ y.T) @ y,
        "that compares the labels alone; x is still compared as well.": y - scale * y @ y.T @ y,
        "that is the change; add it to the labels.": -scale * (x @ x.T + y @ y.T) @ y,
    }
    right = "similarity is now ⟨x_i, x_j⟩ + ⟨y_i, y_j⟩."
    return grade(answer, (x, y, lr), y - scale * (x @ x.T + y @ y.T) @ y, right, mistakes)


def decay_tokens(answer: Callable[[int, int, int, float], Tensor]) -> Feedback:
    """`answer(dim_x, dim_y, n_context, decay)` → extra context tokens, (any, N_x + N_y), that add weight decay λ."""
    prompts, lr, decay = problem(), 0.2, 0.3
    extra = call(answer, 3, 1, prompts.n_context, decay)
    if extra is None or isinstance(extra, Feedback):
        return extra or compare(None, torch.zeros(()), "", {})
    extra = torch.as_tensor(extra).double()
    if extra.dim() != 2 or extra.shape[1] != 4:
        return Feedback("not yet", f"the extra tokens have shape {tuple(extra.shape)}, expected (any number, 4).")
    w0 = torch.tensor([[0.5, -1.0, 2.0]], dtype=torch.float64)
    layer = construct.gd_layer(3, 1, prompts.n_context, lr, w0)
    out = -layer(torch.cat([extra[None], join_tokens(prompts, w0)], dim=1))[0, -1, 3:].detach()

    def decayed(strength: float) -> Tensor:
        step = learners.gradient_descent(prompts, lr, 1, w0)[0] - lr * strength * w0
        return step @ prompts.x_query[0]

    n = prompts.n_context
    mistakes = {
        "the extra tokens change nothing that the query sees.": decayed(0.0),
        "N is missing: P divides by N, so the x of each token is √(Nλ) times a unit vector.": decayed(decay / n),
        "the x of each token is Nλ times a unit vector; it enters as key and as value, so take a root.": decayed(
            n * decay**2
        ),
    }
    return compare(out, decayed(decay), "ridge's extra data, as tokens in front of the prompt.", mistakes)
