"""Self-attention: the linear layer in which one gradient step fits, its softmax sister, stacks."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from icllib.errors import InputError, ShapeError, check_count, check_generator, check_tensors
from icllib.moments import answers_by_moments, answers_by_scores, pair_of
from icllib.tasks import Prompts
from icllib.tracing import Traced, trace

__all__ = [
    "MLP",
    "LinearSelfAttention",
    "SoftmaxSelfAttention",
    "Transformer",
    "from_moments",
    "trace",
]

Tokens = Float[Tensor, "batch N+1 dim_token"]


class _SelfAttention(Traced):
    """The four matrices that both kinds of attention share.

    Without a generator they are zero, so that the layer hands its tokens on unchanged: a blank
    sheet to write weights on.
    """

    def __init__(
        self,
        dim_token: int,
        n_heads: int = 1,
        dim_head: int | None = None,
        *,
        generator: torch.Generator | None = None,
        init_std: float = 0.02,
        sees_query: bool = False,
        causal: bool = False,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        dim_token, n_heads = check_count("dim_token", dim_token), check_count("n_heads", n_heads)
        dim_head = dim_token if dim_head is None else check_count("dim_head", dim_head)
        self.dim_token, self.n_heads, self.dim_head = dim_token, n_heads, dim_head
        self.sees_query, self.causal = sees_query or causal, causal

        def matrices(rows: int, columns: int) -> nn.Parameter:
            weight = torch.zeros(n_heads, rows, columns, dtype=dtype)
            if generator is not None:
                device = check_generator(generator).device
                weight = weight.to(device).normal_(std=init_std, generator=generator)
            return nn.Parameter(weight)

        self.W_K = matrices(dim_head, dim_token)
        self.W_Q = matrices(dim_head, dim_token)
        self.W_V = matrices(dim_head, dim_token)
        self.P = matrices(dim_token, dim_head)

    def _project(self, tokens: Tokens) -> tuple[Tensor, Tensor, Tensor]:
        """Keys and values of the context, queries of all: (batch, n_heads, …, dim_head) each."""
        sizes = check_tensors(
            {"tokens": (tokens, ("batch", "T", "dim_token")), "W_K": (self.W_K, ("h", "d", "_"))}
        )
        if sizes["dim_token"] != self.dim_token:
            raise ShapeError(
                f"tokens has width {sizes['dim_token']}, expected dim_token = {self.dim_token} "
                f"(tokens: {tuple(tokens.shape)}; did you join x and y with join_tokens?)"
            )
        if sizes["T"] < 2:
            raise ShapeError(
                f"tokens has shape {tuple(tokens.shape)}, "
                "expected a context token before the query's"
            )
        context = tokens if self.sees_query else tokens[:, :-1]
        keys = self._note("keys", torch.einsum("hdi,bni->bhnd", self.W_K, context))
        values = self._note("values", torch.einsum("hdi,bni->bhnd", self.W_V, context))
        queries = self._note("queries", torch.einsum("hdi,bti->bhtd", self.W_Q, tokens))
        return keys, values, queries

    def _masked(self, scores: Tensor, blank: float) -> Tensor:
        """Scores, `blank` where a causal layer would look at a later token."""
        if not self.causal:
            return scores
        later = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).triu(1)
        return scores.masked_fill(later, blank)

    def _write(self, tokens: Tokens, mixed: Tensor) -> Tokens:
        """Add what the heads found, (batch, n_heads, T, dim_head), to the tokens."""
        update = self._note(
            "update", torch.einsum("hid,bhtd->bti", self.P, self._note("mixed", mixed))
        )
        return self._note("out", tokens + update)

    def extra_repr(self) -> str:
        return f"dim_token={self.dim_token}, n_heads={self.n_heads}, dim_head={self.dim_head}"


class LinearSelfAttention(_SelfAttention):
    """Linear self-attention: e_j ← e_j + Σ_h P_h V_h K_hᵀ q_{h,j}, with q_{h,j} = W_{Q,h} e_j, and
    the columns of K_h and V_h the keys W_{K,h} e_i and values W_{V,h} e_i of the context tokens
    i = 1 … N (all but the last, the query).

    No softmax, no bias, no 1/√d.  [von Oswald et al. 2023, section 2]

    Args:
        dim_token: width of a token, N_x + N_y for joined tokens.
        n_heads: number of heads, H.
        dim_head: width of keys, queries and values; dim_token unless given.
        generator: draws the weights from N(0, init_std²); without it all weights are 0 and the
            layer is the identity.
        init_std: standard deviation of the drawn weights.
        sees_query: the last token, the query's, offers a key and a value as well; not so in the
            paper's layers.
        causal: every token meets itself and those before it, and no later one; the last token then
            is a key as well.
        dtype: of the weights.

    Attributes:
        W_K, W_Q, W_V: (n_heads, dim_head, dim_token).
        P: (n_heads, dim_token, dim_head).

    Raises:
        ShapeError: (when called) the tokens have another width, or no context.
        InputError: a size below 1, a generator that is none; (when called) a dtype or device other
            than the weights', or values not finite.
    """

    def forward(self, tokens: Tokens) -> Tokens:
        """(batch, N + 1, dim_token) → the same shape: every token is moved, the query's too."""
        keys, values, queries = self._project(tokens)
        if self.causal:  # a memory for every token: scores are shorter
            scores = self._note("scores", self._masked(queries @ keys.mT, 0.0))
            return self._write(tokens, scores @ values)
        # V Kᵀ = Σ_i v_i k_iᵀ, built from the context alone
        memory = self._note("memory", values.mT @ keys)
        return self._write(tokens, queries @ memory.mT)


class SoftmaxSelfAttention(_SelfAttention):
    """Softmax self-attention: e_j ← e_j + Σ_h P_h V_h softmax(K_hᵀ q_{h,j} / √dim_head).

    Names, shapes and errors as in `LinearSelfAttention`.  [Vaswani et al. 2017; von Oswald et al.
    2023, section 2]
    """

    def forward(self, tokens: Tokens) -> Tokens:
        """(batch, N + 1, dim_token) → the same shape."""
        keys, values, queries = self._project(tokens)
        scores = self._masked(queries @ keys.mT / math.sqrt(self.dim_head), -math.inf)
        scores = self._note("scores", scores)
        weights = self._note("weights", scores.softmax(dim=-1))
        return self._write(tokens, weights @ values)


class MLP(Traced):
    """The same small network for every token: its x-part becomes features, its other slots stay as
    they are.

    (x, y) → (φ(x), y), with φ(x) = V_2 gelu(V_1 x + b_1) + b_2 for one hidden layer.  [von Oswald
    et al. 2023, Proposition 2]

    Args:
        dim_x: N_x, the slots that are read.
        dim_hidden: width of the hidden layer, or of each of several.
        dim_features: how many features, which take the place of the x-part.
        generator: draws the weights, of standard deviation 1/√(inputs), and the biases.
        dtype: of the weights.

    Raises:
        InputError: a size below 1, or a generator that is none.
        ShapeError: (when called) tokens that are not wider than N_x.
    """

    def __init__(
        self,
        dim_x: int,
        dim_hidden: int | Sequence[int],
        dim_features: int,
        *,
        generator: torch.Generator,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        device = check_generator(generator).device
        widths = dim_hidden if isinstance(dim_hidden, Sequence) else [dim_hidden]
        named = [("dim_x", dim_x), *(("dim_hidden", width) for width in widths)]
        sizes = [check_count(name, size) for name, size in [*named, ("dim_features", dim_features)]]
        self.dim_x = sizes[0]
        layers: list[nn.Module] = []
        for inputs, outputs in itertools.pairwise(sizes):
            layer = nn.Linear(inputs, outputs, dtype=dtype).to(device)
            for parameter in (layer.weight, layer.bias):
                nn.init.normal_(parameter, std=inputs**-0.5, generator=generator)
            layers += [layer, nn.GELU()]
        self.features = nn.Sequential(*layers[:-1])

    def forward(self, tokens: Tokens) -> Float[Tensor, "batch N+1 dim_features+rest"]:
        """(batch, T, N_x + rest) → (batch, T, dim_features + rest)."""
        width = check_tensors({"tokens": (tokens, ("batch", "T", "dim_token"))})["dim_token"]
        if width <= self.dim_x:
            raise ShapeError(
                f"tokens has width {width}, expected more than dim_x = {self.dim_x}: "
                "y stands behind x"
            )
        hidden = self._note("hidden", self.features[:-1](tokens[..., : self.dim_x]))
        found = self.features[-1](hidden)
        return self._note("out", torch.cat([found, tokens[..., self.dim_x :]], dim=-1))


class Transformer(nn.Module):
    """A stack of layers, or one layer applied `looped` times.

    Args:
        layers: modules from tokens to tokens of the same shape.
        looped: apply the single layer this often (0 or more); without it the layers run once each,
            in order.

    Raises:
        InputError: no layer, or `looped` with more than one.
    """

    def __init__(self, layers: Sequence[nn.Module], looped: int | None = None) -> None:
        super().__init__()
        if len(layers) == 0:
            raise InputError("layers is empty, expected at least one layer")
        if looped is not None:
            looped = check_count("looped", looped, minimum=0)
            if len(layers) != 1:
                raise InputError(
                    f"looped = {looped} with {len(layers)} layers, expected one layer to loop"
                )
        self.layers = nn.ModuleList(layers)
        self.looped = looped

    def forward(self, tokens: Tokens) -> Tokens:
        """Tokens after the last layer, in the shape they came in."""
        for layer in self.sequence:
            tokens = layer(tokens)
        return tokens

    @property
    def sequence(self) -> list[nn.Module]:
        """The layers in the order in which they act; a looped one stands there several times."""
        return list(self.layers) if self.looped is None else [self.layers[0]] * self.looped


def from_moments(
    model: LinearSelfAttention | Transformer, prompts: Prompts
) -> Float[Tensor, "batch N_y"]:
    """``read_prediction(model(join_tokens(prompts)))`` of linear layers, from the moments of the
    prompts alone.

    A linear layer maps every token of a prompt by the same matrix, T = I + Σ_h P_h W_{V,h} M
    W_{K,h}ᵀ W_{Q,h}, with M = Σ_i e_i e_iᵀ over the context, which becomes T M Tᵀ. So N tokens need
    no more room than one. Where few tokens meet a single layer, scores and values cost less, and
    are taken instead.

    Args:
        model: a `LinearSelfAttention`, or a `Transformer` of them. With an axis in front of all its
            parameters, (S, n_heads, …), it is S models, which answer (S, batch, N_y).
        prompts: the prompts, the same for all models; W_0 = 0.

    Raises:
        InputError: the model holds another kind of layer, or one that sees the query's token.
        ShapeError: its tokens are not N_x + N_y wide.
    """
    layers = model.sequence if isinstance(model, Transformer) else [model]
    for layer in layers:
        if not isinstance(layer, LinearSelfAttention) or layer.sees_query:
            raise InputError(
                f"model holds a {type(layer).__name__}, "
                "expected LinearSelfAttention without sees_query"
            )
        if layer.dim_token != prompts.dim_x + prompts.dim_y:
            raise ShapeError(
                f"model has dim_token = {layer.dim_token}, expected N_x + N_y of the prompts"
            )
    context = torch.cat([prompts.x, prompts.y], dim=-1)
    query = nn.functional.pad(prompts.x_query, (0, prompts.dim_y))
    if not layers:
        return -query[:, -prompts.dim_y :]
    is_one_model = layers[0].P.dim() == 3
    products = {
        layer: pair_of(layer.P, layer.W_V, layer.W_K, layer.W_Q) for layer in dict.fromkeys(layers)
    }
    pairs = [products[layer] for layer in layers]
    if len(pairs) == 1 and prompts.n_context <= layers[0].dim_token:
        answers = -answers_by_scores(context, query, pairs[0], prompts.dim_y)
    else:
        answers = -answers_by_moments(context, query, pairs, prompts.dim_y)
    return answers[:, 0] if is_one_model else answers.transpose(0, 1)
