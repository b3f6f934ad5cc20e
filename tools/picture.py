"""Take the picture of the README from the built site: the live figure of chapter 6, solved."""

from __future__ import annotations

import sys
from pathlib import Path

from browser import chromium

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "_build" / "html" / "chapters" / "06_one_layer_is_one_step.html"
PICTURE = ROOT / "_static" / "readme.png"


def main() -> int:
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1100, "height": 900}, color_scheme="light")
        page.goto(PAGE.as_uri())
        figure = page.locator(".icl-live")
        figure.scroll_into_view_if_needed()
        figure.get_by_role("button", name="Show the solution").click()
        figure.screenshot(path=PICTURE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
