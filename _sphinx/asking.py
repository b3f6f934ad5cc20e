"""Questions on a page: `{quiz}` and `{predict}`, in the form that `questions` reads.

A choice is a fold, so that it opens by keyboard and without scripts; `book.js` keeps on the
reader's machine what was chosen.
"""

from __future__ import annotations

import hashlib

from docutils import nodes
from docutils.statemachine import StringList
from folds import Fold, FoldSummary
from questions import VERDICTS, Choice, read
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class Question(nodes.General, nodes.Element):
    """A question with its choices; `key` stands for its words, `name` is what it is called."""


class QuestionDirective(SphinxDirective):
    """``{quiz}`` and ``{predict}``."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        try:
            question, choices = read("\n".join(self.content))
        except ValueError as error:
            raise self.error(str(error)) from error
        number = self.env.new_serialno(f"icl-{self.name}") + 1
        name = f"Question {number}" if self.name == "quiz" else "Predict, then run"
        words = "\n".join([self.env.docname, name, question, *(c.answer for c in choices)])
        key = hashlib.sha256(words.encode()).hexdigest()[:10]
        node = Question(kind=self.name, key=key, ids=[f"{self.name}-{number}"], called=name)
        asked = nodes.container("", *self._parsed(question), classes=["icl-asked"])
        node += [asked, *(self._choice(choice) for choice in choices)]
        return [node]

    def _choice(self, choice: Choice) -> Fold:
        answer, body = self._parsed(choice.answer), self._parsed(choice.explanation)
        if not isinstance(body[0], nodes.paragraph):
            raise self.error(f"expected a paragraph first in an explanation: {choice.answer!r}")
        body[0][:0] = [nodes.strong("", VERDICTS[choice.right]), nodes.Text(" ")]
        summary = FoldSummary("", "", *answer[0].children)
        kind = "icl-right" if choice.right else "icl-wrong"
        return Fold("", summary, *body, classes=["icl-choice", kind])

    def _parsed(self, text: str) -> list[nodes.Node]:
        holder = nodes.Element()
        lines = StringList(text.splitlines(), self.get_source_info()[0])
        self.state.nested_parse(lines, self.content_offset, holder)
        return holder.children


def add_score(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Below the last question of a page: where the script says how many were right."""
    asked = [node for node in doctree.findall(Question) if node["kind"] == "quiz"]
    if asked:
        where = asked[-1].parent
        score = nodes.raw("", '<p class="icl-score" role="status"></p>\n', format="html")
        where.insert(where.index(asked[-1]) + 1, score)


def _visit_question(translator: object, node: Question) -> None:
    anchor, kind = (
        node["ids"][0],
        "icl-quiz icl-predict" if node["kind"] == "predict" else "icl-quiz",
    )
    translator.body.append(
        f'<div class="{kind}" id="{anchor}" role="group" '
        f'aria-labelledby="{anchor}-name" data-key="{node["key"]}">\n'
        f'<p class="icl-quiz-name" id="{anchor}-name">{node["called"]}</p>\n'
    )


def _depart_question(translator: object, node: Question) -> None:
    translator.body.append("</div>\n")


def setup(app: Sphinx) -> None:
    app.add_node(Question, html=(_visit_question, _depart_question))
    for name in ("quiz", "predict"):
        app.add_directive(name, QuestionDirective)
    app.connect("doctree-resolved", add_score)
