"""Checks for the exercises of chapter 8."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from icllib.checks.feedback import Feedback, call, compare, grade, problem

__all__ = ["blind_prediction", "copy_backward", "logit_scale", "shift_for", "two_back"]


def logit_scale(answer: float) -> Feedback:
    """c with 1 / (1 + 100 e^{−c}) = 0.999."""
    mistakes = {
        "there are 2N other tokens, not N.": torch.tensor(math.log(50 * 999)),
        "the others weigh as well: 1 + 100 e^{−c} = 1/0.999.": torch.tensor(math.log(999)),
        "that is log to the base 10; the softmax has e.": torch.tensor(math.log10(100 * 999)),
    }
    return compare(answer, torch.tensor(math.log(100 * 999)), "c = ln(100 · 999).", mistakes)


def copy_backward(answer: Callable[[int, int], tuple[Tensor, Tensor, Tensor, Tensor]]) -> Feedback:
    """`answer(length, dim_x)` → W_Q, W_K, W_V, P such that each token receives the x of the token before it."""
    given = call(answer, 5, 2)
    if given is None or isinstance(given, Feedback):
        return given or compare(None, torch.zeros(()), "", {})
    if not isinstance(given, tuple | list) or len(given) != 4:
        return Feedback("not yet", "expected four matrices: W_Q, W_K, W_V, P.")
    W_Q, W_K, W_V, P = (torch.as_tensor(matrix).double() for matrix in given)
    if W_Q.shape != (5, 5) or W_K.shape != (5, 5) or W_V.shape != (2, 2) or P.shape != (2, 2):
        return Feedback("not yet", "expected shapes (5, 5), (5, 5), (2, 2), (2, 2) for length 5 and dim_x 2.")
    x = torch.arange(10, dtype=torch.float64).reshape(5, 2)
    received = (W_Q.T @ W_K) @ (x @ W_V.T @ P.T)  # token t (row) by token i (column)
    before = torch.cat([torch.zeros(1, 2, dtype=torch.float64), x[:-1]])
    after = torch.cat([x[1:], torch.zeros(1, 2, dtype=torch.float64)])
    mistakes = {"each token receives the x behind it: use the lower shift.": after, "each token receives its own x.": x}
    return compare(received, before, "each token fetches the x before it.", mistakes)


def two_back(answer: Callable[[int], Tensor]) -> Feedback:
    """`answer(length)` → ones on the second diagonal below the main one."""
    one = torch.diag(torch.ones(4), -1)
    mistakes = {
        "that reads one place before.": one,
        "that reads two places *behind*: use the lower diagonal.": torch.diag(torch.ones(3), 2),
        "that adds both shifts, and reads two tokens at once.": one + one @ one,
    }
    return grade(answer, (5,), torch.diag(torch.ones(3), -2), "the square of the one-step shift.", mistakes)


def blind_prediction(answer: Callable[[Tensor, Tensor, Tensor, float], Tensor]) -> Feedback:
    """`answer(x, y, x_query, lr)` → the step's answer minus half the mean label."""
    prompts, lr = problem(n=6), 0.4
    x, y, x_query = prompts.x[0], prompts.y[0, :, 0], prompts.x_query[0]
    step = lr / 6 * (y @ x) @ x_query
    mistakes = {
        "the query's y-slot is no longer empty when the step begins.": step,
        "a prediction is *minus* the y-slot: what was picked up counts with a minus.": step + y.mean() / 2,
        "half of the 2N tokens have no label: the mean over all of them is half of ȳ.": step - y.mean(),
    }
    return grade(answer, (x, y, x_query, lr), step - y.mean() / 2, "the step, minus ȳ/2.", mistakes)


def shift_for(answer: Callable[[Tensor], Tensor]) -> Feedback:
    """`answer(positions)` → W_K with W_K p_t = p_{t−1} for all t ≥ 2, where that is possible."""
    generator = torch.Generator().manual_seed(0)
    positions = torch.nn.functional.normalize(torch.randn(6, 8, generator=generator, dtype=torch.float64), dim=1)
    given = call(answer, positions)
    if given is None or isinstance(given, Feedback):
        return given or compare(None, torch.zeros(()), "", {})
    if not isinstance(given, Tensor) or given.shape != (8, 8):
        return Feedback("not yet", "expected a tensor of shape (8, 8) for positions of width 8.")
    shifted = positions @ given.double().T
    if float((shifted[1:] - positions[:-1]).abs().max()) < 1e-6:
        return Feedback("right", "exact, because five positions of width 8 are linearly independent.")
    if float((shifted[:-1] - positions[1:]).abs().max()) < 1e-6:
        return Feedback("not yet", "yours maps p_t to p_{t+1}: inputs and labels are exchanged.")
    if float((positions @ given.double() - torch.roll(positions, 1, 0))[1:].abs().max()) < 1e-6:
        return Feedback("not yet", "that is the transposed matrix: lstsq solves rows times solution.")
    return Feedback(
        "not yet", f"W_K p_t misses p_(t−1) by up to {float((shifted[1:] - positions[:-1]).abs().max()):.3g}."
    )
