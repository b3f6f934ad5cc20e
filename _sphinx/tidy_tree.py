"""Small repairs of a page's tree: no line begins with a comma, no id stands twice, no settings of a
kernel in the page."""

from __future__ import annotations

import re

import plain_text
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

#: Formulas up to so many signs are kept on one line with what follows them; a longer one keeps its
#: last part there.
SHORT = 20
_REPEATED = re.compile(r"(?:exercise|solution|proof)-content|proof")
_OPENING = re.compile(r"[(\[“\"‘±−–]+$")
_CLOSING = re.compile(r"^(?:[,.;:!?)\]”\"’%]|'s|-\w+)+")


class KeepPunctuation(SphinxPostTransform):
    """Keep an inline formula, the sign behind it, and an opening bracket before it together."""

    default_priority = 700
    formats = ("html",)

    def run(self, **options: object) -> None:
        for formula in list(self.document.findall(nodes.math)):
            parent = formula.parent
            place = parent.index(formula)
            before = _take(parent, place - 1, _OPENING) if place else ""
            after = _take(parent, place + 1, _CLOSING)
            if not before and not after:
                continue
            if len(plain_text.of_formula(formula.astext())) <= SHORT:
                parts = [nodes.Text(before), formula.deepcopy(), nodes.Text(after)]
                parent.replace(formula, nodes.inline("", "", *parts, classes=["icl-keep"]))
            else:
                formula["before"], formula["after"] = before, after


def _take(parent: nodes.Element, place: int, pattern: re.Pattern[str]) -> str:
    """Take what a pattern finds out of the text at a place of `parent`."""
    text = parent.children[place] if place < len(parent) else None
    match = pattern.search(text.astext()) if isinstance(text, nodes.Text) else None
    if match is None:
        return ""
    parent.replace(text, nodes.Text(text.astext()[: match.start()] + text.astext()[match.end() :]))
    return match[0]


def tidy(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Take out the settings of a kernel in the page, and ids that every exercise repeats."""
    for raw in list(doctree.findall(nodes.raw)):
        if "x-thebe-config" in raw.astext() or "kernelName =" in raw.astext():
            raw.parent.remove(raw)
    for node in doctree.findall(nodes.Element):
        node["ids"] = [name for name in node.get("ids", []) if not _REPEATED.fullmatch(name)]


def setup(app: Sphinx) -> None:
    app.add_post_transform(KeepPunctuation)
    app.connect("doctree-resolved", tidy, priority=900)
