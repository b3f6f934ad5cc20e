"""A transformer that nobody simplified: separate tokens, learned positions, softmax, a mask."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from icllib.attention import trace
from icllib.errors import InputError, ShapeError, check_count, check_number, check_tensors
from icllib.tasks import Prompts
from icllib.tokens import join_tokens

__all__ = [
    "Separated",
    "attention_map",
    "copying",
    "drop_times",
    "every_answer",
    "loss_of_every_label",
]


class Separated(nn.Module):
    """Takes joined tokens apart, writes a learned position into each, and runs its layers.

    (x_j, y_j) becomes (x_j, 0, p_{2j−1}) and (0, y_j, p_{2j}), as in `tokens.separate_tokens`, but
    with positions that training finds. So it reads what all models of the book read, and can be
    compared with them.

    Args:
        dim_x, dim_y: N_x, N_y.
        positions: (2N + 1, dim_position), where they start.
        layers: on tokens of the width N_x + N_y + dim_position.

    Raises:
        ShapeError: (when called) tokens of another width, or more than N + 1.

    Source: von Oswald et al. (2023), section 4 (figure 5).
    """

    def __init__(
        self,
        dim_x: int,
        dim_y: int,
        positions: Float[Tensor, "2N+1 dim_position"],
        layers: Sequence[nn.Module],
    ) -> None:
        super().__init__()
        self.dim_x, self.dim_y = check_count("dim_x", dim_x), check_count("dim_y", dim_y)
        check_tensors({"positions": (positions, ("T", "dim_position"))})
        self.positions = nn.Parameter(positions)
        self.layers = nn.ModuleList(layers)

    def apart(
        self, tokens: Float[Tensor, "batch n+1 N_x+N_y"]
    ) -> Float[Tensor, "batch 2n+1 dim_token"]:
        """The separate tokens of n ≤ N examples and a query, with their positions.

        Raises:
            ShapeError: tokens of another width, or more of them than there are positions.
        """
        width = self.dim_x + self.dim_y
        check_tensors({"tokens": (tokens, ("batch", "T", "width"))}, {"width": width})
        if 2 * tokens.shape[1] - 1 > len(self.positions):
            raise ShapeError(
                f"tokens has {tokens.shape[1]} tokens, expected at most "
                f"{(len(self.positions) + 1) // 2}: there are no more positions"
            )
        x, y = tokens[..., : self.dim_x], tokens[..., self.dim_x :]
        x_tokens = nn.functional.pad(x, (0, self.dim_y))
        y_tokens = nn.functional.pad(y, (self.dim_x, 0))
        content = torch.stack([x_tokens, y_tokens], dim=2).flatten(1, 2)[:, :-1]
        positions = self.positions[: content.shape[1]].expand(len(content), -1, -1)
        return torch.cat([content, positions], dim=-1)

    def forward(
        self, tokens: Float[Tensor, "batch n+1 N_x+N_y"]
    ) -> Float[Tensor, "batch n+1 N_x+N_y"]:
        """The tokens of the x after the last layer, without their positions."""
        tokens = self.apart(tokens)
        for layer in self.layers:
            tokens = layer(tokens)
        return tokens[:, ::2, : self.dim_x + self.dim_y]


def every_answer(model: nn.Module, prompts: Prompts) -> Float[Tensor, "batch N+1 N_y"]:
    """ŷ_j of a causal model for every input of the prompt, the query's last: minus the y-slots of
    the token of x_j, which has seen the examples before it.

    Of tokens that are joined no such thing can be asked: there y_j stands beside x_j.
    """
    return -model(join_tokens(prompts))[..., -prompts.dim_y :]


def loss_of_every_label(model: nn.Module, prompts: Prompts) -> Float[Tensor, ""]:
    """Mean of ½ ‖ŷ_j − y_j‖² over the prompts and over j = 1 … N + 1, the query's label last."""
    labels = torch.cat([prompts.y, prompts.y_query[:, None]], dim=1)
    return (every_answer(model, prompts) - labels).square().sum(-1).mean() / 2


def attention_map(model: Separated, prompts: Prompts) -> Float[Tensor, "2N+1 read"]:
    """The attention weights of the first layer, which has a softmax: mean over prompts and heads. A
    row for each token that asks; the query's token is read only behind a causal mask."""
    with torch.no_grad():
        found = trace(model.layers[0], model.apart(join_tokens(prompts)))
    return found["weights"].mean((0, 1))


def copying(model: Separated, prompts: Prompts) -> dict[str, float]:
    """How much of its attention the first layer gives to the other half of an example: mean over
    the examples of `attention_map`.

    Returns:
        "next": of the token of x_j, for that of y_j; "previous": of the token of y_j, for that of
        x_j.
    """
    weights = attention_map(model, prompts)
    first = torch.arange(0, 2 * prompts.n_context, 2)
    return {
        "next": float(weights[first, first + 1].mean()),
        "previous": float(weights[first + 1, first].mean()),
    }


def drop_times(
    losses: Float[Tensor, "updates S"], high: float, low: float, part: float = 0.5, window: int = 10
) -> Float[Tensor, "S"]:
    """The first update after which each seed has done a part of the way from `high` to `low`.

    Args:
        losses: on the training prompts, at every update.
        high, low: the losses before and after the drop.
        part: of the way, between 0 and 1.
        window: updates over which losses are averaged.

    Returns:
        Numbers of updates; infinite for a seed that never gets there.

    Raises:
        InputError: part is not between 0 and 1, or fewer updates than the window.
    """
    check_number("part", part, minimum=0.0)
    if part > 1:
        raise InputError(f"part = {part}, expected at most 1: a part of the way")
    if len(losses) < check_count("window", window):
        raise InputError(f"losses has {len(losses)} updates, expected at least {window}")
    smooth = losses.unfold(0, window, 1).mean(-1)
    there = smooth <= high + part * (low - high)
    first = there.double().argmax(dim=0) + float(window)
    return torch.where(there.any(dim=0), first, torch.inf)
