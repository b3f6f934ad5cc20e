"""Checks for assignment 2, attention from scratch.

Each takes a `seed` for its numbers: hidden checks, and those of another year, use another one. A
variant has another `sink`, which is added to the sum below every softmax, and another `power` of d
by which scores are divided.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import starmap

import torch
from torch import Tensor

from icllib.checks.answers import Answer, AnswerError, call
from icllib.checks.feedback import Case, Feedback, checked, compare, grade, problem
from icllib.checks.shared import Largest, drawn, matrices, told_apart
from icllib.errors import check_number

__all__ = ["attention", "causal_heads", "join", "kernel_head", "linear_attention", "softmax"]

_MANY = 150_000  # tokens; a table of all scores would take 180 GB
_MEMORY = "Build the memory Σ v kᵀ first, of d × d numbers."


def _soft(scores: Tensor, sink: float, axis: int = -1) -> Tensor:
    """e^s / (sink + Σ e^s): the softmax with one more score, ln(sink), that has no value."""
    check_number("sink", sink, minimum=0)
    extra = torch.full_like(scores.narrow(axis, 0, 1), sink).log()
    return torch.cat([scores, extra], axis).softmax(axis).narrow(axis, 0, scores.shape[axis])


def _root(power: float) -> str:
    return {0.5: "√d", 1: "d"}.get(power, f"d^{power:g}")


@checked
def join(answer: Callable[[Tensor, Tensor, Tensor], Tensor], seed: int = 0) -> Feedback:
    """`answer(x, y, x_query)` → the tokens of one prompt, (N + 1, N_x + N_y), the query's last."""

    def case(n: int, dim_x: int, dim_y: int, seed: int) -> Case:
        prompts = problem(n, dim_x, dim_y, seed)
        x, y, query = prompts.x[0], prompts.y[0], prompts.x_query[0]
        right = torch.cat([torch.cat([x, y], 1), torch.nn.functional.pad(query, (0, dim_y))[None]])
        mistakes = {
            "the query's token is missing: it comes last.": right[:-1],
            "the query's token comes last, not first.": right.roll(1, 0),
            "a token holds x before y.": right.roll(dim_y, 1),
            "the query's label is empty: zeros, not ones.": right + right.eq(0),
        }
        return Case((x, y, query), right, mistakes)

    cases = starmap(case, [(4, 3, 2, seed), (3, 2, 1, seed + 1)])
    return grade(answer, cases, "x above y, and the query's token last, with an empty label.")


@checked
def softmax(answer: Callable[[Tensor], Tensor], seed: int = 0, sink: float = 0) -> Feedback:
    """`answer(scores)` → e^s / (sink + Σ e^s) along the last axis; scores (…, T), also of several
    thousand."""

    def case(rows: int, t: int, loud: float, seed: int) -> Case:
        scores = loud * drawn(rows, t, seed=seed)
        right, size, mistakes = _soft(scores, sink), scores.exp(), {}
        if loud == 1:
            close = (scores - scores.amax(-1, keepdim=True)).exp()
            mistakes = {
                "e^s alone is no weight: divide by the sum of its row.": size,
                "the sums run along the last axis, one for each row.": _soft(scores, sink, 0),
                "the sign is turned: the largest score has the largest weight.": (
                    _soft(-scores, sink)
                ),
                f"{sink:g} has to be added to the sum.": scores.softmax(-1),
                "what you subtract from the scores is not subtracted below: a number in the sum is"
                " one more e^s, and shrinks with the others.": (
                    close / (sink + close.sum(-1, keepdim=True))
                ),
                f"{sink:g} is added to the sum once, not once for each score.": (
                    size / (sink + size).sum(-1, keepdim=True)
                ),
            }
        return Case((scores,), right, told_apart(right, mistakes))

    cases = starmap(case, [(3, 5, 1.0, seed), (4, 4, 1.0, seed + 1)])
    small = grade(answer, cases, "exp over its sum.")
    if not small:
        return small
    large = grade(answer, starmap(case, [(3, 5, 3000.0, seed), (2, 4, -3000.0, seed)]), "")
    if large:
        return small
    return Feedback(
        "not yet",
        "right for small scores, but not for large ones: take a number from each row before exp.",
    )


def _weights(dim: int, width: int, seed: int, heads: int = 0) -> tuple[Tensor, ...]:
    front = (heads,) if heads else ()
    shapes = [(width, dim)] * 3 + [(dim, width)]
    return tuple(drawn(*front, *shape, seed=seed + k) for k, shape in enumerate(shapes))


@checked
def attention(
    answer: Callable[..., Tensor], seed: int = 0, sink: float = 0, power: float = 0.5
) -> Feedback:
    """`answer(tokens, W_Q, W_K, W_V, P)` → the tokens after one softmax head, (T, D); W_Q, W_K, W_V
    (d, D), P (D, d)."""
    check_number("power", power, above=0)
    root = _root(power)

    def case(t: int, dim: int, width: int, seed: int) -> Case:
        tokens = drawn(t, dim, seed=seed)
        W_Q, W_K, W_V, P = _weights(dim, width, seed + 10)

        def run(
            by: float = width**power, turned: bool = False, axis: int = -1, sink: float = sink
        ) -> Tensor:
            scores = tokens @ W_Q.T @ (tokens @ W_K.T).T / by
            weights = _soft(scores.T if turned else scores, sink, axis)
            return tokens + weights @ tokens @ W_V.T @ P.T

        right = run()
        mistakes = {
            f"the division by {root} is missing.": run(1.0),
            f"you divide by d; it is {root}.": run(float(width)),
            f"you divide by √d; it is {root}.": run(width**0.5),
            "the width of a token is not d: d is the width of a key.": run(dim**power),
            f"the softmax has {sink:g} in the sum, as in question 2.": run(sink=0.0),
            "that is the update; add it to the tokens.": right - tokens,
            "keys and query vectors are exchanged: rows ask, columns are asked.": run(turned=True),
            "the softmax runs over those who ask; it has to run over those who are asked.": (
                run(axis=0)
            ),
        }
        return Case((tokens, W_Q, W_K, W_V, P), right, told_apart(right, mistakes))

    cases = starmap(case, [(5, 4, 3, seed), (4, 3, 2, seed + 50)])
    return grade(answer, cases, "each token asks all, and adds what it is told.")


@checked
def causal_heads(
    answer: Callable[..., Tensor], seed: int = 0, sink: float = 0, power: float = 0.5
) -> Feedback:
    """`answer(tokens, W_Q, W_K, W_V, P)` → the tokens after several causal heads; W_Q, W_K, W_V
    (H, d, D), P (H, D, d)."""

    def case(t: int, dim: int, width: int, heads: int, seed: int) -> Case:
        tokens = drawn(t, dim, seed=seed)
        W_Q, W_K, W_V, P = _weights(dim, width, seed + 10, heads)
        one = torch.ones(t, t, dtype=torch.bool)
        masks = {"strict": one.triu(), "turned": one.tril(-1), "none": ~one, "late": ~one}
        masks["strict"][0, 0] = False

        def run(mask: str = "", parts: int = heads, by: int = 1, sink: float = sink) -> Tensor:
            found = torch.zeros_like(tokens)
            for h in range(parts):
                scores = tokens @ W_Q[h].T @ (tokens @ W_K[h].T).T / width**power
                scores = scores.masked_fill(masks.get(mask, one.triu(1)), -math.inf)
                weights = _soft(scores, sink) * (one.tril() if mask == "late" else one)
                found = found + weights @ tokens @ W_V[h].T @ P[h].T
            return tokens + found / by

        mistakes = {
            "the mask is missing: a token may not see those after it.": run("none"),
            "the mask is turned: a token sees itself and those *before* it.": run("turned"),
            "a token may see itself as well.": run("strict"),
            "mask the scores, not the weights: the masked have no part in the sum.": run("late"),
            "heads are added, not averaged.": run(by=heads),
            "that is the first head alone.": run(parts=1),
            "that is the update; add it to the tokens.": run() - tokens,
            f"the softmax has {sink:g} in the sum, as in question 2.": run(sink=0.0),
        }
        return Case((tokens, W_Q, W_K, W_V, P), run(), told_apart(run(), mistakes))

    cases = starmap(case, [(5, 4, 3, 2, seed), (4, 3, 2, 3, seed + 50)])
    return grade(answer, cases, "heads add up, and nobody sees the future.")


@checked
def linear_attention(answer: Callable[..., Tensor], seed: int = 0, power: float = 0.5) -> Feedback:
    """`answer(tokens, W_Q, W_K, W_V, P)` → the tokens after one linear head whose keys and values
    come from the examples alone; also for very many tokens."""

    def case(t: int, dim: int, width: int, seed: int) -> Case:
        tokens = drawn(t, dim, seed=seed)
        W_Q, W_K, W_V, P = (w / 4 for w in _weights(dim, width, seed + 10))

        def run(last: int = -1, by: float = 1.0, soft: bool = False) -> Tensor:
            context = tokens[:last] if last else tokens
            scores = tokens @ W_Q.T @ (context @ W_K.T).T / by
            scores = scores.softmax(-1) if soft else scores
            return tokens + scores @ context @ W_V.T @ P.T

        mistakes = {
            "the query is not asked: keys and values come from the first N tokens.": run(0),
            f"there is no {_root(power)} in linear attention.": run(by=width**power),
            "there is no softmax in linear attention.": run(soft=True),
            "there is no 1/N in this layer: P holds it.": run(by=t - 1.0),
            "that is the update; add it to the tokens.": run() - tokens,
            "the query's token is moved too: it has to be there, last.": run()[:-1],
        }
        return Case((tokens, W_Q, W_K, W_V, P), run(), told_apart(run(), mistakes))

    small = grade(answer, starmap(case, [(6, 4, 3, seed), (5, 3, 2, seed + 50)]), "e + P V Kᵀ q.")
    return _for_many(answer, small, seed) if small else small


def _for_many(answer: object, right: Feedback, seed: int) -> Feedback:
    """`right`, or what is wrong with the answer where tokens are many."""
    few, many = ((drawn(t, 3, seed=seed), *_weights(3, 2, seed + 10)) for t in (500, _MANY))
    with Largest() as seen:  # here, so that nobody's machine has to hold the large table
        call(answer, *few)
    if seen.size >= 499 * 499:
        return Feedback("not yet", f"right, but it holds a table of all scores. {_MEMORY}")
    try:
        feedback = compare(call(answer, *many), _long(*many), "")
    except AnswerError as error:
        feedback = Feedback(error.verdict, error.message)
    words = f"right, but not for {_MANY:,} tokens. {_MEMORY} ({feedback.message})"
    return right if feedback else Feedback("not yet", words)


def _long(tokens: Tensor, W_Q: Tensor, W_K: Tensor, W_V: Tensor, P: Tensor) -> Tensor:
    memory = (tokens[:-1] @ W_V.T).T @ (tokens[:-1] @ W_K.T)
    return tokens + tokens @ W_Q.T @ memory.T @ P.T


@checked
def kernel_head(
    answer: Callable[[int, int, float], tuple], seed: int = 0, sink: float = 0, power: float = 0.5
) -> Feedback:
    """`answer(dim_x, dim_y, width)` → (W_Q, W_K, W_V, P) of a softmax head over the examples that
    answers with their labels, weighted by exp(−‖x_i − x_q‖² / 2h²); tokens are (x, ‖x‖², 1, y)."""
    check_number("power", power, above=0)
    for dim_x, dim_y, width, shift in ((3, 2, 0.8, 0), (2, 1, 1.7, 1)):
        feedback = _kernel_head(answer, dim_x, dim_y, width, seed + shift, sink, power)
        if not feedback:
            return feedback
    return feedback


def _kernel_head(
    answer: object, dim_x: int, dim_y: int, width: float, seed: int, sink: float, power: float
) -> Feedback:
    names, dim = ("W_Q", "W_K", "W_V", "P"), dim_x + 2 + dim_y
    (W_Q, W_K, W_V, P), tolerance = matrices(call(answer, dim_x, dim_y, width), names, dim)
    prompts = problem(7, dim_x, dim_y, seed)
    x, y, query = 1.5 * prompts.x[0], prompts.y[0], 1.5 * prompts.x_query[0]

    def token(x: Tensor, y: Tensor) -> Tensor:
        return torch.cat([x, x.square().sum(-1, keepdim=True), torch.ones(len(x), 1).to(x), y], -1)

    context, last = token(x, y), token(query[None], torch.zeros(1, dim_y, dtype=torch.float64))
    scale = len(W_K) ** power
    scores = last @ W_Q.T @ (context @ W_K.T).T / scale
    change = (_soft(scores, sink) @ context @ W_V.T @ P.T)[0]
    right, mistakes = _kernel_answers(x, y, query, width, scale, sink, _root(power))
    feedback = compare(
        Answer(change[-dim_y:], tolerance), right, "near examples weigh most.", mistakes
    )
    if feedback and float(change[:-dim_y].abs().max()) > 1e-6:
        return Feedback(
            "not yet", "the labels are right, but the head writes into other slots too."
        )
    return feedback


def _kernel_answers(
    x: Tensor, y: Tensor, query: Tensor, width: float, scale: float, sink: float, root: str
) -> tuple[Tensor, dict[str, Tensor]]:
    distance, alike = (x - query).square().sum(-1), x @ query

    def mean(scores: Tensor) -> Tensor:
        return _soft(scores, sink) @ y

    exact = -distance / (2 * width**2)
    mistakes = {
        f"the layer divides by {root}: the matrices have to undo that.": mean(exact / scale),
        "‖x_q‖² is missing: beside a number in the sum it does not cancel.": (
            mean(exact + query @ query / (2 * width**2))
        ),
        "that compares by ⟨x_i, x_q⟩ alone; ‖x_i‖² is missing, and there is a slot for it.": (
            mean(alike / width**2)
        ),
        f"that compares by ⟨x_i, x_q⟩ alone, divided by {root}.": mean(alike / width**2 / scale),
        "the ½ of the exponent is missing.": mean(2 * exact),
        "h is squared in the exponent.": mean(exact * width),
        "the sign of the score is turned: far examples weigh most.": mean(-exact),
        "all examples weigh alike: the scores are zero.": mean(0 * exact),
        "the labels come with the wrong sign: this head answers with +y.": -mean(exact),
    }
    return mean(exact), told_apart(mean(exact), mistakes)
