"""Every page of the built site, read without a browser."""

import ast
import json
import re
from pathlib import Path

import jupytext
import nbformat
import pytest
from bs4 import BeautifulSoup
from listing import ALIVE, CHAPTERS, PAGES, ROOT, TEACHING
from page_checks import (
    dead_links,
    headings,
    idle_scripts,
    leftovers,
    outside_resources,
    text_alternatives,
    twin_ids,
)

pytestmark = pytest.mark.site


@pytest.fixture(scope="module", params=PAGES)
def page(request, site) -> Path:
    return site / f"{request.param}.html"


@pytest.fixture(scope="module")
def soup(page) -> BeautifulSoup:
    return BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")


def name_of(page: Path, site: Path) -> str:
    """The name of a built page in the table of contents."""
    return page.relative_to(site).with_suffix("").as_posix()


@pytest.mark.parametrize(
    "check",
    [headings, text_alternatives, twin_ids, outside_resources, idle_scripts, leftovers],
)
def test_a_page_is_sound(check, soup):
    assert check(soup) == []


def test_every_link_inside_the_site_leads_somewhere(soup, page):
    assert dead_links(soup, page) == []


def test_a_page_names_its_version_and_links_to_its_commit(soup, site):
    told = json.loads((site / "version.json").read_text(encoding="utf-8"))
    place = soup.select_one("footer.bd-footer-content .icl-edition")
    assert place.text.startswith(f"Version {told['version']}")
    if told["commit"]:
        link = place.select_one("a")
        assert link["href"].endswith(f"/commit/{told['commit']}")
        assert link.text == told["commit"][:7]


def test_a_page_names_its_author_and_its_licence(soup):
    footer = soup.select_one("footer.bd-footer-content").get_text(" ")
    assert (
        "authors of One Layer, One Step" in footer
        and "CC BY 4.0" in footer
        and "Jupyter Book community" not in footer
    )
    assert soup.html.get("lang") == "en" and soup.title.text.strip()


@pytest.mark.parametrize("page", CHAPTERS, indirect=True)
def test_a_chapter_can_be_downloaded_as_a_notebook_and_opened_elsewhere(soup, page, site):
    name = name_of(page, site)
    links = [link["href"] for link in soup.select("a[href]")]
    local = next(link for link in links if link.endswith(f"_notebooks/{name}.ipynb"))
    notebook = nbformat.read(page.parent / local, as_version=4)
    nbformat.validate(notebook)
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    assert "import torch" in code and "Get the book's library" in code
    assert any("mybinder.org" in link and f"{name}.ipynb" in link for link in links)
    assert any("colab.research.google.com" in link and f"{name}.ipynb" in link for link in links)


@pytest.mark.parametrize("name", [name for name in TEACHING if name != "intro"])
def test_a_chapter_has_all_its_parts(name, site):
    soup = BeautifulSoup((site / f"{name}.html").read_text(encoding="utf-8"), "html.parser")
    assert soup.select_one(".icl-question") and soup.select_one(".icl-objectives")
    assert bool(soup.select(".icl-live")) == (name in ALIVE)
    sections = {heading.get_text().strip("#\n ") for heading in soup.select("article h2")}
    assert {"Exercises", "You can now"} <= sections
    assert "Further reading" in sections or name not in ALIVE
    exercises, solutions = soup.select("div.exercise"), soup.select("details.solution")
    assert len(exercises) >= 5 and len(solutions) == len(exercises)
    verdicts = [output.get_text() for output in soup.select(".cell_output")]
    assert sum("✓ Right" in text for text in verdicts) == len(solutions)
    assert sum("… Not answered" in text for text in verdicts) == len(exercises)


def shows(source: Path) -> int:
    """How many figures the cells of a page show: its calls of `show` and `exhibit`."""
    code = "\n".join(
        cell.source for cell in jupytext.read(source).cells if cell.cell_type == "code"
    )
    calls = [part for part in ast.walk(ast.parse(code)) if isinstance(part, ast.Call)]
    names = (getattr(call.func, "attr", getattr(call.func, "id", "")) for call in calls)
    return sum(name in ("show", "exhibit") for name in names)


@pytest.mark.parametrize("page", CHAPTERS, indirect=True)
def test_every_figure_that_a_chapter_shows_is_on_its_page(soup, page, site):
    source = ROOT / f"{name_of(page, site)}.md"
    assert len(soup.select("figure.icl-figure")) == shows(source)


@pytest.mark.parametrize("page", CHAPTERS, indirect=True)
def test_figures_exercises_and_equations_are_numbered_by_chapter_and_can_be_linked(soup, page):
    chapter = re.match(r"(\d+)_", page.name)
    first = f"{int(chapter[1])}." if chapter else ""
    figures = soup.select("figure.icl-figure, figure.icl-live")
    numbers = [figure.select_one("figcaption > a.icl-figure-number") for figure in figures]
    assert [link.get_text() for link in numbers] == [
        f"Figure {first}{n}" for n in range(1, len(figures) + 1)
    ]
    assert [link["href"] for link in numbers] == [f"#{figure['id']}" for figure in figures]
    exercises = [title.get_text() for title in soup.select("div.exercise > .admonition-title")]
    for place, title in enumerate(exercises, start=1):
        assert title.strip().startswith(f"Exercise {first}{place} ")
    equations = [number.get_text() for number in soup.select(".eqno")]
    assert equations == [f"({first}{n})" for n in range(1, len(equations) + 1)]


def test_every_figure_has_a_caption_and_every_drawing_a_sentence(soup):
    captions = [figure.select_one("figcaption") for figure in soup.select("figure")]
    assert all(caption and len(caption.get_text().split()) >= 4 for caption in captions)
    for drawing in soup.select("svg"):
        if drawing.get("aria-hidden") == "true" or drawing.find_parent(class_="katex"):
            continue
        assert drawing.get("role") == "img", "a drawing says nothing of what it is"
        label = drawing.get("aria-label", "")
        assert len(label.split()) >= 5, label


def test_no_caption_shows_an_index_as_code(soup):
    for caption in soup.select("figcaption"):
        for formula in caption.select(".katex"):
            formula.extract()
        assert not re.search(r"(?<!\w)\w_\w", caption.get_text()), caption.get_text()


def test_every_fold_is_named_by_what_it_opens_and_no_two_alike(soup):
    folds = soup.select("article details:not(.icl-choice) > summary")  # choices say what they say
    names = [" ".join(summary.get_text().split()) for summary in folds]
    assert len(set(names)) == len(names) and all(len(name) > 4 for name in names)
    assert not soup.select("[aria-label='Toggle hidden content']")
    solutions = [
        " ".join(fold.summary.get_text().split()) for fold in soup.select("details.solution")
    ]
    assert all(re.fullmatch(r"Solution to exercise [\d.]+", name) for name in solutions)


def test_a_page_says_what_it_is(soup, site, page):
    assert 40 <= len(soup.select_one("meta[name=description]")["content"]) <= 160
    assert soup.select_one("meta[property='og:title']")["content"]
    assert soup.select_one("meta[property='og:site_name']")["content"] == "One Layer, One Step"
    assert soup.select_one(".logo__title").get_text() == "One Layer, One Step"
    icon = soup.select_one("link[rel=icon]")["href"]
    assert (page.parent / icon.split("?")[0]).resolve() == (
        site / "_static" / "favicon.svg"
    ).resolve()
    assert (site / "_static" / "favicon.svg").exists() and (
        site / "_static" / "preview.png"
    ).exists()


def test_a_link_to_a_chapter_shows_its_own_picture(soup, site, page):
    alt = soup.select_one("meta[property='og:image:alt']")["content"]
    picture = site / "_static" / "previews" / f"{page.stem[:2]}.png"
    is_chapter = page.stem[:2].isdecimal()
    assert picture.exists() == is_chapter == alt.startswith(f"Chapter {page.stem[:2].lstrip('0')}.")


def test_a_page_loads_neither_the_search_nor_a_script_that_blocks_its_drawing(soup):
    scripts = soup.select("head script[src]")
    assert all(script.has_attr("defer") for script in scripts)
    assert not [
        script["src"] for script in scripts if "search" in script["src"] or "index" in script["src"]
    ]


def test_the_download_menu_offers_one_notebook(soup):
    labels = [link.get_text().strip() for link in soup.select(".dropdown-menu a")]
    assert labels.count(".ipynb") <= 1


def test_a_term_s_link_leads_to_the_glossary_and_is_described_by_its_card(soup):
    links = soup.select("a.icl-term")
    cards = {card["id"] for card in soup.select(".icl-card")}
    assert [link["aria-describedby"] for link in links] == list(
        dict.fromkeys(link["aria-describedby"] for link in links)
    )
    assert {link["aria-describedby"] for link in links} == cards
    for link in links:
        assert "glossary.html#term-" in link["href"]
        assert link.find_parent(["h1", "h2", "h3", "code", "pre", "figcaption", "summary"]) is None


def test_no_table_has_an_empty_header_cell(soup):
    assert [
        table.get_text()[:40]
        for table in soup.select("article table")
        for th in table.select("th")
        if not th.get_text().strip()
    ] == []
