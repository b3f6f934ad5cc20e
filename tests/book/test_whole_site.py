"""What holds for the site as a whole, without a browser."""

import re
from types import SimpleNamespace

import numbering
import page_context
import plain_text
import pytest
from bs4 import BeautifulSoup

pytestmark = pytest.mark.site


def test_the_site_publishes_nothing_that_no_page_loads(site):
    files = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    unused = (
        "fontawesome.js",
        ".js.map",
        "searchindex.js",
        "searchtools.js",
        "genindex.html",
        "prf-prf.html",
    )
    assert [name for name in files if name.endswith(unused)] == []


@pytest.mark.parametrize("name", ["index", "404", "search"])
def test_the_front_door_and_the_pages_without_a_chapter_have_title_and_language(name, site):
    soup = BeautifulSoup((site / f"{name}.html").read_text(encoding="utf-8"), "html.parser")
    assert soup.html["lang"] == "en" and "One Layer, One Step" in soup.title.get_text()
    assert soup.select_one("meta[http-equiv=refresh]") is None and soup.select_one("h1")
    assert (soup.select_one("meta[name=robots]") is not None) == (name == "404")


def test_robots_are_told_where_the_sitemap_is_when_the_address_is_known(site):
    robots = (site / "robots.txt").read_text(encoding="utf-8")
    assert ("Sitemap:" in robots) == (site / "sitemap.xml").exists()


def test_the_address_of_the_site_follows_from_the_repository(monkeypatch):
    app = SimpleNamespace(config=SimpleNamespace(html_baseurl=""))
    for name in ("BOOK_SITE_URL", "BOOK_REPOSITORY_URL"):
        monkeypatch.delenv(name, raising=False)
    assert page_context.site_url(app) == ""
    monkeypatch.setenv("BOOK_REPOSITORY_URL", "https://github.com/Some-Body/book.git")
    assert page_context.site_url(app) == "https://some-body.github.io/book/"
    app.config.html_baseurl = "https://original.org/"  # that of the book it was forked from
    assert page_context.site_url(app) == "https://some-body.github.io/book/"
    monkeypatch.setenv("BOOK_SITE_URL", "https://example.org/book")
    assert page_context.site_url(app) == "https://example.org/book/"


def test_a_term_is_defined_once_and_every_page_links_its_first_use(site):
    soup = BeautifulSoup(
        (site / "chapters/glossary.html").read_text(encoding="utf-8"), "html.parser"
    )
    names = [
        name.strip()
        for term in soup.select("dl.glossary dt")
        for name in term.get_text().strip("# \n").split(",")
    ]
    assert len(set(names)) == len(names)
    assert {"transformer", "layer", "network", "training", "weights", "prompt"} <= set(names)


@pytest.mark.parametrize(
    ("caption", "shown"),
    [
        ("W_K and λ_max", 2),
        ("n_context and W", 0),
        ("the loss $\\frac12 x^2$", 1),
        ("a < b &lt; c", 0),
        ("$a$ beside W_K and $b$", 3),
    ],
)
def test_a_caption_s_formulas_are_set_and_names_of_code_are_not(caption, shown):
    assert numbering.typeset(caption).count('<span class="katex">') == shown


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"W_{K}^{\top}", "W_K^ᵀ"),
        (r"\gamma", "γ"),
        (r"\frac1N", "1/N"),
        (r"\frac12\sigma", "1/2 σ"),
        (r"\sigma^2 \frac{N_x}{N - N_x - 1}", "σ^2 N_x/(N - N_x - 1)"),
        (r"\left(\frac{\sqrt{c} - 1}{\frac{a_{b}}{2}}\right)^2", "((√c - 1)/(a_b/2))^2"),
        (r"\lambda_{\max}", "λ_max"),
        (r"\begin{pmatrix} W_x & 0 \end{pmatrix}", "W_x 0"),
    ],
)
def test_a_formula_is_searched_as_a_reader_types_it(tex, text):
    assert plain_text.of_formula(tex) == text


def test_the_bibliography_is_keyed_by_author_and_year_as_the_text_cites(site):
    soup = BeautifulSoup(
        (site / "chapters/bibliography.html").read_text(encoding="utf-8"), "html.parser"
    )
    labels = [label.get_text().strip("[]") for label in soup.select("div.citation span.label")]
    assert (
        labels
        and all(re.search(r", \d{4}[a-z]?$", label) for label in labels)
        and len(set(labels)) == len(labels)
    )
