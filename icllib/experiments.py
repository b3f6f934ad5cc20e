"""The named experiments of the book, and the one way to load what they left behind."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from icllib import runs, store
from icllib.blocks import FlatNetwork as FlatNetwork
from icllib.catalogue import CLEAN, PAPER, everything
from icllib.catalogue_beyond import everything_beyond
from icllib.catalogue_paper import at_full_size, everything_paper
from icllib.errors import InputError, check_choice, check_count
from icllib.kinds import Experiment, Tuning, rebuild, trained_models
from icllib.kinds import Flat as Flat
from icllib.kinds import Stack as Stack
from icllib.rivals import Table

__all__ = ["CLEAN", "LARGE", "NAMED", "PAPER", "Loaded", "load", "load_rivals", "named"]

#: name → experiment: everything that `python -m icllib run all` trains and tunes.
#:
#: :meta hide-value:
NAMED: dict[str, Experiment | Tuning] = {
    experiment.name: experiment
    for experiment in [*everything(), *everything_beyond(), *everything_paper()]
}

#: name → experiment: what needs an accelerator or hours, and is run by its name alone.
#:
#: :meta hide-value:
LARGE: dict[str, Experiment] = {experiment.name: experiment for experiment in at_full_size()}


def named(name: str) -> Experiment | Tuning:
    """The experiment of this name.

    Raises:
        InputError: there is none.
    """
    if name not in (known := NAMED | LARGE):
        raise InputError(f"name = {name!r}, expected one of {', '.join(known)}")
    return known[name]


@dataclass(frozen=True)
class Loaded:
    """A stored experiment, ready to be looked at.

    Attributes:
        experiment: what was trained.
        result: everything that the training left behind.
        models: the trained models, one a seed; their weights no longer learn.
    """

    experiment: Experiment
    result: store.Result
    models: list[nn.Module]

    @property
    def measured(self) -> dict[str, Tensor]:
        """name → (R, S): what was measured on the way, by measurement and seed."""
        return self.result.under("measured")

    def snapshot(self, place: int, seed: int) -> nn.Module:
        """The model as it was at measurement `place`, for experiments that keep their weights.

        Args:
            place: 0 for the first measurement, before training.
            seed: one of `seeds`.

        Raises:
            InputError: no weights were kept, or no such seed.
        """
        check_choice("seed", seed := check_count("seed", seed, minimum=0), tuple(self.seeds))
        row = self.seeds.index(seed)
        state = {name: kept[place, row] for name, kept in self.result.under("kept").items()}
        if not state:
            raise InputError(
                f"{self.experiment.name} keeps no weights, expected an experiment with keep_weights"
            )
        return rebuild(self.experiment, state)

    @property
    def seeds(self) -> list[int]:
        """The seed of each model."""
        return list(self.result.record["seeds"])

    @property
    def provenance(self) -> str:
        """One sentence: command, seeds, time, machine, versions, date."""
        return self.result.provenance


def load(name: str, retrain: bool = False, folder: Path = store.FOLDER) -> Loaded:
    """The stored result of a named experiment, with its trained models.

    Args:
        name: as `python -m icllib list` shows it.
        retrain: train it now, with a progress bar, and store the new result; may take minutes.
        folder: where results lie.

    Raises:
        InputError: no training of this name; for rivals see `load_rivals`.
        MissingResultError, StaleResultError: nothing is stored, or the result of an earlier
            version.
        FileError: a file is damaged.
    """
    experiment = _of_kind(name, Experiment)
    result = runs.run(experiment, folder=folder) if retrain else store.load(experiment, folder)
    return Loaded(experiment, result, trained_models(experiment, result))


def load_rivals(name: str, retrain: bool = False, folder: Path = store.FOLDER) -> Table:
    """The stored table of rivals by depth; arguments and errors as for `load`."""
    tuning = _of_kind(name, Tuning)
    return Table(tuning, runs.run(tuning, folder=folder) if retrain else store.load(tuning, folder))


def _of_kind(name: str, kind: type) -> Experiment | Tuning:
    found = named(name)
    if not isinstance(found, kind):
        raise InputError(
            f"name = {name!r} is a {type(found).__name__}, expected the name of a {kind.__name__}"
        )
    return found
