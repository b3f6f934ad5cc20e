"""Weights written by hand: layers whose forward pass is a step of gradient descent, and their
relatives.

All weights are float64, so that "equal" can mean equal to rounding; call ``.float()`` for less.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from icllib.attention import LinearSelfAttention, SoftmaxSelfAttention, Transformer
from icllib.errors import InputError, check_count, check_number, check_per_step, check_tensors

__all__ = [
    "copy_layer",
    "gd_layer",
    "gd_plus_plus_transformer",
    "gd_transformer",
    "separate_transformer",
    "softmax_copy_layer",
    "softmax_pair_layer",
]


def _identity(size: int) -> Tensor:
    return torch.eye(size, dtype=torch.float64)


def _check_sizes(dim_x: int, dim_y: int, n_context: int) -> list[int]:
    sizes = {"dim_x": dim_x, "dim_y": dim_y, "n_context": n_context}
    return [check_count(name, size) for name, size in sizes.items()]


@torch.no_grad()
def gd_layer(
    dim_x: int,
    dim_y: int,
    n_context: int,
    lr: float,
    w0: Float[Tensor, "N_y N_x"] | None = None,
    dim_extra: int = 0,
) -> LinearSelfAttention:
    """One linear self-attention layer that is one step of gradient descent.  [von Oswald et al.
    2023, Proposition 1]

    On joined tokens e_j = (x_j, y_j), with blocks for the x-part and the y-part:
    W_K = W_Q = (I 0; 0 0), W_V = (0 0; W_0 −I), P = (η/N) I. Every token's y-slots change by −ΔW
    x_j.

    Args:
        dim_x, dim_y: N_x, N_y.
        n_context: N, which the layer needs to know for η/N.
        lr: η.
        w0: W_0, (N_y, N_x); zero unless given. Give the same one to `join_tokens`.
        dim_extra: slots behind x and y, such as positions, that the layer neither reads nor writes.

    Raises:
        ShapeError: w0 is not (N_y, N_x).
        InputError: a size below 1, or lr is not a finite number.
    """
    dim_x, dim_y, n_context = _check_sizes(dim_x, dim_y, n_context)
    lr, dim_extra = check_number("lr", lr), check_count("dim_extra", dim_extra, minimum=0)
    content = dim_x + dim_y
    layer = LinearSelfAttention(content + dim_extra, dtype=torch.float64)
    layer.W_K[0, :dim_x, :dim_x] = layer.W_Q[0, :dim_x, :dim_x] = _identity(dim_x)
    layer.W_V[0, dim_x:content, dim_x:content] = -_identity(dim_y)
    if w0 is not None:
        check_tensors({"w0": (w0, ("N_y", "N_x"))}, {"N_y": dim_y, "N_x": dim_x})
        layer.W_V[0, dim_x:content, :dim_x] = w0
    layer.P[0, :content, :content] = lr / n_context * _identity(content)
    return layer


def gd_transformer(
    dim_x: int,
    dim_y: int,
    n_context: int,
    lr: float,
    steps: int,
    w0: Float[Tensor, "N_y N_x"] | None = None,
) -> Transformer:
    """K steps of gradient descent from W_0: the layer of `gd_layer`, looped K = `steps` times.

    W_V keeps the original W_0 in every loop: the labels have already moved by the steps before.

    Raises:
        InputError, ShapeError: as `gd_layer`; steps below 0.

    Source: von Oswald et al. (2023), section 3; chapter 7.
    """
    steps = check_count("steps", steps, minimum=0)
    return Transformer([gd_layer(dim_x, dim_y, n_context, lr, w0)], looped=steps)


@torch.no_grad()
def gd_plus_plus_transformer(
    dim_x: int,
    dim_y: int,
    n_context: int,
    lr: float | Sequence[float],
    gamma: float | Sequence[float],
    steps: int,
    w0: Float[Tensor, "N_y N_x"] | None = None,
) -> Transformer:
    """K steps of GD++: the values carry x as well, and P sends them back as −γ Σ_i x_i x_iᵀ x_j.

    Args:
        dim_x, dim_y, n_context: as in `gd_layer`.
        lr, gamma: η and γ, a number for all steps or a sequence with one a step. γ multiplies the
            sum, without 1/N.
        steps: K.
        w0: W_0, as in `learners.gd_plus_plus`.

    Raises:
        InputError: a size or steps below 1, numbers that are not finite, or a sequence whose
            length is not `steps`.
        ShapeError: a w0 that is not (N_y, N_x).

    Source: von Oswald et al. (2023), section 3 and appendix A.10.
    """
    dim_x, dim_y, n_context = _check_sizes(dim_x, dim_y, n_context)
    steps, layers = check_count("steps", steps), []
    for eta, bend in zip(
        check_per_step("lr", lr, steps), check_per_step("gamma", gamma, steps), strict=True
    ):
        layer = gd_layer(dim_x, dim_y, n_context, eta, w0)
        layer.W_V[0, :dim_x, :dim_x] = _identity(dim_x)
        layer.P[0, :dim_x, :dim_x] = -bend * _identity(dim_x)
        layers.append(layer)
    return Transformer(layers)


@torch.no_grad()
def copy_layer(dim_x: int, dim_y: int, n_context: int) -> LinearSelfAttention:
    """A layer on `separate_tokens` that copies every y into the token of the x before it.

    Query and key read the one-hot positions: W_Q keeps p_t, W_K shifts p_t back to p_{t−1} (the
    upper shift), so that token t meets token t + 1 alone; the value is that token's y. Afterwards
    the token of x_j reads (x_j, y_j, p).

    Raises:
        InputError: a size below 1.

    Source: von Oswald et al. (2023), Proposition 3 and appendix A.5 (where the shift is printed the
        other way round).
    """
    dim_x, dim_y, n_context = _check_sizes(dim_x, dim_y, n_context)
    content, length = dim_x + dim_y, 2 * n_context + 1
    layer = LinearSelfAttention(content + length, dtype=torch.float64)
    layer.W_Q[0, content:, content:] = _identity(length)
    layer.W_K[0, content:, content:] = torch.diag(torch.ones(length - 1), 1)
    layer.W_V[0, dim_x:content, dim_x:content] = _identity(dim_y)
    layer.P[0, dim_x:content, dim_x:content] = _identity(dim_y)
    return layer


@torch.no_grad()
def softmax_copy_layer(
    dim_x: int, dim_y: int, n_context: int, logit_scale: float = 50.0
) -> SoftmaxSelfAttention:
    """`copy_layer` with softmax attention: exact in the limit of large logits.

    The query's token has no successor. It must attend to itself (`sees_query`), or else the
    softmax, which has to give its weight to somebody, spreads it over all tokens and copies the
    mean of all y.

    Args:
        dim_x, dim_y, n_context: as in `copy_layer`.
        logit_scale: the score of a token with its successor; all other scores are 0.

    Raises:
        InputError: a size below 1, or a scale that is not a finite number of at least 0.

    Source: chapter 8.
    """
    logit_scale = check_number("logit_scale", logit_scale, minimum=0.0)
    linear = copy_layer(dim_x, dim_y, n_context)
    layer = SoftmaxSelfAttention(linear.dim_token, sees_query=True, dtype=torch.float64)
    layer.load_state_dict(linear.state_dict())
    layer.W_Q *= logit_scale * math.sqrt(layer.dim_head)
    layer.W_K[0, -1, -1] = 1.0  # the last position meets itself
    return layer


def separate_transformer(
    dim_x: int, dim_y: int, n_context: int, lr: float, steps: int = 1
) -> Transformer:
    """Gradient descent on `separate_tokens`: one copying layer, then K = `steps` gradient steps.

    The tokens of the x then read (x_j, y_j, p), and the tokens of the y have no x, so that their
    scores are 0. [von Oswald et al. 2023, Proposition 3]

    Raises:
        InputError: a size below 1, an lr that is not a finite number, or steps below 0.
    """
    dim_x, dim_y, n_context = _check_sizes(dim_x, dim_y, n_context)
    steps = check_count("steps", steps, minimum=0)
    step = gd_layer(dim_x, dim_y, n_context, lr, dim_extra=2 * n_context + 1)
    return Transformer([copy_layer(dim_x, dim_y, n_context), *[step] * steps])


@torch.no_grad()
def softmax_pair_layer(
    dim_x: int,
    dim_y: int,
    n_context: int,
    lr: float,
    epsilon: float,
    sink_logit: float | None = None,
) -> SoftmaxSelfAttention:
    """Two softmax heads with opposite signs whose difference is nearly one gradient step from zero.

    Head ± has the scores ±ε ⟨x_i, x_j⟩. For small ε the difference of their weights is (2ε/N)
    (⟨x_i, x_j⟩ − its mean over i), so the pair is a step on *centred* data (the means of x and y
    over the context removed), up to a relative error of the order ε². With a sink token
    (`tokens.add_sink`), which takes nearly all weight and hands over nothing, the mean is not
    subtracted, and the pair is a plain step.

    Args:
        dim_x, dim_y, n_context, lr: as in `gd_layer`.
        epsilon: ε > 0.
        sink_logit: the score of the sink token, for tokens with a sink; large, such as 30.

    Raises:
        InputError: a size below 1, an lr that is not a finite number, an ε that is not above 0, or
            a sink_logit above 700.

    Source: chapter 9.
    """
    dim_x, dim_y, n_context = _check_sizes(dim_x, dim_y, n_context)
    lr, epsilon = check_number("lr", lr), check_number("epsilon", epsilon, minimum=1e-300)
    if sink_logit is not None:
        sink_logit = check_number("sink_logit", sink_logit)
        if sink_logit > 700:
            raise InputError(
                f"sink_logit = {sink_logit!r}, expected at most 700: its e^x overflows"
            )
    extra = 0 if sink_logit is None else 2
    content = dim_x + dim_y
    layer = SoftmaxSelfAttention(content + extra, n_heads=2, dtype=torch.float64)
    root = math.sqrt(layer.dim_head)
    mass = float(n_context)
    for head, sign in enumerate((1.0, -1.0)):
        layer.W_K[head, :dim_x, :dim_x] = _identity(dim_x)
        layer.W_Q[head, :dim_x, :dim_x] = sign * epsilon * root * _identity(dim_x)
        layer.W_V[head, dim_x:content, dim_x:content] = -_identity(dim_y)
        if sink_logit is not None:
            layer.W_K[head, content, content + 1] = sink_logit * root  # reads the sink's mark …
            layer.W_Q[head, content, content] = 1.0  # … and every token asks for it
    if sink_logit is not None:
        mass += math.exp(sink_logit)
    scale = lr * mass / (2 * epsilon * n_context)
    for head, sign in enumerate((1.0, -1.0)):
        layer.P[head, dim_x:content, dim_x:content] = sign * scale * _identity(dim_y)
    return layer
