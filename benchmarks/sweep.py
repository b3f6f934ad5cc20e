"""A sweep on a Dask cluster: what a second worker is worth."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from figure import Figure

SEEDS, UPDATES = 8, 400


def _seconds(workers: int) -> float:
    """How long a cluster of so many workers, each with a thread, needs for the seeds."""
    from distributed import Client, LocalCluster

    from icllib.experiments import named
    from icllib.runs import run

    layer = named("one-layer")
    sweep = replace(layer, seeds=SEEDS, recipe=replace(layer.recipe, steps=UPDATES))
    warm = replace(sweep, seeds=2 * workers, recipe=replace(sweep.recipe, steps=3))
    with (
        tempfile.TemporaryDirectory() as folder,
        LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster),
    ):
        took = []
        for experiment in (warm, sweep):  # workers have loaded torch before the clock runs
            start = time.perf_counter()
            address = cluster.scheduler_address
            run(experiment, scheduler=address, folder=Path(folder), progress=False)
            took.append(time.perf_counter() - start)
    return took[-1]


def sweep() -> Iterator[Figure]:
    """The same seeds on one worker and on two."""
    one, two = _seconds(1), _seconds(2)
    yield Figure(f"sweep of {SEEDS} seeds on a Dask cluster, one worker", one, "s")
    yield Figure(f"sweep of {SEEDS} seeds on a Dask cluster, two workers", two, "s")
    yield Figure("efficiency that the second worker costs", 1 - one / (2 * two), "", 0.15)
