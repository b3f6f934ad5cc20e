"""The book as one document and as a PDF: a small made-up site, and the built one."""

import re
from collections import Counter
from pathlib import Path

import browser as browsers
import pdf
import pdf_document
import pytest
from bs4 import BeautifulSoup

FORMULA = (
    '<span class="katex"><span class="katex-mathml"><math><semantics><mi>η</mi><annotation '
    r'encoding="application/x-tex">\eta</annotation></semantics></math></span>'
    '<span class="katex-html" aria-hidden="true"><span class="base">η</span></span></span>'
)
LIVE = (
    '<figure id="figure-1-1" class="icl-live">'
    '<div class="icl-stage"><svg role="img" aria-label="It falls." width="90" height="90">'
    '<defs><clipPath id="c"><path d="M 0 0"/></clipPath><path id="dot" d="M 0 0"/></defs>'
    '<use xlink:href="#dot" clip-path="url(#c)"/><path d="M 0 0 L 9 9" stroke="red"/></svg></div>'
    '<div class="icl-controls"><button>Step</button></div><figcaption>'
    '<a class="icl-figure-number" href="#figure-1-1">Figure 1.1</a> How far?</figcaption>'
    '<details class="icl-answers"><summary>Answers</summary><ul><li>One step far.</li></ul>'
    "</details><script>draw()</script></figure>"
)
QUIZ = (
    '<div class="icl-quiz" id="quiz-1" aria-labelledby="quiz-1-name"><p class="icl-quiz-name" '
    'id="quiz-1-name">Question 1</p><div class="icl-asked"><p>Up or down?</p></div>'
    '<details class="icl-fold icl-choice icl-wrong"><summary>Up.</summary><div class="icl-fold-body">'
    "<p><strong>Not this one.</strong> So goes ascent.</p></div></details>"
    '<details class="icl-fold icl-choice icl-right"><summary>Down.</summary><div '
    'class="icl-fold-body"><p><strong>Right.</strong> So goes descent.</p></div></details></div>'
    '<p class="icl-score" role="status"></p>'
)
EXERCISE = (
    '<div class="exercise admonition" id="ex-far"><p class="admonition-title">'
    '<span class="caption-number">Exercise 1.1 </span> (Far)</p><p>Walk far.</p></div>'
    '<div class="cell_output"><pre><span></span>… Not answered: run the cell again.</pre></div>'
    '<details class="solution icl-fold" id="chapters/01_one-solution-1"><summary>Solution to '
    'exercise 1.1</summary><div class="icl-fold-body"><p>Walk on.</p><details class="icl-fold">'
    "<summary>Step by step</summary><p>Left, right.</p></details></div></details>"
)
CARD = '<div class="icl-card" id="card-term-step" role="tooltip"><p>One step.</p></div>'
FIRST = (
    f'<section id="steps"><h1>1. “Steps”<a class="headerlink" href="#steps">#</a></h1>'
    f'<p>A <a class="icl-term" aria-describedby="card-term-step" href="words.html#term-step">step'
    f'</a> by {FORMULA}, as in <a href="../intro.html#start">the start</a>, <a href="words.html">'
    f'the words</a>, <a href="api.html#icllib.step">the library</a>, <a href="#down">below</a>, '
    f'<a href="../_notebooks/01_one.ipynb">a notebook</a> and <a href="https://arxiv.org/a.html#x">'
    f'elsewhere</a>.</p><section id="down"><h2>Down by {FORMULA}<a class="headerlink" '
    f'href="#down">#</a></h2>{LIVE}<details class="icl-fold icl-fold-code"><summary>Code</summary>'
    f'<div class="highlight"><pre><span class="n">step</span><span class="o">=</span></pre></div>'
    f"</details>{QUIZ}{EXERCISE}</section></section>{CARD}"
)
PAGES = {
    "intro": '<section id="start"><h1>One Step</h1><p><em>How it <a class="icl-term" '
    'href="chapters/words.html#term-step">steps</a></em></p></section>',
    "chapters/01_one": FIRST,
    "chapters/words": '<section id="start"><h1>Words</h1><p id="term-step">A step is <a '
    f'href="01_one.html#ex-far">far</a>.</p></section>{CARD}',
}
CONTENTS = """root: intro
parts:
  - caption: Learning
    chapters: [{file: chapters/01_one}]
  - caption: Appendices
    chapters: [{file: chapters/words}, {file: chapters/api}]
"""


@pytest.fixture
def place(tmp_path) -> Path:
    """A folder with a site of three pages and its table of contents."""
    for name, article in PAGES.items():
        path = tmp_path / "html" / f"{name}.html"
        path.parent.mkdir(exist_ok=True, parents=True)
        up = "../" * name.count("/")
        head = f'<head><link rel="stylesheet" href="{up}_static/book.css?v=1"></head>'
        path.write_text(f"{head}<nav>No</nav><article>{article}</article>", encoding="utf-8")
    (tmp_path / "html" / "_static").mkdir()
    (tmp_path / "html" / "_static" / "book.css").write_text("p { margin: 0 }", encoding="utf-8")
    (tmp_path / "_toc.yml").write_text(CONTENTS, encoding="utf-8")
    return tmp_path


def source_of(place: Path) -> str:
    return pdf_document.document(place / "html", place / "_toc.yml", place)


@pytest.fixture
def book(place) -> BeautifulSoup:
    return BeautifulSoup(source_of(place), "html.parser")


def ids_stand_once_and_all_links_lead_to_one(book: BeautifulSoup) -> None:
    ids = Counter(tag["id"] for tag in book.select("[id]"))
    assert [name for name, count in ids.items() if count > 1] == []
    links = {tag["href"] for tag in book.select("a[href]")}
    inside = {link for link in links if not re.match(r"https?://|mailto:", link)}
    pictured = {tag["xlink:href"] for tag in book.find_all("use")}
    pictured = {link for link in pictured if link.startswith("#")}
    clipped = {f"#{name}" for name in re.findall(r"url\(#([^)]*)\)", str(book.main))}
    assert {link for link in inside | pictured | clipped if link[:1] != "#"} == set()
    assert {link[1:] for link in inside | pictured | clipped} - set(ids) == set()


def test_all_pages_stand_in_one_document_in_order_and_nothing_is_to_be_pressed(book):
    titles = [section.h1.get_text() for section in book.select(".icl-part")]
    assert titles == [
        "Introduction",
        "1. “Steps”",
        "Words",
        "Solutions",
        "Answers to the questions",
    ]
    assert book.select_one(".icl-title").get_text() == "One Step"
    assert "Walk far." in book.get_text() and "run the cell again" not in book.get_text()
    assert not book.select("script, button, details, nav nav, .icl-card, .headerlink, math")
    assert book.select_one(".katex-html")["aria-label"] == "η"
    assert "Version " in book.select_one(".icl-cover").get_text()


def test_ids_stand_once_and_links_between_pages_stay_inside(book):
    ids_stand_once_and_all_links_lead_to_one(book)
    links = {link.get_text(): link["href"] for link in book.select("[id='01_one'] p > a[href]")}
    assert links["step"] == "#words.term-step" and links["the words"] == "#words"
    assert links["the start"] == "#intro.start" and links["below"] == "#01_one.down"
    assert links["elsewhere"] == "https://arxiv.org/a.html#x"
    assert not {"the library", "a notebook"} & set(links)
    assert "the library, below, a notebook" in book.select_one("[id='01_one']").get_text()
    assert "aria-describedby" not in str(book.main)


def test_the_contents_name_groups_pages_and_sections(book):
    contents = book.select_one(".icl-contents")
    groups = [group.get_text() for group in contents.select(".icl-group")]
    assert groups == ["Learning", "Appendices", "Answers"]
    assert [line.a.get_text() for line in contents.select(".icl-chapter")][1] == "1. “Steps”"
    assert [line.a["href"] for line in contents.select(".icl-sections")] == ["#01_one.down"]


@pytest.mark.parametrize(
    ("part", "name", "asked", "text"),
    [
        ("solutions", "Exercise 1.1", "01_one.ex-far", "Walk on."),
        ("answers-to-the-questions", "Question 1", "01_one.quiz-1", "Right. So goes descent."),
        ("answers-to-the-questions", "Figure 1.1", "01_one.figure-1-1", "One step far."),
    ],
)
def test_answers_stand_at_the_end_linked_from_what_asks_and_back(part, name, asked, text, book):
    assert text not in book.select_one("[id='01_one']").get_text()
    found = [entry for entry in book.select(f"#{part} .icl-answer") if text in entry.get_text()]
    assert len(found) == 1 and found[0].h3.a.get_text() == name
    assert found[0].h3.a["href"] == f"#{asked}"
    chapter = book.select_one("[id='01_one']")
    pointer = chapter.select_one(f".icl-to-end a[href='#{found[0]['id']}']")
    assert "icl-page" in pointer["class"]


def test_choices_are_listed_without_a_verdict_and_folds_are_open(book):
    choices = book.select("[id='01_one'] .icl-choices > li")
    assert [choice.get_text() for choice in choices] == ["Up.", "Down."]
    assert not book.select("[id='01_one'] :is(.icl-right, .icl-wrong)")
    assert [p.get_text() for p in book.select(".icl-fold-name")] == ["Code", "Step by step"]


def test_a_live_figure_keeps_its_picture_and_its_caption(book):
    figure = book.select_one("figure.icl-live")
    assert figure.svg["aria-label"] == "It falls." and "How far?" in figure.figcaption.get_text()
    assert "Step" not in figure.get_text()
    assert len(book.select("style")) == 1 and not book.select("main style")


def test_a_book_without_solutions_has_no_part_for_them(place):
    path = place / "html" / "chapters" / "01_one.html"
    path.write_text(path.read_text(encoding="utf-8").replace(EXERCISE, ""), encoding="utf-8")
    book = BeautifulSoup(source_of(place), "html.parser")
    assert not book.select("#solutions") and book.select("#answers-to-the-questions")


def test_pages_are_counted_in_the_order_of_the_file_s_own_tree():
    file = (
        b"%PDF\n3 0 obj\n<</Type /Page\n>>\nendobj\n4 0 obj\n<</Type /Page\n>>\nendobj\n"
        b"5 0 obj\n<</Type /Page\n>>\nendobj\n6 0 obj\n<</Type /Pages\n/Parent 7 0 R\n/Count 2\n"
        b"/Kids [5 0 R 3 0 R]>>\nendobj\n7 0 obj\n<</Type /Pages\n/Count 3\n/Kids [6 0 R 4 0 R]>>\n"
        b"endobj\n8 0 obj\n<</a.b [4 0 R /XYZ 0 1 0]\n/c [5 0 R /XYZ 0 1 0]>>\nendobj\n"
        b"9 0 obj\n<</Type /Catalog\n/Pages 7 0 R\n/Dests 8 0 R>>\nendobj\n"
    )
    assert pdf.places(file) == {"a.b": 3, "c": 1}
    with pytest.raises(SystemExit, match="try another one"):
        pdf.places(b"%PDF")


@pytest.mark.browser
def test_the_print_has_all_links_the_numbers_of_its_pages_and_the_same_bytes_again(place, browser):
    path = place / "book.html"
    path.write_text(source_of(place), encoding="utf-8")
    file = pdf.printed(path, browser)
    book = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
    links = book.select("a[href]")
    assert len(re.findall(rb"/Subtype /Link\b", file)) >= len(links)
    assert file.count(b"/URI (https://arxiv.org/a.html#x)") == 1
    # Cover, contents, three pages of the site, solutions, answers.
    assert len(re.findall(rb"/Type /Page\b(?!s)", file)) == 7
    numbers = pdf.places(file)
    assert {link["href"][1:] for link in links if link["href"][0] == "#"} == set(numbers)
    assert [numbers[name] for name in ("intro", "01_one.down", "words", "solutions")] == [
        3,
        4,
        5,
        6,
    ]
    for part in (b"/MarkInfo", b"/Alt (It falls.)", b"/Title (Contents)", b"/Title (Solutions)"):
        assert part in file
    assert pdf.printed(path, browser) == file


@pytest.mark.browser
@pytest.mark.site
@pytest.mark.slow
@pytest.mark.long
def test_the_book_is_one_document_and_nothing_is_wider_than_its_paper(site, browser, tmp_path):
    source = pdf_document.document(site, pdf.CONTENTS, tmp_path)
    ids_stand_once_and_all_links_lead_to_one(BeautifulSoup(source, "html.parser"))
    path = tmp_path / "book.html"
    path.write_text(source, encoding="utf-8")
    page = browser.new_page(viewport={"width": 642, "height": 946}, color_scheme="light")
    page.emulate_media(media="print")
    page.goto(path.as_uri())
    outside = page.evaluate(
        """() => {
          const wide = document.querySelector("main").getBoundingClientRect().right + 3;
          return [...document.querySelectorAll("main :is(p, pre, table, figure, svg, .katex)")]
            .filter((tag) => tag.getBoundingClientRect().right > wide)
            .map((tag) => tag.closest(".icl-part").id + ": " + tag.textContent.slice(0, 60));
        }"""
    )
    page.close()
    assert outside == []


def test_what_is_missing_is_said_in_a_sentence(place, monkeypatch):
    with pytest.raises(SystemExit, match="run `make book` first"):
        pdf_document.document(place / "none", place / "_toc.yml", place)
    monkeypatch.setattr(pdf, "FOLDER", place / "pdf")
    for name in ("system_browser", "playwright_browser"):
        monkeypatch.setattr(browsers, name, lambda: None)
    with pytest.raises(SystemExit, match="apt-get install chromium"):
        pdf.main()
