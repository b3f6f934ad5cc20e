"""Points as tables: a plain CSV, Canvas' gradebook and Moodle's worksheet filled in, Gradescope's
JSON, and how often each check failed."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter
from pathlib import Path

from icllib.course.key import Key
from icllib.course.marks import Marks
from icllib.course.quoting import quoted, read_rows, write_rows
from icllib.errors import InputError

__all__ = ["canvas", "gradescope", "items", "moodle", "plain", "roster"]

_IDS = ("id", "sis user id", "sis login id", "identifier", "email address", "email", "username")
_IDS += ("login", "student id", "id number")
_CANVAS = ("student", "id", "sis user id", "sis login id", "section")
_NAMES = ("name", "full name", "student")


def plain(path: Path, key: Key, marks: list[Marks], records: list[dict]) -> None:
    """One line a submission: points, points by question, what is still to be read, notes."""
    header = ["submission", "points", "most", *key.questions, "to be read", "notes"]
    rows = []
    for mark, record in zip(marks, records, strict=True):
        by_question = [_number(mark.points[question]) for question in key.questions]
        ends = [", ".join(mark.open), " ".join(record["notes"])]
        rows.append([mark.name, _number(mark.total), _number(key.points), *by_question, *ends])
    write_rows(path, header, [[quoted(cell) for cell in row] for row in rows], csv.excel)


def canvas(given: Path, out: Path, key: Key, marks: list[Marks], column: str = "") -> list[str]:
    """Fill in a gradebook that Canvas exported: its own column of the assignment, and no other.

    Returns:
        sentences about whom it could not match.

    Raises:
        InputError: it has no such column.
    """
    header, rows, dialect = read_rows(given)
    wanted = (column or key.title).casefold()
    places = [place for place, name in enumerate(header) if wanted in name.casefold()]
    if len(places) != 1:
        raise InputError(
            f"{given} has {len(places)} columns for {column or key.title!r}: give --column one of "
            + ", ".join(repr(name) for name in header if name.casefold() not in _CANVAS)
        )
    people = [row for row in rows if "points possible" not in " ".join(row[:2]).casefold()]
    found, sentences = _matched(header, people, marks)
    for row, mark in found:
        row[places[0]] = _number(mark.total)
    write_rows(out, header, [[quoted(cell) for cell in row] for row in rows], dialect)
    return sentences


def moodle(
    given: Path, out: Path, key: Key, marks: list[Marks], comments: dict[str, str]
) -> list[str]:
    """Fill in the grading worksheet that Moodle exported: Grade and, where there is such a column,
    Feedback comments.

    Returns:
        sentences about whom it could not match.

    Raises:
        InputError: it has no column Grade, or another maximum.
    """
    header, rows, dialect = read_rows(given)
    names = [name.casefold().strip() for name in header]
    if "grade" not in names:
        raise InputError(f"{given} has no column Grade, expected Moodle's grading worksheet")
    grade = names.index("grade")
    most = names.index("maximum grade") if "maximum grade" in names else None
    words = names.index("feedback comments") if "feedback comments" in names else None
    found, sentences = _matched(header, rows, marks)
    for row, mark in found:
        highest = row[most].replace(",", ".").strip() if most is not None else ""
        if highest and float(highest) != key.points:
            raise InputError(f"{given} has the maximum {highest}, the key {key.points:g} points")
        row[grade] = _number(mark.total)
        if words is not None:
            row[words] = comments.get(mark.name, "")
    write_rows(out, header, [[quoted(cell) for cell in row] for row in rows], dialect)
    return sentences


def roster(given: Path, out: Path, key: Key, marks: list[Marks]) -> list[str]:
    """The roster with two more columns: points, and the submission that they are for.

    Returns:
        sentences about whom it could not match.
    """
    header, rows, dialect = read_rows(given)
    found, sentences = _matched(header, rows, marks)
    points = {id(row): [_number(mark.total), mark.name] for row, mark in found}
    full = [[quoted(cell) for cell in [*row, *points.get(id(row), ["", ""])]] for row in rows]
    write_rows(out, [*header, "points", "submission"], full, dialect)
    missing = sum(id(row) not in points for row in rows)
    return [*sentences, *([f"{missing} of the roster handed in nothing."] if missing else [])]


def _matched(
    header: list[str], rows: list[list[str]], marks: list[Marks]
) -> tuple[list[tuple[list[str], Marks]], list[str]]:
    """Rows with their submissions: by an identifier that is a part of the submission's name, or by
    the full name; never by less than the whole of it, and never two to one."""
    names = [name.casefold().strip() for name in header]
    found, sentences = [], []
    for mark in marks:
        fits = [row for row in rows if _ids(names, row) & _tokens(mark.name)]
        fits = fits or [row for row in rows if _called(names, row) & _parts(mark.name)]
        if len(fits) == 1:
            found.append((fits[0], mark))
        else:
            why = "nobody's" if not fits else "several people's"
            sentences.append(f"{mark.name} is {why} in the table: {mark.total:g} points.")
    counted = Counter(id(row) for row, _ in found)
    for row, mark in [pair for pair in found if counted[id(pair[0])] > 1]:
        sentences.append(f"{mark.name} is one of several for {row[0]}: not filled in.")
    return [pair for pair in found if counted[id(pair[0])] == 1], sentences


def _ids(names: list[str], row: list[str]) -> set[str]:
    cells = {
        cell.strip().casefold() for name, cell in zip(names, row, strict=False) if name in _IDS
    }
    cells |= {cell.split()[-1] for cell in cells if re.fullmatch(r"\w+ \d+", cell)}
    return cells - {""}


def _tokens(name: str) -> set[str]:
    name = name.casefold()
    return {name, *re.split(r"[_\s]+", name)} - {""}


def _called(names: list[str], row: list[str]) -> set[str]:
    """The full name in letters alone, in both orders."""
    found = set()
    for name, cell in zip(names, row, strict=False):
        if name in _NAMES and cell.strip():
            last, _, first = cell.partition(",")
            found |= {_letters(cell), _letters(first + last)}
    return found - {""}


def _parts(name: str) -> set[str]:
    return {_letters(name), _letters(name.split("_")[0])} - {""}


def _letters(text: str) -> str:
    spread = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in spread if c.isalpha())


def items(path: Path, key: Key, records: list[dict]) -> list[list[str]]:
    """How often each check was right, and the mistakes it named most often; returns the rows."""
    header = ["check", "hidden", "points", "right", "not yet", "not answered", "share right"]
    header += ["mistakes"]
    rows = []
    for test in key.tests:
        said = [t for record in records for t in record["tests"] if t["test"] == test.name]
        count = Counter(t["verdict"] for t in said)
        counts = [count["right"], count["not yet"], count["not answered"]]
        mistakes = Counter(_general(t["message"]) for t in said if t["verdict"] == "not yet")
        often = "; ".join(f"{n} × {words}" for words, n in mistakes.most_common(5))
        share = f"{count['right'] / len(said):.0%}" if said else ""
        hidden = "yes" if test.is_hidden else "no"
        numbers = [f"{test.points:g}", *map(str, counts), share]
        rows.append([test.name, hidden, *numbers, often])
    write_rows(path, header, [[quoted(cell) for cell in row] for row in rows], csv.excel)
    return [header, *rows]


def _general(message: str) -> str:
    return re.sub(r"-?\d+(\.\d+)?(e[+-]?\d+)?", "…", message)[:200]


def gradescope(key: Key, record: dict) -> dict:
    """What Gradescope reads; the words of hidden checks appear after the due date."""
    from icllib.course.marks import marks_of

    said = {test["test"]: test for test in record["tests"]}
    tests = []
    for test in key.tests:
        entry = said[test.name]
        tests.append(
            {
                "name": test.question + (" (hidden)" if test.is_hidden else ""),
                "score": test.points if entry["verdict"] == "right" else 0.0,
                "max_score": test.points,
                "output": f"{entry['verdict']}: {entry['message']}",
                "visibility": "after_due_date" if test.is_hidden else "visible",
            }
        )
    marks = marks_of(key, record, {})
    words = [f"{question} is read by a person." for question in marks.open]
    return {"score": marks.total, "tests": tests, "output": "\n".join([*record["notes"], *words])}


def _number(points: float | None) -> str:
    return "" if points is None else f"{points:g}"
