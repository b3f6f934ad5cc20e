"""The foot of a page: how it is cited, links to its parts, and the report of a mistake."""

from urllib.parse import parse_qs, urlsplit

import citing
import pytest
from bs4 import BeautifulSoup
from listing import NUMBERED, PAGES, ROOT
from pybtex.database import parse_string
from small_books import CELL, make, new_book, write
from visits import visit

BOOK = citing.Book("A Book: of {100 %} & more", (("Doe", "Jane"), ("A group", "")), "2026", "1.2.0")
CHAPTER = citing.Page("chapters/07_many", "Many MLPs, GD++ & W_K?", "7", "https://a.org/7.html")
NOTATION = citing.Page("chapters/notation", "Notation", "", "")
WHOLE = citing.Page("intro", "", "", "")

TEXT = (
    "Words.\n\n" * 12 + "## GD++ and $W_K$\n\n```{math}\n:label: eq-a\na = b\n```\n\n"
    ":::{exercise} A name\n:label: ex-bird\nHow many?\n:::\n\n### Deeper\n\n"
    + "More.\n\n" * 60
    + CELL
    % (
        "from icllib import plots\n\nfigure, axes = plots.canvas()\n"
        'plots.show(figure, caption="A line.", alt="A line rises from one to three.")'
    )
    + "## The end\n\n"
    + "Less.\n\n" * 30
)
#: Keeps what is copied where a test can read it.
KEEP = "() => { navigator.clipboard.writeText = async (text) => { window.copied = text; }; }"


def test_a_chapter_s_citation_names_all_that_finds_it():
    assert citing.citation(BOOK, CHAPTER) == (
        "Doe, Jane and A group (2026). Many MLPs, GD++ & W_K? Chapter 7 of A Book: of {100 %} & more, "
        "version 1.2.0. https://a.org/7.html"
    )
    assert citing.citation(BOOK, NOTATION).endswith(
        "Notation. In " + BOOK.title + ", version 1.2.0."
    )
    bare = citing.Book("A Book", (("A group", ""),), "", "")
    assert citing.citation(bare, WHOLE) == "A group. A Book."


def test_an_entry_can_be_read_by_bibtex_and_keeps_capitals():
    entries = parse_string(
        "\n".join(citing.bibtex(BOOK, page) for page in (CHAPTER, NOTATION, WHOLE)), "bibtex"
    ).entries
    assert list(entries) == ["a-book-7", "a-book-notation", "a-book"]
    chapter = entries["a-book-7"]
    assert chapter.type == "incollection" and chapter.fields["chapter"] == "7"
    assert chapter.fields["title"] == r"Many {MLPs,} {GD++} \& {W\_K?}"
    assert chapter.fields["booktitle"] == r"A Book: of \{100 \%\} \& more"
    assert chapter.fields["url"] == CHAPTER.url and chapter.fields["note"] == "Version 1.2.0"
    authors = chapter.persons["author"]
    assert authors[0].last_names == ["Doe"] and authors[1].last_names == ["{A group}"]
    assert entries["a-book"].type == "book" and "booktitle" not in entries["a-book"].fields


def test_what_is_cited_is_what_the_root_s_files_say(tmp_path):
    book = citing.read_book()
    assert book.title.startswith("One Layer, One Step: ") and book.year == "2026"
    assert book.authors == (("The authors of One Layer, One Step", ""),)
    assert f'version = "{book.version}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (tmp_path / "_config.yml").write_text("title: T\nauthor: A\ncopyright: '2031. All'\n")
    assert citing.read_book(tmp_path) == citing.Book("T", (("A", ""),), "2031", "")


def test_a_report_names_the_page_and_asks_for_the_section():
    url = urlsplit(citing.report("https://github.com/a/b/", CHAPTER, "1.2.0"))
    assert (url.netloc, url.path) == ("github.com", "/a/b/issues/new")
    asked = parse_qs(url.query)
    assert asked["title"] == ["Mistake on “Many MLPs, GD++ & W_K?”"]
    assert asked["body"][0].splitlines()[:3] == [
        "Page: https://a.org/7.html", citing.SECTION, "Version: 1.2.0"
    ]  # fmt: skip
    assert (
        "Page: intro.html" in parse_qs(urlsplit(citing.report("https://g", WHOLE)).query)["body"][0]
    )


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    root = new_book(tmp_path_factory.mktemp("book"))
    write(root, TEXT)
    status, output = make(
        root, BOOK_SITE_URL="https://a.org/b", BOOK_REPOSITORY_URL="https://github.com/x/y"
    )
    assert status == 0, output
    return root / "_build" / "html" / "chapters" / "one.html"


NAMES = """(words) => {
  const link = document.querySelector(".icl-report a");
  return new URL(link.href).searchParams.get("body").includes(words);
}"""


def report(page) -> dict[str, list[str]]:
    link = page.get_by_role("link", name="Report a mistake on this page")
    return parse_qs(urlsplit(link.get_attribute("href")).query)


@pytest.mark.slow
def test_without_scripts_the_foot_has_texts_and_links_and_no_button(page, browser):
    with visit(browser, page.as_uri(), java_script_enabled=False) as seen:
        fold = seen.page.locator("details.icl-cite")
        assert not fold.locator("pre").is_visible()
        fold.locator("summary").first.click()
        assert fold.locator("pre").inner_text().startswith("@incollection{one-layer-one-step-one,")
        assert "https://a.org/b/chapters/one.html" in fold.locator("#icl-citation").inner_text()
        assert fold.locator("button:visible, summary:visible").count() == 1
        assert citing.SECTION in report(seen.page)["body"][0]
        seen.page.locator("a.icl-number").first.click()
        assert seen.page.url.endswith("#equation-eq-a")


@pytest.mark.slow
def test_buttons_and_a_place_s_own_link_copy_and_say_so(page, browser):
    with visit(browser, page.as_uri() + "?highlight=words") as seen:
        said = seen.page.locator(".icl-said[role=status]")
        seen.page.evaluate(KEEP)
        for selector, anchor in {
            "h2": "#gd-and-w-k",
            ".eqno": "#equation-eq-a",
            ".exercise": "#ex-bird",
            "figcaption": "#figure-1",
        }.items():
            place = seen.page.locator(f"article {selector}").first
            place.hover()
            place.locator("a.headerlink, a.icl-number, a.icl-figure-number").first.click()
            said.filter(has_text="Link copied").wait_for(state="attached")
            seen.page.wait_for_function("window.copied")
            assert seen.page.evaluate("window.copied") == page.as_uri() + anchor
            assert seen.page.url.endswith(anchor)
            seen.page.evaluate("window.copied = ''")
        seen.page.get_by_text("Cite this page").click()
        seen.page.get_by_role("button", name="Copy as BibTeX").click()
        said.filter(has_text="BibTeX copied").wait_for(state="attached")
        seen.page.wait_for_function("window.copied.startsWith('@incollection{')")
        seen.page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(); }")
        seen.page.get_by_role("button", name="Copy the citation").click()
        seen.page.wait_for_function("document.querySelector('.icl-said').textContent[0] === 'C'")
        assert "copied" in said.inner_text() and seen.errors == []


@pytest.mark.slow
def test_every_part_s_link_is_reached_by_keyboard_and_none_is_a_stop_before_the_foot(page, browser):
    with visit(browser, page.as_uri()) as seen:
        seen.page.evaluate(KEEP)
        stops = seen.page.locator(
            "article :is(a.headerlink:visible, a.icl-number:not([tabindex='-1']))"
        )
        assert [
            each
            for each in stops.all()
            if each.evaluate("n => getComputedStyle(n).visibility") == "visible"
        ] == []
        seen.page.get_by_text("Cite this page").press("Enter")
        seen.page.get_by_text("Link to a part of this page").press("Enter")
        seen.page.locator(".icl-parts a").first.wait_for()
        names = [
            "One",
            "GD++ and W_K",
            "Equation (1)",
            "Exercise 1",
            "Deeper",
            "Figure 1",
            "The end",
        ]
        assert seen.page.locator(".icl-parts a").all_inner_texts() == names
        seen.page.get_by_role("link", name="Equation (1)").press("Enter")
        seen.page.wait_for_function("window.copied?.endsWith('#equation-eq-a')")
        assert seen.page.url.endswith("#equation-eq-a")


@pytest.mark.slow
def test_a_report_names_the_section_that_was_read_and_the_commit_of_the_footer(page, browser):
    footer = '<span class="icl-edition">commit <a href="https://github.com/x/y/commit/1a2b">1a</a>'
    text = page.read_text(encoding="utf-8").replace("</footer>", f"{footer}</span></footer>", 1)
    page = page.with_name("edition.html")
    page.write_text(text, encoding="utf-8")
    with visit(browser, page.as_uri() + "#deeper") as seen:
        body = report(seen.page)["body"][0].splitlines()
        assert body[1:3] == ["Section: Deeper (#deeper)", "Commit: 1a2b"]
        seen.page.evaluate("scrollTo(0, 0)")
        seen.page.wait_for_function(NAMES, arg="Section: One (#one)")
        seen.page.evaluate("scrollTo(0, document.body.scrollHeight)")
        seen.page.wait_for_timeout(2000)
        assert "Section: One (#one)" in report(seen.page)["body"][0], "at the foot nothing is read"
        seen.page.evaluate("location.hash = 'equation-eq-a'")
        seen.page.wait_for_function(NAMES, arg="Section: GD++ and W_K (#gd-and-w-k)")
        assert report(seen.page)["body"][0].count("Section:") == 1
        link = seen.page.get_by_role("link", name="Report a mistake on this page")
        assert link.get_attribute("href").startswith("https://github.com/x/y/issues/new?")


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_open_foot_fits_a_phone_and_a_print_shows_the_citation_alone(scheme, page, browser):
    with visit(browser, page.as_uri(), 320, scheme) as seen:
        seen.page.get_by_text("Cite this page").click()
        seen.page.get_by_text("Link to a part of this page").click()
        seen.page.locator(".icl-parts a").first.wait_for()
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= 320
        seen.page.emulate_media(media="print")
        assert seen.page.locator("#icl-citation").is_visible()
        assert seen.page.locator(".bd-footer-article :is(button, pre, a):visible").count() == 0


@pytest.mark.site
@pytest.mark.parametrize("name", PAGES)
def test_every_page_can_be_cited_and_reported(name, site):
    soup = BeautifulSoup((site / f"{name}.html").read_text(encoding="utf-8"), "html.parser")
    foot = soup.select_one("footer.bd-footer-article")
    (entry,) = parse_string(foot.select_one("#icl-bibtex").get_text(), "bibtex").entries.values()
    chapter = str(int(name.split("/")[1][:2])) if name in NUMBERED else None
    assert entry.fields.get("chapter") == chapter
    assert entry.fields["title"].replace("{", "").replace("}", "") in (
        foot.select_one("#icl-citation").get_text()
    )
    assert "/issues/new?title=Mistake+on+" in foot.select_one(".icl-report a")["href"]
    for number in soup.select("article :is(.eqno, .exercise > .admonition-title)"):
        link = number.select_one("a.icl-number")
        assert link is not None and link["tabindex"] == "-1" and soup.find(id=link["href"][1:])
