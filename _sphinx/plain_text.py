"""The words of a document tree, or of a formula, as a reader would type them: `W_K`, `γ`, `η/N`."""

from __future__ import annotations

import html
import re
from unicodedata import normalize

from bs4 import Tag
from docutils import nodes

# Where TeX and HTML name a sign differently; all others (gamma, nabla, le, …) have the names of
# HTML.
_SIGNS = {
    "cdot": "·",
    "varepsilon": "ε",
    "varphi": "φ",
    "top": "ᵀ",
    "to": "→",
    "dots": "…",
    "sqrt": "√",
    "sum": "Σ",
}
_SIGNS |= {"lVert": "‖", "rVert": "‖", "partial": "∂"}
# What a command takes: a sign, a command, or braces with up to two pairs of braces in them.
_TAKEN = r"\s*(?:\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}|(\\[A-Za-z]+|[^\s{}\\]))"
_FRACTION = re.compile(rf"\\[td]?frac{_TAKEN}{_TAKEN}")
_SKIPPED = (
    nodes.raw,
    nodes.comment,
    nodes.target,
    nodes.literal_block,
    nodes.substitution_definition,
)


def of_formula(tex: str) -> str:
    r"""TeX without its commands: ``W_{K}^{\top}`` becomes ``W_K^ᵀ``."""
    tex = re.sub(r"\\(?:begin|end)\{\w+\*?\}", " ", tex)
    tex = re.sub(r"\\(?:left|right)(?![a-z])", "", tex)
    tex = re.sub(r"\\hat\s*\{?\s*(\w)\s*\}?", lambda m: normalize("NFC", m[1] + "\u0302"), tex)
    while _FRACTION.search(tex):
        tex = _FRACTION.sub(_in_a_line, tex)
    tex = re.sub(r"\\([A-Za-z]+)", _sign, tex)
    tex = re.sub(r"\\.", " ", tex)
    return re.sub(r"\s+", " ", tex.replace("{", "").replace("}", "").replace("&", " ")).strip()


def _in_a_line(fraction: re.Match[str]) -> str:
    """A fraction with a stroke, and with brackets round what is more than one factor."""
    top, top_sign, bottom, bottom_sign = fraction.groups()
    parts = ((top or top_sign or "").strip(), (bottom or bottom_sign or "").strip())
    sides = [f"({part})" if re.search(r"[\s+=/-]|frac", part) else part for part in parts]
    follows = fraction.string[fraction.end() : fraction.end() + 1]
    return "/".join(sides) + (" " if re.match(r"[\w\\]", follows) else "")


def _sign(command: re.Match[str]) -> str:
    if command[1] in ("max", "min", "exp", "log", "tr", "det"):
        return command[1]
    sign = _SIGNS.get(command[1]) or html.unescape(f"&{command[1]};")
    return sign if len(sign) == 1 else " "


def of_markup(formula: Tag) -> str:
    """The words of a formula that is set on a page, an element of the class `katex`; with the signs
    in front of it and behind it that stand in it, lest a line break there."""
    sides = ["", ""]
    for part in formula.find_all("span", class_="icl-keep"):
        for sign in part.find_all(string=True, recursive=False):
            sides[sign.next_sibling is None] += sign
    return of_formula(formula.annotation.get_text()).join(sides)


def of_node(node: nodes.Node) -> str:
    """The words of a node and of all below it, but those of code and of raw HTML."""
    if isinstance(node, nodes.math | nodes.math_block):
        return of_formula(node.astext())
    if isinstance(node, nodes.Text):
        return node.astext()
    if isinstance(node, _SKIPPED):
        return ""
    glue = "" if isinstance(node, nodes.TextElement) else " "
    return re.sub(r"\s+", " ", glue.join(of_node(child) for child in node.children))
