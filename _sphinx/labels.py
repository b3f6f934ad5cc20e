"""What the pages call each other: titles, labels, numbers, cited works; read without Sphinx.

Exercises, equations and figures are numbered by chapter, theorems and the like through the book in
the order of _toc.yml, as on the site (tests/book/test_notebooks.py compares the two).
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.front_matter import front_matter_plugin
from mdit_py_plugins.myst_blocks import myst_block_plugin
from pybtex.database import Entry, parse_file

ROOT = Path(__file__).resolve().parent.parent
BY_CHAPTER = ("exercise", "equation", "figure")
NUMBERED = (
    "exercise",
    "lemma",
    "proposition",
    "theorem",
    "corollary",
    "definition",
    "algorithm",
    "equation",
)


@dataclass(frozen=True)
class Label:
    """A place that pages refer to: page, kind, number (or None), title and anchor."""

    page: str
    kind: str
    number: str | None
    title: str
    anchor: str

    @property
    def name(self) -> str:
        """What a reference to it says: "Exercise 4", or its title."""
        if self.kind == "equation":
            return f"({self.number})"
        return self.title if self.number is None else f"{self.kind.capitalize()} {self.number}"


@dataclass(frozen=True)
class Directive:
    """A directive of MyST: its name, the rest of its first line, its options, its body."""

    name: str
    argument: str
    options: dict[str, str]
    body: str

    @property
    def kind(self) -> str:
        return self.name.removeprefix("prf:")


@dataclass
class Book:
    """Titles of all pages, labels of all places, figures that have a name, cited works."""

    titles: dict[str, str] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)
    figures: dict[tuple[str, str], Label] = field(default_factory=dict)  # by page and name
    works: dict[str, Entry] = field(default_factory=dict)


def parser() -> MarkdownIt:
    """The blocks of MyST: CommonMark, tables, fences of colons, mathematics, targets."""
    markdown = (
        MarkdownIt("commonmark").enable("table").use(front_matter_plugin).use(colon_fence_plugin)
    )
    return markdown.use(myst_block_plugin).use(dollarmath_plugin, allow_labels=True)


def directive(token: Token) -> Directive | None:
    """The directive that a fence holds, or None for plain code."""
    match = (
        re.fullmatch(r"\{([\w:.+-]+)\}\s*(.*)", token.info.strip())
        if "fence" in token.type
        else None
    )
    if not match:
        return None
    lines, options = token.content.splitlines(), {}
    if lines and lines[0].strip() == "---":
        end = next(i for i, line in enumerate(lines[1:], 1) if line.strip() == "---")
        options = {
            key: str(value)
            for key, value in (yaml.safe_load("\n".join(lines[1:end])) or {}).items()
        }
        lines = lines[end + 1 :]
    while lines and (option := re.fullmatch(r":([\w-]+):\s*(.*)", lines[0])):
        options[option[1]] = option[2]
        lines = lines[1:]
    return Directive(match[1], match[2], options, "\n".join(lines).strip("\n"))


def pages(contents: Path = ROOT / "_toc.yml") -> list[str]:
    """The pages in the order of a table of contents, without suffix."""

    def walk(node: object) -> Iterator[str]:
        if isinstance(node, dict):
            yield from (node[key] for key in ("root", "file") if key in node)
            for key in ("parts", "chapters", "sections"):
                yield from walk(node.get(key, []))
        elif isinstance(node, list):
            for item in node:
                yield from walk(item)

    return list(walk(yaml.safe_load(contents.read_text(encoding="utf-8"))))


def read_book() -> Book:
    """Titles, labels and works of the whole book."""
    book, counts = Book(), Counter()
    for page in pages():
        if (ROOT / f"{page}.md").exists():
            _Reader(book, counts, page).read((ROOT / f"{page}.md").read_text(encoding="utf-8"))
    bibliography = ROOT / "chapters" / "references.bib"
    if bibliography.exists():
        book.works = dict(parse_file(str(bibliography), bib_format="bibtex").entries)
    return book


def chapter(page: str) -> str:
    """The number of a page's chapter, "7" for 07_many_layers; empty for a page without one."""
    match = re.match(r"(\d+)_", page.rsplit("/", 1)[-1])
    return str(int(match[1])) if match else ""


def figures_of(code: str, live: set[str]) -> list[str]:
    """The names of the figures that a cell shows, in their order, empty for a figure without one.

    Args:
        live: the classes of live figures that the page has imported; this cell's join them.
    """
    names = []
    for statement in ast.parse(code).body:
        for node in ast.walk(statement):
            if isinstance(node, ast.ImportFrom) and node.module == "icllib.widgets":
                live |= {alias.asname or alias.name for alias in node.names}
        calls = [node for node in ast.walk(statement) if isinstance(node, ast.Call)]
        for call in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
            called = (
                call.func.attr
                if isinstance(call.func, ast.Attribute)
                else getattr(call.func, "id", "")
            )
            if called == "show":
                given = [word.value for word in call.keywords if word.arg == "name"]
                names.append(str(getattr(given[0], "value", "")) if given else "")
            elif called in live and isinstance(statement, ast.Expr):
                names.append(re.sub(r"(?<!^)(?=[A-Z])", "_", called).lower())
    return names


@dataclass
class _Reader:
    """Notes what a page defines; `counts` goes on from page to page, `live` as in `figures_of`."""

    book: Book
    counts: Counter
    page: str
    live: set[str] = field(default_factory=set)

    def read(self, text: str) -> None:
        """Read a text of the page; directives are read in their turn."""
        tokens, targets = parser().parse(text), []
        for index, token in enumerate(tokens):
            if token.type == "math_block_label":
                self.note(token.info, "equation", anchor=f"equation-{token.info}")
            elif token.type == "myst_target":
                targets.append(token.content)
            elif token.type == "heading_open":
                title = tokens[index + 1].content
                self.book.titles.setdefault(self.page, title)
                for target in targets:
                    self.note(target, "section", title, numbered=False)
                targets = []
            elif found := directive(token):
                self.read_directive(found, targets)
                targets = []

    def read_directive(self, found: Directive, targets: list[str]) -> None:
        label = found.options.get("label") or found.options.get("name", "")
        if found.name == "code-cell":
            for name in figures_of(found.body, self.live):
                self.note(name, "figure")
            return
        if found.name == "math" and label:
            self.note(label, "equation", anchor=f"equation-{label}")
        elif found.kind in NUMBERED:
            self.note(label, found.kind, found.argument, numbered="nonumber" not in found.options)
        else:
            for target in filter(None, [*targets, label]):
                self.note(target, found.kind, found.argument, numbered=False)
        if found.name != "math" and "code" not in found.name:
            self.read(found.body)

    def note(
        self, label: str, kind: str, title: str = "", numbered: bool = True, anchor: str = ""
    ) -> None:
        number = self.number(kind) if numbered else None
        if kind == "figure":
            made = Label(self.page, kind, number, title, "figure-" + number.replace(".", "-"))
            self.book.figures.setdefault((self.page, label), made)
        elif label:
            self.book.labels[label] = Label(self.page, kind, number, title, anchor or label)

    def number(self, kind: str) -> str:
        """The next number of a kind: within the chapter, or through the book."""
        key = (self.page, kind) if kind in BY_CHAPTER else kind
        self.counts[key] += 1
        return ".".join(
            filter(None, (chapter(self.page) if kind in BY_CHAPTER else "", str(self.counts[key])))
        )
