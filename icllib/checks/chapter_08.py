"""Checks for the exercises of chapter 8."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import starmap

import torch
from torch import Tensor

from icllib.checks.answers import Answer, AnswerError, call, read
from icllib.checks.feedback import Case, Feedback, checked, compare, grade, near, problem

__all__ = ["blind_prediction", "copy_backward", "logit_scale", "shift_for", "two_back"]


@checked
def logit_scale(answer: float) -> Feedback:
    """c with 1 / (1 + 100 e^{−c}) = 0.999."""
    mistakes = {
        "there are 2N other tokens, not N.": math.log(50 * 999),
        "the others weigh as well: 1 + 100 e^{−c} = 1/0.999.": math.log(999),
        "that is log to the base 10; the softmax has e.": math.log10(100 * 999),
        "that is the ratio itself; c is its logarithm.": 100 * 999.0,
        "the sign is turned: the right token has the *larger* score.": -math.log(100 * 999),
        "that gives the right token a weight of ½.": math.log(100),
        "that gives an error of 0.001 for one other token; there are 100.": -math.log(0.001),
    }
    values = {hint: torch.tensor(value, dtype=torch.float64) for hint, value in mistakes.items()}
    return compare(
        answer, torch.tensor(math.log(100 * 999)), "c = ln(100 · 999).", values, digits=3
    )


@checked
def copy_backward(answer: Callable[[int, int], tuple[Tensor, Tensor, Tensor, Tensor]]) -> Feedback:
    """`answer(length, dim_x)` → W_Q, W_K, W_V, P such that each token receives the x of the token
    before it."""
    for length, dim_x in ((5, 2), (6, 3)):
        feedback = _copies(call(answer, length, dim_x), length, dim_x)
        if not feedback:
            return feedback
    return feedback


def _copies(given: object, length: int, dim_x: int) -> Feedback:
    if given is None or given is ...:
        read(given)
    if not isinstance(given, tuple | list) or len(given) != 4:
        raise AnswerError("not yet", "expected four matrices: W_Q, W_K, W_V, P.")
    shapes = {"W_Q": length, "W_K": length, "W_V": dim_x, "P": dim_x}
    parts = [
        read(m, name).shaped(size, size, name=name)
        for m, (name, size) in zip(given, shapes.items(), strict=True)
    ]
    W_Q, W_K, W_V, P = (part.value for part in parts)
    x = torch.randn(length, dim_x, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    received = (W_Q.T @ W_K) @ (x @ W_V.T @ P.T)  # token t (row) by token i (column)
    nothing = torch.zeros(1, dim_x, dtype=torch.float64)
    before = torch.cat([nothing, x[:-1]])
    mistakes = {
        "each token receives the x behind it: use the lower shift.": torch.cat([x[1:], nothing]),
        "each token receives its own x.": x,
        "the first token has none before it, and receives the last one's x.": x.roll(1, dims=0),
        "each token receives the x two places before it.": torch.cat([nothing, nothing, x[:-2]]),
        "each token receives the x before it twice, once through W_Q and once through W_K.": (
            2 * before
        ),
    }
    answer = Answer(received, max(part.tolerance for part in parts))
    return compare(answer, before, "each token fetches the x before it.", mistakes)


@checked
def two_back(answer: Callable[[int], Tensor]) -> Feedback:
    """`answer(length)` → ones on the second diagonal below the main one."""

    def case(length: int) -> Case:
        one, two = torch.diag(torch.ones(length - 1), -1), torch.diag(torch.ones(length - 2), -2)
        mistakes = {
            "that reads one place before.": one,
            "that reads two places *behind*: use the lower diagonal.": two.T,
            "that reads one place *behind*: use the lower diagonal.": one.T,
            "that adds both shifts, and reads two tokens at once.": one + two,
            "that reads one place twice; two places take the square of the shift.": 2 * one,
            "that reads three places before.": torch.diag(torch.ones(length - 3), -3),
            "the first two tokens have none two places before them, and read the last ones.": (
                torch.eye(length).roll(2, dims=0)
            ),
        }
        return Case((length,), two, mistakes)

    return grade(answer, starmap(case, [(5,), (7,)]), "the square of the one-step shift.")


@checked
def blind_prediction(answer: Callable[[Tensor, Tensor, Tensor, float], Tensor]) -> Feedback:
    """`answer(x, y, x_query, lr)` → the step's answer minus half the mean label."""

    def case(n: int, dim_x: int, lr: float, seed: int) -> Case:
        prompts = problem(n, dim_x, seed=seed)
        x, y, x_query = prompts.x[0], prompts.y[0, :, 0], prompts.x_query[0]
        step, mean = lr / n * (y @ x) @ x_query, y.mean()
        mistakes = {
            "the query's y-slot is no longer empty when the step begins.": step,
            "a prediction is *minus* the y-slot: what was picked up counts with a minus.": (
                step + mean / 2
            ),
            "half of the 2N tokens have no label: the mean over all of them is half of ȳ.": (
                step - mean
            ),
            "that is the y-slot; a prediction is minus it.": mean / 2 - step,
            "1/N is missing in the step.": n * step - mean / 2,
            "that is what the query picked up, without the step.": -mean / 2,
            "the query picks up the *mean* of all values, not their sum.": step - y.sum(),
            "the query picks up the mean over 2N tokens, not half of the sum.": step - y.sum() / 2,
        }
        return Case((x, y, x_query, lr), step - mean / 2, mistakes)

    return grade(answer, starmap(case, [(6, 3, 0.4, 0), (9, 2, 0.7, 1)]), "the step, minus ȳ/2.")


@checked
def shift_for(answer: Callable[[Tensor], Tensor]) -> Feedback:
    """`answer(positions)` → W_K with W_K p_t = p_{t−1} for all t ≥ 2, where that is possible."""
    for length, width, seed in ((6, 8, 0), (5, 4, 1)):
        drawn = torch.randn(
            length, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
        )
        positions = torch.nn.functional.normalize(drawn, dim=1)
        given = read(call(answer, positions), "W_K").shaped(width, width, name="W_K")
        if not _maps(given, positions[1:], positions[:-1]):
            return Feedback("not yet", _misses(given, positions))
    return Feedback("right", "exact, because the T − 1 positions are linearly independent.")


def _maps(matrix: Answer, inputs: Tensor, outputs: Tensor) -> bool:
    size = max(1.0, float(matrix.value.abs().max()))
    return near(Answer(inputs @ matrix.value.T, 10 * size * matrix.tolerance), outputs)


def _misses(given: Answer, positions: Tensor) -> str:
    now, before = positions[1:], positions[:-1]
    if _maps(given, before, now):
        return "yours maps p_t to p_{t+1}: inputs and labels are exchanged."
    if _maps(Answer(given.value.T, given.tolerance), now, before):
        return "that is the transposed matrix: lstsq solves rows times solution."
    if _maps(Answer(given.value.T, given.tolerance), before, now):
        return "that is transposed, and maps p_t to p_{t+1}."
    if _maps(given, positions, positions):
        return "that is the identity: each token finds itself."
    rolled = torch.linalg.lstsq(positions, positions.roll(1, dims=0), driver="gelsd").solution.T
    if near(given, rolled):
        return (
            "the first position has none before it: leave it out, instead of mapping it to the last"
            " one."
        )
    return (
        f"W_K p_t misses p_(t−1) by up to {float((now @ given.value.T - before).abs().max()):.3g}."
    )
