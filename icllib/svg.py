"""The text of a picture: what pictures on one page need that matplotlib does not do."""

from __future__ import annotations

import itertools
import re

__all__ = ["tidied"]

_counter = itertools.count()


def tidied(svg: str) -> str:
    """The picture alone, small, in the font of the page, with ids that no other figure has.

    Args:
        svg: a file as matplotlib writes it.
    """
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", svg, flags=re.DOTALL)
    # A hundredth of a point is finer than any screen. Only inside tags: digits of labels stay.
    svg = re.sub(r"<[^>]+>", lambda tag: re.sub(r"(\.\d\d)\d+", r"\1", tag[0]), svg)
    # matplotlib measures with DejaVu Sans; the page shows its own font.
    svg = re.sub(r" ?font-family: [^;\"]*;?", "", svg)
    # matplotlib's style sheet would reach the whole page; the picture rounds its lines itself.
    svg = re.sub(r"<style.*?</style>", "", svg, flags=re.DOTALL)
    return _without_plain_groups(_with_own_ids(svg))


def _without_plain_groups(svg: str) -> str:
    """The picture without the groups that have no attribute or no content, and so no effect."""
    open_groups: list[bool] = []  # whether each has one

    def keep(match: re.Match[str]) -> str:
        if match[0].endswith("/>"):
            return ""
        if match[0] == "</g>":
            return match[0] if open_groups.pop() else ""
        open_groups.append(bool(match[1].strip()))
        return match[0] if open_groups[-1] else ""

    return re.sub(r"</g>|<g\b([^>]*)>", keep, svg)


def _with_own_ids(svg: str) -> str:
    """Without the ids that nothing refers to; the others get a prefix that no other figure has."""
    used = set(re.findall(r"#([\w-]+)", svg))
    prefix = f"f{next(_counter)}-"

    def rename(match: re.Match[str]) -> str:
        return f' id="{prefix}{match[1]}"' if match[1] in used else ""

    svg = re.sub(r' id="([^"]+)"', rename, svg)
    svg = re.sub(r"url\(#([\w-]+)\)", rf"url(#{prefix}\1)", svg)
    return re.sub(r'href="#([\w-]+)"', rf'href="#{prefix}\1"', svg)
