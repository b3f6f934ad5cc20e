"""Prompts as token sequences, and the way back: reading the prediction off the last token."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from icllib.errors import InputError, ShapeError, check_count, check_tensors
from icllib.learners import predict, starting_weights
from icllib.tasks import Prompts

__all__ = ["add_sink", "join_tokens", "read_prediction", "separate_tokens"]


def join_tokens(
    prompts: Prompts, w0: Float[Tensor, "N_y N_x"] | None = None
) -> Float[Tensor, "batch N+1 N_x+N_y"]:
    """One token an example, e_j = (x_j, y_j), and last the query's, (x_q, −W_0 x_q).

    Args:
        prompts: the prompts; the hidden answer y_q does not enter.
        w0: W_0, (N_y, N_x); without it the query's y-slots are 0.

    Returns:
        tokens, (batch, N + 1, N_x + N_y).

    Raises:
        ShapeError: w0 does not fit the prompts.
    """
    context = torch.cat([prompts.x, prompts.y], dim=-1)
    label = 0 - predict(starting_weights(prompts, w0), prompts.x_query)  # 0 without w0, and not −0
    query = torch.cat([prompts.x_query, label], dim=-1)
    return torch.cat([context, query[:, None]], dim=1)


def read_prediction(
    tokens: Float[Tensor, "batch T dim_token"], dim_y: int
) -> Float[Tensor, "batch N_y"]:
    """ŷ: minus the last token's y-slots (the paper's sign: a token's y-slots hold y − W x, and y =
    0 for the query).

    Raises:
        ShapeError: tokens are no batch of sequences, or not wider than dim_y.
        InputError: dim_y is below 1.
    """
    dim_y = check_count("dim_y", dim_y)
    width = check_tensors({"tokens": (tokens, ("batch", "T", "dim_token"))})["dim_token"]
    if width <= dim_y:
        raise ShapeError(
            f"tokens has width {width}, expected more than dim_y = {dim_y}: "
            "a token holds x beside y"
        )
    return -tokens[:, -1, -dim_y:]


def separate_tokens(
    prompts: Prompts, n_positions: int | None = None
) -> Float[Tensor, "batch 2N+1 N_x+N_y+n_positions"]:
    """x and y as tokens of their own, each with its position: (x_1, 0, p_1), (0, y_1, p_2), …,
    (x_q, 0, p_{2N+1}).

    Positions are one-hot: p_t is the t-th unit vector.  [von Oswald et al. 2023, Proposition 3]

    Args:
        prompts: the prompts.
        n_positions: how many positions there are; 2N + 1, as many as tokens, unless given.

    Raises:
        InputError: fewer positions than tokens.
    """
    x_tokens = torch.cat([prompts.x, torch.zeros_like(prompts.y)], dim=-1)
    y_tokens = torch.cat([torch.zeros_like(prompts.x), prompts.y], dim=-1)
    pairs = torch.stack([x_tokens, y_tokens], dim=2).flatten(1, 2)  # x_1, y_1, x_2, y_2, …
    query = torch.cat([prompts.x_query, torch.zeros_like(prompts.y_query)], dim=-1)
    content = torch.cat([pairs, query[:, None]], dim=1)
    length = content.shape[1]
    n_positions = check_count("n_positions", length if n_positions is None else n_positions)
    if n_positions < length:
        raise InputError(
            f"n_positions = {n_positions}, expected at least 2N + 1 = {length}: "
            "every token needs its own"
        )
    positions = torch.eye(length, n_positions).to(content).expand(prompts.batch, -1, -1)
    return torch.cat([content, positions], dim=-1)


def add_sink(tokens: Float[Tensor, "batch T dim_token"]) -> Float[Tensor, "batch T+1 dim_token+2"]:
    """Put a sink token in front: a place for attention to look at that hands nothing over.

    Two slots are added behind the others: one that is 1 in every token, and one that is 1 in the
    sink alone. All other slots of the sink are 0. For `construct.softmax_pair_layer` with a sink.

    Raises:
        ShapeError: tokens are no batch of sequences.
    """
    check_tensors({"tokens": (tokens, ("batch", "T", "dim_token"))})
    with_sink = torch.nn.functional.pad(
        tokens, (0, 2, 1, 0)
    )  # two slots behind, one token in front
    with_sink[..., -2] = 1
    with_sink[:, 0, -1] = 1
    return with_sink
