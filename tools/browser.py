"""Find a browser for the tests; where there is none, let playwright fetch one, in good time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from terminal import in_one_sentence

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "_build" / "home" / "browsers"
SECONDS = 180


def system_browser() -> str | None:
    """Path of an installed Chromium or Chrome, or None."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next(filter(None, map(shutil.which, names)), None)


def playwright_browser() -> str | None:
    """Path of a Chromium that playwright has fetched, into the book's folder or before, or None."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        theirs = Path(playwright.chromium.executable_path)
    first = next(place for place, part in enumerate(theirs.parts) if part.startswith("chromium"))
    ours = FOLDER.joinpath(*theirs.parts[first:])
    return next((str(path) for path in (ours, theirs) if path.exists()), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running browser for what a tool draws.

    Raises:
        SystemExit: there is no Chromium.
    """
    from playwright.sync_api import sync_playwright

    path = system_browser() or playwright_browser()
    if path is None:
        raise SystemExit("No Chromium found: install it (on Debian: apt-get install chromium).")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


def fetch() -> str | None:
    """Let playwright fetch its Chromium into the book's folder; what went wrong, or None."""
    environment = os.environ | {
        "PLAYWRIGHT_BROWSERS_PATH": str(FOLDER),
        "PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": "15000",
    }
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    try:
        subprocess.run(command, env=environment, timeout=SECONDS, check=True, capture_output=True)
    except subprocess.TimeoutExpired:
        return f"it took longer than {SECONDS} s"
    except (subprocess.SubprocessError, OSError):
        return "no answer from where it comes"
    return None


def main() -> int:
    if system_browser() or playwright_browser():
        return 0
    print("No Chromium found; trying to fetch playwright's …", flush=True)
    failure = fetch()
    if failure is None:
        return 0
    print(
        f"That failed ({failure}): the tests in a browser are skipped. Install Chromium for them "
        "(on Debian: apt-get install chromium).",
        file=sys.stderr,
    )
    return 1 if os.environ.get("CI") else 0


if __name__ == "__main__":
    sys.exit(in_one_sentence(main))
