"""Many experiments, several at a time, and on from where it stopped."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from joblib import Parallel, delayed
from tqdm import tqdm

from icllib.errors import check_count
from icllib.files import FileError, digest, write_atomically
from icllib.kinds import Experiment, Tuning
from icllib.runs import run
from icllib.store import FOLDER, MissingResultError, Result, StaleResultError, load

__all__ = ["run_all"]


def run_all(
    experiments: Sequence[Experiment | Tuning],
    *,
    device: str = "cpu",
    jobs: int = 1,
    scheduler: str | None = None,
    folder: Path = FOLDER,
    progress: bool = True,
) -> Iterator[tuple[Experiment | Tuning, Result]]:
    """Run all of them, and yield each with its result when it is done.

    Interrupted, and called again with the same experiments, it goes on with those that are left,
    and these from their checkpoints. Those that took longest the last time come first, so that no
    process waits for a late one.

    Args:
        experiments: what to train or tune.
        device, scheduler, folder: as in `runs.run`.
        jobs: experiments at a time, each in a process and on a thread of its own.
        progress: show a bar, of the experiment that runs, or with several jobs of those that are
            done.

    Raises:
        FileError, InputError: as `runs.run`; what is done by then is not lost.
    """
    check_count("jobs", jobs)
    codes = [digest(experiment) for experiment in experiments]
    note = folder / ".checkpoints" / f"all-{digest([*codes, device, str(torch.__version__)])[:12]}"
    done = _read(note)
    left = [place for place, code in enumerate(codes) if code not in done]
    left.sort(key=lambda place: -_seconds(experiments[place], folder))
    options = {"device": device, "scheduler": scheduler, "folder": folder}
    if jobs == 1 or scheduler is not None:
        results = ((p, run(experiments[p], progress=progress, **options)) for p in left)
    else:
        engine = Parallel(n_jobs=jobs, backend="loky", return_as="generator_unordered")
        results = engine(delayed(_run_alone)(p, experiments[p], options) for p in left)
    several = tqdm(
        results,
        "experiments",
        total=len(codes),
        initial=len(codes) - len(left),
        disable=not progress or jobs == 1,
    )
    for place, result in several:
        done.append(codes[place])
        write_atomically(note, json.dumps(done).encode())
        yield experiments[place], result
    note.unlink(missing_ok=True)


def _run_alone(place: int, experiment: Experiment | Tuning, options: dict) -> tuple[int, Result]:
    torch.set_num_threads(1)
    return place, run(experiment, progress=False, **options)


def _read(note: Path) -> list[str]:
    """What is done; nothing, where the note is damaged."""
    try:
        return list(json.loads(note.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return []


def _seconds(experiment: Experiment | Tuning, folder: Path) -> float:
    """How long it took the last time."""
    try:
        return float(load(experiment, folder).record["seconds"])
    except (MissingResultError, StaleResultError, FileError):
        return 0.0
