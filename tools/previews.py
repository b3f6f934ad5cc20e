"""Draw the picture that a link to a chapter shows: its title and its first key figure.

Usage: previews.py [--chapters N …]

It reads the built site and writes `_static/previews/NN.png`, 1200 × 630; `_sphinx/page_context.py`
names them on the pages of the next build.
"""

from __future__ import annotations

import argparse
import html
import io
import sys

import key_figures
from browser import chromium
from key_figures import ROOT, Chapter, arranged
from PIL import Image
from terminal import in_one_sentence

FOLDER = ROOT / "_static" / "previews"
WIDTH, HEIGHT = 1200, 630
LARGEST = 60_000  # bytes
WIDE = 1.9  # a picture this much wider than high stands below the title, others at its right
STYLE = f"""
* {{ box-sizing: border-box; margin: 0 }}
body {{ width: {WIDTH}px; height: {HEIGHT}px; padding: 44px 52px; background: #fff; color: #1f2328;
  font-family: system-ui, sans-serif; display: flex; gap: 28px; border-left: 14px solid #0072b2 }}
.wide {{ flex-direction: column }}
.text {{ flex: 1 }}
.wide .text {{ flex: none }}
.wide .place {{ margin: auto }}
.text p {{ color: #57606a; font-size: 22px; white-space: nowrap }}
h1 {{ font-size: 48px; line-height: 1.15; margin-top: 10px }}
.wide h1 {{ font-size: 46px }}
.place {{ flex: none; align-self: center }}
"""


def document(chapter: Chapter, book: str) -> str:
    """A chapter's preview as a page."""
    panels = chapter.figures[0].panels[:3]  # of more, none could be read
    picture, width, height = arranged(panels, WIDTH - 118, 390)
    shape = "wide" if width > WIDE * height else "tall"
    if shape == "tall":
        picture, _, _ = arranged(panels, 660, HEIGHT - 88)
    text = f"<p>{html.escape(book)} · chapter {chapter.number}</p>"
    text += f"<h1>{html.escape(chapter.title)}</h1>"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><style>{STYLE}</style>'
        f'<body class="{shape}"><div class="text">{text}</div><div class="place">{picture}</div>'
    )


def small(png: bytes) -> bytes:
    """The same picture with as many colours as `LARGEST` allows."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    for colors in (256, 128, 64, 32):
        file = io.BytesIO()
        picture.quantize(colors, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
        if file.tell() <= LARGEST:
            break
    return file.getvalue()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Draw the chapters' preview pictures.")
    parser.add_argument("--chapters", nargs="+", type=int, default=[], metavar="N")
    chapters = key_figures.read(parser.parse_args(arguments).chapters)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        for chapter in chapters:
            page.set_content(document(chapter, "One Layer, One Step"))
            path = FOLDER / f"{chapter.number:02}.png"
            path.write_bytes(small(page.screenshot()))
            print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(in_one_sentence(main))
