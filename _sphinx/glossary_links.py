"""The first use of each glossary term on a page leads to the glossary, and a card defines it.

The cards stand at the end of the page, hidden; book.js shows one where its link is hovered, focused
or tapped. Without scripts the link leads to the glossary.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import folds
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx_exercise.nodes import solution_node

GLOSSARY = "chapters/glossary"

#: Pages of lists, where every second word would be a link.
LEFT_OUT = (GLOSSARY, "chapters/api", "chapters/api_measuring", "chapters/bibliography")

#: Words of the glossary that also have an everyday meaning: they are linked by hand, with {term}.
COMMON = {
    "value",
    "position",
    "norm",
    "key",
    "score",
    "features",
    "rank",
    "trace",
    "update",
    "mean",
    "prior",
    "matrix",
    "batch",
}

_NO_PROSE = (
    nodes.title, nodes.literal, nodes.literal_block, nodes.reference, nodes.math, nodes.caption,
    nodes.raw, nodes.term, nodes.table, nodes.citation, nodes.comment, addnodes.pending_xref,
    addnodes.desc_signature, folds.Fold, solution_node,
)  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One entry of the glossary: its anchor, its words, its definition."""

    anchor: str
    names: tuple[str, ...]
    definition: nodes.definition


class CardLink(nodes.General, nodes.TextElement):
    """A link to an entry, described by its card."""


class Card(nodes.General, nodes.Element):
    """An entry's definition, hidden until its link is hovered, focused or tapped."""


def entries(glossary: nodes.document) -> list[Entry]:
    """All entries of the glossary; a line with commas names several terms."""
    found = []
    for item in glossary.findall(nodes.definition_list_item):
        terms = [child for child in item.children if isinstance(child, nodes.term) and child["ids"]]
        if terms:
            names = [name.strip() for term in terms for name in term.astext().split(",")]
            found.append(Entry(terms[0]["ids"][0], tuple(names), item.next_node(nodes.definition)))
    return found


def pattern(name: str) -> str:
    """A regular expression for a term and its plural, as it stands in a sentence."""
    if name != name.lower():  # MLP, Bayes-optimal, GD++: as written
        plural = re.escape(name) + ("s?" if name[-1].isalpha() else "")
    elif name.endswith("y"):
        plural = f"(?i:{re.escape(name[:-1])}(?:y|ies))"
    else:
        plural = f"(?i:{re.escape(name)}(?:s|es)?)"
    return rf"(?<![\w\-+]){plural}(?![\w+]|-\w)"


class LinkFirstUses(SphinxPostTransform):
    default_priority = 180
    formats = ("html",)

    def run(self, **options: object) -> None:
        if self.env.docname in LEFT_OUT or GLOSSARY not in self.env.found_docs:
            return
        open_names = {
            name: entry
            for entry in entries(self.env.get_doctree(GLOSSARY))
            for name in entry.names
            if name not in COMMON
        }
        used: list[Entry] = []
        for text in list(self.document.findall(nodes.Text)):
            if not _is_prose(text) or not open_names:
                continue
            pieces = list(self._linked(text.astext(), open_names, used))
            if len(pieces) > 1:
                text.parent.replace(text, pieces)
        if used:
            self._add_cards(used)

    def _linked(
        self, text: str, open_names: dict[str, Entry], used: list[Entry]
    ) -> list[nodes.Node]:
        """The text as pieces, with a link at the first use of each term that is still open."""
        pieces: list[nodes.Node] = []
        while open_names:
            longest_first = sorted(open_names, key=len, reverse=True)
            match = re.search("|".join(f"({pattern(name)})" for name in longest_first), text)
            if match is None:
                break
            entry = open_names[longest_first[match.lastindex - 1]]
            for name in entry.names:
                open_names.pop(name, None)
            used.append(entry)
            link = CardLink("", match[0], refuri=self._uri(entry), card=f"card-{entry.anchor}")
            pieces += [nodes.Text(text[: match.start()]), link]
            text = text[match.end() :]
        return [*pieces, nodes.Text(text)]

    def _uri(self, entry: Entry) -> str:
        return f"{self.app.builder.get_relative_uri(self.env.docname, GLOSSARY)}#{entry.anchor}"

    def _add_cards(self, used: list[Entry]) -> None:
        for entry in used:
            name = nodes.strong("", ", ".join(entry.names))
            body = [child.deepcopy() for child in entry.definition.children]
            for part in body:
                part["ids"] = []
            self.document.append(
                Card("", nodes.paragraph("", "", name), *body, card=f"card-{entry.anchor}")
            )


def _is_prose(text: nodes.Text) -> bool:
    node, inside_paragraph = text.parent, False
    while node is not None:
        if isinstance(node, _NO_PROSE) or "icl-question" in node.get("classes", []):
            return False
        inside_paragraph = inside_paragraph or isinstance(node, nodes.paragraph)
        node = node.parent
    return inside_paragraph


def _visit_link(translator: object, node: CardLink) -> None:
    attributes = {"href": node["refuri"], "aria-describedby": node["card"]}
    translator.body.append(translator.starttag(node, "a", "", CLASS="icl-term", **attributes))


def _depart_link(translator: object, node: CardLink) -> None:
    translator.body.append("</a>")


def _visit_card(translator: object, node: Card) -> None:
    translator.body.append(
        f'<div class="icl-card" id="{node["card"]}" role="tooltip" popover="manual">'
    )


def _depart_card(translator: object, node: Card) -> None:
    translator.body.append("</div>\n")


def setup(app: Sphinx) -> None:
    app.add_node(CardLink, html=(_visit_link, _depart_link))
    app.add_node(Card, html=(_visit_card, _depart_card))
    app.add_post_transform(LinkFirstUses)
