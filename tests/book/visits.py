"""A visit to a page in a real browser: what it loaded, what it complained of, what sticks out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

# Every rule of axe to level AA, its best practices, and what it tries out; but for two of the last:
# one takes each box that scrolls for a control, the other the pieces of a drawn formula for words.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice", "experimental"]
RULES = {
    "resultTypes": ["violations"],
    "runOnly": {"type": "tag", "values": TAGS},
    "rules": {
        "focus-order-semantics": {"enabled": False},
        "label-content-name-mismatch": {"enabled": False},
    },
}
# What sticks out of the screen, though it stands in no box that scrolls code.
STICKS_OUT = """() => {
  const wide = document.documentElement.clientWidth;
  const hidden = (node) => node.closest('.katex-mathml, .sd-sphinx-override, dialog, .bd-sidebar, .bd-sidebar-primary, .bd-sidebar-secondary, .skip-link');
  const scrolls = (node) => { for (let p = node; p && p !== document.body; p = p.parentElement)
    if (['auto', 'scroll', 'hidden', 'clip'].includes(getComputedStyle(p).overflowX)) return true; return false; };
  return [...document.querySelectorAll('article *')]
    .filter((node) => node.getBoundingClientRect().right > wide + 1 && !hidden(node) && !scrolls(node))
    .map((node) => node.tagName + '.' + node.className).slice(0, 5);
}"""
SIDEWAYS = """() => [...document.querySelectorAll('article *')]
  .filter((node) => ['auto', 'scroll'].includes(getComputedStyle(node).overflowX) && node.scrollWidth > node.clientWidth + 1)
  .filter((node) => !node.closest('pre, .highlight, .katex-mathml, .icl-table-box'))
  .map((node) => node.tagName + '.' + node.className + ': ' + node.textContent.slice(0, 60))"""


@dataclass
class Visit:
    """What happened while a page was loaded and shown."""

    page: Page
    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)

    def bytes(self) -> int:
        return sum(self.sizes.values())

    def sticks_out(self) -> list[str]:
        return self.page.evaluate(STICKS_OUT)

    def barriers(self) -> list[tuple[str, list[str]]]:
        """The rules of axe that the page breaks, each with its first places."""
        broken = Axe().run(self.page, options=RULES).response["violations"]
        return [(rule["id"], [node["html"][:150] for node in rule["nodes"][:3]]) for rule in broken]

    def scrolls_sideways(self) -> list[str]:
        """Boxes that scroll sideways and hold neither code nor a table of numbers."""
        return self.page.evaluate(SIDEWAYS)


# Sections are laid out that are far from the view.
LAY_OUT = """() => {
  for (const section of document.querySelectorAll('article > section > section'))
    section.style.contentVisibility = 'visible';
}"""


def two_frames(page: Page) -> None:
    """Wait until a page has drawn, and its scripts have seen what was drawn."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def bring_to_life(page: Page) -> None:
    """Lay a page out whole, and let its live figures run their scripts, which wait until they are
    near the view; the page is seen from its top again."""
    page.evaluate(LAY_OUT)
    two_frames(page)
    figure = page.locator(".icl-live[data-script]")
    if figure.count():
        figure.first.scroll_into_view_if_needed()
        page.wait_for_selector(".icl-live[data-alive=true]")
        page.evaluate("scrollTo(0, 0)")


@contextmanager
def visit(
    browser: Browser,
    url: str,
    width: int = 1280,
    scheme: str = "light",
    alive: bool = True,
    **options: object,
) -> Iterator[Visit]:
    """Open `url`, and lay it out whole with its live figures alive unless `alive` is False; every
    request to another host is refused and noted."""
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, **options
    )
    context.set_default_timeout(10_000)
    seen = Visit(context.new_page())
    own = url.split("/", 3)[:3]

    def guard(route) -> None:
        target = route.request.url
        if target.split("/", 3)[:3] == own or target.startswith(("data:", "blob:")):
            route.continue_()
        else:
            seen.outside.append(target)
            route.abort()

    def weigh(response) -> None:
        if response.ok and not response.url.startswith("data:"):
            seen.sizes[response.url] = len(response.body())

    context.route("**/*", guard)
    seen.page.on(
        "console",
        lambda message: seen.errors.append(message.text) if message.type == "error" else None,
    )
    seen.page.on("pageerror", lambda error: seen.errors.append(str(error)))
    if url.startswith("http"):
        seen.page.on("requestfinished", lambda request: weigh(request.response()))
    seen.page.goto(url, wait_until="load")
    if alive and options.get("java_script_enabled", True):
        bring_to_life(seen.page)
    try:
        yield seen
    finally:
        context.close()
