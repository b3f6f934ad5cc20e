"""The files that a page loads: one style sheet and one script for the whole site, kept by the
browser from page to page; in them what pages use. A live figure has its own script, which waits
until the figure comes into view; beside these there is nothing else.

Each page names its style sheets and scripts as Sphinx and its theme write them; this pass, after
the pages are written, puts them together. It leaves a page that it has been through as it is.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import style_sheets
from rewriting import pages

ROOT = Path(__file__).resolve().parent.parent
STYLES, SCRIPT, FIGURES = "_static/site.css", "_static/site.js", "figures"
LIVE_STYLES = ROOT / "icllib" / "widgets" / "live.css"

_LINK = re.compile(r'\s*<link\b(?=[^>]*rel="stylesheet")[^>]*href="([^"?]*)[^"]*"[^>]*>')
_SCRIPT = re.compile(r'\s*<script defer(?:="defer")? src="([^"?]*)\?[^"]*"></script>')
_FIGURE_STYLES = re.compile(r"<style>(:root\{--icl-.*?)</style>", re.DOTALL)
#: A live figure, its values and its script.
_LIVE = re.compile(
    r'(<figure\b[^>]* data-figure="(\w+)")((?:(?!</figure>).)*)'
    r'<script type="application/json" class="icl-values">(.*?)</script>'
    r"<script>(.*?)</script></figure>",
    re.DOTALL,
)
#: Boxes that the theme measures when a page is loaded, all of them at once, to see whether they can
#: be scrolled by keyboard: book.js measures each when it is laid out.
MEASURED_BY_THEME = (
    '"pre",".nboutput > .output_area",".cell_output > .output",".jp-RenderedHTMLCommon",'
)
#: Pictures of links to the pages: others load them.
_PICTURES = ("preview.png", "previews/*.png")
#: Digits of a number that a live figure gets: more than a drawing or a sentence can show.
DIGITS = 9


# --- Names ------------------------------------------------------------------------------------


def names_in(page: str) -> set[str]:
    """The classes and ids of a page, and every word of its scripts."""
    values = re.findall(r'\s(?:class|id)="([^"]*)"', page)
    scripts = re.findall(r"<script\b[^>]*>(.*?)</script>", page, re.DOTALL)
    return {*" ".join(values).split(), *words_of("\n".join(scripts))}


def words_of(script: str) -> set[str]:
    return set(re.findall(r"[\w-]+", script))


# --- Pages ------------------------------------------------------------------------------------


def assets_of(page: str) -> tuple[list[str], list[str]]:
    """The style sheets and the scripts that a page names, in the order in which they count, as
    paths in the site; what has been put together is left out."""
    styles = [_in_site(match[1]) for match in _LINK.finditer(page)]
    scripts = [_in_site(match[1]) for match in _SCRIPT.finditer(page)]
    return [s for s in styles if s != STYLES], [s for s in scripts if s != SCRIPT]


def _in_site(address: str) -> str:
    return re.sub(r"^(?:\.\./|\./)*", "", address)


def _alone(name: str, script: str) -> str:
    """A script of the theme, or the one that marks what was searched, so that what it raises (where
    nothing may be kept, say) stops none of the others in the file. Others share their names."""
    if "/scripts/" not in name and not name.endswith("sphinx_highlight.js"):
        return script
    return f"try {{\n{script}\n}} catch (error) {{ console.warn(error) }}"


def lighter(page: str, root: str, styles: str, script: str) -> str:
    """A page that loads one style sheet and one script, at these addresses seen from `root`.

    What its figures repeat of the style sheet goes.
    """
    for pattern, tag in (
        (_LINK, f'\n    <link rel="stylesheet" href="{root}{styles}" />'),
        (_SCRIPT, f'\n    <script defer src="{root}{script}"></script>'),
    ):
        first = pattern.search(page)
        if first:
            page = page[: first.start()] + "\0" + pattern.sub("", page[first.start() :])
            page = page.replace("\0", tag, 1)
    return _FIGURE_STYLES.sub("", page)


def apart(page: str, root: str, static: Path) -> str:
    """A page whose live figures have their values and scripts in files of their own, which the
    attribute `data-script` names. Digits of numbers that no figure shows go."""

    def moved(match: re.Match[str]) -> str:
        start, name, inside, values, script = match.groups()
        text = f"document.currentScript.parentElement.values = {shorter(values)};\n{script}"
        sign = hashlib.sha256(text.encode()).hexdigest()[:8]
        file = static / FIGURES / f"{name}-{sign}.js"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
        address = f"{root}_static/{FIGURES}/{file.name}"
        return f'{start} data-script="{address}"{inside}</figure>'

    return _LIVE.sub(moved, page)


def shorter(values: str) -> str:
    """Values of a live figure with `DIGITS` digits a number."""

    def number(text: str) -> float:
        return float(f"{float(text):.{DIGITS}g}")

    found = json.loads(values, parse_float=number)
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")


def write_all(outdir: Path) -> None:
    """Put the style sheets and the scripts of the site together, and let its pages load them."""
    texts = {path: path.read_text(encoding="utf-8") for path in pages(outdir)}
    named = [assets_of(page) for page in texts.values()]
    styles = list(dict.fromkeys(name for found, _ in named for name in found))
    scripts = list(dict.fromkeys(name for _, found in named for name in found))
    if not styles or not scripts:  # no page has been written anew
        return
    static = outdir / "_static"
    script = ";\n".join(_alone(name, (outdir / name).read_text("utf-8")) for name in scripts)
    script = re.sub(r"^//# sourceMappingURL=.*$", "", script, flags=re.MULTILINE)
    script = script.replace(MEASURED_BY_THEME, "")
    names = words_of(script).union(*map(names_in, texts.values()))
    for path in [*static.glob("search/*.js"), *static.glob(f"{FIGURES}/*.js")]:
        names |= words_of(path.read_text(encoding="utf-8")) if path.stem != "entries" else set()
    sheets = [outdir / name for name in styles]
    rules = [rule for sheet in sheets for rule in style_sheets.joined(sheet, static)]
    rules += style_sheets.parsed(LIVE_STYLES.read_text("utf-8")) if LIVE_STYLES.exists() else []
    css = style_sheets.used(rules, names)
    addresses = _written(outdir / STYLES, css), _written(outdir / SCRIPT, script)
    for path, page in texts.items():
        root = "../" * (len(path.relative_to(outdir).parts) - 1)
        page = apart(lighter(page, root, *addresses), root, static)
        path.write_text(page, encoding="utf-8")


def _written(path: Path, text: str) -> str:
    """Write a file; its address, with a sign of its content: a browser may keep it until then."""
    path.write_text(text, encoding="utf-8")
    return f"_static/{path.name}?v={hashlib.sha256(text.encode()).hexdigest()[:8]}"


# --- What is published ------------------------------------------------------------------------


def loaded(site: Path) -> set[str]:
    """The files in `_static` that pages, or what they load, name; with the licences beside them."""
    todo = {
        f"_static/{name}"
        for path in pages(site)
        for name in re.findall(r"_static/([^\"'?#)\s]+)", path.read_text(encoding="utf-8"))
    }
    if (site / STYLES).exists():
        rules = style_sheets.parsed((site / STYLES).read_text(encoding="utf-8"))
        named = (urlsplit(token.value) for token in style_sheets.addresses(rules))
        todo |= {f"_static/{parts.path}" for parts in named if not parts.scheme}
    todo |= {
        path.relative_to(site).as_posix()
        for pattern in _PICTURES
        for path in (site / "_static").glob(pattern)
    }
    folders = {name.split("/")[1] for name in todo if name.count("/") > 1}
    todo |= {f"_static/{folder}/LICENSE" for folder in folders}
    return {name for name in todo if (site / name).is_file()}


def drop_unloaded(site: Path) -> None:
    """Delete what the pages of a site that is to be published do not load."""
    wanted = loaded(site)
    if STYLES not in wanted:
        return
    for path in sorted((site / "_static").rglob("*"), reverse=True):
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif path.relative_to(site).as_posix() not in wanted:
            path.unlink()
