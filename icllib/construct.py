"""Weights written by hand: layers whose forward pass is a step of gradient descent, and their relatives.

All weights are float64, so that "equal" can mean equal to rounding; call ``.float()`` for less.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from icllib.attention import LinearSelfAttention, Transformer
from icllib.errors import InputError, check_count, check_number, check_tensors

__all__ = ["copy_layer", "gd_layer", "gd_plus_plus_transformer", "gd_transformer"]


def _identity(size: int) -> Tensor:
    return torch.eye(size, dtype=torch.float64)


@torch.no_grad()
def gd_layer(
    dim_x: int, dim_y: int, n_context: int, lr: float, w0: Float[Tensor, "N_y N_x"] | None = None
) -> LinearSelfAttention:
    """One linear self-attention layer that is one step of gradient descent.  [von Oswald et al. 2023, Proposition 1]

    On joined tokens e_j = (x_j, y_j), with blocks for the x-part and the y-part:
    W_K = W_Q = (I 0; 0 0), W_V = (0 0; W_0 −I), P = (η/N) I. Every token's y-slots change by −ΔW x_j.

    Args:
        dim_x, dim_y: N_x, N_y.
        n_context: N, which the layer needs to know for η/N.
        lr: η.
        w0: W_0, (N_y, N_x); zero unless given. Give the same one to `join_tokens`.

    Raises:
        ShapeError: w0 is not (N_y, N_x).
        InputError: a size below 1, or lr is not a finite number.
    """
    for name, value in (("dim_x", dim_x), ("dim_y", dim_y), ("n_context", n_context)):
        check_count(name, value)
    check_number("lr", lr)
    layer = LinearSelfAttention(dim_x + dim_y, dtype=torch.float64)
    layer.W_K[0, :dim_x, :dim_x] = layer.W_Q[0, :dim_x, :dim_x] = _identity(dim_x)
    layer.W_V[0, dim_x:, dim_x:] = -_identity(dim_y)
    if w0 is not None:
        check_tensors({"w0": (w0, ("N_y", "N_x"))}, {"N_y": dim_y, "N_x": dim_x})
        layer.W_V[0, dim_x:, :dim_x] = w0
    layer.P[0] = lr / n_context * _identity(dim_x + dim_y)
    return layer


def gd_transformer(dim_x: int, dim_y: int, n_context: int, lr: float, steps: int) -> Transformer:
    """K steps of gradient descent from zero: the layer of `gd_layer`, looped K = `steps` times."""
    check_count("steps", steps, minimum=0)
    return Transformer([gd_layer(dim_x, dim_y, n_context, lr)], looped=steps)


@torch.no_grad()
def gd_plus_plus_transformer(
    dim_x: int, dim_y: int, n_context: int, lr: float | Sequence[float], gamma: float | Sequence[float], steps: int
) -> Transformer:
    """K steps of GD++: the values carry x as well, and P sends them back as −γ Σ_i x_i x_iᵀ x_j.

    Args:
        dim_x, dim_y, n_context: as in `gd_layer`.
        lr, gamma: η and γ, a number for all steps or a sequence with one a step. γ multiplies the sum, without 1/N.
        steps: K.

    Raises:
        InputError: a sequence whose length is not `steps`.

    Source: von Oswald et al. (2023), section 4.
    """
    check_count("steps", steps)
    layers = []
    for eta, bend in zip(_per_step("lr", lr, steps), _per_step("gamma", gamma, steps), strict=True):
        layer = gd_layer(dim_x, dim_y, n_context, eta)
        layer.W_V[0, :dim_x, :dim_x] = _identity(dim_x)
        layer.P[0, :dim_x, :dim_x] = -bend * _identity(dim_x)
        layers.append(layer)
    return Transformer(layers)


def _per_step(name: str, value: float | Sequence[float], steps: int) -> list[float]:
    values = [value] * steps if isinstance(value, int | float) else list(value)
    if len(values) != steps:
        raise InputError(f"{name} has {len(values)} numbers, expected one a step: {steps}")
    for number in values:
        check_number(name, number)
    return values


@torch.no_grad()
def copy_layer(dim_x: int, dim_y: int, n_context: int) -> LinearSelfAttention:
    """A layer on `separate_tokens` that copies every y into the token of the x before it.

    Query and key read the one-hot positions: W_Q keeps p_t, W_K shifts p_t back to p_{t−1} (the upper shift), so that
    token t meets token t + 1 alone; the value is that token's y. Afterwards the token of x_j reads (x_j, y_j, p).

    Raises:
        InputError: a size below 1.

    Source: von Oswald et al. (2023), Proposition 3 and appendix A.5 (where the shift is printed the other way round).
    """
    for name, value in (("dim_x", dim_x), ("dim_y", dim_y), ("n_context", n_context)):
        check_count(name, value)
    content, length = dim_x + dim_y, 2 * n_context + 1
    layer = LinearSelfAttention(content + length, dtype=torch.float64)
    layer.W_Q[0, content:, content:] = _identity(length)
    layer.W_K[0, content:, content:] = torch.diag(torch.ones(length - 1), 1)
    layer.W_V[0, dim_x:content, dim_x:content] = _identity(dim_y)
    layer.P[0, dim_x:content, dim_x:content] = _identity(dim_y)
    return layer
