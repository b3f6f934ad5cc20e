"""What the pages may run: their own scripts, files of the site, and nothing that was put in later."""

import page_checks
import policy
import pytest
from bs4 import BeautifulSoup
from visits import visit

PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8" /><title>A page</title>
<script>document.documentElement.dataset.own = "ran";</script>
<script type="application/json">{"a": 1}</script><script src="a.js"></script></head>
<body><button onclick="window.print()">Print</button>%s</body></html>"""
INJECTED = (
    "<script>document.documentElement.dataset.bad = 'ran'</script>"
    "<img src='none.png' alt='' onerror=\"document.documentElement.dataset.bad = 'ran'\">"
    "<script src='data:text/javascript,document.documentElement.dataset.bad=1'></script>"
)


def parsed(page: str) -> BeautifulSoup:
    return BeautifulSoup(page, "html.parser")


def rules(page: str) -> dict[str, str]:
    """The policy that a page carries, from its head."""
    head = page.partition("</head>")[0]
    (meta,) = parsed(head).select("head > meta[http-equiv=Content-Security-Policy]")
    return dict(rule.split(" ", 1) for rule in meta["content"].split("; "))


def guarded(page: str) -> str:
    page = policy.without_handlers(page)
    return policy.with_policy(page, parsed(page))


def test_a_page_s_own_scripts_are_named_by_digest_and_data_is_not_taken_for_one():
    bare, page = PAGE % "", guarded(PAGE % "")
    (script,) = policy.inline(parsed(page), "script")
    assert script == 'document.documentElement.dataset.own = "ran";'
    assert rules(page)["script-src"].count("'sha256-") == 1
    assert page_checks.idle_scripts(parsed(bare)) and not page_checks.idle_scripts(parsed(page))
    assert page.index("Content-Security-Policy") < page.index("<title>")


def test_a_second_pass_leaves_the_page_as_it_is():
    once = guarded(PAGE % "")
    assert guarded(once) == once


def test_a_script_in_an_attribute_is_a_complaint(tmp_path):
    page = "<article><h1>One</h1><a href=' javascript:alert(1)'>x</a></article>"
    found = page_checks.complaints(parsed(page), tmp_path / "a.html")
    assert any("does not run" in complaint for complaint in found)


@pytest.mark.browser
def test_what_is_put_into_a_page_afterwards_does_not_run(browser, tmp_path):
    bare, page = tmp_path / "bare.html", tmp_path / "page.html"
    (tmp_path / "a.js").write_text("document.documentElement.dataset.file = 'ran';")
    bare.write_text(PAGE % INJECTED)
    page.write_text(guarded(PAGE % "").replace("</body>", INJECTED + "</body>"))
    ran = "document.documentElement.dataset.%s"
    with visit(browser, bare.as_uri()) as seen:
        assert seen.page.evaluate(ran % "bad")
    with visit(browser, page.as_uri()) as seen:
        assert seen.page.evaluate(ran % "own") == seen.page.evaluate(ran % "file") == "ran"
        assert seen.page.evaluate(ran % "bad") is None
        assert sum("Content Security Policy" in error for error in seen.errors) == 3


@pytest.mark.site
def test_every_page_of_the_site_carries_its_policy(site):
    pages = [*site.glob("*.html"), *site.glob("chapters/*.html")]
    assert len(pages) > 20
    for path in pages:
        page = path.read_text(encoding="utf-8")
        found = rules(page)
        assert found["default-src"] == found["object-src"] == found["base-uri"] == "'none'"
        assert "unsafe" not in found["script-src"] and "http" not in found["script-src"]
        assert guarded(page) == page


@pytest.mark.site
@pytest.mark.browser
@pytest.mark.parametrize("protocol", ["http", "file"])
def test_the_buttons_of_the_header_do_what_they_say(protocol, browser, address, site):
    root = address if protocol == "http" else site.as_uri()
    with visit(browser, f"{root}/intro.html") as seen:
        seen.page.evaluate("window.print = () => { document.title = 'printed' }")
        seen.page.get_by_role("button", name="Download this page").click()
        seen.page.locator("[data-press=print]").click()
        assert seen.page.title() == "printed"
        seen.page.locator("[data-press=full-screen]").click()
        seen.page.wait_for_function("document.fullscreenElement !== null")
        assert seen.errors == []
