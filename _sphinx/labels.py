"""What the pages call each other: titles, labels, their numbers, and the works they cite, read without Sphinx.

Numbers run through the book in the order of _toc.yml, as on the site (tests/book/test_notebooks.py compares the two).
"""

from __future__ import annotations

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
NUMBERED = ("exercise", "lemma", "proposition", "theorem", "corollary", "definition", "algorithm", "equation")


@dataclass(frozen=True)
class Label:
    """A place that pages refer to: its page, what it is, its number (None where it has none), its title and anchor."""

    page: str
    kind: str
    number: int | None
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
    """Titles of all pages, labels of all places, cited works."""

    titles: dict[str, str] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)
    works: dict[str, Entry] = field(default_factory=dict)


def parser() -> MarkdownIt:
    """The blocks of MyST: CommonMark, tables, fences of colons, mathematics, targets."""
    markdown = MarkdownIt("commonmark").enable("table").use(front_matter_plugin).use(colon_fence_plugin)
    return markdown.use(myst_block_plugin).use(dollarmath_plugin, allow_labels=True)


def directive(token: Token) -> Directive | None:
    """The directive that a fence holds, or None for plain code."""
    match = re.fullmatch(r"\{([\w:.+-]+)\}\s*(.*)", token.info.strip()) if "fence" in token.type else None
    if not match:
        return None
    lines, options = token.content.splitlines(), {}
    if lines and lines[0].strip() == "---":
        end = next(i for i, line in enumerate(lines[1:], 1) if line.strip() == "---")
        options = {key: str(value) for key, value in (yaml.safe_load("\n".join(lines[1:end])) or {}).items()}
        lines = lines[end + 1 :]
    while lines and (option := re.fullmatch(r":([\w-]+):\s*(.*)", lines[0])):
        options[option[1]] = option[2]
        lines = lines[1:]
    return Directive(match[1], match[2], options, "\n".join(lines).strip("\n"))


def pages() -> list[str]:
    """The pages in the order of _toc.yml, without suffix."""

    def walk(node: object) -> Iterator[str]:
        if isinstance(node, dict):
            yield from (node[key] for key in ("root", "file") if key in node)
            for key in ("parts", "chapters", "sections"):
                yield from walk(node.get(key, []))
        elif isinstance(node, list):
            for item in node:
                yield from walk(item)

    return list(walk(yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))))


def read_book() -> Book:
    """Titles, labels and works of the whole book."""
    book, counts = Book(), Counter()
    for page in pages():
        if (ROOT / f"{page}.md").exists():
            _read(book, counts, page, (ROOT / f"{page}.md").read_text(encoding="utf-8"))
    bibliography = ROOT / "chapters" / "references.bib"
    if bibliography.exists():
        book.works = dict(parse_file(str(bibliography), bib_format="bibtex").entries)
    return book


def _read(book: Book, counts: Counter, page: str, text: str) -> None:
    """Note what one text of a page defines, nested directives included."""

    def note(label: str, kind: str, title: str = "", numbered: bool = True, anchor: str = "") -> None:
        counts[kind] += numbered
        number = counts[kind] if numbered else None
        if label:
            book.labels[label] = Label(page, kind, number, title, anchor or label)

    tokens, targets = parser().parse(text), []
    for index, token in enumerate(tokens):
        if token.type == "math_block_label":
            note(token.info, "equation", anchor=f"equation-{token.info}")
        elif token.type == "myst_target":
            targets.append(token.content)
        elif token.type == "heading_open":
            title = tokens[index + 1].content
            book.titles.setdefault(page, title)
            for target in targets:
                note(target, "section", title, numbered=False)
            targets = []
        elif found := directive(token):
            label, title = found.options.get("label") or found.options.get("name", ""), found.argument
            if found.name == "math" and label:
                note(label, "equation", anchor=f"equation-{label}")
            elif found.kind in NUMBERED:
                note(label, found.kind, title, numbered="nonumber" not in found.options)
            elif label or targets:
                for target in [*targets, label]:
                    note(target, found.kind, title, numbered=False)
            targets = []
            if "code" not in found.name and found.name != "math":
                _read(book, counts, page, found.body)
