"""The built pages in a browser: how soon a live figure answers, and how much a visit loads."""

from __future__ import annotations

import contextlib
import functools
import gzip
import http.server
import threading
from collections.abc import Iterator

from browser import chromium
from figure import ROOT, Figure

FRAME_MS = 1000 / 60


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
    from visits import bring_to_life

    site = ROOT / "_build" / "html"
    with chromium() as browser:
        for name in ALIVE:
            page = browser.new_page(viewport={"width": 360, "height": 800})
            page.goto((site / f"{name}.html").as_uri())
            bring_to_life(page)
            live = page.locator(".icl-live").get_attribute("data-figure")
            took = sorted(page.evaluate(ANSWER, [*CONTROLS[live], 100]))
            yield Figure(
                f"live figure {live}, input to drawing, 95th percentile", took[94], "ms", FRAME_MS
            )
            page.close()


@contextlib.contextmanager
def served() -> Iterator[str]:
    """The address of the built site on this machine; a browser may keep what it loads."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            pass

        def end_headers(self) -> None:
            self.send_header("Cache-Control", "max-age=600")
            super().end_headers()

    handler = functools.partial(Quiet, directory=ROOT / "_build" / "html")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def weights() -> Iterator[Figure]:
    """What a first visit to each page loads."""
    from listing import CHAPTERS
    from visits import visit

    with chromium() as browser, served() as address:
        for name in CHAPTERS:
            with visit(browser, f"{address}/{name}.html") as seen:
                seen.page.wait_for_timeout(300)
                yield Figure(f"first load of {name}", seen.bytes() / 1e6, "MB", 1.5)


#: Sums of what keeps a page that is seen from answering, and of what moves on it, as browsers count
#: both.
WATCH = """() => {
  globalThis.seen = { blocked: 0, moved: 0 };
  const watch = (type, add) => new PerformanceObserver((list) => list.getEntries().forEach(add))
    .observe({ type, buffered: true });
  watch('longtask', (task) => {
    const shown = performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Infinity;
    const from = Math.max(task.startTime, shown);
    seen.blocked += Math.max(0, task.startTime + task.duration - from - 50);
  });
  watch('layout-shift', (shift) => { if (!shift.hadRecentInput) seen.moved += shift.value; });
}"""
FIRST = "chapters/06_one_layer_is_one_step"
SLOWER = 4  # a phone's processor beside this one, as Lighthouse assumes


def compressed(response: object) -> int:
    """Bytes of a response as a server sends them that compresses what is text."""
    body = response.body()
    kind = response.headers.get("content-type", "")
    return len(body) if kind.startswith(("font/", "image/png")) else len(gzip.compress(body, 9))


def loads() -> Iterator[Figure]:
    """What a phone loads, compressed, for a first page and then for each other one, how long it
    is kept from answering, and how much moves."""
    from listing import CHAPTERS

    with chromium() as browser, served() as address:
        context = browser.new_context(viewport={"width": 360, "height": 800})
        context.add_init_script(f"({WATCH})()")
        kept: set[str] = set()
        for name in [FIRST, *(name for name in CHAPTERS if name != FIRST)]:
            page, finished = context.new_page(), []
            context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})

            page.on("requestfinished", lambda request, to=finished: to.append(request))
            page.goto(f"{address}/{name}.html", wait_until="load")
            page.wait_for_timeout(1500)
            seen = page.evaluate("seen")
            loaded = {each.url: each for each in finished if each.url.startswith("http")}
            fresh = {url: compressed(loaded[url].response()) for url in loaded.keys() - kept}
            kept |= fresh.keys()
            which, most = ("first", 250) if name == FIRST else ("later", 80)
            what = f"{which} page {name.split('/')[-1]}, "
            yield Figure(f"{what}compressed", sum(fresh.values()) / 1000, "kB", most)
            yield Figure(f"{what}requests", len(fresh), "")
            yield Figure(f"{what}blocked", seen["blocked"], "ms", 200)
            yield Figure(f"{what}layout shift", seen["moved"], "", 0.01)
            page.close()
