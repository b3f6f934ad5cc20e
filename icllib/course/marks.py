"""What a record is worth: points by question, those that a person gave included."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from icllib.course.key import Key
from icllib.course.quoting import quoted, read_rows, write_rows
from icllib.errors import InputError

__all__ = ["Marks", "Read", "by_hand_points", "changed", "marks_of", "write_by_hand"]


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


@dataclass(frozen=True)
class Read:
    """What a person wrote into by_hand.csv for one answer.

    Attributes:
        points: None where there are none yet.
        comment: for the student.
        text: the name of the text that was read; empty where the table does not tell.
        before: the points of an earlier text.
    """

    points: float | None = None
    comment: str = ""
    text: str = ""
    before: str = ""

    def now(self, text: str) -> Read:
        """The same for a text that may be another one: its points are those of an earlier text."""
        if self.points is None or self.text in ("", _name(text)):
            return replace(self, text=_name(text))
        return Read(None, self.comment, _name(text), f"{self.points:g}")


Given = dict[tuple[str, str], Read]


def _name(text: str) -> str:
    return "t" + hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:8]


def _read(record: dict, question: str, given: Given) -> Read:
    answer = given.get((record["name"], question), Read())
    return answer.now(record["texts"].get(question, ""))


def changed(key: Key, records: list[dict], given: Given) -> list[str]:
    """Sentences about answers whose text is not the one that got points."""
    found = []
    for record in records:
        for part in key.by_hand:
            old = given.get((record["name"], part.question), Read())
            if old.points is not None and _read(record, part.question, given).points is None:
                found.append(
                    f"{record['name']}: {part.question} got {old.points:g} for another text: read "
                    "it again."
                )
    return found


def marks_of(key: Key, record: dict, given: Given) -> Marks:
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
        read = _read(record, part.question, given)
        points[part.question] = 0.0 if read.points is None and is_blank else read.points
        comments[part.question] = read.comment
    return Marks(record["name"], points, comments)


def by_hand_points(path: Path, key: Key) -> Given:
    """What a person wrote into by_hand.csv, by submission and question.

    Raises:
        InputError: points that are no number, or more than there are.
    """
    most = {part.question: part.points for part in key.by_hand}
    found: Given = {}
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
            who = f"{place[0]}, question {place[1]},"
            raise InputError(f"{path}: {who} has {text!r} points, expected 0 to {limit:g}")
        rest = (entry.get(name, "") for name in ("comment", "text", "points before"))
        found[place] = Read(points, *rest)
    return found


def write_by_hand(path: Path, key: Key, records: list[dict], given: Given) -> None:
    """The answers in words, one a line, with room for points and a comment."""
    header = ["submission", "question", "rubric", "points", "most", "comment", "answer"]
    rows = []
    for part in key.by_hand:
        for record in records:
            read = _read(record, part.question, given)
            shown = "" if read.points is None else f"{read.points:g}"
            asked = [part.question, part.rubric, shown, f"{part.points:g}", read.comment]
            answer = record["texts"].get(part.question, "")
            rows.append([record["name"], *asked, answer, read.text, read.before])
    header += ["text", "points before"]
    write_rows(path, header, [[quoted(cell) for cell in row] for row in rows], csv.excel)
