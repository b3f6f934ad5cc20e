"""What is shown for a figure of a paper: small pictures as plain data, numbers beside those of the
authors, and the verdict that they give."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from icllib.ledger import keeps

__all__ = ["Curve", "Exhibit", "Heat", "Panel", "Row", "at_least", "at_most"]


@dataclass(frozen=True)
class Row:
    """One number of ours, beside the authors' where there is one, and the bound that it was given.

    Attributes:
        what: in words.
        ours: measured.
        theirs: what the authors' code gives, or their text says; None where neither tells.
        relation: "≤" or "≥"; empty for a number that decides nothing.
        bound: what ours must keep for the figure to agree.
    """

    what: str
    ours: float
    theirs: float | None = None
    relation: str = ""
    bound: float = math.nan

    @property
    def holds(self) -> bool | None:
        """Whether the number keeps its bound; NaN does not; None where there is no bound."""
        return keeps(self.ours, self.relation, self.bound) if self.relation else None


def at_most(what: str, ours: float, bound: float, theirs: float | None = None) -> Row:
    """A row whose number must not be larger than a bound."""
    return Row(what, ours, theirs, "≤", bound)


def at_least(what: str, ours: float, bound: float, theirs: float | None = None) -> Row:
    """A row whose number must not be smaller than a bound."""
    return Row(what, ours, theirs, "≥", bound)


@dataclass(frozen=True)
class Curve:
    """A line of a panel.

    Attributes:
        name: what it is, or nothing.
        look: a name in `look.LEARNERS`, or "points" for examples.
        x, y: its points.
    """

    name: str
    look: str
    x: Sequence[float] | Tensor
    y: Sequence[float] | Tensor


@dataclass(frozen=True)
class Panel:
    """Lines over the same axis.

    Attributes:
        title, x, y: what stands above and beside it, the axes with their units.
        curves: what is drawn.
        scale: of the y axis, "linear" or "log".
        limits: of the y axis; None for those of the curves.
        steps: draw each curve as a staircase, for counts.
        labelled: write the names of the curves at their ends.
    """

    title: str
    x: str
    y: str
    curves: tuple[Curve, ...]
    scale: str = "linear"
    limits: tuple[float, float] | None = None
    steps: bool = False
    labelled: bool = False


@dataclass(frozen=True)
class Heat:
    """A matrix as a grid of colours; `split` rows and columns belong to x."""

    title: str
    matrix: Tensor
    split: int


@dataclass(frozen=True)
class Exhibit:
    """What was found for one figure of the paper.

    Attributes:
        panels: a small picture of ours.
        rows: its numbers.
        source: whose numbers stand beside ours.
    """

    panels: tuple[Panel | Heat, ...]
    rows: tuple[Row, ...]
    source: str = "authors' code"

    @property
    def verdict(self) -> str:
        """ "agrees" if every bound is kept, "agrees in part" if some are, else "does not"."""
        kept = [row.holds for row in self.rows if row.holds is not None]
        return "agrees" if all(kept) and kept else "agrees in part" if any(kept) else "does not"

    @property
    def missed(self) -> list[Row]:
        """The rows that do not keep their bound."""
        return [row for row in self.rows if row.holds is False]

    def columns(self) -> dict[str, list]:
        """The rows as columns for `tables.table`."""
        words = {True: "kept", False: "missed"}
        own = {
            "number": [row.what for row in self.rows],
            "ours": [row.ours for row in self.rows],
        }
        theirs = [row.theirs for row in self.rows]
        if any(number is not None for number in theirs):
            own[self.source] = theirs
        bounds = [
            f"{row.relation} {row.bound:g}, {words[row.holds]}" if row.relation else None
            for row in self.rows
        ]
        return own | {"bound": bounds}
