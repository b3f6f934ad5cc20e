"""The ledger: each claim, the numbers that decide it, and a tolerance that was chosen before measuring."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from torch import nn

from icllib import alignment, construct, learners, theory
from icllib.attention import LinearSelfAttention, from_moments
from icllib.errors import UnstableWarning
from icllib.experiments import PAPER, load, load_rivals, named
from icllib.kinds import FlatNetwork
from icllib.learners import query_loss
from icllib.rivals import judge
from icllib.store import FOLDER
from icllib.tasks import LinearTask, Prompts
from icllib.tokens import join_tokens
from icllib.tuning import tune

__all__ = ["CLAIMS", "Claim", "Figure", "Verdict", "decide", "random_self_similar_layer"]


@dataclass(frozen=True)
class Figure:
    """One measured number and the bound that it was given beforehand.

    Attributes:
        what: in words.
        value: measured.
        relation: "≤" or "≥".
        bound: the tolerance.
    """

    what: str
    value: float
    relation: str
    bound: float

    @property
    def holds(self) -> bool:
        """Whether the number keeps its bound; NaN does not."""
        return self.value <= self.bound if self.relation == "≤" else self.value >= self.bound

    def __str__(self) -> str:
        return f"{self.what}: {self.value:.5g} ({self.relation} {self.bound:.5g})"


@dataclass(frozen=True)
class Claim:
    """A sentence that can be wrong. Sources: I the interview, P the paper, F its follow-ups."""

    id: str
    sentence: str
    source: str
    chapter: str
    measure: Callable[[Path], Iterator[Figure]]


@dataclass(frozen=True)
class Verdict:
    """A claim, measured: "holds" if all figures keep their bounds, "holds in part" if some do, else "does not hold here"."""

    id: str
    sentence: str
    source: str
    chapter: str
    command: str
    figures: tuple[Figure, ...]
    verdict: str

    def as_json(self) -> dict:
        """For machines: every figure says whether it holds."""
        figures = [asdict(figure) | {"holds": figure.holds} for figure in self.figures]
        return asdict(self) | {"figures": figures}


def decide(folder: Path = FOLDER) -> list[Verdict]:
    """Measure every claim on the stored results and say whether it holds.

    Raises:
        MissingResultError, StaleResultError: a result that a claim needs is not there, or not current.
    """
    verdicts = []
    for claim in CLAIMS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UnstableWarning)
            figures = tuple(claim.measure(folder))
        kept = sum(figure.holds for figure in figures)
        verdict = "holds" if kept == len(figures) else "holds in part" if kept else "does not hold here"
        command = f"python -m icllib claims  # {claim.id}"
        verdicts.append(Verdict(claim.id, claim.sentence, claim.source, claim.chapter, command, figures, verdict))
    return verdicts


def _test(task: LinearTask, batch: int = 10_000) -> Prompts:
    return task.sample(batch, torch.Generator().manual_seed(99), torch.float32)


def _loss(predict: alignment.Predictor, prompts: Prompts) -> float:
    with torch.no_grad():
        return float(query_loss(predict(prompts), prompts).mean())


def _reads(model: nn.Module) -> alignment.Predictor:
    return lambda prompts: from_moments(model, prompts)


def _gd(lr: float, steps: int = 1) -> alignment.Predictor:
    return lambda p: learners.predict(learners.gradient_descent(p, lr, steps), p.x_query)


def _tuned_gd(steps: int, task: LinearTask) -> alignment.Predictor:
    def learner(p: Prompts, lr: float) -> torch.Tensor:
        return learners.predict(learners.gradient_descent(p, lr, steps), p.x_query)

    return _gd(tune(task, learner, [5.0], torch.Generator().manual_seed(0), 4000).values[0], steps)


def _tuned_gdpp(steps: int, task: LinearTask, start: tuple[float, float]) -> alignment.Predictor:
    def learner(p: Prompts, lr: float, gamma: float) -> torch.Tensor:
        return learners.gd_plus_plus(p, lr, gamma, steps)

    values = tune(task, learner, start, torch.Generator().manual_seed(0), 4000).values
    return lambda p: learner(p, *values)


def _one_layer(folder: Path) -> Iterator[Figure]:
    models = load("one-layer", folder=folder).models
    prompts, lr = _test(PAPER), theory.best_step_size(PAPER)
    step = construct.gd_layer(10, 1, 10, lr).float()
    tuned, best = _loss(_tuned_gd(1, PAPER), prompts), _loss(_gd(lr), prompts)
    optimum = theory.expected_loss(PAPER, lr)
    found = [alignment.compare(_reads(model), _gd(lr), prompts) for model in models]
    between = [_loss(_reads(alignment.interpolate(m.layers[0], step, 10)), prompts) for m in models]
    yield Figure("loss ÷ tuned GD's, worst seed", max(a.loss for a in found) / tuned, "≤", 1.005)
    # The two losses are paired: their difference varies less between prompts than either of them.
    worst = max(optimum + a.loss - best for a in found)
    yield Figure("loss ÷ closed-form optimum, worst seed", worst / optimum, "≤", 1.015)
    yield Figure("sensitivity cosine with GD, worst seed", min(a.sensitivity_cosine for a in found), "≥", 0.999)
    yield Figure("loss of the interpolated weights ÷ GD's, worst seed", max(between) / best, "≤", 1.005)


def _out_of_distribution(folder: Path) -> Iterator[Figure]:
    models = load("one-layer", folder=folder).models
    step = _gd(theory.best_step_size(PAPER))

    def worst(tasks: list[LinearTask]) -> float:
        ratios = []
        for task in tasks:
            prompts = _test(task)
            ratios += [_loss(_reads(model), prompts) / _loss(step, prompts) for model in models]
        return max(ratios)

    scales = {alpha: replace(PAPER, x_scale=0.5 * alpha) for alpha in (0.5, 0.75, 1.0, 1.2, 2.0)}
    near = [task for alpha, task in scales.items() if alpha <= 1.2]
    yield Figure("inputs scaled by 0.5 to 1.2: loss ÷ GD's", worst(near), "≤", 1.05)
    yield Figure(
        "W* scaled by 0.5 to 5: loss ÷ GD's", worst([replace(PAPER, w_scale=a) for a in (0.5, 2.0, 5.0)]), "≤", 1.05
    )
    other = [replace(PAPER, x_dist=law, x_scale=12**-0.5) for law in ("normal", "rademacher")]
    yield Figure("normal and ±1 inputs of the same variance: loss ÷ GD's", worst(other), "≤", 1.05)
    yield Figure("inputs scaled by 2: loss ÷ GD's", worst([scales[2.0]]), "≤", 1.05)


def _heads(folder: Path) -> Iterator[Figure]:
    two, one = (load(name, folder=folder).models for name in ("one-layer-heads2", "one-layer"))
    prompts = _test(PAPER)
    losses = [sum(_loss(_reads(model), prompts) for model in models) / len(models) for models in (two, one)]
    step = _gd(theory.best_step_size(PAPER))
    cosines = [alignment.compare(_reads(model), step, prompts).sensitivity_cosine for model in two]
    yield Figure("mean loss with two heads ÷ with one: gain", losses[0] / losses[1], "≥", 0.995)
    yield Figure("mean loss with two heads ÷ with one: harm", losses[0] / losses[1], "≤", 1.005)
    yield Figure("two heads: sensitivity cosine with GD, worst seed", min(cosines), "≥", 0.998)


def _pressure_to_predict(folder: Path) -> Iterator[Figure]:
    cosines = load("one-layer", folder=folder).measured["cosine"]
    yield Figure("cosine with GD before training, largest size", float(cosines[0].abs().max()), "≤", 0.5)
    yield Figure("cosine with GD after training on the answer alone, worst seed", float(cosines[-1].min()), "≥", 0.999)


def _deep(folder: Path) -> Iterator[Figure]:
    prompts, table = _test(PAPER), load_rivals("rivals-paper", folder=folder)
    gd, gdpp = (_loss(table.predictor(form, 2), prompts) for form in ("GD", "GD++"))
    bent = table.predictor("GD++", 2)
    looped = load("looped-2", folder=folder).models
    losses = [_loss(_reads(model), prompts) for model in looped]
    cosines = [alignment.compare(_reads(model), bent, prompts).sensitivity_cosine for model in looped]
    yield Figure("two looped layers: loss ÷ tuned GD's, worst seed", max(losses) / gd, "≤", 0.8)
    yield Figure("two looped layers: loss ÷ tuned GD++'s, worst seed", max(losses) / gdpp, "≤", 1.02)
    yield Figure("two looped layers: sensitivity cosine with GD++, worst seed", min(cosines), "≥", 0.99)
    for depth, bound in ((2, 0.0944), (3, 0.048), (5, 0.045)):
        models = load(f"deep-{depth}", folder=folder).models
        losses = [_loss(_reads(model), prompts) for model in models]
        yield Figure(f"{depth} layers of their own: loss, worst seed", max(losses), "≤", bound)
        # One prompt in a million may ruin a mean. So again without the worst 1 %, on more prompts.
        rivals = {str(seed): model for seed, model in enumerate(models)} | {"GD": table.predictor("GD", depth)}
        trimmed = {name: found.trimmed for name, found in judge(rivals, PAPER, prompts=50_000).items()}
        steps = trimmed.pop("GD")
        yield Figure(f"{depth} layers of their own: trimmed mean ÷ tuned GD's, worst seed", max(trimmed.values()) / steps, "≤", 0.8)


def _read_off(folder: Path) -> Iterator[Figure]:
    models = load("looped-2", folder=folder).models
    tokens = join_tokens(_test(PAPER, 2000))
    read = [alignment.read_off(model.layers[0], tokens, 10) for model in models]
    yield Figure("R² of the x-parts, worst seed", min(one.r2_x for one in read), "≥", 0.999)
    yield Figure("R² of the y-parts, worst seed", min(one.r2_y for one in read), "≥", 0.999)
    first = read[0]
    for size in (5, 20, 40):
        task = LinearTask(dim_x=size, n_context=size, x_scale=0.5)
        prompts, gamma = _test(task), first.gamma * 10 / size  # γ before the mean stays the same

        def algorithm(p: Prompts, gamma: float = gamma) -> torch.Tensor:
            return learners.gd_plus_plus(p, first.lr, gamma, steps=2)

        fresh = _loss(_tuned_gdpp(2, task, (first.lr, gamma)), prompts)
        yield Figure(
            f"run without the network at N_x = {size}: loss ÷ freshly tuned GD++'s",
            _loss(algorithm, prompts) / fresh,
            "≤",
            1.1,
        )


def _optimum(folder: Path) -> Iterator[Figure]:
    for name in ("n20", "n40", "n100", "noise", "rotated", "rotated-noise"):
        task = named(f"optimum-{name}").task
        best = theory.best_preconditioner(task)
        models = load(f"optimum-{name}", folder=folder).models
        matrices = [alignment.preconditioner(model.layers[0], task.n_context).double() for model in models]
        away = max(float((matrix - best).norm() / best.norm()) for matrix in matrices)
        yield Figure(f"{name}: distance of the matrix from Γ⁻¹, worst seed", away, "≤", 0.02)
        yield Figure(f"{name}: loss ÷ the optimum's, worst seed", max(_above_optimum(models, task)), "≤", 1.001)
    random = load("optimum-random", folder=folder).models
    reached = [ratio < 1.05 for ratio in _above_optimum(random, named("optimum-random").task)]
    yield Figure("share of random starts that reach it", sum(reached) / len(reached), "≥", 0.9)


def _above_optimum(models: list[nn.Module], task: LinearTask) -> list[float]:
    """Loss of each whole layer ÷ the optimum's. The two are paired: measured on the same prompts, the luck of these cancels."""
    best, prompts = theory.best_preconditioner(task), _test(task, 50_000)
    lowest = theory.preconditioned_loss(task, best)
    reference = _loss(
        lambda p: learners.predict(learners.gradient_descent(p, 1.0, 1) @ best.float(), p.x_query), prompts
    )
    return [1 + (_loss(_reads(model), prompts) - reference) / lowest for model in models]


def random_self_similar_layer(dim_x: int, n_heads: int, generator: torch.Generator) -> LinearSelfAttention:
    """A layer nobody trained: keys and queries are the same random projection of x, the value is y, heads are averaged."""
    layer = LinearSelfAttention(dim_x + 1, n_heads)
    with torch.no_grad():
        projection = torch.randn(n_heads, dim_x, dim_x, generator=generator)
        layer.W_K[:, :dim_x, :dim_x] = layer.W_Q[:, :dim_x, :dim_x] = projection
        layer.W_V[:, dim_x, dim_x], layer.P[:, dim_x, dim_x] = 1.0, -1.0 / n_heads
    return layer


def _before_training(folder: Path) -> Iterator[Figure]:
    prompts = _test(PAPER, 4000)
    step = _gd(theory.best_step_size(PAPER))
    seeds = [torch.Generator().manual_seed(seed) for seed in range(20)]
    layers = [LinearSelfAttention(11, generator=seed, init_std=0.3) for seed in seeds]
    flat = [FlatNetwork(121, (256,), 1, generator=seed) for seed in seeds[:5]]
    shares = [alignment.gd_share(_reads(layer), prompts) for layer in layers]
    flat_shares = [alignment.gd_share(alignment.predictor(network), prompts) for network in flat]
    yield Figure("random attention layers: mean share of GD", sum(shares) / len(shares), "≥", 0.4)
    yield Figure("random MLPs: largest share of GD", max(flat_shares), "≤", 0.05)
    many = alignment.compare(_reads(random_self_similar_layer(10, 30, seeds[0])), step, prompts)
    yield Figure("30 random heads that compare x with x: cosine with GD", many.sensitivity_cosine, "≥", 0.95)
    large = min(_loss(alignment.predictor(model), prompts) for model in load("mlp-large", folder=folder).models)
    yield Figure("588,289 weights without attention, after 2,000 updates: loss ÷ GD's", large / _loss(step, prompts), "≥", 1.5)


#: Every claim that the chapters so far decide.
#:
#: :meta hide-value:
CLAIMS: tuple[Claim, ...] = (
    Claim("C05", "A trained one-layer model is a step of gradient descent.", "I, P", "10", _one_layer),
    Claim("C06", "It stays one out of distribution, up to a point.", "P", "10", _out_of_distribution),
    Claim("C07", "More heads do not change it.", "P", "10", _heads),
    Claim("C08", "Training needs only the pressure to predict.", "I", "10", _pressure_to_predict),
    Claim("C09", "Deep trained models are better than plain gradient descent.", "I, P", "7, 11", _deep),
    Claim(
        "C10", "The learned algorithm can be read off the weights and run without the network.", "I", "11", _read_off
    ),
    Claim("C11", "The optimum of one layer is preconditioned GD, and training reaches it.", "I, F", "12", _optimum),
    Claim("C16", "The architecture leans towards learning before it is trained.", "I", "10", _before_training),
)
