"""Results on disk: what was trained, from which experiment, when, where and with what; never half
written, never stale unseen."""

from __future__ import annotations

import datetime
import hashlib
import json
import math
import os
import platform
import tomllib
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from icllib.files import FileError, plain, shipped, write_atomically
from icllib.threads import cores

__all__ = [
    "FOLDER",
    "MissingResultError",
    "Result",
    "StaleResultError",
    "load",
    "machine",
    "making",
    "save",
    "state_of",
]


#: Where results lie unless a function is told otherwise: $ICLLIB_RESULTS, or the book's own folder
#: `results`, which an installed library carries with it.
#:
#: :meta hide-value:
FOLDER = (
    Path(os.environ["ICLLIB_RESULTS"]) if "ICLLIB_RESULTS" in os.environ else shipped("results")
)


class MissingResultError(FileError):
    """Nothing is stored under this name."""


class StaleResultError(FileError):
    """The stored result belongs to an experiment that has changed since."""


@dataclass(frozen=True)
class Result:
    """What a training left behind.

    Attributes:
        name: of the experiment.
        experiment: its plain description, task, model and recipe.
        tensors: "weights/…" (S, …) after training, "measured/…" (R, S), "kept/…" (R, S, …) where
            weights were kept, and "losses" (updates, S).
        record: seconds, versions, machine, device and date, and of trainings seeds, steps (R) and
            stopped, as JSON.
    """

    name: str
    experiment: dict
    tensors: dict[str, Tensor]
    record: dict

    def under(self, prefix: str) -> dict[str, Tensor]:
        """The tensors whose names begin with ``prefix/``, by the rest of their names."""
        head = f"{prefix}/"
        found = self.tensors.items()
        return {name.removeprefix(head): t for name, t in found if name.startswith(head)}

    @property
    def provenance(self) -> str:
        """One sentence for the reader: which command, seeds, versions, machine, date, and how long
        it took."""
        r, n = self.record, len(self.record.get("seeds", ()))
        seeds = f"{n} seed{'s' if n > 1 else ''}, " if n else ""
        return (
            f"python -m icllib run {self.name}: {seeds}{r['seconds']:.0f} s on {r['machine']} "
            f"({r['device']}), torch {r['versions']['torch']}, {r['date']}"
        )


def save(result: Result, folder: Path = FOLDER) -> Path:
    """Write NAME.json and the safetensors file that it names after its content; the old pair stays
    until the new is whole.

    Returns:
        the path of NAME.json.
    """
    content = safetensors.torch.save(
        {name: tensor.contiguous() for name, tensor in result.tensors.items()}
    )
    sha = hashlib.sha256(content).hexdigest()
    record = {
        "name": result.name,
        "experiment": plain(result.experiment),
        "tensors": f"{result.name}-{sha[:12]}.safetensors",
        "sha256": sha,
        "record": plain(result.record),
    }
    write_atomically(folder / record["tensors"], content)
    path = folder / f"{result.name}.json"
    write_atomically(path, (json.dumps(record, indent=1, ensure_ascii=False) + "\n").encode())
    for old in folder.glob(f"{result.name}-{'?' * 12}.safetensors"):
        if old.name != record["tensors"]:
            old.unlink()
    return path


def load(experiment: object, folder: Path = FOLDER) -> Result:
    """The stored result of an experiment (a dataclass with a name).

    Raises:
        MissingResultError: nothing is stored.
        StaleResultError: what is stored comes from another version of the experiment.
        FileError: a file is damaged.
    """
    name = experiment.name
    record = _record(name, folder)
    changed = _difference(plain(experiment), record["experiment"])
    if changed:
        raise StaleResultError(f"{folder / name}.json is stale: {changed}; run {_command(name)}")
    path = folder / record["tensors"]
    content = path.read_bytes() if path.exists() else b""
    if hashlib.sha256(content).hexdigest() != record["sha256"]:
        raise FileError(f"{path} is missing or damaged; run {_command(name)}")
    return Result(name, record["experiment"], safetensors.torch.load(content), record["record"])


def state_of(experiment: object, folder: Path = FOLDER) -> str:
    """ "current", "stale", "missing" or "damaged"."""
    try:
        load(experiment, folder)
    except MissingResultError:
        return "missing"
    except StaleResultError:
        return "stale"
    except FileError:
        return "damaged"
    return "current"


def _record(name: str, folder: Path) -> dict:
    path = folder / f"{name}.json"
    if not path.exists():
        raise MissingResultError(f"{path} does not exist; run {_command(name)}")
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        missing = {"name", "experiment", "tensors", "sha256", "record"} - set(record)
    except (ValueError, TypeError) as error:
        raise FileError(f"{path} is no JSON: {error}; run {_command(name)}") from error
    if missing or record["name"] != name:
        raise FileError(f"{path} is no result of {name}; run {_command(name)}")
    return record


def _difference(now: object, then: object, place: str = "") -> str | None:
    """The first entry in which two plain descriptions differ; None where they agree.

    Numbers agree to nine digits: a covariance that was computed (a product of matrices) has other
    last digits on another processor.
    """
    if isinstance(now, dict) and isinstance(then, dict):
        within = f"{place}." if place else ""
        parts = ((now.get(key), then.get(key), within + key) for key in {**now, **then})
    elif isinstance(now, list) and isinstance(then, list) and len(now) == len(then):
        parts = ((n, t, f"{place}[{i}]") for i, (n, t) in enumerate(zip(now, then, strict=True)))
    elif now == then or (
        isinstance(now, float)
        and isinstance(then, float)
        and math.isclose(now, then, rel_tol=1e-9, abs_tol=1e-12)
    ):
        return None
    else:
        return f"{place} = {then} there, {now} now"
    return next(filter(None, (_difference(*part) for part in parts)), None)


def _command(name: str) -> str:
    return f"`python -m icllib run {name}`"


def making(seconds: float, device: str) -> dict:
    """What every result says about its making: how long, with which versions, where and when."""
    return {
        "seconds": round(seconds, 1),
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "icllib": version(),
        },
        "machine": machine(),
        "device": device,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }


def version() -> str:
    """The version of icllib: of the book's pyproject.toml, or of the installed library."""
    project = Path(__file__).resolve().parent.parent / "pyproject.toml"
    if project.exists():
        return tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"]
    try:
        return installed_version("icllib")
    except PackageNotFoundError:  # run from a copy that nobody installed
        return "unknown"


def machine() -> str:
    """Processor, cores and system, without the machine's name."""
    processor = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(": ")[1]
            for line in info.read_text().splitlines()
            if line.startswith("model name")
        ]
        processor = names[0] if names else processor
    return f"{processor}, {cores()} cores, {platform.system()}"
