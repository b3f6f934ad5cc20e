"""The whole book as one document for a printer: cover, contents, pages, answers, styles."""

from __future__ import annotations

import copy
import html
import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urljoin

import matplotlib
import yaml
from bs4 import BeautifulSoup, Tag
from key_figures import ROOT, page
from pdf_answers import SOLUTIONS, move_to_end, number_at
from pdf_pages import Page, read

STYLE = Path(__file__).with_name("pdf.css")
# Of matplotlib's own, so that the book looks the same wherever it is printed.
FONTS = {
    "Book": ("STIXGeneral", "STIXGeneralItalic", "STIXGeneralBol", "STIXGeneralBolIta"),
    "Book Code": tuple(f"DejaVuSansMono{look}" for look in ("", "-Oblique", "-Bold")),
}
# A line that is lower than its letters' box is drawn, unseen, on the page before as well, and a
# heading then stands twice in the PDF's outline.
HEIGHTS = "ascent-override: 85%; descent-override: 25%; line-gap-override: 0%"
NEXT_TO = "&nbsp;"
LOOKS = ("", "font-style: italic;", "font-weight: bold;", "font-style: italic; font-weight: bold;")


def document(site: Path, contents: Path, folder: Path) -> str:
    """The document, for a file in `folder`; it refers to the style sheets of the site.

    Raises:
        SystemExit: the site or a page of it is missing.
    """
    pages = read(site, contents)
    settings = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    cover = _cover(pages[0].body, settings)
    pages[0].body.h1.string = "Introduction"
    parts = [*pages, *move_to_end(pages)]
    head = [
        f"<title>{html.escape(settings['title'])}</title>",
        *_sheets(site, pages[0].address, folder),
        f"<style>{_fonts()}\n{_headers(parts)}\n{STYLE.read_text(encoding='utf-8')}</style>",
    ]
    body = [cover, _contents(parts), *map(_section, parts)]
    return (
        '<!doctype html><html lang="en" data-theme="light"><head><meta charset="utf-8">'
        f'{"".join(head)}</head><body><main class="bd-content">{"".join(body)}</main></body></html>'
    )


def _cover(front: Tag, settings: dict) -> str:
    """The title page."""
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    lines = (
        settings["author"],
        f"Version {citation['version']}. © {settings['copyright']}",
        "Live figures stand here as they begin. The source of the book, its code and its exercises "
        f"as notebooks: {settings['repository']['url']}",
    )
    said = "".join(f"<p>{html.escape(line)}</p>" for line in lines)
    return (
        f'<section class="icl-cover"><p class="icl-title">{_inside(front.h1)}</p>'
        f'<p class="icl-subtitle">{_inside(front.em) if front.em else ""}</p>{said}</section>'
    )


def _contents(parts: Sequence[Page]) -> str:
    """Groups, pages and their sections, each with a link and the number of its page."""
    lines = []
    for part in parts:
        group = "Answers" if part.title == SOLUTIONS else part.group
        lines.append(f'<p class="icl-group">{html.escape(group)}</p>' if group else "")
        title = _listed(part.body.h1, part.name, "<span></span>")
        lines.append(f'<p class="icl-chapter">{title}</p>')
        headings = part.body.select("section[id] > h2") if part.address else []
        listed = [_listed(heading, heading.parent["id"], NEXT_TO) for heading in headings]
        sections = f"{NEXT_TO}· ".join(listed)
        lines.append(f'<p class="icl-sections">{sections}</p>' if sections else "")
    return f'<nav class="icl-contents"><h1>Contents</h1>{"".join(lines)}</nav>'


def _listed(heading: Tag, name: str, between: str) -> str:
    return f'<a href="#{name}">{_inside(heading)}</a>{between}{number_at(name)}'


def _inside(tag: Tag) -> str:
    """What stands in an element, without links."""
    tag = copy.copy(tag)
    for link in tag.select("a"):
        link.unwrap()
    return tag.decode_contents()


def _section(part: Page) -> str:
    return (
        f'<section class="icl-part" id="{part.name}" style="page: p-{part.name}">'
        f'<div class="bd-article">{part.body.decode_contents()}</div></section>'
    )


def _sheets(site: Path, address: str, folder: Path) -> list[str]:
    """Links to the site's style sheets."""
    head = BeautifulSoup(page(site, address).partition("</head>")[0], "html.parser")
    files = [urljoin(address, link["href"]) for link in head.select("link[rel=stylesheet]")]
    place = Path(os.path.relpath(site, folder)).as_posix()
    return [f'<link rel="stylesheet" href="{place}/{file}">' for file in files]


def _fonts() -> str:
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return "\n".join(
        f'@font-face {{ font-family: "{family}"; {look} '
        f'src: url("{(folder / f"{file}.ttf").as_uri()}"); {HEIGHTS} }}'
        for family, files in FONTS.items()
        for file, look in zip(files, LOOKS, strict=False)
    )


def _headers(parts: Sequence[Page]) -> str:
    """The name of each part above its pages."""
    named = {part.name: part.title.replace("\\", "").replace('"', "”") for part in parts}
    return "\n".join(
        f'@page p-{name} {{ @top-center {{ content: "{title.replace("<", "‹")}" }} }}'
        for name, title in named.items()
    )
