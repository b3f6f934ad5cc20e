"""One MyST source an assignment: what its cells are for, by their tags.

======================================  ===========================================================
tags                                    the cell
======================================  ===========================================================
(none)                                  is shown to students, and not graded
setup                                   runs before all answers, in the sandbox too
kit:NAME                                what students get for an answer
kit:NAME, solution                      the answer; or text that explains it
kit:NAME, test, points:2                a public check: one call, such as check.loss(loss)
kit:NAME, test, hidden, points:1        a hidden one
kit:NAME, by-hand, points:4             a cell of text that a person reads
kit:NAME, rubric                        what the points are given for
======================================  ===========================================================

`hidden.py` beside the source holds what hidden tests need; they call it `hidden`. The header's
`kit` names the assignment: id, title, checks, library, avoid, limits, trains, and as `variant` the
numbers that a teacher may change, with their defaults: ``{{ name }}`` in a cell stands for one.
"""

from __future__ import annotations

import ast
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

from icllib.course.key import ByHand, FormError, Key, Limits, Test, checks_digest
from icllib.course.variant import chosen, filled, named, shifted

__all__ = ["Cell", "Source", "find_source", "read_source"]

_HEADING = re.compile(r"^#+ .*\((\d+(?:\.\d+)?) points?, (\d+) min\)", re.M)
_WORDS = {"setup", "solution", "test", "hidden", "by-hand", "rubric"}
_OF_JUPYTER = {f"{do}-{part}" for do in ("hide", "remove") for part in ("input", "output", "cell")}
_WITH_VALUE = re.compile(r"kit:\w+|points:\d+(\.\d+)?")


@dataclass(frozen=True)
class Cell:
    """One cell of a source.

    Attributes:
        text: what stands in it.
        is_code: code, or Markdown.
        question: the question it belongs to; "" without one.
        words: its tags without question and points.
        points: of a test or an answer in words.
        tags: those that Jupyter knows, such as hide-input.
    """

    text: str
    is_code: bool
    question: str
    words: frozenset[str]
    points: float
    tags: tuple[str, ...]

    @property
    def kind(self) -> str:
        """plain, setup, answer, solution, test, hidden, by-hand or rubric."""
        for word in ("hidden", "test", "solution", "rubric", "by-hand", "setup"):
            if word in self.words:
                return word
        return "answer" if self.question else "plain"


@dataclass(frozen=True)
class Source:
    """A source that was read.

    Attributes:
        path: where it lies.
        cells: all of it.
        key: what a grader has to know.
        trains: question → the objectives of the book that it trains, such as "6.2".
    """

    path: Path
    cells: tuple[Cell, ...]
    key: Key
    trains: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def solutions(self) -> dict[str, str]:
        """Question → the code of its solution."""
        return {c.question: c.text for c in self.cells if c.kind == "solution" and c.is_code}

    @property
    def library(self) -> str:
        """What pip installs where the library is missing: the archive of the book's repository."""
        given = os.environ.get("BOOK_REPOSITORY_URL") or _repository(self.path)
        return f"icllib @ {given}/archive/refs/heads/main.zip" if given else "icllib"

    def secrets(self) -> set[str]:
        """The lines of solutions, rubrics and hidden tests that stand nowhere in public."""
        private = [c.text for c in self.cells if c.kind in ("solution", "hidden", "rubric")]
        public = [c.text for c in self.cells if c.kind not in ("solution", "hidden", "rubric")]
        known = {line.strip() for text in public for line in text.splitlines()}
        lines = {line.strip() for text in private for line in text.splitlines()}
        return {line for line in lines - known if len(line) >= 12}


def _repository(path: Path) -> str:
    """The address that the book's pyproject.toml above a source names as its own or, where there is
    none, the installed library."""
    try:
        project = tomllib.loads(
            (path.resolve().parents[2] / "pyproject.toml").read_text(encoding="utf-8")
        )["project"]
        if project["name"] == "icllib":
            return str(project["urls"]["Source"])
    except (OSError, ValueError, LookupError, TypeError):
        pass  # a source may lie anywhere
    try:
        lines = metadata("icllib").get_all("Project-URL") or []
    except PackageNotFoundError:
        lines = []
    urls = dict(line.split(", ", 1) for line in lines)
    return urls.get("Source", "")


def find_source(name: str, folder: Path) -> Path:
    """The source of an assignment, by its number or its folder.

    Raises:
        FormError: there is none, or several.
    """
    given = Path(name)
    if given.name == "source.md" and given.is_file():
        return given
    number = name.zfill(2) if name.isdigit() else name
    found = sorted(folder.glob(f"{number}*/source.md")) or sorted(given.glob("source.md"))
    if len(found) != 1:
        there = ", ".join(
            path.parent.name.partition("_")[0] for path in sorted(folder.glob("*/source.md"))
        )
        raise FormError(
            f"assignment {name!r}, expected one of: {there or 'none is in ' + str(folder)}"
        )
    return found[0]


def read_source(path: Path, variant: Mapping[str, float] | None = None, seed: int = 0) -> Source:
    """A source, checked for form.

    Args:
        path: where it lies.
        variant: name → number, for some or all of those that its header names.
        seed: is added to the seed of every hidden check.

    Raises:
        FormError: a tag is unknown, a test is no call, points and heading disagree, a variant has
            another name or no number, …
    """
    import jupytext

    notebook = jupytext.read(path, fmt="md:myst")
    header = notebook.metadata.get("kit")
    if not isinstance(header, dict) or not {"id", "title"} <= set(header):
        raise FormError(f"{path}: the header needs kit: with id and title")
    cells = tuple(_cell(cell, path) for cell in notebook.cells)
    used = {name for cell in cells for name in named(cell.text)}
    values = chosen(header.get("variant", {}), variant or {}, used, path)
    cells = tuple(_of_variant(cell, values, seed) for cell in cells)
    key = replace(_key(header, cells, path), variant=values, seed=seed)
    source = Source(path, cells, key, header.get("trains", {}))
    _check_headings(source)
    return source


def _cell(cell: object, path: Path) -> Cell:
    tags = cell.metadata.get("tags", [])
    for tag in tags:
        if tag not in _WORDS | _OF_JUPYTER and not _WITH_VALUE.fullmatch(tag):
            known = ", ".join(sorted(_WORDS | _OF_JUPYTER))
            raise FormError(f"{path}: a tag is {tag!r}, expected kit:NAME, points:2, {known}")
    questions = [tag.removeprefix("kit:") for tag in tags if tag.startswith("kit:")]
    points = [float(tag.removeprefix("points:")) for tag in tags if tag.startswith("points:")]
    words = frozenset(tag for tag in tags if tag in _WORDS)
    others = tuple(tag for tag in tags if tag in _OF_JUPYTER)
    question = questions[0] if questions else ""
    if len(questions) > 1 or len(points) > 1 or (question and not question.isidentifier()):
        raise FormError(f"{path}: a cell is tagged {tags}, expected one kit:NAME")
    if bool(points) != bool(words & {"test", "by-hand"}) or (words - {"setup"} and not question):
        raise FormError(f"{path}: a cell is tagged {tags}: points belong to tests of a question")
    is_code = cell.cell_type == "code"
    return Cell(cell.source, is_code, question, words, sum(points), others)


def _of_variant(cell: Cell, values: Mapping[str, float], seed: int) -> Cell:
    text = filled(cell.text, values)
    return replace(cell, text=shifted(text, seed) if cell.kind == "hidden" else text)


def _key(header: dict, cells: tuple[Cell, ...], path: Path) -> Key:
    of = {kind: [cell for cell in cells if cell.kind == kind] for kind in (*_WORDS, "answer")}
    tests, count = [], {}
    for cell in cells:
        if cell.kind in ("test", "hidden"):
            count[cell.question] = count.get(cell.question, 0) + 1
            code = _call(cell.text, path)
            hidden = cell.kind == "hidden"
            tests.append(Test(cell.question, code, cell.points, hidden, count[cell.question]))
    rubrics = {cell.question: cell.text for cell in of["rubric"]}
    by_hand = [ByHand(c.question, c.points, rubrics.get(c.question, "")) for c in of["by-hand"]]
    stubs = {cell.question: cell.text for cell in (*of["answer"], *of["by-hand"])}
    asked = {test.question for test in tests} | {part.question for part in by_hand}
    if set(stubs) != asked or not {test.question for test in tests} <= {
        cell.question for cell in of["solution"] if cell.is_code
    }:
        odd = ", ".join(sorted(set(stubs) ^ asked)) or "a question has no solution"
        raise FormError(f"{path}: every question needs a stub, a solution and a test ({odd})")
    hidden = path.with_name("hidden.py")
    checks = header.get("checks", "")
    return Key(
        id=str(header["id"]),
        title=header["title"],
        questions=tuple(stubs),
        setup="\n\n".join(cell.text for cell in of["setup"]),
        stubs=stubs,
        tests=tuple(tests),
        by_hand=tuple(by_hand),
        checks=checks,
        library=tuple(header.get("library", ())),
        limits=_limits(header.get("limits", {}), path),
        avoid=tuple(header.get("avoid", ())),
        hidden=hidden.read_text(encoding="utf-8") if hidden.exists() else "",
        checks_digest=checks_digest(checks),
    )


def _limits(given: object, path: Path) -> Limits:
    known = [part.name for part in fields(Limits)]
    if (
        not isinstance(given, dict)
        or not given.keys() <= set(known)
        or not all(isinstance(value, int | float) and value > 0 for value in given.values())
    ):
        raise FormError(
            f"{path}: limits is {given!r}, expected numbers above 0 for {', '.join(known)}"
        )
    return Limits(**given)


def _call(code: str, path: Path) -> str:
    """The code of a test, if it is one call of the key's own.

    Raises:
        FormError: it is something else.
    """
    try:
        call = ast.parse(code.strip(), mode="eval").body
    except SyntaxError:
        call = None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        raise FormError(f"{path}: a test is {code!r}, expected one call such as check.loss(loss)")
    if any(
        isinstance(node, ast.Lambda | ast.ListComp | ast.GeneratorExp) for node in ast.walk(call)
    ):
        raise FormError(f"{path}: the test {code!r} is too clever, expected names and numbers")
    return ast.unparse(call)


def _check_headings(source: Source) -> None:
    """Each question says its points and its time, and the points are those of its tests."""
    promised, given, place = {}, {}, ""
    for cell in source.cells:
        if not cell.is_code and cell.kind == "plain":
            for heading in _HEADING.finditer(cell.text):
                place, promised[heading[0]] = heading[0], float(heading[1])
        elif cell.points:
            given[place] = given.get(place, 0) + cell.points
    for heading in promised | given:
        said, found = promised.get(heading), given.get(heading)
        if said != found:
            place = heading or "a question"
            raise FormError(f"{source.path}: {place} says {said} points, its tests give {found}")
