"""The experiments of chapters 13 to 15, on less simple models, as plain data."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from icllib.catalogue import FOUR, PAPER
from icllib.curves import ParabolaTask, SineTask
from icllib.kinds import Blocks, Curved, Experiment, Separate, Stack
from icllib.pools import PoolTask
from icllib.recipes import Recipe
from icllib.tasks import LinearTask

__all__ = ["everything_beyond"]


def everything_beyond() -> Iterator[Experiment]:
    """Every experiment of chapters 13 to 15, in their order."""
    yield from _less_simple()
    yield from _pools()
    yield from _curves()
    yield from _separate()


def _less_simple() -> Iterator[Experiment]:
    for heads in (1, 2):
        question = f"{heads} softmax head(s): how near does training come to the step?"
        recipe = Recipe(1500, lr=0.02)
        yield Experiment(f"softmax-{heads}", question, PAPER, Blocks(heads=heads), recipe)
    for layers in (1, 2):
        question = f"{layers} linear layer(s) behind a LayerNorm: what is lost?"
        model = Blocks(layers, softmax=False, norm=True)
        recipe = Recipe(1500, lr=0.02 / layers)
        yield Experiment(f"norm-{layers}", question, PAPER, model, recipe)
    for heads in (1, 2):
        question = f"{heads} head(s) from small weights: how long is the plateau?"
        model = Stack(heads=heads, merged=False, init_std=0.1, identity=0.0)
        recipe = Recipe(800, lr=0.01, schedule="constant")
        yield Experiment(f"plateau-{heads}", question, PAPER, model, recipe, 20, every=10)
    for layers, steps, seeds in ((2, 3000, 3), (4, 2000, 2), (12, 2000, 1)):
        question = f"{layers} blocks as in a GPT: do more of them do more steps?"
        model = Blocks(layers, heads=4, norm=True, hidden=64, width=32)
        recipe = Recipe(steps, batch=256, lr=0.002)
        yield Experiment(f"blocks-{layers}", question, PAPER, model, recipe, seeds)


def _pools() -> Iterator[Experiment]:
    recipe = Recipe(3000, lr=0.01, schedule="constant")
    for size in (16, 32, 64, 96, 128, 192, 256, 512, 2048, 8192, 32768):
        question = f"Only {size:,} prompts to learn from: by heart, or the method?"
        pool = PoolTask(PAPER, size)
        yield Experiment(f"pool-{size}", question, pool, FOUR, recipe, 3)
    for size in (2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048):
        question = f"Only {size} linear functions, in ever new prompts?"
        pool = PoolTask(PAPER, size, fixed="W*")
        yield Experiment(f"pool-w-{size}", question, pool, FOUR, recipe, 3)
    for size in (128, 512):
        question = f"Ten times as long on {size} prompts: does the method come late?"
        long = replace(recipe, steps=30_000)
        pool = PoolTask(PAPER, size)
        yield Experiment(f"pool-{size}-long", question, pool, FOUR, long, 2, every=500)


def _curves() -> Iterator[Experiment]:
    recipe = Recipe(1000, batch=256, lr=0.005)
    longer = replace(recipe, steps=1500)
    sines, half = SineTask(), SineTask(turn=math.pi)
    paper = SineTask(turn=math.pi, most=0.5, tied=True)
    for name, question, task, model, how in (
        ("1", "One layer behind a network: a step?", sines, Curved(), recipe),
        ("2", "Two layers: more than two steps?", sines, Curved(2), longer),
        ("looped", "One layer looped twice?", sines, Curved(looped=2), longer),
        ("half", "Phases of half a circle: what is lost?", half, Curved(), recipe),
        ("paper", "The task of the paper's code?", paper, Curved(), recipe),
        ("parabola", "Another family: parabolas?", ParabolaTask(), Curved(), recipe),
    ):
        yield Experiment(f"curves-{name}", question, task, model, how, 3)


def _separate() -> Iterator[Experiment]:
    model, task = Separate(), LinearTask(3, n_context=6)
    # No warm-up, which would lengthen the plateau by its own length.
    recipe = Recipe(1000, batch=256, lr=0.01, schedule="constant", warmup=0.0)

    def plateau(name: str, question: str, **changed: object) -> Experiment:
        own = {"task": task, "model": model, "recipe": recipe, "seeds": 10, "every": 50} | changed
        return Experiment(f"separate-{name}", question, **own)

    yield plateau("6", "Separate tokens: when does the step appear?")
    for lr, steps in ((0.0025, 2500), (0.005, 1500), (0.02, 500)):
        how = replace(recipe, lr=lr, steps=steps)
        yield plateau(f"lr-{lr}", f"… with a learning rate of {lr}?", recipe=how)
    for std in (0.01, 0.04, 0.08):
        start = replace(model, init_std=std)
        yield plateau(f"start-{std}", f"… from weights of {std}?", model=start)
    for n, steps in ((3, 600), (4, 600), (9, 1000), (12, 1200)):
        other, how = LinearTask(3, n_context=n), replace(recipe, steps=steps)
        yield plateau(f"{n}", f"… with {n} examples?", task=other, recipe=how)
    linear = {"model": replace(model, softmax=False, init_std=0.1), "every": 200}
    how = Recipe(3000, batch=256, lr=0.003)
    question = "… where the first layer is linear?"
    yield plateau("linear", question, recipe=how, seeds=5, **linear)
    yield plateau("paper-linear", question, task=PAPER, recipe=how, seeds=3, **linear)
    how = Recipe(1500, batch=512, lr=0.005)
    yield plateau("paper", "… at the paper's size?", task=PAPER, recipe=how, seeds=5)
    causal, how = replace(model, causal=True, init_std=0.2), Recipe(2000, batch=256, lr=0.003)
    question = "A causal mask, and every label predicted: what is learned?"
    yield plateau("causal", question, model=causal, recipe=how, seeds=5)
