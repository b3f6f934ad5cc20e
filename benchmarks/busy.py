"""What a training takes on a machine with other work, and what a first one costs."""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator

from figure import ROOT, Figure, quiet

PROGRAM = """
import sys, time, torch
from dataclasses import replace
from icllib.experiments import named
from icllib.training import loss_from_moments, train
experiment, seeds, clock = named(sys.argv[1]), range(int(sys.argv[2])), getattr(time, sys.argv[3])
recipe = replace(experiment.recipe, trains=experiment.model.trains)
draw = experiment.model.build(experiment.task)
for steps in (1, recipe.steps):
    start = clock()
    one = replace(recipe, steps=steps)
    train(draw, experiment.task, one, seeds, objective=loss_from_moments, progress=False)
    print(clock() - start)
"""


def took(name: str, seeds: int, clock: str, **environment: str) -> tuple[float, float]:
    """Seconds of a first call, one update long, and of the whole training after it, when fresh."""
    options = {"env": os.environ | {"PYTHONPATH": str(ROOT)} | environment}
    first, whole = quiet(sys.executable, "-c", PROGRAM, name, seeds, clock, **options).split()
    return float(first), float(whole)


@contextlib.contextmanager
def other_work(processes: int) -> Iterator[None]:
    """So many processes that never rest."""
    started = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(processes)
    ]
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


def busy() -> Iterator[Figure]:
    """Trainings on one thread, in the processor's seconds; and one beside much other work."""
    for name, seeds, target in (("one-layer", 1, 0.6), ("one-layer", 5, 1.5), ("looped-2", 1, 2.0)):
        runs = [took(name, seeds, "process_time", OMP_NUM_THREADS="1") for _ in range(3)]
        first, whole = (statistics.median(times) for times in zip(*runs, strict=True))
        yield Figure(f"{name}, {seeds} seed(s), one thread", whole, "s", target)
        yield Figure(f"{name}, {seeds} seed(s), the first call more", first, "s", 0.5)
    from icllib.threads import cores

    alone = statistics.median(took("one-layer", 1, "perf_counter")[1] for _ in range(3))
    with other_work(2 * cores()):
        beside = statistics.median(took("one-layer", 1, "perf_counter")[1] for _ in range(3))
    yield Figure(
        "one-layer beside twice as many busy processes as cores ÷ alone", beside / alone, "", 3
    )
