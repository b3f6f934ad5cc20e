"""The map of the course, read from the sources: ``{course-map} objectives``, ``{course-map} time``.

An exercise says which objectives of its chapter it trains by a comment, ``% trains: 1, 3``; an
assignment says it in its header, ``trains: {question: ["06.2"]}``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import labels
from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from labels import ROOT, Directive, directive, pages, parser
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

LEVELS = ("warm-up", "core", "challenge")
_TITLE = re.compile(rf"(.*) \(({'|'.join(LEVELS)}), (\d+) min\)")
_TRAINS = re.compile(r"^% trains: (.*)$", re.M)


@dataclass(frozen=True)
class Exercise:
    """An exercise: its label, its title, its level, its minutes, the objectives that it trains."""

    label: str
    title: str
    level: str
    minutes: int
    trains: tuple[int, ...]


@dataclass(frozen=True)
class Chapter:
    """A chapter: its number, page and title, what one can do after it, how long it takes."""

    number: int
    page: str
    title: str
    objectives: tuple[str, ...]
    minutes: int
    exercises: tuple[Exercise, ...]


@dataclass(frozen=True)
class Question:
    """A question of an assignment, and the objectives that it trains: (chapter, objective)."""

    assignment: str
    number: int
    trains: tuple[tuple[int, int], ...]


def read_chapter(page: str) -> Chapter:
    """A chapter's part of the map.

    Raises:
        ValueError: it lacks objectives or a time, an exercise a level, or one trains an objective
            that is not there.
    """
    text = (ROOT / f"{page}.md").read_text(encoding="utf-8")
    found = [one for one in map(directive, parser().parse(text)) if one]
    boxes = [one for one in found if one.options.get("class") == "icl-objectives"]
    time = re.search(r"\*\*Time\*\*: (\d+) minutes to read", text)
    if len(boxes) != 1 or time is None:
        raise ValueError(f"{page}: expected objectives, and '**Time**: … minutes to read'")
    objectives = tuple(
        line[2:].rstrip(";.") for line in boxes[0].body.splitlines() if line.startswith("- ")
    )
    exercises = tuple(_exercise(one, page) for one in found if one.name == "exercise")
    for one in exercises:
        if not set(one.trains) <= set(range(1, len(objectives) + 1)):
            raise ValueError(f"{page}: {one.label} trains {one.trains} of {len(objectives)}")
    title = re.search(r"^# \d+\. (.*)$", text, re.M)[1]
    number = int(page.rsplit("/", 1)[-1][:2])
    return Chapter(number, page, title, objectives, int(time[1]), exercises)


def _exercise(found: Directive, page: str) -> Exercise:
    title, trains = _TITLE.fullmatch(found.argument), _TRAINS.search(found.body)
    label = found.options.get("label", "")
    if not title or not trains:
        raise ValueError(f"{page}: {label} needs a level, minutes, and a line '% trains: …'")
    numbers = tuple(int(number) for number in trains[1].split(",") if number.strip() != "0")
    return Exercise(label, title[1], title[2], int(title[3]), numbers)


def chapters() -> list[Chapter]:
    """The numbered chapters in their order."""
    return [read_chapter(page) for page in pages() if labels.chapter(page)]


def questions(folder: Path = ROOT / "assignments") -> list[Question]:
    """The questions of all assignments.

    Raises:
        ValueError: a header does not say what each question trains.
    """
    from icllib.course.source import read_source

    found = []
    for source in map(read_source, sorted(folder.glob("*/source.md"))):
        names = source.key.questions
        if set(source.trains) != set(names):
            raise ValueError(f"{source.path}: trains names {sorted(source.trains)}, not {names}")
        for number, name in enumerate(names, 1):
            places = tuple(tuple(map(int, one.split("."))) for one in source.trains[name])
            found.append(Question(str(int(source.key.id)), number, places))
    return found


def objectives_map(book: list[Chapter], asked: list[Question]) -> str:
    """A table for each chapter in MyST: objective, exercises, questions of assignments."""
    by_objective = defaultdict(list)
    for one in asked:
        for place in one.trains:
            by_objective[place].append(f"{one.assignment}.{one.number}")
    parts = []
    for chapter in book:
        rows = [("after the chapter you can", "exercises", "assignments")]
        for number, objective in enumerate(chapter.objectives, 1):
            trained = [f"{{ref}}`{one.label}`" for one in chapter.exercises if number in one.trains]
            given = by_objective[chapter.number, number]
            rows.append((objective, ", ".join(trained) or "–", ", ".join(given) or "–"))
        name = chapter.page.rsplit("/", 1)[-1]
        parts.append(f"**{{doc}}`{chapter.number}. {chapter.title} <{name}>`**\n\n{_table(rows)}")
    return "\n\n".join(parts)


def time_map(book: list[Chapter]) -> str:
    """One table in MyST: minutes to read, and minutes of exercises by level."""
    rows = [("chapter", "reading", *LEVELS, "exercises")]
    for chapter in book:
        minutes = [
            sum(one.minutes for one in chapter.exercises if one.level == level) for level in LEVELS
        ]
        name = chapter.page.rsplit("/", 1)[-1]
        link = f"{{doc}}`{chapter.number}. {chapter.title} <{name}>`"
        numbers = [str(number or "–") for number in minutes]
        rows.append((link, str(chapter.minutes), *numbers, str(sum(minutes))))
    total = [sum(int(row[i]) for row in rows[1:]) for i in (1, -1)]
    between = [str(sum(int(row[i].replace("–", "0")) for row in rows[1:])) for i in (2, 3, 4)]
    rows.append(("all", str(total[0]), *between, str(total[1])))
    return _table(rows)


def _table(rows: list[tuple[str, ...]]) -> str:
    head, *body = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([head, "|" + "---|" * len(rows[0]), *body])


class CourseMap(SphinxDirective):
    """``{course-map} objectives`` and ``{course-map} time``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        try:
            book = chapters()
            makers = {
                "objectives": lambda: objectives_map(book, questions()),
                "time": lambda: time_map(book),
            }
            text = makers[directives.choice(self.arguments[0], tuple(makers))]()
        except (KeyError, ValueError) as error:
            raise self.error(str(error)) from error
        for path in [*(ROOT / f"{one.page}.md" for one in book), *ROOT.glob("assignments/*/*.md")]:
            self.env.note_dependency(str(path))
        holder = nodes.Element()
        lines = StringList(text.splitlines(), self.get_source_info()[0])
        self.state.nested_parse(lines, self.content_offset, holder)
        return holder.children


def setup(app: Sphinx) -> None:
    app.add_directive("course-map", CourseMap)
