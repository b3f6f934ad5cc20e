"""A small language model, opened: SmolLM2-135M as a forward pass whose heads can be watched and
replaced."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from icllib.errors import InputError

__all__ = ["LanguageModel", "load_language_model"]

#: Keys and values of every layer, (batch, T, n_kv, dim_head) each.
Cache = list[tuple[Tensor, Tensor]]
#: Gets a layer's number, its attention weights (batch, n_heads, T, S) and its heads' outputs
#: (batch, T, n_heads, dim_head), and gives the outputs to go on with, or None for these.
Hook = Callable[[int, Tensor, Tensor], Tensor | None]


class LanguageModel:
    """A transformer of the Llama kind: RMSNorm, rotary positions, heads that share keys and values,
    gated networks, output by the token embeddings.  [Allal et al. 2025]

    Attributes:
        n_layers, n_heads, n_kv, dim_head: 30, 9, 3 and 64 in SmolLM2-135M.
        weights: its matrices by their names in the file, float32.
        encode, decode: text to token numbers, and back.
    """

    def __init__(
        self,
        settings: dict[str, object],
        weights: dict[str, Tensor],
        encode: Callable[[str], list[int]],
        decode: Callable[[list[int]], str],
    ) -> None:
        if settings.get("general.architecture") != "llama":
            kind = settings.get("general.architecture")
            raise InputError(f"the file holds the architecture {kind!r}, expected 'llama'")
        self.weights, self.encode, self.decode = weights, encode, decode
        self.n_layers = settings["llama.block_count"]
        self.n_heads = settings["llama.attention.head_count"]
        self.n_kv = settings["llama.attention.head_count_kv"]
        self.dim_head = settings["llama.embedding_length"] // self.n_heads
        self._eps = settings["llama.attention.layer_norm_rms_epsilon"]
        part = torch.arange(0, self.dim_head, 2) / self.dim_head
        self._rates = settings["llama.rope.freq_base"] ** -part  # radians a position

    def logits(self, read: Float[Tensor, "*batch width"]) -> Float[Tensor, "*batch vocabulary"]:
        """The next token's logits, from what `read` gives."""
        return read @ self.weights["token_embd.weight"].T

    @torch.no_grad()
    def read(
        self,
        ids: Int[Tensor, "batch T"],
        *,
        past: Cache | None = None,
        positions: Int[Tensor, "T"] | None = None,
        mask: Bool[Tensor, "T S"] | None = None,
        hook: Hook | None = None,
    ) -> tuple[Float[Tensor, "batch T width"], Cache]:
        """The output at every token, and the keys and values for going on.

        A head's output is its weighted sum of values, before the matrix that joins the heads.

        Args:
            ids: token numbers.
            past: what an earlier call returned; S = its length + T.
            positions: of the tokens; they go on where `past` ends unless given.
            mask: True where a token (row) reads another (column, those of `past` first); causal
                unless given.
            hook: watches every layer's heads, and may replace what they give.

        Raises:
            InputError: ids are no batch of tokens that the model knows.
        """
        x = self.weights["token_embd.weight"]
        if ids.dim() != 2 or ids.numel() == 0 or ids.min() < 0 or ids.max() >= len(x):
            raise InputError(
                f"ids has shape {tuple(ids.shape)}, expected (batch, T) of numbers < {len(x)}"
            )
        length, before = ids.shape[1], 0 if past is None else past[0][0].shape[1]
        if positions is None:
            positions = torch.arange(before, before + length)
        if mask is None:
            mask = torch.ones(length, before + length, dtype=torch.bool).tril(before)
        turn = torch.polar(torch.ones(()), positions[:, None, None] * self._rates)
        x, cache = x[ids], []
        for layer in range(self.n_layers):
            q, k, v = self._project(x, layer, turn)
            if past is not None:
                k, v = (
                    torch.cat([old.expand(len(ids), -1, -1, -1), new], dim=1)
                    for old, new in zip(past[layer], (k, v), strict=True)
                )
            cache.append((k, v))
            weights, mixed = self._attention(q, k, v, mask)
            if hook is not None:
                replaced = hook(layer, weights, mixed)
                mixed = mixed if replaced is None else replaced
            x = x + self._times(mixed.flatten(2), layer, "attn_output")
            x = x + self._network(x, layer)
        return self._norm(x, "output_norm"), cache

    def _project(self, x: Tensor, layer: int, turn: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries (batch, T, n_heads, dim_head), keys and values (batch, T, n_kv, dim_head)."""
        inside = self._norm(x, f"blk.{layer}.attn_norm")
        q, k, v = (
            self._times(inside, layer, f"attn_{name}").unflatten(-1, (-1, self.dim_head))
            for name in "qkv"
        )
        return _rotated(q, turn), _rotated(k, turn), v

    def _network(self, x: Tensor, layer: int) -> Tensor:
        """SwiGLU: one half of the hidden units opens and shuts the other."""
        inside = self._norm(x, f"blk.{layer}.ffn_norm")
        gate = torch.nn.functional.silu(self._times(inside, layer, "ffn_gate"))
        return self._times(gate * self._times(inside, layer, "ffn_up"), layer, "ffn_down")

    def _attention(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Weights (batch, n_heads, T, S) and outputs (batch, T, n_heads, dim_head)."""
        share = self.n_heads // self.n_kv
        k, v = (each.repeat_interleave(share, dim=2).transpose(1, 2) for each in (k, v))
        scores = q.transpose(1, 2) @ k.mT / self.dim_head**0.5
        weights = scores.masked_fill(~mask, -torch.inf).softmax(-1)
        return weights, (weights @ v).transpose(1, 2)

    def _times(self, x: Tensor, layer: int, name: str) -> Tensor:
        return x @ self.weights[f"blk.{layer}.{name}.weight"].T

    def _norm(self, x: Tensor, name: str) -> Tensor:
        size = x.square().mean(-1, keepdim=True).add(self._eps).sqrt()
        return x / size * self.weights[f"{name}.weight"]


def _rotated(x: Tensor, turn: Tensor) -> Tensor:
    """Neighbouring slots (0 and 1, 2 and 3, …) turned by an angle that grows with the position."""
    pairs = torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous())
    return torch.view_as_real(pairs * turn).flatten(-2)


def load_language_model(path: Path) -> LanguageModel:
    """A model and its tokenizer from a GGUF file, its rounded weights as float32.

    Raises:
        FileNotFoundError: no file is there.
        InputError: the packages that read it are missing, it is no GGUF file, or it holds another
            kind of model or of tokenizer.
    """
    try:
        from gguf import GGUFReader, dequantize
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    except ImportError as error:
        raise InputError(
            f"{error.name} is missing; install what reads the file: pip install 'icllib[language]'"
        ) from error
    try:
        reader = GGUFReader(path)
    except ValueError as error:
        raise InputError(f"{path} is no GGUF file that can be read: {error}") from error
    settings = {name: field.contents() for name, field in reader.fields.items()}
    if settings.get("tokenizer.ggml.pre") != "smollm":
        kind = settings.get("tokenizer.ggml.pre")
        raise InputError(f"{path} has the tokenizer {kind!r}, expected 'smollm'")
    tokens = settings["tokenizer.ggml.tokens"]
    merges = [tuple(pair.split(" ")) for pair in settings["tokenizer.ggml.merges"]]
    words = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, merges))
    words.decoder = decoders.ByteLevel()
    words.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    weights = {
        each.name: torch.from_numpy(dequantize(each.data, each.tensor_type).copy())
        for each in reader.tensors
    }
    return LanguageModel(settings, weights, lambda text: words.encode(text).ids, words.decode)
