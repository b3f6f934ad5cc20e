"""What the built site says of its chapters, for slides and previews: question, key figures, end.

A key figure is drawn by a cell with the tag `key-figure`; the site shows it as a class of the cell.
"""

from __future__ import annotations

import copy
import html
import math
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bs4 import BeautifulSoup, Tag

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "_build" / "html"
CONTENTS = ROOT / "_toc.yml"
sys.path.append(str(ROOT / "_sphinx"))

import labels  # noqa: E402 (found in the folder above)
import plain_text  # noqa: E402

_PREDICT = re.compile(r"\bPredict\b[^.:]*:\s*(.+)")
_RAISED = str.maketrans("23", "²³")
_NOT_WORDS = ".headerlink, .icl-figure-number, script, style"


@dataclass(frozen=True)
class KeyFigure:
    """A figure: its number (7.5), the heading above it, its panels as SVG, what is told of them."""

    number: str
    section: str
    panels: tuple[str, ...]
    alts: tuple[str, ...]
    caption: str
    ask: str  # the guess that the page asks for before it; may be empty

    @property
    def anchor(self) -> str:
        return "figure-" + self.number.replace(".", "-")


@dataclass(frozen=True)
class Chapter:
    """A chapter; `address` is its page, relative to the site's root."""

    number: int
    title: str
    address: str
    question: str
    guess: str
    figures: tuple[KeyFigure, ...]
    abilities: tuple[str, ...]


def words(tag: Tag) -> str:
    """The words of an element in one line, formulas as they are typed: η/N."""
    tag = copy.copy(tag)
    for formula in tag.select(".katex"):
        formula.replace_with(plain_text.of_markup(formula))
    for rest in tag.select(_NOT_WORDS):
        rest.extract()
    text = " ".join(tag.get_text().split())
    return re.sub(r"\^([ᵀ23])", lambda m: m[1].translate(_RAISED), text)


def read(chosen: Iterable[int] = (), site: Path = SITE, contents: Path = CONTENTS) -> list[Chapter]:
    """The chapters in the book's order, or those with the numbers that are chosen.

    Raises:
        SystemExit: there is no such chapter or no site, or a page lacks what a slide needs.
    """
    files = {int(labels.chapter(p)): p for p in labels.pages(contents) if labels.chapter(p)}
    if unknown := sorted(set(chosen) - set(files)):
        names = ", ".join(map(str, unknown))
        span = f"{min(files)} to {max(files)}"
        raise SystemExit(f"There is no chapter {names}: expected numbers from {span}.")
    numbers = [number for number in files if not chosen or number in set(chosen)]
    return [_chapter(number, site, f"{files[number]}.html") for number in numbers]


def page(site: Path, address: str) -> str:
    """The source of a page of the site."""
    if not (site / address).exists():
        raise SystemExit(f"{site / address} is missing: run `make book` first.")
    return (site / address).read_text(encoding="utf-8")


def _chapter(number: int, site: Path, address: str) -> Chapter:
    source = page(site, address)
    article = BeautifulSoup(source, "html.parser").article
    asked = article.select_one(".icl-question")
    cells = article.select(".tag_key-figure")
    abilities = article.select("section#you-can-now li")
    for found, what in (
        (asked, "question"),
        (cells, "figure with the tag key-figure"),
        (abilities, "list below “You can now”"),
    ):
        if not found:
            raise SystemExit(f"{site / address} has no {what}: see CONTRIBUTING.md.")
    return Chapter(
        number,
        re.sub(r"^\d+\.\s*", "", words(article.h1)),
        address,
        words(asked.strong),
        words(asked.em) if asked.em else "",
        tuple(_figure(cell, source, address) for cell in cells),
        tuple(words(item).rstrip(";.") for item in abilities),
    )


def _figure(cell: Tag, source: str, address: str) -> KeyFigure:
    figure = cell.select_one("figure.icl-figure")
    if figure is None:
        raise SystemExit(f"{address}: a cell with the tag key-figure shows no plain figure.")
    start = source.index(f'<figure id="{figure["id"]}"')
    drawn = source[start : source.index("<figcaption", start)]
    # The parser would write the names of SVG in small letters.
    panels = re.findall(r'<svg role="img".*?</svg>', drawn, re.DOTALL)
    return KeyFigure(
        figure["id"].removeprefix("figure-").replace("-", "."),
        words(figure.find_previous(["h2", "h3"])),
        tuple(panels),
        tuple(html.unescape(re.search(r'aria-label="([^"]*)"', panel)[1]) for panel in panels),
        words(figure.figcaption),
        _asked_before(figure),
    )


def _asked_before(figure: Tag) -> str:
    """The last guess that the figure's section asks for before it."""
    for earlier in figure.find_all_previous(["h2", "p", "div"]):
        if earlier.name == "h2":
            break
        if "icl-predict" in earlier.get("class", []):
            return words(earlier.select_one(".icl-asked") or earlier)
        asks = any(part.get_text().startswith("Predict") for part in earlier.find_all("em"))
        if earlier.name == "p" and asks and (match := _PREDICT.search(words(earlier))):
            return match[1]
    return ""


def arranged(panels: Sequence[str], width: int, height: int, gap: int = 16) -> tuple[str, int, int]:
    """Panels as large as they fit into a box, in the rows that let them be largest.

    Args:
        panels: SVGs.
        width, height: of the box, px.
        gap: between panels, px.

    Returns:
        The panels in rows as HTML, and the width and height that they take.
    """
    sizes = [tuple(map(float, re.search(r'viewBox="0 0 (\S+) (\S+)"', p).groups())) for p in panels]

    def rows(columns: int) -> list[range]:
        places = range(len(sizes))
        return [places[start : start + columns] for start in places[::columns]]

    def extent(columns: int) -> tuple[float, float]:
        wide = max(sum(sizes[place][0] for place in row) for row in rows(columns))
        return wide, sum(max(sizes[place][1] for place in row) for row in rows(columns))

    def scale(columns: int) -> float:
        (wide, high), down = extent(columns), math.ceil(len(sizes) / columns)
        return min((width - gap * (columns - 1)) / wide, (height - gap * (down - 1)) / high)

    columns = max(range(1, len(sizes) + 1), key=scale)
    by, (wide, high), down = scale(columns), extent(columns), len(rows(columns))
    lines = ("".join(_sized(panels[p], sizes[p], by) for p in row) for row in rows(columns))
    flex = f"display:inline-flex;justify-content:center;gap:{gap}px"
    drawn = "".join(f'<div style="{flex}">{line}</div>' for line in lines)
    size = int(by * wide + gap * (columns - 1)), int(by * high + gap * (down - 1))
    return f'<div class="panels" style="{flex};flex-direction:column">{drawn}</div>', *size


def _sized(svg: str, size: tuple[float, float], scale: float) -> str:
    """A panel with the width and height that it takes."""
    width, height = (scale * side for side in size)
    own = f'style="width:{width:.1f}px;height:{height:.1f}px;'
    return re.sub(r'style="max-width:[^;]*;flex:[^;]*;', own, svg, count=1)
