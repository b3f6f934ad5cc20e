"""What a page may load and run: a Content-Security-Policy in its head, made for each page.

A site of plain files cannot send the header of that name; `<meta http-equiv>` does the same. Every
script that runs, and every style sheet, is a file of the site or, by its digest, one that stood in
the page when it was built. Attributes may hold styles: those of formulas and figures do.
"""

from __future__ import annotations

import base64
import hashlib
import re

from bs4 import BeautifulSoup

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


def inline(page: BeautifulSoup, kind: str) -> list[str]:
    """The texts of all scripts that stand in a page and run, or of all its styles.

    Args:
        kind: "script" or "style".
    """
    found = (tag for tag in page.find_all(kind) if not tag.has_attr("src"))
    return [
        tag.get_text() for tag in found if kind == "style" or tag.get("type", "").lower() in _RUN
    ]


def _digests(texts: list[str]) -> str:
    made = (hashlib.sha256(text.encode()).digest() for text in dict.fromkeys(texts))
    return "".join(f" 'sha256-{base64.b64encode(digest).decode()}'" for digest in made)


def policy(page: BeautifulSoup) -> str:
    """The policy of a page: what stands in it by digest, and files of the site."""
    digests = {kind: _digests(inline(page, kind)) for kind in ("script", "style")}
    return "; ".join(f"{kind} {source.format(**digests)}" for kind, source in RULES.items())


def without_handlers(page: str) -> str:
    """The page whose buttons name what they do, instead of a script that would not run."""
    for handler, name in HANDLERS.items():
        page = page.replace(f'onclick="{handler}"', f'data-press="{name}"')
    return page


def with_policy(page: str, parsed: BeautifulSoup) -> str:
    """The page with its policy in front of all that it governs; one that it had is replaced.

    Raises:
        ValueError: the page does not name its charset, behind which the policy belongs.
    """
    page = _META.sub("", page)
    meta = f'\n    <meta http-equiv="Content-Security-Policy" content="{policy(parsed)}" />'
    charset = _CHARSET.search(page)
    if charset is None:
        raise ValueError("the page names no charset")
    return page[: charset.end()] + meta + page[charset.end() :]
