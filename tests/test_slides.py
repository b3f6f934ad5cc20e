"""Slides and previews of a small site: what they show, what is said with them, what is refused."""

import io
import re
import sys
import zipfile
from pathlib import Path

import browser as browsers
import key_figures
import page_context
import previews
import pytest
import slide_files
import slides
from PIL import Image

ROOT = Path(key_figures.ROOT)
SVG = (
    '<svg role="img" aria-label="{alt}" style="max-width:262px;flex:1 1 187px;fill:black" '
    'viewBox="0 0 360 230" xmlns="http://www.w3.org/2000/svg"><path d="M 0 0 L 9 9"/></svg>'
)
FORMULA = (
    '<span class="katex"><math><semantics><mi>η</mi><annotation encoding="application/x-tex">'
    r"\eta</annotation></semantics></math></span>"
)
PARAGRAPH = f"<p>We take <em>a</em> step. <em>Predict:</em> is {FORMULA} = 1 too long?</p>"
DIRECTIVE = (
    '<div class="icl-quiz icl-predict"><p class="icl-quiz-name">Predict, then run</p>'
    f'<div class="icl-asked"><p>Is {FORMULA} = 1 too long?</p></div>'
    "<details><summary>No.</summary><p>It is.</p></details></div>"
)


def cell(number: str, *alts: str, tag: str = "tag_key-figure") -> str:
    panels = "".join(SVG.format(alt=alt) for alt in alts)
    return (
        f'<div class="cell {tag} docutils"><figure id="figure-{number.replace(".", "-")}" '
        f'class="icl-figure"><div class="icl-panels">{panels}</div><figcaption>'
        f'<a class="icl-figure-number" href="#x">Figure {number}</a> The step with {FORMULA}. '
        "Dots are means &amp; lines the closed form.</figcaption></figure></div>"
    )


def chapter(number: int, body: str) -> str:
    return (
        f"<h1>Not this one</h1><article><h1>{number}. Steps<a class='headerlink'>#</a></h1>"
        '<p class="icl-question"><strong>How far?</strong> <em>Guess first: one?</em></p>'
        f"{body}<section id='you-can-now'><h2>You can now</h2><ul><li>take a step;</li>"
        f"<li>say that {FORMULA} matters.</li></ul></section></article>"
    )


@pytest.fixture
def place(tmp_path) -> dict[str, Path]:
    """A site of two chapters, and its table of contents."""
    pages = {
        "intro": "<article><h1>One Layer, One Step</h1><p><em>How it learns</em></p></article>",
        "chapters/02_two": chapter(
            2, f"<h2>Down<a class='headerlink'>#</a></h2>{PARAGRAPH}{cell('2.1', 'It falls.')}"
        ),
        "chapters/01_one": chapter(
            1,
            f"<h2>Other</h2>{PARAGRAPH}{cell('1.1', 'Not key.', tag='tag_hide-input')}"
            f"<h2>Up</h2>{cell('1.2', 'One &lt; two.', 'Two.', 'Three.', 'Four.')}",
        ),
    }
    for name, text in pages.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.html").write_text(text, encoding="utf-8")
    contents = tmp_path / "_toc.yml"
    files = "".join(f"      - file: chapters/{name}\n" for name in ("02_two", "01_one", "notation"))
    contents.write_text(f"parts:\n  - caption: All\n    chapters:\n{files}", encoding="utf-8")
    return {"site": tmp_path, "contents": contents}


@pytest.fixture
def deck(place) -> list[slides.Slide]:
    return slides.slides_of(key_figures.read(**place), place["site"])


def picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (2, 2), "white").save(file, "PNG")
    return file.getvalue()


def written(deck) -> bytes:
    pytest.importorskip("pptx")
    return slide_files.presentation(deck, dict.fromkeys(range(1, len(deck) + 1), picture()))


def test_a_chapter_has_its_question_its_key_figures_and_its_end_in_the_book_s_order(deck):
    assert [(slide.kind, slide.title) for slide in deck] == [
        ("title", "One Layer, One Step"),
        ("chapter", "2. Steps"),
        ("figure", "Figure 2.1 · Down"),
        ("list", "After chapter 2 you can"),
        ("chapter", "1. Steps"),
        ("figure", "Figure 1.2 · Up (1 of 2)"),
        ("figure", "Figure 1.2 · Up (2 of 2)"),
        ("list", "After chapter 1 you can"),
    ]
    assert deck[1].lines == ("How far?", "Guess first: one?")
    assert deck[2].lines == ("The step with η. Dots are means & lines the closed form.",)
    assert deck[3].lines == ("take a step", "say that η matters")
    assert deck[0].lines[0] == "How it learns" and "CC BY 4.0" in deck[0].lines[1]
    assert [len(slide.figure.panels) for slide in deck if slide.figure] == [1, 2, 2]


@pytest.mark.parametrize("ask", [PARAGRAPH, DIRECTIVE])
def test_the_notes_hold_question_guess_caption_words_and_place(ask, place):
    path = place["site"] / "chapters" / "02_two.html"
    path.write_text(path.read_text(encoding="utf-8").replace(PARAGRAPH, ask), encoding="utf-8")
    deck = slides.slides_of(key_figures.read([2], **place), place["site"])
    assert {heading: text[:1].lower() + text[1:] for heading, text in deck[2].notes} == {
        "Question of the chapter": "how far?",
        "Ask before you show it": "is η = 1 too long?",
        "Caption": "the step with η. Dots are means & lines the closed form.",
        "The picture in words": "it falls.",
        "In the book": "chapter 2, figure 2.1, chapters/02_two.html#figure-2-1",
    }


def test_a_guess_of_another_section_is_not_asked(deck):
    assert dict(deck[5].notes)["Ask before you show it"] == ""
    assert dict(deck[5].notes)["The picture in words"] == "One < two. Two."


def test_a_line_below_a_picture_ends_with_a_sentence_or_is_left_out():
    long = "X" * slides.LONGEST
    assert slides._first_line("One. Two.") == ("One. Two.",)
    assert slides._first_line(f"One, 0.5 of it. {long}.") == ("One, 0.5 of it.",)
    assert slides._first_line(f"{long}, and more.") == ()


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_panels_fill_the_box_and_no_more(count):
    panels = [SVG.format(alt="It falls.")] * count
    drawn, width, height = key_figures.arranged(panels, 1184, 508)
    assert width <= 1184 and height <= 508 and (width >= 1183 or height >= 507)
    assert drawn.count("<svg") == count and "max-width" not in drawn


def test_powerpoint_has_wide_pages_notes_and_text_alternatives(deck):
    pptx = pytest.importorskip("pptx")
    file = pptx.Presentation(io.BytesIO(written(deck)))
    assert (file.slide_width, file.slide_height) == (12192000, 6858000)
    assert [sheet.shapes.title.text for sheet in file.slides] == [slide.title for slide in deck]
    sheet = file.slides[2]
    said = sheet.notes_slide.notes_text_frame.text
    assert "Dots are means & lines the closed form." in said and "Ask before you show it" in said
    assert sheet.shapes[1]._element.xpath(".//p:cNvPr/@descr") == ["It falls."]
    for sheet, slide in zip(file.slides, deck, strict=True):
        words = "\n".join(shape.text for shape in sheet.shapes if shape.has_text_frame)
        assert all(line in words for line in slide.lines)
        for shape in sheet.shapes:
            assert shape.left >= 0 and shape.left + shape.width <= file.slide_width
            assert shape.top >= 0 and shape.top + shape.height <= file.slide_height
        sizes = [
            paragraph.font.size.pt
            for shape in sheet.shapes
            if shape.has_text_frame
            for paragraph in shape.text_frame.paragraphs
            if paragraph.text and not paragraph.text.startswith(f"{deck[0].title} ·")
        ]
        assert min(sizes) >= 18


def test_powerpoint_has_the_same_bytes_again_and_no_date_of_today(deck):
    first = written(deck)
    assert first == written(deck)
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert {part.date_time[:3] for part in archive.infolist()} == {(2026, 1, 1)}


@pytest.mark.browser
def test_the_pdf_has_a_page_a_slide_with_nothing_outside_it_and_the_same_bytes_again(deck, browser):
    pdf, pictures = slide_files.printed(deck, browser)
    assert len(re.findall(rb"/Type /Page\b(?!s)", pdf)) == len(deck)
    assert set(pictures) == {3, 6, 7}
    _, width, height = key_figures.arranged(deck[2].figure.panels, 1184, 508)
    size = Image.open(io.BytesIO(pictures[3])).size
    assert abs(size[0] - 2 * width) <= 4 and abs(size[1] - 2 * height) <= 4
    assert slide_files.printed(deck, browser) == (pdf, pictures)
    with_notes, _ = slide_files.printed(deck, browser, notes=True)
    assert len(re.findall(rb"/Type /Page\b(?!s)", with_notes)) == 2 * len(deck)


@pytest.mark.browser
@pytest.mark.site
@pytest.mark.slow
def test_no_slide_of_the_book_overflows(site, browser):
    deck = slides.slides_of(key_figures.read(site=site), site)
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.set_content(slide_files.document(deck))
    outside = page.evaluate(
        """() => [...document.querySelectorAll('.box')].filter((box) =>
        box.scrollHeight > box.clientHeight + 2 || box.scrollWidth > box.clientWidth + 2)
        .map((box) => box.closest('section').id + ': ' + box.textContent.slice(0, 60))"""
    )
    page.close()
    assert outside == []


def test_what_is_missing_is_said_in_a_sentence(place, monkeypatch):
    with pytest.raises(SystemExit, match=r"no chapter 3, 9: expected numbers from 1 to 2\."):
        key_figures.read([9, 2, 3], **place)
    with pytest.raises(SystemExit, match="run `make book` first"):
        key_figures.read(site=place["site"] / "none", contents=place["contents"])
    path = place["site"] / "chapters" / "02_two.html"
    text = path.read_text(encoding="utf-8")
    for old, new, words in (
        ("tag_key-figure", "", "no figure with the tag key-figure"),
        ("icl-question", "", "no question"),
        ("you-can-now", "", "no list below"),
        ("icl-figure", "icl-live", "no plain figure"),
    ):
        path.write_text(text.replace(old, new), encoding="utf-8")
        with pytest.raises(SystemExit, match=words):
            key_figures.read([2], **place)
    for name in ("system_browser", "playwright_browser"):
        monkeypatch.setattr(browsers, name, lambda: None)
    with pytest.raises(SystemExit, match="apt-get install chromium"), browsers.chromium():
        pass


def test_without_python_pptx_the_tool_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "pptx", None)
    with pytest.raises(SystemExit, match="python-pptx is not installed"):
        slide_files.empty_deck()


CHAPTERS = sorted((ROOT / "chapters").glob("[0-9]*.md"))


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_marks_one_to_three_figures_and_has_a_picture_for_links(path):
    tags = re.findall(r"^:tags: \[(.*)\]$", path.read_text(encoding="utf-8"), re.M)
    assert 1 <= sum("key-figure" in line.split(", ") for line in tags) <= 3
    picture = previews.FOLDER / f"{path.stem[:2]}.png"
    assert picture.stat().st_size <= previews.LARGEST
    assert Image.open(picture).size == (previews.WIDTH, previews.HEIGHT)


def test_the_pictures_for_links_are_the_chapters_and_small_together():
    files = list(previews.FOLDER.iterdir())
    assert {file.stem for file in files} == {path.stem[:2] for path in CHAPTERS}
    assert sum(file.stat().st_size for file in files) <= 1_000_000


def test_a_link_to_a_chapter_shows_its_own_picture_and_other_pages_the_book_s():
    body = cell("6.1", "One &lt; two.", "Three.") + cell("6.2", "Four.")
    picture, alt = page_context.preview("chapters/06_one", "6. One <em>layer</em>", body)
    assert (picture, alt) == ("_static/previews/06.png", "Chapter 6. One layer: One < two. Three.")
    book = (page_context.PREVIEW, page_context.PREVIEW_ALT)
    assert page_context.preview("chapters/notation", "Notation", "") == book
    assert page_context.preview("chapters/99_new", "99. New", body) == book
    _, alt = page_context.preview("chapters/06_one", "6. One", cell("6.1", "word " * 200))
    assert len(alt) < 410 and alt.endswith("word …")


def test_a_preview_holds_the_title_and_the_first_key_figure(place):
    _, one = key_figures.read(**place)
    page = previews.document(one, "One Layer, One Step")
    assert "<h1>Steps</h1>" in page and "chapter 1" in page and page.count("<svg") == 3


def test_a_preview_too_large_gets_fewer_colours():
    noise = Image.effect_noise((1200, 630), 5).convert("RGB")
    file = io.BytesIO()
    noise.save(file, "PNG")
    assert len(previews.small(file.getvalue())) < len(file.getvalue())
    assert Image.open(io.BytesIO(previews.small(picture()))).size == (2, 2)
