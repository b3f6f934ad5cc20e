"""What a screen reader should not say: icons are letters of a font, and have none of their own."""

from __future__ import annotations

import re

_ICON = re.compile(r'<(?:i|span)\b[^>]*\bclass="[^"]*\bfa-[a-z][^"]*"[^>]*')


def without_icons(page: str) -> str:
    """The page with its icons hidden from speech; what they mean stands in a name or a title."""

    def hidden(match: re.Match[str]) -> str:
        return match[0] if "aria-hidden" in match[0] else f'{match[0]} aria-hidden="true"'

    return _ICON.sub(hidden, page)
