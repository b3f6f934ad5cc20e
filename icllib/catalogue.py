"""The experiments of chapters 7 to 12, as plain data: names, numbers and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import torch

from icllib.kinds import Experiment, Flat, Rival, Stack, Tuning
from icllib.recipes import Recipe
from icllib.tasks import BalancedTask, LinearTask

__all__ = ["CLEAN", "FOUR", "PAPER", "everything"]

#: The paper's setting: x ~ U(−½, ½), N = N_x = 10.
PAPER = LinearTask(x_scale=0.5)
#: Few inputs, many examples: a setting in which depth shows clearly.
CLEAN = LinearTask(dim_x=5, n_context=20, x_scale=0.5)

#: One layer whose four matrices all learn, from noise.
FOUR = Stack(merged=False, init_std=0.2, identity=0.0)
_LAYER = Recipe(steps=200, batch=2048, lr=0.02)


def _spectrum(n_context: int, noise_std: float = 0.0, rotated: bool = False) -> LinearTask:
    """Gaussian inputs whose covariance has the eigenvalues ¼, ½, 1, 2, 4, along the axes or along
    drawn directions."""
    covariance = torch.diag(torch.tensor([0.25, 0.5, 1.0, 2.0, 4.0], dtype=torch.float64))
    if rotated:
        directions = torch.randn(
            5, 5, generator=torch.Generator().manual_seed(3), dtype=torch.float64
        )
        basis = torch.linalg.qr(directions).Q
        covariance = basis @ covariance @ basis.T
        covariance = (covariance + covariance.T) / 2
    return LinearTask(5, n_context=n_context, covariance=covariance, noise_std=noise_std)


def everything() -> Iterator[Experiment | Tuning]:
    """Every experiment of chapters 7 to 12, in their order."""
    yield from _one_layer()
    yield from _deep()
    yield from _from_other_starts()
    yield from _well_conditioned()
    yield from _on_spectra()
    yield _rivals("paper", PAPER, 5, 1 / PAPER.n_context)
    yield _rivals("clean", CLEAN, 3, 1 / CLEAN.n_context)


def _one_layer() -> Iterator[Experiment]:
    yield Experiment(
        "one-layer", "What does training find in one layer?", PAPER, FOUR, _LAYER, every=10
    )
    for size in (5, 20):
        task = LinearTask(dim_x=size, n_context=size, x_scale=0.5)
        question = f"… with N = N_x = {size}?"
        yield Experiment(f"one-layer-nx{size}", question, task, FOUR, _LAYER, every=20)
    two = replace(FOUR, heads=2)
    yield Experiment(
        "one-layer-heads2", "Does a second head change it?", PAPER, two, _LAYER, every=20
    )
    for name, hidden, seeds in (
        ("small", (2,), 3),
        ("middle", (256,), 3),
        ("large", (512, 512, 512), 1),
    ):
        recipe = Recipe(steps=2000, batch=512, lr=0.001)
        yield Experiment(
            f"mlp-{name}",
            "Can a network without attention?",
            PAPER,
            Flat(hidden),
            recipe,
            seeds,
            200,
        )
    few = LinearTask(2, n_context=4, x_scale=0.5)
    question = "And where the prompt is short, and training long?"
    long = Recipe(6000, batch=256, lr=0.002)
    yield Experiment("mlp-long", question, few, Flat((256, 256)), long, 2, 500)


def _deep() -> Iterator[Experiment]:
    question = "One layer looped twice: does training find GD, or something better?"
    twice = Recipe(1000, lr=0.004)
    yield Experiment(
        "looped-2", question, PAPER, Stack(looped=2), twice, every=50, keep_weights=True
    )
    for depth in (3, 4, 5):
        question = f"One layer looped {depth} times?"
        recipe = Recipe(1500, lr=0.007, dtype=_enough(depth))
        yield Experiment(f"looped-{depth}", question, PAPER, Stack(looped=depth), recipe, 3)
    for depth, steps, lr, seeds in (
        (2, 1200, 0.01, 5),
        (3, 2000, 0.01, 4),
        (4, 2000, 0.008, 3),
        (5, 2500, 0.007, 3),
    ):
        question = f"{depth} layers of their own: how good?"
        recipe = Recipe(steps, lr=lr, dtype=_enough(depth))
        yield Experiment(f"deep-{depth}", question, PAPER, Stack(depth), recipe, seeds)


def _enough(depth: int) -> str:
    """The precision in which no prompt overflows: four layers make polynomials of degree 40."""
    return "float64" if depth > 3 else "float32"


def _from_other_starts() -> Iterator[Experiment]:
    random = Stack(looped=2, init_std=0.3, identity=0.0)
    yield Experiment(
        "looped-2-random", "… from a random start?", PAPER, random, Recipe(1500, lr=0.01)
    )
    # From much noise training needs longer to come to its end, good or bad.
    for name, std, identity, steps in (
        ("random", 0.3, 0.0, 3000),
        ("mixed", 0.3, 0.3, 3000),
        ("small", 0.02, 0.0, 1200),
    ):
        question = f"Two layers, start {identity} I + {std} noise: how many starts get stuck?"
        start = Stack(2, init_std=std, identity=identity)
        yield Experiment(f"deep-2-{name}", question, PAPER, start, Recipe(steps, lr=0.01), 8)


def _well_conditioned() -> Iterator[Experiment]:
    for depth in (1, 2, 3):
        question = f"{depth} layers where prompts are well conditioned?"
        yield Experiment(
            f"clean-deep-{depth}", question, CLEAN, Stack(depth), Recipe(1500, lr=0.01), 3
        )
    for depth in (2, 3):
        question = f"One layer looped {depth} times where prompts are well conditioned?"
        yield Experiment(
            f"clean-looped-{depth}", question, CLEAN, Stack(looped=depth), Recipe(1500, lr=0.01), 3
        )


#: Where the tuning of a pair a layer begins, η by layer and then γ before the mean of x xᵀ: grown
#: by hand from the best end one layer below, and as read off the first trained network of each
#: depth.
_PAIRS = {
    1: ((5.0,),),
    2: ((4.0, 36.0, 4.0), (4.0, 35.5, 4.1)),
    3: ((4.0, 36.0, 180.0, 4.0, 16.0), (3.3, 26.9, 240.0, 3.1, 27.7)),
    4: ((3.3, 27.0, 240.0, 1000.0, 3.1, 28.0, 80.0), (2.9, 16.7, 105.0, 349.0, 2.4, 10.8, 38.0)),
    5: (
        (3.4, 20.0, 230.0, 1000.0, 4000.0, 2.8, 19.0, 87.0, 300.0),
        (3.5, 14.6, 53.0, 120.0, 259.0, 2.1, 7.3, 23.0, 29.0),
    ),
}  # fmt: skip


def _rivals(name: str, task: LinearTask, deepest: int, sum_to_mean: float) -> Tuning:
    """The rivals at depths 1 to `deepest`; `sum_to_mean` turns γ before the mean into γ before the
    sum, 1/N."""
    depths = range(1, deepest + 1)

    def same(*start: float) -> dict[int, tuple[tuple[float, ...], ...]]:
        return dict.fromkeys(depths, (start,))

    pairs = {
        k: tuple((*start[:k], *(bend * sum_to_mean for bend in start[k:])) for start in _PAIRS[k])
        for k in depths
    }
    bent = {1: ((5.0,),)} | {k: ((4.0 + 3.0 * k, 1.7 * sum_to_mean),) for k in depths if k > 1}
    return Tuning(
        f"rivals-{name}",
        "How low do textbook learners come with as many steps, their numbers tuned?",
        task,
        (
            Rival("GD", same(5.0)),
            Rival(
                "GD, a rate a step", {k: (tuple(3.0 + 4.0 * j for j in range(k)),) for k in depths}
            ),
            Rival("momentum", same(5.0, 0.3)),
            Rival("Chebyshev", same(0.03, 0.25)),
            Rival("Newton–Schulz", same(4.0)),
            Rival("CG", same()),
            Rival("GD++", bent),
            Rival("GD++, a pair a layer", pairs, online=True),
        ),
    )


def _on_spectra() -> Iterator[Experiment]:
    optimum = Recipe(2000, batch=4096, lr=0.02)
    for name, task in {
        "n10": _spectrum(10),
        "n20": _spectrum(20),
        "n40": _spectrum(40),
        "n100": _spectrum(100),
        "noise": _spectrum(20, 2.0),
        "rotated": _spectrum(20, 0.0, True),
        "rotated-noise": _spectrum(20, 2.0, True),
    }.items():
        yield Experiment(
            f"optimum-{name}", "Is the optimum preconditioned GD?", task, Stack(), optimum, 3
        )
    random, recipe = Stack(init_std=0.3, identity=0.0), Recipe(1500, 1024, 0.02)
    yield Experiment("optimum-random", "… from a random start?", _spectrum(20), random, recipe, 8)
    for name, seed in (("two", 0), ("two-other", 1)):
        recipe_of_two = Recipe(2000, 1024, 0.01, data_seed=seed)
        question = "Two layers: is each preconditioned with Λ⁻¹?"
        yield Experiment(f"optimum-{name}", question, _spectrum(20), Stack(2), recipe_of_two, 3)
        balanced = BalancedTask(5, n_context=20, covariance=_spectrum(20).covariance)
        question = "… where W* ~ N(0, Λ⁻¹), as Ahn et al. assume?"
        yield Experiment(f"optimum-{name}-balanced", question, balanced, Stack(2), recipe_of_two, 3)
    even = LinearTask(
        5, n_context=20, x_dist="normal", x_scale=1.55**0.5
    )  # the same trace, all eigenvalues alike
    yield Experiment(
        "optimum-random-even", "… where all directions are alike?", even, random, recipe, 8
    )
