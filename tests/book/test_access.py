"""The pages by keyboard and by ear."""

import pytest
import speech
from visits import NEEDLESS, visit


@pytest.mark.parametrize(
    ("page", "quiet"),
    [
        ('<i class="fas fa-file">', '<i class="fas fa-file" aria-hidden="true">'),
        ('<i class="a fa-x"  title="X">', '<i class="a fa-x"  title="X" aria-hidden="true">'),
        ('<i class="fa-x" aria-hidden="true">', '<i class="fa-x" aria-hidden="true">'),
        ('<span class="sofa">', '<span class="sofa">'),
        ("<i>fa-x</i>", "<i>fa-x</i>"),
    ],
)
def test_icons_are_not_spoken(page, quiet):
    assert speech.without_icons(page) == quiet


@pytest.mark.site
@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 360])
def test_what_is_done_late_is_done_at_the_first_tab(width, browser, address):
    page = f"{address}/chapters/06_one_layer_is_one_step.html"
    with visit(browser, page, width, alive=False) as seen:
        assert seen.barriers() == []
        assert seen.page.locator(".icl-live[data-script]").count() == 1
        seen.page.keyboard.press("Tab")
        seen.page.wait_for_selector(".icl-live[data-alive=true]", state="attached")
        assert seen.page.evaluate(NEEDLESS) == [] and seen.errors == []


@pytest.mark.site
@pytest.mark.browser
def test_a_barrier_is_seen_in_words_formulas_and_code(browser, address):
    words = {"p": ["color-contrast"], ".katex-html": ["pale"], "pre span.mi": ["pale"]}
    with visit(browser, f"{address}/chapters/what_you_need.html") as seen:
        assert seen.barriers() == [] and seen.pale() == []
        for selector, rules in words.items():
            node = seen.page.locator(f"article {selector}:visible").first
            node.evaluate("node => { node.style.color = 'rgb(190, 190, 190)'; }")
            assert [name for name, _ in seen.barriers()] == rules and len(seen.pale()) == 1
            node.evaluate("node => { node.style.color = ''; }")
