"""Running an experiment: on one core or many, on a cluster, and again after an interruption."""

from __future__ import annotations

import functools
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import torch
from joblib import Parallel, delayed
from torch import Tensor, nn
from tqdm import tqdm

from icllib import alignment, construct, rivals
from icllib.attention import from_moments
from icllib.errors import InputError, check_choice, check_count
from icllib.files import FileError, digest, plain, read_checkpoint, write_checkpoint
from icllib.kinds import Experiment, Rival, Separate, Stack, Tuning
from icllib.learners import query_loss
from icllib.pools import PoolTask
from icllib.separate import copying, loss_of_every_label
from icllib.store import FOLDER, Result, making, save
from icllib.tasks import LinearTask, Prompts
from icllib.tokens import join_tokens, read_prediction
from icllib.training import loss_from_moments, loss_from_tokens, train

__all__ = ["run"]

_TEST_SEED, _TEST_BATCH = 99, 1000
_PATIENCE = 30  # seconds for a cluster to answer


def run(
    experiment: Experiment | Tuning,
    *,
    device: str = "cpu",
    jobs: int = 1,
    scheduler: str | None = None,
    folder: Path = FOLDER,
    progress: bool = True,
) -> Result:
    """Train an experiment, or tune its rivals, and store the result.

    With one job all seeds train at once. Interrupted, it goes on from its checkpoints when it is
    called again.

    Args:
        experiment: what to train or tune; every rival at every depth takes the place of a seed.
        device: "cpu" or "cuda"; tunings run on the CPU.
        jobs: processes of this machine over which joblib spreads the seeds.
        scheduler: the address of a Dask scheduler, whose workers take one seed each. Where they see
            `folder`, a seed of a lost worker goes on from its checkpoint; where not, it starts
            again.
        folder: for the result and, in `.checkpoints`, for what is not finished.
        progress: show a bar (one job only).

    Raises:
        FileError: a checkpoint is damaged, or the folder cannot be written.
        InputError: a number or device that cannot be, or no Dask scheduler at the address.
    """
    check_count("jobs", jobs)
    check_choice("device", device.split(":")[0], ("cpu", "cuda"))
    if device != "cpu" and not torch.cuda.is_available():
        raise InputError(f"device = {device!r}, expected 'cpu': torch sees no CUDA device here")
    place = _writable(folder / ".checkpoints")
    start = time.perf_counter()
    if isinstance(experiment, Tuning):
        calls, tensors, about = _tune_all(experiment, jobs, scheduler, place, progress)
        device = "cpu"
    else:
        calls, tensors, about = _train_all(experiment, device, jobs, scheduler, place, progress)
    record = making(time.perf_counter() - start, device) | about
    result = Result(experiment.name, plain(experiment), tensors, record)
    save(result, folder)
    for checkpoint in calls:
        checkpoint.unlink(missing_ok=True)
    return result


def _train_all(
    experiment: Experiment,
    device: str,
    jobs: int,
    scheduler: str | None,
    place: Path,
    progress: bool,
) -> tuple[list[Path], dict[str, Tensor], dict]:
    """Train all seeds; return the checkpoints, the tensors, and what to record of them."""
    seeds = list(range(experiment.seeds))
    parts = min(len(seeds), jobs) if scheduler is None else len(seeds)
    chunks = [
        seeds[len(seeds) * part // parts : len(seeds) * (part + 1) // parts]
        for part in range(parts)
    ]
    code = digest(experiment)[:12]
    calls = [
        (
            experiment,
            chunk,
            device,
            place / f"{experiment.name}-{code}-{device[:4]}-{chunk[0]}-{chunk[-1]}",
        )
        for chunk in chunks
    ]
    if parts == 1 and scheduler is None:
        outcomes = [_train_part(*calls[0], progress=progress)]
    else:
        threads = max(1, torch.get_num_threads() // parts) if scheduler is None else None
        part = functools.partial(_train_part, threads=threads, progress=False)
        outcomes = _spread(part, calls, jobs, scheduler)
    return [call[-1] for call in calls], *_gather(seeds, outcomes)


def _tune_all(
    tuning: Tuning, jobs: int, scheduler: str | None, place: Path, progress: bool
) -> tuple[list[Path], dict[str, Tensor], dict]:
    """Tune every rival at every depth; return what `_train_all` returns."""
    code = digest(tuning)[:12]
    parts = [
        (rival, depth, place / f"{tuning.name}-{code}-{k}")
        for k, (rival, depth) in enumerate(tuning.parts)
    ]
    if jobs == 1 and scheduler is None:
        bar = tqdm(parts, disable=None if progress else True, unit="rival", leave=False)
        outcomes = [_tune_part(tuning, *part) for part in bar]
    else:
        part = functools.partial(_tune_part, tuning)
        outcomes = _spread(part, parts, jobs, scheduler)
    tensors = {
        f"{what}/{rival.form}/{depth}": tensor
        for (rival, depth, _), outcome in zip(parts, outcomes, strict=True)
        for what, tensor in outcome.items()
    }
    spent = sum(float(outcome["seconds"]) for outcome in outcomes)
    about = {"seeds": [tuning.seed], "seconds": round(spent, 1)}  # before an interruption too
    return [path for *_, path in parts], tensors, about


def _tune_part(tuning: Tuning, rival: Rival, depth: int, checkpoint: Path) -> dict[str, Tensor]:
    """One rival at one depth; read from its checkpoint where that is finished already."""
    identity = {"tuning": plain(tuning), "form": rival.form, "depth": depth}
    identity["torch"] = str(torch.__version__)
    if checkpoint.exists():
        return read_checkpoint(checkpoint, identity)
    start = time.perf_counter()
    found = rivals.settle(tuning, rival, depth)
    found["seconds"] = torch.tensor(time.perf_counter() - start)
    if checkpoint.parent.is_dir():
        write_checkpoint(checkpoint, identity, found)
    return found


def _writable(place: Path) -> Path:
    """The folder, made and tried before hours of training end in front of a closed door."""
    try:
        place.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=place).close()
    except OSError as error:
        raise FileError(
            f"{place} cannot be written ({error.strerror}); choose a folder that can"
        ) from error
    return place


def _spread(
    function: Callable[..., object], calls: list[tuple], jobs: int, scheduler: str | None
) -> list:
    """The function's value for each of the calls, from processes here or from a cluster."""
    if scheduler is None:
        return Parallel(n_jobs=jobs, backend="loky")(delayed(function)(*call) for call in calls)
    try:
        from distributed import Client, comm
    except ImportError as error:
        raise InputError(
            "scheduler was given, expected the package distributed: pip install icllib[cluster]"
        ) from error
    with ExitStack() as stack:  # a client that gets no worker is closed as well
        try:
            comm.resolve_address(scheduler)  # a client of no address would stay, half made
            client = stack.enter_context(Client(scheduler, timeout=_PATIENCE))
            client.wait_for_workers(1, timeout=_PATIENCE)
        except (OSError, ValueError, TypeError, AssertionError) as error:  # nobody, or no address
            raise InputError(
                f"scheduler = {scheduler!r} does not answer, expected the address of a running "
                "Dask scheduler such as 'tcp://127.0.0.1:8786', with a worker"
            ) from error
        # joblib would keep the work here where the cluster has one core.
        return client.gather([client.submit(function, *call, pure=False) for call in calls])


def _train_part(
    experiment: Experiment,
    seeds: list[int],
    device: str,
    checkpoint: Path,
    threads: int | None = None,
    progress: bool = True,
) -> tuple[dict[str, Tensor], list[int], dict[int, int], float]:
    """Train some seeds; only plain tensors travel back."""
    if threads is not None:
        torch.set_num_threads(threads)
    task, model = experiment.task, experiment.model
    is_stack = isinstance(model, Stack)
    is_causal = isinstance(model, Separate) and model.causal
    of_tokens = loss_of_every_label if is_causal else loss_from_tokens
    trained = train(
        model.build(task),
        task,
        replace(experiment.recipe, trains=model.trains) if is_stack else experiment.recipe,
        seeds,
        objective=loss_from_moments if is_stack else of_tokens,
        measures=_measures(
            task, from_moments if is_stack else _from_tokens, experiment.recipe.dtype, device
        )
        | (_maps(task, device) if isinstance(model, Separate) and model.softmax else {}),
        every=experiment.every,
        keep_weights=experiment.keep_weights,
        checkpoint=checkpoint if checkpoint.parent.is_dir() else None,
        device=device,
        progress=progress,
    )
    names = [name for name, _ in trained.models[0].named_parameters()]
    own = [dict(one.named_parameters()) for one in trained.models]
    tensors = {
        f"weights/{name}": torch.stack([p[name].detach().cpu() for p in own]) for name in names
    }
    tensors |= {f"measured/{name}": values for name, values in trained.measured.items()}
    tensors |= {f"kept/{name}": values for name, values in trained.weights.items()} | {
        "losses": trained.losses
    }
    return tensors, trained.steps, trained.stopped, trained.seconds


def _from_tokens(model: nn.Module, prompts: Prompts) -> Tensor:
    return read_prediction(model(join_tokens(prompts)), prompts.dim_y)


def _measures(
    task: LinearTask | PoolTask, predict: Callable, dtype: str, device: str
) -> dict[str, Callable[[nn.Module], float]]:
    """Loss on new prompts, and the sensitivity cosine with a single gradient step, of whatever
    length; of a pool of tasks, the loss on those as well."""
    is_pool = isinstance(task, PoolTask)

    def test(of: LinearTask | PoolTask) -> Prompts:
        generator = torch.Generator().manual_seed(_TEST_SEED)
        return of.sample(_TEST_BATCH, generator, getattr(torch, dtype)).to(device)

    prompts = test(task.source if is_pool else task)
    step = construct.gd_layer(task.dim_x, task.dim_y, task.n_context, lr=1.0).to(prompts.x)
    slopes = alignment.sensitivity(lambda p: from_moments(step, p), prompts).flatten(1)

    def loss(model: nn.Module, on: Prompts = prompts) -> float:
        with torch.no_grad():
            return float(query_loss(predict(model, on), on).mean())

    def cosine(model: nn.Module) -> float:
        own = alignment.sensitivity(lambda p: predict(model, p), prompts).flatten(1)
        return float(torch.cosine_similarity(own, slopes, dim=1).mean())

    measures = {"loss": loss, "cosine": cosine}
    if is_pool:
        seen = test(task)
        measures["seen"] = lambda model: loss(model, seen)
    return measures


def _maps(task: LinearTask, device: str) -> dict[str, Callable[[nn.Module], float]]:
    """What the first layer copies from."""
    prompts = task.sample(64, torch.Generator().manual_seed(_TEST_SEED)).to(device)
    return {name: lambda model, n=name: copying(model, prompts)[n] for name in ("next", "previous")}


def _gather(seeds: list[int], outcomes: list) -> tuple[dict[str, Tensor], dict]:
    """Put the parts of several processes side by side again; a part that stopped early is filled up
    with NaN."""
    steps = max((steps for _, steps, _, _ in outcomes), key=len)
    tensors = {}
    for name in outcomes[0][0]:
        parts = [part[name] for part, *_ in outcomes]
        axis = 0 if name.startswith("weights/") else 1
        rows = max(len(part) for part in parts)
        if axis == 1:
            parts = [
                torch.cat([p, p.new_full((rows - len(p), *p.shape[1:]), torch.nan)]) for p in parts
            ]
        tensors[name] = torch.cat(parts, dim=axis)
    about = {
        "seeds": seeds,
        "steps": steps,
        "stopped": {
            str(seed): step for _, _, stopped, _ in outcomes for seed, step in stopped.items()
        },
        "seconds_of_training": round(sum(took for *_, took in outcomes), 1),
    }
    return tensors, about
