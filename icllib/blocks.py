"""What a real transformer puts around attention: norms, small networks, a wider inside; and a
network that does without."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from icllib.attention import Transformer
from icllib.errors import check_count, check_number

__all__ = ["Clipped", "Cut", "Feedforward", "FlatNetwork", "Normed", "Widened"]


class Clipped(nn.Module):
    """A layer behind which every number of a token is cut off at ± a limit.

    Args:
        layer: from tokens to tokens.
        limit: at least 0.

    Raises:
        InputError: a limit that is not a finite number of at least 0.

    Source: von Oswald et al. (2023), appendix A.12, for more than two layers.
    """

    def __init__(self, layer: nn.Module, limit: float) -> None:
        super().__init__()
        self.limit = check_number("limit", limit, minimum=0.0)
        self.layer = layer

    def forward(self, tokens: Float[Tensor, "batch T width"]) -> Float[Tensor, "batch T width"]:
        """Tokens of the same shape."""
        return self.layer(tokens).clamp(-self.limit, self.limit)


@dataclass(frozen=True)
class Cut:
    """A stack all of whose layers are `Clipped`, as plain data.

    Attributes:
        model: builds the stack, as `kinds.Stack` and `kinds.Blocks` do.
        limit: of the tokens' numbers.
    """

    model: object
    limit: float = 10.0

    def build(self, task: object) -> Callable[[torch.Generator], Transformer]:
        """A function that draws such a model for a task from a generator."""

        def draw(generator: torch.Generator) -> Transformer:
            stack = self.model.build(task)(generator)
            layers = [Clipped(layer, self.limit) for layer in stack.layers]
            return Transformer(layers, stack.looped)

        return draw


class Normed(nn.Module):
    """A layer behind a LayerNorm: it reads normalised tokens, and adds what it finds to the tokens
    as they were, e ← e + (layer(norm(e)) − norm(e)).

    Args:
        layer: from tokens to tokens of the same shape, which adds to what it is given.
        width: of a token.

    Source: the "pre-norm" of today's transformers, and of the paper's code.
    """

    def __init__(self, layer: nn.Module, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(check_count("width", width))
        self.layer = layer

    def forward(self, tokens: Float[Tensor, "batch T width"]) -> Float[Tensor, "batch T width"]:
        """Tokens of the same shape."""
        read = self.norm(tokens)
        return tokens + (self.layer(read) - read)


class Feedforward(nn.Module):
    """The same small network for every token, which adds to it:
    e ← e + V_2 gelu(V_1 e + b_1) + b_2.

    Args:
        width: of a token.
        hidden: of the layer between.
        generator: draws V_1 and V_2 from N(0, 1/inputs); biases start at 0.
    """

    def __init__(self, width: int, hidden: int, *, generator: torch.Generator) -> None:
        super().__init__()
        width, hidden = check_count("width", width), check_count("hidden", hidden)
        self.inwards, self.outwards = nn.Linear(width, hidden), nn.Linear(hidden, width)
        for layer in (self.inwards, self.outwards):
            _draw(layer, generator)

    def forward(self, tokens: Float[Tensor, "batch T width"]) -> Float[Tensor, "batch T width"]:
        """Tokens of the same shape."""
        return tokens + self.outwards(nn.functional.gelu(self.inwards(tokens)))


class Widened(nn.Module):
    """A stack that works on wider tokens: a linear entrance, the layers, a norm, and a linear exit
    whose answer is added to the query's y-slots.

    Args:
        dim_token: N_x + N_y.
        dim_y: N_y.
        width: of the tokens inside.
        layers: from tokens to tokens, `width` wide.
        generator: draws the entrance; the exit starts at 0.
    """

    def __init__(
        self,
        dim_token: int,
        dim_y: int,
        width: int,
        layers: Sequence[nn.Module],
        *,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.entrance = nn.Linear(dim_token, width)
        self.layers = nn.ModuleList(layers)
        self.norm, self.exit = nn.LayerNorm(width), nn.Linear(width, dim_y)
        _draw(self.entrance, generator)
        nn.init.zeros_(self.exit.weight)
        nn.init.zeros_(self.exit.bias)

    def forward(self, tokens: Float[Tensor, "batch T dim"]) -> Float[Tensor, "batch T dim"]:
        """Tokens of the same shape."""
        inside = self.entrance(tokens)
        for layer in self.layers:
            inside = layer(inside)
        answer = self.exit(self.norm(inside))
        return torch.cat(
            [tokens[..., : -answer.shape[-1]], tokens[..., -answer.shape[-1] :] + answer], -1
        )


class FlatNetwork(nn.Module):
    """Reads all tokens as one long vector, and writes minus its prediction into the y-slots of the
    query's token.

    Args:
        length: numbers in a prompt, (N + 1)(N_x + N_y).
        hidden: widths of the layers between, with ReLU.
        dim_y: N_y.
        generator: draws weights N(0, 2/inputs); biases start at 0.
    """

    def __init__(
        self, length: int, hidden: tuple[int, ...], dim_y: int, *, generator: torch.Generator
    ) -> None:
        super().__init__()
        sizes = [length, *hidden, dim_y]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in itertools.pairwise(sizes))
        for layer in self.layers:
            nn.init.normal_(layer.weight, std=(2 / layer.in_features) ** 0.5, generator=generator)
            nn.init.zeros_(layer.bias)

    def forward(self, tokens: Tensor) -> Tensor:
        """(batch, N + 1, dim_token) → the same shape."""
        hidden = tokens.flatten(1)
        for layer in self.layers[:-1]:
            hidden = torch.relu(layer(hidden))
        answer = self.layers[-1](hidden)
        unchanged = tokens[:, -1, : -answer.shape[1]]
        return torch.cat([tokens[:, :-1], torch.cat([unchanged, -answer], dim=1)[:, None]], dim=1)


def _draw(layer: nn.Linear, generator: torch.Generator) -> None:
    nn.init.normal_(layer.weight, std=layer.in_features**-0.5, generator=generator)
    nn.init.zeros_(layer.bias)
