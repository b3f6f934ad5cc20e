"""Figures on the built pages, as a reader with a phone and a keyboard meets them."""

import pytest
from listing import ALIVE, CHAPTERS
from visits import each, visit

pytestmark = [pytest.mark.site, pytest.mark.browser]

# Text of a figure that is smaller than 10 px on the screen; letters that stand lower or higher are
# part of a symbol.
SMALL = """() => {
  const own = (node) => [...node.childNodes]
    .some((child) => child.nodeType === 3 && child.textContent.trim());
  const zoom = (node) => {
    const { a, b } = node.getScreenCTM?.() ?? { a: 1, b: 0 };
    return Math.hypot(a, b);
  };
  const size = (node) => parseFloat(getComputedStyle(node).fontSize) * zoom(node);
  const nodes = document.querySelectorAll(
    '.icl-figure :is(text, figcaption), .icl-live :is(text, p, li, label, summary, button)');
  const shown = (node) => own(node) && node.getClientRects().length;
  return [...nodes].filter((node) => shown(node) && size(node) < 9.95)
    .map((node) => `${node.textContent.slice(0, 30)}: ${size(node).toFixed(1)} px`);
}"""
# How many pixels of the drawing or the sentence are on the screen.
IN_VIEW = """(figure) => Math.max(...['.icl-drawing', '.icl-sentence'].map((part) => {
  const box = figure.querySelector(part).getBoundingClientRect();
  return Math.min(box.bottom, innerHeight) - Math.max(box.top, 0);
}))"""
# Words of one plain picture that lie on each other.
OVERLAP = """() => [...document.querySelectorAll('.icl-figure svg, .icl-stage > svg')].flatMap((svg) => {
  const words = [...svg.querySelectorAll('text')].filter((node) => node.textContent.trim())
    .map((node) => [node.textContent.trim(), node.getBoundingClientRect()]);
  const share = (a, b, from, to) => Math.min(a[to], b[to]) - Math.max(a[from], b[from]);
  return words.flatMap(([one, a], place) => words.slice(place + 1)
    .filter(([, b]) => share(a, b, 'left', 'right') > 3
      && share(a, b, 'top', 'bottom') > 0.45 * Math.min(a.height, b.height))
    .map(([other]) => `${one} / ${other}`));
})"""
MARGINS = """() => [...document.querySelectorAll('.icl-panels')]
  .filter((row) => row.getClientRects().length).map((row) => {
  const box = row.getBoundingClientRect();
  const svgs = [...row.querySelectorAll(':scope > svg')].map((svg) => svg.getBoundingClientRect());
  const top = Math.min(...svgs.map((one) => one.top));
  const first = svgs.filter((one) => Math.abs(one.top - top) < 2);
  const [left, right] = [first.map((one) => one.left), first.map((one) => one.right)];
  return [Math.min(...left) - box.left, box.right - Math.max(...right)];
})"""


@each(CHAPTERS, 1280, 360)
class TestFigures:
    def test_they_fill_the_column_or_stand_in_its_middle(self, shown):
        for left, right in shown.page.evaluate(MARGINS):
            assert abs(left - right) <= 2

    def test_what_is_drawn_has_a_name(self, shown):
        live = shown.page.locator(".icl-live")
        assert live.filter(has=shown.page.locator("svg[role]")).count() == live.count()
        for drawing in shown.page.locator("article svg[role]").all():
            assert len((drawing.get_attribute("aria-label") or "").split()) >= 5


@each(CHAPTERS, 360)
class TestFiguresOnAPhone:
    def test_no_text_is_smaller_than_ten_pixels(self, shown):
        assert shown.page.evaluate(SMALL) == []

    def test_no_words_lie_on_each_other(self, shown):
        assert shown.page.evaluate(OVERLAP) == []


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

    def test_its_answers_are_folded_and_open_by_keyboard(self, shown):
        answers = shown.page.locator(".icl-live details.icl-answers")
        assert answers.locator("li").count() >= 2 and not answers.locator("li").first.is_visible()
        answers.locator("summary").press("Enter")
        assert answers.locator("li").first.is_visible()


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
