"""The pages by keyboard, by ear, and in colours that the reader's system forces."""

import pytest
import speech
from listing import ALIVE, CHAPTERS
from visits import visit

# Stops on the way of the Tab key in the text that are neither controls nor boxes that scroll, and
# buttons that copy what was printed.
NEEDLESS = """() => {
  const shown = (node) => node.tabIndex >= 0 && node.getClientRects().length;
  const stops = [...document.querySelectorAll('article :is(a[href], button, [tabindex])')]
    .filter(shown);
  const control = 'a, button, input, select, textarea, summary, [role=slider], .icl-cell';
  const scrolls = (node) => node.scrollWidth > node.clientWidth || node.scrollHeight > node.clientHeight;
  return stops.filter((node) => (!node.matches(control) && !scrolls(node))
    || node.matches('.cell_output .copybtn'))
    .map((node) => node.outerHTML.slice(0, 100));
}"""
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
@pytest.mark.parametrize("name", CHAPTERS)
@pytest.mark.parametrize("width", [1280, 360])
def test_the_keyboard_stops_where_there_is_something_to_do(name, width, browser, address):
    with visit(browser, f"{address}/{name}.html", width) as seen:
        seen.page.wait_for_timeout(300)
        assert seen.page.evaluate(NEEDLESS) == []


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
@pytest.mark.parametrize("name", ALIVE)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_live_figure_is_seen_in_forced_colours(name, scheme, browser, address):
    with visit(browser, f"{address}/{name}.html", 900, scheme, forced_colors="active") as seen:
        assert seen.page.evaluate(UNSEEN) == []
