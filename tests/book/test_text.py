"""Every page of the built site, read without a browser."""

from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from listing import CHAPTERS, PAGES
from page_checks import dead_links, headings, leftovers, outside_resources, text_alternatives, twin_ids

pytestmark = pytest.mark.site


@pytest.fixture(scope="module", params=PAGES)
def page(request, site) -> Path:
    return site / f"{request.param}.html"


@pytest.fixture(scope="module")
def soup(page) -> BeautifulSoup:
    return BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")


@pytest.mark.parametrize("check", [headings, text_alternatives, twin_ids, outside_resources, leftovers])
def test_a_page_is_sound(check, soup):
    assert check(soup) == []


def test_every_link_inside_the_site_leads_somewhere(soup, page):
    assert dead_links(soup, page) == []


def test_a_page_names_its_author_and_its_licence(soup):
    footer = soup.select_one("footer.bd-footer-content").get_text(" ")
    assert (
        "authors of One Layer, One Step" in footer and "CC BY 4.0" in footer and "Jupyter Book community" not in footer
    )
    assert soup.html.get("lang") == "en" and soup.title.text.strip()


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_can_be_downloaded_as_a_notebook_and_opened_elsewhere(name, site):
    soup = BeautifulSoup((site / f"{name}.html").read_text(encoding="utf-8"), "html.parser")
    links = [link["href"] for link in soup.select("a[href]")]
    local = next(link for link in links if link.endswith(f"_notebooks/{name}.ipynb"))
    notebook = nbformat.read((site / f"{name}.html").parent / local, as_version=4)
    nbformat.validate(notebook)
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    assert "import torch" in code and "git clone" in notebook.cells[0].source
    assert any("mybinder.org" in link and f"{name}.ipynb" in link for link in links)
    assert any("colab.research.google.com" in link and f"{name}.ipynb" in link for link in links)


@pytest.mark.parametrize("name", [name for name in CHAPTERS if name != "intro"])
def test_a_chapter_has_all_its_parts(name, site):
    soup = BeautifulSoup((site / f"{name}.html").read_text(encoding="utf-8"), "html.parser")
    assert soup.select_one(".icl-question") and soup.select_one(".icl-objectives") and soup.select_one(".icl-live")
    sections = {heading.get_text().strip("#\n ") for heading in soup.select("article h2")}
    assert {"Exercises", "You can now", "Further reading"} <= sections
    exercises, solutions = soup.select("div.exercise"), soup.select("div.solution.dropdown")
    assert len(exercises) >= 5 and len(solutions) == len(exercises)
    verdicts = [output.get_text() for output in soup.select(".cell_output")]
    assert sum("✓ Right" in text for text in verdicts) == len(solutions)
    assert sum("… Not answered" in text for text in verdicts) == len(exercises)
