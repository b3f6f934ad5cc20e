"""The whole book as one PDF file, printed from the built site by Chromium.

`pdf_document` joins the pages of the site. What only a print knows, the numbers of its pages, is
read from a first one and filled in for the next.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from browser import chromium
from key_figures import CONTENTS, ROOT, SITE
from pdf_document import document
from slide_files import dated_pdf
from terminal import in_one_sentence

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FOLDER = ROOT / "_build" / "pdf"
NAME = "one-layer-one-step"
PRINTS = 4  # at most, until no number changes any more
_FILL = """(pages) => {
  for (const link of document.querySelectorAll("a.icl-page"))
    link.textContent = pages[link.hash.slice(1)] ?? "?";
}"""


def printed(path: Path, browser: Browser) -> bytes:
    """The PDF of a page, with the numbers of pages filled in.

    Raises:
        SystemExit: the numbers do not settle, or this browser does not say where they are.
    """
    page = browser.new_page(color_scheme="light")
    page.set_default_timeout(0)
    page.goto(path.as_uri())
    page.evaluate("document.fonts.ready")
    numbers: dict[str, int] = {}
    for last in (False, *[True] * PRINTS):  # tags and an outline take their time
        pdf = page.pdf(prefer_css_page_size=True, print_background=True, tagged=last, outline=last)
        before, numbers = numbers, places(pdf)
        if numbers == before:
            page.close()
            return dated_pdf(pdf)
        page.evaluate(_FILL, numbers)
    raise SystemExit(f"The numbers of the pages still change after {PRINTS} prints.")


def places(pdf: bytes) -> dict[str, int]:
    """The number of the page, from 1, of each place that a link of the document leads to.

    Raises:
        SystemExit: this browser writes its PDF in another way.
    """
    catalog = re.search(rb"/Type /Catalog\b.*?endobj", pdf, re.DOTALL)
    first, named = (
        catalog and re.search(rb"/%s (\d+) 0 R" % key, catalog[0]) for key in (b"Pages", b"Dests")
    )
    if not first or not named:
        raise SystemExit("This Chromium's PDF does not say where its pages are: try another one.")
    nodes = re.findall(rb"\n(\d+) 0 obj\n<</Type /Pages\b[^>]*?/Kids \[([^\]]*)\]", pdf)
    kids = {node: re.findall(rb"(\d+) 0 R", inside) for node, inside in nodes}

    def leaves(node: bytes) -> list[bytes]:
        return [leaf for kid in kids[node] for leaf in leaves(kid)] if node in kids else [node]

    numbers = {leaf: number for number, leaf in enumerate(leaves(first[1]), start=1)}
    start = pdf.index(b"\n%s 0 obj\n" % named[1])
    found = re.findall(rb"/([^\s\[]+) \[(\d+) 0 R", pdf[start : pdf.index(b"endobj", start)])
    return {name.decode(): numbers[leaf] for name, leaf in found}


def main() -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    source, target = FOLDER / f"{NAME}.html", FOLDER / f"{NAME}.pdf"
    with chromium() as browser:
        source.write_text(document(SITE, CONTENTS, FOLDER), encoding="utf-8")
        print("Printing the whole book, which takes minutes …", flush=True)
        pdf = printed(source, browser)
    target.write_bytes(pdf)
    shutil.copy(SITE / "version.json", target.with_suffix(".json"))  # of which book it is
    pages = len(re.findall(rb"/Type /Page\b(?!s)", pdf))
    print(f"{pages} pages, {len(pdf) / 1e6:.0f} MB: {target.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(in_one_sentence(main))
