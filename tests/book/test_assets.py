"""One style sheet and one script for the site, with what its pages use and nothing else."""

import re
from pathlib import Path

import assets
import pydata_sphinx_theme
import pytest
import style_sheets
from bs4 import BeautifulSoup
from listing import CHAPTERS

NAMES = {"here", "there", "x"}


@pytest.mark.parametrize(
    ("css", "kept"),
    [
        (".here{a:b}.gone{a:b}", ".here{a:b}"),
        (".gone,.here .there{a:b}", ".here .there{a:b}"),
        ("p,.gone{a:b}", "p{a:b}"),
        ("#gone>p{a:b}", ""),
        ("p:not(.gone,.x){a:b}", "p:not(.gone,.x){a:b}"),
        ('a[href$=".gone"]{a:b}', 'a[href$=".gone"]{a:b}'),
        (":is(.gone,p) .here{a:b}", ":is(.gone,p) .here{a:b}"),
        (":is(p, a[x], i:not(b, .x)):focus,.gone{a:b}", ":is(p, a[x], i:not(b, .x)):focus{a:b}"),
        ("@media print{.gone{a:b}}", ""),
        ("@media print{.gone{a:b}.here{a:b}}", "@media print{.here{a:b}}"),
        ("@font-face{src:url(a;b)}", "@font-face{src:url(a;b)}"),
        ('@import "a.css";.here{a:b}', '@import "a.css";\n.here{a:b}'),
        ("@layer one;.here{a:b}", "@layer one;\n.here{a:b}"),
        ('/* } */.here::before{content:"}"}', '.here::before{content:"}"}'),
        (".bs-tooltip-end{a:b}", ".bs-tooltip-end{a:b}"),
        (".here{}", ""),
    ],
)
def test_a_rule_is_kept_if_a_page_may_have_what_it_names(css, kept):
    assert style_sheets.used(style_sheets.parsed(css), NAMES) == kept


def test_a_style_sheet_that_cannot_be_read_is_named_with_its_line(tmp_path):
    (tmp_path / "one.css").write_text("a{b:c}\n\nd")
    with pytest.raises(ValueError, match=r"one\.css, line 3"):
        style_sheets.joined(tmp_path / "one.css", tmp_path)


def test_names_come_from_attributes_and_scripts_and_not_from_words():
    page = '<p class="a b" id="c">word</p><script>add("d-e")</script>'
    assert assets.names_in(page) == {"a", "b", "c", "add", "d-e"}


def test_addresses_in_a_style_sheet_lead_where_they_led(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "base.css").write_text("a{b:url('picture.png')}")
    (tmp_path / "in" / "one.css").write_text(
        '@import "../base.css";p{c:url(fonts/f.woff2?a#b);d:url("data:image/svg+xml,<x/>")}'
    )
    assert style_sheets.text(style_sheets.joined(tmp_path / "in" / "one.css", tmp_path)) == (
        'a{b:url("picture.png")}p{c:url(in/fonts/f.woff2?a#b);d:url("data:image/svg+xml,<x/>")}'
    )


def test_numbers_of_a_figure_keep_nine_digits_and_its_words_stay():
    values = '{"a":[0.123456789012,-1e-300,3,1.0],"b":"1.23456789012 <\\/script>"}'
    assert assets.shorter(values) == (
        '{"a":[0.123456789,-1e-300,3,1.0],"b":"1.23456789012 <\\/script>"}'
    )


FIGURE = """<figure id="figure-1-1" class="icl-live" data-figure="dot"><div>picture</div>\
<script type="application/json" class="icl-values">{"a":0.123456789012,"b":"<\\/script>"}</script>\
<script>draw()</script></figure>"""


def test_the_values_and_the_script_of_a_live_figure_stand_in_a_file_of_their_own(tmp_path):
    page = assets.apart(f"<p>before</p>{FIGURE}<p>after</p>", "../", tmp_path)
    (file,) = (tmp_path / "figures").iterdir()
    assert page == (
        '<p>before</p><figure id="figure-1-1" class="icl-live" data-figure="dot" '
        f'data-script="../_static/figures/{file.name}"><div>picture</div></figure><p>after</p>'
    )
    assert file.read_text() == (
        'document.currentScript.parentElement.values = {"a":0.123456789,"b":"<\\/script>"};\ndraw()'
    )
    assert assets.apart(page, "../", tmp_path) == page


def test_the_theme_still_measures_the_boxes_that_are_left_to_the_book():
    theme = Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme"
    script = theme / "static" / "scripts" / "pydata-sphinx-theme.js"
    assert script.read_text(encoding="utf-8").count(assets.MEASURED_BY_THEME) == 1


def little_site(root, page):
    """A site of one page, with its style sheets and scripts."""
    (root / "_static").mkdir(parents=True)
    (root / "chapters").mkdir()
    for name, text in {
        "a.css": ".here{a:url(p.png)}",
        "b.css": ".gone{a:b}",
        "p.png": "",
        "a.js": "const a = 1",
        "b.js": "var b = a + 1",
        "old.js": "",
    }.items():
        (root / "_static" / name).write_text(text)
    (root / "chapters" / "one.html").write_text(page)
    return root / "chapters" / "one.html"


PAGE = """<head>
    <link rel="stylesheet" type="text/css" href="../_static/a.css?v=1" />
    <link href="../_static/b.css?v=1" rel="stylesheet" />
    <script defer="defer" src="../_static/a.js?v=1"></script>
    <link rel="icon" href="../_static/p.png"/>
</head><body class="here"><figure><style>:root{--icl-ink:#000}</style></figure>
<script defer src="../_static/b.js?digest=1"></script></body>"""


def test_a_page_loads_one_style_sheet_and_one_script_and_the_rest_is_not_published(tmp_path):
    page = little_site(tmp_path, PAGE)
    assets.write_all(tmp_path)
    text = page.read_text()
    assert re.findall(r'href="([^"?]*)', text) == ["../_static/site.css", "../_static/p.png"]
    assert re.findall(r'src="([^"?]*)', text) == ["../_static/site.js"]
    assert "--icl-ink" not in text
    assert (tmp_path / "_static" / "site.css").read_text() == ".here{a:url(p.png)}"
    assert (tmp_path / "_static" / "site.js").read_text() == "const a = 1;\nvar b = a + 1"
    assets.write_all(tmp_path)
    assert page.read_text() == text
    assets.drop_unloaded(tmp_path)
    left = {path.name for path in (tmp_path / "_static").iterdir()}
    assert left == {"site.css", "site.js", "p.png"}


@pytest.mark.site
@pytest.mark.parametrize("name", CHAPTERS)
def test_rules_for_live_figures_reach_nothing_else(name, site):
    """Their style sheet is on every page: its names are no one else's."""
    page = BeautifulSoup((site / f"{name}.html").read_text(encoding="utf-8"), "html.parser")
    for figure in page.select(".icl-live"):
        figure.extract()
    there = {word for node in page.select("[class]") for word in node["class"]}
    for rule in style_sheets.parsed(assets.LIVE_STYLES.read_text(encoding="utf-8")):
        selectors = style_sheets.selectors(rule) if rule.type == "qualified-rule" else []
        inside = (".icl-live", "[data")  # of a figure, of a page's scheme
        free = [one for one in selectors if not style_sheets.text(one).startswith(inside)]
        assert not set().union(*map(style_sheets.named, free)) & there


@pytest.mark.site
def test_the_site_publishes_what_its_pages_load_and_nothing_else(site):
    files = {path.relative_to(site).as_posix() for path in site.glob("_static/**/*.*")}
    pages = assets.pages(site)
    assert len(pages) > 20
    assert {name for name in files if not (site / name).is_dir()} <= assets.loaded(site)
    for path in pages:
        page = path.read_text(encoding="utf-8")
        assert assets.assets_of(page) == ([], []) and page.count("_static/site.css") == 1
