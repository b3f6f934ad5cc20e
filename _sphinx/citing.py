"""The foot of a page: how to cite it, and where to report a mistake on it.

Title, authors and year of the book come from CITATION.cff (where it lacks them, from _config.yml),
the version from pyproject.toml, the address from `page_context.site_url`. A report's link works as
it is; `_static/sharing.js` adds the section that is read, and the commit that the footer names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import edition
import labels
import plain_text
import yaml
from docutils import nodes
from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parent.parent
#: Files of the root that say how the book is cited.
SOURCES = ("CITATION.cff", "pyproject.toml")
SECTION = "Section: (which one?)"
_EXERCISE = re.compile(
    r'(<div class="exercise[^"]*" id="([^"]+)">\s*<p class="admonition-title">)'
    r'<span class="caption-number">(.*?)( ?)</span>'
)


@dataclass(frozen=True)
class Book:
    """What a citation says of the whole book; an author is (family, given), or (name, "")."""

    title: str
    authors: tuple[tuple[str, str], ...]
    year: str
    version: str


@dataclass(frozen=True)
class Page:
    """What a citation says of a page: `chapter` is empty for an appendix, `title` for the book."""

    name: str
    title: str
    chapter: str
    url: str


def read_book(root: Path = ROOT) -> Book:
    """Title, authors, year and version as the files of the root state them; "" where none does."""
    config, cff = _yaml(root / "_config.yml"), _yaml(root / "CITATION.cff")
    people = [
        (person.get("family-names") or person.get("name", ""), person.get("given-names", ""))
        for person in cff.get("authors", [])
    ]
    dates = f"{cff.get('date-released', '')} {config.get('copyright', '')}"
    year = re.search(r"\d{4}", dates)
    return Book(
        title=cff.get("title") or config["title"],
        authors=tuple(people) or ((config["author"], ""),),
        year=year[0] if year else "",
        version=edition.version(root) or "",
    )


def _yaml(path: Path) -> dict:
    return (yaml.safe_load(path.read_text(encoding="utf-8")) or {}) if path.exists() else {}


def citation(book: Book, page: Page) -> str:
    """One line of plain text."""
    authors = " and ".join(", ".join(filter(None, author)) for author in book.authors)
    whole = f"{book.title}, version {book.version}" if book.version else book.title
    inside = f"Chapter {page.chapter} of {whole}" if page.chapter else f"In {whole}"
    parts = [f"{authors} ({book.year})" if book.year else authors]
    parts += [page.title, inside] if page.title else [whole]
    said = " ".join(part if part[-1] in ".?!" else f"{part}." for part in parts)
    return f"{said} {page.url}".strip()


def bibtex(book: Book, page: Page) -> str:
    """An entry for BibTeX: a part of a collection, or the book."""
    slug = re.sub(r"\W+", "-", book.title.partition(":")[0].lower()).strip("-")
    place = page.chapter or page.name.rsplit("/", 1)[-1]
    fields = {
        "author": " and ".join(_author(*author) for author in book.authors),
        "title": _capitals_kept(page.title) if page.title else _tex(book.title),
        "chapter": page.chapter,
        "booktitle": _tex(book.title) if page.title else "",
        "year": book.year,
        "note": f"Version {book.version}" if book.version else "",
        "url": page.url,
    }
    lines = [f"  {field} = {{{value}}}" for field, value in fields.items() if value]
    kind, key = ("incollection", f"{slug}-{place}") if page.title else ("book", slug)
    return f"@{kind}{{{key},\n" + ",\n".join(lines) + "\n}"


def _author(family: str, given: str) -> str:
    return f"{_tex(family)}, {_tex(given)}" if given else f"{{{_tex(family)}}}"


def _tex(text: str) -> str:
    return re.sub(r"([&%$#_{}])", r"\\\1", text)


def _capitals_kept(title: str) -> str:
    """A title whose names keep their capitals in styles that write titles small: {GD++}."""
    return re.sub(r"\S+[A-Z]\S*|(?<=\s)[A-Z]\S*", lambda word: f"{{{word[0]}}}", _tex(title))


def report(repository: str, page: Page, version: str = "") -> str:
    """The address of a new issue about a page."""
    lines = [f"Page: {page.url or page.name + '.html'}", SECTION]
    lines += [f"Version: {version}"] if version else []
    lines += ["", "What is wrong:", "", "What should it say:", ""]
    asked = {"title": f"Mistake on “{page.title}”" if page.title else "Mistake on the first page"}
    asked["body"] = "\n".join(lines)
    return f"{repository.rstrip('/')}/issues/new?{urlencode(asked)}"


def linked_exercises(body: str) -> str:
    """A page whose exercises' numbers are links to themselves; as those of equations, no stop of
    the tab key (the foot's list has them all)."""
    link = r'<a class="icl-number" href="#\2" tabindex="-1">\3</a>'
    return _EXERCISE.sub(rf'\1<span class="caption-number">{link}\4</span>', body)


def fill(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree: nodes.document | None
) -> None:
    """What `citing.html` asks for; pages that are no part of the book get none."""
    if pagename not in app.env.found_docs or "body" not in context:
        return
    book, root = read_book(), pagename == app.config.root_doc
    heading = plain_text.of_node(app.env.titles[pagename])
    title = re.sub(r"^\d+\.\s+", "", heading)
    base = app.config.html_baseurl  # page_context.site_url
    url = (base if root else f"{base}{pagename}.html") if base else ""
    page = Page(pagename, "" if root else title, labels.chapter(pagename), url)
    context["citation"], context["bibtex"] = citation(book, page), bibtex(book, page)
    asked = Page(pagename, heading, "", url)
    context["report_url"] = report(
        app.config.html_theme_options["repository_url"], asked, book.version
    )
    context["body"] = linked_exercises(context["body"])


def settings(app: Sphinx, config: object) -> None:
    """Put the foot below the text of every page."""
    config.html_theme_options["article_footer_items"] = ["citing.html"]


def setup(app: Sphinx) -> None:
    app.connect("config-inited", settings)
    # Before the theme looks which parts of its footer are empty.
    app.connect("html-page-context", fill, priority=400)
