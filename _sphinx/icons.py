"""The icons of the site: the few that book.css names, cut out of the theme's own font."""

from __future__ import annotations

from pathlib import Path

import style_sheets
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from tinycss2 import parse_blocks_contents, serialize
from tinycss2.ast import Node

THEME_FONT = "vendor/fontawesome/webfonts/fa-solid-900.ttf"
THEME_STYLES = "styles/pydata-sphinx-theme.css"


def drop_theme_icons(static: Path) -> None:
    """Take the theme's thousand icons and three fonts out of its style sheet."""
    path = static / THEME_STYLES
    rules = style_sheets.parsed(path.read_text(encoding="utf-8"))
    kept = [style_sheets.text([rule]) for rule in rules if not _is_for_icons(rule)]
    path.write_text("\n".join(kept), encoding="utf-8")


def _is_for_icons(rule: Node) -> bool:
    """Whether a rule gives an icon its sign, or brings one of their fonts."""
    if rule.type == "at-rule":
        return rule.lower_at_keyword == "font-face" and "Font Awesome" in serialize(rule.content)
    parts = [style_sheets.named(selector) for selector in style_sheets.selectors(rule)]
    content = parse_blocks_contents(rule.content, skip_comments=True, skip_whitespace=True)
    declared = {getattr(each, "name", "") for each in content}
    return declared == {"content"} and all(
        any(name.startswith("fa-") for name in names) for names in parts
    )


def _shown(path: Path) -> set[int]:
    """The icons that a style sheet shows: letters of a font's own."""
    css = serialize(style_sheets.parsed(path.read_text(encoding="utf-8")))
    return {ord(sign) for sign in css if "\uf000" <= sign <= "\uf8ff"}


def write_font(static: Path) -> None:
    """Write `static/icons.woff` with the icons that book.css names and those that the theme's own
    rules still show.

    Raises:
        KeyError: the theme's font lacks an icon that book.css names.
    """
    font = TTFont(static / THEME_FONT, recalcTimestamp=False)  # two builds are the same
    named = _shown(static / "book.css")
    missing = sorted(named - set(font.getBestCmap()))
    if missing:
        raise KeyError(f"{THEME_FONT} lacks the icons {', '.join(map(hex, missing))}")
    codes = named | _shown(static / THEME_STYLES)
    subsetter = Subsetter(Options(hinting=False))
    subsetter.populate(unicodes=codes)
    subsetter.subset(font)
    font.flavor = "woff"
    font.save(static / "icons.woff")
