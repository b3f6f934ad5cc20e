"""Numbers by chapter: figure 7.3, exercise 7.2, equation (7.4).

A chapter's number is that of its file's name, 7 for ``07_many_layers``; pages without one count
from 1. A figure with a name (`plots.show(..., name="spectrum")`, or a live figure's own) is cited
by ``{fig}`spectrum```.
"""

from __future__ import annotations

import copy
import html
import re

import katex_math
import labels
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole

logger = logging.getLogger(__name__)
_FIGURE = re.compile(
    r'<figure class="icl-(?:figure|live)"(?P<attributes>[^>]*)>.*?'
    r"<figcaption>(?P<caption>.*?)</figcaption>",
    re.DOTALL,
)
_NUMBERED = re.compile(r'<figure id="figure-([\d-]+)"')
# W_K, λ_max, N_x: a letter and a short index; not the names of code, such as n_context.
_INDEXED = re.compile(r"(?<![\w$\\])([A-Za-zΑ-ω])_(\w{1,3})(?!\w)")


def chapter(docname: str) -> tuple[int, ...]:
    """The number of a page's chapter as a tuple, empty for a page without one."""
    number = labels.chapter(docname)
    return (int(number),) if number else ()


def figures_in(page: str) -> list[str]:
    """The numbers of the figures in a piece of a page, as 7.3."""
    return [number.replace("-", ".") for number in _NUMBERED.findall(page)]


def typeset(caption: str) -> str:
    """A caption with its formulas set: those between dollars, letters with an index such as W_K."""
    pieces = re.split(r"(?<!\\)\$([^$]+)\$", caption)  # words and formulas in turn
    pieces[::2] = [_INDEXED.sub(_set_index, words) for words in pieces[::2]]
    pieces[1::2] = [
        katex_math.render(html.unescape(formula), display=False) for formula in pieces[1::2]
    ]
    return "".join(pieces)


def _set_index(match: re.Match[str]) -> str:
    index = match[2] if len(match[2]) == 1 else rf"\mathrm{{{match[2]}}}"
    return (
        f'<span class="math">{katex_math.render(f"{match[1]}_{{{index}}}", display=False)}</span>'
    )


def number_figures(app: Sphinx, doctree: nodes.document) -> None:
    """Give every figure of a page its number, an anchor, and a caption that begins with both."""
    docname = app.env.docname
    count, names = 0, {}

    def mark(match: re.Match[str]) -> str:
        nonlocal count
        count += 1
        number = (*chapter(docname), count)
        anchor, label = "figure-" + "-".join(map(str, number)), ".".join(map(str, number))
        name = re.search(r'data-(?:figure|name)="([\w-]+)"', match["attributes"])
        if name:
            names[name[1]] = (anchor, label)
        link = f'<a class="icl-figure-number" href="#{anchor}">Figure {label}</a>'
        caption = f"<figcaption>{link} {typeset(match['caption'])}</figcaption>"
        opening = match[0][: match.start("caption") - match.start() - len("<figcaption>")]
        return opening.replace("<figure ", f'<figure id="{anchor}" ', 1) + caption

    for raw in doctree.findall(nodes.raw):
        if "html" in raw.get("format", "") and "<figcaption>" in raw.astext():
            raw.children = [nodes.Text(_FIGURE.sub(mark, raw.astext()))]
    if not hasattr(app.env, "book_figures"):
        app.env.book_figures = {}
    app.env.book_figures[docname] = names


def restore_running_numbers(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Give Sphinx its own last numbers back, so that it rewrites no page whose numbers stay."""
    env.toc_fignumbers = copy.deepcopy(getattr(env, "book_running_numbers", env.toc_fignumbers))
    return []


def number_by_chapter(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Let exercises and equations begin anew in every chapter."""
    env.book_running_numbers = copy.deepcopy(env.toc_fignumbers)
    for docname, kinds in env.toc_fignumbers.items():
        for kind in ("exercise", "displaymath"):
            ids = kinds.get(kind, {})
            kinds[kind] = {
                name: (*chapter(docname), place) for place, name in enumerate(ids, start=1)
            }
    return []


class FigureReference(SphinxRole):
    """``{fig}`name```: the number of a figure of any page, as a link."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        node = nodes.inline(
            self.rawtext, f"figure {self.text}", classes=["icl-figure-reference"], figure=self.text
        )
        self.set_source_info(node)
        return [node], []


class ResolveFigureReferences(SphinxPostTransform):
    """Turn references into links, when all pages are read; a page's own figures come first."""

    default_priority = 10

    def run(self, **options: object) -> None:
        figures = getattr(self.env, "book_figures", {})
        here = self.env.docname
        for node in list(self.document.findall(nodes.inline)):
            if "figure" not in node:
                continue
            page = next(
                (
                    page
                    for page in [here, *sorted(figures)]
                    if node["figure"] in figures.get(page, {})
                ),
                None,
            )
            if page is None:
                logger.warning(
                    "there is no figure named %r", node["figure"], location=node, type="book"
                )
                continue
            anchor, label = figures[page][node["figure"]]
            uri = "" if page == here else self.app.builder.get_relative_uri(here, page)
            link = nodes.reference("", f"figure {label}", internal=True, refuri=f"{uri}#{anchor}")
            node.replace_self(link)


def setup(app: Sphinx) -> None:
    app.add_role("fig", FigureReference())
    app.add_post_transform(ResolveFigureReferences)
    app.connect("doctree-read", number_figures)
    # Around Sphinx's own collector, which counts through the whole book.
    app.connect("env-get-updated", restore_running_numbers, priority=100)
    app.connect("env-get-updated", number_by_chapter, priority=900)
