"""The numbers that decide the claims, measured on the stored results; each with its tolerance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from icllib import alignment, construct, learners, theory
from icllib.alignment import reads
from icllib.attention import LinearSelfAttention
from icllib.blocks import FlatNetwork
from icllib.experiments import PAPER, load, load_rivals, named
from icllib.learners import mean_loss
from icllib.ledger import Figure
from icllib.rivals import FORMS, judge
from icllib.tasks import LinearTask, Prompts
from icllib.tokens import join_tokens
from icllib.tuning import tune

__all__ = [
    "before_training",
    "deep",
    "heads",
    "one_layer",
    "optimum",
    "out_of_distribution",
    "pressure_to_predict",
    "random_self_similar_layer",
    "read_off",
]


def _test(task: LinearTask, batch: int = 10_000) -> Prompts:
    return task.sample(batch, torch.Generator().manual_seed(99), torch.float32)


def _loss(predict: alignment.Predictor, prompts: Prompts) -> float:
    with torch.no_grad():
        return mean_loss(predict, prompts).mean


def _gd(lr: float) -> alignment.Predictor:
    return lambda p: FORMS["GD"](1)(p, lr)


def _tuned(
    form: str, steps: int, task: LinearTask, start: tuple[float, ...]
) -> alignment.Predictor:
    learner = FORMS[form](steps)
    batch = 40_000 // task.dim_x  # as many numbers in longer prompts
    values = tune(task, learner, start, torch.Generator().manual_seed(0), batch).values
    return lambda p: learner(p, *values)


def one_layer(folder: Path) -> Iterator[Figure]:
    """C05: a trained layer beside one tuned gradient step."""
    models = load("one-layer", folder=folder).models
    prompts, lr = _test(PAPER), theory.best_step_size(PAPER)
    step = construct.gd_layer(10, 1, 10, lr).float()
    tuned, best = _loss(_tuned("GD", 1, PAPER, (5.0,)), prompts), _loss(_gd(lr), prompts)
    optimum = theory.expected_loss(PAPER, lr)
    found = [alignment.compare(reads(model), _gd(lr), prompts) for model in models]
    between = [_loss(reads(alignment.interpolate(m.layers[0], step, 10)), prompts) for m in models]
    worst = max(a.loss for a in found) / tuned
    yield Figure("loss, worst seed", worst, "≤", 1.005, "× tuned GD's", 1.0)
    # The two losses are paired: their difference varies less between prompts than either of them.
    worst = max(optimum + a.loss - best for a in found) / optimum
    yield Figure("loss again, worst seed", worst, "≤", 1.015, "× the least that a step has", 1.0)
    cosine = min(a.sensitivity_cosine for a in found)
    yield Figure("sensitivities beside GD's, worst seed", cosine, "≥", 0.999, "cosine", 1.0)
    worst = max(between) / best
    yield Figure("loss of interpolated weights, worst seed", worst, "≤", 1.005, "× GD's", 1.0)


def out_of_distribution(folder: Path) -> Iterator[Figure]:
    """C06: the same layer on other inputs, weights and laws."""
    models = load("one-layer", folder=folder).models
    step = _gd(theory.best_step_size(PAPER))

    def worst(where: str, tasks: list[LinearTask]) -> Figure:
        ratios = []
        for task in tasks:
            prompts = _test(task)
            ratios += [_loss(reads(model), prompts) / _loss(step, prompts) for model in models]
        return Figure(f"loss with {where}, worst seed", max(ratios), "≤", 1.05, "× GD's", 1.0)

    scales = {alpha: replace(PAPER, x_scale=0.5 * alpha) for alpha in (0.5, 0.75, 1.0, 1.2, 2.0)}
    near = [task for alpha, task in scales.items() if alpha <= 1.2]
    yield worst("inputs × 0.5 to 1.2", near)
    larger = [replace(PAPER, w_scale=a) for a in (0.5, 2.0, 5.0)]
    yield worst("W* × 0.5 to 5", larger)
    other = [replace(PAPER, x_dist=law, x_scale=12**-0.5) for law in ("normal", "rademacher")]
    yield worst("normal and ±1 inputs of the same variance", other)
    yield worst("inputs × 2", [scales[2.0]])


def heads(folder: Path) -> Iterator[Figure]:
    """C07: two heads beside one."""
    two, one = (load(name, folder=folder).models for name in ("one-layer-heads2", "one-layer"))
    prompts = _test(PAPER)
    losses = [
        sum(_loss(reads(model), prompts) for model in models) / len(models) for models in (two, one)
    ]
    step = _gd(theory.best_step_size(PAPER))
    cosines = [alignment.compare(reads(model), step, prompts).sensitivity_cosine for model in two]
    ratio, unit = losses[0] / losses[1], "× that with one"
    yield Figure("mean loss with two heads is no better", ratio, "≥", 0.995, unit, 1.0)
    yield Figure("mean loss with two heads is no worse", ratio, "≤", 1.005, unit, 1.0)
    what = "sensitivities with two heads beside GD's, worst seed"
    yield Figure(what, min(cosines), "≥", 0.998, "cosine", 1.0)


def pressure_to_predict(folder: Path) -> Iterator[Figure]:
    """C08: the cosine with GD before and after training on the answer alone."""
    cosines = load("one-layer", folder=folder).measured["cosine"]
    before, after = float(cosines[0].abs().max()), float(cosines[-1].min())
    yield Figure("beside GD before training, largest size", before, "≤", 0.5, "cosine")
    what = "beside GD after training on the answer, worst seed"
    yield Figure(what, after, "≥", 0.999, "cosine", 1.0)


def deep(folder: Path) -> Iterator[Figure]:
    """C09: trained stacks beside tuned rivals with as many steps."""
    prompts, table = _test(PAPER), load_rivals("rivals-paper", folder=folder)
    gd, gdpp = (_loss(table.predictor(form, 2), prompts) for form in ("GD", "GD++"))
    bent = table.predictor("GD++", 2)
    looped = load("looped-2", folder=folder).models
    losses = [_loss(reads(model), prompts) for model in looped]
    cosines = [
        alignment.compare(reads(model), bent, prompts).sensitivity_cosine for model in looped
    ]
    loops, worst = "two looped layers", max(losses)
    yield Figure(f"{loops}: loss, worst seed", worst / gd, "≤", 0.8, "× tuned GD's")
    yield Figure(f"{loops}: loss again, worst seed", worst / gdpp, "≤", 1.02, "× tuned GD++'s", 1.0)
    what = f"{loops}: sensitivities beside GD++'s, worst seed"
    yield Figure(what, min(cosines), "≥", 0.99, "cosine", 1.0)
    for depth, bound in ((2, 0.0944), (3, 0.048), (5, 0.045)):
        models = load(f"deep-{depth}", folder=folder).models
        losses = [_loss(reads(model), prompts) for model in models]
        yield Figure(f"{depth} layers of their own: loss, worst seed", max(losses), "≤", bound)
        # One prompt in a million may ruin a mean. So again without the worst 1 %, on more prompts.
        rivals = {str(seed): model for seed, model in enumerate(models)} | {
            "GD": table.predictor("GD", depth)
        }
        trimmed = {
            name: found.trimmed for name, found in judge(rivals, PAPER, prompts=50_000).items()
        }
        steps = trimmed.pop("GD")
        what = f"{depth} layers of their own: trimmed mean loss, worst seed"
        yield Figure(what, max(trimmed.values()) / steps, "≤", 0.8, "× tuned GD's")


def read_off(folder: Path) -> Iterator[Figure]:
    """C10: the numbers read off the weights, and run without the network."""
    models = load("looped-2", folder=folder).models
    tokens = join_tokens(_test(PAPER, 2000))
    read = [alignment.read_off(model.layers[0], tokens, 10) for model in models]
    for part, shares in (("x", [one.r2_x for one in read]), ("y", [one.r2_y for one in read])):
        yield Figure(f"{part}-parts explained, worst seed", min(shares), "≥", 0.999, "R²", 1.0)
    first = read[0]
    for size in (5, 20, 40):
        task = LinearTask(dim_x=size, n_context=size, x_scale=0.5)
        prompts = _test(task, 50_000 // size)
        gamma = first.gamma * 10 / size  # γ before the mean stays the same

        def algorithm(p: Prompts, gamma: float = gamma) -> torch.Tensor:
            return learners.gd_plus_plus(p, first.lr, gamma, steps=2)

        fresh = _loss(_tuned("GD++", 2, task, (first.lr, gamma)), prompts)
        ratio, unit = _loss(algorithm, prompts) / fresh, "× freshly tuned GD++'s"
        yield Figure(f"loss without the network at N_x = {size}", ratio, "≤", 1.1, unit, 1.0)


def optimum(folder: Path) -> Iterator[Figure]:
    """C11: trained layers beside the closed-form optimum."""
    for name in ("n20", "n40", "n100", "noise", "rotated", "rotated-noise"):
        task = named(f"optimum-{name}").task
        best = theory.best_preconditioner(task)
        models = load(f"optimum-{name}", folder=folder).models
        matrices = [
            alignment.preconditioner(model.layers[0], task.n_context).double() for model in models
        ]
        away = max(float((matrix - best).norm() / best.norm()) for matrix in matrices)
        what = f"{name}: distance of the matrix from Γ⁻¹, worst seed"
        yield Figure(what, away, "≤", 0.02, "of its norm")
        worst = max(_above_optimum(models, task))
        yield Figure(f"{name}: loss, worst seed", worst, "≤", 1.001, "× the optimum's", 1.0)
    random = load("optimum-random", folder=folder).models
    reached = [ratio < 1.05 for ratio in _above_optimum(random, named("optimum-random").task)]
    share = sum(reached) / len(reached)
    yield Figure("random starts that reach it", share, "≥", 0.9, "of all")


def _above_optimum(models: list[nn.Module], task: LinearTask) -> list[float]:
    """Loss of each whole layer ÷ the optimum's. The two are paired: measured on the same prompts,
    the luck of these cancels."""
    best = theory.best_preconditioner(task)
    prompts = _test(task, min(50_000, 2_000_000 // task.n_context))
    lowest = theory.preconditioned_loss(task, best)
    reference = _loss(
        lambda p: learners.predict(learners.gradient_descent(p, 1.0, 1) @ best.float(), p.x_query),
        prompts,
    )
    return [1 + (_loss(reads(model), prompts) - reference) / lowest for model in models]


def random_self_similar_layer(
    dim_x: int, n_heads: int, generator: torch.Generator
) -> LinearSelfAttention:
    """A layer nobody trained: keys and queries are the same random projection of x, the value is y,
    heads are averaged."""
    layer = LinearSelfAttention(dim_x + 1, n_heads)
    with torch.no_grad():
        projection = torch.randn(n_heads, dim_x, dim_x, generator=generator)
        layer.W_K[:, :dim_x, :dim_x] = layer.W_Q[:, :dim_x, :dim_x] = projection
        layer.W_V[:, dim_x, dim_x], layer.P[:, dim_x, dim_x] = 1.0, -1.0 / n_heads
    return layer


def before_training(folder: Path) -> Iterator[Figure]:
    """C16: layers and MLPs that nobody trained, and one MLP that somebody did."""
    prompts = _test(PAPER, 4000)
    step = _gd(theory.best_step_size(PAPER))
    seeds = [torch.Generator().manual_seed(seed) for seed in range(20)]
    layers = [LinearSelfAttention(11, generator=seed, init_std=0.3) for seed in seeds]
    flat = [FlatNetwork(121, (256,), 1, generator=seed) for seed in seeds[:5]]
    shares = [alignment.gd_share(reads(layer), prompts) for layer in layers]
    flat_shares = [alignment.gd_share(alignment.predictor(network), prompts) for network in flat]
    mean = sum(shares) / len(shares)
    yield Figure("random attention layers: mean share of GD", mean, "≥", 0.4, "of the variance")
    yield Figure("random MLPs: largest share of GD", max(flat_shares), "≤", 0.05, "of the variance")
    many = alignment.compare(reads(random_self_similar_layer(10, 30, seeds[0])), step, prompts)
    what = "30 random heads that compare x with x, beside GD"
    yield Figure(what, many.sensitivity_cosine, "≥", 0.95, "cosine", 1.0)
    large = min(
        _loss(alignment.predictor(model), prompts)
        for model in load("mlp-large", folder=folder).models
    )
    what = "588,289 weights without attention, after 2,000 updates: loss, best seed"
    yield Figure(what, large / _loss(step, prompts), "≥", 1.5, "× GD's")
