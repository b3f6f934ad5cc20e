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

__all__ = ["absent", "canvas", "check", "gradescope", "items", "moodle", "plain", "roster"]

_IDS = ("id", "sis user id", "sis login id", "identifier", "email address", "email", "username")
_IDS += ("login", "student id", "id number")
_CANVAS = ("student", "id", "sis user id", "sis login id", "section")
_NAMES = ("name", "full name", "student")
_FIRST = ("first name", "firstname", "given name")
_LAST = ("last name", "lastname", "surname", "family name")
_KNOWN = (*_IDS, *_NAMES, *_FIRST, *_LAST)


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
    header, rows, dialect = _table(given)
    place = _canvas_column(given, header, key, column)
    found, sentences = _matched(header, _people(rows), marks)
    for row, mark in found:
        row[place] = _number(mark.total)
    write_rows(out, header, rows, dialect)
    return sentences


def _canvas_column(given: Path, header: list[str], key: Key, column: str) -> int:
    """By its title, or by the assignment's number: "Assignment 1 (40231)", "01"."""
    wanted = (column or key.title).casefold()
    own = [(n, re.sub(r"\s*\(\d+\)$", "", name.casefold())) for n, name in enumerate(header)]
    places = [n for n, name in own if name == wanted]
    places = places or [n for n, name in enumerate(header) if wanted in name.casefold()]
    if not places and not column:
        number = re.escape(key.id.lstrip("0"))
        form = rf"\bassignment\s*0*{number}\b|(?<!\w){re.escape(key.id)}(?!\w)"
        others = [(n, name) for n, name in own if name.strip() not in _CANVAS]
        places = [n for n, name in others if re.search(form, name)]
    if len(places) != 1:
        raise InputError(
            f"{given} has {len(places)} columns for {column or key.title!r}: give --column one of "
            + ", ".join(repr(name) for name in header if name.casefold() not in _CANVAS)
        )
    return places[0]


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
    header, rows, dialect = _table(given)
    names = [name.casefold().strip() for name in header]
    grade = _moodle_column(given, header, rows, key)
    words = names.index("feedback comments") if "feedback comments" in names else None
    found, sentences = _matched(header, rows, marks)
    for row, mark in found:
        row[grade] = _number(mark.total)
        if words is not None:
            row[words] = quoted(comments.get(mark.name, ""))
    write_rows(out, header, rows, dialect)
    return sentences


def _moodle_column(given: Path, header: list[str], rows: list[list[str]], key: Key) -> int:
    names = [name.casefold().strip() for name in header]
    if "grade" not in names:
        raise InputError(f"{given} has no column Grade, expected Moodle's grading worksheet")
    for row in _people(rows):
        entry = dict(zip(names, row, strict=False))
        highest = entry.get("maximum grade", "").replace(",", ".").strip()
        if re.fullmatch(r"\d+(\.\d+)?", highest) and float(highest) != key.points:
            raise InputError(f"{given} has the maximum {highest}, the key {key.points:g} points")
    return names.index("grade")


def check(
    key: Key, roster: Path | None, canvas: Path | None, moodle: Path | None, column: str
) -> None:
    """Read the tables that are to be filled in.

    Raises:
        InputError: one is no table of people, or lacks the column that is to be filled in.
    """
    if roster:
        _table(roster)
    if canvas:
        _canvas_column(canvas, _table(canvas)[0], key, column)
    if moodle:
        _moodle_column(moodle, *_table(moodle)[:2], key)


def roster(given: Path, out: Path, marks: list[Marks]) -> list[str]:
    """The roster with two more columns: points, and the submission that they are for.

    Returns:
        sentences about whom it could not match.
    """
    header, rows, dialect = _table(given)
    found, sentences = _matched(header, rows, marks)
    points = {id(row): [_number(mark.total), quoted(mark.name)] for row, mark in found}
    full = [[*map(quoted, row), *points.get(id(row), ["", ""])] for row in rows]
    write_rows(out, [*map(quoted, header), "points", "submission"], full, dialect)
    missing = len(absent(given, marks))
    return [*sentences, *([f"{missing} of the roster handed in nothing."] if missing else [])]


def _matched(
    header: list[str], rows: list[list[str]], marks: list[Marks]
) -> tuple[list[tuple[list[str], Marks]], list[str]]:
    """Rows with their submissions: by an identifier that is a part of the submission's name, or by
    the full name; never by less than the whole of it, and never two to one."""
    found, sentences = [], []
    compared = ", ".join(name.strip() for name in header if name.casefold().strip() in _KNOWN)
    for mark, fits in zip(marks, _fitting(header, rows, marks), strict=True):
        if len(fits) == 1:
            found.append((fits[0], mark))
        else:
            why = "nobody's" if not fits else "several people's"
            why += f" in the table (compared: {compared})"
            sentences.append(f"{mark.name} is {why}: {mark.total:g} points.")
    counted = Counter(id(row) for row, _ in found)
    for row, mark in [pair for pair in found if counted[id(pair[0])] > 1]:
        sentences.append(f"{mark.name} is one of several for {row[0]}: not filled in.")
    return [pair for pair in found if counted[id(pair[0])] == 1], sentences


def _fitting(header: list[str], rows: list[list[str]], marks: list[Marks]) -> list[list[list[str]]]:
    """For each submission the rows that it may belong to."""
    names = [name.casefold().strip() for name in header]
    ids, called = [_ids(names, row) for row in rows], [_called(names, row) for row in rows]
    found = []
    for mark in marks:
        tokens, parts = _tokens(mark.name), _parts(mark.name)
        fits = [n for n, own in enumerate(ids) if own & tokens]
        if len(fits) != 1:  # a short identifier may be any number in a file's name
            fits = [n for n in fits or range(len(rows)) if called[n] & parts] or fits
        found.append([rows[n] for n in fits])
    return found


def absent(given: Path, marks: list[Marks]) -> list[str]:
    """The people of a table to whom no submission belongs, as the table names them."""
    header, rows, _ = _table(given)
    names = [name.casefold().strip() for name in header]
    seen = {id(row) for fits in _fitting(header, rows, marks) for row in fits}
    left = [row for row in _people(rows) if id(row) not in seen]
    return [_full_name(names, row) or next(cell for cell in row if cell.strip()) for row in left]


def _table(given: Path) -> tuple[list[str], list[list[str]], type[csv.Dialect]]:
    """A table of people; refused where no column can tell who they are."""
    header, rows, dialect = read_rows(given)
    if not any(name.casefold().strip() in _KNOWN for name in header):
        has = ", ".join(map(repr, header))
        raise InputError(f"{given} has the columns {has}, expected one of {', '.join(_KNOWN)}")
    return header, rows, dialect


def _people(rows: list[list[str]]) -> list[list[str]]:
    """Without empty lines, and without Canvas' lines of maxima and of its test student."""
    full = [row for row in rows if any(cell.strip() for cell in row)]
    firsts = [(row, " ".join(row[:2]).casefold()) for row in full]
    return [row for row, first in firsts if not re.search("points possible|student, test", first)]


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
    """The full name in letters alone, with any of its words first."""
    cell = _full_name(names, row)
    last, _, first = cell.partition(",")
    words = (first + " " + last).split()
    turned = {"".join(words[n:] + words[:n]) for n in range(len(words))}
    return {_letters(name) for name in (cell, *turned)} - {""}


def _full_name(names: list[str], row: list[str]) -> str:
    cells = {name: cell.strip() for name, cell in zip(names, row, strict=False)}
    whole = next((cells[name] for name in _NAMES if cells.get(name)), "")
    parts = [next((cells[n] for n in part if cells.get(n)), "") for part in (_FIRST, _LAST)]
    return whole or " ".join(parts).strip()


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
