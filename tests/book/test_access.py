"""The pages by keyboard, by ear, and in colours that the reader's system forces."""

import pytest
import speech
from listing import ALIVE
from visits import NEEDLESS, visit

# Drawn lines and words whose colour is that of the ground behind the figure.
UNSEEN = """() => {
  const figure = document.querySelector('.icl-live');
  const ground = getComputedStyle(figure).backgroundColor;
  return [...figure.querySelectorAll('svg text, svg line, svg polyline')].filter((node) => {
    const style = getComputedStyle(node);
    const colours = [style.fill, style.stroke].filter((colour) => colour !== 'none');
    return node.getClientRects().length && colours.length && colours.every((c) => c === ground);
  }).map((node) => node.outerHTML.slice(0, 100));
}"""


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
    page = f"{address}/chapters/02_gradient_descent.html"
    words = {"p": "color-contrast", ".katex-html": "pale", "pre span.mi": "pale"}
    with visit(browser, page) as seen:
        assert seen.barriers() == []
        for selector, rule in words.items():
            node = seen.page.locator(f"article {selector}:visible").first
            node.evaluate("node => { node.style.color = 'rgb(190, 190, 190)'; }")
            assert [name for name, _ in seen.barriers()] == [rule]
            node.evaluate("node => { node.style.color = ''; }")


@pytest.mark.site
@pytest.mark.browser
@pytest.mark.parametrize("name", ALIVE)
def test_a_live_figure_is_seen_in_forced_colours(name, browser, address):
    with visit(browser, f"{address}/{name}.html", 900, forced_colors="active") as seen:
        for scheme in ("light", "dark"):
            with seen.seen_as(scheme):
                assert seen.page.evaluate(UNSEEN) == []
