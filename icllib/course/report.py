"""What a teacher and each student read: HTML that opens from an e-mail, without any other file."""

from __future__ import annotations

import argparse
from html import escape
from pathlib import Path
from urllib.parse import quote

from icllib.course import tables
from icllib.course.key import Key
from icllib.course.marks import Marks, by_hand_points, changed, marks_of, write_by_hand
from icllib.course.reading import file_name
from icllib.course.similar import similar_pairs
from icllib.files import write_atomically

__all__ = ["check_tables", "student_page", "write_reports"]

_STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;
color:#222;background:#fff}table{border-collapse:collapse;width:100%}td,th{text-align:left;
vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid #ccc}td.n{white-space:nowrap;
text-align:right}pre{white-space:pre-wrap;overflow-wrap:anywhere}@media(prefers-color-scheme:dark){
body{color:#ddd;background:#1b1b1b}td,th{border-color:#555}a{color:#8cf}}"""
_SIGNS = {"right": "✓", "not yet": "✗", "not answered": "…"}
_HIDDEN = {
    "right": "right with other numbers too.",
    "not yet": "not right with other numbers.",
    "not answered": "not answered.",
}


def _page(title: str, body: str) -> str:
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    head += f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    head += f"<title>{escape(title)}</title><style>{_STYLE}</style>"
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>\n'


def _table(header: list[str], rows: list[list[str]]) -> str:
    """A table of cells that are HTML already."""
    top = "".join(f'<th scope="col">{cell}</th>' for cell in header)
    lines = "".join("<tr>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{lines}</tbody></table>"


def student_page(key: Key, record: dict, marks: Marks, reveal: bool) -> str:
    """The report of one submission, in the words of the checks."""
    said = {test["test"]: test for test in record["tests"]}
    rows = []
    for test in key.tests:
        entry = said[test.name]
        points = test.points if entry["verdict"] == "right" else 0.0
        is_shut = test.is_hidden and not reveal
        words = _HIDDEN[entry["verdict"]] if is_shut else entry["message"]
        kind = " (hidden check)" if test.is_hidden else ""
        score = f"{points:g} of {test.points:g}"
        sign = _SIGNS[entry["verdict"]]
        rows.append([escape(test.question) + kind, score, f"{sign} {escape(words)}"])
    for part in key.by_hand:
        points = marks.points[part.question]
        score = "to be read" if points is None else f"{points:g} of {part.points:g}"
        rows.append([escape(part.question), score, escape(marks.comments[part.question])])
    body = f"<h1>{escape(key.title)}</h1><p>{escape(record['name'])}</p>"
    rest = f", and {len(marks.open)} answers still to be read" if marks.open else ""
    body += f"<p><strong>{marks.total:g} of {key.points:g} points</strong>{rest}.</p>"
    body += _table(["question", "points", "what the check says"], rows)
    if record["notes"]:
        notes = "".join(f"<li>{escape(note)}</li>" for note in record["notes"])
        body += f"<h2>What happened</h2><ul>{notes}</ul>"
    return _page(f"{key.title}: {record['name']}", body)


def _class_page(
    key: Key,
    records: list[dict],
    marks: list[Marks],
    stats: list[list[str]],
    pairs: list,
    absent: list[str] | None,
) -> str:
    body = f"<h1>{escape(key.title)}</h1>"
    people = []
    for record, mark in zip(records, marks, strict=True):
        place = quote(file_name(mark.name, "html"), errors="replace")
        link = f'<a href="students/{place}">{escape(mark.name)}</a>'
        notes = escape(" ".join(record["notes"]))
        people.append([link, f"{mark.total:g} of {key.points:g}", notes])
    body += _table(["submission", "points", "notes"], people)
    if marks:
        mean = sum(mark.total for mark in marks) / len(marks)
        body += f"<p>Mean: {mean:.3g} of {key.points:g} points, {len(marks)} submissions.</p>"
    if absent is not None:
        people = "".join(f"<li>{escape(name)}</li>" for name in absent)
        body += "<h2>Handed in nothing</h2><p>In the table, without a submission of theirs:</p>"
        body += f"<ul>{people}</ul>" if absent else "<p>nobody.</p>"
    body += "<h2>Checks</h2>"
    body += _table(list(map(escape, stats[0])), [list(map(escape, row)) for row in stats[1:]])
    body += "<h2>Alike</h2><p>Names left out, these are nearly the same. Short answers are alike "
    body += "by nature: look at both before you think of anything.</p>"
    rows = [[f"{s:.0%}", escape(a), escape(b)] for s, a, b in pairs]
    body += _table(["share", "one", "other"], rows) if rows else "<p>none.</p>"
    return _page(key.title, body)


def _in_words(key: Key, record: dict, mark: Marks, reveal: bool) -> str:
    """The report as one line of text, for a cell."""
    parts = []
    for test in key.tests:
        entry = next(t for t in record["tests"] if t["test"] == test.name)
        shut = test.is_hidden and not reveal
        words = _HIDDEN[entry["verdict"]] if shut else entry["message"]
        parts.append(f"{test.question}: {_SIGNS[entry['verdict']]} {words}")
    parts += [f"{q}: {words}" for q, words in mark.comments.items() if words]
    return " ".join(parts)


def check_tables(key: Key, options: argparse.Namespace) -> None:
    """Read all that `write_reports` will read beside the records.

    Raises:
        InputError: a table cannot be filled in, or what a person wrote cannot be read.
    """
    by_hand_points(options.out / "by_hand.csv", key)
    tables.check(key, options.roster, options.canvas, options.moodle, options.column)


def _absent(options: argparse.Namespace, marks: list[Marks]) -> list[str] | None:
    given = [place for place in (options.roster, options.canvas, options.moodle) if place]
    names = [name for place in given for name in tables.absent(place, marks)]
    return list(dict.fromkeys(names)) if given else None


def write_reports(key: Key, records: list[dict], options: argparse.Namespace) -> list[str]:
    """Write all tables and pages into `options.out`; returns sentences for the teacher.

    Args:
        key: the assignment.
        records: of all submissions.
        options: out, reveal; roster, canvas, moodle: tables to fill in, or None; column.
    """
    out: Path = options.out
    given = by_hand_points(out / "by_hand.csv", key)
    again = changed(key, records, given)
    marks = [marks_of(key, record, given) for record in records]
    if key.by_hand:
        write_by_hand(out / "by_hand.csv", key, records, given)
    tables.plain(out / "points.csv", key, marks, records)
    stats = tables.items(out / "checks.csv", key, records)
    words = {}
    for record, mark in zip(records, marks, strict=True):
        words[mark.name] = _in_words(key, record, mark, options.reveal)
        page = student_page(key, record, mark, options.reveal)
        write_atomically(
            out / "students" / file_name(mark.name, "html"), page.encode("utf-8", "replace")
        )
    pairs = similar_pairs(key, records)
    page = _class_page(key, records, marks, stats, pairs, _absent(options, marks))
    write_atomically(out / "class.html", page.encode("utf-8", "replace"))
    sentences = [f"{r['name']}: {note}" for r in records for note in r["notes"]] + again
    if options.roster:
        sentences += tables.roster(options.roster, out / "roster.csv", marks)
    if options.canvas:
        place = out / "canvas.csv"
        sentences += tables.canvas(options.canvas, place, key, marks, options.column)
    if options.moodle:
        sentences += tables.moodle(options.moodle, out / "moodle.csv", key, marks, words)
    still = sum(len(mark.open) for mark in marks)
    if still:
        sentences.append(
            f"{still} answers are to be read: fill in {out / 'by_hand.csv'}. "
            "Until then every table counts them as 0."
        )
    sentences = list(dict.fromkeys(sentences))  # one table may be the roster and Canvas' as well
    return [*sentences, f"{len(records)} submissions are graded; begin with {out / 'class.html'}."]
