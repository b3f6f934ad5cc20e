"""The pages of a built site, and changing them when all else is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path


def pages(site: Path) -> list[Path]:
    """All pages of a site, in the order of their names."""
    return sorted([*site.glob("*.html"), *site.glob("chapters/*.html")])


def rewrite(paths: Iterable[Path], change: Callable[[str], str]) -> None:
    """Change the text of files; one that stays as it is keeps its date."""
    for path in paths:
        before = path.read_text(encoding="utf-8")
        after = change(before)
        if after != before:
            path.write_text(after, encoding="utf-8")
