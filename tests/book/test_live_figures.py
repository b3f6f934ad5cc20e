"""Live figures on the built pages, as a reader with a phone and a keyboard meets them."""

import pytest
from listing import ALIVE, MOVE
from visits import each, some_now, visit

pytestmark = [pytest.mark.site, pytest.mark.browser]

# How many pixels of the drawing or the sentence are on the screen.
IN_VIEW = """(figure) => Math.max(...['.icl-drawing', '.icl-sentence'].map((part) => {
  const box = figure.querySelector(part).getBoundingClientRect();
  return Math.min(box.bottom, innerHeight) - Math.max(box.top, 0);
}))"""
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


def assert_it_answers_the_keyboard(seen):
    """A key changes the drawing and what is said of it, and Reset brings both back."""
    figure = seen.page.locator(".icl-live")
    assert figure.get_attribute("data-alive") == "true"
    target, key = MOVE[figure.get_attribute("data-figure")]
    drawing, sentence = figure.locator(".icl-drawing"), figure.locator("[aria-live]")
    for scheme in ("light", "dark"):
        with seen.seen_as(scheme, reduced_motion="reduce"):
            before = drawing.inner_html(), sentence.inner_text()
            figure.locator(target).first.focus()
            for _ in range(3):
                seen.page.keyboard.press(key)
            assert drawing.inner_html() != before[0] and sentence.inner_text() != before[1]
            figure.get_by_role("button", name="Reset").press("Enter")
            assert sentence.inner_text() == before[1]
    assert seen.errors == [] and seen.outside == []


@each(ALIVE, 360)
class TestALiveFigureOnAPhone:
    def test_every_control_is_named_reachable_and_large_enough(self, shown):
        controls = shown.page.locator(
            ".icl-live :is(button, select, input, circle[tabindex]):visible"
        ).all()
        # The loops have one slider, and Reset.
        assert len(controls) >= (2 if shown.page.locator("[data-figure=loops]").count() else 4)
        for control in controls:
            box = control.bounding_box()
            assert box["height"] >= 24 and box["width"] >= 24
            control.focus()
            assert control.evaluate("node => document.activeElement === node")

    def test_whoever_moves_a_control_sees_what_it_does(self, shown):
        figure = shown.page.locator(".icl-live")
        controls = figure.locator(
            ":is(button, select, input, circle[tabindex='0'], g[tabindex='0']):visible"
        ).all()
        assert len(controls) >= 2
        with shown.seen_as(height=740):
            shown.page.evaluate("scrollTo(0, 0)")
            for control in controls:
                control.focus()
                control.scroll_into_view_if_needed()
                seen = figure.evaluate(IN_VIEW)
                assert seen >= 40, control.evaluate("node => node.outerHTML")[:120]

    def test_it_answers_the_keyboard(self, shown):
        assert_it_answers_the_keyboard(shown)

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_it_is_seen_in_colours_that_the_system_forces(self, scheme, shown):
        with shown.seen_as(scheme, forced_colors="active"):
            assert shown.page.evaluate("matchMedia('(forced-colors: active)').matches")
            assert shown.page.evaluate(UNSEEN) == []

    def test_its_answers_are_folded_and_open_by_keyboard(self, shown):
        answers = shown.page.locator(".icl-live details.icl-answers")
        assert answers.locator("li").count() >= 2 and not answers.locator("li").first.is_visible()
        answers.locator("summary").press("Enter")
        assert answers.locator("li").first.is_visible()


@pytest.mark.parametrize("name", some_now(ALIVE))
def test_a_live_figure_answers_the_keyboard_from_the_disk(name, browser, site):
    with visit(browser, f"{(site / name).as_uri()}.html") as seen:
        assert_it_answers_the_keyboard(seen)


@pytest.mark.long
@pytest.mark.parametrize("name", ALIVE)
@pytest.mark.parametrize(("protocol", "width"), [("http", 1280), ("file", 360)])
def test_a_live_figure_answers_the_keyboard_elsewhere(
    name, protocol, width, browser, address, site
):
    root = address if protocol == "http" else site.as_uri()
    with visit(browser, f"{root}/{name}.html", width) as seen:
        assert_it_answers_the_keyboard(seen)


@pytest.mark.parametrize("wakes", ["scrolling", "the keyboard"])
@pytest.mark.parametrize("protocol", ["http", "file"])
def test_a_live_figure_is_loaded_when_it_comes_near_the_view(
    wakes, protocol, browser, address, site
):
    root = address if protocol == "http" else site.as_uri()
    page = f"{root}/chapters/06_one_layer_is_one_step.html"
    with visit(browser, page, alive=False) as seen:
        figure = seen.page.locator(".icl-live")
        seen.page.wait_for_load_state("networkidle")
        assert figure.locator("script").count() == 0
        assert figure.locator(".icl-stage > svg[role=img]").is_visible()
        if wakes == "scrolling":
            figure.evaluate("node => node.scrollIntoView()")
        else:
            seen.page.keyboard.press("Tab")
        seen.page.wait_for_selector(".icl-live[data-alive=true]")
        assert seen.errors == [] and figure.get_by_role("button", name="Reset").count() == 1


@pytest.mark.parametrize("name", ["intro", "chapters/16_from_regression_to_language"])
def test_a_list_of_sentences_is_one_stop_and_arrow_keys_move_in_it(name, browser, address):
    with visit(browser, f"{address}/{name}.html") as seen:
        bank = seen.page.locator(".icl-bank")
        controls = bank.locator(":is(input, button):visible")
        stops = bank.locator(":is(input, button):visible:not([tabindex='-1'])")
        assert controls.count() >= 8 and stops.count() == 1
        stops.focus()
        for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
            seen.page.keyboard.press(key)
        third = bank.locator("li:visible").nth(2)
        assert third.locator("button").evaluate("node => node === document.activeElement")
        seen.page.keyboard.press("ArrowLeft")
        was = third.locator("input").is_checked()
        seen.page.keyboard.press("Space")
        assert third.locator("input").is_checked() != was and stops.count() == 1
        seen.page.keyboard.press("Tab")
        assert bank.locator(":focus").count() == 0


def test_the_introduction_begins_with_reviews_that_vote_for_their_label(browser, address):
    with visit(browser, f"{address}/intro.html") as seen:
        figure = seen.page.locator(".icl-live")
        zero = float(figure.locator("[data-mark=zero]").get_attribute("points").split(",")[0])
        votes = figure.locator("[data-mark=vote]").all()
        assert len(votes) == 8
        for vote in votes:
            start, length = (float(vote.get_attribute(part)) for part in ("x", "width"))
            assert length > 1 and (start >= zero - 0.1) == (
                "icl-positive" in vote.get_attribute("class")
            )
        numbers = figure.locator(".icl-bank b").all_inner_texts()
        assert numbers == [str(k + 1) for k in range(len(numbers))]
