"""Find a browser for the tests; where there is none, let playwright fetch one, in good time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

SECONDS = 180


def system_browser() -> str | None:
    """Path of an installed Chromium or Chrome, or None."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next(filter(None, map(shutil.which, names)), None)


def playwright_browser() -> str | None:
    """Path of playwright's own Chromium, or None."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def main() -> int:
    if system_browser() or playwright_browser():
        return 0
    print("No Chromium found; trying to fetch playwright's …", flush=True)
    environment = os.environ | {"PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": "15000"}
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    try:
        subprocess.run(command, env=environment, timeout=SECONDS, check=True)
        return 0
    except (subprocess.SubprocessError, OSError):
        print(
            "That failed. Install Chromium (on Debian: apt-get install chromium) for the browser tests.",
            file=sys.stderr,
        )
        return 1 if os.environ.get("CI") else 0


if __name__ == "__main__":
    sys.exit(main())
