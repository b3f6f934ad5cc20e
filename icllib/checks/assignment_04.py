"""Checks for assignment 4: train a layer, measure how close it is to a step, read the step off.

Each takes a `seed` for its numbers: hidden checks, and those of another year, use another one. A
variant has another number of `loops`, how often tokens pass the one layer, and another `reach` of
the inputs in training, which are uniform in (−reach, reach).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import starmap

import torch
from torch import Tensor

from icllib import construct, learners, theory
from icllib.attention import LinearSelfAttention
from icllib.checks.answers import AnswerError, call, read
from icllib.checks.feedback import Case, Feedback, checked, grade
from icllib.checks.shared import told_apart
from icllib.errors import check_count, check_number
from icllib.tasks import LinearTask, Prompts
from icllib.tokens import join_tokens, read_prediction

__all__ = ["alignment", "query_loss", "read_off", "sensitivity", "trained"]


def _prompts(seed: int, batch: int = 6, dim_x: int = 3, n: int = 5) -> Prompts:
    task = LinearTask(dim_x=dim_x, n_context=n)
    return task.sample(batch, torch.Generator().manual_seed(seed), dtype=torch.float64)


def _layer(seed: int, dim_x: int = 3) -> LinearSelfAttention:
    """A layer with drawn weights, which is no step of anything."""
    generator = torch.Generator().manual_seed(seed + 500)
    return LinearSelfAttention(dim_x + 1, generator=generator, init_std=0.5, dtype=torch.float64)


def _answers(layer: LinearSelfAttention, prompts: Prompts, loops: int) -> Tensor:
    """ŷ after so many passes of the layer, (batch, 1)."""
    tokens = join_tokens(prompts)
    for _ in range(check_count("loops", loops)):
        tokens = layer(tokens)
    return read_prediction(tokens, 1)


def _passes(loops: int) -> str:
    return f"tokens pass the layer {loops} times, and not once."


@checked
def query_loss(answer: Callable[..., Tensor], seed: int = 0, loops: int = 1) -> Feedback:
    """`answer(layer, prompts)` → the mean of ½ (ŷ − y_q)² over the prompts."""

    def case(batch: int, seed: int) -> Case:
        layer, prompts = _layer(seed), _prompts(seed, batch)
        with torch.no_grad():
            given = _answers(layer, prompts, loops)
            once = _answers(layer, prompts, 1)
        miss = given - prompts.y_query
        right = miss.square().mean() / 2
        mistakes = {
            "the ½ is missing.": 2 * right,
            "that is the sum over the prompts; their mean is asked.": batch * right,
            "a prediction is *minus* the query's last slot.": (
                (given + prompts.y_query).square().mean() / 2
            ),
            "that is one number a prompt; their mean is asked.": miss.square().flatten() / 2,
            _passes(loops): (once - prompts.y_query).square().mean() / 2,
        }
        hidden = Prompts(prompts.x, prompts.y, prompts.x_query, prompts.y_query)
        return Case((layer, _Open(hidden)), right, told_apart(right, mistakes))

    cases = starmap(case, [(6, seed), (9, seed + 1)])
    return grade(_opened(answer), cases, "the loss that training makes small.")


class _Open:
    """Prompts that keep their hidden answers on their way to a student's function."""

    def __init__(self, prompts: Prompts) -> None:
        self.parts = (prompts.x, prompts.y, prompts.x_query, prompts.y_query)


def _opened(answer: object) -> object:
    """The function as one of a layer and `_Open` prompts."""
    if not callable(answer):
        return answer
    return lambda layer, prompts, *more: answer(layer, *prompts.parts, *more)


@checked
def trained(
    answer: Callable[[int, int, int], LinearSelfAttention],
    seed: int = 0,
    loops: int = 1,
    reach: float = 1,
) -> Feedback:
    """`answer(dim_x, n_context, seed)` → a layer that was trained; its loss on new prompts is at
    most a tenth above that of gradient descent with as many steps as it has loops."""
    check_number("reach", reach, above=0)
    dim_x, n = 3, 8
    layer = call(answer, dim_x, n, seed)
    if layer is None or layer is ...:
        read(layer)
    if type(layer) is not LinearSelfAttention:
        kind = type(layer).__name__
        raise AnswerError("not yet", f"your function returned a {kind}, expected the layer.")
    if layer.dim_token != dim_x + 1:
        raise AnswerError("not yet", f"the layer's tokens are {layer.dim_token} wide, not N_x + 1.")
    task = LinearTask(dim_x=dim_x, n_context=n, x_scale=reach)
    prompts = task.sample(20_000, torch.Generator().manual_seed(seed + 99), dtype=torch.float64)
    with torch.no_grad():
        given = _answers(layer.double(), prompts, loops)
    loss = float((given - prompts.y_query).square().mean() / 2)
    nothing = float(prompts.y_query.square().mean() / 2)
    best, steps = _best(task, prompts, loops), "single step" if loops == 1 else f"{loops} steps"
    if loss <= 1.1 * best:
        return Feedback("right", f"loss {loss:.3f}, best {steps} {best:.3f}.")
    words = f"its loss is {loss:.3f}, and the best {steps} would give {best:.3f}"
    turned = float((given + prompts.y_query).square().mean() / 2)
    if turned < 0.9 * nothing < loss:
        return Feedback("not yet", f"{words}: it predicts with the sign turned.")
    if loss > 0.95 * nothing:
        return Feedback("not yet", f"{words}: it has learnt nothing (always 0 has {nothing:.3f}).")
    return Feedback("not yet", f"{words}: train longer, or with another learning rate.")


def _best(task: LinearTask, prompts: Prompts, steps: int) -> float:
    """The least loss of so many steps from zero with one η."""
    best = theory.best_step_size(task)
    if steps == 1:
        return float(theory.expected_loss(task, best))
    x, y, losses = prompts.x, prompts.y[..., 0], []
    for lr in torch.linspace(0.4, 1.6, 25) * best:
        w = torch.zeros_like(prompts.x_query)
        for _ in range(steps):
            left = y - torch.einsum("bni,bi->bn", x, w)
            w = w + lr / prompts.n_context * torch.einsum("bn,bni->bi", left, x)
        miss = (w * prompts.x_query).sum(1) - prompts.y_query[:, 0]
        losses.append(float(miss.square().mean() / 2))
    return min(losses)


@checked
def sensitivity(answer: Callable[..., Tensor], seed: int = 0, loops: int = 1) -> Feedback:
    """`answer(layer, x, y, x_query)` → ∂ŷ/∂x_q for each prompt, (batch, N_x)."""

    def case(batch: int, seed: int) -> Case:
        layer, prompts = _layer(seed), _prompts(seed, batch)
        right, once = (_slopes(layer, prompts, k)[1] for k in (loops, 1))
        mistakes = {
            "the sign is turned: ŷ is *minus* the query's last slot.": -right,
            "that is the mean over the prompts: ask for each prompt by itself.": right.mean(0),
            "that is divided by the number of prompts: take the gradient of a sum.": right / batch,
            "that is the sum over the prompts: ask for each prompt by itself.": right.sum(0),
            _passes(loops): once,
        }
        arguments = (layer, prompts.x, prompts.y, prompts.x_query)
        return Case(arguments, right, told_apart(right, mistakes))

    cases = starmap(case, [(4, seed), (6, seed + 1)])
    return grade(answer, cases, "the linear model that the layer uses, prompt by prompt.")


def _slopes(layer: LinearSelfAttention, prompts: Prompts, loops: int) -> tuple[Tensor, Tensor]:
    """ŷ, (batch, 1), and ∂ŷ/∂x_q, (batch, N_x)."""
    x_query = prompts.x_query.clone().requires_grad_()
    given = _answers(layer, Prompts(prompts.x, prompts.y, x_query, prompts.y_query), loops)
    return given.detach(), torch.autograd.grad(given.sum(), x_query)[0]


def _near_a_step(seed: int, n: int, lr: float) -> LinearSelfAttention:
    layer, step = _layer(seed), construct.gd_layer(3, 1, n, lr)
    with torch.no_grad():
        for name in ("W_K", "W_Q", "W_V", "P"):
            getattr(layer, name).mul_(0.3).add_(getattr(step, name))
    return layer


def _compared(
    layer: LinearSelfAttention, prompts: Prompts, lr: float, passes: int, steps: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Cosines and differences prompt by prompt, and the cosine of all together."""
    given, slopes = _slopes(layer, prompts, passes)
    weights = learners.gradient_descent(prompts, lr, steps)[:, 0]
    gap = given[:, 0] - (weights * prompts.x_query).sum(1)
    flat = torch.cosine_similarity(slopes.flatten(), weights.flatten(), dim=0)
    return torch.cosine_similarity(slopes, weights, dim=1), gap, flat


@checked
def alignment(
    answer: Callable[..., tuple[float, float]], seed: int = 0, loops: int = 1
) -> Feedback:
    """`answer(layer, x, y, x_query, lr)` → the mean cosine of ∂ŷ/∂x_q with W after as many gradient
    steps as there are loops, and the root mean square of the predictions' difference."""

    def case(batch: int, lr: float, seed: int) -> Case:
        prompts = _prompts(seed, batch)
        layer = _near_a_step(seed, prompts.n_context, lr)

        def pair(passes: int, steps: int) -> Tensor:
            cosine, gap, _ = _compared(layer, prompts, lr, passes, steps)
            return torch.stack([cosine.mean(), gap.square().mean().sqrt()])

        cosine, gap, flat = _compared(layer, prompts, lr, loops, loops)
        right = pair(loops, loops)
        rms = right[1]
        mistakes = {
            "the cosine of all prompts together: take it prompt by prompt, then the mean.": (
                torch.stack([flat, rms])
            ),
            "the sign of the sensitivities is turned.": torch.stack([-cosine.mean(), rms]),
            "the root of the mean square is missing.": torch.stack([cosine.mean(), rms.square()]),
            "that is the mean absolute difference.": torch.stack([cosine.mean(), gap.abs().mean()]),
            "that is the mean difference: signs cancel in it.": (
                torch.stack([cosine.mean(), gap.mean()])
            ),
            "first the cosine, then the difference.": torch.stack([rms, cosine.mean()]),
            f"gradient descent takes {loops} steps here, and not one.": pair(loops, 1),
            _passes(loops): pair(1, loops),
            f"here are {loops} passes of the layer, and {loops} steps.": pair(1, 1),
        }
        arguments = (layer, prompts.x, prompts.y, prompts.x_query, lr)
        return Case(arguments, right, told_apart(right, mistakes))

    cases = starmap(case, [(5, 0.4, seed), (7, 0.7, seed + 1)])
    return grade(answer, cases, "the same directions, and nearly the same answers.")


@checked
def read_off(answer: Callable[[LinearSelfAttention, int, int], float], seed: int = 0) -> Feedback:
    """`answer(layer, dim_x, n_context)` → η of the gradient step that the layer is."""

    def case(dim_x: int, n: int, lr: float, seed: int) -> Case:
        layer = construct.gd_layer(dim_x, 1, n, lr)
        generator = torch.Generator().manual_seed(seed)
        turn, size = (
            torch.randn(dim_x + 1, dim_x + 1, generator=generator, dtype=torch.float64)
            + 3 * torch.eye(dim_x + 1)
            for _ in range(2)
        )
        with torch.no_grad():  # the same layer, written otherwise: only the products are the same
            layer.W_K[0] = turn @ layer.W_K[0]
            layer.W_Q[0] = torch.linalg.inv(turn).T @ layer.W_Q[0]
            layer.W_V[0] = size @ layer.W_V[0]
            layer.P[0] = layer.P[0] @ torch.linalg.inv(size)
        entry = float(layer.P[0, dim_x, dim_x].detach() * n)
        mistakes = {
            "N is missing: the layer has η/N in it.": torch.tensor(lr / n),
            "the sign is turned: P W_V has −η/N.": torch.tensor(-lr),
            "the sign is turned, and N is missing.": torch.tensor(-lr / n),
            "that is one entry of P: only products mean something, P W_V and W_KᵀW_Q.": (
                torch.tensor(entry)
            ),
            "that is the sum of the diagonal of W_KᵀW_Q; its mean is the factor.": (
                torch.tensor(lr * dim_x)
            ),
            "the diagonal's mean runs over the x-part alone: N_x entries.": (
                torch.tensor(lr * dim_x / (dim_x + 1))
            ),
        }
        return Case((layer, dim_x, n), torch.tensor(lr, dtype=torch.float64), mistakes)

    cases = starmap(case, [(3, 6, 0.7, seed), (4, 9, 1.3, seed + 1)])
    return grade(answer, cases, "η = −N · (P W_V) · (W_KᵀW_Q), read off the products.")
