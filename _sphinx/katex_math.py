"""Mathematics set at build time: KaTeX runs in V8 here; the page carries HTML and MathML alone."""

from __future__ import annotations

import html
import json
from functools import cache
from pathlib import Path

from docutils import nodes
from py_mini_racer import MiniRacer
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

logger = logging.getLogger(__name__)

_BASE = '<span class="base">'

#: Short forms that the chapters may use.
MACROS = {"\\R": "\\mathbb{R}", "\\E": "\\mathbb{E}"}


@cache
def _engine() -> MiniRacer:
    engine = MiniRacer()
    engine.eval((Path(__file__).parent / "katex" / "katex.min.js").read_text(encoding="utf-8"))
    engine.eval(
        "function render(tex, display, macros) {"
        " const options = {displayMode: display, macros, strict: 'error', output: 'htmlAndMathml'};"
        " try { return ['', katex.renderToString(tex, options)]; }"
        " catch (error) { return [error.message, '']; } }"
        "function renderText(input) { const [tex, display, macros] = JSON.parse(input);"
        " return JSON.stringify(render(tex, display, macros)); }"
    )
    return engine


@cache
def render(tex: str, display: bool) -> str:
    """HTML with MathML inside.

    Raises:
        ValueError: KaTeX does not understand the formula.
    """
    error, markup = json.loads(_engine().call("renderText", json.dumps([tex, display, MACROS])))
    if error:
        raise ValueError(error)
    return markup


def _render_node(translator: object, node: nodes.Element, display: bool) -> str:
    try:
        return render(node.astext(), display)
    except ValueError as error:
        logger.warning(
            "the formula %r cannot be set: %s", node.astext(), error, location=node, type="book"
        )
        return f"<code>{html.escape(node.astext())}</code>"


def visit_inline(translator: object, node: nodes.math) -> None:
    markup = _render_node(translator, node, display=False)
    before, after = html.escape(node.get("before", "")), html.escape(node.get("after", ""))
    if before or after:
        markup = keep_together(before, markup, after)
    translator.body.append(f'<span class="math">{markup}</span>')
    raise nodes.SkipNode


def keep_together(before: str, markup: str, after: str) -> str:
    """A long formula that may break inside, but neither behind `before` nor in front of `after`."""
    parts = markup.split(_BASE)
    ends = "</span></span>"  # of the whole formula, behind its last part
    if len(parts) < 3 or not markup.endswith(ends):
        return f'<span class="icl-keep">{before}{markup}{after}</span>'
    parts[1] = f"{parts[1]}</span>" if before else parts[1]
    first = f'<span class="icl-keep">{before}{_BASE}' if before else _BASE
    last = f'<span class="icl-keep">{_BASE}{parts[-1].removesuffix(ends)}{after}</span>{ends}'
    return parts[0] + first + _BASE.join(parts[1:-1]) + last


def visit_block(translator: object, node: nodes.math_block) -> None:
    number, anchor = "", html.escape(node["ids"][0]) if node.get("ids") else ""
    if node.get("number"):
        number = f"({html.escape(get_node_equation_number(translator, node))})"
        if anchor:
            number = f'<a class="icl-number" href="#{anchor}" tabindex="-1">{number}</a>'
        number = f'<span class="eqno">{number}</span>'
    ids = f' id="{anchor}"' if anchor else ""
    body = _render_node(translator, node, display=True)
    translator.body.append(f'<div class="math"{ids}>{number}{body}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    app.add_html_math_renderer(
        "katex", inline_renderers=(visit_inline, None), block_renderers=(visit_block, None)
    )
