"""Slides of the book's key figures with speaker notes, as PowerPoint and as PDF.

Usage: slides.py [--chapters N …] [--notes]

All that they show and say stands on the pages of the built site; both files are made from one list
of slides.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import key_figures
import slide_files
import yaml
from browser import chromium
from bs4 import BeautifulSoup
from key_figures import ROOT, Chapter, KeyFigure, words
from terminal import in_one_sentence

FOLDER = ROOT / "_build" / "slides"
NAME = "one-layer-one-step"
LONGEST = 86  # letters that fit below a picture in one line
MOST = 3  # panels on one slide


@dataclass(frozen=True)
class Slide:
    """A slide: what it shows, and what is said with it.

    Attributes:
        kind: one of `slide_files.KINDS`.
        title, lines: its text.
        notes: pairs of a heading and words; those without words are left out.
        figure: with the panels that this slide shows.
    """

    kind: str
    title: str
    lines: tuple[str, ...]
    notes: tuple[tuple[str, str], ...]
    figure: KeyFigure | None = None


def slides_of(chapters: Sequence[Chapter], site: Path = key_figures.SITE) -> list[Slide]:
    """A title, and for each chapter its question, its key figures, and what one can do then."""
    front = BeautifulSoup(key_figures.page(site, "intro.html"), "html.parser").article
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    credit = f"Text and figures: {slide_files.LICENCE}, {config['author']}"
    lines = (words(front.em), credit, config["repository"]["url"])
    notes = (
        ("Key figures of chapters", ", ".join(str(chapter.number) for chapter in chapters)),
        ("In the notes of a figure", "what to ask before you show it, and what there is to see"),
    )
    slides = [Slide("title", words(front.h1), lines, notes)]
    for chapter in chapters:
        slides.append(_opening(chapter))
        for figure in chapter.figures:
            slides += _of_figure(figure, chapter)
        slides.append(_ending(chapter))
    return slides


def _opening(chapter: Chapter) -> Slide:
    notes = (
        ("Question of the chapter", chapter.question),
        ("Ask first", chapter.guess),
        ("In the book", f"chapter {chapter.number}, {chapter.address}"),
    )
    title = f"{chapter.number}. {chapter.title}"
    lines = tuple(filter(None, (chapter.question, chapter.guess)))
    return Slide("chapter", title, lines, notes)


def _of_figure(figure: KeyFigure, chapter: Chapter) -> Iterator[Slide]:
    """Its slide, or several for one of many panels."""
    where = f"chapter {chapter.number}, figure {figure.number}, {chapter.address}#{figure.anchor}"
    parts = -(-len(figure.panels) // MOST)
    share = -(-len(figure.panels) // parts)
    for part in range(parts):
        some = slice(part * share, (part + 1) * share)
        shown = replace(figure, panels=figure.panels[some], alts=figure.alts[some])
        notes = (
            ("Question of the chapter", chapter.question),
            ("Ask before you show it", "" if part else figure.ask),
            ("Caption", figure.caption),
            ("The picture in words", " ".join(shown.alts)),
            ("In the book", where),
        )
        title = f"Figure {figure.number} · {figure.section}"
        title += f" ({part + 1} of {parts})" if parts > 1 else ""
        yield Slide("figure", title, _first_line(figure.caption), notes, shown)


def _first_line(caption: str) -> tuple[str, ...]:
    """As many of a caption's first sentences as fit into a line; none if the first is longer."""
    sentences = re.split(r"(?<=[.?!]) (?=[A-Z])", caption)
    starts = (" ".join(sentences[:count]) for count in range(len(sentences), 0, -1))
    return tuple([start for start in starts if len(start) <= LONGEST][:1])


def _ending(chapter: Chapter) -> Slide:
    title = f"After chapter {chapter.number} you can"
    where = f"chapter {chapter.number}, {chapter.address}#you-can-now"
    return Slide("list", title, chapter.abilities, (("In the book", where),))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Make slides of the book's key figures.")
    parser.add_argument(
        "--chapters", nargs="+", type=int, default=[], metavar="N", help="these chapters alone"
    )
    parser.add_argument("--notes", action="store_true", help="notes in the PDF, after each slide")
    options = parser.parse_args(arguments)
    chapters = key_figures.read(options.chapters)
    slides = slides_of(chapters)
    slide_files.empty_deck()  # what is not installed is said before the pictures are taken
    with chromium() as browser:
        pdf, pictures = slide_files.printed(slides, browser, options.notes)
    deck = slide_files.presentation(slides, pictures)
    FOLDER.mkdir(parents=True, exist_ok=True)
    chosen = [str(chapter.number) for chapter in chapters] if options.chapters else []
    name = "-".join([NAME, *chosen])
    for path, content in ((FOLDER / f"{name}.pptx", deck), (FOLDER / f"{name}.pdf", pdf)):
        path.write_bytes(content)
        print(f"{len(slides)} slides: {path.relative_to(ROOT)}")
    shutil.copy(key_figures.SITE / "version.json", FOLDER / f"{name}.json")  # of which book
    return 0


if __name__ == "__main__":
    sys.exit(in_one_sentence(main))
