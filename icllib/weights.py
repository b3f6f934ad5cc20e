"""What a layer's weights mean: their products, the two ways they answer by, and what no answer
depends on."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from icllib.attention import LinearSelfAttention
from icllib.errors import InputError, check_count, check_number, check_tensors

__all__ = [
    "Entrances",
    "Products",
    "entrances",
    "interpolate",
    "merge",
    "preconditioner",
    "products",
    "without_stripes",
]


class Products(NamedTuple):
    """All that a linear layer's answers depend on, one pair a head: A = W_KᵀW_Q, which scores, and
    B = P W_V, which hands over; (n_heads, dim_token, dim_token) each."""

    A: Float[Tensor, "n_heads dim_token dim_token"]
    B: Float[Tensor, "n_heads dim_token dim_token"]


class Entrances(NamedTuple):
    """The two ways by which a layer with one output answers linearly in the labels: M = main +
    side.

    main = −N Σ_h β_h A_xx,h scores by x and hands over y; side = −N Σ_h u_h v_hᵀ, of rank one a
    head, scores by y and hands over x. (N_x, N_x) each.
    """

    main: Float[Tensor, "N_x N_x"]
    side: Float[Tensor, "N_x N_x"]


@torch.no_grad()
def products(layer: LinearSelfAttention, dim_x: int | None = None) -> Products:
    """A = W_KᵀW_Q and B = P W_V of each head, scaled so that two layers can be compared.

    One number a head is left open, as (a A, B/a) does the same as (A, B): the mean of the diagonal
    of A's x-block is made 1.

    Args:
        layer: any number of heads.
        dim_x: N_x; all slots of a token but the last unless given.

    Raises:
        InputError: dim_x is no number of slots, or an x-block has a diagonal with the mean 0.
    """
    width = _width(layer, dim_x)
    read, written = layer.W_K.mT @ layer.W_Q, layer.P @ layer.W_V
    scale = read.diagonal(dim1=1, dim2=2)[:, :width].mean(1)[:, None, None]
    if not scale.all():
        raise InputError(
            "layer has W_KᵀW_Q with a zero diagonal on x, expected one that can be scaled to 1"
        )
    return Products(read / scale, written * scale)


@torch.no_grad()
def entrances(layer: LinearSelfAttention, n_context: int) -> Entrances:
    """The main and the side entrance of a layer with one output, in units of a step size.

    Of W_KᵀW_Q, A_xx is the x-block and v the y-row (its part for x); (u, β) is the y-row of P W_V.
    The answer is (1/N) Σ_i y_i ⟨x_i, (main + side) x_q⟩, plus terms that are even in the labels; a
    gradient step has main = η I and side = 0. Derived in chapter 12.

    Args:
        layer: any number of heads, N_y = 1.
        n_context: N.

    Raises:
        InputError: n_context is no positive integer.
    """
    check_count("n_context", n_context)
    read, written = layer.W_K.mT @ layer.W_Q, (layer.P @ layer.W_V)[:, -1]
    main = torch.einsum("h,hij->ij", written[:, -1], read[:, :-1, :-1])
    side = torch.einsum("hi,hj->ij", written[:, :-1], read[:, -1, :-1])
    return Entrances(-n_context * main, -n_context * side)


def preconditioner(layer: LinearSelfAttention, n_context: int) -> Float[Tensor, "N_x N_x"]:
    """M of a layer with one output: its answer is (1/N) Σ_i y_i ⟨x_i, M x_q⟩, plus terms that are
    even in the labels.

    The sum of its two `entrances`. The even terms can only raise the expected loss.

    Args:
        layer: any number of heads, N_y = 1.
        n_context: N.

    Raises:
        InputError: n_context is no positive integer.
    """
    return sum(entrances(layer, n_context))


def merge(layer: LinearSelfAttention, dim_x: int) -> LinearSelfAttention:
    """The same layer with W_K = W_V = I: W_Q is A of its `products`, P is B.

    Args:
        layer: one head.
        dim_x: N_x.

    Raises:
        InputError: several heads, or what `products` raises.
    """
    if layer.n_heads != 1:
        raise InputError(
            f"layer has {layer.n_heads} heads, expected one: heads could be paired in many ways"
        )
    return _written_with(products(layer, dim_x))


@torch.no_grad()
def without_stripes(layer: LinearSelfAttention, dim_x: int | None = None) -> LinearSelfAttention:
    """The same layer, merged (`merge`), without the entries of A and B that no answer of a single
    application depends on.

    These *stripes* are A's columns for y, since the query's y-slots are 0 (for W_0 = 0), and B's
    rows for x, since nobody reads the x-part behind the last layer. Chapter 10 shows what they do
    when the layer is applied twice.

    Args:
        layer: any number of heads.
        dim_x: N_x; all slots of a token but the last unless given.

    Raises:
        InputError: as `products`.
    """
    width = _width(layer, dim_x)
    read, written = products(layer, width)
    read[:, :, width:] = 0
    written[:, :width] = 0
    return _written_with(Products(read, written))


@torch.no_grad()
def interpolate(
    first: LinearSelfAttention, second: LinearSelfAttention, dim_x: int, weight: float = 0.5
) -> LinearSelfAttention:
    """The layer between two layers: the products of both, averaged.  [von Oswald et al. 2023,
    section 3]

    Args:
        first, second: one head each, of the same width.
        dim_x: N_x.
        weight: of the second; 0 gives the first layer, 1 the second.

    Raises:
        InputError: a weight that is not a finite number.
        ShapeError: layers of different widths.
    """
    check_number("weight", weight)
    ours, theirs = merge(first, dim_x), merge(second, dim_x)
    for name, parameter in ours.named_parameters():
        other = getattr(theirs, name).to(parameter)
        check_tensors({"first": (parameter, ("h", "a", "b")), "second": (other, ("h", "a", "b"))})
        parameter.copy_((1 - weight) * parameter + weight * other)
    return ours


def _width(layer: LinearSelfAttention, dim_x: int | None) -> int:
    width = layer.dim_token - 1 if dim_x is None else dim_x
    check_count("dim_x", width)
    if width >= layer.dim_token:
        raise InputError(
            f"dim_x = {width}, expected fewer than the {layer.dim_token} slots of a token"
        )
    return width


@torch.no_grad()
def _written_with(pair: Products) -> LinearSelfAttention:
    layer = LinearSelfAttention(pair.A.shape[-1], len(pair.A)).to(pair.A)
    layer.W_K[:] = layer.W_V[:] = torch.eye(layer.dim_token)
    layer.W_Q[:], layer.P[:] = pair
    return layer
