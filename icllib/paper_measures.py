"""What the figures of von Oswald et al. (2023) are measured with: prompts, rivals, sweeps, and the
laws of inputs that no model was trained on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from icllib import alignment, construct, theory
from icllib.alignment import Predictor, compare, predictor, reads
from icllib.attention import Transformer
from icllib.blocks import Clipped
from icllib.errors import check_count, check_generator, check_number, shapes_only
from icllib.exhibits import Curve, Panel
from icllib.experiments import PAPER, Loaded, load, load_rivals
from icllib.kinds import rebuild
from icllib.learners import mean_loss, query_loss
from icllib.losses import LossSummary
from icllib.rivals import FORMS
from icllib.tasks import LinearTask, Prompts, Task
from icllib.tokens import join_tokens, read_prediction
from icllib.tuning import tune

__all__ = [
    "OUTSIDE",
    "TIMES",
    "OtherLaws",
    "apart",
    "applications",
    "by_tokens",
    "clipped",
    "condition_numbers",
    "cosine_path",
    "curves_of",
    "ends",
    "five_with_rivals",
    "gd_layer",
    "interpolated",
    "losses",
    "on_and_on",
    "rising",
    "scaled_inputs",
    "step",
    "swept",
    "tuned_when_clipped",
    "unclipped",
    "worst_cosine",
]

_SEED = 99
_CLIP = 10.0
_ALPHAS = [0.5, 0.65, 0.8, 0.95, 1.1, 1.25, 1.4, 1.55, 1.7, 1.85, 2.0]
OUTSIDE = 1.5  # two curves over several powers of ten lie on each other within this factor
TIMES = 50  # applications in figures 1 and 10


@dataclass(frozen=True)
class OtherLaws:
    """Inputs of a law never seen in training: in every prompt normal, exponential or Laplace by
    chance of a third each, divided by the norm of all examples' inputs together, times `scale`.

    Attributes:
        scale: α, the norm of X.
        dim_x, n_context: N_x and N.
        w_scale: standard deviation of the entries of W*.

    Source: von Oswald et al. (2023), appendix A.2; the norm stands in their code alone.
    """

    scale: float = 1.0
    dim_x: int = 10
    n_context: int = 10
    w_scale: float = 1.0

    def __post_init__(self) -> None:
        for name in ("dim_x", "n_context"):
            check_count(name, getattr(self, name))
        for name in ("scale", "w_scale"):
            check_number(name, getattr(self, name), minimum=0.0)

    def sample(
        self, batch: int, generator: torch.Generator, dtype: torch.dtype | None = None
    ) -> Prompts:
        """As `LinearTask.sample`."""
        source = {"generator": check_generator(generator), "device": generator.device}
        options = source | {"dtype": dtype or torch.get_default_dtype()}
        shape = (check_count("batch", batch), self.n_context + 1, self.dim_x)
        law = torch.randint(3, (batch, 1, 1), **source)
        normal = torch.randn(shape, **options)
        positive = -torch.log1p(-torch.rand(shape, **options))  # exponential
        sign = torch.randint(2, shape, **source) * 2 - 1
        x = torch.where(law == 0, normal, torch.where(law == 1, positive, sign * positive))
        x = self.scale * x / x[:, :-1].flatten(1).norm(dim=1)[:, None, None]
        weights = self.w_scale * torch.randn(batch, 1, self.dim_x, **options)
        y = x @ weights.mT
        return Prompts(x[:, :-1], y[:, :-1], x[:, -1], y[:, -1], weights)


def step(task: LinearTask, steps: int = 1) -> Predictor:
    """One step of gradient descent, or several, with the best η of a single one."""
    lr = theory.best_step_size(task)
    return lambda prompts: FORMS["GD"](steps)(prompts, lr)


def losses(
    contestants: Mapping[object, Predictor | nn.Module], task: Task, batch: int = 10_000
) -> dict[object, LossSummary]:
    """The losses of everybody on the same prompts; stacks of linear layers answer by moments."""
    prompts = task.sample(batch, torch.Generator().manual_seed(_SEED), torch.float64)
    return {name: mean_loss(_predict(one), prompts) for name, one in contestants.items()}


def _predict(contestant: Predictor | nn.Module) -> Predictor:
    return reads(contestant) if isinstance(contestant, nn.Module) else contestant


def by_tokens(models: Sequence[nn.Module]) -> dict[object, Predictor]:
    """The models as predictors in their own precision, by seed."""
    return {seed: predictor(model.double()) for seed, model in enumerate(models)}


def worst_cosine(models: Mapping[object, Predictor], rival: Predictor, task: Task = PAPER) -> float:
    """The least mean sensitivity cosine of any of the models with a rival."""
    prompts = task.sample(1000, torch.Generator().manual_seed(98), torch.float64)
    return min(compare(one, rival, prompts).sensitivity_cosine for one in models.values())


def ends(found: Mapping[object, LossSummary], seeds: Iterable[object]) -> list[float]:
    """The mean losses of the seeds among what `losses` found, the best first."""
    return sorted(found[seed].mean for seed in seeds)


def swept(
    contestants: Mapping[str, Predictor | nn.Module],
    tasks: Mapping[float, Task],
    batch: int = 2000,
    trimmed: bool = False,
) -> dict[str, list[float]]:
    """Everybody's mean loss, or the mean without the worst 1 %, on every task."""
    found: dict[str, list[float]] = {name: [] for name in contestants}
    for task in tasks.values():
        for name, summary in losses(contestants, task, batch).items():
            found[name].append(summary.trimmed if trimmed else summary.mean)
    return found


def scaled_inputs(
    contestants: Mapping[str, Predictor | nn.Module],
    looks: Mapping[str, str],
    title: str = "Scaled inputs",
) -> tuple[Panel, dict[str, list[float]]]:
    """Inputs from half to twice the scale of training: a panel, and everybody's losses."""
    found = swept(contestants, {a: replace(PAPER, x_scale=0.5 * a) for a in _ALPHAS})
    curves = curves_of(found, _ALPHAS, {name: looks[name] for name in contestants})
    return Panel(title, "scale of the inputs", "loss", curves, "log"), found


def applications(title: str, trained: Sequence[list[float]], gd: list[float]) -> Panel:
    """The losses of `on_and_on`: of trained layers by seed, and of gradient descent."""
    times = range(1, TIMES + 1)
    curves = [Curve("", "trained", times, one) for one in trained[1:]]
    curves += [Curve("trained", "trained", times, trained[0]), Curve("GD", "gd", times, gd)]
    return Panel(title, "applications", "loss", tuple(curves), "log")


def curves_of(
    found: Mapping[str, Sequence[float]], x: Sequence[float], looks: Mapping[str, str]
) -> tuple[Curve, ...]:
    """The named lines of a sweep, each in its look."""
    return tuple(Curve(name, looks[name], x, found[name]) for name in looks)


def unclipped(model: Transformer) -> Transformer:
    """The same stack with the layers inside of its `blocks.Clipped` ones."""
    inner = [layer.layer if isinstance(layer, Clipped) else layer for layer in model.layers]
    return Transformer(inner, model.looped)


def tuned_when_clipped(steps: int) -> tuple[float, float]:
    """The best η and γ (before the sum) of GD++ whose tokens are cut off as in `clipped`."""

    def learner(prompts: Prompts, lr: float, gamma: float) -> Tensor:
        tokens = join_tokens(prompts)
        x, y = tokens[..., :-1], tokens[..., -1:]
        for _ in range(steps):
            seen, label = x[:, :-1], y[:, :-1]
            y, x = (
                y - lr / prompts.n_context * x @ (seen.mT @ label),
                x - gamma * x @ (seen.mT @ seen),
            )
            x, y = x.clamp(-_CLIP, _CLIP), y.clamp(-_CLIP, _CLIP)
        return read_prediction(torch.cat([x, y], -1), 1)

    return tune(PAPER, learner, [17.0, 0.12], torch.Generator().manual_seed(0), 1000).values


def gd_layer(task: LinearTask) -> nn.Module:
    """The constructed layer of one step with the best η."""
    lr = theory.best_step_size(task)
    return construct.gd_layer(task.dim_x, task.dim_y, task.n_context, lr)


def interpolated(model: Transformer, layer: nn.Module, dim_x: int) -> Transformer:
    """A (looped) layer halfway between a trained and a constructed one."""
    own = next(model.parameters()).dtype
    between = alignment.interpolate(model.layers[0], layer.to(own), dim_x)
    return Transformer([between], model.looped)


def on_and_on(layer: nn.Module, damping: float, times: int = TIMES) -> list[float]:
    """The mean loss after each of many damped applications of a layer, in the paper's setting."""
    prompts = PAPER.sample(2000, torch.Generator().manual_seed(5), torch.float64)
    with shapes_only():
        answers = alignment.iterate(layer.double(), prompts, times, damping)
        found = torch.stack([query_loss(answer, prompts).mean() for answer in answers])
    return found.nan_to_num(nan=math.inf, posinf=math.inf).tolist()


def clipped(model: Transformer) -> Predictor:
    """A stack whose tokens are cut off at ±10 after every layer, as in the paper for more than two
    (appendix A.2); it computes in the precision of its weights."""
    own = next(model.parameters()).dtype

    def answer(prompts: Prompts) -> Tensor:
        tokens = join_tokens(prompts.to(own))
        for layer in model.sequence:
            tokens = layer(tokens).clamp(-_CLIP, _CLIP)
        return read_prediction(tokens, prompts.dim_y).to(prompts.x.dtype)

    return answer


def five_with_rivals(folder: Path) -> tuple[dict[str, Predictor], list[Predictor]]:
    """Five tuned steps of GD and of GD++ with a pair a layer, and five trained layers."""
    table = load_rivals("rivals-paper", folder=folder)
    (rate,), values = table.values("GD", 5), table.values("GD++, a pair a layer", 5)
    steps = construct.gd_transformer(10, 1, 10, rate, 5)
    bent = construct.gd_plus_plus_transformer(10, 1, 10, values[:5], [*values[5:], 0.0], 5)
    models = load("deep-5", folder=folder).models
    return {"GD": clipped(steps), "GD++": clipped(bent)}, [clipped(model) for model in models]


def cosine_path(
    loaded: Loaded, rivals: Mapping[str, Predictor], batch: int = 500
) -> dict[str, Tensor]:
    """The mean sensitivity cosine of every snapshot of every seed with each rival, (R, S)."""
    task = loaded.experiment.task
    dtype = getattr(torch, loaded.experiment.recipe.dtype)
    prompts = task.sample(batch, torch.Generator().manual_seed(_SEED), dtype)
    slopes = {name: alignment.sensitivity(one, prompts).flatten(1) for name, one in rivals.items()}
    kept = loaded.result.under("kept")
    count = len(next(iter(kept.values())))
    paths = {name: torch.zeros(count, len(loaded.seeds)) for name in rivals}
    for place in range(count):
        for row in range(len(loaded.seeds)):
            model = rebuild(loaded.experiment, {n: t[place, row] for n, t in kept.items()})
            own = alignment.sensitivity(reads(model), prompts).flatten(1)
            for name, other in slopes.items():
                paths[name][place, row] = torch.cosine_similarity(own, other, dim=1).mean()
    return paths


def condition_numbers(eigenvalues: Tensor, gamma: float) -> Tensor:
    """λ_max / λ_min of the data that GD++ has bent, for each set of eigenvalues of Σ x xᵀ.

    The inputs become (I − γ X Xᵀ) x, and an eigenvalue λ becomes λ (1 − γ λ)².  [von Oswald et al.
    2023, appendix A.10, eq. 25]

    Args:
        eigenvalues: (…, N_x), 0 or more.
        gamma: γ, before the sum; 0 leaves everything as it is.
    """
    bent = eigenvalues * (1 - gamma * eigenvalues).square()
    smallest = bent.amin(-1).clamp_min(torch.finfo(bent.dtype).tiny)
    return bent.amax(-1) / smallest


def apart(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The largest factor between two curves at the same place, one way or the other; NaN and
    infinity count as infinitely far."""
    a, b = (torch.as_tensor(list(one), dtype=torch.float64) for one in (ours, theirs))
    factor = torch.maximum(a / b, b / a).nan_to_num(nan=math.inf, posinf=math.inf)
    return float(factor.max())


def rising(curve: Sequence[float]) -> float:
    """The largest ratio of a number to the one before it."""
    values = torch.as_tensor(list(curve), dtype=torch.float64)
    return float((values[1:] / values[:-1]).nan_to_num(nan=math.inf, posinf=math.inf).max())
