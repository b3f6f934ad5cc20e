"""Data that come with the book: penguins, reviews as vectors, runs of the paper's own code, what a
proof checker said."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from icllib.errors import check_choice
from icllib.files import shipped

__all__ = [
    "Penguins",
    "Reviews",
    "facts",
    "machine_proof",
    "opinions",
    "paper_runs",
    "paper_vectors",
    "penguins",
    "reviews",
]

_DATA = files("icllib") / "data"


@dataclass(frozen=True)
class Penguins:
    """Complete measurements of penguins, one number a bird, float64.

    Attributes:
        bill_length, bill_depth, flipper_length: in millimetres, (n,).
        body_mass: in grams, (n,).
        species: a name a bird.
    """

    bill_length: Float[Tensor, "n"]
    bill_depth: Float[Tensor, "n"]
    flipper_length: Float[Tensor, "n"]
    body_mass: Float[Tensor, "n"]
    species: tuple[str, ...]


def penguins() -> Penguins:
    """The Palmer penguins with all four measurements.  [Gorman et al. 2014; Horst et al. 2020]"""
    with (_DATA / "penguins.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = ("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g")
    rows = [row for row in rows if all(row[column] != "NA" for column in columns)]
    numbers = (
        torch.tensor([float(row[column]) for row in rows], dtype=torch.float64)
        for column in columns
    )
    return Penguins(*numbers, species=tuple(row["species"] for row in rows))


@dataclass(frozen=True)
class Reviews:
    """Short reviews, their sentiment and their sentence embeddings.

    Attributes:
        sentences: the texts.
        labels: +1 for praise, −1 for complaint, (n,), float64.
        domains: what each review is about.
        embeddings: unit vectors, (n, 384), float64 (stored as float16).
    """

    sentences: tuple[str, ...]
    labels: Float[Tensor, "n"]
    domains: tuple[str, ...]
    embeddings: Float[Tensor, "n 384"]


def reviews() -> Reviews:
    """The book's 120 reviews in six domains, in mirrored pairs."""
    return _sentences("reviews")


def opinions() -> Reviews:
    """256 sentences in eight domains that say outright what somebody thinks, 16 of either label a
    domain, no two mirrored."""
    return _sentences("opinions")


def facts() -> Reviews:
    """256 sentences in eight domains that say what happened and leave the verdict to the reader, 16
    of either label a domain, no two mirrored."""
    return _sentences("facts")


def _sentences(name: str) -> Reviews:
    """A bank of sentences, embedded by all-MiniLM-L6-v2 (tools/embed.py)."""
    rows = json.loads((_DATA / f"{name}.json").read_text(encoding="utf-8"))
    with (_DATA / f"{name}_minilm_f16.npz").open("rb") as file:
        embeddings = torch.from_numpy(np.load(file)["E"].astype(np.float64))
    labels = torch.tensor([float(row["label"]) for row in rows], dtype=torch.float64)
    return Reviews(
        tuple(row["text"] for row in rows), labels, tuple(row["domain"] for row in rows), embeddings
    )


def paper_runs() -> dict[str, dict]:
    """What the authors' own code gives with its own settings: name of the run → losses, curves,
    sweeps, seconds.

    Losses are half mean squared errors on 10,000 prompts. A row of "curve" has the step, the
    trained model's loss ("tf"), the sensitivity cosine ("cos") and distance ("model_diff"), the
    prediction distance ("pred_diff") and the loss of the interpolated weights ("interp"); a suffix
    "_pp" means: to GD++.  [von Oswald et al. 2023]
    """
    return json.loads((_DATA / "paper_runs.json").read_text(encoding="utf-8"))


def machine_proof() -> dict:
    """What `make proof` wrote down: the "checker" and its version, what it "said" of every theorem
    in proof/OneStep.v, the "seconds" that took, the SHA-256 of the "source", and "statements", the
    name of a theorem → its text."""
    return json.loads((_DATA / "proof.json").read_text(encoding="utf-8"))


def paper_vectors(name: str) -> dict[str, Tensor]:
    """Inputs, weights and outputs of one run of the authors' own code: name of the array → its
    entries, float64.

    Among them "tokens_in" (batch, N + 1, N_x + N_y), "tokens_after_layer" (layers, batch, N + 1,
    N_x + N_y) as NumPy gives it in double precision, "official_jax_f32_tokens_after_last" as their
    code gives it in single precision, and their weights, which are the transposes of ours.  [von
    Oswald et al. 2023]

    Args:
        name: the run, e.g. "C_gd1_nx3_ny2_n7_W0".

    Raises:
        InputError: there is no run of this name.
    """
    folder = shipped("reference", "tests/reference")
    check_choice("name", name, tuple(sorted(path.stem for path in folder.glob("*.npz"))))
    with np.load(folder / f"{name}.npz") as arrays:
        return {key: torch.from_numpy(arrays[key]).double() for key in arrays}
