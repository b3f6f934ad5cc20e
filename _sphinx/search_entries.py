"""What the search page looks through: every section, exercise and theorem, every term of the
glossary, every symbol of Notation, every cited work, every name of the library. Formulas stand
once, buttons and scripts not at all. Other names of a term are those that the glossary tells.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import plain_text
from bs4 import BeautifulSoup, Tag

HERE = Path(__file__).parent / "search"
_NO_TEXT = "script, style, noscript, button, svg, .icl-card, .icl-controls, .icl-values"
_NO_TEXT += ", .headerlink, .eqno, .cell_input"
_KINDS = {
    "chapters/notation": "notation",
    "chapters/api": "library",
    "chapters/api_measuring": "library",
    "chapters/bibliography": "bibliography",
}
#: What a glossary says of other names: "Also called the heavy ball."
_ALSO = re.compile(r"[Aa]lso called (?:the )?([^.;:]+?)(?=, because|[.;:])")
#: Words that lead to a term without being names of it.
RELATED = [
    ["few-shot", "in-context learning"],
    ["copying", "induction head"],
    ["layer normalisation", "norm"],
    ["normalisation", "norm"],
    ["multi-head", "head"],
    ["fixed step", "learning rate"],
    ["preconditioner", "preconditioned gradient descent"],
    ["finetuning", "training"],
    ["demonstration", "shot"],
]


def entries_of(page: BeautifulSoup, name: str) -> list[dict[str, str]]:
    """The entries of one page, which is taken apart: of each the `url`, the `page` that it stands
    on, `title`, `text` and `kind`."""
    article = page.select_one("article.bd-article")
    if article is None or article.h1 is None:
        return []
    for formula in article.find_all("span", class_="katex"):
        formula.replace_with(plain_text.of_markup(formula))
    for part in article.select(_NO_TEXT):
        part.decompose()
    title = _words(article.h1)
    found = []
    for kind, part, heading in [
        *_terms(article),
        *_names(article),
        *_rows(article, name),
        *_titled(article, "div.citation[id]", ".label", "bibliography"),
        *_titled(article, "div.exercise[id], div.proof[id]", ".admonition-title", "box"),
        *_sections(article),
    ]:
        anchor = part.get("id") or ""
        entry = {
            "url": f"{name}.html#{anchor}" if anchor else f"{name}.html",
            "page": title,
            "title": heading,
        }
        found.append(entry | {"text": _words(part), "kind": kind or _KINDS.get(name, "section")})
    return [entry for entry in found if entry["text"] or entry["kind"] == "section"]


def _words(part: Tag) -> str:
    text = re.sub(r"\s+", " ", part.get_text(" ")).strip().rstrip("#")
    return re.sub(r"(?<=[(\[]) | (?=[,.;:)\]](?!\.))", "", text)  # around what was a link


def _terms(article: Tag) -> list[tuple[str, Tag, str]]:
    """The terms of a glossary, taken out of the page with their definitions."""
    found = []
    for term in article.select("dl.glossary dt[id]"):
        definition = term.find_next_sibling("dd")
        heading = _words(term)
        term.clear()
        term.append(_words(definition))
        found.append(("term", term, heading))
    for glossary in article.select("dl.glossary"):
        glossary.extract()
    return found


def _names(article: Tag) -> list[tuple[str, Tag, str]]:
    """The classes and functions that the library's page describes."""
    found = []
    for signature in reversed(article.select("dl.py dt[id]")):
        heading = signature["id"]
        definition = signature.find_next_sibling("dd")
        signature.append(definition.extract() if definition else "")
        found.append(("library", signature.extract(), heading))
    return found[::-1]


def _rows(article: Tag, name: str) -> list[tuple[str, Tag, str]]:
    """The symbols of Notation, one a row."""
    if _KINDS.get(name) != "notation":
        return []
    found = []
    for row in article.select("tbody tr"):
        section = row.find_parent("section")
        row["id"] = section["id"] if section else ""
        found.append(("notation", row.extract(), _words(row.find(["td", "th"]))))
    return found


def _titled(article: Tag, parts: str, heading: str, kind: str) -> list[tuple[str, Tag, str]]:
    """The parts of a page that have a heading of their own, taken out of it; those without one stay
    where they are."""
    found = []
    for part in article.select(parts):
        title = part.select_one(heading)
        if title is not None:
            found.append((kind, part.extract(), _words(title.extract()).strip("[] ")))
    return found


def synonyms(entries: list[dict[str, str]]) -> list[list[str]]:
    """What else to look for: [typed, meant]. Names of a term's heading and those that its
    definition tells stand for each other; `RELATED` leads one way."""
    found = [list(pair) for pair in RELATED]
    for entry in entries:
        if entry["kind"] != "term":
            continue
        names = [name.strip() for name in entry["title"].split(",")]
        for told in _ALSO.findall(entry["text"]):
            others = [name.strip() for name in re.split(r",|\bor\b|\band\b", told) if name.strip()]
            pairs = [(name, other) for name in names for other in others]
            found += [list(each) for pair in pairs for each in (pair, pair[::-1])]
    return found


def _sections(article: Tag) -> list[tuple[str, Tag, str]]:
    """Sections without the sections inside them."""
    found = []
    for section in reversed(article.select("section[id]")):
        heading = section.find(re.compile("h[1-6]"))
        if heading is not None:
            found.append(("", section.extract(), _words(heading.extract())))
    return found[::-1]


def write_engine(outdir: Path) -> None:
    """Write what reads the entries."""
    shutil.copytree(HERE, outdir / "_static" / "search", dirs_exist_ok=True)


def write(outdir: Path, entries: list[dict[str, str]]) -> None:
    """Write the entries as a script: a page from a disk can load no other kind of file."""
    (outdir / "_static" / "search" / "entries.js").write_text(script(entries), encoding="utf-8")


def script(entries: list[dict[str, str]]) -> str:
    """The entries and the names of one thing as a script."""
    parts = {"SEARCH_ENTRIES": entries, "SEARCH_SYNONYMS": synonyms(entries)}
    return "".join(
        f"const {name} = {json.dumps(data, ensure_ascii=False, separators=(',', ':'))};\n"
        for name, data in parts.items()
    )
