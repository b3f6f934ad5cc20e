"""The pages of the built site, made to stand in one document: ids unique, links inside it, nothing
to press.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urljoin

import yaml
from bs4 import BeautifulSoup, Tag
from key_figures import page as source
from key_figures import plain_text, words

LEFT_OUT = ("chapters/api", "chapters/api_measuring")
SHORT = 12  # lines of code that stay on one page
_TO_PRESS = (
    "script, noscript, button, input, select, .headerlink, .icl-card, .icl-score, .icl-controls, "
    ".icl-matrices, figure.icl-live [aria-live]"
)
_UNANSWERED = "… Not answered"  # what a check says of an exercise's cell on the site
_PLAIN = ".highlight :is(.n, .nn, .p, .w)"  # tokens of code in its own colour
_OF_IDS = ("aria-describedby", "aria-labelledby", "aria-controls", "for")
_POINTER = re.compile(r"url\((['\"]?)#([^'\")]+)\1\)")


@dataclass(frozen=True)
class Page:
    """A page of the site; `name` begins all its ids.

    Attributes:
        address: relative to the site's root.
        group: the caption above it in the table of contents, at the first page of a group.
    """

    name: str
    address: str
    group: str
    body: Tag

    @property
    def title(self) -> str:
        return words(self.body.h1)


def read(site: Path, contents: Path) -> list[Page]:
    """The pages in the book's order, without those of the library.

    Raises:
        SystemExit: the site or a page of it is missing.
    """
    pages = [_page(site, f"{file}.html", group) for file, group in _files(contents)]
    for each in pages:
        _simplify_formulas(each.body)
        _rename(each)
    _link(pages)
    return pages


def name_of(text: str) -> str:
    """The text, of signs alone that an id and the name of a place in a PDF may have."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text)


def _files(contents: Path) -> Iterator[tuple[str, str]]:
    """The files of the book; with the first of a group, the group's caption."""
    book = yaml.safe_load(contents.read_text(encoding="utf-8"))
    yield book["root"], ""
    for group in book["parts"]:
        files = [entry["file"] for entry in group["chapters"] if entry["file"] not in LEFT_OUT]
        for place, file in enumerate(files):
            yield file, "" if place else group["caption"]


def _page(site: Path, address: str, group: str) -> Page:
    body = BeautifulSoup(source(site, address), "html.parser").article
    for tag in body.select(_TO_PRESS):
        tag.extract()
    for tag in body.select(".cell_output"):
        if tag.get_text().strip().startswith(_UNANSWERED):
            tag.extract()
    for tag in body.select(".cell_input"):
        if tag.get_text().strip().count("\n") < SHORT:
            tag["class"] = [*tag["class"], "icl-short"]
    for tag in body.select(_PLAIN):
        tag.unwrap()
    body.smooth()
    return Page(name_of(Path(address).stem), address, group, body)


def _simplify_formulas(body: Tag) -> None:
    """A formula is one picture with words, as a reader of PDF files can say it."""
    for formula in body.select(".katex"):
        said = plain_text.of_markup(formula)
        formula.select_one(".katex-mathml").extract()
        drawn = formula.select_one(".katex-html")
        del drawn["aria-hidden"]
        drawn["role"], drawn["aria-label"] = "img", said


def _rename(page: Page) -> None:
    """Let all ids of a page begin with its name, and all that refers to them."""
    names = {tag["id"]: f"{page.name}.{name_of(tag['id'])}" for tag in page.body.select("[id]")}
    for tag in page.body.find_all(True):
        for key, value in list(tag.attrs.items()):
            if key == "id":
                tag["id"] = names[value]
            elif key in _OF_IDS:
                tag[key] = " ".join(names[name] for name in value.split() if name in names)
                if not tag[key]:
                    del tag[key]
            elif key == "xlink:href":
                tag[key] = "#" + names.get(value[1:], value[1:]) if value[0] == "#" else value
            elif isinstance(value, str) and "url(" in value:
                tag[key] = _POINTER.sub(lambda m: f"url(#{names.get(m[2], m[2])})", value)


def _link(pages: Sequence[Page]) -> None:
    """Let links between pages stay inside; those to what is left out become words."""
    names = {page.address: page.name for page in pages}
    known = {*names.values(), *(tag["id"] for page in pages for tag in page.body.select("[id]"))}
    for page in pages:
        for link in page.body.select("a[href]"):
            target, _, anchor = urljoin(page.address, link["href"]).partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            name = names.get(target, "")
            name += f".{name_of(unquote(anchor))}" if anchor else ""
            if name in known:
                link["href"] = f"#{name}"
            else:
                link.unwrap()
