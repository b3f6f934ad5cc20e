"""What a record is worth: points by question, those that a person gave included."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from icllib.course.key import Key
from icllib.course.quoting import quoted, read_rows, write_rows
from icllib.errors import InputError

__all__ = ["Marks", "by_hand_points", "marks_of", "write_by_hand"]


@dataclass(frozen=True)
class Marks:
    """The points of one submission.

    Attributes:
        name: of the submission.
        points: question → points; None where a person has to read it first.
        comments: question → what the person wrote.
    """

    name: str
    points: dict[str, float | None]
    comments: dict[str, str]

    @property
    def total(self) -> float:
        """All points that are known."""
        return sum(points for points in self.points.values() if points is not None)

    @property
    def open(self) -> list[str]:
        """The questions that nobody has read."""
        return [question for question, points in self.points.items() if points is None]


def marks_of(
    key: Key, record: dict, given: dict[tuple[str, str], tuple[float | None, str]]
) -> Marks:
    """The points of a record under this key; `given` are those of `by_hand_points`."""
    verdicts = {test["test"]: test["verdict"] for test in record["tests"]}
    points: dict[str, float | None] = dict.fromkeys(key.questions, 0.0)
    comments = {}
    for test in key.tests:
        if verdicts.get(test.name) == "right":
            points[test.question] += test.points
    for part in key.by_hand:
        text = record["texts"].get(part.question, "")
        is_blank = not text.strip() or text.strip() == key.stubs.get(part.question, "").strip()
        hand, comment = given.get((record["name"], part.question), (None, ""))
        points[part.question] = hand if hand is not None else 0.0 if is_blank else None
        comments[part.question] = comment
    return Marks(record["name"], points, comments)


def by_hand_points(path: Path, key: Key) -> dict[tuple[str, str], tuple[float | None, str]]:
    """What a person wrote into by_hand.csv: (submission, question) → (points, comment).

    Raises:
        InputError: points that are no number, or more than there are.
    """
    most = {part.question: part.points for part in key.by_hand}
    found = {}
    if not path.exists():
        return found
    header, rows, _ = read_rows(path)
    for row in rows:
        entry = dict(zip(header, row, strict=False))
        place = (entry.get("submission", "").lstrip("'"), entry.get("question", ""))
        text, limit = entry.get("points", "").strip(), most.get(place[1], 0.0)
        try:
            points = float(text.replace(",", ".")) if text else None
        except ValueError:
            points = -1.0
        if points is not None and not 0 <= points <= limit:
            raise InputError(f"{path}: {place[0]} has {text!r} points, expected 0 to {limit:g}")
        found[place] = (points, entry.get("comment", ""))
    return found


def write_by_hand(path: Path, key: Key, records: list[dict], given: dict) -> None:
    """The answers in words, one a line, with room for points and a comment."""
    header = ["submission", "question", "rubric", "points", "most", "comment", "answer"]
    rows = []
    for part in key.by_hand:
        for record in records:
            points, comment = given.get((record["name"], part.question), (None, ""))
            text = record["texts"].get(part.question, "")
            shown = "" if points is None else f"{points:g}"
            asked = [part.question, part.rubric, shown, f"{part.points:g}"]
            rows.append([record["name"], *asked, comment, text])
    write_rows(path, header, [[quoted(cell) for cell in row] for row in rows], csv.excel)
