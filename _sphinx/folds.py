"""What is folded on a page: solutions, step-by-step boxes, code.

A fold is `<details>`: it opens without scripts, by a search in the page, and on paper; its summary
names what it opens.
"""

from __future__ import annotations

import ast
import re
from collections import Counter

import numbering
import plain_text
from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx_exercise.nodes import solution_node


class Fold(nodes.General, nodes.Element):
    """A folded part; `summary` is its name, unless a `FoldSummary` is its first child."""


class FoldSummary(nodes.General, nodes.TextElement):
    """The name of a fold, which may hold formulas."""


def _visit_fold(translator: object, node: Fold) -> None:
    translator.body.append(translator.starttag(node, "details", CLASS="icl-fold"))


def _depart_fold(translator: object, node: Fold) -> None:
    translator.body.append("</div></details>\n")


def _visit_summary(translator: object, node: FoldSummary) -> None:
    translator.body.append(f"<summary{_spoken(translator, node)}>")


def _spoken(translator: object, node: FoldSummary) -> str:
    """A name for a summary that is a formula and no words: MathML alone names no control."""
    words = (text for text in node.findall(nodes.Text) if not isinstance(text.parent, nodes.math))
    if any(re.search(r"\w", text) for text in words):
        return ""
    return f' aria-label="{translator.attval(plain_text.of_node(node))}"'


def _depart_summary(translator: object, node: FoldSummary) -> None:
    translator.body.append('</summary>\n<div class="icl-fold-body">\n')


class FoldBoxes(SphinxPostTransform):
    """Solutions and admonitions of the class `dropdown` become folds, with their titles."""

    default_priority = 150
    formats = ("html",)

    def run(self, **options: object) -> None:
        for node in list(
            self.document.findall(lambda n: isinstance(n, solution_node | nodes.admonition))
        ):
            if "dropdown" not in node["classes"]:
                continue
            title = node.next_node(nodes.title)
            if isinstance(node, solution_node):
                name = re.match(r"Solution to\s+Exercise\s+([\d.]+)", title.astext())
                summary = FoldSummary(
                    "",
                    "",
                    nodes.Text(f"Solution to exercise {name[1]}" if name else title.astext()),
                )
            else:
                summary = FoldSummary("", "", *[child.deepcopy() for child in title.children])
            title.parent.remove(title)
            classes = [
                name
                for name in node["classes"]
                if name not in ("admonition", "toggle", "toggle-shown")
            ]
            fold = Fold("", summary, *node.children, classes=classes, ids=node["ids"])
            node.replace_self(fold)


class NameFoldedCode(SphinxPostTransform):
    """Name each folded cell by what it draws or defines, or by its section; no two alike."""

    default_priority = 190  # before myst-nb wraps the cells
    formats = ("html",)

    def run(self, **options: object) -> None:
        used: Counter[str] = Counter()
        for cell in self.document.findall(nodes.container):
            if cell.get("nb_element") == "cell_code" and cell.get("hide_mode"):
                name = _given(cell) or f"Code: {_subject(cell)}"
                used[name] += 1
                cell["prompt_show"] = name if used[name] == 1 else f"{name} ({used[name]})"


def _given(cell: nodes.Element) -> str | None:
    """The name that the chapter gave (`code_prompt_show`), if it gave one."""
    return None if "code cell {type}" in cell["prompt_show"] else cell["prompt_show"]


def _subject(cell: nodes.Element) -> str:
    figures = [
        number for raw in cell.findall(nodes.raw) for number in numbering.figures_in(raw.astext())
    ]
    if figures:
        return " and ".join(f"figure {number}" for number in figures)
    code = "\n".join(
        block.astext() for block in cell.findall(nodes.literal_block) if "source" in _role(block)
    )
    try:
        named = (ast.FunctionDef, ast.ClassDef)
        defined = [part.name for part in ast.parse(code).body if isinstance(part, named)]
    except SyntaxError:  # a line of IPython's own
        defined = []
    if defined:
        return ", ".join(defined)
    section = cell
    while section is not None:
        # A solution is a section without a title of its own.
        title = section.next_node(nodes.title) if isinstance(section, nodes.section) else None
        if title is not None:
            return plain_text.of_node(title)
        section = section.parent
    return "this cell"


def _role(block: nodes.Element) -> str:
    return str(block.parent.get("nb_element", ""))


def _visit_code(translator: object, node: HideCodeCellNode) -> None:
    classes = " ".join(["icl-fold", "icl-fold-code", *node["classes"]])
    summary = translator.encode(node["prompt_show"])
    translator.body.append(
        f'<details class="{classes}"><summary>{summary}</summary>\n<div class="icl-fold-body">\n'
    )


def setup(app: Sphinx) -> None:
    app.add_node(Fold, html=(_visit_fold, _depart_fold))
    app.add_node(FoldSummary, html=(_visit_summary, _depart_summary))
    app.add_node(HideCodeCellNode, override=True, html=(_visit_code, _depart_fold))
    app.add_post_transform(FoldBoxes)
    app.add_post_transform(NameFoldedCode)
