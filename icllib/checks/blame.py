"""What keeps a layer from being a gradient step, in words: the products of its matrices tell."""

from __future__ import annotations

import torch
from torch import Tensor

from icllib.attention import LinearSelfAttention
from icllib.checks.answers import read

__all__ = ["blame", "layer_from"]


def layer_from(matrices: tuple, width: int) -> tuple[LinearSelfAttention, float]:
    """The one-head layer with these four matrices, and the tolerance that their precision
    deserves."""
    layer, tolerance = LinearSelfAttention(width, dtype=torch.float64), 0.0
    for name, matrix in zip(("W_K", "W_Q", "W_V", "P"), matrices, strict=True):
        answer = read(matrix, name).shaped(width, width, name=name)
        getattr(layer, name).data[0] = answer.value
        tolerance = max(tolerance, answer.tolerance)
    return layer, tolerance


def blame(layer: LinearSelfAttention, dim_x: int, lr: float, n: int) -> str:
    """The first thing that keeps a layer's own products from being a gradient step, in words."""
    score = (layer.W_K[0].T @ layer.W_Q[0]).detach()
    value = (layer.P[0] @ layer.W_V[0]).detach()
    score, value = (torch.where(m.abs() > 1e-9 * m.abs().max(), m, 0.0) for m in (score, value))
    if not score[:dim_x, :dim_x].any():
        return "W_KᵀW_Q is zero on the x-part: no token sees how similar its x is to another's."
    if score[dim_x:].any() or score[:, dim_x:].any():
        return "the similarity also compares y-parts. Zero the y-rows and y-columns of W_K and W_Q."
    if value[:dim_x].any():
        return "P W_V writes into the x-part of the tokens; a gradient step moves the y-part alone."
    if not value[dim_x:, dim_x:].any():
        return "P W_V never reads the labels: its y-to-y block is zero."
    if value[dim_x:, :dim_x].any():
        return "P W_V reads the x-part; from W_0 = 0 the values carry −y alone."
    crooked = _crooked(score[:dim_x, :dim_x], "x", "W_KᵀW_Q compares") or _crooked(
        value[dim_x:, dim_x:], "y", "P W_V mixes"
    )
    if crooked:
        return crooked
    return _size(-float(score[0, 0] * value[dim_x, dim_x]), lr, n)


def _crooked(block: Tensor, part: str, does: str) -> str:
    """Why a block is no multiple of the identity; nothing if it is one."""
    diagonal = block.diagonal()
    if (block - torch.diag(diagonal)).abs().max() > 1e-6 * block.abs().max():
        row, column = divmod(int((block - torch.diag(diagonal)).abs().argmax()), len(block))
        slots = f"slot {row + 1} of {part} with slot {column + 1}"
        return f"{does} {slots}; the {part}-to-{part} block has to be a multiple of the identity."
    if (diagonal == 0).any():
        missing = int((diagonal == 0).int().argmax()) + 1
        return (
            f"slot {missing} of {part} is left out: the {part}-to-{part} block has to be a multiple"
            " of the identity."
        )
    if (diagonal - diagonal[0]).abs().max() > 1e-6 * diagonal.abs().max():
        return (
            f"the slots of {part} do not count alike: the {part}-to-{part} block has to be a"
            " multiple of the identity."
        )
    return ""


def _size(found: float, lr: float, n: int) -> str:
    ratio = found * n / lr
    if ratio < 0:
        return (
            "P W_V has the wrong sign: the y-part must change by minus ΔW x, so the values"
            " carry −y."
        )
    known = {
        "N is forgotten: it is η/N, not η.": n,
        "N counts twice: it is η/N once.": 1 / n,
        "η is missing.": 1 / lr,
        "η and N are missing.": n / lr,
        "N/η is upside down.": (n / lr) ** 2,
        "η/N counts twice: it belongs into P or into W_V.": lr / n,
    }
    why = next((f" {hint}" for hint, factor in known.items() if abs(ratio / factor - 1) < 1e-5), "")
    sizes = f"P W_V times W_KᵀW_Q has {-found:.4g} where −η/N = {-lr / n:.4g} is right."
    return f"the blocks are in place, the size is not: {sizes}{why}"
