"""The files of a list of slides: a page for Chromium, its PDF and pictures, and PowerPoint.

One table of boxes places all that a slide shows, in pixels of a page of 1280 × 720.
"""

from __future__ import annotations

import html
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from key_figures import arranged

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from pptx.dml.color import RGBColor
    from pptx.presentation import Presentation
    from pptx.shapes.base import BaseShape
    from pptx.slide import Slide as Sheet
    from slides import Slide

WIDTH, HEIGHT = 1280, 720
EMU = 9525  # of a pixel
DAY = datetime(2026, 1, 1)  # in place of now: the same site gives the same bytes
LICENCE = "CC BY 4.0"
INK, MUTED, ACCENT = "1F2328", "57606A", "0072B2"


class Box(NamedTuple):
    """Where something stands, px; the size of its text, points."""

    left: int
    top: int
    width: int
    height: int
    points: int = 0


class Kind(NamedTuple):
    """Title and text of a kind of slide, how many lines of the text are dark, and bold.

    `layout` is its number in python-pptx's own template.
    """

    title: Box
    text: Box
    dark: int
    bold: int
    layout: int


PICTURE = Box(48, 108, 1184, 508)
FOOTER = Box(48, 680, 1184, 24, 12)
BAR = Box(0, 0, 12, HEIGHT)
KINDS = {
    "title": Kind(Box(80, 190, 1120, 110, 54), Box(80, 320, 1120, 260, 24), 1, 0, 0),
    "chapter": Kind(Box(80, 110, 1120, 120, 40), Box(80, 260, 1120, 360, 28), 1, 1, 0),
    "figure": Kind(Box(48, 28, 1184, 64, 28), Box(48, 630, 1184, 36, 18), 0, 0, 5),
    "list": Kind(Box(80, 56, 1120, 80, 36), Box(80, 164, 1120, 500, 24), 99, 0, 1),
}
STYLE = f"""
@page {{ size: {WIDTH}px {HEIGHT}px; margin: 0 }}
* {{ box-sizing: border-box; margin: 0 }}
body {{ font: 16px/1.2 system-ui, sans-serif; color: #{MUTED}; background: #fff }}
section {{ position: relative; width: {WIDTH}px; height: {HEIGHT}px; break-after: page }}
.box {{ position: absolute }}
.box > * + * {{ margin-top: 0.6em }}
.dark {{ color: #{INK} }}
.bold {{ font-weight: 600 }}
h1 {{ display: flex; align-items: flex-end; color: #{INK} }}
ul {{ padding-left: 1em }}
.footer, .place {{ display: flex; align-items: center; justify-content: space-between }}
.place {{ justify-content: center }}
.bar {{ background: #{ACCENT} }}
.notes {{ height: auto; min-height: {HEIGHT}px; padding: 48px 80px; font-size: 24px }}
.notes p {{ margin-top: 0.7em }}
"""


def document(slides: Sequence[Slide], notes: bool = False) -> str:
    """All slides as one page; with their notes, each after its slide on pages of their own."""
    parts = []
    for place, slide in enumerate(slides, start=1):
        parts.append(_section(slide, place, slides[0].title))
        if notes:
            said = "".join(
                f'<p class="dark"><b>{html.escape(heading)}:</b> {html.escape(text)}</p>'
                for heading, text in slide.notes
                if text
            )
            parts.append(f'<section class="notes"><h2>Notes of slide {place}</h2>{said}</section>')
    title = html.escape(slides[0].title)
    head = f'<meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>'


def _section(slide: Slide, place: int, book: str) -> str:
    kind = KINDS[slide.kind]
    around, tag = ("ul", "li") if slide.kind == "list" else ("div", "p")
    lines = ""
    for number, line in enumerate(slide.lines):
        look = "dark " * (number < kind.dark) + "bold" * (number < kind.bold)
        lines += f'<{tag} class="{look}">{html.escape(line)}</{tag}>'
    parts = [
        f'<h1 class="box" style="{_css(kind.title)}"><span>{html.escape(slide.title)}</span></h1>',
        f'<{around} class="box" style="{_css(kind.text)}">{lines}</{around}>' if lines else "",
        f'<div class="box footer" style="{_css(FOOTER)}">'
        f"<span>{html.escape(book)} · {LICENCE}</span><span>{place}</span></div>",
    ]
    if slide.figure:
        panels, _, _ = arranged(slide.figure.panels, PICTURE.width, PICTURE.height)
        parts.insert(1, f'<div class="box place" style="{_css(PICTURE)}">{panels}</div>')
    else:
        parts.append(f'<div class="box bar" style="{_css(BAR)}"></div>')
    return f'<section id="slide-{place}">{"".join(parts)}</section>'


def _css(box: Box) -> str:
    place = f"left:{box.left}px;top:{box.top}px;width:{box.width}px;height:{box.height}px"
    return f"{place};font-size:{box.points}pt"


def printed(
    slides: Sequence[Slide], browser: Browser, notes: bool = False
) -> tuple[bytes, dict[int, bytes]]:
    """The PDF, and for PowerPoint the pictures by the number of their slide: PNG, two dots a px."""
    screen = {"width": WIDTH, "height": HEIGHT}
    page = browser.new_page(viewport=screen, device_scale_factor=2, color_scheme="light")
    page.set_content(document(slides, notes))
    pictures = {
        place: page.locator(f"#slide-{place} .panels").screenshot()
        for place, slide in enumerate(slides, start=1)
        if slide.figure
    }
    pdf = page.pdf(prefer_css_page_size=True, print_background=True, tagged=True, outline=True)
    page.close()
    return dated_pdf(pdf), pictures


def dated_pdf(pdf: bytes) -> bytes:
    """The same PDF, made on one day."""
    day = f"{DAY:%Y%m%d%H%M%S}".encode()
    return re.sub(rb"(/(?:CreationDate|ModDate) \(D:)\d{14}", rb"\g<1>" + day, pdf)


def presentation(slides: Sequence[Slide], pictures: Mapping[int, bytes]) -> bytes:
    """The slides as a file for PowerPoint, with their notes.

    Args:
        slides: the title's comes first.
        pictures: PNG, by the number of a slide with a figure, from 1.

    Raises:
        SystemExit: python-pptx is not installed.
    """
    deck = empty_deck()
    for place, slide in enumerate(slides, start=1):
        sheet = deck.slides.add_slide(deck.slide_layouts[KINDS[slide.kind].layout])
        _fill(sheet, slide, pictures.get(place, b""))
        footer = sheet.shapes.add_textbox(0, 0, 0, 0)
        _write(footer, FOOTER, [f"{slides[0].title} · {LICENCE} · {place}"])
        said = [f"{heading}: {text}" for heading, text in slide.notes if text]
        sheet.notes_slide.notes_text_frame.text = "\n".join(said)
    about = deck.core_properties
    about.title, about.language = slides[0].title, "en"
    about.subject, about.comments = slides[0].lines[:2]
    about.author = about.last_modified_by = f"The authors of {slides[0].title}"
    about.created = about.modified = DAY
    raw = io.BytesIO()
    deck.save(raw)
    return _dated(raw.getvalue())


def empty_deck() -> Presentation:
    """No slides yet: python-pptx's own template, whose pages are 4:3, made 16:9."""
    try:
        import pptx
    except ImportError:
        raise SystemExit(
            "python-pptx is not installed: run `make environment`, or install "
            "tests/requirements.txt."
        ) from None

    deck = pptx.Presentation()
    factor = WIDTH * EMU / deck.slide_width
    deck.slide_width, deck.slide_height = WIDTH * EMU, HEIGHT * EMU
    for page in (deck.slide_master, *deck.slide_layouts):
        for shape in page.shapes:
            if shape._element.spPr.xfrm is not None:
                shape.left, shape.width = int(shape.left * factor), int(shape.width * factor)
    return deck


def _fill(sheet: Sheet, slide: Slide, picture: bytes) -> None:
    """Title, text and picture of a slide."""
    from pptx.enum.text import MSO_ANCHOR

    kind = KINDS[slide.kind]
    _write(sheet.shapes.title, kind.title, [slide.title], dark=1, bold=1)
    sheet.shapes.title.text_frame.vertical_anchor = MSO_ANCHOR.BOTTOM
    if slide.figure is None:
        _write(sheet.placeholders[1], kind.text, slide.lines, kind.dark, kind.bold)
        bar = sheet.shapes.add_shape(1, *_emu(BAR))
        bar.name, bar.shadow.inherit = "Bar", False
        bar.fill.solid()
        bar.fill.fore_color.rgb = _color(ACCENT)
        bar.line.fill.background()
        return
    _, width, height = arranged(slide.figure.panels, PICTURE.width, PICTURE.height)
    left = PICTURE.left + (PICTURE.width - width) // 2
    top = PICTURE.top + (PICTURE.height - height) // 2
    shown = sheet.shapes.add_picture(io.BytesIO(picture), *_emu(Box(left, top, width, height)))
    shown.name = f"Figure {slide.figure.number}"
    shown._element.nvPicPr.cNvPr.set("descr", " ".join(slide.figure.alts))
    if slide.lines:
        _write(sheet.shapes.add_textbox(0, 0, 0, 0), kind.text, slide.lines)


def _write(shape: BaseShape, box: Box, lines: Sequence[str], dark: int = 0, bold: int = 0) -> None:
    """Give a shape its place and its lines."""
    from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
    from pptx.util import Pt

    shape.left, shape.top, shape.width, shape.height = _emu(box)
    frame = shape.text_frame
    frame.text, frame.word_wrap, frame.vertical_anchor = "\n".join(lines), True, MSO_ANCHOR.TOP
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
    for number, paragraph in enumerate(frame.paragraphs):
        paragraph.alignment, paragraph.space_before = PP_ALIGN.LEFT, Pt(0)
        paragraph.space_after = Pt(0.6 * box.points)
        paragraph.font.size, paragraph.font.bold = Pt(box.points), number < bold
        paragraph.font.color.rgb = _color(INK if number < dark else MUTED)


def _emu(box: Box) -> list[int]:
    return [side * EMU for side in box[:4]]


def _color(name: str) -> RGBColor:
    from pptx.dml.color import RGBColor

    return RGBColor.from_string(name)


def _dated(archive: bytes) -> bytes:
    """The same archive, all its parts of one day."""
    fresh = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(fresh, "w") as new:
        for name in old.namelist():
            part = zipfile.ZipInfo(name, DAY.timetuple()[:6])
            new.writestr(part, old.read(name), zipfile.ZIP_DEFLATED)
    return fresh.getvalue()
