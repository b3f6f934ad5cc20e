"""Answers at the end of a document of all pages: to exercises, questions and live figures.

Each is linked from where it was, and back. A link of the class `icl-page` stands for the number of
a printed page.
"""

from __future__ import annotations

import copy
import html
from collections.abc import Iterator, Sequence

from bs4 import BeautifulSoup, Tag
from pdf_pages import Page, name_of

SOLUTIONS, ANSWERS = "Solutions", "Answers to the questions"
_ASKED = ".icl-quiz, figure.icl-live:has(.icl-answers)"


def move_to_end(pages: Sequence[Page]) -> list[Page]:
    """Take the answers out of the pages, and open all folds; the pages that hold the answers."""
    ends = []
    for title, taken in ((SOLUTIONS, _solutions), (ANSWERS, _answers)):
        end = Page(name_of(title.lower()), "", "", made(f"<article><h1>{title}</h1></article>"))
        for page in pages:
            if entries := list(taken(page.body)):
                heading = f'<h2 id="{end.name}.{page.name}">{html.escape(page.title)}</h2>'
                end.body.extend([made(heading), *entries])
        ends += [end] if end.body.h2 else []
    for page in (*pages, *ends):
        for fold in page.body.select("details"):
            _as(fold.summary, "p")["class"] = "icl-fold-name"
            _as(fold, "div")
    return ends


def made(source: str) -> Tag:
    """The one element of a source."""
    return next(iter(BeautifulSoup(source, "html.parser").children))


def number_at(anchor: str) -> str:
    """A link whose words will be the number of the page with a place."""
    return f'<a class="icl-page" href="#{anchor}">000</a>'


def _solutions(body: Tag) -> Iterator[Tag]:
    for fold in body.select("details.solution"):
        asked = fold.find_previous(class_="exercise")
        name = asked.select_one(".caption-number").get_text(strip=True)
        yield _entry("Solution", name, asked, fold, fold.select_one(".icl-fold-body"))
        fold.extract()


def _answers(body: Tag) -> Iterator[Tag]:
    for asked in body.select(_ASKED):
        if fold := asked.select_one(".icl-answers"):
            name = asked.select_one(".icl-figure-number").get_text(strip=True)
            fold.summary.extract()
            yield _entry("Answer", name, asked, fold, _as(fold, "div"))
        else:
            name = asked.select_one(".icl-quiz-name").get_text(strip=True)
            folds = asked.select(".icl-choice")
            listed = made('<ol class="icl-choices" type="A"></ol>')
            said = copy.copy(listed)
            for fold in folds:
                listed.append(_as(fold.summary.extract(), "li"))
                said.append(_as(fold.select_one(".icl-fold-body").extract(), "li"))
            folds[0].insert_before(listed)
            yield _entry("Answer", name, asked, folds[0], said)
            for fold in folds:
                fold.extract()


def _entry(word: str, name: str, asked: Tag, place: Tag, said: Tag) -> Tag:
    """What is `said` of something `asked`, as a section of the end; a link to it at its place."""
    anchor = place.get("id") or f"{asked['id']}.answer"
    pointer = f'<p class="icl-to-end">{word} on page {number_at(anchor)}</p>'
    place.insert_before(made(pointer))
    back = f"<small>on page {number_at(asked['id'])}</small>"
    title = f'<h3><a href="#{asked["id"]}">{html.escape(name)}</a> {back}</h3>'
    entry = made(f'<section class="icl-answer" id="{anchor}">{title}</section>')
    entry.append(said.extract())
    return entry


def _as(tag: Tag, name: str) -> Tag:
    tag.name = name
    return tag
