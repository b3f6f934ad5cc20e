"""A visit to a page in a real browser: what it loaded, what it complained of, what sticks out."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from axe_playwright_python.sync_playwright import Axe
from contrast import contrast
from playwright.sync_api import Browser, Page


def over(color: str, ground: tuple[float, ...] = (1, 1, 1)) -> tuple[float, ...]:
    """Red, green and blue from 0 to 1 of a colour, as a browser writes it, laid over another."""
    whole = 1 if color.startswith("color(srgb") else 255
    parts = [float(part) for part in re.findall(r"[\d.]+", color)]
    alpha = parts[3] if len(parts) == 4 else 1.0
    return tuple(
        alpha * part / whole + (1 - alpha) * below
        for part, below in zip(parts[:3], ground, strict=True)
    )


# Every rule of axe to level AA, its best practices, and what it tries out; but for three of the last:
# one takes each box that scrolls for a control, one the pieces of a drawn formula for words, and one
# only asks for a look at what is hidden, and never fails.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice", "experimental"]
RULES = {
    "resultTypes": ["violations"],
    "runOnly": {"type": "tag", "values": TAGS},
    "rules": {
        "focus-order-semantics": {"enabled": False},
        "hidden-content": {"enabled": False},
        "label-content-name-mismatch": {"enabled": False},
    },
}
# The pieces of formulas, code and signatures are thousands on a page, and of few colours: these are
# read off at once, and axe, which takes seconds for as many, does not see the pieces.
PIECES = (
    "article :is(.katex-html, pre span:not(:has(*)), dt.sig > span:not(:has(a)), dt.sig em span)"
)
# The colours of words, each with the grounds behind it from the page up, and the first such words.
COLORS = """(selector) => {
  const behind = new Map([[null, []]]);
  const grounds = (node) => {
    if (!behind.has(node)) {
      const color = getComputedStyle(node).backgroundColor;
      const own = color === 'rgba(0, 0, 0, 0)' ? [] : [color];
      behind.set(node, [...grounds(node.parentElement), ...own]);
    }
    return behind.get(node);
  };
  const words = (node) => [...node.childNodes]
    .filter((child) => child.nodeType === Node.TEXT_NODE).map((child) => child.data).join('').trim();
  const found = new Map();
  for (const node of document.querySelectorAll(`:is(${selector}), :is(${selector}) *`)) {
    if (!words(node) || node.closest('svg, script, style, .visually-hidden')) continue;
    if (!node.checkVisibility({visibilityProperty: true})) continue;
    const pair = [getComputedStyle(node).color, grounds(node)];
    if (!found.has(pair.join())) found.set(pair.join(), [...pair, words(node).slice(0, 30)]);
  }
  return [...found.values()];
}"""
SET = """([pieces, value]) => {
  for (const piece of document.querySelectorAll(pieces)) piece.style.visibility = value;
}"""
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
# Stops on the way of the Tab key in the text that are neither controls nor boxes that scroll, and
# buttons that copy what was printed.
NEEDLESS = """() => {
  const shown = (node) => node.tabIndex >= 0 && node.getClientRects().length;
  const stops = [...document.querySelectorAll('article :is(a[href], button, [tabindex])')]
    .filter(shown);
  const control = 'a, button, input, select, textarea, summary, [role=slider], .icl-cell';
  const scrolls = (node) => node.scrollWidth > node.clientWidth || node.scrollHeight > node.clientHeight;
  return stops.filter((node) => (!node.matches(control) && !scrolls(node))
    || node.matches('.cell_output .copybtn'))
    .map((node) => node.outerHTML.slice(0, 100));
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

    def pale(self, within: str = "body") -> list[str]:
        """Words that do not stand out from their ground (WCAG 1.4.3), with their colours."""
        found = []
        for color, grounds, words in self.page.evaluate(COLORS, within):
            ground = functools.reduce(lambda below, layer: over(layer, below), grounds, (1, 1, 1))
            if contrast(over(color, ground), ground) < 4.5:
                found.append(f"{words}: {color} on {grounds}")
        return found

    def barriers(self) -> list[tuple[str, list[str]]]:
        """The rules of axe that the page breaks, each with its first places; pale formulas and code."""
        pale = self.pale(PIECES)
        self.page.evaluate(SET, [PIECES, "hidden"])
        broken = Axe().run(self.page, options=RULES).response["violations"]
        self.page.evaluate(SET, [PIECES, ""])
        found = [
            (rule["id"], [node["html"][:150] for node in rule["nodes"][:3]]) for rule in broken
        ]
        return found + ([("pale", pale)] if pale else [])

    @contextmanager
    def seen_as(self, scheme: str = "light", **other: object) -> Iterator[None]:
        """Show the open page in another colour scheme for a while, of another `width` or `height`,
        or with other `forced_colors` or `reduced_motion`."""
        before = self.page.viewport_size
        media = {key: value for key, value in other.items() if key not in before}
        self.page.emulate_media(color_scheme=scheme, **media)
        self.page.set_viewport_size({key: other.get(key, size) for key, size in before.items()})
        two_frames(self.page)
        try:
            yield
        finally:
            self.page.set_viewport_size(before)
            self.page.emulate_media(color_scheme="light", **dict.fromkeys(media, "null"))
            two_frames(self.page)

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
    context.set_default_timeout(60_000)
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


def each(names: Iterable[str], *widths: int) -> pytest.MarkDecorator:
    """The tests of a class, for each of the pages at each width."""
    pages = [pytest.param((name, w), id=f"{name}-{w}") for name in names for w in widths]
    return pytest.mark.parametrize("shown", pages, indirect=True)


def some_now(names: Iterable[str]) -> list[object]:
    """Pages for a test that takes seconds a page: every fourth at once, the others in `make long`."""
    return [
        pytest.param(name, marks=[pytest.mark.long] if place % 4 else [])
        for place, name in enumerate(names)
    ]
