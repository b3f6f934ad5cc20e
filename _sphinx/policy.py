"""What a page may load and run: a Content-Security-Policy in its head, made for each page.

A site of plain files cannot send the header of that name; `<meta http-equiv>` does the same. Every
script that runs, and every style sheet, is a file of the site or, by its digest, one that stood in
the page when it was built. Attributes may hold styles: those of formulas and figures do.
"""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

#: What each kind of content may come from; `{script}` and `{style}` are digests of what stands in a
#: page. A browser that does not know of `style-src-elem` takes `style-src`.
#: A live figure's script is a file of the site: it needs neither `data:` nor `blob:`.
RULES = {
    "default-src": "'none'",
    "script-src": "'self'{script}",
    "style-src": "'self' 'unsafe-inline'",
    "style-src-elem": "'self'{style}",
    "style-src-attr": "'unsafe-inline'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
}
#: The theme's buttons carry their script in an attribute, which no digest allows: book's script
#: buttons.js does what `data-press` names.
HANDLERS = {"window.print()": "print", "toggleFullScreen()": "full-screen"}

_META = re.compile(r'\n? *<meta http-equiv="Content-Security-Policy"[^>]*>')
_CHARSET = re.compile(r"<meta charset=[^>]*>", re.IGNORECASE)
#: Types of a script that a browser runs; others are data.
_RUN = {"", "module", "text/javascript", "application/javascript"}


class _Parts(HTMLParser):
    """The scripts and styles that stand in a page, and the attributes that would run."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.found: dict[str, list[str]] = {"script": [], "style": []}
        self.attributes: list[str] = []
        self._inside: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.attributes += [
            f'{name}="{value}"'
            for name, value in attrs
            if name.startswith("on") or (value or "").lower().lstrip().startswith("javascript:")
        ]
        runs = "src" not in given and (given.get("type") or "").lower() in _RUN
        self._inside = self.found[tag] if tag == "style" or (tag == "script" and runs) else None
        if self._inside is not None:
            self._inside.append("")

    def handle_data(self, data: str) -> None:
        if self._inside is not None:
            self._inside[-1] += data

    def handle_endtag(self, tag: str) -> None:
        self._inside = None


def _parts(page: str) -> _Parts:
    parts = _Parts()
    parts.feed(page.replace("\r\n", "\n"))
    parts.close()
    return parts


def inline_scripts(page: str) -> list[str]:
    """The text of every script that stands in a page and runs."""
    return _parts(page).found["script"]


def running_attributes(page: str) -> list[str]:
    """Attributes of a page that carry a script; its policy lets none of them run."""
    return _parts(page).attributes


def _digests(texts: list[str]) -> str:
    made = (hashlib.sha256(text.encode()).digest() for text in dict.fromkeys(texts))
    return "".join(f" 'sha256-{base64.b64encode(digest).decode()}'" for digest in made)


def policy(page: str) -> str:
    """The policy of a page: what stands in it by digest, and files of the site."""
    digests = {kind: _digests(texts) for kind, texts in _parts(page).found.items()}
    return "; ".join(f"{kind} {source.format(**digests)}" for kind, source in RULES.items())


def with_policy(page: str) -> str:
    """The page with its policy in front of all that it governs; one that it had is replaced.

    Raises:
        ValueError: the page does not name its charset, behind which the policy belongs.
    """
    page = _META.sub("", page)
    for handler, name in HANDLERS.items():
        page = page.replace(f'onclick="{handler}"', f'data-press="{name}"')
    meta = f'\n    <meta http-equiv="Content-Security-Policy" content="{policy(page)}" />'
    charset = _CHARSET.search(page)
    if charset is None:
        raise ValueError("the page names no charset")
    return page[: charset.end()] + meta + page[charset.end() :]
