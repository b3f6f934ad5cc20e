"""How close is a trained model to an algorithm? Measured as in von Oswald et al. (2023), section 3
and appendix A."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor, nn

from icllib.attention import Transformer, from_moments
from icllib.errors import InputError, check_count, check_number
from icllib.learners import query_loss
from icllib.losses import summarise
from icllib.solvers import fit
from icllib.tasks import Prompts, Task
from icllib.tokens import join_tokens, read_prediction
from icllib.weights import entrances as entrances
from icllib.weights import interpolate as interpolate
from icllib.weights import merge as merge
from icllib.weights import preconditioner as preconditioner
from icllib.weights import products as products
from icllib.weights import without_stripes as without_stripes

__all__ = [
    "Algorithm",
    "Alignment",
    "compare",
    "gd_share",
    "iterate",
    "predictor",
    "read_layers",
    "read_off",
    "reads",
    "sensitivity",
    "spoil_labels",
    "sweep",
]

#: Whatever answers prompts: a trained model, a learner of `learners`, a formula.
Predictor = Callable[[Prompts], Float[Tensor, "batch N_y"]]


@dataclass(frozen=True)
class Alignment:
    """Two predictors on the same prompts; each number is a mean over the prompts.

    Attributes:
        loss: E ½ ‖ŷ − y_q‖² of the first.
        reference_loss: of the second.
        prediction_distance: E ‖ŷ − ŷ'‖.
        sensitivity_cosine: E cos(∂ŷ/∂x_q, ∂ŷ'/∂x_q).
        sensitivity_distance: E ‖∂ŷ/∂x_q − ∂ŷ'/∂x_q‖.
        answers_apart: √(E ‖ŷ − ŷ'‖² / E ‖ŷ'‖²), the root mean square difference of the answers
            beside their size.
    """

    loss: float
    reference_loss: float
    prediction_distance: float
    sensitivity_cosine: float
    sensitivity_distance: float
    answers_apart: float


@dataclass(frozen=True)
class Algorithm:
    """What a layer does to its tokens, read as one step of GD++.

    Attributes:
        lr: η, of y_j ← y_j − (η/N) Σ_i y_i x_iᵀ x_j.
        gamma: γ, of x_j ← x_j − γ Σ_i x_i x_iᵀ x_j.
        r2_y, r2_x: the share of the change of the y-parts and of the x-parts that this explains;
            r2_x is 1 where nothing changes.
    """

    lr: float
    gamma: float
    r2_y: float
    r2_x: float


def predictor(model: nn.Module) -> Predictor:
    """A model on joined tokens as a function from prompts to predictions, W_0 = 0."""
    return lambda prompts: read_prediction(model(join_tokens(prompts)), prompts.dim_y)


def reads(model: nn.Module) -> Predictor:
    """The same for linear layers, from the moments of the prompts, which is faster.

    The model computes in the precision of its weights, and answers in that of the prompts.
    """
    own = next(model.parameters()).dtype
    return lambda prompts: from_moments(model, prompts.to(own)).to(prompts.x.dtype)


def sensitivity(predict: Predictor, prompts: Prompts) -> Float[Tensor, "batch N_y N_x"]:
    """∂ŷ/∂x_q, one matrix a prompt; for a linear model W that is W itself."""
    x_query = prompts.x_query.detach().requires_grad_()
    with torch.enable_grad():
        answers = predict(replace(prompts, x_query=x_query))
        rows = [
            torch.autograd.grad(answers[:, o].sum(), x_query, retain_graph=True)[0]
            for o in range(prompts.dim_y)
        ]
    return torch.stack(rows, dim=1)


def compare(predict: Predictor, reference: Predictor, prompts: Prompts) -> Alignment:
    """All measures of `Alignment` for two predictors on the same prompts."""
    with torch.no_grad():
        ours, theirs = predict(prompts), reference(prompts)
    slopes, their_slopes = (sensitivity(one, prompts).flatten(1) for one in (predict, reference))
    return Alignment(
        float(query_loss(ours, prompts).mean()),
        float(query_loss(theirs, prompts).mean()),
        float((ours - theirs).norm(dim=1).mean()),
        float(torch.cosine_similarity(slopes, their_slopes, dim=1).mean()),
        float((slopes - their_slopes).norm(dim=1).mean()),
        float(((ours - theirs).square().mean() / theirs.square().mean()).sqrt()),
    )


def gd_share(predict: Predictor, prompts: Prompts) -> float:
    """How much of what a prompt changes in ∂ŷ/∂x_q is linear in its first gradient, (1/N) Σ_i y_i
    x_iᵀ.

    The share R² of the variance of ∂ŷ/∂x_q over prompts that a linear map of the gradient explains;
    the map is fitted on one half of the prompts, the share is measured on the other. One step of
    gradient descent from zero has 1; a predictor that does not look at the examples in this way has
    0 or, by chance, a little less.
    """
    slopes = sensitivity(predict, prompts).flatten(1).double()
    gradient = (
        torch.einsum("bno,bni->boi", prompts.y, prompts.x).flatten(1).double() / prompts.n_context
    )
    known = torch.cat([gradient, torch.ones_like(gradient[:, :1])], dim=1)
    half = prompts.batch // 2
    left = slopes[half:] - known[half:] @ fit(known[:half], slopes[:half]).mT
    return float(1 - left.square().sum() / (slopes[half:] - slopes[half:].mean(0)).square().sum())


def sweep(
    predictors: Mapping[str, Predictor],
    tasks: Mapping[float | str, Task],
    seed: int = 0,
    batch: int = 10_000,
) -> dict[str, list[tuple[float, float]]]:
    """The loss of every predictor on every task, all on the same prompts: in distribution, and out
    of it.

    Returns:
        name → one pair (mean, half its 95 % interval) a task, in the order of `tasks`.
    """
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in predictors}
    for task in tasks.values():
        prompts = task.sample(batch, torch.Generator().manual_seed(seed))
        for name, predict in predictors.items():
            with torch.no_grad():
                told = summarise(query_loss(predict(prompts), prompts))
            found[name].append((told.mean, told.interval))
    return found


def spoil_labels(prompts: Prompts, count: int, generator: torch.Generator) -> Prompts:
    """Replace the labels of `count` examples in every prompt by N(0, 1), independent of x.

    The examples of a prompt come in no order, so the first ones will do.  [von Oswald et al. 2023,
    appendix A]

    Raises:
        InputError: count is negative, or more than N.
    """
    check_count("count", count, minimum=0)
    if count > prompts.n_context:
        raise InputError(f"count = {count}, expected at most N = {prompts.n_context}")
    y = prompts.y.clone()
    noise = torch.randn(
        y[:, :count].shape, generator=generator, device=generator.device, dtype=y.dtype
    )
    y[:, :count] = noise
    return replace(prompts, y=y)


@torch.no_grad()
def iterate(
    layer: nn.Module, prompts: Prompts, times: int, damping: float = 0.75
) -> Float[Tensor, "times batch N_y"]:
    """Apply a layer again and again, each time moving by `damping` of what it says: e ← e + damping
    (layer(e) − e).

    Returns:
        the prediction after each of the `times` applications.

    Raises:
        InputError: times below 1, or a damping that is not a finite number.
    """
    check_count("times", times)
    check_number("damping", damping)
    tokens, answers = join_tokens(prompts), []
    for _ in range(times):
        tokens = tokens + damping * (layer(tokens) - tokens)
        answers.append(read_prediction(tokens, prompts.dim_y))
    return torch.stack(answers)


@torch.no_grad()
def read_off(
    layer: nn.Module, tokens: Float[Tensor, "batch N+1 dim_token"], dim_x: int
) -> Algorithm:
    """The step of GD++ that comes nearest to what a layer does, by least squares over all tokens of
    all prompts.

    Args:
        layer: from tokens to tokens.
        tokens: its input.
        dim_x: N_x.
    """
    x, y = tokens[..., :dim_x], tokens[..., dim_x:]
    change = layer(tokens) - tokens
    n = tokens.shape[1] - 1
    step = -(x @ (x[:, :-1].mT @ y[:, :-1])) / n  # −(1/N) Σ_i y_i x_iᵀ x_j
    bend = -(x @ (x[:, :-1].mT @ x[:, :-1]))  # −Σ_i x_i x_iᵀ x_j

    def fit(target: Tensor, direction: Tensor) -> tuple[float, float]:
        factor = float((target * direction).sum() / direction.square().sum())
        total = float(target.square().sum())
        left = float((target - factor * direction).square().sum())
        return factor, 1.0 if total == 0 else 1 - left / total

    (lr, r2_y), (gamma, r2_x) = fit(change[..., dim_x:], step), fit(change[..., :dim_x], bend)
    return Algorithm(lr, gamma, r2_y, r2_x)


@torch.no_grad()
def read_layers(
    model: Transformer, tokens: Float[Tensor, "batch N+1 dim_token"], dim_x: int
) -> list[Algorithm]:
    """`read_off` of every layer of a stack (or every loop of one layer), each on the tokens that it
    sees.

    Args:
        model: the stack.
        tokens: its input.
        dim_x: N_x.
    """
    found = []
    for layer in model.sequence:
        found.append(read_off(layer, tokens, dim_x))
        tokens = layer(tokens)
    return found
