"""Checks for assignment 3, layers that weight their examples and layers with momentum.

Each takes a `seed` for its numbers: hidden checks, and those of another year, use another one. A
variant has another `base`, what every example counts without its weight, and another `ahead`: the
gradient is taken at W + ahead · β V.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import starmap

import torch
from torch import Tensor

from icllib.checks.answers import Answer, call
from icllib.checks.feedback import Case, Feedback, checked, compare, grade, problem
from icllib.checks.shared import matrices, told_apart
from icllib.errors import check_number

__all__ = ["momentum_layer", "velocities", "weighted_layer", "weighted_step"]


def _drawn(n: int, dim_x: int, dim_y: int, seed: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """x, y, the query, and weights of the examples."""
    prompts = problem(n, dim_x, dim_y, seed)
    generator = torch.Generator().manual_seed(seed + 1000)
    weights = torch.rand(n, generator=generator, dtype=torch.float64) + 0.2
    return prompts.x[0], prompts.y[0], prompts.x_query[0], weights


@checked
def weighted_step(answer: Callable[..., Tensor], seed: int = 0, base: float = 0) -> Feedback:
    """`answer(w, x, y, s, lr)` → W after one step on 1/(2N) Σ (base + s_i) ‖W x_i − y_i‖²."""
    check_number("base", base, minimum=0)

    def case(n: int, dim_x: int, dim_y: int, lr: float, seed: int) -> Case:
        x, y, _, s = _drawn(n, dim_x, dim_y, seed)
        w = torch.linspace(-1, 2, dim_x * dim_y, dtype=torch.float64).reshape(dim_y, dim_x)

        count = base + s

        def run(s: Tensor = count, by: float = n, sign: float = 1.0) -> Tensor:
            return w + sign * lr / by * (s[:, None] * (y - x @ w.T)).T @ x

        mistakes = {
            "the weights s are forgotten.": run(torch.ones_like(s)),
            "the weights stand in the loss once, not squared.": run(count**2),
            "that is the root of the weights: s stands before the square already.": (
                run(count.sqrt())
            ),
            f"an example counts {base:g} + s, not s alone.": run(s),
            "1/N is missing: the loss is a mean over the examples.": run(by=1.0),
            "the loss divides by N, not by the sum of the weights.": run(by=float(count.sum())),
            "the sign is turned: this step climbs.": run(sign=-1.0),
        }
        return Case((w, x, y, s, lr), run(), told_apart(run(), mistakes))

    cases = starmap(case, [(7, 3, 2, 0.3, seed), (5, 2, 2, 0.5, seed + 1)])
    plus = f"({base:g} + s)" if base else "s"
    return grade(answer, cases, f"W + (η/N) Σ {plus} (y − W x) xᵀ.")


def _layer(tokens: Tensor, R: Tensor, W_K: Tensor, W_Q: Tensor, W_V: Tensor, P: Tensor) -> Tensor:
    memory = (tokens[:-1] @ W_V.T).T @ (tokens[:-1] @ W_K.T)
    return tokens @ R.T + tokens @ W_Q.T @ memory.T @ P.T


@checked
def weighted_layer(
    answer: Callable[[int, int, int, float], tuple], seed: int = 0, base: float = 0
) -> Feedback:
    """`answer(dim_x, dim_y, n_context, lr)` → (W_K, W_Q, W_V, P) of a layer on tokens (x, y, s x)
    that takes the step of `weighted_step` from zero; looped, several."""
    check_number("base", base, minimum=0)
    for n, dim_x, dim_y, lr, shift in ((7, 3, 2, 0.4, 0), (5, 2, 1, 0.6, 1)):
        feedback = _weighted_layer(answer, n, dim_x, dim_y, lr, seed + shift, base)
        if not feedback:
            return feedback
    return feedback


def _weighted_layer(
    answer: object, n: int, dim_x: int, dim_y: int, lr: float, seed: int, base: float
) -> Feedback:
    dim = 2 * dim_x + dim_y
    given, tolerance = matrices(call(answer, dim_x, dim_y, n, lr), ("W_K", "W_Q", "W_V", "P"), dim)
    x, y, query, s = _drawn(n, dim_x, dim_y, seed)
    context = torch.cat([x, y, s[:, None] * x], dim=1)
    start = tokens = torch.cat([context, torch.cat([query, torch.zeros(dim_x + dim_y)])[None]])

    def run(steps: int, s: Tensor = base + s, by: float = n) -> Tensor:
        w = torch.zeros(dim_y, dim_x, dtype=torch.float64)
        for _ in range(steps):
            w = w + lr / by * (s[:, None] * (y - x @ w.T)).T @ x
        return -w @ query

    for steps in (1, 2, 3):
        tokens = _layer(tokens, torch.eye(dim, dtype=torch.float64), *given)
        right = run(steps)
        mistakes = {
            "that is the step without weights: keys have to read the slots s x.": (
                run(steps, torch.ones_like(s))
            ),
            "the weights come in twice: only one of key and query vector reads s x.": (
                run(steps, (base + s) ** 2)
            ),
            f"an example counts {base:g} + s: keys have to read x as well.": run(steps, s),
            "N is forgotten: it is η/N.": run(steps, by=1.0),
            "the sign is turned: the query's label becomes −ΔW x_q.": -right,
            "the query's label does not move. Its slots s x are empty: what does it ask with?": (
                0 * right
            ),
        }
        words = "right after one layer, but not after several: " if steps > 1 else ""
        found = Answer(tokens[-1, dim_x : dim_x + dim_y], tolerance)
        feedback = compare(found, right, "layers are weighted steps.", told_apart(right, mistakes))
        if not feedback:
            return Feedback(feedback.verdict, words + feedback.message)
    kept = [*range(dim_x), *range(dim_x + dim_y, dim)]
    if float((tokens - start)[:, kept].abs().max()) > 1e-4:
        return Feedback("not yet", "the labels are right, but the layer changes x or s x.")
    return feedback


def _ball(
    x: Tensor,
    y: Tensor,
    lr: float,
    beta: float,
    by: float,
    steps: int,
    order: str = "new",
    ahead: float = 0.0,
) -> list[tuple[Tensor, Tensor]]:
    """W_k and V_k for k = 0 … K, with the gradient at W + ahead · V."""
    w = velocity = torch.zeros(y.shape[1], x.shape[1], dtype=torch.float64)
    found = [(w, velocity)]
    for _ in range(steps):
        before = velocity
        velocity = beta * velocity + lr / by * (y - x @ (w + ahead * velocity).T).T @ x
        w = w + (velocity if order == "new" else before)
        found.append((w, velocity))
    return found


@checked
def velocities(answer: Callable[..., Tensor], seed: int = 0, ahead: float = 0) -> Feedback:
    """`answer(x, y, lr, beta, steps)` → what is left of each label, y_i − W_k x_i, and beside it
    V_k x_i, for k = 0 … K: (K + 1, N, 2 N_y)."""

    def case(n: int, dim_x: int, dim_y: int, beta: float, steps: int, seed: int) -> Case:
        x, y, *_ = _drawn(n, dim_x, dim_y, seed)
        lr, place = 0.3, f"the gradient is taken at W + {ahead:g} β V"

        def run(
            beta: float = beta, by: float = n, order: str = "new", ahead: float = ahead * beta
        ) -> Tensor:
            ball = _ball(x, y, lr, beta, by, steps, order, ahead)
            return torch.stack([torch.cat([y - x @ w.T, x @ v.T], dim=1) for w, v in ball])

        right = run()
        mistakes = {
            "the velocity is forgotten: β is 0.": run(beta=0.0, ahead=0.0),
            "the velocity never shrinks: β is 1.": run(beta=1.0),
            "1/N is missing in the gradient.": run(by=1.0),
            "W moves by the new velocity: change V first.": run(order="old"),
            "the sign of the gradient is turned.": run(by=-n),
            "k = 0 is missing: there are K + 1 of them.": right[1:],
            "the last step is missing: there are K + 1 of them.": right[:-1],
            "what is left of the labels comes first, the velocities behind it.": (
                right.roll(dim_y, -1)
            ),
            "the velocities have the wrong sign.": right
            * torch.tensor([1.0] * dim_y + [-1.0] * dim_y),
            f"{place}, not at W.": run(ahead=0.0),
            f"{place}: β is missing there.": run(ahead=ahead),
            f"{place}: {ahead:g} is missing there.": run(ahead=beta),
        }
        return Case((x, y, lr, beta, steps), right, told_apart(right, mistakes))

    cases = starmap(case, [(6, 3, 2, 0.6, 3, seed), (5, 2, 1, 0.8, 4, seed + 1)])
    return grade(answer, cases, "what the slots of the tokens will hold.")


@checked
def momentum_layer(answer: Callable[..., tuple], seed: int = 0, ahead: float = 0) -> Feedback:
    """`answer(dim_x, dim_y, n_context, lr, beta)` → (R, W_K, W_Q, W_V, P) of a layer on tokens
    (x, y, v) that takes one step with momentum; looped, several."""
    for n, dim_x, dim_y, beta, shift in ((7, 3, 2, 0.7, 0), (5, 2, 1, 0.4, 1)):
        feedback = _momentum_layer(answer, n, dim_x, dim_y, beta, seed + shift, ahead)
        if not feedback:
            return feedback
    return feedback


def _momentum_answers(
    x: Tensor, y: Tensor, query: Tensor, lr: float, beta: float, steps: int, ahead: float
) -> tuple[Tensor, dict[str, Tensor]]:
    """−W_K x_q and V_K x_q, and what mistakes make of them."""

    def run(
        beta: float = beta, by: float = len(x), order: str = "new", ahead: float = ahead * beta
    ) -> Tensor:
        w, velocity = _ball(x, y, lr, beta, by, steps, order, ahead)[-1]
        return torch.cat([-w @ query, velocity @ query])

    right, sign = run(), torch.tensor([1.0] * y.shape[1] + [-1.0] * y.shape[1])
    place = f"the gradient is taken at W + {ahead:g} β V"
    mistakes = {
        "the velocity is forgotten: the slots v have to keep β of what they hold.": (
            run(beta=0.0, ahead=0.0)
        ),
        "the velocity never shrinks: R has to keep β of it, and not all.": run(beta=1.0),
        "N is forgotten: it is η/N.": run(by=1.0),
        "the label moves by the old velocity: it takes −β v and the new part as well.": (
            run(order="old")
        ),
        "the slots v carry minus the velocity.": right * sign,
        f"values have to read the velocity too: {place}.": run(ahead=0.0),
        f"{place}: β is missing in the values.": run(ahead=ahead),
        f"{place}: values read V with the wrong sign.": run(ahead=-ahead * beta),
        "both signs are turned: y falls by the new velocity.": -right,
        "the labels have the wrong sign: the query's label becomes −W x_q.": -right * sign,
    }
    return right, told_apart(right, mistakes)


def _momentum_layer(
    answer: object, n: int, dim_x: int, dim_y: int, beta: float, seed: int, ahead: float
) -> Feedback:
    dim, lr = dim_x + 2 * dim_y, 0.3
    names = ("R", "W_K", "W_Q", "W_V", "P")
    given, tolerance = matrices(call(answer, dim_x, dim_y, n, lr, beta), names, dim)
    x, y, query, _ = _drawn(n, dim_x, dim_y, seed)
    context = torch.cat([x, y, 0 * y], dim=1)
    start = tokens = torch.cat([context, torch.cat([query, torch.zeros(2 * dim_y)])[None]])

    for steps in (1, 2, 3, 4):
        tokens = _layer(tokens, *given)
        right, mistakes = _momentum_answers(x, y, query, lr, beta, steps, ahead)
        words = f"right after the first layer, but not after {steps}: " if steps > 1 else ""
        found = Answer(tokens[-1, dim_x:], tolerance)
        feedback = compare(found, right, "K layers are K steps.", mistakes)
        if not feedback:
            return Feedback(feedback.verdict, words + feedback.message)
    if float((tokens - start)[:, :dim_x].abs().max()) > 1e-4:
        return Feedback("not yet", "labels and velocities are right, but the layer changes x.")
    return feedback
