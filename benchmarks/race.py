"""Time to the same loss: the book's training, a plain loop over tokens, and the paper's updates."""

from __future__ import annotations

import json
import os
import statistics
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from figure import ROOT, Figure, quiet

SLACK = {"one-layer": 1.005, "looped-2": 1.02}  # of the loss of tuned GD, and of tuned GD++
RUNS = {"one-layer": ["lsa1_seed0", "lsa1_seed1", "lsa1_seed2"], "looped-2": ["lsa2rec_seed0"]}
CONTESTANTS = {
    "book": "the book's train",
    "loop": "a loop over tokens, the book's numbers",
    "authors": "a loop over tokens, the authors' numbers",
}


@cache
def goal(name: str) -> float:
    """The loss to reach, on the prompts of the race."""
    import torch
    from contestant import test_prompts

    from icllib import learners, theory
    from icllib.experiments import PAPER
    from icllib.rivals import FORMS
    from icllib.tuning import tune

    prompts = test_prompts(PAPER)
    if name == "one-layer":
        step = theory.best_step_size(PAPER)
        answers = learners.predict(learners.gradient_descent(prompts, step, 1), prompts.x_query)
    else:
        rates = tune(PAPER, FORMS["GD++"](2), [12.0, 0.17], torch.Generator().manual_seed(0)).values
        answers = FORMS["GD++"](2)(prompts, *rates)
    return SLACK[name] * float(learners.query_loss(answers, prompts).mean())


def contest(who: str, name: str, seed: int) -> dict[str, float | None]:
    """One run in a fresh process on one thread."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    script = Path(__file__).with_name("contestant.py")
    return json.loads(quiet(sys.executable, script, who, name, seed, goal(name), env=environment))


def authors_updates(name: str, run: str) -> int | None:
    """The first measured step at which the paper's code was as good, by its own test prompts."""
    from icllib.datasets import paper_runs

    stored = paper_runs()[run]
    rival = stored["loss_gd"] if name == "one-layer" else stored["loss_gdpp"]
    return next((row["step"] for row in stored["curve"] if row["tf"] <= SLACK[name] * rival), None)


def race() -> Iterator[Figure]:
    """Processor's seconds from a cold start to the same loss, one seed, one thread."""
    for name, runs in RUNS.items():
        found: dict[str, list[float]] = {}
        for seed, run in enumerate(runs):
            for who, what in CONTESTANTS.items():
                result = contest(who, name, seed)
                reached = result["seconds"] is not None
                took = result["seconds"] if reached else result["whole"]
                found.setdefault(who, []).append(took)
                after = f"after {result['updates']} updates" if reached else "not there at its end"
                yield Figure(f"{name}, seed {seed}, {what}, {after}", took, "s")
            updates = authors_updates(name, run)
            yield Figure(
                f"{name}, seed {seed}, the paper's code, measured every 100",
                updates or -1,
                "updates",
            )
        for who in ("loop", "authors"):
            ratio = statistics.median(b / o for b, o in zip(found["book"], found[who], strict=True))
            target = 1 / 6 if who == "authors" else None
            yield Figure(f"{name}, the book's time ÷ that of {CONTESTANTS[who]}", ratio, "", target)
