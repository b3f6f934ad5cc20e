"""Fixtures that the tests share: a seeded generator, the built site, and a browser."""

from __future__ import annotations

import functools
import http.server
import os
import threading
from pathlib import Path

import pytest
import surroundings
import torch
from hypothesis import settings

# The same examples in every run of the same code, and no clock: how fast a machine is says nothing about the
# mathematics.
settings.register_profile("book", derandomize=True, deadline=None)
settings.load_profile("book")

ROOT = Path(__file__).resolve().parent.parent
surroundings.keep_inside()  # before matplotlib and the browser look for a home


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    """As on the pages; two tests run side by side."""
    torch.set_num_threads(1)


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture(scope="session")
def site() -> Path:
    """The built site; BOOK_SITE names another one."""
    folder = Path(os.environ.get("BOOK_SITE", ROOT / "_build" / "html"))
    assert (folder / "index.html").exists(), f"no site in {folder}: run `make book` first"
    return folder


@pytest.fixture(scope="session")
def browser():
    from browser import playwright_browser, system_browser
    from playwright.sync_api import sync_playwright

    path = system_browser() or playwright_browser()
    if path is None:
        message = "no Chromium found: install it (on Debian: apt-get install chromium)"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    options = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=options)
        yield chromium
        chromium.close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="session")
def address(site: Path):
    """The site over http, on this machine alone."""
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(_Quiet, directory=site)
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
