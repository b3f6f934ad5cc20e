"""What the ledger is made of: figures with bounds, claims, verdicts, and their history by version.

A claim holds if every figure keeps its bound, holds in part if some do, and does not hold here if
none does. The verdicts of a version are stored; `check` refuses a build that comes to others.
"""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from icllib.files import FileError, write_atomically
from icllib.store import FOLDER, MissingResultError, version

__all__ = [
    "SOURCES",
    "Claim",
    "ContradictionError",
    "Figure",
    "Verdict",
    "check",
    "history",
    "keeps",
    "store",
    "version",
]

#: The letters by which claims name their sources.
#:
#: :meta hide-value:
SOURCES = {
    "I": "the interview on the paper",
    "P": "the paper, von Oswald et al. (2023)",
    "F": "its follow-ups",
}

_FILE, _COMMAND = "claims.json", "python -m icllib claims"


class ContradictionError(Exception):
    """What was measured is not what is stored; the message names the claims."""


def keeps(value: float, relation: str, bound: float) -> bool:
    """Whether a number keeps its bound, "≤" or "≥"; NaN does not."""
    return value <= bound if relation == "≤" else value >= bound


@dataclass(frozen=True)
class Figure:
    """One measured number and the bound that it was given beforehand.

    Attributes:
        what: in words.
        value: measured.
        relation: "≤" or "≥".
        bound: the tolerance.
        unit: what the number counts, or is a multiple of; empty for a plain number.
        ideal: the value from which the tolerance is counted: 1 for cosines, and for losses that
            should be the same; 0 where the bound is a size by itself.
    """

    what: str
    value: float
    relation: str
    bound: float
    unit: str = ""
    ideal: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether the number keeps its bound; NaN does not."""
        return keeps(self.value, self.relation, self.bound)

    @property
    def is_exact(self) -> bool:
        """Whether the bound leaves room for nothing but rounding."""
        return abs(self.bound - self.ideal) <= 1e-9

    @property
    def margin(self) -> float:
        """How far the number lies on the good side of its bound, in tolerances: distances from
        `ideal` to `bound`. Below 0 it does not hold. NaN where the bound is exact."""
        if self.is_exact:
            return math.nan
        away = self.bound - self.value if self.relation == "≤" else self.value - self.bound
        return away / abs(self.bound - self.ideal)

    def as_json(self) -> dict:
        """For machines. NaN and infinity, which JSON lacks, are null."""
        return {
            "what": self.what,
            "value": self.value if math.isfinite(self.value) else None,
            "unit": self.unit,
            "relation": self.relation,
            "tolerance": self.bound,
            "holds": self.holds,
        }

    def __str__(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        return f"{self.what}: {self.value:.5g}{unit} ({self.relation} {self.bound:.5g})"


@dataclass(frozen=True)
class Claim:
    """A sentence that can be wrong.

    Attributes:
        id: "C" and two digits.
        sentence: what the source says, in our words.
        source: letters of `SOURCES`, separated by ", ".
        where: the place in the source.
        chapter: the chapters that decide it, separated by ", ".
        measure: folder of results → figures.
        sure: how sure we are, and what it hangs on, in a line. ``{NAME}`` stands for the number of
            seeds of an experiment.
    """

    id: str
    sentence: str
    source: str
    where: str
    chapter: str
    measure: Callable[[Path], Iterator[Figure]]
    sure: str

    @property
    def command(self) -> str:
        """What measures it."""
        return f"{_COMMAND} --only {self.id}"


@dataclass(frozen=True)
class Verdict:
    """A claim, measured. Its attributes are those of the claim, with its figures."""

    id: str
    sentence: str
    source: str
    where: str
    chapter: str
    sure: str
    command: str
    figures: tuple[Figure, ...]

    @property
    def verdict(self) -> str:
        """ "holds" if all figures keep their bounds, "holds in part" if some do, else "does not
        hold here"."""
        kept = sum(figure.holds for figure in self.figures)
        if kept == len(self.figures):
            return "holds"
        return "holds in part" if kept else "does not hold here"

    def as_json(self) -> dict:
        """For machines."""
        names = ("id", "sentence", "source", "where", "chapter")
        told = {name: getattr(self, name) for name in names}
        measured = [figure.as_json() for figure in self.figures]
        rest = {"verdict": self.verdict, "sure": self.sure, "command": self.command}
        return told | {"measured": measured} | rest


def history(folder: Path = FOLDER) -> dict[str, dict]:
    """What is stored: version → date and claims, by id their verdicts and figures.

    Raises:
        MissingResultError: nothing is.
        FileError: the file is broken.
    """
    path = folder / _FILE
    if not path.exists():
        raise MissingResultError(f"{path} does not exist; run `{_COMMAND} --store`")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        for entry in found.values():
            _ = entry["date"], [each["verdict"] for each in entry["claims"].values()]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise FileError(f"{path} is no history of claims: {error!r}") from error
    return found


def store(verdicts: Sequence[Verdict], folder: Path = FOLDER) -> Path:
    """Write the verdicts as those of this version; the entries of other versions stay as they are.

    Returns:
        the path of claims.json.
    """
    path = folder / _FILE
    claims = {
        each.id: {"verdict": each.verdict, "measured": each.as_json()["measured"]}
        for each in verdicts
    }
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    entries = history(folder) if path.exists() else {}
    entries |= {version(): {"date": today, "claims": claims}}
    text = json.dumps(entries, indent=1, ensure_ascii=False, allow_nan=False)
    write_atomically(path, f"{text}\n".encode())
    return path


def check(verdicts: Sequence[Verdict], folder: Path = FOLDER) -> str:
    """Compare measured verdicts with those that are stored for this version.

    Returns:
        a sentence that says that they agree.

    Raises:
        ContradictionError: a verdict differs, or none is stored; names each such claim, and the
            figures that changed sides.
        MissingResultError, FileError: as `history`.
    """
    own = version()
    entry = history(folder).get(own, {"date": "never", "claims": {}})
    stored = entry["claims"]
    wrong = [
        _difference(each, stored.get(each.id))
        for each in verdicts
        if stored.get(each.id, {}).get("verdict") != each.verdict
    ]
    if wrong:
        told = "; ".join(wrong)
        raise ContradictionError(
            f"{told}. Find out why, or run `{_COMMAND} --store` if version {own} is to say so"
        )
    count = f"All {len(verdicts)} verdicts are" if len(verdicts) > 1 else "The verdict is"
    return f"{count} as stored for version {own} on {entry['date']}."


def _difference(measured: Verdict, stored: Mapping | None) -> str:
    """One claim whose verdict is not the stored one."""
    if stored is None:
        return f"{measured.id}: no verdict stored, measured {measured.verdict!r}"
    before = {each["what"]: each["holds"] for each in stored.get("measured", [])}
    turned = [str(f) for f in measured.figures if before.get(f.what) != f.holds]
    why = f" ({', '.join(turned)})" if turned else ""
    return f"{measured.id}: stored {stored['verdict']!r}, measured {measured.verdict!r}{why}"
