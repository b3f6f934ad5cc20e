"""The icons of the site: the few that book.css names, cut out of the theme's own font."""

from __future__ import annotations

import re
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

THEME_FONT = "vendor/fontawesome/webfonts/fa-solid-900.ttf"
THEME_STYLES = "styles/pydata-sphinx-theme.css"


def drop_theme_icons(static: Path) -> None:
    """Take the theme's thousand icons and three fonts out of its style sheet."""
    path = static / THEME_STYLES
    styles = path.read_text(encoding="utf-8")
    styles = re.sub(r"@font-face\{[^}]*Font Awesome[^}]*\}", "", styles)
    path.write_text(
        re.sub(r'(?:\.fa-[\w-]+:{1,2}before,?)+\{content:"[^"]*"\}', "", styles), encoding="utf-8"
    )


def write_font(static: Path) -> None:
    """Write `static/icons.woff` with the icons that book.css names and those that the theme's own
    rules still show.

    Raises:
        KeyError: the theme's font lacks an icon that book.css names.
    """
    own = (static / "book.css").read_text(encoding="utf-8")
    theirs = (static / THEME_STYLES).read_text(encoding="utf-8")
    font = TTFont(static / THEME_FONT, recalcTimestamp=False)  # two builds are the same
    named = {int(code, 16) for code in re.findall(r'content: "\\(f[0-9a-f]{3})"', own)}
    missing = sorted(named - set(font.getBestCmap()))
    if missing:
        raise KeyError(f"{THEME_FONT} lacks the icons {', '.join(map(hex, missing))}")
    codes = named | {ord(sign) for sign in re.findall("[\uf000-\uf8ff]", theirs)}
    subsetter = Subsetter(Options(hinting=False))
    subsetter.populate(unicodes=codes)
    subsetter.subset(font)
    font.flavor = "woff"
    font.save(static / "icons.woff")
