"""The built pages in a browser: how soon a live figure answers, and how much a visit loads."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from figure import ROOT, Figure

FRAME_MS = 1000 / 60


@contextlib.contextmanager
def chromium() -> Iterator[object]:
    from browser import playwright_browser, system_browser
    from playwright.sync_api import sync_playwright

    path = system_browser() or playwright_browser()
    if path is None:
        raise SystemExit("no Chromium found: install it (on Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


ANSWER = """([figure, event, times]) => {
  const root = document.querySelector('.icl-live');
  const took = [];
  for (let i = 0; i < times; i++) {
    const control = root.querySelector(figure);
    const start = performance.now();
    if (event === 'input') { control.value = i % 2 ? control.max : control.min; }
    const key = i % 2 ? 'ArrowUp' : 'ArrowDown', bubbles = true;
    control.dispatchEvent(event === 'key' ? new KeyboardEvent('keydown', {key, bubbles})
      : event === 'click' ? new MouseEvent('click', {bubbles}) : new Event(event, {bubbles}));
    root.getBoundingClientRect();
    took.push(performance.now() - start);
  }
  return took;
}"""
CONTROLS = {
    "line_fit": ("circle[tabindex]", "key"),
    "descent": ("input[type=range]", "input"),
    "block_builder": ("button:nth-of-type(2)", "click"),
    "few_shot": ("input[type=checkbox]", "click"),
    "shots": ("input[type=range]", "input"),
    "inspector": (".icl-cell[tabindex='0']", "key"),
    "memory": ("input[type=range]", "input"),
    "spectrum": ("input[type=range]", "input"),
    "copying": ("input[type=range]", "input"),
    "kernels": ("input[type=range]", "input"),
    "scrub": ("input[type=range]", "input"),
    "loops": ("input[type=range]", "input"),
    "optimum": ("input[type=range]", "input"),
    "pools": ("input[type=range]", "input"),
    "curves": ("input[type=range]", "input"),
    "emergence": ("input[type=range]", "input"),
    "prompt_writer": ("input[type=checkbox]", "click"),
    "ledger": ("input[type=text]", "input"),
}


def figures() -> Iterator[Figure]:
    """From an input to the drawing, for every live figure; the 95th percentile of 100 inputs."""
    from listing import ALIVE

    site = ROOT / "_build" / "html"
    with chromium() as browser:
        for name in ALIVE:
            page = browser.new_page(viewport={"width": 360, "height": 800})
            page.goto((site / f"{name}.html").as_uri())
            live = page.locator(".icl-live").get_attribute("data-figure")
            took = sorted(page.evaluate(ANSWER, [*CONTROLS[live], 100]))
            yield Figure(
                f"live figure {live}, input to drawing, 95th percentile", took[94], "ms", FRAME_MS
            )
            page.close()


def weights() -> Iterator[Figure]:
    """What a first visit to each page loads."""
    import functools
    import http.server
    import threading

    from listing import CHAPTERS
    from visits import visit

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=ROOT / "_build" / "html")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with chromium() as browser:
        for name in CHAPTERS:
            with visit(browser, f"http://127.0.0.1:{server.server_port}/{name}.html") as seen:
                seen.page.wait_for_timeout(300)
                yield Figure(f"first load of {name}", seen.bytes() / 1e6, "MB", 1.5)
    server.shutdown()
