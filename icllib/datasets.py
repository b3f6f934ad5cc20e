"""The real data of the book: penguins that were measured, and reviews turned into vectors. Both are shipped with it."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["Penguins", "Reviews", "penguins", "reviews"]

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
    """The Palmer penguins whose four measurements are all there.  [Gorman et al. 2014; Horst et al. 2020]"""
    with (_DATA / "penguins.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = ("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g")
    rows = [row for row in rows if all(row[column] != "NA" for column in columns)]
    numbers = (torch.tensor([float(row[column]) for row in rows], dtype=torch.float64) for column in columns)
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
    """The book's 120 reviews, embedded by all-MiniLM-L6-v2."""
    rows = json.loads((_DATA / "reviews.json").read_text(encoding="utf-8"))
    with (_DATA / "reviews_minilm_f16.npz").open("rb") as file:
        embeddings = torch.from_numpy(np.load(file)["E"].astype(np.float64))
    labels = torch.tensor([float(row["label"]) for row in rows], dtype=torch.float64)
    return Reviews(tuple(row["text"] for row in rows), labels, tuple(row["domain"] for row in rows), embeddings)
