"""Each check finds the fault that it is there for."""

import pytest
from bs4 import BeautifulSoup
from page_checks import (
    dead_links,
    headings,
    leftovers,
    outside_resources,
    text_alternatives,
    twin_ids,
)
from visits import visit

BAD = {
    headings: "<article><h1>One</h1><h3>Three</h3></article>",
    text_alternatives: "<article><img src='a.png' alt='a.png'></article>",
    twin_ids: "<p id='a'></p><p id='a'></p>",
    outside_resources: "<script src='https://elsewhere.example/a.js'></script>",
    leftovers: "<article>see {ref}`nowhere`</article>",
}


@pytest.mark.parametrize("check", BAD)
def test_a_fault_is_found_and_a_plain_page_passes(check):
    assert check(BeautifulSoup(BAD[check], "html.parser"))
    assert not check(
        BeautifulSoup("<article><h1>One</h1><p id='a'>Text</p></article>", "html.parser")
    )


def test_dead_links_are_found(tmp_path):
    page = tmp_path / "a.html"
    page.write_text(
        '<p id="here"></p><a href="#here"></a><a href="#there"></a><a href="b.html"></a>'
    )
    assert len(dead_links(BeautifulSoup(page.read_text(), "html.parser"), page)) == 2


@pytest.mark.browser
def test_the_browser_s_eyes_see_requests_errors_and_what_sticks_out(browser, tmp_path):
    page = tmp_path / "a.html"
    page.write_text(
        "<article><div id='wide' style='width: 2000px'>x</div><div style='overflow-x: auto; width: 100px'>"
        "<div style='width: 300px'>not code</div></div></article>"
        "<img src='http://127.0.0.1:9/a.png' alt=''><script>throw new Error('seen')</script>"
    )
    with visit(browser, page.as_uri(), 360) as seen:
        assert seen.outside == ["http://127.0.0.1:9/a.png"]
        assert any("seen" in error for error in seen.errors)
        assert seen.sticks_out() == ["DIV."] and len(seen.scrolls_sideways()) == 1
