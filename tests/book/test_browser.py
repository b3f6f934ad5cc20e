"""Every page of the built site in a real browser: two widths, two colour schemes, by http and from the disk."""

import pytest
from listing import ALIVE, PAGES, TEACHING
from visits import NEEDLESS, each, visit

pytestmark = [pytest.mark.site, pytest.mark.browser]

TOO_WIDE = """document.documentElement.scrollWidth - document.documentElement.clientWidth"""
# Signs at the beginning of a line that belong to the formula at the end of the line before.
ORPHANS = """() => [...document.querySelectorAll('article .katex-html')].flatMap((formula) => {
  const parts = formula.querySelectorAll('.base');
  const walker = document.createTreeWalker(document.querySelector('article'), NodeFilter.SHOW_TEXT);
  walker.currentNode = formula.closest('.katex');
  let text = walker.nextSibling();
  for (let up = formula.closest('.katex'); !text && up; up = up.parentElement) { walker.currentNode = up; text = walker.nextSibling(); }
  if (!text || !/^[,.;:!?)]/.test(text.data) || !parts.length) return [];
  const sign = document.createRange(); sign.setStart(text, 0); sign.setEnd(text, 1);
  const last = parts[parts.length - 1].getBoundingClientRect(), here = sign.getBoundingClientRect();
  return here.width && here.top > last.bottom - 2 ? [formula.textContent + text.data.slice(0, 20)] : [];
})"""

MOVE = {"line_fit": ("circle[tabindex]", "ArrowUp"), "descent": ("input[type=range]", "ArrowRight")}
MOVE |= {
    "shots": ("input[type=range]", "ArrowRight"),
    "memory": ("input[type=range]", "ArrowRight"),
}
MOVE |= dict.fromkeys(("spectrum", "copying"), ("input[type=range]", "ArrowRight"))
MOVE |= dict.fromkeys(("scrub", "optimum"), ("input[type=range]", "ArrowRight"))
MOVE |= dict.fromkeys(("pools", "curves", "emergence"), ("input[type=range]", "ArrowRight"))
MOVE |= {"ledger": ("input[type=text]", "x")}
MOVE |= {"loops": ("input[type=range]", "ArrowLeft")}
MOVE |= {"kernels": ("input[type=range] >> nth=2", "ArrowLeft")}
MOVE |= {"inspector": (".icl-cell[tabindex='0']", "ArrowLeft")}
MOVE |= {
    "block_builder": ("button >> nth=1", "Enter"),
    "few_shot": ("input[type=checkbox] >> nth=0", "Space"),
    "prompt_writer": ("input[type=checkbox] >> nth=1", "Space"),
}


@each(PAGES, 1280, 360)
class TestAPage:
    def test_it_loads_what_it_needs_and_no_more(self, shown):
        shown.page.wait_for_timeout(100)
        assert shown.outside == [] and shown.errors == []
        sizes = sorted(shown.sizes.items(), key=lambda item: -item[1])
        assert shown.bytes() <= 1_500_000, sizes[:6]

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_it_shows_well_in_either_scheme(self, scheme, shown):
        with shown.seen_as(scheme):
            assert shown.page.evaluate(TOO_WIDE) <= 0
            assert shown.sticks_out() == [] and shown.scrolls_sideways() == []
            background = shown.page.evaluate("getComputedStyle(document.body).backgroundColor")
            brightness = sum(int(part) for part in background.strip("rgba()").split(",")[:3])
            assert (brightness > 384) == (scheme == "light")
            assert shown.barriers() == []
            assert shown.outside == [] and shown.errors == []

    def test_it_can_be_read_at_400_percent(self, shown):
        with shown.seen_as(width=320):
            assert shown.page.evaluate(TOO_WIDE) <= 0

    def test_it_has_one_search_box(self, shown):
        openers = shown.page.locator(
            "button.search-button__button:visible, button.search-button-field:visible"
        )
        inputs = shown.page.locator("input[type=search]:visible")
        assert openers.count() + inputs.count() == 1

    def test_the_keyboard_stops_where_there_is_something_to_do(self, shown):
        assert shown.page.evaluate(NEEDLESS) == []

    def test_no_line_begins_with_the_sign_behind_a_formula(self, shown):
        assert shown.page.evaluate(ORPHANS) == []


def test_the_theme_can_be_switched(browser, address):
    with visit(browser, f"{address}/intro.html") as seen:
        colours = set()
        for _ in range(3):
            seen.page.locator("button.theme-switch-button:visible").first.click()
            colours.add(seen.page.evaluate("getComputedStyle(document.body).backgroundColor"))
        assert len(colours) == 2 and seen.errors == []


@pytest.mark.parametrize("name", ALIVE)
@pytest.mark.parametrize("protocol", ["http", "file"])
@pytest.mark.parametrize("width", [1280, 360])
def test_a_live_figure_answers_the_keyboard(name, protocol, width, browser, address, site):
    url = f"{address}/{name}.html" if protocol == "http" else f"{(site / name).as_uri()}.html"
    with visit(browser, url, width, reduced_motion="reduce") as seen:
        figure = seen.page.locator(".icl-live")
        assert figure.get_attribute("data-alive") == "true"
        assert seen.errors == [] and seen.outside == []
        target, key = MOVE[figure.get_attribute("data-figure")]
        drawing, sentence = figure.locator(".icl-drawing"), figure.locator("[aria-live]")
        for scheme in ("light", "dark"):
            with seen.seen_as(scheme):
                before = drawing.inner_html(), sentence.inner_text()
                figure.locator(target).first.focus()
                for _ in range(3):
                    seen.page.keyboard.press(key)
                assert drawing.inner_html() != before[0] and sentence.inner_text() != before[1]
                figure.get_by_role("button", name="Reset").press("Enter")
                assert sentence.inner_text() == before[1]


@pytest.mark.parametrize("way", ["mouse", "touch", "keyboard"])
def test_a_number_of_the_inspector_can_be_followed_back_to_the_inputs(way, browser, address):
    with visit(
        browser, f"{address}/chapters/04_self_attention.html", 360, has_touch=way == "touch"
    ) as seen:
        figure = seen.page.locator(".icl-live")
        sentence = figure.locator("[aria-live]")
        back = figure.get_by_role("button", name="Follow the largest term back")
        cell = figure.locator(".icl-cell[aria-label^='update, row 4, column 3']")
        if way == "keyboard":
            figure.locator(".icl-cell[tabindex='0']").focus()
            for key in ("ArrowLeft",) * 3:  # from the last slot of out to the last of update
                seen.page.keyboard.press(key)
            assert (
                "update" in cell.get_attribute("aria-label")
                and cell.get_attribute("aria-pressed") == "true"
            )
        else:
            cell.tap() if way == "touch" else cell.click()
        assert sentence.inner_text().startswith(
            "update, the query's token, slot 3 (row 3 of P times mixed)"
        )
        assert figure.locator(".icl-cell.icl-direct").count() == 2
        for _ in range(8):
            back.tap() if way == "touch" else back.press("Enter")
        assert "An input: nothing stands behind it." in sentence.inner_text()


@pytest.mark.parametrize("name", ALIVE)
@pytest.mark.parametrize("width", [1280, 360])
def test_with_scripts_off_the_picture_and_the_mathematics_are_there(name, width, browser, address):
    with visit(browser, f"{address}/{name}.html", width, java_script_enabled=False) as seen:
        picture = seen.page.locator(".icl-live .icl-stage > svg[role=img]")
        assert picture.is_visible() and picture.bounding_box()["width"] > 200
        if name != "intro":
            assert seen.page.locator(".katex-html:visible").count() > 5
        solution = seen.page.locator("details.solution").first
        solution.locator("summary").click()
        assert solution.locator("pre").first.is_visible()


@each(TEACHING, 1280)
class TestAChapter:
    def test_a_folded_solution_opens_by_keyboard(self, shown):
        solution = shown.page.locator("details.solution").first
        assert not solution.locator("pre").first.is_visible()
        solution.locator("summary").focus()
        shown.page.keyboard.press("Enter")
        assert solution.locator("pre").first.is_visible()
