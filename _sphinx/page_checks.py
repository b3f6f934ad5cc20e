"""What a page must keep to: functions from HTML to complaints; an empty list is a good page."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from functools import cache
from pathlib import Path

from bs4 import BeautifulSoup

OUTSIDE = re.compile(r"^(https?:)?//")


def complaints(soup: BeautifulSoup, path: Path) -> list[str]:
    """Everything that is wrong with a page, which stands in a file."""
    checks = (headings, text_alternatives, twin_ids, outside_resources, idle_scripts, leftovers)
    found = [complaint for check in checks for complaint in check(soup)]
    return found + dead_links(soup, path)


@cache
def _ids(path: Path, written: int) -> frozenset[str]:
    """The places of a page that a link can lead to; `written` is the file's time in nanoseconds."""
    return frozenset(re.findall(r'\sid="([^"]+)"', path.read_text(encoding="utf-8")))


def headings(soup: BeautifulSoup) -> list[str]:
    levels = [
        int(h.name[1])
        for h in soup.find_all(["h1", "h2", "h3", "h4", "h5"])
        if h.find_parent("article")
    ]
    wrong = [] if levels.count(1) == 1 else [f"{levels.count(1)} headings of level 1"]
    return wrong + [f"h{a} is followed by h{b}" for a, b in itertools.pairwise(levels) if b > a + 1]


def text_alternatives(soup: BeautifulSoup) -> list[str]:
    wrong = []
    for image in soup.find_all("img"):
        alt = image.get("alt")
        if (
            alt is None
            or re.search(r"\.(png|svg|jpe?g)$", alt)
            or (not alt and image.find_parent("article"))
        ):
            wrong.append(f"image {image.get('src')} has the text alternative {alt!r}")
    for figure in soup.select("figure.icl-figure svg, .icl-stage > svg"):
        if len(figure.get("aria-label", "")) < 20:
            wrong.append("a figure has no text alternative that states its finding")
    return wrong


def twin_ids(soup: BeautifulSoup) -> list[str]:
    ids = Counter(node["id"] for node in soup.find_all(id=True))
    return [f"the id {name!r} stands {ids[name]} times" for name in sorted(ids) if ids[name] > 1]


def outside_resources(soup: BeautifulSoup) -> list[str]:
    wrong = [
        node.get("src")
        for node in soup.find_all(["script", "img", "iframe", "source"])
        if OUTSIDE.match(node.get("src", ""))
    ]
    wrong += [
        node["href"]
        for node in soup.find_all("link", rel=["stylesheet", "preload", "icon"])
        if OUTSIDE.match(node.get("href", ""))
    ]
    wrong += re.findall(
        r"url\((?:https?:)?//[^)]*\)", " ".join(style.text for style in soup.find_all("style"))
    )
    return [f"the page loads {url}" for url in wrong]


def idle_scripts(soup: BeautifulSoup) -> list[str]:
    """Scripts in attributes: the page's policy lets none of them run."""
    attributes = (
        (name, str(value)) for node in soup.find_all(True) for name, value in node.attrs.items()
    )
    return [
        f'{name}="{value}" does not run'
        for name, value in attributes
        if name.startswith("on") or value.lower().lstrip().startswith("javascript:")
    ]


def dead_links(soup: BeautifulSoup, page: Path) -> list[str]:
    wrong = []
    for link in soup.find_all("a", href=True):
        target, _, anchor = link["href"].partition("#")
        if OUTSIDE.match(target) or target.startswith("mailto:"):
            continue
        path = (page.parent / target.split("?")[0]).resolve() if target else page
        if not path.exists():
            wrong.append(f"{link['href']} leads nowhere")
        elif (
            anchor and path.suffix == ".html" and anchor not in _ids(path, path.stat().st_mtime_ns)
        ):
            wrong.append(f"{link['href']} has no such place")
    return wrong


def leftovers(soup: BeautifulSoup) -> list[str]:
    text = (soup.select_one("article") or soup).get_text(" ")
    signs = [
        "Traceback (most recent call last)",
        "{ref}",
        "{cite",
        "{eq}",
        "{doc}",
        ":class:",
        "```",
        "UserWarning",
    ]
    return [f"the text shows {sign!r}" for sign in signs if sign in text]
