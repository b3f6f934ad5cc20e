"""The last touch to the pages that the theme wrote: lighter, with one search box, and clean for screen readers."""

from __future__ import annotations

import re
from pathlib import Path


def mend_all(outdir: Path) -> None:
    """Mend every page under `outdir`; a page that is mended already stays as it is."""
    for path in outdir.rglob("*.html"):
        if "_static" not in path.relative_to(outdir).parts:
            page = path.read_text(encoding="utf-8")
            mended = mend(page)
            if mended != page:
                path.write_text(mended, encoding="utf-8")


def mend(page: str) -> str:
    """One page, mended."""
    for rule in (_drop_scripts, _one_search_box, _name_things, _light_without_scripts):
        page = rule(page)
    return page


def _drop_scripts(page: str) -> str:
    # 1.5 MB of icons (style sheet book.css shows the dozen in use from the theme's font), and thebe, whose buttons are off.
    page = re.sub(
        r"<script[^>]*(?:fontawesome|thebe|define_mathjax|tippy|mathjax)[^>]*>\s*</script>\s*", "", page, flags=re.I
    )
    page = re.sub(r"<script[^>]*>[^<]*(?:THEBE_JS_URL|thebe_selector|MathJax)[^<]*</script>\s*", "", page)
    page = re.sub(r'<script type="text/x-thebe-config">.*?</script>\s*', "", page, flags=re.DOTALL)
    # The state of the widgets for a kernel's page: here the live figures carry their values themselves.
    page = re.sub(
        r'<script type="application/vnd.jupyter.widget-state\+json">.*?</script>\s*', "", page, flags=re.DOTALL
    )
    page = re.sub(r"<link[^>]*(?:fontawesome|sphinx-thebe)[^>]*/?>\s*", "", page)
    return re.sub(r'<link rel="preload"[^>]*/?>\s*', "", page)


def _one_search_box(page: str) -> str:
    # The theme puts a second search form into the sidebar; the one behind the header's button stays.
    pattern = r'<div class="sidebar-primary-item">\s*(?:<script>.*?</script>\s*)?<button[^>]*search-button-field.*?</button>\s*</div>'
    return re.sub(pattern, "", page, flags=re.DOTALL)


def _name_things(page: str) -> str:
    # Scrolling regions can be reached by keyboard; the label of the sidebar's checkbox is text, not an icon alone.
    page = re.sub(r'<div class="highlight">\s*<pre(?! tabindex)', '<div class="highlight"><pre tabindex="0"', page)
    page = re.sub(r"<pre(?![^>]*tabindex)(?=[ >])", '<pre tabindex="0"', page)
    # A list of role "list" with children of another role is no list, and an id stands once on a page.
    page = page.replace('<div role="list" class="citation-list">', '<div class="citation-list">')
    return re.sub(r' id="(?:(?:exercise|solution|proof)-content|proof)"', "", page)


def _light_without_scripts(page: str) -> str:
    # "auto" is for the theme's script to resolve; where scripts are off, the style sheet knows only light and dark.
    return page.replace('data-theme="auto"', 'data-theme="light"', 1)
