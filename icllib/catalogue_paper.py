"""The experiments that only the appendix on the paper's figures needs, and those of the paper's
size, for an accelerator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from icllib.blocks import Cut
from icllib.catalogue import PAPER
from icllib.kinds import Blocks, Experiment, Rival, Stack, Tuning
from icllib.pools import PoolTask
from icllib.recipes import Recipe

_PRODUCTS = ("W_Q", "P")  # what `Stack` trains

__all__ = ["at_full_size", "everything_paper"]


def everything_paper() -> Iterator[Experiment | Tuning]:
    """What the figures 3, 7, 8, 13 and 15 of von Oswald et al. (2023) need beside the chapters."""
    question = "Five layers of their own: what do they pass on the way?"
    recipe = Recipe(2500, lr=0.007, dtype="float64")
    yield Experiment("deep-5-path", question, PAPER, Stack(5), recipe, 1, 125, True)
    question = "One layer looped ten times?"
    recipe = Recipe(1500, lr=0.004, trains=_PRODUCTS)
    loops = Cut(Stack(looped=10, init_std=0.005))
    yield Experiment("looped-10", question, PAPER, loops, recipe, 2, 150)
    for size in (25, 50, 100):
        question = f"One layer looped twice, {size} examples: which bend?"
        task = replace(PAPER, n_context=size)
        recipe = Recipe(1000, lr=0.004)
        yield Experiment(f"looped-2-n{size}", question, task, Stack(looped=2), recipe, 2)
    blocks = Cut(Blocks(4, heads=4, softmax=False, hidden=44, init_std=0.1))
    question = "Four linear blocks with small networks, and no norm?"
    recipe = Recipe(2000, batch=256, lr=0.002)
    yield Experiment("linear-blocks-4", question, PAPER, blocks, recipe, 1)
    block, pool = Blocks(softmax=False, hidden=44), PoolTask(PAPER, 8192)
    question = "A block on 8,192 prompts: does the method come late?"
    recipe = Recipe(6000, lr=0.002, schedule="constant")
    yield Experiment("pool-8192-block", question, pool, block, recipe, 2, 100)
    rates = {10: ((5.0,),), 12: ((5.0,),)}
    pairs = {10: ((17.0, 0.17),), 12: ((17.0, 0.17),)}
    question = "How low do ten and twelve steps come, their numbers tuned?"
    rivals = (Rival("GD", rates), Rival("GD++", pairs))
    yield Tuning("rivals-long", question, PAPER, rivals)


def at_full_size() -> Iterator[Experiment]:
    """Figures 7, 8 and 16 in the paper's own size and with its own recipe (appendix A.12). Two
    cores would need hours; `run all` leaves them out."""
    recipe = Recipe(30_000, batch=2048, lr=0.0005, schedule="constant", clip=10.0, dtype="float64")
    yield Experiment(
        "paper-looped-10",
        "Figure 7 at full size: ten loops, the paper's batch and rate?",
        PAPER,
        Cut(Stack(looped=10, merged=False, init_std=0.05, identity=0.0)),
        recipe,
        5,
        500,
    )
    yield Experiment(
        "paper-blocks-12",
        "Figure 8 at full size: twelve linear blocks with four heads and networks?",
        PAPER,
        Cut(Blocks(12, heads=4, softmax=False, hidden=44, init_std=0.05)),
        recipe,
        1,
        500,
    )
    for size in (128, 512, 2048, 8192):
        yield Experiment(
            f"paper-pool-{size}",
            f"Figure 16 at full size: batches as large as the pool, {size:,} prompts?",
            PoolTask(PAPER, size),
            Stack(merged=False, init_std=0.2, identity=0.0),
            Recipe(5000, batch=size, lr=0.001, schedule="constant", clip=10.0),
            5,
            100,
        )
