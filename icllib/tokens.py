"""Prompts as token sequences, and the way back: reading the prediction off the last token."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from icllib.errors import ShapeError, check_count, check_tensors
from icllib.learners import predict, starting_weights
from icllib.tasks import Prompts

__all__ = ["join_tokens", "read_prediction", "separate_tokens"]


def join_tokens(prompts: Prompts, w0: Float[Tensor, "N_y N_x"] | None = None) -> Float[Tensor, "batch N+1 N_x+N_y"]:
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


def read_prediction(tokens: Float[Tensor, "batch T dim_token"], dim_y: int) -> Float[Tensor, "batch N_y"]:
    """ŷ: minus the last token's y-slots (the paper's sign: a token's y-slots hold y − W x, and y = 0 for the query).

    Raises:
        ShapeError: tokens are no batch of sequences, or not wider than dim_y.
    """
    check_count("dim_y", dim_y)
    width = check_tensors({"tokens": (tokens, ("batch", "T", "dim_token"))})["dim_token"]
    if width <= dim_y:
        raise ShapeError(f"tokens has width {width}, expected more than dim_y = {dim_y}: a token holds x beside y")
    return -tokens[:, -1, -dim_y:]


def separate_tokens(prompts: Prompts) -> Float[Tensor, "batch 2N+1 N_x+N_y+2N+1"]:
    """x and y as tokens of their own, each with its position: (x_1, 0, p_1), (0, y_1, p_2), …, (x_q, 0, p_{2N+1}).

    Positions are one-hot: p_t is the t-th unit vector.  [von Oswald et al. 2023, Proposition 3]
    """
    x_tokens = torch.cat([prompts.x, torch.zeros_like(prompts.y)], dim=-1)
    y_tokens = torch.cat([torch.zeros_like(prompts.x), prompts.y], dim=-1)
    pairs = torch.stack([x_tokens, y_tokens], dim=2).flatten(1, 2)  # x_1, y_1, x_2, y_2, …
    query = torch.cat([prompts.x_query, torch.zeros_like(prompts.y_query)], dim=-1)
    content = torch.cat([pairs, query[:, None]], dim=1)
    length = content.shape[1]
    positions = torch.eye(length).to(content).expand(prompts.batch, length, length)
    return torch.cat([content, positions], dim=-1)
