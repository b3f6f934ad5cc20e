"""What linear attention layers answer, from sums over a prompt's tokens; for many models at once.

Index letters: b prompts, s models, h heads, n context tokens, x vectors, i and j coordinates of a
token, o outputs. As long as all models read the same prompts, the prompts' axis s has size 1.
"""

from __future__ import annotations

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor

__all__ = ["Pair", "answers_by_moments", "answers_by_scores", "pair_of"]

#: What one layer does: (W, R), with W the P_h W_{V,h} of its heads side by side, (s, i, h·j), and
#: R the W_{K,h}ᵀ W_{Q,h} one below the other, (s, h·i, j).
Pair = tuple[Tensor, Tensor]


def pair_of(p: Tensor, w_v: Tensor, w_k: Tensor, w_q: Tensor) -> Pair:
    """The products of a layer's matrices, (s, h, …) each, or (h, …) for one model."""
    writes, reads = p @ w_v, w_k.mT @ w_q
    if writes.dim() == 3:
        writes, reads = writes[None], reads[None]
    return writes.transpose(1, 2).flatten(2), reads.flatten(1, 2)


def answers_by_scores(
    context: Float[Tensor, "b n i"], query: Float[Tensor, "b i"], pair: Pair, dim_y: int
) -> Float[Tensor, "b s o"]:
    """The y-slots of the query after one layer, the cheapest way for few tokens.

    y + Σ_h Σ_n (P_h W_{V,h} e_n) (e_nᵀ W_{K,h}ᵀ W_{Q,h} e_q).  [von Oswald et al. 2023, section 2]
    """
    writes, reads = pair
    models, width = len(reads), query.shape[-1]
    asks = (query @ reads.flatten(0, 1).mT).unflatten(1, (-1, width))
    scores = (asks @ context.mT).unflatten(1, (models, 1, -1))  # (b, s, 1, h, n)
    rows = writes[:, -dim_y:].unflatten(2, (-1, width))  # (s, o, h, i)
    values = (context @ rows.flatten(0, 2).mT).mT.unflatten(1, rows.shape[:3])  # (b, s, o, h, n)
    return query[:, None, -dim_y:] + (scores * values).sum((-2, -1))


def answers_by_moments(
    context: Float[Tensor, "b n i"], query: Float[Tensor, "b i"], pairs: Sequence[Pair], dim_y: int
) -> Float[Tensor, "b s o"]:
    """The y-slots of the query after all layers, from M = Σ_n e_n e_nᵀ of the context.

    A layer maps every token by T = I + Σ_h P_h W_{V,h} M W_{K,h}ᵀ W_{Q,h}, and M becomes T M Tᵀ.
    The last layer asks M only what it does to a few vectors, so that its M is never formed. That
    linear attention reads a sum of outer products: Katharopoulos et al. (2020), section 3.
    """
    context, query = context[:, None], query[:, None, None]
    moment = context.mT @ context
    *early, (writes, reads) = pairs
    for pair in early[:-1]:
        query = query + _update(query, pair, moment)
        if context.shape[2] <= context.shape[3]:  # fewer tokens than rows of M
            context = context + _update(context, pair, moment)
            moment = context.mT @ context
        else:
            half = moment + _update(moment, pair, moment)  # M Tᵀ: rows are vectors too
            moment = half.mT + _update(half.mT, pair, moment)
    before = early[-1] if early else None
    if before is not None:
        query = query + _update(query, before, moment)
    change = _update(query, (writes[:, -dim_y:], reads), moment, before)
    return (query[..., -dim_y:] + change)[:, :, 0]


def _update(
    vectors: Float[Tensor, "b s x i"],
    pair: Pair,
    moment: Float[Tensor, "b s i j"],
    before: Pair | None = None,
) -> Float[Tensor, "b s x i"]:
    """Σ_h P_h W_{V,h} M (W_{K,h}ᵀ W_{Q,h} v) for each v; with the M that a layer `before` left."""
    writes, reads = pair
    asks = _times(vectors, reads)
    heads = asks.unflatten(-1, (-1, moment.shape[-1])).flatten(2, 3)
    if before is None:
        mixed = _times_moment(heads, moment)
    else:  # T M (Tᵀ v)
        back = heads + _update(heads, (before[1].mT, before[0].mT), moment)
        mixed = _times_moment(back, moment)
        mixed = mixed + _update(mixed, before, moment)
    return _times(mixed.reshape(asks.shape), writes)


def _times_moment(
    vectors: Float[Tensor, "b s x i"], moment: Float[Tensor, "b s i j"]
) -> Float[Tensor, "b s x j"]:
    if moment.shape[1] == 1:
        return (vectors.flatten(1, 2) @ moment[:, 0]).unflatten(1, vectors.shape[1:3])
    return vectors @ moment


def _times(
    vectors: Float[Tensor, "b s x i"], matrices: Float[Tensor, "s j i"]
) -> Float[Tensor, "b s x j"]:
    """Each model's matrix times its vectors, or times the vectors that all models share."""
    models, x = vectors.shape[1:3]
    if len(matrices) == 1:
        return vectors @ matrices[0].mT
    if models == 1:
        shared = vectors[:, 0] @ matrices.flatten(0, 1).mT
        return shared.unflatten(-1, matrices.shape[:2]).transpose(1, 2)
    own = vectors.transpose(0, 1).flatten(1, 2) @ matrices.mT
    return own.unflatten(1, (-1, x)).transpose(0, 1)
